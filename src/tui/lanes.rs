//! Events and findings → users, their lines, and their runs: what the lanes show.

use std::collections::HashMap;
use std::ops::Range;

use super::measure;
use super::tape::{Line, Run, User};
use crate::analysis::Analysis;
use crate::analysis::timeline::{LaneOf, Row, Timeline};
use crate::events::{Kind, Scalar};
use crate::rules::{Finding, Pattern, RuleBook, Severity};

/// Calls of one run whose ends are waited for; those beyond draw no bar.
const MOST_OPEN: usize = 1000;

/// Over so many users, those with findings come first (ux.md, 3.11).
const MOST_IN_ORDER: usize = 200;

/// Users in the order in which they came, and runs by their number.
pub(super) fn gather(
    analysis: &Analysis,
    timeline: &Timeline,
    end_ns: u64,
) -> (Vec<User>, Vec<Run>) {
    let mut users = users(analysis, timeline);
    let mut index: HashMap<String, usize> = HashMap::new();
    for (at, user) in users.iter().enumerate() {
        index.entry(user.name.clone()).or_insert(at);
    }
    let ends = Ends::of(analysis.engine().book());
    let mut runs: Vec<Run> = Vec::new();
    for number in 0..timeline.run_count() {
        let run = run(analysis, timeline, number, &ends).unwrap_or_default();
        let connection = timeline.run(number).map_or(0, |(_, connection, _)| connection);
        let user = index.get(&timeline.user_name(connection, analysis.symbols())).copied();
        let user = user.unwrap_or(0);
        if let Some(user) = users.get_mut(user) {
            user.runs.push(number);
        }
        runs.push(Run { user, ..run });
    }
    blame(analysis, &mut users, &mut runs, end_ns);
    for user in &mut users {
        user.runs.sort_by_key(|run| runs[*run as usize].from_ns);
    }
    if users.len() > MOST_IN_ORDER {
        let mut order: Vec<usize> = (0..users.len()).collect();
        order.sort_by_key(|at| std::cmp::Reverse(users[*at].worst));
        let mut place = vec![0; users.len()];
        for (to, from) in order.iter().enumerate() {
            place[*from] = to;
        }
        for run in &mut runs {
            run.user = place.get(run.user).copied().unwrap_or(0);
        }
        users = order.into_iter().map(|at| users[at].clone()).collect();
    }
    (users, runs)
}

/// By name: a person, or a connection of whom nothing says who it is.
fn users(analysis: &Analysis, timeline: &Timeline) -> Vec<User> {
    let symbols = analysis.symbols();
    let of: HashMap<Scalar, LaneOf> =
        timeline.users().map(|(number, user, _)| (user, LaneOf::User(number))).collect();
    let mut users: Vec<User> = Vec::new();
    let mut index: HashMap<String, usize> = HashMap::new();
    let mut places: HashMap<i64, (usize, usize)> = HashMap::new();
    for row in timeline.page(None, usize::MAX).filter(|row| row.connection > 0) {
        if let Some((user, line)) = places.get(&row.connection) {
            connect(&mut users[*user].lines[*line], &row);
            continue;
        }
        let name = timeline.user_name(row.connection, symbols);
        let at = *index.entry(name.clone()).or_insert_with(|| {
            let user = timeline.user_of(row.connection);
            let of = user.and_then(|user| of.get(&user).copied());
            let of = of.unwrap_or(LaneOf::Connection(row.connection));
            users.push(User { name, of, lines: Vec::new(), runs: Vec::new(), worst: None });
            users.len() - 1
        });
        places.insert(row.connection, (at, users[at].lines.len()));
        let refused = row.kind == Kind::Refused;
        users[at].lines.push(Line {
            connection: row.connection,
            from_ns: row.at_ns,
            to_ns: refused.then_some(row.at_ns),
            dropped: false,
            end_row: refused.then_some(row.number),
            refused,
        });
    }
    users
}

/// What a row tells of its connection.
fn connect(line: &mut Line, row: &Row) {
    match row.kind {
        Kind::Close | Kind::Abort if line.to_ns.is_none() => {
            line.to_ns = Some(row.at_ns);
            line.end_row = Some(row.number);
            line.dropped = row.kind == Kind::Abort || row.worst().is_some();
        }
        Kind::Abort => line.dropped = true,
        _ => {}
    }
}

/// Names of events that begin and end a tool call, by the rules.
struct Ends {
    opens: Vec<String>,
    closes: Vec<String>,
}

impl Ends {
    fn of(book: &RuleBook) -> Self {
        let subs = book.lifecycles.iter().flat_map(|lifecycle| &lifecycle.subs);
        let mut tools = subs.filter(|sub| matches!(sub.name.as_str(), "tool" | "call"));
        let Some(Pattern::Sequence(parts)) = tools.next().map(|sub| &sub.pattern) else {
            return Self { opens: Vec::new(), closes: Vec::new() };
        };
        let is_due = |part: &&Pattern| !matches!(part, Pattern::Repeat { min: 0, .. });
        let names = |part: Option<&Pattern>| {
            part.map_or_else(Vec::new, |part| part.names().into_iter().map(str::to_owned).collect())
        };
        Self { opens: names(parts.iter().find(is_due)), closes: names(parts.iter().rfind(is_due)) }
    }
}

fn run(analysis: &Analysis, timeline: &Timeline, number: u32, ends: &Ends) -> Option<Run> {
    let symbols = analysis.symbols();
    let (id, _, rows) = timeline.run(number)?;
    let from_ns = timeline.row(*rows.first()?)?.at_ns;
    let to_ns = timeline.row(*rows.last()?)?.at_ns;
    let mut open: Vec<(Option<Scalar>, u64)> = Vec::new();
    let mut tools = Vec::new();
    for row in rows.iter().filter_map(|row| timeline.row(*row)) {
        let name = symbols.text(row.name);
        if ends.opens.iter().any(|known| known == name) {
            if open.len() < MOST_OPEN {
                open.push((row.call, row.at_ns));
            }
        } else if ends.closes.iter().any(|known| known == name) {
            let same = open.iter().position(|(call, _)| *call == row.call);
            if let Some(at) = same {
                tools.push(open.remove(at).1..row.at_ns);
            }
        }
    }
    // What never ended is at work until the run's end is known.
    tools.extend(open.into_iter().map(|(_, since)| since..u64::MAX));
    let names = rows.iter().rev().filter_map(|row| timeline.row(*row));
    let names = names.map(|row| symbols.text(row.name));
    let outcome = analysis.engine().book().run_scope().map_or("ok", |scope| scope.outcome(names));
    let status = format!("{outcome} {}", measure::lasted(to_ns - from_ns));
    let tools = merged(tools);
    let id = id.display(symbols);
    Some(Run { id, from_ns, to_ns, until_ns: to_ns, tools, status, ..Run::default() })
}

fn merged(mut spans: Vec<Range<u64>>) -> Vec<Range<u64>> {
    spans.sort_unstable_by_key(|span| span.start);
    let mut merged: Vec<Range<u64>> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

/// Findings, and what is still open, to the lanes they are about.
fn blame(analysis: &Analysis, users: &mut [User], runs: &mut [Run], end_ns: u64) {
    let mut index: HashMap<(&str, String), usize> = HashMap::new();
    for (number, run) in runs.iter().enumerate() {
        if let Some(user) = users.get(run.user) {
            index.insert((&user.name, run.id.clone()), number);
        }
    }
    let find = |user: Option<&String>, run: Option<&String>| -> Option<usize> {
        index.get(&(user?.as_str(), run?.clone())).copied()
    };
    let findings = analysis.engine().findings();
    let blamed: Vec<Option<usize>> =
        findings.iter().map(|finding| find(finding.user.as_ref(), finding.run.as_ref())).collect();
    let open: Vec<usize> = analysis
        .engine()
        .pending()
        .iter()
        .filter_map(|open| find(open.user.as_ref(), open.run.as_ref()))
        .collect();
    for number in open {
        runs[number].until_ns = end_ns;
        "open".clone_into(&mut runs[number].status);
    }
    let by_name: HashMap<String, usize> =
        users.iter().enumerate().map(|(at, user)| (user.name.clone(), at)).collect();
    for (at, (finding, run)) in findings.iter().zip(blamed).enumerate() {
        let named = || by_name.get(finding.user.as_deref()?).copied();
        let user = run.map(|run| runs[run].user).or_else(named);
        if let Some(run) = run {
            let lines = users.get(runs[run].user).map_or(&[][..], |user| &user.lines);
            accuse(&mut runs[run], at, finding, ghost_ns(lines, finding));
        }
        if let Some(user) = user.and_then(|user| users.get_mut(user)) {
            user.worst = user.worst.max(Some(finding.severity));
        }
    }
    for run in runs {
        let until = run.until_ns;
        run.tools.iter_mut().for_each(|tool| tool.end = tool.end.min(until));
    }
}

/// When it is sure that what is missing will not come: when its connection ended, where that was
/// after the last that came.
pub(super) fn ghost_ns(lines: &[Line], finding: &Finding) -> u64 {
    let mut on = lines.iter().filter(|line| Some(line.connection) == finding.connection);
    let ended = on.next().and_then(|line| line.to_ns);
    ended.map_or(finding.at_ns, |ended| ended.max(finding.at_ns))
}

fn accuse(run: &mut Run, at: usize, finding: &Finding, ghost_ns: u64) {
    run.findings.push(at);
    if matches!(finding.code.class(), "missing" | "lost" | "stalled") {
        let ghost = ghost_ns.max(run.from_ns + 1);
        run.ghost_ns = Some(run.ghost_ns.map_or(ghost, |known| known.min(ghost)));
        run.until_ns = run.until_ns.max(ghost);
    }
    if run.worst.is_none_or(|worst| worst < finding.severity) {
        run.worst = Some(finding.severity);
        let mark = match finding.severity {
            Severity::Error => "✖",
            Severity::Warning => "▲",
            Severity::Info => "●",
        };
        run.status = format!("{mark} {} {}", finding.code.text(), finding.code.class());
    }
}
