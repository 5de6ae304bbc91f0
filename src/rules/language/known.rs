//! What names of a file mean: limits, fields and scopes that are declared, events that are used.

use std::collections::HashMap;

use super::document::{Place, Report, Value};
use super::duration::{self, NoDuration};
use super::near;
use crate::events::reading::Condition;
use crate::events::{FieldId, Reading};
use crate::rules::book::Nanos;
use crate::rules::{KeyPart, Scope};

/// Events that exist whatever a file says.
const BUILT_IN: [&str; 11] = [
    "ws.open",
    "ws.close",
    "ws.abort",
    "ws.refused",
    "ws.ping",
    "ws.pong",
    "ws.reconnect",
    "rec.gap",
    "rec.start",
    "rec.end",
    "undecodable",
];

/// Names of one list; longer ones are no list of events.
const MAX_NAMES: usize = 1000;

/// What is declared so far.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) limits: Vec<(String, Nanos)>,
    pub(super) fields: Vec<String>,
    pub(super) scopes: Vec<Scope>,
    /// What rules ask of payloads.
    pub(super) tests: Vec<Vec<(String, Condition)>>,
    /// Names that `[[event]]`s give.
    declared: Vec<String>,
    /// Names of events that rules and lifecycles speak of.
    used: Vec<(String, Place)>,
}

impl Known {
    /// Learns the fields and events of `reading`.
    pub(super) fn learn(&mut self, reading: &Reading) {
        self.fields = reading.fields.iter().map(|field| field.name.clone()).collect();
        self.declared = reading.names.iter().map(|naming| naming.name.clone()).collect();
    }

    /// A duration, or `$name` for a limit.
    pub(super) fn duration(&self, value: &Value<'_>, report: &mut Report<'_>) -> Option<Nanos> {
        let Some(text) = value.as_str() else {
            let message = format!("this is {}, not a duration", value.noun());
            report.error(&value.place, message, duration::FORM.to_owned());
            return None;
        };
        if let Some(name) = text.strip_prefix('$') {
            let found = self.limits.iter().find(|(limit, _)| limit == name);
            if found.is_none() {
                let known = self.limits.iter().map(|(limit, _)| limit.as_str());
                let hint = near::suggestion(name, known);
                let hint = hint.unwrap_or_else(|| format!("declare it: [limit] {name} = \"5s\""));
                report.error(&value.place, format!("there is no limit \"{name}\""), hint);
            }
            return found.map(|(_, nanos)| *nanos);
        }
        match duration::parse(text) {
            Ok(nanos) => return Some(nanos),
            Err(NoDuration::Form) => {
                let message = format!("\"{text}\" is no duration");
                report.error(&value.place, message, duration::FORM.to_owned());
            }
            Err(NoDuration::TooLong) => {
                report.error(&value.place, "over 31 days: no recording is that long", None);
            }
        }
        None
    }

    /// A duration that is more than none.
    pub(super) fn some_time(&self, value: &Value<'_>, report: &mut Report<'_>) -> Option<Nanos> {
        let nanos = self.duration(value, report)?;
        if nanos == 0 {
            report.error(&value.place, "no time at all is too short", duration::FORM.to_owned());
        }
        (nanos > 0).then_some(nanos)
    }

    pub(super) fn field(&self, value: &Value<'_>, report: &mut Report<'_>) -> Option<FieldId> {
        let name = report.text(value)?;
        self.field_called(name, &value.place, report)
    }

    pub(super) fn fields(&self, value: &Value<'_>, report: &mut Report<'_>) -> Vec<FieldId> {
        let texts = report.texts(value);
        texts.iter().filter_map(|(name, place)| self.field_called(name, place, report)).collect()
    }

    fn field_called(&self, name: &str, at: &Place, report: &mut Report<'_>) -> Option<FieldId> {
        let index = self.fields.iter().position(|field| field == name);
        if index.is_none() {
            let hint = near::nearest(name, self.fields.iter().map(String::as_str)).map_or_else(
                || format!("declare it: [fields] {name} = \"/{name}\""),
                |near| format!("did you mean \"{near}\"?"),
            );
            report.error(at, format!("there is no field \"{name}\""), hint);
        }
        index.and_then(|index| u8::try_from(index).ok()).map(FieldId)
    }

    /// The parts of a slice's key.
    pub(super) fn key(&self, value: &Value<'_>, report: &mut Report<'_>) -> Vec<KeyPart> {
        let mut parts = Vec::new();
        for (name, place) in report.texts(value) {
            let part = match name {
                "conn" => Some(KeyPart::Connection),
                "user" => Some(KeyPart::User),
                _ => self.field_called(name, &place, report).map(KeyPart::Field),
            };
            parts.extend(part);
        }
        parts
    }

    /// The scope that `value` names.
    pub(super) fn scope(&self, value: &Value<'_>, report: &mut Report<'_>) -> Option<usize> {
        let name = report.text(value)?;
        let index = self.scopes.iter().position(|scope| scope.name == name);
        if index.is_none() {
            let known = self.scopes.iter().map(|scope| scope.name.as_str());
            let hint = near::suggestion(name, known);
            report.error(&value.place, format!("there is no scope \"{name}\""), hint);
        }
        index
    }

    /// Names of events: one or several.
    pub(super) fn events(&mut self, value: &Value<'_>, report: &mut Report<'_>) -> Vec<String> {
        let texts = report.texts(value);
        if value.as_array().is_some_and(|elements| elements.is_empty()) {
            report.error(&value.place, "this list names no event", None);
        }
        let mut names = Vec::new();
        for (name, place) in texts.into_iter().take(MAX_NAMES) {
            self.uses(name, place);
            names.push(name.to_owned());
        }
        names
    }

    /// A name of an event, found somewhere.
    pub(super) fn uses(&mut self, name: &str, place: Place) {
        self.used.push((name.to_owned(), place));
    }

    /// Complains of events that are most likely slips of others. An event need not be declared,
    /// so that only the likeness tells.
    pub(super) fn check_events(&self, report: &mut Report<'_>) {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for (name, _) in &self.used {
            *counts.entry(name).or_default() += 1;
        }
        for (name, place) in &self.used {
            if self.declares(name) {
                continue;
            }
            let declare = format!("if it is another: [[event]] name = \"{name}\"");
            if name.starts_with("ws.") || name.starts_with("rec.") {
                let hint = near::suggestion(name, BUILT_IN);
                report.error(place, format!("there is no event \"{name}\""), hint);
            } else if let Some(near) = near::slip(name, self.all_declared()) {
                let message = format!("there is no event \"{name}\"");
                report.error(place, message, format!("did you mean \"{near}\"? {declare}"));
            } else if counts.get(name.as_str()) == Some(&1)
                && let Some(near) = near::slip(
                    name,
                    counts.iter().filter(|(_, count)| **count > 1).map(|(other, _)| *other),
                )
            {
                let message = format!("\"{name}\" occurs once, \"{near}\" more often");
                report.warning(place, message, format!("did you mean \"{near}\"? {declare}"));
            }
        }
    }

    /// Whether it is declared, built in, or begins or ends a scope.
    pub(super) fn is_event(&self, name: &str) -> bool {
        let of_scope = |scope: &Scope| {
            scope.begin.iter().chain(&scope.end).chain(&scope.failed).any(|other| other == name)
        };
        self.declares(name) || self.scopes.iter().any(of_scope)
    }

    fn declares(&self, name: &str) -> bool {
        BUILT_IN.contains(&name) || self.declared.iter().any(|declared| declared == name)
    }

    fn all_declared(&self) -> impl Iterator<Item = &str> {
        BUILT_IN.into_iter().chain(self.declared.iter().map(String::as_str))
    }
}
