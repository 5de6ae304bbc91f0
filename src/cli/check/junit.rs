//! Findings → `JUnit` XML: a suite a recording, a case a rule, a failure a finding.

use super::Checked;
use crate::cli::escape;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::rules::{Finding, Severity};

/// Prints all of it.
pub(super) fn print(output: &mut Output, checked: &[Checked]) -> Result<(), Failure> {
    output.line(r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    output.line("<testsuites>")?;
    for checked in checked {
        suite(output, checked)?;
    }
    output.line("</testsuites>")
}

fn suite(output: &mut Output, checked: &Checked) -> Result<(), Failure> {
    let findings = checked.findings();
    let errors = |rule: &str| {
        let of = |finding: &&&Finding| finding.rule == rule && finding.severity == Severity::Error;
        findings.iter().filter(of).copied().collect::<Vec<_>>()
    };
    let mut rules: Vec<&str> =
        checked.analysis.engine().tallies().iter().map(|tally| tally.rule.as_str()).collect();
    for finding in &findings {
        if !rules.contains(&finding.rule.as_str()) {
            rules.push(&finding.rule);
        }
    }
    let failures = rules.iter().filter(|rule| !errors(rule).is_empty()).count();
    output.line(&format!(
        r#"  <testsuite name="{}" tests="{}" failures="{failures}" errors="0" skipped="0">"#,
        xml(&checked.recording.name),
        rules.len()
    ))?;
    for rule in rules {
        let case =
            format!(r#"    <testcase classname="{}" name="{}""#, xml(&checked.path), xml(rule));
        let found = errors(rule);
        if found.is_empty() {
            output.line(&format!("{case}/>"))?;
            continue;
        }
        output.line(&format!("{case}>"))?;
        // One failure a case is what readers of this format show.
        let first = &found[0].message;
        let all: Vec<String> = found.iter().map(|finding| told(finding)).collect();
        output.line(&format!(
            r#"      <failure type="{}" message="{}">{}</failure>"#,
            found[0].code.text(),
            xml(first),
            xml(&all.join("\n"))
        ))?;
        output.line("    </testcase>")?;
    }
    output.line("  </testsuite>")
}

fn told(finding: &Finding) -> String {
    let whose = [finding.user.as_deref(), finding.run.as_deref()];
    let whose: Vec<&str> = whose.into_iter().flatten().collect();
    let frames: Vec<String> = finding.frames.iter().map(|frame| format!("#{frame}")).collect();
    format!("{} {} {} {}", finding.code.text(), whose.join(" "), finding.message, frames.join(" "))
}

/// Text in XML: no character that XML 1.0 forbids gets through the escaping of control characters.
fn xml(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(escape::text).collect();
    lines
        .join("\n")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
