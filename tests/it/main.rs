//! Rooms from outside, and the binary: one runner, a module per room.

mod cli;
mod exchange;
mod query;
mod reader;
mod sample;
mod support;
mod terminal;
mod wire;
mod writer;
