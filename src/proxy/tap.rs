//! Forwarded bytes → frames with stamps, handed to whoever records them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use crate::wire::{
    Close, Connection, Direction, Frame, FrameDecoder, Gap, GapReason, Opcode, Stamp,
};

/// Where a tap puts a frame.
pub type Push<'a> = dyn FnMut(Direction, Stamp, &Frame<'_>) + 'a;

/// Whoever records what the proxy sees. The proxy knows nothing else of it.
pub trait Tap: Send + Sync + 'static {
    /// The latest state of a connection; replaces the one before, in order with its frames.
    fn connection(&self, connection: Connection);

    /// Takes all frames of one forwarded chunk: `write` is called at once, with where to put them.
    fn append(&self, connection: i64, write: &mut dyn FnMut(&mut Push<'_>));

    /// A stretch that the tap itself lost.
    fn gap(&self, gap: Gap);

    /// Room for more of this connection. Asked before each read from a socket: `Pending` slows the
    /// sender down, by TCP's own flow control, and keeps the waker.
    fn poll_ready(&self, connection: i64, cx: &mut Context<'_>) -> Poll<()>;

    /// Something the user should know that belongs to no connection.
    fn notice(&self, text: String);
}

/// What is asked of the decoder while the queue is open for its frames.
type DecoderStep<'a> = dyn FnMut(&mut FrameDecoder, &mut dyn FnMut(Frame<'_>)) + 'a;

/// Payload bytes of incomplete frames that all connections together may hold; above it, what is
/// held is recorded as a part at once. 32 MiB: half of the queue's share of the 200 MB ceiling.
const HELD_LIMIT: usize = 32 << 20;

/// Decodes one direction of one connection and hands the frames on.
pub(super) struct FlowTap {
    tap: Arc<dyn Tap>,
    connection: i64,
    direction: Direction,
    decoder: FrameDecoder,
    held: usize,
    held_by_all: Arc<AtomicUsize>,
    broken: bool,
    /// Wire bytes seen.
    pub(super) bytes: u64,
    /// Frames seen, later parts not counted.
    pub(super) frames: u64,
    /// The first close frame, and when it was read.
    pub(super) close: Option<(Close, u64)>,
}

impl FlowTap {
    /// A tap for the first byte after the handshake.
    pub(super) fn new(
        tap: Arc<dyn Tap>,
        held_by_all: Arc<AtomicUsize>,
        connection: i64,
        decoder: FrameDecoder,
        direction: Direction,
    ) -> Self {
        Self {
            tap,
            connection,
            direction,
            decoder,
            held: 0,
            held_by_all,
            broken: false,
            bytes: 0,
            frames: 0,
            close: None,
        }
    }

    /// Room for more of this connection.
    pub(super) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.tap.poll_ready(self.connection, cx)
    }

    /// Takes bytes that were forwarded (or never will be: `written_ns` is `None`). The bytes are
    /// unmasked in place.
    pub(super) fn feed(&mut self, bytes: &mut [u8], stamp: Stamp) {
        if bytes.is_empty() {
            return;
        }
        self.bytes += bytes.len() as u64;
        let pressed = self.held_by_all.load(Ordering::Relaxed) > HELD_LIMIT;
        self.decode(stamp, bytes.len() as u64, &mut |decoder, emit| {
            decoder.feed(bytes, emit);
            if pressed {
                decoder.flush_part(emit);
            }
        });
        self.account();
    }

    /// The wire has ended: what is incomplete is recorded as cut.
    pub(super) fn finish(&mut self, stamp: Stamp) {
        self.decode(stamp, 0, &mut |decoder, emit| decoder.finish(emit));
        self.account();
    }

    /// Runs the decoder inside one append. A defect in it must not end the user's connection: it
    /// ends this tap, and the loss is a gap.
    fn decode(&mut self, stamp: Stamp, bytes: u64, run: &mut DecoderStep<'_>) {
        if self.broken {
            return self.lose(stamp, bytes);
        }
        let Self { tap, connection, direction, decoder, frames, close, .. } = self;
        let decoded = catch_unwind(AssertUnwindSafe(|| {
            tap.append(*connection, &mut |push| {
                run(decoder, &mut |frame| {
                    if close.is_none() {
                        *close = closes(&frame).map(|said| (said, stamp.read_ns));
                    }
                    *frames += u64::from(!frame.marks.has(crate::wire::Marks::PART));
                    push(*direction, stamp, &frame);
                });
            });
        }));
        if decoded.is_err() {
            self.broken = true;
            self.lose(stamp, bytes);
        }
    }

    fn lose(&self, stamp: Stamp, bytes: u64) {
        self.tap.gap(Gap {
            connection: Some(self.connection),
            direction: Some(self.direction),
            from_ns: stamp.read_ns,
            to_ns: stamp.read_ns,
            frames: 0,
            bytes,
            reason: GapReason::Recorder,
        });
    }

    fn account(&mut self) {
        let held = self.decoder.held();
        self.held_by_all.fetch_add(held, Ordering::Relaxed);
        self.held_by_all.fetch_sub(self.held, Ordering::Relaxed);
        self.held = held;
    }
}

impl Drop for FlowTap {
    fn drop(&mut self) {
        self.held_by_all.fetch_sub(self.held, Ordering::Relaxed);
    }
}

/// What the frame says, if it is a close frame.
fn closes(frame: &Frame<'_>) -> Option<Close> {
    let is_close = !frame.header.is_empty() && frame.header.opcode() == Opcode::CLOSE;
    is_close.then(|| Close::from_payload(&frame.payload))
}
