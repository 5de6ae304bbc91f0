//! Files and folders that nobody else can read, and that are gone with the process.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::path::{Path, PathBuf};

use super::escape;
use super::failure::{Code, Failure};

/// A file for what does not fit in memory.
#[derive(Debug)]
pub(crate) struct Scratch {
    file: File,
    /// Where it still has a name.
    path: Option<PathBuf>,
}

impl Scratch {
    /// Makes it; on Unix its name is gone at once, whatever happens to the process.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(format!(".wiretape-{}.partial", super::uuid::random()));
        let failed = |error: std::io::Error| {
            let folder = escape::path(folder);
            Failure::new(Code::Runtime, format!("{folder} can't hold a file for the time being"))
                .why(error.to_string())
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(failed)?;
        let path = if cfg!(unix) && fs::remove_file(&path).is_ok() { None } else { Some(path) };
        Ok(Self { file, path })
    }

    /// The file, empty at first.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // A leftover is only untidy.
            let _ = fs::remove_file(path);
        }
    }
}

/// What the names of such folders begin with.
const FOLDERS: &str = "wiretape-scratch-";

/// The file in them that is locked while somebody uses them.
const LOCK: &str = "lock";

/// Tries to make one: another process may take it for one that was left.
const TRIES: usize = 3;

/// A folder for its owner alone, in the system's place for such things; gone when dropped. What a
/// process that was killed has left is removed by the next one that makes a folder.
#[derive(Debug)]
pub(crate) struct ScratchFolder {
    path: PathBuf,
    /// Locked.
    _lock: File,
}

impl ScratchFolder {
    /// Makes it.
    pub(crate) fn new() -> Result<Self, Failure> {
        let within = std::env::temp_dir();
        sweep(&within);
        let mut failed = None;
        for _ in 0..TRIES {
            match Self::in_folder(&within) {
                Ok(folder) => return Ok(folder),
                Err(error) => failed = Some(error),
            }
        }
        let why = failed.map_or_else(String::new, |error| error.to_string());
        Err(Failure::new(
            Code::Runtime,
            format!("{} can't hold a folder for the time being", escape::path(&within)),
        )
        .why(why)
        .next("TMPDIR=FOLDER wiretape …   uses another"))
    }

    fn in_folder(within: &Path) -> std::io::Result<Self> {
        let path = within.join(format!("{FOLDERS}{}", super::uuid::random()));
        // Fails where the folder exists, whoever made it.
        private().create(&path)?;
        let lock = OpenOptions::new().write(true).create_new(true).open(path.join(LOCK))?;
        lock.lock()?;
        // It may have been swept away before it was locked.
        fs::symlink_metadata(path.join(LOCK))?;
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        // The next one that makes a folder tries again.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes folders that nobody uses any more.
fn sweep(within: &Path) {
    let Ok(listed) = fs::read_dir(within) else { return };
    let ours = listed.flatten().filter(|each| {
        let is_named = each.file_name().to_string_lossy().starts_with(FOLDERS);
        is_named && each.file_type().is_ok_and(|kind| kind.is_dir())
    });
    for path in ours.map(|each| each.path()) {
        let Ok(lock) = File::open(path.join(LOCK)) else { continue };
        if lock.try_lock().is_ok() {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// Makes folders that only their owner can enter.
fn private() -> DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no modes to set"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}
