//! What a mouse does → what keys would do.

use super::{act, fold, overlay, play, walk, why_not};
use crate::tui::app::{App, Overlay, Pane, Screen, whole};
use crate::tui::keys::Act;
use crate::tui::message::Effect;
use crate::tui::mouse::{Mouse, Spot, spot};
use crate::tui::paging;

/// Rows that one turn of the wheel moves by.
const WHEEL: usize = 3;

pub(super) fn point(app: &mut App, mouse: Mouse, (x, y): (u16, u16), effects: &mut Vec<Effect>) {
    if let Overlay::Review(review) = &mut app.overlay {
        let last = review.rows.len().saturating_sub(1);
        match mouse {
            Mouse::Up => review.picked = review.picked.saturating_sub(WHEEL),
            Mouse::Down => review.picked = (review.picked + WHEEL).min(last),
            _ => {}
        }
        return;
    }
    if app.overlay != Overlay::None {
        if mouse == Mouse::Press {
            app.overlay = Overlay::None;
        }
        return;
    }
    let spot = spot(app, x, y);
    match mouse {
        Mouse::Press | Mouse::Drag => {
            if let Some(spot) = spot {
                press(app, spot, mouse == Mouse::Drag, effects);
            }
        }
        Mouse::Menu => {
            if why_not(app, Act::Copy).is_none() {
                overlay::open(app, Act::Copy);
            }
        }
        Mouse::Up | Mouse::Down => turn(app, spot, mouse == Mouse::Up, effects),
    }
}

fn press(app: &mut App, spot: Spot, is_drag: bool, effects: &mut Vec<Effect>) {
    match spot {
        Spot::Tab(screen) => {
            let to = match screen {
                Screen::Sessions => Act::Sessions,
                Screen::Timeline => Act::Timeline,
                Screen::Frames => Act::Frames,
                Screen::Findings => Act::Findings,
                Screen::Live => Act::Live,
                Screen::Diff => return,
            };
            if why_not(app, to).is_none() {
                act(app, to, effects);
            }
        }
        Spot::Bar(share) => {
            let Some(tape) = app.tape.clone() else { return };
            let at = u128::from(whole(&tape).end) * u128::from(share) / 1000;
            play::go(app, &tape, (at as u64).min(tape.end_ns));
        }
        Spot::Axis(column) => {
            if !is_drag {
                app.range = None;
            } else if app.range.is_none() {
                app.range = Some(app.at_ns);
            }
            to_column(app, column);
        }
        Spot::Row(pane, row, column) => row_of(app, pane, row, column),
        Spot::Line(row) => line(app, row, effects),
    }
}

fn to_column(app: &mut App, column: usize) {
    let time = app.scale(app.shape().picture()).time(column);
    app.at_ns = app.tape.as_ref().map_or(0, |tape| time.start.min(tape.end_ns));
    app.entry = app.entry_at(app.at_ns);
    app.finding = None;
}

fn row_of(app: &mut App, pane: Pane, row: usize, column: Option<usize>) {
    let shape = app.shape();
    app.pane = pane;
    match pane {
        Pane::Lanes => {
            let Some(row) = row.checked_sub(2).filter(|row| *row < paging::lane_rows(&shape))
            else {
                return;
            };
            let place = paging::first_lane(app, &shape) + row;
            let Some(lane) = app.lanes.get(place).copied() else { return };
            let again = app.lane == lane;
            app.finding = None;
            app.stand(lane);
            match column {
                Some(column) => to_column(app, column),
                None if again => walk::walk(app, Act::In),
                None => walk::into_lane(app),
            }
        }
        Pane::Frames => {
            let Some(row) = row.checked_sub(paging::frames_head(&shape)) else { return };
            let entry = paging::first_entry(app, &shape) + row;
            if entry < app.entries_shown() {
                walk::to_entry(app, entry);
            }
        }
        Pane::Findings => {
            let rows = usize::from(shape.findings.inner().height);
            finding(app, row, rows);
        }
        Pane::Inspector => {}
    }
}

/// A row of a full screen.
fn line(app: &mut App, row: usize, effects: &mut Vec<Effect>) {
    let shape = app.shape();
    let middle = usize::from(shape.middle.height);
    match app.screen {
        Screen::Sessions => {
            let Some(row) = row.checked_sub(1) else { return };
            let place = paging::first_listed(app, middle.saturating_sub(3)) + row;
            let count = app.listed.as_ref().map_or(0, Vec::len);
            if place < count {
                let again = app.picked == place;
                app.picked = place;
                if again {
                    act(app, Act::In, effects);
                }
            }
        }
        Screen::Frames => {
            let below = usize::from(paging::told_below_frames(&shape));
            let Some(row) = row.checked_sub(1).filter(|row| row + below + 3 < middle) else {
                return;
            };
            let place = paging::first_row(app, &shape) + row;
            if let Some(row) = app.row_at(place) {
                walk::to_row(app, row);
            }
        }
        Screen::Findings => {
            let rows = middle.saturating_sub(usize::from(paging::told_below_findings(&shape)) + 2);
            if row < rows {
                finding(app, row, rows);
            }
        }
        Screen::Timeline | Screen::Live | Screen::Diff => {}
    }
}

/// A line of the findings; once more on it unfolds what is under it, or folds it.
fn finding(app: &mut App, row: usize, rows: usize) {
    let lines = app.finding_lines();
    let place = paging::first_finding(app, &lines, rows) + row;
    let Some((finding, _)) = lines.get(place).copied() else { return };
    if app.finding_line(&lines) == Some(place) {
        fold::turn(app);
    } else {
        walk::to_finding(app, finding);
    }
}

/// Over time it zooms, over rows it scrolls.
fn turn(app: &mut App, spot: Option<Spot>, up: bool, effects: &mut Vec<Effect>) {
    if let Some(Spot::Axis(column)) = spot {
        to_column(app, column);
        let zoom = if up { Act::ZoomIn } else { Act::ZoomOut };
        if why_not(app, zoom).is_none() {
            act(app, zoom, effects);
        }
        return;
    }
    if let Some(Spot::Row(pane, ..)) = spot {
        app.pane = pane;
    }
    let step = if up { Act::Up } else { Act::Down };
    for _ in 0..WHEEL {
        if why_not(app, step).is_none() {
            act(app, step, effects);
        }
    }
}
