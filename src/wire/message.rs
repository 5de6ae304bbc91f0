//! Frames of one direction → messages: continuations joined around control frames, and inflated.

use super::frame::{Marks, Opcode, RecordedFrame};
use super::inflate::Deflate;
use super::stamp::Stamp;

/// A data message put together from its frames, inflated; or one control frame; or raw bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Ids of its first and last frame.
    pub frames: (i64, i64),
    /// Stamp of its last frame.
    pub stamp: Stamp,
    /// Text, binary, or a control opcode; `CONTINUATION` for raw bytes and strays.
    pub opcode: Opcode,
    /// The payload, inflated, up to the assembler's limit.
    pub payload: Vec<u8>,
    /// Payload bytes before the limit was applied, if known; 0 if it could not be inflated.
    pub length: u64,
    /// It was compressed on the wire.
    pub compressed: bool,
    /// Why the payload is not whole or not plain, in a few words.
    pub trouble: Option<&'static str>,
    /// All marks of its frames.
    pub marks: Marks,
}

/// Joins frames of one direction of one connection. (Signatures fixed; body to come.)
#[derive(Debug)]
pub struct MessageAssembler {}

impl MessageAssembler {
    /// For a direction that agreed on `deflate`, keeping at most `limit` payload bytes a message.
    pub fn new(deflate: Option<Deflate>, limit: usize) -> Self {
        let _ = (deflate, limit);
        Self {}
    }

    /// Takes the next frame (or part) and gives the message that it completes, if it does.
    pub fn feed(&mut self, frame: &RecordedFrame<'_>) -> Option<Message> {
        let _ = frame;
        None
    }

    /// Frames were lost here: an open message and the window are gone.
    pub fn gap(&mut self) {}
}
