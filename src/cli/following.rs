//! Facts of a recording that grows → which of its frames a filter means, as they come.
//!
//! What comes is judged by what is known then: whether a run lacks an event, say, as far as it has
//! come.

use super::failure::{Code, Failure};
use super::sift::{self, Looked};
use crate::analysis::look::Look;
use crate::analysis::timeline::Timeline;
use crate::analysis::{Analysis, MESSAGE_LIMIT};
use crate::events::filter::{Filter, Payload};
use crate::events::payload::Parts;
use crate::wire::{Fact, Messages, RecordedFrame};

/// A filter over what comes after what was looked at already.
pub(super) struct Following {
    filter: Filter,
    analysis: Analysis,
    timeline: Timeline,
    messages: Messages,
    parts: Parts,
    /// Frames up to here were judged by the whole recording that they were part of.
    after: i64,
}

impl Following {
    /// By the rules that `looked` was looked at by.
    pub(super) fn new(filter: Filter, looked: &Looked) -> Result<Self, Failure> {
        let book = looked.analysis.engine().book().clone();
        let rows = &looked.timeline;
        let last = rows.len().checked_sub(1).and_then(|last| rows.row(last));
        let timeline = Timeline::new(&book.reading);
        let analysis = Analysis::new(book).map_err(|error| {
            Failure::new(Code::Usage, "the rules can't be followed").because(&error)
        })?;
        Ok(Self {
            filter,
            parts: sift::parts(&analysis.engine().book().reading)?,
            analysis,
            timeline,
            messages: Messages::new(MESSAGE_LIMIT),
            after: last.map_or(0, |last| last.frames.1),
        })
    }

    /// Takes the next fact; whether it is a frame that ends a message, or is one, that is meant.
    pub(super) fn feed(&mut self, fact: &Fact<'_>) -> bool {
        let from = self.timeline.len();
        let timeline = &mut self.timeline;
        let changed = self.analysis.feed(fact, &mut |event, _| timeline.append(event));
        if !changed.is_empty() {
            self.timeline.settle(self.analysis.engine().findings());
        }
        match fact {
            Fact::Connection(connection) => self.messages.connection(connection),
            Fact::Gap(gap) => self.messages.gap(gap),
            Fact::Frame(frame) => return self.frame(frame, from),
            Fact::Recording(_) | Fact::Note(_) => {}
        }
        false
    }

    fn frame(&mut self, frame: &RecordedFrame<'_>, from: u32) -> bool {
        let message = self.messages.feed(frame);
        if frame.id <= self.after {
            return false;
        }
        let rows = self.timeline.page(from.checked_sub(1), usize::MAX);
        let mut rows = rows.filter(|row| row.frames.1 == frame.id);
        let look =
            Look::new(&self.timeline, self.analysis.symbols(), self.analysis.engine().findings());
        rows.any(|row| {
            let payload = message.as_ref().map(|message| {
                let json = self.parts.json(&message.payload, u32::from(row.part));
                (message, json)
            });
            let payload = payload.as_ref().map(|(message, json)| Payload {
                opcode: message.opcode,
                bytes: &message.payload,
                json: json.as_deref(),
            });
            look.meets(&self.filter, &row, payload.as_ref()) == Some(true)
        })
    }
}
