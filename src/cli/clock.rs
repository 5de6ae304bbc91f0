//! The one clock of the front door.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Now, for limits on how long something may take.
#[expect(
    clippy::disallowed_methods,
    reason = "the front door's one clock; rooms are told the time"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Now on the wall, in nanoseconds since 1970: how old a recording is that another process makes.
#[expect(
    clippy::disallowed_methods,
    reason = "the front door's one clock; rooms are told the time"
)]
pub(crate) fn epoch_ns() -> i128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i128::try_from(since.as_nanos()).unwrap_or(i128::MAX)
}
