//! A recording, or the folder of them → the full screen, fed with payloads from the file.

use std::ffi::OsString;
use std::io::{IsTerminal as _, stdin, stdout};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use jiff::tz::TimeZone;

use super::failure::{Code, Failure};
use super::output::{ColorChoice, Style};
use super::sift::{self, Looked};
use super::signals::Signals;
use super::{Globals, escape, locate, ls, mask};
use crate::analysis::MESSAGE_LIMIT;
use crate::analysis::timeline::Row;
use crate::events::Kind;
use crate::events::payload::json_of;
use crate::exchange::Messages;
use crate::recording::store::name_of;
use crate::recording::{Check, FrameRange, RecordingReader};
use crate::tui::tape::About;
use crate::tui::{self, App, At, Ended, Listed, Message, Shown, Sifted, Source, Tape, Theme, Wall};

/// Bytes of a payload that are shown: more than anyone reads on a screen.
const SHOWN: usize = 64 << 10;

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
    /// Nothing but ASCII on the screen
    #[arg(long, env = "WIRETAPE_ASCII", hide_env = true)]
    #[arg(value_parser = clap::builder::FalseyValueParser::new())]
    ascii: bool,
}

/// How long the screen may take to leave by itself once it is asked to.
const GRACE: Duration = Duration::from_millis(500);

/// Opens a recording.
pub(crate) fn run(args: &OpenArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let path = locate::find(&globals.dir, &args.recording)?;
    if !on_a_terminal() {
        let called = locate::called(&globals.dir, &path);
        let called = escape::text(&called.to_string_lossy());
        return Err(Failure::new(Code::Usage, "open needs a terminal to show its screen on")
            .next(format!("wiretape timeline {called}"))
            .next(format!("wiretape check {called}")));
    }
    let mut front = Front { globals, rules: args.rules.clone(), looked: None };
    let tape = front.look(&path)?;
    let wall = Wall::new(TimeZone::system());
    let found = args.at.map(|at| at.find(&tape, &wall)).transpose();
    let found = found.map_err(|why| Failure::new(Code::Usage, format!("--at: {why}")))?;
    let mut app = front.app(Some(tape), args.ascii, wall);
    if let Some(found) = found {
        tui::update::go(&mut app, found);
    }
    show(&mut app, &mut front)
}

/// The list of recordings, to open one of.
pub(crate) fn sessions(globals: &Globals) -> Result<ExitCode, Failure> {
    let mut front = Front { globals, rules: None, looked: None };
    let ascii = std::env::var_os("WIRETAPE_ASCII").is_some_and(|set| !set.is_empty());
    let mut app = front.app(None, ascii, Wall::new(TimeZone::system()));
    let listed = front.recordings();
    tui::update(&mut app, Message::Listed(listed));
    show(&mut app, &mut front)
}

/// There is a terminal to draw on and to take keys from.
pub(crate) fn on_a_terminal() -> bool {
    stdout().is_terminal() && stdin().is_terminal()
}

fn show(app: &mut App, front: &mut Front<'_>) -> Result<ExitCode, Failure> {
    let stopped = listen()?;
    let ended = tui::run(app, front, &|| stopped.load(Ordering::Relaxed))?;
    Ok(match ended {
        Ended::Left => ExitCode::SUCCESS,
        Ended::Stopped => ExitCode::from(Code::Interrupted as u8),
    })
}

/// Set once the program is asked to stop.
fn listen() -> Result<Arc<AtomicBool>, Failure> {
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
        std::thread::sleep(GRACE);
        tui::restore();
        std::process::exit(i32::from(Code::Interrupted as u8));
    })?;
    Ok(stopped)
}

/// What the screen asks of the disk.
struct Front<'a> {
    globals: &'a Globals,
    rules: Option<String>,
    looked: Option<Looked>,
}

impl Front<'_> {
    fn app(&self, tape: Option<Tape>, ascii: bool, wall: Wall) -> App {
        let mono = !Style::new(self.globals.color, stdout().is_terminal()).is_colored();
        let mono = mono && self.globals.color != ColorChoice::Always;
        App::new(tape, self.globals.dir.display().to_string(), Theme { mono, ascii }, wall)
    }

    fn look(&mut self, path: &Path) -> Result<Tape, Failure> {
        let looked = Looked::at(path, self.rules.as_deref(), self.globals)?;
        let reader = RecordingReader::open_with(path, Check::Schema)?;
        let about = About {
            name: name_of(path).unwrap_or_else(|| looked.recording.name.clone()),
            upstream: mask::mask_target(&looked.recording.upstream),
            started_ns: looked.recording.started_ns,
            state: reader.state()?.word(),
            finished_ns: looked.recording.finished_ns,
            chosen: looked.chosen.clone(),
        };
        let tape = Tape::new(about, Arc::clone(&looked.analysis), Arc::clone(&looked.timeline));
        self.looked = Some(looked);
        Ok(tape)
    }

    fn payload(&self, row: &Row) -> Result<Shown, Failure> {
        // So that a test sees what a panic leaves of a terminal.
        let panics = cfg!(debug_assertions) && std::env::var_os("WIRETAPE_TEST_PANIC").is_some();
        assert!(!panics, "asked to panic");
        let none = Shown::default();
        let Some(looked) = self.looked.as_ref().filter(|_| row.frames.1 > 0) else {
            return Ok(none);
        };
        let reader = RecordingReader::open_with(looked.path(), Check::Schema)?;
        let mut messages = Messages::new(MESSAGE_LIMIT);
        if let Some(connection) = reader.connection(row.connection)? {
            messages.connection(&connection);
        }
        // A compressed message is read with the help of those before it.
        let begin = if messages.deflates(row.connection) { 0 } else { row.frames.0 - 1 };
        let range = FrameRange {
            after_id: begin,
            until_id: row.frames.1,
            connection: Some(row.connection),
        };
        let format = looked.analysis.engine().book().reading.format;
        let mut shown = none;
        reader.frames(range, &mut |frame| {
            if frame.direction != row.direction {
                return ControlFlow::Continue(());
            }
            let last = frame.id == row.frames.1;
            if let Some(message) = messages.feed(&frame).filter(|_| last) {
                let json = json_of(format, &message.payload, u32::from(row.part));
                shown.json = json
                    .filter(|_| row.kind == Kind::Message)
                    .filter(|json| json.trim_start().starts_with(['{', '[']))
                    .map(|json| cut(&json).to_owned());
                shown.length = message.payload.len() as u64;
                shown.bytes = message.payload;
                shown.bytes.truncate(SHOWN);
            } else if last && shown.length == 0 {
                shown.length = frame.frame.payload.len() as u64;
                shown.bytes = frame.frame.payload.iter().copied().take(SHOWN).collect();
            }
            ControlFlow::Continue(())
        })?;
        Ok(shown)
    }
}

/// As much of a text as is shown.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(SHOWN);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

impl Source for Front<'_> {
    fn payload(&mut self, row: &Row) -> Result<Shown, String> {
        Front::payload(self, row).map_err(|failure| failure.render())
    }

    fn sift(&mut self, filter: &str) -> Result<Sifted, String> {
        let Some(looked) = &self.looked else { return Err("nothing is open".to_owned()) };
        let filter = sift::parse(filter).map_err(|failure| failure.in_one_row())?;
        let sifted = looked.sift(filter).map_err(|failure| failure.in_one_row())?;
        let rows = (0..looked.timeline.len()).filter(|row| sifted.has(*row)).collect();
        Ok(Sifted { rows, summary: sifted.summary() })
    }

    fn recordings(&mut self) -> Result<Vec<Listed>, String> {
        ls::listed(&self.globals.dir).map_err(|failure| failure.in_one_row())
    }

    fn open(&mut self, key: &str) -> Result<Tape, String> {
        self.look(&PathBuf::from(key)).map_err(|failure| failure.in_one_row())
    }
}
