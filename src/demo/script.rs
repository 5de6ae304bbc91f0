//! A seed → the whole conversation as plain data: who connects when, and every frame of both sides.

use crate::wire::{Direction, Opcode};

use super::cast::User;
use super::plot;

/// Everything that happens.
#[derive(Debug)]
pub(super) struct Script {
    /// In order of the users' numbers.
    pub(super) users: Vec<UserScript>,
}

/// What one user does.
#[derive(Debug)]
pub(super) struct UserScript {
    pub(super) user: &'static User,
    /// One after another.
    pub(super) connections: Vec<ConnectionScript>,
}

/// One connection, from its handshake to its end.
#[derive(Debug)]
pub(super) struct ConnectionScript {
    /// How long after the user's last connection has ended, or after the start, it begins.
    pub(super) wait_ms: u64,
    /// The client comes without its token, and the server answers 403.
    pub(super) refused: bool,
    /// What each side sends, by [`Direction::index`]; one frame a step, in this order whatever
    /// the timing.
    pub(super) steps: [Vec<Step>; 2],
}

/// The next thing that a side does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// This many frames of the other side must have come before: the last of them is the reason
    /// for this step. 0: the handshake is.
    pub(super) after: usize,
    /// How long after its reason the step is due, in milliseconds of the script.
    pub(super) delay_ms: u64,
    pub(super) act: Act,
}

/// What a side does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// It sends a frame. The payload is plain; where permessage-deflate was agreed on, it is
    /// compressed when it is sent.
    Send { opcode: Opcode, fin: bool, payload: Vec<u8> },
    /// It ends the TCP connection without a close frame (RFC 6455 calls that 1006).
    Vanish,
}

impl Script {
    /// The conversation of `seed`.
    pub(super) fn new(seed: u64) -> Self {
        Self { users: plot::users(seed) }
    }

    /// The `nth` accepted connection of `user`, from 0.
    pub(super) fn accepted(&self, user: &User, nth: usize) -> Option<&ConnectionScript> {
        let connections = &self.users[user.index()].connections;
        connections.iter().filter(|connection| !connection.refused).nth(nth)
    }
}

impl ConnectionScript {
    /// What `side` does.
    pub(super) fn of(&self, side: Direction) -> &[Step] {
        &self.steps[side.index()]
    }
}

impl Act {
    /// A whole text message.
    pub(super) fn text(text: &str) -> Self {
        Self::Send { opcode: Opcode::TEXT, fin: true, payload: text.as_bytes().to_vec() }
    }

    /// A control frame.
    pub(super) fn control(opcode: Opcode, payload: Vec<u8>) -> Self {
        Self::Send { opcode, fin: true, payload }
    }

    /// A close frame.
    pub(super) fn close(code: u16, reason: &str) -> Self {
        let payload = [&code.to_be_bytes()[..], reason.as_bytes()].concat();
        Self::control(Opcode::CLOSE, payload)
    }
}
