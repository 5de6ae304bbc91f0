//! The recordings of a folder → a list, or how to get one.

use super::canvas::Canvas;
use crate::tui::app::App;
use crate::tui::measure::{Digits, bytes, count, lasted};
use crate::tui::paging;
use crate::tui::shape::Shape;
use crate::tui::theme::Role;

pub(super) fn draw(app: &App, shape: &Shape, canvas: &mut Canvas<'_>) {
    let area = shape.middle;
    let inner = area.inner();
    let listed = match &app.listed {
        Err(why) => {
            canvas.frame(area, "1 Sessions", "q quit", true);
            return canvas.line(inner, 0, &format!("  can't be listed: {why}"), Role::Bad);
        }
        Ok(listed) if listed.is_empty() => {
            canvas.frame(area, "1 Sessions", "? help  q quit", true);
            let ways = [
                format!("  No recordings in {} yet.  Two ways to get one:", app.folder),
                "  try the demo    wiretape demo --save".to_owned(),
                "  record an app   wiretape record ws://localhost:8000".to_owned(),
            ];
            for (row, line) in ways.iter().enumerate() {
                canvas.line(inner, row as u16, line, Role::Plain);
            }
            return;
        }
        Ok(listed) => listed,
    };
    let size: u64 = listed.iter().map(|one| one.size).sum();
    let title =
        format!("1 Sessions   {}   {} recordings, {}", app.folder, listed.len(), bytes(size));
    canvas.frame(area, &title, "Enter open", true);
    let wide = shape.roomy();
    let head = if wide {
        format!(
            "  {:<20} {:<19} {:>8} {:>6} {:>10} {:>7}  {:<12} upstream",
            "name", "started", "length", "conns", "frames", "size", "state"
        )
    } else {
        format!(
            "  {:<18} {:<19} {:>8} {:>9}  {:<12}",
            "name", "started", "length", "frames", "state"
        )
    };
    canvas.line(inner, 0, &head, Role::Quiet);
    let height = usize::from(inner.height.saturating_sub(1));
    let first = paging::first_listed(app, height);
    for (place, one) in listed.iter().enumerate().skip(first).take(height) {
        let mark = if place == app.picked { "▶" } else { " " };
        let live = if one.state == "live" { "●" } else { " " };
        let started = app.wall.time(i128::from(one.started_ns), Digits::Date);
        let started = if one.state == "unreadable" { String::new() } else { started };
        let length = one.lasted_ns.map(lasted).unwrap_or_default();
        let name = crate::tui::escape::fit(one.name.as_bytes(), 18);
        let text = if wide {
            format!(
                "{mark}{live}{name:<20} {started:<19} {length:>8} {:>6} {:>10} {:>7}  {:<12} {}",
                count(one.connections),
                count(one.frames),
                bytes(one.size),
                one.state,
                one.upstream,
            )
        } else {
            format!(
                "{mark}{live}{name:<18} {started:<19} {length:>8} {:>9}  {:<12}",
                count(one.frames),
                one.state
            )
        };
        let row = (place - first + 1) as u16;
        canvas.line(inner, row, &text, Role::Plain);
        if place == app.picked {
            canvas.select(inner, row);
        }
    }
}
