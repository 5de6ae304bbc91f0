//! `"100ms"`, `"1.5s"`, `"2m"` → nanoseconds.

use crate::rules::book::Nanos;

/// The longest that a rules file may ask for: no recording is open longer.
const LONGEST: Nanos = 31 * 24 * 3600 * 1_000_000_000;

/// How durations are written.
pub(super) const FORM: &str = "write \"100ms\", \"3s\", \"2m\" or \"1h\"";

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoDuration {
    Form,
    TooLong,
}

/// Reads a number with its unit: us, ms, s, m, h.
pub(super) fn parse(text: &str) -> Result<Nanos, NoDuration> {
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, unit) = text.split_at(digits);
    let unit: f64 = match unit.trim_start() {
        "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" | "min" => 60e9,
        "h" => 3600e9,
        _ => return Err(NoDuration::Form),
    };
    let number: f64 = number.parse().map_err(|_| NoDuration::Form)?;
    let nanos = (number * unit).round();
    if nanos > LONGEST as f64 {
        return Err(NoDuration::TooLong);
    }
    Ok(nanos as Nanos)
}

#[cfg(test)]
mod tests {
    use super::{NoDuration, parse};

    #[test]
    fn durations_are_read() {
        assert_eq!(parse("100ms"), Ok(100_000_000));
        assert_eq!(parse("1.5s"), Ok(1_500_000_000));
        assert_eq!(parse("2m"), Ok(120_000_000_000));
        assert_eq!(parse("1h"), Ok(3_600_000_000_000));
        assert_eq!(parse("0ms"), Ok(0));
        for wrong in ["", "5", "s", "5 parsecs", "-1s", "1.2.3s", "1e3s"] {
            assert_eq!(parse(wrong), Err(NoDuration::Form), "{wrong}");
        }
        assert_eq!(parse("9999h"), Err(NoDuration::TooLong));
        assert_eq!(parse(&format!("{}h", "9".repeat(500))), Err(NoDuration::TooLong));
    }
}
