//! Two payloads → where they differ: by JSON path, with ids and times left aside.
//!
//! An id differs between two runs of the same thing, and so does a time; that says nothing. But an
//! id that stands for one thing in the first run and for two in the second does: ids are therefore
//! compared by what they stood for before.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

/// The longest text that is compared member by member, in bytes; longer ones are equal or not.
const LONGEST: usize = 256 << 10;

/// Differences listed of one pair; further ones are counted.
const MOST: usize = 20;

/// Ids remembered; further ones are compared with nothing.
const MOST_IDS: usize = 100_000;

/// Characters of a value that are shown.
const SHOWN: usize = 40;

/// Shortest run of hex digits that is an id by its look alone: a trace's, a hash.
const HEX: usize = 16;

/// A place at which two payloads differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `$.data.args.range`; `$` for the whole.
    pub path: String,
    /// What A has there, in short; `None` if nothing.
    pub a: Option<String>,
    /// What B has there, in short; `None` if nothing.
    pub b: Option<String>,
}

/// Compares the payloads of two runs, in the order of their events.
#[derive(Debug, Default)]
pub struct Payloads {
    ignores_ids: bool,
    /// What stands in B for an id of A, and the other way round.
    ids: [HashMap<String, String>; 2],
}

impl Payloads {
    /// With ids compared by what they stood for before, or not at all.
    pub fn new(ignores_ids: bool) -> Self {
        Self { ignores_ids, ids: Default::default() }
    }

    /// Where two payloads differ, and how many further places there are.
    pub fn compare(&mut self, a: &[u8], b: &[u8]) -> (Vec<Difference>, u64) {
        let mut found = Found::default();
        if a != b || !self.ignores_ids {
            let json = |bytes: &[u8]| {
                let short = Some(bytes).filter(|bytes| bytes.len() <= LONGEST)?;
                serde_json::from_slice::<Value>(short).ok()
            };
            match (json(a), json(b)) {
                (Some(a), Some(b)) => self.values(&a, &b, &mut "$".to_owned(), &mut found),
                _ if a != b => {
                    let text = |bytes: &[u8]| {
                        Some(short(&String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST)])))
                    };
                    found.add("$", text(a), text(b));
                }
                _ => {}
            }
        }
        (found.listed, found.more)
    }

    fn values(&mut self, a: &Value, b: &Value, path: &mut String, found: &mut Found) {
        match (a, b) {
            (Value::Object(a), Value::Object(b)) => {
                // In one order whichever is first, so that B against A is A against B, mirrored.
                for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                    let both = (a.get(key), b.get(key));
                    within(path, &member(key), |path| self.optional(both, path, found));
                }
            }
            (Value::Array(a), Value::Array(b)) => {
                for place in 0..a.len().max(b.len()) {
                    let both = (a.get(place), b.get(place));
                    within(path, &format!("[{place}]"), |path| self.optional(both, path, found));
                }
            }
            _ if self.scalars(a, b, path) => {}
            _ => found.add(path, Some(told(a)), Some(told(b))),
        }
    }

    fn optional(
        &mut self,
        both: (Option<&Value>, Option<&Value>),
        path: &mut String,
        found: &mut Found,
    ) {
        match both {
            (Some(a), Some(b)) => self.values(a, b, path, found),
            (a, b) => found.add(path, a.map(told), b.map(told)),
        }
    }

    /// Whether two values that are no objects are the same for who compares runs.
    fn scalars(&mut self, a: &Value, b: &Value, path: &str) -> bool {
        let key = path.rsplit(['.', '[']).next().unwrap_or_default();
        let same_kind = std::mem::discriminant(a) == std::mem::discriminant(b);
        if same_kind && is_time(key, a) && is_time(key, b) {
            return true;
        }
        if same_kind && is_id(key, a) && is_id(key, b) {
            return self.ignores_ids || self.stands_for(&a.to_string(), &b.to_string());
        }
        a == b
    }

    fn stands_for(&mut self, a: &str, b: &str) -> bool {
        let [forth, back] = &mut self.ids;
        match (forth.get(a), back.get(b)) {
            (None, None) => {
                if forth.len() < MOST_IDS {
                    forth.insert(a.to_owned(), b.to_owned());
                    back.insert(b.to_owned(), a.to_owned());
                }
                true
            }
            (was, is) => was.is_some_and(|was| was == b) && is.is_some_and(|is| is == a),
        }
    }
}

#[derive(Default)]
struct Found {
    listed: Vec<Difference>,
    more: u64,
}

impl Found {
    fn add(&mut self, path: &str, a: Option<String>, b: Option<String>) {
        if self.listed.len() < MOST {
            self.listed.push(Difference { path: path.to_owned(), a, b });
        } else {
            self.more += 1;
        }
    }
}

fn within(path: &mut String, part: &str, then: impl FnOnce(&mut String)) {
    let length = path.len();
    path.push_str(part);
    then(path);
    path.truncate(length);
}

/// `.name`, or `["a name"]`.
fn member(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$' | '@');
    if !key.is_empty() && key.chars().all(plain) {
        format!(".{key}")
    } else {
        format!("[{}]", Value::from(key))
    }
}

fn told(value: &Value) -> String {
    short(&value.to_string())
}

fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// A moment or a duration: named so, or a text that is one.
fn is_time(key: &str, value: &Value) -> bool {
    let key = key.to_ascii_lowercase();
    let ends = ["_at", "_ms", "_ns", "_us", "_seconds", "_secs", "time", "date", "ts"];
    let has = ["timestamp", "duration", "elapsed", "latency", "took"];
    let is_named =
        ends.iter().any(|end| key.ends_with(end)) || has.iter().any(|has| key.contains(has));
    match value {
        Value::Number(_) => is_named,
        Value::String(text) => is_instant(text),
        _ => false,
    }
}

/// `2026-11-22T14:03:31…`
fn is_instant(text: &str) -> bool {
    let pattern = b"dddd-dd-ddTdd:dd";
    text.len() >= pattern.len()
        && text.bytes().zip(pattern).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            b'T' => byte == b'T' || byte == b' ',
            _ => byte == *wanted,
        })
}

/// Named so, or a text that looks like one: a UUID, a long run of hex digits.
fn is_id(key: &str, value: &Value) -> bool {
    let lower = key.to_ascii_lowercase();
    let is_named = matches!(lower.as_str(), "id" | "uuid" | "guid" | "token" | "cursor")
        || ["_id", "-id", "_uuid", "_token"].iter().any(|end| lower.ends_with(end))
        || key.ends_with("Id")
        || key.ends_with("ID");
    match value {
        Value::Number(number) => is_named && (number.is_u64() || number.is_i64()),
        Value::String(text) => is_named || looks_like_an_id(text),
        _ => false,
    }
}

fn looks_like_an_id(text: &str) -> bool {
    let hex = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let uuid = || {
        let lengths: Vec<usize> = text.split('-').map(str::len).collect();
        lengths == [8, 4, 4, 4, 12] && text.split('-').all(hex)
    };
    uuid() || text.len() >= HEX && hex(text) && text.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::Payloads;

    fn paths(payloads: &mut Payloads, a: &str, b: &str) -> Vec<String> {
        let (found, more) = payloads.compare(a.as_bytes(), b.as_bytes());
        assert_eq!(more, 0);
        found.into_iter().map(|difference| difference.path).collect()
    }

    #[test]
    fn places_are_told_and_ids_and_times_are_not() {
        let a = r#"{"id":"x1","at":"2026-11-22T14:03:31Z","took_ms":8,"a b":[1,2,{"q":1}],"n":1}"#;
        let b =
            r#"{"id":"x2","at":"2026-11-23T15:00:00Z","took_ms":9,"a b":[1,3],"m":"u","n":"1"}"#;
        let told = paths(&mut Payloads::new(false), a, b);
        assert_eq!(told, [r#"$["a b"][1]"#, r#"$["a b"][2]"#, "$.m", "$.n"]);
        assert!(paths(&mut Payloads::new(false), a, a).is_empty());
        assert_eq!(paths(&mut Payloads::new(false), "hello", "hell"), ["$"]);
        assert!(paths(&mut Payloads::new(false), "\u{1b}", "\u{1b}").is_empty());
    }

    #[test]
    fn an_id_that_stands_for_two_is_told() {
        let mut payloads = Payloads::new(false);
        let call = |id: &str| format!(r#"{{"call_id":"{id}"}}"#);
        assert!(paths(&mut payloads, &call("1"), &call("a")).is_empty());
        assert!(paths(&mut payloads, &call("2"), &call("b")).is_empty());
        assert!(paths(&mut payloads, &call("1"), &call("a")).is_empty());
        assert_eq!(paths(&mut payloads, &call("1"), &call("b")), ["$.call_id"]);
        assert_eq!(paths(&mut payloads, &call("3"), &call("a")), ["$.call_id"]);
        assert_eq!(
            paths(&mut payloads, &call("a"), &call("a")).len(),
            1,
            "the same text, another's"
        );
        let mut payloads = Payloads::new(true);
        assert!(paths(&mut payloads, &call("1"), &call("a")).is_empty());
        assert!(paths(&mut payloads, &call("1"), &call("b")).is_empty());
    }

    #[test]
    fn there_is_an_end_to_it() {
        let many = |from: u32| {
            let all: Vec<String> = (from..from + 50).map(|n| n.to_string()).collect();
            format!("[{}]", all.join(","))
        };
        let (listed, more) = Payloads::new(false).compare(many(0).as_bytes(), many(100).as_bytes());
        assert_eq!((listed.len(), more), (20, 30));
        let deep = "[".repeat(10_000);
        let (listed, _) = Payloads::new(false).compare(deep.as_bytes(), b"[]");
        assert_eq!(listed[0].a.as_ref().unwrap().chars().count(), 41);
    }
}
