//! A recording, a reader and a screen, without a terminal: what the tests of the screen sit at.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use wiretape::analysis::Analysis;
use wiretape::analysis::look::Look;
use wiretape::analysis::timeline::{Row, Timeline};
use wiretape::events::filter::Filter;
use wiretape::events::payload::Parts;
use wiretape::exchange::jsonl::FactReader;
use wiretape::rules::presets;
use wiretape::tui::tape::About;
use wiretape::tui::{
    App, Effect, Key, Listed, Message, Shown, Sifted, Tape, Theme, Wall, draw, update,
};
use wiretape::wire::{Fact, Recording};

/// Payloads by frame.
type Payloads = Arc<HashMap<i64, Vec<u8>>>;

/// Someone in front of a screen.
pub(super) struct Desk {
    pub(super) app: App,
    pub(super) size: (u16, u16),
    pub(super) left: bool,
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

fn tape(facts: &[Fact<'static>], rules: &str) -> (Tape, Payloads) {
    let book = presets::preset(rules).unwrap();
    let mut timeline = Timeline::new(&book.reading);
    let mut analysis = Analysis::new(book).unwrap();
    let mut recording = Recording::default();
    let mut payloads = HashMap::new();
    for fact in facts {
        match fact {
            Fact::Recording(this) => recording = this.clone(),
            Fact::Frame(frame) => drop(payloads.insert(frame.id, frame.frame.payload.to_vec())),
            _ => {}
        }
        analysis.feed(fact, &mut |event, _| timeline.append(event));
    }
    analysis.end(recording.finished_ns, &mut |event, _| timeline.append(event));
    timeline.settle(analysis.engine());
    let about = About {
        name: "amber-fox".into(),
        upstream: "ws://localhost:8000".into(),
        started_ns: recording.started_ns,
        state: "finished",
        finished_ns: recording.finished_ns,
        chosen: rules.into(),
    };
    (Tape::new(about, Arc::new(analysis), Arc::new(timeline)), Arc::new(payloads))
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
        let mut desk = Self { app, size, left: false, tape, payloads, listed: Vec::new() };
        desk.take(Message::Resize(size.0, size.1));
        desk
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

    fn take(&mut self, message: Message) {
        let mut effects = update(&mut self.app, message);
        while let Some(effect) = effects.pop() {
            let answer = match effect {
                Effect::Quit => {
                    self.left = true;
                    continue;
                }
                Effect::List => Message::Listed(Ok(self.listed.clone())),
                Effect::Open(_) => Message::Opened(Ok(Box::new(self.tape.clone()))),
                Effect::Read(row) => Message::Payload(row, Ok(self.payload(row))),
                Effect::Sift(text) => {
                    let sifted = self.sift(&text);
                    Message::Sifted(text, sifted)
                }
            };
            effects.extend(update(&mut self.app, answer));
        }
    }

    fn payload(&self, row: u32) -> Shown {
        let row: Row = self.tape.timeline.row(row).unwrap();
        let bytes = self.payloads.get(&row.frames.1).cloned().unwrap_or_default();
        let parts = Parts::new(&self.tape.analysis.engine().book().reading).unwrap();
        let json =
            parts.json(&bytes, u32::from(row.part)).filter(|json| json.starts_with(['{', '[']));
        let json = json.map(std::borrow::Cow::into_owned);
        Shown { length: bytes.len() as u64, json, bytes }
    }

    fn sift(&self, text: &str) -> Result<Sifted, String> {
        let filter = Filter::parse(text).map_err(|mistake| mistake.message)?;
        let look = Look::new(&self.tape.timeline, &self.tape.analysis);
        let all = self.tape.timeline.page(None, usize::MAX);
        let meant = all.filter(|row| look.meets(&filter, row, None) == Some(true));
        let rows: Vec<u32> = meant.map(|row| row.number).collect();
        let summary = format!("{} of {} events", rows.len(), self.tape.timeline.len());
        Ok(Sifted { rows, summary })
    }

    /// The screen, line by line.
    pub(super) fn screen(&self) -> String {
        let (width, height) = self.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(&self.app, frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let mut lines = String::new();
        for y in 0..height {
            let mut line = String::new();
            let mut x = 0;
            while x < width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                // The second half of a wide character is its own cell, and says nothing.
                x += (unicode_width::UnicodeWidthStr::width(symbol) as u16).max(1);
            }
            lines.push_str(line.trim_end());
            lines.push('\n');
        }
        lines
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
