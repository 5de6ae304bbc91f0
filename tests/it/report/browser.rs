//! A real Chromium, driven over its `DevTools` protocol: steps in, what came of them out.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::peers::{chromium, has, script};

/// What came of a walk.
pub(super) struct Walked {
    /// One value for each step.
    pub(super) values: Vec<Value>,
    /// All addresses that the page asked for.
    pub(super) requests: Vec<String>,
    /// Exceptions, errors on the console, breaches of the content security policy, dialogs.
    pub(super) errors: Vec<String>,
}

/// Takes these steps in a browser; `None`, loudly, where there is no browser.
pub(super) fn walk(steps: &[Value]) -> Option<Walked> {
    let node = Command::new("node").arg("--version").output().is_ok();
    let chromium = chromium();
    if !has("Node.js", node) || !has("Chromium", chromium.is_some()) {
        return None;
    }
    let profile = tempfile::tempdir().expect("a folder");
    let mut command = Command::new("node");
    // Node 20 has its WebSocket behind this word; later ones know the word still.
    command.arg("--experimental-websocket").arg(script("browser.mjs"));
    command.arg(chromium?).arg(profile.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("node runs");
    let plan = serde_json::to_vec(steps).expect("JSON");
    child.stdin.take().expect("a pipe").write_all(&plan).expect("node listens");
    let output = child.wait_with_output().expect("node ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let told: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    let texts = |name: &str| -> Vec<String> {
        let texts = told[name].as_array().expect("an array").iter();
        texts.map(|text| text.as_str().expect("a text").to_owned()).collect()
    };
    let values = told["values"].as_array().expect("an array").clone();
    Some(Walked { values, requests: texts("requests"), errors: texts("errors") })
}

/// Opens a file, and waits until its viewer is usable.
pub(super) fn open(path: &Path, link: &str) -> [Value; 2] {
    [
        json!({ "open": format!("file://{}{link}", path.display()) }),
        json!({ "until": "Boolean(document.documentElement.dataset.ready)" }),
    ]
}
