//! Facts → what is seen of them, as data.

use wiretape::report::sight::{Body, Event};
use wiretape::report::{Sight, View};

use super::{bundle, demo};
use crate::sample;

#[test]
fn a_finding_knows_its_run_its_evidence_its_cause_and_where_its_ghost_stands() {
    let sight = Sight::of(&bundle(demo(), "agent", View::default())).unwrap();
    let found = sight.found("E102").unwrap();
    let run = &sight.runs[found.run.unwrap() as usize];
    assert_eq!(sight.users[run.user as usize].name, "user_07");
    assert_eq!(run.status, ("✖ E102 missing".to_owned(), "error"));
    assert_eq!(sight.users[run.user as usize].status.0, "╳ drop 3.40s");
    let event = |number: u32| &sight.events[number as usize];
    let [last] = &found.evidence[..] else { panic!("{:?}", found.evidence) };
    assert_eq!(sight.name(event(last.event.unwrap())), "tool_executing");
    assert_eq!(last.role, "last before the gap");
    let cause = event(found.cause.as_ref().unwrap().event.unwrap());
    assert_eq!(cause.kind, "abort");
    // The ghost stands after the end of the connection, which made it sure.
    let ghost = found.expected.as_ref().unwrap();
    assert_eq!((ghost.event.as_str(), ghost.letter), ("tool_completed", 'C'));
    assert_eq!(ghost.at_ns, cause.at_ns);
    assert!(
        event(ghost.before - 1).at_ns <= ghost.at_ns && event(ghost.before).at_ns > ghost.at_ns
    );
    assert_eq!(run.ghost_ns, Some(ghost.at_ns));
    assert!(sight.pages.iter().any(|(code, page)| code == "E102" && page.contains("Usual causes")));
    // Of several of one code, each has a name of its own.
    let links: Vec<&str> = sight.findings.iter().map(|found| found.link.as_str()).collect();
    assert!(links.contains(&"E108") && links.contains(&"E108.2"), "{links:?}");
    assert_eq!(sight.worst().unwrap().severity, "error");
}

#[test]
fn letters_are_those_that_were_said_and_runs_are_within_the_times() {
    let sight = Sight::of(&bundle(demo(), "agent", View::default())).unwrap();
    let said = |name: &str| sight.events.iter().any(|event| sight.name(event) == name);
    assert!(sight.legend.iter().all(|(_, name)| said(name)));
    assert!(sight.legend.contains(&('X', "tool_executing".to_owned())));
    for run in &sight.runs {
        assert!(
            run.from_ns <= run.to_ns && run.to_ns <= run.until_ns && run.until_ns <= run.silent_ns
        );
        assert!(run.events.iter().all(|event| sight.events[*event as usize].run.is_some()));
        assert!(run.tools.is_sorted());
    }
    assert!(
        sight.events.iter().all(|event| event.at_ns >= sight.from_ns && event.at_ns <= sight.to_ns)
    );
}

#[test]
fn what_no_frame_shows_alone_is_put_together_and_inflated() {
    let facts = sample::with_gap_at(209_500_000);
    let sight = Sight::of(&bundle(facts, "none", View::default())).unwrap();
    let body = |frame: i64| {
        let event = sight.events.iter().find(|event| event.frame == frame).unwrap();
        event.body.clone()
    };
    assert_eq!(body(1), None, "its frame shows it");
    assert_eq!(body(2), Some(Body::Text("Hello".into())));
    assert_eq!(body(5), Some(Body::Text("first part, second part: 漢字 🦊".into())));
    let gap = &sight.gaps[..];
    assert_eq!((gap.len(), gap[0].frames, gap[0].reason), (1, 212, "disk-full"));
    let [note] = &sight.notes[..] else { panic!("{:?}", sight.notes) };
    assert_eq!(note.text, "split here");
    assert_eq!(note.event.map(|event| sight.events[event as usize].frame), Some(5));
}

#[test]
fn events_as_json_do_not_tell_what_their_frames_tell() {
    let sight = Sight::of(&bundle(sample::facts(), "none", View::default())).unwrap();
    let json = serde_json::to_value(&sight).unwrap();
    let rows = json["events"].as_array().unwrap();
    let mut frame = 0;
    for (row, event) in rows.iter().zip(&sight.events) {
        let Event { at_ns, connection, .. } = *event;
        if event.frame == 0 {
            assert_eq!((&row["at_ns"], &row["connection"]), (&at_ns.into(), &connection.into()));
        } else {
            frame += row["step"].as_i64().unwrap();
            assert_eq!(frame, event.frame);
            assert!(row.get("at_ns").is_none() && row.get("connection").is_none());
        }
    }
}
