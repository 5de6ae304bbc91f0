//! The review of what leaves the machine: nothing goes on while anything is undecided.

use wiretape::tui::review::{Choice, Hidden, Review, Step, Topic};
use wiretape::tui::{Key, Resume};

use super::desk::{Desk, demo};
use super::journeys::assert_says;
use super::screens::assert_looks;

/// As ux.md, 4.1 draws it; what was said is hostile.
pub(super) fn drawn() -> Review {
    let row = |rule: &str, place: &str, hits, texts: [&str; 2], choices| Hidden {
        rule: rule.into(),
        place: place.into(),
        key: place.into(),
        hits,
        before: texts[0].into(),
        after: texts[1].into(),
        choices,
        decided: !["looks like a secret", "free text"].contains(&rule),
        contexts: (0..hits.min(3))
            .map(|at| {
                let whence = format!("#{}", 4390 + at);
                [whence, "{\"x\":\"".into(), "\u{1b}[31m\u{202e}secret".into(), "\"}".into()]
            })
            .collect(),
    };
    let hide = [Choice::Hide, Choice::Show];
    Review {
        scope: "run 9c1e ±5s: 74 frames of 4,812, 1 user of 12".into(),
        rows: vec![
            row(
                "looks like a secret",
                "$.data.args.key",
                1,
                ["a8F0… (40)", "‹token-3 #01aa›"],
                hide,
            ),
            row(
                "free text",
                "$.data.prompt",
                1,
                ["compare our", "‹text, 40 characters›"],
                [Choice::Length, Choice::Show],
            ),
            row(
                "auth header",
                "header:Authorization",
                3,
                ["\u{1b}]0;eyJhb…", "‹token-1 #9f2c›"],
                hide,
            ),
            row(
                "token in URL query",
                "query:access_token",
                1,
                ["ya29.a0…", "‹token-2 #11ab›"],
                hide,
            ),
            row("email", "$.user.email", 6, ["user@acme.io", "‹email-1 #77d0›"], hide),
            row("user ids, stable names", "$.user_id", 74, ["u_8412", "user_07"], hide),
        ],
        ..Review::default()
    }
}

fn reviewing(size: (u16, u16)) -> Desk {
    let mut desk = Desk::at(&demo(), "agent", size);
    desk.types("er");
    desk
}

#[test]
fn it_looks_as_drawn() {
    for size in [(120, 36), (80, 24)] {
        let mut desk = reviewing(size);
        assert_looks("review", &desk);
        assert_looks("review-hits", desk.types("jj").press(Key::Enter));
        // Whatever is shown of payloads, nothing of it reaches the terminal as it was.
        let screen = desk.screen();
        assert!(!screen.contains('\u{1b}') && !screen.contains('\u{202e}'), "{screen}");
    }
}

#[test]
fn nothing_goes_on_while_anything_is_undecided() {
    let mut desk = reviewing((120, 36));
    desk.press(Key::Tab);
    assert_says(&desk.screen(), &["2 lines with ? to decide first"]);
    desk.types(" j ").press(Key::Tab);
    let decided = vec![
        ("$.data.args.key".to_owned(), Choice::Hide),
        ("$.data.prompt".to_owned(), Choice::Length),
    ];
    assert_eq!(desk.steps.last(), Some(&Step::Write(decided)));
    assert_says(&desk.screen(), &["Report: written", "wiretape-9c1e.html"]);
    // And back where one was.
    let before = Desk::at(&demo(), "agent", (120, 36)).types("e").screen();
    assert_eq!(desk.press(Key::Esc).screen(), before);
}

#[test]
fn a_decision_is_turned_round_and_a_rule_added() {
    let mut desk = reviewing((120, 36));
    // The first time as it is proposed, the second the other way.
    desk.types("  ");
    assert_says(&desk.screen(), &["✔ looks like a secret", "[x] shown"]);
    desk.types("a$.note = maybe").press(Key::Enter);
    assert_says(&desk.screen(), &["write PLACE = hide, show or length"]);
    desk.press(Key::Ctrl('u')).types("$.note = length").press(Key::Enter);
    let decided =
        vec![("$.data.args.key".to_owned(), Choice::Show), ("$.note".to_owned(), Choice::Length)];
    assert_eq!(desk.steps.last(), Some(&Step::Again(decided)));
    assert_says(&desk.screen(), &["✔ looks like a secret", "one line is to be decided"]);
}

/// What a report is about is where the reader is.
#[test]
fn it_is_about_where_the_reader_is() {
    let about = |keys: &str| {
        let mut desk = Desk::at(&demo(), "agent", (120, 36));
        let before = desk.types(keys).screen();
        let topic = match desk.types("r").steps.pop() {
            Some(Step::Begin(topic)) => topic,
            other => panic!("{keys}: {other:?}"),
        };
        // Leaving it makes nothing, and leaves all as it was.
        let after = desk.types("q").screen();
        let but_last =
            |screen: &str| screen.lines().take(33).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(but_last(&after), but_last(&before), "{keys}");
        topic
    };
    assert!(matches!(about("e"), Topic::Finding(_)));
    assert!(matches!(about("w"), Topic::Run(id) if id.contains("_run_")));
    assert!(matches!(about("k"), Topic::User(name) if name.starts_with("user_")));
    assert!(matches!(about("vL"), Topic::Between(from, to) if from < to));
}

/// In the list, it is about the recording that is picked, whichever is open.
#[test]
fn the_list_makes_one_of_what_is_picked() {
    let mut desk = Desk::at(&demo(), "agent", (120, 36));
    desk.types("1r");
    assert_says(&desk.screen(), &["there are no recordings"]);
    desk.lists(super::screens::listed());
    desk.types("1jr");
    let topic = Topic::Recording("quiet-heron".into());
    assert_eq!(desk.steps.pop(), Some(Step::Begin(topic)));
    // And back to the list, at the same line.
    assert_says(
        &desk.types("q").screen(),
        &["[1 Sessions]", "▶ quiet-heron", "no report was made"],
    );
    assert!(!desk.left);
    assert_says(&desk.types("r j ").press(Key::Tab).screen(), &["Report: written"]);
    assert_says(&desk.press(Key::Esc).screen(), &["[1 Sessions]", "▶ quiet-heron"]);
    // Of the users inside the one that is open it makes none.
    desk.press(Key::Tab).types("r");
    assert_says(&desk.screen(), &["report: only in the list (Tab)"]);
}

/// A report opens where its sender was; what it says of that may be anything.
#[test]
fn it_opens_where_the_sender_was() {
    let open = |saved: Resume| {
        let (tape, growths, _) = super::desk::growths(&demo(), "agent", 5000);
        let mut desk = Desk::empty(tape, (120, 36));
        desk.app.resume(saved);
        for growth in growths {
            desk.take(wiretape::tui::Message::Grown(Box::new(growth)));
        }
        desk.screen()
    };
    let plain = open(Resume::default());
    let run = "thread_user_07_93dc91_run_1795357946412_ce1ee94e".to_owned();
    let there = open(Resume {
        finding: Some("E102".into()),
        range_ns: Some((20_000_000_000, 40_000_000_000)),
        lane: Some(run),
    });
    assert_says(&there, &["Inspector  E102", "▶ run ce1ee94e"]);
    assert_ne!(there.lines().nth(2), plain.lines().nth(2), "the range");
    for lie in [
        Resume { finding: Some("E102.0".into()), ..Resume::default() },
        Resume { finding: Some("E102.99999999999999999999".into()), ..Resume::default() },
        Resume { finding: Some("\u{1b}[2J".into()), ..Resume::default() },
        Resume { lane: Some("nobody".into()), ..Resume::default() },
        Resume { range_ns: Some((u64::MAX, 0)), ..Resume::default() },
        Resume { range_ns: Some((u64::MAX, u64::MAX)), ..Resume::default() },
    ] {
        assert_eq!(open(lie.clone()).lines().nth(2), plain.lines().nth(2), "{lie:?}");
    }
}
