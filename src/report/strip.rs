//! What is seen → a few lanes as text, as wide as an issue shows without a scroll bar.

use super::focus::Focus;
use super::scale::{Scale, since};
use super::sight::{Line, Run, Sight};

/// Columns of the strip, and of the names before it.
const COLUMNS: usize = 72;
const NAME: usize = 12;

/// Columns of a folded stretch, and between two marks of the axis.
const FOLD: f64 = 1.0;
const APART: f64 = 9.0;

/// Columns within which a letter finds a place; what finds none is not shown.
const NEAR: usize = 4;

/// Lanes that are shown: what is about one run, or the first of many.
const MOST_LANES: usize = 8;

/// The lanes as text, each line ended.
pub(super) fn strip(sight: &Sight, focus: &Focus<'_>) -> String {
    let scale = Scale::new(focus.time.clone(), &sight.folds, (COLUMNS as f64, FOLD));
    let mut text = lane("", &axis(&scale, focus.zero_ns()), &idle(&scale));
    let Some(run) = focus.run else { return text + &all(sight, focus, &scale) };
    for line in lines_of(sight, run, focus) {
        text += &lane("conn", &connection(&scale, line), "");
    }
    for run in std::iter::once(run).chain(focus.strays.iter().copied()) {
        let user = sight.users.get(run.user as usize);
        let whose = user.filter(|_| !focus.strays.is_empty()).map_or("", |user| &user.name);
        text += &lane(&run.short(), &letters(sight, run, &scale), whose);
    }
    if let Some(good) = run.twin.and_then(|good| sight.runs.get(good as usize)) {
        text += &twin(sight, (run, good), focus);
    }
    text
}

/// The first runs of all.
fn all(sight: &Sight, focus: &Focus<'_>, scale: &Scale) -> String {
    let runs = sight.runs.iter().filter(|run| run.from_ns < focus.time.end).take(MOST_LANES);
    let mut text: String =
        runs.map(|run| lane(&run.short(), &letters(sight, run, scale), run.outcome)).collect();
    let more = sight.runs.len().saturating_sub(MOST_LANES);
    if more > 0 {
        text += &format!("… and {more} more\n");
    }
    text
}

/// Which of a user's connections were there meanwhile.
fn lines_of<'a>(sight: &'a Sight, run: &Run, focus: &Focus<'_>) -> Vec<&'a Line> {
    let Some(user) = sight.users.get(run.user as usize) else { return Vec::new() };
    let lines = user.lines.iter().filter(|line| {
        line.from_ns < focus.time.end && line.to_ns.is_none_or(|to| to >= focus.time.start)
    });
    lines.take(MOST_LANES / 2).collect()
}

/// The good run, as if both had begun at once.
fn twin(sight: &Sight, (run, good): (&Run, &Run), focus: &Focus<'_>) -> String {
    let shifted = |ns: u64| (ns + good.from_ns).saturating_sub(run.from_ns);
    let time = shifted(focus.time.start)..shifted(focus.time.end);
    let scale = Scale::new(time, &[], (COLUMNS as f64, FOLD));
    lane("good", &letters(sight, good, &scale), &good.short())
}

fn lane(name: &str, cells: &[char], after: &str) -> String {
    let name: String = plain(name).chars().take(NAME).collect();
    let cells: String = cells.iter().collect();
    let line = format!("{name:<NAME$} {cells} {}", plain(after));
    format!("{}\n", line.trim_end())
}

/// Without what would end a block of code or say something to a terminal.
pub(super) fn plain(text: &str) -> String {
    let is_odd = |c: char| c.is_control() || c == '`' || is_unseen(c);
    text.chars().map(|c| if is_odd(c) { '·' } else { c }).collect()
}

/// Characters that turn what is around them, or that nobody sees.
pub(super) fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn axis(scale: &Scale, zero_ns: u64) -> Vec<char> {
    let mut cells = vec![' '; COLUMNS];
    for (x, said) in scale.marks(zero_ns, APART) {
        let at = x.round() as usize;
        if at + said.len() <= COLUMNS {
            cells.splice(at..at + said.len(), said.chars());
        }
    }
    for piece in scale.pieces.iter().filter(|piece| piece.folded) {
        cells[(piece.place.start as usize).min(COLUMNS - 1)] = '┊';
    }
    cells
}

/// How long the folded stretches are.
fn idle(scale: &Scale) -> String {
    let folded = scale.pieces.iter().filter(|piece| piece.folded);
    let long = folded.map(|piece| {
        let ns = piece.time.end - piece.time.start;
        since(ns / 100_000_000 * 100_000_000).replacen('+', "", 1)
    });
    let long: Vec<String> = long.collect();
    if long.is_empty() { String::new() } else { format!("┊ idle: {}", long.join(", ")) }
}

fn connection(scale: &Scale, line: &Line) -> Vec<char> {
    let mut cells = vec![' '; COLUMNS];
    let from = column(scale, line.from_ns);
    let to = line.to_ns.map_or(COLUMNS - 1, |to| column(scale, to));
    cells[from..=to].fill('═');
    if line.to_ns.is_some_and(|to| to < end_of(scale)) {
        cells[to] = if line.dropped || line.refused { '╳' } else { '╡' };
    }
    cells
}

fn end_of(scale: &Scale) -> u64 {
    scale.pieces.last().map_or(0, |piece| piece.time.end)
}

/// The cells of a run. A letter whose place is taken stands next to it: their order is what is to
/// be seen.
fn letters(sight: &Sight, run: &Run, scale: &Scale) -> Vec<char> {
    let end_ns = end_of(scale);
    let mut cells = vec![' '; COLUMNS];
    let mut fill = |from: u64, to: u64, with: char| {
        if from < end_ns {
            cells[column(scale, from)..=column(scale, to)].fill(with);
        }
    };
    if run.ghost_ns.is_some() {
        fill(run.until_ns, end_ns, '.');
    }
    fill(run.from_ns, run.ghost_ns.map_or(run.until_ns, |at| at.min(run.until_ns)), '─');
    for (from, to) in &run.tools {
        fill(*from, *to, '━');
    }
    let events = run.events.iter().filter_map(|event| sight.events.get(*event as usize));
    let said = events.filter(|event| event.kind.is_empty() && event.at_ns < end_ns);
    let letters = said.map(|event| (event.at_ns, sight.letter(event)));
    let ghost = run.ghost_ns.filter(|ghost| *ghost < end_ns).map(|ghost| (ghost, '?'));
    let mut taken = [false; COLUMNS];
    for (at_ns, letter) in letters.filter(|(_, letter)| *letter != '·').chain(ghost) {
        let at = column(scale, at_ns);
        let mut near = at..(at + NEAR).min(COLUMNS);
        // One of the same is as good as many.
        if let Some(at) = near.find(|at| !taken[*at] || cells[*at] == letter) {
            (cells[at], taken[at]) = (letter, true);
        }
    }
    cells
}

fn column(scale: &Scale, at_ns: u64) -> usize {
    (scale.x(at_ns) as usize).min(COLUMNS - 1)
}
