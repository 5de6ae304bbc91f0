//! The recordings of a folder → a list, or how to get one.

use super::canvas::Canvas;
use super::findings::{cell, sign};
use crate::analysis::timeline::LaneOf;
use crate::rules::Severity;
use crate::tui::app::App;
use crate::tui::measure::{Digits, bytes, count, counted, lasted};
use crate::tui::message::{Listed, Verdict};
use crate::tui::shape::{Area, Shape};
use crate::tui::tape::Tape;
use crate::tui::theme::Role;
use crate::tui::{escape, list, paging};

pub(super) fn draw(app: &App, shape: &Shape, canvas: &mut Canvas<'_>) {
    let Area { x, y, width, height } = shape.middle;
    let below = paging::inside_listed(app, shape);
    let area = Area::new(x, y, width, height - below);
    if let Some(tape) = app.tape.as_ref().filter(|_| below > 0) {
        inside(app, tape, Area::new(x, y + height - below, width, below), canvas);
    }
    let inner = area.inner();
    let listed = match &app.listed {
        Err(why) => {
            canvas.frame(area, "1 Sessions", &app.keys.fill("{back} quit"), true);
            return canvas.line(inner, 0, &format!("  can't be listed: {why}"), Role::Bad);
        }
        Ok(listed) if listed.is_empty() => {
            let foot = "{demo} demo  {record} record  {open-file} open  {help} help  {back} quit";
            canvas.frame(area, "1 Sessions", &app.keys.fill(foot), true);
            let ways = [
                "  No recordings in FOLDER yet.  Three ways to get one:",
                "  {demo}   try the demo    12 pretend users, planted bugs, nothing to set up",
                "  {record}   record an app   wiretape record ws://localhost:8000",
                "  {open-file}   open a file     wiretape open FILE",
            ];
            for (row, line) in ways.iter().enumerate() {
                let line = app.keys.fill(line).replace("FOLDER", &app.folder);
                canvas.line(inner, row as u16, &line, Role::Plain);
            }
            return;
        }
        Ok(listed) => listed,
    };
    table(app, listed, area, shape.roomy(), canvas);
}

fn table(app: &App, listed: &[Listed], area: Area, wide: bool, canvas: &mut Canvas<'_>) {
    let inner = area.inner();
    let size: u64 = listed.iter().map(|one| one.size).sum();
    let sort = app.keys.fill(&format!("sort: {} ({{sort}})", app.list_order.word()));
    let all = counted(listed.len() as u64, "recording");
    let title = format!("1 Sessions   {}   {all}, {}   {sort}", app.folder, bytes(size));
    let foot = if wide {
        "{in} open  {report} report  {diff} diff with the open one  {rename} rename  {remove} remove  {pane-next} inside"
    } else {
        "{in} open  {report} report  {diff} diff  {rename} rename  {remove} remove  {pane-next} inside"
    };
    canvas.frame(area, &title, &app.keys.fill(foot), app.inside.is_none());
    let columns = Columns { wide, width: usize::from(inner.width) };
    canvas.line(inner, 0, &columns.head(), Role::Quiet);
    let height = usize::from(inner.height.saturating_sub(1));
    let first = paging::first_listed(app, height);
    for (place, one) in listed.iter().enumerate().skip(first).take(height) {
        let mark = if place == app.picked { "▶" } else { " " };
        let row = (place - first + 1) as u16;
        let mut x = inner.x;
        for (text, role) in columns.parts(app, one, mark) {
            let room = usize::from((inner.x + inner.width).saturating_sub(x));
            x += canvas.put((x, inner.y + row), room, &text, role) as u16;
        }
        if place == app.picked && app.inside.is_none() {
            canvas.select(inner, row);
        }
    }
}

/// Columns for the date and the time, to the minute: seconds tell nobody recordings apart.
const STARTED: usize = 16;

/// Columns of what is found; nobody needs more of it than that it is a lot.
const FOUND: usize = 10;

/// The columns of the list.
struct Columns {
    wide: bool,
    width: usize,
}

impl Columns {
    fn name(&self) -> usize {
        if self.wide { 18 } else { 17 }
    }

    /// The upstream's, where there is room for it.
    const UPSTREAM: usize = 21;

    fn head(&self) -> String {
        let name = self.name();
        let (started, found, upstream) = (STARTED, FOUND, Self::UPSTREAM);
        if self.wide {
            format!(
                "  {:<name$}{:<started$} {:>7} {:>5} {:>5} {:>9} {:>6}  {:<found$}{:<upstream$}note",
                "name",
                "started",
                "length",
                "users",
                "runs",
                "frames",
                "size",
                "findings",
                "upstream",
            )
        } else {
            format!(
                "  {:<name$}{:<started$} {:>7} {:>9}  {:<found$}note",
                "name", "started", "length", "frames", "findings"
            )
        }
    }

    /// A recording's row, in parts that have colours of their own. Whatever a name or a note holds
    /// stays within its columns.
    fn parts(&self, app: &App, one: &Listed, mark: &str) -> [(String, Role); 4] {
        let unreadable = one.state == "unreadable";
        let live = if one.state == "live" { "●" } else { " " };
        let started = app.wall.time(i128::from(one.started_ns), Digits::Date);
        let started: String = started.chars().take(STARTED).collect();
        let started = if unreadable { String::new() } else { started };
        let length = one.lasted_ns.map(lasted).unwrap_or_default();
        let of = |figure: fn(&Verdict) -> u64| {
            one.verdict.as_ref().map_or_else(String::new, |verdict| count(figure(verdict)))
        };
        let name = cell(&one.name, self.name());
        let width = STARTED;
        let mut text = format!("{mark}{live}{name}{started:<width$} {length:>7} ");
        if self.wide {
            text += &format!(
                "{:>5} {:>5} {:>9} {:>6}  ",
                of(|verdict| verdict.users),
                of(|verdict| verdict.runs),
                count(one.frames),
                bytes(one.size)
            );
        } else {
            text += &format!("{:>9}  ", count(one.frames));
        }
        let (found, role) = found(one);
        let found = cell(&found, FOUND);
        let used = escape::width(&text) + escape::width(&found);
        let room = self.width.saturating_sub(used);
        let (upstream, room) = match self.wide {
            true if unreadable => (cell(&one.upstream, room), 0),
            true => (cell(&one.upstream, Self::UPSTREAM), room.saturating_sub(Self::UPSTREAM)),
            false => (String::new(), room),
        };
        let note = escape::fit(noted(one).as_bytes(), room);
        let plain = Role::Plain;
        [(text, plain), (found, role), (upstream, plain), (note, plain)]
    }
}

/// What is found in it, as far as that is known.
fn found(one: &Listed) -> (String, Role) {
    let Some(verdict) = &one.verdict else {
        let waits = if one.state == "unreadable" { "" } else { "…" };
        return (waits.to_owned(), Role::Plain);
    };
    let signs = [(verdict.errors, Severity::Error), (verdict.warnings, Severity::Warning)];
    let signs = signs.into_iter().filter(|(number, _)| *number > 0);
    let signs: Vec<_> = signs.map(|(number, severity)| (number, sign(severity))).collect();
    let words: Vec<String> =
        signs.iter().map(|(number, (mark, _))| format!("{mark}{number}")).collect();
    match signs.first() {
        Some((_, (_, role))) => (words.join(" "), *role),
        None if verdict.by_rules => ("ok".to_owned(), Role::Plain),
        None => ("no rules".to_owned(), Role::Plain),
    }
}

/// What is to be known of it besides, and what somebody said that it is about.
pub(in crate::tui) fn noted(one: &Listed) -> String {
    let state = match one.state {
        "live" => "recording",
        "finished" => "",
        other => other,
    };
    let gap = if state.is_empty() || one.note.is_empty() { "" } else { ": " };
    format!("{state}{gap}{}", one.note)
}

/// Users of the recording that is open, and their connections.
fn inside(app: &App, tape: &Tape, area: Area, canvas: &mut Canvas<'_>) {
    let rows = list::inside(tape);
    let name = escape::fit(tape.about.name.as_bytes(), 30);
    let users = counted(tape.people() as u64, "user");
    let title = format!("Inside {name}   {users}");
    let foot = app.keys.fill("{pane-next} the list  {in} its lane");
    canvas.frame(area, &title, &foot, app.inside.is_some());
    let inner = area.inner();
    let head = format!(
        "   {:<22}{:>8}{:>8}{:>10}{:>10}  state",
        "user", "conns", "runs", "events", "from"
    );
    canvas.line(inner, 0, &head, Role::Quiet);
    let height = usize::from(inner.height.saturating_sub(1));
    let here = app.inside.unwrap_or(0);
    let first = paging::first_shown(here, rows.len(), height);
    for (place, (user, line)) in rows.iter().enumerate().skip(first).take(height) {
        let row = (place - first + 1) as u16;
        let picked = app.inside == Some(place);
        let mark = if picked { '▶' } else { ' ' };
        let (text, role) = line_of(tape, *user, *line);
        canvas.line(inner, row, &format!(" {mark} {text}"), role);
        if picked {
            canvas.select(inner, row);
        }
    }
}

fn line_of(tape: &Tape, user: usize, line: Option<usize>) -> (String, Role) {
    let Some(user) = tape.users.get(user) else { return (String::new(), Role::Plain) };
    let events = |of| u64::from(tape.timeline.tile(of, 0..u64::MAX).count);
    let since = |ns: Option<u64>| ns.map_or_else(String::new, lasted);
    match line {
        None => {
            let name = cell(&user.name, 22);
            let from = since(user.lines.first().map(|line| line.from_ns));
            let (state, role) = match user.worst {
                Some(Severity::Error) => ("✖ errors", Role::Bad),
                Some(Severity::Warning) => ("▲ warnings", Role::Warning),
                _ => ("ok", Role::Strong),
            };
            let (conns, runs) = (user.lines.len(), user.runs.len());
            let events = count(events(user.of));
            (
                format!("{name}{conns:>8}{runs:>8}{events:>10}{:>10}  {state}", format!("+{from}")),
                role,
            )
        }
        Some(at) => {
            let Some(line) = user.lines.get(at) else { return (String::new(), Role::Plain) };
            let name = cell(&format!("  conn {}", line.connection), 22);
            let events = count(events(LaneOf::Connection(line.connection)));
            let from = format!("+{}", since(Some(line.from_ns)));
            let state = match line.to_ns {
                _ if line.refused => "refused".to_owned(),
                Some(to) if tape.is_dropped(line) => {
                    format!("dropped after {}", lasted(to - line.from_ns))
                }
                Some(to) => format!("closed after {}", lasted(to.saturating_sub(line.from_ns))),
                None => "open".to_owned(),
            };
            (format!("{name}{:>8}{:>8}{events:>10}{from:>10}  {state}", "", ""), Role::Plain)
        }
    }
}
