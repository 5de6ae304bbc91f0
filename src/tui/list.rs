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

fn with_ghosts(tape: &Tape, mut entries: Vec<Entry>, findings: &[usize]) -> Vec<Entry> {
    let row_of = |entry: &Entry| entry.row().and_then(|row| tape.timeline.row(row));
    let mut missing: Vec<usize> = findings
        .iter()
        .copied()
        .filter(|finding| tape.findings.get(*finding).is_some_and(|it| it.expected.is_some()))
        .collect();
    missing.sort_unstable_by_key(|finding| tape.findings[*finding].at_ns);
    for index in missing {
        let finding = &tape.findings[index];
        let Some(expected) = &finding.expected else { continue };
        let user = tape.user_of(index).and_then(|user| tape.users.get(user));
        let at_ns = user.map_or(finding.at_ns, |user| ghost_ns(&user.lines, finding));
        let at_frame = |frame: i64| {
            entries.iter().position(|entry| {
                row_of(entry).is_some_and(|row| row.frames.1 == frame && frame > 0)
            })
        };
        let by_time = entries
            .iter()
            .rposition(|entry| row_of(entry).is_some_and(|row| row.at_ns <= at_ns))
            .map_or(0, |at| at + 1);
        let least = expected.after.and_then(at_frame).map_or(0, |at| at + 1);
        let most = expected.before.and_then(at_frame).unwrap_or(entries.len());
        entries.insert(by_time.clamp(least.min(most), most), Entry::Ghost(index));
    }
    entries
}
