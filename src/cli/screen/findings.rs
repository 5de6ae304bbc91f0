//! What a check that goes along finds → lines for people, or NDJSON.

use serde_json::json;

use crate::cli::check::json::FindingJson;
use crate::cli::event_line::{INDENT, fold, now};
use crate::cli::output::stderr_columns;
use crate::cli::{escape, human};
use crate::rules::{Finding, Severity, Status};

use super::Screen;

/// How a finding is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// With what to type next: the first of its kind.
    First,
    /// In a line.
    Again,
    /// To machines only; people are told how many there are.
    Counted,
}

impl Screen {
    /// By which rules is checked, and why by these.
    pub(crate) fn rules(&self, chosen: &str) {
        if self.json {
            return self.emit(&json!({"v": 1, "kind": "rules", "chosen": chosen}));
        }
        if !self.quiet {
            self.event(&format!("{}   (change: --rules)", escape::text(chosen)));
        }
    }

    /// A finding, as it comes.
    pub(crate) fn finding(&self, finding: &Finding, telling: Telling) {
        if self.json {
            let sure = finding.status == Status::Confirmed;
            return self.emit(&json!({
                "v": 1, "kind": "finding", "status": if sure { "confirmed" } else { "provisional" },
                "finding": FindingJson::of(finding, None),
            }));
        }
        if telling == Telling::Counted {
            return;
        }
        let message = escape::text(&finding.message);
        let mut lines = vec![fold(&format!("{}  {message}", head(finding)), stderr_columns())];
        if let Some(cause) = finding.cause_text() {
            let cause = format!("{:INDENT$}cause   {}", "", escape::text(cause));
            lines.push(fold(&cause, stderr_columns()));
        }
        if telling == Telling::First {
            let code = finding.code.text();
            let called = &self.called;
            let see = if self.opens {
                format!("{:INDENT$}see it  press Enter, or wiretape open {called} --at {code}", "")
            } else {
                format!("{:INDENT$}see it  wiretape check {called}", "")
            };
            let both = format!("{see}   what it means  wiretape rules explain {code}");
            let fits = stderr_columns().is_none_or(|columns| escape::width(&both) <= columns);
            lines.push(if fits { both } else { see });
        }
        self.printer.line(lines.join("\n"));
    }

    /// What was told as `before` is told better as `now`; `shown` to people or only counted.
    pub(crate) fn amended(&self, before: &Finding, now: &Finding, shown: bool) {
        if self.json {
            return self.emit(&json!({
                "v": 1, "kind": "finding_amended", "before": format!("{:016x}", before.id),
                "finding": FindingJson::of(now, None),
            }));
        }
        if !shown {
            return;
        }
        let (was, message) = (before.code.text(), escape::text(&now.message));
        let was = if before.code == now.code { "amended".into() } else { format!("was {was}") };
        self.printer.line(fold(&format!("{}  ({was})  {message}", head(now)), stderr_columns()));
    }

    /// What was told is not so.
    pub(crate) fn withdrawn(&self, before: &Finding, shown: bool) {
        if self.json {
            return self.emit(&json!({
                "v": 1, "kind": "finding_withdrawn", "id": format!("{:016x}", before.id),
            }));
        }
        if !shown {
            return;
        }
        let (code, whose) = (before.code.text(), whose(before));
        let line =
            format!("{}  ○ {code}  {whose}  withdrawn: {}", now(), escape::text(&before.message));
        self.printer.line(fold(&line, stderr_columns()));
    }

    /// More findings of a kind of which some were shown.
    pub(crate) fn more_findings(&self, (code, event): (&str, &str), more: u64) {
        if !self.json {
            let event = escape::text(event);
            self.event(&format!("… {} more of this kind: {code} {event}", human::count(more)));
        }
    }

    /// The check reads more slowly than the traffic comes.
    pub(crate) fn check_behind(&self, behind_ns: u64) {
        let behind = human::duration(behind_ns);
        self.tell_notice(&format!(
            "findings come late: the check is {behind} behind. It reads the file, so it misses nothing"
        ));
    }

    /// How much a check that went along has found.
    pub(crate) fn found(&self, errors: u64, warnings: u64) {
        if self.json {
            return self.emit(&json!({
                "v": 1, "kind": "checked", "errors": errors, "warnings": warnings,
            }));
        }
        if self.quiet && errors + warnings == 0 {
            return;
        }
        self.printer.line(format!(
            "Checked     {}, {}   see them: wiretape check {}",
            human::counted(errors, "error"),
            human::counted(warnings, "warning"),
            self.called
        ));
    }

    /// Nothing was checked, though somebody relies on it.
    pub(crate) fn not_checked(&self) {
        self.tell_notice(
            "--fail-on: nothing was checked, for no known rules fit this traffic; name some: --rules",
        );
    }

    /// The check has ended before the recording.
    pub(crate) fn check_failed(&self, why: &str) {
        self.tell_notice(&format!("no longer checked: {}", escape::text(why)));
    }
}

/// `14:33:23  ✖ E102  user_07 9c1e`.
fn head(finding: &Finding) -> String {
    let mark = if finding.severity == Severity::Error { "✖" } else { "▲" };
    format!("{}  {mark} {}  {}", now(), finding.code.text(), whose(finding))
}

fn whose(finding: &Finding) -> String {
    let whose = [finding.user.as_deref(), finding.run.as_deref()];
    whose.into_iter().flatten().map(escape::text).collect::<Vec<_>>().join(" ")
}
