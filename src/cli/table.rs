//! Cells → lines in aligned columns.

use super::escape;

/// Spaces between columns.
const GAP: &str = "  ";

/// Which side of its column a cell keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Text.
    Left,
    /// Text that may be cut where lines would not fit.
    Free,
    /// Numbers.
    Right,
}

/// Rows of already escaped cells, laid out when all are known.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<(String, Side)>,
    rows: Vec<Vec<String>>,
    /// Headings of columns that lines can do without, the least missed first.
    dispensable: Vec<String>,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new(columns: &[(&str, Side)]) -> Self {
        let columns = columns.iter().map(|(name, side)| ((*name).into(), *side)).collect();
        Self { columns, rows: Vec::new(), dispensable: Vec::new() }
    }

    /// The columns with these headings are left out in this order, as many as must be.
    #[must_use]
    pub(crate) fn may_drop(mut self, headings: &[&str]) -> Self {
        self.dispensable = headings.iter().map(|heading| (*heading).into()).collect();
        self
    }

    /// Adds a row; it has as many cells as there are headings.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The heading's line, then the rows'. With a limit in columns the widest free column gives
    /// way until lines fit, but keeps ten; then whole columns do, where they may, and what is too
    /// wide after that is cut.
    pub(crate) fn render(&self, limit: Option<usize>) -> Vec<String> {
        let mut widths: Vec<usize> = (0..self.columns.len())
            .map(|column| {
                let cells = self.rows.iter().map(|row| escape::width(&row[column]));
                cells.max().unwrap_or(0).max(escape::width(&self.columns[column].0))
            })
            .collect();
        let mut shown = vec![true; widths.len()];
        if let Some(limit) = limit {
            self.shrink(&mut widths, &mut shown, limit);
        }
        let headings: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        let lines = std::iter::once(&headings).chain(&self.rows);
        let lines = lines.map(|row| self.line(row, &widths, &shown));
        match limit.filter(|_| !self.dispensable.is_empty()) {
            Some(limit) => lines.map(|line| escape::fit(line.as_bytes(), limit)).collect(),
            None => lines.collect(),
        }
    }

    fn shrink(&self, widths: &mut [usize], shown: &mut [bool], limit: usize) {
        const LEAST: usize = 10;
        let mut dispensable = self.dispensable.iter();
        loop {
            let kept = (0..widths.len()).filter(|column| shown[*column]);
            let total = kept.map(|column| widths[column] + GAP.len()).sum::<usize>();
            if total <= limit + GAP.len() {
                return;
            }
            let widest = (0..widths.len())
                .filter(|column| shown[*column] && widths[*column] > LEAST)
                .filter(|column| self.columns[*column].1 == Side::Free)
                .max_by_key(|column| widths[*column]);
            if let Some(column) = widest {
                widths[column] -= 1;
            } else if let Some(heading) = dispensable.next() {
                if let Some(column) = self.columns.iter().position(|(name, _)| name == heading) {
                    shown[column] = false;
                }
            } else {
                return;
            }
        }
    }

    fn line(&self, cells: &[String], widths: &[usize], shown: &[bool]) -> String {
        let cells: Vec<String> = cells
            .iter()
            .zip(widths)
            .zip(&self.columns)
            .zip(shown)
            .filter(|(_, shown)| **shown)
            .map(|(((cell, width), (_, side)), _)| {
                let cell = escape::fit(cell.as_bytes(), *width);
                match side {
                    Side::Left | Side::Free => escape::pad_right(&cell, *width),
                    Side::Right => escape::pad_left(&cell, *width),
                }
            })
            .collect();
        cells.join(GAP).trim_end().into()
    }
}
