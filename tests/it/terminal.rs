//! What reaches a terminal: whatever is recorded, only text that shows as itself.

use std::io::Read as _;
use std::process::{Output, Stdio};

use wiretape::wire::{Direction, Fact};

use crate::sample::{self, Home, frame, run, wiretape};

/// Every C0 and C1 character, as text and as bytes, and what else a terminal could act on or hide.
fn hostile() -> (String, Vec<u8>) {
    let mut text: String = (1..0x20).chain(0x7f..0xa0).filter_map(char::from_u32).collect();
    text.push_str(
        "\u{1b}]52;c;aGVsbG8=\u{7}\u{1b}]0;title\u{1b}\\\u{1b}[31m\u{9b}31m\u{1b}P\u{1b}_",
    );
    text.push_str(
        "\u{202a}\u{202e}\u{2066}\u{2069}\u{200b}\u{200d}\u{2060}\u{feff}\u{2028}\u{2029}",
    );
    text.push_str("\u{ad}\u{61c}\u{180e}\u{e0041}\u{fff9}\u{e000}\u{10fffd}");
    text.push_str(&"\u{301}".repeat(50));
    let mut bytes = text.clone().into_bytes();
    bytes.extend(0..=255);
    (text, bytes)
}

pub(crate) fn hostile_home() -> Home {
    let (text, bytes) = hostile();
    let mut head = b"GET /".to_vec();
    head.extend(&bytes);
    head.extend(b" HTTP/1.1\r\nX-Odd: ");
    head.extend(&bytes);
    head.extend(b"\r\n\r\n");
    let mut facts = sample::facts();
    for fact in &mut facts {
        match fact {
            Fact::Recording(recording) => {
                recording.tool.clone_from(&text);
                recording.upstream.clone_from(&text);
                recording.listen.clone_from(&text);
                recording.name.clone_from(&text);
                recording.note = Some(text.clone());
                recording.rules = Some(text.clone());
            }
            Fact::Connection(connection) => {
                connection.client.clone_from(&text);
                connection.server.clone_from(&text);
                connection.detail = Some(text.clone());
                connection.request_head.clone_from(&head);
                connection.response_head.clone_from(&head);
                connection.response_body.clone_from(&bytes);
                for close in connection.close.iter_mut().flatten() {
                    close.reason.clone_from(&bytes);
                }
            }
            Fact::Note(note) => note.text.clone_from(&text),
            Fact::Frame(_) | Fact::Gap(_) => {}
        }
    }
    // One byte a frame too, so that a cut preview hides none.
    let mut payloads: Vec<Vec<u8>> = bytes.chunks(1).map(<[u8]>::to_vec).collect();
    payloads.extend(text.chars().map(|character| character.to_string().into_bytes()));
    payloads.push(bytes);
    for (payload, id) in payloads.iter().zip(11..) {
        for (opcode, id) in [(0x81, id), (0x82, id + 1000), (0x88, id + 2000), (0x8b, id + 3000)] {
            let frame = frame(id, 2, Direction::ServerToClient, opcode, payload);
            facts.push(Fact::Frame(frame));
        }
    }
    let home = Home::empty();
    let name = format!("recordings/2026-11-22-{}.db", text.replace('/', ""));
    sample::write(&home.dir.path().join(&name[..200]), &[facts[0].clone()]);
    sample::write(&home.tape(), &facts);
    home
}

#[track_caller]
fn assert_harmless(output: &Output, what: &str) {
    for stream in [&output.stdout, &output.stderr] {
        let text = std::str::from_utf8(stream).unwrap_or_else(|error| panic!("{what}: {error}"));
        let mut marks = 0;
        for character in text.chars() {
            let code = u32::from(character);
            let bad = (code < 0x20 && character != '\n')
                || (0x7f..0xa0).contains(&code)
                || (0x202a..=0x202e).contains(&code)
                || (0x2066..=0x2069).contains(&code)
                || (0x200b..=0x200f).contains(&code)
                || [0xad, 0x61c, 0x180e, 0x2028, 0x2029, 0x2060, 0xfeff, 0xfff9].contains(&code)
                || (0xe000..0xf900).contains(&code)
                || code >= 0xe_0000;
            assert!(!bad, "{what} printed U+{code:04X}");
            marks = if character == '\u{301}' { marks + 1 } else { 0 };
            assert!(marks <= 4 || what.contains("json") || what.contains("export"), "{what}");
        }
    }
}

/// T01, T02: no payload, header, path, reason, name or error reaches the terminal as it is.
#[test]
fn nothing_hostile_is_printed() {
    let home = hostile_home();
    let (text, _) = hostile();
    let tape = "amber-fox";
    let odd = text.replace('\0', "");
    let mut verbs: Vec<Vec<&str>> = vec![
        vec![],
        vec!["ls"],
        vec!["ls", "--json"],
        vec!["info", tape],
        vec!["info", tape, "--json"],
        vec!["info", tape, "--show-secrets"],
        vec!["info", tape, "--check"],
        vec!["info", tape, "-c", "1"],
        vec!["info", tape, "-c", "3", "--show-secrets"],
        vec!["info", tape, "-c", "1", "--json"],
        vec!["frames", tape],
        vec!["frames", tape, "--json"],
        vec!["frames", tape, "--hex"],
        vec!["frames", tape, "--follow"],
        vec!["export", tape],
        vec!["completions", "bash"],
        vec!["man"],
        vec!["info", &odd],
        vec!["frames", "recordings"],
        vec!["query", tape, &odd],
        vec!["export", tape, "-o", "/nowhere/\u{1b}[31m"],
        vec!["import", &odd],
        vec!["rm", &odd],
        vec![&odd],
        vec!["frames", tape, "--limit", &odd],
    ];
    for format in ["table", "csv", "json"] {
        for view in ["frames", "connections", "gaps", "recording", "note", "connection"] {
            let sql = format!("SELECT * FROM {view}").leak();
            verbs.push(vec!["query", tape, sql, "--format", format]);
        }
    }
    for args in verbs {
        let output = run(home.dir.path(), &args);
        let what = format!("{args:?}");
        // Tabs are part of shells' languages.
        if args.first() == Some(&"completions") {
            continue;
        }
        assert!(!output.stdout.is_empty() || !output.stderr.is_empty(), "{what} printed nothing");
        assert_harmless(&output, &what);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = hostile_home();
    for args in [
        &["frames", "amber-fox"][..],
        &["export", "amber-fox", "-q"],
        &["frames", "amber-fox", "--json"],
    ] {
        let mut child = wiretape(home.dir.path())
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(output.stderr.is_empty(), "{args:?}: {:?}", String::from_utf8(output.stderr));
    }
}
