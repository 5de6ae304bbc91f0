//! Folding and unfolding: lanes of users, findings of one cause, values of a payload.

use std::collections::HashSet;

use crate::tui::app::{App, Lane, Pane, Screen};
use crate::tui::json;
use crate::tui::keys::Act;
use crate::tui::message::{Effect, Portion};

use super::walk;

/// Keys go to the findings.
pub(super) fn on_findings(app: &App) -> bool {
    match app.screen {
        Screen::Findings => true,
        Screen::Timeline => app.pane == Pane::Findings,
        _ => false,
    }
}

pub(super) fn fold(app: &mut App, act: Act) {
    match act {
        Act::Right | Act::Left | Act::OpenAll | Act::CloseAll if in_tree(app) => node(app, act),
        Act::Right => unfold(app),
        Act::Left => fold_one(app),
        Act::OpenAll if on_findings(app) => {
            let tape = app.tape.iter();
            let leads = tape.flat_map(|tape| {
                tape.groups.iter().filter_map(|group| tape.findings.get(group.lead))
            });
            app.unfolded = leads.map(|lead| lead.id).collect();
        }
        Act::CloseAll if on_findings(app) => app.unfolded.clear(),
        Act::OpenAll => {
            app.collapsed.clear();
            app.relane();
        }
        Act::CloseAll => close_all(app),
        _ => {}
    }
}

/// Keys go to a payload.
pub(super) fn in_payload(app: &App) -> bool {
    app.screen == Screen::Timeline && app.pane == Pane::Inspector && app.card().is_none()
}

/// Keys go to the tree of a payload.
pub(super) fn in_tree(app: &App) -> bool {
    in_payload(app) && app.tree().is_some()
}

/// Goes up and down among the lines that are shown.
pub(super) fn step(app: &mut App, moved: impl Fn(usize, usize) -> usize) {
    let Some(lines) = app.tree() else { return };
    let shown = json::shown(lines, &app.folds);
    let here = shown.partition_point(|line| *line <= app.node).saturating_sub(1);
    app.node = shown.get(moved(here, shown.len())).copied().unwrap_or(0);
}

/// Loads the rest; where all is there, folds or unfolds.
pub(super) fn enter(app: &mut App, effects: &mut Vec<Effect>) {
    if app.is_in_part() {
        if let Some((row, _)) = &app.payload {
            effects.push(Effect::Read(*row, Portion::All));
            app.said = Some("reading all of it…".to_owned());
        }
        return;
    }
    let act = if app.folds.contains(&app.node) { Act::Right } else { Act::Left };
    node(app, act);
}

/// Folds or unfolds the reader's value, or all that is in it. What holds nothing leads to what it
/// is in.
fn node(app: &mut App, act: Act) {
    let here = app.node;
    let Some(lines) = app.tree() else { return };
    let Some(line) = lines.get(here) else { return };
    let opens = |at: usize| lines.get(at).is_some_and(|line| line.end > at);
    let (end, parent, holds) = (line.end, line.parent, opens(here));
    let inside: HashSet<usize> = (here..=end).filter(|at| opens(*at)).collect();
    match act {
        Act::Right => {
            app.folds.remove(&here);
        }
        Act::OpenAll => app.folds.retain(|at| !inside.contains(at)),
        Act::CloseAll => app.folds.extend(inside),
        Act::Left if holds && !app.folds.contains(&here) => {
            app.folds.insert(here);
        }
        _ => app.node = parent.unwrap_or(here),
    }
}

/// The id of the first finding of the reader's group, and that finding.
fn group(app: &App) -> Option<(u64, usize)> {
    let (lines, tape) = (app.finding_lines(), app.tape.as_ref()?);
    let (_, place) = *lines.get(app.finding_line(&lines)?)?;
    let group = tape.groups.get(place).filter(|group| !group.rest.is_empty())?;
    Some((tape.findings.get(group.lead)?.id, group.lead))
}

fn unfold(app: &mut App) {
    match group(app) {
        Some((id, _)) => drop(app.unfolded.insert(id)),
        None => app.said = Some("nothing is folded under this one".to_owned()),
    }
}

/// Folds the reader's group over them; they stand on its first.
fn fold_one(app: &mut App) {
    match group(app) {
        Some((id, lead)) => {
            app.unfolded.remove(&id);
            walk::to_finding(app, lead);
        }
        None => app.said = Some("nothing is unfolded here".to_owned()),
    }
}

/// Unfolds what is folded where the reader is, or folds it.
pub(super) fn turn(app: &mut App) {
    match group(app) {
        Some((id, _)) if !app.unfolded.contains(&id) => unfold(app),
        Some(_) => fold_one(app),
        None => {}
    }
}

fn close_all(app: &mut App) {
    let Some(tape) = app.tape.clone() else { return };
    app.collapsed = (0..tape.users.len()).collect();
    if let Lane::Run(run) = app.lane {
        let user = tape.runs.get(run as usize).map_or(0, |run| run.user);
        app.stand(Lane::User(user));
    }
    app.relane();
}
