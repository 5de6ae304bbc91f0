//! Events → how long each tool took, by the rules' own idea of what a tool call is.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::histogram::Histogram;
use crate::events::{Event, FieldId, Scalar, Symbols};
use crate::rules::{Pattern, RuleBook};

/// Calls followed at once; what begins beyond is not timed, and that is counted.
const MOST_OPEN: usize = 100_000;

/// Tools told apart; calls of further ones are counted with what was not timed.
const MOST_TOOLS: usize = 1000;

/// One tool.
#[derive(Clone, Debug, Default)]
pub struct Tool {
    /// Calls that began.
    pub calls: u64,
    /// How long those that ended took, in nanoseconds.
    pub times: Histogram,
    /// Ends that say so in their name: `tool_error`.
    pub failed: u64,
}

/// Connection, where a call is of no run; run; and what tells calls apart.
type CallKey = (i64, Option<Scalar>, Scalar);

/// Times tool calls.
#[derive(Clone, Debug, Default)]
pub struct ToolTimes {
    opens: Vec<String>,
    closes: Vec<String>,
    key: Option<FieldId>,
    fallback: Option<FieldId>,
    run: Option<FieldId>,
    tool: Option<FieldId>,
    open: HashMap<CallKey, VecDeque<(u64, String)>>,
    open_count: usize,
    tools: BTreeMap<String, Tool>,
    missed: u64,
}

impl ToolTimes {
    /// By the first sub-lifecycle of the rules that is called `tool`, or `call`; without one,
    /// nothing is timed.
    pub fn new(book: &RuleBook) -> Self {
        let subs = book.lifecycles.iter().flat_map(|lifecycle| &lifecycle.subs);
        let Some(sub) = subs.into_iter().find(|sub| matches!(sub.name.as_str(), "tool" | "call"))
        else {
            return Self::default();
        };
        let names = |pattern: &Pattern| -> Vec<String> {
            pattern.names().into_iter().map(str::to_owned).collect()
        };
        let Pattern::Sequence(parts) = &sub.pattern else { return Self::default() };
        let is_due = |part: &&Pattern| !matches!(part, Pattern::Repeat { min: 0, .. });
        let first = parts.iter().find(is_due).map(names);
        let last = parts.iter().rfind(is_due).map(names);
        Self {
            opens: first.unwrap_or_default(),
            closes: last.unwrap_or_default(),
            key: sub.key,
            fallback: sub.fallback,
            run: book.reading.field("run"),
            tool: book.reading.field("tool"),
            ..Self::default()
        }
    }

    /// Takes the next event.
    pub fn event(&mut self, event: &Event, symbols: &Symbols) {
        let name = symbols.text(event.name);
        let is = |names: &[String]| names.iter().any(|known| known == name);
        let (opens, closes) = (is(&self.opens), is(&self.closes));
        if !opens && !closes {
            return;
        }
        let value = |field: Option<FieldId>| field.and_then(|field| event.field(field));
        let Some(key) = value(self.key).or_else(|| value(self.fallback)) else { return };
        let called = value(self.tool).unwrap_or(key).display(symbols);
        // A call may end on another connection of its run.
        let run = value(self.run);
        let whose = (if run.is_some() { 0 } else { event.connection }, run, key);
        if opens {
            let known = self.tools.len() < MOST_TOOLS || self.tools.contains_key(&called);
            if self.open_count >= MOST_OPEN || !known {
                self.missed += 1;
                return;
            }
            self.tools.entry(called.clone()).or_default().calls += 1;
            self.open.entry(whose).or_default().push_back((event.at_ns, called));
            self.open_count += 1;
        } else if let Some(waiting) = self.open.get_mut(&whose) {
            let first = waiting.pop_front();
            if waiting.is_empty() {
                self.open.remove(&whose);
            }
            let Some((since_ns, called)) = first else { return };
            self.open_count -= 1;
            if let Some(tool) = self.tools.get_mut(&called) {
                tool.times.add(event.at_ns.saturating_sub(since_ns));
                tool.failed += u64::from(name.contains("error") || name.contains("fail"));
            }
        }
    }

    /// The tools, by name.
    pub fn tools(&self) -> impl Iterator<Item = (&str, &Tool)> {
        self.tools.iter().map(|(name, tool)| (name.as_str(), tool))
    }

    /// Calls that limits left out.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}
