//! A shell's name → its completions on stdout, which know the names of recordings.
//!
//! The scripts that clap makes are static. What they leave open is asked of `wiretape completions
//! --names` when a name is completed; which verbs take one is read from the same table.

use std::process::ExitCode;

use clap::{Arg, ArgAction, Args};
use clap_complete::Shell;

use super::output::Output;
use super::{Failure, Globals, locate};
use crate::recording::store::name_of;

/// What the command line calls an argument that is a recording.
const RECORDING: &str = "REC";

/// What `completions` takes.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, required_unless_present = "names")]
    shell: Option<Shell>,
    /// The recordings' names, for the scripts
    #[arg(long, hide = true)]
    names: bool,
}

/// Prints the completions.
pub(crate) fn run(args: &CompletionsArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let mut output = globals.output();
    match args.shell {
        Some(shell) => script(shell).lines().try_for_each(|line| output.line(line))?,
        None => names(globals, &mut output)?,
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// One a line; no file is opened. A shell must not find in a name what it could act on: such a
/// file is completed by its path.
fn names(globals: &Globals, output: &mut Output) -> Result<(), Failure> {
    for file in locate::all(&globals.dir)? {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        match name_of(&file) {
            Some(name) if !name.starts_with('-') && name.chars().all(is_plain) => {
                output.line(&name)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The verbs that take recordings.
struct Verbs {
    /// As many as there are.
    many: Vec<String>,
    /// One, and perhaps something else after it.
    one: Vec<String>,
    /// Their arguments' own names.
    arguments: Vec<String>,
    /// Options of theirs that a value follows.
    valued: Vec<String>,
}

impl Verbs {
    fn of(command: &clap::Command) -> Self {
        let mut verbs = Self { many: vec![], one: vec![], arguments: vec![], valued: vec![] };
        for verb in command.get_subcommands() {
            let Some(argument) = verb.get_positionals().find(|argument| is_recording(argument))
            else {
                continue;
            };
            let several = matches!(argument.get_action(), ArgAction::Append);
            let list = if several { &mut verbs.many } else { &mut verbs.one };
            list.push(verb.get_name().to_owned());
            verbs.arguments.push(argument.get_id().to_string());
            let valued = verb.get_opts().filter(|option| option.get_action().takes_values());
            for option in valued {
                let long = option.get_long().map(|long| format!("--{long}"));
                verbs.valued.extend(option.get_short().map(|short| format!("-{short}")));
                verbs.valued.extend(long);
            }
        }
        verbs.valued.sort();
        verbs.valued.dedup();
        verbs
    }
}

fn is_recording(argument: &Arg) -> bool {
    let names = argument.get_value_names().unwrap_or_default();
    names.iter().any(|name| name.as_str() == RECORDING)
}

fn script(shell: Shell) -> String {
    let mut command = super::command();
    let mut made = Vec::new();
    clap_complete::generate(shell, &mut command, "wiretape", &mut made);
    let made = String::from_utf8_lossy(&made).into_owned();
    // Built by now, global options included.
    let verbs = Verbs::of(&command);
    match shell {
        Shell::Bash => {
            let asks = include_str!("recordings.bash")
                .replace("@VALUED@", &verbs.valued.join("|"))
                .replace("@MANY@", &verbs.many.join("|"))
                .replace("@ONE@", &verbs.one.join("|"));
            made.replace("complete -F _wiretape ", "complete -F _wiretape_recordings ") + &asks
        }
        Shell::Zsh => in_zsh(&made, &verbs),
        Shell::Fish => {
            let both = [verbs.one, verbs.many].concat().join(" ");
            made + &include_str!("recordings.fish").replace("@VERBS@", &both)
        }
        _ => made,
    }
}

/// clap leaves the arguments to zsh's own default: here they are named.
fn in_zsh(made: &str, verbs: &Verbs) -> String {
    let is_asked = |line: &str| {
        let starts = |id: &String| {
            line.starts_with(&format!("':{id} -- ")) || line.starts_with(&format!("'*::{id} -- "))
        };
        verbs.arguments.iter().any(starts)
    };
    let mut script = String::new();
    for line in made.lines() {
        let asks = line.strip_suffix(":_default' \\").filter(|_| is_asked(line));
        match asks {
            Some(start) => script.push_str(&format!("{start}:_wiretape_recordings' \\")),
            None => script.push_str(line),
        }
        script.push('\n');
        if line.starts_with("autoload ") {
            script.push('\n');
            script.push_str(include_str!("recordings.zsh"));
        }
    }
    script
}
