//! Where the reader is → sentences, and a typed line → what it does: all that the screens show, for
//! who reads by ear or by finger. Nothing is drawn, nothing is drawn over, and lists have numbers.

use super::app::{App, Lane, Overlay, Screen};
use super::diff::{Half, Line};
use super::escape;
use super::inspect::Rows;
use super::keys::{Act, Key};
use super::list::{self, Entry};
use super::measure::{Digits, bytes, count, counted, lasted};
use super::menu::Menu;
use super::message::{Listed, Message};
use super::review::Review;
use super::tape::Tape;
use crate::analysis::timeline::Row;
use crate::events::Kind;
use crate::rules::{Finding, Severity};
use crate::wire::Direction;

/// Lines of a list that are told at once: what lies around the reader's place.
const PAGE: usize = 25;

/// Lines of a payload that are told: more is for a file.
const MOST_LINES: usize = 400;

/// A key.
fn key(key: Key) -> Vec<Message> {
    vec![Message::Key(key)]
}

/// A key that opens what is typed into, the text, and Enter.
fn text(first: Key, rest: &str) -> Vec<Message> {
    let letters = rest.chars().map(Key::Char);
    let keys = [first, Key::Ctrl('u')].into_iter().chain(letters).chain([Key::Enter]);
    keys.map(Message::Key).collect()
}

/// What a typed line means to what lies over the screen, if that takes it.
fn answer(app: &App, typed: &str) -> Option<Vec<Message>> {
    let number = typed.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let picks = number.map(|place| vec![Message::Pick(place)]);
    match &app.overlay {
        Overlay::None => picks,
        Overlay::Sql(_) if picks.is_some() => picks,
        Overlay::Filter(_) | Overlay::Note(_) | Overlay::Prompt(..) | Overlay::Sql(_) => {
            let leaves = typed.is_empty();
            Some(if leaves { key(Key::Esc) } else { text(Key::Ctrl('u'), typed) })
        }
        Overlay::Review(_) => Some(match (typed, typed.strip_prefix("rule ")) {
            _ if picks.is_some() => picks.unwrap_or_default(),
            ("", _) => key(Key::Esc),
            ("write", _) => key(Key::Tab),
            (_, Some(rule)) => text(Key::Char('a'), rule),
            _ => Key::named(typed).map(key).unwrap_or_default(),
        }),
        Overlay::Remove(_) => Some(key(typed.chars().next().map_or(Key::Esc, Key::Char))),
        Overlay::Menu(_) | Overlay::Sheet(_) | Overlay::Help => {
            picks.or_else(|| typed.is_empty().then(|| key(Key::Esc)))
        }
    }
}

/// What a typed line means.
pub(super) fn heard(app: &App, line: &str) -> Vec<Message> {
    let typed = line.trim();
    if let Some(messages) = answer(app, typed) {
        return messages;
    }
    let mut closed = match app.overlay {
        Overlay::None => Vec::new(),
        _ => key(Key::Esc),
    };
    let of = |act: Act| app.keys.rows().find(|bound| bound.row.act == act)?.keys.first().copied();
    let asks = |sign: char| match sign {
        '/' => of(Act::Filter),
        ':' => of(Act::Palette),
        ';' => of(Act::Sql),
        _ => None,
    };
    if let Some(first) = typed.chars().next().and_then(asks).filter(|_| typed.len() > 1) {
        closed.extend(text(first, &typed[1..]));
        return closed;
    }
    if let Some(note) = typed.strip_prefix("note ") {
        closed.extend(of(Act::Note).map(|first| text(first, note)).unwrap_or_default());
        return closed;
    }
    let act = Act::named(typed).map(still).or_else(|| {
        let row = app.keys.rows().find(|bound| bound.row.does == typed)?;
        Some(still(row.row.act))
    });
    let known = Key::named(typed).map(|key| match app.keys.bound(key).map(|row| row.act) {
        Some(act) => of(still(act)).unwrap_or(key),
        None => key,
    });
    match (act.and_then(of).or(known), typed.is_empty()) {
        (Some(known), _) => closed.push(Message::Key(known)),
        // Nothing but Enter: in, as everywhere.
        (None, true) => closed.push(Message::Key(of(Act::In).unwrap_or(Key::Enter))),
        (None, false) => closed.extend(text(of(Act::Palette).unwrap_or(Key::Char(':')), typed)),
    }
    closed
}

/// What moves by itself can't be told: playing is a step.
fn still(act: Act) -> Act {
    if act == Act::Play { Act::StepOn } else { act }
}

/// Where the reader is, in sentences.
pub(super) fn tell(app: &App) -> Vec<String> {
    let mut told: Vec<String> = app.said.iter().cloned().collect();
    match &app.overlay {
        Overlay::None => place(app, &mut told),
        Overlay::Help => help(app, &mut told),
        Overlay::Filter(_) => told.push("Type a filter; nothing leaves it.".to_owned()),
        Overlay::Note(_) => told.push("Type the note; nothing drops it.".to_owned()),
        Overlay::Prompt(_, text) => told.push(format!("Type it; nothing leaves it at {text}.")),
        Overlay::Remove(listed) => {
            let frames = counted(listed.frames, "frame");
            let name = &listed.name;
            told.push(format!(
                "Remove {name}, {frames}, for good? y removes it, all else does not."
            ));
        }
        Overlay::Menu(menu) => choices(menu, &mut told),
        Overlay::Review(review) => hidden(review, &mut told),
        Overlay::Sheet(sheet) => {
            told.push(format!("{}.", sheet.title));
            told.extend(sheet.text.lines().map(str::to_owned));
        }
        Overlay::Sql(sql) => match &sql.answer {
            None => {
                told.push("Type SQL; nothing leaves it. Views: frames, connections, gaps.".into());
            }
            Some(Err(why)) => told.push(why.clone()),
            Some(Ok(answer)) => {
                let rows = answer.rows.iter().zip(1..).map(|(row, number)| {
                    let cells = answer.names.iter().zip(row);
                    let cells = cells.map(|(name, cell)| format!("{name} {cell}"));
                    format!("{number}. {}", cells.collect::<Vec<_>>().join(", "))
                });
                told.extend(rows);
                told.push(counted(answer.rows.len() as u64, "row") + ". A number goes there.");
            }
        },
    }
    told.iter().map(|line| escape::text(line)).collect()
}

/// What a report hides, and what is still to be decided.
fn hidden(review: &Review, told: &mut Vec<String>) {
    told.push(format!("Report of {}.", review.scope));
    page(told, review.picked, review.rows.len(), &|at| {
        let row = review.rows.get(at)?;
        let asked = if row.decided { "" } else { "to be decided: " };
        let hits = counted(row.hits, "hit");
        let (rule, place, before, after) = (&row.rule, &row.place, &row.before, &row.after);
        Some(format!("{asked}{rule}, {place}, {hits}: {before} becomes {after}."))
    });
    told.extend(review.said.iter().cloned());
    let open = counted(review.undecided() as u64, "line");
    told.push(format!(
        "{open} to be decided. A number decides or changes one; rule PLACE = hide, show or length \
         adds one; write goes on; nothing leaves."
    ));
}

/// A finding that is new, while it is recorded.
pub(super) fn news(app: &App, index: usize) -> Option<String> {
    let tape = app.tape.as_ref()?;
    let finding = tape.findings.get(index).filter(|finding| tape.is_told(finding))?;
    Some(escape::text(&sentence(app, tape, finding)))
}

fn place(app: &App, told: &mut Vec<String>) {
    let Some(tape) = app.tape.as_ref().filter(|_| app.screen != Screen::Sessions) else {
        return sessions(app, told);
    };
    match app.screen {
        Screen::Sessions => {}
        Screen::Timeline => lane(app, tape, told),
        Screen::Frames => frames(app, tape, told),
        Screen::Findings => findings(app, tape, told),
        Screen::Live => live(tape, told),
        Screen::Diff => diff(app, tape, told),
    }
}

/// What this recording is.
pub(super) fn about(app: &App) -> Vec<String> {
    let Some(tape) = &app.tape else { return Vec::new() };
    let about = &tape.about;
    let found = [
        counted(tape.count(Severity::Error) as u64, "error"),
        counted(tape.count(Severity::Warning) as u64, "warning"),
    ];
    let counts = [
        counted(tape.people() as u64, "user"),
        counted(tape.runs.len() as u64, "run"),
        counted(tape.counts.frames, "frame"),
    ];
    let lines = [
        format!(
            "{}, {}, {} long, of {}.",
            about.name,
            about.state,
            lasted(tape.end_ns),
            about.upstream
        ),
        format!("{}. {}. By {}.", counts.join(", "), found.join(", "), about.chosen),
        app.keys.fill(
            "Type a number to go to what has it, a key or its word (help lists them), / and a \
             filter, : and a place such as E102, #4397, 14:33:17 or 50%; {back} leaves.",
        ),
    ];
    lines.iter().map(|line| escape::text(line)).collect()
}

/// The lines of a list around the reader's place, with their numbers.
fn page(told: &mut Vec<String>, here: usize, all: usize, line: &dyn Fn(usize) -> Option<String>) {
    let first = here.saturating_sub(PAGE / 2).min(all.saturating_sub(PAGE));
    let last = all.min(first + PAGE);
    for at in first..last {
        let mark = if at == here { " (here)" } else { "" };
        told.extend(line(at).map(|line| format!("{}.{mark} {line}", at + 1)));
    }
    if last - first < all {
        told.push(format!("{} to {} of {}.", first + 1, last, count(all as u64)));
    }
}

fn sessions(app: &App, told: &mut Vec<String>) {
    if let Some(here) = app.inside {
        let Some(tape) = &app.tape else { return };
        let rows = list::inside(tape);
        told.push(format!("Inside {}: users and connections.", tape.about.name));
        return page(told, here, rows.len(), &|at| {
            let (user, line) = rows.get(at)?;
            let user = tape.users.get(*user)?;
            Some(match line {
                None => format!("{}, {}", user.name, counted(user.runs.len() as u64, "run")),
                Some(line) => format!("connection {}", user.lines.get(*line)?.connection),
            })
        });
    }
    match &app.listed {
        Err(why) => told.push(format!("The recordings can't be listed: {why}")),
        Ok(listed) if listed.is_empty() => {
            told.push(format!("There are no recordings in {}.", app.folder));
        }
        Ok(listed) => {
            told.push(format!("{} in {}.", counted(listed.len() as u64, "recording"), app.folder));
            page(told, app.picked, listed.len(), &|at| {
                let one = listed.get(at)?;
                let started = app.wall.time(i128::from(one.started_ns), Digits::Date);
                let frames = counted(one.frames, "frame");
                let found = one.verdict.map_or_else(String::new, |found| {
                    let (errors, warnings) =
                        (counted(found.errors, "error"), counted(found.warnings, "warning"));
                    format!(", {errors}, {warnings}")
                });
                let Listed { name, state, upstream, .. } = one;
                Some(format!("{name}, {state}, started {started}, {frames}{found}, {upstream}"))
            });
        }
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "remark",
    }
}

fn sentence(app: &App, tape: &Tape, finding: &Finding) -> String {
    let at = tape.wall(app, finding.at_ns, Digits::Seconds);
    let run = finding.run.as_ref().map(|run| format!("run {}", escape::tail(run, 8)));
    let whose = [finding.user.clone(), run].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let (severity, code) = (word(finding.severity), finding.code.text());
    let wanted = finding.expected.as_ref();
    let wanted = wanted.map_or_else(String::new, |it| format!(" Expected: {}.", it.event));
    format!("{at} {severity} {code}, {whose}: {}.{wanted}", finding.message)
}

fn findings(app: &App, tape: &Tape, told: &mut Vec<String>) {
    let lines = app.finding_lines();
    let muted = if tape.muted > 0 { format!(", {} muted", tape.muted) } else { String::new() };
    told.push(format!("{}{muted}.", counted(tape.by_time.len() as u64, "finding")));
    page(told, app.finding_line(&lines).unwrap_or(0), lines.len(), &|at| {
        let (finding, group) = lines.get(at)?;
        let group = tape.groups.get(*group)?;
        let more = if group.lead == *finding { group.more(tape) } else { "same cause".into() };
        let more = if more.is_empty() { more } else { format!(" ({more})") };
        Some(sentence(app, tape, tape.findings.get(*finding)?) + &more)
    });
    card(app, tape, told);
}

/// What is known of the finding that the reader is at.
fn card(app: &App, tape: &Tape, told: &mut Vec<String>) {
    let Some(finding) = app.card().and_then(|card| tape.findings.get(card)) else { return };
    told.push(sentence(app, tape, finding));
    for frame in finding.frames.iter().take(4) {
        let rows = tape.timeline.rows_of_frame(*frame);
        if let Some(row) = rows.first().and_then(|row| tape.timeline.row(*row)) {
            told.push(format!("Saw frame {frame}: {}", event(app, tape, &row)));
        }
    }
    let known = [
        ("Side", finding.side.map(|side| side.word().to_owned())),
        ("Likely", finding.cause.as_ref().map(|cause| cause.text.clone())),
        ("Nearest", finding.elsewhere.clone()),
        ("Rule", Some(finding.rule_place())),
    ];
    let known = known.into_iter().filter_map(|(label, text)| Some(format!("{label}: {}.", text?)));
    told.extend(known);
}

fn event(app: &App, tape: &Tape, row: &Row) -> String {
    let at = tape.wall(app, row.at_ns, Digits::Millis);
    let way = match (row.kind, row.direction) {
        (Kind::Message, Direction::ServerToClient) => "from the server: ",
        (Kind::Message, Direction::ClientToServer) => "from the client: ",
        _ => "",
    };
    let size = match row.kind {
        Kind::Message => format!(", {}", bytes(u64::from(row.bytes))),
        _ => String::new(),
    };
    let flags = tape.timeline.findings_of(row.number).iter();
    let flags = flags.filter_map(|finding| tape.findings.get(*finding));
    let flags: Vec<String> =
        flags.map(|it| format!("{} {}", word(it.severity), it.code.text())).collect();
    let flags = if flags.is_empty() { String::new() } else { format!(". {}", flags.join(", ")) };
    format!("{at} {way}{}{size}{flags}", tape.symbols.text(row.name))
}

fn lane(app: &App, tape: &Tape, told: &mut Vec<String>) {
    let name = |user: usize| tape.users.get(user).map_or("nobody", |user| user.name.as_str());
    told.push(match app.lane {
        Lane::User(user) => format!("{}, all events.", name(user)),
        Lane::Run(number) => {
            let Some(run) = tape.runs.get(number as usize) else { return };
            let state = match tape.worst_of(run) {
                Some(worst) => format!("{} {}", word(worst.severity), worst.code.text()),
                None if run.is_open => "open".to_owned(),
                None => tape.outcome_of(number).to_owned(),
            };
            let from = tape.wall(app, run.from_ns, Digits::Seconds);
            let length = lasted(run.to_ns.saturating_sub(run.from_ns));
            let (user, id) = (name(run.user), tape.run_id(number));
            format!("{user}, run {id}: {state}, from {from}, {length}.")
        }
    });
    page(told, app.entry, app.entries_shown(), &|at| {
        Some(match app.entries.get(at)? {
            Entry::Event(row) => event(app, tape, &tape.timeline.row(*row)?),
            Entry::Stream(row, _, times) => {
                let first = event(app, tape, &tape.timeline.row(*row)?);
                format!("{first}, {} one after the other", counted(u64::from(*times), "time"))
            }
            Entry::Ghost(finding) => {
                let finding = tape.findings.get(*finding)?;
                let expected = finding.expected.as_ref()?;
                format!("expected here: {}. error {}", expected.event, finding.code.text())
            }
        })
    });
    if app.card().is_some() {
        return card(app, tape, told);
    }
    if app.pane == super::app::Pane::Inspector {
        payload(app, told);
    }
}

/// What is in the row that the reader is at.
fn payload(app: &App, told: &mut Vec<String>) {
    let Some((_, shown)) = &app.payload else { return };
    let shown = match shown {
        Ok(shown) => shown,
        Err(why) => return told.push(why.clone()),
    };
    told.push(format!("Payload, {}, {}:", bytes(shown.length), app.mode.word()));
    match app.laid.as_ref().map(|laid| &laid.rows) {
        Some(Rows::Tree(lines)) => {
            told.extend(lines.iter().take(MOST_LINES).map(|line| line.text.clone()));
        }
        Some(Rows::Raw(_)) => {
            let text = String::from_utf8_lossy(&shown.bytes);
            told.extend(text.lines().take(MOST_LINES).map(str::to_owned));
        }
        _ => told.push("its other forms can be heard: payload".to_owned()),
    }
    if app.is_in_part() {
        told.push("This is its first part; Enter loads the rest.".to_owned());
    }
}

fn frames(app: &App, tape: &Tape, told: &mut Vec<String>) {
    let all = app.row_count();
    let filter = app.filter.as_ref();
    let filter = filter.map_or_else(String::new, |sieve| format!(" that are {}", sieve.words));
    told.push(format!("{}{filter}.", counted(all as u64, "event")));
    page(told, app.row_place(), all, &|at| {
        let row = tape.timeline.row(app.row_at(at)?)?;
        let user = tape.timeline.user_name(row.connection, &tape.symbols);
        Some(format!("{}, {user}", event(app, tape, &row)))
    });
}

fn live(tape: &Tape, told: &mut Vec<String>) {
    let Some(pulse) = &tape.pulse else { return told.push("Nothing was counted yet.".to_owned()) };
    let figures = &pulse.figures;
    let ([open, done, broken], [conns, opened, dropped]) = (figures.runs, figures.connections);
    told.push(format!("{:.0} frames a second.", figures.frames_a_second));
    told.push(format!("Runs: {open} open, {done} done, {broken} broken."));
    told.push(format!(
        "Connections: {conns} open, {opened} opened and {dropped} dropped a minute."
    ));
    if let Some((p50, p99)) = figures.held_ns {
        let (p50, p99) = (lasted(p50), lasted(p99));
        told.push(format!("The proxy held frames for {p50} in the median, {p99} at most but 1%."));
    }
    for line in pulse.types.iter().take(PAGE) {
        let gaps = line.gaps_ns.map_or_else(String::new, |[p50, _, p99, _]| {
            format!(", {} after the one before, {} at most but 1%", lasted(p50), lasted(p99))
        });
        let limit = line.limit_ns.map_or_else(String::new, |ns| format!(", limit {}", lasted(ns)));
        told.push(format!("{}: {}{gaps}{limit}.", line.name, counted(line.count, "time")));
    }
    for waiting in figures.waiting.iter().take(PAGE) {
        let left = lasted(waiting.due_ns.saturating_sub(pulse.now_ns));
        let run = waiting.run.as_deref().unwrap_or("no run");
        let (last, next) = (&waiting.last, &waiting.waiting_for);
        told.push(format!("Run {run} waits for {next} after {last}; it is flagged in {left}."));
    }
}

fn diff(app: &App, tape: &Tape, told: &mut Vec<String>) {
    let Some(compared) = &app.compared else {
        return told.push("Looking for the good run that is most like it.".to_owned());
    };
    told.push(format!("A: {}. B: run {}.", compared.a_name, tape.run_id(compared.b)));
    let shown = app.diff_lines();
    let here = shown.iter().position(|at| *at >= app.diff_at).unwrap_or(0);
    page(told, here, shown.len(), &|at| {
        let place = *shown.get(at)?;
        Some(difference(compared.lines.get(place)?, compared.loss == Some(place)))
    });
}

fn difference(line: &Line, is_loss: bool) -> String {
    let half = |half: &Half| format!("{} at {}", half.text, lasted(half.since_ns));
    let loss = if is_loss { ", the first loss" } else { "" };
    match (&line.a, &line.b) {
        (Some(a), Some(_)) if line.is_same(false) => format!("both: {}", half(a)),
        (Some(a), Some(b)) => {
            let paths: Vec<&str> = line.differences.iter().map(|it| it.0.as_str()).collect();
            let paths = if paths.is_empty() { "its time".to_owned() } else { paths.join(", ") };
            format!("both, and {paths} differs: {}; B {}", half(a), lasted(b.since_ns))
        }
        (Some(a), None) => format!("only in A{loss}: {}", half(a)),
        (None, Some(b)) => format!("only in B: {}", half(b)),
        (None, None) => String::new(),
    }
}

fn choices(menu: &Menu, told: &mut Vec<String>) {
    told.push(format!("{}. A number chooses, nothing leaves it.", menu.kind.title()));
    let items = menu.fitting();
    page(told, menu.picked, items.len(), &|at| {
        let item = items.get(at)?;
        let hint = if item.hint.is_empty() { String::new() } else { format!(", {}", item.hint) };
        Some(format!("{}{hint}", item.label))
    });
}

fn help(app: &App, told: &mut Vec<String>) {
    for bound in app.keys.rows() {
        let line = format!("{}, or {}: {}", bound.shown(), bound.row.act.name(), bound.row.does);
        told.push(match super::update::why_not(app, bound.row.act) {
            None => line,
            Some(why) => format!("{line}; not now: {}", app.keys.fill(why)),
        });
    }
}
