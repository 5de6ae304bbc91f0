//! `[[rule]]` → [`Rule`].

use super::document::{Entry, Report, Table};
use super::keys::{KINDS, RULE};
use super::kinds;
use super::known::Known;
use super::lifecycles::{identifier, scope, severity};
use super::near;
use super::reading::{conditions, one_of};
use super::sections::{Sections, Stated};
use crate::rules::{AtEnd, ClockKind, Rule, RuleKind, Severity};

/// Different tests of rules: each is a bit of every event.
const MAX_TESTS: usize = 32;

/// What is open when a scope ends.
pub(super) const ENDS: [(&str, AtEnd); 2] =
    [("violated", AtEnd::Violated), ("pending", AtEnd::Pending)];

/// By whose clock.
pub(super) const CLOCKS: [(&str, ClockKind); 3] =
    [("recorder", ClockKind::Recorder), ("payload", ClockKind::Payload), ("skew", ClockKind::Skew)];

/// Reads all rules that are not off.
pub(super) fn read(
    sections: &Sections<'_>,
    known: &mut Known,
    report: &mut Report<'_>,
) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for table in &sections.rules {
        let Some(mut rule) = rule(table, known, report) else { continue };
        if rules.iter().any(|other| other.id == rule.id) {
            let place = table.get("id").map_or(&table.place, |id| &id.place);
            report.error(place, format!("there are two rules \"{}\"", rule.id), None);
        }
        match sections.severity(&rule.id, report) {
            Stated::Off => continue,
            Stated::Severity(severity) => rule.severity = severity,
            Stated::Nothing => {}
        }
        rules.push(rule);
    }
    rules
}

fn rule(table: &Table<'_>, known: &mut Known, report: &mut Report<'_>) -> Option<Rule> {
    let id = identifier(table, "rule", report);
    let stated = kind(table, report);
    let read = stated.and_then(|entry| kinds::read(entry.key, &entry.value, known, report));
    let scope = scope(table, known, report);
    let key = table.get("key").and_then(|value| known.field(value, report));
    let inner = read.as_ref().and_then(|read| read.key);
    if let (Some(entry), Some(key), Some(inner)) = (table.entry("key"), key, inner)
        && key != inner
    {
        report.error(&entry.key_place, "this rule has two keys that differ", None);
    }
    let within = table.get("within").and_then(|value| known.some_time(value, report));
    let crossing = table.get("crossing").and_then(|value| known.duration(value, report));
    let at_end = table.get("at_end").and_then(|value| one_of(value, &ENDS, "at_end", report));
    let clock = table.get("clock").and_then(|value| one_of(value, &CLOCKS, "clock", report));
    let note = table.get("note").and_then(|value| report.text(value)).map(str::to_owned);
    let filter = filter(table, known, report);
    let severity = severity(table, Severity::Error, report);
    let kind = read?.kind;
    fits(table, &kind, clock, known, report);
    Some(Rule {
        id: id?,
        scope: scope?,
        severity,
        kind,
        key: inner.or(key),
        filter,
        within,
        crossing,
        at_end: at_end.unwrap_or_default(),
        clock: clock.unwrap_or_default(),
        note,
        origin: report.origin(&table.place),
    })
}

/// The test that a `where` asks for: its number among all that are asked for.
fn filter(table: &Table<'_>, known: &mut Known, report: &mut Report<'_>) -> Option<u8> {
    let entry = table.entry("where")?;
    let test = conditions(&entry.value, report);
    let index = known.tests.iter().position(|other| *other == test).unwrap_or(known.tests.len());
    if index == known.tests.len() {
        if index >= MAX_TESTS {
            let message = format!("over {MAX_TESTS} different \"where\" in rules");
            report.error(&entry.key_place, message, None);
            return None;
        }
        known.tests.push(test);
    }
    u8::try_from(index).ok()
}

/// The one key that says what must hold; complains of unknown keys, and of none or several.
fn kind<'t, 'd>(table: &'t Table<'d>, report: &mut Report<'_>) -> Option<&'t Entry<'d>> {
    let mut found: Option<&Entry<'_>> = None;
    let mut unknown = false;
    for entry in &table.entries {
        if RULE.iter().any(|key| key.name == entry.key) {
            continue;
        }
        if !KINDS.iter().any(|key| key.name == entry.key) {
            unknown = true;
            report.error(&entry.key_place, format!("unknown key \"{}\"", entry.key), hint(entry));
        } else if let Some(first) = found {
            let message = format!("a rule has one kind, and this has \"{}\" already", first.key);
            report.error(&entry.key_place, message, "make it a [[rule]] of its own".to_owned());
        } else {
            found = Some(entry);
        }
    }
    if found.is_none() && !unknown {
        let hint = "response = [\"a\", \"b\"], for one".to_owned();
        report.error(&table.place, "this rule does not say what must hold", hint);
    }
    found
}

fn hint(entry: &Entry<'_>) -> String {
    let known = KINDS.iter().chain(RULE).map(|key| key.name);
    near::nearest(entry.key, known).map_or_else(
        || "wiretape rules show agent   has examples of every part".to_owned(),
        |near| format!("did you mean \"{near}\"?"),
    )
}

/// Complains of what this kind of rule can't be combined with.
fn fits(
    table: &Table<'_>,
    kind: &RuleKind,
    clock: Option<ClockKind>,
    known: &Known,
    report: &mut Report<'_>,
) {
    if let (Some(entry), RuleKind::Silence { .. } | RuleKind::Reconnect { .. }) =
        (table.entry("within"), kind)
    {
        let hint = "it belongs inside { }".to_owned();
        report.error(&entry.key_place, "this rule has a \"within\" of its own", hint);
    }
    if let (
        Some(entry),
        RuleKind::Reconnect { .. } | RuleKind::Resume { .. } | RuleKind::Isolation { .. },
    ) = (table.entry("where"), kind)
    {
        report.error(&entry.key_place, "this kind of rule is about all events", None);
    }
    let Some(entry) = table.entry("clock") else { return };
    if clock.is_some_and(|clock| clock != ClockKind::Recorder)
        && !known.fields.iter().any(|field| field == "ts")
    {
        let hint = "declare it: [fields] ts = { from = [\"/timestamp\"], type = \"time\" }";
        report.error(&entry.key_place, "this clock needs a field \"ts\"", hint.to_owned());
    }
    let takes_two = matches!(
        kind,
        RuleKind::Response(..)
            | RuleKind::AlternateResponse(..)
            | RuleKind::Succession(..)
            | RuleKind::AlternateSuccession(..)
            | RuleKind::Precedence(..)
            | RuleKind::Pair { .. }
            | RuleKind::Latency { .. }
    );
    if clock == Some(ClockKind::Payload) && !takes_two {
        let hint = "it compares two times of one sender: response, succession, precedence or pair";
        let what = "this kind of rule can't be told by \"payload\"";
        report.error(&entry.value.place, what, hint.to_owned());
    }
    if clock == Some(ClockKind::Skew) && !matches!(kind, RuleKind::Latency { .. }) {
        let hint = "recorder or payload".to_owned();
        report.error(&entry.value.place, "only a latency can be told by \"skew\"", hint);
    }
}
