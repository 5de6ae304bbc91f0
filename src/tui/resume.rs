//! Where somebody else left off → the reader's place: a range, a lane, a finding.

use super::app::{App, Lane};
use super::at::Found;
use super::tape::Tape;
use super::update;
use crate::rules::Code;

/// What a report says of where to begin. It is not to be trusted: what is not there is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// The finding: `E102`; of several of that code the second is `E102.2`.
    pub finding: Option<String>,
    /// From when to when, nanoseconds since the recording started.
    pub range_ns: Option<(u64, u64)>,
    /// The id of a run, or the name of a user.
    pub lane: Option<String>,
}

impl Resume {
    /// Takes the reader there.
    pub(super) fn restore(&self, app: &mut App) {
        let Some(tape) = app.tape.clone() else { return };
        app.stood = true;
        if let Some(lane) = self.lane.as_deref().and_then(|name| lane(&tape, name)) {
            app.stand(lane);
            if let Lane::Run(run) = lane {
                app.at_ns = tape.runs.get(run as usize).map_or(0, |run| run.from_ns);
                app.entry = app.entry_at(app.at_ns);
            }
        }
        if let Some(finding) = self.finding.as_deref().and_then(|name| finding(&tape, name)) {
            update::go(app, Found::Finding(finding));
        }
        if let Some((from, to)) = self.range_ns {
            let to = to.min(tape.end_ns).saturating_add(1);
            if from < to {
                app.window = from..to;
            }
        }
    }
}

impl App {
    /// Begins where somebody else left off.
    pub fn resume(&mut self, resume: Resume) {
        self.resume = Some(resume);
    }
}

fn lane(tape: &Tape, name: &str) -> Option<Lane> {
    let run = (0..tape.runs.len() as u32).find(|run| tape.run_id(*run) == name);
    let user = || tape.users.iter().position(|user| user.name == name).map(Lane::User);
    run.map(Lane::Run).or_else(user)
}

fn finding(tape: &Tape, name: &str) -> Option<usize> {
    let (code, place) = name.split_once('.').unwrap_or((name, "1"));
    let (code, place) = (Code::from_text(code)?, place.parse::<usize>().ok()?);
    let mut alike = tape.by_time.iter().filter(|index| tape.findings[**index].code == code);
    alike.nth(place.checked_sub(1)?).copied()
}
