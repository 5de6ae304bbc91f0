//! What a rule says of a recording: a violation with its evidence, or what is still open.

use super::book::{Origin, Severity};

/// A stable code (architecture.md, 6). Codes never change meaning; new ones are added at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "`Code::title` says each one's meaning")]
pub enum Code {
    E101,
    E102,
    E103,
    E104,
    E105,
    E106,
    E107,
    E108,
    E109,
    E110,
    E111,
    E112,
    W201,
    W202,
    W203,
    W204,
    W205,
    W206,
    W207,
    W208,
}

impl Code {
    /// All codes.
    pub const ALL: [Self; 20] = [
        Self::E101,
        Self::E102,
        Self::E103,
        Self::E104,
        Self::E105,
        Self::E106,
        Self::E107,
        Self::E108,
        Self::E109,
        Self::E110,
        Self::E111,
        Self::E112,
        Self::W201,
        Self::W202,
        Self::W203,
        Self::W204,
        Self::W205,
        Self::W206,
        Self::W207,
        Self::W208,
    ];

    /// `E102`.
    pub fn text(self) -> String {
        format!("{self:?}")
    }

    /// The one of this text, in any case.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.text().eq_ignore_ascii_case(text))
    }

    /// The one word for its class.
    pub const fn class(self) -> &'static str {
        match self {
            Self::E101 | Self::E102 | Self::E109 => "missing",
            Self::E103 => "out-of-order",
            Self::E104 | Self::E105 | Self::E110 => "unexpected",
            Self::E106 => "duplicate",
            Self::E107 => "gap",
            Self::E108 => "wrong-user",
            Self::E111 => "lost",
            Self::E112 => "stalled",
            Self::W201 => "late",
            Self::W202 => "silence",
            Self::W203 => "reconnect",
            Self::W204 => "close",
            Self::W205 => "undecodable",
            Self::W206 => "unknown-event",
            Self::W207 => "payload",
            Self::W208 => "protocol",
        }
    }

    /// What it means, in a few words.
    pub const fn title(self) -> &'static str {
        match self {
            Self::E101 => "a run never completed",
            Self::E102 => "a start without its end",
            Self::E103 => "an event came out of order",
            Self::E104 => "an event after its run had completed",
            Self::E105 => "an end without its start",
            Self::E106 => "the same event twice",
            Self::E107 => "a gap, reordering or regression in a sequence",
            Self::E108 => "one user's event on another's connection",
            Self::E109 => "an expected event never came",
            Self::E110 => "an event that is not allowed at this point",
            Self::E111 => "the connection died with obligations open, and nobody came back",
            Self::E112 => "idle or superseded with obligations open",
            Self::W201 => "an event came after its deadline",
            Self::W202 => "silence inside an open run, or no reply",
            Self::W203 => "a slow reconnect",
            Self::W204 => "an abnormal close",
            Self::W205 => "a payload that can't be decoded",
            Self::W206 => "an unknown event",
            Self::W207 => "a payload that does not fit its schema or its usual shape",
            Self::W208 => "a violation of RFC 6455 on the wire",
        }
    }
}

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// What comes may still change it.
    Provisional,
    /// It was changed by what came.
    Amended,
    /// What came took it back: another finding tells it better, or nothing was wrong.
    Withdrawn,
    /// It stays.
    Confirmed,
}

/// Whose side a defect is on, as far as the wire shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The server never sent it, or sent something wrong.
    Server,
    /// The server had no connection to send it on.
    Connection,
    /// The client never asked, or sent something wrong.
    Client,
}

impl Side {
    /// In one word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Connection => "connection",
            Self::Client => "client",
        }
    }

    /// With how that is known, of a finding of this code.
    pub fn in_words(self, code: Code) -> &'static str {
        let absent = matches!(code.class(), "missing" | "stalled" | "silence" | "lost");
        match (self, absent) {
            (Self::Server, true) => {
                "server: it never wrote it to this connection (TCP loses nothing in the middle)"
            }
            (Self::Server, false) => "server: this is what it sent, in this order",
            (Self::Connection, _) => "connection: there was none to send it on",
            (Self::Client, true) => "client: it never sent it",
            (Self::Client, false) => "client: this is what it sent",
        }
    }
}

/// What should have come, and where: the ghost row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The event's name.
    pub event: String,
    /// What tells it from others of its name: a call's id, a tool.
    pub detail: Option<String>,
    /// The frame after which it should have come.
    pub after: Option<i64>,
    /// The frame before which it should have come.
    pub before: Option<i64>,
}

/// One row of the excerpt around a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The frame; `None` for the ghost row.
    pub frame: Option<i64>,
    /// Nanoseconds since the recording started; `None` for the ghost row.
    pub at_ns: Option<u64>,
    /// `→` or `←` as the client sees it.
    pub out: bool,
    /// The event's name.
    pub event: String,
    /// Its call, tool or agent.
    pub detail: String,
    /// What it is here, if it is blamed.
    pub remark: Option<String>,
}

/// Why it happened, as far as the wire shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// In words.
    pub text: String,
    /// The frame that shows it; `None` where a connection's end has none.
    pub frame: Option<i64>,
}

/// A violation with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The same for the same violation in every run of the check.
    pub id: u64,
    /// Its code.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub status: Status,
    /// The rule's id.
    pub rule: String,
    /// Where the rule is written.
    pub origin: Origin,
    /// Whose.
    pub user: Option<String>,
    /// Which run.
    pub run: Option<String>,
    /// On which connection.
    pub connection: Option<i64>,
    /// When: nanoseconds since the recording started.
    pub at_ns: u64,
    /// One sentence.
    pub message: String,
    /// The frames it rests on, in order.
    pub frames: Vec<i64>,
    /// What should have come.
    pub expected: Option<Expected>,
    /// Whose side.
    pub side: Option<Side>,
    /// Why.
    pub cause: Option<Cause>,
    /// Where else the event was looked for, and what was found.
    pub elsewhere: Option<String>,
    /// Rules and obligations that the same cause breaks.
    pub also_violates: Vec<String>,
    /// The frames around it.
    pub rows: Vec<Row>,
}

/// What was still open when the recording ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The rule's id.
    pub rule: String,
    /// Whose.
    pub user: Option<String>,
    /// Which run.
    pub run: Option<String>,
    /// What is waited for.
    pub waiting_for: String,
    /// Since when: nanoseconds since the recording started.
    pub since_ns: u64,
    /// Since which frame.
    pub frame: i64,
}

/// How often a rule was asked, and what it said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The rule's id.
    pub rule: String,
    /// Slices or events it applied to.
    pub activations: u64,
    /// It held.
    pub satisfied: u64,
    /// It did not.
    pub violated: u64,
    /// It was still open at the end.
    pub pending: u64,
    /// The recording does not tell.
    pub inconclusive: u64,
}
