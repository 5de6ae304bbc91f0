//! Connections → whose they are, and how they ended.

use crate::events::{Event, FieldId, Kind, Map, Scalar, Symbols};
use crate::wire::Direction;

use super::book::Nanos;
use super::slice::Detached;

/// The users of a recording's connections.
#[derive(Debug, Default)]
pub struct Sessions {
    field: Option<FieldId>,
    connections: Map<i64, Session>,
}

/// One connection, as a session sees it.
#[derive(Clone, Copy, Debug, Default)]
struct Session {
    user: Option<Scalar>,
    gone: bool,
    /// When the client sent a ping that has no pong yet.
    pinged_ns: Option<Nanos>,
    /// The longest time from a ping of the client to the server's pong.
    round_trip_ns: Nanos,
}

impl Session {
    fn measure(&mut self, event: &Event) {
        match (event.kind, event.direction) {
            (Kind::Ping, Direction::ClientToServer) => {
                self.pinged_ns.get_or_insert(event.at_ns);
            }
            (Kind::Pong, Direction::ServerToClient) => {
                let took = self.pinged_ns.take().map(|sent| event.at_ns.saturating_sub(sent));
                self.round_trip_ns = self.round_trip_ns.max(took.unwrap_or(0));
            }
            _ => {}
        }
    }
}

impl Sessions {
    pub(super) fn new(field: Option<FieldId>) -> Self {
        Self { field, connections: Map::default() }
    }

    /// Learns from an event whose its connection is; gives that, or what stands in for it.
    pub(super) fn event(&mut self, event: &Event) -> Option<Scalar> {
        if event.connection == 0 {
            return None;
        }
        let said = self.field.and_then(|field| event.field(field));
        let session = self.connections.entry(event.connection).or_default();
        // The handshake comes first; a message may name somebody else.
        session.user = session.user.or(said);
        session.measure(event);
        Some(session.user.unwrap_or(Scalar::Connection(event.connection)))
    }

    /// Whether a user has a connection that is open.
    pub(super) fn is_here(&self, user: Option<Scalar>) -> bool {
        self.connections.iter().any(|(id, session)| {
            !session.gone && Some(session.user.unwrap_or(Scalar::Connection(*id))) == user
        })
    }

    /// The longest time that a word of the client's and the server's to it took, by their pings; 0
    /// where it was not measured.
    pub(super) fn round_trip_ns(&self, connection: i64) -> Nanos {
        self.connections.get(&connection).map_or(0, |session| session.round_trip_ns)
    }

    /// Whether a connection has ended.
    pub(super) fn is_gone(&self, connection: i64) -> bool {
        self.connections.get(&connection).is_some_and(|session| session.gone)
    }

    /// Whose a connection is; `None` if that was never said.
    pub fn user(&self, connection: i64) -> Option<Scalar> {
        self.connections.get(&connection).and_then(|session| session.user)
    }

    /// The user's name, or `conn 3`.
    pub fn name(&self, connection: i64, symbols: &Symbols) -> String {
        match self.user(connection) {
            Some(user) => user.display(symbols),
            None => Scalar::Connection(connection).display(symbols),
        }
    }

    /// Connections that were seen.
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Whether none was seen.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// A close frame or the end of its socket: how the connection ended, the first time it is told.
    pub(super) fn gone(&mut self, event: &Event) -> Option<Detached> {
        let session = self.connections.get_mut(&event.connection)?;
        if std::mem::replace(&mut session.gone, true) {
            return None;
        }
        let code = event.code;
        let orderly = event.kind == Kind::Close && matches!(code, Some(1000 | 1001) | None);
        let text = match (event.kind, code) {
            (Kind::Close, Some(code)) => format!("the connection was closed ({code})"),
            (Kind::Close, None) => "the connection was closed".to_owned(),
            _ => "the connection broke without a close frame (1006)".to_owned(),
        };
        Some(Detached::new(event, orderly, text))
    }
}
