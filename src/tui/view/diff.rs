//! Two runs, compared → the Diff screen: side by side, the first loss marked.

use super::canvas::Canvas;
use super::findings::cell;
use crate::tui::app::App;
use crate::tui::diff::{Compared, Half, Line};
use crate::tui::escape::tail;
use crate::tui::measure;
use crate::tui::paging::first_shown;
use crate::tui::shape::Shape;
use crate::tui::theme::Role;

pub(super) fn draw(app: &App, shape: &Shape, canvas: &mut Canvas<'_>) {
    let Some(tape) = &app.tape else { return };
    let (area, inner) = (shape.middle, shape.middle.inner());
    let Some(compared) = &app.compared else {
        canvas.frame(area, "Diff", &app.keys.fill("{back} back"), true);
        return canvas.line(
            inner,
            0,
            "  looking for the good run that is most like it…",
            Role::Quiet,
        );
    };
    let name = |run: u32| {
        let user = tape.runs.get(run as usize).and_then(|run| tape.users.get(run.user));
        let user = user.map_or("", |user| user.name.as_str());
        format!("run {} of {user}", tail(&tape.run_id(run), 8))
    };
    let from_b = tape.runs.get(compared.b as usize).map_or(0, |run| run.from_ns);
    let (a, b) = (&compared.a_name, compared.b);
    let good = if compared.is_apart { "" } else { "good, " };
    let title = if shape.roomy() {
        let at_a = app.wall.time(compared.a_from_ns, measure::Digits::Seconds);
        let at_b = tape.wall(app, from_b, measure::Digits::Seconds);
        format!("Diff   A {a} ({good}{at_a})   B {} ({at_b})   aligned by type and tool", name(b))
    } else if compared.is_apart {
        format!("Diff  A {a}  B {}", name(b))
    } else {
        format!("Diff  A {a} (good)  B {}", name(b))
    };
    let foot = if shape.roomy() {
        "{hit-next} {hit-before} next difference  {in} what differs  {pace} ignore timing  \
         {hide} hide equal  {copy} copy"
    } else {
        "{hit-next} {hit-before} difference  {in} what differs  {pace} timing  {hide} equal"
    };
    canvas.frame(area, &title, &app.keys.fill(foot), true);
    let shown = app.diff_lines();
    let width = usize::from(inner.width);
    let half = (width.saturating_sub(if shape.roomy() { 40 } else { 26 }) / 2).max(16);
    let head = format!(" {}{:>10}  {}", cell(" A", half), "Δt(B-A)", cell("B", half));
    canvas.line(inner, 0, &head, Role::Quiet);
    let height = usize::from(inner.height.saturating_sub(1));
    let place = shown.iter().position(|at| *at >= app.diff_at).unwrap_or(0);
    let first = first_shown(place, shown.len(), height);
    for (row, at) in shown.iter().skip(first).take(height).enumerate() {
        let Some(line) = compared.lines.get(*at) else { continue };
        let (text, role) = one(app, compared, *at, line, (half, shape.roomy()));
        let mark = if *at == app.diff_at { "▶" } else { " " };
        canvas.line(inner, row as u16 + 1, &format!("{mark}{text}"), role);
        if *at == app.diff_at {
            canvas.select(inner, row as u16 + 1);
        }
    }
    if shown.is_empty() {
        let text = app.keys.fill("  nothing differs; {hide} shows all");
        canvas.line(inner, 1, &text, Role::Plain);
    }
}

fn one(
    app: &App,
    compared: &Compared,
    at: usize,
    line: &Line,
    (half, roomy): (usize, bool),
) -> (String, Role) {
    let side = |side: &Option<Half>| match side {
        Some(it) => {
            let since = measure::since(it.since_ns);
            let room = half.saturating_sub(14);
            format!(" {} {}{since:>8}  ", it.letter, cell(&it.text, room.max(4)))
        }
        None => String::new(),
    };
    let (a, b) = (side(&line.a), side(&line.b));
    let later = match (&line.a, &line.b) {
        (Some(_), Some(_)) if !app.ignores_pace => {
            let sign = if line.later_ns < 0 { '-' } else { '+' };
            format!("{sign}{}", measure::lasted(line.later_ns.unsigned_abs()))
        }
        _ => String::new(),
    };
    let missing = line.b.is_none();
    let b = if missing { " ?".to_owned() } else { b };
    let note = match (&line.a, &line.b) {
        _ if compared.loss == Some(at) && roomy => "- only in A  ◀ FIRST LOSS".to_owned(),
        _ if compared.loss == Some(at) => "◀ FIRST LOSS".to_owned(),
        (Some(_), None) => "- only in A".to_owned(),
        (None, Some(_)) => "+ only in B".to_owned(),
        _ if !line.differences.is_empty() => {
            let more = line.differences.len() - 1;
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("~ {}{more}", line.differences[0].0)
        }
        _ if line.is_paced && !app.ignores_pace => "~ pace".to_owned(),
        _ => String::new(),
    };
    let role = match (&line.a, &line.b) {
        _ if compared.loss == Some(at) => Role::Bad,
        (Some(_), None) | (None, Some(_)) => Role::Warning,
        _ if line.is_same(app.ignores_pace) => Role::Quiet,
        _ => Role::Plain,
    };
    (format!("{}{later:>10}  {}{note}", cell(&a, half), cell(&b, half)), role)
}
