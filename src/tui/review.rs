//! What may leave the machine with a report: what was found by which rule, where, and what the
//! reader decides. Nothing goes on while anything is undecided.

use super::app::{App, Overlay};
use super::escape;

/// What is done with what a rule found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// A name stands for it.
    #[default]
    Hide,
    /// It stays.
    Show,
    /// Its length stands for it.
    Length,
}

impl Choice {
    /// In one word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hide => "hide",
            Self::Show => "show",
            Self::Length => "length",
        }
    }

    /// The one of this word.
    pub fn named(word: &str) -> Option<Self> {
        [Self::Hide, Self::Show, Self::Length].into_iter().find(|choice| choice.word() == word)
    }
}

/// One line: what a rule found at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// The rule, in words.
    pub rule: String,
    /// The place.
    pub place: String,
    /// What decisions call it.
    pub key: String,
    /// How often.
    pub hits: u64,
    /// The beginning of the first original.
    pub before: String,
    /// What stands for it.
    pub after: String,
    /// What is done, and what else may be.
    pub choices: [Choice; 2],
    /// Nobody has to be asked.
    pub decided: bool,
    /// The first hits where they stand: in what, what is before, the original, what is after.
    pub contexts: Vec<[String; 4]>,
}

/// The review.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// What the report is about, and how much that is.
    pub scope: String,
    /// The lines, undecided ones first.
    pub rows: Vec<Hidden>,
    /// The line chosen.
    pub picked: usize,
    /// Every hit of the chosen line is shown, from this one on.
    pub hits: Option<usize>,
    /// A rule is being typed.
    pub typed: Option<String>,
    /// What was decided here, by key.
    pub decided: Vec<(String, Choice)>,
    /// An answer is waited for.
    pub is_busy: bool,
    /// What there is to say.
    pub said: Option<String>,
}

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A finding, by its id.
    Finding(u64),
    /// A run, by its id.
    Run(String),
    /// A user.
    User(String),
    /// From when to when, nanoseconds since the recording started.
    Between(u64, u64),
    /// Another recording, by what opens it: the worst that is found in it.
    Recording(String),
}

/// Where a review leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Leads {
    /// Back to what it lies over.
    #[default]
    Back,
    /// Out: it is all that is shown.
    Out,
    /// It led out, and nothing is undecided.
    Done,
}

/// What is asked of whoever makes reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Begin one.
    Begin(Topic),
    /// Hide again, after these decisions.
    Again(Vec<(String, Choice)>),
    /// Write it, after these decisions, unless they uncover more.
    Write(Vec<(String, Choice)>),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// There is something to look at.
    Review(Box<Review>),
    /// It is written: what, line by line.
    Written(Vec<String>),
}

impl Review {
    /// Lines that are undecided.
    pub fn undecided(&self) -> usize {
        self.rows.iter().filter(|row| !row.decided).count()
    }

    /// The line chosen.
    pub fn row(&self) -> Option<&Hidden> {
        self.rows.get(self.picked)
    }

    /// Decides the chosen line: an open one as it is proposed, a decided one the other way.
    pub fn flip(&mut self) {
        let Some(row) = self.rows.get_mut(self.picked) else { return };
        if row.decided {
            row.choices.swap(0, 1);
        }
        row.decided = true;
        let (key, choice) = (row.key.clone(), row.choices[0]);
        self.decide(key, choice);
    }

    /// Decides about a key.
    pub fn decide(&mut self, key: String, choice: Choice) {
        self.decided.retain(|(known, _)| *known != key);
        self.decided.push((key, choice));
    }

    /// Takes what was found anew; the reader stays where they are.
    pub fn renew(&mut self, next: Self) {
        let key = self.row().map(|row| row.key.clone());
        let found = next.rows.iter().position(|row| Some(&row.key) == key.as_ref());
        let last = next.rows.len().saturating_sub(1);
        self.picked = found.unwrap_or(self.picked).min(last);
        (self.rows, self.scope, self.is_busy) = (next.rows, next.scope, false);
    }
}

impl App {
    /// Nothing but the review of a report, which is left when that is done.
    pub fn review(&mut self, review: Review) {
        self.overlay = Overlay::Review(Box::new(review));
        self.review_leads = Leads::Out;
    }

    /// The review was gone through, and nothing is undecided.
    pub fn is_reviewed(&self) -> bool {
        self.review_leads == Leads::Done
    }
}

/// What is typed as a rule: `$.data.text = hide`, or a place alone.
///
/// # Errors
/// How to write it.
pub fn rule(text: &str) -> Result<(String, Choice), String> {
    let (place, word) = text.rsplit_once('=').unwrap_or((text, "hide"));
    let clean = |text: &str| text.trim().trim_matches('"').to_owned();
    let (place, word) = (clean(place), clean(word));
    let starts = ["$", "header:", "query:", "rule:"];
    let is_place = starts.iter().any(|start| place.starts_with(start)) || place.contains(" $");
    match Choice::named(&word) {
        Some(choice) if is_place => Ok((place, choice)),
        _ => Err("write PLACE = hide, show or length: $.data.text, header:X-Team, query:room, \
                  rule:email"
            .to_owned()),
    }
}

/// A hit where it stands, on one line.
pub fn line([whence, before, original, after]: &[String; 4]) -> String {
    let text = |text: &str| escape::text(text);
    let (whence, original) = (text(whence), text(original));
    format!("{whence}   {}»{original}«{}", text(before), text(after))
}

#[cfg(test)]
mod tests {
    use super::{Choice, rule};

    #[test]
    fn a_rule_is_a_place_and_what_to_do() {
        let place = |text: &str| text.to_owned();
        assert_eq!(rule("$.data.text = length"), Ok((place("$.data.text"), Choice::Length)));
        assert_eq!(rule("\"header:X-Team\"=\"show\""), Ok((place("header:X-Team"), Choice::Show)));
        assert_eq!(rule("$.a"), Ok((place("$.a"), Choice::Hide)));
        assert_eq!(rule("email $.a = show"), Ok((place("email $.a"), Choice::Show)));
        for wrong in ["", "a", "$.a = maybe", "= hide"] {
            assert!(rule(wrong).is_err(), "{wrong}");
        }
    }
}
