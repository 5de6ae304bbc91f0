//! What is wrong is told while its run is open, and taken back or told better when more is known.

use wiretape::analysis::Analysis;
use wiretape::rules::{Early, Finding};
use wiretape::wire::Fact;

use super::{Scenario, scenarios};

const SECOND: u64 = 1_000_000_000;

/// A run that ended, with a tool call that did not.
const OPEN_TOOL: &str = "
0.0  1  open  alice
0.1  1  <  agent_started run_id=R agent_name=A
0.2  1  <  agent_thinking run_id=R agent_name=A
0.3  1  <  tool_executing run_id=R agent_name=A payload.tool_name=search
0.4  1  <  agent_completed run_id=R agent_name=A
";

/// Early tellings of a scenario looked at ten times a second, with the second of the look.
struct Watched {
    said: Vec<(f64, Early)>,
    last: Vec<Finding>,
}

fn watched(text: &str) -> Watched {
    looked(&Scenario::read("early".into(), text))
}

fn looked(scenario: &Scenario) -> Watched {
    let mut analysis = Analysis::new(scenario.book()).unwrap();
    analysis.watch();
    let mut said = Vec::new();
    let mut facts = scenario.facts.iter().peekable();
    for look in 0..=scenario.end_ns / (SECOND / 10) {
        let now_ns = look * (SECOND / 10);
        let due = |fact: &&Fact<'_>| at_ns(fact) <= now_ns;
        while let Some(fact) = facts.next_if(|fact| due(fact)) {
            analysis.feed(fact, &mut |_, _| {});
        }
        analysis.tick(now_ns, &mut |_, _| {});
        let early = analysis.provisional();
        said.extend(early.into_iter().map(|early| (now_ns as f64 / SECOND as f64, early)));
    }
    analysis.end(Some(scenario.end_ns), &mut |_, _| {});
    let end = scenario.end_ns as f64 / SECOND as f64;
    said.extend(analysis.provisional().into_iter().map(|early| (end, early)));
    Watched { said, last: analysis.engine().findings().to_vec() }
}

fn at_ns(fact: &Fact<'_>) -> u64 {
    match fact {
        Fact::Frame(frame) => frame.stamp.read_ns,
        Fact::Connection(connection) => connection.closed_ns.unwrap_or(connection.opened_ns),
        Fact::Gap(gap) => gap.from_ns,
        Fact::Recording(_) | Fact::Note(_) => 0,
    }
}

#[test]
fn a_call_without_its_end_is_told_two_seconds_after_its_run_s_end() {
    let Watched { said, last } = watched(&format!("{OPEN_TOOL}\nend 90"));
    let [(at, Early::Told(early))] = &said[..] else { panic!("{said:?}") };
    assert!((2.3..=2.6).contains(at), "{at}");
    assert_eq!(early.code.text(), "E102");
    assert!(early.message.contains("tool_completed (search) never came"), "{}", early.message);
    let same = last.iter().find(|finding| finding.id == early.id).expect("it stays");
    assert_eq!(
        (same.code, &same.message, &same.frames),
        (early.code, &early.message, &early.frames)
    );
}

/// How long a straggler is waited for is what the rules say.
#[test]
fn the_wait_for_stragglers_can_be_told() {
    for (limits, from, to) in [("lag_time = '300ms'", 0.6, 0.9), ("lag_time = '9s'", 9.3, 9.6)] {
        let rules = format!("| version = 1\n| preset = 'agent'\n| [limits]\n| {limits}\n");
        let Watched { said, .. } = watched(&format!("{rules}{OPEN_TOOL}\nend 90"));
        let Some((at, Early::Told(_))) = said.first() else { panic!("{said:?}") };
        assert!((from..=to).contains(at), "{limits}: {at}");
    }
    let rules = "| version = 1\n| preset = 'agent'\n| [limits]\n| lag_events = 1\n";
    let more = "0.5  1  <  final_report run_id=R agent_name=A";
    let Watched { said, .. } = watched(&format!("{rules}{OPEN_TOOL}{more}\nend 90"));
    assert!(said[0].0 < 0.8, "{:?}", said[0]);
}

#[test]
fn what_comes_after_all_amends_it() {
    let text = format!(
        "{OPEN_TOOL}\n9.0  1  <  tool_completed run_id=R agent_name=A payload.tool_name=search\nend 90"
    );
    let Watched { said, last } = watched(&text);
    let [(_, Early::Told(early)), (at, Early::Amended { before, now })] = &said[..] else {
        panic!("{said:?}")
    };
    assert_eq!(before, early);
    assert_eq!((now.code.text().as_str(), *at), ("E104", 9.0));
    assert!(last.iter().any(|finding| finding.id == now.id), "{last:?}");
}

#[test]
fn a_straggler_in_time_is_never_told_as_missing() {
    let text =
        format!("{OPEN_TOOL}\n1.9  1  <  tool_completed run_id=R payload.tool_name=search\nend 90");
    let said = watched(&text).said;
    assert!(said.is_empty(), "{said:?}");
}

#[test]
fn what_is_not_allowed_is_told_while_the_run_goes_on() {
    let text = "
0.0  1  open  alice
0.1  1  <  agent_started run_id=R agent_name=A
0.2  1  <  tool_completed run_id=R payload.tool_name=search
9.0  1  <  tool_executing run_id=R payload.tool_name=search
9.5  1  <  agent_completed run_id=R agent_name=A
end 90";
    let Watched { said, last } = watched(text);
    // What the call is part of stays open to doubt until the run has ended.
    let [(at, Early::Told(early)), .., (_, Early::Amended { now, .. })] = &said[..] else {
        panic!("{said:?}")
    };
    assert!((2.2..=2.4).contains(at), "{at}");
    assert_eq!((early.code.text().as_str(), now.code.text().as_str()), ("E105", "E103"));
    assert!(last.iter().any(|finding| finding.id == now.id), "{last:?}");
}

#[test]
fn thirty_two_events_are_as_good_as_two_seconds() {
    let mut text = OPEN_TOOL.replace("0.4  1  <  agent_completed run_id=R agent_name=A", "");
    text += "0.4  1  <  tool_completed run_id=R payload.tool_name=other\n";
    for at in 0..20 {
        text += &format!("0.{}  1  <  tool_executing run_id=R payload.tool_name=t{at}\n", 500 + at);
        text += &format!("0.{}  1  <  tool_completed run_id=R payload.tool_name=t{at}\n", 600 + at);
    }
    let said = watched(&format!("{text}\nend 1.5")).said;
    assert!(said.iter().any(|(at, _)| *at < 0.9), "{said:?}");
}

/// Nothing is left hanging: what was told early is a finding in the end, or it was taken back; and
/// to watch changes nothing of what is found.
#[test]
fn in_the_end_what_was_told_early_is_found_or_was_taken_back() {
    let mut told = 0;
    for mut scenario in scenarios() {
        // Time for what is wrong at the very end.
        scenario.end_ns += 5 * SECOND;
        let Watched { said, last } = looked(&scenario);
        let mut standing: Vec<u64> = Vec::new();
        for (_, early) in &said {
            match early {
                Early::Told(finding) => standing.push(finding.id),
                Early::Amended { before, now } => {
                    standing.retain(|id| *id != before.id);
                    standing.push(now.id);
                }
                Early::Withdrawn(before) => standing.retain(|id| *id != before.id),
            }
        }
        told += said.len();
        for id in standing {
            assert!(last.iter().any(|finding| finding.id == id), "{}: {said:#?}", scenario.name);
        }
        let (mut quiet, _) = scenario.check(false);
        let key = |finding: &Finding| (finding.id, super::line(finding));
        let mut last = last;
        last.sort_by_key(key);
        quiet.sort_by_key(key);
        let lines = |findings: &[Finding]| findings.iter().map(super::line).collect::<Vec<_>>();
        assert_eq!(lines(&last), lines(&quiet), "{}", scenario.name);
    }
    assert!(told > 3, "{told}");
}
