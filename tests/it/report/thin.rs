//! Payloads without what no rule reads: the same events, whatever they are written in.

use wiretape::analysis::EventStream;
use wiretape::events::{Condition, Field, Format, Locator, Naming, Reading};
use wiretape::report::{Thinned, thinned};
use wiretape::rules::presets::preset;
use wiretape::wire::{Connection, Fact};

use super::{demo, text_frame};

/// What nobody reads.
const LONG: &str = "what was said at length, and is nobody's business: ";

/// All that is read of facts, event by event; sizes aside.
fn read(facts: &[Fact<'_>], reading: &Reading) -> Vec<String> {
    let mut stream = EventStream::new(reading).unwrap();
    let (mut events, mut told) = (Vec::new(), Vec::new());
    for fact in facts {
        stream.feed(fact, &mut events);
        for event in events.drain(..) {
            let fields =
                event.fields.iter().map(|(id, value)| (id, value.display(stream.symbols())));
            let fields: Vec<_> = fields.collect();
            let name = stream.symbols().text(event.name);
            told.push(format!(
                "{:?} {} {name} {fields:?} {:?}",
                event.frames, event.part, event.body
            ));
        }
    }
    told
}

fn payloads(facts: &[Fact<'_>]) -> Vec<String> {
    let frames = facts.iter().filter_map(|fact| match fact {
        Fact::Frame(frame) => Some(String::from_utf8_lossy(&frame.frame.payload).into_owned()),
        _ => None,
    });
    frames.collect()
}

/// A talk in which the server says these.
fn talk(said: &[&str]) -> Vec<Fact<'static>> {
    let mut facts =
        vec![Fact::Connection(Connection { id: 1, status: Some(101), ..Connection::default() })];
    let frames = (1_i64..).zip(said);
    facts.extend(frames.map(|(id, text)| text_frame(id, 1, text, id.unsigned_abs() * 1000)));
    facts
}

fn field(name: &str, from: &str) -> Field {
    Field { name: name.into(), from: vec![Locator::parse(from).unwrap()], ..Field::default() }
}

/// The same is read, and of each of these payloads as much is left.
#[track_caller]
fn check(reading: &Reading, said: &[&str], left: &[&str]) -> Thinned {
    let facts = talk(said);
    let thin = thinned(&facts, reading).unwrap();
    assert_eq!(payloads(&thin.facts), left);
    assert_eq!(read(&thin.facts, reading), read(&facts, reading));
    thin
}

fn reading(format: Format) -> Reading {
    Reading {
        format,
        type_of: field("type", "/type"),
        fields: vec![field("user", "/who/id")],
        ..Reading::default()
    }
}

#[test]
fn no_more_is_left_than_is_read() {
    let said =
        format!(r#"{{"text":"{LONG}","type":"a","who":{{"name":"x","id":12345678901234567890}}}}"#);
    let left = r#"{"type":"a","who":{"id":12345678901234567890}}"#;
    // What is no JSON, or has no type, says nothing at all.
    let none = format!("[\"{LONG}\"]");
    let thin = check(&reading(Format::Json), &[&said, LONG, &none], &[left, "…", "[]"]);
    assert_eq!((thin.thin, thin.whole), (3, 0));
    // Nothing is left out of what is short already.
    let thin = check(&reading(Format::Json), &[left, "no"], &[left, "no"]);
    assert_eq!((thin.thin, thin.whole), (0, 0));
}

#[test]
fn whatever_it_is_written_in() {
    let lines = format!("{{\"type\":\"a\",\"x\":\"{LONG}\"}}\n{{\"type\":\"b\"}}");
    let left = "{\"type\":\"a\"}\n{\"type\":\"b\"}";
    check(&reading(Format::JsonLines), &[&lines], &[left]);

    let packets = Reading {
        type_of: field("type", "/event"),
        fields: vec![field("user", "/args/0/who")],
        ..reading(Format::SocketIo)
    };
    let packet = format!("42/room,7[\"save\",{{\"who\":\"u1\",\"text\":\"{LONG}\"}}]");
    check(&packets, &[&packet, "2"], &["42/room,7[\"save\",{\"who\":\"u1\"}]", "2"]);

    let wrapped =
        Reading { each: Some("/all".into()), unwrap: Some("/m".into()), ..reading(Format::Json) };
    let batch = format!(
        r#"{{"all":[{{"m":"{{\"type\":\"a\",\"x\":\"{LONG}\"}}"}},{{"m":{{"type":"b","x":[1,2]}}}}],"x":1}}"#
    );
    let left = r#"{"all":[{"m":"{\"type\":\"a\"}"},{"m":{"type":"b"}}]}"#;
    check(&wrapped, &[&batch], &[left]);
}

/// What is read as something else without its rest stays whole.
#[test]
fn what_would_be_misread_stays_whole() {
    let texts = Reading { text: Some("^(?P<type>\\w+) .*".into()), ..reading(Format::Text) };
    let text = format!("saved {LONG}");
    let thin = check(&texts, &[&text], &[&text]);
    assert_eq!((thin.thin, thin.whole), (0, 1));

    // A schema looks at all of it.
    let schemas = Reading { bodies: vec!["a".into()], ..reading(Format::Json) };
    let [a, b] = ["a", "b"].map(|name| format!(r#"{{"type":"{name}","text":"{LONG}"}}"#));
    check(&schemas, &[&a, &b], &[&a, r#"{"type":"b"}"#]);

    // And so does a condition, of what it names.
    let conditions = vec![("/text".to_owned(), Condition::Exists(true))];
    let named = Naming { name: "said".into(), conditions, ..Naming::default() };
    let named = Reading { names: vec![named], ..reading(Format::Json) };
    check(&named, &[&a], &[&a]);
}

/// Of the demo all is read that was, and nothing is left of what was said in it.
#[test]
fn the_demo_says_nothing_any_more() {
    let (facts, book) = (demo(), preset("agent").unwrap());
    let thin = thinned(&facts, &book.reading).unwrap();
    assert_eq!(read(&thin.facts, &book.reading), read(&facts, &book.reading));
    let size = |facts: &[Fact<'_>]| payloads(facts).iter().map(String::len).sum::<usize>();
    // Most of it are ids.
    assert!(size(&thin.facts) * 5 < size(&facts) * 3, "{} of {}", size(&thin.facts), size(&facts));
    assert_eq!(thin.whole, 0);
    let left = payloads(&thin.facts).concat();
    for gone in ["content", "final_response", "Compar"] {
        assert!(!left.contains(gone), "{gone}");
    }
}
