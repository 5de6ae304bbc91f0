//! The places where storage can fail, for tests that make each of them fail.

use std::fmt;
use std::sync::Arc;

use rusqlite::ffi;

/// What the recorder asks of storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Make or open a file.
    Open,
    /// Begin a transaction.
    Begin,
    /// Insert up to a statement's worth of frames.
    Frames,
    /// Insert or replace a connection.
    Connection,
    /// Insert a gap.
    Gap,
    /// Insert a note.
    Note,
    /// Keep the totals.
    Totals,
    /// Commit.
    Commit,
    /// Copy the log to the file.
    Checkpoint,
}

/// Asked before each step; `Some` is an SQLite result code that the step fails with.
type Meet = dyn Fn(Step) -> Option<i32> + Send + Sync;

/// Failures to come; none by default.
#[derive(Clone, Default)]
pub struct Faults {
    meet: Option<Arc<Meet>>,
    /// SQLite's way to the file system, where not the default.
    vfs: Option<&'static str>,
}

impl Faults {
    /// Asks `meet` before each step.
    #[must_use]
    pub fn from_fn(meet: impl Fn(Step) -> Option<i32> + Send + Sync + 'static) -> Self {
        Self { meet: Some(Arc::new(meet)), vfs: None }
    }

    /// Uses another of SQLite's ways to the file system.
    #[must_use]
    pub fn from_vfs(vfs: &'static str) -> Self {
        Self { meet: None, vfs: Some(vfs) }
    }

    pub(super) fn vfs(&self) -> Option<&'static str> {
        self.vfs
    }

    pub(super) fn meet(&self, step: Step) -> rusqlite::Result<()> {
        match self.meet.as_ref().and_then(|meet| meet(step)) {
            Some(code) => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("vfs", &self.vfs).finish_non_exhaustive()
    }
}
