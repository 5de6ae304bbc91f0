//! What people type for a place in a recording (`E102`, `#4397`, `14:33:17`, `+1m30s`, `50%`) → the place.

use super::measure::{SECOND, Wall};
use super::tape::Tape;
use crate::rules::finding::Code;

/// A place in a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The first finding of this code.
    Finding(Code),
    /// A frame.
    Frame(i64),
    /// A time of day: nanoseconds since midnight.
    Clock(u64),
    /// Nanoseconds since the recording started.
    Since(u64),
    /// A share of the recording, in thousandths of a percent.
    Share(u32),
}

impl At {
    /// Reads it.
    ///
    /// # Errors
    /// What can be typed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let read = || {
            if let Some(code) = Code::from_text(text) {
                return Some(Self::Finding(code));
            }
            if let Some(frame) = text.strip_prefix('#') {
                return frame.parse().ok().filter(|frame| *frame > 0).map(Self::Frame);
            }
            if let Some(since) = text.strip_prefix('+') {
                return length(since).map(Self::Since);
            }
            if let Some(share) = text.strip_suffix('%') {
                let share: f64 = share.parse().ok()?;
                return (0.0..=100.0)
                    .contains(&share)
                    .then_some(Self::Share((share * 1000.0) as u32));
            }
            of_day(text).map(Self::Clock)
        };
        read().ok_or_else(|| {
            "a place is a finding's code (E102), a frame (#4397), a time (14:33:17), \
             a time since the start (+1m30s) or a share (50%)"
                .to_owned()
        })
    }

    /// The moment of it; of a finding or a frame, its row or finding is said too.
    ///
    /// # Errors
    /// Why it is not in this recording.
    pub fn find(self, tape: &Tape, wall: &Wall) -> Result<Found, String> {
        match self {
            Self::Finding(code) => {
                let mut found = tape.by_time.iter().copied();
                let found = found.find(|index| tape.findings[*index].code == code);
                found.map(Found::Finding).ok_or_else(|| format!("no {} here", code.text()))
            }
            Self::Frame(frame) => match tape.timeline.rows_of_frame(frame).first() {
                Some(row) => Ok(Found::Row(*row)),
                None => Err(format!("no event ends with frame #{frame}")),
            },
            Self::Clock(of_day) => {
                let since = wall.moment(tape.about.started_ns, of_day);
                let since = since.filter(|since| *since <= tape.end_ns);
                since.map(Found::Moment).ok_or_else(|| "that is outside the recording".to_owned())
            }
            Self::Since(since) if since > tape.end_ns => {
                Err("that is after the recording's end".to_owned())
            }
            Self::Since(since) => Ok(Found::Moment(since)),
            Self::Share(share) => {
                let at = u128::from(tape.end_ns) * u128::from(share) / 100_000;
                Ok(Found::Moment(at as u64))
            }
        }
    }
}

/// What is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A finding: its index.
    Finding(usize),
    /// A row.
    Row(u32),
    /// A moment, in nanoseconds since the start.
    Moment(u64),
}

/// `1h2m3.5s` → nanoseconds.
fn length(text: &str) -> Option<u64> {
    let (mut rest, mut total) = (text, 0.0);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        let unit = rest[end..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| end + at);
        total += number
            * match &rest[end..unit] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 0.001,
                _ => return None,
            };
        rest = &rest[unit..];
    }
    (!text.is_empty()).then_some((total * SECOND as f64) as u64)
}

/// `14:33:17.5` → nanoseconds since midnight.
fn of_day(text: &str) -> Option<u64> {
    let mut parts = text.splitn(3, ':');
    let (hours, minutes): (u64, u64) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let seconds: f64 = parts.next().unwrap_or("0").parse().ok()?;
    let fits = hours < 24 && minutes < 60 && (0.0..60.0).contains(&seconds);
    fits.then(|| (hours * 3600 + minutes * 60) * SECOND + (seconds * SECOND as f64) as u64)
}

#[cfg(test)]
mod tests {
    use super::At;
    use crate::rules::finding::Code;

    #[test]
    fn places_are_read_as_people_type_them() {
        assert_eq!(At::parse("e102"), Ok(At::Finding(Code::E102)));
        assert_eq!(At::parse("#4397"), Ok(At::Frame(4397)));
        assert_eq!(At::parse("14:33:17"), Ok(At::Clock(52_397_000_000_000)));
        assert_eq!(At::parse("+1m30s"), Ok(At::Since(90_000_000_000)));
        assert_eq!(At::parse("+250ms"), Ok(At::Since(250_000_000)));
        assert_eq!(At::parse("50%"), Ok(At::Share(50_000)));
        for wrong in ["", "E999", "#", "#-1", "25:00", "+", "+5", "+5x", "101%", "NaN%", "soon"] {
            assert!(At::parse(wrong).is_err(), "{wrong}");
        }
    }
}
