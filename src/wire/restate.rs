//! A message, put back into its frames with another payload: plain, and as many frames as it had.

use std::borrow::Cow;
use std::collections::HashMap;

use super::decode::FrameDecoder;
use super::encode::{FrameSpec, encode_frame};
use super::fact::Fact;
use super::frame::{Frame, Header, Marks, Opcode, RecordedFrame};
use super::message::Message;
use super::stamp::Direction;

/// Rows of frames whose messages are not complete yet: their places among facts.
#[derive(Clone, Debug, Default)]
pub struct OpenRows(HashMap<(i64, Direction), Vec<usize>>);

impl OpenRows {
    /// Learns that a frame is in this row.
    pub fn add(&mut self, frame: &RecordedFrame<'_>, row: usize) {
        self.0.entry((frame.connection, frame.direction)).or_default().push(row);
    }

    /// The rows of a message that `frame` completes; of others, which it may have come amid, none.
    pub fn take(
        &mut self,
        frame: &RecordedFrame<'_>,
        message: &Message,
        facts: &[Fact<'_>],
    ) -> Vec<usize> {
        let key = (frame.connection, frame.direction);
        let Some(rows) = self.0.get_mut(&key) else { return Vec::new() };
        let (first, last) = message.frames;
        let is_control = message.opcode.is_control();
        let is_of = |row: &usize| {
            let Some(Fact::Frame(frame)) = facts.get(*row) else { return false };
            let header = &frame.frame.header;
            let may_be = !is_control || header.is_empty() || header.opcode().is_control();
            may_be && (first..=last).contains(&frame.id)
        };
        let (mine, others) = rows.iter().partition(|row| is_of(row));
        *rows = others;
        mine
    }

    /// Rows of messages that never got their end.
    pub fn rest(self) -> impl Iterator<Item = usize> {
        self.0.into_values().flatten()
    }
}

/// Puts `payload` into the rows of a message (their places in `facts`): into the frame that is its
/// last, whole or in parts. The frames before stay, empty.
pub fn restate(facts: &mut [Fact<'_>], rows: &[usize], opcode: Opcode, payload: &[u8]) {
    let is_part = |facts: &[Fact<'_>], row: usize| matches!(facts.get(row), Some(Fact::Frame(frame)) if frame.frame.marks.has(Marks::PART));
    let last = rows.iter().rposition(|row| !is_part(facts, *row)).unwrap_or(0);
    let (before, parts) = rows.split_at(last);
    let frames: Vec<usize> = before.iter().copied().filter(|row| !is_part(facts, *row)).collect();
    for row in before {
        rewrite(facts, *row, None, (&[], Marks::NONE));
    }
    let opening = if frames.is_empty() { opcode } else { Opcode::CONTINUATION };
    for (at, row) in frames.iter().enumerate() {
        let opcode = if at == 0 { opcode } else { Opcode::CONTINUATION };
        rewrite(facts, *row, Some((opcode, false, 0)), (&[], Marks::NONE));
    }
    let room = FrameDecoder::PART_LIMIT * parts.len();
    let payload = &payload[..payload.len().min(room)];
    let mut rest = payload;
    for (at, row) in parts.iter().enumerate() {
        let (now, later) = rest.split_at(rest.len().min(FrameDecoder::PART_LIMIT));
        rest = later;
        let header = (at == 0).then_some((opening, true, payload.len()));
        let follows = Marks::NONE
            .with_if(Marks::PART, at > 0)
            .with_if(Marks::PART_FOLLOWS, at + 1 < parts.len());
        rewrite(facts, *row, header, (now, follows));
    }
}

/// Nothing of a row's payload is kept, and the frame says so.
pub fn drop_payload(facts: &mut [Fact<'_>], row: usize) {
    let Some(Fact::Frame(recorded)) = facts.get_mut(row) else { return };
    let frame = &mut recorded.frame;
    if !frame.payload.is_empty() {
        frame.payload = Cow::Owned(Vec::new());
        frame.marks = frame.marks.with(Marks::NOT_KEPT);
    }
}

/// Writes a row anew; marks that say what was wrong with the header stay.
fn rewrite(
    facts: &mut [Fact<'_>],
    row: usize,
    header: Option<(Opcode, bool, usize)>,
    (payload, parts): (&[u8], Marks),
) {
    let Some(Fact::Frame(recorded)) = facts.get_mut(row) else { return };
    let frame = &mut recorded.frame;
    let gone = Marks::PART.with(Marks::PART_FOLLOWS).with(Marks::NOT_KEPT).with(Marks::CUT);
    let gone = gone.with(Marks::NON_MINIMAL).with(Marks::LONG_CONTROL).with(Marks::OVERSIZE);
    let marks = frame.marks.without(gone).with(parts);
    let new = header.map(|(opcode, fin, length)| {
        let mask = frame.header.mask_key();
        let spec = FrameSpec { fin, mask, ..FrameSpec::new(opcode) };
        let mut bytes = Vec::new();
        encode_frame(&mut bytes, &FrameSpec { stated_length: Some(length as u64), ..spec }, &[]);
        (Header::from_bytes(&bytes).unwrap_or_default(), length as u64)
    });
    let (header, length) = new.unwrap_or((Header::EMPTY, payload.len() as u64));
    let marks = marks.with_if(Marks::PART, header.is_empty());
    *frame = Frame { header, payload: Cow::Owned(payload.to_vec()), length, marks };
}
