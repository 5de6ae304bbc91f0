//! A recording, a reader and a screen, without a terminal: what the tests of the screen sit at.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use wiretape::analysis::Analysis;
use wiretape::analysis::live::Live;
use wiretape::analysis::look::Look;
use wiretape::analysis::timeline::Row;
use wiretape::events::filter::Filter;
use wiretape::events::payload::Parts;
use wiretape::exchange::jsonl::FactReader;
use wiretape::rules::presets;
use wiretape::tui::diff::{Which, between, compare, pairs};
use wiretape::tui::pulse::Pulse;
use wiretape::tui::review::{Stage, Step};
use wiretape::tui::tape::About;
use wiretape::tui::{
    Answer, App, Effect, Growth, Key, Listed, Message, Portion, Shown, Sifted, Tape, Theme, Wall,
    draw, picture_of, update,
};
use wiretape::wire::{Fact, Note, Recording};

/// Bytes of a payload that are read at first.
const FIRST: usize = 64 << 10;

/// Payloads by frame.
type Payloads = Arc<HashMap<i64, Vec<u8>>>;

/// Someone in front of a screen.
pub(super) struct Desk {
    pub(super) app: App,
    pub(super) size: (u16, u16),
    pub(super) left: bool,
    pub(super) copied: String,
    /// Steps of reports that were asked for.
    pub(super) steps: Vec<Step>,
    /// Recordings that were to be looked through, in this order, when they were last listed.
    pub(super) judge: Vec<String>,
    notes: Vec<Note>,
    /// The recording that this one is compared with.
    other: Option<(Tape, Payloads)>,
    tape: Tape,
    payloads: Payloads,
    listed: Vec<Listed>,
}

/// The demo's 90 seconds, with its planted bugs.
pub(super) fn demo() -> Vec<Fact<'static>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/samples/demo.jsonl");
    let mut reader = FactReader::new(BufReader::new(File::open(path).unwrap()));
    std::iter::from_fn(|| reader.next_fact().unwrap()).collect()
}

/// A recording's tape, and all that grows it: `facts` facts at a time.
pub(super) fn growths(
    given: &[Fact<'static>],
    rules: &str,
    facts: usize,
) -> (Tape, Vec<Growth>, Payloads) {
    let book = presets::preset(rules).unwrap();
    let mut analysis = Analysis::new(book.clone()).unwrap();
    let mut recording = Recording::default();
    let mut payloads = HashMap::new();
    let mut live = Live::new(&book);
    let (mut all, mut texts, mut last_ns) = (Vec::new(), 0, 0);
    for some in given.chunks(facts) {
        let (mut growth, mut changed) = (Growth::default(), Vec::new());
        for fact in some {
            match fact {
                Fact::Recording(this) => recording = this.clone(),
                Fact::Frame(frame) => {
                    payloads.insert(frame.id, frame.frame.payload.to_vec());
                    last_ns = frame.stamp.read_ns;
                }
                _ => {}
            }
            live.fact(fact);
            changed.extend(analysis.feed(fact, &mut |event, symbols| {
                live.event(event, symbols);
                growth.events.push(event.clone());
            }));
        }
        let found = analysis.engine().findings();
        growth.findings = changed.into_iter().map(|at| (at, found[at].clone())).collect();
        growth.texts = analysis.symbols().since(texts);
        texts = analysis.symbols().len();
        growth.counts = analysis.counts();
        growth.pulse = Some(Box::new(Pulse::new(&live, last_ns, &analysis)));
        all.push(growth);
    }
    let mut last = Growth { is_whole: true, findings_anew: true, ..Growth::default() };
    let events = &mut last.events;
    analysis.end(recording.finished_ns, &mut |event, _| events.push(event.clone()));
    last.texts = analysis.symbols().since(texts);
    last.findings = analysis.engine().findings().iter().cloned().enumerate().collect();
    last.pending = Some(analysis.engine().pending().to_vec());
    last.unjudged = analysis.engine().unjudged().map(str::to_owned).collect();
    last.counts = analysis.counts();
    all.push(last);
    let about = About {
        name: "amber-fox".into(),
        upstream: "ws://localhost:8000".into(),
        started_ns: recording.started_ns,
        state: "finished",
        end_ns: recording.finished_ns.unwrap_or(0).max(last_ns),
        frames: analysis.counts().frames,
        chosen: rules.into(),
    };
    (Tape::new(about, Arc::new(book)), all, Arc::new(payloads))
}

fn tape(facts: &[Fact<'static>], rules: &str) -> (Tape, Payloads) {
    let (mut tape, growths, payloads) = growths(facts, rules, facts.len().max(1));
    for growth in growths {
        tape.grow(growth);
    }
    (tape, payloads)
}

impl Desk {
    /// In front of a recording, by the rules of a preset.
    pub(super) fn at(facts: &[Fact<'static>], rules: &str, size: (u16, u16)) -> Self {
        Self::with(facts, rules, size, Theme::default())
    }

    /// The same, with another look.
    pub(super) fn with(
        facts: &[Fact<'static>],
        rules: &str,
        size: (u16, u16),
        theme: Theme,
    ) -> Self {
        let (tape, payloads) = tape(facts, rules);
        let wall = Wall::new(TimeZone::UTC);
        let app = App::new(Some(tape.clone()), "recordings".into(), theme, wall);
        let mut desk = Self {
            app,
            size,
            left: false,
            copied: String::new(),
            steps: Vec::new(),
            judge: Vec::new(),
            notes: Vec::new(),
            other: None,
            tape,
            payloads,
            listed: Vec::new(),
        };
        desk.take(Message::Resize(size.0, size.1));
        desk
    }

    /// In front of a recording of which nothing was looked at yet.
    pub(super) fn empty(tape: Tape, size: (u16, u16)) -> Self {
        let wall = Wall::new(TimeZone::UTC);
        let app = App::new(Some(tape.clone()), "recordings".into(), Theme::default(), wall);
        let payloads = Arc::default();
        let mut desk = Self {
            app,
            size,
            left: false,
            copied: String::new(),
            steps: Vec::new(),
            judge: Vec::new(),
            notes: Vec::new(),
            other: None,
            tape,
            payloads,
            listed: Vec::new(),
        };
        desk.take(Message::Resize(size.0, size.1));
        desk
    }

    /// In front of a recording that is still being written, after this share of it.
    pub(super) fn live(facts: &[Fact<'static>], share: f64, size: (u16, u16)) -> Self {
        let (mut tape, growths, payloads) = growths(facts, "agent", 20);
        tape.about.state = "live";
        tape.end_ns = 1;
        let mut desk = Self::empty(tape, size);
        desk.payloads = payloads;
        let some = (growths.len() as f64 * share) as usize;
        for mut growth in growths.into_iter().take(some) {
            growth.end_ns = growth.pulse.as_ref().map_or(0, |pulse| pulse.now_ns);
            desk.take(Message::Grown(Box::new(growth)));
        }
        desk
    }

    /// The folder has another recording, to compare with.
    pub(super) fn compares_with(&mut self, facts: &[Fact<'static>]) {
        let (mut other, payloads) = tape(facts, "agent");
        other.about.name = "quiet-heron".into();
        self.other = Some((other, payloads));
    }

    /// What is open, as it would be opened again.
    pub(super) fn tape(&self) -> Tape {
        self.tape.clone()
    }

    /// The recordings that the folder has.
    pub(super) fn lists(&mut self, listed: Vec<Listed>) {
        self.listed = listed;
    }

    /// Presses keys, one letter each.
    pub(super) fn types(&mut self, keys: &str) -> &mut Self {
        for letter in keys.chars() {
            self.press(Key::Char(letter));
        }
        self
    }

    /// Presses a key.
    pub(super) fn press(&mut self, key: Key) -> &mut Self {
        self.take(Message::Key(key));
        self
    }

    /// Makes the terminal this large.
    pub(super) fn resize(&mut self, size: (u16, u16)) {
        self.size = size;
        self.take(Message::Resize(size.0, size.1));
    }

    pub(super) fn take(&mut self, message: Message) {
        let mut effects = update(&mut self.app, message);
        while let Some(effect) = effects.pop() {
            let answer = match effect {
                Effect::Quit | Effect::Leave | Effect::Start(_) => {
                    self.left = true;
                    continue;
                }
                Effect::Judge(keys) => {
                    self.judge = keys;
                    continue;
                }
                Effect::Note(note) => {
                    let id = self.notes.last().map_or(1, |last| last.id + 1);
                    self.notes.push(Note { id, ..*note });
                    Message::Noted(Ok(self.notes.clone()))
                }
                Effect::Forget(ids) => {
                    self.notes.retain(|note| !ids.contains(&note.id));
                    Message::Noted(Ok(self.notes.clone()))
                }
                Effect::Diff(run) => {
                    let mut payload = |row: &Row| self.payloads.get(&row.frames.1).cloned();
                    Message::Diffed(compare(&self.tape, run, &mut payload).map(Box::new))
                }
                Effect::Report(step) => Message::Staged(Ok(self.step(step))),
                Effect::Pairs(key) => {
                    let other = self.other.as_ref().ok_or_else(|| "no such one".to_owned());
                    Message::Paired(key, other.map(|(other, _)| pairs(other, &self.tape)))
                }
                Effect::Between(_, (a, b)) => {
                    let (other, theirs) = self.other.as_ref().unwrap();
                    let mut payload = |which, row: &Row| {
                        let of = if which == Which::A { theirs } else { &self.payloads };
                        of.get(&row.frames.1).cloned()
                    };
                    let compared = between((other, a), (&self.tape, b), &mut payload);
                    Message::Diffed(Ok(Box::new(compared)))
                }
                Effect::Rename(key, name) => {
                    let named = self.listed.iter_mut().filter(|one| one.key == key);
                    named.for_each(|one| one.name.clone_from(&name));
                    Message::Tidied(Ok(format!("it is {name} now")), Ok(self.listed.clone()))
                }
                Effect::Remove(key) => {
                    self.listed.retain(|one| one.key != key);
                    Message::Tidied(Ok("removed".into()), Ok(self.listed.clone()))
                }
                Effect::Save(name, filter) => {
                    Message::Saved(name, filter, Ok("config.toml".into()))
                }
                Effect::Query(_) => Message::Queried(Ok(row_65())),
                Effect::Copy(what, text) => {
                    self.copied = text;
                    Message::Copied(format!("{what} copied"))
                }
                Effect::CopyScreen => {
                    self.copied = self.screen();
                    Message::Copied("the screen copied".into())
                }
                Effect::List => Message::Listed(Ok(self.listed.clone())),
                Effect::Open(_) => Message::Opened(Ok(Box::new(self.tape.clone()))),
                Effect::Read(row, portion) => Message::Payload(row, Ok(self.payload(row, portion))),
                Effect::Sift(text, from) => {
                    let sifted = self.sift(&text, from);
                    Message::Sifted(text, sifted)
                }
            };
            effects.extend(update(&mut self.app, answer));
        }
    }

    /// What a review shows: as ux.md, 4.1 draws it, with what was decided.
    fn step(&mut self, step: Step) -> Stage {
        self.steps.push(step.clone());
        let (decided, writes) = match step {
            Step::Begin(_) => (Vec::new(), false),
            Step::Again(decided) => (decided, false),
            Step::Write(decided) => (decided, true),
        };
        let mut review = super::review::drawn();
        for (key, choice) in decided {
            for row in review.rows.iter_mut().filter(|row| row.key == key) {
                row.decided = true;
                if row.choices[0] != choice {
                    row.choices.swap(0, 1);
                }
            }
        }
        review.rows.sort_by_key(|row| row.decided);
        if writes && review.undecided() == 0 {
            return Stage::Written(vec!["wiretape-9c1e.html   97 KiB".to_owned()]);
        }
        Stage::Review(Box::new(review))
    }

    fn payload(&self, row: u32, portion: Portion) -> Shown {
        let Some(row): Option<Row> = self.tape.timeline.row(row) else { return Shown::default() };
        let bytes = self.payloads.get(&row.frames.1).cloned().unwrap_or_default();
        let parts = Parts::new(&self.tape.book.reading).unwrap();
        let json =
            parts.json(&bytes, u32::from(row.part)).filter(|json| json.starts_with(['{', '[']));
        let json = json.map(std::borrow::Cow::into_owned);
        let length = bytes.len() as u64;
        let cut = |text: String| text.chars().take(FIRST).collect();
        match portion {
            Portion::All => Shown { length, json, bytes },
            Portion::First => {
                let bytes = bytes.into_iter().take(FIRST).collect();
                Shown { length, json: json.map(cut), bytes }
            }
        }
    }

    fn sift(&self, text: &str, from: u32) -> Result<Sifted, String> {
        let filter = Filter::parse(text).map_err(|mistake| mistake.message)?;
        let Tape { timeline, symbols, findings, .. } = &self.tape;
        let look = Look::new(timeline, symbols, findings);
        let some = timeline.page(from.checked_sub(1), 100);
        let meant = some.filter(|row| look.meets(&filter, row, None) == Some(true));
        let rows: Vec<u32> = meant.map(|row| row.number).collect();
        let until = (from + 100).min(timeline.len());
        Ok(Sifted { rows, until, words: filter.in_words() })
    }

    /// The screen, line by line.
    pub(super) fn screen(&self) -> String {
        let (width, height) = self.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(&self.app, frame)).unwrap();
        picture_of(&self.app, self.size)
    }

    /// The cells.
    pub(super) fn buffer(&self) -> Buffer {
        let (width, height) = self.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(&self.app, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// What each cell is, by a letter for its style: `.` plain, `b` bold, and so on.
    pub(super) fn roles(&self) -> String {
        let (width, height) = self.size;
        let buffer = self.buffer();
        let line = |y: u16| (0..width).map(|x| letter(buffer[(x, y)].style())).collect::<String>();
        (0..height).map(|y| line(y).trim_end_matches('.').to_owned() + "\n").collect()
    }
}

/// What SQL says, whatever it is asked.
fn row_65() -> Answer {
    Answer {
        names: vec!["id".into(), "text".into()],
        rows: vec![vec!["65".into(), "agent_started".into()]],
        is_cut: false,
    }
}

/// A letter for a style: of its colour, or of what else it is.
fn letter(style: Style) -> char {
    let is = |modifier| style.add_modifier.contains(modifier);
    match style.fg {
        _ if is(Modifier::REVERSED) => 'S',
        Some(Color::Red) => 'R',
        Some(Color::Yellow) => 'Y',
        Some(Color::Cyan) if is(Modifier::BOLD) => 'F',
        Some(Color::Cyan) => 'C',
        Some(Color::Blue) => 'B',
        _ if is(Modifier::BOLD) => 'b',
        _ if is(Modifier::DIM) => 'q',
        _ => '.',
    }
}

impl Desk {
    /// Where a place is in this recording.
    pub(super) fn find(
        &self,
        at: wiretape::tui::At,
        wall: &Wall,
    ) -> Result<wiretape::tui::at::Found, String> {
        at.find(&self.tape, wall)
    }
}
