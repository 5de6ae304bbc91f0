//! Recordings → what is missing, out of order, doubled, late or astray in them; for people and CI.

use std::collections::HashSet;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::choose::choose;
use super::failure::Failure;
use super::look::look;
use super::{Globals, cut, locate};
use crate::analysis::Analysis;
use crate::events::{Kind, Symbol};
use crate::recording::{Check, RecordingReader, State};
use crate::rules::learn::pairs::LEARNED;
use crate::rules::{Rule, RuleKind, Severity, Tally};
use crate::wire::Recording;

mod github;
mod human;
pub(crate) mod json;
mod junit;
mod sarif;

/// Exit code where findings reach the threshold.
const FOUND: u8 = 1;

/// What `check` is asked for.
#[derive(Debug, Args)]
#[command(after_help = "\
Exits with 1 where there is a finding of --fail-on or worse. On GitHub, --format github annotates \
the ten worst findings and puts all of them into the step's summary.

Examples:
  wiretape check amber-fox
  wiretape check amber-fox --rules wiretape.rules.toml --since 30s
  wiretape check recordings/*.db --format junit > wiretape.xml
  wiretape rules explain E102")]
pub(crate) struct CheckArgs {
    /// Recordings: paths, file names, or names
    #[arg(required = true, value_name = "REC")]
    recordings: Vec<OsString>,
    /// A rules file or a preset; without it, the traffic decides
    #[arg(long, value_name = "FILE|PRESET")]
    rules: Option<String>,
    /// For whom the findings are printed
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Exit with 1 from this severity on
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    fail_on: FailOn,
    /// Whether what is still open when the recording ends is a failure
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pending: PendingIs,
    /// Only findings from here on: 90s, 1m30s
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Human,
    /// One object a recording
    Json,
    /// For test reports, as `JUnit` has them
    #[value(help = "For test reports: JUnit's XML")]
    Junit,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// For GitHub Actions: annotations, and the step's summary
    Github,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Errors
    #[default]
    Error,
    /// Warnings too
    Warning,
    /// Nothing
    Never,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum PendingIs {
    /// Told, and no failure
    #[default]
    Ok,
    /// A failure
    Fail,
}

/// A recording that was looked at.
pub(super) struct Checked {
    pub(super) path: String,
    pub(super) recording: Recording,
    pub(super) analysis: Analysis,
    /// Why these rules.
    pub(super) chosen: String,
    pub(super) since_ns: u64,
    pub(super) state: State,
    /// Of a recording without an end: when that was, and what was open.
    pub(super) cut: Option<String>,
    /// How often each name came, by the number of its symbol.
    names: Vec<u64>,
}

/// Slices below which one rule's violations say nothing about the rule, and of a hundred, those
/// beyond which they do (rules.md, 7, risk 1).
const FEW_SLICES: u64 = 10;
const SUSPICIOUS: u64 = 20;

impl Checked {
    /// Rules that are broken so often that they, or their keys, are probably wrong.
    pub(super) fn suspicious(&self) -> impl Iterator<Item = &Tally> {
        let engine = self.analysis.engine();
        let grave = engine.findings().iter().filter(|finding| finding.severity > Severity::Info);
        let hints: HashSet<&str> = grave.map(|finding| finding.rule.as_str()).collect();
        engine.tallies().iter().filter(move |tally| {
            tally.activations >= FEW_SLICES
                && tally.violated * 100 > tally.activations * SUSPICIOUS
                && hints.contains(tally.rule.as_str())
        })
    }

    /// Whether the rules are somebody's own, and so may have slips in them.
    fn is_own(&self) -> bool {
        let book = self.analysis.engine().book();
        let rules = book.rules.iter().map(|rule| &rule.origin);
        let mut origins = rules.chain(book.lifecycles.iter().map(|each| &each.origin));
        origins.any(|origin| !origin.file.ends_with("(preset)") && origin.file != LEARNED)
    }

    /// Rules of the user's own that nothing in the recording was about (rules.md, 2.1).
    pub(super) fn vacuous(&self) -> Vec<&str> {
        let engine = self.analysis.engine();
        let is_own = |rule: &&Rule| !rule.origin.file.ends_with("(preset)");
        // These are counted where they are broken.
        let is_counted = |rule: &&Rule| {
            !matches!(
                rule.kind,
                RuleKind::Isolation { .. } | RuleKind::Reconnect { .. } | RuleKind::Resume { .. }
            )
        };
        let rules = engine.book().rules.iter().filter(is_own).filter(is_counted);
        let lifecycles = engine.book().lifecycles.iter();
        let lifecycles = lifecycles.filter(|each| !each.origin.file.ends_with("(preset)"));
        let ids = lifecycles.map(|each| &each.id).chain(rules.map(|rule| &rule.id));
        let tally = |id: &&String| engine.tallies().iter().find(|tally| tally.rule == **id);
        let applied = |id: &&String| tally(id).is_some_and(|tally| tally.activations > 0);
        ids.filter(|id| !applied(id)).map(String::as_str).collect()
    }

    /// Names of messages that no rule of the user's own speaks of, and how often each came; the
    /// most frequent first.
    pub(super) fn unspoken(&self) -> Vec<(&str, u64)> {
        if !self.is_own() {
            return Vec::new();
        }
        let symbols = self.analysis.symbols();
        let names = (0..).map(Symbol::of_number).zip(&self.names).filter(|(_, count)| **count > 0);
        let unspoken = names.filter(|(name, _)| !self.analysis.engine().speaks_of(*name));
        let mut unspoken: Vec<_> =
            unspoken.map(|(name, count)| (symbols.text(name), *count)).collect();
        unspoken.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        unspoken
    }

    /// Findings from where the user asked on, in order of time.
    pub(super) fn findings(&self) -> Vec<&crate::rules::Finding> {
        let all = self.analysis.engine().findings().iter();
        let mut findings: Vec<_> = all.filter(|finding| finding.at_ns >= self.since_ns).collect();
        findings.sort_by_key(|finding| (finding.at_ns, finding.code));
        findings
    }
}

/// Checks.
pub(crate) fn run(args: &CheckArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let mut checked = Vec::new();
    for name in &args.recordings {
        let path = locate::find(globals, name)?;
        let (book, chosen) = choose(args.rules.as_deref(), &path)?;
        let reader = RecordingReader::open_with(&path, Check::Schema)?;
        let (state, cut) = (reader.state()?, cut::told(&reader)?);
        let mut names = Vec::new();
        let (recording, analysis) = look(&path, book, globals, &mut |event, _| {
            if event.kind == Kind::Message {
                let name = event.name.number() as usize;
                if names.len() <= name {
                    names.resize(name + 1, 0);
                }
                names[name] += 1;
            }
        })?;
        let since_ns = args.since.unwrap_or(0);
        let path = super::escape::path(path.file());
        checked.push(Checked { path, recording, analysis, chosen, since_ns, state, cut, names });
    }
    let mut output = globals.output();
    let format = if globals.json { Format::Json } else { args.format };
    match format {
        Format::Human => human::print(&mut output, &checked)?,
        Format::Json => json::print(&mut output, &checked)?,
        Format::Junit => junit::print(&mut output, &checked)?,
        Format::Sarif => sarif::print(&mut output, &checked)?,
        Format::Github => github::print(&mut output, &checked)?,
    }
    output.flush()?;
    let fails = checked.iter().any(|checked| fails(args, checked));
    Ok(if fails { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
}

fn fails(args: &CheckArgs, checked: &Checked) -> bool {
    let least = match args.fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Never => return false,
    };
    let pending =
        args.pending == PendingIs::Fail && !checked.analysis.engine().pending().is_empty();
    pending || checked.findings().iter().any(|finding| finding.severity >= least)
}

/// `90s`, `1m30s`, `1h`: nanoseconds from the start.
fn since(text: &str) -> Result<u64, String> {
    let wrong = || "write it as 90s, 1m30s or 2h".to_owned();
    let (mut total, mut digits) = (0_u64, String::new());
    for c in text.trim_start_matches('+').chars() {
        let unit = match c {
            '0'..='9' => {
                digits.push(c);
                continue;
            }
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return Err(wrong()),
        };
        let number: u64 = std::mem::take(&mut digits).parse().map_err(|_| wrong())?;
        total = number.checked_mul(unit).and_then(|s| total.checked_add(s)).ok_or_else(wrong)?;
    }
    if !digits.is_empty() || text.is_empty() {
        return Err(wrong());
    }
    total.checked_mul(1_000_000_000).ok_or_else(wrong)
}
