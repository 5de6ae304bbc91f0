//! One new recording file on the disk: made, written, watched, closed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use crate::wire::Recording;

use super::RecordingError;
use super::checkpoint::Checkpointer;
use super::displaced::{self, Anchor, Displaced};
use super::lock::{LiveLock, beside, family};
use super::open;
use super::private::{self, FileId};
use super::schema;
use super::step::{Faults, Step};
use super::writer::{Sync, WriterOptions};

/// Bytes of one page in the write-ahead log, its header included.
pub(super) const LOG_FRAME_BYTES: u64 = schema::PAGE_SIZE as u64 + 24;

/// Bytes to which a log is cut when it starts anew; more than it has in ordinary use, so that
/// its blocks are used again.
const LOG_LIMIT: u32 = 64 << 20;

/// Bytes of a log's header.
const LOG_HEADER: u64 = 32;

/// Pages that SQLite keeps in memory, in KiB: a transaction of 4 MiB and the pages around it.
const CACHE_KIB: i32 = 8 * 1024;

/// Statements kept prepared: all that the writer has.
const STATEMENTS: usize = 16;

/// Says why a recording has no write-ahead log.
const NO_LOG: &str = "this file system can't have a write-ahead log: \
    who reads the recording may hold it up";

/// A recording being written.
#[derive(Debug)]
pub(super) struct RecordingFile {
    pub(super) path: PathBuf,
    // Dropped in this order: the checkpointer's connection, the writer's, the claim.
    pub(super) checkpointer: Option<Checkpointer>,
    pub(super) connection: Connection,
    lock: LiveLock,
    anchor: Anchor,
    log_pages: Arc<AtomicU64>,
    id: FileId,
    log: Option<Log>,
    len: u64,
    uuid: String,
    /// The file's time of change, after so many checkpoints: nothing else of ours changes it.
    changed: Option<(u64, SystemTime)>,
}

/// The write-ahead log beside it. (No lock of SQLite's is on it: that one may be opened.)
#[derive(Debug)]
struct Log {
    file: fs::File,
    id: FileId,
    len: u64,
}

impl Log {
    fn open(path: &Path) -> std::io::Result<Self> {
        let file = fs::File::open(beside(path, "-wal"))?;
        let id = private::file_id(&file.metadata()?);
        Ok(Self { file, id, len: 0 })
    }

    /// Whether it is what it was, and longer.
    fn check(&mut self, path: &Path) -> Result<(), Displaced> {
        let log = fs::metadata(beside(path, "-wal")).map_err(|_| Displaced::LogRemoved)?;
        if private::file_id(&log) != self.id {
            return Err(Displaced::LogRemoved);
        }
        // SQLite makes it shorter only where it is longer than it may stay.
        let cut = log.len() < self.len.min(u64::from(LOG_LIMIT));
        let begins = private::first_bytes(&self.file);
        if cut || log.len() >= LOG_HEADER && !begins.is_ok_and(|begins| is_log(&begins)) {
            return Err(Displaced::Overwritten);
        }
        self.len = log.len();
        Ok(())
    }
}

/// Whether a log begins so: SQLite's number for it, in either byte order, and our page size
/// (<https://www.sqlite.org/fileformat2.html#the_write_ahead_log>).
fn is_log(begins: &[u8; 12]) -> bool {
    begins.starts_with(&[0x37, 0x7f, 0x06])
        && begins[3] & 0xfe == 0x82
        && begins[8..] == schema::PAGE_SIZE.to_be_bytes()
}

impl RecordingFile {
    /// Makes a new recording at `path`, or nothing at all.
    pub(super) fn create(
        path: &Path,
        recording: &Recording,
        options: &WriterOptions,
    ) -> Result<Self, RecordingError> {
        let failed = |source| RecordingError::io("create", path, source);
        if let Some(dir) = path.parent() {
            private::create_dir(dir).map_err(|source| RecordingError::io("create", dir, source))?;
        }
        let lock = LiveLock::acquire(path)?;
        private::create_new(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::AlreadyExists => RecordingError::Exists { path: path.into() },
            _ => failed(source),
        })?;
        Self::fill(path, lock, recording, options).inspect_err(|_| {
            for part in family(path) {
                let _ = fs::remove_file(part);
            }
        })
    }

    fn fill(
        path: &Path,
        lock: LiveLock,
        recording: &Recording,
        options: &WriterOptions,
    ) -> Result<Self, RecordingError> {
        let failed = |source| RecordingError::write(path, source);
        let mut connection = connect(path, &options.faults)?;
        let has_log = set_up(&connection, options).map_err(failed)?;
        let log_pages = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&log_pages);
        connection
            .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: i32| {
                seen.store(u64::try_from(pages).unwrap_or(0), Ordering::Relaxed);
                Ok(())
            }))
            .map_err(failed)?;
        schema::migrate(&mut connection, |made| insert_recording(made, recording))
            .map_err(failed)?;
        let mut checkpointer = None;
        if has_log {
            // From here on the file alone is a recording, whatever happens to its log.
            connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                .map_err(failed)?;
            log_pages.store(0, Ordering::Relaxed);
            checkpointer = Some(Checkpointer::start(path, &options.faults)?);
        }
        let gone = |source| RecordingError::io("create", path, source);
        let metadata = fs::metadata(path).map_err(gone)?;
        let log = has_log.then(|| Log::open(path)).transpose().map_err(gone)?;
        Ok(Self {
            path: path.to_path_buf(),
            checkpointer,
            connection,
            lock,
            anchor: Anchor::hold(path),
            log_pages,
            id: private::file_id(&metadata),
            log,
            len: metadata.len(),
            uuid: recording.uuid.clone(),
            changed: None,
        })
    }

    /// What people should know about it, if there is anything.
    pub(super) fn notice(&self) -> Option<String> {
        self.log.is_none().then(|| NO_LOG.to_owned())
    }

    /// Bytes of it and its log, when last looked at.
    pub(super) fn bytes(&self) -> u64 {
        self.len + self.log.as_ref().map_or(0, |log| log.len)
    }

    /// Looks whether the file that has the name is still the one that is written. Two look-ups of
    /// a name: cheap enough to be done after each commit, so that a commit into a removed file
    /// can be done again elsewhere.
    pub(super) fn check(&mut self) -> Result<(), Displaced> {
        let checkpoints = self.checkpoints();
        let fate = || self.anchor.fate(&self.path, self.id);
        let metadata = fs::metadata(&self.path).map_err(|_| fate())?;
        if private::file_id(&metadata) != self.id {
            return Err(fate());
        }
        if self.was_changed(checkpoints, &metadata) {
            return Err(Displaced::Overwritten);
        }
        // SQLite never makes a file shorter that nothing is deleted from.
        let broken = self.checkpointer.as_ref().is_some_and(Checkpointer::found_broken);
        if broken || metadata.len() < self.len {
            return Err(Displaced::Overwritten);
        }
        self.len = metadata.len();
        let Some(log) = &mut self.log else { return Ok(()) };
        match log.check(&self.path) {
            // Perhaps the file is gone by now, too.
            Err(Displaced::LogRemoved) => Err(self.anchor.fate(&self.path, self.id)),
            seen => seen,
        }
    }

    /// Whether someone else wrote something else into the file: it has changed, not by a
    /// checkpoint, and is not this recording any more.
    fn was_changed(&mut self, checkpoints: Option<u64>, metadata: &fs::Metadata) -> bool {
        let Some(count) = checkpoints.filter(|_| self.checkpoints() == checkpoints) else {
            return false;
        };
        let Ok(time) = metadata.modified() else { return false };
        let before = self.changed.replace((count, time));
        before.is_some_and(|(known, then)| known == count && then != time)
            && open::uuid_without_log(&self.path).as_ref() != Some(&self.uuid)
    }

    fn checkpoints(&self) -> Option<u64> {
        self.checkpointer.as_ref().and_then(Checkpointer::count)
    }

    /// To be called after a commit that was checked: keeps the log short.
    pub(super) fn tend_log(&mut self, faults: &Faults) -> rusqlite::Result<()> {
        let log_pages = self.log_pages.load(Ordering::Relaxed);
        let Some(checkpointer) = &mut self.checkpointer else { return Ok(()) };
        if checkpointer.committed(log_pages, self.len) {
            checkpointer.catch_up(&self.connection, faults, log_pages)?;
        }
        Ok(())
    }

    /// Copies the log to the file now, so that its room can be used again; gives whether all of
    /// it could be copied. If it could not, the log stays as it is, and can be read.
    pub(super) fn empty_log(&mut self, faults: &Faults) -> bool {
        let log_pages = self.log_pages.load(Ordering::Relaxed);
        match &mut self.checkpointer {
            Some(checkpointer) => {
                let tried = checkpointer.catch_up(&self.connection, faults, log_pages);
                tried.is_ok_and(|left| left == 0)
            }
            None => true,
        }
    }

    /// Gives up the room that was held back for the end.
    pub(super) fn free_reserve(&self) {
        self.lock.free_reserve();
    }

    /// Closes a recording that is complete: one file, which needs no log to be opened, wherever
    /// it is put. While another program reads it, the log stays.
    pub(super) fn close(mut self, faults: &Faults) {
        self.checkpointer = None;
        if faults.meet(Step::Checkpoint).is_ok() && self.log.is_some() {
            let run = |sql: &str| self.connection.query_row(sql, [], |_| Ok(()));
            // Both are refused while others read, and on a full disk: nothing is lost by that.
            let _ = run("PRAGMA wal_checkpoint(TRUNCATE)");
            let _ = run("PRAGMA journal_mode = DELETE");
        }
    }

    /// Lets go of a file that was removed, moved or overwritten; gives whether all that was
    /// committed to it is kept where it is now. What was only moved gets what is in its log; what
    /// someone else's bytes are in is left alone.
    pub(super) fn abandon(mut self, why: &Displaced, faults: &Faults) -> bool {
        let whole = why.is_sound() && self.empty_log(faults);
        self.checkpointer = None;
        let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        let (path, log) = (self.path.clone(), self.log.as_ref().map(|log| log.id));
        drop(self);
        let log_went_along = match why {
            Displaced::Moved(Some(to)) if !whole => displaced::clear_log(&path, log, Some(to)),
            Displaced::Removed | Displaced::Moved(_) => displaced::clear_log(&path, log, None),
            Displaced::LogRemoved | Displaced::Overwritten => false,
        };
        why.is_kept() && (whole || log_went_along)
    }
}

/// Opens a connection to a file that is there.
pub(super) fn connect(path: &Path, faults: &Faults) -> Result<Connection, RecordingError> {
    let failed = |source| RecordingError::write(path, source);
    faults.meet(Step::Open).map_err(failed)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match faults.vfs() {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs),
        None => Connection::open_with_flags(path, flags),
    }
    .map_err(failed)?;
    // Whoever holds the file locked is waited for here, by the writer, not in SQLite.
    connection.busy_timeout(std::time::Duration::ZERO).map_err(failed)?;
    Ok(connection)
}

/// The file's content is not what SQLite wrote.
pub(super) fn is_broken(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map_or(0, |error| error.extended_code);
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        || code == ffi::SQLITE_IOERR_SHORT_READ
}

/// Sets what must be set before the first page is written; `false` where there is no log.
fn set_up(connection: &Connection, options: &WriterOptions) -> rusqlite::Result<bool> {
    connection.pragma_update(None, "page_size", schema::PAGE_SIZE)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    let has_log = mode.eq_ignore_ascii_case("wal");
    if has_log {
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection.query_row(
            &format!("PRAGMA journal_size_limit = {LOG_LIMIT}"),
            [],
            |_| Ok(()),
        )?;
    } else {
        connection.pragma_update_and_check(None, "journal_mode", "TRUNCATE", |_| Ok(()))?;
    }
    let sync = match options.sync {
        Sync::Normal => "NORMAL",
        Sync::Full => "FULL",
    };
    connection.pragma_update(None, "synchronous", sync)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(has_log)
}

fn insert_recording(connection: &Connection, recording: &Recording) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO recording (id, uuid, name, tool, started_ns, upstream, listen, rules, note)
         VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            &recording.uuid,
            &recording.name,
            &recording.tool,
            recording.started_ns,
            &recording.upstream,
            &recording.listen,
            &recording.rules,
            &recording.note,
        ),
    )?;
    Ok(())
}
