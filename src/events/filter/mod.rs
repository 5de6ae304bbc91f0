//! A line that people type → which events it means.
//!
//! `type:tool_* user:user_07 not (size>4k or $.data.tool=search_costs)`. Conditions side by side
//! must all hold. A comparison with something that is absent does not hold, so that its `not`
//! does. What needs an event's payload is asked last: most events are decided without.

use std::borrow::Cow;

use super::event::Kind;
use crate::wire::Opcode;

mod amount;
mod mistake;
mod named;
mod parse;
mod print;
mod term;
mod values;
mod words;

pub use amount::{Range, Unit};
pub use mistake::Mistake;
pub use named::expand;
pub use term::{AmountField, Expr, Glob, Order, Pattern, Pointer, Term, Test, Text, WordField};

/// The longest filter, in bytes: nobody types more.
pub const LONGEST: usize = 4096;

/// Parentheses and `not`s within each other.
pub const DEEPEST: usize = 32;

/// Conditions of one filter: each may hold a compiled regular expression.
pub const MOST_TERMS: usize = 128;

/// Which events.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    expr: Expr,
}

/// What a filter asks an event.
pub trait Subject {
    /// What it was made from.
    fn kind(&self) -> Kind;
    /// The text of a field; of [`WordField::Op`] and [`WordField::Flag`] it is not asked.
    fn word(&self, field: WordField) -> Option<Cow<'_, str>>;
    /// The amount of a field; of [`AmountField::Frame`] it is not asked.
    fn amount(&self, field: AmountField) -> Option<u64>;
    /// Ids of its first and last frame.
    fn frames(&self) -> (i64, i64);
    /// Whether it is flagged so: `error`, `E102`.
    fn is_flagged(&self, wanted: &Glob) -> bool;
    /// Whether its run has an event of one of these names; `None` if it is of no run.
    fn run_has(&self, names: &[Glob]) -> Option<bool>;
    /// Nanoseconds to the nearest finding of this code, if there is any.
    fn nearest(&self, code: &Glob) -> Option<u64>;
}

/// The payload of an event's message.
#[derive(Clone, Copy, Debug)]
pub struct Payload<'a> {
    /// What the message was.
    pub opcode: Opcode,
    /// All of it.
    pub bytes: &'a [u8],
    /// The JSON in it, if there is any.
    pub json: Option<&'a str>,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        parse::parse(text).map(|expr| Self { expr })
    }

    /// A filter of this shape.
    pub fn of(expr: Expr) -> Self {
        Self { expr }
    }

    /// Its shape.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// What it asks for, in words. May hold words of the filter as they are: escape before showing.
    pub fn in_words(&self) -> String {
        words::expr(&self.expr, false)
    }

    /// Whether an event is meant; `None` if that can't be said without its payload.
    pub fn meets(&self, subject: &dyn Subject, payload: Option<&Payload<'_>>) -> Option<bool> {
        meets(&self.expr, subject, payload)
    }

    /// Its conditions by name, and the filter that remains without each: what to drop where
    /// nothing is met.
    pub fn without_one(&self) -> Vec<(String, Self)> {
        let Expr::All(children) = &self.expr else { return Vec::new() };
        (0..children.len())
            .map(|dropped| {
                let mut rest = children.clone();
                let dropped = rest.remove(dropped);
                let only = if rest.len() == 1 { rest.pop() } else { None };
                let rest = only.unwrap_or(Expr::All(rest));
                (Self::of(Expr::All(vec![dropped])).to_string(), Self::of(rest))
            })
            .collect()
    }
}

/// All that decide for themselves are asked before any that needs what is not at hand.
fn meets(expr: &Expr, subject: &dyn Subject, payload: Option<&Payload<'_>>) -> Option<bool> {
    match expr {
        Expr::Term(term) => holds(term, subject, payload),
        Expr::Not(inner) => meets(inner, subject, payload).map(|met| !met),
        Expr::All(children) => decide(children, false, |child| meets(child, subject, payload)),
        Expr::Any(children) => decide(children, true, |child| meets(child, subject, payload)),
    }
}

/// One child that is `decisive` decides; else one that can't be told leaves it open.
fn decide(children: &[Expr], decisive: bool, met: impl Fn(&Expr) -> Option<bool>) -> Option<bool> {
    let mut open = false;
    for child in children {
        match met(child) {
            Some(met) if met == decisive => return Some(decisive),
            Some(_) => {}
            None => open = true,
        }
    }
    (!open).then_some(!decisive)
}

fn holds(term: &Term, subject: &dyn Subject, payload: Option<&Payload<'_>>) -> Option<bool> {
    // What has no payload has nothing in it.
    let with_payload = |asked: &dyn Fn(&Payload<'_>) -> bool| {
        if has_payload(subject.kind()) { payload.map(asked) } else { Some(false) }
    };
    match term {
        Term::Text(text) => {
            let name = subject.word(WordField::Type);
            if name.is_some_and(|name| text.is_in(name.as_bytes())) {
                return Some(true);
            }
            // `E102` by itself means what is flagged so, too.
            if text.code().is_some_and(|code| subject.is_flagged(&code)) {
                return Some(true);
            }
            with_payload(&|payload| text.is_in(payload.bytes))
        }
        Term::Matches(pattern) => with_payload(&|payload| pattern.is_in(payload.bytes)),
        Term::At(pointer, test) => with_payload(&|payload| pointer.meets(payload.json, test)),
        Term::Has(pointer) => with_payload(&|payload| pointer.has(payload.json)),
        Term::Word(WordField::Op, globs) => {
            let is = |word: &str| globs.iter().any(|glob| glob.meets(word));
            match op(subject.kind()) {
                Some(word) => Some(is(word)),
                None => with_payload(&|payload| is(payload.opcode.word())),
            }
        }
        Term::Word(WordField::Flag, globs) => {
            Some(globs.iter().any(|glob| subject.is_flagged(glob)))
        }
        Term::Word(field, globs) => {
            let word = subject.word(*field);
            Some(word.is_some_and(|word| globs.iter().any(|glob| glob.meets(&word))))
        }
        Term::Amount(AmountField::Frame, ranges) => {
            let (first, last) = subject.frames();
            Some(last > 0 && ranges.iter().any(|range| overlaps(*range, first.max(0), last)))
        }
        Term::Amount(field, ranges) => {
            let amount = subject.amount(*field);
            Some(amount.is_some_and(|amount| ranges.iter().any(|range| range.has(amount))))
        }
        Term::Lacks(names) => Some(subject.run_has(names) == Some(false)),
        Term::Around(code, ns) => Some(subject.nearest(code).is_some_and(|away| away <= *ns)),
    }
}

fn has_payload(kind: Kind) -> bool {
    matches!(kind, Kind::Message | Kind::Undecodable | Kind::Close | Kind::Ping | Kind::Pong)
}

/// The word for what an event is, where its kind tells.
const fn op(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Message | Kind::Undecodable => None,
        Kind::Open => Some("open"),
        Kind::Close => Some("close"),
        Kind::Abort => Some("abort"),
        Kind::Refused => Some("refused"),
        Kind::Ping => Some("ping"),
        Kind::Pong => Some("pong"),
        Kind::Gap => Some("gap"),
    }
}

/// What `op:` may be.
const OPS: [&str; 10] =
    ["text", "binary", "close", "ping", "pong", "open", "abort", "refused", "gap", "continuation"];

/// Any frame of the message is in the range.
fn overlaps(range: Range, first: i64, last: i64) -> bool {
    let (first, last) = (first as u64, last as u64);
    match range {
        Range::Above(bound) => last > bound,
        Range::AtLeast(bound) => last >= bound,
        Range::Below(bound) => first < bound,
        Range::AtMost(bound) => first <= bound,
        Range::Exactly(wanted) => (first..=last).contains(&wanted),
        Range::Between(from, to) => first <= to && last >= from,
    }
}

/// Words that combine others.
const KEYWORDS: [&str; 3] = ["and", "or", "not"];

/// Whether a value can stand without quotes.
fn is_bare(text: &str) -> bool {
    let special = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '{' | '}' | ',');
    !text.is_empty() && !text.contains(special)
}

/// Whether a text to look for can stand without quotes.
fn is_plain(text: &str) -> bool {
    let special = |c: char| matches!(c, ':' | '<' | '>' | '=');
    is_bare(text)
        && !text.contains(special)
        && !text.starts_with(['/', '#', '$', '-', '!', '@', '&', '|', '~'])
        && !KEYWORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether a key can follow a dot.
fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}
