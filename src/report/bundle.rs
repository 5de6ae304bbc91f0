//! What a report is made of, and what it says about itself.

use serde::{Deserialize, Serialize};

use crate::analysis::measure::{count, counted};
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
    /// Where no more of payloads is here than the rules read: of how many messages something is
    /// left out, and how many are whole, since they are read as something else without it.
    pub types_only: Option<(u64, u64)>,
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

impl Manifest {
    /// What is in the report, in a line.
    pub fn told(&self) -> String {
        let ((frames, all_frames), (users, all_users)) = (self.frames_of, self.users_of);
        let of = |some: u64, all: u64, noun: &str| {
            if some == all {
                counted(all, noun)
            } else {
                format!("{} of {}", count(some), counted(all, noun))
            }
        };
        let parts = [
            self.recorded.clone(),
            self.scope.clone(),
            of(frames, all_frames, "frame"),
            of(users, all_users, "user"),
            self.hidden_in_words(),
            self.types_only.map_or_else(String::new, |_| "payloads: types only".to_owned()),
        ];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    }

    fn hidden_in_words(&self) -> String {
        match self.hidden {
            0 => "nothing hidden".to_owned(),
            hidden => format!("{} hidden", counted(hidden, "value")),
        }
    }

    /// All of it, name by name.
    pub fn facts(&self) -> Vec<(String, String)> {
        let at = jiff::Timestamp::from_nanosecond(i128::from(self.recorded_at_ns));
        let at = at.map_or_else(|_| String::new(), |at| at.strftime("%F %T UTC").to_string());
        let facts = [
            ("recording", self.recorded.clone()),
            ("recorded", format!("{at} by wiretape {}", self.recorded_by)),
            ("report by", format!("wiretape {}", self.tool)),
            ("rules", self.rules.clone()),
            ("scope", self.scope.clone()),
            ("redaction", format!("{}, {}", self.redact, self.hidden_in_words())),
        ];
        let payloads = self.types_only.map(|(thin, whole)| {
            let left_out = format!(
                "types only: {} have no more than the rules read",
                counted(thin, "message")
            );
            let whole =
                if whole == 0 { String::new() } else { format!(", {} whole", count(whole)) };
            ("payloads", left_out + &whole)
        });
        let facts = facts.into_iter().chain(payloads);
        let facts = facts.map(|(name, value)| (name.to_owned(), value));
        let hidden = self.hidden_by.iter().map(|(rule, hits)| (format!("  {rule}"), count(*hits)));
        facts.chain(hidden).chain(self.meta.iter().cloned()).collect()
    }
}
