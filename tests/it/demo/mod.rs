//! The demo from outside: what it plays, through the real proxy, into a recording that is read back.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should say where")]

mod planted;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use wiretape::demo::PLANTED;
use wiretape::exchange::jsonl::FactReader;
use wiretape::recording::RecordingReader;
use wiretape::wire::{
    Connection, Deflate, Direction, Ending, Fact, Marks, MessageAssembler, Opcode, RecordedFrame,
};

use Direction::ClientToServer;

/// A whole recording in memory.
#[derive(Default)]
struct Tape {
    connections: Vec<Connection>,
    frames: Vec<RecordedFrame<'static>>,
    gaps: usize,
}

/// A user, the number of their connection, and a direction of it.
type Lane = (String, usize, Direction);

/// A frame's header and its payload.
type Bytes = (Vec<u8>, Vec<u8>);

/// A message of a connection.
struct Said {
    at_ns: u64,
    connection: i64,
    direction: Direction,
    opcode: Opcode,
    payload: Vec<u8>,
    json: Value,
}

impl Tape {
    /// Plays the demo of `seed`, fast, and reads its recording back.
    fn played(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let status = Command::new(env!("CARGO_BIN_EXE_wiretape"))
            .args(["demo", "--save", "--speed", "60", "--seed", &seed.to_string(), "--dir"])
            .arg(folder.path())
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
        let mut files: Vec<_> = files.filter(|path| path.extension().unwrap() == "db").collect();
        assert_eq!(files.len(), 1);
        let reader = RecordingReader::open(&files.remove(0)).unwrap();
        let mut tape = Self::default();
        reader
            .facts(&mut |fact| {
                tape.take(fact);
                ControlFlow::Continue(())
            })
            .unwrap();
        tape
    }

    /// The sample that is kept with the project.
    fn sample() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/samples/demo.jsonl");
        let file = std::fs::File::open(path).unwrap();
        let mut reader = FactReader::new(std::io::BufReader::new(file));
        let mut tape = Self::default();
        while let Some(fact) = reader.next_fact().unwrap() {
            tape.take(fact);
        }
        tape
    }

    fn take(&mut self, fact: Fact<'_>) {
        match fact {
            Fact::Connection(connection) => self.connections.push(connection),
            Fact::Frame(frame) => {
                let RecordedFrame { id, connection, direction, stamp, frame } = frame;
                let frame = frame.into_owned();
                self.frames.push(RecordedFrame { id, connection, direction, stamp, frame });
            }
            Fact::Gap(_) => self.gaps += 1,
            Fact::Recording(_) | Fact::Note(_) => {}
        }
    }

    /// The connections of `user`, in order.
    fn of(&self, user: &str) -> Vec<&Connection> {
        let of = |connection: &&Connection| user_of(connection).as_deref() == Some(user);
        self.connections.iter().filter(of).collect()
    }

    /// Whose connection this is.
    fn user(&self, connection: i64) -> String {
        let found = self.connections.iter().find(|one| one.id == connection);
        found.and_then(user_of).unwrap()
    }

    /// All messages, in the order in which they came.
    fn messages(&self) -> Vec<Said> {
        let deflate: BTreeMap<i64, _> = self
            .connections
            .iter()
            .map(|connection| (connection.id, Deflate::negotiated(&connection.response_head)))
            .collect();
        let mut lanes = BTreeMap::new();
        let mut messages = Vec::new();
        for frame in &self.frames {
            let (connection, direction) = (frame.connection, frame.direction);
            let agreed = deflate[&connection].map(|both| both[direction.index()]);
            let lane = lanes
                .entry((connection, direction))
                .or_insert_with(|| MessageAssembler::new(agreed, 1 << 20));
            let Some(message) = lane.feed(frame) else { continue };
            assert_eq!(message.trouble, None);
            let json = match message.opcode {
                Opcode::TEXT => serde_json::from_slice(&message.payload).unwrap(),
                _ => Value::Null,
            };
            let (at_ns, opcode) = (message.stamp.read_ns, message.opcode);
            let payload = message.payload;
            messages.push(Said { at_ns, connection, direction, opcode, payload, json });
        }
        messages
    }

    /// Each lane's frames: header and payload.
    fn wire(&self) -> BTreeMap<Lane, Vec<Bytes>> {
        let bytes = self.frames.iter().map(|frame| {
            let RecordedFrame { connection, direction, frame, .. } = frame;
            (*connection, *direction, (frame.header.as_bytes().to_vec(), frame.payload.to_vec()))
        });
        self.by_lane(bytes)
    }

    /// Each lane's messages: opcode and payload.
    fn said(&self) -> BTreeMap<Lane, Vec<Bytes>> {
        let messages = self.messages().into_iter();
        self.by_lane(
            messages
                .map(|said| (said.connection, said.direction, (vec![said.opcode.0], said.payload))),
        )
    }

    fn by_lane(
        &self,
        bytes: impl Iterator<Item = (i64, Direction, Bytes)>,
    ) -> BTreeMap<Lane, Vec<Bytes>> {
        let mut names = BTreeMap::new();
        for user in 1..=12 {
            let user = format!("user_{user:02}");
            for (number, connection) in self.of(&user).into_iter().enumerate() {
                names.insert(connection.id, (user.clone(), number));
            }
        }
        let mut lanes = BTreeMap::<Lane, Vec<Bytes>>::new();
        for (connection, direction, bytes) in bytes {
            let (user, number) = names[&connection].clone();
            lanes.entry((user, number, direction)).or_default().push(bytes);
        }
        lanes
    }
}

impl Said {
    fn kind(&self) -> &str {
        self.json["type"].as_str().unwrap_or_default()
    }

    fn run(&self) -> Option<&str> {
        self.json["run_id"].as_str()
    }
}

/// The `sub` of the token in a request's head, wherever it is.
fn user_of(connection: &Connection) -> Option<String> {
    let head = String::from_utf8(connection.request_head.clone()).unwrap();
    let decode = |text: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok();
    let words: Vec<String> =
        head.split([' ', ';', '=', ',', '\r', '\n']).map(str::to_owned).collect();
    let wrapped = words.iter().filter_map(|word| decode(word.strip_prefix("jwt.")?));
    let token = wrapped.chain(words.iter().cloned()).find(|word| word.starts_with("eyJ"))?;
    let claims: Value = serde_json::from_str(&decode(token.split('.').nth(1)?)?).ok()?;
    Some(claims["sub"].as_str()?.to_owned())
}

/// The run's events that came on `connection`.
fn run_of<'a>(messages: &'a [Said], connection: i64, run: &str) -> Vec<&'a Said> {
    let of = |said: &&Said| said.connection == connection && said.run() == Some(run);
    messages.iter().filter(of).collect()
}

#[test]
fn a_seed_gives_the_same_bytes_and_another_seed_others() {
    let (one, again, other) = (Tape::played(5), Tape::played(5), Tape::played(6));
    let (one, again, other) = (one.wire(), again.wire(), other.wire());
    assert_eq!(one.len(), 2 * 14, "twelve users, two of whom come twice");
    for (lane, frames) in &one {
        assert!(!frames.is_empty());
        assert!(again[lane] == *frames, "{lane:?} differs between two runs of a seed");
        assert!(other[lane] != *frames, "{lane:?} is the same for two seeds");
    }
}

#[test]
fn every_frame_is_valid_and_every_message_whole() {
    let tape = Tape::played(11);
    assert_eq!(tape.gaps, 0);
    assert!(tape.frames.len() > 2_000, "{}", tape.frames.len());
    for frame in &tape.frames {
        assert_eq!(frame.frame.marks, Marks::NONE, "frame {}", frame.id);
        assert!(frame.stamp.written_ns.is_some(), "frame {}", frame.id);
    }
    let messages = tape.messages();
    let texts = messages.iter().filter(|said| said.opcode == Opcode::TEXT);
    assert!(texts.clone().all(|said| !said.kind().is_empty()));
    let sizes = texts.map(|said| said.payload.len());
    assert!(sizes.clone().min().unwrap() < 100);
    assert!((45_000..70_000).contains(&sizes.max().unwrap()));
    let mut latest = BTreeMap::new();
    for said in messages.iter().filter(|said| said.json["payload"].is_object()) {
        // Another user's event may be late: that is the bug.
        let strayed = said.run().is_some_and(|run| !run.contains(&tape.user(said.connection)));
        let time = said.json["timestamp"].as_str().unwrap().to_owned();
        let before = latest.entry((said.connection, said.direction)).or_insert_with(String::new);
        assert!(strayed || *before <= time, "{time} after {before}");
        *before = time.max(before.clone());
    }
    let everything: Vec<u8> = messages.iter().flat_map(|said| said.payload.clone()).collect();
    let everything = String::from_utf8_lossy(&everything);
    assert!(everything.contains('🍁') && everything.contains("返金"));
}

#[test]
fn one_client_compresses_and_one_sends_fragments() {
    let tape = Tape::played(11);
    let compressed = tape.of("user_04")[0];
    assert!(Deflate::negotiated(&compressed.response_head).is_some());
    let mut packed = [0, 0];
    for frame in &tape.frames {
        let data = !frame.frame.header.opcode().is_control();
        let on = frame.connection == compressed.id;
        assert_eq!(frame.frame.header.rsv1(), on && data, "frame {}", frame.id);
        if on && data {
            packed[frame.direction.index()] += frame.frame.payload.len();
        }
    }
    for direction in Direction::BOTH {
        let said = tape.messages().into_iter().filter(|said| {
            let data = !said.opcode.is_control();
            data && (said.connection, said.direction) == (compressed.id, direction)
        });
        let plain: usize = said.map(|said| said.payload.len()).sum();
        assert!(packed[direction.index()] * 2 < plain, "{direction:?} gained little");
    }

    let fragmented = tape.of("user_06")[0].id;
    let cut = tape.frames.iter().filter(|frame| !frame.frame.header.fin());
    assert!(cut.clone().count() > 10);
    assert!(cut.into_iter().all(|frame| frame.connection == fragmented));
    let messages = tape.messages();
    let binary: Vec<_> = messages.iter().filter(|said| said.opcode == Opcode::BINARY).collect();
    assert_eq!(binary.len(), 1);
    assert!(binary[0].connection == fragmented && binary[0].payload.starts_with(b"\x89PNG"));
}

#[test]
fn handshakes_and_ends_are_of_every_kind() {
    let tape = Tape::played(11);
    assert_eq!(tape.connections.len(), 15);
    let refused: Vec<_> =
        tape.connections.iter().filter(|one| one.ending == Some(Ending::Refused)).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].status, Some(403));
    let body: Value = serde_json::from_slice(&refused[0].response_body).unwrap();
    assert_eq!(body["error"], "NO_TOKEN");
    // The same user's client comes again, with its token.
    assert!(tape.of("user_12")[0].id > refused[0].id);

    let codes: Vec<_> = tape
        .connections
        .iter()
        .filter_map(|one| one.close_of(ClientToServer))
        .map(|close| close.code.unwrap())
        .collect();
    assert_eq!(codes.iter().filter(|code| **code == 1001).count(), 1);
    assert_eq!(codes.iter().filter(|code| **code == 1000).count(), 12);
    for carrier in
        ["Authorization: Bearer ", "Sec-WebSocket-Protocol: jwt-auth, jwt.", "?token=", "session="]
    {
        let with = |one: &&Connection| String::from_utf8_lossy(&one.request_head).contains(carrier);
        assert!(tape.connections.iter().filter(with).count() >= 2, "{carrier}");
    }
    let messages = tape.messages();
    for (kind, times) in [("agent_error", 1), ("agent_stopped", 1), ("stop_agent", 1)] {
        assert_eq!(messages.iter().filter(|said| said.kind() == kind).count(), times, "{kind}");
    }
    let control = |opcode| messages.iter().filter(|said| said.opcode == opcode).count();
    assert_eq!(control(Opcode::PING), control(Opcode::PONG));
    assert!(control(Opcode::PING) > 12);
}

#[test]
fn each_planted_bug_is_on_the_wire() {
    planted::planted_bugs_are_in(&Tape::played(3));
    assert_eq!(PLANTED.map(|bug| bug.code), ["E108", "E102", "E108", "E104", "E101"]);
}

#[test]
fn the_sample_is_the_demo_of_seed_1() {
    let sample = Tape::sample();
    planted::planted_bugs_are_in(&sample);
    // Messages, not frames: how well zlib compresses may differ between processors and versions.
    assert!(sample.said() == Tape::played(1).said(), "record the sample again");
    let last = sample.frames.iter().map(|frame| frame.stamp.read_ns).max().unwrap();
    assert!((85_000_000_000..95_000_000_000).contains(&last), "{last}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/samples/demo.jsonl");
    assert!(std::fs::metadata(path).unwrap().len() < 2_500_000);
}

/// What the demo prints, played fast; nothing of it stays behind.
fn printed(extra: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_wiretape"))
        .args(["demo", "--speed", "60"])
        .args(extra)
        .env("TMPDIR", folder.path())
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "something stayed behind");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn it_tells_what_happens_and_names_the_bugs() {
    let text = printed(&[]);
    assert!(!text.contains('\u{1b}'), "no colours where there is no terminal");
    for words in [
        "x conn ",
        "403   {\"error\":\"NO_TOKEN\"",
        "x user_07   broken       conn ",
        "no close frame (1006): eof by the server",
        "+ user_07   reconnected  conn ",
        "1001 page refresh   by the client",
        "permessage-deflate",
        "tool_executing          search_costs",
        "← user_02   run ",
        "of user_05!  ",
        "of user_09!  ",
        "stream_chunk            x ",
        "15 connections, 1 refused, 2 reconnects",
        "Both ends got every frame exactly as the other sent it.",
        "Now yours:   wiretape record ws://localhost:8000",
    ] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    for bug in PLANTED {
        assert!(text.contains(&format!("{}  {}  {}", bug.code, bug.user, bug.sentence)));
    }
}

#[test]
fn machines_get_one_object_a_line() {
    let text = printed(&["--json"]);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|line| line["v"] == 1));
    let of = |kind: &'static str| lines.iter().filter(move |line| line["kind"] == kind);
    assert!(of("event").count() > 1_000);
    assert_eq!(of("connection").filter(|line| line["turn"] == "reconnected").count(), 2);
    let summary = lines.last().unwrap();
    assert_eq!((&summary["kind"], &summary["complete"]), (&"summary".into(), &true.into()));
    assert_eq!(summary["recording"], Value::Null);
    assert_eq!(summary["planted"].as_array().unwrap().len(), PLANTED.len());
    // Nothing is left out: streams are counted, and so are the quiet ones.
    let messages: u64 = of("event").map(|line| line["count"].as_u64().unwrap()).sum();
    let frames = summary["c2s_frames"].as_u64().unwrap() + summary["s2c_frames"].as_u64().unwrap();
    assert!(messages < frames && messages > frames * 9 / 10, "{messages} of {frames}");
}

/// At its own speed it would take 90 s.
#[cfg(unix)]
#[test]
fn it_ends_early_when_asked_or_left_alone() {
    use std::io::{BufRead as _, BufReader, Read as _};
    for signal in [Some("-INT"), Some("-TERM"), None] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_wiretape"))
            .args(["demo", "--speed", "1"])
            .env("TMPDIR", folder.path())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(line.contains("connected"), "{line}");
        if let Some(signal) = signal {
            let pid = child.id().to_string();
            assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
            let mut rest = String::new();
            stdout.read_to_string(&mut rest).unwrap();
            assert!(rest.contains("It was ended early"), "{rest}");
            // Who stopped it is the recorder: no client broke its connection.
            assert!(!rest.contains("broken"), "{rest}");
        } else {
            drop(stdout);
        }
        assert!(child.wait().unwrap().success());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
