//! The upstream → a connected socket, inside TLS where its URL says so; or a reason for the client.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::http::plain_words;
use super::stream::Stream;
use super::upstream::Upstream;

/// How long name look-up, TCP and TLS towards the server may take together.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long one address may take: half, so that time is left for TLS.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(5);

/// How long an address is waited for before the next one is tried beside it: what RFC 8305, 5
/// recommends.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// A silent peer is asked after this long whether it is still there (TCP keep-alive), so that an
/// idle WebSocket is never cut by us and a dead one is found in the end.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// Connects to the one upstream.
pub struct Connector {
    upstream: Upstream,
    tls: Option<Arc<rustls::ClientConfig>>,
}

/// Why there is no connection: the status for the client, and one sentence.
pub(super) struct ConnectError {
    pub(super) status: u16,
    pub(super) text: String,
}

impl Connector {
    /// For `upstream`; `tls` is used where its URL asks for TLS.
    pub fn new(upstream: Upstream, tls: Option<Arc<rustls::ClientConfig>>) -> Self {
        Self { upstream, tls }
    }

    /// Connects: to whichever of the name's addresses is the first to answer, then TLS.
    pub(super) async fn connect(&self) -> Result<(Stream, SocketAddr), ConnectError> {
        match tokio::time::timeout(CONNECT_LIMIT, self.connect_unlimited()).await {
            Ok(connected) => connected,
            Err(_) => Err(self.unreachable(504, "no answer within 10 s")),
        }
    }

    async fn connect_unlimited(&self) -> Result<(Stream, SocketAddr), ConnectError> {
        let addresses = self.addresses().await?;
        match first_to_connect(addresses).await {
            Ok((tcp, address)) => {
                tune(&tcp);
                Ok((self.wrap(tcp).await?, address))
            }
            Err(failure) => Err(self.unreachable(502, &plain_words(&failure))),
        }
    }

    /// All addresses of the server. `localhost` is both loopback addresses whatever the system's
    /// tables say (RFC 6761, 6.3): development servers listen on either.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, ConnectError> {
        let Upstream { host, port, .. } = &self.upstream;
        let is_local = host.eq_ignore_ascii_case("localhost");
        let mut addresses: Vec<SocketAddr> =
            match tokio::net::lookup_host((host.as_str(), *port)).await {
                Ok(found) => found.collect(),
                Err(_) if is_local => Vec::new(),
                Err(error) => {
                    let why = format!("no such host: {}", plain_words(&error));
                    return Err(self.unreachable(502, &why));
                }
            };
        if is_local {
            for loopback in [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)] {
                let address = SocketAddr::new(loopback, *port);
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
        }
        Ok(addresses)
    }

    async fn wrap(&self, tcp: TcpStream) -> Result<Stream, ConnectError> {
        let Some(config) = &self.tls else { return Ok(Stream::Plain(tcp)) };
        let name = ServerName::try_from(self.upstream.host.clone())
            .map_err(|error| self.unreachable(502, &format!("TLS: {error}")))?;
        let tls = TlsConnector::from(Arc::clone(config))
            .connect(name, tcp)
            .await
            .map_err(|error| self.unreachable(502, &format!("TLS: {}", plain_words(&error))))?;
        Ok(Stream::Tls(Box::new(tls.into())))
    }

    fn unreachable(&self, status: u16, why: &str) -> ConnectError {
        let scheme = if self.upstream.tls { "wss" } else { "ws" };
        let (host, port) = (super::upstream::bracketed(&self.upstream.host), self.upstream.port);
        ConnectError { status, text: format!("can't reach {scheme}://{host}:{port}: {why}") }
    }
}

/// The first of `addresses` to connect ("happy eyeballs", RFC 8305): one after the other is tried,
/// the next once the one before has failed or is slow, which then goes on beside it. Where none
/// connects, the last one's error is the answer.
///
/// Attempts that lose are given up before a byte is sent on them.
async fn first_to_connect(addresses: Vec<SocketAddr>) -> io::Result<(TcpStream, SocketAddr)> {
    let mut waiting = families_in_turn(addresses).into_iter().enumerate();
    let mut attempts = JoinSet::new();
    let mut failure = (0, io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    loop {
        let ended = match waiting.next() {
            Some((place, address)) => {
                attempts.spawn(async move { (place, address, attempt(address).await) });
                let ended = tokio::time::timeout(ATTEMPT_DELAY, attempts.join_next()).await;
                let Ok(ended) = ended else { continue };
                ended
            }
            None => attempts.join_next().await,
        };
        match ended {
            Some(Ok((_, address, Ok(tcp)))) => return Ok((tcp, address)),
            Some(Ok((place, _, Err(error)))) if place >= failure.0 => failure = (place, error),
            Some(_) => {}
            None => return Err(failure.1),
        }
    }
}

async fn attempt(address: SocketAddr) -> io::Result<TcpStream> {
    let no_answer = |_| io::Error::new(io::ErrorKind::TimedOut, "no answer");
    tokio::time::timeout(ATTEMPT_LIMIT, TcpStream::connect(address)).await.map_err(no_answer)?
}

/// In the resolver's order, but for the two families in turn, so that one that leads nowhere does
/// not come first as a whole (RFC 8305, 4).
fn families_in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_family = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_family);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut in_turn = Vec::new();
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return in_turn;
        }
        in_turn.extend(pair.into_iter().flatten());
    }
}

impl ConnectError {
    /// The client reset its connection while the server's was being made.
    pub(super) fn client_left(error: &io::Error) -> Self {
        Self { status: 502, text: format!("the client left: {}", plain_words(error)) }
    }
}

/// Small writes go out at once; a peer that vanished is found in the end.
pub(super) fn tune(tcp: &TcpStream) {
    // Either fails only on a socket that is already dead, which the first read will tell.
    let _ = tcp.set_nodelay(true);
    let keep_alive = socket2::TcpKeepalive::new().with_time(KEEP_ALIVE);
    let _ = socket2::SockRef::from(tcp).set_tcp_keepalive(&keep_alive);
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::families_in_turn;

    #[test]
    fn families_take_turns_and_keep_their_order() {
        let parse = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| format!("{text}:1").parse().unwrap()).collect()
        };
        let found = parse(&["[::1]", "[::2]", "[::3]", "1.1.1.1", "2.2.2.2"]);
        let in_turn = parse(&["[::1]", "1.1.1.1", "[::2]", "2.2.2.2", "[::3]"]);
        assert_eq!(families_in_turn(found), in_turn);
        assert_eq!(
            families_in_turn(parse(&["1.1.1.1", "2.2.2.2"])),
            parse(&["1.1.1.1", "2.2.2.2"])
        );
        assert_eq!(families_in_turn(Vec::new()), Vec::new());
    }
}
