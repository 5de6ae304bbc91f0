//! Traffic that means harm, and traffic at random.

use proptest::prelude::*;

use super::{IN, OUT, Reader, agent, connection, field, message};
use wiretape::events::{Decoder, Event, Field, Format, Locator, Reading};
use wiretape::wire::{Direction, Opcode};

const FORMATS: [Format; 5] =
    [Format::Json, Format::JsonLines, Format::SocketIo, Format::MessagePack, Format::Text];

/// A reading that uses all there is.
fn everything(format: Format) -> Reading {
    let mut reading = Reading {
        format,
        each: Some(String::new()),
        unwrap: Some("/data".into()),
        text: Some("(?<type>.)(?<run_id>.*)".into()),
        ..agent()
    };
    reading.fields.push(Field { sticky: true, ..field("last", &["/seq", "first:/a", "path:1"]) });
    reading.jwt_from.push(Locator::First("/token".into()));
    reading
}

#[test]
fn bombs_are_undecodable_or_harmless() {
    let deep = "[".repeat(1 << 20);
    let objects = "{\"payload\":".repeat(1 << 18);
    let closed = format!(r#"{{"type":"a","x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let keys = format!(r#"{{{}"type":"a"}}"#, r#""payload":{"run_id":"R"},"#.repeat(100_000));
    let huge = format!(r#"{{"type":"{}","run_id":{}}}"#, "é".repeat(1 << 20), "9".repeat(1 << 16));
    let long = format!(r#"{{"type":"{}"}}"#, "x".repeat(16 << 20));
    for (text, name) in [
        (&*deep, "_undecodable"),
        (&*objects, "_undecodable"),
        (&*closed, "a"),
        (&*keys, "a"),
        (&*huge, "_undecodable"),
        (&*long, "xxx"),
        ("{\"type\":\"a\0b\"}", "_undecodable"),
        (r#"{"type":"a\u0000b"}"#, "a\0b"),
        (r#"{"type":"cut \ud83d"}"#, "cut \u{fffd}"),
        (r#"{"type":1e999}"#, "_undecodable"),
        (r#"{"type":"a"} x"#, "_undecodable"),
        ("\u{feff}{}", "_undecodable"),
    ] {
        let mut reader = Reader::new(agent());
        let line = reader.text(IN, text).join("|");
        assert!(line.starts_with(name), "{line:.80}");
    }
    let mut reader = Reader::new(agent());
    let invalid = message(Opcode::TEXT, *b"{\"type\":\"a\",\"x\":\"\xff\"}");
    assert_eq!(reader.feed(IN, &invalid), ["_undecodable Undecodable s2c"]);
}

#[test]
fn a_slow_regex_reads_no_more_than_it_must() {
    let mut reader = Reader::new(Reading {
        text: Some(r"(?<type>(a|a)*(a|b)*(\w|\d)*)c$".into()),
        ..everything(Format::Text)
    });
    let started = std::time::Instant::now();
    reader.text(IN, &"a".repeat(16 << 20));
    assert!(started.elapsed().as_secs() < 10);
}

#[test]
fn a_head_of_any_bytes_is_read() {
    for head in [
        &b""[..],
        b"\r\n\r\n",
        b"GET",
        b"GET  HTTP/1.1\r\n:\r\n: :\r\n",
        b"GET /?%&%z&%4&=& HTTP/1.1\r\ncookie: ;;=;a\r\nsec-websocket-protocol: ,,.,..,...",
        b"\xff\xfe /\xff?\xff=\xff\r\nauthorization: Bearer\r\nauthorization: ..\r\n",
    ] {
        let mut reader = Reader::new(everything(Format::Json));
        let mut state = connection(1, "/", "");
        state.request_head = head.to_vec();
        state.response_head = head.to_vec();
        reader.decoder.connection(&state);
        assert_eq!(reader.text(IN, "{}").len(), 1);
    }
    let mut state = connection(1, "/", "");
    state.request_head = b"authorization: .".repeat(1 << 20);
    Reader::new(everything(Format::Json)).decoder.connection(&state);
}

/// An event with its texts written out, since their numbers depend on all that came.
fn plain(decoder: &Decoder, event: &Event) -> String {
    let symbols = decoder.symbols();
    let fields: Vec<_> =
        event.fields.iter().map(|(id, value)| (id, value.display(symbols))).collect();
    let Event { frames, part, direction, at_ns, kind, bytes, .. } = event;
    let name = symbols.text(event.name);
    format!("{frames:?} {part} {direction:?} {at_ns} {name} {kind:?} {bytes} {fields:?}")
}

/// Something that looks like a message.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "type",
        "data",
        "payload",
        "event",
        "run_id",
        "a",
        "seq",
        "system_message",
        "token",
        "null",
        "thread_x_run_1_0123abcd",
        "2025-10-08T12:00:00",
        "\u{1f980}",
        "",
    ]);
    let leaf = prop_oneof![
        word.clone().prop_map(|text| serde_json::json!(text)),
        any::<i64>().prop_map(|number| serde_json::json!(number)),
        any::<f64>().prop_map(|number| serde_json::json!(number)),
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(|value| serde_json::json!(value)),
    ];
    let value = leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec((word.clone(), inner.clone()), 0..4).prop_map(|members| {
                members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            }),
            prop::collection::vec(inner, 0..4).prop_map(serde_json::Value::Array),
        ]
    });
    prop_oneof![
        4 => value.prop_map(|value| value.to_string().into_bytes()),
        1 => "[0-6]{1,2}(/[a-z]{1,3},)?[0-9]{0,2}\\[\"[a-z]*\"(,\\{\\})?\\]?"
            .prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..64),
    ]
}

fn said() -> impl Strategy<Value = (i64, Direction, Opcode, Vec<u8>)> {
    let opcodes = [0, 1, 1, 1, 2, 2, 3, 8, 9, 10, 11].map(Opcode).to_vec();
    (1_i64..4, prop::sample::select(vec![IN, OUT]), prop::sample::select(opcodes), payload())
}

proptest! {
    #[test]
    fn any_bytes_give_events(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        head in prop::collection::vec(any::<u8>(), 0..200),
        format in prop::sample::select(FORMATS.to_vec()),
        opcode in 0_u8..16,
    ) {
        let mut decoder = Decoder::new(&everything(format)).unwrap();
        let mut state = connection(1, "/", "");
        state.request_head = head;
        let mut out = Vec::new();
        decoder.opening(&state, &mut out);
        decoder.message(1, OUT, &message(Opcode(opcode), bytes), &mut out);
        prop_assert!(out.len() >= 2);
    }

    #[test]
    fn other_connections_change_nothing(
        all in prop::collection::vec(said(), 1..24),
        format in prop::sample::select(FORMATS.to_vec()),
    ) {
        let reading = everything(format);
        let mut together = Decoder::new(&reading).unwrap();
        let mut alone = Decoder::new(&reading).unwrap();
        let (mut with_others, mut by_itself) = (Vec::new(), Vec::new());
        let heads = [1, 2, 3].map(|id| connection(id, &format!("/ws/{id}?user_id=u{id}"), ""));
        for state in &heads {
            together.connection(state);
        }
        alone.connection(&heads[0]);
        for (id, direction, opcode, payload) in all {
            let message = message(opcode, payload);
            let mut out = Vec::new();
            together.message(id, direction, &message, &mut out);
            prop_assert!(!out.is_empty());
            if id == 1 {
                with_others.extend(out.iter().map(|event| plain(&together, event)));
                out.clear();
                alone.message(id, direction, &message, &mut out);
                by_itself.extend(out.iter().map(|event| plain(&alone, event)));
            }
        }
        prop_assert_eq!(with_others, by_itself);
    }

    #[test]
    fn json_is_read_as_serde_reads_it_whole(payload in payload()) {
        let pointers = ["/type", "/data/type", "/payload/run_id", "/data", "/0", "/a/1/event"];
        let reading = Reading {
            fields: pointers.iter().map(|pointer| field(pointer, &[pointer])).collect(),
            ..Reading::default()
        };
        let mut decoder = Decoder::new(&reading).unwrap();
        let mut out = Vec::new();
        decoder.message(1, IN, &message(Opcode::TEXT, payload.clone()), &mut out);
        if let Ok(whole) = serde_json::from_slice::<serde_json::Value>(&payload) {
            for (id, pointer) in pointers.iter().enumerate() {
                let id = wiretape::events::FieldId(id as u8);
                let value = out[0].field(id).map(|value| value.display(decoder.symbols()));
                let expected = match whole.pointer(pointer) {
                    Some(serde_json::Value::String(text)) => Some(text.clone()),
                    Some(serde_json::Value::Number(number)) => match number.as_i64() {
                        Some(number) => Some(number.to_string()),
                        None => number.as_f64().map(|number| number.to_string()),
                    },
                    Some(serde_json::Value::Bool(value)) => Some(value.to_string()),
                    _ => None,
                };
                prop_assert_eq!(value.map(|v| v.replace("-0", "0")), expected.map(|v| v.replace("-0", "0")));
            }
        }
    }
}
