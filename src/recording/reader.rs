//! One recording's file → the facts in it: of a finished, an interrupted or a growing one.
//!
//! Every read is a page of rows in a transaction of its own, over before a fact is handed out. So
//! a slow consumer never holds the writer's log back, and memory holds one page.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rusqlite::{Connection as Database, Row};

use super::open::{self, Check};
use super::rows::{self, RowError};
use super::{RecordingError, lock};
use crate::wire::{Connection, Fact, Gap, Marks, Note, RecordedFrame, Recording};

/// Frames looked at in one read: a few milliseconds, so that the writer's log can be taken over
/// often, and few enough to stay in the processor's cache until they have been handed on.
const FRAMES_A_PAGE: i64 = 1024;

/// Payload bytes kept of one page; four of the longest parts.
const BYTES_A_PAGE: usize = 4 * 1024 * 1024;

/// Connections of one page: each has two heads and a body, up to 64 KiB each.
const CONNECTIONS_A_PAGE: i64 = 16;

/// Gaps and notes of one page.
const ROWS_A_PAGE: i64 = 64;

/// What emits facts: asked to go on or to stop after each.
pub type Emit<'a, T> = &'a mut dyn FnMut(T) -> ControlFlow<()>;

/// Reads one recording. Never writes.
#[derive(Debug)]
pub struct RecordingReader {
    pub(super) database: Database,
    path: PathBuf,
}

/// Where a recording is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A recorder is writing it.
    Live,
    /// Its recorder finished it in order.
    Finished,
    /// Its recorder died. What it had committed is here.
    Interrupted,
}

impl State {
    /// The word shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Finished => "finished",
            Self::Interrupted => "interrupted",
        }
    }
}

/// How much a recording holds, by direction: c2s, s2c.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Connections.
    pub connections: u64,
    /// Frames.
    pub frames: [u64; 2],
    /// Payload bytes.
    pub bytes: [u64; 2],
}

/// Which frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRange {
    /// Only frames after this id.
    pub after_id: i64,
    /// Only frames up to this id.
    pub until_id: i64,
    /// Only frames of this connection.
    pub connection: Option<i64>,
}

impl Default for FrameRange {
    fn default() -> Self {
        Self { after_id: 0, until_id: i64::MAX, connection: None }
    }
}

impl RecordingReader {
    /// Opens an untrusted file, checked page by page unless it is long.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        Self::open_with(path, Check::Usual)
    }

    /// Opens an untrusted file with another check than the usual.
    pub fn open_with(path: &Path, check: Check) -> Result<Self, RecordingError> {
        Ok(Self { database: open::open(path, check)?, path: path.to_owned() })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is known of the recording as a whole.
    pub fn recording(&self) -> Result<Recording, RecordingError> {
        let sql = format!("SELECT {} FROM recording", rows::RECORDING);
        let mut found = None;
        self.each(&sql, [], &mut |row| {
            found = Some(rows::recording(row)?);
            Ok(ControlFlow::Break(()))
        })?;
        found.ok_or_else(|| self.damaged("it does not say what it is a recording of"))
    }

    /// Whether it is being written, finished, or was left behind.
    pub fn state(&self) -> Result<State, RecordingError> {
        if self.recording()?.finished_ns.is_some() {
            return Ok(State::Finished);
        }
        if lock::is_live(&self.path) {
            return Ok(State::Live);
        }
        // It may have been finished between the two looks.
        let finished = self.recording()?.finished_ns.is_some();
        Ok(if finished { State::Finished } else { State::Interrupted })
    }

    /// How much it holds; of the frames, only those are read that came after the last count.
    pub fn totals(&self) -> Result<Totals, RecordingError> {
        let sql = format!(
            "SELECT (SELECT count(*) FROM connection),
                c2s_frames + coalesce(sum(direction = 0 AND marks & {part} = 0), 0),
                s2c_frames + coalesce(sum(direction = 1 AND marks & {part} = 0), 0),
                c2s_bytes + coalesce(sum(iif(direction = 0, length(payload), 0)), 0),
                s2c_bytes + coalesce(sum(iif(direction = 1, length(payload), 0)), 0)
             FROM recording LEFT JOIN frame ON frame.id > counted GROUP BY recording.id",
            part = Marks::PART.0,
        );
        let mut totals = Totals::default();
        self.each(&sql, [], &mut |row| {
            let count = |column| {
                let number: i64 = row.get(column)?;
                Ok::<u64, RowError>(u64::try_from(number).unwrap_or(0))
            };
            totals = Totals {
                connections: count(0)?,
                frames: [count(1)?, count(2)?],
                bytes: [count(3)?, count(4)?],
            };
            Ok(ControlFlow::Break(()))
        })?;
        Ok(totals)
    }

    /// Emits the connections with ids over `after_id`, in order.
    pub fn connections(
        &self,
        after_id: i64,
        emit: Emit<'_, Connection>,
    ) -> Result<(), RecordingError> {
        let sql = page_sql("connection", rows::CONNECTION);
        self.pages(Pages { sql, after_id, size: CONNECTIONS_A_PAGE }, rows::connection, emit)
    }

    /// One connection's latest state.
    pub fn connection(&self, id: i64) -> Result<Option<Connection>, RecordingError> {
        let mut found = None;
        let sql = format!("SELECT {} FROM connection WHERE id = ?1", rows::CONNECTION);
        self.each(&sql, [id], &mut |row| {
            found = Some(rows::connection(row)?.1);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// Emits the gaps with their ids, those over `after_id`, in order.
    pub fn gaps(&self, after_id: i64, emit: Emit<'_, (i64, Gap)>) -> Result<(), RecordingError> {
        let sql = page_sql("gap", rows::GAP);
        let with_id = |row: &Row<'_>| rows::gap(row).map(|(id, gap)| (id, (id, gap)));
        self.pages(Pages { sql, after_id, size: ROWS_A_PAGE }, with_id, emit)
    }

    /// Emits the notes, in order.
    pub fn notes(&self, emit: Emit<'_, Note>) -> Result<(), RecordingError> {
        // Another program's note may bring an old recording up to date at any moment.
        let version = self.number("PRAGMA user_version", [])?;
        let sql = page_sql("note", rows::note_columns(version));
        self.pages(Pages { sql, after_id: i64::MIN, size: ROWS_A_PAGE }, rows::note, emit)
    }

    /// The newest frame's id; 0 where there is none.
    pub fn last_frame(&self) -> Result<i64, RecordingError> {
        self.number("SELECT coalesce(max(id), 0) FROM frame", [])
    }

    /// Emits the frames of `range`, in arrival order.
    pub fn frames(
        &self,
        range: FrameRange,
        emit: Emit<'_, RecordedFrame<'_>>,
    ) -> Result<(), RecordingError> {
        let mut after_id = range.after_id;
        while let Some(page) = self.frame_page(FrameRange { after_id, ..range })? {
            for frame in page.frames {
                if emit(frame).is_break() {
                    return Ok(());
                }
            }
            after_id = page.end;
        }
        Ok(())
    }

    /// Emits all that is known, in this order: the recording, connections, gaps, frames, notes. So
    /// whoever reads frames knows what was lost between them.
    ///
    /// Of a recording that grows meanwhile, frames that came after the start of this call are left
    /// out; so every frame's connection is among the connections.
    pub fn facts(&self, emit: Emit<'_, Fact<'_>>) -> Result<(), RecordingError> {
        let until_id = self.last_frame()?;
        let mut go_on = emit(Fact::Recording(self.recording()?));
        if go_on.is_continue() {
            self.connections(i64::MIN, &mut |connection| {
                go_on = emit(Fact::Connection(connection));
                go_on
            })?;
        }
        if go_on.is_continue() {
            self.gaps(i64::MIN, &mut |(_, gap)| {
                go_on = emit(Fact::Gap(gap));
                go_on
            })?;
        }
        if go_on.is_continue() {
            let range = FrameRange { after_id: i64::MIN, until_id, connection: None };
            self.frames(range, &mut |frame| {
                go_on = emit(Fact::Frame(frame));
                go_on
            })?;
        }
        if go_on.is_continue() {
            self.notes(&mut |note| emit(Fact::Note(note)))?;
        }
        Ok(())
    }

    /// A number that differs from the last one asked for if another process committed since.
    pub(super) fn data_version(&self) -> Result<i64, RecordingError> {
        self.number("PRAGMA data_version", [])
    }

    /// The next frames of `range`; `None` at its end. A page may be empty and not the last.
    fn frame_page(&self, range: FrameRange) -> Result<Option<Page>, RecordingError> {
        let FrameRange { after_id, until_id, connection } = range;
        let (mut page, mut bytes) = (Page { frames: Vec::new(), end: after_id }, 0);
        let (mut unordered, mut full) = (false, false);
        let mut take = |row: &Row<'_>| {
            let frame = rows::frame(row)?;
            unordered |= frame.id <= page.end;
            page.end = frame.id;
            bytes += frame.frame.payload.len();
            page.frames.push(frame);
            full = bytes >= BYTES_A_PAGE;
            Ok(if full || unordered { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        match connection {
            None => {
                let sql = format!("{} ORDER BY id LIMIT ?3", frames_sql());
                self.each(&sql, [after_id, until_id, FRAMES_A_PAGE], &mut take)?;
            }
            // Of the others' frames no more are passed over than a page has.
            Some(connection) => {
                let window = "SELECT coalesce(max(id), ?1) FROM \
                    (SELECT id FROM frame WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3)";
                let end = self.number(window, [after_id, until_id, FRAMES_A_PAGE])?;
                let sql = format!("{} AND connection = ?3 ORDER BY id", frames_sql());
                self.each(&sql, [after_id, end, connection], &mut take)?;
                if !full && !unordered {
                    page.end = end;
                }
            }
        }
        if unordered {
            return Err(self.damaged("its frames are out of order"));
        }
        Ok((page.end > after_id).then_some(page))
    }

    /// Emits the rows of a table, page by page.
    fn pages<T>(
        &self,
        Pages { sql, mut after_id, size }: Pages,
        from_row: impl Fn(&Row<'_>) -> Result<(i64, T), RowError>,
        emit: Emit<'_, T>,
    ) -> Result<(), RecordingError> {
        loop {
            let start = after_id;
            let mut page = Vec::new();
            self.each(&sql, [after_id, size], &mut |row| {
                let (id, fact) = from_row(row)?;
                after_id = after_id.max(id);
                page.push(fact);
                Ok(ControlFlow::Continue(()))
            })?;
            for fact in page {
                if emit(fact).is_break() {
                    return Ok(());
                }
            }
            if after_id == start {
                return Ok(());
            }
        }
    }

    fn number(&self, sql: &str, bounds: impl rusqlite::Params) -> Result<i64, RecordingError> {
        let mut number = 0;
        self.each(sql, bounds, &mut |row| {
            number = row.get(0)?;
            Ok(ControlFlow::Break(()))
        })?;
        Ok(number)
    }

    fn each(
        &self,
        sql: &str,
        bounds: impl rusqlite::Params,
        take: &mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>, RowError>,
    ) -> Result<(), RecordingError> {
        let read = |source| RecordingError::read(&self.path, source);
        let mut statement = self.database.prepare_cached(sql).map_err(read)?;
        let mut rows = statement.query(bounds).map_err(read)?;
        while let Some(row) = rows.next().map_err(read)? {
            match take(row) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => break,
                Err(RowError::Sql(source)) => return Err(read(source)),
                Err(RowError::Value { table, id, column }) => {
                    let why = format!("{table} {id} has a {column} that no recorder writes");
                    return Err(self.damaged(&why));
                }
            }
        }
        Ok(())
    }

    fn damaged(&self, why: &str) -> RecordingError {
        RecordingError::Damaged { path: self.path.clone(), why: why.into() }
    }
}

/// Which rows, and how many at a time.
struct Pages {
    /// Its `?1` is the id to start after, its `?2` the number of rows.
    sql: String,
    after_id: i64,
    size: i64,
}

struct Page {
    frames: Vec<RecordedFrame<'static>>,
    /// The id up to which frames were looked at.
    end: i64,
}

/// Its `?1` is the id to start after, its `?2` the last one.
fn frames_sql() -> String {
    format!("SELECT {} FROM frame WHERE id > ?1 AND id <= ?2", rows::FRAME)
}

fn page_sql(table: &str, columns: &str) -> String {
    format!("SELECT {columns} FROM {table} WHERE id > ?1 ORDER BY id LIMIT ?2")
}
