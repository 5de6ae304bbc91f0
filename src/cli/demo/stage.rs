//! Server, proxy, recorder and clients, wired together and played to the end.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::cli::failure::{Code, Failure};
use crate::cli::signals::Signals;
use crate::cli::tap::{JournalTap, Watcher};
use crate::demo::{Pace, Platform, Tally, clients};
use crate::proxy::{Clock, Connector, HostPolicy, Listening, Proxy, Settings, Upstream};
use crate::recording::{RecordingWriter, Store, WriterOptions};
use crate::wire::{Connection, Recording};

/// How long connections may take to end once their clients have.
const GRACE: Duration = Duration::from_secs(2);

/// How long the server may take to answer an upgrade, on loopback.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Payload bytes kept of a frame: above anything the demo sends.
const MAX_PAYLOAD: u64 = 1024 * 1024;

/// All is ready: the server and the proxy listen, the recorder writes.
pub(super) struct Stage {
    seed: u64,
    pace: Pace,
    platform: Platform,
    proxy: Proxy,
    /// Where the clients connect.
    address: SocketAddr,
    writer: RecordingWriter,
    clock: Clock,
}

/// The play is on.
pub(super) struct Playing {
    task: JoinHandle<(Ended, RecordingWriter, u64)>,
    stop: Option<oneshot::Sender<()>>,
}

/// How it ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// To the last frame; true if each end got exactly what the other sent.
    Whole(bool),
    /// Somebody asked for the end.
    Stopped,
    /// A connection could not be made, or broke where it should not.
    Broken(io::Error),
}

impl Stage {
    /// Sets it; the recording goes to `folder`.
    pub(super) fn set(
        runtime: &Runtime,
        (seed, pace): (u64, Pace),
        folder: &Path,
    ) -> Result<Self, Failure> {
        let unready = |why: &dyn std::error::Error| {
            Failure::new(Code::Runtime, "the demo can't begin").because(why)
        };
        let platform =
            runtime.block_on(Platform::bind(seed, pace)).map_err(|error| unready(&error))?;
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listening = Listening::bind(&[local]).map_err(|error| unready(&error))?;
        let address = listening.address().map_err(|error| unready(&error))?;
        let server = format!("ws://{}", platform.address());
        let upstream = Upstream::parse(&server).map_err(|error| unready(&error))?;
        let clock = Clock::start();
        let mut recording = Recording {
            uuid: super::super::uuid::random(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            started_ns: i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX),
            upstream: server,
            listen: format!("ws://{address}"),
            note: Some(format!("wiretape demo, seed {seed}")),
            ..Recording::default()
        };
        let writer = Store::new(folder).record(&mut recording, None, &WriterOptions::default())?;
        let settings = Settings {
            host: HostPolicy::for_upstream(&upstream),
            headers: Vec::new(),
            max_payload: MAX_PAYLOAD,
            handshake_limit: HANDSHAKE,
            tls: None,
        };
        let tap = Arc::new(JournalTap::new(writer.journal(), Unwatched));
        let proxy = listening.serve(settings, Connector::new(upstream, None), tap, clock);
        Ok(Self { seed, pace, platform, proxy, address, writer, clock })
    }

    /// The recording's file.
    pub(super) fn path(&self) -> &Path {
        self.writer.path()
    }

    /// Begins.
    pub(super) fn play(self, runtime: &Runtime) -> Playing {
        let (stop, stopped) = oneshot::channel();
        Playing { task: runtime.spawn(self.run(stopped)), stop: Some(stop) }
    }

    async fn run(self, stopped: oneshot::Receiver<()>) -> (Ended, RecordingWriter, u64) {
        let Self { seed, pace, platform, mut proxy, address, writer, clock } = self;
        let (left, leave) = oneshot::channel::<()>();
        let server = tokio::spawn(platform.serve(async { drop(leave.await) }));
        let mut playing = pin!(clients::run(address, seed, pace));
        let clients = tokio::select! {
            tally = &mut playing => Some(tally),
            () = asked_to_end(stopped) => None,
        };
        if clients.is_none() {
            // While both ends still hold their sockets: whoever stops is the recorder, not they.
            proxy.finish(Duration::ZERO).await;
        }
        let ended = match clients {
            Some(Ok(clients)) => {
                drop(left);
                match server.await.map_err(io::Error::other) {
                    Ok(Ok(server)) => Ended::Whole(agree(clients, server)),
                    Ok(Err(error)) | Err(error) => Ended::Broken(error),
                }
            }
            Some(Err(error)) => {
                server.abort();
                Ended::Broken(error)
            }
            None => {
                server.abort();
                Ended::Stopped
            }
        };
        proxy.finish(GRACE).await;
        (ended, writer, clock.now_ns())
    }
}

impl Playing {
    /// Nothing more will come.
    pub(super) fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// What ends it early when something is sent.
    pub(super) fn stopper(&mut self) -> Option<oneshot::Sender<()>> {
        self.stop.take()
    }

    /// Ends it early, if it is not over.
    pub(super) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have ended by itself meanwhile.
            let _ = stop.send(());
        }
    }

    /// How it ended, who writes the recording, and the recording's time.
    pub(super) async fn end(self) -> Result<(Ended, RecordingWriter, u64), Failure> {
        self.task
            .await
            .map_err(|error| Failure::new(Code::Runtime, "the demo failed").because(&error))
    }
}

/// Ctrl-C, SIGTERM, SIGHUP, or our own wish.
async fn asked_to_end(stopped: oneshot::Receiver<()>) {
    match Signals::new() {
        Ok(mut signals) => tokio::select! {
            () = signals.stop() => {}
            _ = stopped => {}
        },
        // No signals here: only our own wish is left, and its sender may go without one.
        Err(_) => drop(stopped.await),
    }
}

/// Each end got what the other sent.
fn agree(clients: Tally, server: Tally) -> bool {
    clients.astray + server.astray == 0
        && (clients.sent, clients.received) == (server.received, server.sent)
}

/// Nobody but the demo's own clients can reach this proxy, and what they do is told from the
/// recording.
struct Unwatched;

impl Watcher for Unwatched {
    fn connection(&self, _: &Connection) {}

    fn notice(&self, _: &str) {}
}
