//! Keys while something lies over the screen → what is typed, and what is chosen.

use std::sync::Arc;

use super::{act, compare, listed, review, seek, walk};
use crate::rules::codes;
use crate::tui::app::{App, Order, Overlay, Screen, Sheet, Sql, Typed};
use crate::tui::at::{At, Found};
use crate::tui::complete;
use crate::tui::keys::{Act, Key};
use crate::tui::measure::counted;
use crate::tui::menu::{Do, Kind, Menu};
use crate::tui::message::{Effect, Message};
use crate::tui::mute::Mute;
use crate::wire::Note;

/// The longest text that can be typed, in characters: as long as a filter may be.
const LONGEST: usize = crate::events::filter::LONGEST;

/// A key that what lies over the screen takes; false: it is for the screen.
pub(super) fn press(app: &mut App, key: Key, effects: &mut Vec<Effect>) -> bool {
    if key == Key::Ctrl('c') && app.overlay != Overlay::None {
        effects.push(Effect::Quit);
        return true;
    }
    match std::mem::take(&mut app.overlay) {
        Overlay::None => return false,
        // Any key closes it.
        Overlay::Help => {}
        Overlay::Filter(typed) => filter(app, typed, key, effects),
        Overlay::Menu(menu) => list(app, menu, key, effects),
        Overlay::Sheet(sheet) => read(app, sheet, key),
        Overlay::Sql(sql) => ask(app, *sql, key, effects),
        Overlay::Note(text) => note(app, text, key, effects),
        Overlay::Review(it) => review::press(app, it, key, effects),
        Overlay::Prompt(asking, text) => listed::answer(app, (asking, text), key, effects),
        Overlay::Remove(which) => listed::confirm(app, *which, key, effects),
    }
    true
}

/// Takes a key into a text; false if it is none that writes.
pub(super) fn write(text: &mut String, key: Key) -> bool {
    match key {
        Key::Backspace => drop(text.pop()),
        Key::Ctrl('u') => text.clear(),
        Key::Char(letter) if text.len() + letter.len_utf8() <= LONGEST => text.push(letter),
        _ => return false,
    }
    true
}

fn filter(app: &mut App, mut typed: Typed, key: Key, effects: &mut Vec<Effect>) {
    match key {
        Key::Esc => return,
        Key::Enter => match sift(app, &typed.text, effects) {
            Ok(()) => return,
            Err(why) => app.said = Some(why),
        },
        Key::Tab | Key::BackTab => complete(app, &mut typed, key == Key::Tab),
        key if write(&mut typed.text, key) => typed.tried = None,
        other => app.said = Some(format!("{}: Enter filters, Esc leaves it", other.name())),
    }
    app.overlay = Overlay::Filter(typed);
}

/// Asks for what a filter means; for an empty one everything is shown.
fn sift(app: &mut App, text: &str, effects: &mut Vec<Effect>) -> Result<(), String> {
    let text = complete::expand(app, text)?;
    if text.trim().is_empty() {
        (app.filter, app.asked) = (None, None);
        app.said = Some("no filter: every event is shown".to_owned());
    } else {
        (app.filter, app.asked) = (None, Some(text.clone()));
        effects.push(Effect::Sift(text, 0));
    }
    Ok(())
}

/// The next way to go on with what was typed, or the one before.
fn complete(app: &mut App, typed: &mut Typed, on: bool) {
    let (base, place) = match typed.tried.take() {
        Some((base, place)) => (base, Some(place)),
        None => (typed.text.clone(), None),
    };
    let ways = complete::ways(app, &base);
    let count = ways.len();
    let next = match place {
        _ if count == 0 => return app.said = Some("nothing here goes on like this".to_owned()),
        None if on => 0,
        None => count - 1,
        Some(place) if on => (place + 1) % count,
        Some(place) => (place + count - 1) % count,
    };
    typed.text.clone_from(&ways[next]);
    // Where there is one way, the next Tab goes on from its end.
    typed.tried = (count > 1).then_some((base, next));
}

fn list(app: &mut App, mut menu: Menu, key: Key, effects: &mut Vec<Effect>) {
    let last = menu.fitting().len().saturating_sub(1);
    match key {
        Key::Esc => return,
        Key::Up | Key::Ctrl('p') => menu.picked = menu.picked.saturating_sub(1),
        Key::Down | Key::Ctrl('n') => menu.picked = (menu.picked + 1).min(last),
        Key::PageUp => menu.picked = menu.picked.saturating_sub(10),
        Key::PageDown => menu.picked = (menu.picked + 10).min(last),
        // Several are chosen one after the other.
        Key::Char(' ') if menu.kind == Kind::Pick => {
            if let Some(chosen) = menu.chosen() {
                choose(app, chosen, effects);
                menu.again(app);
            }
        }
        Key::Enter => {
            match menu.chosen() {
                Some(chosen) => choose(app, chosen, effects),
                None => app.said = Some("nothing here is called so".to_owned()),
            }
            return;
        }
        key if write(&mut menu.text, key) => menu.picked = 0,
        other => app.said = Some(format!("{}: Enter chooses, Esc closes", other.name())),
    }
    app.overlay = Overlay::Menu(menu);
}

fn choose(app: &mut App, chosen: Do, effects: &mut Vec<Effect>) {
    match chosen {
        Do::Act(what) => act(app, what, effects),
        Do::Go(found) => {
            on_the_timeline(app, matches!(found, Found::Finding(_)));
            walk::go(app, found);
        }
        Do::Seek(at) => {
            on_the_timeline(app, matches!(at, At::Finding(_)));
            seek(app, at);
        }
        Do::Lane(lane) => {
            app.screen = Screen::Timeline;
            app.finding = None;
            app.stand(lane);
            walk::into_lane(app);
        }
        Do::Open(key) => effects.push(Effect::Open(key)),
        Do::Explain(code) => {
            if let Some(page) = codes::explain(&code) {
                let title = format!("{} {}", page.code, page.title());
                let text = page.text.to_owned();
                app.overlay = Overlay::Sheet(Sheet { title, text, scroll: 0 });
            }
        }
        Do::Mute(mute) => effects.push(Effect::Note(Box::new(mute.note()))),
        Do::Unmute(mute) => {
            let notes = app.tape.iter().flat_map(|tape| &tape.notes);
            let ids = notes.filter(|note| Mute::of(note).as_ref() == Some(&mute));
            effects.push(Effect::Forget(ids.map(|note| note.id).collect()));
        }
        Do::Speed(speed) => {
            app.said = Some(match app.player.set(&speed) {
                Ok(()) => format!("speed {}", app.player.speed()),
                Err(why) => why,
            });
        }
        Do::Pauses => pauses(app),
        Do::Look(look) => app.theme.look = look,
        Do::Paint(paint) => {
            app.paint = paint;
            app.said = Some(format!("rows are coloured by {}", paint.word()));
        }
        Do::Sort(order) => sort(app, order),
        Do::SortList(order) => listed::sort_by(app, order),
        Do::Between(key, runs) => listed::compare(app, Effect::Between(key, runs), effects),
        Do::Filter(text) => {
            if let Err(why) = sift(app, &text, effects) {
                app.said = Some(why);
            }
        }
        Do::Save(name) => match &app.filter {
            Some(sieve) => effects.push(Effect::Save(name, sieve.text.clone())),
            None => app.say("there is no filter to keep: {filter} makes one"),
        },
        Do::Pick(user) => {
            if !app.only.remove(&user) {
                app.only.insert(user);
            }
            relane_around(app);
        }
        Do::PickAll => {
            app.only.clear();
            relane_around(app);
        }
        Do::Copy(what, text) => effects.push(Effect::Copy(what, text)),
        Do::CopyScreen => effects.push(Effect::CopyScreen),
    }
}

/// Sorts lanes in another way.
fn sort(app: &mut App, order: Order) {
    app.order = order;
    app.relane();
    app.said = Some(format!("lanes are sorted by {}", order.word()));
}

/// Playing pauses at findings, or no more.
fn pauses(app: &mut App) {
    app.player.pauses = !app.player.pauses;
    let word = if app.player.pauses { "pauses" } else { "does not pause" };
    app.said = Some(format!("playing {word} at findings"));
}

/// Shows what was asked for, whichever screen can.
fn on_the_timeline(app: &mut App, only_there: bool) {
    if only_there || !matches!(app.screen, Screen::Timeline | Screen::Frames) {
        app.screen = Screen::Timeline;
    }
}

/// Finds the lanes anew; whose lane is gone stands on the first.
fn relane_around(app: &mut App) {
    app.relane();
    if !app.lanes.contains(&app.lane)
        && let Some(first) = app.lanes.first().copied()
    {
        app.stand(first);
    }
}

fn read(app: &mut App, mut sheet: Sheet, key: Key) {
    match key {
        Key::Up | Key::Char('k') => sheet.scroll = sheet.scroll.saturating_sub(1),
        Key::Down | Key::Char('j') => sheet.scroll += 1,
        Key::PageUp | Key::Ctrl('u') => sheet.scroll = sheet.scroll.saturating_sub(10),
        Key::PageDown | Key::Ctrl('d') | Key::Char(' ') => sheet.scroll += 10,
        _ => return,
    }
    app.overlay = Overlay::Sheet(sheet);
}

fn ask(app: &mut App, mut sql: Sql, key: Key, effects: &mut Vec<Effect>) {
    let rows = match &sql.answer {
        Some(Ok(answer)) => answer.rows.len(),
        _ => 0,
    };
    match key {
        Key::Esc => return,
        Key::Up => sql.picked = sql.picked.saturating_sub(1),
        Key::Down => sql.picked = (sql.picked + 1).min(rows.saturating_sub(1)),
        Key::PageUp => sql.picked = sql.picked.saturating_sub(10),
        Key::PageDown => sql.picked = (sql.picked + 10).min(rows.saturating_sub(1)),
        Key::Enter if sql.is_fresh && rows > 0 => {
            let answer = sql.answer.as_ref().and_then(|answer| answer.as_ref().ok());
            match answer.and_then(|answer| answer.frame(sql.picked)) {
                Some(frame) => {
                    on_the_timeline(app, false);
                    app.sql = sql.text;
                    return seek(app, crate::tui::At::Frame(frame));
                }
                None => {
                    app.said = Some("this row names no frame: select id or frame_id".to_owned());
                }
            }
        }
        Key::Enter => {
            app.sql.clone_from(&sql.text);
            sql.is_fresh = true;
            effects.push(Effect::Query(sql.text.clone()));
        }
        key if write(&mut sql.text, key) => sql.is_fresh = false,
        other => app.said = Some(format!("{}: Enter asks, Esc closes", other.name())),
    }
    app.overlay = Overlay::Sql(Box::new(sql));
}

fn note(app: &mut App, mut text: String, key: Key, effects: &mut Vec<Effect>) {
    match key {
        Key::Esc => return,
        Key::Enter => {
            if !text.trim().is_empty() {
                effects.push(Effect::Note(Box::new(compare::note(app, text))));
            }
            return;
        }
        key if write(&mut text, key) => {}
        other => app.said = Some(format!("{}: Enter keeps it, Esc drops it", other.name())),
    }
    app.overlay = Overlay::Note(text);
}

/// A note was written, or could not be.
pub(super) fn noted(app: &mut App, answer: Result<Vec<Note>, String>) {
    let notes = match answer {
        Ok(notes) => notes,
        Err(why) => return app.said = Some(why),
    };
    let count = notes.len() as u64;
    let Some(tape) = &mut app.tape else { return };
    let before = tape.mutes.clone();
    Arc::make_mut(tape).annotate(notes);
    app.said = Some(if tape.mutes == before {
        format!("kept with the recording: {}", counted(count, "note"))
    } else {
        format!("{} muted in this recording", counted(tape.muted as u64, "finding"))
    });
    if tape.mutes != before {
        app.retold();
    }
}

/// An answer to what was asked in SQL.
pub(super) fn answered(app: &mut App, message: Message) {
    let Message::Queried(answer) = message else { return };
    if let Overlay::Sql(sql) = &mut app.overlay {
        sql.picked = 0;
        sql.answer = Some(answer);
    }
}

/// Opens one.
pub(super) fn open(app: &mut App, what: Act) {
    let menu = |app: &App, kind| Overlay::Menu(Menu::new(kind, app));
    app.overlay = match what {
        Act::Help => Overlay::Help,
        Act::Filter => {
            let text = app.filter.as_ref().map_or_else(String::new, |sieve| sieve.text.clone());
            Overlay::Filter(Typed { text, tried: None })
        }
        Act::Palette => menu(app, Kind::Palette),
        Act::Speeds => menu(app, Kind::Speeds),
        Act::Copy => menu(app, Kind::Copy),
        Act::Sort => menu(app, Kind::Sort),
        Act::Pick => menu(app, Kind::Pick),
        Act::Marks => menu(app, Kind::Marks),
        Act::Note => Overlay::Note(String::new()),
        Act::Sql => Overlay::Sql(Box::new(Sql { text: app.sql.clone(), ..Sql::default() })),
        _ => Overlay::None,
    };
    if matches!(app.overlay, Overlay::Menu(_) | Overlay::Sql(_)) {
        app.player.stop();
    }
}
