//! Facts ↔ other tools' formats, one file a format; each says what it can't carry.

mod consistency;
pub mod csv;
mod field;
pub mod har;
pub mod json;
pub mod jsonl;
mod lines;
mod rows;

pub use lines::{Line, Lines, MAX_LINE};

/// Something that was not carried from one side to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// How many.
    pub count: u64,
    /// What, if it is one: `note`.
    pub one: &'static str,
    /// What, if it is more: `notes`.
    pub many: &'static str,
}

/// What was not carried, counted by kind; in the order in which it was first met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Losses(Vec<Loss>);

impl Losses {
    fn add(&mut self, kind: (&'static str, &'static str)) {
        self.add_many(kind, 1);
    }

    fn add_many(&mut self, (one, many): (&'static str, &'static str), count: u64) {
        match self.0.iter_mut().find(|loss| loss.one == one) {
            Some(loss) => loss.count += count,
            None if count > 0 => self.0.push(Loss { count, one, many }),
            None => {}
        }
    }
}

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
    /// A JSON file that does not say what it should.
    #[error("line {line}, column {column}{}{at}: {why}", if at.is_empty() { "" } else { ", " })]
    Json {
        /// The names that lead to it: `log.entries[3].request.url`.
        at: String,
        /// The line, from 1.
        line: u64,
        /// The column, from 1.
        column: u64,
        /// What is wrong there.
        why: String,
    },
    /// A HAR file of other things.
    #[error("no WebSocket is in it, only HTTP requests: {requests}")]
    NoWebSocket {
        /// How many.
        requests: u64,
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
