//! Numbers → what people read: sizes, durations, times on the wall; and RFC 3339 for machines.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::tui::{self, Digits};

pub(crate) use crate::tui::{count, counted};

/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

/// The clock on the wall here.
#[derive(Clone, Debug)]
pub(crate) struct Wall(tui::Wall);

impl Wall {
    /// In the time zone of this machine, or `TZ`.
    pub(crate) fn local() -> Self {
        Self(tui::Wall::new(TimeZone::system()))
    }

    /// `2026-11-22 14:03:31`; `ns` since the epoch.
    pub(crate) fn date_and_time(&self, ns: i128) -> String {
        self.0.time(ns, Digits::Date)
    }

    /// `14:03:31.204`; `ns` since the epoch.
    pub(crate) fn time(&self, ns: i128) -> String {
        self.0.time(ns, Digits::Millis)
    }
}

/// RFC 3339 in UTC, with nanoseconds; `None` outside the years 1 to 9999.
pub(crate) fn rfc3339(ns: i128) -> Option<String> {
    let time = Timestamp::from_nanosecond(ns).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%S%.9fZ").to_string())
}

/// Nanoseconds since the epoch of a moment in a recording.
pub(crate) fn moment(started_ns: i64, since_ns: u64) -> i128 {
    i128::from(started_ns) + i128::from(since_ns)
}

/// `24 B`, `1.2 KiB`, `16 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut scaled = bytes as f64 / 1024.0;
    let mut unit = 0;
    // What would round to 1024 belongs to the next unit.
    while scaled >= 1023.95 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    if scaled < 9.95 || (scaled < 99.95 && unit > 0) {
        let text = format!("{scaled:.1}");
        format!("{} {}", text.strip_suffix(".0").unwrap_or(&text), UNITS[unit])
    } else {
        format!("{scaled:.0} {}", UNITS[unit])
    }
}

/// `640 µs`, `12 ms`, `8.1 s`, `1m 32s`, `3h 05m`, `2d 04h`.
pub(crate) fn duration(ns: u64) -> String {
    let seconds = ns / SECOND;
    match ns {
        0..1_000_000 => format!("{} µs", ns / 1000),
        1_000_000..SECOND => format!("{} ms", ns / 1_000_000),
        _ if seconds < 60 => format!("{}.{} s", seconds, ns % SECOND / 100_000_000),
        _ if seconds < 3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ if seconds < 86_400 => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d {:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::{count, counted, duration, rfc3339, size};

    #[test]
    fn sizes() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (10 * 1024 + 512, "10 KiB"),
            (1024 * 1024 - 1, "1 MiB"),
            (16 * 1024 * 1024, "16 MiB"),
            (u64::MAX, "16 EiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn durations() {
        for (ns, text) in [
            (0, "0 µs"),
            (640_999, "640 µs"),
            (12_000_000, "12 ms"),
            (8_190_000_000, "8.1 s"),
            (92_000_000_000, "1m 32s"),
            (11_100_000_000_000, "3h 05m"),
            (187_200_000_000_000, "2d 04h"),
            (u64::MAX, "213503d 23h"),
        ] {
            assert_eq!(duration(ns), text);
        }
    }

    #[test]
    fn counts_and_times() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "frame"), "1 frame");
        assert_eq!(rfc3339(1_500_000_000).as_deref(), Some("1970-01-01T00:00:01.500000000Z"));
        assert_eq!(rfc3339(i128::MAX), None);
    }
}
