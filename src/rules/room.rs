//! A rule book → how much memory what it follows takes at most (rules.md, 2.1).

use std::mem::size_of;

use super::book::RuleBook;
use super::course::Progress;
use super::monitors::{Monitor, Seen};
use super::slice::Slice;

/// What a scope's open slices take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The scope's name.
    pub scope: String,
    /// Slices that are open at once, at most.
    pub open: usize,
    /// Bytes of one, with the state of every rule, before it has any event.
    pub bytes: usize,
}

impl Room {
    /// Bytes of each event that a slice holds, beside its own.
    pub const EVENT: usize = size_of::<Seen>();

    /// All of them together, without their events.
    pub fn total(&self) -> usize {
        self.bytes.saturating_mul(self.open)
    }
}

impl RuleBook {
    /// What the open slices of each scope with rules take.
    pub fn room(&self) -> Vec<Room> {
        let of = |(index, scope): (usize, &super::book::Scope)| {
            let courses = self.lifecycles.iter().filter(|each| each.scope == index).count();
            let watches = self.rules.iter().filter(|each| each.scope == index).count();
            let bytes = size_of::<Slice>()
                + courses * size_of::<(usize, Progress)>()
                + watches * Monitor::ROOM;
            let room = Room { scope: scope.name.clone(), open: scope.max_open, bytes };
            (courses + watches > 0).then_some(room)
        };
        self.scopes.iter().enumerate().filter_map(of).collect()
    }
}
