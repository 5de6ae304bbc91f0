//! `doctor`, asked about real sockets, a real certificate, real folders and a real terminal.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

use crate::sample::{run, wiretape};
use crate::support::NEVER;
use crate::support::load::echo_server;
use crate::tls::{server_certificate, tls_server};

/// What is said about each thing: verdict, and the whole of it.
fn looks(args: &[&str]) -> (Option<i32>, Value) {
    let folder = TempDir::new().unwrap();
    let args = [&["doctor", "--json"], args].concat();
    let output = run(folder.path(), &args);
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
    (output.status.code(), object)
}

#[track_caller]
fn look(object: &Value, about: &str) -> Value {
    let looks = object["looks"].as_array().unwrap();
    let found = looks.iter().find(|look| look["about"] == about);
    found.unwrap_or_else(|| panic!("nothing about {about}: {object}")).clone()
}

/// A port that is free now.
fn free() -> String {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    free.port().to_string()
}

#[test]
fn what_works_is_said_to() {
    let url = format!("ws://{}", echo_server());
    let (code, object) = looks(&[&url, "--listen", &free()]);
    assert_eq!((code, &object["works"]), (Some(0), &true.into()), "{object}");
    for about in ["port", "server", "upgrade", "folder", "room"] {
        assert_eq!(look(&object, about)["verdict"], "ok", "{object}");
    }
    assert!(look(&object, "upgrade")["what"].as_str().unwrap().starts_with("101 for /"));
    for about in ["size", "colours", "glyphs", "copy", "mouse"] {
        assert_eq!(look(&object, about)["what"], "not a terminal");
    }
}

#[test]
fn a_busy_port_is_told_with_who_has_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, object) = looks(&["--listen", &port]);
    let told = look(&object, "port");
    assert_eq!((code, &told["verdict"]), (Some(0), &"warn".into()), "record takes the next one");
    let pid = format!("(pid {})", std::process::id());
    assert!(told["what"].as_str().unwrap().contains(&pid), "{told}");
}

#[test]
fn a_server_that_is_not_there_or_no_server_is_a_failure() {
    let (code, object) = looks(&[&format!("ws://127.0.0.1:{}", free()), "--listen", &free()]);
    let told = look(&object, "server");
    assert_eq!((code, &told["verdict"]), (Some(4), &"fail".into()));
    assert!(told["why"].as_str().unwrap().contains("connection refused"), "{told}");
    assert!(!told["next"].as_str().unwrap().is_empty());
    // One that listens and hangs up.
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/ws", deaf.local_addr().unwrap());
    let hangs_up = std::thread::spawn(move || drop(deaf.accept().unwrap()));
    let (code, object) = looks(&[&url, "--listen", &free()]);
    hangs_up.join().unwrap();
    assert_eq!((code, &look(&object, "upgrade")["verdict"]), (Some(4), &"fail".into()), "{object}");
    // One that speaks no TLS.
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("wss://{}", plain.local_addr().unwrap());
    let answers = std::thread::spawn(move || {
        let (mut socket, _) = plain.accept().unwrap();
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
    });
    let (code, object) = looks(&[&url, "--listen", &free()]);
    answers.join().unwrap();
    assert_eq!((code, &look(&object, "tls")["verdict"]), (Some(4), &"fail".into()), "{object}");
    let usage = run(TempDir::new().unwrap().path(), &["doctor", "localhost:8000"]);
    assert_eq!(usage.status.code(), Some(2));
}

#[test]
fn a_certificate_is_judged_and_its_end_told() {
    let folder = TempDir::new().unwrap();
    let ca = folder.path().join("ca.pem");
    let config = server_certificate("localhost", &ca);
    let url = || {
        let (address, _) = tls_server(config.clone(), true);
        format!("wss://localhost:{}", address.port())
    };
    let (_, object) = looks(&[&url(), "--listen", &free()]);
    let told = look(&object, "tls");
    assert!(told["why"].as_str().unwrap().contains("nobody who is trusted"), "{told}");
    assert!(told["next"].as_str().unwrap().contains("--ca"), "{told}");
    for more in [&["--ca", ca.to_str().unwrap()][..], &["-k"]] {
        let (_, object) = looks(&[&[url().as_str(), "--listen", &free()], more].concat());
        let told = look(&object, "tls");
        assert_eq!(told["verdict"], "ok", "{object}");
        assert!(told["what"].as_str().unwrap().starts_with("TLS 1.3; the certificate ends in"));
    }
}

#[test]
fn a_folder_that_can_t_be_written_is_a_failure() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    // Not even the administrator can make a folder there.
    let output = run(folder.path(), &["doctor", "--json", "--dir", "/proc/recordings"]);
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (output.status.code(), &look(&object, "folder")["verdict"]),
        (Some(4), &"fail".into())
    );
    fs::create_dir(folder.path().join("recordings")).unwrap();
    let printed = wiretape(folder.path()).args(["doctor", "--listen", &free()]).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.contains("recordings can be written, and read meanwhile"), "{printed}");
}

/// In tmux, which answers what a terminal is asked.
#[test]
fn a_terminal_is_asked_how_wide_it_draws() {
    if Command::new("tmux").arg("-V").output().is_err() {
        let required = std::env::var_os("WIRETAPE_PEERS").is_some_and(|how| how == "required");
        assert!(!required, "tmux is not installed");
        return;
    }
    let folder = TempDir::new().unwrap();
    let tmux = |args: &[&str]| {
        let mut command = Command::new("tmux");
        command.env("TMUX_TMPDIR", folder.path()).env_remove("TMUX").current_dir(folder.path());
        let output = command.args(["-L", "w"]).args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let line = format!(
        "{} doctor --listen {}; echo EXIT $?; stty -a; cat",
        env!("CARGO_BIN_EXE_wiretape"),
        free()
    );
    tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "50", &line]);
    let start = Instant::now();
    let screen = loop {
        let screen = tmux(&["capture-pane", "-p"]);
        if screen.contains("EXIT") && screen.contains("echo") {
            break screen;
        }
        assert!(start.elapsed() < NEVER, "{screen}");
    };
    tmux(&["kill-server"]);
    assert!(screen.contains("EXIT 0"), "{screen}");
    assert!(screen.contains("100 columns, 50 rows"), "{screen}");
    let glyphs = screen.lines().find(|line| line.contains("glyphs")).unwrap();
    assert!(
        glyphs.contains("each takes the columns that it should") || glyphs.contains(" takes "),
        "{glyphs}"
    );
    assert!(
        screen.contains(" icanon") && screen.contains(" echo "),
        "the terminal is given back: {screen}"
    );
    assert!(!screen.contains("[6n") && !screen.contains(";2R"), "{screen}");
}
