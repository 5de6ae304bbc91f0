//! Connections that begin and end → slices that wait for their user, and users who came back late.

use crate::events::{Event, Kind, Scalar, Symbols};

use super::book::RuleKind;
use super::engine::Engine;
use super::finding::Code;
use super::monitors::SliceEnd;
use super::resume::{Came, Fields};
use super::slice::{Detached, key_of};

/// What stands for a close frame without a code, and for none (RFC 6455, 7.1.5).
const NO_CODE: u16 = 1005;
const NO_CLOSE_FRAME: u16 = 1006;

/// Users whose return is waited for. More at once are a server that went down.
const MAX_AWAITED: usize = 100_000;

impl Engine {
    /// A user has a connection again: what waited for one goes on.
    pub(super) fn come_back(&mut self, event: &Event, user: Option<Scalar>, symbols: &Symbols) {
        if let Some((gone, connection)) = user.and_then(|user| self.away.remove(&user)) {
            self.returned((&gone, connection), Some(event.at_ns), user, symbols);
        }
        for scope in 0..self.scopes.len() {
            let slices = &self.scopes[scope].slices;
            let waiting = slices.that(|whose| whose.user == user && whose.is_waiting);
            for number in waiting {
                if let Some(slice) = self.scopes[scope].slices.get_mut(number) {
                    slice.reattach();
                }
                self.set_timer(scope, number);
            }
        }
    }

    /// A connection has ended: its slices end, or wait for its user to come back.
    pub(super) fn detach(&mut self, event: &Event, user: Option<Scalar>, symbols: &Symbols) {
        let Some(gone) = self.sessions.gone(event) else { return };
        let was_last = !self.sessions.is_here(user);
        if let Some(user) = user.filter(|_| was_last && !gone.orderly)
            && self.away.len() < MAX_AWAITED
        {
            self.away.insert(user, (gone.clone(), event.connection));
        }
        for scope in 0..self.scopes.len() {
            let waits = self.book.scopes[scope].across_reconnect.is_some();
            let touched = self.scopes[scope].slices.that(|whose| {
                whose.connections.last() == Some(&event.connection)
                    || was_last && whose.user == user && !whose.is_waiting
            });
            for number in touched {
                let Some(slice) = self.scopes[scope].slices.get_mut(number) else { continue };
                let finished = slice.ended.is_some();
                slice.detached = Some(Box::new(gone.clone()));
                if waits || finished {
                    self.set_timer(scope, number);
                } else {
                    let end = if gone.orderly { SliceEnd::Closed } else { SliceEnd::Lost };
                    self.bury((scope, number), end, event.at_ns, symbols);
                }
            }
        }
    }

    /// Judges how long a user was away who had been cut off.
    pub(super) fn returned(
        &mut self,
        (gone, connection): (&Detached, i64),
        back_ns: Option<u64>,
        user: Option<Scalar>,
        symbols: &Symbols,
    ) {
        let until_ns = back_ns.unwrap_or(self.now_ns);
        for watch in &self.watches {
            let RuleKind::Reconnect { within, codes } = &watch.rule.kind else { continue };
            let slow = until_ns.saturating_sub(gone.at_ns) > *within;
            let (Some(user), true) = (user, slow && codes.contains(&gone.code)) else { continue };
            let Some(about) = watch.names[0].first().copied().or(symbols.find("ws.open")) else {
                continue;
            };
            self.teller.slow_return(
                &watch.rule,
                (user.display(symbols), Some(connection)),
                (gone, back_ns, *within),
                (about, symbols),
            );
        }
    }

    /// Whether a server sends what it had sent before a reconnect. Tells of what was lost in one.
    pub(super) fn is_sent_again(
        &mut self,
        event: &Event,
        user: Option<Scalar>,
        symbols: &Symbols,
    ) -> bool {
        let mut again = false;
        for (index, watch) in self.watches.iter().enumerate() {
            let RuleKind::Resume { seq, epoch, replay_allowed } = watch.rule.kind else { continue };
            let key = key_of(&self.book.scopes[watch.rule.scope].key, event, user);
            let Some(key) = key else { continue };
            let fields = Fields { seq, epoch, replay_allowed };
            let named = (&self.sessions, symbols);
            match self.streams.event((index, key), fields, event, named) {
                Came::Right => {}
                Came::Again => again = true,
                // The recording does not tell what was sent meanwhile.
                Came::Wrong(_, _, (old, _))
                    if self.has_gap(event.connection) || self.has_gap(old) => {}
                Came::Wrong(code, text, (_, before)) => {
                    let whose = (self.sessions.name(event.connection, symbols), event.connection);
                    let run = self.details.run.and_then(|run| event.field(run));
                    let run = run.map(|run| run.display(symbols));
                    self.teller.resumed(
                        (&watch.rule, code, text),
                        (event, before),
                        (whose, run),
                        symbols,
                    );
                    again |= code == Code::E106;
                }
            }
        }
        again
    }

    pub(super) fn has_gap(&self, connection: i64) -> bool {
        self.gapped.contains(&connection) || self.gapped.contains(&0)
    }

    pub(super) fn gap(&mut self, event: &Event) {
        self.gapped.insert(event.connection);
        // What a user's other connection lost may have been of the same run.
        let user = self.sessions.user(event.connection);
        for scope in &mut self.scopes {
            let gapped = scope.slices.that(|whose| {
                event.connection == 0
                    || whose.connections.contains(&event.connection)
                    || user.is_some() && whose.user == user
            });
            for number in gapped {
                if let Some(slice) = scope.slices.get_mut(number) {
                    slice.lose();
                }
            }
        }
    }
}

impl Detached {
    /// Of the connection that `event` ended.
    pub(super) fn new(event: &Event, orderly: bool, text: String) -> Self {
        let frame = (event.frames.1 > 0).then_some(event.frames.1);
        let code = match event.kind {
            Kind::Close => event.code.unwrap_or(NO_CODE),
            _ => NO_CLOSE_FRAME,
        };
        Self { at_ns: event.at_ns, orderly, code, text, frame }
    }
}
