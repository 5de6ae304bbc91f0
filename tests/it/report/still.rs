//! A report's Markdown and its picture: what they say of the demo's bugs, and that nothing in them
//! is more than text.

use super::{bundle, demo};
use wiretape::report::{Sight, View, markdown, svg};
use wiretape::wire::Fact;

/// The demo, opened at a finding.
fn at(link: &str) -> (String, String) {
    let view = View { finding: Some(link.into()), ..View::default() };
    let bundle = bundle(demo(), "agent", view);
    let sight = Sight::of(&bundle).unwrap();
    (markdown(&bundle, &sight), svg(&bundle, &sight))
}

/// The lines of the text's picture.
fn strip(text: &str) -> Vec<&str> {
    text.lines()
        .skip_while(|line| *line != "```text")
        .skip(1)
        .take_while(|it| *it != "```")
        .collect()
}

#[test]
fn the_text_shows_a_run_that_was_cut_and_a_good_one_beside_it() {
    let (text, _) = at("E102");
    assert!(text.starts_with("### ✖ E102 `tool_completed`"), "{text}");
    assert!(text.contains("**Likely cause**: the connection broke"), "{text}");
    let strip = strip(&text);
    let lane = |name: &str| *strip.iter().find(|line| line.starts_with(name)).unwrap();
    assert!(lane("conn").contains('╳'), "{text}");
    let broken = strip.iter().find(|line| line.contains('?')).unwrap();
    let (x, ghost) = (broken.find('X').unwrap(), broken.find('?').unwrap());
    assert!(x < ghost && broken[ghost..].contains('.'), "{text}");
    assert!(lane("good").contains('C') && !lane("good").contains('?'), "{text}");
    assert!(text.contains("| expected |") || text.contains("expected | ✖ E102 |"), "{text}");
    assert!(text.contains("sequenceDiagram"), "{text}");
    assert!(text.contains("--at E102`"), "{text}");
    assert!(strip.iter().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn a_stray_event_is_shown_beside_the_run_it_belongs_to() {
    let (text, picture) = at("E108");
    let strip = strip(&text);
    let stray = strip.iter().filter(|line| line.ends_with("user_02")).count();
    let owner = strip.iter().filter(|line| line.ends_with("user_05")).count();
    assert_eq!((stray, owner), (1, 1), "{text}");
    assert!(picture.contains(">user_05</text>") && picture.contains(">user_02</text>"));
}

#[test]
fn every_finding_of_the_demo_fits_into_an_issue() {
    let mut bundle = bundle(demo(), "agent", View::default());
    let sight = Sight::of(&bundle).unwrap();
    assert!(sight.findings.len() > 5);
    for found in &sight.findings {
        bundle.view.finding = Some(found.link.clone());
        let (text, picture) = (markdown(&bundle, &sight), svg(&bundle, &sight));
        assert!(text.len() <= 6_000, "{}: {} bytes", found.link, text.len());
        assert!(picture.len() <= 100_000, "{}: {} bytes", found.link, picture.len());
        assert!(text.contains(&found.code), "{text}");
    }
}

#[test]
fn the_picture_is_well_formed_and_says_its_letters() {
    let (_, picture) = at("E102");
    let document: Vec<&str> = picture.matches("<svg").collect();
    assert_eq!(document.len(), 1);
    assert!(picture.contains("X tool_executing") && picture.contains("? missing"), "{picture}");
    assert!(picture.contains("prefers-color-scheme:dark"));
    assert!(!picture.contains("<script") && !picture.contains("href"), "{picture}");
}

#[test]
fn what_was_said_on_the_wire_is_never_markup() {
    // As long as what they take the place of, so that frames stay what they are.
    for hostile in ["<img src=x>a", "@everyone#12", "a](http://b)", "`x|y`\u{202e}1234"] {
        assert_eq!(hostile.len(), TOOL.len());
        let mut facts = demo();
        for fact in &mut facts {
            let Fact::Frame(frame) = fact else { continue };
            let Ok(text) = std::str::from_utf8(&frame.frame.payload) else { continue };
            frame.frame.payload = text.replace(TOOL, hostile).into_bytes().into();
        }
        let view = View { finding: Some("E102".into()), ..View::default() };
        let mut bundle = bundle(facts, "agent", view);
        bundle.title = hostile.into();
        bundle.manifest.recorded = hostile.into();
        bundle.manifest.scope = hostile.into();
        bundle.manifest.meta.push((hostile.into(), hostile.into()));
        let sight = Sight::of(&bundle).unwrap();
        let (text, picture) = (markdown(&bundle, &sight), svg(&bundle, &sight));
        assert!(text.contains(&hostile[..2].replace('`', "·")), "it is in what is shown: {text}");
        for line in text.lines() {
            // Within pairs of backticks anything is code; outside of them nothing may be left.
            let outside: String = line.split('`').step_by(2).collect();
            let outside = ["<details><summary>", "</summary>", "</details>"]
                .iter()
                .fold(outside, |line, own| line.replace(own, ""));
            for markup in ["](", "<", "@everyone", "#12", "http://", "|y", "\u{202e}"] {
                assert!(!outside.contains(markup), "{markup}: {line}");
            }
        }
        for markup in ["<img", "\u{202e}"] {
            assert!(!picture.contains(markup), "{picture}");
        }
    }
}

/// A tool of the demo's, of the run that is cut.
const TOOL: &str = "search_costs";
