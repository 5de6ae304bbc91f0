//! Messages → where the fields of the rules were found, and where they probably are if not there.
//!
//! A wrong key makes everything look broken (rules.md, 7, risk 1). So each place of each field is
//! tried by itself, with the same decoder; and the JSON of the traffic is walked for texts that
//! look like types, runs and users.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use crate::events::{
    Decoder, Event, Field, FieldId, Kind, Locator, Reading, ReadingError, Scalar, Symbols,
};
use crate::wire::{Connection, Direction, Message};

/// Values of a field, or of a place, that are told apart.
const MOST_VALUES: usize = 100_000;

/// Places that are watched, the first of the traffic.
const MOST_PLACES: usize = 512;

/// Values of a place that are told apart: a type has few, and of ids these are enough.
const MOST_OF_A_PLACE: usize = 4096;

/// Members within members that are looked at, and elements: ids are near the top.
const DEEPEST: usize = 3;

/// The longest text that may be a type or an id, and the longest message that is walked, in bytes.
const LONGEST_ID: usize = 128;
const LONGEST_WALKED: usize = 256 << 10;

/// The most kinds of messages that a protocol has.
const MOST_TYPES: usize = 200;

/// Places whose fields one decoder can have.
const MOST_FIELDS: usize = 250;

/// Where one field was looked for.
#[derive(Clone, Debug, Default)]
pub struct FieldFigures {
    /// Its name.
    pub name: String,
    /// Messages that have it.
    pub found: u64,
    /// Its places, in the order in which they count, and how often each was the one that counted.
    pub places: Vec<(String, u64)>,
    /// Values of it, up to a hundred thousand.
    pub values: u64,
}

/// What a field probably is, by the traffic.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    /// `type`, `user`, `run` or `thread`.
    pub field: &'static str,
    /// The JSON pointer.
    pub pointer: String,
    /// Why, in a few words.
    pub why: String,
}

/// One place in the JSON of messages.
#[derive(Clone, Debug, Default)]
struct Place {
    messages: u64,
    values: HashMap<String, u64>,
    /// Values by connection: how many differ, up to two.
    connections: HashMap<i64, (u64, String)>,
}

/// Finds out.
#[derive(Debug)]
pub struct Keys {
    decoder: Decoder,
    /// By field of the decoder: the field it is a place of, and which place.
    probes: Vec<(usize, usize)>,
    fields: Vec<FieldFigures>,
    values: Vec<HashSet<Scalar>>,
    messages: u64,
    places: BTreeMap<String, Place>,
    events: Vec<Event>,
    left_out: bool,
}

impl Keys {
    /// For the fields of this reading.
    ///
    /// # Errors
    /// What is wrong with the reading.
    pub fn new(reading: &Reading) -> Result<Self, ReadingError> {
        let type_of = Field { name: "type".into(), ..reading.type_of.clone() };
        let all: Vec<Field> = std::iter::once(type_of).chain(reading.fields.clone()).collect();
        let (mut probes, mut tried, mut fields) = (Vec::new(), Vec::new(), Vec::new());
        for (index, field) in all.iter().enumerate() {
            for (place, locator) in field.from.iter().enumerate() {
                probes.push((index, place));
                let name = format!("{}#{place}", field.name);
                let from = vec![locator.clone()];
                let (derive, sticky) = (None, false);
                tried.push(Field { name, from, sticky, derive, ..field.clone() });
            }
            let places = field.from.iter().map(|locator| (written(locator), 0)).collect();
            fields.push(FieldFigures { name: field.name.clone(), places, ..Default::default() });
        }
        let left_out = tried.len() > MOST_FIELDS;
        tried.truncate(MOST_FIELDS);
        let decoder = Decoder::new(&Reading { fields: tried, ..reading.clone() })?;
        let values = vec![HashSet::new(); fields.len()];
        let places = BTreeMap::new();
        Ok(Self {
            decoder,
            probes,
            fields,
            values,
            messages: 0,
            places,
            events: Vec::new(),
            left_out,
        })
    }

    /// Learns of a connection.
    pub fn connection(&mut self, connection: &Connection) {
        self.decoder.connection(connection);
    }

    /// Takes the next message; `json` is the JSON in it, if there is any.
    pub fn message(
        &mut self,
        connection: i64,
        direction: Direction,
        message: &Message,
        json: Option<&str>,
    ) {
        if message.opcode.is_control() {
            return;
        }
        let mut events = std::mem::take(&mut self.events);
        self.decoder.message(connection, direction, message, &mut events);
        for event in events.drain(..).filter(|event| event.kind == Kind::Message) {
            self.messages += 1;
            let mut last = None;
            for (probe, (field, place)) in self.probes.iter().enumerate().take(MOST_FIELDS) {
                // Places are in order: the first that has it counts.
                let Some(value) = event.field(FieldId(probe as u8)) else { continue };
                if last == Some(*field) {
                    continue;
                }
                last = Some(*field);
                let figures = &mut self.fields[*field];
                figures.found += 1;
                figures.places[*place].1 += 1;
                if self.values[*field].len() < MOST_VALUES {
                    self.values[*field].insert(value);
                }
            }
        }
        self.events = events;
        let json = json.filter(|json| json.len() <= LONGEST_WALKED);
        if let Some(value) = json.and_then(|json| serde_json::from_str(json).ok()) {
            self.walk(connection, &value, &mut String::new(), 0);
        }
    }

    fn walk(&mut self, connection: i64, value: &Value, pointer: &mut String, depth: usize) {
        let text = match value {
            Value::Object(members) if depth < DEEPEST => {
                for (key, value) in members {
                    let length = pointer.len();
                    pointer.push('/');
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                    self.walk(connection, value, pointer, depth + 1);
                    pointer.truncate(length);
                }
                return;
            }
            Value::String(text) if text.len() <= LONGEST_ID => text.clone(),
            Value::Number(number) if number.is_u64() => number.to_string(),
            _ => return,
        };
        if !self.places.contains_key(pointer) {
            if self.places.len() >= MOST_PLACES || pointer.len() > 4 * LONGEST_ID {
                return;
            }
            self.places.insert(pointer.clone(), Place::default());
        }
        let Some(place) = self.places.get_mut(pointer) else { return };
        place.messages += 1;
        if place.connections.len() < MOST_OF_A_PLACE || place.connections.contains_key(&connection)
        {
            let (count, first) =
                place.connections.entry(connection).or_insert_with(|| (1, text.clone()));
            *count += u64::from(*first != text);
        }
        if place.values.len() < MOST_OF_A_PLACE || place.values.contains_key(&text) {
            *place.values.entry(text).or_default() += 1;
        }
    }

    /// Messages looked at.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Whether there were more places than can be tried.
    pub fn is_partial(&self) -> bool {
        self.left_out
    }

    /// Each field, the type first.
    pub fn fields(&self) -> Vec<FieldFigures> {
        let with = |(field, values): (&FieldFigures, &HashSet<Scalar>)| FieldFigures {
            values: values.len() as u64,
            ..field.clone()
        };
        self.fields.iter().zip(&self.values).map(with).collect()
    }

    /// The texts of values.
    pub fn symbols(&self) -> &Symbols {
        self.decoder.symbols()
    }

    /// What is probably where, of the fields that most messages lack.
    pub fn guesses(&self) -> Vec<Guess> {
        let found = |name: &str| {
            let field = self.fields.iter().find(|field| field.name == name);
            field.map_or(0, |field| field.found) * 100 / self.messages.max(1)
        };
        let mut taken = BTreeSet::new();
        let mut guesses = Vec::new();
        let wanted: [(&'static str, u64); 4] =
            [("type", 90), ("user", 1), ("run", 10), ("thread", 1)];
        for (field, _) in wanted.into_iter().filter(|(field, least)| found(field) < *least) {
            // Many protocols know none: rules that say of none are not wrong for that alone.
            let is_asked = self.fields.iter().any(|known| known.name == field);
            if field == "thread" && guesses.is_empty() && !is_asked {
                continue;
            }
            let scored =
                self.places.iter().filter(|(pointer, _)| !taken.contains(*pointer)).filter_map(
                    |(pointer, place)| Some((self.score(field, pointer, place)?, pointer)),
                );
            let best = scored.max_by(|(a, left), (b, right)| {
                // Of equals, the one nearer to the top.
                a.cmp(b).then_with(|| right.len().cmp(&left.len()))
            });
            let Some((_, pointer)) = best else { continue };
            taken.insert(pointer.clone());
            let place = &self.places[pointer];
            guesses.push(Guess { field, pointer: pointer.clone(), why: self.why(place) });
        }
        guesses
    }

    fn why(&self, place: &Place) -> String {
        let share = place.messages * 100 / self.messages.max(1);
        let more = if place.values.len() >= MOST_OF_A_PLACE { "at least " } else { "" };
        format!("in {share} % of messages, {more}{} values", place.values.len())
    }

    /// How much a place looks like a field; `None` if it can't be.
    fn score(&self, field: &str, pointer: &str, place: &Place) -> Option<u64> {
        let share = place.messages * 100 / self.messages.max(1);
        let values = place.values.len() as u64;
        let recurring = place.values.values().filter(|count| **count > 1).count() as u64;
        let recurring = recurring * 100 / values.max(1);
        let numbers = place.values.keys().all(|value| value.bytes().all(|b| b.is_ascii_digit()));
        let key = pointer.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let named = |words: &[&str]| words.iter().any(|word| key.contains(word));
        match field {
            "type" => {
                let few = values >= 2 && values <= MOST_TYPES as u64 && values * 5 < place.messages;
                let bonus =
                    u64::from(named(&["type", "event", "kind", "op", "action", "cmd"])) * 50;
                (share > 90 && few && !numbers).then_some(share + bonus)
            }
            "user" => {
                let one = place.connections.values().filter(|(count, _)| *count == 1).count();
                let one = one as u64 * 100 / place.connections.len().max(1) as u64;
                let is_named = named(&["user", "uid", "account", "member", "who", "sub"]);
                // One in four may be somebody else's: that is what leaks look like.
                (one >= 75 && is_named).then_some(one + share)
            }
            "thread" => {
                let is_named =
                    named(&["thread", "conversation", "chat", "room", "channel", "topic"]);
                (is_named && recurring >= 50 && share >= 1).then_some(share + recurring)
            }
            _ => {
                let is_named =
                    named(&["run", "task", "job", "trace", "request", "session", "op", "id"]);
                let often = place.messages / values.max(1);
                let fits = values >= 2 && recurring >= 80 && often >= 2 && share >= 10;
                let few = values * 2 < place.messages;
                (fits && few && is_named).then(|| {
                    let bonus = u64::from(named(&["run", "task", "job", "trace"])) * 100;
                    share + recurring + values.min(100) + bonus
                })
            }
        }
    }
}

/// As a rules file writes it.
fn written(locator: &Locator) -> String {
    match locator {
        Locator::Pointer(pointer) => pointer.clone(),
        Locator::Header(name) => format!("header:{name}"),
        Locator::Cookie(name) => format!("cookie:{name}"),
        Locator::Query(name) => format!("query:{name}"),
        Locator::Path(at) => format!("path:{at}"),
        Locator::Subprotocol => "subprotocol".to_owned(),
        Locator::Claim(claim) => format!("jwt:{claim}"),
        Locator::First(pointer) => format!("first:{pointer}"),
        Locator::Connection => "conn".to_owned(),
        Locator::Const(text) => format!("const:{text}"),
    }
}
