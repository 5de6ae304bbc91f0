//! Differences → lines for people: A, how much later, B, and what is to be said of it.

use super::super::failure::Failure;
use super::super::output::{Output, Role};
use super::super::{escape, human};
use super::{Compared, Plan, Shown};
use crate::analysis::diff::{Counts, Diff, Pair, Pairing, Step};
use crate::analysis::timeline::LaneOf;
use crate::tui::measure;

/// Columns of a type and its tool: as wide as they are, within these.
const NAME: std::ops::RangeInclusive<usize> = 10..=34;

/// Columns from which on both sides have their own names; names, times and remarks do below.
const WIDE: usize = 100;

/// Columns of a line beside the two names: letters, times, and the shortest remark.
const BESIDE: usize = 55;

/// Columns of a time, and of how much later.
const TIME: usize = 9;

/// Events of one kind, one after the other, from which on they share a line.
const FOLDED: usize = 3;

/// Paths told of a line; further ones are counted.
const PATHS: usize = 2;

/// Runs listed that the other side does not have; further ones are counted.
const LONE: usize = 10;

/// How to tell.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) with_pace: bool,
    pub(super) stat: bool,
    pub(super) single: bool,
}

impl Text {
    /// What is compared with what.
    pub(super) fn head(
        &self,
        output: &mut Output,
        (a, b): (&Shown<'_>, &Shown<'_>),
        plan: &Plan,
    ) -> Result<(), Failure> {
        for (letter, shown, lane) in [
            ("A", a, plan.pairing.pairs.first().map(|p| p.0)),
            ("B", b, plan.pairing.pairs.first().map(|p| p.1)),
        ] {
            let (name, more) = match lane.filter(|_| self.single) {
                Some(lane) => (shown.called(lane), about(shown, lane)),
                None => (shown.name.clone(), recording(shown)),
            };
            let name = output.style.paint(Role::Strong, &escape::text(&name));
            output.line(&format!("{letter}   {name}   {}", escape::text(&more)))?;
        }
        let (of_a, of_b) = (&a.looked.chosen, &b.looked.chosen);
        if !std::ptr::eq(a.looked, b.looked) && of_a != of_b {
            let why = format!("A: {of_a}; B: {of_b}");
            output.line(&output.style.paint(Role::Quiet, &escape::text(&why)))?;
        }
        Ok(())
    }

    /// Two runs.
    pub(super) fn runs(
        &self,
        output: &mut Output,
        compared: &Compared,
        (a, b): (&Shown<'_>, &Shown<'_>),
    ) -> Result<(), Failure> {
        let counts = compared.diff.counts();
        let differ = counts.differ(self.with_pace);
        if !self.single && differ {
            let names =
                [a.called(compared.a), b.called(compared.b)].map(|name| escape::text(&name));
            let user = escape::text(&b.side.called(compared.b).1);
            output.line("")?;
            let line = format!("{}   {}   {user}", names[0], names[1]);
            output.line(&output.style.paint(Role::Strong, &line))?;
            if self.stat {
                output.line(&format!("  {}", self.counted(counts)))?;
            }
        }
        if self.stat || !self.single && !differ {
            return Ok(());
        }
        if self.single {
            output.line("")?;
        }
        self.steps(output, &compared.diff, (a, b))?;
        let left_out = compared.diff.a.left_out + compared.diff.b.left_out;
        if left_out > 0 {
            let line = format!("{} beyond what is compared", human::counted(left_out, "event"));
            output.line(&output.style.paint(Role::Bad, &line))?;
        }
        Ok(())
    }

    fn steps(
        &self,
        output: &mut Output,
        diff: &Diff,
        (a, b): (&Shown<'_>, &Shown<'_>),
    ) -> Result<(), Failure> {
        let loss = diff.first_loss();
        let lines = lines(diff);
        let width = width(&lines, diff, (a, b), output.columns());
        for (at, count) in lines {
            let pair = &diff.pairs[at];
            let of_a = pair.a.and_then(|a| diff.a.steps.get(a)).map(|step| (a, step));
            let of_b = pair.b.and_then(|b| diff.b.steps.get(b)).map(|step| (b, step));
            let later = if self.with_pace { later(pair.later_ns) } else { String::new() };
            let remark = self.remark(pair, loss == Some(at));
            let later = escape::pad_left(&later, TIME);
            let line = if output.columns().is_some_and(|columns| columns < WIDE) {
                let time = |half: Half<'_>| {
                    let since = half.map_or(String::new(), |half| measure::since(half.1.since_ns));
                    escape::pad_left(&since, TIME)
                };
                let named = side(of_a.or(of_b), count, width);
                format!("  {named} {} {} {later}  {remark}", time(of_a), time(of_b))
            } else {
                let half = |half: Half<'_>, hole: &str| match half {
                    Some((_, step)) => {
                        let time = escape::pad_left(&measure::since(step.since_ns), TIME);
                        format!("{} {time}", side(half, count, width))
                    }
                    None => escape::pad_right(hole, width + TIME + 4),
                };
                format!("  {}  {later}  {}  {remark}", half(of_a, ""), half(of_b, "?"))
            };
            let line = match output.columns() {
                Some(columns) => escape::fit(line.trim_end().as_bytes(), columns),
                None => line,
            };
            let role = match (pair.a, pair.b) {
                (Some(_), None) => Some(Role::Bad),
                (None, _) => Some(Role::In),
                _ if pair.is_same() => None,
                _ => Some(Role::Out),
            };
            let painted = role.map(|role| output.style.paint(role, line.trim_end()));
            output.line(&painted.unwrap_or(line))?;
        }
        Ok(())
    }

    fn remark(&self, pair: &Pair, is_first_loss: bool) -> String {
        let mut words = Vec::new();
        match (pair.a, pair.b) {
            (Some(_), None) if is_first_loss => words.push("◀ FIRST LOSS".to_owned()),
            (Some(_), None) => words.push("- only in A".to_owned()),
            (None, _) => words.push("+ only in B".to_owned()),
            _ => {}
        }
        if pair.paced && self.with_pace {
            words.push(if pair.later_ns > 0 { "! slower" } else { "! quicker" }.to_owned());
        }
        if !pair.differences.is_empty() {
            let paths: Vec<String> = pair
                .differences
                .iter()
                .take(PATHS)
                .map(|difference| escape::text(&difference.path))
                .collect();
            let more = pair.differences.len().saturating_sub(PATHS) as u64 + pair.more;
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            words.push(format!("~ {}{more}", paths.join(" ")));
        }
        words.join("   ")
    }

    fn counted(&self, counts: Counts) -> String {
        let mut parts = vec![format!("{} the same", human::count(counts.same))];
        let paced = if self.with_pace { counts.paced } else { 0 };
        for (number, what) in [
            (counts.changed, "changed"),
            (counts.only_a, "only in A"),
            (counts.only_b, "only in B"),
            (paced, "much slower or quicker"),
        ] {
            if number > 0 {
                parts.push(format!("{} {what}", human::count(number)));
            }
        }
        parts.join(", ")
    }

    /// What is on one side alone, and the sum.
    pub(super) fn end(
        &self,
        output: &mut Output,
        (a, b): (&Shown<'_>, &Shown<'_>),
        pairing: &Pairing,
        total: Counts,
    ) -> Result<(), Failure> {
        for (letter, shown, lone) in [("A", a, &pairing.only_a), ("B", b, &pairing.only_b)] {
            if lone.is_empty() {
                continue;
            }
            output.line("")?;
            let runs = human::counted(lone.len() as u64, "run");
            output.line(&format!("only in {letter}: {runs}"))?;
            for lane in lone.iter().take(LONE) {
                let line = format!("  {}   {}", shown.called(*lane), about(shown, *lane));
                output.line(&escape::text(&line))?;
            }
            let more = lone.len().saturating_sub(LONE);
            if more > 0 {
                output.line(&format!("  and {more} more"))?;
            }
        }
        output.line("")?;
        let events = self.counted(total);
        if self.single {
            let all = human::counted(total.same, "event");
            let none = format!("no differences in {all}");
            let differ = total.differ(self.with_pace);
            return output.line(&if differ { format!("events: {events}") } else { none });
        }
        let runs = human::counted(pairing.pairs.len() as u64, "pair");
        output.line(&format!("{runs} of runs; events: {events}"))
    }
}

/// One side of a line: whose step, and which.
type Half<'h> = Option<(&'h Shown<'h>, &'h Step)>;

/// Pairs that share a line: the first, and how many.
fn lines(diff: &Diff) -> Vec<(usize, usize)> {
    let (mut lines, mut at) = (Vec::new(), 0);
    while at < diff.pairs.len() {
        let alike = alike(diff, at);
        let count = if alike >= FOLDED { alike } else { 1 };
        lines.push((at, count));
        at += count;
    }
    lines
}

/// How many pairs from here on are of one kind, with the same to tell of each.
fn alike(diff: &Diff, at: usize) -> usize {
    let key = |pair: &Pair| {
        let a = pair.a.and_then(|a| diff.a.steps.get(a));
        let b = pair.b.and_then(|b| diff.b.steps.get(b));
        let of = |step: &Step| (step.name, step.tool);
        (a.map(of), b.map(of))
    };
    let first = &diff.pairs[at];
    let is_alike = |pair: &&Pair| {
        let found = [pair, first].map(|pair| pair.differences.iter().map(|found| &found.path));
        let [paths, of_first] = found;
        !pair.paced && key(pair) == key(first) && paths.eq(of_first)
    };
    if first.paced { 1 } else { diff.pairs[at..].iter().take_while(is_alike).count() }
}

/// Columns of the widest name, within what lines leave for it.
fn width(
    lines: &[(usize, usize)],
    diff: &Diff,
    (a, b): (&Shown<'_>, &Shown<'_>),
    columns: Option<usize>,
) -> usize {
    let widest = |(at, count): &(usize, usize)| {
        let pair = &diff.pairs[*at];
        let of = |shown: &Shown<'_>, step: Option<&Step>| {
            step.map_or(0, |step| escape::width(&named(shown, step, *count)))
        };
        let in_a = of(a, pair.a.and_then(|a| diff.a.steps.get(a)));
        in_a.max(of(b, pair.b.and_then(|b| diff.b.steps.get(b))))
    };
    let room = columns.filter(|columns| *columns >= WIDE);
    let room = room.map_or(*NAME.end(), |columns| columns.saturating_sub(BESIDE) / 2);
    let most = room.clamp(*NAME.start(), *NAME.end());
    lines.iter().map(widest).max().unwrap_or(0).clamp(*NAME.start(), most)
}

/// `stream_chunk x 20`.
fn named(shown: &Shown<'_>, step: &Step, count: usize) -> String {
    let text = escape::text(&shown.text(step));
    if count > 1 { format!("{text} x {count}") } else { text }
}

fn side(half: Half<'_>, count: usize, width: usize) -> String {
    let Some((shown, step)) = half else { return " ".repeat(width + 3) };
    let symbols = shown.side.symbols();
    let letter = shown.letter(symbols.text(step.name));
    let text = named(shown, step, count);
    let text = escape::pad_right(&escape::fit(text.as_bytes(), width), width);
    format!("{letter}  {text}")
}

/// `+262ms`; nothing below a millisecond, which says nothing.
fn later(ns: i64) -> String {
    let sign = if ns < 0 { '-' } else { '+' };
    match ns.unsigned_abs() {
        0..1_000_000 => String::new(),
        more => format!("{sign}{}", measure::lasted(more)),
    }
}

/// `user_07, good, 14:33:16`.
fn about(shown: &Shown<'_>, lane: LaneOf) -> String {
    let (_, user) = shown.side.called(lane);
    let good = if shown.side.is_good(lane) { "good" } else { "not good" };
    let started_ns = shown.looked.recording.started_ns;
    let at = human::Wall::local().time(human::moment(started_ns, shown.side.began(lane)));
    match lane {
        LaneOf::Run(_) => format!("{user}, {good}, {at}"),
        _ => format!("{user}, {at}"),
    }
}

fn recording(shown: &Shown<'_>) -> String {
    let lanes = shown.side.lanes();
    let good = lanes.iter().filter(|lane| shown.side.is_good(**lane)).count();
    format!("{}, {good} good", human::counted(lanes.len() as u64, "run"))
}
