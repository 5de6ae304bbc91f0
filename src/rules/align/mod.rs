//! An automaton and the events of one slice → the cheapest story of how they differ (rules.md, 3).
//!
//! A story is a list of operations: every event is in order, or a duplicate, or one too many, or
//! came late or early; and some events are missing. Short slices are aligned as a whole. Long ones
//! are only looked at around their deviations: a deviation is explained by what is near.

mod bound;
mod place;
mod search;

use super::automaton::{Automaton, Letter, State};
use super::states::StateSet;
use search::{Found, Problem};

/// Up to so many events a slice is aligned as a whole.
const WHOLE: usize = 2_048;

/// Events times states up to which it is: the bound's table has an entry for each.
const CELLS: usize = 4_000_000;

/// In longer slices, so many conforming events before a deviation may be part of its story.
const LOOK_BACK: usize = 64;

/// And so many after it: what moved further is missing there and unexpected here.
const LOOK_AHEAD: usize = 512;

/// So many events in order after a deviation end its story.
const ANCHOR: usize = 8;

/// Longer slices are not aligned at all.
const MAX_WORD: usize = 1_000_000;

/// Moves that may be under way at once. Two find the optimum of what people break; each more
/// multiplies the states by the alphabet.
const DEBTS: usize = 2;

/// States expanded with no, one and two moves at once before fewer are tried. Two defects in one
/// run need some thousands; what needs more follows the lifecycle nowhere.
const EXPANSIONS: [usize; DEBTS + 1] = [MAX_EXPANSIONS, 30_000, 60_000];

/// States expanded for one slice.
const MAX_EXPANSIONS: usize = 1_000_000;

/// One event of a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its letter in the automaton's alphabet.
    pub letter: Letter,
    /// Whether an event with the same name and id came earlier in the slice.
    pub seen: bool,
}

/// What is known of the slice besides its events.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// Its beginning was not seen: any state may be its first.
    pub left_censored: bool,
    /// Its end was not seen: any state may be its last.
    pub right_censored: bool,
    /// What an operation on each letter costs, as a multiple, 1 to 1000; 1 where there is none.
    pub weights: &'a [u32],
}

/// What happened to one event. Positions are indices into the slice; its length is its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// It is where it should be.
    Sync {
        /// Which.
        at: usize,
    },
    /// It came a second time.
    Duplicate {
        /// Which.
        at: usize,
    },
    /// It should not be here, nor anywhere near.
    Unexpected {
        /// Which.
        at: usize,
    },
    /// An event should be here, and is nowhere near.
    Missing {
        /// Which event.
        letter: Letter,
        /// It should have come before this position, and after the operations before this one.
        before: usize,
        /// The state in which it was expected.
        state: State,
    },
    /// It came after others that it should precede.
    Late {
        /// Which.
        at: usize,
        /// Its letter.
        letter: Letter,
        /// Before what it should have come; less than `at`.
        should_be: usize,
    },
    /// It came before others that should precede it.
    Early {
        /// Which.
        at: usize,
        /// Its letter.
        letter: Letter,
        /// Before what it should have come; greater than `at`.
        should_be: usize,
    },
}

/// A slice's story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment {
    /// What its operations cost, by rules.md, 3.2; 0 if the slice conforms.
    pub cost: u64,
    /// One for each event in the slice's order, and between them what is missing.
    pub ops: Vec<Op>,
    /// The state after all of it.
    pub end: State,
    /// Moves that could be under way at once: fewer than two only if the slice deviates so much
    /// that looking for them took too long. Then a move may be told as missing and unexpected.
    pub moves: usize,
}

impl Alignment {
    /// The operations that are deviations.
    pub fn deviations(&self) -> impl Iterator<Item = &Op> {
        self.ops.iter().filter(|op| !matches!(op, Op::Sync { .. }))
    }
}

/// What operations cost; a late event costs `missing + late`, an early one `unexpected + early`.
#[derive(Clone, Copy, Debug)]
struct Costs {
    duplicate: u32,
    missing: u32,
    unexpected: u32,
    late: u32,
    early: u32,
}

impl Costs {
    /// Those of rules.md, 3.2.
    const OURS: Self = Self { duplicate: 4, missing: 10, unexpected: 11, late: 2, early: 1 };

    /// Those of the textbook, which knows neither moves nor duplicates.
    const UNIT: Self = Self { duplicate: 1, missing: 1, unexpected: 1, late: 0, early: 0 };
}

/// The fewest events that are missing or too many in `word`, if nothing can have moved: what other
/// tools call the cost of an optimal alignment. `None`: too much deviates.
pub fn edits(automaton: &Automaton, word: &[Letter]) -> Option<u64> {
    let word: Vec<Step> = word.iter().map(|&letter| Step { letter, seen: false }).collect();
    if !is_of_alphabet(automaton, &word) || (word.len() + 1) * automaton.state_count() > CELLS {
        return None;
    }
    let problem = Problem {
        automaton,
        word: &word,
        start: &StateSet::start(automaton),
        right_censored: false,
        weights: &[],
        costs: Costs::UNIT,
        debts: 0,
    };
    let found = search::search(&problem, MAX_EXPANSIONS)?;
    Some(found.cost_of(found.ops.len()))
}

fn is_of_alphabet(automaton: &Automaton, word: &[Step]) -> bool {
    word.iter().all(|step| usize::from(step.letter.0) < automaton.letters().len())
}

/// The cheapest story of `word`; among equally cheap ones that with the fewest deviations, then
/// that which conforms longest. `None`: it is too long, or deviates too much to be told.
///
/// The letters of `word` must be of the automaton's alphabet: others are not the slice's.
pub fn align(automaton: &Automaton, word: &[Step], options: &Options<'_>) -> Option<Alignment> {
    if word.len() > MAX_WORD || !is_of_alphabet(automaton, word) {
        return None;
    }
    let start =
        if options.left_censored { StateSet::all(automaton) } else { StateSet::start(automaton) };
    let whole = word.len() <= WHOLE && (word.len() + 1) * automaton.state_count() <= CELLS;
    let (back, ahead) = if whole { (word.len(), word.len()) } else { (LOOK_BACK, LOOK_AHEAD) };
    let mut story = Story {
        automaton,
        word,
        options,
        back,
        ahead,
        left: MAX_EXPANSIONS,
        told: Alignment { cost: 0, ops: Vec::new(), end: automaton.start(), moves: DEBTS },
        ahead_of_told: Some((0, start)),
    };
    while let Some((from, states)) = story.ahead_of_told.take() {
        story.tell(from, states)?;
    }
    Some(story.told)
}

/// A story so far.
struct Story<'a> {
    automaton: &'a Automaton,
    word: &'a [Step],
    options: &'a Options<'a>,
    back: usize,
    ahead: usize,
    /// Expansions left for all searches together.
    left: usize,
    told: Alignment,
    /// Where the story goes on, and in which states.
    ahead_of_told: Option<(usize, StateSet)>,
}

impl Story<'_> {
    /// Goes on from a position and the states possible there, up to the next anchor. `None`: too
    /// much deviates.
    fn tell(&mut self, from: usize, start: StateSet) -> Option<()> {
        let (conforming, end) = self.conforming(from, &start);
        let finished = conforming == self.word.len();
        if let Some(end) = end.filter(|_| finished) {
            self.told.ops.extend((from..conforming).map(|at| Op::Sync { at }));
            self.told.end = end;
            return Some(());
        }
        let begin = from.max(conforming.saturating_sub(self.back));
        let to = self.word.len().min(conforming.saturating_add(self.ahead));
        let steps = self.word[from..begin].iter();
        let start = steps.fold(start, |set, step| set.step(self.automaton, step.letter));
        self.told.ops.extend((from..begin).map(|at| Op::Sync { at }));
        let found = self.search(begin..to, &start)?;
        let last = to == self.word.len();
        let cut = if last { None } else { anchor(&found.ops, conforming - begin) };
        let kept = cut.unwrap_or(found.ops.len());
        self.told.cost += found.cost_of(kept);
        self.told.ops.extend(found.ops[..kept].iter().map(|op| op.shifted(begin)));
        self.told.end = found.states.get(kept.wrapping_sub(1)).copied().unwrap_or(found.first);
        if !last {
            let position = begin + found.ops[..kept].iter().filter_map(Op::at).count();
            self.ahead_of_told = Some((position, StateSet::one(self.automaton, self.told.end)));
        }
        Some(())
    }

    /// How far the word conforms from here, and the state in which it ends if it may.
    fn conforming(&self, from: usize, start: &StateSet) -> (usize, Option<State>) {
        let mut set = start.clone();
        for (at, step) in self.word.iter().enumerate().skip(from) {
            let next = set.step(self.automaton, step.letter);
            if next.is_empty() {
                return (at, None);
            }
            set = next;
        }
        let ends = |state: &State| self.options.right_censored || self.automaton.accepts(*state);
        let end = set.iter().find(ends);
        (self.word.len(), end)
    }

    /// The best story of a stretch; with fewer moves at once if more take too long.
    fn search(&mut self, stretch: std::ops::Range<usize>, start: &StateSet) -> Option<Found> {
        let right_censored = self.options.right_censored || stretch.end < self.word.len();
        loop {
            let moves = self.told.moves;
            let problem = Problem {
                automaton: self.automaton,
                word: &self.word[stretch.clone()],
                start,
                right_censored,
                weights: self.options.weights,
                costs: Costs::OURS,
                debts: moves,
            };
            let budget = self.left.min(EXPANSIONS[moves]);
            if let Some(found) = search::search(&problem, budget) {
                self.left -= found.expanded.min(self.left);
                return Some(found);
            }
            self.left -= budget;
            self.told.moves = moves.checked_sub(1)?;
        }
    }
}

impl Op {
    /// The position of its event; `None` for one that is missing.
    pub fn at(&self) -> Option<usize> {
        match *self {
            Op::Sync { at }
            | Op::Duplicate { at }
            | Op::Unexpected { at }
            | Op::Late { at, .. }
            | Op::Early { at, .. } => Some(at),
            Op::Missing { .. } => None,
        }
    }

    /// The same, further on by `by`.
    fn shifted(self, by: usize) -> Self {
        match self {
            Op::Sync { at } => Op::Sync { at: at + by },
            Op::Duplicate { at } => Op::Duplicate { at: at + by },
            Op::Unexpected { at } => Op::Unexpected { at: at + by },
            Op::Missing { letter, before, state } => {
                Op::Missing { letter, before: before + by, state }
            }
            Op::Late { at, letter, should_be } => {
                Op::Late { at: at + by, letter, should_be: should_be + by }
            }
            Op::Early { at, letter, should_be } => {
                Op::Early { at: at + by, letter, should_be: should_be + by }
            }
        }
    }
}

/// How many of the operations tell the story of a deviation at `deviation`: up to [`ANCHOR`] in
/// order after it, with no move across.
fn anchor(ops: &[Op], deviation: usize) -> Option<usize> {
    // Where moves that have begun are over. One that begins right after an operation counts, as
    // the state after that operation knows of it.
    let (mut settled, mut in_order) = (0, 0);
    let mut late_from: Vec<(usize, usize)> = Vec::new();
    for op in ops {
        match *op {
            Op::Late { at, should_be, .. } => late_from.push((should_be, at)),
            Op::Early { should_be, .. } => settled = settled.max(should_be),
            _ => {}
        }
    }
    late_from.sort_unstable();
    let mut late_from = late_from.into_iter().peekable();
    for (index, op) in ops.iter().enumerate() {
        let Some(at) = op.at() else {
            in_order = 0;
            continue;
        };
        while let Some((_, paid)) = late_from.next_if(|&(skipped, _)| skipped <= at + 1) {
            settled = settled.max(paid);
        }
        in_order = if matches!(op, Op::Sync { .. }) { in_order + 1 } else { 0 };
        if in_order >= ANCHOR && at > deviation && at >= settled {
            return Some(index + 1);
        }
    }
    None
}
