//! Two runs → where they part: event by event, aligned by the longest sequence that both have.
//!
//! An event is the same as another if its type and its tool are. What is only in one of them, what
//! took much longer, and where payloads differ is what a reader looks for; the first event that
//! only A has is where B lost its way. [`Side`] makes runs of a recording, [`pair`] finds which
//! runs of two recordings belong together, and [`twin()`] the good run to compare a broken one with.

mod lcs;
mod payload;
mod side;
mod twin;

use std::collections::HashMap;

use crate::events::{Kind, Symbols};

pub use payload::{Difference, Payloads};
pub use side::{Details, Kept, Side, Step, Steps};
pub use twin::{Pairing, pair, twin};

/// Events of a run that are compared; further ones are counted and left out.
pub const MOST_STEPS: usize = 100_000;

/// A step that took so much longer than the other, in nanoseconds, and over twice as long, is told.
const SLOWER_NS: u64 = 1_000_000_000;

/// One line of a diff: an event of A, of B, or of both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// Which step of A.
    pub a: Option<usize>,
    /// Which step of B.
    pub b: Option<usize>,
    /// How much later B's is, from the beginnings of both, in nanoseconds; 0 unless both are there.
    pub later_ns: i64,
    /// One of them took more than a second longer after the event before it, and over twice as long.
    pub paced: bool,
    /// Where the payloads differ, once they were compared.
    pub differences: Vec<Difference>,
    /// Places at which they differ beyond those.
    pub more: u64,
}

impl Pair {
    /// Both have it, and the payloads are the same as far as they were compared.
    pub fn is_same(&self) -> bool {
        self.a.is_some() && self.b.is_some() && self.differences.is_empty()
    }
}

/// What two runs have in common and what not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// A's events.
    pub a: Steps,
    /// B's events.
    pub b: Steps,
    /// Every event of both, once, in order.
    pub pairs: Vec<Pair>,
}

/// A diff in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// In both, with the same payload.
    pub same: u64,
    /// In both, with another payload.
    pub changed: u64,
    /// Only in A.
    pub only_a: u64,
    /// Only in B.
    pub only_b: u64,
    /// In both, but much later after the event before; counted among the others too.
    pub paced: u64,
}

impl Counts {
    /// Whether there is anything to tell; with pace left aside or not.
    pub fn differ(&self, with_pace: bool) -> bool {
        self.changed + self.only_a + self.only_b > 0 || with_pace && self.paced > 0
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            same: self.same + other.same,
            changed: self.changed + other.changed,
            only_a: self.only_a + other.only_a,
            only_b: self.only_b + other.only_b,
            paced: self.paced + other.paced,
        }
    }
}

impl Diff {
    /// Of two runs; `a_texts` and `b_texts` are the texts of their names.
    pub fn of((a, a_texts): (Steps, &Symbols), (b, b_texts): (Steps, &Symbols)) -> Self {
        let mut keys = Keys::default();
        let a_keys = keys.of(&a.steps, a_texts);
        let b_keys = keys.of(&b.steps, b_texts);
        let ranks = keys.ranks();
        // Of several ways to align the same is taken whichever is called A.
        let common = if turned(&ranks, &a_keys, &b_keys) {
            lcs::common(&b_keys, &a_keys).into_iter().map(|(b, a)| (a, b)).collect()
        } else {
            lcs::common(&a_keys, &b_keys)
        };
        let mut pairs = Vec::with_capacity(a.steps.len().max(b.steps.len()));
        let (mut i, mut j) = (0, 0);
        let ends = std::iter::once((a.steps.len(), b.steps.len()));
        for (next_a, next_b) in common.into_iter().chain(ends) {
            // What came instead is told before what it replaced.
            pairs.extend((j..next_b).map(|b| Pair { b: Some(b), ..Pair::default() }));
            pairs.extend((i..next_a).map(|a| Pair { a: Some(a), ..Pair::default() }));
            if next_a < a.steps.len() && next_b < b.steps.len() {
                pairs.push(met((&a.steps, next_a), (&b.steps, next_b)));
            }
            (i, j) = (next_a + 1, next_b + 1);
        }
        Self { a, b, pairs }
    }

    /// The first message of A that B never had: an index of [`Diff::pairs`].
    pub fn first_loss(&self) -> Option<usize> {
        self.pairs.iter().position(|pair| {
            let step = pair.a.and_then(|a| self.a.steps.get(a)).filter(|_| pair.b.is_none());
            step.is_some_and(|step| step.kind == Kind::Message)
        })
    }

    /// In numbers.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for pair in &self.pairs {
            match (pair.a, pair.b) {
                (Some(_), None) => counts.only_a += 1,
                (None, _) => counts.only_b += 1,
                _ if pair.is_same() => counts.same += 1,
                _ => counts.changed += 1,
            }
            counts.paced += u64::from(pair.paced);
        }
        counts
    }
}

fn met((a, i): (&[Step], usize), (b, j): (&[Step], usize)) -> Pair {
    let took = |steps: &[Step], at: usize| {
        let before = at.checked_sub(1).and_then(|before| steps.get(before));
        let since = steps[at].since_ns;
        before.map_or(0, |before| since.saturating_sub(before.since_ns))
    };
    let (of_a, of_b) = (took(a, i), took(b, j));
    let (less, more) = (of_a.min(of_b), of_a.max(of_b));
    Pair {
        a: Some(i),
        b: Some(j),
        later_ns: (b[j].since_ns as i64).saturating_sub(a[i].since_ns as i64),
        paced: more - less > SLOWER_NS && more / 2 > less,
        ..Pair::default()
    }
}

/// Whether B comes first in the order in which sequences are aligned: the longer one, then by text.
fn turned(ranks: &[usize], a: &[u32], b: &[u32]) -> bool {
    let by_text = || {
        let rank = |key: &u32| ranks.get(*key as usize).copied();
        a.iter().map(rank).cmp(b.iter().map(rank))
    };
    a.len().cmp(&b.len()).then_with(by_text).is_lt()
}

/// What events are compared by, as numbers: the same number where type and tool are the same.
#[derive(Debug, Default)]
struct Keys {
    known: HashMap<(String, Option<String>), u32>,
}

impl Keys {
    fn of<'s>(&mut self, steps: impl IntoIterator<Item = &'s Step>, texts: &Symbols) -> Vec<u32> {
        let mut near = HashMap::new();
        let keys = steps.into_iter().map(|step| {
            *near.entry((step.name, step.tool)).or_insert_with(|| {
                let name = texts.text(step.name).to_owned();
                let tool = step.tool.map(|tool| texts.text(tool).to_owned());
                let next = self.known.len() as u32;
                *self.known.entry((name, tool)).or_insert(next)
            })
        });
        keys.collect()
    }

    /// By key: its place among all keys in the order of their texts.
    fn ranks(&self) -> Vec<usize> {
        let mut order: Vec<_> = self.known.iter().collect();
        order.sort_unstable();
        let mut ranks = vec![0; order.len()];
        for (place, (_, key)) in order.into_iter().enumerate() {
            ranks[*key as usize] = place;
        }
        ranks
    }
}
