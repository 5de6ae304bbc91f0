//! What is wrong with a filter → two lines that show where.

use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

/// Characters shown before a mistake where the filter is long, and after its beginning.
const LEAD: usize = 30;
const TAIL: usize = 40;

/// What is wrong with a filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Mistake {
    /// The bytes of the filter that it is about.
    pub at: Range<usize>,
    /// What is wrong. May hold words of the filter as they are: escape before showing.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Mistake {
    pub(super) fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), hint: None }
    }

    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The filter, or what of it is around the mistake, and under it the mistake underlined. What
    /// could act on a terminal is escaped.
    pub fn excerpt(&self, text: &str) -> [String; 2] {
        let boundary = |mut at: usize| {
            at = at.min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = boundary(self.at.start);
        let end = boundary(self.at.end).max(start);
        let lead = text[..start].char_indices().rev().nth(LEAD).map_or(0, |(at, _)| at);
        let shown = |text: &str| -> String { text.chars().flat_map(visible).collect() };
        let cut = |text: &str| match text.char_indices().nth(TAIL) {
            Some((at, _)) => format!("{}…", shown(&text[..at])),
            None => shown(text),
        };
        let before = format!("{}{}", if lead > 0 { "…" } else { "" }, shown(&text[lead..start]));
        let wrong = cut(&text[start..end]);
        let after = if wrong.ends_with('…') { String::new() } else { cut(&text[end..]) };
        let underline = "^".repeat(wrong.width().max(1));
        [format!("{before}{wrong}{after}"), format!("{}{underline}", " ".repeat(before.width()))]
    }
}

fn visible(character: char) -> impl Iterator<Item = char> {
    let plain = matches!(character, '"' | '\'' | '\\');
    let escaped = (!plain).then(|| character.escape_debug());
    plain.then_some(character).into_iter().chain(escaped.into_iter().flatten())
}
