//! Lines → stdout: buffered, coloured on terminals only, quiet when the reader has gone.

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};

use clap::ValueEnum;
use serde::Serialize;

use super::failure::Failure;
use crate::exchange::json;

/// Columns of a terminal that does not say how many it has.
const USUAL_WIDTH: usize = 80;

/// Narrower or wider than this, a terminal's word is not taken.
const WIDTHS: std::ops::RangeInclusive<usize> = 20..=1000;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is dumb.
    #[value(help = "On a terminal, unless NO_COLOR is set or TERM is dumb")]
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What a piece of text is, which decides its colour: the terminal's own 16, by role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A headline or a name.
    Strong,
    /// What can be skipped.
    Quiet,
    /// From the client to the server.
    Out,
    /// From the server to the client.
    In,
    /// Something is wrong.
    Bad,
    /// Something is going on.
    Live,
}

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    colored: bool,
}

impl Style {
    /// What `choice` means for a stream that is a terminal or is not.
    pub(crate) fn new(choice: ColorChoice, is_terminal: bool) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let forced =
            std::env::var_os("CLICOLOR_FORCE").is_some_and(|on| !on.is_empty() && on != "0");
        let colored = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => forced || (is_terminal && !set("NO_COLOR") && !dumb),
        };
        Self { colored }
    }

    /// Whether there are any.
    pub(crate) fn is_colored(self) -> bool {
        self.colored
    }

    /// `text`, already escaped, in the colour of its role.
    pub(crate) fn paint(self, role: Role, text: &str) -> String {
        if !self.colored || text.is_empty() {
            return text.into();
        }
        let code = match role {
            Role::Strong => "1",
            Role::Quiet => "2",
            Role::Out => "36",
            Role::In => "35",
            Role::Bad => "1;31",
            Role::Live => "32",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Columns of the terminal that stderr is; `None` where it is none.
pub(crate) fn stderr_columns() -> Option<usize> {
    let measured = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let width = || measured().unwrap_or(USUAL_WIDTH);
    io::stderr().is_terminal().then(|| width().clamp(*WIDTHS.start(), *WIDTHS.end()))
}

/// stdout, for results.
#[derive(Debug)]
pub(crate) struct Output {
    stdout: BufWriter<Stdout>,
    pub(crate) style: Style,
    is_terminal: bool,
}

impl Output {
    /// stdout, coloured as asked.
    pub(crate) fn new(choice: ColorChoice) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let style = Style::new(choice, is_terminal);
        Self { stdout: BufWriter::with_capacity(64 * 1024, io::stdout()), style, is_terminal }
    }

    /// A person is likely to look at this.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// The terminal's columns; `None` where there is no terminal and no `COLUMNS`.
    pub(crate) fn columns(&self) -> Option<usize> {
        let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let width = told.or_else(|| {
            let measured = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
            self.is_terminal.then(|| measured.unwrap_or(USUAL_WIDTH))
        });
        width.map(|width: usize| width.clamp(*WIDTHS.start(), *WIDTHS.end()))
    }

    /// One line of text, already escaped.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Failure> {
        self.stdout.write_all(line.trim_end_matches(' ').as_bytes())?;
        self.stdout.write_all(b"\n")?;
        Ok(())
    }

    /// One line of JSON.
    pub(crate) fn json<T: Serialize>(&mut self, value: &T) -> Result<(), Failure> {
        self.line(&json::render(value))
    }

    /// Hands on what is buffered: at the end, and when nothing new comes for a while.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.stdout.flush()?)
    }
}
