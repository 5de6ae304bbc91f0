//! A message's payload → the JSON text in it, as a format has it.

use std::borrow::Cow;

use super::reading::Format;
use super::{mend::mend, msgpack, socketio};

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
