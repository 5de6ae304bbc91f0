//! Wire messages → events, as a reading says: formats, batches and wrappers undone, names and
//! fields found.

use serde_json::Value;
use std::borrow::Cow;

use crate::wire::{Connection, Direction, Marks, Message, Opcode};

use super::event::{Event, Kind, Scalar};
use super::known::Known;
use super::maker::{Maker, Values};
use super::map::Map;
use super::plan::{Plan, ReadingError};
use super::reading::{Format, Reading};
use super::symbol::{Symbol, Symbols};
use super::trie::{Found, Picked, elements};
use super::value::matched;
use super::{mend::mend, msgpack, socketio};

/// Events made of one message; where there is more in it, the last one is undecodable. The largest
/// honest batches are hundreds.
const MOST_PARTS: u32 = 4096;

/// The longest text kept of an event, in bytes: what a schema is for is small, and a tree of a
/// megabyte of JSON takes ten times that.
const LONGEST_BODY: usize = 1 << 20;

/// Connections whose handshakes are remembered; further ones are read without. Ten times what a
/// server's ports allow at once.
const MOST_CONNECTIONS: usize = 650_000;

/// Makes events from what a recording holds.
///
/// For each connection: [`connection`](Self::connection) or [`opening`](Self::opening) before its
/// messages, then [`message`](Self::message) in recorded order, [`ending`](Self::ending) after the
/// last. What one connection's events are never depends on another's.
#[derive(Clone, Debug)]
pub struct Decoder {
    plan: Plan,
    symbols: Symbols,
    connections: Map<i64, Known>,
    /// For connections beyond the limit.
    forgotten: Known,
    /// Texts that are asked for whole, and are too long to be kept.
    too_long: u64,
    /// Of the event being made; kept to save allocations.
    values: Values,
    /// What fields derived from a text, by field and text: the same ids come again and again.
    derived: Map<(usize, Symbol), Option<Scalar>>,
}

/// Where events come from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) connection: i64,
    pub(super) direction: Direction,
    pub(super) at_ns: u64,
    pub(super) frames: (i64, i64),
}

/// Events being made of one message.
struct Batch<'o> {
    origin: Origin,
    part: u32,
    out: &'o mut Vec<Event>,
}

/// What an event is and how it is called.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) kind: Kind,
    /// Its type, if that is fixed; else what stands for the type where the message has none.
    pub(super) word: &'a str,
    pub(super) is_fixed: bool,
}

impl<'a> Named<'a> {
    pub(super) const fn fixed(kind: Kind, word: &'a str) -> Self {
        Self { kind, word, is_fixed: true }
    }
}

/// What can't be read, or is left out.
const UNDECODABLE: Named<'static> = Named::fixed(Kind::Undecodable, "_undecodable");

impl Batch<'_> {
    fn is_full(&self) -> bool {
        self.part > MOST_PARTS
    }
}

impl Decoder {
    /// A decoder for this reading, or what is wrong with the reading.
    pub fn new(reading: &Reading) -> Result<Self, ReadingError> {
        let mut symbols = Symbols::default();
        Ok(Self {
            plan: Plan::new(reading, &mut symbols)?,
            symbols,
            connections: Map::default(),
            forgotten: Known::default(),
            too_long: 0,
            values: Values::default(),
            derived: Map::default(),
        })
    }

    /// All texts of the events so far.
    pub fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// The same, to give numbers to texts that others compare with.
    pub fn symbols_mut(&mut self) -> &mut Symbols {
        &mut self.symbols
    }

    /// Learns what a state of a connection says of its handshake. Cheap where nothing is new.
    pub fn connection(&mut self, connection: &Connection) {
        let (plan, symbols, known) = self.apart(connection.id);
        known.learn(connection, plan, symbols);
    }

    /// Adds the events of a message; at least one.
    pub fn message(
        &mut self,
        connection: i64,
        direction: Direction,
        message: &Message,
        out: &mut Vec<Event>,
    ) {
        let at_ns = message.stamp.read_ns;
        let origin = Origin { connection, direction, at_ns, frames: message.frames };
        let whole = !message.marks.has(Marks::CUT);
        let before = out.len();
        if message.opcode.is_control() && whole && self.control(&origin, message, out) {
            out[before..].iter_mut().for_each(|event| event.marks = message.marks);
            return;
        }
        let mut batch = Batch { origin, part: 0, out };
        match message.opcode {
            _ if message.trouble.is_some() => self.undecodable(&mut batch, message.length),
            Opcode::TEXT => match str::from_utf8(&message.payload) {
                Ok(text) => self.text(&mut batch, text),
                Err(_) => self.undecodable(&mut batch, message.length),
            },
            Opcode::BINARY => self.binary(&mut batch, &message.payload),
            _ => self.undecodable(&mut batch, message.length),
        }
        if let [event] = &mut out[before..] {
            event.bytes = message.length;
        }
        if let [event, ..] = &mut out[before..] {
            event.marks = message.marks;
        }
    }

    /// Makes the event of something that is no message; `members` are what pointers lead to.
    pub(super) fn transport(
        &mut self,
        origin: &Origin,
        named: Named<'_>,
        members: &Value,
        out: &mut Vec<Event>,
    ) {
        let json = members.to_string();
        let found = self.plan.trie.pick(&json).unwrap_or_default();
        let mut batch = Batch { origin: *origin, part: 0, out };
        self.event(&mut batch, named, &found, 0);
    }

    /// What was lost is not known.
    pub(super) fn lose(&mut self, connection: Option<i64>, direction: Option<Direction>) {
        let client = direction != Some(Direction::ServerToClient);
        match connection {
            Some(connection) => {
                let (plan, _, known) = self.apart(connection);
                known.lose(plan, client);
            }
            None => {
                for known in self.connections.values_mut() {
                    known.lose(&self.plan, client);
                }
            }
        }
    }

    pub(super) fn known(&mut self, connection: i64) -> &mut Known {
        self.apart(connection).2
    }

    /// The parts that are needed at once.
    fn apart(&mut self, connection: i64) -> (&Plan, &mut Symbols, &mut Known) {
        let room = self.connections.len() < MOST_CONNECTIONS;
        let known = if room || self.connections.contains_key(&connection) {
            self.connections.entry(connection).or_default()
        } else {
            self.forgotten = Known::default();
            &mut self.forgotten
        };
        (&self.plan, &mut self.symbols, known)
    }

    fn text(&mut self, batch: &mut Batch<'_>, text: &str) {
        match self.plan.format {
            _ if text.is_empty() => self.fixed(batch, "ws.empty", 0),
            Format::Json | Format::MessagePack => self.json(batch, text, "_untyped"),
            Format::JsonLines => {
                for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                    if batch.is_full() {
                        break;
                    }
                    self.json(batch, line, "_untyped");
                }
                if batch.part == 0 {
                    self.fixed(batch, "ws.empty", text.len());
                }
            }
            Format::SocketIo => match socketio::packet(text) {
                Some(packet) => {
                    let word = socketio::word(&packet);
                    self.json(batch, &packet, word);
                }
                None => self.undecodable(batch, text.len() as u64),
            },
            Format::Text => {
                let members = self.groups(text);
                self.json(batch, &members, "_untyped");
            }
        }
    }

    fn binary(&mut self, batch: &mut Batch<'_>, payload: &[u8]) {
        if self.plan.format != Format::MessagePack {
            self.learn_first(&batch.origin, &Picked::default());
            return self.fixed(batch, "_binary", payload.len());
        }
        match msgpack::to_json(payload) {
            Some(json) => self.json(batch, &json, "_untyped"),
            None => self.undecodable(batch, payload.len() as u64),
        }
    }

    /// The named groups of the reading's regular expression, as an object; an empty one if it does
    /// not match, since every text can be read.
    fn groups(&self, text: &str) -> String {
        let mut members = serde_json::Map::new();
        if let Some(regex) = &self.plan.text
            && let Some(captures) = regex.captures(matched(text))
        {
            for name in regex.capture_names().flatten() {
                if let Some(group) = captures.name(name) {
                    members.insert(name.to_owned(), group.as_str().into());
                }
            }
        }
        Value::Object(members).to_string()
    }

    /// A JSON text: one message, or several where the reading says so.
    fn json(&mut self, batch: &mut Batch<'_>, text: &str, word: &str) {
        let array = match self.plan.each.as_ref().map(|each| each.raw(text)) {
            None => None,
            Some(Ok(found)) => match found.at(0) {
                Found::Raw(array) => elements(array, MOST_PARTS as usize),
                _ => None,
            },
            Some(Err(_)) => return self.undecodable(batch, text.len() as u64),
        };
        match array {
            Some((elements, more)) if !elements.is_empty() => {
                for element in elements {
                    self.unwrapped(batch, element.get(), word);
                }
                if more {
                    self.undecodable(batch, 0);
                }
            }
            _ => self.unwrapped(batch, text, word),
        }
    }

    /// One message, taken out of its wrapper if it has one.
    fn unwrapped(&mut self, batch: &mut Batch<'_>, text: &str, word: &str) {
        let inner = match self.plan.unwrap.as_ref().map(|unwrap| unwrap.raw(text)) {
            None => Cow::Borrowed(text),
            Some(Ok(found)) => match found.at(0) {
                Found::Raw(raw) => inner_of(raw).unwrap_or(Cow::Borrowed(text)),
                _ => Cow::Borrowed(text),
            },
            Some(Err(_)) => return self.undecodable(batch, text.len() as u64),
        };
        match self.plan.trie.pick(&inner) {
            Ok(found) => self.read(batch, &found, word, &inner),
            Err(_) => match mend(&inner) {
                Some(mended) => match self.plan.trie.pick(&mended) {
                    Ok(found) => self.read(batch, &found, word, &mended),
                    Err(_) => self.undecodable(batch, inner.len() as u64),
                },
                None => self.undecodable(batch, inner.len() as u64),
            },
        }
    }

    /// The event of a message in which this was found.
    fn read(&mut self, batch: &mut Batch<'_>, found: &Picked<'_>, word: &str, text: &str) {
        self.learn_first(&batch.origin, found);
        let named = Named { kind: Kind::Message, word, is_fixed: false };
        let before = batch.out.len();
        self.event(batch, named, found, text.len() as u64);
        if let [event] = &mut batch.out[before..]
            && self.plan.bodies.contains(&event.name)
        {
            if text.len() <= LONGEST_BODY {
                event.body = Some(text.into());
            } else {
                self.too_long += 1;
            }
        }
    }

    /// Events that rules want to see whole, and whose text is over a mebibyte: they have no
    /// [`Event::body`].
    pub fn too_long(&self) -> u64 {
        self.too_long
    }

    fn fixed(&mut self, batch: &mut Batch<'_>, name: &str, length: usize) {
        self.event(batch, Named::fixed(Kind::Message, name), &Picked::default(), length as u64);
    }

    fn undecodable(&mut self, batch: &mut Batch<'_>, length: u64) {
        self.learn_first(&batch.origin, &Picked::default());
        self.event(batch, UNDECODABLE, &Picked::default(), length);
    }

    fn learn_first(&mut self, origin: &Origin, found: &Picked<'_>) {
        if origin.direction == Direction::ClientToServer {
            let (plan, symbols, known) = self.apart(origin.connection);
            known.learn_first(found, plan, symbols);
        }
    }

    fn event(&mut self, batch: &mut Batch<'_>, named: Named<'_>, found: &Picked<'_>, bytes: u64) {
        if batch.is_full() {
            return;
        }
        // The last one stands for all that is left out.
        let last = batch.part == MOST_PARTS;
        let nothing = Picked::default();
        let (named, found) = if last { (UNDECODABLE, &nothing) } else { (named, found) };
        let origin = batch.origin;
        let mut values = std::mem::take(&mut self.values);
        let mut derived = std::mem::take(&mut self.derived);
        let (plan, symbols, known) = self.apart(origin.connection);
        let connection = origin.connection;
        let mut maker = Maker { plan, symbols, known, connection, found, derived: &mut derived };
        maker.gather(&mut values);
        maker.complete(&mut values, matches!(named.kind, Kind::Message | Kind::Undecodable));
        let (name, naming) = maker.name(named, origin.direction, &values);
        maker.elsewhere(naming, &mut values);
        let passes = maker.passes();
        let fields = values.fields();
        batch.out.push(Event {
            frames: origin.frames,
            part: batch.part,
            connection: origin.connection,
            direction: origin.direction,
            at_ns: origin.at_ns,
            name,
            kind: named.kind,
            bytes,
            code: None,
            marks: Marks::NONE,
            passes,
            body: None,
            fields,
        });
        (self.values, self.derived) = (values, derived);
        batch.part += 1;
    }
}

/// The message in a wrapper: an object or array, or a text of one; `None` if it is neither.
fn inner_of(raw: &str) -> Option<Cow<'_, str>> {
    let is_compound = |text: &str| text.trim_start().starts_with(['{', '[']);
    if is_compound(raw) {
        return Some(Cow::Borrowed(raw));
    }
    let text: String = serde_json::from_str(raw)
        .or_else(|error| mend(raw).map_or(Err(error), |mended| serde_json::from_str(&mended)))
        .ok()?;
    is_compound(&text).then_some(Cow::Owned(text))
}
