//! Losses → gaps: one for each connection, direction and reason, however many frames were lost.

use std::collections::HashMap;

use crate::wire::{Direction, Gap, GapReason};

/// Gaps kept apart; beyond it, losses are told without their connection. A gap a connection and
/// direction of 10,000 connections would be more than anyone reads.
const KEPT_APART: usize = 4096;

/// Losses that are not stored yet.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    merged: HashMap<(Option<i64>, Option<Direction>, GapReason), Gap>,
}

impl Gaps {
    /// Adds a loss to the gap that it belongs to.
    pub(super) fn add(&mut self, mut gap: Gap) {
        let key = |gap: &Gap| (gap.connection, gap.direction, gap.reason);
        if self.merged.len() >= KEPT_APART && !self.merged.contains_key(&key(&gap)) {
            (gap.connection, gap.direction) = (None, None);
        }
        self.merged
            .entry(key(&gap))
            .and_modify(|known| {
                known.from_ns = known.from_ns.min(gap.from_ns);
                known.to_ns = known.to_ns.max(gap.to_ns);
                known.frames += gap.frames;
                known.bytes += gap.bytes;
            })
            .or_insert(gap);
    }

    /// Adds all of `other`.
    pub(super) fn extend(&mut self, other: Self) {
        other.merged.into_values().for_each(|gap| self.add(gap));
    }

    /// Nothing was lost.
    pub(super) fn is_empty(&self) -> bool {
        self.merged.is_empty()
    }

    /// The gaps, by when they began.
    pub(super) fn sorted(&self) -> Vec<&Gap> {
        let mut gaps: Vec<&Gap> = self.merged.values().collect();
        gaps.sort_by_key(|gap| (gap.from_ns, gap.connection, gap.direction));
        gaps
    }
}
