//! The server behind every subject: `/echo` returns each frame, `/stream` sends when told to go.

use std::io;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::frames::{self, Inbox};
use super::streamer;
use super::{handshake, process};

/// What a server does besides echoing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ServerPlan {
    pub(crate) stream: Option<StreamPlan>,
}

/// Frames that a server sends, one after the other to each connection in turn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StreamPlan {
    /// Connections that must have said go before the first frame is sent.
    pub(crate) connections: usize,
    /// Bytes of a payload.
    pub(crate) bytes: usize,
    /// Frames of one write.
    pub(crate) per_write: usize,
    /// Writes a second over all connections; as many as possible without.
    pub(crate) per_second: Option<u32>,
    /// How long.
    pub(crate) millis: u64,
}

type Waiting = Arc<Mutex<Vec<std::net::TcpStream>>>;

/// Serves until it is killed.
pub(crate) fn run(plan: ServerPlan) -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = listen()?;
        process::say(&listener.local_addr()?.port().to_string())?;
        let plan = Arc::new(plan);
        let waiting = Waiting::default();
        loop {
            let (stream, _) = listener.accept().await?;
            let (plan, waiting) = (Arc::clone(&plan), Arc::clone(&waiting));
            tokio::spawn(async move {
                // A peer that goes away is the load's to report.
                let _ = serve(stream, &plan, &waiting).await;
            });
        }
    })
}

/// A listener whose backlog holds a rush of connections.
fn listen() -> io::Result<TcpListener> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    socket.listen(4096)
}

async fn serve(mut stream: TcpStream, plan: &ServerPlan, waiting: &Waiting) -> io::Result<()> {
    let (path, early) = handshake::accept(&mut stream).await?;
    let mut inbox = Inbox::new(&early);
    match (path.as_str(), &plan.stream) {
        ("/stream", Some(plan)) => {
            while inbox.next().is_none() {
                receive(&mut stream, &mut inbox).await?;
            }
            let mut waiting = waiting.lock().expect("nothing panics while it is held");
            waiting.push(stream.into_std()?);
            if waiting.len() == plan.connections {
                let (streams, plan) = (std::mem::take(&mut *waiting), plan.clone());
                std::thread::spawn(move || streamer::run(streams, &plan));
            }
            Ok(())
        }
        _ => echo(stream, inbox).await,
    }
}

async fn echo(mut stream: TcpStream, mut inbox: Inbox) -> io::Result<()> {
    let mut replies = Vec::new();
    loop {
        let mut closing = false;
        while let Some(found) = inbox.next() {
            closing |= found.opcode == frames::CLOSE;
            frames::push_plain(&mut replies, found.opcode, inbox.unmasked(&found));
        }
        stream.write_all(&replies).await?;
        replies.clear();
        if closing {
            return stream.shutdown().await;
        }
        receive(&mut stream, &mut inbox).await?;
    }
}

async fn receive(stream: &mut TcpStream, inbox: &mut Inbox) -> io::Result<()> {
    let count = stream.read(inbox.room()).await?;
    if count == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    inbox.took(count);
    Ok(())
}
