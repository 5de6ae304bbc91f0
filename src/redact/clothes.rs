//! Text ↔ the same text as it is written elsewhere: base64, hexadecimal digits, UTF-16, HTML.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// How a text was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clothes {
    bytes: Bytes,
    letters: Letters,
}

/// How bytes were written.
#[derive(Clone, Copy, Debug)]
enum Bytes {
    Base64(&'static GeneralPurpose),
    Hex,
}

/// How letters were.
#[derive(Clone, Copy, Debug)]
enum Letters {
    Utf8,
    Utf16Le,
    Utf16Be,
}

impl Clothes {
    /// The same for another text.
    pub(super) fn put_on(self, text: &str) -> String {
        let bytes = match self.letters {
            Letters::Utf8 => text.as_bytes().to_vec(),
            Letters::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Letters::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        };
        match self.bytes {
            Bytes::Base64(engine) => engine.encode(bytes),
            Bytes::Hex => {
                let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
                nibbles.filter_map(|it| char::from_digit(it.into(), 16)).collect()
            }
        }
    }
}

/// The text in a run of letters and digits, and how it is written there.
pub(super) fn decoded(run: &str) -> Option<(String, Clothes)> {
    let hex = hex(run).map(|bytes| (bytes, Bytes::Hex));
    let engines = [&STANDARD, &URL_SAFE, &STANDARD_NO_PAD, &URL_SAFE_NO_PAD].into_iter();
    let base64 =
        engines.filter_map(|engine| Some((engine.decode(run).ok()?, Bytes::Base64(engine))));
    hex.into_iter().chain(base64).find_map(|(decoded, bytes)| {
        let (text, letters) = text(&decoded)?;
        Some((text, Clothes { bytes, letters }))
    })
}

/// The bytes in base64.
pub(super) fn bytes(run: &str) -> Option<Vec<u8>> {
    let bare = run.trim_end_matches('=');
    STANDARD_NO_PAD.decode(bare).or_else(|_| URL_SAFE_NO_PAD.decode(bare)).ok()
}

/// They are in the form of gzip (RFC 1952) or zlib (RFC 1950).
pub(super) fn is_compressed(bytes: &[u8]) -> bool {
    let is_zlib = |first: u8, second: u8| {
        first == 0x78
            && second & 0x20 == 0
            && (u16::from(first) << 8 | u16::from(second)).is_multiple_of(31)
    };
    match bytes {
        [0x1f, 0x8b, 8, ..] => bytes.len() >= 18,
        [first, second, ..] => bytes.len() >= 16 && is_zlib(*first, *second),
        _ => false,
    }
}

fn hex(run: &str) -> Option<Vec<u8>> {
    let digits = run.as_bytes().chunks_exact(2);
    let is_hex = digits.remainder().is_empty() && run.bytes().all(|byte| byte.is_ascii_hexdigit());
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    is_hex.then(|| digits.map(byte).collect())?
}

fn text(bytes: &[u8]) -> Option<(String, Letters)> {
    let units = |of: fn([u8; 2]) -> u16| -> Option<String> {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| of([pair[0], pair[1]])).collect();
        // Any bytes are some letters of UTF-16; of a text, most are of the first few hundred.
        let common = units.iter().filter(|unit| **unit < 0x250).count();
        let is_text =
            bytes.len() >= 8 && bytes.len().is_multiple_of(2) && common * 10 >= units.len() * 9;
        is_text.then(|| String::from_utf16(&units).ok()).flatten().filter(|text| prints(text))
    };
    let wide = [
        (Letters::Utf16Le, units(u16::from_le_bytes)),
        (Letters::Utf16Be, units(u16::from_be_bytes)),
    ];
    let utf8 = String::from_utf8(bytes.to_vec()).ok().filter(|text| prints(text));
    let utf8 = utf8.map(|text| (text, Letters::Utf8));
    utf8.or_else(|| wide.into_iter().find_map(|(letters, text)| Some((text?, letters))))
}

/// It has no control letters that no text has.
pub(super) fn prints(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|letter| letter.is_control() && !letter.is_whitespace())
}

/// Lines of a block of base64 are at least this long; those of other texts are words.
const SHORTEST_LINE: usize = 20;

/// Blocks of lines that all fit and are of one length, but for the last (RFC 2045, 6.8).
pub(super) fn lines(text: &str, fits: impl Fn(u8) -> bool) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    if !text.contains('\n') {
        return found;
    }
    // A block that may go on: where it is, and how long its lines are.
    let mut block: Option<(Range<usize>, usize)> = None;
    let mut at = 0;
    for piece in text.split_inclusive('\n') {
        let line = piece.trim_end_matches(['\r', '\n']);
        let range = at..at + line.len();
        at += piece.len();
        let is_run = !line.is_empty() && line.bytes().all(&fits);
        match block.take() {
            Some((start, size)) if is_run && line.len() == size => {
                block = Some((start.start..range.end, size));
            }
            Some((start, size)) if is_run && line.len() < size => {
                found.push(start.start..range.end);
            }
            ended => {
                found.extend(ended.map(|(range, _)| range));
                block = (is_run && line.len() >= SHORTEST_LINE).then_some((range, line.len()));
            }
        }
    }
    found.extend(block.map(|(range, _)| range));
    found.retain(|range| text[range.clone()].contains('\n'));
    found
}

/// `&quot;` and its like, as letters; `None` where there are none.
pub(super) fn html_decoded(text: &str) -> Option<String> {
    const NAMED: [(&str, char); 8] = [
        ("amp", '&'),
        ("apos", '\''),
        ("colon", ':'),
        ("commat", '@'),
        ("equals", '='),
        ("gt", '>'),
        ("lt", '<'),
        ("quot", '"'),
    ];
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let name = after.split_once(';').filter(|(name, _)| name.len() <= 8);
        let letter = name.and_then(|(name, _)| match name.strip_prefix('#') {
            Some(digits) => {
                let hex = digits.strip_prefix(['x', 'X']).map(|hex| u32::from_str_radix(hex, 16));
                char::from_u32(hex.unwrap_or_else(|| digits.parse()).ok()?)
            }
            None => NAMED.iter().find(|(known, _)| *known == name).map(|(_, letter)| *letter),
        });
        if let Some(((_, after), letter)) = name.zip(letter) {
            out.push(letter);
            rest = after;
        } else {
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
    (out != text).then_some(out)
}

/// As it may stand in HTML.
pub(super) fn html_encoded(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

/// A text without the percent signs that a URL means nothing by (`%61` is `a`: RFC 3986, 2.3);
/// `None` where there are none.
pub(super) fn unreserved_decoded(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let code = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let is_plain = |code: &u8| code.is_ascii_alphanumeric() || b"-._~".contains(code);
        if let Some(code) = code.filter(is_plain) {
            out.push(char::from(code));
            rest = &after[2..];
        } else {
            out.push('%');
            rest = after;
        }
    }
    out.push_str(rest);
    (out != text).then_some(out)
}
