//! `wiretape record URL [-- CMD]`: listens, records every frame, says what happens.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crate::proxy::upstream::bracketed;
use crate::proxy::{Clock, Connector, Upstream};
use crate::recording::{RecordingWriter, Store, Summary, Sync, WhenBehind, WriterOptions};
use crate::wire::Recording;

use super::child::Child;
use super::failure::{Code, Failure};
use super::live_check::{By, LiveCheck};
use super::plan::{Plan, listen, parse_size, parse_upstream};
use super::record_screen::FullScreen;
use super::screen::Screen;
use super::signals::Signals;
use super::tap::JournalTap;
use super::ticker::Ticker;
use super::{Globals, choose, record_screen};

/// How long connections may go on after the first Ctrl-C or SIGTERM.
const GRACE: Duration = Duration::from_secs(2);

/// Threads that relay. More than a few gain nothing: each moves gigabytes a second.
const MAX_RELAY_THREADS: usize = 4;

/// What `record` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  wiretape record ws://localhost:8000
  wiretape record wss://api.example.com --header 'Origin: https://app.example.com'
  wiretape record ws://localhost:8000 --env VITE_WS_URL -- npm run dev")]
pub(crate) struct RecordArgs {
    /// The server: ws://, wss://, http:// or https://
    pub(crate) url: String,
    /// Where to listen: PORT, :PORT, HOST:PORT [default: 127.0.0.1:9797, or the next free port]
    #[arg(short, long, value_name = "ADDRESS", env = "WIRETAPE_LISTEN")]
    pub(crate) listen: Option<String>,
    /// Name of the recording [default: two words]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Replace or add a request header; @FILE reads one a line (keeps secrets out of `ps`)
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,
    /// The Host header: keep, upstream, or a name [default: keep on loopback, else upstream]
    #[arg(long, value_name = "keep|upstream|NAME")]
    pub(crate) host: Option<String>,
    /// Payload bytes kept of each frame; longer ones keep their true length
    #[arg(long, value_name = "BYTES", default_value = "16M", value_parser = parse_size)]
    pub(crate) max_payload: u64,
    /// When the disk can't keep up: slow the app down, or leave a gap
    #[arg(long, value_name = "slow|gap", default_value = "slow", value_parser = ["slow", "gap"])]
    pub(crate) when_behind: String,
    /// How hard to push commits to the disk: normal survives a crash, full a power cut
    #[arg(long, value_name = "normal|full", default_value = "normal", value_parser = ["normal", "full"])]
    pub(crate) sync: String,
    /// Seconds the server has to answer a WebSocket handshake
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=86400))]
    pub(crate) handshake_timeout: u64,
    /// Set this variable to the proxy's URL for CMD
    #[arg(long, value_name = "VAR", requires = "command")]
    pub(crate) env: Option<String>,
    /// Serve wss:// here, with a certificate from a local CA
    #[arg(long)]
    pub(crate) tls: bool,
    /// Trust the certificates in this PEM file, besides the system's
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Accept any certificate from the server
    #[arg(short = 'k', long, conflicts_with = "ca")]
    pub(crate) insecure: bool,
    /// Check while recording by these, kept in the recording [default: the preset that fits; none: off]
    #[arg(long, value_name = "FILE|PRESET")]
    pub(crate) rules: Option<String>,
    /// Exit with 1 if there is a finding of this severity or worse
    #[arg(long, value_name = "error|warning|never", default_value = "never", value_parser = ["error", "warning", "never"])]
    pub(crate) fail_on: String,
    /// Show it on the full screen at once; Enter does so at any time, and q goes back
    #[arg(long)]
    pub(crate) ui: bool,
    /// Run this command, and end with it
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<String>,
}

/// Records until Ctrl-C, SIGTERM or the end of CMD.
pub(crate) fn run(args: &RecordArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    record_screen::refuse(args, globals)?;
    let upstream = parse_upstream(&args.url)?;
    let plan = Plan::new(args, &upstream)?;
    // More descriptors than the default 1,024: a connection takes two.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.min(MAX_RELAY_THREADS))
        .thread_name("relay")
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Code::Runtime, "can't start").because(&error))?;
    runtime.block_on(record(args, globals, upstream, plan))
}

/// What "at once" is, for a disk that takes its time with what is left.
const AT_ONCE: Duration = Duration::from_secs(2);

async fn record(
    args: &RecordArgs,
    globals: &Globals,
    upstream: Upstream,
    plan: Plan,
) -> Result<ExitCode, Failure> {
    let mut signals = Signals::new()
        .map_err(|error| Failure::new(Code::Runtime, "can't start").because(&error))?;
    let listening = listen(&plan.addresses)?;
    let address = listening
        .address()
        .map_err(|error| Failure::new(Code::Runtime, "can't listen").because(&error))?;
    let urls = Urls::new(args, &upstream, address);
    let clock = Clock::start();
    let (by, text) = checked_by(args.rules.as_deref())?;
    let writer = create(args, globals, (&upstream, text), &urls)?;
    let mut child = match Child::start(args, globals, &urls.variable) {
        Ok(child) => child,
        Err(failure) => {
            // Nothing was recorded, so nothing is left behind.
            let path = writer.path().to_owned();
            writer.finish(clock.now_ns())?;
            Store::new(&globals.dir).remove(&path)?;
            return Err(failure);
        }
    };
    let screen = Arc::new(Screen::new(globals, args, writer.path(), &urls));
    screen.introduce(&plan.host_note, args, plan.ca.as_ref());
    if !address.ip().is_loopback() {
        screen.warn_reachable(&address.to_string());
    }
    let path = writer.path().to_owned();
    let full = record_screen::is_offered(args, globals)
        .then(|| FullScreen::start(args, globals, (path.clone(), Arc::clone(&screen))))
        .transpose()?;
    let tap = Arc::new(JournalTap::new(writer.journal(), Arc::clone(&screen)));
    let connector = Connector::new(upstream, plan.tls);
    let mut proxy = listening.serve(plan.settings, connector, tap, clock);
    let checking = by
        .map(|by| LiveCheck::start(&path, by, Arc::clone(&screen), (clock, writer.journal())))
        .transpose()?;
    let ticker = Ticker::start(Arc::clone(&screen), writer.journal());
    let exit = tokio::select! {
        () = signals.stop() => None,
        () = quit(full.as_ref()) => None,
        code = child.wait() => Some(code),
    };
    drop(ticker);
    if let Some(full) = full {
        full.finish();
    }
    screen.stopping(GRACE);
    let hurried = tokio::select! {
        _ = async { tokio::join!(child.end(GRACE), proxy.finish(GRACE)) } => false,
        () = signals.stop() => true,
    };
    if hurried {
        child.kill();
        proxy.end_now().await;
    }
    // Before the writer closes the file, which it can clean up after only if nobody reads it.
    let found = checking.and_then(LiveCheck::finish);
    let summary = finish(writer, &screen, (&mut signals, hurried), clock.now_ns()).await?;
    if let Some(found) = found {
        screen.found(found.errors, found.warnings);
    } else if args.fail_on != "never" {
        screen.not_checked();
    }
    let fails = found.is_some_and(|found| match args.fail_on.as_str() {
        "error" => found.errors > 0,
        "warning" => found.errors + found.warnings > 0,
        _ => false,
    });
    let code = conclude(&screen, summary, exit.or_else(|| child.code()), hurried)?;
    Ok(if fails && code == ExitCode::SUCCESS { ExitCode::FAILURE } else { code })
}

/// Ready once the reader of the full screen wants the recording to end.
async fn quit(full: Option<&FullScreen>) {
    match full {
        Some(full) => full.quit().await,
        None => std::future::pending().await,
    }
}

/// What is checked by, and the text of it that is kept. What fits is found again by whoever looks
/// afterwards, from the same messages: so nothing is kept of that.
fn checked_by(rules: Option<&str>) -> Result<(Option<By>, Option<String>), Failure> {
    let Some(rules) = rules else { return Ok((Some(By::Fitting), None)) };
    if rules == "none" {
        return Ok((None, None));
    }
    let (book, text) = choose::load_with_text(rules)?;
    let book = Box::new(book);
    let by = if choose::is_pairs(&text) { By::Pairs(book) } else { By::Rules(book) };
    Ok((Some(by), Some(text)))
}

/// Finishes the file; whoever does not want to wait for a slow disk says so by another Ctrl-C.
async fn finish(
    writer: RecordingWriter,
    screen: &Screen,
    (signals, hurried): (&mut Signals, bool),
    finished_ns: u64,
) -> Result<Result<Summary, crate::recording::RecordingError>, Failure> {
    let journal = writer.journal();
    let mut finishing = tokio::task::spawn_blocking(move || writer.finish(finished_ns));
    let limit = if hurried { AT_ONCE } else { Duration::MAX };
    let summary = tokio::select! {
        done = tokio::time::timeout(limit, &mut finishing) => done.ok(),
        () = signals.stop() => None,
    };
    let Some(summary) = summary else {
        screen.abandon(&journal.status());
        std::process::exit(i32::from(Code::Interrupted as u8));
    };
    summary.map_err(|error| Failure::new(Code::Runtime, "the recorder failed").because(&error))
}

/// The URLs of one recording: what people and programs are told.
pub(crate) struct Urls {
    /// Where clients connect, as `ws://` or `wss://`.
    pub(crate) listen: String,
    /// The same with the path of the upstream's URL.
    pub(crate) point: String,
    /// What `--env` sets: as `point`, in the scheme of the upstream's URL.
    pub(crate) variable: String,
    /// The upstream's URL.
    pub(crate) upstream: String,
}

impl Urls {
    fn new(args: &RecordArgs, upstream: &Upstream, address: SocketAddr) -> Self {
        let host = match address.ip() {
            ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
            ip => bracketed(&ip.to_string()),
        };
        let secure = if args.tls { "s" } else { "" };
        let listen = format!("ws{secure}://{host}:{}", address.port());
        let is_http = args.url.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"));
        let scheme = if is_http { "http" } else { "ws" };
        Self {
            point: format!("{listen}{}", upstream.path),
            variable: format!("{scheme}{secure}://{host}:{}{}", address.port(), upstream.path),
            upstream: upstream.to_string(),
            listen,
        }
    }
}

fn create(
    args: &RecordArgs,
    globals: &Globals,
    (upstream, rules): (&Upstream, Option<String>),
    urls: &Urls,
) -> Result<RecordingWriter, Failure> {
    let options = WriterOptions {
        sync: if args.sync == "full" { Sync::Full } else { Sync::Normal },
        when_behind: if args.when_behind == "gap" { WhenBehind::Gap } else { WhenBehind::Slow },
        ..WriterOptions::default()
    };
    let mut recording = Recording {
        uuid: super::uuid::random(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        started_ns: i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX),
        upstream: upstream.to_string(),
        listen: urls.listen.clone(),
        rules,
        ..Recording::default()
    };
    Ok(Store::new(&globals.dir).record(&mut recording, args.name.as_deref(), &options)?)
}

/// Says how it went. A command's own exit code wins unless it is 0.
fn conclude(
    screen: &Screen,
    summary: Result<Summary, crate::recording::RecordingError>,
    command: Option<u8>,
    hurried: bool,
) -> Result<ExitCode, Failure> {
    let summary = summary?;
    screen.summarise(&summary);
    let status = &summary.status;
    let lost = status.lost_frames > 0 || status.lost_bytes > 0 || !summary.finished;
    Ok(match command {
        Some(code) if code != 0 => ExitCode::from(code),
        _ if hurried => ExitCode::from(Code::Interrupted as u8),
        _ if lost => ExitCode::from(Code::Runtime as u8),
        _ => ExitCode::SUCCESS,
    })
}
