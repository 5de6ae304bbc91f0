//! Echo load whose payloads count: what a client got back, and when, is the oracle of what must be
//! in the recording.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::NEVER;

pub(crate) const REQUEST: &[u8] = b"GET /load HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

pub(crate) const SWITCH: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A counter of 8 bytes and padding, so that a frame is of an ordinary size.
pub(crate) const PAYLOAD: usize = 100;

/// Header, mask key of zeros, payload.
const CLIENT_FRAME: usize = 2 + 4 + PAYLOAD;

/// Header, payload.
const SERVER_FRAME: usize = 2 + PAYLOAD;

/// Frames that may be on their way at once.
const WINDOW: u64 = 200;

/// The wire bytes of the client's frame number `counter`.
pub(crate) fn client_frame(counter: u64) -> Vec<u8> {
    let mut frame = vec![0x82, 0x80 | PAYLOAD as u8, 0, 0, 0, 0];
    frame.extend_from_slice(&counter.to_be_bytes());
    frame.resize(CLIENT_FRAME, 0x2e);
    frame
}

/// The wire bytes of the server's answer to it.
pub(crate) fn server_frame(counter: u64) -> Vec<u8> {
    let mut frame = vec![0x82, PAYLOAD as u8];
    frame.extend_from_slice(&counter.to_be_bytes());
    frame.resize(SERVER_FRAME, 0x2e);
    frame
}

/// Reads up to the blank line and no further.
pub(crate) fn read_head(socket: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(head)
}

/// Serves echoes until the test ends.
pub(crate) fn echo_server() -> SocketAddr {
    serve(echo)
}

/// The first `stuck` connections are never read after their handshake; the others are echoed.
pub(crate) fn echo_server_after(stuck: u64) -> SocketAddr {
    let accepted = Arc::new(AtomicU64::new(0));
    serve(move |socket| {
        if accepted.fetch_add(1, Ordering::Relaxed) < stuck {
            // Held for as long as the process lives.
            std::mem::forget(socket);
        } else {
            echo(socket);
        }
    })
}

fn echo(mut socket: TcpStream) {
    let mut held = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = socket.read(&mut buffer) {
        held.extend_from_slice(&buffer[..read]);
        let whole = held.len() / CLIENT_FRAME;
        let mut back = Vec::with_capacity(whole * SERVER_FRAME);
        for frame in held.chunks_exact(CLIENT_FRAME) {
            back.extend_from_slice(&[0x82, PAYLOAD as u8]);
            back.extend_from_slice(&frame[6..]);
        }
        held.drain(..whole * CLIENT_FRAME);
        if socket.write_all(&back).is_err() {
            return;
        }
    }
}

/// Accepts WebSockets until the test ends, each on a thread with `then`.
pub(crate) fn serve(then: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            let then = then.clone();
            std::thread::spawn(move || {
                let shaken = read_head(&mut socket).and_then(|_| socket.write_all(SWITCH));
                if shaken.is_ok() {
                    then(socket);
                }
            });
        }
    });
    address
}

/// A WebSocket through `address`.
pub(crate) fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(NEVER))?;
    socket.set_write_timeout(Some(NEVER))?;
    socket.write_all(REQUEST)?;
    let head = read_head(&mut socket)?;
    if !head.starts_with(b"HTTP/1.1 101 ") {
        return Err(std::io::Error::other(String::from_utf8_lossy(&head).into_owned()));
    }
    Ok(socket)
}

/// One client: sends counters, checks each echo, notes when it came.
pub(crate) struct Load {
    socket: TcpStream,
    stop: Arc<AtomicBool>,
    echoes: Arc<Echoes>,
    sender: JoinHandle<u64>,
    receiver: JoinHandle<()>,
}

/// How fast a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As fast as it can: more than a debug build stores at once, so that frames wait.
    Full,
    /// A few thousand frames a second, which any build keeps up with.
    Steady,
}

/// When each echo came, in order; whoever waits for more of them is woken.
#[derive(Default)]
struct Echoes {
    times: Mutex<(Vec<Instant>, bool)>,
    changed: Condvar,
}

impl Echoes {
    fn count(&self) -> u64 {
        self.times.lock().unwrap().0.len() as u64
    }

    /// Waits until there are `wanted`; false if there will never be.
    fn reach(&self, wanted: u64) -> bool {
        let times = self.times.lock().unwrap();
        let waiting =
            |state: &mut (Vec<Instant>, bool)| (state.0.len() as u64) < wanted && !state.1;
        let (times, _) = self.changed.wait_timeout_while(times, NEVER, waiting).unwrap();
        times.0.len() as u64 >= wanted
    }
}

/// What a client knows at its end.
pub(crate) struct Carried {
    /// Frames sent, whole.
    pub(crate) sent: u64,
    /// When the echo of each counter came, in order.
    pub(crate) echoes: Vec<Instant>,
}

impl Load {
    /// Connects through `address` and sends as fast as the echoes come.
    #[track_caller]
    pub(crate) fn start(address: SocketAddr) -> Self {
        Self::start_at(address, Pace::Full)
    }

    /// The same at a pace.
    #[track_caller]
    pub(crate) fn start_at(address: SocketAddr, pace: Pace) -> Self {
        let socket = connect(address).expect("a WebSocket");
        let (stop, echoes) = (Arc::<AtomicBool>::default(), Arc::<Echoes>::default());
        let sender = {
            let (socket, stop) = (socket.try_clone().unwrap(), Arc::clone(&stop));
            let echoes = Arc::clone(&echoes);
            std::thread::spawn(move || send_counters(socket, &stop, &echoes, pace))
        };
        let receiver = {
            let (socket, echoes) = (socket.try_clone().unwrap(), Arc::clone(&echoes));
            std::thread::spawn(move || receive_echoes(socket, &echoes))
        };
        Self { socket, stop, echoes, sender, receiver }
    }

    /// Waits until `more` further echoes have come.
    #[track_caller]
    pub(crate) fn wait_for(&self, more: u64) {
        let wanted = self.echoes.count() + more;
        assert!(self.echoes.reach(wanted), "the traffic has stopped at {}", self.echoes.count());
    }

    /// Sends no more, waits for every echo, closes.
    pub(crate) fn finish(self) -> Carried {
        self.stop.store(true, Ordering::Release);
        let sent = self.sender.join().unwrap();
        assert!(self.echoes.reach(sent), "echoes are missing");
        self.socket.shutdown(Shutdown::Write).unwrap();
        self.receiver.join().unwrap();
        Carried { sent, echoes: self.echoes.times.lock().unwrap().0.clone() }
    }

    /// What it knows once the proxy is gone.
    pub(crate) fn ended(self) -> Carried {
        let sent = self.sender.join().unwrap();
        self.receiver.join().unwrap();
        Carried { sent, echoes: self.echoes.times.lock().unwrap().0.clone() }
    }
}

fn send_counters(mut socket: TcpStream, stop: &AtomicBool, echoes: &Echoes, pace: Pace) -> u64 {
    let mut sent = 0;
    while !stop.load(Ordering::Acquire) && echoes.reach((sent + 1_u64).saturating_sub(WINDOW)) {
        if socket.write_all(&client_frame(sent)).is_err() {
            break;
        }
        sent += 1;
        if pace == Pace::Steady && sent.is_multiple_of(4) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    sent
}

fn receive_echoes(mut socket: TcpStream, echoes: &Echoes) {
    let mut frame = [0; SERVER_FRAME];
    let mut counter = 0;
    while socket.read_exact(&mut frame).is_ok() {
        assert_eq!(&frame[..], server_frame(counter), "echo {counter}");
        echoes.times.lock().unwrap().0.push(Instant::now());
        echoes.changed.notify_all();
        counter += 1;
    }
    // The end: nobody has to wait any more.
    echoes.times.lock().unwrap().1 = true;
    echoes.changed.notify_all();
    let _ = socket.shutdown(Shutdown::Both);
}
