//! A batch → rows, in one transaction.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection as Database, ToSql};

use crate::wire::{Connection, Gap, Note};

use super::batch::{Batch, Row, Tally, integer};
use super::step::{Faults, Step};

/// Frames in one INSERT. More bind no faster, and fewer leave SQLite's own start of a statement
/// as the larger part of a small row's cost.
const ROWS: usize = 20;

/// Values of a frame.
const COLUMNS: usize = 9;

const INSERT_FRAME: &str = "INSERT OR FAIL INTO frame \
    (id, connection, direction, read_ns, held_ns, header, payload, length, marks) VALUES ";

const PUT_CONNECTION: &str = "INSERT OR REPLACE INTO connection (id, opened_ns, client, server, \
    request_head, response_head, response_body, status, connect_ns, upgrade_ns, closed_ns, \
    ending, ended_by, detail, c2s_close_code, c2s_close_reason, s2c_close_code, \
    s2c_close_reason, c2s_frames, c2s_bytes, s2c_frames, s2c_bytes) \
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const INSERT_GAP: &str = "INSERT INTO gap \
    (connection, direction, from_ns, to_ns, frames, bytes, reason) VALUES (?, ?, ?, ?, ?, ?, ?)";

const INSERT_NOTE: &str = "INSERT INTO note \
    (id, first_frame, last_frame, from_ns, to_ns, finding, run, text, author, at_ns) \
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const SET_TOTALS: &str = "UPDATE recording SET c2s_frames = ?, c2s_bytes = ?, s2c_frames = ?, \
    s2c_bytes = ?, counted = ?, finished_ns = ?";

const SET_COUNTS: &str = "UPDATE connection SET c2s_frames = ?, c2s_bytes = ?, s2c_frames = ?, \
    s2c_bytes = ? WHERE id = ?";

/// What goes into a transaction.
#[derive(Debug)]
pub(super) struct Transaction<'a> {
    pub(super) batch: &'a Batch,
    /// What earlier transactions could not store: connections and gaps.
    pub(super) kept: &'a Batch,
    /// The id of the next frame without one.
    pub(super) next_id: i64,
    /// Totals of the file, this batch included, where they are due.
    pub(super) totals: Option<Tally>,
    /// Open connections whose counts are due with them.
    pub(super) counts: Vec<&'a Connection>,
    pub(super) finished_ns: Option<u64>,
}

/// Stores all of it, or nothing. Gives the id of the next frame.
pub(super) fn store(
    database: &Database,
    what: &Transaction<'_>,
    faults: &Faults,
) -> rusqlite::Result<i64> {
    faults.meet(Step::Begin)?;
    let transaction =
        rusqlite::Transaction::new_unchecked(database, rusqlite::TransactionBehavior::Immediate)?;
    let next_id = frames(database, what.batch, what.next_id, faults)?;
    // Before their latest states, which know better.
    for connection in &what.counts {
        let ([c2s_frames, s2c_frames], [c2s_bytes, s2c_bytes]) =
            (connection.frames.map(integer), connection.bytes.map(integer));
        database.prepare_cached(SET_COUNTS)?.execute((
            c2s_frames,
            c2s_bytes,
            s2c_frames,
            s2c_bytes,
            connection.id,
        ))?;
    }
    for batch in [what.kept, what.batch] {
        facts(database, batch, faults)?;
    }
    if let Some(totals) = what.totals {
        faults.meet(Step::Totals)?;
        let Tally { frames: [c2s_frames, s2c_frames], bytes: [c2s_bytes, s2c_bytes] } = totals;
        database.prepare_cached(SET_TOTALS)?.execute((
            integer(c2s_frames),
            integer(c2s_bytes),
            integer(s2c_frames),
            integer(s2c_bytes),
            next_id - 1,
            what.finished_ns.map(integer),
        ))?;
    }
    faults.meet(Step::Commit)?;
    transaction.commit()?;
    Ok(next_id)
}

fn frames(
    database: &Database,
    batch: &Batch,
    mut next_id: i64,
    faults: &Faults,
) -> rusqlite::Result<i64> {
    let mut rows = batch.rows();
    let mut left = batch.rows.len();
    for count in [ROWS, 1] {
        if left < count {
            continue;
        }
        let mut statement = database.prepare_cached(&insert_frames(count))?;
        while left >= count {
            faults.meet(Step::Frames)?;
            for (place, (row, payload)) in rows.by_ref().take(count).enumerate() {
                let id = if row.id == 0 { next_id } else { row.id };
                next_id = next_id.max(id.saturating_add(1));
                bind(&mut statement, place * COLUMNS, id, (row, payload))?;
            }
            statement.raw_execute()?;
            left -= count;
        }
    }
    Ok(next_id)
}

fn insert_frames(count: usize) -> String {
    let row = "(?, ?, ?, ?, ?, ?, ?, ?, ?)";
    INSERT_FRAME.to_owned() + &vec![row; count].join(", ")
}

fn bind(
    statement: &mut CachedStatement<'_>,
    before: usize,
    id: i64,
    (row, payload): (&Row, &[u8]),
) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(before + 1, id)?;
    statement.raw_bind_parameter(before + 2, row.connection)?;
    statement.raw_bind_parameter(before + 3, row.direction.index() as i64)?;
    statement.raw_bind_parameter(before + 4, row.read_ns)?;
    statement.raw_bind_parameter(before + 5, row.held_ns)?;
    statement.raw_bind_parameter(before + 6, Blob(row.header.as_bytes()))?;
    statement.raw_bind_parameter(before + 7, Blob(payload))?;
    statement.raw_bind_parameter(before + 8, row.length)?;
    statement.raw_bind_parameter(before + 9, row.marks.0)
}

fn facts(database: &Database, batch: &Batch, faults: &Faults) -> rusqlite::Result<()> {
    for connection in &batch.connections {
        faults.meet(Step::Connection)?;
        put_connection(database, connection)?;
    }
    for gap in batch.gaps.iter().chain(batch.lost.gaps()) {
        faults.meet(Step::Gap)?;
        insert_gap(database, gap)?;
    }
    for note in &batch.notes {
        faults.meet(Step::Note)?;
        insert_note(database, Some(note.id), note)?;
    }
    Ok(())
}

fn put_connection(database: &Database, connection: &Connection) -> rusqlite::Result<()> {
    let close = |index: usize| {
        let close = connection.close[index].as_ref();
        (close.and_then(|close| close.code), close.map(|close| Blob(&close.reason)))
    };
    let ([(c2s_code, c2s_reason), (s2c_code, s2c_reason)], [c2s_frames, s2c_frames]) =
        ([close(0), close(1)], connection.frames.map(integer));
    let [c2s_bytes, s2c_bytes] = connection.bytes.map(integer);
    database.prepare_cached(PUT_CONNECTION)?.execute(rusqlite::params![
        connection.id,
        integer(connection.opened_ns),
        connection.client,
        connection.server,
        Blob(&connection.request_head),
        Blob(&connection.response_head),
        Blob(&connection.response_body),
        connection.status,
        connection.connect_ns.map(integer),
        connection.upgrade_ns.map(integer),
        connection.closed_ns.map(integer),
        connection.ending.map(crate::wire::Ending::word),
        connection.ended_by.map(crate::wire::EndedBy::word),
        connection.detail,
        c2s_code,
        c2s_reason,
        s2c_code,
        s2c_reason,
        c2s_frames,
        c2s_bytes,
        s2c_frames,
        s2c_bytes,
    ])?;
    Ok(())
}

fn insert_gap(database: &Database, gap: &Gap) -> rusqlite::Result<()> {
    database.prepare_cached(INSERT_GAP)?.execute((
        gap.connection,
        gap.direction.map(|direction| direction.index() as i64),
        integer(gap.from_ns),
        integer(gap.to_ns),
        integer(gap.frames),
        integer(gap.bytes),
        gap.reason.word(),
    ))?;
    Ok(())
}

/// Under its id, or the next one.
pub(super) fn insert_note(
    database: &Database,
    id: Option<i64>,
    note: &Note,
) -> rusqlite::Result<()> {
    database.prepare_cached(INSERT_NOTE)?.execute((
        id,
        note.first_frame,
        note.last_frame,
        note.from_ns.map(integer),
        note.to_ns.map(integer),
        &note.finding,
        &note.run,
        &note.text,
        &note.author,
        note.at_ns,
    ))?;
    Ok(())
}

/// Bytes bound as they are; a plain slice would be bound as text or not at all.
struct Blob<'a>(&'a [u8]);

impl ToSql for Blob<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0)))
    }
}
