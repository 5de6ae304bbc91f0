//! Findings → JSON: one object a recording, as architecture.md, 7 fixes it.

use serde::Serialize;

use super::Checked;
use crate::cli::failure::Failure;
use crate::cli::human;
use crate::cli::output::Output;
use crate::rules::{Finding, Pending, Severity, Tally};

#[derive(Serialize)]
struct CheckedJson<'a> {
    v: u64,
    kind: &'static str,
    recording: &'a str,
    path: &'a str,
    state: &'static str,
    rules: &'a str,
    chosen: &'a str,
    events: u64,
    frames: u64,
    connections: u64,
    /// Events that no schema was held against, being over 1 MiB.
    too_long: u64,
    suspicious: Vec<SuspiciousJson<'a>>,
    /// Rules that nothing was about.
    vacuous: Vec<&'a str>,
    /// Names that no rule is about.
    unspoken: Vec<UnspokenJson<'a>>,
    findings: Vec<FindingJson<'a>>,
    pending: Vec<PendingJson<'a>>,
    tallies: Vec<TallyJson<'a>>,
}

/// A name that no rule is about.
#[derive(Serialize)]
struct UnspokenJson<'a> {
    name: &'a str,
    events: u64,
}

/// A rule that is broken so often that it, or its key, is probably wrong.
#[derive(Serialize)]
struct SuspiciousJson<'a> {
    rule: &'a str,
    violated: u64,
    activations: u64,
}

/// A finding; public to others who tell of one.
#[derive(Serialize)]
pub(crate) struct FindingJson<'a> {
    id: String,
    code: String,
    class: &'static str,
    severity: &'static str,
    rule: &'a str,
    file: &'a str,
    line: u32,
    user: Option<&'a str>,
    run: Option<&'a str>,
    connection: Option<i64>,
    at_ns: u64,
    time: Option<String>,
    message: &'a str,
    frames: &'a [i64],
    expected: Option<ExpectedJson<'a>>,
    cause: Option<CauseJson<'a>>,
    side: Option<&'static str>,
    elsewhere: Option<&'a str>,
    also_violates: &'a [String],
}

#[derive(Serialize)]
struct ExpectedJson<'a> {
    event: &'a str,
    detail: Option<&'a str>,
    after: Option<i64>,
    before: Option<i64>,
}

#[derive(Serialize)]
struct CauseJson<'a> {
    message: &'a str,
    frame: Option<i64>,
}

#[derive(Serialize)]
struct PendingJson<'a> {
    rule: &'a str,
    user: Option<&'a str>,
    run: Option<&'a str>,
    waiting_for: &'a str,
    since_ns: u64,
    frame: i64,
}

#[derive(Serialize)]
struct TallyJson<'a> {
    rule: &'a str,
    activations: u64,
    satisfied: u64,
    violated: u64,
    pending: u64,
    inconclusive: u64,
}

/// Prints all of it.
pub(super) fn print(output: &mut Output, checked: &[Checked]) -> Result<(), Failure> {
    for checked in checked {
        let engine = checked.analysis.engine();
        let counts = checked.analysis.counts();
        output.json(&CheckedJson {
            v: 1,
            kind: "check",
            recording: &checked.recording.name,
            path: &checked.path,
            state: checked.state.word(),
            rules: &engine.book().name,
            chosen: &checked.chosen,
            events: counts.events,
            frames: counts.frames,
            connections: counts.connections,
            too_long: counts.too_long,
            suspicious: checked
                .suspicious()
                .map(|Tally { rule, violated, activations, .. }| SuspiciousJson {
                    rule,
                    violated: *violated,
                    activations: *activations,
                })
                .collect(),
            vacuous: checked.vacuous(),
            unspoken: checked
                .unspoken()
                .into_iter()
                .map(|(name, events)| UnspokenJson { name, events })
                .collect(),
            findings: checked
                .findings()
                .into_iter()
                .map(|finding| FindingJson::of(finding, Some(checked.recording.started_ns)))
                .collect(),
            pending: engine.pending().iter().map(PendingJson::of).collect(),
            tallies: engine.tallies().iter().map(TallyJson::of).collect(),
        })?;
    }
    Ok(())
}

/// The word for a severity.
pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

impl<'a> FindingJson<'a> {
    /// `started_ns` is when the recording started, where that is known.
    pub(crate) fn of(finding: &'a Finding, started_ns: Option<i64>) -> Self {
        Self {
            id: format!("{:016x}", finding.id),
            code: finding.code.text(),
            class: finding.code.class(),
            severity: severity(finding.severity),
            rule: &finding.rule,
            file: &finding.origin.file,
            line: finding.origin.line,
            user: finding.user.as_deref(),
            run: finding.run.as_deref(),
            connection: finding.connection,
            at_ns: finding.at_ns,
            time: started_ns
                .and_then(|started_ns| human::rfc3339(human::moment(started_ns, finding.at_ns))),
            message: &finding.message,
            frames: &finding.frames,
            expected: finding.expected.as_ref().map(|expected| ExpectedJson {
                event: &expected.event,
                detail: expected.detail.as_deref(),
                after: expected.after,
                before: expected.before,
            }),
            cause: finding
                .cause
                .as_ref()
                .map(|cause| CauseJson { message: &cause.text, frame: cause.frame }),
            side: finding.side.map(crate::rules::Side::word),
            elsewhere: finding.elsewhere.as_deref(),
            also_violates: &finding.also_violates,
        }
    }
}

impl<'a> PendingJson<'a> {
    fn of(pending: &'a Pending) -> Self {
        Self {
            rule: &pending.rule,
            user: pending.user.as_deref(),
            run: pending.run.as_deref(),
            waiting_for: &pending.waiting_for,
            since_ns: pending.since_ns,
            frame: pending.frame,
        }
    }
}

impl<'a> TallyJson<'a> {
    fn of(tally: &'a Tally) -> Self {
        Self {
            rule: &tally.rule,
            activations: tally.activations,
            satisfied: tally.satisfied,
            violated: tally.violated,
            pending: tally.pending,
            inconclusive: tally.inconclusive,
        }
    }
}
