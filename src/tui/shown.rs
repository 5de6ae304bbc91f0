//! The reader's place and choices → the lines that lists show: of a lane, of all rows, of findings, of a
//! comparison.

use super::app::App;
use super::choice::Sieve;

impl App {
    /// Entries of the lane that are shown: while it plays, those that had come by then.
    pub(super) fn entries_shown(&self) -> usize {
        let known = if self.player.as_known_then { self.entry + 1 } else { usize::MAX };
        self.entries.len().min(known)
    }

    /// The lines of the findings: each one's index, and its group's place.
    pub(super) fn finding_lines(&self) -> Vec<(usize, usize)> {
        let Some(tape) = &self.tape else { return Vec::new() };
        let mut lines = Vec::with_capacity(tape.groups.len());
        for (place, group) in tape.groups.iter().enumerate() {
            lines.push((group.lead, place));
            let is_open = tape
                .findings
                .get(group.lead)
                .is_some_and(|lead| !group.rest.is_empty() && self.unfolded.contains(&lead.id));
            if is_open {
                lines.extend(group.rest.iter().map(|finding| (*finding, place)));
            }
        }
        lines
    }

    /// The reader's line among those: of their finding, or of the group that is folded over it.
    pub(super) fn finding_line(&self, lines: &[(usize, usize)]) -> Option<usize> {
        let (here, tape) = (self.told()?, self.tape.as_ref()?);
        let shown = lines.iter().position(|(finding, _)| *finding == here);
        shown.or_else(|| {
            let group = tape.groups.iter().position(|group| group.rest.contains(&here))?;
            lines.iter().position(|(_, place)| *place == group)
        })
    }

    /// Lines of the comparison that are shown.
    pub(super) fn diff_lines(&self) -> Vec<usize> {
        let Some(compared) = &self.compared else { return Vec::new() };
        let all = compared.lines.iter().enumerate();
        let shown = all.filter(|(_, line)| !self.hides_equal || !line.is_same(self.ignores_pace));
        shown.map(|(at, _)| at).collect()
    }

    /// The filter, where it hides what it does not mean.
    fn sieve(&self) -> Option<&Sieve> {
        self.filter.as_ref().filter(|_| self.hides)
    }

    /// Whether the filter means something else than this row.
    pub(super) fn is_dimmed(&self, row: u32) -> bool {
        self.filter.as_ref().is_some_and(|sieve| sieve.rows.binary_search(&row).is_err())
    }

    /// The rows of the Frames screen: how many there are.
    pub(super) fn row_count(&self) -> usize {
        match (self.sieve(), &self.tape) {
            (Some(sieve), _) => sieve.rows.len(),
            (None, Some(tape)) => tape.timeline.len() as usize,
            (None, None) => 0,
        }
    }

    /// The row at a place of the Frames screen.
    pub(super) fn row_at(&self, place: usize) -> Option<u32> {
        match self.sieve() {
            Some(sieve) => sieve.rows.get(place).copied(),
            None => (place < self.row_count()).then_some(place as u32),
        }
    }

    /// The place on the Frames screen of the current row, or of the next that is there.
    pub(super) fn row_place(&self) -> usize {
        let last = self.row_count().saturating_sub(1);
        match self.sieve() {
            Some(sieve) => sieve.rows.partition_point(|row| *row < self.row).min(last),
            None => (self.row as usize).min(last),
        }
    }
}
