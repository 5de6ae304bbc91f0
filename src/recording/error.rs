//! What can go wrong with a recording.

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
    /// SQLite could not write.
    #[error("failed to write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: rusqlite::Error,
    },
    /// The operating system does not let it be made (or removed).
    #[error("failed to make {}", path.display())]
    Create {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// There is a recording of that name.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// Another process writes it.
    #[error("{} is being recorded", .0.display())]
    InUse(PathBuf),
    /// The name could not be a file's everywhere.
    #[error("{0:?} can't be a recording's name")]
    BadName(String),
    /// The writer's thread ended before its time.
    #[error("the writer of {} failed", .0.display())]
    Writer(PathBuf),
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
    /// `source`, met while writing `path`.
    pub(super) fn write(path: &Path, source: rusqlite::Error) -> Self {
        Self::Write { path: path.into(), source }
    }

    /// `source`, met while reading `path`.
    pub(super) fn read(path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, TooBig};
        match source.sqlite_error_code() {
            Some(NotADatabase) => {
                Self::NotARecording { path: path.into(), why: source.to_string() }
            }
            Some(DatabaseCorrupt | TooBig) => {
                Self::Damaged { path: path.into(), why: source.to_string() }
            }
            _ => Self::Read { path: path.into(), source },
        }
    }
}
