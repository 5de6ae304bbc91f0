//! Keys in the review → decisions, and the next step once there is nothing left to decide.

use crate::tui::app::{App, Lane, Overlay, Sheet};
use crate::tui::keys::Key;
use crate::tui::message::Effect;
use crate::tui::review::{Leads, Review, Stage, Step, Topic, rule};

/// The longest rule that can be typed.
const LONGEST: usize = 200;

/// Begins a report about what the reader is at: a range, a finding, a run, a user.
pub(super) fn begin(app: &mut App, effects: &mut Vec<Effect>) {
    let Some(topic) = topic(app) else { return };
    app.player.stop();
    app.said = Some("making a report…".to_owned());
    effects.push(Effect::Report(Step::Begin(topic)));
}

fn topic(app: &App) -> Option<Topic> {
    let tape = app.tape.as_ref()?;
    if let Some(begun) = app.range {
        return Some(Topic::Between(begun.min(app.at_ns), begun.max(app.at_ns)));
    }
    if let Some(finding) = app.told() {
        return Some(Topic::Finding(tape.findings.get(finding)?.id));
    }
    Some(match app.lane {
        Lane::Run(run) => Topic::Run(tape.run_id(run)),
        Lane::User(user) => Topic::User(tape.users.get(user)?.name.clone()),
    })
}

/// What came of a step.
pub(super) fn staged(app: &mut App, stage: Result<Stage, String>, effects: &mut Vec<Effect>) {
    let before = std::mem::take(&mut app.overlay);
    app.said = None;
    match (before, stage) {
        (Overlay::Review(mut review), Ok(Stage::Review(next))) => {
            let was_decided = review.undecided() == 0;
            review.renew(*next);
            if let Some(first) = review.rows.iter().position(|row| !row.decided)
                && was_decided
            {
                review.picked = first;
                review.said = Some("that uncovered more to decide: Space decides".to_owned());
            }
            app.overlay = Overlay::Review(review);
        }
        (Overlay::Review(mut review), Err(why)) => {
            (review.is_busy, review.said) = (false, Some(why));
            app.overlay = Overlay::Review(review);
        }
        // Whoever has gone on to something else is not taken away from it.
        (Overlay::None, Ok(Stage::Review(review))) => app.overlay = Overlay::Review(review),
        (other, Ok(Stage::Review(_))) => app.overlay = other,
        (_, Ok(Stage::Written(lines))) if app.review_leads == Leads::Back => {
            let (title, text) = ("Report: written".to_owned(), lines.join("\n"));
            app.overlay = Overlay::Sheet(Sheet { title, text, scroll: 0 });
        }
        (_, Ok(Stage::Written(_))) => {
            app.review_leads = Leads::Done;
            effects.push(Effect::Quit);
        }
        (other, Err(why)) => {
            app.overlay = other;
            app.said = Some(why);
        }
    }
}

/// A key.
pub(super) fn press(app: &mut App, mut review: Box<Review>, key: Key, effects: &mut Vec<Effect>) {
    review.said = None;
    let goes_on = match (&review.typed, review.hits) {
        _ if review.is_busy => !matches!(key, Key::Esc | Key::Char('q')),
        (Some(_), _) => {
            write(&mut review, key, effects);
            true
        }
        (None, Some(first)) => {
            read(&mut review, first, key);
            true
        }
        (None, None) => choose(&mut review, key, effects),
    };
    if goes_on {
        app.overlay = Overlay::Review(review);
    } else if app.review_leads == Leads::Out {
        effects.push(Effect::Quit);
    } else {
        app.said = Some("no report was made".to_owned());
    }
}

/// Among the lines; false: the reader leaves.
fn choose(review: &mut Review, key: Key, effects: &mut Vec<Effect>) -> bool {
    let last = review.rows.len().saturating_sub(1);
    match key {
        Key::Esc | Key::Char('q') => return false,
        Key::Up | Key::Char('k') => review.picked = review.picked.saturating_sub(1),
        Key::Down | Key::Char('j') => review.picked = (review.picked + 1).min(last),
        Key::Home | Key::Char('g') => review.picked = 0,
        Key::End | Key::Char('G') => review.picked = last,
        Key::PageUp | Key::Ctrl('u') => review.picked = review.picked.saturating_sub(10),
        Key::PageDown | Key::Ctrl('d') => review.picked = (review.picked + 10).min(last),
        Key::Char(' ') => review.flip(),
        Key::Enter if review.row().is_some() => review.hits = Some(0),
        Key::Char('a') => review.typed = Some(String::new()),
        Key::Tab => match review.undecided() {
            0 => {
                review.is_busy = true;
                effects.push(Effect::Report(Step::Write(review.decided.clone())));
            }
            open => {
                let first = review.rows.iter().position(|row| !row.decided);
                review.picked = first.unwrap_or(review.picked);
                let lines = crate::tui::counted(open as u64, "line");
                review.said = Some(format!("{lines} with ? to decide first: Space decides"));
            }
        },
        other => {
            let name = other.name();
            review.said =
                Some(format!("{name}: Space decides, Enter shows, Tab goes on, q leaves"));
        }
    }
    true
}

/// Among the hits of a line.
fn read(review: &mut Review, first: usize, key: Key) {
    let last = review.row().map_or(0, |row| row.contexts.len().saturating_sub(1));
    review.hits = match key {
        Key::Up | Key::Char('k') => Some(first.saturating_sub(1)),
        Key::Down | Key::Char('j') => Some((first + 1).min(last)),
        Key::PageUp | Key::Ctrl('u') => Some(first.saturating_sub(10)),
        Key::PageDown | Key::Ctrl('d') => Some((first + 10).min(last)),
        Key::Char(' ') => {
            review.flip();
            Some(first)
        }
        _ => None,
    };
}

/// Into a rule.
fn write(review: &mut Review, key: Key, effects: &mut Vec<Effect>) {
    let Some(text) = &mut review.typed else { return };
    match key {
        Key::Esc => review.typed = None,
        Key::Enter => match rule(text) {
            Ok((place, choice)) => {
                review.typed = None;
                review.decide(place, choice);
                review.is_busy = true;
                effects.push(Effect::Report(Step::Again(review.decided.clone())));
            }
            Err(why) => review.said = Some(why),
        },
        Key::Backspace => drop(text.pop()),
        Key::Ctrl('u') => text.clear(),
        Key::Char(letter) if text.len() + letter.len_utf8() <= LONGEST => text.push(letter),
        _ => {}
    }
}
