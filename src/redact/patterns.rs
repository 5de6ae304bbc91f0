//! A text → the stretches of it that look like secrets, whatever stands around them.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine as _;
use regex::Regex;

use super::names::Kind;
use super::review::Rule;

/// A stretch, the rule that found it, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) range: Range<usize>,
    pub(super) rule: Rule,
    pub(super) kind: Kind,
}

/// Parts of names whose values are secrets, in lower case, without `_` and `-`.
const SECRET_PARTS: [&str; 19] = [
    "accesskey",
    "apikey",
    "authorization",
    "clientcert",
    "cookie",
    "credential",
    "csrf",
    "jwt",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "sessionid",
    "signature",
    "token",
    "xauth",
    "xsrf",
];

/// Names whose values are secrets.
const SECRET_NAMES: [&str; 14] = [
    "auth", "code", "creds", "cvc", "cvv", "key", "otp", "pass", "pin", "pw", "pwd", "session",
    "sid", "sig",
];

/// Names with a part like a secret's that hold none: counts of tokens, and their kinds.
const NO_SECRETS: [&str; 10] = [
    "tokens",
    "maxtokens",
    "inputtokens",
    "outputtokens",
    "totaltokens",
    "prompttokens",
    "completiontokens",
    "tokencount",
    "tokentype",
    "tokenusage",
];

/// The value of a member, a query or a cookie of this name is a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(|letter| !matches!(letter, '_' | '-' | '.' | ' '))
        .flat_map(char::to_lowercase)
        .collect();
    !NO_SECRETS.contains(&plain.as_str())
        && (SECRET_NAMES.contains(&plain.as_str())
            || SECRET_PARTS.iter().any(|part| plain.contains(part)))
}

/// The value of a member of this name is a secret. A key or a code may be many things there.
pub(super) fn is_secret_member(name: &str) -> bool {
    !["key", "code"].contains(&name.to_ascii_lowercase().as_str()) && is_secret_name(name)
}

/// A text that is the value of a member of this name is a secret. Tokens that are counted are
/// numbers, and those of a model are words.
pub(super) fn is_secret_text(name: &str, text: &str) -> bool {
    is_secret_member(name)
        || name.eq_ignore_ascii_case("tokens") && text.len() >= 8 && text.contains(is_digit)
}

/// What is around this place is called like a secret, by more than a word that means many things.
pub(super) fn is_within_secret(place: &str) -> bool {
    place.split('.').any(|name| is_secret_word(name.trim_end_matches("[*]")))
}

fn is_secret_word(name: &str) -> bool {
    is_secret_name(name) && !SECRET_NAMES.contains(&name.to_ascii_lowercase().as_str())
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit()
}

/// What was said before a text: `{"name":"password","value":…}` and `["--password",…]` name what
/// comes next.
#[derive(Debug, Default)]
pub(super) struct Before {
    place: String,
    name: String,
}

impl Before {
    /// What was before says that this is a secret; and this is before the next.
    pub(super) fn announces(&mut self, place: &str, text: &str) -> bool {
        let list = place.ends_with(']') && self.place == place;
        let announced = match (place.rsplit_once('.'), self.place.rsplit_once('.')) {
            _ if list => self.name.starts_with('-') || text.len() >= 8 && text.contains(is_digit),
            (
                Some((mine, "value" | "val" | "v")),
                Some((other, "name" | "key" | "header" | "field")),
            ) => mine == other,
            _ => false,
        };
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let secret = announced && self.name.bytes().all(is_word) && is_secret_word(&self.name);
        self.place.replace_range(.., place);
        self.name.replace_range(.., text);
        secret
    }
}

/// A pattern, the group of it that is the secret, and what tells it from what only looks alike.
struct Pattern {
    regex: LazyLock<Regex>,
    group: usize,
    rule: Rule,
    kind: Kind,
    holds: fn(&str) -> bool,
}

macro_rules! pattern {
    ($rule:ident, $kind:ident, $group:literal, $holds:expr, $regex:expr) => {
        Pattern {
            regex: LazyLock::new(|| Regex::new($regex).expect("tried by the tests")),
            group: $group,
            rule: Rule::$rule,
            kind: Kind::$kind,
            holds: $holds,
        }
    };
}

/// Before a value: a quoted name of a secret.
macro_rules! member {
    () => {
        concat!(
            r#"(?i)["'][0-9a-z_. -]*(?:(?:password|passwd|passphrase|passcode|pwd|secret|api[_-]?key|"#,
            r#"access[_-]?key|private[_-]?key|jwt|authorization|credential|cookie|session[_-]?id|signature|csrf)"#,
            // Those in the plural are counted.
            r#"[0-9a-z_. -]*|token(?:[0-9a-rt-z_. -][0-9a-z_. -]*)?)\\*["']"#
        )
    };
}

/// Before a value: a word for a secret, which may end a longer name.
macro_rules! word {
    () => {
        "(?i)(?:password|passwd|passphrase|passcode|secret|api[_ -]?key|access[_ -]?token|auth[_ -]?token)"
    };
}

static PATTERNS: [Pattern; 23] = [
    pattern!(
        PrivateKey,
        Token,
        0,
        |_| true,
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\z)"
    ),
    pattern!(
        Jwt,
        Token,
        0,
        |_| true,
        r"eyJ[0-9A-Za-z_-]{5,}\.[0-9A-Za-z_-]{2,}(?:\.[0-9A-Za-z_-]*){1,3}"
    ),
    pattern!(Bearer, Token, 1, is_token_like, r"(?i)\bbearer[\s:=]+([0-9A-Za-z_.~+/=-]{8,})"),
    pattern!(Bearer, Token, 1, is_basic, r"(?i)\bbasic\s+([0-9A-Za-z_+/-]{4,}={0,2})"),
    pattern!(
        VendorKey,
        Token,
        1,
        |_| true,
        concat!(
            r"(?:\b|_)(sk-[0-9A-Za-z_-]{16,}|(?:sk|pk|rk)_(?:live|test)_[0-9A-Za-z_]{10,}|whsec_[0-9A-Za-z_+/=]{16,}",
            r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[0-9A-Za-z_]{20,}|gl(?:pat|ptt|dt)-[0-9A-Za-z_-]{16,}",
            r"|xox[abeoprs]-[0-9A-Za-z_-]{10,}|xapp-[0-9A-Za-z_-]{10,}|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
            r"|AIza[0-9A-Za-z_-]{30,}|ya29\.[0-9A-Za-z_-]{16,}|GOCSPX-[0-9A-Za-z_-]{20,}|npm_[A-Za-z0-9]{30,}",
            r"|pypi-[0-9A-Za-z_-]{30,}|SG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}|hf_[A-Za-z0-9]{20,}",
            r"|do[por]_v1_[a-f0-9]{32,}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{20,}",
            r"|AGE-SECRET-KEY-1[A-Z0-9]{40,}|gsk_[0-9A-Za-z_]{20,}|r8_[0-9A-Za-z_]{20,}|pplx-[0-9A-Za-z_]{20,}",
            r"|key-[0-9a-f]{32}|sq0[a-z]{3}-[0-9A-Za-z_-]{20,}|dapi[a-f0-9]{32})",
        )
    ),
    pattern!(
        Query,
        Token,
        0,
        |_| true,
        // A name and a password before the host.
        r"(?:[a-z][a-z0-9+.-]*://)[^/\s:@?#]+:[^/\s@]+@"
    ),
    pattern!(
        Query,
        Token,
        1,
        |_| true,
        r#"(?i)(?:^|[?&#;\s])(?:[0-9A-Za-z_.-]*(?:token|secret|passw(?:or)?d|api[_-]?key|signature|jwt|session|auth)[0-9A-Za-z_.-]*|key|sig|code|ticket)=([^&\s"'<>#;]{3,})"#
    ),
    // Lines of a head: the whole of what one says.
    pattern!(
        Member,
        Token,
        1,
        is_value,
        r"(?im)^(?:(?:proxy-)?authorization|(?:set-)?cookie|passcode|x-[0-9a-z-]*(?:auth|token|key|secret|csrf)[0-9a-z-]*)[ \t]*:[ \t]*(?:(?:bearer|basic|digest|token)[ \t]+)?([^\s\x00][^\r\n\x00]*)"
    ),
    // Members of JSON that is broken, or escaped, or of a language that looks like it.
    pattern!(Member, Token, 1, is_value, concat!(member!(), r#"\s*:\s*"((?:[^"\\]|\\.)+)"#)),
    pattern!(Member, Token, 1, is_value, concat!(member!(), r#"\s*:\s*\\+"([^"\\]+)"#)),
    pattern!(Member, Token, 1, is_value, concat!(member!(), r"\s*:\s*'([^']+)")),
    pattern!(
        Member,
        Token,
        1,
        is_value,
        concat!(member!(), r#"\s*:\s*([^\s"'\\,;{}\[\]‹][^\s"'\\,;{}\[\]]*)"#)
    ),
    // Words that a person or a shell gives a value to.
    pattern!(Member, Token, 1, is_value, concat!(word!(), r#"\s*[=:]\s*"([^"]+)"#)),
    pattern!(Member, Token, 1, is_value, concat!(word!(), r"\s*[=:]\s*'([^']+)")),
    pattern!(
        Member,
        Token,
        1,
        is_value,
        concat!(word!(), r#"\s*(?:[=:]|is\b)\s*["']?([^\s"',;&‹][^\s"',;&]{5,})"#)
    ),
    // Commands: what is given to `redis`, `mysql`, `curl` and others.
    pattern!(Member, Token, 1, is_value, r"(?m)^AUTH[ \t]+(\S[^\r\n]*)"),
    pattern!(Member, Token, 1, is_value, r"\bmysql[a-z]*\b[^\r\n]*?\s-p(\S{3,})"),
    pattern!(
        Member,
        Token,
        1,
        is_value,
        r#"\b(?:curl|wget)\b[^\r\n]*?\s(?:-u|--user)[ =]?["']?[^\s:"']+:([^\s"']+)"#
    ),
    pattern!(
        Member,
        Token,
        1,
        is_value,
        r#"(?i)--[0-9a-z-]*(?:passw(?:or)?d|passphrase|passcode|secret|token|api-?key)\s+["']?([^\s"'‹-][^\s"']+)"#
    ),
    pattern!(
        Email,
        Email,
        0,
        |_| true,
        r"[0-9A-Za-z_.%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}\b"
    ),
    pattern!(Card, Card, 0, is_card, r"\b[0-9](?:[ -]?[0-9]){12,18}\b"),
    pattern!(
        Ip,
        Ip,
        1,
        is_ipv4,
        // `Chrome/142.0.0.0` is a version.
        r"(?:^|[^0-9A-Za-z_./]|(?:^|[^0-9A-Za-z])/)([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})\b"
    ),
    pattern!(Ip, Ip, 0, is_ipv6, r"(?i)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}"),
];

/// What looks like a secret in `text`, in order; where two overlap, the first rule's.
pub(super) fn find(text: &str) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    for pattern in &PATTERNS {
        for captures in pattern.regex.captures_iter(text) {
            let Some(found) = captures.get(pattern.group) else { continue };
            let mut range = found.range();
            if pattern.rule == Rule::Query && pattern.group == 0 {
                // Between the slashes and the at sign.
                let inner = found.as_str();
                range.start += inner.find("://").map_or(0, |at| at + 3);
                range.end -= 1;
            }
            if !(pattern.holds)(&text[range.clone()])
                || all
                    .iter()
                    .any(|other| other.range.start < range.end && range.start < other.range.end)
            {
                continue;
            }
            all.push(Found { range, rule: pattern.rule, kind: pattern.kind });
        }
    }
    all.sort_by_key(|found| found.range.start);
    all
}

/// A card's number: of a known issuer, and its digits add up (ISO/IEC 7812-1, Luhn).
pub(super) fn is_card(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|letter| letter.to_digit(10)).collect();
    let issued = matches!(digits[..], [3..=6, ..] | [2, 2..=7, ..]);
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match digit * (1 + at as u32 % 2) {
            two @ 10.. => two - 9,
            one => one,
        })
        .sum();
    issued && (13..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}

/// It is no name that stands for one already, and no word of a programming language.
fn is_value(text: &str) -> bool {
    !text.starts_with('‹')
        && !["true", "false", "null", "none", "nil", "undefined"]
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word))
}

fn is_token_like(text: &str) -> bool {
    text.len() >= 24 || text.bytes().any(|byte| byte.is_ascii_digit())
}

fn is_basic(text: &str) -> bool {
    let decoded = base64::engine::general_purpose::STANDARD.decode(text);
    decoded.is_ok_and(|decoded| decoded.contains(&b':'))
}

fn is_ipv4(text: &str) -> bool {
    let address: Result<Ipv4Addr, _> = text.parse();
    address.is_ok_and(|ip| !ip.is_loopback() && !ip.is_unspecified() && !ip.is_broadcast())
}

fn is_ipv6(text: &str) -> bool {
    let address: Result<Ipv6Addr, _> = text.parse();
    // `d::f` is more often a path in a program.
    let groups = text.split(':').filter(|group| !group.is_empty()).count();
    groups >= 3 && address.is_ok_and(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

/// Letters of a text below which chance alone decides how it looks.
const SHORTEST_SECRET: usize = 20;

/// Letters above which a text in one piece is data rather than a key.
const LONGEST_SECRET: usize = 512;

/// How random a text is, in bits a character, if it is one word that could be a key and is random
/// enough to be one. UUIDs are ids, and so are plain numbers.
pub(super) fn randomness(text: &str) -> Option<f64> {
    if !(SHORTEST_SECRET..=LONGEST_SECRET).contains(&text.len())
        || !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-+/=.~".contains(&byte))
        || is_uuid(text)
    {
        return None;
    }
    let has = |test: fn(&u8) -> bool| text.as_bytes().iter().any(test);
    let (digits, letters) = (has(u8::is_ascii_digit), has(u8::is_ascii_alphabetic));
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bits = entropy(text.as_bytes());
    let random = match (hex, digits && letters) {
        (true, true) => text.len() >= 32 && bits >= 3.0,
        (false, true) => bits >= if mixed { 3.8 } else { 4.1 },
        (_, false) => mixed && bits >= 4.4 && !text.contains(['.', '/']),
    };
    random.then_some(bits)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let all = bytes.len() as f64;
    let share = |count: &u32| f64::from(*count) / all;
    counts.iter().filter(|count| **count > 0).map(|count| -share(count) * share(count).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::{find, is_card, is_secret_name, randomness};

    #[test]
    fn each_kind_is_found_and_nothing_else() {
        for (text, secret) in [
            (
                "a eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln b",
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln",
            ),
            ("Authorization: Bearer abcdef0123456789", "abcdef0123456789"),
            ("Basic dXNlcjpwYXNz now", "dXNlcjpwYXNz"),
            ("use sk-proj-abcdefghijklmnop1234 here", "sk-proj-abcdefghijklmnop1234"),
            ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
            ("mail a.b+c@mail.example.org.", "a.b+c@mail.example.org"),
            ("card 4111 1111 1111 1111!", "4111 1111 1111 1111"),
            ("from 203.0.113.9:80", "203.0.113.9"),
            ("from 2001:db8::7 on", "2001:db8::7"),
            ("ws://me:hunter22@a.example/x", "me:hunter22"),
            ("/ws?room=7&access_token=abc.def&x=1", "abc.def"),
            ("my password is hunter2222.", "hunter2222."),
            ("-----BEGIN PRIVATE KEY-----\nMIIE\n", "-----BEGIN PRIVATE KEY-----\nMIIE\n"),
        ] {
            let found = find(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert_eq!(&text[found[0].range.clone()], secret);
        }
        for plain in [
            "the bearer authentication of a basic understanding",
            "at 14:03:31 and 127.0.0.1, version 1.2.3",
            "order 1234567890123456",
            "1795356211123",
            "/ws?room=7&monkey=1",
            "std::fmt::Write",
            "max_tokens: 4000",
        ] {
            assert_eq!(find(plain), [], "{plain}");
        }
    }

    #[test]
    fn names_and_numbers_are_judged() {
        for name in ["token", "accessToken", "X-Api-Key", "client_secret", "sid", "SESSION_ID"] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["max_tokens", "keyboard", "user_id", "author", "encoded", "total_tokens"] {
            assert!(!is_secret_name(name), "{name}");
        }
        assert!(is_card("4111111111111111") && !is_card("4111111111111112"));
        assert!(randomness("a8F0kQ2xV9bT7mZ1cR4eW6yU3hJ5nL0p").is_some());
        for plain in [
            "0190a7c2-7b1e-4c11-8f7e-1d2f3a4b5c6d",
            "thread_4_run_2_agent_1",
            "12345678901234567890123",
            "search_costs_by_region_and_month",
            "user_message",
        ] {
            assert_eq!(randomness(plain), None, "{plain}");
        }
    }
}
