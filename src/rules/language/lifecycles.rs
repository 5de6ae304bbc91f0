//! `[[lifecycle]]` → [`Lifecycle`].

use super::document::{Place, Report, Table, Value};
use super::keys;
use super::known::Known;
use super::near;
use super::sections::{self, Sections, Stated};
use crate::rules::pattern;
use crate::rules::{Lifecycle, Pattern, Severity, Sub};

/// An event's weight at most: more than that decides every alignment.
pub(super) const MAX_WEIGHT: i64 = 100;

/// Sub-lifecycles of one lifecycle.
const MAX_SUBS: usize = 64;

/// Reads all lifecycles that are not off.
pub(super) fn read(
    sections: &Sections<'_>,
    known: &mut Known,
    report: &mut Report<'_>,
) -> Vec<Lifecycle> {
    let mut lifecycles: Vec<Lifecycle> = Vec::new();
    for table in &sections.lifecycles {
        let Some(mut lifecycle) = lifecycle(table, known, report) else { continue };
        if lifecycles.iter().any(|other| other.id == lifecycle.id) {
            let place = table.get("id").map_or(&table.place, |id| &id.place);
            report.error(place, format!("there are two lifecycles \"{}\"", lifecycle.id), None);
        }
        match sections.severity(&lifecycle.id, report) {
            Stated::Off => continue,
            Stated::Severity(severity) => lifecycle.severity = severity,
            Stated::Nothing => {}
        }
        for sub in &mut lifecycle.subs {
            let id = format!("{}/{}", lifecycle.id, sub.name);
            match sections.severity(&id, report) {
                Stated::Severity(severity) => sub.severity = severity,
                Stated::Off => {
                    let entry = sections.severities.iter().find(|entry| entry.key == id);
                    let place = entry.map_or(&table.place, |entry| &entry.value.place);
                    let hint = "info is the least".to_owned();
                    report.error(place, "a part of a lifecycle can't be off", hint);
                }
                Stated::Nothing => {}
            }
        }
        lifecycles.push(lifecycle);
    }
    lifecycles
}

fn lifecycle(table: &Table<'_>, known: &mut Known, report: &mut Report<'_>) -> Option<Lifecycle> {
    table.only(keys::LIFECYCLE, report);
    let id = identifier(table, "lifecycle", report)?;
    let severity = severity(table, Severity::Error, report);
    let subs = match table.get("sub").and_then(|value| report.table(value)) {
        Some(subs) => read_subs(&subs, severity, known, report),
        None => Vec::new(),
    };
    let scope = scope(table, known, report);
    let pattern = pattern(table, &subs, known, report);
    let alphabet = table.get("alphabet").map(|names| known.events(names, report));
    let weights = table.get("weight").map(|value| weights(value, known, report));
    let strict = table.get("strict").is_some_and(|strict| report.truth(strict));
    Some(Lifecycle {
        id,
        scope: scope?,
        pattern: pattern?,
        strict,
        alphabet: alphabet.unwrap_or_default(),
        weights: weights.unwrap_or_default(),
        subs,
        severity,
        origin: report.origin(&table.place),
    })
}

fn read_subs(
    subs: &Table<'_>,
    severity_above: Severity,
    known: &mut Known,
    report: &mut Report<'_>,
) -> Vec<Sub> {
    let mut read = Vec::new();
    if subs.entries.len() > MAX_SUBS {
        report.error(&subs.place, format!("over {MAX_SUBS} parts of a lifecycle"), None);
    }
    for entry in subs.entries.iter().take(MAX_SUBS) {
        let Some(table) = report.table(&entry.value) else { continue };
        table.only(keys::SUB, report);
        let key = table.get("key").map(|value| known.field(value, report));
        let fallback = table.get("fallback_key").map(|value| known.field(value, report));
        if key.is_none() && fallback.is_none() {
            let hint = "key = \"call\", and fallback_key = \"tool\" where there may be no id";
            let message = format!("nothing tells one @{} from another", entry.key);
            report.error(&table.place, message, hint.to_owned());
        }
        let Some(pattern) = pattern(&table, &[], known, report) else { continue };
        let drain = table.get("drain");
        let drained_by = drain.filter(|drain| drain.as_array().is_some());
        read.push(Sub {
            name: entry.key.to_owned(),
            key: key.flatten(),
            fallback: fallback.flatten(),
            pattern,
            drain: drain.is_none_or(|drain| drain.as_array().is_some() || report.truth(drain)),
            drained_by: drained_by.map_or_else(Vec::new, |ends| known.events(ends, report)),
            sequential: table.get("sequential").is_some_and(|value| report.truth(value)),
            severity: severity(&table, severity_above, report),
            origin: report.origin(&table.place),
        });
    }
    read
}

fn pattern(
    table: &Table<'_>,
    subs: &[Sub],
    known: &mut Known,
    report: &mut Report<'_>,
) -> Option<Pattern> {
    let Some(value) = table.get("pattern") else {
        let hint = "pattern = \"started (progress | @tool)* completed\"".to_owned();
        report.error(&table.place, "a lifecycle needs a pattern", hint);
        return None;
    };
    let text = report.text(value)?;
    let pattern = match pattern::parse(text) {
        Ok(pattern) => pattern,
        Err(error) => {
            report.error(&report.inside(&value.place, error.at), error.message, None);
            return None;
        }
    };
    let mut words = Vec::new();
    let mut all_there = true;
    collect(&pattern, &mut words);
    for word in &words {
        if let Some(name) = word.strip_prefix('@')
            && !subs.iter().any(|sub| sub.name == name)
        {
            all_there = false;
            let known = subs.iter().map(|sub| sub.name.as_str());
            let hint = near::nearest(name, known).map_or_else(
                || format!("declare it: [lifecycle.sub.{name}]"),
                |near| format!("did you mean \"@{near}\"?"),
            );
            let place = word_in(text, word, value, report);
            report.error(&place, format!("there is no part \"{word}\""), hint);
        } else if !word.starts_with('@') {
            known.uses(word, word_in(text, word, value, report));
        }
    }
    let unused = subs.iter().filter(|sub| !words.contains(&format!("@{}", sub.name)));
    // What is misspelt is not unused as well.
    for sub in unused.filter(|_| all_there) {
        let message = format!("the pattern has no @{}", sub.name);
        report.warning(&value.place, message, None);
    }
    Some(pattern)
}

/// The events and `@parts` of a pattern, each once.
fn collect(pattern: &Pattern, words: &mut Vec<String>) {
    let word = match pattern {
        Pattern::Name(name) => name.clone(),
        Pattern::Sub(name) => format!("@{name}"),
        Pattern::Any => return,
        Pattern::Sequence(parts) | Pattern::Choice(parts) | Pattern::Shuffle(parts) => {
            return parts.iter().for_each(|part| collect(part, words));
        }
        Pattern::Repeat { inner, .. } => return collect(inner, words),
    };
    if !words.contains(&word) {
        words.push(word);
    }
}

/// Where `word` first stands by itself in a pattern.
fn word_in(text: &str, word: &str, value: &Value<'_>, report: &Report<'_>) -> Place {
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    let alone = text.match_indices(word).find(|(at, _)| {
        !text[..*at].ends_with(inner) && !text[at + word.len()..].starts_with(inner)
    });
    match alone {
        Some((at, _)) => report.inside(&value.place, at..at + word.len()),
        None => value.place.clone(),
    }
}

fn weights(value: &Value<'_>, known: &mut Known, report: &mut Report<'_>) -> Vec<(String, u32)> {
    let Some(table) = report.table(value) else { return Vec::new() };
    let mut weights = Vec::new();
    for entry in &table.entries {
        known.uses(entry.key, entry.key_place.clone());
        let weight = report.integer(&entry.value, 1..=MAX_WEIGHT);
        weights.extend(weight.and_then(|weight| {
            u32::try_from(weight).ok().map(|weight| (entry.key.to_owned(), weight))
        }));
    }
    weights
}

/// The id of a rule or lifecycle.
pub(super) fn identifier(table: &Table<'_>, what: &str, report: &mut Report<'_>) -> Option<String> {
    let Some(value) = table.get("id") else {
        report.error(&table.place, format!("this {what} has no id"), "id = \"…\"".to_owned());
        return None;
    };
    let id = report.text(value)?;
    if id.is_empty() {
        report.error(&value.place, "an id can't be empty", None);
    }
    Some(id.to_owned())
}

/// The scope of a rule or lifecycle.
pub(super) fn scope(table: &Table<'_>, known: &Known, report: &mut Report<'_>) -> Option<usize> {
    let Some(value) = table.get("scope") else {
        let hint = "scope = \"conn\"".to_owned();
        report.error(&table.place, "within what must this hold?", hint);
        return None;
    };
    known.scope(value, report)
}

/// The severity that a table states.
pub(super) fn severity(
    table: &Table<'_>,
    otherwise: Severity,
    report: &mut Report<'_>,
) -> Severity {
    let Some(value) = table.get("severity") else { return otherwise };
    let word = report.text(value);
    word.and_then(|word| sections::severity_of(value, word, false, report)).unwrap_or(otherwise)
}
