//! A mistake in a rules file → a line of words and an underlined excerpt.

use std::ops::Range;

use unicode_width::UnicodeWidthChar as _;

use crate::rules::Severity;

/// Columns of an excerpt: fits a terminal of 100 with the line's number before it.
const EXCERPT_COLUMNS: usize = 88;

/// Columns shown before the mistake where the line is longer than an excerpt.
const LEAD_COLUMNS: usize = 24;

/// What a tab is drawn as: its width on a terminal depends on what stands before it.
const TAB: &str = "    ";

/// What is wrong with a rules file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// An error keeps the file from being used; a warning does not.
    pub severity: Severity,
    /// The bytes of the file that it is about.
    pub at: Range<usize>,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// What is wrong. May hold words of the file as they are: escape before showing.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A diagnostic about `at` in `text`; a range that is out of bounds is moved in.
    pub(super) fn new(severity: Severity, text: &str, at: Range<usize>, message: String) -> Self {
        let start = boundary(text, at.start);
        let end = boundary(text, at.end).max(start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        let (line, column) = (saturate(line), saturate(column));
        Self { severity, at: start..end, line, column, message, hint: None }
    }

    /// The message, the place, and the line with the mistake underlined. `text` is what was read.
    /// Whatever could act on a terminal is escaped.
    pub fn render(&self, file: &str, text: &str) -> String {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let excerpt = Excerpt::of(text, &self.at);
        let hint = self.hint.as_deref().map(|hint| format!(" {}", visible(hint)));
        let mut shown = format!("{word}: {}\n", visible(&self.message));
        shown.push_str(&format!("{margin}--> {}:{number}:{}\n", visible(file), self.column));
        shown.push_str(&format!("{margin} |\n{number} | {}\n", excerpt.line));
        shown.push_str(&format!(
            "{margin} | {}{}{}\n",
            " ".repeat(excerpt.indent),
            "^".repeat(excerpt.width),
            hint.unwrap_or_default()
        ));
        shown
    }
}

/// One line, as it is drawn.
struct Excerpt {
    line: String,
    /// Columns before the underline, and of the underline.
    indent: usize,
    width: usize,
}

impl Excerpt {
    fn of(text: &str, at: &Range<usize>) -> Self {
        let start = boundary(text, at.start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let mut excerpt = Self { line: String::new(), indent: 0, width: 0 };
        let mut first = line_start;
        // Of a line that is too long, only what surrounds the mistake is looked at.
        if start - line_start > EXCERPT_COLUMNS - LEAD_COLUMNS {
            let lead = text[line_start..start].char_indices().rev().nth(LEAD_COLUMNS);
            first = lead.map_or(line_start, |(offset, _)| line_start + offset);
            excerpt.line.push('…');
            excerpt.indent += 1;
        }
        let mut columns = excerpt.indent;
        for (offset, character) in text[first..].char_indices() {
            let offset = first + offset;
            let ends = character == '\n' || text[offset..].starts_with("\r\n");
            let before = excerpt.line.len();
            if ends {
                break;
            }
            draw(character, &mut excerpt.line);
            let width = columns_of(&excerpt.line[before..]);
            if columns + width >= EXCERPT_COLUMNS {
                excerpt.line.truncate(before);
                excerpt.line.push('…');
                break;
            }
            columns += width;
            if offset < start {
                excerpt.indent = columns;
            } else if offset < at.end {
                excerpt.width += width;
            }
        }
        excerpt.width = excerpt.width.max(1);
        excerpt
    }
}

/// `text` without what could act on a terminal.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    text.chars().for_each(|character| draw(character, &mut shown));
    shown
}

fn draw(character: char, shown: &mut String) {
    match character {
        '\t' => shown.push_str(TAB),
        '"' | '\'' | '\\' => shown.push(character),
        other => shown.extend(other.escape_debug()),
    }
}

fn columns_of(shown: &str) -> usize {
    shown.chars().map(|character| character.width().unwrap_or(0)).sum()
}

fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn saturate(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Diagnostic, Severity};

    fn excerpt(text: &str, word: &str) -> String {
        let start = text.find(word).unwrap();
        let at = start..start + word.len();
        let shown = Diagnostic::new(Severity::Error, text, at, "m".into()).render("f", text);
        shown.lines().skip(3).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn tabs_and_wide_characters_keep_the_underline_in_place() {
        assert_eq!(excerpt("\tid = 'x'", "'x'"), "1 |     id = 'x'\n  |          ^^^");
        assert_eq!(excerpt("\"漢字\" = bad", "bad"), "1 | \"漢字\" = bad\n  |          ^^^");
        assert_eq!(excerpt("a = \"漢字\"", "漢字"), "1 | a = \"漢字\"\n  |      ^^^^");
    }

    #[test]
    fn nothing_reaches_the_terminal_raw() {
        assert_eq!(
            excerpt("a = '\u{1b}[31m\u{202e}' b", "b"),
            "1 | a = '\\u{1b}[31m\\u{202e}' b\n  |                          ^"
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_mistake() {
        let text = format!("{}here{}", "x".repeat(5000), "y".repeat(5000));
        let shown = excerpt(&text, "here");
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() < 100), "{shown}");
        assert_eq!(lines[0].find("here"), lines[1].find("^^^^").map(|at| at + '…'.len_utf8() - 1));
    }

    #[test]
    fn the_end_of_the_file_can_be_pointed_at() {
        let diagnostic = Diagnostic::new(Severity::Error, "ab\n", 900..901, "m".into());
        assert_eq!((diagnostic.line, diagnostic.column), (2, 1));
        assert_eq!(diagnostic.render("f", "ab\n"), "error: m\n --> f:2:1\n  |\n2 | \n  | ^\n");
    }
}
