//! The rules language: typical mistakes and what is said of them, merging with presets, and that
//! no text at all makes it panic.

use proptest::prelude::*;
use wiretape::events::reading::{Condition, Literal};
use wiretape::events::{Locator, ValueType};
use wiretape::rules::language::{self, Checked, MAX_BYTES};
use wiretape::rules::presets;
use wiretape::rules::{AtEnd, KeyPart, Pattern, RuleBook, RuleKind, Severity};

/// Rules files with a mistake each, and what is said of it. A case is `==== title`, the file,
/// `----`, and the diagnostics.
const MISTAKES: &str = include_str!("mistakes.txt");

/// A file is a preset's text for the property tests, so that deep parts are reached.
const WHOLE: &str = include_str!("../../../src/rules/presets/agent.toml");

fn told(text: &str) -> String {
    let Checked { diagnostics, .. } = language::check("my.rules.toml", text);
    diagnostics.iter().map(|diagnostic| diagnostic.render("my.rules.toml", text)).collect()
}

fn read(text: &str) -> RuleBook {
    language::read("my.rules.toml", text).unwrap_or_else(|_| panic!("{}", told(text)))
}

#[test]
fn mistakes_are_underlined_and_told_in_a_person_s_words() {
    let mut wrong = Vec::new();
    let cases: Vec<&str> = MISTAKES.split("==== ").skip(1).collect();
    for case in &cases {
        let (title, rest) = case.split_once('\n').unwrap();
        let (text, expected) = rest.split_once("----\n").unwrap();
        let told = told(text);
        if told.trim_end() != expected.trim_end() {
            wrong.push(format!("==== {title}\n{text}----\n{told}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(cases.len() >= 30);
}

#[test]
fn what_could_act_on_a_terminal_is_escaped() {
    let shown = told("# \u{1b}[31m is no TOML\n");
    assert!(shown.contains("1 | # \\u{1b}[31m is no TOML\n"), "{shown}");
    let shown = told("[\"\\u001B\"]\n\"\u{202e}漢字\" = 1\n");
    assert!(shown.starts_with("error: unknown key \"\\u{1b}\"\n"), "{shown}");
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
}

#[test]
fn an_own_entry_replaces_the_preset_s() {
    let book = read(
        "preset = 'agent'\n\
         [limit]\ntool = '5s'\n\
         [fields]\nrun = '/r'\n\
         [[event]]\nname = 'agent_started'\ntype = 'begin'\n\
         [severity]\nsilence = 'off'\nfirst-feedback = 'error'\n\
         'agent-run/tool' = 'info'\n\
         [[rule]]\nid = 'agent-ends'\nscope = 'run'\nexistence = 'agent_completed'\n",
    );
    let agent = presets::preset("agent").unwrap();
    let rule = |id: &str| book.rules.iter().find(|rule| rule.id == id);
    assert_eq!(rule("tool-deadline").unwrap().within, Some(5_000_000_000));
    assert_eq!(rule("tool-deadline").unwrap().origin.file, "agent (preset)");
    assert!(rule("silence").is_none());
    assert_eq!(rule("first-feedback").unwrap().severity, Severity::Error);
    let own = rule("agent-ends").unwrap();
    assert_eq!(own.kind, RuleKind::Existence(vec!["agent_completed".into()]));
    assert_eq!((own.origin.file.as_str(), own.origin.line), ("my.rules.toml", 13));
    assert_eq!(book.rules.len(), agent.rules.len() - 1);
    assert_eq!(book.lifecycles[0].subs[0].severity, Severity::Info);
    let run = book.reading.field("run").unwrap();
    let run = &book.reading.fields[usize::from(run.0)];
    assert_eq!(run.from, vec![Locator::Pointer("/r".into())]);
    let started: Vec<_> =
        book.reading.names.iter().filter(|naming| naming.name == "agent_started").collect();
    assert_eq!(started.len(), 1);
    assert_eq!(started[0].types, vec!["begin".to_owned()]);
}

#[test]
fn a_preset_may_extend_another() {
    let strict = presets::preset("agent-strict").unwrap();
    let agent = presets::preset("agent").unwrap();
    assert_eq!(strict.reading, agent.reading);
    assert_eq!(strict.lifecycles.len(), 1);
    assert_ne!(strict.lifecycles[0].pattern, agent.lifecycles[0].pattern);
    assert_eq!(strict.lifecycles[0].origin.file, "agent-strict (preset)");
}

#[test]
fn the_agent_preset_says_what_domain_facts_demand() {
    let book = presets::preset("agent").unwrap();
    let scope = |name: &str| book.scopes.iter().find(|scope| scope.name == name).unwrap();
    let run = book.reading.field("run").unwrap();
    assert_eq!(scope("run").key, vec![KeyPart::User, KeyPart::Field(run)]);
    assert_eq!(scope("run").begin, vec!["agent_started".to_owned()]);
    assert_eq!(scope("run").end.len(), 7);
    assert_eq!(book.scopes[0].name, "conn");
    assert_eq!(book.reading.type_of.absent, vec!["system_message".to_owned()]);
    let stands_for = |kind: &str| {
        let naming = book.reading.names.iter().find(|one| one.types.iter().any(|t| t == kind));
        naming.unwrap().name.clone()
    };
    assert_eq!(stands_for("agent_finished"), "agent_completed");
    assert_eq!(stands_for("tool_call"), "tool_executing");
    assert_eq!(stands_for("tool_result"), "tool_completed");
    let letter = |name: &str| book.letters.iter().find(|(event, _)| event == name).unwrap().1;
    let five = ["agent_started", "agent_thinking", "tool_executing", "tool_completed"];
    assert_eq!(five.map(letter), ['S', 'T', 'X', 'C']);
    assert!(book.limits.contains(&("latency".into(), 100_000_000)));
}

#[test]
fn the_thread_is_found_in_a_run_s_id() {
    let book = presets::preset("agent").unwrap();
    let thread = book.reading.fields.iter().find(|field| field.name == "thread").unwrap();
    let (from, pattern) = thread.derive.clone().unwrap();
    assert_eq!(from, "run");
    let regex = regex::Regex::new(&pattern).unwrap();
    let thread = |run: &str| regex.captures(run).map(|found| found[1].to_owned());
    let doubled = "thread_thread_86db_run_1756905054017_54480004";
    assert_eq!(thread(doubled).as_deref(), Some("thread_86db"));
    assert_eq!(thread("run_session_9"), None);
}

#[test]
fn every_part_of_the_language_is_read() {
    let book = read(include_str!("everything.toml"));
    assert_eq!(book.rules.len(), 33);
    let kinds: std::collections::HashSet<_> =
        book.rules.iter().map(|rule| std::mem::discriminant(&rule.kind)).collect();
    assert_eq!(kinds.len(), 31, "all kinds of RuleKind");
    let rule = |id: &str| book.rules.iter().find(|rule| rule.id == id).unwrap();
    let seq = book.reading.field("seq").unwrap();
    assert_eq!(
        rule("sequence").kind,
        RuleKind::Sequence {
            field: seq,
            start: Some(1),
            step: 2,
            reorder: 50_000_000,
            reset_on: vec!["hello".into()],
        }
    );
    assert_eq!(rule("reply").key, book.reading.field("call"));
    assert_eq!(rule("existence").at_end, AtEnd::Pending);
    assert_eq!(rule("not_before").kind, RuleKind::Precedence(vec!["b".into()], vec!["a".into()]));
    let naming = &book.reading.names[0];
    assert_eq!(naming.conditions[0].1, Condition::In(vec![Literal::Text("x".into())]));
    assert_eq!(
        naming.conditions[1].1,
        Condition::Range { from: Some(1.0), to: Some(2.5), open: (true, false) }
    );
    let ts = book.reading.field("ts").unwrap();
    assert_eq!(book.reading.fields[usize::from(ts.0)].value, ValueType::Time);
    let lifecycle = &book.lifecycles[0];
    assert!(lifecycle.strict && lifecycle.subs[0].sequential && !lifecycle.subs[0].drain);
    assert_eq!(lifecycle.weights, vec![("hello".to_owned(), 3)]);
    assert!(matches!(&lifecycle.pattern, Pattern::Sequence(parts) if parts.len() == 4));
}

#[test]
fn files_have_their_limits() {
    assert!(told(&"#".repeat(MAX_BYTES + 1)).contains("at most 1 MiB"));
    let many = "[[rule]]\n".repeat(1001);
    assert!(told(&many).contains("1000 are allowed"));
    assert!(told(&format!("a = {}1{}", "[".repeat(5000), "]".repeat(5000))).contains("error"));
    assert!(told(&format!("{}x = 1", "a.".repeat(100_000))).contains("too many dots"));
    let nested = format!("x = {}1{}", "{ a.a.a.a.a.a.a.a.a = ".repeat(79), "}".repeat(79));
    assert!(told(&nested).contains("error"));
    let near = format!("x = {}1", format!("{{ {}a = ", "a.".repeat(14)).repeat(70));
    assert!(told(&near).contains("error"));
}

#[test]
fn many_mistakes_are_told_once_each_and_not_for_ever() {
    let text = "[[rule]]\nid = 'x'\n".repeat(900);
    let checked = language::check("f", &text);
    assert!(checked.book.is_none());
    assert!((50..=100).contains(&checked.diagnostics.len()));
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC{0,200}|[\\[\\]{}a-z.=\"'\n#@$|&* 0-9]{0,300}") {
        told(&text);
    }

    #[test]
    fn a_rules_file_with_holes_is_read_without_a_panic(
        at in 0..WHOLE.len(),
        length in 0..200_usize,
        put in "\\PC{0,6}|[\\[\\]{}=\"'\n,]{1,3}",
    ) {
        let mut start = at;
        while !WHOLE.is_char_boundary(start) { start -= 1; }
        let mut end = (at + length).min(WHOLE.len());
        while !WHOLE.is_char_boundary(end) { end += 1; }
        told(&format!("{}{put}{}", &WHOLE[..start], &WHOLE[end..]));
    }
}

/// A rule with a schema in `file`, read where opening gives `opened`.
fn with_schema(opened: Result<&str, &str>) -> Checked {
    let text = "[[rule]]\nid = 'fits'\nscope = 'conn'\nschema = { event = 'a', file = 'a.json' }\n";
    let open = |name: &str| {
        assert_eq!(name, "a.json");
        opened.map(str::to_owned).map_err(str::to_owned)
    };
    language::check_with("my.rules.toml", text, &open)
}

#[test]
fn a_schema_is_read_with_the_rules_and_what_is_wrong_with_it_is_told_there() {
    let told = |opened| {
        let checked = with_schema(opened);
        let first = checked.diagnostics.first().map(|one| (one.line, one.message.clone()));
        first.unwrap_or_default()
    };
    assert!(with_schema(Ok("{\"type\": \"object\"}")).book.is_some());
    assert_eq!(told(Err("no such file")), (4, "\"a.json\" can't be read: no such file".into()));
    for (schema, why) in [
        ("{", "EOF while parsing"),
        ("{\"type\": 7}", "is no schema"),
        ("{\"$ref\": \"https://example.com/x.json\"}", "is no schema"),
        ("{\"$ref\": \"file:///etc/hostname\"}", "is no schema"),
        ("{\"pattern\": \"(\"}", "is no schema"),
    ] {
        let (line, message) = told(Ok(schema));
        assert!(line == 4 && message.contains(why), "{schema}: {message}");
    }
    let nested = format!("{}{}", "{\"not\": ".repeat(5000), "}".repeat(5000));
    assert!(told(Ok(&nested)).1.contains("is no schema"));
    // With the files that it names it says the same elsewhere, whatever is in them.
    for schema in [
        r#"{"type": "object"}"#,
        r#"{"title": "a.b\\ é ''' \" "}"#,
        "{\n\t\"title\": \"\u{2028}\u{fffd}\"}\n",
    ] {
        let text = "[[rule]]\nid = 'f'\nscope = 'conn'\nschema = { event = 'a', file = 'a.json' }";
        let whole = language::with_files(text, &with_schema(Ok(schema)).book.unwrap());
        let alone = read(&whole);
        let RuleKind::Schema { text: kept, .. } = &alone.rules[0].kind else { panic!("{whole}") };
        assert_eq!(kept.as_deref(), Some(schema));
        assert_eq!(language::with_files(&whole, &alone), whole);
    }
    let dots = format!("{{\"title\": \"{}\"}}", ".".repeat(4000));
    read(&language::with_files("", &with_schema(Ok(&dots)).book.unwrap()));
    // A text that came alone can be read, and says what it could not judge.
    let book = read("[[rule]]\nid = 'f'\nscope = 'conn'\nschema = { event = 'a', file = 'b' }\n");
    assert!(matches!(&book.rules[0].kind, RuleKind::Schema { text: None, .. }));
}

#[test]
fn limits_of_the_engine_are_read() {
    let book = read("[limits]\nmax_obligations = 3\nmax_findings = 7\n");
    assert_eq!((book.caps.obligations, book.caps.keys, book.caps.findings), (3, 1024, 7));
}
