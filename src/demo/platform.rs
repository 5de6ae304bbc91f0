//! The pretend platform's server: upgrade requests → refusals or connections that play the
//! server's side of the script.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::wire::Direction;

use super::cast::{PATH, USERS, User};
use super::clock::Pace;
use super::json::object;
use super::part::{Part, Tally};
use super::script::Script;
use super::socket::{Head, accept_key};

/// The pretend platform, listening.
#[derive(Debug)]
pub struct Platform {
    listener: TcpListener,
    address: SocketAddr,
    stage: Arc<Stage>,
}

/// What all connections of the server share.
#[derive(Debug)]
struct Stage {
    script: Script,
    pace: Pace,
    /// Accepted connections so far, by user.
    accepted: Mutex<[usize; USERS.len()]>,
}

impl Platform {
    /// Listens on a free port of 127.0.0.1, ready to play the script of `seed`.
    pub async fn bind(seed: u64, pace: Pace) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let accepted = Mutex::new([0; USERS.len()]);
        let stage = Arc::new(Stage { script: Script::new(seed), pace, accepted });
        Ok(Self { listener, address, stage })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `until`, then waits for the connections that are open, and counts.
    ///
    /// Dropping the future ends everything at once. Fails if a connection of the script broke.
    pub async fn serve(self, until: impl Future<Output = ()>) -> io::Result<Tally> {
        tokio::pin!(until);
        let mut open = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => {
                    let (stream, _) = accepted?;
                    open.spawn(Arc::clone(&self.stage).welcome(stream));
                }
                () = &mut until => break,
            }
        }
        let mut tally = Tally::default();
        while let Some(ended) = open.join_next().await {
            tally = tally.and(ended.map_err(io::Error::other)??);
        }
        Ok(tally)
    }
}

impl Stage {
    /// Answers one upgrade request, and plays on if it is a known user's.
    async fn welcome(self: Arc<Self>, mut stream: TcpStream) -> io::Result<Tally> {
        stream.set_nodelay(true)?;
        let Some(head) = Head::read(&mut stream).await? else { return Ok(Tally::default()) };
        let target = head.start().split(' ').nth(1).unwrap_or_default();
        let (Some(key), true) = (head.header("Sec-WebSocket-Key"), target.starts_with(PATH)) else {
            return refuse(stream, "404 Not Found", "NOT_FOUND").await;
        };
        let Some(user) = user_of(&head, target) else {
            return refuse(stream, "403 Forbidden", "NO_TOKEN").await;
        };
        let nth = {
            let mut accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
            let nth = accepted[user.index()];
            accepted[user.index()] += 1;
            nth
        };
        let Some(script) = self.script.accepted(user, nth) else {
            return refuse(stream, "403 Forbidden", "TOO_MANY_CONNECTIONS").await;
        };
        let compressed = head
            .header("Sec-WebSocket-Extensions")
            .is_some_and(|offers| offers.starts_with("permessage-deflate"));
        stream.write_all(switching(&head, key, compressed).as_bytes()).await?;
        let side = Direction::ServerToClient;
        let part = Part { script, side, pace: self.pace, masks: None, compressed };
        part.play(stream, head.rest).await
    }
}

/// The user whose token the request carries, wherever it carries it.
fn user_of(head: &Head, target: &str) -> Option<&'static User> {
    let bearer = head.header("Authorization").and_then(|value| value.strip_prefix("Bearer "));
    let query = target.split_once("?token=").map(|(_, token)| token);
    let cookie = head
        .header("Cookie")
        .and_then(|cookies| cookies.split("; ").find_map(|pair| pair.strip_prefix("session=")));
    if let Some(token) = bearer.or(query).or(cookie) {
        return User::of_token(token);
    }
    head.header("Sec-WebSocket-Protocol")?.split(", ").find_map(User::of_subprotocol)
}

/// The head of the response that accepts an upgrade.
fn switching(head: &Head, key: &str, compressed: bool) -> String {
    let mut response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n",
        accept_key(key)
    );
    if head.header("Sec-WebSocket-Protocol").is_some() {
        response.push_str("Sec-WebSocket-Protocol: jwt-auth\r\n");
    }
    if compressed {
        response.push_str("Sec-WebSocket-Extensions: permessage-deflate\r\n");
    }
    response + "Server: demo-chat/1.0\r\n\r\n"
}

/// Answers with an error, as JSON, and ends the connection.
async fn refuse(mut stream: TcpStream, status: &str, code: &str) -> io::Result<Tally> {
    let body = object([
        ("error", code.into()),
        ("message", "this WebSocket needs a token".into()),
        ("hint", "send it as Authorization, subprotocol, cookie or ?token=".into()),
    ])
    .to_string();
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\nServer: demo-chat/1.0\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(Tally::default())
}
