//! An exported file → a recording in the folder: with its ids, its uuid and its name.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::export::told;
use super::failure::{Code, Failure, unopened};
use super::scratch::Scratch;
use super::{Globals, escape, human, uuid};
use crate::exchange::jsonl::FactReader;
use crate::exchange::{ExchangeError, har};
use crate::recording::{RecordingError, RecordingWriter, Store, WriterOptions};
use crate::wire::{Fact, Recording};

/// Numbers tried for a name that is taken.
const MAX_NUMBER: u32 = 10_000;

/// What `import` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wiretape import amber-fox.jsonl
  wiretape import localhost.har     saved in the Network panel of a browser
  gunzip < amber-fox.jsonl.gz | wiretape import -")]
pub(crate) struct ImportArgs {
    /// JSON lines or HAR, whatever its name; - is stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Makes the recording.
pub(crate) fn run(args: &ImportArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let mut source: Box<dyn BufRead> = if args.file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let opened = File::open(&args.file);
        let failed = |error: io::Error| unopened(&escape::path(&args.file), &error);
        Box::new(BufReader::with_capacity(BUFFER, opened.map_err(failed)?))
    };
    let beginning = beginning(&mut source)?;
    let format = Format::of(&beginning);
    let source = Cursor::new(beginning).chain(source);
    let store = Store::new(&globals.dir);
    let imported = match format {
        Format::Har => {
            let scratch = Scratch::in_folder(&globals.dir)?;
            let mut facts = har::read(source, scratch.file(), unnamed(&args.file))?;
            let mut imported = make(&store, facts.recording().clone(), &mut || facts.next_fact())?;
            if let Some(losses) = told(facts.losses()) {
                imported.said.push(format!("left out or mended: {losses}"));
            }
            imported
        }
        Format::Jsonl => from_lines(&store, source)?,
        Format::Other(what) => {
            return Err(Failure::new(Code::Input, "the file could not be imported")
                .why(what)
                .next("wiretape import FILE   for JSON lines and HAR"));
        }
        Format::Recording => {
            let file = escape::path(&args.file);
            return Err(Failure::new(Code::Input, "the file is a recording already")
                .next(format!("wiretape open {file}")));
        }
    };
    for line in &imported.said {
        globals.progress(line);
    }
    let mut output = globals.output();
    let (name, path) = (&imported.name, &imported.path);
    if globals.json {
        output.json(&ImportedObject {
            v: 1,
            kind: "imported",
            name,
            path: path.to_string_lossy().into_owned(),
            facts: imported.facts,
            unknown_lines: imported.unknown,
            truncated: imported.truncated,
        })?;
    } else {
        output.line(&format!("{}   {}", escape::text(name), escape::path(path)))?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Bytes read at once.
const BUFFER: usize = 256 << 10;

/// Bytes by which a format is known: more than any file's first name has.
const BEGINNING: u64 = 4096;

/// What some programs of Windows write before a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The first bytes of a file.
fn beginning(source: &mut impl BufRead) -> Result<Vec<u8>, Failure> {
    let mut beginning = Vec::new();
    source.take(BEGINNING).read_to_end(&mut beginning).map_err(ExchangeError::Read)?;
    if beginning.starts_with(BYTE_ORDER_MARK) {
        beginning.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(beginning)
}

/// What a file is, by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Jsonl,
    Har,
    Recording,
    Other(&'static str),
}

impl Format {
    fn of(beginning: &[u8]) -> Self {
        match beginning {
            [0x1f, 0x8b, ..] => {
                return Self::Other("it is compressed: gunzip -c FILE | wiretape import -");
            }
            [b'P', b'K', 3 | 5, ..] => return Self::Other("it is a zip file: unzip it first"),
            _ if beginning.starts_with(b"SQLite format 3\0") => return Self::Recording,
            _ => {}
        }
        // Either is an object. Ours says on its first line what kind of file it is; HAR is one
        // object, called "log", and may come after a comment.
        let text = beginning.trim_ascii_start();
        let has = |name: &[u8]| text.windows(name.len()).any(|window| window == name);
        let name = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
        match name {
            Some(name) if name.starts_with(b"\"log\"") => Self::Har,
            Some(name) if name.starts_with(b"\"") && !has(b"\"kind\"") => Self::Har,
            _ => Self::Jsonl,
        }
    }
}

/// A name and an id for what has none.
fn unnamed(file: &Path) -> Recording {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let stem = stem.filter(|stem| stem != "-").unwrap_or_else(|| "imported".into());
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let name: String = stem.chars().map(plain).take(MAX_STEM).collect();
    let name = name.trim_matches('-').to_lowercase();
    let name = if name.is_empty() { "imported".to_owned() } else { name };
    Recording { uuid: uuid::random(), name, ..Recording::default() }
}

/// Letters of a file's name that become the recording's.
const MAX_STEM: usize = 40;

/// A recording that was made.
struct Imported {
    name: String,
    path: PathBuf,
    facts: u64,
    unknown: u64,
    truncated: bool,
    /// What there is to say about it.
    said: Vec<String>,
}

fn from_lines(store: &Store, source: impl BufRead) -> Result<Imported, Failure> {
    let mut facts = FactReader::new(source);
    let Some(Fact::Recording(recording)) = facts.next_fact()? else {
        return Err(ExchangeError::NotAnExchangeFile.into());
    };
    let mut imported = make(store, recording, &mut || facts.next_fact())?;
    let said = &mut imported.said;
    match (facts.truncated(), facts.missing()) {
        (Some(line), _) => said.push(format!("line {line} is cut off; all before it is here")),
        (None, Some(Some(lines))) => {
            let lines = human::counted(lines, "line");
            said.push(format!("{lines} of what was exported are missing"));
        }
        (None, Some(None)) => said.push(
            "the line that ends an export is missing: what came after the last line here is not \
             known"
                .into(),
        ),
        (None, None) => {}
    }
    if facts.unknown() > 0 {
        let lines = human::counted(facts.unknown(), "line");
        said.push(format!("{lines} of kinds that are not known here were left out"));
    }
    imported.unknown = facts.unknown();
    imported.truncated = facts.truncated().is_some() || facts.missing().is_some();
    Ok(imported)
}

/// Gives the facts after the recording's own, one at a time.
type NextFact<'a> = &'a mut dyn FnMut() -> Result<Option<Fact<'static>>, ExchangeError>;

fn make(store: &Store, mut recording: Recording, next: NextFact<'_>) -> Result<Imported, Failure> {
    let path = free_path(store, &mut recording)?;
    let filled = fill(&path, &recording, next);
    if filled.is_err() {
        // Half a recording is worse than none; what matters is already an error.
        let _ = store.remove(&path);
    }
    let (facts, name) = (filled?, recording.name);
    Ok(Imported { name, path, facts, unknown: 0, truncated: false, said: Vec::new() })
}

#[derive(Serialize)]
struct ImportedObject<'a> {
    v: u64,
    kind: &'static str,
    name: &'a str,
    path: String,
    facts: u64,
    unknown_lines: u64,
    truncated: bool,
}

/// A file for the recording under its own name; with a number behind, if that is taken. A name
/// that can be no file's stays the recording's, and the file gets another.
fn free_path(store: &Store, recording: &mut Recording) -> Result<PathBuf, Failure> {
    let name = recording.name.clone();
    match store.new_path(recording.started_ns, Some(&name)) {
        Ok((_, path)) => return Ok(path),
        Err(RecordingError::BadName { .. }) => {
            return Ok(store.new_path(recording.started_ns, None)?.1);
        }
        Err(RecordingError::Exists { .. } | RecordingError::InUse { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    for number in 2..MAX_NUMBER {
        let numbered = format!("{name}-{number}");
        match store.new_path(recording.started_ns, Some(&numbered)) {
            Ok((_, path)) => {
                recording.name = numbered;
                return Ok(path);
            }
            Err(RecordingError::Exists { .. } | RecordingError::InUse { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::new(Code::Runtime, format!("too many recordings are called {name}")))
}

/// Stores all facts; gives how many.
fn fill(path: &Path, recording: &Recording, next: NextFact<'_>) -> Result<u64, Failure> {
    let writer = RecordingWriter::create(path, recording, WriterOptions::default())?;
    let journal = writer.journal();
    let mut count = 1;
    while let Some(fact) = next()? {
        journal.wait_ready();
        journal.fact(fact);
        count += 1;
    }
    match recording.finished_ns {
        Some(finished_ns) => {
            writer.finish(finished_ns)?;
        }
        // As it was: without an end.
        None => drop(writer),
    }
    let status = journal.status();
    if let Some(trouble) = status.trouble {
        return Err(
            Failure::new(Code::Runtime, "the recording could not be written").why(trouble.text)
        );
    }
    if status.lost_frames > 0 {
        let lost = human::counted(status.lost_frames, "frame");
        return Err(Failure::new(Code::Runtime, format!("{lost} could not be written")));
    }
    Ok(count)
}
