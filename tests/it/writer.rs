//! The recorder from outside: what it is given → what is in the file, in fair weather and foul.

use std::borrow::Cow;
use std::path::Path;

use rusqlite::Connection as Database;
use wiretape::recording::{Journal, RecordingWriter, WriterOptions};
use wiretape::wire::{Connection, Direction, Frame, Header, Marks, Recording, Stamp};

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

fn stamp(ns: u64) -> Stamp {
    Stamp { read_ns: ns, written_ns: Some(ns + 5) }
}

fn text(payload: &[u8]) -> Frame<'_> {
    let header = Header::from_bytes(&[0x81, payload.len() as u8]).unwrap();
    Frame {
        header,
        payload: Cow::Borrowed(payload),
        length: payload.len() as u64,
        marks: Marks::NONE,
    }
}

fn append(journal: &Journal, connection: i64, ns: u64, payload: &[u8]) {
    journal.append(connection, |appender| {
        appender.frame(Direction::ClientToServer, stamp(ns), &text(payload));
    });
}

#[test]
fn what_was_appended_is_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/one.db");
    let writer = start(&path);
    let journal = writer.journal();
    journal.connection(Connection { id: 1, client: "a".into(), ..Connection::default() });
    for number in 0..1_000_u64 {
        append(&journal, 1, number, &number.to_be_bytes());
    }
    journal.connection(Connection { id: 1, client: "b".into(), ..Connection::default() });
    let summary = writer.finish(77).unwrap();
    assert!(summary.finished);
    assert_eq!(summary.status.frames, [1_000, 0]);
    assert_eq!(summary.status.trouble, None);
    assert_eq!(beside(&path), ["one.db"]);

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
    let totals: (i64, i64, i64) = file
        .query_row("SELECT c2s_frames, c2s_bytes, finished_ns FROM recording", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    assert_eq!(totals, (1_000, 8_000, 77));
}

/// Names of the files in the folder of `path`.
fn beside(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
