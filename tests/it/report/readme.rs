//! What the README shows of a report: the Markdown and the picture that the command writes.
//! `WIRETAPE_SNAPSHOTS=write` rewrites them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::assert_file;

const FROM: &str = "<!-- report -->\n";
const TO: &str = "<!-- end of report -->";

#[test]
fn the_text_and_the_picture_are_what_the_command_writes() {
    let folder = tempfile::tempdir().unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/samples/demo.jsonl");
    let report = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_wiretape"))
            .arg("report")
            .arg(&sample)
            .args(["--finding", "E102", "--no-input", "--meta", "app=1.42.0", "--md", "--svg"])
            .args(args)
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    let undecided = report(&[]);
    assert_eq!(undecided.status.code(), Some(5), "somebody has to decide about free text");
    fs::write(
        folder.path().join("wiretape.toml"),
        "[redact]\n\"$.payload.content\" = \"length\"\n",
    )
    .unwrap();
    let done = report(&[]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let written = |ending: &str| {
        let mut files = fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().path());
        let file = files.find(|path| path.extension().is_some_and(|it| it == ending)).unwrap();
        fs::read_to_string(file).unwrap()
    };
    assert_file("docs/report.svg", &written("svg"));
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (before, rest) = readme.split_once(FROM).unwrap();
    let (_, after) = rest.split_once(TO).unwrap();
    let text = written("md");
    assert_file("README.md", &format!("{before}{FROM}````markdown\n{text}````\n{TO}{after}"));
}
