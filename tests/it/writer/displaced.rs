//! A recording that is removed, moved or overwritten under its recorder: what goes on where, and
//! what is told as lost.

use std::path::Path;

use rusqlite::Connection as Database;
use wiretape::recording::{Earlier, RecordingWriter, Status, WriterOptions};

use super::{
    append, files, frames_and_lost, number, open_connection, recording, start, until, until_settled,
};

/// As [`harmed_status`], where the first file is lost.
fn harmed(folder: &Path, harm: impl FnOnce(&Path)) -> String {
    let (notice, status) = harmed_status(folder, harm);
    assert_eq!((status.lost_frames, status.earlier), (10, vec![]));
    assert_eq!(gap_reason(&folder.join("one-2.db")), "disk-error");
    notice
}

/// Stores ten frames, does `harm`, appends five, and gives what was said of it, and the end.
fn harmed_status(folder: &Path, harm: impl FnOnce(&Path)) -> (String, Status) {
    let path = folder.join("one.db");
    let writer = start(&path);
    let journal = writer.journal();
    journal.connection(open_connection(1));
    for ns in 1..=10 {
        append(&journal, 1, ns, b"before");
    }
    until_settled(&journal, 10);
    harm(&path);
    for ns in 11..=15 {
        append(&journal, 1, ns, b"after");
    }
    let summary = writer.finish(20).unwrap();
    assert!(summary.finished);
    assert_eq!(summary.status.frames, [15, 0]);
    let second = folder.join("one-2.db");
    assert_eq!(summary.status.path, second);
    assert_eq!(frames_and_lost(&second), (5, 10));
    let file = Database::open(&second).unwrap();
    assert_eq!(number(&file, "SELECT min(id) FROM frame"), 11, "ids go on");
    assert_eq!(number(&file, "SELECT count(*) FROM connection"), 1);
    assert_eq!(number(&file, "SELECT to_ns FROM gap"), 10);
    let [notice] = summary.status.notices.clone().try_into().unwrap();
    (notice, summary.status)
}

#[test]
fn a_removed_file_is_followed_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let notice = harmed(folder.path(), |path| std::fs::remove_file(path).unwrap());
    assert!(notice.contains("one.db was removed, or moved to another disk; going on"), "{notice}");
    assert_eq!(files(folder.path()), ["one-2.db"]);
}

/// The gap of a file's successor: why, and whether its frames are told as lost.
fn gap_reason(path: &Path) -> String {
    let file = Database::open(path).unwrap();
    file.query_row("SELECT reason FROM gaps", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_moved_file_is_complete_where_it_went_and_nothing_is_told_as_lost() {
    let folder = tempfile::tempdir().unwrap();
    let moved = folder.path().join("moved.db");
    let (notice, status) =
        harmed_status(folder.path(), |path| std::fs::rename(path, &moved).unwrap());
    let told = format!(
        "one.db was moved to {}; the 10 frames before are in it; going on in ",
        moved.display()
    );
    assert!(notice.contains(&told), "{notice}");
    assert_eq!((status.lost_frames, status.lost_bytes), (0, 0));
    assert_eq!(files(folder.path()), ["moved.db", "one-2.db"], "all of it is in one file");
    assert_eq!(status.earlier, [Earlier { path: Some(moved.clone()), frames: 10 }]);
    assert_eq!(frames_and_lost(&moved), (10, 0));
    assert_eq!(gap_reason(&folder.path().join("one-2.db")), "earlier-file");
    assert_eq!(files(folder.path()), ["moved.db", "one-2.db"]);
}

/// Someone else's file under the old name is not touched, and gets no log that is not its own.
#[test]
fn a_moved_file_may_have_another_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let moved = folder.path().join("moved.db");
    let (_, status) = harmed_status(folder.path(), |path| {
        std::fs::rename(path, &moved).unwrap();
        std::fs::write(path, "someone else's").unwrap();
    });
    assert_eq!((status.lost_frames, status.earlier.len()), (0, 1));
    assert_eq!(frames_and_lost(&moved), (10, 0));
    assert_eq!(std::fs::read(folder.path().join("one.db")).unwrap(), b"someone else's");
    assert_eq!(files(folder.path()), ["moved.db", "one-2.db", "one.db"]);
}

#[test]
fn a_file_moved_over_another_recording_is_followed_there() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken.db");
    std::fs::write(&taken, "old").unwrap();
    let (_, status) = harmed_status(folder.path(), |path| std::fs::rename(path, &taken).unwrap());
    assert_eq!(status.earlier[0].path, Some(taken.clone()));
    assert_eq!(frames_and_lost(&taken), (10, 0));
}

/// What a reader's snapshot keeps in the log goes along with the file.
#[test]
fn a_file_moved_while_it_is_read_keeps_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let (path, moved) = (folder.path().join("one.db"), folder.path().join("moved.db"));
    let writer = start(&path);
    let journal = writer.journal();
    append(&journal, 1, 1, b"seen by the reader");
    until_settled(&journal, 1);
    let reader = Database::open(&path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(number(&reader, "SELECT count(*) FROM frame"), 1);
    for ns in 2..=10 {
        append(&journal, 1, ns, b"not seen");
    }
    until_settled(&journal, 10);
    std::fs::rename(&path, &moved).unwrap();
    until("another file is made", || journal.status().path.ends_with("one-2.db"));
    assert!(folder.path().join("moved.db-wal").exists(), "not all can leave the log");
    let status = writer.finish(1).unwrap().status;
    assert_eq!((status.lost_frames, status.earlier.len()), (0, 1));
    assert_eq!(frames_and_lost(&moved), (10, 0));
    drop(reader);
}

#[test]
fn a_file_that_lost_its_log_keeps_its_frames() {
    let folder = tempfile::tempdir().unwrap();
    let (notice, status) = harmed_status(folder.path(), |path| {
        std::fs::remove_file(path.with_extension("db-wal")).unwrap();
    });
    assert!(notice.contains("one.db lost its write-ahead log; the 10 frames before"), "{notice}");
    assert_eq!(status.lost_frames, 0);
    assert_eq!(frames_and_lost(&folder.path().join("one.db")), (10, 0));
    assert_eq!(gap_reason(&folder.path().join("one-2.db")), "earlier-file");
}

#[test]
fn a_removed_folder_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("recordings");
    harmed(&inner, |_| std::fs::remove_dir_all(&inner).unwrap());
}

#[test]
fn a_removed_file_is_noticed_without_traffic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let writer = start(&path);
    std::fs::remove_file(&path).unwrap();
    let journal = writer.journal();
    until("another file is made", || journal.status().path.ends_with("one-2.db"));
    assert!(writer.finish(1).unwrap().finished);
}

#[test]
fn a_truncated_file_is_followed_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let notice = harmed(folder.path(), |path| {
        std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(4096).unwrap();
    });
    assert!(notice.contains("was overwritten by another program"), "{notice}");
}

/// K11: nothing is shorter than it was, and all of it is someone else's.
#[test]
fn a_file_overwritten_by_a_larger_one_is_followed_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let notice = harmed(folder.path(), |path| std::fs::write(path, vec![7; 1 << 20]).unwrap());
    assert!(notice.contains("was overwritten by another program"), "{notice}");

    // Another recording's bytes are someone else's too.
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.db");
    let mut recording = recording();
    recording.uuid = "00000000-0000-4000-8000-000000000001".into();
    let writer = RecordingWriter::create(&other, &recording, WriterOptions::default()).unwrap();
    append(&writer.journal(), 1, 1, &vec![1; 500_000]);
    writer.finish(1).unwrap();
    let notice = harmed(folder.path(), |path| {
        std::fs::write(path, std::fs::read(&other).unwrap()).unwrap();
    });
    assert!(notice.contains("was overwritten by another program"), "{notice}");
}

#[test]
fn a_log_cut_or_overwritten_is_left_behind() {
    let cut = |log: &Path| std::fs::write(log, b"").unwrap();
    let noise = |log: &Path| {
        let len = log.metadata().unwrap().len() as usize;
        std::fs::write(log, vec![7; len]).unwrap();
    };
    for harm in [cut as fn(&Path), noise] {
        let folder = tempfile::tempdir().unwrap();
        let notice = harmed(folder.path(), |path| harm(&path.with_extension("db-wal")));
        assert!(notice.contains("was overwritten by another program"), "{notice}");
    }
}

#[test]
fn a_file_that_another_program_checkpoints_stays_the_recording() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.db");
    let writer = start(&path);
    let journal = writer.journal();
    for ns in 1..=10 {
        append(&journal, 1, ns, b"before");
    }
    until_settled(&journal, 10);
    let other = Database::open(&path).unwrap();
    let copied: i64 = other.query_row("PRAGMA wal_checkpoint", [], |row| row.get(2)).unwrap();
    assert!(copied > 0, "the file has changed");
    append(&journal, 1, 11, b"after");
    let summary = writer.finish(1).unwrap();
    assert_eq!((summary.status.path, summary.status.frames), (path, [11, 0]));
}
