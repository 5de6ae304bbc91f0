//! Letters of a run whose beginning, or middle, nobody saw → the states in which it may be.
//!
//! A run that was under way when the recording began may be in any state; after a gap it may be
//! wherever any events lead. It is violated only when no state is left.

use super::automaton::{Automaton, Letter, State};

/// Some states of one automaton. It is only meaningful with the automaton that it was made for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StateSet {
    /// A bit for each state.
    bits: Vec<u64>,
}

impl StateSet {
    fn none(automaton: &Automaton) -> Self {
        Self { bits: vec![0; automaton.state_count().div_ceil(64)] }
    }

    /// Only this state.
    pub fn one(automaton: &Automaton, state: State) -> Self {
        let mut set = Self::none(automaton);
        set.insert(state);
        set
    }

    /// Only the start: a run seen from its beginning.
    pub fn start(automaton: &Automaton) -> Self {
        Self::one(automaton, automaton.start())
    }

    /// All states: a run that was under way.
    pub fn all(automaton: &Automaton) -> Self {
        let mut set = Self::none(automaton);
        for state in 0..automaton.state_count() {
            set.insert(State(state as u16));
        }
        set
    }

    fn insert(&mut self, state: State) -> bool {
        let word = &mut self.bits[usize::from(state.0) / 64];
        let before = *word;
        *word |= 1 << (state.0 % 64);
        *word != before
    }

    /// Whether the state is one of them.
    pub fn contains(&self, state: State) -> bool {
        let word = self.bits.get(usize::from(state.0) / 64);
        word.is_some_and(|word| word & (1 << (state.0 % 64)) != 0)
    }

    /// The states, lowest first.
    pub fn iter(&self) -> impl Iterator<Item = State> + '_ {
        self.bits.iter().enumerate().flat_map(|(index, &word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.checked_sub(1)?;
                Some(State((index * 64) as u16 + bit as u16))
            })
        })
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.bits.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether none is left: no run, however it began, goes like this.
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|&word| word == 0)
    }

    /// The only state, if there is one only.
    pub fn single(&self) -> Option<State> {
        let mut states = self.iter();
        states.next().filter(|_| states.next().is_none())
    }

    /// Where `letter` leads from any of them.
    #[must_use]
    pub fn step(&self, automaton: &Automaton, letter: Letter) -> Self {
        let mut set = Self::none(automaton);
        for to in self.iter().filter_map(|state| automaton.next(state, letter)) {
            set.insert(to);
        }
        set
    }

    /// Where any number of unseen events leads from any of them.
    #[must_use]
    pub fn after_gap(&self, automaton: &Automaton) -> Self {
        let mut set = self.clone();
        let mut ahead: Vec<State> = self.iter().collect();
        while let Some(state) = ahead.pop() {
            for &(_, to) in automaton.edges(state) {
                if set.insert(to) {
                    ahead.push(to);
                }
            }
        }
        set
    }

    /// Whether a run may end in one of them.
    pub fn any_accepting(&self, automaton: &Automaton) -> bool {
        self.iter().any(|state| automaton.accepts(state))
    }

    /// The letters that lead on from any of them, in the alphabet's order.
    pub fn expected(&self, automaton: &Automaton) -> Vec<Letter> {
        let mut letters: Vec<Letter> =
            self.iter().flat_map(|state| automaton.expected(state)).collect();
        letters.sort_unstable();
        letters.dedup();
        letters
    }
}
