//! The text of a rules file → [`RuleBook`], or what is wrong with it and where.
//!
//! The language is TOML; `rules.md` (2.1 to 2.5) tells what it means. Beyond that: `[limit]` names
//! durations that rules refer to as `"$name"`; `[severity]` changes how bad the rules of a preset
//! are, or turns them off, by id.
//!
//! Nothing here fails on the first mistake: a file is read to its end, and every mistake is told.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeTable;

use super::astray::BUILT_IN;
use super::implied::{Relation, relation};
use super::presets;
use super::{Lifecycle, Rule, RuleBook, RuleKind, Severity};
use document::{Place, Report, Source, Table};
use known::Known;
use sections::{Sections, Stated};

mod diagnostic;
mod document;
mod duration;
mod keys;
mod kinds;
mod known;
mod lifecycles;
mod near;
mod reading;
mod rules;
mod scopes;
mod sections;
mod shape;
mod vacuous;

pub use diagnostic::Diagnostic;
pub(crate) use near::nearest;
pub use shape::json_schema;

/// The longest file that is read: the longest preset has 20 KiB.
pub const MAX_BYTES: usize = 1 << 20;

/// Presets that extend each other.
const MAX_PRESETS: usize = 4;

/// Dots of one key that are nothing special. A dotted key is a table in a table for each of them.
const USUAL_DOTS: usize = 8;

/// Dots beyond those, in a whole file: sentences have some. Tables are taken apart by recursion.
const MAX_DOTS: usize = 512;

/// What a file says, and what is wrong with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// `None` where there is an error.
    pub book: Option<RuleBook>,
    /// In the order of the file. Without errors there may still be warnings.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a rules file; `name` is what it is called where its rules are cited. Warnings are
/// dropped; [`check`] has them.
pub fn read(name: &str, text: &str) -> Result<RuleBook, Vec<Diagnostic>> {
    let checked = check(name, text);
    checked.book.ok_or(checked.diagnostics)
}

/// Gives the text of a file that a rules file names, or says why there is none.
pub type Open<'o> = &'o dyn Fn(&str) -> Result<String, String>;

/// Reads a rules file, and tells everything that is wrong or odd about it. The text is alone: files
/// that it names are not looked for, and rules that need them are not judged.
pub fn check(name: &str, text: &str) -> Checked {
    check_opening(name, text, None)
}

/// The same, where files that the text names are there to be opened.
pub fn check_with(name: &str, text: &str, open: Open<'_>) -> Checked {
    check_opening(name, text, Some(open))
}

fn check_opening(name: &str, text: &str, open: Option<Open<'_>>) -> Checked {
    let mut report = Report::new(name, text, open);
    let book = book(name, text, &mut report);
    let mut diagnostics = report.found;
    diagnostics.sort_by_key(|diagnostic| (diagnostic.at.start, diagnostic.at.end));
    let wrong = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    Checked { book: book.filter(|_| !wrong), diagnostics }
}

fn book<'t>(name: &str, text: &'t str, report: &mut Report<'t>) -> Option<RuleBook> {
    let texts = texts(text, report)?;
    let mut parsed = Vec::new();
    for (source, document) in &texts {
        parsed.push(Table::new(Place { source: *source, at: document.span() }, document.get_ref()));
    }
    let mut sections = Sections::default();
    for document in parsed.iter().rev() {
        sections.lay(document, report);
    }
    let mut letters = Vec::new();
    let mut known = Known::default();
    scopes::read_limits(&sections, &mut known, report);
    let caps = scopes::read_caps(&sections, &known, report);
    let reading = reading::read(&sections, &mut letters, report);
    known.learn(&reading);
    scopes::read_scopes(&sections, &mut known, report);
    for entry in &sections.files {
        if let Some(text) = report.text(&entry.value).map(str::to_owned) {
            report.files.insert(entry.key.to_owned(), text);
        }
    }
    let lifecycles = lifecycles::read(&sections, &mut known, report);
    let rules = rules::read(&sections, &mut known, report);
    let mut reading = reading;
    reading.bodies = bodies(&rules);
    reading.tests.clone_from(&known.tests);
    known.check_events(report);
    beside_lifecycles(&sections, (&lifecycles, &rules), report);
    let read = vacuous::Checked {
        reading: &reading,
        lifecycles: &lifecycles,
        rules: &rules,
        known: &known,
    };
    vacuous::warn(&sections, &read, report);
    severities_of_known_rules(&sections, report);
    let built_in = of_built_in(&sections, report);
    Some(RuleBook {
        name: name.to_owned(),
        reading,
        scopes: known.scopes,
        lifecycles,
        rules,
        letters,
        built_in,
        caps,
        limits: known.limits,
    })
}

/// The file and the presets that it extends, each with its number among the report's sources.
fn texts<'t>(text: &'t str, report: &mut Report<'t>) -> Option<Vec<(usize, Spanned<DeTable<'t>>)>> {
    let mut parsed = vec![(0, parse(text, 0, report)?)];
    while let Some((source, document)) = parsed.last()
        && parsed.len() <= MAX_PRESETS
    {
        let table = Table::new(Place { source: *source, at: 0..0 }, document.get_ref());
        let Some(value) = table.get("preset") else { break };
        let name = report.text(value)?;
        if report.preset_at == (0..0) {
            report.preset_at = value.place.at.clone();
        }
        let Some(preset) = presets::presets().iter().find(|preset| preset.name == name) else {
            let known = presets::presets().iter().map(|preset| preset.name);
            let hint = near::suggestion(name, known);
            report.error(&value.place, format!("there is no preset \"{name}\""), hint);
            return None;
        };
        report.sources.push(Source::new(&format!("{name} (preset)"), preset.text));
        let number = report.sources.len() - 1;
        let document = parse(preset.text, number, report)?;
        parsed.push((number, document));
    }
    Some(parsed)
}

/// Parses TOML; complains of everything that is none.
fn parse<'t>(
    text: &'t str,
    source: usize,
    report: &mut Report<'t>,
) -> Option<Spanned<DeTable<'t>>> {
    if text.len() > MAX_BYTES {
        let message = format!("a rules file has at most {} MiB", MAX_BYTES >> 20);
        report.error(&Place { source, at: 0..0 }, message, None);
        return None;
    }
    if let Some(at) = dotted(text) {
        report.error(&Place { source, at: at..at + 1 }, "too many dots", None);
        return None;
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().unwrap_or(0..0);
        report.error(&Place { source, at }, error.message().replace('\n', ", "), None);
    }
    errors.is_empty().then_some(document)
}

/// Where there are more dots than keys may have. Texts are not told from keys: to do that is to
/// parse, which is what deep keys must not reach.
fn dotted(text: &str) -> Option<usize> {
    let (mut run, mut long) = (0, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\n' | b'=' | b',' | b'{' | b'[' => run = 0,
            b'.' => {
                run += 1;
                long += usize::from(run > USUAL_DOTS);
            }
            _ => {}
        }
        if long > MAX_DOTS {
            return Some(at);
        }
    }
    None
}

/// Complains of the file's own rules that no run can satisfy, and of those that say nothing new.
fn beside_lifecycles(
    sections: &Sections<'_>,
    (lifecycles, rules): (&[Lifecycle], &[Rule]),
    report: &mut Report<'_>,
) {
    for rule in rules {
        let named = |table: &&Table<'_>| {
            table.get("id").is_some_and(|id| id.as_str() == Some(rule.id.as_str()))
        };
        let Some(table) = sections.rules.iter().find(named) else { continue };
        // A preset's rules are what they are.
        if table.place.source > 0 {
            continue;
        }
        let place = table.get("id").map_or(&table.place, |id| &id.place);
        for lifecycle in lifecycles {
            let id = &lifecycle.id;
            match relation(rule, lifecycle) {
                Relation::Independent => {}
                Relation::Contradictory => {
                    let hint = format!("no run can satisfy both; \"{id}\" has the order");
                    report.error(place, format!("this rule contradicts \"{id}\""), hint);
                }
                Relation::Implied => {
                    let hint = "every run that follows it satisfies this".to_owned();
                    report.warning(place, format!("\"{id}\" says this already"), hint);
                }
            }
        }
    }
}

/// `text` with the files that the rules of `book` name, so that it says the same where those are
/// not. Files that make it too large for a rules file are left out, and rules that need them are
/// not judged by it.
pub fn with_files(text: &str, book: &RuleBook) -> String {
    let mut files = BTreeMap::new();
    for rule in &book.rules {
        if let RuleKind::Schema { file, text: Some(schema), .. } = &rule.kind {
            files.insert(file.as_str(), schema.as_str());
        }
    }
    // What has such a section brings its files along already.
    let brings = read("", text).is_ok_and(|alone| !bodies(&alone.rules).is_empty());
    if files.is_empty() || brings {
        return text.to_owned();
    }
    let mut whole = format!("{text}\n\n[files]\n");
    for (name, schema) in files {
        let line = format!("{} = {}\n", basic(name), basic(schema));
        if whole.len() + line.len() <= MAX_BYTES {
            whole.push_str(&line);
        }
    }
    whole
}

/// A text as TOML writes it on one line; its dots are not counted as those of keys, see [`dotted`].
pub(in crate::rules) fn basic(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '.' => quoted.push_str("\\u002e"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The events that are held against a schema.
fn bodies(rules: &[Rule]) -> Vec<String> {
    let mut names = Vec::new();
    for rule in rules {
        if let RuleKind::Schema { event, text: Some(_), .. } = &rule.kind {
            names.extend_from_slice(event);
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// What `[severity]` says of the rules that every file has.
fn of_built_in(
    sections: &Sections<'_>,
    report: &mut Report<'_>,
) -> Vec<(String, Option<Severity>)> {
    let mut stated = Vec::new();
    for rule in BUILT_IN {
        match sections.severity(rule.id, report) {
            Stated::Nothing => {}
            Stated::Off => stated.push((rule.id.to_owned(), None)),
            Stated::Severity(severity) => stated.push((rule.id.to_owned(), Some(severity))),
        }
    }
    stated
}

/// Complains of a `[severity]` of nothing.
fn severities_of_known_rules(sections: &Sections<'_>, report: &mut Report<'_>) {
    let text = |value: &document::Value<'_>| value.as_str().map(str::to_owned);
    let mut ids: Vec<String> = BUILT_IN.iter().map(|rule| rule.id.to_owned()).collect();
    for table in &sections.lifecycles {
        let Some(id) = table.get("id").and_then(text) else { continue };
        if let Some(subs) = table.get("sub").and_then(document::Value::as_table) {
            ids.extend(subs.entries.iter().map(|entry| format!("{id}/{}", entry.key)));
        }
        ids.push(id);
    }
    ids.extend(sections.rules.iter().filter_map(|table| table.get("id").and_then(text)));
    for entry in &sections.severities {
        if !ids.iter().any(|id| id == entry.key) {
            let hint = near::suggestion(entry.key, ids.iter().map(String::as_str));
            let message = format!("there is no rule or lifecycle \"{}\"", entry.key);
            report.error(&entry.key_place, message, hint);
        }
    }
}
