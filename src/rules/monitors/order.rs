//! Rules about order alone: what came before, what came next, what never came beside it.

use serde::{Deserialize, Serialize};

use crate::events::{Symbol, Symbols};

use super::super::book::{Nanos, RuleKind as K};
use super::super::finding::{Code, Expected, Side};
use super::{Breach, Look, Named, Owed, Seen, SliceEnd, Stop, Verdicts, Watch, Words, named};

/// How long after a client's word the server's may have been under way already, where the rule says
/// nothing else (rules.md, 2.4); at least, for it is twice the time there and back where pings say
/// that this is longer.
const CROSSING_NS: Nanos = 250_000_000;

/// What such a rule remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is something else that was seen")]
pub(in super::super) struct Order {
    count: u32,
    /// The latest of the first kind of event, and of the second.
    first: Option<Seen>,
    /// When the first was sent, by its sender's clock.
    first_sent_ns: Option<i64>,
    second: Option<Seen>,
    /// Where the slice is, for those who owe something, even before anything came.
    last: Option<Seen>,
    /// An event came that the rule heard of.
    heard: bool,
    /// An `a` has come that no `b` has used.
    fresh: bool,
    /// The latest event was an `a`.
    after_first: bool,
    /// That the first kind of event never came was told: it is missing once.
    told: bool,
}

impl Order {
    pub(super) fn pass(&mut self, seen: &Seen) {
        if !self.heard {
            self.last = Some(*seen);
        }
    }

    pub(super) fn event(&mut self, watch: &Watch, look: &Look<'_>, out: &mut Verdicts) {
        let seen = look.seen;
        let (a, b) = watch.roles(look);
        out.activations += u64::from(a || b);
        let orphan = b && self.first.is_none() && matches!(watch.rule.kind, K::Precedence(..));
        if orphan && std::mem::replace(&mut self.told, true) {
            return;
        }
        self.judge(watch, look, (a, b), out);
        self.count += u32::from(a);
        if a {
            self.first = Some(*seen);
            self.first_sent_ns = look.sent_ns;
            self.fresh = true;
        }
        if b {
            self.second = Some(*seen);
            self.fresh = false;
        }
        if watch.looks_back() {
            self.last = Some(*seen);
        }
        self.heard = true;
        self.after_first = a;
    }

    fn judge(&self, watch: &Watch, look: &Look<'_>, (a, b): (bool, bool), out: &mut Verdicts) {
        let Look { seen, symbols, .. } = look;
        let follows = self.after_first;
        let here = Named(seen, symbols);
        let wanted = Words(watch, 0, symbols);
        match &watch.rule.kind {
            K::Absence(_) if a => {
                out.breaches.push(unexpected(seen, &[], format!("{here} must not come here")));
            }
            K::AtMost { n, .. } if a && self.count >= *n => {
                let message =
                    format!("{here} came {} times, at most {n} are allowed", self.count + 1);
                out.breaches.push(unexpected(seen, &self.frames(), message));
            }
            K::Init(_) if !self.heard && !a => {
                let message = format!("it begins with {here}, not with {wanted}");
                out.breaches.push(orphan(seen, watch.first(0, seen.name), message, symbols));
            }
            K::NotCoExistence(..)
                if a && (b || self.second.is_some()) || b && self.first.is_some() =>
            {
                let other = if a { self.second } else { self.first };
                let frames: Vec<i64> = other.iter().map(|other| other.frame).collect();
                let other = other.map_or_else(String::new, |other| named(&other, symbols));
                let message = format!("{here} and {other} exclude each other");
                out.breaches.push(unexpected(seen, &frames, message));
            }
            K::Precedence(..) if b && !a && !self.has_recent(watch, look) => {
                let message = match (watch.within(), self.since_first(watch, look)) {
                    (Some(within), Some(since)) => format!(
                        "{here} came {} after {wanted}, at most {} are allowed",
                        super::lasted(since),
                        super::lasted(within)
                    ),
                    _ => format!("{here} came without {wanted} before it"),
                };
                out.breaches.push(orphan(seen, watch.first(0, seen.name), message, symbols));
            }
            K::AlternatePrecedence(..) if b && !a && !self.fresh => {
                let message = format!("{here} came without {wanted} of its own before it");
                out.breaches.push(orphan(seen, watch.first(0, seen.name), message, symbols));
            }
            K::ChainPrecedence(..) | K::ChainSuccession(..) if b && !follows => {
                let message = format!("{here} came without {wanted} directly before it");
                out.breaches.push(orphan(seen, watch.first(0, seen.name), message, symbols));
            }
            K::ChainResponse(..) | K::ChainSuccession(..) if follows && !b => {
                self.push_broken_chain(watch, look, out);
            }
            K::NotSuccession(..) if b => self.push_after(watch, look, out),
            K::NotChainSuccession(..) if b && follows => {
                let message = format!("{here} must not come directly after {wanted}");
                out.breaches.push(unexpected(seen, &self.frames(), message));
            }
            _ => {}
        }
    }

    fn push_broken_chain(&self, watch: &Watch, look: &Look<'_>, out: &mut Verdicts) {
        let Look { seen, symbols, .. } = look;
        let Some(last) = self.last else { return };
        let wanted = watch.words(1, symbols);
        let message = format!(
            "{} is followed by {}, not by {wanted}",
            named(&last, symbols),
            named(seen, symbols)
        );
        out.breaches.push(Breach {
            code: Code::E109,
            at_ns: seen.at_ns,
            message,
            frames: vec![last.frame, seen.frame],
            expected: Some(Expected {
                event: wanted,
                detail: None,
                after: Some(last.frame),
                before: Some(seen.frame),
            }),
            side: None,
            about: watch.first(1, seen.name),
            standing: None,
        });
    }

    fn push_after(&self, watch: &Watch, look: &Look<'_>, out: &mut Verdicts) {
        let Look { seen, symbols, .. } = look;
        let Some(first) = self.first else { return };
        let lag = seen.at_ns.saturating_sub(first.at_ns);
        // What was under way when the other side spoke is nobody's fault (rules.md, 2.4).
        let crossing = watch.rule.crossing;
        let crossing = crossing.unwrap_or(CROSSING_NS.max(look.round_trip_ns.saturating_mul(2)));
        if first.out && !seen.out && lag <= crossing {
            return;
        }
        let message = format!(
            "{} came {} after {}",
            named(seen, symbols),
            super::lasted(lag),
            named(&first, symbols)
        );
        let breach = unexpected(seen, &[first.frame], message);
        out.breaches.push(Breach { code: Code::E104, ..breach });
    }

    /// How long ago the latest of the first kind was; `None` too where its clock does not tell.
    fn since_first(&self, watch: &Watch, look: &Look<'_>) -> Option<Nanos> {
        self.first.and_then(|first| watch.took((&first, self.first_sent_ns), look))
    }

    fn has_recent(&self, watch: &Watch, look: &Look<'_>) -> bool {
        let in_time = |within| self.since_first(watch, look).is_none_or(|since| since <= within);
        self.first.is_some() && watch.within().is_none_or(in_time)
    }

    fn frames(&self) -> Vec<i64> {
        self.first.iter().map(|first| first.frame).collect()
    }

    pub(super) fn end(&self, watch: &Watch, stop: Stop<'_>, out: &mut Verdicts) {
        let Stop { end, symbols, .. } = stop;
        let Some(last) = self.last else { return };
        let (a, b) = (self.first.is_some(), self.second.is_some());
        let ends_with_first = self.after_first;
        let wanted = match &watch.rule.kind {
            K::End(_) if !ends_with_first => 0,
            K::Init(_) if !self.heard => 0,
            K::RespondedExistence(..) | K::CoExistence(..) if a && !b => 1,
            K::CoExistence(..) if b && !a => 0,
            K::ChainResponse(..) | K::ChainSuccession(..) if ends_with_first => 1,
            _ => return,
        };
        let words = watch.words(wanted, symbols);
        if end == SliceEnd::Cut || watch.pends(end) {
            out.owed.push(Owed { waiting_for: words, since_ns: last.at_ns, frame: last.frame });
            return;
        }
        let message = format!("{words} never came; the last event was {}", named(&last, symbols));
        out.breaches.push(missing(&last, watch.first(wanted, last.name), words, message));
    }
}

/// `seen` is not allowed.
pub(super) fn unexpected(seen: &Seen, before: &[i64], message: String) -> Breach {
    let mut frames = before.to_vec();
    frames.push(seen.frame);
    // What a connection does besides its frames has none.
    frames.retain(|frame| *frame > 0);
    Breach {
        code: Code::E110,
        at_ns: seen.at_ns,
        message,
        frames,
        expected: None,
        side: Some(side_of(seen)),
        about: seen.name,
        standing: None,
    }
}

/// `seen` came without `wanted`.
pub(super) fn orphan(seen: &Seen, wanted: Symbol, message: String, symbols: &Symbols) -> Breach {
    let expected = Expected {
        event: symbols.text(wanted).to_owned(),
        detail: seen.detail.map(|detail| detail.display(symbols)),
        after: None,
        before: Some(seen.frame),
    };
    Breach { code: Code::E105, expected: Some(expected), ..unexpected(seen, &[], message) }
}

/// `wanted` never came after `seen`.
pub(super) fn missing(seen: &Seen, about: Symbol, wanted: String, message: String) -> Breach {
    let after = Some(seen.frame).filter(|frame| *frame > 0);
    let expected = Expected { event: wanted, detail: None, after, before: None };
    Breach {
        code: Code::E109,
        expected: Some(expected),
        about,
        side: Some(Side::Server),
        ..unexpected(seen, &[], message)
    }
}

fn side_of(seen: &Seen) -> Side {
    if seen.out { Side::Client } else { Side::Server }
}
