//! A verb, or none → its manual page on stdout.

use std::process::ExitCode;

use clap::Args;

use super::failure::{Code, Failure};
use super::output::{ColorChoice, Output};
use crate::tui::keys::KEYS;

/// What `man` takes.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// A verb; without one, the page about all of them
    verb: Option<String>,
}

/// The keys of the full screen, from the table that makes them work.
fn keys() -> String {
    let mut text = String::from(".SH KEYS\n");
    for row in KEYS {
        let keys: Vec<String> = row.keys.iter().map(|key| key.name().replace('-', "\\-")).collect();
        // A sign at the beginning of a line is a word of the page's own language.
        text += &format!(".TP\n\\&{}\n{}  ({})\n", keys.join(" "), row.does, row.act.name());
    }
    text + ".PP\nwiretape config lists how they can be changed.\n"
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
    if args.verb.as_deref() == Some("open") {
        page.extend(keys().into_bytes());
    }
    let mut output = Output::new(ColorChoice::Never);
    for line in String::from_utf8_lossy(&page).lines() {
        output.line(line)?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}
