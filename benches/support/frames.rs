//! RFC 6455 frames, built ahead of time, and found again in a receive buffer.

use std::ops::Range;

/// Opcode of a text frame.
pub(crate) const TEXT: u8 = 1;

/// Opcode of a close frame.
pub(crate) const CLOSE: u8 = 8;

/// Bytes of a receive buffer: several of the largest frames a bench sends.
const INBOX: usize = 128 << 10;

/// Letters of a time in a payload.
const TIME_DIGITS: usize = 20;

/// Every masked frame's key. Not zero, so that unmasking costs what it costs.
const KEY: [u8; 4] = [0x5a, 0x13, 0xc4, 0x77];

/// A payload of `bytes` letters, with room for a time in front.
pub(crate) fn text(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| b"0123456789abcdefghijklmnopqrstuvwxyz"[at % 36]).collect()
}

/// Writes a time, in ns, as the first letters of a payload.
pub(crate) fn put_time(payload: &mut [u8], mut ns: u64) {
    for digit in payload[..TIME_DIGITS].iter_mut().rev() {
        *digit = b'0' + (ns % 10) as u8;
        ns /= 10;
    }
}

/// The time that [`put_time`] wrote.
pub(crate) fn time_of(payload: &[u8]) -> u64 {
    payload[..TIME_DIGITS].iter().fold(0, |ns, digit| ns * 10 + u64::from(digit - b'0'))
}

/// A frame as servers send it.
pub(crate) fn plain(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 10);
    push_plain(&mut frame, opcode, payload);
    frame
}

/// Appends a frame as servers send it.
pub(crate) fn push_plain(frames: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    push_header(frames, opcode, payload.len(), 0);
    frames.extend_from_slice(payload);
}

/// A frame as clients send it.
pub(crate) fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 14);
    push_header(&mut frame, opcode, payload.len(), 0x80);
    frame.extend_from_slice(&KEY);
    frame.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// Code 1000 with no reason.
pub(crate) fn normal_closure() -> [u8; 2] {
    1000u16.to_be_bytes()
}

/// One frame found in an [`Inbox`].
pub(crate) struct Found {
    pub(crate) opcode: u8,
    pub(crate) payload: Range<usize>,
    pub(crate) key: Option<[u8; 4]>,
}

/// Bytes as they came, until they are whole frames.
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    from: usize,
    to: usize,
}

impl Inbox {
    /// An inbox that already holds `early`.
    pub(crate) fn new(early: &[u8]) -> Self {
        let mut bytes = vec![0; INBOX];
        bytes[..early.len()].copy_from_slice(early);
        Self { bytes, from: 0, to: early.len() }
    }

    /// Where the next bytes go.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.from == self.to {
            (self.from, self.to) = (0, 0);
        } else if self.from > 0 && self.to > INBOX / 2 {
            self.bytes.copy_within(self.from..self.to, 0);
            (self.from, self.to) = (0, self.to - self.from);
        }
        &mut self.bytes[self.to..]
    }

    /// `count` bytes were read into [`Self::room`].
    pub(crate) fn took(&mut self, count: usize) {
        self.to += count;
    }

    /// The next whole frame.
    pub(crate) fn next(&mut self) -> Option<Found> {
        let bytes = &self.bytes[self.from..self.to];
        let (&first, &second) = (bytes.first()?, bytes.get(1)?);
        let (length, mut at) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
            127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize, 10),
            short => (usize::from(short), 2),
        };
        let mut key = None;
        if second & 0x80 != 0 {
            key = Some(bytes.get(at..at + 4)?.try_into().ok()?);
            at += 4;
        }
        if bytes.len() < at + length {
            return None;
        }
        let start = self.from + at;
        self.from = start + length;
        Some(Found { opcode: first & 0x0f, payload: start..start + length, key })
    }

    /// The payload of a frame just found.
    pub(crate) fn payload(&self, found: &Found) -> &[u8] {
        &self.bytes[found.payload.clone()]
    }

    /// The same, unmasked.
    pub(crate) fn unmasked(&mut self, found: &Found) -> &[u8] {
        let payload = &mut self.bytes[found.payload.clone()];
        if let Some(key) = found.key {
            for (byte, key) in payload.iter_mut().zip(key.iter().cycle()) {
                *byte ^= key;
            }
        }
        payload
    }
}

fn push_header(frames: &mut Vec<u8>, opcode: u8, length: usize, mask: u8) {
    frames.push(0x80 | opcode);
    if length < 126 {
        frames.push(mask | length as u8);
    } else if let Ok(length) = u16::try_from(length) {
        frames.push(mask | 0x7e);
        frames.extend_from_slice(&length.to_be_bytes());
    } else {
        frames.push(mask | 0x7f);
        frames.extend_from_slice(&(length as u64).to_be_bytes());
    }
}
