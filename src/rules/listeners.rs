//! The rules of one scope → which of them hear of an event.

use crate::events::{Map, Symbol};

use super::book::RuleKind;
use super::course::Course;
use super::monitors::Watch;

/// The rules and lifecycles of one scope, and which rules an event's name is heard by.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    pub(super) courses: Vec<usize>,
    pub(super) watches: Vec<usize>,
    by_name: Map<Symbol, Vec<usize>>,
    /// Rules that hear of every event.
    of_any: Vec<usize>,
}

impl Listeners {
    pub(super) fn new(scope: usize, courses: &[Course], watches: &[Watch]) -> Self {
        let is_mine = |watch: &Watch| {
            use RuleKind::{Isolation, Reconnect, Resume};
            let elsewhere =
                matches!(watch.rule.kind, Isolation { .. } | Reconnect { .. } | Resume { .. });
            watch.rule.scope == scope && !elsewhere
        };
        let mine: Vec<usize> = (0..watches.len()).filter(|at| is_mine(&watches[*at])).collect();
        let by = |name: Option<Symbol>| -> Vec<usize> {
            let hears = |at: &usize| watches[*at].hears(name);
            mine.iter().copied().filter(hears).collect()
        };
        let names = mine.iter().flat_map(|at| watches[*at].names.iter().flatten());
        Self {
            courses: (0..courses.len())
                .filter(|at| courses[*at].lifecycle.scope == scope)
                .collect(),
            by_name: names.map(|name| (*name, by(Some(*name)))).collect(),
            of_any: by(None),
            watches: mine,
        }
    }

    /// The rules that hear of an event of this name.
    pub(super) fn of(&self, name: Symbol) -> &[usize] {
        self.by_name.get(&name).unwrap_or(&self.of_any)
    }
}
