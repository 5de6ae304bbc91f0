//! Numbers → slices of one scope, from the oldest to the newest.

use std::collections::VecDeque;

use super::slice::Slice;

/// The slices of one scope. Numbers only grow, so that a slice's place is its distance from the
/// oldest one; what has gone leaves a place of one word until all before it have gone.
#[derive(Debug, Default)]
pub(super) struct Slices {
    first: u64,
    places: VecDeque<Option<Box<Slice>>>,
    count: usize,
}

impl Slices {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Adds a slice; gives its number.
    pub(super) fn push(&mut self, slice: Slice) -> u64 {
        self.places.push_back(Some(Box::new(slice)));
        self.count += 1;
        self.first + self.places.len() as u64 - 1
    }

    fn place(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }

    pub(super) fn get(&self, number: u64) -> Option<&Slice> {
        self.places.get(self.place(number)?)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Slice> {
        let place = self.place(number)?;
        self.places.get_mut(place)?.as_deref_mut()
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<Box<Slice>> {
        let place = self.place(number)?;
        let slice = self.places.get_mut(place)?.take()?;
        self.count -= 1;
        while self.places.front().is_some_and(Option::is_none) {
            self.places.pop_front();
            self.first += 1;
        }
        Some(slice)
    }

    /// The oldest one.
    pub(super) fn oldest(&self) -> Option<(u64, &Slice)> {
        self.iter().next()
    }

    /// From the oldest to the newest.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Slice)> {
        let places = (self.first..).zip(&self.places);
        places.filter_map(|(number, place)| Some((number, place.as_deref()?)))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slice> {
        self.places.iter_mut().filter_map(|place| place.as_deref_mut())
    }
}
