//! A report or an exported file → a recording in the folder: with its ids, its uuid and its name.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::failure::{Failure, unopened};
use super::{Globals, escape, intake};
use crate::recording::Store;

/// Bytes read at once.
pub(super) const BUFFER: usize = 256 << 10;

/// What `import` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wiretape import amber-fox.jsonl
  wiretape import localhost.har     saved in the Network panel of a browser
  wiretape import wiretape-9c1e-missing-tool_completed.html     a report, to keep
  gunzip < amber-fox.jsonl.gz | wiretape import -")]
pub(crate) struct ImportArgs {
    /// A report, its zip, JSON lines or HAR, whatever its name; - is stdin
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
        Box::new(BufReader::with_capacity(BUFFER, opened.map_err(failed)?))
    };
    let imported = intake::take(source, &args.file, &Store::new(&globals.dir))?;
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
