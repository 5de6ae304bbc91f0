//! Two events → how long it took from the one to the other, by the clock that a rule goes by.

use super::super::book::{ClockKind, Nanos};
use super::{Look, Seen, Watch, stream};

impl Watch {
    pub(super) fn within(&self) -> Option<Nanos> {
        self.rule.within
    }

    /// The same, where the recorder's clock tells when it has passed.
    pub(super) fn deadline(&self) -> Option<Nanos> {
        self.within().filter(|_| self.rule.clock == ClockKind::Recorder)
    }

    /// How long it took from an event, and when that was sent, to what came now: by the clock that
    /// the rule goes by. The clocks of two senders are never compared, nor is a clock that is not
    /// told.
    pub(super) fn took(
        &self,
        (seen, sent_ns): (&Seen, Option<i64>),
        look: &Look<'_>,
    ) -> Option<Nanos> {
        if self.rule.clock != ClockKind::Payload {
            return Some(look.seen.at_ns.saturating_sub(seen.at_ns));
        }
        let (from, to) = sent_ns.zip(look.sent_ns).filter(|_| seen.out == look.seen.out)?;
        Some(Nanos::try_from(to.saturating_sub(from)).unwrap_or(0))
    }

    /// How long after what begins it something is due, whatever its kind.
    pub(in super::super) fn limit(&self) -> Option<Nanos> {
        self.within().or_else(|| stream::limit(self))
    }
}
