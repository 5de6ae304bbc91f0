//! `stats` and `--filter` through the binary, on the demo's recording: what they say is what a
//! naive walk over the frames' own texts gives.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::Value;

use crate::sample::run;

/// The demo's recording, and its messages: frame, time, direction, JSON.
struct Demo {
    folder: tempfile::TempDir,
    name: String,
    messages: Vec<(i64, u64, bool, Value, usize)>,
}

impl Demo {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/samples/demo.jsonl");
        let imported = run(folder.path(), &["import", sample.to_str().unwrap()]);
        let said = String::from_utf8(imported.stdout).unwrap();
        let name = said.split_whitespace().next().expect("a name").to_owned();
        let mut demo = Self { folder, name, messages: Vec::new() };
        for line in demo.prints(&["frames", "NAME", "--json"]).lines() {
            let frame: Value = serde_json::from_str(line).unwrap();
            let text = frame["message"]["text"].as_str().or(frame["text"].as_str()).unwrap_or("");
            let Ok(json) = serde_json::from_str::<Value>(text) else { continue };
            if !json.is_object() {
                continue;
            }
            let out = frame["direction"] == "c2s";
            let (id, at) = (frame["id"].as_i64().unwrap(), frame["read_ns"].as_u64().unwrap());
            demo.messages.push((id, at, out, json, text.len()));
        }
        assert!(demo.messages.len() > 2000, "{}", demo.messages.len());
        demo
    }

    fn prints(&self, args: &[&str]) -> String {
        let args: Vec<&str> =
            args.iter().map(|arg| if *arg == "NAME" { &*self.name } else { *arg }).collect();
        let output = run(self.folder.path(), &args);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Ids of the frames that a filter lets through.
    fn frames(&self, filter: &str) -> Vec<i64> {
        let lines = self.prints(&["frames", "NAME", "--json", "--filter", filter]);
        let frames = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        // Of a message of several frames all are shown; it is counted where it ends.
        let last = frames.filter(|frame| frame["fin"] == true);
        last.map(|frame| frame["id"].as_i64().unwrap()).collect()
    }

    fn of_type(&self, name: &str) -> Vec<&(i64, u64, bool, Value, usize)> {
        self.messages.iter().filter(|message| message.3["type"] == name).collect()
    }
}

fn near(told: &Value, mut exact: Vec<u64>) {
    exact.sort_unstable();
    assert_eq!(told["count"].as_u64(), Some(exact.len() as u64));
    assert_eq!(told["max"].as_u64(), exact.last().copied());
    for (name, mille) in [("p50", 500), ("p90", 900), ("p99", 990)] {
        let exact = exact[(exact.len() * mille).div_ceil(1000) - 1] as f64;
        let told = told[name].as_u64().unwrap() as f64;
        assert!((told - exact).abs() <= exact * 0.02, "{name}: {told} and not {exact}");
    }
}

#[test]
fn figures_are_those_of_a_walk() {
    let demo = Demo::new();
    let stats: Value =
        serde_json::from_str(&demo.prints(&["stats", "NAME", "--json", "--rules", "agent"]))
            .unwrap();
    assert_eq!((stats["v"].as_u64(), stats["kind"].as_str()), (Some(1), Some("stats")));
    let named = |list: &str, name: &str| {
        let list = stats[list].as_array().unwrap();
        list.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name}")).clone()
    };
    for name in ["stream_chunk", "agent_started", "tool_completed"] {
        let exact: Vec<u64> = demo.of_type(name).iter().map(|message| message.4 as u64).collect();
        let told = named("types", name);
        assert_eq!(told["events"].as_u64(), Some(exact.len() as u64), "{name}");
        assert_eq!(told["bytes"].as_u64(), Some(exact.iter().sum()), "{name}");
        near(&told["size"], exact);
    }
    // Times within runs, of all chunks.
    let (mut last, mut gaps) = (HashMap::new(), Vec::new());
    for (_, at, _, json, _) in &demo.messages {
        let Some(id) = json["run_id"].as_str() else { continue };
        // An event that went to somebody else is of a run of theirs.
        let key = (id.to_owned(), json["user_id"].as_str().map(str::to_owned));
        if let (Some(before), "stream_chunk") =
            (last.insert(key, *at), json["type"].as_str().unwrap())
        {
            gaps.push(at - before);
        }
    }
    near(&named("types", "stream_chunk")["gap_ns"], gaps);
    // Tools, by the ids of their calls.
    let (mut begun, mut took) = (HashMap::new(), BTreeMap::<String, Vec<u64>>::new());
    for (_, at, _, json, _) in &demo.messages {
        let (Some(call), Some(called)) =
            (json["payload"]["tool_call_id"].as_str(), json["payload"]["tool_name"].as_str())
        else {
            continue;
        };
        match json["type"].as_str() {
            Some("tool_executing") => drop(begun.insert(call.to_owned(), *at)),
            Some("tool_completed") => {
                if let Some(since) = begun.remove(call) {
                    took.entry(called.to_owned()).or_default().push(at - since);
                }
            }
            _ => {}
        }
    }
    for (tool, times) in took.into_iter().filter(|(_, times)| times.len() > 10) {
        near(&named("tools", &tool)["took_ns"], times);
    }
    assert_eq!(named("tools", "search_costs")["no_end"], 1, "the planted bug");
    assert_eq!(stats["runs"]["count"].as_u64(), Some(69));
}

#[test]
fn tables_fit_eighty_columns() {
    let demo = Demo::new();
    let mut command = crate::sample::wiretape(demo.folder.path());
    command.env("COLUMNS", "80");
    let output = command.args(["stats", &demo.name]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for words in ["stream_chunk", "search_costs", "user_07", "63 agent_completed", "slowest run"] {
        assert!(text.contains(words), "{words}:\n{text}");
    }
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let only = demo.prints(&["stats", "NAME", "--by", "tool"]);
    assert!(only.contains("run_sql") && !only.contains("user_07"), "{only}");
}

#[test]
fn filters_give_the_frames_that_a_walk_gives() {
    let demo = Demo::new();
    let walked = |is: &dyn Fn(&Value, bool, usize) -> bool| -> Vec<i64> {
        let messages = demo.messages.iter().filter(|message| is(&message.3, message.2, message.4));
        messages.map(|message| message.0).collect()
    };
    let text = |json: &Value, key: &str| json[key].as_str().unwrap_or("").to_owned();
    assert_eq!(
        demo.frames("type:tool_executing"),
        walked(&|json, _, _| json["type"] == "tool_executing")
    );
    assert_eq!(
        demo.frames("$.payload.tool_name=search_costs"),
        walked(&|json, _, _| json["payload"]["tool_name"] == "search_costs")
    );
    assert_eq!(
        demo.frames("dir:out has:$.payload.content"),
        walked(&|json, out, _| out && json["payload"]["content"].is_string())
    );
    assert_eq!(
        demo.frames("type:agent_* (size>700 or $.run_id:*_658d3588)"),
        walked(&|json, _, size| text(json, "type").starts_with("agent_")
            && (size > 700 || text(json, "run_id").ends_with("_658d3588")))
    );
    let lacking = demo.frames("lacks:agent_completed type:agent_started");
    assert!(!lacking.is_empty() && lacking.len() < 10, "{lacking:?}");
}

#[test]
fn people_are_told_what_was_meant_and_what_to_drop() {
    let demo = Demo::new();
    let output = run(demo.folder.path(), &["frames", &demo.name, "--filter", "type:tool_* dt>99s"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.stdout, b"");
    assert_eq!(stderr, "0 of 2,316 events. Without `dt>99s`: 258.\n");
    let output = run(demo.folder.path(), &["frames", &demo.name, "--filter", "usr:x"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr.contains("there is no field usr") && stderr.contains("did you mean user?"),
        "{stderr}"
    );
    let drawn = demo.prints(&["timeline", "NAME", "--filter", "flag:E102"]);
    assert!(drawn.contains("user_07") && !drawn.contains("user_03"), "{drawn}");
    assert!(drawn.contains("flagged E102"), "{drawn}");
}

#[test]
fn keys_are_told_where_they_are_and_guessed_where_they_are_not() {
    let demo = Demo::new();
    let keys: Value =
        serde_json::from_str(&demo.prints(&["rules", "keys", "NAME", "--json"])).unwrap();
    let field = |name: &str| {
        keys["fields"]
            .as_array()
            .unwrap()
            .iter()
            .find(|field| field["name"] == name)
            .unwrap()
            .clone()
    };
    let calls =
        demo.messages.iter().filter(|message| message.3["payload"]["tool_call_id"].is_string());
    assert_eq!(field("call")["found"].as_u64(), Some(calls.count() as u64));
    let runs = demo.messages.iter().filter(|message| message.3["run_id"].is_string()).count();
    let place = |found: &Value| found["places"].as_array().unwrap()[0]["found"].as_u64();
    assert_eq!(place(&field("run")), Some(runs as u64));
    assert_eq!(keys["guesses"].as_array().map(Vec::len), Some(0), "the rules fit");
    let text = demo.prints(&["rules", "keys", "NAME", "--rules", "json-rpc"]);
    for line in
        ["type = \"/type\"", "user = \"/user_id\"", "run = \"/run_id\"", "thread = \"/thread_id\""]
    {
        assert!(text.contains(line), "{line}:\n{text}");
    }
}

#[test]
fn a_rule_that_all_break_is_suspected_first() {
    let demo = Demo::new();
    let rules = "version = 1\npreset = 'agent'\n[[rule]]\nid = 'only-one'\nscope = 'session'\n\
        exactly_one = 'agent_started'\n";
    std::fs::write(demo.folder.path().join("mine.toml"), rules).unwrap();
    let said = |args: &[&str]| {
        let output = run(demo.folder.path(), args);
        String::from_utf8(output.stdout).unwrap().lines().take(3).collect::<String>()
    };
    let told = said(&["check", &demo.name, "--rules", "mine.toml"]);
    assert!(told.contains("rule or key probably wrong: only-one is violated in"), "{told}");
    assert!(!said(&["check", &demo.name]).contains("probably wrong"));
    let learned = run(demo.folder.path(), &["check", &demo.name, "--rules", "pairs"]);
    let learned = String::from_utf8(learned.stdout).unwrap().replace("\n    ", " ");
    assert!(learned.contains("tool_executing → tool_completed by call"), "{learned}");
    assert!(!learned.contains("E106"), "parallel calls are no repeats: {learned}");
}
