//! A text → the stretches of it that look like secrets, whatever stands around them.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Regex, RegexSet, RegexSetBuilder};

use super::names::Kind;
use super::review::Rule;
use super::shapes::{
    iban, is_basic, is_card, is_evenly_apart, is_ipv4, is_ipv6, is_mixed, is_phone, is_said,
    is_ssn, is_token_like, is_value,
};
use super::vendors::{VENDOR_URLS, VENDORS};

/// A stretch, the rule that found it, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) range: Range<usize>,
    pub(super) rule: Rule,
    pub(super) kind: Kind,
}

/// A pattern, the group of it that is the secret, and how much of that is one, if it is.
struct Pattern {
    text: &'static str,
    regex: LazyLock<Regex>,
    group: usize,
    rule: Rule,
    kind: Kind,
    length: fn(&str) -> Option<usize>,
}

macro_rules! pattern {
    ($rule:ident, $kind:ident, $group:literal, length $length:expr, $regex:expr) => {
        Pattern {
            text: $regex,
            regex: LazyLock::new(|| Regex::new(&plain($regex)).expect("tried by the tests")),
            group: $group,
            rule: Rule::$rule,
            kind: Kind::$kind,
            length: $length,
        }
    };
    ($rule:ident, $kind:ident, $group:literal, any, $regex:expr) => {
        pattern!($rule, $kind, $group, length | text | Some(text.len()), $regex)
    };
    ($rule:ident, $kind:ident, $group:literal, $holds:expr, $regex:expr) => {
        pattern!($rule, $kind, $group, length | text | $holds(text).then_some(text.len()), $regex)
    };
}

/// Words for a secret, within longer names too.
macro_rules! secret {
    () => {
        concat!(
            r"(?:passwor[dt]|passwd|passphrase|passcode|pwd|secret|api[_-]?key|access[_-]?key|private[_-]?key",
            r"|jwt|authorization|credential|cookie|session[_-]?id|signature|csrf|xsrf)"
        )
    };
}

/// Before a value: a quoted name of a secret.
macro_rules! member {
    () => {
        concat!(
            r#"(?i)["'][0-9a-z_. -]*(?:"#,
            secret!(),
            // Those in the plural are counted.
            r#"[0-9a-z_. -]*|token(?:[0-9a-rt-z_. -][0-9a-z_. -]*)?)\\*["']"#
        )
    };
}

/// Before a value: a word for a secret, which may end a longer name.
macro_rules! word {
    () => {
        concat!(
            r"(?i)(?:passwor[dt]|passwd|passphrase|passcode|kennwort|contraseña|mot de passe|secret",
            r"|api[_ -]?key|access[_ -]?key|account[_ -]?key|access[_ -]?token|auth[_ -]?token)(?:[_-][0-9a-z_-]*)?[*_`]*"
        )
    };
}

static PATTERNS: [Pattern; 44] = [
    pattern!(
        PrivateKey,
        Token,
        0,
        any,
        r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\z)"
    ),
    pattern!(PrivateKey, Token, 1, any, r"Private-Lines: ?[0-9]+\s+((?s:.*?))(?:Private-MAC|\z)"),
    pattern!(Jwt, Token, 0, any, r"eyJ[0-9A-Za-z_-]{5,}\.[0-9A-Za-z_-]*(?:\.[0-9A-Za-z_-]*){1,3}"),
    pattern!(Bearer, Token, 1, is_token_like, r"(?i)\bbearer[\s:=]+([0-9A-Za-z_.~+/=-]{8,})"),
    pattern!(Bearer, Token, 1, is_basic, r"(?i)\bbasic\s+([0-9A-Za-z_+/-]{4,}={0,2})"),
    pattern!(VendorKey, Token, 1, any, VENDORS),
    pattern!(VendorKey, Token, 1, any, VENDOR_URLS),
    pattern!(
        Query,
        Token,
        1,
        any,
        // A name and a password before the host.
        r"[a-z][a-z0-9+.-]*://([^/\s:@?#]*:[^/\s@]+)@"
    ),
    pattern!(Query, Token, 1, any, r"jdbc:oracle:[a-z0-9]+:([^/\s@]+/[^\s@]+)@"),
    pattern!(
        Query,
        Token,
        1,
        is_value,
        concat!(
            r#"(?i)(?:^|[?&#;,\s"'`])(?:[0-9A-Za-z_.-]*(?:token|session|sessid|auth|"#,
            secret!(),
            r#")[0-9A-Za-z_.-]*|(?:shared)?access-?key|accountkey|key|sig|code|ticket|pass|pw|otp|sid|cvv|__cf_bm|cf_clearance)=([^&\s"'`<>#;]{3,})"#
        )
    ),
    // `/reset-password/TOKEN`: who has the link is let in.
    pattern!(
        Query,
        Token,
        1,
        is_mixed,
        r"(?i)/[a-z_-]*(?:reset|magic|invit(?:e|ation)|verify|confirm|activat(?:e|ion)|unsubscribe|hooks?)[a-z_-]*/([0-9A-Za-z_-]{16,})"
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
    pattern!(Member, Token, 1, is_value, concat!(member!(), r#"\s*(?::|=>)\s*"((?:[^"\\]|\\.)+)"#)),
    pattern!(Member, Token, 1, is_value, concat!(member!(), r#"\s*:\s*\\+"([^"\\]+)"#)),
    pattern!(Member, Token, 1, is_value, concat!(member!(), r"\s*(?::|=>)\s*'([^']+)")),
    pattern!(
        Member,
        Token,
        1,
        is_value,
        concat!(member!(), r#"\s*:\s*([^\s"'\\,;{}\[\]‹][^\s"'\\,;{}\[\]]*)"#)
    ),
    // Elements and attributes.
    pattern!(
        Member,
        Token,
        1,
        is_value,
        concat!(
            r"(?i)<[0-9a-z_.:-]*(?:token|",
            secret!(),
            r")[0-9a-z_.:-]*(?:\s[^<>]*)?>([^<>]{3,})</"
        )
    ),
    pattern!(
        Member,
        Token,
        1,
        is_value,
        concat!(
            r#"(?i)<[^<>]*\sname=["']?[^"'<>\s]*(?:token|"#,
            secret!(),
            r#")[^"'<>\s]*["']?\s(?:[^<>]*\s)?(?:value|content)=["']([^"'<>]+)"#
        )
    ),
    pattern!(
        Member,
        Token,
        1,
        is_value,
        concat!(
            r#"(?i)<[^<>]*\s(?:value|content)=["']([^"'<>]+)["']\s(?:[^<>]*\s)?name=["']?[^"'<>\s]*(?:token|"#,
            secret!(),
            ")"
        )
    ),
    // Words that a person or a shell gives a value to.
    pattern!(Member, Token, 1, is_value, concat!(word!(), r#"\s*[=:][\s*]*"([^"]+)"#)),
    pattern!(Member, Token, 1, is_value, concat!(word!(), r"\s*[=:][\s*]*'([^']+)")),
    pattern!(
        Member,
        Token,
        1,
        is_value,
        concat!(word!(), r"\s*(?:[=:]|(?:is|ist|est|es)\b)[\s*]*`([^`]+)")
    ),
    pattern!(
        Member,
        Token,
        1,
        is_value,
        concat!(word!(), r#"\s*[=:][\s*]*["']?([^\s"'`,;&‹][^\s"'`,;&]{5,})"#)
    ),
    pattern!(
        Member,
        Token,
        1,
        is_said,
        concat!(word!(), r#"\s+(?:is|ist|est|es)\b[\s:*]*["']?([^\s"'`,;&‹][^\s"'`,;&]{5,})"#)
    ),
    pattern!(
        Member,
        Token,
        1,
        is_mixed,
        r#"(?i)\b(?:token|ticket|session[ _-]?id)[*_`]*(?:\s*(?:[=:]|is\b)[\s*]*|\s+)["'`]?([0-9A-Za-z_.~+/=-]{8,})"#
    ),
    // What is typed in once.
    pattern!(
        Member,
        Token,
        1,
        any,
        r"(?i)\b(?:pin|otp|cvv|cvc|(?:verification|security|access|one-time|2fa|login|sign-in|authentication) (?:code|pin|passcode))\b[\s:=*]*(?:is[\s:*]*)?([0-9]{3,8})\b"
    ),
    // Commands: what is given to `redis`, `mysql`, `curl` and others.
    pattern!(Member, Token, 1, is_value, r"(?m)^AUTH[ \t]+(\S[^\r\n]*)"),
    pattern!(Member, Token, 1, is_value, r"\blogin\s+\S+\s+password\s+(\S+)"),
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
        r#"\bcurl\b[^\r\n]*?\s(?:-b|--cookie)[ =]?["']?[^\s="']+=([^\s"']+)"#
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
        any,
        r"[\p{L}\p{N}_.%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,24}\b"
    ),
    // Of any country: `+49 170 1234567`, `+1 (415) 555-2671`.
    pattern!(
        Phone,
        Phone,
        1,
        is_phone,
        r"(?:^|[^0-9A-Za-z_.+/=-])(\+[1-9](?:[ .()/-]{0,2}[0-9]){7,14})(?:$|[^0-9A-Za-z_.:/=+-]|[.:-](?:$|[^0-9]))"
    ),
    pattern!(Card, Card, 0, is_card, r"\b[0-9](?:[ -]?[0-9]){12,18}\b"),
    pattern!(Iban, Iban, 0, length iban, r"(?i)\b[a-z]{2}[0-9]{2}(?:[ -]?[0-9a-z]){11,42}"),
    pattern!(
        Ssn,
        Ssn,
        1,
        is_ssn,
        r"(?:^|[^0-9A-Za-z_.+-])([0-9]{3}-[0-9]{2}-[0-9]{4})(?:$|[^0-9A-Za-z_-])"
    ),
    pattern!(
        Ssn,
        Ssn,
        1,
        any,
        r"(?i)\b(?:ssn|social security (?:number|no\.?))\b[\s:#=]*(?:is\s+)?([0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{4})\b"
    ),
    // `(415) 555-2671`, `(030) 12 34 56 78`.
    pattern!(
        Phone,
        Phone,
        1,
        is_phone,
        r"(?:^|[^0-9A-Za-z_)\]-])(\((?:0[1-9][0-9]{1,4}|[2-9][0-9]{2})\)[ -]?[0-9]{2,8}(?:[ .-][0-9]{2,6}){0,4})(?:$|[^0-9A-Za-z_(.-]|[.-](?:$|[^0-9]))"
    ),
    // `415-555-2671`, `1-800-555-0199`, `415.555.2671`.
    pattern!(
        Phone,
        Phone,
        1,
        is_evenly_apart,
        r"(?:^|[^0-9A-Za-z_.+/=-])((?:1[.-])?[2-9][0-9]{2}[.-][0-9]{3}[.-][0-9]{4})(?:$|[^0-9A-Za-z_.:/=+-]|[.:-](?:$|[^0-9A-Za-z]))"
    ),
    // With the zero of long-distance calls: `0170 1234567`, `030/1234567`, `020 7946 0958`,
    // `01 23 45 67 89`.
    pattern!(
        Phone,
        Phone,
        1,
        is_phone,
        r"(?:^|[^0-9A-Za-z_.:+/=-] ?)(0[1-9][0-9]{1,4}[ /-](?:[0-9]{6,8}|[0-9]{3,4}[ -][0-9]{4})|0[1-9](?:[ .][0-9]{2}){4})(?:$|[^0-9A-Za-z_ .:/=+-]|[ .:-](?:$|[^0-9A-Fa-f]))"
    ),
    pattern!(
        Ip,
        Ip,
        1,
        is_ipv4,
        // `Chrome/142.0.0.0` is a version.
        r"(?:^|[^0-9A-Za-z./]|(?:^|[^0-9A-Za-z])/)([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})\b"
    ),
    pattern!(
        Ip,
        Ip,
        1,
        |text: &str| is_ipv4(&text.replace('-', ".")),
        r"\b(?:ip|ec2)-([0-9]{1,3}-[0-9]{1,3}-[0-9]{1,3}-[0-9]{1,3})\b"
    ),
    pattern!(Ip, Ip, 0, is_ipv6, r"(?i)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}"),
];

/// All of them at once: most texts have nothing of what any looks for.
static ANY: LazyLock<RegexSet> = LazyLock::new(|| {
    let texts = PATTERNS.iter().map(|pattern| plain(pattern.text));
    RegexSetBuilder::new(texts)
        .size_limit(MOST)
        .dfa_size_limit(MOST)
        .build()
        .expect("tried by the tests")
});

/// Bytes that all patterns may take once they are compiled, and what is learned of them by looking
/// through texts: with less, it is learned over and over.
const MOST: usize = 32 << 20;

/// Words of secrets are written in ASCII: their ends are found without a look at all letters there
/// are, which takes many times as long in texts of other letters.
fn plain(pattern: &str) -> String {
    pattern.replace(r"\b", r"(?-u:\b)")
}

/// What looks like a secret in `text`, in order; where two overlap, the first rule's.
pub(super) fn find(text: &str) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    for at in &ANY.matches(text) {
        let pattern = &PATTERNS[at];
        let mut from = 0;
        while let Some(captures) = pattern.regex.captures_at(text, from) {
            let Some(found) = captures.get(pattern.group) else { break };
            // What comes after a group may be what comes before the next.
            from = found.end().max(from + 1);
            while !text.is_char_boundary(from) {
                from += 1;
            }
            let mut range = found.range();
            let Some(length) = (pattern.length)(found.as_str()) else { continue };
            range.end = range.start + length;
            from = range.end.max(range.start + 1);
            let is_free =
                |other: &Found| other.range.end <= range.start || range.end <= other.range.start;
            if all.iter().all(is_free) {
                all.push(Found { range, rule: pattern.rule, kind: pattern.kind });
            }
        }
    }
    all.sort_by_key(|found| found.range.start);
    all
}

#[cfg(test)]
mod tests {
    use super::super::secret_names::is_secret_name;
    use super::super::shapes::{is_card, randomness};
    use super::find;

    #[test]
    fn each_kind_is_found() {
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
            ("call +49 170 1234567 now", "+49 170 1234567"),
            ("+1 (415) 555-2671, or so", "+1 (415) 555-2671"),
            ("to:+4915112345678", "+4915112345678"),
            ("call (415) 555-2671.", "(415) 555-2671"),
            ("(030) 12 34 56 78", "(030) 12 34 56 78"),
            ("415-555-2671, please", "415-555-2671"),
            ("1-800-555-0199", "1-800-555-0199"),
            ("ask 0170 1234567", "0170 1234567"),
            ("030/1234567 (office)", "030/1234567"),
            ("020 7946 0958", "020 7946 0958"),
            ("01 23 45 67 89!", "01 23 45 67 89"),
            ("it is 536-22-1234.", "536-22-1234"),
            ("my SSN is 536221234", "536221234"),
            ("DE89370400440532013000", "DE89370400440532013000"),
            ("to GB29 NWBK 6016 1331 9268 19 today", "GB29 NWBK 6016 1331 9268 19"),
            ("PIN: 4821", "4821"),
            ("Your verification code is 739204", "739204"),
            ("**Password:** `corr ect`", "corr ect"),
            ("Mein Passwort ist geheim7x", "geheim7x"),
            ("token: ab12cd34", "ab12cd34"),
            ("<password>geheim</password>", "geheim"),
            ("<input value=\"abc\" type=hidden name=csrf_token>", "abc"),
            ("<input name='_csrf' value='abc'/>", "abc"),
            ("redis://:planted@cache:6379/0", ":planted"),
            ("AccountName=a;AccountKey=ab/cd==;x", "ab/cd=="),
            ("https://hooks.slack.com/services/T01/B02/abcdEF12", "T01/B02/abcdEF12"),
            ("/reset-password/abcdef1234567890?x", "abcdef1234567890"),
            ("eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn", "eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn"),
            ("-----BEGIN PRIVATE KEY-----\nMIIE\n", "-----BEGIN PRIVATE KEY-----\nMIIE\n"),
        ] {
            let found = find(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert_eq!(&text[found[0].range.clone()], secret);
        }
    }

    #[test]
    fn what_only_looks_alike_stays() {
        for plain in [
            "the bearer authentication of a basic understanding",
            "at 14:03:31 and 127.0.0.1, version 1.2.3",
            "order 1234567890123456",
            "1795356211123",
            "/ws?room=7&monkey=1",
            "std::fmt::Write",
            "max_tokens: 4000",
            "2026-11-22T14:32:03.443+05:30 and 1795356211.123",
            "0190a7c2-7b1e-4c11-8f7e-1d2f3a4b5c6d",
            "12345678-1234-5678-1234-567812345678",
            "4155552671 and 01701234567",
            "000-12-3456, 666-12-3456, 912-12-3456, 123-00-4567, 123-45-0000",
            "1-123-45-6789-0 and 123-45-67890",
            "DE88370400440532013000 and de12cafebabe0123456789ab",
            "01 23 45 67 89 ab cd ef, 00 11 22 33 44 55",
            "415.555.26710, 1.415.555.2671.0, 415-555.2671",
            "(2026) 1234567, f(415) 555-2671",
            "a+12345678 = 1e+12345678",
            "the password is incorrect, or the password is required",
            "mutation L($password:String!){login(password:$password)}",
            "password: ${PASSWORD}, token={{ token }}",
            "Secretary: Johnson-Smith; token: sequence",
            "GPIO pin 12; the code is 42; tokens: 12345678",
            "/hooks/use-effect-and-callbacks",
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
