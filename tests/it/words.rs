//! What is said while things go wrong, and how it fits: hints, losses, widths, names.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use unicode_width::UnicodeWidthStr;
use wiretape::wire::{
    Close, Connection, Direction, EndedBy, Ending, Fact, Gap, GapReason, Header, Marks,
};

use crate::proxy::{SWITCH, UPGRADE, read_head, server};
use crate::sample::{self, Home, frame, run, wiretape};
use crate::support::proxy::{Options, RunningProxy, start_proxy, start_proxy_at};

/// Runs the binary for a terminal of so many columns; gives both streams.
fn in_columns(home: &Home, columns: usize, args: &[&str]) -> String {
    let mut command = wiretape(home.dir.path());
    let output = command.args(args).env("COLUMNS", columns.to_string()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn assert_fits(printed: &str, columns: usize) {
    for line in printed.lines() {
        assert!(line.width() <= columns, "{} in {columns} columns: {line}", line.width());
    }
}

fn add_recording(home: &Home, file: &str, started_ns: i64) {
    let mut recording = sample::recording();
    recording.started_ns = started_ns;
    recording.upstream = "wss://a.long.name.of.a.server.example:8443/and/a/path".into();
    let path = home.dir.path().join("recordings").join(file);
    sample::write(&path, &[Fact::Recording(recording)]);
}

#[test]
fn a_list_fits_and_is_in_order_of_time() {
    let home = Home::empty();
    let day = 86_400_000_000_000;
    // The name's date, the file's time and the start all say something else.
    add_recording(&home, "2026-11-21-last-recorded-hummingbird.db", sample::STARTED_NS + day);
    add_recording(&home, "2026-11-22-first-recorded.db", sample::STARTED_NS - 2 * day);
    add_recording(&home, "without-a-date.db", sample::STARTED_NS);
    for columns in [200, 100, 80, 60, 40, 20] {
        let printed = in_columns(&home, columns, &["ls"]);
        assert_fits(&printed, columns);
        let place = |name: &str| printed.find(name).unwrap_or_else(|| panic!("{name}: {printed}"));
        assert!(place("first-recorded") < place("without-a-date"), "{printed}");
        assert!(place("without-a-date") < place("last-recorded"), "{printed}");
        assert_eq!(printed.contains("UPSTREAM"), columns >= 100, "{printed}");
    }
    let list: Value = serde_json::from_str(&home.prints(&["ls", "--json"])).unwrap();
    let names: Vec<&str> = list["recordings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|recording| recording["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["first-recorded", "without-a-date", "last-recorded-hummingbird"]);
}

#[test]
fn connections_fit() {
    let home = Home::new();
    for columns in [80, 60, 44] {
        let printed = in_columns(&home, columns, &["info", "amber-fox"]);
        let table = printed.split("\n\n").nth(1).unwrap();
        assert_fits(table, columns);
    }
}

#[test]
fn an_end_without_a_code_reads_well() {
    let home = Home::new();
    let reset = Connection {
        id: 4,
        ending: Some(Ending::Reset),
        ended_by: Some(EndedBy::Server),
        detail: Some("connection reset".into()),
        close: [None, Some(Close { code: None, reason: Vec::new() })],
        ..Connection::default()
    };
    sample::add(&rusqlite::Connection::open(home.tape()).unwrap(), &[Fact::Connection(reset)]);
    let printed = home.prints(&["info", "amber-fox", "-c", "4"]);
    assert!(printed.contains("reset by server, no code: connection reset"), "{printed}");
}

#[test]
fn gaps_are_aligned_and_none_is_hidden() {
    let home = Home::new();
    let gaps: Vec<Fact<'_>> = (0..87_u64)
        .map(|n| {
            let from_ns = 300_000_000 + n * 1_000_000;
            Fact::Gap(Gap {
                connection: [Some(1), None, Some(1234)][n as usize % 3],
                direction: [None, Some(Direction::ServerToClient)][n as usize % 2],
                from_ns,
                to_ns: from_ns + 1,
                frames: n * n * n + 1,
                bytes: 1,
                reason: GapReason::Behind,
            })
        })
        .collect();
    sample::add(&rusqlite::Connection::open(home.tape()).unwrap(), &gaps);
    let printed = home.prints(&["info", "amber-fox"]);
    assert!(printed.contains("88 gaps"), "{printed}");
    let more = "… and 68 more: wiretape query REC 'SELECT * FROM gaps'";
    assert!(printed.contains(more), "{printed}");
    let ends: Vec<usize> = printed
        .lines()
        .filter_map(|line| line.strip_suffix(" behind"))
        .map(UnicodeWidthStr::width)
        .collect();
    assert_eq!(ends.len(), 19);
    assert!(ends.iter().all(|end| *end == ends[0]), "{printed}");
}

#[test]
fn odd_frames_stay_in_their_columns_and_show_their_bytes() {
    let home = Home::empty();
    let mut facts = vec![Fact::Recording(sample::recording())];
    facts.push(Fact::Connection(Connection { id: 1, ..Connection::default() }));
    for (id, first_byte) in [(1, 0x83), (2, 0x8b), (3, 0x0b), (4, 0x02), (5, 0x81)] {
        let frame = frame(id, 1, Direction::ClientToServer, first_byte, b"payload");
        facts.push(Fact::Frame(frame));
    }
    // RSV1 on a connection that agreed on nothing.
    facts.push(Fact::Frame(frame(6, 1, Direction::ClientToServer, 0xc1, b"readable")));
    let mut long = frame(7, 1, Direction::ServerToClient, 0x81, b"begins so");
    long.frame.header = Header::from_bytes(&[0x81, 126, 0x50, 0x00]).unwrap();
    long.frame.marks = Marks::NOT_KEPT;
    facts.push(Fact::Frame(long));
    let mut near = frame(8, 1, Direction::ServerToClient, 0x81, &[b'x'; 2048]);
    near.frame.header = Header::from_bytes(&[0x81, 126, 0x08, 0x02]).unwrap();
    near.frame.marks = Marks::NOT_KEPT;
    facts.push(Fact::Frame(near));
    sample::write(&home.tape(), &facts);
    let printed = home.prints(&["frames", "amber-fox"]);
    let sizes: Vec<usize> = printed
        .lines()
        .take(5)
        .map(|line| line.find("  7 B").unwrap_or_else(|| panic!("{printed}")))
        .map(|at| at - printed.lines().next().unwrap().find("  7 B").unwrap())
        .collect();
    assert_eq!(sizes, [0; 5], "{printed}");
    assert!(printed.contains("op 11+") && printed.contains("readable"), "{printed}");
    assert!(!printed.contains("(compressed)") && !printed.contains(" z  "), "{printed}");
    assert!(printed.contains("[kept 9 B of 20 KiB] begins so"), "{printed}");
    assert!(printed.contains("[kept 2,048 of 2,050 B] xx"), "{printed}");
}

#[test]
fn a_name_in_other_letters_is_near() {
    let home = Home::empty();
    fs::write(home.dir.path().join("recordings/2026-11-22-UPPER.db"), "").unwrap();
    home.fails(
        &["info", "upper"],
        3,
        "
error: there is no recording called upper in recordings
  try   wiretape ls   shows what there is; --dir FOLDER looks elsewhere
        UPPER   did you mean that?",
    );
}

#[test]
fn a_demo_is_played_at_a_speed_that_is_one() {
    let home = Home::empty();
    for speed in ["0", "-1", "nan", "inf", "1001", "0.05", "fast"] {
        let output = run(home.dir.path(), &["demo", &format!("--speed={speed}")]);
        assert_eq!(output.status.code(), Some(2), "{speed}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("a speed is a number from 0.1 to 1000"), "{said}");
    }
}

#[test]
fn a_demo_fits() {
    let home = Home::empty();
    for columns in [80, 60] {
        let printed = in_columns(&home, columns, &["demo", "--speed", "1000"]);
        assert_fits(&printed, columns);
        assert!(printed.contains("agent_completed") && printed.contains("bugs are planted"));
    }
}

#[test]
fn commands_that_can_t_run_say_what_helps() {
    let home = Home::empty();
    fs::write(home.dir.path().join("script.sh"), "#!/bin/sh\n").unwrap();
    let url = "ws://127.0.0.1:9";
    home.fails(
        &["record", url, "-l0", "--", ""],
        2,
        "
error: the command after -- has no name
  try   wiretape record URL -- npm run dev",
    );
    let record = |program: &str| {
        let output = run(home.dir.path(), &["record", url, "-l0", "--", program]);
        assert_eq!(output.status.code(), Some(4));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = record("./script.sh");
    assert!(said.contains("try   chmod +x ./script.sh") && !said.contains("type -a"), "{said}");
    assert!(record("./recordings").contains("it is a folder"));
    assert!(record("no-such-program").contains("type -a no-such-program"));
}

/// Asks once more, and gives what came back.
fn ask(proxy: &RunningProxy) {
    let mut client = TcpStream::connect(proxy.address).unwrap();
    client.write_all(UPGRADE).unwrap();
    let _ = client.read_to_end(&mut Vec::new());
}

/// The hint that follows a connection that fails; a second failure brings none.
#[track_caller]
fn one_hint(proxy: RunningProxy) -> String {
    ask(&proxy);
    let hint = proxy.event("hint");
    ask(&proxy);
    let ended = proxy.terminate();
    assert!(ended.of_kind("hint").is_empty(), "{:?}", ended.events);
    hint["text"].as_str().unwrap().to_owned()
}

#[test]
fn a_server_that_is_down_is_asked_about() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hint = one_hint(start_proxy(free, Options::default()));
    assert_eq!(hint, format!("is the server running, and listening at ws://{free}?"));
    let hint = one_hint(start_proxy_at("ws://no-such-host.invalid", Options::default()));
    assert!(hint.starts_with("is the name of the host right"), "{hint}");
}

#[test]
fn a_refusal_names_what_servers_check() {
    let (address, thread) = server(2, |mut stream| {
        read_head(&mut stream);
        let _ =
            stream.write_all(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
    let hint = one_hint(start_proxy(address, Options::default()));
    assert!(hint.contains("check Origin or Authorization"), "{hint}");
    assert!(hint.contains(&format!("--header 'Origin: http://{address}'")), "{hint}");
    thread.join().unwrap();
}

#[test]
fn tls_to_a_server_that_speaks_none_is_asked_about() {
    for answer in [&b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"[..], b""] {
        let (address, thread) = server(2, move |mut stream| {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer);
        });
        let hint = one_hint(start_proxy_at(&format!("wss://{address}"), Options::default()));
        assert!(hint.contains(&format!("or is it ws://{address}?")), "{hint}");
        thread.join().unwrap();
    }
}

#[test]
fn a_certificate_that_is_not_trusted_has_two_ways_out() {
    let folder = tempfile::tempdir().unwrap();
    let config = crate::tls::server_certificate("localhost", &folder.path().join("server.pem"));
    let (address, thread) = server(2, move |mut stream| {
        let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
    });
    let proxy = start_proxy_at(&format!("wss://localhost:{}", address.port()), Options::default());
    ask(&proxy);
    let closed = proxy.event("connection_closed");
    let detail = closed["detail"].as_str().unwrap();
    assert!(
        detail.ends_with("the certificate is signed by nobody who is trusted here"),
        "{detail}"
    );
    let hint = proxy.event("hint");
    assert!(hint["text"].as_str().unwrap().starts_with("--ca FILE"), "{hint}");
    ask(&proxy);
    assert!(proxy.terminate().of_kind("hint").is_empty());
    thread.join().unwrap();
}

/// What can't be kept is told when it begins, while it lasts and when it is over.
#[test]
fn frames_that_are_dropped_are_told_of_at_once() {
    let flooding = Arc::new(AtomicBool::new(true));
    let (address, thread) = {
        let flooding = Arc::clone(&flooding);
        server(1, move |mut stream| {
            read_head(&mut stream);
            stream.write_all(SWITCH).unwrap();
            // The cheapest frames to pass on, and the dearest to store.
            let frames = b"\x82\x01x".repeat(16 * 1024);
            while flooding.load(Ordering::Relaxed) {
                stream.write_all(&frames).unwrap();
            }
        })
    };
    let proxy = start_proxy(address, Options::args(&["--when-behind", "gap"]));
    let mut client = TcpStream::connect(proxy.address).unwrap();
    client.write_all(UPGRADE).unwrap();
    let mut reading = client.try_clone().unwrap();
    let reader = std::thread::spawn(move || std::io::copy(&mut reading, &mut std::io::sink()));
    let text = |event: &Value| event["text"].as_str().unwrap().to_owned();
    let begun = proxy.event("trouble");
    assert!(text(&begun).starts_with("not kept: the disk is behind; "), "{begun}");
    assert!(begun["lost_frames"].as_u64().unwrap() > 0, "{begun}");
    let goes_on = proxy.event("trouble");
    assert!(text(&goes_on).starts_with("not kept: "), "{goes_on}");
    assert!(goes_on["lost_frames"].as_u64() > begun["lost_frames"].as_u64(), "{goes_on}");
    flooding.store(false, Ordering::Relaxed);
    let over = loop {
        let event = proxy.event("trouble");
        if !text(&event).starts_with("not kept: ") {
            break event;
        }
    };
    assert!(text(&over).starts_with("recording goes on; "), "{over}");
    drop(client);
    thread.join().unwrap();
    reader.join().unwrap().unwrap();
    let ended = proxy.terminate();
    assert_eq!(ended.summary()["lost_frames"], over["lost_frames"]);
}
