//! What a file says that nothing can ever break → a warning where it stands.
//!
//! Only what is certain is told, and of the file alone: that a rule never applied to a recording,
//! `check` tells.

use super::document::{Place, Report, Table, Value};
use super::known::Known;
use super::sections::Sections;
use crate::events::Reading;
use crate::events::reading::{Condition, Literal};
use crate::rules::implied::{accepts_everything, never_broken};
use crate::rules::monitors::lasted;
use crate::rules::{Lifecycle, Rule, RuleKind};

/// What is judged: the checked form of a file, and what its names mean.
pub(super) struct Checked<'c> {
    pub(super) reading: &'c Reading,
    pub(super) lifecycles: &'c [Lifecycle],
    pub(super) rules: &'c [Rule],
    pub(super) known: &'c Known,
}

/// Warns of the file's own lifecycles, rules and conditions that say nothing.
pub(super) fn warn(sections: &Sections<'_>, checked: &Checked<'_>, report: &mut Report<'_>) {
    for table in sections.events.iter().filter(|table| is_own(table)) {
        let name = table.get("name").and_then(Value::as_str).unwrap_or_default();
        let named = checked.reading.names.iter().find(|naming| naming.name == name);
        let why = named.and_then(|naming| contradiction(&naming.conditions));
        if let (Some(place), Some(why)) = (table.get("where"), why) {
            let message = format!("no payload is like this, so that nothing is called \"{name}\"");
            report.warning(&place.place, message, why);
        }
    }
    for lifecycle in checked.lifecycles {
        if let Some(table) = own(&sections.lifecycles, &lifecycle.id) {
            of_lifecycle(table, lifecycle, report);
        }
    }
    for rule in checked.rules {
        if let Some(table) = own(&sections.rules, &rule.id) {
            of_rule(table, rule, checked, report);
            of_limit(table, rule, checked.known, report);
        }
    }
}

/// A preset's are what they are.
fn is_own(table: &Table<'_>) -> bool {
    table.place.source == 0
}

fn own<'s, 'd>(tables: &'s [Table<'d>], id: &str) -> Option<&'s Table<'d>> {
    let named = |table: &&Table<'_>| table.get("id").is_some_and(|own| own.as_str() == Some(id));
    tables.iter().find(named).filter(|table| is_own(table))
}

fn of_lifecycle(table: &Table<'_>, lifecycle: &Lifecycle, report: &mut Report<'_>) {
    let hint = || "it accepts its events in any order, and none at all".to_owned();
    let subs = table.get("sub").and_then(Value::as_table);
    let mut parts_say = false;
    for sub in &lifecycle.subs {
        if sub.sequential || !accepts_everything(&sub.pattern, &[]) {
            parts_say = true;
            continue;
        }
        let part = subs.as_ref().and_then(|subs| subs.get(&sub.name)?.as_table());
        if let Some(pattern) = part.as_ref().and_then(|part| part.get("pattern")) {
            report.warning(&pattern.place, format!("no @{} can break this", sub.name), hint());
        }
    }
    // What is in no order may still be what its parts hang from; a strict one names all there is.
    let says = parts_say || lifecycle.strict;
    if !says && accepts_everything(&lifecycle.pattern, &lifecycle.alphabet) {
        let place = table.get("pattern").map_or(&table.place, |pattern| &pattern.place);
        report.warning(place, "no run can break this lifecycle", hint());
    }
}

fn of_rule(table: &Table<'_>, rule: &Rule, checked: &Checked<'_>, report: &mut Report<'_>) {
    let test = rule.filter.and_then(|index| checked.known.tests.get(usize::from(index)));
    let why = test.and_then(|test| contradiction(test));
    let renamed = |name: &str| renamed(checked.reading, name);
    let lives = |name: &str| renamed(name).is_none();
    let place = table.get("id").map_or(&table.place, |id| &id.place);
    if let (Some(why), Some(filter)) = (&why, table.get("where")) {
        let message = "no payload is like this, so that this rule is about no event";
        let rest =
            if never_broken(rule, &lives, false) { message } else { "no payload is like this" };
        report.warning(&filter.place, rest, why.clone());
    } else if never_broken(rule, &|_| true, true) {
        let hint = "whatever comes satisfies it".to_owned();
        report.warning(place, "this rule can't be broken", hint);
    } else if never_broken(rule, &lives, true) {
        let mut names = names(&rule.kind);
        let taken = names.find_map(|name| Some((name, renamed(name)?)));
        let hint =
            taken.map(|(name, other)| format!("what is sent as \"{name}\" is called \"{other}\""));
        report.warning(place, "this rule is about no event", hint);
    } else {
        about_strangers(place, rule, checked, report);
    }
}

/// What everything of this type is called instead: then no event is called so.
fn renamed<'r>(reading: &'r Reading, name: &str) -> Option<&'r str> {
    if reading.names.iter().any(|naming| naming.name == name) {
        return None;
    }
    let all = reading.names.iter().find(|naming| {
        naming.direction.is_none()
            && naming.conditions.is_empty()
            && naming.types.iter().any(|kind| kind == name)
    });
    all.map(|naming| naming.name.as_str())
}

/// A rule about events that nothing else of its file speaks of: a protocol's events are in its
/// lifecycles, and what is in none may be a name that nobody sends.
fn about_strangers(place: &Place, rule: &Rule, checked: &Checked<'_>, report: &mut Report<'_>) {
    let is_known = |name: &str| {
        let mut others = checked.rules.iter().filter(|other| other.id != rule.id);
        checked.known.is_event(name)
            || checked.lifecycles.iter().any(|lifecycle| in_lifecycle(lifecycle, name))
            || others.any(|other| names(&other.kind).any(|other| other == name))
    };
    if checked.lifecycles.is_empty() || !never_broken(rule, &is_known, true) {
        return;
    }
    if let Some(stranger) = names(&rule.kind).find(|name| !is_known(name)) {
        let hint = format!("if it is sent: [[event]] name = \"{stranger}\"");
        let message = format!("nothing else here is about \"{stranger}\"");
        report.warning(place, message, hint);
    }
}

fn in_lifecycle(lifecycle: &Lifecycle, name: &str) -> bool {
    let patterns = lifecycle.subs.iter().map(|sub| &sub.pattern).chain([&lifecycle.pattern]);
    let mut named = patterns.flat_map(|pattern| pattern.names());
    named.any(|other| other == name) || lifecycle.alphabet.iter().any(|other| other == name)
}

/// All events that a rule names.
fn names(kind: &RuleKind) -> impl Iterator<Item = &str> {
    kind.lists().into_iter().flatten().map(String::as_str)
}

/// A limit that its scope ends before, if nothing more comes: then what is owed is told by that end.
fn of_limit(table: &Table<'_>, rule: &Rule, known: &Known, report: &mut Report<'_>) {
    let (limit, inner) = match &rule.kind {
        RuleKind::Silence { within, .. } => (Some(*within), Some("silence")),
        RuleKind::Precedence(..) | RuleKind::AlternatePrecedence(..) => return,
        _ => (rule.within, None),
    };
    let Some(scope) = known.scopes.get(rule.scope) else { return };
    let Some(limit) = limit.filter(|limit| *limit > scope.idle) else { return };
    let within = match inner {
        Some(kind) => table.get(kind).and_then(|kind| kind.as_table()?.get("within").cloned()),
        None => table.get("within").cloned(),
    };
    let Some(within) = within else { return };
    let message = format!(
        "{} is longer than \"{}\" lasts without an event: {}",
        lasted(limit),
        scope.name,
        lasted(scope.idle)
    );
    let hint = format!("[scope.{}] idle = \"…\" sets that", scope.name);
    let hint =
        if scope.name == "conn" { "what is owed is told by that end".to_owned() } else { hint };
    report.warning(&within.place, message, hint);
}

/// Why no payload meets all of these; `None`: one may.
fn contradiction(conditions: &[(String, Condition)]) -> Option<String> {
    conditions.iter().find_map(|(pointer, condition)| {
        let beside = conditions.iter().filter(|(other, _)| other == pointer);
        let others = || beside.clone().map(|(_, other)| other).filter(|other| *other != condition);
        match condition {
            Condition::In(literals) if literals.is_empty() => {
                Some(format!("\"{pointer}\" is one of none"))
            }
            Condition::In(literals) => {
                let fits = |literal: &Literal| others().all(|other| may_be(literal, other));
                let none = !literals.iter().any(fits);
                none.then(|| format!("no value of \"{pointer}\" meets the rest"))
            }
            Condition::Range { from: Some(from), to: Some(to), open } => {
                let none = from > to || from >= to && (open.0 || open.1);
                none.then(|| format!("\"{pointer}\" has no number between {from} and {to}"))
            }
            Condition::Exists(false) => {
                let below = format!("{pointer}/");
                let is_there = |(other, wanted): &(String, Condition)| {
                    (other == pointer || other.starts_with(&below))
                        && *wanted != Condition::Exists(false)
                };
                let needed = conditions.iter().any(is_there);
                needed.then(|| format!("\"{pointer}\" can't be absent and be something"))
            }
            Condition::Range { .. } | Condition::Exists(true) | Condition::Regex(_) => None,
        }
    })
}

/// Whether what equals `literal` may meet `condition`.
fn may_be(literal: &Literal, condition: &Condition) -> bool {
    match (literal, condition) {
        (Literal::Number(number), Condition::Range { from, to, open }) => {
            from.is_none_or(|from| *number > from || *number >= from && !open.0)
                && to.is_none_or(|to| *number < to || *number <= to && !open.1)
        }
        (Literal::Text(text), Condition::Regex(pattern)) => {
            regex::Regex::new(pattern).map_or(true, |regex| regex.is_match(text))
        }
        _ => true,
    }
}
