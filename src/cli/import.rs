//! An exported file → a recording in the folder: with its ids, its uuid and its name.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::failure::{Code, Failure, unopened};
use super::{Globals, escape, human};
use crate::exchange::ExchangeError;
use crate::exchange::jsonl::FactReader;
use crate::recording::{RecordingError, RecordingWriter, Store, WriterOptions};
use crate::wire::{Fact, Recording};

/// Numbers tried for a name that is taken.
const MAX_NUMBER: u32 = 10_000;

/// What `import` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wiretape import amber-fox.jsonl
  gunzip < amber-fox.jsonl.gz | wiretape import -")]
pub(crate) struct ImportArgs {
    /// The file; - is stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Makes the recording.
pub(crate) fn run(args: &ImportArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let source: Box<dyn BufRead> = if args.file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let opened = File::open(&args.file);
        let failed = |error: io::Error| unopened(&escape::path(&args.file), &error);
        Box::new(BufReader::new(opened.map_err(failed)?))
    };
    let mut facts = FactReader::new(source);
    let Some(Fact::Recording(mut recording)) = facts.next_fact()? else {
        return Err(ExchangeError::NotAnExchangeFile.into());
    };
    let store = Store::new(&globals.dir);
    let path = free_path(&store, &mut recording)?;
    let imported = fill(&path, &recording, &mut facts);
    if imported.is_err() {
        // Half a recording is worse than none; what matters is already an error.
        let _ = store.remove(&path);
    }
    let imported = imported?;
    match (facts.truncated(), facts.missing()) {
        (Some(line), _) => {
            globals.progress(&format!("line {line} is cut off; all before it is here"));
        }
        (None, Some(Some(lines))) => {
            let lines = human::counted(lines, "line");
            globals.progress(&format!("{lines} of what was exported are missing"));
        }
        (None, Some(None)) => globals.progress(
            "the line that ends an export is missing: what came after the last line here is not \
             known",
        ),
        (None, None) => {}
    }
    if facts.unknown() > 0 {
        let lines = human::counted(facts.unknown(), "line");
        globals.progress(&format!("{lines} of kinds that are not known here were left out"));
    }
    let mut output = globals.output();
    if globals.json {
        output.json(&ImportedObject {
            v: 1,
            kind: "imported",
            name: &recording.name,
            path: path.to_string_lossy().into_owned(),
            facts: imported,
            unknown_lines: facts.unknown(),
            truncated: facts.truncated().is_some() || facts.missing().is_some(),
        })?;
    } else {
        output.line(&format!("{}   {}", escape::text(&recording.name), escape::path(&path)))?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
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
fn fill(
    path: &Path,
    recording: &Recording,
    facts: &mut FactReader<Box<dyn BufRead>>,
) -> Result<u64, Failure> {
    let writer = RecordingWriter::create(path, recording, WriterOptions::default())?;
    let journal = writer.journal();
    let mut count = 1;
    while let Some(fact) = facts.next_fact()? {
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
