//! A line that serde refuses → which field of it is wrong, and what belongs there.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// Characters told of a value that is wrong; it may be as long as a line.
const MAX_TOLD: usize = 120;

/// A line that has a kind, whatever its other fields are.
#[derive(Deserialize)]
pub(super) struct Kind<'a> {
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
}

/// `bytes` as a `T`; or what is wrong with which field.
pub(super) fn row<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| refused(bytes, &error))
}

fn refused(bytes: &[u8], error: &serde_json::Error) -> String {
    let text = error.to_string();
    // The line that counts is the file's, not "line 1".
    let Some((what, _)) = text.rsplit_once(" at line ") else { return in_short(&text) };
    let what = in_short(&in_words(what));
    let misses = what.starts_with("missing field") || what.starts_with("duplicate field");
    match path(bytes, bytes, error.column()).filter(|_| !misses) {
        Some(path) => format!("{path}: {what}"),
        None => format!("{what} at byte {}", error.column()),
    }
}

/// The names that lead to the value at `column` of `line`: `started_ns`, `c2s.frames`.
fn path(line: &[u8], object: &[u8], column: usize) -> Option<String> {
    // A nested object is looked at again, a list is not; nothing that is read here is nested
    // deeper than a connection's close reason.
    let fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(object).ok()?;
    let (name, value) = fields.iter().find(|(_, value)| {
        let start = (value.get().as_ptr() as usize).wrapping_sub(line.as_ptr() as usize);
        // A wrong value is told at its first byte, at its last, or at the one after it.
        (start..=start.saturating_add(value.get().len() + 1)).contains(&column)
    })?;
    let name = in_short(name);
    let inner = value.get().starts_with('{').then(|| path(line, value.get().as_bytes(), column));
    Some(match inner.flatten() {
        Some(inner) => format!("{name}.{inner}"),
        None => name,
    })
}

/// serde's names of types, as a person says them.
fn in_words(what: &str) -> String {
    let Some((found, expected)) = what.rsplit_once(", expected ") else { return what.to_owned() };
    let expected = match expected {
        "i64" => "a whole number",
        "u64" => "a whole number from 0",
        "u16" => "a whole number from 0 to 65535",
        "a sequence" => "a list",
        structure if structure.starts_with("struct ") => "an object",
        other => other,
    };
    format!("{found}, expected {expected}")
}

/// Without its middle, where it is long.
pub(super) fn in_short(text: &str) -> String {
    let count = text.chars().count();
    if count <= MAX_TOLD {
        return text.to_owned();
    }
    let half = MAX_TOLD / 2;
    let tail: String = text.chars().skip(count - half).collect();
    format!("{}…{tail}", text.chars().take(half).collect::<String>())
}
