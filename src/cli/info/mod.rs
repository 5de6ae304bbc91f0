//! A recording → what it is, how much is in it, and how its connections fared.

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::human::{self, Wall};
use super::locate::Located;
use super::mask;
use super::output::{Output, Role};
use super::table::{Side, Table};
use super::{Failure, Globals, cut, escape, locate, ls};
use crate::cli::failure::Code;
use crate::recording::{Check, RecordingReader, State, Totals};
use crate::wire::{Connection, Direction, Gap, Recording};

mod json;

/// Connections listed; the others are a query away.
const MAX_LISTED: u64 = 100;

/// Gaps listed.
const MAX_GAPS: u64 = 20;

/// Columns of a path in the list of connections; `--connection` shows it whole.
const PATH_COLUMNS: usize = 80;

/// What `info` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wiretape info amber-fox
  wiretape info amber-fox --connection 3 --show-secrets
  wiretape info recordings/2026-11-22-amber-fox.db --check")]
pub(crate) struct InfoArgs {
    /// A path, a file's name, or the recording's name
    #[arg(value_name = "REC")]
    recording: OsString,
    /// Check every page, however large the file is
    #[arg(long)]
    check: bool,
    /// One connection, with its handshake
    #[arg(short, long, value_name = "N")]
    connection: Option<i64>,
    /// Print tokens, cookies and passwords of handshakes as they are
    #[arg(long)]
    show_secrets: bool,
}

/// Prints it.
pub(crate) fn run(args: &InfoArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let path = locate::find(globals, &args.recording)?;
    let check = if args.check { Check::Full } else { Check::Usual };
    let reader = RecordingReader::open_with(&path, check)?;
    let mut page = Page {
        output: globals.output(),
        wall: Wall::local(),
        recording: reader.recording()?,
        state: reader.state()?,
        show_secrets: args.show_secrets,
    };
    match args.connection {
        Some(id) => {
            let connection = reader.connection(id)?.ok_or_else(|| {
                Failure::new(Code::Input, format!("there is no connection {id}"))
                    .next(format!("wiretape info {}   lists them", escape::path(path.file())))
            })?;
            if globals.json {
                let row =
                    json::ConnectionObject::with_heads(&connection, page.state, args.show_secrets);
                page.output.json(&row)?;
            } else {
                page.connection(&connection)?;
            }
        }
        None if globals.json => {
            let object = json::InfoObject::of(&reader, args.show_secrets)?;
            page.output.json(&object)?;
        }
        None => page.whole(&reader, args.check, (&path, &globals.dir))?,
    }
    page.output.flush()?;
    Ok(ExitCode::SUCCESS)
}

struct Page {
    output: Output,
    wall: Wall,
    recording: Recording,
    state: State,
    show_secrets: bool,
}

impl Page {
    fn whole(
        &mut self,
        reader: &RecordingReader,
        checked: bool,
        (located, dir): (&Located, &Path),
    ) -> Result<(), Failure> {
        let name = self.output.style.paint(Role::Strong, &escape::text(&self.recording.name));
        self.output.line(&format!("{name}   {}", escape::path(located.file())))?;
        self.summary(located.file(), reader.totals()?)?;
        if checked {
            self.field("checked", "every page is in order")?;
        }
        self.gaps(reader)?;
        self.connections(reader)?;
        let called = escape::path(Path::new(&locate::called(dir, located.file())));
        if let Some(told) = cut::told(reader)? {
            self.output.line("")?;
            self.output.line(&format!("This recording was {told}: its recorder died,"))?;
            self.output.line("or its file was moved. All that was committed by then is here.")?;
        }
        self.output.line("")?;
        let next = format!("see it   wiretape frames {called}");
        let next = self.output.style.paint(Role::Quiet, &next);
        self.output.line(&next)
    }

    fn summary(&mut self, path: &Path, totals: Totals) -> Result<(), Failure> {
        let recording = self.recording.clone();
        let role = match self.state {
            State::Live => Role::Live,
            State::Finished => Role::Strong,
            State::Interrupted => Role::Bad,
        };
        let state = self.output.style.paint(role, self.state.word());
        self.field("state", &state)?;
        let mut started = self.wall.date_and_time(i128::from(recording.started_ns));
        if let Some(finished_ns) = recording.finished_ns {
            started.push_str(&format!("   for {}", human::duration(finished_ns)));
        }
        started.push_str(&format!("   by wiretape {}", escape::text(&recording.tool)));
        self.field("recorded", &started)?;
        let target = |url: &str| escape::text(&self.masked(url));
        let upstream = format!(
            "{}   for clients at {}",
            target(&recording.upstream),
            target(&recording.listen)
        );
        self.field("upstream", &upstream)?;
        self.field("size", &human::size(ls::size_of(path)))?;
        let [c2s, s2c] = Direction::BOTH.map(|direction| {
            let index = direction.index();
            let frames = human::count(totals.frames[index]);
            format!("{} {frames}  {}", direction.arrow(), human::size(totals.bytes[index]))
        });
        self.field(
            "frames",
            &format!("{}   {c2s}   {s2c}", human::count(totals.frames.iter().sum())),
        )?;
        if let Some(note) = &recording.note {
            self.field("note", &escape::text(note))?;
        }
        Ok(())
    }

    fn gaps(&mut self, reader: &RecordingReader) -> Result<(), Failure> {
        let (mut listed, mut count) = (Vec::new(), 0);
        let (mut lost, mut earlier) = (GapSum::default(), GapSum::default());
        reader.gaps(i64::MIN, &mut |(_, gap)| {
            count += 1;
            (if gap.reason.is_kept_elsewhere() { &mut earlier } else { &mut lost }).add(&gap);
            if count <= MAX_GAPS {
                listed.push(gap);
            }
            ControlFlow::Continue(())
        })?;
        if count == 0 {
            return self.field("gaps", "none");
        }
        let mut sums = Vec::new();
        if lost.gaps > 0 {
            sums.push(format!("{} not kept", lost.told()));
        }
        if earlier.gaps > 0 {
            sums.push(format!("{} in an earlier file", earlier.told()));
        }
        let sum = format!("{}: {}", human::counted(count, "gap"), sums.join(", "));
        let sum = self.output.style.paint(Role::Bad, &sum);
        self.field("gaps", &sum)?;
        let sides = [Side::Left, Side::Left, Side::Left, Side::Right, Side::Left];
        let mut table = Table::new(&sides.map(|side| ("", side)));
        for gap in &listed {
            table.row(self.gap_cells(gap));
        }
        for line in table.render(None).iter().skip(1) {
            self.field("", line)?;
        }
        if count > MAX_GAPS {
            let more = human::count(count - MAX_GAPS);
            self.field("", &format!("… and {more} more: wiretape query REC 'SELECT * FROM gaps'"))?;
        }
        Ok(())
    }

    fn gap_cells(&self, gap: &Gap) -> Vec<String> {
        let started_ns = self.recording.started_ns;
        let time = |ns| self.wall.time(human::moment(started_ns, ns));
        vec![
            format!("{} – {}", time(gap.from_ns), time(gap.to_ns)),
            gap.connection.map_or("all".into(), |id| format!("conn {id}")),
            gap.direction.map_or("→←", Direction::arrow).into(),
            human::counted(gap.frames, "frame"),
            gap.reason.word().into(),
        ]
    }

    fn connections(&mut self, reader: &RecordingReader) -> Result<(), Failure> {
        let mut table = Table::new(&[
            ("CONN", Side::Right),
            ("OPENED", Side::Left),
            ("STATUS", Side::Right),
            ("PATH", Side::Free),
            ("LASTED", Side::Right),
            ("→", Side::Right),
            ("←", Side::Right),
            ("END", Side::Free),
        ])
        .may_drop(&["STATUS", "LASTED", "OPENED"]);
        let (mut count, mut bad) = (0, Vec::new());
        reader.connections(i64::MIN, &mut |connection| {
            count += 1;
            if count <= MAX_LISTED {
                bad.push(connection.status.is_some_and(|status| status != 101));
                table.row(self.cells(&connection));
            }
            ControlFlow::Continue(())
        })?;
        self.output.line("")?;
        if count == 0 {
            return self.output.line("  no connections");
        }
        let room = self.output.columns().map(|columns| columns.saturating_sub(2));
        for (n, line) in table.render(room).into_iter().enumerate() {
            let style = self.output.style;
            let line = match n.checked_sub(1).map(|row| bad[row]) {
                None => style.paint(Role::Quiet, &line),
                Some(true) => style.paint(Role::Bad, &line),
                Some(false) => line,
            };
            self.output.line(&format!("  {line}"))?;
        }
        if count > MAX_LISTED {
            let more = human::count(count - MAX_LISTED);
            self.output.line(&format!(
                "  … and {more} more: wiretape query REC 'SELECT * FROM connections'"
            ))?;
        }
        Ok(())
    }

    fn cells(&self, connection: &Connection) -> Vec<String> {
        let opened = human::moment(self.recording.started_ns, connection.opened_ns);
        let lasted = connection.closed_ns.map(|ns| ns.saturating_sub(connection.opened_ns));
        vec![
            connection.id.to_string(),
            self.wall.time(opened),
            connection.status.map_or("–".into(), |status| status.to_string()),
            escape::fit(self.masked(&target(connection)).as_bytes(), PATH_COLUMNS),
            lasted.map(human::duration).unwrap_or_default(),
            human::count(connection.frames[0]),
            human::count(connection.frames[1]),
            escape::text(&end(connection, self.state)),
        ]
    }

    fn connection(&mut self, connection: &Connection) -> Result<(), Failure> {
        let title = format!("{} conn {}", escape::text(&self.recording.name), connection.id);
        let title = self.output.style.paint(Role::Strong, &title);
        self.output.line(&title)?;
        let opened = human::moment(self.recording.started_ns, connection.opened_ns);
        self.field("opened", &self.wall.date_and_time(opened))?;
        let ends = format!(
            "{} → {}",
            escape::text(&connection.client),
            escape::text(if connection.server.is_empty() {
                "(not reached)"
            } else {
                &connection.server
            })
        );
        self.field("ends", &ends)?;
        let took = |what: &str, ns: Option<u64>| {
            ns.map(|ns| format!("{what} {}", human::duration(ns))).unwrap_or_default()
        };
        let times = [
            took("connect", connection.connect_ns),
            took("upgrade", connection.upgrade_ns),
            took("lasted", connection.closed_ns.map(|ns| ns.saturating_sub(connection.opened_ns))),
        ];
        let times: Vec<String> = times.into_iter().filter(|time| !time.is_empty()).collect();
        self.field("times", &times.join("   "))?;
        for direction in Direction::BOTH {
            let index = direction.index();
            let frames = human::counted(connection.frames[index], "frame");
            let sum = format!("{frames}, {}", human::size(connection.bytes[index]));
            self.field(direction.arrow(), &sum)?;
        }
        self.field("end", &escape::text(&end(connection, self.state)))?;
        self.head("request", &connection.request_head)?;
        self.head("response", &connection.response_head)?;
        if !connection.response_body.is_empty() {
            self.output.line("")?;
            let body = escape::bytes(&connection.response_body);
            self.output.line(&format!("  body      {body}"))?;
        }
        Ok(())
    }

    fn head(&mut self, what: &str, head: &[u8]) -> Result<(), Failure> {
        self.output.line("")?;
        if head.is_empty() {
            return self.field(what, "none");
        }
        let text = String::from_utf8_lossy(head);
        for (n, line) in text.trim_end().lines().enumerate() {
            let label = if n == 0 { what } else { "" };
            let line = if self.show_secrets { line.to_owned() } else { mask::mask_head_line(line) };
            self.field(label, &escape::text(&line))?;
        }
        Ok(())
    }

    fn masked(&self, target: &str) -> String {
        if self.show_secrets { target.to_owned() } else { mask::mask_target(target) }
    }

    fn field(&mut self, label: &str, text: &str) -> Result<(), Failure> {
        let label = self.output.style.paint(Role::Quiet, &escape::pad_right(label, 9));
        self.output.line(&format!("  {label} {text}"))
    }
}

/// What gaps say together.
#[derive(Default)]
struct GapSum {
    gaps: u64,
    frames: u64,
    bytes: u64,
}

impl GapSum {
    fn add(&mut self, gap: &Gap) {
        self.gaps += 1;
        self.frames = self.frames.saturating_add(gap.frames);
        self.bytes = self.bytes.saturating_add(gap.bytes);
    }

    /// `12 frames of 3.4 kB`.
    fn told(&self) -> String {
        format!("{} of {}", human::counted(self.frames, "frame"), human::size(self.bytes))
    }
}

/// The request's target, as far as it can be told.
pub(crate) fn target(connection: &Connection) -> String {
    let line = connection.request_head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let target = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    String::from_utf8_lossy(target).into_owned()
}

/// How a connection ended: `closed by client, 1000 bye`; what it was when the recording ended,
/// where that came first.
fn end(connection: &Connection, state: State) -> String {
    let Some(ending) = connection.ending else { return cut::open(state).into() };
    let mut text = ending.word().to_owned();
    if let Some(by) = connection.ended_by {
        text.push_str(&format!(" by {}", by.word()));
    }
    // Of two close frames, the first sender's says why; the other's is its echo.
    let first = match connection.ended_by {
        Some(crate::wire::EndedBy::Server) => Direction::ServerToClient,
        _ => Direction::ClientToServer,
    };
    let other = if first == Direction::ClientToServer {
        Direction::ServerToClient
    } else {
        Direction::ClientToServer
    };
    if let Some(close) = connection.close_of(first).or_else(|| connection.close_of(other)) {
        let code = close.code.map_or("no code".into(), |code| code.to_string());
        text.push_str(format!(", {code} {}", String::from_utf8_lossy(&close.reason)).trim_end());
    }
    if let Some(detail) = &connection.detail {
        text.push_str(&format!(": {detail}"));
    }
    text
}
