//! A report's HTML: what is in the file, and what a real browser makes of it.

mod browser;
mod file;
mod hostile;
mod readme;
mod seen;
mod sight;
mod still;
mod thin;
mod viewer;

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use wiretape::exchange::jsonl::{self, FactReader};
use wiretape::redact::{Policy, Redacted};
use wiretape::report::{Bundle, Manifest, Sight, View, html};
use wiretape::rules::presets::preset;
use wiretape::wire::{Direction, Fact, Stamp};

use crate::sample;

/// The facts of the demo that comes with Wiretape.
fn demo() -> Vec<Fact<'static>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/samples/demo.jsonl");
    let mut reader = FactReader::new(BufReader::new(File::open(path).unwrap()));
    std::iter::from_fn(|| reader.next_fact().unwrap()).collect()
}

/// A bundle of all of these facts.
fn bundle(facts: Vec<Fact<'static>>, rules: &str, view: View) -> Bundle {
    let lines: Vec<String> = facts.iter().map(jsonl::render).collect();
    let tape = format!("{}\n{}\n", lines.join("\n"), jsonl::render_end(lines.len() as u64));
    let frames = facts.iter().filter(|fact| matches!(fact, Fact::Frame(_))).count() as u64;
    let mut manifest = Manifest {
        tool: "0.1.0".into(),
        rules: format!("{rules} (preset)"),
        scope: "everything".into(),
        frames_of: (frames, frames),
        users_of: (12, 12),
        redact: "off".into(),
        meta: vec![("commit".into(), "a1b2c3d".into())],
        ..Manifest::default()
    };
    if let Some(Fact::Recording(recording)) = facts.first() {
        manifest.recorded.clone_from(&recording.name);
        manifest.recorded_by.clone_from(&recording.tool);
        manifest.recorded_at_ns = recording.started_ns;
    }
    Bundle {
        title: "tool_completed never arrived".into(),
        manifest,
        facts,
        tape,
        book: preset(rules).unwrap(),
        rules_text: format!("preset = \"{rules}\"\n"),
        view,
    }
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The report as a file that a browser opens; kept for whoever wants to look at it.
fn written(name: &str, bundle: &Bundle) -> PathBuf {
    let path = folder().join(format!("{name}.html"));
    let sight = Sight::of(bundle).unwrap();
    fs::write(&path, html(bundle, &sight)).unwrap();
    path
}

/// The demo so many times, one after the other, as other connections; redacted as it is if nobody
/// asks for anything else.
fn copies(times: i64) -> Vec<Fact<'static>> {
    const LONG_NS: u64 = 95_000_000_000;
    let redacted = Redacted::new(&demo(), Policy::default()).facts;
    let mut facts = Vec::new();
    for copy in 0..times {
        let later = LONG_NS * copy.unsigned_abs();
        for fact in redacted.clone() {
            match fact {
                Fact::Recording(mut recording) if copy == 0 => {
                    recording.finished_ns = Some(LONG_NS * times.unsigned_abs());
                    facts.push(Fact::Recording(recording));
                }
                Fact::Connection(mut connection) => {
                    connection.id += 100 * copy;
                    connection.opened_ns += later;
                    connection.closed_ns = connection.closed_ns.map(|ns| ns + later);
                    facts.push(Fact::Connection(connection));
                }
                Fact::Frame(mut frame) => {
                    frame.id += 10_000 * copy;
                    frame.connection += 100 * copy;
                    frame.stamp.read_ns += later;
                    frame.stamp.written_ns = frame.stamp.written_ns.map(|ns| ns + later);
                    facts.push(Fact::Frame(frame));
                }
                _ => {}
            }
        }
    }
    facts
}

/// A text from the server.
fn text_frame(id: i64, connection: i64, text: &str, read_ns: u64) -> Fact<'static> {
    let mut frame = sample::frame(id, connection, Direction::ServerToClient, 0x81, text.as_bytes());
    frame.stamp = Stamp { read_ns, written_ns: Some(read_ns + 1000) };
    Fact::Frame(frame)
}
