//! Facts ↔ other tools' formats, one file a format; each says what it can't carry.

mod consistency;
mod field;
pub mod json;
pub mod jsonl;
mod lines;
mod rows;

pub use lines::{Line, Lines, MAX_LINE};

/// Why an exchange file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// A line that does not say what it should.
    #[error("line {line}: {why}")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The first line is not a Wiretape header.
    #[error("the first line is not a Wiretape header")]
    NotAnExchangeFile,
    /// The header states a version that is not known yet.
    #[error("format version {found} is newer than {supported}, the newest that is known here")]
    Newer {
        /// The version that the header states.
        found: u64,
        /// The newest known.
        supported: u64,
    },
    /// The file could not be read.
    #[error("reading failed")]
    Read(#[from] std::io::Error),
}

impl ExchangeError {
    pub(crate) fn line(line: u64, why: impl Into<String>) -> Self {
        Self::Line { line, why: why.into() }
    }
}
