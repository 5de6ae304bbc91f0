//! A file that is being written, and its name → whether both still belong together; if not, what
//! became of the file.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::lock::beside;
use super::private::{self, FileId};

/// The file is not what was written any more, or not where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Displaced {
    /// Its name leads nowhere, or to another file. Where the system does not tell, it may also
    /// have been moved.
    Removed,
    /// It has another name now: this one, where that can be told.
    Moved(Option<PathBuf>),
    /// It is where it was, but its log has lost its name.
    LogRemoved,
    /// Its content was cut or replaced.
    Overwritten,
}

impl Displaced {
    /// The content is still what was written: it can be completed from its log.
    pub(super) fn is_sound(&self) -> bool {
        *self != Self::Overwritten
    }

    /// The file has a name, so that what is in it is not lost.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self, Self::Moved(_) | Self::LogRemoved)
    }
}

impl fmt::Display for Displaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removed if cfg!(target_os = "linux") => {
                f.write_str("was removed, or moved to another disk")
            }
            Self::Removed => f.write_str("was removed or moved"),
            Self::Moved(Some(path)) => write!(f, "was moved to {}", path.display()),
            Self::Moved(None) => f.write_str("was moved away"),
            Self::LogRemoved => f.write_str("lost its write-ahead log"),
            Self::Overwritten => f.write_str("was overwritten by another program"),
        }
    }
}

/// A hold on a file whatever its name becomes.
///
/// On Linux it is one of the path only (`O_PATH`): giving up an ordinary handle would drop the
/// locks that SQLite holds on the file. Elsewhere there is none, and a moved file is taken for a
/// removed one.
#[derive(Debug)]
pub(super) struct Anchor {
    #[cfg(target_os = "linux")]
    held: Option<fs::File>,
}

impl Anchor {
    /// Holds on to the file that has the name `path` now.
    #[cfg(target_os = "linux")]
    pub(super) fn hold(path: &Path) -> Self {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        // Without a descriptor to spare, a moved file is taken for a removed one.
        Self { held: rustix::fs::open(path, flags, Mode::empty()).ok().map(fs::File::from) }
    }

    /// There is no such hold here.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn hold(_path: &Path) -> Self {
        Self {}
    }

    /// What became of the file `id`, which was at `path`, now that it or its log is not there.
    #[cfg(target_os = "linux")]
    pub(super) fn fate(&self, path: &Path, id: FileId) -> Displaced {
        use std::os::fd::AsRawFd as _;
        use std::os::unix::fs::MetadataExt as _;
        if is_there(path, id) {
            return Displaced::LogRemoved;
        }
        let Some(held) = &self.held else { return Displaced::Removed };
        let names = held.metadata().map_or(0, |metadata| metadata.nlink());
        if names == 0 {
            return Displaced::Removed;
        }
        let link = format!("/proc/self/fd/{}", held.as_raw_fd());
        // A file of several names may have lost the one that the system would tell.
        let to = fs::read_link(link).ok().filter(|to| is_there(to, id));
        Displaced::Moved(to)
    }

    /// What became of the file `id`, which was at `path`, now that it or its log is not there.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn fate(&self, path: &Path, id: FileId) -> Displaced {
        if is_there(path, id) { Displaced::LogRemoved } else { Displaced::Removed }
    }
}

/// The file `id` has the name `path`.
fn is_there(path: &Path, id: FileId) -> bool {
    fs::metadata(path).is_ok_and(|metadata| private::file_id(&metadata) == id)
}

/// Takes the log `id` of the file that was at `path` away from a name where it would be taken for
/// another file's: to beside `to`, or else altogether. A log that is not that one stays.
pub(super) fn clear_log(path: &Path, id: Option<FileId>, to: Option<&Path>) -> bool {
    let log = beside(path, "-wal");
    if !id.is_some_and(|id| is_there(&log, id)) {
        return false;
    }
    let moved = to.is_some_and(|to| fs::rename(&log, beside(to, "-wal")).is_ok());
    if !moved {
        let _ = fs::remove_file(&log);
    }
    let _ = fs::remove_file(beside(path, "-shm"));
    moved
}
