//! Rules by which one event owes another: until it comes, until its deadline, until the end.

use serde::{Deserialize, Serialize};

use crate::events::Symbols;

use super::super::book::RuleKind as K;
use super::super::finding::{Code, Expected, Side};
use super::order::{missing, orphan, unexpected};
use super::{Breach, Look, Owed, Seen, SliceEnd, Standing, Stop, Verdicts, Watch, lasted, named};

/// What is owed, oldest first.
#[derive(Debug, Serialize, Deserialize)]
pub(in super::super) struct Obligation {
    began_ns: u64,
    open: Vec<Debt>,
    /// The latest that was settled.
    settled: Option<Seen>,
    count: u64,
    /// Where the slice is, for those who have to be told of what never came.
    last: Option<Seen>,
    /// An `a` has come since the last `b`.
    fresh: bool,
    /// The deadline of an `existence` has passed.
    overdue: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Debt {
    seen: Seen,
    /// By its sender's clock, where the rule goes by that.
    sent_ns: Option<i64>,
    overdue: bool,
}

impl Obligation {
    pub(super) fn new(began_ns: u64) -> Self {
        Self {
            began_ns,
            open: Vec::new(),
            settled: None,
            count: 0,
            last: None,
            fresh: false,
            overdue: false,
        }
    }

    pub(super) fn pass(&mut self, seen: &Seen) {
        self.last = Some(*seen);
    }

    pub(super) fn event(&mut self, watch: &Watch, look: &Look<'_>, out: &mut Verdicts) {
        let Look { seen, symbols, .. } = look;
        let (a, b) = watch.roles(look);
        match &watch.rule.kind {
            K::Existence(_) | K::ExactlyOne(_) => {
                self.last = Some(**seen);
                if a {
                    out.activations += 1;
                    self.count += 1;
                    self.judge_count(watch, look, out);
                }
                return;
            }
            K::Reply { .. } if b && !self.open.iter().any(|debt| debt.seen.out != seen.out) => {
                self.push_orphan_reply(watch, look, out);
                return;
            }
            K::Pair { .. } | K::Succession(..) if b && !a && self.open.is_empty() => {
                if self.settled.is_none() || matches!(watch.rule.kind, K::Pair { .. }) {
                    let message = format!(
                        "{} came without {} before it",
                        named(seen, symbols),
                        watch.words(0, symbols)
                    );
                    out.breaches.push(orphan(seen, watch.first(0, seen.name), message, symbols));
                }
                return;
            }
            K::AlternateSuccession(..) if b && !a && !self.fresh => {
                let message = format!(
                    "{} came without {} of its own before it",
                    named(seen, symbols),
                    watch.words(0, symbols)
                );
                out.breaches.push(orphan(seen, watch.first(0, seen.name), message, symbols));
                return;
            }
            _ => {}
        }
        if b && !self.open.is_empty() {
            self.settle(watch, look, out);
        }
        self.fresh = !b && (a || self.fresh);
        if a {
            out.activations += 1;
            // What is both answers itself; only the alternate kinds want another after it.
            match &watch.rule.kind {
                K::Response(..) | K::Succession(..) if b => self.settled = Some(**seen),
                // Each would need the next, without end.
                K::AlternateSuccession(..) if b => {
                    out.breaches.push(never(watch, seen, None, symbols));
                }
                _ => self.owe(watch, look, out),
            }
        }
    }

    fn judge_count(&self, watch: &Watch, look: &Look<'_>, out: &mut Verdicts) {
        let Look { seen, symbols, .. } = look;
        if self.count > 1 && matches!(watch.rule.kind, K::ExactlyOne(_)) {
            let message = format!("{} came {} times, not once", named(seen, symbols), self.count);
            out.breaches.push(unexpected(seen, &[], message));
        }
        if self.count == 1 && self.overdue {
            let late = seen.at_ns.saturating_sub(self.began_ns);
            let message = format!("{} came only after {}", named(seen, symbols), lasted(late));
            let standing = Some(self.began(false));
            let breach = unexpected(seen, &[], message);
            out.breaches.push(Breach { code: Code::W201, standing, ..breach });
        }
    }

    /// The debt of an `existence`: since its slice began.
    fn began(&self, is_open: bool) -> Standing {
        Standing { since: (self.began_ns, 0), is_open }
    }

    fn push_orphan_reply(&mut self, watch: &Watch, look: &Look<'_>, out: &mut Verdicts) {
        let Look { seen, symbols, .. } = look;
        if let Some(settled) = self.settled {
            let message =
                format!("{} is a second reply to #{}", named(seen, symbols), settled.frame);
            let breach = unexpected(seen, &[settled.frame], message);
            out.breaches.push(Breach { code: Code::E106, ..breach });
        } else if watch.rule.key.is_some() {
            let message = format!("{} answers nothing that was asked", named(seen, symbols));
            out.breaches.push(orphan(seen, watch.first(0, seen.name), message, symbols));
        }
    }

    /// `b` came: without a key it settles all that is open (LTL's response), else the oldest.
    fn settle(&mut self, watch: &Watch, look: &Look<'_>, out: &mut Verdicts) {
        let one = matches!(watch.rule.kind, K::Pair { .. } | K::Reply { .. });
        let settled: Vec<Debt> = if one {
            let at =
                self.open.iter().position(|debt| !reply(watch) || debt.seen.out != look.seen.out);
            at.map(|at| self.open.remove(at)).into_iter().collect()
        } else {
            std::mem::take(&mut self.open)
        };
        for debt in settled {
            self.settled = Some(debt.seen);
            let took = watch.took((&debt.seen, debt.sent_ns), look);
            if let (Some(within), Some(took)) = (watch.within(), took)
                && took > within
            {
                let message = format!(
                    "{} came {} after {}, limit {}",
                    named(look.seen, look.symbols),
                    lasted(took),
                    named(&debt.seen, look.symbols),
                    lasted(within)
                );
                let breach = unexpected(look.seen, &[debt.seen.frame], message);
                let standing = Some(debt.standing(false));
                out.breaches.push(Breach { code: Code::W201, standing, ..breach });
            }
        }
    }

    fn owe(&mut self, watch: &Watch, look: &Look<'_>, out: &mut Verdicts) {
        let Look { seen, symbols, .. } = look;
        match &watch.rule.kind {
            // One answer is enough for all of them, so the oldest alone is kept.
            K::Response(..) | K::Succession(..) if !self.open.is_empty() => return,
            K::AlternateResponse(..) | K::AlternateSuccession(..) if !self.open.is_empty() => {
                let debt = self.open.remove(0);
                let breach = never(watch, &debt.seen, Some(seen), symbols);
                out.breaches.push(Breach { standing: Some(debt.standing(false)), ..breach });
            }
            K::Pair { max_open, .. } => {
                let most = max_open.unwrap_or(1) as usize;
                if self.open.len() >= most {
                    let before: Vec<i64> = self.open.iter().map(|debt| debt.seen.frame).collect();
                    let message = format!(
                        "{} came again before {}",
                        named(seen, symbols),
                        watch.words(1, symbols)
                    );
                    let breach = unexpected(seen, &before, message);
                    out.breaches.push(Breach { code: Code::E106, ..breach });
                    return;
                }
            }
            _ => {}
        }
        // The oldest are what people look for.
        if self.open.len() < watch.caps.obligations {
            self.open.push(Debt { seen: **seen, sent_ns: look.sent_ns, overdue: false });
        }
    }

    pub(super) fn deadline(&self, watch: &Watch) -> Option<u64> {
        let within = watch.deadline()?;
        let exists = matches!(watch.rule.kind, K::Existence(_)) && self.count == 0 && !self.overdue;
        let of_existence = exists.then(|| self.began_ns.saturating_add(within));
        let open = self.open.iter().filter(|debt| !debt.overdue);
        open.map(|debt| debt.seen.at_ns.saturating_add(within)).chain(of_existence).min()
    }

    /// What is overdue is told as soon as it is; whether it comes late or never, when that is known.
    pub(super) fn time(
        &mut self,
        watch: &Watch,
        (now_ns, symbols): (u64, &Symbols),
        out: &mut Verdicts,
    ) {
        let Some(within) = watch.deadline() else { return };
        let existence = matches!(watch.rule.kind, K::Existence(_));
        let is_late = |since: u64| now_ns > since.saturating_add(within);
        if existence && self.count == 0 && !self.overdue && is_late(self.began_ns) {
            self.overdue = true;
            if let Some(last) = self.last {
                let words = watch.words(0, symbols);
                let message = format!("{words} has not come within {}", lasted(within));
                let breach = missing(&last, watch.first(0, last.name), words, message);
                out.breaches.push(Breach { standing: Some(self.began(true)), ..breach });
            }
        }
        for debt in self.open.iter_mut().filter(|debt| !debt.overdue && is_late(debt.seen.at_ns)) {
            debt.overdue = true;
            let message = format!(
                "{} has not come within {} after {}",
                watch.words(1, symbols),
                lasted(within),
                named(&debt.seen, symbols)
            );
            let breach = never(watch, &debt.seen, None, symbols);
            out.breaches.push(Breach { standing: Some(debt.standing(true)), message, ..breach });
        }
    }

    pub(super) fn end(&mut self, watch: &Watch, stop: Stop<'_>, out: &mut Verdicts) {
        let Stop { end, at_ns: now_ns, symbols } = stop;
        let count_owed = matches!(watch.rule.kind, K::Existence(_) | K::ExactlyOne(_));
        if let Some(last) = self.last.filter(|_| count_owed && self.count == 0) {
            let words = watch.words(0, symbols);
            let overdue =
                watch.within().is_some_and(|within| now_ns > self.began_ns.saturating_add(within));
            if (end == SliceEnd::Cut || watch.pends(end)) && !overdue {
                let owed = Owed { waiting_for: words, since_ns: self.began_ns, frame: last.frame };
                out.owed.push(owed);
            } else {
                let message = format!("{words} never came");
                let breach = missing(&last, watch.first(0, last.name), words, message);
                out.breaches.push(Breach { standing: Some(self.began(false)), ..breach });
            }
        }
        for debt in std::mem::take(&mut self.open) {
            let deadline = watch.deadline().map(|within| debt.seen.at_ns.saturating_add(within));
            let overdue = deadline.is_some_and(|deadline| now_ns > deadline);
            if (end == SliceEnd::Cut || watch.pends(end)) && !overdue {
                out.owed.push(Owed {
                    waiting_for: watch.words(1, symbols),
                    since_ns: debt.seen.at_ns,
                    frame: debt.seen.frame,
                });
            } else {
                let breach = never(watch, &debt.seen, None, symbols);
                out.breaches.push(Breach { standing: Some(debt.standing(false)), ..breach });
            }
        }
    }
}

impl Debt {
    fn standing(&self, is_open: bool) -> Standing {
        Standing { since: (self.seen.at_ns, self.seen.frame), is_open }
    }
}

fn reply(watch: &Watch) -> bool {
    matches!(watch.rule.kind, K::Reply { .. })
}

/// What `seen` asked for never came, `before` the next of its kind or at all.
fn never(watch: &Watch, seen: &Seen, before: Option<&Seen>, symbols: &Symbols) -> Breach {
    let wanted = watch.words(1, symbols);
    let here = named(seen, symbols);
    let message = match (before, reply(watch)) {
        (Some(next), _) => format!(
            "{wanted} never came between {here} #{} and the next, #{}",
            seen.frame, next.frame
        ),
        (None, true) => format!("{here} was never answered: no {wanted} came"),
        (None, false) => format!("{wanted} never came after {here}"),
    };
    let code = match &watch.rule.kind {
        K::Pair { .. } => Code::E102,
        K::Reply { .. } => Code::W202,
        _ => Code::E109,
    };
    let expected = Expected {
        event: wanted.clone(),
        detail: seen.detail.map(|detail| detail.display(symbols)),
        after: Some(seen.frame),
        before: before.map(|next| next.frame),
    };
    Breach {
        code,
        expected: Some(expected),
        side: Some(if reply(watch) && !seen.out { Side::Client } else { Side::Server }),
        ..missing(seen, watch.first(1, seen.name), wanted, message)
    }
}
