//! What a person calls a recording (a path, a file's name, the two words) → its file. A report, its
//! zip, JSON lines and HAR are looked at as recordings for as long as that takes.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::BufReader;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use super::failure::{Code, Failure, unopened};
use super::import::BUFFER;
use super::scratch::ScratchFolder;
use super::{Globals, escape, human, intake};
use crate::recording::Store;
use crate::recording::store::name_of;
use crate::report::{Manifest, View};

/// Bytes of a file that is looked at without importing it: what a temporary folder holds without
/// anybody minding.
const MAX_LOOKED_INTO: u64 = 1 << 30;

/// Letters of a word that a report says of itself.
const MAX_WORD: usize = 80;

/// A recording's file; or another file, made into a recording that is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Located {
    recording: PathBuf,
    /// What was asked for, where that is no recording.
    other: Option<Other>,
}

#[derive(Debug)]
struct Other {
    file: PathBuf,
    report: Option<(Manifest, View)>,
    _folder: ScratchFolder,
}

impl Located {
    /// The file that was asked for, to be shown.
    pub(crate) fn file(&self) -> &Path {
        self.other.as_ref().map_or(&self.recording, |other| &other.file)
    }

    /// It is no recording itself: what is written to it is lost.
    pub(crate) fn is_passing(&self) -> bool {
        self.other.is_some()
    }

    /// Of a report: where its viewer opens.
    pub(crate) fn view(&self) -> Option<&View> {
        self.other.as_ref()?.report.as_ref().map(|(_, view)| view)
    }
}

impl Deref for Located {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.recording
    }
}

impl AsRef<Path> for Located {
    fn as_ref(&self) -> &Path {
        self
    }
}

/// Finds what is called `name`; what is no recording is made into one, for the time being.
pub(crate) fn find(globals: &Globals, name: &OsStr) -> Result<Located, Failure> {
    let file = find_file(&globals.dir, name)?;
    match look_into(&file)? {
        Some(source) => passing(file, source, globals),
        None => Ok(Located { recording: file, other: None }),
    }
}

/// The file that is called `name`. What is there by that very path comes first, whatever it is.
pub(crate) fn find_file(dir: &Path, name: &OsStr) -> Result<PathBuf, Failure> {
    let path = PathBuf::from(name);
    if fs::symlink_metadata(&path).is_ok() {
        return Ok(path);
    }
    Ok(Store::new(dir).resolve(&name.to_string_lossy())?)
}

/// A file that is no recording, but can be looked at like one.
fn look_into(file: &Path) -> Result<Option<BufReader<File>>, Failure> {
    // What is no file, or can't be opened, is told of by whoever reads it.
    let Ok(metadata) = fs::metadata(file) else { return Ok(None) };
    let Some(opened) = metadata.is_file().then(|| File::open(file).ok()).flatten() else {
        return Ok(None);
    };
    let beginning = intake::beginning(&mut BufReader::new(opened))?;
    if !intake::Format::is_looked_into(&beginning) {
        return Ok(None);
    }
    if metadata.len() > MAX_LOOKED_INTO {
        let size = human::size(metadata.len());
        let file = escape::path(file);
        return Err(Failure::new(Code::Input, format!("{file} is too large to look into"))
            .why(format!("it has {size}; up to {} are", human::size(MAX_LOOKED_INTO)))
            .next(format!("wiretape import {file}   makes a recording of it")));
    }
    let again = File::open(file).map_err(|error| unopened(&escape::path(file), &error))?;
    Ok(Some(BufReader::with_capacity(BUFFER, again)))
}

fn passing(file: PathBuf, source: BufReader<File>, globals: &Globals) -> Result<Located, Failure> {
    let folder = ScratchFolder::new()?;
    let taken = intake::take(Box::new(source), &file, &Store::new(folder.path()))?;
    for line in &taken.said {
        globals.progress(line);
    }
    if let Some((manifest, _)) = &taken.report {
        globals.progress(&told(manifest));
    }
    let other = Other { file, report: taken.report, _folder: folder };
    Ok(Located { recording: taken.path, other: Some(other) })
}

/// `amber-fox: run 9c1e ±5s, 74 frames of 4,812, 1 user of 12   (wiretape 0.1.0, rules agent, 84
/// values hidden)`.
fn told(manifest: &Manifest) -> String {
    let word = |text: &str| text.chars().take(MAX_WORD).collect::<String>();
    let Manifest { tool, rules, recorded, scope, frames_of, users_of, hidden, .. } = manifest;
    let (frames, all_frames) = *frames_of;
    let (users, all_users) = *users_of;
    format!(
        "{}: {}, {} of {}, {} of {}   (wiretape {}, rules {}, {} hidden)",
        word(recorded),
        word(scope),
        human::counted(frames, "frame"),
        human::count(all_frames),
        human::counted(users, "user"),
        human::count(all_users),
        word(tool),
        word(rules),
        human::counted(*hidden, "value"),
    )
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
