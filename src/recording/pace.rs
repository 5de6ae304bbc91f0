//! How old frames were when they were stored → how many bytes may wait to be stored.
//!
//! What a `kill -9` takes is what waits, so what may wait is bounded by time, not by memory alone:
//! as much as the disk stores while a frame may grow old. A disk's speed is not asked for; it
//! shows in the age of each transaction's oldest frame.

use std::time::Duration;

/// A frame that waits longer than this shrinks the queue: with the transaction under way it still
/// is in the file 50 ms after it passed.
const TOO_OLD: Duration = Duration::from_millis(35);

/// Frames that traffic waits for although all are younger than this let the queue grow.
const YOUNG: Duration = Duration::from_millis(25);

/// Bytes that may always wait: less would spend more on transactions than on what is in them.
const LEAST: u64 = 512 << 10;

/// Bytes that may wait at first: what a disk of 120 MB/s stores in time.
const FIRST: u64 = 4 << 20;

/// Bytes that may wait, by what was seen of the disk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    allowed: u64,
    most: u64,
}

impl Pace {
    /// A pace that never allows more than `most` bytes.
    pub(super) fn new(most: u64) -> Self {
        Self { allowed: FIRST.min(most), most }
    }

    /// Bytes that may wait.
    pub(super) fn allowed(self) -> u64 {
        self.allowed
    }

    /// A transaction was stored whose oldest frame had waited for `age`; `held`: traffic had to
    /// wait meanwhile. One slow transaction halves the queue at most, since disks pause at times.
    pub(super) fn stored(&mut self, age: Duration, held: bool) {
        let next = if age > TOO_OLD {
            let share = (TOO_OLD.as_micros() as u64 * 100) / (age.as_micros() as u64);
            self.allowed * share.max(50) / 100
        } else if held && age < YOUNG {
            self.allowed * 5 / 4
        } else {
            self.allowed
        };
        self.allowed = next.max(LEAST).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u64 = 32 << 20;

    /// A disk that stores `rate` bytes a millisecond, under a flood that always fills the queue:
    /// half of it is being stored while the other half waits.
    fn settle(rate: u64) -> (u64, u64) {
        let mut pace = Pace::new(MOST);
        for _ in 0..100 {
            pace.stored(Duration::from_millis(pace.allowed() / rate), true);
        }
        (pace.allowed(), pace.allowed() / rate)
    }

    #[test]
    fn a_flood_is_held_to_what_the_disk_stores_in_time() {
        for rate in [30_000, 150_000, 500_000] {
            let (bytes, milliseconds) = settle(rate);
            assert!((20..=35).contains(&milliseconds), "{rate}: {bytes} bytes, {milliseconds} ms");
        }
        assert_eq!(settle(10_000_000).0, MOST);
        assert_eq!(settle(1).0, LEAST);
    }

    #[test]
    fn what_nobody_waits_for_does_not_grow() {
        let mut pace = Pace::new(MOST);
        pace.stored(Duration::from_millis(11), false);
        assert_eq!(pace.allowed(), FIRST);
        pace.stored(Duration::from_secs(2), false);
        assert_eq!(pace.allowed(), FIRST / 2);
        assert_eq!(Pace::new(1000).allowed(), 1000);
    }
}
