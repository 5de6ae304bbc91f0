//! Where the reader is: screen, pane, lane, playhead, window, finding; and what reaches and leaves
//! [`update`](super::update()).

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::keys::Key;
use super::list::{self, Entry};
use super::measure::Wall;
use super::scale::{Folding, Scale};
use super::shape::Shape;
use super::tape::Tape;
use super::theme::Theme;

/// What happened.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key was pressed.
    Key(Key),
    /// The terminal has so many columns and rows.
    Resize(u16, u16),
    /// A row's payload was read.
    Payload(u32, Result<Shown, String>),
    /// A filter was applied: its text, and what it means.
    Sifted(String, Result<Sifted, String>),
    /// The folder was listed.
    Listed(Result<Vec<Listed>, String>),
    /// A recording was opened.
    Opened(Result<Box<Tape>, String>),
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Read a row's payload.
    Read(u32),
    /// Find the rows that a filter means.
    Sift(String),
    /// List the recordings.
    List,
    /// Open a recording, by its key.
    Open(String),
}

/// A payload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Its first bytes, inflated.
    pub bytes: Vec<u8>,
    /// How many bytes there are.
    pub length: u64,
    /// The JSON in it, if there is any.
    pub json: Option<String>,
}

/// The rows that a filter means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sifted {
    /// Their numbers, in order.
    pub rows: Vec<u32>,
    /// `31 of 4,812 events: …`, or what to drop.
    pub summary: String,
}

/// A recording in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// What opens it.
    pub key: String,
    /// Its name.
    pub name: String,
    /// When it started, nanoseconds since the epoch.
    pub started_ns: i64,
    /// How long it is, in nanoseconds, where that is known.
    pub lasted_ns: Option<u64>,
    /// Connections.
    pub connections: u64,
    /// Frames.
    pub frames: u64,
    /// Bytes of its file.
    pub size: u64,
    /// `live`, `finished`, `interrupted`, `unreadable`.
    pub state: &'static str,
    /// The server's URL; of an unreadable one, why.
    pub upstream: String,
}

/// A full screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// The recordings.
    Sessions,
    /// Lanes.
    #[default]
    Timeline,
    /// Every event.
    Frames,
    /// Every finding.
    Findings,
}

/// The part of the Timeline screen that keys go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// The lanes.
    #[default]
    Lanes,
    /// The rows of the lane.
    Frames,
    /// What is in a row.
    Inspector,
    /// The findings.
    Findings,
}

/// What lies over the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The keys.
    Help,
    /// A filter is being typed.
    Filter(String),
}

/// A lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// A user: an index of [`Tape::users`].
    User(usize),
    /// A run: its number.
    Run(u32),
}

/// Which times the Frames pane shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// Since the run's first event.
    #[default]
    Run,
    /// Since the recording started.
    Recording,
    /// On the wall.
    Clock,
}

impl Times {
    /// In words.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Run => "since run start",
            Self::Recording => "since recording start",
            Self::Clock => "clock",
        }
    }
}

/// How the Inspector shows a payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// One value a line.
    #[default]
    Tree,
    /// As it is, escapes visible.
    Raw,
    /// Byte by byte.
    Hex,
    /// What the rules make of it.
    Decoded,
}

impl Mode {
    /// In one word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Raw => "raw",
            Self::Hex => "hex",
            Self::Decoded => "decoded",
        }
    }
}

/// Where the reader was, to come back to.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) lane: Lane,
    pub(super) entry: usize,
    pub(super) at_ns: u64,
    pub(super) window: Range<u64>,
    pub(super) finding: Option<usize>,
}

/// The reader's place. Only [`update`](super::update()) changes it.
#[derive(Clone, Debug)]
pub struct App {
    pub(super) tape: Option<Arc<Tape>>,
    pub(super) listed: Result<Vec<Listed>, String>,
    pub(super) folder: String,
    pub(super) picked: usize,
    pub(super) screen: Screen,
    pub(super) pane: Pane,
    pub(super) overlay: Overlay,
    pub(super) size: (u16, u16),
    pub(super) theme: Theme,
    pub(super) wall: Wall,
    pub(super) lane: Lane,
    pub(super) collapsed: HashSet<usize>,
    pub(super) window: Range<u64>,
    pub(super) zooms: Vec<Range<u64>>,
    pub(super) folding: Folding,
    pub(super) at_ns: u64,
    pub(super) entries: Arc<Vec<Entry>>,
    pub(super) entry: usize,
    /// Its place in the order of severity, and its index.
    pub(super) finding: Option<usize>,
    pub(super) back: Option<Place>,
    pub(super) times: Times,
    pub(super) mode: Mode,
    pub(super) payload: Option<(u32, Result<Shown, String>)>,
    pub(super) scroll: usize,
    pub(super) filter: Option<(String, Sifted)>,
    /// The row of the Frames screen.
    pub(super) row: u32,
    pub(super) said: Option<String>,
}

impl App {
    /// At the beginning of a recording, or in the list of them.
    pub fn new(tape: Option<Tape>, folder: String, theme: Theme, wall: Wall) -> Self {
        let mut app = Self {
            tape: None,
            listed: Ok(Vec::new()),
            folder,
            picked: 0,
            screen: Screen::Sessions,
            pane: Pane::Lanes,
            overlay: Overlay::None,
            size: (80, 24),
            theme,
            wall,
            lane: Lane::User(0),
            collapsed: HashSet::new(),
            window: 0..1,
            zooms: Vec::new(),
            folding: Folding::Folded,
            at_ns: 0,
            entries: Arc::default(),
            entry: 0,
            finding: None,
            back: None,
            times: Times::Run,
            mode: Mode::Tree,
            payload: None,
            scroll: 0,
            filter: None,
            row: 0,
            said: None,
        };
        if let Some(tape) = tape {
            app.take(tape);
        }
        app
    }

    /// Shows a recording from its beginning.
    pub(super) fn take(&mut self, tape: Tape) {
        self.window = whole(&tape);
        self.tape = Some(Arc::new(tape));
        self.screen = Screen::Timeline;
        self.pane = Pane::Lanes;
        self.collapsed.clear();
        self.zooms.clear();
        (self.at_ns, self.row, self.scroll) = (self.window.start, 0, 0);
        (self.finding, self.back, self.payload, self.filter) = (None, None, None, None);
        self.stand(self.lanes().get(1).copied().unwrap_or(Lane::User(0)));
        if let Some(tape) = &self.tape
            && let Lane::Run(run) = self.lane
        {
            self.at_ns = tape.runs.get(run as usize).map_or(0, |run| run.from_ns);
        }
    }

    /// All lanes that can be stood on, in order.
    pub(super) fn lanes(&self) -> Vec<Lane> {
        let Some(tape) = &self.tape else { return Vec::new() };
        let mut lanes = Vec::with_capacity(tape.users.len() + tape.runs.len());
        for (at, user) in tape.users.iter().enumerate() {
            lanes.push(Lane::User(at));
            if !self.collapsed.contains(&at) {
                lanes.extend(user.runs.iter().map(|run| Lane::Run(*run)));
            }
        }
        lanes
    }

    /// Stands on a lane; its rows are the ones shown.
    pub(super) fn stand(&mut self, lane: Lane) {
        let Some(tape) = self.tape.clone() else { return };
        self.lane = lane;
        if let Lane::Run(run) = lane
            && let Some(run) = tape.runs.get(run as usize)
        {
            self.collapsed.remove(&run.user);
        }
        self.entries = Arc::new(match lane {
            Lane::Run(run) => list::of_run(&tape, run),
            Lane::User(user) => list::of_user(&tape, user),
        });
        self.entry = self.entry_at(self.at_ns);
    }

    /// The last row that is not after a moment.
    pub(super) fn entry_at(&self, at_ns: u64) -> usize {
        let Some(tape) = &self.tape else { return 0 };
        let row = |entry: &Entry| entry.row().and_then(|row| tape.timeline.row(row));
        let known = |entry: &Entry| row(entry).is_some_and(|row| row.at_ns <= at_ns);
        self.entries.iter().rposition(known).unwrap_or(0)
    }

    /// The row of the lane that is selected.
    pub(super) fn selected(&self) -> Option<Entry> {
        self.entries.get(self.entry).copied()
    }

    /// The event that the Inspector is about.
    pub(super) fn inspected(&self) -> Option<u32> {
        match self.screen {
            Screen::Frames => Some(self.row),
            _ => self.selected().and_then(Entry::row),
        }
    }

    /// The finding that the Inspector is about: of a selected ghost, or the current one while its
    /// place is the reader's.
    pub(super) fn told(&self) -> Option<usize> {
        match (self.screen, self.selected()) {
            (Screen::Timeline, Some(Entry::Ghost(finding))) => Some(finding),
            _ => self.finding,
        }
    }

    /// Time on the columns that the lanes have now.
    pub(super) fn scale(&self, width: usize) -> Scale {
        match (&self.tape, self.folding) {
            (Some(tape), Folding::Folded) => Scale::folded(self.window.clone(), width, &tape.idle),
            (Some(tape), Folding::Ordinal) => {
                Scale::ordinal(self.window.clone(), width, &tape.timeline)
            }
            _ => Scale::folded(self.window.clone(), width, &[]),
        }
    }

    /// What the screen is cut into.
    pub(super) fn shape(&self) -> Shape {
        Shape::of(self.size)
    }

    /// The rows of the Frames screen: how many there are.
    pub(super) fn row_count(&self) -> usize {
        match (&self.filter, &self.tape) {
            (Some((_, sifted)), _) => sifted.rows.len(),
            (None, Some(tape)) => tape.timeline.len() as usize,
            (None, None) => 0,
        }
    }

    /// The row at a place of the Frames screen.
    pub(super) fn row_at(&self, place: usize) -> Option<u32> {
        match &self.filter {
            Some((_, sifted)) => sifted.rows.get(place).copied(),
            None => (place < self.row_count()).then_some(place as u32),
        }
    }

    /// The place on the Frames screen of the current row, or of the next that is there.
    pub(super) fn row_place(&self) -> usize {
        let last = self.row_count().saturating_sub(1);
        match &self.filter {
            Some((_, sifted)) => sifted.rows.partition_point(|row| *row < self.row).min(last),
            None => (self.row as usize).min(last),
        }
    }
}

/// All of a recording, with the last event on the last column.
pub(super) fn whole(tape: &Tape) -> Range<u64> {
    0..tape.end_ns.saturating_add(1)
}
