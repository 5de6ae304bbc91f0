//! A recording → its figures: how much of what, how large, how fast, and how runs ended.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::failure::Failure;
use super::human::{self, count, duration, size};
use super::output::{Output, Role};
use super::sift::Looked;
use super::table::{Side, Table};
use super::{Globals, escape, locate};
use crate::analysis::histogram::Histogram;
use crate::analysis::stats::{Group, RunFigures, Stats};
use crate::analysis::tools::Tool;

/// Rows of each table where not one alone was asked for.
const SHOWN: usize = 12;

/// Columns where nothing tells the terminal's.
const USUAL: usize = 80;

/// What `stats` is asked for.
#[derive(Debug, Args)]
#[command(after_help = "\
gap is the time since the event before it in its run; reply is the time since what it answers: \
the event of its call before it, or the client's first message that had no answer yet. \
Percentiles are right to two parts in a hundred; max is exact.

Examples:
  wiretape stats amber-fox
  wiretape stats amber-fox --by tool
  wiretape stats amber-fox --json | jq '.types[0]'")]
pub(crate) struct StatsArgs {
    /// A path, a file's name, or the recording's name
    #[arg(value_name = "REC")]
    recording: OsString,
    /// A rules file or a preset; without it, the traffic decides
    #[arg(long, value_name = "FILE|PRESET")]
    rules: Option<String>,
    /// One table only, all of it
    #[arg(long, value_enum, value_name = "WHAT")]
    by: Option<By>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// Event types
    Type,
    /// Users
    User,
    /// Tools
    Tool,
}

/// Prints the figures.
pub(crate) fn run(args: &StatsArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let path = locate::find(globals, &args.recording)?;
    let looked = Looked::at(&path, args.rules.as_deref(), globals)?;
    let stats = Stats::of(&looked.timeline, &looked.analysis);
    let mut output = globals.output();
    if globals.json {
        output.json(&StatsObject::new(&looked, &stats, args.by))?;
    } else {
        human(&mut output, &looked, &stats, args.by)?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn human(
    output: &mut Output,
    looked: &Looked,
    stats: &Stats,
    by: Option<By>,
) -> Result<(), Failure> {
    head(output, looked, stats)?;
    let wanted = |table: By| by.is_none_or(|by| by == table);
    if wanted(By::Type) {
        let table = by_type(stats, by);
        print(output, &table, (stats.types.len(), "type"), by)?;
    }
    if wanted(By::User) {
        let table = by_user(stats, by);
        print(output, &table, (stats.users.len(), "user"), by)?;
    }
    let tools: Vec<(&str, &Tool)> = looked.tools.tools().collect();
    if wanted(By::Tool) && !tools.is_empty() {
        let table = by_tool(&tools, by);
        print(output, &table, (tools.len(), "tool"), by)?;
    } else if by == Some(By::Tool) {
        output.line("")?;
        output.line("no tools: the rules know no tool call, or none was made")?;
    }
    if by.is_none() { runs(output, stats) } else { Ok(()) }
}

fn head(output: &mut Output, looked: &Looked, stats: &Stats) -> Result<(), Failure> {
    let name = output.style.paint(Role::Strong, &escape::text(&looked.recording.name));
    let seconds = stats.lasted_ns as f64 / 1e9;
    let rate = if seconds > 0.0 { stats.all.count as f64 / seconds } else { 0.0 };
    output.line(&format!(
        "{name}   {} in {}   {rate:.1}/s   {}   {}",
        human::counted(stats.all.count, "event"),
        duration(stats.lasted_ns),
        size(stats.all.bytes),
        human::counted(looked.analysis.counts().connections, "connection"),
    ))?;
    let left_out = looked.timeline.left_out() + looked.tools.missed();
    if left_out > 0 {
        let line = format!("{} beyond what is looked at", human::counted(left_out, "event"));
        output.line(&output.style.paint(Role::Bad, &line))?;
    }
    output.line(&output.style.paint(Role::Quiet, &escape::text(&looked.chosen)))
}

fn print(
    output: &mut Output,
    table: &Table,
    (all, noun): (usize, &str),
    by: Option<By>,
) -> Result<(), Failure> {
    output.line("")?;
    let columns = output.columns().unwrap_or(USUAL);
    for (number, line) in table.render(Some(columns)).iter().enumerate() {
        let role = if number == 0 { Role::Quiet } else { Role::Live };
        let line = if number == 0 { output.style.paint(role, line) } else { line.clone() };
        output.line(&line)?;
    }
    let more = all.saturating_sub(limit(by));
    if more > 0 {
        let line = format!("{}: --by {noun}", human::counted(more as u64, &format!("more {noun}")));
        output.line(&output.style.paint(Role::Quiet, &line))?;
    }
    Ok(())
}

fn limit(by: Option<By>) -> usize {
    if by.is_some() { usize::MAX } else { SHOWN }
}

const SPREAD: [&str; 4] = ["p50", "p90", "p99", "max"];

fn spread(of: &Histogram, unit: fn(u64) -> String) -> Vec<String> {
    let [p50, p90, p99] = [500, 900, 990].map(|mille| of.per_mille(mille));
    [p50, p90, p99, of.max()].map(|value| value.map_or_else(|| "-".into(), unit)).to_vec()
}

fn table(first: &[(&str, Side)], of: &str) -> Table {
    let mut columns = first.to_vec();
    let names = SPREAD.map(|name| if name == "p50" { format!("{of} p50") } else { name.into() });
    columns.extend(names.iter().map(|name: &String| (name.as_str(), Side::Right)));
    Table::new(&columns).may_drop(&["p90", "size"])
}

fn by_type(stats: &Stats, by: Option<By>) -> Table {
    let first = [
        ("type", Side::Free),
        ("count", Side::Right),
        ("errors", Side::Right),
        ("size", Side::Right),
    ];
    let mut table = table(&first, "gap");
    for (name, group) in stats.types.iter().take(limit(by)) {
        let typical = group.sizes.per_mille(500).map_or_else(String::new, size);
        let mut cells = vec![escape::text(name), count(group.count), share(group), typical];
        cells.extend(spread(&group.gaps, duration));
        table.row(cells);
    }
    table
}

/// How many of a hundred rest under an error; nothing where none does.
fn share(group: &Group) -> String {
    match group.errors * 1000 / group.count.max(1) {
        _ if group.errors == 0 => String::new(),
        mille => format!("{}.{} %", mille / 10, mille % 10),
    }
}

fn by_user(stats: &Stats, by: Option<By>) -> Table {
    let first = [
        ("user", Side::Free),
        ("events", Side::Right),
        ("errors", Side::Right),
        ("runs", Side::Right),
    ];
    let mut table = table(&first, "reply");
    for (name, group) in stats.users.iter().take(limit(by)) {
        let mut cells =
            vec![escape::text(name), count(group.count), share(group), count(group.runs)];
        cells.extend(spread(&group.replies, duration));
        table.row(cells);
    }
    table
}

fn by_tool(tools: &[(&str, &Tool)], by: Option<By>) -> Table {
    let first = [
        ("tool", Side::Free),
        ("calls", Side::Right),
        ("failed", Side::Right),
        ("no end", Side::Right),
    ];
    let mut table = table(&first, "took");
    for (name, tool) in tools.iter().take(limit(by)) {
        let open = tool.calls.saturating_sub(tool.times.count());
        let some = |number: u64| if number == 0 { String::new() } else { count(number) };
        let mut cells = vec![escape::text(name), count(tool.calls), some(tool.failed), some(open)];
        cells.extend(spread(&tool.times, duration));
        table.row(cells);
    }
    table
}

fn runs(output: &mut Output, stats: &Stats) -> Result<(), Failure> {
    if stats.ends.is_empty() {
        return Ok(());
    }
    output.line("")?;
    let all: u64 = stats.ends.values().sum();
    let ends: Vec<String> = stats
        .ends
        .iter()
        .map(|(end, runs)| {
            let end = end.as_ref().map_or("without an end".into(), |end| escape::text(end));
            format!("{} {end}", count(*runs))
        })
        .collect();
    let line = format!("{}: {}", human::counted(all, "run"), ends.join(", "));
    let columns = output.columns().unwrap_or(USUAL);
    output.line(&escape::wrap(&line, columns, 2))?;
    let took = spread(&stats.run_times, duration);
    output.line(&format!(
        "ended after p50 {}   p90 {}   p99 {}   max {}",
        took[0], took[1], took[2], took[3]
    ))?;
    output.line("")?;
    let mut table = Table::new(&[
        ("slowest run", Side::Free),
        ("user", Side::Free),
        ("took", Side::Right),
        ("events", Side::Right),
        ("end", Side::Free),
    ]);
    for run in stats.slowest.iter().take(5) {
        let end = run.end.as_ref().map_or("no end".into(), |end| escape::text(end));
        let (id, user) = (escape::text(&run.id), escape::text(&run.user));
        table.row(vec![id, user, duration(run.lasted_ns), count(run.events), end]);
    }
    table.render(Some(columns)).iter().try_for_each(|line| output.line(line))
}

#[derive(Serialize)]
struct StatsObject<'s> {
    v: u32,
    kind: &'static str,
    recording: &'s str,
    rules: &'s str,
    events: u64,
    /// Left out, because there are too many.
    left_out: u64,
    connections: u64,
    bytes: u64,
    lasted_ns: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    types: Option<Vec<GroupObject<'s>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<Vec<GroupObject<'s>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Vec<ToolObject<'s>>>,
    runs: RunsObject<'s>,
}

#[derive(Serialize)]
struct GroupObject<'s> {
    name: &'s str,
    events: u64,
    errors: u64,
    runs: u64,
    bytes: u64,
    per_second: f64,
    size: Option<SpreadObject>,
    gap_ns: Option<SpreadObject>,
    reply_ns: Option<SpreadObject>,
}

#[derive(Serialize)]
struct ToolObject<'s> {
    name: &'s str,
    calls: u64,
    failed: u64,
    no_end: u64,
    took_ns: Option<SpreadObject>,
}

#[derive(Serialize)]
struct RunsObject<'s> {
    count: u64,
    ends: Vec<EndObject<'s>>,
    took_ns: Option<SpreadObject>,
    slowest: Vec<RunObject<'s>>,
}

#[derive(Serialize)]
struct EndObject<'s> {
    /// `null`: nothing ended them.
    end: Option<&'s str>,
    runs: u64,
}

#[derive(Serialize)]
struct RunObject<'s> {
    run: &'s str,
    user: &'s str,
    took_ns: u64,
    events: u64,
    end: Option<&'s str>,
}

#[derive(Serialize)]
struct SpreadObject {
    count: u64,
    p50: u64,
    p90: u64,
    p99: u64,
    max: u64,
}

impl SpreadObject {
    fn of(histogram: &Histogram) -> Option<Self> {
        let of = |mille| histogram.per_mille(mille);
        let (count, max) = (histogram.count(), histogram.max()?);
        Some(Self { count, p50: of(500)?, p90: of(900)?, p99: of(990)?, max })
    }
}

impl<'s> StatsObject<'s> {
    fn new(looked: &'s Looked, stats: &'s Stats, by: Option<By>) -> Self {
        let seconds = stats.lasted_ns as f64 / 1e9;
        let group = |(name, group): &'s (String, Group)| GroupObject {
            name,
            events: group.count,
            errors: group.errors,
            runs: group.runs,
            bytes: group.bytes,
            per_second: if seconds > 0.0 { group.count as f64 / seconds } else { 0.0 },
            size: SpreadObject::of(&group.sizes),
            gap_ns: SpreadObject::of(&group.gaps),
            reply_ns: SpreadObject::of(&group.replies),
        };
        let tool = |(name, tool): (&'s str, &Tool)| ToolObject {
            name,
            calls: tool.calls,
            failed: tool.failed,
            no_end: tool.calls.saturating_sub(tool.times.count()),
            took_ns: SpreadObject::of(&tool.times),
        };
        let wanted = |table: By| by.is_none_or(|by| by == table);
        Self {
            v: 1,
            kind: "stats",
            recording: &looked.recording.name,
            rules: &looked.chosen,
            events: stats.all.count,
            left_out: looked.timeline.left_out(),
            connections: looked.analysis.counts().connections,
            bytes: stats.all.bytes,
            lasted_ns: stats.lasted_ns,
            types: wanted(By::Type).then(|| stats.types.iter().map(group).collect()),
            users: wanted(By::User).then(|| stats.users.iter().map(group).collect()),
            tools: wanted(By::Tool).then(|| looked.tools.tools().map(tool).collect()),
            runs: runs_object(stats),
        }
    }
}

fn runs_object(stats: &Stats) -> RunsObject<'_> {
    RunsObject {
        count: stats.ends.values().sum(),
        ends: stats
            .ends
            .iter()
            .map(|(end, runs)| EndObject { end: end.as_deref(), runs: *runs })
            .collect(),
        took_ns: SpreadObject::of(&stats.run_times),
        slowest: stats
            .slowest
            .iter()
            .map(|slow| {
                let RunFigures { id, user, lasted_ns, events, end } = slow;
                let end = end.as_deref();
                RunObject { run: id, user, took_ns: *lasted_ns, events: *events, end }
            })
            .collect(),
    }
}
