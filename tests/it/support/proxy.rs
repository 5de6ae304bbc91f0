//! The real binary, recording: started, watched through its NDJSON, ended in every way there is.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use serde_json::Value;

use super::NEVER;

/// How to start it.
#[derive(Default)]
pub(crate) struct Options {
    /// More arguments of `wiretape record`.
    pub(crate) args: Vec<String>,
    /// A command that runs it, such as `prlimit --nofile=64`.
    pub(crate) under: Vec<String>,
    /// Where the recording goes; `None` for a folder of its own.
    pub(crate) dir: Option<PathBuf>,
}

impl Options {
    /// With these arguments more.
    pub(crate) fn args(args: &[&str]) -> Self {
        Self { args: args.iter().map(|arg| (*arg).to_owned()).collect(), ..Self::default() }
    }
}

/// `wiretape record`, running.
pub(crate) struct RunningProxy {
    /// `ws://127.0.0.1:PORT`.
    pub(crate) url: String,
    pub(crate) address: SocketAddr,
    pub(crate) recording: PathBuf,
    pub(crate) pid: u32,
    child: Child,
    events: Receiver<Value>,
    readers: Vec<JoinHandle<()>>,
    stderr: Arc<Mutex<String>>,
    /// Kept until the test has looked at the recording.
    folder: Option<tempfile::TempDir>,
}

/// A proxy that has ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) recording: PathBuf,
    /// Its lines on stdout that nobody had asked for.
    pub(crate) events: Vec<Value>,
    pub(crate) stderr: String,
    _folder: Option<tempfile::TempDir>,
}

impl Ended {
    /// The lines of this kind.
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<&Value> {
        self.events.iter().filter(|event| event["kind"] == kind).collect()
    }

    /// Its last words.
    pub(crate) fn summary(&self) -> &Value {
        self.of_kind("summary").last().copied().unwrap_or_else(|| {
            panic!("no summary; events {:#?}, stderr: {}", self.events, self.stderr)
        })
    }
}

/// Starts the proxy in front of `upstream` and waits until it listens.
#[track_caller]
pub(crate) fn start_proxy(upstream: SocketAddr, options: Options) -> RunningProxy {
    start_proxy_at(&format!("ws://{upstream}"), options)
}

/// The same, for any URL.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "options are written where they are used")]
pub(crate) fn start_proxy_at(upstream: &str, options: Options) -> RunningProxy {
    match try_start(upstream, &options) {
        Ok(proxy) => proxy,
        Err(ended) => panic!("the proxy did not start ({}): {}", ended.status, ended.stderr),
    }
}

/// Starts it; the `Err` is how it ended when it did not come to listen.
pub(crate) fn try_start(upstream: &str, options: &Options) -> Result<RunningProxy, Ended> {
    let folder = options.dir.is_none().then(|| tempfile::tempdir().unwrap());
    let dir = options.dir.clone().unwrap_or_else(|| folder.as_ref().unwrap().path().to_owned());
    let mut child = command(&options.under, upstream, &dir)
        .args(&options.args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let (send, events) = channel();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let stderr = Arc::new(Mutex::new(String::new()));
    let readers = vec![
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line)
                    .unwrap_or_else(|_| panic!("a line of stdout is no JSON: {line}"));
                let _ = send.send(event);
            }
        }),
        read_text(child.stderr.take().unwrap(), Arc::clone(&stderr)),
    ];
    let pid = child.id();
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let (url, address, recording) = (String::new(), nowhere, PathBuf::new());
    let mut proxy =
        RunningProxy { url, address, recording, pid, child, events, readers, stderr, folder };
    let started = loop {
        match proxy.events.recv_timeout(NEVER) {
            Ok(event) if event["kind"] == "started" => break event,
            Ok(_) => {}
            Err(_) => return Err(proxy.wait()),
        }
    };
    let text = |name: &str| started[name].as_str().unwrap_or_default().to_owned();
    proxy.url = text("listen");
    proxy.address = proxy.url.trim_start_matches("ws://").parse().expect("ws://ADDRESS:PORT");
    proxy.recording = PathBuf::from(text("recording"));
    Ok(proxy)
}

fn command(under: &[String], upstream: &str, dir: &Path) -> Command {
    let wiretape = env!("CARGO_BIN_EXE_wiretape");
    let mut command = match under {
        [] => Command::new(wiretape),
        [program, args @ ..] => {
            let mut command = Command::new(program);
            command.args(args).arg(wiretape);
            command
        }
    };
    command.args(["record", upstream, "--listen", "127.0.0.1:0", "--json", "--dir"]).arg(dir);
    command
}

fn read_text(mut from: impl Read + Send + 'static, into: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            into.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    })
}

impl RunningProxy {
    /// Waits for the next event of this kind; others are passed over.
    #[track_caller]
    pub(crate) fn event(&self, kind: &str) -> Value {
        let deadline = Instant::now() + NEVER;
        loop {
            match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(event) if event["kind"] == kind => return event,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => panic!("no event {kind:?} came"),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended before {kind:?}: {}", self.stderr())
                }
            }
        }
    }

    /// What it has said on stderr so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Waits until stderr or an event of stdout contains `words`.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) {
        let deadline = Instant::now() + NEVER;
        let mut seen = String::new();
        while Instant::now() < deadline {
            if self.stderr().contains(words) || seen.contains(words) {
                return;
            }
            if let Ok(event) = self.events.recv_timeout(std::time::Duration::from_millis(50)) {
                seen.push_str(&event.to_string());
            }
        }
        panic!("it never said {words:?}; stderr: {}; stdout: {seen}", self.stderr());
    }

    /// Bytes of memory that it has resident now.
    #[cfg(target_os = "linux")]
    pub(crate) fn resident(&self) -> u64 {
        self.status_kib("VmRSS:")
    }

    /// The most it has had resident.
    #[cfg(target_os = "linux")]
    pub(crate) fn peak_resident(&self) -> u64 {
        self.status_kib("VmHWM:")
    }

    #[cfg(target_os = "linux")]
    fn status_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// How many threads it has.
    #[cfg(target_os = "linux")]
    pub(crate) fn threads(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("Threads:")).unwrap();
        line.trim().parse().unwrap()
    }

    /// Processor time it has used, in seconds.
    #[cfg(target_os = "linux")]
    pub(crate) fn processor_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap();
        let after = stat.rsplit(')').next().unwrap();
        let fields: Vec<&str> = after.split_whitespace().collect();
        let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
        ticks / 100.0
    }

    /// Sends it a signal by name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.pid.to_string()])
            .status()
            .expect("there is a kill");
        assert!(status.success(), "kill -{name} failed");
    }

    /// SIGTERM, then its end.
    pub(crate) fn terminate(self) -> Ended {
        self.signal("TERM");
        self.wait()
    }

    /// SIGKILL: no chance to finish anything.
    pub(crate) fn kill(mut self) -> Ended {
        self.child.kill().expect("it runs");
        self.wait()
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Ended {
        let deadline = Instant::now() + NEVER;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > deadline {
                let _ = self.child.kill();
                panic!("it does not end; stderr: {}", self.stderr());
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        };
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        Ended {
            status,
            recording: self.recording.clone(),
            events: self.events.try_iter().collect(),
            stderr: self.stderr(),
            _folder: self.folder.take(),
        }
    }
}

impl Drop for RunningProxy {
    fn drop(&mut self) {
        // Only a failed test gets here with it alive; no process may stay behind.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
            eprintln!("the proxy had said: {}", self.stderr());
        }
    }
}
