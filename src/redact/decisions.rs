//! The table `[redact]` of `wiretape.toml` ↔ what to do with what stands where.
//!
//! ```toml
//! [redact]
//! "$.data.prompt" = "length"     # a place in payloads: what stands there
//! "header:X-Team" = "show"       # a header
//! "query:room" = "hide"          # a name in the query of a URL
//! "email $.data.text" = "show"   # what a rule finds within what stands at a place
//! "rule:email" = "show"          # all that a rule finds
//! ```

use std::collections::BTreeMap;

use toml_edit::{DocumentMut, Item, Table, value};

use super::Decision;

/// Decisions that are kept: more than anyone makes by hand.
const MAX_DECISIONS: usize = 10_000;

/// What to do, by place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions(BTreeMap<String, Decision>);

/// Why the decisions can't be read.
#[derive(Debug, thiserror::Error)]
pub enum DecisionsError {
    /// It is not TOML.
    #[error("{0}")]
    Toml(#[from] toml_edit::TomlError),
    /// There is no such decision.
    #[error("[redact] {place:?} is {found}, expected \"hide\", \"show\" or \"length\"")]
    Word {
        /// The place it is about.
        place: String,
        /// What stands there.
        found: String,
    },
    /// There are too many.
    #[error("[redact] has over {MAX_DECISIONS} lines")]
    TooMany,
    /// `redact` is something else than a table.
    #[error("redact is no table")]
    NoTable,
}

impl Decisions {
    /// The decisions in a `wiretape.toml`.
    ///
    /// # Errors
    /// It is no TOML, or has a decision that is none.
    pub fn read(text: &str) -> Result<Self, DecisionsError> {
        let document: DocumentMut = text.parse()?;
        let Some(item) = document.get("redact") else { return Ok(Self::default()) };
        let table = item.as_table_like().ok_or(DecisionsError::NoTable)?;
        let mut decisions = BTreeMap::new();
        for (place, item) in table.iter() {
            let wrong = || DecisionsError::Word {
                place: place.to_owned(),
                found: item.to_string().trim().chars().take(40).collect(),
            };
            let word = item.as_str().ok_or_else(wrong)?;
            let decision = Decision::from_word(word).ok_or_else(wrong)?;
            decisions.insert(place.to_owned(), decision);
            if decisions.len() > MAX_DECISIONS {
                return Err(DecisionsError::TooMany);
            }
        }
        Ok(Self(decisions))
    }

    /// The same `wiretape.toml` with these decisions: what else stands in it stays, comments too.
    ///
    /// # Errors
    /// It is no TOML.
    pub fn write(&self, text: &str) -> Result<String, DecisionsError> {
        let mut document: DocumentMut = text.parse()?;
        let item = document.entry("redact").or_insert_with(|| Item::Table(Table::new()));
        let table = item.as_table_like_mut().ok_or(DecisionsError::NoTable)?;
        for (place, decision) in &self.0 {
            match table.get_mut(place).and_then(Item::as_value_mut) {
                Some(known) if known.as_str() == Some(decision.word()) => {}
                Some(known) => {
                    // What is around the value is a comment, and stays.
                    let decor = known.decor().clone();
                    *known = decision.word().into();
                    *known.decor_mut() = decor;
                }
                None => {
                    table.insert(place, value(decision.word()));
                }
            }
        }
        Ok(document.to_string())
    }

    /// Decides.
    pub fn set(&mut self, place: impl Into<String>, decision: Decision) {
        self.0.insert(place.into(), decision);
    }

    /// What was decided about a place.
    pub fn get(&self, place: &str) -> Option<Decision> {
        self.0.get(place).copied()
    }
}
