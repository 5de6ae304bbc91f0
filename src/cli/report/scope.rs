//! What a report is asked to be about → what of the recording that is.

use std::collections::BTreeSet;

use super::failure;
use super::finder::Finder;
use crate::analysis::timeline::{LaneOf, Row};
use crate::cli::failure::Failure;
use crate::cli::note::run_called;
use crate::cli::sift::{Looked, MeantFrames, Sifted};
use crate::rules::Code;
use crate::tui::At;
use crate::wire::{Connection, Note, RecordedFrame};

/// What a report is asked to be about.
#[derive(Clone, Debug, Default)]
pub(super) enum Subject {
    /// The worst finding, with its run; where nothing was found, everything.
    #[default]
    Worst,
    /// The first finding of this code, with its run.
    Finding(Code),
    /// One finding, by its id.
    ThisFinding(u64),
    /// A run, by its id or the end of it.
    Run(String),
    /// All of a user.
    User(String),
    /// What came between two places.
    Range(At, At),
    /// What came between two times, nanoseconds since the recording started.
    Between(u64, u64),
    /// What a filter means.
    Filter(String),
    /// Everything.
    Whole,
}

/// How much around a run is kept; the narrowest that tells the same is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// Nothing of other runs.
    Run,
    /// What other runs of the user said meanwhile.
    Meanwhile,
    /// The whole of every run that something of is kept of.
    Runs,
    /// All that was said on the connections.
    Connections,
    /// All of the user.
    User,
}

impl Width {
    /// The narrowest first.
    const ALL: [Self; 4] = [Self::Run, Self::Meanwhile, Self::Connections, Self::User];
}

/// What a report is about.
pub(super) struct Scope {
    /// In words, without names of users: `run 9c1e ±5s`.
    pub(super) words: String,
    /// Whose it is, by the name that the recording has for them.
    pub(super) user: Option<String>,
    /// The run's id.
    pub(super) run: Option<String>,
    /// The finding it is about first, by its id.
    pub(super) finding: Option<u64>,
    /// What is to be found in it as it was in the whole, by id; `None`: whatever rests on frames
    /// that are in it.
    pub(super) wanted: Option<BTreeSet<u64>>,
    /// From when to when.
    pub(super) window: Option<(u64, u64)>,
    pub(super) around: Around,
}

/// What it takes to be in scope.
pub(super) enum Around {
    Everything,
    /// A run or a finding, with what was around it.
    Focus(Focus),
    /// All of these connections.
    Connections(BTreeSet<i64>),
    /// A stretch of time.
    Time,
    /// Frames, and the rows that they are of.
    Frames(MeantFrames, BTreeSet<u32>),
}

/// A run or a finding, and what it rests on.
pub(super) struct Focus {
    /// The run's rows and those of the evidence.
    pub(super) rows: BTreeSet<u32>,
    /// Frames of the evidence that are no row's.
    pub(super) frames: BTreeSet<i64>,
    /// The run; where it is more than one user's, each.
    pub(super) runs: Vec<u32>,
    /// Connections of the user, or the one that it is about.
    pub(super) connections: BTreeSet<i64>,
}

/// Which facts are kept.
pub(super) struct Keep {
    all: bool,
    frames: MeantFrames,
    single: BTreeSet<i64>,
    /// Of the connections below and within the window, but not kept.
    strangers: MeantFrames,
    connections: BTreeSet<i64>,
    /// All frames of the connections within it are kept.
    window: Option<(u64, u64)>,
    /// Connections that are kept even if no frame of theirs is.
    named: BTreeSet<i64>,
    /// Frames that are left out, though they are within the window.
    odd: BTreeSet<i64>,
    run: Option<String>,
}

impl Keep {
    /// Nothing is left out.
    pub(super) fn is_all(&self) -> bool {
        self.all
    }

    /// Whether a frame is in scope.
    pub(super) fn frame(&self, frame: &RecordedFrame<'_>) -> bool {
        if self.all || self.single.contains(&frame.id) || self.frames.has(frame) {
            return true;
        }
        let within = |(from, to): (u64, u64)| (from..=to).contains(&frame.stamp.read_ns);
        self.window.is_some_and(within)
            && self.connections.contains(&frame.connection)
            && !self.strangers.has(frame)
            && !self.odd.contains(&frame.id)
    }

    /// Keeps the whole of every run that has a row such as this.
    fn runs_whole(&mut self, looked: &Looked, is_meant: &dyn Fn(&Row) -> bool) {
        let rows = || looked.timeline.page(None, usize::MAX);
        let runs: BTreeSet<u32> = rows().filter(is_meant).filter_map(|row| row.run).collect();
        let is_of = |row: &Row| row.run.is_some_and(|run| runs.contains(&run));
        self.frames = MeantFrames::of(rows().filter(|row| is_meant(row) || is_of(row)));
        self.named.extend(rows().filter(is_of).map(|row| row.connection));
    }

    /// Leaves out frames that are only there by their time; whether that is any more.
    pub(super) fn leave_out(&mut self, frames: &BTreeSet<i64>) -> bool {
        let before = self.odd.len();
        self.odd.extend(frames);
        self.odd.len() > before
    }

    /// Whether a connection's own facts are in scope.
    pub(super) fn connection(&self, connection: &Connection) -> bool {
        let within = |(from, to): (u64, u64)| {
            connection.opened_ns <= to && connection.closed_ns.is_none_or(|closed| closed >= from)
        };
        self.all
            || self.named.contains(&connection.id)
            || self.connections.contains(&connection.id) && self.window.is_none_or(within)
    }

    /// Whether a note is about what is in scope; `has` knows the frames that are.
    pub(super) fn note(&self, note: &Note, has: &dyn Fn(i64) -> bool) -> bool {
        if self.all || note.run.is_some() && note.run == self.run {
            return true;
        }
        if let (Some(first), last) = (note.first_frame, note.last_frame) {
            return has(first) || last.is_some_and(has);
        }
        match (note.from_ns, self.window) {
            (Some(from), Some((begin, end))) => from <= end && note.to_ns.unwrap_or(from) >= begin,
            (Some(_), None) => false,
            // About the whole recording; of another run it is not.
            (None, _) => note.run.is_none(),
        }
    }
}

impl Scope {
    /// What `subject` is, in a recording that was looked at.
    pub(super) fn of(
        subject: &Subject,
        looked: &Looked,
        sifted: Option<&Sifted>,
    ) -> Result<Self, Failure> {
        let finder = Finder::new(looked)?;
        match subject {
            Subject::Whole => Ok(finder.everything("the whole recording")),
            Subject::Worst => Ok(match finder.worst(|_| true) {
                Some(finding) => finder.around_finding(finding),
                None => finder.everything("the whole recording, as nothing was found"),
            }),
            Subject::Finding(code) => {
                let found = finder.worst(|finding| finding.code == *code);
                let none = || failure(format!("there is no {} here", code.text()));
                found.map(|finding| finder.around_finding(finding)).ok_or_else(none)
            }
            Subject::ThisFinding(id) => {
                let found = finder.worst(|finding| finding.id == *id);
                let none = || failure("this finding is not there any more");
                found.map(|finding| finder.around_finding(finding)).ok_or_else(none)
            }
            Subject::Run(called) => {
                let id = run_called(called, looked).map_err(failure)?;
                let run = finder.run(Some(&id), None);
                let run = run.ok_or_else(|| failure(format!("there is no run {id}")))?;
                Ok(finder.around_run(run))
            }
            Subject::User(name) => finder.user(name),
            Subject::Range(from, to) => {
                let (from, to) = (finder.place(*from)?, finder.place(*to)?);
                if from > to {
                    return Err(failure("the range ends before it begins"));
                }
                Ok(finder.between(from, to))
            }
            Subject::Between(from, to) => Ok(finder.between(*from, *to)),
            Subject::Filter(text) => {
                let sifted = sifted.filter(|sifted| sifted.count > 0);
                let none = || failure(format!("`{text}` means nothing here"));
                Ok(finder.sifted(text, sifted.ok_or_else(none)?))
            }
        }
    }

    /// What is in it besides its subject is there only to explain that.
    pub(super) fn is_around(&self) -> bool {
        matches!(self.around, Around::Focus(_))
    }

    /// Widths that are worth trying.
    pub(super) fn widths(&self) -> &'static [Width] {
        match self.around {
            Around::Focus(_) => &Width::ALL,
            Around::Time | Around::Frames(..) => &[Width::Run, Width::Runs],
            Around::Everything | Around::Connections(_) => &[Width::Run],
        }
    }

    /// The words, for a width.
    pub(super) fn words_at(&self, width: Width) -> String {
        let words = &self.words;
        match width {
            Width::Run | Width::Meanwhile => words.clone(),
            Width::Runs => format!("{words}, its runs whole"),
            Width::Connections => format!("{words}, its connections whole"),
            Width::User => format!("{words}, all of its user"),
        }
    }

    /// What is kept at a width.
    pub(super) fn keep(&self, looked: &Looked, width: Width) -> Keep {
        let mut keep = Keep {
            all: matches!(self.around, Around::Everything),
            frames: MeantFrames::default(),
            single: BTreeSet::new(),
            strangers: MeantFrames::default(),
            connections: BTreeSet::new(),
            window: self.window,
            named: BTreeSet::new(),
            odd: BTreeSet::new(),
            run: self.run.clone(),
        };
        match &self.around {
            Around::Everything => {}
            Around::Connections(connections) => {
                keep.connections.clone_from(connections);
                keep.window = Some((0, u64::MAX));
            }
            Around::Time => {
                keep.connections =
                    looked.timeline.page(None, usize::MAX).map(|row| row.connection).collect();
                if width == Width::Runs {
                    let (from, to) = self.window.unwrap_or_default();
                    let is_in = |row: &Row| (from..=to).contains(&row.at_ns);
                    keep.runs_whole(looked, &is_in);
                }
            }
            Around::Frames(frames, rows) => {
                keep.frames.clone_from(frames);
                keep.named = rows
                    .iter()
                    .filter_map(|row| looked.timeline.row(*row))
                    .map(|row| row.connection)
                    .collect();
                keep.window = None;
                if width == Width::Runs {
                    keep.runs_whole(looked, &|row| rows.contains(&row.number));
                }
            }
            Around::Focus(focus) => focus.keep(looked, width, &mut keep),
        }
        keep
    }
}

impl Focus {
    /// Whether a row is of the run.
    pub(super) fn has(&self, row: &Row) -> bool {
        row.run.is_some_and(|run| self.runs.contains(&run))
    }

    fn keep(&self, looked: &Looked, width: Width, keep: &mut Keep) {
        let timeline = &looked.timeline;
        let rows = || self.rows.iter().filter_map(|row| timeline.row(*row));
        keep.single.clone_from(&self.frames);
        keep.frames = MeantFrames::of(rows());
        keep.named = rows().map(|row| row.connection).collect();
        keep.connections.clone_from(&self.connections);
        match width {
            Width::Run => {
                let other = |row: &Row| {
                    row.run.is_some() && !self.has(row) && !self.rows.contains(&row.number)
                };
                let of = |id: &i64| timeline.lane_page(LaneOf::Connection(*id), None, usize::MAX);
                let rows = self.connections.iter().flat_map(of);
                let rows = rows.filter_map(|row| timeline.row(row));
                keep.strangers = MeantFrames::of(rows.filter(other));
            }
            Width::Meanwhile | Width::Runs => {}
            Width::Connections => {
                keep.connections = keep.named.clone();
                keep.window = Some((0, u64::MAX));
            }
            Width::User => {
                keep.connections.extend(&keep.named);
                keep.window = Some((0, u64::MAX));
            }
        }
    }
}
