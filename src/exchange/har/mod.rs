//! Facts ↔ HAR 1.2 with the WebSocket messages that browsers add to it.
//!
//! ```text
//! {"log":{"version":"1.2","creator":{…},"entries":[
//!  {"_resourceType":"websocket","startedDateTime":"2026-11-22T14:03:31.200Z","time":8100.0,
//!   "request":{"url":"ws://localhost:8000/ws",…},"response":{"status":101,…},…,
//!   "_webSocketMessages":[{"type":"send","time":1795356211.205,"opcode":1,"data":"hello"}],
//!   "_webSocketClose":{"code":1000,"reason":"","timestamp":1795356219.3}}]}}
//! ```
//!
//! Chrome shows the messages of an entry only with its `_resourceType`, and of the messages only
//! those that have all four fields. Opcode 1 is text, all else base64. `time` is in seconds; Playwright
//! writes milliseconds. HTTP Toolkit adds `_webSocketClose`. What HAR has no place for is in fields
//! called `_wiretape`, where reading it back is worth it, and counted as a [`Loss`](super::Loss) where not.

mod entry;
mod facts;
mod head;
mod pull;
mod read;
mod spool;
mod time;
mod write;

pub use facts::HarFacts;
pub use read::read;
pub use write::HarWriter;
