//! What peers say, a line at a time → the facts of a recording, and what a rule book finds in them.

use std::borrow::Cow;

use wiretape::analysis::Analysis;
use wiretape::rules::{Early, Engine, RuleBook};
use wiretape::wire::{
    Close, Connection, Direction, EndedBy, Ending, Fact, Frame, Header, Marks, RecordedFrame,
    Recording, Stamp,
};

/// A recording in the making. Times are nanoseconds from its start, and must not go back.
pub(crate) struct Traffic {
    analysis: Analysis,
    frames: i64,
    last_ns: u64,
    looked_ns: u64,
    early: Vec<Early>,
}

/// How often it is looked at, by who watches.
const LOOK_NS: u64 = 100_000_000;

impl Traffic {
    pub(crate) fn new(book: RuleBook) -> Self {
        let analysis = Analysis::new(book).unwrap();
        let mut traffic = Self { analysis, frames: 0, last_ns: 0, looked_ns: 0, early: Vec::new() };
        traffic.analysis.watch();
        traffic.feed(&Fact::Recording(Recording::default()));
        traffic
    }

    fn feed(&mut self, fact: &Fact<'_>) {
        self.analysis.feed(fact, &mut |_, _| {});
    }

    /// `user` opens a connection.
    pub(crate) fn open(&mut self, connection: i64, user: &str, at_ns: u64) {
        self.feed(&Fact::Connection(connection_of(connection, user, at_ns)));
    }

    /// A message; its frame's number, from 1.
    pub(crate) fn say(
        &mut self,
        connection: i64,
        direction: Direction,
        at_ns: u64,
        text: &str,
    ) -> i64 {
        self.frame((connection, direction), at_ns, (0x81, text.as_bytes()))
    }

    /// The client closes with 1000, and that is the end of the connection.
    pub(crate) fn close(&mut self, connection: i64, user: &str, at_ns: u64) {
        let way = (connection, Direction::ClientToServer);
        self.frame(way, at_ns, (0x88, &1000_u16.to_be_bytes()));
        let mut closed = connection_of(connection, user, 0);
        closed.closed_ns = Some(at_ns);
        closed.ending = Some(Ending::Closed);
        closed.ended_by = Some(EndedBy::Client);
        closed.close[0] = Some(Close { code: Some(1000), reason: Vec::new() });
        self.feed(&Fact::Connection(closed));
    }

    fn frame(
        &mut self,
        (connection, direction): (i64, Direction),
        at_ns: u64,
        (first, payload): (u8, &[u8]),
    ) -> i64 {
        assert!(at_ns >= self.last_ns, "time goes on");
        self.last_ns = at_ns;
        if at_ns >= self.looked_ns + LOOK_NS {
            self.looked_ns = at_ns;
            self.early.extend(self.analysis.provisional());
        }
        self.frames += 1;
        let length = payload.len() as u64;
        let mut header = vec![first, 127];
        header.extend(length.to_be_bytes());
        self.feed(&Fact::Frame(RecordedFrame {
            id: self.frames,
            connection,
            direction,
            stamp: Stamp { read_ns: at_ns, written_ns: Some(at_ns) },
            frame: Frame {
                header: Header::from_bytes(&header).unwrap(),
                payload: Cow::Borrowed(payload),
                length,
                marks: Marks::NONE,
            },
        }));
        self.frames
    }

    /// The recording is finished so long after its last frame. What was found is in the engine.
    pub(crate) fn end(mut self, after_ns: u64) -> Ended {
        self.analysis.end(Some(self.last_ns + after_ns), &mut |_, _| {});
        self.early.extend(self.analysis.provisional());
        Ended(self.analysis, self.early)
    }
}

/// A recording that was looked at to its end, and what was told early of it.
pub(crate) struct Ended(Analysis, Vec<Early>);

impl Ended {
    pub(crate) fn engine(&self) -> &Engine {
        self.0.engine()
    }

    /// Findings that were told early and then taken back or told otherwise.
    pub(crate) fn taken_back(&self) -> Vec<&Early> {
        self.1.iter().filter(|early| !matches!(early, Early::Told(_))).collect()
    }
}

fn connection_of(id: i64, user: &str, at_ns: u64) -> Connection {
    Connection {
        id,
        opened_ns: at_ns,
        upgrade_ns: Some(0),
        request_head: format!("GET /ws HTTP/1.1\r\nX-User-Id: {user}\r\n\r\n").into_bytes(),
        response_head: b"HTTP/1.1 101 X\r\n\r\n".to_vec(),
        status: Some(101),
        ..Connection::default()
    }
}
