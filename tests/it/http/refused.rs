//! Requests and answers that are refused, since someone could read them in another way (group H of
//! the catalogue of faults).

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

use super::{SWITCH, UPGRADE, assert_refused, send, through};
use crate::support::proxy::{Options, start_proxy};
use crate::support::recorded::Recorded;
use crate::support::script::{Step, client};
use crate::support::{NEVER, assert_same_bytes, noise};

/// Sends what a server never gets to see, and gives what the client is told.
#[track_caller]
fn refused_here(requests: &[Vec<u8>]) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let proxy = start_proxy(listener.local_addr().unwrap(), Options::default());
    let answer = |request: &Vec<u8>| {
        let seen = client(proxy.address, &[Step::Send(request.clone()), Step::ReceiveEnd]);
        String::from_utf8_lossy(&seen.received).into_owned()
    };
    let answers = requests.iter().map(answer).collect();
    assert!(listener.accept().is_err(), "something was forwarded");
    let ended = proxy.terminate();
    assert_eq!(Recorded::open(&ended.recording).connections().len(), 0);
    answers
}

#[test]
fn requests_that_two_parsers_read_in_two_ways_are_refused() {
    let bad_lines = [
        "Content-Length: 3\r\nContent-Length: 4",
        "Content-Length: 3\r\nContent-Length: 3",
        "Content-Length: 3, 3",
        "Content-Length: +3",
        "Content-Length: -3",
        "Content-Length: 0x3",
        "Content-Length: 3 3",
        "Content-Length: ",
        "Content-Length: 3a",
        "Content-Length: 99999999999999999999999",
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 3",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding:",
        "Transfer-Encoding: \x0bchunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked",
        "Transfer-Encoding\x0b: chunked",
        "Transfer Encoding: chunked",
        " Transfer-Encoding: chunked",
        "X: y\r\n Transfer-Encoding: chunked",
        "X: y\r\n\tz",
        "X: a\rTransfer-Encoding: chunked",
        "X: a\nTransfer-Encoding: chunked",
        "X: a\0b",
        "X\0: a",
        "X: a\x01b",
        "X: a\x7fb",
        ": no name",
        "no colon",
        "(x): a",
        "X: a\r\r\nY: b",
    ];
    let mut requests: Vec<Vec<u8>> = bad_lines
        .iter()
        .map(|line| format!("POST / HTTP/1.1\r\nHost: h\r\n{line}\r\n\r\nabc").into_bytes())
        .collect();
    for whole in [
        "GET / HTTP/1.1\nHost: h\n\n",
        "GET / HTTP/1.1\r\nHost: h\n\r\n",
        "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /\tHTTP/1.1\r\nHost: h\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /\r\n\r\n",
        "\0\r\n\r\n",
        "garbage\r\n\r\n",
    ] {
        requests.push(whole.as_bytes().to_vec());
    }
    for (request, answer) in requests.iter().zip(refused_here(&requests)) {
        assert_refused(request, 400, &answer);
    }
}

#[test]
fn a_body_that_breaks_its_framing_hides_no_request() {
    let hidden = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n";
    for body in [
        "3\nabc\n0\n\n",
        "g\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "3\r\nabcX\r\n0\r\n\r\n",
        "-1\r\n\r\n",
    ] {
        let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
        let (_, server, _) = through(
            &[send(&format!("{head}{body}{hidden}")), Step::ReceiveEnd],
            vec![Step::ReceiveEnd],
        );
        let seen = String::from_utf8_lossy(&server.received).into_owned();
        assert!(!seen.contains("hidden"), "{body:?}: {seen:?}");
    }
}

#[test]
fn no_tunnel_opens_before_a_101_that_answers_this_request() {
    let refusal = "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n";
    let wrong = UPGRADE.replace("Version: 13", "Version: 777");
    // Behind the refusal comes a request that only a tunnel would pass.
    let hidden = "POST /hidden HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab";
    let (client, server, _) = through(
        &[send(&format!("{wrong}{hidden}")), Step::ReceiveEnd],
        vec![Step::Receive(wrong.len()), send(refusal), Step::ReceiveEnd],
    );
    assert_same_bytes("only the first request", wrong.as_bytes(), &server.received);
    let answers = String::from_utf8_lossy(&client.received).into_owned();
    assert!(answers.starts_with(refusal) && answers[refusal.len()..].starts_with("HTTP/1.1 400 "));
}

#[test]
fn a_101_that_nobody_asked_for_is_a_502() {
    let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    let h2c = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n";
    let bare = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
    for (request, answer) in [(get, SWITCH), (UPGRADE, h2c), (UPGRADE, bare)] {
        let (client, _, _) = through(
            &[send(request), Step::ReceiveEnd],
            vec![Step::ReceiveUntil(b"\r\n\r\n"), send(answer), Step::ReceiveEnd],
        );
        assert_refused(request.as_bytes(), 502, &String::from_utf8_lossy(&client.received));
    }
}

#[test]
fn heads_beyond_the_limits_are_refused() {
    let with = |lines: &str| format!("GET / HTTP/1.1\r\nHost: h\r\n{lines}\r\n").into_bytes();
    let many = (0..250).fold(String::new(), |lines, number| lines + &format!("X-{number}: y\r\n"));
    let endless = [b"GET /".to_vec(), vec![b'a'; 70_000]].concat();
    let requests = [with(&format!("X: {}\r\n", "a".repeat(80 << 10))), with(&many), endless];
    for (request, answer) in requests.iter().zip(refused_here(&requests)) {
        assert_refused(request, 431, &answer);
    }
    // Just below them, it passes.
    let large = with(&format!("X: {}\r\n", "a".repeat(60 << 10)));
    let many = (0..198).fold(String::new(), |lines, number| lines + &format!("X-{number}: y\r\n"));
    for request in [large, with(&many)] {
        let answer = "HTTP/1.1 204 No\r\n\r\n";
        let (client, server, _) = through(
            &[Step::SendPieces(request.clone(), 1000), Step::Receive(answer.len())],
            vec![Step::Receive(request.len()), send(answer)],
        );
        assert_same_bytes("request", &client.sent, &server.received);
    }
}

#[test]
fn nothing_is_connected_to_but_the_upstream() {
    let requests: Vec<(&str, u16)> = vec![
        ("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n", 501),
        ("TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", 501),
        ("GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 400),
        ("GET example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 400),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505),
        // Two spaces: what follows the second is no version of HTTP.
        ("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ];
    let bytes: Vec<Vec<u8>> =
        requests.iter().map(|(request, _)| request.as_bytes().to_vec()).collect();
    for ((request, status), answer) in requests.iter().zip(refused_here(&bytes)) {
        assert_refused(request.as_bytes(), *status, &answer);
    }
    // A Host that names another machine changes nothing: the one upstream gets it.
    let request = "GET / HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n";
    let answer = "HTTP/1.1 204 No\r\n\r\n";
    let (client, server, _) = through(
        &[send(request), Step::Receive(answer.len())],
        vec![Step::Receive(request.len()), send(answer)],
    );
    assert_same_bytes("request", &client.sent, &server.received);
}

#[test]
fn tls_on_the_plain_port_is_named() {
    let hello = [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], &noise(22, 506)].concat();
    let answer = refused_here(std::slice::from_ref(&hello)).remove(0);
    assert_refused(&hello, 400, &answer);
    assert!(answer.contains("looks like TLS"), "{answer}");
}

#[test]
fn a_head_that_never_ends_is_given_up_after_its_time() {
    let proxy = start_proxy(SocketAddr::from(([127, 0, 0, 1], 1)), Options::default());
    let mut socket = TcpStream::connect(proxy.address).unwrap();
    socket.set_read_timeout(Some(NEVER)).unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nHost: h\r\nX: ").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert_refused(b"slow", 408, &answer);
    let _ = socket.shutdown(Shutdown::Both);
    proxy.terminate();
}
