//! The Declare rules against their own definition: every trace up to a length, judged by the engine
//! and by the formula of the table (rules.md, 2.5), read off letter by letter.
//!
//! The formulas are evaluated by brute force, straight from the meaning of the logic over finite traces,
//! so that no idea is shared with what is tested.

use wiretape::events::{Event, Kind, Symbols};
use wiretape::rules::{Engine, RuleBook, language};
use wiretape::wire::{Direction, Marks};

/// A formula of linear temporal logic over finite traces.
#[derive(Clone)]
enum Ltlf {
    Truth,
    /// The letter here is one of these.
    Is(&'static str),
    Not(Box<Ltlf>),
    And(Box<Ltlf>, Box<Ltlf>),
    /// There is a next letter, and it holds there.
    Next(Box<Ltlf>),
    Until(Box<Ltlf>, Box<Ltlf>),
}

use Ltlf::{Is, Truth};

fn not(inner: Ltlf) -> Ltlf {
    Ltlf::Not(Box::new(inner))
}

fn and(one: Ltlf, other: Ltlf) -> Ltlf {
    Ltlf::And(Box::new(one), Box::new(other))
}

fn or(one: Ltlf, other: Ltlf) -> Ltlf {
    not(and(not(one), not(other)))
}

fn implies(one: Ltlf, other: Ltlf) -> Ltlf {
    or(not(one), other)
}

fn next(inner: Ltlf) -> Ltlf {
    Ltlf::Next(Box::new(inner))
}

/// Holds at the next letter, if there is one.
fn weak_next(inner: Ltlf) -> Ltlf {
    not(next(not(inner)))
}

fn until(one: Ltlf, other: Ltlf) -> Ltlf {
    Ltlf::Until(Box::new(one), Box::new(other))
}

fn finally(inner: Ltlf) -> Ltlf {
    until(Truth, inner)
}

fn globally(inner: Ltlf) -> Ltlf {
    not(finally(not(inner)))
}

impl Ltlf {
    /// Whether it holds of `trace` from `at` on. After the end no letter is anything.
    fn holds(&self, trace: &[u8], at: usize) -> bool {
        match self {
            Truth => true,
            Is(letters) => trace.get(at).is_some_and(|letter| letters.as_bytes().contains(letter)),
            Ltlf::Not(inner) => !inner.holds(trace, at),
            Ltlf::And(one, other) => one.holds(trace, at) && other.holds(trace, at),
            Ltlf::Next(inner) => at + 1 < trace.len() && inner.holds(trace, at + 1),
            Ltlf::Until(one, other) => (at..trace.len()).any(|end| {
                other.holds(trace, end) && (at..end).all(|before| one.holds(trace, before))
            }),
        }
    }

    /// Whether no extension of `trace` satisfies it.
    fn is_lost(&self, trace: &[u8]) -> bool {
        extensions(trace, EXTEND).iter().all(|longer| !self.holds(longer, 0))
    }
}

/// The letters of all traces: two that the rules speak of, and one that they do not.
const LETTERS: [u8; 3] = *b"abc";

/// The longest trace that is judged, and where one event may be of both lists.
const LONGEST: usize = 6;
const LONGEST_OVERLAPPING: usize = 4;

/// Letters by which a trace is extended to see whether it can still be saved. The automaton of
/// each formula has at most four states, so that a state from which it can be needs three.
const EXTEND: usize = 3;

/// `trace`, and everything that begins with it and is up to `more` letters longer.
fn extensions(trace: &[u8], more: usize) -> Vec<Vec<u8>> {
    let mut all = vec![trace.to_vec()];
    let mut from = 0;
    for _ in 0..more {
        let to = all.len();
        for index in from..to {
            all.extend(LETTERS.map(|letter| [&all[index][..], &[letter]].concat()));
        }
        from = to;
    }
    all
}

fn precedence(a: &'static str, b: &'static str) -> Ltlf {
    or(until(not(Is(b)), Is(a)), globally(not(Is(b))))
}

fn alternate_precedence(a: &'static str, b: &'static str) -> Ltlf {
    and(precedence(a, b), globally(implies(Is(b), weak_next(precedence(a, b)))))
}

fn chain_precedence(a: &'static str, b: &'static str) -> Ltlf {
    and(globally(implies(next(Is(b)), Is(a))), not(Is(b)))
}

fn response(a: &'static str, b: &'static str) -> Ltlf {
    globally(implies(Is(a), finally(Is(b))))
}

fn alternate_response(a: &'static str, b: &'static str) -> Ltlf {
    globally(implies(Is(a), next(until(not(Is(a)), Is(b)))))
}

fn chain_response(a: &'static str, b: &'static str) -> Ltlf {
    globally(implies(Is(a), next(Is(b))))
}

fn responded(a: &'static str, b: &'static str) -> Ltlf {
    implies(finally(Is(a)), finally(Is(b)))
}

/// At most `n` letters of `a`.
fn at_most(a: &'static str, n: usize) -> Ltlf {
    let more = (0..n).fold(finally(Is(a)), |more, _| finally(and(Is(a), next(more))));
    not(more)
}

/// The rules of one letter: how a rules file writes them, and what they mean.
fn unary() -> Vec<(&'static str, Ltlf)> {
    let a = || Is("a");
    vec![
        ("existence = 'a'", finally(a())),
        ("absence = 'a'", globally(not(a()))),
        ("exactly_one = 'a'", and(finally(a()), not(finally(and(a(), next(finally(a()))))))),
        ("at_most = { event = 'a', n = 0 }", at_most("a", 0)),
        ("at_most = { event = 'a', n = 2 }", at_most("a", 2)),
        ("init = 'a'", a()),
        ("end = 'a'", finally(and(a(), not(next(Truth))))),
    ]
}

/// The rules of two letters, or of two sets of them.
fn binary(a: &'static str, b: &'static str) -> Vec<(&'static str, Ltlf)> {
    let never_after = |later: Ltlf| globally(implies(Is(a), not(later)));
    vec![
        ("responded_existence", responded(a, b)),
        ("co_existence", and(responded(a, b), responded(b, a))),
        ("not_co_existence", not(and(finally(Is(a)), finally(Is(b))))),
        ("response", response(a, b)),
        ("alternate_response", alternate_response(a, b)),
        ("chain_response", chain_response(a, b)),
        ("precedence", precedence(a, b)),
        ("alternate_precedence", alternate_precedence(a, b)),
        ("chain_precedence", chain_precedence(a, b)),
        ("succession", and(response(a, b), precedence(a, b))),
        ("alternate_succession", and(alternate_response(a, b), alternate_precedence(a, b))),
        ("chain_succession", and(chain_response(a, b), chain_precedence(a, b))),
        // The table's formula where the lists have nothing in common. An event of both lists does
        // not come after itself.
        ("not_succession", never_after(next(finally(Is(b))))),
        ("absence_after", never_after(next(finally(Is(b))))),
        ("not_chain_succession", never_after(next(Is(b)))),
    ]
}

/// All rules, with what they mean.
fn table() -> Vec<(String, Ltlf)> {
    let list = |letters: &str| {
        let letters: Vec<String> = letters.chars().map(|letter| format!("'{letter}'")).collect();
        format!("[{}]", letters.join(", "))
    };
    let mut table: Vec<(String, Ltlf)> =
        unary().into_iter().map(|(rule, meaning)| (rule.to_owned(), meaning)).collect();
    // What precedes an event, precedes it; a list stands for any of its events, and one event may
    // be of both lists.
    for (a, b) in [("a", "b"), ("ac", "b"), ("a", "bc"), ("ac", "bc")] {
        for (kind, meaning) in binary(a, b) {
            table.push((format!("{kind} = [{}, {}]", list(a), list(b)), meaning));
        }
        let not_before = format!("not_before = {{ event = {}, until = {} }}", list(b), list(a));
        table.push((not_before, precedence(a, b)));
    }
    table
}

/// Follows one connection by one rule.
struct Checked {
    engine: Engine,
    symbols: Symbols,
    at_ns: u64,
}

impl Checked {
    fn new(book: &RuleBook) -> Self {
        let mut symbols = Symbols::default();
        let engine = Engine::new(book.clone(), &mut symbols).unwrap();
        let mut checked = Self { engine, symbols, at_ns: 0 };
        checked.event("ws.open", Kind::Open);
        checked
    }

    fn event(&mut self, name: &str, kind: Kind) {
        self.at_ns += 1_000_000;
        let frame = i64::try_from(self.at_ns / 1_000_000).unwrap();
        let event = Event {
            frames: (frame, frame),
            part: 0,
            connection: 1,
            direction: Direction::ServerToClient,
            at_ns: self.at_ns,
            name: self.symbols.intern(name),
            kind,
            bytes: 1,
            code: (kind == Kind::Close).then_some(1000),
            marks: Marks::NONE,
            passes: 0,
            body: None,
            fields: Vec::new(),
        };
        self.engine.event(&event, &self.symbols);
    }

    fn is_violated(&self) -> bool {
        !self.engine.findings().is_empty()
    }
}

fn text(trace: &[u8]) -> &str {
    str::from_utf8(trace).unwrap()
}

/// What the engine says of `rule` where the formula says otherwise.
fn differences(rule: &str, meaning: &Ltlf) -> Vec<String> {
    let file = format!("[[rule]]\nid = 'r'\nscope = 'conn'\n{rule}\n");
    let book = language::read("f", &file).unwrap_or_else(|wrong| panic!("{rule}: {wrong:?}"));
    let mut wrong = Vec::new();
    let lists = ['a', 'b', 'c'].map(|letter| file.matches(&format!("'{letter}'")).count());
    let longest = if lists[2] > 0 { LONGEST_OVERLAPPING } else { LONGEST };
    for trace in extensions(&[], longest) {
        let mut checked = Checked::new(&book);
        for letter in &trace {
            checked.event(text(&[*letter]), Kind::Message);
        }
        // The prefixes are traces of their own; of each, the whole is looked at.
        let (early, lost) = (checked.is_violated(), meaning.is_lost(&trace));
        if early != lost {
            wrong.push(format!("{rule}: open after \"{}\": {early}, not {lost}", text(&trace)));
        }
        checked.event("ws.close", Kind::Close);
        let (violated, truth) = (checked.is_violated(), meaning.holds(&trace, 0));
        if violated == truth {
            wrong.push(format!("{rule}: \"{}\" is {truth} and violated {violated}", text(&trace)));
        }
    }
    wrong
}

#[test]
fn every_declare_rule_means_what_its_formula_says() {
    let table = table();
    assert_eq!(table.len(), 7 + 4 * 16);
    let mut told = Vec::new();
    for (rule, meaning) in &table {
        let wrong = differences(rule, meaning);
        let count = wrong.len();
        told.extend(wrong.into_iter().take(3));
        if count > 3 {
            told.push(format!("{rule}: {} more", count - 3));
        }
    }
    assert!(told.is_empty(), "\n{}\n", told.join("\n"));
}

/// The evaluator itself, by what the logic is known for.
#[test]
fn the_formulas_are_evaluated_as_over_finite_traces() {
    let at = |formula: &Ltlf, trace: &str| formula.holds(trace.as_bytes(), 0);
    assert!(!at(&next(Truth), "a") && at(&weak_next(Is("b")), "a"));
    assert!(at(&until(Is("a"), Is("b")), "aab") && !at(&until(Is("a"), Is("b")), "aa"));
    assert!(at(&globally(Is("a")), "") && !at(&finally(Is("a")), ""));
    assert!(at(&response("a", "b"), "cab") && !at(&response("a", "b"), "ba"));
    assert!(!response("a", "b").is_lost(b"ba") && precedence("a", "b").is_lost(b"b"));
    assert!(at(&at_most("a", 2), "aca") && !at(&at_most("a", 2), "aaa"));
}
