//! Notes: written into finished recordings, into old ones and into ones that grow at that moment,
//! and nothing else in the file changes by that.

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use rusqlite::Connection as Database;
use serde_json::Value;
use wiretape::recording::{RecordingError, RecordingReader, note, schema};
use wiretape::wire::Note;

use crate::sample::{self, Home};
use crate::support::load::{Load, Pace, echo_server};
use crate::support::proxy::{Options, start_proxy};
use crate::support::recorded::Recorded;

fn notes(path: &Path) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut take = |note| {
        notes.push(note);
        ControlFlow::Continue(())
    };
    RecordingReader::open(path).unwrap().notes(&mut take).unwrap();
    notes
}

/// Everything else, as bytes.
fn others(path: &Path) -> String {
    let sql = "SELECT * FROM frame; SELECT * FROM connection; SELECT * FROM gap; \
        SELECT * FROM recording; SELECT * FROM fault";
    let output = Command::new("sqlite3").arg("-readonly").arg(path).arg(sql).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn about(text: &str) -> Note {
    Note { text: text.to_owned(), author: "me".to_owned(), at_ns: 7, ..Note::default() }
}

#[test]
fn notes_come_and_go_and_nothing_else_changes() {
    let home = Home::new();
    let path = home.tape();
    let before = (notes(&path), others(&path));
    let mark = Note { first_frame: Some(4), last_frame: Some(4), ..Note::default() };
    assert_eq!(note::add(&path, &mark).unwrap(), 2);
    let odd = Note { run: Some("\u{1b}[31m".into()), from_ns: Some(5), ..about("a\nb") };
    assert_eq!(note::add(&path, &Note { id: 99, ..odd.clone() }).unwrap(), 3);
    let both = [Note { id: 2, ..mark }, Note { id: 3, ..odd }];
    assert_eq!(notes(&path)[1..], both);
    assert!(note::change(&path, 2, "so").unwrap());
    assert_eq!(notes(&path)[1], Note { text: "so".into(), ..both[0].clone() });
    assert!(note::remove(&path, 2).unwrap() && note::remove(&path, 3).unwrap());
    assert!(!note::remove(&path, 3).unwrap() && !note::change(&path, 3, "x").unwrap());
    assert_eq!((notes(&path), others(&path)), before);
    let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(files, 1, "no file stays beside it");
}

#[test]
fn a_note_has_limits() {
    let home = Home::new();
    let long = about(&"x".repeat(note::MAX_TEXT + 1));
    for error in [
        note::add(&home.tape(), &long).map(|_| ()).unwrap_err(),
        note::change(&home.tape(), 1, &long.text).map(|_| ()).unwrap_err(),
        note::add(&home.tape(), &Note { run: Some(long.text.clone()), ..about("") })
            .map(|_| ())
            .unwrap_err(),
    ] {
        assert!(matches!(error, RecordingError::NoteRefused { .. }), "{error}");
    }
    assert_eq!(notes(&home.tape()).len(), 1);
}

/// A recording as the first version made it, with a note of then.
fn old(path: &Path) {
    let made = Home::new();
    let database = Database::open(path).unwrap();
    for (_, _, sql) in schema::expected(1).unwrap().iter().rev() {
        database.execute_batch(sql).unwrap();
    }
    database.execute("ATTACH ? AS made", [made.tape().to_str().unwrap()]).unwrap();
    for table in ["recording", "connection", "frame", "gap"] {
        let copy = format!("INSERT INTO main.{table} SELECT * FROM made.{table}");
        database.execute_batch(&copy).unwrap();
    }
    database.execute("INSERT INTO note VALUES (4, 3, 5, 'old', 'me', 6)", []).unwrap();
    database.pragma_update(None, "application_id", schema::APPLICATION_ID).unwrap();
    database.pragma_update(None, "user_version", 1).unwrap();
}

#[test]
fn an_old_recording_becomes_a_new_one_by_its_first_note_and_not_before() {
    let home = Home::empty();
    let path = home.tape();
    old(&path);
    let was = fs::read(&path).unwrap();
    let first = Note { id: 4, first_frame: Some(3), last_frame: Some(5), at_ns: 6, ..about("old") };
    assert_eq!(notes(&path), std::slice::from_ref(&first));
    assert_eq!(home.prints(&["export", "amber-fox"]).lines().count(), sample::facts().len() + 1);
    assert_eq!(fs::read(&path).unwrap(), was, "reading changes nothing");
    let facts = others(&path);
    let second = Note { finding: Some("E102".into()), ..about("new") };
    assert_eq!(note::add(&path, &second).unwrap(), 5);
    assert_eq!(notes(&path), [first, Note { id: 5, ..second }]);
    assert_eq!(others(&path), facts);
    let version: i32 = Database::open(&path)
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, schema::FORMAT_VERSION);
}

#[test]
fn a_file_that_may_not_be_written_says_so() {
    let home = Home::new();
    fs::set_permissions(home.tape(), fs::Permissions::from_mode(0o444)).unwrap();
    home.fails(
        &["note", "amber-fox", "hello"],
        4,
        "
error: no permission to write recordings/2026-11-22-amber-fox.db
  why   you may not write in recordings
  try   --dir FOLDER   to put recordings elsewhere",
    );
    assert_eq!(notes(&home.tape()).len(), 1);
    fs::write(home.tape().with_file_name("2026-11-23-not.db"), "x".repeat(9999)).unwrap();
    let error =
        note::add(&home.tape().with_file_name("2026-11-23-not.db"), &about("")).unwrap_err();
    assert!(matches!(error, RecordingError::NotARecording { .. }), "{error}");
}

/// Four people write while frames pour in; nothing is lost, and the recorder stays in its file.
#[test]
fn notes_are_written_while_it_is_recorded() {
    const EACH: usize = 25;
    let proxy = start_proxy(echo_server(), Options::default());
    let load = Load::start_at(proxy.address, Pace::Full);
    load.wait_for(1000);
    let path = proxy.recording.clone();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || {
                for number in 0..EACH {
                    note::add(path, &about(&format!("{writer}/{number}"))).unwrap();
                }
            });
        }
    });
    assert!(note::remove(&path, 1).unwrap());
    load.wait_for(1000);
    let carried = load.finish();
    let ended = proxy.terminate();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(ended.recording, path);
    let folder = path.parent().unwrap();
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "one file: {}", ended.stderr);
    let written = notes(&path);
    assert_eq!(written.len(), 4 * EACH - 1);
    let recorded = Recorded::open(&path);
    assert_eq!(recorded.gaps(), (0, 0, 0), "{}", ended.stderr);
    let frames: i64 =
        recorded.sql.query_row("SELECT count(*) FROM frame", [], |row| row.get(0)).unwrap();
    assert!(frames as u64 >= 2 * carried.sent, "{frames}");
}

#[test]
fn people_write_notes() {
    let home = Home::new();
    let note =
        |args: &[&str]| home.prints(&[&["note", "amber-fox", "--author", "eve"], args].concat());
    assert_eq!(note(&["--at", "#4", "look \u{1b}[31m"]), "note 2   #4\n");
    assert_eq!(note(&["--at", "14:03:31.5"]), "mark 3   14:03:31.500\n");
    assert_eq!(note(&["all of it"]), "note 4   the recording\n");
    assert_eq!(note(&["--change", "4", "all"]), "changed note 4\n");
    assert_eq!(note(&["--remove", "1"]), "removed note 1\n");
    let printed = note(&[]);
    let lines: Vec<String> =
        printed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines[0], "N ABOUT WHO WRITTEN TEXT");
    assert!(lines[1].starts_with("2 #4 eve 2") && lines[1].ends_with("look \\u{1b}[31m"));
    assert!(lines[2].starts_with("3 14:03:31.500 eve") && lines[2].ends_with("(mark)"));
    assert!(lines[3].starts_with("4 the recording eve") && lines[3].ends_with("all"));
    let listed: Value = serde_json::from_str(&note(&["--list", "--json"])).unwrap();
    assert_eq!(listed["notes"][1]["from_ns"], 500_000_000);
    assert_eq!(listed["notes"][0]["first_frame"], 4);
    home.fails(
        &["note", "amber-fox", "--remove", "9"],
        2,
        "
error: there is no note 9
  try   wiretape note amber-fox --list",
    );
    let rows = home.prints(&["query", "amber-fox", "SELECT first_frame, text FROM notes LIMIT 1"]);
    assert!(rows.contains("look"), "{rows}");
}

#[test]
fn a_note_finds_its_finding_and_its_run() {
    let home = Home::empty();
    let dir = home.dir.path();
    let jsonl = concat!(env!("CARGO_MANIFEST_DIR"), "/recordings/samples/demo.jsonl");
    home.prints(&["import", jsonl]);
    let name = fs::read_dir(dir.join("recordings")).unwrap().next().unwrap().unwrap().file_name();
    let name = name.to_str().unwrap();
    assert!(home.prints(&["note", name, "--at", "E102", "why?"]).starts_with("note 1   E102 #"));
    let listed: Value = serde_json::from_str(&home.prints(&["note", name, "--json"])).unwrap();
    let run = listed["notes"][0]["run"].as_str().unwrap();
    assert_eq!(listed["notes"][0]["finding"], "E102");
    let tail = &run[run.len() - 8..];
    assert_eq!(home.prints(&["note", name, "--run", tail]), format!("mark 2   run {run}\n"));
    // It goes with the recording.
    let exported = home.prints(&["export", name]);
    assert_eq!(exported.matches("\"kind\":\"note\"").count(), 2);
    fs::write(dir.join("out.jsonl"), &exported).unwrap();
    home.prints(&["import", "out.jsonl", "--dir", "other"]);
    assert_eq!(home.prints(&["export", name, "--dir", "other"]), exported);
}
