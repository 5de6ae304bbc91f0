//! What the relay bench is made of: subjects that stand between a load and a server, each in a
//! process of its own, so that CPU and memory can be told apart.
//!
//! ```text
//! scenario   what is asked of each subject, and the targets
//! subject    nothing, a bare relay, wiretape, mitmproxy
//! process    child processes: start, lines, CPU, memory, stop
//! server     echoes and streams
//! load       round trips, received streams, idle connections
//! frames     RFC 6455 frames, built ahead and found in a buffer
//! handshake  the upgrade, both ends
//! check      the recording holds exactly what was sent
//! table      medians, ratios, targets
//! ```

pub(crate) mod bare;
pub(crate) mod check;
pub(crate) mod clock;
pub(crate) mod frames;
pub(crate) mod handshake;
pub(crate) mod load;
pub(crate) mod process;
pub(crate) mod round_trips;
pub(crate) mod run;
pub(crate) mod scenario;
pub(crate) mod server;
pub(crate) mod streamer;
pub(crate) mod subject;
pub(crate) mod table;
