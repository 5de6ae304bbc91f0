//! Events → JSON that takes little room: what the frames of the tape tell is not told again.

use serde::{Serialize, Serializer};

use super::Event;

#[derive(Serialize)]
struct Row<'a> {
    /// How much later its frame is than the one of the event before it that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<i64>,
    #[serde(flatten)]
    alone: Option<Alone>,
    #[serde(flatten)]
    event: &'a Event,
}

/// What no frame tells of an event without one.
#[derive(Serialize)]
struct Alone {
    at_ns: u64,
    connection: i64,
    out: bool,
}

pub(super) fn events<S: Serializer>(events: &[Event], serializer: S) -> Result<S::Ok, S::Error> {
    let mut last = 0;
    serializer.collect_seq(events.iter().map(move |event| {
        if event.frame == 0 {
            let Event { at_ns, connection, out, .. } = *event;
            return Row { step: None, alone: Some(Alone { at_ns, connection, out }), event };
        }
        let step = event.frame - last;
        last = event.frame;
        Row { step: Some(step), alone: None, event }
    }))
}
