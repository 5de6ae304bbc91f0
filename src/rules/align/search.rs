//! A word, an automaton and costs → the cheapest list of operations between them: A* over
//! (position, state, debts), as rules.md, 3.2 tells.
//!
//! Ties are broken by looking at every cheapest path, and walking that which has the first
//! operation in canonical order at each fork. So the result does not depend on any queue's order.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use super::bound::{Bounds, EARLY_CREDIT, LATE_CREDIT};
use super::place::{Debt, Place};
use super::{Costs, Op, Step};
use crate::rules::automaton::{Automaton, Letter, State};
use crate::rules::states::StateSet;

/// More would overflow costs, and mean nothing.
const MAX_WEIGHT: u32 = 1_000;

/// What is to be aligned.
pub(super) struct Problem<'a> {
    pub(super) automaton: &'a Automaton,
    pub(super) word: &'a [Step],
    pub(super) start: &'a StateSet,
    pub(super) right_censored: bool,
    pub(super) weights: &'a [u32],
    pub(super) costs: Costs,
    /// Moves that may be under way at once, two at most.
    pub(super) debts: usize,
}

impl Problem<'_> {
    pub(super) fn weight(&self, letter: Letter) -> u32 {
        let weight = self.weights.get(usize::from(letter.0)).copied().unwrap_or(1);
        weight.clamp(1, MAX_WEIGHT)
    }

    /// Whether a run may end in `state`.
    pub(super) fn ends(&self, state: State) -> bool {
        self.right_censored || self.automaton.accepts(state)
    }
}

/// The cheapest operations.
pub(super) struct Found {
    pub(super) ops: Vec<Op>,
    /// The state after each of them.
    pub(super) states: Vec<State>,
    /// The cost after each of them.
    costs: Vec<u32>,
    /// The state before them.
    pub(super) first: State,
    /// States looked at.
    pub(super) expanded: usize,
}

impl Found {
    /// What the first `count` operations cost; no move may be under way there.
    pub(super) fn cost_of(&self, count: usize) -> u64 {
        count.checked_sub(1).map_or(0, |last| self.costs[last].into())
    }
}

/// A cost and a number of findings, in this order.
type Score = u64;

fn score(cost: u32, findings: u32) -> Score {
    u64::from(cost) << 32 | u64::from(findings)
}

/// One operation, or half of a move. The order is that of preference between equal costs: moves
/// are ended soon and begun late, so that they are short.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    PayEarly(Letter),
    Sync,
    Duplicate,
    PayLate,
    SkipOwed(Letter),
    SetAside,
    Missing(Letter),
    Unexpected,
}

struct Node {
    place: Place,
    score: Score,
    closed: bool,
    /// First of its entries in [`Search::parents`], or [`NOBODY`].
    parent: u32,
}

const NOBODY: u32 = u32::MAX;

struct Search<'a> {
    problem: &'a Problem<'a>,
    bounds: Bounds,
    /// For each letter the position after its last event.
    last: Vec<u32>,
    nodes: Vec<Node>,
    ids: HashMap<Place, u32>,
    /// Nodes from which another is reached at its best score, and the next entry of the same.
    parents: Vec<(u32, u32)>,
    queue: BinaryHeap<Reverse<(Score, u32)>>,
}

/// Looks for the cheapest operations, at `budget` states at most; `None`: there are more.
pub(super) fn search(problem: &Problem<'_>, budget: usize) -> Option<Found> {
    let mut last = vec![0; problem.automaton.letters().len()];
    for (at, step) in problem.word.iter().enumerate() {
        last[usize::from(step.letter.0)] = at as u32 + 1;
    }
    let mut search = Search {
        problem,
        bounds: Bounds::of(problem),
        last,
        nodes: Vec::new(),
        ids: HashMap::new(),
        parents: Vec::new(),
        queue: BinaryHeap::new(),
    };
    for state in problem.start.iter() {
        search.reach(Place { at: 0, state: state.0, debts: [0, 0] }, 0, NOBODY);
    }
    let (goals, expanded) = search.expand(budget)?;
    Some(search.walk(&goals, expanded))
}

impl Search<'_> {
    /// What the rest costs at least.
    fn bound(&self, place: Place) -> Score {
        let paid: u32 = place
            .owed()
            .map(|debt| match debt {
                Debt::Skipped(letter) => LATE_CREDIT * self.problem.weight(letter),
                Debt::SetAside(letter) => EARLY_CREDIT * self.problem.weight(letter),
            })
            .sum();
        score(self.bounds.at(place.at as usize, State(place.state)).saturating_sub(paid), 0)
    }

    fn reach(&mut self, place: Place, score: Score, from: u32) {
        let fresh = self.nodes.len() as u32;
        let id = *self.ids.entry(place).or_insert(fresh);
        if id == fresh {
            self.nodes.push(Node { place, score: Score::MAX, closed: false, parent: NOBODY });
        }
        let node = &mut self.nodes[id as usize];
        if score > node.score {
            return;
        }
        if score < node.score {
            node.score = score;
            node.parent = NOBODY;
            let estimate = score.saturating_add(self.bound(place));
            self.queue.push(Reverse((estimate, id)));
        }
        if from != NOBODY {
            let node = &mut self.nodes[id as usize];
            self.parents.push((from, node.parent));
            node.parent = self.parents.len() as u32 - 1;
        }
    }

    fn is_goal(&self, place: Place) -> bool {
        place.at as usize == self.problem.word.len()
            && place.debts == [0, 0]
            && self.problem.ends(State(place.state))
    }

    /// Looks at everything that may be on a cheapest path: the ends of those, and how much it was.
    fn expand(&mut self, budget: usize) -> Option<(Vec<u32>, usize)> {
        let (mut goals, mut best, mut expanded) = (Vec::new(), Score::MAX, 0);
        let mut edges = Vec::new();
        while let Some(Reverse((estimate, id))) = self.queue.pop() {
            if estimate > best {
                break;
            }
            let node = &mut self.nodes[id as usize];
            if std::mem::replace(&mut node.closed, true) {
                continue;
            }
            let (place, score) = (node.place, node.score);
            if self.is_goal(place) {
                best = score;
                goals.push(id);
                continue;
            }
            expanded += 1;
            if expanded > budget {
                return None;
            }
            self.edges(place, &mut edges);
            for &(_, next, cost) in &edges {
                self.reach(next, score + cost, id);
            }
        }
        // Every state reaches an accepting one and every event may be unexpected, so there is a
        // path unless nothing can be started from.
        (!goals.is_empty()).then_some((goals, expanded))
    }

    /// What may be done at `place`, in order of preference.
    fn edges(&self, place: Place, found: &mut Vec<(Edge, Place, Score)>) {
        found.clear();
        let Problem { automaton, word, costs, .. } = *self.problem;
        let state = State(place.state);
        let free = place.owed().count() < self.problem.debts;
        let model = |next: State| (next != state).then_some(Place { state: next.0, ..place });
        for &(letter, next) in automaton.edges(state) {
            let paid = place.without(Debt::SetAside(letter));
            if let Some(paid) = paid {
                let cost = costs.early * self.problem.weight(letter);
                found.push((
                    Edge::PayEarly(letter),
                    Place { state: next.0, ..paid },
                    score(cost, 0),
                ));
            }
        }
        let step = word.get(place.at as usize).copied();
        if let Some(step) = step {
            self.events_edges(place, step, found);
        }
        let skips = automaton.edges(state).iter();
        let skips = skips.filter_map(|&(letter, next)| Some((letter, model(next)?)));
        for (letter, next) in skips.clone().filter(|_| free) {
            let owing = next.with(Debt::Skipped(letter));
            let cost = score(costs.missing * self.problem.weight(letter), 1);
            self.keep(found, Edge::SkipOwed(letter), owing, cost);
        }
        let unexpected = step.map(|step| {
            let cost = score(costs.unexpected * self.problem.weight(step.letter), 1);
            (step.letter, Place { at: place.at + 1, ..place }, cost)
        });
        if let Some((letter, next, cost)) = unexpected.filter(|_| free) {
            self.keep(found, Edge::SetAside, next.with(Debt::SetAside(letter)), cost);
        }
        for (letter, next) in skips {
            let cost = score(costs.missing * self.problem.weight(letter), 1);
            self.keep(found, Edge::Missing(letter), next, cost);
        }
        if let Some((_, next, cost)) = unexpected {
            self.keep(found, Edge::Unexpected, next, cost);
        }
    }

    /// What may be done with an event, except for taking it as unexpected.
    fn events_edges(&self, place: Place, step: Step, found: &mut Vec<(Edge, Place, Score)>) {
        let Problem { automaton, costs, .. } = *self.problem;
        let weight = self.problem.weight(step.letter);
        let after = Place { at: place.at + 1, ..place };
        if let Some(next) = automaton.next(State(place.state), step.letter) {
            self.keep(found, Edge::Sync, Place { state: next.0, ..after }, 0);
        }
        if step.seen {
            self.keep(found, Edge::Duplicate, after, score(costs.duplicate * weight, 1));
        }
        if let Some(paid) = after.without(Debt::Skipped(step.letter)) {
            self.keep(found, Edge::PayLate, paid, score(costs.late * weight, 0));
        }
    }

    /// Leaves out what owes an event that never comes.
    fn keep(&self, found: &mut Vec<(Edge, Place, Score)>, edge: Edge, place: Place, cost: Score) {
        let comes = |debt| match debt {
            Debt::Skipped(letter) => self.last[usize::from(letter.0)] > place.at,
            Debt::SetAside(_) => true,
        };
        if place.owed().all(comes) {
            found.push((edge, place, cost));
        }
    }

    /// The nodes on cheapest paths.
    fn on_best_paths(&self, goals: &[u32]) -> Vec<bool> {
        let mut marked = vec![false; self.nodes.len()];
        let mut ahead = goals.to_vec();
        while let Some(id) = ahead.pop() {
            if std::mem::replace(&mut marked[id as usize], true) {
                continue;
            }
            let mut entry = self.nodes[id as usize].parent;
            while let Some(&(from, next)) = self.parents.get(entry as usize) {
                ahead.push(from);
                entry = next;
            }
        }
        marked
    }

    /// The cheapest path that has, at each fork, the preferred operation.
    fn walk(&self, goals: &[u32], expanded: usize) -> Found {
        let marked = self.on_best_paths(goals);
        let mut edges = Vec::new();
        // Nodes of the start come first, lowest state first.
        let starts = 0..self.problem.start.len();
        let mut id = starts.into_iter().find(|&id| marked[id]).unwrap_or_default();
        let mut path = Path::new(State(self.nodes[id].place.state), expanded);
        loop {
            let Node { place, score, .. } = self.nodes[id];
            if self.is_goal(place) {
                return path.found;
            }
            self.edges(place, &mut edges);
            let best = edges.iter().find_map(|&(edge, next, cost)| {
                let next = *self.ids.get(&next)? as usize;
                let is_best = marked[next] && self.nodes[next].score == score + cost;
                is_best.then_some((edge, next))
            });
            let Some((edge, next)) = best else { return path.found };
            let Node { place: to, score: after, .. } = self.nodes[next];
            path.push(edge, place, self.problem.word, (State(to.state), (after >> 32) as u32));
            id = next;
        }
    }
}

/// Edges put together to operations: the two halves of a move are one.
struct Path {
    found: Found,
    /// For each letter that was skipped for now, where.
    skipped: HashMap<Letter, VecDeque<usize>>,
    /// For each letter that was set aside, its operation.
    set_aside: HashMap<Letter, VecDeque<usize>>,
}

impl Path {
    fn new(first: State, expanded: usize) -> Self {
        let (ops, states, costs) = (Vec::new(), Vec::new(), Vec::new());
        let found = Found { ops, states, costs, first, expanded };
        Self { found, skipped: HashMap::new(), set_aside: HashMap::new() }
    }

    fn push(&mut self, edge: Edge, place: Place, word: &[Step], (state, cost): (State, u32)) {
        let at = place.at as usize;
        let read = |at: usize| word.get(at).map_or(Letter(0), |step| step.letter);
        let op = match edge {
            Edge::Sync => Some(Op::Sync { at }),
            Edge::Duplicate => Some(Op::Duplicate { at }),
            Edge::Unexpected => Some(Op::Unexpected { at }),
            Edge::Missing(letter) => {
                Some(Op::Missing { letter, before: at, state: State(place.state) })
            }
            Edge::SkipOwed(letter) => {
                self.skipped.entry(letter).or_default().push_back(at);
                None
            }
            Edge::PayLate => {
                let letter = read(at);
                let first = self.skipped.get_mut(&letter).and_then(VecDeque::pop_front);
                Some(Op::Late { at, letter, should_be: first.unwrap_or(at) })
            }
            Edge::SetAside => {
                let letter = read(at);
                let index = self.found.ops.len();
                self.set_aside.entry(letter).or_default().push_back(index);
                Some(Op::Early { at, letter, should_be: at })
            }
            Edge::PayEarly(letter) => {
                let first = self.set_aside.get_mut(&letter).and_then(VecDeque::pop_front);
                let op = first.and_then(|index| self.found.ops.get_mut(index));
                if let Some(Op::Early { should_be, .. }) = op {
                    *should_be = at;
                }
                None
            }
        };
        match op {
            Some(op) => {
                self.found.ops.push(op);
                self.found.states.push(state);
                self.found.costs.push(cost);
            }
            // Half of a move: what is known after the operation before it is known after it.
            None => {
                if let (Some(last), Some(total)) =
                    (self.found.states.last_mut(), self.found.costs.last_mut())
                {
                    (*last, *total) = (state, cost);
                } else {
                    self.found.first = state;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::rules::pattern::parse;

    /// The edit distance between a word and the closest run, by the textbook's table: `best[q]` is
    /// the least number of insertions and deletions after each event with the model in `q`.
    fn edit_distance(automaton: &Automaton, word: &[Letter]) -> u32 {
        let states: Vec<State> = (0..automaton.state_count()).map(|q| State(q as u16)).collect();
        let far = 1_000_000;
        let insert = |mut best: Vec<u32>| {
            for _ in &states {
                for from in &states {
                    for &(_, to) in automaton.edges(*from) {
                        let cost = best[usize::from(from.0)] + 1;
                        best[usize::from(to.0)] = best[usize::from(to.0)].min(cost);
                    }
                }
            }
            best
        };
        let mut best = vec![far; states.len()];
        best[usize::from(automaton.start().0)] = 0;
        best = insert(best);
        for &letter in word {
            let mut after: Vec<u32> = best.iter().map(|cost| cost + 1).collect();
            for from in &states {
                if let Some(to) = automaton.next(*from, letter) {
                    let to = &mut after[usize::from(to.0)];
                    *to = (*to).min(best[usize::from(from.0)]);
                }
            }
            best = insert(after);
        }
        let ends = states.iter().filter(|state| automaton.accepts(**state));
        ends.map(|state| best[usize::from(state.0)]).min().unwrap()
    }

    proptest! {
        #[test]
        fn without_moves_and_at_one_price_it_is_the_edit_distance(
            pattern in 0..4_usize,
            word in vec(0..4_u16, 0..20),
        ) {
            let patterns = ["A B (B | C D)* A", "(A & B & C) D+", "A{2,5} (B C? | D)*", "A B C D"];
            let pattern = parse(patterns[pattern]).unwrap();
            let automaton = Automaton::compile(&pattern, &[], 4096).unwrap();
            let letters: Vec<Letter> = word.into_iter().map(Letter).collect();
            let step = |&letter: &Letter| Step { letter, seen: true };
            let word: Vec<Step> = letters.iter().map(step).collect();
            let unit = Costs { duplicate: 1, missing: 1, unexpected: 1, late: 1, early: 1 };
            let start = StateSet::start(&automaton);
            let problem = Problem {
                automaton: &automaton,
                word: &word,
                start: &start,
                right_censored: false,
                weights: &[],
                costs: unit,
                debts: 0,
            };
            let found = search(&problem, 1_000_000).unwrap();
            prop_assert_eq!(*found.costs.last().unwrap_or(&0), edit_distance(&automaton, &letters));
        }
    }
}
