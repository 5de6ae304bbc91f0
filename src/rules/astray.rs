//! Findings that are told at once, and grow: events on the wrong connection, repeats, stragglers,
//! ends of connections.

use crate::events::{Event, Kind, Scalar, Symbol, Symbols};
use crate::wire::Direction;

use super::book::{Nanos, Origin, Rule, Severity};
use super::finding::{Code, Finding, Side};
use super::isolation::Wrong;
use super::monitors::{Breach, Seen, lasted, named};
use super::session::Sessions;
use super::slice::{Detached, Slice};
use super::told::{About, Teller};

impl Teller {
    /// An event of somebody else's on this connection; many of one run are one finding.
    pub(super) fn foreign(
        &mut self,
        (rule, wrong): (&Rule, &Wrong),
        event: &Event,
        sessions: &Sessions,
        symbols: &Symbols,
    ) -> usize {
        if let Some(tally) = self.tallies.iter_mut().find(|tally| tally.rule == rule.id) {
            tally.activations += 1;
            tally.violated += 1;
        }
        let frame = event.frames.1;
        let what = wrong.what.map_or(wrong.owner, |(_, value)| value);
        if let Some(index) = self.foreign.get(&(what, event.connection)).copied() {
            let more = self.foreign_more.entry(index).or_default();
            *more += 1;
            let more = *more;
            let Some(finding) = self.findings.get_mut(index) else { return index };
            if finding.frames.len() < Finding::MAX_FRAMES {
                finding.frames.push(frame);
            }
            let first =
                finding.message.split_once("; ").map_or(&*finding.message, |(first, _)| first);
            let events = if more == 1 { "event" } else { "events" };
            finding.message = format!("{first}; {more} more {events} of that user came there too");
            self.changed.push(index);
            return index;
        }
        let (owner, victim) =
            (wrong.owner.display(symbols), sessions.name(event.connection, symbols));
        let mut message = format!("{} of {owner} went to {victim}", symbols.text(event.name));
        if let Some((_, value)) = wrong.what {
            message += &format!(": {} is {owner}'s", value.display(symbols));
        }
        if let Some((connection, first)) = wrong.owner_seen {
            message += &format!(", seen first on conn {connection} #{first}");
        }
        let about = About {
            rule: &rule.id,
            origin: &rule.origin,
            severity: rule.severity,
            user: Some(victim),
            run: wrong.run.map(|run| run.display(symbols)),
            connection: Some(event.connection),
        };
        let frames = wrong.owner_seen.map(|(_, first)| first).into_iter().chain([frame]).collect();
        let breach = Breach {
            code: Code::E108,
            at_ns: event.at_ns,
            message,
            frames,
            expected: None,
            side: Some(Side::Server),
            about: event.name,
        };
        let index = self.push(&about, breach, None, symbols).unwrap_or_default();
        self.foreign.insert((what, event.connection), index);
        index
    }

    /// A payload that can't be read; many of one connection and direction are one finding.
    pub(super) fn undecodable(&mut self, event: &Event, sessions: &Sessions, symbols: &Symbols) {
        let out = event.direction == Direction::ClientToServer;
        let frame = event.frames.1;
        if let Some(index) = self.undecodable.get(&(event.connection, out)).copied() {
            let Some(finding) = self.findings.get_mut(index) else { return };
            if finding.frames.len() < Finding::MAX_FRAMES {
                finding.frames.push(frame);
                let count = finding.frames.len();
                finding.message = format!("{count} payloads can't be decoded");
                self.changed.push(index);
            }
            return;
        }
        let origin = Origin::default();
        let about = About {
            rule: "decode",
            origin: &origin,
            severity: Severity::Warning,
            user: Some(sessions.name(event.connection, symbols)),
            run: None,
            connection: Some(event.connection),
        };
        let breach = Breach {
            code: Code::W205,
            at_ns: event.at_ns,
            message: format!("a payload of {} bytes can't be decoded", event.bytes),
            frames: vec![frame],
            expected: None,
            side: Some(if out { Side::Client } else { Side::Server }),
            about: event.name,
        };
        if let Some(index) = self.push(&about, breach, None, symbols) {
            self.undecodable.insert((event.connection, out), index);
        }
    }

    /// A user who was cut off and came back late, or never.
    pub(super) fn slow_return(
        &mut self,
        rule: &Rule,
        (user, connection): (String, Option<i64>),
        (gone, back_ns, within): (&Detached, Option<u64>, Nanos),
        (about_event, symbols): (Symbol, &Symbols),
    ) {
        let message = match back_ns {
            Some(back_ns) => format!(
                "{user} came back {} after {}, limit {}",
                lasted(back_ns.saturating_sub(gone.at_ns)),
                gone.text,
                lasted(within)
            ),
            None => format!("{user} never came back after {}", gone.text),
        };
        let about = About {
            rule: &rule.id,
            origin: &rule.origin,
            severity: rule.severity,
            user: Some(user),
            run: None,
            connection,
        };
        let breach = Breach {
            code: Code::W203,
            at_ns: gone.at_ns,
            message,
            frames: gone.frame.into_iter().collect(),
            expected: None,
            side: None,
            about: about_event,
        };
        self.push(&about, breach, None, symbols);
    }

    /// A message whose id was there before.
    pub(super) fn repeat(
        &mut self,
        slice: &Slice,
        (seen, run): (&Seen, Option<Scalar>),
        first: i64,
        symbols: &Symbols,
    ) {
        let before = slice.events.iter().find(|event| event.frame == first);
        // Servers send each message to all connections of a user: a copy is no repeat.
        if before.is_none_or(|before| before.connection != seen.connection) {
            return;
        }
        if let Some(index) = self.repeats.get(&(seen.msg_id, first)).copied() {
            self.findings[index].frames.push(seen.frame);
            return;
        }
        let after = before.map_or(0, |before| seen.at_ns.saturating_sub(before.at_ns));
        let breach = Breach {
            code: Code::E106,
            at_ns: seen.at_ns,
            message: format!(
                "{} came twice with the same id, {} after #{first}",
                named(seen, symbols),
                lasted(after)
            ),
            frames: vec![first, seen.frame],
            expected: None,
            side: Some(Side::Server),
            about: seen.name,
        };
        let origin = Origin::default();
        let about = About {
            rule: "duplicate",
            origin: &origin,
            severity: Severity::Error,
            user: slice.user.map(|user| user.display(symbols)),
            run: run.map(|run| run.display(symbols)),
            connection: Some(seen.connection),
        };
        if let Some(index) = self.push(&about, breach, Some(slice), symbols) {
            self.repeats.insert((seen.msg_id, first), index);
        }
    }

    /// An event of a run that is over for long.
    pub(super) fn straggler(
        &mut self,
        seen: &Seen,
        end: &Seen,
        (key, user): (&[Scalar], Option<Scalar>),
        symbols: &Symbols,
    ) {
        if let Some(index) = self.stragglers.get(key).copied() {
            if self.findings[index].frames.len() < Finding::MAX_FRAMES {
                self.findings[index].frames.push(seen.frame);
            }
            self.changed.push(index);
            return;
        }
        let message = format!(
            "{} came {} after {} #{}",
            named(seen, symbols),
            lasted(seen.at_ns.saturating_sub(end.at_ns)),
            symbols.text(end.name),
            end.frame
        );
        let breach = Breach {
            code: Code::E104,
            at_ns: seen.at_ns,
            message,
            frames: vec![end.frame, seen.frame],
            expected: None,
            side: Some(Side::Server),
            about: seen.name,
        };
        let origin = Origin::default();
        let about = About {
            rule: "after-end",
            origin: &origin,
            severity: Severity::Error,
            user: user.map(|user| user.display(symbols)),
            run: key.last().map(|run| run.display(symbols)),
            connection: Some(seen.connection),
        };
        if let Some(index) = self.push(&about, breach, None, symbols) {
            self.stragglers.insert(key.into(), index);
        }
    }

    /// An abnormal close, or a refused upgrade.
    pub(super) fn connection_event(
        &mut self,
        event: &Event,
        sessions: &Sessions,
        symbols: &Symbols,
    ) {
        let code = event.code;
        let text = match (event.kind, code) {
            (Kind::Close, Some(1000 | 1001) | None) => return,
            (Kind::Close, Some(code)) => format!("closed with {code}"),
            (Kind::Refused, Some(status)) => format!("the upgrade was refused: {status}"),
            (Kind::Refused, None) => "the upgrade failed".to_owned(),
            _ => "the connection broke without a close frame (1006)".to_owned(),
        };
        let origin = Origin::default();
        let about = About {
            rule: "close",
            origin: &origin,
            severity: Severity::Warning,
            user: Some(sessions.name(event.connection, symbols)),
            run: None,
            connection: Some(event.connection),
        };
        let breach = Breach {
            code: Code::W204,
            at_ns: event.at_ns,
            message: text,
            frames: (event.frames.1 > 0).then_some(event.frames.1).into_iter().collect(),
            expected: None,
            side: None,
            about: event.name,
        };
        self.push(&about, breach, None, symbols);
    }
}
