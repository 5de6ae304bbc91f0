//! The upstream → a connected socket, inside TLS where its URL says so; or a reason for the client.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::http::plain_words;
use super::stream::Stream;
use super::upstream::Upstream;

/// How long name look-up, TCP and TLS towards the server may take together.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

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

    /// Connects: every address of the name in turn, then TLS.
    pub(super) async fn connect(&self) -> Result<(Stream, SocketAddr), ConnectError> {
        match tokio::time::timeout(CONNECT_LIMIT, self.connect_unlimited()).await {
            Ok(connected) => connected,
            Err(_) => Err(self.unreachable(504, "no answer within 10 s")),
        }
    }

    async fn connect_unlimited(&self) -> Result<(Stream, SocketAddr), ConnectError> {
        let addresses = self.addresses().await?;
        let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        // An address that swallows everything must leave time for the others.
        let share = CONNECT_LIMIT / (addresses.len() as u32 + 1);
        for address in addresses {
            let connecting = tokio::time::timeout(share, TcpStream::connect(address)).await;
            let no_answer = || io::Error::new(io::ErrorKind::TimedOut, "no answer");
            match connecting.unwrap_or_else(|_| Err(no_answer())) {
                Ok(tcp) => {
                    tune(&tcp);
                    return Ok((self.wrap(tcp).await?, address));
                }
                Err(error) => failure = error,
            }
        }
        Err(self.unreachable(502, &plain_words(&failure)))
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
