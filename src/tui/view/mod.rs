//! An `&App` → cells. Draws, and changes nothing.

mod canvas;
mod diff;
mod edges;
mod findings;
mod frames;
mod help;
mod inspector;
mod lanes;
mod live;
mod overlay;
mod picture;
mod review;
mod sessions;

use ratatui::Frame;
use ratatui::buffer::Buffer;

use super::app::{App, Overlay, Pane, Screen};
use super::shape::{Area, Kind, LEAST, Shape};
use super::theme::Role;
use canvas::Canvas;
pub(super) use edges::{bar, tab_at};

/// Draws the screen.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    draw_on(app, frame.buffer_mut());
}

fn draw_on(app: &App, buffer: &mut Buffer) {
    let size = buffer.area;
    let shape = Shape::of((size.width, size.height), app.alone);
    let mut canvas = Canvas { buffer, theme: app.theme };
    if shape.kind == Kind::TooSmall {
        let text = format!("needs {}x{}, is {}x{}", LEAST.0, LEAST.1, size.width, size.height);
        canvas.put((0, 0), usize::from(size.width), &text, Role::Plain);
        return;
    }
    // It has the whole screen: nothing is done meanwhile but that.
    if let Overlay::Review(review) = &app.overlay {
        let area = Area::new(size.x, size.y, size.width, size.height);
        return review::draw(review, area, &mut canvas);
    }
    edges::head(app, &shape, &mut canvas);
    match app.screen {
        Screen::Sessions => sessions::draw(app, &shape, &mut canvas),
        Screen::Timeline => timeline(app, &shape, &mut canvas),
        Screen::Frames => frames::screen(app, &shape, &mut canvas),
        Screen::Findings => findings::screen(app, &shape, &mut canvas),
        Screen::Live => live::draw(app, &shape, &mut canvas),
        Screen::Diff => diff::draw(app, &shape, &mut canvas),
    }
    edges::foot(app, &shape, &mut canvas);
    match &app.overlay {
        Overlay::Help => help::draw(app, &shape, &mut canvas),
        Overlay::Menu(menu) => overlay::menu(menu, &shape, &mut canvas),
        Overlay::Sheet(sheet) => overlay::sheet(sheet, &shape, &mut canvas),
        Overlay::Sql(sql) => overlay::sql(sql, &shape, &mut canvas),
        Overlay::Remove(listed) => overlay::remove(listed, &shape, &mut canvas),
        Overlay::None
        | Overlay::Filter(_)
        | Overlay::Note(_)
        | Overlay::Prompt(..)
        | Overlay::Review(_) => {}
    }
}

/// What the screen shows, line by line.
pub fn picture_of(app: &App, (width, height): (u16, u16)) -> String {
    let area = ratatui::layout::Rect::new(0, 0, width, height);
    let mut buffer = ratatui::buffer::Buffer::empty(area);
    draw_on(app, &mut buffer);
    let mut text = String::new();
    for y in 0..height {
        let (mut line, mut x) = (String::new(), 0);
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            // The second half of a wide character is its own cell, and says nothing.
            x += (super::escape::width(symbol) as u16).max(1);
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

fn timeline(app: &App, shape: &Shape, canvas: &mut Canvas<'_>) {
    let Some(tape) = &app.tape else { return };
    let over = shape.inspects_over() && app.pane == Pane::Inspector;
    let alone = shape.kind == Kind::Single;
    if over {
        inspector::draw(app, tape, shape.inspector, canvas);
    } else {
        if shape.lanes.height > 0 && (!alone || app.pane != Pane::Frames) {
            lanes::draw(app, tape, shape, canvas);
        }
        if shape.frames.height > 0 && (!alone || app.pane == Pane::Frames) {
            frames::draw(app, tape, shape, canvas);
        }
        if !shape.inspects_over() {
            inspector::draw(app, tape, shape.inspector, canvas);
            findings::draw(app, tape, shape.findings, canvas);
        }
    }
    findings::brief(app, tape, shape.brief, canvas);
}
