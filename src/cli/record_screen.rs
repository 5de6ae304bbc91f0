//! Enter, while `record` runs on a terminal → the full screen on what is being recorded, and `q` →
//! back to the recorder's lines. Whatever happens to the screen, recording goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tokio::sync::Notify;

use super::failure::{Code, Failure};
use super::front::Front;
use super::record::RecordArgs;
use super::screen::Screen;
use super::{Globals, open};
use crate::tui::{self, Ended, Panics, Until};

/// How long Enter, or the end of the recording, may go unseen.
const LOOK: Duration = Duration::from_millis(50);

/// How long the end of the recording waits for a screen whose terminal may be held (Ctrl-S).
const GRACE: Duration = Duration::from_millis(500);

/// The full screen, shown or ready to be.
pub(super) struct FullScreen {
    stop: Arc<AtomicBool>,
    quit: Arc<Notify>,
    ended: Receiver<()>,
}

/// What it takes to show it.
struct Showing {
    globals: Globals,
    path: PathBuf,
    screen: Arc<Screen>,
    stop: Arc<AtomicBool>,
    quit: Arc<Notify>,
}

/// Whether `record` can show it here: a command of its own would write over it.
pub(super) fn is_offered(args: &RecordArgs, globals: &Globals) -> bool {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    open::on_a_terminal() && !is_dumb && !globals.json && args.command.is_empty()
}

/// Why `--ui` can't be had, if it can't.
pub(super) fn refuse(args: &RecordArgs, globals: &Globals) -> Result<(), Failure> {
    if !args.ui || is_offered(args, globals) {
        return Ok(());
    }
    let why = if !args.command.is_empty() {
        "the command would write over it"
    } else if globals.json {
        "--json is for programs"
    } else {
        "there is no terminal to show it on"
    };
    Err(Failure::new(Code::Usage, "--ui can't show its screen here")
        .why(why)
        .next("wiretape open NAME   in another terminal, while it is recorded"))
}

impl FullScreen {
    /// Waits for Enter on a thread of its own; with `--ui` the screen is shown at once.
    pub(super) fn start(
        args: &RecordArgs,
        globals: &Globals,
        (path, screen): (PathBuf, Arc<Screen>),
    ) -> Result<Self, Failure> {
        let (stop, quit) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let at_once = args.ui;
        if at_once {
            screen.give_way();
        }
        let showing = Showing {
            globals: globals.clone(),
            path,
            screen,
            stop: Arc::clone(&stop),
            quit: Arc::clone(&quit),
        };
        let (end, ended) = channel();
        std::thread::Builder::new().name("screen".into()).spawn(move || {
            showing.wait_and_show(at_once);
            drop(end);
        })?;
        Ok(Self { stop, quit, ended })
    }

    /// Ready once the reader of the screen wants the recording to end.
    pub(super) async fn quit(&self) {
        self.quit.notified().await;
    }

    /// Closes it, and gives the terminal back.
    pub(super) fn finish(self) {
        self.stop.store(true, Ordering::Relaxed);
        // It says nothing; it goes away when the thread does.
        let _ = self.ended.recv_timeout(GRACE);
        tui::restore();
    }
}

impl Showing {
    fn wait_and_show(&self, at_once: bool) {
        let mut is_due = at_once;
        while !self.stop.load(Ordering::Relaxed) {
            if !is_due && !is_in_front() {
                // What is typed is for whoever is.
                std::thread::sleep(LOOK);
                continue;
            }
            if !is_due {
                match tui::entered(LOOK) {
                    Ok(true) => self.screen.give_way(),
                    Ok(false) => continue,
                    Err(_) => return,
                }
            }
            is_due = false;
            let shown = catch_unwind(AssertUnwindSafe(|| self.show()));
            self.screen.take_back();
            match shown {
                // It starts nothing: it is not asked whether it may.
                Ok(Ok(Ended::Left | Ended::Wants(_))) => {}
                Ok(Ok(Ended::Quit)) => return self.quit.notify_one(),
                Ok(Ok(Ended::Stopped)) => return,
                Ok(Ok(Ended::Lost)) | Err(_) => {
                    self.screen.no_screen("it failed, as is told above");
                }
                Ok(Err(failure)) => self.screen.no_screen(&failure.in_a_line()),
            }
        }
    }

    fn show(&self) -> Result<Ended, Failure> {
        // By the rules that the recording has, or those that fit: as whoever opens it gets.
        let mut front = Front::new(&self.globals, None);
        let (tape, growths) = front.look(&self.path)?;
        let mut app = open::app(&self.globals, Some(tape))?;
        app.live();
        let until =
            Until { stop: &|| self.stop.load(Ordering::Relaxed), panics: Panics::EndScreen };
        Ok(tui::run(&mut app, Box::new(front), Some(growths), until)?)
    }
}

/// Whether what is typed is for this program: reading it from the background would stop it, and the
/// traffic with it.
#[cfg(unix)]
fn is_in_front() -> bool {
    let group = rustix::termios::tcgetpgrp(std::io::stdin());
    group.is_ok_and(|group| group == rustix::process::getpgrp())
}

#[cfg(not(unix))]
fn is_in_front() -> bool {
    true
}
