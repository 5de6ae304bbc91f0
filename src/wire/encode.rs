//! Frames → the bytes of the wire: any frame, legal or not, and recorded rows as they had been.

use super::frame::{Frame, Marks, Opcode};
use super::mask;

/// What a frame's header is to say; legal or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameSpec {
    /// Last frame of its message.
    pub fin: bool,
    /// The three reserved bits, RSV1 as 4, RSV2 as 2, RSV3 as 1.
    pub rsv: u8,
    /// The opcode.
    pub opcode: Opcode,
    /// The mask key; a client's frames must have one.
    pub mask: Option<[u8; 4]>,
    /// The shortest form the length may have.
    pub length_form: LengthForm,
    /// The length to state; `None` for the payload's own.
    pub stated_length: Option<u64>,
}

impl FrameSpec {
    /// A final frame without mask, reserved bits or detours, as a server sends.
    pub const fn new(opcode: Opcode) -> Self {
        Self {
            fin: true,
            rsv: 0,
            opcode,
            mask: None,
            length_form: LengthForm::Short,
            stated_length: None,
        }
    }

    /// The same, masked with `key`, as a client sends.
    pub const fn masked(opcode: Opcode, key: [u8; 4]) -> Self {
        Self { mask: Some(key), ..Self::new(opcode) }
    }
}

/// How many bytes state a length (RFC 6455, 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LengthForm {
    /// 7 bits, for up to 125 bytes.
    Short,
    /// 16 bits, for up to 65,535 bytes.
    Medium,
    /// 64 bits.
    Long,
}

impl LengthForm {
    /// The shortest form that can state `length`: the only one RFC 6455 allows.
    pub const fn minimal(length: u64) -> Self {
        match length {
            0..=125 => Self::Short,
            126..=0xffff => Self::Medium,
            _ => Self::Long,
        }
    }
}

/// Appends to `out` the wire bytes of a frame with this (unmasked) payload.
pub fn encode_frame(out: &mut Vec<u8>, spec: &FrameSpec, payload: &[u8]) {
    let fin = if spec.fin { 0x80 } else { 0 };
    out.push(fin | (spec.rsv & 0x07) << 4 | spec.opcode.0 & 0x0f);
    let mask_bit = if spec.mask.is_some() { 0x80 } else { 0 };
    let length = spec.stated_length.unwrap_or(payload.len() as u64);
    match spec.length_form.max(LengthForm::minimal(length)) {
        LengthForm::Short => out.push(mask_bit + length as u8),
        LengthForm::Medium => {
            out.push(mask_bit + 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        LengthForm::Long => {
            out.push(mask_bit + 127);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
    if let Some(key) = spec.mask {
        out.extend_from_slice(&key);
    }
    append_masked(out, payload, spec.mask, 0);
}

/// Rebuilds the wire bytes of one direction of one connection from its recorded rows.
#[derive(Clone, Debug, Default)]
pub struct WireRebuilder {
    key: Option<[u8; 4]>,
    /// Payload bytes since the last header.
    offset: u64,
    /// The next row is a later part of a frame whose header is known.
    part_follows: bool,
}

impl WireRebuilder {
    /// A rebuilder for the direction's first row.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the next row's wire bytes to `out`.
    ///
    /// True if they are what was on the wire, bit for bit; false if some of the payload was not
    /// kept, or if it is a part whose header was lost, and with it the mask key.
    pub fn feed(&mut self, frame: &Frame<'_>, out: &mut Vec<u8>) -> bool {
        if frame.marks.has(Marks::RAW) {
            out.extend_from_slice(&frame.payload);
            self.gap();
            return true;
        }
        let part = frame.marks.has(Marks::PART);
        let keyed = !part || self.part_follows;
        if !part {
            self.key = frame.header.mask_key();
            self.offset = 0;
            out.extend_from_slice(frame.header.as_bytes());
        }
        append_masked(out, &frame.payload, self.key.filter(|_| keyed), self.offset);
        self.offset += frame.payload.len() as u64;
        self.part_follows = keyed && frame.marks.has(Marks::PART_FOLLOWS);
        keyed && !frame.marks.has(Marks::NOT_KEPT)
    }

    /// Rows were lost here: a part that follows has no header.
    pub fn gap(&mut self) {
        *self = Self::default();
    }
}

/// Appends `payload`, which starts at `offset` of its frame's payload, masked if there is a key.
fn append_masked(out: &mut Vec<u8>, payload: &[u8], key: Option<[u8; 4]>, offset: u64) {
    let start = out.len();
    out.extend_from_slice(payload);
    if let Some(key) = key {
        mask::apply(&mut out[start..], key, offset);
    }
}

#[cfg(test)]
mod tests {
    use super::{FrameSpec, LengthForm, WireRebuilder, encode_frame};
    use crate::wire::{Direction, Frame, FrameDecoder, Header, Marks, Opcode};

    fn encoded(spec: &FrameSpec, payload: &[u8]) -> Vec<u8> {
        let mut wire = Vec::new();
        encode_frame(&mut wire, spec, payload);
        wire
    }

    #[test]
    fn examples_of_rfc_6455_section_5_7() {
        let hello = encoded(&FrameSpec::new(Opcode::TEXT), b"Hello");
        assert_eq!(hello, [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
        let masked = FrameSpec::masked(Opcode::TEXT, [0x37, 0xfa, 0x21, 0x3d]);
        let hello = encoded(&masked, b"Hello");
        assert_eq!(hello, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
        let binary = encoded(&FrameSpec::new(Opcode::BINARY), &[7; 256]);
        assert_eq!(binary[..4], [0x82, 0x7e, 0x01, 0x00]);
        let binary = encoded(&FrameSpec::new(Opcode::BINARY), &vec![7; 65536]);
        assert_eq!(binary[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn every_detour_is_encoded() {
        let spec = FrameSpec {
            fin: false,
            rsv: 0b101,
            length_form: LengthForm::Long,
            ..FrameSpec::new(Opcode(7))
        };
        assert_eq!(encoded(&spec, b"x"), [0x57, 127, 0, 0, 0, 0, 0, 0, 0, 1, b'x']);
        let spec = FrameSpec { stated_length: Some(300), ..FrameSpec::new(Opcode::PING) };
        assert_eq!(encoded(&spec, b"x"), [0x89, 126, 1, 44, b'x']);
    }

    #[test]
    fn what_cannot_be_rebuilt_is_said() {
        let mut wire = encoded(&FrameSpec::masked(Opcode::TEXT, [1, 2, 3, 4]), b"Hello");
        let mut frames = Vec::new();
        let mut decoder = FrameDecoder::new(Direction::ClientToServer, 3);
        decoder.feed(&mut wire, &mut |frame| frames.push(frame.into_owned()));
        let mut out = Vec::new();
        assert!(!WireRebuilder::new().feed(&frames[0], &mut out), "two bytes were not kept");

        let part = Frame {
            header: Header::EMPTY,
            payload: b"abc".into(),
            length: 3,
            marks: Marks::PART.with(Marks::PART_FOLLOWS),
        };
        let mut rebuilder = WireRebuilder::new();
        assert!(!rebuilder.feed(&part, &mut out), "its header was lost");
        assert!(!rebuilder.feed(&part, &mut out), "and stays so");
    }
}
