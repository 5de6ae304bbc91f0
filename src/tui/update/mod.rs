//! A message → the reader's next place, and what is to be done outside. Pure: knows no terminal.

mod allowed;
mod walk;

use super::app::{App, Effect, Message, Mode, Overlay, Pane, Screen, Times};
use super::keys::{Act, Key, bound};

pub(super) use allowed::why_not;
pub use walk::go;

/// The longest filter that can be typed, in characters: as long as a filter may be.
const LONGEST: usize = crate::events::filter::LONGEST;

/// Takes a message.
pub fn update(app: &mut App, message: Message) -> Vec<Effect> {
    let mut effects = Vec::new();
    match message {
        Message::Resize(width, height) => {
            app.size = (width, height);
            let over = app.pane == Pane::Inspector && app.shape().inspects_over();
            if !over && !app.shape().panes().contains(&app.pane) {
                app.pane = Pane::Lanes;
            }
        }
        Message::Payload(row, payload) => app.payload = Some((row, payload)),
        Message::Listed(listed) => {
            let count = listed.as_ref().map_or(0, Vec::len);
            app.picked = app.picked.min(count.saturating_sub(1));
            app.listed = listed;
        }
        Message::Opened(Ok(tape)) => app.take(*tape),
        Message::Opened(Err(why)) => app.said = Some(why),
        Message::Sifted(text, Ok(sifted)) => {
            app.said = Some(sifted.summary.clone());
            app.filter = Some((text, sifted));
            if let Some(row) = app.row_at(app.row_place()) {
                walk::to_row(app, row);
            }
        }
        Message::Sifted(text, Err(why)) => {
            app.overlay = Overlay::Filter(text);
            app.said = Some(why);
        }
        Message::Key(key) => {
            app.said = None;
            press(app, key, &mut effects);
        }
    }
    let wanted = app.inspected().filter(|_| app.tape.is_some());
    let shown = app.payload.as_ref().map(|(row, _)| *row);
    if let Some(row) = wanted.filter(|row| shown != Some(*row)) {
        // Asked for once; what is shown until then says that it comes.
        app.payload = Some((row, Err("reading…".to_owned())));
        app.scroll = 0;
        effects.push(Effect::Read(row));
    }
    effects
}

fn press(app: &mut App, key: Key, effects: &mut Vec<Effect>) {
    if let Overlay::Filter(text) = &app.overlay {
        let text = text.clone();
        return typed(app, text, key, effects);
    }
    let Some(binding) = bound(key) else {
        app.said = Some(format!("{} does nothing; ? shows the keys", key.name()));
        return;
    };
    if app.overlay == Overlay::Help && !matches!(binding.act, Act::Quit) {
        app.overlay = Overlay::None;
        return;
    }
    match why_not(app, binding.act) {
        Some(why) => app.said = Some(format!("{}: {why}", binding.does)),
        None => act(app, binding.act, effects),
    }
}

/// A key while a filter is typed.
fn typed(app: &mut App, mut text: String, key: Key, effects: &mut Vec<Effect>) {
    match key {
        Key::Esc => {
            app.overlay = Overlay::None;
            return;
        }
        Key::Ctrl('c') => return effects.push(Effect::Quit),
        Key::Enter => {
            app.overlay = Overlay::None;
            if text.trim().is_empty() {
                app.filter = None;
                app.said = Some("no filter: every event is shown".to_owned());
            } else {
                effects.push(Effect::Sift(text));
            }
            return;
        }
        Key::Backspace => drop(text.pop()),
        Key::Char(letter) if text.len() + letter.len_utf8() <= LONGEST => text.push(letter),
        other => app.said = Some(format!("{}: Enter filters, Esc leaves it", other.name())),
    }
    app.overlay = Overlay::Filter(text);
}

fn act(app: &mut App, act: Act, effects: &mut Vec<Effect>) {
    match act {
        Act::Quit => effects.push(Effect::Quit),
        Act::Sessions => {
            app.screen = Screen::Sessions;
            effects.push(Effect::List);
        }
        Act::Timeline => app.screen = Screen::Timeline,
        Act::Frames => {
            if let Some(row) = app.inspected() {
                app.row = row;
            }
            app.screen = Screen::Frames;
        }
        Act::Findings => app.screen = Screen::Findings,
        Act::Help => app.overlay = Overlay::Help,
        Act::Filter => {
            let text = app.filter.as_ref().map_or_else(String::new, |(text, _)| text.clone());
            app.overlay = Overlay::Filter(text);
        }
        Act::Times => {
            app.times = match app.times {
                Times::Run => Times::Recording,
                Times::Recording => Times::Clock,
                Times::Clock => Times::Run,
            };
        }
        Act::Folding => app.folding = app.folding.next(),
        Act::Payload => {
            app.scroll = 0;
            app.mode = match app.mode {
                Mode::Tree => Mode::Raw,
                Mode::Raw => Mode::Hex,
                Mode::Hex => Mode::Decoded,
                Mode::Decoded => Mode::Tree,
            };
        }
        Act::Close => close(app),
        Act::Back => back(app, effects),
        Act::PaneNext => turn(app, 1),
        Act::PaneBefore => turn(app, app.shape().panes().len() - 1),
        Act::In if app.screen == Screen::Sessions => {
            let listed = app.listed.as_ref().ok().and_then(|listed| listed.get(app.picked));
            effects.extend(listed.map(|listed| Effect::Open(listed.key.clone())));
        }
        other => walk::walk(app, other),
    }
}

/// One level: the finding told, then the filter.
fn close(app: &mut App) {
    if app.screen == Screen::Timeline && app.pane == Pane::Inspector && app.shape().inspects_over()
    {
        app.pane = Pane::Frames;
    } else if app.finding.take().is_some() {
        app.back = None;
    } else {
        app.filter = None;
    }
}

fn back(app: &mut App, effects: &mut Vec<Effect>) {
    match app.screen {
        Screen::Frames | Screen::Findings => app.screen = Screen::Timeline,
        Screen::Timeline if app.pane == Pane::Inspector && app.shape().inspects_over() => {
            app.pane = Pane::Frames;
        }
        Screen::Sessions | Screen::Timeline => effects.push(Effect::Quit),
    }
}

fn turn(app: &mut App, by: usize) {
    let panes = app.shape().panes();
    let here = panes.iter().position(|pane| *pane == app.pane).unwrap_or(0);
    app.pane = panes[(here + by) % panes.len()];
}
