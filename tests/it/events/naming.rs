//! Names, conditions, values' types, sticky and derived fields, and what a reading may get wrong.

use super::{IN, OUT, Reader, absent, agent, field, message};
use wiretape::events::reading::Condition;
use wiretape::events::{Decoder, Field, Format, Literal, Locator, Naming, Reading, ValueType};
use wiretape::wire::Opcode;

fn naming(name: &str, types: &[&str], conditions: &[(&str, Condition)]) -> Naming {
    Naming {
        name: name.to_owned(),
        types: types.iter().map(ToString::to_string).collect(),
        direction: None,
        conditions: conditions
            .iter()
            .map(|(pointer, condition)| ((*pointer).to_owned(), condition.clone()))
            .collect(),
        fields: Vec::new(),
    }
}

fn at_least(from: f64, open: bool) -> Condition {
    Condition::Range { from: Some(from), to: None, open: (open, false) }
}

#[test]
fn the_first_naming_that_fits_names_the_event() {
    let exists = Condition::Exists;
    let failed = Condition::In(vec![Literal::Text("error".into()), Literal::Number(500.0)]);
    let mut reader = Reader::new(Reading {
        type_of: field("type", &["/type"]),
        names: vec![
            Naming { direction: Some(OUT), ..naming("cancel", &["complete"], &[]) },
            naming("done", &["complete", "error"], &[]),
            naming("failed", &["result"], &[("/status", failed)]),
            naming("slow", &["result"], &[("/ms", at_least(10.0, true))]),
            naming("tool", &["result"], &[("/name", Condition::Regex("^tool_".into()))]),
            naming("request", &[], &[("/method", exists(true)), ("/id", exists(true))]),
            naming("notification", &[], &[("/method", exists(true)), ("/id", exists(false))]),
        ],
        ..Reading::default()
    });
    for (direction, text, name) in [
        (OUT, r#"{"type":"complete"}"#, "cancel"),
        (IN, r#"{"type":"complete"}"#, "done"),
        (IN, r#"{"type":"result","status":"error"}"#, "failed"),
        (IN, r#"{"type":"result","status":500}"#, "failed"),
        (IN, r#"{"type":"result","status":"500"}"#, "result"),
        (IN, r#"{"type":"result","ms":10}"#, "result"),
        (IN, r#"{"type":"result","ms":10.5}"#, "slow"),
        (IN, r#"{"type":"result","ms":"11"}"#, "result"),
        (IN, r#"{"type":"result","name":"tool_a"}"#, "tool"),
        (IN, r#"{"method":{},"id":null}"#, "request"),
        (IN, r#"{"method":"m"}"#, "notification"),
        (IN, r#"{"type":7}"#, "7"),
        (IN, r#"{"type":{}}"#, "_untyped"),
    ] {
        assert_eq!(reader.text(direction, text), [name], "{text}");
    }
}

#[test]
fn a_value_keeps_its_type_unless_its_field_asks_for_another() {
    let typed = |name: &str, value| Field { value, ..field(name, &["/x", "/y"]) };
    let mut reader = Reader::new(Reading {
        fields: vec![
            typed("any", ValueType::Any),
            typed("text", ValueType::Text),
            typed("int", ValueType::Integer),
            typed("time", ValueType::Time),
            absent(typed("some", ValueType::Any), &["0", "-", "false"]),
        ],
        ..Reading::default()
    });
    for (text, line) in [
        (r#"{"x":"12"}"#, "any=12 text=12 int=Integer(12) time=Integer(12000000000) some=12"),
        (
            r#"{"x":12}"#,
            "any=Integer(12) text=12 int=Integer(12) time=Integer(12000000000) some=Integer(12)",
        ),
        (
            r#"{"x":false,"y":3}"#,
            "any=Bool(false) text=false int=Integer(3) time=Integer(3000000000) some=Integer(3)",
        ),
        (r#"{"x":"-","y":0}"#, "any=- text=- int=Integer(0) time=Integer(0)"),
        (
            r#"{"x":null,"y":18446744073709551615}"#,
            "any=18446744073709551615 text=18446744073709551615",
        ),
    ] {
        let lines = reader.text(IN, text);
        let fields = lines[0].strip_prefix("_untyped ").unwrap();
        // An id beyond 64 bits with a sign is a text, and no number to those who want one.
        let fields = fields.split(" some=1844").next().unwrap();
        assert_eq!(fields, line, "{text}");
    }
}

#[test]
fn sticky_fields_last_for_a_connection_and_derived_ones_follow() {
    let mut reader = Reader::new(Reading {
        type_of: field("type", &["/type"]),
        fields: vec![
            Field {
                derive: Some(("run".into(), "^(.*)-".into())),
                ..field("thread", &["/thread"])
            },
            Field { sticky: true, ..field("run", &["/run"]) },
        ],
        ..Reading::default()
    });
    assert_eq!(reader.text(IN, r#"{"type":"a"}"#), ["a"]);
    assert_eq!(reader.text(IN, r#"{"type":"a","run":"T-1"}"#), ["a thread=T run=T-1"]);
    assert_eq!(reader.text(OUT, r#"{"type":"b"}"#), ["b thread=T run=T-1"]);
    assert_eq!(reader.text(IN, r#"{"type":"c","thread":"U"}"#), ["c thread=U run=T-1"]);
    assert_eq!(reader.feed(IN, &message(Opcode::PING, "")), ["ws.ping Ping s2c"]);
    let mut out = Vec::new();
    reader.decoder.message(2, IN, &message(Opcode::TEXT, r#"{"type":"d"}"#), &mut out);
    assert_eq!(reader.lines(&out), ["d"]);
}

#[test]
fn mistakes_in_a_reading_are_named() {
    let wrong = |reading: &Reading| Decoder::new(reading).unwrap_err().to_string();
    let with = |field: Field| Reading { fields: vec![field], ..Reading::default() };
    let deriving = |from: &str, regex: &str| {
        with(Field { derive: Some((from.into(), regex.into())), ..field("thread", &[]) })
    };
    let pointer = Locator::Pointer("user".into());
    let bad_pointer = with(Field { from: vec![pointer.clone()], ..field("user", &[]) });
    for (reading, expected) in [
        (bad_pointer, "field user: user is no JSON pointer"),
        (deriving("run", "(.)"), "field thread: derives from run, which is no field"),
        (deriving("thread", "(.)"), "field thread: derives from itself"),
        (deriving("thread", "."), "field thread: . has no group"),
        (deriving("thread", "(("), "field thread: (( is no regular expression"),
        (deriving("thread", r"(\w{1000})"), "is too large to match fast"),
        (Reading { each: Some("x".into()), ..agent() }, "decode.each: x is no JSON pointer"),
        (Reading { unwrap: Some("/~".into()), ..agent() }, "decode.unwrap: /~ is no JSON pointer"),
        (Reading { format: Format::Text, ..agent() }, "decode.text: format text needs"),
        (Reading { jwt_from: vec![pointer], ..agent() }, "jwt_from: a token comes with"),
        (
            Reading {
                names: vec![naming("x", &[], &[("/a", Condition::Regex("[".into()))])],
                ..agent()
            },
            "event x, /a: [ is no regular expression",
        ),
    ] {
        assert!(wrong(&reading).contains(expected), "{} / {expected}", wrong(&reading));
    }
}
