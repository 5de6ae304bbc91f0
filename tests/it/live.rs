//! `record` checks what it records: by rules that fit, as it comes, and as `check` does afterwards.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::sample::{run, wiretape};
use crate::support::load::{connect, serve};
use crate::support::proxy::{Ended, Options, RunningProxy, start_proxy};

/// A text frame as a server sends it.
fn text(body: &str) -> Vec<u8> {
    let mut frame = match u8::try_from(body.len()) {
        Ok(short @ ..126) => vec![0x81, short],
        _ => [&[0x81, 126][..], &u16::try_from(body.len()).unwrap().to_be_bytes()].concat(),
    };
    frame.extend_from_slice(body.as_bytes());
    frame
}

pub(crate) fn of_run(kind: &str, run: &str, tool: &str) -> String {
    format!(
        r#"{{"type":"{kind}","run_id":"{run}","agent_name":"a","payload":{{"tool_name":"{tool}"}}}}"#
    )
}

/// The same, without the agent's name.
fn of_nobody(line: &str) -> String {
    line.replace(r#","agent_name":"a""#, "")
}

/// A server that says what it is told to, to its one client, until nobody tells it any more.
pub(crate) fn puppet() -> (SocketAddr, Sender<String>) {
    let (say, lines) = channel::<String>();
    let lines = Arc::new(Mutex::new(lines));
    let server = serve(move |mut socket: TcpStream| {
        for line in lines.lock().unwrap().iter() {
            socket.write_all(&text(&line)).unwrap();
        }
        // A close frame, 1000, and the end.
        socket.write_all(&[0x88, 2, 3, 0xe8]).unwrap();
    });
    (server, say)
}

/// Ends all, in order; what `check` says of the recording.
fn end(proxy: RunningProxy, mut client: TcpStream, say: Sender<String>) -> (Ended, Value) {
    drop(say);
    client.read_to_end(&mut Vec::new()).unwrap();
    drop(client);
    proxy.event("connection_closed");
    let ended = proxy.terminate();
    let folder = ended.recording.parent().unwrap();
    let checked = run(folder, &["check", ended.recording.to_str().unwrap(), "--json"]);
    let checked = serde_json::from_slice(&checked.stdout).unwrap();
    (ended, checked)
}

fn errors(checked: &Value) -> usize {
    let findings = checked["findings"].as_array().unwrap();
    findings.iter().filter(|finding| finding["severity"] == "error").count()
}

/// A run that ends with a call open.
const OPEN_CALL: [&str; 4] =
    ["agent_started", "agent_thinking", "tool_executing", "agent_completed"];

#[test]
fn without_rules_those_that_fit_are_taken_and_a_call_that_never_ended_is_told_in_time() {
    let (server, say) = puppet();
    let proxy = start_proxy(server, Options::args(&["--fail-on", "error"]));
    let client = connect(proxy.address).unwrap();
    for kind in OPEN_CALL {
        say.send(of_run(kind, "R", "search")).unwrap();
    }
    let rules = proxy.event("rules");
    assert!(rules["chosen"].as_str().unwrap().starts_with("rules agent: 4 of"), "{rules}");
    // The run lingers for a minute; nobody waits for that.
    let told = proxy.event("finding");
    assert_eq!(
        (&told["finding"]["code"], &told["status"]),
        (&"E102".into(), &"provisional".into())
    );
    let (ended, checked) = end(proxy, client, say);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert!(ended.of_kind("finding").is_empty(), "told once: {:?}", ended.events);
    assert_eq!(ended.of_kind("checked")[0]["errors"], 1);
    assert_eq!(checked["findings"][0]["id"], told["finding"]["id"], "{checked}");
    assert!(checked["chosen"].as_str().unwrap().starts_with("rules agent"), "{checked}");
}

#[test]
fn what_is_taken_back_is_not_counted() {
    let (server, say) = puppet();
    let proxy = start_proxy(server, Options::args(&["--fail-on", "error"]));
    let client = connect(proxy.address).unwrap();
    for kind in OPEN_CALL {
        let line = of_run(kind, "R", "search");
        say.send(if kind.starts_with("tool") { of_nobody(&line) } else { line }).unwrap();
    }
    let told = proxy.event("finding");
    assert_eq!(told["finding"]["code"], "E102");
    // Late, and of no agent: that is no defect by these rules.
    say.send(of_nobody(&of_run("tool_completed", "R", "search"))).unwrap();
    let withdrawn = proxy.event("finding_withdrawn");
    assert_eq!(withdrawn["id"], told["finding"]["id"]);
    let (ended, checked) = end(proxy, client, say);
    assert_eq!(errors(&checked), 0, "{checked}");
    assert_eq!(ended.of_kind("checked")[0]["errors"], 0);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
}

#[test]
fn where_no_rules_fit_or_none_are_wanted_nothing_is_said() {
    for (args, is_warned) in
        [(&["--fail-on", "error"][..], true), (&[], false), (&["--rules", "none"], false)]
    {
        let (server, say) = puppet();
        let proxy = start_proxy(server, Options::args(args));
        let client = connect(proxy.address).unwrap();
        for at in 0..20 {
            say.send(format!("just text {at}")).unwrap();
        }
        let (ended, _) = end(proxy, client, say);
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        for kind in ["rules", "finding", "checked"] {
            assert!(ended.of_kind(kind).is_empty(), "{args:?}: {:?}", ended.events);
        }
        let warned = ended.of_kind("notice").iter().any(|notice| {
            notice["text"].as_str().is_some_and(|text| text.contains("nothing was checked"))
        });
        assert_eq!(warned, is_warned, "{args:?}");
    }
}

#[test]
fn pairs_are_learned_from_the_whole_and_judged_at_its_end() {
    let (server, say) = puppet();
    let proxy = start_proxy(server, Options::args(&["--rules", "pairs", "--fail-on", "warning"]));
    assert!(proxy.event("rules")["chosen"].as_str().unwrap().contains("judged at the end"));
    let client = connect(proxy.address).unwrap();
    for at in 0..10 {
        say.send(format!(r#"{{"type":"job_started","run_id":"{at}"}}"#)).unwrap();
        if at != 4 {
            say.send(format!(r#"{{"type":"job_done","run_id":"{at}"}}"#)).unwrap();
        }
    }
    let (ended, checked) = end(proxy, client, say);
    let chosen = ended.of_kind("rules")[0]["chosen"].as_str().unwrap();
    assert!(chosen.contains("job_started → job_done"), "{chosen}");
    let found = ended.of_kind("finding");
    assert_eq!(found.len(), 1, "{:?}", ended.events);
    assert_eq!(found[0]["finding"]["id"], checked["findings"][0]["id"], "{checked}");
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
}

/// What people see: of a kind three, and then how many more; every one is counted.
#[test]
fn repeats_are_counted() {
    let (server, say) = puppet();
    let folder = tempfile::tempdir().unwrap();
    let mut command = wiretape(folder.path());
    let url = format!("ws://{server}");
    command.args(["record", &url, "--listen", "127.0.0.1:0", "--rules", "agent"]);
    let mut record = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(record.stderr.take().unwrap());
    let mut said = String::new();
    let mut read_to = |said: &mut String, words: &str| {
        let from = said.len();
        while !said[from..].contains(words) {
            assert!(stderr.read_line(said).unwrap() > 0, "not said: {words}; {said}");
        }
    };
    read_to(&mut said, "Point your app at");
    let point = said.split("ws://").nth(1).unwrap().split_whitespace().next().unwrap();
    let mut client = connect(point.parse().unwrap()).unwrap();
    for at in 0..17 {
        for kind in OPEN_CALL {
            say.send(of_run(kind, &format!("R{at}"), "search")).unwrap();
        }
    }
    read_to(&mut said, "… 14 more of this kind: E102 tool_completed");
    drop(say);
    client.read_to_end(&mut Vec::new()).unwrap();
    assert!(Command::new("kill").arg(record.id().to_string()).status().unwrap().success());
    read_to(&mut said, "File ");
    record.wait().unwrap();
    assert_eq!(said.matches("✖ E102").count(), 3, "{said}");
    assert_eq!(said.matches("see it  wiretape check").count(), 1, "{said}");
    assert!(said.contains("Checked     17 errors"), "{said}");
}

/// What the recorder's own reader closes must not cost its writer the lock on the file: without
/// it, a program that looks at the recording takes its log for left behind, and removes it.
#[test]
fn who_checks_what_is_recorded_leaves_the_recorder_its_lock() {
    use std::os::unix::fs::MetadataExt as _;
    let (server, say) = puppet();
    let proxy = start_proxy(server, Options::default());
    let inode = std::fs::metadata(&proxy.recording).unwrap().ino();
    let is_locked = || {
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        let ours = [format!(" {} ", proxy.pid), format!(":{inode} ")];
        locks.lines().any(|lock| {
            lock.contains(" POSIX ") && ours.iter().all(|part| lock.contains(part.as_str()))
        })
    };
    assert!(is_locked(), "while nobody looks");
    let client = connect(proxy.address).unwrap();
    for kind in OPEN_CALL {
        say.send(of_run(kind, "R", "search")).unwrap();
    }
    proxy.event("finding");
    assert!(is_locked(), "after it was opened by who checks it");
    end(proxy, client, say);
}
