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

#[cfg(test)]
mod tests {
    use super::{Ended, MOST, Tombstones};
    use crate::events::{Scalar, Symbol};
    use crate::rules::slice::Key;

    fn key(number: i64) -> Key {
        Key::from_slice(&[Scalar::Integer(number)])
    }

    fn ended(frame: i64) -> Ended {
        Ended { frame, at_ns: 0, name: Symbol::of_number(0) }
    }

    #[test]
    fn the_oldest_are_forgotten_and_the_newest_of_a_key_is_kept() {
        let mut tombstones = Tombstones::default();
        let frame = |tombstones: &Tombstones, number| Some(tombstones.get(&key(number))?.frame);
        tombstones.bury(&key(0), ended(1));
        tombstones.bury(&key(1), ended(2));
        tombstones.bury(&key(0), ended(3));
        assert_eq!([0, 1, 2].map(|number| frame(&tombstones, number)), [Some(3), Some(2), None]);
        let most = i64::try_from(MOST).expect("a small number");
        // All but one of these have room: the first of the key's two goes, and the key stays.
        for number in 2..most {
            tombstones.bury(&key(number), ended(number));
        }
        assert_eq!([0, 1].map(|number| frame(&tombstones, number)), [Some(3), Some(2)]);
        tombstones.bury(&key(most), ended(most));
        assert_eq!([0, 1].map(|number| frame(&tombstones, number)), [Some(3), None]);
        tombstones.bury(&key(most + 1), ended(most + 1));
        assert_eq!(frame(&tombstones, 0), None);
        assert_eq!(frame(&tombstones, most + 1), Some(most + 1));
    }
}
