//! Users, runs and findings → the Timeline pane: time across, lanes down.

use std::collections::BTreeMap;

use super::canvas::Canvas;
use super::picture;
use crate::rules::{Finding, Severity};
use crate::tui::app::{App, Lane, Pane};
use crate::tui::escape::{self, tail};
use crate::tui::measure::{self, Digits, SECOND};
use crate::tui::paging;
use crate::tui::scale::{Folding, Scale};
use crate::tui::shape::{Area, Shape};
use crate::tui::tape::{Tape, User};
use crate::tui::theme::Role;

/// Steps of the axis, in nanoseconds.
const STEPS: [u64; 20] = [
    SECOND / 1000,
    SECOND / 500,
    SECOND / 200,
    SECOND / 100,
    SECOND / 50,
    SECOND / 20,
    SECOND / 10,
    SECOND / 5,
    SECOND / 2,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    60 * SECOND,
    300 * SECOND,
    900 * SECOND,
    3600 * SECOND,
    21_600 * SECOND,
];

/// What is due so soon is counted down.
const SOON_NS: u64 = 10 * SECOND;

/// Columns between two times of the axis.
const BETWEEN: u64 = 10;

pub(super) fn draw(app: &App, tape: &Tape, shape: &Shape, canvas: &mut Canvas<'_>) {
    let area = shape.lanes;
    let inner = area.inner();
    let scale = app.scale(shape.picture());
    let lanes = &app.lanes;
    let height = usize::from(inner.height.saturating_sub(3));
    let first = paging::first_lane(app, shape);
    let shown: Vec<Lane> = lanes.iter().skip(first).take(height).copied().collect();
    let title = title(app, tape, shape, &scale, &shown);
    canvas.frame(area, &title, &legend(tape, shape), app.pane == Pane::Lanes);
    let at = inner.x + shape.label() as u16;
    axis(app, tape, &scale, canvas, (at, inner.y));
    canvas.put((inner.x, inner.y + 1), shape.label(), " findings", Role::Plain);
    flags(tape, &scale, canvas, (at, inner.y + 1));
    if let Some(from) = app.range {
        let (from, to) = (scale.nearest(from.min(app.at_ns)), scale.nearest(from.max(app.at_ns)));
        let wide = (to - from + 1) as u16;
        canvas.select(Area::new(at + from as u16, inner.y, wide, 1), 0);
    }
    let label_row = shown.iter().rposition(|lane| matches!(lane, Lane::Run(_)));
    for (row, lane) in shown.iter().enumerate() {
        let y = inner.y + 2 + row as u16;
        one(app, (tape, shape, &scale), canvas, *lane, y);
        if Some(row) == label_row {
            for (columns, text) in scale.folds() {
                let x = at + columns.start as u16 + 1;
                canvas.put((x, y), columns.len().saturating_sub(2), &text, Role::Quiet);
            }
        }
    }
    if lanes.is_empty() {
        let area = Area::new(inner.x, inner.y + 2, inner.width, inner.height.saturating_sub(2));
        canvas.line(
            area,
            0,
            if tape.is_whole {
                " no frames: nothing was sent while it recorded"
            } else if tape.about.state == "live" {
                " no frames yet: point your client at the recorder's address"
            } else {
                " looking…"
            },
            Role::Plain,
        );
    }
    let y = inner.y + inner.height.saturating_sub(1);
    let name = if shape.roomy() { " whole session" } else { " session" };
    canvas.put((inner.x, y), shape.label(), name, Role::Plain);
    picture::of_everything(tape, &app.window, shape.picture()).put(canvas, at, y);
    let lasted = measure::lasted(tape.end_ns);
    let end = at + shape.picture() as u16 + 1;
    canvas.put((end, y), shape.status().saturating_sub(1), &lasted, Role::Quiet);
}

fn title(app: &App, tape: &Tape, shape: &Shape, scale: &Scale, shown: &[Lane]) -> String {
    let from = tape.wall(app, app.window.start, Digits::Seconds);
    let to = tape.wall(app, app.window.end.min(tape.end_ns), Digits::Seconds);
    let column = match app.folding {
        Folding::Ordinal => "1 col = some events".to_owned(),
        _ => format!("1 col = {}", measure::lasted(scale.column_ns())),
    };
    let user = |lane: &Lane| match lane {
        Lane::User(user) => Some(*user),
        Lane::Run(run) => tape.runs.get(*run as usize).map(|run| run.user),
    };
    let of = |lane: Option<&Lane>| lane.and_then(user).map_or(0, |user| user + 1);
    if !shape.roomy() {
        let title =
            format!("2 Timeline {from} → {to}  {column}  {} ({{folding}})", app.folding.word());
        return app.keys.fill(&title);
    }
    let (first, last, all) = (of(shown.first()), of(shown.last()), tape.users.len());
    let folding = app.folding.word();
    let folding = app.keys.fill(&format!("{folding} ({{folding}})"));
    format!("Timeline  {from} → {to}   {column}   {folding}   lanes {first}-{last} of {all}")
}

fn legend(tape: &Tape, shape: &Shape) -> String {
    if !shape.roomy() {
        return String::new();
    }
    let room = usize::from(shape.lanes.width).saturating_sub(6);
    let after = "  ? missing  ! out of order  ╳ drop";
    let mut legend = String::new();
    for (letter, name) in tape.legend() {
        let next = format!("{letter} {name} ");
        if escape::width(&legend) + escape::width(&next) + escape::width(after) > room {
            break;
        }
        legend += &next;
    }
    format!("{}{after}", legend.trim_end())
}

/// Times above the lanes.
fn axis(app: &App, tape: &Tape, scale: &Scale, canvas: &mut Canvas<'_>, (x, y): (u16, u16)) {
    let mut labels: BTreeMap<usize, String> = BTreeMap::new();
    let full = |at_ns| tape.wall(app, at_ns, Digits::Seconds);
    labels.insert(0, full(app.window.start));
    for (columns, _) in scale.folds() {
        labels.insert(columns.end, full(scale.time(columns.end).start));
    }
    let least = scale.column_ns().max(1).saturating_mul(BETWEEN);
    let step = STEPS.into_iter().find(|step| *step >= least).unwrap_or(86_400 * SECOND);
    if app.folding != Folding::Ordinal {
        // By the clock on the wall: ticks are where seconds are round. A night that is folded has
        // none, however many seconds it had.
        let into = tape.about.started_ns.rem_euclid(step as i64) as u64;
        for awake in scale.awake() {
            let mut tick = (awake.start + into).div_ceil(step) * step - into;
            while tick < awake.end.min(app.window.end) {
                if let Some(column) = scale.column(tick) {
                    let time = tape.wall(app, tick, Digits::Millis);
                    let label = match step {
                        0..SECOND => &time[5.min(time.len())..],
                        SECOND..60_000_000_000 => &time[5.min(time.len())..8.min(time.len())],
                        _ => &time[..5.min(time.len())],
                    };
                    labels.entry(column).or_insert_with(|| label.to_owned());
                }
                tick = tick.saturating_add(step);
            }
        }
    }
    let mut free = 0;
    for (column, label) in labels {
        let folds = scale.folds().map(|(columns, _)| columns.start);
        let next = folds.filter(|start| *start > column).min().unwrap_or(scale.width());
        let room = next.saturating_sub(column);
        if column >= free && label.len() <= room {
            canvas.put((x + column as u16, y), room, &label, Role::Quiet);
            free = column + label.len() + 1;
        }
    }
    for (columns, _) in scale.folds() {
        canvas.put((x + columns.start as u16, y), 1, "┊", Role::Quiet);
        canvas.put((x + columns.end as u16 - 1, y), 1, "┊", Role::Quiet);
    }
}

/// How many findings there are where, and how bad the worst of them is.
fn flags(tape: &Tape, scale: &Scale, canvas: &mut Canvas<'_>, (x, y): (u16, u16)) {
    let mut marks: Vec<(usize, u64, Severity)> = Vec::new();
    for finding in tape.flagged.iter().filter_map(|index| tape.findings.get(*index)) {
        let Some(column) = scale.column(finding.at_ns) else { continue };
        match marks.last_mut() {
            // No room for two beside each other.
            Some((before, count, worst)) if column < *before + 3 => {
                *count += 1;
                *worst = finding.severity.max(*worst);
            }
            _ => marks.push((column, 1, finding.severity)),
        }
    }
    for (column, count, worst) in marks {
        let (mark, role) = super::findings::sign(worst);
        let room = scale.width().saturating_sub(column);
        canvas.put((x + column as u16, y), room.min(3), &format!("{mark}{count}"), role);
    }
}

fn one(
    app: &App,
    (tape, shape, scale): (&Tape, &Shape, &Scale),
    canvas: &mut Canvas<'_>,
    lane: Lane,
    y: u16,
) {
    let selected = lane == app.lane;
    let x = shape.lanes.x + 1;
    let roomy = shape.roomy();
    let mark = if selected { '▶' } else { ' ' };
    let (label, drawn, status, worst) = match lane {
        Lane::User(at) => {
            let Some(user) = tape.users.get(at) else { return };
            let folded = app.collapsed.contains(&at);
            let sign = if folded { '▸' } else { '▾' };
            let label = if roomy {
                let name = escape::pad_right(&escape::fit(user.name.as_bytes(), 9), 9);
                let what = if folded { "all " } else { "conn" };
                let sign = if selected { '▶' } else { sign };
                format!(" {sign} {name} {what}")
            } else {
                format!("{mark}{} conn", escape::pad_right(&tail(&user.name, 4), 4))
            };
            let drawn = if folded {
                picture::of_density(tape, user, scale)
            } else {
                picture::of_lines(tape, user, scale)
            };
            let pinned = if app.pins.contains(&at) { "pinned " } else { "" };
            (label, drawn, format!("{pinned}{}", connected(tape, user)), None)
        }
        Lane::Run(number) => {
            let Some(run) = tape.runs.get(number as usize) else { return };
            let label = if roomy {
                format!("  {mark} run {}", tail(&tape.run_id(number), 9))
            } else {
                let user = tape.users.get(run.user).map_or("", |user| user.name.as_str());
                format!(
                    "{mark}{} {}",
                    escape::pad_right(&tail(user, 4), 4),
                    tail(&tape.run_id(number), 4)
                )
            };
            let worst = tape.worst_of(run);
            let drawn = picture::of_run(app, tape, number, scale);
            (label, drawn, status(tape, number, worst), worst.map(|worst| worst.severity))
        }
    };
    let role = if selected { Role::Strong } else { Role::Plain };
    canvas.put((x, y), shape.label(), &label, role);
    let at = x + shape.label() as u16;
    drawn.put(canvas, at, y);
    let role = match worst {
        Some(Severity::Error) => Role::Bad,
        Some(Severity::Warning) => Role::Warning,
        _ => Role::Plain,
    };
    let status =
        if roomy { status } else { status.split(' ').take(2).collect::<Vec<_>>().join(" ") };
    canvas.put((at + shape.picture() as u16 + 1, y), shape.status() - 1, &status, role);
    if selected {
        canvas.select(Area::new(at + scale.nearest(app.at_ns) as u16, y, 1, 1), 0);
    }
}

/// How a run is, in a word or two.
fn status(tape: &Tape, number: u32, worst: Option<&Finding>) -> String {
    let Some(run) = tape.runs.get(number as usize) else { return String::new() };
    match worst {
        Some(worst) => {
            let (mark, _) = super::findings::sign(worst.severity);
            format!("{mark} {} {}", worst.code.text(), worst.code.class())
        }
        None if run.is_open => {
            let user = tape.users.get(run.user).map_or("", |user| user.name.as_str());
            let pulse = tape.pulse.as_ref().filter(|_| tape.about.state == "live");
            let due = pulse.and_then(|pulse| pulse.flags_in(user, &tape.run_id(number)));
            match due.filter(|(left, _)| *left < SOON_NS) {
                Some((left, _)) => format!("flags in {}", measure::lasted(left)),
                None => "open".to_owned(),
            }
        }
        None => {
            format!("{} {}", tape.outcome_of(number), measure::lasted(run.to_ns - run.from_ns))
        }
    }
}

/// How a user's connections are, in a word.
fn connected(tape: &Tape, user: &User) -> String {
    let lost = tape.away_ns(user);
    match user.lines.last() {
        _ if lost > 0 => format!("drop {}", measure::lasted(lost)),
        Some(line) if line.refused => "refused".into(),
        Some(line) if tape.is_dropped(line) => "drop".into(),
        Some(line) if line.to_ns.is_some() => "closed".into(),
        Some(_) if tape.about.state == "live" => "open".into(),
        Some(_) => "open at end".into(),
        None => String::new(),
    }
}
