//! A message with a name, seen through a rules file.

use serde::{Deserialize, Serialize};

use crate::wire::{Direction, Marks};

use super::symbol::{Symbol, Symbols};

/// Which field of [`Reading::fields`](super::Reading): its index there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub u8);

/// A field's value, comparable within its JSON type: 1 is not "1".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scalar {
    /// A text.
    Text(Symbol),
    /// A whole number.
    Integer(i64),
    /// Another number, by its bits.
    Float(u64),
    /// A truth value.
    Bool(bool),
    /// Whoever is on this connection, where nothing says who.
    Connection(i64),
}

impl Scalar {
    /// As people write it.
    pub fn display(self, symbols: &Symbols) -> String {
        match self {
            Self::Text(symbol) => symbols.text(symbol).to_owned(),
            Self::Integer(number) => number.to_string(),
            Self::Float(bits) => f64::from_bits(bits).to_string(),
            Self::Bool(value) => value.to_string(),
            Self::Connection(id) => format!("conn {id}"),
        }
    }
}

/// What an event was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A data message that could be read.
    Message,
    /// A message that could not be read: named `_undecodable`.
    Undecodable,
    /// `ws.open`: the upgrade succeeded.
    Open,
    /// `ws.close`: a close frame.
    Close,
    /// `ws.abort`: the connection ended without a close frame from either side.
    Abort,
    /// `ws.refused`: the upgrade failed.
    Refused,
    /// `ws.ping`.
    Ping,
    /// `ws.pong`.
    Pong,
    /// `rec.gap`: the recording lost a stretch here.
    Gap,
}

/// One event. Fields that a message does not have are absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Ids of the message's first and last frame; 0 where there is none.
    pub frames: (i64, i64),
    /// Its place in the message, where one message holds several.
    pub part: u32,
    /// The connection.
    pub connection: i64,
    /// The direction; of a connection's own events, that of whoever caused them.
    pub direction: Direction,
    /// When its last byte was read: nanoseconds since the recording started.
    pub at_ns: u64,
    /// Its name.
    pub name: Symbol,
    /// What it was made from.
    pub kind: Kind,
    /// Payload bytes of the message, inflated; of its part, where it holds several.
    pub bytes: u64,
    /// A close frame's code, or the status of a refused upgrade.
    pub code: Option<u16>,
    /// What is special or wrong about its frames; told of a message's first event only.
    pub marks: Marks,
    /// Which of [`Reading::tests`](super::Reading::tests) it passes: a bit for each, the first lowest.
    pub passes: u32,
    /// Its JSON text, where [`Reading::bodies`](super::Reading::bodies) asks for it and it is not
    /// too long.
    pub body: Option<Box<str>>,
    /// Its fields, in the order of their ids.
    pub fields: Vec<(FieldId, Scalar)>,
}

impl Event {
    /// The value of a field.
    pub fn field(&self, id: FieldId) -> Option<Scalar> {
        self.fields.iter().find(|(field, _)| *field == id).map(|(_, value)| *value)
    }
}
