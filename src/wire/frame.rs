//! One RFC 6455 frame, exactly as it was on the wire, and what is wrong with it.

use std::borrow::Cow;
use std::fmt;

use super::stamp::{Direction, Stamp};

/// The longest header: 2 bytes, 8 of extended length, 4 of mask key (RFC 6455, 5.2).
pub const MAX_HEADER: usize = 14;

/// A frame's header bytes as they came: 2 to 14, fewer where the wire was cut, none for bytes
/// that belong to no header (raw bytes, later parts of a long frame).
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Header {
    bytes: [u8; MAX_HEADER],
    len: u8,
}

impl Header {
    /// No header at all.
    pub const EMPTY: Self = Self { bytes: [0; MAX_HEADER], len: 0 };

    /// A header of these bytes; `None` if there are more than 14.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut header = Self::EMPTY;
        header.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        header.len = bytes.len() as u8;
        Some(header)
    }

    /// The bytes as they were on the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// No header bytes: raw bytes, or a later part of a long frame.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Last frame of its message.
    pub const fn fin(&self) -> bool {
        self.bytes[0] & 0x80 != 0
    }

    /// The three reserved bits, RSV1 as 4, RSV2 as 2, RSV3 as 1.
    pub const fn rsv(&self) -> u8 {
        (self.bytes[0] >> 4) & 0x07
    }

    /// RSV1: the first frame of a compressed message (RFC 7692, 6).
    pub const fn rsv1(&self) -> bool {
        self.bytes[0] & 0x40 != 0
    }

    /// The opcode; meaningless where the header is empty.
    pub const fn opcode(&self) -> Opcode {
        Opcode(self.bytes[0] & 0x0f)
    }

    /// A mask key follows the length.
    pub const fn masked(&self) -> bool {
        self.bytes[1] & 0x80 != 0
    }

    /// How long a header that starts with these two bytes is, in bytes.
    pub const fn expected_len(second: u8) -> usize {
        let length = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        2 + length + mask
    }

    /// All bytes of the header are here.
    pub const fn is_complete(&self) -> bool {
        self.len >= 2 && self.len as usize == Self::expected_len(self.bytes[1])
    }

    /// The payload length as stated, in bytes; 0 where the header is cut before it.
    pub const fn length(&self) -> u64 {
        let bytes = &self.bytes;
        match (bytes[1] & 0x7f, self.len) {
            (126, 4..) => u16::from_be_bytes([bytes[2], bytes[3]]) as u64,
            (127, 10..) => u64::from_be_bytes([
                bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7], bytes[8], bytes[9],
            ]),
            (126 | 127, _) => 0,
            (length, _) => length as u64,
        }
    }

    /// The length could have been stated in fewer bytes (forbidden by RFC 6455, 5.2).
    pub const fn is_non_minimal(&self) -> bool {
        match self.bytes[1] & 0x7f {
            126 => self.len >= 4 && self.length() < 126,
            127 => self.len >= 10 && self.length() <= 0xffff,
            _ => false,
        }
    }

    /// The mask key, if the header is complete and has one.
    pub const fn mask_key(&self) -> Option<[u8; 4]> {
        if !self.masked() || !self.is_complete() {
            return None;
        }
        let at = self.len as usize - 4;
        let bytes = &self.bytes;
        Some([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Header({:02x?})", self.as_bytes())
    }
}

/// An opcode of four bits (RFC 6455, 5.2), reserved ones included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Opcode(pub u8);

impl Opcode {
    /// More of the message that is open.
    pub const CONTINUATION: Self = Self(0);
    /// A text message, or its first frame.
    pub const TEXT: Self = Self(1);
    /// A binary message, or its first frame.
    pub const BINARY: Self = Self(2);
    /// The closing handshake.
    pub const CLOSE: Self = Self(8);
    /// Are you there?
    pub const PING: Self = Self(9);
    /// I am.
    pub const PONG: Self = Self(10);

    /// Control frames have the highest bit set.
    pub const fn is_control(self) -> bool {
        self.0 & 0x08 != 0
    }

    /// 3–7 and 11–15 are nobody's yet.
    pub const fn is_reserved(self) -> bool {
        matches!(self.0, 3..=7 | 11..=15)
    }

    /// The word for it: `text`, `ping`, …, `reserved-3`.
    pub const fn word(self) -> &'static str {
        match self.0 & 0x0f {
            0 => "continuation",
            1 => "text",
            2 => "binary",
            3 => "reserved-3",
            4 => "reserved-4",
            5 => "reserved-5",
            6 => "reserved-6",
            7 => "reserved-7",
            8 => "close",
            9 => "ping",
            10 => "pong",
            11 => "reserved-11",
            12 => "reserved-12",
            13 => "reserved-13",
            14 => "reserved-14",
            _ => "reserved-15",
        }
    }
}

/// What is special or wrong about a frame: a set of bits, stored as an integer.
///
/// Bits keep their meaning for ever; new ones are added at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(pub u32);

impl Marks {
    /// Nothing to say.
    pub const NONE: Self = Self(0);
    /// Bytes that can't be framed: empty header, raw payload.
    pub const RAW: Self = Self(1);
    /// The frame's payload goes on in the next row of this connection and direction that is a part.
    pub const PART_FOLLOWS: Self = Self(1 << 1);
    /// A later part of a long frame: empty header; its payload goes on where the last part ended.
    pub const PART: Self = Self(1 << 2);
    /// The wire ended before the frame did.
    pub const CUT: Self = Self(1 << 3);
    /// Only the first `--max-payload` bytes of the payload were kept.
    pub const NOT_KEPT: Self = Self(1 << 4);
    /// A reserved bit is set that no extension explains.
    pub const RESERVED_BITS: Self = Self(1 << 5);
    /// An opcode that RFC 6455 reserves.
    pub const RESERVED_OPCODE: Self = Self(1 << 6);
    /// A client's frame without a mask.
    pub const UNMASKED: Self = Self(1 << 7);
    /// A server's frame with a mask.
    pub const MASKED: Self = Self(1 << 8);
    /// A length stated in more bytes than it needs.
    pub const NON_MINIMAL: Self = Self(1 << 9);
    /// A length with its highest bit set.
    pub const OVERSIZE: Self = Self(1 << 10);
    /// A control frame of over 125 bytes.
    pub const LONG_CONTROL: Self = Self(1 << 11);
    /// A control frame that is not final.
    pub const FRAGMENTED_CONTROL: Self = Self(1 << 12);
    /// A continuation with no message open.
    pub const STRAY_CONTINUATION: Self = Self(1 << 13);
    /// A new data message inside an open one.
    pub const INTERRUPTED_MESSAGE: Self = Self(1 << 14);
    /// It came after its sender's close frame.
    pub const AFTER_CLOSE: Self = Self(1 << 15);
    /// A close frame whose body is one byte or whose code may not be sent.
    pub const BAD_CLOSE: Self = Self(1 << 16);

    /// Every bit with its word, in bit order.
    pub const WORDS: [(Self, &'static str); 17] = [
        (Self::RAW, "raw"),
        (Self::PART_FOLLOWS, "part-follows"),
        (Self::PART, "part"),
        (Self::CUT, "cut"),
        (Self::NOT_KEPT, "not-kept"),
        (Self::RESERVED_BITS, "reserved-bits"),
        (Self::RESERVED_OPCODE, "reserved-opcode"),
        (Self::UNMASKED, "unmasked"),
        (Self::MASKED, "masked"),
        (Self::NON_MINIMAL, "non-minimal"),
        (Self::OVERSIZE, "oversize"),
        (Self::LONG_CONTROL, "long-control"),
        (Self::FRAGMENTED_CONTROL, "fragmented-control"),
        (Self::STRAY_CONTINUATION, "stray-continuation"),
        (Self::INTERRUPTED_MESSAGE, "interrupted-message"),
        (Self::AFTER_CLOSE, "after-close"),
        (Self::BAD_CLOSE, "bad-close"),
    ];

    /// The bits that say something broke RFC 6455.
    pub const VIOLATIONS: Self = Self(!0x1f);

    /// Some bit of `other` is set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// With the bits of `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// With the bits of `other` if `condition`.
    #[must_use]
    pub const fn with_if(self, other: Self, condition: bool) -> Self {
        if condition { self.with(other) } else { self }
    }

    /// Without the bits of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The words of the bits that are set, in bit order.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::WORDS.into_iter().filter(move |(mark, _)| self.has(*mark)).map(|(_, word)| word)
    }

    /// The mark named `word`.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(_, known)| *known == word).map(|(mark, _)| mark)
    }
}

/// A frame, or a part of a long one, or bytes that can't be framed.
///
/// The wire is `header ‖ payload ⊕ mask`, frame by frame, part by part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its header as it was; empty for parts after the first and for raw bytes.
    pub header: Header,
    /// Its payload, unmasked; as much as came, or was kept.
    pub payload: Cow<'a, [u8]>,
    /// The payload's length in bytes: as stated in the header; for parts and raw bytes, as it came.
    pub length: u64,
    /// What is special or wrong.
    pub marks: Marks,
}

impl Frame<'_> {
    /// The same frame, owning its payload.
    pub fn into_owned(self) -> Frame<'static> {
        Frame {
            header: self.header,
            payload: Cow::Owned(self.payload.into_owned()),
            length: self.length,
            marks: self.marks,
        }
    }
}

/// A frame as a recording holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedFrame<'a> {
    /// Arrival order over the whole recording, from 1.
    pub id: i64,
    /// The connection it belongs to.
    pub connection: i64,
    /// Which way it went.
    pub direction: Direction,
    /// When it was read and written.
    pub stamp: Stamp,
    /// The frame itself.
    pub frame: Frame<'a>,
}
