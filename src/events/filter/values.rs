//! The values in a filter: texts, lists, amounts and places in JSON.

use std::ops::Range as Span;

use super::amount::{Range, Unit};
use super::mistake::Mistake;
use super::parse::{Parser, ends_word};
use super::term::{AmountField, Glob, Order, Pointer};
use super::{is_bare, is_key};

impl Parser<'_> {
    /// A text in quotes: `\"` and `\\` stand for themselves without the stroke.
    pub(super) fn quoted(&mut self) -> Result<(String, Span<usize>), Mistake> {
        let start = self.at;
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.at = start + at + 1;
                    return Ok((text, start..self.at));
                }
                '\\' => match characters.next() {
                    Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => break,
                },
                other => text.push(other),
            }
        }
        Err(Mistake::new(start..self.text.len(), "this quote is never closed").hint("add \""))
    }

    pub(super) fn order(&mut self) -> Option<Order> {
        Order::ALL.into_iter().find(|(sign, _)| self.eat(sign)).map(|(_, order)| order)
    }

    pub(super) fn pointer(&mut self) -> Result<Pointer, Mistake> {
        let start = self.at;
        let mut keys = Vec::new();
        if !self.eat("$") {
            let (_, at) = self.take(ends_word);
            return Err(
                Mistake::new(at, "a place in the payload begins with $").hint("$.data.tool")
            );
        }
        loop {
            if self.eat(".") {
                let (key, at) = self.take(|c| !(c.is_alphanumeric() || c == '_' || c == '-'));
                if !is_key(key) {
                    return Err(Mistake::new(at, "a key is missing here").hint("$.data[\"a b\"]"));
                }
                keys.push(key.to_owned());
            } else if self.eat("[") {
                let key = if self.rest().starts_with('"') {
                    self.quoted()?.0
                } else {
                    let (digits, at) = self.take(|c| !c.is_ascii_digit());
                    if digits.is_empty() {
                        let hint = "$.list[0] or $[\"a b\"]";
                        return Err(Mistake::new(at, "a number or a quote is due").hint(hint));
                    }
                    digits.to_owned()
                };
                keys.push(key);
                if !self.eat("]") {
                    return Err(Mistake::new(start..self.at, "this is never closed").hint("add ]"));
                }
            } else {
                return Ok(Pointer::new(keys));
            }
        }
    }

    /// One value, or several in braces.
    pub(super) fn globs(&mut self, what: &str) -> Result<Vec<Glob>, Mistake> {
        self.several(what, |parser| {
            if parser.rest().starts_with('"') {
                return parser.quoted().map(|(text, _)| Glob::new(text, true));
            }
            let (text, at) = parser.take(|c| ends_word(c) || matches!(c, ',' | '{' | '}'));
            if !is_bare(text) {
                return Err(Mistake::new(at, format!("{what} is missing here")));
            }
            Ok(Glob::new(text, false))
        })
    }

    pub(super) fn amounts(&mut self, field: AmountField) -> Result<Vec<Range>, Mistake> {
        if let Some(order) = self.order() {
            let (word, at) = self.take(ends_word);
            return single(field.unit(), Some(order), word, &at).map(|range| vec![range]);
        }
        let _ = self.eat(":") || self.eat("=");
        self.several("an amount", |parser| {
            let order = parser.order();
            let (word, at) = parser.take(|c| ends_word(c) || matches!(c, ',' | '{' | '}'));
            match word.split_once("..") {
                Some((from, to)) if order.is_none() => between(field.unit(), from, to, &at),
                _ => single(field.unit(), order, word, &at),
            }
        })
    }

    pub(super) fn several<T>(
        &mut self,
        what: &str,
        one: impl Fn(&mut Self) -> Result<T, Mistake>,
    ) -> Result<Vec<T>, Mistake> {
        let start = self.at;
        if !self.eat("{") {
            let value = one(self)?;
            return match self.rest().chars().next() {
                Some(',' | '{' | '}') => {
                    let message = format!("{what} ends here");
                    Err(Mistake::new(self.at..self.at + 1, message).hint("a list is {a,b}"))
                }
                _ => Ok(vec![value]),
            };
        }
        let mut values = Vec::new();
        loop {
            self.peek();
            values.push(one(self)?);
            self.peek();
            if self.eat("}") {
                return Ok(values);
            }
            if !self.eat(",") {
                return Err(Mistake::new(start..self.at, "this list is never closed").hint("add }"));
            }
        }
    }
}

pub(super) fn single(
    unit: Unit,
    order: Option<Order>,
    word: &str,
    at: &Span<usize>,
) -> Result<Range, Mistake> {
    let amount = unit.read(word).ok_or_else(|| {
        let what = if word.is_empty() { "an amount is missing here" } else { "this is no amount" };
        Mistake::new(at.clone(), what).hint(unit.form())
    })?;
    Ok(order.map_or(Range::Exactly(amount), |order| order.range(amount)))
}

pub(super) fn between(
    unit: Unit,
    from: &str,
    to: &str,
    at: &Span<usize>,
) -> Result<Range, Mistake> {
    let bound = |text: &str| (!text.is_empty()).then(|| single(unit, None, text, at)).transpose();
    match (bound(from)?, bound(to)?) {
        (Some(Range::Exactly(from)), Some(Range::Exactly(to))) if from <= to => {
            Ok(Range::Between(from, to))
        }
        (Some(Range::Exactly(from)), None) => Ok(Range::AtLeast(from)),
        (None, Some(Range::Exactly(to))) => Ok(Range::AtMost(to)),
        (None, None) => single(unit, None, "", at),
        _ => Err(Mistake::new(at.clone(), "the first is the larger one").hint("write 1..5")),
    }
}
