//! What `demo` is asked to show → a pretend chat, played through the real proxy into a recording,
//! and told from that recording while it grows.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::demo::{Bug, PLANTED, Pace};
use crate::recording::{Check, Follow, FrameRange, RecordingReader, Status};

use super::failure::{Code, Failure};
use super::output::{Output, Role};
use super::{Globals, escape, human, open};

use line::Look;
use live::Live;
use stage::{Ended, Stage};

mod folder;
mod line;
mod live;
mod stage;
mod tour;
mod who;

/// How often the recording is looked at: often enough to seem live, seldom enough to cost nothing.
const LOOK: Duration = Duration::from_millis(50);

/// What `demo` takes.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Keep the recording
    #[arg(long)]
    pub(crate) save: bool,
    /// The same number gives the same traffic
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many times faster than life
    #[arg(long, default_value_t = 4.0, value_name = "TIMES", value_parser = parse_speed)]
    pub(crate) speed: f64,
    /// Lines instead of the screen
    #[arg(long)]
    pub(crate) lines: bool,
}

/// Below, the 90 s take a quarter of an hour and more; above, timers are all that is tested.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.1..=1000.0;

fn parse_speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed| SPEEDS.contains(speed));
    speed.ok_or_else(|| format!("a speed is a number from {} to {}", SPEEDS.start(), SPEEDS.end()))
}

/// Shows it.
pub(crate) fn run(args: &DemoArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let on_screen = open::on_a_terminal() && !args.lines && !globals.json;
    introduce(args, globals, on_screen);
    let folder = folder::Folder::new(args, globals)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let stage = {
        let _entered = runtime.enter();
        Stage::set(&runtime, (args.seed, Pace::new(args.speed)), folder.path())?
    };
    if on_screen {
        return tour::run(args, globals, (stage, runtime));
    }
    let path = stage.path().to_owned();
    let mut teller = Teller::new(globals, &path)?;
    let mut playing = stage.play(&runtime);
    let told = teller.follow(&path, || playing.is_over());
    // Whoever read the lines may have gone; the players must not go on without anyone.
    playing.stop();
    let ended = runtime.block_on(playing.end());
    let (ended, writer, finished_ns) = ended?;
    let summary = writer.finish(finished_ns)?;
    told?;
    teller.follow_rest(&path)?;
    teller.conclude(args, &summary.status, (&ended, &path))?;
    match ended {
        Ended::Broken(error) => {
            Err(Failure::new(Code::Runtime, "the demo broke off").because(&error))
        }
        Ended::Whole(_) | Ended::Stopped => Ok(ExitCode::SUCCESS),
    }
}

fn introduce(args: &DemoArgs, globals: &Globals, on_screen: bool) {
    let kept = if args.save {
        format!("Kept in {}.", globals.dir.display())
    } else {
        "Nothing saved (keep it: --save).".to_owned()
    };
    globals.progress(&format!(
        "demo: pretend chat server, 12 users, 90 s of traffic at {}x. No network. {kept}",
        args.speed
    ));
    let how = if on_screen {
        "e = jump to the next one, c = its cause, ? = keys.        (opening…)"
    } else {
        "they are named at the end.        (Ctrl-C ends it)"
    };
    globals.progress(&format!("{} bugs are planted; {how}", PLANTED.len()));
}

/// Tells what a recording says.
struct Teller {
    output: Output,
    json: bool,
    look: Look,
    started_ns: i64,
    follow: Follow,
    live: Live,
}

impl Teller {
    fn new(globals: &Globals, path: &Path) -> Result<Self, Failure> {
        let started_ns = RecordingReader::open_with(path, Check::Schema)?.recording()?.started_ns;
        let output = globals.output();
        let look = Look::new(started_ns, output.style, output.columns());
        let follow = Follow::new(FrameRange::default());
        Ok(Self { output, json: globals.json, look, started_ns, follow, live: Live::new() })
    }

    /// Tells what comes, until `over`.
    fn follow(&mut self, path: &Path, over: impl Fn() -> bool) -> Result<(), Failure> {
        let reader = RecordingReader::open_with(path, Check::Schema)?;
        while !over() {
            self.look_at(&reader)?;
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Tells what is left once the recording is finished. The reader is a new one: the writer must
    /// be the last to close the file, so that it can clean up behind itself.
    fn follow_rest(&mut self, path: &Path) -> Result<(), Failure> {
        let reader = RecordingReader::open_with(path, Check::Schema)?;
        let after_id = self.follow.last_frame();
        self.follow = Follow::new(FrameRange { after_id, ..FrameRange::default() });
        self.look_at(&reader)?;
        self.live.finish();
        self.tell()
    }

    fn look_at(&mut self, reader: &RecordingReader) -> Result<(), Failure> {
        let Self { follow, live, .. } = self;
        follow.poll(reader, &mut |fact| {
            live.feed(fact);
            ControlFlow::Continue(())
        })?;
        self.tell()
    }

    fn tell(&mut self) -> Result<(), Failure> {
        for line in self.live.take_lines() {
            if self.json {
                self.output.json(&line.json(self.started_ns))?;
            } else if let Some(text) = line.text(&self.look) {
                self.output.line(&text)?;
            }
        }
        self.output.flush()
    }

    /// Says what it was.
    fn conclude(
        &mut self,
        args: &DemoArgs,
        summary: &Status,
        (ended, path): (&Ended, &Path),
    ) -> Result<(), Failure> {
        if self.json {
            let line = JsonSummary {
                v: 1,
                kind: "summary",
                seed: args.seed,
                connections: self.live.connections(),
                refused: self.live.refused,
                reconnects: self.live.reconnects,
                c2s_frames: summary.frames[0],
                s2c_frames: summary.frames[1],
                c2s_bytes: summary.bytes[0],
                s2c_bytes: summary.bytes[1],
                complete: matches!(ended, Ended::Whole(_)),
                recording: args.save.then(|| escape::path(path)),
                planted: PLANTED.map(JsonBug::from),
            };
            self.output.json(&line)?;
            return self.output.flush();
        }
        for line in self.summary(args, summary, (ended, path)) {
            self.output.line(&line)?;
        }
        self.output.flush()
    }

    /// In as many lines as the terminal needs; `before` columns are taken already.
    fn fold(&self, text: &str, before: usize) -> String {
        let room =
            self.output.columns().map_or(usize::MAX, |columns| columns - before.min(columns));
        escape::wrap(text, room, 0).replace('\n', &format!("\n{}", " ".repeat(before)))
    }

    fn summary(
        &self,
        args: &DemoArgs,
        summary: &Status,
        (ended, path): (&Ended, &Path),
    ) -> Vec<String> {
        let style = self.output.style;
        let live = &self.live;
        let [out, back] = summary.frames;
        let mut lines = vec![
            String::new(),
            self.fold(
                &format!(
                    "{}, {} refused, {}   → {}   ← {}   {}",
                    human::counted(live.connections(), "connection"),
                    human::count(live.refused),
                    human::counted(live.reconnects, "reconnect"),
                    human::counted(out, "frame"),
                    human::counted(back, "frame"),
                    human::size(summary.file_bytes),
                ),
                0,
            ),
            self.fold(
                &format!(
                    "Not shown: {} pings, typing marks and greetings. Folded: {}, one line a \
                     stream.",
                    human::count(live.quiet),
                    human::counted(live.streamed, "stream chunk"),
                ),
                0,
            ),
        ];
        let how = match ended {
            Ended::Whole(true) => "Both ends got every frame exactly as the other sent it.",
            Ended::Whole(false) => "What one end got is not what the other sent: a defect.",
            Ended::Stopped | Ended::Broken(_) => {
                "It was ended early, so some of the bugs may not be there."
            }
        };
        let how = self.fold(how, 0);
        let is_bad = matches!(ended, Ended::Whole(false));
        lines.push(if is_bad { style.paint(Role::Bad, &how) } else { how });
        if summary.lost_frames > 0 {
            let lost = human::counted(summary.lost_frames, "frame");
            lines.push(style.paint(Role::Bad, &format!("Not kept: {lost}; the gaps say when.")));
        }
        if args.save {
            lines.push(format!("Kept in {}", escape::path(path)));
        }
        lines.push(String::new());
        lines.push(style.paint(Role::Strong, &format!("{} bugs are planted:", PLANTED.len())));
        for Bug { code, user, sentence } in PLANTED {
            let before = format!("  {code}  {user}  ").len();
            let sentence = self.fold(sentence, before);
            lines.push(format!("  {}  {user}  {sentence}", style.paint(Role::Bad, code)));
        }
        lines.push(String::new());
        if args.save {
            lines.push(format!("Find them:   wiretape check {}", escape::path(path)));
        }
        lines.push("Now yours:   wiretape record ws://localhost:8000".to_owned());
        lines
    }
}

#[derive(Serialize)]
struct JsonSummary {
    v: u8,
    kind: &'static str,
    seed: u64,
    connections: u64,
    refused: u64,
    reconnects: u64,
    c2s_frames: u64,
    s2c_frames: u64,
    c2s_bytes: u64,
    s2c_bytes: u64,
    /// It was played to its end.
    complete: bool,
    /// The file, if it is kept.
    recording: Option<String>,
    planted: [JsonBug; PLANTED.len()],
}

#[derive(Serialize)]
struct JsonBug {
    code: &'static str,
    user: &'static str,
    sentence: &'static str,
}

impl From<Bug> for JsonBug {
    fn from(Bug { code, user, sentence }: Bug) -> Self {
        Self { code, user, sentence }
    }
}
