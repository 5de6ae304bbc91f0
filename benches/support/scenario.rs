//! What is asked of each subject, and what must come out.

use super::load::Load;
use super::run::Metric::{
    self, CpuMicros, FilePerPayload, KibPerConnection, Megabytes, P50Micros, P99Micros, PeakMib,
    PerSecond, StartMillis, StoredMegabytes, Threads,
};
use super::server::{ServerPlan, StreamPlan};
use super::subject::Subject;

/// Connections of everything that has many.
const MANY: usize = 100;

/// Connections of bulk streams.
const BULK: usize = 10;

/// Bytes of one bulk write, frame headers aside.
const BULK_WRITE: usize = 64 << 10;

/// One table of the output.
pub(crate) struct Case {
    /// What the command line calls it; several cases may share it.
    pub(crate) scenario: &'static str,
    pub(crate) title: String,
    pub(crate) kind: Kind,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) columns: Vec<Metric>,
    pub(crate) goals: Vec<Goal>,
    /// Rounds are for ratios; what is slow and has none is run once.
    pub(crate) rounds: Rounds,
}

/// How often a case is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounds {
    All,
    First,
}

/// What is done.
pub(crate) enum Kind {
    Traffic(Traffic),
    Idle { connections: usize },
    Start,
}

/// A load against a server.
pub(crate) struct Traffic {
    pub(crate) server: ServerPlan,
    pub(crate) load: Load,
    pub(crate) warm_millis: u64,
    pub(crate) millis: u64,
    /// Keep the cores awake, so that latencies are not those of a halted core.
    pub(crate) awake: bool,
}

/// A target for Wiretape.
pub(crate) struct Goal {
    pub(crate) metric: Metric,
    pub(crate) against: Against,
    pub(crate) bound: Bound,
}

/// What a target compares Wiretape's figure with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Against {
    /// The figure itself.
    Alone,
    /// Times the other subject's.
    Times(Subject),
    /// What each adds to no proxy at all, as times what the other subject adds.
    TimesAdded(Subject),
}

/// Which side of a number is good.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// How long things take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lengths {
    pub(crate) warm_millis: u64,
    pub(crate) millis: u64,
    pub(crate) held_millis: u64,
    pub(crate) idle: usize,
}

/// Every case, in the order of the output.
pub(crate) fn all(lengths: Lengths) -> Vec<Case> {
    let mut cases = vec![
        one(lengths, Some(500.0)),
        one(lengths, None),
        tokens(lengths),
        trips(lengths),
        streams(lengths, 100),
        streams(lengths, 1 << 10),
        bulk(lengths, 1 << 10),
        bulk(lengths, 16 << 10),
        flood(lengths),
        held(lengths, 1 << 10),
        held(lengths, 16 << 10),
    ];
    cases.push(Case {
        scenario: "idle",
        title: format!("{} idle connections", lengths.idle),
        kind: Kind::Idle { connections: lengths.idle },
        subjects: vec![Subject::Bare, Subject::Wiretape],
        columns: vec![KibPerConnection, PeakMib, Threads],
        goals: vec![goal(KibPerConnection, Against::Alone, Bound::AtMost(4.0))],
        rounds: Rounds::First,
    });
    cases.push(Case {
        scenario: "start",
        title: "start to listening".to_owned(),
        kind: Kind::Start,
        subjects: vec![Subject::Bare, Subject::Wiretape],
        columns: vec![StartMillis],
        goals: vec![goal(StartMillis, Against::Alone, Bound::AtMost(50.0))],
        rounds: Rounds::All,
    });
    cases
}

const BARE: Against = Against::Times(Subject::Bare);
const MITMPROXY: Against = Against::Times(Subject::Mitmproxy);

const fn goal(metric: Metric, against: Against, bound: Bound) -> Goal {
    Goal { metric, against, bound }
}

fn one(lengths: Lengths, per_second: Option<f64>) -> Case {
    let mut goals = vec![
        goal(P50Micros, BARE, Bound::AtMost(1.1)),
        goal(P99Micros, BARE, Bound::AtMost(1.25)),
        goal(P50Micros, Against::TimesAdded(Subject::Mitmproxy), Bound::AtMost(0.1)),
    ];
    let pace = match per_second {
        Some(rate) => format!("{rate}/s"),
        None => "unpaced".to_owned(),
    };
    if per_second.is_none() {
        goals.push(goal(PerSecond, BARE, Bound::AtLeast(0.9)));
    }
    let load = Load::RoundTrips { connections: 1, bytes: 100, per_second };
    Case {
        scenario: "one",
        title: format!("round trips, 100 B, 1 connection, {pace}"),
        kind: traffic(lengths, None, load, Awake::Kept),
        subjects: Subject::ALL.into(),
        columns: vec![P50Micros, P99Micros, PerSecond, CpuMicros],
        goals,
        rounds: Rounds::All,
    }
}

fn tokens(lengths: Lengths) -> Case {
    let stream = stream(lengths, MANY, 200, 1, Some(5_000));
    let load = Load::Streams { connections: MANY, timed: true };
    Case {
        scenario: "tokens",
        title: format!("token streams, 200 B, {MANY} connections, 5,000/s: one way"),
        kind: traffic(lengths, Some(stream), load, Awake::Kept),
        subjects: Subject::ALL.into(),
        columns: vec![P50Micros, P99Micros, PerSecond, CpuMicros],
        goals: vec![
            goal(P50Micros, BARE, Bound::AtMost(1.1)),
            goal(P99Micros, BARE, Bound::AtMost(1.1)),
        ],
        rounds: Rounds::All,
    }
}

fn trips(lengths: Lengths) -> Case {
    let load = Load::RoundTrips { connections: MANY, bytes: 1 << 10, per_second: None };
    Case {
        scenario: "trips",
        title: format!("round trips, 1 KiB, {MANY} connections"),
        kind: traffic(lengths, None, load, Awake::Free),
        subjects: Subject::ALL.into(),
        columns: vec![PerSecond, P50Micros, P99Micros, CpuMicros, PeakMib, FilePerPayload],
        goals: vec![
            goal(PerSecond, BARE, Bound::AtLeast(0.85)),
            goal(CpuMicros, BARE, Bound::AtMost(1.35)),
            goal(PerSecond, MITMPROXY, Bound::AtLeast(30.0)),
        ],
        rounds: Rounds::All,
    }
}

fn streams(lengths: Lengths, bytes: usize) -> Case {
    let stream = stream(lengths, MANY, bytes, 1, None);
    Case {
        scenario: "streams",
        title: format!("streams, {bytes} B, {MANY} connections, a write a message"),
        kind: traffic(lengths, Some(stream), receive(MANY), Awake::Free),
        subjects: Subject::ALL.into(),
        columns: vec![PerSecond, Megabytes, StoredMegabytes, CpuMicros, PeakMib, FilePerPayload],
        goals: vec![
            goal(PerSecond, BARE, Bound::AtLeast(0.95)),
            goal(PerSecond, MITMPROXY, Bound::AtLeast(100.0)),
        ],
        rounds: Rounds::All,
    }
}

fn bulk(lengths: Lengths, bytes: usize) -> Case {
    let stream = stream(lengths, BULK, bytes, BULK_WRITE / bytes, None);
    let goals = if bytes == 1 << 10 {
        vec![goal(PerSecond, Against::Alone, Bound::AtLeast(300_000.0))]
    } else {
        vec![goal(Megabytes, Against::Alone, Bound::AtLeast(150.0))]
    };
    Case {
        scenario: "bulk",
        title: format!("burst, {bytes} B, {BULK} connections, 64 KiB writes"),
        kind: traffic(lengths, Some(stream), receive(BULK), Awake::Free),
        subjects: Subject::ALL.into(),
        columns: vec![PerSecond, Megabytes, StoredMegabytes, CpuMicros, PeakMib, FilePerPayload],
        goals,
        rounds: Rounds::All,
    }
}

fn flood(lengths: Lengths) -> Case {
    let stream = stream(lengths, 1, 1 << 10, BULK_WRITE >> 10, None);
    Case {
        scenario: "flood",
        title: "one connection floods (1 KiB): latency of another, 100 B, 500/s".to_owned(),
        kind: traffic(lengths, Some(stream), Load::Flood { connections: 1 }, Awake::Free),
        subjects: vec![Subject::Direct, Subject::Bare, Subject::Wiretape],
        columns: vec![P50Micros, P99Micros, PerSecond, Megabytes, PeakMib],
        goals: vec![goal(P99Micros, Against::Alone, Bound::AtMost(50_000.0)), memory()],
        rounds: Rounds::All,
    }
}

fn held(lengths: Lengths, bytes: usize) -> Case {
    let lengths = Lengths { millis: lengths.held_millis, ..lengths };
    let mut case = bulk(lengths, bytes);
    case.scenario = "held";
    let seconds = lengths.held_millis / 1000;
    case.title = format!("held for {seconds} s, {bytes} B, {BULK} connections, 64 KiB writes");
    case.subjects = vec![Subject::Wiretape];
    case.goals = vec![goal(StoredMegabytes, Against::Alone, Bound::AtLeast(150.0)), memory()];
    case.rounds = Rounds::First;
    case
}

/// The ceiling of the whole process's memory, whatever the traffic.
const fn memory() -> Goal {
    goal(PeakMib, Against::Alone, Bound::AtMost(200.0))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Awake {
    Kept,
    Free,
}

fn traffic(lengths: Lengths, stream: Option<StreamPlan>, load: Load, awake: Awake) -> Kind {
    Kind::Traffic(Traffic {
        server: ServerPlan { stream },
        load,
        warm_millis: lengths.warm_millis,
        millis: lengths.millis,
        awake: awake == Awake::Kept,
    })
}

const fn receive(connections: usize) -> Load {
    Load::Streams { connections, timed: false }
}

const fn stream(
    lengths: Lengths,
    connections: usize,
    bytes: usize,
    per_write: usize,
    per_second: Option<u32>,
) -> StreamPlan {
    let millis = lengths.warm_millis + lengths.millis;
    StreamPlan { connections, bytes, per_write, per_second, millis }
}
