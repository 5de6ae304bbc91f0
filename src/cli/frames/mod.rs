//! A recording's frames → one line each: when, whose, which way, what kind, how long, what is in
//! it. A recording that grows can be followed.

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::following::Following;
use super::human::{self, Wall};
use super::output::{Output, Role};
use super::sift::{self, MeantFrames};
use super::{Failure, Globals, cut, escape, hexdump, locate};
use crate::recording::{Follow, FrameRange, RecordingReader, State};
use crate::wire::{Direction, Fact, Gap, Messages, RecordedFrame};

use content::{content, kind};

mod content;
mod json;

/// How often a growing recording is looked at: well under what a person notices.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Bytes of a message kept for a preview; a line shows fewer.
const PREVIEW_BYTES: usize = 4 * 1024;

/// Bytes of a message kept for JSON.
const JSON_BYTES: usize = 1024 * 1024;

/// Columns of a preview where no terminal gives a limit.
const PREVIEW_COLUMNS: usize = 160;

/// What `frames` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
In the kind, + means that more frames of the message follow, z that it is compressed; the \
content of a compressed message is shown, inflated, where it ends. With --follow, --filter judges \
each event by what is known when it comes; of a message in pieces, the last one is shown.

Examples:
  wiretape frames amber-fox
  wiretape frames amber-fox --connection 3 --hex
  wiretape frames amber-fox --filter 'type:tool_* user:user_07'
  wiretape frames amber-fox --filter 'around:E102 5s not op:ping'
  wiretape frames amber-fox --follow --json | jq .text")]
pub(crate) struct FramesArgs {
    /// A path, a file's name, or the recording's name
    #[arg(value_name = "REC")]
    recording: OsString,
    /// Go on as long as it is being recorded
    #[arg(short, long)]
    follow: bool,
    /// Only this connection
    #[arg(short, long, value_name = "N")]
    connection: Option<i64>,
    /// Only frames of these events: type:agent* user:ann dt>2s $.data.tool=x "two words"
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// For --filter, a rules file or a preset; without it, the traffic decides
    #[arg(long, value_name = "FILE|PRESET", requires = "filter")]
    rules: Option<String>,
    /// With each frame's bytes
    #[arg(long, conflicts_with = "json")]
    hex: bool,
    /// At most so many frames
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<u64>,
}

/// Prints the frames.
pub(crate) fn run(args: &FramesArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let filtered = args.filter.as_deref().map(|text| filtered(text, args, globals)).transpose()?;
    let path = locate::find(globals, &args.recording)?;
    let reader = RecordingReader::open(&path)?;
    let started_ns = reader.recording()?.started_ns;
    let range = FrameRange { connection: args.connection, ..FrameRange::default() };
    let mut follow = Follow::new(range);
    let mut lines = Lines::new(args, globals, started_ns);
    lines.filtered = filtered;
    lines.fit(reader.last_frame()?, reader.totals()?.connections);
    if !globals.json {
        lines.heading()?;
    }
    loop {
        // Its end is looked for first, so that the last frames are never missed.
        let live = args.follow && reader.state()? == State::Live;
        follow.poll(&reader, &mut |fact| lines.fact(&fact))?;
        if let Some(failure) = lines.failure.take() {
            return Err(failure);
        }
        if !live || lines.left == Some(0) {
            break;
        }
        lines.output.flush()?;
        std::thread::sleep(LOOK_EVERY);
    }
    let whole = lines.left != Some(0);
    lines.finish()?;
    // Where it ends in mid-talk, that is nobody's fault but the recording's.
    if let Some(told) = cut::told(&reader)?.filter(|_| whole) {
        globals.progress(&format!("the recording was {told}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// What a filter means.
struct Filtered {
    /// Of what there was at the beginning.
    frames: MeantFrames,
    /// Of what comes after it.
    following: Option<Following>,
}

/// The frames that a filter means; how many events that are is said.
fn filtered(text: &str, args: &FramesArgs, globals: &Globals) -> Result<Filtered, Failure> {
    let filter = sift::parse_kept(text, globals)?;
    let path = locate::find(globals, &args.recording)?;
    let looked = sift::Looked::at(&path, args.rules.as_deref(), globals)?;
    let following = args.follow.then(|| Following::new(filter.clone(), &looked)).transpose()?;
    let sifted = looked.sift(filter)?;
    let frames = sifted.frames(&looked.timeline);
    globals.progress(&sifted.summary());
    if frames.without > 0 {
        let count = human::count(frames.without);
        globals.progress(&format!("{count} of them without a frame, such as ws.open"));
    }
    Ok(Filtered { frames, following })
}

/// Facts → lines on stdout.
struct Lines {
    output: Output,
    wall: Wall,
    started_ns: i64,
    json: bool,
    hex: bool,
    connection: Option<i64>,
    left: Option<u64>,
    /// Only these frames.
    filtered: Option<Filtered>,
    messages: Messages,
    /// Gaps whose place has not come yet.
    gaps: Vec<Gap>,
    /// Columns of ids, of connections, of previews.
    id: usize,
    conn: usize,
    preview: usize,
    failure: Option<Failure>,
}

/// Columns before the content but for ids: time, arrow, kind, length, and spaces.
const FIXED_COLUMNS: usize = 2 + 12 + 2 + 2 + 1 + 2 + KIND + 1 + LENGTH + 2;

/// Columns of a kind: `binary+z`.
const KIND: usize = 8;

/// Columns of a length: `1023 KiB`.
const LENGTH: usize = 8;

impl Lines {
    fn new(args: &FramesArgs, globals: &Globals, started_ns: i64) -> Self {
        let output = globals.output();
        Self {
            output,
            wall: Wall::local(),
            started_ns,
            json: globals.json,
            hex: args.hex,
            connection: args.connection,
            left: args.limit,
            filtered: None,
            messages: Messages::new(if globals.json { JSON_BYTES } else { PREVIEW_BYTES }),
            gaps: Vec::new(),
            id: 0,
            conn: 0,
            preview: PREVIEW_COLUMNS,
            failure: None,
        }
    }

    /// Makes columns as wide as what is there by now needs, and a little more.
    fn fit(&mut self, last_frame: i64, connections: u64) {
        self.id = last_frame.to_string().len().max(5);
        self.conn = connections.to_string().len().max(4);
        if let Some(columns) = self.output.columns() {
            let fixed = FIXED_COLUMNS + self.id + self.conn;
            self.preview = columns.saturating_sub(fixed).max(content::LEAST);
        }
    }

    /// Over the columns, for people.
    fn heading(&mut self) -> Result<(), Failure> {
        if !self.output.is_terminal() {
            return Ok(());
        }
        let heading = format!(
            "{:>id$}  {:<12}  {:>conn$}     {:<KIND$} {:>LENGTH$}  content",
            "frame",
            "time",
            "conn",
            "kind",
            "length",
            id = self.id,
            conn = self.conn,
        );
        let heading = self.output.style.paint(Role::Quiet, &heading);
        self.output.line(&heading)
    }

    fn fact(&mut self, fact: &Fact<'_>) -> ControlFlow<()> {
        if self.left == Some(0) {
            return ControlFlow::Break(());
        }
        let following = self.filtered.as_mut().and_then(|filtered| filtered.following.as_mut());
        let is_meant = following.is_some_and(|following| following.feed(fact));
        let shown = match fact {
            Fact::Connection(connection) => {
                self.messages.connection(connection);
                Ok(())
            }
            Fact::Gap(gap) => {
                self.gaps.push(gap.clone());
                Ok(())
            }
            Fact::Frame(frame) => self.frame(frame, is_meant),
            Fact::Recording(_) | Fact::Note(_) => Ok(()),
        };
        match shown {
            Ok(()) => ControlFlow::Continue(()),
            Err(failure) => {
                self.failure = Some(failure);
                ControlFlow::Break(())
            }
        }
    }

    fn finish(mut self) -> Result<(), Failure> {
        if self.left != Some(0) {
            self.gaps_until(u64::MAX)?;
        }
        self.output.flush()
    }

    fn frame(&mut self, frame: &RecordedFrame<'_>, is_meant: bool) -> Result<(), Failure> {
        self.gaps_until(frame.stamp.read_ns)?;
        let message = self.messages.feed(frame);
        let was_meant = |filtered: &Filtered| filtered.frames.has(frame);
        if !is_meant && self.filtered.as_ref().is_some_and(|filtered| !was_meant(filtered)) {
            return Ok(());
        }
        self.left = self.left.map(|left| left - 1);
        if self.json {
            let line = json::FrameLine::new(frame, message.as_ref(), self.started_ns);
            return self.output.json(&line);
        }
        let time = self.wall.time(human::moment(self.started_ns, frame.stamp.read_ns));
        let style = self.output.style;
        let role = match frame.direction {
            Direction::ClientToServer => Role::Out,
            Direction::ServerToClient => Role::In,
        };
        let deflates = self.messages.deflates(frame.connection);
        let kind = escape::pad_right(&kind(frame, message.as_ref(), deflates), KIND);
        let (troubles, preview) = content(frame, message.as_ref(), deflates, self.preview);
        let line = format!(
            "{:>id$}  {}  {:>conn$}  {}  {} {:>LENGTH$}  {}{preview}",
            frame.id,
            style.paint(Role::Quiet, &time),
            frame.connection,
            style.paint(role, frame.direction.arrow()),
            style.paint(role, &kind),
            human::size(frame.frame.length),
            style.paint(Role::Bad, &troubles),
            id = self.id,
            conn = self.conn,
        );
        self.output.line(&line)?;
        if self.hex {
            self.dump(frame)?;
        }
        Ok(())
    }

    fn dump(&mut self, frame: &RecordedFrame<'_>) -> Result<(), Failure> {
        if !frame.frame.header.is_empty() {
            let header: Vec<String> =
                frame.frame.header.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            self.output.line(&format!("         header    {}", header.join(" ")))?;
        }
        for line in hexdump::lines(&frame.frame.payload) {
            self.output.line(&format!("         {line}"))?;
        }
        Ok(())
    }

    fn gaps_until(&mut self, read_ns: u64) -> Result<(), Failure> {
        let (due, rest) =
            std::mem::take(&mut self.gaps).into_iter().partition(|gap| gap.from_ns <= read_ns);
        self.gaps = rest;
        let due: Vec<Gap> = due;
        for gap in due {
            self.messages.gap(&gap);
            if self.connection.is_none()
                || gap.connection.is_none_or(|id| Some(id) == self.connection)
            {
                self.gap(&gap)?;
            }
        }
        Ok(())
    }

    fn gap(&mut self, gap: &Gap) -> Result<(), Failure> {
        if self.json {
            return self.output.json(&json::GapLine::new(gap));
        }
        let time = self.wall.time(human::moment(self.started_ns, gap.from_ns));
        let whose = gap.connection.map(|id| id.to_string()).unwrap_or_default();
        let arrow = gap.direction.map_or(" ", Direction::arrow);
        let where_to =
            if gap.reason.is_kept_elsewhere() { "are in an earlier file" } else { "not kept" };
        let lost = format!(
            "{} of {} {where_to} ({}), for {}",
            human::counted(gap.frames, "frame"),
            human::size(gap.bytes),
            gap.reason.word(),
            human::duration(gap.to_ns.saturating_sub(gap.from_ns)),
        );
        let line = format!(
            "{:>id$}  {time}  {whose:>conn$}  {arrow}  {:<KIND$} {:>LENGTH$}  {lost}",
            "",
            "gap",
            "",
            id = self.id,
            conn = self.conn,
        );
        let line = self.output.style.paint(Role::Bad, &line);
        self.output.line(&line)
    }
}
