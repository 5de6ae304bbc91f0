//! Facts → what was said where no frame shows it: payloads inflated or put together, and the JSON
//! that is wrapped in something else.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Body;
use crate::analysis::timeline::Timeline;
use crate::events::payload::Parts;
use crate::wire::{Deflate, Direction, Fact, Gap, Message, MessageAssembler, RecordedFrame};

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
        let mut lanes: HashMap<i64, [MessageAssembler; 2]> = HashMap::new();
        let mut gaps: Vec<&Gap> = Vec::new();
        for fact in facts {
            match fact {
                Fact::Connection(connection) => {
                    let deflate = Deflate::negotiated(&connection.response_head);
                    let lane = deflate.map_or([None, None], |both| both.map(Some));
                    lanes.entry(connection.id).or_insert_with(|| {
                        lane.map(|deflate| MessageAssembler::new(deflate, MOST_OF_ONE))
                    });
                }
                Fact::Gap(gap) => gaps.push(gap),
                Fact::Frame(frame) => {
                    gaps.retain(|gap| {
                        let is_due = gap.from_ns <= frame.stamp.read_ns;
                        if is_due {
                            lose(&mut lanes, gap);
                        }
                        !is_due
                    });
                    let lane = lanes.get_mut(&frame.connection);
                    let message = lane.and_then(|lane| feed(lane, frame));
                    if let Some(message) = message {
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

fn feed(lane: &mut [MessageAssembler; 2], frame: &RecordedFrame<'_>) -> Option<Message> {
    lane[frame.direction.index()].feed(frame)
}

fn lose(lanes: &mut HashMap<i64, [MessageAssembler; 2]>, gap: &Gap) {
    for (connection, lane) in lanes {
        for direction in Direction::BOTH {
            let is_there = gap.connection.is_none_or(|id| id == *connection)
                && gap.direction.is_none_or(|way| way == direction);
            if is_there {
                lane[direction.index()].gap();
            }
        }
    }
}
