//! Figures of a recording → what the Live screen says of it, small enough to be handed over often.

use super::Analysis;
use super::live::{Figures, Live, TypeFigures};

/// Types that are told: as many as anyone scrolls through.
const MOST_TYPES: usize = 200;

/// Bars of a histogram.
pub const BARS: usize = 16;

/// What the Live screen says.
#[derive(Clone, Debug)]
pub struct Pulse {
    /// When, nanoseconds since the recording started.
    pub now_ns: u64,
    /// Rates, connections, runs, the proxy's own part, the disk.
    pub figures: Figures,
    /// Types of events, the most frequent first.
    pub types: Vec<TypeLine>,
}

/// One type of events.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeLine {
    /// Its name.
    pub name: String,
    /// How many came.
    pub count: u64,
    /// How many a second, of the last ten.
    pub rate: f64,
    /// How long after the event before in the run: how many in each of [`edges`].
    pub bars: Vec<u64>,
    /// The time within which rules want it.
    pub limit_ns: Option<u64>,
    /// Median, 90th and 99th of a hundred, and the longest, in nanoseconds.
    pub gaps_ns: Option<[u64; 4]>,
}

/// Between two bars: four to a factor of ten, from 10 ms on.
pub fn edges() -> Vec<u64> {
    (1..BARS as i32).map(|step| (1e7 * 10_f64.powf(f64::from(step) / 4.0)) as u64).collect()
}

impl Pulse {
    /// At `now_ns` on the recording's clock; `live` and `analysis` were told of the same facts.
    pub fn new(live: &Live, now_ns: u64, analysis: &Analysis) -> Self {
        let edges = edges();
        let types = live.types(analysis.symbols()).into_iter().take(MOST_TYPES);
        let told = |(name, of): (&str, &TypeFigures)| {
            let gap = |mille| of.gaps.per_mille(mille);
            let gaps_ns = gap(500).zip(gap(900)).zip(gap(990)).zip(of.gaps.max());
            TypeLine {
                name: name.to_owned(),
                count: of.count,
                rate: of.seconds.last(now_ns, 10) as f64 / 10.0,
                bars: of.gaps.between(&edges),
                limit_ns: of.limit_ns,
                gaps_ns: gaps_ns.map(|(((p50, p90), p99), max)| [p50, p90, p99, max]),
            }
        };
        let types = types.map(told).collect();
        Self { now_ns, figures: live.figures(now_ns, analysis), types }
    }

    /// When a run is flagged, in nanoseconds from now, and what it waits for.
    pub fn flags_in(&self, user: &str, run: &str) -> Option<(u64, &str)> {
        let mut waiting = self.figures.waiting.iter().filter(|waiting| {
            waiting.run.as_deref() == Some(run)
                && waiting.user.as_deref().is_none_or(|whose| whose == user)
        });
        let found = waiting.next()?;
        Some((found.due_ns.saturating_sub(self.now_ns), &found.waiting_for))
    }
}
