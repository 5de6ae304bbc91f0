//! What is seen → a picture of the timeline, for where neither text nor HTML will do.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::focus::Focus;
use super::scale::Scale;
use super::sight::{Line, Run, User};
use super::strip::plain;
use super::{Bundle, Sight};
use crate::analysis::measure::lasted;

/// Pixels: the whole, the names on the left, what is free on the right, a row.
const WIDTH: usize = 960;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 20.0;
const ROW: usize = 22;

/// Pixels of a folded stretch, between two marks of the axis, and of a letter.
const FOLD: f64 = 46.0;
const APART: f64 = 80.0;
const LETTER: f64 = 9.0;

/// Places to the right at which a letter whose own is taken may stand.
const NEAR: usize = 4;

/// Rows: a picture of more is not looked at, and has to stay small.
const MOST_ROWS: usize = 40;

/// A report of more users than these is drawn as a whole, not by its run.
const MOST_USERS: usize = 4;

/// Characters of a title, a name, and of one entry of the legend.
const TITLE: usize = 110;
const NAME: usize = 20;
const ENTRY: usize = 34;

/// Events of one run that are drawn as letters.
const MOST_LETTERS: usize = 400;

/// Roles and their colours, in light and in dark; the same as on the screen.
const STYLE: &str = "\
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre}\
.g{fill:#fff}.p{fill:#1f2328}.b{fill:#1f2328;font-weight:700}.q{fill:#59636e}\
.bad{fill:#b03a00;font-weight:700}.warn{fill:#7a5800;font-weight:700}\
path{fill:none;stroke-width:2}.line{stroke:#59636e;stroke-width:3}.run{stroke:#1f2328}\
.tool{stroke:#00694b;stroke-width:7;opacity:.45}.lost{stroke:#b03a00;stroke-dasharray:2 5}\
.grid{stroke:#59636e;stroke-width:1;opacity:.25}.fold{fill:#59636e;opacity:.13}\
.cut{stroke:#b03a00}\
@media(prefers-color-scheme:dark){.g{fill:#1e1e1e}.p,.b{fill:#e6e6e6}.q{fill:#9aa4ae}\
.bad{fill:#ff7a4a}.warn{fill:#f0c842}.line,.grid{stroke:#9aa4ae}.fold{fill:#9aa4ae}\
.run{stroke:#e6e6e6}.tool{stroke:#78c8a0}.lost,.cut{stroke:#ff7a4a}}";

/// The report as a picture.
pub fn svg(bundle: &Bundle, sight: &Sight) -> String {
    let focus = Focus::of(bundle, sight);
    let focus = if sight.users.len() > MOST_USERS { focus.on_all(sight) } else { focus };
    let width = WIDTH as f64 - LEFT - RIGHT;
    let scale = Scale::new(focus.time.clone(), &sight.folds, (width, FOLD));
    let mut picture =
        Picture { sight, focus: &focus, scale, drawn: BTreeSet::new(), body: String::new(), y: 20 };
    picture.head(bundle);
    picture.lanes();
    picture.legend();
    let said = focus.found.map_or(&bundle.title, |found| &found.message);
    let label = format!("Timeline: {}", escaped(said, TITLE * 2));
    let (height, body) = (picture.y, picture.body);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-label=\"{label}\">\n\
         <style>{STYLE}</style>\n<rect class=\"g\" width=\"{WIDTH}\" height=\"{height}\" rx=\"6\"/>\n\
         {body}</svg>\n"
    )
}

/// What is drawn so far, and down to where.
struct Picture<'a> {
    sight: &'a Sight,
    focus: &'a Focus<'a>,
    scale: Scale,
    /// Letters that stand in it.
    drawn: BTreeSet<char>,
    body: String,
    y: usize,
}

impl Picture<'_> {
    fn text(&mut self, class: &str, x: f64, text: &str) {
        let _ = writeln!(
            self.body,
            "<text class=\"{class}\" x=\"{x:.0}\" y=\"{}\">{text}</text>",
            self.y
        );
    }

    fn path(&mut self, class: &str, (from, to): (f64, f64), y: usize) {
        let to = to.max(from + 1.0);
        let _ = writeln!(self.body, "<path class=\"{class}\" d=\"M{from:.1} {y}H{to:.1}\"/>");
    }

    fn x(&self, at_ns: u64) -> f64 {
        LEFT + self.scale.x(at_ns)
    }

    /// The title, where it is from, and the axis.
    fn head(&mut self, bundle: &Bundle) {
        let title = match self.focus.found {
            Some(found) => format!("{}  {}", found.code, found.message),
            None => bundle.title.clone(),
        };
        let class = match self.focus.found.map_or("", |found| found.severity) {
            "error" => "bad",
            "warning" => "warn",
            _ => "b",
        };
        self.text(class, 10.0, &escaped(&title, TITLE));
        self.y += ROW - 4;
        let manifest = &bundle.manifest;
        let from = format!(
            "{}   {}   wiretape {}, rules {}",
            manifest.recorded, manifest.scope, manifest.tool, manifest.rules
        );
        self.text("q", 10.0, &escaped(&from, TITLE));
        self.y += ROW + 4;
        for (x, said) in self.scale.marks(self.focus.zero_ns(), APART) {
            if LEFT + x + said.len() as f64 * LETTER < WIDTH as f64 {
                self.text("q", LEFT + x + 3.0, &said);
            }
        }
        self.y += 8;
    }

    /// Users with their connections and runs, as many as there is room for.
    fn lanes(&mut self) {
        let top = self.y;
        let (chosen, left_out) = self.chosen();
        for number in chosen {
            let sight = self.sight;
            self.user(&sight.users[number as usize]);
        }
        if left_out > 0 {
            self.y += ROW - 6;
            self.text("q", 10.0, &format!("and {left_out} users more"));
        }
        let grid: Vec<f64> = self
            .scale
            .marks(self.focus.zero_ns(), APART)
            .into_iter()
            .map(|(x, _)| LEFT + x)
            .collect();
        let bottom = self.y + 8;
        let folds = self.scale.pieces.iter().filter(|piece| piece.folded);
        let mut behind = String::new();
        for fold in folds {
            let (x, width) = (LEFT + fold.place.start, fold.place.end - fold.place.start);
            let idle = lasted(fold.time.end - fold.time.start);
            let _ = writeln!(
                behind,
                "<rect class=\"fold\" x=\"{x:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"{}\"/>\
                 <text class=\"q\" text-anchor=\"middle\" x=\"{:.1}\" y=\"{}\">{idle}</text>",
                bottom - top,
                x + width / 2.0,
                top + 10
            );
        }
        for x in grid {
            let _ = writeln!(behind, "<path class=\"grid\" d=\"M{x:.1} {}V{bottom}\"/>", top - 18);
        }
        self.body.insert_str(0, &behind);
        self.y = bottom;
    }

    /// The users that are drawn, in order: those of the run that it is about,
    /// else those with findings and then the others;
    /// and how many are left out.
    fn chosen(&self) -> (BTreeSet<u32>, usize) {
        if let Some(run) = self.focus.run {
            let runs = std::iter::once(run).chain(self.focus.strays.iter().copied());
            return (runs.map(|run| run.user).collect(), 0);
        }
        let mut order: Vec<u32> = (0..self.sight.users.len() as u32).collect();
        order.sort_by_key(|number| {
            let worst = self.sight.users[*number as usize].worst;
            (worst != Some("error"), worst.is_none())
        });
        let (mut chosen, mut rows) = (BTreeSet::new(), 0);
        for number in order {
            let user = &self.sight.users[number as usize];
            rows += 1 + runs_of(self.sight, self.focus, user).count();
            if rows > MOST_ROWS && !chosen.is_empty() {
                break;
            }
            chosen.insert(number);
        }
        let left_out = self.sight.users.len() - chosen.len();
        (chosen, left_out)
    }

    fn user(&mut self, user: &User) {
        self.y += ROW;
        self.text("b", 10.0, &escaped(&user.name, NAME));
        for line in &user.lines {
            self.connection(line);
        }
        let sight = self.sight;
        let runs: Vec<&Run> = runs_of(sight, self.focus, user).collect();
        for run in runs {
            self.y += ROW;
            self.run(run);
        }
    }

    fn connection(&mut self, line: &Line) {
        let time = &self.focus.time;
        if line.from_ns >= time.end || line.to_ns.is_some_and(|to| to < time.start) {
            return;
        }
        let (from, to) = (self.x(line.from_ns), self.x(line.to_ns.unwrap_or(time.end)));
        let y = self.y - 4;
        self.path("line", (from, to), y);
        if line.dropped || line.refused {
            let _ = writeln!(
                self.body,
                "<path class=\"cut\" d=\"M{:.1} {}l8 8m0 -8l-8 8\"><title>{}</title></path>",
                to - 4.0,
                y - 4,
                escaped(&line.ending, TITLE)
            );
        }
    }

    fn run(&mut self, run: &Run) {
        let class = if run.findings.is_empty() { "q" } else { "bad" };
        self.text(class, 22.0, &escaped(&run.short(), NAME - 2));
        let (end_ns, y) = (self.focus.time.end, self.y - 4);
        let known = run.ghost_ns.map_or(run.until_ns, |ghost| ghost.min(run.until_ns));
        self.path("run", (self.x(run.from_ns), self.x(known)), y);
        if run.ghost_ns.is_some() {
            self.path("lost", (self.x(known), self.x(end_ns)), y);
        }
        for (from, to) in &run.tools {
            self.path("tool", (self.x(*from), self.x(*to)), y);
        }
        self.letters(run);
    }

    fn letters(&mut self, run: &Run) {
        let sight = self.sight;
        let end_ns = self.focus.time.end;
        let events = run.events.iter().filter_map(|event| sight.events.get(*event as usize));
        let said = events.filter(|event| event.kind.is_empty() && event.at_ns < end_ns);
        let letters = said.map(|event| {
            let is_bad = event.findings.iter().any(|finding| {
                sight.findings.get(*finding as usize).is_some_and(|found| found.severity == "error")
            });
            (event.at_ns, sight.letter(event), if is_bad { "bad" } else { "p" })
        });
        let ghost = run.ghost_ns.filter(|ghost| *ghost < end_ns).map(|ghost| (ghost, '?', "bad"));
        let shown = letters.filter(|(_, letter, _)| *letter != '·').take(MOST_LETTERS).chain(ghost);
        let mut taken: Vec<(usize, char)> = Vec::new();
        for (at_ns, letter, class) in shown.collect::<Vec<_>>() {
            let place = (self.x(at_ns) / LETTER) as usize;
            let is_same = |place: &usize| taken.contains(&(*place, letter));
            let is_free = |place: &usize| taken.iter().all(|(other, _)| other != place);
            let Some(place) = (place..place + NEAR).find(|it| is_same(it) || is_free(it)) else {
                continue;
            };
            if is_same(&place) {
                continue;
            }
            taken.push((place, letter));
            self.drawn.insert(letter);
            let x = place as f64 * LETTER + 1.0;
            // A letter stands on the picture's ground, so that the line does not run through it.
            let _ = writeln!(
                self.body,
                "<rect class=\"g\" x=\"{:.1}\" y=\"{}\" width=\"8.5\" height=\"13\"/>",
                x - 0.5,
                self.y - 11
            );
            self.text(class, x, &escaped(&letter.to_string(), 1));
        }
    }

    /// What the letters stand for.
    fn legend(&mut self) {
        self.y += ROW;
        let drawn = self.sight.legend.iter().filter(|(letter, _)| self.drawn.contains(letter));
        let entries = drawn.map(|(letter, name)| format!("{letter} {name}"));
        let ghost = self.drawn.contains(&'?').then(|| "? missing".to_owned());
        let (mut x, entries) = (10.0, entries.chain(ghost).collect::<Vec<_>>());
        for entry in entries {
            let shown = escaped(&entry, ENTRY);
            let width = (entry.chars().count().min(ENTRY) + 2) as f64 * 7.3;
            if x + width > WIDTH as f64 - RIGHT {
                (x, self.y) = (10.0, self.y + ROW - 6);
            }
            self.text("q", x, &shown);
            x += width;
        }
        self.y += 14;
    }
}

/// The runs of a user that are in the picture.
fn runs_of<'a>(
    sight: &'a Sight,
    focus: &'a Focus<'_>,
    user: &'a User,
) -> impl Iterator<Item = &'a Run> {
    let runs = user.runs.iter().filter_map(|run| sight.runs.get(*run as usize));
    let time = &focus.time;
    runs.filter(|run| run.from_ns < time.end && run.until_ns >= time.start).take(MOST_ROWS)
}

/// At most `most` characters that XML takes, none of them markup.
fn escaped(text: &str, most: usize) -> String {
    let mut shown: String = plain(text).chars().take(most).collect();
    if text.chars().nth(most).is_some() {
        shown.pop();
        shown.push('…');
    }
    let mut out = String::with_capacity(shown.len());
    for c in shown.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
