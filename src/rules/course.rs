//! A lifecycle ready to follow, how far a slice has come in it, and what went wrong on the way.
//!
//! A slice is followed by one automaton for the run and one for each sub-lifecycle it opens: the
//! run itself sees only that a tool call began, so that any number of calls may overlap. What fits
//! costs one table look-up an event. Only what does not fit is aligned, and becomes breaches.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::events::{FieldId, Scalar, Symbol, Symbols};

use super::align::Op;
use super::automaton::{AutomatonError, Letter};
use super::book::{Lifecycle, Scope, Severity, Sub};
use super::explain::Explained;
use super::finding::Code;
use super::monitors::{Breach, Owed, Seen, SliceEnd};
use super::track::{Pass, Track, Walk};

/// Instances of sub-lifecycles followed in one slice.
const MAX_CHILDREN: usize = 4096;

/// Deviations told one by one; a slice with more does not follow its lifecycle at all.
const MAX_TOLD: usize = 3;

/// A lifecycle ready to follow.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) lifecycle: Lifecycle,
    pub(super) track: Track,
    pub(super) subs: Vec<SubCourse>,
    pub(super) begins: Vec<Symbol>,
    pub(super) ends: Vec<Symbol>,
}

#[derive(Debug)]
pub(super) struct SubCourse {
    pub(super) sub: Sub,
    pub(super) track: Track,
    /// What the run sees when an instance opens.
    opening: Option<Letter>,
    drained_by: Vec<Symbol>,
}

/// How far a slice has come.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) run: Walk,
    pub(super) children: Vec<Child>,
    /// Where the first end event is among the slice's events.
    pub(super) ended_at: Option<usize>,
    /// An event came that leads nowhere.
    astray: bool,
}

/// One instance of a sub-lifecycle.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Child {
    pub(super) sub: usize,
    pub(super) key: Option<Scalar>,
    fallback: Option<Scalar>,
    pub(super) walk: Walk,
}

/// The fields by which an event of a sub-lifecycle finds its instance.
pub(super) type FieldOf<'a> = dyn Fn(FieldId) -> Option<Scalar> + 'a;

/// What is told of a slice when it ends.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) breaches: Vec<Breach>,
    /// Of sub-lifecycles, which have severities of their own.
    pub(super) parts: Vec<(Severity, Breach)>,
    pub(super) owed: Vec<Owed>,
    /// What the first of the breaches breaks as well.
    pub(super) also: Vec<String>,
    /// It holds, whatever the recording lost.
    pub(super) is_certain: bool,
}

impl Told {
    pub(super) fn is_empty(&self) -> bool {
        self.breaches.is_empty() && self.parts.is_empty() && self.owed.is_empty()
    }

    /// All breaches, the gravest first, and what the first one breaks as well; `own` is how bad
    /// those are that are of no part.
    pub(super) fn by_severity(self, own: Severity) -> (Vec<(Severity, Breach)>, Vec<String>) {
        let mut all = self.parts;
        all.extend(self.breaches.into_iter().map(|breach| (own, breach)));
        all.sort_by_key(|(severity, _)| Reverse(*severity));
        (all, self.also)
    }
}

/// A slice's end, as people are told of it.
#[derive(Clone, Debug)]
pub(super) struct Ending<'a> {
    pub(super) end: SliceEnd,
    /// `the connection was closed (1000)`.
    pub(super) text: String,
    pub(super) symbols: &'a Symbols,
    pub(super) at_ns: u64,
}

impl Course {
    pub(super) fn new(
        lifecycle: &Lifecycle,
        scope: &Scope,
        symbols: &mut Symbols,
    ) -> Result<Self, AutomatonError> {
        let Lifecycle { pattern, alphabet, weights, subs, .. } = lifecycle;
        let track = Track::new(pattern, alphabet, weights, symbols)?;
        let subs = subs
            .iter()
            .map(|sub| {
                let own = Track::new(&sub.pattern, &[], &[], symbols)?;
                let opening = track.automaton.letter(&format!("@{}", sub.name));
                let drained_by = sub.drained_by.iter().map(|name| symbols.intern(name)).collect();
                Ok(SubCourse { sub: sub.clone(), track: own, opening, drained_by })
            })
            .collect::<Result<_, AutomatonError>>()?;
        let mut set = |names: &[String]| names.iter().map(|name| symbols.intern(name)).collect();
        let (begins, ends) = (set(&scope.begin), set(&scope.end));
        Ok(Self { lifecycle: lifecycle.clone(), track, subs, begins, ends })
    }

    pub(super) fn start(&self) -> Progress {
        Progress { run: self.track.walk(), children: Vec::new(), ended_at: None, astray: false }
    }

    /// The names of all events that have a place in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let tracks = std::iter::once(&self.track).chain(self.subs.iter().map(|sub| &sub.track));
        let names = tracks.flat_map(|track| track.automaton.letters());
        names.map(AsRef::as_ref).filter(|name: &&str| !name.starts_with('@'))
    }

    /// The same, as symbols.
    pub(super) fn symbols(&self) -> impl Iterator<Item = Symbol> {
        let tracks = std::iter::once(&self.track).chain(self.subs.iter().map(|sub| &sub.track));
        tracks.flat_map(|track| track.letters.keys().copied())
    }

    /// Whether an event of this name has a place in it.
    pub(super) fn knows(&self, name: Symbol) -> bool {
        self.track.letters.contains_key(&name)
            || self.subs.iter().any(|sub| sub.track.letters.contains_key(&name))
    }
}

impl Progress {
    /// Whether an event of this name would change nothing: a stream's next chunk, say.
    pub(super) fn stays(&self, course: &Course, name: Symbol) -> bool {
        let Some(state) = self.run.state else { return false };
        let letter = course.track.letters.get(&name);
        letter.is_some_and(|letter| course.track.automaton.next(state, *letter) == Some(state))
    }

    /// Whether the run has come on since it began, and a beginning, of this name, may not come here.
    pub(super) fn is_past(&self, course: &Course, name: Symbol) -> bool {
        let Some(state) = self.run.state else { return false };
        let letter = course.track.letters.get(&name);
        let barred =
            letter.is_some_and(|letter| course.track.automaton.next(state, *letter).is_none());
        barred && self.run.word.len() > 1
    }

    /// Whether an event of this name may come next, and parts are open, or may be: what opened them
    /// was lost.
    pub(super) fn goes_on(&self, course: &Course, name: Symbol, gapped: bool) -> bool {
        let letter = course.track.letters.get(&name);
        let next = self.run.state.zip(letter);
        let next = next.and_then(|(state, letter)| course.track.automaton.next(state, *letter));
        let open = |child: &Child| !course.subs[child.sub].track.accepts(&child.walk);
        next.is_some() && (gapped || self.children.iter().any(open))
    }

    /// Takes the slice's latest event.
    pub(super) fn event(&mut self, course: &Course, events: &[Seen], field: &FieldOf<'_>) {
        let Some(at) = events.len().checked_sub(1) else { return };
        let seen = &events[at];
        if course.ends.contains(&seen.name) && self.ended_at.is_none() {
            self.ended_at = Some(at);
        }
        if let Some(letter) = course.track.letters.get(&seen.name) {
            self.run.step(&course.track, Pass { letter: *letter, at });
            self.astray |= self.run.state.is_none();
            return;
        }
        let sub = course.subs.iter().position(|sub| sub.track.letters.contains_key(&seen.name));
        if let Some(index) = sub {
            self.child((course, index), (at, seen.name), field);
        }
    }

    fn child(
        &mut self,
        (course, index): (&Course, usize),
        (at, name): (usize, Symbol),
        field: &FieldOf<'_>,
    ) {
        let sub = &course.subs[index];
        let letter = sub.track.letters[&name];
        let key = sub.sub.key.and_then(field);
        let fallback = sub.sub.fallback.and_then(field);
        let takes = |child: &Child| {
            child.walk.state.is_some_and(|state| sub.track.automaton.next(state, letter).is_some())
        };
        let mine = |child: &Child| {
            child.sub == index
                && if key.is_some() { child.key == key } else { child.fallback == fallback }
        };
        // By id there is one instance; without, the oldest that still waits for this.
        let found = match key {
            Some(_) => self.children.iter().position(mine),
            None => self.children.iter().position(|child| mine(child) && takes(child)),
        };
        let child = match found {
            Some(child) => child,
            None if self.children.len() < MAX_CHILDREN => {
                if let Some(opening) = sub.opening {
                    self.run.step(&course.track, Pass { letter: opening, at });
                }
                let walk = sub.track.walk();
                self.children.push(Child { sub: index, key, fallback, walk });
                self.children.len() - 1
            }
            None => return,
        };
        let walk = &mut self.children[child].walk;
        walk.step(&sub.track, Pass { letter, at });
        self.astray |= walk.state.is_none() || self.run.state.is_none();
    }

    /// Whether something came that is not allowed where it came.
    pub(super) fn is_astray(&self) -> bool {
        self.astray
    }

    /// Where the run left its course, without a word on why.
    pub(super) fn unexplained(
        &self,
        course: &Course,
        events: &[Seen],
        ending: &Ending<'_>,
    ) -> Told {
        let track = &course.track;
        let explained = Explained { course, track, walk: &self.run, events, ending };
        let ops = track.first_deviation(&self.run);
        Told {
            breaches: ops.iter().map(|op| explained.unexplained(op)).collect(),
            ..Told::default()
        }
    }

    /// Tells what went wrong, and what is owed.
    pub(super) fn end(&self, course: &Course, events: &[Seen], ending: &Ending<'_>) -> Told {
        let mut told = self.deviations(course, events, ending);
        self.tell_intrusions(course, events, ending.symbols, &mut told);
        told
    }

    fn deviations(&self, course: &Course, events: &[Seen], ending: &Ending<'_>) -> Told {
        let mut told = Told::default();
        // What has ended in order owes nothing more, though the recording be cut after it.
        let cut = ending.end == SliceEnd::Cut && self.ended_at.is_none();
        for child in self.paired(course) {
            self.end_child(course, (&child, events), (ending, cut), &mut told);
        }
        let unfinished = told.parts.iter().any(|(severity, breach)| {
            breach.code == Code::E102 && *severity >= course.lifecycle.severity
        });
        let track = &course.track;
        if track.accepts(&self.run) {
            return told;
        }
        if cut && self.run.state.is_some() {
            if let (Some(last), true) = (events.last(), told.owed.is_empty()) {
                let waiting_for = track.expected(self.run.state);
                told.owed.push(Owed { waiting_for, since_ns: last.at_ns, frame: last.frame });
            }
            return told;
        }
        // That another of a sub-lifecycle opens is no repeat, nor is what has no id and may come
        // more than once: nobody can tell that it is the same.
        let by_name = |pass: &Pass| {
            let seen = &events[pass.at];
            let known = seen.detail.is_some() || !track.repeats[usize::from(pass.letter.0)];
            let own = track.letters.contains_key(&seen.name);
            (own && known).then_some((seen.name, seen.detail))
        };
        let ops = track.align(&self.run, by_name, cut);
        let mut breaches = Vec::new();
        for op in ops.iter().filter(|op| !matches!(op, Op::Sync { .. })) {
            let explained = Explained { course, track, walk: &self.run, events, ending };
            let breach = explained.breach(op, self.ended_at);
            // The run can't have completed while a call had not.
            if unfinished && breach.code == Code::E101 {
                told.also.push(format!("{}: {}", course.lifecycle.id, breach.message));
            } else {
                breaches.push(breach);
            }
        }
        if breaches.len() > MAX_TOLD {
            let first = breaches.swap_remove(0);
            let count = breaches.len();
            let message = format!(
                "does not follow {}: {}, and {count} more deviations",
                course.lifecycle.id, first.message
            );
            breaches = vec![Breach { code: Code::E110, message, ..first }];
        }
        told.breaches.extend(breaches);
        told
    }

    /// The instances, where an end that came before its beginning is one with it: without ids,
    /// that they belong together shows only at the end.
    fn paired(&self, course: &Course) -> Vec<Child> {
        let mut children: Vec<Child> = Vec::with_capacity(self.children.len());
        for child in &self.children {
            let track = &course.subs[child.sub].track;
            let begun = child.walk.state.is_some() && !track.accepts(&child.walk);
            let orphan = children.iter_mut().find(|other| {
                (other.sub, other.key, other.fallback) == (child.sub, child.key, child.fallback)
                    && other.walk.state.is_none()
                    && child.walk.word.iter().all(|pass| {
                        other.walk.word.iter().all(|before| before.letter != pass.letter)
                    })
            });
            match orphan.filter(|_| begun) {
                Some(orphan) => orphan.walk.word.extend(&child.walk.word),
                None => children.push(child.clone()),
            }
        }
        children
    }

    /// Whether nobody waits for the rest of an instance: its run failed, say.
    pub(super) fn may_stay_open(&self, sub: &SubCourse, walk: &Walk, events: &[Seen]) -> bool {
        let end = self.ended_at.map(|end| events[end].name);
        let waits = match end {
            Some(end) if !sub.drained_by.is_empty() => sub.drained_by.contains(&end),
            _ => sub.sub.drain,
        };
        walk.state.is_some() && !waits
    }

    fn end_child(
        &self,
        course: &Course,
        (child, events): (&Child, &[Seen]),
        (ending, cut): (&Ending<'_>, bool),
        told: &mut Told,
    ) {
        let sub = &course.subs[child.sub];
        let explained = Explained { course, track: &sub.track, walk: &child.walk, events, ending };
        if let Some(end) = self.ended_at.filter(|_| !sub.drained_by.is_empty()) {
            match child.walk.goes_on_after(end, &sub.track) {
                // That it began at all is told of the run.
                Some(0) => return,
                Some(late) => {
                    let late = explained.after_end(late, end);
                    return told.parts.push((sub.sub.severity, late));
                }
                None => {}
            }
        }
        if sub.track.accepts(&child.walk) || self.may_stay_open(sub, &child.walk, events) {
            return;
        }
        let last = child.walk.word.last().map(|pass| &events[pass.at]);
        if let (true, Some(last), Some(state)) = (cut, last, child.walk.state) {
            let waiting_for = sub.track.expected(Some(state));
            told.owed.push(Owed { waiting_for, since_ns: last.at_ns, frame: last.frame });
            return;
        }
        let ops = sub.track.align(&child.walk, |pass| Some(pass.letter), cut);
        for op in ops.iter().filter(|op| !matches!(op, Op::Sync { .. })) {
            told.parts.push((sub.sub.severity, explained.child_breach(op, self.ended_at)));
        }
    }
}
