//! What is known of one connection: its ends, its handshake, its times, how it ended.

use super::stamp::Direction;

/// One WebSocket, from the TCP accept to the last byte; a refused upgrade is a connection too.
///
/// Times are nanoseconds since the recording started. Fields are filled in as they become known;
/// each state replaces the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// From 1, in the order in which their upgrade requests came.
    pub id: i64,
    /// When the TCP connection was accepted, or, for a second try on it, when the request began.
    pub opened_ns: u64,
    /// The client's address and port.
    pub client: String,
    /// The server's address and port as connected to; empty while it is not.
    pub server: String,
    /// The request's head as the client sent it, blank line included.
    pub request_head: Vec<u8>,
    /// The response's head as the server sent it (or as the proxy did, where `ended_by` is the proxy).
    pub response_head: Vec<u8>,
    /// The first 64 KiB of the body of a response that refused the upgrade.
    pub response_body: Vec<u8>,
    /// The response's status, 101 where the upgrade succeeded.
    pub status: Option<u16>,
    /// How long connecting to the server took, TLS included.
    pub connect_ns: Option<u64>,
    /// From the end of the request's head to the end of the response's.
    pub upgrade_ns: Option<u64>,
    /// When the last byte had gone.
    pub closed_ns: Option<u64>,
    /// How it ended; `None` while it is open, and for ever if the recorder died.
    pub ending: Option<Ending>,
    /// Who ended it.
    pub ended_by: Option<EndedBy>,
    /// In words, where there is more to say: the operating system's error, a TLS alert.
    pub detail: Option<String>,
    /// The first close frame of each direction.
    pub close: [Option<Close>; 2],
    /// Frames of each direction, counted as they were decoded.
    pub frames: [u64; 2],
    /// Wire bytes of each direction after the handshake.
    pub bytes: [u64; 2],
}

impl Connection {
    /// The first close frame of `direction`.
    pub fn close_of(&self, direction: Direction) -> Option<&Close> {
        self.close[direction.index()].as_ref()
    }
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Both sides closed their sockets, after a closing handshake (RFC 6455, 7.1.4).
    Closed,
    /// End of file without a close frame from both sides.
    Eof,
    /// A socket was reset, or failed in another way.
    Reset,
    /// The server answered with something else than 101.
    Refused,
    /// There was no answer: the server could not be reached, said nothing, or was not understood.
    Failed,
    /// Wiretape stopped while it was open.
    Stopped,
}

impl Ending {
    /// All endings, for look-up by word.
    pub const ALL: [Self; 6] =
        [Self::Closed, Self::Eof, Self::Reset, Self::Refused, Self::Failed, Self::Stopped];

    /// The word stored and shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Eof => "eof",
            Self::Reset => "reset",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }

    /// The ending named `word`.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ending| ending.word() == word)
    }
}

/// Who ended a connection first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// The client.
    Client,
    /// The server.
    Server,
    /// Wiretape: it stopped, or had to answer in the server's place.
    Proxy,
}

impl EndedBy {
    /// All of them, for look-up by word.
    pub const ALL: [Self; 3] = [Self::Client, Self::Server, Self::Proxy];

    /// The word stored and shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Proxy => "proxy",
        }
    }

    /// The one named `word`.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.word() == word)
    }
}

/// What a close frame said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The status code; `None` where the frame had no body (RFC 6455 calls that 1005).
    pub code: Option<u16>,
    /// The reason's bytes, as they came (at most 123; they should be UTF-8).
    pub reason: Vec<u8>,
}

impl Close {
    /// The close frame with this payload; a body of one byte has no code.
    pub fn from_payload(payload: &[u8]) -> Self {
        match payload {
            [high, low, reason @ ..] => {
                Self { code: Some(u16::from_be_bytes([*high, *low])), reason: reason.to_vec() }
            }
            _ => Self { code: None, reason: Vec::new() },
        }
    }
}
