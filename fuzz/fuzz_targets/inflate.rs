//! Any bytes as compressed messages: within the limit, alike for any split, and lost for good once
//! what the next ones build on is.
//!
//! The first byte of an input chooses the takeover and the pieces, and each message has its length
//! before it. The input is also read as a handshake's response.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wiretape::wire::{Deflate, Inflated, Inflater};

/// Plain bytes kept of a message.
const LIMIT: usize = 1000;

fuzz_target!(|input: &[u8]| {
    if let Some(directions) = Deflate::negotiated(input) {
        assert!(directions.iter().all(|deflate| (8..=15).contains(&deflate.window_bits)));
    }
    let [choice, rest @ ..] = input else { return };
    let deflate = Deflate { no_context_takeover: choice & 1 == 1, ..Deflate::DEFAULT };
    let piece = usize::from(choice >> 1).max(1);
    let (mut whole, mut split) = (Inflater::new(deflate), Inflater::new(deflate));
    let mut rest = rest;
    let mut lost = false;
    while let [length, after @ ..] = rest {
        let (message, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        let (plain, end) = inflate(&mut whole, message, message.len().max(1));
        let (plain_of_pieces, end_of_pieces) = inflate(&mut split, message, piece);
        assert_eq!(plain, plain_of_pieces);
        assert_eq!(end, end_of_pieces);
        assert!(plain.len() <= LIMIT);
        match end.trouble {
            Some(_) => assert_eq!(end.length, 0),
            None => {
                assert_eq!(plain.len(), LIMIT.min(end.length as usize));
                assert!(!lost, "inflated without the window it builds on");
            }
        }
        lost |= end.trouble.is_some() && !deflate.no_context_takeover;
    }
});

fn inflate(inflater: &mut Inflater, message: &[u8], piece: usize) -> (Vec<u8>, Inflated) {
    let mut plain = Vec::new();
    for piece in message.chunks(piece) {
        inflater.feed(piece, &mut plain, LIMIT);
    }
    (plain, inflater.end())
}
