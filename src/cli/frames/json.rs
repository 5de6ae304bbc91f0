//! Frames and gaps → the lines of `frames --json`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::cli::human;
use crate::wire::{Direction, Gap, Header, Message, RecordedFrame};

/// One frame. `text` or `base64` is its payload as recorded; `message` is there where the frame
/// ends a message that has several frames or is compressed.
#[derive(Serialize)]
pub(super) struct FrameLine {
    v: u64,
    kind: &'static str,
    id: i64,
    connection: i64,
    direction: &'static str,
    time: Option<String>,
    read_ns: u64,
    written_ns: Option<u64>,
    opcode: Option<&'static str>,
    fin: Option<bool>,
    rsv: Option<u8>,
    masked: Option<bool>,
    length: u64,
    marks: Vec<&'static str>,
    #[serde(flatten)]
    payload: Payload,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageLine>,
}

#[derive(Serialize)]
struct MessageLine {
    first_frame: i64,
    last_frame: i64,
    opcode: &'static str,
    compressed: bool,
    /// In bytes; the payload here may be shorter.
    length: u64,
    trouble: Option<&'static str>,
    #[serde(flatten)]
    payload: Payload,
}

/// A gap.
#[derive(Serialize)]
pub(super) struct GapLine {
    v: u64,
    kind: &'static str,
    connection: Option<i64>,
    direction: Option<&'static str>,
    from_ns: u64,
    to_ns: u64,
    frames: u64,
    bytes: u64,
    reason: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Payload {
    Text(String),
    Base64(String),
}

impl FrameLine {
    pub(super) fn new(
        recorded: &RecordedFrame<'_>,
        message: Option<&Message>,
        started_ns: i64,
    ) -> Self {
        let frame = &recorded.frame;
        let framed = (!frame.header.is_empty()).then_some(&frame.header);
        let many = |message: &&Message| message.compressed || message.frames.0 != message.frames.1;
        Self {
            v: 1,
            kind: "frame",
            id: recorded.id,
            connection: recorded.connection,
            direction: recorded.direction.word(),
            time: human::rfc3339(human::moment(started_ns, recorded.stamp.read_ns)),
            read_ns: recorded.stamp.read_ns,
            written_ns: recorded.stamp.written_ns,
            opcode: framed.map(|header| header.opcode().word()),
            fin: framed.map(Header::fin),
            rsv: framed.map(Header::rsv),
            masked: framed.map(Header::masked),
            length: frame.length,
            marks: frame.marks.words().collect(),
            payload: Payload::of(&frame.payload),
            message: message.filter(many).map(MessageLine::new),
        }
    }
}

impl MessageLine {
    fn new(message: &Message) -> Self {
        Self {
            first_frame: message.frames.0,
            last_frame: message.frames.1,
            opcode: message.opcode.word(),
            compressed: message.compressed,
            length: message.length,
            trouble: message.trouble,
            payload: Payload::of(&message.payload),
        }
    }
}

impl GapLine {
    pub(super) fn new(gap: &Gap) -> Self {
        Self {
            v: 1,
            kind: "gap",
            connection: gap.connection,
            direction: gap.direction.map(Direction::word),
            from_ns: gap.from_ns,
            to_ns: gap.to_ns,
            frames: gap.frames,
            bytes: gap.bytes,
            reason: gap.reason.word(),
        }
    }
}

impl Payload {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
        }
    }
}
