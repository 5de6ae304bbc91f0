//! Frames and facts on their way from many relays to the one writer: one mutex, one batch, swapped.
//!
//! The queue is bounded in bytes, over all and per connection, counting what is queued and what is
//! being written. A relay asks before it reads (`poll_ready`); a relay that may not read leaves
//! its waker, so that TCP's own flow control slows the sender.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::wire::{Connection, Direction, Fact, Frame, Gap, GapReason, Header, Note, Stamp};

use super::gaps::Gaps;

/// Bytes queued and being written, over all connections. With the writer's second buffer, the
/// relays' and SQLite's own, the process stays under 200 MB.
pub(super) const QUEUE_LIMIT: usize = 32 << 20;

/// The share of one connection, so that one that floods never holds up the others.
pub(super) const CONNECTION_LIMIT: usize = 8 << 20;

/// Bytes that wake the writer before its tick is over: a transaction of this size is efficient.
const EAGER: usize = 4 << 20;

/// What a row costs beside its payload: its own size here, and about as much in SQLite's page.
const ROW_COST: usize = size_of::<Row>() + 64;

/// One frame in a batch; its payload lies in the batch's arena.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) id: Option<i64>,
    pub(super) connection: i64,
    pub(super) read_ns: u64,
    pub(super) written_ns: Option<u64>,
    pub(super) payload: (usize, usize),
    pub(super) length: Option<i64>,
    pub(super) marks: u32,
    pub(super) header: Header,
    pub(super) direction: Direction,
}

/// What one commit stores.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) arena: Vec<u8>,
    pub(super) rows: Vec<Row>,
    pub(super) connections: HashMap<i64, Connection>,
    pub(super) gaps: Gaps,
    pub(super) notes: Vec<Note>,
}

/// What to do with a frame when the writer is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenBehind {
    /// Slow the sender down: nothing is lost.
    #[default]
    Slow,
    /// Drop the frame and store a gap: nothing is slowed.
    Gap,
}

/// Counts that anyone may read at any time.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) frames: [AtomicU64; 2],
    pub(super) bytes: [AtomicU64; 2],
    pub(super) lost_frames: AtomicU64,
    pub(super) lost_bytes: AtomicU64,
    pub(super) queued: AtomicUsize,
}

pub(super) struct Queue {
    inbox: Mutex<Inbox>,
    wake: Condvar,
    room: Condvar,
    when_behind: WhenBehind,
    pub(super) counts: Counts,
}

#[derive(Default)]
struct Inbox {
    batch: Batch,
    cost: usize,
    cost_of: HashMap<i64, usize>,
    waiting: Vec<Waker>,
    closing: bool,
    /// The writer waits for the first thing; later ones let it sleep out its tick.
    asleep: bool,
    /// In trouble nobody is slowed: what can't be stored becomes a gap.
    open: bool,
}

/// Puts the frames of one chunk into the queue, which is held meanwhile.
pub struct Appender<'a> {
    inbox: MutexGuard<'a, Inbox>,
    queue: &'a Queue,
    connection: i64,
}

impl Batch {
    /// Adds a frame; its payload is copied to the end of the arena.
    fn push(&mut self, at: (i64, Direction, Stamp), id: Option<i64>, frame: &Frame<'_>) -> usize {
        let (connection, direction, stamp) = at;
        let from = self.arena.len();
        self.arena.extend_from_slice(&frame.payload);
        let stated = i64::try_from(frame.length).unwrap_or(i64::MAX);
        self.rows.push(Row {
            id,
            connection,
            read_ns: stamp.read_ns,
            written_ns: stamp.written_ns,
            payload: (from, self.arena.len()),
            length: (frame.length != frame.payload.len() as u64).then_some(stated),
            marks: frame.marks.0,
            header: frame.header,
            direction,
        });
        frame.payload.len() + ROW_COST
    }

    /// Nothing to store.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
            && self.connections.is_empty()
            && self.gaps.is_empty()
            && self.notes.is_empty()
    }

    /// Turns the frames into gaps; what is left is worth another try.
    pub(super) fn lose_frames(&mut self, reason: GapReason) -> (u64, u64) {
        let (mut frames, mut bytes) = (0, 0);
        for row in self.rows.drain(..) {
            let payload = (row.payload.1 - row.payload.0) as u64;
            frames += 1;
            bytes += payload;
            self.gaps.add(Gap {
                connection: Some(row.connection),
                direction: Some(row.direction),
                from_ns: row.read_ns,
                to_ns: row.read_ns,
                frames: 1,
                bytes: payload,
                reason,
            });
        }
        self.arena.clear();
        (frames, bytes)
    }

    /// About how many bytes it adds to the file.
    pub(super) fn size(&self) -> usize {
        self.arena.len() + self.rows.len() * ROW_COST
    }

    /// Adds what an earlier batch could not store; its connections may have newer states here.
    pub(super) fn join_owed(&mut self, owed: Self) {
        for (id, connection) in owed.connections {
            self.connections.entry(id).or_insert(connection);
        }
        self.gaps.extend(owed.gaps);
        self.notes.splice(..0, owed.notes);
    }

    /// Takes out all that is not a frame.
    pub(super) fn take_owed(&mut self) -> Self {
        Self {
            connections: std::mem::take(&mut self.connections),
            gaps: std::mem::take(&mut self.gaps),
            notes: std::mem::take(&mut self.notes),
            ..Self::default()
        }
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.arena.clear();
        self.connections.clear();
        self.gaps = Gaps::default();
        self.notes.clear();
        // A burst's buffers are given back; steady traffic's are used again.
        self.arena.shrink_to(EAGER);
        self.rows.shrink_to(EAGER / ROW_COST);
    }
}

impl Counts {
    /// What was counted as it came can't be kept.
    pub(super) fn lose(&self, frames: u64, bytes: u64) {
        self.lost_frames.fetch_add(frames, Ordering::Relaxed);
        self.lost_bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Queue {
    pub(super) fn new(when_behind: WhenBehind) -> Arc<Self> {
        Arc::new(Self {
            inbox: Mutex::default(),
            wake: Condvar::new(),
            room: Condvar::new(),
            when_behind,
            counts: Counts::default(),
        })
    }

    /// Opens the queue for the frames of one connection.
    pub(super) fn appender(&self, connection: i64) -> Appender<'_> {
        Appender { inbox: self.lock(), queue: self, connection }
    }

    pub(super) fn connection(&self, connection: Connection) {
        let mut inbox = self.lock();
        inbox.batch.connections.insert(connection.id, connection);
        self.nudge(&inbox);
    }

    pub(super) fn gap(&self, gap: Gap) {
        let mut inbox = self.lock();
        inbox.batch.gaps.add(gap);
        self.nudge(&inbox);
    }

    /// Adds what an import brings, with its own ids.
    pub(super) fn fact(&self, fact: Fact<'_>) {
        match fact {
            Fact::Recording(_) => {}
            Fact::Connection(connection) => self.connection(connection),
            Fact::Gap(gap) => self.gap(gap),
            Fact::Note(note) => {
                let mut inbox = self.lock();
                inbox.batch.notes.push(note);
                self.nudge(&inbox);
            }
            Fact::Frame(frame) => {
                let mut appender = self.appender(frame.connection);
                appender.add(frame.direction, frame.stamp, Some(frame.id), &frame.frame);
            }
        }
    }

    /// Room for more of `connection`; if not, the waker is kept until there is.
    pub(super) fn poll_ready(&self, connection: i64, cx: &mut Context<'_>) -> Poll<()> {
        // As long as all together use less than one may, nobody is over: the common case, no lock.
        if self.counts.queued.load(Ordering::Relaxed) < CONNECTION_LIMIT {
            return Poll::Ready(());
        }
        let mut inbox = self.lock();
        if self.when_behind == WhenBehind::Gap || inbox.open || inbox.has_room(connection) {
            return Poll::Ready(());
        }
        inbox.waiting.push(cx.waker().clone());
        Poll::Pending
    }

    /// Waits for room, for callers that have no relay to slow down.
    pub(super) fn wait_ready(&self) {
        let inbox = self.lock();
        let full = |inbox: &mut Inbox| inbox.cost >= CONNECTION_LIMIT && !inbox.open;
        drop(self.room.wait_while(inbox, full).unwrap_or_else(PoisonError::into_inner));
    }

    /// The writer's side: waits until there is something, lets `tick` pass so that more can gather
    /// (unless much has), and swaps it for `spare`. A writer that `owes` does not wait for more.
    /// `false`: closed, and nothing is left.
    pub(super) fn take(&self, spare: &mut Batch, tick: Duration, owes: bool) -> bool {
        spare.clear();
        let mut inbox = self.lock();
        inbox.asleep = true;
        let idle = |inbox: &mut Inbox| inbox.batch.is_empty() && !inbox.closing && !owes;
        let mut inbox = self.wake.wait_while(inbox, idle).unwrap_or_else(PoisonError::into_inner);
        inbox.asleep = false;
        let gathering = |inbox: &mut Inbox| inbox.cost < EAGER && !inbox.closing;
        let (mut inbox, _) = self
            .wake
            .wait_timeout_while(inbox, tick, gathering)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut inbox.batch, spare);
        !(inbox.closing && spare.is_empty())
    }

    /// The writer's side: what was taken is stored or lost, its room is free again. In trouble
    /// (`open`) nobody is slowed.
    pub(super) fn release(&self, rows: &[Row], open: bool) {
        let mut inbox = self.lock();
        for row in rows {
            let cost = row.payload.1 - row.payload.0 + ROW_COST;
            inbox.cost -= cost;
            if let Some(of) = inbox.cost_of.get_mut(&row.connection) {
                *of -= cost;
                if *of == 0 {
                    inbox.cost_of.remove(&row.connection);
                }
            }
        }
        inbox.open = open;
        self.counts.queued.store(inbox.cost, Ordering::Relaxed);
        inbox.waiting.drain(..).for_each(Waker::wake);
        self.room.notify_all();
    }

    /// No more will come: the writer ends when the queue is empty.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.wake.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inbox> {
        // A relay that panicked while it held the queue has at most lost its own frame.
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the writer where it may be asleep without a tick, or much has gathered.
    fn nudge(&self, inbox: &Inbox) {
        if inbox.asleep || inbox.cost >= EAGER {
            self.wake.notify_one();
        }
    }
}

impl Inbox {
    fn has_room(&self, connection: i64) -> bool {
        self.cost < QUEUE_LIMIT
            && self.cost_of.get(&connection).is_none_or(|cost| *cost < CONNECTION_LIMIT)
    }
}

impl Appender<'_> {
    /// Adds a frame, or counts it as lost if the writer is behind and frames may be.
    pub fn frame(&mut self, direction: Direction, stamp: Stamp, frame: &Frame<'_>) {
        let slow = self.queue.when_behind == WhenBehind::Slow;
        if slow || self.inbox.open || self.inbox.has_room(self.connection) {
            return self.add(direction, stamp, None, frame);
        }
        let bytes = frame.payload.len() as u64;
        self.queue.counts.lost_frames.fetch_add(1, Ordering::Relaxed);
        self.queue.counts.lost_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.inbox.batch.gaps.add(Gap {
            connection: Some(self.connection),
            direction: Some(direction),
            from_ns: stamp.read_ns,
            to_ns: stamp.read_ns,
            frames: 1,
            bytes,
            reason: GapReason::Behind,
        });
    }

    fn add(&mut self, direction: Direction, stamp: Stamp, id: Option<i64>, frame: &Frame<'_>) {
        let inbox = &mut *self.inbox;
        let cost = inbox.batch.push((self.connection, direction, stamp), id, frame);
        inbox.cost += cost;
        *inbox.cost_of.entry(self.connection).or_default() += cost;
        let counts = &self.queue.counts;
        let whole = u64::from(!frame.marks.has(crate::wire::Marks::PART));
        counts.frames[direction.index()].fetch_add(whole, Ordering::Relaxed);
        let bytes = (frame.payload.len() + frame.header.as_bytes().len()) as u64;
        counts.bytes[direction.index()].fetch_add(bytes, Ordering::Relaxed);
        counts.queued.store(inbox.cost, Ordering::Relaxed);
    }
}

impl Drop for Appender<'_> {
    fn drop(&mut self) {
        self.queue.nudge(&self.inbox);
    }
}
