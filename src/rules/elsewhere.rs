//! Events that had no place where they came, and payloads that nobody could read → where a missing
//! event may have gone (rules.md, 3.3 and 3.5).

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::events::near::nearest;
use crate::events::{Map, Symbol, Symbols};

use super::course::Course;
use super::engine::{Engine, Now, ScopeState};
use super::finding::{Cause, Code, Expected, Finding, Side};
use super::monitors::Watch;
use super::slice::Slice;

/// Events without a place that are remembered: with more, a recording does not follow its rules at
/// all, and that nothing was found elsewhere is not said.
const MAX_STRAYS: usize = 4096;

/// Those of one name that are looked at for one missing event.
const MAX_LOOKED_AT: usize = 256;

/// Unreadable frames, and holes of sequences, remembered of one connection: the latest.
const MAX_LOST: usize = 256;

/// What had no place, by its name.
#[derive(Debug, Default)]
pub(super) struct Strays {
    /// Names that rules know: what is nearly another name is none of these.
    known: HashSet<Symbol>,
    /// Names of parts, which are missing whole: no event is called so.
    parts: HashSet<String>,
    /// In the order of their frames.
    by_name: Map<String, Vec<Stray>>,
    kept: usize,
    is_full: bool,
    lost: Map<i64, VecDeque<Lost>>,
}

/// An event that had no place where it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stray {
    pub(super) frame: i64,
    pub(super) connection: i64,
    pub(super) user: Option<String>,
    pub(super) run: Option<String>,
    pub(super) detail: Option<String>,
    /// Its run had ended.
    pub(super) is_after_end: bool,
}

/// What may have been a missing event: a frame that can't be read, or numbers that never came.
#[derive(Clone, Debug)]
struct Lost {
    out: bool,
    /// The frames between which it was.
    after: i64,
    before: i64,
    text: String,
    frame: i64,
    /// What it explains, once for each.
    explains: Vec<u64>,
    /// How many it can explain.
    most: usize,
}

/// How likely an event elsewhere is the one that is missing; the likeliest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likely {
    OtherConnection,
    AfterEnd,
    SameDetail,
    OtherDetail,
    NoRun,
    OtherRun,
}

impl Strays {
    pub(super) fn new((courses, watches): (&[Course], &[Watch])) -> Self {
        let of_courses = courses.iter().flat_map(Course::symbols);
        let of_watches = watches.iter().flat_map(|watch| watch.names.iter().flatten().copied());
        let subs = courses.iter().flat_map(|course| &course.subs);
        let parts = subs.map(|part| part.sub.name.clone()).collect();
        Self { known: of_courses.chain(of_watches).collect(), parts, ..Self::default() }
    }

    /// Remembers an event that had no place.
    pub(super) fn add(&mut self, name: &str, stray: Stray) {
        if stray.frame <= 0 {
            return;
        }
        if self.kept >= MAX_STRAYS {
            self.is_full = true;
            return;
        }
        let of_name = self.by_name.entry(name.to_owned()).or_default();
        let place = of_name.partition_point(|other| other.frame < stray.frame);
        if of_name.get(place).is_none_or(|other| other.frame != stray.frame) {
            of_name.insert(place, stray);
            self.kept += 1;
        }
    }

    /// Remembers a frame that can't be read.
    pub(super) fn unreadable(&mut self, connection: i64, out: bool, frame: i64) {
        let text = format!("#{frame} can't be decoded, and may be it");
        let lost = Lost {
            out,
            after: frame.saturating_sub(1),
            before: frame.saturating_add(1),
            text,
            frame,
            explains: Vec::new(),
            most: 1,
        };
        self.lose(connection, lost);
    }

    fn lose(&mut self, connection: i64, lost: Lost) {
        let of_connection = self.lost.entry(connection).or_default();
        if of_connection.len() == MAX_LOST {
            of_connection.pop_front();
        }
        of_connection.push_back(lost);
    }

    /// Looks for what a new finding misses, as far as the recording was read; remembers it, if it
    /// tells of an event that had no place.
    pub(super) fn look(&mut self, finding: &mut Finding, slice: &Slice, symbols: &Symbols) {
        self.told(finding, slice, symbols);
        if finding.cause.is_none() {
            finding.cause = self.cause(finding, &slice.connections);
            // Whether it was sent, nobody can say.
            finding.side = finding.side.filter(|_| finding.cause.is_none());
        }
        finding.elsewhere =
            self.nearest(finding).or_else(|| self.misnamed(finding, slice, symbols));
    }

    /// The whole recording was read.
    pub(super) fn finish(&self, finding: &mut Finding) {
        let found = self.nearest(finding).or_else(|| finding.elsewhere.take());
        let nowhere = || self.nowhere(finding);
        finding.elsewhere = found.or_else(nowhere);
    }

    /// What a finding says about its latest event, if that had no place.
    fn told(&mut self, finding: &Finding, slice: &Slice, symbols: &Symbols) {
        let is_stray = matches!(finding.code, Code::E104 | Code::E105 | Code::E106 | Code::E110);
        let newest = finding.frames.last().copied().unwrap_or_default();
        if finding.code == Code::E107
            && let Some(Expected { event, after, before, .. }) = &finding.expected
            && let Some(connection) = finding.connection
        {
            let lost = Lost {
                out: finding.side == Some(Side::Client),
                after: after.unwrap_or_default(),
                before: before.unwrap_or(i64::MAX),
                text: format!("{event} never arrived, and may be it"),
                frame: newest,
                explains: Vec::new(),
                most: count_of(finding),
            };
            self.lose(connection, lost);
        }
        let seen = slice.events.iter().rfind(|seen| seen.frame == newest);
        if let Some(seen) = seen.filter(|_| is_stray) {
            let stray = Stray {
                frame: seen.frame,
                connection: seen.connection,
                user: finding.user.clone(),
                run: finding.run.clone(),
                detail: seen.detail.map(|detail| detail.display(symbols)),
                is_after_end: finding.code == Code::E104,
            };
            self.add(symbols.text(seen.name), stray);
        }
    }

    /// What may have been the missing event, if something was lost where it should have come.
    fn cause(&mut self, finding: &Finding, connections: &[i64]) -> Option<Cause> {
        let want = wanted(finding)?;
        let mut hasher = DefaultHasher::new();
        (&finding.user, &finding.run, &want.event, &want.detail).hash(&mut hasher);
        let which = hasher.finish();
        let (after, before) = (want.after.unwrap_or_default(), want.before.unwrap_or(i64::MAX));
        let out = finding.side == Some(Side::Client);
        for connection in connections {
            let Some(lost) = self.lost.get_mut(connection) else { continue };
            let fits = |lost: &&mut Lost| {
                lost.out == out
                    && lost.before > after
                    && lost.after < before
                    && (lost.explains.contains(&which) || lost.explains.len() < lost.most)
            };
            if let Some(lost) = lost.iter_mut().find(fits) {
                if !lost.explains.contains(&which) {
                    lost.explains.push(which);
                }
                return Some(Cause { text: lost.text.clone(), frame: Some(lost.frame) });
            }
        }
        None
    }

    /// An event of the same slice whose name is nearly the missing one's.
    fn misnamed(&self, finding: &Finding, slice: &Slice, symbols: &Symbols) -> Option<String> {
        let want = wanted(finding)?;
        let (after, before) = (want.after.unwrap_or_default(), want.before.unwrap_or(i64::MAX));
        let is_inside = |frame: i64| frame > after && frame < before;
        let mut events = slice
            .events
            .iter()
            .filter(|seen| is_inside(seen.frame) && !self.known.contains(&seen.name));
        let near = |name: Symbol| nearest(symbols.text(name), want.event.split('/'));
        let seen = events.find(|seen| near(seen.name).is_some())?;
        let meant = near(seen.name)?;
        Some(format!("#{} is {}, which is nearly {meant}", seen.frame, symbols.text(seen.name)))
    }

    /// Where the missing event of a finding may have gone.
    fn nearest(&self, finding: &Finding) -> Option<String> {
        let want = wanted(finding)?;
        let after = want.after.unwrap_or_default();
        let mut best: Option<(Likely, i64, String)> = None;
        for name in want.event.split('/') {
            let Some(strays) = self.by_name.get(name) else { continue };
            let from = strays.partition_point(|stray| stray.frame <= after);
            for stray in strays[from..].iter().take(MAX_LOOKED_AT) {
                let Some(likely) = stray.is_likely(finding, want) else { continue };
                let key = (likely, stray.frame);
                if best.as_ref().is_none_or(|(known, frame, _)| key < (*known, *frame)) {
                    best = Some((likely, stray.frame, stray.told(name, likely, finding)));
                }
            }
        }
        best.map(|(_, _, text)| text)
    }

    /// What is said once the whole recording was looked at.
    fn nowhere(&self, finding: &Finding) -> Option<String> {
        let want = wanted(finding).filter(|_| !self.is_full && finding.side.is_some())?;
        if finding.code == Code::E105 || self.parts.contains(&want.event) {
            return None;
        }
        Some(format!("nowhere: every {} that came belongs where it came", want.event))
    }
}

impl Stray {
    fn is_likely(&self, finding: &Finding, want: &Expected) -> Option<Likely> {
        let same_connection = finding.connection == Some(self.connection);
        let same_run = self.run.is_some() && self.run == finding.run;
        let same_user = self.user == finding.user;
        let both = self.detail.as_ref().zip(want.detail.as_ref());
        let same_detail = both.is_some_and(|(one, other)| one == other);
        let other_detail = both.is_some_and(|(one, other)| one != other);
        if finding.frames.contains(&self.frame) {
            return None;
        }
        match (same_run, other_detail) {
            (true, false) if !same_user || !same_connection => Some(Likely::OtherConnection),
            (true, false) => self.is_after_end.then_some(Likely::AfterEnd),
            (true, true) => same_user.then_some(Likely::OtherDetail),
            (false, true) => None,
            (false, false) if !same_user => None,
            (false, false) if self.run.is_none() => Some(Likely::NoRun),
            (false, false) if same_detail => Some(Likely::SameDetail),
            (false, false) => Some(Likely::OtherRun),
        }
    }

    fn told(&self, name: &str, likely: Likely, finding: &Finding) -> String {
        let Self { frame, connection, user, run, detail, .. } = self;
        let [user, run, detail] = [user, run, detail].map(|text| text.as_deref().unwrap_or("?"));
        match likely {
            Likely::OtherConnection if self.user == finding.user => {
                format!("{name} of this run came on conn {connection}: #{frame}")
            }
            Likely::OtherConnection => {
                format!("{name} of this run went to {user} on conn {connection}: #{frame}")
            }
            Likely::AfterEnd => format!("{name} came after the run had ended: #{frame}"),
            Likely::OtherDetail => format!("{name} of {detail} came in this run: #{frame}"),
            Likely::NoRun => format!("{name} that says no run came on conn {connection}: #{frame}"),
            Likely::SameDetail => format!("{name} ({detail}) came in run {run}: #{frame}"),
            Likely::OtherRun => format!("{name} too many came in run {run}: #{frame}"),
        }
    }
}

/// What a finding misses, if it misses an event.
fn wanted(finding: &Finding) -> Option<&Expected> {
    let misses = matches!(finding.code.class(), "missing" | "lost" | "stalled")
        || finding.code == Code::E105;
    finding.expected.as_ref().filter(|_| misses)
}

/// How many messages never arrived.
fn count_of(finding: &Finding) -> usize {
    let detail = finding.expected.as_ref().and_then(|expected| expected.detail.as_deref());
    let count = detail.and_then(|detail| detail.split(' ').next());
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}

impl Engine {
    /// Whether a rule or a lifecycle names events of this name.
    pub fn speaks_of(&self, name: Symbol) -> bool {
        let in_scope =
            |scope: &ScopeState| scope.begins.contains(&name) || scope.ends.contains(&name);
        self.teller.strays.known.contains(&name) || self.scopes.iter().any(in_scope)
    }

    /// An event that does not say whose it is in a scope whose lifecycles know it; begins nothing.
    pub(super) fn unplaced<T>(
        &mut self,
        scope: usize,
        now: &Now<'_>,
        symbols: &Symbols,
    ) -> Option<T> {
        let mut courses = self.scopes[scope].listeners.courses.iter();
        if !courses.any(|course| self.courses[*course].knows(now.seen.name)) {
            return None;
        }
        let stray = Stray {
            frame: now.seen.frame,
            connection: now.seen.connection,
            user: Some(self.sessions.name(now.seen.connection, symbols)),
            detail: now.seen.detail.map(|detail| detail.display(symbols)),
            ..Stray::default()
        };
        self.teller.strays.add(symbols.text(now.seen.name), stray);
        None
    }
}
