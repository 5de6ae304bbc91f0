//! Scenarios: what was said, as a small text, and what must be found in it. Adding one is adding a
//! file to `scenarios/`, or a case to a file that has several.
//!
//! ```text
//! ==== title                           (the next case, in a file of several)
//! # what it is about
//! rules agent                          (the preset; agent where none is named)
//! | [[rule]]                           (or rules of its own: the lines of a rules file)
//! file s.json {"type": "object"}       a file that those rules name
//! 0.0  1  open  alice                  seconds, connection, what: an upgrade by this user
//! 0.5  1  >  user_message thread_id=T  from the client: a type, and members of the payload
//! 0.6  1  <  agent_started run_id=R    from the server
//! 5.0  1  close 1000                   a close frame of the client, and the end
//! 5.0  1  abort                        the end without one
//! 5.0  1  ping >                       a ping frame; `pong <` likewise
//! 5.0  1  mark < masked notice         a message whose frame has this mark
//! 5.0  1  refused 403                  an upgrade that was refused
//! 5.0  1  gap                          the recording lost something here
//! told 9.0 E109 answer                 a finding that is told when it is 9.0, with nothing more
//! quiet 9.0                            nothing is told when it is 9.0
//! end 60                               when the recording was finished
//! expect E101 alice R agent_completed  a finding: its code, and words that are in it
//! expect pending agent_completed       something that was open at the end
//! ```
//!
//! Errors and warnings are all told: one that is not expected fails, as does one that is missing.
//! Findings of severity info may be expected, and need not be.

mod early;
mod honest;
mod live;
mod rate;
mod redacted;
mod timeline;
mod walk;

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use wiretape::analysis::Analysis;
use wiretape::rules::learn::Pairs;
use wiretape::rules::learn::pairs::with_pairs;
use wiretape::rules::{Finding, RuleBook, Severity, Status, language, presets};
use wiretape::wire::{
    Close, Connection, Direction, EndedBy, Ending, Fact, Frame, Gap, GapReason, Header, Marks,
    RecordedFrame, Recording, Stamp,
};

const SECOND: f64 = 1e9;

/// A scenario, read.
struct Scenario {
    name: String,
    rules: String,
    /// Rules of its own, and the files that they name.
    own: String,
    files: Vec<(String, String)>,
    /// What is told at a time, after so many facts; no words: nothing.
    told: Vec<(usize, u64, Vec<String>)>,
    facts: Vec<Fact<'static>>,
    end_ns: u64,
    expected: Vec<Vec<String>>,
}

fn scenarios() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/analysis/scenarios");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().flat_map(|file| cases(file)).collect()
}

/// The cases of a file: one, or one for each title.
fn cases(file: &Path) -> Vec<Scenario> {
    let name = file.file_stem().unwrap().to_string_lossy().into_owned();
    let text = fs::read_to_string(file).unwrap();
    let mut parts = text.split("==== ");
    let first = parts.next().unwrap();
    if !first.trim().is_empty() {
        assert!(parts.next().is_none(), "{name}: nothing stands before the first title");
        return vec![Scenario::read(name, first)];
    }
    let case = |part: &str| {
        let (title, text) = part.split_once('\n').unwrap();
        Scenario::read(format!("{name}, {title}"), text)
    };
    parts.map(case).collect()
}

impl Scenario {
    fn read(name: String, text: &str) -> Self {
        let mut scenario = Self {
            name,
            rules: "agent".into(),
            own: String::new(),
            files: Vec::new(),
            told: Vec::new(),
            facts: vec![Fact::Recording(Recording::default())],
            end_ns: 0,
            expected: Vec::new(),
        };
        let mut connections = Vec::new();
        let mut frames = 0;
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                [] => {}
                [first, ..] if first.starts_with('#') => {}
                ["rules", preset] => scenario.rules = preset.into(),
                ["|", ..] => {
                    scenario.own += &line[1..];
                    scenario.own.push('\n');
                }
                ["file", name, ref rest @ ..] => {
                    scenario.files.push((name.into(), rest.join(" ")));
                }
                ["told" | "quiet", at, ref words @ ..] => {
                    let words = words.iter().map(|word| (*word).to_owned()).collect();
                    scenario.told.push((scenario.facts.len(), ns(at), words));
                }
                ["end", at] => scenario.end_ns = ns(at),
                ["expect", ref words @ ..] => {
                    scenario.expected.push(words.iter().map(|word| (*word).to_owned()).collect());
                }
                [at, connection, ref what @ ..] => {
                    scenario.event(ns(at), connection, what, (&mut connections, &mut frames));
                }
                _ => panic!("{line}"),
            }
        }
        scenario
    }

    fn event(
        &mut self,
        at_ns: u64,
        connection: &str,
        what: &[&str],
        (connections, frames): (&mut Vec<Connection>, &mut i64),
    ) {
        self.end_ns = self.end_ns.max(at_ns);
        let id: i64 = connection.parse().unwrap();
        let known = connections.iter().position(|connection: &Connection| connection.id == id);
        let mut ended = |ending, ended_by| {
            let connection = &mut connections[known.expect("it was opened")];
            connection.ending = Some(ending);
            connection.ended_by = Some(ended_by);
            connection.closed_ns = Some(at_ns);
            connection.clone()
        };
        match what {
            ["open", user] => {
                let connection = opened(id, at_ns, user, 101);
                connections.push(connection.clone());
                self.facts.push(Fact::Connection(connection));
            }
            ["refused", user, status] => {
                let mut connection = opened(id, at_ns, user, status.parse().unwrap());
                connection.ending = Some(Ending::Refused);
                connection.closed_ns = Some(at_ns);
                self.facts.push(Fact::Connection(connection));
            }
            ["abort"] => self.facts.push(Fact::Connection(ended(Ending::Reset, EndedBy::Server))),
            ["close", code] => {
                let code: u16 = code.parse().unwrap();
                *frames += 1;
                let body = code.to_be_bytes().to_vec();
                let way = Direction::ClientToServer;
                self.facts.push(frame((*frames, id), way, at_ns, (0x88, body)));
                let mut connection = ended(Ending::Closed, EndedBy::Client);
                connection.close[0] = Some(Close { code: Some(code), reason: Vec::new() });
                self.facts.push(Fact::Connection(connection));
            }
            ["ping" | "pong", arrow] => {
                *frames += 1;
                let direction = Direction::BOTH[usize::from(*arrow == "<")];
                let first = if what[0] == "ping" { 0x89 } else { 0x8a };
                self.facts.push(frame((*frames, id), direction, at_ns, (first, Vec::new())));
            }
            ["mark", arrow, word, kind, members @ ..] => {
                self.event(
                    at_ns,
                    connection,
                    &[&[*arrow, *kind], members].concat(),
                    (connections, frames),
                );
                let Some(Fact::Frame(frame)) = self.facts.last_mut() else { panic!("{what:?}") };
                frame.frame.marks = Marks::from_word(word).unwrap();
            }
            ["gap"] => self.facts.push(Fact::Gap(Gap {
                connection: Some(id),
                direction: None,
                from_ns: at_ns,
                to_ns: at_ns,
                frames: 1,
                bytes: 1,
                reason: GapReason::Behind,
            })),
            [arrow @ (">" | "<"), kind, members @ ..] => {
                *frames += 1;
                let direction = Direction::BOTH[usize::from(*arrow == "<")];
                let body = message(kind, members).into_bytes();
                self.facts.push(frame((*frames, id), direction, at_ns, (0x81, body)));
            }
            other => panic!("{other:?}"),
        }
    }

    /// The rules: of the scenario itself, a preset, or what is learned from its traffic.
    fn book(&self) -> RuleBook {
        if self.own.is_empty() {
            return self.preset();
        }
        let open = |name: &str| {
            let file = self.files.iter().find(|(known, _)| known == name);
            file.map(|(_, text)| text.clone()).ok_or_else(|| "there is no such file".to_owned())
        };
        let checked = language::check_with("rules.toml", &self.own, &open);
        let told: String =
            checked.diagnostics.iter().map(|one| one.render("rules.toml", &self.own)).collect();
        checked.book.unwrap_or_else(|| panic!("{}:\n{told}", self.name))
    }

    fn preset(&self) -> RuleBook {
        let book = presets::preset(&self.rules).unwrap();
        if self.rules != "pairs" {
            return book;
        }
        let mut pairs = Pairs::new(&book.reading);
        let mut analysis = Analysis::new(book.clone()).unwrap();
        for fact in &self.facts {
            analysis.feed(fact, &mut |event, _| pairs.event(event));
        }
        with_pairs(book, &pairs.learned(analysis.symbols()))
    }

    /// The findings that people see: as it is recorded, or afterwards, when every connection is
    /// known before the first frame.
    fn check(&self, afterwards: bool) -> (Vec<Finding>, Vec<String>) {
        let mut analysis = Analysis::new(self.book()).unwrap();
        let mut facts: Vec<&Fact<'_>> = self.facts.iter().collect();
        if afterwards {
            // The last state of each connection, then everything else, as a reader gives it.
            let is_last = |at: usize, id: i64| {
                !self.facts[at + 1..].iter().any(
                    |later| matches!(later, Fact::Connection(connection) if connection.id == id),
                )
            };
            let (connections, rest): (Vec<_>, Vec<_>) = self
                .facts
                .iter()
                .enumerate()
                .partition(|(_, fact)| matches!(fact, Fact::Connection(_)));
            let last = connections.into_iter().filter(
                |(at, fact)| matches!(fact, Fact::Connection(connection) if is_last(*at, connection.id)),
            );
            facts = last.chain(rest).map(|(_, fact)| fact).collect();
        }
        for fact in facts {
            if let (Fact::Connection(connection), false) = (fact, afterwards) {
                // A look that comes while the server has not answered yet.
                let asked = Connection {
                    response_head: Vec::new(),
                    status: None,
                    upgrade_ns: None,
                    ending: None,
                    closed_ns: None,
                    ..connection.clone()
                };
                analysis.feed(&Fact::Connection(asked), &mut |_, _| {});
            }
            analysis.feed(fact, &mut |_, _| {});
        }
        analysis.end(Some(self.end_ns), &mut |_, _| {});
        let engine = analysis.engine();
        let pending = engine.pending().iter().map(|open| {
            format!("pending {} {:?} {:?} {}", open.rule, open.user, open.run, open.waiting_for)
        });
        (engine.findings().to_vec(), pending.collect())
    }
}

fn ns(seconds: &str) -> u64 {
    (seconds.parse::<f64>().unwrap() * SECOND) as u64
}

fn opened(id: i64, at_ns: u64, user: &str, status: u16) -> Connection {
    Connection {
        id,
        opened_ns: at_ns,
        upgrade_ns: Some(0),
        request_head: format!("GET /ws HTTP/1.1\r\nX-User-Id: {user}\r\n\r\n").into_bytes(),
        response_head: format!("HTTP/1.1 {status} X\r\n\r\n").into_bytes(),
        status: Some(status),
        ..Connection::default()
    }
}

/// `agent_started run_id=R payload.agent_name=A n=1` → JSON. A word that begins with `{` or `"`, or
/// anything that is no name, is the payload itself.
fn message(kind: &str, members: &[&str]) -> String {
    if kind.starts_with(['{', '"', '!']) {
        return [&[kind.trim_start_matches('!')], members].concat().join(" ");
    }
    let mut body = Map::new();
    body.insert("type".into(), json!(kind));
    for member in members {
        let (path, value) = member.split_once('=').unwrap();
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        match path.split_once('.') {
            None => drop(body.insert(path.into(), value)),
            Some((outer, inner)) => {
                let outer = body.entry(outer).or_insert_with(|| json!({}));
                outer[inner] = value;
            }
        }
    }
    Value::Object(body).to_string()
}

fn frame(
    (id, connection): (i64, i64),
    direction: Direction,
    at_ns: u64,
    (first, payload): (u8, Vec<u8>),
) -> Fact<'static> {
    let length = payload.len() as u64;
    let mut header = vec![first, 127];
    header.extend(length.to_be_bytes());
    Fact::Frame(RecordedFrame {
        id,
        connection,
        direction,
        stamp: Stamp { read_ns: at_ns, written_ns: Some(at_ns) },
        frame: Frame {
            header: Header::from_bytes(&header).unwrap(),
            payload: Cow::Owned(payload),
            length,
            marks: Marks::NONE,
        },
    })
}

/// All that a finding says, in one line.
fn line(finding: &Finding) -> String {
    let Finding { code, user, run, message, expected, cause, also_violates, severity, .. } =
        finding;
    let looked = &finding.elsewhere;
    let expected = expected.as_ref().map(|expected| &expected.event);
    let cause = cause.as_ref().map(|cause| &cause.text);
    format!(
        "{} {} {} {message} | expected {expected:?} | cause {cause:?} | looked {looked:?} | also {also_violates:?} | {} {severity:?}",
        code.text(),
        user.as_deref().unwrap_or("-"),
        run.as_deref().unwrap_or("-"),
        finding.rule,
    )
}

#[test]
fn each_scenario_gives_its_findings_and_no_others() {
    let mut wrong = Vec::new();
    for scenario in scenarios() {
        let (findings, pending) = scenario.check(true);
        let mut left: Vec<String> = findings.iter().map(line).collect();
        left.extend(pending);
        for expected in &scenario.expected {
            let fits = |told: &String| {
                told.starts_with(&expected[0]) && expected.iter().all(|word| told.contains(word))
            };
            match left.iter().position(fits) {
                Some(at) => drop(left.remove(at)),
                None => wrong.push(format!("{}: not found: {}", scenario.name, expected.join(" "))),
            }
        }
        for finding in findings.iter().filter(|finding| finding.severity > Severity::Info) {
            if let Some(at) = left.iter().position(|told| *told == line(finding)) {
                left.remove(at);
                wrong.push(format!("{}: not expected: {}", scenario.name, line(finding)));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// A deadline passes by the clock: nothing more has to happen for that.
#[test]
fn deadlines_pass_by_the_clock_alone() {
    let mut asked = 0;
    for scenario in scenarios() {
        for (facts, at_ns, words) in &scenario.told {
            let mut analysis = Analysis::new(scenario.book()).unwrap();
            for fact in &scenario.facts[..*facts] {
                analysis.feed(fact, &mut |_, _| {});
            }
            analysis.tick(*at_ns, &mut |_, _| {});
            let standing = |finding: &&Finding| finding.status != Status::Withdrawn;
            let told: Vec<String> =
                analysis.engine().findings().iter().filter(standing).map(line).collect();
            let right = match words.first() {
                None => told.is_empty(),
                Some(_) => told.iter().any(|told| words.iter().all(|word| told.contains(word))),
            };
            assert!(right, "{} at {at_ns}: not {words:?}: {told:?}", scenario.name);
            asked += 1;
        }
    }
    assert!(asked > 10, "{asked}");
}

/// What is said live is what is said afterwards.
#[test]
fn live_is_as_afterwards() {
    for scenario in scenarios() {
        let sorted = |(findings, pending): (Vec<Finding>, Vec<String>)| {
            let mut lines: Vec<String> = findings.iter().map(line).chain(pending).collect();
            lines.sort();
            lines
        };
        assert_eq!(
            sorted(scenario.check(false)),
            sorted(scenario.check(true)),
            "{}",
            scenario.name
        );
    }
}

/// A gap accuses nobody: whatever one frame less is said of, it is no error (rules.md, 5).
#[test]
fn what_was_lost_is_held_against_nobody() {
    let mut tried = 0;
    for scenario in scenarios() {
        let is_error = |finding: &Finding| finding.severity == Severity::Error;
        if scenario.check(true).0.iter().any(is_error) {
            continue;
        }
        for lost in 0..scenario.facts.len() {
            let Fact::Frame(frame) = &scenario.facts[lost] else { continue };
            let gap = Fact::Gap(Gap {
                connection: Some(frame.connection),
                direction: None,
                from_ns: frame.stamp.read_ns,
                to_ns: frame.stamp.read_ns,
                frames: 1,
                bytes: 1,
                reason: GapReason::Behind,
            });
            let mut facts = scenario.facts.clone();
            facts[lost] = gap;
            let name = scenario.name.clone();
            let fewer = Scenario {
                facts,
                name: name.clone(),
                rules: scenario.rules.clone(),
                own: scenario.own.clone(),
                files: scenario.files.clone(),
                told: Vec::new(),
                expected: Vec::new(),
                ..scenario
            };
            let errors: Vec<String> =
                fewer.check(true).0.iter().filter(|finding| is_error(finding)).map(line).collect();
            assert!(errors.is_empty(), "{name} without frame {}: {errors:?}", frame.id);
            tried += 1;
        }
    }
    assert!(tried > 30, "{tried}");
}
