//! Facts and rules → what is seen of them, as plain data: what every form of a report shows.
//!
//! Lanes, letters, folds and ghosts are those of the screen, since both come from one
//! [`Tape`](crate::analysis::tape::Tape). Events, runs, users and findings are numbered from 0 and
//! name each other by their numbers; times are nanoseconds since the recording started.

mod bodies;
mod look;
mod rows;

use serde::Serialize;

/// What is seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sight {
    /// When the recording started, nanoseconds since the Unix epoch.
    pub started_ns: i64,
    /// The first moment at which there is anything.
    pub from_ns: u64,
    /// The last one.
    pub to_ns: u64,
    /// Names of events.
    pub names: Vec<Name>,
    /// Letters and what they stand for, in the rules' order, those that occur.
    pub legend: Vec<(char, String)>,
    /// Users, in the order in which they came.
    pub users: Vec<User>,
    /// Runs.
    pub runs: Vec<Run>,
    /// Events, in the order in which they came.
    #[serde(serialize_with = "rows::events")]
    pub events: Vec<Event>,
    /// What is wrong, in the order of time.
    pub findings: Vec<Found>,
    /// Idle stretches, in which no run is open: from, to.
    pub folds: Vec<(u64, u64)>,
    /// Stretches that the recording lost.
    pub gaps: Vec<Lost>,
    /// What people wrote.
    pub notes: Vec<Noted>,
    /// What the codes of the findings mean, by code: a page each.
    pub pages: Vec<(String, &'static str)>,
    /// Findings that there was no room for.
    pub untold: u64,
    /// Rules that were not judged.
    pub unjudged: Vec<String>,
    /// Messages whose text is left out, being too much: they are in the tape, compressed.
    pub left_out: u64,
}

/// The name of events.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Name {
    /// As the rules read it.
    pub text: String,
    /// Its letter on a lane; `·` where the rules give none.
    pub letter: char,
}

/// A user: a lane with its runs under it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct User {
    /// The name, or `conn 3`.
    pub name: String,
    /// When connected, in order.
    pub lines: Vec<Line>,
    /// Runs, in the order of their beginnings.
    pub runs: Vec<u32>,
    /// The worst of its findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst: Option<&'static str>,
    /// How the connections are, in a word or two, and how bad that is.
    pub status: Status,
}

/// One connection's time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Its id.
    pub connection: i64,
    /// From when.
    pub from_ns: u64,
    /// Until when; `None`: to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_ns: Option<u64>,
    /// It broke, or was closed for a reason worth a finding.
    pub dropped: bool,
    /// It never came to be.
    pub refused: bool,
    /// How it ended: `close 1006`, `eof by client`; empty while it is open.
    pub ending: String,
}

/// One run: a lane.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// Whose.
    pub user: u32,
    /// Its first event.
    pub from_ns: u64,
    /// Its last event.
    pub to_ns: u64,
    /// How long it was open.
    pub until_ns: u64,
    /// How long nothing came where something was due; before that there is no silence.
    pub silent_ns: u64,
    /// More of it is waited for.
    pub open: bool,
    /// How it ended: `ok` or `failed`.
    pub outcome: &'static str,
    /// How it is, in a word or two, and how bad that is.
    pub status: Status,
    /// When tools were at work, in order: from, to.
    pub tools: Vec<(u64, u64)>,
    /// Where something is missing from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ghost_ns: Option<u64>,
    /// Its findings.
    pub findings: Vec<u32>,
    /// The good run to hold it against, where something is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub twin: Option<u32>,
    /// Its events.
    #[serde(skip)]
    pub events: Vec<u32>,
}

/// How a lane is: in words, and `error`, `warning`, `info`, or `dim` where nothing is to be said.
pub type Status = (String, &'static str);

/// One event. What is absent is left out of the JSON, and what the tape's frame tells too.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Event {
    /// The last frame of its message; 0 where there is none.
    #[serde(skip)]
    pub frame: i64,
    /// The first one, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<i64>,
    /// Its place in the message, where one message holds several.
    #[serde(skip_serializing_if = "is_zero")]
    pub part: u16,
    /// When its last byte was read.
    #[serde(skip)]
    pub at_ns: u64,
    /// The connection.
    #[serde(skip)]
    pub connection: i64,
    /// From the client to the server.
    #[serde(skip)]
    pub out: bool,
    /// What it was made from, where that is no message: `open`, `close`, `gap`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub kind: &'static str,
    /// Its name, by number.
    pub name: u32,
    /// Payload bytes of the message, inflated.
    pub bytes: u32,
    /// Its run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<u32>,
    /// Its conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// Its call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Its tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// How long it took to answer what it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_ns: Option<u64>,
    /// Findings that rest on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<u32>,
    /// Its JSON, where the payload is something else: Socket.IO, `MessagePack`, one line of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json: Option<String>,
    /// The message's payload, where its last frame is not all of it, or holds it compressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
}

/// An inflated payload, or its beginning where [`Event::bytes`] says that there is more.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    /// Text.
    Text(String),
    /// Anything else.
    Base64(String),
}

/// A finding.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Found {
    /// Its code, and which of several of that code: `E102`, `E102.2`.
    pub link: String,
    /// Its code.
    pub code: String,
    /// Its class.
    pub class: &'static str,
    /// What the code means, in a few words.
    pub title: &'static str,
    /// `error`, `warning` or `info`.
    pub severity: &'static str,
    /// When.
    pub at_ns: u64,
    /// One sentence.
    pub message: String,
    /// The user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<u32>,
    /// The run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<u32>,
    /// The connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<i64>,
    /// The frames it rests on, in order.
    pub evidence: Vec<Evidence>,
    /// What should have come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Ghost>,
    /// Whose side, and how that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<&'static str>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Why>,
    /// Where else the event was looked for, and what was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<String>,
    /// What the same cause breaks besides.
    pub also: Vec<String>,
    /// The rule and where it is written.
    pub rule: String,
    /// The frames around it.
    pub excerpt: Vec<Excerpt>,
}

/// A frame that a finding rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// The frame.
    pub frame: i64,
    /// Its event, if that is in sight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<u32>,
    /// What it is here.
    pub role: &'static str,
}

/// What should have come: the ghost row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ghost {
    /// The event's name.
    pub event: String,
    /// Its letter.
    pub letter: char,
    /// What tells it from others of its name: a call's id, a tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The event before which its row stands; as many as there are: at the end.
    pub before: u32,
    /// When it is sure that it will not come.
    pub at_ns: u64,
}

/// Why, as far as the wire shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// In words.
    pub text: String,
    /// The event that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<u32>,
}

/// One row of the excerpt around a finding; the ghost row has no frame and no time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Excerpt {
    /// The frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<i64>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_ns: Option<u64>,
    /// From the client to the server.
    pub out: bool,
    /// The event's name.
    pub event: String,
    /// Its call, tool or agent.
    pub detail: String,
    /// The finding rests on it.
    pub blamed: bool,
}

/// A stretch that the recording lost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lost {
    /// The connection; `None` where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<i64>,
    /// From when.
    pub from_ns: u64,
    /// Until when.
    pub to_ns: u64,
    /// Frames.
    pub frames: u64,
    /// Why.
    pub reason: &'static str,
}

/// What a person wrote about a place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Noted {
    /// What was written; empty for a mark.
    pub text: String,
    /// Who wrote it.
    pub author: String,
    /// When it was written: nanoseconds since the Unix epoch.
    pub written_ns: i64,
    /// The event it is about, or the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<u32>,
    /// The moment it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_ns: Option<u64>,
    /// The finding it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<u32>,
    /// The run it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<u32>,
}

impl Run {
    /// Its id, or the end of a long one, which is what tells it from others.
    pub fn short(&self) -> String {
        short(&self.id)
    }
}

/// Characters that are shown of an id.
const SHORT: usize = 12;

/// An id, or the end of a long one, which is what tells it from others.
pub fn short(id: &str) -> String {
    if id.chars().count() <= SHORT {
        return id.to_owned();
    }
    let last = id.rsplit(['_', '-', ':', '/']).next().filter(|part| !part.is_empty());
    let part = last.unwrap_or(id);
    part.chars().skip(part.chars().count().saturating_sub(SHORT)).collect()
}

impl Sight {
    /// The name of an event.
    pub fn name(&self, event: &Event) -> &str {
        self.names.get(event.name as usize).map_or("", |name| &name.text)
    }

    /// The letter of an event on a lane.
    pub fn letter(&self, event: &Event) -> char {
        self.names.get(event.name as usize).map_or('·', |name| name.letter)
    }

    /// The finding of this name: `E102`, `E102.2`.
    pub fn found(&self, link: &str) -> Option<&Found> {
        self.findings.iter().find(|found| found.link == link)
    }

    /// The finding that a report is mostly about: the worst, the first of them.
    pub fn worst(&self) -> Option<&Found> {
        let rank = |found: &&Found| SEVERITIES.iter().position(|word| *word == found.severity);
        self.findings.iter().min_by_key(rank)
    }
}

/// The worst first.
const SEVERITIES: [&str; 3] = ["error", "warning", "info"];

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u16) -> bool {
    *number == 0
}
