//! An exported file → a recording in the folder.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Globals;
use super::failure::{Code, Failure};

/// What `import` takes.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The file; - is stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Makes the recording.
pub(crate) fn run(_args: &ImportArgs, _globals: &Globals) -> Result<ExitCode, Failure> {
    Err(Failure::new(Code::Runtime, "this build can't import"))
}
