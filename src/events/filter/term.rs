//! The parts of a filter, once it is understood.

use regex::bytes::{Regex, RegexBuilder};

use super::amount::{Range, Unit};
use crate::events::trie::{Found, Trie};

/// Bytes a compiled regular expression may take.
const REGEX_SIZE: usize = 256 << 10;

/// A filter's shape. `All` and `Any` have no child of their own kind and two children at least,
/// but for the filter that lets everything through: `All` of nothing.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Term(Term),
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// This text is in the payload, or it is in the event's name.
    Text(Text),
    /// The payload matches a regular expression.
    Matches(Pattern),
    /// A field's text is one of these.
    Word(WordField, Vec<Glob>),
    /// A field's amount is in one of these ranges.
    Amount(AmountField, Vec<Range>),
    /// What is at a place in the JSON is as wanted.
    At(Pointer, Test),
    /// There is something other than null at a place in the JSON.
    Has(Pointer),
    /// It is of a run, and no event of the run is called one of these.
    Lacks(Vec<Glob>),
    /// It is no further away in time than this from a finding of this code.
    Around(Glob, u64),
}

/// Fields that are words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordField {
    /// The event's name.
    Type,
    /// Whose connection it is on.
    User,
    /// Its run.
    Run,
    /// Its conversation.
    Thread,
    /// Its call.
    Call,
    /// `text`, `binary`, `close`, `ping`, `pong`, `open`, `abort`, `refused`, `gap`.
    Op,
    /// `out` from the client, `in` from the server.
    Dir,
    /// `error`, `warning`, `info`, or a finding's code.
    Flag,
}

impl WordField {
    /// All, for look-up by name.
    pub(super) const ALL: [(&str, Self); 8] = [
        ("type", Self::Type),
        ("user", Self::User),
        ("run", Self::Run),
        ("thread", Self::Thread),
        ("call", Self::Call),
        ("op", Self::Op),
        ("dir", Self::Dir),
        ("flag", Self::Flag),
    ];

    /// As a filter writes it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, field)| *field == self).map_or("", |(name, _)| name)
    }
}

/// Fields that are amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountField {
    /// Payload bytes.
    Size,
    /// Nanoseconds since the event before it in its run.
    Dt,
    /// Nanoseconds since what it answers.
    Lat,
    /// The connection's number.
    Conn,
    /// A frame's number: any of the message's.
    Frame,
}

impl AmountField {
    /// All that have a name, for look-up by it; a frame is written `#4397`.
    pub(super) const ALL: [(&str, Self); 4] =
        [("size", Self::Size), ("dt", Self::Dt), ("lat", Self::Lat), ("conn", Self::Conn)];

    /// As a filter writes it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, field)| *field == self).map_or("#", |(name, _)| name)
    }

    /// What it counts.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Size => Unit::Bytes,
            Self::Dt | Self::Lat => Unit::Time,
            Self::Conn | Self::Frame => Unit::Count,
        }
    }
}

/// A text to be met, with `*` for anything where it was not quoted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Glob {
    text: String,
    wild: bool,
}

impl Glob {
    /// Of a word as it was written; quoted, a `*` is a star.
    pub fn new(text: impl Into<String>, quoted: bool) -> Self {
        let text = text.into();
        let wild = !quoted && text.contains('*');
        Self { text, wild }
    }

    /// As it was written, without quotes.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether its stars stand for anything.
    pub fn is_wild(&self) -> bool {
        self.wild
    }

    /// Whether a text meets it.
    pub fn meets(&self, text: &str) -> bool {
        if !self.wild {
            return self.text == text;
        }
        let mut parts: Vec<&str> = self.text.split('*').collect();
        let last = parts.pop().unwrap_or_default();
        let mut parts = parts.into_iter();
        let first = parts.next().unwrap_or_default();
        let inner = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last));
        let Some(mut rest) = inner else { return false };
        // The first place where a part fits is as good as any later one.
        for part in parts {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        true
    }
}

/// A text that is looked for. Without capitals it is met in any case (of ASCII letters).
#[derive(Clone, Debug)]
pub struct Text {
    text: String,
    regex: Regex,
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Text {
    pub(super) fn new(text: &str) -> Option<Self> {
        let any_case = !text.chars().any(char::is_uppercase);
        let flags = if any_case { "(?i-u)" } else { "(?-u)" };
        // Byte by byte, since without Unicode a pattern's letters are bytes.
        let literal: String = text
            .bytes()
            .map(|byte| match byte {
                b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
                b => format!("\\x{b:02x}"),
            })
            .collect();
        let built = RegexBuilder::new(&format!("{flags}{literal}")).size_limit(REGEX_SIZE).build();
        Some(Self { text: text.to_owned(), regex: built.ok()? })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The code of a finding, if the text is one.
    pub(super) fn code(&self) -> Option<Glob> {
        let number = self.text.strip_prefix(['E', 'W', 'e', 'w'])?;
        let is_one = number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit());
        is_one.then(|| Glob::new(self.text.to_ascii_uppercase(), true))
    }

    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        self.regex.is_match(bytes)
    }
}

/// A regular expression.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Pattern {
    pub(super) fn new(source: &str) -> Result<Self, regex::Error> {
        let regex = RegexBuilder::new(source).size_limit(REGEX_SIZE).build()?;
        Ok(Self { source: source.to_owned(), regex })
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        self.regex.is_match(bytes)
    }
}

/// A place in the JSON of a payload.
#[derive(Clone, Debug)]
pub struct Pointer {
    keys: Vec<String>,
    trie: Trie,
}

impl PartialEq for Pointer {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys
    }
}

impl Pointer {
    /// The place to which these keys lead, one after the other.
    pub fn new(keys: Vec<String>) -> Self {
        let trie = Trie::new(vec![keys.clone()]);
        Self { keys, trie }
    }

    /// The keys that lead there.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    fn find<'a>(&self, json: Option<&'a str>) -> Found<'a> {
        let picked = json.and_then(|json| self.trie.pick(json).ok());
        picked.map_or(Found::Nothing, |picked| picked.at(0).clone())
    }

    pub(super) fn has(&self, json: Option<&str>) -> bool {
        !matches!(self.find(json), Found::Nothing | Found::Null)
    }

    pub(super) fn meets(&self, json: Option<&str>, test: &Test) -> bool {
        let found = self.find(json);
        match test {
            Test::Is(globs) => {
                let written = match &found {
                    Found::Nothing | Found::Null | Found::Compound | Found::Raw(_) => return false,
                    Found::Text(found) => found.clone().into_owned(),
                    Found::Integer(number) => number.to_string(),
                    Found::Large(number) => number.to_string(),
                    Found::Float(number) => number.to_string(),
                    Found::Bool(value) => value.to_string(),
                };
                globs.iter().any(|glob| glob.meets(&written))
            }
            Test::Compare(order, bound) => {
                let number = match found {
                    Found::Integer(number) => number as f64,
                    Found::Large(number) => number as f64,
                    Found::Float(number) => number,
                    _ => return false,
                };
                match order {
                    Order::Above => number > *bound,
                    Order::AtLeast => number >= *bound,
                    Order::Below => number < *bound,
                    Order::AtMost => number <= *bound,
                }
            }
        }
    }
}

/// What is wanted of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Its text is one of these.
    Is(Vec<Glob>),
    /// It is a number, and how it compares with this one.
    Compare(Order, f64),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Order {
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Order {
    /// All, with their signs; the longer first.
    pub(super) const ALL: [(&str, Self); 4] =
        [(">=", Self::AtLeast), ("<=", Self::AtMost), (">", Self::Above), ("<", Self::Below)];

    /// `>=`.
    pub fn sign(self) -> &'static str {
        Self::ALL.iter().find(|(_, order)| *order == self).map_or("", |(sign, _)| sign)
    }

    /// Amounts that compare so with `bound`.
    pub(super) fn range(self, bound: u64) -> Range {
        match self {
            Self::Above => Range::Above(bound),
            Self::AtLeast => Range::AtLeast(bound),
            Self::Below => Range::Below(bound),
            Self::AtMost => Range::AtMost(bound),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Glob, Text};

    #[test]
    fn stars_stand_for_anything() {
        let meets = |glob: &str, text: &str| Glob::new(glob, false).meets(text);
        for (glob, text) in [
            ("tool_*", "tool_executing"),
            ("*ed", "completed_started"),
            ("*", ""),
            ("a*b*c", "a-b-b-c"),
            ("a*ab", "aab"),
            ("*a*a", "aa"),
            ("ab", "ab"),
        ] {
            assert!(meets(glob, text), "{glob} {text}");
        }
        for (glob, text) in
            [("tool_*", "tol_"), ("a*a", "a"), ("*ed", "edit"), ("a*b*c", "acb"), ("ab", "abc")]
        {
            assert!(!meets(glob, text), "{glob} {text}");
        }
        assert!(!Glob::new("a*", true).meets("ab") && Glob::new("a*", true).meets("a*"));
    }

    #[test]
    fn capitals_count_where_there_are_some() {
        let is_in = |text: &str, payload: &str| Text::new(text).unwrap().is_in(payload.as_bytes());
        assert!(is_in("bill", "BILLING") && is_in("é.(", "é.(x") && is_in("漢", "a漢b"));
        assert!(!is_in("Bill", "billing") && !is_in(".", "x"));
    }
}
