//! Untrusted bytes → text that is safe and honest on a terminal. The one place where that happens.
//!
//! Whatever does not show as itself becomes a visible escape: `\n` `\r` `\t`, else `\u{1b}`; bytes
//! that are not UTF-8 become `\xff`. So no control character, no C1 byte, no bidi mark and no
//! zero-width character gets through, and columns stay where they are. Piped output is the same.
//! A backslash stays one backslash, so that JSON stays readable; exact values are in `--json`.

use std::path::Path;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::wire::prints;

/// Marks kept on one character: Vietnamese takes two, Hebrew three; towers of 500 are an attack.
const MAX_MARKS: usize = 4;

/// Printable by the tables, and yet nothing to see: fillers and joiners that hide text.
const INVISIBLE: [char; 12] = [
    '\u{34f}', '\u{115f}', '\u{1160}', '\u{17b4}', '\u{17b5}', '\u{180b}', '\u{180c}', '\u{180d}',
    '\u{180f}', '\u{2800}', '\u{3164}', '\u{ffa0}',
];

/// `text` with all that does not show as itself escaped.
pub(crate) fn text(text: &str) -> String {
    bytes(text.as_bytes())
}

/// `bytes` as text.
pub(crate) fn bytes(bytes: &[u8]) -> String {
    let mut pieces = Pieces::new(bytes);
    let mut shown = String::with_capacity(bytes.len());
    while pieces.next(&mut shown) {}
    shown
}

/// A path as text.
pub(crate) fn path(path: &Path) -> String {
    bytes(path.as_os_str().as_encoded_bytes())
}

/// `bytes` as text of at most `width` columns; `…` stands for what did not fit. Looks at no more
/// bytes than fit, however many there are.
pub(crate) fn fit(bytes: &[u8], width: usize) -> String {
    let mut pieces = Pieces::new(bytes);
    let mut shown = String::new();
    let mut columns = 0;
    let mut room_for_ellipsis = 0;
    loop {
        let before = shown.len();
        if !pieces.next(&mut shown) {
            return shown;
        }
        columns += shown[before..].width();
        if columns > width {
            shown.truncate(room_for_ellipsis);
            if width > 0 {
                shown.push('…');
            }
            return shown;
        }
        if columns < width {
            room_for_ellipsis = shown.len();
        }
    }
}

/// Already escaped text in lines of at most `columns`, broken between words; lines after the first
/// begin with `indent` spaces. A longer word stays whole, so that it can be copied.
pub(crate) fn wrap(shown: &str, columns: usize, indent: usize) -> String {
    let indent = " ".repeat(indent.min(columns / 4));
    let mut wrapped = String::with_capacity(shown.len());
    let (mut used, mut spaces) = (0, 0);
    for (place, word) in shown.split(' ').enumerate() {
        spaces += usize::from(place > 0);
        if word.is_empty() {
            continue;
        }
        if used > 0 && used + spaces + width(word) > columns {
            wrapped = wrapped + "\n" + &indent;
            used = indent.len();
        } else {
            wrapped.push_str(&" ".repeat(spaces));
            used += spaces;
        }
        wrapped.push_str(word);
        used += width(word);
        spaces = 0;
    }
    wrapped
}

/// Where rows of at most `columns` begin in `bytes`; a row ends after a line break, too.
pub(crate) fn rows(bytes: &[u8], columns: usize) -> Vec<u32> {
    let mut begins = Vec::new();
    let (mut at, mut used, mut is_new) = (0, 0, true);
    let mut piece = String::new();
    while at < bytes.len() {
        let is_plain = |byte: Option<&u8>| byte.is_some_and(|byte| (0x20..0x7f).contains(byte));
        // A letter that no mark follows is a piece of one column: nearly all are.
        let (length, wide) = if is_plain(bytes.get(at)) && is_plain(bytes.get(at + 1)) {
            (1, 1)
        } else {
            let mut pieces = Pieces::new(&bytes[at..]);
            piece.clear();
            pieces.next(&mut piece);
            (bytes.len() - at - pieces.rest.len(), width(&piece))
        };
        if is_new || used + wide > columns {
            begins.push(u32::try_from(at).unwrap_or(u32::MAX));
            used = 0;
        }
        is_new = bytes[at] == b'\n';
        (at, used) = (at + length, used + wide);
    }
    begins
}

/// Columns that already escaped text takes.
pub(crate) fn width(shown: &str) -> usize {
    shown.width()
}

/// Already escaped text, filled up with spaces on the right to `columns`.
pub(crate) fn pad_right(shown: &str, columns: usize) -> String {
    format!("{shown}{}", " ".repeat(columns.saturating_sub(width(shown))))
}

/// Already escaped text, filled up with spaces on the left to `columns`.
pub(crate) fn pad_left(shown: &str, columns: usize) -> String {
    format!("{}{shown}", " ".repeat(columns.saturating_sub(width(shown))))
}

/// The end of a long id, which is what differs: its last part, or the end of that.
pub(crate) fn tail(id: &str, columns: usize) -> String {
    let last = id.rsplit(['_', '-', ':', '/']).next().filter(|part| !part.is_empty());
    let part = if id.chars().count() <= columns { id } else { last.unwrap_or(id) };
    let skip = part.chars().count().saturating_sub(columns);
    part.chars().skip(skip).collect()
}

/// Bytes as pieces that are never split: a character with its marks, or one escape.
struct Pieces<'a> {
    rest: &'a [u8],
}

impl<'a> Pieces<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Appends the next piece; false at the end.
    fn next(&mut self, shown: &mut String) -> bool {
        let Some(first) = self.take() else { return false };
        let character = match first {
            Ok(character) => character,
            Err(byte) => {
                shown.push_str(&format!("\\x{byte:02x}"));
                return true;
            }
        };
        if !shows(character) || is_mark(character) {
            escape(character, shown);
            return true;
        }
        shown.push(character);
        let mut selector_seen = false;
        for _ in 0..MAX_MARKS {
            let before = self.rest;
            match self.take() {
                Some(Ok(mark))
                    if shows(mark) && is_mark(mark) && !(selector_seen && is_selector(mark)) =>
                {
                    selector_seen |= is_selector(mark);
                    shown.push(mark);
                }
                _ => {
                    self.rest = before;
                    break;
                }
            }
        }
        true
    }

    /// The next character, or byte that belongs to none.
    fn take(&mut self) -> Option<Result<char, u8>> {
        // A character has at most four bytes, so that no more need be looked at.
        let head = &self.rest[..self.rest.len().min(4)];
        let first = *head.first()?;
        let valid = match std::str::from_utf8(head) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
        };
        let taken = valid.chars().next();
        self.rest = &self.rest[taken.map_or(1, char::len_utf8)..];
        Some(taken.ok_or(first))
    }
}

fn shows(character: char) -> bool {
    // The ideographic space is ordinary Japanese; variation selectors over 16 only hide text.
    (prints(character) || character == '\u{3000}')
        && !INVISIBLE.contains(&character)
        && !('\u{e0100}'..='\u{e01ef}').contains(&character)
}

/// It belongs to the character before it.
fn is_mark(character: char) -> bool {
    !character.is_ascii()
        && (character.width() == Some(0)
            || character.escape_debug().nth(1).is_some_and(|_| prints(character)))
}

fn is_selector(character: char) -> bool {
    ('\u{fe00}'..='\u{fe0f}').contains(&character)
}

fn escape(character: char, shown: &mut String) {
    match character {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        _ => shown.extend(character.escape_unicode()),
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, fit, text, width, wrap};

    #[test]
    fn controls_are_visible() {
        assert_eq!(text("\u{1b}]52;c;aGk=\u{7}"), "\\u{1b}]52;c;aGk=\\u{7}");
        assert_eq!(text("a\tb\r\nc\u{8}\u{7f}"), "a\\tb\\r\\nc\\u{8}\\u{7f}");
        assert_eq!(text("\u{9b}31m \u{9d}0;x\u{9c}"), "\\u{9b}31m \\u{9d}0;x\\u{9c}");
        assert_eq!(bytes(b"\x9b31m\xff\xc3"), "\\x9b31m\\xff\\xc3");
    }

    #[test]
    fn hidden_text_is_visible() {
        assert_eq!(
            text("\u{202e}abc\u{2066}\u{200b}\u{200d}"),
            "\\u{202e}abc\\u{2066}\\u{200b}\\u{200d}"
        );
        assert_eq!(text("\u{2028}\u{2029}\u{feff}\u{a0}"), "\\u{2028}\\u{2029}\\u{feff}\\u{a0}");
        assert_eq!(
            text("x\u{e0041}\u{e0100}\u{3164}\u{34f}"),
            "x\\u{e0041}\\u{e0100}\\u{3164}\\u{34f}"
        );
        assert_eq!(text("\u{e000}\u{378}\u{ffff}"), "\\u{e000}\\u{378}\\u{ffff}");
    }

    #[test]
    fn ordinary_text_stays() {
        let plain = "{\"a\":\"b\\n\"} ünï e\u{301} ค้ำ שָׁ 漢字\u{3000}かな 한글 🦊 ❤\u{fe0f} −→";
        assert_eq!(text(plain), plain);
    }

    #[test]
    fn towers_of_marks_are_cut_down() {
        let tower = format!("a{}", "\u{301}".repeat(500));
        assert_eq!(text(&tower).matches('\u{301}').count(), 4);
        assert_eq!(text("\u{301}"), "\\u{301}");
    }

    #[test]
    fn text_fits_its_columns() {
        assert_eq!(fit(b"hello", 5), "hello");
        assert_eq!(fit(b"hello!", 5), "hell…");
        assert_eq!(fit("漢字漢字".as_bytes(), 5), "漢字…");
        assert_eq!(fit(b"ab\x1b[0m", 6), "ab…");
        assert_eq!(fit(b"x", 0), "");
        for length in 0..20 {
            let shown = fit(&b"\x1b\xff\xe6\xbc\xa2e\xcc\x81".repeat(9), length);
            assert!(width(&shown) <= length, "{shown:?} in {length}");
        }
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two   three", 80, 4), "one two   three");
        assert_eq!(wrap("one two   three", 9, 2), "one two\n  three");
        assert_eq!(wrap("  one two", 7, 1), "  one\n two");
        assert_eq!(wrap("a wss://whole.example b", 8, 2), "a\n  wss://whole.example\n  b");
        assert_eq!(wrap("", 8, 2), "");
    }

    #[test]
    fn rows_hold_all_bytes_and_fit() {
        let text = "{\"a\": 1}\nxe\u{301}\u{301}\u{1b}[31m漢字漢字\u{7}".repeat(3);
        for bytes in [text.as_bytes(), b"", b"\n\n", b"\xff\xfe", "é".as_bytes()] {
            for columns in 8..20 {
                let begins = super::rows(bytes, columns);
                let ends = begins.iter().skip(1).map(|end| *end as usize).chain([bytes.len()]);
                let mut all = String::new();
                for (begin, end) in begins.iter().zip(ends) {
                    let row = super::bytes(&bytes[*begin as usize..end]);
                    assert!(width(&row) <= columns, "{row:?} in {columns}");
                    all += &row;
                }
                assert_eq!(all, super::bytes(bytes));
            }
        }
        assert_eq!(super::rows(b"ab\ncd", 8), [0, 3]);
        assert_eq!(super::rows(b"abcdef", 4), [0, 4]);
        assert_eq!(super::rows(&vec![b'x'; 16 << 20], 1 << 10).len(), 16 << 10);
    }

    #[test]
    fn a_long_payload_is_not_read_to_its_end() {
        assert_eq!(fit(&vec![b'x'; 64 << 20], 3), "xx…");
    }
}
