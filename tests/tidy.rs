//! Guards the layout: who may name whom, which outside crate lives where, and the house rules that
//! no compiler checks.

#![expect(clippy::unwrap_used, reason = "in tests a surprise is a failure")]

use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms that it may name, besides itself.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("events", &["wire"]),
    ("rules", &["events", "wire"]),
    ("analysis", &["wire", "events", "rules"]),
    ("proxy", &["wire"]),
    ("recording", &["wire"]),
    ("redact", &["wire"]),
    ("exchange", &["wire"]),
    ("report", &["wire", "events", "rules", "analysis"]),
    ("demo", &["wire"]),
    ("tui", &["wire", "events", "rules", "analysis"]),
    (
        "cli",
        &[
            "wire",
            "events",
            "rules",
            "analysis",
            "proxy",
            "recording",
            "redact",
            "exchange",
            "report",
            "demo",
            "tui",
        ],
    ),
];

/// Outside crates that belong to some rooms only. Others may be used anywhere but in `wire`.
const LIVES_IN: &[(&str, &[&str])] = &[
    ("rusqlite", &["recording"]),
    ("zip", &["cli"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("tokio", &["proxy", "demo", "cli"]),
    ("httparse", &["proxy", "demo"]),
    ("rustls", &["proxy"]),
    ("tokio_rustls", &["proxy"]),
    ("rustls_native_certs", &["proxy"]),
    ("rcgen", &["proxy"]),
    ("socket2", &["proxy", "demo"]),
    ("flate2", &["wire", "demo", "report"]),
    ("sha1", &["demo", "redact"]),
    ("sha2", &["report"]),
    ("regex", &["events", "rules", "redact"]),
    ("aho_corasick", &["redact"]),
    ("toml_edit", &["redact", "cli"]),
    ("struson", &["exchange"]),
    ("toml", &["rules", "cli"]),
    ("jsonschema", &["rules"]),
    ("ratatui", &["tui"]),
    ("crossterm", &["tui"]),
];

/// A longer file holds more than one thought.
const MAX_LINES: usize = 500;

/// Words that collect orphans: a file or type named so says nothing.
const EMPTY_WORDS: &[&str] =
    &["util", "utils", "helper", "helpers", "common", "types", "misc", "manager"];

/// A file of the project, as text.
struct Source {
    /// Relative to the project, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// Lines with their numbers from 1, comments aside.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// `src/proxy/tls.rs` → `["proxy", "tls"]`; a `mod.rs` is its folder.
    fn module(&self) -> Vec<&str> {
        let inner = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        inner.split('/').filter(|part| !matches!(*part, "mod" | "lib" | "main")).collect()
    }

    /// The room it is part of; `None` for `lib.rs` and `main.rs`.
    fn room(&self) -> Option<&str> {
        self.module().first().copied()
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every `.rs` file below `folder`, in order.
fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.expect("a readable folder").path()) {
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(root()).expect("below the root");
            let path_text = relative.to_string_lossy().replace('\\', "/");
            found.push(Source { path: path_text, text: fs::read_to_string(&path).unwrap() });
        }
    }
}

fn everything() -> Vec<Source> {
    ["src", "tests", "benches", "fuzz", "examples"].into_iter().flat_map(sources).collect()
}

#[track_caller]
fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

/// The names that follow `prefix` in `code`: one, or those of a `{…}` list.
fn names_after<'a>(code: &'a str, prefix: &str) -> Vec<&'a str> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        if let Some(list) = rest.strip_prefix('{') {
            names.extend(top_level_names(list));
        } else {
            names.push(identifier(rest));
        }
    }
    names
}

/// `proxy, wire::{Frame, Marks}, recording}` → `proxy`, `wire`, `recording`.
fn top_level_names(list: &str) -> Vec<&str> {
    let (mut names, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(identifier(list[start..at].trim_start()));
                return names;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(identifier(list[start..at].trim_start()));
                start = at + 1;
            }
            _ => {}
        }
    }
    names
}

fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// What is wrong with whom `source` names.
fn illegal_names(source: &Source) -> Vec<String> {
    let code: String = source.code().flat_map(|(_, line)| [line, "\n"]).collect();
    let up = "super::".repeat(source.module().len());
    let mut named = [names_after(&code, "crate::"), names_after(&code, "wiretape::")].concat();
    if !up.is_empty() {
        named.extend(names_after(&code, &up));
    }
    let (me, allowed): (&str, &[&str]) = match source.room() {
        // `main.rs` knows the front door only; `lib.rs` names nothing, it declares.
        None => ("main.rs and lib.rs", &["cli"]),
        Some(room) => match MAY_NAME.iter().find(|(name, _)| *name == room) {
            Some((name, allowed)) => (name, allowed),
            None => return vec![format!("{}: `{room}` is no room of MAY_NAME", source.path)],
        },
    };
    named
        .into_iter()
        .filter(|name| MAY_NAME.iter().any(|(room, _)| room == name))
        .filter(|name| *name != me && !allowed.contains(name))
        .map(|name| format!("{}: `{me}` must not name `{name}`", source.path))
        .collect()
}

#[test]
fn a_room_names_only_whom_it_may() {
    let findings: Vec<String> = sources("src").iter().flat_map(illegal_names).collect();
    assert_none(&findings);
}

#[test]
fn the_guard_sees_every_way_to_name_a_room() {
    let check = |path: &str, text: &str| {
        illegal_names(&Source { path: path.to_owned(), text: text.to_owned() }).len()
    };
    assert_eq!(check("src/wire/frame.rs", "use crate::proxy::Tap;"), 1);
    assert_eq!(check("src/wire/frame.rs", "use super::super::proxy::Tap;"), 1);
    assert_eq!(check("src/wire/mod.rs", "use super::proxy::Tap;"), 1);
    assert_eq!(check("src/proxy/a/b.rs", "super::super::super::cli::run();"), 1);
    assert_eq!(
        check("src/proxy/tap.rs", "use crate::{\n  wire::{Frame, Marks},\n  recording};"),
        1
    );
    assert_eq!(check("src/proxy/tap.rs", "fn f(x: wiretape::demo::Plan) {}"), 1);
    assert_eq!(check("src/proxy/tap.rs", "use crate::wire::{proxy, cli};"), 0);
    assert_eq!(check("src/proxy/tap.rs", "// crate::cli is told of in a comment"), 0);
    assert_eq!(check("src/cli/record.rs", "use crate::{proxy, recording, wire};"), 0);
    assert_eq!(check("src/main.rs", "wiretape::proxy::serve()"), 1);
    assert_eq!(check("src/orphan/mod.rs", ""), 1);
}

#[test]
fn outside_crates_stay_in_their_rooms() {
    let mut findings = Vec::new();
    for source in sources("src") {
        let room = source.room().unwrap_or("main.rs and lib.rs");
        for (number, line) in source.code() {
            for (name, rooms) in LIVES_IN {
                if !names_after(line, &format!("{name}::")).is_empty() && !rooms.contains(&room) {
                    findings.push(format!("{}:{number}: `{name}` in `{room}`", source.path));
                }
            }
            let waits = line.contains("async ") || line.contains(".await");
            if room == "wire" && (waits || line.contains("std::fs") || line.contains("std::net")) {
                findings.push(format!("{}:{number}: `wire` does no I/O", source.path));
            }
        }
    }
    assert_none(&findings);
}

#[test]
fn every_file_says_first_what_it_is() {
    let silent = |source: &&Source| !source.text.starts_with("//! ");
    let findings: Vec<String> =
        everything().iter().filter(silent).map(|source| source.path.clone()).collect();
    assert_none(&findings);
}

#[test]
fn no_file_of_the_product_is_too_long() {
    let long = sources("src").into_iter().filter(|source| source.text.lines().count() > MAX_LINES);
    let findings: Vec<String> =
        long.map(|source| format!("{}: over {MAX_LINES} lines", source.path)).collect();
    assert_none(&findings);
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let words =
        [["TO", "DO"], ["FIX", "ME"], ["#[ign", "ore"], ["#[should_", "panic"]].map(|w| w.concat());
    let mut findings = Vec::new();
    for source in everything() {
        for (index, line) in source.text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                findings.push(format!("{}:{}: {}", source.path, index + 1, line.trim()));
            }
        }
    }
    assert_none(&findings);
}

#[test]
fn no_test_file_is_forgotten() {
    let runner = fs::read_to_string(root().join("tests/it/main.rs")).unwrap();
    let mut findings = Vec::new();
    for entry in fs::read_dir(root().join("tests/it")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let is_module = path.extension().is_some_and(|extension| extension == "rs")
            || path.join("mod.rs").exists();
        if is_module && name != "main" && !runner.contains(&format!("mod {name};")) {
            findings.push(format!("tests/it/{name} is no module of tests/it/main.rs"));
        }
    }
    assert_none(&findings);
}

#[test]
fn names_say_something() {
    let mut findings = Vec::new();
    for source in everything() {
        for part in source.path.trim_end_matches(".rs").split(['/', '_']) {
            if EMPTY_WORDS.contains(&part) {
                findings.push(format!("{}: `{part}` says nothing", source.path));
            }
        }
        for (number, line) in source.code() {
            for keyword in ["struct ", "enum ", "trait ", "type "] {
                for name in names_after(line, keyword) {
                    if words_of(name).iter().any(|word| EMPTY_WORDS.contains(&word.as_str())) {
                        findings.push(format!("{}:{number}: `{name}` says nothing", source.path));
                    }
                }
            }
        }
    }
    assert_none(&findings);
}

/// `FrameHelper` → `frame`, `helper`.
fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for c in name.chars() {
        if c.is_uppercase() || words.is_empty() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words
}
