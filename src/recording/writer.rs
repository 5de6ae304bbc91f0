//! Batches → the file, on a thread of its own, a commit a tick; trouble → gaps, never silence.
//!
//! Trouble never stops the app's traffic: while the file can't be written, what comes becomes
//! gaps in memory, and every tick tries again. The first commit that works stores the gaps too.

use std::fs::OpenOptions;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection as Database, ErrorCode, OpenFlags};

use crate::wire::{Connection, Fact, Gap, GapReason, Recording};

use super::checkpoint::Checkpointer;
use super::error::RecordingError;
use super::lock::{Lock, sidecar};
use super::queue::{Appender, Batch, Queue, WhenBehind};
use super::{schema, statements};

/// How long frames gather before they are committed: what a crash may lose, and what keeps the
/// writer from waking for every frame.
const TICK: Duration = Duration::from_millis(10);

/// How long a file locked by another process is waited for, while the queue slows the senders;
/// after that, traffic goes on and frames are lost.
const PATIENCE: Duration = Duration::from_secs(2);

/// Between two tries while the file can't be written.
const RETRY: Duration = Duration::from_millis(200);

/// How long SQLite itself waits for a lock, within [`PATIENCE`].
const BUSY: Duration = Duration::from_millis(250);

/// A WAL that grew beyond this is cut when it begins anew.
const JOURNAL_SIZE: u32 = 64 << 20;

/// SQLite's page cache: what a commit of a few MiB touches, and little beside the queue.
const CACHE_KIB: i32 = 8 << 10;

/// How hard commits are pushed to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sync {
    /// Commits survive the end of the process; the last ones may not survive a power cut.
    #[default]
    Normal,
    /// Commits survive a power cut.
    Full,
}

/// How a recording is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriterOptions {
    /// How hard commits are pushed to the disk.
    pub sync: Sync,
    /// What happens to frames when the disk is behind.
    pub when_behind: WhenBehind,
}

/// Writes one recording.
pub struct RecordingWriter {
    journal: Journal,
    path: PathBuf,
    thread: JoinHandle<Result<u64, RecordingError>>,
    finished_ns: Arc<Mutex<Option<u64>>>,
}

/// Where facts go. Cheap to clone; the file's writing is elsewhere.
#[derive(Clone)]
pub struct Journal {
    queue: Arc<Queue>,
    trouble: Arc<Mutex<Option<Trouble>>>,
}

/// How the writing goes.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// Frames of each direction so far.
    pub frames: [u64; 2],
    /// Wire bytes of each direction so far.
    pub bytes: [u64; 2],
    /// Frames that could not be kept.
    pub lost_frames: u64,
    /// Their payload bytes.
    pub lost_bytes: u64,
    /// Bytes that wait to be written.
    pub queued_bytes: usize,
    /// Why nothing is being written, while that is so.
    pub trouble: Option<Trouble>,
}

/// Why the file can't be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The kind.
    pub reason: GapReason,
    /// SQLite's words.
    pub text: String,
}

/// What a finished recording holds.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Frames of each direction that came.
    pub frames: [u64; 2],
    /// Wire bytes of each direction that came.
    pub bytes: [u64; 2],
    /// Frames that could not be kept.
    pub lost_frames: u64,
    /// Their payload bytes.
    pub lost_bytes: u64,
    /// Size of the file.
    pub file_bytes: u64,
}

impl RecordingWriter {
    /// Makes the file at `path`, which must not exist, and begins to write.
    pub fn create(
        path: &Path,
        recording: &Recording,
        options: WriterOptions,
    ) -> Result<Self, RecordingError> {
        let lock = Lock::acquire(path)?;
        let database = create_file(path, recording, options.sync)?;
        let queue = Queue::new(options.when_behind);
        let (trouble, finished_ns) = (Arc::default(), Arc::default());
        let worker = Worker {
            queue: Arc::clone(&queue),
            trouble: Arc::clone(&trouble),
            finished_ns: Arc::clone(&finished_ns),
            checkpointer: Checkpointer::start(path)?,
            path: path.to_owned(),
            database,
            lock,
        };
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || worker.run())
            .map_err(|source| RecordingError::Create { path: path.to_owned(), source })?;
        let journal = Journal { queue, trouble };
        Ok(Self { journal, path: path.to_owned(), thread, finished_ns })
    }

    /// Where facts go.
    pub fn journal(&self) -> Journal {
        self.journal.clone()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Stores what is queued, says in the file that it ended at `finished_ns`, and closes it.
    pub fn finish(self, finished_ns: u64) -> Result<Summary, RecordingError> {
        *self.finished_ns.lock().unwrap_or_else(PoisonError::into_inner) = Some(finished_ns);
        self.journal.queue.close();
        let file_bytes = self
            .thread
            .join()
            .unwrap_or_else(|_| Err(RecordingError::Writer(self.path.clone())))?;
        let Status { frames, bytes, lost_frames, lost_bytes, .. } = self.journal.status();
        Ok(Summary { frames, bytes, lost_frames, lost_bytes, file_bytes })
    }
}

impl Journal {
    /// The latest state of a connection.
    pub fn connection(&self, connection: Connection) {
        self.queue.connection(connection);
    }

    /// Takes the frames of one chunk: `write` runs while the queue is held.
    pub fn append(&self, connection: i64, write: impl FnOnce(&mut Appender<'_>)) {
        write(&mut self.queue.appender(connection));
    }

    /// A stretch that was lost before it came here.
    pub fn gap(&self, gap: Gap) {
        self.queue.gap(gap);
    }

    /// A fact with its own id, as an import brings it.
    pub fn fact(&self, fact: Fact<'_>) {
        self.queue.fact(fact);
    }

    /// Room for more of `connection`.
    pub fn poll_ready(&self, connection: i64, cx: &mut Context<'_>) -> Poll<()> {
        self.queue.poll_ready(connection, cx)
    }

    /// Waits for room.
    pub fn wait_ready(&self) {
        self.queue.wait_ready();
    }

    /// How the writing goes.
    pub fn status(&self) -> Status {
        use std::sync::atomic::Ordering::Relaxed;
        let counts = &self.queue.counts;
        let load = |pair: &[std::sync::atomic::AtomicU64; 2]| {
            [pair[0].load(Relaxed), pair[1].load(Relaxed)]
        };
        Status {
            frames: load(&counts.frames),
            bytes: load(&counts.bytes),
            lost_frames: counts.lost_frames.load(Relaxed),
            lost_bytes: counts.lost_bytes.load(Relaxed),
            queued_bytes: counts.queued.load(Relaxed),
            trouble: self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

struct Worker {
    queue: Arc<Queue>,
    trouble: Arc<Mutex<Option<Trouble>>>,
    finished_ns: Arc<Mutex<Option<u64>>>,
    checkpointer: Checkpointer,
    path: PathBuf,
    database: Database,
    lock: Lock,
}

impl Worker {
    fn run(mut self) -> Result<u64, RecordingError> {
        let mut batch = Batch::default();
        // What earlier batches could not store: gaps, and the latest state of connections.
        let mut owed = Batch::default();
        while self.queue.take(&mut batch, TICK, !owed.is_empty()) {
            batch.join_owed(std::mem::take(&mut owed));
            let trouble = self.store(&batch).err();
            self.queue.release(&batch.rows, trouble.is_some());
            if let Some(trouble) = &trouble {
                let (frames, bytes) = batch.lose_frames(trouble.reason);
                self.queue.counts.lose(frames, bytes);
                owed = batch.take_owed();
            }
            let retry = trouble.is_some();
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
            if retry {
                std::thread::sleep(RETRY);
            }
        }
        self.end(owed)
    }

    /// One commit, tried for as long as another process holds the file locked, within limits.
    fn store(&mut self, batch: &Batch) -> Result<(), Trouble> {
        let patience = Instant::now() + PATIENCE;
        loop {
            let Self { database, .. } = self;
            let stored = catch_unwind(AssertUnwindSafe(|| statements::store(database, batch)));
            match stored {
                Ok(Ok(())) => {
                    self.checkpointer.wrote(batch.size(), &self.database);
                    return Ok(());
                }
                Ok(Err(error)) => {
                    let trouble = Trouble::from_error(&error);
                    if trouble.reason != GapReason::Locked || Instant::now() > patience {
                        return Err(trouble);
                    }
                }
                Err(_) => {
                    let text = "the recorder failed".to_owned();
                    return Err(Trouble { reason: GapReason::Recorder, text });
                }
            }
        }
    }

    fn end(mut self, owed: Batch) -> Result<u64, RecordingError> {
        let failed = |path: &Path, error| RecordingError::write(path, error);
        if !owed.is_empty() {
            statements::store(&mut self.database, &owed).map_err(|e| failed(&self.path, e))?;
        }
        let finished_ns = *self.finished_ns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(finished_ns) = finished_ns {
            statements::finish(&self.database, finished_ns).map_err(|e| failed(&self.path, e))?;
        }
        self.checkpointer.end();
        // Closing the last connection checkpoints and removes the -wal and -shm files.
        self.database.close().map_err(|(_, error)| failed(&self.path, error))?;
        drop(self.lock);
        Ok(std::fs::metadata(&self.path).map_or(0, |file| file.len()))
    }
}

impl Trouble {
    fn from_error(error: &rusqlite::Error) -> Self {
        let reason = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => GapReason::Locked,
            Some(ErrorCode::DiskFull) => GapReason::DiskFull,
            _ => GapReason::DiskError,
        };
        Self { reason, text: error.to_string() }
    }
}

/// A new file that only its owner can read, whatever the umask, with the schema and the
/// recording's own row in it.
fn create_file(path: &Path, recording: &Recording, sync: Sync) -> Result<Database, RecordingError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Closed again before SQLite opens it.
    options.open(path).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => RecordingError::Exists(path.to_owned()),
        _ => RecordingError::Create { path: path.to_owned(), source },
    })?;
    set_up(path, recording, sync).map_err(|error| {
        // Nothing half-made is left behind; that it can't be removed changes nothing.
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let _ = std::fs::remove_file(sidecar(path, suffix));
        }
        RecordingError::write(path, error)
    })
}

fn set_up(path: &Path, recording: &Recording, sync: Sync) -> rusqlite::Result<Database> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut database = Database::open_with_flags(path, flags)?;
    database.pragma_update(None, "page_size", schema::PAGE_SIZE)?;
    database.busy_timeout(BUSY)?;
    // A file system without shared memory keeps SQLite's rollback journal instead: slower, as safe.
    database.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    let level = if sync == Sync::Full { "FULL" } else { "NORMAL" };
    database.pragma_update(None, "synchronous", level)?;
    database.query_row("PRAGMA wal_autocheckpoint = 0", [], |_| Ok(()))?;
    database.query_row(&format!("PRAGMA journal_size_limit = {JOURNAL_SIZE}"), [], |_| Ok(()))?;
    database.pragma_update(None, "cache_size", -CACHE_KIB)?;
    schema::migrate(&mut database)?;
    statements::insert_recording(&database, recording)?;
    Ok(database)
}
