//! Patterns against oracles: the `regex` crate, and for `&` all interleavings by brute force.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;
use regex::Regex;
use wiretape::rules::{Automaton, AutomatonError, Letter, Pattern, State, StateSet};

use super::{accepts, compiled, letters, parsed};

/// Patterns over the letters a, b and c, without `&` unless `shuffles`.
fn patterns(shuffles: bool) -> impl Strategy<Value = Pattern> {
    let leaf = prop_oneof![
        5 => "[abc]".prop_map(Pattern::Name),
        1 => Just(Pattern::Any),
        1 => Just(Pattern::Sequence(Vec::new())),
    ];
    leaf.prop_recursive(4, 12, 3, move |inner| {
        let repeat = (inner.clone(), 0..3_u32, prop::option::of(0..3_u32));
        prop_oneof![
            4 => vec(inner.clone(), 2..4).prop_map(Pattern::Sequence),
            3 => vec(inner.clone(), 2..4).prop_map(Pattern::Choice),
            if shuffles { 2 } else { 0 } => vec(inner, 2..4).prop_map(Pattern::Shuffle),
            3 => repeat.prop_map(|(inner, min, more)| {
                let max = more.map(|more| min + more);
                Pattern::Repeat { inner: Box::new(inner), min, max }
            }),
        ]
    })
}

fn as_regex(pattern: &Pattern) -> String {
    let all = |parts: &[Pattern]| parts.iter().map(as_regex).collect::<Vec<_>>();
    match pattern {
        Pattern::Name(name) => name.clone(),
        Pattern::Any => "[abc]".to_owned(),
        Pattern::Sequence(parts) => format!("(?:{})", all(parts).concat()),
        Pattern::Choice(parts) => format!("(?:{})", all(parts).join("|")),
        Pattern::Repeat { inner, min, max } => {
            let max = max.map_or(String::new(), |max| max.to_string());
            format!("(?:{}){{{min},{max}}}", as_regex(inner))
        }
        Pattern::Sub(_) | Pattern::Shuffle(_) => unreachable!("no regular expression has these"),
    }
}

/// All words of a pattern that have `length` letters at most, by the pattern's meaning alone.
fn words(pattern: &Pattern, length: usize) -> HashSet<String> {
    let empty = || HashSet::from([String::new()]);
    let short = |words: HashSet<String>| words.into_iter().filter(|w| w.len() <= length).collect();
    match pattern {
        Pattern::Name(name) => short(HashSet::from([name.clone()])),
        Pattern::Any => short(["a", "b", "c"].map(str::to_owned).into()),
        Pattern::Sub(_) => HashSet::new(),
        Pattern::Choice(parts) => parts.iter().flat_map(|part| words(part, length)).collect(),
        Pattern::Sequence(parts) => parts.iter().fold(empty(), |left, part| {
            short(product(&left, &words(part, length), |a, b| vec![format!("{a}{b}")]))
        }),
        Pattern::Shuffle(parts) => parts
            .iter()
            .fold(empty(), |left, part| short(product(&left, &words(part, length), interleavings))),
        Pattern::Repeat { inner, min, max } => {
            let inner = words(inner, length);
            let (mut power, mut found) = (empty(), HashSet::new());
            // Longer powers of words with letters are too long, and the others add nothing new.
            for count in 0..=max.unwrap_or(u32::MAX).min(min + length as u32 + 1) {
                if count >= *min {
                    found.extend(power.iter().cloned());
                }
                power = short(product(&power, &inner, |a, b| vec![format!("{a}{b}")]));
            }
            found
        }
    }
}

fn product(
    left: &HashSet<String>,
    right: &HashSet<String>,
    join: impl Fn(&str, &str) -> Vec<String>,
) -> HashSet<String> {
    left.iter().flat_map(|a| right.iter().flat_map(|b| join(a, b)).collect::<Vec<_>>()).collect()
}

fn interleavings(a: &str, b: &str) -> Vec<String> {
    let (Some(first), Some(second)) = (a.chars().next(), b.chars().next()) else {
        return vec![format!("{a}{b}")];
    };
    let with_first = interleavings(&a[1..], b).into_iter().map(|rest| format!("{first}{rest}"));
    let with_second = interleavings(a, &b[1..]).into_iter().map(|rest| format!("{second}{rest}"));
    with_first.chain(with_second).collect()
}

/// Every word over a, b and c of `length` letters at most.
fn all_words(length: usize) -> Vec<String> {
    let (mut all, mut from) = (vec![String::new()], 0);
    for _ in 0..length {
        let to = all.len();
        for at in from..to {
            all.extend(["a", "b", "c"].map(|letter| format!("{}{letter}", all[at])));
        }
        from = to;
    }
    all
}

fn abc(pattern: &Pattern) -> Automaton {
    Automaton::compile(pattern, &["a", "b", "c"].map(str::to_owned), 4096).unwrap()
}

fn spaced(word: &str) -> String {
    word.chars().flat_map(|c| [c, ' ']).collect()
}

/// How many states differ in which words they accept: what a smallest automaton has.
fn distinct_states(automaton: &Automaton) -> usize {
    let count = automaton.state_count();
    let states = || (0..count).map(|state| State(state as u16));
    let mut class: Vec<usize> =
        states().map(|state| usize::from(automaton.accepts(state))).collect();
    for _ in 0..count {
        let signature = |state: State| {
            let edges = automaton.edges(state).iter();
            let edges = edges.map(|(letter, to)| (*letter, class[usize::from(to.0)]));
            (class[usize::from(state.0)], edges.collect::<Vec<_>>())
        };
        let mut known = Vec::new();
        class = states()
            .map(|state| {
                let signature = signature(state);
                known.iter().position(|other| *other == signature).unwrap_or_else(|| {
                    known.push(signature);
                    known.len() - 1
                })
            })
            .collect();
    }
    class.into_iter().collect::<HashSet<_>>().len()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn an_automaton_accepts_what_the_regular_expression_matches(
        pattern in patterns(false),
        longer in vec("[abc]{5,14}", 8),
    ) {
        let automaton = abc(&pattern);
        let oracle = Regex::new(&format!("^(?:{})$", as_regex(&pattern))).unwrap();
        for word in all_words(4).iter().chain(&longer) {
            prop_assert_eq!(accepts(&automaton, &spaced(word)), oracle.is_match(word), "{}", word);
        }
        prop_assert_eq!(distinct_states(&automaton), automaton.state_count());
    }

    #[test]
    fn a_shuffle_accepts_every_interleaving_and_nothing_else(pattern in patterns(true)) {
        let automaton = abc(&pattern);
        let accepted = words(&pattern, 4);
        for word in all_words(4) {
            let expected = accepted.contains(&word);
            prop_assert_eq!(accepts(&automaton, &spaced(&word)), expected, "{} {}", pattern, word);
        }
        prop_assert_eq!(distinct_states(&automaton), automaton.state_count());
    }

    #[test]
    fn a_run_seen_from_its_middle_is_in_a_state_that_a_whole_run_could_be_in(
        pattern in patterns(true),
        before in "[abc]{0,4}",
        after in "[abc]{0,4}",
    ) {
        let automaton = abc(&pattern);
        let step = |set: StateSet, word: &str| {
            let word = letters(&automaton, &spaced(word));
            word.into_iter().fold(set, |set, letter| set.step(&automaton, letter))
        };
        let seen = step(StateSet::all(&automaton), &after);
        let gap = step(step(StateSet::start(&automaton), &before).after_gap(&automaton), &after);
        let whole = step(step(StateSet::start(&automaton), &before), &after);
        prop_assert!(whole.iter().all(|state| gap.contains(state) && seen.contains(state)));
        prop_assert!(gap.iter().all(|state| seen.contains(state)));
        prop_assert!(whole.len() <= 1 && whole.single() == whole.iter().next());
    }
}

/// The lifecycles of rules.md, 2.6, with runs that fit and runs that don't.
#[test]
fn the_patterns_of_the_presets_accept_what_they_should() {
    let agent = compiled(
        "agent_started agent_thinking (agent_thinking | partial_result | @tool | @sub)* \
         final_report? (agent_completed | agent_error)",
    );
    assert!(accepts(&agent, "agent_started agent_thinking agent_completed"));
    assert!(accepts(
        &agent,
        "agent_started agent_thinking @tool @tool @sub partial_result final_report agent_error"
    ));
    assert!(!accepts(&agent, "agent_started agent_completed"));
    assert!(!accepts(&agent, "agent_started agent_thinking final_report @tool agent_completed"));
    assert!(!accepts(&agent, "agent_started agent_thinking"));
    assert_eq!(agent.state_count(), 5);

    let tool = compiled("tool_executing tool_progress* (tool_completed | tool_error)");
    assert!(accepts(&tool, "tool_executing tool_progress tool_progress tool_error"));
    assert!(!accepts(&tool, "tool_executing tool_completed tool_error"));

    let agui = compiled(
        "RUN_STARTED (@text | @tool | @step | @reason | @reasonmsg | @sub | STATE_SNAPSHOT | \
         STATE_DELTA | MESSAGES_SNAPSHOT | TOOL_CALL_RESULT | TEXT_MESSAGE_CHUNK | \
         TOOL_CALL_CHUNK | REASONING_MESSAGE_CHUNK | REASONING_ENCRYPTED_VALUE | \
         ACTIVITY_SNAPSHOT | ACTIVITY_DELTA | RAW | CUSTOM)* (RUN_FINISHED RUN_ERROR? | \
         RUN_ERROR) | RUN_ERROR",
    );
    assert!(accepts(&agui, "RUN_ERROR"));
    assert!(accepts(&agui, "RUN_STARTED @text RAW @tool RUN_FINISHED RUN_ERROR"));
    assert!(!accepts(&agui, "RUN_STARTED RUN_FINISHED RAW"));
    assert!(!accepts(&agui, "@text"));

    let graphql = compiled("subscribe next* (done cancel? | cancel next* done?)");
    assert!(accepts(&graphql, "subscribe next next cancel next done"));
    assert!(accepts(&graphql, "subscribe done cancel"));
    assert!(!accepts(&graphql, "subscribe done next"));
}

#[test]
fn letters_are_names_then_openings_then_the_rest_of_the_alphabet() {
    let extra = ["d", "b"].map(str::to_owned);
    let automaton = Automaton::compile(&parsed("b @t a"), &extra, 4096).unwrap();
    assert_eq!(automaton.letters(), ["b", "a", "@t", "d"]);
    assert_eq!(automaton.letter("@t"), Some(Letter(2)));
    assert_eq!(automaton.name(Letter(3)), "d");
    assert_eq!(automaton.letter("t"), None);
}

#[test]
fn a_dot_is_any_event_but_no_opening() {
    let automaton = Automaton::compile(&parsed("a . @t?"), &["x".to_owned()], 4096).unwrap();
    assert!(accepts(&automaton, "a a") && accepts(&automaton, "a x @t"));
    assert!(!accepts(&automaton, "a @t"));
}

#[test]
fn states_tell_what_is_expected_and_how_far_the_end_is() {
    let automaton = compiled("s t (t | x c)* e");
    let state = automaton.run(letters(&automaton, "s t x")).unwrap();
    let expected: Vec<&str> = automaton.expected(state).map(|l| automaton.name(l)).collect();
    assert_eq!(expected, ["c"]);
    assert_eq!(automaton.distance_to_accept(state), 2);
    let all = StateSet::all(&automaton).expected(&automaton);
    assert_eq!(all.len(), automaton.letters().len());
}

#[test]
fn long_counts_are_no_matter() {
    let automaton = compiled("a{0,1000}");
    assert_eq!(automaton.state_count(), 1001);
    assert_eq!(compiled("a{3,} b").state_count(), 5);
}

#[test]
fn what_needs_too_many_states_is_refused_soon() {
    let limit = |text: &str| Automaton::compile(&parsed(text), &[], 4096).unwrap_err();
    let parallel: Vec<String> = (0..16).map(|n| format!("(a{n} b{n})")).collect();
    let too_large = AutomatonError::TooLarge { limit: 4096 };
    assert_eq!(limit(&parallel.join(" & ")), too_large);
    assert_eq!(limit("((a b){1000}){1000}"), too_large);
    assert_eq!(limit("(a | b)* a (a | b){20}"), too_large);
    let optional = "x? ".repeat(5_000);
    assert_eq!(limit(&optional), too_large);
    let wide: Vec<String> = (0..1_000).map(|n| format!("a{n}")).collect();
    assert_eq!(limit(&wide.join(" | ")), AutomatonError::TooManyNames { limit: 500 });
    assert_eq!(limit(&vec!["x y"; 2000].join(" & ")), too_large);
    assert_eq!(Automaton::compile(&Pattern::Any, &[], 4096).unwrap_err(), AutomatonError::Empty);
}
