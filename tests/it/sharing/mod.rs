//! `report` through the binary: what is in its files, what is not, and what is read back from them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::sample::{run, wiretape};

mod hostile;
mod scope;
mod secrets;

/// A folder with the demo's recording in it, and one for what is only there for the time being.
struct Room {
    dir: TempDir,
    passing: TempDir,
}

/// What the demo's free texts and random words are to become.
const DECIDED: &str = "[redact]\n\"rule:free-text\" = \"length\"\n\"rule:entropy\" = \"hide\"\n";

impl Room {
    fn new() -> Self {
        let room = Self::empty();
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/samples/demo.jsonl");
        room.prints(&["import", sample.to_str().unwrap()]);
        room
    }

    fn empty() -> Self {
        Self { dir: TempDir::new().unwrap(), passing: TempDir::new().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The one recording there is.
    fn recording(&self) -> PathBuf {
        let mut files = fs::read_dir(self.path("recordings")).unwrap();
        let path = files.find_map(|file| {
            let path = file.unwrap().path();
            path.extension().is_some_and(|end| end == "db").then_some(path)
        });
        path.unwrap()
    }

    /// Exit code, stdout and stderr.
    fn says(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let mut command = wiretape(self.dir.path());
        let output = command.env("TMPDIR", self.passing.path()).args(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    #[track_caller]
    fn prints(&self, args: &[&str]) -> String {
        let (code, stdout, stderr) = self.says(args);
        assert_eq!(code, Some(0), "{args:?}: {stderr}");
        stdout
    }

    /// Makes a report; its files.
    #[track_caller]
    fn report(&self, args: &[&str]) -> Vec<PathBuf> {
        let recording = self.recording();
        let first = ["report", recording.to_str().unwrap(), "--json", "--no-input"];
        let object: Value = serde_json::from_str(&self.prints(&[&first, args].concat())).unwrap();
        let files = object["files"].as_array().unwrap().iter();
        files.map(|file| self.path(file["path"].as_str().unwrap())).collect()
    }

    /// The page of a report that is made.
    #[track_caller]
    fn page(&self, args: &[&str]) -> String {
        let files = self.report(&[args, &["--html"]].concat());
        files[0].to_str().unwrap().to_owned()
    }

    /// What `check` finds that is more than a remark.
    #[track_caller]
    fn found(&self, recording: &str) -> BTreeSet<String> {
        let printed = self.prints(&["check", recording, "--json", "--fail-on", "never"]);
        let object: Value = serde_json::from_str(&printed).unwrap();
        let findings = object["findings"].as_array().unwrap().iter();
        let findings = findings.filter(|finding| finding["severity"] != "info");
        findings.map(told).collect()
    }

    /// Nothing is left of what was there for the time being.
    #[track_caller]
    fn left_nothing(&self) {
        let left: Vec<_> = fs::read_dir(self.passing.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// A finding, but for what redaction changes.
fn told(finding: &Value) -> String {
    let of = |name: &str| finding[name].to_string();
    let of = ["code", "rule", "connection", "at_ns", "frames"].map(of);
    of.join(" ")
}

#[test]
fn a_report_has_its_three_files_and_is_never_written_over_another() {
    let room = Room::new();
    let name = "wiretape-ce1ee94e-missing-tool_completed";
    let recording = room.recording();
    let recording = recording.to_str().unwrap();
    let order = ["report", recording, "--finding", "E102", "--redact", "strict", "--no-input"];
    let (code, stdout, stderr) = room.says(&order);
    assert_eq!(code, Some(0), "{stderr}");
    let files: Vec<&str> =
        stdout.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(files, ["html", "md", "svg"].map(|end| format!("{name}.{end}")));
    assert!(
        stderr.starts_with(
            "1/3 scope       run ce1ee94e ±5s: 17 frames of 2,348, 1 user of 12\n2/3 redaction   "
        ),
        "{stderr}"
    );
    assert!(stderr.contains("gh issue create -F wiretape-ce1ee94e-missing-tool_completed.md"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode =
            |end| fs::metadata(room.path(&format!("{name}.{end}"))).unwrap().permissions().mode();
        assert_eq!(["html", "md", "svg"].map(|end| mode(end) & 0o777), [0o600; 3]);
    }
    fs::write(room.path(&format!("{name}.md")), "mine").unwrap();
    assert_eq!(room.says(&order).0, Some(0));
    assert_eq!(fs::read_to_string(room.path(&format!("{name}.md"))).unwrap(), "mine");
    assert!(room.path(&format!("{name}-2.html")).exists());
    assert!(room.path(&format!("{name}-2.md")).exists());
    assert_eq!(room.says(&[&order[..], &["--force", "--md"]].concat()).0, Some(0));
    assert_ne!(fs::read_to_string(room.path(&format!("{name}.md"))).unwrap(), "mine");
    // Nothing else is left in the folder.
    let names = fs::read_dir(room.dir.path()).unwrap();
    let names: BTreeSet<_> = names.map(|name| name.unwrap().file_name()).collect();
    assert_eq!(names.len(), 7, "{names:?}");
}

#[test]
fn a_report_that_is_too_large_is_not_written() {
    let room = Room::new();
    let recording = room.recording();
    let order = ["report", recording.to_str().unwrap(), "--redact", "off", "--max-size", "20K"];
    let (code, stdout, stderr) = room.says(&order);
    assert_eq!((code, &*stdout), (Some(2), ""));
    assert!(stderr.contains("over 20 KiB") || stderr.contains("over 19.5 KiB"), "{stderr}");
    // The last line is what to try first.
    assert!(
        stderr.trim_end().lines().last().unwrap().contains("--payloads types-only"),
        "{stderr}"
    );
    assert_eq!(fs::read_dir(room.dir.path()).unwrap().count(), 1, "only the recordings");
}

/// Without what no rule reads, a report finds what it found, takes less room, and says so.
#[test]
fn a_report_of_types_only_finds_the_same() {
    let room = Room::new();
    fs::write(room.path("wiretape.toml"), DECIDED).unwrap();
    let recording = room.recording();
    let all = room.page(&["--whole", "--redact", "off"]);
    for redact in ["off", "strict"] {
        let page = room.page(&["--whole", "--redact", redact, "--payloads", "types-only"]);
        assert_eq!(room.found(&page), room.found(recording.to_str().unwrap()), "{redact}");
        let size = |page: &str| fs::metadata(page).unwrap().len();
        assert!(size(&page) < size(&all), "{redact}");
        let lines = room.prints(&["export", &page, "--format", "jsonl"]);
        assert!(!lines.contains("content") && lines.contains("tool_executing"), "{redact}");
        assert!(fs::read_to_string(&page).unwrap().contains("payloads: types only"), "{redact}");
    }
}

/// HAR, JSON lines, a page and its zip are looked at by every verb, and nothing of that stays.
#[test]
fn every_verb_takes_what_is_no_recording() {
    let room = Room::new();
    let recording = room.recording();
    let recording = recording.to_str().unwrap();
    room.prints(&["export", recording, "-o", "a.jsonl"]);
    room.prints(&["export", recording, "--format", "har", "-o", "a.har"]);
    let whole = ["--whole", "--redact", "off"];
    fs::rename(room.page(&whole), room.path("a.html")).unwrap();
    let zip = room.report(&[&whole[..], &["--zip"]].concat());
    assert_eq!(zip.len(), 1);
    fs::rename(&zip[0], room.path("a.zip")).unwrap();
    let expected = room.found(recording);
    assert_eq!(expected.len(), 8);
    for file in ["a.jsonl", "a.html", "a.zip"] {
        assert_eq!(room.found(file), expected, "{file}");
    }
    assert_eq!(room.found("a.har").len(), 8);
    for verb in [
        &["info", "a.html"][..],
        &["frames", "a.zip"],
        &["timeline", "a.har"],
        &["stats", "a.jsonl"],
        &["diff", "a.html/1fc11df6"],
        &["query", "a.zip", "SELECT count(*) FROM frames"],
        &["note", "a.html", "--list"],
        &["rules", "keys", "a.html"],
    ] {
        room.prints(verb);
    }
    let again = room.prints(&["export", "a.zip"]);
    // What the report changes of the whole: the rules it is judged by, and when it was over.
    let lines = fs::read_to_string(room.path("a.jsonl")).unwrap();
    let but_first = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(but_first(&again), but_first(&lines));
    // It has no place for notes.
    let (code, _, stderr) = room.says(&["note", "a.html", "--at", "E102", "mine"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("wiretape import a.html"), "{stderr}");
    let (code, _, stderr) = room.says(&["rm", "--yes", "a.html"]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(room.path("a.html").exists());
    room.left_nothing();
    // Kept, it is a recording like any other.
    let printed = room.prints(&["import", "a.zip", "--dir", "other"]);
    let path = printed.split_whitespace().last().unwrap();
    assert_eq!(room.found(path), expected);
}

/// What a process that was killed left behind is removed by the next.
#[test]
fn what_a_killed_process_left_is_cleared_away() {
    let room = Room::new();
    room.prints(&["export", room.recording().to_str().unwrap(), "-o", "a.jsonl"]);
    let [dead, alive, other] =
        ["wiretape-scratch-dead", "wiretape-scratch-alive", "other"].map(|name| {
            let folder = room.passing.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("lock"), "").unwrap();
            folder
        });
    let lock = fs::File::open(alive.join("lock")).unwrap();
    lock.lock().unwrap();
    room.prints(&["info", "a.jsonl"]);
    assert_eq!([dead, alive, other].map(|folder| folder.exists()), [false, true, true]);
}

/// The recording is read, and nothing else.
#[test]
fn the_recording_stays_as_it_was() {
    let room = Room::new();
    let before = fs::read(room.recording()).unwrap();
    fs::write(room.path("wiretape.toml"), DECIDED).unwrap();
    for redact in ["strict", "default", "off"] {
        room.report(&["--redact", redact]);
    }
    assert!(fs::read(room.recording()).unwrap() == before);
    assert_eq!(fs::read_to_string(room.path("wiretape.toml")).unwrap(), DECIDED);
}

#[test]
fn what_is_undecided_is_listed_with_the_lines_that_decide_it() {
    let room = Room::new();
    let recording = room.recording();
    let order = ["report", recording.to_str().unwrap(), "--whole", "--no-input"];
    let (code, stdout, stderr) = room.says(&order);
    assert_eq!((code, &*stdout), (Some(5), ""), "{stderr}");
    assert!(stderr.contains("to be decided, and nobody can be asked"), "{stderr}");
    assert!(stderr.contains("free text   $.payload.content   "), "{stderr}");
    // Without a terminal it is the same, whether that is said or not.
    assert_eq!(room.says(&order[..3]).0, Some(5));
    // The lines that are told are the ones to write.
    let lines = stderr.lines().map(|line| line.trim_start_matches("  try   ").trim());
    let lines: Vec<&str> = lines.skip_while(|line| *line != "[redact]").collect();
    assert!(lines.len() > 3, "{stderr}");
    fs::write(room.path("wiretape.toml"), lines.join("\n")).unwrap();
    let (code, _, stderr) = room.says(&order);
    assert_eq!(code, Some(0), "{stderr}");
    // A decision that is none is a mistake, and names its line.
    fs::write(room.path("wiretape.toml"), "[redact]\n\"$.a\" = \"perhaps\"\n").unwrap();
    let (code, _, stderr) = room.says(&order);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("\"$.a\" is \"perhaps\""), "{stderr}");
}

#[test]
fn what_is_asked_for_must_be_there() {
    let room = Room::new();
    let recording = room.recording();
    let recording = recording.to_str().unwrap();
    for (args, why) in [
        (&["--finding", "E111"][..], "there is no E111 here"),
        (&["--run", "nobody"], "there is no run nobody"),
        (&["--user", "nobody"], "there is no user nobody"),
        (&["--filter", "type:nothing"], "means nothing here"),
        (&["--filter", "type:"], "the filter"),
        (&["--range", "+40s..+10s"], "ends before it begins"),
        (&["--range", "+40s"], "A..B"),
        (&["--run", "a", "--user", "b"], "cannot be used with"),
        (&["--meta", "commit"], "KEY=VALUE"),
    ] {
        let (code, _, stderr) = room.says(&[&["report", recording, "--no-input"], args].concat());
        assert_eq!(code, Some(2), "{args:?}: {stderr}");
        assert!(stderr.contains(why), "{args:?}: {stderr}");
    }
    assert_eq!(run(room.dir.path(), &["report", "nothing"]).status.code(), Some(3));
}
