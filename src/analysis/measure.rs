//! Times and amounts → a few columns that people read at a glance.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Nanoseconds of a second.
pub const SECOND: u64 = 1_000_000_000;

/// `84ms`, `1.90s`, `14m31s`, `3h05m`.
pub fn lasted(ns: u64) -> String {
    let seconds = ns / SECOND;
    match seconds {
        0 if ns < 1_000_000 => format!("{}us", ns / 1000),
        0 => format!("{}ms", ns / 1_000_000),
        1..10 => format!("{}.{:02}s", seconds, ns % SECOND / 10_000_000),
        10..60 => format!("{}.{}s", seconds, ns % SECOND / 100_000_000),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// `1.902s`: to the millisecond, for comparing rows.
pub fn since(ns: u64) -> String {
    format!("{}.{:03}s", ns / SECOND, ns % SECOND / 1_000_000)
}

/// `00:18:42`.
pub fn clock_length(ns: u64) -> String {
    let seconds = ns / SECOND;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `212B`, `6.1kB`, `12MB`.
pub fn bytes(count: u64) -> String {
    let (mut scaled, mut unit) = (count as f64, 0);
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    while scaled >= 999.5 && unit + 1 < units.len() {
        scaled /= 1000.0;
        unit += 1;
    }
    if unit > 0 && scaled < 9.95 {
        format!("{scaled:.1}{}", units[unit])
    } else {
        format!("{scaled:.0}{}", units[unit])
    }
}

/// `4,812`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 run`, `31 runs`.
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// The clock on the wall, for moments of one recording.
#[derive(Clone, Debug)]
pub struct Wall {
    zone: TimeZone,
}

impl Wall {
    /// Where people are.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone }
    }

    /// `14:33:23.511`, or with fewer digits: `ns` since the epoch.
    pub fn time(&self, ns: i128, digits: Digits) -> String {
        let format = match digits {
            Digits::Millis => "%H:%M:%S%.3f",
            Digits::Seconds => "%H:%M:%S",
            Digits::Date => "%Y-%m-%d %H:%M:%S",
        };
        Timestamp::from_nanosecond(ns).map_or_else(
            |_| format!("{ns}ns"),
            |time| time.to_zoned(self.zone.clone()).strftime(format).to_string(),
        )
    }

    /// The next moment at or after `since_ns` of a recording begun at `started_ns` at which the
    /// wall shows this time of day; all in nanoseconds, the time of day since midnight.
    pub fn moment(&self, started_ns: i64, of_day_ns: u64) -> Option<u64> {
        let start = Timestamp::from_nanosecond(i128::from(started_ns)).ok()?;
        let midnight = start.to_zoned(self.zone.clone()).start_of_day().ok()?;
        let day = 86_400 * i128::from(SECOND);
        let first = midnight.timestamp().as_nanosecond() + i128::from(of_day_ns);
        let since = first - i128::from(started_ns);
        // What is before the start by more than the digits typed is of the next day.
        let since = if since < -i128::from(SECOND) { since + day } else { since.max(0) };
        u64::try_from(since).ok()
    }
}

/// How exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digits {
    /// To the millisecond.
    Millis,
    /// To the second.
    Seconds,
    /// To the second, with the date.
    Date,
}

#[cfg(test)]
mod tests {
    use super::{SECOND, bytes, count, lasted, since};

    #[test]
    fn times_and_amounts_are_short() {
        let shown = [84_000_000, 1_902_000_000, 27 * SECOND, 871 * SECOND].map(lasted);
        assert_eq!(shown, ["84ms", "1.90s", "27.0s", "14m31s"]);
        assert_eq!(since(10_902_000_000), "10.902s");
        assert_eq!(
            [212, 6_100, 999_600, 12_000_000].map(bytes),
            ["212B", "6.1kB", "1.0MB", "12MB"]
        );
        assert_eq!(count(1_210_000), "1,210,000");
    }
}
