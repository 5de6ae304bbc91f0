//! A folder of recordings: new ones get a name and a file there, old ones are removed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::wire::Recording;

use super::error::RecordingError;
use super::lock::{is_live, sidecar};
use super::names;
use super::writer::{RecordingWriter, WriterOptions};

/// Files that belong to a recording beside its own.
const SIDECARS: [&str; 3] = ["-wal", "-shm", "-lock"];

/// How often another two-word name is tried before the names count as used up.
const NAMES_TRIED: usize = 100;

/// A folder of recordings.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The recordings in `folder`, which need not exist yet.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Makes a new recording named `name`, or with a two-word name that is free that day, and fills
    /// in its name and uuid.
    pub fn create(
        &self,
        mut recording: Recording,
        name: Option<&str>,
        options: WriterOptions,
    ) -> Result<RecordingWriter, RecordingError> {
        if let Some(name) = name {
            check_name(name)?;
        }
        make_folder(&self.folder)?;
        if recording.uuid.is_empty() {
            recording.uuid = names::uuid();
        }
        for _ in 0..NAMES_TRIED {
            recording.name = name.map_or_else(names::two_words, str::to_owned);
            let path = self.path_of(&recording);
            match RecordingWriter::create(&path, &recording, options) {
                Err(RecordingError::Exists(_) | RecordingError::InUse(_)) if name.is_none() => {}
                made => return made,
            }
        }
        Err(RecordingError::Exists(self.path_of(&recording)))
    }

    fn path_of(&self, recording: &Recording) -> PathBuf {
        let date = jiff::Timestamp::from_nanosecond(i128::from(recording.started_ns))
            .unwrap_or_default()
            .strftime("%Y-%m-%d");
        self.folder.join(format!("{date}-{}.db", recording.name))
    }
}

/// Removes the recording at `path` and what belongs to it; not one that is being written.
pub fn remove(path: &Path) -> Result<(), RecordingError> {
    if is_live(path) {
        return Err(RecordingError::InUse(path.to_owned()));
    }
    let failed = |source| RecordingError::Create { path: path.to_owned(), source };
    fs::remove_file(path).map_err(failed)?;
    for suffix in SIDECARS {
        match fs::remove_file(sidecar(path, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), RecordingError> {
    let ordinary = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let good = name.len() <= 64
        && name.bytes().all(ordinary)
        && name.starts_with(|first: char| first.is_ascii_alphanumeric());
    if good { Ok(()) } else { Err(RecordingError::BadName(name.to_owned())) }
}

/// A folder that only its owner can look into.
fn make_folder(folder: &Path) -> Result<(), RecordingError> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|source| RecordingError::Create { path: folder.to_owned(), source })
}
