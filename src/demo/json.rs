//! Values → JSON text with the keys in the order they were given, so that bytes never vary.

use std::fmt::{self, Display, Write};

/// A JSON value.
#[derive(Clone, Debug)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Whole(i64),
    /// A decimal with this many hundredths: money, percentages, scores.
    Hundredths(i64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

/// An object with these members, in this order.
pub(super) fn object<const N: usize>(members: [(&'static str, Json); N]) -> Json {
    Json::Object(members.into())
}

/// An array.
pub(super) fn list(values: impl IntoIterator<Item = Json>) -> Json {
    Json::List(values.into_iter().collect())
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Json {
    fn from(number: u64) -> Self {
        Self::Whole(number as i64)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl Display for Json {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Whole(number) => write!(out, "{number}"),
            Self::Hundredths(number) => write!(out, "{}.{:02}", number / 100, number % 100),
            Self::Text(text) => quoted(out, text),
            Self::List(values) => {
                out.write_char('[')?;
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        out.write_char(',')?;
                    }
                    write!(out, "{value}")?;
                }
                out.write_char(']')
            }
            Self::Object(members) => {
                out.write_char('{')?;
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.write_char(',')?;
                    }
                    quoted(out, key)?;
                    write!(out, ":{value}")?;
                }
                out.write_char('}')
            }
        }
    }
}

/// Writes a JSON string: only what RFC 8259, 7 demands is escaped, so emoji and CJK stay readable.
fn quoted(out: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\t' => out.write_str("\\t")?,
            '\u{0}'..='\u{1f}' => write!(out, "\\u{:04x}", u32::from(character))?,
            other => out.write_char(other)?,
        }
    }
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::{Json, list, object};

    #[test]
    fn text_is_escaped_and_order_is_kept() {
        let value = object([
            ("z", "a\"b\\c\n\u{1}漢🦊".into()),
            ("a", list([Json::Null, true.into(), 7_u64.into(), Json::Hundredths(1205)])),
        ]);
        let text = value.to_string();
        assert_eq!(text, r#"{"z":"a\"b\\c\n\u0001漢🦊","a":[null,true,7,12.05]}"#);
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
}
