//! Facts and the rules → the same facts, of whose payloads no more is left than the rules read:
//! types, users, runs, and whatever else an event is made of.
//!
//! What is left is held against what was: a message that is read as anything else without its rest
//! stays whole. So what the rules find stays what it was.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::value::RawValue;

use crate::analysis::{EventStream, MESSAGE_LIMIT};
use crate::events::payload::json_of;
use crate::events::{Event, Format, Locator, Reading, ReadingError, Scalar, Symbols};
use crate::wire::{Fact, Marks, Message, Messages, OpenRows, drop_payload, restate};

/// How often what is left is read again; each time what was misread stays whole. A field that is
/// carried from one message to the next may be misread once more; that chains are longer is not
/// seen, and then nothing is left out.
const MOST_READINGS: usize = 6;

/// Objects and arrays within each other. Deeper ones than the rules can name are left out.
const DEEPEST: usize = 64;

/// What is left of what is no JSON: something that is none either.
const NO_JSON: &str = "…";

/// Facts without the rest of their payloads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thinned {
    /// They, in their order.
    pub facts: Vec<Fact<'static>>,
    /// Messages of which something is left out.
    pub thin: u64,
    /// Messages that are read as something else without the rest, and so are whole.
    pub whole: u64,
}

/// Leaves out of `facts` what `reading` does not read.
///
/// # Errors
/// What is wrong with where it says that things are.
pub fn thinned(facts: &[Fact<'static>], reading: &Reading) -> Result<Thinned, ReadingError> {
    let names = Names::of(reading);
    let before = read(facts, reading)?;
    let mut whole = BTreeSet::new();
    for _ in 0..MOST_READINGS {
        let next = names.thinned(facts, &whole);
        let after = read(&next.facts, reading)?;
        let known = whole.len();
        let differs = |frame: &&i64| before.get(frame) != after.get(frame);
        whole.extend(before.keys().chain(after.keys()).filter(differs).copied());
        if whole.len() == known {
            return Ok(next);
        }
    }
    Ok(Thinned { facts: facts.to_vec(), thin: 0, whole: before.len() as u64 })
}

/// What is read in each message, by its last frame; as a number that is another for anything else.
fn read(facts: &[Fact<'_>], reading: &Reading) -> Result<HashMap<i64, u64>, ReadingError> {
    let mut stream = EventStream::new(reading)?;
    let (mut events, mut seen) = (Vec::new(), HashMap::new());
    for fact in facts {
        stream.feed(fact, &mut events);
        for event in events.drain(..).filter(|event| event.frames.1 > 0) {
            let of_message = seen.entry(event.frames.1).or_default();
            *of_message = hash(*of_message, &event, stream.symbols());
        }
    }
    Ok(seen)
}

/// All of an event but its size.
fn hash(before: u64, event: &Event, symbols: &Symbols) -> u64 {
    let mut hasher = DefaultHasher::new();
    before.hash(&mut hasher);
    (event.frames, event.part, event.kind, event.code, event.passes).hash(&mut hasher);
    (event.marks.words().collect::<Vec<_>>(), &event.body).hash(&mut hasher);
    symbols.text(event.name).hash(&mut hasher);
    for (field, value) in &event.fields {
        field.hash(&mut hasher);
        match value {
            Scalar::Text(symbol) => symbols.text(*symbol).hash(&mut hasher),
            other => other.hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// What members are called that lie on the way to what the rules read.
struct Names {
    format: Format,
    read: BTreeSet<String>,
    /// Something is read by its place in an array.
    by_place: bool,
    /// The real message is a text within the message.
    in_text: bool,
}

impl Names {
    fn of(reading: &Reading) -> Self {
        let fields = reading.fields.iter().chain([&reading.type_of]);
        let mut from: Vec<&Locator> = fields.flat_map(|field| &field.from).collect();
        from.extend(reading.names.iter().flat_map(|naming| &naming.fields).flat_map(|it| &it.1));
        from.extend(&reading.jwt_from);
        let located = from.into_iter().filter_map(|locator| match locator {
            Locator::Pointer(pointer) | Locator::First(pointer) => Some(pointer),
            _ => None,
        });
        let conditions = reading.names.iter().map(|naming| &naming.conditions);
        let conditions = conditions.chain(&reading.tests).flatten().map(|(pointer, _)| pointer);
        let around = reading.each.iter().chain(&reading.unwrap);
        let pointers = located.chain(conditions).chain(around);
        let keys = pointers.flat_map(|pointer| pointer.split('/').skip(1));
        let read: BTreeSet<String> =
            keys.map(|key| key.replace("~1", "/").replace("~0", "~")).collect();
        let is_place = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
        Self {
            format: reading.format,
            by_place: reading.format == Format::SocketIo || read.iter().any(is_place),
            in_text: reading.unwrap.is_some(),
            read,
        }
    }

    fn thinned(&self, facts: &[Fact<'static>], whole: &BTreeSet<i64>) -> Thinned {
        let mut thinned = Thinned { facts: facts.to_vec(), ..Thinned::default() };
        let mut messages = Messages::new(MESSAGE_LIMIT);
        let mut open = OpenRows::default();
        for (row, fact) in facts.iter().enumerate() {
            match fact {
                Fact::Connection(connection) => messages.connection(connection),
                Fact::Gap(gap) => messages.gap(gap),
                Fact::Frame(frame) => {
                    open.add(frame, row);
                    if let Some(message) = messages.feed(frame) {
                        let rows = open.take(frame, &message, facts);
                        self.message(&mut thinned, (&message, &rows), whole);
                    }
                }
                Fact::Recording(_) | Fact::Note(_) => {}
            }
        }
        for row in open.rest() {
            drop_payload(&mut thinned.facts, row);
        }
        thinned
    }

    fn message(
        &self,
        thinned: &mut Thinned,
        (message, rows): (&Message, &[usize]),
        whole: &BTreeSet<i64>,
    ) {
        if message.opcode.is_control() || message.payload.is_empty() {
            return;
        }
        let is_there = message.trouble.is_none()
            && message.length == message.payload.len() as u64
            && !message.marks.has(Marks::RAW);
        if whole.contains(&message.frames.1) {
            thinned.whole += 1;
        } else if !is_there {
            // One that can't be read is read no better with its beginning.
            thinned.thin += 1;
            for row in rows {
                drop_payload(&mut thinned.facts, *row);
            }
            return;
        } else {
            let left = self.payload(&message.payload);
            if left.len() < message.payload.len() {
                thinned.thin += 1;
                return restate(&mut thinned.facts, rows, message.opcode, left.as_bytes());
            }
        }
        // Those before it may be plain now, which it was read with the help of.
        if is_there && message.compressed {
            restate(&mut thinned.facts, rows, message.opcode, &message.payload);
        }
    }

    /// What is left of a payload.
    fn payload(&self, payload: &[u8]) -> String {
        let text = || std::str::from_utf8(payload).unwrap_or_default();
        match self.format {
            Format::JsonLines => {
                let lines = text().lines();
                let lines = lines.map(|line| self.json(line).unwrap_or_else(|| NO_JSON.to_owned()));
                lines.collect::<Vec<_>>().join("\n")
            }
            Format::SocketIo => {
                let begin = text().find(['[', '{']).unwrap_or(text().len());
                let (packet, json) = text().split_at(begin);
                format!("{packet}{}", self.json(json).unwrap_or_default())
            }
            format => {
                let json = json_of(format, payload, 0);
                json.and_then(|json| self.json(&json)).unwrap_or_else(|| NO_JSON.to_owned())
            }
        }
    }

    fn json(&self, text: &str) -> Option<String> {
        let json: &RawValue = serde_json::from_str(text).ok()?;
        let mut left = String::new();
        self.value(json.get(), 0, &mut left);
        Some(left)
    }

    /// Writes what is left of a value.
    fn value(&self, json: &str, depth: usize, left: &mut String) {
        match json.as_bytes().first() {
            _ if depth > DEEPEST => left.push_str("null"),
            Some(b'{') => {
                let members: BTreeMap<String, &RawValue> =
                    serde_json::from_str(json).unwrap_or_default();
                let members = members.iter().filter(|(name, _)| self.read.contains(*name));
                left.push('{');
                for (at, (name, value)) in members.enumerate() {
                    left.push_str(if at == 0 { "" } else { "," });
                    left.push_str(&quoted(name));
                    left.push(':');
                    self.value(value.get(), depth + 1, left);
                }
                left.push('}');
            }
            Some(b'[') => {
                let elements: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
                let stays =
                    |value: &&&RawValue| self.by_place || value.get().starts_with(['{', '[']);
                left.push('[');
                for (at, value) in elements.iter().filter(stays).enumerate() {
                    left.push_str(if at == 0 { "" } else { "," });
                    self.value(value.get(), depth + 1, left);
                }
                left.push(']');
            }
            Some(b'"') if self.in_text => left.push_str(&self.text(json, depth)),
            _ => left.push_str(json),
        }
    }

    /// A text, which may be JSON itself.
    fn text(&self, json: &str, depth: usize) -> String {
        let text: String = serde_json::from_str(json).unwrap_or_default();
        let inner = serde_json::from_str::<&RawValue>(&text).ok();
        match inner.filter(|inner| inner.get().starts_with(['{', '['])) {
            Some(inner) => {
                let mut left = String::new();
                self.value(inner.get(), depth + 1, &mut left);
                quoted(&left)
            }
            None => json.to_owned(),
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}
