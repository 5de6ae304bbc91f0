//! Bytes of a WebSocket → frames → messages, and the plain facts a recording holds about them.
//!
//! Pure: no I/O, no clock, no async, and nothing here fails. Traffic that breaks RFC 6455 is data:
//! it is kept as it came and marked with what is wrong.

pub mod connection;
pub mod decode;
pub mod encode;
pub mod fact;
pub mod frame;
pub mod inflate;
pub mod mask;
pub mod message;
pub mod messages;
pub mod restate;
pub mod stamp;
pub mod visible;

pub use connection::{Close, Connection, EndedBy, Ending};
pub use decode::FrameDecoder;
pub use encode::{FrameSpec, LengthForm, WireRebuilder, encode_frame};
pub use fact::{Fact, Gap, GapReason, Note, Recording};
pub use frame::{Frame, Header, Marks, Opcode, RecordedFrame};
pub use inflate::{Deflate, Inflated, Inflater};
pub use message::{Message, MessageAssembler};
pub use messages::Messages;
pub use restate::{OpenRows, drop_payload, restate};
pub use stamp::{Direction, Stamp};
pub use visible::prints;
