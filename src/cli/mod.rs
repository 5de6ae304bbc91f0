//! The front door: argv → one verb, one file each → exit code. The only place where rooms meet.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Args, CommandFactory as _, Parser, Subcommand};

mod check;
mod child;
mod choose;
mod clipboard;
mod clock;
mod completions;
mod config;
mod cut;
mod demo;
mod diff;
mod doctor;
mod event_line;
mod export;
mod failure;
mod filtering;
mod following;
mod frames;
mod front;
mod hexdump;
mod hint;
mod human;
mod import;
mod info;
mod intake;
mod live_check;
mod live_told;
mod locate;
mod look;
mod losses;
mod ls;
mod man;
mod mask;
mod note;
mod open;
mod output;
mod payloads;
mod plan;
mod printer;
mod progress;
mod query;
mod record;
mod record_screen;
mod report;
mod rm;
mod rules;
mod rules_keys;
mod scratch;
mod screen;
mod settings;
mod sift;
mod signals;
mod stats;
mod table;
mod tap;
mod ticker;
mod timeline;
mod uuid;
mod verdicts;
mod watch;
mod zipped;

use crate::tui::{Look, escape};
use failure::{Code, Failure};
use output::{ColorChoice, Output};

/// Does what the command line asks for. `args` starts with the program's own name.
pub fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = match parse(args.collect()) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let globals = &arguments.globals;
    let done = match arguments.verb {
        Some(Verb::Record(args)) => record::run(&args, globals),
        Some(Verb::Demo(args)) => demo::run(&args, globals),
        None if !globals.json && open::on_a_terminal() => open::sessions(globals),
        None | Some(Verb::Ls) => ls::run(globals),
        Some(Verb::Info(args)) => info::run(&args, globals),
        Some(Verb::Frames(args)) => frames::run(&args, globals),
        Some(Verb::Diff(args)) => diff::run(&args, globals),
        Some(Verb::Note(args)) => note::run(&args, globals),
        Some(Verb::Report(args)) => report::run(&args, globals),
        Some(Verb::Query(args)) => query::run(&args, globals),
        Some(Verb::Export(args)) => export::run(&args, globals),
        Some(Verb::Import(args)) => import::run(&args, globals),
        Some(Verb::Rm(args)) => rm::run(&args, globals),
        Some(Verb::Check(args)) => check::run(&args, globals),
        Some(Verb::Open(args)) => open::run(&args, globals),
        Some(Verb::Timeline(args)) => timeline::run(&args, globals),
        Some(Verb::Stats(args)) => stats::run(&args, globals),
        Some(Verb::Rules(args)) => rules::run(&args, globals),
        Some(Verb::Config) => settings::run(globals),
        Some(Verb::Doctor(args)) => doctor::run(&args, globals),
        Some(Verb::Completions(args)) => completions::run(&args, globals),
        Some(Verb::Man(args)) => man::run(&args),
    };
    done.unwrap_or_else(|failure| failure.report())
}

const HELP: &str = "\
{about}

  wiretape demo                          see it at work, on a pretend chat
  wiretape record ws://localhost:8000    record yours: point your client at the URL it prints
  wiretape open amber-fox                look at one on a full screen; alone, wiretape lists all
  wiretape frames amber-fox              every frame of a recording

Verbs:
{subcommands}

Options:
{options}";

/// Record-and-replay debugger for WebSocket events.
#[derive(Debug, Parser)]
#[command(name = "wiretape", version, help_template = HELP, disable_help_subcommand = true)]
struct Arguments {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// What every verb knows.
#[derive(Clone, Debug, Args)]
pub(crate) struct Globals {
    /// Where recordings are
    #[arg(long, global = true, value_name = "FOLDER", env = "WIRETAPE_DIR")]
    #[arg(default_value = "recordings", hide_env = true)]
    pub(crate) dir: PathBuf,
    /// JSON instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    #[arg(hide_short_help = true)]
    pub(crate) color: ColorChoice,
    /// Colours of the full screen
    #[arg(long, global = true, value_name = "LOOK", value_parser = parse_look)]
    #[arg(hide_short_help = true)]
    pub(crate) theme: Option<Look>,
    /// Nothing but ASCII on the full screen
    #[arg(long, global = true, hide_short_help = true, env = "WIRETAPE_ASCII", hide_env = true)]
    #[arg(value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) ascii: bool,
    /// Settings: this file instead of ./wiretape.toml and your own
    #[arg(long, global = true, value_name = "FILE", env = "WIRETAPE_CONFIG", hide_env = true)]
    #[arg(hide_short_help = true)]
    pub(crate) config: Option<PathBuf>,
    /// Only results and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say more
    #[arg(short, long, global = true, action = ArgAction::Count, hide_short_help = true)]
    pub(crate) verbose: u8,
}

fn parse_look(text: &str) -> Result<Look, String> {
    let all: Vec<&str> = Look::ALL.map(Look::word).to_vec();
    Look::named(text).ok_or_else(|| format!("a look is one of {}", all.join(", ")))
}

impl Globals {
    /// stdout, as asked for.
    pub(crate) fn output(&self) -> Output {
        Output::new(self.color)
    }

    /// Says on stderr what is going on, unless asked to be quiet.
    pub(crate) fn progress(&self, line: &str) {
        if !self.quiet {
            let line = escape::text(line);
            let folded = output::stderr_columns().map(|columns| escape::wrap(&line, columns, 0));
            eprintln!("{}", folded.unwrap_or(line));
        }
    }
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Record what passes between clients and a server
    Record(Box<record::RecordArgs>),
    /// A pretend chat platform with planted bugs, recorded
    Demo(demo::DemoArgs),
    /// List recordings
    Ls,
    /// What a recording holds
    Info(info::InfoArgs),
    /// Frames, one line each
    Frames(frames::FramesArgs),
    /// What is missing, out of order, doubled, late or astray
    Check(check::CheckArgs),
    /// Look at a recording on a full screen
    Open(open::OpenArgs),
    /// Who did what when, as text
    Timeline(timeline::TimelineArgs),
    /// How much, how fast, how it ended: by type, user and tool
    Stats(stats::StatsArgs),
    /// Where two runs, or two recordings, part
    Diff(diff::DiffArgs),
    /// Notes and marks in a recording
    Note(note::NoteArgs),
    /// A bug report that opens in any browser, with nothing in it that should not leave
    Report(Box<report::ReportArgs>),
    /// Ask a recording in SQL
    Query(query::QueryArgs),
    /// Write a recording as JSON lines, HAR or CSV
    Export(export::ExportArgs),
    /// Make a recording of JSON lines, or of a HAR file from a browser
    Import(import::ImportArgs),
    /// Remove recordings
    Rm(rm::RmArgs),
    /// Rules files: presets, a file of your own, what codes mean
    Rules(rules::RulesArgs),
    /// What can be set, and to what it is
    Config,
    /// What works here: port, server, disk, terminal
    Doctor(doctor::DoctorArgs),
    /// Completions for a shell
    Completions(completions::CompletionsArgs),
    /// The manual page
    #[command(hide = true)]
    Man(man::ManArgs),
}

/// The whole command line, for completions and the manual.
fn command() -> clap::Command {
    Arguments::command()
}

fn parse(mut args: Vec<OsString>) -> Result<Arguments, clap::Error> {
    let error = match Arguments::try_parse_from(&args) {
        Ok(arguments) => return Ok(arguments),
        Err(error) => error,
    };
    // A URL in a verb's place means `record URL`.
    if error.kind() == ErrorKind::InvalidSubcommand
        && let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand)
        && word.contains("://")
        && let Some(at) = args.iter().position(|arg| arg.to_str() == Some(word))
    {
        args.insert(at, "record".into());
        return Arguments::try_parse_from(&args);
    }
    Err(error)
}

/// Help and version are results; anything else is a mistake, told without what the words of the
/// command line could do to a terminal.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let mut output = Output::new(ColorChoice::Auto);
        let text = error.render().to_string();
        let printed =
            text.lines().try_for_each(|line| output.line(line)).and_then(|()| output.flush());
        return printed.map_or_else(|failure| failure.report(), |()| ExitCode::SUCCESS);
    }
    for line in error.render().to_string().lines() {
        eprintln!("{}", escape::text(line));
    }
    ExitCode::from(Code::Usage as u8)
}
