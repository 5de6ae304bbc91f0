//! Pairs are learned by name and by share, with the key that tells best which belong together.

use wiretape::events::{Event, Field, FieldId, Kind, Reading, Scalar, Symbols};
use wiretape::rules::learn::{LearnedPair, Pairs};
use wiretape::wire::Direction;

/// What is learned from names of events with a call and a run each, in order.
fn learned(events: &[(&str, i64, i64)]) -> Vec<LearnedPair> {
    let field = |name: &str| Field { name: name.into(), ..Field::default() };
    let reading = Reading { fields: vec![field("call"), field("run")], ..Reading::default() };
    let (mut symbols, mut pairs) = (Symbols::default(), Pairs::new(&reading));
    for (number, (name, call, run)) in events.iter().enumerate() {
        let mut fields = Vec::new();
        for (id, value) in [(0, *call), (1, *run)] {
            fields.extend((value > 0).then_some((FieldId(id), Scalar::Integer(value))));
        }
        pairs.event(&Event {
            frames: (number as i64, number as i64),
            part: 0,
            connection: 1,
            direction: Direction::ServerToClient,
            at_ns: number as u64,
            name: symbols.intern(name),
            kind: Kind::Message,
            bytes: 0,
            code: None,
            marks: wiretape::wire::Marks::NONE,
            passes: 0,
            body: None,
            fields,
        });
    }
    pairs.learned(&symbols)
}

#[test]
fn the_call_tells_parallel_tools_apart() {
    let mut events = Vec::new();
    for run in 1..5 {
        let call = run * 10;
        events.extend([("tool_started", call, run), ("tool_started", call + 1, run)]);
        events.extend([("tool_completed", call + 1, run), ("tool_error", call, run)]);
    }
    let [pair] = &learned(&events)[..] else { panic!("{:?}", learned(&events)) };
    assert_eq!((pair.key.as_deref(), pair.seen, pair.by_name), (Some("call"), (8, 8), true));
    assert_eq!(
        (pair.open.as_str(), pair.close.join(" ")),
        ("tool_started", "tool_completed tool_error".into())
    );
}

#[test]
fn without_names_only_a_large_share_counts() {
    let some = |calls: i64, broken: i64| {
        let mut events = Vec::new();
        for call in 1..=calls {
            events.push(("ask", call, 0));
            events.extend((call > broken).then_some(("tell", call, 0)));
        }
        learned(&events)
    };
    let [pair] = &some(40, 1)[..] else { panic!("{:?}", some(40, 1)) };
    assert_eq!((pair.open.as_str(), pair.close.concat()), ("ask", "tell".into()));
    assert_eq!((pair.seen, pair.by_name), ((40, 39), false));
    assert_eq!((some(40, 5), some(10, 0)), (vec![], vec![]));
}
