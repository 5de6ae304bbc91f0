//! The facts of a recording, as they come → lines of what happened.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::line::{Event, Happening, Line, Turn};
use super::who;
use crate::cli::human;
use crate::wire::{Connection, Direction, Ending, Fact, Message, Messages, Opcode};

/// Payload bytes of a message that are looked at: above the demo's longest.
const MESSAGE_LIMIT: usize = 256 * 1024;

/// Messages that come so often, or say so little, that a person is better off without them.
const QUIET: [&str; 6] = [
    "ping",
    "pong",
    "user_typing",
    "connection_established",
    "handshake_acknowledged",
    "handshake_complete",
];

/// The messages of a stream, which are shown as one.
const STREAMED: &str = "stream_chunk";

/// What is known while facts come in.
#[derive(Debug)]
pub(super) struct Live {
    messages: Messages,
    visits: BTreeMap<i64, Visit>,
    /// Streams under way, by connection and run.
    streams: HashMap<(i64, Option<String>), Stream>,
    lines: Vec<Line>,
    /// Connections that have ended, told one look later: their last frames may come after.
    endings: Vec<Ended>,
    /// Messages so far that were quiet.
    pub(super) quiet: u64,
    /// Messages so far that were part of a stream.
    pub(super) streamed: u64,
    /// Connections so far that were refused.
    pub(super) refused: u64,
    /// Connections so far that took up where another of the same user had ended.
    pub(super) reconnects: u64,
}

/// One connection.
#[derive(Debug)]
struct Visit {
    user: String,
    opened: bool,
    ended_ns: Option<u64>,
    /// Who sent the first close frame.
    closed_by: Option<Direction>,
}

/// A connection that has ended.
#[derive(Debug)]
struct Ended {
    connection: Connection,
    /// One look has passed since.
    told: bool,
}

#[derive(Debug)]
struct Stream {
    first_ns: u64,
    line: Line,
}

impl Live {
    /// Nothing has happened yet.
    pub(super) fn new() -> Self {
        Self {
            messages: Messages::new(MESSAGE_LIMIT),
            visits: BTreeMap::new(),
            streams: HashMap::new(),
            lines: Vec::new(),
            endings: Vec::new(),
            quiet: 0,
            streamed: 0,
            refused: 0,
            reconnects: 0,
        }
    }

    /// Takes the next fact.
    pub(super) fn feed(&mut self, fact: Fact<'_>) {
        match fact {
            Fact::Connection(connection) => self.connection(&connection),
            Fact::Frame(frame) => {
                if let Some(message) = self.messages.feed(&frame) {
                    self.message(frame.connection, frame.direction, &message);
                }
            }
            Fact::Gap(gap) => self.messages.gap(&gap),
            Fact::Recording(_) | Fact::Note(_) => {}
        }
    }

    /// The lines since the last call, in order of time.
    pub(super) fn take_lines(&mut self) -> Vec<Line> {
        let (told, waiting): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.endings).into_iter().partition(|ending| ending.told);
        for ending in told {
            self.ended(&ending.connection);
        }
        let again = |ending: Ended| Ended { told: true, ..ending };
        self.endings = waiting.into_iter().map(again).collect();
        self.lines.sort_by_key(|line| line.at_ns);
        std::mem::take(&mut self.lines)
    }

    /// No more facts will come: streams that never ended are shown as far as they came.
    pub(super) fn finish(&mut self) {
        let streams = std::mem::take(&mut self.streams);
        self.lines.extend(streams.into_values().map(|stream| stream.line));
        for ending in std::mem::take(&mut self.endings) {
            self.ended(&ending.connection);
        }
    }

    /// Connections so far.
    pub(super) fn connections(&self) -> u64 {
        self.visits.len() as u64
    }

    fn connection(&mut self, connection: &Connection) {
        self.messages.connection(connection);
        let id = connection.id;
        let user = who::user(&connection.request_head).unwrap_or_else(|| format!("conn {id}"));
        let visit = self.visits.entry(id).or_insert(Visit {
            user: user.clone(),
            opened: false,
            ended_ns: None,
            closed_by: None,
        });
        let opens = connection.status == Some(101) && !visit.opened;
        visit.opened |= opens;
        let ends = connection.ending.is_some() && visit.ended_ns.is_none();
        if ends {
            visit.ended_ns = Some(connection.closed_ns.unwrap_or(connection.opened_ns));
        }
        if opens {
            self.opened(connection, &user);
        }
        if ends {
            self.endings.push(Ended { connection: connection.clone(), told: false });
        }
    }

    fn opened(&mut self, connection: &Connection, user: &str) {
        let id = connection.id;
        let before = self.visits.range(..id).rev().find(|(_, visit)| visit.user == user);
        let mut detail = format!("conn {id}   token in {}", place(connection));
        if let Some(offered) = header(&connection.response_head, "sec-websocket-extensions") {
            detail = format!("{detail}   {offered}");
        }
        let turn = match before {
            Some((last, Visit { ended_ns: Some(ended_ns), .. })) => {
                let after = connection.opened_ns.saturating_sub(*ended_ns);
                detail = format!("{detail}   {} after conn {last}", human::duration(after));
                self.reconnects += 1;
                Turn::Reconnected
            }
            _ => Turn::Connected,
        };
        let at_ns = connection.opened_ns + connection.upgrade_ns.unwrap_or(0);
        self.push(at_ns, id, user, Happening::Connection { turn, detail });
    }

    fn ended(&mut self, connection: &Connection) {
        let id = connection.id;
        let Some(visit) = self.visits.get(&id) else { return };
        let (user, closed_by) = (visit.user.clone(), visit.closed_by);
        let at_ns = connection.closed_ns.unwrap_or(connection.opened_ns);
        let lasted = human::duration(at_ns.saturating_sub(connection.opened_ns));
        let close = closed_by.and_then(|way| connection.close_of(way));
        let (turn, detail) = match (connection.ending, close) {
            (Some(Ending::Refused | Ending::Failed), _) => {
                self.refused += 1;
                let status = connection.status.map_or("no answer".to_owned(), |s| s.to_string());
                let body = String::from_utf8_lossy(&connection.response_body);
                (Turn::Refused, format!("{status}   {body}"))
            }
            (Some(Ending::Closed), Some(close)) => {
                let code = close.code.map_or("no code".to_owned(), |code| code.to_string());
                let reason = String::from_utf8_lossy(&close.reason);
                let by = side(closed_by);
                (Turn::Closed, format!("conn {id}   {code} {reason}   by the {by} after {lasted}"))
            }
            (Some(Ending::Stopped), _) => {
                (Turn::Closed, format!("conn {id}   with the demo after {lasted}"))
            }
            (ending, _) => {
                let ending = ending.map_or("open", |ending| ending.word());
                let by = connection.ended_by.map_or("unknown", |by| by.word());
                let what = format!("no close frame (1006): {ending} by the {by} after {lasted}");
                (Turn::Broken, format!("conn {id}   {what}"))
            }
        };
        self.push(at_ns, id, &user, Happening::Connection { turn, detail });
    }

    fn message(&mut self, connection: i64, direction: Direction, message: &Message) {
        let at_ns = message.stamp.read_ns;
        if message.opcode == Opcode::CLOSE {
            // The connection's own line tells it.
            if let Some(visit) = self.visits.get_mut(&connection) {
                visit.closed_by.get_or_insert(direction);
            }
            return;
        }
        let user = self.visits.get(&connection).map_or_else(String::new, |v| v.user.clone());
        let mut event = event(direction, message);
        event.stranger = event.stranger.filter(|owner| *owner != user);
        let key = (connection, event.run.clone());
        if event.name == STREAMED {
            self.streamed += 1;
            let line = Line { at_ns, connection, user, happening: Happening::Event(event) };
            match self.streams.get_mut(&key) {
                Some(stream) => stream.add(line),
                None => drop(self.streams.insert(key, Stream { first_ns: at_ns, line })),
            }
            return;
        }
        self.quiet += u64::from(event.quiet);
        if event.run.is_some()
            && let Some(stream) = self.streams.remove(&key)
        {
            self.lines.push(stream.line);
        }
        self.push(at_ns, connection, &user, Happening::Event(event));
    }

    fn push(&mut self, at_ns: u64, connection: i64, user: &str, happening: Happening) {
        self.lines.push(Line { at_ns, connection, user: user.to_owned(), happening });
    }
}

impl Stream {
    /// One more message of it.
    fn add(&mut self, line: Line) {
        self.line.at_ns = line.at_ns;
        if let (Happening::Event(all), Happening::Event(one)) =
            (&mut self.line.happening, line.happening)
        {
            all.count += 1;
            all.bytes += one.bytes;
            all.took_ns = line.at_ns.saturating_sub(self.first_ns);
        }
    }
}

/// What a message says, as far as it is JSON.
fn event(direction: Direction, message: &Message) -> Event {
    let mut event = Event {
        direction,
        name: message.opcode.word().to_owned(),
        run: None,
        stranger: None,
        detail: message.trouble.unwrap_or_default().to_owned(),
        count: 1,
        bytes: message.length,
        took_ns: 0,
        quiet: message.opcode.is_control(),
    };
    if message.opcode != Opcode::TEXT {
        return event;
    }
    let Ok(value) = serde_json::from_slice::<Value>(&message.payload) else { return event };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(name) = text(&value["type"]) {
        event.quiet = QUIET.contains(&name.as_str());
        event.name = name;
    }
    event.run = text(&value["run_id"]);
    let payload = &value["payload"];
    event.detail = DETAILS.into_iter().find_map(|key| text(&payload[key])).unwrap_or_default();
    event.stranger = text(&value["user_id"]);
    event
}

/// What says most about a message, in this order.
const DETAILS: [&str; 9] = [
    "tool_name",
    "error_message",
    "reason",
    "content",
    "reasoning",
    "title",
    "message",
    "received_type",
    "name",
];

/// Who sends in this direction.
fn side(direction: Option<Direction>) -> &'static str {
    match direction {
        Some(Direction::ClientToServer) => "client",
        Some(Direction::ServerToClient) => "server",
        None => "unknown",
    }
}

/// Where the token was.
fn place(connection: &Connection) -> &'static str {
    who::carrier(&connection.request_head).unwrap_or("none")
}

/// The value of a header line of a head.
fn header(head: &[u8], name: &str) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(known, _)| known.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().to_owned())
}
