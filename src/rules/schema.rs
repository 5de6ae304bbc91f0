//! The text of a JSON Schema → whether a payload fits it, and what does not (rules.md, 2.5).
//!
//! Nothing is fetched: a `$ref` to anywhere else is a mistake of the schema. Patterns are matched in
//! linear time, so that no payload can make one hang.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

/// Bytes of a schema file: a protocol's schemas have some ten thousand.
pub const MAX_BYTES: usize = 1 << 20;

/// A compiled pattern may take this many bytes.
const PATTERN_SIZE: usize = 1 << 20;

/// Characters told of what is wrong.
const MAX_TOLD: usize = 160;

/// A schema, ready for use.
#[derive(Debug)]
pub(super) struct Schema(Validator);

impl Schema {
    /// Compiles a schema's text, or tells what is wrong with it.
    pub(super) fn compile(text: &str) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("it has over {} MiB", MAX_BYTES >> 20));
        }
        let schema: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let patterns = PatternOptions::regex().size_limit(PATTERN_SIZE);
        let built = jsonschema::options().with_pattern_options(patterns).build(&schema);
        built.map(Self).map_err(|error| short(&error.to_string()))
    }

    /// The first thing that does not fit: where in the payload, and what. The payload's own values
    /// are not told: they are the users'.
    pub(super) fn misfit(&self, body: &str) -> Option<(String, String)> {
        let value: Value = serde_json::from_str(body).ok()?;
        let error = self.0.validate(&value).err()?;
        let at = error.instance_path().as_str().to_owned();
        Some((short(&at), short(&error.masked_with("the value").to_string())))
    }
}

/// As much of a text as is told.
fn short(text: &str) -> String {
    let mut told: String = text.chars().take(MAX_TOLD).collect();
    if told.len() < text.len() {
        told.push('…');
    }
    told
}
