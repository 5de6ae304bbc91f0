//! The same as the screen, in sentences and typed lines.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::journeys::assert_says;
use crate::sample::run;

/// What is told of the demo to whoever types these lines.
fn told(lines: &[&str]) -> String {
    let folder = TempDir::new().unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/samples/demo.jsonl");
    assert!(run(folder.path(), &["import", sample.to_str().unwrap()]).status.success());
    let mut command = Command::new(env!("CARGO_BIN_EXE_wiretape"));
    let recording = std::fs::read_dir(folder.path().join("recordings")).unwrap().next().unwrap();
    command.current_dir(folder.path()).env("TZ", "UTC").env("XDG_CONFIG_HOME", folder.path());
    command.args(["open", "--linear"]).arg(recording.unwrap().path());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    for character in told.chars().filter(|character| *character != '\n') {
        assert!(wiretape::wire::prints(character), "U+{:04X} in\n{told}", u32::from(character));
    }
    told
}

/// J3 and J4 by ear.
#[test]
fn a_flag_its_cause_and_back() {
    let told = told(&["findings", "2", "cause", "cause", "q", "q"]);
    assert_says(
        &told,
        &[
            "12 users, 69 runs, 2,348 frames. 5 errors, 3 warnings.",
            "user_01, run thread_user_01",
            "2. 06:54:16 error E102, user_07, run ce1ee94e: tool_completed (search_costs) never came",
            "Expected: tool_completed. (+ 2 same cause)",
            "2. (here) 06:54:16 error E102",
            "Side: server.",
            "this is the cause; c goes back",
            "ws.abort",
            "expected here: tool_completed. error E102",
        ],
    );
}

#[test]
fn a_row_its_payload_and_a_filter() {
    let told = told(&[
        "1",
        "payload",
        "frames",
        "/type:tool_* user:user_07",
        "2",
        ":E104",
        ":mute E104",
        ";SELECT id, opcode FROM frames LIMIT 2",
        "1",
        "help",
        "nonsense that nobody means",
        "99",
        "play",
        ":E102",
        "diff",
    ]);
    assert_says(
        &told,
        &[
            "1. (here) 06:53:54.117 from the server: agent_started, 318B",
            "\"type\": \"agent_started\"",
            "raw:",
            "events that are type is tool_* and user is user_07",
            "error E104, user_11",
            "1 finding muted in this recording",
            "1. id 1, opcode text",
            "f, or follow: follow; not now: this recording does not grow",
            "nothing here is called so",
            "there is no 99",
            "A: run ",
        ],
    );
}

/// All that can be typed at a list and at a question.
#[test]
fn lists_and_questions() {
    let told = told(&[
        "speeds",
        "3",
        "note the last we hear of it",
        "marks",
        "1",
        "sort",
        "",
        "copy",
        "1",
    ]);
    assert_says(
        &told,
        &[
            "Speed. A number chooses, nothing leaves it.",
            "speed -4x",
            "kept with the recording: 1 note",
            "1. (here) 06:53:54  the last we hear of it",
            "Sort lanes by.",
            "copied",
        ],
    );
}
