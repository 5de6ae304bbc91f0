//! What a browser makes of it.

use serde_json::json;
use wiretape::report::View;

use super::browser::{open, walk};
use super::{bundle, demo, written};

#[test]
fn it_opens_from_a_file_and_asks_for_nothing() {
    let path = written("demo", &bundle(demo(), "agent", View::default()));
    let mut steps = vec![json!({ "size": [1280, 800] })];
    steps.extend(open(&path, ""));
    steps.push(json!({ "value": "document.title" }));
    let Some(walked) = walk(&steps) else { return };
    assert_eq!(walked.errors, Vec::<String>::new());
    assert_eq!(walked.requests.len(), 1, "{:?}", walked.requests);
    assert_eq!(walked.values.last().unwrap(), "tool_completed never arrived");
}
