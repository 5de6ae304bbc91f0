//! A recording → the payloads of its messages, one after the other, as far as somebody asks.

use std::ops::ControlFlow;
use std::path::Path;

use super::failure::Failure;
use crate::analysis::MESSAGE_LIMIT;
use crate::recording::{Check, Follow, FrameRange, RecordingReader};
use crate::wire::{Fact, Messages, Opcode};

/// Payloads on their way through a recording.
pub(super) struct Payloads {
    reader: RecordingReader,
    follow: Follow,
    messages: Messages,
}

impl Payloads {
    pub(super) fn new(path: &Path) -> Result<Self, Failure> {
        Ok(Self {
            reader: RecordingReader::open_with(path, Check::Schema)?,
            follow: Follow::new(FrameRange::default()),
            messages: Messages::new(MESSAGE_LIMIT),
        })
    }

    /// Reads on until this frame: of each message its last frame, its opcode and its payload.
    pub(super) fn until(
        &mut self,
        last: i64,
        each: &mut dyn FnMut(i64, Opcode, &[u8]),
    ) -> Result<(), Failure> {
        let Self { reader, follow, messages } = self;
        if follow.last_frame() >= last {
            return Ok(());
        }
        follow.poll(reader, &mut |fact| {
            match &fact {
                Fact::Connection(connection) => messages.connection(connection),
                Fact::Gap(gap) => messages.gap(gap),
                Fact::Frame(frame) => {
                    if let Some(message) = messages.feed(frame) {
                        each(message.frames.1, message.opcode, &message.payload);
                    }
                    if frame.id >= last {
                        return ControlFlow::Break(());
                    }
                }
                Fact::Recording(_) | Fact::Note(_) => {}
            }
            ControlFlow::Continue(())
        })?;
        Ok(())
    }
}
