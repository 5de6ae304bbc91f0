//! A recording that was looked at → a screen to walk about on.
//!
//! Three things, apart: [`App`] is where the reader is, [`update()`] takes a message and gives
//! effects and knows no terminal, [`view`](draw) draws an `&App`. Keys are one table. Payloads come
//! through [`Source`], which the front door implements, so that this room knows no file.

pub mod app;
pub mod at;
pub mod choice;
mod copy;
pub mod diff;
pub mod escape;
pub mod json;
pub mod keys;
pub mod list;
pub mod menu;
pub mod message;
mod mouse;
mod paging;
pub mod player;
pub mod review;
pub mod saved;
pub mod scale;
pub mod shape;
pub mod terminal;
pub mod theme;
pub mod update;
mod view;

pub use crate::analysis::{measure, pulse, tape};
use crate::wire::Note;
pub use app::App;
pub use at::At;
pub use keys::Key;
pub use measure::{Digits, Wall, count, counted};
pub use message::{Answer, Effect, Listed, Message, Shown, Sifted};
pub use mouse::Mouse;
pub use saved::Saved;
pub use tape::{Growth, Tape};
pub use terminal::{Ended, restore, run};
pub use theme::{Look, Theme};
pub use update::update;
pub use view::{draw, picture_of};

/// What the screen asks of the front door, which may take its time: it is asked on a thread of its
/// own.
pub trait Source: Send {
    /// The payload of a row's message.
    ///
    /// # Errors
    /// Why it can't be read, in words.
    fn payload(&mut self, row: &crate::analysis::timeline::Row) -> Result<Shown, String>;

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

    /// Gives a text to the clipboard of this machine; the tool that took it, if there is one.
    fn copy(&mut self, text: &str) -> Option<String>;

    /// Opens another recording, which is the one asked about from then on: what is known of it
    /// before it is looked at, and where what is found of it comes from.
    ///
    /// # Errors
    /// Why it can't be opened, in words.
    fn open(&mut self, key: &str) -> Result<(Tape, Growths), String>;
}

/// What is found of a recording while it is looked at.
pub type Growths = std::sync::mpsc::Receiver<Growth>;
