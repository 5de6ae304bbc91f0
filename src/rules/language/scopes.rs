//! `[limit]` and `[scope.NAME]` → named durations and [`Scope`]s.

use super::document::{Report, Table};
use super::duration;
use super::keys;
use super::known::Known;
use super::near;
use super::sections::Sections;
use crate::rules::book::Nanos;
use crate::rules::{Caps, KeyPart, Scope};

const SECOND: Nanos = 1_000_000_000;

/// How long stragglers still belong to a slice that has ended (rules.md, 2.2).
const LINGER: Nanos = 5 * SECOND;

/// How long without an event ends a slice.
const IDLE: Nanos = 600 * SECOND;

/// Open slices of a scope: at about 200 bytes each, 40 MB.
const MAX_OPEN: usize = 200_000;

/// More open slices than this can't be asked for: 2 GB.
pub(super) const MOST_OPEN: i64 = 10_000_000;

/// What can be asked for of anything else: a gigabyte of findings.
pub(super) const MOST_KEPT: i64 = 1_000_000;

/// Parts of a key; each is copied with every slice.
const MAX_KEY: usize = 8;

/// Reads the named durations.
pub(super) fn read_limits(sections: &Sections<'_>, known: &mut Known, report: &mut Report<'_>) {
    for entry in &sections.limits {
        // A limit that names another would need an order; none is needed.
        if let Some(text) = entry.value.as_str()
            && text.starts_with('$')
        {
            let hint = duration::FORM.to_owned();
            report.error(&entry.value.place, "a limit can't be another limit", hint);
            continue;
        }
        // One that can't be read is declared all the same: what refers to it is not wrong as well.
        let nanos = known.some_time(&entry.value, report).unwrap_or(SECOND);
        known.limits.push((entry.key.to_owned(), nanos));
    }
}

/// Reads how much the engine keeps.
pub(super) fn read_caps(sections: &Sections<'_>, known: &Known, report: &mut Report<'_>) -> Caps {
    let mut caps = Caps::default();
    for entry in &sections.caps {
        if entry.key == "lag_time" {
            caps.lag.1 = known.duration(&entry.value, report).unwrap_or(caps.lag.1);
            continue;
        }
        let cap = match entry.key {
            "max_obligations" => &mut caps.obligations,
            "max_keys" => &mut caps.keys,
            "max_findings" => &mut caps.findings,
            "lag_events" => &mut caps.lag.0,
            other => {
                let hint = near::suggestion(other, keys::LIMITS.iter().map(|key| key.name));
                report.error(&entry.key_place, format!("unknown key \"{other}\""), hint);
                continue;
            }
        };
        let number = report.integer(&entry.value, 1..=MOST_KEPT);
        *cap = number.and_then(|number| usize::try_from(number).ok()).unwrap_or(*cap);
    }
    caps
}

/// Reads the scopes; the first is always `conn`.
pub(super) fn read_scopes(sections: &Sections<'_>, known: &mut Known, report: &mut Report<'_>) {
    let conn = empty("conn", vec![KeyPart::Connection]);
    known.scopes.push(conn);
    for entry in &sections.scopes {
        let Some(table) = report.table(&entry.value) else { continue };
        if entry.key == "conn" {
            let hint = "it is always there".to_owned();
            report.error(&entry.key_place, "conn is the connection, and can't be changed", hint);
            continue;
        }
        let scope = scope(entry.key, &table, known, report);
        known.scopes.push(scope);
    }
}

fn scope(name: &str, table: &Table<'_>, known: &mut Known, report: &mut Report<'_>) -> Scope {
    table.only(keys::SCOPE, report);
    let mut scope = empty(name, Vec::new());
    if let Some(key) = table.get("key") {
        scope.key = known.key(key, report);
        if scope.key.len() > MAX_KEY {
            report.error(&key.place, format!("over {MAX_KEY} parts in a key"), None);
        }
        if key.as_array().is_some_and(|parts| parts.is_empty()) {
            let hint = "key = [\"user\", \"run\"]".to_owned();
            report.error(&key.place, "a scope needs a key", hint);
        }
    } else {
        let hint = "key = [\"user\", \"run\"]".to_owned();
        report.error(&table.place, format!("scope \"{name}\" has no key"), hint);
    }
    if let Some(begin) = table.get("begin") {
        scope.begin = known.events(begin, report);
    }
    if let Some(end) = table.get("end") {
        scope.end = known.events(end, report);
    }
    let says_so = |name: &&String| {
        let name = name.to_lowercase();
        name.contains("error") || name.contains("fail")
    };
    scope.failed = match table.get("failed") {
        Some(failed) => known.events(failed, report),
        None => scope.end.iter().filter(says_so).cloned().collect(),
    };
    if let Some(linger) = table.get("linger") {
        scope.linger = known.duration(linger, report).unwrap_or(LINGER);
    }
    if let Some(idle) = table.get("idle") {
        scope.idle = known.some_time(idle, report).unwrap_or(IDLE);
    }
    if let Some(across) = table.get("across_reconnect")
        && across.as_bool() != Some(false)
    {
        scope.across_reconnect = known.some_time(across, report);
        if scope.key.contains(&KeyPart::Connection) {
            let hint = "leave \"conn\" out of the key".to_owned();
            report.error(&across.place, "this scope can't outlive its connection", hint);
        }
    }
    if let Some(most) = table.get("max_open")
        && let Some(most) = report.integer(most, 1..=MOST_OPEN)
    {
        scope.max_open = usize::try_from(most).unwrap_or(MAX_OPEN);
    }
    scope
}

fn empty(name: &str, key: Vec<KeyPart>) -> Scope {
    Scope {
        name: name.to_owned(),
        key,
        begin: Vec::new(),
        end: Vec::new(),
        failed: Vec::new(),
        linger: LINGER,
        idle: IDLE,
        across_reconnect: None,
        max_open: MAX_OPEN,
    }
}
