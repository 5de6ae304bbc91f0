//! Values of one kind, by row: in chunks, so that growing copies nothing and wastes little.

/// Rows of a chunk. The first chunk grows as it must, so that small recordings stay small.
const CHUNK: usize = 1 << 14;

/// Values by row number, from 0; only ever appended to.
#[derive(Clone, Debug)]
pub(super) struct Column<T> {
    chunks: Vec<Chunk<T>>,
}

/// Some rows' values. Much of a recording says nothing of a thread, a call or an answer, row after
/// row.
#[derive(Clone, Debug)]
enum Chunk<T> {
    /// One value, so many times.
    Same(T, usize),
    Each(Vec<T>),
}

impl<T: Copy> Chunk<T> {
    fn len(&self) -> usize {
        match self {
            Self::Same(_, length) => *length,
            Self::Each(values) => values.len(),
        }
    }

    /// Its values, each in a place of its own.
    fn each(&mut self) -> &mut Vec<T> {
        if let Self::Same(value, length) = *self {
            let mut values = Vec::with_capacity(if length > CHUNK / 64 { CHUNK } else { 0 });
            values.resize(length, value);
            *self = Self::Each(values);
        }
        match self {
            Self::Each(values) => values,
            Self::Same(..) => unreachable!("it was made so"),
        }
    }
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T: Copy + PartialEq> Column<T> {
    /// Adds the value of the next row.
    pub(super) fn push(&mut self, value: T) {
        match self.chunks.last_mut().filter(|chunk| chunk.len() < CHUNK) {
            None => self.chunks.push(Chunk::Same(value, 1)),
            Some(Chunk::Same(same, length)) if *same == value => *length += 1,
            Some(chunk) => chunk.each().push(value),
        }
    }

    /// The value of a row, if there is one.
    pub(super) fn get(&self, row: u32) -> Option<T> {
        let (chunk, place) = (row as usize / CHUNK, row as usize % CHUNK);
        match self.chunks.get(chunk)? {
            Chunk::Same(value, length) => (place < *length).then_some(*value),
            Chunk::Each(values) => values.get(place).copied(),
        }
    }

    /// The value of a row, to be changed.
    pub(super) fn get_mut(&mut self, row: u32) -> Option<&mut T> {
        let (chunk, place) = (row as usize / CHUNK, row as usize % CHUNK);
        self.chunks.get_mut(chunk).filter(|chunk| place < chunk.len())?.each().get_mut(place)
    }

    /// Bytes taken on the heap.
    pub(super) fn bytes(&self) -> usize {
        let values = self.chunks.iter().map(|chunk| match chunk {
            Chunk::Same(..) => 0,
            Chunk::Each(values) => values.capacity(),
        });
        values.sum::<usize>() * size_of::<T>() + self.chunks.capacity() * size_of::<Chunk<T>>()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{CHUNK, Column};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        /// It is a list, however its values repeat.
        #[test]
        fn a_column_is_a_list(
            runs in proptest::collection::vec((0_u8..3, 1_usize..2 * CHUNK), 0..6),
            changes in proptest::collection::vec((0_u32..5 * CHUNK as u32, 0_u8..9), 0..9),
        ) {
            let (mut column, mut list) = (Column::default(), Vec::new());
            for (value, length) in runs {
                (0..length).for_each(|_| column.push(value));
                list.resize(list.len() + length, value);
            }
            for (row, value) in changes {
                let (known, mine) = (list.get_mut(row as usize), column.get_mut(row));
                prop_assert_eq!(&mine, &known);
                if let (Some(known), Some(mine)) = (known, mine) {
                    (*known, *mine) = (value, value);
                }
            }
            for row in 0..=list.len() {
                prop_assert_eq!(column.get(row as u32), list.get(row).copied());
            }
        }
    }
}
