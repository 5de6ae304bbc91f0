//! `--rules`, or the traffic itself → the rules that a recording is looked at by.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;

use super::failure::{Code, Failure};
use super::{escape, rules};
use crate::analysis::Analysis;
use crate::events::Kind;
use crate::recording::{Check, RecordingError, RecordingReader};
use crate::rules::learn::pairs::{with_pairs, with_pairs_text};
use crate::rules::learn::{LearnedPair, Pairs};
use crate::rules::{RuleBook, language, presets};

/// Frames looked at to find out what is spoken: a few seconds of it.
const SAMPLE: u64 = 2_000;

/// Of a hundred events, so many must be of a protocol before it is taken for spoken.
const SHARE: u64 = 5;

/// Presets that traffic may be taken for, the more particular first.
const CANDIDATES: [&str; 5] = ["agent", "ag-ui", "graphql-transport-ws", "socket.io", "json-rpc"];

/// Whether it is the traffic that decides, rather than what was asked for or is kept with it.
pub(super) fn is_open(asked: Option<&str>, reader: &RecordingReader) -> Result<bool, Failure> {
    Ok(asked.is_none() && reader.recording()?.rules.is_none())
}

/// The rules asked for, or those that fit the traffic; and why these.
pub(super) fn choose(asked: Option<&str>, path: &Path) -> Result<(RuleBook, String), Failure> {
    choose_with_text(asked, path).map(|Chosen { book, why, .. }| (book, why))
}

/// Rules to look at a recording by.
pub(super) struct Chosen {
    pub(super) book: RuleBook,
    /// The same as text, with the files that they name.
    pub(super) text: String,
    /// Why these.
    pub(super) why: String,
}

/// The same, with their text, to be kept.
pub(super) fn choose_with_text(asked: Option<&str>, path: &Path) -> Result<Chosen, Failure> {
    if let Some(asked) = asked {
        let (book, text) = load_with_text(asked)?;
        if book.name == PAIRS {
            return learned_with_text(book, &text, path);
        }
        let why = format!("rules {}", book.name);
        return Ok(Chosen { book, text, why });
    }
    let reader = RecordingReader::open_with(path, Check::Schema)?;
    if let Some(text) = reader.recording()?.rules
        && let Ok(book) = language::read("recorded rules", &text)
    {
        if is_pairs(&text) {
            return learned_with_text(book, &text, path);
        }
        return Ok(Chosen { book, text, why: "rules it was recorded with".to_owned() });
    }
    let fitting = fitting(&reader)?;
    let (name, why) = fitting.map_or_else(nothing, |fits| (fits.name, fits.why));
    let preset = presets::presets().iter().find(|preset| preset.name == name);
    let text = preset.map_or_else(String::new, |preset| preset.text.to_owned());
    Ok(Chosen { book: built_in(name)?, text, why })
}

/// What is taken where nothing fits, and why.
pub(super) fn nothing() -> (&'static str, String) {
    ("none", "no rules: nothing here is of a protocol that is known".to_owned())
}

/// Whether these are the rules that are learned from what they judge.
pub(super) fn is_pairs(text: &str) -> bool {
    presets::presets().iter().any(|preset| preset.name == PAIRS && preset.text == text)
}

/// The preset of this name.
pub(super) fn built_in(name: &str) -> Result<RuleBook, Failure> {
    presets::preset(name)
        .ok_or_else(|| Failure::new(Code::Runtime, format!("the preset {name} is broken")))
}

/// The preset that learns its rules from what it is to judge.
const PAIRS: &str = "pairs";

/// The pairs that the recording itself shows, as rules.
pub(super) fn learned(book: RuleBook, path: &Path) -> Result<(RuleBook, String), Failure> {
    learned_with_text(book, "", path).map(|Chosen { book, why, .. }| (book, why))
}

fn learned_with_text(book: RuleBook, text: &str, path: &Path) -> Result<Chosen, Failure> {
    let reader = RecordingReader::open_with(path, Check::Schema)?;
    let mut pairs = Pairs::new(&book.reading);
    let mut analysis = Analysis::new(book.clone()).map_err(|error| {
        Failure::new(Code::Usage, "the rules can't be followed").because(&error)
    })?;
    reader.facts(&mut |fact| {
        analysis.feed(&fact, &mut |event, _| pairs.event(event));
        ControlFlow::Continue(())
    })?;
    let learned = pairs.learned(analysis.symbols());
    let told: Vec<String> = learned.iter().map(told).collect();
    let told = if told.is_empty() {
        "nothing here begins and ends often enough to learn from".to_owned()
    } else {
        told.join("; ")
    };
    // Of names that are no rule's, the text is as good as it was.
    let pinned = with_pairs_text(text, &learned);
    let text = if language::read("pairs", &pinned).is_ok() { pinned } else { text.to_owned() };
    let why = format!("rules pairs, learned: {told}");
    Ok(Chosen { book: with_pairs(book, &learned), text, why })
}

/// `tool_executing → tool_completed by call (128 of 129)`.
fn told(pair: &LearnedPair) -> String {
    let LearnedPair { open, close, key, seen: (seen, met), by_name } = pair;
    let by = key.as_ref().map_or_else(|| "in order".to_owned(), |key| format!("by {key}"));
    let why = if *by_name { "" } else { ", by share alone" };
    format!("{open} → {} {by} ({met} of {seen}{why})", close.join(" or "))
}

/// The preset or the file of this name, and its text, to be kept.
pub(super) fn load_with_text(asked: &str) -> Result<(RuleBook, String), Failure> {
    let known = presets::presets().iter().find(|preset| preset.name == asked);
    if let Some((preset, book)) = known.zip(presets::preset(asked)) {
        return Ok((book, preset.text.to_owned()));
    }
    let path = Path::new(asked);
    if !path.exists() && !asked.contains(['/', '.']) {
        rules::find(asked)?;
    }
    let text = rules::read(path)?;
    let name = path.file_name().map_or(asked.into(), |name| name.to_string_lossy().into_owned());
    let checked = language::check_with(&name, &text, &rules::beside(path));
    let read = checked.book.ok_or(checked.diagnostics).map_err(|diagnostics| {
        let count = diagnostics.len();
        let failure = Failure::new(Code::Usage, format!("{asked} has {count} mistakes"));
        let failure = match diagnostics.first() {
            Some(first) => failure.why(format!("line {}: {}", first.line, first.message)),
            None => failure,
        };
        failure.next(format!("wiretape rules lint {}", escape::path(path)))
    });
    let book = read?;
    let text = language::with_files(&text, &book);
    Ok((book, text))
}

/// The preset taken so far for a recording that grows. It is asked again until as much was seen as
/// [`choose`] looks at, so that both come to the same.
#[derive(Default)]
pub(super) struct Choice {
    name: Option<&'static str>,
    first_ns: Option<u64>,
    asked: u64,
}

/// What came of asking again.
pub(super) enum Turn {
    /// The preset is still the one that fits, or nobody knows better yet.
    Same,
    /// Another one fits, or none does any more.
    Other(Option<Fits>),
}

/// Frames, or the time after the first, before it is asked which rules fit.
const FIRST_FRAMES: u64 = 8;
const FIRST_NS: u64 = 2_000_000_000;

impl Choice {
    /// What fits now, and whether that is another preset than before.
    pub(super) fn again(
        &mut self,
        reader: &RecordingReader,
        (now_ns, stopping): (u64, bool),
    ) -> Result<Turn, RecordingError> {
        let frames = reader.last_frame()?.unsigned_abs();
        if !self.is_due(frames, (now_ns, stopping)) {
            return Ok(Turn::Same);
        }
        self.asked = frames;
        let fits = fitting(reader)?;
        let name = fits.as_ref().map(|fits| fits.name);
        let is_another = name != self.name;
        self.name = name;
        Ok(if is_another { Turn::Other(fits) } else { Turn::Same })
    }

    /// Whether so many frames are worth asking: twice as many as the last time, and all of them
    /// at the end.
    fn is_due(&mut self, frames: u64, (now_ns, stopping): (u64, bool)) -> bool {
        if frames == 0 || self.asked >= SAMPLE {
            return false;
        }
        let first_ns = *self.first_ns.get_or_insert(now_ns);
        match self.asked {
            _ if stopping => frames > self.asked,
            0 => frames >= FIRST_FRAMES || now_ns >= first_ns.saturating_add(FIRST_NS),
            asked => frames >= SAMPLE.min(2 * asked),
        }
    }
}

/// A preset that fits a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fits {
    pub(super) name: &'static str,
    /// `rules agent: 12 of the first 14 events are its own`.
    pub(super) why: String,
}

/// The preset that knows most of what is said, if one knows enough. It depends on the first
/// [`SAMPLE`] frames alone, so that who asks afterwards gets the same.
fn fitting(reader: &RecordingReader) -> Result<Option<Fits>, RecordingError> {
    let mut best: Option<(u64, u64, &str)> = None;
    for name in CANDIDATES {
        let Some(book) = presets::preset(name) else { continue };
        let (known, all) = known(reader, book)?;
        if known * 100 >= all * SHARE && known > 0 && best.is_none_or(|(most, _, _)| known > most) {
            best = Some((known, all, name));
        }
    }
    Ok(best.map(|(known, all, name)| Fits {
        name,
        why: format!("rules {name}: {known} of the first {all} events are its own"),
    }))
}

/// How many of the first events a book has names for, of how many.
fn known(reader: &RecordingReader, book: RuleBook) -> Result<(u64, u64), RecordingError> {
    let mut names: HashSet<String> = HashSet::new();
    for lifecycle in &book.lifecycles {
        names.extend(lifecycle.pattern.names().into_iter().map(str::to_owned));
        for sub in &lifecycle.subs {
            names.extend(sub.pattern.names().into_iter().map(str::to_owned));
        }
    }
    if names.is_empty() {
        names.extend(book.reading.names.iter().map(|naming| naming.name.clone()));
    }
    let Ok(mut analysis) = Analysis::new(book) else { return Ok((0, 0)) };
    let (mut known, mut all) = (0, 0);
    let mut frames = 0;
    reader.facts(&mut |fact| {
        frames += u64::from(matches!(fact, crate::wire::Fact::Frame(_)));
        analysis.feed(&fact, &mut |event, symbols| {
            if event.kind == Kind::Message {
                all += 1;
                known += u64::from(names.contains(symbols.text(event.name)));
            }
        });
        if frames < SAMPLE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok((known, all))
}
