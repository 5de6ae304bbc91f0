//! Bytes of one direction of a connection → frames, however the bytes are split.

use super::frame::Frame;
use super::stamp::Direction;

/// Turns bytes into frames. (Signatures fixed; body to come.)
#[derive(Debug)]
pub struct FrameDecoder {
    direction: Direction,
    max_payload: u64,
}

impl FrameDecoder {
    /// A decoder for the first byte after the handshake.
    pub fn new(direction: Direction, max_payload: u64) -> Self {
        Self { direction, max_payload }
    }

    /// permessage-deflate was negotiated: RSV1 on the first frame of a data message is legal.
    pub fn allow_rsv1(&mut self) {}

    /// Takes the next bytes, unmasking payloads in place, and emits each frame that they complete.
    pub fn feed(&mut self, bytes: &mut [u8], emit: &mut dyn FnMut(Frame<'_>)) {
        let _ = (bytes, emit, self.direction, self.max_payload);
    }

    /// Emits what is held of an incomplete payload as a part, so that nothing stays in memory.
    pub fn flush_part(&mut self, emit: &mut dyn FnMut(Frame<'_>)) {
        let _ = emit;
    }

    /// The wire has ended: emits what is left, marked as cut.
    pub fn finish(&mut self, emit: &mut dyn FnMut(Frame<'_>)) {
        let _ = emit;
    }

    /// Payload bytes held for a frame that is not complete yet.
    pub fn held(&self) -> usize {
        0
    }
}
