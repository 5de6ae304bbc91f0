//! Figures of now → the Live screen: rates, runs, gaps by type, and what is waited for.

use super::canvas::Canvas;
use super::findings::cell;
use crate::rules::Waiting;
use crate::tui::app::App;
use crate::tui::escape::{self, tail};
use crate::tui::measure::{bytes, count, lasted};
use crate::tui::pulse::{BARS, Pulse, TypeLine};
use crate::tui::shape::{Area, Shape};
use crate::tui::theme::Role;

/// Heights of a bar.
const HEIGHTS: [char; 8] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇'];

/// What waits is flagged so soon that it is worth an alarm.
const SOON_NS: u64 = 5_000_000_000;

pub(super) fn draw(app: &App, shape: &Shape, canvas: &mut Canvas<'_>) {
    let Some(tape) = &app.tape else { return };
    let area = shape.middle;
    let inner = area.inner();
    let follow = if app.following { "on" } else { "off" };
    let title = match tape.about.state {
        "live" => app.keys.fill(&format!("5 Live   last 5m   {{follow}}: follow {follow}")),
        state => format!("5 Live   {state}: the figures at its end"),
    };
    canvas.frame(area, &title, &app.keys.fill(foot(shape)), true);
    let Some(pulse) = &tape.pulse else {
        return canvas.line(inner, 0, "  nothing was counted yet", Role::Quiet);
    };
    let roomy = shape.roomy();
    let mut row = head(pulse, inner, roomy, canvas);
    let waiting = pulse.figures.waiting.len().clamp(1, 3);
    let rows = usize::from(inner.height).saturating_sub(usize::from(row) + waiting + 1);
    canvas.line(inner, row, &columns(roomy), Role::Quiet);
    row += 1;
    let unknown = &pulse.figures.unknown;
    let first = app.scroll.min(pulse.types.len().saturating_sub(rows));
    for line in pulse.types.iter().skip(first).take(rows) {
        let new = unknown.iter().find(|(name, _)| *name == line.name).map(|(_, figures)| figures);
        let (text, role) = match new {
            Some(new) => {
                let user = tape.timeline.user_name(new.first_connection, &tape.symbols);
                let first = format!(
                    "first seen +{}  {user}  #{}   ▲ W206 unknown type",
                    lasted(new.first_ns),
                    new.first_frame
                );
                (format!("{}{first}", before(line, roomy)), Role::Warning)
            }
            None => (figures(line, roomy), role(line)),
        };
        canvas.line(inner, row, &text, role);
        row += 1;
    }
    let end = inner.height.saturating_sub(waiting as u16);
    wait(pulse, Area::new(inner.x, inner.y + end, inner.width, waiting as u16), canvas);
}

fn foot(shape: &Shape) -> &'static str {
    if shape.roomy() {
        "bars on a log axis from 10ms to 32s   {down} {up} types   {finding-next}: newest finding"
    } else {
        "bars: 10ms to 32s, log"
    }
}

/// The two lines above the types; the row after them.
fn head(pulse: &Pulse, inner: Area, roomy: bool, canvas: &mut Canvas<'_>) -> u16 {
    let figures = &pulse.figures;
    let wide = if roomy { 30 } else { 20 };
    let [open, opened, dropped] = figures.connections;
    let rate = format!(" rate   {:>6.0} frames/s  {}", figures.frames_a_second, spark(pulse, wide));
    let conns = if roomy {
        format!("   conns {open:>4} open  {opened:>3} opened/min  {dropped:>3} dropped/min")
    } else {
        format!("  conns {open} open")
    };
    canvas.line(inner, 0, &(rate + &conns), Role::Plain);
    let [open, done, broken] = figures.runs;
    let share = broken * 100 / done.max(1);
    let runs = format!(" runs   {open:>6} open  {} done  ", count(done));
    let used = canvas.put((inner.x, inner.y + 1), usize::from(inner.width), &runs, Role::Plain);
    let role = if broken > 0 { Role::Bad } else { Role::Plain };
    let mark = if broken > 0 { "✖ " } else { "" };
    let broken = format!("{mark}{broken} broken ({share}%)");
    let at = inner.x + used as u16;
    let used = used + canvas.put((at, inner.y + 1), 24, &broken, role);
    let held = figures.held_ns.filter(|_| roomy).map_or_else(String::new, |(p50, p99)| {
        format!("proxy +{:.2}ms p50  +{:.2}ms p99", p50 as f64 / 1e6, p99 as f64 / 1e6)
    });
    let disk =
        figures.disk_a_minute.map_or_else(String::new, |disk| format!("disk {}/min", bytes(disk)));
    let queue = figures.queued.map_or_else(String::new, |it| format!("  queue {}", bytes(it)));
    let behind = match figures.behind_ns {
        2_000_000_000.. if figures.frames_a_second > 0.0 => {
            format!("  {} behind", lasted(figures.behind_ns))
        }
        _ => String::new(),
    };
    let rest = format!("   {held}   {disk}{queue}{behind}");
    let room = usize::from(inner.width).saturating_sub(used);
    canvas.put((inner.x + used as u16, inner.y + 1), room, &rest, Role::Plain);
    2
}

/// The last five minutes in so many columns.
fn spark(pulse: &Pulse, wide: usize) -> String {
    let rate = &pulse.figures.rate;
    let step = rate.len().div_ceil(wide).max(1);
    let sums: Vec<u64> =
        rate.chunks(step).map(|some| some.iter().map(|n| u64::from(*n)).sum()).collect();
    bars(&sums)
}

fn bars(counts: &[u64]) -> String {
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let height = |count: &u64| HEIGHTS[((count * 7).div_ceil(most) as usize).min(7)];
    counts.iter().map(height).collect()
}

fn columns(roomy: bool) -> String {
    if roomy {
        format!(
            " {:<22}{:>7} {:>6}   {:<36}{:>9}{:>9}{:>9}{:>9}",
            "event type",
            "count",
            "/s",
            "gap since previous event in run",
            "p50",
            "p90",
            "p99",
            "max"
        )
    } else {
        format!(
            " {:<18}{:>7} {:>6}  {:<17}{:<9}{:>8}{:>8}",
            "event type", "count", "/s", "gap in run", "limit", "p50", "p99"
        )
    }
}

/// What stands before the gaps.
fn before(line: &TypeLine, roomy: bool) -> String {
    let name = cell(&line.name, if roomy { 22 } else { 18 });
    format!(" {name}{:>7} {:>6.1}   ", count(line.count), line.rate)
}

fn figures(line: &TypeLine, roomy: bool) -> String {
    let limit = line.limit_ns.map_or_else(String::new, lasted);
    let shown = |ns: Option<u64>| ns.map_or_else(|| "-".to_owned(), lasted);
    let gap = |at: usize| shown(line.gaps_ns.map(|gaps| gaps[at]));
    let bars = bars(&line.bars);
    let before = before(line, roomy);
    if roomy {
        let bars = escape::pad_right(&bars, BARS + 2);
        let figures = [gap(0), gap(1), gap(2), gap(3)].map(|gap| format!("{gap:>9}"));
        let limit = if limit.is_empty() { limit } else { format!("limit {limit}") };
        format!("{before}{bars}{limit:<18}{}", figures.concat())
    } else {
        let bars = escape::pad_right(&bars, BARS + 1);
        format!("{}{bars}{limit:<9}{:>8}{:>8}", before.trim_end().to_owned() + "  ", gap(0), gap(2))
    }
}

/// Whoever is at its limit stands out.
fn role(line: &TypeLine) -> Role {
    match (line.limit_ns, line.gaps_ns) {
        (Some(limit), Some(gaps)) if gaps[3] > limit => Role::Warning,
        _ => Role::Plain,
    }
}

fn wait(pulse: &Pulse, area: Area, canvas: &mut Canvas<'_>) {
    if pulse.figures.waiting.is_empty() {
        return canvas.line(area, 0, " waiting now: nothing is due", Role::Quiet);
    }
    for (row, waiting) in pulse.figures.waiting.iter().take(usize::from(area.height)).enumerate() {
        let left = waiting.due_ns.saturating_sub(pulse.now_ns);
        let role = if left < SOON_NS { Role::Warning } else { Role::Plain };
        canvas.line(area, row as u16, &due(pulse, waiting, usize::from(area.width)), role);
    }
}

fn due(pulse: &Pulse, waiting: &Waiting, width: usize) -> String {
    let run = waiting.run.as_deref().map_or_else(
        || format!("conn {}", waiting.connection),
        |run| format!("run {}", tail(run, 8)),
    );
    let user = waiting.user.as_deref().unwrap_or("");
    let (since, due) = (waiting.since_ns, waiting.due_ns);
    let limit = due.saturating_sub(since).max(1);
    let gone = pulse.now_ns.saturating_sub(since);
    let left = lasted(due.saturating_sub(pulse.now_ns));
    let done = (gone.saturating_mul(20) / limit).min(20) as usize;
    let bar = "█".repeat(done) + &"░".repeat(20 - done);
    let (gone, limit) = (lasted(gone), lasted(limit));
    let words = format!(" waiting now: {run} {user}  {} → {}", waiting.last, waiting.waiting_for);
    let end = format!("  {gone} of {limit} {bar}  flags in {left}");
    let room = width.saturating_sub(escape::width(&end));
    cell(&words, room) + &end
}
