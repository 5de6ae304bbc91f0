//! A stretch of a text → whether it is what it looks like: a card's number, an account's, one of a
//! telephone or of social security, an address, a key.

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine as _;

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

/// Countries that have IBANs, and how long theirs are (SWIFT's registry of 2024).
const IBANS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 \
DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 \
IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 \
MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 \
SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30";

/// How many bytes of a text are an international bank account number (ISO 13616): its country has
/// some, it is as long as theirs, and its check digits are right. Words may come after it.
pub(super) fn iban(text: &str) -> Option<usize> {
    let country = text.get(..2)?.to_ascii_uppercase();
    let length = IBANS.split(' ').find_map(|known| known.strip_prefix(&country))?;
    let length: usize = length.parse().ok()?;
    let places: Vec<(usize, char)> =
        text.char_indices().filter(|(_, letter)| letter.is_ascii_alphanumeric()).collect();
    let (end, _) = places.get(length - 1)?;
    let is_glued = text[end + 1..].starts_with(|it: char| it.is_ascii_alphanumeric());
    let letters = || places[..length].iter().map(|(_, letter)| *letter);
    let rest = letters().skip(4).chain(letters().take(4)).try_fold(0, |rest, letter| {
        let digit = letter.to_digit(36)?;
        Some(if digit < 10 { rest * 10 + digit } else { rest * 100 + digit } % 97)
    });
    (!is_glued && rest == Some(1)).then_some(end + 1)
}

/// A number of social security (US): some were never given out.
pub(super) fn is_ssn(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [area, group, serial] = parts[..] else { return false };
    !["000", "666"].contains(&area) && !area.starts_with('9') && group != "00" && serial != "0000"
}

/// As many digits as telephones' numbers have (E.164): those of a country, and all.
pub(super) fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_one = if text.starts_with('+') { 8..=15 } else { 9..=14 };
    // `(415-555-2671` has half a pair of brackets.
    is_one.contains(&digits) && text.matches('(').count() == text.matches(')').count()
}

/// Numbers with a separator that is the same between all of them: `415-555-2671`, no `415-555.2671`.
pub(super) fn is_evenly_apart(text: &str) -> bool {
    let mut separators = text.chars().filter(|it| !it.is_ascii_digit());
    let first = separators.next();
    is_phone(text) && separators.all(|it| Some(it) == first)
}

/// Words that are said of a secret, and stand for none.
const NO_VALUES: [&str; 14] = [
    "boolean",
    "expired",
    "false",
    "incorrect",
    "invalid",
    "missing",
    "nil",
    "none",
    "null",
    "optional",
    "required",
    "string",
    "true",
    "undefined",
];

/// It is no name that stands for one already, no word of a programming language, and nothing that
/// another language puts a value into (`$password`, `{{ token }}`) or says its type by (`String!)`).
pub(super) fn is_value(text: &str) -> bool {
    let after_word = text.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    let is_typed = after_word.len() < text.len() && after_word.starts_with([')', '('])
        || ["!)", "!]"].iter().any(|end| after_word.starts_with(end));
    !text.starts_with(['‹', '$', '{', '<'])
        && !is_typed
        && !NO_VALUES.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A value as of [`is_value`] that is no word of a sentence, after which punctuation may come.
pub(super) fn is_said(text: &str) -> bool {
    let word = text.trim_end_matches(|letter: char| letter.is_ascii_punctuation());
    is_value(word) && !word.chars().all(char::is_lowercase)
}

/// A value as of [`is_value`] that no person would say: of letters and digits.
pub(super) fn is_mixed(text: &str) -> bool {
    let has = |test: fn(&u8) -> bool| text.as_bytes().iter().any(test);
    is_value(text) && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
}

pub(super) fn is_token_like(text: &str) -> bool {
    text.len() >= 24 || text.bytes().any(|byte| byte.is_ascii_digit())
}

pub(super) fn is_basic(text: &str) -> bool {
    let decoded = base64::engine::general_purpose::STANDARD.decode(text);
    decoded.is_ok_and(|decoded| decoded.contains(&b':'))
}

pub(super) fn is_ipv4(text: &str) -> bool {
    let address: Result<Ipv4Addr, _> = text.parse();
    address.is_ok_and(|ip| !ip.is_loopback() && !ip.is_unspecified() && !ip.is_broadcast())
}

pub(super) fn is_ipv6(text: &str) -> bool {
    let address: Result<Ipv6Addr, _> = text.parse();
    // `d::f` is more often a path in a program.
    let groups = text.split(':').filter(|group| !group.is_empty()).count();
    groups >= 3 && address.is_ok_and(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

/// Letters of a text below which chance alone decides how it looks.
const SHORTEST_SECRET: usize = 20;

/// Letters above which a text in one piece is data rather than a key.
pub(super) const LONGEST_SECRET: usize = 512;

/// How random a text is, in bits a character, if it is one word that could be a key and is random
/// enough to be one. UUIDs are ids, and so are plain numbers.
pub(super) fn randomness(text: &str) -> Option<f64> {
    let text = text.strip_prefix("0x").unwrap_or(text);
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
