//! What is said above and below every screen: what this is, where one is, which keys work.

use super::canvas::Canvas;
use crate::rules::Severity;
use crate::tui::app::{App, Asking, Overlay, Screen, Typed};
use crate::tui::complete;
use crate::tui::escape;
use crate::tui::keymap::Bound;
use crate::tui::keys::Act;
use crate::tui::measure::{self, Digits, count, counted};
use crate::tui::scale::Scale;
use crate::tui::shape::Shape;
use crate::tui::tape::Tape;
use crate::tui::theme::Role;
use crate::tui::update::why_not;

pub(super) fn head(app: &App, shape: &Shape, canvas: &mut Canvas<'_>) {
    let width = usize::from(shape.middle.width);
    let mut x = canvas.put((0, 0), width, " wiretape  ", Role::Strong);
    let mut say = |canvas: &mut Canvas<'_>, text: &str, role: Role| {
        x += canvas.put((x as u16, 0), width.saturating_sub(x), text, role);
    };
    let Some(tape) = &app.tape else {
        say(canvas, &app.folder, Role::Plain);
        return tabs(app, shape, canvas);
    };
    say(canvas, &tape.about.name, Role::Strong);
    let counts = [
        counted(tape.people() as u64, "user"),
        counted(tape.runs.len() as u64, "run"),
        counted(tape.counts.frames, "frame"),
    ];
    let state = if tape.about.state == "live" { "● REC" } else { tape.about.state };
    let state = if shape.roomy() {
        format!("    {state} {}", measure::clock_length(tape.end_ns))
    } else {
        // Only what is not over is worth a word where there is little room.
        let state = if tape.about.state == "finished" { "" } else { state };
        format!("   {state} {}", measure::lasted(tape.end_ns))
    };
    let found = found(tape, shape.roomy());
    let counts = format!("   {}", counts.join(if shape.roomy() { "  " } else { " " }));
    if shape.roomy() {
        // The address gives way to what is counted.
        let rest = [&counts, &state].into_iter().chain(found.iter().map(|(text, _)| text));
        let rest: usize = rest.map(|text| escape::width(text)).sum();
        let room = width.saturating_sub(rest + escape::width(&tape.about.name) + 13);
        let upstream = escape::fit(tape.about.upstream.as_bytes(), room);
        say(canvas, &format!("  {upstream}"), Role::Plain);
    }
    say(canvas, &counts, Role::Plain);
    for (text, role) in found {
        say(canvas, &text, role);
    }
    say(canvas, &state, Role::Plain);
    tabs(app, shape, canvas);
}

/// How many findings there are.
fn found(tape: &Tape, roomy: bool) -> Vec<(String, Role)> {
    let mut found = Vec::new();
    for (severity, word) in [(Severity::Error, "error"), (Severity::Warning, "warning")] {
        let (mark, role) = super::findings::sign(severity);
        let number = tape.count(severity) as u64;
        let gap = if found.is_empty() { "   " } else { "  " };
        match number {
            0 => {}
            _ if roomy => found.push((format!("{gap}{mark} {}", counted(number, word)), role)),
            _ => found.push((format!("{gap}{mark}{}", count(number)), role)),
        }
    }
    found
}

/// The screens by name, long and short.
const TABS: [(Screen, &str, &str); 5] = [
    (Screen::Sessions, "1 Sessions", "1 Sess"),
    (Screen::Timeline, "2 Timeline", "2 Time"),
    (Screen::Frames, "3 Frames", "3 Frames"),
    (Screen::Findings, "4 Findings", "4 Find"),
    (Screen::Live, "5 Live", "5 Live"),
];

/// The names of the screens, each with the space before it.
fn names(app: &App, roomy: bool) -> impl Iterator<Item = (Screen, String)> {
    let now = app.screen;
    TABS.into_iter().map(move |(screen, long, short)| {
        let name = if roomy { long } else { short };
        let name = if screen == now { format!("[{name}]") } else { name.to_owned() };
        (screen, format!("{}{name}", if roomy { "  " } else { " " }))
    })
}

/// The screen whose name is at this column of the second line.
pub(in crate::tui) fn tab_at(app: &App, x: u16) -> Option<Screen> {
    let mut end = 0;
    names(app, app.shape().roomy()).find_map(|(screen, name)| {
        end += name.len();
        (usize::from(x) < end).then_some(screen)
    })
}

fn tabs(app: &App, shape: &Shape, canvas: &mut Canvas<'_>) {
    let roomy = shape.roomy();
    let mut line: String = names(app, roomy).map(|(_, name)| name).collect();
    let filter = app.filter.as_ref().map_or("none", |sieve| &sieve.text);
    let gap = if roomy { 10 } else { 3 };
    line += &format!("{}filter: {filter}", " ".repeat(gap));
    if roomy {
        line += &format!("    times: {}", app.times.word());
    }
    canvas.put((0, 1), usize::from(shape.middle.width), &line, Role::Plain);
}

pub(super) fn foot(app: &App, shape: &Shape, canvas: &mut Canvas<'_>) {
    let width = usize::from(shape.middle.width);
    let y = shape.middle.y + shape.middle.height;
    match (&app.overlay, &app.said, &app.tape) {
        (overlay, said, _) if let Some((label, text, hint)) = asked(app, overlay) => {
            // The end is what is being typed.
            let room = width.saturating_sub(escape::width(label) + 4);
            let skip = text.chars().count().saturating_sub(room);
            let end: String = text.chars().skip(skip).collect();
            canvas.put((0, y), width, &format!(" {label} {end}_"), Role::Strong);
            let hint = said.as_deref().unwrap_or(&hint);
            canvas.put((0, y + 1), width, &format!(" {hint}"), Role::Plain);
            return;
        }
        (_, Some(said), _) => {
            canvas.put((0, y), width, &format!(" {said}"), Role::Strong);
        }
        (_, None, Some(tape)) if app.screen != Screen::Sessions => {
            scrubber(app, tape, shape, canvas, y);
        }
        _ => {}
    }
    footer(app, width, y + 1, canvas);
}

/// What is being typed: what it is, the text so far, and what can be done with it.
fn asked<'a>(app: &App, overlay: &'a Overlay) -> Option<(&'static str, &'a str, String)> {
    Some(match overlay {
        Overlay::Filter(typed) => ("filter /", &typed.text, ways_on(app, typed)),
        Overlay::Note(text) => {
            let hint = "Enter keeps it with the recording, at this place  Esc drops it";
            ("note:", text, hint.to_owned())
        }
        Overlay::Prompt(asking, text) => {
            let (label, hint) = match asking {
                Asking::Record => ("record what passes to:", "Enter begins  Esc leaves it"),
                Asking::OpenFile => {
                    ("open:", "a recording's name or its file  Enter opens it  Esc leaves it")
                }
                Asking::Rename(_) => ("its name:", "Enter names it so  Esc leaves it"),
            };
            (label, text, hint.to_owned())
        }
        Overlay::Remove(_) => {
            ("remove it for good? y/n", "", "y removes it, any other key does not".into())
        }
        _ => return None,
    })
}

/// How a filter may go on: the one that Tab has tried in brackets.
fn ways_on(app: &App, typed: &Typed) -> String {
    let (base, tried) = match &typed.tried {
        Some((base, place)) => (base, Some(*place)),
        None => (&typed.text, None),
    };
    let ways = complete::ways(app, base);
    let begin = base.rfind([' ', '(']).map_or(0, |at| at + 1);
    if ways.is_empty() || base.is_empty() {
        return "Enter filters  Tab goes on  Esc leaves   type:tool_* user:user_07 flag:error dt>2s lacks:NAME".to_owned();
    }
    // The one tried is in sight, and what comes after it.
    let first = tried.unwrap_or(0).saturating_sub(2);
    let shown = ways.iter().enumerate().skip(first).take(12).map(|(place, way)| {
        let way = escape::text(&way[begin..]);
        if Some(place) == tried { format!("[{way}]") } else { way }
    });
    format!("Tab  {}", shown.collect::<Vec<_>>().join("  "))
}

/// What stands before the bar: how it plays.
fn state(app: &App, tape: &Tape) -> String {
    match app.player.is_playing {
        true => format!(" ▶ playing {} ", app.player.speed()),
        false if app.player.as_known_then => " ‖ paused ".to_owned(),
        false if app.following => app.keys.fill(" ● following ({follow} stays) "),
        false if tape.is_whole || tape.about.state == "live" => " ‖ ".to_owned(),
        false => {
            let share = tape.counts.frames * 100 / tape.about.frames.max(1);
            format!(" looking… {}% ", share.min(99))
        }
    }
}

/// The bar's first column, and how wide it is.
pub(in crate::tui) fn bar(app: &App) -> (usize, usize) {
    let wide = if app.shape().roomy() { 60 } else { 40 };
    let before = app.tape.as_ref().map_or(0, |tape| escape::width(&state(app, tape)));
    (before + 1, wide)
}

/// Where the playhead is in the whole recording, and where findings are.
fn scrubber(app: &App, tape: &Tape, shape: &Shape, canvas: &mut Canvas<'_>, y: u16) {
    let at = tape.wall(app, app.at_ns, Digits::Millis);
    let (_, wide) = bar(app);
    let scale = Scale::folded(crate::tui::app::whole(tape), wide, &[]);
    let mut cells: Vec<char> = vec!['─'; wide];
    for finding in tape.by_time.iter().filter_map(|index| tape.findings.get(*index)) {
        let cell = &mut cells[scale.nearest(finding.at_ns)];
        match finding.severity {
            Severity::Error => *cell = '✖',
            Severity::Warning if *cell == '─' => *cell = '▲',
            _ => {}
        }
    }
    cells[scale.nearest(app.at_ns)] = '┃';
    let bar: String = cells.into_iter().collect();
    let since = measure::since(app.at_ns);
    let since = if shape.roomy() { format!("  +{since}") } else { String::new() };
    let place = match app.finding.and_then(|it| tape.flagged.iter().position(|at| *at == it)) {
        _ if app.range.is_some() => {
            let from = app.range.unwrap_or(app.at_ns);
            format!("   Δt {}", measure::lasted(from.abs_diff(app.at_ns)))
        }
        Some(place) => format!("   finding {} of {}", place + 1, tape.flagged.len()),
        None => String::new(),
    };
    let line = format!("{}├{bar}┤ {at}{since}{place}", state(app, tape));
    canvas.put((0, y), usize::from(shape.middle.width), &line, Role::Plain);
}

/// Only what works now; help and the way back always have room.
fn footer(app: &App, width: usize, y: u16, canvas: &mut Canvas<'_>) {
    let works = |bound: &&Bound| {
        bound.row.footer > 0 && !bound.keys.is_empty() && why_not(app, bound.row.act).is_none()
    };
    let mut rows: Vec<&Bound> = app.keys.rows().filter(works).collect();
    rows.sort_by_key(|bound| bound.row.footer);
    let shown = |bound: &Bound| format!(" {} {} ", bound.shown(), bound.row.does);
    let always = |bound: &&&Bound| matches!(bound.row.act, Act::Help | Act::Back);
    let last: String = rows.iter().filter(always).map(|row| shown(row)).collect();
    let mut line = String::new();
    for row in rows.iter().filter(|row| !always(row)) {
        let next = shown(row);
        if escape::width(&line) + escape::width(&next) + escape::width(&last) <= width {
            line += &next;
        }
    }
    canvas.put((0, y), width, &(line + &last), Role::Quiet);
}

impl Tape {
    /// A moment of this recording on the wall.
    pub(in crate::tui) fn wall(&self, app: &App, at_ns: u64, digits: Digits) -> String {
        app.wall.time(i128::from(self.about.started_ns) + i128::from(at_ns), digits)
    }
}
