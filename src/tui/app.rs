//! Where the reader is: screen, pane, lane, playhead, window, finding.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::at::At;
pub(super) use super::choice::Sieve;
pub use super::choice::{
    Asking, Lane, ListOrder, Mode, Order, Overlay, Paint, Pane, Screen, Sheet, Sql, Times, Typed,
};
use super::diff::Compared;
use super::inspect::Laid;
use super::keymap::Keymap;
use super::list::{self, Entry};
use super::measure::Wall;
use super::message::{Listed, Shown};
use super::player::Player;
use super::resume::Resume;
use super::review::Leads;
use super::scale::{Folding, Scale};
use super::shape::Shape;
use super::tape::{Growth, Tape};
use super::theme::Theme;

/// Where the reader was, to come back to.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) lane: Lane,
    pub(super) entry: usize,
    pub(super) at_ns: u64,
    pub(super) window: Range<u64>,
    pub(super) finding: Option<usize>,
}

/// Over so many users, those with findings come first (ux.md, 3.11).
const MOST_IN_ORDER: usize = 200;

/// The reader's place. Only [`update`](super::update()) changes it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct App {
    pub(super) tape: Option<Arc<Tape>>,
    pub(super) listed: Result<Vec<Listed>, String>,
    pub(super) folder: String,
    pub(super) picked: usize,
    pub(super) list_order: ListOrder,
    /// Nothing moves by itself: playing is a step.
    pub(super) is_still: bool,
    /// The program may be left for another verb of it.
    pub(super) starts: bool,
    pub(super) screen: Screen,
    /// The screen that leaving leads out of.
    pub(super) root: Screen,
    pub(super) pane: Pane,
    pub(super) overlay: Overlay,
    pub(super) size: (u16, u16),
    pub(super) theme: Theme,
    /// What keys do.
    pub(super) keys: Arc<Keymap>,
    /// Filters that have a name.
    pub(super) saved: BTreeMap<String, String>,
    pub(super) wall: Wall,
    /// All lanes that can be stood on, in order.
    pub(super) lanes: Arc<Vec<Lane>>,
    pub(super) lane: Lane,
    pub(super) collapsed: HashSet<usize>,
    pub(super) order: Order,
    /// Users whose lanes come first.
    pub(super) pins: Vec<usize>,
    /// Users whose lanes are shown; none: all.
    pub(super) only: HashSet<usize>,
    pub(super) player: Player,
    /// The finding that playing paused at.
    pub(super) paused_at: Option<usize>,
    /// The playhead keeps at the end of what grows.
    pub(super) following: bool,
    /// Following stops at findings.
    pub(super) stops: bool,
    /// Findings that the reader came to.
    pub(super) visited: BTreeSet<(String, String)>,
    /// Where a range begins; it ends at the playhead.
    pub(super) range: Option<u64>,
    /// The only pane that is shown.
    pub(super) alone: Option<Pane>,
    /// What a filter does not mean is hidden on Frames, not dimmed.
    pub(super) hides: bool,
    /// The mouse is ours.
    pub(super) mouse: bool,
    /// The runs that are compared.
    pub(super) compared: Option<Arc<Compared>>,
    /// The line of the comparison.
    pub(super) diff_at: usize,
    /// Only what differs is shown of it.
    pub(super) hides_equal: bool,
    /// Timing is no difference.
    pub(super) ignores_pace: bool,
    /// The row of the users and connections, where keys go there.
    pub(super) inside: Option<usize>,
    /// The SQL asked last.
    pub(super) sql: String,
    pub(super) window: Range<u64>,
    pub(super) zooms: Vec<Range<u64>>,
    pub(super) folding: Folding,
    pub(super) at_ns: u64,
    pub(super) entries: Arc<Vec<Entry>>,
    pub(super) entry: usize,
    /// The finding that the reader is at: its index.
    pub(super) finding: Option<usize>,
    /// Groups of findings that are unfolded, by the ids of their first.
    pub(super) unfolded: HashSet<u64>,
    pub(super) back: Option<Place>,
    pub(super) times: Times,
    pub(super) paint: Paint,
    pub(super) mode: Mode,
    pub(super) payload: Option<(u32, Result<Shown, String>)>,
    /// The same, as it is shown.
    pub(super) laid: Option<Laid>,
    /// The reader's line in its tree, and the lines that are folded.
    pub(super) node: usize,
    pub(super) folds: HashSet<usize>,
    pub(super) scroll: usize,
    pub(super) filter: Option<Sieve>,
    /// A filter whose first answer is waited for.
    pub(super) asked: Option<String>,
    /// The row of the Frames screen.
    pub(super) row: u32,
    pub(super) said: Option<String>,
    /// Where the review of a report leads.
    pub(super) review_leads: Leads,
    /// Where somebody else left off, to be gone to once all of it is there.
    pub(super) resume: Option<Resume>,
    /// Where the reader wants to be once it is there.
    pub(super) seeking: Option<At>,
    /// The reader has gone somewhere.
    pub(super) stood: bool,
}

impl App {
    /// At the beginning of a recording, or in the list of them.
    pub fn new(tape: Option<Tape>, folder: String, theme: Theme, wall: Wall) -> Self {
        let mut app = Self {
            tape: None,
            listed: Ok(Vec::new()),
            folder,
            picked: 0,
            list_order: ListOrder::Newest,
            is_still: false,
            starts: false,
            screen: Screen::Sessions,
            root: Screen::Sessions,
            pane: Pane::Lanes,
            overlay: Overlay::None,
            size: (80, 24),
            theme,
            keys: Arc::default(),
            saved: BTreeMap::new(),
            wall,
            lanes: Arc::default(),
            lane: Lane::User(0),
            collapsed: HashSet::new(),
            order: Order::Arrival,
            pins: Vec::new(),
            only: HashSet::new(),
            player: Player::default(),
            paused_at: None,
            following: false,
            stops: false,
            visited: BTreeSet::new(),
            range: None,
            alone: None,
            hides: true,
            mouse: true,
            sql: String::new(),
            compared: None,
            diff_at: 0,
            hides_equal: false,
            ignores_pace: false,
            inside: None,
            window: 0..1,
            zooms: Vec::new(),
            folding: Folding::Folded,
            at_ns: 0,
            entries: Arc::default(),
            entry: 0,
            finding: None,
            unfolded: HashSet::new(),
            back: None,
            times: Times::Run,
            paint: Paint::Direction,
            mode: Mode::Tree,
            payload: None,
            laid: None,
            node: 0,
            folds: HashSet::new(),
            scroll: 0,
            filter: None,
            asked: None,
            row: 0,
            said: None,
            review_leads: Leads::Back,
            resume: None,
            seeking: None,
            stood: false,
        };
        if let Some(tape) = tape {
            app.take(tape);
            app.root = Screen::Timeline;
        }
        app
    }

    /// What keys do, from now on.
    pub fn bind(&mut self, keys: Keymap) {
        self.keys = Arc::new(keys);
    }

    /// Nothing moves by itself, for who is not to be moved.
    pub fn still(&mut self) {
        self.is_still = true;
    }

    /// Its terminal is nobody else's: it may be left for the demo, or to record.
    pub fn alone(&mut self) {
        self.starts = true;
    }

    /// Filters that have a name: `@NAME` stands for them.
    pub fn keep(&mut self, filters: BTreeMap<String, String>) {
        self.saved = filters;
    }

    /// Says something, with keys for what they do.
    pub(super) fn say(&mut self, text: &str) {
        self.said = Some(self.keys.fill(text));
    }

    /// Shows it as it comes, and stops at what is found.
    pub fn tour(&mut self) {
        self.following = true;
        self.stops = true;
        self.stood = true;
    }

    /// Shows how it goes, as it goes: for a recorder, whose lines are where leaving leads.
    pub fn live(&mut self) {
        (self.screen, self.root) = (Screen::Live, Screen::Live);
        self.following = true;
        self.stood = true;
        self.say("{back} goes back to the recorder; {quit} ends the recording");
    }

    /// Findings that the reader came to: code and user.
    pub fn found(&self) -> &BTreeSet<(String, String)> {
        &self.visited
    }

    /// Shows a recording from its beginning.
    pub(super) fn take(&mut self, tape: Tape) {
        self.window = whole(&tape);
        self.tape = Some(Arc::new(tape));
        self.screen = Screen::Timeline;
        self.pane = Pane::Lanes;
        (self.collapsed, self.only, self.pins) = Default::default();
        (self.player, self.following, self.range, self.alone) = Default::default();
        (self.paused_at, self.compared, self.inside) = (None, None, None);
        self.zooms.clear();
        (self.at_ns, self.row, self.scroll) = (self.window.start, 0, 0);
        (self.finding, self.back, self.payload, self.filter) = (None, None, None, None);
        self.stood = false;
        self.relane();
        self.begin();
    }

    /// Stands at the first run, once there is one: nobody has gone anywhere yet.
    pub(super) fn begin(&mut self) {
        self.stand(self.lanes.get(1).or(self.lanes.first()).copied().unwrap_or(Lane::User(0)));
        if let Some(tape) = &self.tape
            && let Lane::Run(run) = self.lane
        {
            self.at_ns = tape.runs.get(run as usize).map_or(0, |run| run.from_ns);
            self.entry = self.entry_at(self.at_ns);
        }
    }

    /// Finds the lanes anew.
    pub(super) fn relane(&mut self) {
        let Some(tape) = &self.tape else { return };
        let mut users: Vec<usize> = (0..tape.users.len()).collect();
        users.retain(|at| {
            let user = &tape.users[*at];
            !user.lines.is_empty() || !user.runs.is_empty()
        });
        users.retain(|at| self.only.is_empty() || self.only.contains(at));
        self.sort(tape, &mut users);
        let mut lanes = Vec::with_capacity(users.len() + tape.runs.len());
        for at in users {
            lanes.push(Lane::User(at));
            if !self.collapsed.contains(&at) {
                lanes.extend(tape.users[at].runs.iter().map(|run| Lane::Run(*run)));
            }
        }
        self.lanes = Arc::new(lanes);
    }

    fn sort(&self, tape: &Tape, users: &mut [usize]) {
        let user = |at: &usize| &tape.users[*at];
        let latest = |at: &usize| {
            let last = user(at).runs.last().and_then(|run| tape.runs.get(*run as usize));
            last.map(|run| run.from_ns)
        };
        match self.order {
            Order::Arrival if users.len() > MOST_IN_ORDER => {
                users.sort_by_key(|at| Reverse(user(at).worst));
            }
            Order::Arrival => {}
            Order::Worst => users.sort_by_key(|at| Reverse(user(at).worst)),
            Order::Recent => users.sort_by_key(|at| Reverse(latest(at))),
            Order::Name => users.sort_by(|a, b| user(a).name.cmp(&user(b).name)),
            Order::Runs => users.sort_by_key(|at| Reverse(user(at).runs.len())),
        }
        let pin = |at: &usize| self.pins.iter().position(|pin| pin == at).unwrap_or(usize::MAX);
        users.sort_by_key(pin);
    }

    /// Takes what is new of the recording. The reader stays where they are.
    pub(super) fn grow(&mut self, growth: Growth) {
        self.said = growth.failed.clone().or(self.said.take());
        let Some(tape) = &mut self.tape else { return };
        let Tape { users, runs, timeline, findings, mutes, .. } = &**tape;
        let before = (users.len(), runs.len(), timeline.len(), findings.len(), mutes.len());
        let was_whole = self.window == whole(tape);
        let (anew, by_others) = (growth.findings_anew, growth.anew.is_some());
        let id = |index: Option<usize>| Some(tape.findings.get(index?)?.id);
        let ids = anew.then(|| (id(self.finding), id(self.paused_at)));
        // Whoever looks at it elsewhere keeps what it was.
        Arc::make_mut(tape).grow(growth);
        let tape = Arc::clone(tape);
        if let Some((finding, paused_at)) = ids {
            // They have other numbers now.
            let find = |id: Option<u64>| {
                let id = id?;
                tape.findings.iter().position(|finding| finding.id == id)
            };
            (self.finding, self.paused_at, self.back) = (find(finding), find(paused_at), None);
        }
        if by_others {
            // Lanes, rows and findings of before are none any more.
            (self.collapsed, self.only, self.pins) = Default::default();
            (self.finding, self.paused_at, self.back, self.compared) = Default::default();
            (self.row, self.payload, self.filter, self.inside) = (0, None, None, None);
        }
        if was_whole && !self.stood {
            self.window = whole(&tape);
        }
        if by_others || (tape.users.len(), tape.runs.len()) != (before.0, before.1) {
            self.relane();
        }
        if tape.about.state != "live" {
            self.following = false;
        }
        let muted = tape.mutes.len() != before.4;
        let moved =
            tape.timeline.len() != before.2 || tape.findings.len() != before.3 || anew || muted;
        if by_others || moved && !self.stood {
            self.begin();
        } else if moved {
            self.refresh();
        }
    }

    /// What of findings is told has changed.
    pub(super) fn retold(&mut self) {
        let is_told = |finding: &usize| {
            let tape = self.tape.as_ref();
            tape.is_some_and(|tape| tape.by_time.contains(finding))
        };
        self.finding = self.finding.filter(is_told);
        self.paused_at = self.paused_at.filter(is_told);
        self.back = None;
        self.relane();
        self.refresh();
    }

    /// The lane's rows, with what is new; the one selected stays.
    fn refresh(&mut self) {
        let Some(tape) = self.tape.clone() else { return };
        let here = self.selected();
        self.entries = Arc::new(Self::rows_of(&tape, self.lane));
        let holds = |entry: &Entry| match here {
            Some(here) => *entry == here || here.row().is_some_and(|row| entry.holds(row)),
            None => false,
        };
        let found = self.entries.iter().position(holds);
        self.entry = found.unwrap_or_else(|| self.entry_at(self.at_ns));
    }

    fn rows_of(tape: &Tape, lane: Lane) -> Vec<Entry> {
        match lane {
            Lane::Run(run) => list::of_run(tape, run),
            Lane::User(user) => list::of_user(tape, user),
        }
    }

    /// Stands on a lane; its rows are the ones shown.
    pub(super) fn stand(&mut self, lane: Lane) {
        let Some(tape) = self.tape.clone() else { return };
        self.lane = lane;
        if let Lane::Run(run) = lane
            && let Some(run) = tape.runs.get(run as usize)
        {
            let shown = self.collapsed.remove(&run.user);
            if shown {
                self.relane();
            }
        }
        self.entries = Arc::new(Self::rows_of(&tape, lane));
        self.entry = self.entry_at(self.at_ns);
    }

    /// The last row that is not after a moment.
    pub(super) fn entry_at(&self, at_ns: u64) -> usize {
        let Some(tape) = &self.tape else { return 0 };
        let row = |entry: &Entry| entry.row().and_then(|row| tape.timeline.row(row));
        let known = |entry: &Entry| row(entry).is_some_and(|row| row.at_ns <= at_ns);
        self.entries.iter().rposition(known).unwrap_or(0)
    }

    /// The row of the lane that is selected.
    pub(super) fn selected(&self) -> Option<Entry> {
        self.entries.get(self.entry).copied()
    }

    /// The event that the Inspector is about.
    pub(super) fn inspected(&self) -> Option<u32> {
        match self.screen {
            Screen::Frames => Some(self.row),
            _ => self.selected().and_then(Entry::row),
        }
    }

    /// The finding that the Inspector is about: of a selected ghost, or the current one while its
    /// place is the reader's.
    pub(super) fn told(&self) -> Option<usize> {
        match (self.screen, self.selected()) {
            (Screen::Timeline, Some(Entry::Ghost(finding))) => Some(finding),
            _ => self.finding,
        }
    }

    /// Time on the columns that the lanes have now.
    pub(super) fn scale(&self, width: usize) -> Scale {
        match (&self.tape, self.folding) {
            (Some(tape), Folding::Folded) => Scale::folded(self.window.clone(), width, &tape.idle),
            (Some(tape), Folding::Ordinal) => {
                Scale::ordinal(self.window.clone(), width, &tape.timeline)
            }
            _ => Scale::folded(self.window.clone(), width, &[]),
        }
    }

    /// What the screen is cut into.
    pub(super) fn shape(&self) -> Shape {
        Shape::of(self.size, self.alone)
    }
}

/// All of a recording, with the last event on the last column.
pub(super) fn whole(tape: &Tape) -> Range<u64> {
    0..tape.end_ns.saturating_add(1)
}
