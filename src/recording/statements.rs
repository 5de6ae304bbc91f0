//! A batch → SQL, in one transaction.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection as Database, params};

use crate::wire::{Close, Connection, EndedBy, Ending, Gap, Note, Recording};

use super::queue::{Batch, Row};

/// Rows of one INSERT. About twenty small rows a statement store 1.8 times as many a second as one.
const ROWS_PER_INSERT: usize = 20;

/// Columns of `frame`, in the order in which they are bound.
const FRAME_COLUMNS: usize = 9;

/// Stores `batch` and adds it to the recording's totals.
pub(super) fn store(database: &mut Database, batch: &Batch) -> rusqlite::Result<()> {
    let transaction = database.transaction()?;
    insert_frames(&transaction, batch)?;
    for connection in batch.connections.values() {
        upsert_connection(&transaction, connection)?;
    }
    for gap in batch.gaps.sorted() {
        insert_gap(&transaction, gap)?;
    }
    for note in &batch.notes {
        insert_note(&transaction, note)?;
    }
    add_totals(&transaction, &batch.rows)?;
    transaction.commit()
}

/// Stores the recording's own row.
pub(super) fn insert_recording(database: &Database, recording: &Recording) -> rusqlite::Result<()> {
    database
        .prepare(
            "INSERT INTO recording (id, uuid, name, tool, started_ns, upstream, listen, rules, \
             finished_ns, note) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            recording.uuid,
            recording.name,
            recording.tool,
            recording.started_ns,
            recording.upstream,
            recording.listen,
            recording.rules,
            recording.finished_ns.map(signed),
            recording.note,
        ])
        .map(|_| ())
}

/// Says that the recording ended in order.
pub(super) fn finish(database: &Database, finished_ns: u64) -> rusqlite::Result<()> {
    database.execute("UPDATE recording SET finished_ns = ?", [signed(finished_ns)]).map(|_| ())
}

fn insert_frames(database: &Database, batch: &Batch) -> rusqlite::Result<()> {
    let mut many = frame_insert(database, ROWS_PER_INSERT)?;
    let chunks = batch.rows.chunks_exact(ROWS_PER_INSERT);
    let rest = chunks.remainder();
    for rows in chunks {
        execute_frames(&mut many, rows, &batch.arena)?;
    }
    let mut one = frame_insert(database, 1)?;
    for row in rest {
        execute_frames(&mut one, std::slice::from_ref(row), &batch.arena)?;
    }
    Ok(())
}

fn frame_insert(database: &Database, rows: usize) -> rusqlite::Result<CachedStatement<'_>> {
    let values = vec!["(?, ?, ?, ?, ?, ?, ?, ?, ?)"; rows].join(", ");
    database.prepare_cached(&format!(
        "INSERT INTO frame \
         (id, connection, direction, read_ns, held_ns, header, payload, length, marks) \
         VALUES {values}"
    ))
}

fn execute_frames(
    insert: &mut CachedStatement<'_>,
    rows: &[Row],
    arena: &[u8],
) -> rusqlite::Result<()> {
    for (number, row) in rows.iter().enumerate() {
        let at = number * FRAME_COLUMNS;
        let held = row.written_ns.map(|written| signed(written.saturating_sub(row.read_ns)));
        let values: [&dyn ToSql; FRAME_COLUMNS] = [
            &row.id,
            &row.connection,
            &(row.direction.index() as i64),
            &signed(row.read_ns),
            &held,
            &Blob(row.header.as_bytes()),
            &Blob(&arena[row.payload.0..row.payload.1]),
            &row.length,
            &row.marks,
        ];
        for (column, value) in values.into_iter().enumerate() {
            insert.raw_bind_parameter(at + column + 1, value)?;
        }
    }
    insert.raw_execute().map(|_| ())
}

fn upsert_connection(database: &Database, connection: &Connection) -> rusqlite::Result<()> {
    let code = |close: &Option<Close>| close.as_ref().and_then(|close| close.code);
    let reason = |close: &Option<Close>| close.as_ref().map(|close| close.reason.clone());
    database
        .prepare_cached(
            "INSERT OR REPLACE INTO connection (id, opened_ns, client, server, request_head, \
             response_head, response_body, status, connect_ns, upgrade_ns, closed_ns, ending, \
             ended_by, detail, c2s_close_code, c2s_close_reason, s2c_close_code, \
             s2c_close_reason, c2s_frames, c2s_bytes, s2c_frames, s2c_bytes) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            connection.id,
            signed(connection.opened_ns),
            connection.client,
            connection.server,
            connection.request_head,
            connection.response_head,
            connection.response_body,
            connection.status,
            connection.connect_ns.map(signed),
            connection.upgrade_ns.map(signed),
            connection.closed_ns.map(signed),
            connection.ending.map(Ending::word),
            connection.ended_by.map(EndedBy::word),
            connection.detail,
            code(&connection.close[0]),
            reason(&connection.close[0]),
            code(&connection.close[1]),
            reason(&connection.close[1]),
            signed(connection.frames[0]),
            signed(connection.bytes[0]),
            signed(connection.frames[1]),
            signed(connection.bytes[1]),
        ])
        .map(|_| ())
}

fn insert_gap(database: &Database, gap: &Gap) -> rusqlite::Result<()> {
    database
        .prepare_cached(
            "INSERT INTO gap (connection, direction, from_ns, to_ns, frames, bytes, reason) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            gap.connection,
            gap.direction.map(|direction| direction.index() as i64),
            signed(gap.from_ns),
            signed(gap.to_ns),
            signed(gap.frames),
            signed(gap.bytes),
            gap.reason.word(),
        ])
        .map(|_| ())
}

fn insert_note(database: &Database, note: &Note) -> rusqlite::Result<()> {
    database
        .prepare_cached(
            "INSERT INTO note (id, first_frame, last_frame, text, author, at_ns) \
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            note.id,
            note.first_frame,
            note.last_frame,
            note.text,
            note.author,
            note.at_ns
        ])
        .map(|_| ())
}

fn add_totals(database: &Database, rows: &[Row]) -> rusqlite::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let (mut frames, mut bytes) = ([0_i64; 2], [0_i64; 2]);
    for row in rows {
        let way = row.direction.index();
        frames[way] += i64::from(!crate::wire::Marks(row.marks).has(crate::wire::Marks::PART));
        bytes[way] += (row.payload.1 - row.payload.0 + row.header.as_bytes().len()) as i64;
    }
    database
        .prepare_cached(
            "UPDATE recording SET c2s_frames = c2s_frames + ?, c2s_bytes = c2s_bytes + ?, \
             s2c_frames = s2c_frames + ?, s2c_bytes = s2c_bytes + ?",
        )?
        .execute([frames[0], bytes[0], frames[1], bytes[1]])
        .map(|_| ())
}

/// Bytes bound where they lie.
struct Blob<'a>(&'a [u8]);

impl ToSql for Blob<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0)))
    }
}

/// Times and lengths fit i64 for 292 years and 8 EiB.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
