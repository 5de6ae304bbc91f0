//! Slices that have left their course and are still open → findings before their time, and what
//! became of them (rules.md, 3.4).
//!
//! Only for who watches while it is recorded: a finished recording is judged by whole slices, and
//! nothing here touches what is told of those.

use std::collections::{BTreeMap, VecDeque};

use crate::events::{Symbol, Symbols};

use super::book::Nanos;
use super::course::{Course, Told};
use super::engine::Engine;
use super::finding::Finding;
use super::monitors::SliceEnd;
use super::slice::{By, Judged, Slice};
use super::told::Teller;

/// Slices followed at once, so that a flood of bad ones costs memory for a few seconds of it only;
/// the others are told when they end.
const MAX_SUSPECTS: usize = 16_384;

/// Findings told early of one slice: a reader has understood by then.
const MAX_EARLY: usize = 16;

/// Events of a slice beyond which it is not explained before its end.
const MAX_EXPLAINED: usize = 5_000;

/// Events looked at in one go; the rest waits for the next look, a tenth of a second later.
const BUDGET: usize = 50_000;

/// The rest after a look at a slice, for each of its events: long ones take long to explain.
const REST_NS: u64 = 2_000_000;

/// What was told of a slice that is still open, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Early {
    /// A provisional finding.
    Told(Box<Finding>),
    /// What was told as `before` is told better as `now`.
    Amended {
        /// As it was told.
        before: Box<Finding>,
        /// As it is told now.
        now: Box<Finding>,
    },
    /// Nothing was wrong after all, or another finding says it.
    Withdrawn(Box<Finding>),
}

/// The slices that may have to be told early.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    is_live: bool,
    by_slice: BTreeMap<(usize, u64), Suspect>,
    /// Those to be looked at, in turn.
    turn: VecDeque<(usize, u64)>,
    early: Vec<Early>,
}

/// A slice that has left its course, or has ended.
#[derive(Debug)]
struct Suspect {
    since_ns: u64,
    since_events: usize,
    /// Its events when it was looked at last.
    judged: Option<usize>,
    /// When it may be looked at again.
    again_ns: u64,
    told: Vec<Finding>,
}

impl Suspect {
    /// What comes within `lag`, events and nanoseconds, is out of order, not missing.
    fn is_due(&self, now_ns: u64, events: usize, lag: (usize, Nanos)) -> bool {
        let waited = now_ns >= self.since_ns.saturating_add(lag.1)
            || events >= self.since_events.saturating_add(lag.0);
        waited && now_ns >= self.again_ns && self.judged != Some(events)
    }
}

impl Suspects {
    /// The slice's latest event was taken.
    pub(super) fn event(&mut self, place: (usize, u64), slice: &Slice, is_end: bool) {
        if !self.is_live || !is_end && !slice.is_astray() {
            return;
        }
        if let Some(suspect) = self.by_slice.get_mut(&place) {
            if is_end {
                // What is open now has its own time to come.
                (suspect.since_ns, suspect.since_events) = (slice.last_ns, slice.events.len());
            }
        } else if self.by_slice.len() < MAX_SUSPECTS {
            let (since_ns, since_events) = (slice.last_ns, slice.events.len());
            let suspect =
                Suspect { since_ns, since_events, judged: None, again_ns: 0, told: Vec::new() };
            self.by_slice.insert(place, suspect);
            self.turn.push_back(place);
        }
    }

    /// The slice has ended; `teller` has told all of it, from its finding `from` on.
    pub(super) fn ended(&mut self, place: (usize, u64), teller: &Teller, from: usize) {
        let Some(suspect) = self.by_slice.remove(&place) else { return };
        let made = teller.findings.get(from..).unwrap_or_default();
        for before in suspect.told {
            if !teller.ids.contains(&before.id) {
                self.settle(&before, made.iter().chain(of_run(teller, &before).rev()));
            }
        }
    }

    fn settle<'a>(&mut self, before: &Finding, others: impl Iterator<Item = &'a Finding>) {
        let mut others = others.filter(|other| other.id != before.id && became(before, other));
        let now = others.next();
        let before = Box::new(before.clone());
        self.early.push(match now {
            Some(now) => Early::Amended { before, now: Box::new(now.clone()) },
            None => Early::Withdrawn(before),
        });
    }

    /// What is told of a slice now takes the place of what was told before.
    fn retell(&mut self, told: &[Finding], now: &[Finding], teller: &Teller) {
        let old = |finding: &Finding| told.iter().any(|old| old.id == finding.id);
        let mut new: Vec<&Finding> = now.iter().filter(|finding| !old(finding)).collect();
        for before in told {
            if now.iter().any(|finding| finding.id == before.id) {
                continue;
            }
            let place = new.iter().position(|finding| became(before, finding));
            match place.map(|place| new.remove(place)) {
                Some(now) => self.early.push(Early::Amended {
                    before: Box::new(before.clone()),
                    now: Box::new(now.clone()),
                }),
                None => self.settle(before, of_run(teller, before).rev()),
            }
        }
        self.early.extend(new.into_iter().map(|finding| Early::Told(Box::new(finding.clone()))));
    }
}

/// What was told of the same run.
fn of_run<'a>(
    teller: &'a Teller,
    finding: &Finding,
) -> impl DoubleEndedIterator<Item = &'a Finding> {
    let places = teller.places.of_run(finding.user.as_deref(), finding.run.as_deref());
    places.iter().filter_map(|index| teller.findings.get(*index))
}

/// Whether `now` tells of what `before` missed or blamed.
fn became(before: &Finding, now: &Finding) -> bool {
    if (&before.user, &before.run) != (&now.user, &now.run) {
        return false;
    }
    let Some(expected) = &before.expected else {
        return before.frames.iter().any(|frame| now.frames.contains(frame));
    };
    let same = |detail: &String| now.message.contains(detail.as_str());
    expected.event.split('/').any(|name| now.message.contains(name))
        && expected.detail.as_ref().is_none_or(same)
}

impl Engine {
    /// From now on slices that deviate are told before they end, by [`Engine::provisional`]. Costs
    /// a little an event, so that nobody does it to a finished recording.
    pub fn watch(&mut self) {
        self.suspects.is_live = true;
    }

    /// What is to be told early at `now_ns`, and what became of what was told before. A finding
    /// that stays has the same id when its slice ends; then nothing more is told of it here.
    pub fn provisional(&mut self, now_ns: u64, symbols: &Symbols) -> Vec<Early> {
        let mut left = BUDGET;
        for _ in 0..self.suspects.turn.len() {
            if left == 0 {
                break;
            }
            let Some(place) = self.suspects.turn.pop_front() else { break };
            let Some(suspect) = self.suspects.by_slice.get(&place) else { continue };
            self.scopes[place.0].slices.wake(place.1);
            let Some(slice) = self.scopes[place.0].slices.get(place.1) else {
                // It was given up for others: nobody knows what it would have come to.
                self.suspects.ended(place, &self.teller, usize::MAX);
                continue;
            };
            let events = slice.events.len();
            if !suspect.is_due(now_ns, events, self.book.caps.lag) {
                self.suspects.turn.push_back(place);
                continue;
            }
            left = left.saturating_sub(events);
            let now = self.early_of(place.0, slice, now_ns, symbols);
            let Some(mut suspect) = self.suspects.by_slice.remove(&place) else { continue };
            let told = std::mem::replace(&mut suspect.told, now.clone());
            self.suspects.retell(&told, &now, &self.teller);
            if now.is_empty() && !slice.is_astray() {
                // In order so far: looked at again if another end comes.
                continue;
            }
            suspect.judged = Some(events);
            suspect.again_ns = now_ns.saturating_add(events as u64 * REST_NS);
            self.suspects.by_slice.insert(place, suspect);
            self.suspects.turn.push_back(place);
        }
        std::mem::take(&mut self.suspects.early)
    }

    /// What would be told of a slice if it ended here, apart from what the rules have told already.
    fn early_of(&self, scope: usize, slice: &Slice, at_ns: u64, symbols: &Symbols) -> Vec<Finding> {
        let end = match slice.ended {
            None => SliceEnd::Cut,
            Some(_) if self.is_over(scope, slice) => SliceEnd::Complete,
            // Several share this run, and some go on: what is open may be theirs.
            Some(_) => return Vec::new(),
        };
        let mut teller = self.teller.beside(slice, symbols);
        let from = teller.findings.len();
        let rules = (&self.courses[..], &self.watches[..]);
        for (by, told) in slice.so_far(&self.courses, (end, at_ns), symbols) {
            let mut judged = Judged { by, told, activations: 0 };
            judged.told.owed.clear();
            judged.told.breaches.retain(|breach| slice.went_elsewhere(breach).is_none());
            teller.tell(rules, (slice, Some(end)), judged, symbols);
        }
        let mut told = teller.findings.split_off(from.min(teller.findings.len()));
        told.truncate(MAX_EARLY);
        told
    }

    /// Whether as many have ended in it as have begun.
    fn is_over(&self, scope: usize, slice: &Slice) -> bool {
        let state = &self.scopes[scope];
        let count = |names: &[Symbol]| {
            slice.events.iter().filter(|seen| names.contains(&seen.name)).count()
        };
        count(&state.ends) >= count(&state.begins)
    }
}

impl Slice {
    /// What its lifecycles say so far.
    fn so_far<'a>(
        &'a self,
        courses: &'a [Course],
        (end, at_ns): (SliceEnd, u64),
        symbols: &'a Symbols,
    ) -> impl Iterator<Item = (By, Told)> + 'a {
        let ending = self.ending(end, at_ns, symbols);
        self.courses.iter().map(move |(index, progress)| {
            let course = &courses[*index];
            let long = self.events.len() > MAX_EXPLAINED;
            let told = if long && progress.is_astray() {
                progress.unexplained(course, &self.events, &ending)
            } else {
                progress.end(course, &self.events, &ending)
            };
            (By::Course(*index), told)
        })
    }
}

impl Teller {
    /// One that knows what was told of the slice's user lately, and whose own findings nobody sees.
    fn beside(&self, slice: &Slice, symbols: &Symbols) -> Self {
        let user = slice.user.map(|user| user.display(symbols));
        let run = slice.run.map(|run| run.display(symbols));
        let of_run = self.places.of_run(user.as_deref(), run.as_deref());
        let known: Vec<Finding> =
            of_run.iter().filter_map(|index| self.findings.get(*index)).cloned().collect();
        self.aside(known)
    }
}
