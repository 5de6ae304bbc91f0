//! Events of one slice → breaches of one rule: a small state for each rule kind (rules.md, 2.5).
//!
//! Nothing here knows of slices, users or text output. Time comes with each event, and by
//! [`Monitor::time`] where no event comes.

mod clock;
mod obligation;
mod order;
mod payload;
mod stream;
mod words;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::events::{Map, Scalar, Symbol, Symbols};

use super::book::{AtEnd, Caps, ClockKind, Nanos, Rule, RuleKind as K};
use super::finding::{Code, Expected, Side};
use super::schema::Schema;

pub(super) use obligation::Obligation;
pub(super) use order::Order;
pub(super) use payload::Payload;
pub(super) use stream::Stream;
pub(super) use words::{Named, Words, came_after, lasted, named};

/// Keys that are found as fast by looking at each.
const FEW: usize = 8;

/// Names of a list that are told; of a longer one, the first stands for all.
const MAX_WORDS: usize = 3;

/// One event as a slice keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// Its last frame.
    pub(super) frame: i64,
    /// When it was read.
    pub(super) at_ns: u64,
    /// Its connection.
    pub(super) connection: i64,
    /// From client to server.
    pub(super) out: bool,
    /// Its name.
    pub(super) name: Symbol,
    /// Its call or tool: what tells it from others of its name.
    pub(super) detail: Option<Scalar>,
}

/// The event that ended a slice, as it is remembered when the slice has gone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    /// Its last frame.
    pub(super) frame: i64,
    /// When it was read.
    pub(super) at_ns: u64,
    /// Its name.
    pub(super) name: Symbol,
}

impl From<&Seen> for Ended {
    fn from(seen: &Seen) -> Self {
        Self { frame: seen.frame, at_ns: seen.at_ns, name: seen.name }
    }
}

/// What a monitor is told of an event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'a> {
    pub(super) seen: &'a Seen,
    /// The value of the field that the rule's kind names: a sequence number, say.
    pub(super) value: Option<Scalar>,
    /// The sender's time, nanoseconds since the Unix epoch.
    pub(super) sent_ns: Option<i64>,
    pub(super) symbols: &'a Symbols,
    /// Its slice has ended already: this is a straggler.
    pub(super) late: bool,
    /// It is of the connection, not of what is said on it: only rules that name it count it.
    pub(super) transport: bool,
    /// It passes what the rule asks of payloads.
    pub(super) fits: bool,
    /// Its JSON text, where a schema asks for it.
    pub(super) body: Option<&'a str>,
    /// The longest time to the server and back that was measured on its connection; 0 for none.
    pub(super) round_trip_ns: Nanos,
}

/// How a slice ended, for those who still owe something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SliceEnd {
    /// By one of its end events.
    Complete,
    /// By another beginning.
    Superseded,
    /// Its connection was closed in order.
    Closed,
    /// Its connection broke and nobody came back.
    Lost,
    /// Nothing came for too long.
    Idle,
    /// The recording ends here: what is owed may still come.
    Cut,
}

/// A slice's end, as its rules are told of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop<'a> {
    pub(super) end: SliceEnd,
    pub(super) at_ns: u64,
    pub(super) symbols: &'a Symbols,
}

/// A rule that was broken here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Breach {
    pub(super) code: Code,
    pub(super) at_ns: u64,
    pub(super) message: String,
    pub(super) frames: Vec<i64>,
    pub(super) expected: Option<Expected>,
    pub(super) side: Option<Side>,
    /// The name of the event it is about: what findings of one cause have in common.
    pub(super) about: Symbol,
    /// Of what is owed within a time.
    pub(super) standing: Option<Standing>,
}

/// Of a debt that has a deadline: which it is, so that what is told of it later is told as the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Time and frame of the event that began it.
    pub(super) since: (u64, i64),
    /// The deadline has passed, and whether it comes late or never is open.
    pub(super) is_open: bool,
}

/// What was owed when the recording ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owed {
    pub(super) waiting_for: String,
    pub(super) since_ns: u64,
    pub(super) frame: i64,
}

/// What came of an event, a deadline or an end.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    pub(super) breaches: Vec<Breach>,
    pub(super) owed: Vec<Owed>,
    /// The rule has applied here.
    pub(super) activations: u64,
}

/// A rule ready to watch: names as symbols.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    pub(super) rule: Rule,
    /// The lists of names in the rule's kind, in its order.
    pub(super) names: [Box<[Symbol]>; 3],
    /// The schema of a rule that has one, and whose file was there.
    pub(super) schema: Option<Arc<Schema>>,
    pub(super) caps: Caps,
}

impl Watch {
    pub(super) fn new(rule: &Rule, caps: Caps, symbols: &mut Symbols) -> Self {
        let mut set = |names: &[String]| names.iter().map(|name| symbols.intern(name)).collect();
        let [a, b, c] = rule.kind.lists();
        let schema = match &rule.kind {
            K::Schema { text: Some(text), .. } => Schema::compile(text).ok().map(Arc::new),
            _ => None,
        };
        Self { rule: rule.clone(), names: [set(a), set(b), set(c)], schema, caps }
    }

    pub(super) fn is(&self, which: usize, name: Symbol) -> bool {
        self.names[which].contains(&name)
    }

    /// Whether an event of this name can matter to it: most rules hear only of those they name.
    pub(super) fn hears(&self, name: Option<Symbol>) -> bool {
        let all = matches!(
            self.rule.kind,
            K::Existence(_)
                | K::ExactlyOne(_)
                | K::Init(_)
                | K::End(_)
                | K::RespondedExistence(..)
                | K::CoExistence(..)
                | K::ChainResponse(..)
                | K::ChainPrecedence(..)
                | K::ChainSuccession(..)
                | K::NotChainSuccession(..)
                | K::Silence { .. }
                | K::Heartbeat { .. }
                | K::Sequence { .. }
        );
        all || name.is_some_and(|name| self.names(name))
    }

    /// Whether it is of the rule's first list, and of its second or third. Events that make the rule
    /// apply have to pass its test; those that it waits for need not.
    pub(super) fn roles(&self, look: &Look<'_>) -> (bool, bool) {
        let name = look.seen.name;
        let (first, second) = match self.rule.kind {
            K::Precedence(..) | K::AlternatePrecedence(..) | K::ChainPrecedence(..) => {
                (false, true)
            }
            K::Succession(..)
            | K::AlternateSuccession(..)
            | K::ChainSuccession(..)
            | K::CoExistence(..)
            | K::NotCoExistence(..) => (true, true),
            _ => (true, false),
        };
        let a = self.is(0, name) && (look.fits || !first);
        (a, (self.is(1, name) || self.is(2, name)) && (look.fits || !second))
    }

    /// Whether what is told of its breaches needs the latest event that it heard of.
    pub(super) fn looks_back(&self) -> bool {
        matches!(
            self.rule.kind,
            K::Init(_)
                | K::End(_)
                | K::RespondedExistence(..)
                | K::CoExistence(..)
                | K::ChainResponse(..)
                | K::ChainSuccession(..)
        )
    }

    /// Whether the rule speaks of events of this name.
    pub(super) fn names(&self, name: Symbol) -> bool {
        self.names.iter().any(|names| names.contains(&name))
    }

    /// Whether a breach holds though the recording has lost something of its slice: where it rests
    /// on events that came alone, and not on what did not come before or between them.
    pub(super) fn survives_gaps(&self) -> bool {
        matches!(
            self.rule.kind,
            K::Absence(_)
                | K::AtMost { .. }
                | K::ExactlyOne(_)
                | K::NotSuccession(..)
                | K::NotCoExistence(..)
                | K::Rate { .. }
                | K::Schema { .. }
                | K::Latency { .. }
        )
    }

    /// `tool_completed` or `agent_completed/agent_error`.
    pub(super) fn words(&self, which: usize, symbols: &Symbols) -> String {
        let names = &self.names[which];
        let told = if names.len() > MAX_WORDS { 1 } else { names.len() };
        let mut words: Vec<&str> = names[..told].iter().map(|name| symbols.text(*name)).collect();
        if told < names.len() {
            words.push("…");
        }
        words.join("/")
    }

    pub(super) fn first(&self, which: usize, otherwise: Symbol) -> Symbol {
        self.names[which].first().copied().unwrap_or(otherwise)
    }

    /// Whether what is owed at this end stays open: who closes in order may drop what was asked.
    pub(super) fn pends(&self, end: SliceEnd) -> bool {
        self.rule.at_end == AtEnd::Pending && end == SliceEnd::Closed
    }

    pub(super) fn clock(&self) -> ClockKind {
        self.rule.clock
    }
}

/// One rule's state in one slice, for each value of its key.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Monitor {
    /// In the order in which their keys came.
    states: Vec<(Option<Scalar>, State)>,
    /// Places in `states`, once there are many.
    places: Option<Box<Map<Option<Scalar>, usize>>>,
    /// Events of further keys, not watched.
    pub(super) unwatched: u64,
}

#[derive(Debug, Serialize, Deserialize)]
enum State {
    Order(Box<Order>),
    Obligation(Box<Obligation>),
    Stream(Box<Stream>),
    Payload(Box<Payload>),
}

/// The larger of two sizes.
const fn larger(one: usize, other: usize) -> usize {
    if one > other { one } else { other }
}

impl Monitor {
    /// Bytes of one that watches one key, with what is on the heap.
    pub(super) const ROOM: usize = size_of::<(usize, Self)>()
        + size_of::<(Option<Scalar>, State)>()
        + larger(
            larger(size_of::<Order>(), size_of::<Obligation>()),
            larger(size_of::<Stream>(), size_of::<Payload>()),
        );
}

impl State {
    fn new(watch: &Watch, began_ns: u64) -> Self {
        match &watch.rule.kind {
            K::Response(..)
            | K::AlternateResponse(..)
            | K::Succession(..)
            | K::AlternateSuccession(..)
            | K::Existence(_)
            | K::ExactlyOne(_)
            | K::Pair { .. }
            | K::Reply { .. } => Self::Obligation(Box::new(Obligation::new(began_ns))),
            K::Sequence { .. }
            | K::Heartbeat { .. }
            | K::Rate { .. }
            | K::Silence { .. }
            | K::Latency { .. } => Self::Stream(Box::default()),
            K::Schema { .. } => Self::Payload(Box::default()),
            _ => Self::Order(Box::default()),
        }
    }

    /// Something came that the rule is not about: where its slice is, and no more.
    fn pass(&mut self, seen: &Seen) {
        match self {
            Self::Order(state) => state.pass(seen),
            Self::Obligation(state) => state.pass(seen),
            Self::Stream(_) | Self::Payload(_) => {}
        }
    }
}

impl Monitor {
    /// Tells of an event of the slice.
    pub(super) fn event(
        &mut self,
        watch: &Watch,
        key: Option<Scalar>,
        look: &Look<'_>,
        out: &mut Verdicts,
    ) {
        if watch.rule.key.is_some() && key.is_none() {
            // The rule's slices are those of its scope and its key: this is in none of them.
            return;
        }
        let Some(state) = self.state(watch, key, look.seen.at_ns) else {
            self.unwatched += 1;
            return;
        };
        if look.transport && !watch.names(look.seen.name) {
            // That a connection began or was pinged is no event of a rule about messages.
            state.pass(look.seen);
            return;
        }
        match state {
            State::Order(state) => state.event(watch, look, out),
            State::Obligation(state) => state.event(watch, look, out),
            State::Stream(state) => state.event(watch, look, out),
            State::Payload(state) => state.event(watch, look, out),
        }
    }

    /// The state of a key, begun now if it is new; `None` where there is no room.
    fn state(&mut self, watch: &Watch, key: Option<Scalar>, began_ns: u64) -> Option<&mut State> {
        let place = if self.states.len() <= FEW {
            self.states.iter().position(|(known, _)| *known == key)
        } else {
            self.places.as_ref().and_then(|places| places.get(&key).copied())
        };
        if let Some(place) = place {
            return self.states.get_mut(place).map(|(_, state)| state);
        }
        if self.states.len() >= watch.caps.keys {
            return None;
        }
        // Most rules have one key.
        self.states.reserve_exact(usize::from(self.states.is_empty()));
        self.states.push((key, State::new(watch, began_ns)));
        if self.states.len() > FEW {
            let places = &mut **self.places.get_or_insert_default();
            let known = places.len();
            let new = self.states.iter().enumerate().skip(known);
            places.extend(new.map(|(place, (key, _))| (*key, place)));
        }
        self.states.last_mut().map(|(_, state)| state)
    }

    /// Tells that it is `now_ns`, and no event has come.
    pub(super) fn time(
        &mut self,
        watch: &Watch,
        (now_ns, symbols): (u64, &Symbols),
        out: &mut Verdicts,
    ) {
        for (key, state) in &mut self.states {
            let before = out.breaches.len();
            match state {
                State::Order(_) | State::Payload(_) => {}
                State::Obligation(state) => state.time(watch, (now_ns, symbols), out),
                State::Stream(state) => state.time(watch, (now_ns, symbols), out),
            }
            say_key(*key, symbols, &mut out.breaches[before..]);
        }
    }

    /// When it wants to be told the time.
    pub(super) fn deadline(&self, watch: &Watch) -> Option<u64> {
        let of = |(_, state): &(_, State)| match state {
            State::Order(_) | State::Payload(_) => None,
            State::Obligation(state) => state.deadline(watch),
            State::Stream(state) => state.deadline(watch),
        };
        self.states.iter().filter_map(of).min()
    }

    /// Tells that the slice has ended.
    pub(super) fn end(&mut self, watch: &Watch, stop: Stop<'_>, out: &mut Verdicts) {
        for (key, state) in &mut self.states {
            let before = out.breaches.len();
            match state {
                State::Order(state) => state.end(watch, stop, out),
                State::Obligation(state) => state.end(watch, stop, out),
                State::Stream(state) => state.end(watch, stop, out),
                State::Payload(_) => {}
            }
            say_key(*key, stop.symbols, &mut out.breaches[before..]);
        }
    }
}

/// Says which of several it is.
fn say_key(key: Option<Scalar>, symbols: &Symbols, breaches: &mut [Breach]) {
    let key = key.map(|key| key.display(symbols));
    for breach in breaches {
        if let Some(key) = key.as_ref().filter(|key| !breach.message.contains(*key)) {
            breach.message += &format!(" ({key})");
        }
    }
}
