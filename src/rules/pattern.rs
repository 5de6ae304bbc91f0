//! The text of a lifecycle ⇄ its [`Pattern`] (rules.md, 2.3).
//!
//! ```text
//! choice   := shuffle ("|" shuffle)*
//! shuffle  := sequence ("&" sequence)*
//! sequence := repeat+
//! repeat   := atom ("*" | "+" | "?" | "{" n ["," [m]] "}")?
//! atom     := NAME | "@" NAME | "." | "(" choice ")" | "()"
//! ```
//!
//! A `NAME` is made of letters, digits, `_`, `-`, `.` and `:`, and neither begins nor ends with a
//! dot, so that a dot by itself is plainly "any event".

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use super::Pattern;

/// Parentheses within parentheses. People write three or four; the parser recurses once for each.
const MAX_NESTING: usize = 64;

/// The highest count in `{…}`: each count is a state of the automaton, which has 4096 at most.
const MAX_REPEAT: u32 = 1000;

/// Bytes of a pattern's text: far beyond any that people can read, and cheap to refuse.
const MAX_TEXT: usize = 65_536;

/// What is wrong with a pattern, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// Bytes of the pattern's text.
    pub at: Range<usize>,
    /// One sentence, without the place.
    pub message: String,
}

/// Reads a pattern. Fails on text that is no pattern of the grammar, or beyond a limit.
pub fn parse(text: &str) -> Result<Pattern, PatternError> {
    if text.len() > MAX_TEXT {
        let message = format!("a pattern has {MAX_TEXT} bytes at most");
        return Err(PatternError { at: 0..text.len(), message });
    }
    let mut parser = Parser { text, at: 0, nesting: 0 };
    if parser.peek().is_none() {
        return Err(parser.error("an empty pattern; `()` stands for no event at all"));
    }
    let pattern = parser.choice()?;
    match parser.peek() {
        None => Ok(pattern),
        Some(')') => Err(parser.error("this `)` closes nothing")),
        Some(c) => Err(parser.error(format!("`{c}` is not expected here"))),
    }
}

/// Whether `c` may stand in a name.
fn in_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')
}

struct Parser<'a> {
    text: &'a str,
    /// Byte offset of what comes next.
    at: usize,
    /// Open parentheses.
    nesting: usize,
}

impl Parser<'_> {
    /// The next character that is no white space.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    /// An error at the next character, or at the end.
    fn error(&self, message: impl Into<String>) -> PatternError {
        let length = self.text[self.at..].chars().next().map_or(0, char::len_utf8);
        PatternError { at: self.at..self.at + length, message: message.into() }
    }

    fn choice(&mut self) -> Result<Pattern, PatternError> {
        let mut parts = vec![self.shuffle()?];
        while self.take('|') {
            parts.push(self.shuffle()?);
        }
        Ok(one_or(parts, Pattern::Choice))
    }

    fn shuffle(&mut self) -> Result<Pattern, PatternError> {
        let mut parts = vec![self.sequence()?];
        while self.take('&') {
            parts.push(self.sequence()?);
        }
        Ok(one_or(parts, Pattern::Shuffle))
    }

    fn sequence(&mut self) -> Result<Pattern, PatternError> {
        let mut parts = vec![self.repeat()?];
        while self.peek().is_some_and(|c| in_name(c) || matches!(c, '@' | '(')) {
            parts.push(self.repeat()?);
        }
        Ok(one_or(parts, Pattern::Sequence))
    }

    fn repeat(&mut self) -> Result<Pattern, PatternError> {
        let atom = self.atom()?;
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => self.counts()?,
            _ => return Ok(atom),
        };
        self.at += 1;
        if self.peek().is_some_and(|c| matches!(c, '*' | '+' | '?' | '{')) {
            return Err(self.error("one repeat too many; put parentheses around the first"));
        }
        Ok(Pattern::Repeat { inner: Box::new(atom), min, max })
    }

    /// `{n}`, `{n,}` or `{n,m}`, up to the closing brace.
    fn counts(&mut self) -> Result<(u32, Option<u32>), PatternError> {
        let start = self.at;
        self.at += 1;
        let min = self.number()?;
        let max = if !self.take(',') {
            Some(min)
        } else if self.peek() == Some('}') {
            None
        } else {
            Some(self.number()?)
        };
        if self.peek() != Some('}') {
            return Err(self.error("a repeat is `{n}`, `{n,}` or `{n,m}`"));
        }
        if let Some(max) = max.filter(|&max| max < min) {
            let message = format!("at least {min} and at most {max} can't both be");
            return Err(PatternError { at: start..self.at + 1, message });
        }
        Ok((min, max))
    }

    fn number(&mut self) -> Result<u32, PatternError> {
        self.peek();
        let rest = &self.text[self.at..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 {
            return Err(self.error("a number is expected here"));
        }
        let at = self.at..self.at + digits;
        self.at = at.end;
        match self.text[at.clone()].parse() {
            Ok(number) if number <= MAX_REPEAT => Ok(number),
            _ => Err(PatternError { at, message: format!("at most {MAX_REPEAT} times") }),
        }
    }

    fn atom(&mut self) -> Result<Pattern, PatternError> {
        match self.peek() {
            Some('(') => self.parentheses(),
            Some('@') => {
                self.at += 1;
                let next = self.text[self.at..].chars().next();
                if !next.is_some_and(in_name) {
                    return Err(self.error("the name of a sub-lifecycle follows `@` at once"));
                }
                Ok(Pattern::Sub(self.name()?))
            }
            Some('.') if !self.text[self.at + 1..].starts_with(in_name) => {
                self.at += 1;
                Ok(Pattern::Any)
            }
            Some(c) if in_name(c) => Ok(Pattern::Name(self.name()?)),
            Some(c @ ('*' | '+' | '?' | '{')) => {
                Err(self.error(format!("nothing stands before `{c}` that it could repeat")))
            }
            Some(_) => Err(self.error("an event's name is expected here")),
            None => Err(self.error("an event's name is expected at the end")),
        }
    }

    fn parentheses(&mut self) -> Result<Pattern, PatternError> {
        let opening = self.at..self.at + 1;
        if self.nesting == MAX_NESTING {
            let message = format!("over {MAX_NESTING} parentheses within each other");
            return Err(PatternError { at: opening, message });
        }
        self.at += 1;
        if self.take(')') {
            return Ok(Pattern::Sequence(Vec::new()));
        }
        self.nesting += 1;
        let inner = self.choice()?;
        self.nesting -= 1;
        match self.peek() {
            Some(')') => self.at += 1,
            None => {
                let message = "this `(` is never closed".to_owned();
                return Err(PatternError { at: opening, message });
            }
            Some(c) => return Err(self.error(format!("`{c}` is not expected here"))),
        }
        Ok(inner)
    }

    fn name(&mut self) -> Result<String, PatternError> {
        let rest = &self.text[self.at..];
        let name = &rest[..rest.find(|c| !in_name(c)).unwrap_or(rest.len())];
        if name.starts_with('.') || name.ends_with('.') {
            let message = format!(
                "`{name}`: a name has dots only inside; set \"any event\" apart with spaces"
            );
            return Err(PatternError { at: self.at..self.at + name.len(), message });
        }
        self.at += name.len();
        Ok(name.to_owned())
    }
}

/// The only part itself, or all of them under `kind`.
fn one_or(mut parts: Vec<Pattern>, kind: fn(Vec<Pattern>) -> Pattern) -> Pattern {
    match parts.len() {
        1 => parts.remove(0),
        _ => kind(parts),
    }
}

impl Pattern {
    /// The events that it names, each once, in order of first mention.
    pub fn names(&self) -> Vec<&str> {
        self.mentions(|pattern| match pattern {
            Pattern::Name(name) => Some(name),
            _ => None,
        })
    }

    /// The sub-lifecycles that it names (`tool` for `@tool`), each once, in order of first mention.
    pub fn subs(&self) -> Vec<&str> {
        self.mentions(|pattern| match pattern {
            Pattern::Sub(name) => Some(name),
            _ => None,
        })
    }

    fn mentions<'a>(&'a self, pick: impl Fn(&'a Pattern) -> Option<&'a String>) -> Vec<&'a str> {
        let (mut found, mut known) = (Vec::new(), HashSet::new());
        let mut ahead = vec![self];
        while let Some(pattern) = ahead.pop() {
            if let Some(name) = pick(pattern).filter(|name| known.insert(name.as_str())) {
                found.push(name.as_str());
            }
            match pattern {
                Pattern::Sequence(parts) | Pattern::Choice(parts) | Pattern::Shuffle(parts) => {
                    ahead.extend(parts.iter().rev());
                }
                Pattern::Repeat { inner, .. } => ahead.push(inner),
                Pattern::Name(_) | Pattern::Sub(_) | Pattern::Any => {}
            }
        }
        found
    }

    /// How tightly it binds: a part that binds no tighter than its whole needs parentheses.
    fn binding(&self) -> u8 {
        match self {
            Pattern::Choice(_) => 0,
            Pattern::Shuffle(_) => 1,
            Pattern::Sequence(parts) if !parts.is_empty() => 2,
            Pattern::Repeat { .. } => 3,
            _ => 4,
        }
    }

    fn write_parts(
        &self,
        out: &mut fmt::Formatter<'_>,
        parts: &[Pattern],
        between: &str,
    ) -> fmt::Result {
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                out.write_str(between)?;
            }
            self.write_part(out, part)?;
        }
        Ok(())
    }

    fn write_part(&self, out: &mut fmt::Formatter<'_>, part: &Pattern) -> fmt::Result {
        if part.binding() > self.binding() {
            write!(out, "{part}")
        } else {
            write!(out, "({part})")
        }
    }
}

/// What [`parse`] reads back as the same pattern, if it came from there.
impl fmt::Display for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::Name(name) => out.write_str(name),
            Pattern::Sub(name) => write!(out, "@{name}"),
            Pattern::Any => out.write_str("."),
            Pattern::Sequence(parts) if parts.is_empty() => out.write_str("()"),
            Pattern::Sequence(parts) => self.write_parts(out, parts, " "),
            Pattern::Choice(parts) => self.write_parts(out, parts, " | "),
            Pattern::Shuffle(parts) => self.write_parts(out, parts, " & "),
            Pattern::Repeat { inner, min, max } => {
                self.write_part(out, inner)?;
                match (min, max) {
                    (0, None) => out.write_str("*"),
                    (1, None) => out.write_str("+"),
                    (0, Some(1)) => out.write_str("?"),
                    (min, None) => write!(out, "{{{min},}}"),
                    (min, Some(max)) if min == max => write!(out, "{{{min}}}"),
                    (min, Some(max)) => write!(out, "{{{min},{max}}}"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Pattern {
        Pattern::Name(text.to_owned())
    }

    fn star(inner: Pattern) -> Pattern {
        Pattern::Repeat { inner: Box::new(inner), min: 0, max: None }
    }

    #[test]
    fn choice_binds_less_than_shuffle_less_than_sequence_less_than_repeat() {
        let shuffled = Pattern::Shuffle(vec![
            Pattern::Sequence(vec![name("b"), star(name("c"))]),
            Pattern::Sub("tool".to_owned()),
        ]);
        let whole = Pattern::Choice(vec![name("a"), shuffled, Pattern::Any]);
        assert_eq!(parse("a|b c*&@tool | .").unwrap(), whole);
        assert_eq!(whole.to_string(), "a | b c* & @tool | .");
    }

    #[test]
    fn names_hold_dots_dashes_and_colons_and_a_dot_by_itself_is_any_event() {
        let parts = vec![name("ws.open"), Pattern::Any, name("a-b:c_1"), star(Pattern::Any)];
        assert_eq!(parse("ws.open . a-b:c_1 .*").unwrap(), Pattern::Sequence(parts));
        assert_eq!(parse("a.*").unwrap_err().at, 0..2);
        assert_eq!(parse("x .a").unwrap_err().at, 2..4);
    }

    #[test]
    fn counts() {
        let repeat = |text: &str| match parse(text).unwrap() {
            Pattern::Repeat { min, max, .. } => (min, max),
            other => panic!("{other:?}"),
        };
        assert_eq!(repeat("a{3}"), (3, Some(3)));
        assert_eq!(repeat("a { 3 , }"), (3, None));
        assert_eq!(repeat("a{0,1000}"), (0, Some(1000)));
        assert_eq!(repeat("a?"), (0, Some(1)));
    }

    #[test]
    fn errors_point_at_the_place() {
        let at = |text: &str| parse(text).unwrap_err().at;
        assert_eq!(at(""), 0..0);
        assert_eq!(at("  "), 2..2);
        assert_eq!(at("a |"), 3..3);
        assert_eq!(at("a (b | c"), 2..3);
        assert_eq!(at("a b) c"), 3..4);
        assert_eq!(at("a**"), 2..3);
        assert_eq!(at("* a"), 0..1);
        assert_eq!(at("a @ b"), 3..4);
        assert_eq!(at("ä $"), 3..4);
        assert_eq!(at("a{2,1}"), 1..6);
        assert_eq!(at("a{1001}"), 2..6);
        assert_eq!(at("a{99999999999}"), 2..13);
        assert_eq!(at("a{1"), 3..3);
        assert_eq!(at("a{,2}"), 2..3);
    }

    #[test]
    fn bombs_are_refused() {
        assert!(parse(&"(".repeat(60_000)).unwrap_err().message.contains("64"));
        assert!(parse(&"a ".repeat(60_000)).unwrap_err().message.contains("65536"));
        let deep = format!("{}a{}", "(".repeat(64), ")".repeat(64));
        assert_eq!(parse(&deep).unwrap(), name("a"));
    }

    #[test]
    fn mentions_come_once_and_in_order() {
        let pattern = parse("b (a | @t)* (b & c{2} @u @t)").unwrap();
        assert_eq!(pattern.names(), ["b", "a", "c"]);
        assert_eq!(pattern.subs(), ["t", "u"]);
    }

    fn patterns() -> impl Strategy<Value = Pattern> {
        let leaf = prop_oneof![
            4 => "[a-c_:-][a-z.0-9ä-]{0,3}[a-z]".prop_map(Pattern::Name),
            1 => "[a-z]{1,3}".prop_map(Pattern::Sub),
            1 => Just(Pattern::Any),
            1 => Just(Pattern::Sequence(Vec::new())),
        ];
        leaf.prop_recursive(5, 40, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 2..5).prop_map(Pattern::Sequence),
                vec(inner.clone(), 2..5).prop_map(Pattern::Choice),
                vec(inner.clone(), 2..4).prop_map(Pattern::Shuffle),
                (inner, 0..4_u32, prop::option::of(0..1000_u32)).prop_map(|(inner, min, more)| {
                    let max = more.map(|more| (min + more).min(1000));
                    Pattern::Repeat { inner: Box::new(inner), min, max }
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn parse_reads_what_display_writes(pattern in patterns()) {
            prop_assert_eq!(parse(&pattern.to_string()).unwrap(), pattern);
        }

        #[test]
        fn no_text_panics(text in "[a-c@.|&*+?{},0-9() äé$]{0,40}") {
            match parse(&text) {
                Ok(pattern) => prop_assert_eq!(parse(&pattern.to_string()).unwrap(), pattern),
                Err(error) => prop_assert!(text.get(error.at).is_some()),
            }
        }
    }
}
