//! The row or the finding that the reader is at → everything known of it, in lines.

use super::canvas::Canvas;
use super::findings::{sign, tail};
use crate::analysis::timeline::Row;
use crate::rules::Finding;
use crate::tui::app::{App, Mode, Pane, Screen};
use crate::tui::keys::Act;
use crate::tui::list::Entry;
use crate::tui::measure::{self, Digits, bytes};
use crate::tui::message::Shown;
use crate::tui::shape::Area;
use crate::tui::tape::Tape;
use crate::tui::theme::Role;
use crate::tui::update::why_not;
use crate::tui::{escape, json};

/// Bytes of a line of hex.
const HEX: usize = 8;

type Lines = Vec<(String, Role)>;

pub(super) fn draw(app: &App, tape: &Tape, area: Area, canvas: &mut Canvas<'_>) {
    let width = usize::from(area.width).saturating_sub(4).max(8);
    let ghost = matches!(app.selected(), Some(Entry::Ghost(_)));
    let card = match app.screen {
        Screen::Timeline => app.told().filter(|_| ghost || app.finding.is_some()),
        Screen::Findings => app.finding,
        _ => None,
    };
    let finding = card.and_then(|card| tape.findings.get(card));
    let (title, lines) = match finding {
        Some(finding) => (finding.code.text(), card_of(app, tape, finding, width)),
        None => row_lines(app, tape),
    };
    let focused = app.pane == Pane::Inspector && app.screen == Screen::Timeline;
    let foot = if finding.is_some() && why_not(app, Act::Cause).is_none() {
        "c jump to cause"
    } else {
        ""
    };
    canvas.frame(area, &format!("Inspector  {title}"), foot, focused);
    let inner = area.inner();
    let wrapped: Lines = lines
        .into_iter()
        .flat_map(|(line, role)| {
            let line = escape::fit(line.as_bytes(), width.saturating_mul(8));
            let indent = line.len() - line.trim_start().len();
            let wrapped = escape::wrap(&line, width, indent.max(2));
            wrapped.lines().map(|line| (line.to_owned(), role)).collect::<Vec<_>>()
        })
        .collect();
    let height = usize::from(inner.height);
    let first = app.scroll.min(wrapped.len().saturating_sub(height));
    for (row, (line, role)) in wrapped.iter().skip(first).take(height).enumerate() {
        canvas.line(inner, row as u16, &format!(" {line}"), *role);
    }
    let below = wrapped.len().saturating_sub(first + height);
    if below > 0 && area.width > 24 {
        let more = format!(" {} more ", measure::counted(below as u64, "line"));
        let x = area.x + area.width - 2 - more.chars().count() as u16;
        canvas.put((x, area.y + area.height - 1), 22, &more, Role::Quiet);
    }
}

/// Seen, wanted, whose side, why.
fn card_of(app: &App, tape: &Tape, finding: &Finding, width: usize) -> Lines {
    let (mark, role) = sign(finding.severity);
    let mut lines = vec![(format!("{mark} {}", finding.message), role)];
    let run =
        finding.run.as_deref().map_or_else(String::new, |run| format!("run {} · ", tail(run, 12)));
    let user = finding.user.as_deref().unwrap_or("nobody named");
    // Whoever is not known is called by the connection.
    let connection = finding.connection.map(|id| format!("conn {id}")).filter(|id| id != user);
    let connection = connection.map_or_else(String::new, |id| format!(" · {id}"));
    lines.push((format!("{run}{user}{connection}"), Role::Plain));
    let mut say =
        |label: &str, text: String| lines.push((format!("{label:<7} {text}"), Role::Plain));
    let shown = finding.frames.iter().take(4);
    for frame in shown {
        let rows = tape.timeline.rows_of_frame(*frame);
        let Some(row) = rows.first().and_then(|row| tape.timeline.row(*row)) else { continue };
        let name = tape.symbols.text(row.name);
        let at = tape.wall(app, row.at_ns, Digits::Millis);
        say("Saw", format!("#{frame} {name}  {at}"));
    }
    if finding.frames.len() > 4 {
        say("", format!("and {} more frames", finding.frames.len() - 4));
    }
    if let Some(expected) = &finding.expected {
        let detail = expected.detail.as_ref().map_or_else(String::new, |it| format!(" ({it})"));
        say("Wanted", format!("{}{detail}", expected.event));
    }
    if let Some(side) = finding.side {
        say("Side", side.word().to_owned());
    }
    if let Some(cause) = &finding.cause {
        say("Likely", cause.text.clone());
    }
    if let Some(elsewhere) = &finding.elsewhere {
        say("Nearest", elsewhere.clone());
    }
    for also in &finding.also_violates {
        say("Also", also.clone());
    }
    say("Rule", finding.rule_place());
    // Continuations stand under what they continue.
    lines
        .into_iter()
        .flat_map(|(line, role)| {
            let wrapped = escape::wrap(&escape::text(&line), width, 8);
            wrapped.lines().map(|line| (line.to_owned(), role)).collect::<Vec<_>>()
        })
        .collect()
}

fn row_lines(app: &App, tape: &Tape) -> (String, Lines) {
    let Some(row) = app.inspected().and_then(|row| tape.timeline.row(row)) else {
        return ("nothing is selected".into(), Vec::new());
    };
    let name = tape.symbols.text(row.name);
    let frame = if row.frames.1 == 0 { String::new() } else { format!("#{} ", row.frames.1) };
    let title = format!("{frame}{name} · {} (p)", app.mode.word());
    if app.mode == Mode::Decoded {
        return (title, decoded(app, tape, &row));
    }
    let lines = match &app.payload {
        Some((number, Ok(shown))) if *number == row.number => payload(shown, app.mode),
        Some((_, Err(why))) => vec![(why.clone(), Role::Quiet)],
        _ => vec![("reading…".to_owned(), Role::Quiet)],
    };
    (title, lines)
}

/// A payload in one of its forms.
fn payload(shown: &Shown, mode: Mode) -> Lines {
    let mut lines: Lines = match (mode, &shown.json) {
        (Mode::Hex, _) => hex(&shown.bytes),
        (Mode::Tree, Some(text)) => {
            json::lines(text).into_iter().map(|line| (line, Role::Plain)).collect()
        }
        _ => {
            // Newlines are shown as what they are, and lines end where they do.
            let whole = shown.bytes.split_inclusive(|byte| *byte == b'\n').take(json::MOST_LINES);
            whole.map(|line| (escape::bytes(line), Role::Plain)).collect()
        }
    };
    if shown.bytes.is_empty() && shown.length == 0 {
        lines.push(("no payload".to_owned(), Role::Quiet));
    }
    if (shown.bytes.len() as u64) < shown.length {
        let (first, all) = (bytes(shown.bytes.len() as u64), bytes(shown.length));
        lines.insert(0, (format!("the first {first} of {all}"), Role::Warning));
    }
    lines
}

fn hex(bytes: &[u8]) -> Lines {
    let line = |(at, chunk): (usize, &[u8])| {
        let digits: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        let digits = digits.join(" ");
        let text: String = chunk
            .iter()
            .map(
                |byte| {
                    if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' }
                },
            )
            .collect();
        (format!("{:06x}  {digits:<24} {text}", at * HEX), Role::Plain)
    };
    bytes.chunks(HEX).take(json::MOST_LINES).enumerate().map(line).collect()
}

/// What the rules make of an event.
fn decoded(app: &App, tape: &Tape, row: &Row) -> Lines {
    let symbols = &tape.symbols;
    let mut lines = vec![
        ("event", symbols.text(row.name).to_owned()),
        (
            "time",
            format!(
                "{}  +{}",
                tape.wall(app, row.at_ns, Digits::Millis),
                measure::since(row.at_ns)
            ),
        ),
        ("user", tape.timeline.user_name(row.connection, symbols)),
        ("conn", row.connection.to_string()),
        ("way", super::frames::way(row).1.to_owned()),
        ("size", bytes(u64::from(row.bytes))),
        ("frames", format!("#{} to #{}", row.frames.0, row.frames.1)),
    ];
    if let Some((id, _, _)) = row.run.and_then(|run| tape.timeline.run(run)) {
        lines.push(("run", id.display(symbols)));
    }
    let values = [("thread", row.thread), ("call", row.call)];
    for (label, value) in values {
        lines.extend(value.map(|value| (label, value.display(symbols))));
    }
    lines.extend(row.reply_ns.map(|ns| ("answer", format!("after {}", measure::lasted(ns)))));
    for finding in tape.timeline.findings_of(row.number) {
        let finding = tape.findings.get(*finding);
        lines.extend(finding.map(|it| ("flag", format!("{} {}", it.code.text(), it.message))));
    }
    let line = |(label, value): (&str, String)| (format!("{label:<7} {value}"), Role::Plain);
    lines.into_iter().map(line).collect()
}
