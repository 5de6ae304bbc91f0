//! A file of another kind (a report, its zip, JSON lines, HAR) → a recording in a folder.

use std::io::{BufRead, Cursor, Read};
use std::path::{Path, PathBuf};

use super::export::told;
use super::failure::{Code, Failure};
use super::scratch::Scratch;
use super::{human, uuid, zipped};
use crate::exchange::jsonl::FactReader;
use crate::exchange::{ExchangeError, har};
use crate::recording::{RecordingError, RecordingWriter, Store, WriterOptions};
use crate::report::{self, Manifest, TapeError, View};
use crate::wire::{Fact, Recording};

/// Bytes by which a format is known: more than any file's first name has.
const BEGINNING: u64 = 4096;

/// What some programs of Windows write before a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Numbers tried for a name that is taken.
const MAX_NUMBER: u32 = 10_000;

/// Letters of a file's name that become the recording's.
const MAX_STEM: usize = 40;

/// What a file is, by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Jsonl,
    Har,
    Report,
    Zip,
    Recording,
    Other(&'static str),
}

impl Format {
    /// By the first bytes.
    pub(super) fn of(beginning: &[u8]) -> Self {
        match beginning {
            [0x1f, 0x8b, ..] => {
                return Self::Other("it is compressed: gunzip -c FILE | wiretape import -");
            }
            [b'P', b'K', 3 | 5, ..] => return Self::Zip,
            _ if beginning.starts_with(b"SQLite format 3\0") => return Self::Recording,
            _ => {}
        }
        // Ours says on its first line what kind of file it is; HAR is one object, called "log",
        // and may come after a comment.
        let text = beginning.trim_ascii_start();
        let has = |name: &[u8]| text.windows(name.len()).any(|window| window == name);
        let name = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
        match name {
            _ if text.first() == Some(&b'<') => Self::Report,
            Some(name) if name.starts_with(b"\"log\"") => Self::Har,
            Some(name) if name.starts_with(b"\"") && !has(b"\"kind\"") => Self::Har,
            _ => Self::Jsonl,
        }
    }

    /// What a verb that takes a recording looks into as well.
    pub(super) fn is_looked_into(beginning: &[u8]) -> bool {
        match Self::of(beginning) {
            Self::Report | Self::Zip | Self::Har => true,
            Self::Jsonl => beginning.trim_ascii_start().starts_with(b"{"),
            Self::Recording | Self::Other(_) => false,
        }
    }
}

/// The first bytes of a file, without a mark of byte order.
pub(super) fn beginning(source: &mut impl BufRead) -> Result<Vec<u8>, Failure> {
    let mut beginning = Vec::new();
    source.take(BEGINNING).read_to_end(&mut beginning).map_err(ExchangeError::Read)?;
    if beginning.starts_with(BYTE_ORDER_MARK) {
        beginning.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(beginning)
}

/// A recording that was made of a file.
pub(super) struct Taken {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) facts: u64,
    pub(super) unknown: u64,
    pub(super) truncated: bool,
    /// What there is to say about it.
    pub(super) said: Vec<String>,
    /// Of a report: what it says about itself, and where its viewer opens.
    pub(super) report: Option<(Manifest, View)>,
}

/// Makes a recording of what is in `source`, a file called `file`.
pub(super) fn take(
    mut source: Box<dyn BufRead>,
    file: &Path,
    store: &Store,
) -> Result<Taken, Failure> {
    let beginning = beginning(&mut source)?;
    let format = Format::of(&beginning);
    let source = Cursor::new(beginning).chain(source);
    match format {
        Format::Report => from_report(store, &whole(source)?),
        Format::Zip => from_report(store, &zipped::html(whole(source)?)?),
        Format::Jsonl => from_lines(store, source),
        Format::Har => {
            let scratch = Scratch::in_folder(store.dir())?;
            let mut facts = har::read(source, scratch.file(), unnamed(file))?;
            let mut taken = make(store, facts.recording().clone(), &mut || facts.next_fact())?;
            if let Some(losses) = told(facts.losses()) {
                taken.said.push(format!("left out or mended: {losses}"));
            }
            Ok(taken)
        }
        Format::Other(why) => Err(Failure::new(Code::Input, "the file could not be imported")
            .why(why)
            .next("wiretape import FILE   for reports, JSON lines and HAR")),
        Format::Recording => {
            let file = super::escape::path(file);
            Err(Failure::new(Code::Input, "the file is a recording already")
                .next(format!("wiretape open {file}")))
        }
    }
}

/// All of a report's file, as far as reports go.
fn whole(source: impl Read) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut bounded = source.take(report::MAX_HTML as u64 + 1);
    bounded.read_to_end(&mut bytes).map_err(ExchangeError::Read)?;
    if bytes.len() > report::MAX_HTML {
        let limit = report::MAX_HTML;
        return Err(unread(&TapeError::TooLong { what: "file", limit }));
    }
    Ok(bytes)
}

fn from_report(store: &Store, html: &[u8]) -> Result<Taken, Failure> {
    // What is no text was damaged, and the tape's checksum tells whether it matters.
    let html = String::from_utf8_lossy(html);
    let embedded = report::read_html(&html).map_err(|error| unread(&error))?;
    let mut facts = FactReader::new(embedded.tape.as_bytes());
    let Some(Fact::Recording(mut recording)) = facts.next_fact()? else {
        return Err(ExchangeError::NotAnExchangeFile.into());
    };
    // By whatever its tape was recorded, it is judged by the rules that it was made with.
    recording.rules = Some(embedded.rules_text);
    let mut taken = make(store, recording, &mut || facts.next_fact())?;
    taken.report = Some((embedded.manifest, embedded.view));
    Ok(taken)
}

/// Why there is no tape in a file.
pub(super) fn unread(error: &TapeError) -> Failure {
    let failure = Failure::new(Code::Input, "the report can't be read").because(error);
    match error {
        TapeError::Newer { .. } => failure.next("cargo install wiretape   then again"),
        TapeError::NotAReport => failure.next("wiretape report REC   makes one"),
        _ => failure.next("the file as it was first sent, if there is a copy"),
    }
}

fn from_lines(store: &Store, source: impl BufRead) -> Result<Taken, Failure> {
    let mut facts = FactReader::new(source);
    let Some(Fact::Recording(recording)) = facts.next_fact()? else {
        return Err(ExchangeError::NotAnExchangeFile.into());
    };
    let mut taken = make(store, recording, &mut || facts.next_fact())?;
    let said = &mut taken.said;
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
    taken.unknown = facts.unknown();
    taken.truncated = facts.truncated().is_some() || facts.missing().is_some();
    Ok(taken)
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

/// Gives the facts after the recording's own, one at a time.
type NextFact<'a> = &'a mut dyn FnMut() -> Result<Option<Fact<'static>>, ExchangeError>;

fn make(store: &Store, mut recording: Recording, next: NextFact<'_>) -> Result<Taken, Failure> {
    let path = free_path(store, &mut recording)?;
    let filled = fill(&path, &recording, next);
    if filled.is_err() {
        // Half a recording is worse than none; what matters is already an error.
        let _ = store.remove(&path);
    }
    let (facts, name, said) = (filled?, recording.name, Vec::new());
    Ok(Taken { name, path, facts, unknown: 0, truncated: false, said, report: None })
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
