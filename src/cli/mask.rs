//! Handshakes as recorded → handshakes as shown: secrets are replaced by `***`.
//!
//! The recording keeps them; only what is printed is masked.

/// What stands for a secret.
pub(crate) const MASK: &str = "***";

/// Names in a query whose values are secrets, in lower case.
const QUERY_KEYS: [&str; 20] = [
    "access_token",
    "accesstoken",
    "api_key",
    "api-key",
    "apikey",
    "auth",
    "authorization",
    "code",
    "id_token",
    "jwt",
    "key",
    "pass",
    "password",
    "refresh_token",
    "secret",
    "session",
    "sig",
    "signature",
    "ticket",
    "token",
];

/// Parts of header names whose values are secrets, in lower case.
const HEADER_PARTS: [&str; 9] =
    ["api-key", "apikey", "auth", "cookie", "credential", "password", "secret", "session", "token"];

/// Subprotocols that announce that the next one is a token, in lower case.
const ANNOUNCERS: [&str; 6] = ["access_token", "auth", "authorization", "bearer", "jwt", "token"];

/// A subprotocol as long as this is no name.
const LONG_PROTOCOL: usize = 32;

/// A request's target, or a whole URL, with its secrets masked: values in the query, a password
/// before the host, and path segments that are JSON web tokens.
pub(crate) fn mask_target(target: &str) -> String {
    let (target, fragment) = split_at(target, '#');
    let (path, query) = split_at(target, '?');
    let mut masked = mask_path(&mask_userinfo(path));
    if let Some(query) = query {
        masked.push('?');
        masked.push_str(&mask_query(query));
    }
    if let Some(fragment) = fragment {
        masked.push('#');
        masked.push_str(&mask_query(fragment));
    }
    masked
}

/// A header's value with its secrets masked.
pub(crate) fn mask_header(name: &str, value: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    match name.as_str() {
        "cookie" | "set-cookie" => mask_cookies(value),
        "authorization" | "proxy-authorization" => match value.trim().split_once(' ') {
            Some((scheme, _)) => format!("{scheme} {MASK}"),
            None => MASK.into(),
        },
        "sec-websocket-protocol" => mask_protocols(value),
        "referer" | "location" | "origin" => mask_target(value),
        _ if HEADER_PARTS.iter().any(|part| name.contains(part)) => MASK.into(),
        _ if is_token(value.trim()) => MASK.into(),
        _ => value.into(),
    }
}

/// A line of a head, with what it carries masked: the request line's target, a header's value.
pub(crate) fn mask_head_line(line: &str) -> String {
    let mut words = line.splitn(3, ' ');
    if let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next())
        && version.starts_with("HTTP/")
    {
        return format!("{method} {} {version}", mask_target(target));
    }
    match line.split_once(':') {
        Some((name, value)) => {
            let space = if value.starts_with(' ') { " " } else { "" };
            format!("{name}:{space}{}", mask_header(name, value.trim()))
        }
        // The rest of a folded header may be the rest of a secret.
        None if line.starts_with([' ', '\t']) => MASK.into(),
        None => line.into(),
    }
}

fn split_at(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn mask_userinfo(url: &str) -> String {
    if let Some((scheme, rest)) = url.split_once("://") {
        let authority = rest.split('/').next().unwrap_or_default();
        if let Some((_, host)) = authority.rsplit_once('@') {
            return format!("{scheme}://{MASK}@{host}{}", &rest[authority.len()..]);
        }
    }
    url.into()
}

fn mask_path(path: &str) -> String {
    let segments: Vec<&str> =
        path.split('/').map(|segment| if is_token(segment) { MASK } else { segment }).collect();
    segments.join("/")
}

fn mask_query(query: &str) -> String {
    let parts: Vec<String> = query
        .split('&')
        .map(|part| match part.split_once('=') {
            Some((key, value)) if is_secret_key(key) || is_token(value) => format!("{key}={MASK}"),
            None if is_token(part) => MASK.into(),
            _ => part.into(),
        })
        .collect();
    parts.join("&")
}

/// Percent-encoded names are decoded, so that `%74oken` hides nothing.
fn is_secret_key(key: &str) -> bool {
    let mut name = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(code) if *byte == b'%' => {
                name.push(code);
                rest = &after[2..];
            }
            _ => {
                name.push(*byte);
                rest = after;
            }
        }
    }
    let name = String::from_utf8_lossy(&name).to_ascii_lowercase();
    QUERY_KEYS.contains(&name.as_str())
        || ["token", "secret", "password", "apikey", "api_key"]
            .iter()
            .any(|part| name.contains(part))
}

fn mask_cookies(value: &str) -> String {
    let cookies: Vec<String> = value
        .split(';')
        .map(|cookie| match cookie.split_once('=') {
            Some((name, _)) if !is_cookie_attribute(name.trim()) => format!("{name}={MASK}"),
            Some(_) => cookie.into(),
            None if is_cookie_attribute(cookie.trim()) => cookie.into(),
            None => format!(" {MASK}"),
        })
        .collect();
    cookies.join(";")
}

fn is_cookie_attribute(name: &str) -> bool {
    ["path", "domain", "expires", "max-age", "samesite", "secure", "httponly", "partitioned"]
        .iter()
        .any(|attribute| name.eq_ignore_ascii_case(attribute))
}

fn mask_protocols(value: &str) -> String {
    let mut announced = false;
    let protocols: Vec<String> = value
        .split(',')
        .map(|protocol| {
            let name = protocol.trim();
            let lower = name.to_ascii_lowercase();
            let secret = announced || name.len() >= LONG_PROTOCOL || is_token(name);
            announced = ANNOUNCERS.contains(&lower.as_str());
            let space = if protocol.starts_with(' ') { " " } else { "" };
            if secret {
                return format!("{space}{MASK}");
            }
            // `bearer.TOKEN`, `auth-TOKEN` and their like.
            let prefix = ANNOUNCERS.iter().find(|word| {
                lower
                    .strip_prefix(**word)
                    .is_some_and(|rest| rest.starts_with(['.', '-', '=', ':']))
            });
            match prefix {
                Some(word) => format!("{space}{}{MASK}", &name[..=word.len()]),
                None => protocol.into(),
            }
        })
        .collect();
    protocols.join(",")
}

/// It looks like a token wherever it stands: a JSON web token, or a key with a known beginning.
fn is_token(value: &str) -> bool {
    let known = ["sk-", "sk_", "ghp_", "gho_", "xoxb-", "xoxp-", "AKIA"];
    value.len() >= 16
        && ((value.starts_with("eyJ") && value.contains('.'))
            || known.iter().any(|start| value.starts_with(start)))
}

#[cfg(test)]
mod tests {
    use super::{mask_head_line, mask_header, mask_target};

    #[test]
    fn secrets_in_targets_are_masked() {
        for (target, shown) in [
            ("/ws?token=abc&room=7", "/ws?token=***&room=7"),
            ("/ws?Access_Token=abc", "/ws?Access_Token=***"),
            ("/ws?%74oken=abc", "/ws?%74oken=***"),
            ("/ws?x=eyJhbGciOiJIUzI1NiJ9.e30.x", "/ws?x=***"),
            ("/s/eyJhbGciOiJIUzI1NiJ9.e30.x/ws", "/s/***/ws"),
            ("wss://me:pw@example.com/ws?key=1", "wss://***@example.com/ws?key=***"),
            ("/ws#access_token=1", "/ws#access_token=***"),
            ("/plain/path?monkey=1", "/plain/path?monkey=1"),
        ] {
            assert_eq!(mask_target(target), shown);
        }
    }

    #[test]
    fn secrets_in_headers_are_masked() {
        for (name, value, shown) in [
            ("Authorization", "Bearer abc.def", "Bearer ***"),
            ("proxy-authorization", "abc", "***"),
            ("Cookie", "sid=1; theme=dark", "sid=***; theme=***"),
            ("Set-Cookie", "sid=1; Path=/; HttpOnly", "sid=***; Path=/; HttpOnly"),
            ("X-Api-Key", "1", "***"),
            ("X-Auth-Token", "1", "***"),
            ("Sec-WebSocket-Protocol", "chat, bearer, s3cret", "chat, bearer, ***"),
            ("Sec-WebSocket-Protocol", "bearer.s3cret", "bearer.***"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Host", "localhost:8000", "localhost:8000"),
        ] {
            assert_eq!(mask_header(name, value), shown, "{name}");
        }
    }

    #[test]
    fn secrets_in_head_lines_are_masked() {
        assert_eq!(mask_head_line("GET /ws?token=a HTTP/1.1"), "GET /ws?token=*** HTTP/1.1");
        assert_eq!(mask_head_line("cookie:a=b"), "cookie:a=***");
        assert_eq!(mask_head_line("  folded secret"), "***");
        assert_eq!(mask_head_line("Host: a:80"), "Host: a:80");
    }
}
