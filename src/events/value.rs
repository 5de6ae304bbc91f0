//! What was found at the places of a field → the field's value.

use regex::Regex;

use super::event::Scalar;
use super::moment;
use super::plan::{ConditionPlan, FieldPlan};
use super::reading::{Condition, Literal, ValueType};
use super::symbol::Symbols;
use super::trie::Found;

/// Texts are matched up to here, in bytes, so that no payload makes a regular expression slow.
const REGEX_READS: usize = 64 << 10;

/// The scalar that was found, if one was.
pub(super) fn scalar(found: &Found<'_>, symbols: &mut Symbols) -> Option<Scalar> {
    Some(match found {
        Found::Nothing | Found::Null | Found::Compound | Found::Raw(_) => return None,
        Found::Text(text) => Scalar::Text(symbols.intern(text)),
        Found::Integer(number) => Scalar::Integer(*number),
        // Not a float: two ids that differ must stay different.
        Found::Large(number) => Scalar::Text(symbols.intern(&number.to_string())),
        Found::Float(number) => Scalar::Float(number.to_bits()),
        Found::Bool(value) => Scalar::Bool(*value),
    })
}

/// It is one of the words that count as none. Numbers are compared as they are written.
pub(super) fn is_absent(value: Scalar, field: &FieldPlan, symbols: &Symbols) -> bool {
    match value {
        _ if field.absent.is_empty() => false,
        Scalar::Text(symbol) => field.absent_texts.contains(&symbol),
        other => field.absent.contains(&other.display(symbols)),
    }
}

/// The value as its field wants it; `None` if it can't be read so.
pub(super) fn read_as(value: Scalar, wanted: ValueType, symbols: &mut Symbols) -> Option<Scalar> {
    match (wanted, value) {
        (ValueType::Any, _)
        | (ValueType::Text, Scalar::Text(_))
        | (ValueType::Integer, Scalar::Integer(_)) => Some(value),
        (ValueType::Text, _) => {
            let text = value.display(symbols);
            Some(Scalar::Text(symbols.intern(&text)))
        }
        (ValueType::Integer, Scalar::Text(text)) => {
            symbols.text(text).trim().parse().ok().map(Scalar::Integer)
        }
        (ValueType::Time, Scalar::Text(text)) => {
            moment::from_text(symbols.text(text)).map(Scalar::Integer)
        }
        (ValueType::Time, Scalar::Integer(number)) => {
            moment::from_integer(number).map(Scalar::Integer)
        }
        (ValueType::Time, Scalar::Float(bits)) => {
            moment::from_float(f64::from_bits(bits)).map(Scalar::Integer)
        }
        (ValueType::Integer, _) | (ValueType::Time, Scalar::Bool(_) | Scalar::Connection(_)) => {
            None
        }
    }
}

/// The part of another field's value that a field derives.
pub(super) fn derived(
    source: Scalar,
    regex: &Regex,
    field: &FieldPlan,
    symbols: &mut Symbols,
) -> Option<Scalar> {
    let text = source.display(symbols);
    let part = regex.captures(&text)?.get(1)?.as_str();
    let value = Scalar::Text(symbols.intern(part));
    if is_absent(value, field, symbols) {
        return None;
    }
    read_as(value, field.value, symbols)
}

/// The text, as much as is matched of it.
pub(super) fn matched(text: &str) -> &str {
    let mut end = text.len().min(REGEX_READS);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// What is at a condition's pointer is as the condition wants it.
pub(super) fn holds(condition: &ConditionPlan, found: &Found<'_>) -> bool {
    match condition {
        ConditionPlan::Regex(regex) => match found {
            Found::Text(text) => regex.is_match(matched(text)),
            _ => false,
        },
        ConditionPlan::Plain(Condition::Exists(wanted)) => {
            *wanted != matches!(found, Found::Nothing)
        }
        ConditionPlan::Plain(Condition::In(literals)) => {
            literals.iter().any(|literal| equals(literal, found))
        }
        ConditionPlan::Plain(Condition::Range { from, to, open }) => {
            let Some(value) = number(found) else { return false };
            let above = from.is_none_or(|from| value > from || value >= from && !open.0);
            let below = to.is_none_or(|to| value < to || value <= to && !open.1);
            above && below
        }
        // Compiled to the variant above.
        ConditionPlan::Plain(Condition::Regex(_)) => false,
    }
}

#[expect(clippy::float_cmp, reason = "a rules file's number equals a payload's only if exactly")]
fn equals(literal: &Literal, found: &Found<'_>) -> bool {
    match (literal, found) {
        (Literal::Text(wanted), Found::Text(text)) => wanted == text,
        (Literal::Bool(wanted), Found::Bool(value)) => wanted == value,
        (Literal::Number(wanted), found) => number(found).is_some_and(|value| value == *wanted),
        _ => false,
    }
}

fn number(found: &Found<'_>) -> Option<f64> {
    match found {
        Found::Integer(number) => Some(*number as f64),
        Found::Large(number) => Some(*number as f64),
        Found::Float(number) => Some(*number),
        _ => None,
    }
}
