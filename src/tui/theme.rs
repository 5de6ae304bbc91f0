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

/// Which colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// The terminal's own sixteen.
    #[default]
    Ansi,
    /// For a dark background: a palette that colour-blind people tell apart (Okabe and Ito, 2008).
    Dark,
    /// The same for a light one.
    Light,
    /// None: letters, words and reverse video say it all.
    Mono,
}

impl Look {
    /// All.
    pub const ALL: [Self; 4] = [Self::Ansi, Self::Dark, Self::Light, Self::Mono];

    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ansi => "ansi",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Mono => "mono",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|look| look.word() == name)
    }

    /// The colour of a role. Those of `dark` and `light` have a contrast of 4.5:1 and more to
    /// `#1e1e1e` and to `#ffffff` (WCAG 2.2, 1.4.3).
    const fn color(self, role: Role) -> Option<Color> {
        let (ansi, dark, light) = match role {
            Role::Bad => (Color::Red, (255, 122, 74), (176, 58, 0)),
            Role::Warning => (Color::Yellow, (240, 200, 66), (122, 88, 0)),
            Role::Out | Role::Focus => (Color::Cyan, (110, 190, 235), (0, 96, 150)),
            Role::Tool => (Color::Blue, (120, 200, 160), (0, 105, 75)),
            Role::Plain | Role::Strong | Role::Quiet | Role::Selected => return None,
        };
        let ((r, g, b), _) = match self {
            Self::Mono => return None,
            Self::Ansi => return Some(ansi),
            Self::Dark => (dark, light),
            Self::Light => (light, dark),
        };
        Some(Color::Rgb(r, g, b))
    }
}

/// How things look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// Which colours.
    pub look: Look,
    /// Nothing but ASCII.
    pub ascii: bool,
}

impl Theme {
    /// The style of a role.
    pub fn style(self, role: Role) -> Style {
        let modifier = match role {
            Role::Plain | Role::Warning | Role::Out | Role::Tool => Modifier::empty(),
            Role::Strong | Role::Bad | Role::Focus => Modifier::BOLD,
            Role::Quiet => Modifier::DIM,
            Role::Selected => Modifier::REVERSED,
        };
        let style = Style::default().add_modifier(modifier);
        match self.look.color(role) {
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
    ("‖", "|"),
    ("◆", "*"),
    ("◀", "<"),
    ("░", "."),
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

#[cfg(test)]
mod tests {
    use ratatui::style::Color;

    use super::{Look, Role};

    /// Relative luminance (WCAG 2.2).
    fn luminance(color: (u8, u8, u8)) -> f64 {
        let part = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(color.0) + 0.7152 * part(color.1) + 0.0722 * part(color.2)
    }

    #[test]
    fn colours_are_seen_on_their_background() {
        let ground = [(Look::Dark, (0x1e, 0x1e, 0x1e)), (Look::Light, (0xff, 0xff, 0xff))];
        for (look, ground) in ground {
            for role in [Role::Bad, Role::Warning, Role::Out, Role::Tool, Role::Focus] {
                let Some(Color::Rgb(r, g, b)) = look.color(role) else { panic!("{role:?}") };
                let (one, other) = (luminance((r, g, b)), luminance(ground));
                let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
                assert!(contrast >= 4.5, "{look:?} {role:?}: {contrast:.2}");
            }
        }
    }

    #[test]
    fn every_look_has_its_name() {
        for look in Look::ALL {
            assert_eq!(Look::named(look.word()), Some(look));
        }
    }
}
