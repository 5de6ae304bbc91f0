//! The path of an untrusted file → an SQLite connection that is safe to read from, or to add a
//! note with.
//!
//! Nothing here writes, follows symbolic links, waits for a pipe, or runs anything the file
//! brought: what is not exactly a recording is refused before a row is read.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::RecordingError;
use super::lock::{self, beside};
use super::schema;

/// How much of a file is checked when it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// That it is a recording: header, format, schema.
    Schema,
    /// Every page too, in files of up to 64 MiB.
    Usual,
    /// Every page, however large the file is.
    Full,
}

/// Files up to this many bytes are checked page by page on opening, which takes about 0.1 s;
/// longer ones when asked to, so that 10 million frames open at once.
pub(super) const QUICK_CHECK_LIMIT: u64 = 64 * 1024 * 1024;

/// Bytes of what every SQLite file begins with: "SQLite format 3" and a NUL.
const MAGIC: u64 = 16;

/// Longest value or row, in bytes: eight times a part of a frame, the longest a recorder writes.
const MAX_VALUE: i32 = 8 * 1024 * 1024;

/// How long a lock of the writer's is waited for; it holds one for milliseconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// SQLite's steps between two looks at the budget.
const STEPS_A_LOOK: i32 = 10_000;

/// Steps that checking a file may take however small it is, and for each of its bytes. The
/// smallest row has some 10 bytes and takes some 50 steps; a hostile file that loops takes more.
const STEPS: u64 = 10_000_000;
const STEPS_A_BYTE: u64 = 16;

/// Opens the recording at `path` and checks it.
pub(super) fn open(path: &Path, check: Check) -> Result<Connection, RecordingError> {
    let changes = |suffix| fs::metadata(beside(path, suffix)).is_ok_and(|side| side.len() > 0);
    let still = !changes("-wal") && !changes("-journal") && !lock::is_live(path);
    let mode = if still { Mode::Still } else { Mode::Read };
    let connection = open_as(path, mode, check)?;
    connection
        .pragma_update(None, "query_only", true)
        .map_err(|source| RecordingError::read(path, source))?;
    Ok(connection)
}

/// Opens the recording at `path` to add to it, checked as one that is only read.
pub(super) fn open_to_write(path: &Path) -> Result<Connection, RecordingError> {
    open_as(path, Mode::Write, Check::Usual)
}

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// To read what nothing changes: works in a read-only folder too, and makes no side files.
    Still,
    /// To read.
    Read,
    /// To write.
    Write,
}

fn open_as(path: &Path, mode: Mode, check: Check) -> Result<Connection, RecordingError> {
    let size = look(path)?;
    let read = |source| RecordingError::read(path, source);
    let access = match mode {
        Mode::Still | Mode::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Mode::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let flags = access
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(uri(path, mode)?, flags);
    let mut connection = opened.map_err(|source| unopened(path, source))?;
    harden(&connection).map_err(read)?;
    limit_steps(&mut connection, STEPS.saturating_add(size.saturating_mul(STEPS_A_BYTE)))
        .map_err(read)?;
    check_format(&connection, path)?;
    if check == Check::Full || (check == Check::Usual && size <= QUICK_CHECK_LIMIT) {
        check_pages(&connection, path)?;
    }
    connection.progress_handler(0, None::<fn() -> bool>).map_err(read)?;
    Ok(connection)
}

/// The uuid that a recording's file has, its log left aside; `None` if it is no recording.
pub(super) fn uuid_without_log(path: &Path) -> Option<String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri(path, Mode::Still).ok()?, flags).ok()?;
    harden(&connection).ok()?;
    check_format(&connection, path).ok()?;
    connection.query_row("SELECT uuid FROM recording", [], |row| row.get(0)).ok()
}

/// Why SQLite could not open a file: it says only that it could not. No lock is lost by asking
/// the system, since SQLite has none on such a file.
fn unopened(path: &Path, source: rusqlite::Error) -> RecordingError {
    match File::open(path) {
        Err(source) => RecordingError::Open { path: path.into(), source },
        Ok(_) => RecordingError::read(path, source),
    }
}

/// What can be known without opening it: a regular file, with nothing but files beside it in the
/// places of SQLite's and the recorder's own. Gives its size in bytes.
///
/// It is SQLite that opens it, and nobody else: a recorder looks at its own file too, and closing
/// another handle drops the locks that its writer has on the file (POSIX gives them to the
/// process). Then whoever opens the file with another program removes the log under the writer.
fn look(path: &Path) -> Result<u64, RecordingError> {
    let failed = |source| RecordingError::Open { path: path.into(), source };
    let not = |why: &str| RecordingError::NotARecording { path: path.into(), why: why.into() };
    let metadata = fs::symlink_metadata(path).map_err(failed)?;
    let kind = metadata.file_type();
    if kind.is_symlink() {
        return Err(not("it is a symbolic link; name the file it points to"));
    } else if kind.is_dir() {
        return Err(not("it is a directory"));
    } else if !kind.is_file() {
        return Err(not("it is a pipe, a socket or a device"));
    } else if metadata.len() == 0 {
        return Err(not("it is empty"));
    } else if metadata.len() < MAGIC {
        return Err(not("it is too short to be an SQLite file"));
    }
    for suffix in ["-wal", "-shm", "-journal", "-lock"] {
        if fs::symlink_metadata(beside(path, suffix)).is_ok_and(|side| !side.is_file()) {
            return Err(not(&format!("the {suffix} beside it is not a plain file")));
        }
    }
    Ok(metadata.len())
}

/// The file's URI. A file with changes in a `-wal` needs the ordinary read-only mode: `immutable`
/// would not see them. One without, and without a writer, is still and opened as immutable: that
/// works in a read-only directory too, where the ordinary mode fails, and makes no side files.
fn uri(path: &Path, mode: Mode) -> Result<String, RecordingError> {
    let failed = |source| RecordingError::Open { path: path.into(), source };
    let name = path.file_name().unwrap_or(OsStr::new(""));
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    // SQLite refuses links anywhere in the path; only one to the file itself is of interest.
    let real = fs::canonicalize(directory.unwrap_or(Path::new("."))).map_err(failed)?.join(name);
    let mut uri = String::from("file:");
    let bytes = real.as_os_str().as_encoded_bytes();
    if !bytes.starts_with(b"/") {
        uri.push('/');
    }
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b':' => {
                uri.push(char::from(*byte));
            }
            b'\\' if cfg!(windows) => uri.push('/'),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str(match mode {
        Mode::Still => "?mode=ro&immutable=1",
        Mode::Read => "?mode=ro",
        Mode::Write => "?mode=rw",
    });
    Ok(uri)
}

fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_limit(Limit::SQLITE_LIMIT_WORKER_THREADS, 0)?;
    connection.set_limit(Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "mmap_size", 0)
}

fn limit_steps(connection: &mut Connection, steps: u64) -> rusqlite::Result<()> {
    let mut looks = steps / u64::from(STEPS_A_LOOK.unsigned_abs());
    let spent = move || {
        looks = looks.saturating_sub(1);
        looks == 0
    };
    connection.progress_handler(STEPS_A_LOOK, Some(spent))
}

fn check_format(connection: &Connection, path: &Path) -> Result<(), RecordingError> {
    let read = |source| RecordingError::read(path, source);
    let not = |why: &str| RecordingError::NotARecording { path: path.into(), why: why.into() };
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if number("application_id").map_err(read)? != i64::from(schema::APPLICATION_ID) {
        return Err(not("it is another program's SQLite file"));
    }
    let found = number("user_version").map_err(read)?;
    if found > i64::from(schema::FORMAT_VERSION) {
        let supported = schema::FORMAT_VERSION;
        return Err(RecordingError::Newer { path: path.into(), found, supported });
    }
    let version = i32::try_from(found).unwrap_or(0);
    if version < 1 {
        return Err(not("it has no format version"));
    }
    let encoding: String =
        connection.pragma_query_value(None, "encoding", |row| row.get(0)).map_err(read)?;
    if encoding != "UTF-8" {
        return Err(not("its texts are not UTF-8"));
    }
    if schema::objects(connection).map_err(read)? != schema::expected(version).map_err(read)? {
        return Err(not("its tables are not a recording's"));
    }
    Ok(())
}

fn check_pages(connection: &Connection, path: &Path) -> Result<(), RecordingError> {
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|source| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::OperationInterrupted) => RecordingError::Damaged {
                path: path.into(),
                why: "checking it takes longer than its size allows".into(),
            },
            _ => RecordingError::read(path, source),
        })?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(RecordingError::Damaged { path: path.into(), why: verdict })
}
