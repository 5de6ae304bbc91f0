//! Milliseconds of the script → timestamps in messages, and how long to wait for real.

use std::time::Duration;

/// The wall-clock time of the script's first moment, in milliseconds since the Unix epoch:
/// 2026-11-22 14:32:00 UTC. Timestamps in messages never come from a real clock.
const STARTED_MS: u64 = 1_795_357_920_000;

/// A moment of the script, in milliseconds since its start.
pub(super) type Moment = u64;

/// How many times faster than the script it is played.
#[derive(Clone, Copy, Debug)]
pub struct Pace(f64);

impl Pace {
    /// The slowest: a long demo is still a demo.
    const SLOWEST: f64 = 0.1;
    /// The fastest: 90 s of script in under half a second, where timers stop mattering.
    const FASTEST: f64 = 200.0;

    /// `factor` times real time, kept between 0.1 and 200; what is no number is 1.
    pub fn new(factor: f64) -> Self {
        Self(if factor.is_nan() { 1.0 } else { factor.clamp(Self::SLOWEST, Self::FASTEST) })
    }

    /// How long `script_ms` of the script take.
    pub fn real(self, script_ms: u64) -> Duration {
        Duration::from_secs_f64(script_ms as f64 / 1000.0 / self.0)
    }
}

/// Milliseconds since the Unix epoch at `moment`.
pub(super) fn epoch_ms(moment: Moment) -> u64 {
    STARTED_MS + moment
}

/// `moment` as ISO 8601 in UTC, with milliseconds.
pub(super) fn iso(moment: Moment) -> String {
    let ms = epoch_ms(moment);
    let (days, second) = (ms / 86_400_000, ms / 1000 % 86_400);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}+00:00",
        second / 3600,
        second / 60 % 60,
        second % 60,
        ms % 1000,
    )
}

/// The Gregorian date of a day since 1970-01-01 (Howard Hinnant, "chrono-compatible low-level
/// date algorithms", `civil_from_days`), for years after 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::{Pace, iso};
    use std::time::Duration;

    #[test]
    fn timestamps_are_dates() {
        assert_eq!(iso(0), "2026-11-22T14:32:00.000+00:00");
        assert_eq!(iso(90_061), "2026-11-22T14:33:30.061+00:00");
        assert_eq!(iso(86_400_000 * 100), "2027-03-02T14:32:00.000+00:00");
    }

    #[test]
    fn pace_is_bounded() {
        assert_eq!(Pace::new(4.0).real(90_000), Duration::from_millis(22_500));
        assert_eq!(Pace::new(0.0).real(100), Duration::from_secs(1));
        assert_eq!(Pace::new(f64::NAN).real(100), Duration::from_millis(100));
    }
}
