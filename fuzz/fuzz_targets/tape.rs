//! Any text as a report's page, and as what is in one: read without a panic, and as it was put in.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wiretape::exchange::jsonl::FactReader;
use wiretape::report::{self, Bundle, Manifest, Sight, View};
use wiretape::rules::RuleBook;

/// All that a tape says, until it contradicts itself.
fn walk(tape: &str) {
    let mut facts = FactReader::new(tape.as_bytes());
    while let Ok(Some(_)) = facts.next_fact() {}
}

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes).into_owned();
    if let Ok(embedded) = report::read_html(&text) {
        walk(&embedded.tape);
    }
    let bundle = Bundle {
        title: text.clone(),
        manifest: Manifest {
            recorded: text.clone(),
            meta: vec![(text.clone(), text.clone())],
            ..Manifest::default()
        },
        facts: Vec::new(),
        tape: text.clone(),
        book: RuleBook::default(),
        rules_text: text.clone(),
        view: View { lane: Some(text), ..View::default() },
    };
    let page = report::html(&bundle, &Sight::default());
    let again = report::read_html(&page).expect("a report can be read");
    assert_eq!(again.tape, bundle.tape);
    assert_eq!(again.rules_text, bundle.rules_text);
    assert_eq!(again.manifest, bundle.manifest);
    assert_eq!(again.view, bundle.view);
    walk(&again.tape);
});
