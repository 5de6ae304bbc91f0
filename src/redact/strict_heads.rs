//! What [`Level::Strict`](super::Level) leaves of a handshake's own words: those that standards and
//! everybody's software have. What an application called something may say something of somebody.

use super::names::{Form, Kind};
use super::review::Rule;
use super::secret_names::is_common_secret;
use super::text::Redactor;
use super::words::{is_common, plain};

/// Headers that everybody's software sends (IANA's registry, browsers, proxies), in lower case.
const HEADERS: [&str; 76] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "age",
    "allow",
    "alt-svc",
    "authorization",
    "cache-control",
    "cf-cache-status",
    "cf-connecting-ip",
    "cf-ray",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-security-policy",
    "content-type",
    "cookie",
    "cross-origin-opener-policy",
    "date",
    "dnt",
    "etag",
    "expect",
    "expires",
    "forwarded",
    "from",
    "host",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "last-modified",
    "location",
    "origin",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "referer",
    "referrer-policy",
    "retry-after",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-gpc",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
    "server",
    "set-cookie",
    "strict-transport-security",
    "te",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
    "x-content-type-options",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-frame-options",
    "x-powered-by",
    "x-real-ip",
    "x-xss-protection",
];

/// Reasons that statuses have (RFC 9110, 15).
const REASONS: [&str; 33] = [
    "Accepted",
    "Bad Gateway",
    "Bad Request",
    "Conflict",
    "Continue",
    "Created",
    "Expectation Failed",
    "Forbidden",
    "Found",
    "Gateway Timeout",
    "Gone",
    "HTTP Version Not Supported",
    "Internal Server Error",
    "Length Required",
    "Method Not Allowed",
    "Moved Permanently",
    "Multiple Choices",
    "No Content",
    "Not Acceptable",
    "Not Found",
    "Not Implemented",
    "Not Modified",
    "OK",
    "Payment Required",
    "Permanent Redirect",
    "Request Timeout",
    "See Other",
    "Service Unavailable",
    "Switching Protocols",
    "Temporary Redirect",
    "Too Many Requests",
    "Unauthorized",
    "Upgrade Required",
];

/// What a request may ask for (RFC 9110, 9).
const METHODS: [&str; 9] =
    ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// Subprotocols that are nobody's own (IANA's registry, and what else is widely used).
const PROTOCOLS: [&str; 23] = [
    "actioncable-unsupported",
    "actioncable-v1-json",
    "chat",
    "graphql-transport-ws",
    "graphql-ws",
    "json",
    "mqtt",
    "mqttv3.1",
    "ocpp1.6",
    "ocpp2.0.1",
    "realtime",
    "soap",
    "stomp",
    "superchat",
    "v10.stomp",
    "v11.stomp",
    "v12.stomp",
    "vite-hmr",
    "wamp",
    "wamp.2.json",
    "wamp.2.msgpack",
    "xmpp",
    "xmpp-framing",
];

impl Redactor {
    /// The name of a header.
    pub(super) fn strict_header(&mut self, name: &str) -> String {
        let lower = name.to_ascii_lowercase();
        let own = lower.trim_start_matches("x-");
        if HEADERS.contains(&lower.as_str()) || self.is_known_word(&own.replace('-', "_")) {
            return name.to_owned();
        }
        self.named("header", name)
    }

    /// The name of what stands in a query or in a cookie.
    pub(super) fn strict_word(&mut self, place: &str, word: &str) -> String {
        if word.is_empty() || self.is_known_word(word) {
            return word.to_owned();
        }
        self.named(place, word)
    }

    /// It is everybody's, or the rules ask for it.
    fn is_known_word(&self, word: &str) -> bool {
        is_common(word)
            || is_common_secret(&plain(word))
            || self.is_user(word)
            || self.is_kept(word)
            || self.rules.reads(word)
            || self.rules.says(word)
    }

    /// The line of an answer's status.
    pub(super) fn strict_status(&mut self, line: &str) -> String {
        let mut words = line.splitn(3, ' ');
        let (version, status) = (words.next().unwrap_or_default(), words.next());
        let is_number = |it: &str| it.bytes().all(|it| it.is_ascii_digit() || it == b'.');
        let fits = version.strip_prefix("HTTP/").is_some_and(is_number)
            && status.is_none_or(|status| status.len() == 3 && is_number(status));
        let place = (Rule::Strict, "status line");
        if !fits {
            return self.hide(place, Kind::Text, line, Form::Plain);
        }
        let reason = words.next().map(|reason| {
            if REASONS.contains(&reason) || reason.is_empty() {
                reason.to_owned()
            } else {
                self.hide(place, Kind::Text, reason, Form::Plain)
            }
        });
        let words = [Some(version.to_owned()), status.map(str::to_owned), reason];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// What a request asks for.
    pub(super) fn strict_method(&mut self, method: &str) -> String {
        if METHODS.contains(&method) {
            return method.to_owned();
        }
        self.named("method", method)
    }

    /// The name of a subprotocol.
    pub(super) fn strict_protocol(&mut self, name: &str) -> String {
        let lower = name.to_ascii_lowercase();
        if PROTOCOLS.contains(&lower.as_str()) || self.is_known_word(name) {
            return name.to_owned();
        }
        self.named("header:Sec-WebSocket-Protocol", name)
    }
}
