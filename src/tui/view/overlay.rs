//! What lies over the screen → a box: lists to choose from, texts to read, SQL and its rows.

use super::canvas::Canvas;
use super::findings::cell;
use crate::tui::app::{Sheet, Sql};
use crate::tui::escape;
use crate::tui::measure;
use crate::tui::menu::{Kind, Menu};
use crate::tui::message::{Answer, Listed};
use crate::tui::paging::first_shown;
use crate::tui::shape::{Area, Shape};
use crate::tui::theme::Role;

/// Columns of a cell of SQL's answer at most.
const CELL: usize = 40;

/// In the middle of the screen, as wide and as high as is asked for and as fits.
fn place(shape: &Shape, width: u16, height: u16) -> Area {
    let middle = shape.middle;
    let (width, height) = (width.min(middle.width), height.min(middle.height));
    Area::new((middle.width - width) / 2, middle.y, width, height)
}

pub(super) fn menu(menu: &Menu, shape: &Shape, canvas: &mut Canvas<'_>) {
    let items = menu.fitting();
    let most = usize::from(shape.middle.height).saturating_sub(4);
    let rows = items.len().clamp(1, most);
    let area = place(shape, 80, rows as u16 + 3);
    canvas.clear(area);
    let foot = match menu.kind {
        Kind::Pick => "type to search  Space shows or hides  Enter the same and closes  Esc",
        Kind::Palette => "type to search, or 14:33:17 +1m30s 50% #4397 E102  Enter  Esc closes",
        _ => "type to search  Enter chooses  Esc closes",
    };
    canvas.frame(area, menu.kind.title(), foot, true);
    let inner = area.inner();
    canvas.line(inner, 0, &format!(" > {}_", menu.text), Role::Strong);
    if items.is_empty() {
        let typed = crate::tui::menu::command(&menu.text);
        let text = if typed.is_some() { "Enter does it" } else { "nothing here is called so" };
        canvas.line(inner, 1, &format!("   {text}"), Role::Quiet);
    }
    let first = first_shown(menu.picked, items.len(), rows);
    let width = usize::from(inner.width);
    for (place, item) in items.iter().enumerate().skip(first).take(rows) {
        let row = (place - first + 1) as u16;
        let mark = if place == menu.picked { '▶' } else { ' ' };
        let hint = escape::fit(item.hint.as_bytes(), 12);
        let room = width.saturating_sub(escape::width(&hint) + 5);
        let label = cell(&item.label, room);
        canvas.line(inner, row, &format!(" {mark} {label}{hint} "), Role::Plain);
        if place == menu.picked {
            canvas.select(inner, row);
        }
    }
}

/// What would be gone.
pub(super) fn remove(listed: &Listed, shape: &Shape, canvas: &mut Canvas<'_>) {
    let area = place(shape, 70, 5);
    canvas.clear(area);
    canvas.frame(area, "Remove this recording?", "y removes it  any other key does not", true);
    let inner = area.inner();
    let what = format!(
        "  {}   {}, {}",
        listed.name,
        crate::tui::counted(listed.frames, "frame"),
        measure::bytes(listed.size)
    );
    canvas.line(inner, 0, &what, Role::Strong);
    canvas.line(inner, 1, &format!("  {}", listed.key), Role::Plain);
    canvas.line(inner, 2, "  There is no way to get it back.", Role::Warning);
}

pub(super) fn sheet(sheet: &Sheet, shape: &Shape, canvas: &mut Canvas<'_>) {
    let wide = usize::from(shape.middle.width.min(100)).saturating_sub(4);
    let lines: Vec<String> = sheet
        .text
        .lines()
        .flat_map(|line| {
            let wrapped = escape::wrap(&escape::text(line), wide, 2);
            // A line of nothing is a line too.
            let lines: Vec<String> = wrapped.lines().map(str::to_owned).collect();
            if lines.is_empty() { vec![String::new()] } else { lines }
        })
        .collect();
    let area = place(shape, 100, (lines.len() + 2).min(usize::from(u16::MAX)) as u16);
    canvas.clear(area);
    canvas.frame(area, &sheet.title, "j k scroll  any other key closes", true);
    let inner = area.inner();
    let height = usize::from(inner.height);
    let first = sheet.scroll.min(lines.len().saturating_sub(height));
    for (row, line) in lines.iter().skip(first).take(height).enumerate() {
        canvas.line(inner, row as u16, &format!(" {line}"), Role::Plain);
    }
}

pub(super) fn sql(sql: &Sql, shape: &Shape, canvas: &mut Canvas<'_>) {
    let area = place(shape, shape.middle.width, shape.middle.height);
    canvas.clear(area);
    let foot = match &sql.answer {
        Some(Ok(answer)) if sql.is_fresh && !answer.rows.is_empty() => {
            "Enter goes to the frame  ↑ ↓ row  Esc closes"
        }
        _ => "Enter asks  Esc closes   views: frames connections gaps",
    };
    canvas.frame(area, "SQL, read only", foot, true);
    let inner = area.inner();
    let width = usize::from(inner.width).saturating_sub(5);
    // The end is what is being typed.
    let skip = sql.text.chars().count().saturating_sub(width);
    let end: String = sql.text.chars().skip(skip).collect();
    canvas.line(inner, 0, &format!(" ; {end}_"), Role::Strong);
    let below = Area::new(inner.x, inner.y + 1, inner.width, inner.height.saturating_sub(1));
    match &sql.answer {
        None => {
            let example = "SELECT id, opcode, length, text FROM frames WHERE text LIKE '%error%'";
            canvas.line(below, 0, &format!("   for example: {example}"), Role::Quiet);
        }
        Some(Err(why)) => {
            for (row, line) in escape::wrap(why, width, 2).lines().enumerate() {
                canvas.line(below, row as u16, &format!("   {line}"), Role::Warning);
            }
        }
        Some(Ok(answer)) => table(answer, sql.picked, below, canvas),
    }
}

fn table(answer: &Answer, picked: usize, area: Area, canvas: &mut Canvas<'_>) {
    let height = usize::from(area.height.saturating_sub(2));
    let first = first_shown(picked, answer.rows.len(), height);
    let shown = || answer.rows.iter().skip(first).take(height);
    let widths: Vec<usize> = answer
        .names
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let cells = shown().filter_map(|row| row.get(at)).chain([name]);
            cells.map(|cell| escape::width(cell)).max().unwrap_or(0).clamp(1, CELL) + 2
        })
        .collect();
    let line = |cells: &[String]| -> String {
        cells.iter().zip(&widths).map(|(text, width)| cell(text, *width)).collect()
    };
    canvas.line(area, 0, &format!("   {}", line(&answer.names)), Role::Quiet);
    for (at, row) in shown().enumerate() {
        let here = first + at == picked;
        let mark = if here { '▶' } else { ' ' };
        canvas.line(area, at as u16 + 1, &format!(" {mark} {}", line(row)), Role::Plain);
        if here {
            canvas.select(area, at as u16 + 1);
        }
    }
    let more = if answer.is_cut { ", and there are more" } else { "" };
    let count = crate::tui::counted(answer.rows.len() as u64, "row");
    canvas.line(area, area.height.saturating_sub(1), &format!("   {count}{more}"), Role::Quiet);
}
