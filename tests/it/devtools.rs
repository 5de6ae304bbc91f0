//! Chromium's own `DevTools`: what they save is imported, and what is exported they show.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::peers::{chromium, has, script};
use crate::sample::Home;

/// Without either of them, loudly, nothing is tried.
fn devtools(home: &Home, file: &str) -> Option<Value> {
    let node = Command::new("node").arg("--version").output().is_ok();
    let chromium = chromium();
    if !has("Node.js", node) || !has("Chromium", chromium.is_some()) {
        return None;
    }
    let mut command = Command::new("node");
    // Node 20 has its WebSocket behind this word; later ones know the word still.
    command.arg("--experimental-websocket").arg(script("devtools.mjs"));
    command.arg(chromium?).arg(home.dir.path().join("profile")).arg(home.dir.path().join(file));
    let output = command.output().expect("node runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    Some(serde_json::from_slice(&output.stdout).expect("one line of JSON"))
}

#[test]
fn devtools_save_what_is_imported_and_show_what_is_exported() {
    let home = Home::new();
    home.prints(&["export", "amber-fox", "--format", "har", "-o", "ours.har"]);
    let Some(told) = devtools(&home, "ours.har") else { return };

    // What they show of ours: every message, at its time, under the tab for messages.
    let shown = &told["shown"];
    let of = |at: usize, member: &str| shown[at][member].clone();
    assert_eq!(
        [of(0, "type"), of(0, "status"), of(2, "status")],
        [json!("websocket"), json!(101), json!(403)]
    );
    let frames = shown[0]["frames"].as_array().expect("frames");
    let kinds: Vec<(&str, i64)> = frames
        .iter()
        .map(|frame| {
            let kind = frame["type"].as_str().expect("a type");
            (kind, frame["opCode"].as_i64().expect("an opcode"))
        })
        .collect();
    // A message that a gap parts is none.
    let all = [("send", 1), ("receive", 1), ("receive", 9), ("send", 1), ("send", 8)];
    assert_eq!(kinds, all);
    assert_eq!(frames[0]["text"], r#"{"type":"hello","user":"u_8412"}"#);
    assert_eq!(frames[0]["time"], json!(1_795_356_211.205));
    assert_eq!(shown[1]["frames"][0]["text"], "AAEC/v8=");

    // What they save, without any proxy, opens like a recording.
    let saved = serde_json::to_string(&told["saved"]).expect("JSON");
    fs::write(home.dir.path().join("saved.har"), saved).expect("a file");
    home.prints(&["import", "saved.har"]);
    let rows = home.prints(&["export", "saved", "--format", "csv"]);
    let column = |row: &str, at: usize| row.split(',').nth(at).unwrap_or_default().to_owned();
    let rows: Vec<[String; 3]> =
        rows.lines().skip(1).map(|row| [column(row, 2), column(row, 5), column(row, 6)]).collect();
    let row = |way: &str, opcode: &str, bytes: &str| [way, opcode, bytes].map(str::to_owned);
    assert_eq!(
        rows,
        [
            row("c2s", "text", "33"),
            row("c2s", "binary", "5"),
            row("s2c", "text", "33"),
            row("s2c", "binary", "5")
        ]
    );
    let info = home.prints(&["info", "saved", "-c", "1"]);
    assert!(info.contains("GET /echo?room=7 HTTP/1.1") && info.contains("101"), "{info}");
}
