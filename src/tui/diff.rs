//! Two runs of a recording → the lines of the Diff screen: what both have, what only one has.

use super::measure;
use super::tape::Tape;
use crate::analysis::diff::{Diff, Kept, Pair, Payloads, Side, Step, Steps, twin};
use crate::analysis::timeline::{LaneOf, Row};
use crate::events::Kind;

/// Events whose payloads are compared: more than anyone reads.
const MOST_PAYLOADS: usize = 500;

/// Two runs, compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// The good run.
    pub a: u32,
    /// The reader's.
    pub b: u32,
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
    let side = Side::new(Kept {
        timeline: &tape.timeline,
        symbols: &tape.symbols,
        findings: &tape.findings,
        book: &tape.book,
        details: &tape.details,
    });
    let Some(LaneOf::Run(good)) = twin(&side, LaneOf::Run(run), &side) else {
        return Err("no good run here is like this one: a good run came to its end, has no \
                    findings, and has half of the events in common"
            .to_owned());
    };
    let steps = |run| (side.steps(LaneOf::Run(run)), &tape.symbols);
    let diff = Diff::of(steps(good), steps(run));
    let mut payloads = Payloads::new(true);
    let mut left = MOST_PAYLOADS;
    let mut lines = Vec::with_capacity(diff.pairs.len());
    for pair in &diff.pairs {
        let mut line = Line {
            a: pair.a.and_then(|at| half(tape, &diff.a, at)),
            b: pair.b.and_then(|at| half(tape, &diff.b, at)),
            later_ns: pair.later_ns,
            is_paced: pair.paced,
            differences: Vec::new(),
        };
        if let Some((a, b)) = rows(tape, &diff, pair).filter(|_| left > 0) {
            left -= 1;
            if let Some((a, b)) = payload(&a).zip(payload(&b)) {
                let (found, _) = payloads.compare(&a, &b);
                let texts = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
                let found = found.into_iter();
                line.differences = found.map(|it| (it.path, texts(&it.a), texts(&it.b))).collect();
            }
        }
        lines.push(line);
    }
    Ok(Compared { a: good, b: run, lines, loss: diff.first_loss() })
}

fn rows(tape: &Tape, diff: &Diff, pair: &Pair) -> Option<(Row, Row)> {
    let (a, b) = (diff.a.steps.get(pair.a?)?, diff.b.steps.get(pair.b?)?);
    let is_message = |step: &Step| step.kind == Kind::Message;
    if !is_message(a) || !is_message(b) {
        return None;
    }
    tape.timeline.row(a.row).zip(tape.timeline.row(b.row))
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
    let id = |run| quiet(&tape.run_id(run));
    let mut text =
        format!("| A {} (good) | B {} | |\n|---|---|---|\n", id(compared.a), id(compared.b));
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
