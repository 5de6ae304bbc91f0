//! Facts → what was said where no frame shows it: payloads inflated or put together, and the JSON
//! that is wrapped in something else.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Body;
use crate::analysis::timeline::Timeline;
use crate::events::payload::Parts;
use crate::wire::{Fact, Message, Messages};

/// Bytes of one message that are shown; the tape has the rest.
const MOST_OF_ONE: usize = 256 << 10;

/// Bytes of all of them: a report that holds more is too long to be sent anyway.
const MOST_OF_ALL: usize = 32 << 20;

/// What was said, by row of the timeline.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    pub(super) json: HashMap<u32, String>,
    pub(super) body: HashMap<u32, Body>,
    /// Messages that there was no room for.
    pub(super) left_out: u64,
    used: usize,
}

impl Bodies {
    /// Of these facts, whose events are in `timeline`.
    pub(super) fn of(facts: &[Fact<'_>], parts: &Parts, timeline: &Timeline) -> Self {
        let mut bodies = Self::default();
        let mut messages = Messages::new(MOST_OF_ONE);
        for fact in facts {
            match fact {
                Fact::Connection(connection) => messages.connection(connection),
                Fact::Gap(gap) => messages.gap(gap),
                Fact::Frame(frame) => {
                    if let Some(message) = messages.feed(frame) {
                        bodies.take(&message, frame.connection, parts, timeline);
                    }
                }
                Fact::Recording(_) | Fact::Note(_) => {}
            }
        }
        bodies
    }

    fn take(&mut self, message: &Message, connection: i64, parts: &Parts, timeline: &Timeline) {
        let payload = &message.payload;
        if message.opcode.is_control() {
            return;
        }
        for number in timeline.rows_of_frame(message.frames.1) {
            let Some(row) = timeline.row(number).filter(|row| row.connection == connection) else {
                continue;
            };
            let (first, last) = message.frames;
            if (message.compressed || first != last)
                && row.part == 0
                && self.has_room(payload.len())
            {
                let body = match std::str::from_utf8(payload) {
                    Ok(text) => Body::Text(text.to_owned()),
                    Err(_) => Body::Base64(STANDARD.encode(payload)),
                };
                self.body.insert(number, body);
            }
            // What was cut off is no JSON any more.
            if payload.len() as u64 != message.length {
                continue;
            }
            let json = parts.json(payload, u32::from(row.part));
            if let Some(json) = json.filter(|json| json.as_bytes() != &**payload)
                && self.has_room(json.len())
            {
                self.json.insert(number, json.into_owned());
            }
        }
    }

    fn has_room(&mut self, bytes: usize) -> bool {
        let fits = self.used + bytes <= MOST_OF_ALL;
        if fits {
            self.used += bytes;
        } else {
            self.left_out += 1;
        }
        fits
    }
}
