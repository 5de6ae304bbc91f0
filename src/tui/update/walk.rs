//! Acts that move → the lane, the row, the playhead and the window, all together.

use std::ops::Range;

use super::fold;
use crate::tui::app::{App, Lane, Pane, Place, Screen, whole};
use crate::tui::at::Found;
use crate::tui::keys::Act;
use crate::tui::list::{self, Entry};

/// Windows remembered to come out to.
const MOST_ZOOMS: usize = 64;

/// The shortest window: a microsecond tells any two frames apart.
pub(super) const SHORTEST_NS: u64 = 1000;

/// Goes to a place that was asked for by name.
pub fn go(app: &mut App, found: Found) {
    match found {
        Found::Finding(finding) => to_finding(app, finding),
        Found::Row(row) => to_row(app, row),
        Found::Moment(at_ns) => {
            app.at_ns = at_ns;
            app.entry = app.entry_at(at_ns);
            keep_in_sight(app);
        }
    }
}

pub(super) fn walk(app: &mut App, act: Act) {
    match act {
        Act::Left => column(app, -1),
        Act::Right => column(app, 1),
        Act::FarLeft => column(app, -(app.shape().picture() as i64 / 10).max(1)),
        Act::FarRight => column(app, (app.shape().picture() as i64 / 10).max(1)),
        Act::Up => step(app, -1),
        Act::Down => step(app, 1),
        Act::PageUp => step(app, -(app.shape().page() as i64)),
        Act::PageDown => step(app, app.shape().page() as i64),
        Act::First => end(app, false),
        Act::Last => end(app, true),
        Act::In => inward(app),
        Act::Out => outward(app),
        Act::ZoomIn => zoom(app, 1, 2),
        Act::ZoomOut => zoom(app, 2, 1),
        Act::ZoomAll => {
            remember(app);
            app.window = app.tape.as_ref().map_or(0..1, |tape| whole(tape));
        }
        Act::RunNext => run(app, 1),
        Act::RunBefore => run(app, -1),
        Act::FindingNext => finding(app, true),
        Act::FindingBefore => finding(app, false),
        Act::Cause => cause(app),
        _ => {}
    }
}

/// Moves the playhead by columns.
fn column(app: &mut App, by: i64) {
    let Some(tape) = app.tape.clone() else { return };
    let scale = app.scale(app.shape().picture());
    let here = scale.nearest(app.at_ns) as i64;
    let there = here + by;
    let width = scale.width() as i64;
    if (0..width).contains(&there) {
        // Out of a fold in one step: nothing is in it.
        let fold = scale.folds().find(|(columns, _)| columns.contains(&(there as usize)));
        let there = match fold {
            Some((columns, _)) if by > 0 => columns.end.min(scale.width() - 1),
            Some((columns, _)) => columns.start.saturating_sub(1),
            None => there as usize,
        };
        app.at_ns = scale.time(there).start;
    } else {
        let beyond = scale.column_ns().max(1).saturating_mul(by.unsigned_abs());
        app.at_ns = if by < 0 {
            app.window.start.saturating_sub(beyond)
        } else {
            app.window.end.saturating_add(beyond)
        };
    }
    app.at_ns = app.at_ns.min(tape.end_ns);
    app.entry = app.entry_at(app.at_ns);
    app.finding = None;
    keep_in_sight(app);
}

/// Moves by rows or lanes, in whatever has the keys.
fn step(app: &mut App, by: i64) {
    let moved = |at: usize, count: usize| {
        (at as i64).saturating_add(by).clamp(0, (count as i64 - 1).max(0)) as usize
    };
    match (app.screen, app.pane) {
        (Screen::Sessions, _) if app.inside.is_some() => {
            let count = app.tape.as_ref().map_or(0, |tape| list::inside(tape).len());
            app.inside = app.inside.map(|at| moved(at, count));
        }
        (Screen::Live, _) => {
            let types = app.tape.as_ref().and_then(|tape| tape.pulse.as_ref());
            app.scroll = moved(app.scroll, types.map_or(0, |pulse| pulse.types.len()));
        }
        (Screen::Diff, _) => {
            let lines = app.diff_lines();
            let here = lines.iter().position(|at| *at >= app.diff_at).unwrap_or(0);
            app.diff_at = lines.get(moved(here, lines.len())).copied().unwrap_or(0);
        }
        (Screen::Sessions, _) => {
            app.picked = moved(app.picked, app.listed.as_ref().map_or(0, Vec::len));
        }
        (Screen::Frames, _) => {
            let place = moved(app.row_place(), app.row_count());
            to_place(app, place);
        }
        (Screen::Findings, _) | (Screen::Timeline, Pane::Findings) => {
            let lines = app.finding_lines();
            let here = app.finding.and(app.finding_line(&lines));
            let there = here.map_or(0, |here| moved(here, lines.len()));
            if let Some((finding, _)) = lines.get(there) {
                to_finding(app, *finding);
            }
        }
        (Screen::Timeline, Pane::Lanes) => {
            let lanes = app.lanes.clone();
            let here = lanes.iter().position(|lane| *lane == app.lane).unwrap_or(0);
            if let Some(lane) = lanes.get(moved(here, lanes.len())) {
                app.finding = None;
                app.stand(*lane);
                into_lane(app);
            }
        }
        (Screen::Timeline, Pane::Frames) => {
            let entry = moved(app.entry, app.entries.len());
            to_entry(app, entry);
        }
        (Screen::Timeline, Pane::Inspector) if fold::in_tree(app) => fold::step(app, moved),
        (Screen::Timeline, Pane::Inspector) => {
            let most = app.laid.as_ref().map_or(usize::MAX, |laid| laid.rows.len());
            app.scroll = (app.scroll as i64).saturating_add(by).max(0) as usize;
            app.scroll = app.scroll.min(most);
        }
    }
}

/// On a lane whose run is elsewhere in time, the playhead goes to where it begins.
pub(super) fn into_lane(app: &mut App) {
    let Some(tape) = &app.tape else { return };
    if let Lane::Run(run) = app.lane
        && let Some(run) = tape.runs.get(run as usize)
        && !(run.from_ns..=tape.until_ns(run)).contains(&app.at_ns)
    {
        app.at_ns = run.from_ns;
        app.entry = app.entry_at(app.at_ns);
        keep_in_sight(app);
    }
}

fn end(app: &mut App, last: bool) {
    let far = i64::from(u32::MAX);
    if app.screen == Screen::Timeline && app.pane == Pane::Lanes {
        let Some(tape) = app.tape.clone() else { return };
        app.at_ns = if last { tape.end_ns } else { 0 };
        app.entry = app.entry_at(app.at_ns);
        app.finding = None;
        keep_in_sight(app);
    } else {
        step(app, if last { far } else { -far });
    }
}

fn inward(app: &mut App) {
    let Some(tape) = app.tape.clone() else { return };
    match (app.screen, app.pane) {
        (Screen::Findings, _) | (Screen::Timeline, Pane::Findings) => {
            let finding = app.finding.or_else(|| tape.by_severity.first().copied());
            if let Some(finding) = finding {
                to_finding(app, finding);
                app.screen = Screen::Timeline;
                app.pane = Pane::Frames;
            }
        }
        (Screen::Frames, _) => {
            to_row(app, app.row);
            app.screen = Screen::Timeline;
            app.pane = Pane::Frames;
        }
        (Screen::Timeline, Pane::Frames) => app.pane = Pane::Inspector,
        (Screen::Timeline, Pane::Lanes) => match app.lane {
            Lane::User(user) => {
                if !app.collapsed.remove(&user) {
                    app.collapsed.insert(user);
                }
                app.relane();
            }
            Lane::Run(run) => {
                let Some(run) = tape.runs.get(run as usize) else { return };
                // A little around it, so that its ends are seen to be ends.
                let around = (tape.until_ns(run) - run.from_ns) / 20 + SHORTEST_NS;
                let near =
                    run.from_ns.saturating_sub(around)..tape.until_ns(run).saturating_add(around);
                if app.window == near {
                    app.pane = Pane::Frames;
                } else {
                    remember(app);
                    app.window = near;
                }
            }
        },
        (Screen::Sessions | Screen::Live | Screen::Diff, _) | (_, Pane::Inspector) => {}
    }
}

/// Onto the lane of the user or connection that is picked.
pub(super) fn enter(app: &mut App) {
    let Some(tape) = app.tape.clone() else { return };
    let picked = app.inside.and_then(|at| list::inside(&tape).get(at).copied());
    let Some((user, line)) = picked else { return };
    app.screen = Screen::Timeline;
    app.finding = None;
    app.stand(Lane::User(user));
    let line = line.and_then(|line| tape.users.get(user)?.lines.get(line));
    if let Some(line) = line {
        app.at_ns = line.from_ns;
        app.entry = app.entry_at(app.at_ns);
        keep_in_sight(app);
    }
}

fn outward(app: &mut App) {
    match app.pane {
        Pane::Inspector => app.pane = Pane::Frames,
        Pane::Frames => app.pane = Pane::Lanes,
        Pane::Lanes | Pane::Findings => {
            if let Some(window) = app.zooms.pop() {
                app.window = window;
            }
        }
    }
}

pub(super) fn remember(app: &mut App) {
    if app.zooms.last() != Some(&app.window) {
        app.zooms.push(app.window.clone());
    }
    if app.zooms.len() > MOST_ZOOMS {
        app.zooms.remove(0);
    }
}

/// Makes the window `times`/`of` as long, around the playhead, which stays on its column.
fn zoom(app: &mut App, times: u64, of: u64) {
    let Some(tape) = app.tape.clone() else { return };
    let Range { start, end } = app.window;
    let length = end - start;
    let all = whole(&tape);
    let wanted = (length.saturating_mul(times) / of).clamp(SHORTEST_NS, all.end.max(SHORTEST_NS));
    let at = app.at_ns.clamp(start, end);
    let before = u128::from(at - start) * u128::from(wanted) / u128::from(length.max(1));
    remember(app);
    app.window = shifted(at.saturating_sub(before as u64), wanted, all.end);
}

/// A window of this length that is within the recording as far as it can be.
fn shifted(start: u64, length: u64, end: u64) -> Range<u64> {
    let start = start.min(end.saturating_sub(length));
    start..start.saturating_add(length)
}

/// Moves the window so that the playhead is in it.
pub(super) fn keep_in_sight(app: &mut App) {
    let Some(tape) = &app.tape else { return };
    if app.window.contains(&app.at_ns) {
        return;
    }
    let length = app.window.end - app.window.start;
    app.window = shifted(app.at_ns.saturating_sub(length / 2), length, whole(tape).end);
}

/// The next run of this user; after the last, the next user's first.
fn run(app: &mut App, by: i64) {
    let lanes = app.lanes.clone();
    let here = lanes.iter().position(|lane| *lane == app.lane).unwrap_or(0);
    let is_run = |lane: &&Lane| matches!(lane, Lane::Run(_));
    let found = if by > 0 {
        lanes.get(here + 1..).and_then(|rest| rest.iter().find(is_run))
    } else {
        lanes.get(..here).and_then(|rest| rest.iter().rfind(is_run))
    };
    match found {
        Some(lane) => {
            app.finding = None;
            app.stand(*lane);
            into_lane(app);
        }
        None => app.said = Some("there is no further run that way".to_owned()),
    }
}

fn finding(app: &mut App, next: bool) {
    let Some(tape) = app.tape.clone() else { return };
    let findings = &tape.findings;
    let order = &tape.flagged;
    if app.screen == Screen::Live {
        // What is new is of interest there.
        if let Some(newest) = order.last() {
            to_finding(app, *newest);
            (app.screen, app.pane) = (Screen::Timeline, Pane::Lanes);
        }
        return;
    }
    let here = app.finding.and_then(|it| order.iter().position(|at| *at == it));
    let there = match here {
        Some(here) if next => here + 1,
        Some(here) => here.wrapping_sub(1),
        None => {
            let after = order.partition_point(|at| findings[*at].at_ns < app.at_ns);
            if next { after } else { after.wrapping_sub(1) }
        }
    };
    let around = if next { order.first() } else { order.last() };
    let Some(found) = order.get(there).or(around) else { return };
    to_finding(app, *found);
    if order.get(there).is_none() {
        app.said = Some("around: that was the last that way".to_owned());
    }
}

/// Stands where a finding is: on its ghost, or else on the last frame it rests on.
pub(super) fn to_finding(app: &mut App, index: usize) {
    let Some(tape) = app.tape.clone() else { return };
    let Some(finding) = tape.findings.get(index) else { return };
    app.at_ns = finding.at_ns.min(tape.end_ns);
    let lane = tape.run_of(index).map(Lane::Run);
    let lane = lane.or_else(|| tape.user_of(index).map(Lane::User));
    app.stand(lane.unwrap_or(app.lane));
    let rows: Vec<u32> =
        finding.frames.iter().flat_map(|frame| tape.timeline.rows_of_frame(*frame)).collect();
    let ghost = app.entries.iter().position(|entry| *entry == Entry::Ghost(index));
    let on = rows.last().and_then(|row| app.entries.iter().position(|entry| entry.holds(*row)));
    if let Some(entry) = ghost.or(on) {
        app.entry = entry;
    }
    if let Some(row) = rows.last() {
        app.row = *row;
    }
    (app.finding, app.back, app.scroll) = (Some(index), None, 0);
    app.visited.insert((finding.code.text(), finding.user.clone().unwrap_or_default()));
    keep_in_sight(app);
}

pub(super) fn to_entry(app: &mut App, entry: usize) {
    app.entry = entry;
    app.scroll = 0;
    app.finding = match app.selected() {
        Some(Entry::Ghost(finding)) => Some(finding),
        _ => None,
    };
    let Some(tape) = app.tape.clone() else { return };
    if let Some(row) = app.selected().and_then(Entry::row).and_then(|row| tape.timeline.row(row)) {
        (app.at_ns, app.row) = (row.at_ns, row.number);
    } else if let Some(finding) = app.finding.and_then(|finding| tape.findings.get(finding)) {
        app.at_ns = finding.at_ns.min(tape.end_ns);
    }
    keep_in_sight(app);
}

fn to_place(app: &mut App, place: usize) {
    if let Some(row) = app.row_at(place) {
        to_row(app, row);
    }
}

/// Stands on a row: in its run, or among its user's rows.
pub(super) fn to_row(app: &mut App, number: u32) {
    let Some(tape) = app.tape.clone() else { return };
    let Some(row) = tape.timeline.row(number) else { return };
    (app.at_ns, app.row, app.scroll, app.finding) = (row.at_ns, number, 0, None);
    let user = || {
        let on = |user: &&crate::tui::tape::User| {
            user.lines.iter().any(|line| line.connection == row.connection)
        };
        tape.users.iter().position(|user| on(&user)).map(Lane::User)
    };
    let lane = row.run.map(Lane::Run).or_else(user).unwrap_or(app.lane);
    if lane != app.lane {
        app.stand(lane);
    }
    if let Some(entry) = app.entries.iter().position(|entry| entry.holds(number)) {
        app.entry = entry;
    }
    keep_in_sight(app);
}

/// To the cause of the finding told, or back from it.
fn cause(app: &mut App) {
    if let Some(place) = app.back.take() {
        app.stand(place.lane);
        (app.entry, app.at_ns, app.window) = (place.entry, place.at_ns, place.window);
        app.finding = place.finding;
        return;
    }
    let Some(tape) = app.tape.clone() else { return };
    let Some(finding) = app.told() else { return };
    let Some(row) = tape.cause_row(finding) else { return };
    let place = Place {
        lane: app.lane,
        entry: app.entry,
        at_ns: app.at_ns,
        window: app.window.clone(),
        finding: Some(finding),
    };
    // The cause is shown among the rows of the finding, where it is one of them.
    match app.entries.iter().position(|entry| entry.holds(row)) {
        Some(entry) => to_entry(app, entry),
        None => to_row(app, row),
    }
    app.back = Some(place);
    app.say("this is the cause; {cause} goes back");
}
