//! Power cuts, stopped processes, starts that are killed, and order: rows K02, K03, N19, C03 of
//! what can go wrong.

use std::borrow::Cow;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use wiretape::recording::{Check, FrameRange, RecordingReader, RecordingWriter, WriterOptions};
use wiretape::wire::{Connection, Direction, Frame, Header, Marks, Recording, Stamp};

use crate::support::load::{Load, client_frame, connect, echo_server, server_frame};
use crate::support::proxy::{Options, start_proxy};
use crate::support::recorded::Recorded;

/// Commits of the recording whose power is cut.
///
/// Few, so that none of it is checkpointed: a log is synced before its pages go into the database,
/// so a power cut never leaves less of a log than was checkpointed.
const COMMITS: u64 = 40;

/// What a disk writes or does not write.
const BLOCK: usize = 4096;

/// The file beside a recording whose name ends with `suffix`.
fn sidecar(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Where files are in memory, if there is such a place: what is tested are their bytes.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// A recording that is being written, with a commit a frame, as its two files are on the disk.
fn half_written(folder: &Path) -> (Vec<u8>, Vec<u8>) {
    let path = folder.join("whole.db");
    let recording = Recording { name: "whole".into(), ..Recording::default() };
    let writer = RecordingWriter::create(&path, &recording, WriterOptions::default()).unwrap();
    let journal = writer.journal();
    journal.connection(Connection { id: 1, ..Connection::default() });
    for number in 0..COMMITS {
        let payload = number.to_be_bytes();
        let frame = Frame {
            header: Header::from_bytes(&[0x82, 8]).unwrap(),
            payload: Cow::Borrowed(&payload),
            length: 8,
            marks: Marks::NONE,
        };
        let stamp = Stamp { read_ns: number, written_ns: Some(number) };
        journal.append(1, |appender| appender.frame(Direction::ServerToClient, stamp, &frame));
        while journal.status().frames[1] <= number {
            std::thread::yield_now();
        }
    }
    let files = (fs::read(&path).unwrap(), fs::read(sidecar(&path, "-wal")).unwrap());
    writer.finish(COMMITS).unwrap();
    files
}

/// The counters in a recording, which must be whole and in order.
fn counters(path: &Path) -> Vec<u64> {
    let reader = RecordingReader::open_with(path, Check::Full).expect("it opens, and is sound");
    let mut counters = Vec::new();
    reader
        .frames(FrameRange::default(), &mut |frame| {
            counters.push(u64::from_be_bytes(frame.frame.payload[..8].try_into().unwrap()));
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    counters
}

#[test]
fn a_power_cut_at_any_moment_leaves_what_was_committed_before() {
    let folder = folder();
    let (database, wal) = half_written(folder.path());
    let mut images = 0;
    let mut most = 0;
    for cut in (0..wal.len()).step_by(BLOCK).chain([wal.len()]) {
        let whole = &wal[..cut];
        // Cut there; or the block before never came, though its place was taken.
        let mut torn = whole.to_vec();
        torn[cut.saturating_sub(BLOCK)..].fill(0);
        for (kind, log) in [("cut", whole), ("torn", &torn)] {
            let path: PathBuf = folder.path().join(format!("{kind}-{cut}.db"));
            fs::write(&path, &database).unwrap();
            fs::write(sidecar(&path, "-wal"), log).unwrap();
            // Before the first commit there is no recording yet, which is said.
            let kept = match RecordingReader::open_with(&path, Check::Full) {
                Ok(_) => counters(&path),
                Err(error) => {
                    assert!(most == 0, "{kind} {cut}: {error}");
                    Vec::new()
                }
            };
            let prefix: Vec<u64> = (0..kept.len() as u64).collect();
            assert_eq!(kept, prefix, "{kind} {cut}");
            most = most.max(kept.len());
            images += 1;
            for suffix in ["", "-wal", "-shm"] {
                let _ = fs::remove_file(sidecar(&path, suffix));
            }
        }
    }
    assert!(images >= 300, "{images}");
    assert_eq!(most as u64, COMMITS, "the last image has all");
}

#[test]
fn a_start_killed_at_any_moment_leaves_no_half_made_recording() {
    let folder = tempfile::tempdir().unwrap();
    for moment in 0..100 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wiretape"))
            .args(["record", "ws://127.0.0.1:9", "--listen", "127.0.0.1:0", "--dir"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The moments are spread over the start; no assertion rests on which of them hits what.
        std::thread::sleep(std::time::Duration::from_micros(moment * 250));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // Each file is a recording that opens, or one that was never begun and says so; `ls` lists.
    for file in fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "db") {
            match RecordingReader::open_with(&path, Check::Full) {
                Ok(reader) => assert_eq!(reader.recording().unwrap().finished_ns, None),
                Err(error) => {
                    let said = format!("{error} {error:?}");
                    let begun = said.contains("died in the middle of a write");
                    assert!(begun || said.contains("not a recording"), "{said}");
                }
            }
        }
    }
    let listed = Command::new(env!("CARGO_BIN_EXE_wiretape"))
        .args(["ls", "--dir"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
}

#[test]
fn a_recorder_that_was_stopped_goes_on_where_it_was() {
    let proxy = start_proxy(echo_server(), Options::default());
    let load = Load::start(proxy.address);
    load.wait_for(100);
    proxy.signal("STOP");
    proxy.signal("CONT");
    load.wait_for(100);
    let carried = load.finish();
    proxy.event("connection_closed");
    let ended = proxy.terminate();
    let recorded = Recorded::open(&ended.recording);
    assert_eq!(recorded.gaps(), (0, 0, 0));
    for direction in Direction::BOTH {
        assert_eq!(recorded.frames(1, direction).len() as u64, carried.sent);
    }
}

/// K10: `mv` of the file under a recording that goes on. Both files together have all, once.
#[test]
#[cfg(target_os = "linux")]
fn a_recording_moved_while_it_grows_loses_nothing_and_says_where_it_is() {
    const ROUNDS: u64 = 200;
    let proxy = start_proxy(echo_server(), Options::default());
    let mut socket = connect(proxy.address).unwrap();
    let mut rounds = |from: u64| {
        for counter in from..from + ROUNDS {
            socket.write_all(&client_frame(counter)).unwrap();
            let mut reply = vec![0; server_frame(counter).len()];
            socket.read_exact(&mut reply).unwrap();
        }
    };
    rounds(0);
    let moved = proxy.recording.with_file_name("moved.db");
    fs::rename(&proxy.recording, &moved).unwrap();
    let notice = proxy.event("notice");
    let text = notice["text"].as_str().unwrap();
    assert!(text.contains(&format!("was moved to {}; the ", moved.display())), "{text}");
    rounds(ROUNDS);
    drop(socket);
    proxy.event("connection_closed");
    let ended = proxy.terminate();
    assert!(ended.status.success(), "nothing is lost");
    let summary = ended.summary();
    assert_eq!(summary["lost_frames"], 0, "{summary}");
    assert_eq!(summary["earlier"][0]["recording"], moved.to_str().unwrap(), "{summary}");
    let name = ended.recording.file_stem().unwrap().to_str().unwrap();
    let second = ended.recording.with_file_name(format!("{name}-2.db"));
    let ids = |path: &Path| -> Vec<i64> {
        let reader = RecordingReader::open_with(path, Check::Full).unwrap();
        let mut ids = Vec::new();
        let mut take = |frame: wiretape::wire::RecordedFrame<'_>| {
            ids.push(frame.id);
            std::ops::ControlFlow::Continue(())
        };
        reader.frames(FrameRange::default(), &mut take).unwrap();
        ids
    };
    let (first, rest) = (ids(&moved), ids(&second));
    let earlier = summary["earlier"][0]["frames"].as_u64().unwrap();
    let both: Vec<i64> = first.iter().take(earlier as usize).chain(&rest).copied().collect();
    assert_eq!(both, (1..=4 * ROUNDS as i64).collect::<Vec<i64>>());
    let gap = format!("{earlier} frames of");
    let printed = |verb: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_wiretape")).arg(verb).arg(&second).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let (info, frames) = (printed("info"), printed("frames"));
    assert!(info.contains(&format!("1 gap: {gap}")), "{info}");
    assert!(info.contains("in an earlier file\n") && !info.contains("not kept"), "{info}");
    assert!(frames.contains("are in an earlier file (earlier-file)"), "{frames:.300}");
}

#[test]
fn a_reply_is_never_recorded_before_its_request() {
    const ROUNDS: u64 = 3000;
    let proxy = start_proxy(echo_server(), Options::default());
    let mut socket = connect(proxy.address).unwrap();
    for counter in 0..ROUNDS {
        socket.write_all(&client_frame(counter)).unwrap();
        let mut reply = vec![0; server_frame(counter).len()];
        socket.read_exact(&mut reply).unwrap();
    }
    drop(socket);
    proxy.event("connection_closed");
    let ended = proxy.terminate();
    let directions: Vec<i64> = Recorded::open(&ended.recording)
        .sql
        .prepare("SELECT direction FROM frame ORDER BY id")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(directions.len() as u64, 2 * ROUNDS);
    let alternate = directions.chunks(2).all(|pair| pair == [0, 1]);
    assert!(alternate, "a ping-pong is recorded as one");
}
