//! `--filter` → which events of a recording are meant, and what to drop where none is.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Globals;
use super::choose::{Chosen, choose_with_text};
use super::config::Config;
use super::failure::{Code, Failure};
use super::human;
use super::look::look;
use crate::analysis::diff::Details;
use crate::analysis::look::Look;
use crate::analysis::timeline::{Row, Timeline};
use crate::analysis::tools::ToolTimes;
use crate::analysis::{Analysis, MESSAGE_LIMIT};
use crate::events::filter::{Filter, Mistake, Payload, expand};
use crate::events::payload::Parts;
use crate::events::{Event, Reading, Symbols};
use crate::recording::{Check, RecordingReader};
use crate::wire::{Direction, Fact, Message, Messages, RecordedFrame, Recording};

/// Conditions for which it is tried what would be met without each.
const MOST_TRIED: usize = 8;

/// A recording, all of it looked at.
pub(super) struct Looked {
    path: PathBuf,
    pub(super) recording: Recording,
    pub(super) analysis: Arc<Analysis>,
    pub(super) timeline: Arc<Timeline>,
    pub(super) tools: ToolTimes,
    pub(super) details: Details,
    /// Why these rules.
    pub(super) chosen: String,
    /// The rules as text.
    pub(super) rules_text: String,
}

/// The events that a filter means.
pub(super) struct Sifted {
    filter: Filter,
    /// By row.
    meant: Vec<bool>,
    pub(super) count: u64,
    hint: Option<(String, u64)>,
}

/// Reads what was typed after `--filter`, with `@NAME` for a filter that is kept.
pub(super) fn parse_kept(text: &str, globals: &Globals) -> Result<Filter, Failure> {
    if !text.contains('@') {
        return parse(text);
    }
    let kept = Config::read(globals)?.filters;
    let expanded = expand(text, &|name| kept.get(name).cloned()).map_err(|name| {
        let names: Vec<String> = kept.keys().map(|name| format!("@{name}")).collect();
        let there = if names.is_empty() { "none is kept".to_owned() } else { names.join(", ") };
        Failure::new(Code::Usage, format!("no filter is called @{name}"))
            .why(format!("there is: {there}"))
            .next("wiretape config   shows where filters are kept")
    })?;
    parse(&expanded)
}

/// Reads a filter.
pub(super) fn parse(text: &str) -> Result<Filter, Failure> {
    Filter::parse(text).map_err(|mistake| failure(text, &mistake))
}

fn failure(text: &str, mistake: &Mistake) -> Failure {
    let [shown, underline] = mistake.excerpt(text);
    let failure = Failure::new(Code::Usage, format!("the filter: {}", mistake.message));
    let failure = failure.why(format!("{shown}\n{underline}"));
    match &mistake.hint {
        Some(hint) => failure.next(hint.clone()),
        None => failure,
    }
}

impl Looked {
    /// Looks at a recording by the rules asked for, or those that fit.
    pub(super) fn at(path: &Path, rules: Option<&str>, globals: &Globals) -> Result<Self, Failure> {
        let Chosen { book, text: rules_text, why: chosen } = choose_with_text(rules, path)?;
        let mut timeline = Timeline::new(&book.reading);
        let mut tools = ToolTimes::new(&book);
        let mut details = Details::new(&book.reading);
        let mut each = |event: &Event, symbols: &Symbols| {
            timeline.append(event);
            tools.event(event, symbols);
            details.append(event);
        };
        let (recording, analysis) = look(path, book, globals, &mut each)?;
        timeline.settle(analysis.engine().findings());
        let (analysis, timeline) = (Arc::new(analysis), Arc::new(timeline));
        let path = path.to_owned();
        Ok(Self { path, recording, analysis, timeline, tools, details, chosen, rules_text })
    }

    /// Its file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The rows that `filter` means.
    pub(super) fn sift(&self, filter: Filter) -> Result<Sifted, Failure> {
        let mut rows = self.select(std::slice::from_ref(&filter))?;
        let meant = rows.pop().unwrap_or_default();
        let count = count(&meant);
        let hint = if count == 0 { self.hint(&filter)? } else { None };
        Ok(Sifted { filter, meant, count, hint })
    }

    /// The condition without which the most is met.
    fn hint(&self, filter: &Filter) -> Result<Option<(String, u64)>, Failure> {
        let (dropped, rest): (Vec<String>, Vec<Filter>) =
            filter.without_one().into_iter().take(MOST_TRIED).unzip();
        let counts = self.select(&rest)?;
        let counts = counts.iter().map(|meant| count(meant));
        let best = dropped.into_iter().zip(counts).filter(|(_, count)| *count > 0);
        // Of equals, the one that was typed last is the one to drop.
        Ok(best.max_by_key(|(_, count)| *count))
    }

    /// By filter and row: whether it is meant. Payloads are read only where they decide.
    fn select(&self, filters: &[Filter]) -> Result<Vec<Vec<bool>>, Failure> {
        let look =
            Look::new(&self.timeline, self.analysis.symbols(), self.analysis.engine().findings());
        let mut meant = vec![vec![false; self.timeline.len() as usize]; filters.len()];
        let mut open: HashMap<u32, Vec<usize>> = HashMap::new();
        for row in self.timeline.page(None, usize::MAX) {
            for (index, filter) in filters.iter().enumerate() {
                match look.meets(filter, &row, None) {
                    Some(met) => meant[index][row.number as usize] = met,
                    None => open.entry(row.number).or_default().push(index),
                }
            }
        }
        if open.is_empty() {
            return Ok(meant);
        }
        let parts = parts(&self.analysis.engine().book().reading)?;
        messages(&self.path, &mut |connection, _, message| {
            for number in self.timeline.rows_of_frame(message.frames.1) {
                let Some(asked) = open.get(&number) else { continue };
                let Some(row) = self.timeline.row(number) else { continue };
                if row.connection != connection {
                    continue;
                }
                let json = parts.json(&message.payload, u32::from(row.part));
                let payload = Payload {
                    opcode: message.opcode,
                    bytes: &message.payload,
                    json: json.as_deref(),
                };
                for filter in asked {
                    meant[*filter][number as usize] =
                        look.meets(&filters[*filter], &row, Some(&payload)) == Some(true);
                }
            }
        })?;
        Ok(meant)
    }
}

impl Sifted {
    /// Whether a row is meant.
    pub(super) fn has(&self, row: u32) -> bool {
        self.meant.get(row as usize).is_some_and(|meant| *meant)
    }

    /// `31 of 4,812 events: type is tool_*`, or what to drop so that some are met.
    pub(super) fn summary(&self) -> String {
        let of = human::counted(self.meant.len() as u64, "event");
        let begin = format!("{} of {of}", human::count(self.count));
        match &self.hint {
            Some((term, count)) => {
                format!("{begin}. Without `{term}`: {}.", human::count(*count))
            }
            None => format!("{begin}: {}", self.filter.in_words()),
        }
    }

    /// The frames of the events that are meant.
    pub(super) fn frames(&self, timeline: &Timeline) -> MeantFrames {
        MeantFrames::of(timeline.page(None, usize::MAX).filter(|row| self.has(row.number)))
    }
}

/// Frames of events.
#[derive(Clone, Debug, Default)]
pub(super) struct MeantFrames {
    single: HashSet<i64>,
    /// Messages of several frames: first and last, by connection and direction.
    spans: HashMap<(i64, Direction), Vec<(i64, i64)>>,
    /// Events that no frame stands for, such as `ws.open`.
    pub(super) without: u64,
}

impl MeantFrames {
    /// Those of these rows.
    pub(super) fn of(rows: impl Iterator<Item = Row>) -> Self {
        let mut frames = Self::default();
        for row in rows {
            frames.add(&row);
        }
        for spans in frames.spans.values_mut() {
            spans.sort_unstable();
        }
        frames
    }

    fn add(&mut self, row: &Row) {
        match row.frames {
            (_, 0) => self.without += 1,
            (first, last) if first == last => drop(self.single.insert(last)),
            span => self.spans.entry((row.connection, row.direction)).or_default().push(span),
        }
    }

    /// Whether a frame is one of them.
    pub(super) fn has(&self, frame: &RecordedFrame<'_>) -> bool {
        if self.single.contains(&frame.id) {
            return true;
        }
        let Some(spans) = self.spans.get(&(frame.connection, frame.direction)) else {
            return false;
        };
        let before = spans.partition_point(|(first, _)| *first <= frame.id);
        let span = before.checked_sub(1).and_then(|at| spans.get(at));
        // A control frame within a message is none of its frames.
        let is_control = frame.frame.header.opcode().is_control();
        span.is_some_and(|(_, last)| *last >= frame.id) && !is_control
    }
}

/// How a reading takes messages apart.
pub(super) fn parts(reading: &Reading) -> Result<Parts, Failure> {
    Parts::new(reading)
        .map_err(|error| Failure::new(Code::Usage, "the rules can't be followed").because(&error))
}

fn count(meant: &[bool]) -> u64 {
    meant.iter().filter(|meant| **meant).count() as u64
}

/// Every message of a recording that is whole, with its connection and direction.
pub(super) fn messages(
    path: &Path,
    each: &mut dyn FnMut(i64, Direction, &Message),
) -> Result<(), Failure> {
    let reader = RecordingReader::open_with(path, Check::Schema)?;
    let mut messages = Messages::new(MESSAGE_LIMIT);
    reader.facts(&mut |fact| {
        match &fact {
            Fact::Connection(connection) => messages.connection(connection),
            Fact::Gap(gap) => messages.gap(gap),
            Fact::Frame(frame) => {
                if let Some(message) = messages.feed(frame) {
                    each(frame.connection, frame.direction, &message);
                }
            }
            Fact::Recording(_) | Fact::Note(_) => {}
        }
        ControlFlow::Continue(())
    })?;
    Ok(())
}
