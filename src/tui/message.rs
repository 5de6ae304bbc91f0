//! What reaches [`update`](super::update()), and what leaves it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::diff::{Compared, Paired};
use super::keys::Key;
use super::mouse::Mouse;
use super::review::{Stage, Step};
use super::tape::{Growth, Tape};
use crate::wire::Note;

/// What happened.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key was pressed.
    Key(Key),
    /// The line with this number is chosen, from 0, of what the screen lists.
    Pick(usize),
    /// A mouse did something, at this column and row.
    Mouse(Mouse, u16, u16),
    /// So much time has passed since the program began.
    Tick(Duration),
    /// The terminal has so many columns and rows.
    Resize(u16, u16),
    /// A row's payload was read.
    Payload(u32, Result<Shown, String>),
    /// A filter was applied: its text, and what it means.
    Sifted(String, Result<Sifted, String>),
    /// The folder was listed.
    Listed(Result<Vec<Listed>, String>),
    /// A recording of the list, by its key, was looked through.
    Judged(String, Verdict),
    /// A recording was opened.
    Opened(Result<Box<Tape>, String>),
    /// SQL was answered.
    Queried(Result<Answer, String>),
    /// What was done with the recordings, in words, and those that there are now.
    Tidied(Result<String, String>, Result<Vec<Listed>, String>),
    /// A filter was kept: its name, itself, and where.
    Saved(String, String, Result<String, String>),
    /// The runs of a recording, by its key, that are counterparts of this one's.
    Paired(String, Result<Vec<Paired>, String>),
    /// Something was copied: what came of it, in words.
    Copied(String),
    /// Two runs were compared.
    Diffed(Result<Box<Compared>, String>),
    /// A note was written: all that there are now.
    Noted(Result<Vec<Note>, String>),
    /// A report came a step further.
    Staged(Result<Stage, String>),
    /// More of the recording was looked at.
    Grown(Box<Growth>),
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Leave the program.
    Quit,
    /// Go back to where the screen was opened from.
    Leave,
    /// Read a row's payload.
    Read(u32, Portion),
    /// Find the rows from this one on that a filter means.
    Sift(String, u32),
    /// Ask in SQL.
    Query(String),
    /// Give a text to the clipboard: what it is, and the text.
    Copy(&'static str, String),
    /// Give what the screen shows to the clipboard.
    CopyScreen,
    /// Compare a run with the good run that is most like it.
    Diff(u32),
    /// Take a report a step further.
    Report(Step),
    /// Find the counterparts of runs in another recording, by its key.
    Pairs(String),
    /// Compare a run of that with one of this.
    Between(String, (u32, u32)),
    /// Leave for another verb.
    Start(Wish),
    /// Give a recording, by its key, another name.
    Rename(String, String),
    /// Remove a recording, by its key.
    Remove(String),
    /// Keep a filter under a name.
    Save(String, String),
    /// Write a note.
    Note(Box<Note>),
    /// Remove the notes with these ids.
    Forget(Vec<i64>),
    /// List the recordings.
    List,
    /// Look through these recordings, by their keys, beside everything else.
    Judge(Vec<String>),
    /// Open a recording, by its key.
    Open(String),
}

/// What the screen is left for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The demo.
    Demo,
    /// To record what passes to a server, by its URL.
    Record(String),
}

/// How much of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portion {
    /// As much as anyone reads on a screen.
    First,
    /// All that was kept.
    All,
}

/// A payload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Its first bytes, inflated.
    pub bytes: Vec<u8>,
    /// How many bytes there are.
    pub length: u64,
    /// The JSON in it, if there is any.
    pub json: Option<String>,
}

/// The rows that a filter means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sifted {
    /// Their numbers, in order.
    pub rows: Vec<u32>,
    /// The row up to which it was looked.
    pub until: u32,
    /// What it means, in words; where nothing is meant, what to drop.
    pub words: String,
}

/// A recording in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// What opens it.
    pub key: String,
    /// Its name.
    pub name: String,
    /// When it started, nanoseconds since the epoch.
    pub started_ns: i64,
    /// How long it is, in nanoseconds, where that is known.
    pub lasted_ns: Option<u64>,
    /// Connections.
    pub connections: u64,
    /// Frames.
    pub frames: u64,
    /// Bytes of its file.
    pub size: u64,
    /// `live`, `finished`, `interrupted`, `unreadable`.
    pub state: &'static str,
    /// The server's URL; of an unreadable one, why.
    pub upstream: String,
    /// What it is about, if somebody said so.
    pub note: String,
    /// What is found in it, once that is known.
    pub verdict: Option<Verdict>,
}

/// What is found in a recording, in figures.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Users who were there.
    pub users: u64,
    /// Runs.
    pub runs: u64,
    /// Findings that are errors.
    pub errors: u64,
    /// Findings that are warnings.
    pub warnings: u64,
    /// There were rules to judge it by.
    pub by_rules: bool,
}

/// What SQL gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The columns' names.
    pub names: Vec<String>,
    /// Rows of texts, some of them.
    pub rows: Vec<Vec<String>>,
    /// There are more.
    pub is_cut: bool,
}

impl Answer {
    /// The frame that a row is about, if a column names one.
    pub fn frame(&self, row: usize) -> Option<i64> {
        let column = |name: &str| self.names.iter().position(|known| known == name);
        let column = column("frame_id").or_else(|| column("frame")).or_else(|| column("id"))?;
        self.rows.get(row)?.get(column)?.parse().ok().filter(|frame| *frame > 0)
    }
}
