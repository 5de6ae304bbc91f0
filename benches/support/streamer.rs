//! One thread that writes frames to many connections in turn, paced or as fast as they take them.

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::clock;
use super::frames::{self, TEXT};
use super::server::StreamPlan;

/// How long a full connection is left alone when all are full.
const ALL_FULL: Duration = Duration::from_micros(100);

/// How long the last bytes may take to go out.
const LAST_BYTES: Duration = Duration::from_secs(60);

/// A connection, and how much of the current write it has taken.
struct Lane {
    stream: TcpStream,
    taken: usize,
}

/// Streams as planned, then says goodbye on every connection.
pub(crate) fn run(streams: Vec<TcpStream>, plan: &StreamPlan) {
    let mut lanes: Vec<Lane> =
        streams.into_iter().map(|stream| Lane { stream, taken: 0 }).collect();
    let frame = frames::plain(TEXT, &frames::text(plan.bytes));
    let mut write = frame.repeat(plan.per_write);
    let start = clock::now();
    let end = start + Duration::from_millis(plan.millis);
    match plan.per_second {
        Some(rate) => paced(&mut lanes, &mut write, plan.bytes, rate, start..end),
        None => unpaced(&mut lanes, &write, end),
    }
    for lane in &mut lanes {
        finish(lane, &write);
    }
}

/// Each write at its time, with the time of sending at the start of its payload.
fn paced(
    lanes: &mut [Lane],
    write: &mut [u8],
    bytes: usize,
    rate: u32,
    time: std::ops::Range<Instant>,
) {
    let payload_at = write.len() - bytes;
    let every = Duration::from_secs(1) / rate;
    let count = lanes.len();
    let mut due = time.start;
    for turn in 0.. {
        due += every;
        if due > time.end {
            return;
        }
        thread::sleep(due.saturating_duration_since(clock::now()));
        let lane = &mut lanes[turn % count];
        frames::put_time(&mut write[payload_at..], clock::wall_ns());
        // A connection that is full misses its turn: this load does not wait.
        if lane.step(write) && lane.taken != 0 {
            lane.rest(write);
        }
    }
}

fn unpaced(lanes: &mut [Lane], write: &[u8], end: Instant) {
    while clock::now() < end {
        let mut moved = false;
        for lane in &mut *lanes {
            moved |= lane.step(write);
        }
        if !moved {
            thread::sleep(ALL_FULL);
        }
    }
}

impl Lane {
    /// Writes once; false when the connection takes nothing.
    fn step(&mut self, write: &[u8]) -> bool {
        match self.stream.write(&write[self.taken..]) {
            Ok(count) => {
                self.taken = (self.taken + count) % write.len();
                true
            }
            // A connection that failed is the load's to report.
            Err(_) => false,
        }
    }

    /// Writes what is left of a write that was taken in part.
    fn rest(&mut self, write: &[u8]) {
        let deadline = clock::now() + LAST_BYTES;
        while self.taken != 0 && clock::now() < deadline {
            if !self.step(write) {
                thread::sleep(ALL_FULL);
            }
        }
    }
}

/// The rest of a write, a close frame, the end of the stream.
fn finish(lane: &mut Lane, write: &[u8]) {
    if lane.taken != 0 {
        lane.rest(write);
    }
    let close = frames::plain(frames::CLOSE, &frames::normal_closure());
    let deadline = clock::now() + LAST_BYTES;
    let mut sent = 0;
    while sent < close.len() && clock::now() < deadline {
        match lane.stream.write(&close[sent..]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(ALL_FULL),
            Err(_) => return,
        }
    }
    // The client may have gone already.
    let _ = lane.stream.shutdown(Shutdown::Write);
}
