//! How messages are to be read: the checked form of a rules file's `[decode]`, `[fields]` and
//! `[[event]]` (rules.md calls these sections 2.2).

use crate::wire::Direction;

use super::locate::Locator;

/// How to make events from messages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// How payloads are written.
    pub format: Format,
    /// A pointer to an array whose elements are messages of their own; the empty pointer is the
    /// payload itself. Where there is no such array, or an empty one, the payload is one message.
    pub each: Option<String>,
    /// A pointer to a JSON text or object that holds the real message, in each element if there is
    /// `each`. Where there is none, the payload is the real message.
    pub unwrap: Option<String>,
    /// For [`Format::Text`]: a regular expression with named groups, which become members.
    pub text: Option<String>,
    /// Where JWTs are; their claims are read, their signatures are not verified.
    pub jwt_from: Vec<Locator>,
    /// Where an event's type is.
    pub type_of: Field,
    /// The other fields; a [`FieldId`](super::FieldId) is an index here.
    pub fields: Vec<Field>,
    /// What rules ask of payloads besides names: pointers and conditions, all of each. At most 32.
    pub tests: Vec<Vec<(String, Condition)>>,
    /// Names of events whose whole text is wanted, to be held against a schema.
    pub bodies: Vec<String>,
    /// Names for types, in order: the first that fits names the event. A type without one names
    /// itself.
    pub names: Vec<Naming>,
}

impl Reading {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<super::FieldId> {
        let index = self.fields.iter().position(|field| field.name == name)?;
        u8::try_from(index).ok().map(super::FieldId)
    }
}

/// How payloads are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON value a message.
    #[default]
    Json,
    /// One JSON value a line.
    JsonLines,
    /// Socket.IO v5 over Engine.IO v4, text packets.
    SocketIo,
    /// Binary messages are `MessagePack`, text ones JSON.
    MessagePack,
    /// Text, by a regular expression; a text that it does not match has no members.
    Text,
}

/// Where a field's value is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Where to look, in order: the first value counts.
    pub from: Vec<Locator>,
    /// Values that count as none.
    pub absent: Vec<String>,
    /// What it is read as.
    pub value: ValueType,
    /// Where a message has none, derived or not, the last value of its connection is taken; not
    /// across a gap, and not for `ws.…` events.
    pub sticky: bool,
    /// Where there is none in the message: another field's name, and a regular expression whose first group,
    /// applied to that field's text, is the value.
    pub derive: Option<(String, String)>,
}

/// What a value is read as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ValueType {
    /// As it is.
    #[default]
    Any,
    /// A text; numbers are written out.
    Text,
    /// A whole number; texts are parsed.
    Integer,
    /// A time: seconds, milliseconds or RFC 3339, told apart by looks; read as nanoseconds since
    /// the Unix epoch.
    Time,
}

/// A name for certain messages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Naming {
    /// The name.
    pub name: String,
    /// Types that it stands for; none: every type that a message has or lacks, but not those that
    /// are given (`ws.…`, `rec.gap`, `_binary`, `_undecodable`).
    pub types: Vec<String>,
    /// Only in this direction.
    pub direction: Option<Direction>,
    /// What the payload must be like: pointer and condition, all of them.
    pub conditions: Vec<(String, Condition)>,
    /// Fields that are elsewhere in these: by their name, and where to look instead.
    pub fields: Vec<(String, Vec<Locator>)>,
}

/// What a value must be like.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// One of these.
    In(Vec<Literal>),
    /// There, or not; `null` is there.
    Exists(bool),
    /// A text that this regular expression matches.
    Regex(String),
    /// A number in this range: at least, at most, and whether each bound itself is left out.
    Range {
        /// Lower bound.
        from: Option<f64>,
        /// Upper bound.
        to: Option<f64>,
        /// The bounds themselves are outside.
        open: (bool, bool),
    },
}

/// A value as a rules file writes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// A truth value.
    Bool(bool),
}
