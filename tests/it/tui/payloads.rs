//! What is in a row, however long, deep or odd: a tree that folds, and all of it on Enter.

use wiretape::tui::Key;
use wiretape::wire::{Direction, Fact};

use super::desk::{Desk, demo};
use super::journeys::assert_says;
use crate::sample;

/// On the only event of a recording, in its Inspector.
fn inspecting(payload: &[u8], size: (u16, u16)) -> Desk {
    let mut facts = vec![Fact::Recording(sample::recording())];
    facts.extend(sample::connections().map(Fact::Connection));
    facts.push(Fact::Frame(sample::frame(11, 2, Direction::ServerToClient, 0x81, payload)));
    let mut desk = Desk::at(&facts, "agent", size);
    desk.types(":#11").press(Key::Enter).press(Key::Tab).press(Key::Enter);
    desk
}

/// The rows of the Inspector.
fn rows(desk: &Desk) -> Vec<String> {
    let screen = desk.screen();
    let pane = |line: &str| line.split('│').rev().nth(1).unwrap_or_default().trim_end().to_owned();
    let below = screen.lines().skip_while(|line| !line.contains(" Inspector "));
    below.skip(1).take_while(|line| line.contains('│')).map(pane).collect()
}

#[test]
fn a_tree_folds_and_says_where_the_reader_is() {
    let text = br#"{"type":"x","data":{"list":[1,{"deep":"value"}],"empty":{}},"last":true}"#;
    let mut desk = inspecting(text, (120, 36));
    assert!(rows(&desk)[0].starts_with("▶{"), "{:?}", rows(&desk));
    desk.types("jj");
    assert_says(&desk.screen(), &[" $.data "]);
    let folded = desk.types("h").screen();
    assert_says(&folded, &["\"data\": { … },  7 lines", "\"last\": true"]);
    assert!(!folded.contains("deep"), "{folded}");
    desk.types("lj");
    assert_says(&desk.screen(), &[" $.data.list "]);
    desk.types("jjj");
    assert_says(&desk.screen(), &[" $.data.list[1].deep ", "\"deep\": \"value\""]);
    // Out of what holds nothing, to what it is in; and that folds.
    assert_says(&desk.types("h").screen(), &[" $.data.list[1] "]);
    assert_says(&desk.types("h").screen(), &["{ … }  1 line"]);
    // All below, and all again.
    assert_eq!(rows(desk.types("g_"))[0], "▶{ … }  11 lines");
    assert_says(&desk.types("*").screen(), &["\"deep\": \"value\""]);
    // Enter folds as well.
    assert_eq!(rows(desk.press(Key::Enter))[0], "▶{ … }  11 lines");
    assert_says(&desk.press(Key::Enter).screen(), &["\"deep\": \"value\""]);
}

#[test]
fn a_long_value_is_whole_where_the_reader_is() {
    let text = format!(r#"{{"a":"{}END","b":1}}"#, "x".repeat(150));
    let mut desk = inspecting(text.as_bytes(), (120, 36));
    assert!(!desk.screen().contains("END"));
    assert_says(&desk.types("j").screen(), &["xEND\","]);
    assert!(!desk.types("j").screen().contains("END"));
}

#[test]
fn ten_thousand_deep_is_no_deeper_than_a_screen() {
    let text = "[".repeat(10_000) + &"]".repeat(10_000);
    for size in [(120, 36), (80, 24), (60, 15)] {
        let mut desk = inspecting(text.as_bytes(), size);
        for keys in ["", "jjjj", "h", "G", "g", "_", "*", "G", "hhh", "p", "p", "G"] {
            assert_eq!(desk.types(keys).screen().lines().count(), usize::from(size.1));
        }
    }
}

/// Shown in part at once, and whole when that is asked for.
#[test]
fn a_line_of_sixteen_megabytes_is_loaded_on_enter() {
    let mut text = format!(r#"{{"type":"blob","data":"{}"#, "x".repeat(16 << 20));
    text.truncate((16 << 20) - 20);
    text += "THE VERY END";
    let mut desk = inspecting(text.as_bytes(), (120, 36));
    assert_says(&desk.screen(), &["the first 66kB of 17MB", "Enter loads the rest"]);
    assert!(!desk.types("G").screen().contains("THE VERY END"));
    assert_says(&desk.types("p").screen(), &["the first 66kB of 17MB"]);
    desk.press(Key::Enter);
    assert!(!desk.screen().contains("the first"), "{}", desk.screen());
    assert_says(&desk.types("G").screen(), &["THE VERY END"]);
    // Another width is another way to cut it into rows.
    desk.resize((160, 40));
    assert_says(&desk.types("G").screen(), &["THE VERY END"]);
    assert_says(&desk.types("pG").screen(), &["45 4e 44"]);
}

/// A user whose runs lie over each other, in one row.
#[test]
fn runs_at_once_are_counted_in_a_folded_lane() {
    let mut facts = vec![Fact::Recording(sample::recording())];
    facts.extend(sample::connections().map(Fact::Connection));
    let events = [
        ("a", "agent_started", 1),
        ("b", "agent_started", 10),
        ("c", "agent_started", 20),
        ("c", "agent_completed", 25),
        ("b", "agent_completed", 30),
        ("a", "agent_completed", 50),
    ];
    for ((run, name, at), id) in events.into_iter().zip(11..) {
        let text = format!(r#"{{"type":"{name}","run_id":"{run}","user_id":"u_1"}}"#);
        let mut frame = sample::frame(id, 1, Direction::ServerToClient, 0x81, text.as_bytes());
        frame.stamp.read_ns = at * 1_000_000_000;
        facts.push(Fact::Frame(frame));
    }
    let mut desk = Desk::at(&facts, "agent", (120, 36));
    desk.types(":mute E102").press(Key::Enter);
    let screen = desk.types("_").screen();
    let lane = screen.lines().find(|line| line.contains(" all ")).unwrap().to_owned();
    let lane: String = lane.chars().skip(20).collect();
    assert!(lane.contains('2') && lane.contains('3'), "{screen}");
    assert!(lane.find('2') < lane.find('3') && lane.rfind('2') > lane.rfind('3'), "{lane}");
    // The demo's users have one run after the other.
    let mut demo = Desk::at(&demo(), "agent", (120, 36));
    assert_says(&demo.types("_").screen(), &[" all "]);
}
