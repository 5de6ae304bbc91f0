//! Child processes: this program again in another role, or a program under test.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::clock;

/// What a role's first argument starts with.
pub(crate) const ROLE: &str = "role:";

/// Longer than any role has work for: a role whose parent is gone ends by itself.
const ROLE_LIMIT: Duration = Duration::from_secs(180);

/// Ticks a second of `/proc/PID/stat`: `USER_HZ`, which Linux fixes at 100 on every common machine.
const TICKS: f64 = 100.0;

/// How long a child may take to end when asked to.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// A child process with its output read line by line. Killed when dropped.
pub(crate) struct Process {
    child: Child,
    /// `None` once the rest of its output is read and dropped.
    lines: Option<BufReader<ChildStdout>>,
    stdin: Option<ChildStdin>,
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// User and system time, in seconds.
    pub(crate) cpu_s: f64,
    /// Largest resident size so far, in KiB.
    pub(crate) peak_kib: f64,
    /// Private memory now, in KiB.
    pub(crate) private_kib: f64,
    /// Threads now.
    pub(crate) threads: f64,
}

impl Process {
    /// This program again, in `role`, with `plan` as its argument.
    pub(crate) fn role(role: &str, plan: &impl Serialize) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(format!("{ROLE}{role}")).arg(serde_json::to_string(plan)?);
        Self::start(&mut command)
    }

    /// Any program.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("stdout is piped");
        Ok(Self { child, lines: Some(BufReader::new(stdout)), stdin })
    }

    /// The next line of its output.
    pub(crate) fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        let lines = self.lines.as_mut().expect("no line is asked for after the last");
        if lines.read_line(&mut line)? == 0 {
            let status = self.child.wait()?;
            return Err(io::Error::other(format!("ended without a word: {status}")));
        }
        Ok(line.trim_end().to_owned())
    }

    /// The next line, which is the port it listens on.
    pub(crate) fn port(&mut self) -> io::Result<u16> {
        let line = self.line()?;
        line.parse().map_err(|_| io::Error::other(format!("expected a port, got {line:?}")))
    }

    /// Reads and drops the rest of its output, so that it never waits to write.
    pub(crate) fn drop_lines(&mut self) {
        if let Some(mut lines) = self.lines.take() {
            thread::spawn(move || io::copy(&mut lines, &mut io::sink()));
        }
    }

    /// Tells it to go on: closes its input.
    pub(crate) fn go_on(&mut self) {
        self.stdin = None;
    }

    /// What it has used so far; all zero where there is no `/proc`.
    pub(crate) fn usage(&self) -> Usage {
        let folder = format!("/proc/{}", self.child.id());
        let stat = fs::read_to_string(format!("{folder}/stat")).unwrap_or_default();
        let status = fs::read_to_string(format!("{folder}/status")).unwrap_or_default();
        // The fields after the name, which may itself hold spaces and parentheses.
        let fields = stat.rsplit(')').next().unwrap_or("").split_whitespace();
        let ticks: f64 =
            fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
        let line = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
                .unwrap_or(0.0)
        };
        Usage {
            cpu_s: ticks / TICKS,
            peak_kib: line("VmHWM"),
            private_kib: line("RssAnon"),
            threads: line("Threads"),
        }
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Interrupts it as Ctrl-C does, and waits until it has ended.
    pub(crate) fn interrupt(mut self) -> io::Result<()> {
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status()?;
        let deadline = clock::now() + STOP_LIMIT;
        while clock::now() < deadline {
            if self.has_ended()? {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err(io::Error::other("did not end when interrupted"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, and then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keeps every core awake with threads that run only when nothing else wants to.
pub(crate) fn spinner() -> io::Result<Process> {
    let program = std::env::current_exe()?;
    let role = format!("{ROLE}spin");
    let idle = Process::start(Command::new("chrt").args(["--idle", "0"]).arg(&program).arg(&role));
    idle.or_else(|_| Process::start(Command::new("nice").args(["-n", "19"]).arg(program).arg(role)))
}

/// The role behind [`spinner`].
pub(crate) fn spin() {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let spinners: Vec<_> = (0..cores)
        .map(|_| {
            thread::spawn(|| {
                loop {
                    std::hint::spin_loop();
                }
            })
        })
        .collect();
    for spinner in spinners {
        let _ = spinner.join();
    }
}

/// Says one line to the parent.
pub(crate) fn say(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Ends this role after [`ROLE_LIMIT`], whatever it does.
pub(crate) fn limit_role() {
    thread::spawn(|| {
        thread::sleep(ROLE_LIMIT);
        std::process::exit(1);
    });
}
