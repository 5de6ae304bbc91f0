//! Notes ↔ what of the findings is not to be told in this recording: a code, a rule, a run.
//!
//! A mute is a note like any other: it lies in the recording, says who wrote it and when, and goes
//! where the recording goes. `check` tells what is muted all the same.

use crate::rules::{Code, Finding};
use crate::wire::Note;

/// What a note that mutes begins with.
const WORD: &str = "muted";

/// Mutes that are heeded: more than anyone makes by hand.
const MOST: usize = 100;

/// What is muted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mute {
    /// Every finding of a code.
    Code(Code),
    /// Every finding of a rule.
    Rule(String),
    /// Every finding about a run.
    Run(String),
}

impl Mute {
    /// In words: `E102`, `rule isolation`, `run 9c1e`.
    pub fn words(&self) -> String {
        match self {
            Self::Code(code) => code.text(),
            Self::Rule(rule) => format!("rule {rule}"),
            Self::Run(run) => format!("run {run}"),
        }
    }

    /// As it is typed: `E102`, `rule isolation`, `run 9c1e`; `here` may follow.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_suffix(" here").unwrap_or(text).trim();
        match text.split_once(' ') {
            Some(("rule", rule)) => Some(Self::Rule(rule.trim().to_owned())),
            Some(("run", run)) => Some(Self::Run(run.trim().to_owned())),
            Some(_) => None,
            None => Code::from_text(text).map(Self::Code),
        }
    }

    /// The note that says so.
    pub fn note(&self) -> Note {
        let mut note = Note { text: WORD.to_owned(), ..Note::default() };
        match self {
            Self::Code(code) => note.finding = Some(code.text()),
            Self::Run(run) => note.run = Some(run.clone()),
            Self::Rule(rule) => note.text = format!("{WORD} rule {rule}"),
        }
        note
    }

    /// What a note mutes, if it mutes anything.
    pub fn of(note: &Note) -> Option<Self> {
        let has_no_place = note.first_frame.is_none() && note.from_ns.is_none();
        let rest = note.text.strip_prefix(WORD).filter(|_| has_no_place)?;
        match (rest, &note.finding, &note.run) {
            ("", Some(code), None) => Code::from_text(code).map(Self::Code),
            ("", None, Some(run)) => Some(Self::Run(run.clone())),
            (rest, None, None) => {
                rest.strip_prefix(" rule ").map(|rule| Self::Rule(rule.to_owned()))
            }
            _ => None,
        }
    }

    /// Whether a finding is not to be told.
    pub fn holds(&self, finding: &Finding) -> bool {
        match self {
            Self::Code(code) => finding.code == *code,
            Self::Rule(rule) => finding.rule == *rule,
            Self::Run(run) => finding.run.as_deref() == Some(run),
        }
    }
}

/// All that notes mute, each once.
pub(super) fn all(notes: &[Note]) -> Vec<Mute> {
    let mut mutes = Vec::new();
    for mute in notes.iter().filter_map(Mute::of) {
        if mutes.len() < MOST && !mutes.contains(&mute) {
            mutes.push(mute);
        }
    }
    mutes
}

#[cfg(test)]
mod tests {
    use super::Mute;
    use crate::rules::Code;
    use crate::wire::Note;

    #[test]
    fn what_is_typed_is_kept_as_a_note_and_read_again() {
        for (typed, mute) in [
            ("e102 here", Mute::Code(Code::E102)),
            ("E104", Mute::Code(Code::E104)),
            ("rule agent-run", Mute::Rule("agent-run".into())),
            ("run 9c1e here", Mute::Run("9c1e".into())),
        ] {
            assert_eq!(Mute::parse(typed), Some(mute.clone()), "{typed}");
            assert_eq!(Mute::of(&mute.note()), Some(mute));
        }
        assert_eq!(Mute::parse("E999"), None);
        assert_eq!(Mute::parse("user u_1"), None);
    }

    #[test]
    fn notes_of_people_mute_nothing() {
        let note = |text: &str| Note { text: text.into(), ..Note::default() };
        assert_eq!(Mute::of(&note("muted")), None);
        assert_eq!(Mute::of(&note("muted by accident")), None);
        let placed = Note { first_frame: Some(3), ..Mute::Code(Code::E102).note() };
        assert_eq!(Mute::of(&placed), None);
    }
}
