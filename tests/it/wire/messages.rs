//! Frames → messages: what was compressed comes out plain, or is said to be lost, within bounds.

use flate2::{Compress, Compression, FlushCompress};
use proptest::collection::vec;
use proptest::prelude::*;
use wiretape::wire::{
    Deflate, Direction, FrameSpec, Inflater, Message, MessageAssembler, Opcode, RecordedFrame,
    Stamp, encode_frame,
};

use super::frames::{MIB, decoder, rows};

proptest! {
    #[test]
    fn an_inflater_takes_any_bytes_within_its_limit(
        pieces in vec(vec(any::<u8>(), 0..200), 1..8),
        no_context_takeover in any::<bool>(),
    ) {
        let mut inflater = Inflater::new(Deflate { no_context_takeover, ..Deflate::DEFAULT });
        for piece in pieces {
            let mut plain = Vec::new();
            inflater.feed(&piece, &mut plain, 100);
            let end = inflater.end();
            prop_assert!(plain.len() <= 100);
            prop_assert!(end.trouble.is_some() || end.length >= plain.len() as u64);
        }
    }
}

/// What a sender does: a message compressed and its last 4 bytes taken off (RFC 7692, 7.2.1).
fn compressed(compress: &mut Compress, plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(plain.len() + 1024);
    compress.compress_vec(plain, &mut out, FlushCompress::Sync).expect("compresses");
    assert!(out.len() < out.capacity(), "all of it came out");
    assert!(out.ends_with(&[0, 0, 0xff, 0xff]));
    out.truncate(out.len() - 4);
    out
}

/// Text that refers back to its whole past, as far as the window goes.
fn talk(turn: usize) -> Vec<u8> {
    let mut text = Vec::new();
    for i in 0..3000 {
        let line = format!("{{\"turn\":{},\"n\":{}}}", turn * i % 97, i % 53);
        text.extend_from_slice(line.as_bytes());
    }
    text
}

#[test]
fn every_window_and_takeover_inflates() {
    // zlib makes no raw stream for 8 window bits; a sender that agreed on them uses 9.
    for window_bits in 9..=15 {
        for no_context_takeover in [false, true] {
            let mut compress =
                Compress::new_with_window_bits(Compression::best(), false, window_bits);
            let mut inflater = Inflater::new(Deflate { no_context_takeover, window_bits });
            for turn in 0..20 {
                let sent = talk(turn);
                let wire = compressed(&mut compress, &sent);
                let mut plain = Vec::new();
                for piece in wire.chunks(1 + turn * 100) {
                    inflater.feed(piece, &mut plain, usize::MAX);
                }
                let end = inflater.end();
                assert_eq!((end.trouble, end.length), (None, sent.len() as u64));
                assert!(plain == sent, "turn {turn}, {window_bits} bits");
                if no_context_takeover {
                    compress.reset();
                }
            }
        }
    }
}

#[test]
fn final_blocks_inflate_and_keep_the_window() {
    // RFC 7692, 7.2.3.4: a final block, and the empty one that follows it.
    let mut inflater = Inflater::new(Deflate::DEFAULT);
    let hello = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    let refers_back = [0xf2, 0x00, 0x11, 0x00, 0x00];
    // Some senders leave the empty block away; some put several streams into one message.
    let double = [&hello[..7], &hello[..]].concat();
    let messages = [&hello[..], &refers_back, &hello[..7], &refers_back, &double, &[0x00]];
    let texts = ["Hello", "Hello", "Hello", "Hello", "HelloHello", ""];
    for (message, text) in messages.iter().zip(texts) {
        let mut plain = Vec::new();
        inflater.feed(message, &mut plain, 100);
        assert_eq!(inflater.end().trouble, None);
        assert_eq!(plain, text.as_bytes());
    }
}

#[test]
fn what_does_not_inflate_poisons_what_builds_on_it() {
    let (first, second) = (talk(1), talk(2));
    for no_context_takeover in [false, true] {
        let mut compress = Compress::new(Compression::best(), false);
        let wire = compressed(&mut compress, &first);
        let next = compressed(&mut Compress::new(Compression::best(), false), &second);
        let broken: [&[u8]; 3] = [&wire[..wire.len() / 2], b"\xff\xff\xff", b""];
        for broken in broken {
            let deflate = Deflate { no_context_takeover, ..Deflate::DEFAULT };
            let mut inflater = Inflater::new(deflate);
            inflater.feed(broken, &mut Vec::new(), MIB);
            let end = inflater.end();
            assert!(end.trouble.is_some() && end.length == 0, "{end:?}");
            inflater.feed(&next, &mut Vec::new(), MIB);
            assert_eq!(inflater.end().trouble.is_some(), !no_context_takeover);
        }
    }
}

#[test]
fn every_cut_of_a_message_is_noticed() {
    for level in [Compression::none(), Compression::fast(), Compression::best()] {
        let wire = compressed(&mut Compress::new(level, false), &talk(3)[..400]);
        for end in 0..wire.len() {
            let mut inflater = Inflater::new(Deflate::DEFAULT);
            if wire[..end] == [0] {
                // That is how an empty message is sent (RFC 7692, 7.2.3.6).
                continue;
            }
            inflater.feed(&wire[..end], &mut Vec::new(), MIB);
            assert!(inflater.end().trouble.is_some(), "cut at {end} of {}", wire.len());
        }
    }
}

#[test]
fn a_late_join_errs_rather_than_makes_text_up() {
    let mut compress = Compress::new(Compression::best(), false);
    compressed(&mut compress, &talk(1));
    let second = compressed(&mut compress, &talk(1));
    let mut inflater = Inflater::new(Deflate::DEFAULT);
    inflater.feed(&second, &mut Vec::new(), MIB);
    assert_eq!(inflater.end().trouble, Some("does not inflate"));
}

#[test]
fn a_bomb_costs_its_limit_and_what_follows_still_inflates_if_it_can() {
    let zeros = vec![0; 32 * MIB];
    let mut compress = Compress::new(Compression::best(), false);
    let small_bomb = compressed(&mut compress, &zeros);
    let after = compressed(&mut compress, &talk(1));
    let mut inflater = Inflater::new(Deflate::DEFAULT);
    let mut plain = Vec::new();
    inflater.feed(&small_bomb, &mut plain, 1000);
    assert_eq!((plain.len(), inflater.end().length), (1000, zeros.len() as u64));
    plain.clear();
    inflater.feed(&after, &mut plain, MIB);
    assert_eq!(inflater.end().trouble, None, "the window was kept right");
    assert!(plain == talk(1));

    let mut compress = Compress::new(Compression::best(), false);
    let mut plain = Vec::new();
    for _ in 0..3 {
        let piece = compressed(&mut compress, &zeros);
        inflater.feed(&piece, &mut plain, 1000);
        // The stripped tail belongs between the pieces of what is one message here.
        inflater.feed(&[0, 0, 0xff, 0xff], &mut plain, 1000);
    }
    assert!(plain.capacity() < 64 * 1024);
    assert_eq!(inflater.end().trouble, Some("inflates to far more than the limit"));
    inflater.feed(&after, &mut plain, MIB);
    assert!(inflater.end().trouble.is_some(), "the window is lost");

    // Two bytes are an empty final block: each asks for the window to be set up anew.
    let mut inflater = Inflater::new(Deflate::DEFAULT);
    inflater.feed(&[3, 0].repeat(MIB), &mut plain, 1000);
    assert_eq!(inflater.end().trouble, Some("inflates to far more than the limit"));
}

#[test]
fn what_the_handshake_agreed_on_is_read() {
    #[track_caller]
    fn check(lines: &str, expected: Option<[(bool, u8); 2]>) {
        let head =
            format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n{lines}\r\n\r\n");
        let agreed = Deflate::negotiated(head.as_bytes()).map(|directions| {
            directions.map(|deflate| (deflate.no_context_takeover, deflate.window_bits))
        });
        assert_eq!(agreed, expected);
    }
    let full = (false, 15);
    check("Server: permessage-deflate", None);
    check("Sec-WebSocket-Extensions: x-other; permessage-deflate=1", None);
    check("Sec-WebSocket-Extensions: permessage-deflate", Some([full, full]));
    check("sec-websocket-EXTENSIONS:Permessage-Deflate", Some([full, full]));
    check(
        "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; \
         client_max_window_bits=10",
        Some([(false, 10), (true, 15)]),
    );
    check(
        "Sec-WebSocket-Extensions: x; a=\"b, permessage-deflate\"\r\n\
         Sec-WebSocket-Extensions: y,\tpermessage-deflate ;client_no_context_takeover;\
         server_max_window_bits=\"9\"",
        Some([(true, 15), (false, 9)]),
    );
    check(
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits; \
         server_max_window_bits=99; what=ever; ;=",
        Some([full, full]),
    );
    check("Sec-WebSocket-Extensions: x,\r\n  permessage-deflate", Some([full, full]));
    assert_eq!(Deflate::negotiated(b"\xff\x00\"; ,"), None);
}

#[test]
fn a_compressed_conversation_is_put_together() {
    let mut compress = Compress::new(Compression::best(), false);
    let mut wire = Vec::new();
    for turn in 0..10 {
        let payload = compressed(&mut compress, &talk(turn));
        let (first, last) = payload.split_at(payload.len() / 2);
        let spec = |fin, rsv, opcode| FrameSpec { fin, rsv, ..FrameSpec::new(opcode) };
        encode_frame(&mut wire, &spec(false, 4, Opcode::TEXT), first);
        encode_frame(&mut wire, &spec(true, 0, Opcode::PING), b"");
        encode_frame(&mut wire, &spec(true, 0, Opcode::CONTINUATION), last);
    }
    let mut assembler = MessageAssembler::new(Some(Deflate::DEFAULT), MIB);
    let mut messages: Vec<Message> = Vec::new();
    let rows = rows(decoder(Direction::ServerToClient, true, MIB), &wire, &[1000]);
    for (id, frame) in (1..).zip(rows) {
        let direction = Direction::ServerToClient;
        let stamp = Stamp::default();
        messages.extend(assembler.feed(&RecordedFrame {
            id,
            connection: 1,
            direction,
            stamp,
            frame,
        }));
    }
    assert!(messages.iter().all(|message| message.trouble.is_none()));
    let texts: Vec<_> = messages
        .iter()
        .filter(|message| message.compressed)
        .map(|message| &message.payload)
        .collect();
    assert_eq!(texts.len(), 10);
    assert!((0..10).all(|turn| *texts[turn] == talk(turn)));
}
