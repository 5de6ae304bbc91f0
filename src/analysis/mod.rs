//! Facts of a recording, one after the other → events and findings: the one way for all who look.
//!
//! Loading a finished file and following a growing one are the same calls, so that what is said
//! live is what is said afterwards. Pure: time is what the facts say.

use std::collections::{BTreeMap, HashMap};

use crate::events::{Decoder, Event, ReadingError, Symbols};
use crate::rules::{AutomatonError, Engine, RuleBook};
use crate::wire::{Connection, Deflate, Direction, Fact, Gap, MessageAssembler, RecordedFrame};

pub mod histogram;
pub mod keys;
pub mod look;
pub mod stats;
pub mod timeline;
pub mod tools;

/// Bytes of a message that are looked at: as much as common servers take, and what is cut off is
/// said.
pub const MESSAGE_LIMIT: usize = 16 << 20;

/// Looks at a recording.
#[derive(Debug)]
pub struct Analysis {
    decoder: Decoder,
    engine: Engine,
    assemblers: HashMap<i64, [MessageAssembler; 2]>,
    /// Connections' beginnings and ends, and gaps, whose time has not come: facts about them may
    /// be read before the frames around them.
    waiting: BTreeMap<(u64, u64), Waiting>,
    asked: u64,
    events: Vec<Event>,
    now_ns: u64,
    counts: Counts,
}

#[derive(Debug)]
enum Waiting {
    Connection(Box<Connection>),
    Gap(Gap),
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames.
    pub frames: u64,
    /// Events.
    pub events: u64,
    /// Connections.
    pub connections: u64,
}

/// Why there is no analysis.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// How to read events is not understood.
    #[error(transparent)]
    Reading(#[from] ReadingError),
    /// A lifecycle can't be followed.
    #[error(transparent)]
    Lifecycle(#[from] AutomatonError),
}

impl Analysis {
    /// By these rules.
    ///
    /// # Errors
    /// What is wrong with them that reading the file did not show.
    pub fn new(book: RuleBook) -> Result<Self, AnalysisError> {
        let mut decoder = Decoder::new(&book.reading)?;
        let engine = Engine::new(book, decoder.symbols_mut())?;
        Ok(Self {
            decoder,
            engine,
            assemblers: HashMap::new(),
            waiting: BTreeMap::new(),
            asked: 0,
            events: Vec::new(),
            now_ns: 0,
            counts: Counts::default(),
        })
    }

    /// Takes the next fact; `each` is told of every event it makes. The findings that it made or
    /// changed, by their index.
    pub fn feed(&mut self, fact: &Fact<'_>, each: &mut dyn FnMut(&Event, &Symbols)) -> Vec<usize> {
        match fact {
            Fact::Recording(_) | Fact::Note(_) => {}
            Fact::Connection(connection) => self.connection(connection),
            Fact::Gap(gap) => self.wait(gap.from_ns, Waiting::Gap(gap.clone())),
            Fact::Frame(frame) => {
                self.release(frame.stamp.read_ns);
                self.frame(frame);
            }
        }
        self.judge(each)
    }

    fn judge(&mut self, each: &mut dyn FnMut(&Event, &Symbols)) -> Vec<usize> {
        let mut changed = Vec::new();
        for event in self.events.drain(..) {
            self.counts.events += 1;
            self.now_ns = self.now_ns.max(event.at_ns);
            each(&event, self.decoder.symbols());
            changed.extend(self.engine.event(&event, self.decoder.symbols_mut()));
        }
        changed
    }

    /// The recording ends here, at `finished_ns` if that is known.
    pub fn end(&mut self, finished_ns: Option<u64>, each: &mut dyn FnMut(&Event, &Symbols)) {
        self.release(u64::MAX);
        self.judge(each);
        let at_ns = finished_ns.unwrap_or(self.now_ns).max(self.now_ns);
        self.engine.end(at_ns, self.decoder.symbols());
    }

    /// It is `now_ns` on the recording's clock: deadlines before that have passed.
    pub fn tick(&mut self, now_ns: u64, each: &mut dyn FnMut(&Event, &Symbols)) -> Vec<usize> {
        self.now_ns = self.now_ns.max(now_ns);
        self.release(now_ns);
        let mut changed = self.judge(each);
        self.engine.time(now_ns, self.decoder.symbols());
        changed.extend(self.engine.changes());
        changed
    }

    /// What was found, and by which rules.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The texts of names and ids.
    pub fn symbols(&self) -> &Symbols {
        self.decoder.symbols()
    }

    /// How much was looked at.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn connection(&mut self, connection: &Connection) {
        if !self.assemblers.contains_key(&connection.id) {
            self.counts.connections += 1;
            let [out, back] = match Deflate::negotiated(&connection.response_head) {
                Some(deflate) => deflate.map(Some),
                None => [None, None],
            };
            let assemblers =
                [out, back].map(|deflate| MessageAssembler::new(deflate, MESSAGE_LIMIT));
            self.assemblers.insert(connection.id, assemblers);
            let begun = Connection { ending: None, closed_ns: None, ..connection.clone() };
            self.wait(connection.opened_ns, Waiting::Connection(Box::new(begun)));
        }
        if let Some(closed_ns) = connection.closed_ns.filter(|_| connection.ending.is_some()) {
            self.wait(closed_ns, Waiting::Connection(Box::new(connection.clone())));
        }
    }

    fn wait(&mut self, at_ns: u64, what: Waiting) {
        self.asked += 1;
        self.waiting.insert((at_ns, self.asked), what);
    }

    /// What happened before `now_ns`, in order.
    fn release(&mut self, now_ns: u64) {
        while let Some(first) = self.waiting.first_entry().filter(|first| first.key().0 < now_ns) {
            match first.remove() {
                Waiting::Connection(connection) => {
                    self.decoder.connection(&connection);
                    if connection.ending.is_some() {
                        self.finish(&connection);
                        self.decoder.opening(&connection, &mut self.events);
                        self.decoder.ending(&connection, &mut self.events);
                    } else if connection.status.is_some() {
                        self.decoder.opening(&connection, &mut self.events);
                    }
                }
                Waiting::Gap(gap) => {
                    for (id, assemblers) in &mut self.assemblers {
                        if gap.connection.is_none_or(|connection| connection == *id) {
                            assemblers.iter_mut().for_each(MessageAssembler::gap);
                        }
                    }
                    self.decoder.gap(&gap, &mut self.events);
                }
            }
        }
    }

    /// Messages that never got their end are events too.
    fn finish(&mut self, connection: &Connection) {
        let Some(assemblers) = self.assemblers.get_mut(&connection.id) else { return };
        for direction in Direction::BOTH {
            while let Some(message) = assemblers[direction.index()].finish() {
                self.decoder.message(connection.id, direction, &message, &mut self.events);
            }
        }
    }

    fn frame(&mut self, recorded: &RecordedFrame<'_>) {
        self.counts.frames += 1;
        let Some(assemblers) = self.assemblers.get_mut(&recorded.connection) else { return };
        let message = assemblers[recorded.direction.index()].feed(recorded);
        if let Some(message) = message {
            let (connection, direction) = (recorded.connection, recorded.direction);
            self.decoder.message(connection, direction, &message, &mut self.events);
        }
    }
}
