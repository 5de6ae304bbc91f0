//! Facts ↔ HAR: the dialects of browsers and tools, the round trip, and files that mean harm.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should say where")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use wiretape::exchange::ExchangeError;
use wiretape::exchange::har::{self, HarWriter};
use wiretape::exchange::jsonl::{self, FactReader};
use wiretape::wire::{
    Close, Connection, Direction, Ending, Fact, Marks, Opcode, RecordedFrame, Recording,
};

use crate::sample::{self, Home, frame, run};

use Direction::{ClientToServer as Out, ServerToClient as In};

/// Everything that a file says, and what was lost.
fn read(source: impl Read) -> Result<(Vec<Fact<'static>>, String), ExchangeError> {
    let unnamed = Recording { name: "saved".into(), ..Recording::default() };
    let mut facts = har::read(source, Cursor::new(Vec::new()), unnamed)?;
    let mut all = vec![Fact::Recording(facts.recording().clone())];
    while let Some(fact) = facts.next_fact()? {
        all.push(fact);
    }
    let losses = facts.losses().iter();
    let losses: Vec<String> = losses
        .map(|loss| {
            format!("{} {}", loss.count, if loss.count == 1 { loss.one } else { loss.many })
        })
        .collect();
    Ok((all, losses.join(", ")))
}

fn write(facts: &[Fact<'_>]) -> (String, String) {
    let mut writer = HarWriter::new(Cursor::new(Vec::new()));
    for fact in facts {
        writer.take(fact).unwrap();
    }
    let mut bytes = Vec::new();
    let losses = writer.finish(&mut bytes).unwrap();
    let losses: Vec<String> = losses
        .iter()
        .map(|loss| {
            format!("{} {}", loss.count, if loss.count == 1 { loss.one } else { loss.many })
        })
        .collect();
    (String::from_utf8(bytes).unwrap(), losses.join(", "))
}

/// A payload, with all that is no plain text escaped.
fn shown(payload: &[u8]) -> String {
    let mut text = String::new();
    for chunk in payload.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if letter.is_control() {
                write!(text, "\\x{:02x}", letter as u32).unwrap();
            } else {
                text.push(letter);
            }
        }
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").unwrap();
        }
    }
    text
}

fn told(facts: &[Fact<'_>], losses: &str) -> String {
    let mut text = String::new();
    let or = |ns: Option<u64>| ns.map_or_else(|| "-".to_owned(), |ns| ns.to_string());
    for fact in facts {
        match fact {
            Fact::Recording(recording) => writeln!(
                text,
                "started {} by {} of {}",
                recording.started_ns, recording.tool, recording.upstream
            ),
            Fact::Connection(c) => {
                let head = |head: &[u8]| shown(head).replace("\\x0d\\x0a", "|");
                writeln!(
                    text,
                    "conn {} at {} status {} upgrade {} closed {} ending {} detail {} frames {:?}\n  {}\n  {}",
                    c.id,
                    c.opened_ns,
                    c.status.unwrap_or(0),
                    or(c.upgrade_ns),
                    or(c.closed_ns),
                    c.ending.map_or("-", Ending::word),
                    c.detail.as_deref().unwrap_or("-"),
                    c.frames,
                    head(&c.request_head),
                    head(&c.response_head),
                )
            }
            Fact::Frame(f) => writeln!(
                text,
                "{} conn {} {} {} {} {}",
                f.id,
                f.connection,
                f.direction.word(),
                f.stamp.read_ns,
                f.frame.header.opcode().word(),
                shown(&f.frame.payload)
            ),
            other => writeln!(text, "{other:?}"),
        }
        .unwrap();
    }
    if !losses.is_empty() {
        writeln!(text, "lost {losses}").unwrap();
    }
    text
}

#[test]
fn every_dialect_says_what_it_meant() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/har");
    for name in ["chrome", "firefox", "playwright", "http-toolkit"] {
        let source = fs::File::open(folder.join(format!("{name}.har"))).unwrap();
        let (facts, losses) = read(source).unwrap();
        let expected = fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
        assert_eq!(told(&facts, &losses), expected, "{name}");
    }
}

/// Direction, opcode, time since 1970 in nanoseconds and payload.
type Sent = (Direction, Opcode, i64, Vec<u8>);

/// Messages by connection, parts joined.
fn messages(facts: &[Fact<'_>]) -> BTreeMap<i64, Vec<Sent>> {
    let mut started_ns = 0;
    let mut all: BTreeMap<i64, Vec<Sent>> = BTreeMap::new();
    for fact in facts {
        match fact {
            Fact::Recording(recording) => started_ns = recording.started_ns,
            Fact::Frame(f) => {
                let list = all.entry(f.connection).or_default();
                if f.frame.header.is_empty() {
                    let (.., payload) = list.last_mut().unwrap();
                    payload.extend_from_slice(&f.frame.payload);
                    continue;
                }
                let at = started_ns + f.stamp.read_ns as i64;
                let opcode = f.frame.header.opcode();
                list.push((f.direction, opcode, at, f.frame.payload.to_vec()));
            }
            _ => {}
        }
    }
    all
}

#[test]
fn a_recording_comes_back_with_its_messages_times_and_closes() {
    let facts = sample::with_gap_at(209_500_000);
    let (text, losses) = write(&facts);
    assert_eq!(
        losses,
        "1 compression of a message, 1 fragment as such, \
         2 marks of broken rules of RFC 6455, 1 stretch of bytes without frames, \
         1 message that is not whole, 1 note"
    );
    let (again, lost) = read(text.as_bytes()).unwrap();
    assert_eq!(lost, "");
    let Fact::Recording(recording) = &again[0] else { unreachable!("the first fact") };
    assert_eq!(*recording, sample::recording());
    for (before, after) in facts[1..4].iter().zip(&again[1..4]) {
        let (Fact::Connection(before), Fact::Connection(after)) = (before, after) else {
            unreachable!("the connections come first")
        };
        let counted = Connection { frames: after.frames, bytes: after.bytes, ..before.clone() };
        assert_eq!(*after, counted);
    }
    let at = |id: i64| sample::STARTED_NS + 204_000_000 + id * 1_000_000;
    let first = [
        (Out, Opcode::TEXT, at(1), br#"{"type":"hello","user":"u_8412"}"#.to_vec()),
        (In, Opcode::TEXT, at(2), b"Hello".to_vec()),
        (In, Opcode::PING, at(4), b"ping".to_vec()),
        (In, Opcode::TEXT, at(5), "first part, second part: 漢字 🦊".into()),
        (Out, Opcode::TEXT, at(6), b"no mask".to_vec()),
        (Out, Opcode::CLOSE, at(8), b"\x03\xe8bye \x1b]52;c;aGk=\x07".to_vec()),
    ];
    let found = messages(&again);
    assert_eq!(found[&1], first);
    assert_eq!(found[&2], [(In, Opcode::BINARY, at(7), vec![0, 1, 2, 0xfe, 0xff])]);
    let gap = facts.iter().find(|fact| matches!(fact, Fact::Gap(_))).unwrap();
    assert_eq!(again.last().unwrap(), gap, "a gap never becomes an accusation");
}

fn exchanged() -> impl Strategy<Value = Vec<(bool, u8, Vec<u8>, u64)>> {
    let payload = prop_oneof![
        any::<String>().prop_map(String::into_bytes),
        vec(any::<u8>(), 0..200),
        Just(b"{\"a\":\"</script>\\u2028\"}".to_vec()),
    ];
    let opcode = prop_oneof![Just(1_u8), Just(2), Just(8), Just(9), Just(10)];
    vec((any::<bool>(), opcode, payload, 0..1_000_000_000_000_u64), 0..30)
}

proptest! {
    #[test]
    fn any_messages_come_back(
        sent in exchanged(),
        reason in "[a-z]{0,20}",
        started_ns in 1_000_000_000_000_000_000_i64..4_000_000_000_000_000_000,
    ) {
        let mut recording = sample::recording();
        recording.started_ns = started_ns;
        let mut connection = sample::connections()[0].clone();
        connection.opened_ns = 0;
        connection.close[1] = Some(Close { code: Some(4000), reason: reason.into_bytes() });
        let mut facts = vec![Fact::Recording(recording), Fact::Connection(connection.clone())];
        let mut at_ns = 0;
        for (id, (out, opcode, payload, later)) in (1..).zip(sent) {
            let way = Direction::BOTH[usize::from(!out)];
            let payload = if opcode > 7 { payload[..payload.len().min(125)].to_vec() } else { payload };
            let mut frame = frame(id, 1, way, 0x80 | opcode, &payload);
            at_ns += later;
            frame.stamp.read_ns = at_ns;
            frame.stamp.written_ns = Some(at_ns);
            facts.push(Fact::Frame(frame));
        }
        let (text, lost) = write(&facts);
        prop_assert!(lost.is_empty(), "{}", lost);
        prop_assert!(!text.chars().any(|c| c != '\n' && c.is_control()));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&value["log"]["entries"][0]["_resourceType"], "websocket");
        let (again, lost) = read(text.as_bytes()).unwrap();
        prop_assert_eq!(lost, "");
        prop_assert_eq!(messages(&again), messages(&facts));
        let Fact::Connection(after) = &again[1] else { unreachable!("after the recording") };
        prop_assert_eq!(&after.close, &connection.close);
        prop_assert_eq!(&after.request_head, &connection.request_head);
        // From then on nothing changes.
        let text = write(&again).0;
        prop_assert_eq!(write(&read(text.as_bytes()).unwrap().0).0, text);
    }

    #[test]
    fn a_changed_byte_is_an_error_at_most(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = write(&sample::facts()).0.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = read(&bytes[..]);
    }

    #[test]
    fn a_cut_file_is_an_error(at in any::<prop::sample::Index>()) {
        let text = write(&sample::facts()).0;
        let cut = at.index(text.trim_end().len() - 1);
        let error = read(&text.as_bytes()[..cut]).unwrap_err().to_string();
        prop_assert!(error.contains("the file ends in the midst of it"), "{}", error);
    }
}

/// A file with one WebSocket, with `from` replaced.
fn changed(from: &str, to: &str) -> String {
    let text = r#"{"log":{"creator":{"name":"x","version":"1"},"entries":[
{"_resourceType":"websocket","startedDateTime":"2026-11-22T14:03:31.200Z",
"request":{"method":"GET","url":"ws://a/ws","headers":[{"name":"Host","value":"a"}]},
"response":{"status":101,"statusText":"x","headers":[]},"timings":{"wait":1},
"_webSocketMessages":[{"type":"send","time":1795356211.3,"opcode":1,"data":"x"}]}]}}"#;
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

#[test]
fn files_that_are_wrong_say_where_and_why() {
    assert!(read(changed("x", "x").as_bytes()).is_ok());
    let deep = format!("\"x\":{}", "[".repeat(100_000));
    let long_name = format!("\"{}\":1,\"method\"", "n".repeat(1 << 20));
    let digits = format!("\"time\":{}", "9".repeat(1 << 20));
    for (from, to, error) in [
        (
            "\"wait\":1",
            "\"wait\":\"1\"",
            "line 4, column 75, log.entries[0].timings.wait: a text, expected a number",
        ),
        ("\"wait\":1", "\"wait\":1e999", "1e999 is out of range"),
        (
            "1795356211.3",
            "\"soon\"",
            "log.entries[0]._webSocketMessages[0].time: a text, expected a number",
        ),
        ("1795356211.3", "12.5", "12.5 is no time in seconds or milliseconds since 1970"),
        ("1795356211.3", "-1795356211.3", "is no time in seconds"),
        (
            "\"opcode\":1",
            "\"opcode\":99",
            "log.entries[0]._webSocketMessages[0].opcode: 99 is no opcode",
        ),
        ("\"opcode\":1", "\"opcode\":1.5", "1.5 is no opcode"),
        ("\"send\"", "\"sideways\"", "type: unknown word \"sideways\", expected send or receive"),
        ("\"send\"", "7", "_webSocketMessages[0].type: a number, expected a text"),
        ("\"data\":\"x\"", "\"data\":[]", "_webSocketMessages[0].data: a list, expected a text"),
        ("\"data\":\"x\"", "\"data\":\"\\ud800\"", "unpaired surrogate"),
        (
            "\"data\":\"x\"",
            "\"data\":\"x\",\"data\":\"y\"",
            "_webSocketMessages[0].data: it is there twice",
        ),
        ("\"opcode\":1", "\"opcode\":1,,", "not JSON: "),
        (
            "2026-11-22T14:03:31.200Z",
            "yesterday",
            "startedDateTime: \"yesterday\" is no date and time",
        ),
        (
            "\"status\":101",
            "\"status\":70000",
            "log.entries[0].response.status: 70000 is no status",
        ),
        ("\"value\":\"a\"", "\"value\":\"a\\rX: 1\"", "headers could not have been sent"),
        ("[{\"type\"", "{\"type\"", "_webSocketMessages: an object, expected a list"),
        ("\"method\"", &deep, "over 128 objects and lists inside each other"),
        ("\"method\"", &long_name, "longer than anything that belongs there"),
        ("\"time\":1795356211.3", &digits, "longer than anything that belongs there"),
        ("]}]}}", "]}]}} x", "trailing data"),
        ("]}]}}", "]}],\"entries\":[]}}", "log.entries: it is there twice"),
        ("\"entries\"", "\"others\"", "log.entries is missing"),
    ] {
        let said = match read(changed(from, to).as_bytes()) {
            Ok((_, losses)) => format!("nothing ({losses})"),
            Err(error) => error.to_string(),
        };
        assert!(said.contains(error), "{said}, not {error}");
        assert!(said.len() < 300, "{}", said.len());
    }
    let empty = read(&b"{\"log\":{\"entries\":[{},{}]}}"[..]).unwrap_err().to_string();
    assert_eq!(empty, "no WebSocket is in it, only HTTP requests: 2");
}

/// Bytes of `piece` again and again between a beginning and an end, made as they are read.
fn endless(
    before: &'static str,
    piece: &'static [u8],
    count: u64,
    after: &'static str,
) -> impl Read {
    struct Again(&'static [u8], usize);
    impl Read for Again {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            for byte in into.iter_mut() {
                *byte = self.0[self.1];
                self.1 = (self.1 + 1) % self.0.len();
            }
            Ok(into.len())
        }
    }
    before
        .as_bytes()
        .chain(Again(piece, 0).take(count * piece.len() as u64))
        .chain(after.as_bytes())
}

/// The rows of a message that is longer than what is recorded of one.
#[track_caller]
fn long(before: &'static str, piece: &'static [u8], after: &'static str, length: u64) -> Vec<u8> {
    let (facts, lost) =
        read(endless(before, piece, (40 << 20) / piece.len() as u64, after)).unwrap();
    assert_eq!(lost, "1 message of over 16 MiB, of which the beginning is here");
    let frames: Vec<_> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Frame(frame) => Some(&frame.frame),
            _ => None,
        })
        .collect();
    assert_eq!(frames[0].length, length);
    assert_eq!(frames[0].header.length(), length);
    let (end, others) = frames.split_last().unwrap();
    assert!(end.marks.has(Marks::NOT_KEPT) && !end.marks.has(Marks::PART_FOLLOWS));
    assert!(others.iter().all(|row| !row.marks.has(Marks::NOT_KEPT)));
    let later: u64 = frames[1..].iter().map(|row| row.length).sum();
    assert_eq!(frames[0].payload.len() as u64 + later, length);
    // The file that it is exported to takes it back.
    let lines: String = facts.iter().map(|fact| jsonl::render(fact) + "\n").collect();
    let mut reader = FactReader::new(lines.as_bytes());
    assert_eq!(std::iter::from_fn(|| reader.next_fact().unwrap()).count(), facts.len());
    frames.iter().flat_map(|row| row.payload.to_vec()).collect()
}

/// As of a frame that is recorded, so much is kept of a message, and its length.
#[test]
fn of_what_is_too_long_the_beginning_is_kept() {
    let text = "{\"log\":{\"entries\":[{\"_webSocketMessages\":[{\"type\":\"send\",\"time\":1795356211,\
                \"opcode\":1,\"data\":\"";
    let kept = long(text, b"x", "\"}]}]}}", 40 << 20);
    assert!(kept.len() == 16 << 20 && kept.iter().all(|byte| *byte == b'x'));
    let binary = "{\"log\":{\"entries\":[{\"_webSocketMessages\":[{\"type\":\"receive\",\
                  \"time\":1795356211,\"opcode\":2,\"data\":\"";
    let kept = long(binary, b"AAEC", "AA==\"}]}]}}", (30 << 20) + 1);
    assert!(kept.len() == 16 << 20 && kept.starts_with(&[0, 1, 2, 0]));
}

#[test]
fn what_is_not_wanted_never_fills_memory() {
    // What is not wanted may be as long as it likes.
    let text = "{\"log\":{\"entries\":[{\"response\":{\"content\":{\"text\":\"";
    let error = read(endless(text, b"x", 40 << 20, "\"}}}]}}")).unwrap_err().to_string();
    assert_eq!(error, "no WebSocket is in it, only HTTP requests: 1");
}

#[test]
fn a_saved_har_is_imported_by_its_content_checked_and_opened_like_any_recording() {
    let home = Home::empty();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/har/chrome.har");
    // The name says nothing.
    fs::copy(golden, home.dir.path().join("localhost 3000.jsonl")).unwrap();
    let output = run(home.dir.path(), &["import", "localhost 3000.jsonl"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, "left out or mended: 1 message that lacks a field, 1 HTTP request\n");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(stdout, "localhost-3000   recordings/2026-11-22-localhost-3000.db\n");
    let frames = home.prints(&["frames", "localhost-3000"]);
    assert_eq!(frames.lines().count(), 3, "{frames}");
    let info = home.prints(&["info", "localhost-3000"]);
    assert!(info.contains("finished") && info.contains("WebInspector"), "{info}");
    let checked = run(home.dir.path(), &["check", "localhost-3000", "--format", "json"]);
    assert!([Some(0), Some(1)].contains(&checked.status.code()), "{checked:?}");
    let left: Vec<_> = fs::read_dir(home.dir.path().join("recordings"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none_or(|extension| extension != "db"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_export_as_har_imports_again_and_says_what_it_lacks() {
    let home = Home::new();
    let output = run(home.dir.path(), &["export", "amber-fox", "--format", "har", "-o", "a.har"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("as 6 messages") && stderr.contains("HAR has no place for"),
        "{stderr}"
    );
    let printed = home.prints(&["import", "a.har", "--dir", "other"]);
    assert_eq!(printed, "amber-fox   other/2026-11-22-amber-fox.db\n");
    // What the first passage lost is lost; the second loses nothing.
    home.prints(&["export", "amber-fox", "--dir", "other", "--format", "har", "-o", "b.har"]);
    home.prints(&["import", "b.har", "--dir", "third"]);
    let again = home.prints(&["export", "amber-fox", "--dir", "third", "--format", "har"]);
    assert_eq!(again, fs::read_to_string(home.dir.path().join("b.har")).unwrap());
    let csv = home.prints(&["export", "amber-fox", "--format", "csv"]);
    assert!(
        csv.starts_with("frame,connection,direction,time,ns,opcode,bytes,encoding,payload\r\n")
    );
    assert!(
        csv.contains(
            "1,1,c2s,2026-11-22T14:03:31.205000000Z,205000000,text,32,text,\"{\"\"type\"\""
        )
    );
    assert!(csv.contains(",binary,5,base64,AAEC/v8=\r\n") && !csv.contains('\x1b'), "{csv}");
}

#[test]
fn what_is_neither_is_told_what_it_is() {
    let home = Home::new();
    for (bytes, why) in [
        (&b"\x1f\x8b\x08"[..], "it is compressed"),
        (b"PK\x03\x04", "the zip can't be read as a report"),
        (b"SQLite format 3\0", "a recording already"),
        (b"", "the first line is not a Wiretape header"),
        (b"\xef\xbb\xbf { \"log\": 7 }", "log: a number, expected an object"),
    ] {
        fs::write(home.dir.path().join("file.har"), bytes).unwrap();
        let output = run(home.dir.path(), &["import", "file.har"]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{stderr}");
        assert!(stderr.contains(why), "{stderr}");
    }
}

/// A message of over 1 MiB is stored in rows.
#[test]
fn a_long_message_comes_back_whole() {
    let payload: Vec<u8> = (0..3_000_000_u32).map(|at| b'a' + (at % 26) as u8).collect();
    let text = changed("\"x\"}]", &format!("{:?}}}]", String::from_utf8(payload.clone()).unwrap()));
    let (facts, _) = read(text.as_bytes()).unwrap();
    let rows: Vec<&RecordedFrame<'_>> = facts
        .iter()
        .filter_map(|fact| if let Fact::Frame(frame) = fact { Some(frame) } else { None })
        .collect();
    let marks: Vec<String> =
        rows.iter().map(|row| row.frame.marks.words().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(marks, ["part-follows", "part-follows part", "part"]);
    assert_eq!(rows[0].frame.length, payload.len() as u64);
    assert_eq!(messages(&facts)[&1][0].3, payload);
    let home = Home::empty();
    fs::write(home.dir.path().join("long.har"), text).unwrap();
    home.prints(&["import", "long.har"]);
    let printed = home.prints(&["export", "long", "--format", "csv"]);
    assert!(printed.contains(&String::from_utf8(payload).unwrap()));
}
