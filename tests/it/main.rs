//! The rooms from outside, and the binary: one runner, one module a room.

#[cfg(unix)]
mod byte_exact;
mod proxy;
#[cfg(unix)]
mod support;
mod tls;
mod wire;
