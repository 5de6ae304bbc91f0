//! The table of keys → the help overlay: what works now, and why the rest does not.

use super::canvas::Canvas;
use crate::tui::app::App;
use crate::tui::escape::width;
use crate::tui::keys::Group;
use crate::tui::shape::{Area, Shape};
use crate::tui::theme::Role;
use crate::tui::update::why_not;

pub(super) fn draw(app: &App, shape: &Shape, canvas: &mut Canvas<'_>) {
    let wide = shape.middle.width.min(80);
    let columns = usize::from(wide) - 4;
    let (mut lines, mut dimmed) = (Vec::new(), Vec::new());
    for group in Group::ALL {
        let mut line = format!("{:<6}", format!("{group:?}"));
        for bound in app.keys.rows().filter(|bound| bound.row.group == group) {
            let keys: Vec<String> = bound.keys.iter().map(|key| key.name()).collect();
            let (keys, row) = (keys.join(" "), bound.row);
            if let Some(why) = why_not(app, row.act) {
                let why = app.keys.fill(why);
                dimmed.push(format!("{keys:<10} {}: {why}", row.does));
                continue;
            }
            let next = format!("{keys} {}   ", row.does);
            if width(&line) + width(next.trim_end()) > columns {
                lines.push(line);
                line = " ".repeat(6);
            }
            line += &next;
        }
        if line.trim() != format!("{group:?}") {
            lines.push(line);
        }
    }
    let most = usize::from(shape.middle.height) - 2;
    let rest = most.saturating_sub(lines.len());
    let height = (lines.len() + dimmed.len().min(rest)) as u16 + 2;
    let area = Area::new((shape.middle.width - wide) / 2, shape.middle.y, wide, height);
    canvas.clear(area);
    let foot = "any key closes   dimmed: not now, and why";
    canvas.frame(area, &format!("? Keys for: {:?}", app.screen), foot, true);
    let inner = area.inner();
    for (row, line) in lines.iter().enumerate() {
        canvas.line(inner, row as u16, &format!(" {line}"), Role::Plain);
    }
    for (row, line) in dimmed.iter().take(rest).enumerate() {
        canvas.line(inner, (lines.len() + row) as u16, &format!(" {line}"), Role::Quiet);
    }
}
