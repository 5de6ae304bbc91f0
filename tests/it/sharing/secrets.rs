//! Forty secrets, planted in every place and in every form: none is in any file of a report.

use std::fs;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use flate2::read::GzDecoder;
use wiretape::exchange::jsonl;
use wiretape::wire::Fact;

use super::{DECIDED, Room};
use crate::redact::planted;

/// A recording in which they are, with a user whose name is nobody else's business.
fn room() -> (Room, Vec<String>) {
    let room = Room::empty();
    let (mut facts, mut secrets) = planted();
    let Fact::Recording(recording) = &mut facts[0] else { unreachable!("the recording") };
    recording.name = "report.planted-at-acme.io".into();
    let lines: String = facts.iter().map(|fact| jsonl::render(fact) + "\n").collect();
    let end = jsonl::render_end(facts.len() as u64);
    fs::write(room.path("planted.jsonl"), lines + &end + "\n").unwrap();
    room.prints(&["import", "planted.jsonl"]);
    fs::remove_file(room.path("planted.jsonl")).unwrap();
    fs::write(room.path("wiretape.toml"), DECIDED).unwrap();
    secrets.retain(|secret| !secret.is_empty());
    (room, secrets)
}

/// What can be read out of bytes: themselves, what is compressed in base64 in them, and what is in
/// base64 in all that.
fn readings(bytes: &[u8]) -> Vec<String> {
    let mut texts = vec![String::from_utf8_lossy(bytes).into_owned()];
    let mut at = 0;
    while at < texts.len() {
        let text = texts[at].clone();
        at += 1;
        let is_base64 = |letter: char| letter.is_ascii_alphanumeric() || "+/-_=".contains(letter);
        for run in text.split(|letter| !is_base64(letter)).filter(|run| run.len() >= 16) {
            let bytes = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE_NO_PAD]
                .into_iter()
                .find_map(|engine| engine.decode(run).ok());
            let Some(bytes) = bytes else { continue };
            let mut inflated = Vec::new();
            let text = match GzDecoder::new(&*bytes).read_to_end(&mut inflated) {
                Ok(_) => String::from_utf8_lossy(&inflated).into_owned(),
                Err(_) => String::from_utf8_lossy(&bytes).into_owned(),
            };
            if text.len() >= 8 {
                texts.push(text);
            }
        }
        assert!(texts.len() < 100_000, "that never ends");
    }
    texts
}

/// A secret as it may be written.
fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).unwrap();
    let json = json.trim_matches('"').to_owned();
    let twice = serde_json::to_string(&json).unwrap().trim_matches('"').to_owned();
    let percent: Vec<String> = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    vec![secret.to_owned(), json, twice, percent.concat(), html]
}

#[test]
fn no_file_of_a_report_has_one_of_them() {
    let (room, secrets) = room();
    assert!(secrets.len() >= 40, "{}", secrets.len());
    for redact in ["default", "strict"] {
        for packed in [&[][..], &["--zip"]] {
            let out = format!("{redact}{}", packed.len());
            let more = [
                "--whole",
                "--redact",
                redact,
                "--out",
                &out,
                "--meta",
                "by=author.planted@acme.io",
            ];
            let files = room.report(&[&more[..], packed].concat());
            assert_eq!(files.len(), if packed.is_empty() { 3 } else { 1 });
            for file in files {
                let mut parts = vec![fs::read(&file).unwrap()];
                if !packed.is_empty() {
                    let mut zip = zip::ZipArchive::new(fs::File::open(&file).unwrap()).unwrap();
                    parts = (0..zip.len())
                        .map(|at| {
                            let mut part = Vec::new();
                            zip.by_index(at).unwrap().read_to_end(&mut part).unwrap();
                            part
                        })
                        .collect();
                    assert_eq!(parts.len(), 3);
                }
                for text in parts.iter().flat_map(|part| readings(part)) {
                    for secret in &secrets {
                        for form in forms(secret) {
                            let name = file.display();
                            assert!(!text.contains(&form), "{name}: {form} is in {text:.300}");
                        }
                    }
                }
            }
        }
    }
    // So that it is known to look: unredacted they are there, and are found.
    let page = room.page(&["--whole", "--redact", "off"]);
    let texts = readings(&fs::read(page).unwrap());
    let found = secrets.iter().filter(|secret| {
        texts.iter().any(|text| forms(secret).iter().any(|form| text.contains(form)))
    });
    assert!(found.count() >= 38);
}
