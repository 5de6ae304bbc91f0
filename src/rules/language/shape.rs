//! The keys of a rules file → a JSON Schema, by which editors complete and explain them.
//!
//! It never refuses what the reader reads (tested); that names are declared, the reader alone knows.

use serde_json::{Map, Value, json};

use super::keys::{CONDITION, FIELD, KINDS, Key, RULE, TOP, Takes};

/// A number with its unit.
const TIME: &str = r"^[0-9.]+\s*(us|ms|s|m|min|h)$";

/// The same, or a limit's name.
const DURATION: &str = r"^(\$.+|[0-9.]+\s*(us|ms|s|m|min|h))$";

/// The whole of a file, or the first part of it that is a list of places.
const POINTER: &str = "^(/|$)";

/// The JSON Schema (draft 7) of rules files.
pub fn json_schema() -> Value {
    let mut schema = table(TOP);
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["title"] = "Wiretape's rules".into();
    schema
}

/// A table that has these keys and no others.
fn table(keys: &[Key]) -> Value {
    let needed: Vec<&str> = keys.iter().filter(|key| key.is_needed).map(|key| key.name).collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties(keys),
        "additionalProperties": false,
    });
    if !needed.is_empty() {
        schema["required"] = needed.into();
    }
    schema
}

fn properties(keys: &[Key]) -> Map<String, Value> {
    let described = |key: &Key| {
        let mut schema = taken(&key.takes);
        if !key.about.is_empty() {
            schema["description"] = key.about.into();
        }
        schema
    };
    keys.iter().map(|key| (key.name.to_owned(), described(key))).collect()
}

/// A `[[rule]]`: its modifiers, and one kind.
fn rule() -> Value {
    let mut schema = table(RULE);
    if let Some(known) = schema["properties"].as_object_mut() {
        known.append(&mut properties(KINDS));
    }
    let kinds = KINDS.iter().map(|kind| json!({ "required": [kind.name] }));
    schema["oneOf"] = kinds.collect();
    schema
}

fn taken(takes: &Takes) -> Value {
    let text = || json!({ "type": "string" });
    let like = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match takes {
        Takes::Version => json!({ "const": 1 }),
        Takes::Text => text(),
        Takes::Truth => json!({ "type": "boolean" }),
        Takes::Texts => json!({ "anyOf": [text(), { "type": "array", "items": text() }] }),
        Takes::Names => names(),
        Takes::Two => json!({
            "type": "array",
            "items": names(),
            "minItems": 2,
            "maxItems": 2,
        }),
        Takes::Time => like(TIME),
        Takes::Duration => like(DURATION),
        Takes::DurationOrFalse => json!({ "anyOf": [like(DURATION), { "const": false }] }),
        Takes::Count(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Takes::Start => json!({ "anyOf": [{ "type": "integer" }, { "const": "any" }] }),
        Takes::Codes => json!({ "type": "array", "items": taken(&Takes::Count(1000, 4999)) }),
        Takes::Letter => like("^[!-~]$"),
        Takes::Number => json!({ "type": "number" }),
        Takes::Literals => json!({ "type": "array", "items": literal() }),
        Takes::Pointer => like(POINTER),
        Takes::Where => json!({
            "type": "object",
            "propertyNames": { "pattern": POINTER },
            "additionalProperties": {
                "anyOf": [literal(), taken(&Takes::Literals), table(CONDITION)],
            },
        }),
        Takes::Field => json!({ "anyOf": [taken(&Takes::Texts), table(FIELD)] }),
        Takes::Drain => json!({ "anyOf": [taken(&Takes::Truth), names()] }),
        Takes::Words(words) => json!({ "enum": words() }),
        Takes::Table(keys) => table(keys),
        Takes::Tables(keys) => json!({ "type": "array", "items": table(keys) }),
        Takes::Rules => json!({ "type": "array", "items": rule() }),
        Takes::Map(each) => json!({ "type": "object", "additionalProperties": taken(each) }),
    }
}

fn names() -> Value {
    let text = json!({ "type": "string" });
    json!({ "anyOf": [text, { "type": "array", "items": text, "minItems": 1 }] })
}

fn literal() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}
