//! After the 101: two flows, each read → write on → tap, until both have ended as they ended.
//!
//! A chunk is written on before anyone else sees it. A flow owns no buffer: it reads into its
//! thread's scratch, and only what the receiver does not take at once is kept. An end is passed on
//! as what it was: end of file as half-close, reset as reset. Nothing is ever invented.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::wire::{Direction, Stamp};

use super::clock::Clock;
use super::stream::Stream;
use super::tap::FlowTap;

/// Bytes read at once. Large, since one read of a burst costs what one small read costs; one
/// buffer a thread, none a connection.
const SCRATCH: usize = 256 << 10;

/// Bytes that all flows together may keep for receivers that don't take them; above it, flows read
/// small chunks, so that a thousand stuck receivers cost kilobytes each.
const KEPT_LIMIT: usize = 16 << 20;

/// Bytes read at once above [`KEPT_LIMIT`].
const SMALL_READ: usize = 4 << 10;

/// How long a receiver may take for the last bytes of a sender that was reset.
const LAST_BYTES: Duration = Duration::from_secs(1);

/// Bytes kept by all flows for receivers that don't take them.
static KEPT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static CHUNK: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH]);
}

/// Both flows of one connection, and the sockets between which they run.
pub(super) struct Relay {
    pub(super) client: Stream,
    pub(super) server: Stream,
    pub(super) flows: [Flow; 2],
}

/// What was seen of a relay's end.
#[derive(Debug)]
pub(super) struct RelayEnd {
    /// The direction whose sender went first.
    pub(super) first: Option<Direction>,
    /// A socket failed or was reset, with the system's words.
    pub(super) failure: Option<io::Error>,
    /// TLS ended without close_notify: the stream may have been cut.
    pub(super) truncated: bool,
    /// When the last byte had gone.
    pub(super) closed_ns: u64,
}

/// One direction: from a sender to a receiver.
pub(super) struct Flow {
    direction: Direction,
    clock: Clock,
    tap: FlowTap,
    kept: Vec<u8>,
    kept_from: usize,
    kept_read_ns: u64,
    unflushed: bool,
    truncated: bool,
    state: FlowState,
}

/// Where a flow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FlowState {
    /// Reading.
    Open,
    /// The sender has ended; the receiver is still to be told.
    Ending,
    /// The receiver has been told.
    Ended,
    /// The sender was reset; its last bytes still go out.
    SenderLost,
    /// A socket failed: nothing moves any more.
    Lost,
}

impl Relay {
    /// Relays until both directions have ended, or `stop` is ready; [`Relay::close`] is next.
    pub(super) async fn run(&mut self, mut stop: Pin<&mut impl Future<Output = ()>>) -> RelayEnd {
        let mut end = RelayEnd { first: None, failure: None, truncated: false, closed_ns: 0 };
        let stopped = poll_fn(|cx| {
            if stop.as_mut().poll(cx).is_ready() {
                return Poll::Ready(true);
            }
            self.poll_flows(cx, &mut end).map(|()| false)
        })
        .await;
        if !stopped && self.flows.iter().any(|flow| flow.state == FlowState::SenderLost) {
            // Boxed, since its timer would make the task of every idle connection larger.
            Box::pin(self.last_bytes(&mut end)).await;
        }
        end
    }

    fn poll_flows(&mut self, cx: &mut Context<'_>, end: &mut RelayEnd) -> Poll<()> {
        let [out, back] = &mut self.flows;
        out.step(cx, &mut self.client, &mut self.server, end);
        back.step(cx, &mut self.server, &mut self.client, end);
        // A socket that was reset is gone both ways: the flow towards it has nowhere to go.
        if out.state == FlowState::SenderLost {
            back.lose();
        } else if back.state == FlowState::SenderLost {
            out.lose();
        }
        if self.flows.iter().all(Flow::is_done) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Gives the receiver of a reset sender a moment to take the last bytes.
    async fn last_bytes(&mut self, end: &mut RelayEnd) {
        let write = poll_fn(|cx| {
            let [out, back] = &mut self.flows;
            let (flow, to) = if out.state == FlowState::SenderLost {
                (out, &mut self.server)
            } else {
                (back, &mut self.client)
            };
            flow.poll_kept(cx, to)
        });
        // Out of time is an answer too: the receiver does not take them.
        if let Ok(Err(error)) = tokio::time::timeout(LAST_BYTES, write).await {
            end.failure.get_or_insert(error);
        }
    }

    /// Closes both sockets as they ended; what the taps still hold is recorded.
    pub(super) fn close(self, mut end: RelayEnd) -> (RelayEnd, [FlowTap; 2]) {
        let Self { client, server, flows: [mut out, mut back] } = self;
        for flow in [&mut out, &mut back] {
            flow.finish();
            end.truncated |= flow.truncated;
            end.closed_ns = flow.clock.now_ns();
        }
        if end.failure.is_some() {
            client.reset();
            server.reset();
        }
        (end, [out.tap, back.tap])
    }
}

impl Flow {
    /// A flow whose sender has already sent `early`.
    pub(super) fn new(direction: Direction, clock: Clock, tap: FlowTap, early: Vec<u8>) -> Self {
        KEPT.fetch_add(early.len(), Ordering::Relaxed);
        Self {
            direction,
            clock,
            tap,
            // Not the empty buffer that a head was read into: it would never be freed.
            kept: if early.is_empty() { Vec::new() } else { early },
            kept_from: 0,
            kept_read_ns: clock.now_ns(),
            unflushed: false,
            truncated: false,
            state: FlowState::Open,
        }
    }

    fn is_done(&self) -> bool {
        matches!(self.state, FlowState::Ended | FlowState::SenderLost | FlowState::Lost)
    }

    /// Moves what can be moved, and notes in `end` what ended.
    fn step(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
        end: &mut RelayEnd,
    ) {
        if self.is_done() {
            return;
        }
        match self.poll_move(cx, from, to, end) {
            Poll::Pending | Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => {
                // The receiver failed: whatever it still has to say comes by the other flow.
                end.first.get_or_insert(opposite(self.direction));
                end.failure.get_or_insert(error);
                self.lose();
            }
        }
    }

    /// Reads and writes on until the sender has ended; an error is the receiver's.
    fn poll_move(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
        end: &mut RelayEnd,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_kept(cx, to))?;
            if self.state == FlowState::Ending {
                ready!(to.poll_shutdown(cx))?;
                self.state = FlowState::Ended;
                return Poll::Ready(Ok(()));
            }
            if self.tap.poll_ready(cx).is_pending() {
                return Poll::Pending;
            }
            match ready!(self.poll_chunk(cx, from, to)) {
                Chunk::Moved => {}
                Chunk::End => {
                    end.first.get_or_insert(self.direction);
                    self.state = FlowState::Ending;
                }
                Chunk::SenderFailed(error) => {
                    end.first.get_or_insert(self.direction);
                    end.failure.get_or_insert(error);
                    self.state = FlowState::SenderLost;
                    return Poll::Ready(Ok(()));
                }
                Chunk::ReceiverFailed(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Writes what an earlier write left.
    fn poll_kept(&mut self, cx: &mut Context<'_>, to: &mut Stream) -> Poll<io::Result<()>> {
        while self.kept_from < self.kept.len() {
            let written = ready!(to.poll_write(cx, &self.kept[self.kept_from..]))?;
            self.unflushed = true;
            let stamp = Stamp { read_ns: self.kept_read_ns, written_ns: Some(self.clock.now_ns()) };
            let bytes = &mut self.kept[self.kept_from..self.kept_from + written];
            self.tap.feed(bytes, stamp);
            self.kept_from += written;
            KEPT.fetch_sub(written, Ordering::Relaxed);
        }
        if !self.kept.is_empty() {
            // Freed, not cleared: a connection that is idle again holds no buffer.
            self.kept = Vec::new();
            self.kept_from = 0;
        }
        if self.unflushed {
            ready!(to.poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// One read, one write, one tap.
    fn poll_chunk(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
    ) -> Poll<Chunk> {
        CHUNK.with_borrow_mut(|scratch| {
            let crowded = KEPT.load(Ordering::Relaxed) > KEPT_LIMIT;
            let scratch = &mut scratch[..if crowded { SMALL_READ } else { SCRATCH }];
            let read = match ready!(from.poll_read(cx, scratch)) {
                Ok(0) => return Poll::Ready(Chunk::End),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    self.truncated = true;
                    return Poll::Ready(Chunk::End);
                }
                Err(error) => return Poll::Ready(Chunk::SenderFailed(error)),
            };
            let chunk = &mut scratch[..read];
            let read_ns = self.clock.now_ns();
            let written = match to.poll_write(cx, chunk) {
                Poll::Ready(Ok(written)) => written,
                Poll::Pending => 0,
                Poll::Ready(Err(error)) => {
                    self.tap.feed(chunk, Stamp { read_ns, written_ns: None });
                    return Poll::Ready(Chunk::ReceiverFailed(error));
                }
            };
            self.unflushed = matches!(to, Stream::Tls(_)) && written > 0;
            let (gone, left) = chunk.split_at_mut(written);
            if !left.is_empty() {
                self.kept.extend_from_slice(left);
                self.kept_read_ns = read_ns;
                KEPT.fetch_add(left.len(), Ordering::Relaxed);
            }
            self.tap.feed(gone, Stamp { read_ns, written_ns: Some(self.clock.now_ns()) });
            Poll::Ready(Chunk::Moved)
        })
    }

    fn lose(&mut self) {
        if !self.is_done() {
            self.state = FlowState::Lost;
        }
    }

    /// Records what was read and never written, and what is incomplete.
    fn finish(&mut self) {
        let stamp = Stamp { read_ns: self.kept_read_ns, written_ns: None };
        let left = self.kept.len() - self.kept_from;
        KEPT.fetch_sub(left, Ordering::Relaxed);
        self.tap.feed(&mut self.kept[self.kept_from..], stamp);
        let now = self.clock.now_ns();
        let written_ns = if left == 0 { Some(now) } else { None };
        self.tap.finish(Stamp { read_ns: now, written_ns });
        self.kept = Vec::new();
        self.kept_from = 0;
    }
}

/// What one read brought.
enum Chunk {
    Moved,
    End,
    SenderFailed(io::Error),
    ReceiverFailed(io::Error),
}

const fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::ClientToServer => Direction::ServerToClient,
        Direction::ServerToClient => Direction::ClientToServer,
    }
}
