//! The filter's language: what each row of its table means, what is wrong with what is typed, and
//! its laws.

use std::borrow::Cow;

use proptest::prelude::*;
use wiretape::events::Kind;
use wiretape::events::filter::{
    AmountField, Expr, Filter, Glob, LONGEST, Order, Payload, Pointer, Range, Subject, Term, Test,
    WordField,
};
use wiretape::wire::Opcode;

/// An event as a test makes it up.
#[derive(Clone, Debug)]
struct Made {
    kind: Kind,
    words: Vec<(WordField, &'static str)>,
    amounts: Vec<(AmountField, u64)>,
    frames: (i64, i64),
    flags: Vec<&'static str>,
    run_has: Option<Vec<&'static str>>,
    findings: Vec<(&'static str, u64)>,
    payload: &'static str,
}

impl Subject for Made {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn word(&self, field: WordField) -> Option<Cow<'_, str>> {
        self.words.iter().find(|(known, _)| *known == field).map(|(_, word)| Cow::Borrowed(*word))
    }

    fn amount(&self, field: AmountField) -> Option<u64> {
        self.amounts.iter().find(|(known, _)| *known == field).map(|(_, amount)| *amount)
    }

    fn frames(&self) -> (i64, i64) {
        self.frames
    }

    fn is_flagged(&self, wanted: &Glob) -> bool {
        self.flags.iter().any(|flag| wanted.meets(flag))
    }

    fn run_has(&self, names: &[Glob]) -> Option<bool> {
        let has = self.run_has.as_ref()?;
        Some(has.iter().any(|name| names.iter().any(|glob| glob.meets(name))))
    }

    fn nearest(&self, code: &Glob) -> Option<u64> {
        let of = self.findings.iter().filter(|(known, _)| code.meets(known));
        of.map(|(_, away)| *away).min()
    }
}

const SECOND: u64 = 1_000_000_000;

fn tool() -> Made {
    Made {
        kind: Kind::Message,
        words: vec![
            (WordField::Type, "tool_executing"),
            (WordField::User, "user_07"),
            (WordField::Run, "9c1e"),
            (WordField::Dir, "in"),
        ],
        amounts: vec![
            (AmountField::Size, 5000),
            (AmountField::Dt, 3 * SECOND),
            (AmountField::Conn, 2),
        ],
        frames: (4397, 4399),
        flags: vec!["error", "E102"],
        run_has: Some(vec!["agent_started", "tool_executing"]),
        findings: vec![("E102", 4 * SECOND), ("W204", 60 * SECOND)],
        payload: r#"{"data":{"tool":"search_costs","n":7,"list":[{"a b":true}]},"error":null,
            "text":"Billing of two words"}"#,
    }
}

fn close() -> Made {
    Made {
        kind: Kind::Close,
        words: vec![(WordField::Type, "ws.close"), (WordField::Dir, "out")],
        amounts: vec![(AmountField::Size, 2)],
        frames: (5000, 5000),
        flags: vec![],
        run_has: None,
        findings: vec![],
        payload: "\u{3}\u{f}",
    }
}

fn open() -> Made {
    Made { kind: Kind::Open, frames: (0, 0), amounts: vec![], payload: "", ..close() }
}

fn of(text: &str) -> Filter {
    Filter::parse(text).unwrap_or_else(|mistake| panic!("{text}: {mistake:?}"))
}

/// Whether the event is meant, its payload at hand.
fn meets(filter: &Filter, made: &Made) -> bool {
    let opcode = if made.kind == Kind::Close { Opcode::CLOSE } else { Opcode::TEXT };
    let payload = Payload { opcode, bytes: made.payload.as_bytes(), json: Some(made.payload) };
    filter.meets(made, Some(&payload)).expect("decided")
}

#[track_caller]
fn assert_meets(made: &Made, yes: &[&str], no: &[&str]) {
    for text in yes {
        assert!(meets(&of(text), made), "should be met: {text}");
        assert!(!meets(&of(&format!("not ({text})")), made), "should not be met: not ({text})");
    }
    for text in no {
        assert!(!meets(&of(text), made), "should not be met: {text}");
        assert!(meets(&of(&format!("not ({text})")), made), "should be met: not ({text})");
    }
}

#[test]
fn text_anywhere() {
    let yes = ["billing", "\"two words\"", "Billing", "/of t.*s/", "executing", "BILLING or two"];
    assert_meets(&tool(), &yes, &["BILLING", "\"words two\"", "/^Bill/", "invoice"]);
}

#[test]
fn one_user_s_tool_events() {
    let yes = ["type:tool_* user:user_07", "run:9c1e", "type:{a,tool_executing}", "conn:2"];
    let no = ["type:tool user:user_07", "type:tool_* user:user_08", "thread:*", "conn:{1,3..9}"];
    assert_meets(&tool(), &yes, &no);
    assert_meets(&tool(), &["type:*", "#4398", "#4300..#4397", "#>4398"], &["type:\"*\"", "#4400"]);
}

#[test]
fn large_client_to_server() {
    assert_meets(&tool(), &["dir:in size>4k", "size:1k..5000"], &["dir:out size>4k", "size>4.9k"]);
    assert_meets(&close(), &["dir:c2s size<=2", "op:close"], &["dir:{in} size=2", "op:text"]);
    assert_meets(&open(), &["op:open"], &["size>=0", "size<1", "op:{close,ping}", "#0"]);
    assert_meets(&tool(), &["op:text"], &["op:{binary,close}"]);
}

#[test]
fn slow_steps() {
    assert_meets(&tool(), &["dt>2s", "dt:1s..5s", "dt>=3000ms"], &["dt>3s", "dt<2s", "lat>5s"]);
    // What is absent is neither more nor less.
    assert_meets(&tool(), &["not lat>5s", "not lat<=5s"], &["lat<=5s"]);
}

#[test]
fn values_in_json() {
    let yes = [
        "$.data.tool=search_costs",
        "$.data.tool:search_*",
        "has:$.data",
        "$.data.list[0][\"a b\"]=true",
        "$.data.n>6",
        "$.data.n=7",
        "$[\"data\"].n<=7",
    ];
    let no = ["has:$.error", "$.error=null", "$.data.tool=search", "$.data.tool>5", "has:$.x"];
    assert_meets(&tool(), &yes, &no);
    assert_meets(&open(), &["not has:$.data"], &["$.data.tool=x", "\u{3}"]);
}

#[test]
fn runs_that_lack_an_event() {
    assert_meets(
        &tool(),
        &["lacks:tool_completed"],
        &["lacks:agent_*", "lacks:{x,tool_executing}"],
    );
    assert_meets(&open(), &["not lacks:tool_completed"], &["lacks:tool_completed"]);
}

#[test]
fn near_a_finding() {
    let yes = [
        "around:E102 5s",
        "around:E102",
        "around:e1* 4s",
        "flag:error",
        "flag:E102",
        "E102",
        "e102",
    ];
    assert_meets(
        &tool(),
        &yes,
        &["around:E102 3s", "around:W204", "flag:warning", "flag:E101", "E101"],
    );
}

#[test]
fn combined() {
    assert_meets(
        &tool(),
        &[
            "zz or billing",
            "(zz or billing) two",
            "not zz billing",
            "not not billing",
            "two AND billing",
        ],
        &["zz billing", "(zz or billing) yy", "not billing or zz"],
    );
    assert!(meets(&of(""), &tool()) && meets(&of("  "), &open()), "everything");
    // What does not need a payload decides without.
    assert_eq!(of("billing dir:out").meets(&tool(), None), Some(false));
    assert_eq!(of("billing or dir:in").meets(&tool(), None), Some(true));
    assert_eq!(of("not (billing dir:in)").meets(&tool(), None), None);
    assert_eq!(of("$.a=1 or op:text").meets(&open(), None), Some(false));
}

#[test]
fn mistakes_are_underlined() {
    for (text, underlined, hint) in [
        ("dir:in usr:x", "usr", "did you mean user?"),
        ("flag:eror", "eror", "did you mean error?"),
        ("dir:sideways", "sideways", "out, in"),
        ("dt>2", "2", "write 200ms, 2s, 1.5m or 1h"),
        ("size:9k..2k", "9k..2k", "write 1..5"),
        ("type>5", ">", "type:…"),
        ("a (b or c", "(", "add )"),
        ("\"abc", "\"abc", "add \""),
        ("$.data", "$.data", "has:$.data, $.data=VALUE or $.data>5"),
        ("$.a>x", "x", "$.n>5"),
        ("http://x", "http", "\"http://x\" looks for the text"),
        ("a && b", "&&", "side by side is and: a b"),
        ("or b", "or", "\"or\" looks for the word"),
        ("type:a,b", ",", "a list is {a,b}"),
        ("around:soon", "soon", "around:E102 5s"),
    ] {
        let mistake = Filter::parse(text).expect_err(text);
        let [line, underline] = mistake.excerpt(text);
        assert_eq!(line, text);
        let shown: String = line
            .chars()
            .zip(underline.chars())
            .filter(|(_, u)| *u == '^')
            .map(|(c, _)| c)
            .collect();
        assert_eq!(shown, underlined, "{text}: {}", mistake.message);
        assert_eq!(mistake.hint.as_deref(), Some(hint), "{text}");
    }
    for text in
        ["/(/", "a )", "not", "type:", "type:{a", "size>", "#x", "()", "has:x", "/a{999999}/"]
    {
        Filter::parse(text).expect_err(text);
    }
}

#[test]
fn nothing_typed_is_too_much() {
    let deep = format!("{}a{}", "(".repeat(40), ")".repeat(40));
    for text in [
        "x".repeat(LONGEST + 1),
        deep,
        "not ".repeat(900),
        "a ".repeat(200),
        format!("/{}/", "(a{99}){99}"),
    ] {
        let mistake = Filter::parse(&text).expect_err(&text);
        let [line, underline] = mistake.excerpt(&text);
        assert!(line.chars().count() < 90 && underline.chars().count() < 90, "{line}");
    }
}

#[test]
fn words_say_what_is_asked() {
    for (text, words) in [
        ("type:tool_* user:user_07", "type is tool_* and user is user_07"),
        ("dir:out size>4k", "from client to server and size over 4k"),
        (
            "dt>2s or not lat:1s..5s",
            "over 2s after the event before it in its run or not 1s to 5s \
            after what it answers",
        ),
        (
            "lacks:{a,b} around:E102",
            "of a run without one of a, b and at most 5s from a finding E102",
        ),
        ("x (flag:error or has:$.e)", "\"x\" in it and (flagged error or $.e is there)"),
        ("", "everything"),
    ] {
        assert_eq!(of(text).in_words(), words);
    }
}

#[test]
fn each_condition_can_be_dropped() {
    let without: Vec<(String, String)> = of("a dt>2s (b or c)")
        .without_one()
        .into_iter()
        .map(|(term, rest)| (term, rest.to_string()))
        .collect();
    let expected = [("a", "dt>2s (b or c)"), ("dt>2s", "a (b or c)"), ("(b or c)", "a dt>2s")];
    assert_eq!(without, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

fn glob() -> impl Strategy<Value = Glob> {
    prop_oneof![
        "[a-z_.]{0,4}\\*[a-z]{0,3}".prop_map(|text| Glob::new(text, false)),
        "[ -~é漢\\t]{1,6}".prop_map(|text| Glob::new(text, true)),
        "[a-z]{1,4}".prop_map(|text| Glob::new(text, true)),
    ]
}

fn globs() -> impl Strategy<Value = Vec<Glob>> {
    prop::collection::vec(glob(), 1..3)
}

fn range() -> impl Strategy<Value = Range> {
    let amount = prop_oneof![
        0..10_u64,
        (1..9_u64).prop_map(|n| n * 1024 * 1_000_000),
        any::<u32>().prop_map(u64::from)
    ];
    (amount, 0..1000_u64, 0..6).prop_map(|(from, more, which)| match which {
        0 => Range::Above(from),
        1 => Range::AtLeast(from),
        2 => Range::Below(from),
        3 => Range::AtMost(from),
        4 => Range::Exactly(from),
        _ => Range::Between(from, from + more),
    })
}

fn pointer() -> impl Strategy<Value = Pointer> {
    prop::collection::vec("[a-z]{1,3}|[0-9]{1,2}|[ -~é]{0,3}", 0..3).prop_map(Pointer::new)
}

fn term() -> impl Strategy<Value = Term> {
    let word = prop_oneof![
        Just(WordField::Type),
        Just(WordField::User),
        Just(WordField::Run),
        Just(WordField::Thread),
        Just(WordField::Call)
    ];
    let amount = prop_oneof![
        Just(AmountField::Size),
        Just(AmountField::Dt),
        Just(AmountField::Lat),
        Just(AmountField::Conn)
    ];
    let order = prop_oneof![Just(Order::Above), Just(Order::AtMost), Just(Order::Below)];
    let text = |text: String| match of(&format!("{text:?}")).expr().clone() {
        Expr::Term(term) => term,
        other => panic!("{other:?}"),
    };
    prop_oneof![
        "[a-zA-Z0-9#/$:<=.or -]{1,5}".prop_map(text),
        (word, globs()).prop_map(|(field, globs)| Term::Word(field, globs)),
        (amount, prop::collection::vec(range(), 1..3))
            .prop_map(|(f, ranges)| Term::Amount(f, ranges)),
        range().prop_map(|range| Term::Amount(AmountField::Frame, vec![range])),
        (pointer(), globs()).prop_map(|(pointer, globs)| Term::At(pointer, Test::Is(globs))),
        (pointer(), order, any::<i32>())
            .prop_map(|(at, order, n)| Term::At(at, Test::Compare(order, f64::from(n) / 4.0))),
        pointer().prop_map(Term::Has),
        globs().prop_map(Term::Lacks),
        any::<u32>().prop_map(|ns| Term::Around(Glob::new("E1*", false), u64::from(ns))),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    term().prop_map(Expr::Term).prop_recursive(4, 24, 3, |inner| {
        let some = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            some.clone().prop_map(|all| flat(Expr::All(all))),
            some.prop_map(|any| flat(Expr::Any(any))),
            inner.prop_map(|one| Expr::Not(Box::new(one))),
        ]
    })
}

/// As a filter has it: no `All` right within an `All`, no `Any` within an `Any`.
fn flat(expr: Expr) -> Expr {
    match expr {
        Expr::All(children) => Expr::All(
            children
                .into_iter()
                .flat_map(|child| match child {
                    Expr::All(inner) => inner,
                    other => vec![other],
                })
                .collect(),
        ),
        Expr::Any(children) => Expr::Any(
            children
                .into_iter()
                .flat_map(|child| match child {
                    Expr::Any(inner) => inner,
                    other => vec![other],
                })
                .collect(),
        ),
        other => other,
    }
}

fn events() -> [Made; 3] {
    [tool(), close(), open()]
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(expr in expr()) {
        let filter = Filter::of(expr);
        let text = filter.to_string();
        prop_assert_eq!(Filter::parse(&text).map_err(|mistake| format!("{text}: {mistake:?}")), Ok(filter));
    }

    #[test]
    fn not_not_is_nothing_and_de_morgan_holds(a in expr(), b in expr()) {
        let not = |one: &Expr| Expr::Not(Box::new(one.clone()));
        for event in events() {
            let met = |expr: Expr| meets(&Filter::of(expr), &event);
            prop_assert_eq!(met(not(&not(&a))), met(a.clone()));
            prop_assert_eq!(
                met(not(&Expr::All(vec![a.clone(), b.clone()]))),
                met(Expr::Any(vec![not(&a), not(&b)]))
            );
            prop_assert_eq!(
                met(not(&Expr::Any(vec![a.clone(), b.clone()]))),
                met(Expr::All(vec![not(&a), not(&b)]))
            );
        }
    }

    /// What is decided without a payload is what is decided with it.
    #[test]
    fn a_payload_changes_no_decision(expr in expr()) {
        let filter = Filter::of(expr);
        for event in events() {
            if let Some(decided) = filter.meets(&event, None) {
                prop_assert_eq!(decided, meets(&filter, &event));
            }
        }
    }

    #[test]
    fn no_text_is_a_surprise(text in "[a-z$.#:/<>=(){}\\[\\]\"\\\\ ,*0-9é\u{1b}]{0,30}") {
        match Filter::parse(&text) {
            Ok(filter) => {
                prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
            }
            Err(mistake) => {
                let lines = mistake.excerpt(&text);
                prop_assert!(lines.iter().all(|line| !line.chars().any(char::is_control)));
            }
        }
    }
}
