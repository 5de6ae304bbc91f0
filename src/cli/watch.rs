//! A recording's file → what the screen learns of it, bit by bit: until its end, or as it grows.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::choose::{self, Choice, Turn};
use super::clock;
use super::failure::{Code, Failure};
use crate::analysis::Analysis;
use crate::analysis::live::Live;
use crate::recording::{Check, Follow, FrameRange, RecordingReader, State};
use crate::rules::RuleBook;
use crate::tui::pulse::Pulse;
use crate::tui::{Growth, Growths};
use crate::wire::{Fact, Note};

/// Frames looked at before the screen is told: some hundredths of a second's work.
const FRAMES_AT_ONCE: usize = 2048;

/// What the screen may be behind: a few times what it takes at once, and some megabytes.
const AHEAD: usize = 4;

/// The pause between two looks at a file that grows.
const LOOK: Duration = Duration::from_millis(100);

/// How often the screen is told the figures while a file is read.
const PULSE: Duration = Duration::from_millis(250);

/// How far behind the clock deadlines are judged: what happened before that has been committed.
const LAG_NS: u64 = 500_000_000;

/// Begins to look at the recording at `path`. It ends when nobody listens any more.
pub(super) fn watch(path: &Path, book: RuleBook, decides: Decides) -> Result<Growths, Failure> {
    let reader = RecordingReader::open_with(path, Check::Schema)?;
    let started_ns = reader.recording()?.started_ns;
    let analysis = analysis(book)?;
    let (send, growths) = sync_channel(AHEAD);
    let follow = Follow::new(FrameRange::default());
    let live = Live::new(analysis.engine().book());
    let (told, path) = (clock::now(), path.to_owned());
    let choice = match decides {
        Decides::Reader => None,
        Decides::Traffic => Some(Choice::default()),
    };
    let mut watch =
        Watch { path, analysis, live, follow, started_ns, texts: 0, told, choice, anew: None };
    std::thread::Builder::new().name("watch".into()).spawn(move || {
        if let Err(failure) = watch.all(&reader, &send) {
            let failed = Some(failure.in_one_row());
            // Nobody listens: nobody is to be told.
            let _ = send.send(Growth { failed, is_whole: true, ..watch.growth() });
        }
    })?;
    Ok(growths)
}

fn analysis(book: RuleBook) -> Result<Analysis, Failure> {
    Analysis::new(book)
        .map_err(|error| Failure::new(Code::Usage, "the rules can't be followed").because(&error))
}

/// Who decides by which rules a recording is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decides {
    /// Whoever asked, or who recorded it.
    Reader,
    /// What is said in it, as far as it goes.
    Traffic,
}

/// What people wrote.
pub(super) fn notes(reader: &RecordingReader) -> Result<Vec<Note>, Failure> {
    let mut notes = Vec::new();
    reader.notes(&mut |note| {
        notes.push(note);
        ControlFlow::Continue(())
    })?;
    Ok(notes)
}

struct Watch {
    path: PathBuf,
    analysis: Analysis,
    live: Live,
    follow: Follow,
    started_ns: i64,
    /// Texts that the screen has.
    texts: usize,
    /// When the screen was last told the figures.
    told: Instant,
    /// The rules taken so far, where the traffic decides.
    choice: Option<Choice>,
    /// Other rules, which the screen has not been told of.
    anew: Option<(Arc<RuleBook>, String)>,
}

impl Watch {
    fn all(&mut self, reader: &RecordingReader, send: &SyncSender<Growth>) -> Result<(), Failure> {
        loop {
            // Asked before the last look: what was written before it was finished is seen by it.
            let state = reader.state()?;
            if state == State::Live {
                self.choose(reader)?;
            }
            let (mut growth, mut changed, has_all) = self.look(reader)?;
            growth.state = Some(state.word());
            if !has_all {
                self.add(&mut growth, changed);
                if self.told.elapsed() >= PULSE {
                    let now_ns = growth.end_ns;
                    self.pulse(&mut growth, now_ns);
                }
                if send.send(growth).is_err() {
                    return Ok(());
                }
                continue;
            }
            if state != State::Live {
                return self.end(reader, growth, send);
            }
            let now_ns = self.now_ns();
            let Growth { events, .. } = &mut growth;
            let live = &mut self.live;
            let until_ns = now_ns.saturating_sub(LAG_NS);
            changed.extend(self.analysis.tick(until_ns, &mut |event, symbols| {
                live.event(event, symbols);
                events.push(event.clone());
            }));
            self.add(&mut growth, changed);
            let size = std::fs::metadata(&self.path).map_or(0, |file| file.len());
            self.live.disk(now_ns, size, None);
            self.pulse(&mut growth, now_ns);
            growth.notes = Some(notes(reader)?);
            growth.end_ns = now_ns;
            if send.send(growth).is_err() {
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Begins again where what is said by now fits other rules.
    fn choose(&mut self, reader: &RecordingReader) -> Result<(), Failure> {
        let now_ns = self.now_ns();
        let Some(choice) = &mut self.choice else { return Ok(()) };
        let Turn::Other(fits) = choice.again(reader, (now_ns, false))? else { return Ok(()) };
        let (name, why) = fits.map_or_else(choose::nothing, |fits| (fits.name, fits.why));
        let book = choose::built_in(name)?;
        if book.name == self.analysis.engine().book().name {
            return Ok(());
        }
        self.live = Live::new(&book);
        self.analysis = analysis(book.clone())?;
        (self.follow, self.texts) = (Follow::new(FrameRange::default()), 0);
        self.anew = Some((Arc::new(book), why));
        Ok(())
    }

    /// On this machine's clock, which the recorder's is too.
    fn now_ns(&self) -> u64 {
        let since = i128::from(clock::wall_ns()) - i128::from(self.started_ns);
        u64::try_from(since).unwrap_or(0)
    }

    fn growth(&mut self) -> Growth {
        let engine = self.analysis.engine();
        let symbols = self.analysis.symbols();
        let growth = Growth {
            anew: self.anew.take(),
            texts: symbols.since(self.texts),
            unjudged: engine.unjudged().map(str::to_owned).collect(),
            counts: self.analysis.counts(),
            ..Growth::default()
        };
        self.texts = symbols.len();
        growth
    }

    /// What is new, the findings that have changed by it, and whether that is all there is.
    fn look(&mut self, reader: &RecordingReader) -> Result<(Growth, Vec<usize>, bool), Failure> {
        let (mut frames, mut changed) = (0, Vec::new());
        let mut growth = Growth::default();
        let (analysis, live) = (&mut self.analysis, &mut self.live);
        self.follow.poll(reader, &mut |fact| {
            live.fact(&fact);
            changed.extend(analysis.feed(&fact, &mut |event, symbols| {
                live.event(event, symbols);
                growth.events.push(event.clone());
            }));
            if let Fact::Frame(frame) = &fact {
                frames += 1;
                growth.end_ns = frame.stamp.read_ns;
            }
            if frames < FRAMES_AT_ONCE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok((growth, changed, frames < FRAMES_AT_ONCE))
    }

    /// How it goes, at this moment.
    fn pulse(&mut self, growth: &mut Growth, now_ns: u64) {
        growth.pulse = Some(Box::new(Pulse::new(&self.live, now_ns, &self.analysis)));
        self.told = clock::now();
    }

    /// What the analysis says by now: once for each growth, when all its events are in it.
    fn add(&mut self, growth: &mut Growth, mut changed: Vec<usize>) {
        changed.sort_unstable();
        changed.dedup();
        let findings = self.analysis.engine().findings();
        let told = changed.into_iter().filter_map(|at| Some((at, findings.get(at)?.clone())));
        growth.findings.extend(told);
        let next = self.growth();
        (growth.texts, growth.anew) = (next.texts, next.anew);
        (growth.unjudged, growth.counts) = (next.unjudged, next.counts);
    }

    fn end(
        &mut self,
        reader: &RecordingReader,
        mut growth: Growth,
        send: &SyncSender<Growth>,
    ) -> Result<(), Failure> {
        let finished_ns = reader.recording()?.finished_ns;
        let Growth { events, .. } = &mut growth;
        let live = &mut self.live;
        self.analysis.end(finished_ns, &mut |event, symbols| {
            live.event(event, symbols);
            events.push(event.clone());
        });
        self.add(&mut growth, Vec::new());
        let engine = self.analysis.engine();
        growth.findings = engine.findings().iter().cloned().enumerate().collect();
        growth.findings_anew = true;
        growth.pending = Some(engine.pending().to_vec());
        growth.end_ns = growth.end_ns.max(finished_ns.unwrap_or(0));
        growth.is_whole = true;
        growth.notes = Some(notes(reader)?);
        let now_ns = growth.end_ns;
        self.pulse(&mut growth, now_ns);
        // Nobody listens: nobody is to be told.
        let _ = send.send(growth);
        Ok(())
    }
}
