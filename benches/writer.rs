//! The recording writer alone: rows a second, with the final checkpoint counted, and file bytes.
//!
//! `cargo bench --bench writer [-- --quick]`. Frames come in chunks as a busy relay gives them,
//! from many connections, as fast as the queue has room. The file lies on the disk of the build.

#![expect(clippy::print_stdout, reason = "the table is this program's output")]

#[expect(dead_code, reason = "only durations inside this process are needed here")]
#[path = "support/clock.rs"]
mod clock;
#[expect(dead_code, reason = "only what builds frames is needed here")]
#[path = "support/frames.rs"]
mod frames;

use std::borrow::Cow;
use std::time::Duration;

use wiretape::recording::{RecordingError, RecordingWriter, WriterOptions};
use wiretape::wire::{Direction, Frame, FrameDecoder, Recording, Stamp};

/// Bytes of the frames handed over at once.
const CHUNK: usize = 64 << 10;

/// Connections that take turns.
const CONNECTIONS: i64 = 100;

/// Payload bytes of one recording.
const PAYLOAD: usize = 400 << 20;

/// Rounds; their median counts.
const ROUNDS: usize = 3;

/// A size of payload, and what is to be reached with it.
struct Size {
    bytes: usize,
    per_second: f64,
    file_per_payload: f64,
}

const SIZES: [Size; 3] = [
    Size { bytes: 100, per_second: 900_000.0, file_per_payload: 1.32 },
    Size { bytes: 1 << 10, per_second: 180_000.0, file_per_payload: 1.08 },
    // No target of its own: the disk decides.
    Size { bytes: 16 << 10, per_second: 0.0, file_per_payload: 1.15 },
];

/// What one recording took.
struct Measured {
    inserting: Duration,
    finished: Duration,
    file_bytes: u64,
    rows: u64,
}

fn main() -> Result<(), RecordingError> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (payload, rounds) = if quick { (PAYLOAD / 8, 1) } else { (PAYLOAD, ROUNDS) };
    println!(
        "{:>10} {:>18} {:>22} {:>8} {:>14}",
        "payload B", "rows/s inserting", "rows/s with checkpoint", "MB/s", "file/payload"
    );
    for size in &SIZES {
        let mut all = (0..rounds)
            .map(|_| record(size.bytes, payload / size.bytes))
            .collect::<Result<Vec<_>, _>>()?;
        all.sort_unstable_by_key(|measured| measured.finished);
        show(size, &all[rounds / 2]);
    }
    Ok(())
}

fn show(size: &Size, measured: &Measured) {
    let rate = |time: Duration| measured.rows as f64 / time.as_secs_f64();
    let per_second = rate(measured.finished);
    let payload = measured.rows as f64 * size.bytes as f64;
    let ratio = measured.file_bytes as f64 / payload;
    let met = per_second >= size.per_second && ratio <= size.file_per_payload;
    println!(
        "{:>10} {:>18.0} {per_second:>22.0} {:>8.0} {ratio:>14.3}  target ≥ {} and ≤ {}: {}",
        size.bytes,
        rate(measured.inserting),
        payload / 1e6 / measured.finished.as_secs_f64(),
        size.per_second,
        size.file_per_payload,
        if met { "ok" } else { "below" },
    );
}

/// Records at least `count` frames of `bytes` each.
fn record(bytes: usize, count: usize) -> Result<Measured, RecordingError> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder can be made");
    let path = folder.path().join("alone.db");
    let recording = Recording { name: "alone".to_owned(), ..Recording::default() };
    let chunk = chunk(bytes);
    let mut rows: usize = 0;
    let start = clock::now();
    let writer = RecordingWriter::create(&path, &recording, WriterOptions::default())?;
    let journal = writer.journal();
    for connection in (1..=CONNECTIONS).cycle() {
        journal.wait_ready();
        let read_ns = start.elapsed().as_nanos() as u64;
        let stamp = Stamp { read_ns, written_ns: Some(read_ns + 20_000) };
        journal.append(connection, |appender| {
            for frame in &chunk {
                appender.frame(Direction::ServerToClient, stamp, frame);
            }
        });
        rows += chunk.len();
        if rows >= count {
            break;
        }
    }
    let inserting = start.elapsed();
    let summary = writer.finish(start.elapsed().as_nanos() as u64)?;
    let finished = start.elapsed();
    let rows = rows as u64;
    assert_eq!(
        (summary.status.frames[1], summary.status.lost_frames),
        (rows, 0),
        "every frame is kept"
    );
    Ok(Measured { inserting, finished, file_bytes: summary.status.file_bytes, rows })
}

/// The frames of one chunk, as the decoder gives them.
fn chunk(bytes: usize) -> Vec<Frame<'static>> {
    let frame = frames::plain(frames::TEXT, &frames::text(bytes));
    let mut wire = frame.repeat((CHUNK / frame.len()).max(1));
    let mut chunk = Vec::new();
    FrameDecoder::new(Direction::ServerToClient, 16 << 20).feed(&mut wire, &mut |frame| {
        chunk.push(Frame { payload: Cow::Owned(frame.payload.into_owned()), ..frame });
    });
    chunk
}
