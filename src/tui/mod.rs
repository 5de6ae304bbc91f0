//! A recording that was looked at → a screen to walk about on.
//!
//! Three things, apart: [`App`] is where the reader is, [`update()`] takes a message and gives
//! effects and knows no terminal, [`view`](draw) draws an `&App`. Keys are one table. Payloads come
//! through [`Source`], which the front door implements, so that this room knows no file.

pub mod app;
pub mod at;
pub mod escape;
pub mod json;
pub mod keys;
pub mod lanes;
pub mod list;
pub mod measure;
pub mod scale;
pub mod shape;
pub mod tape;
pub mod terminal;
pub mod theme;
pub mod update;
mod view;

pub use app::{App, Effect, Listed, Message, Shown, Sifted};
pub use at::At;
pub use keys::Key;
pub use measure::{Digits, Wall, count, counted};
pub use tape::Tape;
pub use terminal::{Ended, restore, run};
pub use theme::Theme;
pub use update::update;
pub use view::draw;

/// What the screen asks of the front door.
pub trait Source {
    /// The payload of a row's message.
    ///
    /// # Errors
    /// Why it can't be read, in words.
    fn payload(&mut self, row: &crate::analysis::timeline::Row) -> Result<Shown, String>;

    /// The rows that a filter means.
    ///
    /// # Errors
    /// What is wrong with the filter, in words.
    fn sift(&mut self, filter: &str) -> Result<Sifted, String>;

    /// The recordings there are, the newest first.
    ///
    /// # Errors
    /// Why they can't be listed, in words.
    fn recordings(&mut self) -> Result<Vec<Listed>, String>;

    /// Looks at another recording, which is the one asked about from then on.
    ///
    /// # Errors
    /// Why it can't be opened, in words.
    fn open(&mut self, key: &str) -> Result<Tape, String>;
}
