//! What waits to be stored in one transaction: rows, their payloads in one arena, and losses.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::wire::{Connection, Direction, Frame, Gap, GapReason, Header, Marks, Note, Stamp};

/// Bytes that a row costs beside its payload: itself and its share of the vectors around it. It
/// is what bounds a flood of empty frames.
pub(super) const ROW_COST: u64 = 128;

/// Bytes that a connection's state, a gap or a note costs beside its texts.
pub(super) const FACT_COST: u64 = 512;

/// Gaps kept apart while nothing can be stored; beyond it they are merged over all connections.
/// 20,000 are two directions of the 10,000 connections that the proxy is made for.
const MAX_GAPS: usize = 20_000;

/// Capacity that an emptied batch may keep: what two ticks at full speed need.
const KEPT_CAPACITY: usize = 8 << 20;

/// A frame without its payload, which follows the one before it in the arena.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// 0 where the writer gives it.
    pub(super) id: i64,
    pub(super) connection: i64,
    pub(super) read_ns: i64,
    pub(super) held_ns: Option<i64>,
    pub(super) length: Option<i64>,
    pub(super) payload_len: u32,
    pub(super) marks: Marks,
    pub(super) header: Header,
    pub(super) direction: Direction,
}

/// Frames and payload bytes of each direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) frames: [u64; 2],
    pub(super) bytes: [u64; 2],
}

/// What is written together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) arena: Vec<u8>,
    pub(super) rows: Vec<Row>,
    pub(super) connections: Vec<Connection>,
    pub(super) gaps: Vec<Gap>,
    pub(super) notes: Vec<Note>,
    pub(super) lost: Losses,
    /// Bytes it costs, by connection: what budgets are held against.
    pub(super) usage: HashMap<i64, u64>,
    /// Bytes it costs in all, connections' states included.
    pub(super) cost: u64,
    /// When the first of it came.
    since: Option<Instant>,
}

/// Gaps that grow until they can be stored, one for each connection, direction and reason.
#[derive(Debug, Default)]
pub(super) struct Losses {
    gaps: HashMap<(Option<i64>, Option<Direction>, GapReason), Gap>,
}

impl Row {
    pub(super) fn new(id: i64, connection: i64, direction: Direction, stamp: Stamp) -> Self {
        Self {
            id,
            connection,
            read_ns: integer(stamp.read_ns),
            held_ns: stamp.written_ns.map(|written| integer(written.saturating_sub(stamp.read_ns))),
            length: None,
            payload_len: 0,
            marks: Marks::NONE,
            header: Header::EMPTY,
            direction,
        }
    }

    /// 1, and 0 for a later part of a frame that was counted.
    pub(super) const fn frames(&self) -> u64 {
        if self.marks.has(Marks::PART) { 0 } else { 1 }
    }
}

impl Tally {
    pub(super) fn plus(mut self, other: &Self) -> Self {
        for index in 0..2 {
            self.frames[index] += other.frames[index];
            self.bytes[index] += other.bytes[index];
        }
        self
    }
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
            && self.connections.is_empty()
            && self.gaps.is_empty()
            && self.notes.is_empty()
            && self.lost.is_empty()
    }

    pub(super) fn push(&mut self, mut row: Row, frame: &Frame<'_>) {
        let payload = frame.payload.as_ref();
        row.header = frame.header;
        row.marks = frame.marks;
        // Rows hold parts of at most 1 MiB; SQLite itself takes no value of 2 GiB.
        row.payload_len = u32::try_from(payload.len()).expect("a payload is far below 4 GiB");
        // A length of 2^63 and more is stored as the negative number with the same bits.
        row.length = (frame.length != payload.len() as u64).then_some(frame.length.cast_signed());
        self.arena.extend_from_slice(payload);
        self.rows.push(row);
    }

    /// Every row with its payload, in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&Row, &[u8])> {
        let mut rest = self.arena.as_slice();
        self.rows.iter().map(move |row| {
            let (payload, after) = rest.split_at(row.payload_len as usize);
            rest = after;
            (row, payload)
        })
    }

    /// The first of it is here.
    #[expect(clippy::disallowed_methods, reason = "how old it grows is the recorder's own matter")]
    pub(super) fn begin(&mut self) {
        self.since = Some(Instant::now());
    }

    /// For how long the first of it has been here.
    pub(super) fn age(&self) -> Duration {
        self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    pub(super) fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for row in &self.rows {
            tally.frames[row.direction.index()] += row.frames();
            tally.bytes[row.direction.index()] += u64::from(row.payload_len);
        }
        tally
    }

    /// When the latest of its frames was read.
    pub(super) fn latest_ns(&self) -> Option<u64> {
        self.rows.iter().map(|row| row.read_ns.cast_unsigned()).max()
    }

    /// Empties it and keeps its memory, unless a flood has made that large and is over.
    pub(super) fn clear(&mut self) {
        if self.arena.capacity() > KEPT_CAPACITY && self.arena.len() < self.arena.capacity() / 4 {
            self.arena = Vec::with_capacity(KEPT_CAPACITY);
        }
        let row_capacity = KEPT_CAPACITY / size_of::<Row>();
        if self.rows.capacity() > row_capacity && self.rows.len() < self.rows.capacity() / 4 {
            self.rows = Vec::with_capacity(row_capacity);
        }
        self.arena.clear();
        self.rows.clear();
        self.connections.clear();
        self.gaps.clear();
        self.notes.clear();
        self.lost.clear();
        self.usage.clear();
        self.cost = 0;
        self.since = None;
    }
}

impl Losses {
    pub(super) fn is_empty(&self) -> bool {
        self.gaps.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.gaps.clear();
    }

    pub(super) fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.values()
    }

    pub(super) fn add(&mut self, gap: &Gap) {
        let mut key = (gap.connection, gap.direction, gap.reason);
        if self.gaps.len() >= MAX_GAPS && !self.gaps.contains_key(&key) {
            key = (None, None, gap.reason);
        }
        let merged = self.gaps.entry(key).or_insert_with(|| Gap {
            connection: key.0,
            direction: key.1,
            frames: 0,
            bytes: 0,
            ..gap.clone()
        });
        merged.from_ns = merged.from_ns.min(gap.from_ns);
        merged.to_ns = merged.to_ns.max(gap.to_ns);
        merged.frames += gap.frames;
        merged.bytes += gap.bytes;
    }

    /// Adds all rows of a batch that could not be stored.
    pub(super) fn add_rows(&mut self, rows: &[Row], reason: GapReason) {
        // Rows of one connection come in runs; one look-up for each run.
        for run in rows.chunk_by(|a, b| a.connection == b.connection && a.direction == b.direction)
        {
            let mut gap = lost_row(&run[0], reason);
            for row in &run[1..] {
                let next = lost_row(row, reason);
                gap.from_ns = gap.from_ns.min(next.from_ns);
                gap.to_ns = gap.to_ns.max(next.to_ns);
                gap.frames += next.frames;
                gap.bytes += next.bytes;
            }
            self.add(&gap);
        }
    }
}

/// The gap that the loss of one row makes.
pub(super) fn lost_row(row: &Row, reason: GapReason) -> Gap {
    Gap {
        connection: Some(row.connection),
        direction: Some(row.direction),
        from_ns: row.read_ns.cast_unsigned(),
        to_ns: row.read_ns.cast_unsigned(),
        frames: row.frames(),
        bytes: u64::from(row.payload_len),
        reason,
    }
}

/// Bytes that a connection's state costs.
pub(super) fn connection_cost(connection: &Connection) -> u64 {
    let heads = connection.request_head.len()
        + connection.response_head.len()
        + connection.response_body.len();
    FACT_COST + heads as u64
}

/// An unsigned number as SQLite stores it; no time and no count comes near the limit.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
