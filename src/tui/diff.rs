//! Two runs of a recording → the lines of the Diff screen: what both have, what only one has.

use super::escape::tail;
use super::measure;
use super::tape::Tape;
use crate::analysis::diff::{Diff, Kept, Pair, Payloads, Side, Step, Steps, pair, twin};
use crate::analysis::timeline::{LaneOf, Row};
use crate::events::Kind;

/// Pairs of runs that are counted: more than anyone chooses from.
const MOST_PAIRS: usize = 2000;

/// Events whose payloads are compared: more than anyone reads.
const MOST_PAYLOADS: usize = 500;

/// Two runs, compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// The good run; of another recording, if the two are apart.
    pub a: u32,
    /// The reader's.
    pub b: u32,
    /// What it is called: its run, and whose.
    pub a_name: String,
    /// When it began, nanoseconds since the epoch.
    pub a_from_ns: i128,
    /// They are of two recordings.
    pub is_apart: bool,
    /// Every event of both, once, in order.
    pub lines: Vec<Line>,
    /// The first message that B never had: a line.
    pub loss: Option<usize>,
}

/// An event of A, of B, or of both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// A's.
    pub a: Option<Half>,
    /// B's.
    pub b: Option<Half>,
    /// How much later B's is, in nanoseconds.
    pub later_ns: i64,
    /// One took much longer.
    pub is_paced: bool,
    /// Where the payloads differ: path, A's and B's value.
    pub differences: Vec<(String, String, String)>,
}

/// An event of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Half {
    /// Its letter.
    pub letter: char,
    /// Its type and its tool.
    pub text: String,
    /// Since the run's first event, in nanoseconds.
    pub since_ns: u64,
    /// Its row.
    pub row: u32,
}

impl Line {
    /// Both have it, and nothing in it differs.
    pub fn is_same(&self, ignores_pace: bool) -> bool {
        let both = self.a.is_some() && self.b.is_some();
        both && self.differences.is_empty() && (ignores_pace || !self.is_paced)
    }
}

/// Compares a run with the good run that is most like it; `payload` reads an event's.
///
/// # Errors
/// There is none, in words.
pub fn compare(
    tape: &Tape,
    run: u32,
    payload: &mut dyn FnMut(&Row) -> Option<Vec<u8>>,
) -> Result<Compared, String> {
    let side = side(tape);
    let Some(LaneOf::Run(good)) = twin(&side, LaneOf::Run(run), &side) else {
        return Err("no good run here is like this one: a good run came to its end, has no \
                    findings, and has half of the events in common"
            .to_owned());
    };
    Ok(between((tape, good), (tape, run), &mut |_, row| payload(row)))
}

fn side(tape: &Tape) -> Side<'_> {
    Side::new(Kept {
        timeline: &tape.timeline,
        symbols: &tape.symbols,
        findings: &tape.findings,
        book: &tape.book,
        details: &tape.details,
    })
}

/// One of the two that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The first.
    A,
    /// The second.
    B,
}

/// A run of another recording, and its counterpart in this one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paired {
    /// The other's.
    pub a: u32,
    /// This one's.
    pub b: u32,
    /// Whose they are, and what they are called.
    pub label: String,
    /// How much they differ, in a word.
    pub told: String,
}

/// The runs of `a` that are the counterparts of `b`'s: those that differ most first.
pub fn pairs(a: &Tape, b: &Tape) -> Vec<Paired> {
    let (a_side, b_side) = (side(a), side(b));
    let mut found = Vec::new();
    for lanes in pair(&a_side, &b_side).pairs.into_iter().take(MOST_PAIRS) {
        let (LaneOf::Run(run_a), LaneOf::Run(run_b)) = lanes else { continue };
        let steps = (a_side.steps(lanes.0), b_side.steps(lanes.1));
        let counts = Diff::of((steps.0, &a.symbols), (steps.1, &b.symbols)).counts();
        let differ = counts.only_a + counts.only_b;
        let told = match differ {
            0 => "same events".to_owned(),
            _ => measure::counted(differ, "difference"),
        };
        let label = format!("{}  →  {}", called(a, run_a), called(b, run_b));
        found.push((differ, Paired { a: run_a, b: run_b, label, told }));
    }
    found.sort_by_key(|(differ, _)| std::cmp::Reverse(*differ));
    found.into_iter().map(|(_, paired)| paired).collect()
}

/// `run 9c1e of user_07`.
fn called(tape: &Tape, run: u32) -> String {
    let user = tape.runs.get(run as usize).and_then(|run| tape.users.get(run.user));
    let user = user.map_or("", |user| user.name.as_str());
    format!("run {} of {user}", tail(&tape.run_id(run), 8))
}

/// Compares two runs, of one recording or of two.
pub fn between(
    (a, a_run): (&Tape, u32),
    (b, b_run): (&Tape, u32),
    payload: &mut dyn FnMut(Which, &Row) -> Option<Vec<u8>>,
) -> Compared {
    let a_steps = (side(a).steps(LaneOf::Run(a_run)), &a.symbols);
    let b_steps = (side(b).steps(LaneOf::Run(b_run)), &b.symbols);
    let diff = Diff::of(a_steps, b_steps);
    let mut payloads = Payloads::new(true);
    let mut left = MOST_PAYLOADS;
    let mut lines = Vec::with_capacity(diff.pairs.len());
    for pair in &diff.pairs {
        let mut line = Line {
            a: pair.a.and_then(|at| half(a, &diff.a, at)),
            b: pair.b.and_then(|at| half(b, &diff.b, at)),
            later_ns: pair.later_ns,
            is_paced: pair.paced,
            differences: Vec::new(),
        };
        if let Some((in_a, in_b)) = rows((a, b), &diff, pair).filter(|_| left > 0) {
            left -= 1;
            let (in_a, in_b) = (payload(Which::A, &in_a), payload(Which::B, &in_b));
            if let Some((in_a, in_b)) = in_a.zip(in_b) {
                let (found, _) = payloads.compare(&in_a, &in_b);
                let texts = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
                let found = found.into_iter();
                line.differences = found.map(|it| (it.path, texts(&it.a), texts(&it.b))).collect();
            }
        }
        lines.push(line);
    }
    let is_apart = !std::ptr::eq(a, b);
    let recording = if is_apart { format!("{} ", a.about.name) } else { String::new() };
    let from_ns = a.runs.get(a_run as usize).map_or(0, |run| run.from_ns);
    Compared {
        a: a_run,
        b: b_run,
        a_name: format!("{recording}{}", called(a, a_run)),
        a_from_ns: i128::from(a.about.started_ns) + i128::from(from_ns),
        is_apart,
        lines,
        loss: diff.first_loss(),
    }
}

fn rows((a, b): (&Tape, &Tape), diff: &Diff, pair: &Pair) -> Option<(Row, Row)> {
    let (in_a, in_b) = (diff.a.steps.get(pair.a?)?, diff.b.steps.get(pair.b?)?);
    let is_message = |step: &Step| step.kind == Kind::Message;
    if !is_message(in_a) || !is_message(in_b) {
        return None;
    }
    a.timeline.row(in_a.row).zip(b.timeline.row(in_b.row))
}

fn half(tape: &Tape, steps: &Steps, at: usize) -> Option<Half> {
    let step = steps.steps.get(at)?;
    let name = tape.symbols.text(step.name);
    let text = match step.tool {
        Some(tool) => format!("{name} {}", tape.symbols.text(tool)),
        None => name.to_owned(),
    };
    let letter = match step.kind {
        Kind::Message => tape.letter(step.name),
        Kind::Close | Kind::Abort | Kind::Refused => '╳',
        _ => '·',
    };
    Some(Half { letter, text, since_ns: step.since_ns, row: step.row })
}

/// The comparison as a table for an issue.
pub(super) fn markdown(tape: &Tape, compared: &Compared) -> String {
    let quiet = |text: &str| super::escape::text(text).replace(['|', '`', '<', '>', '\n'], " ");
    let half = |half: &Option<Half>| {
        half.as_ref().map_or_else(String::new, |half| {
            format!("`{}` {}", quiet(&half.text), measure::since(half.since_ns))
        })
    };
    let (a, b) = (quiet(&compared.a_name), quiet(&tape.run_id(compared.b)));
    let mut text = format!("| A {a} | B {b} | |\n|---|---|---|\n");
    for (at, line) in compared.lines.iter().enumerate() {
        let what = match (&line.a, &line.b) {
            _ if compared.loss == Some(at) => "**first loss**",
            (Some(_), None) => "only in A",
            (None, Some(_)) => "only in B",
            _ if line.is_paced => "slower",
            _ if !line.differences.is_empty() => "differs",
            _ => "",
        };
        text += &format!("| {} | {} | {what} |\n", half(&line.a), half(&line.b));
    }
    text
}
