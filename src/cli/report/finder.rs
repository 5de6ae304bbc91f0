//! A recording that was looked at → findings, runs, users and places in it, as what reports are about.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use super::failure;
use super::scope::{Around, Focus, Scope};
use crate::analysis::timeline::{LaneOf, Row};
use crate::cli::failure::Failure;
use crate::cli::human::{Wall, moment};
use crate::cli::note::{at_ns_of, moment as moment_of};
use crate::cli::sift::{Looked, MeantFrames, Sifted};
use crate::events::Kind;
use crate::recording::{Check, RecordingReader};
use crate::report::sight::short;
use crate::rules::{Code, Finding, Status};
use crate::tui::At;
use crate::wire::Connection;

/// What is kept before and after a run, in nanoseconds: what led to it, and what came of it.
const AROUND_NS: u64 = 5_000_000_000;

/// How long after a run a break of its connection may belong to it: as long as most clients try to
/// come back.
const SOON_NS: u64 = 60_000_000_000;

/// Finds things in a recording.
pub(super) struct Finder<'a> {
    looked: &'a Looked,
    reader: RecordingReader,
    /// By connection.
    lines: HashMap<i64, Line>,
}

/// A connection: whose, and when.
struct Line {
    name: String,
    opened_ns: u64,
    closed_ns: Option<u64>,
}

impl Line {
    fn overlaps(&self, from: u64, to: u64) -> bool {
        self.opened_ns <= to && self.closed_ns.is_none_or(|closed| closed >= from)
    }
}

impl<'a> Finder<'a> {
    pub(super) fn new(looked: &'a Looked) -> Result<Self, Failure> {
        let reader = RecordingReader::open_with(looked.path(), Check::Schema)?;
        let mut lines = HashMap::new();
        let symbols = looked.analysis.symbols();
        reader.connections(0, &mut |Connection { id, opened_ns, closed_ns, .. }| {
            let name = looked.timeline.user_name(id, symbols);
            lines.insert(id, Line { name, opened_ns, closed_ns });
            ControlFlow::Continue(())
        })?;
        Ok(Self { looked, reader, lines })
    }

    fn findings(&self) -> impl Iterator<Item = &'a Finding> {
        let all = self.looked.analysis.engine().findings().iter();
        all.filter(|finding| finding.status != Status::Withdrawn)
    }

    /// The first of the worst.
    pub(super) fn worst(&self, of: impl Fn(&Finding) -> bool) -> Option<&'a Finding> {
        let all = self.findings().filter(|finding| of(finding));
        all.min_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.at_ns))
    }

    pub(super) fn everything(&self, words: &str) -> Scope {
        Scope {
            words: words.to_owned(),
            user: None,
            run: None,
            finding: self.worst(|_| true).map(|finding| finding.id),
            wanted: None,
            window: None,
            around: Around::Everything,
        }
    }

    /// A run, by its id and the name of its user.
    pub(super) fn run(&self, id: Option<&str>, user: Option<&str>) -> Option<u32> {
        let is_of = |run: &u32| {
            let began = self.looked.timeline.run(*run).map(|(_, connection, _)| connection);
            let name = began.map(|connection| self.name(connection));
            user.is_none_or(|user| name == Some(user))
        };
        self.runs(id?).into_iter().find(is_of)
    }

    /// All runs of this id: users may have their own of the same.
    fn runs(&self, id: &str) -> Vec<u32> {
        let (timeline, symbols) = (&self.looked.timeline, self.looked.analysis.symbols());
        let is_it = |run: &u32| {
            timeline.run(*run).is_some_and(|(known, _, _)| known.display(symbols) == id)
        };
        (0..timeline.run_count()).filter(is_it).collect()
    }

    fn name(&self, connection: i64) -> &str {
        self.lines.get(&connection).map_or("", |line| &line.name)
    }

    pub(super) fn around_finding(&self, finding: &'a Finding) -> Scope {
        let id = finding.run.as_deref();
        let run = self.run(id, finding.user.as_deref()).or_else(|| self.run(id, None));
        if let Some(run) = run {
            return Scope { finding: Some(finding.id), ..self.around_run(run) };
        }
        let mut focus = self.focus(&[], &[finding]);
        let of = finding.connection.into_iter().collect();
        let user = finding.connection.map(|connection| self.name(connection).to_owned());
        let user = finding.user.clone().or(user);
        focus.connections = user.as_ref().map_or(of, |user| self.connections_of(user));
        let times = self.times(&focus).chain([finding.at_ns]);
        let window = window(times);
        Scope {
            words: format!("{} ±5s", finding.code.text()),
            user,
            run: None,
            finding: Some(finding.id),
            wanted: Some(BTreeSet::from([finding.id])),
            window,
            around: Around::Focus(focus),
        }
    }

    pub(super) fn around_run(&self, number: u32) -> Scope {
        let (timeline, symbols) = (&self.looked.timeline, self.looked.analysis.symbols());
        let run = timeline.run(number);
        let (id, user) = run.map_or_else(Default::default, |(id, connection, _)| {
            (id.display(symbols), self.name(connection).to_owned())
        });
        let is_astray =
            |finding: &Finding| finding.code == Code::E108 && finding.run.as_ref() == Some(&id);
        // Where what belongs to one came to another, both are part of the story.
        let runs = if self.findings().any(is_astray) { self.runs(&id) } else { vec![number] };
        let names: BTreeSet<&str> = runs
            .iter()
            .filter_map(|run| Some(self.name(timeline.run(*run)?.1)))
            .chain([user.as_str()])
            .collect();
        let is_of = |finding: &&Finding| {
            let is_user = finding.user.as_deref().is_none_or(|name| names.contains(name));
            finding.run.as_ref() == Some(&id) && is_user
        };
        let about: Vec<&Finding> = self.findings().filter(is_of).collect();
        let mut focus = self.focus(&runs, &about);
        focus.connections = names.iter().flat_map(|name| self.connections_of(name)).collect();
        let (from, to) = window(self.times(&focus)).unwrap_or((0, u64::MAX));
        // A finding is told when time is up: what had not come until then is part of the story.
        let told = about.iter().map(|finding| finding.at_ns).max().unwrap_or(0);
        let told = told.max(self.came_back(&focus, to));
        self.add_ends(&mut focus, (from, to.max(told)));
        let worst =
            about.iter().min_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.at_ns));
        Scope {
            words: format!("run {} ±5s", short(&id)),
            user: Some(user),
            run: Some(id),
            finding: worst.map(|finding| finding.id),
            wanted: Some(about.iter().map(|finding| finding.id).collect()),
            window: Some((from, to.max(told))),
            around: Around::Focus(focus),
        }
    }

    /// A run's rows, and what findings rest on.
    fn focus(&self, runs: &[u32], about: &[&Finding]) -> Focus {
        let timeline = &self.looked.timeline;
        let rows = runs.iter().filter_map(|run| timeline.run(*run));
        let mut rows: BTreeSet<u32> = rows.flat_map(|(_, _, rows)| rows.iter().copied()).collect();
        let mut frames = BTreeSet::new();
        for finding in about {
            let expected = finding.expected.iter();
            let expected = expected.flat_map(|expected| [expected.after, expected.before]);
            let cause = finding.cause.iter().map(|cause| cause.frame);
            let excerpt = finding.rows.iter().map(|row| row.frame);
            let others = expected.chain(cause).chain(excerpt).flatten();
            for frame in finding.frames.iter().copied().chain(others) {
                let of_frame = timeline.rows_of_frame(frame);
                if of_frame.is_empty() {
                    frames.insert(frame);
                }
                rows.extend(of_frame);
            }
        }
        Focus { rows, frames, runs: runs.to_vec(), connections: BTreeSet::new() }
    }

    /// How the user's connections ended that were there meanwhile: a run is given up with the last.
    fn add_ends(&self, focus: &mut Focus, (from, to): (u64, u64)) {
        let timeline = &self.looked.timeline;
        for id in &focus.connections {
            let is_there = self.lines.get(id).is_some_and(|line| line.overlaps(from, to));
            if !is_there {
                continue;
            }
            let all = timeline.lane_page(LaneOf::Connection(*id), None, usize::MAX);
            let ends = all.into_iter().filter(|row| {
                let kind = timeline.row(*row).map(|row| row.kind);
                matches!(kind, Some(Kind::Close | Kind::Abort))
            });
            focus.rows.extend(ends);
        }
    }

    /// Until when what befell the run's connections is part of the story: a break, and whoever
    /// came back.
    fn came_back(&self, focus: &Focus, to: u64) -> u64 {
        let soon = to..to.saturating_add(SOON_NS);
        let of_user = |finding: &&Finding| {
            finding.connection.is_some_and(|id| focus.connections.contains(&id))
                && matches!(finding.code, Code::W203 | Code::W204)
                && soon.contains(&finding.at_ns)
        };
        let latest = self.findings().filter(of_user).map(|finding| finding.at_ns).max();
        latest.map_or(0, |at| at.saturating_add(AROUND_NS))
    }

    /// When the events of a focus were.
    fn times<'f>(&'f self, focus: &'f Focus) -> impl Iterator<Item = u64> + 'f {
        let rows = focus.rows.iter().filter_map(|row| self.looked.timeline.row(*row));
        let is_own = move |row: &Row| focus.runs.is_empty() || focus.has(row);
        rows.filter(is_own).map(|row| row.at_ns)
    }

    fn connections_of(&self, user: &str) -> BTreeSet<i64> {
        let own = self.lines.iter().filter(|(_, line)| line.name == user);
        own.map(|(connection, _)| *connection).collect()
    }

    pub(super) fn user(&self, name: &str) -> Result<Scope, Failure> {
        let connections = self.connections_of(name);
        if connections.is_empty() {
            return Err(failure(format!("there is no user {name}")));
        }
        let worst = self.worst(|finding| {
            let on = |connection| connections.contains(&connection);
            finding.user.as_deref() == Some(name) || finding.connection.is_some_and(on)
        });
        Ok(Scope {
            words: "all of one user".to_owned(),
            user: Some(name.to_owned()),
            run: None,
            finding: worst.map(|finding| finding.id),
            wanted: None,
            window: None,
            around: Around::Connections(connections),
        })
    }

    /// When a place is.
    pub(super) fn place(&self, at: At) -> Result<u64, Failure> {
        match at {
            At::Finding(code) => {
                let found = self.worst(|finding| finding.code == code);
                let none = || failure(format!("there is no {} here", code.text()));
                found.map(|finding| finding.at_ns).ok_or_else(none)
            }
            At::Frame(frame) => {
                let none = || failure(format!("there is no frame #{frame}"));
                at_ns_of(&self.reader, frame)?.ok_or_else(none)
            }
            at => moment_of(at, &self.reader),
        }
    }

    pub(super) fn between(&self, from: u64, to: u64) -> Scope {
        let wall = Wall::local();
        let time = |ns| wall.time(moment(self.looked.recording.started_ns, ns));
        let worst = self.worst(|finding| (from..=to).contains(&finding.at_ns));
        Scope {
            words: format!("{} to {}", time(from), time(to)),
            user: None,
            run: None,
            finding: worst.map(|finding| finding.id),
            wanted: None,
            window: Some((from, to)),
            around: Around::Time,
        }
    }

    pub(super) fn sifted(&self, text: &str, sifted: &Sifted) -> Scope {
        let timeline = &self.looked.timeline;
        let rows = || timeline.page(None, usize::MAX).filter(|row| sifted.has(row.number));
        let numbers = rows().map(|row| row.number).collect();
        let meant = MeantFrames::of(rows());
        let worst = self.worst(|finding| {
            let rows = finding.frames.iter().flat_map(|frame| timeline.rows_of_frame(*frame));
            let mut rows = rows.collect::<Vec<_>>().into_iter();
            rows.any(|row| sifted.has(row))
        });
        Scope {
            words: format!("filter {text}"),
            user: None,
            run: None,
            finding: worst.map(|finding| finding.id),
            wanted: None,
            window: None,
            around: Around::Frames(meant, numbers),
        }
    }
}

/// A stretch of time with what was before and after it.
fn window(times: impl Iterator<Item = u64>) -> Option<(u64, u64)> {
    let (from, to) = times.fold((u64::MAX, 0), |(from, to), at| (from.min(at), to.max(at)));
    (from <= to).then(|| (from.saturating_sub(AROUND_NS), to.saturating_add(AROUND_NS)))
}
