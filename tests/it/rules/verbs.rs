//! `wiretape rules …`, as people and scripts see it.

use std::fs;

use wiretape::rules::presets;

use crate::sample::{Home, run, wiretape};

#[test]
fn presets_are_listed_and_shown() {
    let home = Home::empty();
    let listed = home.prints(&["rules", "list"]);
    assert!(listed.starts_with("agent                  AI chat: "), "{listed}");
    assert!(listed.contains("\nnone   "), "{listed}");
    // In a narrow terminal what a preset is for stays in its column.
    let mut narrow = wiretape(home.dir.path());
    let listed = narrow.env("COLUMNS", "60").args(["rules", "list"]).output().unwrap().stdout;
    let listed = String::from_utf8(listed).unwrap();
    let table = listed.lines().take_while(|line| !line.is_empty());
    assert!(table.clone().count() > presets::presets().len(), "{listed}");
    for line in table {
        assert!(line.chars().count() <= 60 && !line[23..].starts_with(' '), "{listed}");
    }
    let shown = home.prints(&["rules", "show", "agent"]);
    assert_eq!(shown, include_str!("../../../src/rules/presets/agent.toml"));
    let output = run(home.dir.path(), &["rules", "show", "agnet"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("did you mean agent?"), "{told}");
}

#[test]
fn a_file_of_one_s_own_begins_in_order_and_is_never_overwritten() {
    let home = Home::empty();
    for preset in ["agent", "json-rpc", "none"] {
        let file = format!("{preset}.toml");
        assert!(run(home.dir.path(), &["rules", "init", preset, "-o", &file]).status.success());
        let told = home.prints(&["rules", "lint", &file]);
        assert!(told.starts_with(&format!("{file}: in order, with ")), "{told}");
        // With its examples switched on it is still in order.
        let path = home.dir.path().join(&file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("\n#", "\n").replace("\n ", "\n# ")).unwrap();
        let told = home.prints(&["rules", "lint", &file]);
        assert!(told.contains(": in order, with "), "{told}\n{text}");
    }
    assert!(run(home.dir.path(), &["rules", "init"]).status.success());
    let path = home.dir.path().join("wiretape.rules.toml");
    fs::write(&path, "mine").unwrap();
    assert_eq!(run(home.dir.path(), &["rules", "init"]).status.code(), Some(2));
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn lint_tells_and_its_exit_code_too() {
    let home = Home::empty();
    let lint = |text: &[u8], arguments: &[&str]| {
        fs::write(home.dir.path().join("r.toml"), text).unwrap();
        let output = run(home.dir.path(), &[&["rules", "lint", "r.toml"], arguments].concat());
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, told) = lint(b"preset = 'agnet'\n", &[]);
    assert_eq!(code, Some(1));
    let expected = "\
error: there is no preset \"agnet\"
 --> r.toml:1:10
  |
1 | preset = 'agnet'
  |          ^^^^^^^ did you mean \"agent\"?

r.toml: 1 error
";
    assert_eq!(told, expected);
    let (code, told) = lint(b"preset = 'agnet'\n", &["--json"]);
    assert_eq!(code, Some(1));
    let expected = "{\"v\":1,\"kind\":\"lint\",\"file\":\"r.toml\",\"ok\":false,\"diagnostics\":[{\
        \"severity\":\"error\",\"line\":1,\"column\":10,\"start\":9,\"end\":16,\
        \"message\":\"there is no preset \\\"agnet\\\"\",\"hint\":\"did you mean \\\"agent\\\"?\"}],\
        \"scopes\":null,\"lifecycles\":null,\"rules\":null,\"memory\":[]}\n";
    assert_eq!(told, expected);
    assert_eq!(lint(b"\xff", &[]), (Some(3), String::new()));
    assert_eq!(lint(b"", &[]).0, Some(0));
    assert_eq!(run(home.dir.path(), &["rules", "lint", "no.toml"]).status.code(), Some(3));
    assert_eq!(run(home.dir.path(), &["rules", "lint"]).status.code(), Some(2));
}

#[test]
fn codes_are_explained() {
    let home = Home::empty();
    let page = home.prints(&["rules", "explain", "e102"]);
    assert!(page.starts_with("E102 missing: a start without its end\n"), "{page}");
    assert_eq!(home.prints(&["rules", "explain"]).lines().count(), 20);
    assert_eq!(run(home.dir.path(), &["rules", "explain", "E999"]).status.code(), Some(2));
}
