//! One side's steps of a connection → frames on a socket, in order and on time, while what the
//! other side sends is held against its steps.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::wire::Direction;

use super::clock::Pace;
use super::random::Random;
use super::script::{Act, ConnectionScript, Step};
use super::socket::{Packer, Received, Unpacker};

/// Bytes asked for in one read.
const READ: usize = 16 * 1024;

/// What one side counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Frames sent.
    pub sent: u64,
    /// Frames received.
    pub received: u64,
    /// Frames received that are not what the other side sent, or came in another order.
    pub astray: u64,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            received: self.received + other.received,
            astray: self.astray + other.astray,
        }
    }
}

/// One side's part in a connection.
pub(super) struct Part<'a> {
    pub(super) script: &'a ConnectionScript,
    /// Which way this side sends.
    pub(super) side: Direction,
    pub(super) pace: Pace,
    /// A client's mask keys.
    pub(super) masks: Option<Random>,
    /// permessage-deflate was agreed on.
    pub(super) compressed: bool,
}

/// When each frame of the other side came.
type Arrivals = Vec<Instant>;

impl Part<'_> {
    /// Plays this part to the connection's end; `rest` came after the other side's head.
    pub(super) async fn play(self, stream: TcpStream, rest: Vec<u8>) -> io::Result<Tally> {
        let opened = Instant::now();
        let (read, write) = stream.into_split();
        let (arrivals, seen) = watch::channel(Arrivals::new());
        let (heard, sent) =
            tokio::join!(self.listen(read, rest, arrivals), self.speak(write, opened, seen));
        Ok(Tally { sent: sent?, ..heard? })
    }

    /// Reads to the end of the stream, telling `arrivals` of each frame.
    async fn listen(
        &self,
        mut read: OwnedReadHalf,
        rest: Vec<u8>,
        arrivals: watch::Sender<Arrivals>,
    ) -> io::Result<Tally> {
        let theirs = match self.side {
            Direction::ClientToServer => Direction::ServerToClient,
            Direction::ServerToClient => Direction::ClientToServer,
        };
        let expected = self.script.of(theirs);
        let mut unpacker = Unpacker::new(theirs, self.compressed);
        let mut tally = Tally::default();
        let mut chunk = rest;
        loop {
            for frame in unpacker.unpack(&mut chunk)? {
                let wanted = expected.get(tally.received as usize);
                tally.astray += u64::from(!wanted.is_some_and(|step| frame.is(step)));
                tally.received += 1;
                arrivals.send_modify(|arrivals| arrivals.push(Instant::now()));
            }
            chunk.clear();
            chunk.reserve(READ);
            if read.read_buf(&mut chunk).await? == 0 {
                return Ok(tally);
            }
        }
    }

    /// Sends this side's steps, each when it is due; ends with the end of its stream.
    async fn speak(
        &self,
        mut write: OwnedWriteHalf,
        opened: Instant,
        mut seen: watch::Receiver<Arrivals>,
    ) -> io::Result<u64> {
        let mut packer = Packer::new(self.masks.clone(), self.compressed);
        let mut sent = 0;
        for step in self.script.of(self.side) {
            let since = match step.after.checked_sub(1) {
                None => opened,
                Some(last) => match seen.wait_for(|arrivals| arrivals.len() > last).await {
                    Ok(arrivals) => arrivals[last],
                    Err(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
                },
            };
            sleep_until(since + self.pace.real(step.delay_ms)).await;
            match &step.act {
                Act::Send { opcode, fin, payload } => {
                    write.write_all(&packer.pack(*opcode, *fin, payload)?).await?;
                    sent += 1;
                }
                Act::Vanish => break,
            }
        }
        if self.side == Direction::ClientToServer {
            // The server ends the TCP connection first (RFC 6455, 7.1.1).
            while seen.changed().await.is_ok() {}
        }
        write.shutdown().await?;
        Ok(sent)
    }
}

impl Received {
    /// This is the frame that `step` sends.
    fn is(&self, step: &Step) -> bool {
        matches!(&step.act, Act::Send { opcode, fin, payload }
            if (*opcode, *fin) == (self.opcode, self.fin) && *payload == self.payload)
    }
}
