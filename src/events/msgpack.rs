//! `MessagePack` → JSON text, so that pointers lead through it.
//!
//! Keys become texts. Binaries are texts where they are UTF-8 (older writers have no other texts),
//! else base64. A timestamp (extension −1) becomes its seconds; other extensions and numbers that
//! JSON lacks become null.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Deeper nesting is not read: serde's own limit for JSON.
const DEEPEST: u32 = 128;

/// The one value that `bytes` are; `None` if they are anything else.
pub(super) fn to_json(bytes: &[u8]) -> Option<String> {
    let mut reader = Reader { bytes, json: String::with_capacity(bytes.len() * 2) };
    reader.value(0)?;
    reader.bytes.is_empty().then_some(reader.json)
}

struct Reader<'a> {
    /// What is left.
    bytes: &'a [u8],
    json: String,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.bytes.split_at_checked(length)?;
        self.bytes = left;
        Some(taken)
    }

    /// A big-endian number of `N` bytes.
    fn number<const N: usize>(&mut self) -> Option<u64> {
        let bytes = self.take(N)?;
        Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn length<const N: usize>(&mut self) -> Option<usize> {
        usize::try_from(self.number::<N>()?).ok()
    }

    fn value(&mut self, depth: u32) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match self.number::<1>()? as u8 {
            small @ 0x00..=0x7f => self.write(small),
            first @ 0x80..=0x8f => self.map(usize::from(first & 0x0f), depth),
            first @ 0x90..=0x9f => self.array(usize::from(first & 0x0f), depth),
            first @ 0xa0..=0xbf => self.text(usize::from(first & 0x1f)),
            0xc0 => self.write("null"),
            0xc1 => None,
            0xc2 => self.write(false),
            0xc3 => self.write(true),
            0xc4 | 0xd9 => self.length::<1>().and_then(|length| self.text(length)),
            0xc5 | 0xda => self.length::<2>().and_then(|length| self.text(length)),
            0xc6 | 0xdb => self.length::<4>().and_then(|length| self.text(length)),
            0xc7 => self.length::<1>().and_then(|length| self.extension(length)),
            0xc8 => self.length::<2>().and_then(|length| self.extension(length)),
            0xc9 => self.length::<4>().and_then(|length| self.extension(length)),
            0xca => self.number::<4>().and_then(|bits| {
                // Its own shortest digits, not those of the wider float.
                let narrow = f32::from_bits(bits as u32);
                self.float(narrow.to_string().parse().unwrap_or(f64::from(narrow)))
            }),
            0xcb => self.number::<8>().and_then(|bits| self.float(f64::from_bits(bits))),
            0xcc => self.number::<1>().and_then(|number| self.write(number)),
            0xcd => self.number::<2>().and_then(|number| self.write(number)),
            0xce => self.number::<4>().and_then(|number| self.write(number)),
            0xcf => self.number::<8>().and_then(|number| self.write(number)),
            0xd0 => self.number::<1>().and_then(|number| self.write(number as i8)),
            0xd1 => self.number::<2>().and_then(|number| self.write(number as i16)),
            0xd2 => self.number::<4>().and_then(|number| self.write(number as i32)),
            0xd3 => self.number::<8>().and_then(|number| self.write(number as i64)),
            first @ 0xd4..=0xd8 => self.extension(1 << (first - 0xd4)),
            0xdc => self.length::<2>().and_then(|length| self.array(length, depth)),
            0xdd => self.length::<4>().and_then(|length| self.array(length, depth)),
            0xde => self.length::<2>().and_then(|length| self.map(length, depth)),
            0xdf => self.length::<4>().and_then(|length| self.map(length, depth)),
            negative @ 0xe0..=0xff => self.write(negative as i8),
        }
    }

    fn array(&mut self, length: usize, depth: u32) -> Option<()> {
        self.json.push('[');
        for at in 0..length {
            if at > 0 {
                self.json.push(',');
            }
            self.value(depth + 1)?;
        }
        self.json.push(']');
        Some(())
    }

    fn map(&mut self, length: usize, depth: u32) -> Option<()> {
        self.json.push('{');
        for at in 0..length {
            if at > 0 {
                self.json.push(',');
            }
            let key = self.json.len();
            self.value(depth + 1)?;
            // A key is a text already, or a number or the like and becomes its JSON text. One that
            // holds others is nobody's, and its quotes would double with each level.
            if self.json[key..].starts_with(['{', '[']) {
                return None;
            }
            if !self.json[key..].starts_with('"') {
                let text = self.json.split_off(key);
                self.quoted(&text)?;
            }
            self.json.push(':');
            self.value(depth + 1)?;
        }
        self.json.push('}');
        Some(())
    }

    fn text(&mut self, length: usize) -> Option<()> {
        let bytes = self.take(length)?;
        match str::from_utf8(bytes) {
            Ok(text) => self.quoted(text),
            Err(_) => self.quoted(&STANDARD.encode(bytes)),
        }
    }

    fn extension(&mut self, length: usize) -> Option<()> {
        let kind = self.number::<1>()? as i8;
        let bytes = self.take(length)?;
        let mut inner = Reader { bytes, json: String::new() };
        let (seconds, nanoseconds) = match (kind, length) {
            (-1, 4) => (inner.number::<4>()? as i64, 0),
            (-1, 8) => {
                let both = inner.number::<8>()?;
                ((both & 0x3_ffff_ffff) as i64, both >> 34)
            }
            (-1, 12) => {
                let nanoseconds = inner.number::<4>()?;
                (inner.number::<8>()? as i64, nanoseconds)
            }
            _ => return self.write("null"),
        };
        self.float(seconds as f64 + nanoseconds as f64 / 1e9)
    }

    fn float(&mut self, number: f64) -> Option<()> {
        if number.is_finite() { self.write(format_args!("{number:e}")) } else { self.write("null") }
    }

    fn quoted(&mut self, text: &str) -> Option<()> {
        self.json.push_str(&serde_json::to_string(text).ok()?);
        Some(())
    }

    fn write(&mut self, value: impl std::fmt::Display) -> Option<()> {
        write!(self.json, "{value}").ok()
    }
}

#[cfg(test)]
mod tests {
    use super::to_json;

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        assert_eq!(to_json(bytes).as_deref(), Some(expected));
    }

    #[test]
    fn each_kind_of_value() {
        check(
            b"\x83\xa1a\x01\x02\x93\xff\xc0\xc3\xa1\"\xd9\x01\"",
            r#"{"a":1,"2":[-1,null,true],"\"":"\""}"#,
        );
        check(b"\xcb\x3f\xf8\0\0\0\0\0\0", "1.5e0");
        check(b"\xca\x3d\xcc\xcc\xcd", "1e-1");
        check(b"\xcb\x7f\xf8\0\0\0\0\0\0", "null");
        check(b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615");
        check(b"\xd3\x80\0\0\0\0\0\0\0", "-9223372036854775808");
        check(b"\xd1\xff\xfe", "-2");
        check(b"\xc4\x02\xff\xfe", "\"//4=\"");
        check(b"\xc4\x02hi", "\"hi\"");
        check(b"\xd6\xff\x65\x53\xf1\0", "1.7e9");
        check(b"\xd4\x05\0", "null");
        check(b"\xdc\0\x01\x90", "[[]]");
    }

    #[test]
    fn what_is_not_one_whole_value_is_none() {
        for bytes in
            [&b""[..], b"\x01\x01", b"\xa2a", b"\xc1", b"\xdd\xff\xff\xff\xff", b"\x81\x01"]
        {
            assert_eq!(to_json(bytes), None, "{bytes:?}");
        }
        assert_eq!(to_json(&vec![0x91; 1 << 20]), None);
        assert_eq!(to_json(&vec![0x81; 1 << 20]), None);
        assert_eq!(to_json(b"\x81\x81\x01\x02\x03"), None);
    }
}
