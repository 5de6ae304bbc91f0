//! A recording that is being written → findings as they come, on a thread of its own.
//!
//! It reads the file that the recorder writes, as anyone else would, and lets others have the
//! processor first: so it hardly holds the traffic up, and what it says live is what `check` says
//! afterwards.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::choose::{self, Choice, Turn};
use super::failure::{Code, Failure};
use super::live_told::LiveTold;
use super::screen::Screen;
use crate::analysis::Analysis;
use crate::proxy::Clock;
use crate::recording::{Check, Follow, FrameRange, Journal, RecordingReader};
use crate::rules::RuleBook;
use crate::wire::Fact;

/// The pause between two looks at the file.
const LOOK: Duration = Duration::from_millis(100);

/// Frames read at one look, and the pause after so many: the writer and the proxy have the disk and
/// the memory to themselves in between.
const FRAMES_A_LOOK: u64 = 20_000;
const PAUSE: Duration = Duration::from_millis(2);

/// How far behind the clock deadlines are judged: what happened before that has been committed.
const LAG_NS: u64 = 200_000_000;

/// How far behind the traffic is worth a word.
const BEHIND_NS: u64 = 5_000_000_000;

/// Looks, at the end, for what is still to be committed: a second's worth.
const LAST_LOOKS: u32 = 10;

/// What a recording is checked by.
pub(super) enum By {
    /// These rules.
    Rules(Box<RuleBook>),
    /// Rules that it shows itself once it is whole.
    Pairs(Box<RuleBook>),
    /// The preset that fits, if one does.
    Fitting,
}

/// Checks a recording while it grows.
pub(super) struct LiveCheck {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Option<Found>>,
}

/// How many findings there were.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    pub(super) errors: u64,
    pub(super) warnings: u64,
}

struct Looking {
    path: PathBuf,
    by: By,
    screen: Arc<Screen>,
    clock: Clock,
    journal: Journal,
    going: Option<Going>,
    choice: Choice,
    told: LiveTold,
    said_behind: bool,
    /// All that happened before has been committed.
    settled_ns: u64,
}

/// An analysis under way.
struct Going {
    analysis: Analysis,
    follow: Follow,
}

impl LiveCheck {
    /// Begins to look at the recording at `path`.
    pub(super) fn start(
        path: &Path,
        by: By,
        screen: Arc<Screen>,
        (clock, journal): (Clock, Journal),
    ) -> Result<Self, Failure> {
        let going = match &by {
            By::Rules(book) => Some(Going::new((**book).clone())?),
            By::Pairs(_) => {
                screen.rules("rules pairs: learned from the whole, so judged at the end");
                None
            }
            By::Fitting => None,
        };
        let stop = Arc::new(AtomicBool::new(false));
        let mut looking = Looking {
            path: path.to_owned(),
            by,
            told: LiveTold::new(Arc::clone(&screen)),
            screen,
            clock,
            journal,
            going,
            choice: Choice::default(),
            said_behind: false,
            settled_ns: 0,
        };
        let thread = {
            let stop = Arc::clone(&stop);
            std::thread::Builder::new().name("check".into()).spawn(move || {
                yield_to_others();
                looking.look(&stop).unwrap_or_else(|failure| {
                    looking.screen.check_failed(&failure.in_a_line());
                    looking.going.as_ref().map(|going| found(&going.analysis))
                })
            })?
        };
        Ok(Self { stop, thread })
    }

    /// Tells what is left, and how much there was; `None` if nothing was checked. The file is let
    /// go of.
    pub(super) fn finish(self) -> Option<Found> {
        self.stop.store(true, Ordering::SeqCst);
        // A panic has printed itself; the recording is not touched by it.
        self.thread.join().unwrap_or_default()
    }
}

/// How much further down the queue for the processor this thread stands. A step is a quarter of a
/// share. No more than this: it shares locks with the writer (SQLite's, the allocator's), and what
/// is put aside while it holds one holds the writer up for as long as it is not run again. At 19, on
/// a busy machine, a `kill -9` cost far more than 50 ms.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

/// This thread lets the others go first.
fn yield_to_others() {
    // Elsewhere it would be the whole process that yields.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICE);
}

impl Going {
    fn new(book: RuleBook) -> Result<Self, Failure> {
        let mut analysis = Analysis::new(book).map_err(|error| {
            Failure::new(Code::Usage, "the rules can't be followed").because(&error)
        })?;
        analysis.watch();
        Ok(Self { analysis, follow: Follow::new(FrameRange::default()) })
    }
}

impl Looking {
    fn look(&mut self, stop: &AtomicBool) -> Result<Option<Found>, Failure> {
        let reader = RecordingReader::open_with(&self.path, Check::Schema)?;
        loop {
            let stopping = stop.load(Ordering::SeqCst);
            if stopping {
                self.wait_for_the_disk();
            }
            let now_ns = self.clock.now_ns();
            if self.journal.status().queued_bytes == 0 {
                self.settled_ns = now_ns.saturating_sub(LAG_NS);
            }
            self.choose(&reader, (now_ns, stopping))?;
            let has_all = self.read(&reader, now_ns)?;
            if stopping && has_all {
                return Ok(self.end(now_ns));
            }
            std::thread::sleep(if has_all { LOOK } else { PAUSE });
        }
    }

    fn wait_for_the_disk(&self) {
        for _ in 0..LAST_LOOKS {
            if self.journal.status().queued_bytes == 0 {
                return;
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Takes the rules that fit, as soon as there is something that they can fit.
    fn choose(
        &mut self,
        reader: &RecordingReader,
        (now_ns, stopping): (u64, bool),
    ) -> Result<(), Failure> {
        match &self.by {
            By::Pairs(book) if stopping && self.going.is_none() => {
                let (book, chosen) = choose::learned((**book).clone(), &self.path)?;
                self.screen.rules(&chosen);
                self.going = Some(Going::new(book)?);
                return Ok(());
            }
            By::Rules(_) | By::Pairs(_) => return Ok(()),
            By::Fitting => {}
        }
        let Turn::Other(fits) = self.choice.again(reader, (now_ns, stopping))? else {
            return Ok(());
        };
        self.told.forget();
        self.going = match fits {
            Some(fits) => {
                self.screen.rules(&fits.why);
                Some(Going::new(choose::built_in(fits.name)?)?)
            }
            None => None,
        };
        Ok(())
    }

    /// Reads what is new. Whether that is all there is.
    fn read(&mut self, reader: &RecordingReader, now_ns: u64) -> Result<bool, Failure> {
        let Some(Going { analysis, follow }) = &mut self.going else { return Ok(true) };
        let (mut frames, mut last_ns, mut changed) = (0, now_ns, Vec::new());
        follow.poll(reader, &mut |fact| {
            changed.extend(analysis.feed(&fact, &mut |_, _| {}));
            if let Fact::Frame(frame) = &fact {
                frames += 1;
                last_ns = frame.stamp.read_ns;
            }
            if frames < FRAMES_A_LOOK { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let has_all = frames < FRAMES_A_LOOK;
        if has_all {
            changed.extend(analysis.tick(self.settled_ns, &mut |_, _| {}));
        } else if now_ns.saturating_sub(last_ns) > BEHIND_NS && !self.said_behind {
            self.said_behind = true;
            self.screen.check_behind(now_ns.saturating_sub(last_ns));
        }
        let early = analysis.provisional();
        self.told.tell(analysis.engine().findings(), (early, changed));
        self.told.tell_counted(now_ns);
        Ok(has_all)
    }

    fn end(&mut self, now_ns: u64) -> Option<Found> {
        let Going { analysis, .. } = self.going.as_mut()?;
        analysis.end(Some(now_ns), &mut |_, _| {});
        let early = analysis.provisional();
        let findings = analysis.engine().findings();
        self.told.tell(findings, (early, (0..findings.len()).collect()));
        self.told.tell_counted(u64::MAX);
        Some(found(analysis))
    }
}

/// What stands, as far as is known.
fn found(analysis: &Analysis) -> Found {
    use crate::rules::{Severity, Status};
    let mut found = Found::default();
    let findings = analysis.engine().findings().iter();
    for finding in findings.filter(|finding| finding.status != Status::Withdrawn) {
        match finding.severity {
            Severity::Error => found.errors += 1,
            Severity::Warning => found.warnings += 1,
            Severity::Info => {}
        }
    }
    found
}
