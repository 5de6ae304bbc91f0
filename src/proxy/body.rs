//! Bytes of an HTTP/1 message → where its body ends. The bytes themselves pass as they are.

use super::head::Framing;

/// A chunk-size line longer than this is no chunk-size line: extensions are rarely used.
const MAX_SIZE_LINE: usize = 4 << 10;

/// Trailers longer than this are not HTTP's.
const MAX_TRAILERS: usize = 64 << 10;

/// Follows one body.
#[derive(Debug)]
pub(super) struct BodyScanner {
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// This many bytes are left.
    Length(u64),
    /// Until the end of the stream.
    UntilEnd,
    /// In a chunk-size line: the size so far, and where in the line.
    Size { size: u64, digits: u8, place: Place, line: usize },
    /// In a chunk's bytes.
    Chunk(u64),
    /// After a chunk's bytes: CR, then LF.
    ChunkEnd { cr: bool },
    /// In the trailers: how long they are, and whether the current line is empty so far.
    Trailers { seen: usize, line: usize, cr: bool },
    /// At the end.
    Done,
    /// The framing makes no sense.
    Broken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Digits,
    Extension,
    Cr,
}

impl BodyScanner {
    /// For a body that starts now.
    pub(super) fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => START_OF_SIZE,
            Framing::UntilEnd => State::UntilEnd,
        };
        Self { state }
    }

    /// The body has ended.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// It goes on until the sender's end of file.
    pub(super) fn is_until_end(&self) -> bool {
        self.state == State::UntilEnd
    }

    /// How many of `bytes` belong to the body; fewer than all only at its end. `None`: broken.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            match self.state {
                State::Done => return Some(at),
                State::Broken => return None,
                State::UntilEnd => return Some(bytes.len()),
                State::Length(left) | State::Chunk(left) => {
                    let taken = left.min((bytes.len() - at) as u64);
                    at += taken as usize;
                    self.state = match (self.state, left - taken) {
                        (State::Length(_), 0) => State::Done,
                        (State::Length(_), left) => State::Length(left),
                        (_, 0) => State::ChunkEnd { cr: false },
                        (_, left) => State::Chunk(left),
                    };
                }
                _ => {
                    self.state = self.state.after(bytes[at]);
                    at += 1;
                }
            }
        }
        (self.state != State::Broken).then_some(at)
    }
}

const START_OF_SIZE: State = State::Size { size: 0, digits: 0, place: Place::Digits, line: 0 };

impl State {
    /// The state after one byte of chunked framing (RFC 9112, 7.1).
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Size { line, .. }, _) if line >= MAX_SIZE_LINE => Self::Broken,
            (Self::Size { size, digits, place: Place::Digits, line }, byte)
                if byte.is_ascii_hexdigit() && digits < 15 =>
            {
                let digit = (byte as char).to_digit(16).unwrap_or(0);
                let size = size * 16 + u64::from(digit);
                Self::Size { size, digits: digits + 1, place: Place::Digits, line: line + 1 }
            }
            (Self::Size { digits: 0, .. }, _) => Self::Broken,
            (Self::Size { size: 0, place: Place::Cr, .. }, b'\n') => {
                Self::Trailers { seen: 0, line: 0, cr: false }
            }
            (Self::Size { size, place: Place::Cr, .. }, b'\n') => Self::Chunk(size),
            (Self::Size { place: Place::Cr, .. }, _) | (Self::Size { .. }, b'\n') => Self::Broken,
            (Self::Size { size, digits, line, .. }, b'\r') => {
                Self::Size { size, digits, place: Place::Cr, line: line + 1 }
            }
            (Self::Size { size, digits, place: Place::Extension, line }, _)
            | (Self::Size { size, digits, place: Place::Digits, line }, b';' | b' ' | b'\t') => {
                Self::Size { size, digits, place: Place::Extension, line: line + 1 }
            }
            (Self::ChunkEnd { cr: false }, b'\r') => Self::ChunkEnd { cr: true },
            (Self::ChunkEnd { cr: true }, b'\n') => START_OF_SIZE,
            (Self::Trailers { seen, .. }, _) if seen >= MAX_TRAILERS => Self::Broken,
            (Self::Trailers { seen, line, cr: false }, b'\r') => {
                Self::Trailers { seen: seen + 1, line, cr: true }
            }
            (Self::Trailers { line: 0, cr: true, .. }, b'\n') => Self::Done,
            (Self::Trailers { seen, cr: true, .. }, b'\n') => {
                Self::Trailers { seen: seen + 1, line: 0, cr: false }
            }
            (Self::Trailers { cr: true, .. }, _) | (Self::Trailers { .. }, b'\n') => Self::Broken,
            (Self::Trailers { seen, line, .. }, _) => {
                Self::Trailers { seen: seen + 1, line: line + 1, cr: false }
            }
            _ => Self::Broken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BodyScanner, Framing};

    fn scan(framing: Framing, bytes: &[u8], step: usize) -> Option<(usize, bool)> {
        let mut scanner = BodyScanner::new(framing);
        let mut at = 0;
        for piece in bytes.chunks(step) {
            let taken = scanner.feed(piece)?;
            at += taken;
            if taken < piece.len() {
                break;
            }
        }
        Some((at, scanner.is_done()))
    }

    #[test]
    fn chunked_bodies_end_where_they_end_however_they_are_split() {
        let body = b"5;name=\"v\"\r\nhello\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
        let mut bytes = body.to_vec();
        bytes.extend_from_slice(b"GET / HTTP/1.1\r\n");
        for step in 1..=bytes.len() {
            assert_eq!(scan(Framing::Chunked, &bytes, step), Some((body.len(), true)), "{step}");
        }
    }

    #[test]
    fn framing_that_readers_disagree_about_is_broken() {
        for bytes in [
            &b"5\nhello\r\n0\r\n\r\n"[..],
            b"\r\n",
            b"g\r\n",
            b"0x5\r\nhello",
            b"5\r\nhelloX\r\n",
            b"ffffffffffffffff\r\n",
            b"-1\r\n",
            b"5 \r\rhello",
            b"0\r\nA: b\n\n",
        ] {
            assert_eq!(scan(Framing::Chunked, bytes, 1), None, "{bytes:?}");
        }
    }

    #[test]
    fn lengths_are_counted() {
        assert_eq!(scan(Framing::Length(3), b"abcdef", 2), Some((3, true)));
        assert_eq!(scan(Framing::Length(0), b"abc", 2), Some((0, true)));
        assert_eq!(scan(Framing::Length(9), b"abc", 2), Some((3, false)));
        assert_eq!(scan(Framing::UntilEnd, b"abc", 2), Some((3, false)));
    }
}
