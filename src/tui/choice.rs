//! What the reader chooses: a screen, a pane, a lane, an order, a form; and what lies over the screen.

use super::menu::Menu;
use super::message::{Answer, Listed};
use super::review::Review;

/// A filter, and what it has let through so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Sieve {
    pub(super) text: String,
    pub(super) rows: Vec<u32>,
    /// The row up to which it was looked.
    pub(super) until: u32,
    pub(super) words: String,
    /// The rest is being looked at.
    pub(super) is_busy: bool,
}

/// A text to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) scroll: usize,
}

/// SQL that is being typed, and what it gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sql {
    pub(super) text: String,
    pub(super) answer: Option<Result<Answer, String>>,
    /// The answer is to what stands there.
    pub(super) is_fresh: bool,
    pub(super) picked: usize,
}

/// How lanes are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As they came; of many, those with findings first.
    #[default]
    Arrival,
    /// The worst findings first.
    Worst,
    /// The latest run first.
    Recent,
    /// By name.
    Name,
    /// The most runs first.
    Runs,
}

impl Order {
    /// All.
    pub const ALL: [Self; 5] = [Self::Arrival, Self::Worst, Self::Recent, Self::Name, Self::Runs];

    /// In words.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Arrival => "arrival",
            Self::Worst => "worst finding",
            Self::Recent => "latest run",
            Self::Name => "name",
            Self::Runs => "number of runs",
        }
    }
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
    /// Figures of now.
    Live,
    /// Two runs, side by side.
    Diff,
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
    Filter(Typed),
    /// A list to choose from.
    Menu(Menu),
    /// A text to read.
    Sheet(Sheet),
    /// SQL.
    Sql(Box<Sql>),
    /// A note is being typed.
    Note(String),
    /// What leaves the machine with a report.
    Review(Box<Review>),
    /// An answer is being typed.
    Prompt(Asking, String),
    /// Whether a recording is to be removed.
    Remove(Box<Listed>),
}

impl Overlay {
    /// Asks whether it is to be removed.
    pub(super) fn remove(listed: Listed) -> Self {
        Self::Remove(Box::new(listed))
    }
}

/// A filter that is being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    pub(super) text: String,
    /// What was typed before Tab tried a way to go on, and which.
    pub(super) tried: Option<(String, usize)>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asking {
    /// The address of a server.
    Record,
    /// A file.
    OpenFile,
    /// A recording's new name; its key.
    Rename(String),
}

/// How recordings are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListOrder {
    /// The newest first.
    #[default]
    Newest,
    /// By name.
    Name,
    /// The longest first.
    Longest,
    /// The most frames first.
    Frames,
    /// The largest first.
    Size,
}

impl ListOrder {
    /// All.
    pub const ALL: [Self; 5] = [Self::Newest, Self::Name, Self::Longest, Self::Frames, Self::Size];

    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Name => "name",
            Self::Longest => "longest",
            Self::Frames => "frames",
            Self::Size => "size",
        }
    }
}

/// A lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// A user: an index of [`Tape::users`](super::tape::Tape::users).
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

/// What the colour of a row repeats, where no finding is about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paint {
    /// Where it went, which an arrow says too.
    #[default]
    Direction,
    /// What it is, which a letter and its name say too.
    Type,
}

impl Paint {
    /// All.
    pub const ALL: [Self; 2] = [Self::Direction, Self::Type];

    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Direction => "direction",
            Self::Type => "type",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|paint| paint.word() == name)
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
