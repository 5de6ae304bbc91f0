//! What is said while things go wrong, and how it fits: hints, losses, widths, names.

use std::fs;

use wiretape::wire::{Close, Connection, EndedBy, Ending, Fact};

use crate::sample::{self, Home, run};

#[test]
fn an_end_without_a_code_reads_well() {
    let home = Home::new();
    let reset = Connection {
        id: 4,
        ending: Some(Ending::Reset),
        ended_by: Some(EndedBy::Server),
        detail: Some("connection reset".into()),
        close: [None, Some(Close { code: None, reason: Vec::new() })],
        ..Connection::default()
    };
    sample::add(&rusqlite::Connection::open(home.tape()).unwrap(), &[Fact::Connection(reset)]);
    let printed = home.prints(&["info", "amber-fox", "-c", "4"]);
    assert!(printed.contains("reset by server, no code: connection reset"), "{printed}");
}

#[test]
fn a_name_in_other_letters_is_near() {
    let home = Home::empty();
    fs::write(home.dir.path().join("recordings/2026-11-22-UPPER.db"), "").unwrap();
    home.fails(
        &["info", "upper"],
        3,
        "
error: there is no recording called upper in recordings
  try   wiretape ls   shows what there is; --dir FOLDER looks elsewhere
        UPPER   did you mean that?",
    );
}

#[test]
fn a_demo_is_played_at_a_speed_that_is_one() {
    let home = Home::empty();
    for speed in ["0", "-1", "nan", "inf", "1001", "0.05", "fast"] {
        let output = run(home.dir.path(), &["demo", &format!("--speed={speed}")]);
        assert_eq!(output.status.code(), Some(2), "{speed}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("a speed is a number from 0.1 to 1000"), "{said}");
    }
}

#[test]
fn commands_that_can_t_run_say_what_helps() {
    let home = Home::empty();
    fs::write(home.dir.path().join("script.sh"), "#!/bin/sh\n").unwrap();
    let url = "ws://127.0.0.1:9";
    home.fails(
        &["record", url, "-l0", "--", ""],
        2,
        "
error: the command after -- has no name
  try   wiretape record URL -- npm run dev",
    );
    let record = |program: &str| {
        let output = run(home.dir.path(), &["record", url, "-l0", "--", program]);
        assert_eq!(output.status.code(), Some(4));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = record("./script.sh");
    assert!(said.contains("try   chmod +x ./script.sh") && !said.contains("type -a"), "{said}");
    assert!(record("./recordings").contains("it is a folder"));
    assert!(record("no-such-program").contains("type -a no-such-program"));
}
