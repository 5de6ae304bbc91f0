//! Events, in the order of their frames → findings: slices them, keeps the time, and tells each
//! cause once.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use crate::events::{Event, Kind, Map, Scalar, Symbol, Symbols};
use crate::wire::Marks;

use super::automaton::AutomatonError;
use super::book::{RuleBook, RuleKind, Scope, Severity};
use super::course::Course;
use super::finding::{Finding, Pending, Tally};
use super::isolation::Owners;
use super::listeners::Listeners;
use super::monitors::{Seen, SliceEnd, Watch};
use super::provisional::Suspects;
use super::resume::Streams;
use super::session::Sessions;
use super::slice::{Detached, Details, Judged, Key, Slice, key_of};
use super::slices::Slices;
use super::told::Teller;
use super::tombstones::Tombstones;

/// Follows the events of a recording by a rule book.
#[derive(Debug)]
pub struct Engine {
    pub(super) book: RuleBook,
    pub(super) courses: Vec<Course>,
    pub(super) watches: Vec<Watch>,
    pub(super) details: Details,
    pub(super) scopes: Vec<ScopeState>,
    pub(super) sessions: Sessions,
    owners: Owners,
    pub(super) streams: Streams,
    /// Who was cut off and is not back.
    pub(super) away: Map<Scalar, (Detached, i64)>,
    /// Connections of which something was lost; 0 for all of them.
    pub(super) gapped: HashSet<i64>,
    timers: BinaryHeap<Reverse<(u64, usize, u64)>>,
    pub(super) now_ns: u64,
    pub(super) teller: Teller,
    pub(super) suspects: Suspects,
}

/// An event, and whose connection it is on.
#[derive(Clone, Copy)]
pub(super) struct Now<'a> {
    event: &'a Event,
    pub(super) seen: Seen,
    user: Option<Scalar>,
    /// The scope in which this has begun a new slice while one was open.
    restarted: Option<usize>,
}

#[derive(Debug, Default)]
pub(super) struct ScopeState {
    pub(super) begins: Vec<Symbol>,
    pub(super) ends: Vec<Symbol>,
    pub(super) slices: Slices,
    pub(super) listeners: Listeners,
    tombstones: Tombstones,
    evicted: u64,
}

impl Engine {
    /// An engine for `book`; its names become `symbols`.
    ///
    /// # Errors
    /// A lifecycle that is too large or that nothing can satisfy.
    pub fn new(book: RuleBook, symbols: &mut Symbols) -> Result<Self, AutomatonError> {
        let courses = book
            .lifecycles
            .iter()
            .map(|lifecycle| Course::new(lifecycle, &book.scopes[lifecycle.scope], symbols))
            .collect::<Result<Vec<_>, _>>()?;
        let watches: Vec<Watch> = {
            let caps = book.caps;
            book.rules.iter().map(|rule| Watch::new(rule, caps, symbols)).collect()
        };
        let mut state = |(index, scope): (usize, &Scope)| ScopeState {
            begins: scope.begin.iter().map(|name| symbols.intern(name)).collect(),
            ends: scope.end.iter().map(|name| symbols.intern(name)).collect(),
            listeners: Listeners::new(index, &courses, &watches),
            ..ScopeState::default()
        };
        let scopes = book.scopes.iter().enumerate().map(&mut state).collect();
        let field = |name| book.reading.field(name);
        let details = Details {
            run: field("run"),
            call: field("call"),
            tool: field("tool"),
            agent: field("agent"),
            msg_id: field("msg_id"),
            ts: field("ts"),
            round_trip_ns: 0,
        };
        let teller = Teller::new(&book, (&courses, &watches));
        Ok(Self {
            sessions: Sessions::new(book.reading.field("user")),
            owners: Owners::default(),
            streams: Streams::default(),
            courses,
            watches,
            details,
            scopes,
            away: Map::default(),
            gapped: HashSet::new(),
            timers: BinaryHeap::new(),
            now_ns: 0,
            teller,
            suspects: Suspects::default(),
            book,
        })
    }

    /// Takes the next event. The findings that this made or changed, by their index.
    pub fn event(&mut self, event: &Event, symbols: &Symbols) -> Vec<usize> {
        self.time(event.at_ns, symbols);
        self.now_ns = self.now_ns.max(event.at_ns);
        let user = self.sessions.event(event);
        if event.marks.has(Marks::VIOLATIONS) {
            self.teller.violation(event, &self.sessions, symbols);
        }
        self.details.round_trip_ns = self.sessions.round_trip_ns(event.connection);
        let seen = self.seen(event);
        match event.kind {
            Kind::Gap => self.gap(event),
            Kind::Undecodable => self.teller.undecodable(event, &self.sessions, symbols),
            Kind::Close | Kind::Abort | Kind::Refused => {
                self.teller.connection_event(event, &self.sessions, symbols);
            }
            _ => {}
        }
        if event.kind == Kind::Open {
            self.come_back(event, user, symbols);
        }
        let foreign = self.isolation(event, user, symbols);
        let again = !foreign && self.is_sent_again(event, user, symbols);
        if !foreign && !again && event.kind != Kind::Gap {
            let mut now = Now { event, seen, user, restarted: None };
            for scope in 0..self.scopes.len() {
                now.restarted = self.in_scope(scope, now, symbols).or(now.restarted);
            }
        }
        if matches!(event.kind, Kind::Close | Kind::Abort) {
            self.detach(event, user, symbols);
        }
        self.teller.take_changes()
    }

    /// It is `now_ns`: deadlines before that have passed.
    pub fn time(&mut self, now_ns: u64, symbols: &Symbols) {
        while let Some(Reverse((at_ns, scope, number))) = self.timers.peek().copied() {
            if at_ns >= now_ns {
                break;
            }
            self.timers.pop();
            self.fire(scope, number, at_ns, symbols);
        }
    }

    /// The findings that passing time has made or changed since the last event, by their index.
    pub fn changes(&mut self) -> Vec<usize> {
        self.teller.take_changes()
    }

    /// The recording ends here. Whether it was finished in order.
    pub fn end(&mut self, at_ns: u64, symbols: &Symbols) {
        self.time(at_ns, symbols);
        for scope in 0..self.scopes.len() {
            while let Some(number) = self.scopes[scope].slices.oldest() {
                let Some(slice) = self.scopes[scope].slices.get_mut(number) else { break };
                let end = match (&slice.ended, &slice.detached) {
                    (Some(_), _) => SliceEnd::Complete,
                    (None, Some(detached)) if detached.orderly => SliceEnd::Closed,
                    _ => SliceEnd::Cut,
                };
                self.bury((scope, number), end, at_ns, symbols);
            }
        }
        self.now_ns = self.now_ns.max(at_ns);
        let mut away: Vec<_> = std::mem::take(&mut self.away).into_iter().collect();
        away.sort_by_key(|(_, (gone, _))| gone.at_ns);
        for (user, (gone, connection)) in away {
            self.returned((&gone, connection), None, Some(user), symbols);
        }
        self.teller.finish();
    }

    /// All findings, in the order in which they were made.
    pub fn findings(&self) -> &[Finding] {
        self.teller.findings()
    }

    /// What was open when the recording ended.
    pub fn pending(&self) -> &[Pending] {
        self.teller.pending()
    }

    /// What each rule had to say.
    pub fn tallies(&self) -> &[Tally] {
        self.teller.tallies()
    }

    /// Rules that are not judged: schemas whose file is not there.
    pub fn unjudged(&self) -> impl Iterator<Item = &str> {
        let without =
            |rule: &&super::book::Rule| matches!(rule.kind, RuleKind::Schema { text: None, .. });
        self.book.rules.iter().filter(without).map(|rule| rule.id.as_str())
    }

    /// What limits left out: findings beyond the first hundred thousand, and slices that were
    /// given up for newer ones.
    pub fn left_out(&self) -> (u64, u64) {
        (self.teller.dropped(), self.scopes.iter().map(|scope| scope.evicted).sum())
    }

    /// The users that were seen, and their connections.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// The rules.
    pub fn book(&self) -> &RuleBook {
        &self.book
    }

    /// What tells an event from others of its name.
    pub fn detail_of(&self, event: &Event) -> Option<Scalar> {
        let details = self.details;
        [details.tool, details.call, details.agent]
            .into_iter()
            .flatten()
            .find_map(|field| event.field(field))
    }

    fn seen(&self, event: &Event) -> Seen {
        Seen {
            frame: event.frames.1,
            at_ns: event.at_ns,
            connection: event.connection,
            out: event.direction == crate::wire::Direction::ClientToServer,
            name: event.name,
            detail: self.detail_of(event),
        }
    }

    /// Whether the event belongs to somebody else, which is told.
    fn isolation(&mut self, event: &Event, user: Option<Scalar>, symbols: &Symbols) -> bool {
        let mut foreign = false;
        for index in 0..self.watches.len() {
            let watch = &self.watches[index];
            let RuleKind::Isolation { keys, owner, .. } = &watch.rule.kind else { continue };
            let of = (&keys[..], *owner, &*watch.names[0]);
            let Some(wrong) = self.owners.event(event, user, of, symbols) else {
                continue;
            };
            let run = self.details.run.and_then(|run| event.field(run));
            let wrong = super::isolation::Wrong { run, ..wrong };
            if foreign {
                // Whose it is not was told by a graver rule.
                continue;
            }
            // Where sharing is no more than a hint, the event still counts as this user's.
            foreign = watch.rule.severity == Severity::Error;
            let told = self.teller.foreign((&watch.rule, &wrong), event, &self.sessions, symbols);
            let name = event.name;
            let Some(run) = run else { continue };
            for scope in &mut self.scopes {
                for number in scope.slices.that(|whose| whose.run == Some(run)) {
                    if let Some(slice) = scope.slices.get_mut(number) {
                        slice.foreign.push(super::slice::Foreign { name, finding: told });
                    }
                }
            }
        }
        foreign
    }

    /// Gives the scope, if this has begun a slice of it anew while one was open.
    fn in_scope(&mut self, scope: usize, now: Now<'_>, symbols: &Symbols) -> Option<usize> {
        let Now { event, seen, user, .. } = now;
        let Some(key) = key_of(&self.book.scopes[scope].key, event, user) else {
            return self.unplaced(scope, &now, symbols);
        };
        let mut restarted = None;
        let begins = self.scopes[scope].begins.contains(&event.name);
        let number = match self.scopes[scope].slices.find(&key) {
            Some(number) if begins && self.has_begun_again((scope, number), &now) => {
                let slice = self.scopes[scope].slices.get_mut(number);
                let ended = slice.is_some_and(|slice| slice.ended.is_some());
                let end = if ended { SliceEnd::Complete } else { SliceEnd::Superseded };
                restarted = (!ended).then_some(scope);
                self.bury((scope, number), end, event.at_ns, symbols);
                self.open((scope, key), event, user, symbols)
            }
            Some(number) => number,
            None => match self.scopes[scope].tombstones.get(&key) {
                Some(end) if !begins => {
                    let mut courses = self.courses.iter();
                    let judged = courses.any(|course| course.lifecycle.scope == scope);
                    if !judged || self.has_gap(event.connection) {
                        return None;
                    }
                    self.teller.straggler(&seen, end, (&key, user), symbols);
                    return None;
                }
                _ if !begins && !self.is_of_interest(scope, event) => return None,
                _ => self.open((scope, key), event, user, symbols),
            },
        };
        self.feed((scope, number), event, seen, symbols);
        restarted
    }

    /// A second beginning of the same key starts a new slice after the first has ended, or where
    /// it can only be that of another run; else the lifecycle says what it is. What has no
    /// lifecycle, and is a part of what was begun anew, is begun anew with it.
    fn has_begun_again(&mut self, (scope, number): (usize, u64), now: &Now<'_>) -> bool {
        let seen = &now.seen;
        let Some(slice) = self.scopes[scope].slices.get_mut(number) else { return false };
        match slice.ended {
            Some((at_ns, _)) => {
                seen.at_ns >= at_ns && !slice.is_continued_by(seen.name, &self.courses)
            }
            None if slice.has_courses() => {
                let msg_id = self.details.msg_id.and_then(|field| now.event.field(field));
                slice.is_restarted_by((seen, msg_id), &self.courses)
            }
            None => now.restarted.is_some_and(|whole| {
                let scopes = &self.book.scopes;
                scopes[whole].key.iter().all(|part| scopes[scope].key.contains(part))
            }),
        }
    }

    /// Only events that a scope's rules know open a slice that declares how it begins.
    fn is_of_interest(&self, scope: usize, event: &Event) -> bool {
        if self.scopes[scope].begins.is_empty() {
            return true;
        }
        let mut courses = self.courses.iter().filter(|course| course.lifecycle.scope == scope);
        courses.any(|course| course.knows(event.name))
    }

    /// The oldest slice goes: if it has ended, it is judged a little early; if not, what it owes
    /// is nobody's fault.
    fn make_room(&mut self, scope: usize, now_ns: u64, symbols: &Symbols) {
        let state = &mut self.scopes[scope];
        let Some(oldest) = state.slices.oldest() else { return };
        let Some(slice) = state.slices.get_mut(oldest) else { return };
        if slice.ended.is_some() {
            self.bury((scope, oldest), SliceEnd::Complete, now_ns, symbols);
        } else if state.slices.remove(oldest).is_some() {
            state.evicted += 1;
        }
    }

    fn open(
        &mut self,
        (scope, key): (usize, Key),
        event: &Event,
        user: Option<Scalar>,
        symbols: &Symbols,
    ) -> u64 {
        let listeners = &self.scopes[scope].listeners;
        let mut slice = Slice::new(key, listeners, &self.courses, event.at_ns);
        slice.user = user;
        // Its beginning may be what was lost.
        let begins = &self.scopes[scope].begins;
        if !begins.is_empty() && !begins.contains(&event.name) && self.has_gap(event.connection) {
            slice.lose();
        }
        slice.run = self.details.run.and_then(|run| event.field(run));
        while self.scopes[scope].slices.len() >= self.book.scopes[scope].max_open.max(1) {
            self.make_room(scope, event.at_ns, symbols);
        }
        self.scopes[scope].slices.push(slice)
    }

    fn feed(
        &mut self,
        (scope, number): (usize, u64),
        event: &Event,
        seen: Seen,
        symbols: &Symbols,
    ) {
        let details = self.details;
        let state = &mut self.scopes[scope];
        let Some(slice) = state.slices.get_mut(number) else { return };
        if !slice.connections.contains(&event.connection) {
            slice.connections.push(event.connection);
        }
        slice.reattach();
        let msg_id = details.msg_id.and_then(|field| event.field(field));
        if let Some(first) = slice.is_repeat(msg_id, &seen) {
            let run = self.details.run.and_then(|run| event.field(run));
            self.teller.repeat(slice, (&seen, run), (msg_id, first), symbols);
            return;
        }
        let rules = (&self.courses[..], &self.watches[..]);
        let all = (rules.0, rules.1, &state.listeners);
        let (judged, due_ns) =
            slice.event((event, seen), all, details, (symbols, &mut self.teller));
        let is_end = state.ends.contains(&event.name);
        self.suspects.event((scope, number), slice, is_end);
        if slice.ended.is_none() && is_end {
            slice.ended = Some((event.at_ns, slice.events.len().saturating_sub(1)));
        }
        self.teller.judged(rules, slice, judged, symbols);
        let strict = |course: &&Course| course.lifecycle.scope == scope && course.lifecycle.strict;
        for course in self.courses.iter().filter(strict) {
            if event.kind == Kind::Message && !course.knows(event.name) {
                self.teller.unknown(course, (slice, &seen), symbols);
            }
        }
        let next_ns = slice.ends_ns(&self.book.scopes[scope]).min(due_ns);
        self.wake((scope, number), next_ns);
    }

    /// Sets a slice's timer by all that it waits for.
    pub(super) fn set_timer(&mut self, scope: usize, number: u64) {
        let Some(slice) = self.scopes[scope].slices.get_mut(number) else { return };
        let ends_ns = slice.ends_ns(&self.book.scopes[scope]);
        let next_ns = slice.soonest(&self.watches).map_or(ends_ns, |(due, _)| due.min(ends_ns));
        self.wake((scope, number), next_ns);
    }

    /// One timer a slice: one that is set too early asks again when it fires.
    fn wake(&mut self, (scope, number): (usize, u64), at_ns: u64) {
        if let Some(slice) = self.scopes[scope].slices.get_mut(number)
            && at_ns < slice.timer_ns
        {
            slice.timer_ns = at_ns;
            self.timers.push(Reverse((at_ns, scope, number)));
        }
    }

    fn fire(&mut self, scope: usize, number: u64, at_ns: u64, symbols: &Symbols) {
        let Some(slice) = self.scopes[scope].slices.get_mut(number) else { return };
        if at_ns != slice.timer_ns {
            // Another one was set for earlier.
            return;
        }
        slice.timer_ns = u64::MAX;
        if at_ns >= slice.ends_ns(&self.book.scopes[scope]) {
            let end = match (&slice.ended, &slice.detached) {
                (Some(_), _) => SliceEnd::Complete,
                (None, Some(gone)) if gone.orderly => SliceEnd::Closed,
                (None, Some(_)) => SliceEnd::Lost,
                (None, None) => SliceEnd::Idle,
            };
            self.bury((scope, number), end, at_ns, symbols);
            return;
        }
        let due = slice.soonest(&self.watches).is_some_and(|(due, _)| due <= at_ns);
        if due {
            let judged = slice.time(&self.watches, at_ns.saturating_add(1), symbols);
            self.teller.judged((&self.courses, &self.watches), slice, judged, symbols);
        }
        self.set_timer(scope, number);
    }

    pub(super) fn bury(
        &mut self,
        (scope, number): (usize, u64),
        end: SliceEnd,
        at_ns: u64,
        symbols: &Symbols,
    ) {
        let state = &mut self.scopes[scope];
        let Some(mut slice) = state.slices.remove(number) else { return };
        let last = slice.ended.and_then(|(_, place)| slice.events.get(place));
        if let Some(last) = last.filter(|_| !state.begins.is_empty()) {
            state.tombstones.bury(&slice.key, last.into());
        }
        let rules = (&self.courses[..], &self.watches[..]);
        let all = (rules.0, rules.1, &self.scopes[scope].listeners);
        let judged: Vec<Judged> = slice.end(all, end, at_ns, symbols);
        let before = self.teller.findings.len();
        self.teller.ended(rules, (&slice, end), judged, symbols);
        self.suspects.ended((scope, number), &self.teller, before);
    }
}
