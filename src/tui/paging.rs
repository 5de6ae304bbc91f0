//! A list, the reader's place in it and the room there is → the rows that are on the screen.

use super::app::App;
use super::shape::Shape;

/// The first of `count` rows to show in `height`, so that `selected` is among them: in the middle,
/// whatever the height, so that resizing keeps the place.
pub(super) fn first_shown(selected: usize, count: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(count.saturating_sub(height))
}

/// Rows for lanes, under the axis and the findings and above the whole session.
pub(super) fn lane_rows(shape: &Shape) -> usize {
    usize::from(shape.lanes.inner().height.saturating_sub(3))
}

/// The first lane shown.
pub(super) fn first_lane(app: &App, shape: &Shape) -> usize {
    let here = app.lanes.iter().position(|lane| *lane == app.lane).unwrap_or(0);
    first_shown(here, app.lanes.len(), lane_rows(shape))
}

/// Rows of the Frames pane above its first entry.
pub(super) fn frames_head(shape: &Shape) -> usize {
    usize::from(shape.roomy())
}

/// The first entry shown in the Frames pane.
pub(super) fn first_entry(app: &App, shape: &Shape) -> usize {
    let rows = usize::from(shape.frames.inner().height).saturating_sub(frames_head(shape));
    first_shown(app.entry, app.entries_shown(), rows)
}

/// Rows that the Inspector takes of the Frames screen.
pub(super) fn told_below_frames(shape: &Shape) -> u16 {
    if shape.middle.height >= 16 { shape.middle.height / 3 } else { 0 }
}

/// The first row shown on the Frames screen.
pub(super) fn first_row(app: &App, shape: &Shape) -> usize {
    let rows = shape.middle.height.saturating_sub(told_below_frames(shape) + 3);
    first_shown(app.row_place(), app.row_count(), usize::from(rows))
}

/// Rows that the card takes of the Findings screen.
pub(super) fn told_below_findings(shape: &Shape) -> u16 {
    if shape.middle.height >= 16 { shape.middle.height / 2 } else { 0 }
}

/// The first of the findings' lines that is shown in so many rows.
pub(super) fn first_finding(app: &App, lines: &[(usize, usize)], rows: usize) -> usize {
    first_shown(app.finding_line(lines).unwrap_or(0), lines.len(), rows)
}

/// Rows that the users and connections of what is open take of the list of recordings.
pub(super) fn inside_listed(app: &App, shape: &Shape) -> u16 {
    let height = shape.middle.height;
    if app.tape.is_some() && height >= 12 { height * 3 / 5 } else { 0 }
}

/// The recordings that are shown, by their places.
pub(super) fn listed_shown(app: &App) -> std::ops::Range<usize> {
    let shape = app.shape();
    // A frame and a line of headings.
    let height = shape.middle.height.saturating_sub(inside_listed(app, &shape) + 3);
    let first = first_listed(app, usize::from(height));
    first..first + usize::from(height)
}

/// The first recording shown.
pub(super) fn first_listed(app: &App, rows: usize) -> usize {
    first_shown(app.picked, app.listed.as_ref().map_or(0, Vec::len), rows)
}
