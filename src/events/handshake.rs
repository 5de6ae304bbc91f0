//! An upgrade request's head → its headers, cookies, query, path and subprotocols.
//!
//! Lenient: the peers have settled the handshake between themselves. What makes no sense is passed
//! over. All texts borrow from the head where they can.

use std::borrow::Cow;

/// Only so much of a head is read, in bytes: the proxy lets no longer one pass, but a recording
/// may come from anywhere.
const LONGEST: usize = 64 << 10;

/// What a request's head says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Handshake<'a> {
    /// The path's parts, percent-decoded.
    path: Vec<Cow<'a, str>>,
    /// The query's parameters, percent-decoded.
    query: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Names as they came.
    headers: Vec<(&'a str, &'a str)>,
}

impl<'a> Handshake<'a> {
    /// Of the text of a head; see [`lossy`].
    pub(super) fn read(head: &'a str) -> Self {
        let mut lines = head.lines();
        let request = lines.next().unwrap_or_default();
        let target = request.split(' ').nth(1).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        // The absolute form (RFC 9112, 3.2.2) has a scheme and an authority first.
        let path = path
            .split_once("://")
            .map_or(path, |(_, rest)| rest.find('/').map_or("", |slash| &rest[slash..]));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self {
            path: path.split('/').skip(1).map(|part| decode(part, false)).collect(),
            query: pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decode(name, true), decode(value, true)))
                .collect(),
            headers: lines.filter_map(header).collect(),
        }
    }

    /// All values of a header, in order, empty ones left out. The name is in any case.
    pub(super) fn headers<'s>(
        &'s self,
        name: &'s str,
    ) -> impl Iterator<Item = &'a str> + use<'s, 'a> {
        let named = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| *value).filter(|value| !value.is_empty())
    }

    /// A cookie's value, without the quotes it may have.
    pub(super) fn cookie(&self, name: &str) -> Option<&'a str> {
        self.headers("cookie")
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(known, value)| *known == name && !value.is_empty())
            .map(|(_, value)| value.trim_matches('"'))
    }

    /// The first value of a query's parameter that is not empty.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let mut query = self.query.iter();
        let (_, value) = query.find(|(known, value)| known == name && !value.is_empty())?;
        Some(value)
    }

    /// The n-th part of the path, from 0.
    pub(super) fn path(&self, n: usize) -> Option<&str> {
        self.path.get(n).map(AsRef::as_ref).filter(|part: &&str| !part.is_empty())
    }

    /// The subprotocols that a header lists: those offered, or in a response the one agreed on.
    pub(super) fn subprotocols(&self) -> impl Iterator<Item = &'a str> {
        self.headers("sec-websocket-protocol")
            .flat_map(|list| list.split(','))
            .map(str::trim)
            .filter(|protocol| !protocol.is_empty())
    }
}

/// A head as text. Bytes that are no UTF-8 become U+FFFD: nobody compares them.
pub(super) fn lossy(head: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(&head[..head.len().min(LONGEST)])
}

fn header(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    // A line that begins with white space goes on with the one before, and is nobody's header.
    (!name.starts_with([' ', '\t'])).then(|| (name.trim(), value.trim()))
}

/// Percent-decoded; in a query, `+` is a space.
fn decode(text: &str, in_query: bool) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digit = |place: usize| char::from(*bytes.get(place)?).to_digit(16);
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                plain.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', ..) if in_query => plain.push(b' '),
            (byte, ..) => plain.push(byte),
        }
        at += 1;
    }
    Cow::Owned(String::from_utf8_lossy(&plain).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Handshake, lossy};

    const HEAD: &[u8] =
        b"GET /ws/chat%20room/42?user_id=u%2B1&a=b+c&flag&user_id=u2&=&e= HTTP/1.1\r\n\
        Host: x\r\nX-User-Id:  u7 \r\nCOOKIE: a=1; sid=\"s=1\"\r\ncookie: b=2\r\n\
        Sec-WebSocket-Protocol: jwt-auth, , jwt.abc\r\nsec-websocket-protocol: v2\r\n \
        folded: no\r\nX-Bytes: \xff\r\n\r\n";

    #[test]
    fn a_head_is_taken_apart() {
        let head = lossy(HEAD);
        let handshake = Handshake::read(&head);
        assert_eq!(handshake.path(0), Some("ws"));
        assert_eq!(handshake.path(1), Some("chat room"));
        assert_eq!(handshake.path(2), Some("42"));
        assert_eq!(handshake.path(3), None);
        assert_eq!(handshake.query("user_id"), Some("u+1"));
        assert_eq!(handshake.query("a"), Some("b c"));
        assert_eq!(handshake.query("flag"), None);
        assert_eq!(handshake.cookie("sid"), Some("s=1"));
        assert_eq!(handshake.cookie("b"), Some("2"));
        assert_eq!(handshake.headers("x-user-id").next(), Some("u7"));
        assert_eq!(handshake.headers("x-bytes").next(), Some("\u{fffd}"));
        assert_eq!(handshake.headers("folded").next(), None);
        let subprotocols: Vec<_> = handshake.subprotocols().collect();
        assert_eq!(subprotocols, ["jwt-auth", "jwt.abc", "v2"]);
    }

    #[test]
    fn odd_targets_have_their_paths() {
        let path = |head: &str| Handshake::read(head).path(0).map(str::to_owned);
        assert_eq!(path("GET ws://h:1/ws?x HTTP/1.1"), Some("ws".to_owned()));
        assert_eq!(path("GET ws://h HTTP/1.1"), None);
        assert_eq!(path("GET /%e4%b8%ad%zz% HTTP/1.1"), Some("中%zz%".to_owned()));
        assert_eq!(path("GET /?u=http://x/y HTTP/1.1"), None);
        assert_eq!(path(""), None);
    }
}
