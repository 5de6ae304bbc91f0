//! Breaches → findings: one cause, one finding; counted by rule.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::events::{Map, Scalar, Symbol, Symbols};

use super::book::Rule;
use super::book::{Origin, RuleBook, Severity};
use super::course::Course;
use super::elsewhere::Strays;
use super::finding::{Cause, Code, Finding, Pending, Status, Tally};
use super::monitors::{Breach, SliceEnd, Standing, Watch};
use super::retold::Places;
use super::slice::{By, Judged, Key, Slice};

/// What was found, so far.
#[derive(Debug, Default)]
pub(super) struct Teller {
    pub(super) findings: Vec<Finding>,
    pending: Vec<Pending>,
    pub(super) tallies: Vec<Tally>,
    pub(super) changed: Vec<usize>,
    /// Findings of the same cause, by what they have in common.
    pub(super) foreign: Map<(Scalar, i64), usize>,
    pub(super) foreign_more: Map<usize, u64>,
    pub(super) undecodable: Map<(i64, bool), usize>,
    pub(super) repeats: Map<(Option<Scalar>, i64), usize>,
    pub(super) stragglers: Map<Key, usize>,
    pub(super) violations: Map<(i64, bool, u32), usize>,
    pub(super) unknown: Map<(i64, Symbol), usize>,
    /// What the file says of built-in rules; `None` for off.
    stated: Map<String, Option<Severity>>,
    /// Findings of debts that are overdue and not settled: by their rule and since when.
    overdue: Map<(usize, Since), usize>,
    pub(super) ids: HashSet<u64>,
    pub(super) places: Places,
    /// Where what is missing may have gone.
    pub(super) strays: Strays,
    /// Findings kept.
    most: usize,
    /// Findings beyond the limit.
    dropped: u64,
    courses: usize,
}

/// Time and frame of the event that began a debt.
type Since = (u64, i64);

/// What a finding is made with, besides its breach.
pub(super) struct About<'a> {
    pub(super) rule: &'a str,
    pub(super) origin: &'a Origin,
    pub(super) severity: Severity,
    pub(super) user: Option<String>,
    pub(super) run: Option<String>,
    pub(super) connection: Option<i64>,
}

impl<'a> About<'a> {
    pub(super) fn of(rule: &'a Rule, user: Option<String>, connection: Option<i64>) -> Self {
        let Rule { id, origin, severity, .. } = rule;
        Self { rule: id, origin, severity: *severity, user, run: None, connection }
    }
}

impl Teller {
    pub(super) fn new(book: &RuleBook, rules: (&[Course], &[Watch])) -> Self {
        let ids = book.lifecycles.iter().map(|lifecycle| &lifecycle.id);
        let ids = ids.chain(book.rules.iter().map(|rule| &rule.id));
        let tallies = ids.map(|id| Tally { rule: id.clone(), ..Tally::default() }).collect();
        let stated = book.built_in.iter().cloned().collect();
        Self {
            tallies,
            stated,
            strays: Strays::new(rules),
            courses: book.lifecycles.len(),
            most: book.caps.findings,
            ..Self::default()
        }
    }

    /// One that tells of the same rules, after `findings`.
    pub(super) fn aside(&self, findings: Vec<Finding>) -> Self {
        let ids = findings.iter().map(|finding| finding.id).collect();
        let mut places = Places::default();
        findings.iter().enumerate().for_each(|(index, finding)| places.add(index, finding));
        Self { findings, ids, places, courses: self.courses, most: usize::MAX, ..Self::default() }
    }

    /// How bad breaches of a built-in rule are; `None` if nobody wants to know.
    pub(super) fn severity_of(&self, id: &str, otherwise: Severity) -> Option<Severity> {
        self.stated.get(id).copied().unwrap_or(Some(otherwise))
    }

    pub(super) fn take_changes(&mut self) -> Vec<usize> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        changed
    }

    pub(super) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    pub(super) fn pending(&self) -> &[Pending] {
        &self.pending
    }

    pub(super) fn tallies(&self) -> &[Tally] {
        &self.tallies
    }

    /// Findings beyond the limit.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// All has been told.
    pub(super) fn finish(&mut self) {
        let left: Vec<usize> = self.overdue.drain().map(|(_, index)| index).collect();
        for index in left {
            // What it is a part of was given up: nobody knows how it ended.
            self.withdraw(index);
        }
        self.findings.retain(|finding| finding.status != Status::Withdrawn);
        for finding in &mut self.findings {
            finding.status = Status::Confirmed;
            self.strays.finish(finding);
        }
    }

    /// A rule of the watches has applied.
    pub(super) fn activated(&mut self, watch: usize, times: u64) {
        if let Some(tally) = self.tallies.get_mut(self.courses + watch) {
            tally.activations += times;
        }
    }

    /// What rules said at once.
    pub(super) fn judged(
        &mut self,
        rules: (&[Course], &[Watch]),
        slice: &Slice,
        judged: Vec<Judged>,
        symbols: &Symbols,
    ) {
        for judged in judged {
            self.tell(rules, (slice, None), judged, symbols);
        }
    }

    /// What all rules of a slice said at its end.
    pub(super) fn ended(
        &mut self,
        rules: (&[Course], &[Watch]),
        (slice, end): (&Slice, SliceEnd),
        judged: Vec<Judged>,
        symbols: &Symbols,
    ) {
        let before = self.findings.len();
        let mut first = None;
        for judged in judged {
            let by = judged.by;
            let made = self.tell(rules, (slice, Some(end)), judged, symbols);
            match (first, made) {
                (None, made) if matches!(by, By::Course(_)) => first = made,
                // The lifecycle has told it already, and tells it better.
                (Some(first), Some(second)) if matches!(by, By::Watch(_)) => {
                    self.merge_if_same(first, second);
                }
                _ => {}
            }
        }
        if matches!(end, SliceEnd::Lost | SliceEnd::Idle | SliceEnd::Superseded) {
            self.gather(before);
            self.absorb(before, slice);
        }
    }

    /// What a slice owed when it was cut off or left is one finding, with the rest as its parts
    /// (rules.md, 2.4).
    fn gather(&mut self, from: usize) {
        let told = &self.findings[from.min(self.findings.len())..];
        let is_cut = |finding: &Finding| matches!(finding.code, Code::E111 | Code::E112);
        let Some(kept) = told.iter().position(is_cut).map(|at| from + at) else { return };
        let is_part = |finding: &Finding| {
            let class = finding.code.class();
            let open = finding.expected.as_ref().is_some_and(|expected| expected.before.is_none());
            open && matches!(class, "missing" | "lost" | "stalled" | "silence")
        };
        for (index, finding) in self.findings.iter().enumerate().skip(from) {
            self.places.remove(index, finding);
        }
        let mut kept = self.findings.remove(kept);
        let mut rest = Vec::new();
        // Nothing points at what was told just now, so that it may move.
        for finding in self.findings.drain(from..) {
            if !is_part(&finding) {
                rest.push(finding);
                continue;
            }
            self.ids.remove(&finding.id);
            kept.severity = kept.severity.max(finding.severity);
            kept.also_violates.push(format!("{}: {}", finding.rule, finding.message));
            kept.also_violates.extend(finding.also_violates);
        }
        self.findings.push(kept);
        self.findings.append(&mut rest);
        for (index, finding) in self.findings.iter().enumerate().skip(from) {
            self.places.add(index, finding);
        }
        self.changed.retain(|changed| *changed < from);
        self.changed.extend(from..self.findings.len());
    }

    /// Findings about the same missing event are one (rules.md, 3.5).
    fn merge_if_same(&mut self, first: usize, second: usize) {
        let (Some(one), Some(other)) = (self.findings.get(first), self.findings.get(second)) else {
            return;
        };
        let about = |finding: &Finding| finding.expected.as_ref().map(|want| want.event.clone());
        let quiet = other.code == Code::W202 && one.code.class() == "missing";
        let same = other.code.class() == "missing" && about(one) == about(other);
        // What came at the wrong place is missing at the right one.
        let moved = one.code == Code::E103
            && other.code.class() == "missing"
            && about(other)
                .is_some_and(|names| names.split('/').any(|name| one.message.contains(name)));
        if second + 1 == self.findings.len() && (same || quiet || moved) {
            let gone = self.findings.remove(second);
            self.places.remove(second, &gone);
            let Finding { rule, id, .. } = gone;
            self.ids.remove(&id);
            self.changed.retain(|changed| *changed != second);
            self.findings[first].also_violates.push(rule);
        }
    }

    /// Gives the first finding made.
    pub(super) fn tell(
        &mut self,
        (courses, watches): (&[Course], &[Watch]),
        (slice, end): (&Slice, Option<SliceEnd>),
        judged: Judged,
        symbols: &Symbols,
    ) -> Option<usize> {
        let is_sure = match judged.by {
            By::Watch(index) => end.is_none() && watches[index].survives_gaps(),
            By::Course(_) => judged.told.is_certain,
        };
        let unsure = slice.is_uncertain() && !is_sure;
        let (tally, rule, origin, severity) = match judged.by {
            By::Course(index) => {
                let lifecycle = &courses[index].lifecycle;
                (index, &lifecycle.id, &lifecycle.origin, lifecycle.severity)
            }
            By::Watch(index) => {
                let rule = &watches[index].rule;
                (self.courses + index, &rule.id, &rule.origin, rule.severity)
            }
        };
        self.count(tally, &judged, unsure, end);
        if judged.told.is_empty() {
            return None;
        }
        let mut about = About {
            rule,
            origin,
            severity,
            user: slice.user.map(|user| user.display(symbols)),
            run: slice.run.map(|run| run.display(symbols)),
            connection: slice.connections.last().copied(),
        };
        for owed in &judged.told.owed {
            self.pending.push(Pending {
                rule: rule.clone(),
                user: about.user.clone(),
                run: about.run.clone(),
                waiting_for: owed.waiting_for.clone(),
                since_ns: owed.since_ns,
                frame: owed.frame,
            });
        }
        let mut first = None;
        let (breaches, mut also) = judged.told.by_severity(severity);
        for (severity, breach) in breaches {
            about.severity = severity;
            if let Some(standing) = breach.standing
                && self.stands(tally, (standing, &breach), (slice, end))
            {
                continue;
            }
            // What should have come before may be what was lost.
            let unknown = breach.code == Code::E105 && slice.is_uncertain();
            if unsure || unknown || self.is_explained(slice, &breach, rule) {
                continue;
            }
            if breach.standing.is_some_and(|standing| standing.is_open) {
                let since = breach.standing.map(|standing| standing.since).unwrap_or_default();
                let made = self.push(&about, breach, Some(slice), symbols);
                self.overdue.extend(made.map(|made| ((tally, since), made)));
                continue;
            }
            let made = self.push(&about, at_end(breach, end), Some(slice), symbols);
            if let Some(made) = made.filter(|_| first.is_none()) {
                self.findings[made].also_violates.append(&mut also);
                first = Some(made);
            }
        }
        first
    }

    /// Whether what is told of a debt is settled by what was told of it before: then that is
    /// changed. What was told before its slice ended makes room for what is known then.
    fn stands(
        &mut self,
        rule: usize,
        (standing, breach): (Standing, &Breach),
        (slice, end): (&Slice, Option<SliceEnd>),
    ) -> bool {
        if standing.is_open {
            return slice.is_uncertain();
        }
        let Some(index) = self.overdue.remove(&(rule, standing.since)) else { return false };
        if end.is_some() {
            self.withdraw(index);
            return false;
        }
        let Some(finding) = self.findings.get_mut(index) else { return false };
        self.places.remove(index, finding);
        let Breach { code, at_ns, message, frames, expected, side, .. } = breach.clone();
        *finding = Finding {
            code,
            at_ns,
            message,
            frames,
            expected,
            side,
            cause: None,
            also_violates: Vec::new(),
            rows: Vec::new(),
            status: Status::Amended,
            ..finding.clone()
        };
        self.places.add(index, finding);
        self.changed.push(index);
        true
    }

    pub(super) fn withdraw(&mut self, index: usize) {
        let Some(finding) = self.findings.get_mut(index) else { return };
        finding.status = Status::Withdrawn;
        self.ids.remove(&finding.id);
        self.changed.push(index);
    }

    fn count(&mut self, tally: usize, judged: &Judged, unsure: bool, end: Option<SliceEnd>) {
        let Some(tally) = self.tallies.get_mut(tally) else { return };
        let open = |breach: &&Breach| breach.standing.is_some_and(|standing| standing.is_open);
        let breaches = judged.told.breaches.iter().filter(|breach| !open(breach)).count();
        let breaches = (breaches + judged.told.parts.len()) as u64;
        let owed = judged.told.owed.len() as u64;
        tally.activations += judged.activations;
        if unsure && (end.is_some() || breaches > 0) {
            tally.inconclusive += breaches.max(1);
            return;
        }
        tally.violated += breaches;
        tally.pending += owed;
        if end.is_some() && breaches == 0 && owed == 0 {
            tally.satisfied += 1;
        }
    }

    /// What is missing here went to somebody else, which was told.
    fn is_explained(&mut self, slice: &Slice, breach: &Breach, rule: &str) -> bool {
        let told = slice.went_elsewhere(breach);
        let Some(finding) = told.and_then(|told| self.findings.get_mut(told)) else { return false };
        let also = format!("{rule}: {}", breach.message);
        if !finding.also_violates.contains(&also) {
            finding.also_violates.push(also);
        }
        true
    }

    pub(super) fn push(
        &mut self,
        about: &About<'_>,
        breach: Breach,
        slice: Option<&Slice>,
        symbols: &Symbols,
    ) -> Option<usize> {
        if self.findings.len() >= self.most {
            self.dropped += 1;
            return None;
        }
        let began = slice.and_then(|slice| slice.events.first()).map(|seen| seen.frame);
        if let Some(index) = self.places.same(&self.findings, (about, &breach), began) {
            let also = format!("{}: {}", about.rule, breach.message);
            self.findings[index].also_violates.push(also);
            return None;
        }
        let mut hasher = DefaultHasher::new();
        let anchor = breach.frames.last().copied().unwrap_or_default();
        (about.rule, &about.user, &about.run, anchor, breach.code).hash(&mut hasher);
        let mut id = hasher.finish();
        while !self.ids.insert(id) {
            id = id.wrapping_add(1);
        }
        let rows = slice.map_or_else(Vec::new, |slice| {
            slice.rows(&breach.frames, breach.expected.as_ref(), symbols)
        });
        let class = breach.code.class();
        let incomplete = matches!(class, "missing" | "lost" | "stalled" | "silence");
        let cause = slice.filter(|_| incomplete).and_then(Slice::cause);
        let index = self.findings.len();
        let mut finding = Finding {
            id,
            code: breach.code,
            severity: about.severity,
            status: Status::Provisional,
            rule: about.rule.to_owned(),
            origin: about.origin.clone(),
            user: about.user.clone(),
            run: about.run.clone(),
            connection: about.connection,
            at_ns: breach.at_ns,
            message: breach.message,
            frames: breach.frames,
            expected: breach.expected,
            side: breach.side,
            cause,
            elsewhere: None,
            also_violates: Vec::new(),
            rows,
        };
        if let Some(slice) = slice {
            self.strays.look(&mut finding, slice, symbols);
        }
        self.places.add(index, &finding);
        self.changed.push(index);
        self.findings.push(finding);
        Some(index)
    }
}

/// A slice that lost its connection, or was left, is told by that.
fn at_end(breach: Breach, end: Option<SliceEnd>) -> Breach {
    let unfinished = matches!(breach.code, Code::E101 | Code::E102)
        && breach.expected.as_ref().is_some_and(|expected| expected.before.is_none());
    let code = match end {
        Some(SliceEnd::Lost) if unfinished => Code::E111,
        Some(SliceEnd::Idle | SliceEnd::Superseded) if unfinished => Code::E112,
        _ => breach.code,
    };
    Breach { code, ..breach }
}

impl Finding {
    /// Frames named by one finding; the count of the others is in its words.
    pub const MAX_FRAMES: usize = 64;

    /// The rule and where it stands: `agent (preset):294 agent-run`, `close (built-in rule)`.
    pub fn rule_place(&self) -> String {
        let Origin { file, line } = &self.origin;
        match file.as_str() {
            "" => format!("{} (built-in rule)", self.rule),
            file => format!("{file}:{line} {}", self.rule),
        }
    }

    /// The cause's text, if there is one.
    pub fn cause_text(&self) -> Option<&str> {
        self.cause.as_ref().map(|Cause { text, .. }| text.as_str())
    }
}
