//! The figures of a live screen, against values worked out by hand and against naive counting.

use std::borrow::Cow;

use proptest::prelude::*;
use wiretape::analysis::Analysis;
use wiretape::analysis::live::{Live, WINDOW};
use wiretape::rules::presets::preset;
use wiretape::wire::{
    Close, Connection, Direction, EndedBy, Ending, Fact, Frame, Header, Marks, RecordedFrame,
    Recording, Stamp,
};

const MS: u64 = 1_000_000;

struct Watched {
    analysis: Analysis,
    live: Live,
    frames: i64,
}

impl Watched {
    fn new() -> Self {
        let book = preset("agent").unwrap();
        let live = Live::new(&book);
        let mut watched = Self { analysis: Analysis::new(book).unwrap(), live, frames: 0 };
        watched.fact(&Fact::Recording(Recording::default()));
        watched
    }

    fn fact(&mut self, fact: &Fact<'_>) {
        self.live.fact(fact);
        let live = &mut self.live;
        self.analysis.feed(fact, &mut |event, symbols| live.event(event, symbols));
    }

    fn tick(&mut self, now_ns: u64) {
        let live = &mut self.live;
        self.analysis.tick(now_ns, &mut |event, symbols| live.event(event, symbols));
    }

    fn open(&mut self, id: i64, at_ns: u64) {
        self.fact(&Fact::Connection(connection(id, at_ns)));
    }

    /// The connection ends, with this code or with none.
    fn close(&mut self, id: i64, at_ns: u64, code: Option<u16>) {
        let close = code.map(|code| Close { code: Some(code), reason: Vec::new() });
        self.fact(&Fact::Connection(Connection {
            closed_ns: Some(at_ns),
            ending: Some(if code.is_some() { Ending::Closed } else { Ending::Reset }),
            ended_by: Some(EndedBy::Server),
            close: [None, close],
            ..connection(id, 0)
        }));
    }

    /// A message of the server, which the proxy held for a while.
    fn say(&mut self, connection: i64, at_ns: u64, held_ns: u64, text: &str) {
        self.frames += 1;
        let length = text.len() as u64;
        let header = [&[0x81, 127][..], &length.to_be_bytes()].concat();
        let frame = Frame {
            header: Header::from_bytes(&header).unwrap(),
            payload: Cow::Owned(text.as_bytes().to_vec()),
            length,
            marks: Marks::NONE,
        };
        let stamp = Stamp { read_ns: at_ns, written_ns: Some(at_ns + held_ns) };
        let (id, direction) = (self.frames, Direction::ServerToClient);
        self.fact(&Fact::Frame(RecordedFrame { id, connection, direction, stamp, frame }));
    }

    fn event(&mut self, connection: i64, at_ms: u64, kind: &str) {
        let text = format!(
            r#"{{"type":"{kind}","run_id":"R","agent_name":"a","payload":{{"tool_name":"search"}}}}"#
        );
        self.say(connection, at_ms * MS, 200_000, &text);
    }
}

fn connection(id: i64, opened_ns: u64) -> Connection {
    Connection {
        id,
        opened_ns,
        upgrade_ns: Some(0),
        request_head: format!("GET /ws HTTP/1.1\r\nX-User-Id: user_{id}\r\n\r\n").into_bytes(),
        response_head: b"HTTP/1.1 101 X\r\n\r\n".to_vec(),
        status: Some(101),
        ..Connection::default()
    }
}

/// Within the two parts in a hundred that a histogram is right to.
fn is_about(told: Option<u64>, exact: u64) -> bool {
    told.is_some_and(|told| told.abs_diff(exact) * 50 <= exact)
}

#[test]
fn one_run_by_hand() {
    let mut watched = Watched::new();
    watched.open(1, 0);
    watched.open(2, 10 * MS);
    for (at_ms, kind) in
        [(1000, "agent_started"), (1040, "agent_thinking"), (1640, "tool_executing")]
    {
        watched.event(1, at_ms, kind);
    }
    watched.close(2, 1700 * MS, None);
    watched.tick(4000 * MS);
    let figures = watched.live.figures(4000 * MS, &watched.analysis);
    assert_eq!(figures.connections, [1, 2, 1], "open, opened, dropped");
    assert_eq!(figures.runs, [1, 0, 0], "open, done, broken");
    assert_eq!((figures.rate.len(), figures.rate[WINDOW - 4], figures.never), (WINDOW, 3, 0));
    assert!((figures.frames_a_second - 0.3).abs() < 1e-9);
    let held = figures.held_ns.unwrap();
    assert!(is_about(Some(held.0), 200_000) && is_about(Some(held.1), 200_000), "{held:?}");
    assert_eq!(figures.behind_ns, 2300 * MS);
    let symbols = watched.analysis.symbols();
    let types = watched.live.types(symbols);
    let thinking = types.iter().find(|(name, _)| *name == "agent_thinking").unwrap().1;
    assert!(is_about(thinking.gaps.per_mille(500), 40 * MS));
    assert_eq!((thinking.count, thinking.first_frame, thinking.first_ns), (1, 2, 1040 * MS));
    let started = types.iter().find(|(name, _)| *name == "agent_started").unwrap().1;
    assert_eq!(started.gaps.count(), 0, "nothing of the run came before it");

    // What the run waits for, and until when, is what is flagged when that has passed.
    let waiting = figures.waiting.iter().find(|waiting| waiting.run.as_deref() == Some("R"));
    let waiting = waiting.unwrap().clone();
    assert_eq!(waiting.user.as_deref(), Some("user_1"));
    assert!(waiting.last.starts_with("tool_executing"), "{waiting:?}");
    assert!(waiting.since_ns <= 1640 * MS && waiting.due_ns > 4000 * MS, "{waiting:?}");
    let before = watched.analysis.engine().findings().len();
    watched.tick(waiting.due_ns);
    assert_eq!(watched.analysis.engine().findings().len(), before, "not a moment too soon");
    watched.tick(waiting.due_ns + MS);
    assert!(watched.analysis.engine().findings().len() > before, "{waiting:?}");
}

#[test]
fn a_run_that_ends_waits_for_nothing() {
    let mut watched = Watched::new();
    watched.open(1, 0);
    for (at_ms, kind) in [(100, "agent_started"), (200, "agent_thinking"), (300, "agent_completed")]
    {
        watched.event(1, at_ms, kind);
    }
    watched.close(1, 400 * MS, Some(1000));
    watched.tick(1000 * MS);
    let figures = watched.live.figures(1000 * MS, &watched.analysis);
    assert_eq!((figures.runs, figures.connections), ([0, 1, 0], [0, 1, 0]));
    assert!(figures.waiting.iter().all(|waiting| waiting.run.is_none()), "{:?}", figures.waiting);
}

#[test]
fn a_run_that_says_twice_that_it_is_over_is_done_once() {
    let mut watched = Watched::new();
    watched.open(1, 0);
    watched.open(2, 0);
    let ends = ["agent_started", "agent_completed", "agent_completed", "agent_completed"];
    for (at_ms, kind) in (1..).zip(ends) {
        watched.event(1, at_ms * 100, kind);
        watched.event(2, at_ms * 100 + 50, kind);
    }
    let figures = watched.live.figures(1000 * MS, &watched.analysis);
    assert_eq!(figures.runs[1], 2, "two users' runs of one id, each with three ends");
}

#[test]
fn a_type_that_no_rule_knows_is_told_with_its_first_frame() {
    let mut watched = Watched::new();
    watched.open(1, 0);
    watched.event(1, 100, "agent_started");
    watched.event(1, 200, "agent_thonking");
    watched.tick(60_000 * MS);
    let figures = watched.live.figures(60_000 * MS, &watched.analysis);
    let [(name, first)] = figures.unknown.as_slice() else { panic!("{:?}", figures.unknown) };
    assert_eq!(name, "agent_thonking");
    assert_eq!((first.first_frame, first.first_ns, first.first_connection), (2, 200 * MS, 1));
}

#[test]
fn the_disk_is_measured_over_a_minute() {
    let mut watched = Watched::new();
    for second in 0..200_u64 {
        watched.live.disk(second * 1000 * MS, second * 1000, Some(second));
        watched.live.disk(second * 1000 * MS + 1, u64::MAX, Some(second));
    }
    let figures = watched.live.figures(199_000 * MS, &watched.analysis);
    assert_eq!((figures.disk_a_minute, figures.queued), (Some(60_000), Some(199)));
    let nothing = Watched::new();
    assert_eq!(nothing.live.figures(5, &nothing.analysis).disk_a_minute, None);
}

proptest! {
    #[test]
    fn seconds_are_counted_as_they_are(
        steps in prop::collection::vec((0..40_000_u64, 0..3000_u64), 0..60), later_ms in 0..400_000_u64
    ) {
        let mut watched = Watched::new();
        watched.open(1, 0);
        let (mut now_ms, mut times) = (0, Vec::new());
        for (step, back) in steps {
            now_ms += step;
            // Frames of two connections may come in another order than they were read in.
            times.push(now_ms.saturating_sub(back));
        }
        let last = times.iter().copied().max().unwrap_or(0);
        for at_ms in &times {
            watched.say(1, at_ms * MS, 0, "x");
        }
        let now_ms = last + later_ms;
        let figures = watched.live.figures(now_ms * MS, &watched.analysis);
        let second = |back: usize| (now_ms / 1000).checked_sub(back as u64);
        for back in 0..WINDOW {
            let naive = times.iter().filter(|at| Some(**at / 1000) == second(back)).count() as u32;
            prop_assert_eq!(figures.rate[WINDOW - 1 - back], naive, "{} s ago", back);
        }
    }
}
