//! A reading → what decoding needs of it: regexes compiled, pointers in one trie, places numbered.
//!
//! All that can be wrong with a reading is found here, and said in words that name the place.

use regex::{Regex, RegexBuilder};

use super::locate::Locator;
use super::map::Map;
use super::reading::{Condition, Field, Format, Naming, Reading, ValueType};
use super::symbol::{Symbol, Symbols};
use super::trie::{Trie, keys_of};
use crate::wire::Direction;

/// A compiled regular expression may take this many bytes: a few hundred states, so that matching
/// the longest text that is looked at takes milliseconds.
const REGEX_SIZE: usize = 1 << 20;

/// What is wrong with a reading.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct ReadingError {
    /// Where: `field user`, `event cancel`, `decode.each`, …
    pub place: String,
    /// What, and what to write instead.
    pub what: String,
}

impl ReadingError {
    pub(super) fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

/// Where a value is, numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A slot of the trie.
    Slot(usize),
    /// One of [`Plan::handshake`].
    Handshake(usize),
    /// A slot of the claims' trie.
    Claim(usize),
    /// A slot of the trie, for the client's first message: one of [`Plan::first`].
    First(usize),
    Connection,
    Const(Symbol),
}

/// A place that a field takes its value from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Want {
    /// The field; [`Plan::TYPE`] for an event's type.
    pub(super) field: usize,
    /// Its rank among the field's places: the least that has a value counts.
    pub(super) rank: usize,
}

#[derive(Clone, Debug)]
pub(super) struct FieldPlan {
    pub(super) absent: Vec<String>,
    /// The same, as texts.
    pub(super) absent_texts: Vec<Symbol>,
    pub(super) value: ValueType,
    pub(super) sticky: bool,
    pub(super) derive: Option<(usize, Regex)>,
}

#[derive(Clone, Debug)]
pub(super) struct NamingPlan {
    pub(super) name: Symbol,
    pub(super) types: Vec<Symbol>,
    pub(super) direction: Option<Direction>,
    pub(super) conditions: Conditions,
    /// Fields that are elsewhere in these: their index, and the places.
    pub(super) fields: Vec<(usize, Vec<Place>)>,
}

/// Slots, and what must be there.
pub(super) type Conditions = Vec<(usize, ConditionPlan)>;

#[derive(Clone, Debug)]
pub(super) enum ConditionPlan {
    Plain(Condition),
    Regex(Regex),
}

/// A reading, ready for use.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) format: Format,
    /// Tries of one pointer each.
    pub(super) each: Option<Trie>,
    pub(super) unwrap: Option<Trie>,
    pub(super) text: Option<Regex>,
    /// Every pointer into a message.
    pub(super) trie: Trie,
    /// Every claim.
    pub(super) claims: Trie,
    pub(super) handshake: Vec<Locator>,
    /// Slots that are also wanted of the client's first message.
    pub(super) first: Vec<usize>,
    /// Where JWTs are in the handshake.
    pub(super) tokens: Vec<Locator>,
    /// Slots where JWTs are in the client's first message.
    pub(super) first_tokens: Vec<usize>,
    pub(super) type_of: FieldPlan,
    pub(super) fields: Vec<FieldPlan>,
    /// Who wants what is at a slot of the trie, by slot.
    pub(super) wants: Vec<Vec<Want>>,
    /// Who wants what is elsewhere.
    pub(super) besides: Vec<(Want, Place)>,
    /// The fields' indexes, each after the one it derives from.
    pub(super) order: Vec<usize>,
    pub(super) names: Vec<NamingPlan>,
    /// The namings that a type may fit, by its text; in order.
    pub(super) names_of: Map<Symbol, Vec<usize>>,
    /// Those for any other type.
    pub(super) names_of_any: Vec<usize>,
    pub(super) bodies: Vec<Symbol>,
    pub(super) tests: Vec<Conditions>,
}

impl Plan {
    /// What stands for an event's type where fields have numbers.
    pub(super) const TYPE: usize = usize::MAX;

    pub(super) fn field(&self, field: usize) -> &FieldPlan {
        self.fields.get(field).unwrap_or(&self.type_of)
    }

    pub(super) fn new(reading: &Reading, symbols: &mut Symbols) -> Result<Self, ReadingError> {
        if reading.fields.len() > usize::from(u8::MAX) {
            return Err(ReadingError::new("fields", "there are more than 255"));
        }
        let mut compiler = Compiler::gather(reading, symbols)?;
        let (mut tokens, mut first_tokens) = (Vec::new(), Vec::new());
        for locator in &reading.jwt_from {
            match locator {
                Locator::First(pointer) => {
                    let slot = compiler.slot("jwt_from", pointer)?;
                    compiler.first_index(slot);
                    first_tokens.push(slot);
                }
                other => tokens.push(other.clone()),
            }
        }
        let tests = reading.tests.iter().map(|test| compiler.conditions("where", test));
        let tests = tests.collect::<Result<_, _>>()?;
        let bodies = reading.bodies.iter().map(|name| compiler.symbols.intern(name)).collect();
        let type_of = compiler.field(Self::TYPE, ("type", &reading.type_of), reading)?;
        let mut fields = Vec::with_capacity(reading.fields.len());
        for (index, field) in reading.fields.iter().enumerate() {
            fields.push(compiler.field(index, (&field_place(field), field), reading)?);
        }
        let names = reading.names.iter().map(|naming| compiler.naming(naming, reading));
        let names = names.collect::<Result<Vec<_>, _>>()?;
        let (names_of, names_of_any) = by_type(&names);
        Ok(Self {
            names_of,
            names_of_any,
            wants: compiler.wants,
            besides: compiler.besides,
            format: reading.format,
            each: single("decode.each", reading.each.as_deref())?,
            unwrap: single("decode.unwrap", reading.unwrap.as_deref())?,
            text: text_regex(reading)?,
            order: order(reading)?,
            type_of,
            fields,
            names,
            bodies,
            tests,
            tokens,
            first_tokens,
            trie: compiler.trie,
            claims: compiler.claims,
            handshake: compiler.handshake,
            first: compiler.first,
        })
    }
}

/// What a compile gathers while it numbers places.
struct Compiler<'s> {
    symbols: &'s mut Symbols,
    trie: Trie,
    claims: Trie,
    handshake: Vec<Locator>,
    first: Vec<usize>,
    wants: Vec<Vec<Want>>,
    besides: Vec<(Want, Place)>,
}

impl<'s> Compiler<'s> {
    /// Both tries of a reading; slots exist only once all pointers are known.
    fn gather(reading: &Reading, symbols: &'s mut Symbols) -> Result<Self, ReadingError> {
        let (mut paths, mut claims) = (Vec::new(), Vec::new());
        let mut locators: Vec<(String, &Locator)> =
            reading.type_of.from.iter().map(|from| ("type".to_owned(), from)).collect();
        for field in &reading.fields {
            locators.extend(field.from.iter().map(|from| (field_place(field), from)));
        }
        for naming in &reading.names {
            let elsewhere = naming.fields.iter().flat_map(|(_, from)| from);
            locators.extend(elsewhere.map(|from| (naming_place(naming), from)));
        }
        for (place, locator) in locators {
            match locator {
                Locator::Pointer(pointer) | Locator::First(pointer) => {
                    paths.push(path(&place, pointer)?);
                }
                Locator::Claim(claim) => claims.push(vec![claim.clone()]),
                _ => {}
            }
        }
        for locator in &reading.jwt_from {
            match locator {
                Locator::First(pointer) => paths.push(path("jwt_from", pointer)?),
                Locator::Header(_)
                | Locator::Cookie(_)
                | Locator::Query(_)
                | Locator::Path(_)
                | Locator::Subprotocol => {}
                _ => {
                    let what = "a token comes with the handshake or the client's first message: \
                                write header:X, cookie:X, query:x, path:N, subprotocol or \
                                first:/pointer";
                    return Err(ReadingError::new("jwt_from", what));
                }
            }
        }
        for naming in &reading.names {
            for (pointer, _) in &naming.conditions {
                paths.push(path(&naming_place(naming), pointer)?);
            }
        }
        for (pointer, _) in reading.tests.iter().flatten() {
            paths.push(path("where", pointer)?);
        }
        let trie = Trie::new(paths);
        Ok(Self {
            symbols,
            wants: vec![Vec::new(); trie.len()],
            besides: Vec::new(),
            trie,
            claims: Trie::new(claims),
            handshake: Vec::new(),
            first: Vec::new(),
        })
    }

    fn slot(&self, place: &str, pointer: &str) -> Result<usize, ReadingError> {
        let path = path(place, pointer)?;
        Ok(self.trie.slot(&path).expect("gather took every pointer"))
    }

    fn first_index(&mut self, slot: usize) -> usize {
        position_or_push(&mut self.first, slot)
    }

    fn place(&mut self, place: &str, locator: &Locator) -> Result<Place, ReadingError> {
        Ok(match locator {
            Locator::Pointer(pointer) => Place::Slot(self.slot(place, pointer)?),
            Locator::First(pointer) => {
                let slot = self.slot(place, pointer)?;
                Place::First(self.first_index(slot))
            }
            Locator::Claim(claim) => {
                let slot = self.claims.slot(std::slice::from_ref(claim));
                Place::Claim(slot.expect("gather took every claim"))
            }
            Locator::Connection => Place::Connection,
            Locator::Const(text) => Place::Const(self.symbols.intern(text)),
            other => Place::Handshake(position_or_push(&mut self.handshake, other.clone())),
        })
    }

    fn field(
        &mut self,
        index: usize,
        (place, field): (&str, &Field),
        reading: &Reading,
    ) -> Result<FieldPlan, ReadingError> {
        for (rank, locator) in field.from.iter().enumerate() {
            let want = Want { field: index, rank };
            match self.place(place, locator)? {
                Place::Slot(slot) => self.wants[slot].push(want),
                elsewhere => self.besides.push((want, elsewhere)),
            }
        }
        let derive = match &field.derive {
            None => None,
            Some((source, pattern)) => {
                let index = reading.fields.iter().position(|field| field.name == *source);
                let index = index.ok_or_else(|| {
                    ReadingError::new(place, format!("derives from {source}, which is no field"))
                })?;
                let regex = regex(place, pattern)?;
                if regex.captures_len() < 2 {
                    let what = format!("{pattern} has no group: put the value's part in (…)");
                    return Err(ReadingError::new(place, what));
                }
                Some((index, regex))
            }
        };
        if place == "type" && (field.sticky || derive.is_some()) {
            return Err(ReadingError::new(place, "sticky and derive are for other fields"));
        }
        let absent = field.absent.clone();
        let absent_texts = absent.iter().map(|word| self.symbols.intern(word)).collect();
        let Field { value, sticky, .. } = *field;
        Ok(FieldPlan { absent, absent_texts, value, sticky, derive })
    }

    fn conditions(
        &self,
        place: &str,
        conditions: &[(String, Condition)],
    ) -> Result<Conditions, ReadingError> {
        let mut planned = Vec::with_capacity(conditions.len());
        for (pointer, condition) in conditions {
            let condition = match condition {
                Condition::Regex(pattern) => {
                    ConditionPlan::Regex(regex(&format!("{place}, {pointer}"), pattern)?)
                }
                plain => ConditionPlan::Plain(plain.clone()),
            };
            planned.push((self.slot(place, pointer)?, condition));
        }
        Ok(planned)
    }

    fn naming(&mut self, naming: &Naming, reading: &Reading) -> Result<NamingPlan, ReadingError> {
        let place = naming_place(naming);
        let conditions = self.conditions(&place, &naming.conditions)?;
        let mut fields = Vec::with_capacity(naming.fields.len());
        for (name, from) in &naming.fields {
            let index = reading.fields.iter().position(|field| field.name == *name);
            let index = index
                .ok_or_else(|| ReadingError::new(place.as_str(), format!("{name} is no field")))?;
            let from = from.iter().map(|locator| self.place(&place, locator));
            fields.push((index, from.collect::<Result<_, _>>()?));
        }
        Ok(NamingPlan {
            name: self.symbols.intern(&naming.name),
            types: naming.types.iter().map(|word| self.symbols.intern(word)).collect(),
            direction: naming.direction,
            conditions,
            fields,
        })
    }
}

/// The namings that each type may fit, and those for the types that none names.
fn by_type(names: &[NamingPlan]) -> (Map<Symbol, Vec<usize>>, Vec<usize>) {
    let fit = |word: Option<Symbol>| {
        let fits = |naming: &NamingPlan| {
            naming.types.is_empty() || word.is_some_and(|word| naming.types.contains(&word))
        };
        (0..names.len()).filter(|index| fits(&names[*index])).collect()
    };
    let words = names.iter().flat_map(|naming| &naming.types);
    (words.map(|word| (*word, fit(Some(*word)))).collect(), fit(None))
}

fn position_or_push<T: PartialEq>(list: &mut Vec<T>, value: T) -> usize {
    list.iter().position(|known| *known == value).unwrap_or_else(|| {
        list.push(value);
        list.len() - 1
    })
}

fn field_place(field: &Field) -> String {
    format!("field {}", field.name)
}

fn naming_place(naming: &Naming) -> String {
    format!("event {}", naming.name)
}

fn path(place: &str, pointer: &str) -> Result<Vec<String>, ReadingError> {
    keys_of(pointer).ok_or_else(|| {
        let what = format!(
            "{pointer} is no JSON pointer: it begins with '/', and '~' is written ~0, '/' in a \
             key ~1"
        );
        ReadingError::new(place, what)
    })
}

pub(super) fn single(place: &str, pointer: Option<&str>) -> Result<Option<Trie>, ReadingError> {
    pointer.map(|pointer| Ok(Trie::new(vec![path(place, pointer)?]))).transpose()
}

fn regex(place: &str, pattern: &str) -> Result<Regex, ReadingError> {
    let built = RegexBuilder::new(pattern).size_limit(REGEX_SIZE).build();
    built.map_err(|error| {
        let what = match error {
            regex::Error::CompiledTooBig(_) => format!("{pattern} is too large to match fast"),
            error => format!("{pattern} is no regular expression: {error}"),
        };
        ReadingError::new(place, what)
    })
}

fn text_regex(reading: &Reading) -> Result<Option<Regex>, ReadingError> {
    match (reading.format, &reading.text) {
        (Format::Text, None) => {
            Err(ReadingError::new("decode.text", "format text needs a regular expression"))
        }
        (Format::Text, Some(pattern)) => regex("decode.text", pattern).map(Some),
        _ => Ok(None),
    }
}

/// The fields' indexes, each after the one it derives from.
fn order(reading: &Reading) -> Result<Vec<usize>, ReadingError> {
    let mut by_depth = Vec::with_capacity(reading.fields.len());
    for (index, field) in reading.fields.iter().enumerate() {
        let (mut depth, mut at) = (0, field);
        while let Some((source, _)) = &at.derive {
            depth += 1;
            if depth > reading.fields.len() {
                return Err(ReadingError::new(field_place(field), "derives from itself"));
            }
            match reading.fields.iter().find(|field| field.name == *source) {
                Some(next) => at = next,
                None => break,
            }
        }
        by_depth.push((depth, index));
    }
    by_depth.sort_unstable();
    Ok(by_depth.into_iter().map(|(_, index)| index).collect())
}
