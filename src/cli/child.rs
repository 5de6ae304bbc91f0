//! The command after `--`: started with the proxy's URL in a variable, ended with the recording.

use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::Command;

use super::failure::{Code, Failure};
use super::record::RecordArgs;

/// The command, if there is one.
pub(crate) struct Child {
    running: Option<tokio::process::Child>,
    code: Option<u8>,
}

impl Child {
    /// Starts the command of `args`, if it names one, with `url` in its variable.
    pub(crate) fn start(args: &RecordArgs, url: &str) -> Result<Self, Failure> {
        let Some((program, rest)) = args.command.split_first() else {
            return Ok(Self { running: None, code: None });
        };
        let mut command = Command::new(program);
        command.args(rest);
        if let Some(variable) = &args.env {
            if variable.is_empty() || variable.contains(['=', '\0']) {
                return Err(Failure::new(Code::Usage, "--env takes the name of a variable"));
            }
            command.env(variable, url);
        }
        let running = command.spawn().map_err(|error| {
            Failure::new(Code::Runtime, format!("can't run {program}")).because(&error)
        })?;
        Ok(Self { running: Some(running), code: None })
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
        self.ask();
        if tokio::time::timeout(grace, self.wait()).await.is_err() {
            self.kill();
            self.wait().await;
        }
    }

    /// Ends the command at once.
    pub(crate) fn kill(&mut self) {
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
    fn ask(&mut self) {
        let id = self.running.as_ref().and_then(tokio::process::Child::id);
        let id = id.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(id) = id {
            // It has ended by itself: that is what was wanted.
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
    }

    #[cfg(not(unix))]
    fn ask(&mut self) {
        self.kill();
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
