//! What SQLite and the operating system say → what can go wrong with a recording.

use std::path::{Path, PathBuf};

/// Why a recording could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file is something else.
    #[error("{} is not a recording: {why}", path.display())]
    NotARecording {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        why: String,
    },
    /// A later version made the file.
    #[error("{} has format {found}; {supported} is the newest that is known here", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The file's format version.
        found: i64,
        /// The newest known.
        supported: i32,
    },
    /// The file is broken.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How.
        why: String,
    },
    /// The operating system said no.
    #[error("failed to open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// SQLite said no.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: rusqlite::Error,
    },
    /// No recording has that name.
    #[error("there is no recording {name} in {}", dir.display())]
    NotFound {
        /// What was asked for.
        name: String,
        /// Where it was looked for.
        dir: PathBuf,
        /// The name that comes nearest.
        suggestion: Option<String>,
    },
    /// A name that can't be a file's.
    #[error("{name:?} can't be a recording's name: {why}")]
    BadName {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A new recording would replace a file.
    #[error("{} is there already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A recorder is writing it.
    #[error("{} is being recorded", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Another process holds it locked.
    #[error("{} is locked by another program", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file or its folder may not be written.
    #[error("no permission to write {}", path.display())]
    NoPermission {
        /// The file.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("the disk is full: no room for {}", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The operating system could not do what a new or removed recording needs.
    #[error("failed to {doing} {}", path.display())]
    Io {
        /// What was being done: `create`, `lock`, `remove`, `list`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// SQLite could not write.
    #[error("failed to write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: rusqlite::Error,
    },
    /// A note that is more than a note may be.
    #[error("the note can't be kept: {why}")]
    NoteRefused {
        /// Why.
        why: &'static str,
    },
    /// No thread could be had for the recorder.
    #[error("failed to start the recorder")]
    Thread {
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A query that is not one read-only statement.
    #[error("refused: {why}")]
    QueryRefused {
        /// Why.
        why: &'static str,
    },
    /// SQLite does not understand the query, or failed while it ran.
    #[error("{why}")]
    Query {
        /// What it said.
        why: String,
    },
    /// A query was stopped before its end.
    #[error("stopped before its end")]
    QueryStopped,
}

impl RecordingError {
    /// `source`, met while reading `path`.
    pub(super) fn read(path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, TooBig};
        let code = source.sqlite_error().map(|error| error.extended_code);
        if code == Some(rusqlite::ffi::SQLITE_READONLY_ROLLBACK) {
            // A start that was killed before the file had a write-ahead log.
            let why = "its recorder died in the middle of a write, which a reader may not undo; \
                       `sqlite3 FILE .tables` does";
            return Self::Damaged { path: path.into(), why: why.to_owned() };
        }
        match source.sqlite_error_code() {
            Some(NotADatabase) => {
                Self::NotARecording { path: path.into(), why: "it is not an SQLite file".into() }
            }
            Some(DatabaseCorrupt | TooBig) => {
                Self::Damaged { path: path.into(), why: source.to_string() }
            }
            _ => Self::Read { path: path.into(), source },
        }
    }

    /// `source`, met while writing `path`.
    pub(super) fn write(path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, PermissionDenied, ReadOnly,
        };
        let path = path.to_path_buf();
        match source.sqlite_error_code() {
            Some(DiskFull) => Self::Full { path },
            Some(DatabaseBusy | DatabaseLocked) => Self::Locked { path },
            Some(CannotOpen | PermissionDenied | ReadOnly) => Self::NoPermission { path },
            _ => Self::Write { path, source },
        }
    }

    /// `source`, met while `doing` something to `path`.
    pub(super) fn io(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, StorageFull};
        let path = path.to_path_buf();
        match source.kind() {
            StorageFull => Self::Full { path },
            PermissionDenied | ReadOnlyFilesystem => Self::NoPermission { path },
            _ => Self::Io { doing, path, source },
        }
    }
}
