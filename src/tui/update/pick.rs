//! A number → the line with this number, of whatever is listed.

use super::{act, compare, overlay, walk};
use crate::tui::app::{App, Overlay, Pane, Screen};
use crate::tui::keys::{Act, Key};
use crate::tui::list;
use crate::tui::message::Effect;

pub(super) fn pick(app: &mut App, place: usize, effects: &mut Vec<Effect>) {
    let is_there = match &mut app.overlay {
        Overlay::Menu(menu) => {
            menu.picked = place;
            place < menu.fitting().len()
        }
        Overlay::Sql(sql) => {
            sql.picked = place;
            matches!(&sql.answer, Some(Ok(answer)) if place < answer.rows.len())
        }
        Overlay::Review(review) if place < review.rows.len() => {
            review.picked = place;
            review.flip();
            return;
        }
        Overlay::None => return on_the_screen(app, place, effects),
        _ => false,
    };
    if is_there {
        overlay::press(app, Key::Enter, effects);
    } else {
        none(app, place);
    }
}

fn on_the_screen(app: &mut App, place: usize, effects: &mut Vec<Effect>) {
    let Some(tape) = app.tape.clone().filter(|_| app.screen != Screen::Sessions) else {
        return in_the_list(app, place, effects);
    };
    match app.screen {
        Screen::Timeline if place < app.entries_shown() => {
            walk::to_entry(app, place);
            app.pane = Pane::Inspector;
        }
        Screen::Frames => match app.row_at(place) {
            Some(row) => walk::to_row(app, row),
            None => none(app, place),
        },
        Screen::Findings => match app.finding_lines().get(place) {
            Some((finding, _)) if tape.findings.get(*finding).is_some() => {
                walk::to_finding(app, *finding);
            }
            _ => none(app, place),
        },
        Screen::Diff => match app.diff_lines().get(place) {
            Some(line) => {
                app.diff_at = *line;
                compare::act(app, Act::In, effects);
            }
            None => none(app, place),
        },
        Screen::Timeline | Screen::Live | Screen::Sessions => none(app, place),
    }
}

fn in_the_list(app: &mut App, place: usize, effects: &mut Vec<Effect>) {
    let inside = app.inside.and(app.tape.as_ref()).map(|tape| list::inside(tape).len());
    match inside {
        Some(count) if place < count => app.inside = Some(place),
        None if place < app.listed.as_ref().map_or(0, Vec::len) => app.picked = place,
        _ => return none(app, place),
    }
    act(app, Act::In, effects);
}

fn none(app: &mut App, place: usize) {
    app.said = Some(format!("there is no {}", place + 1));
}
