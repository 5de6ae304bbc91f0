//! A recording that was looked at → its runs, each as the steps that are compared.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::MOST_STEPS;

use crate::analysis::timeline::{LaneOf, MOST_EVENTS, Row, Timeline};
use crate::events::{Event, FieldId, Kind, Reading, Scalar, Symbol, Symbols};
use crate::rules::{Finding, RuleBook, Severity};

/// No tool.
const NONE: u32 = u32::MAX;

/// What the timeline does not keep of an event and a comparison needs: its tool. Four bytes an event.
#[derive(Clone, Debug, Default)]
pub struct Details {
    tool: Option<FieldId>,
    by_row: Vec<u32>,
}

impl Details {
    /// For events made by this reading.
    pub fn new(reading: &Reading) -> Self {
        Self { tool: reading.field("tool"), by_row: Vec::new() }
    }

    /// Takes the next event, which the timeline takes too.
    pub fn append(&mut self, event: &Event) {
        if self.by_row.len() >= MOST_EVENTS as usize {
            return;
        }
        let tool = self.tool.and_then(|field| event.field(field));
        self.by_row.push(match tool {
            Some(Scalar::Text(tool)) => tool.number(),
            _ => NONE,
        });
    }

    /// The tool of a row's event.
    pub fn tool(&self, row: u32) -> Option<Symbol> {
        let number = self.by_row.get(row as usize).filter(|number| **number != NONE);
        number.map(|number| Symbol::of_number(*number))
    }
}

/// One event of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its row in the timeline.
    pub row: u32,
    /// The last frame of its message; 0 where there is none.
    pub frame: i64,
    /// Nanoseconds since the run's first event.
    pub since_ns: u64,
    /// What it was made from.
    pub kind: Kind,
    /// Its type.
    pub name: Symbol,
    /// Its tool.
    pub tool: Option<Symbol>,
    /// Bytes of its payload.
    pub bytes: u32,
}

/// A run, as far as it is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// Its events, in order.
    pub steps: Vec<Step>,
    /// Events beyond [`MOST_STEPS`].
    pub left_out: u64,
}

/// What is kept of a recording that was looked at.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    /// Its events.
    pub timeline: &'a Timeline,
    /// The texts of their names.
    pub symbols: &'a Symbols,
    /// What was found.
    pub findings: &'a [Finding],
    /// The rules.
    pub book: &'a RuleBook,
    /// The tools.
    pub details: &'a Details,
}

/// A recording to compare runs of.
#[derive(Debug)]
pub struct Side<'a> {
    kept: Kept<'a>,
    /// Rows of connections' beginnings and ends, by connection.
    turns: HashMap<i64, Vec<u32>>,
    /// Runs with findings that are more than remarks.
    bad: HashSet<u32>,
}

impl<'a> Side<'a> {
    /// Of what is kept.
    pub fn new(kept: Kept<'a>) -> Self {
        let mut turns: HashMap<i64, Vec<u32>> = HashMap::new();
        for row in kept.timeline.page(None, usize::MAX) {
            if matches!(row.kind, Kind::Open | Kind::Close | Kind::Abort | Kind::Refused) {
                turns.entry(row.connection).or_default().push(row.number);
            }
        }
        let mut side = Self { kept, turns, bad: HashSet::new() };
        side.bad = side.blamed();
        side
    }

    /// The texts of names.
    pub fn symbols(&self) -> &'a Symbols {
        self.kept.symbols
    }

    /// The events.
    pub fn timeline(&self) -> &'a Timeline {
        self.kept.timeline
    }

    fn blamed(&self) -> HashSet<u32> {
        let worse = |severity: Severity| severity > Severity::Info;
        let findings = self.kept.findings.iter();
        // Whoever's: a run whose event came to somebody else is no good one either.
        let findings = findings.filter(|finding| worse(finding.severity));
        let of: HashSet<&str> = findings.filter_map(|finding| finding.run.as_deref()).collect();
        let is_bad = |run: &u32| of.contains(self.called(LaneOf::Run(*run)).0.as_str());
        (0..self.kept.timeline.run_count()).filter(is_bad).collect()
    }

    /// All runs in the order in which they began; where there are none, all connections.
    pub fn lanes(&self) -> Vec<LaneOf> {
        let runs: Vec<LaneOf> = (0..self.kept.timeline.run_count()).map(LaneOf::Run).collect();
        if !runs.is_empty() {
            return runs;
        }
        let mut connections: Vec<i64> = self.turns.keys().copied().collect();
        connections.sort_unstable();
        connections.into_iter().map(LaneOf::Connection).collect()
    }

    /// The id of a run and the name of its user; of a connection, `conn 3` and its user.
    pub fn called(&self, lane: LaneOf) -> (String, String) {
        let symbols = self.symbols();
        match lane {
            LaneOf::Run(number) => {
                let run = self.kept.timeline.run(number);
                run.map_or_else(Default::default, |(id, connection, _)| {
                    (id.display(symbols), self.kept.timeline.user_name(connection, symbols))
                })
            }
            LaneOf::Connection(id) => {
                (format!("conn {id}"), self.kept.timeline.user_name(id, symbols))
            }
            LaneOf::User(_) => Default::default(),
        }
    }

    /// When its first event was, nanoseconds since the recording started.
    pub fn began(&self, lane: LaneOf) -> u64 {
        let first = self.kept.timeline.lane_page(lane, None, 1).first().copied();
        first.and_then(|row| self.kept.timeline.row(row)).map_or(0, |row| row.at_ns)
    }

    /// Whether it came to an end that the rules know, and nothing is wrong with it. Where no rules
    /// know runs, nothing is known to be good.
    pub fn is_good(&self, lane: LaneOf) -> bool {
        match lane {
            LaneOf::Run(number) => !self.bad.contains(&number) && self.ended(number),
            _ => false,
        }
    }

    fn ended(&self, run: u32) -> bool {
        let scopes = &self.kept.book.scopes;
        let scope = scopes.iter().find(|scope| scope.name == "run").or(scopes.get(1));
        let ends = scope.map_or(&[][..], |scope| &scope.end);
        let Some((_, _, rows)) = self.kept.timeline.run(run) else { return false };
        rows.iter().rev().filter_map(|row| self.kept.timeline.row(*row)).any(|row| {
            let name = self.symbols().text(row.name);
            ends.iter().any(|end| end == name)
        })
    }

    /// The events of a run, and what became of its connections meanwhile: of a run that did not
    /// come to its end, up to the end of the connection that it was on last.
    pub fn steps(&self, lane: LaneOf) -> Steps {
        let mut rows = self.kept.timeline.lane_page(lane, None, usize::MAX);
        let left_out = rows.len().saturating_sub(MOST_STEPS);
        rows.truncate(MOST_STEPS);
        if let LaneOf::Run(number) = lane {
            self.add_turns(number, &mut rows);
        }
        let first = rows.first().and_then(|row| self.kept.timeline.row(*row));
        let from_ns = first.map_or(0, |row| row.at_ns);
        let step = |row: Row| Step {
            row: row.number,
            frame: row.frames.1,
            since_ns: row.at_ns.saturating_sub(from_ns),
            kind: row.kind,
            name: row.name,
            tool: self.kept.details.tool(row.number),
            bytes: row.bytes,
        };
        let steps = rows.iter().filter_map(|row| self.kept.timeline.row(*row)).map(step).collect();
        Steps { steps, left_out: left_out as u64 }
    }

    fn add_turns(&self, run: u32, rows: &mut Vec<u32>) {
        let Some((first, last)) = rows.first().copied().zip(rows.last().copied()) else { return };
        let connection = |row: &u32| self.kept.timeline.row(*row).map(|row| row.connection);
        let connections: BTreeSet<i64> = rows.iter().filter_map(connection).collect();
        let until = if self.ended(run) {
            last
        } else {
            let turns = connection(&last).and_then(|id| self.turns.get(&id));
            let end = turns.and_then(|turns| turns.iter().find(|row| **row > last));
            end.copied().unwrap_or(last)
        };
        for id in connections {
            let turns = self.turns.get(&id).into_iter().flatten().copied();
            rows.extend(turns.filter(|row| (first..=until).contains(row)));
        }
        rows.sort_unstable();
        rows.dedup();
    }
}
