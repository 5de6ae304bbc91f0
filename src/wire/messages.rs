//! Frames in arrival order → the messages they complete, joined and inflated.

use std::collections::HashMap;

use super::{Connection, Deflate, Direction, Gap, Message, MessageAssembler, RecordedFrame};

/// Assemblers alive at once. Each may hold a 32 KiB window and some state, so that this is about
/// 200 MiB at worst; the least recently used gives way, and its next message is not guessed.
const MAX_LANES: usize = 4096;

/// Puts the messages of all connections together.
#[derive(Debug)]
pub struct Messages {
    limit: usize,
    deflate: HashMap<i64, [Deflate; 2]>,
    lanes: HashMap<(i64, Direction), Lane>,
    /// Gaps whose time has not come: they may be told before the frames around them.
    gaps: Vec<Gap>,
    forgotten: bool,
    clock: u64,
}

#[derive(Debug)]
struct Lane {
    assembler: MessageAssembler,
    used: u64,
}

impl Messages {
    /// Keeps at most `limit` payload bytes of a message.
    pub fn new(limit: usize) -> Self {
        let (deflate, lanes) = (HashMap::new(), HashMap::new());
        Self { limit, deflate, lanes, gaps: Vec::new(), forgotten: false, clock: 0 }
    }

    /// Learns what a connection's handshake agreed on, and lets go of one that has ended.
    pub fn connection(&mut self, connection: &Connection) {
        if let Some(deflate) = Deflate::negotiated(&connection.response_head) {
            self.deflate.insert(connection.id, deflate);
        }
    }

    /// The handshake of this connection agreed on compression.
    pub fn deflates(&self, connection: i64) -> bool {
        self.deflate.contains_key(&connection)
    }

    /// Frames were lost, at this time: what is fed later knows it.
    pub fn gap(&mut self, gap: &Gap) {
        self.gaps.push(gap.clone());
    }

    fn lose(&mut self, gap: &Gap) {
        for ((connection, direction), lane) in &mut self.lanes {
            if gap.connection.is_none_or(|id| id == *connection)
                && gap.direction.is_none_or(|way| way == *direction)
            {
                lane.assembler.gap();
            }
        }
    }

    /// The message that `frame` completes, if it does.
    pub fn feed(&mut self, frame: &RecordedFrame<'_>) -> Option<Message> {
        let is_due = |gap: &mut Gap| gap.from_ns <= frame.stamp.read_ns;
        let due: Vec<Gap> = self.gaps.extract_if(.., is_due).collect();
        for gap in due {
            self.lose(&gap);
        }
        let key = (frame.connection, frame.direction);
        self.clock += 1;
        if !self.lanes.contains_key(&key) {
            self.make_room();
            let deflate =
                self.deflate.get(&frame.connection).map(|both| both[frame.direction.index()]);
            let mut assembler = MessageAssembler::new(deflate, self.limit);
            if self.forgotten {
                assembler.gap();
            }
            self.lanes.insert(key, Lane { assembler, used: 0 });
        }
        let lane = self.lanes.get_mut(&key).expect("it was inserted if it was not there");
        lane.used = self.clock;
        lane.assembler.feed(frame)
    }

    /// All is over: how many messages never got their end.
    pub fn finish(mut self) -> u64 {
        let lanes = self.lanes.values_mut();
        lanes.map(|lane| std::iter::from_fn(|| lane.assembler.finish()).count() as u64).sum()
    }

    fn make_room(&mut self) {
        if self.lanes.len() < MAX_LANES {
            return;
        }
        // Once any lane was forgotten, a new one may be one of those: it starts as after a gap.
        self.forgotten = true;
        let mut uses: Vec<u64> = self.lanes.values().map(|lane| lane.used).collect();
        uses.sort_unstable();
        let median = uses[uses.len() / 2];
        self.lanes.retain(|_, lane| lane.used > median);
    }
}
