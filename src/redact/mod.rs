//! Facts and what is to be hidden → facts without it, and what was hidden where.
//!
//! ```text
//! facts ─► look once: what is secret, whose ids these are ─► names ─► facts again, replaced
//!                │                                              └──► search of finished files
//!                └─► review rows: rule, where, hits, before, after, decided?
//! ```
//!
//! Pure. The same original has the same replacement within one report (`‹token-1 #9f2c›`), wherever
//! it stands: in a handshake, in a payload, in JSON within a text, in base64. Structure, order and
//! times stay, ids of users become `user_07`; so what the rules find stays what it was. A payload
//! that can't be searched is left out and marked.

mod clothes;
mod decisions;
mod frames;
mod heads;
mod json;
mod leaks;
mod members;
mod names;
mod nested;
mod patterns;
mod review;
mod rules;
mod secret_names;
mod shapes;
mod strict;
mod strict_heads;
mod text;
mod vendors;
mod words;

pub use decisions::{Decisions, DecisionsError};
pub use leaks::{Leak, Leaks};
pub use review::{Context, Row};

use std::collections::BTreeSet;

use crate::wire::Fact;

/// How much is hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// Only types, ids under other names, times and sizes are kept.
    Strict,
    /// Secrets are hidden, ids of users are renamed; what is not sure is asked.
    #[default]
    Default,
    /// Nothing is hidden.
    Off,
}

/// What to do with what stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A name stands for it.
    Hide,
    /// It stays.
    Show,
    /// Its length stands for it.
    Length,
}

impl Decision {
    /// The word for it in `wiretape.toml`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hide => "hide",
            Self::Show => "show",
            Self::Length => "length",
        }
    }

    /// The one named `word`.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Hide, Self::Show, Self::Length].into_iter().find(|decision| decision.word() == word)
    }
}

/// What is to be hidden.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// How much.
    pub level: Level,
    /// What was decided, by place.
    pub decisions: Decisions,
    /// Names of members that hold the id of a user, besides the usual ones.
    pub users: Vec<String>,
    /// Ids of users that are known, wherever they stand. Those of fewer than three letters are
    /// only known by their place.
    pub user_ids: BTreeSet<String>,
    /// Names of members that hold the type of an event, besides the usual ones.
    pub types: Vec<String>,
    /// Names of members that the rules read, besides the usual ones.
    pub kept: Vec<String>,
    /// Random bytes, new for each report and kept out of it: without them nobody can try whether
    /// a guess is the original.
    pub salt: [u8; 16],
}

/// Facts without what is hidden.
#[derive(Debug)]
pub struct Redacted {
    /// They, in their order.
    pub facts: Vec<Fact<'static>>,
    /// What was hidden, and what is still to be decided; undecided ones first.
    pub rows: Vec<Row>,
    redactor: text::Redactor,
}

impl Redacted {
    /// Hides what `policy` says.
    pub fn new(facts: &[Fact<'_>], policy: Policy) -> Self {
        let mut redactor = text::Redactor::new(policy);
        // The first time finds what is secret somewhere; the last hides it everywhere. Where people
        // write is only known after the first, and what they wrote there after one more.
        frames::facts(&mut redactor, facts);
        redactor.settle();
        if redactor.is_wordy() {
            frames::facts(&mut redactor, facts);
            redactor.settle();
        }
        let facts = frames::facts(&mut redactor, facts);
        let rows = redactor.review.rows();
        Self { facts, rows, redactor }
    }

    /// A text that goes along: a file's name, the sentence of a finding.
    pub fn text(&mut self, text: &str) -> String {
        self.redactor.said("text", text)
    }

    /// The id of a thing, as it is called here.
    pub fn id(&mut self, id: &str) -> String {
        if self.redactor.is_strict() {
            return self.redactor.strict_id("text", id);
        }
        self.text(id)
    }

    /// The name that stands for a user, if one does.
    pub fn user(&self, id: &str) -> Option<String> {
        self.redactor.user_name(id)
    }

    /// Rows that wait for a decision.
    pub fn undecided(&self) -> usize {
        self.rows.iter().filter(|row| !row.decided).count()
    }

    /// Values hidden.
    pub fn hidden(&self) -> u64 {
        self.rows.iter().filter(|row| row.decision != Decision::Show).map(|row| row.hits).sum()
    }

    /// A search for all that was hidden.
    pub fn leaks(&self) -> Leaks {
        let names = &self.redactor.names;
        Leaks::new(names.originals().map(|original| (original, names.is_user(original))))
    }
}
