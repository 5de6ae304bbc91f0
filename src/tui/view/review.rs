//! The review of what leaves the machine → a screen of its own: rule, where, hits, before, after.
//!
//! ```text
//! ┌ Report  step 2 of 3: what leaves this machine       run 9c1e ±5s: 74 frames of 4,812 ─┐
//! │   rule                where                 hits  before          after         keep? │
//! │ ✔ auth header         header:Authorization     3  Bearer eyJhb…   ‹token-1 #9f2c› [ ] │
//! │ ? free text           $.data.prompt            1  compare our…    [x]length [ ]show   │
//! └─ j k  Space hide or show  Enter every hit  a rule  Tab next step  q leave ────────────┘
//! ```

use super::canvas::Canvas;
use super::findings::cell;
use crate::tui::escape;
use crate::tui::paging::first_shown;
use crate::tui::review::{Choice, Hidden, Review, line};
use crate::tui::shape::Area;
use crate::tui::theme::Role;

/// Columns of what a decision is shown in, and of the number of hits.
const KEEP: usize = 24;
const HITS: usize = 7;

pub(super) fn draw(review: &Review, area: Area, canvas: &mut Canvas<'_>) {
    canvas.clear(area);
    let title = "Report  step 2 of 3: what leaves this machine";
    let foot = match () {
        () if review.is_busy => "at work…  q leaves",
        () if review.typed.is_some() => "Enter adds it  Esc drops it",
        () if review.hits.is_some() => "j k scroll  Space hide or show  any other key goes back",
        () if review.undecided() > 0 => {
            "j k  Space decides  Enter every hit  a rule  Tab next (? first)  q leave"
        }
        () => "j k  Space hide or show  Enter every hit  a rule  Tab next step  q leave",
    };
    canvas.frame(area, title, foot, true);
    let inner = area.inner();
    let width = usize::from(inner.width);
    let scope = escape::fit(review.scope.as_bytes(), width.saturating_sub(1));
    canvas.line(inner, 0, &format!(" {scope}"), Role::Strong);
    let below = Area::new(inner.x, inner.y + 1, inner.width, inner.height.saturating_sub(2));
    match review.hits.zip(review.row()) {
        Some((first, row)) => hits(row, first, below, canvas),
        None => rows(review, below, canvas),
    }
    let last = inner.height.saturating_sub(1);
    match (&review.typed, &review.said) {
        (typed, Some(said)) if typed.is_none() || !said.is_empty() => {
            canvas.line(inner, last, &format!(" {said}"), Role::Warning);
        }
        (Some(typed), _) => {
            canvas.line(inner, last, &format!(" place = decision: {typed}_"), Role::Strong);
        }
        (None, _) => canvas.line(inner, last, &format!(" {}", summary(review)), Role::Quiet),
    }
}

fn summary(review: &Review) -> String {
    let count = |rows: &mut dyn Iterator<Item = &Hidden>| rows.map(|row| row.hits).sum::<u64>();
    let hidden = count(&mut review.rows.iter().filter(|row| row.choices[0] != Choice::Show));
    let hidden = crate::tui::counted(hidden, "value");
    match review.undecided() {
        0 if review.rows.is_empty() => "nothing was found that should be hidden".to_owned(),
        0 => format!("{hidden} hidden; everything is decided"),
        1 => format!("{hidden} hidden; one line is to be decided"),
        open => format!("{hidden} hidden; {open} lines are to be decided"),
    }
}

fn rows(review: &Review, area: Area, canvas: &mut Canvas<'_>) {
    let width = usize::from(area.width);
    let columns = Columns::of(width);
    let head = columns.line(["rule", "where", "hits", "before", "after", "keep?"]);
    canvas.line(area, 0, &format!("   {head}"), Role::Quiet);
    let height = usize::from(area.height).saturating_sub(1);
    let first = first_shown(review.picked, review.rows.len(), height);
    for (at, row) in review.rows.iter().enumerate().skip(first).take(height) {
        let place = (at - first + 1) as u16;
        let mark = if row.decided { '✔' } else { '?' };
        let hits = crate::tui::count(row.hits);
        let cells = [&*row.rule, &row.place, &hits, &row.before, &row.after, &keep(row)];
        let role = if row.decided { Role::Plain } else { Role::Warning };
        canvas.line(area, place, &format!(" {mark} {}", columns.line(cells)), role);
        if at == review.picked {
            canvas.select(area, place);
        }
    }
}

/// What is done, and what may be done instead.
fn keep(row: &Hidden) -> String {
    let [now, other] = row.choices;
    match (row.decided, now) {
        (true, Choice::Show) => "[x] shown".to_owned(),
        (true, Choice::Length) => "[ ] length only".to_owned(),
        (true, Choice::Hide) => "[ ]".to_owned(),
        (false, _) => format!("[x]{} [ ]{}", now.word(), other.word()),
    }
}

/// How wide each column is.
struct Columns([usize; 6]);

impl Columns {
    fn of(width: usize) -> Self {
        let rest = width.saturating_sub(KEEP + HITS + 4);
        // Where there is little room, what stands for it says more than what it was.
        let shares = if width < 100 { [34, 36, 0, 30] } else { [25, 29, 23, 23] };
        let [rule, place, before, after] = shares.map(|share| rest * share / 100);
        Self([rule, place, HITS, before, after, KEEP])
    }

    fn line(&self, cells: [&str; 6]) -> String {
        let Self(widths) = self;
        let cells = cells.iter().zip(widths).enumerate();
        cells
            .map(|(at, (text, width))| match width {
                0 => String::new(),
                _ if at == 2 => format!("{}  ", escape::pad_left(&escape::text(text), width - 2)),
                _ => cell(text, *width),
            })
            .collect()
    }
}

fn hits(row: &Hidden, first: usize, area: Area, canvas: &mut Canvas<'_>) {
    let counted = crate::tui::counted(row.hits, "hit");
    let shown = row.contexts.len();
    let more =
        if (shown as u64) < row.hits { format!(", the first {shown}") } else { String::new() };
    let head = format!(" {}   {}   {counted}{more}   {}", row.rule, row.place, keep(row));
    canvas.line(area, 0, &head, Role::Warning);
    let columns = usize::from(area.width).saturating_sub(3);
    let lines = row.contexts.iter().skip(first).flat_map(|context| {
        let wrapped = escape::wrap(&line(context), columns, 4);
        wrapped.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    let height = usize::from(area.height).saturating_sub(1);
    for (at, text) in lines.take(height).enumerate() {
        canvas.line(area, at as u16 + 1, &format!("  {text}"), Role::Plain);
    }
}
