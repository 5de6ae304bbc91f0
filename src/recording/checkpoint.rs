//! The write-ahead log → the recording's file, on a thread and a connection of their own.
//!
//! A checkpoint on the writer's connection would hold up its commits for 100 ms and more. One on
//! another connection does not, but never quite catches up under load, so that at a hard cap the
//! writer waits for it and does the rest itself: the log then starts anew.
//!
//! # A full disk
//! What is in the log needs room in the file before it can leave the log. So a small file is
//! checkpointed early: the log never holds much more than a quarter of what the file has.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

use super::RecordingError;
use super::file::{self, LOG_FRAME_BYTES};
use super::step::{Faults, Step};

/// Bytes in the log at which a checkpoint is due.
const DUE_BYTES: u64 = 32 << 20;

/// Bytes below which none is due: a sync costs more than it would save.
const MIN_DUE_BYTES: u64 = 1 << 20;

/// Bytes in the log at which the writer does it itself. Readers of a recording that is being
/// written are promised a log of about this size at most.
const CAP_BYTES: u64 = 64 << 20;

/// How much the log grows before the writer tries again, where a reader's snapshot keeps the log
/// from starting anew.
const CAP_STEP: u64 = 8 << 20;

/// The thread that checkpoints.
#[derive(Debug)]
pub(super) struct Checkpointer {
    progress: Arc<Progress>,
    /// `None` once it is being stopped.
    due: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    tried_at: u64,
}

#[derive(Debug, Default)]
struct Progress {
    /// Held during a checkpoint: SQLite refuses a second one.
    turn: Mutex<()>,
    /// Checkpoints begun, and those that have ended.
    begun: AtomicU64,
    ended: AtomicU64,
    /// Pages of the log that are in the file.
    done: AtomicU64,
    /// SQLite found the file broken.
    broken: AtomicBool,
}

impl Checkpointer {
    pub(super) fn start(path: &Path, faults: &Faults) -> Result<Self, RecordingError> {
        let connection = file::connect(path, faults)?;
        let progress = Arc::new(Progress::default());
        let (due, asked) = sync_channel(1);
        let thread = {
            let (progress, faults) = (Arc::clone(&progress), faults.clone());
            thread::Builder::new()
                .name("checkpoint".into())
                .spawn(move || work(&connection, &asked, &progress, &faults))
                .map_err(|source| RecordingError::Thread { source })?
        };
        Ok(Self { progress, due: Some(due), thread: Some(thread), tried_at: 0 })
    }

    /// To be told after each commit how many pages the log has. `true` when the cap is reached
    /// and the writer is to call [`Checkpointer::catch_up`].
    pub(super) fn committed(&mut self, log_pages: u64, file_bytes: u64) -> bool {
        let log_bytes = log_pages * LOG_FRAME_BYTES;
        if log_bytes < self.tried_at {
            self.tried_at = 0;
        }
        let done = self.progress.done.load(Ordering::Relaxed);
        // A log that has started anew is shorter than what was last copied from it.
        let waiting = log_pages.checked_sub(done).unwrap_or(log_pages) * LOG_FRAME_BYTES;
        if waiting >= (file_bytes / 4).clamp(MIN_DUE_BYTES, DUE_BYTES)
            && let Some(due) = &self.due
        {
            // Full means that it has been told already.
            let _ = due.try_send(());
        }
        log_bytes >= CAP_BYTES && log_bytes >= self.tried_at + CAP_STEP
    }

    /// Copies what is left, on the writer's own connection; gives how many of the log's pages are
    /// not in the file even so.
    pub(super) fn catch_up(
        &mut self,
        connection: &Connection,
        faults: &Faults,
        log_pages: u64,
    ) -> rusqlite::Result<u64> {
        self.tried_at = log_pages * LOG_FRAME_BYTES;
        run(connection, &self.progress, faults)
    }

    /// How many checkpoints there were; `None` while there is one.
    pub(super) fn count(&self) -> Option<u64> {
        let ended = self.progress.ended.load(Ordering::SeqCst);
        (self.progress.begun.load(Ordering::SeqCst) == ended).then_some(ended)
    }

    /// SQLite found the file broken while copying to it.
    pub(super) fn found_broken(&self) -> bool {
        self.progress.broken.load(Ordering::Relaxed)
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.due = None;
        if let Some(thread) = self.thread.take() {
            // It catches its own panics.
            let _ = thread.join();
        }
    }
}

fn work(connection: &Connection, asked: &Receiver<()>, progress: &Progress, faults: &Faults) {
    while asked.recv().is_ok() {
        // A failure shows at the writer too, as a log that can't grow; a panic is only a test's.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run(connection, progress, faults)
        }));
        if let Ok(Err(error)) = outcome {
            let broken = file::is_broken(&error);
            progress.broken.fetch_or(broken, Ordering::Relaxed);
        }
    }
}

/// Copies what can be copied; gives how many pages are left.
fn run(connection: &Connection, progress: &Progress, faults: &Faults) -> rusqlite::Result<u64> {
    let _turn = progress.turn.lock().unwrap_or_else(PoisonError::into_inner);
    faults.meet(Step::Checkpoint)?;
    progress.begun.fetch_add(1, Ordering::SeqCst);
    let copied = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    });
    progress.ended.fetch_add(1, Ordering::SeqCst);
    let (pages, done) = copied?;
    progress.done.store(u64::try_from(done).unwrap_or(0), Ordering::Relaxed);
    Ok(pages.abs_diff(done))
}
