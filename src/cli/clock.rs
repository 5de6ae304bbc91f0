//! The one clock of the front door.

use std::time::Instant;

/// Now, for limits on how long something may take.
#[expect(
    clippy::disallowed_methods,
    reason = "the front door's one clock; rooms are told the time"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Now, in nanoseconds since the Unix epoch: when a person wrote something, and how old a recording
/// is that another process makes.
pub(crate) fn wall_ns() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}
