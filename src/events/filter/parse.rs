//! The text of a filter → its shape, or the first mistake in it.

use std::ops::Range as Span;

use super::amount::Unit;
use super::mistake::Mistake;
use super::term::{AmountField, Expr, Glob, Pattern, Term, Test, Text, WordField};
use super::values::{between, single};
use super::{DEEPEST, KEYWORDS, LONGEST, MOST_TERMS, OPS};
use crate::events::near::nearest;

/// How near `around:` looks where it is not said.
const USUALLY_AROUND: u64 = 5_000_000_000;

/// Conditions that are neither words nor amounts.
const OTHERS: [&str; 3] = ["has", "lacks", "around"];

/// What `flag:` may be besides codes.
const FLAGS: [&str; 4] = ["error", "warning", "info", "any"];

/// Reads a filter.
pub(super) fn parse(text: &str) -> Result<Expr, Mistake> {
    if text.len() > LONGEST {
        return Err(Mistake::new(0..text.len(), format!("a filter has at most {LONGEST} bytes")));
    }
    let mut parser = Parser { text, at: 0, terms: 0 };
    if parser.rest().trim().is_empty() {
        return Ok(Expr::All(Vec::new()));
    }
    let expr = parser.any(0)?;
    match parser.peek() {
        None => Ok(expr),
        Some(_) => Err(Mistake::new(parser.at..parser.at + 1, "nothing is open that this closes")),
    }
}

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    terms: usize,
}

impl<'t> Parser<'t> {
    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// The next character that is no space.
    pub(super) fn peek(&mut self) -> Option<char> {
        self.at = self.text.len() - self.rest().trim_start().len();
        self.rest().chars().next()
    }

    pub(super) fn eat(&mut self, what: &str) -> bool {
        let is_next = self.rest().starts_with(what);
        self.at += if is_next { what.len() } else { 0 };
        is_next
    }

    /// What comes before the next character that ends it.
    pub(super) fn take(&mut self, ends: impl Fn(char) -> bool) -> (&'t str, Span<usize>) {
        let start = self.at;
        let length = self.rest().find(ends).unwrap_or(self.rest().len());
        self.at += length;
        (&self.text[start..self.at], start..self.at)
    }

    /// Whether the next word is this one, which is then passed.
    fn keyword(&mut self, word: &str) -> bool {
        self.peek();
        let rest = self.rest();
        let is_next = rest.get(..word.len()).is_some_and(|next| next.eq_ignore_ascii_case(word))
            && rest[word.len()..].chars().next().is_none_or(ends_word);
        self.at += if is_next { word.len() } else { 0 };
        is_next
    }

    fn any(&mut self, depth: usize) -> Result<Expr, Mistake> {
        let mut children = vec![self.all(depth)?];
        while self.keyword("or") {
            children.push(self.all(depth)?);
        }
        Ok(join(children, Expr::Any, |child| match child {
            Expr::Any(inner) => Ok(inner),
            other => Err(other),
        }))
    }

    fn all(&mut self, depth: usize) -> Result<Expr, Mistake> {
        let mut children = vec![self.one(depth)?];
        loop {
            let anded = self.keyword("and");
            match self.peek() {
                None | Some(')') if !anded => break,
                _ if !anded && self.is_or() => break,
                _ => children.push(self.one(depth)?),
            }
        }
        Ok(join(children, Expr::All, |child| match child {
            Expr::All(inner) => Ok(inner),
            other => Err(other),
        }))
    }

    fn is_or(&mut self) -> bool {
        let before = self.at;
        let is_or = self.keyword("or");
        self.at = before;
        is_or
    }

    /// A condition, a negated one, or some in parentheses.
    fn one(&mut self, depth: usize) -> Result<Expr, Mistake> {
        let next = self.peek();
        let start = self.at;
        let deeper = || {
            let message = format!("more than {DEEPEST} within each other");
            if depth < DEEPEST {
                Ok(depth + 1)
            } else {
                Err(Mistake::new(start..start + 1, message))
            }
        };
        if next == Some('(') {
            let depth = deeper()?;
            self.at += 1;
            let inner = self.any(depth)?;
            if self.peek() != Some(')') {
                return Err(Mistake::new(start..start + 1, "this is never closed").hint("add )"));
            }
            self.at += 1;
            return Ok(inner);
        }
        if self.keyword("not") {
            let depth = deeper()?;
            return Ok(Expr::Not(Box::new(self.one(depth)?)));
        }
        self.terms += 1;
        if self.terms > MOST_TERMS {
            let message = format!("a filter has at most {MOST_TERMS} conditions");
            return Err(Mistake::new(start..self.text.len(), message));
        }
        match next {
            None | Some(')') => {
                let message = "a condition is missing here";
                Err(Mistake::new(start..start + usize::from(next.is_some()), message)
                    .hint("type:NAME, user:NAME, \"a text\""))
            }
            Some('"') => self.quoted().and_then(|(text, at)| Self::text_term(&text, at)),
            Some('/') => self.matches(),
            Some('#') => self.frames(),
            Some('$') => self.at_pointer(),
            Some(_) => self.word(),
        }
        .map(Expr::Term)
    }

    fn text_term(text: &str, at: Span<usize>) -> Result<Term, Mistake> {
        if text.is_empty() {
            return Err(Mistake::new(at, "every payload has this in it").hint("\"some text\""));
        }
        Text::new(text).map(Term::Text).ok_or_else(|| Mistake::new(at, "this text is too long"))
    }

    fn matches(&mut self) -> Result<Term, Mistake> {
        let start = self.at;
        let mut source = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '/' => {
                    self.at = start + at + 1;
                    let span = start..self.at;
                    return Pattern::new(&source).map(Term::Matches).map_err(|error| {
                        let message = match error {
                            regex::Error::CompiledTooBig(_) => "this is too large to match fast",
                            _ => "this is no regular expression",
                        };
                        let why = error.to_string();
                        let why = why.lines().last().unwrap_or_default();
                        Mistake::new(span, message).hint(why.trim_start_matches("error: "))
                    });
                }
                '\\' => match characters.next() {
                    Some((_, '/')) => source.push('/'),
                    Some((_, other)) => source.extend(['\\', other]),
                    None => break,
                },
                other => source.push(other),
            }
        }
        let message = "this regular expression is never closed";
        Err(Mistake::new(start..self.text.len(), message).hint("add / or quote the text"))
    }

    fn frames(&mut self) -> Result<Term, Mistake> {
        self.at += 1;
        let order = self.order();
        let (word, span) = self.take(ends_word);
        let range = match word.split_once("..") {
            Some((from, to)) if order.is_none() => {
                between(Unit::Count, from, to.trim_start_matches('#'), &span)?
            }
            _ => single(Unit::Count, order, word, &span)?,
        };
        Ok(Term::Amount(AmountField::Frame, vec![range]))
    }

    fn at_pointer(&mut self) -> Result<Term, Mistake> {
        let start = self.at;
        let pointer = self.pointer()?;
        if let Some(order) = self.order() {
            let (word, at) = self.take(ends_word);
            let number = word.parse().ok().filter(|number: &f64| number.is_finite());
            let number = number
                .ok_or_else(|| Mistake::new(at, "only numbers are more or less").hint("$.n>5"))?;
            return Ok(Term::At(pointer, Test::Compare(order, number)));
        }
        if self.eat("=") || self.eat(":") {
            return Ok(Term::At(pointer, Test::Is(self.globs("a value")?)));
        }
        let path = &self.text[start..self.at];
        let message = "what of it?";
        let hint = format!("has:{path}, {path}=VALUE or {path}>5");
        Err(Mistake::new(start..self.at, message).hint(hint))
    }

    /// A condition that begins with a field's name, or a text to look for.
    fn word(&mut self) -> Result<Term, Mistake> {
        let start = self.at;
        let (name, at) = self.take(|c| ends_word(c) || matches!(c, ':' | '<' | '>' | '='));
        let sign = self.rest().chars().next().filter(|c| matches!(c, ':' | '<' | '>' | '='));
        if sign.is_none() {
            return Self::bare_text(name, at);
        }
        let word = WordField::ALL.into_iter().find(|(known, _)| *known == name);
        let amount = AmountField::ALL.into_iter().find(|(known, _)| *known == name);
        if let Some((_, field)) = amount {
            return self.amounts(field).map(|ranges| Term::Amount(field, ranges));
        }
        let known = word.is_some() || OTHERS.contains(&name);
        if known && !(self.eat(":") || self.eat("=")) {
            let sign = self.at..self.at + 1;
            return Err(
                Mistake::new(sign, format!("{name} is no number")).hint(format!("{name}:…"))
            );
        }
        match (word, name) {
            (Some((_, field)), _) => self.words(field),
            (_, "has") => self.pointer().map(Term::Has),
            (_, "lacks") => self.globs("an event").map(Term::Lacks),
            (_, "around") => self.around(),
            _ => {
                self.take(ends_word);
                Err(unknown(name, at, &self.text[start..self.at]))
            }
        }
    }

    fn bare_text(text: &str, at: Span<usize>) -> Result<Term, Mistake> {
        let hint = match text {
            "&" | "&&" => Some("side by side is and: a b"),
            "|" | "||" => Some("write a or b"),
            _ if text.starts_with(['!', '~']) => Some("write not …, or quote it"),
            _ if KEYWORDS.contains(&text.to_ascii_lowercase().as_str()) => {
                let message = format!("{text} stands between two conditions");
                return Err(
                    Mistake::new(at, message).hint(format!("\"{text}\" looks for the word"))
                );
            }
            _ => None,
        };
        match hint {
            Some(hint) => Err(Mistake::new(at, "this is not how it is written here").hint(hint)),
            None => Self::text_term(text, at),
        }
    }

    fn words(&mut self, field: WordField) -> Result<Term, Mistake> {
        let start = self.at;
        let mut globs = self.globs(&format!("a {}", field.name()))?;
        let at = start..self.at;
        let known: &[&str] = match field {
            WordField::Op => &OPS,
            WordField::Dir => &["out", "in"],
            WordField::Flag => &FLAGS,
            _ => return Ok(Term::Word(field, globs)),
        };
        for glob in &mut globs {
            let text = match (field, glob.text()) {
                (WordField::Dir, "c2s" | "→") => "out",
                (WordField::Dir, "s2c" | "←") => "in",
                (_, text) => text,
            };
            let code = text.to_ascii_uppercase();
            let is_code = field == WordField::Flag && is_code(text);
            let text = if is_code { &code } else { text };
            if !is_code && !glob.is_wild() && !known.contains(&text) {
                let message = format!("{} is never {text}", field.name());
                let near = nearest(text, known.iter().copied());
                let hint = near.map_or(known.join(", "), |near| format!("did you mean {near}?"));
                return Err(Mistake::new(at, message).hint(hint));
            }
            *glob = Glob::new(text.to_owned(), !glob.is_wild());
        }
        Ok(Term::Word(field, globs))
    }

    fn around(&mut self) -> Result<Term, Mistake> {
        let (word, at) = self.take(|c| !(c.is_ascii_alphanumeric() || c == '*'));
        if !is_code(word) {
            let message = "around what? a finding's code is due";
            return Err(Mistake::new(at, message).hint("around:E102 5s"));
        }
        let before = self.at;
        self.peek();
        let (next, _) = self.take(ends_word);
        let ns = Unit::Time.read(next);
        if ns.is_none() {
            self.at = before;
        }
        let code = Glob::new(word.to_ascii_uppercase(), false);
        Ok(Term::Around(code, ns.unwrap_or(USUALLY_AROUND)))
    }
}

/// Children that are of the same kind become the parent's own.
fn join(
    children: Vec<Expr>,
    parent: fn(Vec<Expr>) -> Expr,
    open: impl Fn(Expr) -> Result<Vec<Expr>, Expr>,
) -> Expr {
    let mut all = Vec::with_capacity(children.len());
    for child in children {
        match open(child) {
            Ok(inner) => all.extend(inner),
            Err(child) => all.push(child),
        }
    }
    match <[Expr; 1]>::try_from(all) {
        Ok([only]) => only,
        Err(all) => parent(all),
    }
}

fn unknown(name: &str, at: Span<usize>, whole: &str) -> Mistake {
    let words = WordField::ALL.into_iter().map(|(known, _)| known);
    let amounts = AmountField::ALL.into_iter().map(|(known, _)| known);
    let near = nearest(name, words.chain(amounts).chain(OTHERS));
    let mistake = Mistake::new(at, format!("there is no field {name}"));
    match near {
        Some(near) => mistake.hint(format!("did you mean {near}?")),
        None => mistake.hint(format!("\"{whole}\" looks for the text")),
    }
}

/// `E102`, `W2*`.
fn is_code(text: &str) -> bool {
    text.starts_with(['E', 'W', 'e', 'w'])
        && text.len() > 1
        && text.len() <= 4
        && text[1..].chars().all(|c| c.is_ascii_digit() || c == '*')
}

pub(super) fn ends_word(character: char) -> bool {
    character.is_whitespace() || matches!(character, '(' | ')' | '"')
}
