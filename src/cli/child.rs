//! The command after `--`: started with the proxy's URL in a variable, ended with the recording.

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::Command;

use super::Globals;
use super::failure::{Code, Failure};
use super::record::RecordArgs;

/// The command, if there is one.
pub(crate) struct Child {
    running: Option<tokio::process::Child>,
    code: Option<u8>,
    /// It leads a process group, so that its own children end with it.
    leads_group: bool,
}

impl Child {
    /// Starts the command of `args`, if it names one, with `url` in its variable.
    pub(crate) fn start(args: &RecordArgs, globals: &Globals, url: &str) -> Result<Self, Failure> {
        let Some((program, rest)) = args.command.split_first() else {
            return Ok(Self { running: None, code: None, leads_group: false });
        };
        let mut command = Command::new(program);
        command.args(rest);
        if let Some(variable) = &args.env {
            command.env(variable, url);
        }
        if globals.json {
            // stdout is the result, and the result is NDJSON.
            command.stdout(std::io::stderr());
        }
        // Its own children are reached through its process group. With a terminal the group must
        // stay the terminal's, or it could not read there; Ctrl-C reaches them all then anyway.
        let leads_group = cfg!(unix) && !std::io::stdin().is_terminal();
        #[cfg(unix)]
        if leads_group {
            command.process_group(0);
        }
        let running = command.spawn().map_err(|error| unstarted(program, &error))?;
        Ok(Self { running: Some(running), code: None, leads_group })
    }

    /// Ready when the command has ended, with its exit code; never if there is none.
    pub(crate) async fn wait(&mut self) -> u8 {
        let Some(running) = &mut self.running else { return std::future::pending().await };
        let status = running.wait().await;
        self.running = None;
        let code = status.map_or(Code::Runtime as u8, code_of);
        self.code = Some(code);
        code
    }

    /// Asks the command to end (SIGTERM), and after `grace` ends it.
    pub(crate) async fn end(&mut self, grace: Duration) {
        if self.running.is_none() {
            return;
        }
        #[cfg(unix)]
        self.signal(rustix::process::Signal::TERM);
        if tokio::time::timeout(grace, self.wait()).await.is_err() {
            self.kill();
            self.wait().await;
        }
    }

    /// Ends the command at once.
    pub(crate) fn kill(&mut self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::KILL);
        if let Some(running) = &mut self.running {
            // It has ended by itself: that is what was wanted.
            let _ = running.start_kill();
        }
    }

    /// The command's exit code, once it has one.
    pub(crate) fn code(&self) -> Option<u8> {
        self.code
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        let id = self.running.as_ref().and_then(tokio::process::Child::id);
        let id = id.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(id) = id {
            // It has ended by itself: that is what was wanted.
            let _ = if self.leads_group {
                rustix::process::kill_process_group(id, signal)
            } else {
                rustix::process::kill_process(id, signal)
            };
        }
    }
}

/// A program that can't be started, and what may help.
fn unstarted(program: &str, error: &io::Error) -> Failure {
    let failure = Failure::new(Code::Runtime, format!("can't run {program}")).because(error);
    match error.kind() {
        io::ErrorKind::PermissionDenied if Path::new(program).is_dir() => {
            failure.why("it is a folder")
        }
        io::ErrorKind::PermissionDenied => {
            failure.next(format!("chmod +x {program}   allows it to be run"))
        }
        _ => failure.next(format!("type -a {program}   shows whether your shell finds it")),
    }
}

/// A command ended by signal n has code 128 + n, as in a shell.
fn code_of(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(u8::MAX);
    }
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(Code::Runtime as u8)
}
