//! Facts ↔ one SQLite file. The only room that knows SQL.

pub mod error;
pub mod lock;
pub mod queue;
pub mod schema;
pub mod status;
pub mod step;
pub mod store;
pub mod writer;

mod batch;
mod checkpoint;
mod file;
mod insert;
mod names;
mod private;
mod work;

pub use error::RecordingError;
pub use queue::{Appender, Journal};
pub use status::{Status, Summary, Trouble};
pub use store::Store;
pub use writer::{RecordingWriter, Sync, WhenBehind, WriterOptions};
