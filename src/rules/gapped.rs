//! A slice of which the recording lost something → what is wrong with it all the same.
//!
//! Where frames were lost, the slice may be in every state to which any events lead (rules.md, 2.4).
//! Only what no events at all could have made right is told; the rest is inconclusive.

use smallvec::SmallVec;

use super::automaton::Letter;
use super::course::{Child, Course, Ending, Progress, SubCourse, Told};
use super::finding::{Code, Expected, Side};
use super::monitors::{Breach, Seen, SliceEnd, named};
use super::slice::Slice;
use super::states::StateSet;
use super::track::{Pass, Track};

/// Events times states that are looked at: a tenth of a second's work, and hundreds of times what
/// runs have. Beyond it a slice is inconclusive.
const MAX_STEPS: usize = 1 << 22;

/// Places, among a slice's events, before which something was lost.
pub(super) type Gaps = SmallVec<[usize; 2]>;

/// Gaps of one slice that are told apart; the last one stands for those after it.
const MAX_GAPS: usize = 64;

/// Remembers that something was lost after `events` events.
fn remember(gaps: &mut Gaps, events: usize) {
    if gaps.last() == Some(&events) {
        return;
    }
    if gaps.len() < MAX_GAPS {
        gaps.push(events);
    } else if let Some(last) = gaps.last_mut() {
        *last = events;
    }
}

/// Which of the slice's events can't have come where it came, whatever was lost in the gaps.
fn impossible<'p>(
    track: &Track,
    word: impl Iterator<Item = &'p Pass>,
    gaps: &[usize],
) -> Option<usize> {
    let automaton = &track.automaton;
    let mut states = StateSet::start(automaton);
    let mut gaps = gaps.iter().copied().peekable();
    for pass in word {
        while gaps.next_if(|gap| *gap <= pass.at).is_some() {
            states = states.after_gap(automaton);
        }
        states = states.step(automaton, pass.letter);
        if states.is_empty() {
            return Some(pass.at);
        }
    }
    None
}

impl Progress {
    /// Tells what is wrong with a slice that has gaps. What it lacks may have been lost: only parts
    /// that lost nothing since they began are told to be unfinished.
    pub(super) fn end_with_gaps(
        &self,
        course: &Course,
        (events, gaps): (&[Seen], &[usize]),
        ending: &Ending<'_>,
    ) -> Told {
        let mut told = Told::default();
        let steps = events.len().saturating_mul(course.track.automaton.state_count());
        if steps > MAX_STEPS {
            return told;
        }
        let cut = ending.end == SliceEnd::Cut && self.ended_at.is_none();
        for child in self.children.iter().filter(|child| child.has_id()) {
            let sub = &course.subs[child.sub];
            let [first, ..] = child.walk.word[..] else { continue };
            let is_begun = begins(sub, first.letter);
            let before = gaps.partition_point(|gap| *gap <= first.at);
            // What was lost before it began was none of it.
            let gaps = if is_begun { &gaps[before..] } else { gaps };
            let at = impossible(&sub.track, child.walk.word.iter(), gaps);
            let waits = !cut && !self.may_stay_open(sub, &child.walk, events);
            let breach = match at {
                Some(at) => Some(not_allowed(&events[at], ending)),
                None if gaps.is_empty() && waits => unfinished(sub, child, events, ending),
                None => None,
            };
            told.parts.extend(breach.map(|breach| (sub.sub.severity, breach)));
        }
        let word = self.run.word.iter().filter(|pass| is_placed(course, pass, events));
        let at = impossible(&course.track, word, gaps);
        told.breaches.extend(at.map(|at| not_allowed(&events[at], ending)));
        told.is_certain = !told.is_empty();
        told
    }
}

fn begins(sub: &SubCourse, letter: Letter) -> bool {
    sub.track.automaton.next(sub.track.automaton.start(), letter).is_some()
}

/// Whether a letter of the run stands where it did: that a part was begun is seen by its first
/// event, which may have been lost.
fn is_placed(course: &Course, pass: &Pass, events: &[Seen]) -> bool {
    let name = events[pass.at].name;
    let letter_of = |sub: &SubCourse| sub.track.letters.get(&name).copied();
    let opens = |sub: &SubCourse| letter_of(sub).is_some_and(|letter| begins(sub, letter));
    course.track.letters.get(&name) == Some(&pass.letter) || course.subs.iter().any(opens)
}

impl Slice {
    /// The recording lost something that may have been of it.
    pub(super) fn lose(&mut self) {
        self.gapped = true;
        remember(self.gaps.get_or_insert_default(), self.events.len());
    }

    /// What a lifecycle says at its end.
    pub(super) fn end_of(&self, course: &Course, progress: &Progress, ending: &Ending<'_>) -> Told {
        match self.gaps.as_deref().filter(|_| !self.overfull) {
            Some(gaps) => progress.end_with_gaps(course, (&self.events, gaps), ending),
            None => progress.end(course, &self.events, ending),
        }
    }
}

impl Child {
    /// Without an id, nobody can tell which of several a later event is of.
    fn has_id(&self) -> bool {
        self.key.is_some()
    }
}

fn not_allowed(seen: &Seen, ending: &Ending<'_>) -> Breach {
    let here = named(seen, ending.symbols);
    Breach {
        code: Code::E110,
        at_ns: seen.at_ns,
        message: format!("{here} is not allowed here, whatever the recording lost"),
        frames: vec![seen.frame],
        expected: None,
        side: Some(if seen.out { Side::Client } else { Side::Server }),
        about: seen.name,
        standing: None,
    }
}

/// What has not come, though nothing was lost after what came last.
fn unfinished(
    sub: &SubCourse,
    child: &Child,
    events: &[Seen],
    ending: &Ending<'_>,
) -> Option<Breach> {
    let walk = &child.walk;
    let (last, state) = (walk.word.last()?, walk.state?);
    if sub.track.accepts(walk) {
        return None;
    }
    let (last, wanted) = (&events[last.at], sub.track.expected(Some(state)));
    let here = named(last, ending.symbols);
    Some(Breach {
        code: Code::E102,
        at_ns: last.at_ns,
        message: format!("{wanted} never came after {here}, whatever the recording lost"),
        frames: vec![last.frame],
        about: ending.symbols.find(&wanted).unwrap_or(last.name),
        expected: Some(Expected {
            event: wanted,
            detail: last.detail.map(|detail| detail.display(ending.symbols)),
            after: Some(last.frame),
            before: None,
        }),
        side: Some(Side::Server),
        standing: None,
    })
}
