//! Runs and events → stretches of idle time, which may be folded.

use std::ops::Range;

use super::Tape;
use crate::analysis::timeline::Timeline;

/// Idle time shorter than this is never folded (ux.md, 3.1).
const IDLE_NS: u64 = 2_000_000_000;

/// Idle time is folded only if it is so many times what lies between events at the median.
const IDLE_TIMES: u64 = 10;

/// Gaps between events that the median is taken of; more say the same.
const GAPS: u32 = 10_000;

/// Stretches between two events in which no run is open.
pub(super) fn stretches(tape: &Tape) -> Vec<Range<u64>> {
    let Tape { timeline, runs, end_ns, .. } = tape;
    if timeline.is_empty() {
        return Vec::new();
    }
    let step = (timeline.len() / GAPS).max(1);
    let mut gaps: Vec<u64> = (1..timeline.len())
        .step_by(step as usize)
        .filter_map(|row| Some((timeline.row(row)?.at_ns, timeline.row(row - 1)?.at_ns)))
        .map(|(at, before)| at.saturating_sub(before))
        .collect();
    gaps.sort_unstable();
    let median = gaps.get(gaps.len() / 2).copied().unwrap_or(0);
    let least = IDLE_NS.max(median.saturating_mul(IDLE_TIMES));
    let mut open: Vec<Range<u64>> =
        runs.iter().map(|run| run.from_ns..tape.until_ns(run).max(run.from_ns)).collect();
    open.sort_unstable_by_key(|open| open.start);
    let (mut idle, mut at) = (Vec::new(), 0);
    for open in open.into_iter().chain(std::iter::once(*end_ns..*end_ns)) {
        if open.start > at {
            quiet(timeline, at..open.start, least, &mut idle);
        }
        at = at.max(open.end);
    }
    idle
}

/// Stretches of `between`, in which no run is open, without an event of any other kind.
fn quiet(timeline: &Timeline, between: Range<u64>, least: u64, idle: &mut Vec<Range<u64>>) {
    if between.end - between.start < least {
        return;
    }
    let mut at = between.start;
    let rows = timeline.at(between.start).unwrap_or(timeline.len())..timeline.len();
    let times = rows.filter_map(|row| timeline.row(row)).map(|row| row.at_ns);
    for time in times.take_while(|time| *time < between.end).chain([between.end]) {
        if time.saturating_sub(at) > least {
            // An event at either side stays on the screen.
            idle.push(at + 1..time);
        }
        at = at.max(time);
    }
}
