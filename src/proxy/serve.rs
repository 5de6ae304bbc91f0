//! Listening sockets → one task a connection, until told to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;

use super::clock::Clock;
use super::connect::{Connector, tune};
use super::head::{HeaderOverride, HostPolicy};
use super::http::{ClientConnection, plain_words};
use super::stream::Stream;
use super::tap::Tap;

/// Connections that the system may hold for us while we are busy accepting.
const BACKLOG: u32 = 4096;

/// How long accepting pauses when there are no descriptors: connections that end free some.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a client may take for the TLS handshake.
const TLS_TIME: Duration = Duration::from_secs(10);

/// What does not change while the proxy runs.
#[derive(Clone)]
pub struct Settings {
    /// What becomes of the `Host` line.
    pub host: HostPolicy,
    /// Headers that replace the client's.
    pub headers: Vec<HeaderOverride>,
    /// Payload bytes of a frame that are kept.
    pub max_payload: u64,
    /// How long the server may take to answer an upgrade.
    pub handshake_limit: Duration,
    /// TLS on the listening side.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

/// Failures to listen.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// The address can't be listened on.
    #[error("can't listen on {address}: {}", plain_words(.source))]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// The system's answer.
        source: io::Error,
    },
}

/// Bound sockets, not yet serving.
pub struct Listening {
    listeners: Vec<TcpListener>,
}

/// Tells a running proxy to stop: first to drain, then to end.
#[derive(Clone)]
pub struct Stop {
    phase: watch::Receiver<Phase>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Running,
    Draining,
    Stopped,
}

/// A running proxy.
pub struct Proxy {
    phase: watch::Sender<Phase>,
    alive: mpsc::Receiver<()>,
}

/// What every connection's task shares.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) connector: Connector,
    pub(super) tap: Arc<dyn Tap>,
    pub(super) clock: Clock,
    pub(super) held: Arc<AtomicUsize>,
    last_id: AtomicI64,
}

impl Listening {
    /// Listens on all of `addresses`; only the first must succeed.
    pub fn bind(addresses: &[SocketAddr]) -> Result<Self, ProxyError> {
        let mut listeners: Vec<TcpListener> = Vec::new();
        for (number, address) in addresses.iter().enumerate() {
            // Port 0 means one port, whichever it is, for all addresses.
            let port = listeners.first().and_then(|first| first.local_addr().ok());
            let mut address = *address;
            if let (0, Some(first)) = (address.port(), port) {
                address.set_port(first.port());
            }
            match listen(address) {
                Ok(listener) => listeners.push(listener),
                Err(source) if number == 0 => return Err(ProxyError::Bind { address, source }),
                // A machine without IPv6 has no second address.
                Err(_) => {}
            }
        }
        Ok(Self { listeners })
    }

    /// The first address, with its port.
    pub fn address(&self) -> io::Result<SocketAddr> {
        match self.listeners.first() {
            Some(listener) => listener.local_addr(),
            None => Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "no address to listen on")),
        }
    }

    /// Serves until [`Proxy::finish`].
    pub fn serve(
        self,
        settings: Settings,
        connector: Connector,
        tap: Arc<dyn Tap>,
        clock: Clock,
    ) -> Proxy {
        let (phase, stop) = watch::channel(Phase::Running);
        // Every task holds a sender; when all are gone, so are the connections.
        let (task, alive) = mpsc::channel(1);
        let shared = Arc::new(Shared {
            settings,
            connector,
            tap,
            clock,
            held: Arc::new(AtomicUsize::new(0)),
            last_id: AtomicI64::new(0),
        });
        for listener in self.listeners {
            let acceptor = Acceptor {
                listener,
                shared: Arc::clone(&shared),
                stop: Stop { phase: stop.clone() },
                task: task.clone(),
            };
            tokio::spawn(acceptor.run());
        }
        Proxy { phase, alive }
    }
}

impl Proxy {
    /// Stops accepting; connections may go on for `grace`, then they end where they are. Returns
    /// when the last one has. Dropping the future half-way ends nothing early.
    pub async fn finish(&mut self, grace: Duration) {
        self.phase.send_replace(Phase::Draining);
        if tokio::time::timeout(grace, self.alive.recv()).await.is_err() {
            self.end_now().await;
        }
    }

    /// Ends every connection where it is.
    pub async fn end_now(&mut self) {
        self.phase.send_replace(Phase::Stopped);
        self.alive.recv().await;
    }
}

impl Stop {
    /// Ready once no new work should begin.
    pub(super) async fn draining(&mut self) {
        self.reached(Phase::Draining).await;
    }

    /// Ready once everything should end.
    pub(super) async fn stopped(&mut self) {
        self.reached(Phase::Stopped).await;
    }

    async fn reached(&mut self, phase: Phase) {
        // The sender is gone only with the proxy itself, which is an end too.
        let _ = self.phase.wait_for(|now| *now >= phase).await;
    }
}

impl Shared {
    pub(super) fn next_id(&self) -> i64 {
        self.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }
}

struct Acceptor {
    listener: TcpListener,
    shared: Arc<Shared>,
    stop: Stop,
    task: mpsc::Sender<()>,
}

impl Acceptor {
    async fn run(self) {
        let mut stop = self.stop.clone();
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.draining() => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((tcp, address)) => self.welcome(tcp, address),
                // The client gave up before it was accepted.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    let why = plain_words(&error);
                    self.shared.tap.notice(format!("can't accept connections for now: {why}"));
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn welcome(&self, tcp: TcpStream, address: SocketAddr) {
        tune(&tcp);
        let (shared, stop) = (Arc::clone(&self.shared), self.stop.clone());
        let accepted_ns = shared.clock.now_ns();
        let task = self.task.clone();
        tokio::spawn(async move {
            let mut draining = stop.clone();
            let stream = tokio::select! {
                biased;
                () = draining.draining() => return,
                stream = accept_tls(&shared, tcp, address) => stream,
            };
            let Some(stream) = stream else { return };
            let client = ClientConnection::new(shared, stop, stream, address, accepted_ns);
            if let Some(tunnel) = client.serve().await {
                // In a task of its own: one that can also do all that came before takes 5 KiB,
                // and a WebSocket may be idle for hours.
                tokio::spawn(async move {
                    tunnel.run().await;
                    drop(task);
                });
            }
        });
    }
}

async fn accept_tls(shared: &Shared, tcp: TcpStream, address: SocketAddr) -> Option<Stream> {
    let Some(config) = &shared.settings.tls else { return Some(Stream::Plain(tcp)) };
    let accepting = TlsAcceptor::from(Arc::clone(config)).accept(tcp);
    let why = match tokio::time::timeout(TLS_TIME, accepting).await {
        Ok(Ok(tls)) => return Some(Stream::Tls(Box::new(tls.into()))),
        Ok(Err(error)) => plain_words(&error),
        Err(_) => "no TLS handshake within 10 s".to_owned(),
    };
    shared.tap.notice(format!("a TLS handshake from {address} failed: {why}"));
    None
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // On Windows this option would let two programs share a port.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG.try_into().unwrap_or(i32::MAX))?;
    TcpListener::from_std(socket.into())
}
