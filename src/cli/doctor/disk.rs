//! The recordings' folder → whether it can be written, how much room it has, and whether a
//! recording can be written there while it is read.

use std::path::{Path, PathBuf};

use super::super::{clock, escape, human, uuid};
use super::{Look, Verdict};
use crate::recording::{RecordingError, RecordingWriter, Store, WriterOptions};
use crate::wire::Recording;

/// Room from which on nothing is said, and below which nothing can be recorded for long, in bytes.
const ENOUGH: u64 = 1 << 30;
const LEAST: u64 = 64 << 20;

/// Looks at it. A folder that is not there yet is not made: the one above it is looked at.
pub(super) fn folder(dir: &Path) -> Vec<Look> {
    let mut there: PathBuf = dir.to_owned();
    while !there.is_dir() && there.pop() {}
    if there.as_os_str().is_empty() {
        there.push(".");
    }
    let shown = escape::path(dir);
    let mut looks = vec![match trial(&there) {
        Ok(None) if there == dir => {
            Look::ok("folder", format!("{shown} can be written, and read meanwhile"))
        }
        Ok(None) => Look::ok("folder", format!("{shown} is not there yet, and can be made")),
        Ok(Some(notice)) => Look::new("folder", Verdict::Warn, format!("{shown} can be written"))
            .why(notice)
            .next("--dir FOLDER   on a local disk"),
        Err(error) => Look::new("folder", Verdict::Fail, format!("{shown} can't be written"))
            .why(error.to_string())
            .next("--dir FOLDER   to put recordings elsewhere"),
    }];
    looks.extend(room(&there));
    looks
}

/// Makes a recording there and removes it; what its recorder has to say.
fn trial(dir: &Path) -> Result<Option<String>, RecordingError> {
    let path = dir.join(format!(".doctor-{}.db", std::process::id()));
    let recording =
        Recording { uuid: uuid::random(), started_ns: clock::wall_ns(), ..Recording::default() };
    let writer = RecordingWriter::create(&path, &recording, WriterOptions::default())?;
    let finished = writer.finish(0);
    let notice = finished.map(|summary| summary.status.notices.first().cloned());
    Store::new(dir).remove(&path)?;
    notice
}

#[cfg(unix)]
fn room(dir: &Path) -> Option<Look> {
    let stat = rustix::fs::statvfs(dir).ok()?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let what = format!("{} are free", human::size(free));
    Some(match free {
        ENOUGH.. => Look::ok("room", what),
        LEAST.. => Look::new("room", Verdict::Warn, what).why("a busy hour takes about a gigabyte"),
        _ => Look::new("room", Verdict::Fail, what)
            .why("a recording stops, and says so, when the disk is full; traffic goes on")
            .next("wiretape rm REC   makes room; --dir FOLDER goes to another disk"),
    })
}

#[cfg(not(unix))]
fn room(_: &Path) -> Option<Look> {
    None
}
