//! Moments → places on a strip of some width, on which each idle stretch takes the same little room.

use std::fmt::Write as _;
use std::ops::Range;

/// Steps between two marks of an axis, in nanoseconds: what people count in.
const STEPS: [u64; 22] = [
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    1_000_000_000,
    2_000_000_000,
    5_000_000_000,
    10_000_000_000,
    20_000_000_000,
    30_000_000_000,
    60_000_000_000,
    120_000_000_000,
    300_000_000_000,
    600_000_000_000,
    1_800_000_000_000,
    3_600_000_000_000,
    7_200_000_000_000,
];

/// Marks of an axis: more than fit on any strip.
const MOST_MARKS: u64 = 200;

/// A stretch of time and where it lies.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) time: Range<u64>,
    pub(super) place: Range<f64>,
    pub(super) folded: bool,
}

/// A strip of time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) pieces: Vec<Piece>,
    pub(super) width: f64,
}

impl Scale {
    /// `time` on a strip of `width`; of `folds` each takes `fold`, as long as half of the strip is
    /// left for the rest.
    pub(super) fn new(time: Range<u64>, folds: &[(u64, u64)], (width, fold): (f64, f64)) -> Self {
        let time = time.start..time.end.max(time.start + 1);
        let room = (width / 2.0 / fold) as usize;
        let mut folds: Vec<Range<u64>> = folds
            .iter()
            .map(|(from, to)| (*from).max(time.start)..(*to).min(time.end))
            .filter(|fold| fold.start < fold.end)
            .collect();
        folds.sort_by_key(|fold| std::cmp::Reverse(fold.end - fold.start));
        folds.truncate(room);
        folds.sort_by_key(|fold| fold.start);
        let folded: u64 = folds.iter().map(|fold| fold.end - fold.start).sum();
        let left = width - fold * folds.len() as f64;
        let unit = left / ((time.end - time.start).saturating_sub(folded)).max(1) as f64;
        let (mut pieces, mut at, mut x) = (Vec::new(), time.start, 0.0);
        let mut put = |time: Range<u64>, room: f64, folded: bool| {
            if time.start < time.end {
                pieces.push(Piece { time, place: x..x + room, folded });
                x += room;
            }
        };
        for stretch in folds {
            put(at..stretch.start, (stretch.start.saturating_sub(at)) as f64 * unit, false);
            at = stretch.end;
            put(stretch, fold, true);
        }
        put(at..time.end, time.end.saturating_sub(at) as f64 * unit, false);
        Self { pieces, width }
    }

    /// Where a moment lies; what is before or after the strip lies at its ends.
    pub(super) fn x(&self, at_ns: u64) -> f64 {
        let piece = self.pieces.iter().find(|piece| at_ns < piece.time.end);
        let Some(piece) = piece else { return self.width };
        let into = at_ns.saturating_sub(piece.time.start) as f64;
        let share = into / (piece.time.end - piece.time.start) as f64;
        piece.place.start + share * (piece.place.end - piece.place.start)
    }

    /// Marks at least `apart` from each other, and what they say: time since `zero_ns`.
    pub(super) fn marks(&self, zero_ns: u64, apart: f64) -> Vec<(f64, String)> {
        let mut marks: Vec<(f64, String)> = Vec::new();
        for piece in self.pieces.iter().filter(|piece| !piece.folded) {
            let room = piece.place.end - piece.place.start;
            let unit = room / (piece.time.end - piece.time.start) as f64;
            let fits = |step: &&u64| **step as f64 * unit >= apart;
            let step = *STEPS.iter().find(fits).unwrap_or(&STEPS[STEPS.len() - 1]);
            let first = piece.time.start.saturating_sub(zero_ns).div_ceil(step);
            for number in (first..).take(MOST_MARKS as usize) {
                let at_ns = zero_ns + number * step;
                if at_ns >= piece.time.end {
                    break;
                }
                let x = self.x(at_ns);
                if marks.last().is_none_or(|(last, _)| x - last >= apart) {
                    marks.push((x, since(at_ns - zero_ns)));
                }
            }
        }
        marks
    }
}

/// `+1.5s`, `+2m03s`, as short as it can be said.
pub(super) fn since(ns: u64) -> String {
    let (seconds, milliseconds) = (ns / 1_000_000_000, ns / 1_000_000 % 1000);
    let mut text = String::from("+");
    match seconds {
        0..60 => {
            let _ = write!(text, "{seconds}");
            if milliseconds > 0 {
                let digits = format!("{milliseconds:03}");
                let _ = write!(text, ".{}", digits.trim_end_matches('0'));
            }
            text.push('s');
        }
        60..3600 => {
            let _ = write!(text, "{}m{:02}s", seconds / 60, seconds % 60);
        }
        _ => {
            let _ = write!(text, "{}h{:02}m", seconds / 3600, seconds / 60 % 60);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    #[test]
    fn a_fold_takes_little_room_and_the_rest_is_even() {
        let scale = Scale::new(10 * S..110 * S, &[(20 * S, 100 * S)], (102.0, 2.0));
        let places: Vec<f64> = [0, 10, 15, 20, 60, 100, 110, 500].map(|s| scale.x(s * S)).to_vec();
        assert_eq!(places, [0.0, 0.0, 25.0, 50.0, 51.0, 52.0, 102.0, 102.0]);
        assert!(scale.pieces[1].folded);
    }

    #[test]
    fn folds_never_take_more_than_half() {
        let folds: Vec<(u64, u64)> = (0..40).map(|n| (n * 10 * S, n * 10 * S + 9 * S)).collect();
        let scale = Scale::new(0..400 * S, &folds, (100.0, 5.0));
        let folded: f64 = scale.pieces.iter().filter(|piece| piece.folded).count() as f64 * 5.0;
        assert!(folded <= 50.0);
        assert!((scale.x(400 * S - 1) - 100.0).abs() < 0.01);
    }

    #[test]
    fn marks_are_round_and_apart() {
        let scale = Scale::new(3 * S..13 * S, &[], (60.0, 2.0));
        let marks = scale.marks(3 * S, 10.0);
        let said: Vec<&str> = marks.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(said, ["+0s", "+2s", "+4s", "+6s", "+8s"]);
        assert_eq!(
            [since(1_902_000_000), since(83 * S), since(3_725 * S)],
            ["+1.902s", "+1m23s", "+1h02m"]
        );
    }
}
