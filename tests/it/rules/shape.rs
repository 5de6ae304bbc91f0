//! The JSON Schema of rules files against the reader: it accepts what the reader reads, and refuses
//! what is misspelt.

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::Value;
use wiretape::rules::language::{self, json_schema};
use wiretape::rules::presets;

use crate::sample::Home;
use crate::support::toml_json::json_of;

const EVERYTHING: &str = include_str!("everything.toml");
const MISTAKES: &str = include_str!("mistakes.txt");

fn validator() -> Validator {
    jsonschema::draft7::new(&json_schema()).unwrap()
}

/// JSON as TOML, all of it in one line a section.
fn toml_of(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(key, value)| format!("{} = {}", Value::from(key.as_str()), toml_of(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(elements) => {
            format!("[{}]", elements.iter().map(toml_of).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn file_of(whole: &Value) -> String {
    let sections = whole.as_object().unwrap().iter();
    sections
        .map(|(key, value)| format!("{key} = {}\n", toml_of(value)))
        .collect::<Vec<_>>()
        .concat()
}

fn reads(text: &str) -> bool {
    language::check("t", text).book.is_some()
}

/// Pointers to all values inside.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut inner = |key: &str, value: &Value| {
        let key = key.replace('~', "~0").replace('/', "~1");
        let at = format!("{at}/{key}");
        found.push(at.clone());
        places(value, &at, found);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| inner(key, value)),
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(at, value)| inner(&at.to_string(), value));
        }
        _ => {}
    }
}

/// The value at `place` without the member or element there.
fn without(whole: &Value, place: &str) -> Value {
    let mut whole = whole.clone();
    let (outer, key) = place.rsplit_once('/').unwrap();
    match whole.pointer_mut(outer).unwrap() {
        Value::Object(members) => {
            members.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Value::Array(elements) => {
            elements.remove(key.parse().unwrap());
        }
        _ => unreachable!(),
    }
    whole
}

#[track_caller]
fn assert_valid(validator: &Validator, name: &str, value: &Value) {
    let wrong: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{name}: {wrong:#?}");
}

#[test]
fn presets_and_every_part_of_the_language_are_valid() {
    let validator = validator();
    for preset in presets::presets() {
        assert_valid(&validator, preset.name, &json_of(preset.text));
    }
    let everything = json_of(EVERYTHING);
    assert_valid(&validator, "everything", &everything);
    assert!(reads(&file_of(&everything)), "and the way to TOML and back loses nothing");
}

#[test]
fn what_the_reader_does_not_know_the_schema_refuses() {
    let (validator, mut count) = (validator(), 0);
    for case in MISTAKES.split("==== ").skip(1) {
        let (title, rest) = case.split_once('\n').unwrap();
        let (text, told) = rest.split_once("----\n").unwrap();
        let of_words = [
            "error: unknown ",
            "error: a rule has one kind",
            "is no severity",
            "is no duration",
            "takes two events",
            "is missing here",
            "has no id",
            "has no name",
            "a lifecycle needs a pattern",
            "does not say what must hold",
            "within what must this hold",
        ];
        if of_words.iter().any(|words| told.contains(words)) {
            assert!(!validator.is_valid(&json_of(text)), "{title}\n{text}");
            count += 1;
        }
    }
    assert!(count >= 12, "{count}");
}

#[test]
fn a_key_that_nobody_knows_is_refused_in_the_same_tables() {
    let (validator, everything, mut refused) = (validator(), json_of(EVERYTHING), 0);
    let mut all = vec![String::new()];
    places(&everything, "", &mut all);
    for place in all {
        let mut odd = everything.clone();
        let Some(table) = odd.pointer_mut(&place).and_then(Value::as_object_mut) else { continue };
        table.insert("zzz".into(), "a".into());
        let told = language::check("t", &file_of(&odd)).diagnostics;
        let is_unknown = told.iter().any(|each| each.message.contains("unknown key \"zzz\""));
        if is_unknown {
            assert!(!validator.is_valid(&odd), "{place}");
            refused += 1;
        }
    }
    assert!(refused > 40, "{refused}");
}

/// The schema says what is needed where the reader says that something is missing.
#[test]
fn what_a_kind_needs_both_demand() {
    let (validator, everything) = (validator(), json_of(EVERYTHING));
    let mut all = Vec::new();
    places(&everything, "", &mut all);
    let mut missing = 0;
    for place in all.into_iter().filter(|place| place.starts_with("/rule/")) {
        let less = without(&everything, &place);
        let told = language::check("t", &file_of(&less)).diagnostics;
        if told.iter().any(|each| each.message.contains("is missing here")) {
            assert!(!validator.is_valid(&less), "{place}");
            missing += 1;
        }
    }
    assert!(missing > 20, "{missing}");
}

/// Values that a place may hold, fitting or not.
fn value() -> impl Strategy<Value = Value> {
    let words = vec!["a", "2s", "$short", "any", "off", "c2s", "/a", "", "1.5 min", "json", "é"];
    let simple = prop_oneof![
        proptest::sample::select(words).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-3_i64..5000).prop_map(Value::from),
        Just(Value::from(2.5)),
    ];
    simple.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("[a-z]{1,4}|/a|exists|from|gt", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    /// Whatever is put in a place, or taken away: what the reader reads, the schema accepts.
    #[test]
    fn it_never_refuses_what_is_read(at in any::<prop::sample::Index>(), put in value(), away: bool) {
        let everything = json_of(EVERYTHING);
        let mut all = Vec::new();
        places(&everything, "", &mut all);
        let place = at.get(&all);
        let changed = if away {
            without(&everything, place)
        } else {
            let mut changed = everything.clone();
            *changed.pointer_mut(place).unwrap() = put;
            changed
        };
        if reads(&file_of(&changed)) {
            thread_local!(static VALIDATOR: Validator = validator());
            let errors = VALIDATOR.with(|validator| {
                validator.iter_errors(&changed).map(|e| format!("{} {e}", e.instance_path())).collect::<Vec<_>>()
            });
            prop_assert!(errors.is_empty(), "{place}: {errors:?}\n{}", file_of(&changed));
        }
    }
}

#[test]
fn it_is_printed() {
    let home = Home::empty();
    let printed: Value = serde_json::from_str(&home.prints(&["rules", "schema"])).unwrap();
    assert_eq!(printed, json_schema());
}
