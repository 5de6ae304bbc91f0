//! What was taken out of a recording, and what is hidden of it → a bundle that may leave the machine.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;

use super::extract::{Differs, Extract, extract, findings};

use super::scope::{Scope, Subject};
use crate::cli::Globals;
use crate::cli::failure::{Code, Failure};
use crate::cli::human;
use crate::cli::sift::{self, Looked};
use crate::events::locate::Locator;
use crate::events::{Kind, Reading, Scalar};
use crate::exchange::jsonl;
use crate::redact::{Decision, Decisions, Level, Policy, Redacted};
use crate::report::sight::short;
use crate::report::{Bundle, Manifest, Thinned, View, thinned};
use crate::rules::{Finding, RuleBook, language};
use crate::wire::{Fact, Recording};

/// A report in the making.
pub(crate) struct Draft {
    recording: Recording,
    book: RuleBook,
    rules_text: String,
    scope: Scope,
    extract: Extract,
    /// What was found in the cut, before anything was hidden.
    found: Vec<Finding>,
    /// In it, and in the recording.
    pub(super) users_of: (u64, u64),
    policy: Policy,
    payloads: Payloads,
    /// What was decided here.
    decided: Vec<(String, Decision)>,
    pub(super) redacted: Redacted,
}

/// What is to be made of it.
pub(super) struct Ready {
    pub(super) bundle: Bundle,
    /// The name of its files, without an ending.
    pub(super) stem: String,
    /// How what is found in it differs from what was found before it was redacted.
    pub(super) differs: Differs,
}

/// What the report is about, by which rules and with how much hidden.
pub(super) struct Order<'a> {
    pub(super) subject: &'a Subject,
    pub(super) rules: Option<&'a str>,
    pub(super) level: Level,
    pub(super) decisions: Decisions,
    pub(super) payloads: Payloads,
}

/// How much of payloads goes along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Payloads {
    #[default]
    All,
    /// What the rules read.
    TypesOnly,
}

impl Draft {
    /// Takes out of the recording at `path` what is asked for, and hides what is to be hidden.
    pub(super) fn new(
        path: &std::path::Path,
        order: Order<'_>,
        globals: &Globals,
    ) -> Result<Self, Failure> {
        let filter = match order.subject {
            Subject::Filter(text) => Some(sift::parse(text)?),
            _ => None,
        };
        let looked = Looked::at(path, order.rules, globals)?;
        let sifted = filter.map(|filter| looked.sift(filter)).transpose()?;
        let scope = Scope::of(order.subject, &looked, sifted.as_ref())?;
        let unpacks = order.level != Level::Off || order.payloads == Payloads::TypesOnly;
        let extract = extract(&looked, &scope, unpacks)?;
        let Looked { recording, analysis, timeline, rules_text, .. } = looked;
        let book = analysis.engine().book().clone();
        let symbols = analysis.symbols();
        let user = |id: i64| timeline.user_name(id, symbols);
        let rows = timeline.page(None, usize::MAX);
        // Who was refused never came: that is nobody yet.
        let came = rows.filter(|row| row.kind != Kind::Refused);
        let connections: BTreeSet<i64> = came.map(|row| row.connection).collect();
        let all: HashSet<String> = connections.iter().copied().map(user).collect();
        let kept = extract.facts.iter().filter_map(|fact| match fact {
            Fact::Connection(connection) if connections.contains(&connection.id) => {
                Some(user(connection.id))
            }
            _ => None,
        });
        let kept: HashSet<String> = kept.collect();
        let ids = timeline.users().filter_map(|(_, id, _)| match id {
            Scalar::Text(symbol) => Some(symbols.text(symbol).to_owned()),
            _ => None,
        });
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| {
            Failure::new(Code::Runtime, "the system gives no random numbers").why(error.to_string())
        })?;
        let policy = Policy {
            level: order.level,
            decisions: order.decisions,
            users: members(&book.reading, true),
            types: names_of(&book.reading.type_of.from),
            user_ids: ids.collect(),
            kept: members(&book.reading, false),
            salt,
        };
        let found = findings(&extract.facts, &book)?;
        let redacted = Redacted::new(&extract.facts, policy.clone());
        let users_of = (kept.len() as u64, all.len().max(kept.len()) as u64);
        Ok(Self {
            recording,
            book,
            rules_text,
            scope,
            extract,
            found,
            users_of,
            policy,
            payloads: order.payloads,
            decided: Vec::new(),
            redacted,
        })
    }

    /// How much is hidden.
    pub(super) fn level(&self) -> Level {
        self.policy.level
    }

    /// How much of payloads goes along.
    pub(super) fn payloads(&self) -> Payloads {
        self.payloads
    }

    /// What was decided here, to be kept.
    pub(super) fn decided(&self) -> &[(String, Decision)] {
        &self.decided
    }

    /// Decides, and hides anew.
    pub(super) fn decide(&mut self, decided: &[(String, Decision)]) {
        for (key, decision) in decided {
            self.policy.decisions.set(key.as_str(), *decision);
            self.decided.retain(|(known, _)| known != key);
            self.decided.push((key.clone(), *decision));
        }
        self.redacted = Redacted::new(&self.extract.facts, self.policy.clone());
    }

    /// `run 9c1e ±5s: 74 frames of 4,812, 1 user of 12`.
    pub(super) fn told(&mut self) -> String {
        let (frames, all_frames) = self.extract.frames_of;
        let (users, all_users) = self.users_of;
        format!(
            "{}: {} of {}, {} of {}",
            self.scope_words(),
            human::counted(frames, "frame"),
            human::count(all_frames),
            human::counted(users, "user"),
            human::count(all_users),
        )
    }

    /// What else there is to say about the cut.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        remarks.extend(self.extract.differs.told());
        if self.extract.plain > 0 {
            let messages = human::counted(self.extract.plain, "message");
            remarks.push(format!("{messages} came compressed and are plain in the report"));
        }
        if self.extract.unpacked > 0 {
            let messages = human::counted(self.extract.unpacked, "message");
            remarks.push(format!("{messages} of MessagePack are JSON in the report"));
        }
        remarks
    }

    fn scope_words(&mut self) -> String {
        let mut words = self.extract.words.clone();
        if self.policy.level == Level::Strict {
            // A filter says what its reader looked for.
            if words.starts_with("filter ") {
                return "a filter".to_owned();
            }
            if let Some(run) = &self.scope.run {
                words = words.replace(&short(run), &short(&self.redacted.id(run)));
            }
        }
        let mut words = self.redacted.text(&words);
        let user = self.scope.user.as_ref().filter(|_| self.scope.run.is_none());
        if let Some(user) = user {
            let name = self.redacted.user(user).unwrap_or_else(|| self.redacted.text(user));
            words = words.replace("one user", &name);
        }
        words
    }

    /// What the report is made of.
    pub(super) fn ready(&mut self, meta: &[(String, String)]) -> Result<Ready, Failure> {
        let (book, rules_text) = self.rules();
        let Thinned { facts, thin, whole } = self.facts(&book)?;
        let after = findings(&facts, &book)?;
        let differs = differs(&self.found, &after);
        let finding = self.finding(&after);
        let scope = self.scope_words();
        let name = named(&facts).unwrap_or_default();
        let run = self.scope.run.clone().map(|run| self.redacted.id(&run));
        let user = self.scope.user.clone();
        let user =
            user.map(|user| self.redacted.user(&user).unwrap_or_else(|| self.redacted.text(&user)));
        let title = match finding {
            Some(finding) => format!("{} {}", finding.code.text(), finding.message),
            None => format!("{name}, {scope}"),
        };
        let stem = stem(finding, run.as_deref(), &name);
        let view = View {
            finding: finding.map(|finding| link(finding, &after)),
            range_ns: self.scope.window.filter(|(_, to)| *to < u64::MAX),
            lane: run.or(user),
        };
        let told = self.extract.differs.told().into_iter().chain(differs.told());
        let told: Vec<(String, String)> = told.map(|told| ("cut".to_owned(), told)).collect();
        let meta = meta.iter().map(|(key, value)| (key.clone(), self.redacted.text(value)));
        let manifest = Manifest {
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            rules: book.name.clone(),
            recorded: name,
            recorded_by: self.recording.tool.clone(),
            recorded_at_ns: self.recording.started_ns,
            scope,
            frames_of: self.extract.frames_of,
            users_of: self.users_of,
            hidden: 0,
            redact: word(self.policy.level).to_owned(),
            hidden_by: Vec::new(),
            types_only: (self.payloads == Payloads::TypesOnly).then_some((thin, whole)),
            meta: meta.chain(told).collect(),
        };
        let manifest = Manifest {
            hidden: self.redacted.hidden(),
            hidden_by: hidden_by(&self.redacted),
            ..manifest
        };
        let bundle = Bundle { title, manifest, tape: tape(&facts), facts, book, rules_text, view };
        Ok(Ready { bundle, stem, differs })
    }

    /// What goes along of the facts.
    fn facts(&self, book: &RuleBook) -> Result<Thinned, Failure> {
        let facts = &self.redacted.facts;
        match self.payloads {
            Payloads::All => Ok(Thinned { facts: facts.clone(), thin: 0, whole: 0 }),
            Payloads::TypesOnly => thinned(facts, &book.reading).map_err(|error| {
                Failure::new(Code::Usage, "the rules can't be followed").because(&error)
            }),
        }
    }

    /// The rules as they go along, and their text. They judge as they will where it is read.
    fn rules(&mut self) -> (RuleBook, String) {
        let text = self.redacted.facts.iter().find_map(|fact| match fact {
            Fact::Recording(recording) => Some(recording.rules.clone().unwrap_or_default()),
            _ => None,
        });
        let text = text.unwrap_or_default();
        if text == self.rules_text {
            return (self.book.clone(), text);
        }
        let name = self.redacted.text(&self.book.name);
        match language::read(&name, &text) {
            Ok(book) => (book, text),
            // What can't be read any more is no rules file; these judge nothing then.
            Err(_) => (RuleBook { name, ..self.book.clone() }, String::new()),
        }
    }

    /// What the report is about, among what is found after redaction.
    fn finding<'f>(&self, after: &'f [Finding]) -> Option<&'f Finding> {
        let before = self.found.iter().find(|finding| Some(finding.id) == self.scope.finding)?;
        after.iter().find(|finding| same(before, finding))
    }
}

/// What the recording is called.
fn named(facts: &[Fact<'_>]) -> Option<String> {
    facts.iter().find_map(|fact| match fact {
        Fact::Recording(recording) => Some(recording.name.clone()),
        _ => None,
    })
}

/// The word for a level.
pub(super) const fn word(level: Level) -> &'static str {
    match level {
        Level::Strict => "strict",
        Level::Default => "default",
        Level::Off => "off",
    }
}

/// One finding, before and after what it is about got other names.
fn same(before: &Finding, after: &Finding) -> bool {
    before.code == after.code
        && before.rule == after.rule
        && before.frames == after.frames
        && before.at_ns == after.at_ns
}

fn differs(before: &[Finding], after: &[Finding]) -> Differs {
    let without = |some: &[Finding], others: &[Finding]| {
        let lone = some.iter().filter(|one| !others.iter().any(|other| same(one, other)));
        lone.map(|finding| finding.code.text()).collect()
    };
    Differs { missing: without(before, after), added: without(after, before) }
}

/// `E102`; of several the second is `E102.2`, in the order of time.
fn link(finding: &Finding, all: &[Finding]) -> String {
    let mut alike: Vec<&Finding> = all.iter().filter(|it| it.code == finding.code).collect();
    alike.sort_by_key(|finding| finding.at_ns);
    let place = alike.iter().position(|it| it.id == finding.id).unwrap_or(0);
    let code = finding.code.text();
    if place == 0 { code } else { format!("{code}.{}", place + 1) }
}

/// The facts as JSON lines, with their end.
fn tape(facts: &[Fact<'_>]) -> String {
    let mut tape = String::new();
    for fact in facts {
        tape.push_str(&jsonl::render(fact));
        tape.push('\n');
    }
    // Writing to a text never fails.
    let _ = writeln!(tape, "{}", jsonl::render_end(facts.len() as u64));
    tape
}

/// Values hidden by each rule.
fn hidden_by(redacted: &Redacted) -> Vec<(String, u64)> {
    let mut by: Vec<(String, u64)> = Vec::new();
    for row in redacted.rows.iter().filter(|row| row.decision != Decision::Show) {
        match by.iter_mut().find(|(rule, _)| rule == row.rule) {
            Some((_, hits)) => *hits += row.hits,
            None => by.push((row.rule.to_owned(), row.hits)),
        }
    }
    by
}

/// Letters of a file's name.
const MAX_STEM: usize = 80;

/// `wiretape-9c1e-missing-tool_completed`.
fn stem(finding: Option<&Finding>, run: Option<&str>, name: &str) -> String {
    let mut parts = vec!["wiretape".to_owned()];
    parts.push(run.map_or_else(|| name.to_owned(), short));
    if let Some(finding) = finding {
        parts.push(finding.code.class().to_owned());
        parts.extend(finding.expected.as_ref().map(|expected| expected.event.clone()));
    }
    let plain = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '.' => letter,
        _ => '-',
    };
    let stem: String = parts.join("-").chars().map(plain).collect();
    let parts: Vec<&str> = stem.split('-').filter(|part| !part.is_empty()).collect();
    let stem: String = parts.join("-").chars().take(MAX_STEM).collect();
    stem.trim_end_matches(['-', '.']).to_owned()
}

/// Names of the members that the rules read: those that hold the user, or all others.
fn members(reading: &Reading, users: bool) -> Vec<String> {
    let fields = reading.fields.iter().filter(|field| (field.name == "user") == users);
    let mut from: Vec<&Locator> = fields.flat_map(|field| &field.from).collect();
    for naming in &reading.names {
        let own = naming.fields.iter().filter(|(name, _)| (name == "user") == users);
        from.extend(own.flat_map(|(_, locators)| locators));
    }
    names_of(from)
}

/// What those members are called that are at these places.
fn names_of<'a>(from: impl IntoIterator<Item = &'a Locator>) -> Vec<String> {
    let mut names: Vec<String> = from
        .into_iter()
        .filter_map(|locator| match locator {
            Locator::Pointer(pointer) | Locator::First(pointer) => {
                pointer.rsplit('/').next().map(|name| name.replace("~1", "/").replace("~0", "~"))
            }
            Locator::Header(name) => Some(name.trim_start_matches("x-").replace('-', "_")),
            Locator::Cookie(name) | Locator::Query(name) | Locator::Claim(name) => {
                Some(name.clone())
            }
            Locator::Path(_) | Locator::Subprotocol | Locator::Connection | Locator::Const(_) => {
                None
            }
        })
        .filter(|name| !name.is_empty())
        .collect();
    names.sort();
    names.dedup();
    names
}
