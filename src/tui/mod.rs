//! A recording that was looked at → a screen to walk about on.
//!
//! Three things, apart: [`App`] is where the reader is, [`update()`] takes a message and gives
//! effects and knows no terminal, [`view`](draw) draws an `&App`. Keys are one table. Payloads come
//! through [`Source`], which the front door implements, so that this room knows no file.

pub mod app;
pub mod at;
pub mod choice;
mod complete;
mod copy;
mod desk;
pub mod diff;
mod disk;
pub mod escape;
pub mod ground;
mod inspect;
pub mod json;
pub mod keymap;
pub mod keys;
mod linear;
pub mod list;
pub mod menu;
pub mod message;
mod mouse;
mod paging;
pub mod player;
pub mod resume;
pub mod review;
pub mod scale;
pub mod shape;
mod shown;
mod spoken;
pub mod terminal;
pub mod theme;
mod typing;
pub mod update;
mod view;

use std::sync::Arc;

pub use crate::analysis::tape::{causes, mute};
use crate::analysis::timeline::Row;
pub use crate::analysis::{measure, pulse, tape};
use crate::rules::RuleBook;
use crate::wire::Note;
pub use app::App;
pub use at::At;
use diff::{Compared, Paired};
pub use ground::Ground;
pub use keymap::{Keymap, Preset};
pub use keys::Key;
pub use measure::{Digits, Wall, count, counted};
pub use message::{Answer, Effect, Listed, Message, Portion, Shown, Sifted, Verdict, Wish};
pub use mouse::Mouse;
pub use resume::Resume;
pub use spoken::speak;
pub use tape::{Growth, Tape};
pub use terminal::{Ended, Panics, Until, restore, run};
pub use theme::{Look, Theme};
pub use typing::entered;
pub use update::update;
pub use view::{draw, picture_of};

/// What the screen asks of the front door, which may take its time: it is asked on a thread of its
/// own.
pub trait Source: Send {
    /// The payload of a row's message, read as these rules read: its beginning, or all of it.
    ///
    /// # Errors
    /// Why it can't be read, in words.
    fn payload(
        &mut self,
        row: &Row,
        book: &Arc<RuleBook>,
        portion: Portion,
    ) -> Result<Shown, String>;

    /// The rows from `from` on that a filter means; some at a time.
    ///
    /// # Errors
    /// What is wrong with the filter, in words.
    fn sift(&mut self, tape: &Tape, filter: &str, from: u32) -> Result<Sifted, String>;

    /// The recordings there are, the newest first.
    ///
    /// # Errors
    /// Why they can't be listed, in words.
    fn recordings(&mut self) -> Result<Vec<Listed>, String>;

    /// Begins to look through recordings, by their keys, in this order and beside everything else;
    /// `tell` is told what is found in each. Whatever else was to be looked through is not any more.
    fn judge(&mut self, keys: Vec<String>, tell: Judges);

    /// The rows that an SQL statement gives, some of them.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    fn query(&mut self, sql: &str) -> Result<Answer, String>;

    /// Keeps a note with the recording; all notes that it has then.
    ///
    /// # Errors
    /// Why it can't be kept, in words.
    fn note(&mut self, note: &Note) -> Result<Vec<Note>, String>;

    /// Takes a report about the recording a step further.
    ///
    /// # Errors
    /// Why there is none, in words.
    fn report(&mut self, step: review::Step) -> Result<review::Stage, String>;
    /// Removes the notes with these ids; all notes that there are then.
    ///
    /// # Errors
    /// Why they can't be removed, in words.
    fn forget(&mut self, notes: &[i64]) -> Result<Vec<Note>, String>;

    /// Keeps a filter under a name; where.
    ///
    /// # Errors
    /// Why it can't be kept, in words.
    fn save(&mut self, name: &str, filter: &str) -> Result<String, String>;

    /// Gives a recording another name.
    ///
    /// # Errors
    /// Why it can't have it, in words.
    fn rename(&mut self, key: &str, name: &str) -> Result<(), String>;

    /// Removes a recording.
    ///
    /// # Errors
    /// Why it can't be removed, in words.
    fn remove(&mut self, key: &str) -> Result<(), String>;

    /// The runs of another recording that are the counterparts of this one's.
    ///
    /// # Errors
    /// Why it can't be looked at, in words.
    fn pairs(&mut self, tape: &Tape, key: &str) -> Result<Vec<Paired>, String>;

    /// Compares a run of another recording with one of this.
    ///
    /// # Errors
    /// Why it can't be looked at, in words.
    fn between(&mut self, tape: &Tape, key: &str, runs: (u32, u32)) -> Result<Compared, String>;

    /// Gives a text to the clipboard of this machine; the tool that took it, if there is one.
    fn copy(&mut self, text: &str) -> Option<String>;

    /// Opens another recording, which is the one asked about from then on: what is known of it
    /// before it is looked at, and where what is found of it comes from.
    ///
    /// # Errors
    /// Why it can't be opened, in words.
    fn open(&mut self, key: &str) -> Result<(Tape, Growths), String>;
}

/// Is told what is found in a recording, by its key; whether anybody still listens.
pub type Judges = Box<dyn FnMut(String, Verdict) -> bool + Send>;

/// What is found of a recording while it is looked at.
pub type Growths = std::sync::mpsc::Receiver<Growth>;
