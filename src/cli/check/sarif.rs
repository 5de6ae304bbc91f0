//! Findings → SARIF 2.1.0, for code scanning tools.

use serde_json::{Value, json};

use super::Checked;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::rules::{Code, Finding, Severity};

/// Prints all of it.
pub(super) fn print(output: &mut Output, checked: &[Checked]) -> Result<(), Failure> {
    let rules: Vec<Value> = Code::ALL
        .into_iter()
        .map(|code| {
            json!({
                "id": code.text(),
                "name": code.class(),
                "shortDescription": { "text": code.title() },
            })
        })
        .collect();
    let results: Vec<Value> = checked
        .iter()
        .flat_map(|checked| checked.findings().into_iter().map(|finding| result(checked, finding)))
        .collect();
    output.json(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "wiretape",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "results": results,
        }],
    }))
}

fn result(checked: &Checked, finding: &Finding) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let whose = [finding.user.as_deref(), finding.run.as_deref()];
    let whose: Vec<&str> = whose.into_iter().flatten().collect();
    json!({
        "ruleId": finding.code.text(),
        "level": level,
        "message": { "text": format!("{} [{}]", finding.message, whose.join(" ")) },
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": uri(&checked.path) } },
            "logicalLocations": finding.frames.iter()
                .map(|frame| json!({ "name": format!("#{frame}"), "kind": "frame" }))
                .collect::<Vec<_>>(),
        }],
        "partialFingerprints": { "wiretape/v1": format!("{:016x}", finding.id) },
    })
}

/// A path as a relative or file URI.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(byte));
            }
            _ => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}
