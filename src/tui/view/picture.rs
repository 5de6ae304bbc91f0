//! A lane and a scale → one cell a column: connected or not, at work or not, and letters.

use super::canvas::Canvas;
use crate::analysis::timeline::{LaneOf, Tile};
use crate::rules::Severity;
use crate::rules::finding::Code;
use crate::tui::app::App;
use crate::tui::scale::Scale;
use crate::tui::tape::{Tape, User};
use crate::tui::theme::Role;

/// Events of one column that are looked at for the letter that says most.
const LOOKED_AT: usize = 8;

/// Heights of a bar.
const BARS: [char; 7] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇'];

/// A line of cells.
pub(super) struct Picture(Vec<(char, Role)>);

impl Picture {
    fn new(scale: &Scale) -> Self {
        let mut cells = vec![(' ', Role::Plain); scale.width()];
        for (columns, _) in scale.folds() {
            cells[columns.start.min(scale.width() - 1)] = ('┊', Role::Quiet);
            cells[columns.end.saturating_sub(1).min(scale.width() - 1)] = ('┊', Role::Quiet);
        }
        Self(cells)
    }

    fn fill(&mut self, from: usize, to: usize, sign: char, role: Role) {
        for cell in self.0.iter_mut().take(to + 1).skip(from).filter(|(sign, _)| *sign != '┊') {
            *cell = (sign, role);
        }
    }

    /// A stretch of time, as far as it is in sight.
    fn span(&mut self, scale: &Scale, (from_ns, to_ns): (u64, u64), sign: char, role: Role) {
        let (start, end) = (scale.time(0).start, scale.time(scale.width() - 1).end);
        if to_ns >= start && from_ns < end && from_ns <= to_ns {
            self.fill(scale.nearest(from_ns), scale.nearest(to_ns), sign, role);
        }
    }

    fn mark(&mut self, scale: &Scale, at_ns: u64, sign: char, role: Role) {
        if let Some(cell) = scale.column(at_ns).and_then(|column| self.0.get_mut(column)) {
            *cell = (sign, role);
        }
    }

    /// Onto the screen, cells of one role together.
    pub(super) fn put(&self, canvas: &mut Canvas<'_>, x: u16, y: u16) {
        let mut at = x;
        for run in self.0.chunk_by(|a, b| a.1 == b.1) {
            let text: String = run.iter().map(|(sign, _)| sign).collect();
            at += canvas.put((at, y), run.len(), &text, run[0].1) as u16;
        }
    }
}

/// When a user was connected.
pub(super) fn of_lines(tape: &Tape, user: &User, scale: &Scale) -> Picture {
    let mut picture = Picture::new(scale);
    for (at, line) in user.lines.iter().enumerate() {
        let to_ns = line.to_ns.unwrap_or(tape.end_ns);
        if !line.refused {
            picture.span(scale, (line.from_ns, to_ns), '═', Role::Plain);
        }
        let next = user.lines.get(at + 1).filter(|next| next.from_ns > to_ns);
        if let Some(next) = next.filter(|_| tape.is_dropped(line)) {
            picture.span(scale, (to_ns, next.from_ns), '┄', Role::Warning);
        }
    }
    for line in user.lines.iter().filter(|line| tape.is_dropped(line) || line.refused) {
        picture.mark(scale, line.to_ns.unwrap_or(line.from_ns), '╳', Role::Warning);
    }
    picture
}

/// How much a user did, how many of their runs went on at once, and how bad the worst of each column
/// is.
pub(super) fn of_density(tape: &Tape, user: &User, scale: &Scale) -> Picture {
    let of = user.of;
    let tiles: Vec<Tile> =
        (0..scale.width()).map(|column| tape.timeline.tile(of, scale.time(column))).collect();
    let most = tiles.iter().map(|tile| tile.count).max().unwrap_or(1).max(1);
    let mut picture = Picture::new(scale);
    for (cell, tile) in picture.0.iter_mut().zip(tiles).filter(|(_, tile)| tile.count > 0) {
        *cell = match tile.worst {
            Some(Severity::Error) => ('✖', Role::Bad),
            Some(Severity::Warning) => ('▲', Role::Warning),
            _ => (bar(u64::from(tile.count), u64::from(most)), Role::Plain),
        };
    }
    // Runs that lie over each other are counted, where nothing is flagged.
    let stacked = picture.0.iter_mut().zip(at_once(tape, user, scale));
    for (cell, runs) in stacked.filter(|(cell, runs)| *runs > 1 && !"✖▲┊".contains(cell.0)) {
        let digit = char::from_digit(runs, 10).filter(|_| runs < 10);
        *cell = (digit.unwrap_or('+'), Role::Strong);
    }
    picture
}

/// How many runs of a user are open in each column.
fn at_once(tape: &Tape, user: &User, scale: &Scale) -> Vec<u32> {
    let mut changes = vec![0_i64; scale.width() + 1];
    let (first, last) = (scale.time(0).start, scale.time(scale.width() - 1).end);
    for run in user.runs.iter().filter_map(|run| tape.runs.get(*run as usize)) {
        let until_ns = tape.until_ns(run);
        if run.from_ns < last && until_ns >= first {
            changes[scale.nearest(run.from_ns)] += 1;
            changes[scale.nearest(until_ns) + 1] -= 1;
        }
    }
    let mut open = 0;
    let mut count = |change: &i64| {
        open += change;
        u32::try_from(open).unwrap_or(0)
    };
    changes[..scale.width()].iter().map(&mut count).collect()
}

/// What a run did: letters, bars of tools, what is missing.
pub(super) fn of_run(app: &App, tape: &Tape, number: u32, scale: &Scale) -> Picture {
    let mut picture = Picture::new(scale);
    let Some(run) = tape.runs.get(number as usize) else { return picture };
    let (until_ns, ghost_ns) = (tape.until_ns(run), tape.ghost_of(run));
    picture.span(scale, (run.from_ns, until_ns), '─', Role::Plain);
    for tool in &run.tools {
        picture.span(scale, (tool.start, tool.end), '━', Role::Tool);
    }
    // What never ended is at work until the run's end is known.
    for since in tape.at_work(number) {
        picture.span(scale, (since, until_ns), '━', Role::Tool);
    }
    if let Some(ghost) = ghost_ns {
        picture.span(scale, (ghost, tape.silent_until_ns(number)), '.', Role::Quiet);
    }
    let (from, to) = (scale.column(run.from_ns), scale.column(run.to_ns));
    let begins = from.unwrap_or(0);
    let ends = to.unwrap_or(scale.width() - 1);
    let (first, last) = (scale.time(0).start, scale.time(scale.width() - 1).end);
    if run.from_ns < last && run.to_ns >= first {
        for column in begins..=ends {
            let time = scale.time(column);
            let column_tile = tape.timeline.tile(LaneOf::Run(number), time);
            if let Some(cell) = letter(app, tape, number, &column_tile) {
                picture.0[column] = cell;
            }
        }
    }
    if let Some(ghost) = ghost_ns {
        // Beside the last event rather than on it, where both are in one column.
        let after = to.map_or(0, |to| to + 1);
        if let Some(column) = scale.column(ghost) {
            let column = column.max(after).min(scale.width() - 1);
            picture.0[column] = ('?', Role::Bad);
        }
    }
    picture
}

/// The letter that says most of a column's events.
fn letter(app: &App, tape: &Tape, run: u32, tile: &Tile) -> Option<(char, Role)> {
    let (first, last) = tile.ends?;
    let mut rows = tape.timeline.lane_page(LaneOf::Run(run), first.checked_sub(1), LOOKED_AT);
    rows.retain(|row| (first..=last).contains(row));
    rows.push(last);
    let shown = rows.into_iter().filter_map(|row| tape.timeline.row(row));
    let best = shown.max_by_key(|row| (row.worst(), rank(tape.letter(row.name))))?;
    let astray = tape.timeline.findings_of(best.number).iter().any(|finding| {
        tape.findings.get(*finding).is_some_and(|it| matches!(it.code, Code::E103 | Code::E104))
    });
    let role = match tile.worst {
        Some(Severity::Error) => Role::Bad,
        Some(Severity::Warning) => Role::Warning,
        _ if app.is_dimmed(best.number) => Role::Quiet,
        _ => Role::Plain,
    };
    Some((if astray { '!' } else { tape.letter(best.name) }, role))
}

/// Beginnings and ends are seen among what is more frequent.
fn rank(letter: char) -> u8 {
    match letter {
        'S' | 'D' | 'E' | 'F' | 'K' => 4,
        'X' | 'C' => 3,
        'A'..='Z' => 2,
        '·' => 0,
        _ => 1,
    }
}

/// The whole recording, with the window in brackets.
pub(super) fn of_everything(tape: &Tape, window: &std::ops::Range<u64>, width: usize) -> Picture {
    let whole = crate::tui::app::whole(tape);
    let scale = Scale::folded(whole.clone(), width, &[]);
    let end = tape.timeline.len();
    let edges: Vec<u32> = (0..width)
        .map(|column| tape.timeline.at(scale.time(column).start).unwrap_or(end))
        .chain([end])
        .collect();
    let counts: Vec<u64> =
        edges.windows(2).map(|edge| u64::from(edge[1].saturating_sub(edge[0]))).collect();
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    let mut picture = Picture::new(&scale);
    for (cell, count) in picture.0.iter_mut().zip(counts).filter(|(_, count)| *count > 0) {
        *cell = (bar(count, most), Role::Plain);
    }
    if *window != whole {
        picture.mark(&scale, window.start, '[', Role::Strong);
        picture.0[scale.nearest(window.end.saturating_sub(1))] = (']', Role::Strong);
    }
    picture
}

fn bar(count: u64, most: u64) -> char {
    let height = (count * BARS.len() as u64).div_ceil(most).max(1) as usize - 1;
    BARS[height.min(BARS.len() - 1)]
}
