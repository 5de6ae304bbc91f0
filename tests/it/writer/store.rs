//! Names and files of recordings, and who may read them.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use wiretape::recording::lock::is_live;
use wiretape::recording::{RecordingError, Store, WriterOptions};

use super::{files, recording, start};

#[test]
fn recorders_that_start_at_once_get_files_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("recordings"));
    let names: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..20)
            .map(|_| {
                scope.spawn(|| {
                    let mut recording = recording();
                    let options = WriterOptions::default();
                    let writer = store.record(&mut recording, None, &options).unwrap();
                    writer.finish(1).unwrap();
                    recording.name
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), 20);
    assert_eq!(store.list().unwrap().len(), 20);
    for name in &names {
        let path = store.resolve(name).unwrap();
        assert_eq!(path, store.dir().join(format!("2023-11-14-{name}.db")));
    }
}

#[test]
fn a_recording_is_found_by_path_file_and_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let newest = folder.path().join("2026-11-22-amber-fox.db");
    for file in ["2026-11-20-amber-fox.db", "2026-11-22-amber-fox.db", "2026-11-21-calm-owl.db"] {
        start(&folder.path().join(file)).finish(1).unwrap();
    }
    let asked =
        [newest.to_str().unwrap(), "2026-11-22-amber-fox.db", "2026-11-22-amber-fox", "amber-fox"];
    for rec in asked {
        assert_eq!(store.resolve(rec).unwrap(), newest, "{rec}");
    }
    let listed: Vec<PathBuf> =
        ["2026-11-22-amber-fox", "2026-11-21-calm-owl", "2026-11-20-amber-fox"]
            .map(|stem| folder.path().join(format!("{stem}.db")))
            .into();
    assert_eq!(store.list().unwrap(), listed);
    for (rec, expected) in
        [("amber-fix", Some("amber-fox")), ("clam-owl", Some("calm-owl")), ("q", None)]
    {
        match store.resolve(rec) {
            Err(RecordingError::NotFound { suggestion, .. }) => {
                assert_eq!(suggestion.as_deref(), expected, "{rec}");
            }
            other => panic!("{rec}: {other:?}"),
        }
    }
}

#[test]
fn names_are_file_names_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    for good in ["a", "run-7", "v1.2_x", "A"] {
        let (name, path) = store.new_path(0, Some(good)).unwrap();
        assert_eq!(
            (name.as_str(), path),
            (good, folder.path().join(format!("1970-01-01-{good}.db")))
        );
    }
    let long = "x".repeat(101);
    for bad in ["", ".", "..", ".x", "-x", "a/b", "a\\b", "a b", "a\n", "ä", "\u{1b}[2J", &long] {
        let outcome = store.new_path(0, Some(bad));
        assert!(matches!(outcome, Err(RecordingError::BadName { .. })), "{bad:?}");
    }
    let (_, path) = store.new_path(0, Some("twice")).unwrap();
    start(&path).finish(1).unwrap();
    assert!(matches!(store.new_path(0, Some("twice")), Err(RecordingError::Exists { .. })));
}

#[test]
fn a_recording_is_removed_with_all_it_has_but_not_while_it_grows() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let path = folder.path().join("one.db");
    let writer = start(&path);
    assert!(is_live(&path));
    assert!(matches!(store.remove(&path), Err(RecordingError::InUse { .. })));
    writer.finish(1).unwrap();
    assert!(!is_live(&path));
    for suffix in ["-wal", "-shm", "-lock", "-journal"] {
        std::fs::write(folder.path().join(format!("one.db{suffix}")), "left behind").unwrap();
    }
    assert!(!is_live(&path), "a lock file that nobody holds says nothing");
    store.remove(&path).unwrap();
    assert_eq!(files(folder.path()), Vec::<String>::new());
}

/// The folder that the test below records into, under each umask.
const FOLDER: &str = "WIRETAPE_TEST_UMASK_FOLDER";

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_recording_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    if let Some(folder) = std::env::var_os(FOLDER) {
        // The umask is the process's, so that this is a process of its own.
        let dir = PathBuf::from(folder).join("recordings");
        let path = dir.join("one.db");
        let writer = start(&path);
        super::append(&writer.journal(), 1, 1, b"secret");
        super::until_settled(&writer.journal(), 1);
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(files(&dir), ["one.db", "one.db-lock", "one.db-shm", "one.db-wal"]);
        for file in files(&dir) {
            assert_eq!(mode(&dir.join(&file)), 0o600, "{file}");
        }
        assert_eq!(mode(&dir), 0o700);
        writer.finish(1).unwrap();
        assert_eq!(mode(&path), 0o600);
        return;
    }
    for umask in ["000", "022", "077", "777"] {
        let folder = tempfile::tempdir().unwrap();
        let test = "writer::store::only_the_owner_can_read_a_recording_whatever_the_umask";
        let child = Command::new("sh")
            .args(["-c", &format!("umask {umask}; exec \"$0\" --exact {test}")])
            .arg(std::env::current_exe().unwrap())
            .env(FOLDER, folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && said.contains("1 passed"), "umask {umask}: {said}");
    }
}
