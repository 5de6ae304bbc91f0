//! Facts ↔ one SQLite file. The only room that knows SQL.

pub mod error;
pub mod follow;
pub mod lock;
pub mod note;
pub mod query;
pub mod queue;
pub mod reader;
pub mod schema;
pub mod status;
pub mod step;
pub mod store;
pub mod writer;

mod batch;
mod checkpoint;
mod displaced;
mod failure;
mod file;
mod insert;
mod names;
mod open;
mod pace;
mod private;
mod rows;
mod work;

pub use error::RecordingError;
pub use follow::Follow;
pub use open::Check;
pub use query::{QueryRows, Value};
pub use queue::{Appender, Journal};
pub use reader::{FrameRange, RecordingReader, State, Totals};
pub use status::{Earlier, Status, Summary, Trouble};
pub use store::Store;
pub use writer::{RecordingWriter, Sync, WhenBehind, WriterOptions};
