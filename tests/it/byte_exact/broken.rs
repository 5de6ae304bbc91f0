//! Frames that break RFC 6455, or end early, or are none: they pass as they are, and are marked.

use wiretape::wire::encode::{FrameSpec, LengthForm};
use wiretape::wire::{Direction, Opcode};

use super::{KEY, REQUEST, client_side, exchange, framed, masked, plain, server_side};
use crate::support::proxy::{Options, start_proxy};
use crate::support::recorded::Recorded;
use crate::support::script::{ScriptedServer, client};
use crate::support::{assert_same_bytes, noise};

#[test]
fn broken_frames_pass_as_they_are_and_are_marked() {
    let base = FrameSpec::masked(Opcode::TEXT, KEY);
    let out = [
        framed(&FrameSpec { length_form: LengthForm::Medium, ..base }, b"16 bits"),
        framed(&FrameSpec { length_form: LengthForm::Long, ..base }, b"64 bits"),
        plain(Opcode::TEXT, b"no mask"),
        masked(Opcode(3), b"reserved opcode"),
        masked(Opcode(15), b"reserved control opcode"),
        framed(&FrameSpec { rsv: 7, ..base }, b"reserved bits"),
        masked(Opcode::PING, &noise(7, 126)),
        framed(&FrameSpec { fin: false, ..FrameSpec::masked(Opcode::PING, KEY) }, b"not final"),
        masked(Opcode::CONTINUATION, b"of nothing"),
        framed(&FrameSpec { fin: false, ..base }, b"open"),
        masked(Opcode::TEXT, b"inside"),
        masked(Opcode::TEXT, b"\xff\xfe no utf-8 \xc0\x80"),
        masked(Opcode::CLOSE, b"\x03"),
    ];
    let back = [
        framed(&FrameSpec::masked(Opcode::TEXT, [0; 4]), b"masked by a server"),
        plain(Opcode::CLOSE, b"\x03\xed1005 may not be sent"),
        plain(Opcode::TEXT, b"after close"),
        plain(Opcode::CLOSE, b"\x03\xe8again"),
    ];
    let outcome = exchange(&out.concat(), &back.concat());
    let expected = [
        "non-minimal",
        "non-minimal",
        "unmasked",
        "reserved-opcode",
        "reserved-opcode",
        "reserved-bits",
        "long-control",
        "fragmented-control",
        "stray-continuation",
        "",
        "interrupted-message",
        "",
        "bad-close",
    ];
    for (number, (marks, expected)) in outcome.marks[0].iter().zip(expected).enumerate() {
        assert!(marks.contains(expected), "frame {number}: {marks:?}, not {expected:?}");
    }
    assert_eq!(outcome.marks[1], ["masked", "bad-close", "after-close", "after-close"]);
}

#[test]
fn absurd_lengths_allocate_nothing_and_pass() {
    for stated in [u64::MAX, 1 << 63, i64::MAX as u64, 1 << 40] {
        let spec =
            FrameSpec { stated_length: Some(stated), ..FrameSpec::masked(Opcode::BINARY, KEY) };
        let outcome = exchange(&framed(&spec, b"only this came"), &plain(Opcode::TEXT, b"ok"));
        // With its highest bit set it is no length: the rest of the direction is raw.
        let expected = if stated >> 63 == 1 { "raw oversize" } else { "cut" };
        assert_eq!(outcome.marks[0], [expected], "{stated}");
    }
}

#[test]
fn frames_cut_at_every_byte() {
    let whole = [masked(Opcode::TEXT, b"whole"), masked(Opcode::BINARY, &noise(8, 200))].concat();
    let cuts: Vec<usize> = (1..30).chain([whole.len() - 1]).collect();
    let server = ScriptedServer::start(cuts.iter().map(|_| server_side(Vec::new())).collect());
    let proxy = start_proxy(server.address, Options::default());
    let mut sent = Vec::new();
    for cut in cuts {
        sent.push(client(proxy.address, &client_side(whole[..cut].to_vec())).sent);
        proxy.event("connection_closed");
    }
    let received = server.seen();
    let ended = proxy.terminate();
    let recorded = Recorded::open(&ended.recording);
    for (row, (sent, server)) in recorded.connections().iter().zip(sent.iter().zip(received)) {
        assert_same_bytes("client → server", sent, &server.received);
        let rebuilt = recorded.wire(row.id, Direction::ClientToServer);
        assert_same_bytes("rebuilt", &sent[REQUEST.len()..], &rebuilt);
    }
}

#[test]
fn garbage_that_is_no_websocket() {
    let out = noise(10, 200_000);
    let outcome = exchange(&out, &noise(11, 200_000));
    assert_eq!(outcome.row.bytes, [200_000, 200_000]);
}
