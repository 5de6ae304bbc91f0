//! Recordings' names → their files are gone.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
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

/// Whether it may be removed.
fn check(path: &Path) -> Result<(), Failure> {
    if lock::is_live(path) {
        return Err(RecordingError::InUse { path: path.to_owned() }.into());
    }
    // Only recordings, whole or damaged: a slip of the finger must not remove another file.
    match RecordingReader::open_with(path, Check::Schema) {
        Err(error @ RecordingError::NotARecording { .. }) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Removes one.
pub(super) fn remove(dir: &Path, path: &Path) -> Result<(), Failure> {
    check(path)?;
    Ok(Store::new(dir).remove(path)?)
}

/// Removes them, or none if one can't be found.
pub(crate) fn run(args: &RmArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let mut paths = Vec::new();
    for name in &args.recordings {
        let path = locate::find_file(&globals.dir, name)?;
        check(&path)?;
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
