//! Files that nobody of good will made: a clear word, nothing written, nothing left, no waiting.

use std::fs;
use std::io::{Cursor, Write as _};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::Room;

/// How long any of them may take.
const SOON: Duration = Duration::from_secs(20);

/// Opened, it is refused with these words.
#[track_caller]
fn refused(room: &Room, name: &str, bytes: &[u8], why: &str) {
    fs::write(room.path(name), bytes).unwrap();
    let before = fs::read_dir(room.dir.path()).unwrap().count();
    for verb in [&["check", name][..], &["import", name]] {
        let start = Instant::now();
        let (code, stdout, stderr) = room.says(verb);
        assert!(start.elapsed() < SOON, "{name}: {:?}", start.elapsed());
        assert_eq!((code, &*stdout), (Some(3), ""), "{name}: {stderr}");
        assert!(stderr.contains(why), "{name}: {stderr}");
        assert!(!stderr.contains('\u{1b}'), "{name}: {stderr:?}");
    }
    let recordings = fs::read_dir(room.path("recordings"));
    let imported = recordings.map_or(0, |folder| {
        folder
            .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "db"))
            .count()
    });
    assert_eq!(imported, 0, "{name}");
    assert!(fs::read_dir(room.dir.path()).unwrap().count() <= before + 1);
    room.left_nothing();
    fs::remove_file(room.path(name)).unwrap();
}

/// A page with these blocks.
fn page(blocks: &[(&str, &[u8])]) -> Vec<u8> {
    let mut page = "<!doctype html><title>x</title>\n".to_owned();
    for (id, packed) in blocks {
        let packed = STANDARD.encode(packed);
        page += &format!("<script type=\"text/plain\" id=\"{id}\">{packed}</script>\n");
    }
    page.into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// What a page says of itself.
fn about(sha256: &str) -> String {
    let about = json!({
        "v": 1, "title": "", "manifest": {}, "view": {}, "rules": "", "told": "", "facts": [],
        "markdown": "", "texts": [], "sha256": sha256,
    });
    about.to_string()
}

const ABOUT: &str = "wiretape-about";
const TAPE: &str = "wiretape-tape";

#[test]
fn pages_that_are_no_reports_are_refused() {
    let room = Room::empty();
    let about = gzip(about("00").as_bytes());
    let tape = gzip(b"{}");
    refused(&room, "a.html", b"<html>hello \x1b[31m</html>", "no tape is in it");
    refused(&room, "empty.html", b"<", "no tape is in it");
    refused(&room, "b.html", &page(&[(ABOUT, &about)]), "the file ends before it");
    refused(&room, "c.html", &page(&[(ABOUT, &about), (TAPE, &tape)]), "checksum");
    let twice = page(&[(ABOUT, &about), (TAPE, &tape), (TAPE, &tape)]);
    refused(&room, "d.html", &twice, "more than one");
    refused(&room, "e.html", &page(&[(ABOUT, b"no gzip"), (TAPE, &tape)]), "damaged");
    let newer = gzip(br#"{"v":2}"#);
    refused(
        &room,
        "f.html",
        &page(&[(ABOUT, &newer), (TAPE, &tape)]),
        "is the newest that is known",
    );
    let wrong = gzip(br#"{"v":1,"title":7,"manifest":[]}"#);
    refused(&room, "g.html", &page(&[(ABOUT, &wrong), (TAPE, &tape)]), "damaged");
    let huge = gzip(br#"{"v":1,"manifest":{"hidden":99999999999999999999999999}}"#);
    refused(&room, "h.html", &page(&[(ABOUT, &huge), (TAPE, &tape)]), "damaged");
    let mut cut = page(&[(ABOUT, &about), (TAPE, &tape)]);
    cut.truncate(cut.len() - 20);
    refused(&room, "i.html", &cut, "ends in it");
}

/// A mebibyte that becomes a gibibyte is not let become that.
#[test]
fn bombs_do_not_go_off() {
    let room = Room::empty();
    let about = gzip(about("00").as_bytes());
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![0; 1 << 20];
    for _ in 0..600 {
        bomb.write_all(&zeros).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    refused(&room, "a.html", &page(&[(ABOUT, &about), (TAPE, &bomb)]), "bytes long");
    let mut many = zeros.repeat(65);
    many[0] = b'<';
    refused(&room, "b.zip", &zip(&[("x.html", &many)]), "bytes long");
    fs::write(room.path("c.html"), &many).unwrap();
    let (code, _, stderr) = room.says(&["check", "c.html"]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("bytes long"), "{stderr}");
}

/// Nothing is ever extracted by its name, and only a report's own files may be there.
#[test]
fn zips_of_other_things_are_refused() {
    let room = Room::empty();
    let outside = room.dir.path().parent().unwrap().join("outside.html");
    refused(&room, "a.zip", &zip(&[("../outside.html", b"<")]), "no file of a report");
    refused(&room, "b.zip", &zip(&[("/tmp/outside.html", b"<")]), "no file of a report");
    refused(&room, "c.zip", &zip(&[("..\\outside.html", b"<")]), "no file of a report");
    refused(&room, "d.zip", &zip(&[("C:outside.html", b"<")]), "no file of a report");
    refused(&room, "e.zip", &zip(&[("a.html", b"<"), ("run.sh", b"echo")]), "run.sh");
    refused(&room, "f.zip", &zip(&[("a.html", b"<"), ("b.html", b"<")]), "second page");
    refused(&room, "g.zip", &zip(&[("a.md", b"x")]), "no .html is in it");
    refused(&room, "h.zip", &zip(&[("\u{1b}[31m.exe", b"x")]), "no file of a report");
    refused(&room, "i.zip", b"PK\x03\x04 and nothing else", "can't be read as a report");
    let good = zip(&[("a.html", b"<html></html>")]);
    refused(&room, "j.zip", &good, "no tape is in it");
    refused(&room, "k.zip", &good[..good.len() - 10], "can't be read as a report");
    let names: Vec<String> = (0..40).map(|at| format!("{at}.md")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    refused(&room, "l.zip", &zip(&many), "40 files are in it");
    let mut link = ZipWriter::new(Cursor::new(Vec::new()));
    link.add_symlink("a.html", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let link = link.finish().unwrap().into_inner();
    refused(&room, "m.zip", &link, "no file of a report");
    assert!(!outside.exists());
}

/// A tape is read like any export: wrong types, huge numbers and half lines are told by line.
#[test]
fn tapes_that_lie_are_refused() {
    let room = Room::empty();
    let sha = |text: &str| {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(text.as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    };
    let report = |tape: &str| {
        let about = about(&sha(tape));
        page(&[(ABOUT, &gzip(about.as_bytes())), (TAPE, &gzip(tape.as_bytes()))])
    };
    let header = r#"{"v":1,"kind":"wiretape","uuid":"0190a7c2-7b1e-4c11-8f7e-1d2f3a4b5c6d","name":"x","tool":"0.1.0","started_ns":1790000000000000000,"upstream":"","listen":""}"#;
    for (name, tape, why) in [
        ("a.html", "not json\n".to_owned(), "first line"),
        ("b.html", format!("{header}\n{header}\n"), "second header"),
        ("c.html", format!("{header}\n{{\"kind\":\"frame\",\"id\":\"one\"}}\n"), "line 2"),
        (
            "d.html",
            format!("{header}\n{{\"kind\":\"frame\",\"id\":99999999999999999999}}\n"),
            "line 2",
        ),
        ("e.html", header.replace("\"v\":1", "\"v\":9"), "newer"),
        ("f.html", header.replace("1790000000000000000", "1e99"), "started_ns"),
    ] {
        refused(&room, name, &report(&tape), why);
    }
}
