//! An untrusted byte stream → numbered lines of bounded length.

use std::io::BufRead;

use super::ExchangeError;

/// The longest line accepted, in bytes: a part of 1 MiB of which each byte is a `\u00XX` escape is
/// 6 MiB; a header line with its two longest texts 12 MiB.
pub const MAX_LINE: usize = 16 * 1024 * 1024;

/// One line, without its newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: u64,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// A newline ended it; only the last line may lack one.
    pub complete: bool,
}

/// Reads lines, never holding more than [`MAX_LINE`] bytes.
#[derive(Debug)]
pub struct Lines<R> {
    source: R,
    buffer: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `source`.
    pub fn new(source: R) -> Self {
        Self { source, buffer: Vec::new(), number: 0 }
    }

    /// The next line; `None` at the end.
    pub fn next_line(&mut self) -> Result<Option<Line<'_>>, ExchangeError> {
        self.buffer.clear();
        self.number += 1;
        loop {
            let available = match self.source.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            let end = available.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(available.len());
            if self.buffer.len() + taken > MAX_LINE {
                return Err(ExchangeError::line(
                    self.number,
                    format!("longer than {MAX_LINE} bytes"),
                ));
            }
            self.buffer.extend_from_slice(&available[..taken]);
            let at_end = available.is_empty();
            self.source.consume(taken + usize::from(end.is_some()));
            if at_end && self.buffer.is_empty() {
                return Ok(None);
            }
            if at_end || end.is_some() {
                return Ok(Some(Line {
                    number: self.number,
                    bytes: &self.buffer,
                    complete: !at_end,
                }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::{Lines, MAX_LINE};

    #[test]
    fn lines_have_numbers_and_the_last_may_be_cut() {
        let mut lines = Lines::new(BufReader::with_capacity(3, &b"one\n\nthree"[..]));
        let mut seen = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            seen.push((line.number, line.bytes.to_vec(), line.complete));
        }
        let expected =
            [(1, b"one".to_vec(), true), (2, vec![], true), (3, b"three".to_vec(), false)];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_fills_memory() {
        let mut lines = Lines::new(BufReader::new(std::io::repeat(b'x')));
        let error = lines.next_line().unwrap_err().to_string();
        assert_eq!(error, format!("line 1: longer than {MAX_LINE} bytes"));
        assert!(lines.buffer.capacity() <= 2 * MAX_LINE);
    }
}
