//! What is said while things go wrong, and how it fits: hints, losses, widths, names.

use std::fs;

use crate::sample::{Home, run};

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
