//! The rows of one lane, in order, and how bad the worst of any stretch of them is.

use std::ops::Range;

/// Rows whose worst severity is kept as one value, and such values kept as one.
const BLOCK: usize = 64;

/// One lane: a connection's rows, or a run's.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    rows: Vec<u32>,
    /// The flags of each block, and of each block of blocks; none where nothing is flagged.
    blocks: Option<Box<[Vec<u8>; 2]>>,
}

impl Lane {
    /// Adds a row; it is after all others.
    pub(super) fn push(&mut self, row: u32) {
        if self.rows.len() == self.rows.capacity() {
            // Lanes are many: doubling would waste half of what they take.
            self.rows.reserve_exact((self.rows.len() / 4).max(4));
        }
        self.rows.push(row);
    }

    /// Its rows, in order.
    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The place of a row in it.
    pub(super) fn rank(&self, row: u32) -> Option<usize> {
        self.rows.binary_search(&row).ok()
    }

    /// The row has these flags too.
    pub(super) fn raise(&mut self, row: u32, flags: u8) {
        let Some(rank) = self.rank(row) else { return };
        let [blocks, tops] = &mut **self.blocks.get_or_insert_default();
        for (level, at) in [(blocks, rank / BLOCK), (tops, rank / BLOCK / BLOCK)] {
            if level.len() <= at {
                level.resize(at + 1, 0);
            }
            level[at] |= flags;
        }
    }

    /// No row has flags.
    pub(super) fn lower(&mut self) {
        self.blocks = None;
    }

    /// All flags of a stretch of places; `of` tells a row's.
    pub(super) fn flags(&self, places: Range<usize>, of: impl Fn(u32) -> u8) -> u8 {
        let Some(levels) = &self.blocks else { return 0 };
        let [blocks, tops] = &**levels;
        let (mut at, end) = (places.start, places.end.min(self.rows.len()));
        let mut flags = 0;
        while at < end {
            let (level, width) = if at % (BLOCK * BLOCK) == 0 && at + BLOCK * BLOCK <= end {
                (tops, BLOCK * BLOCK)
            } else if at % BLOCK == 0 && at + BLOCK <= end {
                (blocks, BLOCK)
            } else {
                flags |= of(self.rows[at]);
                at += 1;
                continue;
            };
            flags |= level.get(at / width).copied().unwrap_or(0);
            at += width;
        }
        flags
    }

    /// Bytes taken on the heap.
    pub(super) fn bytes(&self) -> usize {
        let blocks = self.blocks.as_ref().map_or(0, |levels| {
            levels.iter().map(Vec::capacity).sum::<usize>() + size_of::<[Vec<u8>; 2]>()
        });
        self.rows.capacity() * size_of::<u32>() + blocks
    }
}
