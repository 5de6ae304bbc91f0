//! Times as protocols write them → nanoseconds since the Unix epoch.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Numbers below these are seconds, milliseconds, microseconds; others are nanoseconds. Each limit
/// lies in the 51st century if read as the smaller unit, and before 1974 if read as the larger.
const UNITS: [(f64, i64); 3] = [(1e11, 1_000_000_000), (1e14, 1_000_000), (1e17, 1_000)];

/// No time is written in more bytes.
const LONGEST: usize = 64;

/// A whole number of seconds, milliseconds, microseconds or nanoseconds, told apart by its size.
pub(super) fn from_integer(number: i64) -> Option<i64> {
    number.checked_mul(unit(number as f64))
}

/// The same of a number with a fraction. A float of seconds has no more than microseconds in it;
/// further digits would be noise.
pub(super) fn from_float(number: f64) -> Option<i64> {
    let microseconds = (number * (unit(number) as f64 / 1_000.0)).round();
    let fits = microseconds.abs() < i64::MAX as f64 / 1_000.0;
    fits.then(|| (microseconds as i64).saturating_mul(1_000))
}

fn unit(number: f64) -> i64 {
    UNITS.iter().find(|(limit, _)| number.abs() < *limit).map_or(1, |(_, unit)| *unit)
}

/// RFC 3339, without a zone as UTC; or a number in a text.
pub(super) fn from_text(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    if let Ok(number) = text.parse() {
        return from_integer(number);
    }
    if let Some(number) = text.parse().ok().filter(|number: &f64| number.is_finite()) {
        return from_float(number);
    }
    let timestamp = text.parse::<Timestamp>().ok().or_else(|| {
        let civil = text.parse::<DateTime>().ok()?;
        TimeZone::UTC.to_timestamp(civil).ok()
    });
    i64::try_from(timestamp?.as_nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::{from_float, from_integer, from_text};

    const AT: i64 = 1_759_924_800_123_456_000;

    #[test]
    fn one_moment_in_all_spellings() {
        assert_eq!(from_float(1_759_924_800.123_456), Some(AT));
        assert_eq!(from_integer(1_759_924_800_123_456), Some(AT));
        assert_eq!(from_integer(AT), Some(AT));
        for text in [
            "2025-10-08T12:00:00.123456Z",
            "2025-10-08T12:00:00.123456+00:00",
            "2025-10-08T14:00:00.123456+02:00",
            "2025-10-08T12:00:00.123456",
            "2025-10-08 12:00:00.123456",
            "1759924800.123456",
            "1759924800123456",
        ] {
            assert_eq!(from_text(text), Some(AT), "{text}");
        }
        assert_eq!(from_integer(1_759_924_800_123), Some(AT / 1_000_000 * 1_000_000));
        assert_eq!(from_integer(1_759_924_800), Some(AT / 1_000_000_000 * 1_000_000_000));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "yesterday", "NaN", "inf", "99999-01-01T00:00:00Z", "1e999"] {
            assert_eq!(from_text(text), None, "{text}");
        }
        assert_eq!(from_float(f64::NAN), None);
        assert_eq!(from_float(f64::INFINITY), None);
        assert_eq!(from_float(1e300), None);
        assert_eq!(from_integer(i64::MIN), Some(i64::MIN));
    }
}
