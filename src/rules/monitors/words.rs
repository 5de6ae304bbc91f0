//! Events, rules and durations → the words in which a finding tells of them.

use std::fmt;

use super::super::book::Nanos;
use super::{Ended, Seen, Watch};
use crate::events::Symbols;

/// `1.2 s`, `64 s`, `40 ms`.
pub(in super::super) fn lasted(ns: Nanos) -> String {
    let ms = ns / 1_000_000;
    match ms {
        0 => format!("{} µs", ns / 1_000),
        1..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {:02} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// An event's name, written only where something is told of it.
pub(in super::super) struct Named<'a>(
    pub(in super::super) &'a Seen,
    pub(in super::super) &'a Symbols,
);

impl fmt::Display for Named<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&named(self.0, self.1))
    }
}

/// The names of a rule's list, written only where something is told of them.
pub(in super::super) struct Words<'a>(
    pub(in super::super) &'a Watch,
    pub(in super::super) usize,
    pub(in super::super) &'a Symbols,
);

impl fmt::Display for Words<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.words(self.1, self.2))
    }
}

/// `agent_thinking (triage) came 29 ms after agent_completed #1638`: what came after a run's end.
pub(in super::super) fn came_after(seen: &Seen, end: Ended, symbols: &Symbols) -> String {
    format!(
        "{} came {} after {} #{}",
        named(seen, symbols),
        lasted(seen.at_ns.saturating_sub(end.at_ns)),
        symbols.text(end.name),
        end.frame
    )
}

/// `tool_executing (search_costs)`.
pub(in super::super) fn named(seen: &Seen, symbols: &Symbols) -> String {
    let name = symbols.text(seen.name);
    match seen.detail {
        Some(detail) => format!("{name} ({})", detail.display(symbols)),
        None => name.to_owned(),
    }
}
