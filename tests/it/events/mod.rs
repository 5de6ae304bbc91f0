//! The `events` room from outside: a reading and messages in, events out as lines of text.

mod connections;
mod filter;
mod formats;
mod hostile;
mod naming;
mod shapes;

use wiretape::events::{Decoder, Event, Field, Kind, Locator, Reading, Scalar, ValueType};
use wiretape::wire::{Connection, Direction, Marks, Message, Opcode, Stamp};

pub(crate) const IN: Direction = Direction::ServerToClient;
pub(crate) const OUT: Direction = Direction::ClientToServer;

/// A field of this name that looks at these places.
pub(crate) fn field(name: &str, from: &[&str]) -> Field {
    let from = from.iter().map(|place| Locator::parse(place).unwrap()).collect();
    Field { name: name.to_owned(), from, ..Field::default() }
}

pub(crate) fn absent(mut field: Field, words: &[&str]) -> Field {
    field.absent = words.iter().map(ToString::to_string).collect();
    field
}

/// How an AI chat's messages are read, over all the shapes they have had.
pub(crate) fn agent() -> Reading {
    let types =
        ["/type", "/event_type", "/event", "/data/event", "/payload/event", "/message_type"];
    let runs = [
        "/run_id",
        "/payload/run_id",
        "/data/run_id",
        "/payload/parent_run_id",
        "/correlation_id",
        "/data/correlation_id",
    ];
    let tools =
        ["/tool_name", "/payload/tool_name", "/data/tool_name", "/data/tool", "/payload/tool"];
    let users = ["jwt:sub", "jwt:user_id", "header:x-user-id", "query:user_id", "/user_id"];
    let ids = ["/message_id", "/event_id", "/payload/message_id"];
    let pattern = r"^thread_(.+)_run_\d+_[0-9a-f]{8}$";
    Reading {
        type_of: absent(field("type", &types), &["system_message"]),
        jwt_from: ["header:authorization", "subprotocol", "query:token", "cookie:jwt"]
            .map(|place| Locator::parse(place).unwrap())
            .to_vec(),
        fields: vec![
            field("user", &users),
            Field {
                derive: Some(("run".to_owned(), pattern.to_owned())),
                ..field("thread", &["/thread_id", "/payload/thread_id", "/data/thread_id"])
            },
            absent(field("run", &runs), &["null", "registry", "unknown_run", "system"]),
            field("tool", &tools),
            field("msg_id", &ids),
            Field { value: ValueType::Time, ..field("ts", &["/timestamp", "/data/timestamp"]) },
        ],
        ..Reading::default()
    }
}

/// A whole message.
pub(crate) fn message(opcode: Opcode, payload: impl Into<Vec<u8>>) -> Message {
    let payload = payload.into();
    Message {
        frames: (1, 1),
        stamp: Stamp { read_ns: 7, written_ns: None },
        opcode,
        length: payload.len() as u64,
        payload,
        compressed: false,
        trouble: None,
        marks: Marks::NONE,
    }
}

/// A connection that was upgraded, with this request line and these header lines.
pub(crate) fn connection(id: i64, target: &str, headers: &str) -> Connection {
    Connection {
        id,
        opened_ns: 1_000_000,
        upgrade_ns: Some(2_500_000),
        request_head: format!("GET {target} HTTP/1.1\r\n{headers}\r\n").into(),
        response_head: b"HTTP/1.1 101 Switching Protocols\r\n\r\n".to_vec(),
        status: Some(101),
        ..Connection::default()
    }
}

/// A decoder with what it gave, as lines.
pub(crate) struct Reader {
    pub(crate) reading: Reading,
    pub(crate) decoder: Decoder,
}

impl Reader {
    pub(crate) fn new(reading: Reading) -> Self {
        Self { decoder: Decoder::new(&reading).unwrap(), reading }
    }

    /// The events of a message on connection 1.
    pub(crate) fn feed(&mut self, direction: Direction, message: &Message) -> Vec<String> {
        let mut out = Vec::new();
        self.decoder.message(1, direction, message, &mut out);
        self.lines(&out)
    }

    pub(crate) fn text(&mut self, direction: Direction, text: &str) -> Vec<String> {
        self.feed(direction, &message(Opcode::TEXT, text))
    }

    /// `name field=value …`; of what is no message, with its kind and direction.
    pub(crate) fn lines(&self, events: &[Event]) -> Vec<String> {
        let symbols = self.decoder.symbols();
        let line = |event: &Event| {
            let mut line = symbols.text(event.name).to_owned();
            if event.kind != Kind::Message {
                line += &format!(" {:?} {}", event.kind, event.direction.word());
            }
            for (id, value) in &event.fields {
                let name = &self.reading.fields[usize::from(id.0)].name;
                let value = match value {
                    Scalar::Text(symbol) => symbols.text(*symbol).to_owned(),
                    other => format!("{other:?}"),
                };
                line += &format!(" {name}={value}");
            }
            line
        };
        events.iter().map(line).collect()
    }
}
