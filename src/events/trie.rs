//! JSON text → the values at the pointers that are wanted, in one pass that skips the rest.
//!
//! As `JSON.parse` does, the last of several equal keys wins. Recursion goes no deeper than the
//! wanted pointers do and serde's limit of 128 allows; what is skipped is skipped in a loop.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess};
use serde::de::{Error, Visitor};
use serde_json::value::RawValue;

/// Values that a message usually has at wanted pointers.
const USUAL: usize = 12;

/// What is at a pointer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Found<'a> {
    /// The pointer leads nowhere.
    #[default]
    Nothing,
    /// `null`.
    Null,
    /// An object or an array.
    Compound,
    /// Any value, as its JSON text; only from [`Trie::raw`].
    Raw(&'a str),
    Text(Cow<'a, str>),
    Integer(i64),
    /// A whole number beyond `i64`.
    Large(u64),
    /// Any other number.
    Float(f64),
    Bool(bool),
}

/// What was found in one text: few of the pointers lead anywhere in any one message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Picked<'a> {
    /// By slot, in the order of the text.
    found: Vec<(usize, Found<'a>)>,
}

impl<'a> Picked<'a> {
    /// What is at a slot's pointer.
    pub(super) fn at(&self, slot: usize) -> &Found<'a> {
        let found = self.found.iter().find(|(known, _)| *known == slot);
        found.map_or(&Found::Nothing, |(_, found)| found)
    }

    /// What was found, by slot.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Found<'a>)> {
        self.found.iter().map(|(slot, found)| (*slot, found))
    }

    /// Forgets what an earlier key of the same name had left.
    fn forget(&mut self, slots: &Range<usize>) {
        if self.found.iter().any(|(slot, _)| slots.contains(slot)) {
            self.found.retain(|(slot, _)| !slots.contains(slot));
        }
    }
}

/// The wanted pointers, by their common beginnings.
#[derive(Clone, Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    /// The pointers, in order; a pointer's slot is its place here.
    paths: Vec<Vec<String>>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// The slots of this node and of all below it: neighbours, since paths are in order.
    slots: Range<usize>,
    /// The first of `slots` is this node's own.
    wanted: bool,
    /// In order of the lengths of their keys.
    children: Vec<Child>,
    /// Where the children begin whose keys have at least so many bytes; by that, up to one more
    /// than the longest has.
    by_length: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Child {
    key: String,
    /// The key as an array's index.
    index: Option<usize>,
    node: usize,
}

impl Node {
    /// The place of a key among the children. Most keys of a text are told from all that are wanted
    /// by their length alone.
    fn child(&self, key: &str) -> Option<usize> {
        let from = *self.by_length.get(key.len())?;
        let to = *self.by_length.get(key.len() + 1)?;
        let place = self.children[from..to].iter().position(|child| child.key == key)?;
        Some(from + place)
    }

    fn add(&mut self, child: Child) {
        let length = child.key.len();
        let last = self.children.len();
        self.by_length.resize(self.by_length.len().max(length + 2), last);
        self.children.insert(self.by_length[length + 1], child);
        self.by_length[length + 1..].iter_mut().for_each(|place| *place += 1);
    }
}

/// The keys of a JSON pointer (RFC 6901); `None` if it is none.
pub(super) fn keys_of(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    pointer.strip_prefix('/')?.split('/').map(unescape).collect()
}

fn unescape(key: &str) -> Option<String> {
    let mut parts = key.split('~');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escaped, rest) = match part.as_bytes().first()? {
            b'0' => ('~', &part[1..]),
            b'1' => ('/', &part[1..]),
            _ => return None,
        };
        plain.push(escaped);
        plain.push_str(rest);
    }
    Some(plain)
}

impl Trie {
    /// Of these paths, each a list of keys.
    pub(super) fn new(mut paths: Vec<Vec<String>>) -> Self {
        paths.sort_unstable();
        paths.dedup();
        let mut nodes = vec![Node::default()];
        for (slot, path) in paths.iter().enumerate() {
            let mut at = 0;
            nodes[at].slots.end = slot + 1;
            for key in path {
                at = if let Some(place) = nodes[at].child(key) {
                    nodes[at].children[place].node
                } else {
                    let node = nodes.len();
                    nodes.push(Node { slots: slot..slot, ..Node::default() });
                    nodes[at].add(Child { key: key.clone(), index: index(key), node });
                    node
                };
                nodes[at].slots.end = slot + 1;
            }
            nodes[at].wanted = true;
        }
        Self { nodes, paths }
    }

    /// The slot of a path that it was made of.
    pub(super) fn slot(&self, path: &[String]) -> Option<usize> {
        self.paths.binary_search_by(|known| known.as_slice().cmp(path)).ok()
    }

    /// How many slots there are.
    pub(super) fn len(&self) -> usize {
        self.paths.len()
    }

    /// The values at the wanted pointers.
    pub(super) fn pick<'a>(&self, text: &'a str) -> serde_json::Result<Picked<'a>> {
        self.walk(text, false)
    }

    /// The JSON texts at the wanted pointers, none of which may lead through another.
    pub(super) fn raw<'a>(&self, text: &'a str) -> serde_json::Result<Picked<'a>> {
        self.walk(text, true)
    }

    fn walk<'a>(&self, text: &'a str, raw: bool) -> serde_json::Result<Picked<'a>> {
        let mut found = Picked { found: Vec::with_capacity(USUAL) };
        let mut deserializer = serde_json::Deserializer::from_str(text);
        Walk { trie: self, node: 0, raw, found: &mut found }.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(found)
    }
}

/// The number that a key is as an array's index: no sign, no leading zero (RFC 6901, 4).
fn index(key: &str) -> Option<usize> {
    let number = key.parse::<usize>().ok()?;
    (number.to_string() == key).then_some(number)
}

struct Walk<'t, 'f, 'a> {
    trie: &'t Trie,
    node: usize,
    raw: bool,
    found: &'f mut Picked<'a>,
}

impl<'a> Walk<'_, '_, 'a> {
    fn node(&self) -> &Node {
        &self.trie.nodes[self.node]
    }

    fn put(&mut self, value: Found<'a>) {
        if self.node().wanted {
            let slot = self.node().slots.start;
            self.found.found.push((slot, value));
        }
    }

    fn below(&mut self, node: usize) -> Walk<'_, '_, 'a> {
        Walk { trie: self.trie, node, raw: self.raw, found: self.found }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(mut self, deserializer: D) -> Result<(), D::Error> {
        self.found.forget(&self.trie.nodes[self.node].slots);
        if self.raw && self.node().wanted {
            let text = <&'de RawValue>::deserialize(deserializer)?;
            self.put(Found::Raw(text.get()));
            return Ok(());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(mut self) -> Result<(), E> {
        self.put(Found::Null);
        Ok(())
    }

    fn visit_bool<E: Error>(mut self, value: bool) -> Result<(), E> {
        self.put(Found::Bool(value));
        Ok(())
    }

    fn visit_i64<E: Error>(mut self, value: i64) -> Result<(), E> {
        self.put(Found::Integer(value));
        Ok(())
    }

    fn visit_u64<E: Error>(mut self, value: u64) -> Result<(), E> {
        self.put(i64::try_from(value).map_or(Found::Large(value), Found::Integer));
        Ok(())
    }

    fn visit_f64<E: Error>(mut self, value: f64) -> Result<(), E> {
        self.put(number(value));
        Ok(())
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<(), E> {
        self.put(Found::Text(Cow::Owned(text.to_owned())));
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(mut self, text: &'de str) -> Result<(), E> {
        self.put(Found::Text(Cow::Borrowed(text)));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.put(Found::Compound);
        while let Some(child) = map.next_key_seed(Key(&self.trie.nodes[self.node]))? {
            match child {
                Some(node) => map.next_value_seed(self.below(node))?,
                None => map.next_value::<IgnoredAny>().map(|_| ())?,
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        self.put(Found::Compound);
        let beyond = self.node().children.iter().filter_map(|child| child.index).max();
        let beyond = beyond.map_or(0, |last| last.saturating_add(1));
        for at in 0..beyond {
            let child = self.node().children.iter().find(|child| child.index == Some(at));
            let more = match child.map(|child| child.node) {
                Some(node) => seq.next_element_seed(self.below(node))?.is_some(),
                None => seq.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                return Ok(());
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// A number that was written with a point or an exponent, or is beyond 64 bits: 1.0 is 1, as in
/// JSON there is one kind of number.
fn number(value: f64) -> Found<'static> {
    // Whole numbers up to here have one float each (2^53).
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        Found::Integer(value as i64)
    } else {
        Found::Float(value)
    }
}

/// A key of an object → the node below it, if one is wanted.
struct Key<'t>(&'t Node);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.child(key).map(|place| self.0.children[place].node))
    }
}

/// An array's first `limit` elements, and whether there are more; `None` if the text is no array.
pub(super) fn elements(text: &str, limit: usize) -> Option<(Vec<&RawValue>, bool)> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let elements = deserializer.deserialize_seq(Elements { limit }).ok()?;
    deserializer.end().ok()?;
    Some(elements)
}

struct Elements {
    limit: usize,
}

impl<'de> Visitor<'de> for Elements {
    type Value = (Vec<&'de RawValue>, bool);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while elements.len() < self.limit {
            match seq.next_element()? {
                Some(element) => elements.push(element),
                None => return Ok((elements, false)),
            }
        }
        let mut more = false;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            more = true;
        }
        Ok((elements, more))
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, Trie, elements, keys_of};

    /// The values at `pointers`, one after the other.
    fn pick<'a>(pointers: &[&str], text: &'a str) -> Vec<Found<'a>> {
        let paths: Vec<_> = pointers.iter().map(|pointer| keys_of(pointer).unwrap()).collect();
        let trie = Trie::new(paths.clone());
        let found = trie.pick(text).unwrap();
        paths.iter().map(|path| found.at(trie.slot(path).unwrap()).clone()).collect()
    }

    fn text(text: &str) -> Found<'static> {
        Found::Text(text.to_owned().into())
    }

    #[test]
    fn pointers_lead_through_objects_and_arrays() {
        let json = r#"{"a":{"b":[10,{"c":"x\ty"}],"~/":true},"":null,"n":-1.5,"1":{}}"#;
        assert_eq!(
            pick(&["/a/b/1/c", "/a/b/0", "/a/b/2", "/a/~0~1", "/", "/n", "/1", "/a/b", ""], json),
            [
                text("x\ty"),
                Found::Integer(10),
                Found::Nothing,
                Found::Bool(true),
                Found::Null,
                Found::Float(-1.5),
                Found::Compound,
                Found::Compound,
                Found::Compound,
            ]
        );
    }

    #[test]
    fn the_last_of_equal_keys_wins_wholly() {
        let json = r#"{"a":{"b":1,"c":2},"a":{"c":3},"d":{"e":1},"d":"flat"}"#;
        assert_eq!(
            pick(&["/a/b", "/a/c", "/d/e", "/d"], json),
            [Found::Nothing, Found::Integer(3), Found::Nothing, text("flat")]
        );
    }

    #[test]
    fn a_number_is_a_number_however_it_is_written() {
        let json = "[1.0, 1e2, -0.0, 18446744073709551615, 1e300, 9007199254740993]";
        assert_eq!(
            pick(&["/0", "/1", "/2", "/3", "/4", "/5"], json),
            [
                Found::Integer(1),
                Found::Integer(100),
                Found::Integer(0),
                Found::Large(u64::MAX),
                Found::Float(1e300),
                Found::Integer(9_007_199_254_740_993),
            ]
        );
    }

    #[test]
    fn no_pointer_has_other_escapes_or_lacks_its_slash() {
        assert_eq!([keys_of("a"), keys_of("/~2"), keys_of("/a~")], [None, None, None]);
        assert_eq!(keys_of(""), Some(vec![]));
    }

    #[test]
    fn elements_beyond_the_limit_are_passed_over() {
        let texts = |json| {
            let (elements, more) = elements(json, 2)?;
            Some((elements.iter().map(|element| element.get()).collect::<Vec<_>>(), more))
        };
        assert_eq!(texts("[{\"a\":2} ,\"x\"]"), Some((vec!["{\"a\":2}", "\"x\""], false)));
        assert_eq!(texts("[1,2,3]"), Some((vec!["1", "2"], true)));
        assert_eq!(texts("[1,2,"), None);
        assert_eq!(texts("{}"), None);
    }
}
