//! Two sequences → the longest sequence that both have: which places of one are which of the other.
//!
//! By Hirschberg's way (CACM 18, 1975), whose rows are bits (Hyyrö, "Bit-parallel LCS-length
//! computation revisited", 2004). So the answer is exact whatever the sequences are like, room
//! grows with their lengths, and two of 100,000 that have nothing in order in common take a third
//! of a second. Myers' way, which libraries take, is quadratic there, or stops by the clock.

use std::collections::HashMap;

/// Cells up to which a plain table is quicker than bits.
const TABLE: usize = 1 << 14;

/// Places `(i, j)` with `a[i] == b[j]`, rising in both, as many as there can be.
pub(super) fn common(a: &[u32], b: &[u32]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    split(a, b, (0, 0), &mut pairs);
    pairs
}

/// The places of `a` and `b`, which begin at `at`.
fn split(a: &[u32], b: &[u32], at: (usize, usize), pairs: &mut Vec<(usize, usize)>) {
    let head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    pairs.extend((0..head).map(|place| (at.0 + place, at.1 + place)));
    let (a, b, at) = (&a[head..], &b[head..], (at.0 + head, at.1 + head));
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (mid_a, mid_b) = (&a[..a.len() - tail], &b[..b.len() - tail]);
    match mid_a {
        [] => {}
        [one] => {
            let found = mid_b.iter().position(|other| other == one);
            pairs.extend(found.map(|place| (at.0, at.1 + place)));
        }
        _ if mid_a.len() * mid_b.len() <= TABLE => table(mid_a, mid_b, at, pairs),
        _ => {
            let half = mid_a.len() / 2;
            let cut = best_cut(&mid_a[..half], &mid_a[half..], mid_b);
            split(&mid_a[..half], &mid_b[..cut], at, pairs);
            split(&mid_a[half..], &mid_b[cut..], (at.0 + half, at.1 + cut), pairs);
        }
    }
    let at = (at.0 + mid_a.len(), at.1 + mid_b.len());
    pairs.extend((0..tail).map(|place| (at.0 + place, at.1 + place)));
}

/// Where `b` is to be cut, so that its parts have the most in common with `first` and `second`.
fn best_cut(first: &[u32], second: &[u32], b: &[u32]) -> usize {
    let before = lengths(first.iter(), b.iter());
    let after = lengths(second.iter().rev(), b.iter().rev());
    let total = |cut: &usize| before[*cut] + after[b.len() - cut];
    // Of equals the first: what both have is told as early as it can be.
    (0..=b.len()).rev().max_by_key(total).unwrap_or(0)
}

/// By `j`: how much `a` has in common with the first `j` of `b`.
fn lengths<'a>(
    a: impl Iterator<Item = &'a u32>,
    b: impl ExactSizeIterator<Item = &'a u32>,
) -> Vec<u32> {
    let length = b.len();
    // By value: the words of its places, and the places' bits.
    let mut places: HashMap<u32, Vec<(usize, u64)>> = HashMap::new();
    for (place, value) in b.enumerate() {
        let (word, bit) = (place / 64, 1 << (place % 64));
        let words = places.entry(*value).or_default();
        match words.last_mut().filter(|last| last.0 == word) {
            Some((_, bits)) => *bits |= bit,
            None => words.push((word, bit)),
        }
    }
    let mut row = vec![u64::MAX; length.div_ceil(64)];
    for value in a {
        if let Some(words) = places.get(value) {
            step(&mut row, words);
        }
    }
    let mut counts = Vec::with_capacity(length + 1);
    counts.push(0);
    let mut count = 0;
    for place in 0..length {
        count += u32::from(row[place / 64] >> (place % 64) & 1 == 0);
        counts.push(count);
    }
    counts
}

/// One value of `a`: row + (row & places) | row & !places, over all words.
fn step(row: &mut [u64], places: &[(usize, u64)]) {
    let mut carry_to = None;
    for (word, bits) in places {
        // A carry that ends before this word.
        let carried = match carry_to.take() {
            Some(from) if from <= *word => carry(row, from, *word),
            _ => false,
        };
        let was = row[*word];
        let (sum, over) = was.overflowing_add(was & bits);
        let (sum, over_too) = sum.overflowing_add(u64::from(carried));
        row[*word] = sum | (was & !bits);
        carry_to = (over || over_too).then_some(word + 1);
    }
    if let Some(from) = carry_to {
        let end = row.len();
        carry(row, from, end);
    }
}

/// Carries a one through the words from `from` that have no place; whether it comes to `to`.
fn carry(row: &mut [u64], from: usize, to: usize) -> bool {
    for word in &mut row[from..to] {
        let (sum, over) = word.overflowing_add(1);
        *word |= sum;
        if !over {
            return false;
        }
    }
    true
}

/// The same by a table of all lengths.
fn table(a: &[u32], b: &[u32], at: (usize, usize), pairs: &mut Vec<(usize, usize)>) {
    let width = b.len() + 1;
    let mut rest = vec![0_u16; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            rest[i * width + j] = if a[i] == b[j] {
                rest[(i + 1) * width + j + 1] + 1
            } else {
                rest[(i + 1) * width + j].max(rest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            pairs.push((at.0 + i, at.1 + j));
            (i, j) = (i + 1, j + 1);
        } else if rest[(i + 1) * width + j] >= rest[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{common, lengths, table};

    /// As the book has it.
    fn naive(a: &[u32], b: &[u32]) -> Vec<u32> {
        let mut row = vec![0; b.len() + 1];
        for value in a {
            let before = row.clone();
            for j in 0..b.len() {
                row[j + 1] = if value == &b[j] { before[j] + 1 } else { before[j + 1].max(row[j]) };
            }
        }
        row
    }

    proptest! {
        #[test]
        fn bits_count_as_a_table_does(
            a in vec(0..6_u32, 0..300), b in vec(0..6_u32, 0..300), rare in 1..200_u32
        ) {
            let b: Vec<u32> = b.iter().enumerate().map(|(at, b)| b + rare * (at as u32 / 70)).collect();
            prop_assert_eq!(lengths(a.iter(), b.iter()), naive(&a, &b));
        }

        #[test]
        fn what_is_common_is_in_both_in_order_and_the_longest(
            a in vec(0..5_u32, 0..400), b in vec(0..5_u32, 0..400)
        ) {
            let pairs = common(&a, &b);
            prop_assert!(pairs.iter().all(|(i, j)| a[*i] == b[*j]));
            prop_assert!(pairs.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 < two[1].1));
            prop_assert_eq!(pairs.len() as u32, *naive(&a, &b).last().unwrap());
            let mut small = Vec::new();
            table(&a, &b, (0, 0), &mut small);
            prop_assert_eq!(small.len(), pairs.len());
        }
    }

    #[test]
    fn long_sequences_with_nothing_in_order_take_a_moment() {
        let a: Vec<u32> = (0..20_000).map(|place| place % 251).collect();
        let b: Vec<u32> = a.iter().rev().copied().collect();
        let pairs = common(&a, &b);
        assert!(pairs.len() > 100 && pairs.iter().all(|(i, j)| a[*i] == b[*j]));
    }
}
