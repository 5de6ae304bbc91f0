//! Facts and rules → what is seen of them, as plain data: what every form of a report shows.

use serde::Serialize;

use super::Bundle;
use crate::analysis::{Analysis, AnalysisError};
use crate::rules::Status;

/// What is seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sight {
    /// From when, nanoseconds since the recording started.
    pub from_ns: u64,
    /// Until when.
    pub to_ns: u64,
    /// What is wrong, in the order of time.
    pub findings: Vec<Found>,
}

/// A finding.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Found {
    /// Its code.
    pub code: String,
    /// When.
    pub at_ns: u64,
    /// One sentence.
    pub message: String,
}

impl Sight {
    /// Of what a bundle holds.
    ///
    /// # Errors
    /// Its rules can't be followed.
    pub fn of(bundle: &Bundle) -> Result<Self, AnalysisError> {
        let mut analysis = Analysis::new(bundle.book.clone())?;
        let (mut from_ns, mut to_ns) = (u64::MAX, 0);
        for fact in &bundle.facts {
            analysis.feed(fact, &mut |event, _| {
                from_ns = from_ns.min(event.at_ns);
                to_ns = to_ns.max(event.at_ns);
            });
        }
        analysis.end(Some(to_ns), &mut |_, _| {});
        let findings = analysis.engine().findings().iter();
        let mut findings: Vec<Found> = findings
            .filter(|finding| finding.status != Status::Withdrawn)
            .map(|finding| Found {
                code: finding.code.text(),
                at_ns: finding.at_ns,
                message: finding.message.clone(),
            })
            .collect();
        findings.sort_by_key(|finding| finding.at_ns);
        Ok(Self { from_ns: from_ns.min(to_ns), to_ns, findings })
    }
}
