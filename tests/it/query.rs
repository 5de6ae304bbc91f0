//! SQL on recordings: the views can be asked, nothing is written, nothing runs for ever.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should say where")]

use std::ops::ControlFlow;

use tempfile::TempDir;
use wiretape::recording::{QueryRows, RecordingError, RecordingReader, Value};

use crate::sample;

#[derive(Default)]
struct Taken {
    names: Vec<String>,
    rows: Vec<String>,
    most: usize,
}

impl QueryRows for Taken {
    fn columns(&mut self, names: &[&str]) {
        self.names = names.iter().map(|name| (*name).to_owned()).collect();
    }

    fn row(&mut self, values: &[Value<'_>]) -> ControlFlow<()> {
        self.rows.push(format!("{values:?}"));
        if self.rows.len() == self.most {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

fn query(sql: &str) -> Result<Taken, RecordingError> {
    let mut taken = Taken { most: 5, ..Taken::default() };
    let mut looks = 0;
    let stop = move || {
        looks += 1;
        looks > 100
    };
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("tape.db");
    sample::write(&path, &sample::facts());
    RecordingReader::open(&path).unwrap().query(sql, stop, &mut taken).map(|()| taken)
}

#[test]
fn views_can_be_asked() {
    let taken =
        query("SELECT opcode, count(*) AS n FROM frames GROUP BY 1 ORDER BY 1 LIMIT 2").unwrap();
    assert_eq!(taken.names, ["opcode", "n"]);
    assert_eq!(taken.rows[0], format!("[Text({:?}), Integer(2)]", b"binary"));
    assert_eq!(query("SELECT * FROM connections").unwrap().rows.len(), 3);
    assert_eq!(query("SELECT * FROM gaps;  -- all").unwrap().rows.len(), 1);
    assert_eq!(query("PRAGMA table_info(frames)").unwrap().rows.len(), 5);
    assert_eq!(query("SELECT NULL, 1.5, x'00'").unwrap().rows, ["[Null, Real(1.5), Blob([0])]"]);
}

#[test]
fn queries_only_read() {
    for sql in [
        "DELETE FROM frame",
        "INSERT INTO note VALUES (9, 1, 1, 'a', 'b', 1)",
        "UPDATE recording SET name = 'x' RETURNING name",
        "CREATE TEMP TABLE t (x)",
        "DROP VIEW frames",
        "ATTACH 'x.db' AS x",
        "DETACH main",
        "VACUUM INTO 'copy.db'",
        "PRAGMA journal_mode = WAL",
        "PRAGMA user_version = 5",
        "PRAGMA writable_schema = 1",
        "PRAGMA query_only = 0",
        "PRAGMA wal_checkpoint",
        "BEGIN IMMEDIATE",
        "SAVEPOINT s",
        "ANALYZE",
        "SELECT load_extension('x')",
        "SELECT 1; SELECT 2",
        "SELECT ?1",
        "",
        "-- nothing",
    ] {
        let error = query(sql).map(|_| ()).expect_err(sql);
        assert!(matches!(error, RecordingError::QueryRefused { .. }), "{sql}: {error}");
    }
    for sql in
        ["SELECT nope FROM frames", "SELEC 1", "SELECT 1 FROM nowhere", "SELECT zeroblob(1e9)"]
    {
        let error = query(sql).map(|_| ()).expect_err(sql);
        assert!(matches!(error, RecordingError::Query { .. }), "{sql}: {error}");
    }
}

#[test]
fn endless_queries_can_be_stopped() {
    let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)";
    let error = query(&format!("{endless} SELECT count(*) FROM n")).map(|_| ()).unwrap_err();
    assert!(matches!(error, RecordingError::QueryStopped), "{error}");
    assert_eq!(query(&format!("{endless} SELECT x FROM n")).unwrap().rows.len(), 5, "rows stream");
}
