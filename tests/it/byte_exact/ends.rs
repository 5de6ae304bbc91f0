//! Ends of connections: each arrives as it was, after all that came before it.

use wiretape::wire::Opcode;

use super::{REQUEST, SWITCH, masked, plain, play};
use crate::support::noise;
use crate::support::script::{End, Step};

#[test]
fn a_half_close_by_either_side_leaves_the_other_direction_open() {
    let late = |number: u8| plain(Opcode::BINARY, &vec![number; 1000]);
    let outcome = play(
        &[
            Step::Send(REQUEST.to_vec()),
            Step::ReceiveUntil(b"\r\n\r\n"),
            Step::Send(masked(Opcode::TEXT, b"last words")),
            Step::HalfClose,
            Step::ReceiveEnd,
        ],
        vec![
            Step::ReceiveUntil(b"\r\n\r\n"),
            Step::Send(SWITCH.to_vec()),
            Step::ReceiveEnd,
            Step::Send(late(1)),
            Step::Send(late(2)),
        ],
    );
    assert_eq!((outcome.client.end, outcome.server.end), (End::Eof, End::Eof));
    assert_eq!(outcome.row.ended_by.as_deref(), Some("client"));
    let outcome = play(
        &[
            Step::Send(REQUEST.to_vec()),
            Step::ReceiveEnd,
            Step::Send(masked(Opcode::BINARY, &noise(12, 5000))),
            Step::Send(masked(Opcode::TEXT, b"still here")),
        ],
        vec![
            Step::ReceiveUntil(b"\r\n\r\n"),
            Step::Send(SWITCH.to_vec()),
            Step::HalfClose,
            Step::ReceiveEnd,
        ],
    );
    assert_eq!((outcome.client.end, outcome.server.end), (End::Eof, End::Eof));
    assert_eq!(outcome.row.ended_by.as_deref(), Some("server"));
    assert_eq!(outcome.row.ending.as_deref(), Some("eof"));
}

#[test]
fn a_reset_by_the_client_arrives_as_a_reset_after_all_it_had_sent() {
    let frame = masked(Opcode::TEXT, b"then nothing");
    let total = REQUEST.len() + frame.len() + 3;
    let outcome = play(
        &[
            Step::Send(REQUEST.to_vec()),
            Step::ReceiveUntil(b"\r\n\r\n"),
            Step::Send([&frame[..], b"\x81\x85\x01"].concat()),
            // The server says that it has everything.
            Step::Receive(SWITCH.len() + 4),
            Step::Reset,
        ],
        vec![
            Step::ReceiveUntil(b"\r\n\r\n"),
            Step::Send(SWITCH.to_vec()),
            Step::Receive(total),
            Step::Send(plain(Opcode::TEXT, b"ok")),
            Step::ReceiveEnd,
        ],
    );
    assert_eq!(outcome.server.end, End::Reset);
    assert_eq!(outcome.row.ending.as_deref(), Some("reset"));
    assert_eq!(outcome.row.ended_by.as_deref(), Some("client"));
    assert!(outcome.row.detail.is_some());
    assert_eq!(outcome.marks[0], ["", "cut"]);
}

#[test]
fn a_reset_by_the_server_arrives_as_a_reset_after_all_it_had_sent() {
    let frame = plain(Opcode::BINARY, &noise(13, 2000));
    let outcome = play(
        &[
            Step::Send(REQUEST.to_vec()),
            Step::Receive(SWITCH.len() + frame.len()),
            Step::Send(masked(Opcode::TEXT, b"got it")),
            Step::ReceiveEnd,
        ],
        vec![
            Step::ReceiveUntil(b"\r\n\r\n"),
            Step::Send(SWITCH.to_vec()),
            Step::Send(frame.clone()),
            Step::Receive(REQUEST.len() + masked(Opcode::TEXT, b"got it").len()),
            Step::Reset,
        ],
    );
    assert_eq!(outcome.client.end, End::Reset);
    assert_eq!(outcome.row.ending.as_deref(), Some("reset"));
    assert_eq!(outcome.row.ended_by.as_deref(), Some("server"));
}

#[test]
fn the_last_megabytes_arrive_before_the_close() {
    let back = plain(Opcode::BINARY, &noise(14, 8 << 20));
    let outcome = play(
        &[Step::Send(REQUEST.to_vec()), Step::ReceiveEnd],
        vec![
            Step::ReceiveUntil(b"\r\n\r\n"),
            Step::Send(SWITCH.to_vec()),
            // Sent, and closed at once.
            Step::Send(back),
        ],
    );
    assert_eq!(outcome.client.end, End::Eof);
    let out = masked(Opcode::BINARY, &noise(15, 8 << 20));
    let outcome = play(
        &[Step::Send(REQUEST.to_vec()), Step::ReceiveUntil(b"\r\n\r\n"), Step::Send(out)],
        vec![Step::ReceiveUntil(b"\r\n\r\n"), Step::Send(SWITCH.to_vec()), Step::ReceiveEnd],
    );
    assert_eq!(outcome.server.end, End::Eof);
}

#[test]
fn close_codes_reasons_and_who_was_first() {
    let long = [&b"\x0f\xa1"[..], &[b'r'; 123]].concat();
    let cases: [(&[u8], Option<i64>); 6] = [
        (b"", None),
        (b"\x03\xe8", Some(1000)),
        (b"\x03\xe9going away", Some(1001)),
        (b"\x0f\xa0\xffnot utf-8", Some(4000)),
        (&long, Some(4001)),
        (b"\xff\xff", Some(65_535)),
    ];
    for (payload, code) in cases {
        let answer = plain(Opcode::CLOSE, b"\x03\xebunsupported");
        let question = masked(Opcode::CLOSE, payload);
        let outcome = play(
            &[
                Step::Send(REQUEST.to_vec()),
                Step::ReceiveUntil(b"\r\n\r\n"),
                Step::Send(question.clone()),
                Step::ReceiveEnd,
            ],
            vec![
                Step::ReceiveUntil(b"\r\n\r\n"),
                Step::Send(SWITCH.to_vec()),
                Step::Receive(REQUEST.len() + question.len()),
                Step::Send(answer),
                Step::HalfClose,
                Step::ReceiveEnd,
            ],
        );
        assert_eq!(outcome.row.close_codes, [code, Some(1003)]);
        let reason = payload.get(2..).unwrap_or_default();
        assert_eq!(outcome.row.close_reasons[0].as_deref(), Some(reason));
        assert_eq!(outcome.row.ending.as_deref(), Some("closed"));
        assert_eq!(outcome.row.ended_by.as_deref(), Some("client"), "the client asked first");
    }
}
