//! The binary, as people and scripts see it: what it prints, what it never prints, how it fails.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use rusqlite::Connection as Database;
use serde_json::json;
use wiretape::recording::lock::LiveLock;
use wiretape::wire::{Direction, Fact};

use crate::sample::{self, Home, frame, run, wiretape};

#[test]
fn ls_lists() {
    let home = Home::new();
    let printed = "\
NAME       STARTED              LASTED  CONNS  FRAMES    SIZE  STATE     UPSTREAM
amber-fox  2026-11-22 14:03:31  1m 32s      3      10  36 KiB  finished  ws://***@localhost:8000
";
    assert_eq!(home.prints(&["ls"]), printed);
    assert_eq!(home.prints(&[]), printed, "without a verb");
    fs::write(home.dir.path().join("recordings/bad.db"), "nonsense").unwrap();
    let printed = home.prints(&["ls"]);
    assert!(printed.contains("\nbad "), "{printed}");
    assert!(printed.contains("unreadable  it is too short"), "{printed}");
}

#[test]
fn ls_of_nothing_says_what_to_do() {
    let home = Home::empty();
    let output = run(home.dir.path(), &["ls"]);
    assert!(output.stdout.is_empty());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("no recordings in recordings\n  try   wiretape record"), "{stderr}");
    let nowhere = home.prints(&["ls", "--json", "--dir", "nowhere"]);
    assert_eq!(nowhere, "{\"v\":1,\"kind\":\"recordings\",\"recordings\":[]}\n");
}

#[test]
fn info_tells() {
    let printed = Home::new().prints(&["info", "amber-fox"]);
    assert_eq!(format!("\n{printed}"), "
amber-fox   recordings/2026-11-22-amber-fox.db
  state     finished
  recorded  2026-11-22 14:03:31   for 1m 32s   by wiretape 0.1.0
  upstream  ws://***@localhost:8000   for clients at ws://127.0.0.1:9797
  size      36 KiB
  frames    10   → 3  57 B   ← 7  69 B
  gaps      1 gap: 212 frames of 68 KiB not kept
            14:03:31.207 – 14:03:31.208  conn 1  ←  212 frames  disk-full

  CONN  OPENED        STATUS  PATH                       LASTED  →  ←  END
     1  14:03:31.200     101  /ws/chat?room=7&token=***   8.1 s  3  4  closed by client, 1000 bye \\…
     2  14:03:31.203     101  /\\u{202e}evil\\u{1b}[2J             0  0  open at the end
     3  14:03:31.900     403  /ws/nope                     3 ms  0  0  refused by server: said \\u{2…

see it   wiretape frames amber-fox
");
}

#[test]
fn frames_are_lines() {
    let printed = Home::new().prints(&["frames", "amber-fox"]);
    assert_eq!(format!("\n{printed}"), "
    1  14:03:31.205     1  →  text         32 B  {\"type\":\"hello\",\"user\":\"u_8412\"}
    2  14:03:31.206     1  ←  text z        7 B  Hello
    3  14:03:31.207     1  ←  text+        12 B  first part,
       14:03:31.207     1  ←  gap                212 frames of 68 KiB not kept (disk-full), for 500 µs
    4  14:03:31.208     1  ←  ping          4 B  ping
    5  14:03:31.209     1  ←  cont         24 B  [its beginning is lost] second part: 漢字 🦊
    6  14:03:31.210     1  →  text          7 B  [unmasked] no mask
    7  14:03:31.211     2  ←  binary        5 B  00 01 02 fe ff
    8  14:03:31.212     1  →  close        18 B  1000 bye \\u{1b}]52;c;aGk=\\u{7}
    9  14:03:31.213     2  ←  raw          17 B  HTTP garbage\\u{1b}[31m
   10  14:03:31.214     2  ←  binary     16 EiB  [cut, oversize]
");
}

#[test]
fn frames_as_json_and_hex() {
    let home = Home::new();
    let lines = home.prints(&["frames", "amber-fox", "--json"]);
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 11);
    assert!(lines.iter().all(|line| line["v"] == 1));
    assert_eq!(lines[0]["text"], r#"{"type":"hello","user":"u_8412"}"#);
    assert_eq!(lines[0]["time"], "2026-11-22T14:03:31.205000000Z");
    assert_eq!(lines[1]["message"]["text"], "Hello");
    assert_eq!(lines[1]["base64"], "8kjNyckHAA==");
    assert_eq!(lines[3]["kind"], "gap");
    assert_eq!(lines[10]["length"], u64::MAX);
    let dump = home.prints(&["frames", "amber-fox", "--hex", "--limit", "1", "-c", "2"]);
    assert!(dump.ends_with("header    82 05\n         00000000  00 01 02 fe ff                                    |.....|\n"), "{dump}");
}

#[test]
fn a_query_prints_rows() {
    let home = Home::new();
    let sql = "SELECT opcode, count(*) AS n FROM frames WHERE id < 5 GROUP BY 1 ORDER BY 1";
    assert_eq!(home.prints(&["query", "amber-fox", sql]), "opcode  n\nping    1\ntext    3\n");
    let json = "{\"v\":1,\"kind\":\"row\",\"row\":{\"opcode\":\"ping\",\"n\":1}}\n\
        {\"v\":1,\"kind\":\"row\",\"row\":{\"opcode\":\"text\",\"n\":3}}\n";
    assert_eq!(home.prints(&["query", "amber-fox", sql, "--format", "json"]), json);
    assert_eq!(home.prints(&["query", "amber-fox", sql, "--json"]), json);
    let csv = home.prints(&[
        "query",
        "amber-fox",
        "SELECT '=1+1' AS a, -1 AS b, 'x,\"' AS c",
        "--format",
        "csv",
    ]);
    assert_eq!(csv, "a,b,c\n\"'=1+1\",-1,\"x,\"\"\"\n");
}

/// S01: what handshakes carry is hidden, unless asked for.
#[test]
fn secrets_of_handshakes_are_masked() {
    let home = Home::new();
    let shown = [
        &["ls"][..],
        &["ls", "--json"],
        &["info", "amber-fox"],
        &["info", "amber-fox", "--json"],
        &["info", "amber-fox", "--connection", "1"],
        &["info", "amber-fox", "--connection", "1", "--json"],
        &["frames", "amber-fox"],
        &["frames", "amber-fox", "--json"],
    ];
    for args in shown {
        let printed = home.prints(args);
        assert!(!printed.contains("s3cret"), "{args:?}: {printed}");
    }
    for args in [
        &["info", "amber-fox", "--show-secrets", "--connection", "1"][..],
        &["info", "amber-fox", "--show-secrets", "--connection", "1", "--json"],
        &["export", "amber-fox"],
    ] {
        let printed = home.prints(args);
        for secret in ["query", "bearer", "cookie", "key", "protocol", "set"] {
            assert!(printed.contains(&format!("s3cret-{secret}")), "{secret} in {args:?}");
        }
    }
    let warning = run(home.dir.path(), &["export", "amber-fox"]).stderr;
    assert!(String::from_utf8(warning).unwrap().contains("Tokens and cookies"));
}

#[test]
fn colours_are_for_terminals() {
    let home = Home::new();
    let dir = home.dir.path();
    let colored = |args: &[&str], variable: &str| {
        let output = wiretape(dir).args(args).env(variable, "1").output().unwrap();
        output.stdout.contains(&0x1b)
    };
    assert!(!colored(&["frames", "amber-fox"], "NOTHING"));
    assert!(colored(&["frames", "amber-fox", "--color", "always"], "NO_COLOR"));
    assert!(colored(&["frames", "amber-fox"], "CLICOLOR_FORCE"));
    assert!(!colored(&["frames", "amber-fox", "--color", "never"], "CLICOLOR_FORCE"));
}

#[test]
fn errors_teach() {
    let home = Home::new();
    let dir = home.dir.path();
    home.fails(
        &["info", "ambr-fix"],
        3,
        "
error: there is no recording called ambr-fix in recordings
  try   wiretape ls   shows what there is; --dir FOLDER looks elsewhere
        amber-fox   did you mean that?",
    );
    home.fails(
        &["info", "recordings/x.db"],
        3,
        "
error: recordings/x.db can't be opened
  why   there is no such file
  try   wiretape ls   shows what there is",
    );
    fs::write(dir.join("notes.txt"), "a file of notes, and no recording").unwrap();
    home.fails(
        &["frames", "notes.txt"],
        3,
        "
error: notes.txt is not a recording
  why   it is not an SQLite file
  try   wiretape ls            what there is
        wiretape import FILE   for a .jsonl or .har file",
    );
    Database::open(home.tape()).unwrap().execute_batch("PRAGMA user_version = 7").unwrap();
    home.fails(
        &["info", "amber-fox"],
        3,
        "
error: recordings/2026-11-22-amber-fox.db was made by a newer Wiretape
  why   its format is 7; Wiretape 0.1.0 knows up to 2
  try   cargo install wiretape   then again; the file is untouched",
    );
    home.fails(
        &["info", "nothing-like-it"],
        3,
        "
error: there is no recording called nothing-like-it in recordings
  try   wiretape ls   shows what there is; --dir FOLDER looks elsewhere",
    );
}

#[test]
fn a_query_that_fails_says_why() {
    let home = Home::new();
    home.fails(&["query", "amber-fox", "DROP TABLE frame"], 2, "
error: the query was refused
  why   a recording is only read: one SELECT, and nothing that writes, attaches another file or changes settings
  try   wiretape query REC 'SELECT * FROM frames LIMIT 10'");
    home.fails(
        &["query", "amber-fox", "SELECT nope FROM frames"],
        2,
        "
error: the query failed
  why   no such column: nope
  try   wiretape query REC \"SELECT name, sql FROM sqlite_schema\"   shows all columns",
    );
    let endless =
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
    home.fails(
        &["query", "amber-fox", endless, "--timeout", "0"],
        4,
        "
error: the query took longer than 0 s
  try   --timeout 60   or ask for fewer rows",
    );
}

#[test]
fn a_file_of_another_user_is_told() {
    let home = Home::new();
    fs::set_permissions(home.tape(), fs::Permissions::from_mode(0o000)).unwrap();
    // The administrator may read everything: nothing to see then.
    if fs::File::open(home.tape()).is_ok() {
        return;
    }
    home.fails(
        &["info", "amber-fox"],
        3,
        "
error: recordings/2026-11-22-amber-fox.db can't be opened
  why   you have no permission to read it; recordings are their owner's alone
  try   ls -l recordings/2026-11-22-amber-fox.db   shows whose it is",
    );
}

#[test]
fn words_that_are_no_verbs() {
    let home = Home::empty();
    let output = run(home.dir.path(), &["recrod"]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("similar") && stderr.contains("record"), "{stderr}");
    // A URL means `record`, whatever stands before it.
    let short = home.prints(&["--dir", "x", "ws://localhost:8000", "--help"]);
    assert_eq!(short, home.prints(&["record", "--help"]));
}

#[test]
fn help_fits_a_screen_and_starts_with_examples() {
    let home = Home::empty();
    let help = home.prints(&["-h"]);
    assert!(help.lines().count() <= 36, "{help}");
    assert!(help.lines().nth(2).unwrap().contains("wiretape demo"), "{help}");
    assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    for verb in ["record", "demo", "ls", "info", "frames", "query", "export", "import", "rm"] {
        assert!(help.contains(&format!("\n  {verb} ")), "{verb}");
        let page = home.prints(&["man", verb]);
        assert!(page.contains(&format!("wiretape\\-{verb}")), "{page}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(home.prints(&["completions", shell]).contains("frames"), "{shell}");
    }
}

#[test]
fn a_recording_is_called_by_path_file_or_name() {
    let home = Home::new();
    let expected = home.prints(&["frames", "amber-fox"]);
    for name in
        ["2026-11-22-amber-fox", "2026-11-22-amber-fox.db", "recordings/2026-11-22-amber-fox.db"]
    {
        assert_eq!(home.prints(&["frames", name]), expected, "{name}");
    }
    assert_eq!(home.prints(&["frames", "amber-fox", "--dir", "recordings"]), expected);
}

/// A filter goes on as the recording does: what was there is judged as a whole, what comes as it
/// comes.
#[test]
fn what_a_filter_means_can_be_followed() {
    let home = Home::new();
    let database = Database::open(home.tape()).unwrap();
    let sql = "PRAGMA journal_mode = WAL; UPDATE recording SET finished_ns = NULL";
    database.execute_batch(sql).unwrap();
    let claim = LiveLock::acquire(&home.tape()).unwrap();
    let said = |text: &str| text.contains("wanted");
    let before = home.prints(&["frames", "amber-fox", "--filter", "conn:2"]);
    let args = ["frames", "amber-fox", "-f", "--rules", "agent", "--filter"];
    let mut child = wiretape(home.dir.path())
        .args(args)
        .arg("conn:2 and (type:text* or $.type=wanted or size<1)")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(!before.is_empty());
    let mut ids = 11..;
    for round in 0..10 {
        for kind in ["other", "wanted"] {
            let text = format!(r#"{{"type":"{kind}","n":{round}}}"#);
            let id = ids.next().unwrap();
            let frame = frame(id, 2, Direction::ClientToServer, 0x81, text.as_bytes());
            sample::add(&database, &[Fact::Frame(frame)]);
        }
        let line = lines.by_ref().map(Result::unwrap).find(|line| line.contains("type")).unwrap();
        assert!(said(&line) && line.contains(&format!(r#""n":{round}"#)), "{line}");
    }
    database.execute_batch("UPDATE recording SET finished_ns = 1").unwrap();
    drop(claim);
    assert!(lines.next().is_none());
    assert!(child.wait().unwrap().success());
}

/// A recording that grows is read by every verb, and followed until its end.
#[test]
fn a_growing_recording_can_be_followed() {
    let home = Home::new();
    let database = Database::open(home.tape()).unwrap();
    let sql = "PRAGMA journal_mode = WAL; UPDATE recording SET finished_ns = NULL";
    database.execute_batch(sql).unwrap();
    let claim = LiveLock::acquire(&home.tape()).unwrap();
    for args in [
        &["ls"][..],
        &["info", "amber-fox"],
        &["query", "amber-fox", "SELECT count(*) FROM frames"],
        &["export", "amber-fox"],
        &["frames", "amber-fox"],
    ] {
        assert!(!home.prints(args).is_empty(), "{args:?}");
    }
    assert!(home.prints(&["ls"]).contains("  live  "));
    let mut child = wiretape(home.dir.path())
        .args(["frames", "amber-fox", "--follow", "-c", "2"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert!(next().contains("00 01 02 fe ff"));
    next();
    next();
    for n in 0..20 {
        let text = format!("message {n}");
        let frame = frame(11 + n, 2, Direction::ClientToServer, 0x81, text.as_bytes());
        sample::add(&database, &[Fact::Frame(frame)]);
        assert!(next().contains(&text));
    }
    database.execute_batch("UPDATE recording SET finished_ns = 1").unwrap();
    drop(claim);
    assert!(lines.next().is_none());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_dead_recorder_ends_the_following() {
    let home = Home::new();
    let database = Database::open(home.tape()).unwrap();
    let cut = "UPDATE recording SET finished_ns = NULL;
        UPDATE connection SET ending = NULL, ended_by = NULL, closed_ns = NULL WHERE id = 1";
    database.execute_batch(cut).unwrap();
    drop(database);
    assert!(home.prints(&["ls"]).contains("  214 ms  "), "{}", home.prints(&["ls"]));
    assert!(home.prints(&["ls"]).contains("  interrupted  "));
    let said = "cut after 214 ms, with 2 connections open";
    let info = home.prints(&["info", "amber-fox"]);
    assert!(info.contains(&format!("This recording was {said}: its")), "{info}");
    assert!(info.contains("  open when cut\n"), "{info}");
    let one = home.prints(&["info", "amber-fox", "-c", "1"]);
    assert!(one.contains("end       open when cut\n"), "{one}");
    let json: serde_json::Value =
        serde_json::from_str(&home.prints(&["info", "amber-fox", "--json"])).unwrap();
    let first = &json["connections"][0];
    assert_eq!((&first["ending"], &first["end"]), (&json!(null), &json!("open when cut")));
    let followed = run(home.dir.path(), &["frames", "amber-fox", "-f"]);
    assert_eq!(String::from_utf8(followed.stdout).unwrap().lines().count(), 11);
    let told = String::from_utf8(followed.stderr).unwrap();
    assert_eq!(told, format!("the recording was {said}\n"));
    let checked = home.prints(&["check", "amber-fox", "--fail-on", "never"]);
    assert!(checked.contains(&format!("The recording was {said}: it is judged up to there")));
}

#[test]
fn a_recording_that_is_whole_says_nothing_of_a_cut() {
    let home = Home::new();
    for verb in ["info", "frames", "check"] {
        let output = run(home.dir.path(), &[verb, "amber-fox"]);
        let text = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8(text).unwrap().contains(" cut "), "{verb}");
    }
}

#[test]
fn removing_asks_and_takes_all_files() {
    let home = Home::new();
    let folder = home.dir.path().join("recordings");
    let count = || fs::read_dir(&folder).unwrap().count();
    home.fails(
        &["rm", "amber-fox"],
        2,
        "
error: removing needs a yes, and nobody can be asked
  try   wiretape rm --yes …",
    );
    fs::write(folder.join("2026-11-22-amber-fox.db-wal"), "x").unwrap();
    fs::write(folder.join("2026-11-22-amber-fox.db-shm"), "x").unwrap();
    home.fails(
        &["rm", "--yes", "amber-fox", "amber-cat"],
        3,
        "
error: there is no recording called amber-cat in recordings
  try   wiretape ls   shows what there is; --dir FOLDER looks elsewhere
        amber-fox   did you mean that?",
    );
    assert_eq!(count(), 3, "none is removed if one is not there");
    let claim = LiveLock::acquire(&home.tape()).unwrap();
    home.fails(
        &["rm", "--yes", "amber-fox"],
        4,
        "
error: recordings/2026-11-22-amber-fox.db is being recorded
  try   Ctrl-C where it is recorded, then again",
    );
    drop(claim);
    home.prints(&["rm", "--yes", "amber-fox"]);
    assert_eq!(count(), 0);
}
