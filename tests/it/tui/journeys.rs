//! Journeys of ux.md as keys, ending in what is on the screen.

use wiretape::tui::{At, Key, Wall};

use super::desk::{Desk, demo};

/// On the first finding of this code, by `e` alone.
fn at_finding(code: &str, size: (u16, u16)) -> Desk {
    let mut desk = Desk::at(&demo(), "agent", size);
    for _ in 0..20 {
        let screen = desk.types("e").screen();
        if screen.contains(&format!("Inspector  {code}"))
            || screen.contains(&format!(" {code} tool_"))
        {
            return desk;
        }
    }
    panic!("e never came to {code}:\n{}", desk.screen());
}

#[track_caller]
pub(super) fn assert_says(screen: &str, words: &[&str]) {
    for word in words {
        assert!(screen.contains(word), "no {word:?} in\n{screen}");
    }
}

/// J3 and J4: from the red flag to its cause in two keys, and back.
#[test]
fn a_flag_its_cause_and_back() {
    for size in [(120, 36), (80, 24)] {
        let mut desk = at_finding("E102", size);
        let flag = desk.screen();
        assert_says(&flag, &["user_07", "▶  ·   expected", "C tool_completed (search_costs)"]);
        let cause = desk.types("c").screen();
        let line = cause.lines().find(|line| line.contains("│▶") && line.contains("ws.abort"));
        assert!(line.is_some(), "the cause is the broken connection:\n{cause}");
        assert_eq!(desk.types("c").screen(), flag, "c again goes back to where one was");
    }
}

#[test]
fn the_hole_is_a_row_among_the_rows() {
    let mut desk = at_finding("E102", (120, 36));
    desk.press(Key::Tab);
    let on_it = desk.screen();
    assert_says(&on_it, &["Wanted  tool_completed (search_costs)"]);
    let above = desk.types("k").screen();
    assert!(!above.contains("Wanted "), "{above}");
    assert_says(&desk.types("j").screen(), &["Wanted  tool_completed (search_costs)"]);
}

#[test]
fn runs_one_after_the_other_and_back() {
    let mut desk = Desk::at(&demo(), "agent", (120, 36));
    let first = desk.screen();
    let second = desk.types("w").screen();
    assert_ne!(first.lines().nth(15), second.lines().nth(15));
    assert_eq!(desk.types("b").screen().lines().nth(15), first.lines().nth(15));
}

#[test]
fn zooms_are_a_stack() {
    let mut desk = Desk::at(&demo(), "agent", (120, 36));
    let title = |desk: &Desk| desk.screen().lines().nth(2).unwrap().to_owned();
    let outermost = title(&desk);
    let near = title(desk.press(Key::Enter));
    let nearer = title(desk.types("+"));
    assert!(outermost != near && near != nearer);
    assert_eq!(title(desk.press(Key::Backspace)), near);
    assert_eq!(title(desk.press(Key::Backspace)), outermost);
    assert_says(&desk.press(Key::Backspace).screen(), &["out: this is the outermost"]);
    assert_says(&desk.types("-").screen(), &["everything is on the screen"]);
}

#[test]
fn resizing_keeps_the_place() {
    let mut desk = at_finding("E102", (120, 36));
    let before = desk.screen();
    for size in [(80, 24), (60, 15), (52, 12), (200, 60)] {
        desk.resize(size);
    }
    desk.resize((120, 36));
    assert_eq!(desk.screen(), before);
}

#[test]
fn no_key_is_silent() {
    let mut desk = Desk::at(&demo(), "agent", (120, 36));
    assert_says(&desk.types("Z").screen(), &["Z does nothing; ? shows the keys"]);
    assert_says(&desk.types("c").screen(), &["cause: go to a finding first (e)"]);
    assert_says(&desk.types("4/").screen(), &["filter: on Timeline and Frames (2, 3)"]);
}

#[test]
fn q_goes_back_and_then_leaves() {
    let mut desk = Desk::at(&demo(), "agent", (120, 36));
    desk.types("3q");
    assert!(!desk.left && desk.screen().contains("[2 Timeline]"));
    assert!(desk.types("q").left);
    let mut desk = Desk::at(&demo(), "agent", (120, 36));
    assert!(desk.types("3?").press(Key::Ctrl('c')).left);
}

#[test]
fn every_place_that_can_be_typed_is_found() {
    let wall = Wall::new(jiff::tz::TimeZone::UTC);
    for place in ["E102", "e104", "#100", "+45s", "+1m20s", "50%", "100%"] {
        let mut desk = Desk::at(&demo(), "agent", (120, 36));
        let before = desk.screen();
        let found = desk.find(At::parse(place).unwrap(), &wall).unwrap();
        wiretape::tui::update::go(&mut desk.app, found);
        assert_ne!(desk.screen(), before, "{place}");
    }
    let desk = Desk::at(&demo(), "agent", (120, 36));
    for place in ["E112", "#99999999", "+2h"] {
        assert!(desk.find(At::parse(place).unwrap(), &wall).is_err(), "{place}");
    }
}

/// What one broken connection explains is one line, and what lies under it is a key away.
#[test]
fn findings_of_one_cause_are_one_line_until_they_are_unfolded() {
    let mut desk = Desk::at(&demo(), "agent", (120, 36));
    let lines = |screen: &str| {
        let of_table = screen.lines().skip(3).take_while(|line| !line.starts_with('└'));
        of_table.map(|line| line.chars().skip(1).take(60).collect::<String>()).collect::<Vec<_>>()
    };
    let folded = lines(desk.types("4").screen().as_str());
    let broken: Vec<_> = folded.iter().filter(|line| line.contains("user_07")).collect();
    assert_eq!(broken.len(), 1, "one line for what the drop did: {folded:?}");
    assert_says(&desk.screen(), &["+ 2 same cause", "alike"]);
    // Down to it, and in.
    while !desk.screen().contains("Inspector  E102") {
        desk.types("j");
    }
    let open = lines(desk.types("l").screen().as_str());
    let under: Vec<_> = open.iter().filter(|line| line.contains("user_07")).collect();
    assert_eq!(under.len(), 3, "{open:?}");
    assert!(under[1].trim_start().starts_with("▲ W204"), "{under:?}");
    assert_says(&desk.types("j").screen(), &["Inspector  W204"]);
    assert_eq!(lines(&desk.types("h").screen()).len(), folded.len());
    assert_says(&desk.screen(), &["Inspector  E102"]);
}

/// A muted finding is nowhere until it is unmuted: not in the list, not on the way, not on the rows.
#[test]
fn what_is_muted_is_not_told_and_can_be_unmuted() {
    let mut desk = at_finding("E102", (120, 36));
    let before = desk.screen();
    desk.types(":mute E102").press(Key::Enter);
    let muted = desk.screen();
    assert_says(&muted, &["1 finding muted in this recording", "✖ 4 errors"]);
    assert!(!muted.contains("E102") && !muted.contains("expected here"), "{muted}");
    assert_says(&desk.types("4").screen(), &["1 muted (: unmute)"]);
    for _ in 0..10 {
        assert!(!desk.types("e").screen().contains("E102"));
    }
    // It is a note of the recording, and no mark.
    assert_says(&desk.types("2:unmute E102").press(Key::Enter).screen(), &["✖ 5 errors"]);
    desk.types(":E102").press(Key::Enter);
    assert_eq!(desk.screen().matches("E102").count(), before.matches("E102").count());
    desk.types(":mute rule").press(Key::Enter);
    assert_says(&desk.screen(), &["muted in this recording"]);
}

/// Tab goes on with what was seen in the recording: fields, types, users, codes, places in payloads.
#[test]
fn a_filter_is_completed_from_what_was_seen() {
    let mut desk = Desk::at(&demo(), "agent", (120, 36));
    let mut typed = |keys: &str, tabs: usize| {
        desk.press(Key::Esc).types("/").press(Key::Ctrl('u')).types(keys);
        for _ in 0..tabs {
            desk.press(Key::Tab);
        }
        let screen = desk.screen();
        let line = screen.lines().find(|line| line.starts_with(" filter /")).unwrap();
        line.trim_start_matches(" filter / ").trim_end_matches('_').to_owned()
    };
    assert_eq!(typed("ty", 1), "type:");
    assert_eq!(typed("ty", 2), "type:stream_chunk", "the most frequent first");
    assert_eq!(typed("dir:in type:tool_c", 1), "dir:in type:tool_completed");
    assert_eq!(typed("(user:07", 1), "(user:user_07");
    assert_eq!(typed("flag:e1", 2), "flag:E102");
    assert_eq!(typed("has:$.pay", 1), "has:$.payload");
    assert_ne!(typed("type:agent_", 1), typed("type:agent_", 2));
    assert_eq!(typed("dir:", 1), typed("dir:", 3), "around");
    assert_eq!(typed("\"two wo", 1), "\"two wo", "within quotes nothing is known");
    assert_says(&desk.screen(), &["nothing here goes on like this"]);
}

/// A filter that is kept is a word from then on.
#[test]
fn a_filter_is_kept_and_stands_for_itself() {
    let mut desk = Desk::at(&demo(), "agent", (120, 36));
    desk.types("3/type:tool_* user:user_07").press(Key::Enter);
    assert_says(
        &desk.types(":save sevens-tools").press(Key::Enter).screen(),
        &["kept as @sevens-tools in config.toml"],
    );
    let wanted = desk.screen().lines().nth(2).unwrap().split("events").next().unwrap().to_owned();
    desk.types("/").press(Key::Ctrl('u')).press(Key::Enter);
    desk.types("/@sev").press(Key::Tab).press(Key::Enter);
    assert_says(&desk.screen(), &[&wanted, "(type:tool_* user:user_07)"]);
    desk.types("/").press(Key::Ctrl('u')).types("@none").press(Key::Enter);
    assert_says(&desk.screen(), &["no filter is called @none: there is @sevens-tools"]);
}

/// The list: sorted, named, removed only by a yes, and ways out of it for those who may.
#[test]
fn recordings_are_sorted_named_and_removed() {
    let mut desk = Desk::at(&demo(), "agent", (120, 36));
    desk.lists(super::screens::listed());
    let names = |desk: &Desk| -> Vec<String> {
        let screen = desk.screen();
        let rows = screen.lines().skip(4).take(3);
        rows.map(|row| {
            row[3..]
                .split_whitespace()
                .find(|word| word.contains('-'))
                .unwrap_or("")
                .trim_matches(['\u{25b6}', '\u{25cf}', '\u{2502}'])
                .to_owned()
        })
        .collect()
    };
    desk.types("1");
    assert_eq!(names(&desk), ["amber-fox", "quiet-heron", "lucky-otter"]);
    desk.types("oname").press(Key::Enter);
    assert_eq!(names(&desk), ["amber-fox", "lucky-otter", "quiet-heron"]);
    assert_says(&desk.types("oframes").press(Key::Enter).screen(), &["sort: frames (o)"]);
    assert_eq!(names(&desk), ["lucky-otter", "amber-fox", "quiet-heron"]);
    // Any key but y leaves everything as it is.
    desk.types("g").press(Key::Delete);
    assert_says(&desk.screen(), &["Remove this recording?", "There is no way to get it back."]);
    assert_says(&desk.press(Key::Enter).screen(), &["nothing was removed", "lucky-otter"]);
    assert!(!desk.press(Key::Delete).types("y").screen().contains("lucky-otter"));
    desk.press(Key::F(6)).press(Key::Ctrl('u')).types("tuesday").press(Key::Enter);
    assert_says(&desk.screen(), &["it is tuesday now"]);
    // Elsewhere these keys say where they work; and not every terminal may be left for another verb.
    assert_says(&desk.types("R").screen(), &["this terminal is taken"]);
    assert_says(&desk.types("2D").screen(), &["demo: in the list of recordings (1)"]);
    desk.app.alone();
    assert_says(&desk.types("1R").screen(), &["record what passes to: ws://localhost:8000_"]);
    assert_says(
        &desk.press(Key::Ctrl('u')).types("8000").press(Key::Enter).screen(),
        &["an address begins with ws://"],
    );
    assert!(!desk.left);
    desk.press(Key::Ctrl('u')).types("ws://localhost:8000").press(Key::Enter);
    assert!(desk.left);
}
