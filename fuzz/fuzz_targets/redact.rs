//! Any bytes as a payload and as a handshake: redacted without a panic; JSON stays JSON.

#![no_main]

use std::borrow::Cow;

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use wiretape::redact::{Level, Policy, Redacted};
use wiretape::wire::{
    Connection, Direction, Fact, Frame, FrameSpec, Header, Marks, Opcode, RecordedFrame, Stamp,
    encode_frame,
};

fuzz_target!(|bytes: &[u8]| {
    let (head, payload) = bytes.split_at(bytes.len() / 3);
    let connection = Connection {
        id: 1,
        request_head: head.to_vec(),
        response_head: head.to_vec(),
        ..Connection::default()
    };
    let mut header = Vec::new();
    let spec = FrameSpec {
        stated_length: Some(payload.len() as u64),
        ..FrameSpec::new(Opcode::TEXT)
    };
    encode_frame(&mut header, &spec, &[]);
    let frame = RecordedFrame {
        id: 1,
        connection: 1,
        direction: Direction::ServerToClient,
        stamp: Stamp { read_ns: 0, written_ns: None },
        frame: Frame {
            header: Header::from_bytes(&header).expect("a header is short"),
            payload: Cow::Borrowed(payload),
            length: payload.len() as u64,
            marks: Marks::NONE,
        },
    };
    let facts = [Fact::Connection(connection), Fact::Frame(frame)];
    for level in [Level::Default, Level::Strict] {
        let redacted = Redacted::new(&facts, Policy { level, ..Policy::default() });
        let [Fact::Connection(_), Fact::Frame(frame)] = &redacted.facts[..] else {
            panic!("the same facts")
        };
        let text = std::str::from_utf8(payload);
        let was_json = text.is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
        if was_json && payload.trim_ascii_start().starts_with(b"{") {
            assert!(serde_json::from_slice::<IgnoredAny>(&frame.frame.payload).is_ok());
        }
        redacted.leaks().find(bytes);
    }
});
