//! TOML text → values that know where they stand, and the list of what is wrong with them.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::Diagnostic;
use super::keys::Key;
use super::near;
use crate::rules::{Origin, Severity};

/// Diagnostics kept of one file: who has made more mistakes repairs these first.
const MAX_DIAGNOSTICS: usize = 100;

/// A text that is read: the file itself, or a preset that it extends.
#[derive(Clone, Debug)]
pub(super) struct Source<'t> {
    /// For [`Origin::file`].
    pub(super) label: String,
    pub(super) text: &'t str,
    newlines: Vec<usize>,
}

impl<'t> Source<'t> {
    pub(super) fn new(label: &str, text: &'t str) -> Self {
        let newlines = text.match_indices('\n').map(|(at, _)| at).collect();
        Self { label: label.to_owned(), text, newlines }
    }
}

/// Bytes of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// 0 is the file itself.
    pub(super) source: usize,
    pub(super) at: Range<usize>,
}

/// A value and where it is.
#[derive(Clone, Debug)]
pub(super) struct Value<'d> {
    pub(super) place: Place,
    pub(super) inner: &'d DeValue<'d>,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(super) struct Entry<'d> {
    pub(super) key: &'d str,
    pub(super) key_place: Place,
    pub(super) value: Value<'d>,
}

/// A table's entries in the order of the file.
#[derive(Clone, Debug)]
pub(super) struct Table<'d> {
    pub(super) place: Place,
    pub(super) entries: Vec<Entry<'d>>,
}

impl<'d> Value<'d> {
    pub(super) fn new(source: usize, value: &'d Spanned<DeValue<'d>>) -> Self {
        Self { place: Place { source, at: value.span() }, inner: value.get_ref() }
    }

    pub(super) fn as_str(&self) -> Option<&'d str> {
        match self.inner {
            DeValue::String(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        match self.inner {
            DeValue::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn as_integer(&self) -> Option<i64> {
        match self.inner {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        }
    }

    pub(super) fn as_number(&self) -> Option<f64> {
        match self.inner {
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => self.as_integer().map(|number| number as f64),
        }
    }

    /// The elements of an array.
    pub(super) fn as_array(&self) -> Option<Vec<Value<'d>>> {
        match self.inner {
            DeValue::Array(array) => {
                Some(array.iter().map(|value| Value::new(self.place.source, value)).collect())
            }
            _ => None,
        }
    }

    pub(super) fn as_table(&self) -> Option<Table<'d>> {
        match self.inner {
            DeValue::Table(table) => Some(Table::new(self.place.clone(), table)),
            _ => None,
        }
    }

    /// What it is, for a sentence.
    pub(super) fn noun(&self) -> &'static str {
        match self.inner {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        }
    }
}

impl<'d> Table<'d> {
    pub(super) fn new(place: Place, table: &'d DeTable<'d>) -> Self {
        let source = place.source;
        let mut entries: Vec<Entry<'d>> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref(),
                key_place: Place { source, at: key.span() },
                value: Value::new(source, value),
            })
            .collect();
        entries.sort_by_key(|entry| entry.key_place.at.start);
        Self { place, entries }
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry<'d>> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value<'d>> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Complains of keys other than `known`.
    pub(super) fn only(&self, known: &[Key], report: &mut Report<'_>) {
        let names = known.iter().map(|key| key.name);
        let is_known = |entry: &&Entry<'_>| known.iter().any(|key| key.name == entry.key);
        for entry in self.entries.iter().filter(|entry| !is_known(entry)) {
            let hint = near::suggestion(entry.key, names.clone());
            report.error(&entry.key_place, format!("unknown key \"{}\"", entry.key), hint);
        }
    }
}

/// What is wrong so far.
pub(super) struct Report<'t> {
    pub(super) sources: Vec<Source<'t>>,
    /// Where the file names its preset: what is wrong with a preset is told there.
    pub(super) preset_at: Range<usize>,
    pub(super) found: Vec<Diagnostic>,
    /// Opens a file that the text names; `None` where the text came alone.
    pub(super) open: Option<super::Open<'t>>,
    /// Texts of files that the text brings along.
    pub(super) files: BTreeMap<String, String>,
}

impl<'t> Report<'t> {
    pub(super) fn new(file: &str, text: &'t str, open: Option<super::Open<'t>>) -> Self {
        let sources = vec![Source::new(file, text)];
        Self { sources, preset_at: 0..0, found: Vec::new(), open, files: BTreeMap::new() }
    }

    pub(super) fn error(
        &mut self,
        place: &Place,
        message: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        self.add(Severity::Error, place, message.into(), hint.into());
    }

    pub(super) fn warning(
        &mut self,
        place: &Place,
        message: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        self.add(Severity::Warning, place, message.into(), hint.into());
    }

    fn add(&mut self, severity: Severity, place: &Place, message: String, hint: Option<String>) {
        if self.found.len() >= MAX_DIAGNOSTICS {
            return;
        }
        let Some(own) = self.sources.first() else { return };
        let (at, message) = match self.sources.get(place.source) {
            Some(preset) if place.source > 0 => {
                let line = self.origin(place).line;
                (self.preset_at.clone(), format!("{}, line {line}: {message}", preset.label))
            }
            _ => (place.at.clone(), message),
        };
        let diagnostic = Diagnostic { hint, ..Diagnostic::new(severity, own.text, at, message) };
        if !self.found.contains(&diagnostic) {
            self.found.push(diagnostic);
        }
    }

    pub(super) fn origin(&self, place: &Place) -> Origin {
        let Some(source) = self.sources.get(place.source) else { return Origin::default() };
        let newlines = source.newlines.partition_point(|newline| *newline < place.at.start);
        Origin { file: source.label.clone(), line: u32::try_from(newlines + 1).unwrap_or(u32::MAX) }
    }

    /// A part of a text's content, as bytes of the file; the whole text where its content is not
    /// what stands there (escapes, several lines).
    pub(super) fn inside(&self, place: &Place, part: Range<usize>) -> Place {
        let source = self.sources.get(place.source);
        let raw = source.and_then(|source| source.text.get(place.at.clone())).unwrap_or_default();
        let quotes = match raw.as_bytes() {
            [b'\'', b'\'', b'\'', b'\r', b'\n', ..] => 5,
            [b'\'', b'\'', b'\'', b'\n', ..] => 4,
            [b'\'', b'\'', b'\'', ..] => 3,
            [b'\'', ..] => 1,
            [b'"', b'"', b'"', ..] => return place.clone(),
            [b'"', ..] if !raw.contains('\\') => 1,
            _ => return place.clone(),
        };
        let start = (place.at.start + quotes + part.start).min(place.at.end);
        let end = (place.at.start + quotes + part.end).clamp(start, place.at.end);
        Place { source: place.source, at: start..end }
    }

    /// A text; complains of anything else.
    pub(super) fn text<'d>(&mut self, value: &Value<'d>) -> Option<&'d str> {
        let text = value.as_str();
        if text.is_none() {
            self.mismatch(value, "a text in quotes");
        }
        text
    }

    /// Texts: one, or a list of them.
    pub(super) fn texts<'d>(&mut self, value: &Value<'d>) -> Vec<(&'d str, Place)> {
        let Some(elements) = value.as_array() else {
            let text = value.as_str();
            if text.is_none() {
                self.mismatch(value, "a text in quotes, or a list of them");
            }
            return text.map(|text| (text, value.place.clone())).into_iter().collect();
        };
        let mut texts = Vec::new();
        for element in &elements {
            if let Some(text) = self.text(element) {
                texts.push((text, element.place.clone()));
            }
        }
        texts
    }

    pub(super) fn truth(&mut self, value: &Value<'_>) -> bool {
        value.as_bool().unwrap_or_else(|| {
            self.mismatch(value, "true or false");
            false
        })
    }

    /// A whole number within `range`.
    pub(super) fn integer(
        &mut self,
        value: &Value<'_>,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<i64> {
        match value.as_integer() {
            Some(number) if range.contains(&number) => return Some(number),
            Some(_) => {
                let hint = format!("from {} to {}", range.start(), range.end());
                self.error(&value.place, "this number is out of range", hint);
            }
            None => self.mismatch(value, "a whole number"),
        }
        None
    }

    pub(super) fn table<'d>(&mut self, value: &Value<'d>) -> Option<Table<'d>> {
        let table = value.as_table();
        if table.is_none() {
            self.mismatch(value, "a table");
        }
        table
    }

    /// Complains that `value` is not `wanted`.
    pub(super) fn mismatch(&mut self, value: &Value<'_>, wanted: &str) {
        self.error(&value.place, format!("this is {}, not {wanted}", value.noun()), None);
    }
}
