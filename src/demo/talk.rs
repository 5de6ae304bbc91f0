//! Drafts of one user's frames, each with its time and its reason → connections with both sides'
//! steps in order.

use crate::wire::{Direction, Opcode};

use super::cast::User;
use super::clock::{Moment, epoch_ms, iso};
use super::json::{Json, object};
use super::random::Random;
use super::script::{Act, ConnectionScript, Step, UserScript};

use Direction::{ClientToServer, ServerToClient};

/// A conversation in the making: its current connection as drafts, those before it as scripts.
pub(super) struct Talk {
    pub(super) user: &'static User,
    pub(super) random: Random,
    /// Data messages of this client are sent in fragments.
    fragments: bool,
    drafts: Vec<Draft>,
    done: Vec<ConnectionScript>,
    opened: Moment,
    /// When the connection before ended.
    ended: Moment,
}

/// A frame (or an end) that is planned.
pub(super) struct Draft {
    pub(super) at: Moment,
    pub(super) from: Direction,
    /// What the message is called; empty for frames that are no message of their own.
    pub(super) event: &'static str,
    pub(super) act: Act,
    cause: Option<usize>,
    /// It must wait for everything that the other side sends before it.
    last: bool,
    /// It was taken out of this conversation.
    gone: bool,
}

/// A planned frame to refer to: when, and which; or the moment when the connection opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) at: Moment,
    draft: Option<usize>,
}

impl Mark {
    /// The same reason, but what follows from it waits for `at` first.
    pub(super) fn no_earlier(self, at: Moment) -> Self {
        Self { at: self.at.max(at), ..self }
    }
}

/// Between heartbeats: the client's JSON ping, the server's, and the server's ping frame.
const PERIODS_MS: [u64; 3] = [15_000, 25_000, 20_000];

impl Talk {
    /// Nothing said yet.
    pub(super) fn new(user: &'static User, seed: u64) -> Self {
        Self {
            user,
            random: Random::new(seed, user.name),
            fragments: user.name == "user_06",
            drafts: Vec::new(),
            done: Vec::new(),
            opened: 0,
            ended: 0,
        }
    }

    /// At `at`, the client connects without its token and is refused.
    pub(super) fn refused(&mut self, at: Moment) {
        let wait_ms = at - self.ended;
        self.ended = at;
        self.done.push(ConnectionScript { wait_ms, refused: true, steps: [vec![], vec![]] });
    }

    /// At `at`, the client connects; greetings follow. The mark is when it may speak.
    pub(super) fn connect(&mut self, at: Moment) -> Mark {
        self.opened = at;
        let opened = self.at(at);
        let id = format!("ws_client_{}", self.random.hex(8));
        let config = object([
            ("heartbeat_interval", 25_u64.into()),
            ("max_message_size", 16_777_216_u64.into()),
        ]);
        let welcome = object([
            ("connection_id", id.clone().into()),
            ("user_id", self.user.name.into()),
            ("connection_ready", true.into()),
            ("environment", "demo".into()),
            ("config", config),
        ]);
        let welcome = self.message(ServerToClient, opened, 30, ("connection_established", welcome));
        let hello = object([("connection_id", id.into()), ("client_version", "2.4.1".into())]);
        let hello = self.message(ClientToServer, welcome, 25, ("handshake_acknowledged", hello));
        let phase = object([("phase", "READY".into())]);
        self.message(ServerToClient, hello, 15, ("handshake_complete", phase))
    }

    /// A moment of the current connection that no frame of it is the reason for.
    #[expect(clippy::unused_self, reason = "reads as the conversation's own moment")]
    pub(super) fn at(&self, at: Moment) -> Mark {
        Mark { at, draft: None }
    }

    /// `from` sends a message without a run, `delay_ms` after `cause`.
    pub(super) fn message(
        &mut self,
        from: Direction,
        cause: Mark,
        delay_ms: u64,
        (event, payload): (&'static str, Json),
    ) -> Mark {
        let text = object([
            ("type", event.into()),
            ("payload", payload),
            ("timestamp", iso(cause.at + delay_ms).into()),
            ("message_id", self.random.uuid().into()),
        ]);
        self.say(from, cause, delay_ms, (event, text.to_string()))
    }

    /// `from` sends this text as the message called `event`.
    pub(super) fn say(
        &mut self,
        from: Direction,
        cause: Mark,
        delay_ms: u64,
        (event, text): (&'static str, String),
    ) -> Mark {
        if from == ClientToServer && self.fragments && text.len() > 120 {
            return self.in_fragments(cause, delay_ms, Opcode::TEXT, (event, text.as_bytes()));
        }
        self.draft(from, cause, delay_ms, (event, Act::text(&text)))
    }

    /// The client sends `payload` in three fragments, the second cut wherever it falls, with a
    /// ping frame between the last two: RFC 6455, 5.4 allows both.
    pub(super) fn in_fragments(
        &mut self,
        cause: Mark,
        delay_ms: u64,
        opcode: Opcode,
        (event, payload): (&'static str, &[u8]),
    ) -> Mark {
        let (first, rest) = payload.split_at(payload.len() / 3);
        let (second, third) = rest.split_at(self.random.between(1, rest.len() as u64 - 1) as usize);
        let part = |opcode, fin, payload: &[u8]| Act::Send { opcode, fin, payload: payload.into() };
        // All at one moment, so that no other message of this side can come in between.
        let at = self.draft(ClientToServer, cause, delay_ms, (event, part(opcode, false, first)));
        self.draft(ClientToServer, at, 0, ("", part(Opcode::CONTINUATION, false, second)));
        self.ping(ClientToServer, at);
        self.draft(ClientToServer, at, 0, ("", part(Opcode::CONTINUATION, true, third)))
    }

    /// The client sends its JSON ping at `at`, and the server answers.
    pub(super) fn client_ping(&mut self, at: Moment) {
        let ping = object([("type", "ping".into()), ("timestamp", epoch_ms(at).into())]);
        let sent = self.say(ClientToServer, self.at(at), 0, ("ping", ping.to_string()));
        let answer = object([
            ("type", "pong".into()),
            ("timestamp", epoch_ms(at + 12).into()),
            ("original_timestamp", epoch_ms(at).into()),
        ]);
        self.say(ServerToClient, sent, 12, ("pong", answer.to_string()));
    }

    /// The messages of runs that the server sends from `from` to `to` are taken out of this
    /// conversation.
    pub(super) fn divert(&mut self, from: Moment, to: Moment) -> Vec<(Moment, &'static str, Act)> {
        let of_a_run = |event: &str| {
            ["agent_", "tool_", "stream_"].iter().any(|prefix| event.starts_with(prefix))
        };
        let mut diverted = Vec::new();
        for draft in &mut self.drafts {
            let taken = draft.from == ServerToClient && (from..to).contains(&draft.at);
            if taken && of_a_run(draft.event) {
                draft.gone = true;
                diverted.push((draft.at, draft.event, draft.act.clone()));
            }
        }
        diverted
    }

    /// The server sends here what belongs to somebody else.
    pub(super) fn deliver(&mut self, at: Moment, event: &'static str, act: Act) {
        self.draft(ServerToClient, self.at(at), 0, (event, act));
    }

    /// The last draft called `event`.
    pub(super) fn last_of(&self, event: &str) -> Option<&Draft> {
        self.drafts.iter().rfind(|draft| draft.event == event)
    }

    /// `by` closes with `code`, `delay_ms` after `cause`; the other side answers, and that is the
    /// end of this connection.
    pub(super) fn close(&mut self, by: Direction, at: Moment, (code, reason): (u16, &str)) {
        self.heartbeats(at);
        let close = self.draft(by, self.at(at), 0, ("", Act::close(code, reason)));
        let other = if by == ClientToServer { ServerToClient } else { ClientToServer };
        let answer = self.draft(other, close, 10, ("", Act::close(code, "")));
        self.finish(&[close, answer]);
    }

    /// At `at` the server's side of the connection is gone, without a close frame.
    pub(super) fn vanish(&mut self, at: Moment) {
        self.heartbeats(at);
        let vanished = self.draft(ServerToClient, self.at(at), 0, ("", Act::Vanish));
        self.finish(&[vanished]);
    }

    /// When the last connection ended.
    pub(super) fn ended(&self) -> Moment {
        self.ended
    }

    /// The whole of it.
    pub(super) fn script(self) -> UserScript {
        UserScript { user: self.user, connections: self.done }
    }

    /// Plans one frame.
    fn draft(
        &mut self,
        from: Direction,
        cause: Mark,
        delay_ms: u64,
        (event, act): (&'static str, Act),
    ) -> Mark {
        let at = cause.at + delay_ms;
        let cause = cause.draft;
        self.drafts.push(Draft { at, from, event, act, cause, last: false, gone: false });
        Mark { at, draft: Some(self.drafts.len() - 1) }
    }

    /// A ping frame of `from`, and the other side's pong.
    fn ping(&mut self, from: Direction, at: Mark) {
        let payload = self.random.bytes(8);
        let ping = self.draft(from, at, 0, ("", Act::control(Opcode::PING, payload.clone())));
        let other = if from == ClientToServer { ServerToClient } else { ClientToServer };
        self.draft(other, ping, 5, ("", Act::control(Opcode::PONG, payload)));
    }

    /// Pings of three kinds with their answers, from the connection's opening to just before `end`.
    fn heartbeats(&mut self, end: Moment) {
        for (kind, period) in PERIODS_MS.into_iter().enumerate() {
            let mut at = self.opened + self.random.between(period / 3, period);
            // The answer comes within a few ms; half a second keeps both before the end.
            while at + 500 < end {
                match kind {
                    0 => self.client_ping(at),
                    1 => self.server_ping(at),
                    _ => self.ping(ServerToClient, self.at(at)),
                }
                at += period;
            }
        }
    }

    /// The server's JSON ping, and the client's answer.
    fn server_ping(&mut self, at: Moment) {
        let payload = object([("server_time", iso(at).into())]);
        let ping = self.message(ServerToClient, self.at(at), 0, ("ping", payload));
        let answer = object([
            ("type", "pong".into()),
            ("timestamp", epoch_ms(at + 9).into()),
            ("original_timestamp", epoch_ms(at).into()),
        ]);
        self.say(ClientToServer, ping, 9, ("pong", answer.to_string()));
    }

    /// Puts the drafts in order and finds each one's reason on the other side.
    fn finish(&mut self, ends: &[Mark]) {
        for end in ends.iter().filter_map(|end| end.draft) {
            self.drafts[end].last = true;
        }
        let wait_ms = self.opened - self.ended;
        let drafts = std::mem::take(&mut self.drafts);
        let mut order: Vec<usize> =
            (0..drafts.len()).filter(|&index| !drafts[index].gone).collect();
        // A reason is drafted before what follows from it, so a stable sort keeps it before.
        order.sort_by_key(|&index| drafts[index].at);
        let mut place = vec![0; drafts.len()];
        let mut newest: [Option<usize>; 2] = [None; 2];
        let mut steps: [Vec<Step>; 2] = [vec![], vec![]];
        for index in order {
            let draft = &drafts[index];
            let own = draft.from.index();
            let reason = if draft.last { newest[1 - own] } else { reason(&drafts, index) };
            let (after, since) =
                reason.map_or((0, self.opened), |reason| (place[reason] + 1, drafts[reason].at));
            let delay_ms = draft.at.saturating_sub(since);
            place[index] = steps[own].len();
            newest[own] = Some(index);
            steps[own].push(Step { after, delay_ms, act: draft.act.clone() });
            self.ended = self.ended.max(draft.at);
        }
        self.done.push(ConnectionScript { wait_ms, refused: false, steps });
    }
}

/// The nearest frame of the other side in the chain of reasons of draft `index`.
fn reason(drafts: &[Draft], index: usize) -> Option<usize> {
    let from = drafts[index].from;
    let mut cause = drafts[index].cause;
    while let Some(candidate) = cause {
        if drafts[candidate].from != from && !drafts[candidate].gone {
            return Some(candidate);
        }
        cause = drafts[candidate].cause;
    }
    None
}
