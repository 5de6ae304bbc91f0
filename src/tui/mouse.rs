//! Where on the screen → what is there: a pane and its row, or a moment.

use super::app::{App, Pane, Screen};
use super::shape::Area;

/// What a mouse does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// The left button goes down.
    Press,
    /// It is drawn along with the button down.
    Drag,
    /// The right button goes down.
    Menu,
    /// The wheel turns away from the hand.
    Up,
    /// The wheel turns to the hand.
    Down,
}

/// What is at a place of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// A name in the second line.
    Tab(Screen),
    /// A row of a pane, from its first one below the frame; and the column in the picture, where it
    /// is one.
    Row(Pane, usize, Option<usize>),
    /// The times above the lanes: the column.
    Axis(usize),
    /// The bar at the foot: a share of the recording, in thousandths.
    Bar(u64),
    /// A row of a full screen.
    Line(usize),
}

/// What is there.
pub(super) fn spot(app: &App, x: u16, y: u16) -> Option<Spot> {
    let shape = app.shape();
    if y == 1 {
        return super::view::tab_at(app, x).map(Spot::Tab);
    }
    let foot = shape.middle.y + shape.middle.height;
    if y == foot {
        let (from, wide) = super::view::bar(app);
        let at = usize::from(x).checked_sub(from).filter(|at| *at < wide)?;
        return Some(Spot::Bar(at as u64 * 1000 / (wide as u64 - 1).max(1)));
    }
    let within = |area: Area| {
        let inner = area.inner();
        let (right, below) = (inner.x + inner.width, inner.y + inner.height);
        let is_in = (inner.x..right).contains(&x) && (inner.y..below).contains(&y);
        is_in.then(|| usize::from(y - inner.y))
    };
    if app.screen != Screen::Timeline {
        return within(shape.middle).map(Spot::Line);
    }
    let over = shape.inspects_over() && app.pane == Pane::Inspector;
    let shown = |pane: Pane| match pane {
        Pane::Inspector => over || !shape.inspects_over(),
        _ => !over && (shape.is_apart() || pane == app.pane),
    };
    let areas = [
        (Pane::Lanes, shape.lanes),
        (Pane::Frames, shape.frames),
        (Pane::Inspector, shape.inspector),
        (Pane::Findings, shape.findings),
    ];
    for (pane, area) in areas.into_iter().filter(|(pane, _)| shown(*pane)) {
        let Some(row) = within(area) else { continue };
        let left = usize::from(area.x) + 1 + shape.label();
        let column = usize::from(x).checked_sub(left).filter(|at| *at < shape.picture());
        let column = column.filter(|_| pane == Pane::Lanes);
        return match (pane, row, column) {
            (Pane::Lanes, 0, Some(column)) => Some(Spot::Axis(column)),
            _ => Some(Spot::Row(pane, row, column)),
        };
    }
    None
}
