//! Lines of many threads → stdout and stderr, on one thread of its own.
//!
//! A reader that stops reading, or a terminal that is held (Ctrl-S), blocks whoever writes to it.
//! That must never be a thread that relays: so lines wait in a bounded queue, and are counted where
//! it is full.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Lines that wait. More than a screen or a script falls behind by in ordinary use.
const WAITING: usize = 4096;

/// Prints in the background.
pub(crate) struct Printer {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a state of its own")]
struct State {
    queue: VecDeque<Print>,
    /// The thread has taken something that it has not printed yet.
    printing: bool,
    /// The terminal is somebody else's: lines wait.
    held: bool,
    /// The status line stands there.
    status_shown: bool,
    left_out: u64,
    closed: bool,
}

/// One thing to print.
enum Print {
    /// A line of the result, on stdout.
    Result(String),
    /// A line for people, on stderr, above the status line.
    Line(String),
    /// The status line, in place.
    Status(String),
}

impl Printer {
    /// Starts the thread. Without one there is nothing to print with, and nothing is printed.
    pub(crate) fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let started = std::thread::Builder::new().name("printer".to_owned()).spawn(move || {
            theirs.print();
        });
        shared.lock().closed = started.is_err();
        Self { shared }
    }

    /// A line of the result.
    pub(crate) fn result(&self, text: String) {
        self.push(Print::Result(text));
    }

    /// A line for people.
    pub(crate) fn line(&self, text: String) {
        self.push(Print::Line(text));
    }

    /// The status line; not worth waiting for.
    pub(crate) fn status(&self, text: String) {
        let state = self.shared.lock();
        if state.queue.is_empty() && !state.held {
            drop(state);
            self.push(Print::Status(text));
        }
    }

    /// Keeps to itself what there is to print, until it is released; what is being printed is
    /// waited for, but no longer than `limit`. The status line is wiped off.
    pub(crate) fn hold(&self, limit: Duration) {
        self.shared.lock().held = true;
        let printing = |state: &mut State| state.printing;
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), limit, printing);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut state.status_shown) {
            drop(state);
            // Enter, which asked for this, has ended the line.
            let _ = write!(std::io::stderr(), "\x1b[A\r\x1b[J");
        }
    }

    /// Prints again, what has waited first.
    pub(crate) fn release(&self) {
        self.shared.lock().held = false;
        self.shared.changed.notify_all();
    }

    /// How many lines found no room since the last time this was asked.
    pub(crate) fn left_out(&self) -> u64 {
        std::mem::take(&mut self.shared.lock().left_out)
    }

    /// Waits until all is printed, but no longer than `limit`.
    pub(crate) fn flush(&self, limit: Duration) {
        let waiting = |state: &mut State| !state.queue.is_empty() || state.printing;
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), limit, waiting);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn push(&self, print: Print) {
        let mut state = self.shared.lock();
        if state.closed || state.queue.len() >= WAITING {
            state.left_out += 1;
            return;
        }
        state.queue.push_back(print);
        self.shared.changed.notify_all();
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn print(&self) {
        loop {
            let idle = |state: &mut State| (state.queue.is_empty() || state.held) && !state.closed;
            let waited = self.changed.wait_while(self.lock(), idle);
            let mut state = waited.unwrap_or_else(PoisonError::into_inner);
            let Some(print) = state.queue.pop_front() else { return };
            state.printing = true;
            let clear = if state.status_shown { "\r\x1b[K" } else { "" };
            drop(state);
            // A reader that went away is no reason to stop recording.
            let _ = match &print {
                Print::Result(text) => writeln!(std::io::stdout(), "{text}"),
                Print::Line(text) => writeln!(std::io::stderr(), "{clear}{text}"),
                Print::Status(text) => write!(std::io::stderr(), "\r\x1b[K{text}"),
            };
            let mut state = self.lock();
            state.status_shown = match print {
                Print::Result(_) => state.status_shown,
                Print::Line(_) => false,
                Print::Status(_) => true,
            };
            state.printing = false;
            drop(state);
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
