//! Bytes of one direction of a connection → frames, however the bytes are split.
//!
//! Nothing is trusted and nothing fails: a frame that breaks RFC 6455 is emitted as it came, with
//! marks that say what is wrong. A header that is no header at all turns the rest of the direction
//! into raw bytes. Memory stays below [`FrameDecoder::PART_LIMIT`] whatever a length field says.

use std::borrow::Cow;
use std::mem;

use super::frame::{Frame, Header, MAX_HEADER, Marks, Opcode};
use super::mask;
use super::stamp::Direction;

/// Turns bytes into frames.
///
/// - A frame whose bytes are all in one chunk is emitted without a copy: its payload borrows from
///   the chunk.
/// - A frame with a longer payload than [`Self::PART_LIMIT`] is emitted in parts. Only its last row
///   lacks [`Marks::PART_FOLLOWS`]; rows after the first have an empty header and [`Marks::PART`].
/// - What is wrong with a frame stands on its first row; [`Marks::CUT`] and [`Marks::NOT_KEPT`]
///   stand on its last.
/// - Of a payload, the first `max_payload` bytes are kept. Bytes beyond are counted in the last
///   row's `length`.
#[derive(Debug)]
pub struct FrameDecoder {
    direction: Direction,
    max_payload: u64,
    rsv1_allowed: bool,
    message_open: bool,
    closed: bool,
    state: State,
    /// The bytes of a header that is not complete yet.
    head: [u8; MAX_HEADER],
    head_len: usize,
    /// The frame whose payload is being read; meaningful in [`State::Payload`].
    open: OpenFrame,
    /// Unmasked payload of `open` that came in earlier chunks and is in no row yet.
    held: Vec<u8>,
}

impl FrameDecoder {
    /// Payload bytes a row holds at most. 1 MiB is beyond nearly all messages, so parts are rare,
    /// and small enough that thousands of connections can each hold one for a moment.
    pub const PART_LIMIT: usize = 1 << 20;

    /// Capacity that the buffer for incomplete payloads keeps when it is empty: enough for small
    /// frames at chunk ends, and little enough for 10,000 idle connections.
    const IDLE_CAPACITY: usize = 1024;

    /// A decoder for the first byte after the handshake.
    pub fn new(direction: Direction, max_payload: u64) -> Self {
        Self {
            direction,
            max_payload,
            rsv1_allowed: false,
            message_open: false,
            closed: false,
            state: State::Header,
            head: [0; MAX_HEADER],
            head_len: 0,
            open: OpenFrame::default(),
            held: Vec::new(),
        }
    }

    /// permessage-deflate was negotiated: RSV1 on the first frame of a data message is legal.
    pub fn allow_rsv1(&mut self) {
        self.rsv1_allowed = true;
    }

    /// Takes the next bytes, unmasking payloads in place, and emits each frame that they complete.
    pub fn feed(&mut self, mut bytes: &mut [u8], emit: &mut dyn FnMut(Frame<'_>)) {
        while !bytes.is_empty() {
            let taken = mem::take(&mut bytes);
            bytes = match self.state {
                State::Header => self.take_header(taken, emit),
                State::Payload => self.take_payload(taken, emit),
                State::Raw => {
                    self.emit_raw(taken, Marks::NONE, emit);
                    break;
                }
            };
        }
    }

    /// Emits what is held of an incomplete payload as a part, so that nothing stays in memory.
    pub fn flush_part(&mut self, emit: &mut dyn FnMut(Frame<'_>)) {
        if self.state == State::Payload && !self.held.is_empty() {
            self.emit_row(&[], Marks::PART_FOLLOWS, emit);
        }
    }

    /// The wire has ended: emits what is left, marked as cut.
    pub fn finish(&mut self, emit: &mut dyn FnMut(Frame<'_>)) {
        match self.state {
            State::Header if self.head_len > 0 => {
                let header = self.take_head();
                let marks = self.judge(&header).with(Marks::CUT);
                if is_beyond_framing(marks) {
                    self.emit_raw(header.as_bytes(), marks, emit);
                } else {
                    let length = header.length();
                    emit(Frame { header, payload: Cow::Borrowed(&[]), length, marks });
                }
            }
            State::Payload => {
                self.state = State::Header;
                self.emit_row(&[], Marks::CUT, emit);
            }
            State::Header | State::Raw => {}
        }
    }

    /// Payload bytes held for a frame that is not complete yet.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Reads a header, or what `bytes` has of it, and gives the bytes after it.
    fn take_header<'b>(
        &mut self,
        bytes: &'b mut [u8],
        emit: &mut dyn FnMut(Frame<'_>),
    ) -> &'b mut [u8] {
        if self.head_len == 0
            && let Some(header) = leading_header(bytes)
        {
            let marks = self.judge(&header);
            if is_beyond_framing(marks) {
                self.state = State::Raw;
                self.emit_raw(bytes, marks, emit);
                return &mut [];
            }
            let rest = &mut bytes[header.as_bytes().len()..];
            self.begin(header, marks);
            return self.take_payload(rest, emit);
        }
        let mut taken = 0;
        while taken < bytes.len() && !self.head_is_complete() {
            self.head[self.head_len] = bytes[taken];
            self.head_len += 1;
            taken += 1;
        }
        let rest = &mut bytes[taken..];
        if !self.head_is_complete() {
            return rest;
        }
        let header = self.take_head();
        let marks = self.judge(&header);
        if is_beyond_framing(marks) {
            // The header began in an earlier chunk, so the first raw row is put together here.
            self.state = State::Raw;
            let raw = [header.as_bytes(), rest].concat();
            self.emit_raw(&raw, marks, emit);
            return &mut [];
        }
        self.begin(header, marks);
        self.take_payload(rest, emit)
    }

    /// Reads payload, up to the end of a row or of `bytes`, and gives the bytes after it.
    fn take_payload<'b>(
        &mut self,
        bytes: &'b mut [u8],
        emit: &mut dyn FnMut(Frame<'_>),
    ) -> &'b mut [u8] {
        let open = &mut self.open;
        let remaining = open.length - open.offset;
        let keepable = self.max_payload.saturating_sub(open.offset);
        let kept = keepable > 0;
        let bound = if kept {
            remaining.min(keepable).min((Self::PART_LIMIT - self.held.len()) as u64)
        } else {
            remaining
        };
        // The bound is compared as u64, so a length beyond usize can't wrap.
        let taken = bound.min(bytes.len() as u64) as usize;
        let (mine, rest) = bytes.split_at_mut(taken);
        open.see_close_code(mine);
        let row: &[u8] = if kept {
            if let Some(key) = open.key {
                mask::apply(mine, key, open.offset);
            }
            mine
        } else {
            &[]
        };
        open.offset += taken as u64;
        if open.offset == open.length {
            self.state = State::Header;
            self.emit_row(row, Marks::NONE, emit);
        } else if self.held.len() + row.len() == Self::PART_LIMIT {
            self.emit_row(row, Marks::PART_FOLLOWS, emit);
        } else {
            self.hold(row);
        }
        rest
    }

    /// What is wrong with a header, which may be cut, after the frames before it.
    fn judge(&self, header: &Header) -> Marks {
        let opcode = header.opcode();
        let starts_message = matches!(opcode, Opcode::TEXT | Opcode::BINARY);
        let explained = if self.rsv1_allowed && starts_message { 0b100 } else { 0 };
        let mut marks = Marks::NONE
            .with_if(Marks::RESERVED_BITS, header.rsv() & !explained != 0)
            .with_if(Marks::RESERVED_OPCODE, opcode.is_reserved())
            .with_if(Marks::FRAGMENTED_CONTROL, opcode.is_control() && !header.fin())
            .with_if(Marks::INTERRUPTED_MESSAGE, starts_message && self.message_open)
            .with_if(
                Marks::STRAY_CONTINUATION,
                opcode == Opcode::CONTINUATION && !self.message_open,
            )
            .with_if(Marks::AFTER_CLOSE, self.closed);
        if header.as_bytes().len() >= 2 {
            let length = header.length();
            let wrong = match self.direction {
                Direction::ClientToServer => Marks::UNMASKED,
                Direction::ServerToClient => Marks::MASKED,
            };
            let should = self.direction == Direction::ClientToServer;
            marks = marks
                .with_if(wrong, header.masked() != should)
                .with_if(Marks::NON_MINIMAL, header.is_non_minimal())
                .with_if(Marks::OVERSIZE, length > i64::MAX as u64)
                .with_if(Marks::LONG_CONTROL, opcode.is_control() && length > 125);
        }
        marks
    }

    /// Makes the frame with this header the open one.
    fn begin(&mut self, header: Header, marks: Marks) {
        let opcode = header.opcode();
        match opcode {
            // A whole message inside an open one does not end that: the likely cause is two writers
            // on one socket, and the rest of the open message still comes.
            Opcode::TEXT | Opcode::BINARY => self.message_open |= !header.fin(),
            Opcode::CONTINUATION => self.message_open &= !header.fin(),
            Opcode::CLOSE => self.closed = true,
            _ => {}
        }
        self.state = State::Payload;
        self.open = OpenFrame {
            header,
            key: header.mask_key(),
            length: header.length(),
            offset: 0,
            row_start: 0,
            marks,
            close: (opcode == Opcode::CLOSE).then_some([0; 2]),
        };
    }

    /// Emits what is held and then `rest` as the next row of the open frame.
    fn emit_row(&mut self, rest: &[u8], end: Marks, emit: &mut dyn FnMut(Frame<'_>)) {
        let payload = if self.held.is_empty() {
            rest
        } else {
            self.hold(rest);
            &self.held[..]
        };
        let open = &mut self.open;
        let row_end = open.row_start + payload.len() as u64;
        let last = !end.has(Marks::PART_FOLLOWS);
        let marks = open
            .marks
            .with(end)
            .with_if(Marks::NOT_KEPT, last && row_end < open.offset)
            .with_if(Marks::BAD_CLOSE, open.take_bad_close());
        let length = if !open.header.is_empty() {
            open.length
        } else if last {
            open.offset - open.row_start
        } else {
            payload.len() as u64
        };
        emit(Frame { header: open.header, payload: Cow::Borrowed(payload), length, marks });
        if !last {
            open.header = Header::EMPTY;
            open.marks = Marks::PART;
            open.row_start = row_end;
        }
        if self.held.capacity() > Self::IDLE_CAPACITY {
            self.held = Vec::new();
        } else {
            self.held.clear();
        }
    }

    /// Emits bytes that can't be framed.
    fn emit_raw(&self, bytes: &[u8], cause: Marks, emit: &mut dyn FnMut(Frame<'_>)) {
        emit(Frame {
            header: Header::EMPTY,
            payload: Cow::Borrowed(bytes),
            length: bytes.len() as u64,
            marks: cause.with(Marks::RAW).with_if(Marks::AFTER_CLOSE, self.closed),
        });
    }

    /// Keeps unmasked payload for the next row. Capacity doubles as bytes come, up to the limit of
    /// a row; a stated length never allocates.
    fn hold(&mut self, bytes: &[u8]) {
        let needed = self.held.len() + bytes.len();
        if needed > self.held.capacity() {
            let roomy = (self.held.capacity() * 2).min(Self::PART_LIMIT).max(needed);
            self.held.reserve_exact(roomy - self.held.len());
        }
        self.held.extend_from_slice(bytes);
    }

    fn head_is_complete(&self) -> bool {
        self.head_len >= 2 && self.head_len == Header::expected_len(self.head[1])
    }

    /// The held header bytes, which are then held no more.
    fn take_head(&mut self) -> Header {
        let len = mem::take(&mut self.head_len);
        Header::from_bytes(&self.head[..len]).expect("no more than 14 header bytes are held")
    }
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Header,
    Payload,
    /// For good: no byte after one that can't be framed can be.
    Raw,
}

/// A frame whose payload is being read.
#[derive(Debug, Default)]
struct OpenFrame {
    /// Empty once a row has it.
    header: Header,
    key: Option<[u8; 4]>,
    /// Payload bytes as stated.
    length: u64,
    /// Payload bytes that have come.
    offset: u64,
    /// Payload bytes that are in rows.
    row_start: u64,
    /// Of the next row.
    marks: Marks,
    /// The status code, as far as it has come, of a close frame not yet judged.
    close: Option<[u8; 2]>,
}

impl OpenFrame {
    /// Notes what `bytes`, the next ones of the payload and still masked, have of the status code.
    ///
    /// It is read here since its bytes may come apart, and may not be kept.
    fn see_close_code(&mut self, bytes: &[u8]) {
        let Some(code) = &mut self.close else { return };
        let key = self.key.unwrap_or_default();
        for (at, byte) in (0..2).skip(self.offset.min(2) as usize).zip(bytes) {
            code[at] = byte ^ key[at];
        }
    }

    /// The body is no valid one for a close frame; said once, on the first row that can know.
    fn take_bad_close(&mut self) -> bool {
        let bad = match self.close {
            _ if self.length == 1 => self.close.is_some(),
            Some(code) if self.offset >= 2 => !may_be_sent(u16::from_be_bytes(code)),
            _ => false,
        };
        if bad {
            self.close = None;
        }
        bad
    }
}

/// The header at the start of `bytes`, if it is whole.
fn leading_header(bytes: &[u8]) -> Option<Header> {
    let len = Header::expected_len(*bytes.get(1)?);
    Header::from_bytes(bytes.get(..len)?)
}

/// A length that no frame has, or so much wrong with one header that it can't be one.
fn is_beyond_framing(marks: Marks) -> bool {
    const DOUBTS: Marks = Marks::RESERVED_BITS
        .with(Marks::RESERVED_OPCODE)
        .with(Marks::UNMASKED)
        .with(Marks::MASKED)
        .with(Marks::FRAGMENTED_CONTROL)
        .with(Marks::LONG_CONTROL)
        .with(Marks::NON_MINIMAL);
    marks.has(Marks::OVERSIZE) || (marks.0 & DOUBTS.0).count_ones() >= 3
}

/// A close frame may carry this status code (RFC 6455, 7.4, and the registry it founded).
const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[cfg(test)]
mod tests {
    use super::FrameDecoder;
    use crate::wire::{Direction, Frame, Marks};

    /// The frames of `wire`, fed in chunks of `step` bytes.
    fn decode(mut decoder: FrameDecoder, wire: &[u8], step: usize) -> Vec<Frame<'static>> {
        let mut frames = Vec::new();
        let mut keep = |frame: Frame<'_>| frames.push(frame.into_owned());
        for chunk in wire.to_vec().chunks_mut(step) {
            decoder.feed(chunk, &mut keep);
        }
        decoder.finish(&mut keep);
        assert_eq!(decoder.held(), 0);
        frames
    }

    fn from_server() -> FrameDecoder {
        FrameDecoder::new(Direction::ServerToClient, 1 << 24)
    }

    /// The marks of the frames of `wire`, sent by a server, whole and byte by byte.
    #[track_caller]
    fn check(wire: &[u8], expected: &[Marks]) {
        for step in [1, 2, 3, wire.len()] {
            let marks: Vec<Marks> =
                decode(from_server(), wire, step).iter().map(|frame| frame.marks).collect();
            assert_eq!(marks, expected, "{step} bytes a chunk");
        }
    }

    #[test]
    fn what_is_wrong_is_marked() {
        check(&[0x81, 0, 0x8a, 1, 0, 0x88, 0], &[Marks::NONE; 3]);
        check(&[0xc1, 0], &[Marks::RESERVED_BITS]);
        check(&[0x83, 0], &[Marks::RESERVED_OPCODE]);
        check(&[0x81, 0x80, 1, 2, 3, 4], &[Marks::MASKED]);
        check(&[0x81, 126, 0, 1, 0], &[Marks::NON_MINIMAL]);
        check(&[0x09, 0], &[Marks::FRAGMENTED_CONTROL]);
        check(&[&[0x89, 126, 0, 126][..], &[0; 126]].concat(), &[Marks::LONG_CONTROL]);
        check(&[0x80, 0], &[Marks::STRAY_CONTINUATION]);
        check(&[0x01, 0, 0x89, 0, 0x80, 0, 0x81, 0], &[Marks::NONE; 4]);
        let interrupted = Marks::INTERRUPTED_MESSAGE;
        check(&[0x01, 0, 0x81, 0, 0x80, 0], &[Marks::NONE, interrupted, Marks::NONE]);
        check(&[0x88, 0, 0x81, 0], &[Marks::NONE, Marks::AFTER_CLOSE]);
        check(&[0x81], &[Marks::CUT]);
        check(&[0x81, 126, 1], &[Marks::CUT]);
        check(&[0x81, 5, 1], &[Marks::CUT]);
        check(&[0x88, 1, 3], &[Marks::BAD_CLOSE]);
        let unmasked = decode(FrameDecoder::new(Direction::ClientToServer, 0), &[0x81, 0], 1);
        assert_eq!(unmasked[0].marks, Marks::UNMASKED);
    }

    #[test]
    fn rsv1_is_legal_where_deflate_was_negotiated() {
        let wire = [0x41, 0, 0xc0, 0, 0xc2, 0, 0xc9, 0, 0xe1, 0];
        let mut decoder = from_server();
        decoder.allow_rsv1();
        let wrong: Vec<bool> = decode(decoder, &wire, 1)
            .iter()
            .map(|frame| frame.marks.has(Marks::RESERVED_BITS))
            .collect();
        assert_eq!(wrong, [false, true, false, true, true]);
    }

    #[test]
    fn after_what_cannot_be_framed_all_is_raw() {
        let not_framed: [&[u8]; 2] =
            [&[0x82, 127, 0xff, 0, 0, 0, 0, 0, 0, 0, 7, 8], b"\x74\xff\x00\x01 and so on"];
        for wire in not_framed {
            for step in [1, 3, wire.len()] {
                let frames = decode(from_server(), &[&[0x81, 0], wire].concat(), step);
                assert_eq!(frames[0].marks, Marks::NONE);
                assert!(frames[1].marks.has(Marks::RAW), "{:?}", frames[1]);
                assert!(frames[1].marks != Marks::RAW, "its cause is said");
                assert!(frames[2..].iter().all(|frame| frame.marks == Marks::RAW));
                assert!(frames[1..].iter().all(|frame| frame.header.is_empty()));
                let raw: Vec<u8> =
                    frames[1..].iter().flat_map(|frame| frame.payload.to_vec()).collect();
                assert_eq!(raw, wire);
            }
        }
        check(&[0x82, 127, 0xff, 0, 0, 0, 0, 0, 0], &[Marks::CUT]);
    }
}
