//! Facts → which of their events a filter means, as the command line and the screen say.

use std::collections::HashMap;

use wiretape::analysis::Analysis;
use wiretape::analysis::look::Look;
use wiretape::analysis::timeline::Timeline;
use wiretape::events::filter::{Filter, Payload};
use wiretape::events::payload::Parts;
use wiretape::rules::presets::preset;
use wiretape::wire::{Fact, Message, Messages};

/// A recording that was looked at.
pub(super) struct Seen {
    analysis: Analysis,
    timeline: Timeline,
    parts: Parts,
    /// By connection and last frame.
    messages: HashMap<(i64, i64), Message>,
}

impl Seen {
    /// By the rules for agents.
    pub(super) fn of(facts: &[Fact<'_>]) -> Self {
        let book = preset("agent").unwrap();
        let parts = Parts::new(&book.reading).unwrap();
        let mut timeline = Timeline::new(&book.reading);
        let mut analysis = Analysis::new(book).unwrap();
        let (mut messages, mut assembled) = (HashMap::new(), Messages::new(1 << 20));
        let mut finished_ns = None;
        for fact in facts {
            match fact {
                Fact::Recording(recording) => finished_ns = recording.finished_ns,
                Fact::Connection(connection) => assembled.connection(connection),
                Fact::Frame(frame) => {
                    let message = assembled.feed(frame);
                    messages.extend(message.map(|it| ((frame.connection, it.frames.1), it)));
                }
                _ => {}
            }
            analysis.feed(fact, &mut |event, _| timeline.append(event));
        }
        analysis.end(finished_ns, &mut |event, _| timeline.append(event));
        timeline.settle(analysis.engine().findings());
        Self { analysis, timeline, parts, messages }
    }

    /// How many events a filter means.
    pub(super) fn count(&self, filter: &str) -> usize {
        let filter = Filter::parse(filter).unwrap();
        let findings = self.analysis.engine().findings();
        let look = Look::new(&self.timeline, self.analysis.symbols(), findings);
        let rows = self.timeline.page(None, usize::MAX);
        rows.filter(|row| {
            let message = self.messages.get(&(row.connection, row.frames.1));
            let json = message.and_then(|it| self.parts.json(&it.payload, u32::from(row.part)));
            let payload = message.map(|message| Payload {
                opcode: message.opcode,
                bytes: &message.payload,
                json: json.as_deref(),
            });
            look.meets(&filter, row, payload.as_ref()) == Some(true)
        })
        .count()
    }
}
