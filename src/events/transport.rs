//! States of connections, control frames and gaps → `ws.…` and `rec.gap` events.
//!
//! Each is read like a message of JSON, so that fields and namings reach its members: `/code` and
//! `/reason` of `ws.close`, `/status` of `ws.refused`, `/handshake_ms` of both.

use serde_json::{Value, json};

use crate::wire::{Close, Connection, Direction, EndedBy, Ending, Gap, Message, Opcode};

use super::decoder::{Decoder, Named, Origin};
use super::event::{Event, Kind};

impl Decoder {
    /// Gives `ws.open` or `ws.refused` once it is known which; once a connection. To be called
    /// before its messages.
    ///
    /// Members: `handshake_ms`; of `ws.refused` also `status` (null if there was no answer) and
    /// `detail`.
    pub fn opening(&mut self, connection: &Connection, out: &mut Vec<Event>) {
        self.connection(connection);
        let failed = matches!(connection.ending, Some(Ending::Refused | Ending::Failed));
        let (name, kind) = match connection.status {
            Some(101) => ("ws.open", Kind::Open),
            Some(_) => ("ws.refused", Kind::Refused),
            None if failed => ("ws.refused", Kind::Refused),
            None => return,
        };
        if std::mem::replace(&mut self.known(connection.id).opened, true) {
            return;
        }
        let took_ns = connection.upgrade_ns;
        let mut members = json!({ "handshake_ms": took_ns.map(|ns| ns as f64 / 1e6) });
        if kind == Kind::Refused {
            members["status"] = json!(connection.status);
            members["detail"] = json!(connection.detail);
        }
        let at_ns = match took_ns {
            Some(took_ns) => connection.opened_ns.saturating_add(took_ns),
            // Some tools don't say when a handshake was over; it was before all that follows.
            None if kind == Kind::Open => connection.opened_ns,
            None => connection.closed_ns.unwrap_or(connection.opened_ns),
        };
        let origin = Origin {
            connection: connection.id,
            direction: Direction::ServerToClient,
            at_ns,
            frames: (0, 0),
        };
        self.transport(&origin, Named::fixed(kind, name), &members, out);
        if let Some(event) = out.last_mut().filter(|_| kind == Kind::Refused) {
            event.code = connection.status;
        }
    }

    /// Gives `ws.abort` if the connection ended with no close frame from either side; once a
    /// connection. To be called after its messages.
    ///
    /// One close frame is enough to be no abort: many drop the socket in answer to it. Members:
    /// `ending` and `detail`.
    pub fn ending(&mut self, connection: &Connection, out: &mut Vec<Event>) {
        let dropped = matches!(connection.ending, Some(Ending::Eof | Ending::Reset));
        let said_so = connection.close.iter().any(Option::is_some);
        if connection.status != Some(101) || !dropped || said_so {
            return;
        }
        if std::mem::replace(&mut self.known(connection.id).ended, true) {
            return;
        }
        let members = json!({
            "ending": connection.ending.map(Ending::word),
            "detail": connection.detail,
        });
        let by_client = connection.ended_by == Some(EndedBy::Client);
        let origin = Origin {
            connection: connection.id,
            direction: Direction::BOTH[usize::from(!by_client)],
            at_ns: connection.closed_ns.unwrap_or(connection.opened_ns),
            frames: (0, 0),
        };
        self.transport(&origin, Named::fixed(Kind::Abort, "ws.abort"), &members, out);
    }

    /// Gives `rec.gap`, one for each direction that lost something. Where the connection is not
    /// known, its number is 0, and every connection may have lost something.
    ///
    /// Sticky values end here. Members: `reason`, `frames`, `bytes`, `to_ns`.
    pub fn gap(&mut self, gap: &Gap, out: &mut Vec<Event>) {
        self.lose(gap.connection, gap.direction);
        let members = json!({
            "reason": gap.reason.word(),
            "frames": gap.frames,
            "bytes": gap.bytes,
            "to_ns": gap.to_ns,
        });
        let lost = |direction: &Direction| gap.direction.is_none_or(|lost| lost == *direction);
        for direction in Direction::BOTH.into_iter().filter(lost) {
            let origin = Origin {
                connection: gap.connection.unwrap_or(0),
                direction,
                at_ns: gap.from_ns,
                frames: (0, 0),
            };
            self.transport(&origin, Named::fixed(Kind::Gap, "rec.gap"), &members, out);
        }
    }

    /// Gives the event of a control frame; `false` if RFC 6455 knows none of its opcode.
    pub(super) fn control(
        &mut self,
        origin: &Origin,
        message: &Message,
        out: &mut Vec<Event>,
    ) -> bool {
        let close = Close::from_payload(&message.payload);
        let code = close.code.filter(|_| message.opcode == Opcode::CLOSE);
        let (name, kind, members) = match message.opcode {
            Opcode::PING => ("ws.ping", Kind::Ping, Value::Null),
            Opcode::PONG => ("ws.pong", Kind::Pong, Value::Null),
            Opcode::CLOSE => {
                let reason = String::from_utf8_lossy(&close.reason);
                ("ws.close", Kind::Close, json!({ "code": close.code, "reason": reason }))
            }
            _ => return false,
        };
        self.transport(origin, Named::fixed(kind, name), &members, out);
        if let Some(event) = out.last_mut() {
            event.bytes = message.length;
            event.code = code;
        }
        true
    }
}
