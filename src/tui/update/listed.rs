//! Keys in the list of recordings → which is picked, opened, compared, named, removed; and what is
//! asked before that.

use std::cmp::Reverse;

use super::walk;
use crate::tui::app::{App, Asking, ListOrder, Overlay, Screen};
use crate::tui::keys::{Act, Key};
use crate::tui::menu::{Kind, Menu};
use crate::tui::message::{Effect, Listed, Verdict, Wish};
use crate::tui::paging;
use crate::tui::review::{Step, Topic};

pub(super) fn act(app: &mut App, act: Act, effects: &mut Vec<Effect>) {
    let picked = app.listed.as_ref().ok().and_then(|listed| listed.get(app.picked)).cloned();
    match (act, app.inside) {
        (Act::In, Some(_)) => walk::enter(app),
        (Act::In, None) => {
            effects.extend(picked.map(|listed| Effect::Open(listed.key)));
        }
        (Act::PaneNext | Act::PaneBefore, Some(_)) => app.inside = None,
        (Act::PaneNext | Act::PaneBefore, None) => app.inside = Some(0),
        (Act::Sort, _) => app.overlay = Overlay::Menu(Menu::new(Kind::List, app)),
        (Act::Record, _) => {
            app.overlay = Overlay::Prompt(Asking::Record, "ws://localhost:8000".to_owned());
        }
        (Act::OpenFile, _) => app.overlay = Overlay::Prompt(Asking::OpenFile, String::new()),
        (Act::Demo, _) => effects.push(Effect::Start(Wish::Demo)),
        (Act::Rename, _) => {
            if let Some(Listed { key, name, .. }) = picked {
                app.overlay = Overlay::Prompt(Asking::Rename(key), name);
            }
        }
        (Act::Remove, _) => app.overlay = picked.map_or(Overlay::None, Overlay::remove),
        (Act::Diff, _) => {
            if let Some(Listed { key, name, .. }) = picked {
                app.said = Some(format!("looking at {name}, to compare it…"));
                effects.push(Effect::Pairs(key));
            }
        }
        (Act::Report, _) => {
            if let Some(Listed { key, name, .. }) = picked {
                app.said = Some(format!("making a report of {name}…"));
                effects.push(Effect::Report(Step::Begin(Topic::Recording(key))));
            }
        }
        _ => {}
    }
}

/// A key for what is asked.
pub(super) fn answer(
    app: &mut App,
    (asking, text): (Asking, String),
    key: Key,
    effects: &mut Vec<Effect>,
) {
    let mut text = text;
    match key {
        Key::Esc => {}
        Key::Enter if text.trim().is_empty() => {}
        Key::Enter if asking == Asking::Record && !text.contains("://") => {
            app.said = Some("an address begins with ws://, wss://, http:// or https://".to_owned());
            app.overlay = Overlay::Prompt(asking, text);
        }
        Key::Enter => {
            let text = text.trim().to_owned();
            effects.push(match asking {
                Asking::Record => Effect::Start(Wish::Record(text)),
                Asking::OpenFile => Effect::Open(text),
                Asking::Rename(key) => Effect::Rename(key, text),
            });
        }
        key => {
            if !super::overlay::write(&mut text, key) {
                app.said = Some(format!("{}: Enter does it, Esc leaves it", key.name()));
            }
            app.overlay = Overlay::Prompt(asking, text);
        }
    }
}

/// Whether it is really to be removed.
pub(super) fn confirm(app: &mut App, listed: Listed, key: Key, effects: &mut Vec<Effect>) {
    if matches!(key, Key::Char('y' | 'Y')) {
        effects.push(Effect::Remove(listed.key));
    } else {
        app.said = Some("nothing was removed".to_owned());
    }
}

/// The recordings there are; the one that was picked stays it.
pub(super) fn list(app: &mut App, listed: Result<Vec<Listed>, String>, effects: &mut Vec<Effect>) {
    let picked = app.listed.as_ref().ok().and_then(|before| before.get(app.picked));
    let picked = picked.map(|listed| listed.key.clone());
    let before = std::mem::replace(&mut app.listed, listed);
    sort(app, picked.as_deref());
    effects.extend(unjudged(app));
    // Of one that grows, what was found so far stands until more is.
    for one in app.listed.iter_mut().flatten().filter(|one| one.state == "live") {
        let known = before.iter().flatten().find(|known| known.key == one.key);
        one.verdict = one.verdict.or(known.and_then(|known| known.verdict));
    }
}

/// Recordings of the list of which it is not known what is in them: those that are shown first, then
/// the newest.
pub(super) fn unjudged(app: &App) -> Option<Effect> {
    let listed = app.listed.as_ref().ok()?;
    let shown = paging::listed_shown(app);
    let mut unknown: Vec<(usize, &Listed)> = listed
        .iter()
        .enumerate()
        .filter(|(_, one)| one.verdict.is_none() && one.state != "unreadable")
        .collect();
    unknown.sort_by_key(|(place, one)| (!shown.contains(place), Reverse(one.started_ns)));
    let keys: Vec<String> = unknown.into_iter().map(|(_, one)| one.key.clone()).collect();
    (!keys.is_empty()).then_some(Effect::Judge(keys))
}

/// One of them was looked through.
pub(super) fn judged(app: &mut App, key: &str, verdict: Verdict) {
    for one in app.listed.iter_mut().flatten().filter(|one| one.key == key) {
        one.verdict = Some(verdict);
    }
}

/// Sorts them in another way.
pub(super) fn sort_by(app: &mut App, order: ListOrder) {
    app.list_order = order;
    let picked = app.listed.as_ref().ok().and_then(|listed| listed.get(app.picked));
    let picked = picked.map(|listed| listed.key.clone());
    sort(app, picked.as_deref());
}

fn sort(app: &mut App, picked: Option<&str>) {
    let Ok(listed) = &mut app.listed else { return app.picked = 0 };
    match app.list_order {
        // They come so.
        ListOrder::Newest => listed.sort_by_key(|one| Reverse(one.started_ns)),
        ListOrder::Name => listed.sort_by(|a, b| a.name.cmp(&b.name)),
        ListOrder::Longest => listed.sort_by_key(|one| Reverse(one.lasted_ns)),
        ListOrder::Frames => listed.sort_by_key(|one| Reverse(one.frames)),
        ListOrder::Size => listed.sort_by_key(|one| Reverse(one.size)),
    }
    let found = picked.and_then(|key| listed.iter().position(|one| one.key == key));
    app.picked = found.unwrap_or(app.picked).min(listed.len().saturating_sub(1));
}

/// Why what the list can do can't be done now.
pub(super) fn why_not(app: &App, act: Act) -> Option<&'static str> {
    let picked = app.listed.as_ref().ok().and_then(|listed| listed.get(app.picked));
    match act {
        Act::Record | Act::Demo if !app.starts => Some("this terminal is taken; use another one"),
        Act::Rename | Act::Remove | Act::Diff | Act::Report if picked.is_none() => {
            Some("there are no recordings")
        }
        Act::Rename | Act::Remove | Act::Diff | Act::Report if app.inside.is_some() => {
            Some("only in the list ({pane-next})")
        }
        Act::Diff => match &app.tape {
            None => Some("open the one to compare with first ({in})"),
            Some(tape) => {
                let same = picked.is_some_and(|picked| picked.name == tape.about.name);
                same.then_some("it is the one that is open; pick another")
            }
        },
        _ => None,
    }
}

/// These are the list's alone.
pub(super) fn is_of_the_list(act: Act) -> bool {
    matches!(act, Act::Record | Act::OpenFile | Act::Demo | Act::Rename | Act::Remove)
}

/// Goes to the comparison of two runs, once it is made.
pub(super) fn compare(app: &mut App, effect: Effect, effects: &mut Vec<Effect>) {
    (app.screen, app.compared, app.diff_at) = (Screen::Diff, None, 0);
    effects.push(effect);
}
