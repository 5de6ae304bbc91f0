//! A small recording with something of everything, made without the recorder, and the binary to
//! look at it with.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should say where")]

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rusqlite::{Connection as Database, params};
use tempfile::TempDir;
use wiretape::recording::schema;
use wiretape::wire::{
    Close, Connection, Direction, EndedBy, Ending, Fact, Frame, Gap, GapReason, Header, Marks,
    Note, RecordedFrame, Recording, Stamp,
};

/// 2026-11-22 14:03:31 UTC.
pub(crate) const STARTED_NS: i64 = 1_795_356_211_000_000_000;

/// "Hello" as RFC 7692, 7.2.3.1 compresses it.
pub(crate) const DEFLATED_HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

const REQUEST: &str = "GET /ws/chat?room=7&token=s3cret-query HTTP/1.1\r\nHost: localhost:8000\r\n\
    Authorization: Bearer s3cret-bearer\r\nCookie: sid=s3cret-cookie\r\nX-Api-Key: s3cret-key\r\n\
    Sec-WebSocket-Protocol: chat, bearer, s3cret-protocol\r\n\r\n";

const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Set-Cookie: sid=s3cret-set; HttpOnly\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

/// What is known of the recording.
pub(crate) fn recording() -> Recording {
    Recording {
        uuid: "0190a7c2-7b1e-4c11-8f7e-1d2f3a4b5c6d".into(),
        name: "amber-fox".into(),
        tool: "0.1.0".into(),
        started_ns: STARTED_NS,
        upstream: "ws://user:s3cret-userinfo@localhost:8000".into(),
        listen: "ws://127.0.0.1:9797".into(),
        rules: None,
        finished_ns: Some(92_000_000_000),
        note: None,
    }
}

/// A frame with a whole header for its payload.
pub(crate) fn frame(
    id: i64,
    connection: i64,
    direction: Direction,
    first_byte: u8,
    payload: &[u8],
) -> RecordedFrame<'static> {
    let masked = if direction == Direction::ClientToServer { 0x80 } else { 0 };
    let mut header = vec![first_byte];
    match payload.len() {
        short @ 0..126 => header.push(masked | short as u8),
        long @ 126..65_536 => {
            header.push(masked | 0x7e);
            header.extend((long as u16).to_be_bytes());
        }
        longest => {
            header.push(masked | 0x7f);
            header.extend((longest as u64).to_be_bytes());
        }
    }
    if masked != 0 {
        header.extend([1, 2, 3, 4]);
    }
    let read_ns = 204_000_000 + id.unsigned_abs() * 1_000_000;
    RecordedFrame {
        id,
        connection,
        direction,
        stamp: Stamp { read_ns, written_ns: Some(read_ns + 40_000) },
        frame: Frame {
            header: Header::from_bytes(&header).unwrap(),
            payload: Cow::Owned(payload.to_vec()),
            length: payload.len() as u64,
            marks: Marks::NONE,
        },
    }
}

/// Something of everything; its gap parts the message of two frames.
pub(crate) fn facts() -> Vec<Fact<'static>> {
    with_gap_at(207_500_000)
}

/// The same with its gap at another time.
pub(crate) fn with_gap_at(from_ns: u64) -> Vec<Fact<'static>> {
    use Direction::{ClientToServer as Out, ServerToClient as In};
    let mut unmasked = frame(6, 1, Out, 0x81, b"no mask");
    unmasked.frame.header = Header::from_bytes(&[0x81, 7]).unwrap();
    unmasked.frame.marks = Marks::UNMASKED;
    let mut raw = frame(9, 2, In, 0, b"HTTP garbage\x1b[31m");
    raw.frame.header = Header::EMPTY;
    raw.frame.marks = Marks::RAW;
    raw.stamp.written_ns = None;
    let mut huge = frame(10, 2, In, 0x82, b"");
    let mut header = [0xff; 10];
    header[..2].copy_from_slice(&[0x82, 127]);
    huge.frame.header = Header::from_bytes(&header).unwrap();
    huge.frame.length = u64::MAX;
    huge.frame.marks = Marks::OVERSIZE.with(Marks::CUT);
    let mut facts = vec![Fact::Recording(recording())];
    facts.extend(connections().map(Fact::Connection));
    facts.push(Fact::Gap(Gap {
        connection: Some(1),
        direction: Some(In),
        from_ns,
        to_ns: from_ns + 500_000,
        frames: 212,
        bytes: 70_000,
        reason: GapReason::DiskFull,
    }));
    facts.extend(
        [
            frame(1, 1, Out, 0x81, br#"{"type":"hello","user":"u_8412"}"#),
            frame(2, 1, In, 0xc1, &DEFLATED_HELLO),
            frame(3, 1, In, 0x01, "first part, ".as_bytes()),
            frame(4, 1, In, 0x89, b"ping"),
            frame(5, 1, In, 0x80, "second part: 漢字 🦊".as_bytes()),
            unmasked,
            frame(7, 2, In, 0x82, &[0, 1, 2, 0xfe, 0xff]),
            frame(8, 1, Out, 0x88, b"\x03\xe8bye \x1b]52;c;aGk=\x07"),
            raw,
            huge,
        ]
        .map(Fact::Frame),
    );
    facts.push(Fact::Note(Note {
        id: 1,
        first_frame: Some(3),
        last_frame: Some(5),
        from_ns: Some(1_207_000_000),
        to_ns: Some(1_209_000_000),
        finding: Some("E102".into()),
        run: Some("9c1e".into()),
        text: "split here".into(),
        author: "me".into(),
        at_ns: STARTED_NS + 1,
    }));
    facts
}

pub(crate) fn connections() -> [Connection; 3] {
    let first = Connection {
        id: 1,
        opened_ns: 200_000_000,
        client: "127.0.0.1:50001".into(),
        server: "127.0.0.1:8000".into(),
        request_head: REQUEST.into(),
        response_head: RESPONSE.into(),
        status: Some(101),
        connect_ns: Some(300_000),
        upgrade_ns: Some(2_100_000),
        closed_ns: Some(8_300_000_000),
        ending: Some(Ending::Closed),
        ended_by: Some(EndedBy::Client),
        close: [
            Some(Close { code: Some(1000), reason: b"bye \x1b]52;c;aGk=\x07".to_vec() }),
            Some(Close { code: None, reason: Vec::new() }),
        ],
        frames: [3, 4],
        bytes: [100, 90],
        ..Connection::default()
    };
    let open = Connection {
        id: 2,
        opened_ns: 203_000_000,
        client: "[::1]:50002".into(),
        server: "127.0.0.1:8000".into(),
        request_head: b"GET /\xe2\x80\xaeevil\x1b[2J HTTP/1.1\r\n\r\n".to_vec(),
        response_head: b"HTTP/1.1 101 \x9bOK\r\n\r\n".to_vec(),
        status: Some(101),
        ..Connection::default()
    };
    let refused = Connection {
        id: 3,
        opened_ns: 900_000_000,
        client: "127.0.0.1:50003".into(),
        request_head: b"GET /ws/nope HTTP/1.1\r\n\r\n".to_vec(),
        response_head: b"HTTP/1.1 403 Forbidden\r\n\r\n".to_vec(),
        response_body: b"origin not allowed \x1b[5m".to_vec(),
        status: Some(403),
        closed_ns: Some(903_000_000),
        ending: Some(Ending::Refused),
        ended_by: Some(EndedBy::Server),
        detail: Some("said \u{202e}no".into()),
        ..Connection::default()
    };
    [first, open, refused]
}

/// Writes `facts` as a recorder would have, as a finished file.
pub(crate) fn write(path: &Path, facts: &[Fact<'_>]) {
    let mut database = Database::open(path).unwrap();
    schema::migrate(&mut database, |_| Ok(())).unwrap();
    add(&database, facts);
}

/// Adds `facts` to a file, in one transaction.
pub(crate) fn add(database: &Database, facts: &[Fact<'_>]) {
    let transaction = database.unchecked_transaction().unwrap();
    for fact in facts {
        match fact {
            Fact::Recording(recording) => add_recording(database, recording),
            Fact::Connection(connection) => add_connection(database, connection),
            Fact::Frame(frame) => add_frame(database, frame),
            Fact::Gap(gap) => {
                let direction = gap.direction.map(|direction| direction.index() as i64);
                let sql = "INSERT INTO gap (connection, direction, from_ns, to_ns, frames, bytes, \
                    reason) VALUES (?, ?, ?, ?, ?, ?, ?)";
                let values = params![
                    gap.connection,
                    direction,
                    gap.from_ns as i64,
                    gap.to_ns as i64,
                    gap.frames as i64,
                    gap.bytes as i64,
                    gap.reason.word()
                ];
                database.execute(sql, values).unwrap();
            }
            Fact::Note(note) => {
                let values = params![
                    note.id,
                    note.first_frame,
                    note.last_frame,
                    note.from_ns.map(|ns| ns as i64),
                    note.to_ns.map(|ns| ns as i64),
                    note.finding,
                    note.run,
                    note.text,
                    note.author,
                    note.at_ns
                ];
                let sql = "INSERT INTO note (id, first_frame, last_frame, from_ns, to_ns, finding, \
                    run, text, author, at_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
                database.execute(sql, values).unwrap();
            }
        }
    }
    transaction.commit().unwrap();
}

fn add_recording(database: &Database, recording: &Recording) {
    let sql = "INSERT INTO recording (id, uuid, name, tool, started_ns, upstream, listen, rules, \
        finished_ns, note) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let values = params![
        recording.uuid,
        recording.name,
        recording.tool,
        recording.started_ns,
        recording.upstream,
        recording.listen,
        recording.rules,
        recording.finished_ns.map(|ns| ns as i64),
        recording.note
    ];
    database.execute(sql, values).unwrap();
}

fn add_connection(database: &Database, connection: &Connection) {
    let sql = format!("INSERT OR REPLACE INTO connection VALUES ({})", vec!["?"; 22].join(", "));
    let ns = |ns: Option<u64>| ns.map(|ns| ns as i64);
    let close = |direction| connection.close_of(direction);
    let [c2s, s2c] = Direction::BOTH.map(close);
    let values = params![
        connection.id,
        connection.opened_ns as i64,
        connection.client,
        connection.server,
        connection.request_head,
        connection.response_head,
        connection.response_body,
        connection.status,
        ns(connection.connect_ns),
        ns(connection.upgrade_ns),
        ns(connection.closed_ns),
        connection.ending.map(Ending::word),
        connection.ended_by.map(EndedBy::word),
        connection.detail,
        c2s.and_then(|close| close.code),
        c2s.map(|close| close.reason.clone()),
        s2c.and_then(|close| close.code),
        s2c.map(|close| close.reason.clone()),
        connection.frames[0] as i64,
        connection.bytes[0] as i64,
        connection.frames[1] as i64,
        connection.bytes[1] as i64,
    ];
    database.execute(&sql, values).unwrap();
}

fn add_frame(database: &Database, recorded: &RecordedFrame<'_>) {
    let frame = &recorded.frame;
    let length = (frame.length != frame.payload.len() as u64).then_some(frame.length as i64);
    let held_ns =
        recorded.stamp.written_ns.map(|written_ns| (written_ns - recorded.stamp.read_ns) as i64);
    let values = params![
        recorded.id,
        recorded.connection,
        recorded.direction.index() as i64,
        recorded.stamp.read_ns as i64,
        held_ns,
        frame.header.as_bytes(),
        &*frame.payload,
        length,
        frame.marks.0
    ];
    database.execute("INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values).unwrap();
    let side = if recorded.direction == Direction::ClientToServer { "c2s" } else { "s2c" };
    let sql = format!(
        "UPDATE recording SET {side}_frames = {side}_frames + 1, {side}_bytes = {side}_bytes + ?, \
            counted = ?"
    );
    database.execute(&sql, [frame.payload.len() as i64, recorded.id]).unwrap();
}

/// The binary, in UTC, without the surroundings of whoever runs the tests.
pub(crate) fn wiretape(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wiretape"));
    command.env_clear().env("TZ", "UTC").env("COLUMNS", "100").current_dir(dir);
    command.stdin(Stdio::null());
    command
}

/// Runs the binary in `dir`.
pub(crate) fn run(dir: &Path, args: &[&str]) -> Output {
    wiretape(dir).args(args).output().unwrap()
}

/// A folder with `recordings/2026-11-22-amber-fox.db` in it.
pub(crate) struct Home {
    pub(crate) dir: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self::empty();
        write(&home.tape(), &facts());
        home
    }

    pub(crate) fn empty() -> Self {
        let dir = TempDir::new().unwrap();
        fs::create_dir(dir.path().join("recordings")).unwrap();
        Self { dir }
    }

    pub(crate) fn tape(&self) -> PathBuf {
        self.dir.path().join("recordings/2026-11-22-amber-fox.db")
    }

    /// Runs the binary, which must succeed; gives what it prints.
    #[track_caller]
    pub(crate) fn prints(&self, args: &[&str]) -> String {
        let output = run(self.dir.path(), args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs the binary, which must fail with `code`, printing `text` on stderr only.
    #[track_caller]
    pub(crate) fn fails(&self, args: &[&str], code: i32, text: &str) {
        let output = run(self.dir.path(), args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(stderr.trim_end(), text.trim(), "{args:?}");
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}
