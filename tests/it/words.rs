//! What is said while things go wrong, and how it fits: hints, losses, widths, names.

use std::fs;

use crate::sample::Home;

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
