//! The recording's SQLite schema: its tables, its documented views, and the steps from one format
//! version to the next.
//!
//! The views `frames`, `connections`, `gaps` and `notes` are the contract with people who write SQL; the
//! tables may change with the format version.

use rusqlite::Connection;

/// `PRAGMA application_id` of every recording: "WTP1".
pub const APPLICATION_ID: i32 = 0x5754_5031;

/// `PRAGMA user_version` of a recording that this version writes.
pub const FORMAT_VERSION: i32 = MIGRATIONS.len() as i32;

/// Bytes of a database page. 16 KiB stores 1.7 times the small rows a second of the default 4 KiB.
pub const PAGE_SIZE: u32 = 16 * 1024;

/// Step `n` brings format version `n` to `n + 1`. Append only: a step that has been released
/// never changes, since recordings made by it exist.
const MIGRATIONS: [&str; 2] = [VERSION_1, VERSION_2];

/// Brings `connection` from whatever version it has to [`FORMAT_VERSION`], and does what `then`
/// does, in one transaction: a recorder that is killed leaves all of it or nothing.
pub fn migrate(
    connection: &mut Connection,
    then: impl FnOnce(&Connection) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    bring_up(&transaction)?;
    then(&transaction)?;
    transaction.commit()
}

/// The same steps, in a transaction that is open already.
pub fn bring_up(database: &Connection) -> rusqlite::Result<()> {
    let version: i32 = database.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == FORMAT_VERSION {
        return Ok(());
    }
    for step in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        database.execute_batch(step)?;
    }
    database.pragma_update(None, "application_id", APPLICATION_ID)?;
    database.pragma_update(None, "user_version", FORMAT_VERSION)
}

/// The text of every object that a recording of format `version` must have, and no other: what an
/// untrusted file is held against.
pub fn expected(version: i32) -> rusqlite::Result<Vec<(String, String, String)>> {
    let connection = Connection::open_in_memory()?;
    for step in MIGRATIONS.iter().take(usize::try_from(version).unwrap_or(0)) {
        connection.execute_batch(step)?;
    }
    objects(&connection)
}

/// Type, name and SQL text of every object in the file's schema, ordered by name.
pub fn objects(connection: &Connection) -> rusqlite::Result<Vec<(String, String, String)>> {
    connection
        .prepare("SELECT type, name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}

/// Times are integer nanoseconds since `recording.started_ns` on a monotonic clock.
///
/// - `recording.*_frames`, `*_bytes`: totals up to the frame `counted`, so that `info` needs no scan
///   of more than the frames after it: about a second's worth, and none in a finished recording.
/// - `connection.*_close_reason`: null where there was no close frame; an empty blob with a null
///   code for a close frame without a body.
/// - `frame.held_ns`: written − read, null where the frame was never handed to the receiver. A
///   difference takes three bytes where a second time would take six.
/// - `frame.length`: as stated in the header; null where it is the payload's own length.
/// - `frame.marks`: the bits of [`crate::wire::Marks`].
const VERSION_1: &str = r"
CREATE TABLE recording (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  uuid        TEXT NOT NULL,
  name        TEXT NOT NULL,
  tool        TEXT NOT NULL,
  started_ns  INTEGER NOT NULL,
  upstream    TEXT NOT NULL,
  listen      TEXT NOT NULL,
  rules       TEXT,
  finished_ns INTEGER,
  note        TEXT,
  c2s_frames  INTEGER NOT NULL DEFAULT 0,
  c2s_bytes   INTEGER NOT NULL DEFAULT 0,
  s2c_frames  INTEGER NOT NULL DEFAULT 0,
  s2c_bytes   INTEGER NOT NULL DEFAULT 0,
  counted     INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE connection (
  id               INTEGER PRIMARY KEY,
  opened_ns        INTEGER NOT NULL,
  client           TEXT NOT NULL,
  server           TEXT NOT NULL,
  request_head     BLOB NOT NULL,
  response_head    BLOB NOT NULL,
  response_body    BLOB NOT NULL,
  status           INTEGER,
  connect_ns       INTEGER,
  upgrade_ns       INTEGER,
  closed_ns        INTEGER,
  ending           TEXT,
  ended_by         TEXT,
  detail           TEXT,
  c2s_close_code   INTEGER,
  c2s_close_reason BLOB,
  s2c_close_code   INTEGER,
  s2c_close_reason BLOB,
  c2s_frames       INTEGER NOT NULL,
  c2s_bytes        INTEGER NOT NULL,
  s2c_frames       INTEGER NOT NULL,
  s2c_bytes        INTEGER NOT NULL
) STRICT;

CREATE TABLE frame (
  id         INTEGER PRIMARY KEY,
  connection INTEGER NOT NULL,
  direction  INTEGER NOT NULL,
  read_ns    INTEGER NOT NULL,
  held_ns    INTEGER,
  header     BLOB NOT NULL,
  payload    BLOB NOT NULL,
  length     INTEGER,
  marks      INTEGER NOT NULL
) STRICT;

CREATE TABLE gap (
  id         INTEGER PRIMARY KEY,
  connection INTEGER,
  direction  INTEGER,
  from_ns    INTEGER NOT NULL,
  to_ns      INTEGER NOT NULL,
  frames     INTEGER NOT NULL,
  bytes      INTEGER NOT NULL,
  reason     TEXT NOT NULL
) STRICT;

CREATE TABLE fault (
  id         INTEGER PRIMARY KEY,
  frame      INTEGER,
  connection INTEGER,
  kind       TEXT NOT NULL,
  parameters TEXT NOT NULL,
  seed       INTEGER
) STRICT;

CREATE TABLE note (
  id          INTEGER PRIMARY KEY,
  first_frame INTEGER,
  last_frame  INTEGER,
  text        TEXT NOT NULL,
  author      TEXT NOT NULL,
  at_ns       INTEGER NOT NULL
) STRICT;

CREATE VIEW frames AS
SELECT
  id,
  connection,
  iif(direction = 0, 'c2s', 's2c') AS direction,
  strftime('%Y-%m-%dT%H:%M:%fZ',
    ((SELECT started_ns FROM recording) + read_ns) / 1000000000.0, 'unixepoch') AS time,
  read_ns,
  read_ns + held_ns AS written_ns,
  CASE low
    WHEN -1 THEN 'raw' WHEN 0 THEN 'continuation' WHEN 1 THEN 'text' WHEN 2 THEN 'binary'
    WHEN 8 THEN 'close' WHEN 9 THEN 'ping' WHEN 10 THEN 'pong'
    ELSE 'reserved-' || low
  END AS opcode,
  high >> 3 AS fin,
  high & 7 AS rsv,
  second >> 3 AS masked,
  coalesce(length, length(payload)) AS length,
  payload,
  iif(low IN (1, 8, 9, 10) AND high & 4 = 0,
    CAST(iif(low = 8, substr(payload, 3), payload) AS TEXT), NULL) AS text,
  rtrim(
    iif(marks & 1, 'raw ', '') ||
    iif(marks & 2, 'part-follows ', '') ||
    iif(marks & 4, 'part ', '') ||
    iif(marks & 8, 'cut ', '') ||
    iif(marks & 16, 'not-kept ', '') ||
    iif(marks & 32, 'reserved-bits ', '') ||
    iif(marks & 64, 'reserved-opcode ', '') ||
    iif(marks & 128, 'unmasked ', '') ||
    iif(marks & 256, 'masked ', '') ||
    iif(marks & 512, 'non-minimal ', '') ||
    iif(marks & 1024, 'oversize ', '') ||
    iif(marks & 2048, 'long-control ', '') ||
    iif(marks & 4096, 'fragmented-control ', '') ||
    iif(marks & 8192, 'stray-continuation ', '') ||
    iif(marks & 16384, 'interrupted-message ', '') ||
    iif(marks & 32768, 'after-close ', '') ||
    iif(marks & 65536, 'bad-close ', '')
  ) AS marks
FROM (
  SELECT
    *,
    iif(header = x'', NULL,
      instr('0123456789ABCDEF', substr(hex(substr(header, 1, 1)), 1, 1)) - 1) AS high,
    iif(header = x'', -1,
      instr('0123456789ABCDEF', substr(hex(substr(header, 1, 1)), 2, 1)) - 1) AS low,
    iif(length(header) < 2, NULL,
      instr('0123456789ABCDEF', substr(hex(substr(header, 2, 1)), 1, 1)) - 1) AS second
  FROM frame
  WHERE marks & 4 = 0
);

CREATE VIEW connections AS
SELECT
  id,
  strftime('%Y-%m-%dT%H:%M:%fZ',
    ((SELECT started_ns FROM recording) + opened_ns) / 1000000000.0, 'unixepoch') AS opened,
  opened_ns,
  closed_ns,
  client,
  server,
  substr(request, instr(request, ' ') + 1,
    instr(substr(request, instr(request, ' ') + 1), ' ') - 1) AS path,
  status,
  connect_ns,
  upgrade_ns,
  ending,
  ended_by,
  detail,
  c2s_close_code,
  CAST(c2s_close_reason AS TEXT) AS c2s_close_reason,
  s2c_close_code,
  CAST(s2c_close_reason AS TEXT) AS s2c_close_reason,
  c2s_frames,
  c2s_bytes,
  s2c_frames,
  s2c_bytes,
  request,
  CAST(response_head AS TEXT) AS response,
  CAST(response_body AS TEXT) AS response_body
FROM (SELECT *, CAST(request_head AS TEXT) AS request FROM connection);

CREATE VIEW gaps AS
SELECT
  id,
  connection,
  CASE direction WHEN 0 THEN 'c2s' WHEN 1 THEN 's2c' END AS direction,
  from_ns,
  to_ns,
  frames,
  bytes,
  reason
FROM gap;
";

/// Notes are about more than frames, and have a view. A recording of version 1 becomes one of
/// version 2 when a note is first written into it.
///
/// - `note.from_ns`, `to_ns`: nanoseconds since the start.
/// - `note.at_ns`: when it was written, nanoseconds since the Unix epoch.
/// - `note.finding`: a code; which finding of that code, its frames tell.
/// - `note.text`: empty for a mark.
const VERSION_2: &str = r"
ALTER TABLE note ADD COLUMN from_ns INTEGER;
ALTER TABLE note ADD COLUMN to_ns INTEGER;
ALTER TABLE note ADD COLUMN finding TEXT;
ALTER TABLE note ADD COLUMN run TEXT;

CREATE VIEW notes AS
SELECT
  id,
  first_frame,
  last_frame,
  from_ns,
  to_ns,
  finding,
  run,
  text,
  author,
  strftime('%Y-%m-%dT%H:%M:%fZ', at_ns / 1000000000.0, 'unixepoch') AS written
FROM note;
";
