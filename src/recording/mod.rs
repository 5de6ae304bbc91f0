//! Facts ↔ one SQLite file. The only room that knows SQL.

pub mod error;
pub mod lock;
pub mod query;
pub mod reader;
pub mod schema;
pub mod store;

mod checkpoint;
mod follow;
mod gaps;
mod names;
mod open;
mod queue;
mod rows;
mod statements;
mod writer;

pub use error::RecordingError;
pub use follow::Follow;
pub use open::Check;
pub use query::{QueryRows, Value};
pub use queue::{Appender, WhenBehind};
pub use reader::{FrameRange, RecordingReader, State, Totals};
pub use store::Store;
pub use writer::{Journal, RecordingWriter, Status, Summary, Sync, Trouble, WriterOptions};
