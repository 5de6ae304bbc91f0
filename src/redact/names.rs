//! Originals → the names that stand for them, the same for the same one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha1::{Digest as _, Sha1};

/// Originals that get names of their own; a report with more is hidden without telling them apart.
const MAX_NAMES: usize = 100_000;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    Token,
    Email,
    Card,
    Iban,
    Phone,
    Ssn,
    Ip,
    Text,
    User,
    /// The id of a thing, or a piece of it.
    Id,
    /// What tells one thing from another.
    Name,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Email => "email",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::Phone => "phone",
            Self::Ssn => "ssn",
            Self::Ip => "ip",
            Self::Text => "text",
            Self::User => "user",
            Self::Id => "id",
            Self::Name => "name",
        }
    }
}

/// Gives names.
#[derive(Debug, Default)]
pub(super) struct Names {
    salt: [u8; 16],
    known: HashMap<String, (Kind, u32)>,
    next: HashMap<Kind, u32>,
    /// Numbers of what is called `user_07` or `id07` already.
    taken: BTreeSet<(Kind, u32)>,
}

/// Where a name is to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// In a text: `‹token-1 #9f2c›`.
    Marked,
    /// In a handshake, where only letters, digits and points are safe: `token-1.9f2c`.
    Plain,
}

impl Names {
    pub(super) fn new(salt: [u8; 16]) -> Self {
        Self { salt, ..Self::default() }
    }

    /// The name for `original`.
    pub(super) fn name(&mut self, kind: Kind, original: &str, form: Form) -> String {
        let (kind, number) = self.number(kind, original);
        if is_plain(kind) {
            return plain(kind, number);
        }
        let word = kind.word();
        if number == 0 {
            return if form == Form::Marked { format!("‹{word}›") } else { word.to_owned() };
        }
        let hash = Sha1::new().chain_update(self.salt).chain_update(original).finalize();
        let hash = format!("{:02x}{:02x}", hash[0], hash[1]);
        match form {
            Form::Marked => format!("‹{word}-{number} #{hash}›"),
            Form::Plain => format!("{word}-{number}.{hash}"),
        }
    }

    fn number(&mut self, kind: Kind, original: &str) -> (Kind, u32) {
        match self.known.get(original) {
            // An address that turns out to be somebody's id: by the last look all is known.
            Some((Kind::Email, _)) if kind == Kind::User => {}
            Some(known) => return *known,
            None => {}
        }
        if self.known.len() == MAX_NAMES {
            return (kind, 0);
        }
        let next = self.next.entry(kind).or_default();
        *next += 1;
        while self.taken.contains(&(kind, *next)) {
            *next += 1;
        }
        let number = *next;
        self.known.insert(original.to_owned(), (kind, number));
        (kind, number)
    }

    /// A user is called `user_07`, as they are here: that number is nobody else's.
    pub(super) fn take(&mut self, kind: Kind, number: u32) {
        self.taken.insert((kind, number));
    }

    /// After the first look: numbers anew, as some may be taken that were not known to be.
    pub(super) fn settle(&mut self) {
        // An address that is somebody's id with something before it was no address.
        let glued: Vec<String> = self
            .known
            .keys()
            .filter(|it| self.glued_user(it).is_some_and(|at| at > 0))
            .cloned()
            .collect();
        for original in glued {
            self.known.remove(&original);
        }
        let mut all: Vec<(Kind, u32, String)> = Vec::new();
        for (original, (kind, number)) in &self.known {
            if is_plain(*kind) {
                all.push((*kind, *number, original.clone()));
            }
        }
        all.sort();
        self.next.retain(|kind, _| !is_plain(*kind));
        for (kind, _, original) in all {
            self.known.remove(&original);
            self.number(kind, &original);
        }
    }

    /// The kind of a known original.
    pub(super) fn kind(&self, original: &str) -> Option<Kind> {
        self.known.get(original).map(|(kind, _)| *kind)
    }

    /// It is the id of a user.
    pub(super) fn is_user(&self, original: &str) -> bool {
        self.kind(original) == Some(Kind::User)
    }

    /// Where in an address the id of a user begins, if it ends with one: ids are put together of
    /// others with `_` and `-`, which addresses may have in them.
    pub(super) fn glued_user(&self, address: &str) -> Option<usize> {
        if !matches!(self.kind(address), None | Some(Kind::Email)) {
            return None;
        }
        let ends = address.match_indices(['_', '-']).map(|(at, _)| at + 1);
        ends.take_while(|at| address[*at..].contains('@')).find(|at| self.is_user(&address[*at..]))
    }

    /// The name of a user who has one already.
    pub(super) fn known_user(&self, original: &str) -> Option<String> {
        match self.known.get(original) {
            Some((Kind::User, number)) => Some(plain(Kind::User, *number)),
            _ => None,
        }
    }

    /// All that has a name and is nothing else wherever it stands, in no order: words that are
    /// ids at one place are words at others.
    pub(super) fn originals(&self) -> impl Iterator<Item = &str> {
        let is_word = |kind: Kind| matches!(kind, Kind::Id | Kind::Name);
        let all = self.known.iter();
        all.filter(move |(original, (kind, _))| !is_word(*kind) || original.contains(' '))
            .map(|(original, _)| original.as_str())
    }
}

/// A name of this kind is the same in a text and in a handshake, and looks like an id.
const fn is_plain(kind: Kind) -> bool {
    matches!(kind, Kind::User | Kind::Id | Kind::Name)
}

fn plain(kind: Kind, number: u32) -> String {
    let gap = if kind == Kind::User { "_" } else { "" };
    format!("{}{gap}{number:02}", kind.word())
}

/// `{"alg":"none"}`, as a JSON web token begins that nobody signed.
pub(super) const FAKE_HEADER: &str = "eyJhbGciOiJub25lIn0";

/// It is a name that was given here, or in an earlier report.
pub(super) fn is_name(text: &str) -> bool {
    if let Some(inner) = text.strip_prefix('‹').and_then(|rest| rest.strip_suffix('›')) {
        let length = inner.strip_prefix("text, ").and_then(|rest| rest.strip_suffix(" characters"));
        let length = length.or_else(|| inner.strip_suffix(" bytes"));
        return WORDS.contains(&inner)
            || length.is_some_and(is_number)
            || inner.split_once(" #").is_some_and(|(name, hash)| is_numbered(name, hash));
    }
    if let Some(rest) = text.strip_prefix(FAKE_HEADER) {
        let mark = rest.rsplit('.').next().and_then(|mark| mark.rsplit_once('-'));
        return rest.matches('.').count() == 2
            && mark.is_some_and(|(name, hash)| is_numbered(name, hash))
            && rest.split('.').nth(1).is_some_and(are_renamed);
    }
    text.rsplit_once('.').is_some_and(|(name, hash)| is_numbered(name, hash))
}

/// Claims that name users by the names they have here, and say no more: whoever writes a token of
/// their own can write our mark too.
fn are_renamed(claims: &str) -> bool {
    let claims = URL_SAFE_NO_PAD.decode(claims).ok();
    let claims: Option<BTreeMap<String, String>> =
        claims.and_then(|claims| serde_json::from_slice(&claims).ok());
    claims.is_some_and(|claims| claims.values().all(|id| user_number(id).is_some()))
}

const WORDS: [&str; 8] = ["token", "email", "card", "iban", "phone", "ssn", "ip", "text"];

/// `token-1` and `9f2c`.
fn is_numbered(name: &str, hash: &str) -> bool {
    let Some((word, number)) = name.rsplit_once('-') else { return false };
    WORDS.contains(&word)
        && is_number(number)
        && hash.len() == 4
        && hash.bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn is_number(text: &str) -> bool {
    (1..=8).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit())
}

/// The number of a user who is called `user_07`.
pub(super) fn user_number(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("user_")?;
    (digits.len() >= 2 && digits.bytes().all(|digit| digit.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

/// The kind and the number of what is called `id07` or `name07`.
pub(super) fn plain_number(text: &str) -> Option<(Kind, u32)> {
    [Kind::Id, Kind::Name].into_iter().find_map(|kind| {
        let digits = text.strip_prefix(kind.word())?;
        let is_one = (2..=8).contains(&digits.len()) && is_number(digits);
        Some((kind, digits.parse().ok().filter(|_| is_one)?))
    })
}
