//! Facts ↔ JSON lines: a header, then one line per connection, frame, gap and note, then an end.
//!
//! ```text
//! {"v":1,"kind":"wiretape","uuid":"…","name":"amber-fox","started_ns":1790000000000000000,…}
//! {"kind":"connection","id":1,"request_head":{"text":"GET /ws HTTP/1.1\r\n…"},…}
//! {"kind":"frame","id":1,"connection":1,"direction":"c2s","read_ns":42,"written_ns":51,
//!  "opcode":"text","header":"8185deadbeef","text":"hello"}
//! {"kind":"end","lines":3}
//! ```
//!
//! Carries every fact exactly: reading what was written gives the same facts, and writing those
//! again the same bytes. Bytes are `text` where they are UTF-8 without NUL, else `base64`; header
//! bytes are hex. A field that is absent or empty is left out. `opcode` and `started` are for the
//! reader's eyes and are not read back. The file's totals are not carried: they are counted anew.
//! The end says how many lines came before it, so that a file cut between two lines is known.

use std::io::BufRead;

use serde::{Deserialize, Serialize};

use super::ExchangeError;
use super::consistency::Consistency;
use super::field::{Kind, row};
use super::json;
use super::lines::{Line, Lines};
use super::rows::{ConnectionRow, FrameRow, GapRow, KindRow, NoteRow, RecordingRow};
use crate::wire::Fact;

/// The version in the header line.
pub const VERSION: u64 = 1;

/// What a line held.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one lives at a time, and nearly all are facts")]
pub enum Parsed {
    /// A fact.
    Fact(Fact<'static>),
    /// A kind of line that is not known here: a later version's.
    Unknown,
}

/// The line that carries `fact`, without its newline.
pub fn render(fact: &Fact<'_>) -> String {
    match fact {
        Fact::Recording(recording) => json::render(&RecordingRow::from_fact(recording)),
        Fact::Connection(connection) => json::render(&ConnectionRow::from_fact(connection)),
        Fact::Frame(frame) => json::render(&FrameRow::from_fact(frame)),
        Fact::Gap(gap) => json::render(&GapRow::from_fact(gap)),
        Fact::Note(note) => json::render(&NoteRow::from_fact(note)),
    }
}

/// The last line, after `lines` others.
pub fn render_end(lines: u64) -> String {
    json::render(&EndRow { kind: END, lines })
}

/// What the first line is.
const HEADER: &str = "wiretape";

/// What the last line is.
const END: &str = "end";

#[derive(Serialize, Deserialize)]
struct EndRow<'a> {
    kind: &'a str,
    lines: u64,
}

/// The fact that `line` carries.
pub fn parse(line: Line<'_>) -> Result<Parsed, ExchangeError> {
    let at_line = |why| ExchangeError::line(line.number, why);
    let kind: KindRow = row(line.bytes).map_err(at_line)?;
    if kind.kind == HEADER && kind.v > VERSION {
        return Err(ExchangeError::Newer { found: kind.v, supported: VERSION });
    }
    let fact = parse_row(&kind.kind, line.bytes).map_err(at_line)?;
    Ok(fact.map_or(Parsed::Unknown, Parsed::Fact))
}

/// Reads a whole file, fact by fact.
#[derive(Debug)]
pub struct FactReader<R> {
    lines: Lines<R>,
    unknown: u64,
    truncated: Option<u64>,
    started: bool,
    facts: u64,
    /// How many lines the end says that there are before it.
    announced: Option<u64>,
    consistency: Consistency,
}

impl<R: BufRead> FactReader<R> {
    /// The facts of `source`.
    pub fn new(source: R) -> Self {
        Self {
            lines: Lines::new(source),
            unknown: 0,
            truncated: None,
            started: false,
            facts: 0,
            announced: None,
            consistency: Consistency::default(),
        }
    }

    /// The next fact, the recording's own first; `None` at the end.
    ///
    /// A last line that is cut off ends the file and is told by [`Self::truncated`]. A fact that
    /// contradicts itself, or what came before it, is an error.
    pub fn next_fact(&mut self) -> Result<Option<Fact<'static>>, ExchangeError> {
        while let Some(line) = self.lines.next_line()? {
            if line.bytes.trim_ascii().is_empty() {
                continue;
            }
            if let Ok(EndRow { kind: END, lines }) = row::<EndRow<'_>>(line.bytes) {
                self.announced = Some(lines);
                continue;
            }
            let is_header = || row::<Kind<'_>>(line.bytes).is_ok_and(|row| row.kind == HEADER);
            match parse(line) {
                Ok(Parsed::Fact(fact)) => {
                    self.facts += 1;
                    if matches!(fact, Fact::Recording(_)) == self.started {
                        return Err(if self.started {
                            ExchangeError::line(line.number, "a second header")
                        } else {
                            ExchangeError::NotAnExchangeFile
                        });
                    }
                    self.started = true;
                    let looked = self.consistency.look(line.number, &fact);
                    looked.map_err(|why| ExchangeError::line(line.number, why))?;
                    return Ok(Some(fact));
                }
                Ok(Parsed::Unknown) if self.started => self.unknown += 1,
                Err(newer @ ExchangeError::Newer { .. }) => return Err(newer),
                Err(error) if !self.started && is_header() => return Err(error),
                Ok(Parsed::Unknown) | Err(_) if !self.started => {
                    return Err(ExchangeError::NotAnExchangeFile);
                }
                Err(_) if !line.complete => {
                    self.truncated = Some(line.number);
                    break;
                }
                Ok(Parsed::Unknown) => {}
                Err(error) => return Err(error),
            }
        }
        match self.consistency.at_end() {
            _ if !self.started => Err(ExchangeError::NotAnExchangeFile),
            Some((line, why)) => Err(ExchangeError::line(line, why)),
            None => Ok(None),
        }
    }

    /// Lines of kinds that are not known here, so far.
    pub fn unknown(&self) -> u64 {
        self.unknown
    }

    /// Lines that are missing, if any are: `Some(None)` where not even the end is there, which may
    /// be a file that never had one. Known once all facts are read.
    pub fn missing(&self) -> Option<Option<u64>> {
        let there = self.facts + self.unknown;
        match self.announced {
            None => Some(None),
            Some(lines) if lines > there => Some(Some(lines - there)),
            Some(_) => None,
        }
    }

    /// The number of the last line, if it was cut off.
    pub fn truncated(&self) -> Option<u64> {
        self.truncated
    }
}

fn parse_row(kind: &str, bytes: &[u8]) -> Result<Option<Fact<'static>>, String> {
    let fact = match kind {
        HEADER => Fact::Recording(row::<RecordingRow>(bytes)?.into_fact()?),
        "connection" => Fact::Connection(row::<ConnectionRow>(bytes)?.into_fact()?),
        "frame" => Fact::Frame(row::<FrameRow>(bytes)?.into_fact()?),
        "gap" => Fact::Gap(row::<GapRow>(bytes)?.into_fact()?),
        "note" => Fact::Note(row::<NoteRow>(bytes)?.into_fact()?),
        _ => return Ok(None),
    };
    Ok(Some(fact))
}
