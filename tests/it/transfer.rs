//! Export and import through the binary: nothing changes on the way, and nothing half is left.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use rusqlite::Connection as Database;
use wiretape::exchange::jsonl;
use wiretape::wire::Fact;

use crate::sample::{self, Home, run};

/// S03, K02.
#[test]
fn an_export_is_private_and_whole_or_not_there() {
    let home = Home::new();
    let dir = home.dir.path();
    let printed = home.prints(&["export", "amber-fox"]);
    assert_eq!(home.prints(&["export", "amber-fox", "-o", "out.jsonl"]), "");
    assert_eq!(fs::read_to_string(dir.join("out.jsonl")).unwrap(), printed);
    assert_eq!(printed.lines().count(), sample::facts().len() + 1, "and the end");
    let mode = fs::metadata(dir.join("out.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Half-way through it turns out to be damaged: what was there stays.
    fs::write(dir.join("out.jsonl"), "before").unwrap();
    let sql = "UPDATE frame SET read_ns = -1 WHERE id = 9";
    Database::open(home.tape()).unwrap().execute_batch(sql).unwrap();
    home.fails(
        &["export", "amber-fox", "-o", "out.jsonl"],
        3,
        "
error: recordings/2026-11-22-amber-fox.db is damaged
  why   frame 9 has a read_ns that no recorder writes
  try   a copy of the file, if there is one; nothing here changed it",
    );
    assert_eq!(fs::read_to_string(dir.join("out.jsonl")).unwrap(), "before");
    assert_eq!(fs::read_dir(dir).unwrap().count(), 2, "no partial file stays");
}

/// Export, import and export again give the same bytes.
#[test]
fn an_import_is_what_was_exported() {
    let home = Home::new();
    let first = home.prints(&["export", "amber-fox", "-o", "a.jsonl"]);
    assert!(first.is_empty());
    let printed = home.prints(&["import", "a.jsonl", "--dir", "other"]);
    assert_eq!(printed, "amber-fox   other/2026-11-22-amber-fox.db\n");
    let again = home.prints(&["export", "amber-fox", "--dir", "other"]);
    assert_eq!(again, fs::read_to_string(home.dir.path().join("a.jsonl")).unwrap());
    let mode = |path: &str| fs::metadata(home.dir.path().join(path)).unwrap().permissions().mode();
    assert_eq!(mode("other/2026-11-22-amber-fox.db") & 0o777, 0o600);
    for verb in [&["frames", "amber-fox"][..], &["info", "amber-fox", "-c", "1"]] {
        let other = [verb, &["--dir", "other"]].concat();
        assert_eq!(home.prints(&other), home.prints(verb));
    }
    // Where the name is taken, a number is added.
    assert!(home.prints(&["import", "a.jsonl"]).starts_with("amber-fox-2   "));
    assert!(home.prints(&["import", "a.jsonl"]).starts_with("amber-fox-3   "));
    assert_eq!(home.prints(&["frames", "amber-fox-3"]), home.prints(&["frames", "amber-fox"]));
}

#[test]
fn an_import_keeps_what_is_odd() {
    let home = Home::empty();
    let mut facts = sample::facts();
    let Fact::Recording(recording) = &mut facts[0] else { unreachable!("the first fact") };
    recording.finished_ns = None;
    recording.name = "../../etc/\u{1b}[31mpasswd".into();
    let lines: String = facts.iter().map(|fact| jsonl::render(fact) + "\n").collect();
    let file = home.dir.path().join("a.jsonl");
    fs::write(&file, lines.clone() + "{\"kind\":\"weather\"}\n{\"kind\":\"fra").unwrap();
    let output = run(home.dir.path(), &["import", "a.jsonl"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    let expected = format!(
        "line {} is cut off; all before it is here\n\
         1 line of kinds that are not known here were left out\n",
        facts.len() + 2
    );
    assert_eq!(stderr, expected);
    let list: serde_json::Value = serde_json::from_str(&home.prints(&["ls", "--json"])).unwrap();
    assert_eq!(list["recordings"][0]["state"], "interrupted");
    let path = list["recordings"][0]["path"].as_str().unwrap();
    assert!(path.starts_with("recordings/2026-11-22-"), "{path}");
    let exported = home.prints(&["export", path]);
    let (before, end) = exported.trim_end().rsplit_once('\n').unwrap();
    assert_eq!((before, end), (lines.trim_end(), &*jsonl::render_end(facts.len() as u64)));
}

#[test]
fn an_import_says_what_is_missing_of_an_export() {
    let home = Home::new();
    let exported = home.prints(&["export", "amber-fox"]);
    let lines: Vec<&str> = exported.lines().collect();
    let (end, facts) = lines.split_last().unwrap();
    let cut = facts[..facts.len() - 2].join("\n");
    for (text, said) in [
        (format!("{cut}\n"), "the line that ends an export is missing"),
        (format!("{cut}\n{end}\n"), "2 lines of what was exported are missing"),
        (exported.clone(), ""),
    ] {
        fs::write(home.dir.path().join("a.jsonl"), text).unwrap();
        let output = run(home.dir.path(), &["import", "a.jsonl"]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && stderr.starts_with(said), "{stderr}");
        assert_eq!(stderr.is_empty(), said.is_empty(), "{stderr}");
    }
}

#[test]
fn a_failed_import_leaves_nothing() {
    let home = Home::empty();
    let file = home.dir.path().join("a.jsonl");
    let lines: Vec<String> = sample::facts().iter().map(jsonl::render).collect();
    let mut broken = lines.clone();
    broken[6] = broken[6].replace("c2s", "up").replace("s2c", "up");
    fs::write(&file, broken.join("\n")).unwrap();
    home.fails(
        &["import", "a.jsonl"],
        3,
        "
error: the file could not be imported
  why   line 7: direction: unknown word \"up\"",
    );
    let mut twice = lines.clone();
    twice.insert(7, lines[6].clone());
    fs::write(&file, twice.join("\n")).unwrap();
    home.fails(
        &["import", "a.jsonl"],
        3,
        "
error: the file could not be imported
  why   line 8: id: frame 2 is there twice",
    );
    fs::write(&file, "{\"log\":{\"version\":\"1.2\"}}").unwrap();
    home.fails(
        &["import", "a.jsonl"],
        3,
        "
error: the file could not be imported
  why   line 1, column 26: log.entries is missing: it is no HAR file",
    );
    fs::write(&file, lines[0].replacen("\"v\":1", "\"v\":9", 1)).unwrap();
    home.fails(
        &["import", "a.jsonl"],
        3,
        "
error: the file could not be imported
  why   format version 9 is newer than 1, the newest that is known here
  try   cargo install wiretape   then again",
    );
    assert_eq!(fs::read_dir(home.dir.path().join("recordings")).unwrap().count(), 0);
}
