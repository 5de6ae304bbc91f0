//! Texts ↔ small numbers: names and ids recur, and an event holds them by number.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use serde::{Deserialize, Serialize};

/// A text that was seen; comparing two compares their texts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Symbol(u32);

impl Symbol {
    /// Its number: below [`Symbols::LIMIT`] and a little.
    pub(crate) const fn number(self) -> u32 {
        self.0
    }

    /// The symbol of a number that [`Symbol::number`] gave.
    pub(crate) const fn of_number(number: u32) -> Self {
        Self(number)
    }
}

/// Texts, one after the other: a text is where it ends and where the one before it does.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    text: String,
    ends: Vec<u32>,
}

impl Texts {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        // All of them, each of the longest, are two gigabytes.
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    fn get(&self, place: usize) -> Option<&str> {
        let end = *self.ends.get(place)? as usize;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.text.get(start..end)
    }
}

/// All texts that were seen.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    /// By their texts, which are not held twice.
    numbers: HashTable<Symbol>,
    hasher: RandomState,
    texts: Texts,
}

impl Symbols {
    /// Texts kept apart; further ones are all [`Symbols::OTHER`]. Ten million events with an id
    /// of their own each are a gigabyte, more than any screen should take.
    pub const LIMIT: usize = 4_000_000;

    /// What stands for every text beyond the limit.
    pub const OTHER: &str = "…";

    /// The longest text kept, in bytes: no id or name comes near it. Longer ones are cut.
    pub const LONGEST: usize = 512;

    /// The number of `text`, given now if it is new.
    pub fn intern(&mut self, text: &str) -> Symbol {
        let mut end = text.len().min(Self::LONGEST);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = &text[..end];
        if let Some(symbol) = self.find(text) {
            return symbol;
        }
        if self.texts.len() < Self::LIMIT {
            return self.add(text);
        }
        self.find(Self::OTHER).unwrap_or_else(|| self.add(Self::OTHER))
    }

    /// Gives a number to a text that has none.
    fn add(&mut self, text: &str) -> Symbol {
        let Self { numbers, hasher, texts } = self;
        let symbol = Symbol(u32::try_from(texts.len()).unwrap_or(u32::MAX));
        texts.push(text);
        let hash_of =
            |symbol: &Symbol| hasher.hash_one(texts.get(symbol.0 as usize).unwrap_or_default());
        numbers.insert_unique(hasher.hash_one(text), symbol, hash_of);
        symbol
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The texts that came after the first `known`.
    pub fn since(&self, known: usize) -> Texts {
        let mut new = Texts::default();
        (known..self.len())
            .filter_map(|place| self.texts.get(place))
            .for_each(|text| new.push(text));
        new
    }

    /// Takes over what another has given numbers to, since the two were the same.
    pub fn follow(&mut self, new: &Texts) {
        for text in (0..new.len()).filter_map(|place| new.get(place)) {
            self.add(text);
        }
    }

    /// The number of `text` if it was seen.
    pub fn find(&self, text: &str) -> Option<Symbol> {
        let is_it = |symbol: &Symbol| self.texts.get(symbol.0 as usize) == Some(text);
        self.numbers.find(self.hasher.hash_one(text), is_it).copied()
    }

    /// The text of a number that came from here.
    pub fn text(&self, symbol: Symbol) -> &str {
        self.texts.get(symbol.0 as usize).unwrap_or(Self::OTHER)
    }
}
