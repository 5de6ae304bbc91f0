//! A recording → a file, or stdout, in another tool's format.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::failure::{Code, Failure};
use super::{Globals, escape, human, locate};
use crate::exchange::jsonl;
use crate::recording::RecordingReader;

/// What `export` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wiretape export amber-fox -o amber-fox.jsonl
  wiretape export amber-fox | gzip > amber-fox.jsonl.gz")]
pub(crate) struct ExportArgs {
    /// A path, a file's name, or the recording's name
    #[arg(value_name = "REC")]
    recording: OsString,
    /// The format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The file; - is stdout
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

/// Formats that recordings can be written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON lines; keeps everything.
    #[default]
    Jsonl,
}

/// Writes it.
pub(crate) fn run(args: &ExportArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let reader = locate::open(&globals.dir, &args.recording)?;
    let Format::Jsonl = args.format;
    let written = if args.output == Path::new("-") {
        let mut stdout = BufWriter::new(std::io::stdout());
        let lines = write(&reader, &mut stdout)?;
        stdout.flush()?;
        lines
    } else {
        to_file(&reader, &args.output)?
    };
    globals.progress(&format!(
        "exported {} as {}. Tokens and cookies of handshakes are in it, and all that was said: \
         look before you share it.",
        escape::path(reader.path()),
        human::counted(written, "line"),
    ));
    Ok(ExitCode::SUCCESS)
}

/// The file has its name only once it is whole, and is its owner's alone.
fn to_file(reader: &RecordingReader, path: &Path) -> Result<u64, Failure> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.partial", std::process::id()));
    let partial = PathBuf::from(partial);
    let failed = |error: &std::io::Error| {
        Failure::new(Code::Runtime, format!("{} can't be written", escape::path(path)))
            .why(error.to_string())
    };
    let file = create_private(&partial).map_err(|error| failed(&error))?;
    let result = (|| {
        let mut buffered = BufWriter::new(file);
        let lines = write(reader, &mut buffered)?;
        let file = buffered.into_inner().map_err(|error| failed(error.error()))?;
        file.sync_all().map_err(|error| failed(&error))?;
        fs::rename(&partial, path).map_err(|error| failed(&error))?;
        Ok(lines)
    })();
    if result.is_err() {
        // What matters is already an error; a leftover is only untidy.
        let _ = fs::remove_file(&partial);
    }
    result
}

fn write(reader: &RecordingReader, to: &mut impl Write) -> Result<u64, Failure> {
    let mut lines = 0;
    let mut result = Ok(());
    reader.facts(&mut |fact| {
        lines += 1;
        result = to.write_all(jsonl::render(&fact).as_bytes()).and_then(|()| to.write_all(b"\n"));
        if result.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    result?;
    to.write_all(jsonl::render_end(lines).as_bytes())?;
    to.write_all(b"\n")?;
    Ok(lines)
}

fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
