//! Rows and findings → users, their lines, and their runs: what the lanes show.

use std::collections::HashMap;
use std::ops::Range;

use super::{Line, Run, Tape, User};
use crate::analysis::timeline::{LaneOf, Row};
use crate::events::{Kind, Scalar, Symbol, Symbols};
use crate::rules::{Finding, Pattern, Pending, RuleBook, Severity};

/// Calls of one run whose ends are waited for; those beyond draw no bar.
const MOST_OPEN: usize = 1000;

/// Where a user, a connection and a finding have their lane.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// By name: the first of that name.
    users: HashMap<String, usize>,
    /// By connection: whose it is, as far as was said.
    lines: HashMap<i64, (usize, Option<Scalar>)>,
    /// By run: the calls that are open in it, and since when. Few runs have any.
    at_work: HashMap<u32, Vec<(Option<Scalar>, u64)>>,
    /// By finding.
    blamed: Vec<Option<u32>>,
    /// Names of events that end a run.
    ends: Vec<Symbol>,
    /// Names of events that begin and end a tool call.
    opens: Vec<Symbol>,
    closes: Vec<Symbol>,
    /// Names of all events of one.
    calls: Vec<Symbol>,
}

impl Index {
    pub(super) fn user(&self, name: &str) -> Option<usize> {
        self.users.get(name).copied()
    }

    pub(super) fn user_on(&self, connection: i64) -> Option<usize> {
        self.lines.get(&connection).map(|(user, _)| *user)
    }

    pub(super) fn at_work(&self, run: u32) -> &[(Option<Scalar>, u64)] {
        self.at_work.get(&run).map_or(&[], Vec::as_slice)
    }

    pub(super) fn run_of(&self, finding: usize) -> Option<u32> {
        self.blamed.get(finding).copied().flatten()
    }

    pub(super) fn is_of_a_call(&self, name: Symbol) -> bool {
        self.calls.contains(&name)
    }

    pub(super) fn is_an_end(&self, name: Symbol) -> bool {
        self.ends.contains(&name)
    }

    /// A call of a run has ended: since when it was open.
    fn close(&mut self, run: u32, call: Option<Scalar>) -> Option<u64> {
        let at_work = self.at_work.get_mut(&run)?;
        let same = at_work.iter().position(|(open, _)| *open == call)?;
        let (_, since) = at_work.remove(same);
        if at_work.is_empty() {
            self.at_work.remove(&run);
        }
        Some(since)
    }

    /// Learns which events end a run, and which begin and end a tool call, by the rules.
    pub(super) fn ends_of(&mut self, book: &RuleBook, symbols: &Symbols) {
        let ends = book.run_scope().into_iter().flat_map(|scope| &scope.end);
        self.ends = ends.filter_map(|name| symbols.find(name)).collect();
        let subs = book.lifecycles.iter().flat_map(|lifecycle| &lifecycle.subs);
        let mut tools = subs.filter(|sub| matches!(sub.name.as_str(), "tool" | "call"));
        let Some(tool) = tools.next().map(|sub| &sub.pattern) else { return };
        self.calls = tool.names().into_iter().filter_map(|name| symbols.find(name)).collect();
        let Pattern::Sequence(parts) = tool else { return };
        let is_due = |part: &&Pattern| !matches!(part, Pattern::Repeat { min: 0, .. });
        let names = |part: Option<&Pattern>| {
            let names = part.map_or_else(Vec::new, Pattern::names);
            names.into_iter().filter_map(|name| symbols.find(name)).collect()
        };
        self.opens = names(parts.iter().find(is_due));
        self.closes = names(parts.iter().rfind(is_due));
    }
}

impl Tape {
    /// Puts a row into its lanes.
    pub(super) fn place(&mut self, row: &Row) {
        if row.connection > 0 {
            let said = self.timeline.user_of(row.connection);
            match self.index.lines.get(&row.connection) {
                Some((user, known)) if *known == said => {
                    let lines = &mut self.users[*user].lines;
                    // Most is said on the newest one.
                    let line = lines.iter_mut().rfind(|line| line.connection == row.connection);
                    if let Some(line) = line {
                        connect(line, row);
                    }
                }
                Some(_) => {
                    self.name(row.connection, said);
                    return self.place(row);
                }
                None => self.begin_line(row, said),
            }
        }
        if let Some(run) = row.run {
            self.place_in_run(row, run);
        }
    }

    /// A connection's first row.
    fn begin_line(&mut self, row: &Row, said: Option<Scalar>) {
        let user = self.user_named(row.connection, said);
        let refused = row.kind == Kind::Refused;
        self.users[user].lines.push(Line {
            connection: row.connection,
            from_ns: row.at_ns,
            to_ns: refused.then_some(row.at_ns),
            dropped: false,
            end_row: refused.then_some(row.number),
            refused,
        });
        self.index.lines.insert(row.connection, (user, said));
    }

    /// The lane of whoever has a connection, made if it is not there.
    fn user_named(&mut self, connection: i64, said: Option<Scalar>) -> usize {
        let name = self.timeline.user_name(connection, &self.symbols);
        let next = self.users.len();
        let user = *self.index.users.entry(name.clone()).or_insert(next);
        if user == next {
            let of = self.lane_of(connection, said);
            self.users.push(User { name, of, lines: Vec::new(), runs: Vec::new(), worst: None });
        }
        user
    }

    fn lane_of(&self, connection: i64, said: Option<Scalar>) -> LaneOf {
        let number = said.and_then(|user| self.timeline.user_number(user));
        number.map_or(LaneOf::Connection(connection), LaneOf::User)
    }

    /// It is said now whose a connection is: what was on its lane is theirs.
    fn name(&mut self, connection: i64, said: Option<Scalar>) {
        let Some((before, _)) = self.index.lines.get(&connection).copied() else { return };
        let name = self.timeline.user_name(connection, &self.symbols);
        self.index.lines.insert(connection, (before, said));
        let Some(known) = self.index.users.get(&name).copied() else {
            // The lane keeps its place, and gets the name.
            let old = std::mem::replace(&mut self.users[before].name, name.clone());
            self.users[before].of = self.lane_of(connection, said);
            self.index.users.remove(&old);
            self.index.users.insert(name, before);
            return;
        };
        let lines = std::mem::take(&mut self.users[before].lines);
        let runs = std::mem::take(&mut self.users[before].runs);
        self.users[known].lines.extend(lines);
        self.users[known].lines.sort_by_key(|line| line.from_ns);
        for run in &runs {
            self.runs[*run as usize].user = known;
        }
        self.users[known].runs.extend(runs);
        let begins = |run: &u32| self.runs[*run as usize].from_ns;
        self.users[known].runs.sort_by_key(begins);
        self.index.lines.insert(connection, (known, said));
    }

    fn place_in_run(&mut self, row: &Row, number: u32) {
        let at = number as usize;
        if at >= self.runs.len() {
            let Some((_, connection, _)) = self.timeline.run(number) else { return };
            let user = self.index.user_on(connection).unwrap_or(0);
            if let Some(user) = self.users.get_mut(user) {
                user.runs.push(number);
            }
            let is_open = !self.index.ends.is_empty();
            let at_ns = row.at_ns;
            if self.runs.len() == self.runs.capacity() {
                // They are the most there is of anything but rows: doubling would waste megabytes.
                self.runs.reserve_exact((self.runs.len() / 4).max(16));
            }
            self.runs.push(Run { user, from_ns: at_ns, to_ns: at_ns, is_open, ..Run::default() });
        }
        let Some(run) = self.runs.get_mut(at) else { return };
        run.to_ns = run.to_ns.max(row.at_ns);
        run.is_open &= !self.index.ends.contains(&row.name);
        if self.index.opens.contains(&row.name) {
            let at_work = self.index.at_work.entry(number).or_default();
            if at_work.len() < MOST_OPEN {
                at_work.push((row.call, row.at_ns));
            }
        } else if self.index.closes.contains(&row.name)
            && let Some(since) = self.index.close(number, row.call)
        {
            add(&mut run.tools, since..row.at_ns);
        }
    }

    /// What is waited for, and by which runs.
    pub(super) fn wait_for(&mut self, pending: Vec<Pending>) {
        for run in &mut self.runs {
            run.is_open = false;
        }
        for open in &pending {
            let run = self.run_named(open.user.as_deref(), open.run.as_deref());
            if let Some(run) = run.and_then(|run| self.runs.get_mut(run as usize)) {
                run.is_open = true;
            }
        }
        self.pending = pending;
    }

    /// A user's run, by both names.
    fn run_named(&self, user: Option<&str>, run: Option<&str>) -> Option<u32> {
        let (user, run) = (self.index.user(user?)?, run?);
        let text = self.symbols.find(run).map(Scalar::Text);
        let of = self.users.get(user)?.of;
        let known = text.and_then(|id| self.timeline.run_of(of, id));
        known.or_else(|| {
            // Ids that are no text are few.
            let runs = self.users.get(user)?.runs.iter().copied();
            let mut others = runs.filter(|other| {
                let id = self.timeline.run(*other).map(|(id, _, _)| id);
                id.is_some_and(|id| {
                    !matches!(id, Scalar::Text(_)) && id.display(&self.symbols) == run
                })
            });
            others.next()
        })
    }

    /// No finding is about anyone any more.
    pub(super) fn forget_blame(&mut self) {
        self.index.blamed.clear();
        self.runs.iter_mut().for_each(|run| run.findings.clear());
        self.users.iter_mut().for_each(|user| user.worst = None);
    }

    /// Findings from this one on, to the lanes they are about.
    pub(super) fn blame(&mut self, first: usize) {
        for index in first..self.findings.len() {
            let finding = &self.findings[index];
            let (severity, stands) = (finding.severity, self.is_told(finding));
            let run = self.run_named(finding.user.as_deref(), finding.run.as_deref());
            let run = run.filter(|_| stands);
            self.index.blamed.resize(index, None);
            self.index.blamed.push(run);
            let user = if stands { self.user_of(index) } else { None };
            if let Some(run) = run.and_then(|run| self.runs.get_mut(run as usize)) {
                run.findings.push(index);
            }
            if let Some(user) = user.and_then(|user| self.users.get_mut(user)) {
                user.worst = user.worst.max(Some::<Severity>(severity));
            }
        }
    }
}

/// What a row tells of its connection.
fn connect(line: &mut Line, row: &Row) {
    match row.kind {
        Kind::Close | Kind::Abort if line.to_ns.is_none() => {
            line.to_ns = Some(row.at_ns);
            line.end_row = Some(row.number);
            line.dropped = row.kind == Kind::Abort;
        }
        Kind::Abort => line.dropped = true,
        _ => {}
    }
}

/// Adds a span to spans that do not overlap, and are in order.
fn add(spans: &mut Vec<Range<u64>>, span: Range<u64>) {
    // What ends now began after all but the last few.
    let from = spans.iter().rposition(|known| known.end < span.start).map_or(0, |at| at + 1);
    let mut merged = span;
    for known in spans.drain(from..) {
        merged = merged.start.min(known.start)..merged.end.max(known.end);
    }
    if spans.len() == spans.capacity() {
        // Most runs have one or two, and there are many runs.
        spans.reserve_exact((spans.len() / 4).max(1));
    }
    spans.push(merged);
}

/// When it is sure that what is missing will not come: when its connection ended, where that was
/// after the last that came.
pub fn ghost_ns(lines: &[Line], finding: &Finding) -> u64 {
    let mut on = lines.iter().filter(|line| Some(line.connection) == finding.connection);
    let ended = on.next().and_then(|line| line.to_ns);
    ended.map_or(finding.at_ns, |ended| ended.max(finding.at_ns))
}
