//! A recording → a bug report: what it is about, what may leave the machine, and its files.

use std::ffi::OsString;
use std::io::{IsTerminal as _, stderr, stdin};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Args, ValueEnum};
use serde::Serialize;

use super::failure::{Code, Failure};
use super::{Globals, clipboard, escape, human, locate, open};
use crate::redact::{Level, Row};
use crate::rules;
use crate::tui::At;

use draft::{Draft, Order, Payloads, Ready};
use files::{Kind, Wanted, Written};
use scope::Subject;
pub(crate) use screen::Desk;

mod decide;
mod draft;
mod extract;
mod files;
mod finder;
mod scope;
mod screen;

/// Bytes of a file beyond which there is no report, unless it is asked for: what trackers take.
const MAX_SIZE: u64 = 24_000_000;

/// From this size on, less is offered (ux.md, 4).
const LARGE: u64 = 10_000_000;

/// What `report` is asked for.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("subject").multiple(false), after_help = "\
Writes a page that opens in any browser and that wiretape reads back, a text to paste, and a
picture. Without a choice they are about the worst finding, with its run. The recording is not
changed. What you decide about what may leave the machine is kept in wiretape.toml.

Examples:
  wiretape report amber-fox
  wiretape report amber-fox --run 9c1e --meta commit=a1b2c3d
  wiretape report amber-fox --range 14:33:10..14:33:40 --out /tmp
  wiretape report amber-fox --no-input --redact strict --zip
  wiretape open wiretape-9c1e-missing-tool_completed.html")]
pub(crate) struct ReportArgs {
    /// A path, a file's name, or the recording's name
    #[arg(value_name = "REC")]
    recording: OsString,
    #[command(flatten)]
    about: AboutArgs,
    /// A rules file or a preset; without it, the traffic decides
    #[arg(long, value_name = "FILE|PRESET")]
    rules: Option<String>,
    /// How much is hidden
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    redact: Redact,
    /// How much of payloads goes along: all, or what the rules read, which takes less room
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    payloads: PayloadsArg,
    /// Ask nothing: exit with 5 where something is to be decided
    #[arg(long)]
    no_input: bool,
    /// Ask line by line, without a screen
    #[arg(long, conflicts_with = "no_input")]
    linear: bool,
    #[command(flatten)]
    files: FileArgs,
    /// What else to say of the application, such as commit=a1b2c3d
    #[arg(long, value_name = "KEY=VALUE", value_parser = meta)]
    meta: Vec<(String, String)>,
}

/// What it is about.
#[derive(Debug, Args)]
struct AboutArgs {
    /// The first finding of this code, with its run
    #[arg(long, value_name = "CODE", group = "subject", value_parser = code)]
    finding: Option<rules::Code>,
    /// A run: its id, or the end of it
    #[arg(long, value_name = "ID", group = "subject")]
    run: Option<String>,
    /// All of a user
    #[arg(long, value_name = "USER", group = "subject")]
    user: Option<String>,
    /// From one place to another: 14:33:10..14:33:40, #4390..#4411, +1m..+2m
    #[arg(long, value_name = "A..B", group = "subject", value_parser = range)]
    range: Option<(At, At)>,
    /// What a filter means
    #[arg(long, value_name = "FILTER", group = "subject")]
    filter: Option<String>,
    /// Everything
    #[arg(long, group = "subject")]
    whole: bool,
}

/// What is written, and where.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
struct FileArgs {
    /// The folder for the files
    #[arg(short, long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,
    /// The page; with --md and --svg, those too; without any, all three
    #[arg(long)]
    html: bool,
    /// The text to paste
    #[arg(long)]
    md: bool,
    /// The picture of the timeline
    #[arg(long)]
    svg: bool,
    /// One zip with the files in it, for trackers that take no HTML
    #[arg(long)]
    zip: bool,
    /// No file may be larger: 500K, 100M; without it, 24M
    #[arg(long, value_name = "SIZE", default_value_t = MAX_SIZE, hide_default_value = true, value_parser = size)]
    max_size: u64,
    /// Overwrite what is there
    #[arg(long)]
    force: bool,
}

/// How much is hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Redact {
    /// Only types, ids, times and sizes are kept
    Strict,
    /// Secrets are hidden, users get other names; what is not sure is asked
    #[default]
    Default,
    /// Nothing is hidden
    Off,
}

/// How much of payloads goes along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum PayloadsArg {
    /// All that is not hidden
    #[default]
    All,
    /// What the rules read: types, users, runs. The findings stay, all else is left out
    TypesOnly,
}

impl From<PayloadsArg> for Payloads {
    fn from(payloads: PayloadsArg) -> Self {
        match payloads {
            PayloadsArg::All => Self::All,
            PayloadsArg::TypesOnly => Self::TypesOnly,
        }
    }
}

impl From<Redact> for Level {
    fn from(redact: Redact) -> Self {
        match redact {
            Redact::Strict => Self::Strict,
            Redact::Default => Self::Default,
            Redact::Off => Self::Off,
        }
    }
}

impl AboutArgs {
    fn subject(&self) -> Subject {
        match self {
            Self { finding: Some(code), .. } => Subject::Finding(*code),
            Self { run: Some(run), .. } => Subject::Run(run.clone()),
            Self { user: Some(user), .. } => Subject::User(user.clone()),
            Self { range: Some((from, to)), .. } => Subject::Range(*from, *to),
            Self { filter: Some(filter), .. } => Subject::Filter(filter.clone()),
            Self { whole: true, .. } => Subject::Whole,
            _ => Subject::Worst,
        }
    }
}

impl FileArgs {
    fn wanted(&self) -> Wanted {
        let chosen = [self.html, self.md, self.svg];
        let all = !chosen.contains(&true);
        let kinds = Kind::ALL.into_iter().zip(chosen).filter(|(_, chosen)| all || *chosen);
        Wanted {
            kinds: kinds.map(|(kind, _)| kind).collect(),
            zip: self.zip,
            folder: self.out.clone(),
            force: self.force,
            most: self.max_size,
        }
    }
}

/// Makes a report.
pub(crate) fn run(args: &ReportArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let path = locate::find(globals, &args.recording)?;
    let subject = args.about.subject();
    let order = Order {
        subject: &subject,
        rules: args.rules.as_deref(),
        level: args.redact.into(),
        decisions: decide::known()?,
        payloads: args.payloads.into(),
    };
    let mut draft = Draft::new(&path, order, globals)?;
    globals.progress(&format!("1/3 scope       {}", draft.told()));
    for remark in draft.remarks() {
        globals.progress(&format!("                {remark}"));
    }
    globals.progress(&format!("2/3 redaction   {}", redaction(&draft)));
    let Some(mut draft) = review(draft, args, globals)? else {
        globals.progress("nothing was written");
        return Ok(ExitCode::SUCCESS);
    };
    decide::keep(draft.decided())?;
    let ready = draft.ready(&args.meta)?;
    if let Some((thin, _)) = ready.bundle.manifest.types_only {
        let thin = human::counted(thin, "message");
        globals.progress(&format!("                payloads: types only, of {thin}"));
    }
    if let Some(differs) = ready.differs.told() {
        globals.progress(&format!("                after redaction: {differs}"));
    }
    let written = files::write(&draft, &ready, &args.files.wanted())?;
    tell(&draft, &ready, &written, globals)?;
    Ok(ExitCode::SUCCESS)
}

/// Decides what is not decided; `None`: the reader wants no report.
fn review(
    mut draft: Draft,
    args: &ReportArgs,
    globals: &Globals,
) -> Result<Option<Draft>, Failure> {
    if draft.redacted.undecided() == 0 {
        return Ok(Some(draft));
    }
    let can_ask = stdin().is_terminal() && stderr().is_terminal();
    if args.no_input || !can_ask {
        return Err(decide::undecided(&draft.redacted.rows));
    }
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    if args.linear || is_dumb || !open::on_a_terminal() {
        let goes_on = decide::ask(&mut draft, &mut stdin().lock(), &mut stderr())?;
        return Ok(goes_on.then_some(draft));
    }
    screen::alone(draft, globals)
}

/// `84 values hidden by rule · 2 places need your decision`.
fn redaction(draft: &Draft) -> String {
    if draft.level() == Level::Off {
        return "off: nothing is hidden".to_owned();
    }
    let hidden = human::counted(draft.redacted.hidden(), "value");
    match draft.redacted.undecided() {
        0 => format!("{hidden} hidden by rule"),
        1 => format!("{hidden} hidden by rule · 1 place needs your decision"),
        open => format!("{hidden} hidden by rule · {open} places need your decision"),
    }
}

#[derive(Serialize)]
struct ReportObject<'a> {
    v: u64,
    kind: &'static str,
    title: &'a str,
    scope: &'a str,
    frames: (u64, u64),
    users: (u64, u64),
    redact: &'a str,
    hidden: u64,
    payloads: &'static str,
    files: Vec<FileObject>,
}

#[derive(Serialize)]
struct FileObject {
    path: String,
    bytes: u64,
}

/// What was written, and what to do with it.
fn tell(
    draft: &Draft,
    ready: &Ready,
    written: &[Written],
    globals: &Globals,
) -> Result<(), Failure> {
    let mut output = globals.output();
    let manifest = &ready.bundle.manifest;
    if globals.json {
        let path = |file: &Written| file.path.to_string_lossy().into_owned();
        let files = written.iter().map(|file| FileObject { path: path(file), bytes: file.bytes });
        output.json(&ReportObject {
            v: 1,
            kind: "report",
            title: &ready.bundle.title,
            scope: &manifest.scope,
            frames: manifest.frames_of,
            users: manifest.users_of,
            redact: &manifest.redact,
            hidden: manifest.hidden,
            payloads: if manifest.types_only.is_some() { "types-only" } else { "all" },
            files: files.collect(),
        })?;
        return output.flush();
    }
    globals.progress("3/3 wrote");
    let is_terminal = output.is_terminal();
    let text = written.iter().find_map(|file| file.text.as_deref()).filter(|_| is_terminal);
    let copied = text.and_then(clipboard::copy);
    for file in written {
        output.line(&format!("    {}", line_of(file, written, copied.is_some())))?;
    }
    output.flush()?;
    advise(draft, written, globals);
    Ok(())
}

/// A file, its size, and what to do with it.
fn line_of(file: &Written, all: &[Written], is_copied: bool) -> String {
    let widths = all.iter().map(|file| escape::width(&escape::path(&file.path)));
    let path = escape::pad_right(&escape::path(&file.path), widths.max().unwrap_or(0));
    let size = escape::pad_left(&human::size(file.bytes), 8);
    format!("{path}   {size}   {}", use_of(file, is_copied))
}

fn use_of(file: &Written, is_copied: bool) -> &'static str {
    match file.path.extension().and_then(|end| end.to_str()) {
        Some("html") => "opens in any browser, no network   ← drag this into the issue",
        Some("md") if is_copied => "copied to the clipboard   ← paste this as the text",
        Some("md") => "← paste this as the text",
        Some("svg") => "picture of the timeline",
        _ => "all of them   ← attach this to the issue",
    }
}

/// What is worth knowing before it is shared.
fn advise(draft: &Draft, written: &[Written], globals: &Globals) {
    if draft.level() == Level::Off {
        globals.progress("Nothing is hidden: tokens, cookies and all that was said are in it.");
    } else {
        globals.progress(&format!(
            "Public repository? Anyone can download its attachments. {}",
            free_text(draft)
        ));
    }
    if written.iter().any(|file| file.bytes > LARGE) {
        globals.progress(
            match draft.payloads() {
                Payloads::All => "Over 10 MB: some trackers take no more. --payloads types-only, --run ID or --range A..B takes less.",
                Payloads::TypesOnly => "Over 10 MB: some trackers take no more. --run ID or --range A..B takes less.",
            },
        );
    }
    let paths: Vec<String> = written.iter().map(|file| escape::path(&file.path)).collect();
    let ending = |end: &str| paths.iter().find(|path| path.ends_with(end));
    if let (Some(md), Some(svg)) = (ending(".md"), ending(".svg")) {
        globals.progress(&format!("With gh 2.99+:  gh issue create -F {md} --attach {svg}"));
    }
    if let Some(page) = ending(".html").or(ending(".zip")) {
        globals.progress(&format!("Look first:  wiretape open {page}"));
    }
}

/// What became of what people wrote.
fn free_text(draft: &Draft) -> &'static str {
    let mut rows = draft.redacted.rows.iter().filter(|row| row.is_length());
    let is_shown = draft.redacted.rows.iter().any(Row::is_free_text_shown);
    match (is_shown, rows.next().is_some()) {
        (true, _) => "Free text in this report: shown.",
        (false, true) => "Free text in this report: length only.",
        (false, false) => "Free text in this report: none found.",
    }
}

fn code(text: &str) -> Result<rules::Code, String> {
    rules::Code::from_text(text).ok_or_else(|| "codes are listed by wiretape rules explain".into())
}

fn range(text: &str) -> Result<(At, At), String> {
    let (from, to) = text.split_once("..").ok_or("write it as A..B, such as 14:33:10..14:33:40")?;
    Ok((At::parse(from)?, At::parse(to)?))
}

/// Letters of what is said of the application.
const MAX_META: usize = 200;

fn meta(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    if key.is_empty() || text.chars().count() > MAX_META {
        return Err(format!("KEY=VALUE has a key, and at most {MAX_META} letters"));
    }
    Ok((key.to_owned(), value.to_owned()))
}

/// `24M`, `500K`: bytes.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text[digits.len()..].to_ascii_uppercase().trim_end_matches('B') {
        "" => 1,
        "K" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        _ => return Err("write it as 24M or 500K".into()),
    };
    let number: u64 = digits.parse().map_err(|_| "write it as 24M or 500K".to_owned())?;
    number.checked_mul(unit).ok_or_else(|| "that is too large".to_owned())
}

/// A mistake of who asks.
fn failure(what: impl Into<String>) -> Failure {
    Failure::new(Code::Usage, what)
}
