//! The proxy's one clock: nanoseconds since the recording started.

use std::time::Instant;

/// A monotonic clock whose zero is the recording's start.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock that starts now.
    #[expect(clippy::disallowed_methods, reason = "this is the room's one clock")]
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// Nanoseconds since the start.
    #[expect(clippy::disallowed_methods, reason = "this is the room's one clock")]
    pub fn now_ns(&self) -> u64 {
        u64::try_from(Instant::now().duration_since(self.origin).as_nanos()).unwrap_or(u64::MAX)
    }
}
