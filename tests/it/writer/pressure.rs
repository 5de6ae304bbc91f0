//! A disk that is too slow: the traffic waits, within a budget, or drops what it says it drops.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use wiretape::recording::queue::{CONNECTION_BYTES, QUEUE_BYTES};
use wiretape::recording::step::{Faults, Step};
use wiretape::recording::{Journal, RecordingWriter, WhenBehind, WriterOptions};

use super::{append, frames_and_lost, recording, start_with, until};

/// A disk that stands still until it is let go.
#[derive(Clone, Default)]
struct Disk {
    stuck: Arc<(Mutex<bool>, Condvar)>,
}

impl Disk {
    fn faults(&self) -> Faults {
        let stuck = Arc::clone(&self.stuck);
        Faults::from_fn(move |step| {
            if step == Step::Begin {
                let wait = stuck.1.wait_while(stuck.0.lock().unwrap(), |stuck| *stuck);
                drop(wait.unwrap());
            }
            None
        })
    }

    fn stopped() -> Self {
        let disk = Self::default();
        *disk.stuck.0.lock().unwrap() = true;
        disk
    }

    fn go_on(&self) {
        *self.stuck.0.lock().unwrap() = false;
        self.stuck.1.notify_all();
    }
}

/// Lets the disk go when a test fails: declared after the writer, so that its end finds no stuck
/// disk.
struct Release<'a>(&'a Disk);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.0.go_on();
    }
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn is_ready(journal: &Journal, connection: i64, woken: &Arc<Woken>) -> bool {
    let waker = Waker::from(Arc::clone(woken));
    journal.poll_ready(connection, &mut Context::from_waker(&waker)) == Poll::Ready(())
}

/// Appends for `connection` until it has to wait; gives the number of frames.
fn flood(journal: &Journal, connection: i64, payload: &[u8], woken: &Arc<Woken>) -> u64 {
    let mut frames = 0;
    while is_ready(journal, connection, woken) {
        append(journal, connection, frames, payload);
        frames += 1;
        assert!(frames < 10_000_000, "never held back");
    }
    frames
}

#[test]
fn a_flood_waits_for_the_disk_and_is_woken_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let disk = Disk::stopped();
    let writer = start_with(&path, disk.faults());
    let _release = Release(&disk);
    let journal = writer.journal();
    let woken = Arc::new(Woken::default());
    let frames = flood(&journal, 1, &[1; 10_000], &woken);
    let queued = journal.status().queued_bytes;
    // How fast the disk is, nobody knows yet: a third of what may wait at first.
    assert!((1 << 20..CONNECTION_BYTES + 20_000).contains(&queued), "{queued}");
    assert_eq!(woken.0.load(Ordering::SeqCst), 0);
    disk.go_on();
    until("the waiting side is woken", || woken.0.load(Ordering::SeqCst) == 1);
    until("there is room", || is_ready(&journal, 1, &woken));
    let summary = writer.finish(1).unwrap();
    assert_eq!((summary.status.frames, summary.status.lost_frames), ([frames, 0], 0));
}

/// What a `kill -9` takes is what waits: on a disk of at most 20 MB/s, 50 ms are 1 MB.
#[test]
fn no_more_waits_than_the_disk_stores_in_time() {
    const ROWS_A_STEP: u64 = 20;
    let folder = tempfile::tempdir().unwrap();
    let faults = Faults::from_fn(|step| {
        if step == Step::Frames {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        None
    });
    let writer = start_with(&folder.path().join("one.db"), faults);
    let journal = writer.journal();
    let woken = Arc::new(Woken::default());
    let (mut frames, mut most) = (0, 0);
    let mut last_second = Vec::new();
    while frames < 60 * ROWS_A_STEP {
        for connection in 1..=8 {
            frames += flood(&journal, connection, &[1; 10_000], &woken);
        }
        let queued = journal.status().queued_bytes;
        most = queued.max(most);
        if frames > 40 * ROWS_A_STEP {
            last_second.push(queued);
        }
        std::thread::yield_now();
    }
    last_second.sort_unstable();
    let usual = last_second[last_second.len() / 2];
    assert!(most > 2 << 20, "at first, nobody knows how slow the disk is: {most}");
    assert!(usual < 3 << 19, "{usual}");
    assert_eq!(writer.finish(1).unwrap().status.frames, [frames, 0]);
}

#[test]
fn floods_leave_room_for_the_next_connection() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::stopped();
    let writer = start_with(&folder.path().join("one.db"), disk.faults());
    let _release = Release(&disk);
    let journal = writer.journal();
    let woken = Arc::new(Woken::default());
    let mut frames = 0;
    for connection in 1..=12 {
        assert!(is_ready(&journal, connection, &woken), "connection {connection} has no room");
        frames += flood(&journal, connection, &[1; 10_000], &woken);
        assert!(journal.status().queued_bytes <= QUEUE_BYTES);
    }
    disk.go_on();
    assert_eq!(writer.finish(1).unwrap().status.frames, [frames, 0]);
}

#[test]
fn a_flood_of_empty_frames_is_bounded_too() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::stopped();
    let writer = start_with(&folder.path().join("one.db"), disk.faults());
    let _release = Release(&disk);
    let frames = flood(&writer.journal(), 1, b"", &Arc::new(Woken::default()));
    assert!(frames < 100_000, "{frames} rows would be more than the budget");
    disk.go_on();
    assert_eq!(writer.finish(1).unwrap().status.frames, [frames, 0]);
}

#[test]
fn both_directions_of_a_connection_are_woken() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::stopped();
    let writer = start_with(&folder.path().join("one.db"), disk.faults());
    let _release = Release(&disk);
    let journal = writer.journal();
    let [one, other] = [Arc::new(Woken::default()), Arc::new(Woken::default())];
    flood(&journal, 1, &[1; 10_000], &one);
    assert!(!is_ready(&journal, 1, &other) && !is_ready(&journal, 1, &one));
    disk.go_on();
    until("both are woken", || {
        [&one, &other].iter().all(|woken| woken.0.load(Ordering::SeqCst) > 0)
    });
    writer.finish(1).unwrap();
}

#[test]
fn where_gaps_are_chosen_nothing_waits_and_each_loss_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let disk = Disk::stopped();
    let options = WriterOptions {
        when_behind: WhenBehind::Gap,
        faults: disk.faults(),
        ..WriterOptions::default()
    };
    let writer = RecordingWriter::create(&path, &recording(), options).unwrap();
    let _release = Release(&disk);
    let journal = writer.journal();
    let woken = Arc::new(Woken::default());
    for number in 0..5_000 {
        assert!(is_ready(&journal, 1, &woken));
        append(&journal, 1, number, &[1; 10_000]);
    }
    let lost = journal.status().lost_frames;
    assert!(lost > 4_000, "{lost}");
    assert_eq!(journal.status().lost_bytes, lost * 10_000);
    assert!(journal.status().queued_bytes <= CONNECTION_BYTES);
    disk.go_on();
    let status = writer.finish(1).unwrap().status;
    assert_eq!(status.lost_frames, lost);
    assert_eq!(status.frames, [5_000 - lost, 0]);
    assert_eq!(frames_and_lost(&path), (5_000 - lost as i64, lost as i64));
}

#[test]
fn a_panic_of_who_appends_loses_nothing_of_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let writer = super::start(&path);
    let journal = writer.journal();
    let other = journal.clone();
    let died = std::thread::spawn(move || {
        other.append(1, |appender| {
            appender.frame(super::Direction::ServerToClient, super::stamp(1), &super::frame(b"x"));
            panic!("as a decoder might");
        });
    });
    assert!(died.join().is_err());
    append(&journal, 1, 2, b"y");
    writer.finish(1).unwrap();
    assert_eq!(frames_and_lost(&path), (2, 0));
}
