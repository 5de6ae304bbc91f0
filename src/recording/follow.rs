//! A growing recording → the facts that are new since the last look.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::RecordingError;
use super::reader::{Emit, FrameRange, RecordingReader};
use crate::wire::{Connection, Fact};

/// Follows a recording from its beginning, or from where it is now, by looking again and again.
///
/// A look that finds nothing new reads one number, so that looking ten times a second costs
/// nothing; it never blocks the writer. Works on finished recordings too: the first look gives all.
#[derive(Debug)]
pub struct Follow {
    frames: FrameRange,
    after_connection: i64,
    after_gap: i64,
    /// Connections that have not ended, as they were when last emitted.
    open: BTreeMap<i64, Connection>,
    data_version: Option<i64>,
}

impl Follow {
    /// Everything from `frames.after_id` on; of one connection only, if it names one.
    pub fn new(frames: FrameRange) -> Self {
        Self {
            frames,
            after_connection: i64::MIN,
            after_gap: i64::MIN,
            open: BTreeMap::new(),
            data_version: None,
        }
    }

    /// Emits what is new or changed: connections, then gaps, then frames. A connection
    /// comes before its first frame, and again whenever it changed. Gives whether anything was emitted.
    pub fn poll(
        &mut self,
        reader: &RecordingReader,
        emit: Emit<'_, Fact<'_>>,
    ) -> Result<bool, RecordingError> {
        let data_version = reader.data_version()?;
        if self.data_version == Some(data_version) {
            return Ok(false);
        }
        let until_id = reader.last_frame()?;
        let mut any = false;
        let mut go_on = self.poll_connections(reader, &mut |connection| {
            any = true;
            emit(Fact::Connection(connection))
        })?;
        if go_on.is_continue() {
            reader.gaps(self.after_gap, &mut |(id, gap)| {
                any = true;
                self.after_gap = id;
                go_on = emit(Fact::Gap(gap));
                go_on
            })?;
        }
        let range = FrameRange { until_id, ..self.frames };
        if go_on.is_continue() && until_id > range.after_id {
            let last = &mut self.frames.after_id;
            reader.frames(range, &mut |frame| {
                any = true;
                *last = frame.id;
                go_on = emit(Fact::Frame(frame));
                go_on
            })?;
            if go_on.is_continue() {
                *last = until_id;
            }
        }
        // Asked to stop, the rest is new to the next look.
        if go_on.is_continue() {
            self.data_version = Some(data_version);
        }
        Ok(any)
    }

    /// The newest frame that was looked at.
    pub fn last_frame(&self) -> i64 {
        self.frames.after_id
    }

    fn poll_connections(
        &mut self,
        reader: &RecordingReader,
        emit: Emit<'_, Connection>,
    ) -> Result<ControlFlow<()>, RecordingError> {
        for id in self.open.keys().copied().collect::<Vec<_>>() {
            let Some(connection) = reader.connection(id)? else { continue };
            if self.open.get(&id) == Some(&connection) {
                continue;
            }
            if connection.ending.is_none() {
                self.open.insert(id, connection.clone());
            } else {
                self.open.remove(&id);
            }
            if emit(connection).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        let mut go_on = ControlFlow::Continue(());
        reader.connections(self.after_connection, &mut |connection| {
            self.after_connection = connection.id;
            if connection.ending.is_none() {
                self.open.insert(connection.id, connection.clone());
            }
            go_on = emit(connection);
            go_on
        })?;
        Ok(go_on)
    }
}
