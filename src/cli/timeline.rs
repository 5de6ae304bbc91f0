//! A recording → its lanes as plain text: who, which run, what happened when, and what is missing.
//!
//! One column is the same stretch of time everywhere, except where no run is open: such idle
//! stretches are folded into one column and labelled with what they lasted.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::Args;

use super::failure::{Code, Failure};
use super::human::{self, Wall, moment};
use super::output::{Output, Role};
use super::sift::{self, Looked, Sifted};
use super::{Globals, escape, locate};
use crate::analysis::timeline::LaneOf;
use crate::events::Kind;
use crate::rules::{Finding, Severity};

/// Columns for the names of lanes, and for what is said at their ends.
const NAME: usize = 20;
const STATUS: usize = 26;

/// The narrowest picture that says something, and the width where nothing tells the terminal's.
const NARROWEST: usize = 24;
const USUAL: usize = 120;

/// Idle time longer than this is folded.
const FOLD_NS: u64 = 5_000_000_000;

/// What `timeline` is asked for.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wiretape timeline amber-fox
  wiretape timeline amber-fox --user user_07
  wiretape timeline amber-fox --filter lacks:tool_completed")]
pub(crate) struct TimelineArgs {
    /// A path, a file's name, or the recording's name
    #[arg(value_name = "REC")]
    recording: OsString,
    /// Only this user
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// A rules file or a preset; without it, the traffic decides
    #[arg(long, value_name = "FILE|PRESET")]
    rules: Option<String>,
    /// Only runs with one of these events, the others as dots: flag:error, dt>2s
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
}

/// One event of a run.
#[derive(Clone, Debug)]
struct Mark {
    at_ns: u64,
    letter: char,
    opens: bool,
    closes: bool,
}

/// One run of a user.
#[derive(Debug, Default)]
struct Lane {
    marks: Vec<Mark>,
    worst: Option<Severity>,
    status: String,
    /// `ok` or `failed`, where nothing is said against it.
    outcome: &'static str,
    ghost_after_ns: Option<u64>,
}

type Lanes = BTreeMap<String, BTreeMap<(u64, String), Lane>>;

/// Prints the picture.
pub(crate) fn run(args: &TimelineArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let filter = args.filter.as_deref();
    let filter = filter.map(|text| sift::parse_kept(text, globals)).transpose()?;
    let path = locate::find(globals, &args.recording)?;
    let looked = Looked::at(&path, args.rules.as_deref(), globals)?;
    if let Some(user) = args.user.as_deref().filter(|user| !is_there(&looked, user)) {
        return Err(Failure::new(
            Code::Usage,
            format!("nobody is called {user} in this recording"),
        )
        .next("wiretape stats REC --by user   shows who is there"));
    }
    let sifted = filter.map(|filter| looked.sift(filter)).transpose()?;
    let lanes = lanes(&looked, sifted.as_ref(), args.user.as_deref());
    let mut output = globals.output();
    let name = escape::text(&looked.recording.name);
    let head = format!("{name}   {}", escape::text(&looked.chosen));
    output.line(&output.style.paint(Role::Strong, &head))?;
    if let Some(sifted) = &sifted {
        let line = escape::text(&sifted.summary());
        let columns = output.columns().unwrap_or(USUAL);
        output.line(&escape::wrap(&line, columns, 2))?;
    }
    let left_out = looked.timeline.left_out();
    if left_out > 0 {
        let line = format!("{} more not looked at", human::counted(left_out, "event"));
        output.line(&output.style.paint(Role::Bad, &line))?;
    }
    if !lanes.is_empty() {
        draw(&mut output, &lanes, looked.recording.started_ns)?;
    } else if let Some(user) = &args.user {
        output.line(&format!("no runs of {} to show", escape::text(user)))?;
    } else if sifted.is_none_or(|sifted| sifted.count > 0) {
        output.line("no runs to show: no event names one; where run ids are is told by [fields] of a rules file")?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// A user, or a connection of nobody known, is called so.
fn is_there(looked: &Looked, user: &str) -> bool {
    let Looked { timeline, analysis, .. } = looked;
    let connection = user.strip_prefix("conn ").and_then(|id| id.parse().ok());
    let is_one = |id| timeline.tile(LaneOf::Connection(id), 0..u64::MAX).count > 0;
    connection.is_some_and(is_one)
        || timeline.users().any(|(_, id, _)| id.display(analysis.symbols()) == user)
}

/// The lanes of a recording; of a filter, those in which it means something.
fn lanes(looked: &Looked, sifted: Option<&Sifted>, only: Option<&str>) -> Lanes {
    let Looked { timeline, analysis, .. } = looked;
    let symbols = analysis.symbols();
    let letters = &analysis.engine().book().letters;
    let scope = analysis.engine().book().run_scope();
    let letter_of = |name: &str| letters.iter().find(|(known, _)| known == name).map(|(_, c)| *c);
    let mut lanes = Lanes::new();
    for number in 0..timeline.run_count() {
        let Some((id, connection, rows)) = timeline.run(number) else { continue };
        let user = timeline.user_name(connection, symbols);
        let is_meant = sifted.is_none_or(|sifted| rows.iter().any(|row| sifted.has(*row)));
        if !is_meant || only.is_some_and(|only| only != user) {
            continue;
        }
        let names = rows.iter().rev().filter_map(|row| timeline.row(*row));
        let names = names.map(|row| symbols.text(row.name));
        let outcome = scope.map_or("ok", |scope| scope.outcome(names));
        let rows = rows.iter().filter_map(|row| timeline.row(*row));
        let marks: Vec<Mark> = rows
            .filter(|row| row.kind == Kind::Message)
            .map(|row| {
                let letter = letter_of(symbols.text(row.name)).unwrap_or('·');
                let shown = sifted.is_none_or(|sifted| sifted.has(row.number));
                let (opens, closes) = (letter == 'X', letter == 'C');
                Mark { at_ns: row.at_ns, letter: if shown { letter } else { '·' }, opens, closes }
            })
            .collect();
        let Some(began) = marks.first().map(|mark| mark.at_ns) else { continue };
        let lane = Lane { marks, outcome, ..Lane::default() };
        lanes.entry(user).or_default().insert((began, id.display(symbols)), lane);
    }
    for finding in analysis.engine().findings() {
        blame(&mut lanes, finding);
    }
    for open in analysis.engine().pending() {
        let lane = lane_of(&mut lanes, open.user.as_deref(), open.run.as_deref());
        if let Some(lane) = lane.filter(|lane| lane.status.is_empty()) {
            lane.status = format!("open: waits for {}", open.waiting_for);
        }
    }
    lanes
}

fn lane_of<'a>(
    lanes: &'a mut Lanes,
    user: Option<&str>,
    run: Option<&str>,
) -> Option<&'a mut Lane> {
    let (user, run) = (user?, run?);
    lanes.get_mut(user)?.iter_mut().find(|((_, name), _)| name == run).map(|(_, lane)| lane)
}

fn blame(lanes: &mut Lanes, finding: &Finding) {
    let Some(lane) = lane_of(lanes, finding.user.as_deref(), finding.run.as_deref()) else {
        return;
    };
    if lane.worst.is_some_and(|worst| worst >= finding.severity) {
        return;
    }
    lane.worst = Some(finding.severity);
    let what =
        finding.expected.as_ref().map_or(String::new(), |expected| format!(" {}", expected.event));
    lane.status = format!("{} {}{what}", finding.code.text(), finding.code.class());
    let missing = matches!(finding.code.class(), "missing" | "lost" | "stalled");
    if missing {
        lane.ghost_after_ns = Some(lane.marks.last().map_or(finding.at_ns, |mark| mark.at_ns));
    }
}

/// Time → columns.
struct Scale {
    /// Stretches that are drawn, in order: from, to, first column.
    shown: Vec<(u64, u64, usize)>,
    ns_a_column: u64,
    /// Columns that stand for idle time, and how long it was.
    folds: Vec<(usize, u64)>,
    width: usize,
}

impl Scale {
    fn new(lanes: &Lanes, width: usize) -> Self {
        let mut spans: Vec<(u64, u64)> = lanes
            .values()
            .flat_map(BTreeMap::values)
            .filter_map(|lane| Some((lane.marks.first()?.at_ns, lane.marks.last()?.at_ns)))
            .collect();
        spans.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::new();
        for (from, to) in spans {
            match merged.last_mut() {
                Some((_, end)) if from <= end.saturating_add(FOLD_NS) => *end = (*end).max(to),
                _ => merged.push((from, to)),
            }
        }
        let drawn: u64 = merged.iter().map(|(from, to)| to - from).sum();
        // A column for each fold, and one for the last event of each stretch.
        let columns = width.saturating_sub(2 * merged.len()).max(1) as u64;
        let ns_a_column = drawn.div_ceil(columns).max(1);
        let (mut shown, mut folds, mut column) = (Vec::new(), Vec::new(), 0);
        for (index, (from, to)) in merged.iter().enumerate() {
            if let Some((_, before)) = index.checked_sub(1).and_then(|before| merged.get(before)) {
                folds.push((column, from - before));
                column += 1;
            }
            shown.push((*from, *to, column));
            column += ((to - from) / ns_a_column) as usize + 1;
        }
        Self { shown, ns_a_column, folds, width: column.max(1) }
    }

    fn column(&self, at_ns: u64) -> usize {
        let stretch = self.shown.iter().rev().find(|(from, _, _)| *from <= at_ns);
        let Some((from, to, column)) = stretch.or(self.shown.first()) else { return 0 };
        let into = at_ns.clamp(*from, *to) - from;
        (column + (into / self.ns_a_column) as usize).min(self.width - 1)
    }
}

fn draw(output: &mut Output, lanes: &Lanes, started_ns: i64) -> Result<(), Failure> {
    let columns = output.columns().unwrap_or(USUAL);
    let width = columns.saturating_sub(NAME + STATUS + 2).max(NARROWEST);
    let scale = Scale::new(lanes, width);
    let wall = Wall::local();
    let style = output.style;
    for (from, to, column) in &scale.shown {
        let text = format!(
            "{:NAME$} column {:>3}: {} to {}",
            "",
            column,
            wall.time(moment(started_ns, *from)),
            wall.time(moment(started_ns, *to))
        );
        if scale.shown.len() == 1 {
            let text = text.replace(" column   0:", "");
            let each = human::duration(scale.ns_a_column);
            output.line(&style.paint(Role::Quiet, &format!("{text}, {each} a column")))?;
        } else {
            output.line(&style.paint(Role::Quiet, &text))?;
        }
    }
    for (user, runs) in lanes {
        output.line(&style.paint(Role::Strong, &escape::text(user)))?;
        for ((_, run), lane) in runs {
            let name = tail(run, NAME - 4);
            let picture = picture(lane, &scale);
            let (mark, role) = match lane.worst {
                Some(Severity::Error) => ("✖ ", Role::Bad),
                Some(Severity::Warning) => ("▲ ", Role::Out),
                _ if lane.status.is_empty() && lane.outcome != "ok" => ("", Role::Bad),
                _ if lane.status.is_empty() => ("", Role::Live),
                _ => ("· ", Role::Quiet),
            };
            let lasted = lane.marks.first().zip(lane.marks.last());
            let lasted = lasted.map_or(0, |(first, last)| last.at_ns - first.at_ns);
            let status = if lane.status.is_empty() {
                format!("{} {}", lane.outcome, human::duration(lasted))
            } else {
                lane.status.clone()
            };
            let status = style.paint(role, &format!("{mark}{}", escape::text(&status)));
            output.line(&format!("  {name:<18}{picture} {status}"))?;
        }
    }
    let folds: Vec<String> =
        scale.folds.iter().map(|(_, lasted)| human::duration(*lasted)).collect();
    if !folds.is_empty() {
        let text = format!("┊ idle, folded: {}", folds.join(", "));
        output.line(&style.paint(Role::Quiet, &text))?;
    }
    output.line(&style.paint(Role::Quiet, "━ a tool at work   ? something is missing here"))
}

/// A long id's end, which is what differs.
fn tail(run: &str, width: usize) -> String {
    let shown = escape::text(run);
    let count = shown.chars().count();
    if count <= width {
        return shown;
    }
    let end: String = shown.chars().skip(count + 1 - width).collect();
    format!("…{end}")
}

/// One lane's line: letters where events are, bars between them.
fn picture(lane: &Lane, scale: &Scale) -> String {
    let mut cells = vec![' '; scale.width];
    for (column, _) in &scale.folds {
        cells[*column] = '┊';
    }
    let mut open = 0_u32;
    for pair in lane.marks.windows(2) {
        open += u32::from(pair[0].opens);
        open = open.saturating_sub(u32::from(pair[0].closes));
        let (from, to) = (scale.column(pair[0].at_ns), scale.column(pair[1].at_ns));
        let bar = if open > 0 { '━' } else { '─' };
        for cell in cells.iter_mut().take(to).skip(from + 1).filter(|cell| **cell != '┊') {
            *cell = bar;
        }
    }
    for mark in &lane.marks {
        let cell = &mut cells[scale.column(mark.at_ns)];
        // Beginnings and ends stay visible under what is more frequent.
        if rank(mark.letter) >= rank(*cell) {
            *cell = mark.letter;
        }
    }
    if let Some(after) = lane.ghost_after_ns {
        let column = (scale.column(after) + 1).min(scale.width - 1);
        cells[column] = '?';
    }
    cells.into_iter().collect()
}

fn rank(letter: char) -> u8 {
    match letter {
        'S' | 'D' | 'E' | 'F' | 'K' | 'B' | '!' => 4,
        'X' | 'C' => 3,
        'A'..='Z' => 2,
        '·' => 1,
        _ => 0,
    }
}
