//! A recording against what the load says it sent and received: speed without recording can't pass.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::load::{Count, Tally};

/// Later parts of a frame are not frames of their own ([`wiretape::wire::Marks::PART`]).
const COUNTS: &str = "
    SELECT coalesce(sum(marks & 4 = 0), 0), coalesce(sum(length(payload)), 0)
    FROM frame WHERE direction = ?1";

/// What a finished recording holds.
pub(crate) struct Held {
    sent: Count,
    received: Count,
    gaps: u64,
    /// Bytes of the file.
    pub(crate) file_bytes: u64,
}

/// Counts what the recording at `path` holds.
pub(crate) fn held(path: &Path) -> rusqlite::Result<Held> {
    let recording = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let count = |direction: i64| {
        recording.query_row(COUNTS, [direction], |row| {
            let (frames, bytes): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok(Count { frames: frames as u64, bytes: bytes as u64 })
        })
    };
    Ok(Held {
        sent: count(0)?,
        received: count(1)?,
        gaps: recording.query_row("SELECT count(*) FROM gap", [], |row| row.get::<_, i64>(0))?
            as u64,
        file_bytes: path.metadata().map_or(0, |file| file.len()),
    })
}

impl Held {
    /// An error in words when it is not exactly what the load saw.
    pub(crate) fn against(&self, tally: &Tally) -> Result<(), String> {
        if tally.cut > 0 {
            return Err(format!("{} connections did not drain in time", tally.cut));
        }
        if self.gaps > 0 || (self.sent, self.received) != (tally.sent, tally.received) {
            return Err(format!(
                "holds {:?} and {:?} with {} gaps, the load saw {:?} and {:?}",
                self.sent, self.received, self.gaps, tally.sent, tally.received
            ));
        }
        Ok(())
    }
}
