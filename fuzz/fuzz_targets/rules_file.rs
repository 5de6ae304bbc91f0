//! Any text as a rules file: read without a panic, and every diagnostic can be drawn.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wiretape::rules::Severity;
use wiretape::rules::language;

fuzz_target!(|text: &str| {
    let checked = language::check("f", text);
    for diagnostic in &checked.diagnostics {
        let drawn = diagnostic.render("f", text);
        assert!(drawn.lines().all(|line| !line.chars().any(char::is_control)), "{drawn:?}");
    }
    let wrong = checked.diagnostics.iter().any(|one| one.severity == Severity::Error);
    assert_eq!(checked.book.is_none(), wrong);
});
