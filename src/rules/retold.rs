//! Findings → where those are that a new one may be the same as: by their last frame, and by whose
//! run they are about.

use std::hash::{DefaultHasher, Hash, Hasher};

use smallvec::SmallVec;

use crate::events::Map;

use super::finding::{Code, Expected, Finding, Status};
use super::monitors::Breach;
use super::slice::Slice;
use super::told::{About, Teller};

/// Findings remembered of one frame, or of one run: the latest. Of one cause there are a few rules
/// that tell it, and a run of which more is told is told of at length already.
const LATEST: usize = 64;

/// Places of findings, two for each at most: as bounded as those are.
#[derive(Debug, Default)]
pub(super) struct Places {
    by_frame: Map<i64, Latest>,
    by_run: Map<u64, Latest>,
}

/// In ascending order.
type Latest = SmallVec<[usize; 2]>;

impl Places {
    /// A finding is at `index` now.
    pub(super) fn add(&mut self, index: usize, finding: &Finding) {
        let add = |latest: &mut Latest| {
            let place = latest.partition_point(|other| *other < index);
            if latest.get(place) == Some(&index) {
                return;
            }
            latest.insert(place, index);
            if latest.len() > LATEST {
                latest.remove(0);
            }
        };
        add(self.by_frame.entry(last_of(&finding.frames)).or_default());
        if let Some(run) = run_of(finding.user.as_deref(), finding.run.as_deref()) {
            add(self.by_run.entry(run).or_default());
        }
    }

    /// The finding at `index` goes, or changes.
    pub(super) fn remove(&mut self, index: usize, finding: &Finding) {
        let frame = last_of(&finding.frames);
        if let Some(latest) = self.by_frame.get_mut(&frame) {
            latest.retain(|other| *other != index);
            if latest.is_empty() {
                self.by_frame.remove(&frame);
            }
        }
        let run = run_of(finding.user.as_deref(), finding.run.as_deref());
        if let Some((run, latest)) = run.and_then(|run| Some((run, self.by_run.get_mut(&run)?))) {
            latest.retain(|other| *other != index);
            if latest.is_empty() {
                self.by_run.remove(&run);
            }
        }
    }

    /// Findings about a run, in their order.
    pub(super) fn of_run(&self, user: Option<&str>, run: Option<&str>) -> &[usize] {
        run_of(user, run).and_then(|run| self.by_run.get(&run)).map_or(&[], |latest| latest)
    }

    /// The finding that tells the same: of the same unmet wish, of the same event at fault, or,
    /// more gravely, that the same run is incomplete. One cause, one finding. `began` is the first
    /// frame of what the new one is about: an earlier run of the same name is another one.
    pub(super) fn same(
        &self,
        findings: &[Finding],
        (about, breach): (&About<'_>, &Breach),
        began: Option<i64>,
    ) -> Option<usize> {
        let of_frame = self.by_frame.get(&last_of(&breach.frames));
        let of_frame = of_frame.map_or(&[][..], |latest| latest);
        let find = |places: &[usize], is: &dyn Fn(&Finding) -> bool| {
            let mut latest = places.iter().rev().copied();
            latest.find(|index| findings.get(*index).is_some_and(is))
        };
        let other_rule = |finding: &Finding| {
            finding.status != Status::Withdrawn
                && finding.severity >= about.severity
                && finding.rule != about.rule
                && finding.user == about.user
        };
        let same = |finding: &Finding| {
            other_rule(finding)
                && unmet(finding.code)
                && unmet(breach.code)
                && finding.frames == breach.frames
                && await_same(finding.expected.as_ref(), breach.expected.as_ref())
        };
        let same_blame = |finding: &Finding| {
            other_rule(finding)
                && blames(finding.code)
                && blames(breach.code)
                && finding.frames.last() == breach.frames.last()
        };
        let told = find(of_frame, &same).or_else(|| find(of_frame, &same_blame));
        if told.is_some() || !unmet(breach.code) {
            return told;
        }
        let run = run_of(about.user.as_deref(), about.run.as_deref())?;
        find(self.by_run.get(&run)?, &|finding| is_graver(finding, (about, breach), began))
    }
}

impl Teller {
    /// A slice was cut off or left, and what is told of it from `from` on may tell, more gravely,
    /// what a rule of a wider scope has told already of the event that began it (rules.md, 3.5):
    /// that an end of it never came.
    pub(super) fn absorb(&mut self, from: usize, slice: &Slice) {
        let Some(began) = slice.events.first().map(|seen| seen.frame) else { return };
        let is_cut = |finding: &&Finding| matches!(finding.code, Code::E111 | Code::E112);
        let Some(kept) = self.findings.get(from..).and_then(|told| told.iter().find(is_cut)) else {
            return;
        };
        let awaits = |name: &str| {
            let expected = kept.expected.as_ref();
            expected.is_some_and(|expected| expected.event.split('/').any(|other| other == name))
                || kept.also_violates.iter().any(|also| also.contains(name))
        };
        let tells_less = |finding: &Finding| {
            finding.status != Status::Withdrawn
                && unmet(finding.code)
                && finding.severity <= kept.severity
                && (finding.rule != kept.rule && finding.user == kept.user)
                && finding.expected.as_ref().is_some_and(|expected| {
                    expected.after == Some(began) && expected.event.split('/').any(awaits)
                })
        };
        let places = self.places.by_frame.get(&began).map_or(&[][..], |latest| latest);
        let mut older = places.iter().copied().filter(|index| *index < from);
        let Some(less) = older.find(|index| self.findings.get(*index).is_some_and(tells_less))
        else {
            return;
        };
        let kept = self.findings.iter().skip(from).position(|finding| is_cut(&finding));
        let also = format!("{}: {}", self.findings[less].rule, self.findings[less].message);
        self.withdraw(less);
        if let Some(kept) = kept.and_then(|kept| self.findings.get_mut(from + kept)) {
            kept.also_violates.push(also);
        }
    }
}

/// Whether the finding tells that the same run is incomplete, and more gravely.
fn is_graver(
    finding: &Finding,
    (about, breach): (&About<'_>, &Breach),
    began: Option<i64>,
) -> bool {
    let whole = matches!(finding.code, Code::E101 | Code::E111 | Code::E112)
        && finding.severity == about.severity
        && finding.rule != about.rule;
    // Each part that was left open is told by itself.
    let another_part = finding.code == Code::E102 && finding.rule == about.rule;
    let after = finding.expected.as_ref().and_then(|expected| expected.after);
    let fits = breach.code != Code::W202
        || after == breach.frames.first().copied() && breach.frames.len() == 1;
    finding.status != Status::Withdrawn
        && incomplete(finding.code)
        && (finding.severity > about.severity || whole)
        && !another_part
        && (&finding.user, &finding.run) == (&about.user, &about.run)
        && began.is_none_or(|began| finding.frames.last().is_none_or(|last| *last >= began))
        && fits
}

fn incomplete(code: Code) -> bool {
    matches!(code.class(), "missing" | "lost" | "stalled")
}

fn unmet(code: Code) -> bool {
    incomplete(code) || code == Code::W202
}

fn blames(code: Code) -> bool {
    matches!(code.class(), "unexpected" | "duplicate" | "out-of-order")
}

fn last_of(frames: &[i64]) -> i64 {
    frames.last().copied().unwrap_or_default()
}

fn run_of(user: Option<&str>, run: Option<&str>) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    (user, run?).hash(&mut hasher);
    Some(hasher.finish())
}

/// Whether two wait for an event of the same name; each may name several.
fn await_same(one: Option<&Expected>, other: Option<&Expected>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    one.event.split('/').any(|name| other.event.split('/').any(|also| also == name))
}
