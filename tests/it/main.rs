//! The rooms from outside, and the binary: one runner, one module a room.

<<<<<<< HEAD
#[cfg(unix)]
mod byte_exact;
mod cli;
mod demo;
mod exchange;
#[cfg(unix)]
mod http;
#[cfg(unix)]
mod peers;
=======
mod demo;
>>>>>>> demo
mod proxy;
mod reader;
mod sample;
mod support;
mod tls;
mod wire;
mod writer;
