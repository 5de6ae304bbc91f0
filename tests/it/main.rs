//! The rooms from outside, and the binary: one runner, one module a room.

#![expect(clippy::unwrap_used, reason = "in tests a surprise is a failure")]
#![expect(clippy::disallowed_methods, reason = "tests are outside, where there are clocks")]

#[cfg(unix)]
mod analysis;
mod byte_exact;
#[cfg(unix)]
mod check;
mod cli;
mod completions;
#[cfg(unix)]
mod crash;
mod demo;
#[cfg(unix)]
mod devtools;
#[cfg(unix)]
mod diff;
#[cfg(unix)]
mod docs;
#[cfg(target_os = "linux")]
mod doctor;
mod events;
mod exchange;
mod figures;
#[cfg(unix)]
mod har;
mod http;
#[cfg(target_os = "linux")]
mod live;
mod load;
#[cfg(unix)]
mod notes;
#[cfg(unix)]
mod peers;
mod proxy;
mod query;
#[cfg(unix)]
mod reader;
#[cfg(unix)]
mod record;
mod redact;
mod redact_holes;
mod redact_kinds;
mod redact_strict;
#[cfg(unix)]
mod report;
mod rules;
mod sample;
#[cfg(unix)]
mod schemas;
#[cfg(unix)]
mod sharing;
#[cfg(unix)]
mod support;
mod terminal;
mod tls;
#[cfg(unix)]
mod transfer;
#[cfg(unix)]
mod tui;
#[cfg(unix)]
mod unlucky;
mod upstream;
mod wire;
#[cfg(unix)]
mod words;
mod writer;
