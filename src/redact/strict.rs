//! What [`Level::Strict`](super::Level) leaves of a text: types, ids under other names, times.
//!
//! Whatever tells one thing from another gets a name that is the same wherever it is said, so that
//! what the rules find stays what it was. Ids are named piece by piece: rules take them apart.

use super::json::Spot;
use super::names::{Form, Kind, plain_number};
use super::patterns::find;
use super::review::Rule;
use super::shapes::randomness;
use super::text::{MAX_NESTING, Redactor};
use super::words::{is_id, is_type_name};
use super::{Decision, Level};

/// Letters of the longest type, member's name and id; longer ones are texts.
const LONGEST_NAME: usize = 64;
const LONGEST_ID: usize = 256;

/// Words of ids and paths that say what a thing is, and not which.
const ID_WORDS: [&str; 34] = [
    "agent",
    "api",
    "call",
    "chat",
    "chunk",
    "conn",
    "conv",
    "event",
    "evt",
    "http",
    "https",
    "id",
    "io",
    "item",
    "job",
    "message",
    "msg",
    "req",
    "request",
    "room",
    "run",
    "sess",
    "session",
    "socket",
    "step",
    "stream",
    "task",
    "thread",
    "tool",
    "user",
    "v1",
    "ws",
    "wss",
    "localhost",
];

/// Separators of what ids are put together of.
const SEPARATORS: [char; 5] = ['_', '-', ':', '.', '/'];

impl Redactor {
    pub(super) fn is_strict(&self) -> bool {
        self.policy.level == Level::Strict
    }

    /// The text that is the value of a member.
    pub(super) fn strict_member(&mut self, spot: Spot<'_>, text: &str) -> String {
        let Spot { place, key, .. } = spot;
        // What the rules ask for by itself goes along with them.
        if self.is_asked_for(text) {
            return self.inside(place, text, Form::Marked, MAX_NESTING);
        }
        if self.is_type_at(spot) {
            return if is_type(text) && !has_long_number(text) {
                self.inside(place, text, Form::Marked, MAX_NESTING)
            } else {
                self.named(place, text)
            };
        }
        match self.is_kept(key) {
            _ if is_time(text) => text.to_owned(),
            true => self.strict_id(place, text),
            // One word may be a type or an id elsewhere, where it stays.
            false if !text.contains(char::is_whitespace) => {
                let after = format!("‹text, {} characters›", text.chars().count());
                self.review.hit(Rule::Strict, place, (text, &after), (Decision::Hide, true));
                after
            }
            false => self.hide((Rule::Strict, place), Kind::Text, text, Form::Marked),
        }
    }

    /// What stands here says what kind of event it is in. Of Socket.IO's that is the first of the
    /// list; of other lists, what the rules take for it.
    fn is_type_at(&self, spot: Spot<'_>) -> bool {
        let is_named = |wanted: &str| self.policy.types.iter().any(|name| name == wanted);
        match spot.index {
            Some(0) if self.is_packet && spot.place == "$[*]" => true,
            Some(index) if spot.place == "$[*]" => is_named(&index.to_string()),
            _ => is_type_name(spot.key) || is_named(spot.key),
        }
    }

    /// A number; `None`: it stays. An id goes by a name, another says nothing any more.
    pub(super) fn strict_number(&mut self, spot: Spot<'_>, number: &str) -> Option<String> {
        let Spot { place, key, .. } = spot;
        let is_read = self.policy.kept.iter().any(|name| name == key)
            || self.policy.types.iter().any(|name| name == key)
            || self.rules.reads(key);
        let is_small = number.len() <= 6;
        if number == "0" || is_read || self.is_kept(key) && (is_small || is_clock(number)) {
            return None;
        }
        if is_id(key) {
            let name = self.stable((Rule::Strict, place), Kind::Id, number);
            return (name != number).then(|| super::json::quoted(&name));
        }
        self.review.hit(Rule::Strict, place, (number, "0"), (Decision::Hide, true));
        Some("0".to_owned())
    }

    /// The name of a member: one that looks like one, or that the rules read.
    pub(super) fn strict_name(&mut self, place: &str, name: &str) -> String {
        let mut letters = name.chars();
        let begins =
            letters.next().is_some_and(|it| it.is_ascii_alphabetic() || "_$@".contains(it));
        let goes_on = letters.all(|it| it.is_ascii_alphanumeric() || "_$.:/-".contains(it));
        let is_one = begins
            && goes_on
            && name.len() <= LONGEST_NAME
            && !has_long_number(name)
            && find(name).is_empty();
        if name.is_empty() || is_one || self.is_kept(name) || self.rules.reads(name) {
            return name.to_owned();
        }
        self.named(place, name)
    }

    /// An id: the same one has the same name, and so has each piece of it.
    pub(super) fn strict_id(&mut self, place: &str, id: &str) -> String {
        let is_letter = |it: char| {
            it.is_ascii_alphanumeric() || SEPARATORS.contains(&it) || "@+=~".contains(it)
        };
        if self.is_asked_for(id) {
            return self.inside(place, id, Form::Plain, MAX_NESTING);
        }
        if id.is_empty() || super::names::is_name(id) {
            return id.to_owned();
        }
        if id.len() > LONGEST_ID || !id.chars().all(is_letter) {
            return self.stable((Rule::Strict, place), Kind::Id, id);
        }
        let id = self.users_in(place, id);
        let id = self.inside(place, &id, Form::Plain, MAX_NESTING);
        self.parts_of_id(place, &id)
    }

    fn parts_of_id(&mut self, place: &str, id: &str) -> String {
        let mut out = String::with_capacity(id.len());
        for piece in id.split_inclusive(SEPARATORS) {
            let end = piece.trim_end_matches(SEPARATORS).len();
            let (piece, separator) = piece.split_at(end);
            if is_opaque(piece) || ID_WORDS.contains(&piece) || self.rules.says(piece) {
                out.push_str(piece);
            } else {
                out.push_str(&self.stable((Rule::Strict, place), Kind::Id, piece));
            }
            out.push_str(separator);
        }
        out
    }

    /// What is no id but tells one thing from another, under another name.
    pub(super) fn named(&mut self, place: &str, text: &str) -> String {
        self.stable((Rule::Strict, place), Kind::Name, text)
    }

    fn stable(&mut self, what: (Rule, &str), kind: Kind, text: &str) -> String {
        if let Some((kind, number)) = plain_number(text) {
            self.names.take(kind, number);
            return text.to_owned();
        }
        self.hide(what, kind, text, Form::Plain)
    }

    /// The rules name it as a whole, and it is no sentence.
    fn is_asked_for(&self, text: &str) -> bool {
        self.rules.says(text) && is_type(text)
    }

    /// A text outside of JSON: what transports say by themselves stays.
    pub(super) fn strict_text(&mut self, place: &str, text: &str) -> String {
        let is_code = text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_code || ["ping", "pong", "40", "41"].contains(&text) {
            return text.to_owned();
        }
        self.hide((Rule::Strict, place), Kind::Text, text, Form::Marked)
    }

    /// What stands before JSON: digits, and of Socket.IO a namespace.
    pub(super) fn strict_prefix(&mut self, prefix: &str) -> String {
        let end = prefix.find(|it: char| !it.is_ascii_digit() && it != '-').unwrap_or(prefix.len());
        let (code, rest) = prefix.split_at(end.min(12));
        match rest.strip_prefix('/').and_then(|rest| rest.split_once(',')) {
            _ if rest.is_empty() => code.to_owned(),
            Some((space, ack)) if ack.len() <= 6 && ack.bytes().all(|it| it.is_ascii_digit()) => {
                format!("{code}/{},{ack}", self.strict_id("$", space))
            }
            _ => format!("{code}{}", self.named("$", rest)),
        }
    }

    /// A segment of a path, or a host.
    pub(super) fn strict_segment(&mut self, segment: &str) -> String {
        match segment {
            "ws:" | "wss:" | "http:" | "https:" => segment.to_owned(),
            _ if is_here(segment) => segment.to_owned(),
            _ => match segment.rsplit_once('@') {
                Some((hidden, host)) => format!("{hidden}@{}", self.strict_segment(host)),
                None => self.strict_id("path", segment),
            },
        }
    }
}

/// An address of this machine says nothing of anybody.
fn is_here(address: &str) -> bool {
    let host = match address.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|it| it.is_ascii_digit()) => host,
        _ => address,
    };
    ["localhost", "127.0.0.1", "0.0.0.0", "[::1]", "::1"].contains(&host)
}

/// It looks like the name of a type, and not like a secret.
fn is_type(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"_.:/-".contains(&it))
        && find(text).is_empty()
        && randomness(text).is_none()
}

/// Digits of a number that is somebody's, in a name that is kept: versions and sizes have fewer.
const LONG_NUMBER: usize = 6;

/// It has a number in it as people have.
fn has_long_number(name: &str) -> bool {
    name.split(|it: char| !it.is_ascii_digit()).any(|digits| digits.len() >= LONG_NUMBER)
}

/// It is random, or a count: it says nothing by itself. Numbers as long as those of telephones and
/// people are neither.
fn is_opaque(piece: &str) -> bool {
    let is_number = piece.bytes().all(|it| it.is_ascii_digit());
    let has_digit = piece.bytes().any(|it| it.is_ascii_digit());
    piece.is_empty()
        || is_number && (piece.len() <= 6 || is_clock(piece))
        || !is_number && has_digit && piece.bytes().all(|it| it.is_ascii_hexdigit())
}

/// Seconds, milli-, micro- or nanoseconds since 1970, of the last decades.
fn is_clock(number: &str) -> bool {
    let whole = number.split('.').next().unwrap_or(number);
    whole.starts_with('1')
        && matches!(whole.len(), 10 | 13 | 16 | 19)
        && number.bytes().all(|it| it.is_ascii_digit() || it == b'.')
}

/// `2026-11-22T14:32:03.443+00:00`, or a number of seconds.
fn is_time(text: &str) -> bool {
    let is_part = |it: u8| it.is_ascii_digit() || b"-:.+TZ ".contains(&it);
    let bytes = text.as_bytes();
    let is_date = bytes.len() >= 16
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && (bytes[4], bytes[7]) == (b'-', b'-')
        && matches!(bytes[10], b'T' | b' ');
    text.len() <= 40 && text.bytes().all(is_part) && (is_date || is_clock(text))
}
