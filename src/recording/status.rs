//! What a recorder says about itself while it works, and at its end.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::wire::{Gap, GapReason};

/// Notices kept: the recorder changes its file or its ways a few times at most.
const MAX_NOTICES: usize = 16;

/// How a recorder does right now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The file it writes: another one than at first if that was removed or overwritten.
    pub path: PathBuf,
    /// Frames stored, of each direction; a long frame's parts are one frame.
    pub frames: [u64; 2],
    /// Payload bytes stored, of each direction.
    pub bytes: [u64; 2],
    /// Bytes that wait to be stored, or are being stored, rows' own cost included.
    pub queued_bytes: u64,
    /// Bytes of the file and its write-ahead log.
    pub file_bytes: u64,
    /// Frames lost.
    pub lost_frames: u64,
    /// Payload bytes lost.
    pub lost_bytes: u64,
    /// What people should know once: no write-ahead log here, the file was removed, ….
    pub notices: Vec<String>,
    /// The files before `path`, where frames are still in them.
    pub earlier: Vec<Earlier>,
    /// Why nothing can be stored just now; `None` when all is well.
    pub trouble: Option<Trouble>,
}

/// A file that the recording was in before it was moved, or lost its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// Where it is now; `None` where that can't be told.
    pub path: Option<PathBuf>,
    /// Frames stored in it.
    pub frames: u64,
}

/// Why nothing can be stored just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The kind.
    pub reason: GapReason,
    /// In words, naming the file.
    pub text: String,
    /// The first loss, nanoseconds since the start.
    pub since_ns: u64,
}

/// What a recorder did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its last state. `trouble` is set if its end, or what came before it, could not be stored.
    pub status: Status,
    /// `finished_ns` was stored: the recording will not show as interrupted.
    pub finished: bool,
}

/// Where the writer puts its state, for any thread to read.
#[derive(Debug)]
pub(super) struct Board {
    frames: [AtomicU64; 2],
    bytes: [AtomicU64; 2],
    file_bytes: AtomicU64,
    lost_frames: AtomicU64,
    lost_bytes: AtomicU64,
    words: Mutex<Words>,
}

#[derive(Debug)]
struct Words {
    path: PathBuf,
    notices: Vec<String>,
    earlier: Vec<Earlier>,
    trouble: Option<Trouble>,
}

impl Board {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            frames: Default::default(),
            bytes: Default::default(),
            file_bytes: AtomicU64::new(0),
            lost_frames: AtomicU64::new(0),
            lost_bytes: AtomicU64::new(0),
            words: Mutex::new(Words {
                path: path.to_path_buf(),
                notices: Vec::new(),
                earlier: Vec::new(),
                trouble: None,
            }),
        }
    }

    pub(super) fn status(&self, queued_bytes: u64) -> Status {
        let words = self.words();
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Status {
            path: words.path.clone(),
            frames: [load(&self.frames[0]), load(&self.frames[1])],
            bytes: [load(&self.bytes[0]), load(&self.bytes[1])],
            queued_bytes,
            file_bytes: load(&self.file_bytes),
            lost_frames: load(&self.lost_frames),
            lost_bytes: load(&self.lost_bytes),
            notices: words.notices.clone(),
            earlier: words.earlier.clone(),
            trouble: words.trouble.clone(),
        }
    }

    pub(super) fn add_stored(&self, tally: &super::batch::Tally) {
        for index in 0..2 {
            self.frames[index].fetch_add(tally.frames[index], Ordering::Relaxed);
            self.bytes[index].fetch_add(tally.bytes[index], Ordering::Relaxed);
        }
    }

    pub(super) fn add_lost(&self, gap: &Gap) {
        self.lost_frames.fetch_add(gap.frames, Ordering::Relaxed);
        self.lost_bytes.fetch_add(gap.bytes, Ordering::Relaxed);
    }

    pub(super) fn set_file(&self, path: &Path, bytes: u64) {
        self.file_bytes.store(bytes, Ordering::Relaxed);
        let mut words = self.words();
        if words.path != path {
            words.path = path.to_path_buf();
        }
    }

    pub(super) fn notice(&self, text: String) {
        let mut words = self.words();
        if words.notices.len() < MAX_NOTICES {
            words.notices.push(text);
        }
    }

    /// Another file has taken over; the one before still has what is `earlier`. (There are only so
    /// many files of one recording.)
    pub(super) fn went_on(&self, text: String, earlier: Option<Earlier>) {
        self.notice(text);
        self.words().earlier.extend(earlier);
    }

    /// The first loss stays the first while the trouble lasts, whatever its reason becomes.
    pub(super) fn set_trouble(&self, reason: GapReason, text: String, since_ns: u64) {
        let mut words = self.words();
        let since_ns = words.trouble.as_ref().map_or(since_ns, |trouble| trouble.since_ns);
        words.trouble = Some(Trouble { reason, text, since_ns });
    }

    pub(super) fn clear_trouble(&self) {
        self.words().trouble = None;
    }

    fn words(&self) -> MutexGuard<'_, Words> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
