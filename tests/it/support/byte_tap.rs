//! A bare TCP relay that keeps every byte of every connection: what the two sides of the proxy are
//! compared by, whatever language the peers are written in.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Relays to one address.
pub(crate) struct ByteTap {
    pub(crate) address: SocketAddr,
    connections: Arc<Mutex<Vec<Arc<Tapped>>>>,
}

/// Both directions of one connection, as they went by.
#[derive(Default)]
pub(crate) struct Tapped {
    c2s: Mutex<Vec<u8>>,
    s2c: Mutex<Vec<u8>>,
}

impl Tapped {
    /// What the client sent.
    pub(crate) fn c2s(&self) -> Vec<u8> {
        self.c2s.lock().unwrap().clone()
    }

    /// What the server sent.
    pub(crate) fn s2c(&self) -> Vec<u8> {
        self.s2c.lock().unwrap().clone()
    }
}

impl ByteTap {
    /// Relays to `upstream` until the test ends.
    pub(crate) fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections: Arc<Mutex<Vec<Arc<Tapped>>>> = Arc::default();
        let kept = Arc::clone(&connections);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(upstream) else { continue };
                let tapped = Arc::new(Tapped::default());
                kept.lock().unwrap().push(Arc::clone(&tapped));
                relay(client, server, &tapped);
            }
        });
        Self { address, connections }
    }

    /// The connections that asked for a WebSocket, by their `Sec-WebSocket-Key`.
    pub(crate) fn websockets(&self) -> Vec<(String, Arc<Tapped>)> {
        let connections = self.connections.lock().unwrap();
        let keyed = |tapped: &Arc<Tapped>| {
            Some((websocket_key(&tapped.c2s.lock().unwrap())?, Arc::clone(tapped)))
        };
        connections.iter().filter_map(keyed).collect()
    }
}

/// The `Sec-WebSocket-Key` of the last request in `bytes`, if there is one.
pub(crate) fn websocket_key(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let lower = text.to_ascii_lowercase();
    let at = lower.rfind("sec-websocket-key:")? + "sec-websocket-key:".len();
    Some(text[at..].lines().next()?.trim().to_owned())
}

fn relay(client: TcpStream, server: TcpStream, tapped: &Arc<Tapped>) {
    for socket in [&client, &server] {
        socket.set_nodelay(true).unwrap();
    }
    let (client2, server2) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (out, back) = (Arc::clone(tapped), Arc::clone(tapped));
    std::thread::spawn(move || pump(client, server, &out.c2s));
    std::thread::spawn(move || pump(server2, client2, &back.s2c));
}

fn pump(mut from: TcpStream, mut to: TcpStream, kept: &Mutex<Vec<u8>>) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                kept.lock().unwrap().extend_from_slice(&buffer[..read]);
                if to.write_all(&buffer[..read]).is_err() {
                    break;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
