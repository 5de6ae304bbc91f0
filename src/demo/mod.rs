//! A pretend AI-chat platform on loopback: a real WebSocket server and twelve real clients, with
//! five planted bugs.
//!
//! ```text
//!   seed ─► script: every frame of every connection, with its time and its reason
//!              │                             │
//!          clients ⇄ (whatever is between) ⇄ platform
//! ```
//!
//! Both ends play the same script, each its own side: a step is due some time after a frame of the
//! other side has come, so nothing is said before its reason. The bytes of each connection and
//! direction are the same in every run of a seed, mask keys included; only arrival times vary.

mod bugs;
mod cast;
mod clock;
mod json;
mod plot;
mod random;
mod run;
mod script;
mod story;
mod talk;
mod tools;

pub use bugs::{Bug, PLANTED};
pub use clock::Speed;
