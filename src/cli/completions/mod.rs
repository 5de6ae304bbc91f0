//! A shell's name → its completions on stdout.

use std::process::ExitCode;

use clap::Args;
use clap_complete::Shell;

use super::Failure;
use super::output::{ColorChoice, Output};

/// What `completions` takes.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the completions.
pub(crate) fn run(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "wiretape", &mut script);
    let mut output = Output::new(ColorChoice::Never);
    for line in String::from_utf8_lossy(&script).lines() {
        output.line(line)?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}
