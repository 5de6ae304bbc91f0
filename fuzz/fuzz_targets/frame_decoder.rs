//! Any bytes → frames → the same bytes; any split gives the same frames; messages within bounds.
//!
//! The first three bytes of an input choose the direction and limits, the chunks and the flushes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wiretape::wire::{
    Deflate, Direction, Frame, FrameDecoder, Marks, MessageAssembler, RecordedFrame, Stamp,
    WireRebuilder,
};

/// Payload bytes that the assembler keeps.
const MESSAGE_LIMIT: usize = 500;

fuzz_target!(|input: &[u8]| {
    let [choice, chunk, flush, wire @ ..] = input else { return };
    let max = if choice & 4 == 0 { u64::MAX } else { u64::from(choice >> 3) };
    let chunk = usize::from(*chunk).max(1);

    let whole = decode(*choice, max, wire, wire.len().max(1), |_| false);
    let split = decode(*choice, max, wire, chunk, |_| false);
    assert!(joined(whole) == joined(split.clone()), "a split changed the frames");
    assemble(*choice, split);

    let flushed = decode(*choice, u64::MAX, wire, chunk, |n| flush >> (n % 8) & 1 == 1);
    let (mut rebuilder, mut rebuilt) = (WireRebuilder::new(), Vec::new());
    assert!(flushed.iter().all(|row| rebuilder.feed(row, &mut rebuilt)), "called inexact");
    assert!(rebuilt == wire, "the wire is not given back");
});

fn direction(choice: u8) -> Direction {
    Direction::BOTH[usize::from(choice & 1)]
}

fn decode(
    choice: u8,
    max: u64,
    wire: &[u8],
    chunk: usize,
    flushes: impl Fn(usize) -> bool,
) -> Vec<Frame<'static>> {
    let mut decoder = FrameDecoder::new(direction(choice), max);
    if choice & 2 != 0 {
        decoder.allow_rsv1();
    }
    let mut rows = Vec::new();
    let mut keep = |frame: Frame<'_>| rows.push(frame.into_owned());
    for (n, bytes) in wire.to_vec().chunks_mut(chunk).enumerate() {
        decoder.feed(bytes, &mut keep);
        assert!(decoder.held() < FrameDecoder::PART_LIMIT);
        if flushes(n) {
            decoder.flush_part(&mut keep);
            assert_eq!(decoder.held(), 0);
        }
    }
    decoder.finish(&mut keep);
    assert_eq!(decoder.held(), 0);
    rows
}

/// Raw rows follow the chunks, so they are compared as one.
fn joined(rows: Vec<Frame<'static>>) -> Vec<Frame<'static>> {
    let mut out: Vec<Frame<'static>> = Vec::new();
    for row in rows {
        match out.last_mut() {
            Some(last) if row.marks.has(Marks::RAW) && last.marks.has(Marks::RAW) => {
                last.payload.to_mut().extend_from_slice(&row.payload);
                last.length += row.length;
            }
            _ => out.push(row),
        }
    }
    out
}

fn assemble(choice: u8, rows: Vec<Frame<'static>>) {
    let deflate = (choice & 2 != 0).then_some(Deflate::DEFAULT);
    let mut assembler = MessageAssembler::new(deflate, MESSAGE_LIMIT);
    let mut last = 0;
    for (id, frame) in (1..).zip(rows) {
        let (direction, stamp) = (direction(choice), Stamp::default());
        let message = assembler.feed(&RecordedFrame { id, connection: 1, direction, stamp, frame });
        if let Some(message) = message {
            assert!(message.payload.len() <= MESSAGE_LIMIT);
            assert!(message.frames.0 <= message.frames.1 && message.frames.1 <= id);
        }
        last = id;
    }
    while let Some(message) = assembler.finish() {
        assert!(message.trouble.is_some() && message.frames.1 <= last);
    }
}
