//! A HAR file → what its WebSockets said, message by message, in a file beside it.
//!
//! The file is read once, from its beginning to its end. Memory holds the handshakes and some 40
//! bytes a message; payloads go through the spool, so that they can come back in order of time.

use std::io::{Read, Seek, Write};

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::super::rows::{GapRow, RecordingRow};
use super::super::{ExchangeError, Losses};
use super::entry::{Entry, FIELDS, MESSAGES};
use super::facts::HarFacts;
use super::pull::{Beginning, Pull};
use super::spool::{Piece, Spool};
use super::time;
use crate::wire::{Close, Direction, Gap, Opcode, Recording};

/// Bytes of a message that are kept: as many as are recorded of one by default. Of a longer one
/// its length stays too.
const MAX_PAYLOAD: usize = 16 << 20;

/// Bytes of a message's data that are read: so many bytes in base64, in whole groups of its digits.
const MAX_DATA: usize = MAX_PAYLOAD.div_ceil(3) * 4;

/// Messages: four times what a busy day has; their places take 160 MiB.
const MAX_MESSAGES: usize = 4 << 20;

/// WebSockets; their handshakes are held.
const MAX_SOCKETS: usize = 100_000;

/// Bytes of all handshakes together.
const MAX_HANDSHAKES: usize = 256 << 20;

/// Gaps that an exported recording tells of.
const MAX_GAPS: usize = 100_000;

/// Bytes of a name or a word.
const MAX_WORD: usize = 4096;

/// Some write padding, some don't.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A message's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Since the Unix epoch.
    pub(super) at_ns: i64,
    /// Counted from 0, in the order of the file.
    pub(super) socket: u32,
    pub(super) direction: Direction,
    pub(super) opcode: Opcode,
    /// What is kept of its payload.
    pub(super) piece: Piece,
    /// Bytes that its payload had.
    pub(super) length: u64,
}

/// An entry that is a WebSocket, and what its messages say of it.
#[derive(Debug, Default)]
pub(super) struct Socket {
    pub(super) entry: Entry,
    /// First and last message.
    pub(super) times: Option<(i64, i64)>,
    /// The first close frame of each direction among its messages.
    pub(super) closes: [Option<Close>; 2],
    /// What the browser said went wrong.
    pub(super) error: Option<String>,
}

/// All that a file says.
#[derive(Debug)]
pub(super) struct Walked<S> {
    pub(super) spool: Spool<S>,
    pub(super) places: Vec<Place>,
    pub(super) sockets: Vec<Socket>,
    /// The program that wrote it.
    pub(super) creator: String,
    pub(super) recording: Option<Recording>,
    pub(super) gaps: Vec<Gap>,
    pub(super) losses: Losses,
    requests: u64,
    handshakes: usize,
}

/// Reads a HAR file, with an empty file to keep payloads in. What Wiretape did not write itself
/// gets its uuid and its name from `otherwise`.
///
/// # Errors
/// Where and why it is not HAR, that there is no WebSocket in it, or that a file can't be read or
/// written.
pub fn read<S: Read + Write + Seek>(
    source: impl Read,
    spool: S,
    otherwise: Recording,
) -> Result<HarFacts<S>, ExchangeError> {
    let mut walked = Walked {
        spool: Spool::new(spool),
        places: Vec::new(),
        sockets: Vec::new(),
        creator: String::new(),
        recording: None,
        gaps: Vec::new(),
        losses: Losses::default(),
        requests: 0,
        handshakes: 0,
    };
    let mut json = Pull::new(source);
    let mut has_entries = false;
    json.object(&["log"], |json, _| {
        json.object(&["creator", "entries", "_wiretape"], |json, field| match field {
            "creator" => walked.creator(json),
            "_wiretape" => walked.own(json),
            _ => {
                has_entries = true;
                json.list(|json, _| walked.entry(json))
            }
        })
    })?;
    if !has_entries {
        return Err(json.mistake("log.entries is missing: it is no HAR file"));
    }
    json.end()?;
    if walked.sockets.is_empty() {
        return Err(ExchangeError::NoWebSocket { requests: walked.requests });
    }
    if walked.requests > 0 {
        walked.losses.add_many(("HTTP request", "HTTP requests"), walked.requests);
    }
    HarFacts::new(walked, otherwise)
}

/// What one message's fields say.
#[derive(Debug, Default)]
struct Said {
    kind: Option<String>,
    at_ns: Option<i64>,
    opcode: Option<i64>,
    data: Option<Beginning>,
    exact: Option<Beginning>,
}

impl<S: Read + Write + Seek> Walked<S> {
    fn creator<R: Read>(&mut self, json: &mut Pull<R>) -> Result<(), ExchangeError> {
        if json.null()? {
            return Ok(());
        }
        let (mut name, mut version) = (String::new(), String::new());
        json.object(&["name", "version"], |json, field| {
            if json.null()? {
                return Ok(());
            }
            let text = json.beginning(MAX_WORD)?.text;
            *(if field == "name" { &mut name } else { &mut version }) = text;
            Ok(())
        })?;
        format!("{name} {version}").trim().clone_into(&mut self.creator);
        Ok(())
    }

    /// What Wiretape wrote about the recording as a whole.
    fn own<R: Read>(&mut self, json: &mut Pull<R>) -> Result<(), ExchangeError> {
        json.object(&["recording", "gaps"], |json, field| {
            if field == "recording" {
                let row: RecordingRow<'_> = json.row()?;
                self.recording = Some(row.into_fact().map_err(|why| json.mistake(why))?);
                return Ok(());
            }
            json.list(|json, _| {
                let row: GapRow<'_> = json.row()?;
                let gap = row.into_fact().map_err(|why| json.mistake(why))?;
                if self.gaps.len() == MAX_GAPS {
                    return Err(json.mistake(format!("over {MAX_GAPS} gaps")));
                }
                self.gaps.push(gap);
                Ok(())
            })
        })
    }

    fn entry<R: Read>(&mut self, json: &mut Pull<R>) -> Result<(), ExchangeError> {
        let mut socket = Socket::default();
        json.object(FIELDS, |json, field| {
            if field != MESSAGES {
                return socket.entry.take(json, field);
            }
            if json.null()? {
                return Ok(());
            }
            socket.entry.is_websocket = true;
            json.list(|json, _| self.message(json, &mut socket))
        })?;
        if !socket.entry.is_websocket {
            self.requests += 1;
            return Ok(());
        }
        let entry = &socket.entry;
        if let Some(why) = &entry.odd {
            return Err(json.mistake(why.clone()));
        }
        if entry.started_ns.is_none() && socket.times.is_none() {
            return Err(json.mistake("it has neither startedDateTime nor a message"));
        }
        if self.sockets.len() == MAX_SOCKETS {
            return Err(json.mistake(format!("over {MAX_SOCKETS} WebSockets")));
        }
        let texts = [&entry.url, &entry.method, &entry.status_text, &entry.server, &entry.port];
        let headers = entry.request.headers.iter().chain(&entry.response.headers);
        self.handshakes += texts.iter().map(|text| text.len()).sum::<usize>()
            + headers.map(|(name, value)| name.len() + value.len() + 48).sum::<usize>()
            + entry.body.len();
        if self.handshakes > MAX_HANDSHAKES {
            return Err(json.mistake(format!("over {MAX_HANDSHAKES} bytes of handshakes")));
        }
        self.sockets.push(socket);
        Ok(())
    }

    fn message<R: Read>(
        &mut self,
        json: &mut Pull<R>,
        socket: &mut Socket,
    ) -> Result<(), ExchangeError> {
        let mut said = Said::default();
        json.object(&["type", "time", "opcode", "data", "_base64"], |json, field| {
            if json.null()? {
                return Ok(());
            }
            match field {
                "type" => said.kind = Some(json.beginning(MAX_WORD)?.text),
                "time" => said.at_ns = Some(json.moment()?),
                "opcode" => {
                    let number = json.number()?;
                    let opcode = time::whole(&number).filter(|opcode| (-1..16).contains(opcode));
                    let wrong = || json.mistake(format!("{number:.40} is no opcode"));
                    said.opcode = Some(opcode.ok_or_else(wrong)?);
                }
                "data" => said.data = Some(json.beginning(MAX_DATA)?),
                _ => said.exact = Some(json.beginning(MAX_DATA)?),
            }
            Ok(())
        })?;
        let Some(direction) = self.direction(json, socket, &mut said)? else { return Ok(()) };
        let (Some(at_ns), Some(opcode), Some(data)) = (said.at_ns, said.opcode, said.data) else {
            self.losses.add(("message that lacks a field", "messages that lack a field"));
            return Ok(());
        };
        let opcode = Opcode(u8::try_from(opcode).unwrap_or_default());
        let (mut payload, length) = self.payload(opcode, data, said.exact.as_ref());
        payload.truncate(MAX_PAYLOAD);
        if payload.len() as u64 != length {
            self.losses.add((
                "message of over 16 MiB, of which the beginning is here",
                "messages of over 16 MiB, of which the beginnings are here",
            ));
        }
        // The order of the file is the order in which they came, whatever the clock did.
        let last = socket.times.map_or(at_ns, |(_, last)| last);
        if at_ns < last {
            self.losses.add(("time that goes back", "times that go back"));
        }
        let at_ns = at_ns.max(last);
        socket.times = Some((socket.times.map_or(at_ns, |(first, _)| first), at_ns));
        if opcode == Opcode::CLOSE {
            let close = &mut socket.closes[direction.index()];
            close.get_or_insert_with(|| Close::from_payload(&payload));
        }
        if self.places.len() == MAX_MESSAGES {
            return Err(json.mistake(format!("over {MAX_MESSAGES} messages")));
        }
        let piece = self.spool.keep(&payload)?;
        // There are fewer than MAX_SOCKETS.
        let socket = self.sockets.len() as u32;
        self.places.push(Place { at_ns, socket, direction, opcode, piece, length });
        Ok(())
    }

    /// Which way it went; `None` for what is no message.
    fn direction<R: Read>(
        &mut self,
        json: &Pull<R>,
        socket: &mut Socket,
        said: &mut Said,
    ) -> Result<Option<Direction>, ExchangeError> {
        match said.kind.as_deref() {
            Some("send" | "sent") => Ok(Some(Direction::ClientToServer)),
            Some("receive" | "received") => Ok(Some(Direction::ServerToClient)),
            // Chrome's way to say that the connection failed.
            Some("error") => {
                let mut text = said.data.take().unwrap_or_default().text;
                text.truncate(
                    (0..=MAX_WORD).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0),
                );
                socket.error.get_or_insert(text);
                Ok(None)
            }
            Some(word) => {
                let why = format!("type: unknown word {word:.40?}, expected send or receive");
                Err(json.mistake(why))
            }
            None => {
                self.losses.add(("message that lacks a field", "messages that lack a field"));
                Ok(None)
            }
        }
    }

    /// What is there of a message's payload, and its whole length.
    fn payload(
        &mut self,
        opcode: Opcode,
        data: Beginning,
        exact: Option<&Beginning>,
    ) -> (Vec<u8>, u64) {
        let given = if opcode == Opcode::TEXT { exact } else { Some(&data) };
        match given.map(|base64| (BASE64.decode(&base64.text), base64)) {
            Some((Ok(payload), base64)) => {
                let digits = base64.length - base64.padding;
                // Of a whole group's digits, each has six bits of its three bytes.
                let length = digits / 4 * 3 + (digits % 4) * 3 / 4;
                (payload, length)
            }
            Some((Err(_), _)) if opcode != Opcode::TEXT => {
                self.losses.add((
                    "binary message that is not base64, taken as text",
                    "binary messages that are not base64, taken as text",
                ));
                (data.text.into_bytes(), data.length)
            }
            _ => (data.text.into_bytes(), data.length),
        }
    }
}
