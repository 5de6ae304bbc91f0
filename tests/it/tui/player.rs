//! The player, and what else the reader has beside walking: lists, the mouse, ranges, copies.

use std::time::Duration;

use wiretape::tui::{Key, Message, Mouse};

use super::desk::{Desk, demo};
use super::journeys::assert_says;

const WIDE: (u16, u16) = (120, 36);

/// So many milliseconds of watching it play.
fn watch(desk: &mut Desk, from_ms: u64, ms: u64) -> u64 {
    for at in (from_ms..=from_ms + ms).step_by(40) {
        desk.take(Message::Tick(Duration::from_millis(at)));
    }
    from_ms + ms
}

#[test]
fn playing_pauses_at_each_finding_in_turn_and_both_ways() {
    let mut desk = Desk::at(&demo(), "agent", WIDE);
    desk.types(":speed 16").press(Key::Enter).types("g ");
    assert_says(&desk.screen(), &["▶ playing 16x"]);
    let mut seen = Vec::new();
    let mut now = 0;
    for _ in 0..40 {
        now = watch(&mut desk, now, 1000);
        let screen = desk.screen();
        if screen.contains("‖ paused") {
            let number = screen.split("   finding ").nth(1).unwrap().split(' ').next().unwrap();
            seen.push(number.to_owned());
            desk.types(" ");
        } else if screen.contains("that was all") {
            break;
        }
    }
    let wanted: Vec<String> = (1..=seen.len()).map(|number| number.to_string()).collect();
    assert!(seen.len() >= 5, "{seen:?}");
    assert_eq!(seen, wanted, "one after the other");
    desk.types(":speed -16").press(Key::Enter).types(" ");
    let mut back = Vec::new();
    for _ in 0..40 {
        now = watch(&mut desk, now, 1000);
        let screen = desk.screen();
        if screen.contains("‖ paused") {
            let number = screen.split("   finding ").nth(1).unwrap().split(' ').next().unwrap();
            back.push(number.to_owned());
            desk.types(" ");
        } else if screen.contains("that was all") {
            break;
        }
    }
    back.reverse();
    assert_eq!(back, wanted, "and back");
}

#[test]
fn while_it_plays_only_what_had_come_is_shown() {
    let mut desk = Desk::at(&demo(), "agent", WIDE);
    let shown = |desk: &Desk| -> usize {
        let screen = desk.screen();
        let before = screen.split(" of 2,348").next().unwrap();
        before.split_whitespace().last().unwrap().parse().unwrap()
    };
    let all = shown(&desk);
    desk.types(" ");
    watch(&mut desk, 0, 600);
    assert_says(&desk.types(" ").screen(), &["as known at", "‖ paused"]);
    let known = shown(&desk);
    assert!((2..all - 1).contains(&known), "{known} of {all}");
    desk.types(".");
    assert_eq!(shown(&desk), known + 1);
    desk.types(",,");
    assert_eq!(shown(&desk), known - 1);
    desk.press(Key::Esc);
    assert_eq!(shown(&desk), all);
}

#[test]
fn a_few_letters_and_enter_lead_anywhere() {
    let mut desk = Desk::at(&demo(), "agent", WIDE);
    assert_says(&desk.types(":").screen(), &["what to do, or where to go", "next run", "filter"]);
    desk.types("usr07").press(Key::Enter);
    assert_says(&desk.screen(), &["Frames  user_07"]);
    desk.types(":e102").press(Key::Enter);
    assert_says(&desk.screen(), &["▶  ·   expected here: C tool_completed"]);
    desk.types(":#100").press(Key::Enter);
    assert_says(&desk.screen(), &["▶ 100 "]);
    desk.types(":explain E102").press(Key::Enter);
    assert_says(&desk.screen(), &["On the wire", "any other key closes"]);
    desk.press(Key::Esc).types(":no such thing");
    assert_says(&desk.screen(), &["nothing here is called so"]);
    desk.press(Key::Enter).types(":theme mono").press(Key::Enter);
    assert!(!desk.roles().contains(['R', 'Y', 'C', 'B', 'F']), "{}", desk.roles());
}

#[test]
fn lanes_are_sorted_pinned_and_picked() {
    let mut desk = Desk::at(&demo(), "agent", WIDE);
    let users = |desk: &Desk| -> Vec<String> {
        let screen = desk.screen();
        let words = screen.split_whitespace().filter(|word| word.starts_with("user_"));
        words.map(str::to_owned).take(3).collect()
    };
    desk.types("_g");
    let before = users(&desk);
    desk.types("oname").press(Key::Enter);
    let mut sorted = users(&desk);
    assert_ne!(sorted, before);
    assert!(sorted.is_sorted(), "{sorted:?}");
    desk.types("jjP");
    sorted.rotate_right(1);
    assert_eq!(users(&desk), sorted, "the third is pinned to the top");
    assert_says(&desk.types("o").screen(), &["sort: not while lanes are pinned; P unpins"]);
    desk.types("u").types("user_05").press(Key::Enter);
    let screen = desk.screen();
    assert!(screen.contains("user_05") && !screen.contains("▸ user_07"), "{screen}");
}

#[test]
fn a_range_is_shown_alone_and_left_again() {
    let mut desk = Desk::at(&demo(), "agent", WIDE);
    let title = |desk: &Desk| desk.screen().lines().nth(2).unwrap().to_owned();
    let before = title(&desk);
    desk.types("vLLL");
    assert_says(&desk.screen(), &["Δt "]);
    desk.press(Key::Enter);
    assert_ne!(title(&desk), before);
    desk.press(Key::Backspace);
    assert_eq!(title(&desk), before);
}

#[test]
fn what_is_copied_is_what_is_there() {
    let mut desk = Desk::at(&demo(), "agent", WIDE);
    desk.types("ee").types("y").press(Key::Enter);
    assert!(desk.copied.starts_with("### E"), "{}", desk.copied);
    assert!(desk.copied.contains("wiretape open amber-fox --at E"), "{}", desk.copied);
    assert!(desk.copied.contains("| expected |") || desk.copied.contains("wrong-user"));
    desk.types("yscreen").press(Key::Enter);
    assert!(desk.copied.contains("Timeline") && desk.copied.lines().count() == 36);
    desk.types(":#65").press(Key::Enter).types("ypayload").press(Key::Enter);
    assert!(desk.copied.starts_with('{'), "{}", desk.copied);
}

#[test]
fn sql_leads_to_the_frame() {
    let mut desk = Desk::at(&demo(), "agent", WIDE);
    desk.types(";SELECT id FROM frames").press(Key::Enter);
    assert_says(&desk.screen(), &["▶ 65", "agent_started", "1 row"]);
    desk.press(Key::Enter);
    assert_says(&desk.screen(), &["[2 Timeline]", "▶  65"]);
}

#[test]
fn a_click_is_as_good_as_a_key() {
    let mut desk = Desk::at(&demo(), "agent", WIDE);
    let click = |desk: &mut Desk, x, y| desk.take(Message::Mouse(Mouse::Press, x, y));
    click(&mut desk, 40, 1);
    assert_says(&desk.screen(), &["[4 Findings]"]);
    click(&mut desk, 16, 1);
    assert_says(&desk.screen(), &["[2 Timeline]"]);
    let row = |desk: &Desk, text: &str| {
        desk.screen().lines().position(|line| line.contains(text)).unwrap() as u16
    };
    let second = row(&desk, "  84 ");
    click(&mut desk, 10, second);
    assert_says(&desk.screen(), &["▶  84 "]);
    let finding = row(&desk, "✖ E102");
    click(&mut desk, 10, finding);
    assert_says(&desk.screen(), &["expected here: C tool_completed"]);
    let title = |desk: &Desk| desk.screen().lines().nth(2).unwrap().to_owned();
    let before = title(&desk);
    desk.take(Message::Mouse(Mouse::Up, 60, 3));
    assert_ne!(title(&desk), before, "the wheel over the times zooms");
    desk.take(Message::Mouse(Mouse::Menu, 60, 10));
    assert_says(&desk.screen(), &["Copy", "this screen, as text"]);
}

/// J4: from a flag to the good run that is most like it, and where they part.
#[test]
fn a_broken_run_beside_its_good_twin() {
    for size in [WIDE, (80, 24)] {
        let mut desk = Desk::at(&demo(), "agent", size);
        desk.types(":E102").press(Key::Enter).types("d");
        assert_says(&desk.screen(), &["(good", "C tool_comp", "FIRST LOSS"]);
        desk.types("N");
        desk.types("ycomparison").press(Key::Enter);
        assert!(desk.copied.contains("**first loss**"), "{}", desk.copied);
        desk.types("q");
        assert_says(&desk.screen(), &["[2 Time"]);
    }
}

#[test]
fn notes_are_kept_and_lead_back() {
    let mut desk = Desk::at(&demo(), "agent", WIDE);
    desk.types(":#100").press(Key::Enter).types("alook at this").press(Key::Enter);
    assert_says(&desk.screen(), &["kept with the recording: 1 note", "◆"]);
    desk.types("G").types("m");
    assert_says(&desk.screen(), &["2 notes"]);
    desk.types("Mlook").press(Key::Enter);
    assert_says(&desk.screen(), &["▶ 100 "]);
}

#[test]
fn the_users_inside_lead_to_their_lanes() {
    let mut desk = Desk::at(&demo(), "agent", WIDE);
    desk.types("1").press(Key::Tab).types("j");
    assert_says(&desk.screen(), &["Inside amber-fox", "conn 1"]);
    desk.press(Key::Enter);
    assert_says(&desk.screen(), &["[2 Timeline]", "Frames  user_01"]);
}

#[test]
fn following_stays_at_the_end_and_staying_stays() {
    let facts = demo();
    let (mut tape, growths, _) = super::desk::growths(&facts, "agent", 100);
    tape.about.state = "live";
    tape.end_ns = 1;
    let mut desk = Desk::empty(tape, WIDE);
    let mut times = Vec::new();
    for (at, mut growth) in growths.into_iter().enumerate().take(20) {
        growth.end_ns = growth.pulse.as_ref().map_or(0, |pulse| pulse.now_ns);
        desk.take(Message::Grown(Box::new(growth)));
        if at == 5 || at == 12 {
            desk.types("f");
        }
        let screen = desk.screen();
        let bar = screen.lines().rev().nth(1).unwrap_or_default();
        times.push((
            at,
            bar.split_whitespace().find(|word| word.starts_with('+')).map(str::to_owned),
        ));
    }
    let of = |range: std::ops::Range<usize>| {
        let mut seen: Vec<_> = times[range].iter().map(|(_, time)| time.clone()).collect();
        seen.dedup();
        seen.len()
    };
    assert_eq!(of(7..12), 5, "it followed: {times:?}");
    assert_eq!(of(13..20), 1, "it stayed: {times:?}");
}

/// Who is not to be moved is not: playing is a step.
#[test]
fn playing_is_a_step_where_nothing_is_to_move() {
    let mut desk = Desk::at(&demo(), "agent", (120, 36));
    desk.app.still();
    let before = desk.screen();
    let stepped = desk.types(" ").screen();
    assert_ne!(stepped, before);
    desk.take(Message::Tick(Duration::from_secs(1)));
    assert_eq!(desk.screen(), stepped);
    assert_eq!(desk.types(",").screen().lines().nth(15), before.lines().nth(15));
}
