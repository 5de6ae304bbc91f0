//! Keys of slices that have ended → what ended them, so that a straggler is told from a new run.
//!
//! A key is known by its hash: two of a hundred thousand have the same one in one recording of
//! billions, and then a run's first event is told as a straggler of another.

use std::collections::VecDeque;
use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::monitors::Ended;
use super::slice::Key;

/// Slices remembered after they have gone (rules.md, 5); of more, the oldest are forgotten. Some
/// five megabytes.
const MOST: usize = 100_000;

/// What is remembered of slices that have gone.
#[derive(Debug, Default)]
pub(super) struct Tombstones {
    hasher: RandomState,
    /// Hashes of keys and what ended them, the oldest first.
    ring: VecDeque<(u64, Ended)>,
    /// The number of the oldest.
    first: u64,
    /// The newest number of each hash.
    numbers: HashTable<u64>,
}

impl Tombstones {
    /// What ended the slice of this key, if it has gone and is remembered.
    pub(super) fn get(&self, key: &Key) -> Option<Ended> {
        let hash = self.hasher.hash_one(key);
        let number = self.numbers.find(hash, |number| self.hash(*number) == hash)?;
        Some(self.ring.get(self.place(*number))?.1)
    }

    /// The slice of this key has gone.
    pub(super) fn bury(&mut self, key: &Key, ended: Ended) {
        if self.ring.len() == MOST {
            self.forget();
        }
        let hash = self.hasher.hash_one(key);
        let number = self.first + self.ring.len() as u64;
        let Self { ring, first, numbers, .. } = self;
        let hash_of = |number: &u64| ring.get((*number - *first) as usize).map_or(0, |it| it.0);
        match numbers.find_mut(hash, |number| hash_of(number) == hash) {
            Some(known) => *known = number,
            None => {
                numbers.insert_unique(hash, number, hash_of);
            }
        }
        self.ring.push_back((hash, ended));
    }

    fn forget(&mut self) {
        let Some((hash, _)) = self.ring.pop_front() else { return };
        let oldest = self.first;
        self.first += 1;
        // A newer one of the same key stays.
        if let Ok(entry) = self.numbers.find_entry(hash, |number| *number == oldest) {
            entry.remove();
        }
    }

    fn hash(&self, number: u64) -> u64 {
        self.ring.get(self.place(number)).map_or(0, |(hash, _)| *hash)
    }

    fn place(&self, number: u64) -> usize {
        (number - self.first) as usize
    }
}
