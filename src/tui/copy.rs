//! Where the reader is → texts to paste elsewhere.

use std::fmt::Write as _;

use super::app::{App, Screen};
use super::diff;
use super::list::Entry;
use super::measure::{self, Digits};
use super::menu::{Do, Item};
use super::tape::Tape;
use crate::events::Kind;
use crate::rules::Finding;

/// What can be copied here, the likeliest first.
pub(super) fn items(app: &App) -> Vec<Item> {
    let Some(tape) = &app.tape else { return Vec::new() };
    let mut items = Vec::new();
    let mut add = |label: &str, what: &'static str, text: String| {
        let hint = measure::bytes(text.len() as u64);
        items.push(Item { label: label.to_owned(), hint, does: Do::Copy(what, text) });
    };
    let name = &tape.about.name;
    if let Some(compared) = app.compared.as_ref().filter(|_| app.screen == Screen::Diff) {
        add("the comparison, as Markdown", "the comparison", diff::markdown(tape, compared));
    }
    if let Some(finding) = app.told().and_then(|finding| tape.findings.get(finding)) {
        add("the finding, as Markdown", "the finding", markdown(app, tape, finding));
        let place = format!("wiretape open {name} --at {}", finding.code.text());
        add("a command that leads here", "the command", place);
    }
    let row = app.inspected().and_then(|row| tape.timeline.row(row));
    let ghost = matches!(app.selected(), Some(Entry::Ghost(_)));
    if let Some(row) = row.filter(|row| row.frames.1 > 0 && !ghost) {
        if let Some((number, Ok(shown))) = &app.payload
            && *number == row.number
            && row.kind == Kind::Message
        {
            let text = String::from_utf8_lossy(&shown.bytes).into_owned();
            let label = if (shown.bytes.len() as u64) < shown.length {
                "what is shown of the payload"
            } else {
                "the payload"
            };
            add(label, "the payload", text);
        }
        let frame = row.frames.1;
        add("the frame's number", "the frame's number", format!("{name} #{frame}"));
        let place = format!("wiretape open {name} --at '#{frame}'");
        add("a command that leads to the frame", "the command", place);
    }
    add("the moment", "the moment", tape.wall(app, app.at_ns, Digits::Millis));
    if let super::app::Lane::Run(run) = app.lane {
        add("the run's id", "the run's id", tape.run_id(run));
    }
    items.push(Item {
        label: "this screen, as text".to_owned(),
        hint: String::new(),
        does: Do::CopyScreen,
    });
    items
}

/// A finding for an issue: what, where, on what evidence.
fn markdown(app: &App, tape: &Tape, finding: &Finding) -> String {
    let code = finding.code.text();
    let whose = [
        finding.user.clone(),
        finding.run.as_ref().map(|run| format!("run {run}")),
        finding.connection.map(|id| format!("conn {id}")),
    ];
    let whose: Vec<String> = whose.into_iter().flatten().map(|text| quiet(&text)).collect();
    let mut text = format!("### {code} {}\n{}\n", finding.code.class(), quiet(&finding.message));
    let _ = writeln!(text, "{}\n", whose.join(" · "));
    text += "| # | at | event |\n|---|---|---|\n";
    for frame in finding.frames.iter().take(12) {
        let rows = tape.timeline.rows_of_frame(*frame);
        let Some(row) = rows.first().and_then(|row| tape.timeline.row(*row)) else { continue };
        let at = tape.wall(app, row.at_ns, Digits::Millis);
        let event = quiet(tape.symbols.text(row.name));
        let _ = writeln!(text, "| {frame} | {at} | `{event}` |");
    }
    if let Some(expected) = &finding.expected {
        let detail = expected.detail.as_ref().map_or_else(String::new, |it| format!(" ({it})"));
        let event = quiet(&format!("{}{detail}", expected.event));
        let _ = writeln!(text, "| · | expected | `{event}` |");
    }
    if let Some(cause) = &finding.cause {
        let _ = writeln!(text, "\nLikely: {}", quiet(&cause.text));
    }
    let _ = writeln!(text, "\nOpen: `wiretape open {} --at {code}`", quiet(&tape.about.name));
    text
}

/// Text that a payload may have written, without what Markdown or a terminal would act on.
fn quiet(text: &str) -> String {
    super::escape::text(text).replace(['|', '`', '<', '>', '\n'], " ")
}
