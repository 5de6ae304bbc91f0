//! Any bytes as a HAR file: read without a panic, and what is read survives being written.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use wiretape::exchange::har::{self, HarWriter};
use wiretape::wire::{Fact, Recording};

fn facts(bytes: &[u8]) -> Option<Vec<Fact<'static>>> {
    let mut facts = har::read(bytes, Cursor::new(Vec::new()), Recording::default()).ok()?;
    let mut all = vec![Fact::Recording(facts.recording().clone())];
    while let Some(fact) = facts.next_fact().expect("a spool in memory can be read") {
        all.push(fact);
    }
    Some(all)
}

fn written(facts: &[Fact<'_>]) -> Vec<u8> {
    let mut writer = HarWriter::new(Cursor::new(Vec::new()));
    for fact in facts {
        writer.take(fact).expect("a spool in memory can be written");
    }
    let mut bytes = Vec::new();
    writer.finish(&mut bytes).expect("a Vec takes any bytes");
    bytes
}

fuzz_target!(|bytes: &[u8]| {
    let Some(first) = facts(bytes) else { return };
    let text = written(&first);
    let printed = String::from_utf8(text.clone()).expect("JSON is UTF-8");
    assert!(!printed.chars().any(|c| c != '\n' && c.is_control()), "nothing for a terminal");
    let second = facts(&text).expect("what was written can be read");
    let third = facts(&written(&second)).expect("and again");
    assert_eq!(second, third, "the second passage loses nothing");
});
