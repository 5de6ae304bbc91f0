//! What is seen → what a still picture shows of it: the run that the report is about, or all.

use std::ops::Range;

use super::sight::{Found, Run};
use super::{Bundle, Sight};

/// Of what is around a run, so much is shown at its sides: a part of its length.
const MARGIN: u64 = 12;

/// Others who got a part of the run, that are shown.
const MOST_STRAYS: usize = 3;

/// A margin at least.
const LEAST_NS: u64 = 1_000_000;

/// What a still picture shows.
#[derive(Clone, Debug)]
pub(super) struct Focus<'a> {
    /// From when to when.
    pub(super) time: Range<u64>,
    /// The finding that it is about.
    pub(super) found: Option<&'a Found>,
    /// Its run.
    pub(super) run: Option<&'a Run>,
    /// The same run where others got a part of it.
    pub(super) strays: Vec<&'a Run>,
}

impl<'a> Focus<'a> {
    /// On what the sender looked at; else on the worst finding.
    pub(super) fn of(bundle: &Bundle, sight: &'a Sight) -> Self {
        let asked = bundle.view.finding.as_deref().and_then(|link| sight.found(link));
        let found = asked.or_else(|| sight.worst());
        let lane = bundle.view.lane.as_deref();
        let run = sight.runs.iter().find(|run| Some(run.id.as_str()) == lane);
        Self::on(found, run, sight)
    }

    /// On a finding and its run; on `lane` where it has none.
    pub(super) fn on(found: Option<&'a Found>, lane: Option<&'a Run>, sight: &'a Sight) -> Self {
        let run = found.and_then(|found| found.run).map(|run| &sight.runs[run as usize]).or(lane);
        let strays: Vec<&Run> = sight
            .runs
            .iter()
            .filter(|other| run.is_some_and(|run| run.id == other.id && run.user != other.user))
            .take(MOST_STRAYS)
            .collect();
        let times = run.iter().chain(&strays).map(|run| around(run, found, sight));
        let time = times.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end));
        let time = time.unwrap_or(sight.from_ns..sight.to_ns);
        Self { time, found, run, strays }
    }

    /// The same finding, and all that there is.
    pub(super) fn on_all(self, sight: &Sight) -> Self {
        Self { time: sight.from_ns..sight.to_ns, run: None, strays: Vec::new(), ..self }
    }

    /// The moment from which times are told.
    pub(super) fn zero_ns(&self) -> u64 {
        let runs = self.run.iter().chain(&self.strays);
        runs.map(|run| run.from_ns).min().unwrap_or(self.time.start)
    }
}

/// From shortly before a run to shortly after all that matters to it.
fn around(run: &Run, found: Option<&Found>, sight: &Sight) -> Range<u64> {
    let ghost = found.and_then(|found| found.expected.as_ref()).map(|ghost| ghost.at_ns);
    let cause = found.and_then(|found| found.cause.as_ref()).and_then(|why| why.event);
    let seen = found.into_iter().flat_map(|found| &found.evidence).filter_map(|seen| seen.event);
    let events = cause.into_iter().chain(seen).filter_map(|event| sight.events.get(event as usize));
    let shown = events.map(|event| event.at_ns).max();
    let lost = run.ghost_ns.or(ghost).unwrap_or(u64::MAX);
    let lines = sight.users.get(run.user as usize).map_or(&[][..], |user| &user.lines);
    let back = lines.iter().map(|line| line.from_ns).find(|from| *from >= lost);
    // Who came back late is not waited for: what was before would be too small to be seen.
    let back = back.filter(|back| back - run.from_ns < (lost - run.from_ns).saturating_mul(4));
    let until = [Some(run.to_ns), run.ghost_ns, ghost, shown, back].into_iter().flatten().max();
    let until = until.unwrap_or(run.to_ns).max(run.from_ns + 1);
    let margin = ((until - run.from_ns) / MARGIN).max(LEAST_NS);
    // Where something is missing, the silence after it is what is to be seen.
    let silence = if run.ghost_ns.is_some() { (until - run.from_ns) / 2 } else { 0 };
    let until = (until + silence.max(margin)).min(sight.to_ns.max(until));
    run.from_ns.saturating_sub(margin).max(sight.from_ns.min(run.from_ns))..until
}
