//! Rows of an untrusted file → facts. A value that no recorder writes is an error that names it.

use std::borrow::Cow;

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::wire::{
    Close, Connection, Direction, EndedBy, Ending, Frame, Gap, GapReason, Header, Marks, Note,
    RecordedFrame, Recording, Stamp,
};

/// Why a row is no fact.
#[derive(Debug)]
pub(super) enum RowError {
    /// SQLite could not read it.
    Sql(rusqlite::Error),
    /// It holds a value that no recorder writes.
    Value {
        /// Its table.
        table: &'static str,
        /// Its id.
        id: i64,
        /// Which value.
        column: &'static str,
    },
}

impl From<rusqlite::Error> for RowError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

/// A row's values, taken from left to right.
struct Cells<'r, 's> {
    row: &'r Row<'s>,
    table: &'static str,
    id: i64,
    next: usize,
}

/// The columns that [`recording`] takes.
pub(super) const RECORDING: &str =
    "id, uuid, name, tool, started_ns, upstream, listen, rules, finished_ns, note";

/// The recording's own row → what is known of it.
pub(super) fn recording(row: &Row<'_>) -> Result<Recording, RowError> {
    let mut cells = Cells::new(row, "recording")?;
    Ok(Recording {
        uuid: cells.text("uuid")?,
        name: cells.text("name")?,
        tool: cells.text("tool")?,
        started_ns: cells.integer("started_ns")?,
        upstream: cells.text("upstream")?,
        listen: cells.text("listen")?,
        rules: cells.optional_text("rules")?,
        finished_ns: cells.optional_count("finished_ns")?,
        note: cells.optional_text("note")?,
    })
}

/// The columns that [`connection`] takes.
pub(super) const CONNECTION: &str = "id, opened_ns, client, server, request_head, response_head, \
    response_body, status, connect_ns, upgrade_ns, closed_ns, ending, ended_by, detail, \
    c2s_close_code, c2s_close_reason, s2c_close_code, s2c_close_reason, \
    c2s_frames, c2s_bytes, s2c_frames, s2c_bytes";

/// A connection's row → what is known of it.
pub(super) fn connection(row: &Row<'_>) -> Result<(i64, Connection), RowError> {
    let mut cells = Cells::new(row, "connection")?;
    let mut connection = Connection {
        id: cells.id,
        opened_ns: cells.count("opened_ns")?,
        client: cells.text("client")?,
        server: cells.text("server")?,
        request_head: cells.bytes("request_head")?,
        response_head: cells.bytes("response_head")?,
        response_body: cells.bytes("response_body")?,
        status: cells.optional("status", |number| u16::try_from(number).ok())?,
        connect_ns: cells.optional_count("connect_ns")?,
        upgrade_ns: cells.optional_count("upgrade_ns")?,
        closed_ns: cells.optional_count("closed_ns")?,
        ending: cells.word("ending", Ending::from_word)?,
        ended_by: cells.word("ended_by", EndedBy::from_word)?,
        detail: cells.optional_text("detail")?,
        ..Connection::default()
    };
    for direction in Direction::BOTH {
        let code = cells.optional("close_code", |number| u16::try_from(number).ok())?;
        let reason = cells.optional_bytes("close_reason")?;
        // A close frame without a body has a reason (empty) and no code.
        connection.close[direction.index()] = reason.map(|reason| Close { code, reason });
    }
    for direction in Direction::BOTH {
        connection.frames[direction.index()] = cells.count("frames")?;
        connection.bytes[direction.index()] = cells.count("bytes")?;
    }
    Ok((connection.id, connection))
}

/// The columns that [`frame`] takes.
pub(super) const FRAME: &str =
    "id, connection, direction, read_ns, held_ns, header, length, marks, payload";

/// A frame's row → the frame.
pub(super) fn frame(row: &Row<'_>) -> Result<RecordedFrame<'static>, RowError> {
    let mut cells = Cells::new(row, "frame")?;
    let connection = cells.integer("connection")?;
    let direction = cells.required("direction", Direction::from_index)?;
    let read_ns = cells.count("read_ns")?;
    let held_ns = cells.optional_count("held_ns")?;
    // Both are at most i64::MAX, so that their sum fits.
    let stamp = Stamp { read_ns, written_ns: held_ns.map(|held_ns| read_ns + held_ns) };
    let header = cells.blob("header")?.and_then(Header::from_bytes);
    let header = header.ok_or_else(|| cells.wrong("header"))?;
    // The header's own length is exact; the column can't hold one of 2^63 and more.
    let stated = cells.optional("length", Some)?;
    let marks = cells.required("marks", |bits| u32::try_from(bits).ok())?;
    let payload = cells.bytes("payload")?;
    let length = if header.is_empty() {
        stated.map_or(payload.len() as u64, i64::cast_unsigned)
    } else {
        header.length()
    };
    Ok(RecordedFrame {
        id: cells.id,
        connection,
        direction,
        stamp,
        frame: Frame { header, payload: Cow::Owned(payload), length, marks: Marks(marks) },
    })
}

/// The columns that [`gap`] takes.
pub(super) const GAP: &str = "id, connection, direction, from_ns, to_ns, frames, bytes, reason";

/// A gap's row → the gap.
pub(super) fn gap(row: &Row<'_>) -> Result<(i64, Gap), RowError> {
    let mut cells = Cells::new(row, "gap")?;
    let gap = Gap {
        connection: cells.optional("connection", Some)?,
        direction: cells.optional("direction", Direction::from_index)?,
        from_ns: cells.count("from_ns")?,
        to_ns: cells.count("to_ns")?,
        frames: cells.count("frames")?,
        bytes: cells.count("bytes")?,
        reason: cells.word("reason", GapReason::from_word)?.ok_or_else(|| cells.wrong("reason"))?,
    };
    Ok((cells.id, gap))
}

/// The columns that [`note`] takes, of a recording of this format version.
pub(super) const fn note_columns(version: i64) -> &'static str {
    match version {
        ..2 => "id, first_frame, last_frame, NULL, NULL, NULL, NULL, text, author, at_ns",
        2.. => "id, first_frame, last_frame, from_ns, to_ns, finding, run, text, author, at_ns",
    }
}

/// A note's row → the note.
pub(super) fn note(row: &Row<'_>) -> Result<(i64, Note), RowError> {
    let mut cells = Cells::new(row, "note")?;
    let note = Note {
        id: cells.id,
        first_frame: cells.optional("first_frame", Some)?,
        last_frame: cells.optional("last_frame", Some)?,
        from_ns: cells.optional_count("from_ns")?,
        to_ns: cells.optional_count("to_ns")?,
        finding: cells.optional_text("finding")?,
        run: cells.optional_text("run")?,
        text: cells.text("text")?,
        author: cells.text("author")?,
        at_ns: cells.integer("at_ns")?,
    };
    Ok((note.id, note))
}

impl<'r, 's> Cells<'r, 's> {
    fn new(row: &'r Row<'s>, table: &'static str) -> Result<Self, RowError> {
        Ok(Self { row, table, id: row.get(0)?, next: 1 })
    }

    fn wrong(&self, column: &'static str) -> RowError {
        RowError::Value { table: self.table, id: self.id, column }
    }

    fn take(&mut self) -> Result<ValueRef<'r>, RowError> {
        let value = self.row.get_ref(self.next)?;
        self.next += 1;
        Ok(value)
    }

    fn optional<T>(
        &mut self,
        column: &'static str,
        from: impl Fn(i64) -> Option<T>,
    ) -> Result<Option<T>, RowError> {
        match self.take()? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(number) => from(number).map(Some).ok_or_else(|| self.wrong(column)),
            _ => Err(self.wrong(column)),
        }
    }

    fn required<T>(
        &mut self,
        column: &'static str,
        from: impl Fn(i64) -> Option<T>,
    ) -> Result<T, RowError> {
        self.optional(column, from)?.ok_or_else(|| self.wrong(column))
    }

    fn integer(&mut self, column: &'static str) -> Result<i64, RowError> {
        self.required(column, Some)
    }

    fn count(&mut self, column: &'static str) -> Result<u64, RowError> {
        self.required(column, |number| u64::try_from(number).ok())
    }

    fn optional_count(&mut self, column: &'static str) -> Result<Option<u64>, RowError> {
        self.optional(column, |number| u64::try_from(number).ok())
    }

    fn optional_text(&mut self, column: &'static str) -> Result<Option<String>, RowError> {
        match self.take()? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => match std::str::from_utf8(text) {
                Ok(text) => Ok(Some(text.to_owned())),
                Err(_) => Err(self.wrong(column)),
            },
            _ => Err(self.wrong(column)),
        }
    }

    fn text(&mut self, column: &'static str) -> Result<String, RowError> {
        self.optional_text(column)?.ok_or_else(|| self.wrong(column))
    }

    fn word<T>(
        &mut self,
        column: &'static str,
        from_word: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, RowError> {
        self.optional_text(column)?
            .map(|word| from_word(&word).ok_or_else(|| self.wrong(column)))
            .transpose()
    }

    fn blob(&mut self, column: &'static str) -> Result<Option<&'r [u8]>, RowError> {
        match self.take()? {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(bytes) => Ok(Some(bytes)),
            _ => Err(self.wrong(column)),
        }
    }

    fn optional_bytes(&mut self, column: &'static str) -> Result<Option<Vec<u8>>, RowError> {
        Ok(self.blob(column)?.map(<[u8]>::to_vec))
    }

    fn bytes(&mut self, column: &'static str) -> Result<Vec<u8>, RowError> {
        self.optional_bytes(column)?.ok_or_else(|| self.wrong(column))
    }
}
