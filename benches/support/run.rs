//! One case against one subject, once: processes up, load on, figures out, recording checked.

use std::collections::BTreeMap;
use std::io;
use std::thread;
use std::time::Duration;

use super::load::{Load, LoadPlan, Tally};
use super::process::{self, Process};
use super::scenario::{Case, Kind, Traffic};
use super::server::ServerPlan;
use super::subject::Subject;
use super::{check, clock};

/// How long a subject may go on working for what it has already forwarded, before its CPU is read.
const SETTLE: Duration = Duration::from_millis(150);

/// How long what is on its way may take to arrive; for a recorder that writes all of it to disk.
const DRAIN_MILLIS: u64 = 40_000;

/// The same for mitmproxy, whose backlog would take minutes: it is cut short, and not checked.
const DRAIN_MILLIS_MITMPROXY: u64 = 300;

/// Starts of a subject in one round; their median counts.
const STARTS: usize = 5;

/// Something measured, with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Metric {
    P50Micros,
    P99Micros,
    PerSecond,
    Megabytes,
    StoredMegabytes,
    CpuMicros,
    FilePerPayload,
    PeakMib,
    KibPerConnection,
    Threads,
    StartMillis,
}

/// What one run measured.
pub(crate) type Figures = BTreeMap<Metric, f64>;

/// What one run gave.
pub(crate) struct Outcome {
    pub(crate) figures: Figures,
    /// Whether the recording held exactly what was sent; none where nothing is recorded.
    pub(crate) exact: Option<Result<(), String>>,
}

impl Metric {
    /// The head of its column.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P50Micros => "p50 µs",
            Self::P99Micros => "p99 µs",
            Self::PerSecond => "messages/s",
            Self::Megabytes => "MB/s",
            Self::StoredMegabytes => "stored MB/s",
            Self::CpuMicros => "CPU µs each",
            Self::FilePerPayload => "file/payload",
            Self::PeakMib => "peak MiB",
            Self::KibPerConnection => "KiB/conn",
            Self::Threads => "threads",
            Self::StartMillis => "start ms",
        }
    }
}

/// Runs `case` once with `subject` in the middle.
pub(crate) fn once(case: &Case, subject: Subject) -> io::Result<Outcome> {
    match &case.kind {
        Kind::Traffic(traffic) => traffic_once(traffic, subject),
        Kind::Idle { connections } => idle_once(*connections, subject),
        Kind::Start => start_once(subject),
    }
}

fn traffic_once(traffic: &Traffic, subject: Subject) -> io::Result<Outcome> {
    let mut server = Process::role("server", &traffic.server)?;
    let running = subject.start(server.port()?)?;
    let awake = if traffic.awake { Some(process::spinner()?) } else { None };
    let before = running.usage();
    let started = clock::now();
    let mitmproxy = subject == Subject::Mitmproxy;
    let tally = load(&LoadPlan {
        port: running.port,
        warm_millis: traffic.warm_millis,
        millis: traffic.millis,
        drain_millis: if mitmproxy { DRAIN_MILLIS_MITMPROXY } else { DRAIN_MILLIS },
        load: traffic.load,
    })?;
    drop(awake);
    let loaded = started.elapsed();
    thread::sleep(SETTLE);
    let after = running.usage();
    let mut figures = figures(&tally, traffic);
    let all = tally.sent.frames.max(tally.received.frames).max(1) as f64;
    if subject != Subject::Direct {
        figures.insert(Metric::CpuMicros, (after.cpu_s - before.cpu_s) * 1e6 / all);
        figures.insert(Metric::PeakMib, after.peak_kib / 1024.0);
        figures.insert(Metric::Threads, after.threads);
    }
    let stopping = clock::now();
    let Some(recorded) = running.stop()? else {
        return Ok(Outcome { figures, exact: None });
    };
    // The time that the check of the figures took in between is not the recorder's.
    let stored = loaded + stopping.elapsed();
    let held = check::held(&recorded.path).map_err(io::Error::other)?;
    let payload = (tally.sent.bytes + tally.received.bytes).max(1) as f64;
    figures.insert(Metric::StoredMegabytes, payload / 1e6 / stored.as_secs_f64());
    figures.insert(Metric::FilePerPayload, held.file_bytes as f64 / payload);
    Ok(Outcome { figures, exact: Some(held.against(&tally)) })
}

fn load(plan: &LoadPlan) -> io::Result<Tally> {
    let line = Process::role("load", plan)?.line()?;
    Ok(serde_json::from_str(&line)?)
}

fn figures(tally: &Tally, traffic: &Traffic) -> Figures {
    let seconds = traffic.millis as f64 / 1e3;
    let mut figures = Figures::from([
        (Metric::PerSecond, tally.messages as f64 / seconds),
        (Metric::Megabytes, tally.bytes as f64 / 1e6 / seconds),
    ]);
    for (metric, rank) in [(Metric::P50Micros, 0.50), (Metric::P99Micros, 0.99)] {
        let at = (tally.latencies.len() as f64 * rank) as usize;
        if let Some(ns) = tally.latencies.get(at) {
            figures.insert(metric, *ns as f64 / 1e3);
        }
    }
    figures
}

fn idle_once(connections: usize, subject: Subject) -> io::Result<Outcome> {
    let mut server = Process::role("server", &ServerPlan::default())?;
    let running = subject.start(server.port()?)?;
    let before = running.usage();
    let plan = LoadPlan {
        port: running.port,
        warm_millis: 0,
        millis: 0,
        drain_millis: 0,
        load: Load::Idle { connections },
    };
    let mut load = Process::role("load", &plan)?;
    load.line()?;
    thread::sleep(SETTLE);
    let after = running.usage();
    load.go_on();
    load.line()?;
    let kib = (after.private_kib - before.private_kib) / connections as f64;
    let figures = Figures::from([
        (Metric::KibPerConnection, kib),
        (Metric::Threads, after.threads),
        (Metric::PeakMib, after.peak_kib / 1024.0),
    ]);
    Ok(Outcome { figures, exact: None })
}

fn start_once(subject: Subject) -> io::Result<Outcome> {
    let mut server = Process::role("server", &ServerPlan::default())?;
    let port = server.port()?;
    let mut millis = Vec::new();
    for _ in 0..STARTS {
        let start = clock::now();
        let running = subject.start(port)?;
        millis.push(start.elapsed().as_secs_f64() * 1e3);
        running.stop()?;
    }
    millis.sort_unstable_by(f64::total_cmp);
    let figures = Figures::from([(Metric::StartMillis, millis[STARTS / 2])]);
    Ok(Outcome { figures, exact: None })
}
