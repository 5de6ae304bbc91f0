//! An `&App` → cells. Draws, and changes nothing.

mod canvas;
mod edges;
mod findings;
mod frames;
mod help;
mod inspector;
mod lanes;
mod picture;
mod sessions;

use ratatui::Frame;

use super::app::{App, Overlay, Pane, Screen};
use super::shape::{Kind, LEAST, Shape};
use super::theme::Role;
use canvas::Canvas;

/// Draws the screen.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let size = frame.area();
    let shape = Shape::of((size.width, size.height));
    let mut canvas = Canvas { buffer: frame.buffer_mut(), theme: app.theme };
    if shape.kind == Kind::TooSmall {
        let text = format!("needs {}x{}, is {}x{}", LEAST.0, LEAST.1, size.width, size.height);
        canvas.put((0, 0), usize::from(size.width), &text, Role::Plain);
        return;
    }
    edges::head(app, &shape, &mut canvas);
    match app.screen {
        Screen::Sessions => sessions::draw(app, &shape, &mut canvas),
        Screen::Timeline => timeline(app, &shape, &mut canvas),
        Screen::Frames => frames::screen(app, &shape, &mut canvas),
        Screen::Findings => findings::screen(app, &shape, &mut canvas),
    }
    edges::foot(app, &shape, &mut canvas);
    if app.overlay == Overlay::Help {
        help::draw(app, &shape, &mut canvas);
    }
}

fn timeline(app: &App, shape: &Shape, canvas: &mut Canvas<'_>) {
    let Some(tape) = &app.tape else { return };
    let over = shape.inspects_over() && app.pane == Pane::Inspector;
    let alone = shape.kind == Kind::Single;
    if over {
        inspector::draw(app, tape, shape.inspector, canvas);
    } else {
        if !alone || app.pane != Pane::Frames {
            lanes::draw(app, tape, shape, canvas);
        }
        if !alone || app.pane == Pane::Frames {
            frames::draw(app, tape, shape, canvas);
        }
        if !shape.inspects_over() {
            inspector::draw(app, tape, shape.inspector, canvas);
            findings::draw(app, tape, shape.findings, canvas);
        }
    }
    findings::brief(app, tape, shape.brief, canvas);
}
