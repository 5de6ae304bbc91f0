//! A WebSocket between two sockets, from the 101 to its end, and what is recorded of that end.
//!
//! It lies on the heap and holds what an idle connection needs, since thousands may be idle.

use std::pin::pin;
use std::sync::Arc;

use crate::wire::{Connection, Direction, EndedBy, Ending, FrameDecoder};

use super::http::plain_words;
use super::relay::{Flow, Relay, RelayEnd};
use super::serve::{Shared, Stop};
use super::side::Side;
use super::tap::FlowTap;

/// Both directions of a WebSocket.
pub(super) struct Tunnel {
    shared: Arc<Shared>,
    connection: Connection,
    relay: Relay,
    stop: Option<Stop>,
}

impl Tunnel {
    /// Between a client and a server, with what each has already sent; its start is recorded.
    /// Without `stop` it ends at once: the client was gone before it could take the 101.
    pub(super) fn new(
        shared: Arc<Shared>,
        connection: Connection,
        sides: [Side; 2],
        deflates: bool,
        stop: Option<Stop>,
    ) -> Box<Self> {
        shared.tap.connection(connection.clone());
        let flow = |direction, early| {
            let mut decoder = FrameDecoder::new(direction, shared.settings.max_payload);
            if deflates {
                decoder.allow_rsv1();
            }
            let (tap, held) = (Arc::clone(&shared.tap), Arc::clone(&shared.held));
            let tap = FlowTap::new(tap, held, connection.id, decoder, direction);
            Flow::new(direction, shared.clock, tap, early)
        };
        let [client, server] = sides;
        let flows = [
            flow(Direction::ClientToServer, client.inbox),
            flow(Direction::ServerToClient, server.inbox),
        ];
        let relay = Relay { flows, client: client.stream, server: server.stream };
        Box::new(Self { shared, connection, relay, stop })
    }

    /// Relays to the end, and records it.
    pub(super) async fn run(mut self: Box<Self>) {
        let stop = self.stop.take();
        let stopped = async {
            if let Some(mut stop) = stop {
                stop.stopped().await;
            }
        };
        let end = self.relay.run(pin!(stopped)).await;
        let Self { shared, mut connection, relay, .. } = *self;
        let (end, taps) = relay.close(end);
        describe_end(&mut connection, &end, &taps);
        shared.tap.connection(connection);
    }
}

/// Fills in how a relayed connection ended.
fn describe_end(connection: &mut Connection, end: &RelayEnd, taps: &[FlowTap; 2]) {
    connection.closed_ns = Some(end.closed_ns);
    let closes = taps.each_ref().map(|tap| tap.close.clone());
    connection.frames = [taps[0].frames, taps[1].frames];
    connection.bytes = [taps[0].bytes, taps[1].bytes];
    // With a closing handshake, who asked first; otherwise, whose socket ended first.
    let first = match &closes {
        [Some((_, out)), Some((_, back))] if out <= back => Some(Direction::ClientToServer),
        [Some(_), Some(_)] => Some(Direction::ServerToClient),
        _ => end.first,
    };
    connection.ended_by = Some(match first.filter(|_| end.first.is_some()) {
        Some(Direction::ClientToServer) => EndedBy::Client,
        Some(Direction::ServerToClient) => EndedBy::Server,
        None => EndedBy::Proxy,
    });
    let both_closed = closes.iter().all(Option::is_some);
    connection.close = closes.map(|close| close.map(|(said, _)| said));
    connection.ending = Some(match (&end.failure, end.first) {
        (_, None) => Ending::Stopped,
        (_, Some(_)) if both_closed => Ending::Closed,
        (Some(_), Some(_)) => Ending::Reset,
        (None, Some(_)) => Ending::Eof,
    });
    connection.detail = match &end.failure {
        Some(error) => Some(plain_words(error)),
        None if end.truncated => Some("TLS ended without close_notify".to_owned()),
        None => None,
    };
}
