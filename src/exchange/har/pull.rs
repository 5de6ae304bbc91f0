//! An untrusted JSON stream → its values, one at a time, none held that is longer than its limit.
//!
//! What is skipped is never held, however long it is. Mistakes are told with the names that lead to
//! them, and with their line and column.

use std::cell::Cell;
use std::fmt::Write as _;
use std::io::{self, Read};
use std::rc::Rc;

use serde::de::DeserializeOwned;
use struson::reader::{
    JsonReader as _, JsonReaderPosition, JsonStreamReader, JsonSyntaxError, ReaderError,
    ReaderSettings, TransferError, ValueType,
};
use struson::writer::{JsonStreamWriter, JsonWriter as _};

use super::super::field::{in_short, row};
use super::super::{ExchangeError, MAX_LINE};
use super::time;

/// Bytes of a name or a number; longer ones mean nothing here. What is read ahead is counted too.
const MAX_NAME: u64 = 64 << 10;

/// Objects and lists inside each other. HAR needs 8; others' extensions may need some more.
const MAX_DEPTH: u32 = 128;

/// Bytes read at once from a string's value.
const CHUNK: usize = 16 << 10;

/// Reads one JSON value from `R`, part by part.
pub(super) struct Pull<R: Read> {
    json: JsonStreamReader<Metered<R>>,
    place: Place,
}

/// A text, or the beginning of a long one.
#[derive(Debug, Default)]
pub(super) struct Beginning {
    pub(super) text: String,
    /// Bytes of all of it.
    pub(super) length: u64,
    /// The `=` at its end, which base64 is filled up with.
    pub(super) padding: u64,
}

/// What is being read.
#[derive(Debug, Default)]
struct Place {
    path: Vec<Step>,
    /// The source has no more bytes.
    ended: Rc<Cell<bool>>,
}

/// What is wrong with a value that is cut off, whatever else is wrong with it.
const ENDED: &str = "the file ends in the midst of it";

/// A step from the whole towards a part of it.
#[derive(Clone, Copy, Debug)]
enum Step {
    Field(&'static str),
    Index(u64),
}

impl<R: Read> Pull<R> {
    pub(super) fn new(source: R) -> Self {
        let settings = ReaderSettings {
            track_path: false,
            max_nesting_depth: Some(MAX_DEPTH),
            ..ReaderSettings::default()
        };
        let place = Place::default();
        let metered = Metered { source, left: u64::MAX, ended: Rc::clone(&place.ended) };
        Self { json: JsonStreamReader::new_custom(metered, settings), place }
    }

    /// Takes an object: `each` is told of every field that is among `known` and takes its value;
    /// others are skipped. A known field that is there twice is a mistake.
    pub(super) fn object(
        &mut self,
        known: &[&'static str],
        mut each: impl FnMut(&mut Self, &'static str) -> Result<(), ExchangeError>,
    ) -> Result<(), ExchangeError> {
        self.expect(ValueType::Object)?;
        self.json.begin_object().map_err(|error| self.refused(error))?;
        let mut seen: Vec<&'static str> = Vec::with_capacity(known.len());
        while self.json.has_next().map_err(|error| self.refused(error))? {
            self.meter(MAX_NAME);
            let name = match self.json.next_name() {
                Ok(name) => known.iter().copied().find(|known| *known == name),
                Err(error) => return Err(self.refused(error)),
            };
            self.meter(u64::MAX);
            let Some(name) = name else {
                self.skip()?;
                continue;
            };
            self.place.path.push(Step::Field(name));
            if seen.contains(&name) {
                return Err(self.mistake("it is there twice"));
            }
            seen.push(name);
            each(self, name)?;
            self.place.path.pop();
        }
        self.json.end_object().map_err(|error| self.refused(error))
    }

    /// Takes a list: `each` is told of every place in it and takes its value.
    pub(super) fn list(
        &mut self,
        mut each: impl FnMut(&mut Self, u64) -> Result<(), ExchangeError>,
    ) -> Result<(), ExchangeError> {
        self.expect(ValueType::Array)?;
        self.json.begin_array().map_err(|error| self.refused(error))?;
        let mut index = 0;
        while self.json.has_next().map_err(|error| self.refused(error))? {
            self.place.path.push(Step::Index(index));
            each(self, index)?;
            self.place.path.pop();
            index += 1;
        }
        self.json.end_array().map_err(|error| self.refused(error))
    }

    /// Takes a text and keeps its first `limit` bytes.
    pub(super) fn beginning(&mut self, limit: usize) -> Result<Beginning, ExchangeError> {
        self.expect(ValueType::String)?;
        let read = match self.json.next_string_reader() {
            Ok(mut reader) => read_text(&mut reader, limit),
            Err(error) => return Err(self.place.refused(error)),
        };
        match read {
            Ok(Counted { mut kept, length, padding }) => {
                let whole = std::str::from_utf8(&kept).map_or_else(|at| at.valid_up_to(), str::len);
                kept.truncate(whole);
                let text = String::from_utf8(kept).unwrap_or_default();
                Ok(Beginning { text, length, padding })
            }
            Err(error) => Err(self.unread(error)),
        }
    }

    /// Takes a number, as it is written.
    pub(super) fn number(&mut self) -> Result<String, ExchangeError> {
        self.expect(ValueType::Number)?;
        self.meter(MAX_NAME);
        let number = self.json.next_number_as_string().map_err(|error| self.refused(error))?;
        self.meter(u64::MAX);
        Ok(number)
    }

    /// Takes a message's time: seconds or milliseconds since 1970.
    pub(super) fn moment(&mut self) -> Result<i64, ExchangeError> {
        let number = self.number()?;
        let wrong = || {
            let number = in_short(&number);
            self.mistake(format!("{number} is no time in seconds or milliseconds since 1970"))
        };
        time::moment(&number).ok_or_else(wrong)
    }

    /// Takes any value of at most [`MAX_LINE`] bytes as a `T`.
    pub(super) fn row<T: DeserializeOwned>(&mut self) -> Result<T, ExchangeError> {
        self.meter(MAX_LINE as u64);
        let mut writer = JsonStreamWriter::new(Vec::new());
        let transferred = self.json.transfer_to(&mut writer);
        self.meter(u64::MAX);
        match transferred {
            Ok(()) => {}
            Err(TransferError::ReaderError(error)) => return Err(self.refused(error)),
            Err(TransferError::WriterError(error)) => return Err(ExchangeError::Read(error)),
        }
        let bytes = writer.finish_document()?;
        row(&bytes).map_err(|why| self.mistake(why))
    }

    /// Takes a null, if it is one.
    pub(super) fn null(&mut self) -> Result<bool, ExchangeError> {
        let is_null = self.peek()? == ValueType::Null;
        if is_null {
            self.skip()?;
        }
        Ok(is_null)
    }

    /// What comes is a text.
    pub(super) fn is_text(&mut self) -> Result<bool, ExchangeError> {
        Ok(self.peek()? == ValueType::String)
    }

    /// Passes over a value.
    pub(super) fn skip(&mut self) -> Result<(), ExchangeError> {
        self.json.skip_value().map_err(|error| self.refused(error))
    }

    /// Takes the end: nothing but space may follow.
    pub(super) fn end(self) -> Result<(), ExchangeError> {
        let Self { json, place } = self;
        json.consume_trailing_whitespace().map_err(|error| place.refused(error))
    }

    /// `why` is wrong with what was just read.
    pub(super) fn mistake(&self, why: impl Into<String>) -> ExchangeError {
        let why = if self.place.ended.get() { ENDED.to_owned() } else { why.into() };
        self.place.located(&self.json.current_position(false), why)
    }

    fn peek(&mut self) -> Result<ValueType, ExchangeError> {
        self.json.peek().map_err(|error| self.refused(error))
    }

    fn expect(&mut self, expected: ValueType) -> Result<(), ExchangeError> {
        let found = self.peek()?;
        if found == expected {
            return Ok(());
        }
        Err(self.mistake(format!("{}, expected {}", word(found), word(expected))))
    }

    fn meter(&mut self, bytes: u64) {
        self.json.reader_mut().left = bytes;
    }

    fn refused(&self, error: ReaderError) -> ExchangeError {
        self.place.refused(error)
    }

    fn unread(&self, error: io::Error) -> ExchangeError {
        let inner = error.get_ref();
        match inner.and_then(|inner| inner.downcast_ref::<JsonSyntaxError>()) {
            Some(syntax) => self.refused(ReaderError::SyntaxError(syntax.clone())),
            None if inner.is_some() => self.mistake(in_short(&error.to_string())),
            None => ExchangeError::Read(error),
        }
    }
}

/// The first bytes of a text, and what is known of all of it.
#[derive(Default)]
struct Counted {
    kept: Vec<u8>,
    length: u64,
    padding: u64,
}

/// Reads to the end, and keeps the first `limit` bytes.
fn read_text(reader: &mut impl Read, limit: usize) -> io::Result<Counted> {
    let mut text = Counted::default();
    let mut chunk = [0; CHUNK];
    loop {
        match reader.read(&mut chunk) {
            Ok(0) => return Ok(text),
            Ok(count) => {
                let read = &chunk[..count];
                text.length += count as u64;
                let padding = read.iter().rev().take_while(|byte| **byte == b'=').count();
                text.padding = padding as u64 + if padding == count { text.padding } else { 0 };
                let room = limit.saturating_sub(text.kept.len()).min(count);
                text.kept.extend_from_slice(&read[..room]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn word(kind: ValueType) -> &'static str {
    match kind {
        ValueType::Array => "a list",
        ValueType::Object => "an object",
        ValueType::String => "a text",
        ValueType::Number => "a number",
        ValueType::Boolean => "true or false",
        ValueType::Null => "null",
    }
}

impl Place {
    fn refused(&self, error: ReaderError) -> ExchangeError {
        match error {
            ReaderError::SyntaxError(error) => {
                let why = match &*error.kind.to_string() {
                    _ if self.ended.get() => ENDED.to_owned(),
                    kind => format!("not JSON: {}", in_words(kind)),
                };
                self.located(&error.location, why)
            }
            ReaderError::UnexpectedValueType { expected, actual, location } => {
                self.located(&location, format!("{}, expected {}", word(actual), word(expected)))
            }
            ReaderError::MaxNestingDepthExceeded { max_nesting_depth, location } => self.located(
                &location,
                format!("over {max_nesting_depth} objects and lists inside each other"),
            ),
            ReaderError::UnsupportedNumberValue { number, location } => {
                self.located(&location, format!("{} is out of range", in_short(&number)))
            }
            ReaderError::UnexpectedStructure { location, .. } => {
                self.located(&location, "not what belongs there".to_owned())
            }
            ReaderError::IoError { error, location } if error.get_ref().is_some() => {
                self.located(&location, in_short(&error.to_string()))
            }
            ReaderError::IoError { error, .. } => ExchangeError::Read(error),
            other => ExchangeError::Read(io::Error::other(other.to_string())),
        }
    }

    fn located(&self, position: &JsonReaderPosition, why: String) -> ExchangeError {
        let mut at = String::new();
        for step in &self.path {
            let _ = match step {
                Step::Field(name) if at.is_empty() => write!(at, "{name}"),
                Step::Field(name) => write!(at, ".{name}"),
                Step::Index(index) => write!(at, "[{index}]"),
            };
        }
        let (line, column) =
            position.line_pos.as_ref().map_or((0, 0), |at| (at.line + 1, at.column + 1));
        ExchangeError::Json { at, line, column, why }
    }
}

/// `MissingComma` → `missing comma`.
fn in_words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 8);
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

/// Gives no more bytes than are allowed: what is held as a whole may not be longer.
struct Metered<R> {
    source: R,
    left: u64,
    ended: Rc<Cell<bool>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            let why = "longer than anything that belongs there";
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        let count = self.source.read(&mut into[..most])?;
        self.ended.set(count == 0);
        if self.left != u64::MAX {
            self.left -= count as u64;
        }
        Ok(count)
    }
}
