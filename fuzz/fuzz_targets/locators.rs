//! Any text as a locator, then any payload read by it: neither panics, and a locator that was read
//! makes a decoder or is refused with words.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wiretape::events::{Decoder, Field, Locator, Reading};
use wiretape::wire::{Connection, Direction, Marks, Message, Opcode, Stamp};

fuzz_target!(|input: (&str, &str, &str)| {
    let (place, head, payload) = input;
    let locator = match Locator::parse(place) {
        Ok(locator) => locator,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let field = |name: &str| Field {
        name: name.to_owned(),
        from: vec![locator.clone()],
        ..Field::default()
    };
    let reading = Reading {
        jwt_from: vec![Locator::Header("authorization".to_owned()), Locator::Subprotocol],
        type_of: field("type"),
        fields: vec![field("user"), Field { sticky: true, ..field("run") }],
        ..Reading::default()
    };
    let Ok(mut decoder) = Decoder::new(&reading) else { return };
    decoder.connection(&Connection {
        id: 1,
        request_head: head.as_bytes().to_vec(),
        ..Connection::default()
    });
    let message = Message {
        frames: (1, 1),
        stamp: Stamp { read_ns: 0, written_ns: None },
        opcode: Opcode::TEXT,
        payload: payload.as_bytes().to_vec(),
        length: payload.len() as u64,
        compressed: false,
        trouble: None,
        marks: Marks::NONE,
    };
    let mut events = Vec::new();
    for direction in Direction::BOTH {
        decoder.message(1, direction, &message, &mut events);
    }
    assert!(events.len() >= 2);
});
