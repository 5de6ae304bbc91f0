//! A bundle → one HTML file that opens anywhere and asks nobody for anything.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::embed::{self, ABOUT, About, SIGHT, TAPE};
use super::focus::Focus;
use super::sight::Found;
use super::strip::{plain, strip};
use super::{Bundle, Sight};

/// Findings that are told where no script runs.
const MOST_TOLD: usize = 200;

/// The page; what stands in `{{…}}` is put in when a report is made.
const PAGE: &str = include_str!("viewer/viewer.html");
const STYLE: &str = include_str!("viewer/viewer.css");
/// One script, in reading order.
const SCRIPT: &str = concat!(
    include_str!("viewer/text.js"),
    include_str!("viewer/inflate.js"),
    include_str!("viewer/model.js"),
    include_str!("viewer/filter.js"),
    include_str!("viewer/scale.js"),
    include_str!("viewer/timeline.js"),
    include_str!("viewer/pointer.js"),
    include_str!("viewer/frames.js"),
    include_str!("viewer/inspector.js"),
    include_str!("viewer/findings.js"),
    include_str!("viewer/player.js"),
    include_str!("viewer/app.js"),
);

/// The report as HTML.
pub fn html(bundle: &Bundle, sight: &Sight) -> String {
    let about =
        serde_json::to_string(&About::of(bundle, sight)).expect("texts and numbers are JSON");
    let seen = serde_json::to_string(sight).expect("texts and numbers are JSON");
    let blocks = [(ABOUT, about.as_str()), (SIGHT, &seen), (TAPE, &bundle.tape)];
    let blocks = blocks
        .map(|(name, text)| format!("{}{}</script>\n", embed::opening(name), embed::pack(text)));
    fill(PAGE, |place| match place {
        "policy" => policy(),
        "title" => escaped(&bundle.title),
        "style" => STYLE.to_owned(),
        "script" => SCRIPT.to_owned(),
        "blocks" => blocks.concat(),
        "text" => escaped(&text(bundle, sight)),
        other => unreachable!("the page asks for {other}"),
    })
}

/// What is seen where no script runs.
fn text(bundle: &Bundle, sight: &Sight) -> String {
    let focus = Focus::of(bundle, sight);
    let mut text = format!("{}\n{}\n\n", plain(&bundle.title), plain(&bundle.manifest.told()));
    text += &strip(sight, &focus);
    if focus.run.is_some() && sight.runs.len() > 1 {
        text += &format!("\nEverything:\n{}", strip(sight, &focus.on_all(sight)));
    }
    let letters = sight.legend.iter().map(|(letter, name)| format!("{letter} {}", plain(name)));
    text += &format!("\n{}  ? missing  ╳ drop\n", letters.collect::<Vec<_>>().join("  "));
    for found in sight.findings.iter().take(MOST_TOLD) {
        let who = plain(found.who.as_deref().unwrap_or_default());
        let Found { link, severity, class, message, .. } = found;
        text += &format!("\n{link} {severity} {class} {who}\n  {}\n", plain(message));
        if let Some(cause) = &found.cause {
            text += &format!("  likely: {}\n", plain(&cause.text));
        }
    }
    text + "\nWith scripts this page plays the recording; `wiretape open` reads it too.\n"
}

/// Nothing is loaded, nothing is sent, and no script runs but the viewer's own.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data:; base-uri 'none'; \
         form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
}

/// `page` with its places filled. What is put in is not looked at again.
fn fill(page: &str, put: impl Fn(&str) -> String) -> String {
    let mut filled = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("{{") {
        let (place, after) = after.split_once("}}").expect("the page closes what it opens");
        filled += before;
        filled += &put(place);
        rest = after;
    }
    filled + rest
}

/// A text that stays one within HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '&' => escaped += "&amp;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            other => escaped.push(other),
        }
    }
    escaped
}
