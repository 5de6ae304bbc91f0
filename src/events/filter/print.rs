//! A filter → its text, which reads back as the same filter.

use std::fmt::{Display, Formatter, Result};

use super::amount::{Range, Unit};
use super::term::{AmountField, Expr, Glob, Pointer, Term, Test};
use super::{Filter, is_bare, is_key, is_plain};

impl Display for Filter {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str(&expr(self.expr(), false))
    }
}

/// The text; in parentheses where it is `inner` and more than one condition.
fn expr(of: &Expr, inner: bool) -> String {
    let (children, between) = match of {
        Expr::Term(one) => return term(one),
        Expr::Not(negated) => return format!("not {}", expr(negated, true)),
        Expr::All(children) => (children, " "),
        Expr::Any(children) => (children, " or "),
    };
    let parts: Vec<String> = children
        .iter()
        .map(|child| expr(child, between == " " || matches!(child, Expr::Any(_))))
        .collect();
    let text = parts.join(between);
    if inner { format!("({text})") } else { text }
}

fn term(of: &Term) -> String {
    match of {
        Term::Text(text) if is_plain(text.text()) => text.text().to_owned(),
        Term::Text(text) => quoted(text.text()),
        Term::Matches(pattern) => format!("/{}/", pattern.source().replace('/', "\\/")),
        Term::Word(field, globs) => format!("{}:{}", field.name(), list(globs)),
        Term::Amount(field, ranges) => amounts(*field, ranges),
        Term::At(pointer, Test::Is(globs)) => format!("{}={}", path(pointer), list(globs)),
        Term::At(pointer, Test::Compare(order, bound)) => {
            format!("{}{}{bound}", path(pointer), order.sign())
        }
        Term::Has(pointer) => format!("has:{}", path(pointer)),
        Term::Lacks(globs) => format!("lacks:{}", list(globs)),
        Term::Around(code, ns) => format!("around:{} {}", glob(code), Unit::Time.write(*ns)),
    }
}

fn amounts(field: AmountField, ranges: &[Range]) -> String {
    let unit = field.unit();
    let name = field.name();
    let value = |range: &Range| match range {
        Range::Exactly(one) => unit.write(*one),
        Range::Between(from, to) => format!("{}..{}", unit.write(*from), unit.write(*to)),
        Range::Above(bound) => format!(">{}", unit.write(*bound)),
        Range::AtLeast(bound) => format!(">={}", unit.write(*bound)),
        Range::Below(bound) => format!("<{}", unit.write(*bound)),
        Range::AtMost(bound) => format!("<={}", unit.write(*bound)),
    };
    let is_plain = |range: &Range| matches!(range, Range::Exactly(_) | Range::Between(..));
    match (field, ranges) {
        (AmountField::Frame, [Range::Between(from, to)]) => format!("#{from}..#{to}"),
        (AmountField::Frame, [range]) => format!("#{}", value(range)),
        (_, [range]) if is_plain(range) => format!("{name}:{}", value(range)),
        (_, [range]) => format!("{name}{}", value(range)),
        (_, ranges) => {
            let values: Vec<String> = ranges.iter().map(value).collect();
            format!("{name}:{{{}}}", values.join(","))
        }
    }
}

pub(super) fn path(pointer: &Pointer) -> String {
    let step = |key: &String| match key {
        key if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("[{key}]")
        }
        key if is_key(key) => format!(".{key}"),
        key => format!("[{}]", quoted(key)),
    };
    std::iter::once("$".to_owned()).chain(pointer.keys().iter().map(step)).collect()
}

pub(super) fn list(globs: &[Glob]) -> String {
    match globs {
        [one] => glob(one),
        many => format!("{{{}}}", many.iter().map(glob).collect::<Vec<_>>().join(",")),
    }
}

pub(super) fn glob(of: &Glob) -> String {
    let bare = is_bare(of.text()) && (of.is_wild() || !of.text().contains('*'));
    if bare { of.text().to_owned() } else { quoted(of.text()) }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
