//! An automaton → the smallest that accepts the same (Hopcroft's partition refinement).
//!
//! States are told apart until what is together can't be: by whether they accept, and by the
//! groups into which each letter leads. Holes of the table need no state of their own, because
//! every group starts as a splitter.

use super::{NONE, Table};

/// States in groups; each group is a stretch of `order`.
struct Partition {
    order: Vec<u32>,
    /// Where each state is in `order`.
    place: Vec<u32>,
    group: Vec<u32>,
    /// Where each group begins and ends in `order`.
    bounds: Vec<(u32, u32)>,
    /// How many at each group's front are marked.
    marked: Vec<u32>,
}

impl Partition {
    fn of_one_group(count: usize) -> Self {
        let order: Vec<u32> = (0..count as u32).collect();
        let place = order.clone();
        let bounds = vec![(0, count as u32)];
        Self { order, place, group: vec![0; count], bounds, marked: vec![0] }
    }

    /// Moves a state to the marked front of its group; its group, if it is the first one there.
    fn mark(&mut self, state: u32) -> Option<u32> {
        let group = self.group[state as usize];
        let front = self.bounds[group as usize].0 + self.marked[group as usize];
        let at = self.place[state as usize];
        if at < front {
            return None;
        }
        let other = self.order[front as usize];
        self.order.swap(at as usize, front as usize);
        self.place[other as usize] = at;
        self.place[state as usize] = front;
        self.marked[group as usize] += 1;
        (self.marked[group as usize] == 1).then_some(group)
    }

    /// Makes the smaller of the marked and the unmarked part of a group a new group.
    fn split(&mut self, group: u32) -> Option<u32> {
        let (from, to) = self.bounds[group as usize];
        let middle = from + std::mem::take(&mut self.marked[group as usize]);
        if middle == to {
            return None;
        }
        let (kept, new) = if middle - from <= to - middle {
            ((middle, to), (from, middle))
        } else {
            ((from, middle), (middle, to))
        };
        let number = self.bounds.len() as u32;
        self.bounds[group as usize] = kept;
        self.bounds.push(new);
        self.marked.push(0);
        for &state in &self.order[new.0 as usize..new.1 as usize] {
            self.group[state as usize] = number;
        }
        Some(number)
    }

    fn states(&self, group: u32) -> &[u32] {
        let (from, to) = self.bounds[group as usize];
        &self.order[from as usize..to as usize]
    }
}

/// The edges of a table backwards: for a letter and a state, where it can be come from.
struct Into {
    first: Vec<u32>,
    from: Vec<u32>,
    states: usize,
}

impl Into {
    fn of(table: &Table) -> Self {
        let states = table.accepting.len();
        let slot = |letter: usize, to: u32| letter * states + to as usize;
        let edges = || {
            (0..states).flat_map(|state| {
                let row = table.row(state).iter().enumerate().filter(|(_, to)| **to != NONE);
                row.map(move |(letter, &to)| (state as u32, slot(letter, to)))
            })
        };
        let mut first = vec![0_u32; states * table.letters + 1];
        for (_, slot) in edges() {
            first[slot + 1] += 1;
        }
        for at in 1..first.len() {
            first[at] += first[at - 1];
        }
        let mut filled = first.clone();
        let mut from = vec![0; first.last().map_or(0, |&all| all as usize)];
        for (state, slot) in edges() {
            from[filled[slot] as usize] = state;
            filled[slot] += 1;
        }
        Self { first, from, states }
    }

    fn states(&self, letter: usize, to: u32) -> &[u32] {
        let slot = letter * self.states + to as usize;
        &self.from[self.first[slot] as usize..self.first[slot + 1] as usize]
    }
}

/// The smallest table of the same language; every state of `table` must be reachable from its
/// start and reach an accepting one.
pub(super) fn minimise(table: &Table) -> Table {
    let into = Into::of(table);
    let mut partition = Partition::of_one_group(table.accepting.len());
    for state in 0..table.accepting.len() as u32 {
        if table.accepting[state as usize] {
            partition.mark(state);
        }
    }
    partition.split(0);
    // A new group is always pushed with all letters, its old one stays as far as it was: so a
    // group that is split while it waits has both its parts waiting.
    let mut splitters: Vec<(u32, usize)> = Vec::new();
    for group in 0..partition.bounds.len() as u32 {
        splitters.extend((0..table.letters).map(|letter| (group, letter)));
    }
    let mut sources = Vec::new();
    while let Some((group, letter)) = splitters.pop() {
        sources.clear();
        for &state in partition.states(group) {
            sources.extend_from_slice(into.states(letter, state));
        }
        let touched: Vec<u32> = sources.iter().filter_map(|&s| partition.mark(s)).collect();
        for touched in touched {
            if let Some(new) = partition.split(touched) {
                splitters.extend((0..table.letters).map(|letter| (new, letter)));
            }
        }
    }
    merged(table, &partition)
}

/// One state for each group, numbered breadth first.
fn merged(table: &Table, partition: &Partition) -> Table {
    let groups = partition.bounds.len() as u32;
    let start = partition.group[0];
    // The start's group has to be number 0, as in every table.
    let number = |group: u32| match group {
        group if group == start => 0,
        0 => start,
        group => group,
    };
    let (mut next, mut accepting) = (Vec::new(), Vec::new());
    for group in (0..groups).map(number) {
        let one = partition.states(group)[0] as usize;
        accepting.push(table.accepting[one]);
        next.extend(table.row(one).iter().map(|&to| match to {
            NONE => NONE,
            to => number(partition.group[to as usize]),
        }));
    }
    Table { letters: table.letters, next, accepting }.renumbered(|_| true)
}
