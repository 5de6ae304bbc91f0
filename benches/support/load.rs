//! The client behind every subject: a plan in, a tally of what was sent, received and how late out.

use std::future::Future;
use std::io;
use std::ops::AddAssign;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Barrier;

use super::frames::{self, Inbox, TEXT};
use super::{clock, handshake, process, round_trips};

/// Connections opened at once when many are wanted.
const OPENING: usize = 64;

/// Round trips a second of the other connection while one floods.
const OTHER_PER_SECOND: f64 = 500.0;

/// Bytes of the other connection's messages.
const OTHER_BYTES: usize = 100;

/// What a load does, and for how long.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LoadPlan {
    pub(crate) port: u16,
    /// Not counted, at the start.
    pub(crate) warm_millis: u64,
    /// Counted, after it.
    pub(crate) millis: u64,
    /// How long what is still on its way may take to arrive after that.
    pub(crate) drain_millis: u64,
    pub(crate) load: Load,
}

/// The kinds of load.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Load {
    /// Each connection sends a message and waits for its echo.
    RoundTrips { connections: usize, bytes: usize, per_second: Option<f64> },
    /// Each connection receives; `timed` messages carry the time they were sent.
    Streams { connections: usize, timed: bool },
    /// As `Streams`, while one other connection makes paced round trips.
    Flood { connections: usize },
    /// Connections that are open and silent until told to go on.
    Idle { connections: usize },
}

/// Frames and their payload bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Count {
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
}

/// What a load saw.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Messages of the counted time: round trips made, or frames received.
    pub(crate) messages: u64,
    /// Payload bytes of those.
    pub(crate) bytes: u64,
    /// Everything sent, close frames and warm-up included.
    pub(crate) sent: Count,
    /// Everything received, the same.
    pub(crate) received: Count,
    /// Connections that did not end within the time to drain.
    pub(crate) cut: u64,
    /// Latencies of the counted time, in ns.
    pub(crate) latencies: Vec<u64>,
}

/// When a load starts to count, and when it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) warm: Instant,
    pub(crate) end: Instant,
    pub(crate) drained: Instant,
}

impl Count {
    /// One more frame.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.frames += 1;
        self.bytes += bytes as u64;
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.cut += other.cut;
        for (mine, other) in [(&mut self.sent, other.sent), (&mut self.received, other.received)] {
            mine.frames += other.frames;
            mine.bytes += other.bytes;
        }
        self.latencies.extend(other.latencies);
    }
}

impl Times {
    /// Times that start now.
    pub(crate) fn start(plan: &LoadPlan) -> Self {
        let warm = clock::now() + Duration::from_millis(plan.warm_millis);
        let end = warm + Duration::from_millis(plan.millis);
        Self { warm, end, drained: end + Duration::from_millis(plan.drain_millis) }
    }
}

/// Runs the plan and says the tally, as one line of JSON.
pub(crate) fn run(plan: &LoadPlan) -> io::Result<()> {
    let mut tally = match plan.load {
        Load::RoundTrips { connections: 1, bytes, per_second } => {
            round_trips::one(plan, bytes, per_second)?
        }
        Load::RoundTrips { connections, bytes, .. } => {
            on_one_thread(round_trips::many(plan.clone(), connections, bytes))?
        }
        Load::Streams { connections, timed } => {
            on_one_thread(receive_all(plan.clone(), connections, timed))?
        }
        Load::Flood { connections } => flood(plan, connections)?,
        Load::Idle { connections } => on_one_thread(idle(plan.port, connections))?,
    };
    tally.latencies.sort_unstable();
    let line = serde_json::to_string(&tally)?;
    process::say(&line)
}

fn on_one_thread<T>(load: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(load)
}

/// The latencies are the other connection's, the rest is the flood's.
fn flood(plan: &LoadPlan, connections: usize) -> io::Result<Tally> {
    let other = plan.clone();
    let other =
        thread::spawn(move || round_trips::one(&other, OTHER_BYTES, Some(OTHER_PER_SECOND)));
    let mut tally = on_one_thread(receive_all(plan.clone(), connections, false))?;
    let mut other = other.join().map_err(|_| io::Error::other("a thread panicked"))??;
    (other.messages, other.bytes) = (0, 0);
    tally += other;
    Ok(tally)
}

async fn receive_all(plan: LoadPlan, connections: usize, timed: bool) -> io::Result<Tally> {
    let barrier = Arc::new(Barrier::new(connections));
    let mut tasks = Vec::new();
    for stream in open(plan.port, "/stream", connections).await? {
        let (barrier, plan) = (Arc::clone(&barrier), plan.clone());
        tasks.push(tokio::spawn(async move {
            barrier.wait().await;
            receive(stream, Times::start(&plan), timed).await
        }));
    }
    sum(tasks).await
}

async fn receive(mut stream: TcpStream, times: Times, is_timed: bool) -> io::Result<Tally> {
    let mut tally = Tally::default();
    let mut inbox = Inbox::new(&[]);
    stream.write_all(&frames::masked(TEXT, b"go")).await?;
    tally.sent.add(2);
    let drained = tokio::time::Instant::from_std(times.drained);
    loop {
        let read = tokio::time::timeout_at(drained, stream.read(inbox.room())).await;
        let Ok(count) = read else {
            tally.cut = 1;
            return Ok(tally);
        };
        let count = count?;
        if count == 0 {
            return Ok(tally);
        }
        inbox.took(count);
        let counted = (times.warm..times.end).contains(&clock::now());
        let now_ns = if is_timed { clock::wall_ns() } else { 0 };
        while let Some(found) = inbox.next() {
            let payload = inbox.payload(&found);
            tally.received.add(payload.len());
            if counted && found.opcode == TEXT {
                tally.messages += 1;
                tally.bytes += payload.len() as u64;
                if is_timed {
                    tally.latencies.push(now_ns.saturating_sub(frames::time_of(payload)));
                }
            }
        }
    }
}

/// Opens the connections, says so, and keeps them until the parent closes the input.
async fn idle(port: u16, connections: usize) -> io::Result<Tally> {
    let streams = open(port, "/echo", connections).await?;
    process::say("open")?;
    io::stdin().read_line(&mut String::new())?;
    drop(streams);
    Ok(Tally::default())
}

/// Upgraded connections, a bounded number at a time.
pub(crate) async fn open(port: u16, path: &str, connections: usize) -> io::Result<Vec<TcpStream>> {
    let mut streams = Vec::with_capacity(connections);
    while streams.len() < connections {
        let batch = OPENING.min(connections - streams.len());
        let opening: Vec<_> = (0..batch)
            .map(|_| {
                let path = path.to_owned();
                tokio::spawn(async move { handshake::connect(&path, port).await })
            })
            .collect();
        for stream in opening {
            streams.push(stream.await??);
        }
    }
    Ok(streams)
}

/// The tallies of all tasks as one.
pub(crate) async fn sum(
    tasks: Vec<tokio::task::JoinHandle<io::Result<Tally>>>,
) -> io::Result<Tally> {
    let mut tally = Tally::default();
    for task in tasks {
        tally += task.await??;
    }
    Ok(tally)
}
