//! Requests and answers of one client connection, scanned and forwarded byte for byte, until one
//! of them is an upgrade; then the relay takes over.
//!
//! A client connection has one server connection, opened when its first request is whole and kept
//! as long as it: what one side does to its socket, the other side sees.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;

use crate::wire::{Connection, EndedBy, Ending};

use super::connect::ConnectError;
use super::exchange::{Exchange, ExchangeEnd};
use super::head::{MAX_HEAD, Refusal, RequestHead, end_of_head, forwarded};
use super::serve::{Shared, Stop};
use super::side::{Side, WAITING_LIMIT};
use super::stream::Stream;
use super::tunnel::Tunnel;

/// How long a request's head may take once it has begun (slow senders hold a descriptor each).
const HEAD_TIME: Duration = Duration::from_secs(30);

/// How long a client that is being refused may take to hear it.
const GOODBYE_TIME: Duration = Duration::from_secs(1);

/// One client connection, from its first byte to its last.
pub(super) struct ClientConnection {
    shared: Arc<Shared>,
    stop: Stop,
    client: Side,
    client_address: SocketAddr,
    /// When the TCP connection was accepted; taken by the first upgrade request.
    accepted_ns: Option<u64>,
    server: Option<(Side, SocketAddr)>,
    /// The upgrade request that is being answered.
    recorded: Option<Connection>,
}

/// What the wait for a request brought.
enum Next {
    Request(Vec<u8>),
    Refused(Refusal),
    Gone,
}

impl ClientConnection {
    /// A connection accepted at `accepted_ns`.
    pub(super) fn new(
        shared: Arc<Shared>,
        stop: Stop,
        stream: Stream,
        client_address: SocketAddr,
        accepted_ns: u64,
    ) -> Self {
        Self {
            shared,
            stop,
            client: Side::new(stream),
            client_address,
            accepted_ns: Some(accepted_ns),
            server: None,
            recorded: None,
        }
    }

    /// Serves it to its end, or until it is a WebSocket.
    pub(super) async fn serve(mut self) -> Option<Box<Tunnel>> {
        loop {
            let mut stop = self.stop.clone();
            let next = tokio::select! {
                biased;
                next = self.next_request() => next,
                () = stop.draining() => return None,
            };
            let head = match next {
                Next::Request(head) => head,
                Next::Refused(refusal) => {
                    self.refuse(refusal).await;
                    return None;
                }
                Next::Gone => {
                    self.goodbye().await;
                    return None;
                }
            };
            let request = match RequestHead::parse(&head) {
                Ok(request) => request,
                Err(refusal) => {
                    self.refuse(refusal).await;
                    return None;
                }
            };
            let ended = tokio::select! {
                biased;
                ended = self.exchange(head, &request) => ended,
                () = stop.stopped() => Ended::Stopped,
            };
            match ended {
                Ended::Next => continue,
                Ended::Tunnel { deflates } => return self.tunnel(deflates).await,
                Ended::Closing => self.goodbye().await,
                Ended::Reset => self.client.stream.reset(),
                Ended::Answered => {}
                Ended::Stopped => self.end_recorded(Ending::Stopped, EndedBy::Proxy, None),
            }
            return None;
        }
    }

    /// Waits for a whole request head, meanwhile passing on what the server does.
    async fn next_request(&mut self) -> Next {
        let mut scanned = 0;
        let mut deadline: Option<Pin<Box<Sleep>>> = None;
        poll_fn(|cx| self.poll_request(cx, &mut scanned, &mut deadline)).await
    }

    fn poll_request(
        &mut self,
        cx: &mut Context<'_>,
        scanned: &mut usize,
        deadline: &mut Option<Pin<Box<Sleep>>>,
    ) -> Poll<Next> {
        loop {
            // Pending keeps the waker, and with it the way to what waits for room below.
            if matches!(self.client.poll_drain(cx), Poll::Ready(Err(_))) {
                return Poll::Ready(Next::Gone);
            }
            let inbox = &mut self.client.inbox;
            if let Some(end) = end_of_head(inbox, *scanned).filter(|end| *end <= MAX_HEAD) {
                let rest = inbox.split_off(end);
                return Poll::Ready(Next::Request(std::mem::replace(inbox, rest)));
            }
            *scanned = inbox.len();
            if let Some(refusal) = refused_early(inbox) {
                return Poll::Ready(Next::Refused(refusal));
            }
            if !inbox.is_empty() {
                let deadline =
                    deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(HEAD_TIME)));
                if deadline.as_mut().poll(cx).is_ready() {
                    let why = "the request's head was not complete after 30 s";
                    return Poll::Ready(Next::Refused(Refusal { status: 408, why }));
                }
            }
            let mut moved = match self.client.poll_fill(cx) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Next::Gone),
                Poll::Ready(Ok(_)) => true,
                Poll::Pending => false,
            };
            if let Some((server, _)) = &mut self.server {
                let full = self.client.outbox.len() >= WAITING_LIMIT;
                match if full { Poll::Pending } else { server.poll_fill(cx) } {
                    // A kept connection that the server gives up is given up towards the client.
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Next::Gone),
                    Poll::Ready(Ok(_)) => {
                        self.client.outbox.append(&mut server.inbox);
                        moved = true;
                    }
                    Poll::Pending => {}
                }
            }
            if !moved {
                return Poll::Pending;
            }
        }
    }

    /// Forwards one request and its answer.
    async fn exchange(&mut self, head: Vec<u8>, request: &RequestHead) -> Ended {
        if request.wants_websocket {
            self.open_recorded(&head);
        }
        if self.server.is_none()
            && let Err(error) = self.connect().await
        {
            return self.answer(request, error.status, &error.text).await;
        }
        let Some((server, _)) = &mut self.server else { return Ended::Closing };
        server.outbox.extend_from_slice(&forwarded(
            &head,
            &self.shared.settings.host,
            &self.shared.settings.headers,
        ));
        let (limit, clock) = (self.shared.settings.handshake_limit, self.shared.clock);
        let mut exchange = Exchange::new(request, limit, clock);
        let end = poll_fn(|cx| exchange.poll(cx, &mut self.client, server)).await;
        if let Some(recorded) = &mut self.recorded
            && let Some(answer) = exchange.answer()
        {
            recorded.response_head.clone_from(&answer.head);
            recorded.response_body = answer.body();
            recorded.status = Some(answer.status);
            recorded.upgrade_ns = exchange.took_ns();
        }
        match end {
            ExchangeEnd::Upgraded { deflates } => Ended::Tunnel { deflates },
            ExchangeEnd::Complete { keep_alive } => {
                self.end_recorded(Ending::Refused, EndedBy::Server, None);
                if keep_alive { Ended::Next } else { Ended::Closing }
            }
            ExchangeEnd::ClientGone(why) => {
                self.end_recorded(Ending::Failed, EndedBy::Client, why);
                Ended::Closing
            }
            ExchangeEnd::ServerCut { reset } => {
                let why = Some("the server ended in the middle of its answer".to_owned());
                self.end_recorded(Ending::Failed, EndedBy::Server, why);
                if reset { Ended::Reset } else { Ended::Closing }
            }
            ExchangeEnd::NoAnswer { status, why } => self.answer(request, status, &why).await,
            ExchangeEnd::Broken => Ended::Closing,
        }
    }

    /// Connects to the server, unless the client leaves first.
    async fn connect(&mut self) -> Result<(), ConnectError> {
        let shared = Arc::clone(&self.shared);
        let begun = shared.clock.now_ns();
        let mut connecting = std::pin::pin!(shared.connector.connect());
        let client = &mut self.client;
        let connected = poll_fn(|cx| {
            if let Poll::Ready(connected) = connecting.as_mut().poll(cx) {
                return Poll::Ready(connected);
            }
            // Only a reset means that nobody waits for the answer; a half-close may be a habit.
            match client.poll_watch(cx) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(ConnectError::client_left(&error))),
                _ => Poll::Pending,
            }
        })
        .await;
        let took = shared.clock.now_ns() - begun;
        let (stream, address) = connected.inspect_err(|_| {
            if let Some(recorded) = &mut self.recorded {
                recorded.connect_ns = Some(took);
            }
        })?;
        if let Some(recorded) = &mut self.recorded {
            recorded.connect_ns = Some(took);
            recorded.server = address.to_string();
        }
        self.server = Some((Side::new(stream), address));
        Ok(())
    }

    fn open_recorded(&mut self, head: &[u8]) {
        let now = self.shared.clock.now_ns();
        let connection = Connection {
            id: self.shared.next_id(),
            opened_ns: self.accepted_ns.take().unwrap_or(now),
            client: self.client_address.to_string(),
            server: self.server.as_ref().map(|(_, at)| at.to_string()).unwrap_or_default(),
            request_head: head.to_vec(),
            ..Connection::default()
        };
        self.shared.tap.connection(connection.clone());
        self.recorded = Some(connection);
    }

    /// Ends the recorded connection, if there is one.
    fn end_recorded(&mut self, ending: Ending, by: EndedBy, detail: Option<String>) {
        if let Some(mut connection) = self.recorded.take() {
            connection.closed_ns = Some(self.shared.clock.now_ns());
            connection.ending = Some(ending);
            connection.ended_by = Some(by);
            connection.detail = detail;
            self.shared.tap.connection(connection);
        }
    }

    /// Sends both heads on; what is left then is a WebSocket between two sockets.
    async fn tunnel(mut self, deflates: bool) -> Option<Box<Tunnel>> {
        let (mut server, _) = self.server.take()?;
        let mut stop = self.stop.clone();
        // The heads are the proxy's to send on; all after them is the relay's.
        let sent = async {
            poll_fn(|cx| server.poll_drain(cx)).await?;
            poll_fn(|cx| self.client.poll_drain(cx)).await
        };
        let sent = tokio::select! {
            biased;
            () = stop.stopped() => false,
            sent = sent => sent.is_ok(),
        };
        let stop = sent.then_some(self.stop);
        let sides = [self.client, server];
        Some(Tunnel::new(self.shared, self.recorded.take()?, sides, deflates, stop))
    }

    /// Answers in the server's place: one plain line.
    async fn answer(&mut self, request: &RequestHead, status: u16, text: &str) -> Ended {
        let head_and_line = local_answer(status, text);
        if let Some(connection) = &mut self.recorded {
            let split = end_of_head(&head_and_line, 0).unwrap_or(head_and_line.len());
            connection.status = Some(status);
            connection.response_head = head_and_line[..split].to_vec();
            connection.response_body = head_and_line[split..].to_vec();
        }
        self.end_recorded(Ending::Failed, EndedBy::Proxy, Some(text.to_owned()));
        self.send_answer(head_and_line, request.is_head).await;
        Ended::Answered
    }

    async fn refuse(mut self, refusal: Refusal) {
        let from = self.client_address;
        self.shared.tap.notice(format!("a request from {from} was refused: {}", refusal.why));
        self.send_answer(local_answer(refusal.status, refusal.why), false).await;
    }

    async fn send_answer(&mut self, mut answer: Vec<u8>, head_only: bool) {
        if head_only && let Some(end) = end_of_head(&answer, 0) {
            answer.truncate(end);
        }
        self.client.outbox.append(&mut answer);
        self.client.goodbye(GOODBYE_TIME).await;
    }

    /// Passes on an end: what is left goes out, then FIN.
    async fn goodbye(mut self) {
        drop(self.server.take());
        // However slowly the client takes the rest, it is the client's to take.
        tokio::select! {
            biased;
            () = self.stop.stopped() => return,
            _ = poll_fn(|cx| self.client.poll_shut(cx)) => {}
        }
        self.client.goodbye(GOODBYE_TIME).await;
    }
}

/// How one request and its answer ended.
enum Ended {
    Next,
    Tunnel { deflates: bool },
    Closing,
    Reset,
    Answered,
    Stopped,
}

/// What the first bytes of a would-be request already rule out.
fn refused_early(inbox: &[u8]) -> Option<Refusal> {
    match inbox {
        [0x16, 0x03, ..] => Some(Refusal {
            status: 400,
            why: "this looks like TLS, but the port speaks plain ws:// (record with --tls for wss://)",
        }),
        _ if inbox.len() > MAX_HEAD => {
            Some(Refusal { status: 431, why: "the request's head is longer than 64 KiB" })
        }
        _ => None,
    }
}

fn local_answer(status: u16, text: &str) -> Vec<u8> {
    let reason = match status {
        400 => "Bad Request",
        408 => "Request Timeout",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "Bad Gateway",
    };
    format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\nwiretape: {text}\n",
        text.len() + "wiretape: \n".len(),
    )
    .into_bytes()
}

/// The system's words for an error, without its number; ours for an error of TLS.
pub(super) fn plain_words(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(error) = inner {
        return tls_words(error);
    }
    let text = error.to_string().to_lowercase();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// What an error of TLS means to whoever has to mend it. The library names most of them as its
/// source does.
fn tls_words(error: &rustls::Error) -> String {
    use rustls::{
        AlertDescription as Alert, CertificateError as Certificate, Error, InvalidMessage,
    };
    let words = match error {
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "what came is not TLS (plain HTTP or ws://?)"
        }
        Error::InvalidCertificate(Certificate::UnknownIssuer) => {
            "the certificate is signed by nobody who is trusted here"
        }
        Error::InvalidCertificate(Certificate::Expired | Certificate::ExpiredContext { .. }) => {
            "the certificate has expired"
        }
        Error::InvalidCertificate(
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. },
        ) => "the certificate is not valid yet",
        Error::InvalidCertificate(Certificate::Other(other))
            if format!("{other:?}").contains("CaUsedAsEndEntity") =>
        {
            "the certificate is a CA's own (self-signed?) and not a server's"
        }
        Error::AlertReceived(Alert::ProtocolVersion) => "the other side speaks no TLS 1.2 or 1.3",
        Error::AlertReceived(Alert::HandshakeFailure) => {
            "the other side found no way to encrypt that both know"
        }
        Error::AlertReceived(Alert::UnrecognisedName) => "the other side has no host of that name",
        Error::AlertReceived(
            Alert::UnknownCA | Alert::BadCertificate | Alert::CertificateUnknown,
        ) => "the other side does not trust the certificate",
        other => return spaced(&other.to_string()),
    };
    words.to_owned()
}

/// `peer is incompatible: NoCipherSuitesInCommon` → `… no cipher suites in common`.
fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for character in text.chars() {
        if character.is_ascii_uppercase() && before.is_ascii_lowercase() {
            spaced.push(' ');
        }
        spaced.push(character.to_ascii_lowercase());
        before = character;
    }
    spaced
}

#[cfg(test)]
mod tests {
    use std::io;

    use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

    use super::plain_words;

    #[test]
    fn tls_is_told_in_plain_words() {
        for (error, words) in [
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), "what came is not TLS"),
            (CertificateError::UnknownIssuer.into(), "signed by nobody who is trusted here"),
            (CertificateError::BadSignature.into(), "invalid peer certificate: bad signature"),
            (Error::AlertReceived(AlertDescription::ProtocolVersion), "speaks no TLS 1.2 or 1.3"),
            (Error::AlertReceived(AlertDescription::InternalError), "alert: internal error"),
            (
                PeerIncompatible::NoCipherSuitesInCommon.into(),
                "peer is incompatible: no cipher suites in common",
            ),
        ] {
            let said = plain_words(&io::Error::new(io::ErrorKind::InvalidData, error));
            assert!(said.contains(words), "{said}");
        }
        assert_eq!(plain_words(&io::Error::from_raw_os_error(32)), "broken pipe");
    }
}
