//! Facts ↔ JSON lines: the round trip is the identity, and broken lines are told by number.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should say where")]

use std::borrow::Cow;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use wiretape::exchange::jsonl::{self, FactReader, Parsed};
use wiretape::exchange::{ExchangeError, Line};
use wiretape::wire::{
    Close, Connection, Direction, EndedBy, Ending, Fact, Frame, Gap, GapReason, Header, Marks,
    Messages, Note, RecordedFrame, Recording, Stamp,
};

use crate::sample;

fn parse(line: &str) -> Result<Parsed, ExchangeError> {
    jsonl::parse(Line { number: 7, bytes: line.as_bytes(), complete: true })
}

/// What a file gives: its facts, lines of unknown kinds, a cut last line, and why it ended early.
fn read(text: &str) -> (Vec<Fact<'static>>, (u64, Option<u64>), Option<ExchangeError>) {
    let mut reader = FactReader::new(text.as_bytes());
    let mut facts = Vec::new();
    let error = loop {
        match reader.next_fact() {
            Ok(Some(fact)) => facts.push(fact),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    (facts, (reader.unknown(), reader.truncated()), error)
}

fn sample_lines() -> String {
    sample::facts().iter().map(|fact| jsonl::render(fact) + "\n").collect()
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..80),
        any::<String>().prop_map(String::into_bytes),
        select(&["", "\0", "\u{feff}\u{202e}\u{9b}\u{2028}\\\"\u{10ffff}", "漢字🦊"][..])
            .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![0..1000_u64, Just(i64::MAX as u64), (1_u64 << 53)..(1 << 53) + 5]
}

fn frames() -> impl Strategy<Value = Fact<'static>> {
    let ids = (1..i64::MAX, any::<i64>(), select(&Direction::BOTH[..]));
    let times = (0..1_u64 << 62, option::of(0..1_u64 << 62));
    let length = prop_oneof![Just(None), any::<u64>().prop_map(Some), Just(Some(u64::MAX))];
    (ids, times, vec(any::<u8>(), 0..15), bytes(), length, any::<u32>()).prop_map(
        |((id, connection, direction), (read_ns, held_ns), header, payload, length, marks)| {
            Fact::Frame(RecordedFrame {
                id,
                connection,
                direction,
                stamp: Stamp { read_ns, written_ns: held_ns.map(|held_ns| read_ns + held_ns) },
                frame: Frame {
                    header: Header::from_bytes(&header).unwrap(),
                    length: length.unwrap_or(payload.len() as u64),
                    payload: Cow::Owned(payload),
                    marks: Marks(marks),
                },
            })
        },
    )
}

fn closes() -> impl Strategy<Value = Option<Close>> {
    option::of(
        (option::of(any::<u16>()), bytes()).prop_map(|(code, reason)| Close { code, reason }),
    )
}

fn connections() -> impl Strategy<Value = Fact<'static>> {
    let texts = (any::<String>(), any::<String>(), option::of(any::<String>()));
    let heads = (bytes(), bytes(), bytes(), option::of(any::<u16>()));
    let times = (count(), option::of(count()), option::of(count()), option::of(count()));
    let end = (option::of(select(&Ending::ALL[..])), option::of(select(&EndedBy::ALL[..])));
    let sides = (closes(), closes(), [count(), count()], [count(), count()]);
    (1..i64::MAX, texts, heads, times, end, sides).prop_map(
        |(id, (client, server, detail), heads, times, (ending, ended_by), sides)| {
            let (request_head, response_head, response_body, status) = heads;
            let (opened_ns, connect_ns, upgrade_ns, closed_ns) = times;
            let (c2s, s2c, frames, bytes) = sides;
            Fact::Connection(Connection {
                id,
                opened_ns,
                client,
                server,
                request_head,
                response_head,
                response_body,
                status,
                connect_ns,
                upgrade_ns,
                closed_ns,
                ending,
                ended_by,
                detail,
                close: [c2s, s2c],
                frames,
                bytes,
            })
        },
    )
}

fn others() -> impl Strategy<Value = Fact<'static>> {
    let text = any::<String>;
    let recordings =
        (vec(text(), 5), any::<i64>(), option::of(text()), option::of(count()), option::of(text()))
            .prop_map(|(texts, started_ns, rules, finished_ns, note)| {
                let [uuid, name, tool, upstream, listen] = texts.try_into().unwrap();
                Fact::Recording(Recording {
                    uuid,
                    name,
                    tool,
                    started_ns,
                    upstream,
                    listen,
                    rules,
                    finished_ns,
                    note,
                })
            });
    let whose = (option::of(any::<i64>()), option::of(select(&Direction::BOTH[..])));
    let gaps = (whose, [count(), count(), count(), count()], select(&GapReason::ALL[..])).prop_map(
        |((connection, direction), [from_ns, to_ns, frames, bytes], reason)| {
            Fact::Gap(Gap { connection, direction, from_ns, to_ns, frames, bytes, reason })
        },
    );
    let ids = (1..i64::MAX, option::of(any::<i64>()), option::of(any::<i64>()));
    let times = (option::of(count()), option::of(count()), any::<i64>());
    let about = (option::of(text()), option::of(text()));
    let notes = (ids, times, about, text(), text()).prop_map(
        |((id, first_frame, last_frame), (from_ns, to_ns, at_ns), (finding, run), text, author)| {
            Fact::Note(Note {
                id,
                first_frame,
                last_frame,
                from_ns,
                to_ns,
                finding,
                run,
                text,
                author,
                at_ns,
            })
        },
    );
    prop_oneof![recordings, gaps, notes]
}

proptest! {
    #[test]
    fn a_line_gives_its_fact_back(fact in prop_oneof![frames(), connections(), others()]) {
        let line = jsonl::render(&fact);
        prop_assert!(!line.contains('\n'));
        prop_assert!(!line.chars().any(char::is_control), "{line:?}");
        let again = match parse(&line) {
            Ok(Parsed::Fact(again)) => again,
            other => return Err(TestCaseError::fail(format!("{other:?} for {line}"))),
        };
        prop_assert_eq!(&again, &fact);
        prop_assert_eq!(jsonl::render(&again), line);
    }

    #[test]
    fn broken_lines_are_errors_at_most(line in vec(any::<u8>(), 0..200)) {
        let _ = jsonl::parse(Line { number: 1, bytes: &line, complete: true });
    }

    #[test]
    fn a_changed_byte_is_an_error_at_most(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut lines = sample_lines().into_bytes();
        let at = at.index(lines.len());
        lines[at] = byte;
        let mut reader = FactReader::new(&lines[..]);
        while let Ok(Some(_)) = reader.next_fact() {}
    }
}

#[test]
fn a_file_reads_as_it_was_written() {
    let (facts, skipped, error) = read(&sample_lines());
    assert!(error.is_none());
    assert_eq!(facts, sample::facts());
    assert_eq!(skipped, (0, None));
}

#[test]
fn text_is_text_and_the_rest_base64() {
    let lines = sample_lines();
    assert!(
        lines.contains(
            r#""header":"81a001020304","text":"{\"type\":\"hello\",\"user\":\"u_8412\"}"}"#
        )
    );
    assert!(lines.contains(r#""header":"8205","base64":"AAEC/v8="}"#));
    assert!(lines.contains(r#""length":18446744073709551615,"marks":["cut","oversize"]}"#));
    assert!(lines.contains(r#""response_head":{"base64":"#), "a head that is not UTF-8");
}

#[test]
fn what_a_later_version_adds_is_skipped_and_counted() {
    let lines = sample_lines();
    let more = lines.replace("\"kind\":\"gap\"", "\"kind\":\"gap\",\"colour\":\"red\"")
        + "{\"kind\":\"weather\",\"id\":1}\n";
    let (facts, skipped, error) = read(&more);
    assert!(error.is_none());
    assert_eq!(facts, sample::facts());
    assert_eq!(skipped, (1, None));
}

#[test]
fn a_cut_last_line_is_told_and_all_before_it_kept() {
    let lines = sample_lines();
    let (facts, skipped, error) = read(&lines[..lines.len() - 9]);
    assert!(error.is_none());
    assert_eq!(facts.len(), sample::facts().len() - 1);
    assert_eq!(skipped, (0, Some(sample::facts().len() as u64)));
    // Without only its newline it is whole.
    let (facts, skipped, _) = read(lines.trim_end());
    assert_eq!(facts, sample::facts());
    assert_eq!(skipped, (0, None));
}

#[test]
fn broken_files_say_where_and_why() {
    let header = jsonl::render(&sample::facts()[0]);
    let frame = |fields: &str| {
        format!(
            "{{\"kind\":\"frame\",\"id\":1,\"connection\":1,\"direction\":\"c2s\",\"read_ns\":5{fields}}}"
        )
    };
    for (line, why) in [
        ("nonsense".to_owned(), "expected ident"),
        ("{}".into(), "missing field `kind`"),
        (frame(",\"header\":\"8"), "EOF while parsing"),
        (frame(",\"header\":\"8\""), "header: not the hex digits"),
        (frame(",\"header\":\"zz\""), "header: not the hex digits"),
        (frame(",\"header\":\"000102030405060708090a0b0c0d0e\""), "header: not the hex digits"),
        (frame(",\"text\":\"a\",\"base64\":\"YQ==\""), "both text and base64"),
        (frame(",\"base64\":\"a\""), "payload: "),
        (frame(",\"marks\":[\"odd\"]"), "marks: unknown word \"odd\""),
        (frame(",\"marks\":[\"bit-32\"]"), "marks: unknown word"),
        (frame(",\"written_ns\":4"), "written_ns: before read_ns"),
        (frame(",\"written_ns\":18446744073709551615"), "out of range"),
        (frame("").replace("c2s", "up"), "direction: unknown word \"up\""),
        (frame("").replace("\"id\":1", "\"id\":0"), "id: 0 is not a number from 1"),
        (frame("").replace("\"id\":1", "\"id\":-1.5"), "invalid type: floating point"),
        (frame(&format!(",\"text\":\"{}\"", "x".repeat((1 << 20) + 1))), "more than 1048576"),
        (format!("{}1", "[".repeat(100_000)), "invalid type: sequence"),
        (header.clone(), "a second header"),
    ] {
        let (_, _, error) = read(&format!("{header}\n\n{line}\n"));
        let error = error.expect(&line).to_string();
        assert!(error.starts_with("line 3: ") && error.contains(why), "{error} for {line:.80}");
    }
}

/// `change` applied to the sample's line `number`, from 1; why the file is refused then.
fn refused(number: usize, change: impl FnOnce(&mut Vec<String>)) -> String {
    let mut lines: Vec<String> = sample_lines().lines().map(str::to_owned).collect();
    change(&mut lines);
    let (_, _, error) = read(&(lines.join("\n") + "\n"));
    let error = error.map_or_else(|| "nothing".to_owned(), |error| error.to_string());
    assert!(error.starts_with(&format!("line {number}: ")), "{error}");
    error.split_once(": ").unwrap().1.to_owned()
}

/// The sample's header is line 1, its connections 2 to 4, its gap 5, its frames 6 to 15, then a note.
#[test]
fn files_that_contradict_themselves_are_refused_with_the_line() {
    let replace = |at: usize, from: &'static str, to: &'static str| {
        refused(at, move |lines: &mut Vec<String>| {
            assert!(lines[at - 1].contains(from), "{}", lines[at - 1]);
            lines[at - 1] = lines[at - 1].replacen(from, to, 1);
        })
    };
    for (why, expected) in [
        (
            replace(13, "\"connection\":1", "\"connection\":7"),
            "connection: 7 has no line of its own before this frame",
        ),
        (
            replace(6, "\"header\":\"81a0", "\"header\":\"81a1"),
            "frame 1: payload: 32 bytes, but the header says 33",
        ),
        (
            replace(6, "\"header\":\"81a0", "\"header\":\"819f"),
            "frame 1: payload: 32 bytes, but the header says 31",
        ),
        (replace(6, "}\"}", "}\",\"length\":33}"), "frame 1: length: 33, but the header says 32"),
        (
            replace(6, "\"header\":\"81a001020304\"", "\"length\":33"),
            "frame 1: length: 33, but 32 bytes of payload",
        ),
        (replace(15, ",\"marks\":[\"cut\",\"oversize\"]", ""), "no mark says why"),
        (replace(8, "\"id\":3", "\"id\":2"), "id: frame 2 is there twice"),
        (replace(8, "\"id\":3", "\"id\":1"), "id: frame 1 comes after frame 2"),
        (replace(3, "\"id\":2", "\"id\":1"), "id: connection 1 is there twice"),
        (refused(17, |lines| lines.push(lines[15].clone())), "id: note 1 is there twice"),
        (
            refused(17, |lines| lines.push(lines[3].replacen("\"id\":3", "\"id\":2", 1))),
            "id: connection 2 comes after connection 3",
        ),
    ] {
        assert!(why.contains(expected), "{why}, not {expected}");
    }
}

/// After a trouble with too many open connections, frames may have none: a gap says so.
#[test]
fn a_gap_accounts_for_a_connection_that_is_not_known() {
    let lines: Vec<String> = sample_lines().lines().map(str::to_owned).collect();
    // Without connection 1, whose gap is line 5.
    let text: String = [&lines[..1], &lines[2..]].concat().join("\n") + "\n";
    let (facts, _, error) = read(&text);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(facts.len(), sample::facts().len() - 1);
}

#[test]
fn a_wrong_type_is_told_by_its_field() {
    let replace = |at: usize, from: &str, to: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        refused(at, move |lines: &mut Vec<String>| {
            assert!(lines[at - 1].contains(&from), "{}", lines[at - 1]);
            lines[at - 1] = lines[at - 1].replacen(&from, &to, 1);
        })
    };
    let started = format!("\"started_ns\":{}", sample::STARTED_NS);
    for (why, expected) in [
        (
            replace(1, &started, "\"started_ns\":\"soon\""),
            "started_ns: invalid type: string \"soon\", expected a whole number",
        ),
        (
            replace(1, &started, "\"started_ns\":[1]"),
            "started_ns: invalid type: sequence, expected a whole number",
        ),
        (
            replace(1, &started, "\"started_ns\":1e99"),
            "started_ns: invalid type: floating point `1e+99`, expected a whole number",
        ),
        (
            replace(1, &started, "\"started_ns\":null"),
            "started_ns: invalid type: null, expected a whole number",
        ),
        (replace(1, &started, "\"x\":1"), "missing field `started_ns`"),
        (
            replace(1, "\"v\":1", "\"v\":\"1\""),
            "v: invalid type: string \"1\", expected a whole number from 0",
        ),
        (
            replace(1, "\"name\":\"amber-fox\"", "\"name\":7"),
            "name: invalid type: integer `7`, expected a string",
        ),
        (
            replace(1, "\"name\":\"amber-fox\"", "\"name\":{}"),
            "name: invalid type: map, expected a string",
        ),
        (
            replace(2, "\"c2s\":{\"frames\":", "\"c2s\":{\"frames\":-"),
            "c2s.frames: invalid value: integer `-",
        ),
        (
            replace(2, "\"status\":101", "\"status\":70000"),
            "status: invalid value: integer `70000`, expected a whole number from 0 to 65535",
        ),
        (
            replace(5, "\"connection\":1", "\"connection\":true"),
            "connection: invalid type: boolean `true`, expected a whole number",
        ),
    ] {
        assert!(why.starts_with(expected), "{why}, not {expected}");
    }
    let long = replace(1, &started, &format!("\"started_ns\":\"{}\"", "x".repeat(1 << 20)));
    assert!(long.chars().count() < 200 && long.ends_with("expected a whole number"), "{long}");
}

#[test]
fn other_files_are_told_apart_from_broken_ones() {
    let header = jsonl::render(&sample::facts()[0]);
    for other in ["", "\n\n", "{\"log\":{}}", "{\"kind\":\"frame\"}", "SQLite format 3\0"] {
        let (_, _, error) = read(other);
        assert!(matches!(error, Some(ExchangeError::NotAnExchangeFile)), "{other:?}");
    }
    // A later version may have changed any other field.
    let newer = header.replacen("\"v\":1", "\"v\":2", 1).replace("\"uuid\"", "\"id\"");
    let (_, _, error) = read(&newer);
    assert!(matches!(error, Some(ExchangeError::Newer { found: 2, supported: 1 })));
}

#[test]
fn a_gap_that_is_told_first_parts_what_was_before_it_from_what_came_after() {
    let at = |read_ns, first_byte, payload: &[u8]| {
        let frame = sample::frame(1, 1, Direction::ServerToClient, first_byte, payload);
        RecordedFrame { stamp: Stamp { read_ns, written_ns: Some(read_ns) }, ..frame }
    };
    let gap = Gap {
        connection: Some(1),
        direction: None,
        from_ns: 20,
        to_ns: 25,
        frames: 1,
        bytes: 1,
        reason: GapReason::Behind,
    };
    let mut messages = Messages::new(100);
    messages.gap(&gap);
    let whole = messages.feed(&at(10, 0x81, b"before")).unwrap();
    assert_eq!((whole.payload, whole.trouble), (b"before".to_vec(), None));
    assert!(messages.feed(&at(15, 0x01, b"begun")).is_none());
    let ended = messages.feed(&at(30, 0x80, b"ended")).unwrap();
    assert!(ended.trouble.is_some(), "{ended:?}");
}
