//! A recording that is being written → findings as they come, on a thread of its own.
//!
//! It reads the file that the recorder writes, as anyone else would: so it can't hold the traffic
//! up, and what it says live is what `check` says afterwards.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::failure::{Code, Failure};
use super::screen::Screen;
use crate::analysis::Analysis;
use crate::proxy::Clock;
use crate::recording::{Check, Follow, FrameRange, Journal, RecordingError, RecordingReader};
use crate::rules::{Finding, RuleBook, Severity, Status};

/// The pause between two looks at the file.
const LOOK: Duration = Duration::from_millis(100);

/// How far behind the clock deadlines are judged: what happened before that has been committed.
const LAG_NS: u64 = 200_000_000;

/// Looks, at the end, for what is still to be committed: a second's worth.
const LAST_LOOKS: u32 = 10;

/// Checks a recording while it grows.
pub(super) struct LiveCheck {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Found>,
}

/// How many findings there were.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    pub(super) errors: u64,
    pub(super) warnings: u64,
}

struct Looking {
    path: PathBuf,
    analysis: Analysis,
    screen: Arc<Screen>,
    clock: Clock,
    journal: Journal,
    /// Findings that were told, by their id.
    told: BTreeSet<u64>,
    found: Found,
}

impl LiveCheck {
    /// Begins to look at the recording at `path`.
    pub(super) fn start(
        path: &Path,
        book: RuleBook,
        screen: Arc<Screen>,
        (clock, journal): (Clock, Journal),
    ) -> Result<Self, Failure> {
        let analysis = Analysis::new(book).map_err(|error| {
            Failure::new(Code::Usage, "the rules can't be followed").because(&error)
        })?;
        let stop = Arc::new(AtomicBool::new(false));
        let mut looking = Looking {
            path: path.to_owned(),
            analysis,
            screen,
            clock,
            journal,
            told: BTreeSet::new(),
            found: Found::default(),
        };
        let thread = {
            let stop = Arc::clone(&stop);
            std::thread::Builder::new().name("check".into()).spawn(move || {
                if let Err(error) = looking.look(&stop) {
                    looking.screen.check_failed(&error.to_string());
                }
                looking.found
            })?
        };
        Ok(Self { stop, thread })
    }

    /// Tells what is left, and how much there was. The file is let go of.
    pub(super) fn finish(self) -> Found {
        self.stop.store(true, Ordering::SeqCst);
        // A panic has printed itself; the recording is not touched by it.
        self.thread.join().unwrap_or_default()
    }
}

impl Looking {
    fn look(&mut self, stop: &AtomicBool) -> Result<(), RecordingError> {
        let reader = RecordingReader::open_with(&self.path, Check::Schema)?;
        let mut follow = Follow::new(FrameRange::default());
        loop {
            let stopping = stop.load(Ordering::SeqCst);
            for _ in 0..if stopping { LAST_LOOKS } else { 0 } {
                if self.journal.status().queued_bytes == 0 {
                    break;
                }
                std::thread::sleep(LOOK);
            }
            let now_ns = self.clock.now_ns();
            let mut changed = Vec::new();
            let Self { analysis, .. } = self;
            follow.poll(&reader, &mut |fact| {
                changed.extend(analysis.feed(&fact, &mut |_, _| {}));
                ControlFlow::Continue(())
            })?;
            if stopping {
                self.analysis.end(Some(now_ns), &mut |_, _| {});
                self.tell_all();
                return Ok(());
            }
            changed.extend(self.analysis.tick(now_ns.saturating_sub(LAG_NS), &mut |_, _| {}));
            for index in changed {
                self.tell(index);
            }
            std::thread::sleep(LOOK);
        }
    }

    fn tell_all(&mut self) {
        for index in 0..self.analysis.engine().findings().len() {
            self.tell(index);
        }
    }

    fn tell(&mut self, index: usize) {
        let Some(finding) = self.analysis.engine().findings().get(index) else { return };
        if finding.status == Status::Withdrawn || !self.told.insert(finding.id) {
            return;
        }
        match finding.severity {
            Severity::Error => self.found.errors += 1,
            Severity::Warning => self.found.warnings += 1,
            // Told by `check`, which has room for it.
            Severity::Info => return,
        }
        let finding: &Finding = finding;
        self.screen.finding(finding);
    }
}
