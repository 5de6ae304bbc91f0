//! What is taken out of a recording tells the same of it as the whole.

use std::collections::BTreeSet;
use std::fs;

use flate2::{Compress, Compression, FlushCompress};
use serde_json::{Value, json};
use wiretape::exchange::jsonl;
use wiretape::report;
use wiretape::wire::{Connection, Direction, Fact, Gap, GapReason, Note, Recording, Stamp};

use super::{DECIDED, Room};
use crate::sample::{self, frame};

/// The frames of a recording: id, connection, direction, times.
fn frames(room: &Room, recording: &str) -> Vec<String> {
    let lines = room.prints(&["export", recording]);
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let frames = lines.filter(|line| line["kind"] == "frame");
    let of = |frame: &Value, name: &str| frame[name].to_string();
    let names = ["id", "connection", "direction", "read_ns", "written_ns", "opcode"];
    frames.map(|frame| names.map(|name| of(&frame, name)).join(" ")).collect()
}

/// Each of the demo's planted bugs, taken out by itself: the same finding, of the same frames, and
/// nothing that the whole does not have; and so it stays whatever is hidden.
#[test]
fn each_bug_is_told_alone_as_in_the_whole() {
    let room = Room::new();
    fs::write(room.path("wiretape.toml"), DECIDED).unwrap();
    let recording = room.recording();
    let recording = recording.to_str().unwrap();
    let whole = room.found(recording);
    let all = frames(&room, recording);
    for (code, most) in [("E101", 11), ("E102", 17), ("E104", 41), ("E108", 50)] {
        let mut told = BTreeSet::new();
        for redact in ["off", "default", "strict"] {
            let page = room.page(&["--finding", code, "--redact", redact]);
            let found = room.found(&page);
            assert!(
                found.iter().any(|finding| finding.starts_with(&format!("\"{code}\""))),
                "{found:?}"
            );
            assert!(found.is_subset(&whole), "{code} {redact}: {found:#?}");
            let kept = frames(&room, &page);
            assert!(kept.len() <= most, "{code} {redact}: {} frames", kept.len());
            // In the order of the whole, and the same.
            let mut rest = all.iter();
            assert!(kept.iter().all(|frame| rest.any(|other| other == frame)), "{code} {redact}");
            told.insert((found, kept));
        }
        assert_eq!(told.len(), 1, "{code}: hiding changes nothing of it");
    }
}

/// Unredacted, every message in scope says what it said, to the letter.
#[test]
fn messages_in_scope_are_those_of_the_recording() {
    let room = Room::new();
    let messages = |recording: &str| -> BTreeSet<String> {
        let csv = room.prints(&["export", recording, "--format", "csv"]);
        csv.lines().map(str::to_owned).collect()
    };
    let all = messages(room.recording().to_str().unwrap());
    let kept = messages(&room.page(&["--range", "+20s..+22s", "--redact", "off"]));
    assert!(kept.len() > 20, "{}", kept.len());
    assert!(kept.is_subset(&all), "{:?}", kept.difference(&all).next());
}

#[test]
fn what_is_found_in_all_of_it_survives_redaction() {
    let room = Room::new();
    fs::write(room.path("wiretape.toml"), DECIDED).unwrap();
    let whole = room.found(room.recording().to_str().unwrap());
    for redact in ["default", "strict"] {
        assert_eq!(room.found(&room.page(&["--whole", "--redact", redact])), whole, "{redact}");
    }
}

/// What was learned from all of it is what a report is judged by.
#[test]
fn learned_rules_go_along() {
    let room = Room::new();
    let recording = room.recording();
    let recording = recording.to_str().unwrap();
    let page = room.page(&["--rules", "pairs", "--redact", "strict"]);
    let found = room.found(&page);
    assert!(!found.is_empty());
    let printed =
        room.prints(&["check", recording, "--rules", "pairs", "--json", "--fail-on", "never"]);
    let object: Value = serde_json::from_str(&printed).unwrap();
    let whole: BTreeSet<String> =
        object["findings"].as_array().unwrap().iter().map(super::told).collect();
    assert!(found.is_subset(&whole), "{:?}", found.difference(&whole));
}

/// Users are called the same everywhere in one report, wherever it is said who they are.
#[test]
fn a_user_is_one_user_throughout() {
    let room = Room::empty();
    let mut facts = vec![Fact::Recording(Recording {
        upstream: "ws://localhost:8000".into(),
        ..sample::recording()
    })];
    for (id, name) in [(1, "ada.l"), (2, "grace-h")] {
        facts.push(Fact::Connection(Connection {
            id,
            request_head: format!("GET /ws/{name}?user_id={name} HTTP/1.1\r\n\r\n").into_bytes(),
            response_head: b"HTTP/1.1 101 Switching Protocols\r\n\r\n".to_vec(),
            ..sample::connections()[0].clone()
        }));
    }
    let say = |id: i64, connection: i64, text: &str| {
        Fact::Frame(frame(id, connection, Direction::ServerToClient, 0x81, text.as_bytes()))
    };
    let run = |user: &str| json!({"type": "agent_started", "user_id": user, "run_id": format!("r-{}", user.len())});
    facts.push(say(1, 1, &run("ada.l").to_string()));
    facts.push(say(2, 2, &run("grace-h").to_string()));
    facts.push(say(3, 1, &json!({"type": "note", "by": "grace-h", "for": ["ada.l"]}).to_string()));
    facts.push(Fact::Note(Note {
        id: 1,
        text: "ada.l saw it, grace-h not".into(),
        ..Note::default()
    }));
    let lines: String = facts.iter().map(|fact| jsonl::render(fact) + "\n").collect();
    fs::write(room.path("a.jsonl"), lines + &jsonl::render_end(facts.len() as u64)).unwrap();
    let order =
        ["report", "a.jsonl", "--rules", "agent", "--no-input", "--json", "--user", "ada.l"];
    let object: Value = serde_json::from_str(&room.prints(&order)).unwrap();
    assert_eq!(object["scope"], "all of user_01");
    let order = [&order[..6], &["--whole", "--html"]].concat();
    let object: Value = serde_json::from_str(&room.prints(&order)).unwrap();
    let page = object["files"][0]["path"].as_str().unwrap();
    let exported = room.prints(&["export", page]);
    assert!(!exported.contains("ada.l") && !exported.contains("grace-h"), "{exported}");
    for said in [
        "GET /ws/user_01?user_id=user_01 HTTP",
        "GET /ws/user_02?user_id=user_02 HTTP",
        "\\\"user_id\\\":\\\"user_01\\\"",
        "\\\"by\\\":\\\"user_02\\\",\\\"for\\\":[\\\"user_01\\\"]",
        "user_01 saw it, user_02 not",
    ] {
        assert!(exported.contains(said), "{said}: {exported}");
    }
}

/// Notes about what is in scope go along, and so does where the sender was.
#[test]
fn notes_and_the_sender_s_place_go_along() {
    let room = Room::new();
    let recording = room.recording();
    let recording = recording.to_str().unwrap();
    room.prints(&["note", recording, "--at", "E102", "the last of it; ask bo@acme.example"]);
    room.prints(&["note", recording, "--at", "E104", "another story"]);
    room.prints(&["note", recording, "about all of it"]);
    fs::write(room.path("wiretape.toml"), DECIDED).unwrap();
    let page = room.page(&["--finding", "E102", "--redact", "default", "--meta", "commit=a1b2c3d"]);
    let notes = room.prints(&["note", &page, "--list"]);
    assert!(notes.contains("the last of it; ask ‹email-1 #"), "{notes}");
    assert!(notes.contains("about all of it") && !notes.contains("another story"), "{notes}");
    let html = fs::read_to_string(&page).unwrap();
    let report::Embedded { manifest, view, .. } = report::read_html(&html).unwrap();
    assert_eq!(view.finding.as_deref(), Some("E102"));
    assert!(view.lane.is_some_and(|lane| lane.ends_with("_ce1ee94e")));
    let (from, to) = view.range_ns.unwrap();
    assert!(from < 27_101_000_000 && 27_689_000_000 < to, "{from} {to}");
    assert_eq!((manifest.frames_of, manifest.users_of), ((17, 2348), (1, 12)));
    assert_eq!(manifest.meta, [("commit".to_owned(), "a1b2c3d".to_owned())]);
    assert_eq!(&*manifest.redact, "default");
    assert_eq!(manifest.hidden, manifest.hidden_by.iter().map(|(_, hits)| hits).sum::<u64>());
}

/// A compressed message that was made with the help of a lost one is not guessed.
#[test]
fn what_was_said_after_a_gap_is_not_guessed() {
    let room = Room::empty();
    let mut deflate = Compress::new(Compression::best(), false);
    let mut message = |id: i64, text: &str| {
        let mut bytes = Vec::with_capacity(1000);
        deflate.compress_vec(text.as_bytes(), &mut bytes, FlushCompress::Sync).unwrap();
        bytes.truncate(bytes.len() - 4);
        let mut frame = frame(id, 1, Direction::ServerToClient, 0xc1, &bytes);
        frame.stamp = Stamp { read_ns: id.unsigned_abs() * 1_000_000_000, written_ns: None };
        Fact::Frame(frame)
    };
    let said = |who: &str| format!("{{\"type\":\"joined\",\"the_name_of_who_came\":\"{who}\"}}");
    let first = message(1, &said("alice_arden"));
    // It never was recorded, and what comes after it says the same.
    let _ = message(2, &said("brian_blunt"));
    let second = message(3, &said("brian_blunt"));
    let gap = Gap {
        connection: Some(1),
        direction: Some(Direction::ServerToClient),
        from_ns: 1_500_000_000,
        to_ns: 2_500_000_000,
        frames: 1,
        bytes: 30,
        reason: GapReason::DiskFull,
    };
    let connection = Connection {
        id: 1,
        status: Some(101),
        response_head: b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Extensions: \
                         permessage-deflate\r\n\r\n"
            .to_vec(),
        ..Connection::default()
    };
    let facts = [
        Fact::Recording(sample::recording()),
        Fact::Connection(connection),
        first,
        Fact::Gap(gap),
        second,
    ];
    let lines: Vec<String> = facts.iter().map(jsonl::render).collect();
    fs::write(room.path("gap.jsonl"), lines.join("\n")).unwrap();
    room.prints(&["import", "gap.jsonl"]);
    let page = room.page(&["--range", "+0s..+10s", "--redact", "off"]);
    let kept = room.prints(&["export", &page]);
    assert_eq!(kept.matches("alice_arden").count(), 1, "{kept}");
    assert!(kept.contains("not-kept"), "{kept}");
}

/// `MessagePack` is hidden like JSON, and what is found in it is still found.
#[test]
fn packed_messages_are_hidden_and_judged() {
    let room = Room::empty();
    fs::write(
        room.path("packed.toml"),
        "version = 1\npreset = \"agent\"\n[decode]\nformat = \"msgpack\"\n",
    )
    .unwrap();
    // Texts of up to 31 bytes, in a map of up to 15 members.
    let packed = |members: &[(&str, &str)]| {
        let mut bytes = vec![0x80 | members.len() as u8];
        for text in members.iter().flat_map(|(name, value)| [name, value]) {
            bytes.push(0xa0 | text.len() as u8);
            bytes.extend(text.as_bytes());
        }
        bytes
    };
    let said = [
        &[("type", "agent_started"), ("api_key", "planted-packed-secret")][..],
        &[("type", "tool_executing"), ("tool_name", "search")],
        &[("type", "agent_completed")],
    ];
    let connection = Connection { id: 1, status: Some(101), ..Connection::default() };
    let mut facts = vec![Fact::Recording(sample::recording()), Fact::Connection(connection)];
    for (id, said) in (1..).zip(said) {
        let members = [said, &[("run_id", "R1"), ("user_id", "planted-packed-user")]].concat();
        let mut frame = frame(id, 1, Direction::ServerToClient, 0x82, &packed(&members));
        frame.stamp = Stamp { read_ns: id.unsigned_abs() * 1_000_000, written_ns: None };
        facts.push(Fact::Frame(frame));
    }
    let lines: Vec<String> = facts.iter().map(jsonl::render).collect();
    fs::write(room.path("packed.jsonl"), lines.join("\n")).unwrap();
    room.prints(&["import", "packed.jsonl"]);
    for more in [
        &["--redact", "default"][..],
        &["--redact", "strict"],
        &["--redact", "off", "--payloads", "types-only"],
    ] {
        let args = [&["--whole", "--rules", "packed.toml"], more].concat();
        let page = room.page(&args);
        let (_, told, _) = room.says(&["check", &page, "--json"]);
        assert!(told.contains("E102"), "{more:?}: {told}");
        let kept = room.prints(&["export", &page]);
        assert!(!kept.contains("planted-packed-secret"), "{kept}");
        assert_eq!(kept.contains("planted-packed-user"), more[1] == "off", "{kept}");
        fs::remove_file(&page).unwrap();
    }
    // Where nothing is hidden, nothing is put otherwise.
    let page = room.page(&["--whole", "--rules", "packed.toml", "--redact", "off"]);
    assert_eq!(frames(&room, &page), frames(&room, room.recording().to_str().unwrap()));
}
