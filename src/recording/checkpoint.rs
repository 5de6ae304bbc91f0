//! WAL → database file, on a second connection and thread, so that commits don't wait for it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection as Database, OpenFlags};

use super::error::RecordingError;

/// Bytes written after which a checkpoint is worth its reads and writes.
const PASSIVE_AT: usize = 32 << 20;

/// Bytes written after which the writer itself checkpoints: under a flood the other thread never
/// catches up, and the WAL would grow to gigabytes in seconds.
const FORCED_AT: usize = 128 << 20;

/// Asks for checkpoints as bytes are written.
pub(super) struct Checkpointer {
    since: Arc<AtomicUsize>,
    ask: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread, with a connection of its own to `path`.
    pub(super) fn start(path: &Path) -> Result<Self, RecordingError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Database::open_with_flags(path, flags)
            .map_err(|error| RecordingError::write(path, error))?;
        let since = Arc::new(AtomicUsize::new(0));
        let (ask, asked) = sync_channel::<()>(1);
        let counted = Arc::clone(&since);
        let thread = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || {
                while asked.recv().is_ok() {
                    let before = counted.load(Ordering::Relaxed);
                    // A checkpoint that fails (disk full, a long reader) is tried again later.
                    if matches!(checkpoint(&database, "PASSIVE"), Ok(true)) {
                        counted.fetch_sub(before, Ordering::Relaxed);
                    }
                }
            })
            .map_err(|source| RecordingError::Create { path: path.to_owned(), source })?;
        Ok(Self { since, ask: Some(ask), thread: Some(thread) })
    }

    /// `bytes` more were committed through `writer`.
    pub(super) fn wrote(&self, bytes: usize, writer: &Database) {
        let since = self.since.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if since >= FORCED_AT {
            // RESTART waits for readers within the busy time-out, then the WAL begins anew.
            if matches!(checkpoint(writer, "RESTART"), Ok(true)) {
                self.since.store(0, Ordering::Relaxed);
            }
        } else if since >= PASSIVE_AT
            && let Some(ask) = &self.ask
        {
            // Full means that one is asked for already.
            let _ = ask.try_send(());
        }
    }

    /// Ends the thread and closes its connection.
    pub(super) fn end(&mut self) {
        self.ask = None;
        if let Some(thread) = self.thread.take() {
            // Its panic would have been a defect in SQLite's binding; there is nothing to save.
            let _ = thread.join();
        }
    }
}

/// Whether the whole WAL is in the database file now.
fn checkpoint(database: &Database, mode: &str) -> rusqlite::Result<bool> {
    database.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        let (busy, log, done): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(busy == 0 && log == done)
    })
}
