//! Real peers through the real binary: npm `ws`, Python `websockets` and Chromium, both ways, with
//! and without compression. Bytes are compared by taps on both sides of the proxy.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;
use wiretape::wire::{Deflate, Direction, MessageAssembler, Opcode};

use crate::support::byte_tap::{ByteTap, websocket_key};
use crate::support::proxy::{Options, RunningProxy, start_proxy};
use crate::support::recorded::{ConnectionRow, Recorded};
use crate::support::{NEVER, assert_same_bytes, sha256};

/// Messages of the plan that every client sends.
const PLANNED: i64 = 311;

/// Where `.ci/run` installs the peers.
pub(crate) fn peers_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers")
}

pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(name)
}

/// False, loudly, if a peer is not installed; a failure where peers are required.
pub(crate) fn has(what: &str, found: bool) -> bool {
    if !found {
        let required = std::env::var("WIRETAPE_PEERS").is_ok_and(|value| value == "required");
        assert!(!required, "{what} is not installed, and WIRETAPE_PEERS=required");
        eprintln!("skipped: {what} is not installed (.ci/run installs it)");
    }
    found
}

fn has_node() -> bool {
    has("npm ws", peers_folder().join("node_modules/ws").exists())
}

pub(crate) fn python() -> PathBuf {
    peers_folder().join("venv/bin/python")
}

fn has_python() -> bool {
    has("Python websockets", python().exists())
}

/// A peer as a process that says one JSON line at a time.
struct Peer {
    child: Child,
    lines: Receiver<Value>,
}

impl Peer {
    fn start(command: &mut Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the peer runs");
        let (send, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = send.send(serde_json::from_str(&line).expect("one JSON value a line"));
            }
        });
        Self { child, lines }
    }

    #[track_caller]
    fn line(&self) -> Value {
        self.lines.recv_timeout(NEVER).expect("the peer says something")
    }

    /// The next line with `name` in it.
    #[track_caller]
    fn line_with(&self, name: &str) -> Value {
        loop {
            let line = self.line();
            if line.get(name).is_some() {
                return line;
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn node_server(deflate: &str) -> (Peer, SocketAddr) {
    let peer = Peer::start(
        Command::new("node").arg(script("ws_server.mjs")).arg(peers_folder()).arg(deflate),
    );
    let address = listening(&peer);
    (peer, address)
}

fn python_server(deflate: &str) -> (Peer, SocketAddr) {
    let peer = Peer::start(Command::new(python()).arg(script("websockets_server.py")).arg(deflate));
    let address = listening(&peer);
    (peer, address)
}

fn listening(peer: &Peer) -> SocketAddr {
    let port = peer.line()["port"].as_u64().expect("a port") as u16;
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn node_client(url: &str, deflate: bool, closer: &str) -> Value {
    let deflate = deflate.to_string();
    let mut command = Command::new("node");
    command.arg(script("ws_client.mjs")).arg(peers_folder()).args([url, &deflate, closer]);
    Peer::start(&mut command).line()
}

fn python_client(url: &str, deflate: bool, closer: &str) -> Value {
    let deflate = deflate.to_string();
    let mut command = Command::new(python());
    command.arg(script("websockets_client.py")).args([url, &deflate, closer]);
    Peer::start(&mut command).line()
}

/// tap ⇄ proxy ⇄ tap, in front of a server.
struct Rig {
    outside: ByteTap,
    inside: ByteTap,
    proxy: RunningProxy,
}

impl Rig {
    fn start(server: SocketAddr) -> Self {
        let inside = ByteTap::start(server);
        let proxy = start_proxy(inside.address, Options::default());
        let outside = ByteTap::start(proxy.address);
        Self { outside, inside, proxy }
    }

    fn url(&self) -> String {
        format!("ws://{}/chat?room=7", self.outside.address)
    }

    /// Ends the proxy and compares, for each connection and direction: the client's side, the
    /// server's side, and what the recording gives back.
    fn finish(self) -> (Recorded, Vec<ConnectionRow>) {
        let ended = self.proxy.terminate();
        assert!(ended.status.success(), "{}", ended.stderr);
        let recorded = Recorded::open(&ended.recording);
        assert_eq!(recorded.gaps(), (0, 0, 0));
        let rows = recorded.connections();
        let (outside, inside) = (self.outside.websockets(), self.inside.websockets());
        assert_eq!(outside.len(), rows.len(), "connections recorded");
        for row in &rows {
            let key = websocket_key(&row.request_head).expect("an upgrade's key");
            let find = |taps: &[(String, std::sync::Arc<crate::support::byte_tap::Tapped>)]| {
                let found = taps.iter().find(|(of, _)| *of == key).expect("seen by the tap");
                std::sync::Arc::clone(&found.1)
            };
            let (client, server) = (find(&outside), find(&inside));
            assert_same_bytes("client → server", &client.c2s(), &server.c2s());
            assert_same_bytes("server → client", &server.s2c(), &client.s2c());
            let wire = |head: &[u8], direction| [head, &recorded.wire(row.id, direction)].concat();
            let c2s = wire(&row.request_head, Direction::ClientToServer);
            let s2c = wire(&row.response_head, Direction::ServerToClient);
            assert_ends_with("c2s rebuilt", &client.c2s(), &c2s);
            assert_ends_with("s2c rebuilt", &client.s2c(), &s2c);
        }
        (recorded, rows)
    }
}

/// An upgrade may follow plain requests on the same connection: they are not recorded.
#[track_caller]
fn assert_ends_with(what: &str, whole: &[u8], tail: &[u8]) {
    let from = whole.len().saturating_sub(tail.len());
    assert_same_bytes(what, &whole[from..], tail);
}

/// What the recorded messages of one direction say, put together and inflated.
fn message_hash(recorded: &Recorded, row: &ConnectionRow, direction: Direction) -> String {
    let deflate = Deflate::negotiated(&row.response_head).map(|both| both[direction.index()]);
    let mut assembler = MessageAssembler::new(deflate, 64 << 20);
    let mut payloads = Vec::new();
    for frame in recorded.frames(row.id, direction) {
        let Some(message) = assembler.feed(&frame) else { continue };
        assert_eq!(message.trouble, None);
        if matches!(message.opcode, Opcode::TEXT | Opcode::BINARY) {
            payloads.extend_from_slice(&message.payload);
        }
    }
    sha256(&payloads)
}

type Client = fn(&str, bool, &str) -> Value;

/// Every client that is installed, closing from either side, against one server.
fn check(server: &(Peer, SocketAddr), clients: &[Client], deflate: bool) {
    let rig = Rig::start(server.1);
    let mut said = Vec::new();
    for client in clients {
        for (closer, code, reason) in [("client", 4001, "bye"), ("server", 4002, "server says so")]
        {
            let line = client(&rig.url(), deflate, closer);
            assert_eq!(line["echoed"], PLANNED, "{line}");
            assert_eq!(line["pong"], true, "{line}");
            assert_eq!((&line["code"], &line["reason"]), (&code.into(), &reason.into()));
            let compressed = line["extensions"].as_str().unwrap().contains("permessage-deflate");
            assert_eq!(compressed, deflate, "compression stays as the peers agree: {line}");
            let closed = server.0.line_with("code");
            assert_eq!((&closed["code"], &closed["reason"]), (&code.into(), &reason.into()));
            rig.proxy.event("connection_closed");
            said.push((line, code));
        }
    }
    let (recorded, rows) = rig.finish();
    assert_eq!(rows.len(), said.len());
    for (row, (line, code)) in rows.iter().zip(said) {
        assert_eq!(row.close_codes, [Some(code), Some(code)], "{row:?}");
        assert_eq!(row.ending.as_deref(), Some("closed"), "{row:?}");
        for (direction, hash) in Direction::BOTH.into_iter().zip(["sent", "received"]) {
            let words = format!("{} messages, inflated", direction.word());
            assert_eq!(message_hash(&recorded, row, direction), line[hash], "{words}");
        }
    }
}

fn clients() -> Vec<Client> {
    let mut clients: Vec<Client> = Vec::new();
    if has_node() {
        clients.push(node_client);
    }
    if has_python() {
        clients.push(python_client);
    }
    clients
}

#[test]
fn an_npm_ws_server_without_compression() {
    if has_node() {
        check(&node_server("false"), &clients(), false);
    }
}

#[test]
fn an_npm_ws_server_with_every_kind_of_compression() {
    if has_node() {
        for deflate in [
            r#"{"threshold":0}"#,
            r#"{"threshold":0,"serverNoContextTakeover":true}"#,
            r#"{"threshold":0,"clientNoContextTakeover":true}"#,
            r#"{"threshold":0,"serverNoContextTakeover":true,"clientNoContextTakeover":true}"#,
            r#"{"threshold":0,"clientMaxWindowBits":9}"#,
            r#"{"threshold":1024,"clientMaxWindowBits":12}"#,
        ] {
            check(&node_server(deflate), &clients(), true);
        }
    }
}

#[test]
fn a_python_websockets_server_without_compression() {
    if has_python() {
        check(&python_server("false"), &clients(), false);
    }
}

#[test]
fn a_python_websockets_server_with_every_kind_of_compression() {
    if has_python() {
        for deflate in [
            "{}",
            r#"{"server_no_context_takeover":true}"#,
            r#"{"client_no_context_takeover":true}"#,
            r#"{"server_max_window_bits":9}"#,
            r#"{"server_max_window_bits":15,"client_max_window_bits":11}"#,
        ] {
            check(&python_server(deflate), &clients(), true);
        }
    }
}

pub(crate) fn chromium() -> Option<&'static str> {
    ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok())
}

#[test]
fn a_page_in_chromium_served_and_connected_through_the_proxy() {
    let chromium = chromium();
    if !has_node() || !has("Chromium", chromium.is_some()) {
        return;
    }
    for deflate in ["false", r#"{"threshold":0}"#] {
        let server = node_server(deflate);
        let rig = Rig::start(server.1);
        let profile = tempfile::tempdir().unwrap();
        let browser = Browser::open(
            chromium.expect("checked above"),
            &format!("http://{}/page", rig.outside.address),
            profile.path(),
        );
        let page = server.0.line_with("page")["page"].clone();
        drop(browser);
        assert_eq!(page["text"], serde_json::json!([true, true, true, true]), "{page}");
        assert_eq!(page["binary"], serde_json::json!([true]), "{page}");
        assert_eq!((&page["code"], &page["clean"]), (&4003.into(), &true.into()), "{page}");
        assert_eq!(page["reason"], "from the server");
        let (_, rows) = rig.finish();
        assert_eq!(rows[0].close_codes, [Some(4003), Some(4003)]);
        let deflates = Deflate::negotiated(&rows[0].response_head).is_some();
        assert_eq!(deflates, deflate != "false", "Chromium's offer passes unchanged");
    }
}

/// A headless browser that ends with the test.
struct Browser(Child);

impl Browser {
    fn open(chromium: &str, url: &str, profile: &Path) -> Self {
        let child = Command::new(chromium)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"])
            .args(["--no-first-run", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-sync", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Chromium runs");
        Self(child)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
