//! Who owns a run, and events that went to somebody else (rules.md, 2.5: `isolation`).

use crate::events::{Event, FieldId, Map, Scalar, Symbol, Symbols};
use crate::wire::Direction;

/// Runs, threads and calls whose owners are remembered. What is seen after it is not judged.
const MAX_OWNERS: usize = 1_000_000;

/// Users cut to this length and three dots are compared by what is left (domain.md, 2).
const CUT: &str = "...";

/// The first user of each value of an isolated field.
#[derive(Debug, Default)]
pub(super) struct Owners {
    of: Map<(FieldId, Scalar), Owner>,
    /// Those who own something: owners are few, and what they own is much.
    users: Vec<Scalar>,
    numbers: Map<Scalar, u32>,
}

#[derive(Clone, Copy, Debug)]
struct Owner {
    /// Its place among the users.
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
            if self.of.len() >= MAX_OWNERS && !self.of.contains_key(&(*key, value)) {
                continue;
            }
            let first = *self.of.entry((*key, value)).or_insert_with(|| {
                let user = *self.numbers.entry(user).or_insert_with(|| {
                    self.users.push(user);
                    self.users.len() as u32 - 1
                });
                Owner { user, connection: event.connection, frame: event.frames.1 }
            });
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
