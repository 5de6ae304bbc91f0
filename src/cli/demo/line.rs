//! One thing that happened → a line of text, or a line of JSON.

use serde::Serialize;

use crate::cli::escape;
use crate::cli::human::{self, Wall};
use crate::cli::output::{Role, Style};
use crate::wire::Direction;

/// Columns of a user's name: `user_07` and the names given to connections without one.
const USER: usize = 8;
/// Columns of `run 9c1e`, or of `9c1e` where there is no room for the word.
const RUN: [usize; 2] = [4, 8];
/// Columns of what became of a connection.
const WORD: usize = 11;
/// Columns of an event's name; the longest in the demo has 22.
const EVENT: usize = 22;
/// Columns of time, arrow and user, with what is around them.
const HEAD: usize = 22;
/// Columns of a size, with what is before it.
const SIZE: usize = 11;
/// Fewer columns than this have no room for the word `run` and for sizes.
const ROOMY: usize = 78;
/// Columns of what else there is to say, where no terminal limits it.
const DETAIL: usize = 60;
/// How lines look here.
#[derive(Debug)]
pub(super) struct Look {
    wall: Wall,
    style: Style,
    /// The recording's start, nanoseconds since the Unix epoch.
    started_ns: i64,
    /// Columns of the terminal, if there is one.
    columns: Option<usize>,
}

impl Look {
    /// In this time zone, in `columns` if there is a limit.
    pub(super) fn new(started_ns: i64, style: Style, columns: Option<usize>) -> Self {
        Self { wall: Wall::local(), style, started_ns, columns }
    }

    fn is_roomy(&self) -> bool {
        self.columns.is_none_or(|columns| columns >= ROOMY)
    }

    /// Columns left after `taken`, for what may have `at_most` where nothing limits it.
    fn left(&self, taken: usize, at_most: usize) -> usize {
        self.columns.map_or(at_most, |columns| columns.saturating_sub(taken))
    }
}

/// One thing that happened.
#[derive(Debug)]
pub(super) struct Line {
    /// When, in nanoseconds since the recording started.
    pub(super) at_ns: u64,
    pub(super) connection: i64,
    pub(super) user: String,
    pub(super) happening: Happening,
}

/// What happened.
#[derive(Debug)]
pub(super) enum Happening {
    /// A message, or several that are shown as one.
    Event(Event),
    /// A connection opened, again if the user had one before; or it was refused, or it ended.
    Connection {
        /// What became of it.
        turn: Turn,
        /// What there is to say of it.
        detail: String,
    },
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It opened.
    Connected,
    /// It opened, and the same user had another before.
    Reconnected,
    /// The server said no.
    Refused,
    /// It ended with close frames.
    Closed,
    /// It ended without.
    Broken,
}

/// A message, or several of a stream.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) direction: Direction,
    pub(super) name: String,
    /// The run's id, whole.
    pub(super) run: Option<String>,
    /// Whose event it says it is, if that is not the connection's user.
    pub(super) stranger: Option<String>,
    pub(super) detail: String,
    /// How many messages.
    pub(super) count: u64,
    /// Payload bytes, inflated.
    pub(super) bytes: u64,
    /// How long several took.
    pub(super) took_ns: u64,
    /// Heartbeats and the like: left out where a person reads.
    pub(super) quiet: bool,
}

impl Turn {
    /// The word shown.
    const fn word(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Reconnected => "reconnected",
            Self::Refused => "refused",
            Self::Closed => "closed",
            Self::Broken => "broken",
        }
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::Connected | Self::Reconnected => "+",
            Self::Closed => "-",
            Self::Refused | Self::Broken => "x",
        }
    }
}

impl Line {
    /// For people; nothing for what is quiet.
    pub(super) fn text(&self, look: &Look) -> Option<String> {
        let style = look.style;
        let time = look.wall.time(human::moment(look.started_ns, self.at_ns));
        let time = style.paint(Role::Quiet, time.get(..8).unwrap_or(&time));
        let user = escape::fit(self.user.as_bytes(), USER);
        let user = style.paint(Role::Strong, &escape::pad_right(&user, USER));
        match &self.happening {
            Happening::Event(event) if event.quiet => None,
            Happening::Event(event) => {
                Some(format!("{time}  {} {user}  {}", event.arrow(style), event.text(look)))
            }
            Happening::Connection { turn, detail } => {
                let role = match turn {
                    Turn::Connected | Turn::Reconnected | Turn::Closed => Role::Live,
                    Turn::Refused | Turn::Broken => Role::Bad,
                };
                let room = look.left(HEAD + WORD + 2, DETAIL + EVENT);
                let detail = escape::fit(detail.as_bytes(), room);
                let word = style.paint(role, &escape::pad_right(turn.word(), WORD));
                Some(format!("{time}  {} {user}  {word}  {detail}", style.paint(role, turn.sign())))
            }
        }
    }

    /// For machines. `started_ns` is the recording's start.
    pub(super) fn json(&self, started_ns: i64) -> JsonLine<'_> {
        let (event, connection) = match &self.happening {
            Happening::Event(event) => (Some(event), None),
            Happening::Connection { turn, detail } => (None, Some((turn, detail))),
        };
        JsonLine {
            v: 1,
            kind: if event.is_some() { "event" } else { "connection" },
            time: human::rfc3339(human::moment(started_ns, self.at_ns)),
            at_ns: self.at_ns,
            connection: self.connection,
            user: &self.user,
            turn: connection.map(|(turn, _)| turn.word()),
            direction: event.map(|event| event.direction.word()),
            event: event.map(|event| event.name.as_str()),
            run: event.and_then(|event| event.run.as_deref()),
            stranger: event.and_then(|event| event.stranger.as_deref()),
            detail: event
                .map_or_else(|| connection.map(|(_, detail)| detail), |event| Some(&event.detail)),
            count: event.map(|event| event.count),
            bytes: event.map(|event| event.bytes),
            took_ns: event.map(|event| event.took_ns),
        }
    }
}

/// A [`Line`] as JSON.
#[derive(Debug, Serialize)]
pub(super) struct JsonLine<'a> {
    v: u8,
    kind: &'static str,
    time: Option<String>,
    at_ns: u64,
    connection: i64,
    user: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    turn: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stranger: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    took_ns: Option<u64>,
}

impl Event {
    fn arrow(&self, style: Style) -> String {
        let role = match self.direction {
            Direction::ClientToServer => Role::Out,
            Direction::ServerToClient => Role::In,
        };
        style.paint(role, self.direction.arrow())
    }

    fn text(&self, look: &Look) -> String {
        let style = look.style;
        let roomy = look.is_roomy();
        let word = if roomy { "run " } else { "" };
        let run =
            self.run.as_deref().map(|run| format!("{word}{}", short(run))).unwrap_or_default();
        let columns = RUN[usize::from(roomy)];
        let run = escape::pad_right(&escape::fit(run.as_bytes(), columns), columns);
        let stranger = self.stranger.as_deref().map_or_else(String::new, |stranger| {
            format!("  of {}!", escape::fit(stranger.as_bytes(), USER))
        });
        let mut taken = HEAD + columns + 2 + escape::width(&stranger);
        let event = look.left(taken, EVENT).min(EVENT);
        let name = escape::pad_right(&escape::fit(self.name.as_bytes(), event), event);
        let mut text = format!("{run}  {name}{}", style.paint(Role::Bad, &stranger));
        taken += event + 2;
        let detail = match self.count {
            ..=1 => self.detail.clone(),
            _ if !roomy => format!("x {}", self.count),
            _ => format!("x {}   {}", self.count, human::duration(self.took_ns)),
        };
        let size = if roomy { SIZE } else { 0 };
        let detail = escape::fit(detail.as_bytes(), look.left(taken + size, DETAIL));
        if !detail.is_empty() {
            text = text + "  " + &detail;
        }
        if roomy {
            let between = if detail.is_empty() { "  " } else { "   " };
            text = text + between + &style.paint(Role::Quiet, &human::size(self.bytes));
        }
        text
    }
}

/// The part of a run's id that tells it from others: the first four digits after its last `_`.
fn short(run: &str) -> &str {
    let tail = run.rsplit('_').next().unwrap_or(run);
    tail.char_indices().nth(4).map_or(tail, |(end, _)| &tail[..end])
}
