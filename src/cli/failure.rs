//! What went wrong → what a person reads: what, why, and the next command.

use std::io;
use std::process::ExitCode;

use super::escape;
use crate::exchange::ExchangeError;
use crate::recording::RecordingError;

/// What the exit code tells scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// The reader of stdout went away: nothing is wrong.
    Closed = 0,
    /// The command line makes no sense.
    Usage = 2,
    /// A file could not be read, or is too new.
    Input = 3,
    /// A port, an upstream or a disk failed.
    Runtime = 4,
    /// What may leave the machine is not decided, and nobody can be asked.
    Undecided = 5,
    /// Ended by a second Ctrl-C.
    Interrupted = 130,
}

/// Why a verb could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    what: String,
    why: Vec<String>,
    next: Vec<String>,
}

impl Failure {
    /// A failure that says only what.
    pub(crate) fn new(code: Code, what: impl Into<String>) -> Self {
        Self { code, what: what.into(), why: Vec::new(), next: Vec::new() }
    }

    /// With a line that says why.
    #[must_use]
    pub(crate) fn why(mut self, why: impl Into<String>) -> Self {
        self.why.push(why.into());
        self
    }

    /// With a next step: a command, where there is one.
    #[must_use]
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next.push(next.into());
        self
    }

    /// With the sources of `error` as reasons.
    #[must_use]
    pub(crate) fn because(mut self, error: &dyn std::error::Error) -> Self {
        let mut source = Some(error);
        while let Some(error) = source {
            self.why.push(error.to_string());
            source = error.source();
        }
        self
    }

    /// What and why, in one line.
    pub(crate) fn in_a_line(&self) -> String {
        std::iter::once(&self.what).chain(&self.why).cloned().collect::<Vec<_>>().join(": ")
    }

    /// The text: `error: …`, then why, then what to try.
    pub(crate) fn render(&self) -> String {
        let mut lines = vec![format!("error: {}", escape::text(&self.what))];
        let mut labelled = |label: &str, texts: &[String]| {
            for (n, line) in texts.iter().flat_map(|text| text.lines()).enumerate() {
                let label = if n == 0 { label } else { "" };
                lines.push(format!("  {label:<5} {}", escape::text(line)));
            }
        };
        labelled("why", &self.why);
        labelled("try", &self.next);
        lines.join("\n")
    }

    /// What, why and what to try, for a screen with one row for it.
    pub(crate) fn in_one_row(&self) -> String {
        let parts = [&self.what].into_iter().chain(&self.why).chain(&self.next);
        let parts: Vec<&str> = parts.flat_map(|part| part.lines()).map(str::trim).collect();
        parts.join("   ")
    }

    /// Says it on stderr, if there is anything to say.
    pub(crate) fn report(&self) -> ExitCode {
        if self.code != Code::Closed {
            eprintln!("{}", self.render());
        }
        ExitCode::from(self.code as u8)
    }
}

/// stdout could not be written.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(Code::Closed, "");
        }
        Self::new(Code::Runtime, "failed to write the result").because(&error)
    }
}

impl From<RecordingError> for Failure {
    fn from(error: RecordingError) -> Self {
        let path = |path: &std::path::Path| escape::path(path);
        match &error {
            RecordingError::NotARecording { path: file, why } => {
                Self::new(Code::Input, format!("{} is not a recording", path(file)))
                    .why(why.clone())
                    .next("wiretape ls            what there is")
                    .next("wiretape import FILE   for a .jsonl or .har file")
            }
            RecordingError::Newer { path: file, found, supported } => {
                let what = format!("{} was made by a newer Wiretape", path(file));
                Self::new(Code::Input, what)
                    .why(format!(
                        "its format is {found}; Wiretape {} knows up to {supported}",
                        env!("CARGO_PKG_VERSION")
                    ))
                    .next("cargo install wiretape   then again; the file is untouched")
            }
            RecordingError::Damaged { path: file, why } => {
                Self::new(Code::Input, format!("{} is damaged", path(file)))
                    .why(why.clone())
                    .next("a copy of the file, if there is one; nothing here changed it")
            }
            RecordingError::Open { path: file, source } => unopened(&path(file), source),
            RecordingError::NotFound { name, dir, suggestion } => {
                let dir = path(dir);
                let failure =
                    Self::new(Code::Input, format!("there is no recording called {name} in {dir}"));
                let failure =
                    failure.next("wiretape ls   shows what there is; --dir FOLDER looks elsewhere");
                // The most useful line comes last: it is next to the prompt.
                match suggestion {
                    Some(near) => failure.next(format!("{near}   did you mean that?")),
                    None => failure,
                }
            }
            RecordingError::BadName { name, why } => {
                Self::new(Code::Usage, format!("{name} can't be a recording's name")).why(*why)
            }
            RecordingError::Read { path: file, .. } => {
                Self::new(Code::Input, format!("{} could not be read", path(file))).because(&error)
            }
            RecordingError::QueryRefused { .. }
            | RecordingError::Query { .. }
            | RecordingError::QueryStopped => {
                Self::new(Code::Usage, "the query failed").because(&error)
            }
            _ => unwritten(&error),
        }
    }
}

/// A recording that can't be made, written or removed.
fn unwritten(error: &RecordingError) -> Failure {
    let failure = Failure::new(Code::Runtime, escape::text(&error.to_string()));
    match error {
        RecordingError::Exists { .. } => failure.next("another --name"),
        RecordingError::NoteRefused { .. } => failure.next("a shorter text, or fewer of them"),
        RecordingError::InUse { .. } => failure.next("Ctrl-C where it is recorded, then again"),
        RecordingError::Locked { .. } => failure.next("close the program that has it open"),
        RecordingError::NoPermission { path } => {
            let folder = path.parent().map(escape::path).unwrap_or_default();
            failure
                .why(format!("you may not write in {folder}"))
                .next("--dir FOLDER   to put recordings elsewhere")
        }
        RecordingError::Full { .. } => {
            failure.next("wiretape rm REC   makes room; --dir FOLDER goes to another disk")
        }
        other => match std::error::Error::source(other) {
            Some(source) => failure.because(source),
            None => failure,
        },
    }
}

impl From<ExchangeError> for Failure {
    fn from(error: ExchangeError) -> Self {
        let failure = Self::new(Code::Input, "the file could not be imported").because(&error);
        match error {
            ExchangeError::NotAnExchangeFile => failure
                .next("wiretape export REC -o FILE.jsonl   makes a file that can be imported"),
            ExchangeError::NoWebSocket { .. } => failure
                .next("open the Network panel before the page connects, load the page, save again"),
            ExchangeError::Newer { .. } => failure.next("cargo install wiretape   then again"),
            _ => failure,
        }
    }
}

/// A file that the operating system does not let us open.
pub(crate) fn unopened(file: &str, source: &io::Error) -> Failure {
    let failure = Failure::new(Code::Input, format!("{file} can't be opened"));
    match source.kind() {
        io::ErrorKind::PermissionDenied => failure
            .why("you have no permission to read it; recordings are their owner's alone")
            .next(format!("ls -l {file}   shows whose it is")),
        io::ErrorKind::NotFound => {
            failure.why("there is no such file").next("wiretape ls   shows what there is")
        }
        _ => failure.why(source.to_string()),
    }
}
