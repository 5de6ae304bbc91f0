//! Rules files: what presets there are, a file of one's own, what is wrong with it, what codes mean.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::failure::{Code, Failure, unopened};
use super::output::Role;
use super::{Globals, escape, human};
use crate::rules::language::{self, Checked, Diagnostic, MAX_BYTES};
use crate::rules::presets::{self, Preset};
use crate::rules::{Room, RuleBook, Severity, codes, schema};

/// Where `rules init` writes.
const USUAL_FILE: &str = "wiretape.rules.toml";

/// What `rules` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wiretape rules list
  wiretape rules init agent
  wiretape rules lint wiretape.rules.toml
  wiretape rules keys amber-fox
  wiretape rules explain E102")]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    verb: RulesVerb,
}

#[derive(Debug, Subcommand)]
enum RulesVerb {
    /// Presets, and what they are for
    List,
    /// A preset's text
    Show {
        /// The preset's name
        #[arg(value_name = "PRESET")]
        preset: String,
    },
    /// Begin a rules file of your own, on top of a preset
    Init {
        /// The preset's name
        #[arg(value_name = "PRESET", default_value = "agent")]
        preset: String,
        /// The file; it must not be there yet
        #[arg(short, long, value_name = "FILE", default_value = USUAL_FILE)]
        output: PathBuf,
    },
    /// What is wrong with a rules file
    Lint {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Where a recording has the fields of the rules, and where it probably has them
    #[command(after_help = "\
without: messages that lack the field. values: how many different ones there are. each: messages \
of one value. found at: places, with the messages that have it there. Where the rules fit badly, \
lines to paste into a rules file follow.

Examples:
  wiretape rules keys amber-fox
  wiretape rules keys amber-fox --rules wiretape.rules.toml")]
    Keys {
        /// A path, a file's name, or the recording's name
        #[arg(value_name = "REC")]
        recording: std::ffi::OsString,
        /// A rules file or a preset; without it, the traffic decides
        #[arg(long, value_name = "FILE|PRESET")]
        rules: Option<String>,
    },
    /// A JSON Schema of rules files, for editors to complete and explain them
    #[command(after_help = "\
With Taplo, the first line of a rules file names it: #:schema ./wiretape.rules.schema.json

Examples:
  wiretape rules schema > wiretape.rules.schema.json")]
    Schema,
    /// What the code of a finding means
    Explain {
        /// E101 to E112, W201 to W208; without it, all of them
        #[arg(value_name = "CODE")]
        code: Option<String>,
    },
}

/// Does it.
pub(crate) fn run(args: &RulesArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    match &args.verb {
        RulesVerb::List => list(globals),
        RulesVerb::Show { preset } => show(find(preset)?, globals),
        RulesVerb::Init { preset, output } => init(find(preset)?, output, globals),
        RulesVerb::Lint { file } => lint(file, globals),
        RulesVerb::Keys { recording, rules } => {
            super::rules_keys::run(recording, rules.as_deref(), globals)
        }
        RulesVerb::Schema => print_schema(globals),
        RulesVerb::Explain { code } => explain(code.as_deref(), globals),
    }
}

pub(super) fn find(name: &str) -> Result<&'static Preset, Failure> {
    presets::presets().iter().find(|preset| preset.name == name).ok_or_else(|| {
        let failure = Failure::new(Code::Usage, format!("there is no preset called {name}"));
        let names = presets::presets().iter().map(|preset| preset.name);
        let failure = match language::nearest(name, names) {
            Some(near) => failure.why(format!("did you mean {near}?")),
            None => failure,
        };
        failure.next("wiretape rules list   shows what there is")
    })
}

#[derive(Serialize)]
struct PresetObject {
    name: &'static str,
    about: &'static str,
}

#[derive(Serialize)]
struct ListObject {
    v: u32,
    kind: &'static str,
    presets: Vec<PresetObject>,
}

fn list(globals: &Globals) -> Result<ExitCode, Failure> {
    let mut output = globals.output();
    let presets = presets::presets();
    if globals.json {
        let presets =
            presets.iter().map(|preset| PresetObject { name: preset.name, about: preset.about });
        output.json(&ListObject { v: 1, kind: "presets", presets: presets.collect() })?;
    } else {
        let width = presets.iter().map(|preset| preset.name.len()).max().unwrap_or(0);
        for preset in presets {
            let columns = output.columns().unwrap_or(usize::MAX).saturating_sub(width + 3);
            let mut name = escape::pad_right(preset.name, width);
            for about in escape::wrap(preset.about, columns, 0).lines() {
                let painted = output.style.paint(Role::Strong, &name);
                output.line(&format!("{painted}   {about}"))?;
                name = " ".repeat(width);
            }
        }
        output.line("")?;
        let next = format!("yours   wiretape rules init PRESET   writes {USUAL_FILE}");
        let next = output.style.paint(Role::Quiet, &next);
        output.line(&next)?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// A preset, or a code's page.
#[derive(Serialize)]
struct TextObject {
    v: u32,
    kind: &'static str,
    name: &'static str,
    about: &'static str,
    text: &'static str,
}

fn print(object: &TextObject, globals: &Globals) -> Result<ExitCode, Failure> {
    let mut output = globals.output();
    if globals.json {
        output.json(object)?;
    } else {
        object.text.lines().try_for_each(|line| output.line(line))?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn show(preset: &Preset, globals: &Globals) -> Result<ExitCode, Failure> {
    let Preset { name, about, text } = *preset;
    print(&TextObject { v: 1, kind: "preset", name, about, text }, globals)
}

fn print_schema(globals: &Globals) -> Result<ExitCode, Failure> {
    let mut output = globals.output();
    // It is JSON already, and what an editor reads: --json has nothing to add.
    let text = serde_json::to_string_pretty(&language::json_schema()).unwrap_or_default();
    text.lines().try_for_each(|line| output.line(line))?;
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn explain(code: Option<&str>, globals: &Globals) -> Result<ExitCode, Failure> {
    let object = |page: codes::Page| TextObject {
        v: 1,
        kind: "code",
        name: page.code,
        about: page.title(),
        text: page.text,
    };
    if let Some(code) = code {
        let page = codes::explain(code).ok_or_else(|| {
            let failure = Failure::new(Code::Usage, format!("there is no code {code}"));
            let failure = match codes::near(code) {
                Some(near) => failure.why(format!("did you mean {near}?")),
                None => failure,
            };
            failure.next("wiretape rules explain   lists all codes")
        })?;
        return print(&object(page), globals);
    }
    let mut output = globals.output();
    for page in codes::pages() {
        if globals.json {
            output.json(&object(*page))?;
        } else {
            let code = output.style.paint(Role::Strong, page.code);
            output.line(&format!("{code}   {}", page.title()))?;
        }
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn init(preset: &Preset, path: &Path, globals: &Globals) -> Result<ExitCode, Failure> {
    let shown = escape::path(path);
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(beginning(preset).as_bytes()));
    written.map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            return Failure::new(Code::Usage, format!("{shown} is there already"))
                .next("-o FILE   writes another")
                .next(format!("wiretape rules lint {shown}"));
        }
        Failure::new(Code::Runtime, format!("{shown} can't be written")).why(error.to_string())
    })?;
    globals.progress(&format!("wrote {shown}: all of {}, to be changed", preset.name));
    Ok(ExitCode::SUCCESS)
}

/// A file that says what its preset says, and shows how to say something else.
fn beginning(preset: &Preset) -> String {
    let name = preset.name;
    let mut text = format!(
        "# Rules for Wiretape: all of \"{name}\", and what differs.\n\
         #   {}\n\
         # An entry of the same name or id replaces the preset's.\n\
         #   wiretape rules show {name}   what that is\n\
         #   wiretape rules lint FILE     whether this file is in order\n\
         version = 1\npreset = \"{name}\"\n",
        preset.about
    );
    let book = presets::preset(name).unwrap_or_default();
    if !book.limits.is_empty() {
        text.push_str("\n# Times that the rules refer to.\n#[limit]\n");
        for (limit, nanos) in &book.limits {
            let millis = nanos / 1_000_000;
            let duration = if millis % 1000 == 0 {
                format!("{}s", millis / 1000)
            } else {
                format!("{millis}ms")
            };
            text.push_str(&format!("#{limit} = \"{duration}\"\n"));
        }
    }
    if let Some(rule) = book.rules.first() {
        text.push_str(&format!(
            "\n# How bad a rule is: error, warning, info or off. Always there: close, decode,\n\
             # duplicate, after-end, protocol, unknown-event.\n#[severity]\n\
             #\"{}\" = \"warning\"\n#close = \"off\"\n",
            rule.id
        ));
    }
    text.push_str(
        "\n# Events that have another name with you.\n#[[event]]\n#name = \"agent_completed\"\n\
         #type = [\"agent_completed\", \"done\"]\n\n\
         # Another rule, and events that nothing else here is about.\n\
         #[[event]]\n#name = \"question\"\n#[[event]]\n#name = \"answer\"\n#[[rule]]\n#id = \"answered-in-time\"\n#scope = \"conn\"\n\
         #response = [\"question\", \"answer\"]\n#within = \"2s\"\n#severity = \"warning\"\n",
    );
    text
}

#[derive(Serialize)]
struct DiagnosticObject<'d> {
    severity: &'static str,
    line: u32,
    column: u32,
    start: usize,
    end: usize,
    message: &'d str,
    hint: Option<&'d str>,
}

#[derive(Serialize)]
struct LintObject<'d> {
    v: u32,
    kind: &'static str,
    file: String,
    ok: bool,
    diagnostics: Vec<DiagnosticObject<'d>>,
    scopes: Option<usize>,
    lifecycles: Option<usize>,
    rules: Option<usize>,
    memory: Vec<MemoryObject>,
}

/// What a scope's open slices take at most.
#[derive(Serialize)]
struct MemoryObject {
    scope: String,
    open: usize,
    slice_bytes: usize,
    event_bytes: usize,
}

fn lint(path: &Path, globals: &Globals) -> Result<ExitCode, Failure> {
    let text = read(path)?;
    let name = path.file_name().unwrap_or(OsStr::new("rules")).to_string_lossy();
    let Checked { book, diagnostics } = language::check_with(&name, &text, &beside(path));
    let mut output = globals.output();
    if globals.json {
        output.json(&LintObject {
            v: 1,
            kind: "lint",
            file: path.to_string_lossy().into_owned(),
            ok: book.is_some(),
            diagnostics: diagnostics.iter().map(object_of).collect(),
            scopes: book.as_ref().map(|book| book.scopes.len()),
            lifecycles: book.as_ref().map(|book| book.lifecycles.len()),
            rules: book.as_ref().map(|book| book.rules.len()),
            memory: book
                .iter()
                .flat_map(RuleBook::room)
                .map(|room| MemoryObject {
                    open: room.open,
                    slice_bytes: room.bytes,
                    event_bytes: Room::EVENT,
                    scope: room.scope,
                })
                .collect(),
        })?;
    } else {
        for diagnostic in &diagnostics {
            let role = match diagnostic.severity {
                Severity::Error => Role::Bad,
                Severity::Warning | Severity::Info => Role::Strong,
            };
            let rendered = diagnostic.render(&path.to_string_lossy(), &text);
            for (number, line) in rendered.lines().map(escape::text).enumerate() {
                let line = if number == 0 { output.style.paint(role, &line) } else { line };
                output.line(&line)?;
            }
            output.line("")?;
        }
        output.line(&format!(
            "{}: {}",
            escape::path(path),
            verdict(book.as_ref(), &diagnostics)
        ))?;
        for room in book.iter().flat_map(RuleBook::room) {
            output.line(&output.style.paint(Role::Quiet, &escape::text(&in_words(&room))))?;
        }
    }
    output.flush()?;
    Ok(if book.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What a scope takes, at most.
fn in_words(room: &Room) -> String {
    format!(
        "{}: at most {} open, {} B each and {} B an event: {}, and their events",
        room.scope,
        human::count(room.open as u64),
        human::count(room.bytes as u64),
        Room::EVENT,
        human::size(room.total() as u64),
    )
}

/// Everything in one line.
fn verdict(book: Option<&RuleBook>, diagnostics: &[Diagnostic]) -> String {
    let count = |severity| {
        diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count() as u64
    };
    let mut parts = Vec::new();
    for (severity, word) in [(Severity::Error, "error"), (Severity::Warning, "warning")] {
        if count(severity) > 0 {
            parts.push(human::counted(count(severity), word));
        }
    }
    if let Some(book) = book {
        parts.push(format!(
            "in order, with {}, {} and {}",
            human::counted(book.scopes.len() as u64, "scope"),
            human::counted(book.lifecycles.len() as u64, "lifecycle"),
            human::counted(book.rules.len() as u64, "rule"),
        ));
    }
    parts.join(", ")
}

fn object_of(diagnostic: &Diagnostic) -> DiagnosticObject<'_> {
    DiagnosticObject {
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        },
        line: diagnostic.line,
        column: diagnostic.column,
        start: diagnostic.at.start,
        end: diagnostic.at.end,
        message: &diagnostic.message,
        hint: diagnostic.hint.as_deref(),
    }
}

/// Opens files that a rules file at `path` names. Only what lies beside or below it: rules that came
/// from somebody else read nothing more of this machine.
pub(super) fn beside(path: &Path) -> impl Fn(&str) -> Result<String, String> {
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    move |name: &str| {
        let inside = Path::new(name)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside {
            return Err("it lies outside the rules file's folder".to_owned());
        }
        let failed = |error: std::io::Error| error.to_string();
        let path = folder.join(name);
        let meta = fs::metadata(&path).map_err(failed)?;
        if !meta.is_file() {
            return Err("it is no file".to_owned());
        }
        let file = File::open(path).map_err(failed)?;
        let mut text = String::new();
        let most = schema::MAX_BYTES as u64 + 1;
        file.take(most).read_to_string(&mut text).map_err(failed)?;
        Ok(text)
    }
}

/// The file's text: no more of it than is too much already.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let shown = escape::path(path);
    let failed = |error: &std::io::Error| unreadable(&shown, error);
    if fs::metadata(path).map_err(|error| failed(&error))?.is_dir() {
        return Err(Failure::new(Code::Input, format!("{shown} is a folder")));
    }
    let file = File::open(path).map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    // A character that is cut at the limit is not the mistake.
    if bytes.len() > MAX_BYTES {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].split(|byte| *byte == b'\n').count();
        Failure::new(Code::Input, format!("{shown} is no text"))
            .why(format!("it is not UTF-8: line {line}, byte {at}"))
    })
}

fn unreadable(file: &str, error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::NotFound {
        return Failure::new(Code::Input, format!("there is no file {file}"))
            .next("wiretape rules init   begins one");
    }
    unopened(file, error)
}
