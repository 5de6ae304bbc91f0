//! JSON text → lines to read: one value a line, indented. Knows no depth that could overflow, and
//! takes what is not JSON as it comes.

/// Lines made of one payload: more than anyone scrolls through.
pub const MOST_LINES: usize = 10_000;

/// Columns of indentation at most, so that deep values are still seen.
const DEEPEST_INDENT: usize = 24;

/// The lines; what is beyond [`MOST_LINES`] is left out.
pub fn lines(text: &str) -> Vec<String> {
    let mut made = Lines { done: Vec::new(), line: String::new(), depth: 0 };
    let (mut in_text, mut escaped) = (false, false);
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        if made.done.len() >= MOST_LINES {
            break;
        }
        if in_text {
            made.line.push(sign);
            in_text = escaped || sign != '"';
            escaped = !escaped && sign == '\\';
            continue;
        }
        match sign {
            '"' => {
                in_text = true;
                made.line.push(sign);
            }
            '{' | '[' => {
                made.line.push(sign);
                let closes = if sign == '{' { '}' } else { ']' };
                while signs.next_if(char::is_ascii_whitespace).is_some() {}
                if signs.next_if_eq(&closes).is_some() {
                    made.line.push(closes);
                } else {
                    made.break_line();
                    made.depth += 1;
                }
            }
            '}' | ']' => {
                made.break_line();
                made.depth = made.depth.saturating_sub(1);
                made.line.push(sign);
            }
            ',' => {
                made.line.push(sign);
                made.break_line();
            }
            ':' => made.line.push_str(": "),
            space if space.is_ascii_whitespace() => {}
            other => made.line.push(other),
        }
    }
    made.break_line();
    made.done
}

struct Lines {
    done: Vec<String>,
    line: String,
    depth: usize,
}

impl Lines {
    fn break_line(&mut self) {
        if self.line.is_empty() {
            return;
        }
        // A line that closes stands where the one stood that opened.
        let indent = " ".repeat((self.depth * 2).min(DEEPEST_INDENT));
        self.done.push(indent + &std::mem::take(&mut self.line));
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_LINES, lines};

    #[test]
    fn a_value_a_line() {
        let text = r#"{"a":[1,{"b":"x,\"{y"}],"c":{},"a":null}"#;
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
        assert_eq!(lines(text), wanted);
    }

    #[test]
    fn nothing_is_too_deep_or_too_broken() {
        assert_eq!(lines(&"[".repeat(1_000_000)).len(), MOST_LINES);
        assert_eq!(lines("}}]] not json"), ["}", "}", "]", "]notjson"]);
        assert!(lines("").is_empty());
    }
}
