//! The head of a handshake → the same head without secrets: lines, names and order stay.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::clothes::decoded;
use super::names::{Form, Kind};
use super::review::Rule;
use super::secret_names::{is_secret_header, is_secret_name};
use super::shapes::randomness;
use super::text::Redactor;
use super::{Decision, Level};

/// Subprotocols that announce that the next one is a token, in lower case.
const ANNOUNCERS: [&str; 6] = ["access_token", "auth", "authorization", "bearer", "jwt", "token"];

/// A word of fewer letters, and nothing but letters, is no token.
const SHORT_TOKEN: usize = 8;

/// A subprotocol as long as this is no name.
const LONG_PROTOCOL: usize = 32;

/// Headers that are kept in strict reports: what makes the handshake one.
const KEPT: [&str; 9] = [
    "connection",
    "content-length",
    "content-type",
    "date",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-version",
    "upgrade",
];

/// A header of this name, in lower case, is random and no secret.
fn is_random(name: &str) -> bool {
    KEPT.contains(&name)
        || name.ends_with("-id")
        || ["etag", "host", "if-none-match", "traceparent", "tracestate"].contains(&name)
}

impl Redactor {
    /// A head; what is no text in it is replaced, as it can't be searched.
    pub(super) fn head(&mut self, head: &[u8]) -> Vec<u8> {
        if self.policy.level == Level::Off || head.is_empty() {
            return head.to_vec();
        }
        let text = String::from_utf8_lossy(head);
        let mut out = String::with_capacity(text.len());
        let mut first = true;
        // Peers that are less strict end lines with less than both.
        for piece in text.split_inclusive(['\r', '\n']) {
            let line = piece.trim_end_matches(['\r', '\n']);
            match line {
                "" => {}
                line if std::mem::take(&mut first) => out.push_str(&self.first_line(line)),
                // The rest of a folded header may be the rest of a secret.
                line if line.starts_with([' ', '\t']) => {
                    let hidden =
                        self.hide((Rule::Header, "header"), Kind::Token, line.trim(), Form::Plain);
                    out.push(' ');
                    out.push_str(&hidden);
                }
                line => out.push_str(&self.header_line(line)),
            }
            out.push_str(&piece[line.len()..]);
        }
        out.into_bytes()
    }

    fn first_line(&mut self, line: &str) -> String {
        match line.split_once(' ') {
            Some((name, _)) if name.ends_with(':') => self.header_line(line),
            Some((method, rest)) if !method.starts_with("HTTP/") => {
                let version = rest.rsplit_once(' ').filter(|(_, it)| it.starts_with("HTTP/"));
                let method =
                    if self.is_strict() { self.strict_method(method) } else { method.to_owned() };
                match version {
                    Some((target, version)) => {
                        format!("{method} {} {version}", self.target(target))
                    }
                    None => format!("{method} {}", self.target(rest)),
                }
            }
            _ if self.is_strict() => self.strict_status(line),
            _ => self.inside("status line", line, Form::Plain, 0),
        }
    }

    fn header_line(&mut self, line: &str) -> String {
        let Some((name, value)) = line.split_once(':') else {
            return self.hide((Rule::Header, "header"), Kind::Token, line, Form::Plain);
        };
        let trimmed = value.trim();
        let space = &value[..value.len() - value.trim_start().len()];
        let hidden = self.header(name.trim(), trimmed);
        let name = if self.is_strict() { self.strict_header(name) } else { name.to_owned() };
        format!("{name}:{space}{hidden}")
    }

    fn header(&mut self, name: &str, value: &str) -> String {
        let place = format!("header:{name}");
        if self.policy.decisions.get(&place) == Some(Decision::Show) || value.is_empty() {
            return value.to_owned();
        }
        let lower = name.to_ascii_lowercase();
        let protocol = lower == "sec-websocket-protocol";
        match lower.as_str() {
            "cookie" | "set-cookie" => return self.cookies(&place, value),
            "authorization" | "proxy-authorization" => {
                let (scheme, secret) = value.split_once(' ').unwrap_or(("", value));
                let hidden = self.secret(Rule::Header, &place, secret);
                return if scheme.is_empty() { hidden } else { format!("{scheme} {hidden}") };
            }
            "referer" | "location" | "origin" | "content-location" if !self.is_strict() => {
                return self.target(value);
            }
            _ => {}
        }
        if protocol {
            return self.protocols(&place, value);
        }
        let key = lower.trim_start_matches("x-").replace('-', "_");
        if self.is_user(&key) || self.is_known_user(value) {
            return self.user(&place, value);
        }
        if is_secret_header(&lower) {
            return self.secret(Rule::Header, &place, value);
        }
        let strict = self.policy.level == Level::Strict && !KEPT.contains(&lower.as_str());
        if strict {
            return self.hide((Rule::Strict, &place), Kind::Text, value, Form::Plain);
        }
        let other = self.inside(&place, value, Form::Plain, 0);
        let random = other == value && !is_random(&lower) && randomness(value).is_some();
        if random {
            return self.hide((Rule::Entropy, &place), Kind::Token, value, Form::Plain);
        }
        other
    }

    /// A whole secret: as itself, if it is of a kind that is known, so that it has one name.
    fn secret(&mut self, rule: Rule, place: &str, secret: &str) -> String {
        let found = super::patterns::find(secret);
        match &found[..] {
            [one] if one.rule == Rule::Jwt && one.range == (0..secret.len()) => {
                self.inside(place, secret, Form::Plain, 0)
            }
            _ => match self.packed_jwt(place, secret) {
                Some(hidden) => hidden,
                None => self.hide((rule, place), Kind::Token, secret, Form::Plain),
            },
        }
    }

    /// A JSON web token in base64, as it is put into subprotocols: whose it is stays known.
    fn packed_jwt(&mut self, place: &str, secret: &str) -> Option<String> {
        let (inner, _) = decoded(secret)?;
        let found = super::patterns::find(&inner);
        let is_jwt =
            matches!(&found[..], [one] if one.rule == Rule::Jwt && one.range == (0..inner.len()));
        let hidden = is_jwt.then(|| self.inside(place, &inner, Form::Plain, 0))?;
        if hidden == inner {
            return Some(secret.to_owned());
        }
        self.names.name(Kind::Token, secret, Form::Plain);
        Some(URL_SAFE_NO_PAD.encode(hidden))
    }

    fn cookies(&mut self, place: &str, value: &str) -> String {
        let cookies: Vec<String> = value
            .split(';')
            .map(|cookie| match cookie.split_once('=') {
                Some((name, place)) if self.is_strict() && names_place(name.trim()) => {
                    format!("{name}={}", self.named("cookie", place))
                }
                Some((name, _)) if is_attribute(name.trim()) => cookie.to_owned(),
                Some((name, id)) if self.is_user(name.trim()) || self.is_known_user(id.trim()) => {
                    format!("{}={}", self.called("cookie", name), self.user(place, id.trim()))
                }
                Some((name, secret)) if !secret.trim().is_empty() => {
                    let secret = self.secret(Rule::Cookie, place, secret.trim());
                    format!("{}={secret}", self.called("cookie", name))
                }
                Some((name, _)) => format!("{}=", self.called("cookie", name)),
                None if !is_attribute(cookie.trim()) && !cookie.trim().is_empty() => {
                    self.secret(Rule::Cookie, place, cookie.trim())
                }
                _ => cookie.to_owned(),
            })
            .collect();
        cookies.join(";")
    }

    /// The name of a cookie, or of what stands in a query; the space around it stays.
    fn called(&mut self, place: &str, name: &str) -> String {
        let word = name.trim();
        let other = if self.is_strict() {
            self.strict_word(place, word)
        } else {
            self.inside(place, word, Form::Plain, 0)
        };
        if other == word { name.to_owned() } else { name.replacen(word, &other, 1) }
    }

    fn protocols(&mut self, place: &str, value: &str) -> String {
        let mut announced = false;
        let protocols: Vec<String> = value
            .split(',')
            .map(|protocol| {
                let name = protocol.trim();
                let lower = name.to_ascii_lowercase();
                let space = &protocol[..protocol.len() - protocol.trim_start().len()];
                let token = announced || name.len() >= LONG_PROTOCOL;
                let is_scheme = |rest: &str| {
                    ANNOUNCERS.contains(&rest)
                        || rest.len() < SHORT_TOKEN
                            && rest.bytes().all(|it| it.is_ascii_alphabetic())
                };
                // `bearer.TOKEN`, `auth-TOKEN` and their like.
                let prefix = ANNOUNCERS.iter().find(|word| {
                    let rest = lower.strip_prefix(**word);
                    rest.is_some_and(|rest| {
                        rest.len() > 1 && rest.starts_with(['.', '-', '=', ':'])
                    })
                });
                let rest = prefix.and_then(|word| lower.get(word.len() + 1..));
                // `jwt-auth` is the name of a way to hand tokens over, and none itself.
                let names_scheme = rest.is_some_and(is_scheme);
                announced = ANNOUNCERS.contains(&lower.as_str()) || names_scheme;
                let prefix = prefix.filter(|_| !names_scheme);
                let hidden = match prefix {
                    Some(word) if name.is_char_boundary(word.len() + 1) => {
                        let (prefix, secret) = name.split_at(word.len() + 1);
                        format!("{prefix}{}", self.secret(Rule::Protocol, place, secret))
                    }
                    _ if token => self.secret(Rule::Protocol, place, name),
                    _ if self.is_strict() && !announced && !name.is_empty() => {
                        self.strict_protocol(name)
                    }
                    _ => self.inside(place, name, Form::Plain, 0),
                };
                format!("{space}{hidden}")
            })
            .collect();
        protocols.join(",")
    }

    /// A request's target, or a URL.
    pub(super) fn target(&mut self, target: &str) -> String {
        let (rest, fragment) = split_at(target, '#');
        let (path, query) = split_at(rest, '?');
        let mut out = self.path(path);
        for (mark, query) in [('?', query), ('#', fragment)] {
            if let Some(query) = query {
                out.push(mark);
                out.push_str(&self.query(query));
            }
        }
        out
    }

    fn path(&mut self, path: &str) -> String {
        let path = match path.split_once("://") {
            Some((scheme, rest)) => {
                let authority = rest.split('/').next().unwrap_or_default();
                match authority.rsplit_once('@') {
                    Some((secret, host)) => {
                        let hidden =
                            self.hide((Rule::Query, "userinfo"), Kind::Token, secret, Form::Plain);
                        format!("{scheme}://{hidden}@{host}{}", &rest[authority.len()..])
                    }
                    None => path.to_owned(),
                }
            }
            None => path.to_owned(),
        };
        let segments: Vec<String> = path
            .split('/')
            .map(|segment| match randomness(segment) {
                _ if self.is_known_user(segment) => self.user("path", segment),
                Some(_) => self.hide((Rule::Entropy, "path"), Kind::Token, segment, Form::Plain),
                None if self.is_strict() => self.strict_segment(segment),
                None => self.inside("path", segment, Form::Plain, 0),
            })
            .collect();
        segments.join("/")
    }

    fn query(&mut self, query: &str) -> String {
        let strict = self.policy.level == Level::Strict;
        let parts: Vec<String> = query
            .split('&')
            .map(|part| {
                let Some((name, value)) = part.split_once('=') else {
                    return if self.is_strict() && !part.is_empty() {
                        self.strict_id("query", part)
                    } else {
                        self.inside("query", part, Form::Plain, 0)
                    };
                };
                let plain = percent_decoded(name).unwrap_or_else(|| name.to_owned());
                let place = format!("query:{plain}");
                let secret = percent_decoded(value).unwrap_or_else(|| value.to_owned());
                let hidden = match () {
                    () if value.is_empty() => String::new(),
                    () if self.is_user(&plain) || self.is_known_user(&secret) => {
                        percent_encoded(&self.user(&place, &secret))
                    }
                    () if is_secret_name(&plain) => {
                        percent_encoded(&self.secret(Rule::Query, &place, &secret))
                    }
                    () if self.policy.decisions.get(&place).is_some() => {
                        self.hide((Rule::Pointer, &place), Kind::Token, &secret, Form::Plain)
                    }
                    () if strict && self.is_kept(&plain) => {
                        percent_encoded(&self.strict_id(&place, &secret))
                    }
                    () if strict => {
                        self.hide((Rule::Strict, &place), Kind::Text, &secret, Form::Plain)
                    }
                    () => {
                        let other = self.inside(&place, &secret, Form::Plain, 0);
                        let random = randomness(&secret).is_some();
                        match other == secret {
                            true if random => self.hide(
                                (Rule::Entropy, &place),
                                Kind::Token,
                                &secret,
                                Form::Plain,
                            ),
                            true => value.to_owned(),
                            false => percent_encoded(&other),
                        }
                    }
                };
                let name = match self.called("query", &plain) {
                    other if other == plain => name.to_owned(),
                    other => percent_encoded(&other),
                };
                format!("{name}={hidden}")
            })
            .collect();
        parts.join("&")
    }
}

fn split_at(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn names_place(name: &str) -> bool {
    ["path", "domain"].iter().any(|attribute| name.eq_ignore_ascii_case(attribute))
}

fn is_attribute(name: &str) -> bool {
    ["path", "domain", "expires", "max-age", "samesite", "secure", "httponly", "partitioned"]
        .iter()
        .any(|attribute| name.eq_ignore_ascii_case(attribute))
}

/// `%74oken` → `token`; `None` where that is no text.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let hex = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match hex.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(code) if *byte == b'%' => {
                bytes.push(code);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// What may not stand in a URL's query as it is.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/@!$()*,;".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
