//! Frames from any thread → batches for the writer, within a budget.
//!
//! One lock guards one batch, and an append takes it once. The writer swaps the batch for an
//! empty one, so that it never holds the lock while it writes.
//!
//! # Budget
//! All connections together may have [`QUEUE_BYTES`] waiting or being written, and one of them at
//! most [`CONNECTION_BYTES`] and half of what is free. So a connection that floods leaves the next
//! one at least two thirds of what it found. The budget is asked for before a socket is read, and
//! exceeded by no more than what was read then.
//!
//! # Losses
//! Nothing is dropped while the writer works and `--when-behind` is `slow`. In a trouble of the
//! writer's the traffic goes on: what exceeds the budget then is counted instead of kept.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::wire::{Connection, Direction, Fact, Frame, Gap, GapReason, Stamp};

use super::batch::{Batch, FACT_COST, Losses, ROW_COST, Row, connection_cost, lost_row};
use super::pace::Pace;
use super::status::{Board, Status};
use super::writer::{WhenBehind, WriterOptions};

/// Bytes that may wait or be in the writer's hands: a sixth of the 200 MB that the whole proxy
/// may take, and a fifth of a second at the 150 MB/s that disks hold.
pub const QUEUE_BYTES: u64 = 32 << 20;

/// Bytes of one connection in the queue: two transactions' worth, so that one is filled while
/// the other is written.
pub const CONNECTION_BYTES: u64 = 8 << 20;

/// Bytes that end a tick early. Larger transactions store no more rows a second.
pub(super) const BATCH_BYTES: u64 = 4 << 20;

/// How long frames are gathered before they are stored: what `kill -9` loses, and long enough
/// that waking the writer costs nothing at low rates.
///
/// A prime number of milliseconds, so that steady traffic, whose messages are a round number of
/// them apart, does not meet a commit at the same place each time.
pub(super) const TICK: Duration = Duration::from_millis(17);

/// How long the writer sleeps without work before it looks whether its file is still there.
const IDLE: Duration = Duration::from_secs(2);

/// Wakers kept for a connection: it has two directions, and a task that moved may leave one more.
const MAX_WAKERS: usize = 4;

/// Where frames are handed in; cheap to clone.
#[derive(Clone, Debug)]
pub struct Journal {
    shared: Arc<Shared>,
}

/// Takes the frames of one append.
#[derive(Debug)]
pub struct Appender<'a> {
    shared: &'a Shared,
    state: MutexGuard<'a, State>,
    connection: i64,
    cost_before: u64,
    was_empty: bool,
    spent: u64,
    /// Bytes that fit, where what does not fit is dropped.
    room: u64,
    drops: Option<GapReason>,
}

/// What the threads that append and the writer have in common.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// The writer waits here for work.
    work: Condvar,
    /// An import waits here for room.
    room: Condvar,
    /// The cost of all that waits or is being written, for a look without the lock.
    total: AtomicU64,
    /// What [`Pace`] allows of that, for the same.
    allowed: AtomicU64,
    /// Traffic is never held up: in a trouble, and with [`WhenBehind::Gap`].
    flows: AtomicBool,
    pub(super) board: Board,
    when_behind: WhenBehind,
    limits: Limits,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    queue: u64,
    connection: u64,
}

#[derive(Debug)]
struct State {
    queued: Batch,
    pace: Pace,
    /// Traffic has had to wait since the last transaction.
    held: bool,
    /// What the batch in the writer's hands costs, by connection and in all.
    in_flight: HashMap<i64, u64>,
    in_flight_cost: u64,
    waiting: HashMap<i64, Vec<Waker>>,
    trouble: Option<GapReason>,
    stop: Option<Stop>,
}

/// How the writer is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// In order, at this time.
    Finish(u64),
    /// Without an end: the recording stays interrupted.
    Abandon,
}

/// How long the writer waits for its next batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Until there is something to store.
    ForWork,
    /// This long, and then it tries again with what there is.
    ToRetry(Duration),
}

impl Journal {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The latest state of a connection; replaces the one before.
    pub fn connection(&self, connection: Connection) {
        let mut appender = self.shared.appender(connection.id);
        if appender.is_closed() {
            return;
        }
        appender.state.queued.cost += connection_cost(&connection);
        appender.state.queued.connections.push(connection);
    }

    /// Takes the frames that `write` gives, all under one lock: `write` must not wait for anything.
    pub fn append(&self, connection: i64, write: impl FnOnce(&mut Appender<'_>)) {
        write(&mut self.shared.appender(connection));
    }

    /// A stretch that was lost before it came here.
    pub fn gap(&self, gap: &Gap) {
        self.shared.appender(gap.connection.unwrap_or_default()).gap(gap);
    }

    /// `Pending`, with the waker kept, while what this connection may have of the queue is used
    /// up. To be asked before each read from a socket.
    pub fn poll_ready(&self, connection: i64, cx: &mut Context<'_>) -> Poll<()> {
        let shared = &*self.shared;
        let total = shared.total.load(Ordering::Relaxed);
        let allowed = shared.allowed.load(Ordering::Relaxed);
        // A connection has at most what all have.
        if shared.flows.load(Ordering::Relaxed) || total < shared.limits.share(allowed, total) {
            return Poll::Ready(());
        }
        let mut state = shared.lock();
        if shared.flows.load(Ordering::Relaxed) || state.has_room(connection, shared.limits) {
            return Poll::Ready(());
        }
        if !std::mem::replace(&mut state.held, true) {
            // The tick ends here: what waits is all that will come.
            shared.work.notify_one();
        }
        let wakers = state.waiting.entry(connection).or_default();
        if !wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
            if wakers.len() == MAX_WAKERS {
                wakers.remove(0).wake();
            }
            wakers.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Blocks until the queue has room; for an import, which has no socket to hold back.
    pub fn wait_ready(&self) {
        let shared = &*self.shared;
        let full = |state: &mut State| {
            state.cost() >= shared.limits.queue && !shared.flows.load(Ordering::Relaxed)
        };
        drop(shared.room.wait_while(shared.lock(), full).unwrap_or_else(PoisonError::into_inner));
    }

    /// Stores a fact from elsewhere with the ids it has; [`Fact::Recording`] is ignored, since a
    /// recording has its own from the start. Frames must come in the order of their ids.
    pub fn fact(&self, fact: Fact<'_>) {
        match fact {
            Fact::Recording(_) => {}
            Fact::Connection(connection) => self.connection(connection),
            Fact::Frame(recorded) => {
                let mut appender = self.shared.appender(recorded.connection);
                let row =
                    Row::new(recorded.id, recorded.connection, recorded.direction, recorded.stamp);
                appender.push(row, &recorded.frame);
            }
            Fact::Gap(gap) => {
                let mut appender = self.shared.appender(gap.connection.unwrap_or_default());
                if !appender.is_closed() {
                    appender.state.queued.gaps.push(gap);
                    appender.state.queued.cost += FACT_COST;
                }
            }
            Fact::Note(note) => {
                let mut appender = self.shared.appender(0);
                if !appender.is_closed() {
                    let texts = [&note.finding, &note.run].into_iter().flatten();
                    let texts = texts.chain([&note.text, &note.author]).map(String::len);
                    appender.state.queued.cost += FACT_COST + texts.sum::<usize>() as u64;
                    appender.state.queued.notes.push(note);
                }
            }
        }
    }

    /// How the recorder does; cheap enough for a status line.
    pub fn status(&self) -> Status {
        self.shared.status()
    }
}

impl Appender<'_> {
    /// Stores a frame behind those before it.
    pub fn frame(&mut self, direction: Direction, stamp: Stamp, frame: &Frame<'_>) {
        self.push(Row::new(0, self.connection, direction, stamp), frame);
    }

    /// A stretch that was lost before it came here.
    pub fn gap(&mut self, gap: &Gap) {
        self.state.queued.lost.add(gap);
        self.shared.board.add_lost(gap);
    }

    fn push(&mut self, mut row: Row, frame: &Frame<'_>) {
        let cost = ROW_COST + frame.payload.len() as u64;
        match self.drops {
            Some(reason) if self.spent + cost > self.room => {
                row.marks = frame.marks;
                let mut gap = lost_row(&row, reason);
                gap.bytes = frame.payload.len() as u64;
                self.gap(&gap);
            }
            _ => {
                self.spent += cost;
                self.state.queued.push(row, frame);
            }
        }
    }

    /// The writer has ended, or is about to: nothing more is stored.
    fn is_closed(&self) -> bool {
        self.state.stop.is_some()
    }
}

/// Settles the account in a drop, since the code that gives the frames may panic.
impl Drop for Appender<'_> {
    fn drop(&mut self) {
        let queued = &mut self.state.queued;
        if self.spent > 0 {
            queued.cost += self.spent;
            *queued.usage.entry(self.connection).or_default() += self.spent;
        }
        if self.was_empty && !queued.is_empty() {
            queued.begin();
        }
        let full = self.cost_before < BATCH_BYTES && queued.cost >= BATCH_BYTES;
        if full || (self.was_empty && !queued.is_empty()) {
            self.shared.work.notify_one();
        }
        self.shared.total.store(self.state.cost(), Ordering::Relaxed);
    }
}

impl Shared {
    pub(super) fn new(options: &WriterOptions, board: Board) -> Self {
        let pace = Pace::new(options.queue_bytes);
        Self {
            state: Mutex::new(State {
                queued: Batch::default(),
                pace,
                held: false,
                in_flight: HashMap::new(),
                in_flight_cost: 0,
                waiting: HashMap::new(),
                trouble: None,
                stop: None,
            }),
            work: Condvar::new(),
            room: Condvar::new(),
            total: AtomicU64::new(0),
            allowed: AtomicU64::new(pace.allowed()),
            flows: AtomicBool::new(options.when_behind == WhenBehind::Gap),
            board,
            when_behind: options.when_behind,
            limits: Limits { queue: options.queue_bytes, connection: options.connection_bytes },
        }
    }

    pub(super) fn status(&self) -> Status {
        self.board.status(self.total.load(Ordering::Relaxed))
    }

    /// Puts what waits into `batch`, which is empty. Tells how to stop once that was asked for;
    /// whatever is appended after that is lost.
    pub(super) fn take(&self, batch: &mut Batch, wait: Wait) -> Option<Stop> {
        let mut state = self.lock();
        let (condition, limit): (fn(&mut State) -> bool, _) = match wait {
            Wait::ForWork => (|state| state.stop.is_none() && state.queued.is_empty(), IDLE),
            Wait::ToRetry(pause) => (|state| state.stop.is_none(), pause),
        };
        state = self.wait(state, limit, condition);
        if wait == Wait::ForWork && !state.queued.is_empty() {
            state = self.wait(state, TICK, |state| {
                state.stop.is_none() && state.queued.cost < BATCH_BYTES && !state.held
            });
        }
        let State { queued, in_flight, in_flight_cost, stop, .. } = &mut *state;
        std::mem::swap(queued, batch);
        std::mem::swap(in_flight, &mut batch.usage);
        *in_flight_cost = batch.cost;
        *stop
    }

    /// The batch taken is stored, or lost, `age` after the first of it came: its room is free
    /// again, and whoever waited goes on.
    pub(super) fn release(&self, age: Duration) {
        let mut state = self.lock();
        state.in_flight.clear();
        state.in_flight_cost = 0;
        let held = std::mem::take(&mut state.held);
        state.pace.stored(age, held);
        self.allowed.store(state.pace.allowed(), Ordering::Relaxed);
        self.total.store(state.cost(), Ordering::Relaxed);
        let ready = state.take_ready(self.limits);
        drop(state);
        self.wake(ready);
    }

    /// Nothing can be stored (`Some`), or all is well again: traffic flows in a trouble.
    pub(super) fn set_trouble(&self, trouble: Option<GapReason>) {
        let mut state = self.lock();
        if state.trouble == trouble {
            return;
        }
        state.trouble = trouble;
        let flows = trouble.is_some() || self.when_behind == WhenBehind::Gap;
        self.flows.store(flows, Ordering::Relaxed);
        let ready = if flows { state.take_all() } else { Vec::new() };
        drop(state);
        self.wake(ready);
    }

    /// Asks the writer to end.
    pub(super) fn stop(&self, stop: Stop) {
        let mut state = self.lock();
        state.stop.get_or_insert(stop);
        self.flows.store(true, Ordering::Relaxed);
        let ready = state.take_all();
        drop(state);
        self.work.notify_one();
        self.wake(ready);
    }

    /// The writer is gone, with `batch` in its hands: nothing is stored any more, and traffic flows.
    pub(super) fn fail(&self, batch: &Batch) {
        self.stop(Stop::Abandon);
        let mut lost = Losses::default();
        lost.add_rows(&batch.rows, GapReason::Recorder);
        let mut state = self.lock();
        lost.add_rows(&state.queued.rows, GapReason::Recorder);
        state.queued.clear();
        state.in_flight.clear();
        state.in_flight_cost = 0;
        self.total.store(0, Ordering::Relaxed);
        drop(state);
        for gap in lost.gaps() {
            self.board.add_lost(gap);
        }
        let since_ns = lost.gaps().map(|gap| gap.from_ns).min().unwrap_or_default();
        let text = "the recorder failed: please report it".to_owned();
        self.board.set_trouble(GapReason::Recorder, text, since_ns);
    }

    fn appender(&self, connection: i64) -> Appender<'_> {
        let state = self.lock();
        let drops = if state.stop.is_some() {
            Some(GapReason::Recorder)
        } else if self.when_behind == WhenBehind::Gap {
            Some(state.trouble.unwrap_or(GapReason::Behind))
        } else {
            state.trouble
        };
        let room = match drops {
            None => u64::MAX,
            Some(_) if state.stop.is_some() => 0,
            Some(_) => {
                let share = self.limits.share(self.limits.queue, state.cost());
                share.saturating_sub(state.used_by(connection))
            }
        };
        Appender {
            shared: self,
            connection,
            cost_before: state.queued.cost,
            was_empty: state.queued.is_empty(),
            spent: 0,
            room,
            drops,
            state,
        }
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        limit: Duration,
        condition: fn(&mut State) -> bool,
    ) -> MutexGuard<'a, State> {
        let waited = self.work.wait_timeout_while(state, limit, condition);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn wake(&self, ready: Vec<Waker>) {
        self.room.notify_all();
        for waker in ready {
            waker.wake();
        }
    }

    /// Whoever panics with the lock held was between two whole rows, so the state is sound.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Limits {
    /// What one connection may have of a queue of `allowed` bytes that has `total`.
    fn share(self, allowed: u64, total: u64) -> u64 {
        self.connection.min(allowed.saturating_sub(total) / 2)
    }
}

impl State {
    fn cost(&self) -> u64 {
        self.queued.cost + self.in_flight_cost
    }

    fn used_by(&self, connection: i64) -> u64 {
        let of = |usage: &HashMap<i64, u64>| usage.get(&connection).copied().unwrap_or_default();
        of(&self.queued.usage) + of(&self.in_flight)
    }

    fn has_room(&self, connection: i64, limits: Limits) -> bool {
        self.used_by(connection) < limits.share(self.pace.allowed(), self.cost())
    }

    fn take_ready(&mut self, limits: Limits) -> Vec<Waker> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        let ready = waiting
            .extract_if(|connection, _| self.has_room(*connection, limits))
            .flat_map(|(_, wakers)| wakers)
            .collect();
        self.waiting = waiting;
        ready
    }

    fn take_all(&mut self) -> Vec<Waker> {
        self.waiting.drain().flat_map(|(_, wakers)| wakers).collect()
    }
}
