//! The one clock of the benches.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Monotonic now, for durations inside one process.
#[expect(clippy::disallowed_methods, reason = "the one monotonic clock of the benches")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Nanoseconds since 1970, for durations between two processes of this machine.
#[expect(clippy::disallowed_methods, reason = "the one wall clock of the benches")]
pub(crate) fn wall_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
