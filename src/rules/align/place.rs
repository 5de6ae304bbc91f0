//! How far an alignment has come, in a few bytes: event, state and open moves ⇄ a key.

use crate::rules::automaton::Letter;

/// An event that the model skipped and that may still come, or that was set aside until the model
/// comes to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Debt {
    Skipped(Letter),
    SetAside(Letter),
}

/// A position, a state and up to two debts in order; 0 stands for no debt.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) at: u32,
    pub(super) state: u16,
    pub(super) debts: [u16; 2],
}

impl Debt {
    fn code(self) -> u16 {
        match self {
            Debt::Skipped(letter) => letter.0 * 2 + 1,
            Debt::SetAside(letter) => letter.0 * 2 + 2,
        }
    }

    fn of_code(code: u16) -> Option<Self> {
        let letter = Letter(code.checked_sub(1)? / 2);
        Some(if code % 2 == 1 { Debt::Skipped(letter) } else { Debt::SetAside(letter) })
    }
}

impl Place {
    /// Its debts.
    pub(super) fn owed(self) -> impl Iterator<Item = Debt> {
        self.debts.into_iter().filter_map(Debt::of_code)
    }

    /// With one debt more; there must be room for it.
    pub(super) fn with(mut self, debt: Debt) -> Self {
        self.debts = match self.debts {
            [0, 0] => [debt.code(), 0],
            [one, _] if one >= debt.code() => [one, debt.code()],
            [one, _] => [debt.code(), one],
        };
        self
    }

    /// Without one such debt; `None`: there is none.
    pub(super) fn without(mut self, debt: Debt) -> Option<Self> {
        self.debts = match self.debts {
            [one, other] if one == debt.code() => [other, 0],
            [one, other] if other == debt.code() => [one, 0],
            _ => return None,
        };
        Some(self)
    }
}
