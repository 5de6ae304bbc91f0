//! Findings → one line each, the worst first; and two lines on the one that the reader is at.

use super::canvas::Canvas;
use crate::rules::{Finding, Severity};
use crate::tui::app::{App, Pane};
use crate::tui::escape::{self, tail};
use crate::tui::measure::{Digits, counted};
use crate::tui::paging;
use crate::tui::shape::{Area, Shape};
use crate::tui::tape::Tape;
use crate::tui::theme::Role;

/// How bad, as a sign and a role.
pub(super) fn sign(severity: Severity) -> (&'static str, Role) {
    match severity {
        Severity::Error => ("✖", Role::Bad),
        Severity::Warning => ("▲", Role::Warning),
        Severity::Info => ("●", Role::Plain),
    }
}

pub(super) fn screen(app: &App, shape: &Shape, canvas: &mut Canvas<'_>) {
    let Some(tape) = &app.tape else { return };
    let told = paging::told_below_findings(shape);
    let (list, card) = cut(shape.middle, told);
    table(app, tape, list, true, canvas);
    if told > 0 {
        super::inspector::draw(app, tape, card, canvas);
    }
}

fn cut(area: Area, below: u16) -> (Area, Area) {
    let Area { x, y, width, height } = area;
    let above = height - below;
    (Area::new(x, y, width, above), Area::new(x, y + above, width, below))
}

pub(super) fn draw(app: &App, tape: &Tape, area: Area, canvas: &mut Canvas<'_>) {
    table(app, tape, area, app.pane == Pane::Findings, canvas);
}

fn table(app: &App, tape: &Tape, area: Area, focused: bool, canvas: &mut Canvas<'_>) {
    if area.height < 3 {
        return;
    }
    let inner = area.inner();
    let in_view =
        tape.flagged.iter().filter(|it| app.window.contains(&tape.findings[**it].at_ns)).count();
    let errors = counted(tape.count(Severity::Error) as u64, "error");
    let warnings = counted(tape.count(Severity::Warning) as u64, "warning");
    let foot = "{in} go there  {right} {left} unfold, fold  {cause} cause  {palette} mute";
    let foot = if focused { app.keys.fill(foot) } else { String::new() };
    let muted = match tape.muted {
        0 => String::new(),
        muted => app.keys.fill(&format!("   {muted} muted ({{palette}} unmute)")),
    };
    canvas.frame(
        area,
        &format!("Findings  {errors} {warnings}   in view: {in_view}{muted}"),
        &foot,
        focused,
    );
    if tape.by_severity.is_empty() {
        let runs = counted(tape.runs.len() as u64, "run");
        let book = &tape.book.name;
        let said = match tape.muted {
            0 => format!(" {runs}: nothing breaks the rules {book}."),
            muted => {
                format!(" {runs}: nothing but what is muted ({muted}) breaks the rules {book}.")
            }
        };
        canvas.line(inner, 0, &said, Role::Plain);
        let unjudged: Vec<&str> = tape.unjudged.iter().map(String::as_str).collect();
        if !unjudged.is_empty() {
            let text = format!(" Not checked: {}", unjudged.join("; "));
            canvas.line(inner, 1, &text, Role::Plain);
        }
        return;
    }
    let height = usize::from(inner.height);
    let lines = app.finding_lines();
    let here = app.finding_line(&lines);
    let first = paging::first_finding(app, &lines, height);
    for (place, shown) in lines.iter().enumerate().skip(first).take(height) {
        let row = (place - first) as u16;
        let is_here = Some(place) == here;
        one(app, tape, *shown, (inner, row), (is_here, canvas));
        if focused && is_here {
            canvas.select(inner, row);
        }
    }
}

/// A finding's line: with what is folded under it, or further in, under what it belongs to.
fn one(
    app: &App,
    tape: &Tape,
    (finding, group): (usize, usize),
    (inner, row): (Area, u16),
    (is_here, canvas): (bool, &mut Canvas<'_>),
) {
    let Some((finding, group)) = tape.findings.get(finding).zip(tape.groups.get(group)) else {
        return;
    };
    let leads = tape.findings.get(group.lead).is_some_and(|lead| lead.id == finding.id);
    let fold = match leads && !group.rest.is_empty() {
        _ if is_here => "▶",
        false => " ",
        true if app.unfolded.contains(&finding.id) => "▾",
        true => "▸",
    };
    let (x, y, width) = (inner.x, inner.y + row, usize::from(inner.width));
    let further = if leads { 0 } else { 2 };
    canvas.put((x, y), 1, fold, Role::Strong);
    let (mark, role) = sign(finding.severity);
    canvas.put((x + 1 + further, y), 6, &format!("{mark} {}", finding.code.text()), role);
    let more = if leads { group.more(tape) } else { String::new() };
    let before = usize::from(further) + 8;
    let after = if more.is_empty() { 0 } else { escape::width(&more) + 2 };
    let room = width.saturating_sub(before + after);
    let line = line(app, tape, finding, width >= 100);
    canvas.put((x + before as u16, y), room, &line, Role::Plain);
    let at = x + (width.saturating_sub(after)) as u16 + 1;
    canvas.put((at, y), after, &more, Role::Quiet);
}

fn line(app: &App, tape: &Tape, finding: &Finding, wide: bool) -> String {
    let what = finding.expected.as_ref().map_or("", |expected| expected.event.as_str());
    let what = cell(&format!("{} {what}", finding.code.class()), if wide { 26 } else { 12 });
    let user = cell(finding.user.as_deref().unwrap_or("-"), if wide { 9 } else { 8 });
    let run = finding.run.as_deref().map_or_else(
        || finding.connection.map_or_else(String::new, |id| format!("conn {id}")),
        |run| format!("run {}", tail(run, 8)),
    );
    let run = cell(&run, 13);
    let at = tape.wall(app, finding.at_ns, Digits::Seconds);
    if wide {
        format!("{what}{user}{run} {at}   {}", finding.message)
    } else {
        format!("{what} {user} {at}  {}", finding.message)
    }
}

/// Escaped, cut and filled up.
pub(super) fn cell(text: &str, columns: usize) -> String {
    escape::pad_right(&escape::fit(text.as_bytes(), columns.saturating_sub(1)), columns)
}

/// Two lines on the finding that the reader is at, where there is no room for its card.
pub(super) fn brief(app: &App, tape: &Tape, area: Area, canvas: &mut Canvas<'_>) {
    let Some(finding) = app.told().and_then(|finding| tape.findings.get(finding)) else {
        let errors = counted(tape.count(Severity::Error) as u64, "error");
        let warnings = counted(tape.count(Severity::Warning) as u64, "warning");
        let next = if tape.by_time.is_empty() { "" } else { ": {finding-next} goes to the next" };
        let next = app.keys.fill(next);
        return canvas.line(area, 0, &format!(" {errors}, {warnings}{next}"), Role::Plain);
    };
    let (mark, role) = sign(finding.severity);
    let text = format!(" {mark} {} {}", finding.code.text(), finding.message);
    canvas.line(area, 0, &text, role);
    let cause = finding.cause.as_ref().map_or("", |cause| cause.text.as_str());
    canvas.line(area, 1, &format!("   {cause}"), Role::Plain);
}
