//! The README and docs/ → every example of them, run: rules are linted, commands say what is printed.
//!
//! A fence says what a block is. `toml` is a rules file, whole, written where its first line says;
//! `text recording NAME` is traffic, which becomes that recording; `text FILE` is a file; `console` is commands with what
//! they print, where a line `…` stands for any lines; `sh` is commands to be typed, of which only
//! the flags are looked at. `WIRETAPE_DOCS=write` puts into the files what the commands print.

mod blocks;
pub(crate) mod traffic;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use wiretape::rules::{RuleBook, language, presets};

use crate::sample::{Home, wiretape};
use crate::support::toml_json::json_of;
use blocks::{Block, blocks};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The README, and every page below docs/.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// What a command prints, errors last, as in a terminal of 80 columns.
fn prints(home: &Home, command: &str) -> String {
    let words = blocks::words(command);
    assert_eq!(words[0], "wiretape", "{command}: of a console block only wiretape is run");
    let mut run = wiretape(home.dir.path());
    let output = run.args(&words[1..]).env("COLUMNS", "80").env("TZ", "UTC").output().unwrap();
    let both = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    let lines: Vec<&str> = both.iter().flat_map(|text| text.lines()).map(str::trim_end).collect();
    lines.join("\n")
}

/// Whether `printed` is what was `expected`, where `…` stands for any lines.
fn fits(printed: &[&str], expected: &[&str]) -> bool {
    match expected {
        [] => printed.is_empty(),
        ["…", rest @ ..] => (0..=printed.len()).any(|skip| fits(&printed[skip..], rest)),
        [first, rest @ ..] => printed.first() == Some(first) && fits(&printed[1..], rest),
    }
}

/// Runs what a page shows; its text with what was printed in place, and what is wrong with it.
fn run_page(path: &Path, text: &str) -> (String, Vec<String>) {
    let (home, name) = (Home::empty(), path.strip_prefix(root()).unwrap().display());
    traffic::demo(&home);
    let (mut rewritten, mut wrong) = (text.to_owned(), Vec::new());
    for Block { info, text, line } in blocks(text) {
        match info.split_whitespace().collect::<Vec<_>>()[..] {
            ["toml"] => {
                let file = text.lines().next().and_then(|first| first.strip_prefix("# "));
                let file = file.filter(|name| Path::new(name).extension().is_some());
                let file = file.unwrap_or("example.toml");
                let checked = language::check(file, text);
                let told = checked.diagnostics.iter().map(|each| each.render(file, text));
                let told: String = told.collect();
                if !told.is_empty() {
                    wrong.push(format!("{name}:{line}: {told}"));
                }
                fs::write(home.dir.path().join(file), text).unwrap();
            }
            ["text", file] => fs::write(home.dir.path().join(file), text).unwrap(),
            ["text", "recording", called] => traffic::record(&home, called, text),
            ["console"] => {
                let mut shown = String::new();
                for (command, expected) in blocks::commands(text) {
                    let printed = prints(&home, command);
                    let lines: Vec<&str> = printed.lines().collect();
                    let kept: Vec<&str> = expected.lines().map(str::trim_end).collect();
                    let is_so = fits(&lines, &kept);
                    if !is_so {
                        wrong.push(format!("{name}:{line}: $ {command}\n{printed}\n"));
                    }
                    let now = if is_so { expected.trim_end() } else { &printed };
                    shown += &format!("$ {command}\n{now}\n");
                }
                rewritten = rewritten.replacen(text, &shown, 1);
            }
            ["sh"] => wrong
                .extend(unknown_flags(&home, text).map(|flag| format!("{name}:{line}: {flag}"))),
            ["text" | "yaml" | "sql" | "mermaid" | "markdown"] => {}
            _ => wrong.push(format!("{name}:{line}: a block of \"{info}\"")),
        }
    }
    (rewritten, wrong)
}

/// Flags of commands to be typed that their verbs do not know.
fn unknown_flags<'t>(home: &Home, text: &'t str) -> impl Iterator<Item = String> + use<'t> {
    let mut unknown = Vec::new();
    for command in text.lines().filter_map(|line| line.split(" #").next()?.strip_prefix("$ ")) {
        let words = blocks::words(command);
        if words.first().is_none_or(|word| word != "wiretape") {
            continue;
        }
        let ours: Vec<&String> = words.iter().take_while(|word| *word != "--").collect();
        // By itself it opens what there is.
        let verbs = match ours.get(1).map(|word| word.as_str()) {
            None => 0,
            Some("rules") => 2,
            Some(_) => 1,
        };
        let asked: Vec<&str> = ours[..=verbs].iter().map(|word| word.as_str()).collect();
        let help = prints(home, &format!("{} --help", asked.join(" ")));
        for flag in ours.iter().filter(|word| word.starts_with("--")) {
            if !help.contains(flag.as_str()) {
                unknown.push(format!("{command}: no {flag}"));
            }
        }
    }
    unknown.into_iter()
}

#[test]
fn what_the_pages_show_is_what_is_printed() {
    let mut all = Vec::new();
    for path in pages() {
        let text = fs::read_to_string(&path).unwrap();
        let (rewritten, wrong) = run_page(&path, &text);
        if std::env::var("WIRETAPE_DOCS").is_ok_and(|value| value == "write") {
            fs::write(&path, rewritten).unwrap();
        }
        all.extend(wrong);
    }
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for path in pages() {
        let text = fs::read_to_string(&path).unwrap();
        for (_, rest) in text.match_indices("](").map(|(at, _)| text.split_at(at + 2)) {
            let link = rest.split([')', '#']).next().unwrap();
            let is_local = !link.is_empty() && !link.contains("://");
            if is_local && !path.parent().unwrap().join(link).exists() {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Ids of the rules and lifecycles that a preset itself says, not what it extends.
fn own_ids<'b>(book: &'b RuleBook, name: &str) -> BTreeSet<&'b str> {
    let file = format!("{name} (preset)");
    let rules = book.rules.iter().map(|rule| (&rule.id, &rule.origin.file));
    let both = rules.chain(book.lifecycles.iter().map(|each| (&each.id, &each.origin.file)));
    both.filter(|(_, origin)| **origin == file).map(|(id, _)| id.as_str()).collect()
}

#[test]
fn each_preset_has_a_page_with_its_rules_and_limits() {
    let mut missing = Vec::new();
    for preset in presets::presets() {
        let path = root().join(format!("docs/presets/{}.md", preset.name));
        let text = fs::read_to_string(&path).unwrap_or_default();
        let book = presets::preset(preset.name).unwrap();
        for id in own_ids(&book, preset.name) {
            if !text.contains(&format!("| `{id}` |")) {
                missing.push(format!("{}: rule {id}", preset.name));
            }
        }
        let text_of = json_of(preset.text);
        let limits = text_of["limit"].as_object();
        for (name, value) in limits.into_iter().flatten() {
            if !text.contains(&format!("| `{name}` | {} |", value.as_str().unwrap())) {
                missing.push(format!("{}: limit {name} = {value}", preset.name));
            }
        }
        let is_listed = |file: &str, link: String| {
            fs::read_to_string(root().join(file)).unwrap().contains(&link)
        };
        if !is_listed("README.md", format!("(docs/presets/{}.md)", preset.name)) {
            missing.push(format!("{}: not in the README", preset.name));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
