//! A terminal ↔ the screen: takes it over, gives it back however the program ends, and runs the loop.

use std::cell::Cell;
use std::io::{self, Stdout, Write as _, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, Once};
use std::time::{Duration, Instant};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{DisableMouseCapture, EnableMouseCapture};
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode, size,
};
use ratatui::crossterm::{cursor, execute};

use super::app::App;
use super::desk::{Clipboard, Desk, GROW};
use super::disk::{Told, answer};
use super::keys::Key;
use super::message::{Message, Wish};
use super::theme::Look;
use super::typing::Typing;
use super::{Growths, Source, draw, ground};

/// How long a signal may go unseen.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// While it plays it is drawn so often: as fluent as terminals over a network are.
const FRAME: Duration = Duration::from_millis(40);

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
        // Not every terminal has a screen of its own for this, and what was there is not ours.
        // Ratatui's own clearing asks where the cursor is, which not every terminal answers.
        let all = Clear(ClearType::All);
        execute!(stdout(), EnterAlternateScreen, all, cursor::Hide, EnableMouseCapture)?;
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
        // Where there is no other screen, the prompt comes below what was drawn.
        let last = size().map_or(0, |(_, rows)| rows.saturating_sub(1));
        let below = cursor::MoveTo(0, last);
        let _ = execute!(stdout(), DisableMouseCapture, below, LeaveAlternateScreen, cursor::Show);
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
    let mut desk = Desk::new(app, asked, growths, Clipboard::Terminal);
    desk.take(Message::Resize(size.width, size.height));
    ground.typed.into_iter().for_each(|key| desk.take(Message::Key(key)));
    let mut painted: Option<Instant> = None;
    let mut is_stale = true;
    let (begun, mut has_mouse) = (now(), true);
    loop {
        if let Some(ended) = desk.ended().or_else(|| ended(until.stop)) {
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
        match told.recv_timeout(pause(&desk, grew)) {
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

/// How it has ended, if it was not by the reader.
fn ended(stop: &dyn Fn() -> bool) -> Option<Ended> {
    if stop() {
        return Some(Ended::Stopped);
    }
    // Where it ends the program, whoever panicked does that.
    let is_over = OUTLIVES.load(Ordering::SeqCst) && !TAKEN.load(Ordering::SeqCst);
    is_over.then_some(Ended::Lost)
}

/// How long nothing need be looked at but what is told.
fn pause(desk: &Desk<'_>, grew: bool) -> Duration {
    match desk.growths {
        _ if grew => Duration::ZERO,
        _ if desk.app.player.is_playing => FRAME,
        Some(_) => GROW,
        None => LOOK,
    }
}
