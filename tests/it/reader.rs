//! The reader: what was written is read; what was not written by a recorder is refused, whatever
//! it is, without a hang, a crash or a change to the disk.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should say where")]

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection as Database;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use wiretape::recording::{
    Check, Follow, FrameRange, RecordingError, RecordingReader, State, schema,
};
use wiretape::wire::{Direction, Fact};

use crate::sample::{self, frame};

struct Tape {
    dir: TempDir,
    path: PathBuf,
}

fn tape() -> Tape {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("2026-11-22-amber-fox.db");
    sample::write(&path, &sample::facts());
    Tape { dir, path }
}

impl Tape {
    fn open(&self) -> RecordingReader {
        RecordingReader::open(&self.path).unwrap()
    }

    /// Changes the file as its owner could.
    fn alter(&self, sql: &str) {
        Database::open(&self.path).unwrap().execute_batch(sql).unwrap();
    }

    fn refusal(&self) -> String {
        match RecordingReader::open(&self.path) {
            Ok(_) => panic!("it was opened"),
            Err(error) => error.to_string(),
        }
    }
}

fn all(reader: &RecordingReader) -> Result<Vec<Fact<'static>>, RecordingError> {
    let mut facts = Vec::new();
    reader.facts(&mut |fact| {
        facts.push(owned(fact));
        ControlFlow::Continue(())
    })?;
    Ok(facts)
}

fn owned(fact: Fact<'_>) -> Fact<'static> {
    match fact {
        Fact::Frame(mut recorded) => {
            let frame = std::mem::replace(
                &mut recorded.frame,
                frame(1, 1, Direction::ServerToClient, 0, b"").frame,
            );
            Fact::Frame(wiretape::wire::RecordedFrame {
                id: recorded.id,
                connection: recorded.connection,
                direction: recorded.direction,
                stamp: recorded.stamp,
                frame: frame.into_owned(),
            })
        }
        Fact::Recording(recording) => Fact::Recording(recording),
        Fact::Connection(connection) => Fact::Connection(connection),
        Fact::Gap(gap) => Fact::Gap(gap),
        Fact::Note(note) => Fact::Note(note),
    }
}

fn files(dir: &Path) -> BTreeSet<(PathBuf, Vec<u8>)> {
    let hash = |path: &Path| Sha256::digest(fs::read(path).unwrap()).to_vec();
    fs::read_dir(dir)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| (path.clone(), hash(&path)))
        .collect()
}

#[test]
fn what_was_written_is_read() {
    let tape = tape();
    let reader = tape.open();
    assert_eq!(all(&reader).unwrap(), sample::facts());
    assert_eq!(reader.state().unwrap(), State::Finished);
    let totals = reader.totals().unwrap();
    assert_eq!((totals.connections, totals.frames), (3, [3, 7]));
}

#[test]
fn one_without_an_end_was_interrupted() {
    let tape = tape();
    tape.alter("UPDATE recording SET finished_ns = NULL");
    assert_eq!(tape.open().state().unwrap(), State::Interrupted);
}

#[test]
fn frames_come_by_range_and_connection() {
    let tape = tape();
    let ids = |range: FrameRange| {
        let mut ids = Vec::new();
        tape.open()
            .frames(range, &mut |frame| {
                ids.push(frame.id);
                if ids.len() == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .unwrap();
        ids
    };
    assert_eq!(ids(FrameRange { connection: Some(2), ..FrameRange::default() }), [7, 9, 10]);
    assert_eq!(ids(FrameRange { after_id: 3, until_id: 5, connection: None }), [4, 5]);
    assert_eq!(ids(FrameRange::default()), [1, 2, 3, 4]);
    assert_eq!(ids(FrameRange { after_id: 99, ..FrameRange::default() }), [0; 0]);
}

/// B04.
#[test]
fn what_is_no_recording_is_refused_at_once() {
    let tape = tape();
    let at = |name: &str| tape.dir.path().join(name);
    fs::write(at("empty"), "").unwrap();
    fs::write(at("empty-wal"), "x").unwrap();
    fs::write(at("short"), "SQLite").unwrap();
    fs::write(at("text"), "{\"v\":1,\"kind\":\"wiretape\"}\n").unwrap();
    fs::write(at("header-only"), b"SQLite format 3\0").unwrap();
    fs::write(at("truncated"), &fs::read(&tape.path).unwrap()[..20_000]).unwrap();
    fs::create_dir(at("folder")).unwrap();
    symlink(&tape.path, at("link")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap();
    assert!(made.success());
    Database::open(at("other")).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    for (name, why) in [
        ("empty", "it is empty"),
        ("short", "too short"),
        ("text", "not an SQLite file"),
        ("header-only", ""),
        ("truncated", ""),
        ("folder", "it is a directory"),
        ("link", "symbolic link"),
        ("pipe", "a pipe, a socket or a device"),
        ("other", "another program's"),
        ("missing", "failed to open"),
        ("/dev/zero", "a pipe, a socket or a device"),
    ] {
        let error = RecordingReader::open(&at(name)).map(|_| ()).expect_err(name).to_string();
        assert!(error.contains(why), "{name}: {error}");
    }
}

/// B05.
#[test]
fn side_files_that_lead_elsewhere_are_refused() {
    for suffix in ["-wal", "-shm", "-journal", "-lock"] {
        let tape = tape();
        let side = PathBuf::from(format!("{}{suffix}", tape.path.display()));
        symlink("/etc/passwd", &side).unwrap();
        assert!(tape.refusal().contains("beside it"), "{suffix}");
        fs::remove_file(&side).unwrap();
        std::process::Command::new("mkfifo").arg(&side).status().unwrap();
        assert!(tape.refusal().contains("beside it"), "{suffix}");
    }
}

/// B03, B08.
#[test]
fn files_that_are_not_exactly_recordings_are_refused() {
    for (sql, why) in [
        ("CREATE TRIGGER t AFTER INSERT ON frame BEGIN DELETE FROM note; END", "tables"),
        ("CREATE TABLE extra (x)", "tables"),
        ("CREATE INDEX i ON frame (connection)", "tables"),
        ("CREATE VIRTUAL TABLE v USING fts5 (x)", "tables"),
        ("DROP VIEW frames; CREATE VIEW frames AS SELECT 1", "tables"),
        ("DROP TABLE note; CREATE VIEW note AS SELECT * FROM frame", "tables"),
        ("ALTER TABLE frame ADD COLUMN g INTEGER AS (abs(id))", "tables"),
        ("ALTER TABLE note RENAME TO remark", "tables"),
        ("PRAGMA user_version = 0", "no format version"),
        ("PRAGMA user_version = -1", "no format version"),
        ("PRAGMA user_version = 3", "has format 3; 2 is the newest"),
        ("PRAGMA user_version = 2147483647", "has format 2147483647"),
        ("PRAGMA application_id = 1", "another program's"),
        (
            "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'frame'",
            "",
        ),
        ("PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'nonsense'", ""),
        (
            "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET type = 'table' WHERE name = 'gaps'",
            "",
        ),
    ] {
        let tape = tape();
        tape.alter(sql);
        let before = files(tape.dir.path());
        let error = tape.refusal();
        assert!(error.contains(why), "{sql}: {error}");
        assert_eq!(files(tape.dir.path()), before, "{sql}");
    }
}

#[test]
fn text_in_another_encoding_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("wide.db");
    let mut database = Database::open(&path).unwrap();
    database.execute_batch("PRAGMA encoding = 'UTF-16le'").unwrap();
    schema::migrate(&mut database, |_| Ok(())).unwrap();
    drop(database);
    let error = RecordingReader::open(&path).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("not UTF-8"), "{error}");
}

#[test]
fn a_start_that_fails_half_way_leaves_no_tables() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("begun.db");
    let mut database = Database::open(&path).unwrap();
    schema::migrate(&mut database, |_| Err(rusqlite::Error::InvalidQuery)).unwrap_err();
    assert_eq!(schema::objects(&database).unwrap(), []);
}

/// B03: values that STRICT allows, and no recorder writes.
#[test]
fn values_that_no_recorder_writes_are_named() {
    for (sql, why) in [
        ("UPDATE frame SET read_ns = -1 WHERE id = 4", "frame 4 has a read_ns"),
        ("UPDATE frame SET held_ns = -1 WHERE id = 4", "frame 4 has a held_ns"),
        ("UPDATE frame SET direction = 2 WHERE id = 4", "frame 4 has a direction"),
        ("UPDATE frame SET header = zeroblob(15) WHERE id = 4", "frame 4 has a header"),
        ("UPDATE frame SET marks = -1 WHERE id = 4", "frame 4 has a marks"),
        ("UPDATE connection SET status = 70000 WHERE id = 2", "connection 2 has a status"),
        ("UPDATE connection SET ending = 'evaporated' WHERE id = 2", "connection 2 has a ending"),
        ("UPDATE connection SET opened_ns = -9 WHERE id = 2", "connection 2 has a opened_ns"),
        ("UPDATE connection SET client = CAST(x'ff' AS TEXT) WHERE id = 2", "a client"),
        ("UPDATE gap SET reason = 'tired'", "gap 1 has a reason"),
        ("UPDATE gap SET frames = -1", "gap 1 has a frames"),
        ("UPDATE recording SET finished_ns = -1", "recording 1 has a finished_ns"),
        ("DELETE FROM recording", "does not say"),
    ] {
        let tape = tape();
        tape.alter(sql);
        let error = all(&tape.open()).expect_err(sql).to_string();
        assert!(error.contains(why), "{sql}: {error}");
    }
    // Extremes that are no error.
    let tape = tape();
    tape.alter("UPDATE frame SET read_ns = 9223372036854775807, held_ns = 9223372036854775807");
    tape.alter("UPDATE recording SET started_ns = -9223372036854775808");
    tape.alter("INSERT INTO frame VALUES (9223372036854775807, 1, 0, 0, 0, x'', x'', -1, 1)");
    assert_eq!(all(&tape.open()).unwrap().len(), sample::facts().len() + 1);
}

/// B03: a value or row longer than any that a recorder writes.
#[test]
fn a_huge_value_is_refused_not_loaded() {
    let tape = tape();
    tape.alter("UPDATE frame SET payload = zeroblob(9000000) WHERE id = 4");
    let error = RecordingReader::open(&tape.path).and_then(|reader| all(&reader)).unwrap_err();
    assert!(matches!(error, RecordingError::Damaged { .. }), "{error}");
}

/// B03: 2,600 files with one byte changed, and every page boundary cut.
#[test]
fn changed_bytes_never_crash_hang_or_write() {
    let tape = tape();
    let original = fs::read(&tape.path).unwrap();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let path = tape.dir.path().join("changed.db");
    let (mut opened, mut refused) = (0, 0);
    for round in 0..2600 {
        let mut bytes = original.clone();
        // Half of them in the page headers and schema, where structure is.
        let range = if round % 2 == 0 { 600 } else { bytes.len() };
        let at = (random() % range as u64) as usize;
        bytes[at] ^= 1 << (random() % 8);
        if round % 100 == 0 {
            bytes.truncate(1 + random() as usize % bytes.len());
        }
        fs::write(&path, &bytes).unwrap();
        match RecordingReader::open(&path).and_then(|reader| all(&reader)) {
            Ok(_) => opened += 1,
            Err(_) => refused += 1,
        }
        assert!(fs::read(&path).unwrap() == bytes, "byte {at} made it write");
    }
    assert_eq!(files(tape.dir.path()).len(), 2, "no file was made");
    assert!(opened > 100 && refused > 100, "{opened} opened, {refused} refused");
}

/// K08: neither a clean file nor one with a log needs a folder that can be written.
#[test]
fn a_folder_that_can_not_be_written_is_no_hindrance() {
    let tape = tape();
    let database = Database::open(&tape.path).unwrap();
    database.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0").unwrap();
    sample::add(&database, &[Fact::Frame(frame(11, 1, Direction::ClientToServer, 0x81, b"new"))]);
    // As after a crash: the file, its log and its index, and nobody who has them open.
    let crashed = TempDir::new().unwrap();
    for (file, _) in files(tape.dir.path()) {
        fs::copy(&file, crashed.path().join(file.file_name().unwrap())).unwrap();
    }
    drop(database);
    for (dir, frames) in [(tape.dir.path(), 11), (crashed.path(), 11)] {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o500)).unwrap();
        let before: BTreeSet<PathBuf> = files(dir).into_iter().map(|(path, _)| path).collect();
        let reader = RecordingReader::open(&dir.join(tape.path.file_name().unwrap())).unwrap();
        assert_eq!(reader.last_frame().unwrap(), frames);
        let after: BTreeSet<PathBuf> = files(dir).into_iter().map(|(path, _)| path).collect();
        assert_eq!(after, before);
        drop(reader);
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let clean: BTreeSet<PathBuf> =
        files(tape.dir.path()).into_iter().map(|(path, _)| path).collect();
    assert_eq!(clean.len(), 1, "a clean file is opened without making side files");
}

/// K13: while a consumer takes its time, the log can be emptied.
#[test]
fn a_slow_consumer_never_holds_the_log_back() {
    let tape = tape();
    let database = Database::open(&tape.path).unwrap();
    database.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0").unwrap();
    let frames: Vec<Fact<'_>> = (11..9000)
        .map(|id| Fact::Frame(frame(id, 1, Direction::ServerToClient, 0x81, &[b'x'; 100])))
        .collect();
    sample::add(&database, &frames);
    let reader = tape.open();
    let mut seen = 0;
    reader
        .facts(&mut |_| {
            seen += 1;
            if seen % 500 == 0 {
                let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
                let busy: i64 = database.query_row(sql, [], |row| row.get(0)).unwrap();
                assert_eq!(busy, 0, "after {seen} facts");
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, sample::facts().len() + frames.len());
}

#[test]
fn following_gives_each_fact_once_and_in_order() {
    let tape = tape();
    let database = Database::open(&tape.path).unwrap();
    database
        .execute_batch("PRAGMA journal_mode = WAL; UPDATE recording SET finished_ns = NULL")
        .unwrap();
    let reader = tape.open();
    let mut follow = Follow::new(FrameRange::default());
    let mut poll = || {
        let mut seen = Vec::new();
        let any = follow
            .poll(&reader, &mut |fact| {
                seen.push(match fact {
                    Fact::Connection(connection) => format!("c{}", connection.id),
                    Fact::Frame(frame) => format!("f{}", frame.id),
                    Fact::Gap(_) => "gap".into(),
                    _ => "?".into(),
                });
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(any, !seen.is_empty());
        seen.join(" ")
    };
    assert_eq!(poll(), "c1 c2 c3 gap f1 f2 f3 f4 f5 f6 f7 f8 f9 f10");
    assert_eq!(poll(), "");
    sample::add(&database, &[Fact::Frame(frame(11, 2, Direction::ClientToServer, 0x81, b"new"))]);
    assert_eq!(poll(), "f11");
    database.execute_batch("UPDATE connection SET ending = 'eof' WHERE id = 2").unwrap();
    assert_eq!(poll(), "c2");
    database.execute_batch("UPDATE connection SET detail = 'x' WHERE id IN (1, 2)").unwrap();
    assert_eq!(poll(), "", "what has ended does not change");
}

#[test]
fn checks_cover_every_page_when_asked() {
    let tape = tape();
    let root: u16 = Database::open(&tape.path)
        .unwrap()
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'note'", [], |row| row.get(0))
        .unwrap();
    let mut bytes = fs::read(&tape.path).unwrap();
    let page = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    // The page's first cell is said to be where none can be.
    let start = usize::from(root - 1) * page;
    bytes[start + 8..start + 10].fill(0xff);
    fs::write(&tape.path, &bytes).unwrap();
    assert!(RecordingReader::open_with(&tape.path, Check::Schema).is_ok());
    for check in [Check::Usual, Check::Full] {
        let error = RecordingReader::open_with(&tape.path, check).map(|_| ()).unwrap_err();
        assert!(matches!(error, RecordingError::Damaged { .. }), "{error}");
    }
}

/// A writer that has the file locked is waited for.
#[test]
fn a_short_lock_is_waited_out() {
    let tape = tape();
    let database = Database::open(&tape.path).unwrap();
    database.execute_batch("PRAGMA journal_mode = DELETE").unwrap();
    let journal = PathBuf::from(format!("{}-journal", tape.path.display()));
    database.execute_batch("BEGIN IMMEDIATE; UPDATE recording SET note = 'x'").unwrap();
    assert!(journal.exists(), "a file that is being written is not opened as immutable");
    let writer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        database.execute_batch("COMMIT").unwrap();
    });
    let mut note = None;
    while note.is_none() {
        note = tape.open().recording().unwrap().note;
    }
    writer.join().unwrap();
    assert_eq!(note.as_deref(), Some("x"));
}
