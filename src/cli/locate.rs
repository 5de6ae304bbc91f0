//! What a person calls a recording (a path, a file's name, the two words) → its file.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use super::escape;
use super::failure::{Code, Failure, unopened};
use crate::recording::RecordingReader;

/// The ending of a recording's file.
const ENDING: &str = "db";

/// Opens the recording that is called `name`.
pub(crate) fn open(dir: &Path, name: &OsStr) -> Result<RecordingReader, Failure> {
    Ok(RecordingReader::open(&find(dir, name)?)?)
}

/// The file that is called `name`.
pub(crate) fn find(dir: &Path, name: &OsStr) -> Result<PathBuf, Failure> {
    let path = PathBuf::from(name);
    if fs::symlink_metadata(&path).is_ok() {
        return Ok(path);
    }
    if path.components().count() > 1 || path.is_absolute() {
        let error = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(unopened(&escape::path(&path), &error));
    }
    let all = all(dir)?;
    let called = |file: &&PathBuf| {
        file.file_name() == Some(name)
            || file.file_stem() == Some(name)
            || name_of(file) == name.to_str()
    };
    // Names sort by date: the newest of those that are called so.
    if let Some(file) = all.iter().rfind(called) {
        return Ok(file.clone());
    }
    Err(unknown(dir, name, &all))
}

/// Files of the folder that are called like recordings, oldest first; none if it isn't there.
pub(crate) fn all(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: &std::io::Error| unopened(&escape::path(dir), error);
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(&error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| failed(&error))?.path();
        if path.extension() == Some(OsStr::new(ENDING)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// `2026-11-22-amber-fox.db` → `amber-fox`; the whole stem where there is no date.
pub(crate) fn name_of(file: &Path) -> Option<&str> {
    let stem = file.file_stem()?.to_str()?;
    let dated = stem.get(..11).is_some_and(|date| {
        date.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 | 10 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
    });
    if dated { stem.get(11..) } else { Some(stem) }
}

fn unknown(dir: &Path, name: &OsStr, all: &[PathBuf]) -> Failure {
    let shown = escape::path(Path::new(name));
    let what = format!("there is no recording called {shown} in {}", escape::path(dir));
    let failure = Failure::new(Code::Input, what);
    let wanted: Vec<char> = shown.chars().collect();
    let near = all
        .iter()
        .filter_map(|file| name_of(file))
        .map(|known| (distance(&wanted, &known.chars().collect::<Vec<_>>()), known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, known)| *distance <= known.chars().count().max(wanted.len()) / 2);
    match near {
        Some((_, known)) => failure.why(format!("did you mean {known}?")).next("wiretape ls"),
        None if all.is_empty() => failure
            .why("there are no recordings there")
            .next("wiretape record URL   or --dir FOLDER, if they are elsewhere"),
        None => failure.next("wiretape ls   shows what there is"),
    }
}

/// How many letters must change, come or go to make one word the other.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, left) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in other.iter().enumerate() {
            let changed = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

/// How a recording is called in a command to copy: its name, or its path if it is elsewhere.
pub(crate) fn called(dir: &Path, file: &Path) -> OsString {
    match name_of(file) {
        Some(name) if file.parent() == Some(dir) => name.into(),
        _ => file.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{distance, name_of};

    #[test]
    fn names() {
        assert_eq!(name_of(Path::new("r/2026-11-22-amber-fox.db")), Some("amber-fox"));
        assert_eq!(name_of(Path::new("r/mine.db")), Some("mine"));
    }

    #[test]
    fn distances() {
        let of = |one: &str, other: &str| {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            distance(&chars(one), &chars(other))
        };
        assert_eq!(of("amber-fox", "amber-fix"), 1);
        assert_eq!(of("kitten", "sitting"), 3);
        assert_eq!(of("", "abc"), 3);
    }
}
