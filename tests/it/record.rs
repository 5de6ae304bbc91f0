//! `wiretape record` as people and scripts start it: its options, its command, its words.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::proxy::{SWITCH, UPGRADE, read_head, server};

fn record(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wiretape"));
    command
        .current_dir(folder)
        .env_remove("WIRETAPE_DIR")
        .env_remove("WIRETAPE_LISTEN")
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .env("HOME", folder)
        .arg("record")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A recorder that says what it does as NDJSON.
struct Recorder {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
    started: Value,
}

impl Recorder {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = record(folder, &[&["--json"], arguments].concat()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        let started = serde_json::from_str(&first).unwrap_or_else(|_| {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("it did not start: {first}{said}")
        });
        Self { child, lines, started }
    }

    fn port(&self) -> u16 {
        self.started["listen"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap()
    }

    fn stop(mut self) -> Output {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let mut rest = Vec::new();
        self.lines.read_to_end(&mut rest).unwrap();
        let output = self.child.wait_with_output().unwrap();
        Output { stdout: rest, ..output }
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Nobody listens there: fine for a recorder that nobody connects to.
const NOBODY: &str = "ws://127.0.0.1:9/chat?room=1";

#[test]
fn a_command_gets_the_url_and_its_exit_code_is_passed_on() {
    let folder = folder();
    for (url, scheme) in [(NOBODY, "ws"), ("http://127.0.0.1:9/chat?room=1", "http")] {
        let script = "echo \"$CHAT_URL\"; exit 7";
        let arguments = [url, "--listen", "0", "--env", "CHAT_URL", "--", "sh", "-c", script];
        let output = record(folder.path(), &arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(7), "{}", said(&output));
        let got = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(got.starts_with(&format!("{scheme}://127.0.0.1:")), "{got}");
        assert!(got.trim_end().ends_with("/chat?room=1"), "{got}");
        assert!(said(&output).contains("CHAT_URL set to"), "{}", said(&output));
    }
    let output = record(folder.path(), &[NOBODY, "-l0", "--", "true"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let output = record(folder.path(), &[NOBODY, "-l0", "--", "sh", "-c", "kill -9 $$"]).output();
    assert_eq!(output.unwrap().status.code(), Some(128 + 9));
    let output = record(folder.path(), &[NOBODY, "-l0", "--", "no-such-program"]).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(said(&output).contains("can't run no-such-program"), "{}", said(&output));
}

#[test]
fn a_command_is_asked_to_end_with_the_recording() {
    let folder = folder();
    // The shell says when its trap is set, so that the signal can't come too early.
    let script = "trap 'echo asked; exit 5' TERM; echo ready; while :; do sleep 0.05; done";
    let mut child =
        record(folder.path(), &[NOBODY, "-l0", "--", "sh", "-c", script]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    line.clear();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "asked\n");
    assert_eq!(child.wait().unwrap().code(), Some(5));
}

#[test]
fn the_default_is_both_loopback_addresses_and_a_busy_port_gives_way() {
    let folder = folder();
    // Whoever has the port, it is busy now.
    let busy = TcpListener::bind("127.0.0.1:9797");
    let recorder = Recorder::start(folder.path(), &[NOBODY]);
    let port = recorder.port();
    assert!((9798..9900).contains(&port), "{port}");
    TcpStream::connect(("127.0.0.1", port)).unwrap();
    if TcpListener::bind("[::1]:0").is_ok() {
        TcpStream::connect(("::1", port)).unwrap();
    }
    drop(busy);
    assert_eq!(recorder.stop().status.code(), Some(0));
}

#[test]
fn an_address_that_others_reach_is_warned_of() {
    let folder = folder();
    let mut recorder = Recorder::start(folder.path(), &[NOBODY, "--listen", "0.0.0.0:0"]);
    let mut line = String::new();
    recorder.lines.read_line(&mut line).unwrap();
    assert!(line.contains("other machines can reach"), "{line}");
    recorder.stop();
}

#[test]
fn errors_teach() {
    let folder = folder();
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = busy.local_addr().unwrap().to_string();
    let cases: [(&[&str], i32, &[&str]); 9] = [
        (&["localhost:8000"], 2, &["needs a scheme", "try   wiretape record ws://localhost:8000"]),
        (&["ws://h:0"], 2, &["1 to 65535"]),
        (&[NOBODY, "--listen", "elsewhere"], 2, &["not an address to listen on", "try"]),
        (&[NOBODY, "--listen", &busy], 4, &["in use", "--listen 127.0.0.1:0"]),
        (&[NOBODY, "--header", "no colon"], 2, &["'Name: value'"]),
        (&[NOBODY, "--header", "A: b\r\nC: d"], 2, &["'Name: value'"]),
        (&[NOBODY, "--header", "@nowhere"], 2, &["can't read the headers", "nowhere"]),
        (&["wss://127.0.0.1:9", "--ca", "nowhere"], 2, &["nowhere", "--ca FILE"]),
        (&[NOBODY, "-l0", "--name", "../up"], 2, &["can't be a recording's name"]),
    ];
    for (arguments, code, words) in cases {
        let output = record(folder.path(), arguments).output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.starts_with("error: "), "{arguments:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{arguments:?}: {said}");
        }
    }
    assert!(!folder.path().join("up.db").exists());
}

#[test]
fn a_name_is_taken_once_a_day() {
    let folder = folder();
    let arguments = [NOBODY, "-l0", "--name", "mine"];
    let recorder = Recorder::start(folder.path(), &arguments);
    let output = record(folder.path(), &arguments).output().unwrap();
    assert_ne!(output.status.code(), Some(0));
    assert!(said(&output).contains("is being recorded"), "{}", said(&output));
    recorder.stop();
    let output = record(folder.path(), &arguments).output().unwrap();
    assert!(said(&output).contains("is there already"), "{}", said(&output));
}

#[test]
fn tls_towards_the_client_is_served_with_a_private_ca() {
    let folder = folder();
    let recorder = Recorder::start(folder.path(), &[NOBODY, "-l0", "--tls"]);
    assert!(recorder.started["listen"].as_str().unwrap().starts_with("wss://127.0.0.1:"));
    let key = folder.path().join("config/wiretape/ca-key.pem");
    assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
    // A client that speaks none is told of, once with what to do.
    for _ in 0..2 {
        let mut plain = TcpStream::connect(("127.0.0.1", recorder.port())).unwrap();
        plain.write_all(UPGRADE).unwrap();
        let _ = plain.read_to_end(&mut Vec::new());
    }
    let said = String::from_utf8(recorder.stop().stdout).unwrap();
    assert!(said.contains("what came is not TLS"), "{said}");
    assert_eq!(
        said.matches("the client spoke plain HTTP or ws:// to a port that serves TLS").count(),
        1
    );
}

#[test]
fn headers_from_a_file_and_every_way_to_write_record() {
    let folder = folder();
    std::fs::write(folder.path().join("secret"), "Authorization: Bearer abc\n\nX-A: 1\n").unwrap();
    for extra in [["--when-behind", "gap"], ["--sync", "full"]] {
        let (upstream, thread) = server(1, |mut stream| {
            let head = String::from_utf8_lossy(&read_head(&mut stream)).into_owned();
            assert!(head.contains("\r\nAuthorization: Bearer abc\r\nX-A: 1\r\n\r\n"), "{head}");
            stream.write_all(&[SWITCH, b"\x81\x02hi\x88\x02\x03\xe8"].concat()).unwrap();
        });
        let url = format!("ws://{upstream}");
        let recorder = Recorder::start(
            folder.path(),
            &[&url, "-l0", "--header", "@secret", extra[0], extra[1]],
        );
        let mut client = TcpStream::connect(("127.0.0.1", recorder.port())).unwrap();
        client.write_all(UPGRADE).unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        drop(client);
        thread.join().unwrap();
        let output = recorder.stop();
        assert_eq!(output.status.code(), Some(0));
        let summary = String::from_utf8(output.stdout).unwrap();
        let summary: Value = serde_json::from_str(summary.lines().last().unwrap()).unwrap();
        assert_eq!((&summary["kind"], &summary["frames"]["s2c"]), (&"summary".into(), &2.into()));
    }
}

/// What a client and a server can write into a recorder's lines.
#[test]
fn nothing_hostile_reaches_the_recorders_lines() {
    let folder = folder();
    let (upstream, thread) = server(1, |mut stream| {
        read_head(&mut stream);
        let reason = b"\x1b]52;c;aGk=\x07\xe2\x80\xae\xc2\x9b2J\r\n";
        let close = [&[0x88, reason.len() as u8 + 2, 0x03, 0xe8][..], reason].concat();
        stream.write_all(&[SWITCH, &close].concat()).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
    });
    let url = format!("ws://{upstream}");
    let mut child = record(folder.path(), &[&url, "-l0"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("Point") {
        line.clear();
        lines.read_line(&mut line).unwrap();
    }
    let port = line.split("127.0.0.1:").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap();
    let head = String::from_utf8_lossy(UPGRADE).replace("Empty:", "Origin: \u{9b}31m\u{202e}x");
    client.write_all(head.as_bytes()).unwrap();
    read_head(&mut client);
    client.read_exact(&mut [0; 2]).unwrap();
    client.write_all(b"\x88\x80\x00\x00\x00\x00").unwrap();
    client.shutdown(std::net::Shutdown::Both).unwrap();
    let mut told = Vec::new();
    while !String::from_utf8_lossy(&told).contains("- conn 1") {
        lines.read_until(b'\n', &mut told).unwrap();
    }
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    lines.read_to_end(&mut told).unwrap();
    assert!(child.wait().unwrap().success());
    let told = String::from_utf8(told).unwrap();
    let hostile = |c: &char| (c.is_control() && *c != '\n') || *c == '\u{202e}';
    assert_eq!(told.chars().find(hostile), None, "{told:?}");
    assert!(told.contains("]52;c;"), "shown, as text: {told}");
    thread.join().unwrap();
}

#[test]
fn quiet_says_only_how_it_went() {
    let folder = folder();
    let output = record(folder.path(), &["-q", NOBODY, "-l0", "--", "true"]).output().unwrap();
    assert!(output.status.success());
    let said = said(&output);
    assert!(said.starts_with("Recorded ") && !said.contains("Point your app"), "{said}");
}

#[test]
fn a_command_that_can_t_run_leaves_no_recording() {
    let folder = folder();
    let output = record(folder.path(), &[NOBODY, "-l0", "--", "no-such-program"]).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    let left = std::fs::read_dir(folder.path().join("recordings")).unwrap().count();
    assert_eq!(left, 0);
}

/// More events than a pipe and the printer's queue hold together.
const REFUSED: usize = 6000;

/// Whoever reads the lines may stop reading; the traffic must not.
#[test]
fn a_reader_that_stops_reading_holds_nobody_up() {
    let folder = folder();
    let (upstream, thread) = server(1, |mut stream| {
        for _ in 0..REFUSED {
            read_head(&mut stream);
            stream.write_all(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n").unwrap();
        }
    });
    let recorder = Recorder::start(folder.path(), &[&format!("ws://{upstream}"), "-l0"]);
    let mut client = TcpStream::connect(("127.0.0.1", recorder.port())).unwrap();
    client.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    for _ in 0..REFUSED {
        client.write_all(UPGRADE).unwrap();
        read_head(&mut client);
    }
    drop(client);
    thread.join().unwrap();
    let output = recorder.stop();
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_commands_own_children_end_with_the_recording() {
    let folder = folder();
    let script = "sleep 600 & echo $!; wait";
    let mut child =
        record(folder.path(), &[NOBODY, "-l0", "--", "sh", "-c", script]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut grandchild = String::new();
    lines.read_line(&mut grandchild).unwrap();
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    child.wait().unwrap();
    // Its end of the pipe is closed: it is gone.
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn ndjson_stays_ndjson_beside_a_command() {
    let folder = folder();
    let arguments = ["--json", NOBODY, "-l0", "--", "echo", "not json"];
    let output = record(folder.path(), &arguments).output().unwrap();
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(lines.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{lines}");
    assert!(said(&output).contains("not json"));
}

#[test]
fn the_commands_it_prints_work_as_printed() {
    let folder = folder();
    for (extra, dir) in [(&[][..], "recordings"), (&["--dir", "else where"][..], "else where")] {
        let arguments = [&[NOBODY, "-l0", "--name", "mine"][..], extra, &["--", "true"]].concat();
        let output = record(folder.path(), &arguments).output().unwrap();
        let said = said(&output);
        let open = said.lines().find(|line| line.starts_with("Open ")).unwrap();
        let called = open.split("wiretape frames ").nth(1).unwrap().split("     ").next().unwrap();
        assert_eq!(called.contains('/'), dir != "recordings", "{open}");
        let shown = Command::new("sh")
            .current_dir(folder.path())
            .env_remove("WIRETAPE_DIR")
            .args(["-c", &format!("\"$0\" info {called}"), env!("CARGO_BIN_EXE_wiretape")])
            .output()
            .unwrap();
        assert!(shown.status.success(), "{open}");
    }
}

#[test]
fn only_recordings_are_removed() {
    let folder = folder();
    let path = folder.path().join("other.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE x (y)").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_wiretape"))
        .args(["rm", "--yes"])
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(path.exists());
}
