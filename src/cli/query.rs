//! SQL on a recording → its rows as a table, JSON lines or CSV.

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, ValueEnum};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::failure::{Code, Failure};
use super::output::{Output, Role};
use super::table::{Side, Table};
use super::{Globals, clock, escape, locate};
use crate::recording::{QueryRows, RecordingError, RecordingReader, Value};

/// Rows of a table that are laid out together; with more, the table goes on in blocks of as many.
const ROWS_A_BLOCK: usize = 500;

/// Columns of one cell of a table.
const CELL_COLUMNS: usize = 80;

/// What `query` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
The views frames, connections and gaps are there to be asked; one SELECT, nothing that writes.

Examples:
  wiretape query amber-fox 'SELECT opcode, count(*), sum(length) FROM frames GROUP BY 1'
  wiretape query amber-fox \"SELECT id, text FROM frames WHERE text LIKE '%error%'\"
  wiretape query amber-fox 'SELECT * FROM connections WHERE status <> 101' --format json")]
pub(crate) struct QueryArgs {
    /// A path, a file's name, or the recording's name
    #[arg(value_name = "REC")]
    recording: OsString,
    /// One statement that reads
    sql: String,
    /// How rows are printed; with --json, as JSON lines
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
}

/// How rows are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Aligned columns, long values cut.
    #[default]
    Table,
    /// One object a row, exact.
    Json,
    /// Comma-separated, with a heading; formulas disarmed.
    Csv,
}

/// Prints the rows.
pub(crate) fn run(args: &QueryArgs, globals: &Globals) -> Result<ExitCode, Failure> {
    let path = locate::find(globals, &args.recording)?;
    let mut reader = RecordingReader::open(&path)?;
    let deadline = clock::now() + Duration::from_secs(args.timeout.min(MAX_TIMEOUT));
    let output = globals.output();
    let format = if globals.json { Format::Json } else { args.format };
    let mut rows = Rows { output, format, names: Vec::new(), table: None, failure: None };
    let result = reader.query(&args.sql, move || clock::now() >= deadline, &mut rows);
    if let Some(failure) = rows.failure.take() {
        return Err(failure);
    }
    result.map_err(|error| explain(&error, args.timeout))?;
    rows.block()?;
    rows.output.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Longest time to wait, in seconds: a year, so that adding it to now can't overflow.
const MAX_TIMEOUT: u64 = 365 * 24 * 3600;

pub(super) fn explain(error: &RecordingError, timeout: u64) -> Failure {
    match error {
        RecordingError::QueryRefused { why } => Failure::new(Code::Usage, "the query was refused")
            .why(*why)
            .next("wiretape query REC 'SELECT * FROM frames LIMIT 10'"),
        RecordingError::Query { why } => Failure::new(Code::Usage, "the query failed")
            .why(why.clone())
            .next("wiretape query REC \"SELECT name, sql FROM sqlite_schema\"   shows all columns"),
        RecordingError::QueryStopped => {
            Failure::new(Code::Runtime, format!("the query took longer than {timeout} s")).next(
                format!("--timeout {}   or ask for fewer rows", timeout.max(6).saturating_mul(10)),
            )
        }
        other => Failure::new(Code::Input, "the recording could not be read").because(other),
    }
}

struct Rows {
    output: Output,
    format: Format,
    names: Vec<String>,
    table: Option<(Table, usize)>,
    failure: Option<Failure>,
}

impl QueryRows for Rows {
    fn columns(&mut self, names: &[&str]) {
        self.names = distinct(names);
        if self.format == Format::Csv {
            let heading: Vec<String> =
                self.names.iter().map(|name| csv_text(name.as_bytes())).collect();
            self.failure = self.output.line(&heading.join(",")).err();
        }
    }

    fn row(&mut self, values: &[Value<'_>]) -> ControlFlow<()> {
        if self.failure.is_none() {
            self.failure = self.print(values).err();
        }
        if self.failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Rows {
    fn print(&mut self, values: &[Value<'_>]) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.output.json(&RowLine {
                v: 1,
                kind: "row",
                row: RowObject { names: &self.names, values },
            }),
            Format::Csv => {
                let cells: Vec<String> = values.iter().map(csv).collect();
                self.output.line(&cells.join(","))
            }
            Format::Table => {
                let numeric =
                    |value: &Value<'_>| matches!(value, Value::Integer(_) | Value::Real(_));
                let (table, rows) = self.table.get_or_insert_with(|| {
                    let names =
                        self.names.iter().map(|name| escape::fit(name.as_bytes(), CELL_COLUMNS));
                    let names: Vec<String> = names.collect();
                    let side = |value| if numeric(value) { Side::Right } else { Side::Free };
                    let columns: Vec<(&str, Side)> =
                        names.iter().map(String::as_str).zip(values.iter().map(side)).collect();
                    (Table::new(&columns), 0)
                });
                table.row(values.iter().map(cell).collect());
                *rows += 1;
                if *rows == ROWS_A_BLOCK { self.block() } else { Ok(()) }
            }
        }
    }

    /// Prints the table as far as it is known.
    fn block(&mut self) -> Result<(), Failure> {
        let Some((table, _)) = self.table.take() else { return Ok(()) };
        let style = self.output.style;
        for (n, line) in table.render(self.output.columns()).into_iter().enumerate() {
            let line = if n == 0 { style.paint(Role::Quiet, &line) } else { line };
            self.output.line(&line)?;
        }
        Ok(())
    }
}

/// Names in which none is twice: `a, a` → `a, a_2`.
fn distinct(names: &[&str]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in names {
        let mut candidate = (*name).to_owned();
        let mut n = 1;
        while all.contains(&candidate) {
            n += 1;
            candidate = format!("{name}_{n}");
        }
        all.push(candidate);
    }
    all
}

/// A row of `--format json`; columns stay in their order.
#[derive(serde::Serialize)]
struct RowLine<'a> {
    v: u64,
    kind: &'static str,
    row: RowObject<'a>,
}

struct RowObject<'a> {
    names: &'a [String],
    values: &'a [Value<'a>],
}

impl Serialize for RowObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.names.len()))?;
        for (name, value) in self.names.iter().zip(self.values) {
            map.serialize_key(name)?;
            match value {
                Value::Null => map.serialize_value(&())?,
                Value::Integer(number) => map.serialize_value(number)?,
                // JSON has no infinity; null would be somebody else.
                Value::Real(number) if number.is_infinite() => {
                    map.serialize_value(&number.to_string())?;
                }
                Value::Real(number) => map.serialize_value(number)?,
                Value::Text(bytes) => match std::str::from_utf8(bytes) {
                    Ok(text) => map.serialize_value(text)?,
                    Err(_) => map.serialize_value(&Base64::of(bytes))?,
                },
                Value::Blob(bytes) => map.serialize_value(&Base64::of(bytes))?,
            }
        }
        map.end()
    }
}

#[derive(serde::Serialize)]
struct Base64 {
    base64: String,
}

impl Base64 {
    fn of(bytes: &[u8]) -> Self {
        Self { base64: STANDARD.encode(bytes) }
    }
}

pub(super) fn cell(value: &Value<'_>) -> String {
    match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(bytes) | Value::Blob(bytes) => escape::fit(bytes, CELL_COLUMNS),
    }
}

fn csv(value: &Value<'_>) -> String {
    match value {
        Value::Text(bytes) | Value::Blob(bytes) => csv_text(bytes),
        other => cell(other),
    }
}

/// Text for a spreadsheet: escaped as for a terminal, and what would start a formula made text.
fn csv_text(bytes: &[u8]) -> String {
    let mut text = escape::bytes(bytes);
    // Spreadsheets skip blanks before a formula; escapes of tab and newline start with a backslash.
    if text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        text.insert(0, '\'');
    }
    if text.contains(['"', ',', ' ', '\'']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{csv_text, distinct};

    #[test]
    fn formulas_are_disarmed() {
        for (text, shown) in [
            ("=1+1", "\"'=1+1\""),
            ("  @SUM(A1)", "\"'  @SUM(A1)\""),
            ("-1", "\"'-1\""),
            ("a,\"b\"", "\"a,\"\"b\"\"\""),
            ("a\nb\u{1b}[m", "a\\nb\\u{1b}[m"),
            ("plain", "plain"),
        ] {
            assert_eq!(csv_text(text.as_bytes()), shown);
        }
    }

    #[test]
    fn names_are_distinct() {
        assert_eq!(distinct(&["a", "a", "a_2", "a"]), ["a", "a_2", "a_2_2", "a_3"]);
    }
}
