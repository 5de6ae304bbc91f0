//! Rows → the Frames pane of a lane, and the Frames screen of the whole recording.

use super::canvas::Canvas;
use super::findings::{cell, sign};
use crate::analysis::timeline::Row;
use crate::events::Kind;
use crate::rules::Severity;
use crate::tui::app::{App, Lane, Paint, Pane, Screen, Sieve, Times};
use crate::tui::escape::{self, tail};
use crate::tui::list::Entry;
use crate::tui::measure::{self, Digits, bytes, count, lasted};
use crate::tui::paging;
use crate::tui::shape::{Area, Shape};
use crate::tui::tape::Tape;
use crate::tui::theme::Role;
use crate::wire::{Direction, Note};

/// An arrow and a word for where a row went, as the client sees it.
pub(super) fn way(row: &Row) -> (&'static str, &'static str) {
    match (row.kind, row.direction) {
        (Kind::Open | Kind::Close | Kind::Abort | Kind::Refused | Kind::Gap, _) => ("--", "--"),
        (_, Direction::ServerToClient) => ("←", "←in"),
        (_, Direction::ClientToServer) => ("→", "out→"),
    }
}

pub(super) fn draw(app: &App, tape: &Tape, shape: &Shape, canvas: &mut Canvas<'_>) {
    let area = shape.frames;
    let whose = match app.lane {
        Lane::Run(run_number) => tape.runs.get(run_number as usize).map(|run| {
            let user = tape.users.get(run.user).map_or("?", |user| user.name.as_str());
            format!("run {} of {user}", tail(&tape.run_id(run_number), 8))
        }),
        Lane::User(user) => tape.users.get(user).map(|user| user.name.clone()),
    };
    let whose = whose.unwrap_or_default();
    let all = count(tape.counts.frames);
    let shown = app.entries_shown();
    let mut title = format!("Frames  {whose}   {} of {all}", count(shown as u64));
    if app.player.as_known_then {
        title += &format!("   as known at {}", tape.wall(app, app.at_ns, Digits::Millis));
    }
    let focused = app.pane == Pane::Frames;
    let foot = "{in} inspect  {finding-next}/{finding-before} next/prev finding";
    let foot = if focused { app.keys.fill(foot) } else { String::new() };
    canvas.frame(area, &title, &foot, focused);
    let mut inner = area.inner();
    let columns = Columns::of(tape, shape.roomy(), inner, rows_of(app, tape));
    if shape.roomy() {
        canvas.line(inner, 0, &columns.head(app), Role::Quiet);
        inner = Area::new(inner.x, inner.y + 1, inner.width, inner.height.saturating_sub(1));
    }
    if app.entries.is_empty() {
        canvas.line(inner, 0, " nothing was said here", Role::Quiet);
    }
    let height = usize::from(inner.height);
    let first = paging::first_entry(app, shape);
    let mut before =
        first.checked_sub(1).and_then(|at| app.entries.get(at)).and_then(|it| time(tape, *it));
    for (place, entry) in
        app.entries.iter().enumerate().take(app.entries_shown()).skip(first).take(height)
    {
        let row = (place - first) as u16;
        let mark = if place == app.entry { "▶" } else { " " };
        let (line, role) = columns.line(app, tape, *entry, before);
        let dimmed = entry.row().is_some_and(|row| app.is_dimmed(row));
        let role = if dimmed { Role::Quiet } else { role };
        canvas.line(inner, row, &format!("{mark}{line}"), role);
        if place == app.entry && focused {
            canvas.select(inner, row);
        }
        before = time(tape, *entry).or(before);
    }
}

fn rows_of<'a>(app: &'a App, tape: &'a Tape) -> impl Iterator<Item = Row> + 'a {
    app.entries.iter().take(1000).filter_map(|it| it.row()).filter_map(|row| tape.timeline.row(row))
}

fn time(tape: &Tape, entry: Entry) -> Option<u64> {
    match entry {
        Entry::Event(row) | Entry::Stream(_, row, _) => tape.timeline.row(row).map(|row| row.at_ns),
        Entry::Ghost(_) => None,
    }
}

/// Every event of the recording, or those that the filter means.
pub(super) fn screen(app: &App, shape: &Shape, canvas: &mut Canvas<'_>) {
    let Some(tape) = &app.tape else { return };
    let told = paging::told_below_frames(shape);
    let Area { x, y, width, height } = shape.middle;
    let area = Area::new(x, y, width, height - told);
    let (shown, all) = (app.row_count() as u64, u64::from(tape.timeline.len()));
    let met = app.filter.as_ref().map_or(shown, |sieve| sieve.rows.len() as u64);
    let title = match &app.filter {
        Some(Sieve { text, until, .. }) => {
            let of = if u64::from(*until) < all { "so far of" } else { "of" };
            format!("3 Frames   {} {of} {} events   {text}", count(met), count(all))
        }
        None => format!("3 Frames   {} events", count(all)),
    };
    canvas.frame(area, &title, &app.keys.fill("{in} its lane  {filter} filter"), true);
    let mut inner = area.inner();
    let place = app.row_place();
    let rows = usize::from(inner.height.saturating_sub(1));
    let first = paging::first_row(app, shape);
    let shown: Vec<Row> = (first..(first + rows).min(app.row_count()))
        .filter_map(|place| tape.timeline.row(app.row_at(place)?))
        .collect();
    let columns = Columns::of(tape, shape.roomy(), inner, shown.iter().copied());
    canvas.line(inner, 0, &columns.head(app), Role::Quiet);
    inner = Area::new(inner.x, inner.y + 1, inner.width, inner.height.saturating_sub(1));
    if shown.is_empty() {
        let summary = app
            .filter
            .as_ref()
            .map_or("no events: nothing was said yet", |sieve| sieve.words.as_str());
        canvas.line(inner, 0, &format!("  {summary}"), Role::Plain);
    }
    for (at, row) in shown.iter().enumerate() {
        let mark = if first + at == place { "▶" } else { " " };
        let before = tape.timeline.before_in_run(row.number).and_then(|row| tape.timeline.row(row));
        let before = before.map(|row| row.at_ns);
        let (line, role) = columns.line(app, tape, Entry::Event(row.number), before);
        let role = if app.is_dimmed(row.number) { Role::Quiet } else { role };
        let user = tape.timeline.user_name(row.connection, &tape.symbols);
        let run = row.run.and_then(|run| tape.timeline.run(run));
        let run = run.map_or_else(String::new, |(id, _, _)| tail(&id.display(&tape.symbols), 8));
        let width = usize::from(inner.width);
        let line = if shape.roomy() {
            format!("{mark}{}  {}{run}", cell(&line, columns.width()), cell(&user, 10))
        } else {
            format!("{mark}{} {}", cell(&line, width.saturating_sub(7)), tail(&user, 5))
        };
        canvas.line(inner, at as u16, &line, role);
        if first + at == place {
            canvas.select(inner, at as u16);
        }
    }
    if told > 0 {
        let below = Area::new(x, y + height - told, width, told);
        super::inspector::draw(app, tape, below, canvas);
    }
}

/// Widths of the columns.
struct Columns {
    number: usize,
    name: usize,
    roomy: bool,
}

impl Columns {
    fn of(tape: &Tape, roomy: bool, area: Area, rows: impl Iterator<Item = Row>) -> Self {
        let last = tape.timeline.len().checked_sub(1).and_then(|last| tape.timeline.row(last));
        let number = last.map_or(4, |row| row.frames.1.max(0).to_string().len().max(4));
        let narrowest = if roomy { 16 } else { 20 };
        let longest = rows.map(|row| tape.symbols.text(row.name).chars().count() + 8).max();
        let most = usize::from(area.width).saturating_sub(number + 42).clamp(narrowest, 26);
        Self { number, name: longest.unwrap_or(0).clamp(narrowest, most), roomy }
    }

    /// Columns before the flags end.
    fn width(&self) -> usize {
        self.number + self.name + 52
    }

    fn head(&self, app: &App) -> String {
        let time = match app.times {
            Times::Run | Times::Recording => "+time",
            Times::Clock => "time",
        };
        let (number, name) = (self.number, self.name);
        format!(
            "  {:<number$}{time:>8}   dir  type {:<name$}{:<8}{:>5}  flag",
            "#", "", "Δ", "size"
        )
    }

    fn line(&self, app: &App, tape: &Tape, entry: Entry, before: Option<u64>) -> (String, Role) {
        let (row, last, times) = match entry {
            Entry::Ghost(finding) => return (ghost(tape, finding), Role::Bad),
            Entry::Event(row) => (row, row, 1),
            Entry::Stream(first, last, times) => (first, last, times),
        };
        let Some((row, last)) = tape.timeline.row(row).zip(tape.timeline.row(last)) else {
            return (String::new(), Role::Plain);
        };
        let number = if row.frames.1 == 0 { "·".to_owned() } else { row.frames.1.to_string() };
        let name = tape.symbols.text(row.name);
        let letter = if row.kind == Kind::Message { tape.letter(row.name) } else { ' ' };
        let stream =
            if times > 1 { format!(" x {}", count(u64::from(times))) } else { String::new() };
        // How long a stream went on says more than what lies before it.
        let delta = match before {
            _ if times > 1 => lasted(last.at_ns.saturating_sub(row.at_ns)),
            Some(before) => lasted(row.at_ns.saturating_sub(before)),
            None => "-".to_owned(),
        };
        let size =
            if row.kind == Kind::Message { bytes(u64::from(row.bytes)) } else { "-".to_owned() };
        let (short, long) = way(&row);
        let (flag, role) = (flag(tape, &row), role_of(app, tape, &row));
        let (n, w) = (self.number, self.name);
        let kept = w.saturating_sub(stream.chars().count() + 1);
        let name = format!("{}{stream}", escape::fit(name.as_bytes(), kept));
        let name = escape::pad_right(&name, w);
        let at = Self::time(app, tape, &row);
        let line = if self.roomy {
            format!("{number:>n$} {at:>8}  {long:<4} {letter} {name}{delta:<8}{size:>5}  {flag}")
        } else {
            format!("{number:>n$} {at:>8} {short:<2} {letter} {name}{delta:>7}{size:>8}   {flag}")
        };
        (line, role)
    }

    fn time(app: &App, tape: &Tape, row: &Row) -> String {
        let run = match (app.screen, app.lane) {
            (Screen::Timeline, Lane::Run(run)) => Some(run),
            _ => row.run,
        };
        let run = run.and_then(|run| tape.runs.get(run as usize));
        let start = run.map_or(0, |run| run.from_ns);
        match app.times {
            Times::Run if row.at_ns >= start => measure::since(row.at_ns - start),
            Times::Run => format!("-{}", measure::since(start - row.at_ns)),
            Times::Recording => measure::since(row.at_ns),
            Times::Clock => tape.wall(app, row.at_ns, Digits::Millis),
        }
    }
}

/// The codes of the findings that rest on a row.
fn flag(tape: &Tape, row: &Row) -> String {
    let mut text = String::new();
    for finding in tape.timeline.findings_of(row.number).iter().take(3) {
        let Some(finding) = tape.findings.get(*finding) else { continue };
        let (mark, _) = sign(finding.severity);
        let gap = if text.is_empty() { "" } else { " " };
        text += &format!("{gap}{mark}{}", finding.code.text());
    }
    let about = |note: &&Note| row.frames.1 > 0 && note.first_frame == Some(row.frames.1);
    for note in tape.notes.iter().filter(about).take(2) {
        let gap = if text.is_empty() { "" } else { " " };
        text += &format!("{gap}◆ {}", escape::fit(note.text.as_bytes(), 30));
    }
    text
}

/// What a row's colour repeats: its worst finding, or else what the reader has chosen.
fn role_of(app: &App, tape: &Tape, row: &Row) -> Role {
    match (row.worst(), app.paint) {
        (Some(Severity::Error), _) => Role::Bad,
        (Some(Severity::Warning), _) => Role::Warning,
        (_, Paint::Direction) if row.direction == Direction::ClientToServer => Role::Out,
        (_, Paint::Type) if row.kind != Kind::Message => Role::Quiet,
        (_, Paint::Type) if tape.is_of_a_tool(row.name) => Role::Tool,
        (_, Paint::Type) if tape.ends_a_run(row.name) => Role::Strong,
        _ => Role::Plain,
    }
}

fn ghost(tape: &Tape, index: usize) -> String {
    let Some(finding) = tape.findings.get(index) else { return String::new() };
    let Some(expected) = &finding.expected else { return String::new() };
    let letter = tape.symbols.find(&expected.event).map(|name| tape.letter(name));
    let letter = letter.map_or_else(String::new, |letter| format!("{letter} "));
    let detail = expected.detail.as_ref().map_or_else(String::new, |it| format!(" ({it})"));
    let (mark, _) = sign(finding.severity);
    let event = &expected.event;
    format!("  ·   expected here: {letter}{event}{detail}   {mark}{}", finding.code.text())
}
