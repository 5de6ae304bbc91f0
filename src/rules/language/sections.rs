//! A file and the presets that it extends → one set of sections, where the file's own entries
//! replace those of the same id or name.

use super::document::{Entry, Report, Table, Value};
use super::keys::{self, TOP};
use crate::rules::Severity;
use crate::rules::presets;

/// Rules, lifecycles and events of one file; more is not a protocol but a mistake.
pub(super) const MAX_ENTRIES: usize = 1000;

/// The version of the language.
const VERSION: i64 = 1;

/// How bad a breach is.
pub(super) const SEVERITIES: [(&str, Severity); 3] =
    [("error", Severity::Error), ("warning", Severity::Warning), ("info", Severity::Info)];

/// What `[severity]` may say of a rule.
pub(super) fn severities() -> Vec<&'static str> {
    let mut words = keys::words(&SEVERITIES);
    words.push("off");
    words
}

/// What `preset` may say.
pub(super) fn preset_names() -> Vec<&'static str> {
    presets::presets().iter().map(|preset| preset.name).collect()
}

/// All entries of a file, presets included.
#[derive(Debug, Default)]
pub(super) struct Sections<'d> {
    pub(super) decode: Vec<Entry<'d>>,
    pub(super) limits: Vec<Entry<'d>>,
    pub(super) caps: Vec<Entry<'d>>,
    pub(super) fields: Vec<Entry<'d>>,
    pub(super) scopes: Vec<Entry<'d>>,
    pub(super) severities: Vec<Entry<'d>>,
    pub(super) files: Vec<Entry<'d>>,
    pub(super) events: Vec<Table<'d>>,
    pub(super) lifecycles: Vec<Table<'d>>,
    pub(super) rules: Vec<Table<'d>>,
}

/// What `[severity]` says of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stated {
    Nothing,
    Severity(Severity),
    Off,
}

impl<'d> Sections<'d> {
    /// Lays `document` over what is there. Call it for the innermost preset first.
    pub(super) fn lay(&mut self, document: &Table<'d>, report: &mut Report<'_>) {
        document.only(TOP, report);
        if let Some(version) = document.get("version")
            && version.as_integer() != Some(VERSION)
        {
            let hint = format!("this Wiretape reads version = {VERSION}");
            report.error(&version.place, "an unknown version of the language", hint);
        }
        for (key, section) in [
            ("decode", &mut self.decode),
            ("limit", &mut self.limits),
            ("limits", &mut self.caps),
            ("fields", &mut self.fields),
            ("scope", &mut self.scopes),
            ("severity", &mut self.severities),
            ("files", &mut self.files),
        ] {
            let Some(value) = document.get(key) else { continue };
            let Some(table) = value.as_table() else {
                let name = if key == "scope" { "scope.NAME" } else { key };
                report.mismatch(value, &format!("a table: [{name}]"));
                continue;
            };
            for entry in table.entries.into_iter().take(MAX_ENTRIES) {
                section.retain(|old| old.key != entry.key);
                section.push(entry);
            }
        }
        // An event's name goes to the first that fits: the file's own come first.
        let mut events = tables(document, "event", report);
        self.events.retain(|old| !events.iter().any(|new| same(old, new, "name")));
        events.append(&mut self.events);
        self.events = events;
        for (key, section) in [("lifecycle", &mut self.lifecycles), ("rule", &mut self.rules)] {
            let own = tables(document, key, report);
            section.retain(|old| !own.iter().any(|new| same(old, new, "id")));
            section.extend(own);
        }
    }

    /// How bad `id` is, where `[severity]` says so.
    pub(super) fn severity(&self, id: &str, report: &mut Report<'_>) -> Stated {
        let Some(entry) = self.severities.iter().find(|entry| entry.key == id) else {
            return Stated::Nothing;
        };
        match report.text(&entry.value) {
            Some("off") => Stated::Off,
            Some(word) => severity_of(&entry.value, word, true, report)
                .map_or(Stated::Nothing, Stated::Severity),
            None => Stated::Nothing,
        }
    }
}

/// `error`, `warning` or `info`.
pub(super) fn severity_of(
    value: &Value<'_>,
    word: &str,
    off_too: bool,
    report: &mut Report<'_>,
) -> Option<Severity> {
    if let Some((_, severity)) = SEVERITIES.iter().find(|(known, _)| *known == word) {
        return Some(*severity);
    }
    let hint = if off_too { "error, warning, info or off" } else { "error, warning or info" };
    report.error(&value.place, format!("\"{word}\" is no severity"), hint.to_owned());
    None
}

/// The tables of `[[key]]`.
fn tables<'d>(document: &Table<'d>, key: &str, report: &mut Report<'_>) -> Vec<Table<'d>> {
    let Some(value) = document.get(key) else { return Vec::new() };
    let Some(elements) = value.as_array() else {
        report.mismatch(value, &format!("a list of tables: write [[{key}]]"));
        return Vec::new();
    };
    if elements.len() > MAX_ENTRIES {
        let message = format!("{} times [[{key}]]: {MAX_ENTRIES} are allowed", elements.len());
        report.error(&value.place, message, None);
    }
    let elements = elements.iter().take(MAX_ENTRIES);
    elements.filter_map(|element| report.table(element)).collect()
}

fn same(a: &Table<'_>, b: &Table<'_>, key: &str) -> bool {
    let text =
        |table: &Table<'_>| table.get(key).and_then(|value| value.as_str().map(str::to_owned));
    text(a).is_some_and(|name| Some(name) == text(b))
}
