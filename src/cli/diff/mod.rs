//! Two recordings, or two runs → where they part; with exit code 1 where that is asked for.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::failure::{Code, Failure};
use super::locate::Located;
use super::sift::{self, Looked};
use super::{Globals, escape, human, locate};
use crate::analysis::diff::{Counts, Diff, Kept, Pairing, Payloads, Side, Step, pair, twin};
use crate::analysis::timeline::LaneOf;
use crate::events::Kind;
use crate::recording::{Check, RecordingReader};

mod json;
mod text;

/// Bytes of payloads held at once, of both sides: runs are compared in as many goes as it takes.
const PAYLOADS: u64 = 64 << 20;

/// Bytes of one payload that are compared; of a longer one its length is compared too.
const PAYLOAD: usize = 1 << 20;

/// What `diff` is asked for.
#[derive(Debug, Args)]
#[command(after_help = "\
Events are the same if their type and tool are; what else differs in them is told by JSON path. \
Ids are compared by what they stood for before, and times in payloads not at all. An event that \
took over a second longer after the one before, and over twice as long, is told as slower.

With one run, the good run that is most like it is taken for the other side.

Examples:
  wiretape diff amber-fox/9c1e                  a broken run and its good twin
  wiretape diff quiet-heron/2 amber-fox/9c1e
  wiretape diff quiet-heron amber-fox --stat    all runs: by user, then by shape
  wiretape diff quiet-heron amber-fox --ignore timing,ids --exit-code")]
pub(crate) struct DiffArgs {
    /// A recording, or one run of it: REC/RUN by the run's id, the end of it, or its number
    #[arg(value_name = "REC")]
    a: OsString,
    /// What to compare it with
    #[arg(value_name = "REC")]
    b: Option<OsString>,
    /// What is no difference
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    ignore: Vec<Ignore>,
    /// Numbers only
    #[arg(long)]
    stat: bool,
    /// Exit with 1 if there are differences
    #[arg(long)]
    exit_code: bool,
    /// A rules file or a preset, for both; without it, the traffic decides
    #[arg(long, value_name = "FILE|PRESET")]
    rules: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Ignore {
    /// How long things took
    Timing,
    /// Which ids stand for what
    Ids,
}

/// A recording, and perhaps one run of it.
struct Asked {
    path: Located,
    run: Option<String>,
}

/// What is compared: runs by pairs.
struct Plan {
    pairing: Pairing,
    /// One run each, asked for by name or chosen as a twin.
    single: bool,
}

/// Two runs, compared.
struct Compared {
    a: LaneOf,
    b: LaneOf,
    diff: Diff,
}

/// One side, with what is said of it.
struct Shown<'a> {
    looked: &'a Looked,
    side: Side<'a>,
    name: String,
}

/// Prints the differences.
pub(crate) fn run(args: &DiffArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let a = asked(globals, &args.a)?;
    let b = args.b.as_deref().map(|b| asked(globals, b)).transpose()?;
    // Before what takes its time.
    RecordingReader::open_with(&a.path, Check::Schema)?;
    if b.is_none() && a.run.is_none() {
        let called = escape::text(&args.a.to_string_lossy());
        return Err(Failure::new(Code::Usage, "there is nothing to compare it with")
            .next(format!("wiretape diff {called}/RUN   with the good run that is most like it"))
            .next(format!("wiretape diff {called} REC   with another recording")));
    }
    let look = |asked: &Asked| Looked::at(&asked.path, args.rules.as_deref(), globals);
    let looked_a = look(&a)?;
    let other = b.as_ref().filter(|b| b.path.file() != a.path.file()).map(look).transpose()?;
    let looked_b = other.as_ref().unwrap_or(&looked_a);
    let both = [(&looked_a, &a), (looked_b, b.as_ref().unwrap_or(&a))];
    let [a_shown, b_shown] =
        both.map(|(looked, asked)| Shown::of(looked, asked.path.file(), globals));
    let plan = plan((&a_shown, &a), (&b_shown, b.as_ref()))?;
    let with_pace = !args.ignore.contains(&Ignore::Timing);
    let mut output = globals.output();
    let mut total = Counts::default();
    let mut objects = json::Runs::default();
    let told = text::Text { with_pace, stat: args.stat, single: plan.single };
    if !globals.json {
        told.head(&mut output, (&a_shown, &b_shown), &plan)?;
    }
    let goes = goes(&plan.pairing.pairs, &a_shown.side, &b_shown.side);
    for go in goes {
        let ids = args.ignore.contains(&Ignore::Ids);
        for compared in compare(go, (&a_shown, &b_shown), ids)? {
            total = total.and(compared.diff.counts());
            if globals.json {
                objects.add(&compared, (&a_shown, &b_shown), args.stat);
            } else {
                told.runs(&mut output, &compared, (&a_shown, &b_shown))?;
            }
        }
    }
    let lone = plan.pairing.only_a.len() + plan.pairing.only_b.len();
    let differ = total.differ(with_pace) || lone > 0;
    if globals.json {
        let object = objects.object((&a_shown, &b_shown), &plan.pairing, (total, differ));
        output.json(&object)?;
    } else {
        told.end(&mut output, (&a_shown, &b_shown), &plan.pairing, total)?;
    }
    output.flush()?;
    Ok(ExitCode::from(u8::from(args.exit_code && differ)))
}

impl<'a> Shown<'a> {
    fn of(looked: &'a Looked, file: &Path, globals: &Globals) -> Self {
        let name = locate::called(&globals.dir, file).to_string_lossy().into_owned();
        let side = Side::new(Kept {
            timeline: &looked.timeline,
            symbols: looked.analysis.symbols(),
            findings: looked.analysis.engine().findings(),
            book: looked.analysis.engine().book(),
            details: &looked.details,
        });
        Self { looked, side, name }
    }

    /// `amber-fox/9c1e`.
    fn called(&self, lane: LaneOf) -> String {
        format!("{}/{}", self.name, self.side.called(lane).0)
    }

    fn letter(&self, name: &str) -> char {
        let letters = &self.looked.analysis.engine().book().letters;
        letters.iter().find(|(known, _)| known == name).map_or('·', |(_, letter)| *letter)
    }

    fn text(&self, step: &Step) -> String {
        let symbols = self.side.symbols();
        let name = symbols.text(step.name);
        match step.tool {
            Some(tool) => format!("{name} {}", symbols.text(tool)),
            None => name.to_owned(),
        }
    }
}

/// `REC`, or `REC/RUN`: what is there as a file comes first.
fn asked(globals: &Globals, text: &OsStr) -> Result<Asked, Failure> {
    let words = text.to_string_lossy();
    if let Some((recording, run)) = words.rsplit_once('/')
        && !Path::new(text).exists()
    {
        match locate::find(globals, OsStr::new(recording)) {
            Ok(path) if path.is_file() => return Ok(Asked { path, run: Some(run.to_owned()) }),
            // A name, and no path.
            Err(failure) if !recording.contains('/') => return Err(failure),
            _ => {}
        }
    }
    Ok(Asked { path: locate::find(globals, text)?, run: None })
}

/// Which runs are compared with which.
fn plan(
    (a_shown, a): (&Shown<'_>, &Asked),
    (b_shown, b): (&Shown<'_>, Option<&Asked>),
) -> Result<Plan, Failure> {
    let named = |shown: &Shown<'_>, asked: &Asked| {
        asked.run.as_deref().map(|run| chosen(shown, run)).transpose()
    };
    let of_a = named(a_shown, a)?;
    let of_b = b.map(|b| named(b_shown, b)).transpose()?.flatten();
    let lanes = match (of_a, of_b) {
        (None, None) => {
            return Ok(Plan { pairing: pair(&a_shown.side, &b_shown.side), single: false });
        }
        (Some(of_a), Some(of_b)) => (of_a, of_b),
        // The good one is A.
        (Some(run), None) if b.is_none() => (good(a_shown, run, a_shown)?, run),
        (Some(run), None) => (run, good(a_shown, run, b_shown)?),
        (None, Some(run)) => (good(b_shown, run, a_shown)?, run),
    };
    Ok(Plan { pairing: Pairing { pairs: vec![lanes], ..Pairing::default() }, single: true })
}

fn good(shown: &Shown<'_>, run: LaneOf, within: &Shown<'_>) -> Result<LaneOf, Failure> {
    twin(&shown.side, run, &within.side).ok_or_else(|| {
        let (run, name) = (escape::text(&shown.called(run)), escape::text(&within.name));
        Failure::new(Code::Usage, format!("no good run in {name} is like {run}"))
            .why(
                "a good run came to its end, has no findings, and has half of the events in common",
            )
            .next(format!("wiretape diff REC/RUN {run}   with a run of your choice"))
    })
}

/// The run that is called so: by its id, the end of its id, or its number from 1.
fn chosen(shown: &Shown<'_>, called: &str) -> Result<LaneOf, Failure> {
    let lanes = shown.side.lanes();
    let named = |is: &dyn Fn(&str) -> bool| -> Vec<LaneOf> {
        let lanes = lanes.iter().copied();
        lanes.filter(|lane| is(&shown.side.called(*lane).0)).collect()
    };
    let called = called.strip_prefix("run ").unwrap_or(called);
    let exact = named(&|id| id == called);
    if let Some(first) = exact.first() {
        return Ok(*first);
    }
    let number = called.parse::<usize>().ok().and_then(|number| lanes.get(number.checked_sub(1)?));
    if let Some(lane) = number {
        return Ok(*lane);
    }
    let name = escape::text(&shown.name);
    match named(&|id| id.ends_with(called)).as_slice() {
        [lane] => Ok(*lane),
        [] => Err(Failure::new(Code::Usage, format!("there is no run {called} in {name}"))
            .why(format!("it has {}", human::counted(lanes.len() as u64, "run")))
            .next(format!("wiretape timeline {name}"))),
        several => {
            let runs = human::counted(several.len() as u64, "run");
            Err(Failure::new(Code::Usage, format!("{runs} of {name} end with {called}")))
        }
    }
}

/// The pairs in goes whose payloads can be held at once.
fn goes<'p>(
    pairs: &'p [(LaneOf, LaneOf)],
    a: &Side<'_>,
    b: &Side<'_>,
) -> Vec<&'p [(LaneOf, LaneOf)]> {
    let bytes = |side: &Side<'_>, lane| -> u64 {
        let steps = side.steps(lane).steps;
        steps.iter().map(|step| u64::from(step.bytes).min(PAYLOAD as u64)).sum()
    };
    let (mut goes, mut from, mut held) = (Vec::new(), 0, 0);
    for (at, (of_a, of_b)) in pairs.iter().enumerate() {
        let more = bytes(a, *of_a) + bytes(b, *of_b);
        if held + more > PAYLOADS && at > from {
            goes.push(&pairs[from..at]);
            (from, held) = (at, 0);
        }
        held += more;
    }
    goes.push(&pairs[from..]);
    goes
}

/// Aligns runs, then compares the payloads of what both have.
fn compare(
    pairs: &[(LaneOf, LaneOf)],
    (a, b): (&Shown<'_>, &Shown<'_>),
    ignores_ids: bool,
) -> Result<Vec<Compared>, Failure> {
    let aligned = |(of_a, of_b): &(LaneOf, LaneOf)| {
        let steps = (a.side.steps(*of_a), a.side.symbols());
        let others = (b.side.steps(*of_b), b.side.symbols());
        Compared { a: *of_a, b: *of_b, diff: Diff::of(steps, others) }
    };
    let mut compared: Vec<Compared> = pairs.iter().map(aligned).collect();
    let (mut of_a, mut of_b) = (HashMap::new(), HashMap::new());
    for Compared { diff, .. } in &compared {
        for pair in &diff.pairs {
            let Some((i, j)) = pair.a.zip(pair.b) else { continue };
            if diff.a.steps[i].kind == Kind::Message {
                of_a.insert(diff.a.steps[i].row, Vec::new());
                of_b.insert(diff.b.steps[j].row, Vec::new());
            }
        }
    }
    fill(&mut of_a, a.looked)?;
    fill(&mut of_b, b.looked)?;
    for Compared { diff, .. } in &mut compared {
        let mut payloads = Payloads::new(ignores_ids);
        for pair in &mut diff.pairs {
            let Some((i, j)) = pair.a.zip(pair.b) else { continue };
            let rows = (diff.a.steps[i].row, diff.b.steps[j].row);
            let Some((a, b)) = of_a.get(&rows.0).zip(of_b.get(&rows.1)) else { continue };
            (pair.differences, pair.more) = payloads.compare(a, b);
        }
    }
    Ok(compared)
}

/// Reads the payloads of these rows.
fn fill(rows: &mut HashMap<u32, Vec<u8>>, looked: &Looked) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let parts = sift::parts(&looked.analysis.engine().book().reading)?;
    sift::messages(looked.path(), &mut |connection, _, message| {
        for number in looked.timeline.rows_of_frame(message.frames.1) {
            let row = looked.timeline.row(number).filter(|row| row.connection == connection);
            let Some((row, kept)) = row.zip(rows.get_mut(&number)) else { continue };
            let json = parts.json(&message.payload, u32::from(row.part));
            let bytes = json.as_ref().map_or(message.payload.as_slice(), |json| json.as_bytes());
            kept.extend(&bytes[..bytes.len().min(PAYLOAD)]);
            if bytes.len() > PAYLOAD {
                kept.extend((bytes.len() as u64).to_le_bytes());
            }
        }
    })
}
