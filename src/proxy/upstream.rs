//! The upstream's URL → where to connect.

use std::fmt;
use std::net::IpAddr;

/// Where every connection goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// TLS towards the server: `wss://` or `https://`.
    pub tls: bool,
    /// Name or address, IPv6 without brackets.
    pub host: String,
    /// Port, the scheme's own where none was given.
    pub port: u16,
    /// Path and query of the URL, or empty. Requests keep their own; this one is only told on.
    pub path: String,
    has_port: bool,
}

/// Why a URL can't be an upstream, as one fragment, and what to try.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct UpstreamError {
    /// What is wrong.
    pub why: String,
    /// A URL that would do, if one can be guessed.
    pub instead: Option<String>,
}

impl Upstream {
    /// Parses `ws://`, `wss://`, `http://` and `https://` URLs.
    pub fn parse(url: &str) -> Result<Self, UpstreamError> {
        let fail = |why: &str| Err(UpstreamError { why: why.to_owned(), instead: None });
        if url.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return fail("a URL has no spaces or control characters");
        }
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(UpstreamError {
                why: "the URL needs a scheme: ws://, wss://, http:// or https://".to_owned(),
                instead: (!url.is_empty()).then(|| format!("ws://{url}")),
            });
        };
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "ws" | "http" => false,
            "wss" | "https" => true,
            "unix" | "ws+unix" => {
                return fail("unix sockets are not supported; use ws://HOST:PORT");
            }
            other => {
                return Err(UpstreamError {
                    why: format!("the scheme {other}:// is not one of ws, wss, http, https"),
                    instead: Some(format!("ws://{rest}")),
                });
            }
        };
        if rest.contains('#') {
            return fail("a fragment (#…) is never sent to a server; leave it out");
        }
        let split = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(split);
        if authority.contains('@') {
            return fail(
                "a user or password in the URL is not sent; use --header 'Authorization: …'",
            );
        }
        let (host, port) = split_authority(authority)?;
        let port_number = match port {
            None => Ok(if tls { 443 } else { 80 }),
            Some(port) => {
                port.parse::<u16>().map_err(|_| ()).and_then(|n| (n > 0).then_some(n).ok_or(()))
            }
        };
        let Ok(port_number) = port_number else {
            return fail("the port is not a number from 1 to 65535");
        };
        Ok(Self {
            tls,
            host: host.to_owned(),
            port: port_number,
            path: path.to_owned(),
            has_port: port.is_some(),
        })
    }

    /// The name is this machine's own.
    pub fn is_loopback(&self) -> bool {
        let name = self.host.to_ascii_lowercase();
        match self.host.parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback(),
            Err(_) => name == "localhost" || name.ends_with(".localhost"),
        }
    }

    /// `host` or `host:port`, as a `Host` line says it.
    pub fn authority(&self) -> String {
        let host = bracketed(&self.host);
        if self.has_port { format!("{host}:{}", self.port) } else { host }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "wss" } else { "ws" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

/// An IPv6 address needs brackets beside a port.
pub fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

fn split_authority(authority: &str) -> Result<(&str, Option<&str>), UpstreamError> {
    let fail = |why: &str| Err(UpstreamError { why: why.to_owned(), instead: None });
    if let Some(rest) = authority.strip_prefix('[') {
        let Some((host, after)) = rest.split_once(']') else {
            return fail("an IPv6 address needs its closing bracket");
        };
        if host.contains('%') {
            return fail("an address with a zone id (%…) is not supported");
        }
        if host.parse::<std::net::Ipv6Addr>().is_err() {
            return fail("the brackets hold no IPv6 address");
        }
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => fail("only :PORT may follow the bracket"),
        };
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    if port.is_some_and(|port| port.contains(':')) {
        return fail("an IPv6 address goes in brackets: ws://[::1]:8000");
    }
    if host.is_empty() {
        return fail("the URL names no host");
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if !host.bytes().all(is_name) {
        return fail("the host has characters that no host name has");
    }
    Ok((host, port))
}

#[cfg(test)]
mod tests {
    use super::Upstream;

    #[test]
    fn urls_say_where_to_connect() {
        for (url, tls, host, port, authority, loopback) in [
            ("ws://localhost:8000", false, "localhost", 8000, "localhost:8000", true),
            (
                "wss://api.example.com/ws?x=1",
                true,
                "api.example.com",
                443,
                "api.example.com",
                false,
            ),
            ("http://127.0.0.2", false, "127.0.0.2", 80, "127.0.0.2", true),
            ("https://[::1]:8443/", true, "::1", 8443, "[::1]:8443", true),
            ("WS://[::ffff:127.0.0.1]", false, "::ffff:127.0.0.1", 80, "[::ffff:127.0.0.1]", true),
        ] {
            let upstream = Upstream::parse(url).unwrap();
            assert_eq!((upstream.tls, upstream.host.as_str(), upstream.port), (tls, host, port));
            assert_eq!(
                (upstream.authority().as_str(), upstream.is_loopback()),
                (authority, loopback)
            );
        }
    }

    #[test]
    fn other_urls_are_refused_with_a_reason() {
        for (url, why) in [
            ("localhost:8000", "needs a scheme"),
            ("ftp://x", "is not one of"),
            ("unix:///tmp/s", "unix sockets"),
            ("ws://", "names no host"),
            ("ws://u:p@h", "Authorization"),
            ("ws://h:99999", "1 to 65535"),
            ("ws://h:0", "1 to 65535"),
            ("ws://[fe80::1%25eth0]:80", "zone id"),
            ("ws://::1:80", "brackets"),
            ("ws://h/#f", "fragment"),
            ("ws://h\r\nX: y", "control characters"),
            ("ws://[::1", "closing bracket"),
            ("ws://ex%41mple", "no host name has"),
        ] {
            let error = Upstream::parse(url).unwrap_err();
            assert!(error.why.contains(why), "{url}: {error}");
        }
    }
}
