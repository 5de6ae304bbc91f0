//! One slice: the events of a run, say, and what its lifecycles and rules make of them.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::events::{Event, FieldId, Kind, Map, Scalar, Symbol, Symbols};

use super::book::{KeyPart, Nanos, RuleKind, Scope};
use super::course::{Course, Progress, Told};
use super::finding::{Cause, Code, Row};
use super::gapped::Gaps;
use super::listeners::Listeners;
use super::monitors::{Breach, Look, Monitor, Seen, SliceEnd, Stop, Verdicts, Watch, lasted};
use super::slices::Whose;
use super::told::Teller;

/// Events kept of one slice, where a stream of the same counts as two. A run has hundreds; what has
/// more is not judged by its lifecycle, and that is counted.
const MAX_EVENTS: usize = 8192;

/// The latest events kept of a slice that no lifecycle follows.
const RECENT: usize = 64;

/// Message ids remembered, so that what comes twice is known (rules.md, 2.4).
const MAX_IDS: usize = 256;

/// How long after a beginning a copy of it comes: what is sent twice is sent twice at once, and
/// whoever starts anew has waited for something.
const MAX_COPY: u64 = 1_000_000_000;

/// Rows shown before and after what a finding is about.
const CONTEXT: usize = 3;

/// The values of a scope's key: which slice an event belongs to.
pub(super) type Key = SmallVec<[Scalar; 3]>;

/// The fields that an event's detail is taken from, and those that monitors ask for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Details {
    pub(super) run: Option<FieldId>,
    pub(super) call: Option<FieldId>,
    pub(super) tool: Option<FieldId>,
    pub(super) agent: Option<FieldId>,
    pub(super) msg_id: Option<FieldId>,
    pub(super) ts: Option<FieldId>,
    /// Of the connection of the event that is looked at, as far as it was measured.
    pub(super) round_trip_ns: Nanos,
}

/// An event of this run that went to somebody else.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Foreign {
    pub(super) name: Symbol,
    /// The finding that tells of it.
    pub(super) finding: usize,
}

/// The slice's connection ended while it was open.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Detached {
    pub(super) at_ns: u64,
    pub(super) orderly: bool,
    /// The close code, 1006 where there was none.
    pub(super) code: u16,
    /// `the connection was closed (1000)`.
    pub(super) text: String,
    pub(super) frame: Option<i64>,
}

/// One slice. Its first fields are those of [`Whose`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Slice {
    pub(super) key: Key,
    pub(super) user: Option<Scalar>,
    pub(super) run: Option<Scalar>,
    pub(super) connections: SmallVec<[i64; 1]>,
    /// Its connection has gone, and it waits for another.
    pub(super) detached: Option<Box<Detached>>,
    pub(super) events: Vec<Seen>,
    pub(super) last_ns: u64,
    /// When an end event came, and its place.
    pub(super) ended: Option<(u64, usize)>,
    /// The latest break that was survived: what may explain a later silence.
    pub(super) broke: Option<Box<Detached>>,
    /// The recording lost something of it: nothing is held against anybody.
    pub(super) gapped: bool,
    /// Where, in its events.
    pub(super) gaps: Option<Box<Gaps>>,
    /// When it is looked at next.
    pub(super) timer_ns: u64,
    /// More events came than are kept.
    pub(super) overfull: bool,
    pub(super) foreign: Vec<Foreign>,
    /// Of messages that have ids.
    ids: Option<Box<Ids>>,
    pub(super) courses: Box<[(usize, Progress)]>,
    /// Of the rules that something of it was about.
    monitors: Vec<(usize, Monitor)>,
}

/// Messages that came, by their ids.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Ids {
    frames: Map<(Scalar, Symbol), i64>,
    by_age: VecDeque<(Scalar, Symbol)>,
}

/// A rule's breaches and debts, found in a slice.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) by: By,
    pub(super) told: Told,
    pub(super) activations: u64,
}

/// Which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// An index into the courses.
    Course(usize),
    /// An index into the watches.
    Watch(usize),
}

impl Slice {
    pub(super) fn new(key: Key, listeners: &Listeners, courses: &[Course], at_ns: u64) -> Self {
        let start = |index: &usize| (*index, courses[*index].start());
        Self {
            key,
            user: None,
            run: None,
            events: Vec::new(),
            connections: SmallVec::new(),
            last_ns: at_ns,
            ended: None,
            detached: None,
            broke: None,
            gapped: false,
            gaps: None,
            timer_ns: u64::MAX,
            overfull: false,
            foreign: Vec::new(),
            ids: None,
            courses: listeners.courses.iter().map(start).collect(),
            monitors: Vec::new(),
        }
    }

    /// What is asked of it though it be packed.
    pub(super) fn whose(&self) -> Whose {
        let Self { key, user, run, connections, detached, .. } = self;
        let (key, connections) = (key.clone(), connections.clone());
        Whose { key, user: *user, run: *run, connections, is_waiting: detached.is_some() }
    }

    /// Whether this message has been here before; remembers it.
    pub(super) fn is_repeat(&mut self, id: Option<Scalar>, seen: &Seen) -> Option<i64> {
        let id = id?;
        let Ids { frames, by_age } = &mut **self.ids.get_or_insert_default();
        if let Some(frame) = frames.get(&(id, seen.name)) {
            return Some(*frame);
        }
        if frames.len() >= MAX_IDS
            && let Some(oldest) = by_age.pop_front()
        {
            frames.remove(&oldest);
        }
        frames.insert((id, seen.name), seen.frame);
        by_age.push_back((id, seen.name));
        None
    }

    /// Takes an event. What rules say at once is given, and when the first of them wants to be told
    /// the time.
    pub(super) fn event(
        &mut self,
        (event, seen): (&Event, Seen),
        (courses, watches, listeners): (&[Course], &[Watch], &Listeners),
        details: Details,
        (symbols, teller): (&Symbols, &mut Teller),
    ) -> (Vec<Judged>, u64) {
        self.last_ns = seen.at_ns;
        if self.courses.is_empty() && self.ended.is_none() && self.events.len() >= 2 * RECENT {
            // Without a lifecycle, only what is around a finding is ever looked at.
            self.events.drain(..RECENT);
        }
        if self.is_one_more(&seen, courses) {
            // Of a long stream, its first and its latest chunk are kept.
            if let Some(last) = self.events.last_mut() {
                *last = seen;
            }
        } else if self.events.len() < MAX_EVENTS {
            if self.events.len() == self.events.capacity() {
                self.events.reserve_exact(self.events.len().max(2));
            }
            self.events.push(seen);
            let field = |id| event.field(id);
            for (index, progress) in &mut self.courses {
                progress.event(&courses[*index], &self.events, &field);
            }
        } else {
            self.overfull = true;
        }
        let (mut judged, mut due_ns) = (Vec::new(), u64::MAX);
        let sent_ns = details.ts.and_then(|ts| match event.field(ts) {
            Some(Scalar::Integer(ns)) => Some(ns),
            _ => None,
        });
        for index in listeners.of(seen.name) {
            let watch = &watches[*index];
            let value = match &watch.rule.kind {
                RuleKind::Sequence { field, .. } => event.field(*field),
                _ => None,
            };
            let late = self.ended.is_some();
            let transport = !matches!(event.kind, Kind::Message | Kind::Undecodable);
            let body = event.body.as_deref();
            let fits = watch.rule.filter.is_none_or(|test| event.passes >> test & 1 == 1);
            let round_trip_ns = details.round_trip_ns;
            let look = Look {
                seen: &seen,
                value,
                sent_ns,
                symbols,
                late,
                transport,
                fits,
                body,
                round_trip_ns,
            };
            let key = watch.rule.key.and_then(|key| event.field(key));
            let mut verdicts = Verdicts::default();
            let monitor = monitor_of(&mut self.monitors, *index);
            monitor.event(watch, key, &look, &mut verdicts);
            due_ns = due_ns.min(monitor.deadline(watch).unwrap_or(u64::MAX));
            teller.activated(*index, verdicts.activations);
            if !verdicts.breaches.is_empty() || !verdicts.owed.is_empty() {
                judged.push(Judged::of(By::Watch(*index), Verdicts { activations: 0, ..verdicts }));
            }
        }
        (judged, due_ns)
    }

    /// Whether a beginning that comes after an end is of the same run: parts of it are open still,
    /// and its lifecycle lets it go on.
    pub(super) fn is_continued_by(&self, name: Symbol, courses: &[Course]) -> bool {
        let goes_on = |(index, progress): &(usize, Progress)| {
            progress.goes_on(&courses[*index], name, self.gapped)
        };
        self.courses.iter().any(goes_on)
    }

    pub(super) fn has_courses(&self) -> bool {
        !self.courses.is_empty()
    }

    /// Whether a beginning that comes while this is open is that of another run: its lifecycle has
    /// come on, has no place for it here, and it comes too long after to be a copy of the first.
    pub(super) fn is_restarted_by(
        &self,
        (seen, msg_id): (&Seen, Option<Scalar>),
        courses: &[Course],
    ) -> bool {
        let is_past =
            |(index, progress): &(usize, Progress)| progress.is_past(&courses[*index], seen.name);
        let has_come =
            |ids: &Ids| msg_id.is_some_and(|id| ids.frames.contains_key(&(id, seen.name)));
        if self.ids.as_deref().is_some_and(has_come) {
            return false;
        }
        let begun = self.events.iter().rfind(|other| other.name == seen.name);
        begun.is_some_and(|begun| seen.at_ns.saturating_sub(begun.at_ns) > MAX_COPY)
            && self.courses.iter().any(is_past)
    }

    /// Whether this is one more of the same, and changes nothing.
    fn is_one_more(&self, seen: &Seen, courses: &[Course]) -> bool {
        let same = |other: &Seen| {
            (other.name, other.detail, other.connection)
                == (seen.name, seen.detail, seen.connection)
        };
        let [.., before, last] = self.events[..] else { return false };
        same(&before)
            && same(&last)
            && self
                .courses
                .iter()
                .all(|(index, progress)| progress.stays(&courses[*index], seen.name))
    }

    /// There is a connection again; what broke the last one may explain what is missing later.
    pub(super) fn reattach(&mut self) {
        if let Some(detached) = self.detached.take()
            && (!detached.orderly || self.broke.is_none())
        {
            self.broke = Some(detached);
        }
    }

    /// It is `now_ns`, and nothing has come.
    pub(super) fn time(
        &mut self,
        watches: &[Watch],
        now_ns: u64,
        symbols: &Symbols,
    ) -> Vec<Judged> {
        let mut judged = Vec::new();
        for (index, monitor) in &mut self.monitors {
            let mut verdicts = Verdicts::default();
            monitor.time(&watches[*index], (now_ns, symbols), &mut verdicts);
            if !verdicts.breaches.is_empty() || !verdicts.owed.is_empty() {
                judged.push(Judged::of(By::Watch(*index), verdicts));
            }
        }
        judged
    }

    /// When it ends, if nothing more comes.
    pub(super) fn ends_ns(&self, scope: &Scope) -> u64 {
        match (&self.ended, &self.detached) {
            (Some((at_ns, _)), _) => self.last_ns.max(*at_ns).saturating_add(scope.linger),
            (None, Some(gone)) => gone.at_ns.saturating_add(scope.across_reconnect.unwrap_or(0)),
            (None, None) => self.last_ns.saturating_add(scope.idle),
        }
    }

    /// When the first of its rules wants to be told the time, and which: an index into the watches.
    pub(super) fn soonest(&self, watches: &[Watch]) -> Option<(u64, usize)> {
        let of = |(index, monitor): &(usize, Monitor)| {
            Some((monitor.deadline(&watches[*index])?, *index))
        };
        self.monitors.iter().filter_map(of).min()
    }

    /// What all its rules say at its end.
    pub(super) fn end(
        &mut self,
        (courses, watches, listeners): (&[Course], &[Watch], &Listeners),
        end: SliceEnd,
        at_ns: u64,
        symbols: &Symbols,
    ) -> Vec<Judged> {
        let ending = self.ending(end, at_ns, symbols);
        let mut judged: Vec<Judged> = self
            .courses
            .iter()
            .map(|(index, progress)| Judged {
                by: By::Course(*index),
                told: self.end_of(&courses[*index], progress, &ending),
                activations: 1,
            })
            .collect();
        for index in &listeners.watches {
            let mut verdicts = Verdicts::default();
            let stop = Stop { end, at_ns, symbols };
            if let Some((_, monitor)) = self.monitors.iter_mut().find(|(known, _)| known == index) {
                monitor.end(&watches[*index], stop, &mut verdicts);
            }
            judged.push(Judged::of(By::Watch(*index), verdicts));
        }
        judged
    }

    /// Whether the recording, or what is kept of it, does not tell all.
    pub(super) fn is_uncertain(&self) -> bool {
        self.gapped || self.overfull && !self.courses.is_empty()
    }

    /// The finding that tells that what is missing here went to somebody else.
    pub(super) fn went_elsewhere(&self, breach: &Breach) -> Option<usize> {
        let quiet = breach.code == Code::W202;
        if breach.code.class() != "missing" && breach.code != Code::E105 && !quiet {
            return None;
        }
        let mut foreign = self.foreign.iter();
        let told = foreign.find(|foreign| quiet || foreign.name == breach.about);
        told.map(|foreign| foreign.finding)
    }

    /// Whether one of its lifecycles does not allow what came.
    pub(super) fn is_astray(&self) -> bool {
        self.courses.iter().any(|(_, progress)| progress.is_astray())
    }

    /// Why something may be missing in it, as far as its connections tell.
    pub(super) fn cause(&self) -> Option<Cause> {
        if let Some(broke) = &self.broke {
            let back = self.events.iter().find(|seen| seen.at_ns > broke.at_ns);
            let then = match back {
                Some(seen) => {
                    format!("the next event came {} later", lasted(seen.at_ns - broke.at_ns))
                }
                None => "the client came back, and nothing more of this run came".to_owned(),
            };
            return Some(Cause { text: format!("{}; {then}", broke.text), frame: broke.frame });
        }
        let detached = self.detached.as_ref().filter(|detached| !detached.orderly)?;
        Some(Cause { text: detached.text.clone(), frame: detached.frame })
    }

    /// The events around `frames`, with an empty row where one is missing.
    pub(super) fn rows(
        &self,
        frames: &[i64],
        expected: Option<&super::finding::Expected>,
        symbols: &Symbols,
    ) -> Vec<Row> {
        let places: Vec<usize> = (0..self.events.len())
            .filter(|place| frames.contains(&self.events[*place].frame))
            .collect();
        let (Some(first), Some(last)) = (places.first(), places.last()) else { return Vec::new() };
        let (from, to) =
            (first.saturating_sub(CONTEXT), (last + CONTEXT + 1).min(self.events.len()));
        let mut rows = Vec::new();
        // In between, only what lies next to what is blamed.
        for place in from..to {
            let seen = &self.events[place];
            let previous = place.checked_sub(1).map(|place| self.events[place].frame);
            // The events of a batch have one frame: what is missing is not missing between them.
            let begins_frame = place == from || previous != Some(seen.frame);
            let ghost_before = expected.filter(|_| begins_frame).is_some_and(|expected| {
                expected.before == Some(seen.frame)
                    || expected.before.is_none() && previous.is_some() && expected.after == previous
            });
            if ghost_before && let Some(expected) = expected {
                rows.push(ghost(expected));
            }
            rows.push(Row {
                frame: Some(seen.frame),
                at_ns: Some(seen.at_ns),
                out: seen.out,
                event: symbols.text(seen.name).to_owned(),
                detail: seen.detail.map_or_else(String::new, |detail| detail.display(symbols)),
                remark: frames.contains(&seen.frame).then(String::new),
            });
        }
        let ends_here = to == self.events.len() && !rows.iter().any(|row| row.frame.is_none());
        if let Some(expected) = expected.filter(|_| ends_here) {
            rows.push(ghost(expected));
        }
        rows
    }
}

/// The state of a rule, begun now if it is new.
fn monitor_of(monitors: &mut Vec<(usize, Monitor)>, watch: usize) -> &mut Monitor {
    let place = monitors.iter().position(|(known, _)| *known == watch).unwrap_or_else(|| {
        monitors.reserve_exact(1);
        monitors.push((watch, Monitor::default()));
        monitors.len() - 1
    });
    &mut monitors[place].1
}

fn ghost(expected: &super::finding::Expected) -> Row {
    Row {
        frame: None,
        at_ns: None,
        out: false,
        event: expected.event.clone(),
        detail: expected.detail.clone().unwrap_or_default(),
        remark: Some("expected here".to_owned()),
    }
}

impl Judged {
    fn of(by: By, verdicts: Verdicts) -> Self {
        let Verdicts { breaches, owed, activations } = verdicts;
        Self { by, told: Told { breaches, owed, ..Told::default() }, activations }
    }
}

/// The values of a scope's key in an event; `None` where one is absent.
pub(super) fn key_of(parts: &[KeyPart], event: &Event, user: Option<Scalar>) -> Option<Key> {
    let mut key = Key::new();
    for part in parts {
        key.push(match part {
            KeyPart::Connection => Scalar::Integer(event.connection),
            KeyPart::User => user?,
            KeyPart::Field(field) => event.field(*field)?,
        });
    }
    Some(key)
}
