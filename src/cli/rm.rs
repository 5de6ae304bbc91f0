//! Recordings' names → their files are gone.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Args;

use super::failure::{Code, Failure};
use super::{Globals, escape, human, locate, ls};
use crate::recording::{Check, RecordingError, RecordingReader, Store, lock};

/// What `rm` takes.
#[derive(Debug, Args)]
pub(crate) struct RmArgs {
    /// Paths, files' names, or recordings' names
    #[arg(value_name = "REC", required = true)]
    recordings: Vec<OsString>,
    /// Don't ask
    #[arg(short, long)]
    yes: bool,
}

/// Removes them, or none if one can't be found.
pub(crate) fn run(args: &RmArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let mut paths = Vec::new();
    for name in &args.recordings {
        let path = locate::find_file(&globals.dir, name)?;
        if lock::is_live(&path) {
            return Err(RecordingError::InUse { path }.into());
        }
        // Only recordings, whole or damaged: a slip of the finger must not remove another file.
        if let Err(error @ RecordingError::NotARecording { .. }) =
            RecordingReader::open_with(&path, Check::Schema)
        {
            return Err(error.into());
        }
        paths.push(path);
    }
    if !args.yes {
        if !std::io::stdin().is_terminal() {
            return Err(Failure::new(Code::Usage, "removing needs a yes, and nobody can be asked")
                .next("wiretape rm --yes …"));
        }
        for path in &paths {
            eprintln!("  {}   {}", escape::path(path), human::size(ls::size_of(path)));
        }
        eprint!("Remove {}? [y/N] ", human::counted(paths.len() as u64, "recording"));
        std::io::stderr().flush()?;
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            globals.progress("nothing was removed");
            return Ok(ExitCode::SUCCESS);
        }
    }
    for path in &paths {
        Store::new(&globals.dir).remove(path)?;
        globals.progress(&format!("removed {}", escape::path(path)));
    }
    Ok(ExitCode::SUCCESS)
}
