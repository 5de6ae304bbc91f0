//! `check` and `timeline` through the binary: the demo's five bugs, and nothing else, in every format.

use std::borrow::Cow;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Barrier};

use serde_json::{Value, json};
use wiretape::exchange::jsonl;
use wiretape::wire::{
    Connection, Direction, Ending, Fact, Frame, Header, Marks, RecordedFrame, Recording, Stamp,
};

use crate::sample::{run, wiretape};
use crate::support::load::{connect, serve};
use crate::support::proxy::{Options, start_proxy};

/// A folder with the sample recording of the demo, at its own pace.
fn demo() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/samples/demo.jsonl");
    let imported = run(folder.path(), &["import", sample.to_str().unwrap()]);
    let said = String::from_utf8(imported.stdout).unwrap();
    let name = said.split_whitespace().next().expect("a name").to_owned();
    (folder, name)
}

fn checked(folder: &Path, args: &[&str]) -> (Output, String) {
    let output = run(folder, args);
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    (output, stdout)
}

/// What the demo says it has planted.
const PLANTED: [(&str, &str); 5] = [
    ("E108", "user_02"),
    ("E102", "user_07"),
    ("E108", "user_10"),
    ("E104", "user_11"),
    ("E101", "user_01"),
];

#[test]
fn the_demo_s_bugs_are_found_and_no_others() {
    let (folder, name) = demo();
    let (output, text) = checked(folder.path(), &["check", &name, "--json"]);
    assert_eq!(output.status.code(), Some(1), "findings");
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((json["v"].as_u64(), json["kind"].as_str()), (Some(1), Some("check")));
    let mut errors: Vec<(&str, &str)> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["severity"] == "error")
        .map(|finding| (finding["code"].as_str().unwrap(), finding["user"].as_str().unwrap()))
        .collect();
    errors.sort_unstable();
    let mut planted = PLANTED;
    planted.sort_unstable();
    assert_eq!(errors, planted);
    let stalled =
        json["findings"].as_array().unwrap().iter().find(|f| f["code"] == "E102").unwrap();
    assert_eq!(stalled["expected"]["event"], "tool_completed");
    assert!(stalled["cause"]["message"].as_str().unwrap().contains("1006"), "{stalled}");
}

#[test]
fn people_see_the_hole_and_its_cause() {
    let (folder, name) = demo();
    let (output, text) = checked(folder.path(), &["check", &name]);
    assert_eq!(output.status.code(), Some(1));
    for words in [
        "✖ E102 missing",
        "tool_completed (search_costs) never came",
        "← expected here",
        "the connection broke without a close frame (1006); the client came back",
        "5 errors, 3 warnings",
        "rules agent: ",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[test]
fn exit_codes_follow_the_threshold() {
    let (folder, name) = demo();
    let code = |args: &[&str]| checked(folder.path(), args).0.status.code();
    assert_eq!(code(&["check", &name, "--fail-on", "never"]), Some(0));
    assert_eq!(code(&["check", &name, "--since", "100s"]), Some(0));
    assert_eq!(code(&["check", &name, "--rules", "none", "--fail-on", "error"]), Some(0));
    assert_eq!(code(&["check", &name, "--rules", "none", "--fail-on", "warning"]), Some(1));
    assert_eq!(code(&["check", "nobody"]), Some(3));
    let (output, _) = checked(folder.path(), &["check", &name, "--rules", "agnt"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("agent"), "the nearest is named: {said}");
    std::fs::write(folder.path().join("bad.toml"), "version = 1\n[scope.x]\nkye = ['user']\n")
        .unwrap();
    let (output, _) = checked(folder.path(), &["check", &name, "--rules", "bad.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("line 2") && said.contains("rules lint bad.toml"), "{said}");
}

#[test]
fn other_tools_read_it() {
    let (folder, name) = demo();
    let (_, sarif) = checked(folder.path(), &["check", &name, "--format", "sarif"]);
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.iter().filter(|result| result["level"] == "error").count(), 5);

    let (_, junit) = checked(folder.path(), &["check", &name, "--format", "junit"]);
    assert!(junit.starts_with("<?xml"), "{junit}");
    assert_eq!(junit.matches("<testcase").count(), junit.matches("classname=").count());
    assert_eq!(junit.matches("<failure").count(), 3, "one a rule: run, isolation, after the end");
    assert_eq!(junit.matches("<failure").count(), junit.matches("</failure>").count());

    let (_, github) = checked(folder.path(), &["check", &name, "--format", "github"]);
    assert_eq!(github.matches("::error title=").count(), 5);
    assert!(github.matches(" title=").count() <= 10, "{github}");
}

/// The ten worst are annotated; the summary has all, as far as there is room, after what is there.
#[test]
fn a_step_on_github_has_a_summary() {
    let (folder, name) = demo();
    let path = folder.path().join("summary.md");
    let check = || {
        let mut command = wiretape(folder.path());
        command.env("GITHUB_STEP_SUMMARY", &path);
        let output = command.args(["check", &name, "--format", "github"]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        (String::from_utf8(output.stdout).unwrap(), std::fs::read_to_string(&path).unwrap())
    };
    std::fs::write(&path, "before\n").unwrap();
    let (stdout, summary) = check();
    assert!(stdout.matches("::").count() <= 20 && stdout.matches("::error").count() == 5);
    assert!(summary.starts_with("before\n\n### Wiretape: 5 errors, 3 warnings"), "{summary}");
    assert_eq!(summary.matches("\n| error | E").count(), 5, "{summary}");
    assert!(summary.contains("tool&#95;completed (search&#95;costs) never came"), "{summary}");
    // Full, or nearly: what does not fit is left out whole.
    for free in [0, 100, 700] {
        std::fs::write(&path, "é".repeat((1 << 19) - free / 2)).unwrap();
        let (_, summary) = check();
        assert!(summary.len() <= 1 << 20, "{}", summary.len());
        assert_eq!(summary.contains("do not fit"), free == 700);
    }
}

#[test]
fn a_timeline_is_text() {
    let (folder, name) = demo();
    let (output, text) = checked(folder.path(), &["timeline", &name, "--user", "user_07"]);
    assert!(output.status.success());
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with(&name), "{text}");
    let broken = lines.iter().find(|line| line.contains("E102")).expect("the broken run");
    assert!(broken.contains('?') && broken.contains('S') && broken.contains('X'), "{broken}");
    assert!(lines.iter().any(|line| line.contains("ok ")), "{text}");
    assert!(!text.contains("user_01"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    // Who is not there is not one of whom nothing is to be shown.
    let (output, text) = checked(folder.path(), &["timeline", &name, "--user", "nobody"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), text.as_str()), (Some(2), ""), "{told}");
    assert!(told.contains("nobody is called nobody") && told.contains("stats REC --by"), "{told}");
}

#[test]
fn a_run_that_ended_in_an_error_is_not_called_ok() {
    let folder = tempfile::tempdir().unwrap();
    let run_of = |run: &str, end: &str| {
        ["agent_started", end].map(|kind| {
            json!({ "type": kind, "run_id": run, "agent_name": "a", "user_id": "ada" }).to_string()
        })
    };
    let texts = [run_of("R1", "agent_completed"), run_of("R2", "agent_error")].concat();
    import(folder.path(), ("two-ends", "ada"), &texts);
    let (_, text) = checked(folder.path(), &["timeline", "two-ends", "--rules", "agent"]);
    let of = |run: &str| text.lines().find(|line| line.contains(run)).unwrap().to_owned();
    assert!(of("R1").contains(" ok ") && of("R2").contains(" failed "), "{text}");
}

/// A key that takes everything apart makes everything look broken, which programs are told too.
#[test]
fn a_rule_that_everything_breaks_is_suspicious() {
    let folder = tempfile::tempdir().unwrap();
    let bodies: Vec<String> = (0..20)
        .map(|n| json!({ "type": "agent_completed", "run_id": n, "agent_name": "a" }).to_string())
        .collect();
    import(folder.path(), ("keyless", "ada"), &bodies);
    let (_, text) = checked(folder.path(), &["check", "keyless", "--rules", "agent", "--json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    let of = |list: &str| json[list].as_array().unwrap().clone();
    let rules: Vec<Value> = of("suspicious").iter().map(|one| one["rule"].clone()).collect();
    assert!(rules.contains(&"agent-run".into()), "{rules:?}");
    let (folder, name) = demo();
    let (_, text) = checked(folder.path(), &["check", &name, "--json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["suspicious"], json!([]));
}

/// Of a batch, a filter looks at each event's own part.
#[test]
fn a_filter_looks_at_the_part_of_a_batch_that_is_the_event_s() {
    let folder = tempfile::tempdir().unwrap();
    let one = |id: u32, method: &str| json!({ "jsonrpc": "2.0", "id": id, "method": method });
    let bodies = [json!([one(1, "a"), one(2, "b")]), json!([one(3, "a")]), one(4, "b")];
    import(folder.path(), ("batches", "ada"), &bodies.map(|body| body.to_string()));
    for (filter, events) in [("$.method=b", 2), ("$.id=1", 1), ("$.id=1 $.method=b", 0)] {
        let args = ["frames", "batches", "--rules", "json-rpc", "--filter", filter];
        let told = String::from_utf8(run(folder.path(), &args).stderr).unwrap();
        assert!(told.contains(&format!("{events} of ")), "{filter}: {told}");
    }
}

/// A text frame as a server sends it.
fn said(body: &str) -> Vec<u8> {
    let mut frame = vec![0x81, body.len() as u8];
    frame.extend_from_slice(body.as_bytes());
    frame
}

#[test]
fn findings_come_while_it_is_recorded_and_are_those_of_afterwards() {
    let go_on = Arc::new(Barrier::new(2));
    let waits = Arc::clone(&go_on);
    let server = serve(move |mut socket: TcpStream| {
        for (kind, run) in [
            ("agent_started", "A"),
            ("agent_completed", "A"),
            ("agent_thinking", "A"),
            ("agent_started", "B"),
        ] {
            let body = format!(r#"{{"type":"{kind}","run_id":"{run}","agent_name":"a"}}"#);
            socket.write_all(&said(&body)).unwrap();
        }
        waits.wait();
        // A close frame, 1000, and the end.
        socket.write_all(&[0x88, 2, 3, 0xe8]).unwrap();
    });
    let options = Options::args(&["--rules", "agent", "--fail-on", "error"]);
    let proxy = start_proxy(server, options);
    let mut client = connect(proxy.address).unwrap();
    // The one is told at once, while the connection is open.
    let finding = proxy.event("finding");
    assert_eq!(finding["finding"]["code"], "E104");
    go_on.wait();
    client.read_to_end(&mut Vec::new()).unwrap();
    drop(client);
    proxy.event("connection_closed");
    let ended = proxy.terminate();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    let codes: Vec<String> = ended
        .of_kind("finding")
        .iter()
        .map(|finding| finding["finding"]["code"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(codes, ["E101"], "and the other at the end");
    let folder = ended.recording.parent().unwrap();
    let (_, text) = checked(folder, &["check", ended.recording.to_str().unwrap(), "--json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    let mut afterwards: Vec<&str> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["severity"] == "error")
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    afterwards.sort_unstable();
    assert_eq!(afterwards, ["E101", "E104"]);
    assert_eq!(json["chosen"], "rules it was recorded with");
}

/// Rules that hold payloads against a schema, beside it.
fn rules_with_a_schema(folder: &Path) -> String {
    let rules = "version = 1\n[fields]\ntype = '/type'\n[[rule]]\nid = 'fits'\nscope = 'conn'\n\
        schema = { event = 'a', file = 'a.json' }\n";
    std::fs::write(folder.join("mine.toml"), rules).unwrap();
    let schema = json!({ "properties": { "n": { "type": "number" } } });
    std::fs::write(folder.join("a.json"), schema.to_string()).unwrap();
    folder.join("mine.toml").to_str().unwrap().to_owned()
}

/// What a recording was checked by goes with it, schemas too.
#[test]
fn a_recording_brings_its_schemas_along() {
    let rules = tempfile::tempdir().unwrap();
    let server = serve(|mut socket: TcpStream| {
        socket.write_all(&said(r#"{"type":"a","n":"one"}"#)).unwrap();
        socket.write_all(&[0x88, 2, 3, 0xe8]).unwrap();
    });
    let path = rules_with_a_schema(rules.path());
    let proxy = start_proxy(server, Options::args(&["--rules", &path]));
    let mut client = connect(proxy.address).unwrap();
    client.read_to_end(&mut Vec::new()).unwrap();
    drop(client);
    proxy.event("connection_closed");
    let ended = proxy.terminate();
    drop(rules);
    let folder = ended.recording.parent().unwrap();
    let (_, text) = checked(folder, &["check", ended.recording.to_str().unwrap(), "--json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["findings"][0]["code"], "W207", "{json}");
    assert!(json["findings"][0]["message"].as_str().unwrap().contains("a.json"), "{json}");
}

/// What is too long to be held against a schema is counted, not passed over in silence.
#[test]
fn payloads_too_long_for_a_schema_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let rules = rules_with_a_schema(folder.path());
    let body = |length: usize| json!({ "type": "a", "text": "x".repeat(length) }).to_string();
    import(folder.path(), ("long", "ada"), &[body(1), body(1 << 20), body(2 << 20)]);
    let (_, text) = checked(folder.path(), &["check", "long", "--rules", &rules]);
    assert!(text.contains("2 events over 1 MiB: no schema was held against them"), "{text}");
    let (_, text) = checked(folder.path(), &["check", "long", "--rules", &rules, "--json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&json["too_long"], &json["tallies"][0]["activations"]), (&json!(2), &json!(1)));
}

/// Bytes of a frame; what is longer is said in several.
const PIECE: usize = 1 << 19;

/// Rules that nothing was about, and names that no rule is about, are told of one's own rules.
#[test]
fn what_never_applied_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "version = 1\n[fields]\ntype = '/type'\n[[rule]]\nid = 'used'\nscope = 'conn'\n\
        response = ['ask', 'answer']\n[[rule]]\nid = 'slip'\nscope = 'conn'\nabsence = 'fial'\n";
    std::fs::write(folder.path().join("mine.toml"), rules).unwrap();
    let bodies = ["ask", "answer", "fail", "fail"].map(|kind| json!({ "type": kind }).to_string());
    import(folder.path(), ("slips", "ada"), &bodies);
    let (_, text) = checked(folder.path(), &["check", "slips", "--rules", "mine.toml"]);
    assert!(text.contains("never applied: slip\nin no rule: fail (2)\n"), "{text}");
    let (_, text) = checked(folder.path(), &["check", "slips", "--rules", "mine.toml", "--json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["vacuous"], json!(["slip"]));
    assert_eq!(json["unspoken"], json!([{ "name": "fail", "events": 2 }]));
    let (_, text) = checked(folder.path(), &["check", "slips", "--rules", "agent"]);
    assert!(!text.contains("never applied") && !text.contains("in no rule"), "{text}");
    let (_, text) = checked(folder.path(), &["rules", "lint", "mine.toml"]);
    assert!(text.contains("conn: at most 200,000 open, "), "{text}");
    let (_, text) = checked(folder.path(), &["rules", "lint", "mine.toml", "--json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["memory"][0]["open"], 200_000, "{json}");
    assert!(json["memory"][0]["slice_bytes"].as_u64().unwrap() > 100, "{json}");
}

/// Stores a recording of one connection of `user`, whose server said `bodies`.
fn import(folder: &Path, (name, user): (&str, &str), bodies: &[String]) {
    let connection = Connection {
        id: 1,
        request_head: format!("GET / HTTP/1.1\r\nX-User-Id: {user}\r\n\r\n").into_bytes(),
        response_head: b"HTTP/1.1 101 S\r\n\r\n".to_vec(),
        status: Some(101),
        closed_ns: Some(900),
        ending: Some(Ending::Eof),
        ..Connection::default()
    };
    let recording = Recording { name: name.into(), ..Recording::default() };
    let mut lines = vec![
        jsonl::render(&Fact::Recording(recording)),
        jsonl::render(&Fact::Connection(connection)),
    ];
    let mut ids = 1..;
    for body in bodies {
        let pieces = body.as_bytes().chunks(PIECE).count();
        for (at, piece) in body.as_bytes().chunks(PIECE).enumerate() {
            let id = ids.next().unwrap();
            let first = u8::from(at == 0) | u8::from(at + 1 == pieces) << 7;
            let mut header = vec![first, 127];
            header.extend((piece.len() as u64).to_be_bytes());
            lines.push(jsonl::render(&Fact::Frame(RecordedFrame {
                id,
                connection: 1,
                direction: Direction::ServerToClient,
                stamp: Stamp { read_ns: id.cast_unsigned(), written_ns: None },
                frame: Frame {
                    header: Header::from_bytes(&header).unwrap(),
                    length: piece.len() as u64,
                    payload: Cow::Borrowed(piece),
                    marks: Marks::NONE,
                },
            })));
        }
    }
    let file = format!("{name}.jsonl");
    std::fs::write(folder.join(&file), lines.join("\n") + "\n").unwrap();
    let imported = run(folder, &["import", &file]);
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
}

/// Names and ids come from the wire: nothing of them reaches the terminal as it is.
#[test]
fn what_is_said_is_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let evil = "\\u001b]52;c;aGk=\\u0007\\u202e";
    let bodies = ["agent_started", "tool_executing"].map(|kind| {
        format!(
            r#"{{"type":"{kind}","run_id":"{evil}","tool_name":"{evil}","agent_name":"{evil}"}}"#
        )
    });
    import(folder.path(), ("evil", "\x1b[31mred"), &bodies);
    for args in [
        &["check", "evil", "--rules", "agent"][..],
        &["check", "evil", "--rules", "agent", "--json"],
        &["check", "evil", "--rules", "agent", "--format", "junit"],
        &["check", "evil", "--rules", "agent", "--format", "github"],
        &["check", "evil", "--rules", "agent", "--format", "sarif"],
        &["timeline", "evil", "--rules", "agent"],
    ] {
        let (_, text) = checked(folder.path(), args);
        assert!(!text.is_empty(), "{args:?}");
        let bad = |c: &char| (*c < ' ' && *c != '\n') || *c == '\u{7f}' || *c == '\u{202e}';
        assert_eq!(text.chars().find(bad), None, "{args:?}: {text:?}");
    }
}
