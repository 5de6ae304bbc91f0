//! What is seen → what a still picture shows of it: the run that the report is about, or all.

use std::ops::Range;

use super::sight::{Found, Run};
use super::{Bundle, Sight};

/// Of what is around a run, so much is shown at its sides: a part of its length.
const MARGIN: u64 = 12;

/// What a still picture shows.
#[derive(Clone, Debug)]
pub(super) struct Focus<'a> {
    /// From when to when.
    pub(super) time: Range<u64>,
    /// The finding that it is about.
    pub(super) found: Option<&'a Found>,
    /// Its run.
    pub(super) run: Option<&'a Run>,
}

impl<'a> Focus<'a> {
    /// On what the sender looked at; else on the worst finding.
    pub(super) fn of(bundle: &Bundle, sight: &'a Sight) -> Self {
        let asked = bundle.view.finding.as_deref().and_then(|link| sight.found(link));
        let found = asked.or_else(|| sight.worst());
        let lane = bundle.view.lane.as_deref();
        let run = found.and_then(|found| found.run).map(|run| &sight.runs[run as usize]);
        let run = run.or_else(|| sight.runs.iter().find(|run| Some(run.id.as_str()) == lane));
        let time = run.map_or(sight.from_ns..sight.to_ns, |run| around(run, found, sight));
        Self { time, found, run }
    }

    /// The moment from which times are told.
    pub(super) fn zero_ns(&self) -> u64 {
        self.run.map_or(self.time.start, |run| run.from_ns)
    }
}

/// From shortly before a run to shortly after all that matters to it.
fn around(run: &Run, found: Option<&Found>, sight: &Sight) -> Range<u64> {
    let ghost = found.and_then(|found| found.expected.as_ref()).map(|ghost| ghost.at_ns);
    let cause = found.and_then(|found| found.cause.as_ref()).and_then(|why| why.event);
    let cause = cause.and_then(|event| sight.events.get(event as usize)).map(|event| event.at_ns);
    let until = [Some(run.to_ns), run.ghost_ns, ghost, cause].into_iter().flatten().max();
    let until = until.unwrap_or(run.to_ns).max(run.from_ns + 1);
    let margin = (until - run.from_ns) / MARGIN + 1;
    // Where something is missing, the silence after it is what is to be seen.
    let silence = if run.ghost_ns.is_some() { (until - run.from_ns) / 2 } else { 0 };
    let until = (until + silence.max(margin)).min(sight.to_ns.max(until));
    run.from_ns.saturating_sub(margin).max(sight.from_ns.min(run.from_ns))..until
}
