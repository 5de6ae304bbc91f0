//! A recording that was looked at → what screens page through: users, runs, lines, findings.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::lanes;
use crate::analysis::Analysis;
use crate::analysis::timeline::{LaneOf, Timeline};
use crate::events::{Symbol, Symbols};
use crate::rules::{Finding, Severity};

/// Idle time shorter than this is never folded (ux.md, 3.1).
const IDLE_NS: u64 = 2_000_000_000;

/// Idle time is folded only if it is so many times what lies between events at the median.
const IDLE_TIMES: u64 = 10;

/// Gaps between events that the median is taken of; more say the same.
const GAPS: u32 = 10_000;

/// A recording, all of it looked at.
#[derive(Clone, Debug)]
pub struct Tape {
    /// Its name.
    pub name: String,
    /// The server's URL, without secrets.
    pub upstream: String,
    /// When it started, nanoseconds since the epoch.
    pub started_ns: i64,
    /// `live`, `finished`, `interrupted`.
    pub state: &'static str,
    /// When it ended, nanoseconds since it started.
    pub end_ns: u64,
    /// Why these rules.
    pub chosen: String,
    /// Findings, names, rules.
    pub analysis: Arc<Analysis>,
    /// Events.
    pub timeline: Arc<Timeline>,
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
    /// Idle stretches in which no run is open.
    pub idle: Vec<Range<u64>>,
    letters: HashMap<Symbol, char>,
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
    /// It broke, or was closed for a reason worth a finding.
    pub dropped: bool,
    /// The row of its end.
    pub end_row: Option<u32>,
    /// It never came to be.
    pub refused: bool,
}

/// One run: a lane.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Its whole id.
    pub id: String,
    /// Whose: an index of [`Tape::users`].
    pub user: usize,
    /// From its first event.
    pub from_ns: u64,
    /// To its last event.
    pub to_ns: u64,
    /// How long it was open: to its last event, or on to where it was given up.
    pub until_ns: u64,
    /// When tools were at work, in order, without overlaps.
    pub tools: Vec<Range<u64>>,
    /// Findings about it: indexes.
    pub findings: Vec<usize>,
    /// The worst of them.
    pub worst: Option<Severity>,
    /// What the end of its lane says.
    pub status: String,
    /// Where something is missing.
    pub ghost_ns: Option<u64>,
}

/// What is known of a recording as a whole.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// As of [`Tape::name`].
    pub name: String,
    /// As of [`Tape::upstream`].
    pub upstream: String,
    /// As of [`Tape::started_ns`].
    pub started_ns: i64,
    /// As of [`Tape::state`].
    pub state: &'static str,
    /// When it was finished, if it was.
    pub finished_ns: Option<u64>,
    /// As of [`Tape::chosen`].
    pub chosen: String,
}

impl Tape {
    /// Of a recording, all of it looked at.
    pub fn new(about: About, analysis: Arc<Analysis>, timeline: Arc<Timeline>) -> Self {
        let last = timeline.len().checked_sub(1).and_then(|last| timeline.row(last));
        let end_ns = about.finished_ns.unwrap_or(0).max(last.map_or(0, |row| row.at_ns)).max(1);
        let symbols = analysis.symbols();
        let letters = analysis.engine().book().letters.iter();
        let letters = letters.filter_map(|(name, letter)| Some((symbols.find(name)?, *letter)));
        let letters = letters.collect();
        let findings = analysis.engine().findings();
        let mut by_time: Vec<usize> = (0..findings.len()).collect();
        by_time.sort_by_key(|index| findings[*index].at_ns);
        let bad = |index: &usize| findings[*index].severity > Severity::Info;
        let mut flagged: Vec<usize> = by_time.iter().copied().filter(bad).collect();
        if flagged.is_empty() {
            flagged.clone_from(&by_time);
        }
        let mut by_severity = by_time.clone();
        by_severity.sort_by_key(|index| std::cmp::Reverse(findings[*index].severity));
        let (users, runs) = lanes::gather(&analysis, &timeline, end_ns);
        let idle = idle(&timeline, &runs, end_ns);
        let About { name, upstream, started_ns, state, chosen, .. } = about;
        Self {
            name,
            upstream,
            started_ns,
            state,
            end_ns,
            chosen,
            analysis,
            timeline,
            users,
            runs,
            by_time,
            flagged,
            by_severity,
            idle,
            letters,
        }
    }

    /// All findings.
    pub fn findings(&self) -> &[Finding] {
        self.analysis.engine().findings()
    }

    /// The texts of names.
    pub fn symbols(&self) -> &Symbols {
        self.analysis.symbols()
    }

    /// The letter of an event's name; `·` where the rules give none.
    pub fn letter(&self, name: Symbol) -> char {
        self.letters.get(&name).copied().unwrap_or('·')
    }

    /// Letters with the names they stand for, in the rules' order.
    pub fn legend(&self) -> impl Iterator<Item = (char, &str)> {
        let letters = self.analysis.engine().book().letters.iter();
        letters
            .filter(|(name, _)| self.symbols().find(name).is_some())
            .map(|(n, c)| (*c, n.as_str()))
    }

    /// How many findings are this bad.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings().iter().filter(|finding| finding.severity == severity).count()
    }

    /// The run that a finding is about.
    pub fn run_of(&self, finding: usize) -> Option<u32> {
        let runs = self.runs.iter().enumerate();
        let mut about = runs.filter(|(_, run)| run.findings.contains(&finding));
        about.next().map(|(number, _)| number as u32)
    }

    /// The user that a finding is about: an index.
    pub fn user_of(&self, finding: usize) -> Option<usize> {
        if let Some(run) = self.run_of(finding) {
            return Some(self.runs.get(run as usize)?.user);
        }
        let finding = self.findings().get(finding)?;
        let named = |user: &User| Some(&user.name) == finding.user.as_ref();
        let on =
            |user: &User| user.lines.iter().any(|line| Some(line.connection) == finding.connection);
        self.users.iter().position(named).or_else(|| self.users.iter().position(on))
    }

    /// The row that shows why: of the cause's frame, or of the end of the finding's connection,
    /// where that is the cause and has no frame.
    pub fn cause_row(&self, finding: usize) -> Option<u32> {
        let finding = self.findings().get(finding)?;
        let cause = finding.cause.as_ref()?;
        if let Some(frame) = cause.frame {
            return self.timeline.rows_of_frame(frame).first().copied();
        }
        let lines = self.users.iter().flat_map(|user| &user.lines);
        let mut line = lines.filter(|line| Some(line.connection) == finding.connection);
        line.next()?.end_row
    }
}

/// Stretches between two events in which no run is open.
fn idle(timeline: &Timeline, runs: &[Run], end_ns: u64) -> Vec<Range<u64>> {
    if timeline.is_empty() {
        return Vec::new();
    }
    let step = (timeline.len() / GAPS).max(1);
    let mut gaps: Vec<u64> = (1..timeline.len())
        .step_by(step as usize)
        .filter_map(|row| Some((timeline.row(row)?.at_ns, timeline.row(row - 1)?.at_ns)))
        .map(|(at, before)| at.saturating_sub(before))
        .collect();
    gaps.sort_unstable();
    let median = gaps.get(gaps.len() / 2).copied().unwrap_or(0);
    let least = IDLE_NS.max(median.saturating_mul(IDLE_TIMES));
    let mut open: Vec<Range<u64>> =
        runs.iter().map(|run| run.from_ns..run.until_ns.max(run.from_ns)).collect();
    open.sort_unstable_by_key(|open| open.start);
    let (mut idle, mut at) = (Vec::new(), 0);
    for open in open.into_iter().chain(std::iter::once(end_ns..end_ns)) {
        if open.start > at {
            quiet(timeline, at..open.start, least, &mut idle);
        }
        at = at.max(open.end);
    }
    idle
}

/// Stretches of `between`, in which no run is open, without an event of any other kind.
fn quiet(timeline: &Timeline, between: Range<u64>, least: u64, idle: &mut Vec<Range<u64>>) {
    if between.end - between.start < least {
        return;
    }
    let mut at = between.start;
    let rows = timeline.at(between.start).unwrap_or(timeline.len())..timeline.len();
    let times = rows.filter_map(|row| timeline.row(row)).map(|row| row.at_ns);
    for time in times.take_while(|time| *time < between.end).chain([between.end]) {
        if time.saturating_sub(at) > least {
            // An event at either side stays on the screen.
            idle.push(at + 1..time);
        }
        at = at.max(time);
    }
}
