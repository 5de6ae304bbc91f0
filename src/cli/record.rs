//! What `record` is asked to do → a recording.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::Globals;
use super::failure::{Code, Failure};

/// What `record` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wiretape record ws://localhost:8000
  wiretape record wss://api.example.com --header 'Origin: https://app.example.com'
  wiretape record ws://localhost:8000 --env VITE_WS_URL -- npm run dev")]
pub(crate) struct RecordArgs {
    /// The server: ws://, wss://, http:// or https://
    pub(crate) url: String,
    /// Where clients connect; a busy default port gives way to the next free one
    #[arg(short, long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// The recording's name
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Set a header of upgrade requests; `@FILE` reads such lines, so that secrets stay off the command line
    #[arg(long, value_name = "'NAME: VALUE' or @FILE")]
    pub(crate) header: Vec<String>,
    /// The Host header: keep it, the upstream's, or this one; kept for an upstream on loopback
    #[arg(long, value_name = "keep|upstream|NAME")]
    pub(crate) host: Option<String>,
    /// Bytes kept of one frame's payload; all of it passes
    #[arg(long, value_name = "BYTES", default_value = "16M", value_parser = parse_size)]
    pub(crate) max_payload: u64,
    /// When the disk is behind: slow the traffic down, or leave a gap in the recording
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub(crate) when_behind: WhenBehind,
    /// What survives a power cut: all but the last moments, or all that was committed
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub(crate) sync: Sync,
    /// Set this variable to the proxy's URL for CMD
    #[arg(long, value_name = "VAR")]
    pub(crate) env: Vec<String>,
    /// Serve wss:// and https:// to clients, with a certificate from a local authority
    #[arg(long)]
    pub(crate) tls: bool,
    /// Trust this authority's certificates too, for the server
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Don't check the server's certificate
    #[arg(short = 'k', long)]
    pub(crate) insecure: bool,
    /// Start this command, and end with it
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<std::ffi::OsString>,
}

/// What to do when the recording can't keep up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhenBehind {
    /// Slow the traffic down; nothing is lost.
    #[default]
    Slow,
    /// Drop, and store what was dropped as a gap.
    Gap,
}

/// How often the disk is asked to make commits durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sync {
    /// At checkpoints.
    #[default]
    Normal,
    /// At every commit.
    Full,
}

/// Records.
pub(crate) fn run(_args: &RecordArgs, _globals: &Globals) -> Result<ExitCode, Failure> {
    Err(Failure::new(Code::Runtime, "this build can't record"))
}

/// `16M`, `512K`, `1G`, or bytes: units of 1024.
fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = || "a number of bytes, such as 16M or 512K".to_owned();
    let (digits, shift) = match text.trim_end_matches(['b', 'B', 'i']).to_ascii_uppercase() {
        units if units.ends_with('K') => (units.len() - 1, 10),
        units if units.ends_with('M') => (units.len() - 1, 20),
        units if units.ends_with('G') => (units.len() - 1, 30),
        units => (units.len(), 0),
    };
    let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).ok_or_else(wrong)
}
