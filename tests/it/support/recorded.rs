//! A recording, read back without the library's reader: rows → wire bytes, by `WireRebuilder`.

use std::borrow::Cow;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use wiretape::wire::{Direction, Frame, Header, Marks, RecordedFrame, Stamp, WireRebuilder};

/// An opened recording.
pub(crate) struct Recorded {
    pub(crate) sql: Connection,
}

/// A row of the table `connection`, as far as the tests look at it.
#[derive(Debug)]
pub(crate) struct ConnectionRow {
    pub(crate) id: i64,
    pub(crate) request_head: Vec<u8>,
    pub(crate) response_head: Vec<u8>,
    pub(crate) response_body: Vec<u8>,
    pub(crate) status: Option<i64>,
    pub(crate) ending: Option<String>,
    pub(crate) ended_by: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) frames: [i64; 2],
    pub(crate) bytes: [i64; 2],
    pub(crate) close_codes: [Option<i64>; 2],
    pub(crate) close_reasons: [Option<Vec<u8>>; 2],
}

impl Recorded {
    /// Opens it and passes the whole file through SQLite's own integrity check.
    #[track_caller]
    pub(crate) fn open(path: &Path) -> Self {
        let sql = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .unwrap_or_else(|error| panic!("{} does not open: {error}", path.display()));
        let check: String =
            sql.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
        assert_eq!(check, "ok", "integrity of {}", path.display());
        Self { sql }
    }

    /// All connections, in order.
    pub(crate) fn connections(&self) -> Vec<ConnectionRow> {
        self.sql
            .prepare(
                "SELECT id, request_head, response_head, response_body, status, ending, ended_by,
                   detail, c2s_frames, s2c_frames, c2s_bytes, s2c_bytes, c2s_close_code,
                   s2c_close_code, c2s_close_reason, s2c_close_reason FROM connection ORDER BY id",
            )
            .unwrap()
            .query_map([], |row| {
                Ok(ConnectionRow {
                    id: row.get(0)?,
                    request_head: row.get(1)?,
                    response_head: row.get(2)?,
                    response_body: row.get(3)?,
                    status: row.get(4)?,
                    ending: row.get(5)?,
                    ended_by: row.get(6)?,
                    detail: row.get(7)?,
                    frames: [row.get(8)?, row.get(9)?],
                    bytes: [row.get(10)?, row.get(11)?],
                    close_codes: [row.get(12)?, row.get(13)?],
                    close_reasons: [row.get(14)?, row.get(15)?],
                })
            })
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    /// The frames of one direction of a connection, parts included, in order.
    pub(crate) fn frames(
        &self,
        connection: i64,
        direction: Direction,
    ) -> Vec<RecordedFrame<'static>> {
        self.sql
            .prepare(
                "SELECT id, read_ns, held_ns, header, payload, length, marks FROM frame
                 WHERE connection = ?1 AND direction = ?2 ORDER BY id",
            )
            .unwrap()
            .query_map((connection, direction.index() as i64), |row| {
                let payload: Vec<u8> = row.get(4)?;
                let read_ns: i64 = row.get(1)?;
                let held_ns: Option<i64> = row.get(2)?;
                let length: Option<i64> = row.get(5)?;
                Ok(RecordedFrame {
                    id: row.get(0)?,
                    connection,
                    direction,
                    stamp: Stamp {
                        read_ns: read_ns as u64,
                        written_ns: held_ns.map(|held| (read_ns + held) as u64),
                    },
                    frame: Frame {
                        header: Header::from_bytes(&row.get::<_, Vec<u8>>(3)?).unwrap(),
                        length: length.map_or(payload.len() as u64, |length| length as u64),
                        payload: Cow::Owned(payload),
                        marks: Marks(row.get::<_, i64>(6)? as u32),
                    },
                })
            })
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    /// The wire bytes of one direction after the handshake, rebuilt.
    #[track_caller]
    pub(crate) fn wire(&self, connection: i64, direction: Direction) -> Vec<u8> {
        let mut rebuilder = WireRebuilder::new();
        let mut wire = Vec::new();
        for frame in self.frames(connection, direction) {
            assert!(rebuilder.feed(&frame.frame, &mut wire), "frame {} is not whole", frame.id);
        }
        wire
    }

    /// The words of the marks of every row of one direction.
    pub(crate) fn marks(&self, connection: i64, direction: Direction) -> Vec<String> {
        let words =
            |frame: &RecordedFrame<'_>| frame.frame.marks.words().collect::<Vec<_>>().join(" ");
        self.frames(connection, direction).iter().map(words).collect()
    }

    /// How many gaps there are, and the frames and bytes they lost.
    pub(crate) fn gaps(&self) -> (i64, i64, i64) {
        self.sql
            .query_row(
                "SELECT count(*), coalesce(sum(frames), 0), coalesce(sum(bytes), 0) FROM gaps",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .unwrap()
    }
}
