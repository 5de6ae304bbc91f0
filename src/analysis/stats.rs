//! A timeline → its figures: how much of what, how large, how fast, and how it ended.

use std::collections::{BTreeMap, BinaryHeap, HashMap};

use super::Analysis;
use super::histogram::Histogram;
use super::timeline::{Row, Timeline};
use crate::events::{Kind, Symbol};
use crate::rules::Severity;

/// Types, and users, that have figures of their own; all further ones share one line.
pub const MOST_GROUPS: usize = 1000;

/// What all further ones are called.
pub const FURTHER: &str = "(further)";

/// Runs listed as the slowest.
const SLOWEST: usize = 10;

/// Some events: of a type, or of a user.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// Events.
    pub count: u64,
    /// Events on which an error rests.
    pub errors: u64,
    /// Payload bytes of all.
    pub bytes: u64,
    /// Payload bytes of each.
    pub sizes: Histogram,
    /// Nanoseconds from the event before in the run.
    pub gaps: Histogram,
    /// Nanoseconds from what is answered.
    pub replies: Histogram,
    /// Runs, of a user.
    pub runs: u64,
}

impl Group {
    fn add(&mut self, row: &Row, gap_ns: Option<u64>) {
        self.count += 1;
        self.errors += u64::from(row.worst() == Some(Severity::Error));
        self.bytes += u64::from(row.bytes);
        self.sizes.add(u64::from(row.bytes));
        if let Some(gap_ns) = gap_ns {
            self.gaps.add(gap_ns);
        }
        if let Some(reply_ns) = row.reply_ns {
            self.replies.add(reply_ns);
        }
    }
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFigures {
    /// Its id.
    pub id: String,
    /// Whose.
    pub user: String,
    /// From its first event to its last, in nanoseconds.
    pub lasted_ns: u64,
    /// Its events.
    pub events: u64,
    /// What ended it; `None` if nothing that the rules call an end did.
    pub end: Option<String>,
}

/// All figures.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// From the first event to the last, in nanoseconds.
    pub lasted_ns: u64,
    /// All events.
    pub all: Group,
    /// By type, the most frequent first.
    pub types: Vec<(String, Group)>,
    /// By user, by name.
    pub users: Vec<(String, Group)>,
    /// How many runs ended so, by the event that ended them; without one: `None`.
    pub ends: BTreeMap<Option<String>, u64>,
    /// The slowest runs, slowest first.
    pub slowest: Vec<RunFigures>,
    /// How long runs that ended took, in nanoseconds.
    pub run_times: Histogram,
}

impl Stats {
    /// Of a timeline that `analysis` filled.
    pub fn of(timeline: &Timeline, analysis: &Analysis) -> Self {
        let symbols = analysis.symbols();
        let mut stats = Self::default();
        let mut types: HashMap<Symbol, Group> = HashMap::new();
        let mut users: HashMap<String, Group> = HashMap::new();
        let mut further = [Group::default(), Group::default()];
        let (mut first, mut last) = (u64::MAX, 0);
        let mut name_of: HashMap<i64, String> = HashMap::new();
        for row in timeline.page(None, usize::MAX) {
            let before = timeline.before_in_run(row.number).and_then(|row| timeline.row(row));
            let gap = before.map(|before| row.at_ns.saturating_sub(before.at_ns));
            (first, last) = (first.min(row.at_ns), last.max(row.at_ns));
            stats.all.add(&row, gap);
            let room = types.len() < MOST_GROUPS || types.contains_key(&row.name);
            let group = if room { types.entry(row.name).or_default() } else { &mut further[0] };
            group.add(&row, gap);
            if row.kind == Kind::Gap || row.connection == 0 {
                continue;
            }
            if name_of.len() >= MOST_GROUPS * 16 {
                name_of.clear();
            }
            let user = name_of
                .entry(row.connection)
                .or_insert_with(|| timeline.user_name(row.connection, symbols));
            let room = users.len() < MOST_GROUPS || users.contains_key(user);
            let group = if room { users.entry(user.clone()).or_default() } else { &mut further[1] };
            group.add(&row, gap);
        }
        stats.lasted_ns = last.saturating_sub(first.min(last));
        stats.runs(timeline, analysis, &mut users);
        let types = types.into_iter().map(|(name, group)| (symbols.text(name).to_owned(), group));
        stats.types = types.collect();
        stats.types.sort_by(|a, b| b.1.count.cmp(&a.1.count).then_with(|| a.0.cmp(&b.0)));
        stats.users = users.into_iter().collect();
        stats.users.sort_by(|a, b| a.0.cmp(&b.0));
        let lists = [&mut stats.types, &mut stats.users];
        for (list, further) in lists.into_iter().zip(further) {
            if further.count > 0 {
                list.push((FURTHER.to_owned(), further));
            }
        }
        stats
    }

    fn runs(
        &mut self,
        timeline: &Timeline,
        analysis: &Analysis,
        users: &mut HashMap<String, Group>,
    ) {
        let symbols = analysis.symbols();
        let ends = analysis.engine().book().run_scope().map_or(&[][..], |scope| &scope.end);
        let mut slowest = BinaryHeap::new();
        for number in 0..timeline.run_count() {
            let Some((_, connection, rows)) = timeline.run(number) else { continue };
            let user = timeline.user_name(connection, symbols);
            if let Some(group) = users.get_mut(&user) {
                group.runs += 1;
            }
            let row = |row: &u32| timeline.row(*row);
            let Some((first, last)) = rows.first().and_then(row).zip(rows.last().and_then(row))
            else {
                continue;
            };
            let named = rows.iter().rev().filter_map(row).map(|row| symbols.text(row.name));
            let end =
                named.filter(|name| ends.iter().any(|end| end == name)).map(str::to_owned).next();
            let lasted_ns = last.at_ns.saturating_sub(first.at_ns);
            if end.is_some() {
                self.run_times.add(lasted_ns);
            }
            *self.ends.entry(end.clone()).or_default() += 1;
            slowest.push(std::cmp::Reverse((lasted_ns, number, end)));
            if slowest.len() > SLOWEST {
                slowest.pop();
            }
        }
        let mut slowest: Vec<_> = slowest.into_iter().map(|slow| slow.0).collect();
        slowest.sort_by(|a, b| b.cmp(a));
        self.slowest = slowest
            .into_iter()
            .filter_map(|(lasted_ns, number, end)| {
                let (id, connection, rows) = timeline.run(number)?;
                let user = timeline.user_name(connection, symbols);
                let (id, events) = (id.display(symbols), rows.len() as u64);
                Some(RunFigures { id, user, lasted_ns, events, end })
            })
            .collect();
    }
}
