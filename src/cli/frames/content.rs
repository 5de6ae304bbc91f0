//! A frame, and the message that it ends → what a line says of it: its kind, its troubles, a preview.

use crate::cli::{escape, human};
use crate::wire::{Close, Marks, Message, Opcode, RecordedFrame};

use super::PREVIEW_BYTES;

/// Columns of a preview however narrow the terminal is.
pub(super) const LEAST: usize = 16;

/// `text`, `text+` where more follows, `text z` where it is compressed, `text+z` where both;
/// `deflates` says that the connection agreed on that.
pub(super) fn kind(frame: &RecordedFrame<'_>, message: Option<&Message>, deflates: bool) -> String {
    let header = &frame.frame.header;
    let marks = frame.frame.marks;
    let word = if marks.has(Marks::PART) {
        "part".to_owned()
    } else if header.is_empty() {
        "raw".to_owned()
    } else if header.opcode() == Opcode::CONTINUATION {
        "cont".to_owned()
    } else {
        // `reserved-11` is wider than the column; a mark says that it is reserved.
        header.opcode().word().replace("reserved-", "op ")
    };
    let more = marks.has(Marks::PART_FOLLOWS) || (!header.is_empty() && !header.fin());
    let compressed =
        is_compressed(frame, deflates) || message.is_some_and(|message| message.compressed);
    let signs = match (more, compressed) {
        (true, true) => "+z",
        (true, false) => "+",
        (false, true) => " z",
        (false, false) => "",
    };
    word + signs
}

/// What is wrong with the frame, and a preview of what it says, in `columns` together.
pub(super) fn content(
    frame: &RecordedFrame<'_>,
    message: Option<&Message>,
    deflates: bool,
    columns: usize,
) -> (String, String) {
    let marks = frame.frame.marks;
    // What the kind says already is not said twice.
    let shown = marks.without(Marks::RAW.with(Marks::PART).with(Marks::PART_FOLLOWS));
    let mut troubles: Vec<String> =
        shown.without(Marks::NOT_KEPT).words().map(str::to_owned).collect();
    if marks.has(Marks::NOT_KEPT) {
        let (kept, length) = (frame.frame.payload.len() as u64, frame.frame.length);
        troubles.push(if marks.has(Marks::PART) {
            // Of a later part, what came before it is not known here.
            format!("its last {} not kept", human::size(length.saturating_sub(kept)))
        } else {
            kept_of(kept, length)
        });
    }
    if !marks.has(Marks::RAW.with(Marks::CUT).with(Marks::NOT_KEPT)) {
        troubles.extend(message.and_then(|message| message.trouble).map(str::to_owned));
    }
    let troubles =
        if troubles.is_empty() { String::new() } else { format!("[{}] ", troubles.join(", ")) };
    let room = columns.saturating_sub(escape::width(&troubles)).max(LEAST);
    let preview = preview(frame, message, deflates, room);
    (troubles, preview)
}

/// `kept 1 KiB of 20 KiB`; in bytes, where they are so near each other that both look the same.
fn kept_of(kept: u64, length: u64) -> String {
    let (short, long) = (human::size(kept), human::size(length));
    if short == long {
        format!("kept {} of {} B", human::count(kept), human::count(length))
    } else {
        format!("kept {short} of {long}")
    }
}

/// RFC 7692, 7.2.1: the first frame of a compressed message says so. Without an agreement the bit
/// means nothing, and the bytes are what they are.
fn is_compressed(frame: &RecordedFrame<'_>, deflates: bool) -> bool {
    let header = &frame.frame.header;
    deflates && header.rsv1() && [Opcode::TEXT, Opcode::BINARY].contains(&header.opcode())
}

fn preview(
    frame: &RecordedFrame<'_>,
    message: Option<&Message>,
    deflates: bool,
    room: usize,
) -> String {
    let own = &frame.frame.payload[..frame.frame.payload.len().min(PREVIEW_BYTES)];
    let header = &frame.frame.header;
    if let Some(message) = message.filter(|message| message.compressed) {
        return bytes_preview(message.opcode, &message.payload, room);
    }
    if is_compressed(frame, deflates) {
        return escape::fit(b"(compressed)", room);
    }
    if !header.is_empty() && header.opcode() == Opcode::CLOSE {
        let close = Close::from_payload(own);
        let code = close.code.map_or("no code".into(), |code| code.to_string());
        let reason = escape::fit(&close.reason, room.saturating_sub(code.len() + 1));
        return format!("{code} {reason}");
    }
    bytes_preview(header.opcode(), own, room)
}

/// Text as text; other bytes as text too where they are little else, or as hex digits.
fn bytes_preview(opcode: Opcode, bytes: &[u8], room: usize) -> String {
    let head = &bytes[..bytes.len().min(room)];
    if opcode == Opcode::TEXT || is_mostly_text(head) {
        return escape::fit(bytes, room);
    }
    let digits: Vec<String> = head.iter().map(|byte| format!("{byte:02x}")).collect();
    escape::fit(digits.join(" ").as_bytes(), room)
}

fn is_mostly_text(bytes: &[u8]) -> bool {
    let shown: usize = bytes
        .utf8_chunks()
        .flat_map(|chunk| chunk.valid().chars())
        .filter(|character| !character.is_control() || character.is_ascii_whitespace())
        .map(char::len_utf8)
        .sum();
    shown * 5 >= bytes.len() * 4
}
