//! What a person says about a place in a recording → a note in its file; and the notes there are.

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::failure::{Code, Failure};
use super::human::{self, Wall};
use super::sift::Looked;
use super::table::{Side, Table};
use super::{Globals, clock, escape, locate};
use crate::recording::{Check, FrameRange, RecordingError, RecordingReader, note};
use crate::tui::{At, measure};
use crate::wire::{Note, Recording};

/// What `note` is asked for.
#[derive(Debug, Args)]
#[command(after_help = "\
Without a text it is a mark: a place to come back to. Without a place either, notes are listed.

Examples:
  wiretape note amber-fox --at '#4397' 'the last we hear of it'
  wiretape note amber-fox --at E102 'same as last week'
  wiretape note amber-fox --at 14:33:17
  wiretape note amber-fox --list
  wiretape note amber-fox --remove 3")]
pub(crate) struct NoteArgs {
    /// A path, a file's name, or the recording's name
    #[arg(value_name = "REC")]
    recording: OsString,
    /// What to write
    #[arg(value_name = "TEXT")]
    text: Option<String>,
    /// What it is about: E102, #4397, 14:33:17, +1m30s, 50%; without it, the whole recording
    #[arg(long, value_name = "PLACE", value_parser = At::parse)]
    at: Option<At>,
    /// The run it is about: its id, or the end of it
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// Who writes
    #[arg(long, value_name = "NAME", env = "USER", hide_env = true, default_value = "")]
    author: String,
    /// A rules file or a preset, for --at E102 and --run; without it, the traffic decides
    #[arg(long, value_name = "FILE|PRESET")]
    rules: Option<String>,
    /// List the notes
    #[arg(long, conflicts_with_all = ["text", "at", "run", "remove", "change"])]
    list: bool,
    /// Remove the note with this number
    #[arg(long, value_name = "N", conflicts_with_all = ["text", "at", "run", "change"])]
    remove: Option<i64>,
    /// Give the note with this number another text
    #[arg(long, value_name = "N", requires = "text", conflicts_with_all = ["at", "run"])]
    change: Option<i64>,
}

/// Does it.
pub(crate) fn run(args: &NoteArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let path = locate::find(globals, &args.recording)?;
    if path.is_passing() && !args.list {
        let file = escape::path(path.file());
        return Err(Failure::new(Code::Usage, "notes are kept in recordings, and this is none")
            .next(format!("wiretape import {file}   makes one of it")));
    }
    let says_nothing = args.text.is_none() && args.at.is_none() && args.run.is_none();
    if let Some(id) = args.remove {
        found(note::remove(&path, id)?, id, args)?;
        return told(globals, "note_removed", id, &format!("removed note {id}"));
    }
    if let Some((id, text)) = args.change.zip(args.text.as_deref()) {
        found(note::change(&path, id, text)?, id, args)?;
        return told(globals, "note_changed", id, &format!("changed note {id}"));
    }
    if args.list || says_nothing {
        return list(&path, globals);
    }
    let mut written = Note {
        text: args.text.clone().unwrap_or_default(),
        author: args.author.clone(),
        at_ns: clock::wall_ns(),
        ..place(&path, args, globals)?
    };
    written.id = note::add(&path, &written)?;
    let about = about(&written, &RecordingReader::open(&path)?.recording()?, &Wall::local());
    let what = if written.text.is_empty() { "mark" } else { "note" };
    told(globals, "noted", written.id, &format!("{what} {}   {}", written.id, escape::text(&about)))
}

fn told(globals: &Globals, kind: &'static str, id: i64, line: &str) -> Result<ExitCode, Failure> {
    #[derive(Serialize)]
    struct Told {
        v: u64,
        kind: &'static str,
        id: i64,
    }
    let mut output = globals.output();
    if globals.json {
        output.json(&Told { v: 1, kind, id })?;
    } else {
        output.line(line)?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn found(found: bool, id: i64, args: &NoteArgs) -> Result<(), Failure> {
    if found {
        return Ok(());
    }
    let called = escape::text(&args.recording.to_string_lossy());
    Err(Failure::new(Code::Usage, format!("there is no note {id}"))
        .next(format!("wiretape note {called} --list")))
}

/// What the note is about.
fn place(path: &Path, args: &NoteArgs, globals: &Globals) -> Result<Note, Failure> {
    let usage = |why: String| Failure::new(Code::Usage, why);
    let needs_rules = args.run.is_some() || matches!(args.at, Some(At::Finding(_)));
    let looked =
        needs_rules.then(|| Looked::at(path, args.rules.as_deref(), globals)).transpose()?;
    let mut about = Note::default();
    if let Some((run, looked)) = args.run.as_deref().zip(looked.as_ref()) {
        about.run = Some(run_called(run, looked).map_err(usage)?);
    }
    let reader = RecordingReader::open_with(path, Check::Schema)?;
    match args.at {
        None => {}
        Some(At::Finding(code)) => {
            let findings = looked.iter().flat_map(|looked| looked.analysis.engine().findings());
            let first = findings.filter(|finding| finding.code == code);
            let of_run = |run: &Option<String>| about.run.is_none() || *run == about.run;
            let first =
                first.filter(|finding| of_run(&finding.run)).min_by_key(|first| first.at_ns);
            let Some(first) = first else {
                return Err(usage(format!("there is no {} here", code.text())));
            };
            about.finding = Some(code.text());
            about.run = about.run.or_else(|| first.run.clone());
            about.first_frame = first.frames.first().copied();
            about.last_frame = first.frames.last().copied();
            about.from_ns = Some(first.at_ns);
            about.to_ns = about.from_ns;
        }
        Some(At::Frame(frame)) => {
            at_ns_of(&reader, frame)?
                .ok_or_else(|| usage(format!("there is no frame #{frame}")))?;
            about.first_frame = Some(frame);
            about.last_frame = about.first_frame;
        }
        Some(at) => {
            about.from_ns = Some(moment(at, &reader)?);
            about.to_ns = about.from_ns;
        }
    }
    Ok(about)
}

/// The id of the one run that is called so, or whose id ends so.
pub(super) fn run_called(called: &str, looked: &Looked) -> Result<String, String> {
    let timeline = &looked.timeline;
    let symbols = looked.analysis.symbols();
    let runs = (0..timeline.run_count()).filter_map(|run| timeline.run(run));
    let mut ids: Vec<String> = runs.map(|(id, _, _)| id.display(symbols)).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.iter().any(|id| id == called) {
        return Ok(called.to_owned());
    }
    ids.retain(|id| id.ends_with(called));
    match ids.as_slice() {
        [id] => Ok(id.clone()),
        [] => Err(format!("there is no run {called}")),
        several => {
            Err(format!("{} end with {called}", human::counted(several.len() as u64, "run")))
        }
    }
}

/// A time or a share → nanoseconds since the start.
pub(super) fn moment(at: At, reader: &RecordingReader) -> Result<u64, Failure> {
    let recording = reader.recording()?;
    let last = at_ns_of(reader, reader.last_frame()?)?.unwrap_or(0);
    let end_ns = recording.finished_ns.unwrap_or(0).max(last);
    let since = match at {
        At::Since(since) => Some(since),
        At::Clock(of_day) => {
            let wall = measure::Wall::new(jiff::tz::TimeZone::system());
            wall.moment(recording.started_ns, of_day)
        }
        At::Share(share) => Some((u128::from(end_ns) * u128::from(share) / 100_000) as u64),
        At::Finding(_) | At::Frame(_) => None,
    };
    since.filter(|since| *since <= end_ns).ok_or_else(|| {
        Failure::new(Code::Usage, "that is outside the recording").why(format!(
            "it lasts {} from {}",
            human::duration(end_ns),
            Wall::local().time(i128::from(recording.started_ns))
        ))
    })
}

/// When a frame was read; `None` if there is no such frame.
pub(super) fn at_ns_of(
    reader: &RecordingReader,
    frame: i64,
) -> Result<Option<u64>, RecordingError> {
    let mut at_ns = None;
    let range = FrameRange { after_id: frame - 1, until_id: frame, connection: None };
    reader.frames(range, &mut |frame| {
        at_ns = Some(frame.stamp.read_ns);
        ControlFlow::Break(())
    })?;
    Ok(at_ns)
}

/// What a note is about, in a few words.
fn about(note: &Note, recording: &Recording, wall: &Wall) -> String {
    let mut words = Vec::new();
    words.extend(note.finding.clone());
    match (note.first_frame, note.last_frame) {
        (Some(first), Some(last)) if first != last => words.push(format!("#{first}–#{last}")),
        (Some(frame), _) | (None, Some(frame)) => words.push(format!("#{frame}")),
        (None, None) => {}
    }
    let time = |ns: u64| wall.time(human::moment(recording.started_ns, ns));
    match (note.from_ns, note.to_ns) {
        (Some(from), Some(to)) if from != to => words.push(format!("{}–{}", time(from), time(to))),
        (Some(at), _) | (None, Some(at)) => words.push(time(at)),
        (None, None) => {}
    }
    words.extend(note.run.as_ref().map(|run| format!("run {run}")));
    if words.is_empty() { "the recording".to_owned() } else { words.join(" ") }
}

#[derive(Serialize)]
struct NotesObject {
    v: u64,
    kind: &'static str,
    notes: Vec<NoteObject>,
}

#[derive(Serialize)]
struct NoteObject {
    id: i64,
    first_frame: Option<i64>,
    last_frame: Option<i64>,
    from_ns: Option<u64>,
    to_ns: Option<u64>,
    finding: Option<String>,
    run: Option<String>,
    text: String,
    author: String,
    written: Option<String>,
    written_ns: i64,
}

fn list(path: &Path, globals: &Globals) -> Result<ExitCode, Failure> {
    let reader = RecordingReader::open(path)?;
    let recording = reader.recording()?;
    let mut notes = Vec::new();
    reader.notes(&mut |note| {
        notes.push(note);
        ControlFlow::Continue(())
    })?;
    let mut output = globals.output();
    if globals.json {
        let notes = notes.into_iter().map(NoteObject::from).collect();
        output.json(&NotesObject { v: 1, kind: "notes", notes })?;
    } else if notes.is_empty() {
        globals.progress("no notes");
    } else {
        let wall = Wall::local();
        let columns = [
            ("N", Side::Right),
            ("ABOUT", Side::Free),
            ("WHO", Side::Left),
            ("WRITTEN", Side::Left),
            ("TEXT", Side::Free),
        ];
        let mut table = Table::new(&columns).may_drop(&["WRITTEN", "WHO"]);
        for note in &notes {
            let text = if note.text.is_empty() { "(mark)" } else { &note.text };
            table.row(vec![
                note.id.to_string(),
                escape::text(&about(note, &recording, &wall)),
                escape::text(&note.author),
                wall.date_and_time(i128::from(note.at_ns)),
                escape::text(text),
            ]);
        }
        let lines = table.render(output.columns());
        lines.iter().try_for_each(|line| output.line(line))?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

impl From<Note> for NoteObject {
    fn from(note: Note) -> Self {
        let Note { id, first_frame, last_frame, from_ns, to_ns, finding, run, text, author, at_ns } =
            note;
        let written = human::rfc3339(i128::from(at_ns));
        Self {
            id,
            first_frame,
            last_frame,
            from_ns,
            to_ns,
            finding,
            run,
            text,
            author,
            written,
            written_ns: at_ns,
        }
    }
}
