//! What a HAR file says → the facts of a recording, in the order of one.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Read, Seek, Write};
use std::vec::IntoIter;

use super::super::{ExchangeError, Loss};
use super::entry::{CloseField, Entry};
use super::head::split_url;
use super::read::{Place, Socket, Walked};
use super::spool::Spool;
use crate::wire::{
    Close, Connection, Direction, Ending, Fact, Frame, FrameDecoder, FrameSpec, Gap, Header, Marks,
    Opcode, RecordedFrame, Recording, Stamp, encode_frame,
};

/// The facts of a HAR file.
#[derive(Debug)]
pub struct HarFacts<S> {
    recording: Recording,
    connections: IntoIter<Connection>,
    places: IntoIter<Place>,
    /// Ids of the file's WebSockets.
    ids: Vec<i64>,
    spool: Spool<S>,
    /// What remains of a payload that is longer than a row, and where it belongs.
    rest: Option<(Place, Vec<u8>, usize)>,
    payload: Vec<u8>,
    frame: i64,
    gaps: IntoIter<Gap>,
    losses: Vec<Loss>,
}

impl<S: Read + Write + Seek> HarFacts<S> {
    pub(super) fn new(walked: Walked<S>, otherwise: Recording) -> Result<Self, ExchangeError> {
        let Walked { mut spool, mut places, sockets, creator, recording, gaps, losses, .. } =
            walked;
        let given = recording;
        let base_ns = given.as_ref().map(|recording| recording.started_ns);
        let opened: Vec<i64> = sockets.iter().map(|socket| opened_at(socket, base_ns)).collect();
        let started_ns = opened.iter().copied().chain(base_ns).min().unwrap_or_default();
        let clock = Clock { started_ns, base_ns };
        let mut order: Vec<usize> = (0..sockets.len()).collect();
        order.sort_by_key(|at| (opened[*at], *at));
        let mut ids = vec![0; sockets.len()];
        for (id, at) in (1..).zip(&order) {
            ids[*at] = id;
        }
        let mut by_own: HashMap<i64, i64> = HashMap::new();
        let mut closes = Vec::new();
        let mut connections: Vec<Connection> = Vec::with_capacity(sockets.len());
        for at in order {
            let socket = &sockets[at];
            if let Some(own) = &socket.entry.own {
                by_own.insert(own.id, ids[at]);
            }
            let opened_ns = clock.since_start(opened[at]);
            let connection = connection(socket, ids[at], opened_ns, &clock);
            closes.extend(said_close(socket, at, opened[at]));
            connections.push(connection);
        }
        for (mut place, payload) in closes {
            place.piece = spool.keep(&payload)?;
            places.push(place);
        }
        places.sort_by_key(|place| place.at_ns);
        count(&mut connections, &places, &ids);
        let gaps = gaps.into_iter().map(|mut gap| {
            let connection = gap.connection.map(|id| by_own.get(&id).copied());
            gap.connection = connection.flatten();
            let moved = |ns: u64| clock.moved(ns);
            (gap.from_ns, gap.to_ns) = (moved(gap.from_ns), moved(gap.to_ns));
            gap
        });
        let ends = connections.iter().filter_map(|connection| connection.closed_ns);
        let last = places.iter().map(|place| clock.since_start(place.at_ns));
        let last_ns = last.chain(ends).max().unwrap_or_default();
        let recording = given.map_or_else(
            || Recording {
                tool: creator,
                upstream: sockets.first().map_or_else(String::new, upstream),
                finished_ns: Some(last_ns),
                started_ns,
                ..otherwise
            },
            |given| Recording {
                finished_ns: given.finished_ns.map(|ns| clock.moved(ns).max(last_ns)),
                started_ns,
                ..given
            },
        );
        Ok(Self {
            recording,
            connections: connections.into_iter(),
            places: places.into_iter(),
            ids,
            spool,
            rest: None,
            payload: Vec::new(),
            frame: 0,
            gaps: gaps.collect::<Vec<_>>().into_iter(),
            losses: losses.0,
        })
    }

    /// What is known of the recording as a whole.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// What of the file is not among the facts.
    pub fn losses(&self) -> &[Loss] {
        &self.losses
    }

    /// The next fact after the recording's own, in the order of a recording; `None` at the end.
    ///
    /// # Errors
    /// The file in which payloads are kept can't be read.
    pub fn next_fact(&mut self) -> Result<Option<Fact<'static>>, ExchangeError> {
        if let Some(connection) = self.connections.next() {
            return Ok(Some(Fact::Connection(connection)));
        }
        if let Some((place, payload, from)) = self.rest.take() {
            return Ok(Some(Fact::Frame(self.part(place, payload, from))));
        }
        let Some(place) = self.places.next() else { return Ok(self.gaps.next().map(Fact::Gap)) };
        let mut payload = std::mem::take(&mut self.payload);
        self.spool.get(place.piece, &mut payload)?;
        Ok(Some(Fact::Frame(self.part(place, payload, 0))))
    }

    /// The row of a payload that begins `from` bytes into it.
    fn part(&mut self, place: Place, payload: Vec<u8>, from: usize) -> RecordedFrame<'static> {
        let until = payload.len().min(from + FrameDecoder::PART_LIMIT);
        let row = payload[from..until].to_vec();
        let is_last = until == payload.len();
        let lacks = place.length.saturating_sub(payload.len() as u64);
        let marks = Marks::NONE
            .with_if(Marks::PART, from > 0)
            .with_if(Marks::PART_FOLLOWS, !is_last)
            .with_if(Marks::NOT_KEPT, is_last && lacks > 0);
        let header = if from > 0 { Header::EMPTY } else { header(&place) };
        let length = match from {
            0 => place.length,
            _ if is_last => row.len() as u64 + lacks,
            _ => row.len() as u64,
        };
        if until < payload.len() {
            self.rest = Some((place, payload, until));
        }
        self.frame += 1;
        let read_ns = since(self.recording.started_ns, place.at_ns);
        RecordedFrame {
            id: self.frame,
            connection: self.ids[place.socket as usize],
            direction: place.direction,
            stamp: Stamp { read_ns, written_ns: Some(read_ns) },
            frame: Frame { header, payload: Cow::Owned(row), length, marks },
        }
    }
}

/// From times since the epoch, or since an exported recording's start, to times since the start.
struct Clock {
    started_ns: i64,
    base_ns: Option<i64>,
}

impl Clock {
    fn since_start(&self, at_ns: i64) -> u64 {
        since(self.started_ns, at_ns)
    }

    fn moved(&self, ns: u64) -> u64 {
        let later = self.base_ns.map_or(0, |base_ns| since(self.started_ns, base_ns));
        ns.saturating_add(later).min(i64::MAX as u64)
    }
}

fn since(started_ns: i64, at_ns: i64) -> u64 {
    u64::try_from(i128::from(at_ns) - i128::from(started_ns))
        .unwrap_or_default()
        .min(i64::MAX as u64)
}

/// When it began, since the Unix epoch: never after its first message.
fn opened_at(socket: &Socket, base_ns: Option<i64>) -> i64 {
    let first = socket.times.map(|(first, _)| first);
    let own = socket.entry.own.as_ref().zip(base_ns).and_then(|(own, base_ns)| {
        base_ns.checked_add(i64::try_from(own.opened_ns).unwrap_or(i64::MAX))
    });
    let began = own.or(socket.entry.started_ns).or(first).unwrap_or_default();
    began.min(first.unwrap_or(began))
}

fn connection(socket: &Socket, id: i64, opened_ns: u64, clock: &Clock) -> Connection {
    let entry = &socket.entry;
    let [request_head, response_head] = entry.heads();
    let close = closes(socket);
    if let Some(own) = entry.own.clone().filter(|_| clock.base_ns.is_some()) {
        let or = |own: Vec<u8>, built| if own.is_empty() { built } else { own };
        return Connection {
            id,
            opened_ns,
            request_head: or(own.request_head.clone(), request_head),
            response_head: or(own.response_head.clone(), response_head),
            response_body: or(own.response_body.clone(), entry.body.clone()),
            closed_ns: own.closed_ns.map(|ns| clock.moved(ns).max(opened_ns)),
            ..own
        };
    }
    // Over HTTP/2 the answer is 200 (RFC 8441, 5).
    let switched = |status: u16| if (200..300).contains(&status) { 101 } else { status };
    let first_ns = socket.times.map(|(first, _)| clock.since_start(first));
    let at = |closed: &Option<i64>| closed.map_or(opened_ns, |at_ns| clock.since_start(at_ns));
    let last_ns = socket.times.map_or(opened_ns, |(_, last)| clock.since_start(last));
    let (ending, closed_ns) = match (&entry.close, entry.status.map(switched)) {
        (_, None) if socket.times.is_none() => (Some(Ending::Failed), Some(opened_ns)),
        (_, Some(status)) if status != 101 => (Some(Ending::Refused), Some(opened_ns)),
        (Some(CloseField::Aborted), _) => (Some(Ending::Reset), Some(last_ns)),
        (Some(CloseField::Closed { at_ns, .. }), _) => {
            (Some(Ending::Closed), Some(at(at_ns).max(last_ns)))
        }
        (None, _) if close.iter().any(Option::is_some) => (Some(Ending::Closed), Some(last_ns)),
        // It is not said: perhaps it was open when the file was saved.
        (None, _) => (None, None),
    };
    // Chrome counts up to the last message.
    let answered_ns = entry.answered_ns.filter(|took_ns| {
        first_ns.is_none_or(|first_ns| opened_ns.saturating_add(*took_ns) <= first_ns)
    });
    Connection {
        id,
        opened_ns,
        server: server(entry),
        request_head,
        response_head,
        response_body: entry.body.clone(),
        status: entry.status.map(switched).or(socket.times.map(|_| 101)),
        connect_ns: entry.connect_ns,
        upgrade_ns: answered_ns,
        closed_ns,
        ending,
        detail: socket.error.clone(),
        close,
        ..Connection::default()
    }
}

fn server(entry: &Entry) -> String {
    match (&*entry.server, &*entry.port) {
        ("", _) => String::new(),
        (address, port) if port.parse::<u16>().is_ok() => format!("{address}:{port}"),
        (address, _) => address.to_owned(),
    }
}

fn upstream(socket: &Socket) -> String {
    split_url(&socket.entry.url).0.to_owned()
}

/// The close frame that HTTP Toolkit tells of, if none is among the messages. It is the client's:
/// the code is the one with which the client closed, or answered.
fn said_close(socket: &Socket, at: usize, opened_at: i64) -> Option<(Place, Vec<u8>)> {
    let Some(CloseField::Closed { code, reason, at_ns }) = &socket.entry.close else { return None };
    if socket.closes.iter().any(Option::is_some) || socket.entry.own.is_some() {
        return None;
    }
    let last = socket.times.map_or(opened_at, |(_, last)| last);
    // 1005 stands for a close frame without a code, 1006 for none (RFC 6455, 7.4.1).
    let payload = match code {
        Some(1006) => return None,
        Some(1005) | None => Vec::new(),
        Some(code) => [&code.to_be_bytes()[..], reason.as_bytes()].concat(),
    };
    let place = Place {
        at_ns: at_ns.unwrap_or(last).max(last),
        socket: at as u32,
        direction: Direction::ClientToServer,
        opcode: Opcode::CLOSE,
        piece: super::spool::Piece::default(),
        length: payload.len() as u64,
    };
    Some((place, payload))
}

/// The first close frame of each direction.
fn closes(socket: &Socket) -> [Option<Close>; 2] {
    let said = said_close(socket, 0, 0).map(|(_, payload)| Close::from_payload(&payload));
    let [out, back] = socket.closes.clone();
    [out.or(said), back]
}

/// Counts each connection's messages.
fn count(connections: &mut [Connection], places: &[Place], ids: &[i64]) {
    let mut counted: HashMap<i64, [[u64; 2]; 2]> = HashMap::new();
    for place in places {
        tally(counted.entry(ids[place.socket as usize]).or_default(), place);
    }
    for connection in connections {
        let counts = counted.remove(&connection.id).unwrap_or_default();
        (connection.frames, connection.bytes) = (counts[0], counts[1]);
    }
}

/// Counts a message for its connection: frames and bytes on the wire, by direction.
fn tally(counts: &mut [[u64; 2]; 2], place: &Place) {
    let direction = place.direction.index();
    counts[0][direction] += 1;
    counts[1][direction] += header(place).as_bytes().len() as u64 + place.length;
}

/// The header of the frame that a message is made of. A client's mask is not known, so it is zero.
fn header(place: &Place) -> Header {
    let spec = match place.direction {
        Direction::ClientToServer => FrameSpec::masked(place.opcode, [0; 4]),
        Direction::ServerToClient => FrameSpec::new(place.opcode),
    };
    let mut bytes = Vec::new();
    encode_frame(&mut bytes, &FrameSpec { stated_length: Some(place.length), ..spec }, &[]);
    Header::from_bytes(&bytes).unwrap_or_default()
}
