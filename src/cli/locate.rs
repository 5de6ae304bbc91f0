//! What a person calls a recording (a path, a file's name, the two words) → its file.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::recording::store::name_of;
use crate::recording::{RecordingReader, Store};

/// Opens the recording that is called `name`.
pub(crate) fn open(dir: &Path, name: &OsStr) -> Result<RecordingReader, Failure> {
    Ok(RecordingReader::open(&find(dir, name)?)?)
}

/// The file that is called `name`. What is there by that very path comes first, whatever it is.
pub(crate) fn find(dir: &Path, name: &OsStr) -> Result<PathBuf, Failure> {
    let path = PathBuf::from(name);
    if fs::symlink_metadata(&path).is_ok() {
        return Ok(path);
    }
    Ok(Store::new(dir).resolve(&name.to_string_lossy())?)
}

/// The folder's recordings, the oldest first: the newest is next to the prompt.
pub(crate) fn all(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Store::new(dir).list()?;
    files.reverse();
    Ok(files)
}

/// How a recording is called in a command to copy: its name, or its path if it is elsewhere.
pub(crate) fn called(dir: &Path, file: &Path) -> OsString {
    match name_of(file) {
        Some(name) if file.parent() == Some(dir) => name.into(),
        _ => file.into(),
    }
}
