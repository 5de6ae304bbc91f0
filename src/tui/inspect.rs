//! A payload, its form and the room there is → rows to read, laid out once and drawn in parts: a tree
//! that folds, raw bytes, hex.

use super::app::{App, Mode, Screen};
use super::escape;
use super::json::{self, Line};
use super::message::Shown;

/// Bytes of a line of hex.
pub(super) const HEX: usize = 8;

/// A payload, laid out.
#[derive(Clone, Debug)]
pub(super) struct Laid {
    of: Of,
    pub(super) rows: Rows,
}

/// What it was laid out of: a row's payload, so long, in this form, so wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Of {
    row: u32,
    length: usize,
    mode: Mode,
    width: usize,
}

/// Its rows.
#[derive(Clone, Debug)]
pub(super) enum Rows {
    /// One value each.
    Tree(Vec<Line>),
    /// Where each begins.
    Raw(Vec<u32>),
    /// So many, of [`HEX`] bytes each.
    Hex(usize),
}

impl Rows {
    /// Of a payload, in this form; a tree where there is JSON.
    fn of(shown: &Shown, mode: Mode, width: usize) -> Self {
        match (mode, &shown.json) {
            (Mode::Hex, _) => Self::Hex(shown.bytes.len().div_ceil(HEX)),
            (Mode::Tree, Some(text)) => Self::Tree(json::lines(text)),
            _ => Self::Raw(escape::rows(&shown.bytes, width)),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Tree(lines) => lines.len(),
            Self::Raw(rows) => rows.len(),
            Self::Hex(rows) => *rows,
        }
    }
}

impl App {
    /// The finding that the Inspector tells of, rather than of a payload.
    pub(super) fn card(&self) -> Option<usize> {
        match self.screen {
            Screen::Timeline => self.told(),
            Screen::Findings => self.finding,
            _ => None,
        }
    }

    /// Columns for a payload's text.
    fn inspector_width(&self) -> usize {
        let shape = self.shape();
        let area = if self.screen == Screen::Frames { shape.middle } else { shape.inspector };
        usize::from(area.width).saturating_sub(3).max(8)
    }

    /// Lays out the payload, where it is another one than before, or shown otherwise.
    pub(super) fn lay_out(&mut self) {
        let Some((row, Ok(shown))) = &self.payload else { return self.laid = None };
        if self.mode == Mode::Decoded {
            return self.laid = None;
        }
        let (mode, width) = (self.mode, self.inspector_width());
        let of = Of { row: *row, length: shown.bytes.len(), mode, width };
        let before = self.laid.as_ref().map(|laid| laid.of);
        if before == Some(of) {
            return;
        }
        if before.is_none_or(|before| before.row != of.row) {
            self.folds.clear();
            self.node = 0;
        }
        self.laid = Some(Laid { of, rows: Rows::of(shown, mode, width) });
    }

    /// The lines of the payload's tree, where that is what the Inspector shows.
    pub(super) fn tree(&self) -> Option<&[Line]> {
        match &self.laid.as_ref()?.rows {
            Rows::Tree(lines) if self.card().is_none() => Some(lines),
            _ => None,
        }
    }

    /// Not all of the payload was read.
    pub(super) fn is_in_part(&self) -> bool {
        let in_part = |shown: &Shown| (shown.bytes.len() as u64) < shown.length;
        let payload = self.payload.as_ref().filter(|_| self.card().is_none());
        payload.is_some_and(|(_, shown)| shown.as_ref().is_ok_and(in_part))
    }
}
