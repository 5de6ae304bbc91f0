//! A word and an automaton → what the rest of the word costs at least, from each position and
//! state: what lets the search look only where the cheapest story can be.
//!
//! As if moves needed no debt, at prices that no real story undercuts: the price of a move is
//! shared out between its two halves. A debt that is open has paid for its second half in part, so
//! that part is taken off the bound.

use super::Costs;
use super::search::Problem;
use crate::rules::automaton::State;

/// The part of `missing` that is for the late event still to come.
pub(super) const LATE_CREDIT: u32 = 4;

/// The part of `unexpected` that is for the model's step still to come.
pub(super) const EARLY_CREDIT: u32 = 5;

/// Costs at least, for each position and state.
pub(super) struct Bounds {
    states: usize,
    table: Vec<u32>,
}

impl Bounds {
    pub(super) fn of(problem: &Problem<'_>) -> Self {
        let states = problem.automaton.state_count();
        let length = problem.word.len();
        let mut table = vec![0; (length + 1) * states];
        let last = &mut table[length * states..];
        for (state, cost) in last.iter_mut().enumerate() {
            *cost = if problem.ends(State(state as u16)) { 0 } else { u32::MAX };
        }
        relax(problem, last);
        for (at, step) in problem.word.iter().enumerate().rev() {
            let (before, after) = table.split_at_mut((at + 1) * states);
            let (column, after) = (&mut before[at * states..], &after[..states]);
            let drop = problem.weight(step.letter) * dropped(problem, step.seen);
            for (state, cost) in column.iter_mut().enumerate() {
                let next = problem.automaton.next(State(state as u16), step.letter);
                let synced = next.map_or(u32::MAX, |next| after[usize::from(next.0)]);
                *cost = synced.min(after[state].saturating_add(drop));
            }
            relax(problem, column);
        }
        Self { states, table }
    }

    /// What the rest costs at least, without open debts.
    pub(super) fn at(&self, position: usize, state: State) -> u32 {
        self.table[position * self.states + usize::from(state.0)]
    }
}

/// What an event that is not in order costs at least.
fn dropped(problem: &Problem<'_>, seen: bool) -> u32 {
    let Costs { duplicate, unexpected, late, .. } = problem.costs;
    let cost = if problem.debts > 0 {
        (unexpected - EARLY_CREDIT).min(late + LATE_CREDIT)
    } else {
        unexpected
    };
    if seen { cost.min(duplicate) } else { cost }
}

/// What a step of the model without an event costs at least.
fn skipped(problem: &Problem<'_>) -> u32 {
    let Costs { missing, early, .. } = problem.costs;
    if problem.debts > 0 { (missing - LATE_CREDIT).min(early + EARLY_CREDIT) } else { missing }
}

/// Lets each state of a column go on to others of the same column. States are numbered breadth
/// first, so that from the last to the first most is settled in one pass.
fn relax(problem: &Problem<'_>, column: &mut [u32]) {
    let skip = skipped(problem);
    let mut changed = true;
    while changed {
        changed = false;
        for state in (0..column.len()).rev() {
            let mut best = column[state];
            for &(letter, to) in problem.automaton.edges(State(state as u16)) {
                let cost = skip * problem.weight(letter);
                best = best.min(column[usize::from(to.0)].saturating_add(cost));
            }
            changed |= best < column[state];
            column[state] = best;
        }
    }
}
