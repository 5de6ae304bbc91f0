//! Where a frame went and when: its direction and its two times.

/// The way a frame travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// Client to server, `c2s`, stored as 0.
    ClientToServer,
    /// Server to client, `s2c`, stored as 1.
    ServerToClient,
}

impl Direction {
    /// Both directions, in stored order.
    pub const BOTH: [Self; 2] = [Self::ClientToServer, Self::ServerToClient];

    /// The stored number: 0 or 1.
    pub const fn index(self) -> usize {
        match self {
            Self::ClientToServer => 0,
            Self::ServerToClient => 1,
        }
    }

    /// The direction stored as `index`; any other number is nobody's.
    pub const fn from_index(index: i64) -> Option<Self> {
        match index {
            0 => Some(Self::ClientToServer),
            1 => Some(Self::ServerToClient),
            _ => None,
        }
    }

    /// The word used in SQL views, JSON and JSONL.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ClientToServer => "c2s",
            Self::ServerToClient => "s2c",
        }
    }

    /// The direction named `word`.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|direction| direction.word() == word)
    }

    /// The arrow shown on screen, as the client sees it: `→` out, `←` in.
    pub const fn arrow(self) -> &'static str {
        match self {
            Self::ClientToServer => "→",
            Self::ServerToClient => "←",
        }
    }
}

/// The two times of a frame, in nanoseconds since the recording started (monotonic).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// When its last byte came from the sender.
    pub read_ns: u64,
    /// When its last byte was handed to the receiver's socket; `None` if it never was.
    pub written_ns: Option<u64>,
}
