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
    F1,
    F2,
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
            other => format!("{other:?}"),
        }
    }
}

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
    Palette,
    Mouse,
    Help,
    Close,
    Back,
    Quit,
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
    row(&[Char('o')], Act::Sort, Show, "sort lanes", 0),
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
    row(&[Char(':'), Key::Ctrl('p')], Act::Palette, Work, "commands", 13),
    row(&[Key::F2], Act::Mouse, Work, "mouse", 0),
    row(&[Char('?'), Key::F1], Act::Help, Work, "help", 14),
    row(&[Key::Esc], Act::Close, Work, "close", 0),
    row(&[Char('q')], Act::Back, Work, "back", 15),
    row(&[Key::Ctrl('c')], Act::Quit, Work, "quit", 0),
];

/// What a key does, if it does anything.
pub fn bound(key: Key) -> Option<&'static Binding> {
    KEYS.iter().find(|binding| binding.keys.contains(&key))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{KEYS, Key};

    #[test]
    fn no_key_means_two_things_and_none_is_one_that_terminals_keep() {
        let mut seen = HashSet::new();
        for key in KEYS.iter().flat_map(|binding| binding.keys) {
            assert!(seen.insert(*key), "{key:?} is bound twice");
            // Flow control; what terminals send for Tab, Enter, Backspace, Esc; suspend.
            let never = ['s', 'q', 'i', 'm', 'h', '[', 'z'].map(Key::Ctrl);
            assert!(!never.contains(key), "{key:?} is never bound");
        }
        let acts: HashSet<_> = KEYS.iter().map(|binding| binding.act).collect();
        assert_eq!(acts.len(), KEYS.len(), "one row for each act");
    }
}
