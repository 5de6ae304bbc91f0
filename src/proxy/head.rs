//! An HTTP/1 head's bytes → what must be known to forward it, and the bytes to forward.
//!
//! The bytes are parsed from a copy and forwarded as they came; only the lines that must change
//! are changed. A request that two parsers could read in two ways (request smuggling, RFC 9112,
//! 11.2) is refused; nothing of it is forwarded.

use super::upstream::Upstream;

/// A longer head is refused (431). Common servers allow 8 to 64 KiB.
pub(super) const MAX_HEAD: usize = 64 << 10;

/// More header lines are refused (431).
pub(super) const MAX_HEADERS: usize = 200;

/// What becomes of the `Host` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPolicy {
    /// It stays as the client sent it.
    Keep,
    /// It becomes this.
    Replace(String),
}

impl HostPolicy {
    /// What becomes of it unless the user says otherwise: a server on loopback gets what the client
    /// sent, since some check its port; any other gets its own name, since virtual hosts need it.
    pub fn for_upstream(upstream: &Upstream) -> Self {
        if upstream.is_loopback() { Self::Keep } else { Self::Replace(upstream.authority()) }
    }
}

/// A header that replaces all lines of its name, or is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderOverride {
    name: String,
    value: Vec<u8>,
}

impl HeaderOverride {
    /// Parses `Name: value`; `None` if the name is no token or the value could end the line.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, value) = text.split_once(':')?;
        let (name, value) = (name.trim(), value.trim().as_bytes());
        let is_token = !name.is_empty() && name.bytes().all(is_token_byte);
        let is_value = value.iter().all(|byte| *byte == b'\t' || (*byte >= 0x20 && *byte != 0x7f));
        (is_token && is_value).then(|| Self { name: name.to_owned(), value: value.to_vec() })
    }

    /// The header's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Why a head can't be forwarded: the status to answer with, and one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) why: &'static str,
}

/// How a message's body is framed (RFC 9112, 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// This many bytes.
    Length(u64),
    /// Chunked.
    Chunked,
    /// Until the sender's end of file.
    UntilEnd,
}

/// What must be known of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestHead {
    pub(super) is_head: bool,
    /// It asks for the WebSocket protocol.
    pub(super) wants_websocket: bool,
    pub(super) framing: Framing,
    pub(super) keep_alive: bool,
}

/// What must be known of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ResponseHead {
    pub(super) status: u16,
    pub(super) framing: Framing,
    pub(super) keep_alive: bool,
    /// A 101 to the WebSocket protocol.
    pub(super) is_websocket: bool,
    /// permessage-deflate was agreed on.
    pub(super) deflates: bool,
}

/// Where the head that starts `bytes` ends, its blank line included. `from` is where an earlier
/// look stopped, so that a head of n bytes costs n steps however it is split.
pub(super) fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from.saturating_sub(3);
    while let Some(offset) = bytes.get(at..)?.iter().position(|byte| *byte == b'\n') {
        let line = at + offset + 1;
        match bytes.get(line..)? {
            [b'\n', ..] => return Some(line + 1),
            [b'\r', b'\n', ..] => return Some(line + 2),
            _ => at = line,
        }
    }
    None
}

impl RequestHead {
    /// Reads a whole request head.
    pub(super) fn parse(head: &[u8]) -> Result<Self, Refusal> {
        if head.starts_with(b"PRI * HTTP/2.0") {
            return Err(Refusal { status: 505, why: "HTTP/2 is not spoken here, only HTTP/1.1" });
        }
        strict_lines(head)?;
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(head) {
            Ok(httparse::Status::Complete(_)) => {}
            Err(httparse::Error::TooManyHeaders) => {
                return Err(Refusal { status: 431, why: "more than 200 header lines" });
            }
            // A target with a space in it leaves something else where the version should be.
            Err(httparse::Error::Version) if names_a_version(head) => {
                return Err(Refusal { status: 505, why: "not HTTP/1.0 or HTTP/1.1" });
            }
            Ok(httparse::Status::Partial) | Err(_) => {
                return Err(Refusal {
                    status: 400,
                    why: "the request's head is not valid HTTP/1.1",
                });
            }
        }
        let (method, target) = (request.method.unwrap_or(""), request.path.unwrap_or(""));
        check_target(method, target)?;
        let version = request.version.unwrap_or(0);
        let framing = body_framing(request.headers, version)?.unwrap_or(Framing::Length(0));
        let wants_websocket = method == "GET"
            && has_token(request.headers, "connection", "upgrade")
            && has_token(request.headers, "upgrade", "websocket");
        Ok(Self {
            is_head: method == "HEAD",
            wants_websocket,
            framing,
            keep_alive: keeps_alive(request.headers, version),
        })
    }
}

impl ResponseHead {
    /// Reads a whole response head; `to_head` says that it answers a HEAD request.
    pub(super) fn parse(head: &[u8], to_head: bool) -> Result<Self, Refusal> {
        let unreadable = Refusal { status: 502, why: "the server's answer is not valid HTTP/1.1" };
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let mut config = httparse::ParserConfig::default();
        config.allow_obsolete_multiline_headers_in_responses(true);
        let Ok(httparse::Status::Complete(_)) = config.parse_response(&mut response, head) else {
            return Err(unreadable);
        };
        let status = response.code.unwrap_or(0);
        let version = response.version.unwrap_or(0);
        let headers = response.headers;
        let framing = if to_head || status < 200 || status == 204 || status == 304 {
            Framing::Length(0)
        } else {
            match body_framing(headers, version) {
                Ok(framing) => framing.unwrap_or(Framing::UntilEnd),
                Err(_) => {
                    return Err(Refusal {
                        status: 502,
                        why: "the server framed its answer in two ways",
                    });
                }
            }
        };
        Ok(Self {
            status,
            framing,
            keep_alive: keeps_alive(headers, version) && framing != Framing::UntilEnd,
            is_websocket: status == 101 && has_token(headers, "upgrade", "websocket"),
            deflates: has_token(headers, "sec-websocket-extensions", "permessage-deflate"),
        })
    }
}

/// The request's head as it is forwarded.
pub(super) fn forwarded(head: &[u8], host: &HostPolicy, overrides: &[HeaderOverride]) -> Vec<u8> {
    let mut changes: Vec<(&str, &[u8], bool)> =
        overrides.iter().map(|header| (header.name.as_str(), &header.value[..], false)).collect();
    if let HostPolicy::Replace(name) = host
        && !overrides.iter().any(|header| header.name.eq_ignore_ascii_case("host"))
    {
        changes.push(("Host", name.as_bytes(), false));
    }
    if changes.is_empty() {
        return head.to_vec();
    }
    let mut out = Vec::with_capacity(head.len() + 256);
    for (number, line) in head.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let is_blank = line == b"\r\n";
        if number > 0 && !is_blank {
            let name = line.split(|byte| *byte == b':').next().unwrap_or(line);
            let change = changes
                .iter_mut()
                .find(|(changed, ..)| name.eq_ignore_ascii_case(changed.as_bytes()));
            if let Some((_, value, done)) = change {
                if !std::mem::replace(done, true) {
                    push_header(&mut out, name, value);
                }
                continue;
            }
        }
        if is_blank {
            for (name, value, _) in changes.iter().filter(|(.., done)| !done) {
                push_header(&mut out, name.as_bytes(), value);
            }
        }
        out.extend_from_slice(line);
    }
    out
}

fn push_header(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// The request line has three words, of which the last is some version of HTTP.
fn names_a_version(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or(head);
    let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    matches!(words[..], [_, _, version] if version.starts_with(b"HTTP/"))
}

/// Only CR LF ends a line, and no line continues the one before: readers disagree about the rest.
fn strict_lines(head: &[u8]) -> Result<(), Refusal> {
    for (number, line) in head.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let Some(text) = line.strip_suffix(b"\r\n") else {
            return Err(Refusal {
                status: 400,
                why: "a line of the request's head does not end with CR LF",
            });
        };
        if text.contains(&b'\r') || text.contains(&0) {
            return Err(Refusal { status: 400, why: "a stray CR or NUL in the request's head" });
        }
        if number > 0 && matches!(text, [b' ' | b'\t', ..]) {
            return Err(Refusal { status: 400, why: "a folded header line" });
        }
    }
    Ok(())
}

/// This is a reverse proxy: it connects to its one upstream and to nothing a request names.
fn check_target(method: &str, target: &str) -> Result<(), Refusal> {
    match method {
        "CONNECT" => Err(Refusal { status: 501, why: "CONNECT is not for a reverse proxy" }),
        "TRACE" => Err(Refusal { status: 501, why: "TRACE is not passed on" }),
        _ if target.starts_with('/') || target == "*" => Ok(()),
        _ => Err(Refusal {
            status: 400,
            why: "the request names a whole URL; point the app here directly, not as its proxy",
        }),
    }
}

/// `None` where neither Transfer-Encoding nor Content-Length is there.
fn body_framing(headers: &[httparse::Header<'_>], version: u8) -> Result<Option<Framing>, Refusal> {
    let values = |name: &'static str| {
        headers.iter().filter(move |h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value)
    };
    let (codings, lengths) =
        (values("transfer-encoding").count(), values("content-length").count());
    let refuse = |why| Err(Refusal { status: 400, why });
    match (codings, lengths) {
        (0, 0) => Ok(None),
        (0, 1) => {
            let value = values("content-length").next().unwrap_or_default();
            match std::str::from_utf8(value).ok().filter(|v| v.bytes().all(|b| b.is_ascii_digit()))
            {
                Some(digits) => digits
                    .parse()
                    .map(|n| Some(Framing::Length(n)))
                    .or_else(|_| refuse("a Content-Length that is no number")),
                None => refuse("a Content-Length that is no number"),
            }
        }
        (1, 0) if version == 0 => refuse("Transfer-Encoding in HTTP/1.0"),
        (1, 0) => {
            let value = values("transfer-encoding").next().unwrap_or_default();
            if value.eq_ignore_ascii_case(b"chunked") {
                Ok(Some(Framing::Chunked))
            } else {
                refuse("a Transfer-Encoding other than chunked")
            }
        }
        (0, _) => refuse("more than one Content-Length"),
        _ => refuse("Transfer-Encoding twice, or beside Content-Length"),
    }
}

fn keeps_alive(headers: &[httparse::Header<'_>], version: u8) -> bool {
    if version == 0 {
        has_token(headers, "connection", "keep-alive")
    } else {
        !has_token(headers, "connection", "close")
    }
}

/// Some line named `name` has `token` in its comma-separated list, parameters aside.
fn has_token(headers: &[httparse::Header<'_>], name: &str, token: &str) -> bool {
    headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case(name))
        .flat_map(|header| header.value.split(|byte| *byte == b','))
        .filter_map(|element| element.split(|byte| *byte == b';').next())
        .any(|element| element.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

const fn is_token_byte(byte: u8) -> bool {
    matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'z' | b'|' | b'~')
        || byte.is_ascii_alphanumeric()
}
