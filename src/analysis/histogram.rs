//! Many amounts → how they are spread, in a fixed few kilobytes, to within two parts in a hundred.

/// Steps between a power of two and the next.
const STEPS: u64 = 32;

/// How often each amount came, in buckets that widen with the amount; they merge, and no sample
/// is kept.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
}

impl Histogram {
    /// Takes an amount.
    pub fn add(&mut self, amount: u64) {
        let bucket = bucket(amount);
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.count += 1;
        self.max = self.max.max(amount);
    }

    /// How many amounts there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The largest, exactly; `None` if there was none.
    pub fn max(&self) -> Option<u64> {
        (self.count > 0).then_some(self.max)
    }

    /// Takes all amounts of another.
    pub fn merge(&mut self, other: &Self) {
        if self.buckets.len() < other.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (bucket, count) in self.buckets.iter_mut().zip(&other.buckets) {
            *bucket += count;
        }
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    /// How many amounts are below the first edge, between two, and from the last on: one more than
    /// there are edges, which rise. An amount within two parts in a hundred of an edge may be on
    /// either side of it.
    pub fn between(&self, edges: &[u64]) -> Vec<u64> {
        let mut counts = vec![0; edges.len() + 1];
        for (bucket, count) in self.buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
            counts[edges.partition_point(|edge| *edge <= middle(bucket))] += count;
        }
        counts
    }

    /// The least amount that so many of a thousand do not exceed: 500 is the median.
    pub fn per_mille(&self, mille: u64) -> Option<u64> {
        let wanted = (self.count * mille.min(1000)).div_ceil(1000).max(1);
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Some(middle(bucket).min(self.max));
            }
        }
        None
    }
}

fn bucket(amount: u64) -> usize {
    if amount < STEPS {
        return amount as usize;
    }
    let exponent = u64::from(amount.ilog2()) - u64::from(STEPS.ilog2());
    (exponent * STEPS + (amount >> exponent)) as usize
}

/// An amount in the middle of a bucket.
fn middle(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * STEPS {
        return bucket;
    }
    let exponent = bucket / STEPS - 1;
    let from = (bucket % STEPS + STEPS) << exponent;
    from + (1 << exponent) / 2
}

#[cfg(test)]
mod tests {
    use super::{Histogram, bucket, middle};

    #[test]
    fn buckets_are_narrow_everywhere() {
        for shift in 0..64 {
            for amount in
                [1_u64 << shift, (1_u64 << shift) + (1_u64 << shift) / 3, u64::MAX >> shift]
            {
                let near = middle(bucket(amount));
                assert!(near.abs_diff(amount) as f64 <= amount as f64 * 0.02, "{amount} {near}");
            }
        }
    }

    #[test]
    fn parts_merge_to_the_whole_in_any_order_and_edges_part_it() {
        let amounts: Vec<u64> = (0..3000).map(|n| (n * 7919) % 100_000).collect();
        let of = |amounts: &[u64]| {
            let mut histogram = Histogram::default();
            for amount in amounts {
                histogram.add(*amount);
            }
            histogram
        };
        let whole = of(&amounts);
        let mut merged = Histogram::default();
        for part in amounts.chunks(701).rev() {
            merged.merge(&of(part));
        }
        let figures = |of: &Histogram| [1, 500, 990].map(|mille| of.per_mille(mille));
        assert_eq!(figures(&merged), figures(&whole));
        assert_eq!((merged.count(), merged.max()), (whole.count(), whole.max()));
        let edges = [100, 1000, 10_000];
        assert_eq!(merged.between(&edges), whole.between(&edges));
        assert_eq!(of(&[5, 90, 110, 900, 5000, 11_000]).between(&edges), [2, 2, 1, 1]);
        assert_eq!(Histogram::default().between(&[]), [0]);
    }

    #[test]
    fn percentiles_are_those_of_a_sorted_list() {
        let mut histogram = Histogram::default();
        let amounts: Vec<u64> = (1..=1000).map(|n| n * n).collect();
        for amount in &amounts {
            histogram.add(*amount);
        }
        for mille in [1, 500, 900, 990, 1000] {
            let exact = amounts[mille as usize - 1] as f64;
            let told = histogram.per_mille(mille).unwrap() as f64;
            assert!((told - exact).abs() <= exact * 0.02, "{mille}: {told} {exact}");
        }
        assert_eq!((histogram.max(), Histogram::default().per_mille(500)), (Some(1_000_000), None));
    }
}
