//! A recording and what of it is in scope → those facts, which tell of the run what the whole did.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::ControlFlow;

use super::scope::{Keep, Scope};
use crate::analysis::{Analysis, MESSAGE_LIMIT};
use crate::cli::failure::{Code, Failure};
use crate::cli::human;
use crate::cli::sift::Looked;
use crate::events::Format;
use crate::events::payload::json_of;
use crate::recording::{Check, RecordingReader};
use crate::rules::{Finding, RuleBook, Status};
use crate::wire::{
    Fact, Gap, Marks, Message, Messages, Opcode, OpenRows, RecordedFrame, Recording, drop_payload,
    restate,
};

/// Frames of a report: many times what anybody reads, and about what 24 MB hold.
pub(super) const MAX_FRAMES: usize = 250_000;

/// Payload bytes of a report, and what is held of them while it is made.
const MAX_BYTES: usize = 128 << 20;

/// How often frames are left out that only other runs explain; what then remains has other causes.
const PRUNINGS: usize = 3;

/// Facts that were taken out of a recording.
pub(super) struct Extract {
    pub(super) facts: Vec<Fact<'static>>,
    /// In it, and in the recording.
    pub(super) frames_of: (u64, u64),
    /// Messages that were compressed, and that are plain here.
    pub(super) plain: u64,
    /// Messages that were `MessagePack`, and that are JSON here.
    pub(super) unpacked: u64,
    /// The scope, in words.
    pub(super) words: String,
    /// How what is found in it differs from what was found in the whole.
    pub(super) differs: Differs,
    /// Frames of findings that only the cut makes.
    odd: BTreeSet<i64>,
}

/// Findings of a cut that are not those of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Differs {
    /// They come out of the whole, and not of the cut.
    pub(super) missing: Vec<String>,
    /// The cut makes them.
    pub(super) added: Vec<String>,
}

impl Differs {
    /// How many, and of these how many are missing, which is worse.
    fn count(&self) -> (usize, usize) {
        (self.missing.len() + self.added.len(), self.missing.len())
    }

    /// In words, if they differ.
    pub(super) fn told(&self) -> Option<String> {
        let list = |findings: &[String]| {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for finding in findings {
                *counts.entry(finding).or_default() += 1;
            }
            let counts = counts.iter().map(|(code, count)| match count {
                1 => (*code).to_owned(),
                _ => format!("{count} of {code}"),
            });
            counts.collect::<Vec<_>>().join(", ")
        };
        match (self.missing.is_empty(), self.added.is_empty()) {
            (true, true) => None,
            (true, false) => {
                Some(format!("found in this cut, and not in the whole: {}", list(&self.added)))
            }
            (false, true) => {
                Some(format!("found in the whole, and not in this cut: {}", list(&self.missing)))
            }
            (false, false) => Some(format!(
                "found in the whole, and not in this cut: {}; the other way round: {}",
                list(&self.missing),
                list(&self.added)
            )),
        }
    }
}

/// Takes out what is in scope, as wide as is needed for it to tell the same.
///
/// What is to be hidden in is read as text: where the rules read `MessagePack`, it `unpacks` that.
pub(super) fn extract(looked: &Looked, scope: &Scope, unpacks: bool) -> Result<Extract, Failure> {
    let unpacks = unpacks && looked.analysis.engine().book().reading.format == Format::MessagePack;
    let mut best: Option<Extract> = None;
    for width in scope.widths() {
        let mut keep = scope.keep(looked, *width);
        let mut next = match cut(looked, scope, (&keep, unpacks)) {
            Ok(next) => next,
            // Wider than this can't be.
            Err(_) if best.is_some() => break,
            Err(failure) => return Err(failure),
        };
        // What only other runs explain goes with them.
        for _ in 0..PRUNINGS {
            if !scope.is_around() || !keep.leave_out(&next.odd) {
                break;
            }
            let pruned = cut(looked, scope, (&keep, unpacks))?;
            if pruned.differs.count() >= next.differs.count() {
                break;
            }
            next = pruned;
        }
        next.words = scope.words_at(*width);
        let is_better =
            best.as_ref().is_none_or(|best| next.differs.count() < best.differs.count());
        if is_better {
            let is_same = next.differs.count() == (0, 0);
            best = Some(next);
            if is_same {
                break;
            }
        }
    }
    best.ok_or_else(|| Failure::new(Code::Runtime, "nothing is in scope"))
}

fn cut(looked: &Looked, scope: &Scope, (keep, unpacks): (&Keep, bool)) -> Result<Extract, Failure> {
    let reader = RecordingReader::open_with(looked.path(), Check::Schema)?;
    let mut cut = Cut { unpacks, ..Cut::new(keep, looked) };
    reader.facts(&mut |fact| {
        cut.take(&fact);
        if cut.is_too_large() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if cut.is_too_large() {
        return Err(Failure::new(Code::Usage, "that is too much for one report")
            .why(format!(
                "it would hold over {} or {} of payload",
                human::counted(MAX_FRAMES as u64, "frame"),
                human::size(MAX_BYTES as u64)
            ))
            .next("wiretape report REC --run ID   or --range A..B takes less")
            .next("wiretape export REC -o FILE.jsonl   carries everything"));
    }
    let Cut { facts, frames, all_frames, plain, unpacked, ids, lines, .. } = cut;
    let found = findings(&facts, &looked.analysis.engine().book().clone())?;
    let (differs, odd) = compare(looked, scope, &found, (&ids, &lines));
    let frames_of = (frames, all_frames);
    Ok(Extract { facts, frames_of, plain, unpacked, words: String::new(), differs, odd })
}

/// What is found in facts.
pub(super) fn findings(facts: &[Fact<'_>], book: &RuleBook) -> Result<Vec<Finding>, Failure> {
    let mut analysis = Analysis::new(book.clone()).map_err(|error| {
        Failure::new(Code::Usage, "the rules can't be followed").because(&error)
    })?;
    let mut finished_ns = None;
    for fact in facts {
        if let Fact::Recording(recording) = fact {
            finished_ns = recording.finished_ns;
        }
        analysis.feed(fact, &mut |_, _| {});
    }
    analysis.end(finished_ns, &mut |_, _| {});
    let all = analysis.engine().findings().iter();
    Ok(all.filter(|finding| finding.status != Status::Withdrawn).cloned().collect())
}

fn compare(
    looked: &Looked,
    scope: &Scope,
    found: &[Finding],
    (ids, lines): (&HashSet<i64>, &HashSet<i64>),
) -> (Differs, BTreeSet<i64>) {
    let all = looked.analysis.engine().findings().iter();
    let all: Vec<&Finding> = all.filter(|it| it.status != Status::Withdrawn).collect();
    let is_in = |finding: &Finding| {
        finding.connection.is_none_or(|id| lines.contains(&id))
            && finding.frames.iter().all(|frame| ids.contains(frame))
            && !(finding.frames.is_empty() && finding.connection.is_none())
    };
    let wanted = |finding: &&&Finding| match &scope.wanted {
        Some(wanted) => wanted.contains(&finding.id),
        None => is_in(finding),
    };
    let there: BTreeSet<u64> = found.iter().map(|finding| finding.id).collect();
    let known: BTreeSet<u64> = all.iter().map(|finding| finding.id).collect();
    let missing = all.iter().filter(wanted).filter(|finding| !there.contains(&finding.id));
    let added = || found.iter().filter(|finding| !known.contains(&finding.id));
    let differs = Differs {
        missing: missing.map(|finding| finding.code.text()).collect(),
        added: added().map(|finding| finding.code.text()).collect(),
    };
    (differs, added().flat_map(|finding| finding.frames.iter().copied()).collect())
}

/// Facts, of which some are kept.
struct Cut<'a> {
    keep: &'a Keep,
    /// What the recording is judged by, and when it was over.
    rules: &'a str,
    end_ns: u64,
    facts: Vec<Fact<'static>>,
    /// Connections and frames that are kept.
    lines: HashSet<i64>,
    ids: HashSet<i64>,
    frames: u64,
    all_frames: u64,
    bytes: usize,
    /// Nothing is left out, so that compressed messages still follow each other.
    is_whole: bool,
    /// `MessagePack` becomes JSON.
    unpacks: bool,
    messages: Messages,
    /// Kept rows of messages that are not complete.
    open: OpenRows,
    plain: u64,
    unpacked: u64,
}

impl<'a> Cut<'a> {
    fn new(keep: &'a Keep, looked: &'a Looked) -> Self {
        let latest = looked.timeline.page(None, usize::MAX).map(|row| row.at_ns).max();
        Self {
            keep,
            rules: &looked.rules_text,
            end_ns: latest.unwrap_or(0),
            facts: Vec::new(),
            lines: HashSet::new(),
            ids: HashSet::new(),
            frames: 0,
            all_frames: 0,
            bytes: 0,
            is_whole: keep.is_all(),
            unpacks: false,
            messages: Messages::new(MESSAGE_LIMIT),
            open: OpenRows::default(),
            plain: 0,
            unpacked: 0,
        }
    }

    fn is_too_large(&self) -> bool {
        self.ids.len() > MAX_FRAMES || self.bytes > MAX_BYTES
    }

    fn take(&mut self, fact: &Fact<'_>) {
        match fact {
            Fact::Recording(recording) => {
                let end_ns = self.end_ns.max(recording.finished_ns.unwrap_or(0));
                self.facts.push(Fact::Recording(Recording {
                    rules: Some(self.rules.to_owned()),
                    // What was waited for then is judged as of then.
                    finished_ns: Some(end_ns),
                    ..recording.clone()
                }));
            }
            Fact::Connection(connection) => {
                self.messages.connection(connection);
                if self.keep.connection(connection) {
                    self.lines.insert(connection.id);
                    self.facts.push(Fact::Connection(connection.clone()));
                }
            }
            Fact::Frame(frame) => self.frame(frame),
            Fact::Gap(gap) => {
                self.messages.gap(gap);
                if self.is_of_scope(gap) {
                    self.facts.push(Fact::Gap(gap.clone()));
                }
            }
            Fact::Note(note) => {
                if self.keep.note(note, &|frame| self.ids.contains(&frame)) {
                    self.facts.push(Fact::Note(note.clone()));
                }
            }
        }
    }

    fn is_of_scope(&self, gap: &Gap) -> bool {
        gap.connection.is_none_or(|id| self.lines.contains(&id))
    }

    fn frame(&mut self, frame: &RecordedFrame<'_>) {
        self.all_frames += 1;
        let is_alone = !self.is_whole && self.messages.deflates(frame.connection);
        let is_read = is_alone || self.unpacks;
        if self.keep.frame(frame) {
            self.frames += 1;
            self.bytes += frame.frame.payload.len();
            self.ids.insert(frame.id);
            if is_read {
                self.open.add(frame, self.facts.len());
            }
            let owned = RecordedFrame { frame: frame.frame.clone().into_owned(), ..frame.clone() };
            self.facts.push(Fact::Frame(owned));
        }
        let message = if is_read { self.messages.feed(frame) } else { None };
        if let Some(message) = message {
            let rows = self.open.take(frame, &message, &self.facts);
            self.complete(&message, &rows);
        }
    }

    /// A compressed message is read with the help of those before it, which may not be here, or be
    /// something else: it is put back plain. One that can't be read keeps nothing that would be read
    /// wrongly.
    fn complete(&mut self, message: &Message, rows: &[usize]) {
        if rows.is_empty() {
            return;
        }
        self.plain += u64::from(message.compressed);
        let whole = message.trouble.is_none() && message.length == message.payload.len() as u64;
        let whole = whole && !message.marks.has(Marks::RAW);
        if let Some(json) = self.unpacked(message).filter(|_| whole) {
            self.unpacked += 1;
            restate(&mut self.facts, rows, Opcode::TEXT, json.as_bytes());
        } else if message.compressed && whole {
            restate(&mut self.facts, rows, message.opcode, &message.payload);
        } else if message.compressed {
            for row in rows {
                drop_payload(&mut self.facts, *row);
            }
        }
    }

    /// The JSON of a map or a list in `MessagePack`, which no text begins like.
    fn unpacked<'m>(&self, message: &'m Message) -> Option<Cow<'m, str>> {
        let begins = message.payload.first().is_some_and(|first| !first.is_ascii());
        let is_packed = self.unpacks && message.opcode == Opcode::BINARY && begins;
        is_packed.then(|| json_of(Format::MessagePack, &message.payload, 0))?
    }
}
