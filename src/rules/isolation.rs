//! Who owns a run, and events that went to somebody else (rules.md, 2.5: `isolation`).

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::events::{Event, FieldId, Map, Scalar, Symbol, Symbols};
use crate::wire::Direction;

/// Runs, threads and calls whose owners are remembered. What is seen after it is not judged.
const MAX_OWNERS: usize = 1_000_000;

/// Users cut to this length and three dots are compared by what is left (domain.md, 2).
const CUT: &str = "...";

/// The first user of each value of an isolated field.
#[derive(Debug, Default)]
pub(super) struct Owners {
    owned: Vec<Owned>,
    /// By field and value, places among what is owned: these are many, and a table that grows has
    /// all of it twice.
    places: HashTable<u32>,
    hasher: RandomState,
    /// Those who own something: owners are few, and what they own is much.
    users: Vec<Scalar>,
    numbers: Map<Scalar, u32>,
}

/// A value of a field, and where it was seen first.
#[derive(Clone, Copy, Debug)]
struct Owned {
    value: Scalar,
    field: FieldId,
    /// The owner's place among the users.
    user: u32,
    connection: i64,
    frame: i64,
}

/// An event on the wrong connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wrong {
    /// The event's run.
    pub(super) run: Option<Scalar>,
    /// What it belongs to: a run, say.
    pub(super) what: Option<(FieldId, Scalar)>,
    pub(super) owner: Scalar,
    /// Where its owner was seen first.
    pub(super) owner_seen: Option<(i64, i64)>,
}

impl Owners {
    pub(super) fn event(
        &mut self,
        event: &Event,
        user: Option<Scalar>,
        (keys, owner, shared): (&[FieldId], FieldId, &[Symbol]),
        symbols: &Symbols,
    ) -> Option<Wrong> {
        let user = user?;
        if shared.contains(&event.name) {
            return None;
        }
        if event.direction == Direction::ServerToClient
            && let Some(named) = event.field(owner)
            && !same(named, user, symbols)
        {
            return Some(Wrong { run: None, what: None, owner: named, owner_seen: None });
        }
        for key in keys {
            let Some(value) = event.field(*key) else { continue };
            let Some(first) = self.first((*key, value), user, event) else { continue };
            let owner = self.users[first.user as usize];
            if owner != user && event.direction == Direction::ServerToClient {
                return Some(Wrong {
                    run: None,
                    what: Some((*key, value)),
                    owner,
                    owner_seen: Some((first.connection, first.frame)),
                });
            }
        }
        None
    }

    /// Where a value was seen first: here, if it is new. `None` where there are too many.
    fn first(
        &mut self,
        (field, value): (FieldId, Scalar),
        user: Scalar,
        event: &Event,
    ) -> Option<Owned> {
        let Self { owned, places, hasher, users, numbers } = self;
        let hash_of = |field: FieldId, value: Scalar| hasher.hash_one((field, value));
        let is_it = |place: &u32| {
            let known = &owned[*place as usize];
            known.value == value && known.field == field
        };
        let hash_at = |place: &u32| {
            let known = &owned[*place as usize];
            hash_of(known.field, known.value)
        };
        match places.entry(hash_of(field, value), is_it, hash_at) {
            Entry::Occupied(entry) => Some(owned[*entry.get() as usize]),
            Entry::Vacant(_) if owned.len() >= MAX_OWNERS => None,
            Entry::Vacant(entry) => {
                entry.insert(owned.len() as u32);
                let user = *numbers.entry(user).or_insert_with(|| {
                    users.push(user);
                    users.len() as u32 - 1
                });
                let new = Owned {
                    value,
                    field,
                    user,
                    connection: event.connection,
                    frame: event.frames.1,
                };
                if owned.len() == owned.capacity() {
                    owned.reserve_exact((owned.len() / 4).max(64));
                }
                owned.push(new);
                Some(new)
            }
        }
    }
}

/// Whether two user ids are one, where either may be cut short.
fn same(named: Scalar, user: Scalar, symbols: &Symbols) -> bool {
    if named == user {
        return true;
    }
    let (named, user) = (named.display(symbols), user.display(symbols));
    match named.strip_suffix(CUT) {
        Some(start) => user.starts_with(start),
        None => named == user,
    }
}
