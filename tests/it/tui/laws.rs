//! What holds for any keys, any size and any traffic.

use std::sync::OnceLock;

use proptest::prelude::*;
use wiretape::tui::keys::KEYS;
use wiretape::tui::{Key, Message};
use wiretape::wire::{Direction, Fact};

use super::desk::{Desk, demo, growths};
use crate::sample;

fn any_key() -> impl Strategy<Value = Key> {
    let bound: Vec<Key> = KEYS.iter().flat_map(|row| row.keys).copied().collect();
    let bound: Vec<Key> = bound.into_iter().filter(|key| *key != Key::Ctrl('c')).collect();
    prop_oneof![9 => prop::sample::select(bound), 1 => any::<char>().prop_map(Key::Char)]
}

#[derive(Clone, Debug)]
enum Step {
    Press(Key),
    Resize(u16, u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        15 => any_key().prop_map(Step::Press),
        1 => (1..180_u16, 1..60_u16).prop_map(|(width, height)| Step::Resize(width, height)),
    ];
    prop::collection::vec(step, 1..60)
}

fn traffic() -> &'static [Fact<'static>] {
    static FACTS: OnceLock<Vec<Fact<'static>>> = OnceLock::new();
    FACTS.get_or_init(demo)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Nothing panics, and somebody is always somewhere: one row of a lane that has rows is marked.
    #[test]
    fn any_keys_in_any_order_at_any_size(steps in steps()) {
        let mut desk = Desk::at(traffic(), "agent", (120, 36));
        for step in steps {
            match step {
                Step::Press(key) => drop(desk.press(key)),
                Step::Resize(width, height) => desk.resize((width, height)),
            }
            prop_assert!(desk.screen().lines().count() == usize::from(desk.size.1));
        }
        desk.press(Key::Esc);
        desk.resize((120, 36));
        desk.press(Key::Enter);
        // Whatever was open, filter and range and playing among it.
        for _ in 0..6 {
            desk.press(Key::Esc);
        }
        let screen = desk.types("2").screen();
        if screen.contains("[2 Timeline]") && screen.contains("┌ Frames") {
            prop_assert!(screen.matches("│▶").count() >= 1, "{screen}");
        }
    }
}

/// However a recording comes in, the screens in the end are the same.
#[test]
fn it_grows_into_what_it_would_be_at_once() {
    let facts = demo();
    let screens = |facts_at_once: usize| {
        let (tape, growths, _) = growths(&facts, "agent", facts_at_once);
        let mut desk = Desk::empty(tape, (160, 60));
        for growth in growths {
            desk.take(Message::Grown(Box::new(growth)));
        }
        let keys = ["", "i", "ee", "_", "4", "3G", "2*G"];
        keys.map(|keys| desk.types(keys).screen())
    };
    let wanted = screens(usize::MAX);
    for facts_at_once in [1, 7, 300] {
        for (screen, wanted) in screens(facts_at_once).iter().zip(&wanted) {
            assert!(screen == wanted, "{facts_at_once} at once:\n{screen}\nwanted\n{wanted}");
        }
    }
}

/// New frames never move the reader.
#[test]
fn what_grows_leaves_the_reader_where_they_are() {
    let facts = demo();
    let (tape, growths, _) = growths(&facts, "agent", 200);
    let mut desk = Desk::empty(tape, (120, 36));
    let half = growths.len() / 2;
    let mut place = None;
    for (at, growth) in growths.into_iter().enumerate() {
        desk.take(Message::Grown(Box::new(growth)));
        if at == half {
            desk.types("wlll").press(Key::Tab).types("jj");
            place = Some(selected(&desk));
        }
        if let Some(place) = &place {
            assert_eq!(selected(&desk), *place);
        }
    }
    assert!(place.is_some());
}

/// The rows that are marked: of the lanes, their names; of the rows, all of it.
fn selected(desk: &Desk) -> Vec<String> {
    let screen = desk.screen();
    let marked = screen.lines().filter(|line| line.contains('▶') && line.starts_with('│'));
    // Time is laid out anew as more of it is known; whose row it is stays.
    marked.map(|line| line.chars().take(18).collect()).collect()
}

/// T01, T02: what is in payloads, names and addresses shows as itself or as an escape.
#[test]
fn no_payload_breaks_the_screen() {
    let hostile = "\u{1b}[2J\u{1b}]52;c;aGk=\u{7}\u{9b}31m\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}\
        e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}漢字🦊\t";
    let json = serde_json::json!({
        "type": hostile, "run_id": hostile, "user_id": hostile, "data": hostile,
    });
    let payloads = [
        json.to_string().into_bytes(),
        hostile.as_bytes().to_vec(),
        vec![0xff, 0xfe, 0x1b, 0x5b, 0x80, 0x9b],
        "[".repeat(10_000).into_bytes(),
        vec![b'x'; 2 << 20],
        format!("{{\"type\":\"{}\",\"run_id\":1e999}}", "漢".repeat(400)).into_bytes(),
    ];
    let mut facts = sample::facts();
    for (payload, id) in payloads.iter().zip(11..) {
        facts.push(Fact::Frame(sample::frame(id, 2, Direction::ServerToClient, 0x81, payload)));
    }
    for size in [(120, 36), (80, 24), (60, 15)] {
        let mut desk = Desk::at(&facts, "agent", size);
        for keys in ["", "3g", "j", "j", "j", "j", "j", "j", "j", "j", "j", "j", "j", "j", "j", "j"]
        {
            for form in ["", "p", "p", "p", "p"] {
                let screen = desk.types(keys).types(form).screen();
                for character in screen.chars().filter(|character| *character != '\n') {
                    assert!(wiretape::wire::prints(character), "U+{:04X}", u32::from(character));
                }
                for line in screen.lines() {
                    let width = unicode_width::UnicodeWidthStr::width(line);
                    assert!(width <= usize::from(size.0), "{width} columns: {line}");
                }
            }
        }
        desk.types("2");
        for key in [Key::Tab, Key::Enter, Key::Down, Key::Backspace, Key::Down] {
            assert!(!desk.press(key).screen().contains('\u{1b}'));
        }
    }
}

/// A recording that is idle between runs: folds say how long, and hide nothing of a run.
#[test]
fn idle_time_is_folded_and_said() {
    let mut facts = vec![Fact::Recording(sample::recording())];
    facts.extend(sample::connections().map(Fact::Connection));
    let mut id = 0;
    for (run, start) in [("a1", 1_u64), ("b2", 60)] {
        for (name, at) in [("agent_started", 0), ("agent_thinking", 8), ("agent_completed", 9)] {
            id += 1;
            let text = format!(r#"{{"type":"{name}","run_id":"{run}","user_id":"u_1"}}"#);
            let mut frame = sample::frame(id, 1, Direction::ServerToClient, 0x81, text.as_bytes());
            frame.stamp.read_ns = (start + at) * 1_000_000_000;
            facts.push(Fact::Frame(frame));
        }
    }
    let mut desk = Desk::at(&facts, "agent", (120, 36));
    let folded = desk.screen();
    assert!(folded.contains("┊50.0s"), "idle between the runs is folded:\n{folded}");
    let quiet = folded.lines().find(|line| line.contains("run a1 ")).unwrap();
    assert!(quiet.contains("───"), "silence inside a run is drawn: {quiet}");
    assert!(!desk.types("i").screen().contains("┊50.0s"));
}
