//! JSON text → the same text with some of its strings, numbers and names replaced; what is between
//! them stays byte for byte.

use std::collections::HashMap;
use std::ops::Range;

use serde::de::IgnoredAny;

use super::secret_names::Said;

/// Objects and lists inside each other that are walked; deeper JSON is a text.
const MAX_DEPTH: usize = 128;

/// What stands for a text that can't be searched.
const UNREADABLE: &str = "‹text›";

/// What is at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A text, unescaped.
    Text(&'a str),
    /// A number, as it is written.
    Number(&'a str),
    /// A member's name, unescaped.
    Name(&'a str),
}

/// Where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot<'a> {
    /// The path: `$.data.list[*].text`.
    pub(super) place: &'a str,
    /// The name of the member; within a list, the list's.
    pub(super) key: &'a str,
    /// In a list: the how many-th.
    pub(super) index: Option<usize>,
    /// What the other members of the object say of it.
    pub(super) said: Said,
}

/// It is an object or a list, and not too deep to be walked.
pub(super) fn is_json(text: &str) -> bool {
    let trimmed = text.trim_start();
    trimmed.starts_with(['{', '['])
        && depth(trimmed) <= MAX_DEPTH
        && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Letters read for each one of a text in search of JSON: brackets that never close could have
/// each letter read over and over.
const READ_EACH: usize = 16;

/// Where objects and lists stand in a text that is more than one of them.
pub(super) fn pieces(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut at) = (Vec::new(), 0);
    let mut left = text.len().saturating_mul(READ_EACH);
    while let Some(start) = text[at..].find(['{', '[']).map(|next| at + next) {
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter();
        let read: Option<Result<IgnoredAny, _>> = values.next();
        let end = start + values.byte_offset();
        at = start + 1;
        match read {
            Some(Ok(_)) if depth(&text[start..end]) <= MAX_DEPTH => {
                found.push(start..end);
                at = end;
            }
            Some(Err(error)) => {
                let lines = text[start..].split_inclusive('\n').take(error.line() - 1);
                let read = lines.map(str::len).sum::<usize>() + error.column();
                let Some(rest) = left.checked_sub(read) else { break };
                left = rest;
            }
            _ => {}
        }
    }
    found
}

/// Walks valid JSON; `replace` is told of each part and where it is, and gives what is to stand
/// there, if something else.
pub(super) fn walk(
    text: &str,
    root: &str,
    replace: &mut dyn FnMut(Spot<'_>, Part<'_>) -> Option<String>,
) -> String {
    let mut walker = Walker {
        text,
        at: 0,
        copied: 0,
        out: String::with_capacity(text.len()),
        path: root.to_owned(),
        index: None,
        said: Said::default(),
        objects: objects(text),
        replace,
    };
    walker.value("");
    walker.out.push_str(&text[walker.copied..]);
    walker.out
}

/// A text as a JSON string, quotes included.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Letters of a text that names another, or says what is done: longer ones do neither.
const LONGEST_SAYING: usize = 64;

/// What the objects of valid JSON say of their members, by where they begin; those that say
/// nothing are left out.
fn objects(text: &str) -> HashMap<usize, Said> {
    let mut found = HashMap::new();
    // Objects and lists that are open: where one begins, what it says, and the member it is at.
    let mut open: Vec<(usize, Said, Option<String>)> = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => open.push((at, Said::default(), None)),
            b'}' | b']' => {
                let closed = open.pop().filter(|(_, said, _)| said.says_something());
                found.extend(closed.map(|(start, said, _)| (start, said)));
            }
            b'"' => {
                let end = end_of_string(bytes, at);
                let next = bytes[end..].iter().find(|byte| !byte.is_ascii_whitespace());
                let unescaped =
                    |most| (end - at <= most).then(|| serde_json::from_str(&text[at..end]).ok())?;
                if let Some((_, said, key)) = open.last_mut() {
                    if next == Some(&b':') {
                        *key = unescaped(usize::MAX);
                    } else if let Some(key) = key
                        && let Some(value) = unescaped(LONGEST_SAYING)
                    {
                        said.hear(key, &value);
                    }
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Where the string ends that begins at `start`.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut escaped = false;
    let rest = bytes.iter().skip(start + 1).position(|byte| match byte {
        _ if escaped => {
            escaped = false;
            false
        }
        b'\\' => {
            escaped = true;
            false
        }
        byte => *byte == b'"',
    });
    rest.map_or(bytes.len(), |length| start + length + 2)
}

struct Walker<'a, 'r> {
    text: &'a str,
    at: usize,
    /// What is in `out` already.
    copied: usize,
    out: String,
    path: String,
    /// In a list: the how many-th.
    index: Option<usize>,
    /// What is said in the object that this is in.
    said: Said,
    objects: HashMap<usize, Said>,
    replace: &'r mut dyn FnMut(Spot<'_>, Part<'_>) -> Option<String>,
}

impl Walker<'_, '_> {
    fn value(&mut self, key: &str) {
        self.space();
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.list(key),
            Some(b'"') => {
                let (start, text) = self.string();
                match text {
                    Some(text) => {
                        if let Some(other) = self.other(key, Part::Text(&text)) {
                            self.put(start, &quoted(&other));
                        }
                    }
                    None => self.put(start, &quoted(UNREADABLE)),
                }
            }
            Some(b'-' | b'0'..=b'9') => {
                let start = self.at;
                self.until(|byte| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace());
                let number = &self.text[start..self.at];
                if let Some(other) = self.other(key, Part::Number(number)) {
                    self.put(start, &other);
                }
            }
            // true, false, null.
            Some(_) => {
                self.until(|byte| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace());
            }
            None => {}
        }
    }

    fn other(&mut self, key: &str, part: Part<'_>) -> Option<String> {
        let spot = Spot { place: &self.path, key, index: self.index, said: self.said };
        (self.replace)(spot, part)
    }

    fn object(&mut self) {
        let said = self.objects.get(&self.at).copied().unwrap_or_default();
        let around = std::mem::replace(&mut self.said, said);
        let index = self.index.take();
        self.members();
        (self.said, self.index) = (around, index);
    }

    fn members(&mut self) {
        self.at += 1;
        loop {
            self.space();
            match self.peek() {
                Some(b'"') => {}
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                Some(_) => {
                    self.at += 1;
                    return;
                }
                None => return,
            }
            let (start, name) = self.string();
            let name = name.unwrap_or_else(|| {
                self.put(start, &quoted(UNREADABLE));
                UNREADABLE.to_owned()
            });
            if let Some(other) = self.other(&name, Part::Name(&name)) {
                self.put(start, &quoted(&other));
            }
            self.space();
            // The colon.
            self.at += 1;
            let length = self.path.len();
            self.path.push('.');
            self.path.push_str(&name);
            self.value(&name);
            self.path.truncate(length);
        }
    }

    fn list(&mut self, key: &str) {
        self.at += 1;
        let length = self.path.len();
        self.path.push_str("[*]");
        let around = self.index.replace(0);
        loop {
            self.space();
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                Some(b',') => {
                    self.at += 1;
                    self.index = self.index.map(|index| index + 1);
                }
                Some(_) => self.value(key),
                None => break,
            }
        }
        self.index = around;
        self.path.truncate(length);
    }

    /// Passes a string; where it began, and what it says: nothing that is text, if half a letter
    /// is escaped in it (`\ud800` alone), which JSON allows.
    fn string(&mut self) -> (usize, Option<String>) {
        let start = self.at;
        self.at = end_of_string(self.text.as_bytes(), start);
        (start, serde_json::from_str(&self.text[start..self.at]).ok())
    }

    fn put(&mut self, start: usize, other: &str) {
        self.out.push_str(&self.text[self.copied..start]);
        self.out.push_str(other);
        self.copied = self.at;
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        self.until(|byte| !byte.is_ascii_whitespace());
    }

    fn until(&mut self, ends: impl Fn(u8) -> bool) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(|byte| ends(*byte)).unwrap_or(rest.len());
    }
}
