//! Text → cells. The one place where anything is written to the screen: everything is escaped here.

use ratatui::buffer::Buffer;

use crate::tui::escape;
use crate::tui::shape::Area;
use crate::tui::theme::{Role, Theme};

/// The screen, to write on.
pub(super) struct Canvas<'a> {
    pub(super) buffer: &'a mut Buffer,
    pub(super) theme: Theme,
}

impl Canvas<'_> {
    /// Writes `text` into at most `width` columns, escaped and cut; tells the columns it took.
    pub(super) fn put(
        &mut self,
        (x, y): (u16, u16),
        width: usize,
        text: &str,
        role: Role,
    ) -> usize {
        let area = self.buffer.area;
        if y >= area.bottom() || x >= area.right() {
            return 0;
        }
        let room = width.min(usize::from(area.right() - x));
        // No more than can fit is looked at, however long a text is.
        let most =
            text.char_indices().nth(room.saturating_mul(8) + 8).map_or(text.len(), |(at, _)| at);
        let text = escape::fit(self.theme.glyphs(&text[..most]).as_bytes(), room);
        let text = self.theme.glyphs(&text);
        self.buffer.set_stringn(x, y, &text, room, self.theme.style(role));
        escape::width(&text).min(room)
    }

    /// A whole line of an area, the rest of it empty.
    pub(super) fn line(&mut self, area: Area, row: u16, text: &str, role: Role) {
        if row < area.height {
            let width = usize::from(area.width);
            let used = self.put((area.x, area.y + row), width, text, role);
            if role == Role::Selected {
                let rest = " ".repeat(width - used.min(width));
                self.put(
                    (area.x + used as u16, area.y + row),
                    width - used.min(width),
                    &rest,
                    role,
                );
            }
        }
    }

    /// Turns cells that were written into the reader's place.
    pub(super) fn select(&mut self, area: Area, row: u16) {
        if row < area.height {
            let style = self.theme.style(Role::Selected);
            let rect = ratatui::layout::Rect::new(area.x, area.y + row, area.width, 1);
            self.buffer.set_style(rect.intersection(self.buffer.area), style);
        }
    }

    /// A frame with a title and words at its foot.
    pub(super) fn frame(&mut self, area: Area, title: &str, foot: &str, focused: bool) {
        let Area { x, y, width, height } = area;
        if width < 2 || height < 2 {
            return;
        }
        let role = if focused { Role::Focus } else { Role::Plain };
        let inner = usize::from(width) - 2;
        let across = "─".repeat(inner);
        self.put((x, y), usize::from(width), &format!("┌{across}┐"), role);
        self.put((x, y + height - 1), usize::from(width), &format!("└{across}┘"), role);
        for row in y + 1..y + height - 1 {
            self.put((x, row), 1, "│", role);
            self.put((x + width - 1, row), 1, "│", role);
        }
        if !title.is_empty() {
            self.put((x + 1, y), inner, &format!(" {title} "), role);
        }
        if !foot.is_empty() {
            self.put((x + 2, y + height - 1), inner.saturating_sub(1), &format!(" {foot} "), role);
        }
    }

    /// Empties an area.
    pub(super) fn clear(&mut self, area: Area) {
        let rect = ratatui::layout::Rect::new(area.x, area.y, area.width, area.height);
        let rect = rect.intersection(self.buffer.area);
        for position in rect.positions() {
            self.buffer[position].reset();
        }
    }
}
