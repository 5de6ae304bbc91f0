//! What is typed on the terminal → messages, on a thread of its own; and Enter, while the terminal is
//! somebody else's.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Duration;

use ratatui::crossterm::event::{
    self, Event, KeyCode, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind,
};

use super::disk::Told;
use super::keys::Key;
use super::message::Message;
use super::mouse::Mouse;
use super::terminal::LOOK;

/// Whether Enter is pressed within `limit`, on a terminal that still sends whole lines.
///
/// # Errors
/// The terminal is gone.
pub fn entered(limit: Duration) -> io::Result<bool> {
    let is_enter = |event: &Event| matches!(event, Event::Key(key) if key.code == KeyCode::Enter);
    Ok(event::poll(limit)? && is_enter(&event::read()?))
}

/// Takes what is typed, until it is dropped.
pub(super) struct Typing {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Typing {
    /// Starts. An answer of the terminal that `is_late` is no key.
    pub(super) fn start(tell: Sender<Told>, is_late: bool) -> io::Result<Self> {
        let mut late = is_late.then_some(Late::Awaited);
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
                    if let Event::Key(key) = &typed
                        && is_answer(&mut late, key.code, key.modifiers)
                    {
                        continue;
                    }
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

/// How much of an answer that is late has come, as the keys that it is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Late {
    Awaited,
    /// So many letters of it.
    Begun(u8),
}

/// Letters of an answer: `11;rgb:ffff/ffff/ffff`, and some more.
const LONGEST_ANSWER: u8 = 40;

/// Whether a key is part of a late answer: `ESC ] 11;rgb:… ESC \`, of which a terminal's reader
/// makes Alt-], letters, and Alt-\ or Ctrl-G.
fn is_answer(late: &mut Option<Late>, code: KeyCode, modifiers: KeyModifiers) -> bool {
    let alt = modifiers.contains(KeyModifiers::ALT);
    let next = match (*late, code) {
        (Some(Late::Awaited), KeyCode::Char(']')) if alt => Some(Late::Begun(0)),
        (None | Some(Late::Awaited), _) => return false,
        (Some(Late::Begun(_)), KeyCode::Char('\\')) if alt => None,
        (Some(Late::Begun(_)), KeyCode::Char('g')) if modifiers == KeyModifiers::CONTROL => None,
        (Some(Late::Begun(LONGEST_ANSWER..)), _) => None,
        (Some(Late::Begun(letters)), _) => Some(Late::Begun(letters + 1)),
    };
    *late = next;
    true
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
        KeyCode::Delete => Key::Delete,
        KeyCode::F(number) => Key::F(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::{KeyCode, KeyModifiers};

    use super::{Late, is_answer};

    #[test]
    fn an_answer_that_comes_late_is_no_key_and_keys_around_it_are() {
        let mut late = Some(Late::Awaited);
        let mut types = |text: &str, modifiers| {
            let each = text.chars().map(KeyCode::Char);
            each.map(|code| is_answer(&mut late, code, modifiers)).collect::<Vec<_>>()
        };
        assert_eq!(types("e]", KeyModifiers::NONE), [false, false]);
        assert_eq!(types("]", KeyModifiers::ALT), [true]);
        assert!(types("11;rgb:ffff/ffff/ffff", KeyModifiers::NONE).iter().all(|is| *is));
        assert_eq!(types("\\", KeyModifiers::ALT), [true]);
        assert_eq!(types("q", KeyModifiers::NONE), [false]);
        assert_eq!(types("]", KeyModifiers::ALT), [false], "there is one answer");
    }
}
