//! Events, one after the other → a store of columns that screens page through: by time, by user,
//! by run, at any zoom.
//!
//! A row is an event, and its number is the key: rows are only ever appended, so that a page is
//! "the next rows after this one" and nothing moves under a reader. What a zoomed-out column of a
//! lane shows ([`Tile`]) is not stored for fixed stretches of time: a lane's rows are in order, so
//! that two searches find any stretch, and the worst severity of a stretch is read from blocks of
//! 64 and 4,096 rows. So any zoom reads as many tiles as there are columns, each in some dozen
//! steps, and the tiles take no room that grows with the time a recording lasts.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::events::{FieldId, Kind, Reading, Scalar, Symbol, Symbols};
use crate::rules::Severity;
use crate::wire::Direction;

use column::Column;
use lane::Lane;
use reply::Replies;

mod append;
mod column;
mod lane;
mod reply;

/// Events kept; more are counted and left out. Under half a gigabyte, and more than anyone pages
/// through.
pub const MOST_EVENTS: u32 = 8_000_000;

/// Rows of a stretch whose latest time and frame are kept, for searches.
const STRETCH: u32 = 256;

/// Where there is no value.
const NONE: u32 = u32::MAX;

/// A value that is no text: its number among those.
const OTHER: u32 = 1 << 31;

/// Values beside texts that are told apart; further ones are as if absent.
const MOST_OTHERS: usize = 4_000_000;

/// An event as the timeline keeps it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Its number, from 0, in the order of arrival.
    pub number: u32,
    /// Ids of its first and last frame; 0 where there is none.
    pub frames: (i64, i64),
    /// Its place in the message, where one message holds several.
    pub part: u16,
    /// Nanoseconds since the recording started.
    pub at_ns: u64,
    /// The connection.
    pub connection: i64,
    /// As of [`Event`](crate::events::Event).
    pub direction: Direction,
    /// As of [`Event`](crate::events::Event).
    pub kind: Kind,
    /// Its name.
    pub name: Symbol,
    /// Payload bytes, up to 4 GiB.
    pub bytes: u32,
    /// Its conversation.
    pub thread: Option<Scalar>,
    /// Its run: a number for [`Timeline::run`].
    pub run: Option<u32>,
    /// Its call.
    pub call: Option<Scalar>,
    /// How long it took to answer what it answers: nanoseconds, to the microsecond, up to 71 min.
    pub reply_ns: Option<u64>,
    /// How bad the findings are that rest on it: bit 0 info, 1 warning, 2 error.
    pub flags: u8,
}

impl Row {
    /// The worst of the findings that rest on it.
    pub fn worst(&self) -> Option<Severity> {
        worst(self.flags)
    }
}

/// One user's run.
#[derive(Clone, Debug)]
struct Run {
    id: Scalar,
    /// The connection on which it began, by its number here.
    connection: u32,
    lane: Lane,
}

/// One connection.
#[derive(Clone, Debug)]
struct Line {
    id: i64,
    user: Option<Scalar>,
    lane: Lane,
}

/// A lane: whose rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneOf {
    /// All connections of one user, by its number; see [`Timeline::users`].
    User(u32),
    /// One connection, by its id.
    Connection(i64),
    /// One run, by its number.
    Run(u32),
}

/// What one column of a lane shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tile {
    /// Events.
    pub count: u32,
    /// The worst of their findings.
    pub worst: Option<Severity>,
    /// Rows of the first and the last event.
    pub ends: Option<(u32, u32)>,
}

/// The store.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    user: Option<FieldId>,
    thread: Option<FieldId>,
    run: Option<FieldId>,
    call: Option<FieldId>,
    length: u32,
    /// The id of the last frame, less the latest of its stretch's beginning.
    frames: Column<i32>,
    /// Frames of the message, less one.
    spans: Column<u16>,
    /// Frames of rows that the columns have no room for.
    far: HashMap<u32, (i64, i64)>,
    /// Of rows that are not their message's first.
    parts: HashMap<u32, u16>,
    times: Column<u64>,
    connections: Column<u32>,
    /// Kind, direction, and the flags of findings.
    kinds: Column<u8>,
    names: Column<u32>,
    sizes: Column<u32>,
    threads: Column<u32>,
    runs: Column<u32>,
    calls: Column<u32>,
    replies: Column<u32>,
    /// By stretch: the latest frame before it; the latest time up to its end.
    bases: Vec<i64>,
    latest: Vec<u64>,
    latest_frame: i64,
    /// Rows whose frame is not after those before.
    late: HashMap<i64, u32>,
    lines: Vec<Line>,
    line_of: HashMap<i64, u32>,
    users: Vec<Vec<u32>>,
    user_of: HashMap<Scalar, u32>,
    all_runs: Vec<Run>,
    run_of: HashMap<(u32, u32), u32>,
    others: Vec<Scalar>,
    other_of: HashMap<Scalar, u32>,
    answers: Replies,
    left_out: u64,
    told: usize,
    codes: BTreeMap<u32, Vec<usize>>,
}

impl Timeline {
    /// An empty one, for events made by this reading.
    pub fn new(reading: &Reading) -> Self {
        let field = |name| reading.field(name);
        Self {
            user: field("user"),
            thread: field("thread"),
            run: field("run"),
            call: field("call"),
            ..Self::default()
        }
    }

    fn value(&self, code: u32) -> Option<Scalar> {
        match code {
            NONE => None,
            code if code & OTHER != 0 => self.others.get((code & !OTHER) as usize).copied(),
            code => Some(Scalar::Text(Symbol::of_number(code))),
        }
    }

    /// Findings that rest on a row, by their index in [`Engine::findings`](crate::rules::Engine::findings).
    pub fn findings_of(&self, row: u32) -> &[usize] {
        self.codes.get(&row).map_or(&[], |findings| findings)
    }

    /// How many rows there are.
    pub fn len(&self) -> u32 {
        self.length
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Events that [`MOST_EVENTS`] left out.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// A row.
    pub fn row(&self, number: u32) -> Option<Row> {
        let kind = self.kinds.get(number)?;
        let line = self.lines.get(self.connections.get(number)? as usize)?;
        Some(Row {
            number,
            frames: self.frames_of(number)?,
            part: self.parts.get(&number).copied().unwrap_or(0),
            at_ns: self.times.get(number)?,
            connection: line.id,
            direction: Direction::BOTH[usize::from(kind >> 4 & 1)],
            kind: KINDS[usize::from(kind & 15).min(KINDS.len() - 1)],
            name: Symbol::of_number(self.names.get(number)?),
            bytes: self.sizes.get(number)?,
            thread: self.value(self.threads.get(number)?),
            run: self.runs.get(number).filter(|run| *run != NONE),
            call: self.value(self.calls.get(number)?),
            reply_ns: self
                .replies
                .get(number)
                .filter(|reply| *reply != NONE)
                .map(|micros| u64::from(micros) * 1000),
            flags: kind >> 5,
        })
    }

    /// Rows after `after` (from the first on, without it), as many as `limit`.
    pub fn page(&self, after: Option<u32>, limit: usize) -> impl Iterator<Item = Row> + '_ {
        let from = after.map_or(0, |after| after.saturating_add(1));
        (from..self.length).take(limit).filter_map(|number| self.row(number))
    }

    fn frames_of(&self, row: u32) -> Option<(i64, i64)> {
        if let Some(frames) = self.far.get(&row) {
            return Some(*frames);
        }
        let near = self.frames.get(row)?;
        if near == i32::MIN {
            return Some((0, 0));
        }
        let last = self.bases.get((row / STRETCH) as usize)? + i64::from(near);
        Some((last - i64::from(self.spans.get(row)?), last))
    }

    /// The first row that is not before `at_ns`.
    pub fn at(&self, at_ns: u64) -> Option<u32> {
        let stretch = self.latest.partition_point(|latest| *latest < at_ns) as u32;
        let from = stretch.saturating_mul(STRETCH);
        (from..self.length).find(|row| self.times.get(*row).is_some_and(|time| time >= at_ns))
    }

    /// Rows of the message that ends with this frame.
    pub fn rows_of_frame(&self, frame: i64) -> Vec<u32> {
        let stretch = self.bases.partition_point(|base| *base < frame).saturating_sub(1);
        let from = stretch as u32 * STRETCH;
        // A message of many events may go beyond its stretch.
        let ends_with = |row: &u32| self.frames_of(*row).is_some_and(|frames| frames.1 == frame);
        let first = (from..self.length.min(from.saturating_add(STRETCH))).find(ends_with);
        let late = self.late.get(&frame).copied();
        let Some(first) = first.or(late) else { return Vec::new() };
        (first..self.length).take_while(ends_with).collect()
    }

    /// Users that were seen: the number, the name's value, and how many connections each had.
    pub fn users(&self) -> impl Iterator<Item = (u32, Scalar, usize)> + '_ {
        self.users.iter().enumerate().filter_map(|(number, lines)| {
            let first = self.lines.get(*lines.first()? as usize)?;
            Some((number as u32, first.user?, lines.len()))
        })
    }

    /// The number of a user, for [`LaneOf::User`].
    pub fn user_number(&self, user: Scalar) -> Option<u32> {
        self.user_of.get(&user).copied()
    }

    /// Whose a connection is.
    pub fn user_of(&self, connection: i64) -> Option<Scalar> {
        self.lines.get(*self.line_of.get(&connection)? as usize)?.user
    }

    /// How many runs there are.
    pub fn run_count(&self) -> u32 {
        self.all_runs.len() as u32
    }

    /// A run: its id, the connection on which it began, and its rows in order.
    pub fn run(&self, number: u32) -> Option<(Scalar, i64, &[u32])> {
        let run = self.all_runs.get(number as usize)?;
        Some((run.id, self.lines.get(run.connection as usize)?.id, run.lane.rows()))
    }

    /// The run of this id on a lane, whether or not it was known whose it is when it began.
    pub fn run_of(&self, of: LaneOf, id: Scalar) -> Option<u32> {
        let code = match id {
            Scalar::Text(symbol) => symbol.number(),
            other => *self.other_of.get(&other)?,
        };
        let find = |whose: u32| self.run_of.get(&(whose, code)).copied();
        match of {
            LaneOf::Run(run) => Some(run).filter(|run| (*run as usize) < self.all_runs.len()),
            LaneOf::Connection(line) => find(OTHER | self.line_of.get(&line)?),
            LaneOf::User(user) => {
                let lines = self.users.get(user as usize)?.iter();
                find(user).or_else(|| lines.copied().find_map(|line| find(OTHER | line)))
            }
        }
    }

    /// The row before this one in its run.
    pub fn before_in_run(&self, row: u32) -> Option<u32> {
        let run = self.all_runs.get(self.runs.get(row)? as usize)?;
        let rank = run.lane.rank(row)?;
        run.lane.rows().get(rank.checked_sub(1)?).copied()
    }

    /// A lane's rows after `after`, in order, as many as `limit`.
    pub fn lane_page(&self, of: LaneOf, after: Option<u32>, limit: usize) -> Vec<u32> {
        let rest = |lane: &Lane| {
            let rows = lane.rows();
            let from = after.map_or(0, |after| rows.partition_point(|row| *row <= after));
            rows[from..].iter().copied().take(limit).collect::<Vec<_>>()
        };
        let mut rows: Vec<u32> = self.lanes(of).flat_map(rest).collect();
        rows.sort_unstable();
        rows.truncate(limit);
        rows
    }

    /// What a lane shows between two times, the second of which is not in it.
    pub fn tile(&self, of: LaneOf, span: Range<u64>) -> Tile {
        let mut shown = Tile::default();
        let mut flags = 0;
        for lane in self.lanes(of) {
            let rows = lane.rows();
            let rank = |at_ns| {
                rows.partition_point(|row| self.times.get(*row).is_some_and(|time| time < at_ns))
            };
            let places = rank(span.start)..rank(span.end);
            let Some((first, last)) = rows
                .get(places.start)
                .zip(places.end.checked_sub(1).and_then(|last| rows.get(last)))
                .filter(|_| places.start < places.end)
            else {
                continue;
            };
            shown.count += (places.end - places.start) as u32;
            flags |= lane.flags(places, |row| self.kinds.get(row).unwrap_or(0) >> 5);
            let ends = shown.ends.unwrap_or((*first, *last));
            shown.ends = Some((ends.0.min(*first), ends.1.max(*last)));
        }
        Tile { worst: worst(flags), ..shown }
    }

    fn lanes(&self, of: LaneOf) -> impl Iterator<Item = &Lane> + '_ {
        let (lines, run) = match of {
            LaneOf::User(user) => (self.users.get(user as usize).map(Vec::as_slice), None),
            LaneOf::Connection(id) => (self.line_of.get(&id).map(std::slice::from_ref), None),
            LaneOf::Run(run) => (None, self.all_runs.get(run as usize)),
        };
        let lines = lines.into_iter().flatten();
        let lines = lines.filter_map(|line| self.lines.get(*line as usize)).map(|line| &line.lane);
        lines.chain(run.into_iter().map(|run| &run.lane))
    }

    /// The name of a connection's user, or `conn 3`.
    pub fn user_name(&self, connection: i64, symbols: &Symbols) -> String {
        match self.user_of(connection) {
            Some(user) => user.display(symbols),
            None => format!("conn {connection}"),
        }
    }

    /// Bytes taken on the heap, about; texts are the symbols' own.
    pub fn bytes(&self) -> usize {
        let columns = [&self.connections, &self.names, &self.sizes, &self.threads];
        let columns = columns.into_iter().chain([&self.runs, &self.calls, &self.replies]);
        let lanes = self.lines.iter().map(|line| &line.lane);
        let lanes = lanes.chain(self.all_runs.iter().map(|run| &run.lane));
        let maps = self.line_of.capacity() * 24
            + self.run_of.capacity() * 16
            + self.other_of.capacity() * 32
            + self.far.capacity() * 32
            + self.codes.len() * 48;
        columns.map(Column::bytes).sum::<usize>()
            + self.frames.bytes()
            + self.spans.bytes()
            + self.parts.capacity() * 8
            + self.times.bytes()
            + self.kinds.bytes()
            + (self.bases.capacity() + self.latest.capacity()) * 8
            + self.late.capacity() * 16
            + self.lines.capacity() * size_of::<Line>()
            + self.all_runs.capacity() * size_of::<Run>()
            + self.others.capacity() * size_of::<Scalar>()
            + lanes.map(Lane::bytes).sum::<usize>()
            + maps
            + self.answers.bytes()
    }
}

const KINDS: [Kind; 9] = [
    Kind::Message,
    Kind::Undecodable,
    Kind::Open,
    Kind::Close,
    Kind::Abort,
    Kind::Refused,
    Kind::Ping,
    Kind::Pong,
    Kind::Gap,
];

/// The worst severity among flags.
fn worst(flags: u8) -> Option<Severity> {
    match flags {
        4.. => Some(Severity::Error),
        2.. => Some(Severity::Warning),
        1 => Some(Severity::Info),
        0 => None,
    }
}
