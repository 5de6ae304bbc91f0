//! The reader's place, what it asks of the disk, and what comes back: what a screen and sentences have
//! in common.

use std::collections::VecDeque;
use std::io::{Write as _, stdout};
use std::sync::Arc;
use std::sync::mpsc::{Sender, TryRecvError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::app::App;
use super::disk::{Asked, Told};
use super::message::{Effect, Message};
use super::terminal::{Ended, now};
use super::{Growths, update};

/// How long what was found of a recording may go unseen, and how long the reader may wait while it
/// is taken: half of what a key may take to be seen.
pub(super) const GROW: Duration = Duration::from_millis(25);
const SLICE: Duration = Duration::from_millis(8);

/// Bytes that terminals take for a clipboard: some drop what is longer (xterm and its kin keep
/// 100 kB of base64).
const MOST_COPIED: usize = 74_000;

/// How a text gets to the clipboard, beside the tools of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clipboard {
    /// By the terminal.
    Terminal,
    /// By nothing else: only lines are printed.
    Tools,
}

/// The screen and what it waits for.
pub(super) struct Desk<'a> {
    pub(super) app: &'a mut App,
    asked: Sender<Asked>,
    todo: VecDeque<Effect>,
    clipboard: Clipboard,
    /// What is being answered. While a recording is looked through, it does not grow.
    out: Option<Effect>,
    pub(super) growths: Option<Growths>,
}

impl<'a> Desk<'a> {
    /// Of a reader who has asked for nothing yet.
    pub(super) fn new(
        app: &'a mut App,
        asked: Sender<Asked>,
        growths: Option<Growths>,
        clipboard: Clipboard,
    ) -> Self {
        let todo = update::begun(app).into();
        Self { app, asked, todo, clipboard, out: None, growths }
    }
}

impl Desk<'_> {
    /// How the reader has ended it, if they have.
    pub(super) fn ended(&self) -> Option<Ended> {
        let wish = self.todo.iter().find_map(|effect| match effect {
            Effect::Start(wish) => Some(wish.clone()),
            _ => None,
        });
        if self.todo.contains(&Effect::Quit) {
            Some(Ended::Quit)
        } else if let Some(wish) = wish {
            Some(Ended::Wants(wish))
        } else if self.todo.contains(&Effect::Leave) {
            Some(Ended::Left)
        } else {
            None
        }
    }

    /// Nothing is waited for that was asked.
    pub(super) fn is_settled(&self) -> bool {
        self.out.is_none() && self.todo.is_empty()
    }

    pub(super) fn take(&mut self, message: Message) {
        for effect in update(self.app, message) {
            if matches!(effect, Effect::Read(..)) {
                // Only where the reader is now is of interest.
                self.todo.retain(|other| !matches!(other, Effect::Read(..)));
            }
            self.todo.push_back(effect);
        }
    }

    pub(super) fn told(&mut self, told: Told) {
        match told {
            Told::Typed(message) | Told::Beside(message) => self.take(message),
            Told::Answer(message) => {
                self.out = None;
                self.take(message);
            }
            Told::Opened(opened) => {
                self.out = None;
                let (tape, growths) = *opened;
                self.growths = Some(growths);
                self.take(Message::Opened(Ok(Box::new(tape))));
            }
        }
    }

    /// Takes what was found meanwhile, for a while; whether there was anything.
    pub(super) fn grow(&mut self) -> bool {
        let has_it = |effect: &Effect| {
            matches!(
                effect,
                Effect::Sift(..) | Effect::Diff(_) | Effect::Pairs(_) | Effect::Between(..)
            )
        };
        if self.out.as_ref().is_some_and(has_it) {
            return false;
        }
        let (begun, mut grew) = (now(), false);
        while begun.elapsed() < SLICE {
            match self.growths.as_ref().map(Growths::try_recv) {
                Some(Ok(growth)) => {
                    grew = true;
                    self.take(Message::Grown(Box::new(growth)));
                }
                Some(Err(TryRecvError::Disconnected)) => self.growths = None,
                Some(Err(TryRecvError::Empty)) | None => break,
            }
        }
        grew
    }

    /// To the clipboard: by the terminal, wherever that is, and by this machine's own means.
    fn copy(&self, what: &str, text: String) -> Asked {
        let mut length = text.len().min(MOST_COPIED);
        while !text.is_char_boundary(length) {
            length -= 1;
        }
        let is_cut = length < text.len();
        if self.clipboard == Clipboard::Terminal {
            // A terminal that knows nothing of it ignores it; nobody can be told if that fails.
            let sequence = clipboard(&text[..length], std::env::var_os("TMUX").is_some());
            let mut out = stdout();
            let _ = out.write_all(sequence.as_bytes()).and_then(|()| out.flush());
        }
        let amount = super::measure::bytes(text.len() as u64);
        let cut = if is_cut { ", cut for the terminal," } else { "" };
        Asked::Copy(text, format!("{what} ({amount}){cut}"))
    }

    fn as_text(&self) -> String {
        let (width, height) = self.app.size;
        super::picture_of(self.app, (width, height))
    }

    /// Asks for the next of what is to be done.
    pub(super) fn ask(&mut self) {
        while self.out.is_none() {
            let Some(effect) = self.todo.pop_front() else { return };
            let tape = self.app.tape.as_ref();
            let asked = match &effect {
                Effect::Quit | Effect::Leave | Effect::Start(_) => continue,
                Effect::Judge(keys) => {
                    // Who can't be asked is gone, and that is seen below.
                    let _ = self.asked.send(Asked::Judge(keys.clone()));
                    continue;
                }
                Effect::List => Some(Asked::List),
                Effect::Open(key) => Some(Asked::Open(key.clone())),
                Effect::Rename(key, name) => Some(Asked::Rename(key.clone(), name.clone())),
                Effect::Remove(key) => Some(Asked::Remove(key.clone())),
                Effect::Save(name, filter) => Some(Asked::Save(name.clone(), filter.clone())),
                Effect::Pairs(key) => tape.map(|it| Asked::Pairs(Arc::clone(it), key.clone())),
                Effect::Between(key, runs) => {
                    tape.map(|tape| Asked::Between(Arc::clone(tape), key.clone(), *runs))
                }
                Effect::Diff(run) => tape.map(|tape| Asked::Diff(Arc::clone(tape), *run)),
                Effect::Note(note) => Some(Asked::Note(note.clone())),
                Effect::Report(step) => Some(Asked::Report(step.clone())),
                Effect::Forget(notes) => Some(Asked::Forget(notes.clone())),
                Effect::Query(sql) => Some(Asked::Query(sql.clone())),
                Effect::Copy(what, text) => Some(self.copy(what, text.clone())),
                Effect::CopyScreen => Some(self.copy("the screen", self.as_text())),
                Effect::Read(row, portion) => tape.and_then(|tape| {
                    let row = tape.timeline.row(*row)?;
                    Some(Asked::Read(row, Arc::clone(&tape.book), *portion))
                }),
                Effect::Sift(text, from) => {
                    tape.map(|tape| Asked::Sift(Arc::clone(tape), text.clone(), *from))
                }
            };
            // Nobody is there to be asked only if that thread has panicked, which ends all.
            if asked.is_some_and(|asked| self.asked.send(asked).is_ok()) {
                self.out = Some(effect);
            }
        }
    }
}

/// The sequence that gives a text to the clipboard of whoever sits before the terminal (xterm's
/// OSC 52), past tmux where that is in between.
fn clipboard(text: &str, in_tmux: bool) -> String {
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    if in_tmux {
        // tmux takes the first if it is set to, and hands the second on if that is allowed.
        format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b"))
    } else {
        plain
    }
}
