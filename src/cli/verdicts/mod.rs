//! Recordings of a list → what is found in each, one after the other, beside everything else.
//!
//! They are looked through as they would be if they were opened, on a thread of its own that gives way
//! to others. What was found of a file stays true until it changes, and is kept for the next list.

mod cache;

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::choose::{choose, load_with_text};
use super::failure::{Code, Failure};
use super::ls::size_of;
use super::watch::notes;
use crate::analysis::Analysis;
use crate::analysis::tape::{About, Growth, Tape};
use crate::recording::{Check, RecordingReader, State};
use crate::rules::Severity;
use crate::tui::{Judges, Verdict};
use crate::wire::{Fact, Recording};
use cache::{Cache, Seen};

/// Frames of a recording that is looked through unasked: a second or two of work, and some tens of
/// megabytes while it lasts.
const MOST_FRAMES: u64 = 200_000;

/// Bytes of its file: payloads are read too, and the disk is not ours alone.
const MOST_BYTES: u64 = 256 << 20;

/// Facts taken at once; between two of these somebody may say to stop.
const FACTS_AT_ONCE: usize = 2048;

/// What was found in that many is lost if the program ends before it is kept.
const UNKEPT: usize = 16;

/// How much the thread gives way: half of what it could.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Who looks through recordings, and what was found in them.
pub(super) struct Verdicts {
    shared: Arc<Shared>,
    rules: Option<String>,
    /// The text of the rules that were asked for.
    text: String,
    is_running: bool,
}

#[derive(Default)]
struct Shared {
    work: Mutex<Work>,
    more: Condvar,
    /// What is being looked through is not wanted any more.
    stop: AtomicBool,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Work {
    wanted: VecDeque<PathBuf>,
    at: Option<PathBuf>,
    tell: Option<Judges>,
    is_over: bool,
}

impl Verdicts {
    /// By the rules asked for, or each recording's own.
    pub(super) fn new(rules: Option<String>) -> Self {
        let text = rules.as_deref().map(|asked| load_with_text(asked).map(|(_, text)| text));
        // Rules that can't be read are said where something is opened by them.
        let text = text.and_then(Result::ok).unwrap_or_default();
        let shared = Shared { cache: Mutex::new(Cache::read()), ..Shared::default() };
        Self { shared: Arc::new(shared), rules, text, is_running: false }
    }

    /// What is known of a file that has not changed since.
    pub(super) fn known(&self, file: &Path, recording: &Recording) -> Option<Verdict> {
        locked(&self.shared.cache).find(&Seen::of(file, recording, &self.text)?)
    }

    /// Looks through these, one after the other; nothing else that was to be.
    pub(super) fn judge(&mut self, keys: Vec<String>, tell: Judges) {
        let mut work = locked(&self.shared.work);
        work.wanted = keys.into_iter().map(PathBuf::from).collect();
        let at = work.at.clone();
        match work.wanted.iter().position(|wanted| Some(wanted) == at.as_ref()) {
            // It is being looked through already.
            Some(place) if !self.shared.stop.load(Ordering::Relaxed) => {
                work.wanted.remove(place);
            }
            _ => self.shared.stop.store(true, Ordering::Relaxed),
        }
        work.tell = Some(tell);
        drop(work);
        self.shared.more.notify_one();
        if !self.is_running {
            let (shared, rules) = (Arc::clone(&self.shared), self.rules.clone());
            let text = self.text.clone();
            let judge = move || all(&shared, rules.as_deref(), &text);
            // Without a thread the list says less; nothing else depends on it.
            self.is_running =
                std::thread::Builder::new().name("verdicts".into()).spawn(judge).is_ok();
        }
    }

    /// Something matters more.
    pub(super) fn stop(&self) {
        locked(&self.shared.work).wanted.clear();
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

impl Drop for Verdicts {
    fn drop(&mut self) {
        locked(&self.shared.work).is_over = true;
        self.stop();
        self.shared.more.notify_one();
    }
}

/// What a thread that panicked has left is as good as it was.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks through what is wanted until nothing is any more.
fn all(shared: &Shared, rules: Option<&str>, text: &str) {
    give_way();
    while let Some(path) = next(shared) {
        let verdict = kept(shared, &path, (rules, text));
        let mut work = locked(&shared.work);
        work.at = None;
        // Of what can't be looked through, opening it says why.
        if let (Ok(Some(verdict)), Some(tell)) = (verdict, &mut work.tell)
            && !tell(path.to_string_lossy().into_owned(), verdict)
        {
            work.wanted.clear();
        }
    }
}

/// The next one; waits until there is one.
fn next(shared: &Shared) -> Option<PathBuf> {
    let mut work = locked(&shared.work);
    loop {
        if work.is_over {
            return None;
        }
        if let Some(path) = work.wanted.pop_front() {
            shared.stop.store(false, Ordering::Relaxed);
            work.at = Some(path.clone());
            return Some(path);
        }
        drop(work);
        locked(&shared.cache).write();
        work = locked(&shared.work);
        if work.wanted.is_empty() && !work.is_over {
            work = shared.more.wait(work).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Only this thread's, where threads have priorities of their own.
fn give_way() {
    #[cfg(target_os = "linux")]
    // Where that is not allowed, it is as fast as others.
    let _ = rustix::process::setpriority_process(None, NICE);
}

/// What is found in a file, to be known the next time.
fn kept(
    shared: &Shared,
    path: &Path,
    (rules, text): (Option<&str>, &str),
) -> Result<Option<Verdict>, Failure> {
    let reader = RecordingReader::open_with(path, Check::Schema)?;
    let recording = reader.recording()?;
    if reader.last_frame()?.unsigned_abs() > MOST_FRAMES || size_of(path) > MOST_BYTES {
        return Ok(None);
    }
    let is_live = reader.state()? == State::Live;
    let before = Seen::of(path, &recording, text).filter(|_| !is_live);
    let verdict = look(&reader, path, rules, &shared.stop)?;
    // A file that has changed meanwhile may say something else by now.
    let after = Seen::of(path, &recording, text);
    if let (Some(verdict), Some(seen)) =
        (verdict, before.filter(|seen| Some(seen) == after.as_ref()))
    {
        let mut cache = locked(&shared.cache);
        cache.put(seen, verdict);
        if cache.unkept() >= UNKEPT {
            cache.write();
        }
    }
    Ok(verdict)
}

/// Looks through a recording as the screen does that opens it; `None` once somebody says to stop.
fn look(
    reader: &RecordingReader,
    path: &Path,
    rules: Option<&str>,
    stop: &AtomicBool,
) -> Result<Option<Verdict>, Failure> {
    let (book, _) = choose(rules, path)?;
    let by_rules = !book.lifecycles.is_empty() || !book.rules.is_empty();
    let mut analysis = Analysis::new(book.clone()).map_err(|error| {
        Failure::new(Code::Usage, "the rules can't be followed").because(&error)
    })?;
    let mut tape = Tape::new(About::default(), Arc::new(book));
    let (mut growth, mut facts, mut texts) = (Growth::default(), 0, 0);
    let mut finished_ns = None;
    let mut grow = |growth: &mut Growth, analysis: &Analysis| {
        growth.texts = analysis.symbols().since(texts);
        texts = analysis.symbols().len();
        tape.grow(std::mem::take(growth));
    };
    reader.facts(&mut |fact| {
        if let Fact::Recording(recording) = &fact {
            finished_ns = recording.finished_ns;
        }
        analysis.feed(&fact, &mut |event, _| growth.events.push(event.clone()));
        facts += 1;
        if facts % FACTS_AT_ONCE == 0 {
            grow(&mut growth, &analysis);
        }
        let is_stopped = stop.load(Ordering::Relaxed);
        if is_stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    analysis.end(finished_ns, &mut |event, _| growth.events.push(event.clone()));
    growth.findings = analysis.engine().findings().iter().cloned().enumerate().collect();
    (growth.findings_anew, growth.notes) = (true, Some(notes(reader)?));
    grow(&mut growth, &analysis);
    Ok(Some(Verdict {
        users: tape.people() as u64,
        runs: tape.runs.len() as u64,
        errors: tape.count(Severity::Error) as u64,
        warnings: tape.count(Severity::Warning) as u64,
        by_rules,
    }))
}
