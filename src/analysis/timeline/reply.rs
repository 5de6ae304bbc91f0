//! Events → how long each took to answer what it answers.

use std::collections::HashMap;

use crate::events::{Event, Kind};
use crate::wire::Direction;

/// Calls remembered at once, twice over: the older half is let go of when the younger is full.
const MOST_CALLS: usize = 1 << 12;

/// What waits for an answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Replies {
    /// When the last event of a call was, by connection and call.
    young: HashMap<(u32, u32), u64>,
    old: HashMap<(u32, u32), u64>,
    /// By connection: its first message of the client that nothing has answered.
    asked: Vec<Option<u64>>,
}

impl Replies {
    /// Nanoseconds from what this event answers: the event of its call before it, or else the
    /// client's first message that the server has not answered yet.
    pub(super) fn answer(
        &mut self,
        event: &Event,
        connection: u32,
        call: Option<u32>,
    ) -> Option<u64> {
        let at_ns = event.at_ns;
        let index = connection as usize;
        if self.asked.len() <= index {
            self.asked.resize(index + 1, None);
        }
        let asked = match (event.kind, event.direction) {
            (Kind::Message | Kind::Undecodable, Direction::ClientToServer) => {
                self.asked[index].get_or_insert(at_ns);
                None
            }
            (Kind::Message | Kind::Undecodable, Direction::ServerToClient) => {
                self.asked[index].take()
            }
            _ => None,
        };
        let called = call.and_then(|call| self.call((connection, call), at_ns));
        called.or(asked).map(|since| at_ns.saturating_sub(since))
    }

    /// When the call was last heard of; now is the next time.
    fn call(&mut self, key: (u32, u32), at_ns: u64) -> Option<u64> {
        let before = self.young.get(&key).or_else(|| self.old.get(&key)).copied();
        if self.young.len() >= MOST_CALLS && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, at_ns);
        before
    }

    /// Bytes taken on the heap, about.
    pub(super) fn bytes(&self) -> usize {
        let calls = self.young.capacity() + self.old.capacity();
        calls * size_of::<((u32, u32), u64)>() + self.asked.capacity() * size_of::<Option<u64>>()
    }
}
