//! Facts ↔ one SQLite file. The only room that knows SQL.

pub mod error;
pub mod lock;
pub mod query;
pub mod reader;
pub mod schema;
pub mod store;

mod follow;
mod open;
mod rows;

pub use error::RecordingError;
pub use follow::Follow;
pub use open::Check;
pub use query::{QueryRows, Value};
pub use reader::{FrameRange, RecordingReader, State, Totals};
