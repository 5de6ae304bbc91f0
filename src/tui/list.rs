//! A lane → its rows in order: events, streams folded into one row, and what is missing.

use super::tape::{Line, Tape, ghost_ns};
use crate::analysis::timeline::{LaneOf, Row};
use crate::events::Kind;

/// So many events of one name in a row, none of them flagged, become one row.
const STREAM: usize = 4;

/// Users and connections that are listed: more than anyone scrolls through.
const MOST_INSIDE: usize = 20_000;

/// One row of the Frames pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// An event, by its row.
    Event(u32),
    /// Events of one name, one after the other: first and last row, and how many.
    Stream(u32, u32, u32),
    /// What a finding says should be here: its index.
    Ghost(usize),
}

impl Entry {
    /// Its row, or its first.
    pub fn row(self) -> Option<u32> {
        match self {
            Self::Event(row) | Self::Stream(row, _, _) => Some(row),
            Self::Ghost(_) => None,
        }
    }

    /// Whether a row is in it.
    pub fn holds(self, row: u32) -> bool {
        match self {
            Self::Event(this) => this == row,
            Self::Stream(first, last, _) => (first..=last).contains(&row),
            Self::Ghost(_) => false,
        }
    }
}

/// What is inside of a recording: users, and below each its connections: indexes.
pub fn inside(tape: &Tape) -> Vec<(usize, Option<usize>)> {
    let users = tape.users.iter().enumerate().filter(|(_, user)| !user.lines.is_empty());
    let rows = users.flat_map(|(at, user)| {
        std::iter::once((at, None)).chain((0..user.lines.len()).map(move |line| (at, Some(line))))
    });
    rows.take(MOST_INSIDE).collect()
}

/// The rows of a run, with what its user's connections did meanwhile.
pub fn of_run(tape: &Tape, number: u32) -> Vec<Entry> {
    let Some(run) = tape.runs.get(number as usize) else { return Vec::new() };
    let mut rows = tape.timeline.lane_page(LaneOf::Run(number), None, usize::MAX);
    if let Some(user) = tape.users.get(run.user) {
        let meanwhile = |row: &Row| (run.from_ns..=tape.until_ns(run)).contains(&row.at_ns);
        let ends = user.lines.iter().filter_map(|line| line.end_row);
        let of_lines = ends.filter_map(|row| tape.timeline.row(row));
        rows.extend(of_lines.filter(meanwhile).map(|row| row.number));
        // Who was cut off and came back is told of both.
        for lines in user.lines.windows(2) {
            let was_cut =
                lines[0].to_ns.is_some_and(|at| (run.from_ns..=tape.until_ns(run)).contains(&at));
            rows.extend(opened(tape, &lines[1]).filter(|_| was_cut));
        }
    }
    let entries = folded(tape, rows);
    with_ghosts(tape, entries, &run.findings)
}

/// The rows of a user.
pub fn of_user(tape: &Tape, user: usize) -> Vec<Entry> {
    let Some(user) = tape.users.get(user) else { return Vec::new() };
    let rows = tape.timeline.lane_page(user.of, None, usize::MAX);
    let findings = user.runs.iter().filter_map(|run| tape.runs.get(*run as usize));
    let findings: Vec<usize> = findings.flat_map(|run| run.findings.iter().copied()).collect();
    with_ghosts(tape, folded(tape, rows), &findings)
}

fn opened(tape: &Tape, line: &Line) -> Option<u32> {
    let first = tape.timeline.lane_page(LaneOf::Connection(line.connection), None, 1);
    first.first().copied().filter(|_| !line.refused)
}

fn folded(tape: &Tape, mut rows: Vec<u32>) -> Vec<Entry> {
    rows.sort_unstable();
    rows.dedup();
    let rows: Vec<Row> = rows.into_iter().filter_map(|row| tape.timeline.row(row)).collect();
    let alike = |a: &Row, b: &Row| {
        a.name == b.name
            && a.connection == b.connection
            && a.kind == Kind::Message
            && a.flags == 0
            && b.flags == 0
    };
    let mut entries = Vec::new();
    for group in rows.chunk_by(alike) {
        match group {
            [first, .., last] if group.len() >= STREAM => {
                entries.push(Entry::Stream(first.number, last.number, group.len() as u32));
            }
            _ => entries.extend(group.iter().map(|row| Entry::Event(row.number))),
        }
    }
    entries
}

/// Puts what is missing between the events, each where it was due; those due at one place in the
/// order of time.
fn with_ghosts(tape: &Tape, entries: Vec<Entry>, findings: &[usize]) -> Vec<Entry> {
    let is_missing =
        |at: &usize| tape.findings.get(*at).is_some_and(|finding| finding.expected.is_some());
    let mut missing: Vec<usize> = findings.iter().copied().filter(is_missing).collect();
    if missing.is_empty() {
        return entries;
    }
    missing.sort_by_key(|finding| tape.findings[*finding].at_ns);
    let places = Places::of(tape, &entries);
    let mut ghosts: Vec<(usize, usize)> =
        missing.into_iter().map(|index| (places.of_ghost(tape, &entries, index), index)).collect();
    ghosts.sort_by_key(|(place, _)| *place);
    let mut merged = Vec::with_capacity(entries.len() + ghosts.len());
    let mut done = 0;
    for (place, index) in ghosts {
        merged.extend_from_slice(&entries[done..place]);
        merged.push(Entry::Ghost(index));
        done = place;
    }
    merged.extend_from_slice(&entries[done..]);
    merged
}

/// Where in a list of events a moment is, and a frame.
struct Places {
    /// By entry, the earliest time of it and all after it: in order, as times alone need not be.
    earliest: Vec<u64>,
}

impl Places {
    fn of(tape: &Tape, entries: &[Entry]) -> Self {
        let mut earliest = vec![u64::MAX; entries.len()];
        let mut least = u64::MAX;
        for (entry, earliest) in entries.iter().zip(&mut earliest).rev() {
            let row = entry.row().and_then(|row| tape.timeline.row(row));
            least = row.map_or(least, |row| least.min(row.at_ns));
            *earliest = least;
        }
        Self { earliest }
    }

    /// After the last event that is not after the moment, but between its neighbours.
    fn of_ghost(&self, tape: &Tape, entries: &[Entry], index: usize) -> usize {
        let finding = &tape.findings[index];
        let user = tape.user_of(index).and_then(|user| tape.users.get(user));
        let at_ns = user.map_or(finding.at_ns, |user| ghost_ns(&user.lines, finding));
        let by_time = self.earliest.partition_point(|earliest| *earliest <= at_ns);
        let Some(expected) = &finding.expected else { return by_time };
        let at_frame = |frame: i64| {
            let row = *tape.timeline.rows_of_frame(frame).first().filter(|_| frame > 0)?;
            place_of(entries, row)
        };
        let least = expected.after.and_then(at_frame).map_or(0, |at| at + 1);
        let most = expected.before.and_then(at_frame).unwrap_or(entries.len());
        by_time.clamp(least.min(most), most)
    }
}

/// The place of a row among events in order.
fn place_of(entries: &[Entry], row: u32) -> Option<usize> {
    let after = entries.partition_point(|entry| entry.row().is_none_or(|first| first <= row));
    after.checked_sub(1).filter(|at| entries[*at].holds(row))
}
