//! `./wiretape.toml` and `~/.config/wiretape/config.toml` → how the full screen looks, what its keys
//! do, and filters with a name. The one in the folder goes before the other; both may be missing.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml_edit::{DocumentMut, Item, Table, value};

use super::failure::{Code, Failure};
use super::{Globals, escape, plan};
use crate::rules::language::nearest;
use crate::tui::keys::Act;
use crate::tui::{Key, Keymap, Look, Preset};

/// The file of a folder. Other parts of it are read by others.
const HERE: &str = "wiretape.toml";

/// The longest file that is read: a thousand filters and all keys are a tenth of it.
const MAX_BYTES: u64 = 1 << 20;

/// Filters that are kept: more than anyone finds a name for.
const MAX_FILTERS: usize = 1000;

/// What can stand in the file, of what is read here and elsewhere.
const NAMES: [&str; 7] = ["theme", "ascii", "reduce_motion", "keys", "filters", "redact", "report"];

/// The environment's name for the look.
const LOOK: &str = "WIRETAPE_THEME";

/// What is set.
#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) look: Option<Look>,
    pub(super) ascii: bool,
    /// Nothing moves by itself.
    pub(super) is_still: bool,
    pub(super) keymap: Keymap,
    pub(super) filters: BTreeMap<String, String>,
}

/// What one file sets.
#[derive(Debug, Default, PartialEq, Eq)]
struct File {
    look: Option<Look>,
    ascii: Option<bool>,
    is_still: Option<bool>,
    preset: Option<Preset>,
    keys: Vec<(Act, Vec<Key>)>,
    filters: BTreeMap<String, String>,
}

/// What is wrong in a file, and which of its bytes.
#[derive(Debug, PartialEq, Eq)]
struct Mistake {
    at: Range<usize>,
    what: String,
}

impl Config {
    /// Reads what there is.
    pub(super) fn read(globals: &Globals) -> Result<Self, Failure> {
        let mut config = Self::default();
        let (mut preset, mut keys, mut ascii) = (None, Vec::new(), None);
        // The nearest last: what it says goes.
        for path in files(globals) {
            let Some(file) = read(&path, globals)? else { continue };
            config.look = file.look.or(config.look);
            ascii = file.ascii.or(ascii);
            config.is_still = file.is_still.unwrap_or(config.is_still);
            preset = file.preset.or(preset);
            keys.extend(file.keys);
            config.filters.extend(file.filters);
            // Told of where it stands; the other file's keys come after this one's.
            config.keymap = Keymap::new(preset.unwrap_or_default(), &keys).map_err(|clash| {
                let name = escape::path(&path);
                Failure::new(Code::Usage, format!("the keys in {name} can't be used"))
                    .why(clash.to_string())
                    .next("wiretape config   lists what can be set, and to what it is")
            })?;
        }
        config.ascii = ascii.unwrap_or_default();
        if let Some(look) = std::env::var(LOOK).ok().filter(|look| !look.is_empty()) {
            config.look = Some(Look::named(&look).ok_or_else(|| {
                Failure::new(Code::Usage, format!("{LOOK} is no look"))
                    .why(format!("it is {}", looks()))
            })?);
        }
        Ok(config)
    }
}

/// The files that there may be, the one whose word goes last.
fn files(globals: &Globals) -> Vec<PathBuf> {
    match &globals.config {
        Some(path) => vec![path.clone()],
        None => yours().into_iter().chain([PathBuf::from(HERE)]).collect(),
    }
}

/// Your own file, wherever that is on this system.
fn yours() -> Option<PathBuf> {
    plan::config_folder().ok().map(|folder| folder.join("config.toml"))
}

fn read(path: &Path, globals: &Globals) -> Result<Option<File>, Failure> {
    let name = escape::path(path);
    let cant = |why: String| {
        Failure::new(Code::Usage, format!("can't read the settings in {name}")).why(why)
    };
    let text = match fs::metadata(path) {
        Ok(file) if file.len() > MAX_BYTES => return Err(cant("it is longer than 1 MiB".into())),
        Err(error) if error.kind() == ErrorKind::NotFound && globals.config.is_none() => {
            return Ok(None);
        }
        _ => fs::read_to_string(path).map_err(|error| cant(error.to_string()))?,
    };
    parse(&text).map(Some).map_err(|mistake| {
        let line = text[..mistake.at.start.min(text.len())].matches('\n').count() + 1;
        cant(format!("line {line}: {}", mistake.what))
            .next("wiretape config   lists what can be set, and to what it is")
    })
}

fn parse(text: &str) -> Result<File, Mistake> {
    let document = DeTable::parse(text).map_err(|error| Mistake {
        at: error.span().unwrap_or_default(),
        what: error.message().to_owned(),
    })?;
    let mut file = File::default();
    for (key, value) in document.get_ref() {
        match key.get_ref().as_ref() {
            "theme" => {
                let look = text_of(value)?;
                let wrong = || mistake(value, format!("theme is {}", looks()));
                file.look = Some(Look::named(look).ok_or_else(wrong)?);
            }
            "ascii" => file.ascii = Some(yes_or_no(value, "ascii")?),
            "reduce_motion" => file.is_still = Some(yes_or_no(value, "reduce_motion")?),
            "keys" => keys(value, &mut file)?,
            "filters" => filters(value, &mut file)?,
            "redact" | "report" => {}
            other => {
                let near = nearest(other, NAMES);
                let near = near.map_or_else(
                    || format!("there is {}", NAMES.join(", ")),
                    |near| format!("did you mean {near}?"),
                );
                let what = format!("{} is no setting; {near}", escape::text(other));
                return Err(Mistake { at: key.span(), what });
            }
        }
    }
    Ok(file)
}

fn yes_or_no(value: &Spanned<DeValue<'_>>, name: &str) -> Result<bool, Mistake> {
    match value.get_ref() {
        DeValue::Boolean(yes) => Ok(*yes),
        _ => Err(mistake(value, format!("{name} is true or false"))),
    }
}

fn keys(value: &Spanned<DeValue<'_>>, file: &mut File) -> Result<(), Mistake> {
    for (name, value) in table_of(value)? {
        let called = name.get_ref().as_ref();
        if called == "preset" {
            let preset = Preset::named(text_of(value)?);
            let all = Preset::ALL.map(Preset::word).join(", ");
            let wrong = || mistake(value, format!("preset is one of {all}"));
            file.preset = Some(preset.ok_or_else(wrong)?);
            continue;
        }
        let Some(act) = Act::named(called) else {
            let acts: Vec<String> =
                crate::tui::keys::KEYS.iter().map(|row| row.act.name()).collect();
            let near = nearest(called, acts.iter().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            let what = format!("nothing is called {}{near}", escape::text(called));
            return Err(Mistake { at: name.span(), what });
        };
        let given = match value.get_ref() {
            DeValue::Array(keys) => keys.iter().map(key_of).collect(),
            _ => key_of(value).map(|key| vec![key]),
        };
        file.keys.push((act, given?));
    }
    Ok(())
}

fn key_of(value: &Spanned<DeValue<'_>>) -> Result<Key, Mistake> {
    let name = text_of(value)?;
    let wrong = || {
        let name = escape::text(name);
        mistake(value, format!("{name} is no key: it is like e, E, Space, Ctrl-p, F5 or PgDn"))
    };
    Key::named(name).ok_or_else(wrong)
}

fn filters(value: &Spanned<DeValue<'_>>, file: &mut File) -> Result<(), Mistake> {
    for (name, value) in table_of(value)? {
        let called = name.get_ref().as_ref();
        if !is_name(called) {
            let what = format!("{} can't be a filter's name: {NAMED}", escape::text(called));
            return Err(Mistake { at: name.span(), what });
        }
        let filter = text_of(value)?;
        if let Err(error) = crate::events::filter::Filter::parse(filter) {
            return Err(mistake(value, format!("filter {called}: {}", error.message)));
        }
        if file.filters.len() >= MAX_FILTERS {
            return Err(mistake(value, "there are over 1,000 filters".to_owned()));
        }
        file.filters.insert(called.to_owned(), filter.to_owned());
    }
    Ok(())
}

/// What names of filters are made of.
const NAMED: &str = "it has letters, digits, - and _";

fn is_name(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
    !name.is_empty() && name.chars().all(is_plain)
}

fn table_of<'v, 'd>(value: &'v Spanned<DeValue<'d>>) -> Result<&'v DeTable<'d>, Mistake> {
    match value.get_ref() {
        DeValue::Table(table) => Ok(table),
        _ => Err(mistake(value, "this is a table".to_owned())),
    }
}

fn text_of<'v>(value: &'v Spanned<DeValue<'_>>) -> Result<&'v str, Mistake> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text),
        _ => Err(mistake(value, "this is a text in quotes".to_owned())),
    }
}

fn mistake(value: &Spanned<DeValue<'_>>, what: String) -> Mistake {
    Mistake { at: value.span(), what }
}

fn looks() -> String {
    format!("one of {}", Look::ALL.map(Look::word).join(", "))
}

/// Keeps a filter under a name, in `--config` or your own file; where that is.
pub(super) fn save(globals: &Globals, name: &str, filter: &str) -> Result<PathBuf, Failure> {
    if !is_name(name) {
        return Err(Failure::new(Code::Usage, "that can't be a filter's name").why(NAMED));
    }
    let path = match globals.config.clone().or_else(yours) {
        Some(path) => path,
        None => plan::config_folder()?.join("config.toml"),
    };
    let name_of_it = escape::path(&path);
    let cant = |why: String| {
        Failure::new(Code::Runtime, format!("can't keep it in {name_of_it}")).why(why)
    };
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        read => read.map_err(|error| cant(error.to_string()))?,
    };
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| cant(error.message().to_owned()))?;
    let filters = document.entry("filters").or_insert_with(|| Item::Table(Table::new()));
    let filters = filters.as_table_like_mut().ok_or_else(|| cant("filters is no table".into()))?;
    filters.insert(name, value(filter));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| cant(error.to_string()))?;
    }
    fs::write(&path, document.to_string()).map_err(|error| cant(error.to_string()))?;
    Ok(path)
}

/// All that can be set, as a file that sets what is set now.
pub(super) fn as_file(config: &Config, globals: &Globals) -> String {
    use std::fmt::Write as _;

    let mut text = String::from("# Settings of wiretape. Read, where they are there:\n");
    for path in files(globals).iter().rev() {
        let state = if path.exists() { "" } else { "   (is not there)" };
        let _ = writeln!(text, "#   {}{state}", escape::path(path));
    }
    let look = config.look.unwrap_or_default().word();
    let _ = writeln!(text, "\n# {}; also: --theme, {LOOK}\ntheme = \"{look}\"", looks());
    let _ = writeln!(text, "# nothing but ASCII; also: --ascii, WIRETAPE_ASCII");
    let _ = writeln!(text, "ascii = {}", config.ascii);
    let _ = writeln!(text, "# nothing moves by itself: playing is a step");
    let _ = writeln!(text, "reduce_motion = {}\n\n[keys]", config.is_still);
    let presets = Preset::ALL.map(Preset::word).join(", ");
    let _ = writeln!(text, "# preset = \"vim\"   # {presets}; the lines below change it");
    for bound in config.keymap.rows() {
        // Ctrl-C leaves, whatever else is set.
        let is_fixed = if bound.row.act == Act::Quit { "# " } else { "" };
        let keys: Vec<String> = bound.keys.iter().map(|key| quoted(&key.name())).collect();
        let (name, does) = (bound.row.act.name(), bound.row.does);
        let line = format!("{is_fixed}{name} = [{}]", keys.join(", "));
        let _ = writeln!(text, "{line:<44} # {does}");
    }
    let _ = writeln!(text, "\n# @NAME in a filter\n[filters]");
    for (name, filter) in &config.filters {
        let _ = writeln!(text, "{name} = {}", quoted(filter));
    }
    text
}

/// As TOML writes a text.
fn quoted(text: &str) -> String {
    value(text).to_string().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Act, File, Key, Look, Preset, parse};

    #[test]
    fn settings_are_read() {
        let text = "theme = \"light\"\nascii = true\nreduce_motion = true\n[keys]\npreset = \"less\"\nplay = \"P\"\n\
            pin = [\"F5\", \"Ctrl-g\"]\n[filters]\nslow = \"dt>2s\"\n[redact]\nx = \"hide\"\n";
        let wanted = File {
            look: Some(Look::Light),
            ascii: Some(true),
            is_still: Some(true),
            preset: Some(Preset::Less),
            keys: vec![
                (Act::Pin, vec![Key::F(5), Key::Ctrl('g')]),
                (Act::Play, vec![Key::Char('P')]),
            ],
            filters: [("slow".to_owned(), "dt>2s".to_owned())].into(),
        };
        let mut read = parse(text).unwrap();
        read.keys.sort_by_key(|(act, _)| act.name());
        assert_eq!(read, wanted);
    }

    #[test]
    fn mistakes_say_what_and_where() {
        for (text, place, what) in [
            ("them = \"dark\"", 0, "them is no setting; did you mean theme?"),
            ("theme = \"blue\"", 8, "theme is one of auto, ansi, dark, light, mono"),
            ("theme = 3", 8, "this is a text in quotes"),
            ("ascii = 1", 8, "ascii is true or false"),
            ("keys = 1", 7, "this is a table"),
            ("[keys]\nfindin-next = \"e\"", 7, "did you mean finding-next?"),
            ("[keys]\nplay = \"Meta-x\"", 14, "Meta-x is no key"),
            ("[keys]\npreset = \"emacs\"", 16, "preset is one of vim, less, wasd"),
            ("[filters]\nx = \"type:\"", 14, "filter x: "),
            ("[filters]\n\"a b\" = \"x\"", 10, "can't be a filter's name"),
            ("theme =", 7, ""),
        ] {
            let mistake = parse(text).unwrap_err();
            assert!(mistake.what.contains(what), "{text}: {mistake:?}");
            assert_eq!(mistake.at.start, place, "{text}: {mistake:?}");
        }
    }
}
