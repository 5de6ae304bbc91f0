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
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new(columns: &[(&str, Side)]) -> Self {
        let columns = columns.iter().map(|(name, side)| ((*name).into(), *side)).collect();
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row; it has as many cells as there are headings.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The heading's line, then the rows'. With a limit in columns the widest free column gives
    /// way until lines fit, but keeps ten.
    pub(crate) fn render(&self, limit: Option<usize>) -> Vec<String> {
        let mut widths: Vec<usize> = (0..self.columns.len())
            .map(|column| {
                let cells = self.rows.iter().map(|row| escape::width(&row[column]));
                cells.max().unwrap_or(0).max(escape::width(&self.columns[column].0))
            })
            .collect();
        if let Some(limit) = limit {
            self.shrink(&mut widths, limit);
        }
        let headings: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        std::iter::once(&headings).chain(&self.rows).map(|row| self.line(row, &widths)).collect()
    }

    fn shrink(&self, widths: &mut [usize], limit: usize) {
        const LEAST: usize = 10;
        loop {
            let total = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
            let widest = (0..widths.len())
                .filter(|column| self.columns[*column].1 == Side::Free && widths[*column] > LEAST)
                .max_by_key(|column| widths[*column]);
            match widest {
                Some(column) if total > limit => widths[column] -= 1,
                _ => return,
            }
        }
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let cells: Vec<String> = cells
            .iter()
            .zip(widths)
            .zip(&self.columns)
            .map(|((cell, width), (_, side))| {
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
