//! The row or the finding that the reader is at → everything known of it, in lines.

use super::canvas::Canvas;
use super::findings::sign;
use crate::analysis::timeline::Row;
use crate::rules::Finding;
use crate::tui::app::{App, Mode, Pane, Screen};
use crate::tui::escape::tail;
use crate::tui::inspect::{HEX, Rows};
use crate::tui::keys::Act;
use crate::tui::measure::{self, Digits, bytes};
use crate::tui::message::Shown;
use crate::tui::paging::first_shown;
use crate::tui::shape::Area;
use crate::tui::tape::Tape;
use crate::tui::theme::Role;
use crate::tui::update::why_not;
use crate::tui::{escape, json};

/// Rows that the reader's value takes at most; more of it is in the raw form.
const MOST_ROWS: usize = 8;

type Lines = Vec<(String, Role)>;

pub(super) fn draw(app: &App, tape: &Tape, area: Area, canvas: &mut Canvas<'_>) {
    let focused = app.pane == Pane::Inspector && app.screen == Screen::Timeline;
    let finding = app.card().and_then(|card| tape.findings.get(card));
    let row = app.inspected().and_then(|row| tape.timeline.row(row)).filter(|_| finding.is_none());
    let title = match (finding, &row) {
        (Some(finding), _) => finding.code.text(),
        (None, Some(row)) => title(app, tape, row),
        (None, None) => "nothing is selected".to_owned(),
    };
    let foot = match (finding, app.tree()) {
        (Some(_), _) if why_not(app, Act::Cause).is_none() => {
            app.keys.fill("{cause} jump to cause")
        }
        (None, _) if focused && app.is_in_part() => app.keys.fill("{in} loads the rest"),
        (None, Some(tree)) if focused => {
            let room = usize::from(area.width).saturating_sub(26);
            escape::fit(json::path(tree, app.node).as_bytes(), room)
        }
        _ => String::new(),
    };
    canvas.frame(area, &format!("Inspector  {title}"), &foot, focused);
    let inner = area.inner();
    let width = usize::from(area.width).saturating_sub(4).max(8);
    let below = match (finding, &row) {
        (Some(finding), _) => text(app, card_of(app, tape, finding, width), inner, canvas),
        (None, Some(row)) => match &app.payload {
            _ if app.mode == Mode::Decoded => text(app, decoded(app, tape, row), inner, canvas),
            Some((number, Ok(shown))) if *number == row.number => {
                payload(app, shown, (inner, focused), canvas)
            }
            Some((_, Err(why))) => text(app, vec![(escape::text(why), Role::Quiet)], inner, canvas),
            _ => text(app, vec![("reading…".to_owned(), Role::Quiet)], inner, canvas),
        },
        (None, None) => 0,
    };
    if below > 0 && area.width > 24 {
        let more = format!(" {} more ", measure::counted(below as u64, "line"));
        let x = area.x + area.width - 2 - more.chars().count() as u16;
        canvas.put((x, area.y + area.height - 1), 22, &more, Role::Quiet);
    }
}

/// Lines of words, those that are too long in several; how many are below.
fn text(app: &App, lines: Lines, inner: Area, canvas: &mut Canvas<'_>) -> usize {
    let width = usize::from(inner.width).saturating_sub(2).max(8);
    let wrapped: Lines = lines
        .into_iter()
        .flat_map(|(line, role)| {
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
    wrapped.len().saturating_sub(first + height)
}

/// A payload in one of its forms; how many rows are below.
fn payload(
    app: &App,
    shown: &Shown,
    (mut inner, focused): (Area, bool),
    canvas: &mut Canvas<'_>,
) -> usize {
    if shown.length == 0 {
        canvas.line(inner, 0, " no payload", Role::Quiet);
        return 0;
    }
    if app.is_in_part() {
        let (first, all) = (bytes(shown.bytes.len() as u64), bytes(shown.length));
        canvas.line(inner, 0, &format!(" the first {first} of {all}"), Role::Warning);
        inner = Area::new(inner.x, inner.y + 1, inner.width, inner.height.saturating_sub(1));
    }
    let Some(laid) = &app.laid else { return 0 };
    if let Rows::Tree(lines) = &laid.rows {
        return tree(app, lines, (inner, focused), canvas);
    }
    let (height, all) = (usize::from(inner.height), laid.rows.len());
    let first = app.scroll.min(all.saturating_sub(height));
    for row in first..all.min(first + height) {
        let line = match &laid.rows {
            Rows::Raw(begins) => {
                let begin = begins[row] as usize;
                let end = begins.get(row + 1).map_or(shown.bytes.len(), |end| *end as usize);
                escape::bytes(shown.bytes.get(begin..end).unwrap_or_default())
            }
            _ => hex(&shown.bytes, row),
        };
        canvas.line(inner, (row - first) as u16, &format!(" {line}"), Role::Plain);
    }
    all.saturating_sub(first + height)
}

/// One value a row; the reader's in as many as it takes.
fn tree(
    app: &App,
    lines: &[json::Line],
    (inner, focused): (Area, bool),
    canvas: &mut Canvas<'_>,
) -> usize {
    let shown = json::shown(lines, &app.folds);
    let here = shown.partition_point(|line| *line <= app.node).saturating_sub(1);
    let (height, width) = (usize::from(inner.height), usize::from(inner.width));
    let first = first_shown(here, shown.len(), height);
    let mut row = 0;
    for (place, at) in shown.iter().enumerate().skip(first) {
        if row >= height {
            return shown.len() - place;
        }
        let Some(line) = lines.get(*at) else { continue };
        let is_folded = app.folds.contains(at);
        let is_here = focused && place == here;
        let sign = match is_folded {
            _ if is_here => '▶',
            true => '▸',
            false => ' ',
        };
        let text = if is_folded { folded(lines, line, *at) } else { escape::text(&line.text) };
        let last = if is_here { row + MOST_ROWS.min(height) } else { row + 1 };
        let mut rest = text.as_bytes();
        let mut lead = sign;
        for begin in escape::rows(rest, width.saturating_sub(1)).windows(2) {
            let (begin, end) = (begin[0] as usize, begin[1] as usize);
            if row + 1 >= last.min(height) {
                break;
            }
            let part = String::from_utf8_lossy(&text.as_bytes()[begin..end]);
            canvas.line(inner, row as u16, &format!("{lead}{part}"), Role::Plain);
            rest = &text.as_bytes()[end..];
            (row, lead) = (row + 1, ' ');
            if is_here {
                canvas.select(inner, row as u16 - 1);
            }
        }
        let rest = escape::fit(rest, width.saturating_sub(1));
        canvas.line(inner, row as u16, &format!("{lead}{rest}"), Role::Plain);
        if is_here {
            canvas.select(inner, row as u16);
        }
        row += 1;
    }
    0
}

/// A value that is folded: how it begins and ends, and how much is in it.
fn folded(lines: &[json::Line], line: &json::Line, at: usize) -> String {
    let end = lines.get(line.end).map_or("", |end| end.text.trim_start());
    let inside = measure::counted(line.end.saturating_sub(at + 1) as u64, "line");
    escape::text(&format!("{} … {end}  {inside}", line.text))
}

fn title(app: &App, tape: &Tape, row: &Row) -> String {
    let name = tape.symbols.text(row.name);
    let frame = if row.frames.1 == 0 { String::new() } else { format!("#{} ", row.frames.1) };
    let form = app.keys.fill(&format!("{} ({{payload}})", app.mode.word()));
    format!("{frame}{name} · {form}")
}

/// One row of bytes, as numbers and as letters.
fn hex(bytes: &[u8], row: usize) -> String {
    let chunk = bytes.chunks(HEX).nth(row).unwrap_or_default();
    let digits: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
    let digits = digits.join(" ");
    let letter = |byte: &u8| match byte {
        b' '..=b'~' => char::from(*byte),
        _ => '.',
    };
    let text: String = chunk.iter().map(letter).collect();
    format!("{:06x}  {digits:<24} {text}", row * HEX)
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
