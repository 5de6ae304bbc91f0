//! Differences → one JSON object.

use serde::Serialize;

use super::{Compared, Shown};
use crate::analysis::diff::{Counts, Pair, Pairing, Step};
use crate::analysis::timeline::LaneOf;

/// All of it.
#[derive(Serialize)]
pub(super) struct DiffObject {
    v: u32,
    kind: &'static str,
    a: RecordingObject,
    b: RecordingObject,
    differ: bool,
    #[serde(flatten)]
    counts: CountsObject,
    runs: Vec<RunsObject>,
    only_a: Vec<RunObject>,
    only_b: Vec<RunObject>,
}

#[derive(Serialize)]
struct RecordingObject {
    recording: String,
    rules: String,
}

#[derive(Serialize)]
struct RunObject {
    run: String,
    user: String,
    good: bool,
    began_ns: u64,
    /// Events beyond what is compared.
    left_out: u64,
}

#[derive(Serialize)]
struct CountsObject {
    same: u64,
    changed: u64,
    only_in_a: u64,
    only_in_b: u64,
    paced: u64,
}

#[derive(Serialize)]
struct RunsObject {
    a: RunObject,
    b: RunObject,
    #[serde(flatten)]
    counts: CountsObject,
    /// Which of the events.
    first_loss: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<PairObject>>,
}

#[derive(Serialize)]
struct PairObject {
    a: Option<StepObject>,
    b: Option<StepObject>,
    later_ns: i64,
    paced: bool,
    differences: Vec<DifferenceObject>,
    more: u64,
}

#[derive(Serialize)]
struct StepObject {
    #[serde(rename = "type")]
    name: String,
    tool: Option<String>,
    frame: i64,
    since_ns: u64,
}

#[derive(Serialize)]
struct DifferenceObject {
    path: String,
    a: Option<String>,
    b: Option<String>,
}

/// The runs so far.
#[derive(Default)]
pub(super) struct Runs(Vec<RunsObject>);

impl Runs {
    /// Two runs more; their events too, unless numbers alone are wanted.
    pub(super) fn add(
        &mut self,
        compared: &Compared,
        (a, b): (&Shown<'_>, &Shown<'_>),
        stat: bool,
    ) {
        let Compared { a: of_a, b: of_b, diff } = compared;
        let pair = |pair: &Pair| PairObject {
            a: pair.a.and_then(|at| diff.a.steps.get(at)).map(|found| step(a, found)),
            b: pair.b.and_then(|at| diff.b.steps.get(at)).map(|found| step(b, found)),
            later_ns: pair.later_ns,
            paced: pair.paced,
            differences: pair
                .differences
                .iter()
                .cloned()
                .map(|found| DifferenceObject { path: found.path, a: found.a, b: found.b })
                .collect(),
            more: pair.more,
        };
        self.0.push(RunsObject {
            a: run(a, *of_a, diff.a.left_out),
            b: run(b, *of_b, diff.b.left_out),
            counts: counts(diff.counts()),
            first_loss: diff.first_loss(),
            events: (!stat).then(|| diff.pairs.iter().map(pair).collect()),
        });
    }

    /// All of it.
    pub(super) fn object(
        self,
        (a, b): (&Shown<'_>, &Shown<'_>),
        pairing: &Pairing,
        (total, differ): (Counts, bool),
    ) -> DiffObject {
        let recording = |shown: &Shown<'_>| RecordingObject {
            recording: shown.looked.recording.name.clone(),
            rules: shown.looked.chosen.clone(),
        };
        let lone = |shown: &Shown<'_>, lanes: &[LaneOf]| {
            lanes.iter().map(|lane| run(shown, *lane, 0)).collect()
        };
        DiffObject {
            v: 1,
            kind: "diff",
            a: recording(a),
            b: recording(b),
            differ,
            counts: counts(total),
            runs: self.0,
            only_a: lone(a, &pairing.only_a),
            only_b: lone(b, &pairing.only_b),
        }
    }
}

fn run(shown: &Shown<'_>, lane: LaneOf, left_out: u64) -> RunObject {
    let (run, user) = shown.side.called(lane);
    let (good, began_ns) = (shown.side.is_good(lane), shown.side.began(lane));
    RunObject { run, user, good, began_ns, left_out }
}

fn counts(counts: Counts) -> CountsObject {
    let Counts { same, changed, only_a, only_b, paced } = counts;
    CountsObject { same, changed, only_in_a: only_a, only_in_b: only_b, paced }
}

fn step(shown: &Shown<'_>, step: &Step) -> StepObject {
    let symbols = shown.side.symbols();
    StepObject {
        name: symbols.text(step.name).to_owned(),
        tool: step.tool.map(|tool| symbols.text(tool).to_owned()),
        frame: step.frame,
        since_ns: step.since_ns,
    }
}
