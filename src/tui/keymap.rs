//! The table of keys, a preset and what somebody wants otherwise → what each key does now. Footer,
//! help, palette and every text that names a key ask here.

use super::keys::{Act, Binding, KEYS, Key, NEVER};

/// A row of the table with the keys that it has now.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The first is the one shown; there may be none.
    pub keys: Vec<Key>,
    /// The row.
    pub row: &'static Binding,
}

impl Bound {
    /// The key that is shown.
    pub fn shown(&self) -> String {
        self.keys.first().map(|key| key.name()).unwrap_or_default()
    }
}

/// What each key does.
#[derive(Clone, Debug)]
pub struct Keymap(Vec<Bound>);

/// Why keys can't be bound so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clash {
    /// One key would do two things.
    Twice(Key, Act, Act),
    /// Terminals keep it, or send it for another key.
    Never(Key),
    /// Ctrl-C always leaves.
    Leaves,
}

impl std::fmt::Display for Clash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Twice(key, one, other) => {
                let (key, one, other) = (key.name(), one.name(), other.name());
                write!(f, "{key} would be both {one} and {other}; give one of them another key")
            }
            Self::Never(key) => write!(
                f,
                "{} can't be bound: terminals keep it for themselves, or send it for another key",
                key.name()
            ),
            Self::Leaves => write!(f, "Ctrl-C is quit, and nothing else"),
        }
    }
}

/// Keys under which other programs' fingers feel at home.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// The table as it is.
    #[default]
    Vim,
    /// Pages by `f` and `b`, follows by `F`.
    Less,
    /// Moves by `w`, `a`, `s` and `d`.
    Wasd,
}

type Changes = &'static [(Act, &'static [Key])];

impl Preset {
    /// All.
    pub const ALL: [Self; 3] = [Self::Vim, Self::Less, Self::Wasd];

    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Vim => "vim",
            Self::Less => "less",
            Self::Wasd => "wasd",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.word() == name)
    }

    const fn changes(self) -> Changes {
        use Key::{Char, Ctrl, Down, Left, PageDown, PageUp, Right, Up};
        match self {
            Self::Vim => &[],
            Self::Less => &[
                (Act::PageDown, &[Char('f'), Char('d'), PageDown, Ctrl('d'), Ctrl('f')]),
                (Act::PageUp, &[Char('b'), Char('u'), PageUp, Ctrl('u'), Ctrl('b')]),
                (Act::Down, &[Char('j'), Down, Ctrl('n')]),
                (Act::Follow, &[Char('F')]),
                (Act::RunBefore, &[Char('W')]),
                (Act::Pick, &[Char('U')]),
                (Act::Diff, &[Char('C')]),
                (Act::Help, &[Char('?'), Key::F(1)]),
            ],
            Self::Wasd => &[
                (Act::Up, &[Char('w'), Up]),
                (Act::Left, &[Char('a'), Left]),
                (Act::Down, &[Char('s'), Down]),
                (Act::Right, &[Char('d'), Right]),
                (Act::FarLeft, &[Char('A')]),
                (Act::FarRight, &[Char('D')]),
                (Act::RunNext, &[Char('l')]),
                (Act::RunBefore, &[Char('h')]),
                (Act::Note, &[Char('k')]),
                (Act::Diff, &[Char('C')]),
                (Act::Demo, &[Char('L')]),
            ],
        }
    }
}

impl Default for Keymap {
    fn default() -> Self {
        Self(KEYS.iter().map(|row| Bound { keys: row.keys.to_vec(), row }).collect())
    }
}

impl Keymap {
    /// The preset's keys, with these acts' keys changed; an act without a key can still be chosen
    /// from the palette.
    ///
    /// # Errors
    /// What can't be.
    pub fn new(preset: Preset, changes: &[(Act, Vec<Key>)]) -> Result<Self, Clash> {
        let mut map = Self::default();
        for (act, keys) in preset.changes() {
            map.set(*act, keys.to_vec());
        }
        for (act, keys) in changes {
            if *act == Act::Quit || keys.contains(&Key::Ctrl('c')) {
                return Err(Clash::Leaves);
            }
            if let Some(never) = keys.iter().find(|key| NEVER.contains(key)) {
                return Err(Clash::Never(*never));
            }
            map.set(*act, keys.clone());
        }
        for (at, bound) in map.0.iter().enumerate() {
            for other in &map.0[..at] {
                if let Some(key) = bound.keys.iter().find(|key| other.keys.contains(key)) {
                    return Err(Clash::Twice(*key, other.row.act, bound.row.act));
                }
            }
        }
        Ok(map)
    }

    fn set(&mut self, act: Act, keys: Vec<Key>) {
        if let Some(bound) = self.0.iter_mut().find(|bound| bound.row.act == act) {
            bound.keys = keys;
        }
    }

    /// All rows, in the table's order.
    pub fn rows(&self) -> impl Iterator<Item = &Bound> {
        self.0.iter()
    }

    /// What a key does, if it does anything.
    pub fn bound(&self, key: Key) -> Option<&'static Binding> {
        self.0.iter().find(|bound| bound.keys.contains(&key)).map(|bound| bound.row)
    }

    /// A text with keys in the place of what they do: `{in} opens` → `Enter opens`. An act without
    /// a key is called by its name; other braces stay.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let named = after.split_once('}').and_then(|(name, after)| {
                let bound = self.0.iter().find(|bound| bound.row.act.name() == name)?;
                Some((bound, after))
            });
            rest = after;
            if let Some((bound, after)) = named {
                let shown = bound.shown();
                filled += if shown.is_empty() { bound.row.does } else { &shown };
                rest = after;
            } else {
                filled.push('{');
            }
        }
        filled + rest
    }
}

#[cfg(test)]
mod tests {
    use super::{Act, Clash, Key, Keymap, Preset};

    #[test]
    fn presets_have_no_clashes() {
        for preset in Preset::ALL {
            assert_eq!(Keymap::new(preset, &[]).err(), None, "{preset:?}");
            assert_eq!(Preset::named(preset.word()), Some(preset));
        }
    }

    #[test]
    fn what_cant_be_bound_is_told() {
        let clash = |act, key| Keymap::new(Preset::Vim, &[(act, vec![key])]).err();
        let twice = clash(Act::Play, Key::Char('e'));
        assert_eq!(twice, Some(Clash::Twice(Key::Char('e'), Act::Play, Act::FindingNext)));
        assert_eq!(clash(Act::Play, Key::Ctrl('z')), Some(Clash::Never(Key::Ctrl('z'))));
        assert_eq!(clash(Act::Play, Key::Ctrl('c')), Some(Clash::Leaves));
        assert_eq!(clash(Act::Quit, Key::Char('Q')), Some(Clash::Leaves));
        assert_eq!(clash(Act::Play, Key::Char('Q')), None);
        // A key that is given away is free for another.
        let swapped = [(Act::Play, vec![Key::Char('e')]), (Act::FindingNext, vec![Key::F(5)])];
        let map = Keymap::new(Preset::Less, &swapped).unwrap();
        assert_eq!(map.bound(Key::Char('e')).map(|row| row.act), Some(Act::Play));
        assert_eq!(map.bound(Key::Char('f')).map(|row| row.act), Some(Act::PageDown));
        assert!(map.bound(Key::Char(' ')).is_none());
    }

    #[test]
    fn texts_name_the_keys_there_are() {
        let map = Keymap::new(Preset::Vim, &[(Act::Cause, vec![]), (Act::In, vec![Key::F(9)])]);
        let map = map.unwrap();
        assert_eq!(map.fill("{in} opens, {cause}, {help}, {}{x"), "F9 opens, cause, ?, {}{x");
    }
}
