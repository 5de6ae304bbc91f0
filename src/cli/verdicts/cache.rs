//! What was found in files ↔ a small file in the user's cache, so that the next list has it at once.
//!
//! It is only a cache: what can't be read or written is done without.

use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::cli::ls::size_of;
use crate::tui::Verdict;
use crate::wire::Recording;

/// Files that are remembered: more than anyone keeps in a folder, and some 200 kB.
const MOST: usize = 1000;

/// The longest file that is read: some times what that many take.
const MAX_BYTES: u64 = 1 << 20;

/// Found by another version, it may not be what this one would find.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a verdict depends on.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Seen {
    uuid: String,
    /// Of the file and its log.
    size: u64,
    /// The later of the two, nanoseconds since the epoch.
    changed_ns: u64,
    /// A hash of the rules that were asked for, or that it was recorded with.
    rules: u64,
    version: String,
}

impl Seen {
    /// Of a file as it is now; `None` where that can't be told.
    pub(super) fn of(file: &Path, recording: &Recording, asked: &str) -> Option<Self> {
        let mut rules = DefaultHasher::new();
        (asked, recording.rules.as_deref()).hash(&mut rules);
        Some(Self {
            uuid: recording.uuid.clone(),
            size: size_of(file),
            changed_ns: changed_ns(file)?,
            rules: rules.finish(),
            version: VERSION.to_owned(),
        })
    }
}

fn changed_ns(file: &Path) -> Option<u64> {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    let of = |file: &Path| {
        let changed = fs::symlink_metadata(file).and_then(|file| file.modified()).ok()?;
        u64::try_from(changed.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok()
    };
    of(file).map(|changed| changed.max(of(Path::new(&log)).unwrap_or(0)))
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Entry {
    #[serde(flatten)]
    seen: Seen,
    #[serde(flatten)]
    verdict: Verdict,
}

/// What was found, the latest last.
#[derive(Debug, Default)]
pub(super) struct Cache {
    path: Option<PathBuf>,
    entries: Vec<Entry>,
    unkept: usize,
}

impl Cache {
    /// What there is.
    pub(super) fn read() -> Self {
        use etcetera::{BaseStrategy as _, choose_base_strategy};
        let base = choose_base_strategy().ok();
        let path = base.map(|base| base.cache_dir().join("wiretape").join("verdicts.json"));
        let entries = path.as_deref().and_then(read).unwrap_or_default();
        Self { path, entries, unkept: 0 }
    }

    /// What was found in a file as it is now.
    pub(super) fn find(&self, seen: &Seen) -> Option<Verdict> {
        let same = self.entries.iter().rfind(|entry| entry.seen == *seen);
        same.map(|entry| entry.verdict)
    }

    /// Remembers it; what was found in that recording before is gone.
    pub(super) fn put(&mut self, seen: Seen, verdict: Verdict) {
        self.entries
            .retain(|entry| (&entry.seen.uuid, entry.seen.rules) != (&seen.uuid, seen.rules));
        self.entries.push(Entry { seen, verdict });
        let surplus = self.entries.len().saturating_sub(MOST);
        self.entries.drain(..surplus);
        self.unkept += 1;
    }

    /// How many were put since it was written.
    pub(super) fn unkept(&self) -> usize {
        self.unkept
    }

    /// Writes it, if there is anything new.
    pub(super) fn write(&mut self) {
        if self.unkept > 0
            && let Some(path) = &self.path
        {
            // Nothing is lost but time.
            let _ = write(path, &self.entries);
        }
        self.unkept = 0;
    }
}

fn read(path: &Path) -> Option<Vec<Entry>> {
    let mut text = String::new();
    File::open(path).ok()?.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    let mut entries: Vec<Entry> = serde_json::from_str(&text).ok()?;
    entries.drain(..entries.len().saturating_sub(MOST));
    Some(entries)
}

/// It has its name only once it is whole, and is its owner's alone.
fn write(path: &Path, entries: &[Entry]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.partial", std::process::id()));
    let partial = Path::new(&partial);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = (|| {
        options.open(partial)?.write_all(&serde_json::to_vec(entries)?)?;
        fs::rename(partial, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(partial);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::{Cache, MOST, Seen, read, write};
    use crate::tui::Verdict;

    fn seen(uuid: usize, size: u64) -> Seen {
        let uuid = uuid.to_string();
        Seen { uuid, size, changed_ns: 1, rules: 7, version: "1".to_owned() }
    }

    #[test]
    fn what_changed_is_not_known_and_there_are_never_too_many() {
        let verdict = Verdict { errors: 3, ..Verdict::default() };
        let mut cache = Cache::default();
        for at in 0..MOST + 5 {
            cache.put(seen(at, 1), verdict);
        }
        assert_eq!(cache.entries.len(), MOST);
        assert_eq!(cache.find(&seen(4, 1)), None);
        assert_eq!(cache.find(&seen(5, 1)), Some(verdict));
        assert_eq!(cache.find(&seen(5, 2)), None);
        cache.put(seen(5, 2), Verdict::default());
        assert_eq!(cache.find(&seen(5, 2)), Some(Verdict::default()));
        assert_eq!(cache.find(&seen(5, 1)), None);
    }

    #[test]
    fn what_is_written_is_read_and_what_is_broken_is_nothing() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("a/verdicts.json");
        let mut cache = Cache { path: Some(path.clone()), ..Cache::default() };
        cache.put(seen(1, u64::MAX), Verdict { users: 12, ..Verdict::default() });
        cache.write();
        assert_eq!(read(&path), Some(cache.entries.clone()));
        assert_eq!(std::fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
        std::fs::write(&path, "[{\"uuid\": 1").unwrap();
        assert_eq!(read(&path), None);
        // Where a folder stands, nothing can be written: that is all.
        let taken = folder.path().join("taken");
        std::fs::create_dir_all(taken.join("x")).unwrap();
        assert!(write(&taken, &cache.entries).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
