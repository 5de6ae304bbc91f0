//! How a slice ended → how people are told of it.

use crate::events::Symbols;

use super::course::Ending;
use super::monitors::SliceEnd;
use super::slice::Slice;

impl Slice {
    /// Its end, as people are told of it. Where nothing came any more after a break, that was it:
    /// whatever happened to the next connection is no part of this.
    pub(super) fn ending<'a>(&self, end: SliceEnd, at_ns: u64, symbols: &'a Symbols) -> Ending<'a> {
        let is_of_the_wire = matches!(end, SliceEnd::Closed | SliceEnd::Lost | SliceEnd::Cut);
        let last = self.events.last().map_or(0, |seen| seen.at_ns);
        let broke = self.broke.as_ref().filter(|broke| is_of_the_wire && last <= broke.at_ns);
        match broke {
            Some(broke) => Ending { end, text: broke.text.clone(), symbols, at_ns: broke.at_ns },
            None => Ending { end, text: self.end_text(end), symbols, at_ns },
        }
    }

    fn end_text(&self, end: SliceEnd) -> String {
        match (end, &self.detached) {
            (SliceEnd::Complete, _) => "the run ended".to_owned(),
            (SliceEnd::Superseded, _) => "the run began anew".to_owned(),
            (SliceEnd::Idle, _) => "nothing more came,".to_owned(),
            (SliceEnd::Closed | SliceEnd::Lost | SliceEnd::Cut, Some(detached)) => {
                detached.text.clone()
            }
            (SliceEnd::Closed | SliceEnd::Lost, None) => "the connection ended".to_owned(),
            (SliceEnd::Cut, None) => "the recording ended".to_owned(),
        }
    }
}
