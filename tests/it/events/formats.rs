//! Formats, batches and wrappers.

use super::{IN, OUT, Reader, field, message};
use wiretape::events::{Decoder, Format, Reading};
use wiretape::wire::{Message, Opcode};

fn reading(format: Format) -> Reading {
    Reading {
        format,
        type_of: field("type", &["/type"]),
        fields: vec![field("id", &["/id"])],
        ..Reading::default()
    }
}

#[test]
fn each_line_is_an_event() {
    let mut reader = Reader::new(reading(Format::JsonLines));
    assert_eq!(
        reader.text(IN, "{\"type\":\"a\",\"id\":1}\r\n\n {\"type\":\"b\"\n{\"type\":\"c\"}\n"),
        ["a id=Integer(1)", "_undecodable Undecodable s2c", "c"]
    );
    assert_eq!(reader.text(IN, "\n"), ["ws.empty"]);
    let mut out = Vec::new();
    let two = message(Opcode::TEXT, "{\"type\":\"a\"}\n{}");
    reader.decoder.message(1, IN, &two, &mut out);
    let parts: Vec<_> = out.iter().map(|event| (event.part, event.bytes)).collect();
    assert_eq!(parts, [(0, 12), (1, 2)]);
}

#[test]
fn a_batch_is_taken_apart() {
    let mut reader = Reader::new(Reading { each: Some(String::new()), ..reading(Format::Json) });
    assert_eq!(reader.text(IN, r#"[{"type":"a"},{"type":"b","id":2}]"#), ["a", "b id=Integer(2)"]);
    assert_eq!(reader.text(IN, r#"{"type":"a"}"#), ["a"]);
    assert_eq!(reader.text(IN, "[]"), ["_untyped"]);
    assert_eq!(reader.text(IN, "[{]"), ["_undecodable Undecodable s2c"]);

    let mut reader = Reader::new(Reading {
        each: Some("/batch/items".into()),
        unwrap: Some("/m".into()),
        ..reading(Format::Json)
    });
    assert_eq!(
        reader.text(
            IN,
            r#"{"batch":{"items":[1],"items":[{"m":{"type":"a"}},{"m":"{\"type\":\"b\"}"}]}}"#
        ),
        ["a", "b"]
    );
    assert_eq!(reader.text(IN, r#"{"type":"x","batch":{}}"#), ["x"]);
}

#[test]
fn a_batch_without_end_is_cut() {
    let mut reader = Reader::new(Reading { each: Some(String::new()), ..reading(Format::Json) });
    let lines = reader.text(IN, &format!("[{}0]", "0,".repeat(100_000)));
    assert_eq!(lines.len(), 4097);
    assert_eq!(lines[4095..], ["_untyped", "_undecodable Undecodable s2c"]);
    let mut reader = Reader::new(reading(Format::JsonLines));
    assert_eq!(reader.text(IN, &"{}\n".repeat(4096)).len(), 4096);
    let lines = reader.text(IN, &"{}\n".repeat(100_000));
    assert_eq!(lines[4095..], ["_untyped", "_undecodable Undecodable s2c"]);
}

#[test]
fn a_wrapper_is_taken_off() {
    let mut reader = Reader::new(Reading { unwrap: Some("/data".into()), ..reading(Format::Json) });
    for (text, line) in [
        (r#"{"type":"w","data":{"type":"a","id":1}}"#, "a id=Integer(1)"),
        (r#"{"type":"w","id":9,"data":" {\"type\":\"a\",\"note\":\"\\ud83d\"}"}"#, "a"),
        (r#"{"type":"w","data":"just words"}"#, "w"),
        (r#"{"type":"w"}"#, "w"),
        (r#"{"type":"w","data":"{\"type\""}"#, "_undecodable Undecodable s2c"),
    ] {
        assert_eq!(reader.text(IN, text), [line], "{text}");
    }
}

#[test]
fn socket_io_packets_are_events() {
    let mut reader = Reader::new(Reading {
        type_of: field("type", &["/sio"]),
        fields: vec![
            field("nsp", &["/nsp"]),
            field("ack", &["/ack"]),
            field("event", &["/event"]),
            field("run", &["/args/0/run"]),
        ],
        ..reading(Format::SocketIo)
    });
    for (text, line) in [
        (r#"0{"sid":"s"}"#, "eio.open"),
        ("2", "eio.ping"),
        ("3", "eio.pong"),
        (r#"40{"sid":"s"}"#, "sio.connect nsp=/"),
        (r#"421["save",{"run":"R"}]"#, "sio.event nsp=/ ack=Integer(1) event=save run=R"),
        (r#"43/a,1[{"run":"R"}]"#, "sio.ack nsp=/a ack=Integer(1) run=R"),
        (r#"451-["img",{}]"#, "sio.binary_event nsp=/ event=img"),
        ("41/a,", "sio.disconnect nsp=/a"),
        ("42[", "_undecodable Undecodable s2c"),
        ("?", "_undecodable Undecodable s2c"),
    ] {
        assert_eq!(reader.text(IN, text), [line], "{text}");
    }
    assert_eq!(reader.feed(IN, &message(Opcode::BINARY, "x")), ["_binary"]);

    // A reading that looks elsewhere for the type has the packets' words where there is none.
    let mut reader =
        Reader::new(Reading { type_of: field("type", &["/event"]), ..reading(Format::SocketIo) });
    assert_eq!(reader.text(IN, r#"42["save"]"#), ["save"]);
    assert_eq!(reader.text(IN, "2"), ["eio.ping"]);
}

#[test]
fn binary_messages_can_be_message_pack() {
    let mut reader = Reader::new(reading(Format::MessagePack));
    let packed = b"\x82\xa4type\xa1a\xa2id\xcd\x01\x00";
    assert_eq!(reader.feed(IN, &message(Opcode::BINARY, *packed)), ["a id=Integer(256)"]);
    assert_eq!(reader.text(IN, r#"{"type":"b"}"#), ["b"]);
    let cut = message(Opcode::BINARY, &packed[..8]);
    assert_eq!(reader.feed(IN, &cut), ["_undecodable Undecodable s2c"]);
    let mut reader = Reader::new(reading(Format::Json));
    assert_eq!(reader.feed(IN, &message(Opcode::BINARY, *packed)), ["_binary"]);
}

#[test]
fn text_is_read_by_its_named_groups() {
    let mut reader = Reader::new(Reading {
        text: Some(r"^(?<type>[A-Z]+)(?: (?<id>\d+))?$".into()),
        ..reading(Format::Text)
    });
    assert_eq!(reader.text(OUT, "JOIN 7"), ["JOIN id=7"]);
    assert_eq!(reader.text(OUT, "PING"), ["PING"]);
    assert_eq!(reader.text(OUT, "words"), ["_untyped"]);
    assert_eq!(reader.text(OUT, ""), ["ws.empty"]);
}

#[test]
fn messages_in_trouble_are_undecodable_and_keep_their_place() {
    let mut decoder = Decoder::new(&reading(Format::Json)).unwrap();
    let trouble = Message {
        frames: (3, 5),
        length: 99,
        trouble: Some("its beginning is lost"),
        ..message(Opcode::TEXT, r#"{"type":"a"}"#)
    };
    let mut out = Vec::new();
    decoder.message(4, OUT, &trouble, &mut out);
    assert_eq!(out.len(), 1);
    assert_eq!(decoder.symbols().text(out[0].name), "_undecodable");
    assert_eq!((out[0].frames, out[0].bytes, out[0].connection, out[0].at_ns), ((3, 5), 99, 4, 7));
    assert_eq!(out[0].direction, OUT);
}
