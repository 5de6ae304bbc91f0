//! One automaton, and a slice's letters on it: how far they lead, and what is wrong where they lead
//! nowhere.

use std::collections::HashSet;
use std::hash::Hash;

use serde::{Deserialize, Serialize};

use crate::events::{Map, Symbol, Symbols};

use super::align::{self, Op, Options, Step};
use super::automaton::{Automaton, AutomatonError, Letter, State};

/// States of one automaton. Patterns with more are products that should be sub-lifecycles.
const MAX_STATES: usize = 4096;

/// One automaton over the names of events.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) automaton: Automaton,
    pub(super) letters: Map<Symbol, Letter>,
    pub(super) weights: Vec<u32>,
    /// By letter: a run may have it more than once.
    pub(super) repeats: Vec<bool>,
}

/// Letters walked, and where that led; `None` where it led nowhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Walk {
    pub(super) state: Option<State>,
    pub(super) word: Vec<Pass>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Pass {
    pub(super) letter: Letter,
    /// Which of the slice's events.
    pub(super) at: usize,
}

impl Track {
    pub(super) fn new(
        pattern: &super::book::Pattern,
        alphabet: &[String],
        weights: &[(String, u32)],
        symbols: &mut Symbols,
    ) -> Result<Self, AutomatonError> {
        let automaton = Automaton::compile(pattern, alphabet, MAX_STATES)?;
        let (mut letters, mut by_letter) = (Map::default(), Vec::new());
        for name in automaton.letters() {
            let weight = weights.iter().find(|(of, _)| of == name).map_or(1, |(_, weight)| *weight);
            by_letter.push(weight);
            if let Some(letter) = automaton.letter(name).filter(|_| !name.starts_with('@')) {
                letters.insert(symbols.intern(name), letter);
            }
        }
        let all = (0..automaton.letters().len()).map(|letter| Letter(letter as u16));
        let repeats = all.map(|letter| may_repeat(&automaton, letter)).collect();
        Ok(Self { automaton, letters, weights: by_letter, repeats })
    }

    pub(super) fn walk(&self) -> Walk {
        Walk { state: Some(self.automaton.start()), word: Vec::new() }
    }

    /// Where `pass` leads.
    pub(super) fn step(&self, state: Option<State>, pass: &Pass) -> Option<State> {
        state.and_then(|state| self.automaton.next(state, pass.letter))
    }

    pub(super) fn accepts(&self, walk: &Walk) -> bool {
        walk.state.is_some_and(|state| self.automaton.accepts(state))
    }

    /// `same` is what makes an event one that was there before; `None` where it can't be one.
    pub(super) fn align<K: Eq + Hash>(
        &self,
        walk: &Walk,
        same: impl Fn(&Pass) -> Option<K>,
        cut: bool,
    ) -> Vec<Op> {
        let mut known = HashSet::new();
        let step = |pass: &Pass| {
            let seen = same(pass).is_some_and(|same| !known.insert(same));
            Step { letter: pass.letter, seen }
        };
        let word: Vec<Step> = walk.word.iter().map(step).collect();
        let options = Options { left_censored: false, right_censored: cut, weights: &self.weights };
        let alignment = align::align(&self.automaton, &word, &options);
        // Too long or too far off to be explained: where it left the course is what can be said.
        alignment.map_or_else(|| self.first_deviation(walk), |alignment| alignment.ops)
    }

    pub(super) fn first_deviation(&self, walk: &Walk) -> Vec<Op> {
        let mut state = Some(self.automaton.start());
        let leaves = walk.word.iter().position(|pass| {
            state = state.and_then(|state| self.automaton.next(state, pass.letter));
            state.is_none()
        });
        leaves.map(|at| Op::Unexpected { at }).into_iter().collect()
    }

    /// What would be right after `walk`: names, the run's sub-lifecycles by what they begin with.
    pub(super) fn expected(&self, state: Option<State>) -> String {
        let Some(state) = state else { return "another event".to_owned() };
        let names: Vec<&str> = self
            .automaton
            .expected(state)
            .map(|letter| self.automaton.name(letter))
            .filter(|name| !name.starts_with('@'))
            .collect();
        names.join("/")
    }
}

/// Whether some run has the letter twice.
fn may_repeat(automaton: &Automaton, letter: Letter) -> bool {
    let states = || (0..automaton.state_count()).map(|state| State(state as u16));
    let mut ahead: Vec<State> =
        states().filter_map(|state| automaton.next(state, letter)).collect();
    let mut seen: HashSet<State> = ahead.iter().copied().collect();
    while let Some(state) = ahead.pop() {
        if automaton.next(state, letter).is_some() {
            return true;
        }
        let next = automaton.edges(state).iter().map(|(_, next)| *next);
        ahead.extend(next.filter(|next| seen.insert(*next)));
    }
    false
}

impl Walk {
    /// Which of its events is the first after the run's end, if it was in order up to there.
    pub(super) fn goes_on_after(&self, end: usize, track: &Track) -> Option<usize> {
        let late = self.word.iter().position(|pass| pass.at > end)?;
        let before = self.word[..late].iter().map(|pass| pass.letter);
        track.automaton.run(before).map(|_| late)
    }

    pub(super) fn step(&mut self, track: &Track, pass: Pass) {
        self.state = track.step(self.state, &pass);
        self.word.push(pass);
    }
}
