//! A filter that is being typed, and what was seen in the recording → how it may go on.

use super::app::App;
use super::json;
use super::tape::Tape;
use crate::rules::Code;

/// What is offered: more than a line holds, and than anyone steps through.
const MOST: usize = 200;

/// Fields, as they are typed.
const FIELDS: [&str; 16] = [
    "type:", "user:", "run:", "thread:", "call:", "op:", "dir:", "flag:", "lacks:", "around:",
    "has:", "size>", "dt>", "lat>", "conn:", "not ",
];

const OPS: [&str; 9] =
    ["text", "binary", "close", "ping", "pong", "open", "abort", "refused", "gap"];

/// Ways to go on from `text`, each the whole text; the likeliest first.
pub(super) fn ways(app: &App, text: &str) -> Vec<String> {
    let begin = text.rfind([' ', '(']).map_or(0, |at| at + 1);
    let (before, word) = text.split_at(begin);
    // Within quotes nothing is known.
    if before.matches('"').count() % 2 == 1 {
        return Vec::new();
    }
    let mut words = words(app, word);
    words.retain(|way| way != word);
    words.truncate(MOST);
    words.into_iter().map(|way| format!("{before}{way}")).collect()
}

fn words(app: &App, word: &str) -> Vec<String> {
    if let Some(name) = word.strip_prefix('@') {
        let names = app.saved.keys().filter(|known| known.starts_with(name));
        return names.map(|name| format!("@{name}")).collect();
    }
    let Some(tape) = &app.tape else { return Vec::new() };
    if word.starts_with('$') {
        return paths(app, word);
    }
    if let Some(path) = word.strip_prefix("has:") {
        let path = if path.is_empty() { "$" } else { path };
        return paths(app, path).into_iter().map(|path| format!("has:{path}")).collect();
    }
    let Some((field, typed)) = word.split_once(':') else {
        let fields = FIELDS.into_iter().filter(|field| field.starts_with(word));
        return fields.map(str::to_owned).collect();
    };
    let typed = typed.to_lowercase();
    let mut values = values(tape, field);
    values.retain(|value| value.to_lowercase().contains(&typed));
    // What begins so comes before what has it further on.
    values.sort_by_key(|value| !value.to_lowercase().starts_with(&typed));
    values.into_iter().map(|value| format!("{field}:{}", quoted(&value))).collect()
}

/// What a field was seen to be.
fn values(tape: &Tape, field: &str) -> Vec<String> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    match field {
        "type" | "lacks" => {
            let types = tape.pulse.iter().flat_map(|pulse| &pulse.types);
            types.map(|line| line.name.clone()).collect()
        }
        "user" => tape.users.iter().map(|user| user.name.clone()).collect(),
        "run" => (0..tape.runs.len() as u32).take(MOST * 10).map(|run| tape.run_id(run)).collect(),
        "dir" => texts(&["out", "in"]),
        "op" => texts(&OPS),
        "flag" => {
            let words = ["error", "warning", "info", "any"].map(str::to_owned);
            words.into_iter().chain(codes(tape)).collect()
        }
        "around" => codes(tape),
        _ => Vec::new(),
    }
}

/// Codes of what was found, each once.
fn codes(tape: &Tape) -> Vec<String> {
    let found = |code: &Code| tape.by_time.iter().any(|at| tape.findings[*at].code == *code);
    Code::ALL.into_iter().filter(found).map(Code::text).collect()
}

/// Places in the payload at hand.
fn paths(app: &App, typed: &str) -> Vec<String> {
    let shown = app.payload.as_ref().and_then(|(_, shown)| shown.as_ref().ok());
    let Some(text) = shown.and_then(|shown| shown.json.as_ref()) else { return Vec::new() };
    let lines = json::lines(text);
    let paths = (0..lines.len()).map(|line| json::path(&lines, line));
    let mut fitting: Vec<String> = paths.filter(|path| path.starts_with(typed)).collect();
    let mut seen = std::collections::HashSet::new();
    fitting.retain(|path| path != "$" && seen.insert(path.clone()));
    fitting
}

/// As a filter takes it for one word.
fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    if value.chars().all(is_plain) {
        return value.to_owned();
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A filter with what names stand for in their places: `@slow dir:in` → `(dt>2s) dir:in`.
pub(super) fn expand(app: &App, text: &str) -> Result<String, String> {
    let lookup = |name: &str| app.saved.get(name).cloned();
    crate::events::filter::expand(text, &lookup).map_err(|name| {
        let known: Vec<String> = app.saved.keys().map(|name| format!("@{name}")).collect();
        let known = if known.is_empty() {
            "none is kept; :save NAME keeps the one there is".to_owned()
        } else {
            format!("there is {}", known.join(", "))
        };
        format!("no filter is called @{name}: {known}")
    })
}
