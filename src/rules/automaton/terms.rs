//! A pattern and a letter → what may remain of the pattern after it (Antimirov's partial
//! derivatives), with equal remains kept once.
//!
//! `a·x` after `a` leaves `x`; a choice leaves what either leaves; `x & y` leaves what `x` leaves
//! interleaved with `y`, or the other way round; a repeat leaves what its inside leaves, then one
//! repeat fewer.

use std::collections::HashMap;
use std::rc::Rc;

use super::Letter;
use crate::rules::Pattern;

/// A term, by its place in [`Terms`].
pub(super) type TermId = u32;

/// A letter, and what may remain after it.
type Steps = Rc<Vec<(Letter, TermId)>>;

/// A pattern in a form in which equal remains look equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Term {
    Empty,
    Letter(Letter),
    Any,
    /// The first is neither empty nor a sequence itself.
    Sequence(TermId, TermId),
    /// Sorted, each once.
    Choice(Vec<TermId>),
    /// Sorted; none is empty or a shuffle itself.
    Shuffle(Vec<TermId>),
    Repeat(TermId, u32, Option<u32>),
}

const EMPTY: TermId = 0;

/// All terms of one pattern.
pub(super) struct Terms<'a> {
    letters: &'a HashMap<String, Letter>,
    events: Vec<Letter>,
    forms: Vec<Term>,
    ids: HashMap<Term, TermId>,
    /// Whether a term accepts the empty run.
    nullable: Vec<bool>,
    steps: Vec<Option<Steps>>,
    /// What may still be written down.
    budget: usize,
}

impl<'a> Terms<'a> {
    /// `budget`: terms and steps that may be written down in all.
    pub(super) fn new(letters: &'a HashMap<String, Letter>, budget: usize) -> Self {
        let mut events: Vec<Letter> = letters
            .iter()
            .filter(|(name, _)| !name.starts_with('@'))
            .map(|(_, &letter)| letter)
            .collect();
        events.sort_unstable();
        let mut terms = Self {
            letters,
            events,
            forms: Vec::new(),
            ids: HashMap::new(),
            nullable: Vec::new(),
            steps: Vec::new(),
            budget,
        };
        terms.keep(Term::Empty);
        terms
    }

    /// Whether it accepts the empty run.
    pub(super) fn nullable(&self, term: TermId) -> bool {
        self.nullable[term as usize]
    }

    /// The term of a pattern; `None`: over the budget.
    pub(super) fn of_pattern(&mut self, pattern: &Pattern) -> Option<TermId> {
        let term = match pattern {
            Pattern::Name(name) => self.keep(Term::Letter(*self.letters.get(name)?)),
            Pattern::Sub(name) => {
                let letter = *self.letters.get(&format!("@{name}"))?;
                self.keep(Term::Letter(letter))
            }
            Pattern::Any => self.keep(Term::Any),
            Pattern::Sequence(parts) => {
                let parts = self.of_patterns(parts)?;
                parts.into_iter().rev().fold(EMPTY, |rest, part| self.sequence(part, rest))
            }
            Pattern::Choice(parts) => {
                let mut parts = self.of_patterns(parts)?;
                parts.sort_unstable();
                parts.dedup();
                if let [only] = parts[..] { only } else { self.keep(Term::Choice(parts)) }
            }
            Pattern::Shuffle(parts) => {
                let parts = self.of_patterns(parts)?;
                self.shuffle(parts)
            }
            Pattern::Repeat { inner, min, max } => {
                let inner = self.of_pattern(inner)?;
                self.repeat(inner, *min, *max)
            }
        };
        (self.budget > 0).then_some(term)
    }

    fn of_patterns(&mut self, patterns: &[Pattern]) -> Option<Vec<TermId>> {
        patterns.iter().map(|pattern| self.of_pattern(pattern)).collect()
    }

    fn spend(&mut self, amount: usize) {
        self.budget = self.budget.saturating_sub(amount);
    }

    fn keep(&mut self, term: Term) -> TermId {
        if let Some(&id) = self.ids.get(&term) {
            return id;
        }
        let all_nullable = |parts: &[TermId]| parts.iter().all(|&part| self.nullable(part));
        let (nullable, size) = match &term {
            Term::Empty => (true, 1),
            Term::Letter(_) | Term::Any => (false, 1),
            Term::Sequence(first, rest) => (all_nullable(&[*first, *rest]), 2),
            Term::Choice(parts) => (parts.iter().any(|&part| self.nullable(part)), parts.len()),
            Term::Shuffle(parts) => (all_nullable(parts), parts.len()),
            Term::Repeat(inner, min, _) => (*min == 0 || self.nullable(*inner), 1),
        };
        self.spend(size);
        let id = self.forms.len() as TermId;
        self.forms.push(term.clone());
        self.ids.insert(term, id);
        self.nullable.push(nullable);
        self.steps.push(None);
        id
    }

    /// `first`, then `rest`. Loops instead of recursing, since sequences are as long as texts.
    fn sequence(&mut self, first: TermId, rest: TermId) -> TermId {
        let (mut parts, mut last) = (Vec::new(), first);
        while let Term::Sequence(part, after) = self.forms[last as usize] {
            parts.push(part);
            last = after;
        }
        parts.push(last);
        self.spend(parts.len());
        let join = |rest: TermId, part: TermId| match (part, rest) {
            (EMPTY, _) => rest,
            (_, EMPTY) => part,
            _ => self.keep(Term::Sequence(part, rest)),
        };
        parts.into_iter().rev().fold(rest, join)
    }

    fn shuffle(&mut self, parts: Vec<TermId>) -> TermId {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match &self.forms[part as usize] {
                Term::Empty => {}
                Term::Shuffle(inner) => flat.extend_from_slice(inner),
                _ => flat.push(part),
            }
        }
        flat.sort_unstable();
        self.spend(flat.len());
        match flat[..] {
            [] => EMPTY,
            [only] => only,
            _ => self.keep(Term::Shuffle(flat)),
        }
    }

    fn repeat(&mut self, inner: TermId, min: u32, max: Option<u32>) -> TermId {
        let min = if self.nullable(inner) { 0 } else { min };
        match (min, max) {
            _ if inner == EMPTY => EMPTY,
            (_, Some(0)) => EMPTY,
            (1, Some(1)) => inner,
            _ => self.keep(Term::Repeat(inner, min, max)),
        }
    }

    /// Each letter that may come next with what may remain, sorted; `None`: over the budget.
    pub(super) fn steps(&mut self, term: TermId) -> Option<Steps> {
        if let Some(steps) = &self.steps[term as usize] {
            return Some(Rc::clone(steps));
        }
        let mut found = match self.forms[term as usize].clone() {
            Term::Empty => Vec::new(),
            Term::Letter(letter) => vec![(letter, EMPTY)],
            Term::Any => self.events.iter().map(|&letter| (letter, EMPTY)).collect(),
            Term::Sequence(..) => self.steps_of_sequence(term)?,
            Term::Choice(parts) => {
                let mut found = Vec::new();
                for part in parts {
                    found.extend_from_slice(&self.steps(part)?);
                    self.afford(found.len())?;
                }
                found
            }
            Term::Shuffle(parts) => self.steps_of_shuffle(&parts)?,
            Term::Repeat(inner, min, max) => {
                let rest = self.repeat(inner, min.saturating_sub(1), max.map(|max| max - 1));
                let inner = self.steps(inner)?;
                inner.iter().map(|&(letter, after)| (letter, self.sequence(after, rest))).collect()
            }
        };
        found.sort_unstable();
        found.dedup();
        self.spend(found.len());
        self.afford(0)?;
        let steps = Rc::new(found);
        self.steps[term as usize] = Some(Rc::clone(&steps));
        Some(steps)
    }

    /// Fails if `amount` is more than may still be written down.
    fn afford(&self, amount: usize) -> Option<()> {
        (self.budget > amount).then_some(())
    }

    /// Goes on past every part that may be left out.
    fn steps_of_sequence(&mut self, term: TermId) -> Option<Vec<(Letter, TermId)>> {
        let (mut found, mut at) = (Vec::new(), term);
        while let Term::Sequence(first, rest) = self.forms[at as usize] {
            for &(letter, after) in self.steps(first)?.iter() {
                found.push((letter, self.sequence(after, rest)));
            }
            self.afford(found.len())?;
            if !self.nullable(first) {
                return Some(found);
            }
            at = rest;
        }
        found.extend_from_slice(&self.steps(at)?);
        Some(found)
    }

    fn steps_of_shuffle(&mut self, parts: &[TermId]) -> Option<Vec<(Letter, TermId)>> {
        let mut found = Vec::new();
        for (index, &part) in parts.iter().enumerate() {
            if index > 0 && parts[index - 1] == part {
                continue;
            }
            for &(letter, after) in self.steps(part)?.iter() {
                let mut rest = parts.to_vec();
                rest[index] = after;
                found.push((letter, self.shuffle(rest)));
                self.afford(found.len())?;
            }
        }
        Some(found)
    }
}
