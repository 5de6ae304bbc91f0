//! Who writes a recording: a file beside it, `…-lock`, held locked for as long as it is written.
//!
//! SQLite's own locks come and go with each transaction, so they don't tell a recording that is
//! being written from one whose recorder died.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::error::RecordingError;

/// Held by the writer for its life; the file goes with it.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of the recording at `recording`.
    pub(super) fn acquire(recording: &Path) -> Result<Self, RecordingError> {
        let path = sidecar(recording, "-lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let failed = |source| RecordingError::Create { path: recording.to_owned(), source };
        let file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file, path }),
            Err(TryLockError::WouldBlock) => Err(RecordingError::InUse(recording.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Left behind it only costs its directory entry: an unlocked lock means nothing.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The recording is being written right now, by this process or another.
pub fn is_live(recording: &Path) -> bool {
    match File::open(sidecar(recording, "-lock")) {
        Ok(file) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)),
        Err(_) => false,
    }
}

/// The file beside a recording whose name ends with `suffix`: `-wal`, `-shm`, `-lock`.
pub fn sidecar(recording: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(recording.as_os_str());
    name.push(suffix);
    name.into()
}
