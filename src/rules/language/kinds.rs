//! The one key of a `[[rule]]` that says what must hold → [`RuleKind`].

use super::document::{Report, Table, Value};
use super::keys::{KINDS, MAX_COUNT, Takes};
use super::known::Known;
use crate::events::FieldId;
use crate::rules::RuleKind;
use crate::rules::book::Names;
use crate::rules::schema::Schema;

/// Whether what was seen may come again.
pub(super) const REPLAY: [(&str, bool); 2] = [("allowed", true), ("forbidden", false)];

/// A kind, and the key that it holds for each value of, where the kind says one itself.
pub(super) struct Read {
    pub(super) kind: RuleKind,
    pub(super) key: Option<FieldId>,
}

type Unary = fn(Names) -> RuleKind;
type Binary = fn(Names, Names) -> RuleKind;

fn unary(kind: &str) -> Option<Unary> {
    Some(match kind {
        "existence" => RuleKind::Existence,
        "absence" => RuleKind::Absence,
        "exactly_one" => RuleKind::ExactlyOne,
        "init" => RuleKind::Init,
        "end" => RuleKind::End,
        _ => return None,
    })
}

fn binary(kind: &str) -> Option<Binary> {
    Some(match kind {
        "responded_existence" => RuleKind::RespondedExistence,
        "co_existence" => RuleKind::CoExistence,
        "not_co_existence" => RuleKind::NotCoExistence,
        "response" => RuleKind::Response,
        "alternate_response" => RuleKind::AlternateResponse,
        "chain_response" => RuleKind::ChainResponse,
        "precedence" => RuleKind::Precedence,
        "alternate_precedence" => RuleKind::AlternatePrecedence,
        "chain_precedence" => RuleKind::ChainPrecedence,
        "succession" => RuleKind::Succession,
        "alternate_succession" => RuleKind::AlternateSuccession,
        "chain_succession" => RuleKind::ChainSuccession,
        "not_succession" | "absence_after" => RuleKind::NotSuccession,
        "not_chain_succession" => RuleKind::NotChainSuccession,
        _ => return None,
    })
}

/// Reads the kind called `name`.
pub(super) fn read(
    name: &str,
    value: &Value<'_>,
    known: &mut Known,
    report: &mut Report<'_>,
) -> Option<Read> {
    if let Some(make) = unary(name) {
        let kind = make(known.events(value, report));
        return Some(Read { kind, key: None });
    }
    if let Some(make) = binary(name) {
        let both = value.as_array().filter(|elements| elements.len() == 2);
        let Some([a, b]) = both.and_then(|elements| <[Value<'_>; 2]>::try_from(elements).ok())
        else {
            let hint = format!("{name} = [\"a\", \"b\"], or a list in place of a name");
            report.error(&value.place, "this kind of rule takes two events", hint);
            return None;
        };
        let kind = make(known.events(&a, report), known.events(&b, report));
        return Some(Read { kind, key: None });
    }
    let table = report.table(value)?;
    let mut parts = Parts { table, known, report, missing: false };
    let key = parts.of_table(name);
    let (kind, key) = key?;
    (!parts.missing).then_some(Read { kind, key })
}

/// The parts of a kind that is written as a table.
struct Parts<'p, 'd, 't> {
    table: Table<'d>,
    known: &'p mut Known,
    report: &'p mut Report<'t>,
    missing: bool,
}

impl<'d> Parts<'_, 'd, '_> {
    fn of_table(&mut self, name: &str) -> Option<(RuleKind, Option<FieldId>)> {
        let kind = KINDS.iter().find(|kind| kind.name == name)?;
        if let Takes::Table(keys) = kind.takes {
            self.table.only(keys, self.report);
        }
        let kind = match name {
            "at_most" => {
                RuleKind::AtMost { event: self.names("event"), n: self.count("n", 0).unwrap_or(1) }
            }
            "pair" => RuleKind::Pair {
                open: self.names("open"),
                close: self.names("close"),
                max_open: self.count_if_any("max_open"),
            },
            "reply" => RuleKind::Reply {
                request: self.names("request"),
                reply: self.names("reply"),
                error: self.names_if_any("error"),
            },
            "not_before" => {
                // That `event` does not come before `until` is: `until` precedes it.
                RuleKind::Precedence(self.names("until"), self.names("event"))
            }
            "rate" => RuleKind::Rate {
                event: self.names("event"),
                max: self.count("max", 1)?,
                per: self.time("per")?,
            },
            "silence" => RuleKind::Silence {
                after: self.names("after"),
                expect: self.names_if_any("expect"),
                within: self.time("within")?,
            },
            "latency" => RuleKind::Latency { event: self.names("event"), max: self.time("max")? },
            "schema" => self.schema()?,
            _ => self.of_stream(name)?,
        };
        let key = if matches!(name, "pair" | "reply") { self.field_if_any("key") } else { None };
        Some((kind, key))
    }

    /// The kinds that are about connections and sequence numbers.
    fn of_stream(&mut self, name: &str) -> Option<RuleKind> {
        Some(match name {
            "sequence" => self.sequence()?,
            "heartbeat" => {
                let from = self.names_if_any("from");
                RuleKind::Heartbeat {
                    event: self.names("event"),
                    every: self.time("every")?,
                    tolerance: self.duration_if_any("tol"),
                    from: if from.is_empty() { vec!["ws.open".to_owned()] } else { from },
                }
            }
            "reconnect" => {
                RuleKind::Reconnect { within: self.time("within")?, codes: self.codes() }
            }
            "resume" => {
                let replay = self.table.get("replay").cloned();
                let replay = replay.and_then(|value| {
                    super::reading::one_of(&value, &REPLAY, "replay", self.report)
                });
                RuleKind::Resume {
                    seq: self.field("seq")?,
                    epoch: self.field_if_any("epoch"),
                    replay_allowed: replay.unwrap_or(true),
                }
            }
            "isolation" => {
                let keys = self.required("keys")?;
                let shared = self.table.get("shared").cloned();
                RuleKind::Isolation {
                    keys: self.known.fields(&keys, self.report),
                    owner: self.field("owner")?,
                    shared: shared.map_or_else(Vec::new, |value| {
                        let texts = self.report.texts(&value);
                        texts.into_iter().map(|(text, _)| text.to_owned()).collect()
                    }),
                }
            }
            _ => return None,
        })
    }

    fn schema(&mut self) -> Option<RuleKind> {
        let value = self.required("file")?;
        let file = self.report.text(&value)?.to_owned();
        let brought = self.report.files.get(&file).cloned().map(Ok);
        let opened = brought.or_else(|| self.report.open.map(|open| open(&file)));
        let text = match opened {
            None => None,
            Some(Ok(text)) => Some(text),
            Some(Err(why)) => {
                let hint = "it is looked for beside the rules file".to_owned();
                let message = format!("\"{file}\" can't be read: {why}");
                self.report.error(&value.place, message, hint);
                None
            }
        };
        if let Some(Err(why)) = text.as_deref().map(Schema::compile) {
            self.report.error(&value.place, format!("\"{file}\" is no schema: {why}"), None);
        }
        Some(RuleKind::Schema { event: self.names("event"), file, text })
    }

    fn sequence(&mut self) -> Option<RuleKind> {
        let start = self.table.get("start").cloned().filter(|start| start.as_str() != Some("any"));
        let start = start.and_then(|start| {
            if start.as_integer().is_none() {
                self.report.mismatch(&start, "a whole number or \"any\"");
            }
            start.as_integer()
        });
        let step = self.table.get("step").cloned();
        let step = step.and_then(|step| self.report.integer(&step, 1..=MAX_COUNT));
        Some(RuleKind::Sequence {
            field: self.field("field")?,
            start,
            step: step.unwrap_or(1),
            reorder: self.duration_if_any("reorder"),
            reset_on: self.names_if_any("reset_on"),
        })
    }

    fn codes(&mut self) -> Vec<u16> {
        let Some(value) = self.table.get("codes").cloned() else { return Vec::new() };
        let Some(elements) = value.as_array() else {
            self.report.mismatch(&value, "a list of close codes");
            return Vec::new();
        };
        let codes = elements.iter().filter_map(|code| self.report.integer(code, 1000..=4999));
        codes.filter_map(|code| u16::try_from(code).ok()).collect()
    }

    fn required(&mut self, key: &str) -> Option<Value<'d>> {
        let value = self.table.get(key).cloned();
        if value.is_none() {
            self.missing = true;
            self.report.error(&self.table.place, format!("\"{key}\" is missing here"), None);
        }
        value
    }

    fn names(&mut self, key: &str) -> Names {
        let value = self.required(key);
        value.map(|value| self.known.events(&value, self.report)).unwrap_or_default()
    }

    fn names_if_any(&mut self, key: &str) -> Names {
        let value = self.table.get(key).cloned();
        value.map(|value| self.known.events(&value, self.report)).unwrap_or_default()
    }

    fn field(&mut self, key: &str) -> Option<FieldId> {
        let value = self.required(key)?;
        self.known.field(&value, self.report)
    }

    fn field_if_any(&mut self, key: &str) -> Option<FieldId> {
        let value = self.table.get(key).cloned()?;
        self.known.field(&value, self.report)
    }

    fn count(&mut self, key: &str, least: i64) -> Option<u32> {
        let value = self.required(key)?;
        let number = self.report.integer(&value, least..=MAX_COUNT)?;
        u32::try_from(number).ok()
    }

    fn count_if_any(&mut self, key: &str) -> Option<u32> {
        self.table.get(key)?;
        self.count(key, 1)
    }

    fn time(&mut self, key: &str) -> Option<u64> {
        let value = self.required(key)?;
        self.known.some_time(&value, self.report)
    }

    fn duration_if_any(&mut self, key: &str) -> u64 {
        let value = self.table.get(key).cloned();
        value.and_then(|value| self.known.duration(&value, self.report)).unwrap_or(0)
    }
}
