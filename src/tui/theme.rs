//! Roles → the terminal's own sixteen colours, or none; glyphs → ASCII.

use ratatui::style::{Color, Modifier, Style};

/// What a piece of text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Text.
    #[default]
    Plain,
    /// A headline or a name.
    Strong,
    /// What can be skipped.
    Quiet,
    /// An error.
    Bad,
    /// A warning.
    Warning,
    /// From the client to the server.
    Out,
    /// A tool at work.
    Tool,
    /// Where the reader is.
    Selected,
    /// The pane that keys go to.
    Focus,
}

/// How things look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// No colours: letters, words and reverse video say it all.
    pub mono: bool,
    /// Nothing but ASCII.
    pub ascii: bool,
}

impl Theme {
    /// The style of a role.
    pub fn style(self, role: Role) -> Style {
        let style = Style::default();
        let (color, modifier) = match role {
            Role::Plain => (None, Modifier::empty()),
            Role::Strong => (None, Modifier::BOLD),
            Role::Quiet => (None, Modifier::DIM),
            Role::Bad => (Some(Color::Red), Modifier::BOLD),
            Role::Warning => (Some(Color::Yellow), Modifier::empty()),
            Role::Out => (Some(Color::Cyan), Modifier::empty()),
            Role::Tool => (Some(Color::Blue), Modifier::empty()),
            Role::Selected => (None, Modifier::REVERSED),
            Role::Focus => (Some(Color::Cyan), Modifier::BOLD),
        };
        let style = style.add_modifier(modifier);
        match color.filter(|_| !self.mono) {
            Some(color) => style.fg(color),
            None => style,
        }
    }

    /// Text without a glyph that ASCII does not have, if that is asked for.
    pub fn glyphs(self, text: &str) -> String {
        if !self.ascii {
            return text.to_owned();
        }
        let mut plain = String::with_capacity(text.len());
        for glyph in text.chars() {
            match GLYPHS.iter().find(|(known, _)| known.contains(glyph)) {
                Some((_, ascii)) => plain.push_str(ascii),
                None if glyph.is_ascii() => plain.push(glyph),
                None => plain.extend(glyph.escape_unicode()),
            }
        }
        plain
    }
}

/// What stands for each glyph of ours.
const GLYPHS: &[(&str, &str)] = &[
    ("━═", "="),
    ("─", "-"),
    ("╳", "x"),
    ("┄", "~"),
    ("┊│├┤", "|"),
    ("┃", "#"),
    ("┌┐└┘", "+"),
    ("▶▸→", ">"),
    ("←", "<"),
    ("▾↓", "v"),
    ("↑", "^"),
    ("✖", "E"),
    ("▲", "W"),
    ("●", "N"),
    ("·", "."),
    ("…", "~"),
    ("Δ", "d"),
    ("▁", "_"),
    ("▂", "."),
    ("▃", ":"),
    ("▄", "-"),
    ("▅", "="),
    ("▆", "+"),
    ("▇", "*"),
    ("█", "#"),
];
