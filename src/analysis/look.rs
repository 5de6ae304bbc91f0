//! A row of the timeline → what a filter asks of it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::timeline::{Row, Timeline};
use crate::events::filter::{AmountField, Filter, Glob, Payload, Subject, WordField};
use crate::events::{Kind, Scalar, Symbol, Symbols};
use crate::rules::{Finding, Severity};
use crate::wire::Direction;

/// Looks at a timeline through filters.
#[derive(Debug)]
pub struct Look<'a> {
    timeline: &'a Timeline,
    symbols: &'a Symbols,
    findings: &'a [Finding],
    /// When findings are, by code, in order.
    when: BTreeMap<String, Vec<u64>>,
    /// Runs that have an event of these names, by the names: asked once, used for every row.
    runs: RefCell<HashMap<Vec<Glob>, HashSet<u32>>>,
}

impl<'a> Look<'a> {
    /// At `timeline`, with the texts of its names and the findings that it was settled by.
    pub fn new(timeline: &'a Timeline, symbols: &'a Symbols, findings: &'a [Finding]) -> Self {
        let mut when: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for finding in findings {
            when.entry(finding.code.text()).or_default().push(finding.at_ns);
        }
        for times in when.values_mut() {
            times.sort_unstable();
        }
        let runs = RefCell::default();
        Self { timeline, symbols, findings, when, runs }
    }

    /// Whether `filter` means this row; `None` if that can't be said without its payload.
    pub fn meets(&self, filter: &Filter, row: &Row, payload: Option<&Payload<'_>>) -> Option<bool> {
        filter.meets(&Seen { look: self, row }, payload)
    }

    /// Runs in which an event of one of these names is.
    fn with<T>(&self, names: &[Glob], ask: impl Fn(&HashSet<u32>) -> T) -> T {
        if let Some(runs) = self.runs.borrow().get(names) {
            return ask(runs);
        }
        let mut wanted: HashMap<Symbol, bool> = HashMap::new();
        let mut runs = HashSet::new();
        for run in 0..self.timeline.run_count() {
            let Some((_, _, rows)) = self.timeline.run(run) else { continue };
            let has = rows.iter().filter_map(|row| self.timeline.row(*row)).any(|row| {
                *wanted.entry(row.name).or_insert_with(|| {
                    let text = self.symbols.text(row.name);
                    names.iter().any(|name| name.meets(text))
                })
            });
            if has {
                runs.insert(run);
            }
        }
        let answer = ask(&runs);
        self.runs.borrow_mut().insert(names.to_vec(), runs);
        answer
    }
}

/// One row, as a filter sees it.
struct Seen<'l, 'a> {
    look: &'l Look<'a>,
    row: &'l Row,
}

impl Seen<'_, '_> {
    fn text(&self, value: Scalar) -> Cow<'_, str> {
        match value {
            Scalar::Text(symbol) => Cow::Borrowed(self.look.symbols.text(symbol)),
            other => Cow::Owned(other.display(self.look.symbols)),
        }
    }
}

impl Subject for Seen<'_, '_> {
    fn kind(&self) -> Kind {
        self.row.kind
    }

    fn word(&self, field: WordField) -> Option<Cow<'_, str>> {
        let Look { timeline, symbols, .. } = self.look;
        match field {
            WordField::Type => Some(Cow::Borrowed(symbols.text(self.row.name))),
            WordField::User => match timeline.user_of(self.row.connection) {
                Some(user) => Some(self.text(user)),
                None => Some(Cow::Owned(timeline.user_name(self.row.connection, symbols))),
            },
            WordField::Run => Some(self.text(timeline.run(self.row.run?)?.0)),
            WordField::Thread => self.row.thread.map(|thread| self.text(thread)),
            WordField::Call => self.row.call.map(|call| self.text(call)),
            WordField::Dir => Some(Cow::Borrowed(match self.row.direction {
                Direction::ClientToServer => "out",
                Direction::ServerToClient => "in",
            })),
            WordField::Op | WordField::Flag => None,
        }
    }

    fn amount(&self, field: AmountField) -> Option<u64> {
        match field {
            AmountField::Size => (self.row.kind != Kind::Gap).then_some(u64::from(self.row.bytes)),
            AmountField::Dt => {
                let before = self.look.timeline.before_in_run(self.row.number)?;
                let before = self.look.timeline.row(before)?;
                Some(self.row.at_ns.saturating_sub(before.at_ns))
            }
            AmountField::Lat => self.row.reply_ns,
            AmountField::Conn => {
                u64::try_from(self.row.connection).ok().filter(|connection| *connection > 0)
            }
            AmountField::Frame => None,
        }
    }

    fn frames(&self) -> (i64, i64) {
        self.row.frames
    }

    fn is_flagged(&self, wanted: &Glob) -> bool {
        let severity = |severity: Severity| self.row.flags & (1 << severity as u8) != 0;
        match wanted.text() {
            "error" => severity(Severity::Error),
            "warning" => severity(Severity::Warning),
            "info" => severity(Severity::Info),
            "any" => self.row.flags != 0,
            _ => self.look.timeline.findings_of(self.row.number).iter().any(|finding| {
                let finding = self.look.findings.get(*finding);
                finding.is_some_and(|finding| wanted.meets(&finding.code.text()))
            }),
        }
    }

    fn run_has(&self, names: &[Glob]) -> Option<bool> {
        let run = self.row.run?;
        Some(self.look.with(names, |runs| runs.contains(&run)))
    }

    fn nearest(&self, code: &Glob) -> Option<u64> {
        let at_ns = self.row.at_ns;
        let codes = self.look.when.iter().filter(|(known, _)| code.meets(known));
        let near = codes.flat_map(|(_, times)| {
            let after = times.partition_point(|time| *time < at_ns);
            let before = after.checked_sub(1).and_then(|before| times.get(before));
            [before, times.get(after)].into_iter().flatten()
        });
        near.map(|time| time.abs_diff(at_ns)).min()
    }
}
