//! What can stand between a load and its server.

use std::ffi::OsString;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::clock;
use super::process::{Process, Usage};

/// How long mitmproxy may take to listen.
const START_LIMIT: Duration = Duration::from_secs(20);

/// The folder of everything a bench writes: cargo's own, on the disk that holds the build.
const FOLDER: &str = env!("CARGO_TARGET_TMPDIR");

/// A subject of comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Direct,
    Bare,
    Wiretape,
    Mitmproxy,
}

/// A subject that listens.
pub(crate) struct Running {
    /// Where the load connects to.
    pub(crate) port: u16,
    process: Option<Process>,
    recording: Option<PathBuf>,
    folder: Option<tempfile::TempDir>,
}

/// A finished recording; its folder vanishes with it.
pub(crate) struct Recorded {
    pub(crate) path: PathBuf,
    _folder: Option<tempfile::TempDir>,
}

impl Subject {
    /// All of them, yardsticks first.
    pub(crate) const ALL: [Self; 4] = [Self::Direct, Self::Bare, Self::Wiretape, Self::Mitmproxy];

    /// What a table calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Bare => "bare relay",
            Self::Wiretape => "wiretape",
            Self::Mitmproxy => "mitmproxy",
        }
    }

    /// Whether it is here to be measured.
    pub(crate) fn is_here(self) -> bool {
        self != Self::Mitmproxy || mitmdump().is_some()
    }

    /// Starts it in front of `upstream`, and waits until it listens.
    pub(crate) fn start(self, upstream: u16) -> io::Result<Running> {
        match self {
            Self::Direct => {
                Ok(Running { port: upstream, process: None, recording: None, folder: None })
            }
            Self::Bare => {
                let mut process = Process::role("bare", &upstream)?;
                let port = process.port()?;
                Ok(Running { port, process: Some(process), recording: None, folder: None })
            }
            Self::Wiretape => start_wiretape(upstream),
            Self::Mitmproxy => start_mitmproxy(upstream),
        }
    }
}

impl Running {
    /// What it has used so far.
    pub(crate) fn usage(&self) -> Usage {
        self.process.as_ref().map(Process::usage).unwrap_or_default()
    }

    /// Ends it as its user would; gives the recording, if it makes one that can be checked.
    pub(crate) fn stop(self) -> io::Result<Option<Recorded>> {
        let Self { process, recording, folder, .. } = self;
        match (process, recording) {
            (Some(process), Some(path)) => {
                process.interrupt()?;
                Ok(Some(Recorded { path, _folder: folder }))
            }
            _ => Ok(None),
        }
    }
}

/// A new folder that vanishes.
pub(crate) fn folder() -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix("bench-").tempdir_in(FOLDER)
}

fn start_wiretape(upstream: u16) -> io::Result<Running> {
    let folder = folder()?;
    let other = std::env::var_os("WIRETAPE_BIN");
    let program = other.unwrap_or_else(|| env!("CARGO_BIN_EXE_wiretape").into());
    let mut command = Command::new(program);
    command.arg("record").arg(format!("ws://127.0.0.1:{upstream}"));
    command.args(["--listen", "127.0.0.1:0", "--json", "--dir"]).arg(folder.path());
    if std::env::var_os("BENCH_VERBOSE").is_none() {
        command.stderr(Stdio::null());
    }
    let mut process = Process::start(&mut command)?;
    let line = process.line()?;
    process.drop_lines();
    let started: serde_json::Value = serde_json::from_str(&line)?;
    let field = |name: &str| {
        let text = started.get(name).and_then(serde_json::Value::as_str);
        text.ok_or_else(|| io::Error::other(format!("no `{name}` in {line}")))
    };
    let port = field("listen")?.rsplit(':').next().and_then(|port| port.parse().ok());
    let port = port.ok_or_else(|| io::Error::other(format!("no port in {line}")))?;
    let recording = Some(Path::new(field("recording")?).to_owned());
    Ok(Running { port, process: Some(process), recording, folder: Some(folder) })
}

fn start_mitmproxy(upstream: u16) -> io::Result<Running> {
    let folder = folder()?;
    let program = mitmdump().ok_or_else(|| io::Error::other("mitmdump is not here"))?;
    // It says nothing of a port it chose itself, so one that is free a moment earlier must do.
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let mut command = Command::new(program);
    command.args(["--quiet", "--listen-host", "127.0.0.1", "--listen-port"]).arg(port.to_string());
    command.arg("--mode").arg(format!("reverse:http://127.0.0.1:{upstream}"));
    command.arg("--set").arg(confdir(folder.path())).arg("-w").arg(folder.path().join("flows"));
    let process = Process::start(command.stderr(Stdio::null()))?;
    let deadline = clock::now() + START_LIMIT;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if clock::now() > deadline {
            return Err(io::Error::other("mitmdump does not listen"));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(Running { port, process: Some(process), recording: None, folder: Some(folder) })
}

fn confdir(folder: &Path) -> OsString {
    let mut setting = OsString::from("confdir=");
    setting.push(folder);
    setting
}

/// mitmproxy's program: what `MITMDUMP` names, or what the path finds.
fn mitmdump() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("MITMDUMP") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("mitmdump")).find(|file| file.is_file())
}
