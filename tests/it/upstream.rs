//! Upstreams that are down, deaf, slow or cut short, through the real binary: what the client gets,
//! what is recorded (group N of the catalogue of faults).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::path::Path;

use crate::http::{SWITCH, UPGRADE, assert_refused, send, through};
use crate::support::assert_same_bytes;
use crate::support::proxy::{Options, start_proxy, start_proxy_at};
use crate::support::recorded::Recorded;
use crate::support::script::{End, ScriptedServer, Seen, Step, client, play};

#[test]
fn an_upstream_that_is_down_is_a_502_and_recovers() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = start_proxy(address, Options::default());
    for request in [UPGRADE, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"] {
        let seen = client(proxy.address, &[send(request), Step::ReceiveEnd]);
        let answer = String::from_utf8_lossy(&seen.received).into_owned();
        assert_refused(request.as_bytes(), 502, &answer);
        assert!(answer.contains("connection refused"), "{answer}");
    }
    let listener = TcpListener::bind(address).expect("the port is still free");
    let back = std::thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        let script = [Step::ReceiveUntil(b"\r\n\r\n"), send(SWITCH), Step::ReceiveEnd];
        play(socket, &script)
    });
    let seen = client(proxy.address, &[send(UPGRADE), Step::Receive(SWITCH.len())]);
    assert_same_bytes("answer", SWITCH.as_bytes(), &seen.received);
    back.join().unwrap();
    let ended = proxy.terminate();
    let rows = Recorded::open(&ended.recording).connections();
    let endings: Vec<_> = rows.iter().map(|row| (row.status, row.ending.as_deref())).collect();
    assert_eq!(endings, [(Some(502), Some("failed")), (Some(101), Some("eof"))]);
    assert!(rows[0].detail.as_deref().is_some_and(|detail| detail.contains("refused")));
}

#[test]
fn names_that_do_not_resolve_or_have_one_family_only() {
    let proxy = start_proxy_at("ws://no.invalid:1", Options::default());
    let seen = client(proxy.address, &[send(UPGRADE), Step::ReceiveEnd]);
    assert_refused(UPGRADE.as_bytes(), 502, &String::from_utf8_lossy(&seen.received));
    proxy.terminate();
    // Only one family listens, whichever of a name's addresses comes first.
    for (address, host) in
        [("127.0.0.1:0", "localhost"), ("[::1]:0", "localhost"), ("[::1]:0", "[::1]")]
    {
        let ipv6 = address.starts_with('[');
        let known = format!("{host}:1").to_socket_addrs().unwrap().any(|known| known.is_ipv6());
        // A machine without IPv6 can't show the half of it.
        let Ok(listener) = TcpListener::bind(address) else { continue };
        if ipv6 && !known {
            continue;
        }
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            let answer = send("HTTP/1.1 204 No\r\n\r\n");
            play(socket, &[Step::ReceiveUntil(b"\r\n\r\n"), answer])
        });
        let proxy = start_proxy_at(&format!("http://{host}:{port}"), Options::default());
        let get = send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        let seen = client(proxy.address, &[get, Step::ReceiveUntil(b"\r\n\r\n")]);
        let answer = String::from_utf8_lossy(&seen.received).into_owned();
        assert!(answer.starts_with("HTTP/1.1 204"), "{host}: {answer}");
        server.join().unwrap();
        proxy.terminate();
    }
}

/// A listener with no room left: the system answers no further connection to it.
fn deaf(address: SocketAddr) -> (socket2::Socket, Vec<socket2::Socket>) {
    let new = || {
        let domain = socket2::Domain::for_address(address);
        socket2::Socket::new(domain, socket2::Type::STREAM, None).unwrap()
    };
    let listener = new();
    listener.bind(&address.into()).unwrap();
    listener.listen(0).unwrap();
    let full = listener.local_addr().unwrap();
    let crowd = (0..4).map(|_| new()).inspect(|socket| {
        socket.set_nonblocking(true).unwrap();
        // Made or waiting: either takes room.
        let _ = socket.connect(&full);
    });
    let crowd = crowd.collect();
    (listener, crowd)
}

/// The loopback addresses in the order in which `localhost` gives them.
fn both_loopbacks() -> (IpAddr, IpAddr) {
    let known: Vec<SocketAddr> = "localhost:1".to_socket_addrs().unwrap().collect();
    let (v4, v6) = (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
    if known[0].is_ipv6() { (v6, v4) } else { (v4, v6) }
}

/// How long the only connection took to connect, in milliseconds, and to where.
fn connected(recording: &Path) -> (i64, String) {
    let sql = "SELECT connect_ns / 1000000, server FROM connection";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    Recorded::open(recording).sql.query_row(sql, [], row).unwrap()
}

/// Takes one connection, switches, and sees what comes.
fn switching(server: TcpListener) -> std::thread::JoinHandle<Seen> {
    std::thread::spawn(move || {
        let (socket, _) = server.accept().unwrap();
        play(socket, &[Step::ReceiveUntil(b"\r\n\r\n"), send(SWITCH), Step::ReceiveEnd])
    })
}

#[test]
fn a_dead_first_address_costs_a_quarter_of_a_second() {
    let (dead, alive) = both_loopbacks();
    // A machine without IPv6 has only one address to try.
    let Ok(server) = TcpListener::bind((alive, 0)) else { return };
    let address = server.local_addr().unwrap();
    let _deaf = deaf(SocketAddr::new(dead, address.port()));
    let answering = switching(server);
    let proxy = start_proxy_at(&format!("ws://localhost:{}", address.port()), Options::default());
    let seen = client(proxy.address, &[send(UPGRADE), Step::Receive(SWITCH.len())]);
    assert_same_bytes("answer", SWITCH.as_bytes(), &seen.received);
    assert_same_bytes("request", UPGRADE.as_bytes(), &answering.join().unwrap().received);
    let ended = proxy.terminate();
    let (took_ms, server) = connected(&ended.recording);
    // What it took is told, and not only the attempt that won.
    assert!((250..3_000).contains(&took_ms), "{took_ms} ms");
    assert_eq!(server, address.to_string());
}

/// Connections to `address` that wait for their first answer.
#[cfg(target_os = "linux")]
fn unanswered(address: SocketAddr) -> usize {
    let table = if address.is_ipv6() { "/proc/net/tcp6" } else { "/proc/net/tcp" };
    let remote = format!(":{:04X} 02 ", address.port());
    std::fs::read_to_string(table).unwrap().matches(&remote).count()
}

#[test]
#[cfg(target_os = "linux")]
fn a_slow_first_address_goes_on_beside_the_next() {
    let (slow, dead) = both_loopbacks();
    if TcpListener::bind((dead, 0)).is_err() {
        return;
    }
    let (listener, crowd) = deaf(SocketAddr::new(slow, 0));
    let slow = listener.local_addr().unwrap().as_socket().unwrap();
    let dead = SocketAddr::new(dead, slow.port());
    let _deaf = deaf(dead);
    let before = unanswered(dead);
    let proxy = start_proxy_at(&format!("ws://localhost:{}", slow.port()), Options::default());
    let address = proxy.address;
    let asking =
        std::thread::spawn(move || client(address, &[send(UPGRADE), Step::Receive(SWITCH.len())]));
    let next_is_tried = (0..10_000).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(1));
        unanswered(dead) > before
    });
    assert!(next_is_tried);
    // Room for the first one: who left the crowd is met on the way to it.
    drop(crowd);
    let server: TcpListener = listener.into();
    let answering = std::thread::spawn(move || {
        loop {
            let (socket, _) = server.accept().unwrap();
            if socket.peek(&mut [0]).is_ok_and(|came| came > 0) {
                let switch = [Step::ReceiveUntil(b"\r\n\r\n"), send(SWITCH), Step::ReceiveEnd];
                return play(socket, &switch);
            }
        }
    });
    assert_same_bytes("answer", SWITCH.as_bytes(), &asking.join().unwrap().received);
    assert_same_bytes("request", UPGRADE.as_bytes(), &answering.join().unwrap().received);
    let ended = proxy.terminate();
    assert_eq!(connected(&ended.recording).1, slow.to_string());
}

#[test]
fn an_upstream_that_says_nothing_is_a_504() {
    let server = ScriptedServer::start(vec![vec![Step::ReceiveEnd]]);
    let proxy = start_proxy(server.address, Options::args(&["--handshake-timeout", "1"]));
    let seen = client(proxy.address, &[send(UPGRADE), Step::ReceiveEnd]);
    assert_refused(UPGRADE.as_bytes(), 504, &String::from_utf8_lossy(&seen.received));
    assert_same_bytes("request", UPGRADE.as_bytes(), &server.seen().remove(0).received);
    let ended = proxy.terminate();
    let row = Recorded::open(&ended.recording).connections().remove(0);
    assert_eq!((row.status, row.ending.as_deref()), (Some(504), Some("failed")));
}

#[test]
fn a_client_that_leaves_early_ends_its_server_connection() {
    for leave in [Step::HalfClose, Step::Reset] {
        // The server's script ends only when it is told. Its hint says that it has the request: a
        // reset that overtakes that is of a connection nobody needs a server for.
        let hint = Step::Send(b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec());
        let script = vec![Step::ReceiveUntil(b"\r\n\r\n"), hint, Step::ReceiveEnd];
        let server = ScriptedServer::start(vec![script]);
        let proxy = start_proxy(server.address, Options::default());
        let socket = TcpStream::connect(proxy.address).unwrap();
        play(socket, &[send(UPGRADE), Step::ReceiveUntil(b"\r\n\r\n"), leave]);
        server.seen();
        proxy.event("connection_closed");
        let ended = proxy.terminate();
        let row = Recorded::open(&ended.recording).connections().remove(0);
        assert_eq!(row.ending.as_deref(), Some("failed"), "{row:?}");
    }
}

#[test]
fn an_upstream_that_closes_within_its_head_is_a_502_at_every_byte() {
    let cuts: Vec<usize> = (0..SWITCH.len()).collect();
    let scripts = cuts.iter().map(|cut| {
        vec![Step::ReceiveUntil(b"\r\n\r\n"), Step::Send(SWITCH.as_bytes()[..*cut].to_vec())]
    });
    let server = ScriptedServer::start(scripts.collect());
    let proxy = start_proxy(server.address, Options::default());
    for cut in &cuts {
        let seen = client(proxy.address, &[send(UPGRADE), Step::ReceiveEnd]);
        let answer = String::from_utf8_lossy(&seen.received).into_owned();
        assert!(answer.starts_with("HTTP/1.1 502 "), "cut at {cut}: {answer:?}");
        proxy.event("connection_closed");
    }
    server.seen();
    let ended = proxy.terminate();
    let rows = Recorded::open(&ended.recording).connections();
    assert_eq!(rows.len(), cuts.len());
    assert!(rows.iter().all(|row| row.ending.as_deref() == Some("failed")));
}

#[test]
fn an_answer_cut_within_its_body_arrives_cut() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly half",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    ] {
        let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        let (client, server, _) = through(
            &[send(get), Step::ReceiveEnd],
            vec![Step::ReceiveUntil(b"\r\n\r\n"), send(answer)],
        );
        assert_same_bytes("cut answer", &server.sent, &client.received);
    }
}

#[test]
fn a_kept_connection_that_the_server_closes_is_closed_to_the_client() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let (client, _, _) = through(
        &[send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), Step::ReceiveEnd],
        vec![Step::ReceiveUntil(b"\r\n\r\n"), send(answer)],
    );
    assert_same_bytes("answer", answer.as_bytes(), &client.received);
    assert_eq!(client.end, End::Eof);
}
