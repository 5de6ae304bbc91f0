//! Payloads that would rather be markup, wherever a payload can stand: they are text, and nothing
//! of them runs.

use std::borrow::Cow;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use wiretape::report::View;
use wiretape::wire::{Close, Connection, Direction, Fact, Note};

use super::browser::{open, walk};
use super::viewer::assert_silent;
use super::{bundle, text_frame, written};
use crate::sample;

const TEXTS: [&str; 16] = [
    "</script><script>pwned = 1</script>",
    "<!--<script>pwned = 1</script>",
    "]]><script>pwned = 1</script>",
    "<img src=x onerror='pwned = 1'>",
    "<svg/onload=pwned=1>",
    "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "<a href='javascript:pwned=1'>press</a>",
    "javascript:pwned=1",
    "</title></style></pre></noscript><script>pwned = 1</script>",
    "\u{2028}pwned = 1\u{2029}",
    "\u{202e}txet desrever\u{2066}\u{200b}",
    "' onmouseover=pwned=1 \" onfocus=pwned=1 autofocus x='",
    "{{script}}{{blocks}}${pwned=1}`${pwned=1}`",
    "<>&\"'`=/\\ &lt;b&gt; &#60;b&#62; \0\u{1}\u{7f}\u{9b}31m",
    "<style>*{display:none}</style><meta http-equiv=refresh content=0>",
    "<form action=//x><input name=attributes><button>",
];

/// Everything that can be said, in every place where it can be said.
fn facts() -> Vec<Fact<'static>> {
    let mut recording = sample::recording();
    recording.name = TEXTS[0].into();
    let mut facts = vec![Fact::Recording(recording)];
    for (at, text) in TEXTS.iter().enumerate() {
        let id = at as i64 + 1;
        facts.push(Fact::Connection(connection(id, text)));
        let first = id * 100;
        let start = 1_000_000_000 * id.unsigned_abs();
        let event = |kind: &str| {
            json!({ "type": kind, "run_id": text, "user_id": text, "thread_id": text,
                "payload": { "tool_name": text, "call_id": text, *text: [text, { "n": 1 }] } })
            .to_string()
        };
        let events = ["agent_started", "agent_thinking", "tool_executing", text, "agent_started"];
        for (step, kind) in events.iter().enumerate() {
            facts.push(text_frame(
                first + step as i64,
                id,
                &event(kind),
                start + step as u64 * 1_000_000,
            ));
        }
        facts.push(text_frame(first + 5, id, text, start + 6_000_000));
        let mut close = sample::frame(
            first + 6,
            id,
            Direction::ServerToClient,
            0x88,
            &[b"\x03\xf3", text.as_bytes()].concat(),
        );
        close.stamp.read_ns = start + 7_000_000;
        facts.push(Fact::Frame(close));
        facts.push(Fact::Note(Note {
            id,
            first_frame: Some(first),
            last_frame: Some(first),
            text: (*text).into(),
            author: (*text).into(),
            at_ns: 1,
            ..Note::default()
        }));
    }
    facts
}

fn connection(id: i64, text: &str) -> Connection {
    let head =
        |line: &str| format!("{line}\r\nX-Said: {}\r\n\r\n", text.replace(['\0', '\r', '\n'], " "));
    Connection {
        id,
        opened_ns: 1_000_000_000 * id.unsigned_abs() - 1000,
        client: text.into(),
        server: text.into(),
        request_head: head(&format!("GET /ws?user={text} HTTP/1.1")).into_bytes(),
        response_head: head("HTTP/1.1 101 Switching Protocols").into_bytes(),
        status: Some(101),
        closed_ns: Some(1_000_000_000 * id.unsigned_abs() + 8_000_000),
        ending: Some(wiretape::wire::Ending::Eof),
        detail: Some(text.into()),
        close: [None, Some(Close { code: Some(1011), reason: text.as_bytes().to_vec() })],
        ..Connection::default()
    }
}

fn report() -> std::path::PathBuf {
    let mut bundle = bundle(facts(), "agent", View::default());
    bundle.title = TEXTS.join(" ");
    bundle.rules_text = TEXTS.join("\n");
    let manifest = &mut bundle.manifest;
    for field in
        [&mut manifest.tool, &mut manifest.rules, &mut manifest.scope, &mut manifest.redact]
    {
        *field = TEXTS.join(" ");
    }
    manifest.meta = TEXTS.iter().map(|text| (text.to_string(), text.to_string())).collect();
    manifest.hidden_by = TEXTS.iter().map(|text| (text.to_string(), 1)).collect();
    written("hostile", &bundle)
}

/// How much is in the page that the viewer did not put there.
const STRANGE: &str = "document.querySelectorAll('img, iframe, a, svg, object, embed, form, \
    meta[http-equiv=refresh], style:not(head style), [onerror], [onload], [onmouseover], [onfocus], \
    input:not(#filter, #seek)').length + document.scripts.length - 4";

/// Goes everywhere, shows everything, and tells what became markup.
const EVERYWHERE: &str = "(async () => {
    const drawn = () => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
    const draw = () => [timeline, frames, inspector, findings, player].forEach((pane) => pane.draw());
    const odd = [];
    showTable();
    await drawn();
    odd.push(strange());
    showTable();
    for (const finding of sight.findings) { toFinding(finding.number); draw(); odd.push(strange()); }
    for (const mode of ['tree', 'raw', 'hex']) {
        for (const event of sight.events.filter(({ number }) => mode === 'tree' || number % 5 === 0)) {
            set({ mode, only: event.number % 2 === 0 });
            toEvent(event.number);
            draw();
            document.querySelectorAll('details').forEach((node) => { node.open = true; node.ontoggle?.(); });
            odd.push(strange());
        }
    }
    for (const key of ['show-about', 'show-keys']) document.getElementById(key).click();
    document.querySelectorAll('#notes button, .bar button').forEach((button) => button.click());
    await drawn();
    odd.push(strange());
    return [Math.max(...odd), typeof pwned, odd.length];
})()";

/// The texts that are shown as they are, what hides in them made visible.
const SHOWN: &str = "sight.events.filter((event) => event.frame % 100 === 5).map((event) => {
    set({ mode: 'raw' }); toEvent(event.number); inspector.draw();
    return document.querySelector('#inspector .raw').textContent; })";

#[test]
fn texts_that_would_be_markup_are_shown_and_do_not_run() {
    let mut steps = vec![json!({ "size": [1280, 800] })];
    steps.extend(open(&report(), "#f=E102"));
    steps.push(json!({ "value": format!("strange = () => {STRANGE}; {EVERYWHERE}") }));
    steps.push(json!({ "value": SHOWN }));
    steps
        .push(json!({ "value": "[document.title, document.getElementById('title').textContent]" }));
    let Some(walked) = walk(&steps) else { return };
    assert_silent(&walked);
    let [.., became, shown, title] = &walked.values[..] else { panic!("three values") };
    assert_eq!([&became[0], &became[1]], [&json!(0), &json!("undefined")]);
    assert!(became[2].as_u64().unwrap() > 150, "everything was looked at");
    let expected: Vec<String> = TEXTS.iter().map(|text| visible(text).into_owned()).collect();
    assert_eq!(*shown, json!(expected));
    assert_eq!(title[0], title[1]);
    assert!(title[0].as_str().unwrap().starts_with("</script><script>pwned = 1</script> <!--"));
}

/// What does not show as itself, by its number.
fn visible(text: &str) -> Cow<'_, str> {
    let hides = |c: &char| !wiretape::wire::prints(*c);
    if !text.chars().any(|c| hides(&c)) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| if hides(&c) { format!("\\u{{{:x}}}", c as u32) } else { c.to_string() };
    Cow::Owned(text.chars().map(shown).collect())
}

/// The same file with a viewer that takes texts for markup: the trap must snap.
#[test]
fn a_viewer_that_took_texts_for_markup_would_be_caught() {
    let html = fs::read_to_string(report()).unwrap();
    let (before, rest) = html.split_once("\n<script>").unwrap();
    let (script, after) = rest.split_once("</script>").unwrap();
    let safe = "tell(row.children[cell], visible(text))";
    assert_eq!(script.matches(safe).count(), 1);
    let unsafe_script = script.replace(safe, "row.children[cell].innerHTML = text");
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    let before = before.replace(&hash(script), &hash(&unsafe_script));
    let path = super::folder().join("mutant.html");
    fs::write(&path, format!("{before}\n<script>{unsafe_script}</script>{after}")).unwrap();
    let mut steps = open(&path, "").to_vec();
    steps.push(json!({ "value": format!("set({{ only: false }}); frames.draw(); {STRANGE}") }));
    let Some(walked) = walk(&steps) else { return };
    let became = walked.values.last().and_then(Value::as_i64);
    assert!(became > Some(0), "{became:?}");
}
