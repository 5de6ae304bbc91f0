//! The recorder's thread: batch after batch into the file, and what to do when that fails.
//!
//! # Trouble
//! - Locked by another program: the same batch is tried again for [`PATIENCE`]; the queue is
//!   bounded and holds the traffic back meanwhile.
//! - Any other failure, or no patience left: the batch becomes gaps, which are kept with the
//!   latest states of its connections. Traffic flows. Each further batch is tried, after a pause,
//!   together with what is kept; the first that can be stored ends the trouble.
//! - The file was removed, moved or overwritten: recording goes on in a new file beside it, which
//!   starts with the states of all open connections and a gap for what the old file had. Of a file
//!   that was only moved that gap is no loss, and says so.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::wire::{Connection, Gap, GapReason, Recording};

use super::RecordingError;
use super::batch::{Batch, Losses, Tally, connection_cost};
use super::displaced::Displaced;
use super::failure::Failure;
use super::file::RecordingFile;
use super::insert::{self, Transaction};
use super::queue::{Shared, Stop, TICK, Wait};
use super::status::Earlier;
use super::writer::WriterOptions;

/// How long a lock of another program's is waited for before frames are given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// Recorded time and frames after which the totals in the file are set anew. Each time costs a page
/// in the log; what lies between is counted by whoever asks.
const TOTALS_EVERY_NS: u64 = 1_000_000_000;
const TOTALS_EVERY_ROWS: usize = 1000;

/// The pause before a locked file is tried again.
const LOCKED_PAUSE: Duration = Duration::from_millis(20);

/// The longest pause between two tries in a trouble: how long room on the disk stays unnoticed.
const MAX_PAUSE: Duration = Duration::from_millis(250);

/// New files tried for one batch: someone may remove one while it is being made.
const MAX_MOVES: u32 = 3;

/// Files of one recording: `amber-fox.db`, `amber-fox-2.db`, …, `amber-fox-100.db`.
const MAX_FILES: u32 = 100;

/// States of connections kept in a trouble, and gaps and notes of an import.
const MAX_KEPT: usize = 20_000;

/// Bytes of heads and bodies kept with them; the connections beyond have theirs left out.
const MAX_KEPT_BYTES: u64 = 16 << 20;

/// A file that recording left, for its successor to tell of.
#[derive(Debug)]
struct Left {
    path: PathBuf,
    why: Displaced,
    /// Frames that are still in it.
    kept: u64,
}

/// What the recorder's thread owns.
#[derive(Debug)]
pub(super) struct Work {
    shared: Arc<Shared>,
    recording: Recording,
    options: WriterOptions,
    first_path: PathBuf,
    /// `None` after the file was lost, until a new one can be made.
    file: Option<RecordingFile>,
    /// The file that was lost last, until its successor is made.
    left: Option<Left>,
    /// Something of ours was committed to `file`.
    proven: bool,
    /// Connections, gaps and notes that could not be stored yet.
    kept: Batch,
    /// The latest state of every open connection, for a new file to start with. Boxed, since half
    /// of a growing table is empty places.
    open: HashMap<i64, Box<Connection>>,
    next_id: i64,
    /// What `file` has.
    totals: Tally,
    /// Open connections whose counts in `file` are not the latest.
    uncounted: HashSet<i64>,
    /// Up to when the totals in `file` count.
    counted_ns: u64,
    last_ns: u64,
    /// The pause before the next try, in a trouble.
    pause: Option<Duration>,
}

impl Left {
    /// What people should know of it.
    fn notice(&self, next: &Path) -> String {
        let Self { path, why, kept } = self;
        let there = match kept {
            0 => String::new(),
            1 => "the frame before is in it; ".to_owned(),
            more => format!("the {more} frames before are in it; "),
        };
        format!("{} {why}; {there}going on in {}", path.display(), next.display())
    }

    fn into_earlier(self) -> Option<Earlier> {
        let path = if let Displaced::Moved(to) = self.why { to } else { Some(self.path) };
        (self.kept > 0).then_some(Earlier { path, frames: self.kept })
    }
}

impl Work {
    pub(super) fn new(
        shared: Arc<Shared>,
        recording: Recording,
        options: WriterOptions,
        file: RecordingFile,
    ) -> Self {
        shared.board.set_file(&file.path, file.bytes());
        if let Some(notice) = file.notice() {
            shared.board.notice(notice);
        }
        Self {
            shared,
            recording,
            options,
            first_path: file.path.clone(),
            file: Some(file),
            left: None,
            proven: false,
            kept: Batch::default(),
            open: HashMap::new(),
            next_id: 1,
            totals: Tally::default(),
            uncounted: HashSet::new(),
            counted_ns: 0,
            last_ns: 0,
            pause: None,
        }
    }

    /// Works until it is asked to stop; gives whether the recording's end was stored.
    pub(super) fn run(&mut self, batch: &mut Batch) -> bool {
        loop {
            let wait = self.pause.map_or(Wait::ForWork, Wait::ToRetry);
            let stop = self.shared.take(batch, wait);
            if let Some(stop) = stop {
                return self.end(batch, stop);
            }
            let displaced = match &mut self.file {
                Some(file) if batch.is_empty() => file.check().err(),
                _ => None,
            };
            if let Some(why) = displaced {
                self.leave(why);
            }
            if self.file.is_none() || !batch.is_empty() || self.pause.is_some() {
                self.store(batch, None);
            }
            let age = batch.age();
            batch.clear();
            self.shared.release(age);
            self.tend_log();
        }
    }

    fn end(&mut self, batch: &mut Batch, stop: Stop) -> bool {
        let finished_ns = match stop {
            Stop::Finish(finished_ns) => Some(finished_ns),
            Stop::Abandon => None,
        };
        let mut stored = self.store(batch, finished_ns);
        let age = batch.age();
        batch.clear();
        if !stored {
            // What is left is small, and fits into what was held back for it.
            if let Some(file) = &self.file {
                file.free_reserve();
            }
            stored = self.store(batch, finished_ns);
        }
        self.shared.release(age);
        if let Some(file) = self.file.take() {
            if stored && finished_ns.is_some() {
                let path = file.path.clone();
                file.close(&self.options.faults);
                let bytes = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
                self.shared.board.set_file(&path, bytes);
            } else {
                drop(file);
            }
        }
        stored && finished_ns.is_some()
    }

    /// Stores a batch and what is kept, or keeps what can be kept of it.
    fn store(&mut self, batch: &mut Batch, finished_ns: Option<u64>) -> bool {
        match self.try_for_long(batch, finished_ns) {
            Ok(next_id) => {
                self.next_id = next_id;
                self.stored(batch);
                true
            }
            Err(failure) => {
                self.lose(batch, failure);
                false
            }
        }
    }

    fn try_for_long(&mut self, batch: &Batch, finished_ns: Option<u64>) -> Result<i64, Failure> {
        let patient = self.pause.is_none() || finished_ns.is_some();
        let mut waited = Duration::ZERO;
        let mut moves = 0;
        let mut emptied = false;
        loop {
            let failure = match self.try_once(batch, finished_ns) {
                Ok(next_id) => return Ok(next_id),
                Err(failure) => failure,
            };
            match (failure.reason, &failure.displaced) {
                // A new file that fails in the same way says that the disk is at fault.
                (_, Some(why)) if moves < MAX_MOVES && (self.proven || why.is_sound()) => {
                    self.leave(why.clone());
                    moves += 1;
                }
                (GapReason::Locked, _) if patient && waited < PATIENCE => {
                    thread::sleep(LOCKED_PAUSE);
                    waited += LOCKED_PAUSE;
                }
                (GapReason::DiskFull, _) if !emptied => {
                    emptied = true;
                    if let Some(file) = &mut self.file {
                        file.empty_log(&self.options.faults);
                    }
                }
                _ => return Err(failure),
            }
        }
    }

    fn try_once(&mut self, batch: &Batch, finished_ns: Option<u64>) -> Result<i64, Failure> {
        let due = finished_ns.is_some() || self.totals_due(batch);
        let file = match self.file.take() {
            Some(file) => file,
            None => self.next_file()?,
        };
        let file = self.file.insert(file);
        // Before, so that nothing goes into a file that was moved; after, so that nothing is taken
        // for stored that went into one while it was removed.
        file.check().map_err(|displaced| Failure::displaced(&file.path, displaced))?;
        let totals = due.then(|| self.totals.plus(&batch.tally()));
        let open = self.uncounted.iter().filter_map(|id| self.open.get(id));
        let counts = open.filter(|_| due).map(Box::as_ref).collect();
        let what = Transaction {
            batch,
            kept: &self.kept,
            next_id: self.next_id,
            totals,
            counts,
            finished_ns,
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            insert::store(&file.connection, &what, &self.options.faults)
        }));
        let checked = file.check();
        match outcome {
            Ok(Ok(next_id)) => match checked {
                Ok(()) => Ok(next_id),
                Err(displaced) => Err(Failure::displaced(&file.path, displaced)),
            },
            Ok(Err(error)) => Err(Failure::sqlite(&file.path, &error, checked.err())),
            Err(_) => Err(Failure {
                reason: GapReason::Recorder,
                text: "the recorder failed: please report it".into(),
                displaced: None,
            }),
        }
    }

    fn totals_due(&self, batch: &Batch) -> bool {
        batch.rows.len() >= TOTALS_EVERY_ROWS
            || batch.latest_ns().is_some_and(|now| now.abs_diff(self.counted_ns) >= TOTALS_EVERY_NS)
    }

    fn stored(&mut self, batch: &mut Batch) {
        if self.totals_due(batch) {
            self.uncounted.clear();
            self.counted_ns = batch.latest_ns().unwrap_or(self.counted_ns);
        }
        let tally = batch.tally();
        self.totals = self.totals.plus(&tally);
        self.shared.board.add_stored(&tally);
        self.proven = true;
        self.last_ns = self.last_ns.max(batch.latest_ns().unwrap_or_default());
        for connection in self.kept.connections.drain(..).chain(batch.connections.drain(..)) {
            if connection.ending.is_some() || connection.closed_ns.is_some() {
                self.open.remove(&connection.id);
            } else {
                let mut latest = Box::new(connection);
                if let Some(before) = self.open.get(&latest.id) {
                    (latest.frames, latest.bytes) = (before.frames, before.bytes);
                    self.uncounted.insert(latest.id);
                }
                self.open.insert(latest.id, latest);
            }
        }
        self.count(batch);
        self.kept.clear();
        if let Some(file) = &self.file {
            self.shared.board.set_file(&file.path, file.bytes());
        }
        if self.pause.take().is_some() {
            self.shared.board.clear_trouble();
            self.shared.set_trouble(None);
        }
    }

    /// Counts an open connection's frames as they come, since its own count comes with its end,
    /// which a recorder that is killed never sees. (What an import brings has its counts.)
    fn count(&mut self, batch: &Batch) {
        for row in batch.rows.iter().filter(|row| row.id == 0) {
            let Some(connection) = self.open.get_mut(&row.connection) else { continue };
            let index = row.direction.index();
            connection.frames[index] += row.frames();
            connection.bytes[index] +=
                row.header.as_bytes().len() as u64 + u64::from(row.payload_len);
            self.uncounted.insert(row.connection);
        }
    }

    fn lose(&mut self, batch: &mut Batch, failure: Failure) {
        let Failure { reason, text, .. } = failure;
        let since_ns = batch.rows.first().map_or(self.last_ns, |row| row.read_ns.cast_unsigned());
        let mut lost = Losses::default();
        lost.add_rows(&batch.rows, reason);
        for gap in lost.gaps() {
            self.shared.board.add_lost(gap);
        }
        // What the queue lost is counted already.
        for gap in lost.gaps().chain(batch.lost.gaps()) {
            self.kept.lost.add(gap);
        }
        self.kept.gaps.append(&mut batch.gaps);
        self.kept.gaps.truncate(MAX_KEPT);
        self.kept.notes.append(&mut batch.notes);
        self.kept.notes.truncate(MAX_KEPT);
        self.kept.connections.append(&mut batch.connections);
        self.keep_latest(reason);
        self.pause = Some(self.pause.map_or(TICK, |pause| (pause * 2).min(MAX_PAUSE)));
        self.shared.board.set_trouble(reason, text, since_ns);
        self.shared.set_trouble(Some(reason));
    }

    /// Keeps the last state of each connection, within bounds; what goes is a gap.
    fn keep_latest(&mut self, reason: GapReason) {
        for gap in keep_latest(&mut self.kept.connections, reason) {
            self.shared.board.add_lost(&gap);
            self.kept.lost.add(&gap);
        }
    }

    /// Gives up a file that is not there any more, or not what was written. What is in it is a gap
    /// in its successor; it is lost only if the file is.
    fn leave(&mut self, why: Displaced) {
        let Some(file) = self.file.take() else { return };
        let path = file.path.clone();
        let whole = file.abandon(&why, &self.options.faults);
        let Tally { frames, bytes } = std::mem::take(&mut self.totals);
        let reason = if whole { GapReason::EarlierFile } else { GapReason::DiskError };
        let gap = Gap {
            connection: None,
            direction: None,
            from_ns: 0,
            to_ns: self.last_ns,
            frames: frames.iter().sum(),
            bytes: bytes.iter().sum(),
            reason,
        };
        if gap.frames > 0 {
            if !whole {
                self.shared.board.add_lost(&gap);
            }
            self.kept.lost.add(&gap);
        }
        self.left = Some(Left { path, why, kept: if whole { gap.frames } else { 0 } });
        // What is kept already is newer than the states of before.
        self.kept.connections.splice(0..0, self.open.drain().map(|(_, connection)| *connection));
        self.keep_latest(GapReason::DiskError);
        self.proven = false;
    }

    /// A new file for the rest of the recording.
    fn next_file(&mut self) -> Result<RecordingFile, Failure> {
        let mut refused = None;
        for number in 2..=MAX_FILES {
            let path = numbered(&self.first_path, number);
            match RecordingFile::create(&path, &self.recording, &self.options) {
                Ok(file) => {
                    self.shared.board.set_file(&file.path, file.bytes());
                    if let Some(left) = self.left.take() {
                        self.shared.board.went_on(left.notice(&path), left.into_earlier());
                    }
                    return Ok(file);
                }
                Err(RecordingError::Exists { .. } | RecordingError::InUse { .. }) => {}
                Err(error) => {
                    refused = Some(error);
                    break;
                }
            }
        }
        Err(refused.map_or_else(
            || Failure {
                reason: GapReason::DiskError,
                text: format!("{} has {MAX_FILES} files already", self.first_path.display()),
                displaced: None,
            },
            |error| Failure::new_file(&error),
        ))
    }

    fn tend_log(&mut self) {
        let Some(file) = &mut self.file else { return };
        // A checkpoint that fails leaves a longer log; what follows from that is met in its turn.
        let _ = file.tend_log(&self.options.faults);
    }
}

/// Keeps the last state of each connection, within bounds, and gives what it left out.
fn keep_latest(connections: &mut Vec<Connection>, reason: GapReason) -> Vec<Gap> {
    connections.reverse();
    connections.sort_by_key(|connection| connection.id);
    connections.dedup_by_key(|connection| connection.id);
    let gone = connections.split_off(connections.len().min(MAX_KEPT));
    let mut lost: Vec<Gap> = gone.iter().map(|connection| heads_gap(connection, reason)).collect();
    let mut cost = 0;
    for connection in connections {
        cost += connection_cost(connection);
        let gap = heads_gap(connection, reason);
        if cost > MAX_KEPT_BYTES && gap.bytes > 0 {
            connection.request_head = Vec::new();
            connection.response_head = Vec::new();
            connection.response_body = Vec::new();
            lost.push(gap);
        }
    }
    lost
}

/// The loss of a connection's heads and body.
fn heads_gap(connection: &Connection, reason: GapReason) -> Gap {
    let Connection { request_head, response_head, response_body, .. } = connection;
    Gap {
        connection: Some(connection.id),
        direction: None,
        from_ns: connection.opened_ns,
        to_ns: connection.closed_ns.unwrap_or(connection.opened_ns),
        frames: 0,
        bytes: (request_head.len() + response_head.len() + response_body.len()) as u64,
        reason,
    }
}

/// `amber-fox.db` and 2 → `amber-fox-2.db`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_os_string();
    name.push(format!("-{number}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}
