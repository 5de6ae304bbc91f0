//! What a report is made of, and what it says about itself.

use serde::{Deserialize, Serialize};

use crate::rules::RuleBook;
use crate::wire::Fact;

/// All that one report is made of; scoped and redacted already.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// What it is about, in one line.
    pub title: String,
    /// What it says about itself.
    pub manifest: Manifest,
    /// The facts in scope; the recording's own first.
    pub facts: Vec<Fact<'static>>,
    /// The same facts as JSON lines, with their end.
    pub tape: String,
    /// The rules that they are judged by.
    pub book: RuleBook,
    /// The same rules as text.
    pub rules_text: String,
    /// Where the viewer opens.
    pub view: View,
}

/// Where a report comes from, and what is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// The version of the Wiretape that made the report.
    pub tool: String,
    /// What the rules are called.
    pub rules: String,
    /// The recording's name.
    pub recorded: String,
    /// The version of the Wiretape that recorded it.
    pub recorded_by: String,
    /// When it was recorded: nanoseconds since the Unix epoch, UTC.
    pub recorded_at_ns: i64,
    /// What was picked, in words: `run 9c1e ±5s`.
    pub scope: String,
    /// Frames in the report, and in the recording.
    pub frames_of: (u64, u64),
    /// Users in the report, and in the recording.
    pub users_of: (u64, u64),
    /// Values hidden.
    pub hidden: u64,
    /// How much was hidden: `strict`, `default`, `off`.
    pub redact: String,
    /// Values hidden by each rule.
    pub hidden_by: Vec<(String, u64)>,
    /// What the sender says of the application: `commit`, `a1b2c3d`.
    pub meta: Vec<(String, String)>,
}

/// What the sender looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// The finding's code; with `.2`, the second one of that code.
    pub finding: Option<String>,
    /// From when to when, nanoseconds since the recording started.
    pub range_ns: Option<(u64, u64)>,
    /// The id of a run, or the name of a user.
    pub lane: Option<String>,
}
