//! The facts of a recording → a HAR file.
//!
//! HAR holds the messages of a WebSocket together, a recording holds them as they came. So each is
//! kept in a spool, and memory holds some 32 bytes of it.

use std::collections::HashSet;
use std::io::{Read, Seek, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;

use super::super::rows::{ConnectionRow, GapRow, RecordingRow};
use super::super::{ExchangeError, Loss, Losses, json};
use super::entry::Entry;
use super::head::{Head, split_url};
use super::spool::{Piece, Spool};
use super::time;
use crate::wire::{
    Connection, Direction, Ending, Fact, Frame, Gap, Marks, Message, Messages, Opcode,
    RecordedFrame, Recording,
};

/// Bytes of a message at most: as many as are recorded of a frame by default.
const MAX_MESSAGE: usize = 16 << 20;

/// Makes a HAR file of facts, which are to come in the order of a recording.
#[derive(Debug)]
pub struct HarWriter<S> {
    spool: Spool<S>,
    recording: Recording,
    messages: Messages,
    connections: HashSet<i64>,
    /// Entries and the messages that belong to them, by connection.
    pieces: Vec<(i64, Piece)>,
    gaps: Vec<Gap>,
    losses: Losses,
    count: u64,
}

impl<S: Read + Write + Seek> HarWriter<S> {
    /// With an empty file to keep messages in.
    pub fn new(spool: S) -> Self {
        Self {
            spool: Spool::new(spool),
            recording: Recording::default(),
            messages: Messages::new(MAX_MESSAGE),
            connections: HashSet::new(),
            pieces: Vec::new(),
            gaps: Vec::new(),
            losses: Losses::default(),
            count: 0,
        }
    }

    /// Takes the next fact.
    ///
    /// # Errors
    /// The spool can't be written.
    pub fn take(&mut self, fact: &Fact<'_>) -> Result<(), ExchangeError> {
        match fact {
            Fact::Recording(recording) => self.recording = recording.clone(),
            Fact::Connection(connection) => self.connection(connection)?,
            Fact::Frame(frame) => self.frame(frame)?,
            Fact::Gap(gap) => {
                self.messages.gap(gap);
                self.gaps.push(gap.clone());
            }
            Fact::Note(_) => self.losses.add(("note", "notes")),
        }
        Ok(())
    }

    /// Messages so far.
    pub fn messages(&self) -> u64 {
        self.count
    }

    /// Writes the file; gives what is not in it.
    ///
    /// # Errors
    /// `to` can't be written, or the spool not read.
    pub fn finish(mut self, to: &mut impl Write) -> Result<Vec<Loss>, ExchangeError> {
        self.losses.add_many(UNFINISHED, self.messages.finish());
        // Stable: an entry stays before its messages, and these in their order.
        self.pieces.sort_by_key(|(connection, _)| *connection);
        let creator = Creator { name: "wiretape", version: env!("CARGO_PKG_VERSION") };
        write!(to, "{{\"log\":{{\"version\":\"1.2\",\"creator\":{}", json::render(&creator))?;
        to.write_all(b",\"pages\":[],\"entries\":[")?;
        let mut bytes = Vec::new();
        let mut before = None;
        let mut first = false;
        for (connection, piece) in &self.pieces {
            self.spool.get(*piece, &mut bytes)?;
            if before == Some(*connection) {
                to.write_all(if first { b"\n" } else { b",\n" })?;
                first = false;
            } else {
                to.write_all(if before.is_some() { b"]},\n" } else { b"\n" })?;
                before = Some(*connection);
                first = true;
            }
            to.write_all(&bytes)?;
        }
        to.write_all(if before.is_some() { b"]}\n]" } else { b"]" })?;
        let recording = json::render(&RecordingRow::from_fact(&self.recording));
        let gaps: Vec<String> =
            self.gaps.iter().map(|gap| json::render(&GapRow::from_fact(gap))).collect();
        let gaps = gaps.join(",\n");
        writeln!(to, ",\n\"_wiretape\":{{\"recording\":{recording},\"gaps\":[{gaps}]}}}}}}")?;
        Ok(self.losses.0)
    }

    fn connection(&mut self, connection: &Connection) -> Result<(), ExchangeError> {
        self.messages.connection(connection);
        self.connections.insert(connection.id);
        let entry = json::render(&EntryRow::of(connection, &self.recording));
        // The messages come last, one by one.
        let open = entry.strip_suffix('}').unwrap_or(&entry);
        let piece = self.spool.keep(format!("{open},\"_webSocketMessages\":[").as_bytes())?;
        self.pieces.push((connection.id, piece));
        Ok(())
    }

    fn frame(&mut self, recorded: &RecordedFrame<'_>) -> Result<(), ExchangeError> {
        let Frame { header, marks, .. } = &recorded.frame;
        if marks.has(Marks::VIOLATIONS) {
            self.losses
                .add(("mark of a broken rule of RFC 6455", "marks of broken rules of RFC 6455"));
        }
        if header.opcode() == Opcode::CONTINUATION && !header.is_empty() {
            self.losses.add(("fragment as such", "fragments as such"));
        }
        if !self.connections.contains(&recorded.connection) {
            self.losses.add(("frame of an unknown connection", "frames of unknown connections"));
            return Ok(());
        }
        let Some(message) = self.messages.feed(recorded) else { return Ok(()) };
        self.message(recorded.connection, recorded.direction, &message)
    }

    fn message(
        &mut self,
        connection: i64,
        direction: Direction,
        message: &Message,
    ) -> Result<(), ExchangeError> {
        if message.marks.has(Marks::RAW) {
            self.losses
                .add(("stretch of bytes without frames", "stretches of bytes without frames"));
            return Ok(());
        }
        if message.trouble.is_some() || message.length != message.payload.len() as u64 {
            self.losses.add(UNFINISHED);
            return Ok(());
        }
        if message.compressed {
            self.losses.add(("compression of a message", "compressions of messages"));
        }
        let at_ns = absolute(&self.recording, message.stamp.read_ns);
        let text = std::str::from_utf8(&message.payload);
        let is_text = message.opcode == Opcode::TEXT;
        let row = MessageRow {
            kind: if direction == Direction::ClientToServer { "send" } else { "receive" },
            time: raw(time::as_seconds(at_ns)),
            opcode: message.opcode.0,
            data: match text {
                _ if !is_text => STANDARD.encode(&message.payload),
                Ok(text) => text.to_owned(),
                Err(_) => String::from_utf8_lossy(&message.payload).into_owned(),
            },
            base64: (is_text && text.is_err()).then(|| STANDARD.encode(&message.payload)),
        };
        let piece = self.spool.keep(json::render(&row).as_bytes())?;
        self.pieces.push((connection, piece));
        self.count += 1;
        Ok(())
    }
}

const UNFINISHED: (&str, &str) = ("message that is not whole", "messages that are not whole");

fn absolute(recording: &Recording, ns: u64) -> i64 {
    recording.started_ns.saturating_add(i64::try_from(ns).unwrap_or(i64::MAX))
}

/// A number, written with more digits than a float has.
fn raw(number: String) -> Box<RawValue> {
    RawValue::from_string(number).expect("digits and a point are JSON")
}

#[derive(Serialize)]
struct Creator {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct MessageRow {
    #[serde(rename = "type")]
    kind: &'static str,
    time: Box<RawValue>,
    opcode: u8,
    data: String,
    /// The payload, where a text is none.
    #[serde(rename = "_base64", skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryRow {
    #[serde(rename = "_resourceType")]
    resource_type: &'static str,
    started_date_time: String,
    time: Box<RawValue>,
    request: RequestRow,
    response: ResponseRow,
    cache: Empty,
    timings: TimingsRow,
    #[serde(rename = "serverIPAddress", skip_serializing_if = "Option::is_none")]
    server_ip_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<String>,
    #[serde(rename = "_webSocketClose", skip_serializing_if = "Option::is_none")]
    close: Option<CloseRow>,
    #[serde(rename = "_wiretape")]
    own: Box<RawValue>,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct PairRow {
    name: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestRow {
    method: String,
    url: String,
    http_version: &'static str,
    cookies: [Empty; 0],
    headers: Vec<PairRow>,
    query_string: Vec<PairRow>,
    headers_size: i32,
    body_size: i32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseRow {
    status: u16,
    status_text: String,
    http_version: &'static str,
    cookies: [Empty; 0],
    headers: Vec<PairRow>,
    content: ContentRow,
    #[serde(rename = "redirectURL")]
    redirect_url: String,
    headers_size: i32,
    body_size: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContentRow {
    size: usize,
    mime_type: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
}

#[derive(Serialize)]
struct TimingsRow {
    blocked: i32,
    dns: i32,
    connect: Box<RawValue>,
    ssl: i32,
    send: i32,
    wait: Box<RawValue>,
    receive: Box<RawValue>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum CloseRow {
    Aborted(&'static str),
    Closed {
        code: u16,
        reason: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        timestamp: Option<Box<RawValue>>,
    },
}

impl EntryRow {
    fn of(connection: &Connection, recording: &Recording) -> Self {
        let request = Head::parse(&connection.request_head);
        let response = Head::parse(&connection.response_head);
        let (address, port) = connection.server.rsplit_once(':').unwrap_or(("", ""));
        let address = address.trim_start_matches('[').trim_end_matches(']');
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let lasted = connection.closed_ns.map(|ns| ns.saturating_sub(connection.opened_ns));
        let answered = connection.upgrade_ns.unwrap_or(0);
        let ms = |ns| raw(time::as_milliseconds(ns));
        let request = RequestRow::of(&request, recording);
        let response = ResponseRow::of(&response, connection);
        Self {
            resource_type: "websocket",
            started_date_time: time::as_date(absolute(recording, connection.opened_ns)),
            time: ms(lasted.unwrap_or(answered).max(answered)),
            own: raw(own(connection, &request, &response)),
            request,
            response,
            cache: Empty {},
            timings: TimingsRow {
                blocked: -1,
                dns: -1,
                connect: connection.connect_ns.map_or_else(|| raw("-1".into()), ms),
                ssl: -1,
                send: 0,
                wait: ms(answered.saturating_sub(connection.connect_ns.unwrap_or(0))),
                receive: ms(lasted.unwrap_or(0).saturating_sub(answered)),
            },
            server_ip_address: some(address),
            connection: some(port),
            close: close_row(connection, recording),
        }
    }
}

impl RequestRow {
    fn of(head: &Head, recording: &Recording) -> Self {
        let mut words = head.first.split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default();
        let origin = split_url(&recording.upstream).0;
        // A name and a password are for the proxy alone.
        let (scheme, host) = origin.split_once("://").unwrap_or(("ws", origin));
        let scheme = if ["https", "wss"].contains(&scheme) { "wss" } else { "ws" };
        let host = host.rsplit('@').next().unwrap_or_default();
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            PairRow { name: name.to_owned(), value: value.to_owned() }
        };
        Self {
            method,
            url: format!("{scheme}://{host}{target}"),
            http_version: "HTTP/1.1",
            cookies: [],
            headers: headers(head),
            query_string: pairs.map(pair).collect(),
            headers_size: -1,
            body_size: 0,
        }
    }
}

impl ResponseRow {
    fn of(head: &Head, connection: &Connection) -> Self {
        let status_text = head.first.splitn(3, ' ').nth(2).unwrap_or_default().to_owned();
        let body = &connection.response_body;
        let text = std::str::from_utf8(body);
        Self {
            status: connection.status.unwrap_or(0),
            status_text,
            http_version: "HTTP/1.1",
            cookies: [],
            headers: headers(head),
            content: ContentRow {
                size: body.len(),
                mime_type: head.header("Content-Type").unwrap_or("x-unknown").to_owned(),
                encoding: text.is_err().then_some("base64"),
                text: text.map_or_else(|_| STANDARD.encode(body), str::to_owned),
            },
            redirect_url: head.header("Location").unwrap_or_default().to_owned(),
            headers_size: -1,
            body_size: if body.is_empty() { -1 } else { body.len() as i64 },
        }
    }
}

fn headers(head: &Head) -> Vec<PairRow> {
    let pair =
        |(name, value): &(String, String)| PairRow { name: name.clone(), value: value.clone() };
    head.headers.iter().map(pair).collect()
}

/// The connection as Wiretape has it, without what the entry says already.
fn own(connection: &Connection, request: &RequestRow, response: &ResponseRow) -> String {
    let parts = |rows: &[PairRow]| {
        let mut head = Head::default();
        let added = rows.iter().all(|row| head.add(&row.name, &row.value));
        added.then_some(head)
    };
    let built = parts(&request.headers).zip(parts(&response.headers)).map(|(asked, answered)| {
        let entry = Entry {
            method: request.method.clone(),
            url: request.url.clone(),
            request: asked,
            status: connection.status,
            status_text: response.status_text.clone(),
            response: answered,
            ..Entry::default()
        };
        entry.heads()
    });
    let mut stripped = connection.clone();
    stripped.response_body.clear();
    if let Some([asked, answered]) = built {
        if asked == stripped.request_head {
            stripped.request_head.clear();
        }
        if answered == stripped.response_head {
            stripped.response_head.clear();
        }
    }
    json::render(&ConnectionRow::from_fact(&stripped))
}

/// HTTP Toolkit's field: how it was closed first.
fn close_row(connection: &Connection, recording: &Recording) -> Option<CloseRow> {
    let first = Direction::BOTH.into_iter().find_map(|way| connection.close_of(way));
    match (first, connection.ending) {
        (Some(close), _) => Some(CloseRow::Closed {
            // 1005 stands for a close frame without a code (RFC 6455, 7.4.1).
            code: close.code.unwrap_or(1005),
            reason: String::from_utf8_lossy(&close.reason).into_owned(),
            // A clock that was never set gives no time that means anything elsewhere.
            timestamp: connection
                .closed_ns
                .map(|ns| time::as_seconds(absolute(recording, ns)))
                .filter(|seconds| time::moment(seconds).is_some())
                .map(raw),
        }),
        (None, Some(Ending::Eof | Ending::Reset)) => Some(CloseRow::Aborted("aborted")),
        (None, _) => None,
    }
}
