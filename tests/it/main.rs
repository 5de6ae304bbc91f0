//! The rooms from outside, and the binary: one runner, one module a room.

mod proxy;
mod tls;
mod wire;
