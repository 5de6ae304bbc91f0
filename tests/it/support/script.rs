//! Raw peers that do what a script says, byte by byte, and keep all they sent and received.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use super::NEVER;

/// What a peer does next.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Sends these bytes at once.
    Send(Vec<u8>),
    /// Sends them in pieces of this many bytes, each in a segment of its own.
    SendPieces(Vec<u8>, usize),
    /// Waits until this many bytes, counted since the script's start, have come.
    Receive(usize),
    /// Waits until these bytes are the last that came.
    ReceiveUntil(&'static [u8]),
    /// Waits until the other has ended its half, however it did.
    ReceiveEnd,
    /// Ends its own half.
    HalfClose,
    /// Closes at once with RST.
    Reset,
}

/// How the other's half ended, as far as this side knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    NotSeen,
    Eof,
    Reset,
}

/// What a peer saw.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) sent: Vec<u8>,
    pub(crate) received: Vec<u8>,
    pub(crate) end: End,
    /// A write failed, because the other was gone.
    pub(crate) deaf: bool,
}

/// Connects to `address` and plays `script`.
pub(crate) fn client(address: SocketAddr, script: &[Step]) -> Seen {
    let socket = TcpStream::connect(address).expect("someone listens");
    play(socket, script)
}

/// A server that plays `scripts`, one for each connection in turn.
pub(crate) struct ScriptedServer {
    pub(crate) address: SocketAddr,
    thread: JoinHandle<Vec<Seen>>,
}

impl ScriptedServer {
    /// Listens and accepts as many connections as there are scripts; they may overlap.
    pub(crate) fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            let played: Vec<JoinHandle<Seen>> = scripts
                .into_iter()
                .map(|script| {
                    let (socket, _) = listener.accept().unwrap();
                    std::thread::spawn(move || play(socket, &script))
                })
                .collect();
            played.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        Self { address, thread }
    }

    /// What it saw, once every script has been played.
    pub(crate) fn seen(self) -> Vec<Seen> {
        self.thread.join().expect("the server's scripts went as written")
    }
}

/// Plays `script` on `socket`, then closes it.
pub(crate) fn play(socket: TcpStream, script: &[Step]) -> Seen {
    socket.set_nodelay(true).unwrap();
    socket.set_read_timeout(Some(NEVER)).unwrap();
    socket.set_write_timeout(Some(NEVER)).unwrap();
    let mut peer = Peer {
        socket,
        seen: Seen { sent: Vec::new(), received: Vec::new(), end: End::NotSeen, deaf: false },
    };
    for step in script {
        peer.step(step);
    }
    peer.seen
}

struct Peer {
    socket: TcpStream,
    seen: Seen,
}

impl Peer {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Send(bytes) => self.send(bytes),
            Step::SendPieces(bytes, size) => {
                for piece in bytes.chunks(*size) {
                    self.send(piece);
                    // Not a synchronisation: it makes the pieces segments of their own.
                    std::thread::sleep(Duration::from_micros(50));
                }
            }
            Step::Receive(total) => {
                while self.seen.received.len() < *total {
                    assert!(self.receive(), "the end came before byte {total}: {:?}", self.brief());
                }
            }
            Step::ReceiveUntil(tail) => {
                while !self.seen.received.ends_with(tail) {
                    assert!(self.receive_byte(), "the end came before {:?}", self.brief());
                }
            }
            Step::ReceiveEnd => while self.receive() {},
            Step::HalfClose => self.socket.shutdown(Shutdown::Write).unwrap(),
            Step::Reset => {
                socket2::SockRef::from(&self.socket).set_linger(Some(Duration::ZERO)).unwrap();
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        match self.socket.write_all(bytes) {
            Ok(()) => self.seen.sent.extend_from_slice(bytes),
            Err(error) if is_gone(error.kind()) => self.seen.deaf = true,
            Err(error) => panic!("sending failed: {error}"),
        }
    }

    /// Takes what comes next; false at the end.
    fn receive(&mut self) -> bool {
        let mut buffer = vec![0; 64 << 10];
        self.receive_into(&mut buffer)
    }

    /// One byte at a time, so that nothing after a head is taken with it.
    fn receive_byte(&mut self) -> bool {
        self.receive_into(&mut [0])
    }

    fn receive_into(&mut self, buffer: &mut [u8]) -> bool {
        match self.socket.read(buffer) {
            Ok(0) => self.seen.end = End::Eof,
            Ok(read) => {
                self.seen.received.extend_from_slice(&buffer[..read]);
                return true;
            }
            Err(error) if is_gone(error.kind()) => self.seen.end = End::Reset,
            Err(error) => panic!("receiving failed: {error}; so far {:?}", self.brief()),
        }
        false
    }

    fn brief(&self) -> String {
        let received = &self.seen.received;
        let shown = String::from_utf8_lossy(&received[..received.len().min(400)]).into_owned();
        format!("{} bytes: {shown}", received.len())
    }
}

fn is_gone(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted
    )
}
