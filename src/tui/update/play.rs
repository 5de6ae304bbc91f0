//! Keys of the player, and time → where the playhead goes.

use std::time::Duration;

use super::walk;
use crate::rules::Severity;
use crate::tui::app::{App, Screen, whole};
use crate::tui::keys::Act;
use crate::tui::scale::Folding;
use crate::tui::tape::Tape;

/// Whoever follows sees at least so much of what came: a run or two.
const FOLLOWED_NS: u64 = 30_000_000_000;

pub(super) fn play(app: &mut App, act: Act) {
    match act {
        Act::Play if app.is_still => step(app, true),
        Act::Play => toggle(app),
        Act::Slower | Act::Faster => {
            app.player.change(act == Act::Faster);
            app.said = Some(format!("speed {}", app.player.speed()));
        }
        Act::StepOn => step(app, true),
        Act::StepBack => step(app, false),
        Act::FrameOn => frame(app, true),
        Act::FrameBack => frame(app, false),
        Act::Follow => follow(app),
        _ => {}
    }
}

fn toggle(app: &mut App) {
    let Some(tape) = app.tape.clone() else { return };
    app.player.toggle();
    if !app.player.is_playing {
        return;
    }
    app.following = false;
    app.finding = None;
    // From the end it begins again.
    if !app.player.is_backwards() && app.at_ns >= tape.end_ns {
        go(app, &tape, 0);
    }
    app.screen = if app.screen == Screen::Sessions { Screen::Timeline } else { app.screen };
}

/// Keeps at the end of what grows, or stays.
pub(super) fn follow(app: &mut App) {
    app.following = !app.following;
    app.player.stop();
    app.player.as_known_then = false;
    if app.following {
        to_end(app);
    }
}

/// To where the recording is now.
pub(super) fn to_end(app: &mut App) {
    let Some(tape) = app.tape.clone() else { return };
    let length = (app.window.end - app.window.start).max(FOLLOWED_NS);
    let all = whole(&tape);
    app.window = all.end.saturating_sub(length)..all.end;
    go(app, &tape, tape.end_ns);
    app.finding = None;
}

/// Stops at the first error that is new, where that is wanted.
pub(super) fn stop_at_errors(app: &mut App, known: usize) {
    let Some(tape) = app.tape.clone().filter(|_| app.stops) else { return };
    let new = tape.findings.iter().enumerate().skip(known);
    let mut errors = new.filter(|(_, finding)| finding.severity == Severity::Error);
    if let Some((index, _)) = errors.next() {
        app.following = false;
        walk::to_finding(app, index);
        app.say("an error: {cause} shows its cause, {finding-next} the next one, {follow} goes on");
    }
}

/// Time has passed.
pub(super) fn tick(app: &mut App, now: Duration) {
    let Some(tape) = app.tape.clone() else { return };
    if !app.player.is_playing {
        return;
    }
    let by = app.player.moves(now, tape.end_ns);
    let (from, back) = (app.at_ns, app.player.is_backwards());
    let mut to = if back { from.saturating_sub(by) } else { from.saturating_add(by) };
    if app.folding == Folding::Folded {
        to = awake(&tape, to, back);
    }
    to = to.min(tape.end_ns);
    if let Some(finding) = between(app, &tape, (from, to)).filter(|_| app.player.pauses) {
        walk::to_finding(app, finding);
        app.player.stop();
        app.player.as_known_then = true;
        app.paused_at = Some(finding);
        return;
    }
    go(app, &tape, to);
    if to == tape.end_ns && !back || to == 0 && back {
        app.player.stop();
        app.player.as_known_then = false;
        let grows = tape.about.state == "live" && !back;
        app.following |= grows;
        app.said = Some(if grows { "caught up: following" } else { "that was all" }.to_owned());
    }
}

/// The moment, or the end of the idle time that it is in.
fn awake(tape: &Tape, at_ns: u64, back: bool) -> u64 {
    let after = tape.idle.partition_point(|idle| idle.end <= at_ns);
    match tape.idle.get(after).filter(|idle| idle.contains(&at_ns)) {
        Some(idle) if back => idle.start.saturating_sub(1),
        Some(idle) => idle.end,
        None => at_ns,
    }
}

/// The first finding on the way.
fn between(app: &App, tape: &Tape, (from, to): (u64, u64)) -> Option<usize> {
    let at = |index: &usize| tape.findings[*index].at_ns.min(tape.end_ns);
    let order = &tape.flagged;
    // Of several at one moment, each is paused at.
    let paused = app.paused_at.filter(|index| at(index) == from);
    let paused = paused.and_then(|index| order.iter().position(|other| *other == index));
    if app.player.is_backwards() {
        let before = paused.unwrap_or_else(|| order.partition_point(|index| at(index) < from));
        let found = order[..before].last()?;
        return (at(found) >= to).then_some(*found);
    }
    let after =
        paused.map_or_else(|| order.partition_point(|index| at(index) <= from), |at| at + 1);
    let found = order.get(after)?;
    (at(found) <= to).then_some(*found)
}

pub(super) fn go(app: &mut App, tape: &Tape, at_ns: u64) {
    app.at_ns = at_ns;
    app.entry = app.entry_at(at_ns);
    let after = tape.timeline.at(at_ns.saturating_add(1)).unwrap_or(tape.timeline.len());
    app.row = after.saturating_sub(1);
    walk::keep_in_sight(app);
}

/// The next event of this lane, or the one before.
fn step(app: &mut App, on: bool) {
    if app.screen == Screen::Frames {
        return frame(app, on);
    }
    let next = if on { app.entry.saturating_add(1) } else { app.entry.wrapping_sub(1) };
    match app.entries.get(next) {
        Some(_) => walk::to_entry(app, next),
        None => app.said = Some("this lane has no further event that way".to_owned()),
    }
}

/// The next row of the whole recording, or the one before.
fn frame(app: &mut App, on: bool) {
    let place = app.row_place();
    let next = if on { place.saturating_add(1) } else { place.wrapping_sub(1) };
    match app.row_at(next) {
        Some(row) => walk::to_row(app, row),
        None => app.said = Some("there is nothing further that way".to_owned()),
    }
}
