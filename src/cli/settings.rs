//! The settings → stdout, as a file that makes them: what can be set, and to what it is.

use std::process::ExitCode;

use super::Globals;
use super::config::{self, Config};
use super::failure::Failure;

/// Prints them.
pub(crate) fn run(globals: &Globals) -> Result<ExitCode, Failure> {
    let config = Config::read(globals)?;
    let mut output = globals.output();
    for line in config::as_file(&config, globals).lines() {
        output.line(line)?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}
