//! The instances of a sub-lifecycle of which one is open at a time → what came while one was.

use std::collections::HashSet;

use crate::events::Symbols;

use super::course::{Child, Course, Progress, Told};
use super::finding::{Code, Side};
use super::monitors::{Breach, Seen, named};

/// From the event that opened an instance to the one that closed it, as places in the slice.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: usize,
    /// `None`: it was never closed.
    to: Option<usize>,
}

impl Progress {
    /// Tells, once for each open instance, what its run did meanwhile (rules.md, 2.3). Whether the
    /// run may end with it is asked elsewhere.
    pub(super) fn tell_intrusions(
        &self,
        course: &Course,
        events: &[Seen],
        symbols: &Symbols,
        told: &mut Told,
    ) {
        let blamed = told.breaches.iter().filter_map(|breach| breach.frames.last().copied());
        let mut blamed: HashSet<i64> = blamed.collect();
        for child in &self.children {
            let sub = &course.subs[child.sub];
            if !sub.sub.sequential {
                continue;
            }
            let mut first = None;
            let mut count = 0;
            for span in spans(course, child) {
                for at in self.meanwhile(course, events, span) {
                    if blamed.insert(events[at].frame) {
                        first.get_or_insert((span, at));
                        count += 1;
                    }
                }
            }
            let Some((span, at)) = first else { continue };
            let breach =
                intrusion((&events[span.from], &events[at]), &sub.sub.name, count > 1, symbols);
            // Had it been closed where it should, nothing would have come in between.
            if span.to.is_none() && is_told_open(told, child, events) {
                told.also.push(format!("{}: {}", course.lifecycle.id, breach.message));
            } else {
                told.parts.push((sub.sub.severity, breach));
            }
        }
    }

    /// What the run itself did within a span, its end aside.
    fn meanwhile(
        &self,
        course: &Course,
        events: &[Seen],
        span: Span,
    ) -> impl Iterator<Item = usize> {
        let from = self.run.word.partition_point(|pass| pass.at <= span.from);
        let until = span.to.into_iter().chain(self.ended_at).min().unwrap_or(events.len());
        let later = self.run.word[from..].iter().map(|pass| pass.at);
        let within = later.take_while(move |at| *at < until);
        within.filter(|at| !course.ends.contains(&events[*at].name)).collect::<Vec<_>>().into_iter()
    }
}

/// When an instance was open; one that left its course is asked about no more.
fn spans(course: &Course, child: &Child) -> Vec<Span> {
    let track = &course.subs[child.sub].track;
    let (mut spans, mut from) = (Vec::new(), None);
    let mut state = Some(track.automaton.start());
    for pass in &child.walk.word {
        state = track.step(state, pass);
        let open = state.is_some_and(|state| !track.automaton.accepts(state));
        match (from, open) {
            (None, true) => from = Some(pass.at),
            (Some(opened), false) => {
                spans.push(Span { from: opened, to: Some(pass.at) });
                from = None;
            }
            _ => {}
        }
        if state.is_none() {
            break;
        }
    }
    spans.extend(from.map(|from| Span { from, to: None }));
    spans
}

/// Whether it is told that this instance was never closed.
fn is_told_open(told: &Told, child: &Child, events: &[Seen]) -> bool {
    let last = child.walk.word.last().map(|pass| events[pass.at].frame);
    let mut parts = told.parts.iter();
    parts.any(|(_, breach)| breach.code == Code::E102 && breach.frames.first().copied() == last)
}

fn intrusion((opened, seen): (&Seen, &Seen), sub: &str, many: bool, symbols: &Symbols) -> Breach {
    let more = if many { ", and more after it" } else { "" };
    let message = format!(
        "{} came while {} #{} was open{more}: one @{sub} at a time",
        named(seen, symbols),
        named(opened, symbols),
        opened.frame
    );
    Breach {
        code: Code::E110,
        at_ns: seen.at_ns,
        message,
        frames: vec![opened.frame, seen.frame],
        expected: None,
        side: Some(if seen.out { Side::Client } else { Side::Server }),
        about: seen.name,
        standing: None,
    }
}
