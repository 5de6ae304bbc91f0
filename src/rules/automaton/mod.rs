//! A lifecycle's [`Pattern`] → the smallest deterministic automaton that accepts the same runs.
//!
//! By way of Antimirov's partial derivatives (`terms`): what may remain of a pattern after a letter
//! is a set of patterns, and such a set is a state. They know `&` and counted repeats directly, so
//! neither has to be written out first.

mod minimise;
mod terms;

use std::collections::HashMap;

use super::Pattern;
use terms::{TermId, Terms};

/// Letters at most: a table row is as long, and no protocol has as many kinds of events in one run.
const MAX_LETTERS: usize = 500;

/// States before minimising, as a multiple of the limit after it: patterns with `&` shrink a lot.
const HEADROOM: usize = 4;

/// Terms written down while compiling, in all sets together: about 64 MB and a second.
const MAX_WORK: usize = 8_000_000;

/// What a hole in a table is.
const NONE: u32 = u32::MAX;

/// A kind of event of an automaton's alphabet, or the opening of a sub-lifecycle.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct Letter(pub u16);

/// A state of an automaton. From each, some run leads to an accepting one.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct State(pub u16);

/// Why a pattern has no automaton.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AutomatonError {
    /// More states than allowed.
    #[error(
        "the pattern needs over {limit} states; parts joined by `&` or long counts do that: use `@sub` for what runs in parallel"
    )]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// More letters than allowed.
    #[error("the pattern and its alphabet have over {limit} names")]
    TooManyNames {
        /// The limit.
        limit: usize,
    },
    /// No run at all fits.
    #[error("no run fits the pattern: `.` stands for any event of an alphabet that has none")]
    Empty,
}

/// A deterministic automaton, as small as can be: every state is reachable from the start and
/// reaches an accepting one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Automaton {
    letters: Vec<String>,
    by_name: HashMap<String, Letter>,
    /// `next[state * letters + letter]`, or [`NONE`].
    next: Vec<u32>,
    /// The same without its holes: those of `state` are `edges[first_edge[state]..]`.
    edges: Vec<(Letter, State)>,
    first_edge: Vec<u32>,
    accepting: Vec<bool>,
    /// Letters on the shortest way to an accepting state.
    to_accept: Vec<u32>,
}

impl Automaton {
    /// Makes the automaton of `pattern`. Letters are its names, then `@name` for each
    /// sub-lifecycle, then what `extra_alphabet` adds; `.` is any of them that is an event.
    ///
    /// Fails if it needs more than `limit` states, or accepts nothing.
    pub fn compile(
        pattern: &Pattern,
        extra_alphabet: &[String],
        limit: usize,
    ) -> Result<Self, AutomatonError> {
        let limit = limit.min(usize::from(u16::MAX));
        let subs = pattern.subs();
        let opens: Vec<String> = subs.iter().map(|name| format!("@{name}")).collect();
        let mut letters: Vec<String> = Vec::new();
        let mut by_name = HashMap::new();
        let names = pattern.names();
        let names = names.iter().copied().chain(opens.iter().map(String::as_str));
        for name in names.chain(extra_alphabet.iter().map(String::as_str)) {
            if letters.len() == MAX_LETTERS {
                return Err(AutomatonError::TooManyNames { limit: MAX_LETTERS });
            }
            by_name.entry(name.to_owned()).or_insert_with(|| {
                letters.push(name.to_owned());
                Letter(letters.len() as u16 - 1)
            });
        }
        let table = Subsets::build(pattern, &by_name, limit)?.trimmed()?;
        let table = minimise::minimise(&table);
        if table.accepting.len() > limit {
            return Err(AutomatonError::TooLarge { limit });
        }
        Ok(Self::from_table(letters, by_name, table))
    }

    fn from_table(letters: Vec<String>, by_name: HashMap<String, Letter>, table: Table) -> Self {
        let (mut edges, mut first_edge) = (Vec::new(), vec![0]);
        for state in 0..table.accepting.len() {
            let targets = table.row(state).iter().enumerate().filter(|(_, to)| **to != NONE);
            edges.extend(targets.map(|(letter, &to)| (Letter(letter as u16), State(to as u16))));
            first_edge.push(edges.len() as u32);
        }
        let to_accept = table.distances();
        let Table { next, accepting, .. } = table;
        Self { letters, by_name, next, edges, first_edge, accepting, to_accept }
    }

    /// Where every run begins.
    pub fn start(&self) -> State {
        State(0)
    }

    /// Where `letter` leads; `None`: nowhere.
    pub fn next(&self, state: State, letter: Letter) -> Option<State> {
        let at = usize::from(state.0) * self.letters.len() + usize::from(letter.0);
        self.next.get(at).filter(|&&to| to != NONE).map(|&to| State(to as u16))
    }

    /// Whether a run may end here.
    pub fn accepts(&self, state: State) -> bool {
        self.accepting.get(usize::from(state.0)).copied().unwrap_or(false)
    }

    /// The letters that lead on, with where to, in the alphabet's order.
    pub fn edges(&self, state: State) -> &[(Letter, State)] {
        let at = usize::from(state.0);
        &self.edges[self.first_edge[at] as usize..self.first_edge[at + 1] as usize]
    }

    /// The letters that lead on, in the alphabet's order.
    pub fn expected(&self, state: State) -> impl Iterator<Item = Letter> + '_ {
        self.edges(state).iter().map(|&(letter, _)| letter)
    }

    /// The fewest letters with which a run could end from here.
    pub fn distance_to_accept(&self, state: State) -> u32 {
        self.to_accept[usize::from(state.0)]
    }

    /// The letter of an event's name, or of `@name`; `None`: not of the alphabet.
    pub fn letter(&self, name: &str) -> Option<Letter> {
        self.by_name.get(name).copied()
    }

    /// The names of the letters, [`Letter`] 0 first.
    pub fn letters(&self) -> &[String] {
        &self.letters
    }

    /// The name of a letter.
    pub fn name(&self, letter: Letter) -> &str {
        &self.letters[usize::from(letter.0)]
    }

    /// How many states it has: [`State`] 0 and up.
    pub fn state_count(&self) -> usize {
        self.accepting.len()
    }

    /// Where `run` leads from the start; `None`: it can't be gone on with.
    pub fn run(&self, run: impl IntoIterator<Item = Letter>) -> Option<State> {
        run.into_iter().try_fold(self.start(), |state, letter| self.next(state, letter))
    }
}

/// An automaton in the making. State 0 is the start.
#[derive(Clone, Debug)]
struct Table {
    letters: usize,
    next: Vec<u32>,
    accepting: Vec<bool>,
}

impl Table {
    fn row(&self, state: usize) -> &[u32] {
        &self.next[state * self.letters..(state + 1) * self.letters]
    }

    /// For each state the fewest letters to an accepting one; [`NONE`]: never.
    fn distances(&self) -> Vec<u32> {
        let count = self.accepting.len();
        let mut into: Vec<Vec<u32>> = vec![Vec::new(); count];
        for state in 0..count {
            for &to in self.row(state).iter().filter(|to| **to != NONE) {
                into[to as usize].push(state as u32);
            }
        }
        let mut distance = vec![NONE; count];
        let mut order: Vec<u32> = (0..count as u32).collect();
        order.retain(|&state| self.accepting[state as usize]);
        for &state in &order {
            distance[state as usize] = 0;
        }
        let mut done = 0;
        while let Some(&state) = order.get(done) {
            done += 1;
            for &from in &into[state as usize] {
                if distance[from as usize] == NONE {
                    distance[from as usize] = distance[state as usize] + 1;
                    order.push(from);
                }
            }
        }
        distance
    }

    /// Numbered anew, breadth first from the start by letters, with only the states that `keep`
    /// has; the start must be one.
    fn renumbered(&self, keep: impl Fn(u32) -> bool) -> Self {
        let mut number = vec![NONE; self.accepting.len()];
        number[0] = 0;
        let (mut order, mut next) = (vec![0_u32], Vec::new());
        let mut done = 0;
        while let Some(&state) = order.get(done) {
            done += 1;
            for &to in self.row(state as usize) {
                if to == NONE || !keep(to) {
                    next.push(NONE);
                    continue;
                }
                if number[to as usize] == NONE {
                    number[to as usize] = order.len() as u32;
                    order.push(to);
                }
                next.push(number[to as usize]);
            }
        }
        let accepting = order.iter().map(|&state| self.accepting[state as usize]).collect();
        Self { letters: self.letters, next, accepting }
    }
}

/// The subset construction: states are sets of terms.
struct Subsets {
    table: Table,
    numbers: HashMap<Vec<TermId>, u32>,
    waiting: Vec<Vec<TermId>>,
    /// Terms in all sets so far.
    work: usize,
}

impl Subsets {
    fn build(
        pattern: &Pattern,
        by_name: &HashMap<String, Letter>,
        limit: usize,
    ) -> Result<Self, AutomatonError> {
        let too_large = AutomatonError::TooLarge { limit };
        let mut terms = Terms::new(by_name, MAX_WORK);
        let root = terms.of_pattern(pattern).ok_or(too_large.clone())?;
        let letters = by_name.len();
        let table = Table { letters, next: Vec::new(), accepting: Vec::new() };
        let mut subsets = Self { table, numbers: HashMap::new(), waiting: Vec::new(), work: 0 };
        subsets.number(vec![root]);
        let mut done = 0;
        while done < subsets.waiting.len() {
            let set = std::mem::take(&mut subsets.waiting[done]);
            done += 1;
            subsets.table.accepting.push(set.iter().any(|&term| terms.nullable(term)));
            let mut targets: Vec<Vec<TermId>> = vec![Vec::new(); letters];
            for &term in &set {
                let steps = terms.steps(term).ok_or(too_large.clone())?;
                subsets.work += steps.len();
                for &(letter, rest) in steps.iter() {
                    targets[usize::from(letter.0)].push(rest);
                }
            }
            for mut target in targets {
                target.sort_unstable();
                target.dedup();
                let to = if target.is_empty() { NONE } else { subsets.number(target) };
                subsets.table.next.push(to);
            }
            if subsets.waiting.len() > limit * HEADROOM || subsets.work > MAX_WORK {
                return Err(too_large);
            }
        }
        Ok(subsets)
    }

    fn number(&mut self, set: Vec<TermId>) -> u32 {
        if let Some(&number) = self.numbers.get(&set) {
            return number;
        }
        let number = self.waiting.len() as u32;
        self.work += set.len();
        self.waiting.push(set.clone());
        self.numbers.insert(set, number);
        number
    }

    /// Only the states from which a run can still be accepted.
    fn trimmed(self) -> Result<Table, AutomatonError> {
        let distance = self.table.distances();
        if distance[0] == NONE {
            return Err(AutomatonError::Empty);
        }
        Ok(self.table.renumbered(|state| distance[state as usize] != NONE))
    }
}
