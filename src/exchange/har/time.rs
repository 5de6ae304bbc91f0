//! Times as HAR writes them ↔ nanoseconds since the Unix epoch, exactly.

use jiff::Timestamp;

/// Seconds since 1970 from which a number can only be milliseconds: the year 5138.
const MILLISECONDS_FROM: i128 = 100_000_000_000;

/// Seconds before which nobody recorded a WebSocket: 2001. So a time since some other start is
/// found out.
const EARLIEST: i128 = 1_000_000_000;

const SECOND: i128 = 1_000_000_000;

/// A message's time: seconds, or milliseconds as Playwright writes them, since 1970.
pub(super) fn moment(number: &str) -> Option<i64> {
    let nanoseconds = decimal(number, 9)?;
    let milliseconds = nanoseconds / SECOND >= MILLISECONDS_FROM;
    let nanoseconds = if milliseconds { nanoseconds / 1000 } else { nanoseconds };
    let nanoseconds = Some(nanoseconds).filter(|ns| ns / SECOND >= EARLIEST)?;
    i64::try_from(nanoseconds).ok()
}

/// A length in milliseconds, in nanoseconds; `None` where it is negative, which means unknown.
pub(super) fn milliseconds(number: &str) -> Option<u64> {
    u64::try_from(decimal(number, 6)?).ok().filter(|ns| i64::try_from(*ns).is_ok())
}

/// A whole number; JavaScript may write one as `1.0` or `1e0`.
pub(super) fn whole(number: &str) -> Option<i64> {
    let scaled = decimal(number, 6)?;
    i64::try_from(scaled / 1_000_000).ok().filter(|_| scaled % 1_000_000 == 0)
}

/// The date and time of RFC 3339.
pub(super) fn date(text: &str) -> Option<i64> {
    let at: Timestamp = text.trim().parse().ok()?;
    i64::try_from(at.as_nanosecond()).ok()
}

/// The other way round, to the nanosecond.
pub(super) fn as_date(at_ns: i64) -> String {
    Timestamp::from_nanosecond(i128::from(at_ns))
        .map_or_else(|_| String::new(), |at| format!("{at:.9}"))
}

/// Seconds since 1970, to the nanosecond. Most readers round it to some 200 ns; ours does not.
pub(super) fn as_seconds(at_ns: i64) -> String {
    let (sign, at_ns) = (if at_ns < 0 { "-" } else { "" }, at_ns.unsigned_abs());
    format!("{sign}{}.{:09}", at_ns / 1_000_000_000, at_ns % 1_000_000_000)
}

/// A length in milliseconds, to the nanosecond.
pub(super) fn as_milliseconds(ns: u64) -> String {
    format!("{}.{:06}", ns / 1_000_000, ns % 1_000_000)
}

/// A JSON number times ten to the `shift`, rounded towards zero; exact, other than a float.
fn decimal(number: &str, shift: i32) -> Option<i128> {
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (number, 0),
    };
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut power =
        exponent.checked_add(shift)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let mut value: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        let digit = char::from(digit).to_digit(10)?;
        value = value.checked_mul(10)?.checked_add(i128::from(digit))?;
    }
    while power > 0 && value != 0 {
        value = value.checked_mul(10)?;
        power -= 1;
    }
    while power < 0 && value != 0 {
        value /= 10;
        power += 1;
    }
    Some(value * sign)
}

#[cfg(test)]
mod tests {
    use super::{as_date, as_milliseconds, as_seconds, date, milliseconds, moment};

    #[test]
    fn seconds_and_milliseconds_are_told_apart() {
        for (number, ns) in [
            ("1795356211.123456789", Some(1_795_356_211_123_456_789)),
            ("1795356211123", Some(1_795_356_211_123_000_000)),
            ("1795356211123.25", Some(1_795_356_211_123_250_000)),
            ("1.795356211e9", Some(1_795_356_211_000_000_000)),
            ("1795356211.1234567891234567", Some(1_795_356_211_123_456_789)),
            ("1000000000", Some(1_000_000_000_000_000_000)),
            ("179535621225", None),
            ("12.5", None),
            ("0", None),
            ("-1795356211", None),
            ("1e400", None),
            ("1e-99999999999", None),
            ("99999999999999999999999999999999999999999999", None),
            ("1e2147483647", None),
        ] {
            assert_eq!(moment(number), ns, "{number}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let at = 1_795_356_211_000_000_042;
        assert_eq!(
            (as_seconds(at).as_str(), moment(&as_seconds(at))),
            ("1795356211.000000042", Some(at))
        );
        assert_eq!(
            (as_date(at).as_str(), date(&as_date(at))),
            ("2026-11-22T14:03:31.000000042Z", Some(at))
        );
        assert_eq!(milliseconds(&as_milliseconds(2_100_001)), Some(2_100_001));
        assert_eq!(date("2026-11-22T15:03:31.5+01:00"), Some(1_795_356_211_500_000_000));
        assert_eq!((milliseconds("-1"), milliseconds("1e30"), date("soon")), (None, None, None));
    }
}
