//! Byte-exactness of WebSockets through the real binary: what each side sent is what the other
//! received, and what the recording gives back, by hash.

mod broken;
mod ends;

use std::io::Write;

use wiretape::wire::encode::{FrameSpec, encode_frame};
use wiretape::wire::{Direction, Opcode};

use crate::support::proxy::{Options, start_proxy};
use crate::support::recorded::{ConnectionRow, Recorded};
use crate::support::script::{End, ScriptedServer, Seen, Step, client};
use crate::support::{assert_same_bytes, noise};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

const REQUEST: &[u8] = b"GET /ws?room=1 HTTP/1.1\r\nHost: localhost:8000\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

const SWITCH: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// What the two sides and the recording say of one connection.
struct Outcome {
    client: Seen,
    server: Seen,
    row: ConnectionRow,
    marks: [Vec<String>; 2],
}

/// Plays both scripts through a proxy of their own and checks that nothing differs anywhere.
#[track_caller]
fn play(client_script: &[Step], server_script: Vec<Step>) -> Outcome {
    play_with(Options::default(), client_script, server_script)
}

#[track_caller]
fn play_with(options: Options, client_script: &[Step], server_script: Vec<Step>) -> Outcome {
    let server = ScriptedServer::start(vec![server_script]);
    let proxy = start_proxy(server.address, options);
    let client = client(proxy.address, client_script);
    let server = server.seen().remove(0);
    proxy.event("connection_closed");
    let ended = proxy.terminate();
    assert!(ended.status.success(), "{}: {}", ended.status, ended.stderr);
    let recorded = Recorded::open(&ended.recording);
    assert_eq!(recorded.gaps(), (0, 0, 0));
    let row = recorded.connections().remove(0);
    let outcome = Outcome {
        marks: Direction::BOTH.map(|direction| recorded.marks(row.id, direction)),
        client,
        server,
        row,
    };
    outcome.check(&recorded);
    outcome
}

impl Outcome {
    fn check(&self, recorded: &Recorded) {
        let Self { client, server, row, .. } = self;
        // A receiver that closes early leaves bytes on the way: then it has a prefix.
        let (whole_c2s, whole_s2c) = (server.end != End::NotSeen, client.end != End::NotSeen);
        if whole_c2s {
            assert_same_bytes("client → server", &client.sent, &server.received);
        }
        if whole_s2c {
            assert_same_bytes("server → client", &server.sent, &client.received);
        }
        let sides = [(&row.request_head, client), (&row.response_head, server)];
        for (direction, (head, sender)) in Direction::BOTH.into_iter().zip(sides) {
            let mut rebuilt = head.clone();
            let wire = recorded.wire(row.id, direction);
            assert_eq!(wire.len() as i64, row.bytes[direction.index()], "bytes counted");
            rebuilt.extend_from_slice(&wire);
            assert_same_bytes(&format!("{} rebuilt", direction.word()), &sender.sent, &rebuilt);
        }
    }
}

/// Both sides shake hands, the client sends `c2s`, the server `s2c`, then both end in order.
#[track_caller]
fn exchange(c2s: &[u8], s2c: &[u8]) -> Outcome {
    play(&client_side(c2s.to_vec()), server_side(s2c.to_vec()))
}

fn client_side(c2s: Vec<u8>) -> Vec<Step> {
    vec![
        Step::Send(REQUEST.to_vec()),
        Step::ReceiveUntil(b"\r\n\r\n"),
        Step::Send(c2s),
        Step::HalfClose,
        Step::ReceiveEnd,
    ]
}

fn server_side(s2c: Vec<u8>) -> Vec<Step> {
    vec![
        Step::ReceiveUntil(b"\r\n\r\n"),
        Step::Send(SWITCH.to_vec()),
        Step::Send(s2c),
        Step::ReceiveEnd,
    ]
}

fn masked(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    framed(&FrameSpec::masked(opcode, KEY), payload)
}

fn plain(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    framed(&FrameSpec::new(opcode), payload)
}

fn framed(spec: &FrameSpec, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_frame(&mut bytes, spec, payload);
    bytes
}

fn deflated(payload: &[u8]) -> Vec<u8> {
    let mut encoder =
        flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(payload).unwrap();
    encoder.flush().unwrap();
    let mut bytes = encoder.get_ref().clone();
    assert!(bytes.ends_with(&[0, 0, 0xff, 0xff]));
    bytes.truncate(bytes.len() - 4);
    bytes
}

#[test]
fn ordinary_frames() {
    let out = [
        masked(Opcode::TEXT, "grüß dich 🦀".as_bytes()),
        masked(Opcode::BINARY, &noise(1, 70_000)),
        masked(Opcode::PING, b"are you there"),
        masked(Opcode::CLOSE, b"\x03\xe8bye"),
    ];
    let back = [
        plain(Opcode::TEXT, b"{\"type\":\"hello\"}"),
        plain(Opcode::PONG, b"are you there"),
        plain(Opcode::BINARY, &noise(2, 300)),
        plain(Opcode::CLOSE, b"\x03\xe8bye"),
    ];
    let outcome = exchange(&out.concat(), &back.concat());
    assert_eq!(outcome.row.status, Some(101));
    assert_eq!(outcome.row.ending.as_deref(), Some("closed"));
    assert_eq!(outcome.row.frames, [4, 4]);
    assert_eq!(outcome.row.close_codes, [Some(1000), Some(1000)]);
    assert_eq!(outcome.marks, [vec![""; 4], vec![""; 4]]);
    assert_eq!(outcome.client.end, End::Eof);
    assert_eq!(outcome.server.end, End::Eof);
}

#[test]
fn fragments_around_control_frames() {
    let part = |opcode, fin, payload: &[u8]| {
        framed(&FrameSpec { fin, ..FrameSpec::masked(opcode, KEY) }, payload)
    };
    let out = [
        part(Opcode::TEXT, false, b"one "),
        part(Opcode::CONTINUATION, false, b""),
        masked(Opcode::PING, b""),
        part(Opcode::CONTINUATION, false, "ü".as_bytes()[..1].as_ref()),
        part(Opcode::CONTINUATION, true, "ü".as_bytes()[1..].as_ref()),
    ];
    let outcome = exchange(&out.concat(), &plain(Opcode::PONG, b""));
    assert_eq!(outcome.row.frames, [5, 1]);
    assert_eq!(outcome.marks[0], ["", "", "", "", ""]);
}

#[test]
fn compressed_frames() {
    let offer =
        b"GET / HTTP/1.1\r\nHost: h\r\nupgrade: WebSocket\r\nconnection: keep-alive, Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
    let agreed =
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
        sec-websocket-extensions: permessage-deflate; server_no_context_takeover\r\n\r\n";
    let text = "token ".repeat(4000);
    let spec = FrameSpec { rsv: 4, ..FrameSpec::masked(Opcode::TEXT, KEY) };
    let out = framed(&spec, &deflated(text.as_bytes()));
    let spec = FrameSpec { rsv: 4, ..FrameSpec::new(Opcode::TEXT) };
    let back = [framed(&spec, &deflated(text.as_bytes())), framed(&spec, &[0])].concat();
    let outcome = play(
        &[
            Step::Send(offer.to_vec()),
            Step::ReceiveUntil(b"\r\n\r\n"),
            Step::Send(out),
            Step::HalfClose,
            Step::ReceiveEnd,
        ],
        vec![
            Step::ReceiveUntil(b"\r\n\r\n"),
            Step::Send(agreed.to_vec()),
            Step::Send(back),
            Step::ReceiveEnd,
        ],
    );
    assert_eq!(outcome.marks, [vec![""], vec!["", ""]], "an agreed RSV1 is no violation");
}

#[test]
fn empty_frames_and_frames_at_every_length_limit() {
    let lengths = [0, 1, 125, 126, 127, 65_535, 65_536];
    let every = |frame: &dyn Fn(&[u8]) -> Vec<u8>| {
        lengths.iter().flat_map(|length| frame(&noise(9, *length))).collect::<Vec<u8>>()
    };
    let outcome = exchange(
        &every(&|payload| masked(Opcode::BINARY, payload)),
        &every(&|payload| plain(Opcode::BINARY, payload)),
    );
    assert_eq!(outcome.row.frames, [7, 7]);
}

#[test]
fn one_byte_at_a_time() {
    let out = [masked(Opcode::TEXT, b"slowly"), masked(Opcode::BINARY, &noise(3, 300))].concat();
    let back = [plain(Opcode::TEXT, b"slowly"), plain(Opcode::BINARY, &noise(4, 300))].concat();
    let (out_length, back_length) = (REQUEST.len() + out.len(), SWITCH.len() + back.len());
    let outcome = play(
        &[
            Step::SendPieces(REQUEST.to_vec(), 1),
            Step::ReceiveUntil(b"\r\n\r\n"),
            Step::SendPieces(out, 1),
            Step::Receive(back_length),
            Step::HalfClose,
            Step::ReceiveEnd,
        ],
        vec![
            Step::ReceiveUntil(b"\r\n\r\n"),
            Step::SendPieces(SWITCH.to_vec(), 1),
            Step::SendPieces(back, 1),
            Step::Receive(out_length),
            Step::ReceiveEnd,
        ],
    );
    assert_eq!(outcome.row.frames, [2, 2]);
}

#[test]
fn sixteen_mebibytes_each_way() {
    let payload = noise(5, 16 << 20);
    let (out, back) = (masked(Opcode::BINARY, &payload), plain(Opcode::BINARY, &payload));
    let received = REQUEST.len() + out.len();
    let outcome = play(
        &client_side(out),
        vec![
            Step::ReceiveUntil(b"\r\n\r\n"),
            Step::Send(SWITCH.to_vec()),
            // Not at the same time: two peers that only send block each other, without a proxy too.
            Step::Receive(received),
            Step::Send(back),
            Step::ReceiveEnd,
        ],
    );
    assert_eq!(outcome.row.frames, [1, 1]);
    assert_eq!(outcome.marks[0].len(), 16, "stored in parts of 1 MiB");
}

#[test]
fn a_frame_beyond_max_payload_passes_whole_and_says_what_was_not_kept() {
    let frame = masked(Opcode::BINARY, &noise(6, 100_000));
    let server = ScriptedServer::start(vec![server_side(plain(Opcode::TEXT, b"ok"))]);
    let proxy = start_proxy(server.address, Options::args(&["--max-payload", "1000"]));
    let client = client(proxy.address, &client_side(frame));
    let server = server.seen().remove(0);
    proxy.event("connection_closed");
    let ended = proxy.terminate();
    assert_same_bytes("client → server", &client.sent, &server.received);
    let recorded = Recorded::open(&ended.recording);
    let frames = recorded.frames(1, Direction::ClientToServer);
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].frame.payload.len(), 1000);
    assert_eq!(frames[0].frame.length, 100_000);
    assert_eq!(recorded.marks(1, Direction::ClientToServer), ["not-kept"]);
}

#[test]
fn frames_before_the_101_come_after_it() {
    let early = masked(Opcode::TEXT, b"too early");
    let outcome = play(
        &[Step::Send([REQUEST, &early].concat()), Step::HalfClose, Step::ReceiveEnd],
        vec![
            Step::ReceiveUntil(b"\r\n\r\n"),
            Step::Send(SWITCH.to_vec()),
            Step::Send(plain(Opcode::TEXT, b"hello")),
            Step::ReceiveEnd,
        ],
    );
    assert_eq!(outcome.row.frames, [1, 1]);
}

#[test]
fn the_101_and_frames_in_one_segment() {
    let frames = plain(Opcode::TEXT, b"at once");
    let outcome = play(
        &[
            Step::Send(REQUEST.to_vec()),
            Step::Receive(SWITCH.len() + frames.len()),
            Step::HalfClose,
            Step::ReceiveEnd,
        ],
        vec![
            Step::ReceiveUntil(b"\r\n\r\n"),
            Step::Send([SWITCH, &frames].concat()),
            Step::ReceiveEnd,
        ],
    );
    assert_eq!(outcome.row.frames, [0, 1]);
}

#[test]
fn heads_pass_byte_for_byte() {
    let request = b"GET /a%20b;c?d=e&&f HTTP/1.1\r\nhOsT:  odd.example:99 \r\nUPGRADE:websocket\r\n\
        connection:\tkeep-alive , uPgRaDe\r\nX-Empty:\r\nX-Twice: b\r\nX-Latin: gr\xfc\xdf\r\n\
        X-Twice: a\r\nCookie: a=1; b=\"2\"\r\nSEC-WebSocket-KEY: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Version: 13\r\nX-Trail: spaces   \r\nOrigin: https://elsewhere.example\r\n\r\n";
    let response =
        b"HTTP/1.1 101 Odd  Reason (yes) \xfc\r\nupGrade:   WebSocket\r\nConnection: UPGRADE\r\n\
        Set-Cookie: a=1\r\nServer:\r\nSet-Cookie: b=2\r\nX-Latin: \xe4\r\n\
        sec-websocket-accept: wrong on purpose\r\nSec-WebSocket-Protocol: not.offered\r\n\r\n";
    let outcome = play(
        &[
            Step::Send(request.to_vec()),
            Step::ReceiveUntil(b"\r\n\r\n"),
            Step::HalfClose,
            Step::ReceiveEnd,
        ],
        vec![Step::ReceiveUntil(b"\r\n\r\n"), Step::Send(response.to_vec()), Step::ReceiveEnd],
    );
    assert_same_bytes("the request's head", request, &outcome.server.received);
    assert_same_bytes("the response's head", response, &outcome.client.received);
}

#[test]
fn only_the_lines_asked_for_change() {
    let request = b"GET / HTTP/1.1\r\nA: 1\r\nhost: localhost:8000\r\nOrigin: http://a\r\n\
        Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n";
    let expected = b"GET / HTTP/1.1\r\nA: 1\r\nhost: api.example.com\r\nOrigin: http://b\r\n\
        Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\nX-New: yes\r\n\r\n";
    let server = ScriptedServer::start(vec![server_side(Vec::new())]);
    let args =
        ["--host", "api.example.com", "--header", "origin: http://b", "--header", "X-New: yes"];
    let proxy = start_proxy(server.address, Options::args(&args));
    let script = [
        Step::Send(request.to_vec()),
        Step::ReceiveUntil(b"\r\n\r\n"),
        Step::HalfClose,
        Step::ReceiveEnd,
    ];
    client(proxy.address, &script);
    let server = server.seen().remove(0);
    proxy.event("connection_closed");
    let ended = proxy.terminate();
    let received = String::from_utf8_lossy(&server.received).into_owned();
    let expected = String::from_utf8_lossy(expected).into_owned();
    assert_eq!(received.to_lowercase(), expected.to_lowercase());
    let recorded = Recorded::open(&ended.recording);
    assert_same_bytes("recorded as sent", request, &recorded.connections()[0].request_head);
}

#[test]
fn tiny_frames_in_great_number() {
    let frame = |number: u32| masked(Opcode::TEXT, &number.to_be_bytes()[..(number % 5) as usize]);
    let out: Vec<u8> = (0..50_000).flat_map(frame).collect();
    let back: Vec<u8> = (0..50_000_u32).flat_map(|_| plain(Opcode::PING, b"")).collect();
    let outcome = exchange(&out, &back);
    assert_eq!(outcome.row.frames, [50_000, 50_000]);
}
