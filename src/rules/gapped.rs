//! A slice of which the recording lost something → what is wrong with it all the same.
//!
//! Where frames were lost, the slice may be in every state to which any events lead (rules.md, 2.4).
//! Only what no events at all could have made right is told; the rest is inconclusive.

use smallvec::SmallVec;

use super::course::{Child, Course, Ending, Progress, SubCourse, Told};
use super::finding::{Code, Expected, Side};
use super::monitors::{Breach, Seen, SliceEnd, named};
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
pub(super) fn remember(gaps: &mut Gaps, events: usize) {
    if gaps.last() == Some(&events) {
        return;
    }
    if gaps.len() < MAX_GAPS {
        gaps.push(events);
    } else if let Some(last) = gaps.last_mut() {
        *last = events;
    }
}

/// What is followed: letters on a track, with holes.
struct Holey<'a> {
    track: &'a Track,
    gaps: &'a [usize],
    /// How many of the slice's events there are.
    events: usize,
}

/// Where letters led.
enum Led {
    /// The last of these can't have come, whatever was lost.
    Nowhere(usize),
    To(StateSet),
}

impl Holey<'_> {
    fn follow<'p>(&self, word: impl Iterator<Item = &'p Pass>) -> Led {
        let automaton = &self.track.automaton;
        let mut states = StateSet::start(automaton);
        let mut gaps = self.gaps.iter().copied().peekable();
        for pass in word {
            while gaps.next_if(|gap| *gap <= pass.at).is_some() {
                states = states.after_gap(automaton);
            }
            states = states.step(automaton, pass.letter);
            if states.is_empty() {
                return Led::Nowhere(pass.at);
            }
        }
        if gaps.any(|gap| gap <= self.events) {
            states = states.after_gap(automaton);
        }
        Led::To(states)
    }
}

impl Progress {
    /// Tells what is wrong with a slice that has gaps.
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
        let of = |track| Holey { track, gaps, events: events.len() };
        let cut = ending.end == SliceEnd::Cut && self.ended_at.is_none();
        for child in self.children.iter().filter(|child| child.has_id()) {
            let sub = &course.subs[child.sub];
            let breach = match of(&sub.track).follow(child.walk.word.iter()) {
                Led::Nowhere(at) => Some(impossible(&events[at], ending)),
                Led::To(states) if states.any_accepting(&sub.track.automaton) => None,
                Led::To(_) if cut || self.may_stay_open(sub, &child.walk, events) => None,
                Led::To(states) => {
                    unfinished(&sub.track, &states, (child.walk.word.last(), events), ending)
                        .map(|breach| Breach { code: Code::E102, ..breach })
                }
            };
            told.parts.extend(breach.map(|breach| (sub.sub.severity, breach)));
        }
        let opens = |pass: &&Pass| Self::is_opening(course, pass, events);
        match of(&course.track).follow(self.run.word.iter().filter(opens)) {
            Led::Nowhere(at) => told.breaches.push(impossible(&events[at], ending)),
            Led::To(states) if cut || states.any_accepting(&course.track.automaton) => {}
            Led::To(states) if told.parts.is_empty() => {
                let last = self.run.word.last();
                let breach = unfinished(&course.track, &states, (last, events), ending);
                told.breaches.extend(breach.map(|breach| Breach { code: Code::E101, ..breach }));
            }
            Led::To(_) => {}
        }
        told.is_certain = !told.is_empty();
        told
    }

    /// Whether a letter of the run stands where it did: that a part was begun is seen by its first
    /// event, which may have been lost.
    fn is_opening(course: &Course, pass: &Pass, events: &[Seen]) -> bool {
        let name = events[pass.at].name;
        let of_run = course.track.letters.get(&name) == Some(&pass.letter);
        let begins = |sub: &SubCourse| {
            let letter = sub.track.letters.get(&name);
            letter.is_some_and(|letter| {
                sub.track.automaton.next(sub.track.automaton.start(), *letter).is_some()
            })
        };
        of_run || course.subs.iter().any(begins)
    }
}

impl Child {
    /// Without an id, nobody can tell which of several a later event is of.
    fn has_id(&self) -> bool {
        self.key.is_some()
    }
}

fn impossible(seen: &Seen, ending: &Ending<'_>) -> Breach {
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
    track: &Track,
    states: &StateSet,
    (last, events): (Option<&Pass>, &[Seen]),
    ending: &Ending<'_>,
) -> Option<Breach> {
    let last = &events[last?.at];
    let expected = states.expected(&track.automaton);
    let names = expected.iter().map(|letter| track.automaton.name(*letter));
    let names: Vec<&str> = names.filter(|name| !name.starts_with('@')).collect();
    let wanted = names.join("/");
    let here = named(last, ending.symbols);
    let message = format!("{wanted} never came after {here}, whatever the recording lost");
    Some(Breach {
        code: Code::E109,
        at_ns: last.at_ns,
        message,
        frames: vec![last.frame],
        expected: Some(Expected {
            event: wanted,
            detail: last.detail.map(|detail| detail.display(ending.symbols)),
            after: Some(last.frame),
            before: None,
        }),
        side: Some(Side::Server),
        about: names.first().and_then(|name| ending.symbols.find(name)).unwrap_or(last.name),
        standing: None,
    })
}
