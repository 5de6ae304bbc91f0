//! permessage-deflate: what a handshake agreed on, and compressed payloads → plain ones (RFC 7692).

/// What one direction agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deflate {
    /// The sender forgets its window after each message.
    pub no_context_takeover: bool,
    /// LZ77 window bits, 8 to 15.
    pub window_bits: u8,
}

impl Deflate {
    /// What a `101` response's head agreed on, for `[c2s, s2c]`; `None` without permessage-deflate.
    pub fn negotiated(response_head: &[u8]) -> Option<[Self; 2]> {
        let _ = response_head;
        None
    }
}

/// Inflates the messages of one direction in order. (Signatures fixed; body to come.)
#[derive(Debug)]
pub struct Inflater {}
