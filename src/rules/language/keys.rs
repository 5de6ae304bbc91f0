//! The keys that a rules file may have, each with what it takes: one table for the reader, which
//! refuses others, and for the schema, by which editors complete them.

use super::{reading, rules, sections};

/// A key of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    pub(super) is_needed: bool,
    /// What it means, for who edits a file.
    pub(super) about: &'static str,
}

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Takes {
    /// 1: the version of the language.
    Version,
    Text,
    Truth,
    /// One text, or a list of them.
    Texts,
    /// Names of events, of fields, or places: as texts, but not none at all.
    Names,
    /// Two names of events, or lists of them.
    Two,
    /// `"1.5s"`.
    Time,
    /// The same, or `"$limit"`.
    Duration,
    /// The same, or false.
    DurationOrFalse,
    /// A whole number from the one to the other.
    Count(i64, i64),
    /// A whole number, or "any".
    Start,
    /// Close codes.
    Codes,
    /// One ASCII character.
    Letter,
    /// A number.
    Number,
    /// A list of texts, numbers and truths.
    Literals,
    /// An RFC 6901 pointer.
    Pointer,
    /// JSON pointers, each with what must be there.
    Where,
    /// Places, or a table that says more.
    Field,
    /// True, false, or a list of names.
    Drain,
    /// One of some words.
    Words(fn() -> Vec<&'static str>),
    /// A table of these.
    Table(&'static [Key]),
    /// A list of such tables.
    Tables(&'static [Key]),
    /// `[[rule]]`.
    Rules,
    /// Names of the file's own, each with this.
    Map(&'static Takes),
}

use Takes::{
    Codes, Count, Drain, Duration, DurationOrFalse, Field, Letter, Literals, Map, Names, Number,
    Pointer, Rules, Start, Table, Tables, Text, Texts, Time, Truth, Two, Version, Where, Words,
};

const fn key(name: &'static str, takes: Takes, about: &'static str) -> Key {
    Key { name, takes, is_needed: false, about }
}

const fn need(name: &'static str, takes: Takes, about: &'static str) -> Key {
    Key { name, takes, is_needed: true, about }
}

/// The words of a table of words.
pub(super) fn words<T>(known: &[(&'static str, T)]) -> Vec<&'static str> {
    known.iter().map(|(word, _)| *word).collect()
}

/// Sections.
pub(super) const TOP: &[Key] = &[
    key("version", Version, "the version of the language"),
    key("preset", Words(sections::preset_names), "the rules that this file changes"),
    key("decode", Table(DECODE), "how messages become events"),
    key("limit", Map(&Time), "times by name: rules say \"$name\""),
    key("limits", Table(LIMITS), "how much is kept at once"),
    key("fields", Map(&Field), "where things are: type, user, run, call, ts, and your own"),
    key("event", Tables(EVENT), "what an event is called"),
    key("scope", Map(&Table(SCOPE)), "what belongs together"),
    key("lifecycle", Tables(LIFECYCLE), "the order of the events of a scope"),
    key("rule", Rules, "one thing that must hold"),
    key("severity", Map(&Words(sections::severities)), "how bad a rule is, by its id"),
    key("files", Map(&Text), "texts of files that rules name, in place of those beside this one"),
];

pub(super) const DECODE: &[Key] = &[
    key("format", Words(|| words(&reading::FORMATS)), "what payloads are"),
    key("each", Pointer, "the list that holds the messages of a batch"),
    key("unwrap", Pointer, "where the message proper is, inside another"),
    key("text", Text, "for format \"text\": a regular expression with named groups"),
    key("jwt_from", Texts, "where a token is; it is read, not verified"),
];

pub(super) const LIMITS: &[Key] = &[
    key("max_obligations", Count(1, super::scopes::MOST_KEPT), "open obligations of a slice"),
    key("max_keys", Count(1, super::scopes::MOST_KEPT), "values remembered by a rule"),
    key("max_findings", Count(1, super::scopes::MOST_KEPT), "findings told of a recording"),
    key("lag_events", Count(1, super::scopes::MOST_KEPT), "events after which none is waited for"),
    key("lag_time", Duration, "how long a straggler is waited for, live (2s)"),
];

pub(super) const FIELD: &[Key] = &[
    key("from", Texts, "places: the first that is there counts"),
    key("absent", Texts, "values that mean that it is not there"),
    key("type", Words(|| words(&reading::TYPES)), "what a value must be"),
    key("sticky", Truth, "where it is absent, the last value of the connection counts"),
    key("derive", Table(DERIVE), "else it is made of another field"),
];

pub(super) const DERIVE: &[Key] = &[
    need("field", Text, "of which"),
    need("regex", Text, "the first group of this regular expression"),
];

pub(super) const EVENT: &[Key] = &[
    need("name", Text, "what rules call it"),
    key("type", Texts, "what the payload calls it; the name, where this is not said"),
    key("dir", Words(|| words(&reading::DIRECTIONS)), "c2s from the client, s2c from the server"),
    key("where", Where, "only where the payload is so"),
    key("letter", Letter, "how the timeline draws it"),
    key("fields", Map(&Texts), "where its fields are, if elsewhere than others'"),
];

pub(super) const CONDITION: &[Key] = &[
    key("in", Literals, "one of these"),
    key("exists", Truth, "it is there, or not"),
    key("regex", Text, "a text that matches"),
    key("gt", Number, "more than"),
    key("ge", Number, "at least"),
    key("lt", Number, "less than"),
    key("le", Number, "at most"),
];

pub(super) const SCOPE: &[Key] = &[
    need("key", Names, "fields whose values tell one from another; conn, user"),
    key("begin", Names, "events that open one"),
    key("end", Names, "events that close it"),
    key("failed", Names, "those of end that say that it failed (what is called error or fail)"),
    key("linger", Duration, "how long stragglers still belong to it (5s)"),
    key("idle", Duration, "so long without an event, and it is given up (10m)"),
    key("across_reconnect", DurationOrFalse, "how long it waits for its user to come back"),
    key("max_open", Count(1, super::scopes::MOST_OPEN), "how many are followed at once"),
];

pub(super) const LIFECYCLE: &[Key] = &[
    need("id", Text, "what findings call it"),
    need("scope", Text, "within what it holds"),
    need("pattern", Text, "a regular expression over names of events, with @part for a part"),
    key("strict", Truth, "no other events may come"),
    key("alphabet", Names, "events that may not come elsewhere, beside those of the pattern"),
    key("weight", Map(&Count(1, super::lifecycles::MAX_WEIGHT)), "what is costly to miss"),
    key("severity", Words(|| words(&sections::SEVERITIES)), "how bad a breach is"),
    key("sub", Map(&Table(SUB)), "parts that may overlap"),
];

pub(super) const SUB: &[Key] = &[
    key("key", Text, "the field that tells one from another"),
    key("fallback_key", Text, "the field that pairs them where there is no key, in order"),
    need("pattern", Text, "a regular expression over names of events"),
    key("drain", Drain, "whether it must be over when the whole ends, or by which ends"),
    key("sequential", Truth, "one at a time"),
    key("severity", Words(|| words(&sections::SEVERITIES)), "how bad a breach is"),
];

/// Keys of a rule besides its kind.
pub(super) const RULE: &[Key] = &[
    need("id", Text, "what findings call it"),
    need("scope", Text, "within what it holds"),
    key("severity", Words(|| words(&sections::SEVERITIES)), "how bad a breach is"),
    key("key", Text, "it holds for each value of this field"),
    key("where", Where, "of events whose payload is so"),
    key("within", Duration, "in this time"),
    key("crossing", Duration, "forgiven: what was under way in the other direction"),
    key("at_end", Words(|| words(&rules::ENDS)), "what is open when the scope ends"),
    key("clock", Words(|| words(&rules::CLOCKS)), "by whose clock"),
    key("note", Text, "for who reads the file"),
];

/// What must hold; an alias follows its kind.
pub(super) const KINDS: &[Key] = &[
    key("existence", Names, "there is one"),
    key("absence", Names, "there is none"),
    key("exactly_one", Names, "there is one, and no second"),
    key("at_most", Table(&[need("event", Names, ""), AT_MOST]), "not more than n"),
    key("init", Names, "it is the first"),
    key("end", Names, "it is the last"),
    key("responded_existence", Two, "with the one there is the other, before or after"),
    key("co_existence", Two, "both or none"),
    key("not_co_existence", Two, "not both"),
    key("response", Two, "after each of the one comes the other"),
    key("alternate_response", Two, "the same, with no second of the one between"),
    key("chain_response", Two, "the same, with nothing between"),
    key("precedence", Two, "before the other there was the one"),
    key("alternate_precedence", Two, "the same, with no second of the other between"),
    key("chain_precedence", Two, "the same, with nothing between"),
    key("succession", Two, "response and precedence"),
    key("alternate_succession", Two, "the same, in turns"),
    key("chain_succession", Two, "the same, with nothing between"),
    key("not_succession", Two, "after the one the other never comes"),
    key("absence_after", Two, "after the one the other never comes"),
    key("not_chain_succession", Two, "the other does not follow the one at once"),
    key("pair", Table(PAIR), "what is opened is closed, and what is closed was opened"),
    key("reply", Table(REPLY), "each request has one reply, from the other side"),
    key("not_before", Table(NOT_BEFORE), "an event does not come until another has"),
    key("sequence", Table(SEQUENCE), "numbers without gap, repeat or step back"),
    key("heartbeat", Table(HEARTBEAT), "it beats"),
    key("rate", Table(RATE), "not more often"),
    key("silence", Table(SILENCE), "something comes in time"),
    key("reconnect", Table(RECONNECT), "after a lost connection the user is back in time"),
    key("resume", Table(RESUME), "after a reconnect it goes on where it was"),
    key("isolation", Table(ISOLATION), "nobody gets what is another's"),
    key("latency", Table(LATENCY), "it is not under way for longer"),
    key("schema", Table(SCHEMA), "the payload fits a JSON Schema"),
];

/// Counts in rules: a rate keeps as many times.
pub(super) const MAX_COUNT: i64 = 1_000_000;

const AT_MOST: Key = need("n", Count(0, MAX_COUNT), "how many");

const PAIR: &[Key] = &[
    need("open", Names, ""),
    need("close", Names, ""),
    key("key", Text, "the field that pairs them"),
    key("max_open", Count(1, MAX_COUNT), "how many may be open at once"),
];

const REPLY: &[Key] = &[
    need("request", Names, ""),
    need("reply", Names, ""),
    key("error", Names, "a reply too"),
    key("key", Text, "the field that pairs them"),
];

const NOT_BEFORE: &[Key] = &[need("event", Names, ""), need("until", Names, "")];

const SEQUENCE: &[Key] = &[
    need("field", Text, "the field that counts"),
    key("start", Start, "its first value"),
    key("step", Count(1, MAX_COUNT), "from one to the next (1)"),
    key("reorder", Duration, "how long a gap may be open"),
    key("reset_on", Names, "events after which it starts again"),
];

const HEARTBEAT: &[Key] = &[
    need("event", Names, ""),
    need("every", Duration, ""),
    key("tol", Duration, "how much later is still in time"),
    key("from", Names, "from when on (ws.open)"),
];

const RATE: &[Key] = &[
    need("event", Names, ""),
    need("max", Count(1, MAX_COUNT), "how many"),
    need("per", Duration, "in which time"),
];

const SILENCE: &[Key] = &[
    need("after", Names, ""),
    key("expect", Names, "what counts (whatever the server sends)"),
    need("within", Duration, ""),
];

const RECONNECT: &[Key] =
    &[need("within", Duration, ""), key("codes", Codes, "after which close codes")];

const RESUME: &[Key] = &[
    need("seq", Text, "the field that counts"),
    key("epoch", Text, "the field that says which count"),
    key("replay", Words(|| words(&super::kinds::REPLAY)), "whether what was seen may come again"),
];

const ISOLATION: &[Key] = &[
    need("keys", Texts, "fields whose values belong to one user"),
    need("owner", Text, "the field that says whose an event is"),
    key("shared", Texts, "events that are meant for others too"),
];

const LATENCY: &[Key] = &[need("event", Names, ""), need("max", Duration, "")];

const SCHEMA: &[Key] =
    &[need("event", Names, ""), need("file", Text, "a JSON Schema, beside this file")];
