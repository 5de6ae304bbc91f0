//! A verb, or none → its manual page on stdout.

use std::process::ExitCode;

use clap::Args;

use super::failure::{Code, Failure};
use super::output::{ColorChoice, Output};

/// What `man` takes.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// A verb; without one, the page about all of them
    verb: Option<String>,
}

/// Prints the page.
pub(crate) fn run(args: &ManArgs) -> Result<ExitCode, Failure> {
    let mut command = super::command();
    command.build();
    if let Some(verb) = &args.verb {
        let found = command.find_subcommand(verb).cloned().ok_or_else(|| {
            Failure::new(Code::Usage, format!("there is no verb {verb}"))
                .next("wiretape -h   lists them")
        })?;
        command = found.display_name(format!("wiretape-{verb}"));
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    let mut output = Output::new(ColorChoice::Never);
    for line in String::from_utf8_lossy(&page).lines() {
        output.line(line)?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}
