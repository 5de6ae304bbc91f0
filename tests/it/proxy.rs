//! The proxy on real sockets, with a tap that keeps what it is given.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use wiretape::proxy::{
    Clock, Connector, HostPolicy, Listening, Proxy, Push, Settings, Tap, Upstream,
};
use wiretape::wire::{Connection, Direction, Ending, Frame, Gap, Opcode, Stamp};

type Kept = (i64, Direction, Stamp, Frame<'static>);

#[derive(Default)]
pub(crate) struct Keeper {
    pub(crate) frames: Mutex<Vec<Kept>>,
    pub(crate) connections: Mutex<Vec<Connection>>,
    pub(crate) notices: Mutex<Vec<String>>,
}

impl Tap for Keeper {
    fn connection(&self, connection: Connection) {
        self.connections.lock().unwrap().push(connection);
    }

    fn append(&self, connection: i64, write: &mut dyn FnMut(&mut Push<'_>)) {
        let mut frames = self.frames.lock().unwrap();
        write(&mut |direction, stamp, frame| {
            frames.push((connection, direction, stamp, frame.clone().into_owned()));
        });
    }

    fn gap(&self, gap: Gap) {
        panic!("a gap nobody asked for: {gap:?}");
    }

    fn poll_ready(&self, _: i64, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn notice(&self, text: String) {
        self.notices.lock().unwrap().push(text);
    }
}

pub(crate) struct Running {
    runtime: tokio::runtime::Runtime,
    proxy: Proxy,
    pub(crate) address: SocketAddr,
    keeper: Arc<Keeper>,
}

impl Running {
    fn start(upstream: SocketAddr) -> Self {
        Self::start_with(&format!("ws://{upstream}"), None, None)
    }

    pub(crate) fn start_with(
        upstream: &str,
        towards_server: Option<Arc<rustls::ClientConfig>>,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let keeper = Arc::new(Keeper::default());
        let _guard = runtime.enter();
        let listening = Listening::bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
        let address = listening.address().unwrap();
        let upstream = Upstream::parse(upstream).unwrap();
        let settings = Settings {
            host: HostPolicy::for_upstream(&upstream),
            headers: Vec::new(),
            max_payload: 16 << 20,
            handshake_limit: Duration::from_secs(30),
            tls,
        };
        let tap = Arc::<Keeper>::clone(&keeper);
        let proxy = listening.serve(
            settings,
            Connector::new(upstream, towards_server),
            tap,
            Clock::start(),
        );
        Self { runtime, proxy, address, keeper }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Ends the proxy once its connections have, and gives what was kept.
    pub(crate) fn finish(mut self) -> Arc<Keeper> {
        self.runtime.block_on(self.proxy.finish(Duration::from_secs(20)));
        self.keeper
    }
}

/// A server that hands its connections to `serve`, one after the other.
pub(crate) fn server(
    connections: usize,
    serve: impl Fn(TcpStream) + Send + 'static,
) -> (SocketAddr, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        for _ in 0..connections {
            let (stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            serve(stream);
        }
    });
    (address, thread)
}

pub(crate) fn read_head(stream: &mut TcpStream) -> Vec<u8> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    head
}

fn read_exactly(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

pub(crate) const UPGRADE: &[u8] =
    b"GET /ws?room=1 HTTP/1.1\r\nhOsT:  localhost:1\r\nUpgrade: websocket\r\n\
    Connection: keep-alive, Upgrade\r\nX-Odd:v \r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\nEmpty:\r\nX-Odd: \xe9\r\n\r\n";
pub(crate) const SWITCH: &[u8] =
    b"HTTP/1.1 101 Off We Go\r\nupgrade: WebSocket\r\nConnection: Upgrade\r\n\
    X-Z:1\r\n\r\n";

#[test]
fn heads_and_frames_pass_byte_for_byte_and_are_kept() {
    let (upstream, thread) = server(1, |mut stream| {
        assert_eq!(read_head(&mut stream), UPGRADE);
        // The answer and two frames in one segment.
        let answer = [SWITCH, b"\x81\x02hi\x89\x00"].concat();
        stream.write_all(&answer).unwrap();
        assert_eq!(read_exactly(&mut stream, 8), b"\x81\x82\x01\x02\x03\x04ik");
        stream.write_all(b"\x88\x02\x03\xe8").unwrap();
        assert_eq!(read_exactly(&mut stream, 8), b"\x88\x82\x00\x00\x00\x00\x03\xe8");
    });
    let running = Running::start(upstream);
    let mut client = running.connect();
    // A frame before the 101: kept, and delivered after it.
    client.write_all(&[UPGRADE, b"\x81\x82\x01\x02\x03\x04ik"].concat()).unwrap();
    assert_eq!(read_head(&mut client), SWITCH);
    assert_eq!(read_exactly(&mut client, 10), b"\x81\x02hi\x89\x00\x88\x02\x03\xe8");
    client.write_all(b"\x88\x82\x00\x00\x00\x00\x03\xe8").unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    drop(client);
    thread.join().unwrap();
    let keeper = running.finish();
    let frames = keeper.frames.lock().unwrap();
    let of = |direction| {
        frames
            .iter()
            .filter(move |(_, way, ..)| *way == direction)
            .map(|(_, _, _, frame)| (frame.header.opcode(), frame.payload.to_vec()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of(Direction::ClientToServer),
        [(Opcode::TEXT, b"hi".to_vec()), (Opcode::CLOSE, vec![3, 0xe8])]
    );
    let back = of(Direction::ServerToClient);
    assert_eq!(back[0], (Opcode::TEXT, b"hi".to_vec()));
    assert_eq!((back[1].0, back[2].0), (Opcode::PING, Opcode::CLOSE));
    assert!(frames.iter().all(|(_, _, stamp, _)| stamp.written_ns >= Some(stamp.read_ns)));
    let last = keeper.connections.lock().unwrap().last().cloned().unwrap();
    assert_eq!((last.id, last.status, last.ending), (1, Some(101), Some(Ending::Closed)));
    assert_eq!((&last.request_head[..], &last.response_head[..]), (UPGRADE, SWITCH));
    assert_eq!((last.frames, last.bytes), ([2, 3], [16, 10]));
}

#[test]
fn a_refused_upgrade_is_kept_and_the_connection_goes_on() {
    let (upstream, thread) = server(1, |mut stream| {
        for answer in [
            &b"HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwho\r\n0\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            SWITCH,
        ] {
            read_head(&mut stream);
            stream.write_all(answer).unwrap();
        }
        stream.write_all(b"\x81\x02hi").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"\x81\x80\x00\x00\x00\x00", "half-close: the other way goes on");
    });
    let running = Running::start(upstream);
    let mut client = running.connect();
    client.write_all(UPGRADE).unwrap();
    read_head(&mut client);
    assert_eq!(read_exactly(&mut client, 13), b"3\r\nwho\r\n0\r\n\r\n");
    client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    read_head(&mut client);
    assert_eq!(read_exactly(&mut client, 2), b"ok");
    client.write_all(UPGRADE).unwrap();
    assert_eq!(read_head(&mut client), SWITCH);
    assert_eq!(read_exactly(&mut client, 4), b"\x81\x02hi");
    assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
    client.write_all(b"\x81\x80\x00\x00\x00\x00").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    thread.join().unwrap();
    let keeper = running.finish();
    let ended: Vec<_> = keeper
        .connections
        .lock()
        .unwrap()
        .iter()
        .filter(|connection| connection.ending.is_some())
        .map(|c| (c.id, c.status, c.ending, c.response_body.clone()))
        .collect();
    assert_eq!(
        ended,
        [
            (1, Some(401), Some(Ending::Refused), b"who".to_vec()),
            (2, Some(101), Some(Ending::Eof), Vec::new())
        ]
    );
}

#[test]
fn a_reset_stays_a_reset_and_what_came_before_arrives() {
    let (upstream, thread) = server(1, |mut stream| {
        read_head(&mut stream);
        stream.write_all(&[SWITCH, b"\x81\x05hel"].concat()).unwrap();
        // Nothing may be lost by the reset itself: wait until the client has it all.
        assert_eq!(read_exactly(&mut stream, 1), b"\x81");
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    });
    let running = Running::start(upstream);
    let mut client = running.connect();
    client.write_all(UPGRADE).unwrap();
    read_head(&mut client);
    assert_eq!(read_exactly(&mut client, 5), b"\x81\x05hel");
    client.write_all(b"\x81").unwrap();
    let error = client.read(&mut [0; 8]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    thread.join().unwrap();
    let keeper = running.finish();
    let last = keeper.connections.lock().unwrap().last().cloned().unwrap();
    assert_eq!(last.ending, Some(Ending::Reset));
    let words: Vec<_> = keeper
        .frames
        .lock()
        .unwrap()
        .iter()
        .map(|(_, _, _, frame)| frame.marks.words().collect::<Vec<_>>())
        .collect();
    assert_eq!(words, [vec!["cut"], vec!["cut"]]);
}

#[test]
fn an_unreachable_server_is_a_502_with_one_line() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let running = Running::start(free);
    let mut client = running.connect();
    client.write_all(UPGRADE).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{answer}");
    assert!(answer.ends_with(": connection refused\n"), "{answer}");
    drop(client);
    let keeper = running.finish();
    let last = keeper.connections.lock().unwrap().last().cloned().unwrap();
    assert_eq!((last.status, last.ending), (Some(502), Some(Ending::Failed)));
}

/// A reader that takes little at a time makes the proxy wait for room again and again; each wait
/// must end.
#[test]
fn a_large_answer_reaches_a_reader_that_takes_little_at_a_time() {
    const LENGTH: usize = 8 << 20;
    let (upstream, thread) = server(1, |mut stream| {
        read_head(&mut stream);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&vec![7; LENGTH]).unwrap();
    });
    let running = Running::start(upstream);
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    // Before connecting, or the window is agreed on already.
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&running.address.into()).unwrap();
    let mut client = TcpStream::from(socket);
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
    read_head(&mut client);
    let mut received = 0;
    let mut buffer = [0; 1500];
    while received < LENGTH {
        let read = client.read(&mut buffer).unwrap();
        assert!(read > 0, "the end came after {received} bytes");
        received += read;
    }
    assert_eq!(received, LENGTH);
    thread.join().unwrap();
}
