//! Lines such as `0.25 ← {"type":"pong"}` → a recording.

use std::collections::BTreeMap;
use std::fs;

use wiretape::wire::{Close, Connection, Direction, EndedBy, Ending, Fact};

use super::root;
use crate::sample::{self, Home, frame, run};

/// Puts the demo's sample into the folder, as amber-fox.
pub(crate) fn demo(home: &Home) {
    let text = fs::read_to_string(root().join("recordings/samples/demo.jsonl")).unwrap();
    let (head, rest) = text.split_once('\n').unwrap();
    let mut head: serde_json::Value = serde_json::from_str(head).unwrap();
    head["name"] = "amber-fox".into();
    let file = home.dir.path().join("amber-fox.jsonl");
    fs::write(&file, format!("{head}\n{rest}")).unwrap();
    let imported = run(home.dir.path(), &["import", file.to_str().unwrap()]);
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    fs::remove_file(file).unwrap();
}

/// Writes the recording called `name`. A line is a time in seconds, `conn N` where it is not the
/// first, and `open PATH`, `→ TEXT`, `← TEXT`, `close CODE` by the client, or `lost`.
pub(crate) fn record(home: &Home, name: &str, text: &str) {
    let mut connections: BTreeMap<i64, Connection> = BTreeMap::new();
    let (mut frames, mut last_ns) = (Vec::new(), 0);
    for line in text.lines() {
        let (time, rest) = line.trim().split_once(' ').expect(line);
        let at_ns = (time.parse::<f64>().expect(line) * 1e9).round() as u64;
        let (number, rest) = match rest.trim_start().strip_prefix("conn ") {
            Some(rest) => rest.split_once(' ').expect(line),
            None => ("1", rest),
        };
        let number: i64 = number.parse().expect(line);
        let rest = rest.trim_start();
        let (verb, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let rest = rest.trim_start();
        let id = frames.len() as i64 + 1;
        let mut add = |direction, first_byte, payload: &[u8]| {
            let mut frame = frame(id, number, direction, first_byte, payload);
            frame.stamp.read_ns = at_ns;
            frame.stamp.written_ns = Some(at_ns + 40_000);
            frames.push(Fact::Frame(frame));
        };
        match verb {
            "open" => drop(connections.insert(number, opened(number, at_ns, rest))),
            "→" => add(Direction::ClientToServer, 0x81, rest.as_bytes()),
            "←" => add(Direction::ServerToClient, 0x81, rest.as_bytes()),
            "close" => {
                let code: u16 = rest.parse().expect(line);
                add(Direction::ClientToServer, 0x88, &code.to_be_bytes());
                let connection = connections.get_mut(&number).expect("open");
                ended(connection, at_ns, Ending::Closed, EndedBy::Client);
                connection.close[0] = Some(Close { code: Some(code), reason: Vec::new() });
            }
            "lost" => {
                let connection = connections.get_mut(&number).expect("open");
                ended(connection, at_ns, Ending::Eof, EndedBy::Server);
            }
            _ => panic!("{line}"),
        }
        last_ns = at_ns;
    }
    let mut recording = sample::recording();
    recording.name = name.into();
    recording.finished_ns = Some(last_ns + 1_000_000_000);
    let mut facts = vec![Fact::Recording(recording)];
    facts.extend(connections.into_values().map(Fact::Connection));
    facts.extend(frames);
    let path = home.dir.path().join(format!("recordings/2026-11-22-{name}.db"));
    sample::write(&path, &facts);
}

fn opened(id: i64, at_ns: u64, path: &str) -> Connection {
    Connection {
        id,
        opened_ns: at_ns,
        client: format!("127.0.0.1:{}", 50_000 + id),
        server: "127.0.0.1:8000".into(),
        request_head: format!("GET {path} HTTP/1.1\r\nHost: localhost:8000\r\n\r\n").into(),
        response_head: "HTTP/1.1 101 Switching Protocols\r\n\r\n".into(),
        status: Some(101),
        ..Connection::default()
    }
}

fn ended(connection: &mut Connection, at_ns: u64, ending: Ending, by: EndedBy) {
    connection.closed_ns = Some(at_ns);
    connection.ending = Some(ending);
    connection.ended_by = Some(by);
}
