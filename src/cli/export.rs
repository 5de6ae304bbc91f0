//! A recording → a file, or stdout, in another tool's format.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::failure::{Code, Failure};
use super::scratch::Scratch;
use super::{Globals, escape, human, locate};
use crate::exchange::csv::CsvWriter;
use crate::exchange::har::HarWriter;
use crate::exchange::{ExchangeError, Loss, jsonl};
use crate::recording::RecordingReader;
use crate::wire::Fact;

/// What `export` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wiretape export amber-fox -o amber-fox.jsonl
  wiretape export amber-fox | gzip > amber-fox.jsonl.gz
  wiretape export amber-fox --format har -o amber-fox.har    for a browser's Network panel
  wiretape export amber-fox --format csv -o amber-fox.csv    one message a row")]
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
    #[value(help = "JSON lines; keeps everything")]
    #[default]
    Jsonl,
    /// What browsers save and open; keeps messages.
    #[value(help = "What browsers save and open; keeps handshakes, messages, times and closes")]
    Har,
    /// One row a message.
    #[value(help = "One message a row")]
    Csv,
}

/// Writes it.
pub(crate) fn run(args: &ExportArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let path = locate::find(globals, &args.recording)?;
    let reader = RecordingReader::open(&path)?;
    let export = Export { reader: &reader, format: args.format };
    let written = if args.output == Path::new("-") {
        let mut stdout = BufWriter::new(std::io::stdout());
        let written = export.write(&mut stdout, &std::env::temp_dir())?;
        stdout.flush()?;
        written
    } else {
        export.to_file(&args.output)?
    };
    let secrets = match args.format {
        Format::Csv => "All that was said is in it",
        _ => "Tokens and cookies of handshakes are in it, and all that was said",
    };
    globals.progress(&format!(
        "exported {} as {}. {secrets}: look before you share it.",
        escape::path(path.file()),
        human::counted(written.count, written.unit),
    ));
    if let Some(losses) = told(&written.losses) {
        let format = args.format.to_possible_value();
        let format = format.as_ref().map_or("", |value| value.get_name()).to_uppercase();
        globals.progress(&format!("{format} has no place for {losses}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// What was not carried, as a list.
pub(crate) fn told(losses: &[Loss]) -> Option<String> {
    let one = |loss: &Loss| {
        let word = if loss.count == 1 { loss.one } else { loss.many };
        format!("{} {word}", human::count(loss.count))
    };
    let told: Vec<String> = losses.iter().map(one).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// What was written, and what not.
struct Written {
    count: u64,
    unit: &'static str,
    losses: Vec<Loss>,
}

/// What is to be written, and how.
struct Export<'a> {
    reader: &'a RecordingReader,
    format: Format,
}

impl Export<'_> {
    /// The file has its name only once it is whole, and is its owner's alone.
    fn to_file(&self, path: &Path) -> Result<Written, Failure> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(format!(".{}.partial", std::process::id()));
        let partial = PathBuf::from(partial);
        let failed = |error: &std::io::Error| {
            Failure::new(Code::Runtime, format!("{} can't be written", escape::path(path)))
                .why(error.to_string())
        };
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let file = create_private(&partial).map_err(|error| failed(&error))?;
        let result = (|| {
            let mut buffered = BufWriter::new(file);
            let written = self.write(&mut buffered, folder.unwrap_or(Path::new(".")))?;
            let file = buffered.into_inner().map_err(|error| failed(error.error()))?;
            file.sync_all().map_err(|error| failed(&error))?;
            fs::rename(&partial, path).map_err(|error| failed(&error))?;
            Ok(written)
        })();
        if result.is_err() {
            // What matters is already an error; a leftover is only untidy.
            let _ = fs::remove_file(&partial);
        }
        result
    }

    /// Writes it; what does not fit in memory goes through a file in `folder`.
    fn write(&self, to: &mut impl Write, folder: &Path) -> Result<Written, Failure> {
        match self.format {
            Format::Jsonl => {
                let mut lines = 0;
                self.each(&mut |fact| {
                    lines += 1;
                    to.write_all(jsonl::render(fact).as_bytes())?;
                    Ok(to.write_all(b"\n")?)
                })?;
                to.write_all(jsonl::render_end(lines).as_bytes())?;
                to.write_all(b"\n")?;
                Ok(Written { count: lines, unit: "line", losses: Vec::new() })
            }
            Format::Har => {
                let scratch = Scratch::in_folder(folder)?;
                let mut har = HarWriter::new(scratch.file());
                self.each(&mut |fact| har.take(fact))?;
                let count = har.messages();
                Ok(Written { count, unit: "message", losses: har.finish(to).map_err(unwritten)? })
            }
            Format::Csv => {
                let mut csv = CsvWriter::new(&mut *to).map_err(unwritten)?;
                self.each(&mut |fact| csv.take(fact))?;
                Ok(Written { count: csv.rows(), unit: "message", losses: csv.finish() })
            }
        }
    }

    fn each(
        &self,
        take: &mut dyn FnMut(&Fact<'_>) -> Result<(), ExchangeError>,
    ) -> Result<(), Failure> {
        let mut result = Ok(());
        self.reader.facts(&mut |fact| {
            result = take(&fact);
            if result.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        result.map_err(unwritten)
    }
}

/// Of what is exported, only the writing can fail.
fn unwritten(error: ExchangeError) -> Failure {
    match error {
        ExchangeError::Read(error) => error.into(),
        other => other.into(),
    }
}

fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
