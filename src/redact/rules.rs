//! The text of the rules → the same rules, without comments and without what is hidden in them.

use std::collections::HashSet;

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value};

use super::json::{self, Part};
use super::names::{Form, Kind};
use super::review::Rule;
use super::text::Redactor;

/// Where it is found.
const PLACE: &str = "the rules";

/// Members of rules, and of JSON Schemas, that are there for who reads them.
const PROSE: [&str; 7] =
    ["note", "$comment", "comment", "default", "description", "examples", "title"];

/// What the rules ask for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Texts that stand in them, and the words of these.
    words: HashSet<String>,
    /// Members that they compare.
    members: HashSet<String>,
}

impl Asked {
    fn of(document: &DocumentMut) -> Self {
        let mut asked = Self::default();
        for (key, item) in document.iter().filter(|(key, _)| *key != "files") {
            asked.item(key, item);
        }
        asked
    }

    fn item(&mut self, key: &str, item: &Item) {
        if PROSE.contains(&key) {
            return;
        }
        if let Some(name) = key.strip_prefix('/') {
            let name = name.rsplit('/').next().unwrap_or(name);
            self.members.insert(name.replace("~1", "/").replace("~0", "~"));
        }
        if let Some(table) = item.as_table_like() {
            for (key, item) in table.iter() {
                self.item(key, item);
            }
        } else if let Some(tables) = item.as_array_of_tables() {
            for (key, item) in tables.iter().flat_map(Table::iter) {
                self.item(key, item);
            }
        } else if let Some(value) = item.as_value() {
            self.value(value);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                let text = text.value();
                self.words.extend(text.split(|it: char| !it.is_alphanumeric()).map(str::to_owned));
                self.words.insert(text.clone());
            }
            Value::Array(values) => values.iter().for_each(|value| self.value(value)),
            Value::InlineTable(table) => {
                for (key, value) in table {
                    self.item(key, &Item::Value(value.clone()));
                }
            }
            _ => {}
        }
    }

    /// It is one of their words.
    pub(super) fn says(&self, text: &str) -> bool {
        self.words.contains(text)
    }

    /// They compare what is in members of this name.
    pub(super) fn reads(&self, key: &str) -> bool {
        self.members.contains(key)
    }
}

impl Redactor {
    /// Rules that can't be read judge nothing, and are left out.
    pub(super) fn rules(&mut self, text: &str) -> Option<String> {
        let mut document: DocumentMut = text.parse().ok()?;
        self.rules = Asked::of(&document);
        document.set_trailing("");
        self.table(document.as_table_mut());
        Some(document.to_string())
    }

    fn table(&mut self, table: &mut Table) {
        table.decor_mut().clear();
        for (mut key, item) in table.iter_mut() {
            key.leaf_decor_mut().clear();
            key.dotted_decor_mut().clear();
            let key = key.get().to_owned();
            match item {
                Item::None => {}
                Item::Value(value) => self.value(&key, value),
                Item::Table(table) => self.table(table),
                Item::ArrayOfTables(tables) => tables.iter_mut().for_each(|it| self.table(it)),
            }
        }
    }

    fn value(&mut self, key: &str, value: &mut Value) {
        match value {
            Value::String(text) => {
                let other = self.rule_text(key, text.value());
                if other != *text.value() {
                    *value = Value::from(other);
                }
            }
            Value::Array(values) => self.array(key, values),
            Value::InlineTable(table) => self.inline(table),
            _ => {}
        }
        value.decor_mut().clear();
    }

    fn array(&mut self, key: &str, values: &mut Array) {
        values.iter_mut().for_each(|value| self.value(key, value));
        values.set_trailing("");
    }

    fn inline(&mut self, table: &mut InlineTable) {
        for (mut key, value) in table.iter_mut() {
            key.leaf_decor_mut().clear();
            key.dotted_decor_mut().clear();
            let key = key.get().to_owned();
            self.value(&key, value);
        }
        table.set_trailing("");
    }

    fn rule_text(&mut self, key: &str, text: &str) -> String {
        if self.is_strict() && PROSE.contains(&key) {
            return self.hide((Rule::Strict, PLACE), Kind::Text, text, Form::Marked);
        }
        // `cookie:token` says where a token is, and holds none.
        if let Some((of @ ("header" | "cookie" | "query"), name)) = text.split_once(':') {
            return format!("{of}:{}", self.said(PLACE, name));
        }
        // A JSON Schema, brought along: its shape is what it says.
        if json::is_json(text) {
            return json::walk(text, PLACE, &mut |spot, part| {
                let Part::Text(text) = part else { return None };
                let other = if self.is_strict() && PROSE.contains(&spot.key) {
                    self.hide((Rule::Strict, PLACE), Kind::Text, text, Form::Marked)
                } else {
                    self.said(PLACE, text)
                };
                (other != text).then_some(other)
            });
        }
        self.said(PLACE, text)
    }
}
