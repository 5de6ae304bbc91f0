//! Texts ↔ small numbers: names and ids recur, and an event holds them by number.

use std::sync::Arc;

use super::map::Map;

/// A text that was seen; comparing two compares their texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// All texts that were seen.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    numbers: Map<Arc<str>, Symbol>,
    texts: Vec<Arc<str>>,
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
        if let Some(symbol) = self.numbers.get(text) {
            return *symbol;
        }
        let text = if self.texts.len() >= Self::LIMIT { Self::OTHER } else { text };
        if let Some(symbol) = self.numbers.get(text) {
            return *symbol;
        }
        let symbol = Symbol(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, symbol);
        symbol
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The texts that came after the first `known`.
    pub fn since(&self, known: usize) -> &[Arc<str>] {
        self.texts.get(known..).unwrap_or_default()
    }

    /// Takes over what another has given numbers to, since the two were the same.
    pub fn follow(&mut self, new: Vec<Arc<str>>) {
        for text in new {
            let symbol = Symbol(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
            self.numbers.insert(Arc::clone(&text), symbol);
            self.texts.push(text);
        }
    }

    /// The number of `text` if it was seen.
    pub fn find(&self, text: &str) -> Option<Symbol> {
        self.numbers.get(text).copied()
    }

    /// The text of a number that came from here.
    pub fn text(&self, symbol: Symbol) -> &str {
        self.texts.get(symbol.0 as usize).map_or(Self::OTHER, |text| text)
    }
}
