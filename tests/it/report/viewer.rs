//! What a browser makes of it: opens, plays, steps, filters, follows links, wide and narrow.

use std::fs;

use serde_json::{Value, json};
use wiretape::report::View;

use super::browser::{Walked, open, walk};
use super::seen::Seen;
use super::{bundle, copies, demo, text_frame, written};

/// A screen on a desk, and a telephone.
const SIZES: [[u32; 2]; 2] = [[1280, 800], [390, 844]];

/// Nothing was asked for but the file, and nothing went wrong.
#[track_caller]
pub(super) fn assert_silent(walked: &Walked) {
    assert_eq!(walked.errors, Vec::<String>::new());
    let others = walked.requests.iter().filter(|url| !url.starts_with("file://"));
    assert_eq!(others.collect::<Vec<_>>(), Vec::<&String>::new());
}

/// What is selected in the list of frames.
const SELECTED: &str = "document.querySelector('#rows [aria-selected=true]')?.textContent ?? ''";

/// Draws what is due, and gives a value.
fn drawn(expression: &str) -> Value {
    let script = format!(
        "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn({expression}))))"
    );
    json!({ "value": script })
}

/// A walk from a link, at a size; gives the values of those steps that have one.
fn at(path: &std::path::Path, size: [u32; 2], link: &str, steps: Vec<Value>) -> Option<Vec<Value>> {
    let mut all = vec![json!({ "size": size })];
    all.extend(open(path, link));
    let before = all.len();
    all.extend(steps);
    let walked = walk(&all)?;
    assert_silent(&walked);
    let asked = |step: &Value| step.get("value").is_some();
    let values = walked.values.into_iter().zip(&all).skip(before);
    Some(values.filter(|(_, step)| asked(step)).map(|(value, _)| value).collect())
}

#[test]
fn it_opens_from_a_file_and_shows_what_is_wrong_where() {
    let path = written("demo", &bundle(demo(), "agent", View::default()));
    for size in SIZES {
        let shot = path.with_file_name(format!("demo-{}.png", size[0]));
        let steps = vec![
            drawn("document.title"),
            drawn("document.querySelectorAll('#findings > :is(.error, .warning)').length"),
            drawn("document.querySelector('#findings .open').textContent"),
            drawn("document.querySelector('#lanes').ariaLabel"),
            // Lanes are drawn: more than a few colours, as wide as the screen.
            drawn(
                "(() => { const { ink, canvas } = timeline; const colours = new Set(new Uint32Array(\
                 ink.getImageData(0, 0, canvas.width, canvas.height).data.buffer)); \
                 return [colours.size > 20, canvas.clientWidth, document.documentElement.scrollWidth]; })()",
            ),
            drawn("document.getElementById('inspector').textContent"),
            json!({ "shot": shot }),
        ];
        let Some(values) = at(&path, size, "", steps) else { return };
        assert_eq!(values[0], "tool_completed never arrived");
        assert_eq!(values[1], 8);
        let card = values[2].as_str().unwrap();
        assert!(card.contains("✖") && card.contains("What E10"), "{card}");
        let told = values[3].as_str().unwrap();
        assert!(told.contains("12 users") && told.contains("75 findings"), "{told}");
        assert_eq!(values[4][0], true);
        assert!(values[4][1].as_u64().unwrap() > u64::from(size[0]) - 40, "{}", values[4]);
        assert_eq!(values[4][2], size[0], "nothing is wider than the screen");
        assert!(values[5].as_str().unwrap().contains("user_"), "{}", values[5]);
    }
}

#[test]
fn a_link_leads_to_a_finding_and_its_missing_row() {
    let path = written("link", &bundle(demo(), "agent", View::default()));
    for size in SIZES {
        let steps = vec![
            drawn(SELECTED),
            drawn("location.hash"),
            // The address can change without the page being opened anew.
            json!({ "value": "void (location.hash = '#f=w203')" }),
            json!({ "until": "document.querySelector('#findings .open')?.textContent.includes('W203')" }),
            json!({ "value": "void (location.hash = '#t=20&q=dir:out')" }),
            json!({ "until": "state.filter.text === 'dir:out'" }),
            drawn("[state.at, document.getElementById('filter').value]"),
            json!({ "value": "void (location.hash = '#f=E999')" }),
            json!({ "until": "document.getElementById('said').textContent.includes('no finding E999')" }),
        ];
        let Some(values) = at(&path, size, "#f=E102", steps) else { return };
        let row = values[0].as_str().unwrap();
        assert!(row.contains("expected here: tool_completed") && row.contains("E102"), "{row}");
        assert!(values[1].as_str().unwrap().starts_with("#f=E102"), "{}", values[1]);
        assert_eq!(values[4], json!([20_000_000_000_u64, "dir:out"]));
    }
}

#[test]
fn the_senders_view_is_where_it_opens() {
    let lane = "user_03".to_owned();
    let range_ns = Some((10_000_000_000, 20_000_000_000));
    let view = View { finding: None, range_ns, lane: Some(lane) };
    let path = written("view", &bundle(demo(), "agent", view));
    let steps =
        vec![drawn("state.window"), drawn("laneName(state.lane)"), drawn("state.finding ?? null")];
    let Some(values) = at(&path, SIZES[0], "", steps) else { return };
    assert_eq!(
        values,
        [json!([10_000_000_000_u64, 20_000_000_000_u64]), json!("user_03"), Value::Null]
    );
    let view = View { finding: Some("E102".into()), ..View::default() };
    let path = written("view", &bundle(demo(), "agent", view));
    let Some(values) = at(&path, SIZES[0], "", vec![drawn(SELECTED)]) else { return };
    assert!(values[0].as_str().unwrap().contains("expected here: tool_completed"));
}

#[test]
fn it_plays_steps_and_goes_from_finding_to_finding() {
    let path = written("play", &bundle(demo(), "agent", View::default()));
    for size in SIZES {
        let key = |key: &str| json!({ "key": key });
        let steps = vec![
            // From the beginning, as fast as can be, to the first finding; there it pauses.
            key("Escape"),
            key("g"),
            drawn("state.at"),
            json!({ "value": "set({ speed: 16 })" }),
            key(" "),
            json!({ "until": "state.playing" }),
            json!({ "until": "!state.playing" }),
            drawn("[state.known, sight.findings[state.finding].number, flagged[0].number]"),
            drawn("document.getElementById('known').hidden"),
            // As known then: no row is later than the playhead.
            drawn("frames.shown().every((entry) => frames.timeOf(entry) <= state.at)"),
            key("Escape"),
            drawn("state.known"),
            // Event on and back are each other's opposite.
            key("f"),
            key("."),
            drawn("state.event"),
            key("."),
            drawn("state.event"),
            key(","),
            drawn("state.event"),
            key("e"),
            drawn("flagged.findIndex((finding) => finding.number === state.finding)"),
            key("E"),
            drawn("flagged.findIndex((finding) => finding.number === state.finding)"),
            key("]"),
            drawn("document.getElementById('speed').selectedOptions[0].textContent"),
            // The bar seeks.
            json!({ "value": "(() => { const bar = document.getElementById('seek'); bar.value = 500; bar.dispatchEvent(new Event('input')); })()" }),
            drawn("state.at > sight.from_ns && state.at < sight.to_ns && state.known"),
        ];
        let Some(values) = at(&path, size, "", steps) else { return };
        let of = |at: usize| values[at].clone();
        assert_eq!(of(2), json!([true, of(2)[2], of(2)[2]]), "it pauses at the first finding");
        assert_eq!([of(3), of(4), of(5)], [json!(false), json!(true), json!(false)]);
        let [first, second, back] = [6, 7, 8].map(|at| of(at).as_i64().unwrap());
        assert_eq!((second, back), (first + 1, first));
        assert_eq!([of(9), of(10)], [json!(1), json!(0)]);
        assert_eq!(of(11), "max");
        assert_eq!(of(13), true);
    }
}

#[test]
fn a_cause_is_a_key_away_and_so_is_the_way_back() {
    let path = written("cause", &bundle(demo(), "agent", View::default()));
    let key = |key: &str| json!({ "key": key });
    let steps = vec![
        key("c"),
        drawn(SELECTED),
        key("c"),
        drawn(SELECTED),
        key("w"),
        drawn("state.lane.run"),
    ];
    let Some(values) = at(&path, SIZES[0], "#f=E102", steps) else { return };
    assert!(values[0].as_str().unwrap().contains("ws.abort"), "{}", values[0]);
    assert!(values[1].as_str().unwrap().contains("expected here"), "{}", values[1]);
    assert!(values[2].is_number(), "{}", values[2]);
}

#[test]
fn a_filter_means_what_it_means_on_the_command_line() {
    let path = written("filter", &bundle(demo(), "agent", View::default()));
    let filters = [
        "type:tool_*",
        "type:{tool_executing,tool_completed} user:user_07",
        "dir:out size>200",
        "dir:in not type:partial_result",
        "dt>2s",
        "dt:1s..5s or lat>1s",
        "flag:error",
        "flag:E102 or flag:w2*",
        "E102",
        "w203 or E10",
        "lacks:tool_completed",
        "search_costs",
        "\"agent started\" or aws",
        "/\"type\": ?\"tool_/",
        "$.type=tool_executing",
        "has:$.payload.tool_name",
        "$.payload.sequence>3",
        "op:{open,close,abort}",
        "#100..140",
        "conn:4 (type:agent_* or ping)",
        "not (dir:in or size<=1k)",
        "around:E102 2s",
        "around:w2* dir:in",
    ];
    let counts: Vec<Value> = filters
        .iter()
        .map(|filter| {
            json!({ "value": format!("sight.events.filter(parseFilter({})).length", json!(filter)) })
        })
        .collect();
    let Some(values) = at(&path, SIZES[0], "", counts) else { return };
    let seen = Seen::of(&demo());
    for (filter, count) in filters.iter().zip(values) {
        assert_eq!(count, seen.count(filter), "{filter}");
    }
    // What is typed filters the list, and a mistake is said.
    let steps = vec![
        json!({ "key": "/" }),
        json!({ "type": "type:tool_* user:user_07" }),
        json!({ "until": "state.filter.test && /^\\d+ of 2,3\\d\\d/.test(document.getElementById('count').textContent)" }),
        drawn(
            "[...document.querySelectorAll('#rows .row:not([hidden]) .type')].every((cell) => cell.textContent.includes('tool_'))",
        ),
        json!({ "key": "Escape" }),
        drawn("state.filter.text"),
        json!({ "key": "/" }),
        json!({ "type": "E102" }),
        json!({ "until": "state.filter.text === 'E102' && document.getElementById('count').textContent.includes(' of ')" }),
        drawn(
            "[...document.querySelectorAll('#rows .row:not([hidden]) .flag')].map((cell) => cell.textContent)",
        ),
        json!({ "key": "Escape" }),
        json!({ "key": "/" }),
        json!({ "type": "usr:x" }),
        json!({ "until": "state.filter.error" }),
        drawn("document.getElementById('filter-error').textContent"),
    ];
    let Some(values) = at(&path, SIZES[0], "#t=1", steps) else { return };
    assert_eq!(values[..2], [json!(true), json!("")]);
    // A code by itself: what that finding rests on, and what is missing.
    let flags = values[2].as_array().unwrap();
    assert!(
        flags.len() > 1 && flags.iter().all(|flag| flag.as_str().unwrap().contains("E102")),
        "{flags:?}"
    );
    assert!(values[3].as_str().unwrap().contains("no field usr"), "{}", values[3]);
}

#[test]
fn the_inspector_shows_a_tree_the_text_and_the_bytes_and_no_more_than_fits_at_once() {
    let mut facts = demo();
    let long = format!("{{\"type\":\"agent_response\",\"text\":\"{}\"}}", "x".repeat(300_000));
    facts.push(text_frame(9_000_001, 1, &long, 91_000_000_000));
    let path = written("inspector", &bundle(facts, "agent", View::default()));
    let inspector = "document.getElementById('inspector').textContent";
    let steps = vec![
        json!({ "value": "toEvent(sight.events.findIndex((event) => nameOf(event) === 'tool_executing'))" }),
        drawn("document.querySelectorAll('.tree .key').length > 3"),
        json!({ "key": "p" }),
        drawn(inspector),
        json!({ "key": "p" }),
        drawn(inspector),
        json!({ "value": "toEvent(sight.events.find((event) => event.frame === 9000001).number)" }),
        json!({ "key": "p" }),
        json!({ "key": "p" }),
        drawn("document.querySelector('#inspector .raw').textContent.length"),
        drawn(
            "[...document.querySelectorAll('#inspector button')].find((button) => button.textContent.startsWith('show all')).click()",
        ),
        drawn("document.querySelector('#inspector .raw').textContent.length"),
    ];
    let Some(values) = at(&path, SIZES[0], "", steps) else { return };
    assert_eq!(values[1], true);
    assert!(values[2].as_str().unwrap().contains("{\"type\":\"tool_executing\""), "{}", values[2]);
    assert!(values[3].as_str().unwrap().contains("000000  7b 22 74 79 70 65"), "{}", values[3]);
    assert_eq!(values[5], 64 << 10);
    assert_eq!(values[7], long.len());
}

#[test]
fn lanes_are_walked_with_the_pointer() {
    let path = written("pointer", &bundle(demo(), "agent", View::default()));
    // Where things are on the screen is asked first, and pointed at in a second walk.
    let place = |of: &str| {
        drawn(&format!(
            "(() => {{ const box = timeline.canvas.getBoundingClientRect(); return [box.x + {of}, box.y + {}]; }})()",
            if of.contains("flags") {
                "AXIS + 11"
            } else {
                "timeline.ghosts.find((spot) => spot.finding === state.finding).y"
            }
        ))
    };
    let ghost = "timeline.ghosts.find((spot) => spot.finding === state.finding).x";
    let start = "timeline.x(runOf(state.lane).from_ns)";
    let Some(places) = at(
        &path,
        SIZES[0],
        "#f=E102",
        vec![place(ghost), place(start), place("timeline.flags[0].x")],
    ) else {
        return;
    };
    let [ghost, start, flag] = &places[..] else { panic!("three places") };
    let middle = json!([700, start[1]]);
    let steps = vec![
        json!({ "click": start }),
        drawn("[nameOf(sight.events[state.event]), state.ghost ?? null]"),
        json!({ "click": ghost }),
        drawn(SELECTED),
        json!({ "click": flag }),
        drawn("state.finding === timeline.flags[0].findings[0]"),
        // Closer, on, and back to all of it.
        json!({ "pinch": [middle[0], middle[1], -200] }),
        drawn("(state.window[1] - state.window[0]) / (whole().to - whole().from) < 0.7"),
        drawn("state.window[0]"),
        json!({ "drag": [700, 500, middle[1]] }),
        drawn("state.window[0]"),
        json!({ "key": "0" }),
        drawn("state.window[0] === whole().from"),
        // What time is laid out by: folded, as it was, event by event.
        json!({ "key": "i" }),
        json!({ "key": "i" }),
        drawn("[state.folding, timeline.scale.stretches.length > 2000]"),
    ];
    let Some(values) = at(&path, SIZES[0], "#f=E102", steps) else { return };
    assert_eq!(values[0][0], "agent_started");
    assert!(values[0][1].is_null() && values[1].as_str().unwrap().contains("expected here"));
    assert_eq!([&values[2], &values[3]], [&json!(true), &json!(true)]);
    assert!(values[5].as_f64() > values[4].as_f64(), "{} {}", values[4], values[5]);
    assert_eq!(values[6], true);
    assert_eq!(values[7], json!(["ordinal", true]));
}

#[test]
fn it_is_there_for_who_listens_and_who_has_no_mouse() {
    let path = written("listen", &bundle(demo(), "agent", View::default()));
    let named = "[...document.querySelectorAll('button, input, select, canvas, [role=grid], [role=region]')]\
        .filter((node) => !(node.ariaLabel || node.textContent.trim() || node.title)).map((node) => node.outerHTML)";
    let steps = vec![
        drawn(named),
        drawn("document.getElementById('rows').getAttribute('aria-rowcount')"),
        drawn(
            "document.getElementById(document.getElementById('rows').getAttribute('aria-activedescendant')).ariaSelected",
        ),
        json!({ "key": "T" }),
        drawn(
            "[...document.querySelectorAll('#lane-table tr')].map((row) => row.textContent).find((text) => text.includes('missing: tool_completed'))",
        ),
        drawn("document.getElementById('lanes-scroll').hidden"),
        json!({ "key": "T" }),
        // Down in the list goes to the next row, and is said.
        json!({ "value": "frames.box.focus()" }),
        json!({ "key": "f" }),
        json!({ "key": "ArrowDown" }),
        drawn("document.getElementById('said').textContent"),
        json!({ "key": "?" }),
        drawn("document.getElementById('keys').open"),
        // Dark and light do not need anything stored.
        json!({ "value": "document.getElementById('keys').close()" }),
        json!({ "key": "D" }),
        drawn("getComputedStyle(document.body).backgroundColor"),
    ];
    let Some(values) = at(&path, SIZES[0], "#f=E102", steps) else { return };
    assert_eq!(values[0], json!([]));
    assert_eq!(values[2], "true");
    let told = values[3].as_str().unwrap();
    assert!(told.contains("tool_executing") && told.contains("✖ E102"), "{told}");
    assert_eq!(values[4], true);
    assert!(!values[6].as_str().unwrap().is_empty());
    assert_eq!(values[7], true);
    assert_eq!(values[9], "rgb(20, 23, 28)");
}

#[test]
fn streams_are_one_row_until_they_are_unfolded_and_hits_are_walked() {
    let path = written("streams", &bundle(demo(), "agent", View::default()));
    let key = |key: &str| json!({ "key": key });
    let longest = "Math.max(0, ...frames.entries.map((entry) => entry.times ?? 0))";
    let steps = vec![
        json!({ "value": "toLane(lanes.find((lane) => runOf(lane)?.events.length > 20))" }),
        drawn(longest),
        drawn(
            "[...document.querySelectorAll('#rows .type')].some((cell) => /stream_chunk × \\d+/.test(cell.textContent))",
        ),
        key("*"),
        drawn(longest),
        key("_"),
        drawn(longest),
        // Whatever the lane, the next event that the filter means.
        json!({ "value": "filterBy('type:ws.abort')" }),
        key("n"),
        drawn("nameOf(sight.events[state.event])"),
        json!({ "value": "filterBy('type:no_such')" }),
        key("n"),
        drawn("document.getElementById('said').textContent"),
    ];
    let Some(values) = at(&path, SIZES[0], "", steps) else { return };
    assert!(values[1].as_i64() >= Some(4), "{}", values[1]);
    assert_eq!([&values[2], &values[3], &values[4]], [&json!(true), &json!(0), &values[1]]);
    assert_eq!([&values[6], &values[8]], [&json!("ws.abort"), &json!("Nothing meets the filter.")]);
}

#[test]
fn a_page_that_was_damaged_on_its_way_says_so() {
    let path = written("damaged", &bundle(demo(), "agent", View::default()));
    let html = fs::read_to_string(&path).unwrap();
    let at = html.find("id=\"wiretape-sight\">").unwrap() + 2000;
    fs::write(&path, format!("{}{}", &html[..at], &html[at + 400..])).unwrap();
    let steps = [
        json!({ "open": format!("file://{}", path.display()) }),
        json!({ "until": "!document.getElementById('broken').hidden" }),
        json!({ "value": "[document.getElementById('broken').textContent, document.getElementById('app').hidden]" }),
    ];
    let Some(walked) = walk(&steps) else { return };
    let told = walked.values.last().unwrap();
    assert!(told[0].as_str().unwrap().contains("can't be shown"), "{told}");
    assert_eq!(told[1], true);
}

#[test]
fn what_is_copied_is_markdown_or_a_question() {
    let path = written("copy", &bundle(demo(), "agent", View::default()));
    let mut steps = vec![
        json!({ "before": "Object.defineProperty(navigator, 'clipboard', { value: undefined })" }),
        json!({ "size": SIZES[0] }),
    ];
    steps.extend(open(&path, "#f=E102"));
    let text = "document.getElementById('copied-text').value";
    for key in ["y", "Y"] {
        steps.push(json!({ "key": key }));
        steps.push(json!({ "until": "document.getElementById('copied').open" }));
        steps.push(drawn(text));
        steps.push(json!({ "value": "document.getElementById('copied').close()" }));
    }
    let Some(walked) = walk(&steps) else { return };
    assert_silent(&walked);
    let texts: Vec<&str> = walked.values.iter().filter_map(Value::as_str).collect();
    let [markdown, question] = texts[texts.len() - 2..] else { panic!("{texts:?}") };
    assert!(
        markdown.starts_with("### ✖ E102") && markdown.contains("| # | at | event |"),
        "{markdown}"
    );
    assert!(question.contains(markdown) && question.contains("not instructions"), "{question}");
    assert!(question.contains("Payloads:") && question.contains("\"type\":\"tool_executing\""));
}

#[test]
fn without_the_browsers_inflation_its_own_does() {
    let path = written("inflate", &bundle(demo(), "agent", View::default()));
    let mut steps = vec![json!({ "before": "delete globalThis.DecompressionStream" })];
    steps.extend(open(&path, "#f=E102"));
    steps.push(json!({ "value": "[typeof DecompressionStream, frameRows.size]" }));
    steps.push(drawn(SELECTED));
    let Some(walked) = walk(&steps) else { return };
    assert_silent(&walked);
    let [.., how, row] = &walked.values[..] else { panic!("two values") };
    assert_eq!(*how, json!(["undefined", 2348]));
    assert!(row.as_str().unwrap().contains("expected here"));
}

#[test]
fn without_scripts_there_is_a_text_and_on_paper_no_buttons() {
    let path = written("plain", &bundle(demo(), "agent", View::default()));
    let steps = [
        json!({ "scripts": false }),
        json!({ "open": format!("file://{}", path.display()) }),
        json!({ "value": "document.body.innerText" }),
        json!({ "scripts": true }),
    ];
    let printing = [
        json!({ "media": "print" }),
        drawn(
            "['footer', '#copy-markdown', '#filter'].map((name) => getComputedStyle(document.querySelector(name)).display)",
        ),
        drawn(
            "document.querySelector('#findings').scrollHeight <= document.querySelector('#findings').clientHeight",
        ),
        // Paper is white, whatever the screen was.
        json!({ "value": "void (document.documentElement.dataset.theme = 'dark')" }),
        json!({ "value": "void dispatchEvent(new Event('beforeprint'))" }),
        drawn("getComputedStyle(document.body).backgroundColor"),
    ];
    let steps: Vec<Value> = steps.into_iter().chain(open(&path, "")).chain(printing).collect();
    let Some(walked) = walk(&steps) else { return };
    assert_silent(&walked);
    let text = walked.values[2].as_str().unwrap();
    for part in ["tool_completed never arrived", "═", "━", "E102", "likely:", "S agent_started"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let [.., shown, whole, _, _, paper] = &walked.values[..] else { panic!("three values") };
    assert_eq!(*shown, json!(["none", "none", "none"]));
    assert_eq!([whole, paper], [&json!(true), &json!("rgb(255, 255, 255)")]);
}

#[test]
fn ten_thousand_frames_are_under_a_megabyte_and_a_half_and_fifty_thousand_scroll() {
    let path = written("10k", &bundle(copies(5), "agent", View::default()));
    let size = fs::metadata(&path).unwrap().len();
    let of_page = "[Number(document.documentElement.dataset.ready), frameRows.size, document.querySelectorAll('#rows .row').length]";
    let Some(values) = at(&path, SIZES[0], "", vec![drawn(of_page)]) else { return };
    let frames = values[0][1].as_u64().unwrap();
    println!("{frames} frames: {size} bytes, usable after {} ms", values[0][0]);
    assert!(frames > 10_000);
    assert!(size * 10_000 / frames < 1_500_000, "{size} bytes");
    assert!(values[0][2].as_u64().unwrap() < 60, "only rows in sight are made");

    let mut facts = demo();
    let types = ["agent_thinking", "partial_result", "tool_executing", "heartbeat", "other"];
    facts.extend((0..50_000_i64).map(|at| {
        let kind = types[at as usize % types.len()];
        let text = format!("{{\"type\":\"{kind}\",\"run_id\":\"r{}\",\"n\":{at}}}", at / 500);
        text_frame(100_000 + at, 1, &text, 90_000_000_000 + at.unsigned_abs() * 1_000_000)
    }));
    let path = written("50k", &bundle(facts, "agent", View::default()));
    let scroll = "new Promise((done) => { set({ only: false }); const times = []; let before = performance.now(); \
        const step = (now) => { times.push(now - before); before = now; frames.box.scrollTop += 2600; \
        if (times.length < 120) requestAnimationFrame(step); else done([document.querySelectorAll('#rows .row').length, \
        frames.entries.length, Math.round(times.sort((a, b) => a - b)[108])]); }; requestAnimationFrame(step); })";
    let steps = vec![drawn(of_page), json!({ "value": scroll })];
    let Some(values) = at(&path, SIZES[0], "", steps) else { return };
    println!(
        "{} frames: usable after {} ms; scrolling, nine of ten pictures take {} ms at most",
        values[0][1], values[0][0], values[1][2]
    );
    assert!(values[1][0].as_u64().unwrap() < 60 && values[1][1].as_u64().unwrap() > 50_000);
}
