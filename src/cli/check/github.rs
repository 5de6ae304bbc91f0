//! Findings → workflow commands of GitHub Actions, which show as annotations.
//!
//! GitHub shows ten errors and ten warnings of a step; the rest would be dropped without a word, so
//! the worst come first and what is left out is said.

use super::Checked;
use crate::cli::escape;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::rules::{Finding, Severity};

/// Annotations of each kind that a step may have.
const ANNOTATIONS: usize = 10;

/// Prints all of it.
pub(super) fn print(output: &mut Output, checked: &[Checked]) -> Result<(), Failure> {
    for (severity, word) in
        [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "notice")]
    {
        let all: Vec<(&Checked, &Finding)> = checked
            .iter()
            .flat_map(|checked| checked.findings().into_iter().map(move |found| (checked, found)))
            .filter(|(_, finding)| finding.severity == severity)
            .collect();
        for (checked, finding) in all.iter().take(ANNOTATIONS) {
            let title = format!("{} {}", finding.code.text(), finding.code.class());
            let whose = [finding.user.as_deref(), finding.run.as_deref()];
            let whose: Vec<&str> = whose.into_iter().flatten().collect();
            let text = format!("{} [{}] {}", finding.message, whose.join(" "), checked.path);
            output.line(&format!("::{word} title={}::{}", property(&title), message(&text)))?;
        }
        if all.len() > ANNOTATIONS {
            let left = all.len() - ANNOTATIONS;
            output.line(&format!("{left} more findings of severity {word} are not annotated"))?;
        }
    }
    Ok(())
}

/// What a command's message needs escaped.
fn message(text: &str) -> String {
    escape::text(text).replace('%', "%25")
}

/// What a command's property needs escaped.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
