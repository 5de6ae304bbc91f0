//! A key → what it does: one table for handling, footer and help.

/// A key that every terminal sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "keys are their names")]
pub enum Key {
    Char(char),
    Ctrl(char),
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    Enter,
    Backspace,
    Esc,
    Tab,
    BackTab,
    Delete,
    F(u8),
}

impl Key {
    /// As people call it.
    pub fn name(self) -> String {
        match self {
            Self::Char(' ') => "Space".into(),
            Self::Char(letter) => letter.to_string(),
            Self::Ctrl(letter) => format!("Ctrl-{}", letter.to_ascii_uppercase()),
            Self::Up => "↑".into(),
            Self::Down => "↓".into(),
            Self::Left => "←".into(),
            Self::Right => "→".into(),
            Self::Backspace => "Bksp".into(),
            Self::PageUp => "PgUp".into(),
            Self::PageDown => "PgDn".into(),
            Self::BackTab => "Shift-Tab".into(),
            Self::Delete => "Del".into(),
            Self::F(number) => format!("F{number}"),
            other => format!("{other:?}"),
        }
    }

    /// The key of this name, in any case but that of letters: `e`, `E`, `Space`, `Ctrl-p`, `PgDn`.
    pub fn named(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        if let Some(letter) = lower.strip_prefix("ctrl-") {
            let mut letters = letter.chars();
            let only = letters.next().filter(|_| letters.next().is_none());
            return only.filter(char::is_ascii_graphic).map(Self::Ctrl);
        }
        if let Some(number) = lower.strip_prefix('f').and_then(|number| number.parse().ok()) {
            return (1..=12).contains(&number).then_some(Self::F(number));
        }
        Some(match lower.as_str() {
            "space" => Self::Char(' '),
            "up" | "↑" => Self::Up,
            "down" | "↓" => Self::Down,
            "left" | "←" => Self::Left,
            "right" | "→" => Self::Right,
            "home" => Self::Home,
            "end" => Self::End,
            "pgup" | "pageup" => Self::PageUp,
            "pgdn" | "pagedown" => Self::PageDown,
            "enter" => Self::Enter,
            "bksp" | "backspace" => Self::Backspace,
            "esc" => Self::Esc,
            "tab" => Self::Tab,
            "shift-tab" => Self::BackTab,
            "del" | "delete" => Self::Delete,
            _ => {
                let mut letters = name.chars();
                let only = letters.next().filter(|_| letters.next().is_none());
                return only.filter(|letter| !letter.is_control()).map(Self::Char);
            }
        })
    }
}

/// Never bound: flow control; what terminals send for Tab, Enter, Backspace, Esc; suspend.
pub const NEVER: &[Key] = &[
    Key::Ctrl('s'),
    Key::Ctrl('q'),
    Key::Ctrl('i'),
    Key::Ctrl('m'),
    Key::Ctrl('h'),
    Key::Ctrl('['),
    Key::Ctrl('z'),
];

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table says each one's meaning")]
pub enum Act {
    Sessions,
    Timeline,
    Frames,
    Findings,
    Live,
    Diff,
    Pace,
    Report,
    Mark,
    Marks,
    Note,
    Left,
    Right,
    Up,
    Down,
    FarLeft,
    FarRight,
    First,
    Last,
    PageUp,
    PageDown,
    In,
    Out,
    PaneNext,
    PaneBefore,
    ZoomIn,
    ZoomOut,
    ZoomAll,
    RunNext,
    RunBefore,
    FindingNext,
    FindingBefore,
    Cause,
    Times,
    Folding,
    Payload,
    Filter,
    Play,
    StepOn,
    StepBack,
    FrameOn,
    FrameBack,
    Slower,
    Faster,
    Speeds,
    Follow,
    Range,
    Pane,
    Sort,
    Pin,
    Pick,
    OpenAll,
    CloseAll,
    HitNext,
    HitBefore,
    Hide,
    Sql,
    Copy,
    Record,
    OpenFile,
    Demo,
    Rename,
    Remove,
    Palette,
    Mouse,
    Help,
    Close,
    Back,
    Quit,
}

impl Act {
    /// What a configuration calls it: `finding-next`.
    pub fn name(self) -> String {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.extend(letter.to_lowercase());
        }
        name
    }

    /// The one that a configuration calls so.
    pub fn named(name: &str) -> Option<Self> {
        KEYS.iter().map(|row| row.act).find(|act| act.name() == name)
    }
}

/// Where help puts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Going somewhere.
    Move,
    /// How much is on the screen.
    Zoom,
    /// As it happened.
    Play,
    /// What is wrong, and why.
    Find,
    /// How it is shown.
    Show,
    /// Screens and leaving.
    Work,
}

impl Group {
    /// All, in help's order.
    pub const ALL: [Self; 6] =
        [Self::Move, Self::Zoom, Self::Play, Self::Find, Self::Show, Self::Work];
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The keys; the first is the one shown.
    pub keys: &'static [Key],
    /// What they do.
    pub act: Act,
    /// Where help puts it.
    pub group: Group,
    /// What it does, in a word or two.
    pub does: &'static str,
    /// Its place in the footer, the lowest first; 0 is none.
    pub footer: u8,
}

const fn row(
    keys: &'static [Key],
    act: Act,
    group: Group,
    does: &'static str,
    footer: u8,
) -> Binding {
    Binding { keys, act, group, does, footer }
}

use Group::{Find, Move, Play, Show, Work, Zoom};
use Key::Char;

/// All keys.
pub const KEYS: &[Binding] = &[
    row(&[Char('h'), Key::Left], Act::Left, Move, "column left", 0),
    row(&[Char('l'), Key::Right], Act::Right, Move, "column right", 0),
    row(&[Char('j'), Key::Down], Act::Down, Move, "down", 0),
    row(&[Char('k'), Key::Up], Act::Up, Move, "up", 0),
    row(&[Char('H')], Act::FarLeft, Move, "a tenth left", 0),
    row(&[Char('L')], Act::FarRight, Move, "a tenth right", 0),
    row(&[Char('g'), Key::Home], Act::First, Move, "start", 0),
    row(&[Char('G'), Key::End], Act::Last, Move, "end", 0),
    row(&[Key::PageDown, Key::Ctrl('d')], Act::PageDown, Move, "page down", 0),
    row(&[Key::PageUp, Key::Ctrl('u')], Act::PageUp, Move, "page up", 0),
    row(&[Char('w')], Act::RunNext, Move, "next run", 9),
    row(&[Char('b')], Act::RunBefore, Move, "run before", 0),
    row(&[Key::Tab], Act::PaneNext, Move, "pane", 8),
    row(&[Key::BackTab], Act::PaneBefore, Move, "pane before", 0),
    row(&[Key::Enter], Act::In, Zoom, "in", 7),
    row(&[Key::Backspace], Act::Out, Zoom, "out", 0),
    row(&[Char('+'), Char('=')], Act::ZoomIn, Zoom, "closer", 10),
    row(&[Char('-')], Act::ZoomOut, Zoom, "wider", 0),
    row(&[Char('0')], Act::ZoomAll, Zoom, "everything", 0),
    row(&[Char('v')], Act::Range, Zoom, "range", 0),
    row(&[Char('z')], Act::Pane, Zoom, "one pane", 0),
    row(&[Char(' ')], Act::Play, Play, "play", 1),
    row(&[Char('.')], Act::StepOn, Play, "event on", 2),
    row(&[Char(',')], Act::StepBack, Play, "event back", 0),
    row(&[Char('>')], Act::FrameOn, Play, "frame on", 0),
    row(&[Char('<')], Act::FrameBack, Play, "frame back", 0),
    row(&[Char('[')], Act::Slower, Play, "slower", 0),
    row(&[Char(']')], Act::Faster, Play, "faster", 0),
    row(&[Char('S')], Act::Speeds, Play, "speeds", 0),
    row(&[Char('f')], Act::Follow, Play, "follow", 3),
    row(&[Char('e')], Act::FindingNext, Find, "finding", 4),
    row(&[Char('E')], Act::FindingBefore, Find, "finding before", 0),
    row(&[Char('c')], Act::Cause, Find, "cause", 5),
    row(&[Char('/')], Act::Filter, Find, "filter", 6),
    row(&[Char('n')], Act::HitNext, Find, "next hit", 0),
    row(&[Char('N')], Act::HitBefore, Find, "hit before", 0),
    row(&[Char(';')], Act::Sql, Find, "SQL", 0),
    row(&[Char('t')], Act::Times, Show, "times", 11),
    row(&[Char('i')], Act::Folding, Show, "idle", 0),
    row(&[Char('p')], Act::Payload, Show, "payload", 0),
    row(&[Char('x')], Act::Hide, Show, "hide or dim", 0),
    row(&[Char('o')], Act::Sort, Show, "sort", 0),
    row(&[Char('P')], Act::Pin, Show, "pin lane", 0),
    row(&[Char('u')], Act::Pick, Show, "pick lanes", 0),
    row(&[Char('*')], Act::OpenAll, Show, "unfold all", 0),
    row(&[Char('_')], Act::CloseAll, Show, "fold all", 0),
    row(&[Char('1')], Act::Sessions, Work, "sessions", 0),
    row(&[Char('2')], Act::Timeline, Work, "timeline", 0),
    row(&[Char('3')], Act::Frames, Work, "frames", 0),
    row(&[Char('4')], Act::Findings, Work, "findings", 0),
    row(&[Char('5')], Act::Live, Work, "live", 0),
    row(&[Char('d')], Act::Diff, Work, "diff", 0),
    row(&[Char('r')], Act::Report, Work, "report", 0),
    row(&[Char('T')], Act::Pace, Work, "ignore timing", 0),
    row(&[Char('m')], Act::Mark, Work, "mark", 0),
    row(&[Char('M')], Act::Marks, Work, "marks", 0),
    row(&[Char('a')], Act::Note, Work, "note", 0),
    row(&[Char('y')], Act::Copy, Work, "copy", 12),
    row(&[Char('R')], Act::Record, Work, "record an app", 0),
    row(&[Char('O')], Act::OpenFile, Work, "open a file", 0),
    row(&[Char('D')], Act::Demo, Work, "demo", 0),
    row(&[Key::F(6)], Act::Rename, Work, "rename", 0),
    row(&[Key::Delete], Act::Remove, Work, "remove", 0),
    row(&[Char(':'), Key::Ctrl('p')], Act::Palette, Work, "commands", 13),
    row(&[Key::F(2)], Act::Mouse, Work, "mouse", 0),
    row(&[Char('?'), Key::F(1)], Act::Help, Work, "help", 14),
    row(&[Key::Esc], Act::Close, Work, "close", 0),
    row(&[Char('q')], Act::Back, Work, "back", 15),
    row(&[Key::Ctrl('c')], Act::Quit, Work, "quit", 0),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Act, KEYS, Key, NEVER};

    #[test]
    fn no_key_means_two_things_and_none_is_one_that_terminals_keep() {
        let mut seen = HashSet::new();
        for key in KEYS.iter().flat_map(|binding| binding.keys) {
            assert!(seen.insert(*key), "{key:?} is bound twice");
            assert!(!NEVER.contains(key), "{key:?} is never bound");
            assert_eq!(Key::named(&key.name()), Some(*key));
        }
        let acts: HashSet<_> = KEYS.iter().map(|binding| binding.act).collect();
        assert_eq!(acts.len(), KEYS.len(), "one row for each act");
        for act in acts {
            assert_eq!(Act::named(&act.name()), Some(act), "{}", act.name());
        }
        assert_eq!(Act::FindingNext.name(), "finding-next");
    }
}
