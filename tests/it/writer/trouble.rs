//! Storage that fails: the traffic goes on, what was lost is counted to the frame, and recording
//! resumes by itself.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Waker};

use rusqlite::{Connection as Database, ffi};
use wiretape::recording::step::{Faults, Step};
use wiretape::recording::{Journal, RecordingError, RecordingWriter, WriterOptions};
use wiretape::wire::{Connection, Ending, GapReason};

use super::{
    append, files, frames_and_lost, number, open_connection, recording, start, start_with, until,
    until_settled,
};

/// A small file system in memory; gone when dropped.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// `None`, said aloud, where mounting is not allowed.
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .output();
        match mount {
            Ok(output) if output.status.success() => Some(Self { folder }),
            _ => {
                eprintln!("SKIPPED: a small file system can't be mounted here");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn resize(&self, size: &str) {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,size={size}")]).arg(self.path());
        assert!(mount.status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// The traffic is never held up for good: a trouble lets it flow.
fn wait_for_room(journal: &Journal) {
    let mut cx = Context::from_waker(Waker::noop());
    until("there is room", || journal.poll_ready(1, &mut cx).is_ready());
}

#[test]
fn on_a_full_disk_nothing_is_half_made() {
    let Some(disk) = SmallDisk::new("64k") else { return };
    let path = disk.path().join("one.db");
    let outcome = RecordingWriter::create(&path, &recording(), WriterOptions::default());
    assert!(matches!(outcome, Err(RecordingError::Full { .. })), "{outcome:?}");
    assert_eq!(files(disk.path()), Vec::<String>::new());
}

#[test]
fn a_disk_that_fills_is_a_gap_and_recording_resumes() {
    let Some(disk) = SmallDisk::new("8m") else { return };
    let path = disk.path().join("one.db");
    let writer = start(&path);
    let journal = writer.journal();
    journal.connection(open_connection(1));
    let mut sent = 0;
    until("the disk is full", || {
        wait_for_room(&journal);
        append(&journal, 1, sent, &[3; 15_000]);
        sent += 1;
        journal.status().trouble.is_some()
    });
    let trouble = journal.status().trouble.unwrap();
    assert_eq!(trouble.reason, GapReason::DiskFull);
    assert!(trouble.text.contains("one.db"), "{}", trouble.text);
    for _ in 0..500 {
        wait_for_room(&journal);
        append(&journal, 1, sent, &[3; 15_000]);
        sent += 1;
    }
    until_settled(&journal, sent);
    // What is stored can be read meanwhile, log and all.
    let (stored, _) = frames_and_lost(&path);
    assert!(stored > 0);
    disk.resize("64m");
    until("the trouble ends", || journal.status().trouble.is_none());
    append(&journal, 1, sent, b"after");
    sent += 1;
    let summary = writer.finish(1).unwrap();
    assert!(summary.finished);
    let lost = summary.status.lost_frames;
    assert!(lost > 0);
    assert_eq!(frames_and_lost(&path), ((sent - lost) as i64, lost as i64));
    assert_eq!(files(disk.path()), ["one.db"]);
    let file = Database::open(&path).unwrap();
    assert_eq!(number(&file, "SELECT count(*) FROM gap WHERE reason <> 'disk-full'"), 0);
    assert_eq!(number(&file, "SELECT count(*) FROM connection"), 1);
    let bytes = number(&file, "SELECT sum(bytes) FROM gap");
    assert_eq!(bytes as u64, summary.status.lost_bytes);
}

#[test]
fn on_a_disk_that_stays_full_the_end_and_the_gap_are_stored() {
    let Some(disk) = SmallDisk::new("8m") else { return };
    let path = disk.path().join("one.db");
    let writer = start(&path);
    let journal = writer.journal();
    let mut sent = 0;
    for id in 1..=3 {
        journal.connection(open_connection(id));
    }
    let mut more = |count: u64| {
        for _ in 0..count {
            wait_for_room(&journal);
            append(&journal, sent as i64 % 3 + 1, sent, &[3; 2_000]);
            sent += 1;
        }
        sent
    };
    until("the disk is full", || {
        more(1);
        journal.status().trouble.is_some()
    });
    let sent = more(20_000);
    for id in 1..=3 {
        let ended = Connection { ending: Some(Ending::Stopped), ..open_connection(id) };
        journal.connection(ended);
    }
    let summary = writer.finish(1).unwrap();
    assert!(summary.finished);
    let lost = summary.status.lost_frames;
    assert_eq!(frames_and_lost(&path), ((sent - lost) as i64, lost as i64));
    let file = Database::open(&path).unwrap();
    assert_eq!(number(&file, "SELECT count(*) FROM connection WHERE ending = 'stopped'"), 3);
    assert_eq!(number(&file, "SELECT count(*) FROM recording WHERE finished_ns = 1"), 1);
}

#[test]
fn a_short_lock_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let writer = start(&path);
    let journal = writer.journal();
    let other = Database::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    append(&journal, 1, 1, b"x");
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert_eq!(journal.status().frames, [0, 0], "the lock holds");
    assert_eq!(journal.status().trouble, None);
    other.execute_batch("ROLLBACK").unwrap();
    until_settled(&journal, 1);
    let summary = writer.finish(1).unwrap();
    assert_eq!((summary.status.frames, summary.status.lost_frames), ([1, 0], 0));
}

#[test]
fn a_long_lock_is_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let writer = start(&path);
    let journal = writer.journal();
    let other = Database::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    journal.connection(open_connection(1));
    append(&journal, 1, 1, b"xy");
    append(&journal, 1, 7, b"z");
    until("patience ends", || journal.status().trouble.is_some());
    let status = journal.status();
    assert_eq!((status.lost_frames, status.lost_bytes), (2, 3));
    assert_eq!(status.trouble.unwrap().reason, GapReason::Locked);
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    until("the trouble ends", || journal.status().trouble.is_none());
    append(&journal, 1, 9, b"after");
    writer.finish(10).unwrap();
    assert_eq!(frames_and_lost(&path), (1, 2));
    let file = Database::open(&path).unwrap();
    let gap = "SELECT count(*) FROM gap WHERE connection = 1 AND direction = 0 AND from_ns = 1
        AND to_ns = 7 AND frames = 2 AND bytes = 3 AND reason = 'locked'";
    assert_eq!(number(&file, gap), 1);
    assert_eq!(number(&file, "SELECT count(*) FROM connection"), 1);
}

/// A head that takes as much as one may, so that 300 of them are more than is kept.
#[test]
fn heads_left_out_in_a_long_trouble_are_gaps() {
    const CONNECTIONS: i64 = 300;
    const HEAD: usize = 64 << 10;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let fails = Arc::new(AtomicBool::new(true));
    let writer = start_with(&path, {
        let fails = Arc::clone(&fails);
        Faults::from_fn(move |step| {
            (step == Step::Begin && fails.load(Ordering::SeqCst)).then_some(ffi::SQLITE_IOERR)
        })
    });
    let journal = writer.journal();
    for id in 1..=CONNECTIONS {
        let connection = open_connection(id);
        journal.connection(Connection { request_head: vec![b'h'; HEAD], ..connection });
    }
    let too_much = (CONNECTIONS as u64 * HEAD as u64) - (16 << 20);
    until("all are refused, and some left out", || journal.status().lost_bytes >= too_much);
    fails.store(false, Ordering::SeqCst);
    until("the trouble ends", || journal.status().trouble.is_none());
    let status = writer.finish(1).unwrap().status;
    let file = Database::open(&path).unwrap();
    assert_eq!(number(&file, "SELECT count(*) FROM connection"), CONNECTIONS);
    let kept = number(&file, "SELECT sum(length(request_head)) FROM connection");
    let lost = number(&file, "SELECT sum(bytes) FROM gap WHERE frames = 0 AND connection > 0");
    assert_eq!(kept + lost, CONNECTIONS * HEAD as i64);
    assert!((15 << 20..=16 << 20).contains(&kept), "{kept}");
    assert_eq!(status.lost_bytes, lost as u64);
}

/// K13: what a reader holds on to can't leave the log; that costs room, and no frame.
#[test]
fn a_reader_that_holds_a_snapshot_holds_nobody_up() {
    const FRAMES: u64 = 1_200;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let writer = start(&path);
    let journal = writer.journal();
    append(&journal, 1, 1, b"seen by the reader");
    until_settled(&journal, 1);
    let reader = Database::open(&path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(number(&reader, "SELECT count(*) FROM frame"), 1);
    let payload = vec![7; 64 << 10];
    let log_bytes = || std::fs::metadata(folder.path().join("one.db-wal")).unwrap().len();
    for ns in 2..=FRAMES {
        wait_for_room(&journal);
        append(&journal, 1, ns, &payload);
    }
    until_settled(&journal, FRAMES);
    assert!(log_bytes() > FRAMES << 16, "all of it waits for the reader");
    assert_eq!(number(&reader, "SELECT count(*) FROM frame"), 1, "one snapshot");
    reader.execute_batch("COMMIT").unwrap();
    drop(reader);
    // Its log starts anew, at its usual length.
    let mut frames = FRAMES;
    until("the log is short again", || {
        frames += 1;
        append(&journal, 1, frames, b"on");
        until_settled(&journal, frames);
        log_bytes() <= 65 << 20
    });
    assert_eq!(writer.finish(1).unwrap().status.frames, [frames, 0]);
    assert_eq!(frames_and_lost(&path), (frames as i64, 0));
}

#[test]
fn without_a_log_it_records_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let writer = start_with(&path, Faults::from_vfs("unix-dotfile"));
    append(&writer.journal(), 1, 1, b"x");
    let summary = writer.finish(1).unwrap();
    assert_eq!(summary.status.notices.len(), 1);
    assert!(summary.status.notices[0].contains("write-ahead log"));
    assert_eq!(frames_and_lost(&path), (1, 0));
}

#[test]
fn a_panic_of_the_recorder_is_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let fails = Arc::new(AtomicBool::new(true));
    let writer = start_with(&path, {
        let fails = Arc::clone(&fails);
        Faults::from_fn(move |step| {
            assert!(step != Step::Commit || !fails.load(Ordering::SeqCst), "as a defect would");
            None
        })
    });
    let journal = writer.journal();
    append(&journal, 1, 1, b"x");
    until("it is noticed", || journal.status().trouble.is_some());
    assert_eq!(journal.status().trouble.unwrap().reason, GapReason::Recorder);
    fails.store(false, Ordering::SeqCst);
    until("the trouble ends", || journal.status().trouble.is_none());
    append(&journal, 1, 2, b"y");
    assert!(writer.finish(1).unwrap().finished);
    assert_eq!(frames_and_lost(&path), (1, 1));
}

/// Records a little of everything, in three batches; `faults` fails some step of it.
fn short_life(path: &Path, faults: Faults) -> Result<(), RecordingError> {
    let options = WriterOptions { faults, ..WriterOptions::default() };
    let writer = RecordingWriter::create(path, &recording(), options)?;
    let journal = writer.journal();
    for batch in 1..=3 {
        journal.connection(open_connection(1));
        for ns in 0..30 {
            append(&journal, 1, ns, &[batch; 100]);
        }
        until_settled(&journal, u64::from(batch) * 30);
    }
    let summary = writer.finish(9).unwrap();
    assert_eq!(summary.status.frames[0] + summary.status.lost_frames, 90);
    assert_eq!(files(path.parent().unwrap()).len(), 1, "{:?}", files(path.parent().unwrap()));
    let (stored, lost) = frames_and_lost(path);
    assert_eq!(stored as u64, summary.status.frames[0]);
    if summary.finished {
        assert_eq!(lost as u64, summary.status.lost_frames, "a gap is silent");
        assert_eq!(summary.status.trouble, None);
    } else {
        assert!(summary.status.trouble.is_some(), "an end that is not stored is told");
    }
    Ok(())
}

#[test]
fn each_step_may_fail_once_or_for_ever() {
    let steps = Arc::new(AtomicU64::new(0));
    let counting = {
        let steps = Arc::clone(&steps);
        Faults::from_fn(move |_| {
            steps.fetch_add(1, Ordering::SeqCst);
            None
        })
    };
    let folder = tempfile::tempdir().unwrap();
    short_life(&folder.path().join("one.db"), counting).unwrap();
    let count = steps.load(Ordering::SeqCst);
    assert!(count > 20, "{count}");
    let ways = [
        (ffi::SQLITE_FULL, false),
        (ffi::SQLITE_FULL, true),
        (ffi::SQLITE_IOERR_WRITE, false),
        (ffi::SQLITE_IOERR_WRITE, true),
        (ffi::SQLITE_BUSY, false),
    ];
    std::thread::scope(|scope| {
        for (code, for_ever) in ways {
            scope.spawn(move || (1..=count).for_each(|nth| fail_from(nth, code, for_ever)));
        }
    });
}

fn fail_from(nth: u64, code: i32, for_ever: bool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let met = AtomicU64::new(0);
    let faults = Faults::from_fn(move |_| {
        let now = met.fetch_add(1, Ordering::SeqCst) + 1;
        (now == nth || (for_ever && now > nth)).then_some(code)
    });
    if short_life(&path, faults).is_err() {
        assert_eq!(files(folder.path()), Vec::<String>::new(), "step {nth}, code {code}");
    }
}
