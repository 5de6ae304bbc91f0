//! Findings → those of one cause together, and those of one problem; the worst of each first.

use std::collections::HashMap;

use super::Tape;
use crate::analysis::measure::counted;
use crate::rules::{Code, Finding};

/// What makes findings a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// One moment of the wire explains them all.
    Cause,
    /// The same rule, code and missing event: one problem, several times.
    Problem,
}

/// Findings that belong together: indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The worst of them, the first of those.
    pub lead: usize,
    /// The others, as bad as they are.
    pub rest: Vec<usize>,
    /// Why they belong together.
    pub by: By,
}

#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Row(u32),
    Problem(Code, &'a str, Option<&'a str>),
}

/// The groups, in the order of their worst.
pub(super) fn groups(tape: &Tape) -> Vec<Group> {
    let mut known: HashMap<Key<'_>, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for index in &tape.by_severity {
        let Some(finding) = tape.findings.get(*index) else { continue };
        let key = key(tape, *index, finding);
        let by = if matches!(key, Key::Row(_)) { By::Cause } else { By::Problem };
        let at = *known.entry(key).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.rest.push(*index),
            None => groups.push(Group { lead: *index, rest: Vec::new(), by }),
        }
    }
    groups
}

fn key<'a>(tape: &Tape, index: usize, finding: &'a Finding) -> Key<'a> {
    // A connection's end and how long it took to come back are what else it explains.
    let is_end = matches!(finding.code, Code::W203 | Code::W204);
    let end = || tape.end_row(finding.connection.filter(|_| is_end)?);
    if let Some(row) = tape.cause_row(index).or_else(end) {
        return Key::Row(row);
    }
    let event = finding.expected.as_ref().map(|expected| expected.event.as_str());
    Key::Problem(finding.code, &finding.rule, event)
}

impl Group {
    /// What else there is of it, in a few words.
    pub fn more(&self, tape: &Tape) -> String {
        let lead = tape.findings.get(self.lead);
        let also = lead.map_or(0, |lead| lead.also_violates.len());
        match (self.by, self.rest.as_slice()) {
            (_, []) if also == 0 => String::new(),
            (_, []) => format!("+ {}", counted(also as u64, "rule")),
            (By::Cause, [one]) => {
                let code = tape.findings.get(*one).map(|one| one.code.text());
                format!("+ {} same cause", code.unwrap_or_default())
            }
            (By::Cause, rest) => format!("+ {} same cause", rest.len()),
            (By::Problem, rest) => format!("{} alike", rest.len()),
        }
    }
}
