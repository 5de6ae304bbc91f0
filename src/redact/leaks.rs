//! Finished bytes → the hidden originals that are in them after all, in whatever clothes.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::heads::percent_encoded;
use super::json::quoted;
use super::text::WHEREVER;

/// Bytes of an original that are looked for: its beginning gives it away.
const LOOKED_FOR: usize = 64;

/// Leaks that are told; who has so many looks for the cause, not for more.
const MAX_LEAKS: usize = 100;

/// An original that is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// Where it begins, in bytes.
    pub at: usize,
    /// How it is written: `plain`, `percent`, `base64`, `json`, `html`.
    pub form: &'static str,
    /// The original, for the eyes of who made the file.
    pub original: String,
}

/// A search for originals. Those of fewer than 8 bytes are not looked for: they are found anywhere.
#[derive(Debug)]
pub struct Leaks {
    search: Option<AhoCorasick>,
    /// What is searched for: the bytes, and whose they are.
    forms: BTreeMap<Vec<u8>, Form>,
}

/// An original as it may be written.
#[derive(Clone, Debug)]
struct Form {
    how: &'static str,
    original: String,
    /// The id of a user: within a longer word it is another one's.
    is_word: bool,
}

impl Leaks {
    /// Of originals, each with whether it is the id of a user.
    pub(super) fn new<'a>(originals: impl Iterator<Item = (&'a str, bool)>) -> Self {
        let mut forms: BTreeMap<Vec<u8>, Form> = BTreeMap::new();
        for (original, is_user) in originals.filter(|(original, _)| original.len() >= WHEREVER) {
            for (how, bytes) in clothes(original) {
                if bytes.len() >= WHEREVER {
                    // In base64, what is beside it says nothing.
                    let is_word = is_user && how != "base64";
                    let form = || Form { how, original: original.to_owned(), is_word };
                    forms.entry(bytes).or_insert_with(form);
                }
            }
        }
        Self::of(forms)
    }

    fn of(forms: BTreeMap<Vec<u8>, Form>) -> Self {
        Self { search: AhoCorasick::new(forms.keys()).ok(), forms }
    }

    /// The same, but for what is in `text`, which has nothing to do with what is hidden: the words
    /// that every file of its kind has.
    #[must_use]
    pub fn except_in(&self, text: &[u8]) -> Self {
        let Some(search) = &self.search else { return Self::of(BTreeMap::new()) };
        let found = search.find_overlapping_iter(text).map(|found| found.pattern().as_usize());
        let found: BTreeSet<usize> = found.collect();
        let rest = self.forms.iter().enumerate().filter(|(at, _)| !found.contains(at));
        Self::of(rest.map(|(_, (bytes, form))| (bytes.clone(), form.clone())).collect())
    }

    /// What of the originals is in `bytes`; linear in their length.
    pub fn find(&self, bytes: &[u8]) -> Vec<Leak> {
        let Some(search) = &self.search else { return Vec::new() };
        let forms: Vec<&Form> = self.forms.values().collect();
        let is_letter = |at: Option<usize>| {
            at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric)
        };
        let found = search.find_iter(bytes).filter(|found| {
            let glued = is_letter(found.start().checked_sub(1)) || is_letter(Some(found.end()));
            !(glued && forms[found.pattern().as_usize()].is_word)
        });
        found
            .take(MAX_LEAKS)
            .map(|found| {
                let Form { how, original, .. } = forms[found.pattern().as_usize()];
                Leak { at: found.start(), form: how, original: original.clone() }
            })
            .collect()
    }
}

/// The ways in which a text may be written.
fn clothes(original: &str) -> Vec<(&'static str, Vec<u8>)> {
    let cut = (0..=LOOKED_FOR.min(original.len())).rev().find(|at| original.is_char_boundary(*at));
    let text = &original[..cut.unwrap_or(0)];
    let mut all = vec![("plain", text.as_bytes().to_vec())];
    let mut add = |form, text: String| all.push((form, text.into_bytes()));
    let percent = percent_encoded(text);
    add("percent", percent.to_lowercase());
    for upper in [true, false] {
        let mut every = String::with_capacity(text.len() * 3);
        for byte in text.bytes() {
            every.push_str(&if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") });
        }
        add("percent", every);
    }
    add("percent", percent);
    let json = quoted(text);
    let json = json.trim_matches('"').to_owned();
    let twice = quoted(&json);
    add("json", twice.trim_matches('"').to_owned());
    add("json", json.replace('/', "\\/"));
    add("json", escaped(&json, false));
    add("json", escaped(&json, true));
    add("json", json);
    let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    add("html", html.replace('"', "&quot;").replace('\'', "&#39;"));
    add("html", html);
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        for skipped in 0..3_usize {
            // Within base64, a text begins in one of three ways; only letters that depend on
            // nothing but the text are looked for.
            let padded = [&b"\0\0\0"[..skipped], text.as_bytes()].concat();
            let encoded = engine.encode(&padded);
            let from = [0, 2, 3][skipped];
            let until = padded.len() * 8 / 6;
            add("base64", encoded.get(from..until).unwrap_or_default().to_owned());
        }
    }
    all
}

/// JSON text with all that is not ASCII as `\u` escapes.
pub(super) fn escaped(json: &str, upper: bool) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_ascii() {
            out.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            out.push_str(&if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") });
        }
    }
    out
}
