//! Facts ↔ the rows that JSON lines hold. The facts themselves know nothing of JSON.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::jsonl::VERSION;
use crate::wire::{
    Close, Connection, Direction, EndedBy, Ending, Frame, Gap, GapReason, Header, Marks, Note,
    RecordedFrame, Recording, Stamp,
};

/// Most bytes of a row's payload: what a recording stores in one row. Longer frames are in parts.
const MAX_PAYLOAD: usize = 1024 * 1024;

/// Most bytes of a head or a refused upgrade's body: four times what the proxy accepts.
const MAX_HEAD: usize = 256 * 1024;

/// Most bytes of any other text.
const MAX_TEXT: usize = 1024 * 1024;

/// What every line has.
#[derive(Deserialize)]
pub(super) struct KindRow {
    #[serde(default)]
    pub(super) v: u64,
    pub(super) kind: String,
}

/// Bytes as text or base64; neither where there are none.
#[derive(Default, Serialize, Deserialize)]
struct Bytes<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<Cow<'a, str>>,
}

impl<'a> Bytes<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok("") => Self::default(),
            // A NUL is legal in JSON, but ends the string in too many tools.
            Ok(text) if !text.contains('\0') => {
                Self { text: Some(Cow::Borrowed(text)), base64: None }
            }
            _ => Self { text: None, base64: Some(Cow::Owned(STANDARD.encode(bytes))) },
        }
    }

    fn is_empty(&self) -> bool {
        self.text.is_none() && self.base64.is_none()
    }

    fn into_bytes(self, what: &str, limit: usize) -> Result<Vec<u8>, String> {
        let bytes = match (self.text, self.base64) {
            (None, None) => Vec::new(),
            (Some(text), None) => text.into_owned().into_bytes(),
            (None, Some(base64)) => {
                STANDARD.decode(base64.as_bytes()).map_err(|error| format!("{what}: {error}"))?
            }
            (Some(_), Some(_)) => return Err(format!("{what}: both text and base64")),
        };
        if bytes.len() > limit {
            return Err(format!("{what}: {} bytes, more than {limit}", bytes.len()));
        }
        Ok(bytes)
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct RecordingRow<'a> {
    v: u64,
    kind: Cow<'a, str>,
    uuid: Cow<'a, str>,
    name: Cow<'a, str>,
    tool: Cow<'a, str>,
    started_ns: i64,
    upstream: Cow<'a, str>,
    listen: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Cow<'a, str>>,
}

impl<'a> RecordingRow<'a> {
    pub(super) fn from_fact(recording: &'a Recording) -> Self {
        Self {
            v: VERSION,
            kind: "wiretape".into(),
            uuid: recording.uuid.as_str().into(),
            name: recording.name.as_str().into(),
            tool: recording.tool.as_str().into(),
            started_ns: recording.started_ns,
            upstream: recording.upstream.as_str().into(),
            listen: recording.listen.as_str().into(),
            rules: recording.rules.as_deref().map(Cow::Borrowed),
            finished_ns: recording.finished_ns,
            note: recording.note.as_deref().map(Cow::Borrowed),
        }
    }

    pub(super) fn into_fact(self) -> Result<Recording, String> {
        Ok(Recording {
            uuid: text("uuid", self.uuid)?,
            name: text("name", self.name)?,
            tool: text("tool", self.tool)?,
            started_ns: self.started_ns,
            upstream: text("upstream", self.upstream)?,
            listen: text("listen", self.listen)?,
            rules: self.rules.map(|rules| text("rules", rules)).transpose()?,
            finished_ns: stored("finished_ns", self.finished_ns)?,
            note: self.note.map(|note| text("note", note)).transpose()?,
        })
    }
}

/// One direction of a connection.
#[derive(Default, Serialize, Deserialize)]
struct SideRow<'a> {
    frames: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    close: Option<CloseRow<'a>>,
}

#[derive(Serialize, Deserialize)]
struct CloseRow<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(default, skip_serializing_if = "Bytes::is_empty")]
    reason: Bytes<'a>,
}

impl<'a> SideRow<'a> {
    fn of(connection: &'a Connection, direction: Direction) -> Self {
        Self {
            frames: connection.frames[direction.index()],
            bytes: connection.bytes[direction.index()],
            close: connection
                .close_of(direction)
                .map(|close| CloseRow { code: close.code, reason: Bytes::of(&close.reason) }),
        }
    }

    fn into_close(self) -> Result<Option<Close>, String> {
        let Some(close) = self.close else { return Ok(None) };
        let reason = close.reason.into_bytes("reason", MAX_HEAD)?;
        Ok(Some(Close { code: close.code, reason }))
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct ConnectionRow<'a> {
    kind: Cow<'a, str>,
    id: i64,
    opened_ns: u64,
    client: Cow<'a, str>,
    server: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Bytes::is_empty")]
    request_head: Bytes<'a>,
    #[serde(default, skip_serializing_if = "Bytes::is_empty")]
    response_head: Bytes<'a>,
    #[serde(default, skip_serializing_if = "Bytes::is_empty")]
    response_body: Bytes<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connect_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upgrade_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_by: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Cow<'a, str>>,
    c2s: SideRow<'a>,
    s2c: SideRow<'a>,
}

impl<'a> ConnectionRow<'a> {
    pub(super) fn from_fact(connection: &'a Connection) -> Self {
        Self {
            kind: "connection".into(),
            id: connection.id,
            opened_ns: connection.opened_ns,
            client: connection.client.as_str().into(),
            server: connection.server.as_str().into(),
            request_head: Bytes::of(&connection.request_head),
            response_head: Bytes::of(&connection.response_head),
            response_body: Bytes::of(&connection.response_body),
            status: connection.status,
            connect_ns: connection.connect_ns,
            upgrade_ns: connection.upgrade_ns,
            closed_ns: connection.closed_ns,
            ending: connection.ending.map(|ending| ending.word().into()),
            ended_by: connection.ended_by.map(|by| by.word().into()),
            detail: connection.detail.as_deref().map(Cow::Borrowed),
            c2s: SideRow::of(connection, Direction::ClientToServer),
            s2c: SideRow::of(connection, Direction::ServerToClient),
        }
    }

    pub(super) fn into_fact(self) -> Result<Connection, String> {
        let count = |what, number| stored(what, Some(number)).map(|_| number);
        Ok(Connection {
            id: id(self.id)?,
            opened_ns: count("opened_ns", self.opened_ns)?,
            client: text("client", self.client)?,
            server: text("server", self.server)?,
            request_head: self.request_head.into_bytes("request_head", MAX_HEAD)?,
            response_head: self.response_head.into_bytes("response_head", MAX_HEAD)?,
            response_body: self.response_body.into_bytes("response_body", MAX_HEAD)?,
            status: self.status,
            connect_ns: stored("connect_ns", self.connect_ns)?,
            upgrade_ns: stored("upgrade_ns", self.upgrade_ns)?,
            closed_ns: stored("closed_ns", self.closed_ns)?,
            ending: word("ending", self.ending, Ending::from_word)?,
            ended_by: word("ended_by", self.ended_by, EndedBy::from_word)?,
            detail: self.detail.map(|detail| text("detail", detail)).transpose()?,
            frames: [count("frames", self.c2s.frames)?, count("frames", self.s2c.frames)?],
            bytes: [count("bytes", self.c2s.bytes)?, count("bytes", self.s2c.bytes)?],
            close: [self.c2s.into_close()?, self.s2c.into_close()?],
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct FrameRow<'a> {
    kind: Cow<'a, str>,
    id: i64,
    connection: i64,
    direction: Cow<'a, str>,
    read_ns: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    written_ns: Option<u64>,
    /// For the reader's eyes.
    #[serde(skip_serializing_if = "Option::is_none")]
    opcode: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    header: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<Cow<'a, str>>,
    /// Left out where it is the payload's own length.
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    marks: Vec<Cow<'a, str>>,
}

impl<'a> FrameRow<'a> {
    pub(super) fn from_fact(recorded: &'a RecordedFrame<'_>) -> Self {
        let frame = &recorded.frame;
        let Bytes { text, base64 } = Bytes::of(&frame.payload);
        let own_length = frame.payload.len() as u64;
        Self {
            kind: "frame".into(),
            id: recorded.id,
            connection: recorded.connection,
            direction: recorded.direction.word().into(),
            read_ns: recorded.stamp.read_ns,
            written_ns: recorded.stamp.written_ns,
            opcode: (!frame.header.is_empty()).then(|| frame.header.opcode().word().into()),
            header: hex(frame.header.as_bytes()).into(),
            text,
            base64,
            length: (frame.length != own_length).then_some(frame.length),
            marks: mark_words(frame.marks),
        }
    }

    pub(super) fn into_fact(self) -> Result<RecordedFrame<'static>, String> {
        let header = unhex(&self.header)
            .and_then(|bytes| Header::from_bytes(&bytes))
            .ok_or("header: not the hex digits of at most 14 bytes")?;
        let payload = Bytes { text: self.text, base64: self.base64 };
        let payload = payload.into_bytes("payload", MAX_PAYLOAD)?;
        let stamp = Stamp {
            read_ns: stored("read_ns", Some(self.read_ns))?.unwrap_or_default(),
            written_ns: stored("written_ns", self.written_ns)?,
        };
        if stamp.written_ns.is_some_and(|written_ns| written_ns < stamp.read_ns) {
            return Err("written_ns: before read_ns".into());
        }
        Ok(RecordedFrame {
            id: id(self.id)?,
            connection: self.connection,
            direction: direction(&self.direction)?,
            stamp,
            frame: Frame {
                header,
                length: self.length.unwrap_or(payload.len() as u64),
                payload: Cow::Owned(payload),
                marks: marks(&self.marks)?,
            },
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct GapRow<'a> {
    kind: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<Cow<'a, str>>,
    from_ns: u64,
    to_ns: u64,
    frames: u64,
    bytes: u64,
    reason: Cow<'a, str>,
}

impl<'a> GapRow<'a> {
    pub(super) fn from_fact(gap: &'a Gap) -> Self {
        Self {
            kind: "gap".into(),
            connection: gap.connection,
            direction: gap.direction.map(|direction| direction.word().into()),
            from_ns: gap.from_ns,
            to_ns: gap.to_ns,
            frames: gap.frames,
            bytes: gap.bytes,
            reason: gap.reason.word().into(),
        }
    }

    pub(super) fn into_fact(self) -> Result<Gap, String> {
        let count = |what, number| stored(what, Some(number)).map(|_| number);
        Ok(Gap {
            connection: self.connection,
            direction: self.direction.map(|word| direction(&word)).transpose()?,
            from_ns: count("from_ns", self.from_ns)?,
            to_ns: count("to_ns", self.to_ns)?,
            frames: count("frames", self.frames)?,
            bytes: count("bytes", self.bytes)?,
            reason: word("reason", Some(self.reason), GapReason::from_word)?
                .ok_or("reason: missing")?,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct NoteRow<'a> {
    kind: Cow<'a, str>,
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_frame: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_frame: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Cow<'a, str>>,
    text: Cow<'a, str>,
    author: Cow<'a, str>,
    at_ns: i64,
}

impl<'a> NoteRow<'a> {
    pub(super) fn from_fact(note: &'a Note) -> Self {
        Self {
            kind: "note".into(),
            id: note.id,
            first_frame: note.first_frame,
            last_frame: note.last_frame,
            from_ns: note.from_ns,
            to_ns: note.to_ns,
            finding: note.finding.as_deref().map(Into::into),
            run: note.run.as_deref().map(Into::into),
            text: note.text.as_str().into(),
            author: note.author.as_str().into(),
            at_ns: note.at_ns,
        }
    }

    pub(super) fn into_fact(self) -> Result<Note, String> {
        Ok(Note {
            id: id(self.id)?,
            first_frame: self.first_frame,
            last_frame: self.last_frame,
            from_ns: stored("from_ns", self.from_ns)?,
            to_ns: stored("to_ns", self.to_ns)?,
            finding: self.finding.map(|finding| text("finding", finding)).transpose()?,
            run: self.run.map(|run| text("run", run)).transpose()?,
            text: text("text", self.text)?,
            author: text("author", self.author)?,
            at_ns: self.at_ns,
        })
    }
}

fn text(what: &str, text: Cow<'_, str>) -> Result<String, String> {
    if text.len() > MAX_TEXT {
        return Err(format!("{what}: {} bytes, more than {MAX_TEXT}", text.len()));
    }
    Ok(text.into_owned())
}

/// A recording counts frames and connections from 1.
fn id(id: i64) -> Result<i64, String> {
    if id < 1 { Err(format!("id: {id} is not a number from 1")) } else { Ok(id) }
}

/// Times and counts are kept as signed 64-bit integers.
fn stored(what: &str, number: Option<u64>) -> Result<Option<u64>, String> {
    match number {
        Some(number) if i64::try_from(number).is_err() => {
            Err(format!("{what}: {number} is out of range"))
        }
        number => Ok(number),
    }
}

fn word<T>(
    what: &str,
    word: Option<Cow<'_, str>>,
    from_word: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, String> {
    word.map(|word| from_word(&word).ok_or_else(|| format!("{what}: unknown word {word:?}")))
        .transpose()
}

fn direction(word: &str) -> Result<Direction, String> {
    Direction::from_word(word).ok_or_else(|| format!("direction: unknown word {word:?}"))
}

/// The words of the bits that are set; a bit without a word yet is `bit-N`.
fn mark_words(marks: Marks) -> Vec<Cow<'static, str>> {
    (0..u32::BITS)
        .map(|bit| (bit, Marks(1 << bit)))
        .filter(|(_, mark)| marks.has(*mark))
        .map(|(bit, mark)| {
            mark.words().next().map_or_else(|| format!("bit-{bit}").into(), Into::into)
        })
        .collect()
}

fn marks(words: &[Cow<'_, str>]) -> Result<Marks, String> {
    words.iter().try_fold(Marks::NONE, |marks, word| {
        let unnamed = || {
            let bit: u32 = word.strip_prefix("bit-")?.parse().ok()?;
            1_u32.checked_shl(bit).map(Marks)
        };
        let mark = Marks::from_word(word).or_else(unnamed);
        mark.map(|mark| marks.with(mark)).ok_or_else(|| format!("marks: unknown word {word:?}"))
    })
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes().chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}
