//! What the screen asks → answers from the disk: payloads, filtered rows, the list, a recording.

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::choose::{self, choose};
use super::failure::{Code, Failure};
use super::filtering::{Filtering, ROWS_AT_ONCE};
use super::locate::Located;
use super::verdicts::Verdicts;
use super::watch::{Decides, watch};
use super::{Globals, clipboard, clock, config, escape, locate, ls, mask, query, report, rm, sift};
use crate::analysis::MESSAGE_LIMIT;
use crate::analysis::look::Look;
use crate::analysis::timeline::Row;
use crate::events::Kind;
use crate::events::payload::Parts;
use crate::recording::note;
use crate::recording::store::{Store, name_of};
use crate::recording::{Check, FrameRange, QueryRows, RecordingReader, Value};
use crate::rules::RuleBook;
use crate::tui::diff::{self, Compared, Paired, Which};
use crate::tui::review::{Stage, Step};
use crate::tui::tape::About;
use crate::tui::{Answer, Growths, Judges, Listed, Portion, Shown, Sifted, Source, Tape};
use crate::wire::{Messages, Note};

/// Bytes of a payload that are shown at first: more than anyone reads on a screen.
const SHOWN: usize = 64 << 10;

/// Rows of SQL's answer that are shown, and columns of a name.
const MOST_ROWS: usize = 1000;
const CELL: usize = 40;

/// What is said where no recording is open, and of notes in what is no recording.
const NOTHING: &str = "nothing is open";
const NO_NOTES: &str = "notes are kept in recordings: wiretape import makes one of this";

/// How long SQL may take, on the screen.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the screen asks of the disk.
pub(crate) struct Front {
    globals: Globals,
    rules: Option<String>,
    open: Option<Open>,
    desk: report::Desk,
    /// The recording that this one is compared with.
    other: Option<(Open, Tape)>,
    /// What is found in those of the list.
    verdicts: Verdicts,
}

/// The recording that is asked about.
struct Open {
    path: PathBuf,
    /// How payloads are read, by which rules.
    parts: Parts,
    book: Arc<RuleBook>,
    filtering: Option<Filtering>,
    /// It is no recording: nothing is written to it.
    passes: bool,
    /// The file that it was made of, for as long as it is open.
    passing: Option<Located>,
}

impl Front {
    pub(crate) fn new(globals: &Globals, rules: Option<String>) -> Self {
        let desk = report::Desk::default();
        let verdicts = Verdicts::new(rules.clone());
        Self { globals: globals.clone(), rules, open: None, other: None, desk, verdicts }
    }

    /// Begins to look at a recording, which is the one asked about from then on.
    pub(crate) fn look(&mut self, path: &Path) -> Result<(Tape, Growths), Failure> {
        let (open, tape, growths) = self.begin(path)?;
        (self.open, self.other) = (Some(open), None);
        Ok((tape, growths))
    }

    /// All of another recording, which may be the one that was looked at before.
    fn other(&mut self, key: &str) -> Result<&(Open, Tape), Failure> {
        let path = Path::new(key);
        let known = self.other.take().filter(|(open, _)| open.path == path);
        let other = if let Some(other) = known {
            other
        } else {
            let (open, mut tape, growths) = self.begin(path)?;
            if tape.about.state == "live" {
                return Err(Failure::new(Code::Usage, "it is still being recorded")
                    .next("end it first, or compare what was recorded before"));
            }
            for growth in growths {
                tape.grow(growth);
            }
            (open, tape)
        };
        Ok(self.other.insert(other))
    }

    fn begin(&self, path: &Path) -> Result<(Open, Tape, Growths), Failure> {
        let (book, chosen) = choose(self.rules.as_deref(), path)?;
        let reader = RecordingReader::open_with(path, Check::Schema)?;
        let recording = reader.recording()?;
        let last = reader.last_frame()?;
        let mut end_ns = recording.finished_ns.unwrap_or(0);
        let range = FrameRange { after_id: last - 1, until_id: last, connection: None };
        reader.frames(range, &mut |frame| {
            end_ns = end_ns.max(frame.stamp.read_ns);
            ControlFlow::Continue(())
        })?;
        let about = About {
            name: name_of(path).unwrap_or_else(|| recording.name.clone()),
            upstream: mask::mask_target(&recording.upstream),
            started_ns: recording.started_ns,
            state: reader.state()?.word(),
            end_ns,
            frames: last.unsigned_abs(),
            chosen,
        };
        let decides = if choose::is_open(self.rules.as_deref(), &reader)? {
            Decides::Traffic
        } else {
            Decides::Reader
        };
        let growths = watch(path, book.clone(), decides)?;
        let (parts, book) = (sift::parts(&book.reading)?, Arc::new(book));
        let open = Open {
            path: path.to_owned(),
            parts,
            book: Arc::clone(&book),
            filtering: None,
            passes: false,
            passing: None,
        };
        Ok((open, Tape::new(about, book), growths))
    }

    /// What is open, if something written to it stays.
    fn kept(&self) -> Result<&Open, String> {
        let open = self.open.as_ref().ok_or(NOTHING)?;
        if open.passes { Err(NO_NOTES.to_owned()) } else { Ok(open) }
    }

    /// What is open is a report, or another file that was made into a recording for the time being.
    pub(crate) fn passes(&mut self) {
        if let Some(open) = &mut self.open {
            open.passes = true;
        }
    }

    /// Begins to look at what was found, whatever it is.
    fn enter(&mut self, located: Located) -> Result<(Tape, Growths), Failure> {
        let looked = self.look(&located)?;
        if let Some(open) = self.open.as_mut().filter(|_| located.is_passing()) {
            (open.passes, open.passing) = (true, Some(located));
        }
        Ok(looked)
    }
}

impl Open {
    /// Reads by these rules from now on.
    fn by(&mut self, book: &Arc<RuleBook>) -> Result<(), Failure> {
        if !Arc::ptr_eq(&self.book, book) {
            self.parts = sift::parts(&book.reading)?;
            self.book = Arc::clone(book);
        }
        Ok(())
    }

    fn payload(&self, row: &Row, portion: Portion) -> Result<Shown, Failure> {
        // So that a test sees what a panic leaves of a terminal.
        let panics = cfg!(debug_assertions) && std::env::var_os("WIRETAPE_TEST_PANIC").is_some();
        assert!(!panics, "asked to panic");
        let none = Shown::default();
        let most = match portion {
            Portion::First => SHOWN,
            Portion::All => MESSAGE_LIMIT,
        };
        if row.frames.1 == 0 {
            return Ok(none);
        }
        let reader = RecordingReader::open_with(&self.path, Check::Schema)?;
        let mut messages = Messages::new(MESSAGE_LIMIT);
        if let Some(connection) = reader.connection(row.connection)? {
            messages.connection(&connection);
        }
        reader.gaps(i64::MIN, &mut |(_, gap)| {
            messages.gap(&gap);
            ControlFlow::Continue(())
        })?;
        // A compressed message is read with the help of those before it.
        let begin = if messages.deflates(row.connection) { 0 } else { row.frames.0 - 1 };
        let range = FrameRange {
            after_id: begin,
            until_id: row.frames.1,
            connection: Some(row.connection),
        };
        let mut shown = none;
        reader.frames(range, &mut |frame| {
            if frame.direction != row.direction {
                return ControlFlow::Continue(());
            }
            let last = frame.id == row.frames.1;
            if let Some(message) = messages.feed(&frame).filter(|_| last) {
                let json = self.parts.json(&message.payload, u32::from(row.part));
                shown.json = json
                    .filter(|_| row.kind == Kind::Message)
                    .filter(|json| json.trim_start().starts_with(['{', '[']))
                    .map(|json| cut(&json, most).to_owned());
                shown.length = message.payload.len() as u64;
                shown.bytes = message.payload;
                shown.bytes.truncate(most);
            } else if last && shown.length == 0 {
                shown.length = frame.frame.payload.len() as u64;
                shown.bytes = frame.frame.payload.iter().copied().take(most).collect();
            }
            ControlFlow::Continue(())
        })?;
        Ok(shown)
    }

    fn notes(&self) -> Result<Vec<Note>, Failure> {
        let reader = RecordingReader::open_with(&self.path, Check::Schema)?;
        super::watch::notes(&reader)
    }

    fn query(&self, sql: &str) -> Result<Answer, Failure> {
        let mut reader = RecordingReader::open_with(&self.path, Check::Schema)?;
        let deadline = clock::now() + PATIENCE;
        let mut rows = Rows::default();
        let stop = move || clock::now() >= deadline;
        reader
            .query(sql, stop, &mut rows)
            .map_err(|error| query::explain(&error, PATIENCE.as_secs()))?;
        Ok(rows.0)
    }

    /// The next rows that a filter means.
    fn sift(&mut self, tape: &Tape, text: &str, from: u32) -> Result<Sifted, Failure> {
        self.by(&tape.book)?;
        let mut filtering = match self.filtering.take() {
            Some(filtering) if filtering.text == text && from > 0 => filtering,
            _ => Filtering::new(text)?,
        };
        let look = Look::new(&tape.timeline, &tape.symbols, &tape.findings);
        let rows = filtering.rows(&look, tape, from, (&self.path, &self.parts))?;
        let until = from.saturating_add(ROWS_AT_ONCE as u32).min(tape.timeline.len());
        let words = filtering.words();
        self.filtering = Some(filtering);
        Ok(Sifted { rows, until, words })
    }
}

/// Rows of an answer, some of them.
#[derive(Default)]
struct Rows(Answer);

impl QueryRows for Rows {
    fn columns(&mut self, names: &[&str]) {
        self.0.names = names.iter().map(|name| escape::fit(name.as_bytes(), CELL)).collect();
    }

    fn row(&mut self, values: &[Value<'_>]) -> ControlFlow<()> {
        if self.0.rows.len() == MOST_ROWS {
            self.0.is_cut = true;
            return ControlFlow::Break(());
        }
        self.0.rows.push(values.iter().map(query::cell).collect());
        ControlFlow::Continue(())
    }
}

/// As much of a text as is shown.
fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

impl Source for Front {
    fn payload(
        &mut self,
        row: &Row,
        book: &Arc<RuleBook>,
        portion: Portion,
    ) -> Result<Shown, String> {
        let open = self.open.as_mut().ok_or(NOTHING)?;
        let read = open.by(book).and_then(|()| open.payload(row, portion));
        read.map_err(|failure| failure.render())
    }

    fn sift(&mut self, tape: &Tape, filter: &str, from: u32) -> Result<Sifted, String> {
        let open = self.open.as_mut().ok_or(NOTHING)?;
        open.sift(tape, filter, from).map_err(|failure| failure.in_one_row())
    }

    fn recordings(&mut self) -> Result<Vec<Listed>, String> {
        let known = |file: &Path, recording: &_| self.verdicts.known(file, recording);
        ls::listed(&self.globals.dir, &known).map_err(|failure| failure.in_one_row())
    }

    fn judge(&mut self, keys: Vec<String>, tell: Judges) {
        self.verdicts.judge(keys, tell);
    }

    fn query(&mut self, sql: &str) -> Result<Answer, String> {
        let open = self.open.as_ref().ok_or(NOTHING)?;
        open.query(sql).map_err(|failure| failure.in_one_row())
    }

    fn note(&mut self, note: &Note) -> Result<Vec<Note>, String> {
        let open = self.kept()?;
        let author = std::env::var("USER").unwrap_or_default();
        let note = Note { author, at_ns: clock::wall_ns(), ..note.clone() };
        let kept = note::add(&open.path, &note).map_err(Failure::from);
        kept.and_then(|_| open.notes()).map_err(|failure| failure.in_one_row())
    }

    fn report(&mut self, step: Step) -> Result<Stage, String> {
        let path = self.open.as_ref().map(|open| open.path.as_path());
        let what = (path, self.rules.as_deref());
        self.desk.step(what, &self.globals, &step).map_err(|failure| failure.in_one_row())
    }

    fn forget(&mut self, notes: &[i64]) -> Result<Vec<Note>, String> {
        let open = self.kept()?;
        let mut removed = notes.iter().map(|id| note::remove(&open.path, *id));
        let removed = removed.try_for_each(|removed| removed.map(drop)).map_err(Failure::from);
        removed.and_then(|()| open.notes()).map_err(|failure| failure.in_one_row())
    }

    fn save(&mut self, name: &str, filter: &str) -> Result<String, String> {
        let kept = config::save(&self.globals, name, filter);
        kept.map(|path| escape::path(&path)).map_err(|failure| failure.in_one_row())
    }

    fn rename(&mut self, key: &str, name: &str) -> Result<(), String> {
        let renamed = Store::new(&self.globals.dir).rename(Path::new(key), name);
        let new = renamed.map_err(|error| Failure::from(error).in_one_row())?;
        for open in self.open.iter_mut().chain(self.other.iter_mut().map(|(open, _)| open)) {
            if open.path == Path::new(key) {
                open.path.clone_from(&new);
            }
        }
        Ok(())
    }

    fn remove(&mut self, key: &str) -> Result<(), String> {
        let removed = rm::remove(&self.globals.dir, Path::new(key));
        removed.map_err(|failure| failure.in_one_row())
    }

    fn pairs(&mut self, tape: &Tape, key: &str) -> Result<Vec<Paired>, String> {
        let other = self.other(key).map_err(|failure| failure.in_one_row())?;
        Ok(diff::pairs(&other.1, tape))
    }

    fn between(&mut self, tape: &Tape, key: &str, runs: (u32, u32)) -> Result<Compared, String> {
        self.other(key).map_err(|failure| failure.in_one_row())?;
        let (Some((other, other_tape)), Some(open)) = (&self.other, &self.open) else {
            return Err(NOTHING.to_owned());
        };
        let mut payload = |which, row: &Row| {
            let of = if which == Which::A { other } else { open };
            let shown = of.payload(row, Portion::First).ok()?;
            Some(shown.json.map_or(shown.bytes, String::into_bytes))
        };
        Ok(diff::between((other_tape, runs.0), (tape, runs.1), &mut payload))
    }

    fn copy(&mut self, text: &str) -> Option<String> {
        clipboard::copy(text).map(str::to_owned)
    }

    fn open(&mut self, key: &str) -> Result<(Tape, Growths), String> {
        self.verdicts.stop();
        // What is going on is for the screen to say.
        let globals = Globals { quiet: true, ..self.globals.clone() };
        let found = locate::find(&globals, OsStr::new(key));
        found.and_then(|found| self.enter(found)).map_err(|failure| failure.in_one_row())
    }
}
