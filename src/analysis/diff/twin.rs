//! Runs of two recordings → which belong together; and a broken run → the good one to hold it against.

use std::collections::{BTreeMap, HashMap};

use super::side::Side;
use super::{Keys, lcs};
use crate::analysis::timeline::LaneOf;
use crate::events::Kind;

/// Events of a shape, repetitions aside: runs that are alike so far are alike.
const MOST_OF_A_SHAPE: usize = 256;

/// An event that a good run lacks tells it apart as much as so many that it has more: a broken
/// run stops early, and what it did before that is what its twin did.
const LACKS: usize = 8;

/// Which runs of two recordings are compared with each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairing {
    /// Of A and of B, in A's order.
    pub pairs: Vec<(LaneOf, LaneOf)>,
    /// Runs of A that B has none for.
    pub only_a: Vec<LaneOf>,
    /// Runs of B that A has none for.
    pub only_b: Vec<LaneOf>,
}

/// A run as it is looked for.
#[derive(Debug)]
struct Run {
    lane: LaneOf,
    user: String,
    /// Its events, the same one after the other once.
    shape: Vec<u32>,
    taken: bool,
}

/// Pairs the runs of two recordings: of one user and of one shape, in order; then what is left of
/// one user, in order; then what is left of one shape.
pub fn pair(a: &Side<'_>, b: &Side<'_>) -> Pairing {
    let mut keys = Keys::default();
    let (mut of_a, mut of_b) = (runs(a, &mut keys), runs(b, &mut keys));
    let mut pairs = Vec::new();
    for by in [
        |run: &Run| Some((Some(run.user.clone()), Some(run.shape.clone()))),
        |run: &Run| Some((Some(run.user.clone()), None)),
        |run: &Run| Some((None, Some(run.shape.clone()))),
    ] {
        let mut waiting: HashMap<_, Vec<usize>> = HashMap::new();
        for (place, run) in of_b.iter().enumerate().rev().filter(|(_, run)| !run.taken) {
            waiting.entry(by(run)).or_default().push(place);
        }
        for (at, run) in of_a.iter_mut().enumerate().filter(|(_, run)| !run.taken) {
            let Some(place) = waiting.get_mut(&by(run)).and_then(Vec::pop) else { continue };
            run.taken = true;
            of_b[place].taken = true;
            pairs.push((at, place));
        }
    }
    pairs.sort_unstable();
    let pairs = pairs.into_iter().map(|(a, b)| (of_a[a].lane, of_b[b].lane)).collect();
    let left = |runs: Vec<Run>| -> Vec<LaneOf> {
        runs.into_iter().filter(|run| !run.taken).map(|run| run.lane).collect()
    };
    Pairing { pairs, only_a: left(of_a), only_b: left(of_b) }
}

/// The good run of `within` that is most like `lane` of `side`: the one that lacks the fewest of
/// its events and has the fewest others; of equals one of the same user, then the one that began
/// nearest. `None` where none has even half in common with it.
pub fn twin(side: &Side<'_>, lane: LaneOf, within: &Side<'_>) -> Option<LaneOf> {
    let mut keys = Keys::default();
    let wanted = run(side, lane, &mut keys);
    let is_itself =
        |other: LaneOf| std::ptr::eq(side.timeline(), within.timeline()) && other == lane;
    let began = side.began(lane);
    let mut alike: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
    let good = within.lanes().into_iter().filter(|lane| within.is_good(*lane) && !is_itself(*lane));
    let ranked = good.filter_map(|lane| {
        let run = run(within, lane, &mut keys);
        let common = *alike
            .entry(run.shape.clone())
            .or_insert_with(|| lcs::common(&wanted.shape, &run.shape).len());
        let apart = LACKS * (wanted.shape.len() - common) + (run.shape.len() - common);
        let is_like = common > 0 && common * 2 >= wanted.shape.len().min(run.shape.len());
        let far = within.began(lane).abs_diff(began);
        is_like.then_some(((apart, run.user != wanted.user, far), lane))
    });
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, lane)| lane)
}

fn runs(side: &Side<'_>, keys: &mut Keys) -> Vec<Run> {
    side.lanes().into_iter().map(|lane| run(side, lane, keys)).collect()
}

fn run(side: &Side<'_>, lane: LaneOf, keys: &mut Keys) -> Run {
    let steps = side.steps(lane).steps;
    // What the connection did meanwhile is no part of what the run is.
    let messages = steps.iter().filter(|step| step.kind == Kind::Message);
    let mut shape = keys.of(messages, side.symbols());
    shape.dedup();
    shape.truncate(MOST_OF_A_SHAPE);
    Run { lane, user: side.called(lane).1, shape, taken: false }
}
