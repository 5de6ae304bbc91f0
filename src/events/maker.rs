//! What was found in a message → its event's name and fields.

use regex::Regex;

use crate::wire::Direction;

use super::decoder::Named;
use super::event::{FieldId, Scalar};
use super::known::Known;
use super::map::Map;
use super::plan::{Conditions, Place, Plan, Want};
use super::symbol::{Symbol, Symbols};
use super::trie::Picked;
use super::value::{derived, holds, is_absent, read_as, scalar};

/// Texts whose derived values are remembered: the runs and threads that are open at a time.
const REMEMBERED: usize = 8192;

/// The values found for an event's fields.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    /// By field: the rank of the place that the value is from, and the value.
    fields: Vec<(usize, Option<Scalar>)>,
    /// The same for the type.
    of_type: (usize, Option<Scalar>),
    /// A type that counts as none.
    absent_type: (usize, Option<Scalar>),
}

/// Makes one event's name and fields.
pub(super) struct Maker<'a> {
    pub(super) plan: &'a Plan,
    pub(super) symbols: &'a mut Symbols,
    pub(super) known: &'a mut Known,
    pub(super) connection: i64,
    pub(super) found: &'a Picked<'a>,
    pub(super) derived: &'a mut Map<(usize, Symbol), Option<Scalar>>,
}

impl Maker<'_> {
    /// A value that is not in the message itself.
    fn beside(&self, place: Place) -> Option<Scalar> {
        match place {
            Place::Slot(_) => None,
            Place::Handshake(index) => *self.known.handshake.get(index)?,
            Place::Claim(slot) => *self.known.claims.get(slot)?,
            Place::First(index) => *self.known.first.as_ref()?.get(index)?,
            Place::Connection => Some(Scalar::Integer(self.connection)),
            Place::Const(symbol) => Some(Scalar::Text(symbol)),
        }
    }

    /// The value of the first of each field's places that has one. What is found decides: a
    /// message has few of the places that are wanted.
    pub(super) fn gather(&mut self, values: &mut Values) {
        let plan = self.plan;
        *values = Values {
            fields: std::mem::take(&mut values.fields),
            of_type: (usize::MAX, None),
            absent_type: (usize::MAX, None),
        };
        values.fields.clear();
        values.fields.resize(plan.fields.len(), (usize::MAX, None));
        for (slot, found) in self.found.iter() {
            let wants = &plan.wants[slot];
            if wants.iter().any(|want| want.rank < values.rank(want.field))
                && let Some(value) = scalar(found, self.symbols)
            {
                for want in wants {
                    self.offer(values, *want, value);
                }
            }
        }
        for (want, place) in &plan.besides {
            if want.rank < values.rank(want.field)
                && let Some(value) = self.beside(*place)
            {
                self.offer(values, *want, value);
            }
        }
    }

    fn offer(&mut self, values: &mut Values, want: Want, value: Scalar) {
        if want.rank >= values.rank(want.field) {
            return;
        }
        let field = self.plan.field(want.field);
        if is_absent(value, field, self.symbols) {
            if want.field == Plan::TYPE && want.rank < values.absent_type.0 {
                values.absent_type = (want.rank, Some(value));
            }
        } else if let Some(value) = read_as(value, field.value, self.symbols) {
            *values.of(want.field) = (want.rank, Some(value));
        }
    }

    /// Derived values, and those that last from earlier messages.
    pub(super) fn complete(&mut self, values: &mut Values, is_message: bool) {
        let plan = self.plan;
        for index in &plan.order {
            let field = &plan.fields[*index];
            let mut value = values.fields[*index].1;
            if let (None, Some((source, regex))) = (value, &field.derive)
                && let Some(source) = values.fields[*source].1
            {
                value = self.derive(*index, source, regex);
            }
            if field.sticky && is_message {
                let sticky = &mut self.known.sticky;
                sticky.resize(plan.fields.len(), None);
                value = value.or(sticky[*index]);
                sticky[*index] = value;
            }
            values.fields[*index].1 = value;
        }
    }

    fn derive(&mut self, index: usize, source: Scalar, regex: &Regex) -> Option<Scalar> {
        let field = &self.plan.fields[index];
        let Scalar::Text(text) = source else {
            return derived(source, regex, field, self.symbols);
        };
        if let Some(known) = self.derived.get(&(index, text)) {
            return *known;
        }
        let value = derived(source, regex, field, self.symbols);
        if self.derived.len() >= REMEMBERED {
            self.derived.clear();
        }
        self.derived.insert((index, text), value);
        value
    }

    /// Fields that a naming finds elsewhere.
    pub(super) fn elsewhere(&mut self, naming: Option<usize>, values: &mut Values) {
        let plan = self.plan;
        let Some(naming) = naming.and_then(|index| plan.names.get(index)) else { return };
        for (index, from) in &naming.fields {
            let field = &plan.fields[*index];
            let found = from.iter().find_map(|place| {
                let value = match place {
                    Place::Slot(slot) => scalar(self.found.at(*slot), self.symbols)?,
                    elsewhere => self.beside(*elsewhere)?,
                };
                let counts = !is_absent(value, field, self.symbols);
                counts.then(|| read_as(value, field.value, self.symbols)).flatten()
            });
            let value = &mut values.fields[*index].1;
            *value = found.or(*value);
        }
    }

    /// The tests that its payload passes.
    pub(super) fn passes(&self) -> u32 {
        let mut passes = 0;
        for (bit, test) in self.plan.tests.iter().enumerate().take(u32::BITS as usize) {
            passes |= u32::from(self.fits(test)) << bit;
        }
        passes
    }

    fn fits(&self, conditions: &Conditions) -> bool {
        conditions.iter().all(|(slot, condition)| holds(condition, self.found.at(*slot)))
    }

    /// Its name, and the naming that gave it.
    pub(super) fn name(
        &mut self,
        named: Named<'_>,
        direction: Direction,
        values: &Values,
    ) -> (Symbol, Option<usize>) {
        let plan = self.plan;
        let found = if named.is_fixed { None } else { values.of_type.1.or(values.absent_type.1) };
        let word = match found {
            Some(Scalar::Text(symbol)) => symbol,
            Some(other) => {
                let text = other.display(self.symbols);
                self.symbols.intern(&text)
            }
            None => self.symbols.intern(named.word),
        };
        let fits = |index: &&usize| {
            let naming = &plan.names[**index];
            !(naming.types.is_empty() && named.is_fixed)
                && naming.direction.is_none_or(|only| only == direction)
                && self.fits(&naming.conditions)
        };
        let candidates = plan.names_of.get(&word).unwrap_or(&plan.names_of_any);
        let naming = candidates.iter().find(fits).copied();
        (naming.map_or(word, |index| plan.names[index].name), naming)
    }
}

impl Values {
    /// Those that there are, by their fields.
    pub(super) fn fields(&self) -> Vec<(FieldId, Scalar)> {
        let count = self.fields.iter().filter(|(_, value)| value.is_some()).count();
        let mut fields = Vec::with_capacity(count);
        let values = self.fields.iter().enumerate();
        fields.extend(values.filter_map(|(id, (_, value))| Some((FieldId(id as u8), (*value)?))));
        fields
    }

    fn rank(&self, field: usize) -> usize {
        self.fields.get(field).map_or(self.of_type.0, |(rank, _)| *rank)
    }

    fn of(&mut self, field: usize) -> &mut (usize, Option<Scalar>) {
        self.fields.get_mut(field).unwrap_or(&mut self.of_type)
    }
}
