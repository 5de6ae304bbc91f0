//! Findings → workflow commands of GitHub Actions, which show as annotations, and a summary of the
//! step.
//!
//! GitHub shows ten annotations of a kind in a step; the rest would be dropped without a word, so
//! the ten worst are annotated, and all of them stand in the summary.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;

use super::Checked;
use crate::cli::escape;
use crate::cli::failure::{Code, Failure};
use crate::cli::output::Output;
use crate::rules::{Finding, Severity};

/// Annotations in all.
const ANNOTATIONS: usize = 10;

/// GitHub drops a step's summary whole if it is over 1 MiB; other commands of the step may have
/// written to it as well.
const SUMMARY_BYTES: u64 = 1 << 20;

/// What is kept free for the sentence that says what was left out.
const SPARE: u64 = 200;

/// Prints all of it.
pub(super) fn print(output: &mut Output, checked: &[Checked]) -> Result<(), Failure> {
    let mut all: Vec<(&Checked, &Finding)> = checked
        .iter()
        .flat_map(|checked| checked.findings().into_iter().map(move |found| (checked, found)))
        .collect();
    all.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.severity));
    for (checked, finding) in all.iter().take(ANNOTATIONS) {
        let title = format!("{} {}", finding.code.text(), finding.code.class());
        let text = format!("{} [{}] {}", finding.message, whose(finding), checked.path);
        let word = word(finding.severity);
        output.line(&format!("::{word} title={}::{}", property(&title), message(&text)))?;
    }
    let summary = env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
    if all.len() > ANNOTATIONS {
        let left = all.len() - ANNOTATIONS;
        let at = if summary.is_some() { "; the step's summary has them" } else { "" };
        output.line(&format!("{left} more findings are not annotated{at}"))?;
    }
    let Some(path) = summary else { return Ok(()) };
    let written = OpenOptions::new().append(true).create(true).open(&path).and_then(|mut file| {
        let room = SUMMARY_BYTES.saturating_sub(file.metadata()?.len());
        file.write_all(markdown(&all, room).as_bytes())
    });
    written.map_err(|error| {
        Failure::new(Code::Runtime, "the step's summary can't be written").why(error.to_string())
    })
}

/// All findings as a table of at most `room` bytes.
fn markdown(all: &[(&Checked, &Finding)], room: u64) -> String {
    let of = |severity| all.iter().filter(|(_, finding)| finding.severity == severity).count();
    let mut text = format!(
        "\n### Wiretape: {} errors, {} warnings, {} remarks\n\n",
        of(Severity::Error),
        of(Severity::Warning),
        of(Severity::Info)
    );
    if !all.is_empty() {
        text += "| | code | whose | what | recording |\n|---|---|---|---|---|\n";
    }
    for (at, (checked, finding)) in all.iter().enumerate() {
        let cells = [&whose(finding), &finding.message, &checked.path].map(|text| cell(text));
        let [whose, what, recording] = cells;
        let code = finding.code.text();
        let line = format!(
            "| {} | {code} {} | {whose} | {what} | {recording} |\n",
            word(finding.severity),
            finding.code.class()
        );
        if text.len() as u64 + line.len() as u64 + SPARE > room {
            text += &format!("\n{} more findings do not fit in here.\n", all.len() - at);
            break;
        }
        text += &line;
    }
    if text.len() as u64 > room { String::new() } else { text }
}

/// Text that means nothing in a table of Markdown, nor in HTML.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for c in escape::text(text).chars() {
        match c {
            '&' => cell += "&amp;",
            '<' => cell += "&lt;",
            '>' => cell += "&gt;",
            // Also `@`, so that nobody is called by what a payload says.
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' | '@' => {
                cell += &format!("&#{};", u32::from(c));
            }
            c => cell.push(c),
        }
    }
    cell
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    }
}

fn whose(finding: &Finding) -> String {
    let whose = [finding.user.as_deref(), finding.run.as_deref()];
    whose.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What a command's message needs escaped; ends of lines are escaped as all control characters.
fn message(text: &str) -> String {
    escape::text(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What a command's property needs escaped.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
