//! The recorder's state, again and again → the screen, on a thread of its own: timers of the
//! relays' runtime come late exactly when there is most to tell.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::recording::Journal;

use super::screen::Screen;

/// How often the status line is drawn and the writer asked for trouble.
const TICK: Duration = Duration::from_millis(200);

/// Ticks until it is dropped.
pub(crate) struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Starts. Without a thread there is no status line, and recording goes on all the same.
    pub(crate) fn start(screen: Arc<Screen>, journal: Journal) -> Self {
        let (stop, stopped) = channel::<()>();
        let ticking = std::thread::Builder::new().name("ticker".to_owned()).spawn(move || {
            loop {
                screen.tick(&journal.status());
                if stopped.recv_timeout(TICK) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        });
        Self { stop: Some(stop), thread: ticking.ok() }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop = None;
        // One that panicked has nothing to end.
        self.thread.take().map(JoinHandle::join);
    }
}
