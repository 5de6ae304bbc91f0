//! A terminal ↔ the screen: takes it over, gives it back however the program ends, and runs the loop.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, Stdout, Write as _, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, Once};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{
    self, DisableMouseCapture, EnableMouseCapture, Event, KeyCode, KeyEventKind, KeyModifiers,
    MouseButton, MouseEventKind,
};
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute};

use super::app::App;
use super::keys::Key;
use super::message::{Effect, Message};
use super::mouse::Mouse;
use super::review::Step;
use super::{Growths, Source, Tape, diff, draw, update};
use crate::analysis::timeline::Row;
use crate::wire::Note;

/// How long a signal may go unseen.
const LOOK: Duration = Duration::from_millis(50);

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

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The reader left.
    Left,
    /// Someone asked the program to stop.
    Stopped,
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
            if was_taken {
                std::process::exit(PANICKED);
            }
        }));
    });
}

#[expect(clippy::disallowed_methods, reason = "the terminal is where time comes in")]
fn now() -> Instant {
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

/// What is asked of the disk.
enum Asked {
    Read(Row),
    Sift(Arc<Tape>, String, u32),
    Query(String),
    Diff(Arc<Tape>, u32),
    Note(Box<Note>),
    Report(Step),
    /// A text for the clipboard, and what it is.
    Copy(String, String),
    List,
    Open(String),
}

/// What comes from elsewhere.
enum Told {
    /// Nothing more can be asked of the disk until this is taken.
    Answer(Message),
    Opened(Box<(Tape, Growths)>),
    Typed(Message),
}

/// Shows the screen until the reader leaves, or `stop` says to. `growths` is what is found of the
/// recording that is shown.
///
/// # Errors
/// What the terminal said.
pub fn run(
    app: &mut App,
    source: Box<dyn Source>,
    growths: Option<Growths>,
    stop: &dyn Fn() -> bool,
) -> io::Result<Ended> {
    let _taken = Taken::new()?;
    let mut terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
    let size = terminal.size()?;
    let (tell, told) = channel();
    let asked = answer(source, tell.clone())?;
    let _typing = Typing::start(tell)?;
    let mut desk = Desk { app, asked, todo: VecDeque::new(), out: None, growths };
    desk.take(Message::Resize(size.width, size.height));
    let mut painted: Option<Instant> = None;
    let mut is_stale = true;
    let (begun, mut has_mouse) = (now(), true);
    loop {
        if desk.todo.contains(&Effect::Quit) {
            return Ok(Ended::Left);
        }
        if stop() {
            return Ok(Ended::Stopped);
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
            if matches!(effect, Effect::Read(_)) {
                // Only where the reader is now is of interest.
                self.todo.retain(|other| !matches!(other, Effect::Read(_)));
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
        if matches!(self.out, Some(Effect::Sift(..) | Effect::Diff(_))) {
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
                Effect::Quit => continue,
                Effect::List => Some(Asked::List),
                Effect::Open(key) => Some(Asked::Open(key.clone())),
                Effect::Diff(run) => tape.map(|tape| Asked::Diff(Arc::clone(tape), *run)),
                Effect::Note(note) => Some(Asked::Note(note.clone())),
                Effect::Report(step) => Some(Asked::Report(step.clone())),
                Effect::Query(sql) => Some(Asked::Query(sql.clone())),
                Effect::Copy(what, text) => Some(Self::copy(what, text.clone())),
                Effect::CopyScreen => Some(Self::copy("the screen", self.as_text())),
                Effect::Read(row) => tape.and_then(|tape| tape.timeline.row(*row)).map(Asked::Read),
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

/// Answers what is asked of `source`, on a thread of its own: a disk may be slow, and a reader is
/// not kept waiting for it. It ends when nobody asks any more.
fn answer(mut source: Box<dyn Source>, tell: Sender<Told>) -> io::Result<Sender<Asked>> {
    let (ask, asked) = channel();
    std::thread::Builder::new().name("disk".into()).spawn(move || {
        for asked in asked {
            let told = match asked {
                Asked::List => Told::Answer(Message::Listed(source.recordings())),
                Asked::Read(row) => {
                    Told::Answer(Message::Payload(row.number, source.payload(&row)))
                }
                Asked::Query(sql) => Told::Answer(Message::Queried(source.query(&sql))),
                Asked::Report(step) => Told::Answer(Message::Staged(source.report(step))),
                Asked::Note(note) => Told::Answer(Message::Noted(source.note(&note))),
                Asked::Diff(tape, run) => {
                    let mut payload = |row: &Row| {
                        let shown = source.payload(row).ok()?;
                        Some(shown.json.map_or(shown.bytes, String::into_bytes))
                    };
                    let diffed = diff::compare(&tape, run, &mut payload);
                    drop(tape);
                    Told::Answer(Message::Diffed(diffed.map(Box::new)))
                }
                Asked::Copy(text, what) => {
                    let tool = source.copy(&text);
                    let tool = tool.map_or_else(String::new, |tool| format!(" and {tool}"));
                    let told = format!("{what} copied, by the terminal{tool}");
                    Told::Answer(Message::Copied(told))
                }
                Asked::Sift(tape, text, from) => {
                    let sifted = source.sift(&tape, &text, from);
                    drop(tape);
                    Told::Answer(Message::Sifted(text, sifted))
                }
                Asked::Open(key) => match source.open(&key) {
                    Ok(opened) => Told::Opened(Box::new(opened)),
                    Err(why) => Told::Answer(Message::Opened(Err(why))),
                },
            };
            if tell.send(told).is_err() {
                return;
            }
        }
    })?;
    Ok(ask)
}

/// Takes what is typed, until it is dropped.
struct Typing {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Typing {
    fn start(tell: Sender<Told>) -> io::Result<Self> {
        let done = Arc::new(AtomicBool::new(false));
        let thread = {
            let done = Arc::clone(&done);
            std::thread::Builder::new().name("keys".into()).spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let typed = match event::poll(LOOK) {
                        Ok(true) => event::read(),
                        Ok(false) => continue,
                        Err(_) => return,
                    };
                    let Ok(typed) = typed else { return };
                    if let Some(message) = message(&typed)
                        && tell.send(Told::Typed(message)).is_err()
                    {
                        return;
                    }
                }
            })?
        };
        Ok(Self { done, thread: Some(thread) })
    }
}

impl Drop for Typing {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        // Whoever reads the terminal next does not share what is typed.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn message(event: &Event) -> Option<Message> {
    match event {
        Event::Resize(width, height) => Some(Message::Resize(*width, *height)),
        Event::Mouse(moved) => {
            let mouse = match moved.kind {
                MouseEventKind::Down(MouseButton::Left) => Mouse::Press,
                MouseEventKind::Drag(MouseButton::Left) => Mouse::Drag,
                MouseEventKind::Down(MouseButton::Right) => Mouse::Menu,
                MouseEventKind::ScrollUp => Mouse::Up,
                MouseEventKind::ScrollDown => Mouse::Down,
                _ => return None,
            };
            Some(Message::Mouse(mouse, moved.column, moved.row))
        }
        Event::Key(pressed) if pressed.kind != KeyEventKind::Release => {
            key(pressed.code, pressed.modifiers).map(Message::Key)
        }
        _ => None,
    }
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Option<Key> {
    Some(match code {
        KeyCode::Char(letter) if modifiers.contains(KeyModifiers::CONTROL) => {
            Key::Ctrl(letter.to_ascii_lowercase())
        }
        KeyCode::Char(letter) => Key::Char(letter),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Enter => Key::Enter,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::F(1) => Key::F1,
        KeyCode::F(2) => Key::F2,
        _ => return None,
    })
}
