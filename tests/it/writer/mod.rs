//! The recorder from outside: what it is given → what is in the file, in fair weather and foul.

mod displaced;
mod pressure;
mod store;
mod trouble;

use std::borrow::Cow;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::Connection as Database;
use wiretape::recording::step::Faults;
use wiretape::recording::{
    Journal, RecordingError, RecordingReader, RecordingWriter, Sync, WriterOptions,
};
use wiretape::wire::{
    Connection, Direction, EndedBy, Ending, Fact, Frame, Gap, GapReason, Header, Marks, Note,
    RecordedFrame, Recording, Stamp,
};

/// Looks at a condition that must come true, each millisecond for a minute.
const LOOKS: u32 = 60_000;

fn recording() -> Recording {
    Recording {
        uuid: "00000000-0000-4000-8000-000000000000".into(),
        name: "amber-fox".into(),
        tool: "0.1.0".into(),
        started_ns: 1_700_000_000_000_000_000,
        upstream: "ws://127.0.0.1:1".into(),
        listen: "ws://127.0.0.1:2".into(),
        ..Recording::default()
    }
}

fn start(path: &Path) -> RecordingWriter {
    RecordingWriter::create(path, &recording(), WriterOptions::default()).unwrap()
}

fn start_with(path: &Path, faults: Faults) -> RecordingWriter {
    let options = WriterOptions { faults, ..WriterOptions::default() };
    RecordingWriter::create(path, &recording(), options).unwrap()
}

fn stamp(ns: u64) -> Stamp {
    Stamp { read_ns: ns, written_ns: Some(ns + 5) }
}

/// A binary frame as a server sends it.
fn frame(payload: &[u8]) -> Frame<'_> {
    let length = payload.len() as u64;
    let mut header = vec![0x82, 127];
    header.extend(length.to_be_bytes());
    Frame {
        header: Header::from_bytes(&header).unwrap(),
        payload: Cow::Borrowed(payload),
        length,
        marks: Marks::NONE,
    }
}

fn append(journal: &Journal, connection: i64, ns: u64, payload: &[u8]) {
    journal.append(connection, |appender| {
        appender.frame(Direction::ClientToServer, stamp(ns), &frame(payload));
    });
}

fn open_connection(id: i64) -> Connection {
    Connection { id, client: format!("127.0.0.1:{id}"), ..Connection::default() }
}

#[track_caller]
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..LOOKS {
        if condition() {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("never: {what}");
}

/// Waits until all of `frames` are stored or lost.
#[track_caller]
fn until_settled(journal: &Journal, frames: u64) {
    until("all frames are stored or lost", || {
        let status = journal.status();
        status.frames.iter().sum::<u64>() + status.lost_frames == frames
    });
}

fn number(file: &Database, sql: &str) -> i64 {
    file.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Frames in the file, frames in its gaps; its pages are sound.
fn frames_and_lost(path: &Path) -> (i64, i64) {
    let file = Database::open(path).unwrap();
    let verdict: String = file.query_row("PRAGMA quick_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok", "{}", path.display());
    let frames = number(&file, "SELECT count(*) FROM frame");
    let totals = RecordingReader::open(path).unwrap().totals().unwrap();
    assert_eq!(frames as u64, totals.frames.iter().sum::<u64>(), "totals of {}", path.display());
    (frames, number(&file, "SELECT coalesce(sum(frames), 0) FROM gap"))
}

/// Names of the files in `folder`.
fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_was_appended_is_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/one.db");
    let writer = start(&path);
    let journal = writer.journal();
    journal.connection(open_connection(1));
    for number in 0..1_000_u64 {
        append(&journal, 1, number, &number.to_be_bytes());
    }
    journal.connection(Connection { client: "b".into(), ..open_connection(1) });
    let summary = writer.finish(77).unwrap();
    assert!(summary.finished);
    assert_eq!(summary.status.frames, [1_000, 0]);
    assert_eq!(summary.status.bytes, [8_000, 0]);
    assert_eq!((summary.status.queued_bytes, summary.status.trouble), (0, None));
    assert_eq!(files(path.parent().unwrap()), ["one.db"]);
    assert_eq!(summary.status.file_bytes, path.metadata().unwrap().len());

    let file = Database::open(&path).unwrap();
    let rows: Vec<(i64, i64, i64, Vec<u8>)> = file
        .prepare("SELECT id, read_ns, held_ns, payload FROM frame ORDER BY id")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let expected: Vec<_> = (0..1_000_i64)
        .map(|number| (number + 1, number, 5, number.to_be_bytes().to_vec()))
        .collect();
    assert_eq!(rows, expected);
    let client: String =
        file.query_row("SELECT client FROM connection", [], |row| row.get(0)).unwrap();
    assert_eq!(client, "b");
    assert_eq!(number(&file, "SELECT c2s_bytes FROM recording"), 8_000);
    assert_eq!(number(&file, "SELECT finished_ns FROM recording"), 77);
}

#[test]
fn totals_are_exact_at_any_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let writer = start(&path);
    let journal = writer.journal();
    let reader = RecordingReader::open(&path).unwrap();
    assert_eq!(reader.totals().unwrap().frames, [0, 0]);
    journal.connection(open_connection(1));
    // Half a second of the recorded time each: some come with a count, some are counted on asking.
    for number in 1..=9_u64 {
        journal.append(1, |appender| {
            let stamp = stamp(number * 500_000_000);
            appender.frame(Direction::ClientToServer, stamp, &frame(b"four"));
            let parts = [Marks::PART_FOLLOWS, Marks::PART];
            for marks in parts {
                let part = Frame { marks, ..frame(b"part ") };
                appender.frame(Direction::ServerToClient, stamp, &part);
            }
        });
        until_settled(&journal, 2 * number);
        let totals = reader.totals().unwrap();
        assert_eq!((totals.frames, totals.bytes), ([number; 2], [4 * number, 10 * number]));
    }
    let file = Database::open(&path).unwrap();
    assert_eq!(number(&file, "SELECT counted FROM recording"), 3 * 8, "one in two had a count");
    // Of a connection that is open, what the last count but one knew.
    let counts = "SELECT c2s_frames * 100 + s2c_frames FROM connection";
    assert_eq!(number(&file, counts), 7 * 101);
    assert_eq!(number(&file, "SELECT c2s_bytes FROM connection"), 7 * (10 + 4));
    // Its latest state changes nothing of that.
    journal.connection(Connection { status: Some(101), ..open_connection(1) });
    append(&journal, 1, 4_600_000_000, b"four");
    append(&journal, 1, 9_000_000_000, b"four");
    until_settled(&journal, 20);
    append(&journal, 1, 19_000_000_000, b"four");
    until_settled(&journal, 21);
    assert_eq!(number(&file, counts), 11 * 100 + 9);
    writer.finish(0).unwrap();
    assert_eq!(number(&file, "SELECT counted FROM recording"), 3 * 9 + 3);
    assert_eq!(number(&file, "SELECT s2c_bytes FROM recording"), 10 * 9);
}

#[test]
fn threads_keep_their_order_and_ids_have_no_hole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let writer = start(&path);
    thread::scope(|scope| {
        for connection in 1..=4 {
            let journal = writer.journal();
            scope.spawn(move || {
                for number in 0..5_000_u64 {
                    append(&journal, connection, number, b"x");
                }
            });
        }
    });
    writer.finish(0).unwrap();
    let file = Database::open(&path).unwrap();
    assert_eq!(number(&file, "SELECT count(*) FROM frame"), 20_000);
    assert_eq!(number(&file, "SELECT max(id) - min(id) FROM frame"), 19_999);
    let disorder = "SELECT count(*) FROM (SELECT read_ns, row_number()
        OVER (PARTITION BY connection ORDER BY id) AS place FROM frame) WHERE place <> read_ns + 1";
    assert_eq!(number(&file, disorder), 0);
}

#[test]
fn facts_from_elsewhere_keep_their_ids() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let writer = start(&path);
    let journal = writer.journal();
    let gap = Gap {
        connection: Some(9),
        direction: None,
        from_ns: 1,
        to_ns: 2,
        frames: 3,
        bytes: 4,
        reason: GapReason::Locked,
    };
    let note = Note {
        id: 5,
        first_frame: None,
        last_frame: None,
        from_ns: None,
        to_ns: Some(8),
        finding: None,
        run: Some("9c1e".into()),
        text: "so".into(),
        author: "me".into(),
        at_ns: 6,
    };
    let connection = Connection {
        ending: Some(Ending::Closed),
        ended_by: Some(EndedBy::Server),
        ..open_connection(9)
    };
    let facts = [
        Fact::Recording(recording()),
        Fact::Connection(connection),
        Fact::Frame(recorded(7)),
        Fact::Gap(gap),
        Fact::Frame(recorded(12)),
        Fact::Note(note),
    ];
    for fact in facts {
        journal.wait_ready();
        journal.fact(fact);
    }
    append(&journal, 9, 20, b"after");
    let summary = writer.finish(0).unwrap();
    assert_eq!(summary.status.lost_frames, 0, "gaps of another recorder are not this one's");
    let file = Database::open(&path).unwrap();
    let ids: String = file
        .query_row("SELECT group_concat(id) FROM (SELECT id FROM frame)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(ids, "7,12,13");
    assert_eq!(number(&file, "SELECT id FROM note"), 5);
    assert_eq!(number(&file, "SELECT frames FROM gap WHERE connection = 9"), 3);
    assert_eq!(number(&file, "SELECT count(*) FROM connection WHERE ended_by = 'server'"), 1);
}

fn recorded(id: i64) -> RecordedFrame<'static> {
    RecordedFrame {
        id,
        connection: 9,
        direction: Direction::ServerToClient,
        stamp: Stamp { read_ns: 1, written_ns: None },
        frame: frame(b"abc"),
    }
}

#[test]
fn a_length_is_stored_where_it_is_not_the_payloads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let writer = start(&path);
    writer.journal().append(1, |appender| {
        appender.frame(Direction::ServerToClient, stamp(1), &frame(b"abc"));
        let cut = Frame { length: 1 << 40, marks: Marks::CUT, ..frame(b"abc") };
        appender.frame(Direction::ServerToClient, stamp(2), &cut);
    });
    writer.finish(0).unwrap();
    let file = Database::open(&path).unwrap();
    assert_eq!(number(&file, "SELECT count(*) FROM frame WHERE length IS NULL"), 1);
    assert_eq!(number(&file, "SELECT length FROM frame WHERE marks = 8"), 1 << 40);
}

#[test]
fn a_recorder_that_is_dropped_leaves_all_it_had_and_no_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let writer = start(&path);
    append(&writer.journal(), 1, 1, b"x");
    drop(writer);
    let file = Database::open(&path).unwrap();
    assert_eq!(number(&file, "SELECT count(*) FROM frame"), 1);
    assert_eq!(number(&file, "SELECT finished_ns IS NULL FROM recording"), 1);
}

#[test]
fn what_comes_after_the_end_is_lost_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let writer = start(&folder.path().join("one.db"));
    let journal = writer.journal();
    writer.finish(1).unwrap();
    append(&journal, 1, 1, b"late");
    assert_eq!((journal.status().lost_frames, journal.status().lost_bytes), (1, 4));
}

#[test]
fn a_file_has_one_recorder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let second = || RecordingWriter::create(&path, &recording(), WriterOptions::default());
    let writer = start(&path);
    assert!(matches!(second(), Err(RecordingError::InUse { .. })));
    writer.finish(1).unwrap();
    assert!(matches!(second(), Err(RecordingError::Exists { .. })));
    assert_eq!(files(folder.path()), ["one.db"], "a refusal leaves nothing");
}

#[test]
fn every_frame_survives_full_sync_and_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let options = WriterOptions { sync: Sync::Full, ..WriterOptions::default() };
    let writer = RecordingWriter::create(&path, &recording(), options).unwrap();
    let journal = writer.journal();
    let payload = vec![7; 256 << 10];
    for number in 0..400 {
        journal.wait_ready();
        append(&journal, 1, number, &payload);
    }
    let summary = writer.finish(1).unwrap();
    assert_eq!(summary.status.frames, [400, 0]);
    assert_eq!(frames_and_lost(&path), (400, 0));
    assert_eq!(files(folder.path()), ["one.db"]);
}
