//! Facts and events of a recording as it grows → the figures of a live screen, in bounded room.
//!
//! Nothing here asks for the time: seconds are those of the recording's clock, and what came
//! within the last minutes is counted by second. The histograms are over all that came; they merge,
//! and no sample is kept. What is open, broken or due is asked of the engine, which knows it.

use std::collections::{HashMap, HashSet, VecDeque};

use super::Analysis;
use super::histogram::Histogram;
use super::stats::{FURTHER, MOST_GROUPS};
use crate::events::{Event, FieldId, Kind, Scalar, Symbol, Symbols};
use crate::rules::{Finding, RuleBook, RuleKind, Severity, Status, Waiting};
use crate::wire::{Connection, Ending, Fact, RecordedFrame};

/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

/// Seconds that rates are over: the five minutes that a screen shows.
pub const WINDOW: usize = 300;

/// Runs whose latest event is remembered, twice over: the older half is let go of when the
/// younger is full.
const MOST_RUNS: usize = 1 << 14;

/// Connections known to be open; what opens beyond is counted, and not followed.
const MOST_OPEN: usize = 1 << 17;

/// What is told of what waits, and of unknown types: as many as a screen has rows.
const MOST_TOLD: usize = 100;

/// The status of a connection that became a WebSocket.
const UPGRADED: u16 = 101;

/// Close codes with which a connection ends as it should: normal, going away, none given.
const ORDERLY: [u16; 3] = [1000, 1001, 1005];

/// How much came in each of the last [`WINDOW`] seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seconds {
    /// The second after the last one counted.
    end: u64,
    counts: VecDeque<u32>,
}

impl Seconds {
    fn add(&mut self, at_ns: u64, more: u32) {
        let second = at_ns / SECOND;
        if second >= self.end {
            let skipped = (second + 1 - self.end).min(WINDOW as u64) as usize;
            self.counts.extend(std::iter::repeat_n(0, skipped));
            self.end = second + 1;
            let over = self.counts.len().saturating_sub(WINDOW);
            self.counts.drain(..over);
        }
        // What is older than the window is in no second of it.
        let back = (self.end - second) as usize;
        if let Some(place) = self.counts.len().checked_sub(back)
            && let Some(count) = self.counts.get_mut(place)
        {
            *count = count.saturating_add(more);
        }
    }

    /// By second, the oldest first, the one in which `now_ns` is last: [`WINDOW`] of them.
    pub fn until(&self, now_ns: u64) -> Vec<u32> {
        let now = now_ns / SECOND;
        let from = (now + 1).saturating_sub(WINDOW as u64);
        let start = self.end.saturating_sub(self.counts.len() as u64);
        let of = |second: u64| {
            let place = second.checked_sub(start)?;
            self.counts.get(usize::try_from(place).ok()?).copied()
        };
        let known = (from..=now).map(|second| of(second).unwrap_or(0));
        let before = WINDOW - (now + 1 - from) as usize;
        std::iter::repeat_n(0, before).chain(known).collect()
    }

    /// How much came in the last `seconds` whole seconds before the one of `now_ns`.
    pub fn last(&self, now_ns: u64, seconds: usize) -> u64 {
        let all = self.until(now_ns);
        let end = all.len() - 1;
        all[end.saturating_sub(seconds)..end].iter().map(|count| u64::from(*count)).sum()
    }
}

/// One type of events.
#[derive(Clone, Debug, Default)]
pub struct TypeFigures {
    /// How many came.
    pub count: u64,
    /// By second.
    pub seconds: Seconds,
    /// Nanoseconds from the event before in the run.
    pub gaps: Histogram,
    /// When the first came, nanoseconds since the recording started.
    pub first_ns: u64,
    /// Its frame.
    pub first_frame: i64,
    /// Its connection.
    pub first_connection: i64,
    /// The shortest time within which rules want it, in nanoseconds.
    pub limit_ns: Option<u64>,
}

/// Follows a recording.
#[derive(Clone, Debug)]
pub struct Live {
    user: Option<FieldId>,
    run: Option<FieldId>,
    ends: HashSet<String>,
    limits: HashMap<String, u64>,
    frames: Seconds,
    bytes: u64,
    opened: Seconds,
    dropped: Seconds,
    open: HashSet<i64>,
    /// How far a run is, by whose it is and its id.
    young: HashMap<(Scalar, Scalar), Heard>,
    old: HashMap<(Scalar, Scalar), Heard>,
    done: u64,
    types: HashMap<Symbol, TypeFigures>,
    further: TypeFigures,
    held: Histogram,
    never: u64,
    file: VecDeque<(u64, u64)>,
    queued: Option<u64>,
    latest_ns: u64,
}

/// What was heard of a run so far.
#[derive(Clone, Copy, Debug)]
struct Heard {
    latest_ns: u64,
    /// Its end came, at least once.
    has_ended: bool,
}

/// What a screen shows now.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Frames by second, the oldest first.
    pub rate: Vec<u32>,
    /// Frames of the last whole ten seconds, a second.
    pub frames_a_second: f64,
    /// Connections open, and those opened and dropped within the last minute.
    pub connections: [u64; 3],
    /// Runs that are open, runs that came to an end, and runs with an error.
    pub runs: [u64; 3],
    /// What the proxy held frames for, from read to written, in nanoseconds: median and 99th of
    /// a hundred; `None` before the first.
    pub held_ns: Option<(u64, u64)>,
    /// Frames that were never handed to their receiver.
    pub never: u64,
    /// How much the file grows, in bytes a minute; `None` before it was looked at twice.
    pub disk_a_minute: Option<u64>,
    /// Bytes that wait to be stored, where the recorder tells.
    pub queued: Option<u64>,
    /// How far what was read from the file is behind, in nanoseconds.
    pub behind_ns: u64,
    /// What open runs wait for, the soonest due first.
    pub waiting: Vec<Waiting>,
    /// Types that no rule knows, the one seen first last.
    pub unknown: Vec<(String, TypeFigures)>,
}

impl Live {
    /// By the rules that `book` has.
    pub fn new(book: &RuleBook) -> Self {
        let scope = book.scopes.iter().find(|scope| scope.name == "run").or(book.scopes.get(1));
        Self {
            user: book.reading.field("user"),
            run: book.reading.field("run"),
            ends: scope.map(|scope| scope.end.iter().cloned().collect()).unwrap_or_default(),
            limits: limits(book),
            frames: Seconds::default(),
            bytes: 0,
            opened: Seconds::default(),
            dropped: Seconds::default(),
            open: HashSet::new(),
            young: HashMap::new(),
            old: HashMap::new(),
            done: 0,
            types: HashMap::new(),
            further: TypeFigures::default(),
            held: Histogram::default(),
            never: 0,
            file: VecDeque::new(),
            queued: None,
            latest_ns: 0,
        }
    }

    /// Takes a fact, before or after the events it makes.
    pub fn fact(&mut self, fact: &Fact<'_>) {
        match fact {
            Fact::Frame(frame) => self.frame(frame),
            Fact::Connection(connection) => self.connection(connection),
            _ => {}
        }
    }

    /// Is told of a connection when it opens and when it has ended, or once when it was short.
    fn connection(&mut self, connection: &Connection) {
        if connection.status != Some(UPGRADED) {
            return;
        }
        let is_new = self.open.len() < MOST_OPEN && self.open.insert(connection.id);
        self.opened.add(connection.opened_ns, u32::from(is_new));
        let Some(ending) = connection.ending else { return };
        let was_open = self.open.remove(&connection.id);
        let codes = connection.close.iter().flatten().filter_map(|close| close.code);
        let mut odd = codes.filter(|code| !ORDERLY.contains(code));
        let orderly = matches!(ending, Ending::Closed | Ending::Stopped) && odd.next().is_none();
        let closed_ns = connection.closed_ns.unwrap_or(connection.opened_ns);
        self.dropped.add(closed_ns, u32::from(was_open && !orderly));
    }

    fn frame(&mut self, recorded: &RecordedFrame<'_>) {
        let stamp = recorded.stamp;
        self.latest_ns = self.latest_ns.max(stamp.read_ns);
        self.frames.add(stamp.read_ns, 1);
        self.bytes += recorded.frame.payload.len() as u64;
        match stamp.written_ns {
            Some(written_ns) => self.held.add(written_ns.saturating_sub(stamp.read_ns)),
            None => self.never += 1,
        }
    }

    /// Takes the next event.
    pub fn event(&mut self, event: &Event, symbols: &Symbols) {
        let at_ns = event.at_ns;
        self.latest_ns = self.latest_ns.max(at_ns);
        if event.kind != Kind::Message {
            return;
        }
        let field = |field: Option<FieldId>| field.and_then(|field| event.field(field));
        let user = field(self.user).unwrap_or(Scalar::Connection(event.connection));
        let gap_ns = field(self.run).and_then(|run| {
            let ends = self.ends.contains(symbols.text(event.name));
            let before = self.hear((user, run), at_ns, ends);
            before.map(|before| at_ns.saturating_sub(before))
        });
        let limits = &self.limits;
        let room = self.types.len() < MOST_GROUPS || self.types.contains_key(&event.name);
        let figures = if room {
            self.types.entry(event.name).or_insert_with(|| TypeFigures {
                first_ns: at_ns,
                first_frame: event.frames.1,
                first_connection: event.connection,
                limit_ns: limits.get(symbols.text(event.name)).copied(),
                ..TypeFigures::default()
            })
        } else {
            &mut self.further
        };
        figures.count += 1;
        figures.seconds.add(at_ns, 1);
        if let Some(gap_ns) = gap_ns {
            figures.gaps.add(gap_ns);
        }
    }

    /// When the run was last heard of; now is the next time. A run is done once, however many
    /// events say so.
    fn hear(&mut self, run: (Scalar, Scalar), at_ns: u64, ends: bool) -> Option<u64> {
        let before = self.young.get(&run).or_else(|| self.old.get(&run)).copied();
        if self.young.len() >= MOST_RUNS && !self.young.contains_key(&run) {
            self.old = std::mem::take(&mut self.young);
        }
        let had_ended = before.is_some_and(|before| before.has_ended);
        self.done += u64::from(ends && !had_ended);
        self.young.insert(run, Heard { latest_ns: at_ns, has_ended: had_ended || ends });
        before.map(|before| before.latest_ns)
    }

    /// At `now_ns` the file had this many bytes, and this much waited to be stored, if that is known.
    pub fn disk(&mut self, now_ns: u64, bytes: u64, queued: Option<u64>) {
        self.queued = queued;
        if self.file.back().is_some_and(|(last_ns, _)| now_ns < last_ns.saturating_add(SECOND)) {
            return;
        }
        self.file.push_back((now_ns, bytes));
        let over = self.file.len().saturating_sub(WINDOW);
        self.file.drain(..over);
    }

    /// The types, the most frequent first; those beyond a thousand share one line.
    pub fn types<'a>(&'a self, symbols: &'a Symbols) -> Vec<(&'a str, &'a TypeFigures)> {
        let mut types: Vec<_> =
            self.types.iter().map(|(name, figures)| (symbols.text(*name), figures)).collect();
        types.sort_by(|a, b| b.1.count.cmp(&a.1.count).then_with(|| a.0.cmp(b.0)));
        if self.further.count > 0 {
            types.push((FURTHER, &self.further));
        }
        types
    }

    /// Payload bytes that came.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The rest, at `now_ns` on the recording's clock; `analysis` was told of the same facts.
    pub fn figures(&self, now_ns: u64, analysis: &Analysis) -> Figures {
        let engine = analysis.engine();
        let findings = engine.findings();
        let stands = |finding: &&Finding| finding.status != Status::Withdrawn;
        let is_error = |finding: &&Finding| finding.severity == Severity::Error;
        let errors = findings.iter().filter(stands).filter(is_error);
        let broken: HashSet<_> =
            errors.filter_map(|finding| Some((&finding.user, finding.run.as_ref()?))).collect();
        Figures {
            rate: self.frames.until(now_ns),
            frames_a_second: self.frames.last(now_ns, 10) as f64 / 10.0,
            connections: [
                self.open.len() as u64,
                self.opened.last(now_ns, 60),
                self.dropped.last(now_ns, 60),
            ],
            runs: [engine.open_slices("run"), self.done, broken.len() as u64],
            held_ns: self.held.per_mille(500).zip(self.held.per_mille(990)),
            never: self.never,
            disk_a_minute: self.disk_a_minute(now_ns),
            queued: self.queued,
            behind_ns: now_ns.saturating_sub(self.latest_ns),
            waiting: engine.waiting(MOST_TOLD, analysis.symbols()),
            unknown: self.unknown(analysis),
        }
    }

    fn unknown(&self, analysis: &Analysis) -> Vec<(String, TypeFigures)> {
        let symbols = analysis.symbols();
        let types = self.types.iter().map(|(name, figures)| (symbols.text(*name), figures));
        let mut unknown: Vec<_> =
            types.filter(|(name, _)| !analysis.engine().knows(name, symbols)).collect();
        unknown.sort_by_key(|(name, figures)| (std::cmp::Reverse(figures.first_ns), *name));
        let told = unknown.into_iter().take(MOST_TOLD);
        told.map(|(name, figures)| (name.to_owned(), figures.clone())).collect()
    }

    /// Over the last minute, or what is known of it.
    fn disk_a_minute(&self, now_ns: u64) -> Option<u64> {
        let recent = |(at_ns, _): &&(u64, u64)| now_ns.saturating_sub(*at_ns) <= 60 * SECOND;
        let (first_ns, first) = self.file.iter().find(recent)?;
        let (last_ns, last) = self.file.back()?;
        let lasted = u128::from(last_ns.checked_sub(*first_ns).filter(|lasted| *lasted > 0)?);
        let grown = u128::from(last.saturating_sub(*first));
        u64::try_from(grown * u128::from(60 * SECOND) / lasted).ok()
    }
}

/// By name: the shortest time within which a rule wants it after what it answers.
fn limits(book: &RuleBook) -> HashMap<String, u64> {
    use RuleKind as K;
    let mut limits: HashMap<String, u64> = HashMap::new();
    for rule in &book.rules {
        let (names, within) = match &rule.kind {
            K::Response(_, b)
            | K::AlternateResponse(_, b)
            | K::ChainResponse(_, b)
            | K::Succession(_, b)
            | K::AlternateSuccession(_, b)
            | K::ChainSuccession(_, b)
            | K::Pair { close: b, .. }
            | K::Reply { reply: b, .. } => (b, rule.within),
            K::Silence { expect, within, .. } => (expect, Some(*within)),
            _ => continue,
        };
        for (name, within) in names.iter().zip(std::iter::repeat(within)) {
            let Some(within) = within else { continue };
            limits
                .entry(name.clone())
                .and_modify(|known| *known = within.min(*known))
                .or_insert(within);
        }
    }
    limits
}
