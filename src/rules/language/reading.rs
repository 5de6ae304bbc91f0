//! `[decode]`, `[fields]` and `[[event]]` → [`Reading`].

use regex::Regex;

use super::document::{Report, Table, Value};
use super::keys;
use super::near;
use super::sections::Sections;
use crate::events::reading::{Condition, Literal};
use crate::events::{Field, Format, Locator, Naming, Reading, ValueType};
use crate::wire::Direction;

/// Fields of one file: each costs time in every message, and a field's number is a byte.
const MAX_FIELDS: usize = 100;

/// Names that a field can't have: they mean something in every key.
const TAKEN: [&str; 1] = ["conn"];

pub(super) const FORMATS: [(&str, Format); 5] = [
    ("json", Format::Json),
    ("jsonl", Format::JsonLines),
    ("socketio", Format::SocketIo),
    ("msgpack", Format::MessagePack),
    ("text", Format::Text),
];

/// Who sent it.
pub(super) const DIRECTIONS: [(&str, Direction); 2] =
    [("c2s", Direction::ClientToServer), ("s2c", Direction::ServerToClient)];

/// Time is told apart by its looks, so that its three names mean the same.
pub(super) const TYPES: [(&str, ValueType); 7] = [
    ("any", ValueType::Any),
    ("string", ValueType::Text),
    ("int", ValueType::Integer),
    ("time", ValueType::Time),
    ("unix_s", ValueType::Time),
    ("unix_ms", ValueType::Time),
    ("rfc3339", ValueType::Time),
];

/// How events are made, as the sections say.
pub(super) fn read(
    sections: &Sections<'_>,
    letters: &mut Vec<(String, char)>,
    report: &mut Report<'_>,
) -> Reading {
    let mut reading = Reading::default();
    decode(sections, &mut reading, report);
    for entry in &sections.fields {
        if TAKEN.contains(&entry.key) {
            let hint = "it always is the connection".to_owned();
            report.error(&entry.key_place, format!("no field can be called {}", entry.key), hint);
            continue;
        }
        let field = field(entry.key, &entry.value, report);
        if entry.key == "type" {
            reading.type_of = field;
        } else if reading.fields.len() < MAX_FIELDS {
            reading.fields.push(field);
        } else {
            report.error(&entry.key_place, format!("over {MAX_FIELDS} fields"), None);
            break;
        }
    }
    if reading.type_of.from.is_empty() {
        "type".clone_into(&mut reading.type_of.name);
        reading.type_of.from = vec![Locator::Pointer("/type".to_owned())];
    }
    derived_from_known_fields(sections, &reading, report);
    for table in &sections.events {
        let fields = reading.fields.iter().map(|field| field.name.as_str());
        event(table, (&mut reading.names, fields.collect()), letters, report);
    }
    reading
}

fn decode(sections: &Sections<'_>, reading: &mut Reading, report: &mut Report<'_>) {
    for entry in &sections.decode {
        let value = &entry.value;
        match entry.key {
            "format" => {
                if let Some(format) = one_of(value, &FORMATS, "format", report) {
                    reading.format = format;
                }
            }
            "each" => reading.each = pointer(value, report),
            "unwrap" => reading.unwrap = pointer(value, report),
            "text" => {
                reading.text = regex(value, report).map(|regex| {
                    if regex.capture_names().flatten().next().is_none() {
                        let hint = "write (?<type>…)".to_owned();
                        report.error(&value.place, "no group of this has a name", hint);
                    }
                    regex.as_str().to_owned()
                });
            }
            "jwt_from" => reading.jwt_from = locators(value, report),
            other => {
                let hint = near::suggestion(other, keys::DECODE.iter().map(|key| key.name));
                report.error(&entry.key_place, format!("unknown key \"{other}\""), hint);
            }
        }
    }
    let format = sections.decode.iter().find(|entry| entry.key == "format");
    if let (Format::Text, None, Some(entry)) = (reading.format, &reading.text, format) {
        let hint = "text = '^(?<type>\\w+) (?<rest>.*)$'".to_owned();
        report.error(&entry.value.place, "format \"text\" needs a regular expression", hint);
    }
}

fn field(name: &str, value: &Value<'_>, report: &mut Report<'_>) -> Field {
    let mut field = Field { name: name.to_owned(), ..Field::default() };
    let Some(table) = value.as_table() else {
        field.from = locators(value, report);
        return field;
    };
    table.only(keys::FIELD, report);
    if let Some(from) = table.get("from") {
        field.from = locators(from, report);
    }
    if let Some(absent) = table.get("absent") {
        let words = report.texts(absent);
        field.absent = words.into_iter().map(|(word, _)| word.to_owned()).collect();
    }
    if let Some(kind) = table.get("type") {
        field.value = one_of(kind, &TYPES, "type", report).unwrap_or_default();
    }
    field.sticky = table.get("sticky").is_some_and(|sticky| report.truth(sticky));
    if let Some(derive) = table.get("derive") {
        field.derive = derivation(derive, report);
    }
    if table.get("from").is_none() && table.get("derive").is_none() {
        let hint = format!("{name} = {{ from = [\"/{name}\"] }}");
        report.error(&table.place, "this field says no place", hint);
    }
    field
}

fn derivation(value: &Value<'_>, report: &mut Report<'_>) -> Option<(String, String)> {
    let table = report.table(value)?;
    table.only(keys::DERIVE, report);
    let (Some(from), Some(pattern)) = (table.get("field"), table.get("regex")) else {
        let hint = "derive = { field = \"run\", regex = '^(\\w+)-' }".to_owned();
        report.error(&table.place, "this needs a field and a regex", hint);
        return None;
    };
    let (from, regex) = (report.text(from)?, regex(pattern, report)?);
    if regex.captures_len() < 2 {
        let hint = "put what is wanted in ( )".to_owned();
        report.error(&pattern.place, "this regular expression has no group", hint);
    }
    Some((from.to_owned(), regex.as_str().to_owned()))
}

fn derived_from_known_fields(sections: &Sections<'_>, reading: &Reading, report: &mut Report<'_>) {
    for entry in &sections.fields {
        let derive = entry.value.as_table().and_then(|table| table.get("derive")?.as_table());
        let Some(from) = derive.and_then(|derive| derive.get("field").cloned()) else { continue };
        let Some(name) = from.as_str() else { continue };
        if reading.field(name).is_none() {
            let known = reading.fields.iter().map(|field| field.name.as_str());
            let hint = near::suggestion(name, known);
            report.error(&from.place, format!("there is no field \"{name}\""), hint);
        } else if name == entry.key {
            report.error(&from.place, "a field can't be derived from itself", None);
        }
    }
}

fn event(
    table: &Table<'_>,
    (names, known): (&mut Vec<Naming>, Vec<&str>),
    letters: &mut Vec<(String, char)>,
    report: &mut Report<'_>,
) {
    table.only(keys::EVENT, report);
    let Some(name) = table.get("name") else {
        report.error(&table.place, "this event has no name", "name = \"…\"".to_owned());
        return;
    };
    let Some(name) = report.text(name) else { return };
    let mut naming = Naming { name: name.to_owned(), ..Naming::default() };
    let conditions = table.get("where");
    match table.get("type") {
        Some(types) => {
            let types = report.texts(types);
            naming.types = types.into_iter().map(|(word, _)| word.to_owned()).collect();
        }
        // With conditions and no type it is the conditions alone that tell.
        None if conditions.is_none() => naming.types.push(name.to_owned()),
        None => {}
    }
    if let Some(direction) = table.get("dir") {
        naming.direction = one_of(direction, &DIRECTIONS, "dir", report);
    }
    if let Some(value) = conditions {
        naming.conditions = self::conditions(value, report);
    }
    if let Some(fields) = table.get("fields").and_then(|value| report.table(value)) {
        for entry in &fields.entries {
            if !known.contains(&entry.key) {
                let hint = near::suggestion(entry.key, known.iter().copied());
                let message = format!("there is no field \"{}\"", entry.key);
                report.error(&entry.key_place, message, hint);
                continue;
            }
            naming.fields.push((entry.key.to_owned(), locators(&entry.value, report)));
        }
    }
    if let Some(letter) = table.get("letter") {
        let text = report.text(letter).unwrap_or_default();
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(letter), None) if letter.is_ascii_graphic() => {
                letters.retain(|(event, _)| event != name);
                letters.push((name.to_owned(), letter));
            }
            _ => report.error(&letter.place, "a letter is one ASCII character", None),
        }
    }
    names.push(naming);
}

/// What a `where` asks of a payload.
pub(super) fn conditions(value: &Value<'_>, report: &mut Report<'_>) -> Vec<(String, Condition)> {
    let Some(table) = report.table(value) else { return Vec::new() };
    let mut conditions = Vec::new();
    for entry in &table.entries {
        if let Some(why) = wrong_pointer(entry.key) {
            report.error(&entry.key_place, why, "write \"/payload/status\"".to_owned());
            continue;
        }
        for condition in condition(&entry.value, report) {
            conditions.push((entry.key.to_owned(), condition));
        }
    }
    conditions
}

fn condition(value: &Value<'_>, report: &mut Report<'_>) -> Vec<Condition> {
    if let Some(elements) = value.as_array() {
        return vec![Condition::In(
            elements.iter().filter_map(|one| literal(one, report)).collect(),
        )];
    }
    let Some(table) = value.as_table() else {
        return literal(value, report).map(|one| Condition::In(vec![one])).into_iter().collect();
    };
    table.only(keys::CONDITION, report);
    let mut conditions = Vec::new();
    if let Some(elements) = table.get("in") {
        match elements.as_array() {
            Some(_) => conditions.extend(condition(elements, report)),
            None => report.mismatch(elements, "a list"),
        }
    }
    if let Some(exists) = table.get("exists") {
        conditions.push(Condition::Exists(report.truth(exists)));
    }
    if let Some(pattern) = table.get("regex")
        && let Some(regex) = regex(pattern, report)
    {
        conditions.push(Condition::Regex(regex.as_str().to_owned()));
    }
    let mut bound = |open: &str, closed: &str| {
        let value = table.get(open).or_else(|| table.get(closed))?;
        let number = value.as_number().filter(|number| number.is_finite());
        if number.is_none() {
            report.mismatch(value, "a number to compare with");
        }
        number.map(|number| (number, table.get(open).is_some()))
    };
    let (from, to) = (bound("gt", "ge"), bound("lt", "le"));
    if from.is_some() || to.is_some() {
        let open = (from.is_some_and(|bound| bound.1), to.is_some_and(|bound| bound.1));
        conditions.push(Condition::Range { from: from.map(|b| b.0), to: to.map(|b| b.0), open });
    }
    if table.entries.is_empty() {
        let hint = "\"/a\" = \"x\", or { exists = true }".to_owned();
        report.error(&value.place, "this condition says nothing", hint);
    }
    conditions
}

fn literal(value: &Value<'_>, report: &mut Report<'_>) -> Option<Literal> {
    let literal = match (value.as_str(), value.as_bool(), value.as_number()) {
        (Some(text), ..) => Some(Literal::Text(text.to_owned())),
        (_, Some(truth), _) => Some(Literal::Bool(truth)),
        (.., Some(number)) => Some(Literal::Number(number)),
        _ => None,
    };
    if literal.is_none() {
        report.mismatch(value, "a text, a number, true or false");
    }
    literal
}

fn locators(value: &Value<'_>, report: &mut Report<'_>) -> Vec<Locator> {
    let mut locators = Vec::new();
    for (text, place) in report.texts(value) {
        match Locator::parse(text) {
            Ok(Locator::Pointer(pointer) | Locator::First(pointer))
                if wrong_pointer(&pointer).is_some() =>
            {
                let why = wrong_pointer(&pointer).unwrap_or_default();
                report.error(&place, why, "'~' is written ~0, '/' in a name ~1".to_owned());
            }
            Ok(locator) => locators.push(locator),
            Err(error) => {
                let hint = "write /pointer, header:X, cookie:X, query:x, path:N, subprotocol, \
                            jwt:claim, first:/pointer, conn or const:x";
                let short = error.0.split(" is no place").next().unwrap_or_default();
                if short == error.0 {
                    report.error(&place, error.0, None);
                } else {
                    report.error(&place, format!("\"{short}\" is no place"), hint.to_owned());
                }
            }
        }
    }
    locators
}

fn pointer(value: &Value<'_>, report: &mut Report<'_>) -> Option<String> {
    let text = report.text(value)?;
    match wrong_pointer(text) {
        None => Some(text.to_owned()),
        Some(why) => {
            report.error(&value.place, why, "write \"/payload\", or \"\" for the whole".to_owned());
            None
        }
    }
}

/// Why `text` is no RFC 6901 pointer.
fn wrong_pointer(text: &str) -> Option<&'static str> {
    if !text.is_empty() && !text.starts_with('/') {
        return Some("a pointer begins with '/'");
    }
    let mut escapes = text.split('~').skip(1);
    let wrong = escapes.any(|after| !after.starts_with(['0', '1']));
    wrong.then_some("'~' in a pointer is followed by 0 or 1")
}

/// A regular expression that compiles.
fn regex(value: &Value<'_>, report: &mut Report<'_>) -> Option<Regex> {
    let text = report.text(value)?;
    match Regex::new(text) {
        Ok(regex) => Some(regex),
        Err(error) => {
            // The message's last line is the reason; the lines before draw what is drawn here.
            let told = error.to_string();
            let why = told.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let message = format!("this regular expression can't be used: {why}");
            report.error(&value.place, message, None);
            None
        }
    }
}

/// One of some words.
pub(super) fn one_of<T: Copy>(
    value: &Value<'_>,
    known: &[(&str, T)],
    what: &str,
    report: &mut Report<'_>,
) -> Option<T> {
    let text = report.text(value)?;
    let found = known.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let hint = near::suggestion(text, known.iter().map(|(word, _)| *word));
        report.error(&value.place, format!("unknown {what} \"{text}\""), hint);
    }
    found.map(|(_, meaning)| *meaning)
}
