//! A rule and a lifecycle of the same scope → whether they contradict each other, or the one says
//! no more than the other (rules.md, 2.1 and 3.5); a rule by itself → whether anything breaks it.
//!
//! The rule's monitor is run in step with the lifecycle's automaton, through every state that both
//! can reach. Events that the lifecycle does not order by itself may come at any time. A rule by
//! itself is run beside the automaton that takes everything.

use std::collections::HashSet;

use super::automaton::{Automaton, State};
use super::book::{Lifecycle, Pattern, Rule, RuleKind as K};

/// States of an automaton that are looked through; beyond, nothing is said.
const MAX_STATES: usize = 4096;

/// Pairs of states that are looked through, for the same reason.
const MAX_PAIRS: usize = 200_000;

/// How a rule and a lifecycle are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Neither says what the other says.
    Independent,
    /// Nothing can satisfy both.
    Contradictory,
    /// What follows the lifecycle satisfies the rule.
    Implied,
}

/// What a rule about order remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is one fact, and all combine")]
struct Memory {
    begun: bool,
    first: bool,
    second: bool,
    /// An `a` that no `b` has followed.
    open: bool,
    last_first: bool,
    count: u32,
    broken: bool,
}

/// How `rule` is to `lifecycle`, where that can be told: both of one scope, the rule about the order
/// of names alone.
pub fn relation(rule: &Rule, lifecycle: &Lifecycle) -> Relation {
    let apart = rule.scope != lifecycle.scope || rule.key.is_some() || rule.filter.is_some();
    let Some([a, b]) = lists(&rule.kind).filter(|_| !apart && rule.within.is_none()) else {
        return Relation::Independent;
    };
    let compiled = Automaton::compile(&lifecycle.pattern, &lifecycle.alphabet, MAX_STATES);
    let Ok(automaton) = compiled else { return Relation::Independent };
    let place = |name: &str| {
        let of = |names: &[String]| names.iter().any(|other| other == name);
        (of(a), of(b))
    };
    let ordered: Vec<_> = automaton.letters().iter().map(|name| place(name)).collect();
    // Names of the rule that the lifecycle leaves free, parts of it included.
    let unordered = a.iter().chain(b).filter(|name| automaton.letter(name).is_none());
    let of_parts = |name: &&String| {
        let mut parts = lifecycle.subs.iter();
        parts.any(|sub| sub.pattern.names().into_iter().any(|other| other == name.as_str()))
    };
    let free: HashSet<_> = unordered
        .filter(|name| !lifecycle.strict || of_parts(name))
        .map(|name| place(name))
        .collect();
    explore(&rule.kind, &automaton, &ordered, &free)
}

/// Whether no run breaks `rule`, whatever comes, and in whatever order: where only the events come
/// whose names `lives` knows, and those that its `where` asks for only if it is `met`.
pub fn never_broken(rule: &Rule, lives: &dyn Fn(&str) -> bool, met: bool) -> bool {
    let Some([a, b]) = lists(&rule.kind) else {
        return dependent(&rule.kind).is_some_and(|(names, tested)| {
            tested && !met || !names.into_iter().flatten().any(|name| lives(name))
        });
    };
    // What has to pass the test of the rule's `where` comes without passing it as well.
    let (tests_a, tests_b) = tested(&rule.kind);
    let mut free = HashSet::from([(false, false)]);
    for name in a.iter().chain(b).filter(|name| lives(name)) {
        let (first, second) = (a.contains(name), b.contains(name));
        if met {
            free.insert((first, second));
        }
        if rule.filter.is_some() {
            free.insert((first && !tests_a, second && !tests_b));
        }
    }
    let Ok(anything) = Automaton::compile(&everything(), &[], MAX_STATES) else { return false };
    // A slice has an event at least: that one of none would break it says nothing.
    free.iter().all(|(a, b)| {
        let begun = Memory::default().after(&rule.kind, *a, *b);
        holds_throughout((&rule.kind, begun), &anything, &free)
    })
}

/// `()`: what comes besides is free.
fn everything() -> Pattern {
    Pattern::Sequence(Vec::new())
}

fn holds_throughout(
    (kind, begun): (&K, Memory),
    automaton: &Automaton,
    free: &HashSet<(bool, bool)>,
) -> bool {
    explore_from((kind, begun), automaton, &[], free) == Relation::Implied
}

/// Whether no run breaks a pattern: whatever comes of its letters, in whatever order, is accepted.
pub fn accepts_everything(pattern: &Pattern, alphabet: &[String]) -> bool {
    let Ok(automaton) = Automaton::compile(pattern, alphabet, MAX_STATES) else { return false };
    // The smallest automaton that does has one state.
    let start = automaton.start();
    automaton.state_count() == 1
        && automaton.accepts(start)
        && automaton.edges(start).len() == automaton.letters().len()
}

/// Which of its two lists a `where` is about.
fn tested(kind: &K) -> (bool, bool) {
    match kind {
        K::Precedence(..) => (false, true),
        K::Succession(..) | K::CoExistence(..) | K::NotCoExistence(..) => (true, true),
        _ => (true, false),
    }
}

/// Of a rule about more than the order of names: without which it says nothing, and whether its
/// `where` is about all of them. `None`: it always says something.
fn dependent(kind: &K) -> Option<(Vec<&[String]>, bool)> {
    Some(match kind {
        K::AlternateResponse(a, _) | K::ChainResponse(a, _) => (vec![a.as_slice()], true),
        K::AlternatePrecedence(_, b) | K::ChainPrecedence(_, b) => (vec![b.as_slice()], true),
        K::AlternateSuccession(a, b) | K::ChainSuccession(a, b) => (vec![a.as_slice(), b], true),
        K::Rate { event, .. } | K::Latency { event, .. } | K::Schema { event, .. } => {
            (vec![event.as_slice()], true)
        }
        K::Silence { after, .. } => (vec![after.as_slice()], true),
        K::Pair { open, close, .. } => (vec![open.as_slice(), close], false),
        K::Reply { request, reply, error } => (vec![request.as_slice(), reply, error], false),
        _ => return None,
    })
}

fn explore(
    kind: &K,
    automaton: &Automaton,
    ordered: &[(bool, bool)],
    free: &HashSet<(bool, bool)>,
) -> Relation {
    explore_from((kind, Memory::default()), automaton, ordered, free)
}

fn explore_from(
    (kind, begun): (&K, Memory),
    automaton: &Automaton,
    ordered: &[(bool, bool)],
    free: &HashSet<(bool, bool)>,
) -> Relation {
    let start = (automaton.start(), begun);
    let mut seen: HashSet<(State, Memory)> = HashSet::from([start]);
    let mut left = vec![start];
    let (mut both, mut only_lifecycle) = (false, false);
    while let Some((state, memory)) = left.pop() {
        if automaton.accepts(state) {
            both |= memory.holds(kind);
            only_lifecycle |= !memory.holds(kind);
        }
        if both && only_lifecycle || seen.len() > MAX_PAIRS {
            return Relation::Independent;
        }
        let steps = automaton.edges(state).iter().map(|(letter, next)| {
            let role = automaton.letters().iter().position(|name| name == automaton.name(*letter));
            (*next, role.map_or((false, false), |index| ordered[index]))
        });
        let steps = steps.chain(free.iter().map(|role| (state, *role)));
        for (next, (a, b)) in steps {
            let pair = (next, memory.after(kind, a, b));
            if seen.insert(pair) {
                left.push(pair);
            }
        }
    }
    match (both, only_lifecycle) {
        (true, false) => Relation::Implied,
        (false, true) => Relation::Contradictory,
        _ => Relation::Independent,
    }
}

/// The lists of a rule that is about the order of names alone.
fn lists(kind: &K) -> Option<[&[String]; 2]> {
    let is_order = matches!(
        kind,
        K::Existence(_)
            | K::Absence(_)
            | K::ExactlyOne(_)
            | K::Init(_)
            | K::End(_)
            | K::AtMost { .. }
            | K::RespondedExistence(..)
            | K::CoExistence(..)
            | K::NotCoExistence(..)
            | K::Response(..)
            | K::Precedence(..)
            | K::Succession(..)
            | K::NotSuccession(..)
            | K::NotChainSuccession(..)
    );
    let [a, b, _] = kind.lists();
    is_order.then_some([a, b])
}

impl Memory {
    fn after(self, kind: &K, a: bool, b: bool) -> Self {
        let most = match kind {
            K::AtMost { n, .. } => *n,
            _ => 1,
        };
        let count = (self.count + u32::from(a)).min(most.saturating_add(1));
        let breaks = match kind {
            K::Absence(_) => a,
            K::ExactlyOne(_) | K::AtMost { .. } => count > most,
            K::Init(_) => !self.begun && !a,
            K::NotCoExistence(..) => (self.first || a) && (self.second || b),
            K::Precedence(..) | K::Succession(..) => b && !a && !self.first,
            K::NotSuccession(..) => b && self.first,
            K::NotChainSuccession(..) => b && self.last_first,
            _ => false,
        };
        Self {
            begun: true,
            first: self.first || a,
            second: self.second || b,
            open: !b && (self.open || a),
            last_first: a,
            count,
            broken: self.broken || breaks,
        }
    }

    fn holds(self, kind: &K) -> bool {
        !self.broken
            && match kind {
                K::Existence(_) | K::ExactlyOne(_) => self.first,
                K::Init(_) => self.begun,
                K::End(_) => self.last_first,
                K::RespondedExistence(..) => !self.first || self.second,
                K::CoExistence(..) => self.first == self.second,
                K::Response(..) | K::Succession(..) => !self.open,
                _ => true,
            }
    }
}
