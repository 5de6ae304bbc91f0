//! What is open → what each slice waits for, and until when: what people see before anything is
//! missing.
//!
//! Only looks; nothing here changes what is judged.

use crate::events::Symbols;

use super::engine::Engine;
use super::monitors::named;

/// What a slice waits for now: of its rules with a deadline the one that comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The scope of the slice: `run`.
    pub scope: String,
    /// Whose.
    pub user: Option<String>,
    /// Which run.
    pub run: Option<String>,
    /// The rule; `None` where it is only that nothing may come for so long.
    pub rule: Option<String>,
    /// What is waited for: the names of events, or `any event`.
    pub waiting_for: String,
    /// The slice's latest event, with its tool or call.
    pub last: String,
    /// The frame of it.
    pub frame: i64,
    /// The connection of it.
    pub connection: i64,
    /// When waiting began, nanoseconds since the recording started.
    pub since_ns: u64,
    /// When it is flagged, nanoseconds since the recording started.
    pub due_ns: u64,
}

impl Engine {
    /// What open slices wait for, the soonest due first, as many as `most`: of those that are
    /// awake, which are all unless thousands are open at a time.
    pub fn waiting(&self, most: usize, symbols: &Symbols) -> Vec<Waiting> {
        let mut due: Vec<(u64, usize, u64)> = Vec::new();
        for (scope, state) in self.scopes.iter().enumerate() {
            for (number, slice) in state.slices.awake().filter(|(_, slice)| slice.ended.is_none()) {
                let rules = slice.soonest(&self.watches).map(|(due_ns, _)| due_ns);
                let due_ns = rules.unwrap_or(u64::MAX).min(slice.ends_ns(&self.book.scopes[scope]));
                if due_ns != u64::MAX && !slice.gapped {
                    due.push((due_ns, scope, number));
                }
            }
        }
        due.sort_unstable();
        due.truncate(most);
        let told = due
            .into_iter()
            .filter_map(|(due_ns, scope, number)| self.waits((scope, number), due_ns, symbols));
        told.collect()
    }

    /// Slices of a scope that have begun and not ended.
    pub fn open_slices(&self, scope: &str) -> u64 {
        let at = self.book.scopes.iter().position(|known| known.name == scope);
        let slices = at.and_then(|at| self.scopes.get(at)).map(|state| &state.slices);
        let is_open = |slices: &super::slices::Slices| {
            let ended = slices.awake().filter(|(_, slice)| slice.ended.is_some()).count();
            slices.len().saturating_sub(ended) as u64
        };
        slices.map_or(0, is_open)
    }

    /// Whether a lifecycle, a rule or a scope speaks of events of this name; of any name where
    /// there is no lifecycle, since then nothing is said of what there is.
    pub fn knows(&self, name: &str, symbols: &Symbols) -> bool {
        let Some(symbol) = symbols.find(name) else { return false };
        let in_scope = |scope: &super::engine::ScopeState| {
            scope.begins.contains(&symbol) || scope.ends.contains(&symbol)
        };
        self.courses.is_empty()
            || self.courses.iter().any(|course| course.names().any(|known| known == name))
            || self.watches.iter().any(|watch| watch.names(symbol))
            || self.scopes.iter().any(in_scope)
            || self.book.letters.iter().any(|(known, _)| known == name)
    }

    fn waits(
        &self,
        (scope, number): (usize, u64),
        due_ns: u64,
        symbols: &Symbols,
    ) -> Option<Waiting> {
        let slice = self.scopes[scope].slices.get(number)?;
        let last = slice.events.last()?;
        let of_rule = slice.soonest(&self.watches).filter(|soonest| soonest.0 == due_ns);
        let watch = of_rule.and_then(|(_, watch)| self.watches.get(watch));
        let limit_ns = watch.and_then(super::monitors::Watch::limit);
        let words = watch.map_or(String::new(), |watch| watch.words(1, symbols));
        Some(Waiting {
            scope: self.book.scopes[scope].name.clone(),
            user: slice.user.map(|user| user.display(symbols)),
            run: slice.run.map(|run| run.display(symbols)),
            rule: watch.map(|watch| watch.rule.id.clone()),
            waiting_for: if words.is_empty() { "any event".to_owned() } else { words },
            last: named(last, symbols),
            frame: last.frame,
            connection: last.connection,
            since_ns: limit_ns.map_or(slice.last_ns, |limit| due_ns.saturating_sub(limit)),
            due_ns,
        })
    }
}
