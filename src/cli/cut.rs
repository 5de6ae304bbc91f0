//! A recording without an end → when it was cut, and the words for what was open then.

use std::ops::ControlFlow;

use super::human;
use crate::recording::{FrameRange, RecordingError, RecordingReader, State};

/// How far a recording without an end reaches, in nanoseconds from its start: to its last frame,
/// or to the last that happened to a connection.
pub(crate) fn reached(reader: &RecordingReader) -> Result<u64, RecordingError> {
    let mut reached = 0;
    let last = FrameRange { after_id: reader.last_frame()? - 1, ..FrameRange::default() };
    reader.frames(last, &mut |frame| {
        reached = reached.max(frame.stamp.read_ns);
        ControlFlow::Break(())
    })?;
    if reached == 0 {
        reader.connections(i64::MIN, &mut |connection| {
            reached = reached.max(connection.closed_ns.unwrap_or(connection.opened_ns));
            ControlFlow::Continue(())
        })?;
    }
    Ok(reached)
}

/// What a connection without an end was, in a recording in this state. (The file's own word stays
/// null: nobody knows how it ended.)
pub(crate) const fn open(state: State) -> &'static str {
    match state {
        State::Live => "open",
        State::Finished => "open at the end",
        State::Interrupted => "open when cut",
    }
}

/// `cut after 12.3 s, with 2 connections open`; `None` of a recording that was not cut.
pub(crate) fn told(reader: &RecordingReader) -> Result<Option<String>, RecordingError> {
    if reader.state()? != State::Interrupted {
        return Ok(None);
    }
    let mut open = 0;
    reader.connections(i64::MIN, &mut |connection| {
        open += u64::from(connection.ending.is_none());
        ControlFlow::Continue(())
    })?;
    let after = human::duration(reached(reader)?);
    let open = match open {
        0 => "no connection".to_owned(),
        some => human::counted(some, "connection"),
    };
    Ok(Some(format!("cut after {after}, with {open} open")))
}
