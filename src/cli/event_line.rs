//! What happens to connections → one line each, fitted to the terminal where there is one.

use crate::wire::{Connection, EndedBy, Ending};

use super::hint::origin;
use super::{escape, human, mask};

/// Columns of a request's target in a line; a path of 60 KB is no reason to fill a screen.
const TARGET_COLUMNS: usize = 120;

/// Columns of a target that a narrow terminal leaves.
const LEAST_TARGET: usize = 16;

/// Columns of the time and the spaces after it: where lines go on that had to be broken.
pub(crate) const INDENT: usize = 10;

/// A connection opened.
pub(crate) fn opened(connection: &Connection, columns: Option<usize>) -> String {
    let head = format!("{}  + conn {}   ", now(), connection.id);
    let room = columns.map_or(usize::MAX, |columns| columns.saturating_sub(head.len()));
    let origin = origin(connection)
        .map(|origin| format!("   Origin {}", escape::fit(origin.as_bytes(), TARGET_COLUMNS)))
        .unwrap_or_default();
    // Of a path and an Origin that don't fit together, the path gets at least half.
    let half = room.saturating_sub(escape::width(&target(connection, TARGET_COLUMNS)));
    let origin = escape::fit(origin.as_bytes(), half.max(room / 2));
    let target = target(connection, room.saturating_sub(escape::width(&origin)));
    format!("{head}{target}{origin}")
}

/// A connection ended, or never came to be.
pub(crate) fn ended(
    connection: &Connection,
    ending: Ending,
    was_open: bool,
    columns: Option<usize>,
) -> String {
    let by = connection.ended_by.map_or("", EndedBy::word);
    let detail = connection
        .detail
        .as_deref()
        .map(|text| format!(": {}", escape::fit(text.as_bytes(), TARGET_COLUMNS)))
        .unwrap_or_default();
    let id = connection.id;
    if !was_open {
        let status = connection.status.map(|status| format!("{status} ")).unwrap_or_default();
        let head = format!("{}  ✖ conn {id}   ", now());
        let tail = format!("   {status}{} by {by}{detail}", ending.word());
        let around = escape::width(&head) + escape::width(&tail);
        let room = columns.map_or(TARGET_COLUMNS, |columns| columns.saturating_sub(around));
        let target = target(connection, room.max(LEAST_TARGET));
        return fold(&format!("{head}{target}{tail}"), columns);
    }
    let lasted = connection.closed_ns.unwrap_or_default().saturating_sub(connection.opened_ns);
    let [out, back] = connection.frames;
    let line = format!(
        "{}  - conn {id}   {}{} by {by}{detail}   {}   → {out} ← {back}",
        now(),
        ending.word(),
        close(connection),
        human::duration(lasted),
    );
    fold(&line, columns)
}

/// A line that begins with the time, in as many as the terminal needs.
pub(crate) fn fold(line: &str, columns: Option<usize>) -> String {
    columns.map_or_else(|| line.to_owned(), |columns| escape::wrap(line, columns, INDENT))
}

/// What the one said who asked for the end; the other mostly repeats it.
fn close(connection: &Connection) -> String {
    let [out, back] = &connection.close;
    let asked = match connection.ended_by {
        Some(EndedBy::Server) => back.as_ref().or(out.as_ref()),
        _ => out.as_ref().or(back.as_ref()),
    };
    let Some(close) = asked else { return String::new() };
    let code = close.code.map_or_else(|| "without a code".to_owned(), |code| code.to_string());
    let reason = String::from_utf8_lossy(&close.reason);
    let reason =
        if reason.is_empty() { String::new() } else { format!(" {}", escape::text(&reason)) };
    format!(" {code}{reason}")
}

/// Path and query of the request, secrets masked, escaped.
pub(crate) fn target(connection: &Connection, columns: usize) -> String {
    let head = String::from_utf8_lossy(&connection.request_head);
    let target = head.split(' ').nth(1).unwrap_or("");
    escape::fit(mask::mask_target(target).as_bytes(), columns.min(TARGET_COLUMNS))
}

/// The time on the wall.
pub(crate) fn now() -> String {
    jiff::Zoned::now().strftime("%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::{ended, opened};
    use crate::cli::escape;
    use crate::wire::{Connection, EndedBy, Ending};

    #[test]
    fn lines_fit_the_terminal_and_break_between_words() {
        let path = "/ws/".repeat(40);
        let connection = Connection {
            id: 7,
            request_head: format!("GET {path} HTTP/1.1\r\nOrigin: https://{path}\r\n\r\n").into(),
            status: Some(502),
            ended_by: Some(EndedBy::Proxy),
            detail: Some("can't reach ws://127.0.0.1:8000: connection refused".into()),
            ..Connection::default()
        };
        for columns in 40..200 {
            for was_open in [false, true] {
                let line = ended(&connection, Ending::Failed, was_open, Some(columns));
                for line in line.lines() {
                    assert!(escape::width(line) <= columns, "{columns}: {line}");
                }
                let words = line.replace("\n          ", " ");
                assert!(words.contains("by proxy: can't reach ws://127.0.0.1:8000: connection"));
            }
            let line = opened(&connection, Some(columns));
            assert!(escape::width(&line) <= columns && line.contains("/ws//ws"), "{line}");
        }
        assert!(opened(&connection, None).len() > 200, "not cut where nobody's columns end");
    }
}
