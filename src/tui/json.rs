//! JSON text → lines to read: one value a line, indented, each knowing what it holds. Knows no depth
//! that could overflow, and takes what is not JSON as it comes.

use std::collections::HashSet;

/// Lines made of one payload: more than anyone scrolls through.
pub const MOST_LINES: usize = 10_000;

/// Columns of indentation at most, so that deep values are still seen.
const DEEPEST_INDENT: usize = 24;

/// Bytes of one line: more of a value is for the raw form, which shows it by rows.
const LONGEST_LINE: usize = 4096;

/// Values on the way to one that are named: a longer path is no help.
const LONGEST_PATH: usize = 40;

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Indented.
    pub text: String,
    /// The line that opens what it is in.
    pub parent: Option<usize>,
    /// Its place in that, from 0.
    pub ordinal: usize,
    /// The line that closes what it opens; itself, where it opens nothing.
    pub end: usize,
    /// The line that opened what it closes.
    pub closes: Option<usize>,
}

/// The lines; what is beyond [`MOST_LINES`] is left out.
pub fn lines(text: &str) -> Vec<Line> {
    let mut made = Lines::default();
    let (mut in_text, mut escaped) = (false, false);
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        if made.done.len() >= MOST_LINES {
            break;
        }
        if in_text {
            made.push(sign);
            in_text = escaped || sign != '"';
            escaped = !escaped && sign == '\\';
            continue;
        }
        match sign {
            '"' => {
                in_text = true;
                made.push(sign);
            }
            '{' | '[' => {
                made.push(sign);
                let closes = if sign == '{' { '}' } else { ']' };
                while signs.next_if(char::is_ascii_whitespace).is_some() {}
                if signs.next_if_eq(&closes).is_some() {
                    made.push(closes);
                } else {
                    made.open();
                }
            }
            '}' | ']' => made.close(sign),
            ',' => {
                made.push(sign);
                made.break_line();
            }
            ':' => {
                made.push(sign);
                made.push(' ');
            }
            space if space.is_ascii_whitespace() => {}
            other => made.push(other),
        }
    }
    made.break_line();
    let last = made.done.len().saturating_sub(1);
    for open in made.open {
        made.done[open].end = last;
    }
    made.done
}

#[derive(Default)]
struct Lines {
    done: Vec<Line>,
    line: String,
    /// There was more of it.
    is_cut: bool,
    /// The lines that are open, with how much is in each.
    open: Vec<usize>,
    inside: Vec<usize>,
    /// What is being written closes what stands there.
    closing: Option<usize>,
}

impl Lines {
    fn push(&mut self, sign: char) {
        if self.line.len() < LONGEST_LINE {
            self.line.push(sign);
        } else {
            self.is_cut = true;
        }
    }

    fn break_line(&mut self) {
        if self.line.is_empty() {
            return;
        }
        if let Some(opened) = self.closing.take() {
            let Line { parent, ordinal, .. } = self.done[opened];
            self.put(self.open.len(), parent, ordinal);
            if let Some(closing) = self.done.last_mut() {
                closing.closes = Some(opened);
            }
            return;
        }
        let ordinal = self.inside.last_mut().map_or(0, |inside| {
            *inside += 1;
            *inside - 1
        });
        self.put(self.open.len(), self.open.last().copied(), ordinal);
    }

    fn put(&mut self, depth: usize, parent: Option<usize>, ordinal: usize) {
        let mut text = " ".repeat((depth * 2).min(DEEPEST_INDENT));
        text += &std::mem::take(&mut self.line);
        if std::mem::take(&mut self.is_cut) {
            text.push('…');
        }
        self.done.push(Line { text, parent, ordinal, end: self.done.len(), closes: None });
    }

    fn open(&mut self) {
        let at = self.done.len();
        self.break_line();
        self.open.push(at);
        self.inside.push(0);
    }

    /// A line that closes stands where the one stood that opened.
    fn close(&mut self, sign: char) {
        self.break_line();
        self.push(sign);
        let Some(opened) = self.open.pop() else { return self.break_line() };
        self.inside.pop();
        let end = self.done.len();
        self.done[opened].end = end;
        // What follows it, a comma, comes onto the same line.
        self.closing = Some(opened);
    }
}

/// The lines that are seen where those of `folds` are folded.
pub(super) fn shown(lines: &[Line], folds: &HashSet<usize>) -> Vec<usize> {
    let (mut shown, mut at) = (Vec::new(), 0);
    while let Some(line) = lines.get(at) {
        shown.push(at);
        at = if folds.contains(&at) { line.end.max(at) + 1 } else { at + 1 };
    }
    shown
}

/// Where a line is, as a filter names it: `$.payload.results[3].name`.
pub fn path(lines: &[Line], at: usize) -> String {
    let mut steps = Vec::new();
    let mut here = lines.get(at).map(|line| line.closes.unwrap_or(at));
    while let Some(line) = here.and_then(|here| lines.get(here)) {
        // The outermost has no name.
        let Some(parent) = line.parent else { break };
        if steps.len() == LONGEST_PATH {
            steps.push("…".to_owned());
            break;
        }
        steps.push(step(&line.text, line.ordinal));
        here = Some(parent);
    }
    steps.reverse();
    format!("${}", steps.concat())
}

fn step(text: &str, ordinal: usize) -> String {
    let name = text.trim_start().strip_prefix('"').and_then(|rest| rest.split_once("\": "));
    match name {
        Some((name, _)) if name.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            format!(".{name}")
        }
        Some((name, _)) => format!("[\"{name}\"]"),
        None => format!("[{ordinal}]"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{MOST_LINES, lines, path, shown};

    fn texts(text: &str) -> Vec<String> {
        lines(text).into_iter().map(|line| line.text).collect()
    }

    const TEXT: &str = r#"{"a":[1,{"b":"x,\"{y"}],"c":{},"a":null}"#;

    #[test]
    fn a_value_a_line() {
        let wanted = [
            "{",
            "  \"a\": [",
            "    1,",
            "    {",
            "      \"b\": \"x,\\\"{y\"",
            "    }",
            "  ],",
            "  \"c\": {},",
            "  \"a\": null",
            "}",
        ];
        assert_eq!(texts(TEXT), wanted);
    }

    #[test]
    fn lines_know_what_they_hold_and_where_they_are() {
        let lines = lines(TEXT);
        let ends: Vec<usize> = lines.iter().map(|line| line.end).collect();
        assert_eq!(ends, [9, 6, 2, 5, 4, 5, 6, 7, 8, 9]);
        assert_eq!(path(&lines, 4), "$.a[1].b");
        assert_eq!(path(&lines, 2), "$.a[0]");
        assert_eq!(path(&lines, 5), "$.a[1]");
        assert_eq!(path(&lines, 6), "$.a");
        assert_eq!(path(&lines, 8), "$.a");
        assert_eq!(path(&lines, 0), "$");
        assert_eq!(shown(&lines, &HashSet::from([1])), [0, 1, 7, 8, 9]);
        assert_eq!(shown(&lines, &HashSet::from([0, 1])), [0]);
        assert_eq!(shown(&lines, &HashSet::new()).len(), lines.len());
    }

    #[test]
    fn nothing_is_too_deep_too_long_or_too_broken() {
        let deep = lines(&"[".repeat(1_000_000));
        assert_eq!(deep.len(), MOST_LINES);
        assert!(path(&deep, 9_999).len() < 1000);
        assert_eq!(shown(&deep, &HashSet::from([5])).len(), 6);
        let closed = format!("{}1{}", "[".repeat(4_000), "]".repeat(4_000));
        assert_eq!(lines(&closed)[0].end, 8_000);
        assert_eq!(texts("}}]] not json"), ["}", "}", "]", "]", "notjson"]);
        assert!(lines("").is_empty());
        let long = lines(&format!("[\"{}\",2]", "x".repeat(16 << 20)));
        assert_eq!(long.len(), 4);
        assert!(long[1].text.ends_with('…') && long[1].text.len() < 5000);
    }
}
