//! A message and its echo, over one connection or many, with the time between them.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Barrier;

use super::frames::{self, CLOSE, Inbox, TEXT};
use super::load::{self, LoadPlan, Tally, Times};
use super::{clock, handshake};

/// One connection, blocking: nothing of a runtime is in the latency.
pub(crate) fn one(plan: &LoadPlan, bytes: usize, per_second: Option<f64>) -> io::Result<Tally> {
    let mut stream = handshake::connect_blocking("/echo", plan.port)?;
    let times = Times::start(plan);
    let mut tally = Tally::default();
    let mut inbox = Inbox::new(&[]);
    let message = frames::masked(TEXT, &frames::text(bytes));
    let every = per_second.map(|rate| Duration::from_secs_f64(1.0 / rate));
    let mut due = clock::now();
    while clock::now() < times.end {
        if let Some(every) = every {
            due += every;
            thread::sleep(due.saturating_duration_since(clock::now()));
        }
        let sent = clock::now();
        stream.write_all(&message)?;
        tally.sent.add(bytes);
        until_frame(&mut stream, &mut inbox, &mut tally)?;
        tally.round_trip(sent, times, bytes);
    }
    stream.write_all(&frames::masked(CLOSE, &frames::normal_closure()))?;
    tally.sent.add(2);
    until_frame(&mut stream, &mut inbox, &mut tally)?;
    Ok(tally)
}

/// Many connections, each waiting for its own echo.
pub(crate) async fn many(plan: LoadPlan, connections: usize, bytes: usize) -> io::Result<Tally> {
    let barrier = Arc::new(Barrier::new(connections));
    let message: Arc<[u8]> = frames::masked(TEXT, &frames::text(bytes)).into();
    let mut tasks = Vec::new();
    for stream in load::open(plan.port, "/echo", connections).await? {
        let (barrier, message, plan) = (Arc::clone(&barrier), Arc::clone(&message), plan.clone());
        tasks.push(tokio::spawn(async move {
            barrier.wait().await;
            of_many(stream, &message, bytes, Times::start(&plan)).await
        }));
    }
    load::sum(tasks).await
}

async fn of_many(
    mut stream: TcpStream,
    message: &[u8],
    bytes: usize,
    times: Times,
) -> io::Result<Tally> {
    let mut tally = Tally::default();
    let mut inbox = Inbox::new(&[]);
    while clock::now() < times.end {
        let sent = clock::now();
        stream.write_all(message).await?;
        tally.sent.add(bytes);
        until_frame_async(&mut stream, &mut inbox, &mut tally).await?;
        tally.round_trip(sent, times, bytes);
    }
    stream.write_all(&frames::masked(CLOSE, &frames::normal_closure())).await?;
    tally.sent.add(2);
    until_frame_async(&mut stream, &mut inbox, &mut tally).await?;
    Ok(tally)
}

impl Tally {
    fn round_trip(&mut self, sent: Instant, times: Times, bytes: usize) {
        let now = clock::now();
        if (times.warm..times.end).contains(&now) {
            self.messages += 1;
            self.bytes += bytes as u64;
            self.latencies.push(now.duration_since(sent).as_nanos() as u64);
        }
    }
}

fn until_frame(
    stream: &mut std::net::TcpStream,
    inbox: &mut Inbox,
    tally: &mut Tally,
) -> io::Result<()> {
    loop {
        if let Some(found) = inbox.next() {
            tally.received.add(found.payload.len());
            return Ok(());
        }
        let count = stream.read(inbox.room())?;
        took(inbox, count)?;
    }
}

async fn until_frame_async(
    stream: &mut TcpStream,
    inbox: &mut Inbox,
    tally: &mut Tally,
) -> io::Result<()> {
    loop {
        if let Some(found) = inbox.next() {
            tally.received.add(found.payload.len());
            return Ok(());
        }
        let count = stream.read(inbox.room()).await?;
        took(inbox, count)?;
    }
}

fn took(inbox: &mut Inbox, count: usize) -> io::Result<()> {
    if count == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    inbox.took(count);
    Ok(())
}
