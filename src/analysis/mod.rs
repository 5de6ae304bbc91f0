//! Facts of a recording, one after the other → events and findings: the one way for all who look.
//!
//! Loading a finished file and following a growing one are the same calls, so that what is said
//! live is what is said afterwards. Pure: time is what the facts say.

mod stream;

use crate::events::{Event, ReadingError, Symbols, Texts};
use crate::rules::{AutomatonError, Early, Engine, RuleBook};
use crate::wire::Fact;

pub use stream::EventStream;

pub mod diff;
pub mod histogram;
pub mod keys;
pub mod live;
pub mod look;
pub mod measure;
pub mod pulse;
pub mod stats;
pub mod tape;
pub mod timeline;
pub mod tools;

/// Bytes of a message that are looked at: as much as common servers take, and what is cut off is
/// said.
pub const MESSAGE_LIMIT: usize = 16 << 20;

/// Looks at a recording.
#[derive(Debug)]
pub struct Analysis {
    stream: EventStream,
    engine: Engine,
    events: Vec<Event>,
    now_ns: u64,
    judged: u64,
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
    /// Events that no schema could be held against: over a mebibyte.
    pub too_long: u64,
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
        let mut stream = EventStream::new(&book.reading)?;
        let engine = Engine::new(book, stream.symbols_mut())?;
        Ok(Self { stream, engine, events: Vec::new(), now_ns: 0, judged: 0 })
    }

    /// Its two halves, to be run side by side: what makes events, and what judges them.
    pub fn apart(self) -> (EventStream, Judging) {
        let symbols = self.stream.symbols().clone();
        let Self { engine, now_ns, judged, .. } = self;
        (self.stream, Judging { engine, symbols, now_ns, judged })
    }

    /// Takes the next fact; `each` is told of every event it makes. The findings that it made or
    /// changed, by their index.
    pub fn feed(&mut self, fact: &Fact<'_>, each: &mut dyn FnMut(&Event, &Symbols)) -> Vec<usize> {
        self.stream.feed(fact, &mut self.events);
        self.judge(each)
    }

    fn judge(&mut self, each: &mut dyn FnMut(&Event, &Symbols)) -> Vec<usize> {
        let mut changed = Vec::new();
        for event in self.events.drain(..) {
            self.judged += 1;
            self.now_ns = self.now_ns.max(event.at_ns);
            each(&event, self.stream.symbols());
            changed.extend(self.engine.event(&event, self.stream.symbols()));
        }
        changed
    }

    /// The recording ends here, at `finished_ns` if that is known.
    pub fn end(&mut self, finished_ns: Option<u64>, each: &mut dyn FnMut(&Event, &Symbols)) {
        self.stream.release(u64::MAX, &mut self.events);
        self.judge(each);
        let at_ns = finished_ns.unwrap_or(self.now_ns).max(self.now_ns);
        self.engine.end(at_ns, self.stream.symbols());
    }

    /// It is `now_ns` on the recording's clock: deadlines before that have passed.
    pub fn tick(&mut self, now_ns: u64, each: &mut dyn FnMut(&Event, &Symbols)) -> Vec<usize> {
        self.now_ns = self.now_ns.max(now_ns);
        self.stream.release(now_ns, &mut self.events);
        let mut changed = self.judge(each);
        self.engine.time(now_ns, self.stream.symbols());
        changed.extend(self.engine.changes());
        changed
    }

    /// From now on findings are told early, by [`Analysis::provisional`]: for who watches a recording
    /// that is being written.
    pub fn watch(&mut self) {
        self.engine.watch();
    }

    /// What is told of slices that are still open, as far as time has come; and what became of what
    /// was told of them before. Changes no finding.
    pub fn provisional(&mut self) -> Vec<Early> {
        self.engine.provisional(self.now_ns, self.stream.symbols())
    }

    /// What was found, and by which rules.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The texts of names and ids.
    pub fn symbols(&self) -> &Symbols {
        self.stream.symbols()
    }

    /// How much was looked at.
    pub fn counts(&self) -> Counts {
        let (frames, connections) = self.stream.taken();
        let too_long = self.stream.too_long();
        Counts { frames, events: self.judged, connections, too_long }
    }
}

/// The half of an analysis that judges events; the other one may run ahead of it.
#[derive(Debug)]
pub struct Judging {
    engine: Engine,
    symbols: Symbols,
    now_ns: u64,
    judged: u64,
}

impl Judging {
    /// Takes the next events, and the texts that are new in them; `each` is told of every event.
    pub fn take(&mut self, events: &[Event], new: &Texts, each: &mut dyn FnMut(&Event, &Symbols)) {
        self.symbols.follow(new);
        for event in events {
            self.judged += 1;
            self.now_ns = self.now_ns.max(event.at_ns);
            each(event, &self.symbols);
            self.engine.event(event, &self.symbols);
        }
    }

    /// The whole again, once all events of `stream` were taken.
    pub fn joined(self, stream: EventStream) -> Analysis {
        let Self { engine, now_ns, judged, .. } = self;
        Analysis { stream, engine, events: Vec::new(), now_ns, judged }
    }
}
