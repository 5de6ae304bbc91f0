//! The frame decoder alone: masked frames of 100 B in frames a second, of 16 KiB in GB a second.
//!
//! `cargo bench --bench decode`. The bytes are fed in chunks of 64 KiB, as a busy socket gives
//! them, and are copied afresh for each pass, since decoding unmasks in place; the copy alone is
//! timed too, and taken off.

#![expect(clippy::print_stdout, reason = "the table is this program's output")]

#[expect(dead_code, reason = "only durations inside this process are needed here")]
#[path = "support/clock.rs"]
mod clock;
#[expect(dead_code, reason = "only what builds frames is needed here")]
#[path = "support/frames.rs"]
mod frames;

use std::hint::black_box;
use std::time::Duration;

use wiretape::wire::{Direction, FrameDecoder};

/// Bytes of all frames of a pass: far more than a core's caches.
const PASS: usize = 64 << 20;

/// Bytes fed at once.
const CHUNK: usize = 64 << 10;

/// Passes; their median counts.
const PASSES: usize = 9;

fn main() {
    println!("{:>10} {:>14} {:>8} {:>10}", "payload B", "frames/s", "GB/s", "ns a frame");
    for bytes in [100, 1 << 10, 16 << 10] {
        measure(bytes);
    }
}

fn measure(bytes: usize) {
    let frame = frames::masked(frames::TEXT, &frames::text(bytes));
    let count = PASS / frame.len();
    let wire = frame.repeat(count);
    let mut chunk = vec![0; CHUNK];
    let mut times: Vec<Duration> = (0..PASSES)
        .map(|_| {
            let copied = copy(&wire, &mut chunk);
            decode(&wire, &mut chunk, count).saturating_sub(copied)
        })
        .collect();
    times.sort_unstable();
    let seconds = times[PASSES / 2].as_secs_f64();
    let per_second = count as f64 / seconds;
    let gigabytes = wire.len() as f64 / 1e9 / seconds;
    println!("{bytes:>10} {per_second:>14.0} {gigabytes:>8.2} {:>10.1}", 1e9 / per_second);
}

fn copy(wire: &[u8], chunk: &mut [u8]) -> Duration {
    let start = clock::now();
    for bytes in wire.chunks(CHUNK) {
        let chunk = &mut chunk[..bytes.len()];
        chunk.copy_from_slice(bytes);
        black_box(chunk);
    }
    start.elapsed()
}

fn decode(wire: &[u8], chunk: &mut [u8], count: usize) -> Duration {
    let mut decoder = FrameDecoder::new(Direction::ClientToServer, 16 << 20);
    let mut found = 0;
    let start = clock::now();
    for bytes in wire.chunks(CHUNK) {
        let chunk = &mut chunk[..bytes.len()];
        chunk.copy_from_slice(bytes);
        decoder.feed(chunk, &mut |frame| {
            black_box(frame.payload.as_ref());
            found += 1;
        });
    }
    let took = start.elapsed();
    assert_eq!(found, count, "every frame is found");
    took
}
