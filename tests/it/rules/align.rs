//! Stories of deviations: what people expect (rules.md, 3.1), and laws.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use wiretape::rules::{Alignment, Automaton, Letter, Op, Options, State, Step, align};

use super::{compiled, letters};

/// The lifecycle of rules.md, 3.1.
const TOY: &str = "S T (T | X C)* E";
/// The same as the first users have it, with a way to have no step at all.
const AGENT: &str =
    "agent_started (agent_thinking | tool_executing tool_completed)* agent_completed";

const WHOLE: Options<'_> = Options { left_censored: false, right_censored: false, weights: &[] };
const CUT: Options<'_> = Options { right_censored: true, ..WHOLE };
const JOINED: Options<'_> = Options { left_censored: true, ..WHOLE };

/// A slice by its names; those with a `'` have the id of an earlier event of that name.
fn slice(automaton: &Automaton, run: &str) -> Vec<Step> {
    let seen = run.split_whitespace().map(|name| name.ends_with('\''));
    let letters = letters(automaton, &run.replace('\'', ""));
    letters.into_iter().zip(seen).map(|(letter, seen)| Step { letter, seen }).collect()
}

/// A story's deviations in words.
fn told(automaton: &Automaton, alignment: &Alignment) -> Vec<String> {
    let name = |letter: Letter| automaton.name(letter);
    let words = |op: &Op| match *op {
        Op::Sync { .. } => unreachable!("is no deviation"),
        Op::Duplicate { at } => format!("duplicate {at}"),
        Op::Unexpected { at } => format!("unexpected {at}"),
        Op::Missing { letter, before, .. } => format!("missing {} before {before}", name(letter)),
        Op::Late { at, letter, should_be } => format!("late {} {at}->{should_be}", name(letter)),
        Op::Early { at, letter, should_be } => format!("early {} {at}->{should_be}", name(letter)),
    };
    alignment.deviations().map(words).collect()
}

#[track_caller]
fn check(pattern: &str, run: &str, options: &Options<'_>, expected: (u64, &[&str])) {
    let automaton = compiled(pattern);
    let word = slice(&automaton, run);
    let alignment = align(&automaton, &word, options).unwrap();
    assert_eq!((alignment.cost, told(&automaton, &alignment)), (expected.0, words(expected.1)));
    replayed(&automaton, &word, options, &alignment);
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// Does what the story says, event by event: it has to be a run of the automaton, and its price
/// has to be the sum of its parts.
#[track_caller]
fn replayed(automaton: &Automaton, word: &[Step], options: &Options<'_>, story: &Alignment) {
    // What the model reads: events where they should be, and those that are missing.
    let mut model: Vec<(usize, u8, Letter)> = Vec::new();
    let (mut cost, mut events) = (0, 0);
    let weight = |letter: Letter| {
        u64::from(options.weights.get(usize::from(letter.0)).copied().unwrap_or(1))
    };
    for op in &story.ops {
        let letter = op.at().map(|at| word[at].letter);
        cost += match *op {
            Op::Sync { at } => {
                model.push((at, 1, word[at].letter));
                0
            }
            Op::Duplicate { at } => {
                assert!(word[at].seen);
                4 * weight(word[at].letter)
            }
            Op::Unexpected { at } => 11 * weight(word[at].letter),
            Op::Missing { letter, before, .. } => {
                model.push((before, 0, letter));
                10 * weight(letter)
            }
            Op::Late { at, should_be, letter } => {
                assert!(should_be < at && word[at].letter == letter);
                model.push((should_be, 0, letter));
                12 * weight(letter)
            }
            Op::Early { at, should_be, letter } => {
                assert!(should_be > at && word[at].letter == letter);
                model.push((should_be, 0, letter));
                12 * weight(letter)
            }
        };
        if letter.is_some() {
            assert_eq!(op.at(), Some(events), "events come in order");
            events += 1;
        }
    }
    assert_eq!(events, word.len(), "each event has its operation");
    assert_eq!(cost, story.cost);
    if options.left_censored {
        return;
    }
    model.sort_by_key(|&(at, class, _)| (at, class));
    let orders = orders_within_a_place(&model);
    let ends = |run: &Vec<Letter>| automaton.run(run.iter().copied()) == Some(story.end);
    assert!(orders.iter().any(ends), "{story:?} is no run");
    assert!(options.right_censored || automaton.accepts(story.end));
}

/// The model's events; where several are due before the same event, in any order.
fn orders_within_a_place(model: &[(usize, u8, Letter)]) -> Vec<Vec<Letter>> {
    let mut orders: Vec<Vec<Letter>> = vec![Vec::new()];
    for due in model.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let due: Vec<Letter> = due.iter().map(|&(_, _, letter)| letter).collect();
        let ways = permutations(&due);
        let join = |order: Vec<Letter>| ways.iter().map(move |way| [&order[..], way].concat());
        orders = orders.into_iter().flat_map(join).take(10_000).collect();
    }
    orders
}

fn permutations(all: &[Letter]) -> Vec<Vec<Letter>> {
    if all.len() < 2 || all.len() > 6 {
        return vec![all.to_vec()];
    }
    let with_first = |index: usize| {
        let mut rest = all.to_vec();
        let first = rest.remove(index);
        permutations(&rest).into_iter().map(move |rest| [&[first], &rest[..]].concat())
    };
    (0..all.len()).flat_map(with_first).collect()
}

#[test]
fn a_lost_end_of_a_call_is_missing_not_its_start_too_much() {
    check(TOY, "S T X T E", &WHOLE, (10, &["missing C before 3"]));
}

#[test]
fn a_run_that_stops_misses_its_end_or_is_pending_if_the_recording_stopped() {
    check(TOY, "S T X", &WHOLE, (20, &["missing C before 3", "missing E before 3"]));
    check(TOY, "S T X", &CUT, (0, &[]));
}

#[test]
fn swapped_events_are_one_move() {
    check(TOY, "S T C X E", &WHOLE, (12, &["late X 3->2"]));
}

#[test]
fn an_event_after_the_end_that_was_missing_before_it_is_late() {
    check(TOY, "S X C E T", &WHOLE, (12, &["late T 4->1"]));
}

#[test]
fn the_same_id_twice_is_a_duplicate() {
    check(TOY, "S T X X' C E", &WHOLE, (4, &["duplicate 3"]));
}

#[test]
fn another_id_is_a_second_call_and_the_first_never_ended() {
    check(TOY, "S T X X C E", &WHOLE, (10, &["missing C before 3"]));
}

#[test]
fn an_end_before_its_time_is_early() {
    check(TOY, "S E T X C", &WHOLE, (12, &["early E 1->5"]));
    check("A x* Q M x* B", "M A Q x B", &WHOLE, (12, &["early M 0->3"]));
}

#[test]
fn what_has_no_place_is_unexpected() {
    check("A B", "A A B", &WHOLE, (11, &["unexpected 1"]));
    check("A B", "A B A B", &WHOLE, (22, &["unexpected 2", "unexpected 3"]));
}

#[test]
fn two_moves_at_once_are_found() {
    check("A B C D E", "C D A B E", &WHOLE, (24, &["late A 2->0", "late B 3->0"]));
}

#[test]
fn weights_make_an_operation_dearer() {
    let options = Options { weights: &[1, 1, 1, 2], ..WHOLE };
    check("A (B | C) D", "A B", &options, (20, &["missing D before 2"]));
    check("A (B | C) D", "A D B", &options, (12, &["late B 2->1"]));
    let options = Options { weights: &[1, 3, 1, 1], ..WHOLE };
    check("A (B | C) D", "A D", &options, (10, &["missing C before 1"]));
}

#[test]
fn an_empty_slice_misses_what_every_run_has() {
    check(
        TOY,
        "",
        &WHOLE,
        (30, &["missing S before 0", "missing T before 0", "missing E before 0"]),
    );
    check(TOY, "", &CUT, (0, &[]));
    check(TOY, "", &JOINED, (0, &[]));
    check("A*", "", &WHOLE, (0, &[]));
}

#[test]
fn a_run_seen_from_its_middle_has_only_the_deviations_of_what_was_seen() {
    check(TOY, "C T X C E", &JOINED, (0, &[]));
    check(TOY, "C T X T E", &JOINED, (10, &["missing C before 3"]));
}

#[test]
fn letters_of_another_alphabet_are_not_aligned() {
    let automaton = compiled(TOY);
    let strange = [Step { letter: Letter(5), seen: false }];
    assert_eq!(align(&automaton, &strange, &WHOLE), None);
}

/// A valid run of [`TOY`] or [`AGENT`]; a number below 2 is a thought, another a call.
fn run_of(pattern: &str, parts: &[u8]) -> Vec<&'static str> {
    let names = if pattern == TOY {
        ["S", "T", "X", "C", "E"]
    } else {
        ["agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed"]
    };
    let mut run = vec![names[0]];
    run.extend((pattern == TOY).then_some(names[1]));
    for &part in parts {
        run.extend_from_slice(if part < 2 { &names[1..2] } else { &names[2..4] });
    }
    run.push(names[4]);
    run
}

#[derive(Clone, Copy, Debug)]
enum Defect {
    Drop,
    Repeat,
    Move,
    Swap,
}

/// The run with one defect: events by name, and whether they repeat an earlier one.
fn broken(
    run: &[&'static str],
    defect: Defect,
    from: prop::sample::Index,
    to: prop::sample::Index,
) -> Vec<(&'static str, bool)> {
    let mut events: Vec<(&str, bool)> = run.iter().map(|&name| (name, false)).collect();
    let from = from.index(events.len());
    match defect {
        Defect::Drop => {
            events.remove(from);
        }
        Defect::Repeat => {
            let to = from + 1 + to.index(events.len() - from);
            events.insert(to, (events[from].0, true));
        }
        Defect::Move => {
            let event = events.remove(from);
            events.insert(to.index(events.len() + 1), event);
        }
        Defect::Swap => {
            let from = from.min(events.len() - 2);
            events.swap(from, from + 1);
        }
    }
    events
}

fn steps(automaton: &Automaton, events: &[(&str, bool)]) -> Vec<Step> {
    let step = |&(name, seen): &(&str, bool)| Step {
        letter: automaton.letter(name).expect("a name of the pattern"),
        seen,
    };
    events.iter().map(step).collect()
}

fn is_valid(automaton: &Automaton, word: &[Step]) -> bool {
    let end = automaton.run(word.iter().map(|step| step.letter));
    end.is_some_and(|state| automaton.accepts(state))
}

fn defects() -> impl Strategy<Value = Defect> {
    prop_oneof![Just(Defect::Drop), Just(Defect::Repeat), Just(Defect::Move), Just(Defect::Swap)]
}

/// What rules.md, 3.2, says, without any haste: every place that can be reached is looked at,
/// cheapest first. A place is a position, a state and what is owed: skipped (true) or set aside.
fn cheapest(automaton: &Automaton, word: &[Step], weights: &[u32], debts: usize) -> (u32, u32) {
    type Owed = Vec<(bool, Letter)>;
    let mut done: BTreeSet<(usize, State, Owed)> = BTreeSet::new();
    let mut ahead = BTreeSet::from([((0, 0), 0, automaton.start(), Owed::new())]);
    while let Some((total, at, state, owed)) = ahead.pop_first() {
        if at == word.len() && automaton.accepts(state) {
            return total;
        }
        if !done.insert((at, state, owed.clone())) {
            continue;
        }
        let mut go = |at, state, owed: &Owed, price: u32, findings: u32, letter: Letter| {
            let weight = weights.get(usize::from(letter.0)).copied().unwrap_or(1);
            let mut owed = owed.clone();
            owed.sort_unstable();
            ahead.insert(((total.0 + price * weight, total.1 + findings), at, state, owed));
        };
        let without = |debt: (bool, Letter)| {
            let index = owed.iter().position(|&other| other == debt)?;
            Some([&owed[..index], &owed[index + 1..]].concat())
        };
        let with = |debt: (bool, Letter)| [&owed[..], &[debt]].concat();
        if let Some(&Step { letter, seen }) = word.get(at) {
            if let Some(next) = automaton.next(state, letter) {
                go(at + 1, next, &owed, 0, 0, letter);
            }
            if seen {
                go(at + 1, state, &owed, 4, 1, letter);
            }
            go(at + 1, state, &owed, 11, 1, letter);
            if owed.len() < debts {
                go(at + 1, state, &with((false, letter)), 11, 1, letter);
            }
            if let Some(rest) = without((true, letter)) {
                go(at + 1, state, &rest, 2, 0, letter);
            }
        }
        for &(letter, next) in automaton.edges(state) {
            go(at, next, &owed, 10, 1, letter);
            if owed.len() < debts {
                go(at, next, &with((true, letter)), 10, 1, letter);
            }
            if let Some(rest) = without((false, letter)) {
                go(at, next, &rest, 1, 0, letter);
            }
        }
    }
    unreachable!("everything may be unexpected and missing")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_story_is_cheaper_or_shorter(
        pattern in 0..4_usize,
        word in vec((0..4_u16, any::<bool>()), 0..9),
        weights in vec(1..4_u32, 0..5),
    ) {
        let patterns = ["A B C D", "A (B C* | C & D D)+ (A | B)?", "A B (B | C D)* A", "(A & B & C) D+"];
        let automaton = compiled(patterns[pattern]);
        let step = |&(letter, seen): &(u16, bool)| Step { letter: Letter(letter), seen };
        let word: Vec<Step> = word.iter().map(step).collect();
        let options = Options { weights: &weights, ..WHOLE };
        let story = align(&automaton, &word, &options).unwrap();
        let (cost, findings) = cheapest(&automaton, &word, &weights, 2);
        prop_assert_eq!(story.cost, u64::from(cost));
        prop_assert_eq!(story.deviations().count(), findings as usize);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn one_defect_is_one_deviation(
        toy in any::<bool>(),
        parts in vec(0..4_u8, 0..12),
        defect in defects(),
        (from, to) in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let pattern = if toy { TOY } else { AGENT };
        let automaton = compiled(pattern);
        let word = steps(&automaton, &broken(&run_of(pattern, &parts), defect, from, to));
        let story = align(&automaton, &word, &WHOLE).unwrap();
        prop_assert_eq!(story.deviations().count(), usize::from(!is_valid(&automaton, &word)));
        replayed(&automaton, &word, &WHOLE, &story);
    }

    #[test]
    fn a_part_of_a_valid_run_costs_nothing_if_it_is_known_to_be_one(
        toy in any::<bool>(),
        parts in vec(0..4_u8, 0..12),
        (from, to) in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let pattern = if toy { TOY } else { AGENT };
        let automaton = compiled(pattern);
        let run: Vec<_> = run_of(pattern, &parts).into_iter().map(|name| (name, false)).collect();
        let word = steps(&automaton, &run);
        let cost = |word, options| align(&automaton, word, options).unwrap().cost;
        prop_assert_eq!(cost(&word[..], &WHOLE), 0);
        let to = to.index(word.len() + 1);
        prop_assert_eq!(cost(&word[..to], &CUT), 0);
        let from = from.index(to + 1);
        prop_assert_eq!(cost(&word[from..], &JOINED), 0);
        prop_assert_eq!(cost(&word[from..to], &Options { left_censored: true, ..CUT }), 0);
    }

    #[test]
    fn any_slice_has_one_story_that_is_a_run(
        word in vec((0..4_usize, any::<bool>()), 0..14),
        right_censored in any::<bool>(),
        weights in vec(1..4_u32, 0..5),
    ) {
        let automaton = compiled("A (B C* | C & D D)+ (A | B)?");
        let step = |&(letter, seen): &(usize, bool)| Step { letter: Letter(letter as u16), seen };
        let word: Vec<Step> = word.iter().map(step).collect();
        let options = Options { left_censored: false, right_censored, weights: &weights };
        let story = align(&automaton, &word, &options).unwrap();
        replayed(&automaton, &word, &options, &story);
        prop_assert_eq!(&story, &align(&automaton, &word, &options).unwrap());
        let joined = Options { left_censored: true, ..options };
        let joined = align(&automaton, &word, &joined).unwrap();
        prop_assert!(joined.cost <= story.cost);
    }
}

proptest! {
    // Each has some thousand events.
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn in_a_long_slice_each_defect_is_one_deviation(
        lengths in vec(1200..1500_usize, 3..5),
        defect in defects(),
        (from, to) in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let automaton = compiled("(S T (T | X C)* E)*");
        let mut word = Vec::new();
        let mut invalid = 0;
        for (index, length) in lengths.into_iter().enumerate() {
            let parts: Vec<u8> = (0..length).map(|n| (n * 7 % 5) as u8).collect();
            word.extend(steps(&automaton, &run_of(TOY, &parts).iter().map(|&n| (n, false)).collect::<Vec<_>>()));
            let short = steps(&automaton, &broken(&run_of(TOY, &[0, 2, 1, 3]), defect, from, to));
            invalid += usize::from(index > 0 && !is_valid(&automaton, &short));
            word.extend(if index > 0 { &short[..] } else { &[] });
        }
        let story = align(&automaton, &word, &WHOLE).unwrap();
        prop_assert_eq!(story.deviations().count(), invalid);
        replayed(&automaton, &word, &WHOLE, &story);
        let joined = align(&automaton, &word[700..], &JOINED).unwrap();
        prop_assert_eq!(joined.deviations().count(), invalid);
        prop_assert_eq!(joined.cost, story.cost);
    }
}

/// The story of the first deviation ends after eight events in order, just where a move begins.
#[test]
fn a_move_right_after_an_anchor_is_told_as_one() {
    let automaton = compiled("(A B C D E F G H I J K L M N)*");
    let mut word: Vec<Step> =
        (0..14 * 200).map(|n| Step { letter: Letter(n % 14), seen: false }).collect();
    word.swap(1408, 1409);
    word.insert(1400, Step { letter: Letter(5), seen: false });
    let story = align(&automaton, &word, &WHOLE).unwrap();
    assert_eq!(told(&automaton, &story), ["unexpected 1400", "late I 1410->1409"]);
    replayed(&automaton, &word, &WHOLE, &story);
}

#[test]
fn noise_of_any_length_ends_soon() {
    let automaton = compiled(TOY);
    let mut random = 7_u64;
    let mut noise = |length: usize| -> Vec<Step> {
        let mut letter = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            Letter((random >> 33) as u16 % 5)
        };
        (0..length).map(|_| Step { letter: letter(), seen: false }).collect()
    };
    for length in [50, 300, 3_000] {
        let word = noise(length);
        if let Some(story) = align(&automaton, &word, &WHOLE) {
            replayed(&automaton, &word, &CUT, &story);
        }
    }
}
