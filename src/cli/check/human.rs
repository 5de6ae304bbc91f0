//! Findings → text: each with its excerpt, the empty row where something should be, and its cause.

use super::Checked;
use crate::cli::escape;
use crate::cli::failure::Failure;
use crate::cli::human::{self as numbers, Wall, moment};
use crate::cli::output::{Output, Role};
use crate::recording::State;
use crate::rules::{Code, Finding, Row, Severity};

/// Findings of one kind shown in full; the rest are counted.
const SHOWN: usize = 3;

/// Names that are listed; the rest are counted.
const NAMED: usize = 8;

/// Columns before what does not fit on the first line of a message, and of a label's text.
const MESSAGE_INDENT: usize = 4;
const LABEL_INDENT: usize = 10;

/// Columns of the first line, of a pipe; beyond them, why these rules stands on lines of its own.
const LONG_HEAD: usize = 120;

/// Columns before an excerpt's event.
const INDENT: &str = "    ";

/// Prints all of it.
pub(super) fn print(output: &mut Output, checked: &[Checked]) -> Result<(), Failure> {
    for checked in checked {
        one(output, checked)?;
    }
    Ok(())
}

fn one(output: &mut Output, checked: &Checked) -> Result<(), Failure> {
    let style = output.style;
    let counts = checked.analysis.counts();
    let name = escape::text(&checked.recording.name);
    let chosen = format!("({})", escape::text(&checked.chosen));
    let told = format!(
        "   {}   {}   {}",
        numbers::counted(counts.events, "event"),
        numbers::counted(counts.frames, "frame"),
        numbers::counted(counts.connections, "connection"),
    );
    let columns = output.columns().filter(|_| output.is_terminal()).unwrap_or(LONG_HEAD);
    let head = format!("{}{told}", style.paint(Role::Strong, &name));
    if escape::width(&format!("{name}{told}   {chosen}")) <= columns {
        output.line(&format!("{head}   {chosen}"))?;
    } else {
        output.line(&head)?;
        let chosen = fitted(output, &format!("  {chosen}"), MESSAGE_INDENT);
        chosen.lines().try_for_each(|line| output.line(&style.paint(Role::Quiet, line)))?;
    }
    if let Some(cut) = &checked.cut {
        output.line(&format!("The recording was {cut}: it is judged up to there"))?;
    }
    for tally in checked.suspicious() {
        let line = format!(
            "? rule or key probably wrong: {} is violated in {} of {} slices. Where its keys are \
             found: wiretape rules keys {}",
            escape::text(&tally.rule),
            numbers::count(tally.violated),
            numbers::count(tally.activations),
            escape::text(&checked.recording.name),
        );
        for part in fitted(output, &line, MESSAGE_INDENT).lines() {
            output.line(&style.paint(Role::Bad, part))?;
        }
    }
    let findings = checked.findings();
    for group in grouped(&findings) {
        output.line("")?;
        // Of what is only worth knowing, one is enough.
        let shown = if group[0].severity == Severity::Info { 1 } else { SHOWN };
        for finding in group.iter().take(shown) {
            show(output, checked, finding)?;
        }
        if let Some(first) = group.get(shown) {
            let more = numbers::counted((group.len() - shown) as u64, "more finding");
            let text = format!("{more} of {} {}", first.code.text(), first.rule);
            output.line(&style.paint(Role::Quiet, &escape::text(&text)))?;
        }
    }
    pending(output, checked)?;
    output.line("")?;
    summary(output, checked, &findings)
}

/// The same code, rule and missing event is one problem (rules.md, 3.5); the worst come first.
fn grouped<'a>(findings: &[&'a Finding]) -> Vec<Vec<&'a Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let problem = |finding: &Finding| {
        let event = finding.expected.as_ref().map(|expected| expected.event.clone());
        (finding.code, finding.rule.clone(), event)
    };
    for finding in findings {
        match groups.iter_mut().find(|group| problem(group[0]) == problem(finding)) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups.sort_by_key(|group| (std::cmp::Reverse(group[0].severity), group[0].at_ns));
    groups
}

fn show(output: &mut Output, checked: &Checked, finding: &Finding) -> Result<(), Failure> {
    let style = output.style;
    let wall = Wall::local();
    let at = wall.time(moment(checked.recording.started_ns, finding.at_ns));
    let (mark, role) = mark(finding.severity);
    let conn = finding.connection.map(|connection| format!("conn {connection}"));
    let user = finding.user.as_deref().map(escape::text);
    // Who has no name is called by the connection.
    let user = user.filter(|user| conn.as_ref() != Some(user));
    let whose: Vec<String> = [user, conn].into_iter().flatten().collect();
    let head = format!("{mark} {} {}", finding.code.text(), finding.code.class());
    output.line(&format!("{}   {}   {}", style.paint(role, &head), at, whose.join("  ")))?;
    let run = finding.run.as_deref().map(|run| format!("run {}   ", escape::text(run)));
    let whence = format!("  {}{}", run.unwrap_or_default(), escape::text(&finding.rule_place()));
    for part in fitted(output, &whence, MESSAGE_INDENT).lines() {
        output.line(&style.paint(Role::Quiet, part))?;
    }
    let message = format!("  {}", escape::text(&finding.message));
    for line in fitted(output, &message, MESSAGE_INDENT).lines() {
        output.line(&style.paint(Role::Strong, line))?;
    }
    if finding.severity == Severity::Info {
        return Ok(());
    }
    for row in excerpt(&finding.rows) {
        match row {
            Some(row) => output.line(&line(output, checked, finding, row))?,
            None => output.line(&style.paint(Role::Quiet, &format!("{INDENT}⋮")))?,
        }
    }
    let mut told = |label: &str, text: &str| {
        let line = format!("  {label:<7} {}", escape::text(text));
        let lines = fitted(output, &line, LABEL_INDENT);
        lines.lines().try_for_each(|line| output.line(line))
    };
    if let Some(cause) = &finding.cause {
        let frame = cause.frame.map_or_else(String::new, |frame| format!(" (#{frame})"));
        told("cause", &format!("{}{frame}", cause.text))?;
    }
    if let Some(elsewhere) = &finding.elsewhere {
        told("looked", elsewhere)?;
    }
    if let Some(side) = finding.side {
        told("side", side.in_words(finding.code))?;
    }
    for (index, other) in finding.also_violates.iter().enumerate() {
        told(if index == 0 { "also" } else { "" }, other)?;
    }
    Ok(())
}

/// A line in as many as a terminal needs; a pipe gets it whole.
fn fitted(output: &Output, line: &str, indent: usize) -> String {
    let columns = output.columns().filter(|_| output.is_terminal());
    columns.map_or_else(|| line.to_owned(), |columns| escape::wrap(line, columns, indent))
}

fn mark(severity: Severity) -> (&'static str, Role) {
    match severity {
        Severity::Error => ("✖", Role::Bad),
        Severity::Warning => ("▲", Role::Out),
        Severity::Info => ("·", Role::Quiet),
    }
}

/// At most this many rows in one excerpt; `None` stands for those left out in its middle.
fn excerpt(rows: &[Row]) -> Vec<Option<&Row>> {
    const ROWS: usize = 12;
    if rows.len() <= ROWS {
        return rows.iter().map(Some).collect();
    }
    let (head, tail) = rows.split_at(rows.len() / 2);
    let tail = &tail[tail.len().saturating_sub(ROWS / 2)..];
    head.iter().take(ROWS / 2).map(Some).chain([None]).chain(tail.iter().map(Some)).collect()
}

fn line(output: &Output, checked: &Checked, finding: &Finding, row: &Row) -> String {
    let style = output.style;
    let (event, detail) = (escape::text(&row.event), escape::text(&row.detail));
    let (Some(frame), Some(at_ns)) = (row.frame, row.at_ns) else {
        let text =
            format!("{INDENT}{:>7}  {:>10}  ?  {event:<18} {detail}   ← expected here", "—", "—");
        return style.paint(Role::Bad, text.trim_end());
    };
    let since = checked_time(checked, finding, at_ns);
    let arrow = if row.out { "→" } else { "←" };
    let role = if row.out { Role::Out } else { Role::In };
    // What a connection does besides its frames has none.
    let frame = if frame > 0 { format!("#{frame}") } else { "—".to_owned() };
    let text = format!("{INDENT}{frame:>7}  {since:>10}  ");
    let blamed = if row.remark.is_some() { "  •" } else { "" };
    format!("{text}{}  {event:<18} {detail}{blamed}", style.paint(role, arrow))
}

/// Times in an excerpt count from its first row, since what matters is between them.
fn checked_time(_checked: &Checked, finding: &Finding, at_ns: u64) -> String {
    let first = finding.rows.iter().find_map(|row| row.at_ns).unwrap_or(at_ns);
    let ms = at_ns.saturating_sub(first) / 1_000_000;
    format!("+{}.{:03}s", ms / 1000, ms % 1000)
}

fn pending(output: &mut Output, checked: &Checked) -> Result<(), Failure> {
    let pending = checked.analysis.engine().pending();
    if pending.is_empty() {
        return Ok(());
    }
    let style = output.style;
    output.line("")?;
    let end = match checked.state {
        State::Live => "Open now, while it is being recorded",
        State::Finished => "Open when the recording ended",
        State::Interrupted => "Open when the recording was cut",
    };
    output.line(&style.paint(Role::Strong, end))?;
    for open in pending.iter().take(SHOWN * 3) {
        let since = if open.frame > 0 { format!("#{}", open.frame) } else { "it began".to_owned() };
        output.line(&format!(
            "  {}  {}  waits for {} since {since}   {}",
            escape::text(open.user.as_deref().unwrap_or("")),
            escape::text(open.run.as_deref().unwrap_or("")),
            escape::text(&open.waiting_for),
            style.paint(Role::Quiet, &escape::text(&open.rule)),
        ))?;
    }
    if pending.len() > SHOWN * 3 {
        output.line(&format!("  and {} more", pending.len() - SHOWN * 3))?;
    }
    Ok(())
}

fn summary(output: &mut Output, checked: &Checked, findings: &[&Finding]) -> Result<(), Failure> {
    let style = output.style;
    let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let errors = of(Severity::Error);
    let engine = checked.analysis.engine();
    let tallies = engine.tallies().iter().take(1);
    // Lifecycles are counted first, by their runs. Without any there is nothing called so.
    let seen = if engine.book().lifecycles.is_empty() {
        numbers::counted(checked.analysis.counts().connections, "connection")
    } else {
        numbers::counted(tallies.map(|tally| tally.activations).sum(), "run")
    };
    let text = format!(
        "{}, {}, {} in {}",
        numbers::counted(errors as u64, "error"),
        numbers::counted(of(Severity::Warning) as u64, "warning"),
        numbers::counted(of(Severity::Info) as u64, "remark"),
        seen,
    );
    let role = if errors > 0 { Role::Bad } else { Role::Live };
    output.line(&style.paint(role, &text))?;
    let (dropped, evicted) = engine.left_out();
    let long = checked.analysis.counts().too_long;
    let unjudged: Vec<&str> = engine.unjudged().collect();
    for (count, text) in [
        (dropped, format!("{dropped} more findings are not told")),
        (evicted, format!("{evicted} runs were given up for newer ones, and not judged")),
        (
            long,
            format!(
                "{} over 1 MiB: no schema was held against them",
                numbers::counted(long, "event")
            ),
        ),
        (
            unjudged.len() as u64,
            format!("not judged, for want of a schema's file: {}", unjudged.join(", ")),
        ),
    ] {
        if count > 0 {
            output.line(&escape::text(&text))?;
        }
    }
    unused(output, checked)?;
    let codes: std::collections::BTreeSet<Code> =
        findings.iter().map(|finding| finding.code).collect();
    if let Some(code) = codes.iter().next() {
        output.line(&style.paint(
            Role::Quiet,
            &format!("what a code means: wiretape rules explain {}", code.text()),
        ))?;
    }
    Ok(())
}

/// Rules that nothing was about, and names that no rule is about: slips, or what is still to write.
fn unused(output: &mut Output, checked: &Checked) -> Result<(), Failure> {
    let listed = |names: Vec<String>| {
        let more = names.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", names.into_iter().take(NAMED).collect::<Vec<_>>().join(", "))
    };
    let vacuous: Vec<String> = checked.vacuous().into_iter().map(str::to_owned).collect();
    let unspoken = checked.unspoken().into_iter();
    let unspoken: Vec<String> =
        unspoken.map(|(name, count)| format!("{name} ({})", numbers::count(count))).collect();
    for (what, names) in [("never applied", vacuous), ("in no rule", unspoken)] {
        if !names.is_empty() {
            let line = format!("{what}: {}", escape::text(&listed(names)));
            let line = fitted(output, &line, MESSAGE_INDENT);
            let style = output.style;
            line.lines().try_for_each(|line| output.line(&style.paint(Role::Quiet, line)))?;
        }
    }
    Ok(())
}
