//! Findings that are told at once, and grow: events on the wrong connection, repeats, stragglers,
//! what breaks the wire's own rules, ends of connections.
//!
//! Those that no rules file asks for have an id all the same: `[severity]` says how bad they are,
//! or turns them off.

use crate::events::{Event, Kind, Scalar, Symbol, Symbols};
use crate::wire::{Direction, Marks};

use super::book::{Nanos, Origin, Rule, Severity};
use super::course::Course;
use super::elsewhere::Stray;
use super::finding::{Code, Finding, Side};
use super::isolation::Wrong;
use super::monitors::{Breach, Ended, Seen, came_after, lasted, named};
use super::session::Sessions;
use super::slice::{Detached, Slice};
use super::told::{About, Teller};

/// A rule that is always there.
#[derive(Clone, Copy, Debug)]
pub(super) struct BuiltIn {
    /// As `[severity]` names it.
    pub(super) id: &'static str,
    code: Code,
    severity: Severity,
}

const fn built_in(id: &'static str, code: Code, severity: Severity) -> BuiltIn {
    BuiltIn { id, code, severity }
}

const AFTER_END: BuiltIn = built_in("after-end", Code::E104, Severity::Error);
const CLOSE: BuiltIn = built_in("close", Code::W204, Severity::Warning);
const DECODE: BuiltIn = built_in("decode", Code::W205, Severity::Warning);
const DUPLICATE: BuiltIn = built_in("duplicate", Code::E106, Severity::Error);
const PROTOCOL: BuiltIn = built_in("protocol", Code::W208, Severity::Warning);
const UNKNOWN: BuiltIn = built_in("unknown-event", Code::W206, Severity::Warning);

/// All of them.
pub(super) const BUILT_IN: [BuiltIn; 6] = [AFTER_END, CLOSE, DECODE, DUPLICATE, PROTOCOL, UNKNOWN];

/// Names outside a strict lifecycle told of one connection; a program that makes names up has one
/// problem, not thousands.
const MAX_UNKNOWN: usize = 1000;

/// Where it was seen.
struct Whose {
    user: Option<String>,
    run: Option<String>,
    connection: i64,
}

impl Whose {
    fn of(event: &Event, sessions: &Sessions, symbols: &Symbols) -> Self {
        let user = Some(sessions.name(event.connection, symbols));
        Self { user, run: None, connection: event.connection }
    }
}

/// What was seen.
struct What {
    at_ns: u64,
    message: String,
    frames: Vec<i64>,
    side: Option<Side>,
    about: Symbol,
}

impl What {
    fn of(event: &Event, message: String) -> Self {
        let frames = (event.frames.1 > 0).then_some(event.frames.1).into_iter().collect();
        let side = Some(side_of(event));
        Self { at_ns: event.at_ns, message, frames, side, about: event.name }
    }

    fn breach(self, code: Code) -> Breach {
        let Self { at_ns, message, frames, side, about } = self;
        Breach { code, at_ns, message, frames, expected: None, side, about, standing: None }
    }
}

impl Teller {
    /// Tells of a built-in rule's breach, unless that is off.
    fn tell_built_in(
        &mut self,
        rule: BuiltIn,
        whose: Whose,
        what: What,
        (slice, symbols): (Option<&Slice>, &Symbols),
    ) -> Option<usize> {
        let severity = self.severity_of(rule.id, rule.severity)?;
        let about = About {
            rule: rule.id,
            origin: &Origin::default(),
            severity,
            user: whose.user,
            run: whose.run,
            connection: Some(whose.connection),
        };
        self.push(&about, what.breach(rule.code), slice, symbols)
    }

    /// One more frame of what was told already; how many it has now.
    fn grow(&mut self, index: usize, frame: i64) -> usize {
        let Some(finding) = self.findings.get_mut(index) else { return 0 };
        if finding.frames.len() < Finding::MAX_FRAMES {
            self.places.remove(index, finding);
            finding.frames.push(frame);
            self.places.add(index, finding);
        }
        self.changed.push(index);
        finding.frames.len()
    }

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
        let thing = wrong.what.map_or(wrong.owner, |(_, value)| value);
        if let Some(index) = self.foreign.get(&(thing, event.connection)).copied() {
            let more = self.foreign_more.entry(index).or_default();
            *more += 1;
            let more = *more;
            self.grow(index, frame);
            let Some(finding) = self.findings.get_mut(index) else { return index };
            let first =
                finding.message.split_once("; ").map_or(&*finding.message, |(first, _)| first);
            let events = if more == 1 { "event" } else { "events" };
            finding.message = format!("{first}; {more} more {events} of that user came there too");
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
            run: wrong.run.map(|run| run.display(symbols)),
            ..About::of(rule, Some(victim), Some(event.connection))
        };
        let first = wrong.owner_seen.map(|(_, first)| first);
        let frames = first.into_iter().chain([frame]).collect();
        let what = What { frames, side: Some(Side::Server), ..What::of(event, message) };
        let index = self.push(&about, what.breach(Code::E108), None, symbols).unwrap_or_default();
        self.foreign.insert((thing, event.connection), index);
        index
    }

    /// A payload that can't be read; many of one connection and direction are one finding.
    pub(super) fn undecodable(&mut self, event: &Event, sessions: &Sessions, symbols: &Symbols) {
        let key = (event.connection, event.direction == Direction::ClientToServer);
        self.strays.unreadable(key.0, key.1, event.frames.1);
        if let Some(index) = self.undecodable.get(&key).copied() {
            let count = self.grow(index, event.frames.1);
            self.reword(index, format!("{count} payloads can't be decoded"));
            return;
        }
        let message = format!("a payload of {} bytes can't be decoded", event.bytes);
        let whose = Whose::of(event, sessions, symbols);
        let told = self.tell_built_in(DECODE, whose, What::of(event, message), (None, symbols));
        self.undecodable.extend(told.map(|index| (key, index)));
    }

    /// A frame that breaks RFC 6455; many of one connection, direction and kind are one finding.
    pub(super) fn violation(&mut self, event: &Event, sessions: &Sessions, symbols: &Symbols) {
        let marks = Marks(event.marks.0 & Marks::VIOLATIONS.0);
        let words: Vec<&str> = marks.words().filter_map(broken).collect();
        let words = words.join(", and ");
        let key = (event.connection, event.direction == Direction::ClientToServer, marks.0);
        if let Some(index) = self.violations.get(&key).copied() {
            let count = self.grow(index, event.frames.1);
            self.reword(index, format!("{count} frames: {words}"));
            return;
        }
        let code = event.code.filter(|_| marks.has(Marks::BAD_CLOSE));
        let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
        let what = What::of(event, format!("{words}{code}"));
        let whose = Whose::of(event, sessions, symbols);
        let told = self.tell_built_in(PROTOCOL, whose, what, (None, symbols));
        self.violations.extend(told.map(|index| (key, index)));
    }

    /// An event of a strict lifecycle's slice that the lifecycle does not know; many of one name
    /// are one finding.
    pub(super) fn unknown(
        &mut self,
        course: &Course,
        (slice, seen): (&Slice, &Seen),
        symbols: &Symbols,
    ) {
        let key = (seen.connection, seen.name);
        if let Some(index) = self.unknown.get(&key).copied() {
            self.grow(index, seen.frame);
            return;
        }
        if self.unknown.len() >= MAX_UNKNOWN {
            return;
        }
        let name = symbols.text(seen.name);
        let near = super::language::nearest(name, course.names());
        let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        let message = format!("{name} is no event of {}{hint}", course.lifecycle.id);
        let whose = Whose {
            user: slice.user.map(|user| user.display(symbols)),
            run: slice.run.map(|run| run.display(symbols)),
            connection: seen.connection,
        };
        let what = What::seen(seen, vec![seen.frame], message);
        let told = self.tell_built_in(UNKNOWN, whose, what, (Some(slice), symbols));
        self.unknown.extend(told.map(|index| (key, index)));
    }

    fn reword(&mut self, index: usize, message: String) {
        if let Some(finding) = self.findings.get_mut(index) {
            finding.message = message;
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
        let about = About::of(rule, Some(user), connection);
        let frames = gone.frame.into_iter().collect();
        let what = What { at_ns: gone.at_ns, message, frames, side: None, about: about_event };
        self.push(&about, what.breach(Code::W203), None, symbols);
    }

    /// What a reconnect lost or doubled.
    pub(super) fn resumed(
        &mut self,
        (rule, code, message): (&Rule, Code, String),
        (event, before): (&Event, i64),
        ((user, connection), run): ((String, i64), Option<String>),
        symbols: &Symbols,
    ) {
        if let Some(tally) = self.tallies.iter_mut().find(|tally| tally.rule == rule.id) {
            tally.activations += 1;
            tally.violated += 1;
        }
        let about = About { run, ..About::of(rule, Some(user), Some(connection)) };
        let what = What { frames: vec![before, event.frames.1], ..What::of(event, message) };
        self.push(&about, what.breach(code), None, symbols);
    }

    /// A message whose id was there before.
    pub(super) fn repeat(
        &mut self,
        slice: &Slice,
        (seen, run): (&Seen, Option<Scalar>),
        (msg_id, first): (Option<Scalar>, i64),
        symbols: &Symbols,
    ) {
        let before = slice.events.iter().find(|event| event.frame == first);
        // Servers send each message to all connections of a user: a copy is no repeat.
        if before.is_none_or(|before| before.connection != seen.connection) {
            return;
        }
        if let Some(index) = self.repeats.get(&(msg_id, first)).copied() {
            self.grow(index, seen.frame);
            return;
        }
        let after = before.map_or(0, |before| seen.at_ns.saturating_sub(before.at_ns));
        let message = format!(
            "{} came twice with the same id, {} after #{first}",
            named(seen, symbols),
            lasted(after)
        );
        let whose = Whose {
            user: slice.user.map(|user| user.display(symbols)),
            run: run.map(|run| run.display(symbols)),
            connection: seen.connection,
        };
        let what = What::seen(seen, vec![first, seen.frame], message);
        let told = self.tell_built_in(DUPLICATE, whose, what, (Some(slice), symbols));
        self.repeats.extend(told.map(|index| ((msg_id, first), index)));
    }

    /// An event of a run that is over for long.
    pub(super) fn straggler(
        &mut self,
        seen: &Seen,
        end: Ended,
        (key, user): (&[Scalar], Option<Scalar>),
        symbols: &Symbols,
    ) {
        let stray = Stray {
            frame: seen.frame,
            connection: seen.connection,
            user: user.map(|user| user.display(symbols)),
            run: key.last().map(|run| run.display(symbols)),
            detail: seen.detail.map(|detail| detail.display(symbols)),
            is_after_end: true,
        };
        self.strays.add(symbols.text(seen.name), stray);
        if let Some(index) = self.stragglers.get(key).copied() {
            self.grow(index, seen.frame);
            return;
        }
        let message = came_after(seen, end, symbols);
        let whose = Whose {
            user: user.map(|user| user.display(symbols)),
            run: key.last().map(|run| run.display(symbols)),
            connection: seen.connection,
        };
        let what = What::seen(seen, vec![end.frame, seen.frame], message);
        let told = self.tell_built_in(AFTER_END, whose, what, (None, symbols));
        self.stragglers.extend(told.map(|index| (key.into(), index)));
    }

    /// An abnormal close, or a refused upgrade.
    pub(super) fn connection_event(
        &mut self,
        event: &Event,
        sessions: &Sessions,
        symbols: &Symbols,
    ) {
        let code = event.code;
        let message = match (event.kind, code) {
            (Kind::Close, Some(1000 | 1001) | None) => return,
            (Kind::Close, Some(code)) => format!("closed with {code}"),
            (Kind::Refused, Some(status)) => format!("the upgrade was refused: {status}"),
            (Kind::Refused, None) => "the upgrade failed".to_owned(),
            _ => "the connection broke without a close frame (1006)".to_owned(),
        };
        let what = What { side: None, ..What::of(event, message) };
        self.tell_built_in(CLOSE, Whose::of(event, sessions, symbols), what, (None, symbols));
    }
}

impl What {
    fn seen(seen: &Seen, frames: Vec<i64>, message: String) -> Self {
        let side = Some(if seen.out { Side::Client } else { Side::Server });
        Self { at_ns: seen.at_ns, message, frames, side, about: seen.name }
    }
}

fn side_of(event: &Event) -> Side {
    if event.direction == Direction::ClientToServer { Side::Client } else { Side::Server }
}

/// What is wrong with a frame of this mark, as a sentence without its subject's number.
fn broken(word: &str) -> Option<&'static str> {
    Some(match word {
        "reserved-bits" => "a reserved bit is set that no extension explains",
        "reserved-opcode" => "an opcode that RFC 6455 reserves",
        "unmasked" => "a client's frame without a mask",
        "masked" => "a server's frame with a mask",
        "non-minimal" => "a length in more bytes than it needs",
        "oversize" => "a length with its highest bit set",
        "long-control" => "a control frame of over 125 bytes",
        "fragmented-control" => "a control frame in pieces",
        "stray-continuation" => "a continuation of no message",
        "interrupted-message" => "a message that begins inside another",
        "after-close" => "a frame after its sender's close frame",
        "bad-close" => "a close code that must not be sent",
        _ => return None,
    })
}
