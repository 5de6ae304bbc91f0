//! Values of one kind, by row: in chunks, so that growing copies nothing and wastes little.

/// Rows of a chunk. The first chunk grows as it must, so that small recordings stay small.
const CHUNK: usize = 1 << 14;

/// Values by row number, from 0; only ever appended to.
#[derive(Clone, Debug)]
pub(super) struct Column<T> {
    chunks: Vec<Vec<T>>,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T: Copy> Column<T> {
    /// Adds the value of the next row.
    pub(super) fn push(&mut self, value: T) {
        let is_full = self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK);
        if is_full {
            let room = if self.chunks.is_empty() { 0 } else { CHUNK };
            self.chunks.push(Vec::with_capacity(room));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(value);
        }
    }

    /// The value of a row, if there is one.
    pub(super) fn get(&self, row: u32) -> Option<T> {
        let row = row as usize;
        self.chunks.get(row / CHUNK)?.get(row % CHUNK).copied()
    }

    /// The value of a row, to be changed.
    pub(super) fn get_mut(&mut self, row: u32) -> Option<&mut T> {
        let row = row as usize;
        self.chunks.get_mut(row / CHUNK)?.get_mut(row % CHUNK)
    }

    /// Bytes taken on the heap.
    pub(super) fn bytes(&self) -> usize {
        let values: usize = self.chunks.iter().map(Vec::capacity).sum();
        values * size_of::<T>() + self.chunks.capacity() * size_of::<Vec<T>>()
    }
}
