//! The checked form of a rules file: what the engine works by.

use crate::events::{FieldId, Reading};

/// Nanoseconds.
pub type Nanos = u64;

/// Everything that a rules file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleBook {
    /// The preset's name, or the file's.
    pub name: String,
    /// How to make events from messages.
    pub reading: Reading,
    /// How much the engine keeps.
    pub caps: Caps,
    /// Ways to slice; the first is always `conn`.
    pub scopes: Vec<Scope>,
    /// What runs look like.
    pub lifecycles: Vec<Lifecycle>,
    /// What else must hold.
    pub rules: Vec<Rule>,
    /// Letters for the timeline: event name and letter.
    pub letters: Vec<(String, char)>,
    /// How bad breaches of rules are that every file has, where it says so: `close`, `decode`,
    /// `duplicate`, `after-end`, `protocol`, `unknown-event`; `None` for off.
    pub built_in: Vec<(String, Option<Severity>)>,
    /// Durations that have a name: `latency`, `silence`.
    pub limits: Vec<(String, Nanos)>,
}

/// How much the engine keeps of one thing; what is beyond is not judged, and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Debts of one rule, in one slice and of one key.
    pub obligations: usize,
    /// Values of a rule's key, in one slice.
    pub keys: usize,
    /// Findings.
    pub findings: usize,
    /// Events of a slice, and nanoseconds, for which what may only be late is waited for before it
    /// is told early that it is missing.
    pub lag: (usize, Nanos),
}

impl Default for Caps {
    /// More than any honest run has; of findings, as many as one problem can make of a recording.
    /// Of a straggler, what rules.md, 3.4 found to be enough.
    fn default() -> Self {
        let lag = (32, 2_000_000_000);
        Self { obligations: 1024, keys: 1024, findings: 100_000, lag }
    }
}

/// How bad it is when a rule is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warning,
    /// A defect.
    #[default]
    Error,
}

/// Where a rule is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The file, or `agent (preset)`.
    pub file: String,
    /// From 1.
    pub line: u32,
}

/// One part of a slice's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyPart {
    /// The connection.
    Connection,
    /// The user of the connection's session, or of the event if it names one.
    User,
    /// A field.
    Field(FieldId),
}

/// A way to slice the events of a recording (rules.md, 2.2 and 2.4).
#[derive(Clone, Debug, PartialEq)]
pub struct Scope {
    /// Its name.
    pub name: String,
    /// Events with the same values here are one slice; an event without all of them is in none.
    pub key: Vec<KeyPart>,
    /// Events that begin a slice; none: any event does.
    pub begin: Vec<String>,
    /// Events that end it.
    pub end: Vec<String>,
    /// Those of `end` that say that it failed.
    pub failed: Vec<String>,
    /// How long after its end stragglers still belong to it.
    pub linger: Nanos,
    /// How long without an event ends it.
    pub idle: Nanos,
    /// How long it outlives its connection; `None`: not at all.
    pub across_reconnect: Option<Nanos>,
    /// Open slices at most; the oldest go first, counted.
    pub max_open: usize,
}

impl RuleBook {
    /// The scope whose slices people call runs.
    pub fn run_scope(&self) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.name == "run").or(self.scopes.get(1))
    }
}

impl Scope {
    /// How one ended whose events have these names, the latest first: `ok` or `failed`; `ok` too
    /// where nothing says so.
    pub fn outcome<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> &'static str {
        let is = |names: &[String], name: &str| names.iter().any(|known| known == name);
        let end = names.into_iter().find(|name| is(&self.end, name));
        if end.is_some_and(|end| is(&self.failed, end)) { "failed" } else { "ok" }
    }
}

/// What a slice's events look like, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Lifecycle {
    /// Its id.
    pub id: String,
    /// Index into [`RuleBook::scopes`].
    pub scope: usize,
    /// The order.
    pub pattern: Pattern,
    /// Events outside the alphabet are findings.
    pub strict: bool,
    /// Names in the alphabet besides the pattern's.
    pub alphabet: Vec<String>,
    /// Costs of an event in an alignment, as a multiple; 1 where not named.
    pub weights: Vec<(String, u32)>,
    /// What each `@name` stands for.
    pub subs: Vec<Sub>,
    /// How bad.
    pub severity: Severity,
    /// Where it is written.
    pub origin: Origin,
}

/// A lifecycle within another, once for each value of its key.
#[derive(Clone, Debug, PartialEq)]
pub struct Sub {
    /// `tool` for `@tool`.
    pub name: String,
    /// The field that tells instances apart.
    pub key: Option<FieldId>,
    /// Where an event has none: this field's value, first in first out.
    pub fallback: Option<FieldId>,
    /// The order of its events.
    pub pattern: Pattern,
    /// Open instances at the slice's end are findings of their own.
    pub drain: bool,
    /// Only these ends of a slice find all instances complete, and after any end none goes on;
    /// empty: they may be complete whenever they like.
    pub drained_by: Vec<String>,
    /// One at a time.
    pub sequential: bool,
    /// How bad.
    pub severity: Severity,
    /// Where it is written.
    pub origin: Origin,
}

/// A regular expression over event names (rules.md, 2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// An event.
    Name(String),
    /// The first event of a new instance of a sub-lifecycle.
    Sub(String),
    /// Any event of the alphabet.
    Any,
    /// One after the other; empty: nothing at all.
    Sequence(Vec<Pattern>),
    /// One of them.
    Choice(Vec<Pattern>),
    /// All of them, interleaved in any way.
    Shuffle(Vec<Pattern>),
    /// So many times.
    Repeat {
        /// What.
        inner: Box<Pattern>,
        /// At least.
        min: u32,
        /// At most; `None`: any number.
        max: Option<u32>,
    },
}

/// A rule beside the lifecycles (rules.md, 2.5).
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// Index into [`RuleBook::scopes`].
    pub scope: usize,
    /// How bad.
    pub severity: Severity,
    /// What must hold.
    pub kind: RuleKind,
    /// Holds for each value of this field by itself.
    pub key: Option<FieldId>,
    /// Only events that pass this test make it apply: an index into [`Reading::tests`].
    pub filter: Option<u8>,
    /// The future part has to come within this.
    pub within: Option<Nanos>,
    /// From c2s to s2c: what comes so soon after was under way already.
    pub crossing: Option<Nanos>,
    /// What an unmet obligation is when its slice is closed in order.
    pub at_end: AtEnd,
    /// Which clock times are taken from.
    pub clock: ClockKind,
    /// What to tell people.
    pub note: Option<String>,
    /// Where it is written.
    pub origin: Origin,
}

/// What an unmet obligation is at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtEnd {
    /// A violation.
    #[default]
    Violated,
    /// Pending.
    Pending,
}

/// Which clock times are taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockKind {
    /// The recorder's.
    #[default]
    Recorder,
    /// The sender's, from the field `ts`.
    Payload,
    /// The difference of both, less its minimum so far.
    Skew,
}

/// Names of events: any of them.
pub type Names = Vec<String>;

/// What must hold. `a` and `b` are as in rules.md's table.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "rules.md's table of rule kinds tells each one's meaning")]
pub enum RuleKind {
    Existence(Names),
    Absence(Names),
    ExactlyOne(Names),
    AtMost { event: Names, n: u32 },
    Init(Names),
    End(Names),
    RespondedExistence(Names, Names),
    CoExistence(Names, Names),
    NotCoExistence(Names, Names),
    Response(Names, Names),
    AlternateResponse(Names, Names),
    ChainResponse(Names, Names),
    Precedence(Names, Names),
    AlternatePrecedence(Names, Names),
    ChainPrecedence(Names, Names),
    Succession(Names, Names),
    AlternateSuccession(Names, Names),
    ChainSuccession(Names, Names),
    NotSuccession(Names, Names),
    NotChainSuccession(Names, Names),
    Pair { open: Names, close: Names, max_open: Option<u32> },
    Reply { request: Names, reply: Names, error: Names },
    Sequence { field: FieldId, start: Option<i64>, step: i64, reorder: Nanos, reset_on: Names },
    Heartbeat { event: Names, every: Nanos, tolerance: Nanos, from: Names },
    Rate { event: Names, max: u32, per: Nanos },
    Silence { after: Names, expect: Names, within: Nanos },
    Reconnect { within: Nanos, codes: Vec<u16> },
    Resume { seq: FieldId, epoch: Option<FieldId>, replay_allowed: bool },
    Isolation { keys: Vec<FieldId>, owner: FieldId, shared: Vec<String> },
    Latency { event: Names, max: Nanos },
    Schema { event: Names, file: String, text: Option<String> },
}

impl RuleKind {
    /// The lists of names in it, in its order; those that it lacks are empty.
    pub(super) fn lists(&self) -> [&[String]; 3] {
        let none: &[String] = &[];
        match self {
            Self::Existence(a)
            | Self::Absence(a)
            | Self::ExactlyOne(a)
            | Self::Init(a)
            | Self::End(a)
            | Self::AtMost { event: a, .. }
            | Self::Rate { event: a, .. }
            | Self::Isolation { shared: a, .. }
            | Self::Latency { event: a, .. }
            | Self::Schema { event: a, .. } => [a, none, none],
            Self::RespondedExistence(a, b)
            | Self::CoExistence(a, b)
            | Self::NotCoExistence(a, b)
            | Self::Response(a, b)
            | Self::AlternateResponse(a, b)
            | Self::ChainResponse(a, b)
            | Self::Precedence(a, b)
            | Self::AlternatePrecedence(a, b)
            | Self::ChainPrecedence(a, b)
            | Self::Succession(a, b)
            | Self::AlternateSuccession(a, b)
            | Self::ChainSuccession(a, b)
            | Self::NotSuccession(a, b)
            | Self::NotChainSuccession(a, b) => [a, b, none],
            Self::Pair { open, close, .. } => [open.as_slice(), close, none],
            Self::Reply { request, reply, error } => [request.as_slice(), reply, error],
            Self::Sequence { reset_on, .. } => [reset_on.as_slice(), none, none],
            Self::Heartbeat { event, from, .. } => [event.as_slice(), from, none],
            Self::Silence { after, expect, .. } => [after.as_slice(), expect, none],
            Self::Reconnect { .. } | Self::Resume { .. } => [none, none, none],
        }
    }
}
