//! Every screen, overlay and empty state, cell by cell. `WIRETAPE_SNAPSHOTS=write` rewrites them:
//! look at what changed before it is committed.

use std::fs;
use std::path::Path;

use unicode_width::UnicodeWidthStr as _;
use wiretape::tui::keys::Act;
use wiretape::tui::{Key, Keymap, Listed, Look, Message, Preset, Theme, Verdict};
use wiretape::wire::Fact;

use super::desk::{Desk, demo};

const WIDE: (u16, u16) = (120, 36);
const COMPACT: (u16, u16) = (80, 24);

#[track_caller]
pub(super) fn assert_looks(name: &str, desk: &Desk) {
    assert_text(name, desk.size, &desk.screen());
}

#[track_caller]
fn assert_text(name: &str, (width, height): (u16, u16), screen: &str) {
    let file = format!("tests/it/tui/snapshots/{name}-{width}x{height}.txt");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("WIRETAPE_SNAPSHOTS").is_some_and(|how| how == "write") {
        fs::write(&path, screen).unwrap();
    }
    let wanted = fs::read_to_string(&path).unwrap_or_default();
    assert!(screen == wanted, "{} differs; now it is\n{screen}", path.display());
}

pub(super) fn listed() -> Vec<Listed> {
    let one = |name: &str, state, lasted_ns, frames| Listed {
        key: name.into(),
        name: name.into(),
        started_ns: 1_795_356_211_000_000_000,
        lasted_ns,
        connections: 12,
        frames,
        size: 6_100_000,
        state,
        upstream: "ws://localhost:8000".into(),
        note: String::new(),
        verdict: None,
    };
    let verdict = |users, runs, errors, warnings| {
        Some(Verdict { users, runs, errors, warnings, by_rules: true })
    };
    let live = one("amber-fox", "live", None, 4812);
    let heron = one("quiet-heron", "finished", Some(130_000_000_000), 188);
    let otter = one("lucky-otter", "interrupted", Some(11_040_000_000_000), 1_210_000);
    vec![
        Listed { verdict: verdict(12, 31, 3, 5), ..live },
        Listed { note: "login".into(), verdict: verdict(1, 2, 0, 0), ..heron },
        Listed { note: "load test".into(), ..otter },
    ]
}

#[test]
fn the_timeline() {
    let facts = demo();
    for size in [WIDE, COMPACT, (160, 40), (100, 30), (60, 15), (52, 12)] {
        assert_looks("timeline", &Desk::at(&facts, "agent", size));
    }
    let mut desk = Desk::at(&facts, "agent", (60, 15));
    assert_looks("frames-alone", desk.press(Key::Tab));
}

#[test]
fn a_run_from_near_in_all_three_scales() {
    let facts = demo();
    for size in [WIDE, COMPACT] {
        let mut desk = Desk::at(&facts, "agent", size);
        assert_looks("run", desk.press(Key::Enter));
        assert_looks("true-scale", desk.press(Key::Backspace).types("i"));
        assert_looks("event-by-event", desk.types("i"));
        assert_looks("collapsed", desk.types("i").press(Key::Up).press(Key::Enter));
    }
}

#[test]
fn the_other_screens_and_help() {
    let facts = demo();
    for size in [WIDE, COMPACT] {
        let mut desk = Desk::at(&facts, "agent", size);
        assert_looks("help", desk.types("?"));
        assert_looks("findings", desk.types("?4ee"));
        assert_looks("findings-unfolded", desk.types("l"));
        desk.types(":mute rule").press(Key::Enter);
        assert_looks("findings-muted", &desk);
        desk.types(":unmute").press(Key::Enter);
        assert_looks("frames", desk.types("23"));
        assert_looks("filter-ways", desk.types("/dir:in type:ag").press(Key::Tab).press(Key::Tab));
        desk.press(Key::Esc);
        assert_looks("filter-typed", desk.types("/type:tool_* user:user_07"));
        assert_looks("filtered", desk.press(Key::Enter));
        assert_looks("filter-nothing", desk.types("/ dt>9h").press(Key::Enter));
    }
}

#[test]
fn the_inspector_in_all_four_forms() {
    let facts = demo();
    for size in [WIDE, COMPACT] {
        let mut desk = Desk::at(&facts, "agent", size);
        desk.press(Key::Tab).press(Key::Enter);
        assert_looks("inspector-tree", &desk);
        assert_looks("inspector-raw", desk.types("p"));
        assert_looks("inspector-hex", desk.types("p"));
        assert_looks("inspector-decoded", desk.types("p"));
    }
}

#[test]
fn the_list_of_recordings_and_nothing_at_all() {
    let facts = demo();
    for size in [WIDE, COMPACT] {
        let mut desk = Desk::at(&facts, "agent", size);
        assert_looks("sessions-empty", desk.types("1"));
        desk.lists(listed());
        assert_looks("sessions", desk.types("1j"));
        assert_looks("sessions-remove", desk.press(Key::Delete));
        desk.types("n");
        assert_looks("sessions-rename", desk.press(Key::F(6)));
        desk.press(Key::Esc);
        assert_looks("sessions-sorts", desk.types("o"));
        desk.press(Key::Esc);
        let nothing: Vec<_> =
            facts.iter().filter(|fact| matches!(fact, Fact::Recording(_))).cloned().collect();
        assert_looks("no-frames", &Desk::at(&nothing, "agent", size));
        let mut desk = Desk::at(&facts, "none", size);
        assert_looks("no-rules", &desk);
        assert_looks("no-findings", desk.types("4"));
    }
}

/// What is found in a recording comes to its row; names and notes stay within their columns.
#[test]
fn a_verdict_comes_to_its_row_and_no_text_breaks_one() {
    let facts = demo();
    for size in [WIDE, COMPACT] {
        let mut desk = Desk::at(&facts, "agent", size);
        let mut hostile = listed();
        hostile[1].name = "漢字漢字漢字漢字漢字漢字\u{202e}".into();
        hostile[1].note =
            "\x1b[2J\x1b]52;c;aGk=\x07\nnext\tline \u{202e}┃│ 漢字漢字漢字".repeat(40);
        hostile[1].upstream = "ws://\x1b[31m漢字漢字漢字漢字漢字漢字漢字".into();
        hostile[1].verdict =
            Some(Verdict { errors: u64::MAX, warnings: u64::MAX, ..Verdict::default() });
        hostile[2].verdict = Some(Verdict { warnings: 7, ..Verdict::default() });
        desk.lists(hostile);
        let screen = desk.types("1").screen();
        let rows: Vec<&str> = screen.lines().skip(2).take(6).collect();
        for row in rows {
            assert_eq!(row.width(), usize::from(size.0), "{row}");
            assert!(row.starts_with(['│', '┌']) && row.ends_with(['│', '┐']), "{row}");
        }
        assert!(!screen.contains(['\x1b', '\u{202e}', '\t']), "{screen}");
        assert!(screen.contains("●amber-fox") && screen.contains("▲7"), "{screen}");
        desk.take(Message::Judged("lucky-otter".into(), Verdict::default()));
        assert!(desk.screen().contains("no rules"), "{}", desk.screen());
        // Of what is not there any more, nothing is told.
        desk.take(Message::Judged("gone".into(), Verdict::default()));
    }
}

#[test]
fn what_is_shown_is_looked_through_first() {
    let mut desk = Desk::at(&demo(), "agent", COMPACT);
    let one = |at: usize| Listed {
        key: format!("{at:02}"),
        name: format!("tape-{at:02}"),
        started_ns: 40 - at as i64,
        state: if at == 3 { "unreadable" } else { "finished" },
        verdict: (at == 5).then(Verdict::default),
        ..Listed::default()
    };
    desk.lists((0..40).map(one).collect());
    desk.types("1");
    let asked: Vec<String> =
        (0..40).filter(|at| ![3, 5].contains(at)).map(|at| format!("{at:02}")).collect();
    assert_eq!(desk.judge, asked);
    desk.types("G1");
    assert_eq!(desk.judge.last().map(String::as_str), Some("34"), "{:?}", desk.judge);
    assert_eq!(desk.judge[0], "35", "{:?}\n{}", desk.judge, desk.screen());
}

#[test]
fn nothing_but_ascii_if_asked() {
    let facts = demo();
    for size in [WIDE, COMPACT] {
        let mut desk = Desk::with(
            &facts,
            "agent",
            size,
            Theme { look: Look::Mono, ascii: true, ground: None },
        );
        assert_looks("ascii", desk.types("ee"));
        for keys in ["", "?", "?3", "4", "2i", "i"] {
            let screen = desk.types(keys).screen();
            assert!(screen.is_ascii(), "{keys}: {screen}");
        }
    }
}

#[test]
fn two_runs_side_by_side() {
    let facts = demo();
    for size in [WIDE, COMPACT] {
        let mut desk = Desk::at(&facts, "agent", size);
        desk.types(":E102").press(Key::Enter).types("d");
        assert_looks("diff", &desk);
        assert_looks("diff-only-what-differs", desk.types("xT"));
        desk.types("x:theme mono").press(Key::Enter);
    }
}

/// The same chat on another day, in which one run lacks its end.
#[test]
fn two_recordings_side_by_side() {
    let facts = demo();
    let lacks = |fact: &Fact| match fact {
        Fact::Frame(frame) => frame.id != 361,
        _ => true,
    };
    let other: Vec<_> = facts.iter().filter(|fact| lacks(fact)).cloned().collect();
    for size in [WIDE, COMPACT] {
        let mut desk = Desk::at(&facts, "agent", size);
        desk.compares_with(&other);
        desk.lists(listed());
        assert_looks("pairs", desk.types("1jd"));
        assert_looks("diff-apart", desk.press(Key::Enter));
        assert!(desk.types("q1").screen().contains("quiet-heron"));
        // The one that is open can't be compared with itself.
        assert!(desk.types("kd").screen().contains("it is the one that is open"));
    }
}

#[test]
fn how_it_goes_while_it_goes() {
    let facts = demo();
    for size in [WIDE, COMPACT, (60, 15)] {
        let mut desk = Desk::live(&facts, 0.5, size);
        assert_looks("live", desk.types("5"));
        assert_looks("live-timeline", desk.types("2f"));
        assert_looks("palette", desk.types(":"));
        desk.press(Key::Esc);
        assert_looks("inside", desk.types("1").press(Key::Tab).types("j"));
    }
}

#[test]
fn lists_and_notes() {
    let facts = demo();
    for size in [WIDE, COMPACT] {
        let mut desk = Desk::at(&facts, "agent", size);
        assert_looks("note-typed", desk.types("aretry storm begins here"));
        assert_looks("noted", desk.press(Key::Enter));
        assert_looks("marks", desk.types("mM"));
        desk.press(Key::Esc);
        assert_looks("copy", desk.types("y"));
        desk.press(Key::Esc);
        assert_looks("pick", desk.types("u"));
        desk.press(Key::Esc);
        assert_looks("explain", desk.types(":explain E102").press(Key::Enter));
        desk.press(Key::Esc);
        assert_looks("sql", desk.types(";SELECT id, text FROM frames").press(Key::Enter));
        desk.press(Key::Esc);
        assert_looks("range", desk.types("vLL"));
        assert_looks("alone", desk.press(Key::Esc).types("z"));
    }
}

/// What is coloured, by role; and without colours the same letters and words say it.
#[test]
fn colours_by_role_and_none() {
    let facts = demo();
    let mut desk = Desk::at(&facts, "agent", WIDE);
    for (name, keys) in [("timeline", "ee"), ("findings", "4"), ("diff", "2d"), ("help", "2?")] {
        desk.types(keys);
        assert_text(&format!("roles-{name}"), WIDE, &desk.roles());
        desk.press(Key::Esc);
    }
    let mut mono =
        Desk::with(&facts, "agent", WIDE, Theme { look: Look::Mono, ..Theme::default() });
    let mut ansi = Desk::at(&facts, "agent", WIDE);
    for keys in ["", "ee", "4", "3", "2d", "5", "1", "2?", "?:"] {
        assert_eq!(mono.types(keys).screen(), ansi.types(keys).screen(), "{keys}");
        assert!(!mono.roles().contains(['R', 'Y', 'C', 'B', 'F']), "{keys}: {}", mono.roles());
    }
}

/// Rows are coloured by what the reader chooses, for as long as they stay; what it is that is
/// coloured stands there in letters, whatever the colour.
#[test]
fn rows_are_coloured_by_direction_or_by_type() {
    let facts = demo();
    let mut desk = Desk::at(&facts, "agent", WIDE);
    let (screen, roles) = (desk.types("3").screen(), desk.roles());
    let rows_of = |desk: &Desk, word: &str| -> Vec<String> {
        let (screen, roles) = (desk.screen(), desk.roles());
        let both = screen.lines().zip(roles.lines());
        both.filter(|(line, _)| line.contains(word)).map(|(_, roles)| roles.to_owned()).collect()
    };
    // What went out is cyan, as the arrow says; what came in is plain, whatever it is.
    assert!(rows_of(&desk, "out→").iter().any(|row| row.contains('C')), "{roles}");
    assert!(!rows_of(&desk, "←in").iter().any(|row| row.contains('C')), "{roles}");
    assert!(!roles.contains('B'), "{roles}");
    desk.types(":colour by type");
    assert!(desk.screen().contains("colour by type"));
    let told = desk.press(Key::Enter).screen();
    assert!(told.contains("rows are coloured by type"), "{told}");
    let by_type = desk.types("3").roles();
    assert!(!by_type.contains('C'), "{by_type}");
    desk.types("/type:tool_*").press(Key::Enter);
    for word in ["X tool_executing", "C tool_completed"] {
        let rows = rows_of(&desk, word);
        assert!(rows.iter().any(|row| row.contains('B')), "{word} {rows:?}\n{}", desk.screen());
    }
    // The choice stays, whatever is opened meanwhile, and changes no letter.
    desk.press(Key::Esc);
    desk.take(Message::Opened(Ok(Box::new(desk.tape()))));
    assert_eq!(desk.types("3").screen(), screen);
    assert_eq!(desk.roles(), by_type);
    desk.types(":color by direction").press(Key::Enter).types("3");
    assert_eq!(desk.roles(), roles);
}

/// Every text that names a key names the one that works.
#[test]
fn remapped_keys_are_the_ones_shown() {
    let facts = demo();
    let changes = [
        (Act::FindingNext, vec![Key::F(5)]),
        (Act::Cause, vec![Key::Char('K')]),
        (Act::In, vec![Key::Ctrl('o')]),
        (Act::Folding, vec![]),
    ];
    let mut desk = Desk::at(&facts, "agent", WIDE);
    desk.app.bind(Keymap::new(Preset::Less, &changes).unwrap());
    desk.types(":E102").press(Key::Enter);
    assert_looks("remapped", desk.press(Key::Tab));
    assert!(desk.types("K").screen().contains("this is the cause; K goes back"));
    assert!(desk.types("e").screen().contains("e does nothing; ? shows the keys"));
    assert_looks("remapped-help", desk.types("?"));
    desk.press(Key::Esc).types(":idle");
    assert!(desk.screen().contains("idle"), "{}", desk.screen());
}
