//! The `rules` room from outside.

mod align;
mod automaton;
#[cfg(unix)]
mod golden;
mod language;
mod ltlf;
mod pairs;
mod shape;
#[cfg(unix)]
mod verbs;

use wiretape::rules::{Automaton, Letter, Pattern, pattern};

/// A pattern that must be one.
fn parsed(text: &str) -> Pattern {
    pattern::parse(text).unwrap_or_else(|error| panic!("{error} at {:?}", error.at))
}

/// The automaton of a pattern.
fn compiled(text: &str) -> Automaton {
    Automaton::compile(&parsed(text), &[], 4096).unwrap()
}

/// A run's letters, by names with spaces between.
fn letters(automaton: &Automaton, run: &str) -> Vec<Letter> {
    run.split_whitespace().map(|name| automaton.letter(name).expect(name)).collect()
}

/// Whether a run is complete.
fn accepts(automaton: &Automaton, run: &str) -> bool {
    automaton.run(letters(automaton, run)).is_some_and(|state| automaton.accepts(state))
}
