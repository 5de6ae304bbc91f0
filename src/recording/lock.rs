//! Whether a recorder is writing a file: a lock file beside it, held for the recorder's life.
//!
//! The lock is the operating system's, so that it is gone with the process that held it, however
//! that ended; the file itself may stay and then says nothing. The recording's own file is never
//! opened for this: closing it again would drop the locks that SQLite holds on it (POSIX gives
//! them to the process, not to the handle).
//!
//! The lock file also holds room on the disk: a recording that ends on a full one gives it up for
//! its last rows, which say what was lost.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::RecordingError;
use super::private;

/// What the lock file's name has after the recording's.
const SUFFIX: &str = "-lock";

/// Bytes held back for a recording's end: its last pages, each in the log and in the file.
const RESERVE: usize = 512 << 10;

/// How often a lock that someone else has is tried again. Readers look at it for an instant
/// each; a recorder keeps it.
const TRIES: u32 = 5;

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(5);

/// A recorder's claim on a recording; given up, and its file removed, when dropped.
#[derive(Debug)]
pub struct LiveLock {
    path: PathBuf,
    held: File,
}

impl LiveLock {
    /// Claims `recording`, which need not exist yet.
    pub fn acquire(recording: &Path) -> Result<Self, RecordingError> {
        let path = beside(recording, SUFFIX);
        let failed = |source| RecordingError::io("lock", &path, source);
        let file = private::open_or_create(&path).map_err(failed)?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => {
                    // Without room for it there is none to hold back.
                    let _ = (&file).write_all(&vec![0; RESERVE]);
                    return Ok(Self { path, held: file });
                }
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
        Err(RecordingError::InUse { path: recording.to_path_buf() })
    }
}

impl LiveLock {
    /// Gives up the room that was held back.
    pub(super) fn free_reserve(&self) {
        let _ = self.held.set_len(0);
    }
}

impl Drop for LiveLock {
    fn drop(&mut self) {
        // Removed while it is held, so that it is never another recorder's.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Some process is recording into `recording` now.
pub fn is_live(recording: &Path) -> bool {
    let path = beside(recording, SUFFIX);
    // A recorder's is a plain file; opening a pipe that has its name would wait for ever.
    if !std::fs::symlink_metadata(&path).is_ok_and(|lock| lock.is_file()) {
        return false;
    }
    let Ok(file) = File::open(path) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// `path` with `suffix` after its last letter.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// All files that belong to the recording at `path`, itself first.
pub(super) fn family(path: &Path) -> [PathBuf; 5] {
    ["", "-wal", "-shm", "-journal", SUFFIX].map(|suffix| beside(path, suffix))
}
