//! What may leave the machine: decisions in `wiretape.toml`, and questions where there are none.

use std::fs::File;
use std::io::{BufRead, Read as _, Write};
use std::path::Path;

use super::draft::Draft;
use super::files;
use crate::cli::escape;
use crate::cli::failure::{Code, Failure};
use crate::cli::human;
use crate::redact::{Decision, Decisions, Row};

/// Where decisions are kept: beside the project, so that who works on it decides once.
pub(super) const FILE: &str = "wiretape.toml";

/// Its bytes: ten thousand decisions are less.
const MAX_BYTES: u64 = 1 << 20;

/// Rows that are listed where nobody can be asked.
const LISTED: usize = 20;

/// The decisions that were made here.
pub(super) fn known() -> Result<Decisions, Failure> {
    Decisions::read(&text()?).map_err(|error| {
        Failure::new(Code::Usage, format!("{FILE} can't be read"))
            .because(&error)
            .next(format!("mend the line, or leave it out of {FILE}"))
    })
}

fn text() -> Result<String, Failure> {
    let read = File::open(FILE).and_then(|file| {
        let mut text = String::new();
        file.take(MAX_BYTES + 1).read_to_string(&mut text).map(|_| text)
    });
    match read {
        Ok(text) if text.len() as u64 > MAX_BYTES => {
            Err(Failure::new(Code::Usage, format!("{FILE} is too long"))
                .why(format!("over {} are not read", human::size(MAX_BYTES))))
        }
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(crate::cli::failure::unopened(FILE, &error)),
    }
}

/// Keeps decisions, beside what else stands there.
pub(super) fn keep(decided: &[(String, Decision)]) -> Result<(), Failure> {
    if decided.is_empty() {
        return Ok(());
    }
    let text = text()?;
    let mut decisions = Decisions::default();
    for (key, decision) in decided {
        decisions.set(key.as_str(), *decision);
    }
    let again = decisions.write(&text).map_err(|error| {
        Failure::new(Code::Usage, format!("{FILE} can't be changed")).because(&error)
    })?;
    files::replace(Path::new(FILE), again.as_bytes())
}

/// The decisions there are for a row: the first is what is done unless it is decided otherwise.
pub(super) fn choices(row: &Row) -> [Decision; 2] {
    match row.decision {
        Decision::Show if row.is_length() => [Decision::Show, Decision::Length],
        Decision::Show => [Decision::Show, Decision::Hide],
        hidden => [hidden, Decision::Show],
    }
}

/// Nobody can be asked: what is undecided, and the lines that decide it.
pub(super) fn undecided(rows: &[Row]) -> Failure {
    let open: Vec<&Row> = rows.iter().filter(|row| !row.decided).collect();
    let count = human::counted(open.len() as u64, "place");
    let mut failure =
        Failure::new(Code::Undecided, format!("{count} to be decided, and nobody can be asked"));
    for row in open.iter().take(LISTED) {
        let hits = human::counted(row.hits, "hit");
        failure = failure.why(format!("{}   {}   {hits}   {}", row.rule, row.place, row.before));
    }
    if open.len() > LISTED {
        failure = failure.why(format!("and {} more", open.len() - LISTED));
    }
    let lines: Vec<String> = open.iter().take(LISTED).map(|row| line(row)).collect();
    failure
        .next("wiretape report REC --redact strict   keeps types, ids, times and sizes only")
        .next(format!("in {FILE}, as you decide:\n[redact]\n{}", lines.join("\n")))
}

/// `"$.data.prompt" = "length"`.
fn line(row: &Row) -> String {
    let mut decisions = Decisions::default();
    decisions.set(row.key.as_str(), row.decision);
    let text = decisions.write("").unwrap_or_default();
    text.lines().nth(1).unwrap_or_default().to_owned()
}

/// Asks for every decision that is open; false: the reader wants no report.
pub(super) fn ask(
    draft: &mut Draft,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<bool, Failure> {
    // What is shown may uncover more.
    while draft.redacted.undecided() > 0 {
        let open: Vec<Row> =
            draft.redacted.rows.iter().filter(|row| !row.decided).cloned().collect();
        let mut decided = Vec::new();
        for (at, row) in open.iter().enumerate() {
            let hits = human::counted(row.hits, "hit");
            let (rule, place) = (row.rule, escape::text(&row.place));
            writeln!(output, "{} of {}   {rule}   {place}   {hits}", at + 1, open.len())?;
            writeln!(output, "  before   {}", escape::text(&row.before))?;
            writeln!(output, "  after    {}", escape::text(&row.after))?;
            match one(row, input, output)? {
                Some(decision) => decided.push((row.key.clone(), decision)),
                None => return Ok(false),
            }
        }
        draft.decide(&decided);
    }
    Ok(true)
}

fn one(
    row: &Row,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<Option<Decision>, Failure> {
    let [usual, other] = choices(row);
    loop {
        let words = [usual, other].map(Decision::word);
        write!(output, "  {} (Enter), {}, every hit, or quit? ", words[0], words[1])?;
        output.flush()?;
        let mut answer = String::new();
        if input.read_line(&mut answer)? == 0 {
            writeln!(output)?;
            return Ok(None);
        }
        let answer = answer.trim().to_lowercase();
        let is = |word: &str| !answer.is_empty() && word.starts_with(&answer);
        match () {
            () if answer.is_empty() || is(words[0]) => return Ok(Some(usual)),
            () if is(words[1]) => return Ok(Some(other)),
            () if is("quit") => return Ok(None),
            () if is("every") || is("hit") => {
                for context in &row.contexts {
                    let hit = [&context.before, &context.original, &context.after];
                    let [before, original, after] = hit.map(|text| escape::text(text));
                    let whence = escape::text(&context.whence);
                    writeln!(output, "    {whence}   {before}»{original}«{after}")?;
                }
            }
            () => writeln!(output, "  {}, {}, every or quit", words[0], words[1])?,
        }
    }
}
