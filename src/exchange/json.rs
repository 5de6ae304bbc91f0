//! Values → JSON text in which every character that a terminal could act on, or hide, is a `\u`
//! escape: any JSON reader gives the same value back, and `cat` shows it safely.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

pub use crate::wire::prints;

/// One line of JSON, without a newline.
pub fn render<T: Serialize>(value: &T) -> String {
    let mut bytes = Vec::with_capacity(256);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Visible::default());
    value.serialize(&mut serializer).expect("rows have string keys, and a Vec takes any bytes");
    String::from_utf8(bytes).expect("JSON text is UTF-8")
}

/// Compact JSON with all that does not print escaped.
#[derive(Default)]
struct Visible(CompactFormatter);

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut plain = 0;
        for (at, character) in fragment.char_indices() {
            if prints(character) {
                continue;
            }
            writer.write_all(&fragment.as_bytes()[plain..at])?;
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
            plain = at + character.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[plain..])
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        self.0.write_char_escape(writer, escape)
    }
}

#[cfg(test)]
mod tests {
    use super::{prints, render};

    #[test]
    fn what_does_not_print_is_escaped_and_comes_back() {
        let text =
            "plain é 漢 🦊 e\u{301} \u{7f}\u{9b}31m \u{202e}\u{200b}\u{feff}\u{2028}\u{e0001}";
        let json = render(&text);
        assert!(json.contains("plain é 漢 🦊 e\u{301} \\u007f\\u009b31m \\u202e\\u200b\\ufeff"));
        assert!(json.contains("\\udb40\\udc01"));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn no_control_and_no_bidi_character_prints() {
        for code in (0..0x20).chain(0x7f..0xa0).chain(0x202a..=0x202e).chain(0x2066..=0x2069) {
            assert!(!prints(char::from_u32(code).unwrap()), "U+{code:04X}");
        }
    }
}
