//! A recording, or one of its connections → the object of `info --json`.

use std::ops::ControlFlow;

use serde::Serialize;

use super::{end, target};
use crate::cli::{human, ls, mask};
use crate::recording::{RecordingError, RecordingReader, State};
use crate::wire::{Close, Connection, Direction};

/// Connections in one object; the others are a query away.
const MAX_LISTED: u64 = 10_000;

/// What `info --json` gives.
#[derive(Serialize)]
pub(super) struct InfoObject {
    v: u64,
    kind: &'static str,
    uuid: String,
    name: String,
    path: String,
    state: &'static str,
    tool: String,
    started: Option<String>,
    started_ns: i64,
    finished_ns: Option<u64>,
    upstream: String,
    listen: String,
    note: Option<String>,
    size: u64,
    c2s: Side,
    s2c: Side,
    gaps: u64,
    lost_frames: u64,
    /// Kept, in the file before this one.
    earlier_frames: u64,
    connection_count: u64,
    connections: Vec<ConnectionObject>,
}

#[derive(Serialize)]
struct Side {
    frames: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    close_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close_reason: Option<String>,
}

/// One connection.
#[derive(Serialize)]
pub(super) struct ConnectionObject {
    #[serde(skip_serializing_if = "Option::is_none")]
    v: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    id: i64,
    target: String,
    client: String,
    server: String,
    status: Option<u16>,
    opened_ns: u64,
    connect_ns: Option<u64>,
    upgrade_ns: Option<u64>,
    closed_ns: Option<u64>,
    ending: Option<&'static str>,
    ended_by: Option<&'static str>,
    end: String,
    c2s: Side,
    s2c: Side,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_head: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_head: Option<Vec<String>>,
}

impl InfoObject {
    pub(super) fn of(reader: &RecordingReader, show_secrets: bool) -> Result<Self, RecordingError> {
        let recording = reader.recording()?;
        let (totals, state) = (reader.totals()?, reader.state()?);
        let (mut gaps, mut lost_frames, mut earlier) = (0, 0_u64, 0_u64);
        reader.gaps(i64::MIN, &mut |(_, gap)| {
            gaps += 1;
            let sum = if gap.reason.is_kept_elsewhere() { &mut earlier } else { &mut lost_frames };
            *sum = sum.saturating_add(gap.frames);
            ControlFlow::Continue(())
        })?;
        let mut connections = Vec::new();
        reader.connections(i64::MIN, &mut |connection| {
            connections.push(ConnectionObject::new(&connection, state, show_secrets));
            if connections.len() as u64 == MAX_LISTED {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        let side = |index: usize| Side {
            frames: totals.frames[index],
            bytes: totals.bytes[index],
            close_code: None,
            close_reason: None,
        };
        Ok(Self {
            v: 1,
            kind: "recording",
            path: reader.path().to_string_lossy().into_owned(),
            state: state.word(),
            started: human::rfc3339(i128::from(recording.started_ns)),
            started_ns: recording.started_ns,
            finished_ns: recording.finished_ns,
            upstream: masked(&recording.upstream, show_secrets),
            listen: masked(&recording.listen, show_secrets),
            uuid: recording.uuid,
            name: recording.name,
            tool: recording.tool,
            note: recording.note,
            size: ls::size_of(reader.path()),
            c2s: side(0),
            s2c: side(1),
            gaps,
            lost_frames,
            earlier_frames: earlier,
            connection_count: totals.connections,
            connections,
        })
    }
}

impl ConnectionObject {
    /// On its own, with its heads' lines.
    pub(super) fn with_heads(connection: &Connection, state: State, show_secrets: bool) -> Self {
        let lines = |head: &[u8]| {
            let text = String::from_utf8_lossy(head);
            let line = |line: &str| {
                if show_secrets { line.to_owned() } else { mask::mask_head_line(line) }
            };
            Some(text.trim_end().lines().map(line).collect())
        };
        Self {
            v: Some(1),
            kind: Some("connection"),
            request_head: lines(&connection.request_head),
            response_head: lines(&connection.response_head),
            ..Self::new(connection, state, show_secrets)
        }
    }

    fn new(connection: &Connection, state: State, show_secrets: bool) -> Self {
        let side = |direction: Direction| {
            let close = connection.close_of(direction);
            let reason = |close: &Close| String::from_utf8_lossy(&close.reason).into_owned();
            Side {
                frames: connection.frames[direction.index()],
                bytes: connection.bytes[direction.index()],
                close_code: close.and_then(|close| close.code),
                close_reason: close.map(reason),
            }
        };
        Self {
            v: None,
            kind: None,
            id: connection.id,
            target: masked(&target(connection), show_secrets),
            client: connection.client.clone(),
            server: connection.server.clone(),
            status: connection.status,
            opened_ns: connection.opened_ns,
            connect_ns: connection.connect_ns,
            upgrade_ns: connection.upgrade_ns,
            closed_ns: connection.closed_ns,
            ending: connection.ending.map(crate::wire::Ending::word),
            ended_by: connection.ended_by.map(crate::wire::EndedBy::word),
            end: end(connection, state),
            c2s: side(Direction::ClientToServer),
            s2c: side(Direction::ServerToClient),
            request_head: None,
            response_head: None,
        }
    }
}

fn masked(target: &str, show_secrets: bool) -> String {
    if show_secrets { target.to_owned() } else { mask::mask_target(target) }
}
