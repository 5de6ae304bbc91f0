//! Time ↔ columns: as it passed, with idle time folded, or event by event.

use std::ops::Range;

use super::measure;
use crate::analysis::timeline::Timeline;

/// How time is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Folding {
    /// Idle time is one labelled fold.
    #[default]
    Folded,
    /// As it passed.
    True,
    /// One event after the other, equally spaced: for pure order.
    Ordinal,
}

impl Folding {
    /// The next of them.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Folded => Self::True,
            Self::True => Self::Ordinal,
            Self::Ordinal => Self::Folded,
        }
    }

    /// In words.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Folded => "idle folded",
            Self::True => "true scale",
            Self::Ordinal => "event by event",
        }
    }
}

/// A stretch of time on neighbouring columns.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stretch {
    time: Range<u64>,
    columns: Range<usize>,
    fold: bool,
}

/// Time on columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scale {
    stretches: Vec<Stretch>,
    width: usize,
}

impl Scale {
    /// `window` on `width` columns, with these idle stretches folded. What does not fit is not
    /// folded: the longest folds come first.
    pub fn folded(window: Range<u64>, width: usize, idle: &[Range<u64>]) -> Self {
        let inside = idle.iter().filter(|idle| idle.start > window.start && idle.end < window.end);
        let mut folds: Vec<(Range<u64>, usize)> =
            inside.map(|idle| (idle.clone(), label(idle).chars().count() + 2)).collect();
        folds.sort_by_key(|(idle, _)| std::cmp::Reverse(idle.end - idle.start));
        let mut room = width / 2;
        folds.retain(|(_, columns)| {
            let fits = *columns <= room;
            room -= if fits { *columns } else { 0 };
            fits
        });
        folds.sort_by_key(|(idle, _)| idle.start);
        let taken: usize = folds.iter().map(|(_, columns)| columns).sum();
        let asleep: u64 = folds.iter().map(|(idle, _)| idle.end - idle.start).sum();
        let awake = (window.end - window.start).saturating_sub(asleep).max(1);
        let columns = width.saturating_sub(taken).max(1);
        let (mut stretches, mut at, mut used, mut column) = (Vec::new(), window.start, 0_u64, 0);
        let mut shown = 0;
        for (idle, fold) in folds {
            used += idle.start - at;
            // Each boundary is rounded by itself, so that no stretch drifts.
            let until = (u128::from(used) * columns as u128 / u128::from(awake)) as usize;
            let wide = until.saturating_sub(shown).max(1);
            shown += wide;
            stretches.push(Stretch {
                time: at..idle.start,
                columns: column..column + wide,
                fold: false,
            });
            column += wide;
            at = idle.end;
            stretches.push(Stretch { time: idle, columns: column..column + fold, fold: true });
            column += fold;
        }
        let last = column..width.max(column + 1);
        stretches.push(Stretch { time: at..window.end.max(at + 1), columns: last, fold: false });
        Self { stretches, width: width.max(1) }
    }

    /// The events of `window`, equally spaced.
    pub fn ordinal(window: Range<u64>, width: usize, timeline: &Timeline) -> Self {
        let first = timeline.at(window.start).unwrap_or(0);
        let end = timeline.at(window.end).unwrap_or(timeline.len());
        let count = u64::from(end.saturating_sub(first)).max(1);
        let width = width.max(1);
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut at = window.start;
        for column in 0..width {
            let row = u64::from(first) + count * (column as u64 + 1) / width as u64;
            let next = timeline.row(row as u32).map_or(window.end, |row| row.at_ns);
            let next = if column + 1 == width { window.end } else { next.min(window.end) };
            if next <= at {
                // Several columns of one event: the first stands for it.
                if let Some(last) = stretches.last_mut() {
                    last.columns.end = column + 1;
                    continue;
                }
            }
            let next = next.max(at + 1);
            stretches.push(Stretch { time: at..next, columns: column..column + 1, fold: false });
            at = next;
        }
        Self { stretches, width }
    }

    /// How many columns there are.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The column of a moment; `None` outside.
    pub fn column(&self, at_ns: u64) -> Option<usize> {
        let after = self.stretches.partition_point(|stretch| stretch.time.start <= at_ns);
        let stretch = self.stretches.get(after.checked_sub(1)?)?;
        let is_end = at_ns == stretch.time.end && after == self.stretches.len();
        if at_ns >= stretch.time.end && !is_end {
            return None;
        }
        let Stretch { time, columns, .. } = stretch;
        let into = u128::from(at_ns - time.start) * columns.len() as u128;
        let into = (into / u128::from(time.end - time.start)) as usize;
        Some((columns.start + into).min(columns.end - 1).min(self.width - 1))
    }

    /// The column of a moment, or the nearest edge.
    pub fn nearest(&self, at_ns: u64) -> usize {
        self.column(at_ns).unwrap_or_else(|| {
            let start = self.stretches.first().map_or(0, |first| first.time.start);
            if at_ns < start { 0 } else { self.width - 1 }
        })
    }

    /// The time of a column; the end is not in it.
    pub fn time(&self, column: usize) -> Range<u64> {
        let after = self.stretches.partition_point(|stretch| stretch.columns.start <= column);
        let Some(stretch) = after.checked_sub(1).and_then(|at| self.stretches.get(at)) else {
            return 0..0;
        };
        let Stretch { time, columns, .. } = stretch;
        let edge = |column: usize| {
            let into = (column.saturating_sub(columns.start)).min(columns.len()) as u128;
            let length = u128::from(time.end - time.start);
            // Rounded up, so that a moment's column is the one whose time it is in.
            time.start + (length * into).div_ceil(columns.len() as u128) as u64
        };
        edge(column)..edge(column + 1)
    }

    /// Whether a column is part of a fold.
    pub fn is_fold(&self, column: usize) -> bool {
        self.folds().any(|(columns, _)| columns.contains(&column))
    }

    /// The folds: their columns, and how long they lasted.
    pub fn folds(&self) -> impl Iterator<Item = (Range<usize>, String)> + '_ {
        let folds = self.stretches.iter().filter(|stretch| stretch.fold);
        folds.map(|stretch| (stretch.columns.clone(), label(&stretch.time)))
    }

    /// The stretches in which time passes as it did.
    pub fn awake(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.stretches.iter().filter(|stretch| !stretch.fold).map(|stretch| stretch.time.clone())
    }

    /// Nanoseconds of one column where time passes as it did.
    pub fn column_ns(&self) -> u64 {
        let shown = self.stretches.iter().filter(|stretch| !stretch.fold);
        let (ns, columns) = shown.fold((0, 0), |(ns, columns), stretch| {
            (ns + stretch.time.end - stretch.time.start, columns + stretch.columns.len() as u64)
        });
        ns / columns.max(1)
    }
}

fn label(time: &Range<u64>) -> String {
    // A fold begins right after an event.
    measure::lasted(time.end - time.start + 1)
}
