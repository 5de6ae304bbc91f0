//! Traffic that is in order gives no finding; one defect gives one; and it does not matter what
//! else goes over the wire in between.

use std::collections::BTreeMap;

use wiretape::rules::{Early, Finding, RuleBook, Severity, presets};
use wiretape::wire::Direction::{self, ClientToServer, ServerToClient};

use super::walk::{Dice, Said, Walker};
use crate::support::traffic::Traffic;

const MS: u64 = 1_000_000;

/// Runs that are followed for each preset.
const RUNS: usize = 10_000;

/// How GraphQL connections begin.
const HELLO: [(Direction, &str); 4] = [
    (ClientToServer, r#"{"type":"connection_init"}"#),
    (ServerToClient, r#"{"type":"connection_ack"}"#),
    (ServerToClient, r#"{"type":"ping"}"#),
    (ClientToServer, r#"{"type":"pong"}"#),
];

/// One message that is said some time.
#[derive(Clone, Debug)]
struct Line {
    at_ns: u64,
    connection: i64,
    direction: Direction,
    text: String,
}

/// Everything in the order of time; who closes at the end does so after the last line.
fn found(book: RuleBook, mut lines: Vec<Line>, closes: impl Fn(i64) -> bool) -> Vec<Finding> {
    lines.sort_by_key(|line| line.at_ns);
    let mut traffic = Traffic::new(book);
    let user = |connection: i64| format!("user{connection}");
    let last: BTreeMap<i64, usize> =
        lines.iter().enumerate().map(|(at, line)| (line.connection, at)).collect();
    for connection in last.keys() {
        let first = lines.iter().find(|line| line.connection == *connection).unwrap();
        traffic.open(*connection, &user(*connection), first.at_ns.saturating_sub(MS));
    }
    for (at, line) in lines.iter().enumerate() {
        traffic.say(line.connection, line.direction, line.at_ns, &line.text);
        if last[&line.connection] == at && closes(line.connection) {
            traffic.close(line.connection, &user(line.connection), line.at_ns);
        }
    }
    let ended = traffic.end(40_000 * MS);
    // What comes later may explain a defect better; that there was none after all is never told.
    let taken_back = ended.taken_back();
    let withdrawn = taken_back.iter().find(|early| matches!(early, Early::Withdrawn(_)));
    assert!(withdrawn.is_none(), "{withdrawn:#?}");
    let findings = ended.engine().findings().iter();
    findings.filter(|finding| finding.severity > Severity::Info).cloned().collect()
}

#[track_caller]
fn assert_none(findings: &[Finding]) {
    let told: Vec<String> = findings.iter().take(10).map(super::line).collect();
    assert!(findings.is_empty(), "{} findings: {}", findings.len(), told.join("\n"));
}

/// A run's lines from `at_ns` on; the time when it is over.
fn lines_of(
    walker: &Walker,
    dice: &mut Dice,
    (connection, run, said): (i64, &str, &[Said]),
    mut at_ns: u64,
    lines: &mut Vec<Line>,
) -> u64 {
    for said in said {
        let (direction, text) = walker.text(dice, run, said);
        at_ns += MS + dice.throw(80) as u64 * MS + dice.throw(1000) as u64;
        lines.push(Line { at_ns, connection, direction, text });
    }
    at_ns
}

/// Some runs of a lifecycle on each of many connections, several at once where `at_once`.
fn walked(preset: &str, at_once: usize, greeting: &[(Direction, &str)]) -> Vec<Finding> {
    let walker = Walker::new(preset);
    let mut dice = Dice(11);
    let (mut lines, mut runs) = (Vec::new(), 0);
    for connection in 1.. {
        if runs >= RUNS {
            break;
        }
        let mut begin = dice.throw(60_000) as u64 * MS + 10 * MS;
        for (direction, text) in greeting {
            begin += MS;
            let (direction, text) = (*direction, (*text).to_owned());
            lines.push(Line { at_ns: begin, connection, direction, text });
        }
        for place in 0..at_once {
            let mut at_ns = begin + dice.throw(500) as u64 * MS;
            for again in 0..=dice.throw(5) {
                // Ids of operations come again on a connection; those of runs do not.
                let run = match preset {
                    "graphql-transport-ws" => format!("op{place}"),
                    _ => format!("run{connection}-{place}-{again}"),
                };
                let steps = dice.throw(6);
                let said = walker.run(&mut dice, steps);
                if preset.starts_with("agent") {
                    at_ns += MS;
                    let text = r#"{"type":"user_message","content":"hi"}"#.to_owned();
                    lines.push(Line { at_ns, connection, direction: ClientToServer, text });
                }
                at_ns = lines_of(&walker, &mut dice, (connection, &run, &said), at_ns, &mut lines);
                runs += 1;
            }
        }
    }
    found(walker.book, lines, |connection| connection % 2 == 0)
}

#[test]
fn agent_runs_in_order_give_no_finding() {
    assert_none(&walked("agent", 3, &[]));
}

#[test]
fn strict_agent_runs_in_order_give_no_finding() {
    assert_none(&walked("agent-strict", 3, &[]));
}

#[test]
fn ag_ui_runs_in_order_give_no_finding() {
    assert_none(&walked("ag-ui", 1, &[]));
}

#[test]
fn graphql_operations_in_order_give_no_finding() {
    assert_none(&walked("graphql-transport-ws", 3, &HELLO));
}

/// Twenty requests a connection, from either side, each with its answer; `write` writes the request
/// (`true`) or the answer of an id.
fn asked(preset: &str, write: impl Fn(bool, usize) -> String, greeting: &[(Direction, &str)]) {
    let mut dice = Dice(31);
    let mut lines = Vec::new();
    for connection in 1..=(RUNS / 20) as i64 {
        let mut begin = dice.throw(60_000) as u64 * MS + 10 * MS;
        for (direction, text) in greeting {
            begin += MS;
            let (direction, text) = (*direction, (*text).to_owned());
            lines.push(Line { at_ns: begin, connection, direction, text });
        }
        for id in 1..=20 {
            let direction = *dice.one_of(&Direction::BOTH);
            let at_ns = begin + MS + dice.throw(10_000) as u64 * MS;
            lines.push(Line { at_ns, connection, direction, text: write(true, id) });
            let direction = Direction::BOTH[1 - direction.index()];
            let at_ns = at_ns + MS + dice.throw(4_000) as u64 * MS;
            lines.push(Line { at_ns, connection, direction, text: write(false, id) });
        }
    }
    let book = presets::preset(preset).unwrap();
    // Whoever stays has to be pinged for ever.
    assert_none(&found(book, lines, |_| true));
}

#[test]
fn json_rpc_in_order_gives_no_finding() {
    let write = |ask: bool, id: usize| {
        let name = if id.is_multiple_of(3) { format!("\"{id}\"") } else { id.to_string() };
        let version = r#""jsonrpc":"2.0""#;
        let note = format!(r#"{{{version},"method":"note"}}"#);
        match (ask, id % 5) {
            (true, 0) => format!(r#"[{{{version},"id":{name},"method":"m"}},{note}]"#),
            (true, _) => format!(r#"{{{version},"id":{name},"method":"m"}}"#),
            (false, 1) => format!(r#"[{note},{{{version},"id":{name},"result":null}}]"#),
            (false, 2) => format!(r#"{{{version},"id":{name},"error":{{"code":1}}}}"#),
            (false, _) => format!(r#"{{{version},"id":{name},"result":{{}}}}"#),
        }
    };
    asked("json-rpc", write, &[]);
}

#[test]
fn socket_io_in_order_gives_no_finding() {
    let write = |ask: bool, id: usize| {
        let kind = if ask { '2' } else { '3' };
        let space = if id.is_multiple_of(2) { "/admin," } else { "" };
        format!(r#"4{kind}{space}{id}["save",{{"a":1}}]"#)
    };
    let hello = [
        (ServerToClient, r#"0{"sid":"x","pingInterval":25000,"pingTimeout":20000}"#),
        (ClientToServer, "40"),
        (ServerToClient, r#"40{"sid":"y"}"#),
        (ClientToServer, "40/admin,"),
        (ServerToClient, r#"40/admin,{"sid":"z"}"#),
        (ServerToClient, "2"),
        (ClientToServer, "3"),
    ];
    asked("socket.io", write, &hello);
}

/// The run with one defect; the class of finding that tells of it.
fn broken(dice: &mut Dice, said: &[Said]) -> (Vec<Said>, &'static [&'static str]) {
    let mut said = said.to_vec();
    let (kind, at) = (dice.throw(4), dice.throw(said.len()));
    // A beginning that comes again, or after an end, may be that of another run of the same id: it
    // may be dropped, and stays first otherwise.
    let at = if kind > 0 { at.max(1) } else { at };
    match kind {
        0 => {
            said.remove(at);
            // Without its start, it is the end that is one too many.
            (said, &["missing", "unexpected"])
        }
        1 => {
            let at = at.min(said.len() - 1);
            let place = at + 1 + dice.throw(said.len() - at);
            said.insert(place, said[at].clone());
            // Twice, and the second time after the end.
            (said, &["duplicate", "unexpected"])
        }
        2 => {
            let event = said.remove(at.min(said.len() - 1));
            let place = said.len().min(1 + dice.throw(said.len().max(1)));
            said.insert(place, event);
            (said, &["out-of-order", "unexpected"])
        }
        _ => {
            let next = (at + 1).min(said.len() - 1);
            said.swap(at.min(next), next);
            (said, &["out-of-order", "unexpected"])
        }
    }
}

/// Runs with one defect each, on connections of their own: nearly all that no longer fit have one
/// finding, none has none, and nearly all are of the defect's class. The alignment tells one
/// deviation always (`rules::align`); what is told twice is mostly an event that lies so far off
/// that a second rule has its own reason to complain.
fn one_defect_each(preset: &str, runs: i64, greeting: &[(Direction, &str)]) {
    let walker = Walker::new(preset);
    let mut dice = Dice(5);
    let (mut lines, mut wanted) = (Vec::new(), BTreeMap::new());
    for connection in 1..=runs {
        let steps = 2 + dice.throw(8);
        let whole = walker.run(&mut dice, steps);
        let (said, classes) = broken(&mut dice, &whole);
        if walker.fits(&said) {
            continue;
        }
        wanted.insert(connection, (classes, said.clone()));
        let run = format!("run{connection}");
        let mut at_ns = connection as u64 * 100 * MS;
        for (direction, text) in greeting {
            at_ns += MS;
            let (direction, text) = (*direction, (*text).to_owned());
            lines.push(Line { at_ns, connection, direction, text });
        }
        lines_of(&walker, &mut dice, (connection, &run, &said), at_ns, &mut lines);
    }
    let mut by_connection: BTreeMap<i64, Vec<Finding>> = BTreeMap::new();
    for finding in found(walker.book, lines, |_| true) {
        by_connection.entry(finding.connection.unwrap()).or_default().push(finding);
    }
    let (mut of_class, mut wrong) = (0, Vec::new());
    for (connection, (classes, said)) in &wanted {
        let findings = by_connection.remove(connection).unwrap_or_default();
        assert!(!findings.is_empty(), "{said:?}");
        if findings.len() == 1 {
            of_class += usize::from(classes.contains(&findings[0].code.class()));
        } else {
            let names: Vec<String> =
                said.iter().map(|said| format!("{} {:?}", said.name, said.part)).collect();
            let told: Vec<String> = findings.iter().map(super::line).collect();
            wrong.push(format!("{names:?}\n  {}", told.join("\n  ")));
        }
    }
    let told: Vec<&String> = wrong.iter().take(12).collect();
    let one = wanted.len() - wrong.len();
    assert!(one * 10 >= wanted.len() * 9, "{} of {}: {told:#?}", wrong.len(), wanted.len());
    assert!(of_class * 10 >= one * 9, "{of_class} of {one}");
}

#[test]
fn one_defect_of_an_agui_run_is_one_finding() {
    one_defect_each("ag-ui", 1000, &[]);
}

#[test]
fn one_defect_of_an_operation_is_one_finding() {
    one_defect_each("graphql-transport-ws", 1000, &HELLO);
}

#[test]
fn one_defect_of_an_agent_run_is_one_finding() {
    one_defect_each("agent", 1000, &[]);
}

#[test]
fn one_defect_of_a_strict_agent_run_is_one_finding() {
    one_defect_each("agent-strict", 1000, &[]);
}

/// Each connection's lines keep their order; how they lie between those of others is chance.
#[test]
fn what_others_say_in_between_changes_nothing() {
    let walker = Walker::new("ag-ui");
    let mut dice = Dice(23);
    let mut runs = Vec::new();
    for connection in 1..=40 {
        let whole = walker.run(&mut dice, 6);
        let (said, _) = broken(&mut dice, &whole);
        let mut lines = Vec::new();
        lines_of(&walker, &mut dice, (connection, "run", &said), 0, &mut lines);
        runs.push(lines);
    }
    let told = |shifts: &[u64]| {
        let shifted = runs.iter().zip(shifts).flat_map(|(lines, shift)| {
            lines.iter().map(move |line| Line { at_ns: line.at_ns + shift * MS, ..line.clone() })
        });
        let findings = found(walker.book.clone(), shifted.collect(), |_| true);
        let told = |finding: &Finding| {
            let words = finding.message.split(' ').filter(|word| !word.contains('#'));
            (finding.connection, finding.code, words.collect::<Vec<_>>().join(" "))
        };
        let mut told: Vec<_> = findings.iter().map(told).collect();
        told.sort();
        told
    };
    let apart: Vec<u64> = (1..=40).map(|run| run * 5_000).collect();
    let expected = told(&apart);
    assert!(expected.len() > 10);
    for _ in 0..20 {
        let shifts: Vec<u64> = runs.iter().map(|_| 10 + dice.throw(400) as u64).collect();
        assert_eq!(told(&shifts), expected);
    }
}

/// A run that never ends is a finding of the run, and no other of its agent, however many runs a
/// connection's end leaves open at once.
#[test]
fn each_of_a_thousand_runs_cut_off_together_is_told_once() {
    let line = |(run, kind): (u64, &str)| Line {
        at_ns: (10 + run) * MS,
        connection: 1,
        direction: ServerToClient,
        text: format!(r#"{{"type":"{kind}","run_id":"r{run}","agent_name":"a{run}"}}"#),
    };
    let lines = (0..1000).map(|run| line((run, "agent_started"))).collect();
    let findings = found(presets::preset("agent").unwrap(), lines, |_| true);
    assert_eq!(findings.len(), 1000, "{:#?}", findings.iter().map(super::line).next_back());
    assert!(findings.iter().all(|finding| finding.code.text() == "E101"));
}
