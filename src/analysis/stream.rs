//! Facts of a recording, one after the other → its events.

use std::collections::BTreeMap;

use crate::events::{Decoder, Event, Map, Reading, ReadingError, Symbols};
use crate::wire::{Connection, Deflate, Direction, Fact, Gap, MessageAssembler, RecordedFrame};

use super::MESSAGE_LIMIT;

/// Makes the events of a recording, in order. What it makes never depends on how it is judged, so
/// that it can be done elsewhere.
#[derive(Debug)]
pub struct EventStream {
    decoder: Decoder,
    assemblers: Map<i64, [MessageAssembler; 2]>,
    /// Connections that were seen, and whether the server had answered.
    answered: Map<i64, bool>,
    /// Connections' beginnings and ends, and gaps, whose time has not come: facts about them may
    /// be read before the frames around them.
    waiting: BTreeMap<(u64, u64), Waiting>,
    asked: u64,
    frames: u64,
    connections: u64,
}

#[derive(Debug)]
enum Waiting {
    Connection(Box<Connection>),
    Gap(Gap),
}

impl EventStream {
    /// By this reading.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(reading: &Reading) -> Result<Self, ReadingError> {
        Ok(Self {
            decoder: Decoder::new(reading)?,
            assemblers: Map::default(),
            answered: Map::default(),
            waiting: BTreeMap::new(),
            asked: 0,
            frames: 0,
            connections: 0,
        })
    }

    /// The texts of names and ids.
    pub fn symbols(&self) -> &Symbols {
        self.decoder.symbols()
    }

    /// The same, to give numbers to texts that others compare with.
    pub fn symbols_mut(&mut self) -> &mut Symbols {
        self.decoder.symbols_mut()
    }

    /// Frames and connections that were taken.
    pub fn taken(&self) -> (u64, u64) {
        (self.frames, self.connections)
    }

    /// Events that no schema could be held against: they are too long.
    pub fn too_long(&self) -> u64 {
        self.decoder.too_long()
    }

    /// Takes the next fact; adds the events that it makes.
    pub fn feed(&mut self, fact: &Fact<'_>, out: &mut Vec<Event>) {
        match fact {
            Fact::Recording(_) | Fact::Note(_) => {}
            Fact::Connection(connection) => self.connection(connection),
            Fact::Gap(gap) => self.wait(gap.from_ns, Waiting::Gap(gap.clone())),
            Fact::Frame(frame) => {
                self.release(frame.stamp.read_ns, out);
                self.frame(frame, out);
            }
        }
    }

    fn connection(&mut self, connection: &Connection) {
        let answered = connection.status.is_some() || connection.ending.is_some();
        let before = self.answered.insert(connection.id, answered);
        self.connections += u64::from(before.is_none());
        // One that is being asked for is looked at again when the server has answered.
        if before.is_none() || before == Some(false) && answered {
            self.assemblers.insert(connection.id, assemblers(&connection.response_head));
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

    /// Adds the events of what happened before `now_ns`, in order.
    pub fn release(&mut self, now_ns: u64, out: &mut Vec<Event>) {
        while let Some(first) = self.waiting.first_entry().filter(|first| first.key().0 < now_ns) {
            match first.remove() {
                Waiting::Connection(connection) => {
                    self.decoder.connection(&connection);
                    if connection.ending.is_some() {
                        self.finish(&connection, out);
                        self.decoder.opening(&connection, out);
                        self.decoder.ending(&connection, out);
                    } else if connection.status.is_some() {
                        self.decoder.opening(&connection, out);
                    }
                }
                Waiting::Gap(gap) => {
                    for (id, assemblers) in &mut self.assemblers {
                        if gap.connection.is_none_or(|connection| connection == *id) {
                            assemblers.iter_mut().for_each(MessageAssembler::gap);
                        }
                    }
                    self.decoder.gap(&gap, out);
                }
            }
        }
    }

    /// Messages that never got their end are events too.
    fn finish(&mut self, connection: &Connection, out: &mut Vec<Event>) {
        let Some(assemblers) = self.assemblers.get_mut(&connection.id) else { return };
        for direction in Direction::BOTH {
            while let Some(message) = assemblers[direction.index()].finish() {
                self.decoder.message(connection.id, direction, &message, out);
            }
        }
    }

    fn frame(&mut self, recorded: &RecordedFrame<'_>, out: &mut Vec<Event>) {
        self.frames += 1;
        let Some(assemblers) = self.assemblers.get_mut(&recorded.connection) else { return };
        let message = assemblers[recorded.direction.index()].feed(recorded);
        if let Some(message) = message {
            let (connection, direction) = (recorded.connection, recorded.direction);
            self.decoder.message(connection, direction, &message, out);
        }
    }
}

/// What puts the messages of a connection together, by direction.
fn assemblers(response_head: &[u8]) -> [MessageAssembler; 2] {
    let deflate = Deflate::negotiated(response_head);
    let [out, back] = deflate.map_or([None, None], |deflate| deflate.map(Some));
    [out, back].map(|deflate| MessageAssembler::new(deflate, MESSAGE_LIMIT))
}
