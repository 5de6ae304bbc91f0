//! The checker: events a second from a recording's file to findings, on one core and as the
//! command does it; memory of open runs; the time to explain a bad run.
//!
//! `cargo bench --bench check [-- --frames N]`. Runs of the `agent` preset, 400 B a message, of 200
//! users at once; one in two hundred tool calls never completes.

#![expect(clippy::print_stdout, reason = "the table is this program's output")]

#[expect(dead_code, reason = "only durations inside this process are needed here")]
#[path = "support/clock.rs"]
mod clock;
#[expect(dead_code, reason = "only what builds frames is needed here")]
#[path = "support/frames.rs"]
mod frames;
#[expect(dead_code, reason = "only what a process has used is needed here")]
#[path = "support/process.rs"]
mod process;

use std::error::Error;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use wiretape::analysis::Analysis;
use wiretape::recording::{Follow, FrameRange, RecordingReader, RecordingWriter, WriterOptions};
use wiretape::rules::presets;
use wiretape::wire::{Connection, Direction, Fact, FrameDecoder, RecordedFrame, Recording, Stamp};

/// Frames of the recording, unless asked otherwise.
const FRAMES: usize = 1_000_000;

/// Connections, one for each user.
const USERS: usize = 200;

/// Bytes of one message.
const MESSAGE: usize = 400;

/// The time from one frame to the next.
const STEP_NS: u64 = 20_000;

/// Runs that are open at once, in the measurement of memory.
const OPEN: usize = 200_000;

/// Frames a second that a live check has to keep up with, and for how long.
const LIVE_A_SECOND: usize = 50_000;
const LIVE_S: usize = 5;

/// Events of the run that is explained.
const LONG: usize = 200;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--frames").skip(1);
    let frames = arguments.next().map_or(Ok(FRAMES), |number| number.parse())?;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let path = folder.path().join("many.db");
    let talk = Talk::of_runs(frames);
    talk.record(&path)?;
    one_core(&path)?;
    live(&folder.path().join("live.db"))?;
    command(&path, talk.said.len())?;
    open_runs()?;
    explained()
}

/// From the file to findings on one thread.
fn one_core(path: &Path) -> Outcome<()> {
    let reader = RecordingReader::open(path)?;
    let mut analysis = Analysis::new(presets::preset("agent").ok_or("no such preset")?)?;
    let start = clock::now();
    reader.facts(&mut |fact| {
        analysis.feed(&fact, &mut |_, _| {});
        ControlFlow::Continue(())
    })?;
    analysis.end(None, &mut |_, _| {});
    let seconds = start.elapsed().as_secs_f64();
    let events = analysis.counts().events as f64;
    let findings = analysis.engine().findings().len();
    println!(
        "one thread, file to findings: {:.0} events/s ({events} events, {findings} findings, {seconds:.2} s)  target ≥ 500,000",
        events / seconds
    );
    Ok(())
}

/// Beside a writer that is given so many frames a second: how far behind it the findings are.
fn live(path: &Path) -> Outcome<()> {
    let talk = Talk::of_runs(LIVE_A_SECOND * LIVE_S);
    let recording = Recording { name: "live".to_owned(), ..Recording::default() };
    let writer = RecordingWriter::create(path, &recording, WriterOptions::default())?;
    let journal = writer.journal();
    let (over, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let start = clock::now();
    std::thread::scope(|scope| {
        let following = scope.spawn(|| follow(path, (&over, &done)).map_err(|e| e.to_string()));
        let mut written = 0_u64;
        talk.facts(&mut |fact| {
            journal.wait_ready();
            journal.fact(fact.clone());
            written += 1;
            // A millisecond's worth at once, at the pace that is asked.
            if written.is_multiple_of(LIVE_A_SECOND as u64 / 1000) {
                let due = Duration::from_secs_f64(written as f64 / LIVE_A_SECOND as f64);
                std::thread::sleep(due.saturating_sub(start.elapsed()));
            }
        });
        let took = start.elapsed().as_secs_f64();
        let behind = talk.said.len() as u64 - done.load(Ordering::Relaxed);
        let end = clock::now();
        over.store(true, Ordering::SeqCst);
        let (events, early) = following.join().map_err(|_| "the check panicked")??;
        println!(
            "live beside a writer of {:.0} frames/s: {behind} frames behind at its end, all {events} events judged {:.0} ms later, {early} told early  target: keeps up with {LIVE_A_SECOND}",
            talk.said.len() as f64 / took,
            end.elapsed().as_secs_f64() * 1e3,
        );
        Ok::<_, Box<dyn Error>>(())
    })?;
    writer.finish(talk.said.len() as u64 * STEP_NS)?;
    Ok(())
}

/// Follows a file as `record` does, until its writer is `over`; events judged, and findings told
/// early.
fn follow(path: &Path, (over, done): (&AtomicBool, &AtomicU64)) -> Outcome<(u64, usize)> {
    let reader = RecordingReader::open(path)?;
    let mut follow = Follow::new(FrameRange::default());
    let mut analysis = Analysis::new(presets::preset("agent").ok_or("no such preset")?)?;
    analysis.watch();
    let (mut early, mut idle) = (0, 0);
    // Once the writer is over, its last commit is a tick away.
    while idle < 3 {
        let is_over = over.load(Ordering::SeqCst);
        let any = follow.poll(&reader, &mut |fact| {
            analysis.feed(&fact, &mut |_, _| {});
            ControlFlow::Continue(())
        })?;
        done.store(analysis.counts().frames, Ordering::Relaxed);
        early += analysis.provisional().len();
        idle = if is_over && !any { idle + 1 } else { 0 };
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok((analysis.counts().events, early))
}

/// As people run it.
fn command(path: &Path, frames: usize) -> Outcome<()> {
    let program = std::env::var("WIRETAPE_BIN");
    let program = program.unwrap_or_else(|_| env!("CARGO_BIN_EXE_wiretape").to_owned());
    let start = clock::now();
    let mut command = Command::new(program);
    command.arg("check").arg(path).args(["--rules", "agent", "--fail-on", "never", "--json"]);
    let mut check = process::Process::start(&mut command)?;
    check.drop_lines();
    let mut used = process::Usage::default();
    while !check.has_ended()? {
        let now = check.usage();
        // One that has just ended has none.
        used = if now.peak_kib > 0.0 { now } else { used };
        std::thread::sleep(Duration::from_millis(5));
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "wiretape check: {frames} frames in {seconds:.2} s ({:.0} a second), {:.2} s of CPU, {:.0} MiB  target ≤ 4 s a million",
        frames as f64 / seconds,
        used.cpu_s,
        used.peak_kib / 1024.0
    );
    Ok(())
}

/// Memory of runs that began and never ended.
fn open_runs() -> Outcome<()> {
    let before = resident();
    let book = {
        let mut book = presets::preset("agent").ok_or("no such preset")?;
        book.scopes.iter_mut().for_each(|scope| scope.max_open = OPEN);
        book
    };
    let mut analysis = Analysis::new(book)?;
    let mut talk = Talk::default();
    for run in 0..OPEN {
        talk.say(run % USERS, "agent_started", run, None);
    }
    talk.facts(&mut |fact| {
        analysis.feed(fact, &mut |_, _| {});
    });
    let said: usize = talk.said.iter().map(|(_, text)| text.capacity()).sum();
    drop(talk);
    let grown = resident().saturating_sub(before);
    println!(
        "{OPEN} open runs: {:.0} MiB, {:.0} B a run (the text of them was {:.0} MiB)  target ≤ 95 MiB",
        grown as f64 / 1024.0,
        grown as f64 * 1024.0 / OPEN as f64,
        said as f64 / 1_048_576.0
    );
    drop(analysis);
    Ok(())
}

/// The time that the end of a long, bad run takes.
fn explained() -> Outcome<()> {
    let mut analysis = Analysis::new(presets::preset("agent-strict").ok_or("no such preset")?)?;
    let mut talk = Talk::default();
    talk.say(0, "agent_started", 0, None);
    for step in 0..LONG / 3 {
        talk.say(0, "agent_thinking", 0, None);
        talk.say(0, "tool_executing", 0, Some(step));
        if step % 20 != 7 {
            talk.say(0, "tool_completed", 0, Some(step));
        }
    }
    talk.say(0, "tool_completed", 0, Some(LONG));
    talk.say(0, "agent_started", 0, None);
    talk.say(0, "agent_completed", 0, None);
    talk.facts(&mut |fact| {
        analysis.feed(fact, &mut |_, _| {});
    });
    let start = clock::now();
    analysis.end(None, &mut |_, _| {});
    println!(
        "a bad run of {} events explained in {:.2} ms, {} findings  target ≤ 2 ms",
        talk.said.len(),
        start.elapsed().as_secs_f64() * 1e3,
        analysis.engine().findings().len()
    );
    Ok(())
}

/// KiB of this process that are resident; 0 where there is no `/proc`.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// What servers say, and to whom.
#[derive(Default)]
struct Talk {
    said: Vec<(usize, String)>,
}

impl Talk {
    fn of_runs(frames: usize) -> Self {
        let mut talk = Self::default();
        let mut calls: usize = 0;
        for run in 0.. {
            let user = run % USERS;
            talk.say(user, "agent_started", run, None);
            for step in 0..2 {
                calls += 1;
                talk.say(user, "agent_thinking", run, None);
                talk.say(user, "tool_executing", run, Some(step));
                if !calls.is_multiple_of(200) {
                    talk.say(user, "tool_completed", run, Some(step));
                }
            }
            talk.say(user, "agent_completed", run, None);
            if talk.said.len() >= frames {
                break;
            }
        }
        talk
    }

    fn say(&mut self, user: usize, event: &str, run: usize, tool: Option<usize>) {
        let sent = 1_795_356_211.0 + self.said.len() as f64 * STEP_NS as f64 / 1e9;
        let tool = tool.map_or(String::new(), |tool| format!(r#""tool_name":"tool_{tool}","#));
        let mut text = format!(
            r#"{{"type":"{event}","run_id":"run_{run}","agent_name":"triage","timestamp":{sent:.6},"payload":{{{tool}"text":""#
        );
        while text.len() < MESSAGE - 3 {
            text.push('x');
        }
        text.push_str(r#""}}"#);
        self.said.push((user, text));
    }

    /// All of it, as a recording has it.
    fn facts(&self, each: &mut dyn FnMut(&Fact<'_>)) {
        for user in 0..USERS {
            let head = format!("GET /ws HTTP/1.1\r\nX-User-Id: user_{user}\r\n\r\n");
            each(&Fact::Connection(Connection {
                id: user as i64 + 1,
                opened_ns: user as u64,
                request_head: head.into_bytes(),
                response_head: b"HTTP/1.1 101 Switching Protocols\r\n\r\n".to_vec(),
                status: Some(101),
                ..Connection::default()
            }));
        }
        for (index, (user, text)) in self.said.iter().enumerate() {
            let mut wire = frames::plain(frames::TEXT, text.as_bytes());
            let read_ns = 1_000_000 + index as u64 * STEP_NS;
            let mut decoder = FrameDecoder::new(Direction::ServerToClient, 16 << 20);
            decoder.feed(&mut wire, &mut |frame| {
                each(&Fact::Frame(RecordedFrame {
                    id: index as i64 + 1,
                    connection: *user as i64 + 1,
                    direction: Direction::ServerToClient,
                    stamp: Stamp { read_ns, written_ns: Some(read_ns + 1000) },
                    frame,
                }));
            });
        }
    }

    fn record(&self, path: &Path) -> Outcome<()> {
        let recording = Recording { name: "many".to_owned(), ..Recording::default() };
        let writer = RecordingWriter::create(path, &recording, WriterOptions::default())?;
        let journal = writer.journal();
        self.facts(&mut |fact| {
            journal.wait_ready();
            journal.fact(fact.clone());
        });
        let finished_ns = 1_000_000 + (self.said.len() as u64 + 1) * STEP_NS;
        let summary = writer.finish(finished_ns)?;
        assert_eq!(summary.status.lost_frames, 0, "every frame is kept");
        Ok(())
    }
}
