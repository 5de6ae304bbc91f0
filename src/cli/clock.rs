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
