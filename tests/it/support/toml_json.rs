//! The text of a rules file → the same as JSON.

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

/// A text that is TOML, as JSON.
#[track_caller]
pub(crate) fn json_of(text: &str) -> Value {
    table(DeTable::parse(text).unwrap().get_ref())
}

fn table(from: &DeTable<'_>) -> Value {
    let entries = from.iter();
    let entries = entries.map(|(key, value)| (key.get_ref().to_string(), one(value.get_ref())));
    Value::Object(entries.collect::<Map<_, _>>())
}

fn one(from: &DeValue<'_>) -> Value {
    match from {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).expect("a number that fits").into()
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().expect("a number").into(),
        DeValue::Boolean(truth) => (*truth).into(),
        DeValue::Datetime(date) => date.to_string().into(),
        DeValue::Array(list) => list.iter().map(|each| one(each.get_ref())).collect(),
        DeValue::Table(inner) => table(inner),
    }
}
