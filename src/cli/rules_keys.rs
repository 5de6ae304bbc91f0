//! A recording → where the fields of the rules are found in it, and what to write if they are not.

use std::ffi::OsStr;
use std::process::ExitCode;

use serde::Serialize;

use super::choose::choose;
use super::failure::{Code, Failure};
use super::human::count;
use super::output::Role;
use super::sift::messages;
use super::table::{Side, Table};
use super::{Globals, escape, locate};
use crate::analysis::keys::{Guess, Keys};
use crate::events::payload::json_of;
use crate::recording::{Check, RecordingReader};
use crate::wire::Fact;

/// Columns where nothing tells the terminal's.
const USUAL: usize = 80;

#[derive(Serialize)]
struct KeysObject<'k> {
    v: u32,
    kind: &'static str,
    rules: &'k str,
    messages: u64,
    fields: Vec<FieldObject<'k>>,
    guesses: Vec<GuessObject<'k>>,
}

#[derive(Serialize)]
struct FieldObject<'k> {
    name: &'k str,
    found: u64,
    values: u64,
    places: Vec<PlaceObject<'k>>,
}

#[derive(Serialize)]
struct PlaceObject<'k> {
    place: &'k str,
    found: u64,
}

#[derive(Serialize)]
struct GuessObject<'k> {
    field: &'static str,
    pointer: &'k str,
    why: &'k str,
}

/// Prints it.
pub(super) fn run(
    recording: &OsStr,
    rules: Option<&str>,
    globals: &Globals,
) -> Result<ExitCode, Failure> {
    let path = locate::find(globals, recording)?;
    let (book, chosen) = choose(rules, &path)?;
    let mut keys = Keys::new(&book.reading).map_err(|error| {
        Failure::new(Code::Usage, "the rules can't be followed").because(&error)
    })?;
    let reader = RecordingReader::open_with(&path, Check::Schema)?;
    reader.facts(&mut |fact| match &fact {
        // A reader gives all of them first.
        Fact::Recording(_) => std::ops::ControlFlow::Continue(()),
        Fact::Connection(connection) => {
            keys.connection(connection);
            std::ops::ControlFlow::Continue(())
        }
        _ => std::ops::ControlFlow::Break(()),
    })?;
    let format = book.reading.format;
    messages(&path, &mut |connection, direction, message| {
        let json = json_of(format, &message.payload, 0);
        keys.message(connection, direction, message, json.as_deref());
    })?;
    print(&keys, &chosen, globals)
}

fn print(keys: &Keys, chosen: &str, globals: &Globals) -> Result<ExitCode, Failure> {
    let mut output = globals.output();
    let (fields, guesses) = (keys.fields(), keys.guesses());
    if globals.json {
        output.json(&KeysObject {
            v: 1,
            kind: "keys",
            rules: chosen,
            messages: keys.messages(),
            fields: fields
                .iter()
                .map(|field| FieldObject {
                    name: &field.name,
                    found: field.found,
                    values: field.values,
                    places: field
                        .places
                        .iter()
                        .map(|(place, found)| PlaceObject { place, found: *found })
                        .collect(),
                })
                .collect(),
            guesses: guesses
                .iter()
                .map(|Guess { field, pointer, why }| GuessObject { field, pointer, why })
                .collect(),
        })?;
        output.flush()?;
        return Ok(ExitCode::SUCCESS);
    }
    let messages = super::human::counted(keys.messages(), "message");
    output.line(&format!("{messages}   {}", escape::text(chosen)))?;
    output.line("")?;
    let mut table = Table::new(&[
        ("field", Side::Left),
        ("without", Side::Right),
        ("values", Side::Right),
        ("each", Side::Right),
        ("found at", Side::Free),
    ]);
    for field in &fields {
        let without = (keys.messages() - field.found) * 100 / keys.messages().max(1);
        let each = field.found / field.values.max(1);
        let mut places: Vec<&(String, u64)> =
            field.places.iter().filter(|(_, found)| *found > 0).collect();
        places.sort_by_key(|(_, found)| std::cmp::Reverse(*found));
        let places: Vec<String> = places
            .iter()
            .map(|(place, found)| format!("{} {}", escape::text(place), count(*found)))
            .collect();
        let places = if places.is_empty() { "nowhere".to_owned() } else { places.join(", ") };
        let name = escape::text(&field.name);
        let cells = [name, format!("{without} %"), count(field.values), count(each), places];
        table.row(cells.to_vec());
    }
    let columns = output.columns().unwrap_or(USUAL);
    for (number, line) in table.render(Some(columns)).into_iter().enumerate() {
        let line = if number == 0 { output.style.paint(Role::Quiet, &line) } else { line };
        output.line(&line)?;
    }
    if keys.is_partial() {
        output.line("the rules name more places than can be tried; the last ones were not")?;
    }
    suggest(&mut output, &guesses)?;
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Lines to paste into a rules file.
fn suggest(output: &mut super::output::Output, guesses: &[Guess]) -> Result<(), Failure> {
    if guesses.is_empty() {
        return Ok(());
    }
    output.line("")?;
    let head = "these rules fit badly; by the traffic, a rules file should probably say";
    output.line(&output.style.paint(Role::Strong, head))?;
    output.line("")?;
    output.line("version = 1")?;
    output.line("[fields]")?;
    for guess in guesses {
        // JSON's escapes are TOML's.
        let pointer = serde_json::to_string(&guess.pointer).unwrap_or_default();
        let pointer = escape::text(&pointer);
        output.line(&format!("{} = {pointer}   # {}", guess.field, guess.why))?;
    }
    Ok(())
}
