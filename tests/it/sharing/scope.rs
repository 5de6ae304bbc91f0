//! What is taken out of a recording tells the same of it as the whole.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::{DECIDED, Room};

/// The frames of a recording: id, connection, direction, times.
fn frames(room: &Room, recording: &str) -> Vec<String> {
    let lines = room.prints(&["export", recording]);
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let frames = lines.filter(|line| line["kind"] == "frame");
    let of = |frame: &Value, name: &str| frame[name].to_string();
    let names = ["id", "connection", "direction", "read_ns", "written_ns", "opcode"];
    frames.map(|frame| names.map(|name| of(&frame, name)).join(" ")).collect()
}

fn frame_lines(room: &Room, recording: &str) -> BTreeSet<String> {
    let lines = room.prints(&["export", recording]);
    lines.lines().filter(|line| line.contains("\"kind\":\"frame\"")).map(str::to_owned).collect()
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

/// Unredacted, what is kept is kept byte for byte.
#[test]
fn frames_in_scope_are_those_of_the_recording() {
    let room = Room::new();
    let recording = room.recording();
    let all = frame_lines(&room, recording.to_str().unwrap());
    let page = room.page(&["--range", "+20s..+22s", "--redact", "off"]);
    let kept = frame_lines(&room, &page);
    assert!(kept.len() > 20, "{}", kept.len());
    assert!(kept.is_subset(&all));
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

/// Users are called the same everywhere in one report, and not as they are.
#[test]
fn a_user_is_one_user_throughout() {
    let room = Room::new();
    let recording = room.recording();
    let recording = recording.to_str().unwrap();
    // Names that are their owners'.
    room.prints(&["export", recording, "-o", "a.jsonl"]);
    let lines = fs::read_to_string(room.path("a.jsonl")).unwrap();
    let lines: String = lines.lines().map(|line| line.replace("user_07", "ada") + "\n").collect();
    fs::write(room.path("a.jsonl"), lines).unwrap();
    let order =
        ["report", "a.jsonl", "--user", "ada", "--redact", "strict", "--no-input", "--json"];
    let object: Value = serde_json::from_str(&room.prints(&order)).unwrap();
    let scope = object["scope"].as_str().unwrap();
    assert!(scope.starts_with("all of user_"), "{scope}");
    let page = object["files"][0]["path"].as_str().unwrap();
    let stats = room.prints(&["timeline", page]);
    assert!(!stats.contains("ada"), "{stats}");
    let exported = room.prints(&["export", page]);
    let user = scope.trim_start_matches("all of ");
    assert!(exported.contains(&format!("\\\"user_id\\\":\\\"{user}\\\"")), "{exported:.3000}");
    assert!(!exported.contains("\"ada\\\""));
}
