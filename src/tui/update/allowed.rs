//! What a key would do → why it can't be done now, if it can't: for keys, footer and help alike.

use super::{fold, listed};
use crate::tui::app::{App, Lane, Overlay, Pane, Screen, whole};
use crate::tui::keys::Act;
use crate::tui::tape::Tape;

/// Why an act is not possible now; `None` if it is.
pub(in crate::tui) fn why_not(app: &App, act: Act) -> Option<&'static str> {
    let Some(tape) = &app.tape else {
        return match act {
            Act::Timeline | Act::Frames | Act::Findings | Act::Live => {
                Some("open a recording first ({in})")
            }
            _ => in_the_list(app, act),
        };
    };
    if app.screen == Screen::Sessions {
        return in_the_list(app, act);
    }
    if listed::is_of_the_list(act) {
        return Some("in the list of recordings ({sessions})");
    }
    elsewhere(app, act).or_else(|| here(app, tape, act))
}

/// Where an act can be done, if not here.
fn elsewhere(app: &App, act: Act) -> Option<&'static str> {
    let lanes = app.screen == Screen::Timeline && app.pane == Pane::Lanes;
    match act {
        Act::Left | Act::Right if lanes || fold::on_findings(app) || fold::in_tree(app) => None,
        Act::Left | Act::Right | Act::FarLeft | Act::FarRight if !lanes => {
            Some("only among the lanes ({pane-next}, or {timeline})")
        }
        Act::OpenAll | Act::CloseAll if fold::on_findings(app) || fold::in_tree(app) => None,
        Act::ZoomIn
        | Act::ZoomOut
        | Act::ZoomAll
        | Act::Folding
        | Act::Range
        | Act::Pane
        | Act::Sort
        | Act::Pin
        | Act::Pick
        | Act::OpenAll
        | Act::CloseAll
            if app.screen != Screen::Timeline =>
        {
            Some("only on the Timeline ({timeline})")
        }
        Act::Play
        | Act::Slower
        | Act::Faster
        | Act::Speeds
        | Act::StepOn
        | Act::StepBack
        | Act::FrameOn
        | Act::FrameBack
        | Act::HitNext
        | Act::HitBefore
        | Act::Hide
        | Act::Filter
        | Act::Times
        | Act::Payload
            if matches!(app.screen, Screen::Findings | Screen::Live) =>
        {
            Some("on Timeline and Frames ({timeline}, {frames})")
        }
        Act::Play
        | Act::StepOn
        | Act::StepBack
        | Act::FrameOn
        | Act::FrameBack
        | Act::Filter
        | Act::Times
        | Act::Payload
        | Act::Follow
            if app.screen == Screen::Diff =>
        {
            Some("on Timeline and Frames ({timeline}, {frames})")
        }
        Act::Pace if app.screen != Screen::Diff => Some("on Diff ({diff})"),
        Act::In if app.screen == Screen::Live => Some("nothing to go into"),
        Act::PaneNext | Act::PaneBefore if app.screen != Screen::Timeline => {
            Some("one pane is all there is")
        }
        Act::PaneNext | Act::PaneBefore if app.alone.is_some() => {
            Some("one pane is shown; {pane} shows all")
        }
        Act::Out if app.screen != Screen::Timeline => Some("{back} goes back"),
        _ => None,
    }
}

/// What an act lacks here.
fn here(app: &App, tape: &Tape, act: Act) -> Option<&'static str> {
    let on_timeline = app.screen == Screen::Timeline;
    match act {
        Act::ZoomOut | Act::ZoomAll if app.window == whole(tape) => {
            Some("everything is on the screen")
        }
        Act::Out if app.zooms.is_empty() && !matches!(app.pane, Pane::Frames | Pane::Inspector) => {
            Some("this is the outermost")
        }
        Act::In if fold::in_tree(app) || fold::in_payload(app) && app.is_in_part() => None,
        Act::In if on_timeline && app.pane == Pane::Inspector && app.range.is_none() => {
            Some("this is the innermost")
        }
        Act::RunNext | Act::RunBefore if tape.runs.is_empty() => Some("no event names a run"),
        Act::FindingNext | Act::FindingBefore if tape.by_time.is_empty() => {
            Some("nothing was found")
        }
        Act::Play | Act::StepOn | Act::StepBack | Act::FrameOn | Act::FrameBack
            if tape.timeline.is_empty() =>
        {
            Some("nothing was said yet")
        }
        Act::Follow if tape.about.state != "live" => Some("this recording does not grow"),
        Act::Sort if !app.pins.is_empty() => Some("not while lanes are pinned; {pin} unpins"),
        Act::HitNext | Act::HitBefore | Act::Hide if app.screen == Screen::Diff => None,
        Act::Report if tape.timeline.is_empty() => Some("nothing was said yet"),
        Act::Diff if on_a_user(app, tape) => Some("stand on a run first ({run-next})"),
        Act::Marks if tape.notes.is_empty() => Some("there are none: {mark} marks, {note} notes"),
        Act::HitNext | Act::HitBefore | Act::Hide if app.filter.is_none() => {
            Some("filter first ({filter})")
        }
        Act::Cause if app.back.is_some() => None,
        Act::Cause => match app.told() {
            None => Some("go to a finding first ({finding-next})"),
            Some(finding) if tape.cause_row(finding).is_none() => {
                Some("the wire shows none; its frames are in the Inspector")
            }
            Some(_) => None,
        },
        Act::Close => (!is_something_open(app)).then_some("nothing is open"),
        _ => None,
    }
}

/// Neither the lane nor the finding is of a run.
fn on_a_user(app: &App, tape: &Tape) -> bool {
    let of_finding = app.told().and_then(|finding| tape.run_of(finding));
    of_finding.is_none() && matches!(app.lane, Lane::User(_))
}

/// There is something that Esc closes.
fn is_something_open(app: &App) -> bool {
    app.finding.is_some()
        || app.filter.is_some()
        || app.range.is_some()
        || app.player.as_known_then
        || app.pane == Pane::Inspector && app.shape().inspects_over()
}

fn in_the_list(app: &App, act: Act) -> Option<&'static str> {
    let count = app.listed.as_ref().map_or(0, Vec::len);
    match act {
        Act::PaneNext | Act::PaneBefore => {
            app.tape.is_none().then_some("open a recording first ({in})")
        }
        Act::In | Act::Up | Act::Down if app.inside.is_some() => None,
        Act::In | Act::Up | Act::Down | Act::First | Act::Last | Act::PageUp | Act::PageDown => {
            (count == 0).then_some("there are no recordings")
        }
        Act::Timeline
        | Act::Frames
        | Act::Findings
        | Act::Live
        | Act::Sessions
        | Act::Help
        | Act::Palette
        | Act::Mouse
        | Act::Back
        | Act::Quit => None,
        Act::Close => (app.overlay == Overlay::None).then_some("nothing is open"),
        Act::Sort | Act::Diff | Act::Report => listed::why_not(app, act),
        act if listed::is_of_the_list(act) => listed::why_not(app, act),
        _ => Some("not in the list of recordings"),
    }
}
