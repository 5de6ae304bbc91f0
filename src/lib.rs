//! # Wiretape: record and replay WebSocket events
//!
//! ```text
//!    client ⇄ [ proxy ] ⇄ server            bytes pass unchanged, first
//!                 │ frames, decoded from a copy after forwarding, with two stamps
//!                 ▼
//!           [ recording ]  frames, connections, gaps  ──►  recordings/2026-11-22-amber-fox.db
//!                 │ read back, or followed while it grows
//!                 ▼
//!        wire: frames → messages          exchange: facts ↔ JSONL, HAR     cli: what people see
//!                  │                                                            ▲
//!        events: messages → events ──► rules: events → findings ── analysis ────┘
//! ```
//!
//! In reading order:
//!
//! - [`wire`]: bytes → frames → messages, and the plain facts about them. Pure.
//! - [`events`]: messages → events: their names, whose they are, what they belong to. Pure.
//! - [`rules`]: events → findings: the rules' language, slices, alignment, causes. Pure.
//! - [`analysis`]: facts in, events and findings out; the one entry for all who look. Pure.
//! - [`proxy`]: the network. Forwards verbatim, decodes a copy.
//! - [`recording`]: the disk. The only room that knows SQL.
//! - [`redact`]: facts → facts without what should not leave the machine. Pure.
//! - [`exchange`]: facts ↔ other tools' formats.
//! - [`report`]: facts → a bug report that opens anywhere, and is the tape itself. Pure.
//! - [`demo`]: a pretend chat platform with planted bugs, on loopback.
//! - [`tui`]: the screen. State, update and view apart; reads payloads through a trait of the front door.
//! - [`cli`]: the front door. One file a verb; the only place where rooms are wired together.
//!
//! ## Invariants
//!
//! 1. The relay forwards a chunk before anyone else sees it, and no path through Wiretape alters,
//!    merges, splits or reorders the bytes of a connection.
//! 2. `wire`, `events`, `rules`, `analysis`, `redact` and `report` never read a clock, touch a file or
//!    socket, spawn or await. Time is an argument.
//! 3. Only `recording` knows SQL. Messages and findings are never stored.
//! 4. Decoding never fails: malformed traffic is data. Only arguments and opened files give errors.
//! 5. Nothing grows without a named limit. A limit reached is counted and shown.
//! 6. Text from a payload is escaped at the edge that shows it.
//! 7. The wire bytes of each direction can be rebuilt from the file bit for bit, up to a stated gap.

pub mod wire;

pub mod events;

pub mod rules;

pub mod analysis;

pub mod proxy;

pub mod recording;

pub mod redact;

pub mod exchange;

pub mod report;

pub mod demo;

pub mod tui;

pub mod cli;
