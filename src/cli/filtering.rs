//! A filter on its way through a recording → the rows it means, some at a time, and in words what that
//! is. Payloads are read only where they decide.

use std::collections::HashMap;
use std::path::Path;

use super::failure::Failure;
use super::payloads::Payloads;
use super::{human, sift};
use crate::analysis::look::Look;
use crate::analysis::timeline::Row;
use crate::events::filter::{Filter, Payload};
use crate::events::payload::Parts;
use crate::tui::Tape;

/// Rows that are looked at before the screen hears of them: some hundredths of a second's work.
pub(super) const ROWS_AT_ONCE: usize = 8192;

/// Conditions for which it is tried what would be met without each.
const MOST_TRIED: usize = 8;

/// A filter on its way through a recording.
pub(super) struct Filtering {
    pub(super) text: String,
    filter: Filter,
    met: u64,
    /// What would be met without a condition, by the condition.
    without: Vec<(String, Filter, u64)>,
    payloads: Option<Payloads>,
}

impl Filtering {
    pub(super) fn new(text: &str) -> Result<Self, Failure> {
        let filter = sift::parse(text)?;
        let without = filter.without_one().into_iter().take(MOST_TRIED);
        let without = without.map(|(term, rest)| (term, rest, 0)).collect();
        Ok(Self { text: text.to_owned(), filter, met: 0, without, payloads: None })
    }

    /// Rows that are meant, of those from `from` on. Payloads are read only where they decide.
    pub(super) fn rows(
        &mut self,
        look: &Look<'_>,
        tape: &Tape,
        from: u32,
        (path, parts): (&Path, &Parts),
    ) -> Result<Vec<u32>, Failure> {
        let mut meant = Vec::new();
        let mut open: HashMap<u32, Row> = HashMap::new();
        let mut last = 0;
        for row in tape.timeline.page(from.checked_sub(1), ROWS_AT_ONCE) {
            match look.meets(&self.filter, &row, None) {
                Some(true) => meant.push(row.number),
                Some(false) => {}
                None => {
                    last = last.max(row.frames.1);
                    open.insert(row.number, row);
                }
            }
            // What would be met is counted only until something is.
            if self.met == 0 && meant.is_empty() {
                for (_, filter, count) in &mut self.without {
                    *count += u64::from(look.meets(filter, &row, None) == Some(true));
                }
            }
        }
        if !open.is_empty() {
            let payloads = match &mut self.payloads {
                Some(payloads) => payloads,
                None => self.payloads.insert(Payloads::new(path)?),
            };
            let filter = &self.filter;
            payloads.until(last, &mut |frame, opcode, bytes| {
                for number in tape.timeline.rows_of_frame(frame) {
                    let Some(row) = open.get(&number) else { continue };
                    let json = parts.json(bytes, u32::from(row.part));
                    let payload = Payload { opcode, bytes, json: json.as_deref() };
                    if look.meets(filter, row, Some(&payload)) == Some(true) {
                        meant.push(number);
                    }
                }
            })?;
            meant.sort_unstable();
            meant.dedup();
        }
        self.met += meant.len() as u64;
        Ok(meant)
    }

    /// What is meant; while nothing is, what to drop so that something would be.
    pub(super) fn words(&self) -> String {
        let best = self.without.iter().filter(|(_, _, count)| *count > 0 && self.met == 0);
        // Of equals, the one that was typed last is the one to drop.
        match best.max_by_key(|(_, _, count)| *count) {
            Some((term, _, count)) => {
                format!("without `{term}`: {}", human::count(*count))
            }
            None => self.filter.in_words(),
        }
    }
}
