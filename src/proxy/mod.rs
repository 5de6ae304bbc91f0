//! The network: client ⇄ server, bytes forwarded verbatim and first, frames decoded from a copy.
//!
//! ```text
//! serve      accept → one task a connection
//! http       request and response heads found in the stream, forwarded byte for byte, until a 101
//! tunnel     after the 101: a WebSocket between two sockets, to its end
//! relay      its two flows, each read → write on → tap
//! tap        forwarded bytes → frames, handed to whoever records them
//! ```
//!
//! HTTP/1 is scanned, never re-written: only the lines of a request's head that must change
//! (`Host`, and what `--header` asks for) do. So plain HTTP, refused upgrades and WebSockets take
//! one path, and an upgrade may come at any point of a kept-alive connection.

mod body;
pub mod ca;
mod clock;
mod connect;
mod exchange;
mod head;
mod http;
pub mod probe;
mod relay;
mod serve;
mod side;
mod stream;
mod tap;
pub mod tls;
mod tunnel;
pub mod upstream;

pub use clock::Clock;
pub use connect::Connector;
pub use head::{HeaderOverride, HostPolicy};
pub use serve::{Listening, Proxy, ProxyError, Settings, Stop};
pub use tap::{Push, Tap};
pub use upstream::Upstream;
