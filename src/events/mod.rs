//! Messages → events: what a message is called, whose it is, and what it belongs to.
//!
//! Pure, and nothing here fails on traffic: what can't be read is an event too. Only a description
//! of how to read ([`Reading`]) can be wrong, and that is found when it is made.

pub mod decoder;
pub mod event;
pub mod filter;
mod handshake;
mod known;
pub mod locate;
mod maker;
pub mod map;
mod mend;
mod moment;
mod msgpack;
pub(crate) mod near;
pub mod payload;
pub mod plan;
pub mod reading;
mod socketio;
pub mod symbol;
mod token;
mod transport;
mod trie;
mod value;

pub use decoder::Decoder;
pub use event::{Event, FieldId, Kind, Scalar};
pub use locate::Locator;
pub use map::Map;
pub use plan::ReadingError;
pub use reading::{Condition, Field, Format, Literal, Naming, Reading, ValueType};
pub use symbol::{Symbol, Symbols, Texts};
