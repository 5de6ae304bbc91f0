//! Echo load whose payloads count: what a client got back, and when, is the oracle of what must be
//! in the recording.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

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
    echoed: Arc<AtomicU64>,
    times: Arc<Mutex<Vec<Instant>>>,
    sender: JoinHandle<u64>,
    receiver: JoinHandle<()>,
}

/// What a client knows at its end.
pub(crate) struct Carried {
    /// Frames sent, whole.
    pub(crate) sent: u64,
    /// When the echo of each counter came, in order.
    pub(crate) echoes: Vec<Instant>,
}

impl Load {
    /// Connects through `address` and begins.
    #[track_caller]
    pub(crate) fn start(address: SocketAddr) -> Self {
        let socket = connect(address).expect("a WebSocket");
        let (stop, echoed) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let times: Arc<Mutex<Vec<Instant>>> = Arc::default();
        let sender = {
            let (socket, stop) = (socket.try_clone().unwrap(), Arc::clone(&stop));
            let echoed = Arc::clone(&echoed);
            std::thread::spawn(move || send_counters(socket, &stop, &echoed))
        };
        let receiver = {
            let (socket, echoed) = (socket.try_clone().unwrap(), Arc::clone(&echoed));
            let times = Arc::clone(&times);
            std::thread::spawn(move || receive_echoes(socket, &echoed, &times))
        };
        Self { socket, stop, echoed, times, sender, receiver }
    }

    /// Echoes so far.
    pub(crate) fn echoed(&self) -> u64 {
        self.echoed.load(Ordering::Acquire)
    }

    /// Waits until `more` further echoes have come.
    #[track_caller]
    pub(crate) fn wait_for(&self, more: u64) {
        let (wanted, deadline) = (self.echoed() + more, Instant::now() + NEVER);
        while self.echoed() < wanted {
            assert!(Instant::now() < deadline, "the traffic has stopped at {}", self.echoed());
            std::thread::yield_now();
        }
    }

    /// Sends no more, waits for every echo, closes.
    pub(crate) fn finish(self) -> Carried {
        self.stop.store(true, Ordering::Release);
        let sent = self.sender.join().unwrap();
        let deadline = Instant::now() + NEVER;
        while self.echoed.load(Ordering::Acquire) < sent {
            assert!(Instant::now() < deadline, "echoes are missing");
            std::thread::yield_now();
        }
        self.socket.shutdown(Shutdown::Write).unwrap();
        self.receiver.join().unwrap();
        Carried { sent, echoes: self.times.lock().unwrap().clone() }
    }

    /// What it knows once the proxy is gone.
    pub(crate) fn ended(self) -> Carried {
        let sent = self.sender.join().unwrap();
        self.receiver.join().unwrap();
        Carried { sent, echoes: self.times.lock().unwrap().clone() }
    }
}

fn send_counters(mut socket: TcpStream, stop: &AtomicBool, echoed: &AtomicU64) -> u64 {
    let mut sent = 0;
    while !stop.load(Ordering::Acquire) {
        if sent - echoed.load(Ordering::Acquire) >= WINDOW {
            std::thread::yield_now();
            if is_over(&socket) {
                break;
            }
            continue;
        }
        if socket.write_all(&client_frame(sent)).is_err() {
            break;
        }
        sent += 1;
    }
    sent
}

/// The other side has ended and all that it sent was taken.
fn is_over(socket: &TcpStream) -> bool {
    matches!(socket.take_error(), Ok(Some(_)) | Err(_))
        || matches!(socket.peer_addr(), Err(error) if error.kind() == std::io::ErrorKind::NotConnected)
}

fn receive_echoes(mut socket: TcpStream, echoed: &AtomicU64, times: &Mutex<Vec<Instant>>) {
    let mut frame = [0; SERVER_FRAME];
    let mut counter = 0;
    while socket.read_exact(&mut frame).is_ok() {
        assert_eq!(&frame[..], server_frame(counter), "echo {counter}");
        times.lock().unwrap().push(Instant::now());
        counter += 1;
        echoed.store(counter, Ordering::Release);
    }
    // Wakes the sender, whatever it waits for.
    let _ = socket.shutdown(Shutdown::Both);
}
