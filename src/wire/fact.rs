//! The facts a recording holds, as plain data: what the writer takes, the reader gives and the
//! exchange formats carry.

use super::connection::Connection;
use super::frame::RecordedFrame;
use super::stamp::Direction;

/// One thing a recording knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact<'a> {
    /// About the recording as a whole; always the first.
    Recording(Recording),
    /// The latest state of a connection.
    Connection(Connection),
    /// A frame.
    Frame(RecordedFrame<'a>),
    /// A stretch that was lost.
    Gap(Gap),
    /// What a person wrote.
    Note(Note),
}

/// About a recording as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// 32 hex digits in the 8-4-4-4-12 form; stays with the recording through export and import.
    pub uuid: String,
    /// The two-word name.
    pub name: String,
    /// Version of the Wiretape that recorded it.
    pub tool: String,
    /// When it started: nanoseconds since the Unix epoch, UTC. All other times count from here.
    pub started_ns: i64,
    /// The server's URL.
    pub upstream: String,
    /// The URL at which clients reached the proxy.
    pub listen: String,
    /// The rules in force, as text.
    pub rules: Option<String>,
    /// When it was finished in order, nanoseconds since the start; `None` while it is being
    /// written, and for ever if the recorder died.
    pub finished_ns: Option<u64>,
    /// What the recording is about.
    pub note: Option<String>,
}

/// A stretch that the recording lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The connection; `None` where it is not known.
    pub connection: Option<i64>,
    /// The direction; `None` where it is both or not known.
    pub direction: Option<Direction>,
    /// First loss, nanoseconds since the start.
    pub from_ns: u64,
    /// Last loss, nanoseconds since the start.
    pub to_ns: u64,
    /// Frames lost.
    pub frames: u64,
    /// Payload bytes lost.
    pub bytes: u64,
    /// Why.
    pub reason: GapReason,
}

/// Why a stretch was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GapReason {
    /// The queue was full, and `--when-behind gap` asked to drop rather than slow the app down.
    Behind,
    /// The disk was full.
    DiskFull,
    /// Another process held the file locked for too long.
    Locked,
    /// The file could not be written for another reason.
    DiskError,
    /// The recorder itself failed.
    Recorder,
    /// No loss: the frames are in the file before this one, which was moved (or lost its log)
    /// while it was being written, so that recording went on in this one.
    EarlierFile,
}

impl GapReason {
    /// All reasons, for look-up by word.
    pub const ALL: [Self; 6] = [
        Self::Behind,
        Self::DiskFull,
        Self::Locked,
        Self::DiskError,
        Self::Recorder,
        Self::EarlierFile,
    ];

    /// The word stored and shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Behind => "behind",
            Self::DiskFull => "disk-full",
            Self::Locked => "locked",
            Self::DiskError => "disk-error",
            Self::Recorder => "recorder",
            Self::EarlierFile => "earlier-file",
        }
    }

    /// The frames were kept, only not in this file.
    pub const fn is_kept_elsewhere(self) -> bool {
        matches!(self, Self::EarlierFile)
    }

    /// The reason named `word`.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

/// What a person wrote about a place in a recording; with nothing written, a mark.
///
/// The place is what is set: frames, a stretch of time, a finding, a run. Nothing set is the whole
/// recording. A finding has a code and the frames it rests on, since findings are not stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// From 1.
    pub id: i64,
    /// The first frame it is about.
    pub first_frame: Option<i64>,
    /// The last frame it is about; the first one where it is about one frame.
    pub last_frame: Option<i64>,
    /// The first moment it is about, nanoseconds since the start.
    pub from_ns: Option<u64>,
    /// The last moment it is about; the first one where it is about one moment.
    pub to_ns: Option<u64>,
    /// The code of the finding it is about: `E102`.
    pub finding: Option<String>,
    /// The id of the run it is about.
    pub run: Option<String>,
    /// What was written; empty for a mark.
    pub text: String,
    /// Who wrote it.
    pub author: String,
    /// When: nanoseconds since the Unix epoch, UTC.
    pub at_ns: i64,
}
