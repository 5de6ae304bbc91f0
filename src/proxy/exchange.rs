//! One request's body and its answer, moved between two sides as they come.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;

use super::body::BodyScanner;
use super::clock::Clock;
use super::head::{Framing, RequestHead, ResponseHead, end_of_head};
use super::http::plain_words;
use super::side::{Side, WAITING_LIMIT};

/// A longer answer head is no HTTP answer.
const MAX_ANSWER_HEAD: usize = 256 << 10;

/// How much of the body of an answer that refused an upgrade is recorded.
const KEPT_BODY: usize = 64 << 10;

/// One request and its answer on their way.
pub(super) struct Exchange {
    wants_websocket: bool,
    to_head: bool,
    request_keep_alive: bool,
    request_body: BodyScanner,
    scanned: usize,
    answer: Option<Answer>,
    deadline: Option<Pin<Box<Sleep>>>,
    limit: Duration,
    clock: Clock,
    sent_ns: u64,
    answered_ns: Option<u64>,
}

/// The final answer.
pub(super) struct Answer {
    pub(super) head: Vec<u8>,
    pub(super) status: u16,
    keep_alive: bool,
    framing: Framing,
    scanner: BodyScanner,
    kept: Vec<u8>,
}

/// How an exchange ended.
pub(super) enum ExchangeEnd {
    /// A 101 to WebSocket; its head is in the client's outbox.
    Upgraded { deflates: bool },
    /// The answer is out.
    Complete { keep_alive: bool },
    /// The client's socket failed.
    ClientGone(Option<String>),
    /// The server ended within its answer.
    ServerCut { reset: bool },
    /// Nothing was sent to the client; answer in the server's place.
    NoAnswer { status: u16, why: String },
    /// The request's body is not framed as its head says.
    Broken,
}

impl Exchange {
    /// For a request whose head is in the server's outbox. An upgrade has `limit` for its answer.
    pub(super) fn new(request: &RequestHead, limit: Duration, clock: Clock) -> Self {
        let deadline = request.wants_websocket.then(|| Box::pin(tokio::time::sleep(limit)));
        Self {
            wants_websocket: request.wants_websocket,
            to_head: request.is_head,
            request_keep_alive: request.keep_alive,
            request_body: BodyScanner::new(request.framing),
            scanned: 0,
            answer: None,
            deadline,
            limit,
            clock,
            sent_ns: clock.now_ns(),
            answered_ns: None,
        }
    }

    /// The final answer, once its head is there.
    pub(super) fn answer(&self) -> Option<&Answer> {
        self.answer.as_ref()
    }

    /// From the request's head to the answer's.
    pub(super) fn took_ns(&self) -> Option<u64> {
        self.answered_ns.map(|at| at.saturating_sub(self.sent_ns))
    }

    /// Moves what can be moved; ready when the exchange has ended.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut Side,
        server: &mut Side,
    ) -> Poll<ExchangeEnd> {
        loop {
            let mut moved = match self.step_request(cx, client, server) {
                Ok(moved) => moved,
                Err(end) => return Poll::Ready(end),
            };
            match self.step_answer(cx, client, server) {
                Ok(more) => moved |= more,
                Err(end) => return Poll::Ready(end),
            }
            let waited = !client.outbox.is_empty();
            match client.poll_drain(cx) {
                Poll::Ready(Err(error)) => {
                    return Poll::Ready(ExchangeEnd::ClientGone(Some(plain_words(&error))));
                }
                Poll::Ready(Ok(())) => {
                    if let Some(end) = self.completed(client) {
                        return Poll::Ready(end);
                    }
                    // There is room again for what was not read because there was none.
                    moved |= waited;
                }
                Poll::Pending => {}
            }
            if !moved {
                return self.poll_deadline(cx);
            }
        }
    }

    /// Client → server: the body, then whatever comes early (kept), then the half-close.
    fn step_request(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut Side,
        server: &mut Side,
    ) -> Result<bool, ExchangeEnd> {
        let mut moved = false;
        if !self.request_body.is_done() && !client.inbox.is_empty() {
            if server.outbox.len() < WAITING_LIMIT {
                let Some(taken) = self.request_body.feed(&client.inbox) else {
                    return Err(ExchangeEnd::Broken);
                };
                server.outbox.extend(client.inbox.drain(..taken));
                moved = true;
            }
        } else if !client.ended {
            match client.poll_fill(cx) {
                Poll::Ready(Ok(_)) => moved = true,
                Poll::Ready(Err(error)) => {
                    return Err(ExchangeEnd::ClientGone(Some(plain_words(&error))));
                }
                Poll::Pending => {}
            }
        }
        if server.deaf {
            server.outbox.clear();
            return Ok(moved);
        }
        let waited = !server.outbox.is_empty();
        let written = if client.ended && client.inbox.is_empty() {
            server.poll_shut(cx)
        } else {
            server.poll_drain(cx)
        };
        // A server that takes no more may still answer: what it says decides.
        server.deaf = matches!(written, Poll::Ready(Err(_)));
        Ok(moved || (waited && written.is_ready()))
    }

    /// Server → client.
    fn step_answer(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut Side,
        server: &mut Side,
    ) -> Result<bool, ExchangeEnd> {
        let mut moved = false;
        if client.outbox.len() < WAITING_LIMIT && !server.inbox.is_empty() {
            moved = match &mut self.answer {
                None => self.take_head(client, server)?,
                Some(answer) => answer.take_body(client, server)?,
            };
        }
        if moved || server.ended || client.outbox.len() >= WAITING_LIMIT {
            return Ok(moved);
        }
        match server.poll_fill(cx) {
            Poll::Ready(Ok(0)) => self.server_ended(None).map(|()| true),
            Poll::Ready(Ok(_)) => Ok(true),
            Poll::Ready(Err(error)) => self.server_ended(Some(&error)).map(|()| true),
            Poll::Pending => Ok(false),
        }
    }

    /// Looks for the answer's head, and forwards it whole.
    fn take_head(&mut self, client: &mut Side, server: &mut Side) -> Result<bool, ExchangeEnd> {
        let no_answer = |why: String| ExchangeEnd::NoAnswer { status: 502, why };
        let Some(end) = end_of_head(&server.inbox, self.scanned) else {
            self.scanned = server.inbox.len();
            if server.inbox.len() >= MAX_ANSWER_HEAD.min(WAITING_LIMIT) {
                return Err(no_answer("the server's answer has no end of its head".to_owned()));
            }
            return Ok(false);
        };
        self.scanned = 0;
        let head: Vec<u8> = server.inbox.drain(..end).collect();
        let parsed = ResponseHead::parse(&head, self.to_head)
            .map_err(|refusal| no_answer(refusal.why.to_owned()))?;
        match parsed.status {
            101 if self.wants_websocket && parsed.is_websocket => {}
            101 => {
                return Err(no_answer(
                    "the server switched protocols (101), which the request had not asked for"
                        .to_owned(),
                ));
            }
            100..=199 => {
                client.outbox.extend_from_slice(&head);
                return Ok(true);
            }
            _ => {}
        }
        client.outbox.extend_from_slice(&head);
        self.answered_ns = Some(self.clock.now_ns());
        self.deadline = None;
        self.answer = Some(Answer {
            head,
            status: parsed.status,
            keep_alive: parsed.keep_alive,
            framing: parsed.framing,
            scanner: BodyScanner::new(parsed.framing),
            kept: Vec::new(),
        });
        if parsed.status == 101 {
            return Err(ExchangeEnd::Upgraded { deflates: parsed.deflates });
        }
        Ok(true)
    }

    fn server_ended(&self, error: Option<&io::Error>) -> Result<(), ExchangeEnd> {
        match &self.answer {
            None => Err(ExchangeEnd::NoAnswer {
                status: 502,
                why: match error {
                    Some(error) => format!("the server gave no answer: {}", plain_words(error)),
                    None => "the server closed the connection without an answer".to_owned(),
                },
            }),
            Some(answer) if answer.scanner.is_done() => {
                Err(ExchangeEnd::Complete { keep_alive: false })
            }
            Some(answer) if answer.scanner.is_until_end() && error.is_none() => {
                Err(ExchangeEnd::Complete { keep_alive: false })
            }
            Some(_) => Err(ExchangeEnd::ServerCut { reset: error.is_some() }),
        }
    }

    /// Both the request and its answer are through.
    fn completed(&self, client: &Side) -> Option<ExchangeEnd> {
        let answer = self.answer.as_ref()?;
        if !answer.scanner.is_done() || !client.outbox.is_empty() {
            return None;
        }
        let keep_alive = answer.keep_alive && self.request_keep_alive;
        // An early answer to a body that is still coming: a server that goes on takes the rest.
        (self.request_body.is_done() || !keep_alive || client.ended)
            .then_some(ExchangeEnd::Complete { keep_alive: keep_alive && !client.ended })
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<ExchangeEnd> {
        let expired =
            self.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(cx).is_ready());
        if !expired {
            return Poll::Pending;
        }
        let why = format!(
            "the server gave no answer to the WebSocket handshake within {} s \
             (--handshake-timeout changes that)",
            self.limit.as_secs()
        );
        Poll::Ready(ExchangeEnd::NoAnswer { status: 504, why })
    }
}

impl Answer {
    /// The first 64 KiB of the body, without chunk framing.
    pub(super) fn body(&self) -> Vec<u8> {
        match self.framing {
            Framing::Chunked => dechunked(&self.kept),
            Framing::Length(_) | Framing::UntilEnd => self.kept.clone(),
        }
    }

    fn take_body(&mut self, client: &mut Side, server: &mut Side) -> Result<bool, ExchangeEnd> {
        let Some(taken) = self.scanner.feed(&server.inbox) else {
            return Err(ExchangeEnd::ServerCut { reset: false });
        };
        let room = KEPT_BODY.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&server.inbox[..taken.min(room)]);
        client.outbox.extend(server.inbox.drain(..taken));
        Ok(taken > 0)
    }
}

/// The data of chunks, as far as they came.
fn dechunked(mut body: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    while let Some(end) = body.iter().position(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(&body[..end]);
        let digits = line.split([';', ' ', '\r']).next().unwrap_or("");
        let Ok(size) = usize::from_str_radix(digits, 16) else { break };
        let chunk = &body[end + 1..];
        let taken = size.min(chunk.len());
        data.extend_from_slice(&chunk[..taken]);
        if size == 0 {
            break;
        }
        body = chunk.get(taken..).and_then(|rest| rest.strip_prefix(b"\r\n")).unwrap_or(&[]);
    }
    data
}
