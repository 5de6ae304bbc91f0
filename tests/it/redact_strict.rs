//! Strict: types, ids under other names, times and sizes, and nothing that anybody said.

use std::fs;

use serde_json::{Value, json};
use wiretape::exchange::jsonl;
use wiretape::redact::{Level, Policy, Redacted};
use wiretape::wire::{Close, Connection, Direction, Fact, Note, RecordedFrame, Recording};

use crate::sample::{self, frame, wiretape};

use Direction::{ClientToServer as Out, ServerToClient as In};

fn policy(level: Level) -> Policy {
    Policy { level, salt: [42; 16], ..Policy::default() }
}

/// What is said on one connection, as strict leaves it.
fn strict(texts: &[&str]) -> Vec<String> {
    let connection = Connection {
        request_head: b"GET /ws HTTP/1.1\r\n\r\n".to_vec(),
        response_head: b"HTTP/1.1 101 Switching Protocols\r\n\r\n".to_vec(),
        ..sample::connections()[0].clone()
    };
    let mut facts = vec![Fact::Recording(sample::recording()), Fact::Connection(connection)];
    let frames = (1..).zip(texts);
    facts.extend(frames.map(|(id, text)| Fact::Frame(frame(id, 1, Out, 0x81, text.as_bytes()))));
    said(&Redacted::new(&facts, policy(Level::Strict)))
}

fn said(redacted: &Redacted) -> Vec<String> {
    let frames = redacted.facts.iter().filter_map(|fact| match fact {
        Fact::Frame(RecordedFrame { frame, .. }) => Some(frame.payload.to_vec()),
        _ => None,
    });
    frames.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}

#[test]
fn strict_keeps_values_that_look_like_what_they_are() {
    for (text, after) in [
        // Types, ids that are random, times and small numbers.
        (r#"{"type":"agent_started","seq":7}"#, r#"{"type":"agent_started","seq":7}"#),
        (
            r#"{"run_id":"0190a7c2-7b1e-4c11-8f7e-1d2f3a4b5c6d","ts":1795356211123}"#,
            r#"{"run_id":"0190a7c2-7b1e-4c11-8f7e-1d2f3a4b5c6d","ts":1795356211123}"#,
        ),
        (
            r#"{"timestamp":"2026-11-22T14:32:03.443+00:00"}"#,
            r#"{"timestamp":"2026-11-22T14:32:03.443+00:00"}"#,
        ),
        (r#"{"amount":4711,"type":"a.b/c:d-e"}"#, r#"{"amount":0,"type":"a.b/c:d-e"}"#),
        // What only stands where these would.
        (
            r#"{"type":"Jane Roe has been dismissed","event":"Jane Roe has been dismissed"}"#,
            r#"{"type":"name02","event":"name02"}"#,
        ),
        (
            r#"{"status":"Jane Roe is ill","action":"fire jane","role":"jane","channel":"globex"}"#,
            r#"{"status":"id01","action":"id02","role":"id03","channel":"id04"}"#,
        ),
        (
            r#"{"case_id":"Jane Roe","run_id":"run-77-globex-9","x_id":"globex"}"#,
            r#"{"case_id":"id01","run_id":"run-77-id02-9","x_id":"id02"}"#,
        ),
        (r#"{"employee_id":4155552671,"id":3}"#, r#"{"employee_id":"id01","id":3}"#),
        (r#"{"timestamp":"Jane Roe"}"#, r#"{"timestamp":"id01"}"#),
        // Members' names that are none.
        (
            r#"{"Jane Roe +1 415 555 2671":1,"a":{"Jane Roe +1 415 555 2671":true}}"#,
            r#"{"name02":0,"a":{"name02":true}}"#,
        ),
        // Texts, short ones too; what transports say stays.
        ("alice", "‹text, 5 characters›"),
        ("ping", "ping"),
        ("2", "2"),
        ("40", "40"),
        (r#"42/globex,["message","hi"]"#, r#"42/id01,["message","‹text, 2 characters›"]"#),
    ] {
        let out = strict(&[text]);
        assert_eq!(out[0], after, "{text}");
        // Once more changes nothing.
        assert_eq!(strict(&[&out[0]])[0], after, "{text}");
    }
    // A name that is taken is nobody else's.
    let out = strict(&[r#"{"x_id":"globex"}"#, r#"{"x_id":"id01"}"#]);
    assert_eq!(out, [r#"{"x_id":"id02"}"#, r#"{"x_id":"id01"}"#]);
}

/// A text that is no JSON is what somebody wrote, unless a transport says it.
#[test]
fn redact_asks_for_texts_that_are_no_json() {
    let text = "Dear all, my diagnosis is none of yours.";
    let facts = |text: &str| {
        let mut facts = talkative();
        facts.truncate(2);
        facts.push(Fact::Frame(frame(1, 1, Out, 0x81, text.as_bytes())));
        facts
    };
    let open = |facts: &[Fact<'_>]| {
        let redacted = Redacted::new(facts, policy(Level::Default));
        let rows = redacted.rows.iter().filter(|row| !row.decided);
        (rows.map(|row| (row.rule, row.place.clone())).collect::<Vec<_>>(), said(&redacted))
    };
    let (rows, out) = open(&facts(text));
    assert_eq!(rows, [("free text", "text".to_owned())]);
    assert_eq!(out, ["‹text, 40 characters›"]);
    for text in ["ping", "3", "40"] {
        assert_eq!(open(&facts(text)), (vec![], vec![text.to_owned()]));
    }
    // Shown, secrets in it are hidden none the less.
    let mut shown = policy(Level::Default);
    shown.decisions.set("text", wiretape::redact::Decision::Show);
    let redacted = Redacted::new(&facts("Dear all, token=planted-99 is it"), shown);
    let out = said(&redacted).remove(0);
    assert!(out.starts_with("Dear all, token=‹token-") && out.ends_with(" is it"), "{out}");
    assert_eq!(redacted.undecided(), 0);
}

/// Every place of a recording at which something may be said.
fn talkative() -> Vec<Fact<'static>> {
    let request = "GET /tenants/globex-gmbh/ws?room=globex&globex HTTP/1.1\r\nHost: globex.example\r\n\
                   Referer: https://globex.example/globex\r\nOrigin: https://globex.example\r\n\r\n";
    let response = "HTTP/1.1 101 Switching Protocols\r\n\
                    Set-Cookie: sid=globex-1; Domain=globex.example; Path=/globex\r\n\r\n";
    let mut connection = Connection {
        client: "globex.internal:4000".into(),
        request_head: request.into(),
        response_head: response.into(),
        detail: Some("globex hung up".into()),
        ..sample::connections()[0].clone()
    };
    connection.close[0] = Some(Close { code: Some(4001), reason: b"bye globex".to_vec() });
    let recording = Recording {
        name: "globex-merger".into(),
        upstream: "ws://globex.internal:8000/globex".into(),
        ..sample::recording()
    };
    let mut facts = vec![Fact::Recording(recording), Fact::Connection(connection)];
    let close = [&4001_u16.to_be_bytes()[..], b"bye globex"].concat();
    let frames: [(Direction, u8, &[u8]); 5] = [
        (Out, 0x89, b"token=globex-99"),
        (In, 0x8a, b"token=globex-99"),
        (In, 0x89, b""),
        (Out, 0x81, br#"{"type":"x","status":"globex has been sold"}"#),
        (Out, 0x88, &close),
    ];
    let frames = (1..).zip(frames);
    facts
        .extend(frames.map(|(id, (way, first, text))| Fact::Frame(frame(id, 1, way, first, text))));
    let note = Note { id: 1, text: "globex".into(), author: "globex".into(), ..Note::default() };
    facts.push(Fact::Note(note));
    facts
}

#[test]
fn strict_hides_what_is_said_at_every_place() {
    let redacted = Redacted::new(&talkative(), policy(Level::Strict));
    let lines: Vec<String> = redacted.facts.iter().map(jsonl::render).collect();
    for line in &lines {
        assert!(!line.contains("globex") && !line.contains("4001bye"), "{line}");
    }
    let Fact::Connection(connection) = &redacted.facts[1] else { unreachable!("the connection") };
    let head = String::from_utf8(connection.request_head.clone()).unwrap();
    assert!(head.starts_with("GET /id"), "{head}");
    assert!(head.contains("/ws?room="), "{head}");
    // A pong still answers its ping, an empty one stays so, and the code of a close is a number.
    let out = said(&redacted);
    assert_eq!(out[0], out[1]);
    assert!(out[0].starts_with("name") && out[2].is_empty(), "{out:?}");
    assert_eq!(connection.close[0].as_ref().unwrap().code, Some(4001));
}

/// Names of the usual level, where a token stands at the beginning.
#[test]
fn redact_finds_a_token_at_the_beginning_of_a_ping_and_of_a_reason() {
    let redacted = Redacted::new(&talkative(), policy(Level::Default));
    assert!(!said(&redacted)[0].contains("globex-99"), "{:?}", said(&redacted));
}

struct Room(tempfile::TempDir);

impl Room {
    fn of(facts: &[Fact<'_>]) -> Self {
        let room = Self(tempfile::TempDir::new().unwrap());
        let mut lines: String = facts.iter().map(|fact| jsonl::render(fact) + "\n").collect();
        lines += &jsonl::render_end(facts.len() as u64);
        fs::write(room.0.path().join("in.jsonl"), lines + "\n").unwrap();
        room
    }

    #[track_caller]
    fn prints(&self, args: &[&str]) -> String {
        let output = wiretape(self.0.path()).args(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        assert!(output.status.success(), "{args:?}: {}", text(output.stderr));
        text(output.stdout)
    }

    /// What is found, but for what redaction changes.
    #[track_caller]
    fn found(&self, file: &str, rules: &[&str]) -> Vec<String> {
        let args = ["check", file, "--json", "--fail-on", "never"];
        let object: Value = serde_json::from_str(&self.prints(&[&args, rules].concat())).unwrap();
        let findings = object["findings"].as_array().unwrap().iter();
        let of =
            |finding: &Value| ["code", "rule", "at_ns", "frames"].map(|it| finding[it].to_string());
        findings.map(|finding| of(finding).join(" ")).collect()
    }
}

#[test]
fn redact_strict_names_no_file_after_the_recording() {
    let room = Room::of(&talkative());
    let printed = room.prints(&[
        "report",
        "in.jsonl",
        "--whole",
        "--redact",
        "strict",
        "--no-input",
        "--json",
    ]);
    let object: Value = serde_json::from_str(&printed).unwrap();
    let files = object["files"].as_array().unwrap();
    assert_eq!(files.len(), 3);
    assert!(!printed.contains("globex"), "{printed}");
    for file in files {
        let text = fs::read_to_string(room.0.path().join(file["path"].as_str().unwrap())).unwrap();
        assert!(!text.contains("globex"), "{file}");
    }
    room.prints(&["export", files[0]["path"].as_str().unwrap(), "-o", "out.jsonl"]);
    let text = fs::read_to_string(room.0.path().join("out.jsonl")).unwrap();
    assert!(text.contains("name01") && !text.contains("globex"), "{text}");
}

const RULES: &str = r#"# ask jane.roe@acme.io, her key is sk-live-planted-abcdefgh1234
version = 1
[fields]
type = "/kind" # password: planted-in-a-comment
call = "/call_id"
run = { from = ["/run"], absent = [
  "nobody", # planted-among-values
] }
[[event]]
name = "ask"
type = ["wants it"]
where = { "/phase" = "begun" } # planted-behind-a-table
[[event]]
name = "answer"
[scope.run]
key = ["run"]
begin = ["ask"]
# planted-between
[[rule]]
id = "answered"
scope = "run"
key = "call"
response = ["ask", "answer"]
within = "1s"
note = "as john.doe@acme.io said, with token=planted-in-a-note"
"#;

/// Two questions, of which one is answered.
fn asked() -> Vec<Fact<'static>> {
    let mut facts = talkative();
    facts.truncate(2);
    let texts = [
        json!({"kind": "wants it", "phase": "begun", "run": "globex-1", "call_id": "call-globex"}),
        json!({"kind": "wants it", "phase": "over", "run": "globex-1", "call_id": "call-x"}),
        json!({"kind": "wants it", "phase": "begun", "run": "globex-1", "call_id": "call-roe"}),
        json!({"kind": "answer", "run": "globex-1", "call_id": "call-globex"}),
    ];
    let frames = (1..).zip(texts);
    facts.extend(
        frames.map(|(id, text)| Fact::Frame(frame(id, 1, In, 0x81, text.to_string().as_bytes()))),
    );
    facts
}

/// The rules go along with a report: what they say is searched like all else.
#[test]
fn redact_leaves_no_comment_and_no_secret_in_the_rules() {
    let room = Room::of(&asked());
    fs::write(room.0.path().join("own.toml"), RULES).unwrap();
    let expected = room.found("in.jsonl", &["--rules", "own.toml"]);
    assert!(expected.iter().any(|finding| finding.contains("answered")), "{expected:?}");
    for level in ["default", "strict", "off"] {
        let args = ["report", "in.jsonl", "--whole", "--no-input", "--json", "--html"];
        let more = ["--rules", "own.toml", "--redact", level, "--out", level];
        let printed = room.prints(&[&args[..], &more].concat());
        let object: Value = serde_json::from_str(&printed).unwrap();
        let page = object["files"][0]["path"].as_str().unwrap();
        assert_eq!(room.found(page, &[]), expected, "{level}");
        room.prints(&["export", page, "-o", &format!("{level}.jsonl")]);
        let text = fs::read_to_string(room.0.path().join(format!("{level}.jsonl"))).unwrap();
        for secret in ["jane.roe", "john.doe", "planted", "sk-live"] {
            assert_eq!(text.contains(secret), level == "off", "{level}: {secret} in {text}");
        }
        if level == "strict" {
            assert!(!text.contains("globex") && !text.contains("call-roe"), "{text}");
        }
    }
}
