//! An operation of an alignment → a breach, in the words of whoever reads the wire.

use crate::events::Symbol;

use super::align::Op;
use super::automaton::Letter;
use super::course::{Course, Ending};
use super::finding::{Code, Expected, Side};
use super::monitors::{Breach, Seen, SliceEnd, came_after, lasted, named};
use super::track::{Track, Walk};

/// What an operation of an alignment is talked of with.
pub(super) struct Explained<'a> {
    pub(super) course: &'a Course,
    pub(super) track: &'a Track,
    pub(super) walk: &'a Walk,
    pub(super) events: &'a [Seen],
    pub(super) ending: &'a Ending<'a>,
}

impl Explained<'_> {
    fn seen(&self, at: usize) -> &Seen {
        &self.events[self.walk.word[at].at]
    }

    fn name(&self, letter: Letter) -> &str {
        self.track.automaton.name(letter)
    }

    /// Of the run itself; `ended_at` is where its first end event is.
    pub(super) fn breach(&self, op: &Op, ended_at: Option<usize>) -> Breach {
        let symbols = self.ending.symbols;
        match *op {
            Op::Missing { letter, before, .. } => {
                let about = symbols.find(self.name(letter));
                let is = |names: &[Symbol]| about.is_some_and(|about| names.contains(&about));
                let code = if is(&self.course.ends) {
                    Code::E101
                } else if is(&self.course.begins) {
                    Code::E105
                } else {
                    Code::E109
                };
                self.missing(code, letter, before)
            }
            Op::Unexpected { at } => match ended_at.filter(|end| self.walk.word[at].at > *end) {
                Some(ended) => self.after_end(at, ended),
                None => self.unexpected(at),
            },
            ref other => self.moved(other),
        }
    }

    /// An event that came after the end of its run; `ended` is where that is.
    pub(super) fn after_end(&self, at: usize, ended: usize) -> Breach {
        let symbols = self.ending.symbols;
        let (seen, end) = (self.seen(at), &self.events[ended]);
        let message = came_after(seen, end.into(), symbols);
        Self::at(Code::E104, seen, vec![end.frame, seen.frame], message)
    }

    /// Of a sub-lifecycle.
    pub(super) fn child_breach(&self, op: &Op, ended_at: Option<usize>) -> Breach {
        match *op {
            Op::Missing { letter, before, .. } if before < self.walk.word.len() => {
                self.missing(Code::E105, letter, before)
            }
            Op::Missing { letter, before, .. } => {
                let breach = self.missing(Code::E102, letter, before);
                let Some(end) = ended_at.map(|ended| &self.events[ended]) else { return breach };
                let name = self.ending.symbols.text(end.name);
                let last = breach.frames.first().copied();
                let wanted = self.with_detail(letter);
                let message = format!("{wanted} never came before {name} #{}", end.frame);
                let expected = breach
                    .expected
                    .map(|expected| Expected { before: Some(end.frame), ..expected });
                let frames = last.into_iter().chain([end.frame]).collect();
                Breach { message, frames, expected, ..breach }
            }
            Op::Unexpected { at } => self.unexpected(at),
            ref other => self.moved(other),
        }
    }

    /// `tool_completed (search_costs)`.
    fn with_detail(&self, letter: Letter) -> String {
        let name = self.name(letter).trim_start_matches('@');
        let detail = self.walk.word.first().and_then(|pass| self.events[pass.at].detail);
        match detail {
            Some(detail) if !std::ptr::eq(self.track, &raw const self.course.track) => {
                format!("{name} ({})", detail.display(self.ending.symbols))
            }
            _ => name.to_owned(),
        }
    }

    fn missing(&self, code: Code, letter: Letter, before: usize) -> Breach {
        let symbols = self.ending.symbols;
        let after = before.checked_sub(1).map(|at| self.seen(at));
        let next = (before < self.walk.word.len()).then(|| self.seen(before));
        let name = self.name(letter).trim_start_matches('@').to_owned();
        let wanted = self.with_detail(letter);
        let message = match (after, next) {
            (Some(after), Some(next)) => format!(
                "{wanted} never came between {} #{} and {} #{}",
                symbols.text(after.name),
                after.frame,
                symbols.text(next.name),
                next.frame
            ),
            (Some(after), None) => format!(
                "{wanted} never came: {} {} after {}",
                self.ending.text,
                lasted(self.ending.at_ns.saturating_sub(after.at_ns)),
                named(after, symbols)
            ),
            (None, Some(next)) => {
                format!("{} came without {wanted} before it", named(next, symbols))
            }
            (None, None) => format!("{wanted} never came"),
        };
        let anchor = next.or(after).or(self.events.last());
        let frames = [after, next].into_iter().flatten().map(|seen| seen.frame).collect();
        Breach {
            code,
            at_ns: anchor.map_or(self.ending.at_ns, |seen| seen.at_ns),
            message,
            frames,
            expected: Some(Expected {
                event: name.clone(),
                detail: self.walk.word.first().and_then(|pass| {
                    self.events[pass.at].detail.map(|detail| detail.display(symbols))
                }),
                after: after.map(|seen| seen.frame),
                before: next.map(|seen| seen.frame),
            }),
            side: Some(match self.ending.end {
                SliceEnd::Lost => Side::Connection,
                _ => Side::Server,
            }),
            about: symbols
                .find(&name)
                .or(anchor.map(|seen| seen.name))
                .unwrap_or_else(|| self.course.ends.first().copied().unwrap_or_default()),
            standing: None,
        }
    }

    fn unexpected(&self, at: usize) -> Breach {
        let symbols = self.ending.symbols;
        let seen = self.seen(at);
        let mut state = Some(self.track.automaton.start());
        for pass in &self.walk.word[..at] {
            state = self.track.step(state, pass);
        }
        let expected = self.track.expected(state);
        let after = self.track.step(state, &self.walk.word[at]);
        let message = if after.is_some() {
            // It could stand here, if it were not for what follows.
            let next = self.walk.word.get(at + 1);
            let blocked = next.filter(|next| self.track.step(after, next).is_none());
            let next = blocked.map_or_else(String::new, |next| {
                let next = &self.events[next.at];
                format!(": {} #{} can't follow it", symbols.text(next.name), next.frame)
            });
            format!("{} is one too many{next}", named(seen, symbols))
        } else if expected.is_empty() {
            format!("{} is not allowed here", named(seen, symbols))
        } else {
            format!("{} is not allowed here; expected {expected}", named(seen, symbols))
        };
        Self::at(Code::E110, seen, vec![seen.frame], message)
    }

    /// Of a run too long to be explained while it is open.
    pub(super) fn unexplained(&self, op: &Op) -> Breach {
        let breach = self.breach(op, None);
        let frame = breach.frames.last().copied().unwrap_or_default();
        let message = format!("unexplained deviation at #{frame}: {}", breach.message);
        Breach { code: Code::E110, message, ..breach }
    }

    fn moved(&self, op: &Op) -> Breach {
        let symbols = self.ending.symbols;
        let (at, other, code, message) = match *op {
            Op::Late { at, should_be, .. } => {
                let seen = self.seen(at);
                let from = self.seen(should_be.min(self.walk.word.len() - 1));
                let text = format!(
                    "{} came too late: it belongs before {} #{}",
                    named(seen, symbols),
                    symbols.text(from.name),
                    from.frame
                );
                (at, Some(from.frame), Code::E103, text)
            }
            Op::Early { at, should_be, .. } => {
                let seen = self.seen(at);
                let last = should_be.checked_sub(1).unwrap_or(at);
                let after = self.seen(last.min(self.walk.word.len() - 1));
                let text = format!(
                    "{} came too early: it belongs after {} #{}",
                    named(seen, symbols),
                    symbols.text(after.name),
                    after.frame
                );
                (at, Some(after.frame), Code::E103, text)
            }
            Op::Duplicate { at } | Op::Unexpected { at } | Op::Sync { at } => {
                let seen = self.seen(at);
                let first = self.walk.word[..at].iter().find(|pass| {
                    let other = &self.events[pass.at];
                    (other.name, other.detail) == (seen.name, seen.detail)
                });
                let first = first.map(|pass| &self.events[pass.at]);
                let text = match first {
                    Some(first) => format!(
                        "{} came again {} after #{}",
                        named(seen, symbols),
                        lasted(seen.at_ns.saturating_sub(first.at_ns)),
                        first.frame
                    ),
                    None => format!("{} came again", named(seen, symbols)),
                };
                (at, first.map(|first| first.frame), Code::E106, text)
            }
            Op::Missing { letter, before, .. } => return self.missing(Code::E109, letter, before),
        };
        let seen = self.seen(at);
        let mut frames: Vec<i64> = other.into_iter().chain([seen.frame]).collect();
        frames.sort_unstable();
        frames.dedup();
        Self::at(code, seen, frames, message)
    }

    fn at(code: Code, seen: &Seen, frames: Vec<i64>, message: String) -> Breach {
        Breach {
            code,
            at_ns: seen.at_ns,
            message,
            frames,
            expected: None,
            side: Some(if seen.out { Side::Client } else { Side::Server }),
            about: seen.name,
            standing: None,
        }
    }
}
