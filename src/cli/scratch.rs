//! A folder → a file in it that nobody else can read and that is gone with the process.

use std::fs::{self, File, OpenOptions};
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
