//! A recorder: its file, its thread, and the handle that starts and ends it.
//!
//! # Promises
//! - A frame is in the file one tick (17 ms) and one transaction after it was handed in; whatever
//!   ends the process after that, it stays. A power cut may take the last commits with
//!   [`Sync::Normal`], and none with [`Sync::Full`].
//! - Trouble never reaches the traffic, and is never silent: what could not be stored is a gap
//!   with counts and times, stored as soon as anything can be.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::wire::Recording;

use super::RecordingError;
use super::batch::Batch;
use super::file::RecordingFile;
use super::queue::{CONNECTION_BYTES, Journal, QUEUE_BYTES, Shared, Stop};
use super::status::{Board, Summary};
use super::step::Faults;
use super::work::Work;

/// When the disk is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sync {
    /// At checkpoints: a power cut may take the last commits, a crash of the process none.
    #[default]
    Normal,
    /// At each commit.
    Full,
}

/// What happens when frames come faster than they can be stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenBehind {
    /// The traffic slows down, by TCP's own flow control.
    #[default]
    Slow,
    /// Frames are dropped, and counted in gaps.
    Gap,
}

/// How to record.
#[derive(Clone, Debug)]
pub struct WriterOptions {
    /// When the disk is waited for.
    pub sync: Sync,
    /// What happens when the disk is too slow.
    pub when_behind: WhenBehind,
    /// Bytes that may wait to be stored.
    pub queue_bytes: u64,
    /// Bytes of one connection that may wait to be stored.
    pub connection_bytes: u64,
    /// Failures to come, for tests.
    #[doc(hidden)]
    pub faults: Faults,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self {
            sync: Sync::default(),
            when_behind: WhenBehind::default(),
            queue_bytes: QUEUE_BYTES,
            connection_bytes: CONNECTION_BYTES,
            faults: Faults::default(),
        }
    }
}

/// Writes one recording, on a thread of its own.
///
/// Dropped without [`RecordingWriter::finish`] it stores what waits and leaves the recording
/// interrupted.
#[derive(Debug)]
pub struct RecordingWriter {
    shared: Arc<Shared>,
    path: PathBuf,
    /// Gives whether the recording's end was stored.
    thread: Option<JoinHandle<bool>>,
}

impl RecordingWriter {
    /// Starts a new recording in a new file, private to its owner; a folder that is missing is
    /// made, private too. An error leaves nothing behind.
    pub fn create(
        path: &Path,
        recording: &Recording,
        options: WriterOptions,
    ) -> Result<Self, RecordingError> {
        let file = RecordingFile::create(path, recording, &options)?;
        let shared = Arc::new(Shared::new(&options, Board::new(path)));
        let mut work = Work::new(Arc::clone(&shared), recording.clone(), options, file);
        let thread = {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name("recorder".into())
                .spawn(move || {
                    let mut batch = Batch::default();
                    let ended = catch_unwind(AssertUnwindSafe(|| work.run(&mut batch)));
                    ended.unwrap_or_else(|_| {
                        shared.fail(&batch);
                        false
                    })
                })
                .map_err(|source| RecordingError::Thread { source })?
        };
        Ok(Self { shared, path: path.to_path_buf(), thread: Some(thread) })
    }

    /// Where frames are handed in.
    pub fn journal(&self) -> Journal {
        Journal::new(Arc::clone(&self.shared))
    }

    /// The file as it was asked for; [`Journal::status`] tells if it is another by now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Stores all that was handed in and the recording's end, and closes the file: it alone is
    /// the recording then, with nothing beside it. What is handed in later is lost.
    ///
    /// A disk that failed is no error here but in the summary.
    pub fn finish(mut self, finished_ns: u64) -> Result<Summary, RecordingError> {
        let finished = self.end(Stop::Finish(finished_ns));
        Ok(Summary { status: self.shared.status(), finished })
    }

    fn end(&mut self, stop: Stop) -> bool {
        self.shared.stop(stop);
        self.thread.take().is_some_and(|thread| thread.join().unwrap_or_default())
    }
}

impl Drop for RecordingWriter {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.end(Stop::Abandon);
        }
    }
}
