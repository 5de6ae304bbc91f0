//! Keys of the Diff screen → the runs compared, and the reader's line among theirs.

use std::sync::Arc;

use crate::tui::app::{App, Lane, Overlay, Screen, Sheet};
use crate::tui::diff::{Compared, Paired};
use crate::tui::keys::Act;
use crate::tui::list::Entry;
use crate::tui::menu::Menu;
use crate::tui::message::Effect;
use crate::wire::Note;

pub(super) fn act(app: &mut App, act: Act, effects: &mut Vec<Effect>) {
    match act {
        Act::Diff => begin(app, effects),
        Act::Pace => app.ignores_pace = !app.ignores_pace,
        Act::Hide => app.hides_equal = !app.hides_equal,
        Act::HitNext => next(app, true),
        Act::HitBefore => next(app, false),
        Act::In => show(app),
        Act::Mark => effects.push(Effect::Note(Box::new(note(app, String::new())))),
        _ => {}
    }
}

/// Asks for the comparison of the reader's run.
fn begin(app: &mut App, effects: &mut Vec<Effect>) {
    let of_finding = app.told().and_then(|finding| app.tape.as_ref()?.run_of(finding));
    let run = match (of_finding, app.lane) {
        (Some(run), _) | (None, Lane::Run(run)) => run,
        (None, Lane::User(_)) => return,
    };
    let is_it = |compared: &Arc<Compared>| compared.b == run && !compared.is_apart;
    if !app.compared.as_ref().is_some_and(is_it) {
        (app.compared, app.diff_at) = (None, 0);
        effects.push(Effect::Diff(run));
    }
    app.screen = Screen::Diff;
}

pub(super) fn done(app: &mut App, diffed: Result<Box<Compared>, String>) {
    match diffed {
        Ok(compared) => {
            let differs = |line: &crate::tui::diff::Line| !line.is_same(app.ignores_pace);
            let first = compared.loss.or_else(|| compared.lines.iter().position(differs));
            app.diff_at = first.unwrap_or(0);
            app.compared = Some(Arc::new(*compared));
        }
        Err(why) => {
            if app.screen == Screen::Diff {
                app.screen = Screen::Timeline;
            }
            app.said = Some(why);
        }
    }
}

/// The runs of another recording were paired with this one's: one of the pairs is chosen.
pub(super) fn paired(app: &mut App, key: &str, paired: Result<Vec<Paired>, String>) {
    match paired {
        Ok(pairs) if pairs.is_empty() => {
            app.said = Some("no run of the one is like a run of the other".to_owned());
        }
        Ok(pairs) => {
            app.said = None;
            app.overlay = Overlay::Menu(Menu::of_pairs(key, pairs));
        }
        Err(why) => app.said = Some(why),
    }
}

/// The next difference, or the one before.
fn next(app: &mut App, on: bool) {
    let Some(compared) = app.compared.clone() else { return };
    let differs = |(at, line): (usize, &crate::tui::diff::Line)| {
        (!line.is_same(app.ignores_pace)).then_some(at)
    };
    let found = if on {
        compared.lines.iter().enumerate().skip(app.diff_at + 1).find_map(differs)
    } else {
        compared.lines.iter().enumerate().take(app.diff_at).rev().find_map(differs)
    };
    match found {
        Some(at) => app.diff_at = at,
        None => app.said = Some("no further difference that way".to_owned()),
    }
}

/// What differs in the line.
fn show(app: &mut App) {
    let Some(compared) = &app.compared else { return };
    let Some(line) = compared.lines.get(app.diff_at) else { return };
    if line.differences.is_empty() {
        app.said = Some("nothing differs in the payloads here".to_owned());
        return;
    }
    let mut text = String::new();
    for (path, a, b) in &line.differences {
        text += &format!("{path}\n  A  {a}\n  B  {b}\n");
    }
    let title = line.b.as_ref().map_or_else(String::new, |half| half.text.clone());
    app.overlay = Overlay::Sheet(Sheet { title, text, scroll: 0 });
}

/// A note about where the reader is.
pub(super) fn note(app: &App, text: String) -> Note {
    let tape = app.tape.as_ref();
    let row = app.inspected().and_then(|row| tape?.timeline.row(row));
    let frame = row.map(|row| row.frames.1).filter(|frame| *frame > 0);
    let ghost = matches!(app.selected(), Some(Entry::Ghost(_)));
    let finding = app.told().filter(|_| ghost || app.finding.is_some());
    let finding = finding.and_then(|finding| tape?.findings.get(finding));
    let run = match app.lane {
        Lane::Run(run) => tape.map(|tape| tape.run_id(run)),
        Lane::User(_) => None,
    };
    Note {
        first_frame: frame,
        last_frame: frame,
        from_ns: Some(app.at_ns),
        to_ns: Some(app.at_ns),
        finding: finding.map(|finding| finding.code.text()),
        run,
        text,
        ..Note::default()
    }
}
