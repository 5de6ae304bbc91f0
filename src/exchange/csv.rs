//! Facts → CSV (RFC 4180): one row a message, for spreadsheets and scripts.
//!
//! ```text
//! frame,connection,direction,time,ns,opcode,bytes,encoding,payload
//! 1,1,c2s,2026-11-22T14:03:31.205000000Z,205000000,text,32,text,"{""type"":""hello""}"
//! ```
//!
//! `frame` is the message's last. `payload` is text where all of it prints, else base64. What a
//! spreadsheet would take for a formula has an apostrophe before it.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::{ExchangeError, Loss, Losses, json};
use crate::wire::{Direction, Fact, Marks, Message, Messages, RecordedFrame, Recording};

/// Bytes of a message at most: as many as are recorded of a frame by default.
const MAX_MESSAGE: usize = 16 << 20;

/// Writes rows to `W`.
#[derive(Debug)]
pub struct CsvWriter<W> {
    to: W,
    recording: Recording,
    messages: Messages,
    losses: Losses,
    rows: u64,
}

impl<W: Write> CsvWriter<W> {
    /// Writes the names of the columns.
    ///
    /// # Errors
    /// `to` can't be written.
    pub fn new(mut to: W) -> Result<Self, ExchangeError> {
        to.write_all(b"frame,connection,direction,time,ns,opcode,bytes,encoding,payload\r\n")?;
        let (recording, losses) = (Recording::default(), Losses::default());
        Ok(Self { to, recording, messages: Messages::new(MAX_MESSAGE), losses, rows: 0 })
    }

    /// Takes the next fact.
    ///
    /// # Errors
    /// `to` can't be written.
    pub fn take(&mut self, fact: &Fact<'_>) -> Result<(), ExchangeError> {
        match fact {
            Fact::Recording(recording) => self.recording = recording.clone(),
            Fact::Connection(connection) => {
                self.messages.connection(connection);
                self.losses.add(("handshake", "handshakes"));
            }
            Fact::Gap(gap) => {
                self.messages.gap(gap);
                self.losses.add(("gap", "gaps"));
            }
            Fact::Note(_) => self.losses.add(("note", "notes")),
            Fact::Frame(frame) => {
                if let Some(message) = self.messages.feed(frame) {
                    self.row(frame, &message)?;
                }
            }
        }
        Ok(())
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// What is not in the file.
    pub fn finish(mut self) -> Vec<Loss> {
        self.losses.add_many(UNFINISHED, self.messages.finish());
        self.losses.0
    }

    fn row(&mut self, frame: &RecordedFrame<'_>, message: &Message) -> Result<(), ExchangeError> {
        if message.trouble.is_some() || message.length != message.payload.len() as u64 {
            self.losses.add(UNFINISHED);
        }
        let at_ns = i128::from(self.recording.started_ns) + i128::from(message.stamp.read_ns);
        let time = Timestamp::from_nanosecond(at_ns);
        let time = time.map_or_else(|_| String::new(), |time| format!("{time:.9}"));
        let direction = frame.direction;
        let raw = message.marks.has(Marks::RAW);
        let opcode = if raw { "raw" } else { message.opcode.word() };
        let (encoding, payload) = match readable(&message.payload) {
            Some(text) => ("text", quoted(text)),
            None => ("base64", STANDARD.encode(&message.payload)),
        };
        write!(
            self.to,
            "{},{},{},{time},{},{opcode},{},{encoding},{payload}\r\n",
            message.frames.1,
            frame.connection,
            Direction::word(direction),
            message.stamp.read_ns,
            message.length,
        )?;
        self.rows += 1;
        Ok(())
    }
}

const UNFINISHED: (&str, &str) = ("message that is not whole", "messages that are not whole");

/// The text, if all of it prints.
fn readable(payload: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(payload).ok()?;
    text.chars()
        .all(|character| matches!(character, '\n' | '\t') || json::prints(character))
        .then_some(text)
}

fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\'']) { "'" } else { "" };
    if guard.is_empty() && !text.contains([',', '"', '\n', ' ']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::{quoted, readable};

    #[test]
    fn quotes_and_formulas_are_guarded() {
        for (text, field) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("{\"a\":1}", "\"{\"\"a\"\":1}\""),
            ("two\nlines", "\"two\nlines\""),
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("-1", "\"'-1\""),
            ("'x", "\"''x\""),
            ("", ""),
        ] {
            assert_eq!(quoted(text), field);
        }
    }

    #[test]
    fn what_a_terminal_acts_on_is_no_text() {
        assert_eq!(readable(b"a\tb\n"), Some("a\tb\n"));
        for bytes in [&b"\x1b[2J"[..], b"\xff", "\u{202e}".as_bytes(), b"\0", b"\r"] {
            assert_eq!(readable(bytes), None);
        }
    }
}
