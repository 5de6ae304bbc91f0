//! What a running recording tells: lines on stderr and one live status line, or NDJSON on stdout.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use crate::proxy::ca::LocalCa;
use crate::recording::store::{DEFAULT_DIR, name_of};
use crate::recording::{Status, Summary};
use crate::wire::{Connection, EndedBy, Ending};

use super::Globals;
use super::event_line::{ended, fold, now, opened, target};
use super::hint::Hints;
use super::human;
use super::losses::{Losses, Turn};
use super::output::stderr_columns;
use super::printer::Printer;
use super::record::{RecordArgs, Urls};
use super::record_screen;
use super::tap::Watcher;
use super::{escape, mask};

mod findings;

pub(crate) use findings::Telling;

/// Lines about connections in one second; more are counted, not printed, so that a reconnect storm
/// can't bury everything else.
const LINES_PER_SECOND: u32 = 40;

/// How long the end, and the full screen, wait for a reader of the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Where lines go.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub(crate) struct Screen {
    name: String,
    path: String,
    /// What to call it in a command to copy.
    called: String,
    urls: [String; 3],
    json: bool,
    quiet: bool,
    live: bool,
    /// Enter opens the full screen.
    opens: bool,
    printer: Printer,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: HashMap<i64, Stage>,
    connections: u64,
    connected: u64,
    trouble: Option<String>,
    losses: Losses,
    hints: Hints,
    notices_told: usize,
    ticks: u64,
    frames_before: u64,
    rate: f64,
    lines_this_second: u32,
    lines_left_out: u64,
    notices: HashMap<String, u64>,
}

/// How far a connection is, as told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Asked,
    Connected,
}

impl Watcher for Arc<Screen> {
    fn connection(&self, connection: &Connection) {
        let mut state = self.lock();
        let before = state.open.get(&connection.id).copied();
        let line = match (before, connection.ending) {
            (None, None) => {
                state.connections += 1;
                state.open.insert(connection.id, Stage::Asked);
                return;
            }
            (Some(Stage::Asked), None) => {
                state.connected += 1;
                state.open.insert(connection.id, Stage::Connected);
                opened(connection, stderr_columns())
            }
            (_, Some(ending)) => {
                state.open.remove(&connection.id);
                ended(connection, ending, before == Some(Stage::Connected), stderr_columns())
            }
            (Some(Stage::Connected), None) => return,
        };
        let hint = state.hints.after(connection, &self.urls[2]);
        if self.json {
            self.emit(&connection_json(connection));
        } else if self.quiet {
            return;
        } else if state.lines_this_second >= LINES_PER_SECOND {
            state.lines_left_out += 1;
        } else {
            state.lines_this_second += 1;
            self.printer.line(line);
        }
        self.tell_hint(hint, Some(connection.id));
    }

    fn notice(&self, text: &str) {
        let mut state = self.lock();
        // The same notice again is counted; different ones are rare.
        let key: String = text.chars().filter(|c| !c.is_ascii_digit()).take(80).collect();
        if state.notices.len() > 64 {
            state.notices.clear();
        }
        let seen = state.notices.entry(key).or_default();
        *seen += 1;
        if !seen.is_power_of_two() {
            return;
        }
        let times = if *seen > 1 { format!(" (seen {seen} times)") } else { String::new() };
        let text = format!("{}{times}", escape::text(text));
        self.tell_notice(&text);
        let hint = state.hints.about(&text);
        self.tell_hint(hint, None);
    }
}

impl Screen {
    pub(crate) fn new(globals: &Globals, args: &RecordArgs, path: &Path, urls: &Urls) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self {
            name: escape::text(&name_of(path).unwrap_or_default()),
            path: escape::path(path),
            called: called(globals, path),
            urls: [urls.listen.clone(), urls.point.clone(), mask::mask_target(&urls.upstream)],
            json: globals.json,
            quiet: globals.quiet,
            // A command writes to the same terminal, and would write into the status line.
            live: std::io::stderr().is_terminal()
                && !dumb
                && !globals.quiet
                && !globals.json
                && args.command.is_empty(),
            opens: record_screen::is_offered(args, globals),
            printer: Printer::start(),
            state: Mutex::default(),
        }
    }

    /// What people need to know to begin.
    pub(crate) fn introduce(&self, host_note: &str, args: &RecordArgs, ca: Option<&LocalCa>) {
        let [listen, point, upstream] = &self.urls;
        if self.json {
            return self.emit(&json!({
                "v": 1, "kind": "started", "name": self.name, "recording": self.path,
                "listen": listen, "point": point, "upstream": upstream,
            }));
        }
        if self.quiet {
            return;
        }
        let mut lines = vec![
            format!("Recording   {}   {}", self.name, self.path),
            format!("Point your app at   {point}   instead of {}", escape::text(upstream)),
            "            (paths and queries pass through, and so does plain HTTP)".to_owned(),
        ];
        if let (Some(variable), Some(program)) = (&args.env, args.command.first()) {
            let (variable, program) = (escape::text(variable), escape::text(program));
            lines.push(format!("Running     {program}, with {variable} set to that URL"));
        }
        lines.push(format!("Host        {host_note}   (change: --host)"));
        if let Some(ca) = ca {
            let path = escape::path(&ca.certificate);
            lines.push(format!("TLS         trust this CA in the client: {path}"));
            lines.push(if ca.vouches_for_all {
                "            An earlier version made it, for any site. Remove its folder, and the\n            \
                 next start makes one that can vouch for this machine only."
            } else {
                "            (it can vouch for the addresses listened on, and for nothing else)"
            }
            .to_owned());
        }
        if args.insecure {
            lines.push("Warning     -k: the server's certificate is not checked".to_owned());
        }
        lines.push(if self.opens {
            format!("Watch       press Enter, or wiretape open {} in another terminal", self.called)
        } else {
            format!("Watch       wiretape frames {} --follow   in another terminal", self.called)
        });
        lines.push("Stop        Ctrl-C".to_owned());
        lines.push("waiting for a first connection…".to_owned());
        self.printer.line(lines.join("\n"));
    }

    /// Warns of a listening address that others can reach.
    pub(crate) fn warn_reachable(&self, address: &str) {
        self.tell_notice(&format!(
            "listening on {address}: other machines can reach the server through this port"
        ));
    }

    /// Draws the status line and tells of trouble.
    pub(crate) fn tick(&self, status: &Status) {
        let mut state = self.lock();
        state.ticks += 1;
        if state.ticks.is_multiple_of(5) {
            let frames = status.frames.iter().sum::<u64>();
            state.rate = (frames - state.frames_before.min(frames)) as f64;
            state.frames_before = frames;
            state.lines_this_second = 0;
            self.tell_left_out(std::mem::take(&mut state.lines_left_out));
        }
        self.tell_trouble(&mut state, status);
        for notice in status.notices.iter().skip(state.notices_told) {
            self.tell_notice(&escape::text(notice));
        }
        state.notices_told = status.notices.len();
        if self.live {
            let line = status_line(&state, status);
            // A character in the last column would move some terminals on to the next line.
            let width = stderr_columns().map_or(0, |columns| columns - 1);
            self.printer.status(escape::fit(line.as_bytes(), width));
        }
    }

    /// The terminal is the full screen's: what there is to say waits.
    pub(crate) fn give_way(&self) {
        self.printer.flush(LAST_LINES);
        self.printer.hold(LAST_LINES);
    }

    /// The terminal is for lines again.
    pub(crate) fn take_back(&self) {
        self.printer.release();
    }

    /// The full screen could not be shown, or had to go.
    pub(crate) fn no_screen(&self, why: &str) {
        self.tell_notice(&format!("no full screen: {}; recording goes on", escape::text(why)));
    }

    /// Says that the end has begun.
    pub(crate) fn stopping(&self, grace: Duration) {
        let open = self.lock().open.values().filter(|stage| **stage == Stage::Connected).count();
        if open > 0 && !self.json && !self.quiet {
            let (seconds, have) = (grace.as_secs(), if open == 1 { "has" } else { "have" });
            let open = human::counted(open as u64, "open connection");
            self.event(&format!("stopping: {open} {have} {seconds} s (Ctrl-C again: at once)"));
        }
    }

    /// The last words of one who does not wait for the disk.
    pub(crate) fn abandon(&self, status: &Status) {
        let left = human::size(status.queued_bytes);
        let text = format!("ended at once: {left} of the last frames were not stored");
        if self.json {
            self.emit(&json!({"v": 1, "kind": "abandoned", "queued_bytes": status.queued_bytes}));
        } else {
            self.printer.line(format!("{}  ! {text}", now()));
        }
        self.printer.flush(LAST_LINES);
    }

    /// The last words.
    pub(crate) fn summarise(&self, summary: &Summary) {
        self.tell_summary(summary);
        self.printer.flush(LAST_LINES);
    }

    fn tell_summary(&self, summary: &Summary) {
        let (finished, summary) = (summary.finished, &summary.status);
        let connections = self.lock().connections;
        let [out, back] = summary.frames;
        if self.json {
            return self.emit(&json!({
                "v": 1, "kind": "summary", "name": self.name, "recording": self.path,
                "connections": connections, "frames": {"c2s": out, "s2c": back},
                "bytes": {"c2s": summary.bytes[0], "s2c": summary.bytes[1]},
                "lost_frames": summary.lost_frames, "lost_bytes": summary.lost_bytes,
                "earlier": summary.earlier.iter().map(|earlier| json!({
                    "recording": earlier.path.as_deref().map(Path::to_string_lossy),
                    "frames": earlier.frames,
                })).collect::<Vec<_>>(),
                "file_bytes": summary.file_bytes,
            }));
        }
        let mut lines = vec![format!(
            "Recorded    {}   {}   → {}   ← {}   {}",
            self.name,
            human::counted(connections, "connection"),
            human::counted(out, "frame"),
            human::counted(back, "frame"),
            human::size(summary.file_bytes),
        )];
        if summary.lost_frames > 0 {
            lines.push(format!(
                "Not kept    {} ({}); the gaps say when",
                human::counted(summary.lost_frames, "frame"),
                human::size(summary.lost_bytes)
            ));
        }
        for earlier in &summary.earlier {
            let path = earlier.path.as_deref().map(escape::path);
            let frames = human::count(earlier.frames);
            let place = path.unwrap_or_else(|| "the file that was moved away".to_owned());
            lines.push(format!("Earlier     {frames} of these frames are in {place}"));
        }
        if let (false, trouble) = (finished, &summary.trouble) {
            let why = trouble.as_ref().map(|trouble| format!(": {}", escape::text(&trouble.text)));
            let why = why.unwrap_or_default();
            lines.push(format!("Unfinished  its end could not be written{why}"));
        }
        lines.push(format!("File        {}", escape::path(&summary.path)));
        // Where the first file was lost, its name leads nowhere, or to someone else's.
        let path = escape::path(&summary.path);
        let called = if path == self.path { self.called.clone() } else { path };
        lines.push(format!("Open        wiretape frames {called}     wiretape info {called}"));
        self.printer.line(lines.join("\n"));
    }

    fn tell_notice(&self, text: &str) {
        if self.json {
            self.emit(&json!({"v": 1, "kind": "notice", "text": text}));
        } else {
            self.event(&format!("! {text}"));
        }
    }

    /// The next thing to try, under what went wrong.
    fn tell_hint(&self, hint: Option<String>, connection: Option<i64>) {
        let Some(text) = hint else { return };
        if self.json {
            let hint = json!({"v": 1, "kind": "hint", "text": text, "connection": connection});
            self.emit(&hint);
        } else if !self.quiet {
            self.printer.line(fold(&format!("          try   {text}"), stderr_columns()));
        }
    }

    /// One line with the time.
    fn event(&self, text: &str) {
        self.printer.line(fold(&format!("{}  {text}", now()), stderr_columns()));
    }

    /// Lines that were too many, or that nobody read in time.
    fn tell_left_out(&self, too_many: u64) {
        let left_out = too_many + self.printer.left_out();
        if left_out > 0 && self.json {
            self.emit(&json!({"v": 1, "kind": "left_out", "lines": left_out}));
        } else if left_out > 0 && !self.quiet {
            self.event(&format!("… {left_out} more lines like these"));
        }
    }

    fn tell_trouble(&self, state: &mut State, status: &Status) {
        let trouble = status.trouble.as_ref().map(|trouble| trouble.text.clone());
        let turn = state.losses.look(status.lost_frames, trouble.is_some());
        let lost = human::counted(status.lost_frames, "frame");
        let over = format!("recording goes on; {lost} not kept so far");
        let text = match (&trouble, turn) {
            _ if trouble != state.trouble => trouble.as_ref().map_or(over, |text| {
                format!("recording paused: {}; traffic still flows", escape::text(text))
            }),
            (_, Some(Turn::Begun)) => {
                format!("not kept: the disk is behind; {lost} so far; traffic still flows")
            }
            (_, Some(Turn::GoesOn)) => format!("not kept: the disk is behind; {lost} so far"),
            (_, Some(Turn::Over)) => over,
            (_, None) => return,
        };
        state.trouble = trouble;
        if self.json {
            self.emit(
                &json!({"v": 1, "kind": "trouble", "text": text, "lost_frames": status.lost_frames}),
            );
        } else {
            self.event(&format!("! {text}"));
        }
    }

    fn emit(&self, value: &Value) {
        self.printer.result(value.to_string());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Its name where commands look for names; its path where `--dir` put it elsewhere.
fn called(globals: &Globals, path: &Path) -> String {
    match name_of(path) {
        Some(name) if globals.dir == Path::new(DEFAULT_DIR) => escape::text(&name),
        _ => quoted(escape::path(path)),
    }
}

/// As a shell takes it for one word.
fn quoted(word: String) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if word.chars().all(plain) { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

fn status_line(state: &State, status: &Status) -> String {
    let open = state.open.values().filter(|stage| **stage == Stage::Connected).count();
    let behind = if status.queued_bytes > 1 << 20 {
        format!("disk {} behind", human::size(status.queued_bytes))
    } else {
        "disk keeps up".to_owned()
    };
    let lost = if status.lost_frames > 0 {
        // First, so that the narrowest terminal shows it.
        format!("not kept {}   ", human::count(status.lost_frames))
    } else {
        String::new()
    };
    format!(
        "● REC   {lost}{open} open of {}   {}   {}   {:.0}/s   {behind}",
        state.connections,
        human::counted(status.frames.iter().sum(), "frame"),
        human::size(status.bytes.iter().sum()),
        state.rate,
    )
}

fn connection_json(connection: &Connection) -> Value {
    let closed = connection.ending.is_some();
    json!({
        "v": 1,
        "kind": if closed { "connection_closed" } else { "connection_opened" },
        "connection": connection.id,
        "client": connection.client,
        "server": connection.server,
        "target": target(connection, usize::MAX),
        "status": connection.status,
        "opened_ns": connection.opened_ns,
        "closed_ns": connection.closed_ns,
        "ending": connection.ending.map(Ending::word),
        "ended_by": connection.ended_by.map(EndedBy::word),
        "detail": connection.detail,
        "frames": {"c2s": connection.frames[0], "s2c": connection.frames[1]},
        "bytes": {"c2s": connection.bytes[0], "s2c": connection.bytes[1]},
    })
}
