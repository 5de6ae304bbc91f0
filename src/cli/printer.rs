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
struct State {
    queue: VecDeque<Print>,
    /// The thread has taken something that it has not printed yet.
    printing: bool,
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
        if self.shared.lock().queue.is_empty() {
            self.push(Print::Status(text));
        }
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
        let mut status_shown = false;
        loop {
            let idle = |state: &mut State| state.queue.is_empty() && !state.closed;
            let waited = self.changed.wait_while(self.lock(), idle);
            let mut state = waited.unwrap_or_else(PoisonError::into_inner);
            let Some(print) = state.queue.pop_front() else { return };
            state.printing = true;
            drop(state);
            let clear = if status_shown { "\r\x1b[K" } else { "" };
            // A reader that went away is no reason to stop recording.
            let _ = match &print {
                Print::Result(text) => writeln!(std::io::stdout(), "{text}"),
                Print::Line(text) => writeln!(std::io::stderr(), "{clear}{text}"),
                Print::Status(text) => write!(std::io::stderr(), "\r\x1b[K{text}"),
            };
            status_shown = match print {
                Print::Result(_) => status_shown,
                Print::Line(_) => false,
                Print::Status(_) => true,
            };
            self.lock().printing = false;
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
