//! Rules about numbers and times: sequences, heartbeats, rates, silences, latencies.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::events::{Scalar, Symbols};

use super::super::book::{ClockKind, Nanos, RuleKind as K};
use super::super::finding::{Code, Expected, Side};
use super::order::unexpected;
use super::{Breach, Look, Owed, Seen, SliceEnd, Standing, Stop, Verdicts, Watch, lasted, named};

/// Missing stretches of a sequence remembered, so that what comes late is told from what comes
/// twice.
const MAX_HOLES: usize = 64;

/// Times kept for a rate; of a higher limit that of every so manyth event, so that a few too many
/// may pass, and none that is in order is blamed.
const MAX_TIMES: u32 = 256;

/// How long the fastest message counts as the clocks' difference (rules.md, 2.5).
const SKEW_WINDOW_NS: Nanos = 300_000_000_000;

/// What such a rule remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in super::super) struct Stream {
    /// The latest event, of a sequence.
    last: Option<Seen>,
    number: Option<i64>,
    holes: VecDeque<Hole>,
    times: VecDeque<u64>,
    /// The least difference of the two clocks, and when it was seen.
    skew: VecDeque<(u64, i64)>,
    /// What waits for an answer or a heartbeat.
    since: Option<Seen>,
    /// The last thing that came, while something is waited for.
    told: bool,
}

/// Numbers that have not come.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Hole {
    from: i64,
    to: i64,
    step: i64,
    /// The frame before them; 0 for none.
    before: i64,
    /// The event that showed it.
    seen: Seen,
    /// That they are missing is told.
    told: bool,
}

impl Hole {
    fn breach(&self) -> Breach {
        let Self { from, to, step, before, seen, .. } = self;
        let count = (to.saturating_sub(*from) / step).saturating_add(1);
        let range = if count == 1 { from.to_string() } else { format!("{from}-{to}") };
        let messages = if count == 1 { "message" } else { "messages" };
        let message =
            format!("seq {range} never arrived ({count} {messages}) before #{}", seen.frame);
        let expected = Some(Expected {
            event: format!("seq {range}"),
            detail: Some(format!("{count} {messages}")),
            after: Some(*before).filter(|frame| *frame > 0),
            before: Some(seen.frame),
        });
        Breach { code: Code::E107, expected, ..unexpected(seen, &[*before], message) }
    }

    /// What is left of it when `number` has come.
    fn without(self, number: i64) -> impl Iterator<Item = Self> {
        let below = Self { to: number.saturating_sub(self.step), ..self };
        let above = Self { from: number.saturating_add(self.step), ..self };
        [below, above].into_iter().filter(|hole| hole.from <= hole.to)
    }
}

impl Stream {
    pub(super) fn event(&mut self, watch: &Watch, look: &Look<'_>, out: &mut Verdicts) {
        match &watch.rule.kind {
            K::Sequence { .. } => {
                self.sequence(watch, look, out);
                self.last = Some(*look.seen);
            }
            K::Heartbeat { .. } => self.heartbeat(watch, look, out),
            K::Rate { .. } => self.rate(watch, look, out),
            K::Silence { .. } => self.silence(watch, look, out),
            K::Latency { .. } => self.latency(watch, look, out),
            _ => {}
        }
    }

    fn sequence(&mut self, watch: &Watch, look: &Look<'_>, out: &mut Verdicts) {
        let K::Sequence { start, step, .. } = &watch.rule.kind else { return };
        if watch.is(0, look.seen.name) {
            self.number = None;
            self.holes.clear();
        }
        let (true, Some(Scalar::Integer(number))) = (look.fits, look.value) else { return };
        out.activations += 1;
        let step = (*step).max(1);
        let expected = match (self.number, start) {
            (Some(last), _) => last.saturating_add(step),
            (None, Some(start)) => *start,
            (None, None) => number,
        };
        if number > expected {
            if self.holes.len() == MAX_HOLES {
                self.holes.pop_front();
            }
            let before = self.last.map_or(0, |last| last.frame);
            let last = number.saturating_sub(step);
            let hole =
                Hole { from: expected, to: last, step, before, seen: *look.seen, told: false };
            self.holes.push_back(hole);
            if reorder(watch) == 0 {
                self.tell_holes(u64::MAX, 0, out);
            }
        } else if number < expected {
            self.behind(number, expected, look, out);
        }
        self.number = Some(self.number.map_or(number, |last| last.max(number)));
    }

    /// Tells of the holes that nothing has filled in time.
    fn tell_holes(&mut self, now_ns: u64, reorder: Nanos, out: &mut Verdicts) {
        for hole in self.holes.iter_mut().filter(|hole| !hole.told) {
            if now_ns > hole.seen.at_ns.saturating_add(reorder) {
                hole.told = true;
                out.breaches.push(hole.breach());
            }
        }
    }

    fn behind(&mut self, number: i64, expected: i64, look: &Look<'_>, out: &mut Verdicts) {
        let seen = look.seen;
        let hole = self.holes.iter().position(|hole| (hole.from..=hole.to).contains(&number));
        let filled = hole.and_then(|at| self.holes.remove(at));
        if let Some(hole) = filled {
            for part in hole.without(number) {
                self.holes.push_back(part);
            }
        }
        let (code, message) = match filled {
            // In time: the rule allows for that.
            Some(hole) if !hole.told => return,
            Some(_) => (Code::E107, format!("seq {number} came after higher numbers: reordered")),
            None if self.number.is_some_and(|last| last == number) => {
                (Code::E106, format!("seq {number} came twice"))
            }
            None => (Code::E107, format!("seq {number} came where {expected} was expected")),
        };
        out.breaches.push(Breach { code, ..unexpected(seen, &[], message) });
    }

    fn heartbeat(&mut self, watch: &Watch, look: &Look<'_>, out: &mut Verdicts) {
        let seen = look.seen;
        let beats = watch.roles(look).0;
        if beats {
            out.activations += 1;
            if let (true, Some(since)) = (self.told, self.since) {
                let next = (seen.at_ns, Some(*seen));
                out.breaches.push(quiet(watch, &since, next, false, look.symbols));
            }
        }
        let starts = self.since.is_none() && (watch.names[1].is_empty() || watch.is(1, seen.name));
        if beats || starts {
            self.since = Some(*seen);
            self.told = false;
        }
    }

    fn rate(&mut self, watch: &Watch, look: &Look<'_>, out: &mut Verdicts) {
        let K::Rate { max, per, .. } = &watch.rule.kind else { return };
        if !watch.roles(look).0 {
            return;
        }
        out.activations += 1;
        let now = look.seen.at_ns;
        let most = i64::from(*max);
        // Of the events, numbered from 1, the time of every so manyth is kept.
        let stride = i64::from(max.div_ceil(MAX_TIMES).max(1));
        let count = self.number.unwrap_or(0).saturating_add(1);
        self.number = Some(count);
        let last = (count - 1) / stride * stride + 1;
        if last == count {
            self.times.push_back(now);
        }
        // What may still be within the window is the latest event of those that are too many.
        let first = |times: &VecDeque<u64>| last - (times.len() as i64 - 1) * stride;
        while self.times.len() > 1 && first(&self.times) + stride <= count - most {
            self.times.pop_front();
        }
        let is_one_too_many = first(&self.times) <= count - most;
        let oldest = self.times.front().filter(|_| is_one_too_many);
        let over = oldest.is_some_and(|oldest| now.saturating_sub(*oldest) < *per);
        if over && !self.told {
            let name = look.symbols.text(look.seen.name);
            let message = format!("more than {most} {name} within {}", lasted(*per));
            out.breaches.push(unexpected(look.seen, &[], message));
        }
        self.told = over;
    }

    fn silence(&mut self, watch: &Watch, look: &Look<'_>, out: &mut Verdicts) {
        let seen = look.seen;
        let any = watch.names[1].is_empty();
        let answers = if any { !seen.out && !look.transport } else { watch.is(1, seen.name) };
        if answers
            && let Some(since) = self.since.take()
            && self.told
        {
            let next = (seen.at_ns, Some(*seen));
            out.breaches.push(quiet(watch, &since, next, false, look.symbols));
        }
        if watch.roles(look).0 && self.since.is_none() && !look.late {
            out.activations += 1;
            self.since = Some(*seen);
            self.told = false;
        }
    }

    fn latency(&mut self, watch: &Watch, look: &Look<'_>, out: &mut Verdicts) {
        let K::Latency { max, .. } = &watch.rule.kind else { return };
        let (true, Some(sent)) = (watch.roles(look).0, look.sent_ns) else { return };
        out.activations += 1;
        let now = look.seen.at_ns;
        let delay = now.cast_signed().saturating_sub(sent);
        let late = if watch.clock() == ClockKind::Skew {
            while self.skew.front().is_some_and(|(at, _)| now - *at > SKEW_WINDOW_NS) {
                self.skew.pop_front();
            }
            while self.skew.back().is_some_and(|(_, least)| *least >= delay) {
                self.skew.pop_back();
            }
            self.skew.push_back((now, delay));
            delay.saturating_sub(self.skew.front().map_or(delay, |(_, least)| *least))
        } else {
            delay
        };
        if late > max.cast_signed() {
            let message = format!(
                "{} took {} longer than the fastest, limit {}",
                named(look.seen, look.symbols),
                lasted(late.unsigned_abs()),
                lasted(*max)
            );
            let breach = unexpected(look.seen, &[], message);
            out.breaches.push(Breach { code: Code::W201, side: None, ..breach });
        }
    }

    pub(super) fn deadline(&self, watch: &Watch) -> Option<u64> {
        let reorder = reorder(watch);
        let holes = self.holes.iter().filter(|hole| !hole.told);
        let hole = holes.map(|hole| hole.seen.at_ns.saturating_add(reorder)).min();
        let since = self.since.filter(|_| !self.told);
        let quiet = since.zip(limit(watch)).map(|(since, limit)| since.at_ns.saturating_add(limit));
        hole.into_iter().chain(quiet).min()
    }

    /// That it is quiet is told at once; for how long, when it is over.
    pub(super) fn time(
        &mut self,
        watch: &Watch,
        (now_ns, symbols): (u64, &Symbols),
        out: &mut Verdicts,
    ) {
        self.tell_holes(now_ns, reorder(watch), out);
        let (Some(since), Some(limit)) = (self.since, limit(watch)) else { return };
        if !self.told && now_ns > since.at_ns.saturating_add(limit) {
            self.told = true;
            out.breaches.push(quiet(watch, &since, (now_ns, None), true, symbols));
        }
    }

    pub(super) fn end(&mut self, watch: &Watch, stop: Stop<'_>, out: &mut Verdicts) {
        let Stop { end, at_ns: now_ns, symbols } = stop;
        if end != SliceEnd::Cut {
            self.tell_holes(u64::MAX, 0, out);
        }
        let (Some(since), Some(limit)) = (self.since.take(), limit(watch)) else { return };
        let waited = now_ns.saturating_sub(since.at_ns);
        if waited > limit {
            out.breaches.push(quiet(watch, &since, (now_ns, None), false, symbols));
        } else if end == SliceEnd::Cut {
            let words = watch.words(1, symbols);
            let waiting_for = if words.is_empty() { "any event".into() } else { words };
            out.owed.push(Owed { waiting_for, since_ns: since.at_ns, frame: since.frame });
        }
    }
}

/// How much later what was overtaken may come.
fn reorder(watch: &Watch) -> Nanos {
    match &watch.rule.kind {
        K::Sequence { reorder, .. } => *reorder,
        _ => 0,
    }
}

pub(super) fn limit(watch: &Watch) -> Option<Nanos> {
    match &watch.rule.kind {
        K::Heartbeat { every, tolerance, .. } => Some(every.saturating_add(*tolerance)),
        K::Silence { within, .. } => Some(*within),
        _ => None,
    }
}

/// Nothing came from `since` to `until_ns`, when `next` came if it did.
fn quiet(
    watch: &Watch,
    since: &Seen,
    (until_ns, next): (u64, Option<Seen>),
    is_open: bool,
    symbols: &Symbols,
) -> Breach {
    let waited = lasted(until_ns.saturating_sub(since.at_ns));
    let allowed = lasted(limit(watch).unwrap_or(0));
    let beats = matches!(watch.rule.kind, K::Heartbeat { .. });
    let words = watch.words(usize::from(!beats), symbols);
    let what = if words.is_empty() { "silence".to_owned() } else { format!("no {words}") };
    let message = format!("{what} for {waited} after {}, limit {allowed}", named(since, symbols));
    let expected = Expected {
        event: if words.is_empty() { "any event".to_owned() } else { words },
        detail: None,
        after: Some(since.frame).filter(|frame| *frame > 0),
        before: next.map(|next| next.frame),
    };
    let frames = [Some(since.frame), next.map(|next| next.frame)].into_iter().flatten();
    let frames = frames.filter(|frame| *frame > 0).collect();
    Breach {
        code: Code::W202,
        at_ns: since.at_ns,
        message,
        frames,
        expected: Some(expected),
        side: Some(Side::Server),
        about: since.name,
        standing: Some(Standing { since: (since.at_ns, since.frame), is_open }),
    }
}
