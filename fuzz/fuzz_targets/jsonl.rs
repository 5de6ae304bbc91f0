//! Any bytes as an exported file: read without a panic, and every fact that is read survives a
//! round trip.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wiretape::exchange::Line;
use wiretape::exchange::jsonl::{self, FactReader, Parsed};

fuzz_target!(|bytes: &[u8]| {
    let mut facts = FactReader::new(bytes);
    while let Ok(Some(fact)) = facts.next_fact() {
        let line = jsonl::render(&fact);
        assert!(!line.chars().any(char::is_control), "one line, nothing for a terminal to act on");
        let again = jsonl::parse(Line { number: 1, bytes: line.as_bytes(), complete: true });
        assert!(matches!(again, Ok(Parsed::Fact(again)) if again == fact), "{line}");
    }
});
