//! Hits, one by one → the rows of the review: what was found by which rule, where, how often.

use std::collections::{BTreeMap, BTreeSet};

use super::Decision;

/// Rows told apart; what is beyond goes into one row a rule.
const MAX_ROWS: usize = 2000;

/// Characters of an original that are shown to who decides.
const BEFORE: usize = 12;

/// Hits of a row that are shown where they stand; who has looked at so many has seen what it is.
const MAX_CONTEXTS: usize = 50;

/// Bytes that are shown before and after a hit, and of a hit itself.
const AROUND: usize = 60;
const SHOWN: usize = 400;

/// What finds secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Rule {
    Entropy,
    FreeText,
    Header,
    Cookie,
    Query,
    Protocol,
    Member,
    Pointer,
    Jwt,
    Bearer,
    VendorKey,
    PrivateKey,
    Email,
    Card,
    Iban,
    Phone,
    Ssn,
    Ip,
    Known,
    User,
    Unsearched,
    Strict,
}

impl Rule {
    /// The words for it in the review.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Entropy => "looks like a secret",
            Self::FreeText => "free text",
            Self::Header => "auth header",
            Self::Cookie => "cookie",
            Self::Query => "token in URL query",
            Self::Protocol => "token as subprotocol",
            Self::Member => "member named like a secret",
            Self::Pointer => "decided by place",
            Self::Jwt => "JSON web token",
            Self::Bearer => "bearer token",
            Self::VendorKey => "vendor's key",
            Self::PrivateKey => "private key",
            Self::Email => "email",
            Self::Card => "card number",
            Self::Iban => "bank account",
            Self::Phone => "phone number",
            Self::Ssn => "social security number",
            Self::Ip => "IP address",
            Self::Known => "hidden elsewhere",
            Self::User => "user ids, stable names",
            Self::Unsearched => "not searched: binary or not whole",
            Self::Strict => "strict",
        }
    }

    /// The word for it in `wiretape.toml`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Entropy => "rule:entropy",
            Self::FreeText => "rule:free-text",
            Self::Header => "rule:header",
            Self::Cookie => "rule:cookie",
            Self::Query => "rule:query",
            Self::Protocol => "rule:subprotocol",
            Self::Member => "rule:member",
            Self::Pointer => "rule:place",
            Self::Jwt => "rule:jwt",
            Self::Bearer => "rule:bearer",
            Self::VendorKey => "rule:key",
            Self::PrivateKey => "rule:private-key",
            Self::Email => "rule:email",
            Self::Card => "rule:card",
            Self::Iban => "rule:iban",
            Self::Phone => "rule:phone",
            Self::Ssn => "rule:ssn",
            Self::Ip => "rule:ip",
            Self::Known => "rule:known",
            Self::User => "rule:user",
            Self::Unsearched => "rule:unsearched",
            Self::Strict => "rule:strict",
        }
    }

    /// What `wiretape.toml` calls a hit: its place, where the whole value is meant, else also what
    /// was found within it.
    pub(super) fn key(self, place: &str) -> String {
        match self {
            Self::Jwt
            | Self::Bearer
            | Self::VendorKey
            | Self::PrivateKey
            | Self::Email
            | Self::Card
            | Self::Iban
            | Self::Phone
            | Self::Ssn
            | Self::Ip
            | Self::Known => format!("{} {place}", self.word().trim_start_matches("rule:")),
            _ => place.to_owned(),
        }
    }

    /// What is done unless it is decided; and whether that is to be asked first.
    pub(super) const fn usual(self) -> (Decision, bool) {
        match self {
            Self::Entropy => (Decision::Hide, true),
            Self::FreeText => (Decision::Length, true),
            Self::Unsearched => (Decision::Length, false),
            _ => (Decision::Hide, false),
        }
    }
}

/// One line of the review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What found it, in words.
    pub rule: &'static str,
    /// The place: `$.data.prompt`, `header:Cookie`, `note`.
    pub place: String,
    /// What `wiretape.toml` calls it: `$.data.prompt`, `email $.data.text`.
    pub key: String,
    /// How often.
    pub hits: u64,
    /// The beginning of the first original, with its length: for the eyes of who decides.
    pub before: String,
    /// What stands for it.
    pub after: String,
    /// What is done.
    pub decision: Decision,
    /// Nobody has to be asked.
    pub decided: bool,
    /// Where it stands: the first hits.
    pub contexts: Vec<Context>,
}

impl Row {
    /// Its length stands for it, or would.
    pub fn is_length(&self) -> bool {
        self.rule == Rule::FreeText.title() || self.decision == Decision::Length
    }

    /// What people wrote, and it stays.
    pub fn is_free_text_shown(&self) -> bool {
        self.rule == Rule::FreeText.title() && self.decision == Decision::Show
    }
}

/// A hit where it stands, for the eyes of who decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// In what: `#4397`, `request of conn 1`, `note 3`.
    pub whence: String,
    /// What stands before it.
    pub before: String,
    /// The original.
    pub original: String,
    /// What stands after it.
    pub after: String,
}

impl Context {
    fn of((whence, text): &(String, String), original: &str) -> Self {
        let shown = original.get(..floor(original, SHOWN)).unwrap_or_default();
        let whence = whence.clone();
        // What is written in other clothes (escaped, base64) is shown by itself.
        let Some(at) = text.find(original).filter(|_| !original.is_empty()) else {
            return Self { whence, original: shown.to_owned(), ..Self::default() };
        };
        let from = floor(text, at.saturating_sub(AROUND));
        let end = at + original.len();
        let until = floor(text, end + AROUND).max(end);
        Self {
            whence,
            before: text[from..at].to_owned(),
            original: shown.to_owned(),
            after: text[end..until].to_owned(),
        }
    }
}

/// The last boundary of letters that is not after `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Counts hits.
#[derive(Debug, Default)]
pub(super) struct Review {
    rows: BTreeMap<(Rule, String), Row>,
    /// What is being looked through, and what it says.
    subject: (String, String),
}

impl Review {
    pub(super) fn hit(
        &mut self,
        rule: Rule,
        place: &str,
        (before, after): (&str, &str),
        (decision, decided): (Decision, bool),
    ) {
        let key = (rule, place.to_owned());
        let key = match self.rows.len() {
            MAX_ROWS.. if !self.rows.contains_key(&key) => (rule, "elsewhere".to_owned()),
            _ => key,
        };
        let place = key.1.clone();
        let row = self.rows.entry(key).or_insert_with(|| Row {
            rule: rule.title(),
            key: rule.key(&place),
            place,
            hits: 0,
            before: beginning(before),
            after: after.to_owned(),
            decision,
            decided,
            contexts: Vec::new(),
        });
        row.hits += 1;
        if row.contexts.len() < MAX_CONTEXTS {
            row.contexts.push(Context::of(&self.subject, before));
        }
    }

    /// From now on hits are in this.
    pub(super) fn within(&mut self, whence: String, text: &[u8]) {
        self.subject = (whence, String::from_utf8_lossy(text).into_owned());
    }

    /// Where a rule found something.
    pub(super) fn places(&self, rule: Rule) -> BTreeSet<String> {
        let of = self.rows.keys().filter(|(known, _)| *known == rule);
        of.map(|(_, place)| place.clone()).collect()
    }

    pub(super) fn clear(&mut self) {
        self.rows.clear();
    }

    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.rows.values().cloned().collect();
        rows.sort_by_key(|row| row.decided);
        rows
    }
}

fn beginning(text: &str) -> String {
    let count = text.chars().count();
    if count <= BEFORE {
        return text.to_owned();
    }
    format!("{}… ({count} characters)", text.chars().take(BEFORE / 2).collect::<String>())
}
