//! A folder of recordings: names → files.

use std::cmp::Reverse;
use std::fs;
use std::io::ErrorKind::NotFound;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::wire::Recording;

use super::RecordingError;
use super::lock::{family, is_live};
use super::names;
use super::writer::{RecordingWriter, WriterOptions};

/// Where recordings go if nothing else is said.
pub const DEFAULT_DIR: &str = "recordings";

/// The ending of a recording's file.
const EXTENSION: &str = "db";

/// Bytes of a name: with the date and `-shm` it still is a file name everywhere.
const MAX_NAME: usize = 100;

/// Random names tried before a number is added: at half of all names taken, one try in a million
/// fails as often.
const TRIES: usize = 20;

/// Numbers tried then.
const MAX_NUMBER: usize = 10_000;

/// A mistyped name differs in no more than every third letter.
const LETTERS_PER_TYPO: usize = 3;

/// A folder of recordings; it need not exist before the first one is made.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
}

impl Default for Store {
    fn default() -> Self {
        Self::new(DEFAULT_DIR)
    }
}

impl Store {
    /// The recordings in `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Name and file for a recording started at `started_ns` (wall clock, nanoseconds since the
    /// Unix epoch): `<UTC date>-<name>.db`. The name given is taken if it can be a file's and is
    /// free on that date; without one, two words are chosen that no recording here has.
    pub fn new_path(
        &self,
        started_ns: i64,
        name: Option<&str>,
    ) -> Result<(String, PathBuf), RecordingError> {
        let date = date(started_ns);
        let path = |name: &str| self.dir.join(format!("{date}-{name}.{EXTENSION}"));
        if let Some(name) = name {
            check_name(name)?;
            let path = path(name);
            return match fs::symlink_metadata(&path) {
                Ok(_) if is_live(&path) => Err(RecordingError::InUse { path }),
                Ok(_) => Err(RecordingError::Exists { path }),
                Err(_) => Ok((name.to_owned(), path)),
            };
        }
        let taken: Vec<String> =
            self.list().unwrap_or_default().iter().filter_map(|path| name_of(path)).collect();
        let first = names::name(random());
        let name = (0..TRIES)
            .map(|_| names::name(random()))
            .chain((2..MAX_NUMBER).map(|number| format!("{first}-{number}")))
            .find(|name| !taken.contains(name))
            .unwrap_or(first);
        let path = path(&name);
        Ok((name, path))
    }

    /// Starts a recording in a file of its own, and puts its name into `recording`. Any number of
    /// recorders may do so in the same folder at the same time.
    pub fn record(
        &self,
        recording: &mut Recording,
        name: Option<&str>,
        options: &WriterOptions,
    ) -> Result<RecordingWriter, RecordingError> {
        let mut tries = 0;
        loop {
            let path;
            (recording.name, path) = self.new_path(recording.started_ns, name)?;
            match RecordingWriter::create(&path, recording, options.clone()) {
                // Another recorder took the same two words in this moment.
                Err(RecordingError::Exists { .. } | RecordingError::InUse { .. })
                    if name.is_none() && tries < TRIES =>
                {
                    tries += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// All recordings' files, the newest first: by the date in their names, then by when they
    /// were written. A folder that is missing has none.
    pub fn list(&self) -> Result<Vec<PathBuf>, RecordingError> {
        let failed = |source| RecordingError::io("list", &self.dir, source);
        let folder = match fs::read_dir(&self.dir) {
            Ok(folder) => folder,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed(source)),
        };
        let mut files = Vec::new();
        for file in folder {
            let path = file.map_err(failed)?.path();
            // One that vanishes meanwhile is none.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            if metadata.is_file() && path.extension().is_some_and(|end| end == EXTENSION) {
                let date = date_and_name(&path).0.map(str::to_owned);
                let written = metadata.modified().unwrap_or(std::time::UNIX_EPOCH);
                files.push(((date, written, path.clone()), path));
            }
        }
        files.sort_by_cached_key(|(key, _)| Reverse(key.clone()));
        Ok(files.into_iter().map(|(_, path)| path).collect())
    }

    /// The file that `rec` means: a path, the name of a file here, or the name of a recording
    /// here. If several have that name, the newest.
    pub fn resolve(&self, rec: &str) -> Result<PathBuf, RecordingError> {
        let path = Path::new(rec);
        if path.is_file() || path.components().count() > 1 {
            // A path that leads nowhere is told of by whoever opens it.
            return Ok(path.to_path_buf());
        }
        let listed = self.list()?;
        let found = listed.iter().find(|path| {
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            path.file_name().is_some_and(|name| name == rec)
                || stem == Some(rec)
                || name_of(path).as_deref() == Some(rec)
        });
        found.cloned().ok_or_else(|| RecordingError::NotFound {
            name: rec.to_owned(),
            dir: self.dir.clone(),
            suggestion: nearest(rec, &listed),
        })
    }

    /// Gives a recording another name; its date, and what is in it, stay. Refused while it is being
    /// recorded, and where there is one of that name.
    pub fn rename(&self, path: &Path, name: &str) -> Result<PathBuf, RecordingError> {
        check_name(name)?;
        if is_live(path) {
            return Err(RecordingError::InUse { path: path.to_path_buf() });
        }
        let date = date_and_name(path).0.map_or_else(String::new, |date| format!("{date}-"));
        let new = path.with_file_name(format!("{date}{name}.{EXTENSION}"));
        if fs::symlink_metadata(&new).is_ok() {
            return Err(RecordingError::Exists { path: new });
        }
        // The file itself last: until it is there, nobody takes the others for its own.
        let mut parts: Vec<_> = family(path).into_iter().zip(family(&new)).collect();
        parts.reverse();
        for (at, (from, to)) in parts.iter().enumerate() {
            match fs::rename(from, to) {
                Err(source) if at + 1 == parts.len() || source.kind() != NotFound => {
                    for (from, to) in parts[..at].iter().rev() {
                        // What was not there does not come back either.
                        let _ = fs::rename(to, from);
                    }
                    return Err(RecordingError::io("rename", path, source));
                }
                _ => {}
            }
        }
        Ok(new)
    }

    /// Removes a recording and all that belongs to it; refused while it is being recorded.
    pub fn remove(&self, path: &Path) -> Result<(), RecordingError> {
        if is_live(path) {
            return Err(RecordingError::InUse { path: path.to_path_buf() });
        }
        let [file, rest @ ..] = family(path);
        // The log first: left behind, it would be taken for that of the next file of this name.
        for part in rest {
            match fs::remove_file(&part) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(RecordingError::io("remove", &part, source));
                }
                _ => {}
            }
        }
        fs::remove_file(&file).map_err(|source| RecordingError::io("remove", &file, source))
    }
}

/// The name of a recording by its file's: `2026-11-22-amber-fox.db` → `amber-fox`.
pub fn name_of(path: &Path) -> Option<String> {
    date_and_name(path).1.map(str::to_owned)
}

/// A name that is one file name on every system, and can't be taken for an option.
fn check_name(name: &str) -> Result<(), RecordingError> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.len() > MAX_NAME {
        "it is longer than 100 letters"
    } else if name.starts_with(['.', '-']) {
        "it starts with a dot or a dash"
    } else if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        "it may have letters, digits, '-', '_' and '.'"
    } else {
        return Ok(());
    };
    Err(RecordingError::BadName { name: name.to_owned(), why })
}

fn date(started_ns: i64) -> String {
    let started = Timestamp::from_nanosecond(started_ns.into()).unwrap_or(Timestamp::UNIX_EPOCH);
    started.strftime("%Y-%m-%d").to_string()
}

fn date_and_name(path: &Path) -> (Option<&str>, Option<&str>) {
    let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { return (None, None) };
    match (stem.get(..10), stem.get(10..11), stem.get(11..)) {
        (Some(date), Some("-"), Some(name)) if is_date(date) => (Some(date), Some(name)),
        _ => (None, Some(stem)),
    }
}

fn is_date(text: &str) -> bool {
    text.bytes().enumerate().all(|(place, byte)| match place {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    })
}

fn nearest(rec: &str, listed: &[PathBuf]) -> Option<String> {
    let names = listed.iter().filter_map(|path| name_of(path));
    let (distance, name) = names
        .map(|name| (names::distance(&rec.to_lowercase(), &name.to_lowercase()), name))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= rec.chars().count().div_ceil(LETTERS_PER_TYPO)).then_some(name)
}

/// A number nobody else has; without the system's randomness, always the same.
fn random() -> u64 {
    getrandom::u64().unwrap_or_default()
}
