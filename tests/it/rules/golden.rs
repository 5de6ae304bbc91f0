//! What tools that nobody of this project wrote say of runs → the same, or a reason for the
//! difference. Their answers are in tests/golden/, with the scripts that made them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use wiretape::rules::{Code, Finding, Letter, Severity, edits, language, presets};
use wiretape::wire::Direction;

use super::compiled;
use crate::support::traffic::Traffic;

const SECOND: u64 = 1_000_000_000;

/// The lines of a file of answers that say something, by their words.
fn answers(file: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

#[test]
fn alignments_cost_what_pm4py_says() {
    let (mut automaton, mut letters, mut wrong, mut runs) = (None, Vec::new(), Vec::new(), 0);
    for words in answers("alignments.txt") {
        match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["pattern", ref pattern @ ..] => {
                automaton = Some(compiled(&pattern.join(" ")));
                letters.clear();
            }
            ["letter", letter, name] => letters.push((letter.to_owned(), name.to_owned())),
            [cost, run] => {
                let automaton = automaton.as_ref().unwrap();
                let letter = |c: char| {
                    let (_, name) = letters.iter().find(|(l, _)| l.starts_with(c)).unwrap();
                    automaton.letter(name).unwrap()
                };
                let word: Vec<Letter> = run.trim_matches('-').chars().map(letter).collect();
                runs += 1;
                let ours = edits(automaton, &word);
                if ours != Some(cost.parse().unwrap()) {
                    wrong.push(format!("{run}: {ours:?}, by pm4py {cost}"));
                }
            }
            ref other => panic!("{other:?}"),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(runs, 600);
}

/// All runs of up to five letters of a, b and c, in the order of declare.txt.
fn all_runs() -> Vec<String> {
    let mut runs = vec![String::new()];
    let mut from = 0;
    for _ in 0..5 {
        let to = runs.len();
        for at in from..to {
            for letter in ["a", "b", "c"] {
                runs.push(format!("{}{letter}", runs[at]));
            }
        }
        from = to;
    }
    runs.split_off(1)
}

/// Which of the runs, all open at once on one connection, break the rule.
fn broken(runs: &[String], kind: &str, arguments: &str) -> BTreeSet<usize> {
    let rules = format!(
        "version = 1\n[fields]\nrun = '/run'\n[scope.run]\nkey = ['run']\n\
         [[rule]]\nid = 'rule'\nscope = 'run'\n{kind} = {arguments}\n"
    );
    let mut traffic = Traffic::new(language::read("golden", &rules).unwrap());
    traffic.open(1, "u", 0);
    let mut now = SECOND;
    for at in 0..5 {
        for (run, letters) in runs.iter().enumerate() {
            if let Some(letter) = letters.get(at..=at) {
                now += 1_000;
                let text = format!(r#"{{"type":"{letter}","run":"{run}"}}"#);
                traffic.say(1, Direction::ServerToClient, now, &text);
            }
        }
    }
    traffic.close(1, "u", now + SECOND);
    let ended = traffic.end(SECOND);
    let run = |text: &String| text.parse().unwrap();
    let findings = ended.engine().findings().iter().filter(|finding| finding.rule == "rule");
    findings.map(|finding| finding.run.as_ref().map(run).unwrap()).collect()
}

#[test]
fn sixteen_templates_hold_where_pm4py_says() {
    let runs = all_runs();
    let mut templates = 0;
    for words in answers("declare.txt") {
        let [kind, verdicts] = &words[..] else { panic!("{words:?}") };
        let one = ["existence", "absence", "exactly_one", "init"].contains(&kind.as_str());
        let ours = broken(&runs, kind, if one { "'a'" } else { "['a', 'b']" });
        let theirs = verdicts.bytes().enumerate().filter(|(_, verdict)| *verdict == b'0');
        let theirs: BTreeSet<usize> = theirs.map(|(run, _)| run).collect();
        let differ: Vec<&String> =
            ours.symmetric_difference(&theirs).map(|run| &runs[*run]).collect();
        assert!(differ.is_empty(), "{kind} differs on {differ:?}");
        templates += 1;
    }
    assert_eq!((templates, runs.len()), (16, 363));
}

/// A finding in an AG-UI stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Shown {
    /// The index of the event with which it shows to somebody who reads on and on.
    at: i64,
    /// Those of all events that it speaks of.
    of: Vec<i64>,
    told: String,
}

/// What each stream has, all of them on one recording, one connection after the other.
fn findings_of(types: &[Vec<String>], streams: &[Vec<String>]) -> Vec<Vec<Shown>> {
    let mut traffic = Traffic::new(presets::preset("ag-ui").unwrap());
    let (mut now, mut first) = (0, Vec::new());
    for (connection, stream) in (1..).zip(streams) {
        traffic.open(connection, "u", now);
        for (at, event) in stream[1..].iter().enumerate() {
            let words = types.iter().find(|words| event.starts_with(&words[1])).unwrap();
            let member = words.get(3).map(|member| format!(r#","{member}":"{}""#, &event[1..]));
            let text = format!(r#"{{"type":"{}"{}}}"#, words[2], member.unwrap_or_default());
            now += SECOND / 1000;
            let frame = traffic.say(connection, Direction::ServerToClient, now, &text);
            if at == 0 {
                first.push(frame);
            }
        }
    }
    // What is open at the end is nobody's fault: verifyEvents says nothing of it either.
    let ended = traffic.end(60 * SECOND);
    let mut shown = vec![Vec::new(); streams.len()];
    for finding in ended.engine().findings().iter().filter(|f| f.severity > Severity::Info) {
        let stream = finding.connection.unwrap() as usize - 1;
        shown[stream].push(Shown::new(finding, first[stream]));
    }
    shown
}

impl Shown {
    fn new(finding: &Finding, first: i64) -> Self {
        let before = finding.expected.as_ref().and_then(|expected| expected.before);
        let frame = match finding.code {
            Code::E103 => finding.frames[0],
            _ => before.or(finding.frames.last().copied()).unwrap(),
        };
        let told = format!("{} {} {}", finding.code.text(), finding.rule, finding.message);
        Self {
            at: frame - first,
            of: finding.frames.iter().map(|frame| frame - first).collect(),
            told,
        }
    }
}

/// Why verifyEvents and the preset differ, where that is on purpose.
fn reason(Shown { at, of, told }: &Shown, theirs: Option<i64>) -> Option<&'static str> {
    let is_later = theirs.is_none_or(|theirs| *at < theirs);
    if told.contains("too early") && is_later {
        return Some("what came early: to verifyEvents it is what comes next that is wrong");
    }
    if told.starts_with("E106") && is_later {
        return Some("an id that is used again: the protocol calls ids unique");
    }
    if told.starts_with("E104") && theirs.is_some_and(|theirs| of.contains(&theirs)) {
        return Some("a part that ends after its run: verifyEvents blames the run's end");
    }
    if told.contains("RUN_FINISHED came without RUN_STARTED") && is_later {
        return Some("the end of a run that never began: verifyEvents takes it for another's end");
    }
    None
}

#[test]
fn ag_ui_streams_are_wrong_where_the_protocol_s_own_client_says() {
    let lines = answers("ag-ui.txt");
    let (types, streams): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line[0] == "type");
    let (mut wrong, mut reasons) = (Vec::new(), BTreeMap::new());
    for (stream, findings) in streams.iter().zip(findings_of(&types, &streams)) {
        let theirs = stream[0].parse::<i64>().ok();
        let first = findings.iter().min();
        if first.map(|first| first.at) == theirs {
            continue;
        }
        match first.and_then(|first| reason(first, theirs)) {
            Some(reason) => *reasons.entry(reason).or_insert(0) += 1,
            None => wrong.push(format!("{}: {findings:?}", stream.join(" "))),
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), streams.len(), wrong.join("\n"));
    assert_eq!((streams.len(), reasons.values().sum::<usize>()), (600, 20), "{reasons:?}");
}
