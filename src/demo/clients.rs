//! The twelve pretend users' clients: each connects, speaks, breaks off and comes back as the
//! script says.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::wire::Direction;

use super::cast::{PATH, User};
use super::clock::Pace;
use super::part::{Part, Tally};
use super::random::Random;
use super::script::{ConnectionScript, Script};
use super::socket::{Head, accept_key};

/// The longest body of a refusal that is read, in bytes.
const MAX_REFUSAL: u64 = 64 * 1024;

/// Plays all users of `seed` against the server (or the proxy before it) at `address`, to the end.
///
/// Dropping the future ends all of them at once. Fails if a connection could not be made or broke.
pub async fn run(address: SocketAddr, seed: u64, pace: Pace) -> io::Result<Tally> {
    let script = Arc::new(Script::new(seed));
    let started = Instant::now();
    let mut users = JoinSet::new();
    for number in 0..script.users.len() {
        let visitor = Visitor { address, seed, pace, script: Arc::clone(&script), number };
        users.spawn(visitor.visits(started));
    }
    let mut tally = Tally::default();
    while let Some(left) = users.join_next().await {
        tally = tally.and(left.map_err(io::Error::other)??);
    }
    Ok(tally)
}

/// One user's client.
struct Visitor {
    address: SocketAddr,
    seed: u64,
    pace: Pace,
    script: Arc<Script>,
    /// The user's place in the script.
    number: usize,
}

impl Visitor {
    /// All connections of this user, one after another.
    async fn visits(self, started: Instant) -> io::Result<Tally> {
        let user = &self.script.users[self.number];
        let mut tally = Tally::default();
        let mut ended = started;
        for (index, connection) in user.connections.iter().enumerate() {
            sleep_until(ended + self.pace.real(connection.wait_ms)).await;
            // Keys and masks of a connection depend on nothing but its place in the script.
            let random = Random::new(self.seed, &format!("{} client {index}", user.user.name));
            tally = tally.and(self.visit(user.user, connection, random).await?);
            ended = Instant::now();
        }
        Ok(tally)
    }

    /// One connection.
    async fn visit(
        &self,
        user: &User,
        script: &ConnectionScript,
        mut random: Random,
    ) -> io::Result<Tally> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let key = STANDARD.encode(random.bytes(16));
        let request = self.request(user, &key, script);
        stream.write_all(request.as_bytes()).await?;
        let head = Head::read(&mut stream).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if script.refused {
            stream.take(MAX_REFUSAL).read_to_end(&mut Vec::new()).await?;
            return Ok(Tally::default());
        }
        if head.header("Sec-WebSocket-Accept") != Some(&accept_key(&key)) {
            let answer = head.start();
            return Err(io::Error::other(format!("{} was not let in: {answer}", user.name)));
        }
        let compressed = head.header("Sec-WebSocket-Extensions").is_some();
        let side = Direction::ClientToServer;
        let part = Part { script, side, pace: self.pace, masks: Some(random), compressed };
        part.play(stream, head.rest).await
    }

    /// The head of the upgrade request.
    fn request(&self, user: &User, key: &str, script: &ConnectionScript) -> String {
        let (target, credentials) =
            if script.refused { (PATH.to_owned(), String::new()) } else { user.credentials() };
        let extensions = if user.compressed {
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        } else {
            ""
        };
        format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Origin: http://localhost:3000\r\nUser-Agent: {}\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: {key}\r\n{extensions}{credentials}\r\n",
            self.address, user.agent
        )
    }
}
