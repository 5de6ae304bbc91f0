//! A folder → the recordings in it, one line each.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::UNIX_EPOCH;

use serde::Serialize;

use super::human::{self, Wall};
use super::output::{Output, Role};
use super::table::{Side, Table};
use super::{Failure, Globals, cut, escape, locate, mask};
use crate::recording::store::name_of;
use crate::recording::{Check, RecordingError, RecordingReader, State, Totals};
use crate::tui::{self, Verdict};
use crate::wire::Recording;

/// Prints the list.
pub(crate) fn run(globals: &Globals) -> Result<ExitCode, Failure> {
    let files = in_order(locate::all(&globals.dir)?);
    let mut output = globals.output();
    if globals.json {
        let recordings = files.into_iter().map(|(file, seen)| Listed::of(&file, seen)).collect();
        output.json(&List { v: 1, kind: "recordings", recordings })?;
    } else if files.is_empty() {
        globals.progress(&format!("no recordings in {}", escape::path(&globals.dir)));
        globals.progress("  try   wiretape record ws://localhost:8000   or   wiretape demo --save");
    } else {
        table(&mut output, &files)?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// A file, and what could be seen in it.
type Looked = (PathBuf, Result<Seen, RecordingError>);

/// By when they were started, the latest last: it is next to the prompt. A file that can't be read
/// stands where its last change puts it.
fn in_order(files: Vec<PathBuf>) -> Vec<Looked> {
    let looked = |file: PathBuf| {
        let seen = Seen::of(&file);
        (file, seen)
    };
    let mut files: Vec<Looked> = files.into_iter().map(looked).collect();
    files.sort_by_cached_key(|(file, seen)| match seen {
        Ok(seen) => i128::from(seen.recording.started_ns),
        Err(_) => changed_ns(file),
    });
    files
}

/// When a file was last written, in nanoseconds since the epoch; 0 where that can't be told.
fn changed_ns(file: &Path) -> i128 {
    let changed = std::fs::symlink_metadata(file).and_then(|metadata| metadata.modified());
    let since = changed.ok().and_then(|changed| changed.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| i128::try_from(since.as_nanos()).unwrap_or(i128::MAX))
}

fn table(output: &mut Output, files: &[Looked]) -> Result<(), Failure> {
    let wall = Wall::local();
    let mut table = Table::new(&[
        ("NAME", Side::Left),
        ("STARTED", Side::Left),
        ("LASTED", Side::Right),
        ("CONNS", Side::Right),
        ("FRAMES", Side::Right),
        ("SIZE", Side::Right),
        ("STATE", Side::Left),
        ("UPSTREAM", Side::Free),
    ])
    .may_drop(&["UPSTREAM", "CONNS", "SIZE", "LASTED", "FRAMES", "STARTED", "STATE"]);
    let mut states = Vec::new();
    for (file, seen) in files {
        let size = human::size(size_of(file));
        let name = escape::text(name_of(file).as_deref().unwrap_or("?"));
        match seen {
            Ok(seen) => {
                states.push(seen.state.word());
                table.row(vec![
                    name,
                    wall.date_and_time(i128::from(seen.recording.started_ns)),
                    seen.lasted_ns.map(human::duration).unwrap_or_default(),
                    human::count(seen.totals.connections),
                    human::count(seen.totals.frames.iter().sum()),
                    size,
                    seen.state.word().into(),
                    escape::text(&mask::mask_target(&seen.recording.upstream)),
                ]);
            }
            Err(error) => {
                states.push("unreadable");
                let (none, why) = (String::new, escape::text(&trouble(error)));
                let state = "unreadable".into();
                table.row(vec![name, none(), none(), none(), none(), size, state, why]);
            }
        }
    }
    for (n, line) in table.render(output.columns()).into_iter().enumerate() {
        let role = match n.checked_sub(1).map(|row| states[row]) {
            None => Some(Role::Quiet),
            Some("live") => Some(Role::Live),
            Some("unreadable") => Some(Role::Bad),
            Some(_) => None,
        };
        let style = output.style;
        output.line(&role.map_or_else(|| line.clone(), |role| style.paint(role, &line)))?;
    }
    Ok(())
}

/// What a list needs of a recording; looks at one frame at most.
struct Seen {
    recording: Recording,
    totals: Totals,
    state: State,
    /// To its end, or to its last frame where it was cut; `None` while it is being recorded.
    lasted_ns: Option<u64>,
}

impl Seen {
    fn of(file: &Path) -> Result<Self, RecordingError> {
        let reader = RecordingReader::open_with(file, Check::Schema)?;
        let (recording, totals) = (reader.recording()?, reader.totals()?);
        let state = reader.state()?;
        let lasted_ns = match state {
            State::Interrupted => Some(cut::reached(&reader)?),
            State::Live | State::Finished => recording.finished_ns,
        };
        Ok(Self { recording, totals, state, lasted_ns })
    }
}

/// What is known of what is in a recording.
type Known<'k> = dyn Fn(&Path, &Recording) -> Option<Verdict> + 'k;

/// The list for the screen, the newest first.
pub(super) fn listed(dir: &Path, known: &Known<'_>) -> Result<Vec<tui::Listed>, Failure> {
    let files = in_order(locate::all(dir)?);
    let listed = files.into_iter().rev().map(|(file, seen)| {
        let listed = tui::Listed {
            key: file.to_string_lossy().into_owned(),
            name: name_of(&file).unwrap_or_else(|| "?".to_owned()),
            size: size_of(&file),
            ..tui::Listed::default()
        };
        match seen {
            Ok(seen) => tui::Listed {
                started_ns: seen.recording.started_ns,
                lasted_ns: seen.lasted_ns,
                connections: seen.totals.connections,
                frames: seen.totals.frames.iter().sum(),
                state: seen.state.word(),
                upstream: mask::mask_target(&seen.recording.upstream),
                verdict: known(&file, &seen.recording),
                note: seen.recording.note.unwrap_or_default(),
                ..listed
            },
            Err(error) => tui::Listed { state: "unreadable", upstream: trouble(&error), ..listed },
        }
    });
    Ok(listed.collect())
}

#[derive(Serialize)]
struct List {
    v: u64,
    kind: &'static str,
    recordings: Vec<Listed>,
}

#[derive(Default, Serialize)]
struct Listed {
    name: Option<String>,
    path: String,
    size: u64,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", flatten)]
    recording: Option<ListedRecording>,
}

#[derive(Serialize)]
struct ListedRecording {
    uuid: String,
    started: Option<String>,
    started_ns: i64,
    finished_ns: Option<u64>,
    /// To the last frame, where the recording was cut.
    lasted_ns: Option<u64>,
    upstream: String,
    connections: u64,
    frames: u64,
    bytes: u64,
}

impl Listed {
    fn of(file: &Path, seen: Result<Seen, RecordingError>) -> Self {
        let listed = Self {
            name: name_of(file),
            path: file.to_string_lossy().into_owned(),
            size: size_of(file),
            ..Self::default()
        };
        match seen {
            Err(error) => Self { state: "unreadable", error: Some(trouble(&error)), ..listed },
            Ok(Seen { recording, totals, state, lasted_ns }) => Self {
                state: state.word(),
                recording: Some(ListedRecording {
                    started: human::rfc3339(i128::from(recording.started_ns)),
                    uuid: recording.uuid,
                    started_ns: recording.started_ns,
                    finished_ns: recording.finished_ns,
                    lasted_ns,
                    upstream: mask::mask_target(&recording.upstream),
                    connections: totals.connections,
                    frames: totals.frames.iter().sum(),
                    bytes: totals.bytes.iter().sum(),
                }),
                ..listed
            },
        }
    }
}

/// The file's size and its log's, in bytes.
pub(crate) fn size_of(file: &Path) -> u64 {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    [file, Path::new(&log)]
        .iter()
        .filter_map(|file| std::fs::symlink_metadata(file).ok())
        .map(|metadata| metadata.len())
        .sum()
}

/// The error in a few words, without the path that stands beside it.
fn trouble(error: &RecordingError) -> String {
    match error {
        RecordingError::NotARecording { why, .. } | RecordingError::Damaged { why, .. } => {
            why.clone()
        }
        RecordingError::Newer { found, supported, .. } => {
            format!("format {found} is newer than {supported}")
        }
        RecordingError::Open { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}
