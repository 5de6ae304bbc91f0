//! What is in the file, without a browser: its head, its size, its tape, and files that lie.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use wiretape::report::{Sight, TapeError, View, html, markdown, read_html};

use super::{bundle, demo};

/// What the viewer may take of every report, in bytes: HTML, CSS and JavaScript.
const BUDGET: usize = 90_000;

fn made() -> String {
    let bundle = bundle(demo(), "agent", View { finding: Some("E102".into()), ..View::default() });
    html(&bundle, &Sight::of(&bundle).unwrap())
}

/// What stands between two texts.
#[track_caller]
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before}"));
    rest.split_once(after).unwrap_or_else(|| panic!("no {after}")).0
}

#[test]
fn the_head_lets_nothing_in_and_nothing_out() {
    let html = made();
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    let style = between(&html, "<style>", "</style>");
    let script = between(&html, "\n<script>", "</script>");
    let head = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>tool_completed never arrived</title>\n<style>",
        hash(script),
        hash(style)
    );
    assert_eq!(html[..head.len()], head);
    // One script runs; the others are of a kind that nobody runs.
    assert_eq!(html.matches("<script").count(), 4);
    assert_eq!(html.matches("<script type=\"text/plain\" id=\"wiretape-").count(), 3);
}

#[test]
fn the_viewer_asks_nobody_stores_nothing_and_makes_no_markup_from_text() {
    let html = made();
    let viewer = [between(&html, "<style>", "</style>"), between(&html, "\n<script>", "</script>")];
    for word in [
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "DOMParser",
        "srcdoc",
        "createContextualFragment",
        "eval(",
        "Function(",
        "fetch(",
        "XMLHttpRequest",
        "WebSocket(",
        "EventSource",
        "sendBeacon",
        "import(",
        "importScripts",
        "Worker(",
        "localStorage",
        "sessionStorage",
        "indexedDB",
        "cookie",
        "http:",
        "https:",
        "href",
        "window.open",
        "url(",
        "@import",
    ] {
        for part in viewer {
            assert!(!part.contains(word), "{word}");
        }
    }
    // Nothing in the script ends it.
    assert!(!viewer[1].contains("</s") && !viewer[1].contains("<!--"));
    // Nothing in the page leads out of it.
    for word in ["href=", "src=", "action=", "onclick=", "onload=", "style=\""] {
        let (page, _) = html.split_once("<noscript>").unwrap();
        let (_, body) = html.split_once("</noscript>").unwrap();
        let markup = between(body, "<p id=\"broken\"", "<script");
        assert!(!page.split("<style>").next().unwrap().contains(word), "{word}");
        assert!(!markup.contains(word), "{word}");
    }
}

#[test]
fn the_viewer_stays_within_its_budget() {
    let html = made();
    let page = html.split_once("<noscript>").unwrap().0.len()
        + between(&html, "</noscript>", "<script type").len();
    let size = page + between(&html, "\n<script>", "</script>").len();
    println!("the viewer: {size} bytes");
    assert!(size < BUDGET, "{size} bytes");
}

#[test]
fn the_tape_is_read_back_as_it_was() {
    let view =
        View { finding: Some("E102".into()), range_ns: Some((1, 2)), lane: Some("user_07".into()) };
    let bundle = bundle(demo(), "agent", view);
    let embedded = read_html(&html(&bundle, &Sight::of(&bundle).unwrap())).unwrap();
    assert!(embedded.tape == bundle.tape);
    assert_eq!(embedded.manifest, bundle.manifest);
    assert_eq!(embedded.view, bundle.view);
    assert_eq!(embedded.rules_text, bundle.rules_text);
}

fn packed(bytes: &[u8]) -> String {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    STANDARD.encode(gzip.finish().unwrap())
}

fn block(name: &str, packed: &str) -> String {
    format!("<script type=\"text/plain\" id=\"wiretape-{name}\">{packed}</script>")
}

#[test]
fn files_that_lie_are_told_from_reports() {
    let read = |html: &str| read_html(html).map(|_| ()).unwrap_err();
    let html = made();
    for other in ["", "<html></html>", "{}", &"x".repeat(1 << 20)] {
        assert_eq!(read(other), TapeError::NotAReport);
    }
    // Cut in the middle of the tape, or anything changed in it.
    let at = html.find("wiretape-tape").unwrap();
    assert!(matches!(read(&html[..at + 5000]), TapeError::Damaged { what: "wiretape-tape", .. }));
    assert!(matches!(read(&html[..at - 100]), TapeError::Damaged { what: "wiretape-tape", .. }));
    let changed = format!("{}A{}", &html[..at + 3000], &html[at + 3001..]);
    assert!(matches!(read(&changed), TapeError::Damaged { what: "wiretape-tape", .. }));
    // Two tapes: which one would be looked at?
    let twice = format!("{html}{}", block("tape", &packed(b"")));
    assert_eq!(read(&twice), TapeError::Several("wiretape-tape"));
    let of = |about: &[u8], tape: &[u8]| {
        format!("{}{}", block("about", &packed(about)), block("tape", &packed(tape)))
    };
    assert!(matches!(
        read(&of(b"{\"v\":7,\"x\":[]}", b"")),
        TapeError::Newer { found: 7, supported: 1 }
    ));
    for about in [&b"[]"[..], b"{\"v\":-1}", b"\xff", b"{\"v\":1,\"title\":7}"] {
        assert!(matches!(read(&of(about, b"")), TapeError::Damaged { what: "wiretape-about", .. }));
    }
    // One that names no checksum vouches for nothing.
    let unvouched = read(&of(b"{\"v\":1}", b""));
    assert!(matches!(unvouched, TapeError::Damaged { what: "wiretape-tape", .. }));
    // A bomb: a gigabyte of nothing from a megabyte, and rules without end.
    let zeros = vec![b' '; 9 << 20];
    assert!(matches!(read(&of(&zeros, b"")), TapeError::TooLong { what: "wiretape-about", .. }));
    let long = format!("{html}{}", " ".repeat(64 << 20));
    assert!(matches!(read(&long), TapeError::TooLong { what: "file", .. }));
}

#[test]
fn what_is_copied_for_a_finding_is_the_reports_markdown_of_it() {
    let bundle = bundle(demo(), "agent", View { finding: Some("E104".into()), ..View::default() });
    let sight = Sight::of(&bundle).unwrap();
    let text = markdown(&bundle, &sight);
    assert!(text.starts_with("### ✖ E104"), "{text}");
    let number = sight.findings.iter().position(|found| found.link == "E104").unwrap();
    let other = super::bundle(demo(), "agent", View::default());
    let html = html(&other, &Sight::of(&other).unwrap());
    let gzip = STANDARD.decode(between(&html, "id=\"wiretape-about\">", "<")).unwrap();
    let about: serde_json::Value =
        serde_json::from_reader(flate2::read::GzDecoder::new(&*gzip)).unwrap();
    assert_eq!(about["texts"][number], text);
}
