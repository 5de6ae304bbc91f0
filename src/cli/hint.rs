//! How a connection failed → the next thing to try, each kind once a run.

use crate::wire::{Connection, EndedBy, Ending};

use super::{escape, mask};

/// Columns of an Origin in a hint.
const ORIGIN_COLUMNS: usize = 60;

/// What may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The server wants another Origin, or to know who asks.
    Headers,
    /// The server's certificate is not trusted.
    Certificate,
    /// TLS towards a server that speaks none.
    PlainServer,
    /// Nobody listens there.
    Down,
    /// The client speaks no TLS on a port that does.
    PlainClient,
    /// The client does not trust the certificate of that port.
    Untrusting,
}

/// Hints that were given.
#[derive(Debug, Default)]
pub(crate) struct Hints {
    given: Vec<Kind>,
}

impl Hints {
    /// For a connection that has ended, to the server at `upstream`.
    pub(crate) fn after(&mut self, connection: &Connection, upstream: &str) -> Option<String> {
        let detail = connection.detail.as_deref().unwrap_or_default();
        let (kind, text) = match (connection.ending?, connection.ended_by) {
            (Ending::Refused, _) if matches!(connection.status, Some(401 | 403)) => {
                (Kind::Headers, headers(connection, upstream))
            }
            (Ending::Failed, Some(EndedBy::Proxy)) => unreached(detail, upstream)?,
            _ => return None,
        };
        self.once(kind, text)
    }

    /// For a notice, as the proxy worded it.
    pub(crate) fn about(&mut self, notice: &str) -> Option<String> {
        if !notice.contains("TLS handshake") {
            return None;
        }
        if notice.contains("is not TLS") {
            let text = "the client spoke plain HTTP or ws:// to a port that serves TLS: its URL \
                begins with wss:// or https://";
            return self.once(Kind::PlainClient, text.to_owned());
        }
        let text = "the client has to trust the CA that was named at the start";
        notice
            .contains("not trust the certificate")
            .then(|| self.once(Kind::Untrusting, text.to_owned()))?
    }

    fn once(&mut self, kind: Kind, text: String) -> Option<String> {
        if self.given.contains(&kind) {
            return None;
        }
        self.given.push(kind);
        Some(text)
    }
}

/// Why a server that was reached may say 401 or 403.
fn headers(connection: &Connection, upstream: &str) -> String {
    let sent = origin(connection).map_or_else(
        || "the client sent no Origin".to_owned(),
        |origin| {
            format!("the client sent Origin {}", escape::fit(origin.as_bytes(), ORIGIN_COLUMNS))
        },
    );
    let scheme = if upstream.starts_with("wss:") { "https" } else { "http" };
    let site = format!("{scheme}://{}", authority(upstream));
    let site = escape::text(&site);
    format!(
        "many servers check Origin or Authorization ({sent}): --header 'Origin: {site}' or \
         --header @FILE"
    )
}

/// Why there was no connection to the server.
fn unreached(detail: &str, upstream: &str) -> Option<(Kind, String)> {
    let reached = detail.strip_prefix("can't reach ")?;
    let place = reached.split(": ").next().unwrap_or(reached);
    let place = escape::text(place);
    if let Some((_, why)) = reached.split_once(": TLS: ") {
        if why.contains("certificate") {
            let text = "--ca FILE trusts the certificates in a PEM file; -k accepts any";
            return Some((Kind::Certificate, text.to_owned()));
        }
        if why.contains("is not TLS") || why.contains("eof") || why.contains("reset") {
            let plain = escape::text(&authority(upstream));
            let text = format!("does the server speak TLS there, or is it ws://{plain}?");
            return Some((Kind::PlainServer, text));
        }
        return None;
    }
    let text = if reached.contains("no such host") {
        format!("is the name of the host right in {place}?")
    } else {
        format!("is the server running, and listening at {place}?")
    };
    Some((Kind::Down, text))
}

/// The request's Origin, secrets masked.
pub(crate) fn origin(connection: &Connection) -> Option<String> {
    let head = String::from_utf8_lossy(&connection.request_head);
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("origin"))
        .map(|(name, value)| mask::mask_header(name, value.trim()))
}

/// Host and port of a URL.
fn authority(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    authority.rsplit('@').next().unwrap_or(authority).to_owned()
}

#[cfg(test)]
mod tests {
    use super::Hints;
    use crate::wire::{Connection, EndedBy, Ending};

    fn ended(ending: Ending, by: EndedBy, status: u16, detail: &str) -> Connection {
        Connection {
            request_head: b"GET / HTTP/1.1\r\nOrigin: http://localhost:3000\r\n\r\n".to_vec(),
            status: Some(status),
            ending: Some(ending),
            ended_by: Some(by),
            detail: Some(detail.to_owned()),
            ..Connection::default()
        }
    }

    #[test]
    fn each_kind_is_said_once() {
        let mut hints = Hints::default();
        let url = "wss://***@staging.example:8443/ws?x";
        let refused = ended(Ending::Refused, EndedBy::Server, 403, "");
        let hint = hints.after(&refused, url).unwrap_or_default();
        assert!(hint.contains("(the client sent Origin http://localhost:3000)"), "{hint}");
        assert!(hint.contains("--header 'Origin: https://staging.example:8443'"), "{hint}");
        assert_eq!(hints.after(&ended(Ending::Refused, EndedBy::Server, 401, ""), url), None);
        assert_eq!(hints.after(&ended(Ending::Refused, EndedBy::Server, 404, ""), url), None);
        let cases = [
            ("can't reach wss://h:1: TLS: the certificate has expired", "--ca FILE"),
            ("can't reach wss://h:1: TLS: what came is not TLS", "or is it ws://staging.example:"),
            ("can't reach wss://h:1: connection refused", "listening at wss://h:1?"),
        ];
        for (detail, words) in cases {
            let failed = ended(Ending::Failed, EndedBy::Proxy, 502, detail);
            let hint = hints.after(&failed, url).unwrap_or_default();
            assert!(hint.contains(words), "{detail}: {hint}");
            assert_eq!(hints.after(&failed, url), None);
        }
        assert_eq!(hints.after(&ended(Ending::Closed, EndedBy::Server, 101, ""), url), None);
    }
}
