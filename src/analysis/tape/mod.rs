//! A recording, as far as it was looked at → what screens page through: users, runs, lines, findings.
//!
//! A tape begins empty and grows, whether its file is finished or still being written: there is
//! one way to fill it, and the screen is there from the first moment.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::Counts;
use super::diff::Details;
use super::pulse::Pulse;
use super::timeline::{LaneOf, Timeline};
use crate::events::{Event, Symbol, Symbols, Texts};
use crate::rules::{Finding, Pending, RuleBook, Severity, Status};
use crate::wire::Note;

pub mod causes;
mod idle;
mod lanes;
pub mod mute;

use causes::Group;
use lanes::Index;
pub use lanes::ghost_ns;
use mute::Mute;

/// A recording, as far as it was looked at.
#[derive(Clone, Debug)]
pub struct Tape {
    /// What is known of it as a whole.
    pub about: About,
    /// When it ends or how far it goes, nanoseconds since it started.
    pub end_ns: u64,
    /// All that there is was looked at.
    pub is_whole: bool,
    /// How much was looked at.
    pub counts: Counts,
    /// The rules.
    pub book: Arc<RuleBook>,
    /// The texts of names.
    pub symbols: Symbols,
    /// Events.
    pub timeline: Timeline,
    /// What was found; those taken back keep their place.
    pub findings: Vec<Finding>,
    /// What is waited for.
    pub pending: Vec<Pending>,
    /// What people wrote.
    pub notes: Vec<Note>,
    /// What of the findings is not told, as they wrote.
    pub mutes: Vec<Mute>,
    /// Figures of how it goes.
    pub pulse: Option<Pulse>,
    /// The tools of events.
    pub details: Details,
    /// Rules that are not judged.
    pub unjudged: Vec<String>,
    /// Users and what they did.
    pub users: Vec<User>,
    /// Runs, by their number in the timeline.
    pub runs: Vec<Run>,
    /// Findings in the order of time: indexes.
    pub by_time: Vec<usize>,
    /// Those of them that are more than remarks, or all where there are only remarks.
    pub flagged: Vec<usize>,
    /// Findings, the worst first, then by time.
    pub by_severity: Vec<usize>,
    /// The same, those of one cause together.
    pub groups: Vec<Group>,
    /// How many findings are muted.
    pub muted: usize,
    /// Idle stretches in which no run is open.
    pub idle: Vec<Range<u64>>,
    index: Index,
    /// Findings that there were when they were put together.
    grouped_of: usize,
    /// Events that there were when the idle stretches were found.
    idle_of: u32,
    letters: HashMap<Symbol, char>,
}

/// What is new since the last one.
#[derive(Clone, Debug, Default)]
pub struct Growth {
    /// Other rules fit, and all of this is by them: what is known by then is forgotten. And why.
    pub anew: Option<(Arc<RuleBook>, String)>,
    /// The next events.
    pub events: Vec<Event>,
    /// Texts that are new in them.
    pub texts: Texts,
    /// Findings that are new, or changed, by their index.
    pub findings: Vec<(usize, Finding)>,
    /// The findings above are all that there are, and have new numbers.
    pub findings_anew: bool,
    /// As of [`Tape::pending`]; `None`: as before.
    pub pending: Option<Vec<Pending>>,
    /// As of [`Tape::notes`]; `None`: as before.
    pub notes: Option<Vec<Note>>,
    /// As of [`Tape::pulse`]; `None`: as before.
    pub pulse: Option<Box<Pulse>>,
    /// As of [`Tape::unjudged`].
    pub unjudged: Vec<String>,
    /// As of [`Tape::counts`].
    pub counts: Counts,
    /// As of [`Tape::end_ns`]; it never shrinks.
    pub end_ns: u64,
    /// As of [`About::state`], if it has changed.
    pub state: Option<&'static str>,
    /// As of [`Tape::is_whole`].
    pub is_whole: bool,
    /// The recording can't be read on: why.
    pub failed: Option<String>,
}

/// A user: a lane with its runs under it.
#[derive(Clone, Debug)]
pub struct User {
    /// The name, or `conn 3`.
    pub name: String,
    /// Its rows.
    pub of: LaneOf,
    /// When connected, in order.
    pub lines: Vec<Line>,
    /// Its runs, in the order of their beginnings.
    pub runs: Vec<u32>,
    /// The worst of its findings.
    pub worst: Option<Severity>,
}

/// One connection's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub connection: i64,
    /// From when.
    pub from_ns: u64,
    /// Until when; `None`: to the end.
    pub to_ns: Option<u64>,
    /// It broke.
    pub dropped: bool,
    /// The row of its end.
    pub end_row: Option<u32>,
    /// It never came to be.
    pub refused: bool,
}

/// One run: a lane.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Whose: an index of [`Tape::users`].
    pub user: usize,
    /// From its first event.
    pub from_ns: u64,
    /// To its last event.
    pub to_ns: u64,
    /// More of it is waited for.
    pub is_open: bool,
    /// When tools were at work, in order, without overlaps.
    pub tools: Vec<Range<u64>>,
    /// Findings about it: indexes.
    pub findings: Vec<usize>,
}

/// What is known of a recording as a whole.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Its name.
    pub name: String,
    /// The server's URL, without secrets.
    pub upstream: String,
    /// When it started, nanoseconds since the epoch.
    pub started_ns: i64,
    /// `live`, `finished`, `interrupted`.
    pub state: &'static str,
    /// How far it goes, as far as is known before it is looked at: nanoseconds since it started.
    pub end_ns: u64,
    /// Frames in it, as far as is known before it is looked at.
    pub frames: u64,
    /// Why these rules.
    pub chosen: String,
}

impl Tape {
    /// Of a recording of which nothing was looked at yet.
    pub fn new(about: About, book: Arc<RuleBook>) -> Self {
        Self {
            end_ns: about.end_ns.max(1),
            is_whole: false,
            counts: Counts::default(),
            symbols: Symbols::default(),
            timeline: Timeline::new(&book.reading),
            findings: Vec::new(),
            pending: Vec::new(),
            notes: Vec::new(),
            mutes: Vec::new(),
            pulse: None,
            details: Details::new(&book.reading),
            unjudged: Vec::new(),
            users: Vec::new(),
            runs: Vec::new(),
            by_time: Vec::new(),
            flagged: Vec::new(),
            by_severity: Vec::new(),
            groups: Vec::new(),
            muted: 0,
            idle: Vec::new(),
            index: Index::default(),
            grouped_of: 0,
            idle_of: 0,
            letters: HashMap::new(),
            about,
            book,
        }
    }

    /// Takes what is new.
    pub fn grow(&mut self, mut growth: Growth) {
        if let Some((book, chosen)) = growth.anew.take() {
            let fresh = Self::new(About { chosen, ..self.about.clone() }, book);
            let before = std::mem::replace(self, fresh);
            (self.notes, self.mutes, self.end_ns) = (before.notes, before.mutes, before.end_ns);
        }
        if !growth.texts.is_empty() {
            self.symbols.follow(&growth.texts);
            let letters = self.book.letters.iter();
            let letters = letters.filter_map(|(name, to)| Some((self.symbols.find(name)?, *to)));
            self.letters = letters.collect();
            self.index.ends_of(&self.book, &self.symbols);
        }
        for event in &growth.events {
            let number = self.timeline.len();
            self.timeline.append(event);
            self.details.append(event);
            if let Some(row) = self.timeline.row(number) {
                self.place(&row);
            }
        }
        self.end_ns = self.end_ns.max(growth.end_ns);
        self.counts = growth.counts;
        self.unjudged = growth.unjudged;
        if growth.findings_anew || !growth.findings.is_empty() {
            self.find(growth.findings, growth.findings_anew);
        }
        if let Some(pending) = growth.pending {
            self.wait_for(pending);
        }
        if let Some(notes) = growth.notes {
            self.annotate(notes);
        }
        if let Some(pulse) = growth.pulse {
            self.pulse = Some(*pulse);
        }
        self.is_whole |= growth.is_whole;
        self.about.state = growth.state.unwrap_or(self.about.state);
        // Where the folds are changes seldom, so that nothing jumps while it grows.
        if growth.is_whole || u64::from(self.timeline.len()) * 4 > u64::from(self.idle_of) * 5 {
            self.idle_of = self.timeline.len();
            self.idle = idle::stretches(self);
        }
    }

    /// Takes what people wrote, all of it.
    pub fn annotate(&mut self, notes: Vec<Note>) {
        self.notes = notes;
        let mutes = mute::all(&self.notes);
        if mutes != self.mutes {
            self.mutes = mutes;
            let findings = std::mem::take(&mut self.findings);
            self.find(findings.into_iter().enumerate().collect(), true);
        }
    }

    /// A finding that is told: not taken back, and not muted.
    pub fn is_told(&self, finding: &Finding) -> bool {
        is_told(&self.mutes, finding)
    }

    /// Findings, and the lanes they are about.
    fn find(&mut self, findings: Vec<(usize, Finding)>, anew: bool) {
        let taken_back = findings.iter().any(|(_, finding)| finding.status == Status::Withdrawn);
        let first = if anew { 0 } else { self.findings.len() };
        if anew {
            self.findings.clear();
        }
        for (index, finding) in findings {
            match self.findings.get_mut(index) {
                Some(known) => *known = finding,
                None => self.findings.push(finding),
            }
        }
        if anew || taken_back {
            self.timeline.unsettle();
            self.forget_blame();
            self.blame(0);
        } else {
            self.blame(first);
        }
        let Self { timeline, mutes, .. } = self;
        timeline.settle_some(&self.findings, &|finding| is_told(mutes, finding));
        let is_told = |index: &usize| self.is_told(&self.findings[*index]);
        self.by_time = (0..self.findings.len()).filter(is_told).collect();
        let stands = |finding: &&Finding| finding.status != Status::Withdrawn;
        self.muted = self.findings.iter().filter(stands).count() - self.by_time.len();
        self.by_time.sort_by_key(|index| self.findings[*index].at_ns);
        let bad = |index: &usize| self.findings[*index].severity > Severity::Info;
        self.flagged = self.by_time.iter().copied().filter(bad).collect();
        if self.flagged.is_empty() {
            self.flagged.clone_from(&self.by_time);
        }
        self.by_severity.clone_from(&self.by_time);
        self.by_severity.sort_by_key(|index| std::cmp::Reverse(self.findings[*index].severity));
        // While a file is looked through there are new ones at every turn: a quarter more is worth it.
        let is_worth_it = self.by_time.len() * 4 > self.grouped_of * 5;
        if anew || is_worth_it || self.about.state == "live" {
            self.grouped_of = self.by_time.len();
            self.groups = causes::groups(self);
        }
    }

    /// The letter of an event's name; `·` where the rules give none.
    pub fn letter(&self, name: Symbol) -> char {
        self.letters.get(&name).copied().unwrap_or('·')
    }

    /// Letters with the names they stand for, in the rules' order.
    pub fn legend(&self) -> impl Iterator<Item = (char, &str)> {
        let letters = self.book.letters.iter();
        letters
            .filter(|(name, _)| self.symbols.find(name).is_some())
            .map(|(name, letter)| (*letter, name.as_str()))
    }

    /// How many findings are this bad.
    pub fn count(&self, severity: Severity) -> usize {
        self.by_time.iter().filter(|index| self.findings[**index].severity == severity).count()
    }

    /// Users who were there: who was only ever turned away has a lane, and is no user.
    pub fn people(&self) -> usize {
        let was_in = |user: &&User| user.lines.iter().any(|line| !line.refused);
        self.users.iter().filter(|user| !user.runs.is_empty() || was_in(user)).count()
    }

    /// Whether events of this name are about a tool's call, by the rules.
    pub fn is_of_a_tool(&self, name: Symbol) -> bool {
        self.index.is_of_a_call(name)
    }

    /// Whether an event of this name ends a run, by the rules.
    pub fn ends_a_run(&self, name: Symbol) -> bool {
        self.index.is_an_end(name)
    }

    /// Since when tools are at work in a run.
    pub fn at_work(&self, run: u32) -> impl Iterator<Item = u64> + '_ {
        self.index.at_work(run).iter().map(|(_, since)| *since)
    }

    /// The run that a finding is about.
    pub fn run_of(&self, finding: usize) -> Option<u32> {
        self.index.run_of(finding)
    }

    /// The user that a finding is about: an index.
    pub fn user_of(&self, finding: usize) -> Option<usize> {
        if let Some(run) = self.run_of(finding) {
            return Some(self.runs.get(run as usize)?.user);
        }
        let finding = self.findings.get(finding)?;
        let named = finding.user.as_ref().and_then(|name| self.index.user(name));
        named.or_else(|| self.index.user_on(finding.connection?))
    }

    /// The row that shows why: of the cause's frame, or of the end of the finding's connection,
    /// where that is the cause and has no frame.
    pub fn cause_row(&self, finding: usize) -> Option<u32> {
        let finding = self.findings.get(finding)?;
        let cause = finding.cause.as_ref()?;
        if let Some(frame) = cause.frame {
            return self.timeline.rows_of_frame(frame).first().copied();
        }
        self.end_row(finding.connection?)
    }

    /// The row of a connection's end.
    pub fn end_row(&self, connection: i64) -> Option<u32> {
        let user = self.users.get(self.index.user_on(connection)?)?;
        user.lines.iter().find(|line| line.connection == connection)?.end_row
    }

    /// A run's whole id.
    pub fn run_id(&self, run: u32) -> String {
        self.timeline.run(run).map_or_else(String::new, |(id, _, _)| id.display(&self.symbols))
    }

    /// How a run ended, by the name of its last event: `ok` or `failed`.
    pub fn outcome_of(&self, run: u32) -> &'static str {
        let rows = self.timeline.run(run).map_or(&[][..], |(_, _, rows)| rows);
        let names = rows.iter().rev().filter_map(|row| self.timeline.row(*row));
        let names = names.map(|row| self.symbols.text(row.name));
        self.book.run_scope().map_or("ok", |scope| scope.outcome(names))
    }

    /// The worst finding about a run, the first of them.
    pub fn worst_of(&self, run: &Run) -> Option<&Finding> {
        let findings = run.findings.iter().filter_map(|finding| self.findings.get(*finding));
        findings.rev().max_by_key(|finding| finding.severity)
    }

    /// Where something is missing from a run.
    pub fn ghost_of(&self, run: &Run) -> Option<u64> {
        let lines = self.users.get(run.user).map_or(&[][..], |user| &user.lines);
        let findings = run.findings.iter().filter_map(|finding| self.findings.get(*finding));
        let missing =
            findings.filter(|it| matches!(it.code.class(), "missing" | "lost" | "stalled"));
        let ghosts = missing.map(|finding| ghost_ns(lines, finding).max(run.from_ns + 1));
        ghosts.min()
    }

    /// Whether a connection broke, or was closed for a reason worth a finding.
    pub fn is_dropped(&self, line: &Line) -> bool {
        let end = line.end_row.and_then(|row| self.timeline.row(row));
        line.dropped || !line.refused && end.is_some_and(|row| row.worst().is_some())
    }

    /// How long a user was away between lines that broke and the next ones.
    pub fn away_ns(&self, user: &User) -> u64 {
        let broken = user.lines.windows(2).filter(|pair| self.is_dropped(&pair[0]));
        broken.filter_map(|pair| pair[1].from_ns.checked_sub(pair[0].to_ns?)).sum()
    }

    /// How long nothing came where something was due: to this user's next run, or its last line's
    /// end.
    pub fn silent_until_ns(&self, number: u32) -> u64 {
        let Some(run) = self.runs.get(number as usize) else { return 0 };
        let until_ns = self.until_ns(run);
        let Some(user) = self.users.get(run.user) else { return until_ns };
        let here = user.runs.iter().position(|other| *other == number);
        let next = here.and_then(|here| user.runs.get(here + 1));
        let next = next.and_then(|next| self.runs.get(*next as usize)).map(|next| next.from_ns);
        let closed = user.lines.last().and_then(|line| line.to_ns).unwrap_or(self.end_ns);
        next.unwrap_or(u64::MAX).min(closed).max(until_ns)
    }

    /// How long a run was open: to its last event, or on to where it was given up, or to now.
    pub fn until_ns(&self, run: &Run) -> u64 {
        let until = if run.is_open { self.end_ns.max(run.to_ns) } else { run.to_ns };
        if run.findings.is_empty() {
            return until;
        }
        self.ghost_of(run).map_or(until, |ghost| ghost.max(until))
    }
}

fn is_told(mutes: &[Mute], finding: &Finding) -> bool {
    finding.status != Status::Withdrawn && !mutes.iter().any(|mute| mute.holds(finding))
}
