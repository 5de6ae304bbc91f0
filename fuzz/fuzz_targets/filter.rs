//! Any text as a filter: read without a panic, printed so that it reads back, and every mistake
//! can be drawn.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wiretape::events::filter::Filter;

fuzz_target!(|text: &str| match Filter::parse(text) {
    Ok(filter) => {
        let printed = filter.to_string();
        // Names for what was short may be longer than a filter can be.
        if printed.len() <= wiretape::events::filter::LONGEST {
            assert_eq!(Filter::parse(&printed).as_ref(), Ok(&filter), "{printed}");
        }
        let _ = filter.in_words();
        assert!(filter.without_one().len() <= wiretape::events::filter::MOST_TERMS);
    }
    Err(mistake) => {
        for line in mistake.excerpt(text) {
            assert!(!line.chars().any(char::is_control), "{line:?}");
        }
    }
});
