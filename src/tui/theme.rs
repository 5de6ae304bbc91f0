//! Roles → the terminal's own sixteen colours, or none; glyphs → ASCII.

use ratatui::style::{Color, Modifier, Style};

use super::ground::Ground;

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
    /// `dark` or `light`, as the terminal is; where it does not say, or has few colours, `ansi`.
    #[default]
    Auto,
    /// The terminal's own sixteen.
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
    pub const ALL: [Self; 5] = [Self::Auto, Self::Ansi, Self::Dark, Self::Light, Self::Mono];

    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
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
    /// `#1e1e1e` and to `#ffffff` (WCAG 2.2, 1.4.3), and are told apart by whoever sees two of
    /// the three primary colours.
    const fn color(self, role: Role) -> Option<Color> {
        let (ansi, dark, light) = match role {
            Role::Bad => (Color::Red, (255, 122, 75), (176, 58, 0)),
            Role::Warning => (Color::Yellow, (240, 200, 65), (117, 49, 21)),
            Role::Out | Role::Focus => (Color::Cyan, (108, 193, 234), (0, 63, 152)),
            Role::Tool => (Color::Blue, (131, 190, 164), (0, 107, 76)),
            Role::Plain | Role::Strong | Role::Quiet | Role::Selected => return None,
        };
        let ((r, g, b), _) = match self {
            Self::Mono => return None,
            Self::Auto | Self::Ansi => return Some(ansi),
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
    /// What is written on, where that is known and the terminal has the colours for it.
    pub ground: Option<Ground>,
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
        let look = match (self.look, self.ground) {
            (Look::Auto, Some(Ground::Dark)) => Look::Dark,
            (Look::Auto, Some(Ground::Light)) => Look::Light,
            (look, _) => look,
        };
        match look.color(role) {
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

    use super::{Ground, Look, Role, Theme};

    /// Red, green and blue as light, from 0 to 1.
    type Light = [f64; 3];

    /// What is seen by people without one kind of cones (Machado, Oliveira and Fernandes, 2009).
    const EYES: [(&str, [Light; 3]); 4] = [
        ("all", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protanopia",
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
        ),
        (
            "deuteranopia",
            [
                [0.367_322, 0.860_646, -0.227_968],
                [0.280_085, 0.672_501, 0.047_413],
                [-0.011_820, 0.042_940, 0.968_881],
            ],
        ),
        (
            "tritanopia",
            [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        ),
    ];

    fn seen((r, g, b): (u8, u8, u8), eyes: &[Light; 3]) -> Light {
        let part = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let light = [part(r), part(g), part(b)];
        let one = |row: &Light| row.iter().zip(light).map(|(share, part)| share * part).sum();
        [0, 1, 2].map(|row| f64::clamp(one(&eyes[row]), 0.0, 1.0))
    }

    /// Relative luminance (WCAG 2.2).
    fn luminance(light: Light) -> f64 {
        0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]
    }

    fn contrast(one: Light, other: Light) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// CIE L*a*b*, in daylight.
    fn lab(light: Light) -> Light {
        const WHITE: Light = [0.950_47, 1.0, 1.088_83];
        const XYZ: [Light; 3] = [
            [0.412_456, 0.357_576, 0.180_437],
            [0.212_673, 0.715_152, 0.072_175],
            [0.019_334, 0.119_192, 0.950_304],
        ];
        let part = |row: usize| {
            let shares = XYZ[row].iter().zip(light);
            shares.map(|(share, part)| share * part).sum::<f64>() / WHITE[row]
        };
        let root = |t: f64| {
            if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 }
        };
        let [x, y, z] = [0, 1, 2].map(|row| root(part(row)));
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn apart(one: Light, other: Light) -> f64 {
        let squares = lab(one).into_iter().zip(lab(other)).map(|(a, b)| (a - b).powi(2));
        squares.sum::<f64>().sqrt()
    }

    /// Far more than the 2.3 that side by side are just seen to differ.
    const APART: f64 = 15.0;

    #[test]
    fn states_are_seen_and_told_apart_by_all_eyes() {
        let looks = [
            (Look::Dark, (0x1e, 0x1e, 0x1e), (0xe6, 0xe6, 0xe6)),
            (Look::Light, (0xff, 0xff, 0xff), (0x1f, 0x23, 0x28)),
        ];
        for (look, ground, text) in looks {
            let roles = [Role::Bad, Role::Warning, Role::Out, Role::Tool];
            let color = |role| match look.color(role) {
                Some(Color::Rgb(r, g, b)) => (r, g, b),
                other => panic!("{role:?}: {other:?}"),
            };
            let colors: Vec<_> = roles.into_iter().map(color).chain([text]).collect();
            for (name, eyes) in &EYES {
                for (at, one) in colors.iter().enumerate() {
                    let on = contrast(seen(*one, eyes), seen(ground, eyes));
                    assert!(on >= 4.5, "{look:?}, {name}: {one:?} on its ground {on:.2}");
                    for other in &colors[..at] {
                        let apart = apart(seen(*one, eyes), seen(*other, eyes));
                        assert!(apart >= APART, "{look:?}, {name}: {one:?} {other:?} {apart:.1}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_look_has_its_name_and_auto_is_what_the_terminal_is() {
        for look in Look::ALL {
            assert_eq!(Look::named(look.word()), Some(look));
        }
        let theme = |look, ground| Theme { look, ascii: false, ground }.style(Role::Bad);
        assert_eq!(theme(Look::Auto, None), theme(Look::Ansi, Some(Ground::Light)));
        assert_eq!(theme(Look::Auto, Some(Ground::Light)), theme(Look::Light, None));
        assert_eq!(theme(Look::Auto, Some(Ground::Dark)), theme(Look::Dark, None));
        assert_eq!(theme(Look::Mono, Some(Ground::Dark)).fg, None);
    }
}
