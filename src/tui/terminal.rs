//! A terminal ↔ the screen: takes it over, gives it back however the program ends, and runs the loop.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, Stdout, Write as _, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{DisableMouseCapture, EnableMouseCapture};
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute};

use super::app::App;
use super::disk::{Asked, Told, answer};
use super::keys::Key;
use super::message::{Effect, Message, Wish};
use super::theme::Look;
use super::typing::Typing;
use super::{Growths, Source, draw, ground, update};

/// How long a signal may go unseen.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// How long what was found of a recording may go unseen, and how long the reader may wait while it
/// is taken: half of what a key may take to be seen.
const GROW: Duration = Duration::from_millis(25);
const SLICE: Duration = Duration::from_millis(8);

/// While it plays it is drawn so often: as fluent as terminals over a network are.
const FRAME: Duration = Duration::from_millis(40);

/// Bytes that terminals take for a clipboard: some drop what is longer (xterm and its kin keep
/// 100 kB of base64).
const MOST_COPIED: usize = 74_000;

/// What only grows is drawn so often; what the reader does, at once.
const REPAINT: Duration = Duration::from_millis(100);

/// What a panic ends the program with.
const PANICKED: i32 = 101;

/// Held while the screen is drawn.
static SCREEN: Mutex<()> = Mutex::new(());

thread_local! {
    /// Whether this thread draws now.
    static IS_DRAWING: Cell<bool> = const { Cell::new(false) };
}

/// Whether the terminal is ours now, for the panic hook.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether the program goes on where a panic has ended the screen.
static OUTLIVES: AtomicBool = AtomicBool::new(false);

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The reader went back to where they came from.
    Left,
    /// The reader wants no more of the program.
    Quit,
    /// The reader wants something else of the program.
    Wants(Wish),
    /// Someone asked the program to stop.
    Stopped,
    /// Something panicked, and the terminal was given back so that it is read.
    Lost,
}

/// What a panic ends, of whichever thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panics {
    /// The program, of which the screen is all.
    EndAll,
    /// The screen: the program does what matters more.
    EndScreen,
}

/// When the screen ends, besides when its reader leaves.
#[derive(Clone, Copy)]
pub struct Until<'a> {
    /// Says to stop.
    pub stop: &'a dyn Fn() -> bool,
    /// What a panic ends.
    pub panics: Panics,
}

/// Gives the terminal back when it goes away.
struct Taken;

impl Taken {
    fn new() -> io::Result<Self> {
        restore_on_panic();
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let taken = Self;
        execute!(stdout(), EnterAlternateScreen, cursor::Hide, EnableMouseCapture)?;
        Ok(taken)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back, if it was taken; there is nobody to tell if that fails.
pub fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(stdout(), DisableMouseCapture, LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
        let _ = stdout().flush();
    }
}

/// What a panic says is to be read, and on the alternate screen it would vanish.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // Nothing is being drawn from now on; but whoever draws is not waited for by itself.
            let _held = (!IS_DRAWING.get()).then(|| SCREEN.lock());
            let was_taken = TAKEN.load(Ordering::SeqCst);
            restore();
            before(panic);
            // Nothing is drawn over what it says, whichever thread it was.
            if was_taken && !OUTLIVES.load(Ordering::SeqCst) {
                std::process::exit(PANICKED);
            }
        }));
    });
}

#[expect(clippy::disallowed_methods, reason = "the terminal is where time comes in")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Takes the mouse, or leaves it to the terminal.
fn capture(mouse: bool) -> io::Result<()> {
    if mouse {
        execute!(stdout(), EnableMouseCapture)
    } else {
        execute!(stdout(), DisableMouseCapture)
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

/// Shows the screen until the reader leaves. `growths` is what is found of the recording that is
/// shown.
///
/// # Errors
/// What the terminal said.
pub fn run(
    app: &mut App,
    source: Box<dyn Source>,
    growths: Option<Growths>,
    until: Until<'_>,
) -> io::Result<Ended> {
    OUTLIVES.store(until.panics == Panics::EndScreen, Ordering::SeqCst);
    let _taken = Taken::new()?;
    let mut terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
    let size = terminal.size()?;
    let (tell, told) = channel();
    let asked = answer(source, tell.clone())?;
    let ground = look_around(app);
    let typing = Typing::start(tell, ground.is_late)?;
    let mut desk = Desk { app, asked, todo: VecDeque::new(), out: None, growths };
    desk.take(Message::Resize(size.width, size.height));
    ground.typed.into_iter().for_each(|key| desk.take(Message::Key(key)));
    let mut painted: Option<Instant> = None;
    let mut is_stale = true;
    let (begun, mut has_mouse) = (now(), true);
    loop {
        if let Some(ended) = desk.ended(until.stop) {
            drop(typing);
            // Who left in a hurry may have meant more than one step.
            let is_quit = |told| matches!(told, Told::Typed(Message::Key(Key::Ctrl('c'))));
            let quits = ended == Ended::Left && told.try_iter().any(is_quit);
            return Ok(if quits { Ended::Quit } else { ended });
        }
        let grew = desk.grow();
        is_stale |= grew;
        if desk.app.player.is_playing {
            desk.take(Message::Tick(begun.elapsed()));
            is_stale = true;
        }
        if desk.app.mouse != has_mouse {
            has_mouse = desk.app.mouse;
            capture(has_mouse)?;
        }
        desk.ask();
        if is_stale && painted.is_none_or(|painted| !grew || painted.elapsed() >= REPAINT) {
            paint(&mut terminal, desk.app)?;
            (painted, is_stale) = (Some(now()), false);
        }
        match told.recv_timeout(desk.pause(grew)) {
            Ok(first) => {
                // What waits already is taken before the next drawing, which is due at once.
                for told in std::iter::once(first).chain(told.try_iter()) {
                    desk.told(told);
                }
                (painted, is_stale) = (None, true);
            }
            Err(RecvTimeoutError::Timeout) => {}
            // The terminal is gone; a signal says so too.
            Err(RecvTimeoutError::Disconnected) => return Ok(Ended::Stopped),
        }
    }
}

/// Finds out what is written on, where that decides the colours.
fn look_around(app: &mut App) -> ground::Asked {
    let set = |name: &str| std::env::var(name).unwrap_or_default();
    let has_colours = matches!(set("COLORTERM").as_str(), "truecolor" | "24bit");
    if app.theme.look != Look::Auto || !has_colours {
        return ground::Asked::default();
    }
    let asked = ground::ask();
    app.theme.ground = asked.ground.or_else(|| ground::from_environment(&set("COLORFGBG")));
    asked
}

/// Draws, unless the terminal was given back.
fn paint(terminal: &mut Terminal<CrosstermBackend<Stdout>>, app: &App) -> io::Result<()> {
    let _held = SCREEN.lock();
    IS_DRAWING.set(true);
    if TAKEN.load(Ordering::SeqCst) {
        terminal.draw(|frame| draw(app, frame))?;
    }
    IS_DRAWING.set(false);
    Ok(())
}

/// The screen and what it waits for.
struct Desk<'a> {
    app: &'a mut App,
    asked: Sender<Asked>,
    todo: VecDeque<Effect>,
    /// What is being answered. While a recording is looked through, it does not grow.
    out: Option<Effect>,
    growths: Option<Growths>,
}

impl Desk<'_> {
    /// How it has ended, if it has.
    fn ended(&self, stop: &dyn Fn() -> bool) -> Option<Ended> {
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
        } else if stop() {
            Some(Ended::Stopped)
        } else {
            // Where it ends the program, whoever panicked does that.
            let is_over = OUTLIVES.load(Ordering::SeqCst) && !TAKEN.load(Ordering::SeqCst);
            is_over.then_some(Ended::Lost)
        }
    }

    /// How long nothing need be looked at but what is told.
    fn pause(&self, grew: bool) -> Duration {
        match self.growths {
            _ if grew => Duration::ZERO,
            _ if self.app.player.is_playing => FRAME,
            Some(_) => GROW,
            None => LOOK,
        }
    }

    fn take(&mut self, message: Message) {
        for effect in update(self.app, message) {
            if matches!(effect, Effect::Read(..)) {
                // Only where the reader is now is of interest.
                self.todo.retain(|other| !matches!(other, Effect::Read(..)));
            }
            self.todo.push_back(effect);
        }
    }

    fn told(&mut self, told: Told) {
        match told {
            Told::Typed(message) => self.take(message),
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
    fn grow(&mut self) -> bool {
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
    fn copy(what: &str, text: String) -> Asked {
        let mut length = text.len().min(MOST_COPIED);
        while !text.is_char_boundary(length) {
            length -= 1;
        }
        let is_cut = length < text.len();
        // A terminal that knows nothing of it ignores it; there is nobody to tell if that fails.
        let sequence = clipboard(&text[..length], std::env::var_os("TMUX").is_some());
        let mut out = stdout();
        let _ = out.write_all(sequence.as_bytes()).and_then(|()| out.flush());
        let amount = super::measure::bytes(text.len() as u64);
        let cut = if is_cut { ", cut for the terminal," } else { "" };
        Asked::Copy(text, format!("{what} ({amount}){cut}"))
    }

    fn as_text(&self) -> String {
        let (width, height) = self.app.size;
        super::picture_of(self.app, (width, height))
    }

    /// Asks for the next of what is to be done.
    fn ask(&mut self) {
        while self.out.is_none() {
            let Some(effect) = self.todo.pop_front() else { return };
            let tape = self.app.tape.as_ref();
            let asked = match &effect {
                Effect::Quit | Effect::Leave | Effect::Start(_) => continue,
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
                Effect::Copy(what, text) => Some(Self::copy(what, text.clone())),
                Effect::CopyScreen => Some(Self::copy("the screen", self.as_text())),
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
