//! HTTP through the real binary: what passes, what is refused, what is recorded (groups H and N of
//! the catalogue of faults).

mod refused;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::channel;

use crate::support::proxy::{Ended, Options, start_proxy};
use crate::support::recorded::Recorded;
use crate::support::script::{End, ScriptedServer, Seen, Step, client};
use crate::support::{NEVER, assert_same_bytes, noise};

pub(crate) const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

pub(crate) const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// One client and one server connection through a proxy of their own.
#[track_caller]
pub(crate) fn through(client_script: &[Step], server_script: Vec<Step>) -> (Seen, Seen, Ended) {
    let server = ScriptedServer::start(vec![server_script]);
    let proxy = start_proxy(server.address, Options::default());
    let client = client(proxy.address, client_script);
    let server = server.seen().remove(0);
    (client, server, proxy.terminate())
}

pub(crate) fn send(text: &str) -> Step {
    Step::Send(text.as_bytes().to_vec())
}

#[track_caller]
pub(crate) fn assert_refused(request: &[u8], status: u16, answer: &str) {
    let shown =
        String::from_utf8_lossy(&request[..request.len().min(200)]).escape_debug().to_string();
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{shown}: {answer:?}");
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    assert!(body.starts_with("wiretape: ") && body.lines().count() == 1, "{shown}: {answer:?}");
}

#[test]
fn plain_requests_on_one_connection_pass_byte_for_byte_and_are_not_recorded() {
    let talk = [
        ("GET /a HTTP/1.1\r\nhost:h\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        (
            "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
             3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nTrailer: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n\r\n",
        ),
        ("HEAD /c HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"),
        ("GET /d HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n"),
        ("GET /e HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 304 Not\r\nContent-Length: 7\r\n\r\n"),
        (
            "PUT /f HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody",
            "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n",
        ),
        ("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 \r\ncontent-length:\t2\r\n\r\nok"),
        (
            "GET /g HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 301 Moved\r\nLocation: /h\r\nContent-Length: 0\r\n\r\n",
        ),
    ];
    let (mut client_script, mut server_script) = (Vec::new(), Vec::new());
    let (mut asked, mut answered) = (0, 0);
    for (request, answer) in talk {
        (asked, answered) = (asked + request.len(), answered + answer.len());
        client_script.extend([send(request), Step::Receive(answered)]);
        server_script.extend([Step::Receive(asked), send(answer)]);
    }
    client_script.extend([Step::HalfClose, Step::ReceiveEnd]);
    server_script.push(Step::ReceiveEnd);
    let (client, server, ended) = through(&client_script, server_script);
    assert_same_bytes("requests", &client.sent, &server.received);
    assert_same_bytes("answers", &server.sent, &client.received);
    assert_eq!(Recorded::open(&ended.recording).connections().len(), 0);
}

#[test]
fn requests_sent_ahead_of_their_answers_keep_their_order() {
    let request = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
    let answers = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1";
    let (client, server, _) = through(
        &[send(request), Step::Receive(2 * answers.len()), Step::HalfClose, Step::ReceiveEnd],
        vec![
            Step::ReceiveUntil(b"\r\n\r\n"),
            send(answers),
            Step::Receive(request.len()),
            send(answers),
            Step::ReceiveEnd,
        ],
    );
    assert_same_bytes("requests", &client.sent, &server.received);
    assert_same_bytes("answers", &server.sent, &client.received);
}

#[test]
fn large_bodies_pass_both_ways() {
    let body = noise(21, 24 << 20);
    let head = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", body.len());
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let (client, server, _) = through(
        &[send(&head), Step::Send(body.clone()), Step::Receive(answer.len() + body.len())],
        vec![Step::Receive(head.len() + body.len()), send(&answer), Step::Send(body)],
    );
    assert_same_bytes("upload", &client.sent, &server.received);
    assert_same_bytes("download", &server.sent, &client.received);
}

/// Each side sends its next piece only when the other says that the last one is there.
#[test]
fn bodies_are_streamed_unbuffered_both_ways() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = start_proxy(listener.local_addr().unwrap(), Options::default());
    let (got_event, event_read) = channel();
    let (got_piece, piece_read) = channel();
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.set_read_timeout(Some(NEVER)).unwrap();
        let mut seen = Vec::new();
        for piece in ["\r\n\r\n", "2\r\nab\r\n", "2\r\ncd\r\n", "0\r\n\r\n"] {
            while !seen.ends_with(piece.as_bytes()) {
                let mut byte = [0];
                socket.read_exact(&mut byte).unwrap();
                seen.push(byte[0]);
            }
            got_piece.send(()).unwrap();
        }
        socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n").unwrap();
        for number in 0..5 {
            socket.write_all(format!("data: {number}\n\n").as_bytes()).unwrap();
            event_read.recv_timeout(NEVER).expect("the event arrives while the answer goes on");
        }
    });
    let mut socket = TcpStream::connect(proxy.address).unwrap();
    socket.set_read_timeout(Some(NEVER)).unwrap();
    socket.write_all(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    for piece in ["2\r\nab\r\n", "2\r\ncd\r\n", "0\r\n\r\n"] {
        piece_read.recv_timeout(NEVER).expect("the piece arrives while the request goes on");
        socket.write_all(piece.as_bytes()).unwrap();
    }
    let mut seen = Vec::new();
    let mut buffer = [0; 512];
    for number in 0..5 {
        while !seen.ends_with(format!("data: {number}\n\n").as_bytes()) {
            let read = socket.read(&mut buffer).unwrap();
            assert_ne!(read, 0, "the answer ended early");
            seen.extend_from_slice(&buffer[..read]);
        }
        got_event.send(()).unwrap();
    }
    assert_eq!(socket.read(&mut buffer).unwrap(), 0, "the end of the stream passes");
    server.join().unwrap();
    proxy.terminate();
}

#[test]
fn expect_100_continue_works() {
    let head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    let (client, server, _) = through(
        &[
            send(head),
            Step::ReceiveUntil(b"100 Continue\r\n\r\n"),
            send("body"),
            Step::ReceiveUntil(b"thanks"),
        ],
        vec![
            Step::Receive(head.len()),
            send("HTTP/1.1 100 Continue\r\n\r\n"),
            Step::Receive(head.len() + 4),
            send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nthanks"),
        ],
    );
    assert_same_bytes("request", &client.sent, &server.received);
}

#[test]
fn http_1_0_ends_with_the_connection() {
    let (client, server, _) = through(
        &[send("GET / HTTP/1.0\r\n\r\n"), Step::ReceiveEnd],
        vec![
            Step::ReceiveUntil(b"\r\n\r\n"),
            send("HTTP/1.0 200 OK\r\nServer: old\r\n\r\nuntil the end"),
        ],
    );
    assert_same_bytes("request", &client.sent, &server.received);
    assert_same_bytes("answer", &server.sent, &client.received);
    assert_eq!(client.end, End::Eof);
}

#[test]
fn refused_upgrades_pass_whole_and_are_recorded_with_their_body() {
    let long = "x".repeat(100_000);
    let long_answer = format!("HTTP/1.1 500 Oh\r\nContent-Length: 100000\r\n\r\n{long}");
    let cases: [(&str, i64, &str); 8] = [
        ("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 3\r\n\r\nwho", 401, "who"),
        (
            "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n3;x\r\npe!\r\n0\r\n\r\n",
            403,
            "nope!",
        ),
        ("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\nuntil the end", 404, "until the end"),
        (
            "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 8\r\nContent-Length: 0\r\n\r\n",
            426,
            "",
        ),
        (
            "HTTP/1.1 301 Moved\r\nLocation: ws://elsewhere.invalid/\r\nContent-Length: 0\r\n\r\n",
            301,
            "",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok"),
        ("HTTP/1.1 204 No\r\n\r\n", 204, ""),
        (&long_answer, 500, &long[..65_536]),
    ];
    let scripts =
        cases.iter().map(|(answer, ..)| vec![Step::ReceiveUntil(b"\r\n\r\n"), send(answer)]);
    let server = ScriptedServer::start(scripts.collect());
    let proxy = start_proxy(server.address, Options::default());
    for (answer, ..) in cases {
        let seen = client(proxy.address, &[send(UPGRADE), Step::Receive(answer.len())]);
        assert_same_bytes("answer", answer.as_bytes(), &seen.received);
        proxy.event("connection_closed");
    }
    for seen in server.seen() {
        assert_same_bytes("request", UPGRADE.as_bytes(), &seen.received);
    }
    let ended = proxy.terminate();
    let rows = Recorded::open(&ended.recording).connections();
    assert_eq!(rows.len(), cases.len());
    for (row, (answer, status, body)) in rows.iter().zip(cases) {
        assert_eq!((row.status, row.ending.as_deref()), (Some(status), Some("refused")));
        assert_eq!(String::from_utf8_lossy(&row.response_body), body);
        assert!(answer.as_bytes().starts_with(&row.response_head), "head of {status}");
        assert_eq!(row.frames, [0, 0]);
    }
}

#[test]
fn a_connection_stays_http_until_an_upgrade_succeeds() {
    let denied = "HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno";
    let page = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage";
    let get = "GET /page HTTP/1.1\r\nHost: h\r\n\r\n";
    let asked = |requests: &[&str]| Step::Receive(requests.concat().len());
    let (client, server, ended) = through(
        &[
            send(UPGRADE),
            Step::Receive(denied.len()),
            send(get),
            Step::Receive(denied.len() + page.len()),
            send(UPGRADE),
            Step::Receive(denied.len() + page.len() + SWITCH.len()),
            Step::Send(b"\x81\x80abcd".to_vec()),
            Step::HalfClose,
            Step::ReceiveEnd,
        ],
        vec![
            asked(&[UPGRADE]),
            send(denied),
            asked(&[UPGRADE, get]),
            send(page),
            asked(&[UPGRADE, get, UPGRADE]),
            send(SWITCH),
            Step::ReceiveEnd,
        ],
    );
    assert_same_bytes("requests", &client.sent, &server.received);
    assert_same_bytes("answers", &server.sent, &client.received);
    let rows = Recorded::open(&ended.recording).connections();
    let statuses: Vec<_> = rows.iter().map(|row| row.status).collect();
    assert_eq!(statuses, [Some(401), Some(101)]);
    assert_eq!(rows[1].frames, [1, 0]);
}

#[test]
fn upgrade_words_are_read_as_tokens() {
    let heads = [
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nconnection:UPGRADE\r\nupgrade: WebSocket, foo\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nConnection: \tupgrade \r\nUPGRADE:foo/1,WEBSOCKET\r\n\r\n",
    ];
    let not = [
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgraded\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n",
    ];
    let all: Vec<&str> = heads.into_iter().chain(not).collect();
    let answer = "HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let script = vec![Step::ReceiveUntil(b"\r\n\r\n"), send(answer)];
    let server = ScriptedServer::start(vec![script; all.len()]);
    let proxy = start_proxy(server.address, Options::default());
    for head in &all {
        client(proxy.address, &[send(head), Step::Receive(answer.len())]);
    }
    server.seen();
    let ended = proxy.terminate();
    assert_eq!(Recorded::open(&ended.recording).connections().len(), heads.len());
}

#[test]
fn a_busy_port_and_bad_addresses_say_what_to_do() {
    let proxy = start_proxy(SocketAddr::from(([127, 0, 0, 1], 1)), Options::default());
    let run = |args: &[&str]| {
        let output =
            std::process::Command::new(env!("CARGO_BIN_EXE_wiretape")).args(args).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    let busy = proxy.address.to_string();
    let (code, said) = run(&["record", "ws://127.0.0.1:1", "--dir", dir, "--listen", &busy]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains(&busy) && said.contains("--listen"), "{said}");
    for url in ["127.0.0.1:1", "ftp://h", "ws://", "ws://[::1", "ws://h:99999", "ws://h:x", ""] {
        let (code, said) = run(&["record", url, "--dir", dir, "--listen", "127.0.0.1:0"]);
        assert_eq!(code, Some(2), "{url}: {said}");
        assert!(said.contains("wiretape record"), "{url}: {said}");
    }
    let (code, said) = run(&["record", "ws://h", "--dir", dir, "--listen", "nonsense"]);
    assert_eq!(code, Some(2), "{said}");
    assert_eq!(std::fs::read_dir(dir).unwrap().count(), 0, "nothing half-made");
    proxy.terminate();
}
