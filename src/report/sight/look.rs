//! A bundle → its tape → what is seen.

use std::collections::HashMap;
use std::sync::Arc;

use super::bodies::Bodies;
use super::{
    Event, Evidence, Excerpt, Found, Ghost, Line, Lost, Name, Noted, Run, SEVERITIES, Sight,
    Status, User, Why,
};
use crate::analysis::diff::{Kept, Side, twin};
use crate::analysis::measure::lasted;
use crate::analysis::tape::{About, Growth, Tape, ghost_ns};
use crate::analysis::timeline::{LaneOf, Row};
use crate::analysis::{Analysis, AnalysisError};
use crate::events::payload::Parts;
use crate::events::{Kind, Symbol};
use crate::report::Bundle;
use crate::rules::{Finding, Severity, codes};
use crate::wire::{Connection, Direction, Fact, Note};

/// Findings that are told: more than anyone reads, and a megabyte or two.
const MOST_FINDINGS: usize = 2000;

/// Runs for which a good one is looked for: each costs a look at all others.
const MOST_TWINS: usize = 50;

impl Sight {
    /// Of what a bundle holds.
    ///
    /// # Errors
    /// Its rules can't be followed.
    pub fn of(bundle: &Bundle) -> Result<Self, AnalysisError> {
        let tape = tape(bundle)?;
        let parts = Parts::new(&bundle.book.reading)?;
        let bodies = Bodies::of(&bundle.facts, &parts, &tape.timeline);
        Ok(Look::new(&tape, &bundle.facts).sight(bodies))
    }
}

/// All facts, looked at at once.
fn tape(bundle: &Bundle) -> Result<Tape, AnalysisError> {
    let mut analysis = Analysis::new(bundle.book.clone())?;
    let (mut events, mut notes, mut about, mut finished_ns) =
        (Vec::new(), Vec::new(), About::default(), None);
    for fact in &bundle.facts {
        match fact {
            Fact::Recording(recording) => {
                about.started_ns = recording.started_ns;
                about.name.clone_from(&recording.name);
                finished_ns = recording.finished_ns;
            }
            Fact::Note(note) => notes.push(note.clone()),
            _ => {}
        }
        analysis.feed(fact, &mut |event, _| events.push(event.clone()));
    }
    analysis.end(finished_ns, &mut |event, _| events.push(event.clone()));
    let engine = analysis.engine();
    let last_ns = events.iter().map(|event| event.at_ns).max().unwrap_or(0);
    let mut tape = Tape::new(about, Arc::new(bundle.book.clone()));
    tape.grow(Growth {
        texts: analysis.symbols().since(0),
        findings: engine.findings().iter().cloned().enumerate().collect(),
        findings_anew: true,
        pending: Some(engine.pending().to_vec()),
        notes: Some(notes),
        unjudged: engine.unjudged().map(str::to_owned).collect(),
        counts: analysis.counts(),
        end_ns: last_ns.max(finished_ns.unwrap_or(0)),
        is_whole: true,
        events,
        ..Growth::default()
    });
    Ok(tape)
}

/// A tape, and what it is called by in a sight.
struct Look<'a> {
    tape: &'a Tape,
    facts: &'a [Fact<'static>],
    /// Numbers of names.
    names: HashMap<Symbol, u32>,
    /// Numbers of findings, by their index in the tape.
    findings: HashMap<usize, u32>,
}

impl<'a> Look<'a> {
    fn new(tape: &'a Tape, facts: &'a [Fact<'static>]) -> Self {
        let findings = tape.by_time.iter().take(MOST_FINDINGS).enumerate();
        let findings = findings.map(|(number, index)| (*index, number as u32)).collect();
        Self { tape, facts, names: HashMap::new(), findings }
    }

    fn sight(mut self, mut bodies: Bodies) -> Sight {
        let tape = self.tape;
        let mut sight = Sight {
            started_ns: tape.about.started_ns,
            unjudged: tape.unjudged.clone(),
            left_out: bodies.left_out,
            ..Sight::default()
        };
        for row in tape.timeline.page(None, usize::MAX) {
            let name = self.name(row.name, &mut sight.names);
            let mut event = self.event(&row, name);
            event.json = bodies.json.remove(&row.number);
            event.body = bodies.body.remove(&row.number);
            sight.events.push(event);
        }
        // Names that rules know and nobody said are no part of the picture.
        let legend =
            tape.legend().filter(|(_, name)| sight.names.iter().any(|it| it.text == *name));
        sight.legend = legend.map(|(letter, name)| (letter, name.to_owned())).collect();
        sight.users = self.users();
        sight.runs = (0..tape.runs.len() as u32).map(|number| self.run(number)).collect();
        let told = tape.by_time.iter().take(MOST_FINDINGS);
        sight.findings = told.map(|index| self.found(*index)).collect();
        sight.untold = tape.by_time.len().saturating_sub(MOST_FINDINGS) as u64;
        link(&mut sight.findings);
        let mut pages: Vec<_> = sight.findings.iter().map(|found| found.code.clone()).collect();
        pages.sort();
        pages.dedup();
        let page = |code: String| codes::explain(&code).map(|page| (code, page.text));
        sight.pages = pages.into_iter().filter_map(page).collect();
        sight.notes = tape.notes.iter().map(|note| Self::note(note, &sight)).collect();
        sight.gaps = self.gaps();
        let times = sight.events.iter().map(|event| event.at_ns);
        sight.from_ns = times.clone().min().unwrap_or(0);
        let ghosts = sight.findings.iter().map(|found| found.at_ns);
        let ghosts = ghosts.chain(sight.runs.iter().filter_map(|run| run.ghost_ns));
        sight.to_ns = times.chain(ghosts).max().unwrap_or(0);
        let (from, to) = (sight.from_ns, sight.to_ns);
        let inside = tape.idle.iter().filter(|idle| idle.start >= from && idle.end <= to);
        sight.folds = inside.map(|idle| (idle.start, idle.end)).collect();
        self.twins(&mut sight.runs);
        sight
    }

    /// Finds good runs for those that have findings.
    fn twins(&self, runs: &mut [Run]) {
        let side = Side::new(Kept {
            timeline: &self.tape.timeline,
            symbols: &self.tape.symbols,
            findings: &self.tape.findings,
            book: &self.tape.book,
            details: &self.tape.details,
        });
        let broken = (0..).zip(runs).filter(|(_, run)| !run.findings.is_empty());
        for (number, run) in broken.take(MOST_TWINS) {
            run.twin = match twin(&side, LaneOf::Run(number), &side) {
                Some(LaneOf::Run(good)) => Some(good),
                _ => None,
            };
        }
    }

    fn name(&mut self, symbol: Symbol, names: &mut Vec<Name>) -> u32 {
        *self.names.entry(symbol).or_insert_with(|| {
            let text = self.tape.symbols.text(symbol).to_owned();
            names.push(Name { text, letter: self.tape.letter(symbol) });
            names.len() as u32 - 1
        })
    }

    fn event(&self, row: &Row, name: u32) -> Event {
        let Tape { timeline, symbols, details, .. } = self.tape;
        let text = |value: crate::events::Scalar| value.display(symbols);
        let (first, last) = row.frames;
        let findings = timeline.findings_of(row.number).iter();
        Event {
            frame: last,
            first: (first != last).then_some(first),
            part: row.part,
            at_ns: row.at_ns,
            connection: row.connection,
            out: row.direction == Direction::ClientToServer,
            kind: kind(row.kind),
            name,
            bytes: row.bytes,
            run: row.run,
            thread: row.thread.map(text),
            call: row.call.map(text),
            tool: details.tool(row.number).map(|tool| symbols.text(tool).to_owned()),
            reply_ns: row.reply_ns,
            findings: findings.filter_map(|index| self.findings.get(index).copied()).collect(),
            json: None,
            body: None,
        }
    }

    fn users(&self) -> Vec<User> {
        let connections: HashMap<i64, &Connection> = self
            .facts
            .iter()
            .filter_map(|fact| match fact {
                Fact::Connection(connection) => Some((connection.id, connection)),
                _ => None,
            })
            .collect();
        let line = |line: &crate::analysis::tape::Line| Line {
            connection: line.connection,
            from_ns: line.from_ns,
            to_ns: line.to_ns,
            dropped: self.tape.is_dropped(line),
            refused: line.refused,
            ending: connections.get(&line.connection).map_or_else(String::new, |it| ending(it)),
        };
        let users = self.tape.users.iter();
        users
            .map(|user| User {
                name: user.name.clone(),
                lines: user.lines.iter().map(line).collect(),
                runs: user.runs.clone(),
                worst: user.worst.map(word),
                status: self.connected(user),
            })
            .collect()
    }

    fn run(&self, number: u32) -> Run {
        let tape = self.tape;
        let run = &tape.runs[number as usize];
        let until_ns = tape.until_ns(run);
        // What never ended is at work until the run's end is known.
        let unended = tape.at_work(number).map(|since| (since, until_ns));
        let tools = run.tools.iter().map(|tool| (tool.start, tool.end));
        let findings = run.findings.iter().filter_map(|index| self.findings.get(index).copied());
        Run {
            id: tape.run_id(number),
            user: run.user as u32,
            from_ns: run.from_ns,
            to_ns: run.to_ns,
            until_ns,
            silent_ns: tape.silent_until_ns(number),
            open: run.is_open,
            outcome: tape.outcome_of(number),
            status: self.status(number),
            tools: tools.chain(unended).collect(),
            ghost_ns: tape.ghost_of(run),
            findings: findings.collect(),
            twin: None,
            events: tape.timeline.run(number).map_or_else(Vec::new, |(_, _, rows)| rows.to_vec()),
        }
    }

    /// How a run is.
    fn status(&self, number: u32) -> Status {
        let (tape, run) = (self.tape, &self.tape.runs[number as usize]);
        if let Some(worst) = tape.worst_of(run) {
            let sign = match worst.severity {
                Severity::Error => '✖',
                Severity::Warning => '▲',
                Severity::Info => '●',
            };
            let (code, class) = (worst.code.text(), worst.code.class());
            return (format!("{sign} {code} {class}"), word(worst.severity));
        }
        if run.is_open {
            return ("open".to_owned(), QUIET);
        }
        let outcome = tape.outcome_of(number);
        let role = if outcome == "ok" { QUIET } else { SEVERITIES[0] };
        (format!("{outcome} {}", lasted(run.to_ns - run.from_ns)), role)
    }

    /// How a user's connections are.
    fn connected(&self, user: &crate::analysis::tape::User) -> Status {
        let tape = self.tape;
        let lost = tape.away_ns(user);
        match user.lines.last() {
            _ if lost > 0 => (format!("╳ drop {}", lasted(lost)), SEVERITIES[1]),
            Some(line) if line.refused => ("╳ refused".to_owned(), SEVERITIES[1]),
            Some(line) if tape.is_dropped(line) => ("╳ drop".to_owned(), SEVERITIES[1]),
            Some(line) if line.to_ns.is_some() => ("closed".to_owned(), QUIET),
            _ => ("open at end".to_owned(), QUIET),
        }
    }

    /// The first event of a frame.
    fn event_of(&self, frame: i64) -> Option<u32> {
        self.tape.timeline.rows_of_frame(frame).first().copied()
    }

    fn found(&self, index: usize) -> Found {
        let (tape, finding) = (self.tape, &self.tape.findings[index]);
        let code = finding.code;
        let row = |row: &crate::rules::Row| Excerpt {
            frame: row.frame,
            at_ns: row.at_ns,
            out: row.out,
            event: row.event.clone(),
            detail: row.detail.clone(),
            blamed: row.remark.is_some(),
        };
        Found {
            link: String::new(),
            code: code.text(),
            class: code.class(),
            title: code.title(),
            severity: word(finding.severity),
            at_ns: finding.at_ns,
            message: finding.message.clone(),
            who: finding.user.clone(),
            user: tape.user_of(index).map(|user| user as u32),
            run: tape.run_of(index),
            connection: finding.connection,
            evidence: self.evidence(finding),
            expected: self.ghost(index),
            side: finding.side.map(|side| side.in_words(code)),
            cause: finding
                .cause
                .as_ref()
                .map(|cause| Why { text: cause.text.clone(), event: tape.cause_row(index) }),
            elsewhere: finding.elsewhere.clone(),
            also: finding.also_violates.clone(),
            rule: finding.rule_place(),
            excerpt: finding.rows.iter().map(row).collect(),
        }
    }

    fn evidence(&self, finding: &Finding) -> Vec<Evidence> {
        let expected = finding.expected.as_ref();
        let is_cause = |frame| finding.cause.as_ref().is_some_and(|it| it.frame == Some(frame));
        let role = |frame| match expected {
            _ if is_cause(frame) => "likely cause",
            Some(expected) if expected.after == Some(frame) => "last before the gap",
            Some(expected) if expected.before == Some(frame) => "came instead",
            _ if finding.frames.last() == Some(&frame) => "where it shows",
            _ => "seen before",
        };
        let cause = finding.cause.as_ref().and_then(|cause| cause.frame);
        let mut frames = finding.frames.clone();
        frames.extend(cause.filter(|frame| !finding.frames.contains(frame)));
        let evidence =
            |frame: i64| Evidence { frame, event: self.event_of(frame), role: role(frame) };
        frames.into_iter().map(evidence).collect()
    }

    /// Where the row of what is missing stands: after what it should have followed, and no later
    /// than when it is sure that it will not come.
    fn ghost(&self, index: usize) -> Option<Ghost> {
        let (tape, finding) = (self.tape, &self.tape.findings[index]);
        let expected = finding.expected.as_ref()?;
        let user = tape.user_of(index).and_then(|user| tape.users.get(user));
        let at_ns = user.map_or(finding.at_ns, |user| ghost_ns(&user.lines, finding));
        let by_time = tape.timeline.at(at_ns.saturating_add(1)).unwrap_or(tape.timeline.len());
        let after = expected.after.and_then(|frame| self.event_of(frame)).map_or(0, |row| row + 1);
        let before = expected.before.and_then(|frame| self.event_of(frame));
        let before = before.unwrap_or(tape.timeline.len());
        let letter = tape.symbols.find(&expected.event).map_or('·', |name| tape.letter(name));
        Some(Ghost {
            event: expected.event.clone(),
            letter,
            detail: expected.detail.clone(),
            before: by_time.clamp(after.min(before), before),
            at_ns,
        })
    }

    fn note(note: &Note, sight: &Sight) -> Noted {
        let event = note.first_frame.and_then(|frame| {
            let is_of = |it: &Event| it.first.unwrap_or(it.frame) <= frame && frame <= it.frame;
            sight.events.iter().position(is_of).map(|event| event as u32)
        });
        let code = note.finding.as_deref();
        let about = |found: &&Found| {
            let event = event.is_none_or(|event| {
                found.evidence.iter().any(|evidence| evidence.event == Some(event))
            });
            Some(found.code.as_str()) == code && event
        };
        let finding = sight.findings.iter().position(|found| about(&found));
        let run = note.run.as_ref();
        let run = run.and_then(|run| sight.runs.iter().position(|other| other.id == *run));
        Noted {
            text: note.text.clone(),
            author: note.author.clone(),
            written_ns: note.at_ns,
            event,
            at_ns: note.from_ns,
            finding: finding.map(|at| at as u32),
            run: run.map(|at| at as u32),
        }
    }

    fn gaps(&self) -> Vec<Lost> {
        let gaps = self.facts.iter().filter_map(|fact| match fact {
            Fact::Gap(gap) => Some(gap),
            _ => None,
        });
        gaps.map(|gap| Lost {
            connection: gap.connection,
            from_ns: gap.from_ns,
            to_ns: gap.to_ns,
            frames: gap.frames,
            reason: gap.reason.word(),
        })
        .collect()
    }
}

/// `E102`, `E102.2`, `E102.3`: in the order of time.
fn link(findings: &mut [Found]) {
    let mut seen: HashMap<String, u32> = HashMap::new();
    for found in findings {
        let times = seen.entry(found.code.clone()).or_insert(0);
        *times += 1;
        found.link =
            if *times == 1 { found.code.clone() } else { format!("{}.{times}", found.code) };
    }
}

/// `close 1006 by server`, `eof by client`.
fn ending(connection: &Connection) -> String {
    let Some(ending) = connection.ending else { return String::new() };
    let mut closes = connection.close.iter().flatten();
    let how = match closes.next() {
        Some(close) => close.code.map_or("close".to_owned(), |code| format!("close {code}")),
        None => match connection.status.filter(|_| ending == crate::wire::Ending::Refused) {
            Some(status) => format!("refused {status}"),
            None => ending.word().to_owned(),
        },
    };
    match connection.ended_by {
        Some(by) => format!("{how} by {}", by.word()),
        None => how,
    }
}

/// Of what nothing is to be said.
const QUIET: &str = "dim";

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => SEVERITIES[0],
        Severity::Warning => SEVERITIES[1],
        Severity::Info => SEVERITIES[2],
    }
}

/// What an event was made from, if that is no message.
const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Message => "",
        Kind::Undecodable => "undecodable",
        Kind::Open => "open",
        Kind::Close => "close",
        Kind::Abort => "abort",
        Kind::Refused => "refused",
        Kind::Ping => "ping",
        Kind::Pong => "pong",
        Kind::Gap => "gap",
    }
}
