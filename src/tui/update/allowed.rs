//! What a key would do → why it can't be done now, if it can't: for keys, footer and help alike.

use crate::tui::app::{App, Overlay, Pane, Screen};
use crate::tui::keys::Act;

/// Why an act is not possible now; `None` if it is.
pub(in crate::tui) fn why_not(app: &App, act: Act) -> Option<&'static str> {
    let Some(tape) = &app.tape else {
        return match act {
            Act::Timeline | Act::Frames | Act::Findings => Some("open a recording first (Enter)"),
            _ => in_the_list(app, act),
        };
    };
    if app.screen == Screen::Sessions {
        return in_the_list(app, act);
    }
    let on = |screen| app.screen == screen;
    let lanes = on(Screen::Timeline) && app.pane == Pane::Lanes;
    match act {
        Act::Left | Act::Right | Act::FarLeft | Act::FarRight if !lanes => {
            Some("only among the lanes (Tab, or 2)")
        }
        Act::ZoomIn | Act::ZoomOut | Act::ZoomAll | Act::Folding if !on(Screen::Timeline) => {
            Some("only on the Timeline (2)")
        }
        Act::ZoomOut | Act::ZoomAll if app.window == crate::tui::app::whole(tape) => {
            Some("everything is on the screen")
        }
        Act::PaneNext | Act::PaneBefore if !on(Screen::Timeline) => {
            Some("one pane is all there is")
        }
        Act::Out if !on(Screen::Timeline) => Some("q goes back"),
        Act::Out if app.zooms.is_empty() && !matches!(app.pane, Pane::Frames | Pane::Inspector) => {
            Some("this is the outermost")
        }
        Act::In if on(Screen::Timeline) && app.pane == Pane::Inspector => {
            Some("this is the innermost")
        }
        Act::RunNext | Act::RunBefore if tape.runs.is_empty() => Some("no event names a run"),
        Act::FindingNext | Act::FindingBefore if tape.findings().is_empty() => {
            Some("nothing was found")
        }
        Act::Cause if app.back.is_some() => None,
        Act::Cause => match app.told() {
            None => Some("go to a finding first (e)"),
            Some(finding) if tape.cause_row(finding).is_none() => {
                Some("the wire shows none; its frames are in the Inspector")
            }
            Some(_) => None,
        },
        Act::Close if app.finding.is_none() && app.filter.is_none() => {
            let over = app.pane == Pane::Inspector && app.shape().inspects_over();
            (!over).then_some("nothing is open")
        }
        Act::Filter if !on(Screen::Frames) => Some("on Frames (3)"),
        Act::Times | Act::Payload if on(Screen::Findings) => Some("on Timeline and Frames (2, 3)"),
        _ => None,
    }
}

fn in_the_list(app: &App, act: Act) -> Option<&'static str> {
    let count = app.listed.as_ref().map_or(0, Vec::len);
    match act {
        Act::In | Act::Up | Act::Down | Act::First | Act::Last | Act::PageUp | Act::PageDown => {
            (count == 0).then_some("there are no recordings")
        }
        Act::Timeline
        | Act::Frames
        | Act::Findings
        | Act::Sessions
        | Act::Help
        | Act::Back
        | Act::Quit => None,
        Act::Close => (app.overlay == Overlay::None).then_some("nothing is open"),
        _ => Some("not in the list of recordings"),
    }
}
