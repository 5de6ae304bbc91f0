//! A message → the reader's next place, and what is to be done outside. Pure: knows no terminal.

mod allowed;
mod arrange;
mod compare;
mod fold;
mod listed;
mod overlay;
mod pick;
mod play;
mod point;
mod review;
mod walk;

use super::app::{App, Mode, Overlay, Pane, Screen, Sieve, Times, Typed};
use super::at::At;
use super::keys::{Act, Key};
use super::measure::{count, counted};
use super::message::{Effect, Message, Portion, Sifted};

pub(super) use allowed::why_not;
pub use walk::go;

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
        Message::Tick(now) => play::tick(app, now),
        Message::Grown(growth) => {
            let known = app.tape.as_ref().map_or(0, |tape| tape.findings.len());
            app.grow(*growth);
            arrive(app);
            if app.following {
                play::to_end(app);
                play::stop_at_errors(app, known);
            }
        }
        Message::Key(_) | Message::Mouse(..) | Message::Pick(_) => {
            theirs(app, &message, &mut effects);
        }
        answer => answered(app, answer, &mut effects),
    }
    go_on_sifting(app, &mut effects);
    let wanted = app.inspected().filter(|_| app.tape.is_some());
    let shown = app.payload.as_ref().map(|(row, _)| *row);
    if let Some(row) = wanted.filter(|row| shown != Some(*row)) {
        // Asked for once; what is shown until then says that it comes.
        app.payload = Some((row, Err("reading…".to_owned())));
        app.scroll = 0;
        effects.push(Effect::Read(row, Portion::First));
    }
    app.lay_out();
    effects
}

/// What the reader does. Whoever goes elsewhere while what grows is followed stays there.
fn theirs(app: &mut App, message: &Message, effects: &mut Vec<Effect>) {
    let (followed, place) = (app.following, (app.at_ns, app.finding));
    app.said = None;
    match message {
        Message::Key(key) => {
            let act = app.keys.bound(*key).map(|row| row.act);
            let stays = matches!(act, Some(Act::Help | Act::Back));
            app.stood |= app.tape.is_some() && !stays;
            press(app, *key, effects);
        }
        Message::Mouse(mouse, x, y) => {
            app.stood |= app.tape.is_some();
            point::point(app, *mouse, (*x, *y), effects);
        }
        Message::Pick(place) => {
            app.stood |= app.tape.is_some();
            pick::pick(app, *place, effects);
        }
        _ => {}
    }
    if followed && place != (app.at_ns, app.finding) {
        app.following = false;
    }
}

/// What was asked for outside has come.
fn answered(app: &mut App, message: Message, effects: &mut Vec<Effect>) {
    match message {
        // An answer that comes late is about where the reader was.
        Message::Payload(row, payload)
            if app.payload.as_ref().is_none_or(|(asked, _)| *asked == row) =>
        {
            app.payload = Some((row, payload));
        }
        Message::Listed(listed) => listed::list(app, listed, effects),
        Message::Judged(key, verdict) => listed::judged(app, &key, verdict),
        Message::Tidied(said, listed) => {
            listed::list(app, listed, effects);
            app.said = Some(said.unwrap_or_else(|why| why));
        }
        Message::Saved(name, filter, Ok(place)) => {
            app.said = Some(format!("kept as @{name} in {place}"));
            app.saved.insert(name, filter);
        }
        Message::Saved(_, _, Err(why)) => app.said = Some(why),
        Message::Opened(Err(why)) => {
            app.said = Some(why);
            // That was stopped, for what was to be opened.
            effects.extend(listed::unjudged(app));
        }
        Message::Paired(key, paired) => compare::paired(app, &key, paired),
        Message::Queried(_) => overlay::answered(app, message),
        Message::Diffed(diffed) => compare::done(app, diffed),
        Message::Noted(noted) => overlay::noted(app, noted),
        Message::Staged(stage) => review::staged(app, stage, effects),
        Message::Copied(what) => app.said = Some(what),
        Message::Opened(Ok(tape)) => app.take(*tape),
        Message::Sifted(text, Ok(sifted)) => sieve(app, text, sifted),
        Message::Sifted(text, Err(why)) => {
            app.asked = None;
            app.overlay = Overlay::Filter(Typed { text, tried: None });
            app.said = Some(why);
        }
        _ => {}
    }
}

/// More of what a filter means.
fn sieve(app: &mut App, text: String, sifted: Sifted) {
    let first = app.filter.as_ref().is_none_or(|sieve| sieve.text != text);
    if first && app.asked.as_ref() != Some(&text) {
        return; // Nobody waits for it any more.
    }
    if first {
        app.asked = None;
        app.filter = Some(Sieve { text, ..Sieve::default() });
    }
    let all = app.tape.as_ref().map_or(0, |tape| tape.timeline.len());
    let Some(sieve) = &mut app.filter else { return };
    let had_none = sieve.rows.is_empty();
    sieve.rows.extend(sifted.rows);
    (sieve.until, sieve.words, sieve.is_busy) = (sifted.until, sifted.words, false);
    if sieve.until >= all {
        let (meant, of) = (count(sieve.rows.len() as u64), counted(u64::from(all), "event"));
        app.said = Some(format!("{meant} of {of}: {}", sieve.words));
    }
    if had_none && let Some(row) = app.row_at(app.row_place()) {
        walk::to_row(app, row);
    }
}

/// Looks on where a filter has not looked yet.
fn go_on_sifting(app: &mut App, effects: &mut Vec<Effect>) {
    let all = app.tape.as_ref().map_or(0, |tape| tape.timeline.len());
    if let Some(sieve) = app.filter.as_mut().filter(|sieve| !sieve.is_busy && sieve.until < all) {
        sieve.is_busy = true;
        effects.push(Effect::Sift(sieve.text.clone(), sieve.until));
    }
}

/// What a reader who has just come needs.
pub(super) fn begun(app: &App) -> Vec<Effect> {
    listed::unjudged(app).into_iter().collect()
}

/// Goes to a place, or waits until so much of the recording was looked at that it is there.
pub fn seek(app: &mut App, at: At) {
    app.seeking = Some(at);
    arrive(app);
}

/// Goes to the place that is waited for, if it is there by now.
fn arrive(app: &mut App) {
    let is_whole = app.tape.as_ref().is_some_and(|tape| tape.is_whole);
    if let Some(resume) = app.resume.take_if(|_| is_whole) {
        // Whoever has gone somewhere meanwhile stays there.
        if !app.stood {
            resume.restore(app);
        }
    }
    let (Some(at), Some(tape)) = (app.seeking, app.tape.clone()) else { return };
    match at.find(&tape, &app.wall) {
        Ok(found) => {
            (app.seeking, app.stood) = (None, true);
            go(app, found);
        }
        Err(why) if tape.is_whole => {
            app.seeking = None;
            app.said = Some(why);
        }
        Err(_) => {}
    }
}

fn press(app: &mut App, key: Key, effects: &mut Vec<Effect>) {
    if overlay::press(app, key, effects) {
        return;
    }
    let Some(binding) = app.keys.bound(key) else {
        return app.say(&format!("{} does nothing; {{help}} shows the keys", key.name()));
    };
    match why_not(app, binding.act) {
        Some(why) => app.say(&format!("{}: {why}", binding.does)),
        None => act(app, binding.act, effects),
    }
}

fn act(app: &mut App, act: Act, effects: &mut Vec<Effect>) {
    match act {
        Act::HitNext | Act::HitBefore | Act::Hide | Act::In if app.screen == Screen::Diff => {
            compare::act(app, act, effects);
        }
        Act::In | Act::PaneNext | Act::PaneBefore | Act::Sort | Act::Diff | Act::Report
            if app.screen == Screen::Sessions =>
        {
            listed::act(app, act, effects);
        }
        Act::Record | Act::OpenFile | Act::Demo | Act::Rename | Act::Remove => {
            listed::act(app, act, effects);
        }
        Act::In if app.range.is_some() && app.screen == Screen::Timeline => {
            arrange::show_range(app);
        }
        Act::Diff | Act::Pace | Act::Mark => compare::act(app, act, effects),
        Act::Report => review::begin(app, effects),
        Act::Help
        | Act::Filter
        | Act::Palette
        | Act::Speeds
        | Act::Copy
        | Act::Sort
        | Act::Pick
        | Act::Marks
        | Act::Note
        | Act::Sql => overlay::open(app, act),
        Act::Play
        | Act::StepOn
        | Act::StepBack
        | Act::FrameOn
        | Act::FrameBack
        | Act::Slower
        | Act::Faster
        | Act::Follow => play::play(app, act),
        Act::OpenAll | Act::CloseAll => fold::fold(app, act),
        Act::Left | Act::Right if fold::on_findings(app) || fold::in_tree(app) => {
            fold::fold(app, act);
        }
        Act::In if fold::in_payload(app) => fold::enter(app, effects),
        Act::Range
        | Act::Pane
        | Act::Pin
        | Act::HitNext
        | Act::HitBefore
        | Act::Hide
        | Act::Mouse => arrange::arrange(app, act),
        other => show(app, other, effects),
    }
}

/// Which screen, and how what is on it is shown; the rest is walking.
fn show(app: &mut App, act: Act, effects: &mut Vec<Effect>) {
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
        Act::Live => (app.screen, app.scroll) = (Screen::Live, 0),
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
        other => walk::walk(app, other),
    }
}

/// One level: the finding told, then the filter.
fn close(app: &mut App) {
    if app.screen == Screen::Timeline && app.pane == Pane::Inspector && app.shape().inspects_over()
    {
        app.pane = Pane::Frames;
    } else if app.range.take().is_some() {
        // The range was the innermost.
    } else if app.player.as_known_then {
        app.player.stop();
        app.player.as_known_then = false;
    } else if app.finding.take().is_some() {
        app.back = None;
    } else {
        app.filter = None;
    }
}

/// One screen out; out of the outermost, to where the screen was opened from.
fn back(app: &mut App, effects: &mut Vec<Effect>) {
    let over = app.pane == Pane::Inspector && app.shape().inspects_over();
    match app.screen {
        Screen::Timeline if over => app.pane = Pane::Frames,
        here if here == app.root => effects.push(Effect::Leave),
        Screen::Timeline | Screen::Sessions => app.screen = app.root,
        Screen::Frames | Screen::Findings | Screen::Live | Screen::Diff => {
            app.screen = Screen::Timeline;
        }
    }
    if app.screen == Screen::Sessions && effects.is_empty() {
        effects.push(Effect::List);
    }
}

fn turn(app: &mut App, by: usize) {
    let panes = app.shape().panes();
    let here = panes.iter().position(|pane| *pane == app.pane).unwrap_or(0);
    app.pane = panes[(here + by) % panes.len()];
}
