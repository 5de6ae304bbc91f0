//! A report → Markdown to paste into an issue: what is wrong, the lanes, the evidence, the rest folded.
//!
//! Nothing in it is more than text: words with anything that could be markup, a mention or a link
//! stand in code.

use std::fmt::Write as _;

use super::focus::Focus;
use super::scale::since;
use super::sight::{Event, Excerpt, Found, Run};
use super::strip::{is_unseen, plain, strip};
use super::{Bundle, Sight};

/// Bytes of the whole: what is read in an issue, and far from the 60,000 that it takes.
const MOST_BYTES: usize = 6_000;

/// Arrows of the sequence, and bytes of it: Gitea draws up to 5,000.
const MOST_ARROWS: usize = 30;
const MOST_SEQUENCE: usize = 4_500;

/// Rows of evidence.
const MOST_ROWS: usize = 14;

/// Other findings that are named.
const MOST_OTHERS: usize = 5;

/// Characters of a sentence, and of a word in a table.
const SENTENCE: usize = 400;
const WORD: usize = 60;

/// The report as Markdown.
pub fn markdown(bundle: &Bundle, sight: &Sight) -> String {
    focused(bundle, sight, &Focus::of(bundle, sight))
}

/// What it says of one of its findings.
pub(super) fn of_finding(bundle: &Bundle, sight: &Sight, found: &Found) -> String {
    focused(bundle, sight, &Focus::on(Some(found), None, sight))
}

fn focused(bundle: &Bundle, sight: &Sight, focus: &Focus<'_>) -> String {
    let mut arrows = MOST_ARROWS;
    loop {
        let rows = if arrows > 0 { MOST_ROWS } else { MOST_ROWS / 2 };
        let text = whole(bundle, sight, focus, (rows, arrows));
        if text.len() <= MOST_BYTES || arrows == 0 {
            return text;
        }
        arrows = arrows.saturating_sub(5);
    }
}

fn whole(
    bundle: &Bundle,
    sight: &Sight,
    focus: &Focus<'_>,
    (rows, arrows): (usize, usize),
) -> String {
    let mut text = heading(bundle, focus);
    if let Some(found) = focus.found {
        text += &explained(found, focus, sight);
    }
    let _ = write!(text, "```text\n{}```\n", strip(sight, focus));
    if let Some(found) = focus.found {
        text += &table(found, focus, sight, rows);
    }
    text += &others(sight, focus);
    text += &folded(bundle, sight, focus, arrows);
    text += &opened(focus);
    text
}

fn heading(bundle: &Bundle, focus: &Focus<'_>) -> String {
    let Some(found) = focus.found else {
        return format!("### {}\n", words(&bundle.title, SENTENCE));
    };
    let whose: Vec<String> = found
        .who
        .iter()
        .map(|who| words(who, WORD))
        .chain(focus.run.map(|run| format!("run {}", words(&run.short(), WORD))))
        .collect();
    let whose = if whose.is_empty() { String::new() } else { format!(" ({})", whose.join(", ")) };
    format!("### {} {} {}{whose}\n", sign(found), found.code, words(&found.message, SENTENCE))
}

const fn sign(found: &Found) -> &'static str {
    match found.severity.as_bytes() {
        b"error" => "✖",
        b"warning" => "▲",
        _ => "ℹ",
    }
}

/// What is known of why, in sentences.
fn explained(found: &Found, focus: &Focus<'_>, sight: &Sight) -> String {
    let mut said: Vec<String> = Vec::new();
    if let Some(cause) = &found.cause {
        let event = cause.event.and_then(|event| sight.events.get(event as usize));
        let at = event.map(|event| format!(" ({})", moment(event.at_ns, focus)));
        said.push(format!(
            "**Likely cause**: {}{}.",
            words(&cause.text, SENTENCE),
            at.unwrap_or_default()
        ));
    }
    said.extend(found.side.map(|side| format!("Side: {}.", words(side, SENTENCE))));
    said.extend(
        found.elsewhere.iter().map(|it| format!("Looked elsewhere: {}.", words(it, SENTENCE))),
    );
    if said.is_empty() { String::new() } else { format!("{}\n\n", said.join(" ")) }
}

/// A time since the run began; before that, how long before.
fn moment(at_ns: u64, focus: &Focus<'_>) -> String {
    let zero_ns = focus.zero_ns();
    // Microseconds are of no use to who reads.
    let rounded = |ns: u64| ns / 1_000_000 * 1_000_000;
    match at_ns.checked_sub(zero_ns) {
        Some(ns) => since(rounded(ns)),
        None => since(rounded(zero_ns - at_ns)).replacen('+', "-", 1),
    }
}

/// One row of the evidence.
struct Row {
    frame: Option<i64>,
    at: String,
    what: String,
    note: String,
}

fn table(found: &Found, focus: &Focus<'_>, sight: &Sight, most: usize) -> String {
    let rows = evidence(found, focus, sight, most);
    if rows.is_empty() {
        return String::new();
    }
    let mut text = "\n| # | at | event | note |\n|---|---|---|---|\n".to_owned();
    for Row { frame, at, what, note } in rows {
        let frame = frame.map_or_else(|| "·".to_owned(), |frame| frame.to_string());
        let _ = writeln!(text, "| {frame} | {at} | {what} | {note} |");
    }
    text
}

/// The frames around the finding, its ghost and its cause, in order; the middle is what matters.
fn evidence(found: &Found, focus: &Focus<'_>, sight: &Sight, most: usize) -> Vec<Row> {
    let cause = found.cause.as_ref().and_then(|why| why.event);
    let cause = cause.and_then(|event| sight.events.get(event as usize));
    let mut rows: Vec<(u64, bool, Row)> = Vec::new();
    for shown in &found.excerpt {
        let at_ns = shown.at_ns.or_else(|| found.expected.as_ref().map(|ghost| ghost.at_ns));
        let row = excerpt(shown, found, cause, focus);
        rows.push((at_ns.unwrap_or(found.at_ns), shown.blamed || shown.frame.is_none(), row));
    }
    let is_there = |event: &Event| {
        event.frame != 0 && found.excerpt.iter().any(|row| row.frame == Some(event.frame))
    };
    for seen in found.evidence.iter().filter(|_| found.excerpt.is_empty()) {
        let event = seen.event.and_then(|event| sight.events.get(event as usize));
        let Some(event) = event.filter(|it| cause.is_none_or(|cause| cause.frame != it.frame))
        else {
            continue;
        };
        rows.push((event.at_ns, true, row(event, seen.role, focus, sight)));
    }
    if let Some(event) = cause.filter(|event| !is_there(event)) {
        let row = row(event, "**likely cause**", focus, sight);
        rows.push((event.at_ns, true, row));
    }
    rows.sort_by_key(|(at_ns, ..)| *at_ns);
    let last = rows.iter().rposition(|(_, matters, _)| *matters).unwrap_or(rows.len());
    let skipped = (last + 2).saturating_sub(most);
    rows.into_iter().skip(skipped).take(most).map(|(.., row)| row).collect()
}

fn row(event: &Event, note: &str, focus: &Focus<'_>, sight: &Sight) -> Row {
    Row {
        frame: (event.frame != 0).then_some(event.frame),
        at: moment(event.at_ns, focus),
        what: said(event, sight),
        note: note.to_owned(),
    }
}

fn excerpt(shown: &Excerpt, found: &Found, cause: Option<&Event>, focus: &Focus<'_>) -> Row {
    let arrow = if shown.out { "→" } else { "←" };
    let name = code(&shown.event, WORD);
    let detail = words(&shown.detail, WORD);
    let is_cause = cause.is_some_and(|cause| shown.frame == Some(cause.frame));
    match (shown.frame, shown.at_ns) {
        (None, _) => {
            // Where it was given up when its time was over, that is when it should have been there.
            let seen = focus.run.map_or(0, |run| run.to_ns);
            let by = (found.at_ns > seen).then(|| format!("by {}", moment(found.at_ns, focus)));
            Row {
                frame: None,
                at: by.unwrap_or_default(),
                what: format!("{name} {detail} expected").replace("  ", " "),
                note: format!("{} {}", sign(found), found.code),
            }
        }
        (frame, at_ns) => Row {
            frame,
            at: at_ns.map_or_else(String::new, |at_ns| moment(at_ns, focus)),
            what: format!("{arrow} {name} {detail}").trim_end().to_owned(),
            note: match (is_cause, found.evidence.iter().find(|it| Some(it.frame) == frame)) {
                (true, _) => "**likely cause**".to_owned(),
                (false, Some(evidence)) => evidence.role.to_owned(),
                (false, None) => String::new(),
            },
        },
    }
}

/// An event in a few words.
fn said(event: &Event, sight: &Sight) -> String {
    let name = sight.name(event);
    if event.kind.is_empty() {
        let tool = event.tool.as_deref().map_or_else(String::new, |tool| words(tool, WORD));
        let arrow = if event.out { "→" } else { "←" };
        return format!("{arrow} {} {tool}", code(name, WORD)).trim_end().to_owned();
    }
    of_the_wire(event).map_or_else(|| words(name, WORD), str::to_owned)
}

/// What happened, where that is no message.
fn of_the_wire(event: &Event) -> Option<&'static str> {
    match event.kind {
        "abort" => Some("the connection broke"),
        "close" => Some("the connection was closed"),
        "open" => Some("connected"),
        "refused" => Some("refused"),
        "gap" => Some("gap in the recording"),
        _ => None,
    }
}

/// Whether an event is a message.
fn is_said(sight: &Sight, event: u32) -> bool {
    sight.events.get(event as usize).is_some_and(|event| event.kind.is_empty())
}

fn others(sight: &Sight, focus: &Focus<'_>) -> String {
    let shown = focus.found.map(|found| found.link.as_str());
    let others = sight.findings.iter().filter(|it| Some(it.link.as_str()) != shown);
    let worth = others.filter(|it| it.severity != "info");
    let named: Vec<&Found> = worth.collect();
    if named.is_empty() {
        return String::new();
    }
    let mut text = "\nAlso in this report:\n".to_owned();
    for found in named.iter().take(MOST_OTHERS) {
        let who = found.who.as_ref().map(|who| format!(" ({})", words(who, WORD)));
        let message = words(&found.message, SENTENCE / 4);
        let _ =
            writeln!(text, "- {} {} {message}{}", sign(found), found.link, who.unwrap_or_default());
    }
    if named.len() > MOST_OTHERS {
        let _ = writeln!(text, "- and {} more", named.len() - MOST_OTHERS);
    }
    text
}

/// What only some want to see.
fn folded(bundle: &Bundle, sight: &Sight, focus: &Focus<'_>, arrows: usize) -> String {
    let mut text = "\n<details><summary>Sequence, environment, redaction</summary>\n\n".to_owned();
    if let Some(sequence) = focus.run.and_then(|run| sequence(sight, focus, run, arrows)) {
        text += &sequence;
    }
    let manifest = &bundle.manifest;
    for (key, value) in manifest.meta.iter().take(MOST_ROWS) {
        let _ = writeln!(text, "- {}: {}", words(key, WORD), words(value, WORD));
    }
    let recorded = words(&manifest.recorded, WORD);
    let _ = writeln!(
        text,
        "- wiretape {}, rules {}, recording {recorded}, {}",
        words(&manifest.tool, WORD),
        words(&manifest.rules, WORD),
        wall(manifest.recorded_at_ns)
    );
    let ((frames, of), (users, of_users)) = (manifest.frames_of, manifest.users_of);
    let _ = writeln!(
        text,
        "- {}: {frames} of {of} frames, {users} of {of_users} users",
        words(&manifest.scope, SENTENCE)
    );
    let by: Vec<String> = manifest
        .hidden_by
        .iter()
        .map(|(rule, count)| format!("{} {count}", words(rule, WORD)))
        .collect();
    let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join(", ")) };
    let _ =
        writeln!(text, "- redaction {}: {} values hidden{by}", manifest.redact, manifest.hidden);
    if manifest.types_only.is_some() {
        text += "- payloads: types only, no more than the rules read\n";
    }
    text + "\n</details>\n\n"
}

/// The day and time of day, UTC.
fn wall(ns: i64) -> String {
    let moment = jiff::Timestamp::from_nanosecond(i128::from(ns));
    moment.map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// The run as a sequence diagram, as many arrows as are asked for: its beginning and its end.
fn sequence(sight: &Sight, focus: &Focus<'_>, run: &Run, arrows: usize) -> Option<String> {
    // What the connection did is there where it explains something.
    let cause = focus.found.and_then(|found| found.cause.as_ref()).and_then(|why| why.event);
    let mut numbers = run.events.clone();
    numbers.extend(cause.filter(|cause| !numbers.contains(cause)));
    numbers.sort_unstable();
    let events: Vec<&Event> = numbers
        .iter()
        .filter(|number| cause == Some(**number) || is_said(sight, **number))
        .filter_map(|number| sight.events.get(*number as usize))
        .collect();
    if arrows == 0 || events.is_empty() {
        return None;
    }
    let who = sight.users.get(run.user as usize).map_or("client", |user| user.name.as_str());
    let mut text = format!(
        "```mermaid\nsequenceDiagram\n  participant c as {}\n  participant s as server\n",
        letters_only(who)
    );
    let (head, tail) =
        if events.len() > arrows { (arrows / 3, arrows - arrows / 3) } else { (events.len(), 0) };
    let arrow = |event: &Event| {
        if let Some(words) = of_the_wire(event) {
            return format!("  Note over c,s: {words} {}\n", moment(event.at_ns, focus));
        }
        let way = if event.out { "c->>s" } else { "s->>c" };
        let tool = event.tool.as_deref().map(|tool| format!(" {}", letters_only(tool)));
        let name = letters_only(sight.name(event));
        format!("  {way}: {name}{} {}\n", tool.unwrap_or_default(), moment(event.at_ns, focus))
    };
    text.extend(events[..head].iter().map(|event| arrow(event)));
    if tail > 0 {
        let _ = writeln!(text, "  Note over c,s: {} more", events.len() - head - tail);
        text.extend(events[events.len() - tail..].iter().map(|event| arrow(event)));
    }
    if let Some(found) = focus.found {
        let expected = found.expected.as_ref().map(|ghost| letters_only(&ghost.event));
        let said = expected.map(|event| format!(" {event}")).unwrap_or_default();
        let _ = writeln!(text, "  Note over c,s: {} {}{said}", found.code, found.class);
    }
    text += "```\n\n";
    (text.len() <= MOST_SEQUENCE).then_some(text)
}

/// Of a text what a diagram takes for a name and nothing else.
fn letters_only(text: &str) -> String {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
    let shown: String =
        text.chars().take(WORD / 2).map(|c| if is_name(c) { c } else { '·' }).collect();
    // The word `end` closes a block.
    if shown.eq_ignore_ascii_case("end") { format!("·{shown}") } else { shown }
}

fn opened(focus: &Focus<'_>) -> String {
    let at = focus.found.map(|found| format!(" --at {}", found.link)).unwrap_or_default();
    format!("Open: double-click the attached `.html`, or `wiretape open FILE.html{at}`.\n")
}

/// A text of at most `most` characters in which every word is plain, or stands in code.
fn words(text: &str, most: usize) -> String {
    let cut = cut(text, most);
    let words: Vec<String> = cut.split_whitespace().map(word).collect();
    words.join(" ")
}

fn cut(text: &str, most: usize) -> String {
    let mut cut: String = text.chars().take(most).collect();
    if text.chars().nth(most).is_some() {
        cut.push('…');
    }
    cut
}

/// A word: as it is where nothing takes it for more than that.
fn word(text: &str) -> String {
    let is_around = |c: char| matches!(c, '(' | ')' | ',' | '.' | ';' | ':' | '…' | '‘' | '’');
    let inner = text.trim_matches(is_around);
    let is_plain = |c: char| {
        c.is_alphanumeric() && !is_unseen(c)
            || matches!(
                c,
                '.' | ','
                    | '\''
                    | '%'
                    | '+'
                    | '±'
                    | '→'
                    | '←'
                    | '–'
                    | '’'
                    | '='
                    | '?'
                    | '/'
                    | ';'
                    | '('
                    | ')'
                    | ':'
            )
            || c == '-'
    };
    let is_link = inner.contains("://")
        || inner.starts_with("www.")
        || inner.to_lowercase().starts_with("gh-");
    let starts_list =
        inner.starts_with(['-', '+', '=']) && inner.len() > 1 || inner == "-" || inner == "+";
    if inner.is_empty() || inner.chars().all(is_plain) && !is_link && !starts_list {
        return text.to_owned();
    }
    let at = text.find(inner).unwrap_or(0);
    format!("{}{}{}", &text[..at], code(inner, usize::MAX), &text[at + inner.len()..])
}

/// A text as code, also within a table.
fn code(text: &str, most: usize) -> String {
    let text = plain(&cut(text, most)).replace('|', "¦");
    if text.trim().is_empty() { "·".to_owned() } else { format!("`{}`", text.trim()) }
}
