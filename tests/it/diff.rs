//! Diffs: laws that hold for any two runs, and what people and scripts see of the demo's.

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use wiretape::analysis::diff::{Counts, Diff, Step, Steps};
use wiretape::events::{Kind, Symbols};

use crate::sample::{Home, run, wiretape};

const NAMES: [&str; 5] = ["started", "thinking", "tool", "chunk", "done"];

/// A run of these events, each some milliseconds after the one before.
fn steps(events: &[(usize, bool, u64)], texts: &mut Symbols) -> Steps {
    let mut since_ns = 0;
    let step = |(row, (name, tool, ms)): (usize, &(usize, bool, u64))| {
        since_ns += ms * 1_000_000;
        Step {
            row: row as u32,
            frame: row as i64 + 1,
            since_ns,
            kind: Kind::Message,
            name: texts.intern(NAMES[*name]),
            tool: tool.then(|| texts.intern("search")),
            bytes: 0,
        }
    };
    Steps { steps: events.iter().enumerate().map(step).collect(), left_out: 0 }
}

fn events() -> impl Strategy<Value = Vec<(usize, bool, u64)>> {
    vec((0..NAMES.len(), any::<bool>(), 0..5000_u64), 0..120)
}

proptest! {
    #[test]
    fn with_itself_nothing_differs(events in events()) {
        let mut texts = Symbols::default();
        let run = steps(&events, &mut texts);
        let diff = Diff::of((run.clone(), &texts), (run, &texts));
        prop_assert_eq!(diff.counts(), Counts { same: events.len() as u64, ..Counts::default() });
        prop_assert!(diff.pairs.iter().all(|pair| pair.later_ns == 0));
        prop_assert_eq!(diff.first_loss(), None);
    }

    #[test]
    fn every_event_is_there_once_in_order_and_b_with_a_is_the_mirror(a in events(), b in events()) {
        // Of two recordings, so that the same text has another number.
        let (mut of_a, mut of_b) = (Symbols::default(), Symbols::default());
        of_b.intern("chunk");
        let (a, b) = (steps(&a, &mut of_a), steps(&b, &mut of_b));
        let diff = Diff::of((a.clone(), &of_a), (b.clone(), &of_b));
        let places = |of: fn(&wiretape::analysis::diff::Pair) -> Option<usize>| {
            diff.pairs.iter().filter_map(of).collect::<Vec<_>>()
        };
        prop_assert_eq!(places(|pair| pair.a), (0..a.steps.len()).collect::<Vec<_>>());
        prop_assert_eq!(places(|pair| pair.b), (0..b.steps.len()).collect::<Vec<_>>());
        for pair in &diff.pairs {
            let Some((i, j)) = pair.a.zip(pair.b) else { continue };
            let (step, other) = (&a.steps[i], &b.steps[j]);
            prop_assert_eq!(of_a.text(step.name), of_b.text(other.name));
            prop_assert_eq!(step.tool.is_some(), other.tool.is_some());
        }
        let mirror = Diff::of((b, &of_b), (a, &of_a));
        let mut turned: Vec<_> =
            mirror.pairs.iter().map(|pair| (pair.b, pair.a, -pair.later_ns, pair.paced)).collect();
        let mut pairs: Vec<_> =
            diff.pairs.iter().map(|pair| (pair.a, pair.b, pair.later_ns, pair.paced)).collect();
        turned.sort_unstable();
        pairs.sort_unstable();
        prop_assert_eq!(turned, pairs);
    }
}

#[test]
fn a_step_that_took_over_twice_as_long_is_told_and_its_followers_are_not() {
    let mut texts = Symbols::default();
    let a = steps(&[(0, false, 0), (1, false, 500), (2, false, 3000), (4, false, 10)], &mut texts);
    let b = steps(&[(0, false, 0), (1, false, 1400), (2, false, 7000), (4, false, 10)], &mut texts);
    let diff = Diff::of((a, &texts), (b, &texts));
    let told: Vec<_> =
        diff.pairs.iter().map(|pair| (pair.later_ns / 1_000_000, pair.paced)).collect();
    assert_eq!(told, [(0, false), (900, false), (4900, true), (4900, false)]);
}

/// Home with the demo's recording as `demo`, and one in which a tool has another name as `other`.
fn home() -> Home {
    let home = Home::empty();
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/samples/demo.jsonl");
    let lines = fs::read_to_string(demo).unwrap();
    for (name, lines) in
        [("demo", lines.clone()), ("other", lines.replace("read_file", "edit_file"))]
    {
        let (head, rest) = lines.split_once('\n').unwrap();
        let mut head: Value = serde_json::from_str(head).unwrap();
        head["name"] = name.into();
        fs::write(home.dir.path().join("in.jsonl"), format!("{head}\n{rest}")).unwrap();
        home.prints(&["import", "in.jsonl"]);
    }
    home
}

/// What is printed, as the file has it.
#[track_caller]
fn shows(home: &Home, golden: &str, args: &[&str]) {
    let output = wiretape(home.dir.path()).env("COLUMNS", "120").args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(golden);
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if printed != expected {
        let written = Path::new(env!("CARGO_TARGET_TMPDIR")).join(golden);
        fs::write(&written, &printed).unwrap();
        panic!("{args:?} prints what is in {}, not {golden}:\n{printed}", written.display());
    }
}

#[test]
fn a_broken_run_is_shown_beside_its_good_twin() {
    let home = home();
    shows(&home, "diff-twin.txt", &["diff", "demo/ce1ee94e"]);
    let within = home.prints(&["diff", "other", "demo/ce1ee94e"]);
    let twin = within.lines().next().unwrap();
    assert!(twin.starts_with("A   other/") && twin.contains(", good, "), "{twin}");
}

#[test]
fn two_recordings_are_compared_run_by_run() {
    let home = home();
    shows(&home, "diff-stat.txt", &["diff", "demo", "other", "--stat"]);
    shows(&home, "diff-same.txt", &["diff", "demo/1", "demo/1", "--exit-code"]);
    assert_eq!(
        run(home.dir.path(), &["diff", "demo", "demo", "--exit-code"]).status.code(),
        Some(0)
    );
    let json = run(home.dir.path(), &["diff", "demo", "other", "--exit-code", "--json"]);
    assert_eq!(json.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&json["differ"], json["runs"].as_array().unwrap().len()), (&true.into(), 69));
    let count = |of: &Value, what: &str| of[what].as_u64().unwrap();
    let runs = json["runs"].as_array().unwrap();
    for what in ["same", "changed", "only_in_a", "only_in_b"] {
        let sum: u64 = runs.iter().map(|run| count(run, what)).sum();
        assert_eq!(count(&json, what), sum, "{what}");
    }
    let lost = runs.iter().find(|run| !run["first_loss"].is_null()).unwrap();
    let first = &lost["events"][lost["first_loss"].as_u64().unwrap() as usize];
    assert_eq!((&first["a"]["tool"], &first["b"]), (&"read_file".into(), &Value::Null));
}

#[test]
fn payloads_are_told_by_path_and_ids_and_times_can_be_left_aside() {
    let home = home();
    let diff = |more: &[&str]| home.prints(&[&["diff", "demo/1", "demo/2"], more].concat());
    assert!(diff(&[]).contains("~ $.agent_"), "{}", diff(&[]));
    assert!(diff(&[]).contains('+') && diff(&["--ignore", "timing"]).contains("only in B"));
    assert!(!diff(&["--ignore", "timing"]).contains("ms  "), "no times are compared");
    for (args, why) in [
        (&["diff", "demo/zz"][..], "there is no run zz in demo"),
        (&["diff", "demo"], "nothing to compare it with"),
        (&["diff", "demu/1", "demo"], "no recording called demu"),
        (&["diff", "demo/1", "demo", "--ignore", "all"], "invalid value"),
    ] {
        let output = run(home.dir.path(), args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && stderr.contains(why), "{args:?}: {stderr}");
    }
}
