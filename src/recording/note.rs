//! What a person writes about a recording → rows of its file, beside the facts, which stay as they are.
//!
//! Each call opens the file, writes in one transaction and closes it again, so that nobody is held
//! up: a recorder that is writing the same file waits for a moment, and so does a note.

use std::fs;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::insert::insert_note;
use super::open;
use super::{RecordingError, lock, schema};
use crate::wire::Note;

/// The longest note, in bytes: some twenty pages, which is more than anyone reads in a tool.
pub const MAX_TEXT: usize = 64 << 10;

/// The longest name of an author, code of a finding, or id of a run, in bytes.
pub const MAX_NAME: usize = 4 << 10;

/// The most notes of one recording: more than one person looks through.
pub const MAX_NOTES: i64 = 100_000;

/// Stores a note under the next id, whatever id it has; gives that id. An old recording is brought
/// to the format of this version first.
///
/// # Errors
/// The file can't be opened or written, or the note is longer than a note may be.
pub fn add(path: &Path, note: &Note) -> Result<i64, RecordingError> {
    check(note)?;
    write(path, |transaction| {
        let count = "SELECT count(*) < ? FROM note";
        if !transaction.query_row(count, [MAX_NOTES], |row| row.get(0))? {
            return Ok(Err(RecordingError::NoteRefused { why: "there are 100,000 already" }));
        }
        insert_note(transaction, None, note)?;
        Ok(Ok(transaction.last_insert_rowid()))
    })?
}

/// Gives the note with this id another text; `false` if there is no such note.
///
/// # Errors
/// The file can't be opened or written, or the text is longer than a note may be.
pub fn change(path: &Path, id: i64, text: &str) -> Result<bool, RecordingError> {
    check(&Note { text: text.to_owned(), ..Note::default() })?;
    let update = "UPDATE note SET text = ? WHERE id = ?";
    write(path, |transaction| Ok(transaction.execute(update, (text, id))? > 0))
}

/// Removes the note with this id; `false` if there is no such note.
///
/// # Errors
/// The file can't be opened or written.
pub fn remove(path: &Path, id: i64) -> Result<bool, RecordingError> {
    write(path, |transaction| Ok(transaction.execute("DELETE FROM note WHERE id = ?", [id])? > 0))
}

fn check(note: &Note) -> Result<(), RecordingError> {
    let names = [note.finding.as_deref(), note.run.as_deref(), Some(note.author.as_str())];
    if note.text.len() > MAX_TEXT {
        Err(RecordingError::NoteRefused { why: "it is longer than 64 KiB" })
    } else if names.into_iter().flatten().any(|name| name.len() > MAX_NAME) {
        Err(RecordingError::NoteRefused { why: "a name in it is longer than 4 KiB" })
    } else {
        Ok(())
    }
}

fn write<T>(
    path: &Path,
    what: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> Result<T, RecordingError> {
    let failed = |source| RecordingError::write(path, source);
    // Whoever made a file read-only meant it, the administrator's own programs included.
    if fs::metadata(path).is_ok_and(|file| file.permissions().readonly()) {
        return Err(RecordingError::NoPermission { path: path.into() });
    }
    let mut connection = open::open_to_write(path)?;
    let written = transact(&mut connection, what).map_err(failed);
    // A log is its recorder's to clear away; where that is gone, it is ours.
    let keeps_log = lock::is_live(path);
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keeps_log)
        .map_err(failed)?;
    written
}

fn transact<T>(
    connection: &mut Connection,
    what: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    schema::bring_up(&transaction)?;
    let done = what(&transaction)?;
    transaction.commit()?;
    Ok(done)
}
