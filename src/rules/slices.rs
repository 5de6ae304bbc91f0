//! Keys and numbers → slices of one scope, from the oldest to the newest; those at rest are packed.

use std::collections::VecDeque;
use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use serde::Deserialize;
use smallvec::SmallVec;

use crate::events::Scalar;

use super::slice::{Key, Slice};

/// Slices of one scope that lie open: more than are busy at a time anywhere. Of more, those that
/// have heard nothing for longest are packed, which takes a tenth of the room.
const MOST_AWAKE: usize = 2048;

/// Slices that have ended, and lie open besides: they wait for stragglers for a few seconds and
/// then go, so that packing them costs more than it saves. Of more, the oldest are packed.
const MOST_ENDED: usize = 32_768;

/// Why a packed slice can be unpacked.
const OWN: &str = "it is unpacked as it was packed";

/// The slices of one scope. Numbers only grow, so that a slice's place is its distance from the
/// oldest one; what has gone leaves a place of three words until all before it have gone.
#[derive(Debug, Default)]
pub(super) struct Slices {
    first: u64,
    places: VecDeque<Place>,
    count: usize,
    /// Numbers, with the hashes of the keys that the slices hold.
    by_key: HashTable<(u64, u64)>,
    hasher: RandomState,
    /// Those that are awake, and some that were, from the one to be packed next.
    awake: VecDeque<u64>,
    /// Those of them that have ended, and some that had, the oldest first.
    ended: VecDeque<u64>,
}

#[derive(Debug)]
enum Place {
    Gone,
    /// Whether it has heard something since it was last looked at.
    Awake(Box<Slice>, bool),
    Asleep(Box<[u8]>),
}

/// What is asked of slices without waking them: a slice's first fields, in its order.
#[derive(Debug, Deserialize)]
pub(super) struct Whose {
    pub(super) key: Key,
    pub(super) user: Option<Scalar>,
    pub(super) run: Option<Scalar>,
    pub(super) connections: SmallVec<[i64; 1]>,
    /// Whether its connection has gone: of a packed [`Detached`](super::slice::Detached), whether
    /// there is one.
    pub(super) is_waiting: bool,
}

impl Slices {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The slice of a key.
    pub(super) fn find(&self, key: &Key) -> Option<u64> {
        let has_key = |(_, number): &(u64, u64)| match self.place(*number) {
            Some(Place::Awake(slice, _)) => slice.key == *key,
            Some(Place::Asleep(packed)) => whose(packed).key == *key,
            Some(Place::Gone) | None => false,
        };
        let found = self.by_key.find(self.hasher.hash_one(key), has_key);
        found.map(|(_, number)| *number)
    }

    /// Adds a slice of a key that has none; gives its number.
    pub(super) fn push(&mut self, slice: Slice) -> u64 {
        let number = self.first + self.places.len() as u64;
        let hash = self.hasher.hash_one(&slice.key);
        self.by_key.insert_unique(hash, (hash, number), |(hash, _)| *hash);
        self.places.push_back(Place::Awake(Box::new(slice), true));
        self.count += 1;
        self.awake.push_back(number);
        self.settle();
        number
    }

    fn at(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }

    fn place(&self, number: u64) -> Option<&Place> {
        self.places.get(self.at(number)?)
    }

    /// A slice that is awake.
    pub(super) fn get(&self, number: u64) -> Option<&Slice> {
        match self.place(number)? {
            Place::Awake(slice, _) => Some(slice),
            Place::Asleep(_) | Place::Gone => None,
        }
    }

    /// Unpacks a slice, if it is asleep.
    pub(super) fn wake(&mut self, number: u64) {
        let Some(place) = self.at(number).and_then(|at| self.places.get_mut(at)) else { return };
        if let Place::Asleep(packed) = place {
            *place = Place::Awake(unpack(packed), true);
            self.awake.push_back(number);
            self.settle();
        }
    }

    /// A slice, which is awake from now on.
    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Slice> {
        self.wake(number);
        let at = self.at(number)?;
        match self.places.get_mut(at)? {
            Place::Awake(slice, heard) => {
                *heard = true;
                Some(slice)
            }
            Place::Asleep(_) | Place::Gone => None,
        }
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<Box<Slice>> {
        let at = self.at(number)?;
        let slice = match std::mem::replace(self.places.get_mut(at)?, Place::Gone) {
            Place::Awake(slice, _) => slice,
            Place::Asleep(packed) => unpack(&packed),
            Place::Gone => return None,
        };
        self.count -= 1;
        let hash = self.hasher.hash_one(&slice.key);
        if let Ok(entry) = self.by_key.find_entry(hash, |(_, known)| *known == number) {
            entry.remove();
        }
        while matches!(self.places.front(), Some(Place::Gone)) {
            self.places.pop_front();
            self.first += 1;
        }
        Some(slice)
    }

    /// The oldest one.
    pub(super) fn oldest(&self) -> Option<u64> {
        (!self.places.is_empty()).then_some(self.first)
    }

    /// Those that are awake, from the oldest to the newest: all, unless there are very many.
    pub(super) fn awake(&self) -> impl Iterator<Item = (u64, &Slice)> {
        let places = (self.first..).zip(&self.places);
        places.filter_map(|(number, place)| match place {
            Place::Awake(slice, _) => Some((number, &**slice)),
            Place::Asleep(_) | Place::Gone => None,
        })
    }

    /// Those of which this is true, from the oldest to the newest.
    pub(super) fn that(&self, is_meant: impl Fn(&Whose) -> bool) -> Vec<u64> {
        let is_meant = |place: &Place| match place {
            Place::Gone => false,
            Place::Awake(slice, _) => is_meant(&slice.whose()),
            Place::Asleep(packed) => is_meant(&whose(packed)),
        };
        let places = (self.first..).zip(&self.places);
        places.filter(|(_, place)| is_meant(place)).map(|(number, _)| number).collect()
    }

    /// Packs slices until few enough are awake; what has heard something has another turn.
    fn settle(&mut self) {
        while self.awake.len() > MOST_AWAKE {
            let Some(number) = self.awake.pop_front() else { return };
            let Some(place) = self.at(number).and_then(|at| self.places.get_mut(at)) else {
                continue;
            };
            match place {
                Place::Awake(slice, _) if slice.ended.is_some() => self.ended.push_back(number),
                Place::Awake(_, heard @ true) => {
                    *heard = false;
                    self.awake.push_back(number);
                }
                Place::Awake(slice, false) => *place = Place::Asleep(pack(slice)),
                Place::Asleep(_) | Place::Gone => {}
            }
        }
        while let Some(number) = self.ended.front().copied() {
            let is_full = self.ended.len() > MOST_ENDED;
            let place = self.at(number).and_then(|at| self.places.get_mut(at));
            if let Some(place @ Place::Awake(..)) = place {
                if !is_full {
                    break;
                }
                if let Place::Awake(slice, _) = place {
                    *place = Place::Asleep(pack(slice));
                }
            }
            self.ended.pop_front();
        }
    }
}

fn pack(slice: &Slice) -> Box<[u8]> {
    postcard::to_allocvec(slice).expect("nothing in a slice has no form").into_boxed_slice()
}

fn unpack(packed: &[u8]) -> Box<Slice> {
    Box::new(postcard::from_bytes(packed).expect(OWN))
}

fn whose(packed: &[u8]) -> Whose {
    postcard::take_from_bytes(packed).expect(OWN).0
}
