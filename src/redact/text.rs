//! One text and where it stands → the same text without what is hidden.

use std::collections::BTreeSet;
use std::ops::Range;

use super::json;
use super::names::{Form, Kind, Names, is_name, plain_number, user_number};
use super::patterns::{self, Found};
use super::review::{Review, Rule};
use super::rules::Asked;
use super::words::{FREE_TEXT_FROM, is_kept_name, is_protocol, is_user_name};
use super::{Decision, Level, Policy};
use aho_corasick::{AhoCorasick, MatchKind};

/// Texts within texts (JSON in a string, base64) that are looked into; nobody nests more.
pub(super) const MAX_NESTING: usize = 4;

/// Bytes of an original from which it is replaced wherever it stands: shorter ones are words and
/// numbers that also mean other things.
pub(super) const WHEREVER: usize = 8;

/// Stretches of a text and what is to stand there.
pub(super) type Cuts = Vec<(Range<usize>, String)>;

/// Hides, and remembers what.
#[derive(Debug)]
pub(super) struct Redactor {
    pub(super) policy: Policy,
    pub(super) names: Names,
    pub(super) review: Review,
    known: Option<AhoCorasick>,
    /// Finds ids of users, and which.
    users: Option<(AhoCorasick, Vec<String>)>,
    /// The originals that `known` finds, in its order.
    wherever: Vec<String>,
    /// Places at which people's words were found at the first look: what is said there in pieces,
    /// each too short to be told for that, is of the same kind.
    wordy: BTreeSet<String>,
    /// What the rules of the recording ask for.
    pub(super) rules: Asked,
    /// What is being looked through is an event of Socket.IO.
    pub(super) is_packet: bool,
}

impl Redactor {
    pub(super) fn new(policy: Policy) -> Self {
        let mut names = Names::new(policy.salt);
        let shown = policy.level == Level::Off
            || policy.decisions.get(Rule::User.word()) == Some(Decision::Show);
        let mut ids = Vec::new();
        for id in policy.user_ids.iter().filter(|_| !shown) {
            match user_number(id) {
                Some(number) => names.take(Kind::User, number),
                None if is_told_apart(id) => {
                    names.name(Kind::User, id, Form::Marked);
                    ids.push(id.clone());
                }
                None => {}
            }
        }
        let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&ids);
        let users = search.ok().filter(|_| !ids.is_empty()).map(|search| (search, ids));
        Self {
            policy,
            names,
            review: Review::default(),
            known: None,
            users,
            wherever: Vec::new(),
            wordy: BTreeSet::new(),
            rules: Asked::default(),
            is_packet: false,
        }
    }

    /// After the first look: what was hidden somewhere is from now on hidden everywhere.
    pub(super) fn settle(&mut self) {
        self.names.settle();
        self.wordy = self.review.places(Rule::FreeText);
        self.review.clear();
        let users = &self.policy.user_ids;
        let is_one = |id: &str| users.contains(id) && is_distinct(id);
        let all = self.names.originals();
        let long = all.filter(|original| original.len() >= WHEREVER || is_one(original));
        self.wherever = long.map(str::to_owned).collect();
        self.wherever.sort();
        let builder =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&self.wherever);
        self.known = builder.ok();
    }

    /// There are places at which people write.
    pub(super) fn is_wordy(&self) -> bool {
        !self.wordy.is_empty()
    }

    /// People write at this place.
    pub(super) fn is_wordy_at(&self, place: &str) -> bool {
        self.wordy.contains(place)
    }

    /// A text outside of JSON.
    pub(super) fn loose(&mut self, place: &str, text: &str) -> String {
        match self.policy.level {
            Level::Off => text.to_owned(),
            _ => self.inside(place, text, Form::Marked, 0),
        }
    }

    /// What a person wrote, or we did: ids of users in it are words of their own.
    pub(super) fn said(&mut self, place: &str, text: &str) -> String {
        let text = self.loose(place, text);
        if self.policy.level == Level::Off {
            return text;
        }
        self.users_in(place, &text)
    }

    /// Ids of users that are words of their own in a text.
    pub(super) fn users_in(&mut self, place: &str, text: &str) -> String {
        let Some((search, ids)) = &self.users else { return text.to_owned() };
        let found: Vec<(Range<usize>, String)> = search
            .find_iter(text)
            .filter(|found| !is_part_of_a_word(text, &found.range()))
            .map(|found| (found.range(), ids[found.pattern().as_usize()].clone()))
            .collect();
        let cuts = found.into_iter().map(|(range, id)| (range, self.user(place, &id))).collect();
        splice(text, cuts)
    }

    /// The name that stands for a user.
    pub(super) fn user_name(&self, id: &str) -> Option<String> {
        self.names.known_user(id)
    }

    /// It is the id of somebody, and nothing else.
    pub(super) fn is_known_user(&self, text: &str) -> bool {
        self.policy.user_ids.contains(text) && self.names.known_user(text).is_some()
    }

    /// A payload that is text.
    pub(super) fn payload(&mut self, text: &str) -> String {
        if self.policy.level == Level::Off {
            return text.to_owned();
        }
        if json::is_json(text) {
            return self.json("$", text, 0);
        }
        // Socket.IO puts digits and a namespace before the JSON; some put lines of JSON together.
        let prefix = text.find(['{', '[']).filter(|at| *at <= 64 && !text[..*at].contains(' '));
        if let Some(at) = prefix
            && json::is_json(&text[at..])
        {
            let prefix = if self.is_strict() {
                self.strict_prefix(&text[..at])
            } else {
                text[..at].to_owned()
            };
            self.is_packet = text.starts_with("42") || text.starts_with("45");
            let json = self.json("$", &text[at..], 0);
            self.is_packet = false;
            return format!("{prefix}{json}");
        }
        // Lines, and what SignalR ends each message with.
        let ends = ['\n', '\u{1e}'];
        let mut lines = text.split_inclusive(ends).map(|line| line.trim_end_matches(ends));
        if lines.all(|line| line.trim().is_empty() || json::is_json(line)) {
            let pieces = self.pieces("$", text, (Form::Marked, 0));
            return splice(text, pieces);
        }
        if self.is_strict() {
            return self.strict_text("$", text);
        }
        self.free(text)
    }

    /// What is of no form: somebody may have written it, so that it is asked. Where it is shown,
    /// what is found in it is still hidden.
    fn free(&mut self, text: &str) -> String {
        let other = if is_protocol(text) || is_name(text) {
            text.to_owned()
        } else {
            self.hide((Rule::FreeText, "text"), Kind::Text, text, Form::Marked)
        };
        if other == text { self.inside("$", text, Form::Marked, 0) } else { other }
    }

    /// The id of a user, wherever it is said.
    pub(super) fn user(&mut self, place: &str, text: &str) -> String {
        if text.is_empty() || is_name(text) || self.is_called(text) {
            return text.to_owned();
        }
        self.hide((Rule::User, place), Kind::User, text, Form::Marked)
    }

    /// What is called like a user was one, in this report or an earlier one, and so was what
    /// strict reports tell apart: nobody else gets that name.
    pub(super) fn is_called(&mut self, text: &str) -> bool {
        let user = user_number(text).map(|number| (Kind::User, number));
        let called = user.or_else(|| plain_number(text).filter(|_| self.is_strict()));
        if let Some((kind, number)) = called {
            self.names.take(kind, number);
        }
        called.is_some()
    }

    pub(super) fn is_user(&self, key: &str) -> bool {
        is_user_name(key) || self.policy.users.iter().any(|name| name == key)
    }

    pub(super) fn is_kept(&self, key: &str) -> bool {
        is_kept_name(key) || self.policy.kept.iter().any(|name| name == key)
    }

    /// What to do by this rule at this place, and whether that was decided.
    pub(super) fn decision(&self, rule: Rule, place: &str) -> (Decision, bool) {
        let decisions = &self.policy.decisions;
        let decided = decisions.get(&rule.key(place)).or_else(|| decisions.get(rule.word()));
        if let Some(decision) = decided {
            return (decision, true);
        }
        let (decision, asks) = rule.usual();
        (decision, !asks || self.policy.level == Level::Strict)
    }

    /// Hides by a rule, unless it was decided otherwise.
    pub(super) fn hide(
        &mut self,
        (rule, place): (Rule, &str),
        kind: Kind,
        text: &str,
        form: Form,
    ) -> String {
        let (decision, decided) = self.decision(rule, place);
        self.decide((rule, place), (kind, decision, decided), text, form)
    }

    pub(super) fn decide(
        &mut self,
        (rule, place): (Rule, &str),
        (kind, decision, decided): (Kind, Decision, bool),
        text: &str,
        form: Form,
    ) -> String {
        if is_name(text) {
            return text.to_owned();
        }
        let after = match decision {
            Decision::Show => text.to_owned(),
            Decision::Hide if kind != Kind::Text => self.names.name(kind, text, form),
            // What people wrote has no name by which it could be found again, only a length.
            Decision::Hide | Decision::Length => {
                if text.chars().count() >= FREE_TEXT_FROM {
                    self.names.name(Kind::Text, text, form);
                }
                let count = text.chars().count();
                if form == Form::Marked {
                    format!("‹text, {count} characters›")
                } else {
                    "text".into()
                }
            }
        };
        self.review.hit(rule, place, (text, &after), (decision, decided));
        after
    }

    /// A text without what looks like a secret in it, or is one elsewhere.
    pub(super) fn inside(&mut self, place: &str, text: &str, form: Form, nesting: usize) -> String {
        if text.len() < 6 || is_name(text) {
            return text.to_owned();
        }
        let undressed = self.undressed(place, text, (form, nesting));
        let text = undressed.as_deref().unwrap_or(text);
        let mut cuts = self.pieces(place, text, (form, nesting));
        for found in patterns::find(text) {
            if overlaps(&cuts, &found.range) {
                continue;
            }
            let Found { mut range, rule, kind } = found;
            if rule == Rule::Email {
                range.start += self.names.glued_user(&text[range.clone()]).unwrap_or(0);
            }
            let original = &text[range.clone()];
            let after = match rule {
                Rule::Jwt => self.jwt(place, original, form),
                rule => self.hide((rule, place), kind, original, form),
            };
            cuts.push((range, after));
        }
        self.known(place, text, form, &mut cuts);
        if nesting < MAX_NESTING {
            self.encoded(place, text, (form, nesting), &mut cuts);
        }
        splice(text, cuts)
    }

    /// What was hidden elsewhere.
    fn known(&mut self, place: &str, text: &str, form: Form, cuts: &mut Cuts) {
        let Some(known) = self.known.clone() else { return };
        for found in known.find_iter(text) {
            let range = found.range();
            let is_part = self.is_part_of_a_word(text, &range);
            if is_part || overlaps(cuts, &range) {
                continue;
            }
            let original = self.wherever[found.pattern().as_usize()].clone();
            let kind = self.names.kind(&original).unwrap_or(Kind::Token);
            let after = self.hide((Rule::Known, place), kind, &original, form);
            cuts.push((range, after));
        }
    }

    /// A user's id is a word of its own; a token may be glued to anything.
    fn is_part_of_a_word(&self, text: &str, range: &Range<usize>) -> bool {
        is_part_of_a_word(text, range) && self.names.kind(&text[range.clone()]) == Some(Kind::User)
    }
}

/// Ids are put together of others with `_` and `-`: those are no part of a word.
fn is_part_of_a_word(text: &str, range: &Range<usize>) -> bool {
    let is_letter = char::is_alphanumeric;
    text[..range.start].chars().next_back().is_some_and(is_letter)
        || text[range.end..].chars().next().is_some_and(is_letter)
}

/// An id that is no word, so that wherever it stands its owner is meant.
fn is_distinct(id: &str) -> bool {
    id.len() >= 4 && id.chars().any(|letter| !letter.is_alphabetic())
}

/// It is long enough to mean nobody else and nothing else.
fn is_told_apart(id: &str) -> bool {
    id.chars().count() >= 3
}

pub(super) fn overlaps(cuts: &[(Range<usize>, String)], range: &Range<usize>) -> bool {
    cuts.iter().any(|(cut, _)| cut.start < range.end && range.start < cut.end)
}

/// What is left of a text without what is hidden in it, now or in an earlier report.
pub(super) fn without(text: &str, found: &[Found]) -> String {
    let cuts = found.iter().map(|found| (found.range.clone(), String::new())).collect();
    let rest = splice(text, cuts);
    let mut out = String::with_capacity(rest.len());
    for (at, piece) in rest.split('‹').enumerate() {
        let after_name = piece.split_once('›').filter(|_| at > 0).map(|(_, after)| after);
        out.push_str(after_name.unwrap_or(piece));
    }
    out
}

fn splice(text: &str, mut cuts: Cuts) -> String {
    cuts.sort_by_key(|(range, _)| range.start);
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (range, other) in cuts {
        out.push_str(&text[at..range.start]);
        out.push_str(&other);
        at = range.end;
    }
    out.push_str(&text[at..]);
    out
}
