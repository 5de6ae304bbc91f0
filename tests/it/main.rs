//! The rooms from outside, and the binary: one runner, one module a room.

#[cfg(unix)]
mod byte_exact;
#[cfg(unix)]
mod http;
#[cfg(unix)]
mod peers;
mod proxy;
#[cfg(unix)]
mod support;
mod tls;
mod wire;
