//! Sequence numbers across reconnects: what was lost, and what is sent again (rules.md, 2.5:
//! `resume`).

use crate::events::{Event, FieldId, Map, Scalar, Symbols};
use crate::wire::Direction;

use super::finding::Code;
use super::session::Sessions;
use super::slice::Key;

/// Streams whose numbers are remembered. What begins after it is not judged.
const MAX_STREAMS: usize = 100_000;

/// How far each stream has come: by rule, and the key of the rule's scope.
#[derive(Debug, Default)]
pub(super) struct Streams {
    streams: Map<(usize, Key), Stream>,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    connection: i64,
    /// The highest number, and its frame.
    last: i64,
    frame: i64,
    epoch: Option<Scalar>,
    /// What was sent before the reconnect goes up to here.
    replayed_to: Option<i64>,
    /// Of this reconnect, that something was sent again is told.
    told: bool,
}

/// The fields of a rule, and whether the server may send again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields {
    pub(super) seq: FieldId,
    pub(super) epoch: Option<FieldId>,
    pub(super) replay_allowed: bool,
}

/// What became of an event of such a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// As it should.
    Right,
    /// It was there before the reconnect: no other rule hears of it.
    Again,
    /// It breaks the rule: how, and the connection and the frame before it.
    Wrong(Code, String, (i64, i64)),
}

impl Streams {
    /// Takes the event of a stream; gives whether it is a replay, and what is wrong.
    pub(super) fn event(
        &mut self,
        (rule, key): (usize, Key),
        fields: Fields,
        event: &Event,
        (sessions, symbols): (&Sessions, &Symbols),
    ) -> Came {
        let seq = event.field(fields.seq);
        let (Some(Scalar::Integer(seq)), Direction::ServerToClient) = (seq, event.direction) else {
            return Came::Right;
        };
        let epoch = fields.epoch.and_then(|field| event.field(field));
        let (connection, frame) = (event.connection, event.frames.1);
        let begun = Stream { connection, last: seq, frame, epoch, replayed_to: None, told: false };
        let known = (rule, key);
        if self.streams.len() >= MAX_STREAMS && !self.streams.contains_key(&known) {
            return Came::Right;
        }
        let mut is_new = false;
        let stream = self.streams.entry(known).or_insert_with(|| {
            is_new = true;
            begun
        });
        if is_new {
            return Came::Right;
        }
        let returns = stream.connection != connection && sessions.is_gone(stream.connection);
        if returns {
            let before = *stream;
            *stream =
                Stream { last: before.last.max(seq), replayed_to: Some(before.last), ..begun };
            if let Some(came) = before.wrong_return(seq, epoch, symbols) {
                // Another epoch counts anew, and repeats nothing.
                *stream = begun;
                return came;
            }
        }
        let again =
            stream.connection == connection && stream.replayed_to.is_some_and(|last| seq <= last);
        if seq > stream.last {
            (stream.last, stream.frame) = (seq, frame);
        }
        match (again, fields.replay_allowed) {
            (false, _) => Came::Right,
            (true, false) if !std::mem::replace(&mut stream.told, true) => {
                let text = format!("seq {seq} was sent again after the reconnect");
                Came::Wrong(Code::E106, text, (connection, stream.frame))
            }
            (true, _) => Came::Again,
        }
    }
}

impl Stream {
    /// What is wrong with the first number after a reconnect.
    fn wrong_return(&self, seq: i64, epoch: Option<Scalar>, symbols: &Symbols) -> Option<Came> {
        if self.epoch != epoch {
            let told = |epoch: Option<Scalar>| {
                epoch.map_or_else(|| "none".to_owned(), |epoch| epoch.display(symbols))
            };
            let text = format!(
                "the epoch is {} after the reconnect, and was {}: what was sent in between is lost",
                told(epoch),
                told(self.epoch)
            );
            return Some(Came::Wrong(Code::E107, text, (self.connection, self.frame)));
        }
        let next = self.last.saturating_add(1);
        if seq <= next {
            return None;
        }
        let last = seq.saturating_sub(1);
        let range = if last == next { next.to_string() } else { format!("{next}-{last}") };
        let text = format!("seq {range} was lost in the reconnect: it goes on with {seq}");
        Some(Came::Wrong(Code::E107, text, (self.connection, self.frame)))
    }
}
