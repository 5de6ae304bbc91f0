//! This machine, its terminal, and a server → what works here, what does not, and what to do.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::failure::{Code, Failure};
use super::output::{Output, Role};
use super::{Globals, escape};

mod disk;
mod network;
mod terminal;

/// What `doctor` is asked for.
#[derive(Debug, Args)]
#[command(after_help = "\
Asks the server for one WebSocket, and closes it. Exit code 4 if something does not work.

Examples:
  wiretape doctor
  wiretape doctor ws://localhost:8000/ws
  wiretape doctor wss://staging.example.com/ws --ca ca.pem --json")]
pub(crate) struct DoctorArgs {
    /// The server that is to be recorded
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// The port that is to be listened on, or ADDRESS:PORT
    #[arg(short, long, value_name = "ADDRESS", default_value = "9797")]
    listen: String,
    /// A PEM file of roots that vouch for the server too
    #[arg(long, value_name = "FILE")]
    ca: Option<std::path::PathBuf>,
    /// Take any certificate
    #[arg(short = 'k', long)]
    insecure: bool,
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
    /// It can't be looked at from here.
    Skip,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Look {
    about: &'static str,
    verdict: Verdict,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Look {
    fn new(about: &'static str, verdict: Verdict, what: impl Into<String>) -> Self {
        Self { about, verdict, what: what.into(), why: None, next: None }
    }

    fn ok(about: &'static str, what: impl Into<String>) -> Self {
        Self::new(about, Verdict::Ok, what)
    }

    fn why(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}

/// Looks at everything and tells.
pub(crate) fn run(args: &DoctorArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let mut looks = vec![network::port(&args.listen)?];
    if let Some(url) = &args.url {
        looks.extend(network::server(url, args)?);
    }
    looks.extend(disk::folder(&globals.dir));
    looks.extend(terminal::looks());
    let fails = looks.iter().any(|look| look.verdict == Verdict::Fail);
    let mut output = globals.output();
    if globals.json {
        #[derive(Serialize)]
        struct DoctorObject {
            v: u32,
            kind: &'static str,
            works: bool,
            looks: Vec<Look>,
        }
        output.json(&DoctorObject { v: 1, kind: "doctor", works: !fails, looks })?;
    } else {
        looks.iter().try_for_each(|look| tell(&mut output, look))?;
    }
    output.flush()?;
    Ok(ExitCode::from(if fails { Code::Runtime as u8 } else { 0 }))
}

/// A line, and under it why and what to do, where there is something to do.
fn tell(output: &mut Output, look: &Look) -> Result<(), Failure> {
    let (word, role) = match look.verdict {
        Verdict::Ok => ("ok", Role::Live),
        Verdict::Warn => ("warn", Role::Strong),
        Verdict::Fail => ("fail", Role::Bad),
        Verdict::Skip => ("-", Role::Quiet),
    };
    let word = output.style.paint(role, &escape::pad_right(word, 4));
    let columns = output.columns();
    let mut line = |text: String| {
        let indent = 16;
        let folded = columns.map(|columns| escape::wrap(&text, columns, indent));
        output.line(&folded.unwrap_or(text))
    };
    line(format!("{word}  {}  {}", escape::pad_right(look.about, 8), escape::text(&look.what)))?;
    if let Some(why) = &look.why {
        line(format!("                why  {}", escape::text(why)))?;
    }
    if let Some(next) = &look.next {
        line(format!("                try  {}", escape::text(next)))?;
    }
    Ok(())
}
