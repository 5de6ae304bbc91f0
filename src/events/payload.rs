//! A message's payload → the JSON text in it, as a format has it.

use std::borrow::Cow;

use super::plan::{ReadingError, single};
use super::reading::{Format, Reading};
use super::trie::{Found, Trie, elements};
use super::{mend::mend, msgpack, socketio};

/// How a reading takes a message apart.
#[derive(Debug)]
pub struct Parts {
    format: Format,
    each: Option<Trie>,
}

impl Parts {
    /// As `reading` says.
    ///
    /// # Errors
    /// What is wrong with where it says that the parts are.
    pub fn new(reading: &Reading) -> Result<Self, ReadingError> {
        let each = single("decode.each", reading.each.as_deref())?;
        Ok(Self { format: reading.format, each })
    }

    /// The JSON text of one event of a message: of the part of this number, where it is a batch.
    pub fn json<'p>(&self, payload: &'p [u8], part: u32) -> Option<Cow<'p, str>> {
        let json = json_of(self.format, payload, part)?;
        let whole = if self.format == Format::JsonLines { 0 } else { part as usize };
        let Some(each) = &self.each else { return Some(json) };
        let found = each.raw(&json).ok()?;
        let Found::Raw(array) = found.at(0) else { return Some(json) };
        let (elements, _) = elements(array, whole.saturating_add(1)).unwrap_or_default();
        match (elements.get(whole), elements.is_empty()) {
            (Some(element), _) => Some(Cow::Owned(element.get().to_owned())),
            (None, true) => Some(json),
            (None, false) => None,
        }
    }
}

/// The JSON text of a message, or of its part of this number where the format has several; `None`
/// where there is none. Whether it is in order is not looked at.
pub fn json_of(format: Format, payload: &[u8], part: u32) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(payload);
    match (format, text) {
        (Format::MessagePack, Ok(text)) if text.starts_with(['{', '[']) => Some(text.into()),
        (Format::MessagePack, _) => msgpack::to_json(payload).map(Cow::Owned),
        (Format::Json | Format::Text, text) => text.ok().map(mended),
        (Format::JsonLines, text) => {
            let mut lines = text.ok()?.lines().map(str::trim).filter(|line| !line.is_empty());
            lines.nth(part as usize).map(mended)
        }
        (Format::SocketIo, text) => socketio::packet(text.ok()?).map(Cow::Owned),
    }
}

/// What some servers write and JSON does not know is put right, as it is for events.
fn mended(text: &str) -> Cow<'_, str> {
    mend(text).map_or(Cow::Borrowed(text), Cow::Owned)
}
