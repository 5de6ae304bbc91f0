//! Events → which of them begin something and which end it, as rules of kind `pair`.
//!
//! By name: `tool_started` and `tool_completed` have their beginning in common, and words that
//! begin and end something. By share: of the calls that begin with one event, nearly all end with
//! another, and the other way round (rules.md, 4, item 2).

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::events::{Event, FieldId, Kind, Reading, Scalar, Symbol, Symbols};
use crate::rules::language::basic;
use crate::rules::{AtEnd, ClockKind, Origin, Rule, RuleBook, RuleKind, Severity};

/// Where learned rules are said to stand: [`Origin::file`].
pub const LEARNED: &str = "learned from the traffic";

/// Names that are learned from: traffic with more has names that are ids.
const MOST_NAMES: usize = 256;

/// Values followed for each pair or call; what begins beyond is not learned from.
const MOST_OPEN: usize = 100_000;

/// Beginnings before a name is believed, and before a share without a name is.
const FEW: u64 = 3;
const MANY: u64 = 20;

/// Of a thousand beginnings, so many must find their end: where names speak for it, and without.
const NAMED_SHARE: u64 = 600;
const BARE_SHARE: u64 = 950;

/// Last words of events that begin something, and of those that end it.
const OPENERS: [&str; 12] = [
    "start",
    "started",
    "begin",
    "began",
    "open",
    "opened",
    "executing",
    "running",
    "request",
    "requested",
    "enter",
    "entered",
];
const CLOSERS: [&str; 22] = [
    "complete",
    "completed",
    "finish",
    "finished",
    "end",
    "ended",
    "done",
    "close",
    "closed",
    "stop",
    "stopped",
    "fail",
    "failed",
    "error",
    "cancelled",
    "canceled",
    "response",
    "result",
    "leave",
    "left",
    "exit",
    "exited",
];

/// A pair that was learned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnedPair {
    /// What begins.
    pub open: String,
    /// What ends it: any of these.
    pub close: Vec<String>,
    /// The field that tells which belong together; without one, order does.
    pub key: Option<String>,
    /// Beginnings seen, and those that found their end.
    pub seen: (u64, u64),
    /// The names say so; else the share alone does.
    pub by_name: bool,
}

/// Learns pairs.
#[derive(Debug, Default)]
pub struct Pairs {
    /// Fields that may tell which belong together, the most particular first.
    keys: Vec<(String, Option<FieldId>)>,
    names: HashSet<Symbol>,
    counts: HashMap<Symbol, u64>,
    /// First and last event of each value of each key, by connection.
    spans: HashMap<(i64, usize, Scalar), Span>,
}

/// What happened to one value of a key.
#[derive(Clone, Debug)]
struct Span {
    names: Vec<Symbol>,
}

/// Names kept of one value of a key.
const MOST_OF_ONE: usize = 64;

impl Pairs {
    /// From events made by this reading.
    pub fn new(reading: &Reading) -> Self {
        let known = |name: &&str| reading.field(name).is_some();
        let keys = ["call", "run", "thread"].into_iter().filter(known);
        let keys = keys.map(|name| (name.to_owned(), reading.field(name)));
        Self { keys: keys.chain([(String::new(), None)]).collect(), ..Self::default() }
    }

    /// Takes the next event.
    pub fn event(&mut self, event: &Event) {
        let room = self.names.len() < MOST_NAMES || self.names.contains(&event.name);
        if event.kind != Kind::Message || !room {
            return;
        }
        self.names.insert(event.name);
        *self.counts.entry(event.name).or_default() += 1;
        for (index, (_, field)) in self.keys.iter().enumerate() {
            let value = match field {
                Some(field) => event.field(*field),
                None => Some(Scalar::Integer(event.connection)),
            };
            let Some(value) = value else { continue };
            let key = (event.connection, index, value);
            if self.spans.len() >= MOST_OPEN && !self.spans.contains_key(&key) {
                continue;
            }
            let span = self.spans.entry(key).or_insert(Span { names: Vec::new() });
            let limit = if field.is_some() { MOST_OF_ONE } else { MOST_OPEN };
            if span.names.len() < limit {
                span.names.push(event.name);
            }
        }
    }

    /// The pairs, by the name of what begins.
    pub fn learned(&self, symbols: &Symbols) -> Vec<LearnedPair> {
        let mut learned = BTreeMap::new();
        let names: Vec<(Symbol, &str)> =
            self.names.iter().map(|name| (*name, symbols.text(*name))).collect();
        for (open, text) in &names {
            let Some((stem, true)) = stem(text) else { continue };
            let closes = |(_, other): &&(Symbol, &str)| {
                self::stem(other).is_some_and(|(other, opens)| other == stem && !opens)
            };
            let close: Vec<Symbol> =
                names.iter().filter(closes).map(|(symbol, _)| *symbol).collect();
            if let Some(pair) = self.best(*open, &close, (FEW, NAMED_SHARE), symbols) {
                learned.insert((*text).to_owned(), LearnedPair { by_name: true, ..pair });
            }
        }
        for (open, close) in self.by_share() {
            let text = symbols.text(open).to_owned();
            let taken = |pair: &LearnedPair| {
                let close = symbols.text(close);
                pair.open == close || pair.close.iter().any(|one| one == close || *one == text)
            };
            if learned.contains_key(&text) || learned.values().any(taken) {
                continue;
            }
            if let Some(pair) = self.best(open, &[close], (MANY, BARE_SHARE), symbols) {
                learned.insert(text, pair);
            }
        }
        learned.into_values().collect()
    }

    /// By the key under which most beginnings find their end; of equals, the most particular.
    fn best(
        &self,
        open: Symbol,
        close: &[Symbol],
        (least, share): (u64, u64),
        symbols: &Symbols,
    ) -> Option<LearnedPair> {
        let all = self.counts.get(&open).copied().unwrap_or(0);
        if close.is_empty() || all < least {
            return None;
        }
        let mut best: Option<(u64, LearnedPair)> = None;
        for (index, (name, field)) in self.keys.iter().enumerate() {
            let (seen, met) = self.held(index, open, close);
            // A key that half of the beginnings lack tells nothing.
            if seen * 2 < all || met * 1000 < seen * share || seen < least {
                continue;
            }
            let score = met * 1000 / seen.max(1);
            if best.as_ref().is_some_and(|(most, _)| *most >= score) {
                continue;
            }
            let close = close.iter().map(|name| symbols.text(*name).to_owned());
            let mut close: Vec<String> = close.collect();
            close.sort_unstable();
            let pair = LearnedPair {
                open: symbols.text(open).to_owned(),
                close,
                key: field.map(|_| name.clone()),
                seen: (seen, met),
                by_name: false,
            };
            best = Some((score, pair));
        }
        best.map(|(_, pair)| pair)
    }

    /// Beginnings under a key, and those that an end followed.
    fn held(&self, key: usize, open: Symbol, close: &[Symbol]) -> (u64, u64) {
        let (mut seen, mut met) = (0, 0);
        for ((_, index, _), span) in &self.spans {
            if *index != key {
                continue;
            }
            // A second beginning before the end is what the rule forbids: the first is unmet.
            let mut waiting = false;
            for name in &span.names {
                if *name == open {
                    seen += 1;
                    waiting = true;
                } else if close.contains(name) {
                    met += u64::from(waiting);
                    waiting = false;
                }
            }
        }
        (seen, met)
    }

    /// Pairs of first and last events of calls that nearly always come together.
    fn by_share(&self) -> Vec<(Symbol, Symbol)> {
        let mut both: HashMap<(Symbol, Symbol), u64> = HashMap::new();
        let mut first: HashMap<Symbol, u64> = HashMap::new();
        let mut last: HashMap<Symbol, u64> = HashMap::new();
        let is_call = |index: usize| self.keys.get(index).is_some_and(|(name, _)| name == "call");
        for ((_, index, _), span) in &self.spans {
            let (true, [open, .., close]) = (is_call(*index), &span.names[..]) else { continue };
            if open != close {
                *both.entry((*open, *close)).or_default() += 1;
                *first.entry(*open).or_default() += 1;
                *last.entry(*close).or_default() += 1;
            }
        }
        let mut pairs: Vec<(Symbol, Symbol)> = both
            .into_iter()
            .filter(|((open, close), count)| {
                let of = |map: &HashMap<Symbol, u64>, name| map.get(name).copied().unwrap_or(0);
                *count >= MANY
                    && count * 1000 >= of(&first, open) * BARE_SHARE
                    && count * 1000 >= of(&last, close) * BARE_SHARE
            })
            .map(|(pair, _)| pair)
            .collect();
        pairs.sort_unstable();
        pairs
    }
}

/// What an event's name is about, and whether it begins that or ends it.
fn stem(name: &str) -> Option<(String, bool)> {
    let separator = |c: char| matches!(c, '_' | '.' | ':' | '/' | '-' | ' ');
    let mut cut = name.rfind(separator).map(|at| (at, at + 1));
    if cut.is_none_or(|(_, from)| !is_known(&name[from..].to_ascii_lowercase())) {
        // runStarted
        cut = name.char_indices().rev().find(|(_, c)| c.is_uppercase()).map(|(at, _)| (at, at));
    }
    let (before, from) = cut.unwrap_or((0, 0));
    let word = name[from..].to_ascii_lowercase();
    let opens = OPENERS.contains(&word.as_str());
    (opens || CLOSERS.contains(&word.as_str())).then(|| (name[..before].to_owned(), opens))
}

fn is_known(word: &str) -> bool {
    OPENERS.contains(&word) || CLOSERS.contains(&word)
}

/// `book` with a rule for each pair.
pub fn with_pairs(mut book: RuleBook, pairs: &[LearnedPair]) -> RuleBook {
    let run = book.scopes.iter().position(|scope| scope.name == "session").unwrap_or(0);
    for pair in pairs {
        book.rules.push(Rule {
            id: format!("pair-{}", pair.open),
            scope: run,
            severity: Severity::Error,
            kind: RuleKind::Pair {
                open: vec![pair.open.clone()],
                close: pair.close.clone(),
                max_open: None,
            },
            key: pair.key.as_deref().and_then(|key| book.reading.field(key)),
            filter: None,
            within: None,
            crossing: None,
            at_end: AtEnd::Violated,
            clock: ClockKind::Recorder,
            note: None,
            origin: Origin { file: LEARNED.to_owned(), line: 1 },
        });
    }
    book
}

/// `text`, a rules file that pairs were learned by, with the pairs: what it says then depends on
/// no traffic any more.
pub fn with_pairs_text(text: &str, pairs: &[LearnedPair]) -> String {
    let mut whole = text.to_owned();
    for LearnedPair { open, close, key, .. } in pairs {
        let close: Vec<String> = close.iter().map(|name| basic(name)).collect();
        let key = key.as_deref().map_or_else(String::new, |key| format!("key = {}\n", basic(key)));
        whole.push_str(&format!(
            "\n[[rule]]\nid = {}\nscope = \"session\"\n{key}pair = {{ open = {}, close = [{}] }}\n",
            basic(&format!("pair-{open}")),
            basic(open),
            close.join(", ")
        ));
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn names_say_what_begins_and_ends() {
        for (name, about, opens) in [
            ("tool_started", "tool", true),
            ("tool_completed", "tool", false),
            ("RUN_STARTED", "RUN", true),
            ("runFinished", "run", false),
            ("job.sub/begin", "job.sub", true),
            ("start", "", true),
        ] {
            assert_eq!(stem(name), Some((about.to_owned(), opens)), "{name}");
        }
        assert_eq!([stem("agent_thinking"), stem("chat"), stem("")], [None, None, None]);
    }
}
