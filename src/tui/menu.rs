//! What can be done here → a list to choose from by typing a few letters: the palette and menus.

use super::app::{App, Lane, ListOrder, Order, Paint, Screen};
use super::at::{At, Found};
use super::copy;
use super::diff::Paired;
use super::keymap::Bound;
use super::keys::Act;
use super::measure::Digits;
use super::mute::Mute;
use super::player::Player;
use super::tape::Tape;
use super::theme::Look;
use super::update::why_not;
use crate::rules::codes;
use crate::wire::Note;

/// Lines that are looked through for what was typed: more would make keys slow.
const MOST: usize = 20_000;

/// What choosing a line does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Do {
    /// What a key does.
    Act(Act),
    /// Go to a place.
    Go(Found),
    /// Wait for a place, and go there.
    Seek(At),
    /// Stand on a lane.
    Lane(Lane),
    /// Open a recording, by its key.
    Open(String),
    /// Say what a code means.
    Explain(String),
    /// Don't tell of such findings here.
    Mute(Mute),
    /// Tell of them again.
    Unmute(Mute),
    /// Play so fast.
    Speed(String),
    /// Pause at findings, or don't.
    Pauses,
    /// Look like this.
    Look(Look),
    /// Colour rows by this.
    Paint(Paint),
    /// Sort lanes.
    Sort(Order),
    /// Sort recordings.
    SortList(ListOrder),
    /// Compare a run of a recording, by its key, with one of this.
    Between(String, (u32, u32)),
    /// Filter.
    Filter(String),
    /// Keep the filter under a name.
    Save(String),
    /// Show a user's lanes, or don't.
    Pick(usize),
    /// Show all lanes.
    PickAll,
    /// Copy: what it is, and the text.
    Copy(&'static str, String),
    /// Copy what the screen shows.
    CopyScreen,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it says.
    pub label: String,
    /// What stands at its end: its key, mostly.
    pub hint: String,
    /// What it does.
    pub does: Do,
}

impl Item {
    fn new(label: impl Into<String>, hint: impl Into<String>, does: Do) -> Self {
        Self { label: label.into(), hint: hint.into(), does }
    }
}

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Everything.
    Palette,
    /// Speeds.
    Speeds,
    /// What can be copied.
    Copy,
    /// How lanes are sorted.
    Sort,
    /// How recordings are sorted.
    List,
    /// Pairs of runs.
    Pairs,
    /// Whose lanes are shown; several can be chosen.
    Pick,
    /// Notes and marks.
    Marks,
}

impl Kind {
    /// Its title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Palette => ": what to do, or where to go",
            Self::Speeds => "Speed",
            Self::Copy => "Copy",
            Self::Sort => "Sort lanes by",
            Self::List => "Sort recordings by",
            Self::Pairs => "Compare which runs? Those that differ most come first",
            Self::Pick => "Show the lanes of",
            Self::Marks => "Notes and marks",
        }
    }
}

/// A list on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// Which.
    pub kind: Kind,
    /// What was typed.
    pub text: String,
    /// The line chosen, of those that fit what was typed.
    pub picked: usize,
    items: Vec<Item>,
}

impl Menu {
    /// Opens it.
    pub fn new(kind: Kind, app: &App) -> Self {
        let items = match kind {
            Kind::Palette => palette(app),
            Kind::Speeds => Player::speeds()
                .map(|speed| {
                    let back = if speed.starts_with('-') { "backwards" } else { "" };
                    Item::new(speed.clone(), back, Do::Speed(speed))
                })
                .collect(),
            Kind::Copy => copy::items(app),
            Kind::Sort => Order::ALL
                .into_iter()
                .map(|order| {
                    let now = if order == app.order { "now" } else { "" };
                    Item::new(order.word(), now, Do::Sort(order))
                })
                .collect(),
            Kind::List => ListOrder::ALL
                .into_iter()
                .map(|order| {
                    let now = if order == app.list_order { "now" } else { "" };
                    Item::new(order.word(), now, Do::SortList(order))
                })
                .collect(),
            Kind::Pairs => Vec::new(),
            Kind::Pick => users(app),
            Kind::Marks => marks(app),
        };
        let now = items.iter().position(|item| match &item.does {
            Do::Speed(speed) => *speed == app.player.speed(),
            Do::Sort(order) => *order == app.order,
            Do::SortList(order) => *order == app.list_order,
            _ => false,
        });
        Self { kind, text: String::new(), picked: now.unwrap_or(0), items }
    }

    /// Runs of the recording with this key, and their counterparts.
    pub(super) fn of_pairs(key: &str, pairs: Vec<Paired>) -> Self {
        let item = |pair: Paired| {
            Item::new(pair.label, pair.told, Do::Between(key.to_owned(), (pair.a, pair.b)))
        };
        let items = pairs.into_iter().map(item).collect();
        Self { kind: Kind::Pairs, text: String::new(), picked: 0, items }
    }

    /// The same menu, with what has changed meanwhile.
    pub(super) fn again(&mut self, app: &App) {
        self.items = Self::new(self.kind, app).items;
    }

    /// The lines that fit what was typed, the best first.
    pub fn fitting(&self) -> Vec<&Item> {
        if self.text.is_empty() {
            return self.items.iter().collect();
        }
        let mut fitting: Vec<(u32, &Item)> = self
            .items
            .iter()
            .take(MOST)
            .filter_map(|item| Some((fits(&self.text, &item.label)?, item)))
            .collect();
        fitting.sort_by_key(|(cost, _)| *cost);
        fitting.into_iter().map(|(_, item)| item).collect()
    }

    /// What the chosen line does; of the palette, what was typed may be a place.
    pub fn chosen(&self) -> Option<Do> {
        if self.kind == Kind::Palette
            && let Some(typed) = command(&self.text)
        {
            return Some(typed);
        }
        self.fitting().get(self.picked).map(|item| item.does.clone())
    }
}

/// What is typed in full: a place, or a word and what it is about.
pub fn command(text: &str) -> Option<Do> {
    let text = text.trim();
    if let Ok(at) = At::parse(text) {
        return Some(Do::Seek(at));
    }
    let (word, rest) = text.split_once(' ')?;
    match word {
        "speed" => Player::default().set(rest).ok().map(|()| Do::Speed(rest.trim().to_owned())),
        "explain" => codes::explain(rest.trim()).map(|_| Do::Explain(rest.trim().to_owned())),
        "save" => Some(Do::Save(rest.trim().to_owned())),
        "mute" => Mute::parse(rest).map(Do::Mute),
        "unmute" => Mute::parse(rest).map(Do::Unmute),
        "theme" => Look::named(rest.trim()).map(Do::Look),
        "colour" | "color" => {
            let what = rest.trim().strip_prefix("by ")?;
            Paint::named(what.trim()).map(Do::Paint)
        }
        _ => None,
    }
}

/// How far a text is from what was typed, all of whose letters are in it, in order.
fn fits(typed: &str, text: &str) -> Option<u32> {
    let mut cost = 0;
    let mut letters = text.chars().flat_map(char::to_lowercase).enumerate();
    let mut before: Option<(usize, char)> = None;
    for wanted in typed.chars().flat_map(char::to_lowercase) {
        let last = before.map_or(0, |(at, _)| at + 1);
        let mut previous = before.map_or(' ', |(_, letter)| letter);
        let (at, begins) = letters.find_map(|(at, letter)| {
            let begins = !previous.is_alphanumeric();
            previous = letter;
            (letter == wanted).then_some((at, begins))
        })?;
        // Beginnings of words are as good as what follows at once.
        cost += if begins || at == last { 0 } else { 10 + (at - last) as u32 };
        // What begins with it comes before what has it further on.
        cost += u32::from(before.is_none() && at > 0);
        before = Some((at, wanted));
    }
    Some(cost.saturating_mul(100) + text.chars().count() as u32)
}

fn palette(app: &App) -> Vec<Item> {
    let rows = app
        .keys
        .rows()
        .filter(|bound| why_not(app, bound.row.act).is_none() && bound.row.act != Act::Palette);
    let item = |bound: &Bound| Item::new(bound.row.does, bound.shown(), Do::Act(bound.row.act));
    let mut items: Vec<Item> = rows.map(item).collect();
    let pauses = if app.player.pauses { "on" } else { "off" };
    items.push(Item::new("pause at findings", pauses, Do::Pauses));
    for look in Look::ALL {
        items.push(Item::new(format!("theme {}", look.word()), "", Do::Look(look)));
    }
    for paint in Paint::ALL {
        let now = if paint == app.paint { "now" } else { "" };
        items.push(Item::new(format!("colour by {}", paint.word()), now, Do::Paint(paint)));
    }
    for (name, filter) in app.saved.iter().filter(|_| app.tape.is_some()) {
        items.push(Item::new(format!("filter @{name}"), "kept", Do::Filter(filter.clone())));
    }
    if let Some(tape) = &app.tape {
        for (at, user) in tape.users.iter().enumerate() {
            items.push(Item::new(format!("user {}", user.name), "", Do::Lane(Lane::User(at))));
        }
        for index in &tape.by_severity {
            let finding = &tape.findings[*index];
            let label = format!("{} {}", finding.code.text(), finding.message);
            items.push(Item::new(label, "finding", Do::Go(Found::Finding(*index))));
        }
        let mut codes: Vec<String> =
            tape.by_severity.iter().map(|index| tape.findings[*index].code.text()).collect();
        codes.sort_unstable();
        codes.dedup();
        for code in codes {
            items.push(Item::new(format!("explain {code}"), "", Do::Explain(code)));
        }
        items.extend(mutes(app, tape));
        let room = MOST.saturating_sub(items.len());
        for run in (0..tape.runs.len() as u32).take(room) {
            let label = format!("run {}", tape.run_id(run));
            items.push(Item::new(label, "", Do::Lane(Lane::Run(run))));
        }
    }
    for listed in app.listed.iter().flatten().filter(|_| app.screen == Screen::Sessions) {
        let label = format!("open {}", listed.name);
        items.push(Item::new(label, listed.state, Do::Open(listed.key.clone())));
    }
    items
}

/// What of the finding at hand can be muted, and what is.
fn mutes(app: &App, tape: &Tape) -> Vec<Item> {
    let finding = app.told().and_then(|finding| tape.findings.get(finding));
    let mut items = Vec::new();
    if let Some(finding) = finding {
        let rule = Mute::Rule(finding.rule.clone());
        let run = finding.run.clone().map(Mute::Run);
        for mute in [Some(Mute::Code(finding.code)), Some(rule), run].into_iter().flatten() {
            items.push(Item::new(format!("mute {} here", mute.words()), "", Do::Mute(mute)));
        }
    }
    for mute in &tape.mutes {
        let label = format!("unmute {}", mute.words());
        items.push(Item::new(label, "muted", Do::Unmute(mute.clone())));
    }
    items
}

fn users(app: &App) -> Vec<Item> {
    let all = if app.only.is_empty() { "shown" } else { "" };
    let mut items = vec![Item::new("everybody", all, Do::PickAll)];
    let users = app.tape.iter().flat_map(|tape| tape.users.iter().enumerate());
    for (at, user) in users.filter(|(_, user)| !user.lines.is_empty()) {
        let shown = if app.only.contains(&at) { "shown" } else { "" };
        items.push(Item::new(user.name.clone(), shown, Do::Pick(at)));
    }
    items
}

fn marks(app: &App) -> Vec<Item> {
    let Some(tape) = &app.tape else { return Vec::new() };
    let item = |note: &Note| {
        let place = match (note.first_frame, note.from_ns) {
            (Some(frame), _) => Do::Seek(At::Frame(frame)),
            (None, from) => Do::Seek(At::Since(from.unwrap_or(0))),
        };
        let at = tape.wall(app, note.from_ns.unwrap_or(0), Digits::Seconds);
        let text = if note.text.is_empty() { "mark" } else { &note.text };
        let about = note.finding.clone().unwrap_or_default();
        Item::new(format!("{at}  {text}"), about, place)
    };
    tape.notes.iter().filter(|note| Mute::of(note).is_none()).map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::{Do, Paint, command, fits};
    use crate::tui::at::At;

    #[test]
    fn a_few_letters_find_the_line_and_the_best_comes_first() {
        assert!(fits("nr", "next run").is_some());
        assert!(fits("NX", "next run").is_some());
        assert!(fits("rn", "next").is_none());
        assert!(fits("run", "run 9c1e") < fits("run", "next run"));
        assert!(fits("fi", "filter") < fits("fi", "profile"));
        assert!(fits("u7", "user user_07").is_some());
    }

    #[test]
    fn what_is_typed_in_full_is_done() {
        assert_eq!(command("50%"), Some(Do::Seek(At::Share(50_000))));
        assert_eq!(command("#12"), Some(Do::Seek(At::Frame(12))));
        assert_eq!(command("speed 4"), Some(Do::Speed("4".into())));
        assert_eq!(command("speed 3"), None);
        assert!(matches!(command("explain e102"), Some(Do::Explain(_))));
        assert_eq!(command("colour by type"), Some(Do::Paint(Paint::Type)));
        assert_eq!(command("color by direction"), Some(Do::Paint(Paint::Direction)));
        assert_eq!(command("colour type"), None);
        assert_eq!(command("colour by size"), None);
        assert_eq!(command("run"), None);
    }
}
