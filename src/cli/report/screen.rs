//! A report in the making ↔ the review on the screen.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::draft::{Draft, Order, Payloads};
use super::files::{self, Kind, Wanted};
use super::scope::Subject;
use super::{MAX_SIZE, decide, line_of};
use crate::analysis::tape::Tape;
use crate::analysis::timeline::Row;
use crate::cli::failure::{Code, Failure};
use crate::cli::{Globals, clipboard, open};
use crate::redact::{self, Decision, Level};
use crate::rules::RuleBook;
use crate::tui::diff::{Compared, Paired};
use crate::tui::review::{Choice, Hidden, Review, Stage, Step, Topic};
use crate::tui::{Answer, Growths, Judges, Listed, Portion, Shown, Sifted, Source};
use crate::wire::Note;

/// A report that is made from the screen.
#[derive(Default)]
pub(crate) struct Desk(Option<Draft>);

impl Desk {
    /// Takes it a step further: about the recording that is open at a path, or another that is
    /// named, by these rules.
    pub(crate) fn step(
        &mut self,
        open: (Option<&Path>, Option<&str>),
        globals: &Globals,
        step: &Step,
    ) -> Result<Stage, Failure> {
        if let Step::Begin(topic) = step {
            let draft = self.0.insert(begin(topic.clone(), open, globals)?);
            return Ok(Stage::Review(Box::new(review(draft))));
        }
        let gone = || Failure::new(Code::Runtime, "there is no report in the making");
        let draft = self.0.as_mut().ok_or_else(gone)?;
        if let Some(review) = further(draft, step) {
            return Ok(Stage::Review(review));
        }
        decide::keep(draft.decided())?;
        let ready = draft.ready(&[])?;
        let wanted = Wanted {
            kinds: Kind::ALL.to_vec(),
            zip: false,
            folder: PathBuf::from("."),
            force: false,
            most: MAX_SIZE,
        };
        let written = files::write(draft, &ready, &wanted)?;
        let text = written.iter().find_map(|file| file.text.as_deref());
        let copied = text.and_then(clipboard::copy);
        let mut lines = vec![ready.bundle.title.clone(), draft.told()];
        lines.extend(draft.remarks());
        lines.push(String::new());
        lines.extend(written.iter().map(|file| line_of(file, &written, copied.is_some())));
        self.0 = None;
        Ok(Stage::Written(lines))
    }
}

fn begin(
    topic: Topic,
    (open, rules): (Option<&Path>, Option<&str>),
    globals: &Globals,
) -> Result<Draft, Failure> {
    let mut named = None;
    let subject = match topic {
        Topic::Finding(id) => Subject::ThisFinding(id),
        Topic::Run(id) => Subject::Run(id),
        Topic::User(name) => Subject::User(name),
        Topic::Between(from, to) => Subject::Between(from, to),
        Topic::Recording(key) => {
            named = Some(PathBuf::from(key));
            Subject::Worst
        }
    };
    let nothing = || Failure::new(Code::Runtime, NOTHING);
    let path = named.as_deref().or(open).ok_or_else(nothing)?;
    let decisions = decide::known()?;
    let (level, payloads) = (Level::Default, Payloads::All);
    let order = Order { subject: &subject, rules, level, decisions, payloads };
    // What is going on is for the screen to say.
    Draft::new(path, order, &Globals { quiet: true, ..globals.clone() })
}

/// Hides anew, after what was decided; what is to be looked at then, if it can't be written yet.
fn further(draft: &mut Draft, step: &Step) -> Option<Box<Review>> {
    let (decided, writes) = match step {
        Step::Begin(_) => return Some(Box::new(review(draft))),
        Step::Again(decided) => (decided, false),
        Step::Write(decided) => (decided, true),
    };
    let decided: Vec<(String, Decision)> =
        decided.iter().map(|(key, choice)| (key.clone(), decision(*choice))).collect();
    draft.decide(&decided);
    (!writes || draft.redacted.undecided() > 0).then(|| Box::new(review(draft)))
}

/// Shows the review by itself, and leaves the terminal; the draft, if the reader wants a report.
pub(super) fn alone(draft: Draft, globals: &Globals) -> Result<Option<Draft>, Failure> {
    let mut app = open::app(globals, None)?;
    let mut draft = draft;
    app.review(review(&mut draft));
    let shared = Arc::new(Mutex::new(Some(draft)));
    let source = Alone(Arc::clone(&shared));
    open::show_until(&mut app, Box::new(source), None, open::GRACE)?;
    let draft = shared.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(draft.filter(|_| app.is_reviewed()))
}

/// What the screen shows of a draft.
fn review(draft: &mut Draft) -> Review {
    let rows = draft.redacted.rows.iter().map(hidden).collect();
    Review { scope: draft.told(), rows, ..Review::default() }
}

fn hidden(row: &redact::Row) -> Hidden {
    let contexts = row.contexts.iter().cloned();
    Hidden {
        rule: row.rule.to_owned(),
        place: row.place.clone(),
        key: row.key.clone(),
        hits: row.hits,
        before: row.before.clone(),
        after: row.after.clone(),
        choices: decide::choices(row).map(choice),
        decided: row.decided,
        contexts: contexts
            .map(|context| [context.whence, context.before, context.original, context.after])
            .collect(),
    }
}

const fn choice(decision: Decision) -> Choice {
    match decision {
        Decision::Hide => Choice::Hide,
        Decision::Show => Choice::Show,
        Decision::Length => Choice::Length,
    }
}

const fn decision(choice: Choice) -> Decision {
    match choice {
        Choice::Hide => Decision::Hide,
        Choice::Show => Decision::Show,
        Choice::Length => Decision::Length,
    }
}

/// A draft, and no recording to look at.
struct Alone(Arc<Mutex<Option<Draft>>>);

/// What is asked of who has nothing but a review.
const NOTHING: &str = "nothing is open";

impl Source for Alone {
    fn report(&mut self, step: Step) -> Result<Stage, String> {
        let mut draft = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let draft = draft.as_mut().ok_or(NOTHING)?;
        Ok(further(draft, &step).map_or(Stage::Written(Vec::new()), Stage::Review))
    }

    fn payload(&mut self, _: &Row, _: &Arc<RuleBook>, _: Portion) -> Result<Shown, String> {
        Err(NOTHING.to_owned())
    }

    fn sift(&mut self, _: &Tape, _: &str, _: u32) -> Result<Sifted, String> {
        Err(NOTHING.to_owned())
    }

    fn recordings(&mut self) -> Result<Vec<Listed>, String> {
        Ok(Vec::new())
    }

    fn judge(&mut self, _: Vec<String>, _: Judges) {}

    fn query(&mut self, _: &str) -> Result<Answer, String> {
        Err(NOTHING.to_owned())
    }

    fn note(&mut self, _: &Note) -> Result<Vec<Note>, String> {
        Err(NOTHING.to_owned())
    }

    fn forget(&mut self, _: &[i64]) -> Result<Vec<Note>, String> {
        Err(NOTHING.to_owned())
    }

    fn save(&mut self, _: &str, _: &str) -> Result<String, String> {
        Err(NOTHING.to_owned())
    }

    fn rename(&mut self, _: &str, _: &str) -> Result<(), String> {
        Err(NOTHING.to_owned())
    }

    fn remove(&mut self, _: &str) -> Result<(), String> {
        Err(NOTHING.to_owned())
    }

    fn pairs(&mut self, _: &Tape, _: &str) -> Result<Vec<Paired>, String> {
        Err(NOTHING.to_owned())
    }

    fn between(&mut self, _: &Tape, _: &str, _: (u32, u32)) -> Result<Compared, String> {
        Err(NOTHING.to_owned())
    }

    fn copy(&mut self, text: &str) -> Option<String> {
        clipboard::copy(text).map(str::to_owned)
    }

    fn open(&mut self, _: &str) -> Result<(Tape, Growths), String> {
        Err(NOTHING.to_owned())
    }
}
