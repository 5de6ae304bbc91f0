//! permessage-deflate: what a handshake agreed on, and compressed payloads → plain ones (RFC 7692).

use flate2::{Decompress, FlushDecompress, Status};

/// What one direction agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deflate {
    /// The sender forgets its window after each message.
    pub no_context_takeover: bool,
    /// LZ77 window bits, 8 to 15.
    pub window_bits: u8,
}

impl Deflate {
    /// What a side agrees on that says nothing: a full window, kept from message to message.
    pub const DEFAULT: Self = Self { no_context_takeover: false, window_bits: 15 };

    /// What a `101` response's head agreed on, for `[c2s, s2c]`; `None` without permessage-deflate.
    ///
    /// Lenient, since the peers have settled it between themselves: what is unknown or makes no
    /// sense is passed over, and inflating then says whether it works (RFC 7692, 7.1).
    pub fn negotiated(response_head: &[u8]) -> Option<[Self; 2]> {
        let head = String::from_utf8_lossy(response_head).replace("\r\n", "\n");
        // A line that starts with white space goes on where the last one ended (RFC 9112, 5.2).
        let head = head.replace("\n ", " ").replace("\n\t", " ");
        head.lines()
            .filter_map(|line| line.split_once(':'))
            .filter(|(name, _)| name.trim().eq_ignore_ascii_case("sec-websocket-extensions"))
            .flat_map(|(_, value)| split_outside_quotes(value, ','))
            .find_map(|extension| Self::from_extension(&extension))
    }

    /// The two directions of `permessage-deflate; …`; `None` for another extension.
    fn from_extension(extension: &str) -> Option<[Self; 2]> {
        let mut parts = split_outside_quotes(extension, ';').into_iter();
        let name = parts.next()?;
        if !name.trim().eq_ignore_ascii_case("permessage-deflate") {
            return None;
        }
        let mut directions = [Self::DEFAULT; 2];
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((&part, ""));
            let name = name.trim().to_ascii_lowercase();
            let (side, parameter) = match name.split_once('_') {
                Some(("client", parameter)) => (0, parameter),
                Some(("server", parameter)) => (1, parameter),
                _ => continue,
            };
            match parameter {
                "no_context_takeover" => directions[side].no_context_takeover = true,
                "max_window_bits" => {
                    let bits = value.replace(['"', '\\'], "").trim().parse().ok();
                    directions[side].window_bits =
                        bits.filter(|bits| (8..=15).contains(bits)).unwrap_or(15);
                }
                _ => {}
            }
        }
        Some(directions)
    }
}

/// What came of inflating a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inflated {
    /// Plain bytes of the whole message; 0 if there is trouble.
    pub length: u64,
    /// Why there is no more than what was given out, in a few words.
    pub trouble: Option<&'static str>,
}

/// Inflates the messages of one direction in order.
///
/// A message may come in pieces: [`Self::feed`] each, then [`Self::end`]. Nothing is guessed: once
/// something is wrong with a message whose window the next ones build on, they are in trouble too,
/// until the end of the connection.
///
/// The window is always of 15 bits, since it reads what was made for any smaller one.
#[derive(Debug)]
pub struct Inflater {
    context_takeover: bool,
    decompress: Decompress,
    /// The last plain bytes, of which the end is the window that the next deflate stream builds on.
    recent: Vec<u8>,
    /// The window is not known any more.
    lost: bool,
    message: Progress,
}

impl Inflater {
    /// Plain bytes of a message that are inflated beyond the caller's limit, to keep the window
    /// right and the length known. A bomb costs no more than that: about 0.1 s.
    pub const DISCARD_LIMIT: u64 = 64 << 20;

    /// An inflater for a direction's first message.
    pub fn new(deflate: Deflate) -> Self {
        Self {
            context_takeover: !deflate.no_context_takeover,
            decompress: Decompress::new(ZLIB_HEADER),
            recent: Vec::new(),
            lost: false,
            message: Progress::default(),
        }
    }

    /// Inflates the next piece of a message and appends to `plain`, up to `limit` bytes in all.
    pub fn feed(&mut self, compressed: &[u8], plain: &mut Vec<u8>, limit: usize) {
        self.begin();
        let mut rest = compressed;
        let mut step = [0; STEP];
        while self.message.trouble.is_none() {
            if self.message.ended {
                if rest.is_empty() {
                    return;
                }
                // A block was the final one of its stream (RFC 7692, 7.2.3.4), and there is more.
                // Setting the window up again is work that small blocks could ask for without end.
                self.message.discarded += WINDOW as u64;
                self.restart();
            }
            let (status, taken, made) = self.step(rest, &mut step);
            rest = &rest[taken..];
            let kept = made.min(limit.saturating_sub(plain.len()));
            plain.extend_from_slice(&step[..kept]);
            self.remember(&step[..made]);
            self.message.length += made as u64;
            self.message.discarded += (made - kept) as u64;
            self.message.ended = status == Ok(Status::StreamEnd);
            if self.message.discarded > Self::DISCARD_LIMIT {
                return self.fail(BOMB);
            }
            if status.is_err() {
                return self.fail(NOT_DEFLATE);
            }
            let idle = taken == 0 && made == 0;
            if !self.message.ended && (idle || rest.is_empty() && made < STEP) {
                return;
            }
        }
    }

    /// The message is whole: says what came of it.
    pub fn end(&mut self) -> Inflated {
        self.begin();
        if self.message.trouble.is_none() && !self.message.ended {
            // The 4 bytes that the sender took off (RFC 7692, 7.2.2), then an empty final block.
            // They end the stream, and give nothing out, exactly if the message ended where a
            // block did. Else it was cut, and the 4 bytes would be taken for plain text.
            const TAIL: [u8; 9] = [0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff];
            match self.step(&TAIL, &mut [0; 64]) {
                (Ok(Status::StreamEnd), 9, 0) => {}
                (Ok(_), ..) => self.fail(ENDS_EARLY),
                (Err(NotDeflate), ..) => self.fail(NOT_DEFLATE),
            }
        }
        let message = std::mem::take(&mut self.message);
        if !self.context_takeover {
            self.recent.clear();
        }
        let length = if message.trouble.is_some() { 0 } else { message.length };
        Inflated { length, trouble: message.trouble }
    }

    /// What comes next of the message that is open, or could be, is lost: so is the window.
    pub fn gap(&mut self) {
        self.message = Progress::default();
        self.recent.clear();
        self.lost = self.context_takeover;
    }

    /// Starts a message, unless one is open.
    fn begin(&mut self) {
        if self.message.begun {
            return;
        }
        self.message.begun = true;
        if self.lost {
            self.message.trouble = Some(WINDOW_LOST);
        } else {
            self.restart();
        }
    }

    /// Starts a deflate stream that may refer back to the last plain bytes.
    fn restart(&mut self) {
        self.message.ended = false;
        self.decompress.reset(ZLIB_HEADER);
        if !self.recent.is_empty() {
            let window = &self.recent[self.recent.len().saturating_sub(WINDOW)..];
            if self.decompress.set_dictionary(window).is_err() {
                self.fail(WINDOW_LOST);
            }
        }
    }

    /// One call of the decoder: its status, bytes taken and bytes made, also before an error.
    fn step(&mut self, input: &[u8], out: &mut [u8]) -> (Result<Status, NotDeflate>, usize, usize) {
        let (taken, made) = (self.decompress.total_in(), self.decompress.total_out());
        let status = self.decompress.decompress(input, out, FlushDecompress::Sync);
        let taken = self.decompress.total_in() - taken;
        let made = self.decompress.total_out() - made;
        (status.map_err(|_| NotDeflate), taken as usize, made as usize)
    }

    /// Keeps the window: between one and two times its size, so that bytes seldom move.
    fn remember(&mut self, plain: &[u8]) {
        let plain = &plain[plain.len().saturating_sub(WINDOW)..];
        if self.recent.len() + plain.len() > 2 * WINDOW {
            let old = self.recent.len().saturating_sub(WINDOW - plain.len());
            self.recent.drain(..old);
        }
        self.recent.extend_from_slice(plain);
    }

    fn fail(&mut self, trouble: &'static str) {
        self.message.trouble = Some(trouble);
        self.recent.clear();
        self.lost = self.context_takeover;
    }
}

/// How far the open message is.
#[derive(Debug, Default)]
struct Progress {
    begun: bool,
    /// A final block came, and nothing after it.
    ended: bool,
    /// Plain bytes so far.
    length: u64,
    /// Plain bytes beyond the caller's limit, and work as good as that.
    discarded: u64,
    trouble: Option<&'static str>,
}

/// The decoder refused its input.
#[derive(PartialEq, Eq)]
struct NotDeflate;

/// Plain bytes a step makes at most: large enough to be fast, small enough for the stack.
const STEP: usize = 16 * 1024;

/// The largest LZ77 window.
const WINDOW: usize = 32 * 1024;

/// permessage-deflate has raw deflate streams, without zlib's header.
const ZLIB_HEADER: bool = false;

const NOT_DEFLATE: &str = "does not inflate";
const ENDS_EARLY: &str = "compressed data ends early";
const BOMB: &str = "inflates to far more than the limit";
const WINDOW_LOST: &str = "an earlier message it builds on is lost";

/// The parts of `text` between `separator`s, those in quoted strings aside (RFC 9110, 5.6.4).
fn split_outside_quotes(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut escaped = false;
    for c in text.chars() {
        if c == separator && !quoted {
            parts.push(String::new());
            continue;
        }
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
        parts.last_mut().expect("there is always a part").push(c);
    }
    parts
}
