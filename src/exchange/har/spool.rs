//! Pieces in the order in which they are found → the same pieces in any order, kept outside memory.

use std::io::{self, Read, Seek, SeekFrom, Write};

/// Bytes held until they are written: pieces are small and many.
const BUFFER: usize = 256 << 10;

/// Where a piece is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Piece {
    offset: u64,
    length: u32,
}

/// A file for pieces: written in order, then read back.
#[derive(Debug)]
pub(super) struct Spool<S> {
    file: S,
    buffer: Vec<u8>,
    /// What the file holds, without the buffer.
    written: u64,
    /// Where the file is, to read on without seeking.
    at: u64,
}

impl<S: Read + Write + Seek> Spool<S> {
    /// On an empty file.
    pub(super) fn new(file: S) -> Self {
        Self { file, buffer: Vec::new(), written: 0, at: 0 }
    }

    /// Keeps `bytes`.
    pub(super) fn keep(&mut self, bytes: &[u8]) -> io::Result<Piece> {
        let length = u32::try_from(bytes.len())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a piece of over 4 GiB"))?;
        if self.buffer.len() + bytes.len() > BUFFER {
            self.flush()?;
        }
        let piece = Piece { offset: self.written + self.buffer.len() as u64, length };
        self.buffer.extend_from_slice(bytes);
        Ok(piece)
    }

    /// Gives a piece back, in `into`.
    pub(super) fn get(&mut self, piece: Piece, into: &mut Vec<u8>) -> io::Result<()> {
        self.flush()?;
        if self.at != piece.offset {
            self.file.seek(SeekFrom::Start(piece.offset))?;
        }
        into.clear();
        into.resize(piece.length as usize, 0);
        self.file.read_exact(into)?;
        self.at = piece.offset + u64::from(piece.length);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        if self.at != self.written {
            self.file.seek(SeekFrom::Start(self.written))?;
        }
        self.file.write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.at = self.written;
        self.buffer = Vec::new();
        Ok(())
    }
}
