//! Findings as they are made and changed → what of it is said while it is recorded: each one once,
//! and of a kind no more than a few.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::screen::{Screen, Telling};
use crate::rules::{Code, Early, Finding, Severity, Status};

/// Findings of one kind that are shown; the others are counted.
const SHOWN: u64 = 3;

/// Kinds that are told apart; the rest, of names that traffic makes up, are one kind.
const MOST_KINDS: usize = 1024;

/// How often it is said how many more there are.
const COUNTED_NS: u64 = 5_000_000_000;

/// What was told so far.
pub(super) struct LiveTold {
    screen: Arc<Screen>,
    /// Findings that were told, by their id: whether people saw them.
    told: BTreeMap<u64, bool>,
    kinds: BTreeMap<Kind, Count>,
    counted_ns: u64,
}

/// What findings of one problem have in common: rule, code and the event that is missing.
type Kind = (String, Code, String);

#[derive(Default)]
struct Count {
    all: u64,
    /// Counted, and not said yet.
    more: u64,
}

impl LiveTold {
    pub(super) fn new(screen: Arc<Screen>) -> Self {
        Self { screen, told: BTreeMap::new(), kinds: BTreeMap::new(), counted_ns: 0 }
    }

    /// What was told was by other rules.
    pub(super) fn forget(&mut self) {
        self.told.clear();
        self.kinds.clear();
    }

    /// Tells what is new in `findings`: what was made early, and what was `changed`, by index.
    pub(super) fn tell(
        &mut self,
        findings: &[Finding],
        (early, changed): (Vec<Early>, Vec<usize>),
    ) {
        for early in early {
            match early {
                Early::Told(finding) => self.made(&finding),
                Early::Amended { before, now } => self.amended(&before, &now),
                Early::Withdrawn(before) => self.withdrawn(&before),
            }
        }
        let changed: Vec<&Finding> =
            changed.into_iter().filter_map(|index| findings.get(index)).collect();
        for finding in &changed {
            match finding.status {
                Status::Withdrawn if self.told.contains_key(&finding.id) => {
                    let mut standing = changed.iter().filter(|other| stands_for(other, finding));
                    match standing.next() {
                        Some(now) if now.id == finding.id => {}
                        Some(now) => self.amended(finding, now),
                        None => self.withdrawn(finding),
                    }
                }
                Status::Withdrawn => {}
                Status::Amended if self.told.contains_key(&finding.id) => {
                    self.amended(finding, finding);
                }
                _ => self.made(finding),
            }
        }
    }

    /// Says how many more there were of what was shown, every now and then.
    pub(super) fn tell_counted(&mut self, now_ns: u64) {
        if now_ns < self.counted_ns.saturating_add(COUNTED_NS) {
            return;
        }
        self.counted_ns = now_ns;
        for ((rule, code, event), count) in &mut self.kinds {
            let more = std::mem::take(&mut count.more);
            if more > 0 {
                let about = if event.is_empty() { rule } else { event };
                self.screen.more_findings((&code.text(), about), more);
            }
        }
    }

    fn made(&mut self, finding: &Finding) {
        // What is only worth knowing is told by `check`, which has room for it.
        if finding.severity == Severity::Info || self.told.contains_key(&finding.id) {
            return;
        }
        let event = finding.expected.as_ref().map(|expected| expected.event.clone());
        let kind = (finding.rule.clone(), finding.code, event.unwrap_or_default());
        let full = self.kinds.len() >= MOST_KINDS && !self.kinds.contains_key(&kind);
        let kind = if full { (String::new(), finding.code, String::new()) } else { kind };
        let count = self.kinds.entry(kind).or_default();
        count.all += 1;
        let telling = match count.all {
            1 => Telling::First,
            2..=SHOWN => Telling::Again,
            _ => Telling::Counted,
        };
        count.more += u64::from(telling == Telling::Counted);
        self.told.insert(finding.id, telling != Telling::Counted);
        self.screen.finding(finding, telling);
    }

    fn amended(&mut self, before: &Finding, now: &Finding) {
        let Some(shown) = self.told.remove(&before.id) else { return self.made(now) };
        self.told.insert(now.id, shown);
        self.screen.amended(before, now, shown);
    }

    fn withdrawn(&mut self, before: &Finding) {
        if let Some(shown) = self.told.remove(&before.id) {
            self.screen.withdrawn(before, shown);
        }
    }
}

/// Whether `now` is told instead of `before`, which was withdrawn.
fn stands_for(now: &Finding, before: &Finding) -> bool {
    let about = |finding: &Finding| finding.expected.as_ref().map(|want| want.event.clone());
    now.status != Status::Withdrawn
        && (now.id == before.id
            || (&now.user, &now.run) == (&before.user, &before.run) && about(now) == about(before))
}
