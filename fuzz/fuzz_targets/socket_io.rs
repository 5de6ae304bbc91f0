//! Any text as a Socket.IO packet: one event at least, and what is taken out of it is an object.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wiretape::events::payload::json_of;
use wiretape::events::{Decoder, Field, Format, Locator, Reading};
use wiretape::wire::{Direction, Marks, Message, Opcode, Stamp};

fuzz_target!(|text: &str| {
    if let Some(json) = json_of(Format::SocketIo, text.as_bytes(), 0) {
        assert!(json.starts_with('{') && json.ends_with('}'), "{json}");
    }
    let field = |name: &str, pointer: &str| Field {
        name: name.to_owned(),
        from: vec![Locator::Pointer(pointer.to_owned())],
        ..Field::default()
    };
    let reading = Reading {
        format: Format::SocketIo,
        type_of: field("type", "/event"),
        fields: vec![field("call", "/ack"), field("run", "/args/0/run_id")],
        ..Reading::default()
    };
    let mut decoder = Decoder::new(&reading).expect("a reading that is in order");
    let message = Message {
        frames: (1, 1),
        stamp: Stamp { read_ns: 0, written_ns: None },
        opcode: Opcode::TEXT,
        payload: text.as_bytes().to_vec(),
        length: text.len() as u64,
        compressed: false,
        trouble: None,
        marks: Marks::NONE,
    };
    let mut events = Vec::new();
    decoder.message(1, Direction::ServerToClient, &message, &mut events);
    assert!(!events.is_empty());
});
