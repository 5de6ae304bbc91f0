//! Facts in the order of their file → the first that contradicts itself or those before it.
//!
//! Each line may be well formed and the file still be one that no recorder makes: then its
//! statements are not to be had by leaving some out, so it is refused, with the line that is wrong.

use std::collections::{BTreeMap, BTreeSet};

use crate::wire::{Connection, Fact, Frame, Gap, Marks};

/// Connections without a line of their own whose gap may still come. The recorder leaves such
/// frames behind only after a trouble with more open connections than it keeps the states of,
/// which are 20,000.
const MAX_UNDECLARED: usize = 20_000;

/// Stretches of connections' ids: an export has one, and one more for each id that it lacks.
const MAX_STRETCHES: usize = 1 << 20;

/// What a file has said so far.
#[derive(Debug, Default)]
pub(super) struct Consistency {
    /// First and last of each stretch of ids that have a line, rising.
    declared: Vec<(i64, i64)>,
    /// Connections of frames that have none, and the line of the first such frame.
    undeclared: BTreeMap<i64, u64>,
    /// Connections of which a gap says that not all is known; and whether one says so of all.
    accounted: BTreeSet<i64>,
    accounted_all: bool,
    last_frame: i64,
    last_note: i64,
}

impl Consistency {
    /// Takes the fact of `line`; tells what is wrong with it.
    pub(super) fn look(&mut self, line: u64, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::Recording(_) => Ok(()),
            Fact::Connection(connection) => self.connection(connection),
            Fact::Frame(recorded) => {
                let id = recorded.id;
                rising("frame", &mut self.last_frame, id)?;
                lengths(&recorded.frame).map_err(|why| format!("frame {id}: {why}"))?;
                self.frame_of(line, recorded.connection)
            }
            Fact::Gap(gap) => {
                self.gap(gap);
                Ok(())
            }
            Fact::Note(note) => rising("note", &mut self.last_note, note.id),
        }
    }

    /// At the file's end: a frame of a connection that the file knows nothing of, and its line.
    pub(super) fn at_end(&self) -> Option<(u64, String)> {
        let (id, line) = self.undeclared.iter().min_by_key(|(_, line)| **line)?;
        Some((*line, unknown_connection(*id)))
    }

    fn connection(&mut self, connection: &Connection) -> Result<(), String> {
        let mut last = self.declared.last().map_or(0, |(_, last)| *last);
        rising("connection", &mut last, connection.id)?;
        // The recorder's frames never come before their connection.
        if self.undeclared.contains_key(&connection.id) {
            return Err(format!("connection {} comes after a frame of it", connection.id));
        }
        let stretches = self.declared.len();
        match self.declared.last_mut() {
            Some((_, end)) if *end + 1 == last => *end = last,
            _ if stretches == MAX_STRETCHES => {
                return Err(format!("the connections' ids have over {MAX_STRETCHES} holes"));
            }
            _ => self.declared.push((last, last)),
        }
        Ok(())
    }

    fn frame_of(&mut self, line: u64, id: i64) -> Result<(), String> {
        let at = self.declared.partition_point(|(_, last)| *last < id);
        if self.declared.get(at).is_some_and(|(first, _)| *first <= id) {
            return Ok(());
        }
        if self.accounted_all || self.accounted.contains(&id) {
            return Ok(());
        }
        if self.undeclared.len() == MAX_UNDECLARED && !self.undeclared.contains_key(&id) {
            return Err(unknown_connection(id));
        }
        self.undeclared.entry(id).or_insert(line);
        Ok(())
    }

    /// A gap accounts for what is not known of a connection, whether it is told before the frames
    /// or after them.
    fn gap(&mut self, gap: &Gap) {
        let Some(id) = gap.connection else {
            self.undeclared.clear();
            self.accounted_all = true;
            return;
        };
        self.undeclared.remove(&id);
        if self.accounted.len() < MAX_UNDECLARED {
            self.accounted.insert(id);
        }
    }
}

fn unknown_connection(id: i64) -> String {
    format!("connection: {id} has no line of its own before this frame")
}

/// Ids rise, so that none is there twice.
fn rising(what: &str, last: &mut i64, id: i64) -> Result<(), String> {
    if id <= *last {
        return Err(if id == *last {
            format!("id: {what} {id} is there twice")
        } else {
            format!("id: {what} {id} comes after {what} {last}")
        });
    }
    *last = id;
    Ok(())
}

/// A header, a length and a payload that can't be of one frame.
fn lengths(frame: &Frame<'_>) -> Result<(), String> {
    let (stated, there) = (frame.length, frame.payload.len() as u64);
    if frame.header.is_empty() {
        let fits = stated == there || (stated > there && frame.marks.has(Marks::NOT_KEPT));
        return if fits {
            Ok(())
        } else {
            Err(format!("length: {stated}, but {there} bytes of payload"))
        };
    }
    let length = frame.header.length();
    if there > length || (stated == there && stated != length) {
        return Err(format!("payload: {there} bytes, but the header says {length}"));
    }
    if stated != length {
        return Err(format!("length: {stated}, but the header says {length}"));
    }
    let shortened = Marks::PART_FOLLOWS.with(Marks::CUT).with(Marks::NOT_KEPT);
    if there < length && !frame.marks.has(shortened) {
        return Err(format!(
            "payload: {there} bytes, but the header says {length}, and no mark says why (cut, \
             not-kept, part-follows)"
        ));
    }
    Ok(())
}
