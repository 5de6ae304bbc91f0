//! A terminal ↔ the screen: takes it over, gives it back however the program ends, and runs the loop.

use std::io::{self, Stdout, Write as _, stdout};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute};

use super::app::{App, Effect, Message};
use super::keys::Key;
use super::{Source, draw, update};

/// How long a signal may go unseen.
const LOOK: Duration = Duration::from_millis(50);

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
        execute!(stdout(), EnterAlternateScreen, cursor::Hide)?;
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
        let _ = execute!(stdout(), LeaveAlternateScreen, cursor::Show);
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
            restore();
            before(panic);
        }));
    });
}

/// Shows the screen until the reader leaves, or `stop` says to.
///
/// # Errors
/// What the terminal said.
pub fn run(app: &mut App, source: &mut dyn Source, stop: &dyn Fn() -> bool) -> io::Result<Ended> {
    let _taken = Taken::new()?;
    let mut terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
    let size = terminal.size()?;
    let mut waiting = vec![Message::Resize(size.width, size.height)];
    loop {
        for message in waiting.drain(..) {
            if take(app, source, message) {
                return Ok(Ended::Left);
            }
        }
        paint(&mut terminal, app)?;
        while waiting.is_empty() {
            if stop() {
                return Ok(Ended::Stopped);
            }
            if event::poll(LOOK)? {
                waiting.extend(message(&event::read()?));
                // Keys that wait already are taken before the next drawing.
                while event::poll(Duration::ZERO)? {
                    waiting.extend(message(&event::read()?));
                }
            }
        }
    }
}

fn paint(terminal: &mut Terminal<CrosstermBackend<Stdout>>, app: &App) -> io::Result<()> {
    terminal.draw(|frame| draw(app, frame))?;
    Ok(())
}

/// Updates, and does what that asks for, until nothing more is; true to leave.
fn take(app: &mut App, source: &mut dyn Source, message: Message) -> bool {
    let mut effects = update(app, message);
    while let Some(effect) = effects.pop() {
        let answer = match effect {
            Effect::Quit => return true,
            Effect::List => Message::Listed(source.recordings()),
            Effect::Open(key) => Message::Opened(source.open(&key).map(Box::new)),
            Effect::Read(row) => Message::Payload(row, read(app, source, row)),
            Effect::Sift(text) => {
                let sifted = source.sift(&text);
                Message::Sifted(text, sifted)
            }
        };
        effects.extend(update(app, answer));
    }
    false
}

fn read(app: &App, source: &mut dyn Source, row: u32) -> Result<super::Shown, String> {
    let row = app.tape.as_ref().and_then(|tape| tape.timeline.row(row));
    row.map_or_else(|| Err("no such event".to_owned()), |row| source.payload(&row))
}

fn message(event: &Event) -> Option<Message> {
    match event {
        Event::Resize(width, height) => Some(Message::Resize(*width, *height)),
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
        _ => return None,
    })
}
