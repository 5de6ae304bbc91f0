//! Outcomes of all rounds → one table a case: medians, ratios, targets.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write as _};

use super::run::{Metric, Outcome};
use super::scenario::{Against, Bound, Case, Goal};
use super::subject::Subject;

/// Columns of a number.
const WIDTH: usize = 13;

/// Everything measured for one case: per round, per subject.
#[derive(Default)]
pub(crate) struct Rounds {
    rounds: Vec<BTreeMap<Subject, Outcome>>,
    failures: Vec<String>,
}

impl Rounds {
    /// A new round.
    pub(crate) fn open(&mut self) {
        self.rounds.push(BTreeMap::new());
    }

    /// What the current round gave for `subject`.
    pub(crate) fn add(&mut self, subject: Subject, outcome: std::io::Result<Outcome>) {
        match (outcome, self.rounds.last_mut()) {
            (Ok(outcome), Some(round)) => {
                round.insert(subject, outcome);
            }
            (Err(error), _) => self.failures.push(format!("{}: {error}", subject.name())),
            (Ok(_), None) => {}
        }
    }

    fn figures(&self, subject: Subject, metric: Metric) -> Vec<f64> {
        self.rounds
            .iter()
            .filter_map(|round| round.get(&subject)?.figures.get(&metric).copied())
            .collect()
    }

    /// Wiretape's figure against the target's yardstick, round by round; their median.
    fn measured(&self, goal: &Goal) -> Option<f64> {
        median(self.rounds.iter().filter_map(|round| {
            let figure = |subject| round.get(&subject)?.figures.get(&goal.metric).copied();
            let own = figure(Subject::Wiretape)?;
            match goal.against {
                Against::Alone => Some(own),
                // A figure of nothing at all gives no ratio.
                Against::Times(other) => Some(own / figure(other).filter(|it| *it > 0.0)?),
                Against::TimesAdded(other) => {
                    let direct = figure(Subject::Direct)?;
                    Some((own - direct) / (figure(other)? - direct))
                }
            }
        }))
    }

    /// The table of `case`.
    pub(crate) fn table(&self, case: &Case) -> String {
        let mut text = format!("\n[{}] {}\n", case.scenario, case.title);
        self.rows(case, &mut text);
        for goal in &case.goals {
            if let Some(measured) = self.measured(goal) {
                let _ = writeln!(text, "  {}", Judged { goal, measured });
            }
        }
        let checked: Vec<_> = self
            .rounds
            .iter()
            .filter_map(|round| round.get(&Subject::Wiretape)?.exact.as_ref())
            .collect();
        if !checked.is_empty() {
            let exact = checked.iter().filter(|exact| exact.is_ok()).count();
            let _ = writeln!(text, "  recording exact in {exact} of {} rounds", checked.len());
        }
        let wrong = checked.iter().filter_map(|exact| exact.as_ref().err());
        for failure in wrong.chain(&self.failures) {
            let _ = writeln!(text, "  FAILED: {failure}");
        }
        text
    }

    fn rows(&self, case: &Case, text: &mut String) {
        let _ = write!(text, "  {:<12}", "");
        for metric in &case.columns {
            let _ = write!(text, "{:>WIDTH$}", metric.name());
        }
        let _ = writeln!(text);
        for subject in &case.subjects {
            if self.rounds.iter().all(|round| !round.contains_key(subject)) {
                continue;
            }
            let _ = write!(text, "  {:<12}", subject.name());
            for metric in &case.columns {
                match median(self.figures(*subject, *metric)) {
                    Some(figure) => {
                        let _ = write!(text, "{:>WIDTH$}", Number(figure).to_string());
                    }
                    None => {
                        let _ = write!(text, "{:>WIDTH$}", "–");
                    }
                }
            }
            let _ = writeln!(text);
        }
    }
}

/// A target and what was measured for it.
struct Judged<'a> {
    goal: &'a Goal,
    measured: f64,
}

impl Display for Judged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { goal, measured } = *self;
        let (sign, bound, met) = match goal.bound {
            Bound::AtMost(bound) => ("≤", bound, measured <= bound),
            Bound::AtLeast(bound) => ("≥", bound, measured >= bound),
        };
        let verdict = if met { "ok" } else { "below" };
        let (times, of) = match goal.against {
            Against::Alone => ("", String::new()),
            Against::Times(other) => ("x", format!(" of {}", other.name())),
            Against::TimesAdded(other) => ("x", format!(" of what {} adds", other.name())),
        };
        let measured = format!("{}{times}", Number(measured));
        let name = goal.metric.name();
        write!(f, "{name:<12} {measured:>9}{of}, target {sign} {}{times}: {verdict}", Number(bound))
    }
}

/// A number as a table shows it: three digits, or all before the point.
struct Number(f64);

impl Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number) = *self;
        if number.abs() < 10.0 {
            return write!(f, "{number:.2}");
        }
        if number.abs() < 100.0 {
            return write!(f, "{number:.1}");
        }
        let digits = format!("{:.0}", number.abs());
        if number < 0.0 {
            f.write_str("-")?;
        }
        for (at, digit) in digits.char_indices() {
            if at > 0 && (digits.len() - at) % 3 == 0 {
                f.write_str(",")?;
            }
            f.write_char(digit)?;
        }
        Ok(())
    }
}

/// The middle one; between the two in the middle where there are two.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_unstable_by(f64::total_cmp);
    let (lower, upper) =
        (figures.get(figures.len().checked_sub(1)? / 2)?, figures.get(figures.len() / 2)?);
    Some(f64::midpoint(*lower, *upper))
}
