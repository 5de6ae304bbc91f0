//! The demo on a full screen → which of the planted bugs its reader came to.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::runtime::Runtime;

use super::stage::Stage;
use super::{DemoArgs, Ended};
use crate::cli::failure::{Code, Failure};
use crate::cli::front::Front;
use crate::cli::output::Role;
use crate::cli::{Globals, escape, open};
use crate::demo::{Bug, PLANTED};
use crate::recording::Status;

/// How long it may take to end in order once it is asked to: the players and the disk are waited for.
const GRACE: Duration = Duration::from_secs(5);

/// Shows it while it is played, and says what was found.
pub(super) fn run(
    args: &DemoArgs,
    globals: &Globals,
    (stage, runtime): (Stage, Runtime),
) -> Result<ExitCode, Failure> {
    let path = stage.path().to_owned();
    let mut front = Front::new(globals, Some("agent".to_owned()));
    let (tape, growths) = front.look(&path)?;
    let mut app = open::app(globals, Some(tape))?;
    app.tour();
    let mut playing = stage.play(&runtime);
    let stop = playing.stopper();
    let handle = runtime.handle().clone();
    // The recording is finished when the players are, whatever the reader is at.
    let finishing = std::thread::Builder::new().name("demo".into()).spawn(
        move || -> Result<(Ended, Status), Failure> {
            let (ended, writer, finished_ns) = handle.block_on(playing.end())?;
            Ok((ended, writer.finish(finished_ns)?.status))
        },
    )?;
    let shown = open::show_until(&mut app, Box::new(front), Some(growths), GRACE);
    if let Some(stop) = stop {
        // It may have ended by itself meanwhile.
        let _ = stop.send(());
    }
    let recorded = finishing.join().map_err(|_| Failure::new(Code::Runtime, "the demo failed"))?;
    let code = open::end(&shown?)?;
    let (ended, _) = recorded?;
    conclude(args, globals, app.found(), &path)?;
    match ended {
        Ended::Broken(error) => {
            Err(Failure::new(Code::Runtime, "the demo broke off").because(&error))
        }
        Ended::Whole(_) | Ended::Stopped => Ok(code),
    }
}

/// Which bugs were found, and which were not.
fn conclude(
    args: &DemoArgs,
    globals: &Globals,
    found: &BTreeSet<(String, String)>,
    path: &Path,
) -> Result<(), Failure> {
    let is_found =
        |bug: &&Bug| found.iter().any(|(code, user)| code == bug.code && user == bug.user);
    let (yours, missed): (Vec<&Bug>, Vec<&Bug>) = PLANTED.iter().partition(is_found);
    let mut output = globals.output();
    let style = output.style;
    let room = output.columns().unwrap_or(usize::MAX);
    let told = |bug: &Bug| format!("{} {}", bug.code, bug.user);
    let names: Vec<String> = yours.iter().map(|bug| told(bug)).collect();
    let list = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
    let score = format!("You found {} of {} planted bugs{list}.", yours.len(), PLANTED.len());
    output.line(&style.paint(Role::Strong, &escape::wrap(&score, room, 2)))?;
    for bug in missed {
        let line = format!("Missed: {} {}, {}.", bug.code, bug.user, bug.sentence);
        output.line(&escape::wrap(&line, room, 2))?;
    }
    if args.save {
        output.line(&format!("Kept in {}", escape::path(path)))?;
    }
    output.line("Now yours:   wiretape record ws://localhost:8000")?;
    output.flush()
}
