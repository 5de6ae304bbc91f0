//! A recording, or the folder of them → the full screen.

use std::ffi::OsString;
use std::io::{IsTerminal as _, stdin, stdout};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use jiff::tz::TimeZone;

use super::config::Config;
use super::failure::{Code, Failure};
use super::front::Front;
use super::output::{ColorChoice, Style};
use super::signals::Signals;
use super::{Globals, escape, locate};
use crate::report::View;
use crate::tui::{
    self, App, At, Ended, Growths, Look, Message, Panics, Resume, Source, Tape, Theme, Until, Wall,
    Wish,
};

/// What `open` is asked for.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wiretape open amber-fox
  wiretape open amber-fox --at E102
  wiretape open amber-fox --at +1m30s")]
pub(crate) struct OpenArgs {
    /// A path, a file's name, or the recording's name
    #[arg(value_name = "REC")]
    recording: OsString,
    /// Where to begin: E102, #4397, 14:33:17, +1m30s, 50%
    #[arg(long, value_name = "PLACE", value_parser = At::parse)]
    at: Option<At>,
    /// A rules file or a preset; without it, the traffic decides
    #[arg(long, value_name = "FILE|PRESET")]
    rules: Option<String>,
    /// Sentences and typed lines instead of the screen, for screen readers
    #[arg(long)]
    linear: bool,
}

/// How long the screen may take to leave by itself once it is asked to.
pub(crate) const GRACE: Duration = Duration::from_millis(500);

/// Opens a recording.
pub(crate) fn run(args: &OpenArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let path = locate::find(globals, &args.recording)?;
    if !args.linear && !on_a_terminal() {
        let called = locate::called(&globals.dir, path.file());
        let called = escape::text(&called.to_string_lossy());
        return Err(Failure::new(Code::Usage, "open needs a terminal to show its screen on")
            .next(format!("wiretape open {called} --linear"))
            .next(format!("wiretape timeline {called}"))
            .next(format!("wiretape check {called}")));
    }
    let mut front = Front::new(globals, args.rules.clone());
    let (tape, growths) = front.look(&path)?;
    if path.is_passing() {
        front.passes();
    }
    let mut app = app(globals, Some(tape))?;
    app.alone();
    if let Some(view) = path.view().filter(|_| args.at.is_none()) {
        let View { finding, range_ns, lane } = view.clone();
        app.resume(Resume { finding, range_ns, lane });
    }
    if let Some(at) = args.at {
        tui::update::seek(&mut app, at);
    }
    if args.linear {
        return speak(&mut app, front, growths);
    }
    let ended = show_until(&mut app, Box::new(front), Some(growths), GRACE)?;
    // What was made of a report is gone before another program takes the place of this one.
    drop(path);
    end(&ended)
}

/// Tells of it in sentences.
fn speak(app: &mut App, front: Front, growths: Growths) -> Result<ExitCode, Failure> {
    tui::speak(app, Box::new(front), Some(growths), &mut stdout())?;
    Ok(ExitCode::SUCCESS)
}

/// The list of recordings, to open one of.
pub(crate) fn sessions(globals: &Globals) -> Result<ExitCode, Failure> {
    let mut front = Front::new(globals, None);
    let mut app = app(globals, None)?;
    app.alone();
    let listed = front.recordings();
    tui::update(&mut app, Message::Listed(listed));
    end(&show_until(&mut app, Box::new(front), None, GRACE)?)
}

/// A reader's place before a screen that looks as is asked for.
pub(crate) fn app(globals: &Globals, tape: Option<Tape>) -> Result<App, Failure> {
    let config = Config::read(globals)?;
    let colored = Style::new(globals.color, stdout().is_terminal()).is_colored();
    let look = match globals.theme {
        Some(look) if globals.color != ColorChoice::Never => look,
        _ if !colored => Look::Mono,
        _ => config.look.unwrap_or_default(),
    };
    let ascii = globals.ascii || config.ascii;
    let theme = Theme { look, ascii, ground: None };
    let wall = Wall::new(TimeZone::system());
    let mut app = App::new(tape, globals.dir.display().to_string(), theme, wall);
    app.bind(config.keymap);
    if config.is_still {
        app.still();
    }
    app.keep(config.filters);
    Ok(app)
}

/// There is a terminal to draw on and to take keys from.
pub(crate) fn on_a_terminal() -> bool {
    stdout().is_terminal() && stdin().is_terminal()
}

/// Shows the screen; who is asked to stop, and has not after `grace`, is ended.
pub(crate) fn show_until(
    app: &mut App,
    source: Box<dyn Source>,
    growths: Option<Growths>,
    grace: Duration,
) -> Result<Ended, Failure> {
    let stopped = listen(grace)?;
    let until = Until { stop: &|| stopped.load(Ordering::Relaxed), panics: Panics::EndAll };
    Ok(tui::run(app, source, growths, until)?)
}

/// The exit code of how it ended; or what was wanted instead.
pub(crate) fn end(ended: &Ended) -> Result<ExitCode, Failure> {
    match ended {
        Ended::Left | Ended::Quit => Ok(ExitCode::SUCCESS),
        Ended::Stopped | Ended::Lost => Ok(ExitCode::from(Code::Interrupted as u8)),
        Ended::Wants(wish) => start(wish),
    }
}

/// This program again, for another verb, with what it was asked for: it takes the place of this one,
/// which has nothing left to do.
fn start(wish: &Wish) -> Result<ExitCode, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Code::Runtime, "can't start wiretape again").why(error.to_string())
    };
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    // Options of all verbs that were given to this one: each stands before its value.
    let mut given = std::env::args_os().skip(1).peekable();
    while let Some(option) = given.next() {
        let name = option.to_string_lossy().into_owned();
        let is_whole = name.split_once('=').map_or(name.as_str(), |(name, _)| name);
        match (is_whole, name.contains('=')) {
            ("--dir" | "--color" | "--theme" | "--config", false) => {
                command.arg(option).args(given.next());
            }
            ("--dir" | "--color" | "--theme" | "--config", true) | ("--ascii", _) => {
                command.arg(option);
            }
            _ => {}
        }
    }
    match wish {
        Wish::Demo => command.arg("demo"),
        Wish::Record(url) => command.args(["record", "--ui", url]),
    };
    Err(failed(become_it(&mut command)))
}

/// Does not come back, but with why it could not be started.
#[cfg(unix)]
fn become_it(command: &mut Command) -> std::io::Error {
    use std::os::unix::process::CommandExt as _;
    command.exec()
}

/// Waits for it, and ends as it does.
#[cfg(not(unix))]
fn become_it(command: &mut Command) -> std::io::Error {
    match command.status() {
        Ok(ended) => std::process::exit(ended.code().unwrap_or(1)),
        Err(error) => error,
    }
}

/// Set once the program is asked to stop.
fn listen(grace: Duration) -> Result<Arc<AtomicBool>, Failure> {
    let stopped = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = {
        let _entered = runtime.enter();
        Signals::new()?
    };
    let told = Arc::clone(&stopped);
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(signals.stop());
        told.store(true, Ordering::Relaxed);
        // A terminal that is gone keeps the reading of keys busy for ever, and a recording that is
        // being opened takes its time: whoever asks to stop does not wait for either.
        std::thread::sleep(grace);
        tui::restore();
        std::process::exit(i32::from(Code::Interrupted as u8));
    })?;
    Ok(stopped)
}
