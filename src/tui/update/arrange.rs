//! Which lanes, which part of time, which panes → arranged as the reader wants.

use super::walk;
use crate::tui::app::{App, Lane, Pane, Screen};
use crate::tui::keys::Act;
use crate::tui::measure;

pub(super) fn arrange(app: &mut App, act: Act) {
    match act {
        Act::Range => range(app),
        Act::Pane => {
            let shape = app.shape();
            app.alone = match app.alone {
                Some(_) => None,
                None => Some(app.pane),
            };
            if shape.inspects_over() && app.pane == Pane::Inspector {
                app.alone = None;
            }
        }
        Act::Pin => pin(app),
        Act::HitNext => hit(app, true),
        Act::HitBefore => hit(app, false),
        Act::Hide => {
            app.hides = !app.hides;
            let word = if app.hides { "hidden" } else { "dimmed" };
            app.said = Some(format!("what the filter does not mean is {word} on Frames"));
        }
        Act::Mouse => {
            app.mouse = !app.mouse;
            let word = if app.mouse { "on" } else { "off: the terminal selects text" };
            app.said = Some(format!("mouse {word}"));
        }
        _ => {}
    }
}

/// Begins a range here, or ends it.
fn range(app: &mut App) {
    if app.range.take().is_none() {
        app.range = Some(app.at_ns);
        app.say("a range begins here: move, then {in} shows it, {close} drops it");
    }
}

/// Shows the range alone.
pub(super) fn show_range(app: &mut App) {
    let Some(from) = app.range.take() else { return };
    let (from, to) = (from.min(app.at_ns), from.max(app.at_ns));
    walk::remember(app);
    app.window = from..to.saturating_add(1).max(from + walk::SHORTEST_NS);
    app.say(&format!("{} are shown; {{out}} goes back", measure::lasted(to - from)));
}

/// Pins the lane's user to the top, or lets it go.
fn pin(app: &mut App) {
    let user = match (app.lane, &app.tape) {
        (Lane::User(user), _) => user,
        (Lane::Run(run), Some(tape)) => tape.runs.get(run as usize).map_or(0, |run| run.user),
        (Lane::Run(_), None) => return,
    };
    let pinned = app.pins.iter().position(|pin| *pin == user);
    match pinned {
        Some(at) => drop(app.pins.remove(at)),
        None => app.pins.push(user),
    }
    let word = if pinned.is_some() { "is no longer pinned" } else { "is pinned to the top" };
    let name = app.tape.as_ref().and_then(|tape| tape.users.get(user));
    app.said = name.map(|user| format!("{} {word}", user.name));
    app.relane();
}

/// The next event that the filter means, or the one before.
fn hit(app: &mut App, next: bool) {
    let Some(sieve) = &app.filter else { return };
    let here = match app.screen {
        Screen::Timeline => app.inspected().unwrap_or(app.row),
        _ => app.row,
    };
    let rows = &sieve.rows;
    let found = if next {
        rows.get(rows.partition_point(|row| *row <= here))
    } else {
        rows.partition_point(|row| *row < here).checked_sub(1).and_then(|at| rows.get(at))
    };
    match found.copied() {
        Some(row) => walk::to_row(app, row),
        None => app.said = Some("the filter means nothing further that way".to_owned()),
    }
}
