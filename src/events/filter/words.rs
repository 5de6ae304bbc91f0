//! A filter → what it asks for, in words.

use super::amount::{Range, Unit};
use super::print::{glob, list, path};
use super::term::{AmountField, Expr, Glob, Term, Test, WordField};

/// The whole, in words; of a part that is `inner`, in parentheses where it needs them.
pub(super) fn expr(of: &Expr, inner: bool) -> String {
    let (children, between) = match of {
        Expr::All(none) if none.is_empty() => return "everything".to_owned(),
        Expr::Term(one) => return term(one),
        Expr::Not(negated) => return format!("not {}", expr(negated, true)),
        Expr::All(children) => (children, " and "),
        Expr::Any(children) => (children, " or "),
    };
    let parts: Vec<String> = children.iter().map(|child| expr(child, true)).collect();
    let text = parts.join(between);
    if inner { format!("({text})") } else { text }
}

/// One condition in words.
fn term(of: &Term) -> String {
    match of {
        Term::Text(text) => format!("\"{}\" in it", text.text()),
        Term::Matches(pattern) => format!("the payload matches /{}/", pattern.source()),
        Term::Word(WordField::Dir, globs) => {
            let outward = globs.iter().any(|glob| glob.text() == "out");
            let inward = globs.iter().any(|glob| glob.text() == "in");
            match (outward, inward) {
                (true, true) => "in either direction",
                (true, false) => "from client to server",
                _ => "from server to client",
            }
            .to_owned()
        }
        Term::Word(WordField::Flag, globs) => format!("flagged {}", either(globs)),
        Term::Word(WordField::Op, globs) => format!("a {}", either(globs)),
        Term::Word(field, globs) => format!("{} is {}", field.name(), either(globs)),
        Term::Amount(field, ranges) => amounts(*field, ranges),
        Term::At(pointer, Test::Is(globs)) => format!("{} is {}", path(pointer), either(globs)),
        Term::At(pointer, Test::Compare(order, bound)) => {
            format!("{} {} {bound}", path(pointer), order.sign())
        }
        Term::Has(pointer) => format!("{} is there", path(pointer)),
        Term::Lacks(globs) => format!("of a run without {}", either(globs)),
        Term::Around(code, ns) => {
            format!("at most {} from a finding {}", Unit::Time.write(*ns), glob(code))
        }
    }
}

fn either(globs: &[Glob]) -> String {
    match globs {
        [one] => glob(one),
        many => format!("one of {}", list(many).trim_matches(['{', '}']).replace(',', ", ")),
    }
}

fn amounts(field: AmountField, ranges: &[Range]) -> String {
    let write = |amount: &u64| field.unit().write(*amount);
    let one = |range: &Range| match range {
        Range::Above(bound) => format!("over {}", write(bound)),
        Range::AtLeast(bound) => format!("at least {}", write(bound)),
        Range::Below(bound) => format!("under {}", write(bound)),
        Range::AtMost(bound) => format!("at most {}", write(bound)),
        Range::Exactly(wanted) => write(wanted),
        Range::Between(from, to) => format!("{} to {}", write(from), write(to)),
    };
    let parts: Vec<String> = ranges.iter().map(one).collect();
    let amount = parts.join(" or ");
    match field {
        AmountField::Size => format!("size {amount}"),
        AmountField::Dt => format!("{amount} after the event before it in its run"),
        AmountField::Lat => format!("{amount} after what it answers"),
        AmountField::Conn => format!("connection {amount}"),
        AmountField::Frame => format!("frame {amount}"),
    }
}
